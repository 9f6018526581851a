# A vmlinux without BTF: gdb's DWARF answers instead, and every command says the same.
# SPDX-License-Identifier: GPL-3.0-or-later
import mmap
import pathlib
import shutil
import tempfile

from harness import equal, expect, run_crash, same_lines

COMMANDS = ("ps", "log", "bt -a", "mod", "files", "sym -m loop", "task", "foreach bt")


def rename_section(path, old, new):
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as data:
        at = data.rfind(b"\0" + old + b"\0")
        expect(at > 0, f"{path}: no section {old}")
        data[at + 1:at + 1 + len(old)] = new


def outputs(vmlinux, vmcore, folder):
    script = pathlib.Path(folder) / "commands"
    script.write_text("".join(f"{command} > {folder}/{i}\n" for i, command in enumerate(COMMANDS)) + "quit\n")
    result = run_crash("-s", "-i", script, vmlinux, vmcore)
    equal(result.stderr.strip(), "", f"messages with {vmlinux.name}")
    return [(pathlib.Path(folder) / str(i)).read_text(errors="replace") for i in range(len(COMMANDS))]


def test_dwarf_instead_of_btf(kernel):
    with tempfile.TemporaryDirectory() as folder:
        wanted = outputs(kernel.vmlinux, kernel.vmcore, folder)
        copy = pathlib.Path(folder) / "vmlinux"
        shutil.copyfile(kernel.vmlinux, copy)
        rename_section(copy, b".BTF", b".XTF")
        got = outputs(copy, kernel.vmcore, folder)
    for command, a, b in zip(COMMANDS, got, wanted):
        expect(len(b.splitlines()) > 5, f"{command}: only {b[:80]!r}")
        same_lines(a.splitlines(), b.splitlines(), f"{command} without BTF")
