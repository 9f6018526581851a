# bt against the kernel's own Call Trace and /proc/PID/stack.
# SPDX-License-Identifier: GPL-3.0-or-later
import functools
import pathlib
import re
import subprocess
import sys
import tempfile

from harness import equal, expect, run_crash, same_lines

sys.path[:0] = [str(pathlib.Path(__file__).parent)]
import test_ps  # noqa: E402


def traces(text):
    """pid -> list of (function, offset) from `foreach bt -sx`;
    the interrupted functions are frames too."""
    found, pid, left = {}, None, False
    for line in text.splitlines():
        header = re.match(r"PID: (\d+)\s+TASK: ([0-9a-f]+)", line)
        frame = re.match(r" ?#\d+ \[[0-9a-f]+\] (\S+)\+(0x[0-9a-f]+) at [0-9a-f]+( \[\w+\])?$", line)
        frame = frame or re.match(r"    \[exception RIP: (\S+)\+(0x[0-9a-f]+)\]( \[\w+\])?$", line)
        if header:
            pid = int(header.group(1))
            # CPU idle tasks all have pid 0
            key = (pid, header.group(2)) if pid == 0 else pid
            found[key] = []
        elif frame:
            named = (frame.group(1), int(frame.group(2), 16))
            # What an exception interrupted from a stack of its own is named again below that stack.
            if not left or found[key][-1] != named:
                found[key].append(named)
        left = " exception stack> ---" in line
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
    """pid -> how often the task had gone from a CPU, by itself or not, by the dump."""
    return {pid: count for pid, (count, _) in test_ps.switches(kernel).items()}


def has_run_since(kernel, folder, switches):
    """A few kernel threads (rcu_preempt) ran between the record and the crash:
    the kernel counts it."""
    recorded = re.findall(r"^(?:non)?voluntary_ctxt_switches:\s+(\d+)", (folder / "status").read_text(), re.M)
    return switches is not None and sum(map(int, recorded)) < switches


def scheduler_functions(kernel):
    """What /proc/PID/stack leaves out, wherever it stands:
    the functions between two symbols of the linker."""
    found, inside = set(), False
    for line in sorted(kernel.truth("proc/kallsyms").splitlines()):
        name = line.split()[2]
        inside = name == "__sched_text_start" or inside and name != "__sched_text_end"
        if inside:
            found.add(name)
    return found


@functools.lru_cache(maxsize=2)
def addresses_of_functions(folder):
    found = {}
    for line in (folder / "truth/proc/kallsyms").read_text().splitlines():
        found.setdefault(line.split()[2], int(line.split()[0], 16))
    return found


def ends_in_a_probe(kernel, frames):
    """5.10's own unwinder takes a return probe's code for the caller, and ends there."""
    addresses = addresses_of_functions(kernel.folder)
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
    by_table, (by_dwarf,) = kernel.crash("foreach bt -sx"), kernel.crash_in_context(1, "foreach bt -sx", before=["set unwind on"])
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
    """A frame that called another is at the line of the call:
    the byte before the return address."""
    text = kernel.crash("bt -l 1")
    frames = re.findall(r"^ ?#\d+ \[[0-9a-f]+\] \S+ at ([0-9a-f]+)\n    (\S+): (\d+)$", text, re.M)
    expect(len(frames) > 4, f"lines in {text[:300]!r}")
    for pc, file, line in frames[1:]:
        told = kernel.crash(f"gdb info line *0x{int(pc, 16) - 1:x}")
        expect(told.startswith(f'Line {line} of "{file}"'), f"{pc}: bt -l says {file}: {line}, gdb {told[:120]!r}")


def test_inlined_functions_of_each_frame(kernel):
    """binutils' addr2line, which shares no code with us,
    names the same functions and lines of calls."""
    offset = int(re.search(r"Kernel Offset: 0x([0-9a-f]+)", kernel.crash("log"))[1], 16)
    frames = re.findall(r"^ ?#\d+ \[[0-9a-f]+\] \S+ at ([0-9a-f]+)\n    \S+: \d+\n((?:    \(inlined\) .*\n)*)",
                        kernel.crash("foreach UN IN bt -l"), re.M)
    shown = {pc: re.findall(r"\(inlined\) (\S+) at \S+: (\d+)", inlined) for pc, inlined in frames}
    pcs = [pc for pc in shown if int(pc, 16) - offset < 0xffffffff84000000][:200]
    expect(len(pcs) > 20, f"{len(pcs)} frames with lines")
    done = subprocess.run(["addr2line", "-a", "-f", "-i", "-e", kernel.vmlinux, *[f"{int(pc, 16) - offset - 1:x}" for pc in pcs]],
                          capture_output=True, text=True, check=True)
    answers = re.split(r"^0x[0-9a-f]+\n", done.stdout, flags=re.M)[1:]
    equal(len(answers), len(pcs), "answers of addr2line")
    for pc, answer in zip(pcs, answers):
        words = answer.split("\n")[:-1]
        equal(shown[pc], list(zip(words[0:-2:2], [re.search(r":(\d+)", place)[1] for place in words[3::2]])), f"inlined at {pc}")
    expect(any(shown[pc] for pc in pcs), "no frame has an inlined function")


def test_arguments_and_locals_are_gdbs(kernel):
    """What gdb's own commands say in each frame, those of inlined functions too,
    for the panic's task and another."""
    checked = 0
    for pid in ("", "1"):
        before = [f"set {pid}"] if pid else []
        commands = [f"gdb {command}" for n in range(40) for command in (f"frame {n}", "info args", "info locals")]
        answers = run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin="\n".join(
            [*before, *[f"{c}\neval 0x7e57" if c.startswith("gdb info") else f"{c}" for c in commands], "quit", ""]))
        parts = re.split(r"^hexadecimal: 7e57.*\n(?:.*:.*\n){3}", answers.stdout, flags=re.M)
        gdbs = [line for part in parts for line in part.splitlines() if re.match(r"(\w+ = |No (locals|arguments|symbol))", line)]
        expect(len(gdbs) > 15, f"gdb: {answers.stdout[:300]!r}")
        text = run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin=f"bt --args --locals {pid}\nbt {pid}\nquit\n").stdout
        ours = [line[4:] for line in text.splitlines() if re.match(r"    (\w+ = |No (locals|arguments|symbol))", line)]
        same_lines(ours, gdbs[:len(ours)], f"variables of task {pid or 'that panicked'}")
        checked += len(ours)
        expect("(no variables" not in text, f"frames that gdb does not have: {text[:400]!r}")
    expect(checked > 40, f"{checked} variables")


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


def frames_with_words(text):
    """[task: [(address, function, pc, [(address, word)])]] of bt -f."""
    tasks = []
    for line in text.splitlines():
        call = re.match(r" ?#\d+ \[([0-9a-f]+)\] (\S+) at ([0-9a-f]+)", line)
        words = re.match(r"    ([0-9a-f]{16}): ((?:[0-9a-f]{16} )+)$", line)
        if line.startswith("PID:"):
            tasks.append([])
        elif call:
            tasks[-1].append((int(call[1], 16), call[2], int(call[3], 16), []))
        elif words:
            address = int(words[1], 16)
            tasks[-1][-1][3].extend((address + 8 * i, int(word, 16)) for i, word in enumerate(words[2].split()))
    return tasks


def test_words_end_at_the_next_return_address(kernel):
    """Of every task: the words below a frame are those up to the next frame,
    whose address holds its pc."""
    compared = 0
    for frames in frames_with_words(kernel.crash("foreach bt -f")):
        for (address, function, _, words), following in zip(frames, frames[1:]):
            if not words:
                continue
            expect(words[0][0] in (address, address + 8), f"the words below {function} at {address:x} begin at {words[0][0]:x}")
            equal([at for at, _ in words], list(range(words[0][0], words[0][0] + 8 * len(words), 8)), f"words below {function}")
            equal(words[-1], (following[0], following[2]), f"the last word below {function}")
            compared += 1
    expect(compared > 400, f"only {compared} frames with words below them")


def test_addresses_hold_return_addresses(kernel):
    """Of what CPUs were executing, whose traces go over several stacks."""
    frames = re.findall(r"^ ?#[1-9]\d* \[([0-9a-f]+)\] (\S+) at ([0-9a-f]+)", kernel.crash("bt -a"), re.M)
    expect(len(frames) > 8, f"frames of bt -a: {frames}")
    for (address, function, pc), text in zip(frames, kernel.crash(*[f"rd {address}" for address, _, _ in frames])):
        expect(text.split()[1] == pc, f"{function} at {pc}, but {address} holds {text!r}")


def test_exited_tasks_have_no_stack(kernel):
    """Their stacks were given back: what lies there now is another task's."""
    pid, = [pid for pid, name in re.findall(r"^PID: (\d+) .*COMMAND: \"(.*)\"\n\(no stack\)$", kernel.crash("foreach ZO DE bt"), re.M)
            if name == "w-undead"]
    for form in ("-t", "-T", "-r", "-f", "-o"):
        text = kernel.crash(f"bt {form} {pid}")
        equal(text.splitlines()[1:], ["(no stack)"], f"bt {form} of a task without a stack")


def test_text_words_contain_the_frames(kernel):
    plain, from_frame, whole = kernel.crash("bt 2", "bt -t 2", "bt -T 2")
    for address, function in re.findall(r"#\d+ \[([0-9a-f]+)\] (\S+) at", plain):
        expect(f"[{address}] {function} at" in from_frame, f"bt -t lacks {function}")
        expect(f"[{address}] {function} at" in whole, f"bt -T lacks {function}")
    expect(len(whole.splitlines()) >= len(from_frame.splitlines()) - 1, "bt -T shows less than bt -t")


def words_have_the_frames(dump, commands):
    """-t and -o go over all stacks that the trace goes over;
    only what registers named is no word."""
    for command in commands:
        plain, words, scanned = dump.crash(command, f"{command} -t", f"{command} -o")
        frames = re.findall(r"^ ?#(\d+) \[([0-9a-f]+)\] (\S+) at ([0-9a-f]+)", plain, re.M)
        interrupted = {rip for rip in re.findall(r"^    RIP: ([0-9a-f]{16})", plain, re.M)}
        expect(len(frames) > 4, f"frames of {command}: {frames}")
        for number, address, function, pc in frames:
            if number != "0" and pc not in interrupted:
                expect(f"[{address}] {function} at {pc}" in words, f"{command} -t lacks {function}")
            line = rf"\[{address}\] (\? )?{re.escape(function)} at {pc}"
            expect(re.search(line, scanned), f"{command} -o lacks {function}")
        for separator in re.findall(r"^--- .*", plain, re.M):
            expect(separator in words and separator in scanned, f"{command} -t or -o lacks {separator}")


def test_words_of_all_stacks(kernel):
    words_have_the_frames(kernel.dump(), ("bt -c 0", "bt -c 1"))


def test_exception_frames_and_raw_stack(kernel):
    plain, exceptions, raw = kernel.crash("bt 1", "bt -e 1", "bt -r 1")
    expect("USER-MODE EXCEPTION FRAME AT:" in exceptions, "bt -e finds no user registers")
    fault, = kernel.crash_in_context(1, "foreach thr-uffd bt -e")
    expect(re.search(r"KERNEL-MODE EXCEPTION FRAME AT: [0-9a-f]+\n    \[exception RIP: \w+\+\d+\]\n    RIP: ", fault),
           f"bt -e of a page fault: {fault[:200]!r}")
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


def test_no_stack_overflows(kernel):
    equal(kernel.crash("bt -v"), "No stack overflows detected\n", "bt -v")


def test_registers_on_special_stacks(kernel):
    """The CPU that panic() stopped was interrupted:
    its registers are on the interrupt stack, or on the task's."""
    everything, one = kernel.crash("bt -E", "bt -E -c 1")
    titles = re.findall(r"^CPU (\d+) (\w+(?: EXCEPTION)?) STACK:$", everything, re.M)
    equal(titles[:2], [("0", "IRQ"), ("1", "IRQ")], "the first stacks of bt -E")
    for kind in ("DOUBLEFAULT", "NMI", "DEBUG", "MCE"):
        expect(("1", kind + " EXCEPTION") in titles, f"bt -E shows no {kind} stack of CPU 1: {titles}")
    expect("CPU 0" not in one and "CPU 1 NMI" in one, f"bt -E -c 1: {one[:200]!r}")
    for text in re.split(r"^CPU ", everything, flags=re.M)[1:]:
        found = "EXCEPTION FRAME AT" in text
        expect(found != ("(none found)" in text), f"neither frames nor none: {text!r}")


def test_start_elsewhere(kernel):
    """From each frame on, the same frames as from the first one."""
    frames = re.findall(r"^ ?#\d+ \[([0-9a-f]+)\] (\S+) at ([0-9a-f]+)", kernel.crash("bt 2"), re.M)
    expect(len(frames) > 3, f"frames of pid 2: {frames}")
    for i in range(1, len(frames) - 1):
        sp, _, ip = frames[i]
        for words in (f"bt -S {sp} 2", f"bt -I {ip} -S {sp} 2"):
            equal(re.findall(r"^ ?#\d+ \[([0-9a-f]+)\] (\S+) at ([0-9a-f]+)", kernel.crash(words), re.M), frames[i:], words)
    equal(kernel.crash(f"bt -I {frames[0][2]} 2"), kernel.crash("bt 2"), "bt -I with the first frame's address")


def test_scanned_stacks(kernel):
    """Each real frame is among the words, and every line is marked as a guess."""
    real, scanned = kernel.crash("bt 2", "bt -o 2")
    lines = re.findall(r"^ ?#\d+ \[[0-9a-f]+\] .*$", scanned, re.M)
    expect(lines and all("] ? " in line for line in lines), f"bt -o without marks: {lines}")
    for sp, function in re.findall(r"\[([0-9a-f]+)\] (\S+) at", real):
        expect(f"[{sp}] ? {function} at" in scanned, f"bt -o lacks {function}")


def test_scanning_by_default(kernel):
    """-O is for the rest of the session, so one session has all of it."""
    script = "bt -O\nbt 2\nbt -o 2\nbt -O\nbt 2\nquit\n"
    text = run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin=script).stdout
    old, new = text.split("bt: use new bt method by default\n")
    expect(old.startswith("bt: use old bt method by default\n"), f"bt -O says {old[:60]!r}")
    equal(old.count("] ? "), len(re.findall(r"#\d+ \[", kernel.crash("bt -o 2"))), "marked lines after bt -O")
    equal(new.strip(), kernel.crash("bt 2").strip(), "bt after -O twice")


def test_sources(kernel):
    panic, sleeping = kernel.crash("bt --sources"), kernel.crash("bt --sources 2")
    expect("start: the registers in the dump's notes" in panic and "<registers>" in panic.splitlines()[2], panic[:300])
    expect("start: where the scheduler switched away" in sleeping, sleeping[:200])
    expect(sleeping.count("<ORC>") >= 2, f"frames without their source: {sleeping!r}")
    by_dwarf = run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin="set unwind on\nbt --sources 2\nquit\n").stdout
    expect(by_dwarf.count("<DWARF>") >= 2, f"set unwind on: {by_dwarf!r}")


def test_merged_stacks(kernel):
    """Every task is in one group, with the functions of its own trace."""
    text, alone = kernel.crash("bt --merge"), traces(kernel.crash("foreach bt -sx"))
    pids, counts = [], []
    for group in text.split("\n\n"):
        count, state = re.match(r"TASKS: (\d+) +STATE: (\w\w)", group).groups()
        members = [int(pid) for pid in re.search(r"^ PIDS:(.*)$", group, re.M)[1].split()]
        functions = [(name, int(offset)) for name, offset in re.findall(r"^ +#\d+ (\S+)\+(\d+)$", group, re.M)]
        equal(len(members), int(count), f"tasks of a group of {state}")
        pids += members
        counts.append((2 if "on a CPU" in group else state == "UN", int(count)))
        for pid in members:
            if pid in alone:
                equal(names(functions), names(alone[pid]), f"the merged stack of pid {pid}")
    equal(counts, sorted(counts, reverse=True), "groups: on a CPU, then UN, then by number")
    listed = re.findall(r"^[> ] +(\d+) ", kernel.crash("ps"), re.M)
    equal(sorted(pids), sorted(int(pid) for pid in listed), "tasks in all groups")
    some = kernel.crash("foreach UN bt --merge")
    expect(some and set(re.findall(r"STATE: (\w\w)", some)) == {"UN"}, f"foreach UN bt --merge: {some[:100]!r}")


def test_merged_stacks_with_options(kernel):
    plain, hexadecimal, lines, some = kernel.crash("bt --merge", "bt --merge -x", "bt --merge -l", "bt --merge -R do_wait")
    equal(re.sub(r"\+0x([0-9a-f]+)$", lambda m: f"+{int(m[1], 16)}", hexadecimal, flags=re.M), plain, "bt --merge -x")
    same_lines([line for line in lines.splitlines() if not line.startswith("    ")], plain.splitlines(), "bt --merge -l")
    single = kernel.crash("bt -l 2").splitlines()
    source = [line for line in single if line.startswith("    ") and "RIP" not in line]
    group = next(part for part in lines.split("\n\n") if re.search(r"^ PIDS: 2$", part, re.M))
    same_lines([line for line in group.splitlines() if line.startswith("    ")], source, "lines of kthreadd's stack")
    groups = [part for part in plain.split("\n\n") if re.search(r"#\d+ do_wait\+", part)]
    same_lines(some.strip().split("\n\n"), [part.strip() for part in groups], "bt --merge -R do_wait")


def test_options_that_exclude_each_other(kernel):
    """What could only be ignored is refused, by foreach, too."""
    for words, message in (("--merge --args", "--args does not go with --merge"), ("--folded --locals", "--locals does not go with --folded"),
                           ("--merge -f", "-f does not go with --merge"), ("--folded -l", "-l does not go with --folded"),
                           ("-T --sources", "--sources does not go with -T"), ("-r --locals", "--locals does not go with -r"),
                           ("-s -x -d", "-x and -d exclude each other")):
        for command in (f"bt {words} 2", f"foreach 2 bt {words}"):
            text = kernel.crash(command)
            expect(message in text and "#0" not in text, f"{command}: {text[:200]!r}")


def test_unwind_table_by_option(kernel):
    text = run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin="bt -D dwarf\nset unwind\nbt --sources 2\nbt -D orc\nbt --sources 2\nquit\n").stdout
    dwarf, orc = text.split("PID: ")[1:]
    expect("unwind: on" in text and dwarf.count("<DWARF>") >= 2 and "<DWARF>" not in orc, f"bt -D: {text!r}")


def test_lines_and_variables_together(kernel):
    """A function that is inline is named once, with its place and its variables."""
    lines, variables, both = kernel.crash("bt -l 1", "bt --args --locals 1", "bt -l --args --locals 1")
    places = re.findall(r"^    \(inlined\) (\S+) at .*$", lines, re.M)
    expect(places, "no function is inline in the whole trace")
    equal(re.findall(r"^    \(inlined\) (\S+) at .*$", both, re.M), places, "inlined functions of bt -l --args --locals")
    equal(re.findall(r"^    \(inlined\) \S+$", both, re.M), [], "inlined functions that are named twice")
    values = [line for line in variables.splitlines() if re.match(r"    (\w+ = |No |\(function\))", line)]
    same_lines([line for line in both.splitlines() if re.match(r"    (\w+ = |No |\(function\))", line)], values, "variables")


def test_variables_without_debug_information(kernel):
    with tempfile.TemporaryDirectory() as folder:
        bare = pathlib.Path(folder) / "vmlinux"
        subprocess.run(["objcopy", "--strip-debug", kernel.vmlinux, bare], check=True)
        result = run_crash("-s", bare, kernel.vmcore, stdin="bt --args --locals 2\nforeach 2 bt --locals\nbt 2\nquit\n")
    traces_shown = re.split(r"^(?=PID: 2 )", result.stdout, flags=re.M)[1:]
    equal([part.strip() for part in traces_shown], [kernel.crash("bt 2").strip()] * 3, "traces without debug information")
    equal(result.stderr.count("bt: no arguments or locals: "), 2, "messages")
    expect("has no debug information" in result.stderr, result.stderr[:300])


def test_foreach_passes_options_on(kernel):
    flags = ("-r", "-t", "-T", "-l", "-e", "-R schedule", "-f", "-F", "-FF", "-o", "-s", "-sx", "-sd", "-x", "-d", "--sources")
    for flag, one, each in zip(flags, kernel.crash(*[f"bt {flag} 2" for flag in flags]), kernel.crash(*[f"foreach kthreadd bt {flag}" for flag in flags])):
        equal(each.strip(), one.strip(), f"foreach kthreadd bt {flag}")
    wrong = kernel.crash("foreach bt -c")
    equal(wrong.count("option requires an argument -- 'c'"), 1, "messages for an option that bt does not take so")


def test_variables_of_each_task(kernel):
    """foreach shows what bt shows of each."""
    each, one = kernel.crash("foreach kthreadd khungtaskd bt --args --locals", "bt --args --locals 2")
    equal(each.split("\n\n")[0].strip(), one.strip(), "foreach bt --args --locals")
    equal(len(re.findall(r"^PID:", each, re.M)), 2, "tasks")


def test_folded_stacks(kernel):
    lines = kernel.crash("bt --folded").splitlines()
    equal(sum(int(line.rsplit(" ", 1)[1]) for line in lines), len(re.findall(r"^[> ] +\d+ ", kernel.crash("ps"), re.M)),
          "tasks in all lines")
    wanted = [name for name, _ in traces(kernel.crash("bt -sx 2"))[2]]
    expect(f"kthreadd;{';'.join(reversed(wanted))} 1" in lines, f"kthreadd's line: {[x for x in lines if 'kthreadd' in x]}")


def test_wrong_arguments(kernel):
    unknown, nothing = kernel.crash("bt nosuchtask", "bt -n busy -a")
    expect("nosuchtask" in unknown, f"bt of an unknown task says {unknown!r}")
    expect("idle" in nothing, f"bt -n busy says {nothing!r}")
