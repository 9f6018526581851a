# sig against the signal sets of /proc/PID/status.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import re
import subprocess
import tempfile

from format.writers import segments_of_elf
from harness import equal, expect, run_crash


def processes(kernel):
    """tid -> the fields of its status, of all that sleep from the record to the crash."""
    tasks = {}
    for path in kernel.truth_paths("proc/[0-9]*/task/*/status"):
        fields = dict(x.split(":\t", 1) for x in path.read_text(errors="replace").splitlines() if ":\t" in x)
        if fields["Name"].startswith(("w-", "thr-")):
            tasks[int(fields["Pid"])] = fields
    return tasks


def shown(kernel, tids):
    blocks = re.split(r"^(?=PID: )", kernel.crash("sig " + " ".join(map(str, tids))), flags=re.M)[1:]
    return {int(re.match(r"PID: (\d+)", block)[1]): block for block in blocks}


def test_sets(kernel):
    tasks = processes(kernel)
    blocks = shown(kernel, tasks)
    equal(sorted(blocks), sorted(tasks), "tasks shown")
    wrong = []
    for tid, fields in tasks.items():
        block = blocks[tid]
        actions = re.findall(r"^ *\[(\d+)\] [0-9a-f]{16} +(\S+) ([0-9a-f]{16}) ", block, re.M)
        ignored = sum(1 << int(n) - 1 for n, handler, _ in actions if handler == "SIG_IGN")
        caught = sum(1 << int(n) - 1 for n, handler, _ in actions if not handler.startswith("SIG_"))
        pending = [int(x, 16) for x in re.findall(r"^ +SIGNAL: ([0-9a-f]{16})$", block, re.M)]
        got = {"SigBlk": int(re.search(r"BLOCKED: ([0-9a-f]{16})", block)[1], 16), "SigPnd": pending[0],
               "ShdPnd": pending[1], "SigIgn": ignored, "SigCgt": caught}
        # Without sighand (a zombie that was reaped half-way) status shows nothing.
        for name, value in got.items():
            if value != int(fields[name], 16):
                wrong.append(f"{tid} {fields['Name']} {name}: {value:x}, wanted {fields[name]}")
        expect(len(actions) == 64, f"{tid}: {len(actions)} actions")
        waits = (got["SigPnd"] | got["ShdPnd"]) & ~got["SigBlk"] != 0
        equal(re.search(r"SIGPENDING: (\S+)", block)[1], "yes" if waits else "no", f"{tid}: SIGPENDING")
    equal(wrong, [], "signal sets")


def test_queue(kernel):
    tid = next(t for t, f in processes(kernel).items() if f["Name"] == "w-signals")
    block = shown(kernel, [tid])[tid]
    private, group = block.split("SHARED_PENDING")
    queued = re.compile(r"^ {13} *(\d+)  [0-9a-f]{16}$", re.M)
    equal(queued.findall(private), ["15"], "private queue of w-signals")
    alone = re.findall(r"^ +15  [0-9a-f]{16}$", private, re.M)
    expect(alone[0] in kernel.crash(f"sig -g {tid}").splitlines(), "the columns of sig -g")
    # SIGUSR1 and SIGRTMIN + 1 of the C library (35) twice, in the order in which they were sent.
    equal(queued.findall(group), ["10", "35", "35"], "shared queue of w-signals")


def test_group(kernel):
    tasks = processes(kernel)
    leader = next(t for t, f in tasks.items() if f["Name"] == "w-threads")
    threads = sorted(t for t, f in tasks.items() if int(f["Tgid"]) == leader)
    text = kernel.crash(f"sig -g {threads[-1]}")
    equal(int(re.match(r"PID: (\d+)", text)[1]), leader, "leader of sig -g")
    equal([int(t) for t in re.findall(r"^  PID: (\d+)", text, re.M)], threads, "threads of sig -g")
    expect(f"NR_THREADS: {len(threads)}" in text, "NR_THREADS")


def test_names(kernel):
    listed = re.findall(r"^ *\[(\d+)\] (SIG\S+)$", kernel.crash("sig -l"), re.M)
    equal([int(n) for n, _ in listed], list(range(1, 65)), "numbers of sig -l")
    for number, name in listed:
        equal(kernel.crash(f"sig -s {1 << int(number) - 1:x}"), name.split("/")[0] + "\n", f"sig -s of signal {number}")
    equal(kernel.crash("sig -s 800A000000000201"), "SIGHUP SIGUSR1 SIGRTMAX-14 SIGRTMAX-12 SIGRTMAX\n", "sig -s")
    lines = kernel.crash("sig -s ffffffffffffffff").splitlines()
    equal(" ".join(lines).split(), [name.split("/")[0] for _, name in listed], "sig -s of all signals")
    expect(len(lines) > 1 and max(map(len, lines)) <= 80, "lines longer than a terminal's")


def test_idle_tasks(kernel):
    idle = re.findall(r"^>? +0 +0 +(\d+)  [0-9a-f]{16} ", kernel.crash("ps 0"), re.M)
    expect(len(idle) > 1, "one idle task only")
    shown_cpus = re.findall(r"^PID: 0 .* CPU: (\d+)", kernel.crash("sig 0"), re.M)
    equal(shown_cpus, idle, "idle tasks of sig 0")


def test_broken_queue(kernel):
    """A queue whose first link leads nowhere:
    both forms say why, in its place, and tell all the rest."""
    tid = next(t for t, f in processes(kernel).items() if f["Name"] == "w-signals")
    task = int(re.search(r"TASK: ([0-9a-f]{16})", shown(kernel, [tid])[tid])[1], 16)
    offset = int(re.search(r"\[(\d+)\]", kernel.crash("struct -o task_struct.pending"))[1])
    physical = int(kernel.crash(f"vtop {task + offset:x}").split()[3], 16)
    place = next(at + physical - start for kind, start, at, size in segments_of_elf(kernel.vmcore)
                 if kind == 1 and start <= physical < start + size)
    with tempfile.TemporaryDirectory() as folder:
        copy = f"{folder}/vmcore"
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", kernel.vmcore, copy], check=True)
        with open(copy, "r+b") as file:
            file.seek(place)
            file.write((0x1000).to_bytes(8, "little"))
        text, group, one, whole = (run_crash("-s", kernel.vmlinux, copy, stdin=f"{words} {tid}\n").stdout
                                   for words in ("sig", "sig -g", "sig --json", "sig -g --json"))
    part = re.search(r"^PRIVATE_PENDING\n    SIGNAL: [0-9a-f]{16}\n  SIGQUEUE:  SIG +SIGINFO +\n +\((.+)\)\nSHARED_PENDING\n", text, re.M)
    expect(part, f"no reason in the place of the queue: {text[-600:]!r}")
    expect(f"({part[1]})" in group, f"no reason in sig -g: {group[-600:]!r}")
    equal(len(re.findall(r"^ +(10|35)  [0-9a-f]{16}$", text, re.M)), 3, "signals of the group")
    equal(json.loads(one)["private_pending"]["queue"], [{"error": part[1]}], "sig --json")
    equal([signal["signal"] for signal in json.loads(one)["shared_pending"]["queue"]], [10, 35, 35], "sig --json")
    threads = {thread["pid"]: thread for thread in json.loads(whole)["threads"]}
    equal(threads[tid]["private_pending"]["queue"], [{"error": part[1]}], "sig -g --json")
