# Dumps without single pages of the kernel: what needs them says so in one line, and everything else answers.
# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import re
import struct
import sys
import tempfile

from harness import Failed, equal, expect, run_crash

sys.path[:0] = [str(pathlib.Path(__file__).parent)]
import kdump_damage  # noqa: E402

# What each kind of damage is called, everywhere.
WORDS = {"excluded": "excluded from the dump", "missing": "not in the dump", "damaged": "damaged in the dump file"}
QUESTIONS = ("log", "ps", "mod", "rd linux_banner 2", "sym vfs_read", "bt", "sys")


class Session:
    """What each question printed in a session with a dump, and what went to standard error."""

    def __init__(self, vmlinux, dump, questions=QUESTIONS, options=()):
        lines = "".join(f"{q}\necho END-OF-ANSWER\n" for q in questions)
        result = run_crash("-s", *options, vmlinux, dump, stdin=lines)
        expect(result.status in (0, 2), f"no session: {result.stderr[-300:]!r}")
        parts = result.stdout.split("END-OF-ANSWER\n")
        equal(len(parts), len(questions) + 1, "answers")
        self.answers = dict(zip(questions, parts))
        # Messages of commands stand among their output, warnings do not.
        self.errors = result.stderr

    def __getitem__(self, question):
        return self.answers[question]

    def lines(self, question):
        return self.answers[question].splitlines()

    def warnings(self):
        return [line for line in self.errors.splitlines() if line.startswith("WARNING: ")]


def base(kernel):
    return kernel.dump("kdump").variant("vmcore.zlib-d0")


def frames_of(dump, expression, length=8):
    """The page frames that hold LENGTH bytes at a kernel address."""
    text = dump.crash(f"vtop {expression}")
    found = re.search(r"^([0-9a-f]{16})  ([0-9a-f]+)$", text, re.M)
    expect(found, f"vtop {expression}: {text[:200]!r}")
    first = int(found[2], 16)
    return list(range(first >> 12, (first + length - 1 >> 12) + 1))


def size_of(dump, type_name):
    return int(re.search(r"^SIZE: (\d+)", dump.crash(f"struct {type_name}"), re.M)[1])


def sessions(kernel, *places):
    """(how, damaged session, undamaged one) for each kind of damage to the pages of PLACES:
    (expression, length)."""
    dump = base(kernel)
    frames = [frame for place in places for frame in frames_of(dump, *place)]
    with tempfile.TemporaryDirectory() as folder:
        patient = kdump_damage.Patient(dump.files[0], f"{folder}/dump")
        whole = Session(dump.vmlinux, patient.path)
        for how, word in WORDS.items():
            with patient.without(frames, how) as path:
                yield how, word, Session(dump.vmlinux, path), whole
        equal(Session(dump.vmlinux, patient.path).answers, whole.answers, "answers after the damage was undone")


def unchanged(session, whole, *questions):
    for question in questions:
        expect(len(whole[question]) > 20, f"{question} of the whole dump: {whole[question]!r}")
        equal(session[question], whole[question], question)


def task_rows(text):
    """(pid, task address) of each row of ps."""
    return {tuple(row.replace(">", " ").split()[i] for i in (0, 3)) for row in text.splitlines()[1:]}


def test_without_init_task(kernel):
    """The head of the task list: the pid table has all tasks but that of CPU 0's idle loop."""
    size = size_of(base(kernel), "task_struct")
    for how, word, session, whole in sessions(kernel, ("init_task", size)):
        unchanged(session, whole, "log", "rd linux_banner 2", "sym vfs_read")
        lost = task_rows(whole["ps"]) - task_rows(session["ps"])
        equal([pid for pid, _ in lost], ["0"], f"tasks lost with a {how} init_task")
        warnings = [line for line in session.warnings() if "task" in line]
        expect(any(word in line for line in warnings), f"{how}: {session.warnings()}")
        expect(len(warnings) <= 3, f"{len(warnings)} warnings about tasks: {warnings}")


def test_without_pid_table(kernel):
    """The task lists have all tasks."""
    for how, word, session, whole in sessions(kernel, ("init_pid_ns", 8)):
        unchanged(session, whole, "log", "mod", "sym vfs_read")
        equal(task_rows(session["ps"]), task_rows(whole["ps"]), f"ps with a {how} pid table")
        expect(any("pid table" in line and word in line for line in session.warnings()), f"{how}: {session.warnings()}")


def test_without_any_way_to_tasks(kernel):
    size = size_of(base(kernel), "task_struct")
    for how, word, session, whole in sessions(kernel, ("init_task", size), ("init_pid_ns", 8), ("nr_cpu_ids", 4)):
        unchanged(session, whole, "log", "sym vfs_read", "rd linux_banner 2")
        for question in ("ps", "bt"):
            expect(re.fullmatch(rf"{question}: no task can be \w+: .*{word}\n", session[question]), session[question][:300])
        expect(f"TASKS: (no task can be" in session["sys"], f"sys without tasks: {session['sys']!r}")


def test_without_module_list(kernel):
    for how, word, session, whole in sessions(kernel, ("modules", 16)):
        unchanged(session, whole, "log", "ps")
        expect(re.fullmatch(rf"mod: the list of modules cannot be read: .*{word}\n", session["mod"]), session["mod"][:300])


def test_without_log(kernel):
    for how, word, session, whole in sessions(kernel, ("prb", 8)):
        unchanged(session, whole, "mod", "rd linux_banner 2")
        equal(task_rows(session["ps"]), task_rows(whole["ps"]), f"ps with a {how} log")
        expect(re.fullmatch(rf"log: cannot read prb at [0-9a-f]+: .*{word}\n", session["log"]), session["log"][:300])
        expect(re.search(rf"PANIC: \(cannot read prb at .*{word}", session["sys"]), session["sys"][-200:])


def test_without_page_tables(kernel):
    """Image and direct map need none; modules do."""
    for how, word, session, whole in sessions(kernel, ("init_top_pgt", 4096)):
        unchanged(session, whole, "log", "rd linux_banner 2", "sym vfs_read")
        equal(task_rows(session["ps"]), task_rows(whole["ps"]), "ps")
        expect(re.fullmatch(rf"mod: .*its page table \(pgd\) is {word}\n", session["mod"]), session["mod"][:300])


def test_without_bases_of_regions(kernel):
    """page_offset_base and its like:
    the page tables lead everywhere all the same, and one line says so."""
    for how, word, session, whole in sessions(kernel, ("page_offset_base", 8)):
        unchanged(session, whole, "log", "sym vfs_read", "rd linux_banner 2", "mod")
        equal(task_rows(session["ps"]), task_rows(whole["ps"]), f"ps with {how} bases")
        told = [line for line in session.warnings() if "page_offset_base" in line or "what page tables" in line]
        equal(len(told), 1, f"warnings about it: {told}")
        expect(word in told[0] and "page_offset_base" in told[0], told[0])


def test_without_percpu_area(kernel):
    """The per-cpu variables of one CPU: its task marks are lost, no task is."""
    dump = base(kernel)
    offset = re.search(r"0x([0-9a-f]+)", dump.crash("p/x __per_cpu_offset[0]"))
    expect(offset, "no __per_cpu_offset")
    names = ("runqueues", "pcpu_hot", "current_task")
    symbols = [re.match(r"([0-9a-f]+) ", dump.crash(f"sym {name}")) for name in names]
    places = [(f"{int(symbol[1], 16) + int(offset[1], 16) & (1 << 64) - 1:x}", 64) for symbol in symbols if symbol]
    expect(places, "no per-cpu variable is known")
    for how, word, session, whole in sessions(kernel, *places):
        unchanged(session, whole, "log", "mod", "sym vfs_read")
        lost = {pid for pid, _ in task_rows(whole["ps"]) - task_rows(session["ps"])}
        expect(lost <= {"0"}, f"tasks lost with a {how} per-cpu area: {lost}")


def test_four_words(kernel):
    """Excluded, missing, damaged and not mapped are four things,
    in messages of every command that reads."""
    dump = base(kernel)
    frame, = frames_of(dump, "linux_banner")
    physical = frame << 12
    with tempfile.TemporaryDirectory() as folder:
        patient = kdump_damage.Patient(dump.files[0], f"{folder}/dump")
        questions = ("rd linux_banner", f"rd -p {physical:x}", "struct list_head linux_banner", "rd ffffffff7ffff000")
        for how, word in WORDS.items():
            with patient.without([frame], how) as path:
                session = Session(dump.vmlinux, path, questions)
            for question in questions[:3]:
                told = session[question]
                expect(told.startswith(question.split()[0] + ": ") and word in told, f"{how}, {question}: {told!r}")
                others = [w for h, w in WORDS.items() if h != how and w in told]
                expect(not others, f"a page that is {how} is called {others}")
            expect("ffffffff7ffff000: not mapped" in session[questions[3]], session[questions[3]])


def test_zero_excluded(kernel):
    """Only what the filter left out, or an incomplete file lacks, reads as zeroes."""
    dump = base(kernel)
    frame, = frames_of(dump, "linux_banner")
    zeroes = "0000000000000000"
    with tempfile.TemporaryDirectory() as folder:
        patient = kdump_damage.Patient(dump.files[0], f"{folder}/dump")
        for how, word in WORDS.items():
            with patient.without([frame], how) as path:
                plain = Session(dump.vmlinux, path, ("rd linux_banner", "set zero_excluded on", "rd  linux_banner"))
                session = Session(dump.vmlinux, path, ("rd linux_banner",), ("--zero_excluded",))
            expect(zeroes not in plain["rd linux_banner"], f"{how} reads as zeroes without the option")
            for text, where in ((session["rd linux_banner"], "--zero_excluded"), (plain["rd  linux_banner"], "set")):
                equal(zeroes in text, how == "excluded", f"{where}: a page that is {how} reads as zeroes")
            if how != "excluded":
                expect(word in session["rd linux_banner"], session["rd linux_banner"])


def status_with(patient, status):
    """The kdump header's status word: bit 3 says that the writer did not finish."""
    old, = struct.unpack("<I", patient.read(424, 4))
    patient.write(424, struct.pack("<I", old | status))


def test_zero_excluded_of_an_incomplete_dump(kernel):
    dump = base(kernel)
    frame, = frames_of(dump, "linux_banner")
    with tempfile.TemporaryDirectory() as folder:
        patient = kdump_damage.Patient(dump.files[0], f"{folder}/dump")
        status_with(patient, 8)
        with patient.without([frame], "missing") as path:
            plain = Session(dump.vmlinux, path, ("rd linux_banner",))
            session = Session(dump.vmlinux, path, ("rd linux_banner",), ("--zero_excluded",))
        expect("not in the dump" in plain["rd linux_banner"], plain["rd linux_banner"])
        expect("0000000000000000" in session["rd linux_banner"], session["rd linux_banner"])


def check_cut(dump, path, percent):
    """A cut dump has a session;
    each command that prints nothing says why, in as many words as crash has for it."""
    session = Session(dump.vmlinux, path, (*QUESTIONS, "rd -p 100000"))
    told = session.warnings()
    for question in ("log", "ps", "mod", "bt"):
        name = question.split()[0]
        text = session[question]
        expect(text.count("\n") > 2 or re.match(rf"{name}: .*(not in the dump|page table)", text) or
               # The first module is there, and the second, of another page, is not.
               name == "mod" and text.count("\n") == 2 and any("the list of modules is incomplete" in line for line in told),
               f"cut at {percent} %: {question} says {text!r}")
    expect(re.search(r"^[0-9a-f]{16} \(T\) vfs_read", session["sym vfs_read"]), "sym does not work")
    expect(any("short" in line for line in told), f"cut at {percent} %: no word about it: {told}")
    expect(len(told) <= 8, f"cut at {percent} %: {len(told)} warnings")
    expect(dump.truth("proc/sys/kernel/osrelease").strip() in session["sys"], f"cut at {percent} %: sys has no release")


def test_cut_dumps(kernel):
    problems = []
    for dump in (kernel.dump("sysrq"), base(kernel), kernel.dump("kdump").variant("vmcore.flat-d31")):
        data = dump.files[0].read_bytes()
        for percent in (10, 40, 60, 90):
            with tempfile.NamedTemporaryFile() as file:
                file.write(data[:len(data) * percent // 100])
                file.flush()
                try:
                    check_cut(dump, file.name, percent)
                except Failed as why:
                    problems.append(f"{dump.name}: {why}")
    expect(not problems, " || ".join(problems)[:900])


def test_minimal(kernel):
    """Only commands that need no kernel object, and the others say so."""
    dump = kernel.dump("sysrq")
    allowed = ("log", "rd linux_banner 2", "sym vfs_read", "eval 2 + 2", "set", "ascii 41", "alias")
    refused = ("ps", "bt", "mod", "sys", "p jiffies_64", "jiffies_64", "struct list_head", "gdb print 1", "foreach bt")
    session = Session(dump.vmlinux, dump.vmcore, (*allowed, *refused, "set 1", "set -p"), ("--minimal",))
    for question, text in zip(allowed[:4], dump.crash(*allowed[:4])):
        # The line of the source comes from gdb, which is left out.
        expect(session[question].strip() and text.startswith(session[question].rstrip()), f"{question}: {session[question][:200]!r}")
    expect("scroll:" in session["set"] and "PID" not in session["set"], f"set: {session['set'][:100]!r}")
    for question in refused:
        found = re.fullmatch(r"(\w+): command not available in minimal mode\nNOTE: minimal mode commands: (.*)\n", session[question])
        expect(found, f"{question}: {session[question]!r}")
        expect({"log", "rd", "sym", "eval", "set", "exit", "help"} <= set(found[2].split(", ")), f"the note says {found[2]!r}")
    for question in ("set 1", "set -p"):
        equal(session[question], "set: tasks are not available in minimal mode\n", question)


def test_minimal_without_the_kernel(kernel):
    """Nothing of the kernel is in the dump:
    no session but with --minimal, and physical memory remains there."""
    dump = kernel.dump("nonote")
    with tempfile.NamedTemporaryFile() as file:
        file.write(dump.vmcore.read_bytes()[:2 << 20].replace(b"OSRELEASE=", b"osrelease:"))
        file.flush()
        result = run_crash("-s", dump.vmlinux, file.name)
        equal(result.status, 1, "status without --minimal")
        expect("the kernel image is nowhere in the dump" in result.stderr and "--minimal" in result.stderr, result.stderr)
        session = Session(dump.vmlinux, file.name, ("sym vfs_read", "rd -p 1000", "rd linux_banner", "log"), ("--minimal",))
    expect(re.match(r"ffffffff8[0-9a-f]{7} \(T\) vfs_read", session["sym vfs_read"]), session["sym vfs_read"])
    expect(re.match(r" +1000:  [0-9a-f]{16}", session["rd -p 1000"]), session.errors)
    for question in ("rd linux_banner", "log"):
        expect("page tables were not found" in session[question], f"{question}: {session[question]!r}")
    equal(len([line for line in session.warnings() if "nowhere" in line]), 1, "warnings")


def test_subsystems_left_out(kernel):
    dump = kernel.dump("sysrq")

    def with_option(option):
        return Session(dump.vmlinux, dump.vmcore, ("mod", "set", "help -r", "ps", "log"), (option,))

    whole = with_option("--no_crashrc")
    expect("RIP:" in whole["help -r"] and "PID: 0" not in whole["set"] and len(whole.lines("mod")) > 10, "the whole session")
    for option in ("--no_kmem_cache", "--kmem_cache_delay", "--no_data_debug", "--no_strip", "--no_ikconfig", "--no_kallsyms"):
        equal(with_option(option).answers, whole.answers, option)
    session = with_option("--no_modules")
    equal((session["mod"], re.sub(r"\(.*\)", "", session.errors)),
          ("mod: modules are left out (--no_modules)\n", 'crash: 1 command failed: "mod" \n'), "--no_modules")
    unchanged(session, whole, "set", "help -r", "ps", "log")
    session = with_option("--no_panic")
    expect(re.search(r"PID: 0\n.*\n.*\n +CPU: 0\n", session["set"]), f"--no_panic: {session['set']!r}")
    unchanged(session, whole, "mod", "help -r", "ps", "log")
    session = with_option("--no_elf_notes")
    equal(session["help -r"], "help: the dump has no registers\n", "registers with --no_elf_notes")
    unchanged(session, whole, "mod", "set", "ps", "log")


def test_minimal_leaves_out_as_well(kernel):
    dump = kernel.dump("sysrq")
    whole = Session(dump.vmlinux, dump.vmcore, ("help -r", "help -k"), ("--minimal",))
    expect("RIP:" in whole["help -r"] and re.search(r"mods_installed: \d\d", whole["help -k"]), f"--minimal: {whole['help -k']!r}")
    session = Session(dump.vmlinux, dump.vmcore, ("help -r", "help -k"), ("--minimal", "--no_elf_notes", "--no_modules"))
    equal(session["help -r"], "help: the dump has no registers\n", "registers")
    expect("mods_installed: unknown: modules are left out (--no_modules)" in session["help -k"], session["help -k"])
