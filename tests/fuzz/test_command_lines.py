# Random command lines: whatever is typed, the session goes on and ends with a status of its own.
# SPDX-License-Identifier: GPL-3.0-or-later
import random
import tempfile

from harness import HANGS, expect, run_crash

WORDS = ["set", "eval", "ascii", "alias", "help", "ps", "bt", "task", "foreach", "sys", "log", "mod", "*", "gdb", "h",
         "r", "!!", "!1", "!99", "task_struct", "jiffies", "\\ps", "init_task.pid", "nosuch"]
PIECES = ['"', "'", "(", ")", "-", "--", "-x", "-c", "-a", "-1", "0", "1", "ffff888000000000", "0xffffffffffffffff",
          "99999999999999999999", "jiffies_64", "+", "<<", ">>8", "~", "k", "-z", "-zzz", "=", "-i=", "\\", "#", "//",
          ".", "task_struct.", "[", "]", "%s%n", "\u00e9", "\x01", "A" * 3000, "(" * 400, "a.b[1].c", ":a", ":1,3",
          "*", "null-stop", "radix", "on", "16", "default", "scope", "off", "-o", "-v", "-p", "| cat", "> out", "< out",
          ">> out", "| head -n 1", "|", ">", "<", " ! cat"]


def line(rng):
    text = rng.choice(WORDS) + rng.choice([" ", " ", "", "\t"])
    for _ in range(rng.randrange(7)):
        piece = rng.choice(PIECES)
        text += piece + rng.choice([" ", " ", ""])
        # What follows a pipe is the shell's: nothing random may get there.
        if piece in ("| cat", "| head -n 1", " ! cat"):
            break
    return text


def harmless(text):
    """No line that runs a random word as a program, waits for ever, or leaves the shell for gdb."""
    head, sign, rest = text.partition("|")
    if sign and rest.strip() not in ("cat", "head -n 1", ""):
        return False
    if "! " in head and not head.rstrip().endswith("! cat"):
        return False
    if text.startswith("!") and text.strip() not in ("!!", "!1", "!99"):
        return False
    return "gdb on" not in text and not ("error" in text and "set" in text)


def test_random_lines(kernel):
    for seed in range(4):
        rng = random.Random(seed)
        lines = [text for text in (line(rng) for _ in range(250)) if harmless(text)]
        with tempfile.TemporaryDirectory() as folder:
            done = run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin="\n".join(lines) + "\neval 0xfade\n",
                             timeout=HANGS, cwd=folder)
        expect(done.status in (0, 2), f"seed {seed}: status {done.status}: {done.stdout[-200:]!r}")
        expect("hexadecimal: fade" in done.stdout, f"seed {seed}: the last line did not run: {done.stdout[-200:]!r}")
