# bt against the kernel's own Call Trace and /proc/PID/stack.
# SPDX-License-Identifier: GPL-3.0-or-later
import re

from harness import equal, expect, same_lines


def traces(text):
    """pid -> list of (function, offset) from `foreach bt -sx`; the interrupted functions are frames too."""
    found, pid = {}, None
    for line in text.splitlines():
        header = re.match(r"PID: (\d+)\s+TASK: ([0-9a-f]+)", line)
        frame = re.match(r" ?#\d+ \[[0-9a-f]+\] (\S+)\+(0x[0-9a-f]+)( \[\w+\])? at [0-9a-f]+$", line)
        frame = frame or re.match(r"    \[exception RIP: (\S+)\+(0x[0-9a-f]+)( \[\w+\])?\]$", line)
        if header:
            pid = int(header.group(1))
            # CPU idle tasks all have pid 0
            key = (pid, header.group(2)) if pid == 0 else pid
            found[key] = []
        elif frame:
            found[key].append((frame.group(1), int(frame.group(2), 16)))
    return found


def kernel_stack(text):
    """/proc/PID/stack: "[<0>] do_wait+0x60/0x100"."""
    rows = re.findall(r"^\[<0>\] (\S+?)\+(0x[0-9a-f]+)/0x[0-9a-f]+", text, re.M)
    return [(name, int(offset, 16)) for name, offset in rows]


def call_trace(console):
    """The panic's Call Trace, without the lines that the kernel itself calls unreliable."""
    text = console.split("LAB: trigger", 1)[1].split("Call Trace:", 1)[1].split("</TASK>", 1)[0]
    frames = []
    for line in text.splitlines():
        line = re.sub(r"^\[\s*\d+\.\d+\](\[[^]]*\])? ?", "", line).rstrip()
        frame = re.match(r"^ (\S+?)\+(0x[0-9a-f]+)/0x[0-9a-f]+", line)
        if frame and not line.startswith(" ?"):
            frames.append((frame.group(1), int(frame.group(2), 16)))
    return frames


def context_switches(kernel):
    """pid -> how often the task had gone to sleep, by the dump."""
    text, found, pid = kernel.crash("foreach task -R nvcsw"), {}, None
    for line in text.splitlines():
        header = re.match(r"PID: (\d+) ", line)
        value = re.match(r"\s+nvcsw = (\d+)", line)
        if header:
            pid = int(header.group(1))
        elif value:
            found[pid] = int(value.group(1))
    return found


def has_run_since(kernel, folder, switches):
    """A few kernel threads (rcu_preempt) ran between the record and the crash: the kernel counts it."""
    recorded = re.search(r"^voluntary_ctxt_switches:\s+(\d+)", (folder / "status").read_text(), re.M)
    return switches is not None and int(recorded.group(1)) < switches


def scheduler_functions(kernel):
    """What /proc/PID/stack leaves out, wherever it stands: the functions between two symbols of the linker."""
    found, inside = set(), False
    for line in sorted(kernel.truth("proc/kallsyms").splitlines()):
        name = line.split()[2]
        inside = name == "__sched_text_start" or inside and name != "__sched_text_end"
        if inside:
            found.add(name)
    return found


def ends_in_a_probe(kernel, frames):
    """5.10's own unwinder takes a return probe's code for the caller, and ends there."""
    addresses = {}
    for line in kernel.truth("proc/kallsyms").splitlines():
        addresses.setdefault(line.split()[2], int(line.split()[0], 16))
    name, offset = frames[-1]
    return addresses.get(name, 0) + offset == addresses.get("kretprobe_trampoline", -1)


def names(frames):
    return [f"{name}+{offset:#x}" for name, offset in frames]


def test_panic_task_has_the_kernels_call_trace(kernel):
    ours = traces(kernel.crash("bt -sx"))
    expect(len(ours) == 1, f"bt shows {len(ours)} tasks")
    frames = list(ours.values())[0]
    wanted = call_trace(kernel.console())
    expect(len(wanted) > 5, "no Call Trace in the console's log")
    # The kernel printed its trace from inside panic(); what panic() called afterwards came later.
    at_panic = [i for i, (name, _) in enumerate(frames) if name == "panic"]
    expect(at_panic, f"no frame of panic in {names(frames)}")
    start = [i for i, (name, _) in enumerate(wanted) if name == "panic"][0]
    # panic() itself has moved on, so only its function can agree.
    same_lines(names(frames[at_panic[0] + 1:]), names(wanted[start + 1:]), "frames below panic")


def test_every_sleeping_task_has_its_proc_stack(kernel):
    ours = traces(kernel.crash("foreach bt -sx"))
    compared, wrong = 0, []
    ours_switches = context_switches(kernel)
    facts = dict(line.split(None, 1) for line in kernel.truth("run/lab/facts").splitlines() if " " in line)
    recorder = int(facts["recorder"])
    scheduler = scheduler_functions(kernel)
    # What it did has a test of its own.
    panicked = set(traces(kernel.crash("bt -sx")))
    for path in kernel.truth_paths("proc/[0-9]*/task/[0-9]*/stack"):
        pid = int(path.parent.name)
        wanted = kernel_stack(path.read_text())
        running = "State:\tR" in (path.parent / "status").read_text()
        if pid == recorder or pid in panicked or running or not wanted:
            continue
        frames = ours.get(pid)
        if frames is None:
            wrong.append(f"{pid} has no trace")
            continue
        frames = [frame for frame in frames if frame[0] not in scheduler]
        compared += 1
        if ends_in_a_probe(kernel, wanted):
            wanted, frames = wanted[:-1], frames[:len(wanted) - 1]
        if frames != wanted and not has_run_since(kernel, path.parent, ours_switches.get(pid)):
            wrong.append(f"{pid}: got {names(ours[pid])}, wanted {names(wanted)}")
    expect(compared >= 80, f"only {compared} stacks to compare")
    expect(not wrong, f"{len(wrong)} of {compared} differ: " + " | ".join(wrong[:3]))


def test_every_trace_ends_properly(kernel):
    text = kernel.crash("foreach bt -sx")
    stopped = [line for line in text.splitlines() if "unwinding stopped" in line]
    equal(stopped, [], "traces that end early")


def test_dwarf_and_the_kernels_table_agree(kernel):
    """Two descriptions of the same stacks, made by different tools."""
    by_table, by_dwarf = kernel.crash("foreach bt -sx"), kernel.crash("set unwind on", "foreach bt -sx")[1]
    same_lines(by_dwarf.splitlines(), by_table.splitlines(), "foreach bt after set unwind on")


def test_all_cpus(kernel):
    everything, panic, idle_hidden, one = kernel.crash("bt -a", "bt -p", "bt -a -n idle", "bt -c 0")
    equal(len(re.findall(r"^PID:", everything, re.M)), 2, "tasks that bt -a shows on 2 CPUs")
    expect(panic.strip() in everything, "bt -p is not one of bt -a's traces")
    expect("swapper" not in idle_hidden and "PID:" in idle_hidden, f"bt -n idle shows {idle_hidden[:200]!r}")
    expect(" CPU: 0 " in one and " CPU: 1 " not in one, "bt -c 0 shows another CPU")


def test_first_frames_are_the_cpus_registers(kernel):
    """What each CPU was executing when the dump was taken, as the machine itself tells it."""
    recorded = (kernel.dump().folder / "registers").read_text()
    checked = 0
    for cpu, text in re.findall(r"^CPU#(\d+)\n(.*?)(?=^CPU#|\Z)", recorded, re.M | re.S):
        rip, rsp = (re.search(rf"\b{name}=([0-9a-f]{{16}})", text).group(1) for name in ("RIP", "RSP"))
        first = re.search(r"^ #0 \[([0-9a-f]+)\] \S+ at ([0-9a-f]+)", kernel.crash(f"bt -c {cpu}"), re.M)
        equal((first.group(2), first.group(1)), (rip, rsp), f"pc and sp of CPU {cpu}'s first frame")
        checked += 1
    equal(checked, 2, "CPUs with registers")


def test_lines_are_those_of_the_calls(kernel):
    """A frame that called another is at the line of the call: the byte before the return address."""
    text = kernel.crash("bt -l 1")
    frames = re.findall(r"^ ?#\d+ \[[0-9a-f]+\] \S+ at ([0-9a-f]+)\n    (\S+): (\d+)$", text, re.M)
    expect(len(frames) > 4, f"lines in {text[:300]!r}")
    for pc, file, line in frames[1:]:
        told = kernel.crash(f"gdb info line *0x{int(pc, 16) - 1:x}")
        expect(told.startswith(f'Line {line} of "{file}"'), f"{pc}: bt -l says {file}: {line}, gdb {told[:120]!r}")


def test_words_of_each_frame(kernel):
    plain, words = kernel.crash("bt 2", "bt -f 2")
    frames = re.findall(r"#\d+ \[([0-9a-f]+)\] (\S+) at ([0-9a-f]+)", plain)
    dumped = {}
    for address, data in re.findall(r"^    ([0-9a-f]{16}): ((?:[0-9a-f]{16} )+)", words, re.M):
        for i, word in enumerate(data.split()):
            dumped[int(address, 16) + 8 * i] = word
    for address, function, pc in frames[1:]:
        equal(dumped.get(int(address, 16)), pc, f"the stack word at {function}'s frame")


def test_symbolic_words(kernel):
    symbolic, with_addresses = kernel.crash("bt -F 2", "bt -FF 2")
    expect("schedule+" in symbolic, "bt -F names no symbol")
    expect("[task_struct]" in symbolic, "bt -F names no slab cache")
    expect(re.search(r"\[[0-9a-f]{16}:task_struct\]", with_addresses), "bt -FF shows no address with the cache")


def test_text_words_contain_the_frames(kernel):
    plain, from_frame, whole = kernel.crash("bt 2", "bt -t 2", "bt -T 2")
    for address, function in re.findall(r"#\d+ \[([0-9a-f]+)\] (\S+) at", plain):
        expect(f"[{address}] {function} at" in from_frame, f"bt -t lacks {function}")
        expect(f"[{address}] {function} at" in whole, f"bt -T lacks {function}")
    expect(len(whole.splitlines()) >= len(from_frame.splitlines()) - 1, "bt -T shows less than bt -t")


def test_exception_frames_and_raw_stack(kernel):
    plain, exceptions, raw = kernel.crash("bt 1", "bt -e 1", "bt -r 1")
    expect("USER-MODE EXCEPTION FRAME AT:" in exceptions, "bt -e finds no user registers")
    rip = re.search(r"RIP: ([0-9a-f]+)", plain).group(1)
    expect(rip in exceptions and rip in raw, "the user's RIP is in bt -e and bt -r")
    equal(sum(len(line.split()) - 1 for line in raw.splitlines()[1:]), 16384 // 8, "words of bt -r")
    expect(re.search(r":.* schedule\+\d+ ", raw), "bt -r names no symbol")


def test_references_and_thread_group(kernel):
    hit, miss = kernel.crash("bt -R kthreadd 2", "bt -R do_nanosleep 2")
    expect("kthreadd at" in hit, "bt -R kthreadd hides kthreadd's trace")
    equal(miss, "", "bt -R of a function that is not in the trace")
    group = [p.parent.parent.parent.name for p in kernel.truth_paths("proc/[0-9]*/task/[0-9]*/stack")]
    leader = next(pid for pid in group if group.count(pid) >= 3)
    text = kernel.crash(f"bt -g {leader}")
    equal(len(re.findall(r"^PID:", text, re.M)), group.count(leader), f"threads of {leader} in bt -g")


def test_offsets(kernel):
    decimal, hexadecimal = kernel.crash("bt -s 2", "bt -sx 2")
    a = [int(n) for n in re.findall(r"\] \S+\+(\d+) at", decimal)]
    b = [int(n, 16) for n in re.findall(r"\] \S+\+(0x[0-9a-f]+) at", hexadecimal)]
    expect(a and a == b, f"offsets differ: {a} and {b}")
    equal(kernel.crash("bt -sd 2"), decimal, "bt -sd")


def test_wrong_arguments(kernel):
    unknown, nothing = kernel.crash("bt nosuchtask", "bt -n busy -a")
    expect("nosuchtask" in unknown, f"bt of an unknown task says {unknown!r}")
    expect("idle" in nothing, f"bt -n busy says {nothing!r}")
