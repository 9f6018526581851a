# The program on a terminal, for the Python tests that type and watch.
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import pty
import re
import select
import signal
import time

from harness import CRASH, HANGS, Failed, environment, wait_until


class Terminal:
    returns = False  # are carriage returns a part of the text?

    """The program on a pseudo terminal; with ONE_CPU work takes its time on every machine."""

    def __init__(self, *arguments, env=None, one_cpu=False):
        self.text = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as subprocess gives it back
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            if one_cpu:
                os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
            os.execve(str(CRASH), [str(CRASH), *map(str, arguments)], environment(env))

    def send(self, text):
        os.write(self.fd, text.encode())

    def read(self):
        self.text += os.read(self.fd, 65536).decode(errors="replace")
        self.text = self.text.replace("\r\n", "\n") if self.returns else self.text.replace("\r", "")

    def wait_for(self, pattern, seconds=HANGS):
        """Reads until PATTERN appears in what was not waited for yet;
        returns the text up to its end."""
        end = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.text)
            if found:
                text, self.text = self.text[:found.end()], self.text[found.end():]
                return text
            left = end - time.monotonic()
            if left <= 0:
                raise Failed(f"no {pattern!r} within {seconds} s: {self.text[-200:]!r}")
            if select.select([self.fd], [], [], left)[0]:
                try:
                    self.read()
                except OSError:
                    raise Failed(f"it ended before {pattern!r}: {self.text[-200:]!r}") from None

    def read_on(self):
        """What is there, so that a full terminal does not keep the program from going on."""
        while select.select([self.fd], [], [], 0)[0]:
            try:
                self.read()
            except OSError:
                break

    def ended(self):
        """What it used is still in /proc."""
        self.read_on()
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def status(self, seconds=HANGS):
        wait_until(self.ended, "end of the program", seconds)
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def close(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            os.close(self.fd)


def on_terminal(kernel, body, *options, env=None, one_cpu=False):
    terminal = Terminal("--exit-status", *options, kernel.vmlinux, kernel.vmcore, env=env, one_cpu=one_cpu)
    try:
        terminal.wait_for("crash> ")
        body(terminal)
    finally:
        terminal.close()
