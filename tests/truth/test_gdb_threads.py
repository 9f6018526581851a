# Tasks are gdb's threads: their list, their frames, and the one that is current.
# SPDX-License-Identifier: GPL-3.0-or-later
import re
import sys

from harness import TOP, Skipped, equal, expect, run_crash, same_lines

sys.path[:0] = [str(TOP / "tests/truth")]
from test_gdb_registers import active_tasks, notes_registers  # noqa: E402

FRAMES = """import gdb
for thread in sorted(gdb.selected_inferior().threads(), key=lambda t: t.num):
    thread.switch()
    pcs = []
    try:
        frame = gdb.newest_frame()
        while frame is not None and frame.is_valid():
            # Inlined functions and tail calls are gdb's own finding: they have no frame on the stack.
            if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
                pcs.append('%x' % frame.pc())
            frame = frame.older()
    except gdb.error:
        # An exited task has no stack any more.
        pcs.append('none') if not pcs else pcs.append('broken')
    print('THREAD %x %s' % (thread.ptid[2], ' '.join(pcs)))
"""


def session(kernel, text):
    return run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin=text + "quit\n")


def our_pcs(text):
    """task -> its frames' (pc, function),
    those that an exception interrupted too, from `foreach bt`."""
    found, task, left = {}, None, False
    for line in text.splitlines():
        header = re.match(r"PID: \d+ +TASK: ([0-9a-f]+)", line)
        frame = re.match(r" ?#\d+ \[[0-9a-f]+\] (\S+) .*at ([0-9a-f]+)(?: \[\w+\])?$|    RIP: (f[0-9a-f]{15}) ", line)
        if header:
            task = header[1]
            found[task] = []
        elif frame and not (left and found[task][-1][0] == frame[2]):
            found[task].append((frame[2] or frame[3], frame[1]))
        left = " exception stack> ---" in line
    return found


def from_saved(frames, pc, function):
    """gdb begins where registers were saved:
    at PC in FUNCTION, which may have gone on to its last call."""
    places = [i for i, (at, _) in enumerate(frames) if at == pc] + [i for i, (_, name) in enumerate(frames) if name == function]
    expect(places, f"{function} at {pc} is not in {frames}")
    return [(pc, function)] + frames[places[0] + 1:]


def test_every_task_is_a_thread(kernel):
    text = session(kernel, "gdb info threads\n").stdout
    threads = re.findall(r"^[* ] \d+ +PID (\d+), task ([0-9a-f]+) \"(.*?)\" \(CPU (\d+), (\w\w)", text, re.M)
    rows = re.findall(r"^[> ] +(\d+) +\d+ +(\d+) +([0-9a-f]+) +(\w\w) .*\s(\S+)$", kernel.crash("ps"), re.M)
    same_lines(sorted(f"{pid} {task} {cpu} {state}" for pid, task, _, cpu, state in threads),
               sorted(f"{pid} {task} {cpu} {state}" for pid, cpu, task, state, _ in rows), "threads and ps")
    names = {task: name.strip("[]") for _, _, task, _, name in rows}
    for _, task, name, _, _ in threads:
        expect(name.endswith(names[task]), f"thread {task} is called {name!r}, ps says {names[task]!r}")


def same_frames(dump):
    wanted = our_pcs(dump.crash("foreach bt"))
    expect(len(wanted) > 100, f"only {len(wanted)} traces")
    registers = notes_registers(dump)
    for cpu, task in active_tasks(dump).items():
        pc = f"{registers[cpu]['rip']:x}"
        wanted[task] = from_saved(wanted[task], pc, re.search(r" \([Tt]\) ([^ +]+)", dump.crash(f"sym {pc}"))[1])
    script = "".join(f"gdb python exec({chunk!r})\n" for chunk in [FRAMES])
    # Without debug information all frames are ours;
    # with it gdb goes through functions that have some by itself.
    for first in ("", "gdb info line vfs_read\n"):
        text = session(dump, first + script).stdout
        got = {task: pcs.split() for task, pcs in re.findall(r"^THREAD ([0-9a-f]+) (.*)$", text, re.M)}
        equal(len(got), len(wanted), f"{dump.name}: threads with frames")
        for task, pcs in wanted.items():
            equal(got[task], [pc for pc, _ in pcs] or ["none"],
                  f"{dump.name}: gdb's frames of task {task} {'with' if first else 'without'} debug information")


def test_frames_of_every_thread(kernel):
    if "Python" in session(kernel, "gdb python print(1)\n").stderr:
        raise Skipped("gdb is built without Python")
    # After kexec our traces begin where each CPU ended, below the registers that were saved.
    for dump in (kernel.dump(), kernel.dump("kdump")):
        same_frames(dump)


def test_current_thread_and_task(kernel):
    lines = session(kernel, "set 1\ngdb thread find ^kthreadd$\n").stdout
    kthreadd, = re.findall(r"^Thread (\d+) has target name 'kthreadd'$", lines, re.M)
    text = session(kernel, f"set 1\ngdb info threads 1\ngdb thread {kthreadd}\nset\nset 1\ngdb thread\ngdb bt\n").stdout
    expect(re.search(r"\[Switching to thread \d+ \(PID 2, task", text), f"gdb thread: {text[-900:]!r}")
    after = text.split("[Switching to thread", 1)[1]
    expect(re.search(r"PID: 2\nCOMMAND: \"kthreadd\"", after), f"set after gdb thread: {after[:300]!r}")
    expect(re.search(r"\[Current thread is \d+ \(PID 1, task", after), f"gdb thread after set 1: {after!r}")
    expect("do_wait" in after.split("[Current thread", 1)[1], "gdb bt after set 1 is not init's")


def test_thread_apply(kernel):
    text = session(kernel, "gdb thread apply all -q -s output/x $sp\nset\n").stdout
    count = len(re.findall(r"0x[0-9a-f]{10,16}", text.split("    PID:")[0]))
    expect(count > 100, f"{count} threads have a stack pointer")
    # What thread apply visits does not become current.
    equal(re.search(r"PID: (\d+)", text)[1], re.search(r"PID: (\d+)", kernel.crash("set"))[1], "the task after thread apply")
