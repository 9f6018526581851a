# A person who waits: what is shown while a command works, and that nothing of it stays.
# SPDX-License-Identifier: GPL-3.0-or-later
import bz2
import os
import pathlib
import re
import tempfile

from harness import CRASH, equal, expect
from slow import Slow
from tmux import Session, Window

ONE_KERNEL = True

# Each of these is looked for at every second address; what is fast is slowed down (tests/slow.py).
NEEDLES = " ".join(f"{0xa5a1 + i:x}" for i in range(40))
TIME_LEFT = r"\d+ (s|min|h) left"


def fresh(session):
    session.keys("C-l")
    session.wait_until(lambda screen: screen.strip() == "crash>", "clear screen")


def vanishes(session, slow, line, shown, interrupt=True):
    """LINE shows a line like SHOWN while it works;
    when it has ended, or by Ctrl-C, nothing of that is left."""
    fresh(session)
    slow.arm(shown.split(":")[0], "left" if TIME_LEFT in shown else "")
    session.line(line)
    slow.wait()
    screen = session.wait_for(f"^{shown}")
    rows = [row for row in screen.rstrip("\n").split("\n") if row.strip()]
    expect(re.match(shown, rows[-1]), f"it is not the last line, or takes more than one: {rows[-3:]}")
    if interrupt:
        session.keys("C-c")
        session.wait_until(lambda screen: "^C" in screen, "Ctrl-C")
    slow.open()
    session.prompt(120)
    left = session.screen(scrolled=True).split(line, 1)[-1]
    expect(not re.search(shown.split(":")[0], left), f"left on the screen: {left[-300:]!r}")
    return rows[-1]


def test_long_work_is_shown(kernel):
    """How far, how fast and how long it will take; Ctrl-C or its end takes the line away."""
    with Slow() as slow, tempfile.TemporaryDirectory() as cache, \
            Session(kernel, env={"XDG_CACHE_HOME": cache, **slow.env}) as session:
        vanishes(session, slow, "gdb info line vfs_read > /dev/null", r"reading the kernel's debug information: \d+ s", False)
        for line, shown in (
                ("gdb info types . > /dev/null", r"gdb: \d+ s"),
                (f"search -p -h {NEEDLES} > /dev/null", r"searched: \d+ of \d+ MB, [\d.]+ MB/s, " + TIME_LEFT),
                (f"search -h {NEEDLES} > /dev/null", r"searched: \d+ of \d+ MB, [\d.]+ MB/s, " + TIME_LEFT),
                ("foreach bt --args --locals > /dev/null", r"foreach bt: \d+ of \d+ tasks, [\d.]+ tasks/s, " + TIME_LEFT)):
            vanishes(session, slow, line, shown)
        session.line("rd -r /dev/null -p 100000 ffff000 > /dev/null")
        session.prompt(60)
        vanishes(session, slow, f"save {cache}/saved", r"saving: \d+ of \d+ MB, [\d.]+ MB/s, " + TIME_LEFT)
        expect("decimal: 9" in session.answer("eval 9"), "no answer afterwards")


def interrupt_the_opening(window, slow, shown):
    """The program ends, and of its line there is nothing left.
    "Pane is dead" moves the first line out of the window."""
    slow.wait()
    window.wait_for(f"^{shown}")
    window.keys("C-c")
    window.wait_until(lambda screen: "^C" in screen, "Ctrl-C")
    slow.open()
    expect(window.status(60) == 1, "status")
    window.wait_until(lambda _: "interrupted" in window.screen(scrolled=True), "message")
    gone = shown.split(":")[0]
    expect(gone not in window.screen(scrolled=True), window.screen(scrolled=True).strip()[-300:])


def test_unpacking_is_shown(kernel):
    """A packed vmlinux takes its time before there is a prompt."""
    with tempfile.TemporaryDirectory() as folder:
        packed = pathlib.Path(folder) / "vmlinux.bz2"
        with open(kernel.vmlinux, "rb") as file:
            start = bz2.compress(file.read(1 << 16))
            file.seek(4 << 20)  # code
            packed.write_bytes(start + bz2.compress(file.read(899 << 10)) * 20)
        with Slow() as slow:
            slow.arm("unpacking", "left")
            with Window([CRASH, packed, kernel.vmcore], env=slow.env) as window:
                interrupt_the_opening(window, slow, r"unpacking vmlinux.bz2: \d+ of \d+ MB, [\d.]+ MB/s, " + TIME_LEFT)


def test_opening_is_shown(kernel):
    """A flattened dump of very many pieces, which have to be looked at one by one."""
    with tempfile.TemporaryDirectory() as folder:
        dump = pathlib.Path(folder) / "flat"
        with open(dump, "wb") as file:
            file.write((b"makedumpfile".ljust(16, b"\0") + (1).to_bytes(8, "big") * 2).ljust(4096, b"\0"))
            record = (0).to_bytes(8, "big") + (1).to_bytes(8, "big") + b"K"
            file.write(record * 1000000)
        with Slow() as slow:
            slow.arm("reading the fl", "left")
            with Window([CRASH, kernel.vmlinux, dump], env=slow.env) as window:
                interrupt_the_opening(window, slow, r"reading the flattened dump: \d+ of \d+ MB, [\d.]+ MB/s, " + TIME_LEFT)


def test_narrow_windows(kernel):
    """The line takes one row, whatever the width, also when that changes."""
    line, shown = f"search -p -h {NEEDLES} > /dev/null", r"searched: "
    for columns in (120, 80, 40, 20):
        with Slow() as slow, Session(kernel, columns=columns, rows=60, env=slow.env) as session:
            row = vanishes(session, slow, line, shown)
            expect(len(row) < columns, f"{row!r} in {columns} columns")
    with Slow() as slow, Session(kernel, columns=120, rows=40, env=slow.env) as session:
        fresh(session)
        slow.arm(shown)
        session.line(line)
        slow.wait()
        session.wait_for(f"^{shown}")
        session.resize(80, 40)
        slow.arm(shown, "left")
        slow.wait()
        session.wait_for(r"left *$")
        session.keys("C-c")
        session.wait_until(lambda screen: "^C" in screen, "Ctrl-C")
        slow.open()
        session.prompt()
        expect("searched" not in session.screen(), f"left after the resize: {session.screen()[-300:]!r}")


def test_no_line_where_nobody_asked(kernel):
    """In a quiet session, and while a program that reads the answer may own the terminal."""
    for options, line in ((["-s"], f"search -p -h {NEEDLES} > /dev/null"),
                          ([], f"search -p -h {NEEDLES} | cat > /dev/null")):
        with Slow() as slow, Session(kernel, *options, env=slow.env) as session:
            fresh(session)
            slow.arm()
            session.line(line)
            session.line("eval 0x77")
            session.wait_until(lambda screen: "hexadecimal: 77" in screen, "the end")
            # Where it is asked for, that many looks show a line.
            expect(slow.looks() > 20, f"only {slow.looks()} looks for Ctrl-C")
            equal(slow.lines(), 0, f"lines of progress with {options or line[-30:]}")


def test_slow_lines_appear(kernel):
    """What is less than a screen is not held back for long;
    when more follows, the pager has all of it, once."""
    text = kernel.crash("bt -l").rstrip("\n").split("\n")
    expect(len(text) > 22, "bt -l has too few lines for this test")
    for rows in (len(text) + 10, 20):
        with Slow() as slow, tempfile.TemporaryDirectory() as cache, \
                Session(kernel, columns=120, rows=rows, env={"XDG_CACHE_HOME": cache, **slow.env}) as session:
            fresh(session)
            slow.arm("reading the kernel's debug information")
            session.line("bt -l")
            slow.wait()
            screen = session.wait_until(lambda screen: "PID: " in screen, "the first line")
            expect(text[-1][:30] not in screen, f"all of it: {screen!r}")
            slow.open()
            if rows == 20:
                screen = session.wait_until(lambda screen: screen.rstrip("\n").split("\n")[-1].rstrip() == ":", "pager", 60)
                expect(screen.count("PID: ") == 1, f"not once: {screen!r}")
                session.keys("Space")
            session.prompt(60)
            # The pager's own line that it waits on is gone when the next page comes.
            got = session.screen(scrolled=True).split("crash> bt -l\n")[-1].rstrip("\n").split("\n")
            equal([row.rstrip() for row in got[:len(text)]], [row.rstrip() for row in text], f"what is on a screen of {rows} rows")
            equal(got[len(text):], ["crash>"], "what follows")


def test_slow_lines_on_a_dumb_terminal(kernel):
    """Nothing can be taken back: what was shown stays, and the pager has the rest."""
    text = kernel.crash("bt -l").rstrip("\n").split("\n")
    with tempfile.TemporaryDirectory() as cache, \
            Session(kernel, columns=120, rows=20, before=["env", f"XDG_CACHE_HOME={cache}", "TERM=dumb", "PAGER=cat"]) as session:
        session.line("bt -l")
        session.prompt(60)
        got = session.screen(scrolled=True).split("crash> bt -l\n")[-1].rstrip("\n").split("\n")
        equal([row.rstrip() for row in got], [row.rstrip() for row in text] + ["crash>"], "the answer")


def test_a_prompt_at_once(kernel):
    """Nothing that takes long is read before it is asked for;
    what is typed meanwhile is not lost."""
    with tempfile.TemporaryDirectory() as cache:
        with Window([CRASH, kernel.vmlinux, kernel.vmcore], env={"XDG_CACHE_HOME": cache}) as window:
            window.line("eval 0xabc123")
            window.wait_for("hexadecimal: abc123")
            window.prompt()
            window.line("q")
            equal(window.status(), 0, "status")
        expect(not os.listdir(cache), "an index was made")
