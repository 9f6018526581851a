# wq: every work that the lab's module planted, in the state, the pool and the worker that the log says; sums of the kernel's own.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import re

from harness import equal, expect

# What the module's queues are made with: flags without PERCPU, which new kernels have,
# and the limit; None: the kernel's own.
QUEUES = {
    "lab_ordered": ({"UNBOUND", "ORDERED"}, 1),
    "lab_narrow": (set(), 2),
    "lab_bound": (set(), None),
    "lab_unbound": ({"UNBOUND"}, None),
    "lab_rescued": ({"MEM_RECLAIM"}, None),
    "lab_stalled": ({"HIGHPRI"}, None),
}


def rows(dump, command):
    return [json.loads(line) for line in dump.crash(f"{command} --json").splitlines()]


def planted(dump):
    """[(state, address, function, queue, pid or when it expires)], as the log has it."""
    text = dump.truth("dmesg")
    expect("lab_works: done" in text, "the module did not get to its end")
    found = re.findall(r"lab_works: (running|inactive|pending|delayed) ([0-9a-f]{16}) (\S+) (\S+)(?: (\d+))?$", text, re.M)
    equal({queue for _, _, _, queue, _ in found}, set(QUEUES), "the module's queues")
    return [(state, f"0x{address}", function, queue, int(number) if number else None) for state, address, function, queue, number in found]


def works(dump):
    """{address: works that stand there}, of the overview."""
    found = {}
    for row in rows(dump, "wq"):
        for work in row.get("works", []) if "worker_pool" in row else []:
            found.setdefault(work["work"], []).append({**work, "pool_row": row})
        if row.get("state") == "delayed":
            found.setdefault(row["work"], []).append(row)
    return found


def test_planted(kernel):
    dump = kernel.dump("works")
    seen = works(dump)
    wanted = planted(dump)
    for state, address, function, queue, number in wanted:
        (work,) = seen.get(address, [{}])
        equal((work.get("state"), work.get("workqueue"), work.get("func")), (state, queue, f"{function} [lab_works]"), f"work {address}")
        equal(work.get("pid"), number if state == "running" else None, f"{state} work {address}: PID")
        if state == "delayed":
            equal((work["expires"], work["cpu"]), (number, 1), "when, and where")
    # And none that the log does not have.
    lab = {work["work"] for found in seen.values() for work in found if work["workqueue"].startswith("lab_") and work["func"] != "wq_barrier_func"}
    equal(lab, {address for _, address, _, _, _ in wanted}, "works of the module's queues")


def test_workers(kernel):
    """Who runs it, on which CPU, and whose kthread that is."""
    dump = kernel.dump("works")
    seen = works(dump)
    for state, address, function, queue, pid in planted(dump):
        if state != "running":
            continue
        (work,) = seen[address]
        (task,) = rows(dump, f"set {pid}")
        equal((work["task"], work["comm"]), (task["task"], task["comm"]), f"{queue}: task")
        expect(dump.truth(f"proc/{pid}/comm").startswith("kworker/"), f"PID {pid} is no worker")
        cpu = work["pool_row"].get("cpu")
        equal(cpu, {"lab_narrow": 0, "lab_bound": 0, "lab_rescued": 1, "lab_stalled": 2}.get(queue), f"{queue}: CPU of the pool")
        expect(work["asleep"] >= 0 and ("age" not in work or work["age"] + 10**8 >= work["asleep"]), f"{queue}: ages {work}")
        equal(work.get("desc"), "beside nothing" if function == "lab_describe" else None, f"{queue}: what the work says")
        # The module went to its end, more than 30 seconds later.
        if function == "lab_stall":
            expect(work["asleep"] > 30 * 10**9 and work.get("age", 31 * 10**9) > 30 * 10**9, f"it sleeps for {work['asleep']} ns")


def test_stalled(kernel):
    dump = kernel.dump("works")
    found = [row for row in rows(dump, "wq -a") if "stalled" in row]
    (pool,) = [row for row in found if row["stalled"]]
    equal((pool["cpu"], pool["nice"]), (2, -20), "the pool that stands still")
    expect(pool["since_progress"] > 30 * 10**9, f"{pool['since_progress']} ns")
    # Behind the module's works stand those of disks whose queue on this CPU ran out of time.
    waiting = [work["work"] for work in pool["works"] if work["state"] == "pending"]
    equal(waiting[:2], [address for state, address, _, _, _ in planted(dump) if state == "pending"], "what it does not begin")
    equal(len(waiting), pool["pending"], "how many")
    text = dump.crash("wq")
    equal(len(re.findall("STALLED", text)), 1, "in text")
    # No pool of a guest at rest stands still.
    equal([row["worker_pool"] for row in rows(kernel, "wq -a") if row.get("stalled")], [], "at rest")


def test_barrier(kernel):
    dump = kernel.dump("works")
    address, pid = re.search(r"lab_works: barrier ([0-9a-f]{16}) (\d+)$", dump.truth("dmesg"), re.M).groups()
    (barrier,) = [work for found in works(dump).values() for work in found if work["func"] == "wq_barrier_func"]
    (running,) = works(dump)[f"0x{address}"]
    equal((barrier["state"], barrier["waiter_pid"], barrier["worker"]), ("next", int(pid), running["worker"]), "who waits behind which worker")
    expect(f"wq_barrier_func (PID {pid} waits)" in dump.crash("wq"), "in text")


def test_sums(kernel):
    """
    Active works are those that run and those that are pending; workers are busy or idle;
    lists are as long as their counters say.
    """
    for dump in (kernel, kernel.dump("works")):
        found = rows(dump, "wq -a")
        everything = [work for row in found for work in row.get("works", [])]
        for row in found:
            if "idle_workers" in row:
                busy = {work["worker"] for work in row["works"] if work["state"] == "running"}
                equal(len(row["idle_workers"]), row["idle"], f"pool {row['id']}: idle workers")
                equal(len(busy) + row["idle"] + ("manager_pid" in row), row["workers"], f"pool {row['id']}: workers")
                equal(len([1 for work in row["works"] if work["state"] == "pending"]), row["pending"], f"pool {row['id']}: worklist")
            if "flags" in row:
                of = [work for work in everything if work["workqueue_struct"] == row["workqueue_struct"] and work["func"] != "wq_barrier_func"]
                equal(len([1 for work in of if work["state"] == "inactive"]), row["inactive"], f"{row['workqueue']}: inactive works")
                equal(len([1 for work in of if work["state"] != "inactive"]), row["active"], f"{row['workqueue']}: active works")


def test_limits(kernel):
    dump = kernel.dump("works")
    found = {row["workqueue"]: row for row in rows(dump, "wq") if "max_active" in row}
    equal({name: (row["active"], row["max_active"], row["inactive"]) for name, row in found.items()},
          {"lab_ordered": (1, 1, 3), "lab_narrow": (2, 2, 4)}, "workqueues that have as many active works as they may")


def test_queues(kernel):
    dump = kernel.dump("works")
    listed = {row["workqueue"]: row for row in rows(dump, "wq -a") if "flags" in row}
    for name, (flags, limit) in QUEUES.items():
        (queue,) = rows(dump, f"wq {name}")
        equal(set(queue["flags"]) - {"PERCPU"}, flags, f"{name}: flags")
        equal(listed[name]["flags"], queue["flags"], f"{name}: flags in the list")
        expect(queue["max_active"] == limit if limit else queue["max_active"] > 2, f"{name}: limit {queue['max_active']}")
        equal({(work["work"], work["state"]) for part in queue["pool_workqueues"] for work in part["works"] if work["func"] != "wq_barrier_func"},
              {(address, state) for state, address, _, of, _ in planted(dump) if of == name and state != "delayed"}, f"works of {name}")
        equal([(work["work"], work["expires"]) for work in queue["delayed"]],
              [(address, number) for state, address, _, of, number in planted(dump) if of == name and state == "delayed"], f"delayed works of {name}")
        equal(rows(dump, f"wq {queue['workqueue_struct']}"), [queue], f"{name} by its address")
        equal("rescuer_pid" in queue, name == "lab_rescued", f"{name}: rescuer")
        if "rescuer_pid" in queue:
            expect(re.match(r"lab_rescued|kworker/R-lab_res", dump.truth(f"proc/{queue['rescuer_pid']}/comm")), "its rescuer's name")


def test_one_object(kernel):
    """By its address: what the overview has of it."""
    dump = kernel.dump("works")
    wanted = {}
    for row in rows(dump, "wq -a"):
        if "idle_workers" in row:
            wanted[row["worker_pool"]] = [row]
            wanted.update({worker["worker"]: [worker] for worker in row["idle_workers"][:1]})
            for work in row["works"]:
                wanted.setdefault(work["work"], []).append(work)
            for worker in {work["worker"] for work in row["works"] if work["state"] == "running"}:
                wanted[worker] = [work for work in row["works"] if work.get("worker") == worker]
        elif row.get("state") == "delayed":
            wanted.setdefault(row["work"], []).append(row)
    answers = dump.crash(*(f"wq {address} --json" for address in wanted))
    for (address, objects), answer in zip(wanted.items(), answers):
        equal([json.loads(line) for line in answer.splitlines()], objects, f"wq {address}")


def test_work_at_rest(kernel):
    """On no list: which pool ran it last."""
    ids = {row["id"] for row in rows(kernel, "wq -a") if "stalled" in row}
    (work,) = rows(kernel, "wq deferred_probe_work")
    equal((work["state"], work["func"]), ("idle", "deferred_probe_work_func"), "a work of the kernel's")
    expect(work["last_pool"] in ids, f"pool {work['last_pool']} of {ids}")
    text = kernel.crash("wq deferred_probe_work")
    expect(text.startswith("WORK: ") and f"not queued; last in the pool with ID {work['last_pool']}" in text, text)


def test_refused(kernel):
    answers = kernel.crash("wq nosuch", "wq init_task", "wq -a events", "wq events kblockd")
    equal(answers[0], "wq: nosuch: no workqueue of that name, and no address\n", "a name that there is not")
    expect(re.fullmatch(r"wq: [0-9a-f]{16}: no workqueue, pool of workers, worker or work\n", answers[1]), answers[1])
    expect("-a and a workqueue do not go together" in answers[2], answers[2])
    expect("unexpected argument: kblockd" in answers[3], answers[3])
