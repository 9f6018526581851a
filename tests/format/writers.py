# Dump files of formats that nothing in Debian writes, from the pages of a dump of the lab.
# SPDX-License-Identifier: GPL-3.0-or-later
import re
import struct
import zlib

PAGE = 4096
KERNEL_TEXT = 0xffffffff81000000


def segments_of_elf(path):
    """(type, physical address, file offset, bytes in the file) of each program header."""
    with open(path, "rb") as file:
        header = file.read(64)
        phoff, = struct.unpack_from("<Q", header, 32)
        count, = struct.unpack_from("<H", header, 56)
        file.seek(phoff)
        rows = [struct.unpack("<IIQQQQQQ", file.read(56)) for _ in range(count)]
    return [(kind, paddr, offset, filesz) for kind, _, offset, _, paddr, filesz, _, _ in rows]


def memory_of_elf(path):
    """(physical address, bytes) of each PT_LOAD below 4 GB of RAM in
    QEMU's ELF dump; and its notes."""
    loads, notes = [], b""
    with open(path, "rb") as file:
        for kind, paddr, offset, filesz in segments_of_elf(path):
            file.seek(offset)
            if kind == 4:
                notes = file.read(filesz)
            elif kind == 1:
                loads.append((paddr, file.read(filesz)))
    return loads, notes


def core_note(kind, data):
    """A note of netdump: its name has no NUL."""
    return struct.pack("<III4s", 4, len(data), kind, b"CORE") + data.ljust(-(-len(data) // 4) * 4, b"\0")


def prstatus(registers, pid=0):
    """NT_PRSTATUS's data; REGISTERS: 27 words as in user_regs_struct."""
    return struct.pack("<32xI76x27Q8x", pid, *registers)


def netdump(loads, notes, path, page_offset=0xffff888000000000, wide=True):
    """What the netdump server stores:
    all memory from 0 on in one segment, holes where there is none."""
    size = max(paddr + len(data) for paddr, data in loads)
    header, phdr = (64, 56) if wide else (52, 32)
    notes_at = header + 2 * phdr
    data_at = -(-(notes_at + len(notes)) // PAGE) * PAGE
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1, 1])
    with open(path, "wb") as file:
        file.write(ident.ljust(16, b"\0"))
        file.write(struct.pack("<HHIQQQIHHHHHH" if wide else "<HHIIIIIHHHHHH", 4, 62, 1, 0, header, 0, 0, header, phdr,
                               2, 0, 0, 0))
        if wide:
            file.write(struct.pack("<IIQQQQQQ", 4, 0, notes_at, 0, 0, len(notes), 0, 0))
            file.write(struct.pack("<IIQQQQQQ", 1, 7, data_at, page_offset, 0, size, size, PAGE))
        else:
            file.write(struct.pack("<8I", 4, notes_at, 0, 0, len(notes), 0, 0, 0))
            file.write(struct.pack("<8I", 1, data_at, 0xc0000000, 0, size, size, 7, PAGE))
        file.write(notes)
        for paddr, data in loads:
            file.seek(data_at + paddr)
            file.write(data)
    return path
def registers_of(notes):
    """struct pt_regs of each CPU in QEMU's notes: NT_PRSTATUS has it from byte 112 on."""
    return [data[112:112 + 168] for _, name, kind, data in notes_in(notes) if kind == 1 and name == b"CORE"]


def vmware_tag(name, indices, value):
    flags = len(value) | len(indices) << 6
    return bytes([flags, len(name)]) + name.encode() + struct.pack(f"<{len(indices)}I", *indices) + value


def vmware_block(name, indices, data, wide=True, padding=0, compressed=False):
    """With the length of its data in memory twice what it is in the file when COMPRESSED."""
    head = bytes([62 + (not compressed) | len(indices) << 6, len(name)]) + name.encode()
    sizes = struct.pack("<QQH" if wide else "<IIH", len(data), len(data) << compressed, padding)
    return head + struct.pack(f"<{len(indices)}I", *indices) + sizes + bytes(padding) + data


def qemu_registers(path):
    """{name: value} of each CPU in what QEMU's monitor says to "info registers -a"."""
    with open(path, encoding="ascii") as file:
        parts = file.read().split("CPU#")[1:]
    cpus = []
    for part in parts:
        cpu = {name.lower(): int(value, 16) for name, value in re.findall(r"\b([A-Z0-9]+) *=\s*([0-9a-f]+)", part)}
        cpu["idt"] = [int(word, 16) for word in re.search(r"IDT= +(\w+) (\w+)", part).groups()]
        cpus.append(cpu)
    return cpus


def vmware_cpus(cpus, wide=True):
    """The tags of the group "cpu", as crash 9 takes them."""
    names = ["rax", "rcx", "rdx", "rbx", "rbp", "rsp", "rsi", "rdi", *(f"r{n}" for n in range(8, 16)), "rip"]
    tags = vmware_tag("cpu:numVCPUs", [], struct.pack("<I", len(cpus)))
    for i, cpu in enumerate(cpus):
        for name in names:
            tags += vmware_tag(name, [i], struct.pack("<Q", cpu[name]))
        tags += vmware_tag("eflags", [i], struct.pack("<I", cpu["rfl"]))
        for number in range(5):
            tags += vmware_tag("CR64", [i, number], struct.pack("<Q", cpu.get(f"cr{number}", 0)))
        tags += vmware_block("IDTR", [i], struct.pack("<HQ", cpu["idt"][1], cpu["idt"][0]), wide)
    return tags


def vmware(loads, path, magic=0xbed2bed2, version=8, cpus=(), inside=False, padding=0, compressed=False, suffix="vmss"):
    """PATH.vmss and PATH.vmem, or one file with the memory INSIDE:
    the image has one region behind the other."""
    page, wide = 0, version & 15 != 0
    tags = vmware_tag("regionsCount", [], struct.pack("<I", len(loads)))
    for i, (paddr, data) in enumerate(loads):
        tags += vmware_tag("regionPageNum", [i], struct.pack("<I", page))
        tags += vmware_tag("regionPPN", [i], struct.pack("<I", paddr // PAGE))
        tags += vmware_tag("regionSize", [i], struct.pack("<I", len(data) // PAGE))
        page += len(data) // PAGE
    image = b"".join(data for _, data in loads)
    if inside:
        tags += vmware_block("Memory", [0, 0], image, wide, padding, compressed)
    else:
        with open(f"{path}.vmem", "wb") as file:
            file.write(image)
    groups = [(b"cpu", vmware_cpus(cpus, wide) + b"\0\0")] if cpus else []
    groups.append((b"memory", tags + b"\0\0"))
    at = 12 + 80 * len(groups)
    with open(f"{path}.{suffix}", "wb") as file:
        file.write(struct.pack("<III", magic, version, len(groups)))
        for name, data in groups:
            file.write(struct.pack("<64sQQ", name, at, len(data)))
            at += len(data)
        for _, data in groups:
            file.write(data)
        file.write(bytes(4 * PAGE))  # crash 9 does not open shorter files
    return f"{path}.{suffix}"


def memory_of_kdump(path):
    """(physical address, bytes) of each run of pages in a compressed kdump
    with zlib pages, and its notes."""
    with open(path, "rb") as file:
        data = file.read()
    size, sub_blocks, bitmap_blocks = struct.unpack_from("<3I", data, 428)
    bitmap = (1 + sub_blocks + bitmap_blocks // 2) * size
    descriptor = (1 + sub_blocks + bitmap_blocks) * size
    bits = int.from_bytes(data[bitmap:descriptor], "little")
    loads, frame = [], 0
    while bits >> frame:
        frame += (bits >> frame & -(bits >> frame)).bit_length() - 1
        run, first = [], frame
        while bits >> frame & 1:
            at, length, flags = struct.unpack_from("<QII", data, descriptor)
            page = data[at:at + length]
            run.append(zlib.decompress(page) if flags & 1 else page)
            descriptor += 24
            frame += 1
        loads.append((first * PAGE, b"".join(run)))
    at, length = struct.unpack_from("<QQ", data, size + 48)
    return loads, data[at:at + length]


def note(name, kind, data):
    name += b"\0"
    return struct.pack("<III", len(name), len(data), kind) + b"".join(part + bytes(-len(part) % 4) for part in (name, data))


def notes_in(data):
    """(offset, name, kind, descriptor) of each ELF note."""
    at = 0
    while at + 12 <= len(data):
        name_bytes, bytes_, kind = struct.unpack_from("<III", data, at)
        name_end = at + 12 + name_bytes
        start = name_end + -name_end % 4
        yield at, data[at + 12:name_end - 1], kind, data[start:start + bytes_]
        at = start + bytes_ + -bytes_ % 4


def vmcoreinfo_in(notes):
    return next((data for _, name, _, data in notes_in(notes) if name == b"VMCOREINFO"), b"")


def frames_in(loads):
    return {(paddr + at) // PAGE: data[at:at + PAGE] for paddr, data in loads for at in range(0, len(data), PAGE)}


def kdump(loads, path, signature=b"KDUMP   ", version=1, level=0, notes=b"", part=None, highest=None):
    """A compressed kdump with zlib pages, or its ancestor with the signature DISKDUMP.
    PART: the first frame of this file of several, and one past the last. The
    sub-header has what its version has."""
    frames = frames_in(loads)
    highest = highest or max(frames) + 1
    bitmap = bytearray(-(-highest // (8 * PAGE)) * PAGE)
    for frame in frames:
        bitmap[frame // 8] |= 1 << frame % 8
    header = bytearray(PAGE)
    struct.pack_into("<8sI", header, 0, signature, version)
    for i, name in enumerate((b"Linux", b"lab", b"", b"", b"x86_64", b"")):
        struct.pack_into("65s", header, 12 + 65 * i, name)
    info = vmcoreinfo_in(notes)
    sub = bytearray(struct.pack("<QI", 0, level).ljust(PAGE, b"\0"))
    sub_blocks = 1
    if version >= 2 and part:
        struct.pack_into("<IQQ", sub, 12, 1, *part)
    if version >= 3 and info:
        sub_blocks += -(-(len(info) + len(notes)) // PAGE)
        struct.pack_into("<QQ", sub, 32, 2 * PAGE, len(info))
        sub += info
    if version >= 4 and info:
        struct.pack_into("<QQ", sub, 48, 2 * PAGE + len(info), len(notes))
        sub += notes
    if version >= 6:
        struct.pack_into("<QQQ", sub, 80, *(part or (0, 0)), highest)
    sub += bytes(sub_blocks * PAGE - len(sub))
    struct.pack_into("<10I", header, 424, 1, PAGE, sub_blocks, 2 * len(bitmap) // PAGE, highest, len(frames), 0, 0, 0, 2)
    mine = [frame for frame in sorted(frames) if not part or part[0] <= frame < part[1]]
    data_at = (1 + sub_blocks) * PAGE + 2 * len(bitmap) + 24 * len(mine)
    descriptors, blocks, known = bytearray(), [], {}
    for frame in mine:
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
        file.write(header + sub + bitmap + bitmap + descriptors)
        file.write(b"".join(blocks))
    return path


def elf64(loads, notes, path):
    """An ELF vmcore; its program headers stand behind the ELF header."""
    at = 64 + 56 * (len(loads) + 1)
    phdrs = struct.pack("<IIQQQQQQ", 4, 0, at, 0, 0, len(notes), len(notes), 0)
    at += len(notes)
    for paddr, data in loads:
        phdrs += struct.pack("<IIQQQQQQ", 1, 7, at, 0, paddr, len(data), len(data), 0)
        at += len(data)
    with open(path, "wb") as file:
        file.write(b"\x7fELF\2\1\1".ljust(16, b"\0") +
                   struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, len(loads) + 1, 0, 0, 0))
        file.write(phdrs + notes)
        for _, data in loads:
            file.write(data)
    return path


def large_machine(loads, notes, steps, path):
    """The same with memory up to 1 TB, and struct pages for the first 200 GB. What is added is a
    hole of the file, but for page tables. STEPS: of vtop's JSON for the struct page of frame 0."""
    loads = [(paddr, bytearray(data)) for paddr, data in loads]
    tables_at, structs_at, end, piece = 1 << 32, 1 << 33, 1 << 40, 2 << 20
    nr_pieces = (200 << 30) // PAGE * 64 // piece
    entries = [0] * (512 * -(-nr_pieces // 512))
    entries[:nr_pieces] = [structs_at + n * piece | 0x80000000000001e3 for n in range(nr_pieces)]

    def fill(table, first, values):
        """Where the kernel has nothing."""
        for base, data in loads:
            if base <= table < base + len(data):
                for n, value in enumerate(values, first):
                    at = table - base + n * 8
                    if struct.unpack_from("<Q", data, at)[0] == 0:
                        struct.pack_into("<Q", data, at, value)

    (pud, pmd) = (int(steps[-n]["entry_at"], 16) for n in (2, 1))
    fill(pmd & -PAGE, 0, entries[:512])
    fill(pud & -PAGE, pud % PAGE // 8 + 1, [tables_at + n * PAGE | 0x67 for n in range(len(entries) // 512 - 1)])
    elf64([*loads, (tables_at, struct.pack(f"<{len(entries) - 512}Q", *entries[512:]))], notes, path)
    with open(path, "r+b") as file:
        last = 64 + 56 * (len(loads) + 1)
        file.seek(last + 8)
        offset, = struct.unpack("<Q", file.read(8))
        file.seek(last + 32)
        file.write(struct.pack("<QQ", end - tables_at, end - tables_at))
        file.truncate(offset + end - tables_at)
    return path


def flattened(source, path, piece=1 << 16):
    """What makedumpfile -F would write of a file: records of PIECE bytes,
    the second half before the first. Returns where each record begins."""
    with open(source, "rb") as file:
        data = file.read()
    starts = list(range(0, len(data), piece))
    records = []
    with open(path, "wb") as file:
        file.write(struct.pack(">16sQQ", b"makedumpfile", 1, 1).ljust(PAGE, b"\0"))
        for start in starts[len(starts) // 2:] + starts[:len(starts) // 2]:
            records.append(file.tell())
            file.write(struct.pack(">qq", start, len(data[start:start + piece])) + data[start:start + piece])
        records.append(file.tell())
        file.write(struct.pack(">qq", -1, -1))
    return records


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


def rle(page):
    """LKCD's run-length form: 0 N V is N + 1 times V, 0 0 a single zero, everything else itself."""
    packed, at = bytearray(), 0
    while at < len(page):
        value, count = page[at], 1
        while at + count < len(page) and count < 256 and page[at + count] == value:
            count += 1
        if count > 2 or value == 0 and count == 2:
            packed += bytes([0, count - 1, value])
        elif value == 0:
            packed += b"\0\0"
        else:
            packed += bytes([value]) * count
        at += count
    return bytes(packed)


def lkcd_header(version, compression, nr_pages, registers=(), names=(), buffer_bytes=65536, task=0):
    """Dump header and architecture's header, padded to the size of the dump buffer."""
    header = struct.pack("<QIIIIQQQI", 0xa8190173618f23ed, version, 734 if version == 8 else 742, 8, PAGE, 0, 0, 0, nr_pages)
    header += b"lab: panic message".ljust(256, b"\0") + struct.pack("<QQ", 1700000000, 0)
    for i in range(6):
        header += (names[i] if i < len(names) else b"").ljust(65, b"\0")
    header += struct.pack("<QIII", task, compression, 0, 0)
    if version >= 9:
        header += struct.pack("<Q", buffer_bytes)
    slots = 32
    arch = struct.pack("<QII", 0xdeaddead, 2, 192 + slots * 192) + bytes(168) + struct.pack("<Ii", len(registers), 0)
    arch += b"".join(registers).ljust(168 * slots, b"\0") + bytes(24 * slots)
    return (header + arch).ljust(buffer_bytes, b"\0")


def lkcd(loads, path, compression="gzip", version=8, registers=(), names=(), shuffle=None, buffer_bytes=65536, task=0):
    """A dump of LKCD: packed pages where that is shorter, raw ones otherwise."""
    methods = {"none": (0, lambda page: page), "rle": (1, rle), "gzip": (2, lambda page: zlib.compress(page, 1))}
    number, pack = methods[compression]
    pages, known = [], {}
    for paddr, data in loads:
        for at in range(0, len(data), PAGE):
            page = data[at:at + PAGE]
            if page not in known:
                packed = pack(page)
                known[page] = (packed, 2) if len(packed) < PAGE else (page, 1)
            pages.append((paddr + at, *known[page]))
    if shuffle:
        shuffle.shuffle(pages)
    with open(path, "wb") as file:
        file.write(lkcd_header(version, number, len(pages), registers, names, buffer_bytes, task))
        for address, packed, flags in pages:
            file.write(struct.pack("<QII", address, len(packed), flags))
            file.write(packed)
        file.write(struct.pack("<QII", 0, 0, 4))
    return path


def elf_core(rows, data=b"", count=None, sections_at=0):
    """An ELF core with these (type, offset, physical address, bytes in the file,
    bytes in memory) before its data."""
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 4, 62, 1, 0, 64, sections_at, 0, 64, 56,
                         len(rows) if count is None else count, 64, 1 if sections_at else 0, 0)
    return header + b"".join(struct.pack("<IIQQQQQQ", kind, 7, at, 0, address, bytes_, more, 0)
                             for kind, at, address, bytes_, more in rows) + data


def small_vmlinux(path, btf=bytes(64), **sizes):
    """With the symbol and the text by which a kernel is known;
    SIZES: what the header of that section says of it."""
    names = b"\0.shstrtab\0.strtab\0.symtab\0.rodata\0.notes\0.BTF\0"
    banner = b"Linux version 6.1 (lab@lab) (gcc) #1 SMP\n".ljust(600, b"\0")
    symbols = bytes(24) + struct.pack("<IBBHQQ", 1, 0x11, 0, 4, KERNEL_TEXT, 600)
    at, body, headers = 64, b"", bytes(64)
    for name, kind, data, link, address in (("shstrtab", 3, names, 0, 0), ("strtab", 3, b"\0linux_banner\0", 0, 0),
                                            ("symtab", 2, symbols, 2, 0), ("rodata", 1, banner, 0, KERNEL_TEXT),
                                            ("notes", 7, note(b"GNU", 3, bytes(20)), 0, 0), ("BTF", 1, btf, 0, 0)):
        headers += struct.pack("<IIQQQQIIQQ", names.index(b"." + name.encode() + b"\0"), kind, 2 if address else 0, address,
                               at + len(body), sizes.get(name, len(data)), link, 0, 8, 24)
        body += data + bytes(-len(data) % 8)
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 62, 1, 0, 0, at + len(body), 0, 64, 56, 0, 64,
                         sizes.get("count", 7), 1)
    if not sizes.get("count", 7):
        headers = headers[:32] + struct.pack("<Q", sizes["first"]) + headers[40:]
    with open(path, "wb") as file:
        file.write(header + body + headers)
    return path
