# Every dump of the lab, in every file format: the same questions get the guest's own answers.
# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import re
import struct
import sys

from harness import TOP, Failed, Skipped, expect, run_crash, same_lines

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(TOP / "tests/lab"), str(TOP / "tests/format")]
import dumps  # noqa: E402
import test_bt  # noqa: E402
import test_log  # noqa: E402
import test_mod  # noqa: E402
import test_ps  # noqa: E402
import vmcores  # noqa: E402
import writers  # noqa: E402


def on_all(dump_list, check):
    """Runs CHECK on each dump; one message for all that fail."""
    problems = []
    for dump in dump_list:
        try:
            check(dump)
        except Failed as why:
            problems.append(f"{dump.name}: {why}")
    expect(not problems, f"{len(problems)} of {len(dump_list)} dumps: " + " || ".join(problems)[:900])


def scenarios(kernel, *leave_out):
    """What the lab makes of this kernel; the base dump has tests of its own."""
    names = [name for name in dumps.needed(kernel.name) if name not in leave_out and name != "sysrq"]
    expect(names, f"the lab makes no scenario of {kernel.name}")
    return [kernel.dump(name) for name in names]


def files(kernel):
    """The same memory in every file format, sysrq's by QEMU and kdump's by makedumpfile."""
    kdump = kernel.dump("kdump")
    made = [kdump.variant(pattern) for pattern, _ in vmcores.VARIANTS]
    return [kernel.dump("sysrq").variant("vmcore.zlib"), kernel.dump("nonote").variant("vmcore.zlib"), *made]


def test_tasks(kernel):
    # The recorder ends before process 1 does, and the module starts a thread of its own on the way.
    ended, begun = {"init": {"lab-guest"}}, {"mod-deaf": {"[lab-deaf]"}}
    on_all(scenarios(kernel), lambda dump: test_ps.test_every_task_is_listed(dump, ended.get(dump.name, ()),
                                                                            begun.get(dump.name, ())))


def test_parents_names_and_states(kernel):
    # Kernel threads wait for busy processors; where process 1 ends, a writer freezes,
    # memory runs out or the module's thread crashes, tasks have changed since the record.
    changed = ("nmi", "serial", "init", "hung", "oom", "mod-bug", "mod-overflow", "mod-process", "mod-null", "mod-wild",
               "mod-lockup", "mod-deaf", "mod-debug", "mod-nmideaf")
    on_all(scenarios(kernel, *changed), test_ps.test_parent_name_state)


def test_log_begins_with_the_guests_dmesg(kernel):
    on_all(scenarios(kernel), test_log.test_log_equals_the_guests_dmesg)


def has_the_panic(dump):
    console = dump.console().replace("\r", "")
    panic = re.search(r"\] (Kernel panic - not syncing: .*)", console.split("LAB: trigger", 1)[1])
    fault = re.search(r"\] ((?:kernel BUG at|BUG: (?:kernel NULL|TASK stack|unable to handle page fault)).*)", console)
    panic = panic or fault  # an oops goes to the crash kernel before anything calls it a panic
    expect(panic, "no panic on the console")
    expect(panic[1] in dump.crash("log"), f"log does not say {panic[1]!r}")
    # panic() after an oops only says that there was one: the line that names the fault says more.
    wanted = fault[1] if fault and "Fatal exception" in panic[1] else panic[1]
    expect(f'PANIC: "{wanted}' in dump.crash("sys"), f"sys says {dump.crash('sys')[-120:]!r}, wanted {wanted!r}")


def test_log_has_the_panic(kernel):
    on_all(scenarios(kernel, "stop"), has_the_panic)


def test_modules(kernel):
    on_all(scenarios(kernel), test_mod.test_mod_lists_the_guests_modules)


def kernel_trace(console):
    """The panic's or oops's Call Trace without the lines that the kernel calls unreliable,
    and user space's RIP and RSP.

    Interrupted functions stand in it as "RIP: 0010:function+offset/size";
    an oops names the one that failed above it."""
    # A panic under the serial line's lock may lose some characters of a time stamp.
    text = re.sub(r"(?m)^\[ *\d+\.\d*(?=[a-zA-Z_])", " ", console.replace("\r", "").split("LAB: trigger", 1)[1])
    text = re.sub(r"(?m)^\[[^]]*\](\[[^]]*\])? ?", "", text)
    parts = text.split("Call Trace:\n")
    chosen = next((i for i, part in enumerate(parts) if i and re.search(r"^ panic\+0x", part, re.M)), 1)
    expect(chosen < len(parts), "no Call Trace on the console")
    frames = []
    failed = re.findall(r"^RIP: 0010:(\S+?)\+(0x[0-9a-f]+)/", parts[chosen - 1], re.M) if chosen == 1 else []
    body = re.split(r"^ </TASK>|^Modules linked in|^Kernel Offset|^---\[", parts[chosen], 1, re.M)[0]
    # What kallsyms has no name for stands there as its address: ftrace's trampolines.
    rows = re.findall(r"^(?: |RIP: 0010:)(?:([^\s?]\S*?)\+(0x[0-9a-f]+)/0x|0x([0-9a-f]{16})$)", body, re.M)
    frames = [(name or address, int(offset or "0", 16)) for name, offset, address in [*[(*f, "") for f in failed[-1:]], *rows]]
    user = re.search(r"^RIP: 0033:0x([0-9a-f]+)(?:.*\n)*?RSP: 002b:([0-9a-f]+)", body, re.M)
    return frames, user and (int(user[1], 16), int(user[2], 16))


def panic_trace(dump):
    """kernel_trace() of the console. A name that the kernel does not have is what its serial line,
    in whose handler it panicked, left of another one: then of the same lines in the dump's log."""
    frames, user = kernel_trace(dump.console())
    known = test_bt.addresses_of_functions(dump.folder)
    if all(name in known or re.fullmatch("[0-9a-f]{16}", name) for name, _ in frames):
        return frames, user
    return kernel_trace("LAB: trigger\n" + dump.crash("log"))


def has_the_kernels_trace(dump):
    text = re.sub(r"ftrace_trampoline\+0x[0-9a-f]+ at ([0-9a-f]+)", r"\1+0x0 at \1", dump.crash("bt -sx"))
    expect("unwinding stopped" not in text, "bt " + text[text.find("unwinding stopped"):][:150])
    found = list(test_bt.traces(text).values())
    expect(len(found) == 1, f"bt shows {len(found)} tasks")
    wanted, user = panic_trace(dump)
    expect(len(wanted) >= 3, f"hardly a Call Trace on the console: {wanted}")
    names = [name for name, _ in wanted]
    if "panic" in names:
        # What panic() called afterwards came later, and panic() itself has moved on.
        wanted = wanted[names.index("panic") + 1:]
        at = [name for name, _ in found[0]].index("panic") + 1
    else:
        expect(wanted[0] in found[0], f"bt lacks the failing {wanted[0]}: {test_bt.names(found[0])}")
        at = found[0].index(wanted[0])
    same_lines(test_bt.names(found[0][at:]), test_bt.names(wanted), "frames")
    last = re.findall(r"RIP: ([0-9a-f]{16})  RSP: ([0-9a-f]{16})", text)
    if user:
        expect(last and tuple(int(v, 16) for v in last[-1]) == user, f"user registers {last[-1:]}, wanted {user}")


def test_bt_has_the_kernels_call_trace(kernel):
    on_all(scenarios(kernel, "stop", "mce", "mod-wild"), has_the_kernels_trace)


def test_bt_after_a_wild_call(kernel):
    """The kernel's own unwinder gives up there and marks all it finds with "?";
    the calls are among that, in order."""
    if "mod-wild" not in dumps.needed(kernel.name):
        raise Skipped("the lab builds no module for this kernel")
    dump = kernel.dump("mod-wild")
    found, = test_bt.traces(dump.crash("bt -sx")).values()
    guesses = re.findall(r"\] \s*\? (\S+?)\+(0x[0-9a-f]+)/0x", dump.console().split("Call Trace:", 1)[1])
    guesses = [(name, int(offset, 16)) for name, offset in guesses]
    at = [name for name, _ in found].index("asm_exc_page_fault") + 1
    expect([name for name, _ in found[at:]] == ["call_nothing", "thread_runs", "kthread", "ret_from_fork"],
           f"frames after the fault: {test_bt.names(found[at:])}")
    same_lines(test_bt.names(found[at:]), test_bt.names([g for g in guesses if g in found]), "frames")


def test_five_levels_may_be_said(kernel):
    """-m vm=5level is what the kernel says itself: no word about it."""
    if "la57" not in dumps.needed(kernel.name):
        raise Skipped("the lab boots this kernel with 4 levels of page tables only")
    dump = kernel.dump("la57")
    result = run_crash("-s", "-m", "vm=5level", dump.vmlinux, dump.vmcore, stdin="ps\n")
    expect(result.stderr == "" and "[swapper/0]" in result.stdout, result.stderr + result.stdout[-200:])


def test_bt_of_a_machine_check(kernel):
    """No Call Trace then; the registers of what it interrupted are in the kernel's report."""
    if "mce" not in dumps.needed(kernel.name):
        raise Skipped("the lab makes no machine check of this kernel")
    dump = kernel.dump("mce")
    text = dump.crash("bt -sx")
    address, function = re.search(r"RIP !INEXACT! 10:<([0-9a-f]+)> \{(\S+)/", dump.console()).groups()
    expect(f"[exception RIP: {function}]\n    RIP: {address} " in text, f"{function} at {address} is not in {text!r}")
    expect("--- <MCE exception stack> ---" in text, "the machine check's own stack is not shown")
    frames, = test_bt.traces(text).values()
    below = [name for name, _ in frames][-8:]
    expect("_lab_slow" in below[0] and below[1:] == ["trace_call_bpf", "kprobe_perf_func", "kprobe_ftrace_handler",
                                                     "ftrace_trampoline", "__x64_sys_getpgid", "do_syscall_64",
                                                     "entry_SYSCALL_64_after_hwframe"], f"frames: {below}")


REGISTERS = ("R15", "R14", "R13", "R12", "RBP", "RBX", "R11", "R10", "R9", "R8", "RAX", "RCX", "RDX", "RSI", "RDI", "ORIG_RAX",
             "RIP", "CS", "RFLAGS", "RSP", "SS")


def shown_registers(text):
    """The first register set in a piece of bt's output, in the order of struct pt_regs."""
    found = {}
    for name, value in re.findall(r"\b([A-Z_]*[A-Z0-9]+): +([0-9a-f]+)\b", text):
        found.setdefault(name, int(value, 16))
    return [found.get(name) for name in REGISTERS]


def test_bt_after_kexec(kernel):
    """Each CPU's trace begins where it ended,
    and has the registers that the crashing kernel put into the notes."""
    dump = kernel.dump("kdump")
    _, notes = writers.memory_of_elf(dump.vmcore)
    saved = [list(struct.unpack("<21Q", data)) for data in writers.registers_of(notes)]
    panic, everybody = dump.crash("bt -s", "bt -a")
    frames = re.findall(r"^ ?#\d+ \[[0-9a-f]+\] (\w+)", panic, re.M)
    expect(frames[:2] == ["machine_kexec", "__crash_kexec"] and "panic" in frames[2:4], f"the CPU that crashed: {frames}")
    stopped, = [part for part in everybody.split("\n\n") if "machine_kexec" not in part]
    expect(re.search(r"^ #0 \[[0-9a-f]+\] crash_nmi_callback ", stopped, re.M), f"the CPU that was stopped: {stopped[:300]!r}")
    got = shown_registers(stopped)
    got[15] = None
    expect(got in [row[:15] + [None] + row[16:] for row in saved], f"its registers {got} are in none of the notes")
    if "exception RIP" in stopped:
        expect("--- <NMI exception stack> ---" in stopped, f"the NMI's own stack is not shown: {stopped!r}")
        interrupted = re.search(r"RIP: ([0-9a-f]{16})", stopped)[1]
        after = stopped.split("--- <NMI exception stack> ---\n")[1].splitlines()[0]
        expect(after.endswith(f" at {interrupted}"), f"what the NMI interrupted has no line of its own: {after!r}")


def printed_registers(console):
    """What the kernel printed at its oops: name -> value."""
    text = console.split("LAB: trigger", 1)[1]
    rows = re.findall(r"\b(R[A-Z0-9]{2}): ([0-9a-f]{16})\b", text[text.index("RIP: 0010:"):text.index("Call Trace:")])
    return {re.sub("^R0", "R", name): int(value, 16) for name, value in rows}


def test_bt_of_a_processor_deaf_to_nmis(kernel):
    if "mod-nmideaf" not in dumps.needed(kernel.name):
        raise Skipped("the lab builds no module for this kernel")
    dump = kernel.dump("mod-nmideaf")
    deaf, panic, stacks = dump.crash("bt -c 1", "bt", "bt -E -c 1")
    expect("the registers of CPU 1 were not saved: it did not answer the crashing kernel's NMI" in deaf, f"bt -c 1: {deaf!r}")
    expect("#0" not in deaf, f"frames that nobody can know: {deaf!r}")
    # The NMI's stack still has what its handler interrupted.
    nmi = stacks.split("CPU 1 NMI EXCEPTION STACK:")[1].split("CPU 1 DEBUG")[0]
    expect("KERNEL-MODE EXCEPTION FRAME AT" in nmi, f"bt -E: {nmi[:200]!r}")
    frames = re.findall(r"^ ?#\d+ \[[0-9a-f]+\] (\w+)", panic, re.M)
    expect(frames[:4] == ["machine_kexec", "__crash_kexec", "crash_kexec", "oops_end"], f"frames of the oops: {frames}")
    expect("asm_exc_invalid_op" in frames, f"frames of the oops: {frames}")
    expect("[exception RIP: stops_thread_runs+51] [lab_stops]\n" in panic, f"bt: {panic!r}")
    got, wanted = dict(zip(REGISTERS, shown_registers(panic))), printed_registers(dump.console())
    expect(len(wanted) >= 14, f"registers on the console: {wanted}")
    same_lines([f"{name} {got[name]:x}" for name in wanted], [f"{name} {value:x}" for name, value in wanted.items()], "registers")


def test_bt_on_the_debug_stack(kernel):
    if "mod-debug" not in dumps.needed(kernel.name):
        raise Skipped("the lab builds no module for this kernel")
    dump = kernel.dump("mod-debug")
    text = dump.crash("bt -s")
    expect(re.search(r"^    \[exception RIP: write_watched\+\d+\] \[lab_stops\]\n(?:    .*\n){7}--- <DEBUG exception stack> ---\n"
                     r"#\d+ \[[0-9a-f]+\] write_watched\+\d+ at [0-9a-f]+ \[lab_stops\]\n"
                     r"#\d+ \[[0-9a-f]+\] watch_and_write\+\d+ at [0-9a-f]+ \[lab_stops\]\n", text, re.M), f"bt: {text!r}")
    stack = dump.crash("bt -E -c 0").split("CPU 0 DEBUG EXCEPTION STACK:")[1].split("CPU 0 MCE")[0]
    expect("[exception RIP: write_watched+" in stack, f"bt -E: {stack!r}")
    test_bt.words_have_the_frames(dump, ("bt -c 0",))


def test_names_of_code_that_the_kernel_wrote(kernel):
    """BPF programs and ftrace's trampolines, as in the guest's own /proc/kallsyms."""
    for dump in (kernel.dump("traced"), kernel.dump("bpf")):
        wanted = re.findall(r"^([0-9a-f]{16}) t (\S+)\t\[(bpf|__builtin__ftrace)\]$", dump.truth("proc/kallsyms"), re.M)
        expect(len(wanted) >= 3, f"{dump.name}: only {wanted} in /proc/kallsyms")
        for owner in ("bpf", "__builtin__ftrace"):
            same_lines(sorted(dump.crash(f"sym -m {owner}").splitlines()),
                       sorted(f"{address} (t) {name}" for address, name, of in wanted if of == owner),
                       f"{dump.name}: sym -m {owner}")


def test_bt_of_sleeping_tasks(kernel):
    # The busy ones are on processors, and out of memory tasks are woken to swap.
    changed = ("nmi", "serial", "oom", "hung", "init")
    on_all(scenarios(kernel, *changed), test_bt.test_every_sleeping_task_has_its_proc_stack)


def test_every_trace_ends(kernel):
    # A CPU that did not answer the NMI saved no registers:
    # what bt says of it has a test of its own.
    on_all(scenarios(kernel, "mod-nmideaf"), test_bt.test_every_trace_ends_properly)


QUESTIONS = ("ps", "log", "foreach bt -s", "mod", "sys", "kmem -i", "task -R comm,pid,mm 1")


def without_file_names(text):
    """`sys` names the dump's files, one in each line, and says where pages were left out."""
    return re.sub(r"^ +DUMPFILES?: .*\n(?: +/.*\n)*", "", text, flags=re.M).splitlines()


def test_every_file_gives_the_same_answers(kernel):
    """makedumpfile leaves out pages, never changes any:
    answers equal those of the file that it read."""
    def same(dump):
        whole = kernel.dump(dump.name.split()[0]).crash(*QUESTIONS)
        answers = dump.crash(*QUESTIONS)
        # makedumpfile does not know the page flags of 7.x yet and leaves
        # out pages of the kernel's own.
        if kernel.name.startswith("7.") and "page excluded from the dump" in dump.last.stderr:
            return
        for question, got, wanted in zip(QUESTIONS, answers, whole):
            same_lines(without_file_names(got), without_file_names(wanted), question)

    on_all(files(kernel), same)


def user_page(kernel):
    """(pid, address) of a page of user memory that was present: the stack of a sleeping process."""
    for path in kernel.truth_paths("proc/[0-9]*/pagemap.text"):
        if "w-pattern" not in (path.parent / "status").read_text():
            continue
        for line in path.read_text().splitlines():
            address, entry = (int(word, 16) for word in line.split())
            if entry >> 63 & 1 and entry >> 61 & 1 == 0:
                return path.parent.name, address
    raise Failed("no page of user memory in the record")


def test_excluded_pages_say_so(kernel):
    kdump = kernel.dump("kdump")
    pid, address = user_page(kdump)
    whole, = kdump.crash_in_context(pid, f"rd -u {address:x}")
    expect(re.match(rf" *{address:x}:  [0-9a-f]{{16}}", whole), f"the whole dump says {whole!r}")
    for pattern, options in vmcores.VARIANTS:
        dump = kdump.variant(pattern)
        text, = dump.crash_in_context(pid, f"rd -u {address:x}")
        text += dump.last.stderr + dump.last.stdout
        if options.endswith("-d 31") and "-E" not in options:
            expect("excluded" in text, f"{pattern}: {text[:200]!r}")
        elif options.endswith("-d 0"):
            expect(whole in text, f"{pattern}: {text[:200]!r}, wanted {whole!r}")
