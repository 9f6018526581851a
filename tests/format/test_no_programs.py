# Opening a dump runs no program: no shell, no unpacker, nothing that the dump or its folder names.
# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import re
import subprocess
import tempfile

from harness import CRASH, environment, equal, expect


def calls(kernel, commands, *arguments):
    """What was executed and which files were opened in a session."""
    with tempfile.NamedTemporaryFile() as trace:
        done = subprocess.run(["strace", "-f", "-qq", "-e", "trace=execve,execveat,openat", "-o", trace.name, CRASH, "-s", *arguments],
                              input=commands.encode(), capture_output=True, env={**environment(), "ASAN_OPTIONS": "detect_leaks=0"},
                              cwd=kernel.folder)
        text = trace.read().decode()
    expect(done.returncode in (0, 2), f"status {done.returncode}: {done.stderr[-300:]!r}")
    return re.findall(r"execve(?:at)?\((.*)", text), re.findall(r'openat\(AT_FDCWD, "([^"]*)", (\S+)', text)


def test_opening_runs_nothing(kernel):
    for dump in ([kernel.vmlinux, kernel.vmcore], [kernel.vmcore], [kernel.vmlinux, kernel.dump("kdump").folder / "vmcore.flat-d31"]):
        ran, opened = calls(kernel, "sys\nps\nlog\nbt\nmod\nquit\n", *dump)
        equal(len(ran), 1, f"programs run by the session with {dump[-1]}: {ran[:3]}")
        written = [path for path, how in opened if re.search(r"O_WRONLY|O_RDWR|O_CREAT", how) and path not in ("/dev/null", "/dev/tty")]
        expect(not written, f"files opened for writing: {written}")


def test_gdb_runs_nothing_of_the_dump(kernel):
    """Not even iconv, for the names of character sets, when it starts."""
    ran, _ = calls(kernel, "bt -l\np jiffies\nstruct task_struct.comm init_task\nquit\n", kernel.vmlinux, kernel.vmcore)
    equal(len(ran), 1, f"programs run: {ran[:3]}")


def test_scripts_beside_the_dump_are_left_alone(kernel):
    """gdb would take NAME-gdb.py, NAME-gdb.gdb and .gdbinit from there,
    and vmlinux's .debug_gdb_scripts name files."""
    with tempfile.TemporaryDirectory() as folder:
        vmlinux, proof = pathlib.Path(folder, "vmlinux"), pathlib.Path(folder, "proof")
        vmlinux.symlink_to(kernel.vmlinux.resolve())
        for name in ("vmlinux-gdb.py", "vmlinux-gdb.gdb", ".gdbinit", "vmlinux-gdb.gdb"):
            pathlib.Path(folder, name).write_text(f"open({str(proof)!r}, 'w')\n" if name.endswith("py") else f"shell touch {proof}\n")
        done = subprocess.run([CRASH, "-s", vmlinux, kernel.vmcore], input=b"p jiffies\nbt -l\ngdb info line schedule\nquit\n",
                              capture_output=True, env={**environment(), "HOME": folder}, cwd=folder)
        expect(done.returncode in (0, 2), f"status {done.returncode}: {done.stderr[-200:]!r}")
        expect(b"Line " in done.stdout, f"gdb did not start: {done.stdout[-200:]!r}")
        expect(not proof.exists(), "a script beside the vmlinux was run")
