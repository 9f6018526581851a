# Every format, cut at each border of its structures and at random places, each length and offset wrong.
# SPDX-License-Identifier: GPL-3.0-or-later
import functools
import pathlib
import sys
import tempfile

from harness import expect, run_crash

sys.path[:0] = [str(pathlib.Path(__file__).parent)]
import damage  # noqa: E402
import writers  # noqa: E402
from damage import Field, Subject  # noqa: E402

# How a file is read depends on no kernel.
ONE_KERNEL = True
PAGE = writers.PAGE


@functools.lru_cache(maxsize=None)
def saved(kernel):
    """What a session reads, as a small dump:
    the path in a folder that lasts as long as the run, its memory, its notes."""
    folder = tempfile.TemporaryDirectory()
    path = pathlib.Path(folder.name, "saved")
    run_crash("-s", "--save", path, kernel.vmlinux, kernel.vmcore, stdin="sys\nlog\nps\nbt\nquit\n")
    expect(path.exists(), "the session's pages were not saved")
    loads, notes = writers.memory_of_kdump(path)
    return folder, path, loads, notes


def subject(name, folder, words, loads, **more):
    """With the first and last frame of the memory to be read,
    the largest run's middle, and a frame beyond all."""
    frames = sorted(writers.frames_in(loads))
    largest = max(loads, key=lambda load: len(load[1]))
    middle = (largest[0] + len(largest[1]) // 2) // PAGE
    return Subject(name, folder, words, frames=[frames[0], middle, frames[-1], frames[-1] + 1], **more)


# --- where each format has its structures ---

def kdump_fields(path, file="dump"):
    with open(path, "rb") as source:
        data = source.read(1 << 22)
    version = int.from_bytes(data[8:12], "little")
    sub_blocks, bitmap_blocks = (int.from_bytes(data[at:at + 4], "little") for at in (432, 436))
    bitmap, descriptors = (1 + sub_blocks) * PAGE, (1 + sub_blocks + bitmap_blocks) * PAGE
    count = int.from_bytes(data[bitmap:descriptors], "little").bit_count() // 2
    names = [("version", 8, 4), ("status", 424, 4), ("block size", 428, 4), ("sub-header blocks", 432, 4),
             ("bitmap blocks", 436, 4), ("frames", 440, 4), ("CPUs", 460, 4)]
    sub = [(2, "split", 12, 4), (2, "first frame", 16, 8), (2, "last frame", 24, 8), (3, "vmcoreinfo's offset", 32, 8),
           (3, "vmcoreinfo's size", 40, 8), (4, "notes' offset", 48, 8), (4, "notes' size", 56, 8),
           (5, "eraseinfo's offset", 64, 8), (5, "eraseinfo's size", 72, 8), (6, "first frame's 64 bits", 80, 8),
           (6, "last frame's 64 bits", 88, 8), (6, "64 bits of frames", 96, 8)]
    names += [(name, PAGE + at, width) for since, name, at, width in sub if version >= since]
    for index in (0, count // 2, count - 1):
        at = descriptors + 24 * index
        names += [(f"page {index}'s {name}", at + more, width)
                  for name, more, width in (("offset", 0, 8), ("size", 8, 4), ("compression", 12, 4))]
    edges = [PAGE, 2 * PAGE, bitmap, (bitmap + descriptors) // 2, descriptors, descriptors + 24, descriptors + 24 * count, 464,
             PAGE + 104, len(data)]
    return [Field(name, file, at, width) for name, at, width in names], [(file, at) for at in edges]


def elf_fields(path, file="dump"):
    with open(path, "rb") as source:
        data = source.read(1 << 20)
    wide = data[4] == 2
    if wide:
        header = [("e_phoff", 32, 8), ("e_shoff", 40, 8), ("e_ehsize", 52, 2), ("e_phentsize", 54, 2), ("e_phnum", 56, 2),
                  ("e_shentsize", 58, 2), ("e_shnum", 60, 2)]
        segment = [("p_offset", 8, 8), ("p_paddr", 24, 8), ("p_filesz", 32, 8), ("p_memsz", 40, 8)]
        first, size, count = 64, 56, int.from_bytes(data[56:58], "little")
    else:
        header = [("e_phoff", 28, 4), ("e_shoff", 32, 4), ("e_ehsize", 40, 2), ("e_phentsize", 42, 2), ("e_phnum", 44, 2),
                  ("e_shentsize", 46, 2), ("e_shnum", 48, 2)]
        segment = [("p_offset", 4, 4), ("p_paddr", 12, 4), ("p_filesz", 16, 4), ("p_memsz", 20, 4)]
        first, size, count = 52, 32, int.from_bytes(data[44:46], "little")
    fields = list(header)
    for index in (0, 1, count // 2, count - 1):
        fields += [(f"segment {index}'s {name}", first + size * index + at, width) for name, at, width in segment]
    offset, length = (int.from_bytes(data[first + at:first + at + width], "little") for _, at, width in (segment[0], segment[2]))
    notes = list(writers.notes_in(data[offset:offset + length]))
    edges = [first, first + size, first + size * count, offset + length, offset + length + PAGE]
    for index in (0, len(notes) - 1):
        at = offset + notes[index][0]
        fields += [(f"note {index}'s name size", at, 4), (f"note {index}'s size", at + 4, 4)]
        edges += [at, at + 12]
    return [Field(name, file, at, width) for name, at, width in fields], [(file, at) for at in edges]


def flat_fields(records, file="dump"):
    fields = [("type", 16, 8), ("version", 24, 8)]
    for index in (0, len(records) // 2, len(records) - 2, len(records) - 1):
        fields += [(f"record {index}'s offset", records[index], 8), (f"record {index}'s size", records[index] + 8, 8)]
    edges = [32, PAGE] + [at + more for at in (records[0], records[len(records) // 2], records[-1]) for more in (0, 8, 16)]
    return [Field(name, file, at, width, "big") for name, at, width in fields], [(file, at) for at in edges]


def lkcd_fields(path, file="dump"):
    with open(path, "rb") as source:
        data = source.read()
    arch = int.from_bytes(data[12:16], "little")
    fields = [("magic", 0, 8), ("version", 8, 4), ("header size", 12, 4), ("level", 16, 4), ("page size", 20, 4), ("memory", 24, 8),
              ("pages", 48, 4), ("time", 308, 8), ("task", 714, 8), ("compression", 722, 4), ("arch's magic", arch, 8),
              ("arch's version", arch + 8, 4), ("arch's size", arch + 12, 4), ("CPUs", arch + 184, 4), ("dumping CPU", arch + 188, 4)]
    if arch > 734:
        fields.append(("buffer's size", 734, 8))
    at, pages = 65536, []
    while at + 16 < len(data):
        pages.append(at)
        at += 16 + int.from_bytes(data[at + 8:at + 12], "little")
    edges = [734, arch, arch + 192, arch + 192 + 32 * 192, 65536, at, at + 16]
    for index in (0, len(pages) // 2, len(pages) - 1):
        fields += [(f"page {index}'s {name}", pages[index] + more, width)
                   for name, more, width in (("address", 0, 8), ("size", 8, 4), ("flags", 12, 4))]
        edges += [pages[index], pages[index] + 8, pages[index] + 16]
    fields += [("end's address", at, 8), ("end's size", at + 8, 4), ("end's flags", at + 12, 4)]
    return [Field(name, file, at, width) for name, at, width in fields], [(file, at) for at in edges]


def vmware_fields(path, file="guest.vmss"):
    """Of each kind of tag one."""
    data = pathlib.Path(path).read_bytes()
    groups = int.from_bytes(data[8:12], "little")
    fields, edges = [("version", 4, 4), ("groups", 8, 4)], [12, 12 + 80 * groups]
    for index in range(groups):
        at = 12 + 80 * index
        fields += [(f"group {index}'s offset", at + 64, 8), (f"group {index}'s size", at + 72, 8)]
        start = int.from_bytes(data[at + 64:at + 72], "little")
        edges += [at + 80, start, start + 1]
    for name in (b"cpu:numVCPUs", b"regionsCount", b"regionPageNum", b"regionPPN", b"regionSize", b"rip", b"CR64", b"IDTR", b"Memory"):
        # The last of the memory's; those of the CPUs are alike.
        for at in {data.find(name) if name == b"Memory" else data.rfind(name, 0, 1 << 16)} - {-1}:
            text = name.decode() + f" at {at}"
            value = at + len(name) + 4 * (data[at - 2] >> 6)
            fields += [(f"kind of {text}", at - 2, 1), (f"name size of {text}", at - 1, 1), (f"value of {text}", value, 4)]
            edges += [at, value]
            if data[at - 2] >> 6:
                fields.append((f"index of {text}", at + len(name), 4))
            if data[at - 2] & 63 > 61:
                fields += [(f"size of {text}", value, 8), (f"size in memory of {text}", value + 8, 8), (f"padding of {text}", value + 16, 2)]
                edges += [value + 8, value + 16, value + 18]
    return [Field(name, file, at, width) for name, at, width in fields], [(file, at) for at in edges]


# --- tests ---

def check_kdump(kernel, version, signature=b"KDUMP   "):
    _, _, loads, notes = saved(kernel)
    with tempfile.TemporaryDirectory() as folder:
        path = writers.kdump(loads, f"{folder}/dump", signature, version, 31, notes)
        fields, edges = kdump_fields(path)
        damage.check(kernel, subject(f"{signature.decode().strip()} {version}", folder, ["dump"], loads, fields=fields, boundaries=edges))


def test_kdump_version_1(kernel):
    check_kdump(kernel, 1)


def test_kdump_version_2(kernel):
    check_kdump(kernel, 2)


def test_kdump_version_3(kernel):
    check_kdump(kernel, 3)


def test_kdump_version_4(kernel):
    check_kdump(kernel, 4)


def test_kdump_version_5(kernel):
    check_kdump(kernel, 5)


def test_kdump_version_6(kernel):
    check_kdump(kernel, 6)


def test_diskdump(kernel):
    check_kdump(kernel, 1, b"DISKDUMP")


def test_split_kdump(kernel):
    _, _, loads, notes = saved(kernel)
    frames = sorted(writers.frames_in(loads))
    middle = frames[len(frames) // 2]
    with tempfile.TemporaryDirectory() as folder:
        for name, part in (("first", (0, middle)), ("second", (middle, frames[-1] + 1))):
            writers.kdump(loads, f"{folder}/{name}", version=6, level=31, notes=notes, part=part)
        fields, edges = kdump_fields(f"{folder}/second", "second")
        # What the two have to agree on, and where they must not overlap.
        fields = [field for field in fields if "page" not in field.name]
        one = subject("split kdump", folder, ["first", "second"], loads, fields=fields, boundaries=edges,
                      arguments=[["{folder}/first"], ["{folder}/second"], ["{folder}/first", "{folder}/first"]])
        damage.check(kernel, one)


def test_elf64(kernel):
    _, _, loads, notes = saved(kernel)
    with tempfile.TemporaryDirectory() as folder:
        fields, edges = elf_fields(writers.elf64(loads, notes, f"{folder}/dump"))
        damage.check(kernel, subject("ELF64", folder, ["dump"], loads, fields=fields, boundaries=edges))


def test_elf32(kernel):
    _, _, loads, notes = saved(kernel)
    with tempfile.TemporaryDirectory() as folder:
        fields, edges = elf_fields(writers.elf32(loads, notes, f"{folder}/dump"))
        damage.check(kernel, subject("ELF32", folder, ["dump"], loads, fields=fields, boundaries=edges))


def test_netdump(kernel):
    """Its one segment begins behind the notes, whose task is a number, too; the file has holes."""
    _, _, loads, notes = saved(kernel)
    registers = next(data for _, _, kind, data in writers.notes_in(notes) if kind == 1)
    short = writers.core_note(1, registers) + writers.core_note(3, bytes(136)) + writers.core_note(4, bytes(9088))
    with tempfile.TemporaryDirectory() as folder:
        fields, edges = elf_fields(writers.netdump(loads, short, f"{folder}/dump"))
        task = 64 + 2 * 56 + len(short) - 9088
        fields += [Field("task", "dump", task, 8), Field("p_vaddr", "dump", 64 + 56 + 16, 8)]
        damage.check(kernel, subject("netdump", folder, ["dump"], loads, fields=fields, boundaries=edges + [("dump", task)]))


def check_lkcd(kernel, compression, version):
    _, _, loads, notes = saved(kernel)
    with tempfile.TemporaryDirectory() as folder:
        path = writers.lkcd(loads, f"{folder}/dump", compression, version, writers.registers_of(notes))
        fields, edges = lkcd_fields(path)
        damage.check(kernel, subject(f"LKCD {version}, {compression}", folder, ["dump"], loads, fields=fields, boundaries=edges))


def test_lkcd_gzip(kernel):
    check_lkcd(kernel, "gzip", 9)


def test_lkcd_rle(kernel):
    check_lkcd(kernel, "rle", 8)


def test_flattened_kdump(kernel):
    _, _, loads, notes = saved(kernel)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as aside:
        records = writers.flattened(writers.kdump(loads, f"{aside}/dump", version=6, level=31, notes=notes), f"{folder}/dump")
        fields, edges = flat_fields(records)
        damage.check(kernel, subject("flattened kdump", folder, ["dump"], loads, fields=fields, boundaries=edges))


def test_flattened_elf(kernel):
    _, _, loads, notes = saved(kernel)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as aside:
        fields, edges = flat_fields(writers.flattened(writers.elf64(loads, notes, f"{aside}/dump"), f"{folder}/dump"))
        damage.check(kernel, subject("flattened ELF", folder, ["dump"], loads, fields=fields, boundaries=edges))


def regions(loads, gap=256):
    """Runs of pages with up to GAP pages between them are one, with zeroes in between."""
    merged = []
    for paddr, data in loads:
        hole = paddr - merged[-1][0] - len(merged[-1][1]) if merged else 1 << 60
        if hole <= gap * PAGE:
            merged[-1][1].extend(bytes(hole) + data)
        else:
            merged.append((paddr, bytearray(data)))
    return merged


def check_vmware(kernel, **how):
    _, _, loads, _ = saved(kernel)
    cpus = writers.qemu_registers(kernel.folder / "registers")
    with tempfile.TemporaryDirectory() as folder:
        path = writers.vmware(regions(loads)[::-1], f"{folder}/guest", cpus=cpus, **how)
        fields, edges = vmware_fields(path)
        if how:
            # The tags are the same.
            fields = [field for field in fields if "Memory" in field.name]
        else:
            edges.append(("guest.vmem", PAGE))
        damage.check(kernel, subject("VMware" + " inside" * len(how), folder, ["guest.vmss"], loads, fields=fields, boundaries=edges))


def test_vmware(kernel):
    check_vmware(kernel)


def test_vmware_with_memory_inside(kernel):
    check_vmware(kernel, inside=True)


def test_raw_memory(kernel):
    """No numbers but those of the argument."""
    _, _, loads, _ = saved(kernel)
    with tempfile.TemporaryDirectory() as folder:
        words = []
        for i, (paddr, data) in enumerate(loads):
            pathlib.Path(folder, f"piece{i}").write_bytes(data)
            words.append(f"{{folder}}/piece{i}@{paddr:x}")
        addresses = ("0", "1", "fff", "ffffffffffffffff", "fffffffffffff000", f"{loads[-1][0]:x}", "x", "", "-1")
        arguments = [[f"{{folder}}/piece0@{address},{words[-1]}"] for address in addresses]
        edges = [("piece0", at) for at in (1, PAGE)]
        damage.check(kernel, subject("raw memory", folder, [",".join(words)], loads, boundaries=edges, arguments=arguments,
                                     damaged=["piece0"]))
