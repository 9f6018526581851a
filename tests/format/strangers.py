# Files that hold memory and are no dump of an x86_64 kernel: cores of processes, of other machines, of Xen, sadump's.
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import struct

from format import writers

PAGE = writers.PAGE
NT_PRSTATUS, NT_PRPSINFO, NT_AUXV, NT_FILE, NT_SIGINFO = 1, 3, 6, 0x46494c45, 0x53494749
X86_64, I386, ARM64, PPC64, S390 = 62, 3, 183, 21, 22
VSYSCALL = 0xffffffffff600000


def mappings():
    """(start, end) of each mapping of this process,
    with the [vsyscall] that x86_64 kernels show."""
    with open("/proc/self/maps") as file:
        rows = [tuple(int(word, 16) for word in line.split()[0].split("-")) for line in file]
    return [row for row in rows if row[0] != VSYSCALL][:40] + [(VSYSCALL, VSYSCALL + PAGE)]


def elf(path, kind, machine=X86_64, segments=(), sections=b"", big=False, wide=True, nr_sections=0):
    """An ELF file whose SEGMENTS are (type, virtual address, physical address, data)."""
    order = ">" if big else "<"
    header_bytes, phdr_bytes = (64, 56) if wide else (52, 32)
    data_at, phdrs, body = header_bytes + phdr_bytes * len(segments), b"", b""
    for what, virtual, physical, data in segments:
        at = data_at + len(body)
        phdrs += struct.pack(order + "IIQQQQQQ", what, 7, at, virtual, physical, len(data), len(data), 0) if wide else \
            struct.pack(order + "8I", what, at, virtual, physical, len(data), len(data), 7, 0)
        body += data
    sections_at = data_at + len(body) if nr_sections else 0
    header = struct.pack(order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"), kind, machine, 1, 0,
                         header_bytes if segments else 0, sections_at, 0, header_bytes, phdr_bytes if segments else 0,
                         len(segments), 64 if wide else 40, nr_sections, nr_sections - 1 if nr_sections else 0)
    with open(path, "wb") as file:
        file.write(b"\x7fELF" + bytes([2 if wide else 1, 2 if big else 1, 1]).ljust(12, b"\0") + header + phdrs + body + sections)
    return path


def process_notes(auxv=True, files=True):
    """As the kernel writes them for one thread."""
    notes = writers.note(b"CORE", NT_PRSTATUS, writers.prstatus(range(27), os.getpid()))
    notes += writers.note(b"CORE", NT_PRPSINFO, bytes(136)) + writers.note(b"CORE", NT_SIGINFO, bytes(128))
    if auxv:
        with open("/proc/self/auxv", "rb") as file:
            notes += writers.note(b"CORE", NT_AUXV, file.read())
    return notes + (writers.note(b"CORE", NT_FILE, struct.pack("<QQ", 0, PAGE)) if files else b"")


def process_core(path, notes=None, rows=None, machine=X86_64, wide=True):
    rows = mappings() if rows is None else rows
    segments = [(4, 0, 0, process_notes() if notes is None else notes)] if notes != b"" else []
    return elf(path, 4, machine, segments + [(1, start, 0, bytes(PAGE)) for start, _ in rows], wide=wide)


def xen_core(path):
    """xl dump-core: no segments; its sections have the pages and their numbers."""
    names = b"\0.shstrtab\0.note.Xen\0.xen_prstatus\0.xen_pages\0.xen_p2m\0"
    rows = [(0, 0)] + [(names.index(name), kind) for name, kind in ((b".note.Xen", 7), (b".xen_prstatus", 1), (b".xen_pages", 1),
                                                                    (b".xen_p2m", 1), (b".shstrtab", 3))]
    at = 64 + 64 * len(rows)
    sections = b"".join(struct.pack("<IIQQQQIIQQ", name, kind, 0, 0, at, len(names) if kind == 3 else 0, 0, 0, 1, 0)
                        for name, kind in rows)
    return elf(path, 4, sections=sections + names, nr_sections=len(rows))


def narrow_kdump(path, machine=b"i686", block_size=PAGE):
    """The header of a compressed kdump as a 32-bit kernel's makedumpfile lays it out:
    time and padding are shorter."""
    header = bytearray(64 * PAGE)
    struct.pack_into("<8sI", header, 0, b"KDUMP   ", 6)
    for i, name in enumerate((b"Linux", b"lab", b"6.1.0", b"#1", machine, b"")):
        struct.pack_into("65s", header, 12 + 65 * i, name)
    struct.pack_into("<3I7I", header, 404, 1700000000, 0, 1, block_size, 1, 2, 1, 100, 0, 0)
    with open(path, "wb") as file:
        file.write(header)
    return path


def sadump_media(path):
    """A backup of sadump's device: a header of numbers alone, then that of the device."""
    with open(path, "wb") as file:
        file.write(bytes(range(1, 65)).ljust(PAGE, b"\0") + b"sadump\0\0".ljust(4 * PAGE, b"\0"))
    return path
