# bt --args --locals against a gdb of its own: the distribution's, on an ELF core made of the dump's memory.
# SPDX-License-Identifier: GPL-3.0-or-later
"""
The core has the pages of the dump at their kernel addresses, found by a page-table walk of our own,
and a thread for each task with the registers that the scheduler saved. That gdb reads vmlinux's
DWARF, unwinds by it and prints variables, and shares neither code nor memory with the program: the
same frames must have the same variables with the same values.
"""
import json
import mmap
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

from harness import HANGS, TOP, expect, run_crash, same_lines

sys.path[:0] = [str(TOP / "tests/format")]
import writers  # noqa: E402

PAGE, IMAGE = 4096, 0xffffffff80000000
IMAGE_BYTES, STACK_BYTES = 64 << 20, 16384
# As the program sets its own gdb, and what depends on the terminal.
SETTINGS = ("set pagination off", "set width 0", "set height 0", "set confirm off", "set print thread-events off", "set language c",
            "set print pretty on", "set print elements 256", "set print repeats unlimited", "set max-value-size 268435456")

IN_GDB = """
import gdb, json
def run(command):
    return gdb.execute(command, to_string=True).splitlines()
threads = {}
for thread in gdb.selected_inferior().threads():
    thread.switch()
    frames = threads.setdefault(thread.ptid[1], [])
    frame = gdb.newest_frame()
    while frame is not None and frame.is_valid() and len(frames) < 60:
        if frame.type() != gdb.TAILCALL_FRAME:
            frame.select()
            known = frame.function() is not None
            frames.append([frame.pc(), frame.name(), frame.type() == gdb.INLINE_FRAME,
                           run('info args') if known else [], run('info locals') if known else []])
        try:
            frame = frame.older()
        except gdb.error:
            break
print('ANSWER ' + json.dumps(threads))
"""


class Memory:
    """The dump's physical memory, and kernel addresses through its page tables."""

    def __init__(self, kernel):
        self.file = open(kernel.vmcore, "rb")
        self.data = mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_READ)
        segments = writers.segments_of_elf(kernel.vmcore)
        self.loads = [(paddr, offset, size) for kind, paddr, offset, size in segments if kind == 1 and size]
        notes = next(self.data[offset:offset + size] for kind, _, offset, size in segments if kind == 4)
        info = dict(line.split(b"=", 1) for line in writers.vmcoreinfo_in(notes).splitlines() if b"=" in line)
        self.phys_base = int(info[b"NUMBER(phys_base)"])
        self.offset = int(info[b"KERNELOFFSET"], 16)
        self.top = int(info[b"SYMBOL(swapper_pg_dir)"], 16)
        self.symbols = {row.split()[2]: int(row.split()[0], 16)
                        for row in kernel.truth("proc/kallsyms").splitlines() if len(row.split()) == 3}
        self.direct = self.u64_phys(self.symbols["page_offset_base"] - IMAGE + self.phys_base)

    def place(self, paddr):
        """Where a physical address is in the file; None: nowhere."""
        return next((offset + paddr - start for start, offset, size in self.loads if start <= paddr < start + size), None)

    def u64_phys(self, paddr):
        return struct.unpack_from("<Q", self.data, self.place(paddr))[0]

    def translate(self, address):
        table = self.top - IMAGE + self.phys_base
        for shift in (39, 30, 21, 12):
            entry = self.u64_phys(table + (address >> shift & 511) * 8)
            expect(entry & 1, f"{address:x} is not mapped")
            table = entry & 0x000ffffffffff000
            if shift == 12 or entry & 0x80 and shift in (30, 21):
                return (table & ~((1 << shift) - 1)) + (address & ((1 << shift) - 1))
        raise AssertionError

    def read(self, address, count):
        at = self.place(self.translate(address))
        return struct.unpack_from(f"<{count}Q", self.data, at)


def offsets_of(kernel):
    """Offsets of members, by our own program: test_struct.py compares those with pahole's."""
    text = kernel.crash("struct -o inactive_task_frame", "struct -o task_struct.thread", "struct -o thread_struct.sp")
    rows = dict((name, int(at)) for at, name in re.findall(r"\[(\d+)\] unsigned long (\w+);", text[0]))
    thread, sp = (int(re.search(r"\[(\d+)\]", part)[1]) for part in text[1:])
    return rows, thread + sp


def saved_registers(memory, kernel, task):
    """Registers of a sleeping task, 27 words as in a core file."""
    frame, at = offsets_of(kernel)
    sp, = memory.read(task + at, 1)
    words = memory.read(sp, len(frame))
    value = {name: words[offset // 8] for name, offset in frame.items()}
    order = ("r15", "r14", "r13", "r12", "bp", "bx", *[""] * 10, "ret_addr", "cs", "", "sp", "ss", *[""] * 6)
    value.update({"sp": sp + 8 * len(frame), "cs": 0x10, "ss": 0x18})
    return [value.get(name, 0) for name in order]


def write_core(kernel, memory, tasks, path):
    """TASKS: pid -> (task_struct, stack)."""
    notes, loads = b"", []
    for pid, (task, stack) in tasks.items():
        registers = saved_registers(memory, kernel, task)
        notes += writers.note(b"CORE", 1, writers.prstatus(registers, pid))
        loads += [(stack + at, memory.place(memory.translate(stack + at)), PAGE) for at in range(0, STACK_BYTES, PAGE)]
    loads += [(memory.direct + paddr, offset, size) for paddr, offset, size in memory.loads]
    start = IMAGE + 0x1000000 + memory.offset
    place = memory.place(start - IMAGE + memory.phys_base)
    expect(place is not None, "the kernel's image is not in the dump")
    loads.append((start, place, IMAGE_BYTES))
    shutil.copyfile(kernel.vmcore, path)
    with open(path, "r+b") as file:
        end = -(-file.seek(0, 2) // PAGE) * PAGE
        file.seek(end)
        file.write(notes)
        headers = end + -(-len(notes) // PAGE) * PAGE
        file.seek(headers)
        file.write(struct.pack("<IIQQQQQQ", 4, 0, end, 0, 0, len(notes), 0, 0))
        for address, offset, size in loads:
            file.write(struct.pack("<IIQQQQQQ", 1, 6, offset, address, 0, size, size, 1))
        file.seek(0)
        file.write(b"\x7fELF\2\1\1".ljust(16, b"\0"))
        file.write(struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, headers, 0, 0, 64, 56, len(loads) + 1, 0, 0, 0))


def gdbs_frames(kernel, memory, core):
    """pid -> [[pc, function, inline, arguments, locals]] as the distribution's gdb has them."""
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "script.py"
        script.write_text(IN_GDB)
        words = ["gdb", "-nx", "-batch", *[word for line in SETTINGS for word in ("-ex", line)],
                 "-ex", f"symbol-file -o {memory.offset:#x} {kernel.vmlinux}", "-ex", f"core-file {core}",
                 "-ex", f"source {script}"]
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=HANGS, check=False)
    answer = re.search(r"^ANSWER (.*)$", done.stdout, re.M)
    expect(answer, f"gdb: {done.stdout[-300:]!r} {done.stderr[-500:]!r}")
    return {int(pid): frames for pid, frames in json.loads(answer[1]).items()}


def our_frames(text):
    """pid -> [(pc, [lines of variables])] of bt --args --locals."""
    found, frames = {}, None
    for line in text.splitlines():
        header, frame = re.match(r"PID: (\d+) ", line), re.match(r" ?#\d+ \[[0-9a-f]+\] .* at ([0-9a-f]+)", line)
        if header:
            frames = found.setdefault(int(header[1]), [])
        elif frame:
            frames.append((int(frame[1], 16), []))
        elif frames and re.match(r"    ", line) and not re.match(r"    (RIP|RAX|RDX|RBP|R10|R13|ORIG_RAX|\[exc)", line):
            frames[-1][1].append(line[4:])
    return found


def wanted_lines(frames, pc):
    """What bt shows of the gdb frames at PC: functions inline there first, each below its name."""
    lines, below_inlined = [], False
    for at, name, inline, arguments, local in frames:
        if at != pc:
            continue
        if inline or below_inlined:
            lines.append(("(inlined) " if inline else "(function) ") + name)
        below_inlined = inline
        lines += arguments + local
    return lines


def sleeping_tasks(kernel):
    """pid -> (task_struct, stack) of tasks in many different places."""
    found = {}
    text = kernel.crash("foreach IN UN task -R stack")
    for pid, task, stack in re.findall(r"^PID: (\d+) +TASK: ([0-9a-f]+) .*\n +stack = (0x[0-9a-f]+)", text, re.M):
        found[int(pid)] = int(task, 16), int(stack, 16)
    return found


def plain(line):
    """What has no value has none in both; gdb 13 and 16 word it differently for some variables."""
    return re.sub(r"<error: .*?>|<error reading variable .*>", "<optimized out>", line)


def test_variables_of_fifty_frames(kernel):
    expect(shutil.which("gdb"), "no gdb")
    memory = Memory(kernel)
    tasks = dict(list(sleeping_tasks(kernel).items())[::7][:16])
    expect(len(tasks) >= 8, f"only {len(tasks)} sleeping tasks")
    with tempfile.TemporaryDirectory(dir=pathlib.Path(kernel.vmcore).resolve().parent.parent) as folder:
        core = pathlib.Path(folder) / "core"
        write_core(kernel, memory, tasks, core)
        theirs = gdbs_frames(kernel, memory, core)
    text = run_crash("-s", kernel.vmlinux, kernel.vmcore,
                     stdin=f"bt --args --locals {' '.join(str(pid) for pid in tasks)}\nquit\n").stdout
    ours, compared, values = our_frames(text), 0, 0
    for pid in tasks:
        pcs = {frame[0] for frame in theirs[pid]}
        for pc, lines in ours[pid]:
            if pc not in pcs:
                continue
            wanted = wanted_lines(theirs[pid], pc)
            if not wanted:
                continue
            if pc == ours[pid][0][0]:
                # A core has a value for every register; the scheduler saved seven.
                # Ours says so of the others.
                wanted = [mine if mine.endswith("= <unavailable>") and mine.split(" = ")[0] == line.split(" = ")[0] else line
                          for mine, line in zip(lines, wanted)] + wanted[len(lines):]
            same_lines([plain(line) for line in lines], [plain(line) for line in wanted], f"variables of {pid} at {pc:x}")
            compared += 1
            values += sum(" = " in line and "<optimized out>" not in line for line in wanted)
    expect(compared >= 50, f"only {compared} frames to compare")
    expect(values >= 50, f"only {values} variables with values in {compared} frames")
