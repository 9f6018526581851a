# Runs every *.session of this folder on every kernel and compares it, placeholders aside, line by line.
# SPDX-License-Identifier: GPL-3.0-or-later
"""
A session is what `crash -i` shows: a line after "crash> " is input, the lines below are the answer.
In the answer <hex> stands for a hexadecimal number, <n> for a decimal one, <w> for a word, <text>
for anything inside a line (PLACES has more), and <letter NAME> for the type that the guest's
/proc/kallsyms has for NAME. "... A || B" stands for any number of lines that each look like A or
like B: no line may look like anything. "+crash> " is an echo in the answer, of a line that came
from a file. Lines that start with "## " are remarks.
"""
import pathlib
import re
import tempfile

from harness import Failed, Skipped, run_crash

FOLDER = pathlib.Path(__file__).resolve().parent
PLACES = {
    "<hex>": "[0-9a-f]+", "<n>": "[0-9]+", "<w>": r"\S+", "<text>": ".*?", "<blank>": " *", "<letter>": "[A-Za-z]",
    "<mark>": "[> ]", "<handler>": "(?:SIG_DFL|SIG_IGN|[0-9a-f]+)", "<unstamped>": r"(?!\[ *[0-9]+\.|<[0-9]>).*?",
    # A line of a structure's contents.
    "<member>": r" +(?:\S+ = .+|\{|\}+(?:, \{|,)?)",
    # Lines of the two register sets of a trace, with hexadecimal numbers of full width.
    "<regs>": r"\[exception RIP: \S+\]|(?: *(?:R[A-Z0-9]{1,2}|RFLAGS|ORIG_RAX|CS|SS): [0-9a-f]{4,16})+ *",
}
MANY = "... "


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


def line_pattern(line, letters):
    """Of one line, and for MANY of any number of them."""
    if line.startswith(MANY):
        forms = [line_pattern(form, letters) for form in line[len(MANY):].split(" || ")]
        return f"(?:{'|'.join(forms)})*?"
    words = []
    for word in re.split("(<[a-z]+(?: [a-z_]+)?>)", line):
        symbol = re.fullmatch("<letter ([a-z_]+)>", word)
        words.append(letters[symbol[1]] if symbol else PLACES.get(word, re.escape(word)))
    return "".join(words) + "\n"


def need_strict(name, command, lines):
    """Something of a line stands there as it is: a word, or the blanks that it is indented by."""
    for line in lines:
        forms = line[len(MANY):].split(" || ") if line.startswith(MANY) else [line]
        kept = [re.sub("<(text|blank|w)>", "", form) for form in forms]
        if line == MANY.strip() or any(form and not text.strip() and not text.startswith("   ")
                                       for form, text in zip(forms, kept)):
            raise Failed(f"{name}: {command!r}: {line!r} takes any line for an answer")


def first_difference(command, wanted, got, letters):
    for i, line in enumerate(wanted):
        if line.startswith(MANY):
            break
        have = got[i] if i < len(got) else "(nothing)"
        if not re.fullmatch(line_pattern(line, letters), have + "\n"):
            return f"{command!r}: line {i + 1} is {have!r}, wanted {line!r}"
    forms = [line_pattern(line, letters) for line in wanted]
    for line in got:
        if not any(re.fullmatch(form, line + "\n") for form in forms):
            return f"{command!r} printed {line!r}, which nothing wanted looks like"
    return f"{command!r} printed {len(got)} lines, wanted {len(wanted)}: {got[-2:]!r}"


def kallsyms_letters(kernel):
    return {words[2]: words[1] for words in map(str.split, kernel.truth("proc/kallsyms").splitlines()) if len(words) == 3}


def run_session(kernel, path, letters):
    steps = read(path)
    for command, wanted in steps:
        need_strict(path.name, command, wanted)
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
        if not re.fullmatch("".join(line_pattern(line, letters) for line in wanted), answer):
            raise Failed(f"{path.name}: " + first_difference(command, wanted, answer.splitlines(), letters))


def test_sessions(kernel):
    if "-" in kernel.name:
        raise Skipped("the sessions have words of the builds for clouds: paths of sources, what is a module")
    paths = sorted(FOLDER.glob("*.session"))
    if not paths:
        raise Failed("there are no sessions")
    problems, letters = [], kallsyms_letters(kernel)
    for path in paths:
        try:
            run_session(kernel, path, letters)
        except Failed as problem:
            problems.append(str(problem))
    if problems:
        raise Failed("; ".join(problems))
