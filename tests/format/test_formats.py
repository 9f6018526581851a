# The same memory in every format gives the same answers.
# SPDX-License-Identifier: GPL-3.0-or-later
import functools
import os
import pathlib
import random
import re
import struct
import tempfile

from format import writers
from harness import equal, expect, run_crash

COMMANDS = "ps\nlog\nmod\nsys -i\nquit\n"


def answers(vmlinux, dump):
    result = run_crash("-s", vmlinux, dump, stdin=COMMANDS)
    return result.stdout


@functools.lru_cache(maxsize=None)
def alone(option, dump):
    return run_crash(option, dump)


def check_without_vmlinux(kernel, dump, what):
    """What a dump says alone; the release also by the guest's own record."""
    for option in ("--osrelease", "--build-id", "-t", "--log"):
        wanted, got = alone(option, kernel.vmcore), run_crash(option, dump)
        expect(wanted.status == 0 and wanted.stdout.strip(), f"{option} of the ELF dump: {wanted.stderr[:200]!r}")
        expect(got.stdout == wanted.stdout, f"{option} of {what}: {got.stdout[-200:]!r} {got.stderr[:300]!r}")
        if option == "--osrelease":
            equal(got.stdout, kernel.truth("proc/sys/kernel/osrelease"), f"{option} of {what}")


def check(kernel, dump, what):
    wanted = answers(kernel.vmlinux, kernel.vmcore).splitlines()
    got = answers(kernel.vmlinux, dump).splitlines()
    expect(len(wanted) > 100, "the ELF dump gives no answers to compare with")
    different = [(a, b) for a, b in zip(got, wanted) if a != b]
    equal(len(got), len(wanted), f"lines of output from {what}")
    expect(not different, f"{what}: {different[:2]!r}")
    check_without_vmlinux(kernel, dump, what)


def test_snappy(kernel):
    """The lab's own packer, because Debian's makedumpfile has no snappy. crash 9.0.2, which has it,
    prints the same for ps, log and bt from this file as from makedumpfile's with zlib."""
    dump = kernel.dump("kdump")
    packed, zlib = (run_crash("-s", dump.vmlinux, dump.folder / f"vmcore.{name}-d31", stdin="ps\nlog\nbt -a\nhelp -D\nquit\n").stdout
                    for name in ("snappy", "zlib"))
    expect(packed.count("\n") > 500, f"answers from a snappy dump: {packed[:200]!r}")
    answers_end = "format: "
    equal(packed.split(answers_end)[0], zlib.split(answers_end)[0], "answers from a snappy dump")


def test_raw_memory(kernel):
    loads, _ = writers.memory_of_elf(kernel.vmcore)
    with tempfile.TemporaryDirectory() as folder:
        words = []
        for i, (paddr, data) in enumerate(loads):
            half = len(data) // 2
            for at, piece in ((half, data[half:]), (0, data[:half])):
                path = pathlib.Path(folder) / f"memory{i}.{at}"
                path.write_bytes(piece)
                words.append(f"{path}@{paddr + at:x}")
        check(kernel, ",".join(words), "raw memory")
        result = run_crash("-s", kernel.vmlinux, f"{words[0]},{words[0]}", stdin="quit\n")
        equal(result.status, 1, "exit status for the same memory twice")
        expect("is given twice" in result.stderr, f"message: {result.stderr!r}")


def test_vmware(kernel):
    loads, _ = writers.memory_of_elf(kernel.vmcore)
    with tempfile.TemporaryDirectory() as folder:
        state = writers.vmware(loads, f"{folder}/guest")
        check(kernel, state, "VMware state")
        pathlib.Path(folder, "guest.vmem").unlink()
        result = run_crash("-s", kernel.vmlinux, state, stdin="quit\n")
        expect("guest.vmem: No such file" in result.stderr, f"message without the memory's file: {result.stderr!r}")


def test_vmware_in_every_shape(kernel):
    """The memory inside, sizes of 32 bits, a snapshot,
    regions in another order than in memory and above 4 GB."""
    loads, _ = writers.memory_of_elf(kernel.vmcore)
    pieces = [(paddr + at, data[at:at + (48 << 20)]) for paddr, data in loads for at in range(0, len(data), 48 << 20)]
    pieces.insert(1, (4 << 30, bytes(range(256)) * 64))
    pieces.reverse()
    with tempfile.TemporaryDirectory() as folder:
        for magic, version, inside, padding, suffix in ((0xbed2bed2, 8, True, 0, "vmss"), (0xbed2bed0, 0, True, 13, "vmsn"),
                                                        (0xbad1bad1, 8, True, 4000, "vmss"), (0xbed3bed3, 8, False, 0, "vmsn")):
            state = writers.vmware(pieces, f"{folder}/guest", magic, version, inside=inside, padding=padding, suffix=suffix)
            check(kernel, state, f"VMware {suffix}, version {version}")
            result = run_crash("-s", kernel.vmlinux, state, stdin="rd -p 100000008\nrd -p 100004000\nhelp -D\nquit\n")
            expect(" 100000008:  0f0e0d0c0b0a0908" in result.stdout, f"above 4 GB: {result.stdout[:200]!r}")
            expect("100004000: not in the dump" in result.stdout, f"behind that region: {result.stdout[:300]!r}")
            expect(f"version: {version} (sizes of {64 if version else 32} bits)" in result.stdout, f"help -D: {result.stdout[:600]!r}")
            pathlib.Path(state).unlink()


def test_vmware_compressed(kernel):
    with tempfile.TemporaryDirectory() as folder:
        state = writers.vmware([(0, bytes(1 << 16))], f"{folder}/guest", inside=True, compressed=True)
        result = run_crash("-s", kernel.vmlinux, state, stdin="quit\n")
    equal(result.status, 1, "exit status for compressed memory")
    expect("the guest's memory is compressed" in result.stderr, f"message: {result.stderr!r}")


def test_vmware_registers(kernel):
    """The registers that QEMU's monitor told lead to the traces that its notes lead to."""
    loads, _ = writers.memory_of_elf(kernel.vmcore)
    cpus = writers.qemu_registers(kernel.folder / "registers")
    with tempfile.TemporaryDirectory() as folder:
        for version in (8, 0):
            state = writers.vmware(loads, f"{folder}/guest", version=version, cpus=cpus)
            text = run_crash("-s", kernel.vmlinux, state, stdin="help -r\nquit\n").stdout
            told = [{name.lower(): int(value, 16) for name, value in re.findall(r"(\w+)(?: base)?: +(\w+)", part)}
                    for part in text.split("CPU ")[1:]]
            equal(len(told), len(cpus), "CPUs in help -r")
            for got, cpu in zip(told, cpus):
                for name in ("rip", "rsp", "rax", "rbx", "rdi", "r8", "r15", "cr0", "cr2", "cr3", "cr4"):
                    equal(got[name], cpu[name], f"{name} in help -r")
                equal((got["rflags"], got["idt"]), (cpu["rfl"], cpu["idt"][0]), "flags and IDT in help -r")
            traces = run_crash("-s", kernel.vmlinux, state, stdin="bt -a\nquit\n").stdout
            equal(traces, kernel.crash("bt -a"), "bt -a")
        # Without the first CPU's, which is told, its task has still a trace.
        state = writers.vmware(loads, f"{folder}/guest", cpus=cpus)
        data = pathlib.Path(state).read_bytes().replace(b"rip" + bytes(4), b"rIP" + bytes(4))
        pathlib.Path(state).write_bytes(data)
        result = run_crash("-s", kernel.vmlinux, state, stdin="help -r\nquit\n")
        expect("CPU 0:" not in result.stdout and "CPU 1:" in result.stdout, f"help -r: {result.stdout[:300]!r}")
        expect(f"no registers of 1 of its {len(cpus)} CPUs" in result.stderr, f"warning: {result.stderr!r}")


def test_vmware_without_vmcoreinfo(kernel):
    """The page tables that a CPU used lead to the kernel image."""
    dump = kernel.dump("nonote")
    loads, _ = writers.memory_of_elf(dump.vmcore)
    cpus = writers.qemu_registers(dump.folder / "registers")
    with tempfile.TemporaryDirectory() as folder:
        state = writers.vmware(loads, f"{folder}/guest", cpus=cpus)
        equal(run_crash("-s", dump.vmlinux, state, stdin="bt -a\nquit\n").stdout, dump.crash("bt -a"), "bt -a without vmcoreinfo")


def test_diskdump(kernel):
    loads, _ = writers.memory_of_elf(kernel.vmcore)
    with tempfile.TemporaryDirectory() as folder:
        check(kernel, writers.kdump(loads[:1], f"{folder}/old", b"DISKDUMP"), "diskdump")


def crashed_task(dump):
    """(address, CPU) of the task that crashed, as the session starts with it."""
    text = run_crash("-s", dump.vmlinux, dump.vmcore, stdin="set\nquit\n").stdout
    return int(re.search(r"TASK: ([0-9a-f]{16})", text)[1], 16), int(re.search(r"CPU: (\d+)", text)[1])


def registers_of(notes, cpu):
    """The words of a CPU's NT_PRSTATUS;
    QEMU writes one a CPU, in their order, before its own notes."""
    return struct.unpack_from("<27Q", notes, cpu * (20 + 336) + 20 + 112)


def test_netdump(kernel):
    """One segment from physical 0 on, a hole below the firmware's memory,
    and one CPU's registers."""
    loads, notes = writers.memory_of_elf(kernel.vmcore)
    task, cpu = crashed_task(kernel)
    registers = registers_of(notes, cpu)
    wanted = run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin="bt\nquit\n").stdout
    info = writers.note(b"VMCOREINFO", 0, writers.vmcoreinfo_in(notes))
    for name, wide, with_task in (("wide", True, True), ("no task", True, False), ("narrow", False, True),
                                  ("VMCOREINFO", True, True)):
        short = writers.core_note(1, writers.prstatus(registers)) + writers.core_note(3, bytes(136))
        if with_task:
            short += writers.core_note(4, struct.pack("<Q", task) + bytes(9080))
        short += info if name == "VMCOREINFO" else b""
        with tempfile.TemporaryDirectory() as folder:
            path = writers.netdump(loads if wide else loads[:1], short, f"{folder}/vmcore", wide=wide)
            check(kernel, path, f"netdump, {name}")
            got = run_crash("-s", kernel.vmlinux, path, stdin="bt\nquit\n").stdout
            equal(got, wanted, f"bt in netdump, {name}")
            other = run_crash("-s", kernel.vmlinux, path, stdin=f"bt -c {1 - cpu}\nquit\n")
            expect(f"registers of CPU {1 - cpu} were not saved" in other.stdout + other.stderr,
                   f"bt of the other CPU in netdump, {name}: {other.stdout[:300]!r} {other.stderr!r}")
            header = run_crash("-s", kernel.vmlinux, path, stdin="help -D\nquit\n").stdout
            expect(("of netdump" in header) == wide, f"help -D of netdump, {name}: {header[:80]!r}")
            expect((f"task_struct: {task:x}\n" in header) == with_task, f"help -D of netdump, {name}: no task")


def without_panic_cpu(kernel, loads):
    """The memory of LOADS without the numbers of the CPU that panicked."""
    memory = bytearray(loads[0][1])
    for name in ("panic_cpu", "crashing_cpu"):
        text = run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin=f"vtop {name}\nquit\n").stdout
        found = re.search(r"^[0-9a-f]{16} +([0-9a-f]+)$", text, re.M)
        expect(found, f"vtop {name}: {text!r}")
        memory[int(found[1], 16):int(found[1], 16) + 4] = b"\xff" * 4
    return [(loads[0][0], bytes(memory))]


def test_dumps_name_the_task(kernel):
    """Where the kernel does not say which CPU panicked, the note (LKCD's header) does;
    a damaged one leaves it to the log."""
    loads, notes = writers.memory_of_elf(kernel.vmcore)
    memory = without_panic_cpu(kernel, loads)
    init = run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin="set 1\nquit\n").stdout
    init = int(re.search(r"TASK: ([0-9a-f]{16})", init)[1], 16)
    crashed, _ = crashed_task(kernel)
    registers = writers.core_note(1, writers.prstatus(registers_of(notes, 0)))
    with tempfile.TemporaryDirectory() as folder:
        for data, wanted in ((struct.pack("<Q", init), init), (struct.pack("<Q", init + 8), crashed), (b"\1\2\3", crashed),
                             (b"", crashed)):
            path = writers.netdump(memory, registers + writers.core_note(4, data), f"{folder}/vmcore")
            text = run_crash("-s", kernel.vmlinux, path, stdin="set\nquit\n").stdout
            expect(f"TASK: {wanted:x}" in text and "(SYSRQ)" in text, f"note {data.hex()}: wanted {wanted:x}, {text!r}")
        for task, wanted in ((init, init), (init + 8, crashed)):
            path = writers.lkcd(memory, f"{folder}/lkcd", "none", task=task)
            text = run_crash("-s", kernel.vmlinux, path, stdin="set\nquit\n").stdout
            expect(f"TASK: {wanted:x}" in text, f"LKCD's task {task:x}: wanted {wanted:x}, {text!r}")


def test_elf_of_class_32(kernel):
    loads, notes = writers.memory_of_elf(kernel.vmcore)
    with tempfile.TemporaryDirectory() as folder:
        check(kernel, writers.elf32(loads[:1], notes, f"{folder}/elf32"), "ELF of class 32")


def test_lkcd(kernel):
    """Debian's crash 9 reads what this writer makes of a kernel without KASLR:
    gzip, RLE and raw pages, versions 8 to 10."""
    loads, notes = writers.memory_of_elf(kernel.vmcore)
    registers = writers.registers_of(notes)
    equal(len(registers), 2, "CPUs in the notes")
    questions = COMMANDS.replace("quit", "bt -a\nquit")
    wanted = run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin=questions).stdout.splitlines()
    expect(sum("#0 [" in line for line in wanted) == 2, "bt -a of the ELF dump has no two traces")
    with tempfile.TemporaryDirectory() as folder:
        for version, shuffle in ((8, None), (9, random.Random(4711))):
            dump = writers.lkcd(loads[:1], f"{folder}/dump.{version}", "gzip", version, registers, shuffle=shuffle)
            got = run_crash("-s", kernel.vmlinux, dump, stdin=questions).stdout.splitlines()
            equal(got, wanted, f"answers from an LKCD dump of version {version}")
            check_without_vmlinux(kernel, dump, f"an LKCD dump of version {version}")
            text = run_crash("-s", kernel.vmlinux, dump, stdin="help -D\nquit\n").stdout
            for line in (f"dh_version: {version}", "dh_panic_string: lab: panic message", "dh_time.tv_sec: 1700000000",
                         "dh_dump_compress: 2 (gzip)", "dha_magic_number: deaddead", "dha_smp_num_cpus: 2", "dha_dumping_cpu: 0"):
                expect(re.search(rf"^ +{re.escape(line)}(?!\w)", text, re.M), f"help -D has no {line!r}: {text[:400]!r}")
            expect(("dh_dump_buffer_size: 65536" in text) == (version >= 9), f"help -D of version {version}: {text[:900]!r}")
        size = pathlib.Path(dump).stat().st_size
        os.truncate(dump, size * 2 // 3)
        result = run_crash("-s", kernel.vmlinux, dump, stdin="help -D\nquit\n")
        expect(re.search(r"cut short: page headers end at \d+ % of the file", result.stderr + result.stdout),
               f"a dump cut short says {result.stderr[:300]!r}")


def with_note(loads, notes, text, path, overwrite=False):
    """A dump with TEXT as its VMCOREINFO; OVERWRITE: memory has none besides."""
    info = writers.vmcoreinfo_in(notes)
    notes = notes.replace(writers.note(b"VMCOREINFO", 0, info), writers.note(b"VMCOREINFO", 0, text))
    if overwrite:
        loads = [(paddr, data.replace(b"OSRELEASE=", b"osrelease:")) for paddr, data in loads]
    return writers.elf64(loads, notes, path)


def test_vmcoreinfo_line_by_line(kernel):
    """A note counts for each good line that it has;
    what it lacks comes from memory or the kernel's own tables."""
    loads, notes = writers.memory_of_elf(kernel.vmcore)
    loads, info = loads[:1], writers.vmcoreinfo_in(notes)
    lines = info.strip(b"\0\n").split(b"\n")
    questions = "bt\nsym prb\nlog | head -3\nquit\n"
    wanted = run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin=questions).stdout
    expect("#0 [" in wanted and "prb" in wanted, f"the whole dump: {wanted[:200]!r}")

    def without(*keys):
        return b"".join(line + b"\n" for line in lines if not line.startswith(keys))

    variants = {"CR": info.replace(b"\n", b"\r\n"), "tab": b"COMMENT=a\tb\n" + info, "no ASCII": b"\xff\xfe\n" + info + b"AUTHOR=\xc3\xbc\n",
                "control": info + b"X=\x1b[2J\n", "few": b"\n".join(lines[:2]) + b"\n", "release": lines[0] + b"\n", "no end": lines[0],
                "no place": without(b"SYMBOL(_stext)", b"KERNELOFFSET"), "no offset": without(b"KERNELOFFSET"),
                "no phys_base": without(b"NUMBER(phys_base)")}
    release = kernel.truth("proc/sys/kernel/osrelease")
    with tempfile.TemporaryDirectory() as folder:
        for name, text in variants.items():
            for overwrite in (False, True):
                what = f"{name}, {'none' if overwrite else 'another'} in memory"
                path = with_note(loads, notes, text, f"{folder}/dump", overwrite)
                equal(run_crash("--osrelease", path).stdout, release, f"--osrelease of {what}")
                got = run_crash("-s", kernel.vmlinux, path, stdin=questions)
                equal(got.stdout, wanted, f"answers of {what}: {got.stderr[:300]!r}")
        # The note's own word goes before a header's.
        piece = [(0, bytes(1 << 16))]
        path = writers.kdump(piece, f"{folder}/kdump", version=6, notes=writers.note(b"VMCOREINFO", 0, b"OSRELEASE=6.4.3-1-default\n"))
        data = bytearray(pathlib.Path(path).read_bytes())
        data[12 + 2 * 65:12 + 2 * 65 + 10] = b"3.4.5-test"
        pathlib.Path(path).write_bytes(data)
        equal(run_crash("--osrelease", path).stdout, "6.4.3-1-default\n", "--osrelease of a kdump with another name in its header")
