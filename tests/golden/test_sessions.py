# Runs every *.session of this folder on every kernel and compares it, placeholders aside, line by line.
# SPDX-License-Identifier: GPL-3.0-or-later
"""
A session is what `crash -i` shows: a line after "crash> " is input, the lines below are the answer.
In the answer <hex> stands for a hexadecimal number, <n> for a decimal one, <text> for anything inside a
line, and a line of three dots for any number of lines. "+crash> " is an echo in the answer, of a line that
came from a file. Lines that start with "## " are remarks.
"""
import pathlib
import re
import tempfile

from harness import Failed, run_crash

FOLDER = pathlib.Path(__file__).resolve().parent
PLACES = {"<hex>": "[0-9a-f]+", "<n>": "[0-9]+", "<text>": ".*?"}


def read(path):
    """[(input, [answer lines])]"""
    steps = []
    for line in path.read_text().splitlines():
        if line.startswith("## "):
            continue
        if line.startswith("crash> "):
            steps.append((line[7:], []))
        elif steps:
            steps[-1][1].append(line.removeprefix("+") if line.startswith("+crash> ") else line)
    return steps


def pattern(lines):
    parts = []
    for line in lines:
        if line == "...":
            parts.append("(?:.*\n)*?")
            continue
        words = re.split("(<hex>|<n>|<text>)", line)
        parts.append("".join(PLACES.get(w, re.escape(w)) for w in words) + "\n")
    return "".join(parts)


def first_difference(command, wanted, got):
    for i, line in enumerate(wanted):
        if line == "...":
            break
        have = got[i] if i < len(got) else "(nothing)"
        if not re.fullmatch(pattern([line]), have + "\n"):
            return f"{command!r}: line {i + 1} is {have!r}, wanted {line!r}"
    return f"{command!r} printed {len(got)} lines, wanted {len(wanted)}: {got[-2:]!r}"


def run_session(kernel, path):
    steps = read(path)
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "commands"
        script.write_text("".join(command + "\n" for command, _ in steps))
        done = run_crash("-i", script, kernel.vmlinux, kernel.vmcore, cwd=folder)
    text = done.stdout
    for i, (command, wanted) in enumerate(steps):
        head = f"crash> {command}\n"
        at = text.find(head)
        if at < 0:
            raise Failed(f"{path.name}: {command!r} was not run: {text[-200:]!r}")
        text = text[at + len(head):]
        end = text.find(f"crash> {steps[i + 1][0]}\n") if i + 1 < len(steps) else len(text)
        answer = text[:end]
        if not re.fullmatch(pattern(wanted), answer):
            raise Failed(f"{path.name}: " + first_difference(command, wanted, answer.splitlines()))


def test_sessions(kernel):
    paths = sorted(FOLDER.glob("*.session"))
    if not paths:
        raise Failed("there are no sessions")
    problems = []
    for path in paths:
        try:
            run_session(kernel, path)
        except Failed as problem:
            problems.append(str(problem))
    if problems:
        raise Failed("; ".join(problems))
