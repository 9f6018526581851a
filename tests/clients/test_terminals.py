# Programs that hold a session on a pseudo terminal, wait for the prompt and take the text before it apart.
# SPDX-License-Identifier: GPL-3.0-or-later
import re
import subprocess
import tempfile

from harness import CRASH, HANGS, environment, equal, expect
from terminal import Terminal

TERMS = ("dumb", "xterm-256color")
PROMPT = r"crash[-\w]*> "
CONTROL = r"[\x00-\x08\x0b-\x1f\x7f]"


class Shown(Terminal):
    """
    Lines as they end up on the screen: the program shows how far a long work is in the line where
    the answer will stand, on a slow machine sooner than on a fast one.
    """

    returns = True


def shown(line):
    cells = ""
    for part in line.split("\r"):
        cells = part + cells[len(part):]
    return cells


def ask(terminal, line):
    """What pexpect has in `before` when it sent LINE and saw the next prompt:
    the echo, and the answer."""
    terminal.send(line + "\n")
    text = terminal.wait_for(rf"\n(?:[^\n]*\r)?{PROMPT}")
    return [shown(row) for row in text.split("\n")[:-1]]


def session(kernel, body, *options, files=None):
    for term in TERMS:
        with tempfile.TemporaryDirectory() as home:
            terminal = Shown(*options, *(files or (kernel.vmcore, kernel.vmlinux)), env={"TERM": term, "HOME": home})
            try:
                banner = terminal.wait_for(PROMPT)
                body(terminal, banner, term)
                terminal.send("quit\n")
                equal(terminal.status(), 0, f"status with TERM={term}")
            finally:
                terminal.close()


def answer(terminal, line, term):
    """The first line is what was sent, letter by letter; the rest is the answer."""
    lines = ask(terminal, line)
    equal(lines[0], line, f"the echo with TERM={term}")
    return lines[1:]


def plain(lines):
    return [re.sub(r"\033\[[0-9;]*m", "", line) for line in lines]


def same(lines, kernel, line, term):
    """As without a terminal. A colour stands around a whole line, and never inside one."""
    for row in lines:
        expect(re.fullmatch(r"\033\[[0-9;]+m[^\033]*\033\[m *|[^\033]*", row), f"{line} with TERM={term}: inside a line: {row!r}")
    got, wanted = ([row.rstrip() for row in rows if row.strip()] for rows in (plain(lines), kernel.crash(line).split("\n")))
    equal(got, wanted, f"{line} with TERM={term}")


def test_crash_mcp(kernel):
    """Waits for the prompt, switches the pager and debuginfod off, then asks."""
    def body(terminal, banner, term):
        equal(len(re.findall(PROMPT, banner)), 1, f"prompts at the start with TERM={term}")
        expect(answer(terminal, "set scroll off", term)[0].startswith("scroll: off"), f"set scroll off with TERM={term}")
        answer(terminal, "gdb set debuginfod enabled off", term)
        for line in ("sys", "bt", "ps", "mod", "set", "foreach active bt", "foreach UN bt", "task -R pid,comm", "sym schedule", "rd linux_banner 4"):
            same(answer(terminal, line, term), kernel, line, term)
        header = answer(terminal, "bt", term)[0]
        pid, comm = re.fullmatch(r'PID: (\d+) +TASK: [0-9a-f]+ +CPU: \d+ +COMMAND: "([^"]+)"', header).groups()
        expect(f"PID: {pid}" in kernel.crash("set -p") and f'"{comm}"' in kernel.crash("set -p"), f"header with TERM={term}: {header!r}")
        context = dict(line.strip().split(": ", 1) for line in answer(terminal, "set", term)[:4])
        equal((context["PID"], context["COMMAND"]), (pid, f'"{comm}"'), f"set with TERM={term}")
    session(kernel, body)


def test_kdump_servers(kernel):
    """--no_scroll CORE VMLINUX; "crash: " anywhere in an answer is a failure,
    so no warning may begin so."""
    def body(terminal, banner, term):
        expect("crash: " not in banner, f"banner with TERM={term}: {banner!r}")
        for line in ("sys", "log", "bt -a", "ps", "kmem -i", "mod -t", "p jiffies", "p nosuch"):
            text = "\n".join(answer(terminal, line, term))
            expect("crash: " not in text, f"{line} with TERM={term}: {text[-200:]!r}")
    session(kernel, body, "--no_scroll")
    session(kernel, lambda terminal, banner, term: same(answer(terminal, "ps", term), kernel, "ps", term), "--no_scroll", "-f",
            files=(kernel.folder / "vmlinuz", kernel.vmcore))


def test_a_prompt_is_written_once(kernel):
    """What looks like a second prompt ends an answer too early."""
    def body(terminal, banner, term):
        for line in ("eval 1", "ps 1", "nosuchcommand", ""):
            terminal.send(f"{line}\n")
            terminal.send("eval 0xabc123\n")
            text = terminal.wait_for(r"binary: .*\n(?:.|\n)*hexadecimal: abc123(?:.|\n)*binary.*\n" + PROMPT if line == "eval 1" else
                                     r"hexadecimal: abc123(?:.|\n)*binary.*\n" + PROMPT, 60)
            equal(len(re.findall(PROMPT, text)), 2, f"prompts after {line!r} with TERM={term}: {text!r}")
    session(kernel, body, "--no_scroll")


def test_catui(kernel):
    """sf, and behind each command a value of gdb's history that says that the answer is whole."""
    def body(terminal, banner, term):
        answer(terminal, "sf", term)
        for line in ("sys", "ps", "bt -a", "foreach UN bt"):
            terminal.send(f"{line}\n")
            terminal.send("px 0x499602d2\n")
            text = terminal.wait_for(r"\$[0-9]+ = 0x499602d2(?:.|\n)*crash> ")
            for row in kernel.crash(line).splitlines():
                expect(row.rstrip() in text, f"{line} with TERM={term}: no {row!r}")
    session(kernel, body, "-s")


def test_a_prompt_of_their_own(kernel):
    """!echo 'crash> ' behind commands on standard input,
    as shells around crash do that have no terminal."""
    done = subprocess.run([str(CRASH), "-s", str(kernel.vmcore), str(kernel.vmlinux)], input=b"eval 1\n!echo 'crash> '\neval 2\n!echo 'crash> '\n",
                          stdout=subprocess.PIPE, env=environment(), timeout=HANGS)
    answers = done.stdout.decode().split("crash> \n")
    equal([re.findall(r"hexadecimal: (\d)", text) for text in answers], [["1"], ["2"], []], "answers between prompts")
