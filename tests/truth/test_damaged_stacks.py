# Stacks damaged on purpose: random words over the stack pages of a copied dump.
# SPDX-License-Identifier: GPL-3.0-or-later
import mmap
import random
import re
import subprocess
import tempfile

from format.writers import segments_of_elf
from harness import expect, run_crash

CASES = 200
STACK_BYTES = 16384


def stack_places(kernel, segments):
    """File offsets of the pages of every task's stack."""
    tasks = re.findall(r"^  stack = 0x([0-9a-f]+)", kernel.crash("foreach task -R stack"), re.M)
    pages = [int(stack, 16) + at for stack in tasks for at in range(0, STACK_BYTES, 4096)]
    script = "".join(f"vtop {page:x}\n" for page in pages)
    text = run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin=script).stdout
    places = []
    for physical in re.findall(r"^[0-9a-f]{16}  ([0-9a-f]+) *$", text, re.M):
        address = int(physical, 16)
        places += [offset + address - start for start, offset, size in segments if start <= address < start + size]
    expect(len(places) > 300, f"only {len(places)} stack pages found")
    return places


def scribble(dump, places, rng):
    """A few words of each page:
    noise, small numbers, and addresses of the kernel's text and of stacks from elsewhere."""
    for place in places:
        for _ in range(rng.randrange(1, 12)):
            at = place + 8 * rng.randrange(512)
            other = rng.choice(places) + 8 * rng.randrange(512)
            word = rng.choice((rng.randbytes(8), bytes(8), b"\xff" * 8, dump[other:other + 8]))
            dump[at:at + 8] = word


def check(kernel, copy):
    result = run_crash("-s", kernel.vmlinux, copy, stdin="foreach bt\nquit\n")
    traces = re.split(r"^PID: ", result.stdout, flags=re.M)[1:]
    expect(len(traces) > 100, f"only {len(traces)} traces: {result.stderr[-200:]!r}")
    for trace in traces:
        if "what follows is a guess" in trace:
            guessed = re.findall(r"^ ?#\d+ \[[0-9a-f]+\] (\? )?", trace.split("what follows is a guess", 1)[1], re.M)
            expect(guessed and all(guessed), f"guessed frames without a mark: {trace!r}")
    longest = max(len(re.findall(r"^ ?#\d+ \[", trace, re.M)) for trace in traces)
    expect(longest <= STACK_BYTES // 8, f"a trace of {longest} frames")
    expect(result.seconds < 30, f"damaged stacks take {result.seconds:.0f} s of the processor")
    return sum("unwinding stopped" in trace for trace in traces), sum("is a guess" in trace for trace in traces)


def test_two_hundred_cases(kernel):
    rng = random.Random(4711)
    stopped = guessed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = f"{folder}/vmcore"
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", kernel.vmcore, copy], check=True)
        places = stack_places(kernel, [row[1:] for row in segments_of_elf(kernel.vmcore) if row[0] == 1])
        with open(copy, "r+b") as file, mmap.mmap(file.fileno(), 0) as dump:
            saved = {place: dump[place:place + 4096] for place in places}
            for _ in range(CASES):
                scribble(dump, places, rng)
                counts = check(kernel, copy)
                stopped, guessed = stopped + counts[0], guessed + counts[1]
                for place, page in saved.items():
                    dump[place:place + 4096] = page
    expect(stopped > CASES, f"the damage was hardly noticed: {stopped} traces stopped")
    expect(guessed > CASES, f"only {guessed} of {stopped} traces that stopped have a guess behind")
