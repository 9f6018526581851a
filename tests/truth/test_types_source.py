# A vmlinux without BTF: gdb's DWARF answers instead, and every command says the same.
# SPDX-License-Identifier: GPL-3.0-or-later
import mmap
import pathlib
import shutil
import tempfile

from harness import equal, expect, run_crash, same_lines

COMMANDS = ("ps", "log", "bt -a", "mod", "files_struct", "sym -m loop", "task", "foreach bt", "struct list_head", "*task_struct",
            "list_head", "task_struct.pid", "struct task_struct.pid,comm init_task", "whatis list_head", "whatis pid_t",
            "whatis task_struct.pid", "list task_struct.tasks -h init_task -S task_struct.pid")
# What is asked is the same, too.
WRONG = {"struct task_strct": "task_struct", "task_strct": "task_struct", "*lst_head": "list_head",
         "struct task_struct.se.on_qr": "task_struct.se.on_rq", "whatis task_strct": "task_struct",
         "list -o task_struct.taks init_task": "task_struct.tasks"}


def rename_section(path, old, new):
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as data:
        at = data.rfind(b"\0" + old + b"\0")
        expect(at > 0, f"{path}: no section {old}")
        data[at + 1:at + 1 + len(old)] = new


def hide_btf(path):
    """Neither its section in the file is found, nor the one in the dump, by its symbol."""
    rename_section(path, b".BTF", b".XTF")
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as data:
        at = data.find(b"__start_BTF\0")
        expect(at > 0, f"{path}: no __start_BTF")
        while at > 0:
            data[at:at + 3] = b"xx_"
            at = data.find(b"__start_BTF\0", at)


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
        hide_btf(copy)
        got = outputs(copy, kernel.vmcore, folder)
        asked = run_crash("-s", copy, kernel.vmcore, stdin="\n".join(WRONG) + "\n").stdout.splitlines()
    same_lines([line.partition("; ")[2] for line in asked], [f'did you mean "{meant}"?' for meant in WRONG.values()], "questions")
    for command, a, b in zip(COMMANDS, got, wanted):
        expect(len(b.splitlines()) >= 2, f"{command}: only {b[:80]!r}")
        same_lines(a.splitlines(), b.splitlines(), f"{command} without BTF")
