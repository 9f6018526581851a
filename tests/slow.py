# A slow machine where a test needs one, and the program stopped where it says what it does: the other end of slow.c.
# SPDX-License-Identifier: GPL-3.0-or-later
import functools
import mmap
import pathlib
import struct
import subprocess
import tempfile

from harness import CRASH, TOP, Failed, expect, wait_until

OFF, ARMED, WAITING = 0, 1, 2
STATE, STEP, LOOKS_LEFT, LOOKS, LINES, BEFORE, WANTED, ALSO, LINE, SIZE = 0, 8, 16, 24, 32, 40, 48, 112, 176, 432
STEP_NS = 250_000_000


@functools.lru_cache(maxsize=None)
def library():
    folder = TOP / ("build/san" if CRASH.name.endswith("-san") else "build/plain") / "tests"
    source, made = TOP / "tests/slow.c", folder / "slow.so"
    if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as work:
            subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", f"{work}/slow.so", source, "-ldl"], check=True)
            (pathlib.Path(work) / "slow.so").rename(made)
    return made


class Slow:
    """
    env: for the program, whose terminal can show lines of progress. After arm(), a
    second passes for it with each fourth look for Ctrl-C, and it waits at the gate as
    soon as it shows a line that begins with TEXT and has ALSO, or at its LOOKS-th look;
    open() lets it go on at its own speed.
    """

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="crash-slow-")
        path = pathlib.Path(self.folder.name) / "page"
        path.write_bytes(bytes(SIZE))
        with open(path, "r+b") as file:
            self.page = mmap.mmap(file.fileno(), SIZE)
        # A dumb terminal gets no lines of progress.
        self.env = {"LD_PRELOAD": str(library()), "SLOW_PAGE": str(path), "TERM": "xterm",
                    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99:verify_asan_link_order=0"}

    def put(self, at, form, value):
        struct.pack_into(form, self.page, at, value)

    def get(self, at, form):
        return struct.unpack_from(form, self.page, at)[0]

    def arm(self, text="", also="", looks=0):
        self.put(WANTED, "64s", text.encode())
        self.put(ALSO, "64s", also.encode())
        self.put(STEP, "Q", STEP_NS)
        self.put(LOOKS_LEFT, "Q", looks)
        self.put(STATE, "I", ARMED)

    def waits(self):
        return self.get(STATE, "I") == WAITING

    def wait(self, terminal=None):
        """Until the program is at the gate; returns the line that it shows.
        What it writes on a TERMINAL is read meanwhile."""
        try:
            wait_until(lambda: terminal and terminal.read_on() or self.waits(), "stop")
        except Failed:
            raise Failed(f"it is never at the gate; the last line: {self.line()!r}, looks: {self.looks()}") from None
        return self.line()

    def line(self):
        return self.get(LINE, "256s").split(b"\0")[0].decode().rstrip()

    def looks(self):
        return self.get(LOOKS, "Q")

    def lines(self):
        return self.get(LINES, "Q")

    def looks_before_a_line(self):
        return self.get(BEFORE, "Q")

    def open(self):
        expect(self.waits(), "it is not at the gate")
        self.put(STATE, "I", OFF)

    def off(self):
        self.put(STATE, "I", OFF)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.off()
        self.page.close()
        self.folder.cleanup()
