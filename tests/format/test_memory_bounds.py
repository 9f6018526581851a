# Small files whose headers ask for much memory end in a message, in an address space that has no room for what they ask.
# SPDX-License-Identifier: GPL-3.0-or-later
import bz2
import functools
import gzip
import lzma
import pathlib
import re
import struct
import tempfile
import zlib

from format import writers
from harness import CRASH, Failed, expect, run_crash

PAGE, MEGABYTE = writers.PAGE, 1 << 20
# What a run may take beyond one whose headers are right:
# a window of the packers is the most that is fair.
ROOM = 256 * MEGABYTE
MOST = {2: 0xffff, 4: 0xffffffff, 8: 0xffffffffffffffff}
# Less than anything that would overflow, and more than there is.
LARGE = {4: (1 << 31) - PAGE, 8: 1 << 40}
MEMORY = [(0x1000, bytes(PAGE) + bytes(range(256)) * 16)]
NOTES = writers.note(b"CORE", 1, writers.prstatus(range(27))) + writers.note(b"VMCOREINFO", 0, b"OSRELEASE=6.1\nPAGESIZE=4096\n")
ONE_KERNEL = True
# Lines of warnings that a file may cause.
MOST_LINES = 60
# Offsets and widths of the counts and sizes in a kdump's headers.
KDUMP = {"blocks of the sub-header": (432, 4), "blocks of bitmaps": (436, 4), "frames": (440, 4), "split": (PAGE + 12, 4),
         "first frame": (PAGE + 16, 8), "vmcoreinfo": (PAGE + 40, 8), "notes": (PAGE + 56, 8), "erased": (PAGE + 72, 8),
         "all frames": (PAGE + 96, 8)}
LKCD = {"pages": (48, 4), "buffer": (742, 8), "architecture's header": (750 + 12, 4), "CPUs": (750 + 184, 4),
        "address": (65536, 8), "bytes": (65536 + 8, 4)}


def bound(*words, more=0):
    """An address space in which files that are right give their answer, and ROOM; None with
    AddressSanitizer, whose own reserve is terabytes. MORE: what a large file among them takes."""
    if b"__asan_init" in CRASH.read_bytes():
        return None
    wanted, bytes_ = run_crash("-s", *words), 32 * MEGABYTE
    while bytes_ < 1 << 40:
        try:
            done = run_crash("-s", *words, address_space=more + bytes_)
            if (done.status, done.stderr) == (wanted.status, wanted.stderr):
                return more + bytes_ + ROOM
        except Failed:
            pass
        bytes_ *= 2
    raise Failed(f"a terabyte is too little for {words}")


@functools.lru_cache(maxsize=None)
def bound_of_dump():
    with tempfile.TemporaryDirectory() as folder:
        return bound(writers.kdump(MEMORY, f"{folder}/dump", version=6, notes=NOTES))


def refused(title, *words, pattern=None, status=1, limit=None):
    """A message on the first file, and a short one; not that memory ran out."""
    pattern = pattern or "crash: " + re.escape(f"{words[0]}: ")
    done = run_crash("-s", *words, address_space=limit or bound_of_dump())
    expect(done.status == status and re.search(pattern, done.stderr), f"{title}: status {done.status}: {done.stderr[-300:]!r}")
    expect(not re.search("out of memory|no memory (for|to)|annot allocate", done.stderr), f"{title}: {done.stderr[-300:]!r}")
    expect(done.stderr.count("\n") < MOST_LINES, f"{title}: {done.stderr.count(chr(10))} lines")


def changed(path, *edits):
    """The file with other bytes at some places, beside it."""
    data = bytearray(pathlib.Path(path).read_bytes())
    for at, value in edits:
        data[at:at + len(value)] = value
    other = pathlib.Path(f"{path}-changed")
    other.write_bytes(data)
    return other


def lies(fields):
    for name, (at, width) in fields.items():
        for value in (MOST[width], LARGE[width]):
            yield f"{name} = {value:#x}", (at, value.to_bytes(width, "little"))


def test_headers_of_dumps():
    with tempfile.TemporaryDirectory() as folder:
        kdump = writers.kdump(MEMORY, f"{folder}/kdump", version=6, notes=NOTES)
        for title, edit in lies(KDUMP):
            refused(f"kdump: {title}", changed(kdump, edit))
        lkcd = writers.lkcd(MEMORY, f"{folder}/lkcd", version=9, registers=[bytes(168)])
        for title, edit in lies(LKCD):
            refused(f"LKCD: {title}", changed(lkcd, edit))
        # A machine of 2^40 frames,
        # whose bitmaps have their place in a stream of a few pages that ends 64 TB on.
        large = changed(kdump, (436, b"\xff" * 4), (PAGE + 96, (1 << 40).to_bytes(8, "little")))
        flat = writers.flattened(large, f"{folder}/flat") and pathlib.Path(f"{folder}/flat")
        end = struct.pack(">qq", 1 << 46, 1) + b"\1" + struct.pack(">qq", -1, -1)
        flat.write_bytes(flat.read_bytes()[:-16] + end)
        refused("flattened kdump", flat)


def test_records_of_streams():
    """Their number, as many as fit; and one as long as a machine's memory."""
    head = struct.pack(">16sQQ", b"makedumpfile", 1, 1).ljust(PAGE, b"\0")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(f"{folder}/flat")
        for title, records in (("many", b"".join(struct.pack(">qqB", n << 40, 1, 1) for n in range(1 << 16))),
                               ("over each other", struct.pack(">qqB", 0, 1, 1) * (1 << 16)),
                               ("long", struct.pack(">qq", 0, 1 << 40)), ("far", struct.pack(">qq", (1 << 63) - 1, 1) + b"1")):
            path.write_bytes(head + records + struct.pack(">qq", -1, -1))
            refused(f"records: {title}", path)


def test_vmware_states():
    with tempfile.TemporaryDirectory() as folder:
        state = writers.vmware(MEMORY, f"{folder}/state")
        refused("groups", changed(state, (8, b"\xff" * 4)))
        regions = b"".join(writers.vmware_tag(name, [index], b"\xff" * 4) for name in ("regionPageNum", "regionPPN", "regionSize")
                           for index in (0, 255, 0xffffffff))
        cpus = b"".join(writers.vmware_tag("rip", [index], bytes(8)) for index in (8191, 8192, 0xffffffff))
        body = writers.vmware_tag("regionsCount", [], b"\xff" * 4) + regions + b"\0\0"
        block = bytes([63, 6]) + b"Memory" + struct.pack("<QQH", 1 << 40, 1 << 40, 0)
        body_of_cpus = writers.vmware_tag("cpu:numVCPUs", [], b"\xff" * 4) + cpus + b"\0\0"
        for title, memory in (("regions", body), ("block", block), ("indexed", regions + b"\0\0")):
            data = struct.pack("<III64sQQ", 0xbed2bed2, 8, 2, b"cpu", 172, len(body_of_cpus))
            data += struct.pack("<64sQQ", b"memory", 172 + len(body_of_cpus), len(memory)) + body_of_cpus + memory
            pathlib.Path(state).write_bytes(data + bytes(4 * PAGE))
            refused(f"VMware: {title}", state)


def test_cores():
    small = b"".join(writers.note(b"LINUX", 0x700, bytes(44)) for _ in range(1000))
    load, count = (1, 0, 0x1000, PAGE, PAGE), 0xfffe
    at = 64 + 56 * count
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(f"{folder}/core")
        for title, data in (
                ("the same notes again and again", writers.elf_core([(4, at, 0, len(small), 0)] * (count - 1) + [load], small)),
                ("the same registers again and again", writers.elf_core([(4, at, 0, len(NOTES), 0)] * (count - 1) + [load], NOTES)),
                ("notes past the end", writers.elf_core([(4, 120, 0, 1 << 62, 0), load], NOTES)),
                ("a note of 4 GB", writers.elf_core([(4, 176, 0, 1 << 33, 0), load], struct.pack("<III", 5, 0xffffffff, 1) + bytes(PAGE))),
                ("segments of one address", writers.elf_core([(1, n * 8, 0x1000, 1 << 40, 1 << 50) for n in range(count)])),
                ("segments far off", writers.elf_core([(1, 0, n << 36, PAGE, PAGE) for n in range(count)])),
                ("a segment of all memory", writers.elf_core([(1, 0, 0x1000, 1 << 51, 1 << 51)])),
                ("4 billion segments", writers.elf_core([load], struct.pack("<IIQQQQIIQQ", *[0] * 7, 0xffffffff, 0, 0), 0xffff, 120))):
            path.write_bytes(data)
            refused(f"core: {title}", path)
        path.write_bytes(writers.elf_core([(1, 0, (n << 12) + (1 << 53), PAGE, PAGE) for n in range(count - 1)] + [load]))
        refused("core: segments of no memory", path, pattern=f"{count - 1 - 40} more lines on what is wrong are left out")


def test_vmlinux(kernel):
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/vmlinux"
        limit = bound("-f", writers.small_vmlinux(path), kernel.vmcore, more=kernel.vmcore.stat().st_size)
        for words in [{"count": 0xfeff}, *({"count": 0, "first": n} for n in (1 << 32, 1 << 58, 1 << 60, MOST[8])),
                      *({name: n} for name in ("shstrtab", "strtab", "symtab") for n in (1 << 31, 1 << 40, MOST[8]))]:
            refused(f"vmlinux: {words}", writers.small_vmlinux(path, **words), kernel.vmcore, pattern="crash: .*vmlinux: .*damaged", limit=limit)
        for words in ({name: n} for name in ("rodata", "notes", "BTF") for n in (1 << 31, 1 << 40, MOST[8])):
            refused(f"vmlinux: {words}", "-f", writers.small_vmlinux(path, **words), kernel.vmcore, pattern="no BTF", status=0, limit=limit)
        for place in range(8, 24, 4):
            for n in (1 << 20, (1 << 31) - 64, MOST[4]):
                btf = bytearray(struct.pack("<HBBIIIII", 0xeb9f, 1, 0, 24, 0, 12, 12, 4)) + bytes(40)
                btf[place:place + 4] = n.to_bytes(4, "little")
                refused(f"BTF: {place} = {n:#x}", "-f", writers.small_vmlinux(path, bytes(btf)), kernel.vmcore,
                        pattern="no DWARF either: BTF cut short: .* bytes; ", status=0, limit=limit)


def packed_lies(data):
    """What says that it unpacks into more than a machine has, or needs as much for it."""
    alone = lzma.compress(data, lzma.FORMAT_ALONE)
    xz = bytearray(lzma.compress(data, check=lzma.CHECK_CRC32))
    header_bytes = (xz[12] + 1) * 4
    xz[12 + bytes(xz[12:]).index(b"\x21\x01") + 2] = 40
    xz[12 + header_bytes - 4:12 + header_bytes] = struct.pack("<I", zlib.crc32(xz[12:12 + header_bytes - 4]))
    frame = b"\x28\xb5\x2f\xfd"
    lzop = b"\x89LZO\0\r\n\x1a\n\x10\x30\x20\xa0\x09\x40\x01\x05\0\0\0\x01" + struct.pack(">III", 0o100644, 0, 0) + b"\0" + bytes(4)
    yield "gzip", gzip.compress(data)[:-4] + b"\xff" * 4
    yield "bzip2", bz2.compress(data)[:-8] + b"\xff" * 8
    yield "lzma", alone[:1] + b"\xff" * 4 + alone[5:]
    yield "xz", bytes(xz)
    for log in (20, 31):
        yield f"zstd, window {log}", frame + bytes([0, log << 3, 1, 0, 0, 0, 0])
    yield "zstd, size", frame + b"\xe0" + struct.pack("<Q", 1 << 40) + b"\1\0\0"
    yield "lz4", b"\x04\x22\x4d\x18\x4c\x70" + struct.pack("<Q", 1 << 40) + b"\0" + struct.pack("<I", 4 << 20) + bytes(64)
    yield "old lz4", b"\x02\x21\x4c\x18\xff\xff\xff\x7f" + bytes(64)
    for size in (63 << 20, 1 << 31, MOST[4]):
        yield f"lzop {size:#x}", lzop + struct.pack(">III", size, 100, 0) + bytes(200)


def test_packed_files():
    with tempfile.TemporaryDirectory() as folder:
        dump, path = writers.kdump(MEMORY, f"{folder}/dump", version=6, notes=NOTES), pathlib.Path(f"{folder}/vmlinux")
        whole = pathlib.Path(writers.small_vmlinux(path)).read_bytes() + bytes(2 * MEGABYTE)
        for title, data in packed_lies(whole):
            path.write_bytes(data)
            refused(title, path, dump)
