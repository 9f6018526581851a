# help -D, -n and -r: header, notes and registers of every format, against the files' own bytes and QEMU's word.
# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import re
import struct
import sys

from harness import TOP, equal, expect

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(TOP / "tests/lab")]
import test_dumps  # noqa: E402


def fields(text):
    """NAME: VALUE lines; of a split dump those of the first file."""
    found = {}
    for name, value in re.findall(r"^ *([\w.]+): (.*)$", text, re.M):
        found.setdefault(name, value)
    return found


def number(value):
    return int(value.split()[0])


def kdump_header_is_the_files(dump):
    text = dump.crash("help -D")
    got = fields(text)
    equal(text.splitlines()[0], "format: compressed kdump", "first line")
    equal(got["signature"], '"KDUMP   "', "signature")
    data = dump.files[0].read_bytes()[:3 * 4096] if "flat" not in dump.pattern else None
    if data:
        wanted = struct.unpack_from("<IIII", data, 424)
        equal((int(got["status"].split()[0], 16), *(number(got[n]) for n in ("block_size", "sub_hdr_size", "bitmap_blocks"))),
              wanted, "status, block_size, sub_hdr_size, bitmap_blocks")
        level, split = struct.unpack_from("<II", data, 4096 + 8)
        equal((number(got["dump_level"]), number(got["split"])), (level, split), "dump_level, split")
        offset, size, notes, notes_size = struct.unpack_from("<QQQQ", data, 4096 + 32)
        equal([number(got[n]) for n in ("offset_vmcoreinfo", "size_vmcoreinfo", "offset_note", "size_note")],
              [offset, size, notes, notes_size], "places of vmcoreinfo and notes")
    equal(got["release"], dump.truth("proc/sys/kernel/osrelease").strip(), "release")
    equal(number(got["dump_level"]), int(re.search(r"-d(\d+)$", dump.pattern)[1]), "dump_level")


def test_compressed_kdump(kernel):
    kdumps = [d for d in test_dumps.files(kernel) if d.name.startswith("kdump") and "elf" not in d.pattern]
    expect(len(kdumps) > 5, f"{len(kdumps)} compressed kdumps")
    test_dumps.on_all(kdumps, kdump_header_is_the_files)


def elf_header_is_the_files(dump):
    text = dump.crash("help -D")
    got = fields(text)
    expect(text.startswith("format: ELF vmcore"), text[:60])
    if "flat" in dump.pattern:
        return
    data = dump.files[0].read_bytes()[:1 << 20]
    offset, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    segments = [struct.unpack_from("<IIQQQQQQ", data, offset + i * size) for i in range(count)]
    loads = [s for s in segments if s[0] == 1]
    equal((number(got["e_phnum"]), int(got["e_phoff"], 16), number(got["num_pt_load_segments"])), (count, offset, len(loads)),
          "e_phnum, e_phoff, num_pt_load_segments")
    ranges = [(int(a, 16), int(b, 16)) for a, b in re.findall(r"phys_start: (\w+)  phys_end: (\w+)", text)]
    for segment in loads:
        start, length = segment[4], segment[5]
        expect(any(a <= start and start + length <= b for a, b in ranges) or not length,
               f"{start:x} + {length:x} is in none of {len(ranges)} ranges")


def test_elf(kernel):
    kdump = kernel.dump("kdump")
    test_dumps.on_all([kernel.dump("sysrq"), kdump, kdump.variant("vmcore.elf-d31"), kdump.variant("vmcore.flat-elf-d31")],
                      elf_header_is_the_files)


def notes_have_vmcoreinfo(dump):
    text = dump.crash("help -n")
    expect(f"\nOSRELEASE={dump.truth('proc/sys/kernel/osrelease').strip()}\n" in text, "help -n has no OSRELEASE")
    expect(re.search(r"^SYMBOL\(_stext\)=ffffffff", text, re.M), "help -n has no _stext")
    equal("not a note but found in memory" in text, dump.name.startswith("nonote"), "help -n says that it is no note")
    expect("dump_level" not in text and "e_phnum" not in text, "help -n shows the header")
    if not dump.name.startswith("nonote"):
        expect(dump.crash("help -D").endswith(text), "help -D does not end with the notes")


def test_notes(kernel):
    test_dumps.on_all([kernel.dump("sysrq"), kernel.dump("kdump"), kernel.dump("nonote"), *test_dumps.files(kernel)],
                      notes_have_vmcoreinfo)


def registers(text):
    """{cpu: {register: value}} of help -r."""
    parts = re.split(r"^CPU (\d+):\n", text, flags=re.M)[1:]
    return {int(cpu): {n: int(v, 16) for n, v in re.findall(r"([A-Za-z]\w+(?: GS base| base)?): ([0-9a-f]+)", body)}
            for cpu, body in zip(parts[::2], parts[1::2])}


def monitor_registers(dump):
    """QEMU's `info registers -a` of the stopped machine."""
    text = (dump.folder / "registers").read_text()
    found = {}
    for cpu, body in re.findall(r"CPU#(\d+)\s*\n(.*?)(?=CPU#|\Z)", text, re.S):
        pairs = re.findall(r"\b(R[A-Z0-9]{1,2}|RIP|RFL|CR[0234]) ?=([0-9a-f]+)", body)
        found[int(cpu)] = {name: int(value, 16) for name, value in pairs}
    return found


def registers_are_the_monitors(dump):
    got, wanted = registers(dump.crash("help -r")), monitor_registers(dump)
    expect(len(wanted) > 1, "no registers in the monitor's record")
    equal(sorted(got), sorted(wanted), "CPUs")
    for cpu, values in wanted.items():
        names = {name: "RFLAGS" if name == "RFL" else name for name in values}
        different = [n for n, own in names.items() if got[cpu].get(own) != values[n]]
        expect(not different, f"CPU {cpu}: {different}: {[hex(got[cpu].get(names[n], 0)) for n in different]}, "
                              f"wanted {[hex(values[n]) for n in different]}")


def test_registers_of_qemu(kernel):
    sysrq, nonote = kernel.dump("sysrq"), kernel.dump("nonote")
    test_dumps.on_all([sysrq, sysrq.variant("vmcore.zlib"), nonote, nonote.variant("vmcore.zlib")], registers_are_the_monitors)


def test_registers_of_kdump(kernel):
    """One PRSTATUS note a CPU; the panicking one's stack is on bt's way,
    below it what ran after they were saved."""
    kdump = kernel.dump("kdump")
    wanted = registers(kdump.crash("help -r"))
    equal(len(wanted), 2, "CPUs with registers")
    trace = kdump.crash("bt")
    cpu = re.search(r"CPU: (\d+) ", trace)[1]
    stacks = [int(word, 16) for word in re.findall(r"^ *#\d+ \[([0-9a-f]{16})\]", trace, re.M)]
    saved = wanted[int(cpu)]["RSP"]
    # Where the word with the return address is, or behind it when that function was left again.
    expect({saved, saved - 8} & set(stacks[:3]), f"no frame of {stacks} has the saved stack pointer {saved:x}")
    for dump in test_dumps.files(kernel):
        if dump.name.startswith("kdump"):
            equal(registers(dump.crash("help -r")), wanted, f"registers of {dump.name}")
