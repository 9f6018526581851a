# gdb's registers and frames of the CPUs' tasks, against what QEMU and the crashing kernel wrote down.
# SPDX-License-Identifier: GPL-3.0-or-later
import re
import struct
import sys

from harness import TOP, Skipped, equal, expect, run_crash, same_lines

sys.path[:0] = [str(TOP / "tests/format"), str(TOP / "tests/lab")]
import dumps  # noqa: E402
import writers  # noqa: E402

NAMES = ("rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip eflags cs ss ds es fs gs fs_base gs_base "
         "orig_rax").split()
# As the words of a note of type NT_PRSTATUS are ordered.
ORDER = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es "
         "fs gs").split()
FRAMES = """import gdb
for thread in sorted(gdb.selected_inferior().threads(), key=lambda t: t.num):
    if TASKS and thread.ptid[2] not in TASKS:
        continue
    thread.switch()
    names = []
    try:
        frame = gdb.newest_frame()
        while frame is not None and frame.is_valid():
            if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
                names.append('%x=%s' % (frame.pc(), frame.name()))
            frame = frame.older()
    except gdb.error:
        pass
    print('THREAD %x %s' % (thread.ptid[2], ' '.join(names)))
"""


def session(dump, text):
    return run_crash("-s", dump.vmlinux, dump.vmcore, stdin=text + "quit\n").stdout


def active_tasks(dump):
    """CPU -> task."""
    rows = re.findall(r"^> +\d+ +\d+ +(\d+) +([0-9a-f]{16}) ", dump.crash("ps"), re.M)
    expect(len(rows) > 1, f"active tasks: {rows}")
    return {int(cpu): task for cpu, task in rows}


def qemu_registers(dump):
    found = []
    for text in re.split(r"^CPU#\d+\n", (dump.folder / "registers").read_text(), flags=re.M)[1:]:
        words = {name.lower(): int(value, 16) for name, value in re.findall(r"\b(R\w{1,2}) *=([0-9a-f]{8,16})\b", text)}
        words["eflags"] = words.pop("rfl")
        for name, selector, base in re.findall(r"^([CDEFGS]S) =(\w{4}) (\w{16})", text, re.M):
            words[name.lower()] = int(selector, 16)
            if name in ("FS", "GS"):
                words[f"{name.lower()}_base"] = int(base, 16)
        found.append(words)
    return found


def notes_registers(dump):
    with open(dump.vmcore, "rb") as file:
        data = file.read(1 << 20)
    notes = b"".join(data[offset:offset + size] for kind, _, offset, size in writers.segments_of_elf(dump.vmcore) if kind == 4)
    words = [struct.unpack_from("<27Q", text, 112) for _, name, kind, text in writers.notes_in(notes)
             if name == b"CORE" and kind == 1]
    return [dict(zip(ORDER, row)) for row in words]


def registers_in_gdb(dump, tasks):
    script = "".join(f"set {task}\ngdb info registers\ngdb echo @@@@\\n\n" for task in tasks)
    parts = session(dump, script).split("@@@@\n")[:len(tasks)]
    return [dict(re.findall(r"^(\w+) +(\S+)", part, re.M)) for part in parts]


def same_registers(dump, wanted):
    tasks = active_tasks(dump)
    equal(len(wanted), len(tasks), f"{dump.name}: CPUs with registers")
    for cpu, got in zip(tasks, registers_in_gdb(dump, tasks.values())):
        rows = [f"{name} {int(got[name], 16):x}" if got.get(name, "<")[0] != "<" else f"{name} unknown" for name in NAMES]
        # A CPU has no orig_rax: its kernel keeps it.
        same_lines(rows, [f"{name} {wanted[cpu][name]:x}" if name in wanted[cpu] else f"{name} unknown" for name in NAMES],
                   f"{dump.name}: registers of CPU {cpu}")


def test_registers_of_the_cpus(kernel):
    """All that QEMU saw, or the crashing kernel saved:
    of the panic task, and of those that it stopped by an NMI."""
    same_registers(kernel.dump(), qemu_registers(kernel.dump()))
    same_registers(kernel.dump("kdump"), notes_registers(kernel.dump("kdump")))


def names_of_bt(text):
    """task -> functions in its trace, without what the compiler adds to a name."""
    found, task = {}, None
    for line in text.splitlines():
        header = re.match(r"PID: \d+ +TASK: ([0-9a-f]+)", line)
        frame = re.match(r" ?#\d+ \[[0-9a-f]+\] (\S+) .*at [0-9a-f]+|    \[exception RIP: ([^+\]]+)", line)
        if header:
            task = header[1]
            found[task] = []
        elif frame:
            found[task].append((frame[1] or frame[2]).split(".")[0])
    return found


def functions_are_those_of_bt(dump, active_only=False):
    _, text = dump.crash("ps", "bt -a" if active_only else "foreach bt")
    wanted = names_of_bt(text)
    symbols = {}
    for row in dump.truth("proc/kallsyms").splitlines():
        symbols.setdefault(row.split()[0], []).append(row.split()[2].split(".")[0])
    same = {name: names for names in symbols.values() for name in names}
    tasks = [int(task, 16) for task in active_tasks(dump).values()] if active_only else []
    text = session(dump, f"gdb info line vfs_read\ngdb python TASKS = {tasks}\ngdb python exec({FRAMES!r})\n")
    got = dict(re.findall(r"^THREAD ([0-9a-f]+) (.*)$", text, re.M))
    expect(len(got) == len(tasks) or len(got) > 100 and not tasks, f"{dump.name}: {len(got)} threads of {tasks}")
    expect(all(len(frames.split()) > 1 for task, frames in got.items() if wanted[task][1:]), f"{dump.name}: no frames: {got}")
    for task, frames in got.items():
        names = {other for name in wanted.get(task, []) for other in same.get(name, [name])}
        for frame in frames.split():
            name = frame.split("=", 1)[1].split(".")[0]
            expect(name in names or name == "None", f"{dump.name}: gdb's {frame} of {task} is not in {wanted.get(task)}")


def needs_python(kernel):
    if "Python" in run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin="gdb python print(1)\nquit\n").stderr:
        raise Skipped("gdb is built without Python")


def test_no_function_that_was_never_called(kernel):
    needs_python(kernel)
    for name in ("sysrq", "kdump", "nmi", "serial", "oom", "traced", "bpf"):
        functions_are_those_of_bt(kernel.dump(name))


def test_no_function_that_the_labs_module_never_called(kernel):
    """It crashed the kernel in every kind of context; tasks that sleep do as elsewhere."""
    names = [name for name in dumps.needed(kernel.name) if name.startswith("mod-")]
    if not names:
        raise Skipped("the lab's own module is built for 6.1 alone")
    needs_python(kernel)
    for name in names:
        functions_are_those_of_bt(kernel.dump(name), active_only=True)


def test_variables_below_the_saved_registers(kernel):
    """bt's frames go on to where the CPU ended, gdb's do not:
    their variables are there nevertheless, of the right function."""
    dump = kernel.dump("kdump")
    text = session(dump, "bt --args --locals\n")
    frames = re.split(r"^ ?#\d+ ", text, flags=re.M)[1:]
    expect(frames and re.search(r"\] machine_kexec at ", frames[0]), f"the first frame: {text[:300]!r}")
    expect("no variables" not in text, f"frames without variables: {text[:600]!r}")
    # machine_kexec(struct kimage *image), whatever stands behind it in the kernel.
    expect(re.search(r"^ +image = ", frames[0], re.M), f"variables of machine_kexec: {frames[0]!r}")
