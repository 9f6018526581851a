# Dump files of formats that nothing in Debian writes, from the pages of a dump of the lab.
# SPDX-License-Identifier: GPL-3.0-or-later
import struct
import zlib

PAGE = 4096


def memory_of_elf(path):
    """(physical address, bytes) of each PT_LOAD below 4 GB of RAM in QEMU's ELF dump; and its notes."""
    with open(path, "rb") as file:
        header = file.read(64)
        phoff, = struct.unpack_from("<Q", header, 32)
        count, = struct.unpack_from("<H", header, 56)
        loads, notes = [], b""
        for i in range(count):
            file.seek(phoff + i * 56)
            kind, _, offset, _, paddr, filesz, _, _ = struct.unpack("<IIQQQQQQ", file.read(56))
            file.seek(offset)
            if kind == 4:
                notes = file.read(filesz)
            elif kind == 1:
                loads.append((paddr, file.read(filesz)))
    return loads, notes


def vmware_tag(name, indices, value):
    flags = len(value) | len(indices) << 6
    return bytes([flags, len(name)]) + name.encode() + struct.pack(f"<{len(indices)}I", *indices) + value


def vmware(loads, path, magic=0xbed2bed2, version=8):
    """PATH.vmss and PATH.vmem: the memory's image has one region behind the other."""
    page = 0
    tags = vmware_tag("regionsCount", [], struct.pack("<I", len(loads)))
    with open(f"{path}.vmem", "wb") as image:
        for i, (paddr, data) in enumerate(loads):
            image.write(data)
            tags += vmware_tag("regionPageNum", [i], struct.pack("<I", page))
            tags += vmware_tag("regionPPN", [i], struct.pack("<I", paddr // PAGE))
            tags += vmware_tag("regionSize", [i], struct.pack("<I", len(data) // PAGE))
            page += len(data) // PAGE
    with open(f"{path}.vmss", "wb") as file:
        file.write(struct.pack("<III", magic, version, 1))
        file.write(struct.pack("<64sQQ", b"memory", 12 + 80, len(tags) + 2))
        file.write(tags + b"\0\0")
        file.write(bytes(4 * PAGE))  # crash 9 does not open shorter files
    return f"{path}.vmss"


def kdump(loads, path, signature=b"KDUMP   ", version=1, level=0):
    """A compressed kdump with zlib pages, or its ancestor with the signature DISKDUMP."""
    frames = {}
    for paddr, data in loads:
        for at in range(0, len(data), PAGE):
            frames[(paddr + at) // PAGE] = data[at:at + PAGE]
    highest = max(frames) + 1
    bitmap = bytearray(-(-highest // (8 * PAGE)) * PAGE)
    for frame in frames:
        bitmap[frame // 8] |= 1 << frame % 8
    header = bytearray(PAGE)
    struct.pack_into("<8sI", header, 0, signature, version)
    for i, name in enumerate((b"Linux", b"lab", b"", b"", b"x86_64", b"")):
        struct.pack_into("65s", header, 12 + 65 * i, name)
    struct.pack_into("<10I", header, 424, 1, PAGE, 1, 2 * len(bitmap) // PAGE, highest, len(frames), 0, 0, 0, 2)
    data_at = 2 * PAGE + 2 * len(bitmap) + 24 * len(frames)
    descriptors, blocks, known = bytearray(), [], {}
    for frame in sorted(frames):
        page = frames[frame]
        if page not in known:
            packed = zlib.compress(page, 1)
            flags = 1
            if len(packed) >= PAGE:
                packed, flags = page, 0
            known[page] = struct.pack("<QIIQ", data_at, len(packed), flags, 0)
            data_at += len(packed)
            blocks.append(packed)
        descriptors += known[page]
    with open(path, "wb") as file:
        file.write(header + struct.pack("<QI", 0, level).ljust(PAGE, b"\0") + bitmap + bitmap + descriptors)
        file.write(b"".join(blocks))
    return path


def elf32(loads, notes, path):
    """An ELF vmcore with headers of class 32, as kexec-tools writes on request."""
    at = 52 + 32 * (len(loads) + 1)
    phdrs = struct.pack("<8I", 4, at, 0, 0, len(notes), len(notes), 0, 0)
    at += len(notes)
    for paddr, data in loads:
        phdrs += struct.pack("<8I", 1, at, 0, paddr, len(data), len(data), 7, 0)
        at += len(data)
    with open(path, "wb") as file:
        file.write(b"\x7fELF\1\1\1".ljust(16, b"\0") +
                   struct.pack("<HHIIIIIHHHHHH", 4, 62, 1, 0, 52, 0, 0, 52, 32, len(loads) + 1, 0, 0, 0))
        file.write(phdrs + notes)
        for _, data in loads:
            file.write(data)
    return path
