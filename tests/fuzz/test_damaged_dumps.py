# A dump in which words of random pages are overwritten: commands say what they cannot read, and the session goes on.
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import random
import shutil
import struct
import tempfile

from harness import expect, run_crash

ROUNDS = int(os.environ.get("DAMAGED_DUMPS", "3"))
WORDS = 4000
COMMANDS = ["sys", "ps", "ps -t", "bt", "log", "mod", "foreach bt", "foreach bt -e", "task", "kmem -i", "foreach sig",
            "set -p", "foreach task -R comm,tasks", "ps -p 1", "sym -l", "vtop ffffffff81000000", "struct task_struct init_task",
            "p jiffies", "rd init_task 100", "bt -F 1", "ps -c -s", "bt -a"]
MARK = "eval 0xfade"


def damaged_word(rng, file, size):
    """A value that code could take for good:
    another word of the dump, a neighbour, zero, ones, noise."""
    kind = rng.randrange(8)
    if kind < 4:
        file.seek(rng.randrange(size // 8) * 8)
        return file.read(8)
    return (bytes(8), b"\xff" * 8, rng.randbytes(8), struct.pack("<Q", rng.randrange(4096)))[kind - 4]


def damage(rng, file, size):
    """Overwrites words that stand in clusters, as damage does; returns what was there."""
    before = {}
    while len(before) < WORDS:
        page = rng.randrange(2, size // 4096 - 1) * 4096
        for _ in range(20):
            at = page + rng.randrange(512) * 8
            if at not in before:
                word = damaged_word(rng, file, size)
                file.seek(at)
                before[at] = file.read(8)
                file.seek(at)
                file.write(word)
    file.flush()
    return before


def test_commands_survive(kernel):
    """makedumpfile's uncompressed kdump:
    mostly the kernel's own pages, and damage in them is not seen by a checksum."""
    source = kernel.dump("kdump").folder / "vmcore.raw-d31"
    first = int(os.environ.get("DAMAGED_DUMPS_FROM", "0"))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "vmcore")
        shutil.copyfile(source, path)
        size = os.path.getsize(path)
        started = 0
        for seed in range(first, first + ROUNDS):
            with open(path, "r+b") as file:
                before = damage(random.Random(seed), file, size)
                done = run_crash("-s", kernel.vmlinux, path, stdin="\n".join([*COMMANDS, MARK, ""]))
                for at, word in before.items():
                    file.seek(at)
                    file.write(word)
            expect(done.status in (0, 1, 2), f"seed {seed}: status {done.status}")
            if done.status == 1:
                expect("crash: " in done.stderr, f"seed {seed}: ends without a message")
                continue
            started += 1
            expect("hexadecimal: fade" in done.stdout, f"seed {seed}: the last line did not run: {done.stdout[-200:]!r}")
        expect(started, "no damaged dump could be opened")
