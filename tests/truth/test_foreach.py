# foreach: which tasks it picks, that it keeps the context, and that each command gets its task.
# SPDX-License-Identifier: GPL-3.0-or-later
import re

from harness import equal, expect


def pids(text):
    """pids of the headers, in order."""
    return [int(p) for p in re.findall(r"^PID: (\d+) +TASK:", text, re.M)]


def ps(kernel, words=""):
    """(pid, state, name) of each row."""
    rows = re.findall(r"^[> ] *(\d+) +\d+ +\d+  [0-9a-f]{16}  (..) .{23}  (.*)$", kernel.crash(f"ps {words}".strip()), re.M)
    return [(int(pid), state, name) for pid, state, name in rows]


def test_all_tasks(kernel):
    equal(pids(kernel.crash("foreach set")), [pid for pid, _, _ in ps(kernel)], "foreach set")
    equal(kernel.crash("foreach ps"), kernel.crash("ps"), "foreach ps")


def test_classes(kernel):
    equal(kernel.crash("foreach kernel ps"), kernel.crash("ps -k"), "kernel")
    equal(kernel.crash("foreach user ps"), kernel.crash("ps -u"), "user")
    equal(kernel.crash("foreach gleader ps"), kernel.crash("ps -u -G"), "gleader")
    equal(kernel.crash("foreach active ps"), kernel.crash("ps -A"), "active")


def test_states(kernel):
    everybody = ps(kernel)
    for state in ("RU", "IN", "UN", "ID", "ZO", "ST", "TR"):
        want = [pid for pid, its, _ in everybody if its == state]
        expect(want, f"the lab has no task in {state}")
        equal(pids(kernel.crash(f"foreach {state} task -R pid")), want, f"foreach {state}")


def test_words_of_different_kinds_all_hold(kernel):
    everybody = ps(kernel)
    user = set(pids(kernel.crash("foreach user set")))
    active = set(pids(kernel.crash("foreach active set")))
    for words, want in (
            ("user UN", [p for p, state, _ in everybody if state == "UN" and p in user]),
            ("kernel IN", [p for p, state, _ in everybody if state == "IN" and p not in user]),
            ("active kernel", [p for p, _, _ in everybody if p in active and p not in user]),
            ("w-vfork w-nice UN", [p for p, state, n in everybody if n in ("w-vfork", "w-nice") and state == "UN"]),
            ("ZO ST", [p for p, state, _ in everybody if state in ("ZO", "ST")])):
        expect(want, f"the lab has no task for foreach {words}")
        equal(set(pids(kernel.crash(f"foreach {words} set"))), set(want), f"foreach {words}")
    equal(kernel.crash("foreach kernel init ps"), "", "init is no kernel thread")


def test_names(kernel):
    everybody = ps(kernel)
    equal(pids(kernel.crash("foreach w-zombie w-undead set")),
          [p for p, _, n in everybody if n in ("w-zombie", "w-undead")], "two names")
    equal(pids(kernel.crash("foreach 'w-many-.*' set")),
          [p for p, _, n in everybody if n.startswith("w-many-")], "regular expression")
    equal(pids(kernel.crash("foreach \\w-undead 2 1 set")),
          [p for p, _, n in everybody if n == "w-undead" or p in (1, 2)], "name, pids, in the table's order")


def test_each_gets_its_task(kernel):
    text = kernel.crash("foreach task -R pid,comm")
    blocks = re.findall(r'^PID: (\d+) .*COMMAND: "(.*)"\n  pid = (\d+),\n  comm = "(.*?)(?:\\000.*)?",$', text, re.M)
    equal(len(blocks), len(ps(kernel)), "blocks of foreach task")
    for header_pid, header_comm, pid, comm in blocks:
        equal(pid, header_pid, "pid of the task")
        if not header_comm.startswith("odd"):
            equal(comm, header_comm, "comm of the task")
    for pid, block in re.findall(r"^PID: (\d+) .*\n +PID: (\d+)$", kernel.crash("foreach set"), re.M):
        equal(block, pid, "context of set")


def test_stacks(kernel):
    want = [int(p) for p, _, _ in ps(kernel)]
    equal(pids(kernel.crash("foreach bt")), want, "foreach bt")


def test_context_stays(kernel):
    before, _, after = kernel.crash("set", "foreach 1 2 set", "set ")
    equal(after, before, "context after foreach")


def test_two_commands(kernel):
    text = kernel.crash("foreach 1 2 set sig")
    equal(pids(text), [1, 2, 1, 2], "two commands for two tasks")


def test_blank_lines(kernel):
    text = kernel.crash("foreach kernel set").rstrip("\n")
    expect("\n\n\n" not in text, "two blank lines")
    equal(text.count("\n\n"), len(pids(text)) - 1, "blank lines between tasks")


def test_errors(kernel):
    for words, message in (("foreach nosuch bt", 'unknown argument: "nosuch"'), ("foreach 1", "no command to run"),
                           ("foreach", "Usage:"), ("foreach '[' set", "invalid regular expression")):
        text = kernel.crash(words)
        result = kernel.last.stdout + kernel.last.stderr + text
        expect(message in result, f"{words}: {result[-200:]!r}")
        expect(kernel.last.status != 0, f"{words} ends with status 0")


def test_one_failure_does_not_stop(kernel):
    text = kernel.crash("foreach 1 2 task -R nosuch")
    equal(pids(text), [1, 2], "tasks after a failure")
    equal(text.count("nosuch: not a task_struct or thread_info member"), 2, "messages")
