# A person who reads answers: the pager, Ctrl-C and Ctrl-\, the window's size, terminals that can do little.
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import pathlib
import re
import subprocess
import tempfile

from harness import CRASH, environment, equal, expect, processor_time, wait_until
from slow import Slow
from terminal import on_terminal
from tmux import Session, Window, at_prompt

ONE_KERNEL = True


def at_pager(screen):
    """less waits at the bottom for a key."""
    return screen.rstrip("\n").split("\n")[-1].rstrip() in (":", "(END)")


def leave_pager(session):
    """Whether less waits at the end of the text, or left by itself there."""
    screen = session.wait_until(lambda screen: at_pager(screen) or at_prompt(screen), "pager or prompt")
    if at_pager(screen):
        session.keys("q")
    session.prompt()


def test_pager_only_past_a_screen(kernel):
    with Session(kernel, rows=24) as session:
        expect("octal: 1" in session.answer("eval 1"), "an answer of four lines")
        session.line("help input")
        screen = session.wait_until(at_pager, "pager")
        expect("NAME" in screen or "Command lines" in screen, f"the first page begins elsewhere: {screen!r}")
        while "regular expressions where" not in screen:
            before = screen
            session.keys("Space")
            screen = session.wait_until(lambda screen: screen != before and screen, "the next page")
        leave_pager(session)
        # As many lines as there are rows, and one less:
        # with a row left for the prompt no pager is needed.
        for count, paged in ((23, False), (24, True)):
            session.line(f"ascii {' '.join(str(30 + i % 10) for i in range(count))}")
            if paged:
                leave_pager(session)
            session.prompt()
        session.line("sf")
        session.prompt()
        session.line("help input")
        session.wait_for("regular expressions where")
        session.prompt()
        session.line("sn")
        session.prompt()
        session.line("help input")
        session.wait_until(at_pager, "pager after sn")
        session.keys("q")
        session.prompt()


def test_pager_knows_the_size(kernel):
    """What fits on a tall screen is paged on a low one, also after the window changed."""
    with Session(kernel, columns=120, rows=100) as session:
        text = session.answer("help input")
        expect("regular expressions where" in text, f"not on one screen: {text[-200:]!r}")
        session.resize(120, 12)
        session.line("help input")
        session.wait_until(at_pager, "pager on a screen of 12 rows")
        session.keys("q")
        session.prompt()
        session.resize(120, 100)
        session.keys("C-l")
        session.wait_until(lambda screen: screen.strip() == "crash>", "clear screen")
        expect("regular expressions where" in session.answer("help input"), "not on one screen again")


def test_pager_that_does_not_run(kernel):
    with Session(kernel, env={"PAGER": "/nonexistent/pager"}) as session:
        session.line("help input")
        session.wait_for("the pager .* does not run")
        session.prompt()
        session.keys("C-l")
        session.line("help output")
        session.prompt()
        expect("does not run" not in session.screen(), "told again")


def interrupted(session, line, shown):
    """LINE, which would go on for as long as any test waits, ends by Ctrl-C once SHOWN is there."""
    session.keys("C-l")
    session.wait_until(lambda screen: screen.strip() == "crash>", "clear screen")
    session.line(line)
    session.wait_until(shown, f"output of {line!r}")
    session.keys("C-c")
    session.prompt(60)


def test_interrupt_ends_whatever_runs(kernel):
    """Also while a pager waits for a key, and readers that do not read or ignore the signal."""
    with tempfile.TemporaryDirectory() as folder:
        deaf = pathlib.Path(folder) / "deaf"
        deaf.write_text("#!/bin/sh\ntrap '' INT TERM\necho RUNS\nsleep 1000\n")
        deaf.chmod(0o755)
        with Session(kernel) as session:
            for line, shown in (("sym -l", at_pager), ("help input", at_pager),
                                (f"sym -l | {deaf}", lambda screen: "\nRUNS" in screen),
                                (f"eval 1 | {deaf}", lambda screen: "\nRUNS" in screen),
                                ("sym -l | (echo RUNS; sleep 1000) | cat", lambda screen: "\nRUNS" in screen),
                                ("!echo RUNS; exec sleep 1000", lambda screen: "\nRUNS" in screen),
                                ("repeat -1000 eval 3", lambda screen: "octal: 3" in screen),
                                ("repeat eval 3 | cat", lambda screen: "octal: 3" in screen),
                                ("repeat eval 3", lambda screen: "octal: 3" in screen)):
                interrupted(session, line, shown)
                expect("decimal: 9" in session.answer("eval 9"), f"no answer after {line!r}")
            left = subprocess.run(["pgrep", "-P", str(session.pid())], capture_output=True, text=True).stdout
            equal(left, "", "programs that still run")
            session.type("eval 0x77")  # the terminal still shows what is typed
            session.wait_for("crash> eval 0x77")


def test_interrupt_ends_long_commands(kernel):
    """What computes for a while: listings of all tasks, gdb's,
    with debug information, in pipes and files."""
    with Slow() as slow:
        def body(terminal):
            for line, looks in (("foreach bt", 50), ("foreach task", 50), ("foreach bt -l", 50), ("sym -l", 5), ("foreach bt --args", 50),
                                ("gdb info functions", 50), ("help all", 5), ("foreach task | cat", 50), ("bt -a --args --locals", 50),
                                ("log", 5)):
                slow.arm(looks=looks)
                terminal.send(line + "\n")
                slow.wait(terminal)
                terminal.send("\x03")
                terminal.wait_for(re.escape("^C"))
                before = processor_time(terminal.pid)
                slow.open()
                terminal.wait_for("crash> ")
                took = processor_time(terminal.pid) - before
                expect(took < 1, f"{line!r} worked for {took:.2f} s more")
                terminal.send("eval 0xabc123\n")
                terminal.wait_for("hexadecimal: abc123")
                terminal.wait_for("crash> ")
        on_terminal(kernel, body, "--no_scroll", env=slow.env)


def test_quit_key_kills_nothing(kernel):
    with Session(kernel) as session:
        for line, shown in (("sym -l", at_pager), ("repeat -1000 eval 3", lambda screen: "octal: 3" in screen)):
            session.line(line)
            session.wait_until(shown, f"output of {line!r}")
            session.keys("C-\\")
            session.keys("C-c")
            session.prompt()
        expect("decimal: 9" in session.answer("eval 9"), "no answer after Ctrl-\\")


def test_quit_key_after_gdb_started(kernel):
    """GDB sets handlers of signals as it starts; they do not become ours."""
    with Session(kernel) as session:
        expect("= 7" in session.answer("p 3 + 4"), "p")
        session.keys("C-\\")
        session.type("eval 5")
        session.wait_for("crash> eval 5$")
        session.keys("C-c")
        session.prompt()
        expect("decimal: 9" in session.answer("eval 9"), "no answer after Ctrl-\\")


def test_answers_do_not_depend_on_the_width(kernel):
    """120 and 80 columns: the same text, as in a file; only the terminal breaks long lines."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = {}
        for line in ("help", "ps 1", "set", "help ps"):
            wanted[line] = kernel.crash(line).rstrip().split("\n")
        for columns in (120, 80):
            with Session(kernel, columns=columns, rows=100) as session:
                for line, lines in wanted.items():
                    text = session.answer(line).rstrip().split("\n")
                    if all(len(row) <= columns for row in lines):
                        equal([row.rstrip() for row in text], [row.rstrip() for row in lines], f"{line} with {columns} columns")
                session.line(f"ps > {folder}/{columns}")
                session.prompt()
        equal((pathlib.Path(folder) / "120").read_text(), (pathlib.Path(folder) / "80").read_text(), "ps in a file")


def test_warnings_break_at_blanks(kernel):
    """In a narrow window; a file has them in one line."""
    with tempfile.TemporaryDirectory() as home:
        folder = pathlib.Path(home) / ".local/state/crash"
        folder.mkdir(parents=True)
        folder.chmod(0o777)
        whole = f"WARNING: lines are not kept for the next session: {folder}: other users can write to it"
        for columns in (120, 80, 40):
            with Session(kernel, home=home, columns=columns) as session:
                rows = session.screen().split("WARNING: ", 1)[1].split("\ncrash>")[0].split("\n")
                rows[0] = f"WARNING: {rows[0]}"
                equal(" ".join(row.rstrip() for row in rows), whole, f"the warning in {columns} columns")
                longest = max(map(len, whole.split()))
                expect(all(len(row) <= max(columns, longest) for row in rows) and len(rows) >= len(whole) // columns,
                       f"rows of {columns} columns: {rows}")


def test_dumb_terminal(kernel):
    """Not one escape sequence, but everything works."""
    with tempfile.TemporaryDirectory() as folder, Window(["sh", "-i"], env={"PS1": "shell$ "}) as window:
        window.wait_for(r"^shell\$")
        window.tmux("pipe-pane", f"cat > {folder}/raw")
        window.line(f"TERM=dumb PAGER=cat {CRASH} {kernel.vmlinux} {kernel.vmcore}")
        window.prompt()
        window.type("asc")
        window.keys("Tab")
        window.wait_for("crash> ascii")
        window.line(" 41")
        window.wait_for("0000000000000041: A")
        window.prompt()
        for line in ("ps", "bt", "ps -A"):
            window.line(line)
            window.prompt()
        window.line("q")
        window.wait_until(lambda screen: screen.rstrip().endswith("shell$"), "the shell")
        raw = (pathlib.Path(folder) / "raw").read_bytes()
        expect(b"0000000000000041: A" in raw, "nothing was recorded")
        expect(b"\033" not in raw, f"an escape sequence: {raw[max(raw.find(bytes([27])) - 40, 0):][:80]!r}")


def test_colours(kernel):
    """On a terminal alone; NO_COLOR and what reads our output get none."""
    def coloured(text):
        return "\033[" in text

    def raw_ps(session):
        session.answer("ps -A")
        return session.screen(escapes=True)

    with Session(kernel) as session:
        expect(coloured(raw_ps(session)), "no colours")
        session.keys("C-l")
        session.line("ps -A | cat -v")
        session.prompt()
        expect("^[" not in session.screen(), "colours in a pipe")
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        with Session(kernel, env=env) as session:
            session.line("ps -A")
            session.prompt()
            expect(not coloured(session.screen(escapes=True)), f"colours with {env}")
    with Session(kernel, env={"NO_COLOR": ""}) as session:
        expect(coloured(raw_ps(session)), "an empty NO_COLOR counts")
    # In the pager, too: -R comes with the default one, and with a less that PAGER names.
    for env in ({}, {"PAGER": "less"}):
        with Session(kernel, rows=12, env=env) as session:
            # The idle tasks come first, and run.
            session.line("ps")
            session.wait_until(at_pager, "pager")
            expect("ESC" not in session.screen(), f"less shows colours as text with {env}")
            expect(re.search(r"\033\[32m", session.screen(escapes=True)), f"no colours in the pager with {env}")
    done = subprocess.run([str(CRASH), "-s", str(kernel.vmlinux), str(kernel.vmcore)], input=b"ps -A\nbt\n",
                          stdout=subprocess.PIPE, env=environment({"TERM": "xterm-256color"}))
    expect(b"\033" not in done.stdout, "colours without a terminal")


def coloured_lines(screen):
    """[(colours, line)] of a screen,
    of lines that are in colour from their first sign to their last; fails for a part of one."""
    found, now = [], ()
    for line in screen.split("\n"):
        text, of_signs = "", set()
        for codes, sign in re.findall(r"\033\[([0-9;]*)m|(.)", line):
            if sign:
                text += sign
                if sign != " ":
                    of_signs.add(now)
                continue
            for code in codes.split(";"):
                # tmux writes what ends: all, bold, the colour, that of the background.
                now = () if code in ("", "0") else tuple(c for c in now if c != "1") if code == "22" else \
                    tuple(c for c in now if c == "1") if code == "39" else now if code == "49" else \
                    tuple(sorted({*(c for c in now if len(c) != len(code)), code}))
        expect(len(of_signs) <= 1, f"a part of a line is coloured: {line!r}")
        if of_signs - {()}:
            found.append((*of_signs, text.rstrip()))
    return found


def test_what_has_colours(kernel):
    """
    The rows of tasks that run or may be stuck, of the task that panicked, and what it
    panicked of, each as a whole: programs on terminals take fields out of lines. The text
    is the same without the colours.
    """
    red, green = ("1", "31"), ("32",)
    with Session(kernel, columns=120, rows=100) as session:
        lines = coloured_lines(session.screen(escapes=True))
        equal([re.sub(r":.*", "", text).strip() for _, text in lines], ["PANIC", "STATE"], "lines of the banner with colours")
        equal({colour for colour, _ in lines}, {red}, "the banner's colours")
        for line, wanted in (("set", [(red, r" *STATE: TASK_RUNNING.*")]), ("foreach active set", [(red, r" *STATE: TASK_RUNNING.*")]),
                             ("ps -A", [(red, r">.*lab-guest")]), ("bt", []), ("foreach active bt", []), ("task -R pid", []), ("sym panic", []),
                             ("bt 1", []), ("foreach RU user task -R pid", []), ("sig", [])):
            text = session.answer(line)
            found = coloured_lines(session.screen(escapes=True))
            for colour, what in wanted:
                expect(any(c == colour and re.fullmatch(what, t) for c, t in found), f"{line}: no {what!r} in {found!r}")
            expect(wanted or not found, f"{line}: {found!r}")
            plain = kernel.crash(line)
            equal([row.rstrip() for row in text.rstrip("\n").split("\n")], [row.rstrip() for row in plain.rstrip("\n").split("\n")], f"{line} without colours")
        session.answer("foreach RU ps")
        expect(any(colour == green for colour, _ in coloured_lines(session.screen(escapes=True))), "no colour for what runs")
        objects = [line.split()[0] for line in kernel.crash("kmem -S filp").split("\n") if re.match(r" {2,3}[\[ ]ffff", line)]
        for state, seen in (("free", [("36",)]), ("allocated", [])):
            one = next(address for address in objects if address.startswith("[") == (state == "allocated"))
            session.answer(f"kmem -s {one.strip('[]')}")
            equal([colour for colour, text in coloured_lines(session.screen(escapes=True))], seen, f"colours of an object that is {state}")
        for line in ("foreach active bt", "bt", "set", "ps -A", "sys"):
            with tempfile.NamedTemporaryFile() as file:
                session.answer(f"{line} > {file.name}")
                expect(b"\033" not in file.read(), f"colours of {line} in a file")


def test_window_closes(kernel):
    """The terminal goes away (SIGHUP): nothing stays behind."""
    for line in (None, "sym -l", "repeat -1000 eval 3"):
        with Session(kernel) as session:
            pid = session.pid()
            if line:
                session.line(line)
                session.wait_until(lambda screen: at_pager(screen) or "octal: 3" in screen, "output")
            session.tmux("kill-session")
            wait_until(lambda: not pathlib.Path(f"/proc/{pid}").exists() or "State:\tZ" in pathlib.Path(f"/proc/{pid}/status").read_text(),
                       f"end without its terminal ({line})")


def test_killed_at_the_prompt(kernel):
    """SIGTERM: the terminal is as it was before."""
    with Window(["sh", "-i"], env={"PS1": "shell$ "}) as window:
        window.wait_for(r"^shell\$")
        window.line(f"{CRASH} {kernel.vmlinux} {kernel.vmcore}; stty -a > {window.folder}/modes; echo status $?")
        window.prompt()
        window.type("eval 1")
        window.wait_for("crash> eval 1")
        child = subprocess.run(["pgrep", "-P", str(window.pid())], capture_output=True, text=True).stdout.split()[0]
        os.kill(int(child), 15)
        window.wait_for(r"^status 0")
        modes = (window.folder / "modes").read_text()
        expect(re.search(r"(?<!-)icanon", modes) and re.search(r"(?<!-)echo\b", modes), f"modes: {modes!r}")


def test_killed_in_the_pager(kernel):
    """SIGTERM, SIGHUP and SIGKILL: the pager ends, too;
    who can still do something leaves the terminal as it was."""
    for number in (15, 1, 9):
        with Window(["sh", "-i"], env={"PS1": "shell$ "}) as window:
            window.wait_for(r"^shell\$")
            window.line(f"{CRASH} {kernel.vmlinux} {kernel.vmcore}; while pgrep -s $$ less; do sleep 0.1; done; "
                        f"stty -a > {window.folder}/modes; echo status $?")
            window.prompt()
            window.line("sym -l")
            window.wait_until(at_pager, "pager")
            expect(subprocess.run(["pgrep", "-s", str(window.pid()), "less"], capture_output=True).stdout, "no less runs")
            child = subprocess.run(["pgrep", "-P", str(window.pid())], capture_output=True, text=True).stdout.split()[0]
            os.kill(int(child), number)
            window.wait_for(r"^status 0")
            modes = (window.folder / "modes").read_text()
            expect(number == 9 or (re.search(r"(?<!-)icanon", modes) and re.search(r"(?<!-)echo\b", modes)),
                   f"modes after signal {number}: {modes!r}")
