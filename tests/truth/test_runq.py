# runq: the workload's hogs of every policy are queued, on their CPU and in their class; what ran is what the kernel says ran.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import re

from harness import equal, expect

DUMPS = ("nmi", "serial")
# Which hog is of which class and where; 0 and 1 are CPUs, a deadline task may be on any.
HOGS = {"hog-0a": ("cfs", 0), "hog-0b": ("cfs", 0), "hog-0batch": ("cfs", 0), "hog-1a": ("cfs", 1), "hog-1idle": ("cfs", 1),
        "hog-dl": ("deadline", None), "hog-1fifo": ("rt", 1), "hog-1fifo-low": ("rt", 1)}
PRIORITIES = {"hog-dl": -1, "hog-1fifo": 89, "hog-1fifo-low": 94}
CLASSES = ("deadline", "rt", "cfs", "ext")


def rows(dump, command):
    return [json.loads(line) for line in dump.crash(f"{command} --json").splitlines()]


def hogs(dump):
    """{name: pid} as the guest recorded them; the record of the scheduler has them as well."""
    found = {path.read_text().strip(): int(path.parent.name) for path in dump.truth_paths("proc/[0-9]*/comm") if path.read_text().startswith("hog-")}
    paths = dump.truth_paths("sys/kernel/debug/sched/debug") + dump.truth_paths("proc/sched_debug")
    said = dict(re.findall(r"^[ >]\w +(hog-\S+) +(\d+) ", paths[0].read_text(), re.M))
    equal({name: int(pid) for name, pid in said.items()}, found, "hogs in the record")
    equal(sorted(found), sorted(HOGS), "hogs")
    return found


def test_hogs(kernel):
    """Each is queued once; a real-time task that runs is on its list as well."""
    for name in DUMPS:
        dump = kernel.dump(name)
        pids, queues = hogs(dump), rows(dump, "runq")
        seen = {}
        for queue in queues:
            expect("lists_error" not in queue, queue.get("lists_error"))
            for kind in CLASSES:
                for task in queue.get(kind, []):
                    seen.setdefault(task["comm"], []).append((kind, queue["cpu"], task["pid"], task["priority"]))
            if not any(task["pid"] == queue["pid"] for task in queue["rt"]):
                seen.setdefault(queue["comm"], []).append(("current", queue["cpu"], queue["pid"], None))
        for hog, (kind, cpu) in HOGS.items():
            equal(len(seen.get(hog, [])), 1, f"{name}: {hog}: {seen.get(hog)}")
            got_kind, got_cpu, pid, priority = seen[hog][0]
            equal(pid, pids[hog], f"{name}: {hog}")
            expect(got_kind in (kind, "current"), f"{name}: {hog} is {got_kind}")
            expect(cpu in (None, got_cpu), f"{name}: {hog} is on CPU {got_cpu}")
            if got_kind != "current":
                equal(priority, PRIORITIES.get(hog, 120), f"{name}: priority of {hog}")


def test_current_is_what_crashed(kernel):
    for name in DUMPS + ("sysrq",):
        dump = kernel.dump(name)
        panic = re.findall(r"CPU: (\d+) (?:UID: \d+ )?PID: (\d+) Comm: (\S+)", dump.console())[-1]
        (queue,) = [queue for queue in rows(dump, "runq") if queue["cpu"] == int(panic[0])]
        equal((queue["pid"], queue["comm"]), (int(panic[1]), panic[2]), f"{name}: what ran")


def test_queue_addresses(kernel):
    for queue in rows(kernel.dump("nmi"), "runq"):
        value = json.loads(kernel.dump("nmi").crash(f"struct rq.cpu,clock,curr {queue['rq'][2:]} --json"))["value"]
        equal((value["cpu"], value["clock"]), (queue["cpu"], queue["clock"]), "rq")
        equal(value["curr"], queue["task"], "who runs")


def test_order(kernel):
    """Fair tasks come by virtual deadline where the kernel has one, else by what they ran."""
    for name in DUMPS:
        done = 0
        for queue in rows(kernel.dump(name), "runq"):
            tasks = [task for task in queue["cfs"] if task["pid"] != queue["pid"] and not task.get("throttled")]
            keys = [task.get("deadline") or task["vruntime"] for task in tasks]
            equal(keys, sorted(keys), f"{name}: fair tasks of CPU {queue['cpu']}")
            done += len(keys) > 1
            priorities = [task["priority"] for task in queue["rt"]]
            equal(priorities, sorted(priorities), f"{name}: real-time tasks of CPU {queue['cpu']}")
        expect(done >= 1, f"{name}: no queue has two fair tasks")


def test_fair_members(kernel):
    dump = kernel.dump("nmi")
    tasks = [task for queue in rows(dump, "runq") for task in queue["cfs"]]
    expect(len(tasks) >= 3, tasks)
    for task in tasks:
        value = json.loads(dump.crash(f"struct task_struct.se.vruntime,prio {task['task'][2:]} --json"))["value"]
        equal((value["se.vruntime"] if "se.vruntime" in value else value["se"]["vruntime"], value["prio"]),
              (task["vruntime"], task["priority"]), task["comm"])


def test_text(kernel):
    dump = kernel.dump("nmi")
    lines = dump.crash("runq").splitlines()
    for queue in rows(dump, "runq"):
        at = lines.index(f"CPU {queue['cpu']} RUNQUEUE: {queue['rq'][2:]}")
        equal(lines[at + 1], f'  CURRENT: PID: {queue["pid"]:<5}  TASK: {queue["task"][2:]}  COMMAND: "{queue["comm"]}"', "who runs")
        at += 2
        for kind, heading in (("deadline", "  DL RB_ROOT: "), ("rt", "  RT PRIO_ARRAY: "), ("cfs", "  CFS RB_ROOT: ")):
            if kind not in queue:
                continue
            expect(lines[at].startswith(heading), lines[at])
            at += 1
            for task in queue[kind]:
                marks = "".join(f" ({mark})" for mark in ("delayed", "throttled") if task.get(mark))
                equal(lines[at], f'     [{task["priority"]:>3}] PID: {task["pid"]:<5}  TASK: {task["task"][2:]}  COMMAND: "{task["comm"]}"{marks}', "a task")
                at += 1
            if not queue[kind]:
                equal(lines[at], "     [no tasks queued]", "no task")
                at += 1


def test_groups(kernel):
    """No guest has queued tasks in a group below the root: it has all, the current one marked."""
    for name in DUMPS:
        dump = kernel.dump(name)
        plain = {queue["cpu"]: queue for queue in rows(dump, "runq")}
        for queue in rows(dump, "runq -g"):
            other = plain[queue["cpu"]]
            below = queue.get("groups", [])
            fair = queue["tasks"] + [task for group in below for task in group.get("tasks", [])]
            listed = {task["pid"] for task in fair if not task.get("current")}
            equal(listed, {task["pid"] for task in other["cfs"] if task["pid"] != other["pid"]}, f"{name}: fair tasks of CPU {queue['cpu']}")
            for kind in ("rt", "deadline"):
                equal([task["pid"] for task in queue.get(kind, [])], [task["pid"] for task in other.get(kind, [])], f"{name}: {kind}")
            current = [task["pid"] for kind in ("tasks", "rt", "deadline") for task in queue.get(kind, []) if task.get("current")]
            equal(current, [queue["pid"]] if other["comm"] in HOGS else current, f"{name}: who runs on CPU {queue['cpu']}")
            value = json.loads(dump.crash(f"struct cfs_rq.tg {queue['cfs_rq'][2:]} --json"))["value"]
            equal(value["tg"], queue["task_group"], "the root group")
            expect(f"  ROOT_TASK_GROUP: {queue['task_group'][2:]}  CFS_RQ: {queue['cfs_rq'][2:]}" in dump.crash("runq -g").splitlines(), "text")
    expect(" [CURRENT]" in kernel.dump("nmi").crash("runq -g"), "no task is the current one")


def arrival(dump, queue):
    value = json.loads(dump.crash(f"struct task_struct.sched_info {queue['task'][2:]} --json"))["value"]
    return value["sched_info"]["last_arrival"]


def clock(dump, queue):
    return json.loads(dump.crash(f"struct rq.clock {queue['rq'][2:]} --json"))["value"]["clock"]


def test_clocks(kernel):
    for name in DUMPS:
        dump = kernel.dump(name)
        queues = {queue["cpu"]: queue for queue in rows(dump, "runq")}
        clocks = {cpu: clock(dump, queue) for cpu, queue in queues.items()}
        lines = dump.crash("runq -t").splitlines()
        for i, row in enumerate(rows(dump, "runq -t")):
            queue = queues[row["cpu"]]
            equal((row["clock"], row["last_arrival"], row["pid"]), (clocks[row["cpu"]], arrival(dump, queue), queue["pid"]), f"{name}: -t")
            equal(lines[2 * i], f" CPU {row['cpu']}: {row['clock']}", "text of -t")
            equal(lines[2 * i + 1], f'        {row["last_arrival"]}  PID: {row["pid"]:<5}  TASK: {row["task"][2:]}  COMMAND: "{row["comm"]}"', "text of -t")
        for row in rows(dump, "runq -m"):
            queue = queues[row["cpu"]]
            equal((row["running"], row["pid"]), (clocks[row["cpu"]] - arrival(dump, queue), queue["pid"]), f"{name}: -m")
            milliseconds = row["running"] // 1000000
            shown = f"0 00:{milliseconds // 60000:02}:{milliseconds // 1000 % 60:02}.{milliseconds % 1000:03}"
            expect(f" CPU {row['cpu']}: [{shown}]  PID: {row['pid']:<5} " in dump.crash("runq -m"), dump.crash("runq -m"))
        latest = max(clocks.values())
        lags = rows(dump, "runq -T")
        equal({row["cpu"]: row["lag"] for row in lags}, {cpu: latest - value for cpu, value in clocks.items()}, f"{name}: -T")
        equal([row["lag"] for row in lags], sorted(row["lag"] for row in lags), f"{name}: order of -T")
        equal(dump.crash("runq -T").splitlines(), [f"  CPU {row['cpu']}: {row['lag'] / 1e9:.2f} secs" for row in lags], f"{name}: text of -T")


def test_queued(kernel):
    """-d: what task_struct.on_rq says."""
    dump = kernel.dump("nmi")
    wanted = {}
    for row in rows(dump, "foreach task -R on_rq"):
        if row["task_struct"]["value"]["on_rq"]:
            wanted.setdefault(row["cpu"], set()).add(row["task"])
    got = {row["cpu"]: {task["task"] for task in row["tasks"]} for row in rows(dump, "runq -d")}
    equal(got, wanted, "queued tasks")
    names = {task["comm"] for row in rows(dump, "runq -d") for task in row["tasks"]}
    expect(set(HOGS) <= names, names)
    lines = dump.crash("runq -d").splitlines()
    equal(lines[0], "CPU 0", "first line")
    for row in rows(dump, "runq -d"):
        for task in row["tasks"]:
            expect(f'     [{task["priority"]:>3}] PID: {task["pid"]:<5}  TASK: {task["task"][2:]}  COMMAND: "{task["comm"]}"' in lines, task)


def test_some_cpus(kernel):
    for form in ("runq", "runq -t", "runq -m", "runq -g", "runq -d"):
        whole = rows(kernel.dump("nmi"), form)
        for cpu in (0, 1):
            equal(rows(kernel.dump("nmi"), f"{form} -c {cpu}"), [row for row in whole if row["cpu"] == cpu], f"{form} -c {cpu}")
    equal([row["lag"] for row in rows(kernel.dump("nmi"), "runq -T -c 1")], [0], "-T of one CPU")


def test_refusals(kernel):
    for command, wanted in (("runq 5", "runq: unexpected argument: 5"), ("runq -t -m", "runq: -t, -T, -m, -g and -d do not go together"),
                            ("runq -c 9", "runq: "), ("runq -c x", "runq: ")):
        expect(kernel.crash(command).startswith(wanted), f"{command}: {kernel.crash(command)!r}")
