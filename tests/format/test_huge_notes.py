# A damaged size of the notes that takes in a whole large file costs no more than any other damage.
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import struct
import tempfile
import time

from harness import expect, run_crash

FILE_BYTES = 64 << 30


def segment(kind, offset, paddr, size):
    return struct.pack("<IIQQQQQQ", kind, 0, offset, 0, paddr, size, size, 0)


def test_notes_as_long_as_the_file():
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 4, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "vmcore")
        with open(path, "wb") as file:
            file.write(header + segment(4, 4096, 0, FILE_BYTES) + segment(1, 4096, 0x1000, 4096))
            file.truncate(FILE_BYTES)
        start = time.monotonic()
        done = run_crash("--osrelease", path, timeout=60)
        seconds = time.monotonic() - start
    expect(done.status != 0, f"status {done.status}: {done.stdout[:200]!r}")
    expect(seconds < 20, f"{seconds:.0f} s")
