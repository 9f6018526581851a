# The program in a window of tmux, for tests that look at the screen as a person does.
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from harness import CRASH, HANGS, Failed, environment

CONFIGURATION = """
set -g remain-on-exit on
set -g status off
set -s escape-time 0
set -g history-limit 10000
set -g default-terminal tmux-256color
"""


def at_prompt(screen):
    return screen.rstrip("\n").split("\n")[-1].rstrip() == "crash>"


class Window:
    """
    A terminal of COLUMNS x ROWS with COMMAND (a list of words) in it, and a home of its own unless
    HOME is given. Nothing sleeps for a fixed time: wait_for() looks until the text is there.
    """

    def __init__(self, command, columns=80, rows=24, env=None, home=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="crash-tmux-"))
        self.home = pathlib.Path(home or self.folder)
        self.socket = self.folder / "socket"
        configuration = self.folder / "tmux.conf"
        configuration.write_text(CONFIGURATION)
        self.environment = environment({"HOME": str(self.home), "LANG": "C.UTF-8"})
        for name in ("TMUX", "XDG_STATE_HOME", "EDITOR", "INPUTRC", "NO_COLOR", "TERM"):
            self.environment.pop(name, None)
        self.environment["SHELL"] = "/bin/sh"
        settings = [f"{name}={value}" for name, value in (env or {}).items()]
        # Several words: no shell is between tmux and the program.
        self.tmux("-f", configuration, "new-session", "-d", "-x", columns, "-y", rows, "--", "env", *settings, *command)

    def tmux(self, *arguments):
        done = subprocess.run(["tmux", "-S", str(self.socket), *map(str, arguments)], capture_output=True, text=True,
                              env=self.environment, timeout=HANGS)
        if done.returncode:
            raise Failed(f"tmux {arguments[0]}: {done.stderr.strip()}")
        return done.stdout

    def keys(self, *names):
        """Keys by tmux's names: "Enter", "Tab", "C-c", "Up"."""
        self.tmux("send-keys", *names)

    def type(self, text):
        self.tmux("send-keys", "-l", "--", text)

    def line(self, text):
        """At the prompt: TEXT is seen behind it before Enter,
        so that no prompt of before is taken for the next one."""
        typed_at_prompt = text.strip() and at_prompt(self.screen())
        self.type(text)
        if typed_at_prompt:
            self.wait_until(lambda screen: not at_prompt(screen), f"{text!r} behind the prompt")
        self.keys("Enter")

    def screen(self, scrolled=False, escapes=False):
        """What can be seen; SCROLLED: and what went off at the top; ESCAPES: with its colours."""
        return self.tmux("capture-pane", "-p", *(["-S", "-"] if scrolled else []), *(["-e"] if escapes else []))

    def wait_until(self, test, what, seconds=HANGS):
        """TEST(screen) until it is true; returns that screen."""
        end = time.monotonic() + seconds
        while True:
            screen = self.screen()
            if test(screen):
                return screen
            if time.monotonic() > end:
                raise Failed(f"no {what} within {seconds} s: {screen.strip()[-500:]!r}")
            time.sleep(0.01)

    def wait_for(self, pattern, seconds=HANGS):
        return self.wait_until(lambda screen: re.search(pattern, screen, re.M), repr(pattern), seconds)

    def prompt(self, seconds=HANGS):
        """Waits until the last line is a prompt with nothing behind it."""
        return self.wait_until(at_prompt, "prompt", seconds)

    def answer(self, line, seconds=HANGS):
        """What LINE prints, on a cleared screen; LINE must not fill it."""
        self.keys("C-l")
        self.wait_until(lambda screen: screen.strip() == "crash>", "clear screen", seconds)
        self.line(line)
        self.wait_until(lambda screen: screen.startswith(f"crash> {line}") and
                        re.search(r"\ncrash> ?\n*\Z", screen), f"answer to {line!r}", seconds)
        return re.sub(r"\ncrash> ?\n*\Z", "", self.screen()).split("\n", 1)[-1]

    def resize(self, columns, rows):
        """Ends when the program's terminal has that size: tmux passes it on a little later."""
        self.tmux("resize-window", "-x", columns, "-y", rows)
        end = time.monotonic() + HANGS
        with open(self.tmux("display-message", "-p", "#{pane_tty}").strip(), "rb", buffering=0,
                  opener=lambda path, flags: os.open(path, flags | os.O_NOCTTY)) as tty:
            while tuple(os.get_terminal_size(tty.fileno())) != (columns, rows):
                if time.monotonic() > end:
                    raise Failed(f"no window of {columns} x {rows}")
                time.sleep(0.01)

    def pid(self):
        return int(self.tmux("display-message", "-p", "#{pane_pid}"))

    def status(self, seconds=HANGS):
        """
        The exit status, once it ended; negative: the signal.
        tmux now and then misses the end of a program, whose status is then still in /proc.
        """
        pid = self.pid()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = re.match(r"1 (\d*) (\d*)$", self.tmux("display-message", "-p",
                                                         "#{pane_dead} #{pane_dead_status} #{pane_dead_signal}").strip("\n"))
            if found and (found.group(1) or found.group(2)):
                return int(found.group(1)) if found.group(1) else -int(found.group(2))
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            except FileNotFoundError:
                fields = [""]
            if fields[0] == "Z":
                return os.waitstatus_to_exitcode(int(fields[49]))
            time.sleep(0.01)
        raise Failed(f"it does not end: {self.screen().strip()[-200:]!r}")

    def close(self):
        try:
            self.tmux("kill-server")
        except (Failed, subprocess.TimeoutExpired):
            pass
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Session(Window):
    """The program with the KERNEL's dump, at its prompt."""

    def __init__(self, kernel, *options, before=(), **window):
        super().__init__([*before, CRASH, "--exit-status", *options, kernel.vmlinux, kernel.vmcore], **window)
        try:
            self.prompt()
        except BaseException:
            self.close()
            raise
