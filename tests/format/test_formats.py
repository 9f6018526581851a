# The same memory in every format gives the same answers.
# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import tempfile

from format import writers
from harness import equal, expect, run_crash

COMMANDS = "ps\nlog\nmod\nsys -i\nquit\n"


def answers(vmlinux, dump):
    result = run_crash("-s", vmlinux, dump, stdin=COMMANDS)
    return result.stdout


def check(kernel, dump, what):
    wanted = answers(kernel.vmlinux, kernel.vmcore).splitlines()
    got = answers(kernel.vmlinux, dump).splitlines()
    expect(len(wanted) > 100, "the ELF dump gives no answers to compare with")
    different = [(a, b) for a, b in zip(got, wanted) if a != b]
    equal(len(got), len(wanted), f"lines of output from {what}")
    expect(not different, f"{what}: {different[:2]!r}")


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
        expect("guest.vmem" in result.stderr, f"message without the memory's file: {result.stderr!r}")


def test_diskdump(kernel):
    loads, _ = writers.memory_of_elf(kernel.vmcore)
    with tempfile.TemporaryDirectory() as folder:
        check(kernel, writers.kdump(loads[:1], f"{folder}/old", b"DISKDUMP"), "diskdump")


def test_elf_of_class_32(kernel):
    loads, notes = writers.memory_of_elf(kernel.vmcore)
    with tempfile.TemporaryDirectory() as folder:
        check(kernel, writers.elf32(loads[:1], notes, f"{folder}/elf32"), "ELF of class 32")
