# Every example of every help page is run on a dump: it must work, and look like what the page shows.
# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import re
import tempfile

from harness import TOP, Failed, expect, run_crash

# What needs a running kernel has the test of its examples in truth/live.
LIVE_ONLY = {"wr"}
# Whose lines are another kernel's: code, messages, lines of source, sizes.
OTHER_LINES = ("dis ", "log ", "save ", "sys -c", "vtop ", "search ", "sym ", "mod ", "rd -a ", "whatis -r ")


def names():
    text = "".join(p.read_text() for p in sorted((TOP / "commands").glob("*.c")))
    return sorted(re.findall(r'^COMMAND\(\w+\) = \{.*?\.name = "([^"]+)"', text, re.M | re.S))


def example(name):
    """[(command, [lines shown])]"""
    page = run_crash("-h", name).stdout
    expect("\nEXAMPLE\n" in page, f"help {name} has no example")
    steps = []
    for line in page.split("\nEXAMPLE\n")[1].splitlines():
        line = line[4:]
        if line.startswith("crash> "):
            steps.append((line[7:], []))
        elif steps and line.strip():
            steps[-1][1].append(line)
    expect(steps, f"help {name}: its example has no command")
    return steps


def shape(line):
    """Numbers, strings and the distances between words are a dump's own."""
    line = re.sub(r'"[^"]*"', "S", line)
    line = re.sub(r"0x[0-9a-f]+|\b[0-9a-f]{8,16}\b|\b\d[\d.]*\b", "N", line)
    return re.sub(r"N(?:B| (?:[KMG]?B|bytes))\b|N%", "N", " ".join(line.split()))


def alike(shown, got):
    """The share of the shown lines that are there, in some dump's numbers."""
    have = {shape(line) for line in got}
    wanted = [line for line in shown if line.strip() != "..."]
    return sum(shape(line) in have for line in wanted) / len(wanted) if wanted else 1


def on_this_dump(kernel, command):
    """The addresses that a page shows are another dump's: some code and a task of this one."""
    for pattern, row in ((r"ffffffff[0-9a-f]{8}\b", "sym vfs_read"), (r"ffff[89a-f][0-9a-f]{11}\b", "list -h init_task -o task_struct.tasks")):
        if re.search(pattern, command):
            command = re.sub(pattern, kernel.dump().crash(row).split()[0], command)
    return command


def run_example(kernel, name):
    steps = [(on_this_dump(kernel, command), shown) for command, shown in example(name)]
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "commands"
        script.write_text("".join(f"{command.replace('/tmp/', folder + '/')}\n" for command, _ in steps))
        done = run_crash("--no_crashrc", "--mod", kernel.folder / "modules", "-i", script, kernel.vmlinux, kernel.vmcore)
    expect(done.status == 0 or name in LIVE_ONLY, f"help {name}: its example fails: {done.stderr[-200:]!r}")
    answers = done.stdout.split("\ncrash> ")[1:]
    for (command, shown), answer in zip(steps, answers):
        got = answer.splitlines()[1:]
        if shown and name not in LIVE_ONLY:
            expect(alike(shown, got) >= 0.5 or (command.startswith(OTHER_LINES) and got),
                   f"help {name}: {command!r} shows {shown[0]!r}..., now it is {got[0] if got else ''!r}...")


def test_examples(kernel):
    problems = []
    for name in names():
        try:
            run_example(kernel, name)
        except Failed as problem:
            problems.append(str(problem))
    if problems:
        raise Failed("; ".join(problems))
