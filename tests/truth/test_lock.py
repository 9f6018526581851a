# lock: every lock, owner, waiter and ring that the lab's module planted, and nothing else.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import re

from harness import Skipped, equal, expect

OWNED = ("mutex", "ww_mutex", "rt_mutex", "rwsem-write")


def rows(dump, command):
    return [json.loads(line) for line in dump.crash(f"{command} --json").splitlines()]


def planted(dump):
    """[(owner, waiter or leaked, kind, address, pid)], as the module said in the log."""
    text = dump.truth("dmesg")
    expect("lab_locks: done" in text, "the module did not get to its end")
    return [(what, kind, address, int(pid)) for what, kind, address, pid in
            re.findall(r"lab_locks: (owner|waiter|leaked) (\S+) ([0-9a-f]{16}) (\d+)", text)]


def blocked_by(dump):
    """{pid: pid of the owner of what it waits for}, where the kernel keeps owners."""
    owners = {(kind.split("-")[0], address): pid for what, kind, address, pid in planted(dump) if what == "owner" and kind in OWNED}
    return {pid: owners[kind.split("-")[0], address] for what, kind, address, pid in planted(dump)
            if what == "waiter" and (kind.split("-")[0], address) in owners}


def locks(dump):
    return [row for row in rows(dump, "lock") if "waiters" in row]


def test_waiters(kernel):
    dump = kernel.dump("locks")
    wanted = {(kind, address, pid) for what, kind, address, pid in planted(dump) if what == "waiter"}
    seen, others = set(), []
    for lock in locks(dump):
        for waiter in lock["waiters"]:
            kind = lock["kind"] + ("-" + waiter["mode"] if "mode" in waiter else "")
            if waiter["comm"].startswith("lk-"):
                seen.add((kind, lock["lock"][2:], waiter["pid"]))
            else:
                others.append((lock["kind"], waiter["pid"], waiter["comm"]))
    equal(seen, wanted, "waiters")
    # Of the workload a parent waits for its vfork()ed child.
    equal({(kind, comm) for kind, _, comm in others}, {("completion", "w-vfork")}, "other waits")


def test_ages(kernel):
    """Who began to wait first stands first."""
    for lock in locks(kernel.dump("locks")):
        ages = [waiter["age"] for waiter in lock["waiters"]]
        equal(ages, sorted(ages, reverse=True), f"{lock['name']}: ages")
    (mutex,) = [lock for lock in locks(kernel.dump("locks")) if lock["name"].startswith("lab_mutex")]
    equal([waiter["comm"] for waiter in mutex["waiters"]], ["lk-mutex-1", "lk-mutex-2"], "in the order of the log")


def test_owners(kernel):
    dump = kernel.dump("locks")
    found = {lock["lock"][2:]: lock for lock in locks(dump)}
    waited = {address for what, _, address, _ in planted(dump) if what == "waiter"}
    for what, kind, address, pid in planted(dump):
        if what == "waiter" or address not in waited:
            continue
        lock = found[address]
        if what == "leaked":
            equal((lock["owner"], "pid" in lock), ("leaked", False), f"{kind} {address}: owner")
        elif kind in OWNED:
            equal((lock["owner"], lock["pid"]), ("held", pid), f"{kind} {address}: owner")
        elif kind in ("rwsem-read", "percpu_rwsem-read"):
            equal((lock["owner"], lock["readers"]), ("readers", 1), f"{kind} {address}: owner")
            if kind == "rwsem-read":
                equal(lock["hint"], pid, f"{kind} {address}: the last reader")
        else:
            expect(kind in ("semaphore", "folio") and lock["owner"] == "not kept", f"{kind} {address}: {lock['owner']}")


def test_names(kernel):
    dump = kernel.dump("locks")
    for lock in locks(dump):
        address = lock["lock"][2:]
        if not any(waiter["comm"].startswith("lk-") for waiter in lock["waiters"]):
            continue
        if lock["kind"] == "folio":
            frame = rows(dump, f"kmem -p {address}")[0]["physical"]
            equal(lock["name"], f"page frame {int(frame, 16) >> 12:x}", "the page")
            continue
        symbol = rows(dump, f"sym {address}")[0] if address >= "ffffffff" else None
        if symbol:
            wanted = symbol["name"] + (f"+{symbol['offset']}" if symbol.get("offset") else "") + " [lab_locks]"
        else:
            wanted = f"kmalloc-\\S* {address}"
        expect(re.fullmatch(re.escape(wanted) if symbol else wanted, lock["name"]), f"{lock['name']!r}, not {wanted!r}")


def test_rings(kernel):
    dump = kernel.dump("locks")
    after, rings = blocked_by(dump), set()
    for start in after:
        way, at = [start], after[start]
        while at in after and at not in way:
            way.append(at)
            at = after[at]
        if at in way:
            rings.add(frozenset(way[way.index(at):]))
    found = [row for row in rows(dump, "lock") if "deadlock" in row]
    equal({frozenset(task["pid"] for task in row["tasks"]) for row in found}, rings, "rings")
    equal(sorted(len(ring) for ring in rings), [1, 2, 3], "the module's rings")
    for row in found:
        pids = [task["pid"] for task in row["tasks"]]
        equal(row["deadlock"], len(pids), "tasks of a ring")
        for pid, following in zip(pids, pids[1:] + pids[:1]):
            equal(after[pid], following, f"who has what PID {pid} waits for")


def test_blockers(kernel):
    dump = kernel.dump("locks")
    after, blocked = blocked_by(dump), {}
    for start in after:
        way, at = {start}, after[start]
        while at in after and at not in way:
            way.add(at)
            at = after[at]
        if at not in after:
            blocked[at] = blocked.get(at, 0) + 1
    found = [(row["pid"], row["blocks"]) for row in rows(dump, "lock") if "blocks" in row and row["comm"].startswith("lk-")]
    equal(dict(found), blocked, "who blocks how many")
    equal([count for _, count in found], sorted(blocked.values(), reverse=True), "most first")
    chain = next(pid for pid, count in found if count == 4)
    expect(f"lk-chain-0" in dump.truth(f"proc/{chain}/comm"), "the chain's first has most behind it")


def test_one_task_and_one_lock(kernel):
    dump = kernel.dump("locks")
    after = blocked_by(dump)
    pids = {task: int(pid) for pid, task in re.findall(r"lab_locks: \S+ \S+ \S+ (\d+) (lk-\S+)", dump.truth("dmesg"))}
    for start in ("lk-chain-4", "lk-ab-a", "lk-ring-1", "lk-self"):
        way, at = [pids[start]], after[pids[start]]
        while at in after and at not in way:
            way.append(at)
            at = after[at]
        equal([row["pid"] for row in rows(dump, f"lock -t {pids[start]}")], way, f"from {start}")
        last = dump.crash(f"lock -t {pids[start]}").splitlines()[-1]
        expect(("deadlock" in last) == (at in way) and str(at) in last, f"{start}: {last!r}")
    for lock in locks(dump):
        equal(rows(dump, f"lock {lock['lock'][2:]}"), [lock], f"lock {lock['lock']}")
    refused = dump.crash("lock -t 1", "lock init_task", "lock -t 1 1234")
    expect(refused[0] == "lock: PID 1 waits for no lock\n", refused[0])
    expect(refused[1].startswith("lock: no task waits for a lock at "), refused[1])
    expect("-t and an address do not go together" in refused[2], refused[2])


def test_parent_of_a_vforked_child(kernel):
    """Nobody else waits in a guest at rest; the child ends the wait when it ends."""
    found = rows(kernel, "lock")
    (lock,) = [row for row in found if "waiters" in row]
    (parent,) = lock["waiters"]
    equal((lock["kind"], lock["owner"], parent["comm"]), ("completion", "held", "w-vfork"), "the only wait")
    equal(re.search(r"^PPid:\t(\d+)$", kernel.truth(f"proc/{lock['pid']}/status"), re.M)[1], str(parent["pid"]), "whose child it is")
    equal([(row["pid"], row["blocks"]) for row in found if "blocks" in row], [(lock["pid"], 1)], "blockers")
    equal([row for row in found if "deadlock" in row], [], "deadlocks")


def test_frozen_file_system(kernel):
    if kernel.name != "6.12":
        raise Skipped("only 6.12 has a dump of a frozen file system")
    (lock,) = [row for row in rows(kernel.dump("hung"), "lock") if row.get("kind") == "percpu_rwsem"]
    equal((lock["name"], [waiter["comm"] for waiter in lock["waiters"]]),
          ("super_block.s_writers.rw_sem[0] of loop1, frozen", ["w-frozen"]), "who waits for it to be thawed")
