# Lines as published walks through a hung or crashed system type them: forms of options, pipes and gdb's words together.
# SPDX-License-Identifier: GPL-3.0-or-later
import re
import tempfile

from harness import equal, expect


def states(kernel):
    """{pid: letter of /proc/PID/status} of the processes that the guest started to be looked at."""
    found = {}
    for path in kernel.truth_paths("proc/[0-9]*/status"):
        fields = dict(line.split(":\t", 1) for line in path.read_text(errors="replace").splitlines() if ":\t" in line)
        if fields["Name"].startswith("w-"):
            found[int(fields["Pid"])] = fields["State"][0]
    return found


def address_of(kernel, pid):
    return re.search(rf"^>? +{pid} +\d+ +\d+ +([0-9a-f]{{16}}) ", kernel.crash(f"ps {pid}"), re.M)[1]


def test_who_sleeps_and_on_what(kernel):
    """ps | grep UN, foreach UN bt > file, ! grep file:
    the guest has one process in state D (vfork's parent)."""
    sleeping = [pid for pid, state in states(kernel).items() if state == "D"]
    expect(sleeping, "no process in state D")
    with tempfile.TemporaryDirectory() as folder:
        counted, _, headers, alias, by_alias = kernel.crash(
            "ps | grep -c ' UN '", f"foreach UN bt | tee {folder}/un", f"! grep -c ^PID {folder}/un",
            'alias uns "ps | grep UN"', "uns")
    equal(counted.strip(), headers.strip(), "lines of ps and traces of foreach")
    expect("ps | grep UN" in alias, f"alias: {alias!r}")
    for pid in sleeping:
        expect(re.search(rf"^ +{pid} .* UN ", by_alias, re.M), f"{pid} in {by_alias!r}")


def test_one_thing_in_many_spellings(kernel):
    """Options before and behind, with and without 0x, by crash's words and by gdb's."""
    task = address_of(kernel, 1)
    same = [("struct mutex.owner cgroup_mutex -x", "struct -x mutex.owner cgroup_mutex"),
            (f"bt -F 0x{task}", f"bt -F {task}"), (f"bt 0x{task}", "bt 1"), (f"ps -m {task}", "ps -m 1"),
            (f"task_struct.tasks {task} -ox", f"struct task_struct.tasks -ox 0x{task}"),
            (f"struct task_struct.comm,pid 0x{task}", "task -R comm,pid 1 | grep =")]
    texts = kernel.crash(*[line for pair in same for line in pair])
    for (one, other), a, b in zip(same, texts[::2], texts[1::2]):
        equal(a, b, f"{one} and {other}")
    place = re.search(r"\[([0-9a-f]{16})\] struct list_head tasks;", texts[8])[1]
    by_gdb = kernel.crash(f"p &((struct task_struct*)0x{task})->tasks")
    equal(re.search(r"\) 0x([0-9a-f]+)", by_gdb)[1], place, "the address of a member by p")


def test_a_list_through_pipes(kernel):
    """list -H head -o member, numbered by awk, counted by grep:
    the processes that the guest had."""
    head = re.search(r"0x([0-9a-f]{16})", kernel.crash("p &init_task.tasks"))[1]
    numbered, counted, whole = kernel.crash(
        f"list -H {head} -o task_struct.tasks | awk '{{print NR, $0}}'",
        f"list -H {head} -o task_struct.tasks -s task_struct.pid | grep -c 'pid ='",
        f"list -s task_struct.pid,tgid -l task_struct.tasks -H {head}")
    pids = [int(pid) for pid in re.findall(r"^  pid = (\d+)", whole, re.M)]
    equal(numbered.splitlines()[0], f"1 {address_of(kernel, 1)}", "the first process")
    equal([int(counted), len(numbered.splitlines())], [len(pids)] * 2, "three counts")
    missing = set(states(kernel)) - set(pids)
    expect(not missing, f"not in the list: {missing}")


def test_words_of_a_stack(kernel):
    """rd -s, x/ag and bt -f have one stack's words; bt -S begins where it is said."""
    frames = re.findall(r"^ *#\d+ \[([0-9a-f]{16})\] (\S+) at ([0-9a-f]{16})", kernel.crash("bt 1"), re.M)
    place, name, returns = frames[1]
    symbols, by_gdb, started = kernel.crash(f"rd -s 0x{place} 16", f"x/2ag 0x{place}", f"bt -S 0x{place} 1")
    expect(symbols.startswith(f"{place}:  {name}+"), f"rd -s: {symbols!r}")
    expect(re.match(rf"0x{place}:\t0x{returns} <{re.escape(name)}\+", by_gdb), f"x/2ag: {by_gdb!r}")
    equal(re.findall(r"\] (\S+) at ", started), [frame[1] for frame in frames[1:]], "bt -S")
    near, by_option = kernel.crash(f"dis 0x{returns} -r | tail -n 1", f"dis -r {returns} | tail -n 1")
    equal(near, by_option, "dis with its option behind")


def test_sums_of_columns(kernel):
    """ps -u through awk, pd of an expression, px of one with ~."""
    rows = [line.replace(">", " ").split() for line in kernel.crash("ps -u").splitlines()[1:]]
    total, decimal, mask = kernel.crash(
        "ps -u | tr '>' ' ' | awk '{ total += $8 } END { print total }'", "pd (1755597424093 - 1658412338927)",
        "px 0xffff888001234567 & ~0x7")
    equal(int(total), sum(int(row[7]) for row in rows), "RSS of all")
    expect(decimal.endswith(" = 97185085166\n"), decimal)
    expect(mask.endswith(" = 0xffff888001234560\n"), mask)
