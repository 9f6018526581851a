# Damaged sizes of notes that take in a whole large file cost no more than any other damage.
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import struct
import tempfile

from harness import expect, run_crash

FILE_BYTES = 64 << 30
SECONDS = 20
TYPE_CORE, TYPE_EXECUTABLE = 4, 2
SEGMENT_LOAD, SEGMENT_NOTE = 1, 4
SECTION_BITS, SECTION_SYMBOLS, SECTION_STRINGS, SECTION_NOTE = 1, 2, 3, 7
NR_NOTE_SECTIONS = 20000


def elf_header(kind, nr_segments=0, nr_sections=0):
    return struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", kind, 62, 1, 0, 64 if nr_segments else 0,
                       64 if nr_sections else 0, 0, 64, 56, nr_segments, 64, nr_sections, 1 if nr_sections else 0)


def segment(kind, offset, paddr, size):
    return struct.pack("<IIQQQQQQ", kind, 0, offset, 0, paddr, size, size, 0)


def section(kind, offset, size, link=0, address=0):
    return struct.pack("<IIQQQQIIQQ", 0, kind, 2 if address else 0, address, offset, size, link, 0, 8, 0)


def opened(data, *more):
    """What a run says of a sparse file that begins with DATA; it must be quick."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file")
        with open(path, "wb") as file:
            file.write(data)
            file.truncate(FILE_BYTES)
        done = run_crash(*more, path)
    expect(done.seconds < SECONDS, f"{done.seconds:.0f} s of the processor")
    return done


def test_notes_as_long_as_the_dump():
    data = elf_header(TYPE_CORE, nr_segments=2)
    data += segment(SEGMENT_NOTE, 4096, 0, FILE_BYTES) + segment(SEGMENT_LOAD, 4096, 0x1000, 4096)
    done = opened(data, "--osrelease")
    expect(done.status != 0, f"status {done.status}: {done.stdout[:200]!r}")


def test_sections_of_notes_as_long_as_the_vmlinux(kernel):
    nr_sections = NR_NOTE_SECTIONS + 4
    strings = 64 + 64 * nr_sections
    data = elf_header(TYPE_EXECUTABLE, nr_sections=nr_sections) + section(0, 0, 0)
    data += section(SECTION_STRINGS, strings, 16) + section(SECTION_SYMBOLS, strings + 16, 48, link=1)
    data += section(SECTION_BITS, strings, 16, address=0xffffffff81000000)
    data += section(SECTION_NOTE, strings + 64, FILE_BYTES - strings - 64) * NR_NOTE_SECTIONS
    data += b"\0linux_banner\0\0\0" + bytes(24)
    data += struct.pack("<IBBHQQ", 1, 0x11, 0, 3, 0xffffffff81000000, 8)
    done = opened(data, "-s", kernel.vmcore)
    expect("no BTF" in done.stderr, f"status {done.status}: {done.stderr[-200:]!r}")
