# Pages left out of a dump cost cells, never change them: text has "?" or a reason there, JSON has null or KEY_error.
# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import re
import sys
import tempfile

from harness import Dump, Failed, equal, expect, table

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent.parent / "json")]
import kdump_damage  # noqa: E402
from test_degrade import base, frames_of  # noqa: E402
from test_json import misfits, run_json, whose  # noqa: E402

COMMANDS = ("ps", "ps -s", "ps -t", "ps -l", "ps -r", "ps -a", "ps -p 1", "ps -g 1", "foreach set", "foreach sig", "foreach task -R pid,mm,signal",
            "sys", "kmem -i", "mod", "sys -t", "set 1", "sig 1", "vtop init_task", "rd init_task 4", "struct task_struct.pid,comm init_task",
            "list -H modules", "sym linux_banner", "help -k", "help -m", "help -v", "help -t")
# How many of something are there: fewer, when some are lost.
COUNTS = {"tasks", "threads", "count", "running_tasks", "kernel_threads", "active"}
# In which object a value stands.
NAMES = ("task", "address", "base", "name", "virtual", "at")


def pointers(dump):
    """Addresses of what init's task_struct points to."""
    text = dump.crash("struct -x task_struct.mm,files,signal,sighand,fs,nsproxy,real_cred -x " +
                      next(row[3] for row in table(dump.crash("ps").replace(">", " "), "PID") if row[0] == "1"))
    found = dict(re.findall(r"^  (\w+) = 0x(\w+)", text, re.M))
    expect({"mm", "files", "signal", "sighand"} <= set(found), f"init's pointers: {text[:300]!r}")
    return found


def variables(dump):
    """What totals and labelled lines are read from."""
    names = ("avenrun", "init_uts_ns", "vm_zone_stat", "vm_node_stat", "node_data", "jiffies_64", "__cpu_online_mask", "tainted_mask",
             "total_swap_pages", "nr_swap_pages", "cpu_khz", "hstates", "vm_committed_as", "__per_cpu_offset", "tk_core", "timekeeper_data")
    texts = dump.crash(*(f"sym {name}" for name in names))
    return {name: match[1] for name, text in zip(names, texts) if (match := re.match(r"([0-9a-f]+) \(\w\)", text))}


def numbers(value, path=()):
    """(path, number) of all numbers in an answer's object."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from numbers(inner, (*path, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from numbers(inner, (*path, i))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path, value


def groups(dump):
    """{what: addresses}: what is left out together."""
    objects, totals = pointers(dump), variables(dump)
    clocks = {"jiffies_64", "tk_core", "timekeeper_data", "init_uts_ns", "cpu_khz", "tainted_mask", "avenrun"}
    return {"mm": [objects.pop("mm")], "init's objects": list(objects.values()), "the CPUs' offsets": [totals.pop("__per_cpu_offset")],
            "clocks and names": [address for name, address in totals.items() if name in clocks],
            "totals": [address for name, address in totals.items() if name not in clocks]}


def by_name(rows):
    return {tuple(str(row.get(name)) for name in NAMES): row for row in rows}


def changed_numbers(command, whole, damaged):
    """A number that stands where the whole dump has another one is a guess."""
    known = by_name(whole)
    for name, row in by_name(damaged).items():
        if name not in known or "error" in row or "text" in row:
            continue
        wanted = dict(numbers(known[name]))
        for path, value in numbers(row):
            if path in wanted and wanted[path] != value and not COUNTS & set(map(str, path)):
                yield f"{command}: {'.'.join(map(str, path))} is {value} in {row.get('comm') or name}, {wanted[path]} in the whole dump"


def cells(text):
    """{task: (%MEM, VSZ, RSS)} of the table of ps."""
    return {row[3]: tuple(row[5:8]) for row in table(text.replace(">", " "), "PID")}


def in_text(row):
    share = "?" if row["memory_percent"] is None else f"{row['memory_percent']:.1f}"
    return (share, *("?" if row[key] is None else str(row[key] // 1024) for key in ("vsz", "rss")))


def question_marks(command, text, rows):
    """Each "?" of a row is a null of its object, and the other way round."""
    if command == "ps":
        shown = cells(text)
        for row in rows:
            if "task" in row and shown.get(row["task"][2:]) != in_text(row):
                yield f"ps: text has {shown.get(row['task'][2:])}, JSON {in_text(row)}"
    elif command == "ps -l":
        marks = len(re.findall(r"^\[ *\? ", text, re.M))
        if marks != sum(row.get("since_ns", 0) is None for row in rows):
            yield f"ps -l: {marks} times ? in text"
    elif command in ("sys", "kmem -i"):
        lost = len(re.findall(r"^ *[A-Z ]+: \((?!no vmlinux)|unreadable\]$", text, re.M)) if command == "sys" else len(re.findall(r": .*(excluded|page table)", text))
        if bool(lost) != any(key.endswith("_error") for row in rows for key in row):
            yield f"{command}: {lost} lines of text have a reason, JSON: {[key for row in rows for key in row if key.endswith('_error')]}"


def question_of_ps(dump):
    return sum(cell == "?" for row in cells(dump.crash("ps")).values() for cell in row)


def test_no_number_is_guessed(kernel):
    """Pages of init's objects and of the kernel's variables."""
    dump = base(kernel)
    whole = {command: rows for command, rows, _ in run_json(dump, COMMANDS)}
    problems, marks = [], 0
    with tempfile.TemporaryDirectory() as folder:
        patient = kdump_damage.Patient(dump.files[0], f"{folder}/vmcore")
        (pathlib.Path(folder) / "vmlinux").symlink_to(dump.vmlinux)
        for place, addresses in groups(dump).items():
            with patient.without(sorted({frame for address in addresses for frame in frames_of(dump, address)}), "excluded"):
                damaged = Dump(kernel, f"without {place}", folder)
                try:
                    answers = run_json(damaged, COMMANDS)
                    texts = damaged.crash(*COMMANDS)
                except Failed as problem:
                    problems.append(f"without {place}: {problem}")
                    continue
            for (command, rows, _), text in zip(answers, texts):
                problems += [f"without {place}: {problem}" for problem in
                             (*changed_numbers(command, whole[command], rows), *question_marks(command, text, rows))]
            marks += question_of_ps(damaged)
            bad = misfits([(whose(command), row) for command, rows, _ in answers for row in rows])
            problems += [f"without {place}: does not fit the schema: {line[:200]}" for line in bad[:1]]
    expect(not problems, f"{len(problems)}: " + " || ".join(problems)[:1500])
    expect(marks >= 3, "no cell of ps was lost")


def test_ps_of_a_lost_mm(kernel):
    """What is not known of a process is null; a kernel thread has no memory, which is 0."""
    dump = base(kernel)
    with tempfile.TemporaryDirectory() as folder:
        patient = kdump_damage.Patient(dump.files[0], f"{folder}/vmcore")
        (pathlib.Path(folder) / "vmlinux").symlink_to(dump.vmlinux)
        with patient.without(frames_of(dump, pointers(dump)["mm"]), "excluded"):
            damaged = Dump(kernel, "without mm", folder)
            (_, rows, _), = run_json(damaged, ["ps"])
            text = damaged.crash("ps")
            user = damaged.crash_in_context("1", "rd -u 400000", "struct -u list_head 400000", "search -u 12345678")
    init, kthread = (next(row for row in rows if row["pid"] == pid) for pid in (1, 2))
    equal([init[key] for key in ("vsz", "rss", "memory_percent")], [None] * 3, "init")
    equal([kthread[key] for key in ("vsz", "rss", "memory_percent")], [0] * 3, "kthreadd")
    equal(cells(text)[init["task"][2:]], ("?",) * 3, "init's row")
    for answer in user:
        expect("excluded from the dump" in answer and "no user space" not in answer, f"user memory of a lost mm: {answer!r}")
