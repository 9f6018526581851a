# Every example of every help page is run on a dump and compared with what the page shows; so is the README's session.
# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import re
import tempfile

from harness import TOP, Failed, Kernel, Skipped, expect, run_crash
from transcript import Comparison, example, names, parse

# What needs a running kernel has the test of its example in truth/live.
LIVE_ONLY = {"wr"}
# Answers in which nothing is a dump's own are compared as they are.
FIXED = ("alias ", "ascii ", "eval ", "gdb print sizeof", "gdb ptype ", "sig -", "struct list_head -o", "*list_head",
         "union ", "whatis -o list_head", "whatis pid_t", "whatis PIDTYPE_TGID")


def table_of_modules(line):
    """Its columns are as wide as the kernel's longest name of a module,
    and TEXT_BASE was BASE up to 6.3."""
    words = line.split(None, 4)
    words[2] = {"BASE": "TEXT_BASE"}.get(words[2], words[2])
    return "{:>12} {:>15} {:>20} {:>12}  {}".format(*words)


def ask(dump, commands):
    """The run, and the lines of each answer; files are named as in the dump's folder."""
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "commands"
        script.write_text("".join(c.replace("/tmp/", folder + "/") + "\n" for c in commands))
        done = run_crash("--no_crashrc", "--mod", "modules", "-i", script, "vmlinux", "vmcore", cwd=dump.folder)
        text = done.stdout.replace(folder + "/", "/tmp/")
    text = text.replace(str((dump.folder / "modules").resolve()), "modules")
    answers = [lines for _, lines in parse(text)]
    return done, answers + [[]] * (len(commands) - len(answers))


def run_steps(dump, steps, what):
    """
    Runs the lines of a session and compares their answers. Those with an address of the page are
    run with the one of this dump, once the answer that shows it is known.
    """
    ran, answers, session = [], [], Comparison()
    for i, (command, shown) in enumerate(steps):
        if i == len(ran):
            for later, _ in steps[i:]:
                if session.unknown(later):
                    break
                ran.append(session.command(later))
            expect(i < len(ran), f"{what}: {command!r} has an address that no answer before it shows")
            done, answers = ask(dump, ran)
            expect(done.status == 0, f"{what}: a command fails: {done.stderr[-200:]!r}")
        got = answers[i]
        if command.startswith("mod -s"):
            shown, got = [list(map(table_of_modules, lines)) for lines in (shown, got)]
        problem = session.answer(shown, got, exact=command.startswith(FIXED))
        expect(not problem, f"{what}: {command!r}: {problem}")


def test_examples(kernel):
    if "-" in kernel.name:
        raise Skipped("the examples have words of the builds for clouds: paths of sources, what is a module")
    problems = []
    for name in names():
        try:
            steps = example(name)
            if name not in LIVE_ONLY:
                run_steps(kernel.dump(), steps, f"help {name}")
        except Failed as problem:
            problems.append(str(problem))
    if problems:
        raise Failed(f"{len(problems)} examples: " + "; ".join(problems))


def test_readme():
    """What it shows is a dump of this kernel, whose panic has just these functions."""
    dump = Kernel("6.12").dump()
    shown = re.search(r"^```\n\$ ./crash vmlinux vmcore\n(.*?)^```", (TOP / "README.md").read_text(), re.M | re.S).group(1)
    run_steps(dump, parse(shown), "README.md")
    problem = Comparison().answer(shown.split("crash> ")[0].splitlines(),
                                  ask(dump, [])[0].stdout.splitlines())
    expect(not problem, f"README.md, at the start: {problem}")
