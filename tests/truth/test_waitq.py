# waitq: whoever the guest recorded as waiting waits on the queue of what it waits for.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import re

from harness import equal, expect

# Queues of kernel threads, by the function in which their recorded stack is.
THREADS = {"oom_reaper_wait": ("oom_reaper", "oom_reaper"), "kauditd_wait": ("kauditd", "kauditd_thread"),
           "khugepaged_wait": ("khugepaged", "khugepaged")}


def rows(kernel, command):
    return [json.loads(line) for line in kernel.crash(f"{command} --json").splitlines()]


def recorded_in(kernel, function):
    """pids whose recorded stack is in FUNCTION"""
    return [int(path.parent.name) for path in kernel.truth_paths("proc/[0-9]*/stack")
            if re.search(rf"\b{function}\+", path.read_text())]


def pid_of(kernel, comm):
    (pid,) = [int(path.parent.name) for path in kernel.truth_paths("proc/[0-9]*/comm") if path.read_text().strip() == comm]
    return pid


def member(kernel, pid, name):
    (row,) = rows(kernel, f"foreach {pid} task -R {name}")
    return row["task_struct"]["value"][name]


def test_kernel_threads(kernel):
    for queue, (comm, function) in THREADS.items():
        pid = pid_of(kernel, comm)
        expect(pid in recorded_in(kernel, function), f"{comm} was not in {function}")
        (row,) = rows(kernel, f"waitq {queue}")
        equal((row["pid"], row["comm"], row["function"], row["exclusive"]), (pid, comm, "autoremove_wake_function", False), queue)
        equal(kernel.crash(f"waitq {queue}"), f'PID: {pid:<7}  TASK: {row["task"][2:]}  CPU: {row["cpu"]:<3}  COMMAND: "{comm}"\n', queue)
        equal(kernel.crash(f"waitq -v {queue}").rstrip("\n"),
              f'PID: {pid:<7}  TASK: {row["task"][2:]}  CPU: {row["cpu"]:<3}  COMMAND: "{comm}"  FUNC: autoremove_wake_function', queue)
        # The address of the queue, as a bare number.
        address = re.match(r"([0-9a-f]+) ", kernel.crash(f"sym {queue}"))[1]
        equal(rows(kernel, f"waitq {address}"), [row], f"waitq {address}")


def test_simple_queue(kernel):
    """The thread of RCU waits on an swait_queue_head, whose entries have no function."""
    (pid,) = recorded_in(kernel, "rcu_gp_kthread")
    (row,) = rows(kernel, "waitq rcu_state.gp_wq rcu_state")
    equal(row["pid"], pid, "thread of RCU")
    expect(row.get("function") is None and row["exclusive"], row)
    equal(member(kernel, 1, "pid"), 1, "task")


def test_parents(kernel):
    """Who waits for children stands on the queue of its signal_struct."""
    waiting = [pid for pid in recorded_in(kernel, "do_wait") if pid != 1]
    expect(waiting, "nobody waits for children")
    for pid in waiting:
        (row,) = rows(kernel, f"waitq signal_struct.wait_chldexit {member(kernel, pid, 'signal')[2:]}")
        equal((row["pid"], row["function"]), (pid, "child_wait_callback"), f"pid {pid}")
    quiet = pid_of(kernel, "w-pipes")
    signal = member(kernel, quiet, "signal")[2:]
    expect(re.fullmatch(r"wait queue [0-9a-f]+ is empty\n", kernel.crash(f"waitq signal_struct.wait_chldexit {signal}")),
           kernel.crash(f"waitq signal_struct.wait_chldexit {signal}"))


def words_of_stack(kernel, pid):
    stack = int(member(kernel, pid, "stack"), 16)
    words = []
    for line in kernel.crash(f"rd -64 {stack:x} 2048").splitlines():
        words += [int(word, 16) for word in line.split(":", 1)[1].split()[:2]]
    equal(len(words), 2048, "words of a stack")
    return stack, words


def test_pollers(kernel):
    """An entry of poll() or select() names a table of a stack; its task is shown."""
    pollwake = int(re.match(r"([0-9a-f]+) ", kernel.crash("sym pollwake"))[1], 16)
    pids = recorded_in(kernel, "do_sys_poll") + recorded_in(kernel, "do_select")
    expect(len(pids) >= 2, f"pollers: {pids}")
    done = 0
    for pid in pids:
        stack, words = words_of_stack(kernel, pid)
        # wait_queue_entry: flags, private, func, entry.next, entry.prev.
        for at in [i for i, word in enumerate(words) if word == pollwake][:1]:
            link = stack + 8 * (at + 1)
            head = words[at + 1]
            if head != words[at + 2]:
                continue  # others wait there as well
            (row,) = rows(kernel, f"waitq {head - 8:x}")
            equal((row["pid"], row["function"], row["entry"]), (pid, "pollwake", hex(link - 24)), f"poller {pid}")
            done += 1
    expect(done, "no poller is alone on its queue")


def test_tables(kernel):
    """Nobody waits for a bit, or whoever does is in the kernel for that."""
    for name in ("bit_wait_table", "page_wait_table" if kernel.name == "5.10" else "folio_wait_table"):
        text = kernel.crash(f"waitq {name}")
        if not re.fullmatch(rf'wait queue "{name}" \([0-9a-f]+\) is empty\n', text):
            waiters = rows(kernel, f"waitq -v {name}")
            expect(waiters and all(row["word"] and row["function"] in ("wake_bit_function", "var_wake_function", "wake_page_function")
                                   for row in waiters), waiters)


def test_empty(kernel):
    address = re.match(r"([0-9a-f]+) ", kernel.crash("sym log_wait"))[1]
    equal(kernel.crash("waitq log_wait"), f'wait queue "log_wait" ({address}) is empty\n', "by name")
    equal(kernel.crash(f"waitq {address}"), f"wait queue {address} is empty\n", "by address")


def test_refusals(kernel):
    """No list, a list of something else, nothing there."""
    task = re.match(r"([0-9a-f]+) ", kernel.crash("sym init_task"))[1]
    for command, wanted in (
        ("waitq init_task", f"waitq: there is no wait queue at {task}: nothing there looks like one"),
        ("waitq task_struct.tasks init_task", r"waitq: there is no wait queue at \w+: nothing there looks like one"),
        ("waitq linux_banner", r"waitq: there is no wait queue at \w+: nothing there looks like one"),
        ("waitq modules", r"waitq: there is no wait queue at \w+: nothing there looks like one"),
        ("waitq ffffffff00000000", "waitq: there is no wait queue at ffffffff00000000: not mapped"),
        ("waitq nosuch", "waitq: invalid address or symbol: nosuch"),
        ("waitq task_struct.nosuch init_task", "waitq: invalid structure.member name: task_struct.nosuch"),
        ("waitq nosuch.member init_task", "waitq: invalid structure.member name: nosuch.member"),
        ("waitq signal_struct.wait_chldexit", "waitq: the address of the structure is missing"),
        ("waitq log_wait 5", "waitq: unexpected argument: 5"),
        ("waitq", "Usage:\n  waitq "),
    ):
        expect(re.match(wanted, kernel.crash(command)), f"{command}: {kernel.crash(command)!r}")
