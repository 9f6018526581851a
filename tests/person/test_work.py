# A person who waits: what is shown while a command works, and that nothing of it stays.
# SPDX-License-Identifier: GPL-3.0-or-later
import bz2
import os
import pathlib
import re
import tempfile

from harness import CRASH, equal, expect
from tmux import Session, Window

ONE_KERNEL = True

# Sixteen bits are compared with each of these at every second address: seconds of work for any machine.
NEEDLES = " ".join(f"{0xa5a1 + i:x}" for i in range(400))
TIME_LEFT = r"\d+ (s|min|h) left"


def fresh(session):
    session.keys("C-l")
    session.wait_until(lambda screen: screen.strip() == "crash>", "clear screen")


def vanishes(session, line, shown, interrupt=True):
    """LINE shows a line like SHOWN while it works; when it has ended, or by Ctrl-C, nothing of that is left."""
    fresh(session)
    session.line(line)
    screen = session.wait_for(f"^{shown}", 60)
    rows = [row for row in screen.rstrip("\n").split("\n") if row.strip()]
    expect(re.match(shown, rows[-1]), f"it is not the last line, or takes more than one: {rows[-3:]}")
    if interrupt:
        session.keys("C-c")
    session.prompt(120)
    left = session.screen(scrolled=True).split(line, 1)[-1]
    expect(not re.search(shown.split(":")[0], left), f"left on the screen: {left[-300:]!r}")
    return rows[-1]


def test_long_work_is_shown(kernel):
    """How far, how fast and how long it will take; Ctrl-C or its end takes the line away."""
    with tempfile.TemporaryDirectory() as cache, Session(kernel, before=["env", f"XDG_CACHE_HOME={cache}"]) as session:
        vanishes(session, "gdb info line vfs_read > /dev/null", r"reading the kernel's debug information: \d+ s", False)
        for line, shown in (
                ("gdb info types . > /dev/null", r"gdb: \d+ s"),
                (f"search -p -h {NEEDLES} > /dev/null", r"searched: \d+ of \d+ MB, [\d.]+ MB/s, " + TIME_LEFT),
                (f"search -h {NEEDLES} > /dev/null", r"searched: \d+ of \d+ MB, [\d.]+ MB/s, " + TIME_LEFT),
                ("foreach bt --args --locals > /dev/null", r"foreach bt: \d+ of \d+ tasks, [\d.]+ tasks/s, " + TIME_LEFT)):
            vanishes(session, line, shown)
        session.line("rd -r /dev/null -p 100000 ffff000 > /dev/null")
        session.prompt(60)
        vanishes(session, f"save {cache}/saved", r"saving: \d+ of \d+ MB, [\d.]+ MB/s, " + TIME_LEFT)
        expect("decimal: 9" in session.answer("eval 9"), "no answer afterwards")


def interrupt_the_opening(window, gone):
    """The program ends, and of its line there is nothing left. "Pane is dead" moves the first line out of the window."""
    window.keys("C-c")
    expect(window.status(10) == 1, "status")
    window.wait_until(lambda _: "interrupted" in window.screen(scrolled=True), "message", 10)
    expect(gone not in window.screen(scrolled=True), window.screen(scrolled=True).strip()[-300:])


def test_unpacking_is_shown(kernel):
    """A packed vmlinux takes its time before there is a prompt."""
    with tempfile.TemporaryDirectory() as folder:
        packed = pathlib.Path(folder) / "vmlinux.bz2"
        with open(kernel.vmlinux, "rb") as file:
            start = bz2.compress(file.read(1 << 16))
            file.seek(4 << 20)  # code
            packed.write_bytes(start + bz2.compress(file.read(899 << 10)) * 200)
        with Window([CRASH, packed, kernel.vmcore]) as window:
            window.wait_for(r"^unpacking vmlinux.bz2: \d+ of \d+ MB, [\d.]+ MB/s, " + TIME_LEFT, 60)
            interrupt_the_opening(window, "unpacking")


def test_opening_is_shown(kernel):
    """A flattened dump of very many pieces, which have to be looked at one by one."""
    with tempfile.TemporaryDirectory() as folder:
        dump = pathlib.Path(folder) / "flat"
        with open(dump, "wb") as file:
            file.write((b"makedumpfile".ljust(16, b"\0") + (1).to_bytes(8, "big") * 2).ljust(4096, b"\0"))
            record = (0).to_bytes(8, "big") + (1).to_bytes(8, "big") + b"K"
            for _ in range(16):
                file.write(record * 1000000)
        with Window([CRASH, kernel.vmlinux, dump]) as window:
            window.wait_for(r"^reading the flattened dump: \d+ of \d+ MB, [\d.]+ MB/s, " + TIME_LEFT, 60)
            interrupt_the_opening(window, "reading the fl")


def test_narrow_windows(kernel):
    """The line takes one row, whatever the width, also when that changes."""
    line, shown = f"search -p -h {' '.join(NEEDLES.split()[:200])} > /dev/null", r"searched: "
    for columns in (120, 80, 40, 20):
        with Session(kernel, columns=columns, rows=60) as session:
            row = vanishes(session, line, shown)
            expect(len(row) < columns, f"{row!r} in {columns} columns")
    with Session(kernel, columns=120, rows=40) as session:
        fresh(session)
        session.line(line)
        session.wait_for(f"^{shown}", 60)
        session.resize(80, 40)
        session.wait_for(r"left *$")
        session.keys("C-c")
        session.prompt()
        expect("searched" not in session.screen(), f"left after the resize: {session.screen()[-300:]!r}")


def test_no_line_where_nobody_asked(kernel):
    """In a quiet session, and while a program that reads the answer may own the terminal."""
    for options, line in ((["-s"], f"search -p -h {NEEDLES} > /dev/null"),
                          ([], f"search -p -h {NEEDLES} | cat > /dev/null")):
        with Session(kernel, *options) as session:
            fresh(session)
            session.line(line)
            session.line("eval 0x77")
            session.wait_until(lambda screen: "searched: " in screen or "hexadecimal: 77" in screen, "the end", 120)
            expect("searched: " not in session.screen(), f"progress with {options or line[-30:]}")


def test_slow_lines_appear(kernel):
    """What is less than a screen is not held back for long; when more follows, the pager has all of it, once."""
    text = kernel.crash("bt -l").rstrip("\n").split("\n")
    expect(len(text) > 22, "bt -l has too few lines for this test")
    for rows in (len(text) + 10, 20):
        with tempfile.TemporaryDirectory() as cache, \
                Session(kernel, columns=120, rows=rows, before=["env", f"XDG_CACHE_HOME={cache}"]) as session:
            fresh(session)
            session.line("bt -l")
            session.wait_until(lambda screen: "PID: " in screen and text[-1][:30] not in screen and
                               screen.rstrip("\n").split("\n")[-1].rstrip() not in (":", "(END)"), "the first line alone", 10)
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
    """Nothing that takes long is read before it is asked for; what is typed meanwhile is not lost."""
    with tempfile.TemporaryDirectory() as cache:
        with Window([CRASH, kernel.vmlinux, kernel.vmcore], env={"XDG_CACHE_HOME": cache}) as window:
            window.line("eval 0xabc123")
            window.wait_for("hexadecimal: abc123", 10)
            window.prompt()
            window.line("q")
            equal(window.status(10), 0, "status")
        expect(not os.listdir(cache), "an index was made")
