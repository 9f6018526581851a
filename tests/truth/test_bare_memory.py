# Memory that nothing tells of: no VMCOREINFO in a note or a page, no registers, wrong notes, two kernels at once.
# SPDX-License-Identifier: GPL-3.0-or-later
import contextlib
import pathlib
import re
import struct
import sys
import tempfile

from format import writers
from harness import equal, expect, processor_time, run_crash, same_lines, wait_until
from slow import Slow
from terminal import Terminal

sys.path[:0] = [str(pathlib.Path(__file__).parent)]
from test_no_vmlinux import comparable, copy_without  # noqa: E402

QUESTIONS = ("--osrelease", "--build-id", "--log", "-t")
WORDS = ("sys", "ps", "bt", "bt 1", "mod", "sym -M", "kmem -i", "task", "rd linux_banner 20", "vtop init_task",
         "struct list_head", "list -H modules")


def session(dump, words, *options):
    """What each of WORDS prints, and the messages."""
    with tempfile.TemporaryDirectory() as folder:
        lines = [f"{word} > {folder}/{i}" for i, word in enumerate(words)]
        result = run_crash("-s", *options, dump, stdin="\n".join([*lines, "quit", ""]))
        expect(result.status == 0, f"{dump}: status {result.status}: {result.stderr[-300:]!r}")
        return [(pathlib.Path(folder) / str(i)).read_text() for i in range(len(words))], result.stderr


def same_session(got, wanted, words):
    for word, mine, theirs in zip(words, got, wanted):
        same_lines(comparable(mine), comparable(theirs), word)


@contextlib.contextmanager
def without_record(kernel, name="nonote"):
    """The dump without the first word of the texts that its kernel wrote down:
    they are no texts any more."""
    with tempfile.TemporaryDirectory() as folder:
        bare = pathlib.Path(folder) / "vmcore"
        expect(copy_without(kernel.dump(name).vmcore, bare, b"OSRELEASE=") > 1, "no VMCOREINFO in memory")
        yield bare


@contextlib.contextmanager
def alone(kernel, name="nonote"):
    """A folder where no vmlinux lies beside the dump."""
    with tempfile.TemporaryDirectory() as folder:
        dump = pathlib.Path(folder) / "vmcore"
        dump.symlink_to(kernel.dump(name).vmcore.resolve())
        yield dump


def test_found_by_page_tables_and_symbol_table(kernel):
    with without_record(kernel) as bare, alone(kernel) as dump:
        wanted, _ = session(dump, WORDS)
        got, said = session(bare, WORDS)
        same_session(got, wanted, WORDS)
        expect("KERNEL: (no vmlinux: from the dump)" in got[0], got[0][:200])
        equal(said, "", "messages")
        for question in QUESTIONS:
            result = run_crash(question, bare)
            equal((result.status, result.stderr), (0, ""), question)
            equal(result.stdout, run_crash(question, dump).stdout, question)
        # The build-id leads to the vmlinux, which is then used.
        (bare.parent / "vmlinux").symlink_to(kernel.vmlinux.resolve())
        expect(f"KERNEL: {bare.parent}/vmlinux" in session(bare, ["sys"])[0][0], "the vmlinux beside it is not found")


def test_found_in_raw_memory(kernel):
    """No registers either: which page tables are the kernel's has to be seen from their form."""
    words = [word for word in WORDS if word not in ("bt",)]
    with without_record(kernel) as bare, alone(kernel) as dump, tempfile.TemporaryDirectory() as folder:
        raw = pathlib.Path(folder) / "memory"
        paddr, data = writers.memory_of_elf(bare)[0][0]
        raw.write_bytes(data)
        got, said = session(f"{raw}@{paddr:x}", words)
        same_session(got, session(dump, words)[0], words)
        equal(said, "", "messages")


def test_progress_of_the_search_for_a_kernel():
    """On a terminal a line counts once a second has passed; Ctrl-C ends the program."""
    shown = r"looking for VMCOREINFO: (\d+) of 65536 MB, [\d.]+ MB/s, \d+ \w+ left"
    with tempfile.NamedTemporaryFile() as file, Slow() as slow:
        file.truncate(64 << 30)
        slow.arm("looking for VMCOREINFO: ", "left")
        terminal = Terminal(f"{file.name}@0", env=slow.env)
        try:
            slow.wait(terminal)
            first = int(re.search(shown, terminal.wait_for(shown))[1])
            expect(slow.looks_before_a_line() >= 4, f"progress after {slow.looks_before_a_line()} looks, a quarter of a second each")
            slow.arm("looking for VMCOREINFO: ", "left")
            slow.wait(terminal)
            second = int(re.search(shown, terminal.wait_for(shown))[1])
            expect(second > first, f"progress from {first} to {second} MB")
            terminal.send("\x03")
            terminal.wait_for(re.escape("^C"))
            before = processor_time(terminal.pid)
            slow.open()
            rest = terminal.wait_for("interrupted")
            wait_until(terminal.ended, "end")
            took = processor_time(terminal.pid) - before
            equal(terminal.status(), 1, "status")
            expect(took < 1, f"it worked for {took:.2f} s more")
            expect(re.search(r" {20,}", rest) and "looking" not in re.split(r" {20,}", rest)[-1], f"the line stays: {rest!r}")
        finally:
            terminal.close()


def wrong_note(source, target, change):
    """Copies an ELF dump with another text of the same length in its VMCOREINFO note."""
    data = bytearray(source.read_bytes())
    table, = struct.unpack_from("<Q", data, 32)
    kind, _, at, _, _, size = struct.unpack_from("<IIQQQQ", data, table)
    equal(kind, 4, "type of the first program header")
    start = data.find(b"VMCOREINFO\0", at, at + size) + 12
    length, = struct.unpack_from("<I", data, start - 20)
    text = bytes(data[start:start + length])
    new = change(text)[:length].ljust(length, b"\0")
    expect(new != text, "the note is as it was")
    data[start:start + length] = new
    target.write_bytes(data)


def test_a_wrong_note_gives_way_to_what_memory_has(kernel):
    """Cut off, nothing but a line, of another kernel, garbage:
    each time the page in memory has the right text."""
    words = ("sys", "ps", "mod")
    changes = {
        "another KASLR offset": lambda text: re.sub(rb"phys_base\)=-?\d", b"phys_base)=7", text),
        "cut off": lambda text: text[:60],
        "CRASHTIME alone": lambda text: b"CRASHTIME=1700000000\n",
        "garbage": lambda text: bytes(i * 37 % 251 for i in range(len(text))),
    }
    with alone(kernel, "sysrq") as dump:
        wanted, _ = session(dump, words)
    for what, change in changes.items():
        with tempfile.TemporaryDirectory() as folder:
            wrong = pathlib.Path(folder) / "vmcore"
            wrong_note(kernel.vmcore, wrong, change)
            got, said = session(wrong, words)
            same_session(got, wanted, words)
            expect("WARNING" in said and "VMCOREINFO" in said, f"{what}: says {said!r}")


def facts(dump, *options):
    (sys_text, log), said = session(dump, ("sys", "log"), *options)
    cpus, tasks = (int(re.search(rf"{word}: (\d+)", sys_text)[1]) for word in ("CPUS", "TASKS"))
    line = re.search(r"Command line: (.*)", log)[1]
    return {"cpus": cpus, "tasks": tasks, "captures": "reset_devices cgroup_disable" in line}, said


def test_two_kernels_in_memory():
    """The machine while its capture kernel runs: both are named, and each can be had."""
    from harness import Kernel
    kernel = Kernel("6.12")
    console = (kernel.dump("second").folder / "console.log").read_text(errors="replace")
    offset = re.search(r"Kernel Offset: 0x([0-9a-f]+) from", console)
    first = {"cpus": 2, "captures": False}
    second = {"cpus": 1, "captures": True}
    with without_record(kernel, "second") as bare, alone(kernel, "second") as dump:
        for path in (dump, bare):
            got, said = facts(path)
            # CRASHTIME, which the first kernel wrote down, tells it from the one that runs.
            expect(path is bare or not got["captures"], "the kernel that crashed is not the one that is shown")
            offsets = re.findall(r"KASLR offset ([0-9a-f]+)", said)
            equal(len(set(offsets)), 2, f"kernels named in {said!r}")
            expect(not offset or offset[1] in offsets, f"the console has {offset and offset[1]}, the warning {offsets}")
            found = []
            for text in offsets:
                got, said = facts(path, "--kaslr", text)
                equal(said, "", "messages when one is chosen")
                found.append({key: got[key] for key in first})
            expect(first in found and second in found, f"the kernels found: {found}")
        result = run_crash("-s", "--kaslr", "1200000", dump, stdin="sys\n")
        expect(result.status == 1 and "--kaslr" in result.stderr, f"says {result.stderr!r}")
    equal(run_crash("--kaslr", "auto", "--osrelease", kernel.vmcore).status, 0, "--kaslr auto")
    expect("hexadecimal" in run_crash("--kaslr", "x", kernel.vmcore).stderr, "nonsense is taken")
