# cpu: what each CPU was doing, against what the kernel counted, what it said, and the registers that the machine gave.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import re
import subprocess
import tempfile

from format.writers import segments_of_elf
from harness import Skipped, equal, expect, run_crash

DUMPS = ("sysrq", "nmi", "serial", "bpf")
IF = 1 << 9
SECOND = 10**9


def rows(dump, command="cpu"):
    found = [json.loads(line) for line in dump.crash(f"{command} --json").splitlines()]
    for row in found:
        expect("lists_error" not in row, row)
    return found


def in_contexts(dump, row):
    """(soft, hard, NMI) by the count of preemption, which got wider when it became 64 bits."""
    wide = "unsigned long" in dump.crash("whatis __preempt_count") if "__preempt_count" in dump.crash("sym -q __preempt_count") else False
    hard, nmi = (24, 28) if wide else (16, 20)
    count = row["preempt_count"]
    return count >> 8 & 1, count >> hard & 15, count >> nmi & 15


def test_contexts_are_those_that_the_kernel_counted(kernel):
    """An NMI counts as a hard interrupt as well. What stopped a CPU is not among its contexts."""
    for name in (*DUMPS, "kdump"):
        dump = kernel.dump(name)
        for row in rows(dump):
            soft, hard, nmi = in_contexts(dump, row)
            had = [row["context"].count(word) for word in ("softirq", "hardirq", "nmi")]
            wanted = [(had[0], had[1] + had[2], had[2])]
            if row["state"] == "stopped":
                wanted = [(had[0], had[1] + had[2] + 1, had[2]), (had[0], had[1] + had[2] + 1, had[2] + 1)]
            expect((soft, hard, nmi) in wanted, f"{name}: CPU {row['cpu']} counts {(soft, hard, nmi)}, and was in {row['context']}")
            expect(row["context"][-1] in ("user", "task", "idle"), row["context"])
            equal(row["context"][-1] == "idle", row["comm"].startswith("swapper/"), f"{name}: CPU {row['cpu']} was idle")


def test_contexts_of_the_module(kernel):
    """Where the module crashed."""
    if kernel.name != "6.1":
        raise Skipped("the module crashes 6.1")
    for name, wanted in (("softirq", ["exception", "softirq"]), ("hardirq", ["exception", "hardirq"]), ("bug", ["exception"]),
                         ("lockup", ["hardirq"]), ("process", ["exception"])):
        (row,) = [row for row in rows(kernel.dump("mod-" + name)) if row["state"] == "panicked"]
        equal(row["context"][:-1], wanted, f"mod-{name}")


def test_who_runs(kernel):
    for name in DUMPS:
        dump = kernel.dump(name)
        cpu, pid, comm = re.findall(r"CPU: (\d+) (?:UID: \d+ )?PID: (\d+) Comm: (\S+)", dump.console())[-1]
        found = rows(dump)
        equal([(row["cpu"], row["pid"], row["comm"]) for row in found if row["state"] == "panicked"], [(int(cpu), int(pid), comm)],
              f"{name}: who panicked")
        equal([row["state"] for row in found if row["cpu"] != int(cpu)], ["stopped"], f"{name}: the other")
        for row in found:
            value = json.loads(dump.crash(f"struct task_struct.pid,prio {row['task'][2:]} --json"))["value"]
            equal((value["pid"], value["prio"]), (row["pid"], row["priority"]), f"{name}: CPU {row['cpu']}")


def test_interrupts(kernel):
    """As the registers say that the stopping interrupt, or the NMI, saved."""
    for name in DUMPS:
        dump = kernel.dump(name)
        for row in rows(dump):
            flags = re.search(r"RFLAGS: ([0-9a-f]+)", dump.crash(f"bt -c {row['cpu']}"))
            if row["state"] == "panicked" and row["context"][0] != "nmi":
                equal(row["interrupts"], None, f"{name}: a CPU that panicked")
            else:
                equal(row["interrupts"], bool(int(flags[1], 16) & IF), f"{name}: CPU {row['cpu']}")


def test_running_machine(kernel):
    """Nobody stopped these CPUs: they are where the machine says."""
    if kernel.name != "6.12":
        raise Skipped("6.12 has the dump")
    dump = kernel.dump("stop")
    flags = dict(re.findall(r"^CPU#(\d+)\n.*?RFL=([0-9a-f]+)", (dump.folder / "registers").read_text(), re.M | re.S))
    equal({str(row["cpu"]): (row["state"], row["interrupts"]) for row in rows(dump)},
          {cpu: ("online", bool(int(value, 16) & IF)) for cpu, value in flags.items()}, "interrupts")


def test_deaf_cpu(kernel):
    """It spins with interrupts off: its clock stands still, and only an NMI stopped it."""
    if kernel.name != "6.1":
        raise Skipped("6.1 has the module")
    found = {row["comm"]: row for row in rows(kernel.dump("mod-deaf"))}
    deaf = found["lab-deaf"]
    equal((deaf["state"], deaf["context"], deaf["interrupts"]), ("stopped", ["task"], False), "the deaf CPU")
    equal(found["lab-thread"]["interrupts"], True, "the one that fell")
    expect(deaf["lag"] > 0 and found["lab-thread"]["lag"] == 0, f"lags: {deaf['lag']}, {found['lab-thread']['lag']}")


def test_locked_up_cpu(kernel):
    if kernel.name != "6.1":
        raise Skipped("6.1 has the module")
    dump = kernel.dump("mod-lockup")
    cpu, stuck, comm, pid = re.search(r"soft lockup - CPU#(\d+) stuck for (\d+)s! \[(\S+):(\d+)\]", dump.console()).groups()
    row = rows(dump)[int(cpu)]
    equal((row["comm"], row["pid"], row["state"]), (comm, int(pid), "panicked"), "the CPU that the watchdog found")
    # The watchdog counts seconds of 2^30 ns, from its own last turn on.
    expect(row["age"] > (int(stuck) - 1) * SECOND, f"runs for {row['age']} ns, stuck for {stuck} s")
    # Its watchdog's thread could not run, which is how it was found.
    expect(row["need_resched"] and row["queued"] >= 1 and row["waits"] < row["age"], row)


def test_silent_cpu(kernel):
    """Its registers were saved nowhere; the answer says so, and has what else is known."""
    if kernel.name != "6.1":
        raise Skipped("6.1 has the module")
    dump = kernel.dump("mod-nmideaf")
    done = run_crash("-s", dump.vmlinux, dump.vmcore, stdin="cpu --json\n")
    (row,) = [row for row in map(json.loads, done.stdout.splitlines()) if row["context"] is None]
    equal((row["comm"], row["state"], row["interrupts"]), ("swapper/1", "online", None), "the silent CPU")
    expect("did not answer the crashing kernel's NMI" in row["lists_error"], row["lists_error"])


def test_clocks_and_queues(kernel):
    for name in DUMPS:
        dump = kernel.dump(name)
        queues = {queue["cpu"]: queue for queue in map(json.loads, dump.crash("runq --json").splitlines())}
        now = max(queue["clock"] for queue in queues.values())
        waited = 0
        for row in rows(dump):
            queue, what = queues[row["cpu"]], f"{name}: CPU {row['cpu']}"
            infos = {}
            waiting = [task for key in ("deadline", "rt", "cfs", "ext") for task in queue.get(key, [])
                       if task["task"] != queue["task"] and not task.get("delayed") and not task.get("throttled")]
            for task in [queue, *waiting]:
                infos[task["pid"]] = json.loads(dump.crash(f"struct task_struct.sched_info {task['task'][2:]} --json"))["value"]["sched_info"]
            equal((row["lag"], row["late"]), (now - queue["clock"], False), f"{what}: lag")
            if row["context"][-1] == "idle":
                expect("age" not in row, row)
            else:
                equal(row["age"], max(now - infos[row["pid"]]["last_arrival"], 0), f"{what}: age")
            equal(row["queued"], len(waiting), f"{what}: queued")
            waits = [(now - infos[task["pid"]]["last_queued"], task["pid"]) for task in waiting if infos[task["pid"]]["last_queued"]]
            if waits:
                waited += 1
                equal(row["waits"], max(max(waits)[0], 0), f"{what}: longest wait")
                expect((row["waits"], row["waiter"]) in [(max(wait, 0), pid) for wait, pid in waits], f"{what}: {row['waiter']}")
        expect(waited or name in ("sysrq", "bpf"), f"{name}: nobody waits")


def test_low_priority_waits(kernel):
    """A real-time hog keeps others of its CPU waiting for longer than the limit; that is marked."""
    dump = kernel.dump("nmi")
    (row,) = [row for row in rows(dump) if row["cpu"] == 1]
    expect(row["waits"] > 5 * SECOND, row)
    comm = json.loads(dump.crash(f"ps {row['waiter']} --json"))["comm"]
    expect(comm.startswith("hog-1"), comm)
    expect(re.search(rf" {row['waits'] / 1e9:.2f}! +{row['waiter']} ", dump.crash("cpu 1")), "the mark")


def place_of(dump, address):
    """Where the copy of a dump in ELF format has it."""
    text = run_crash("-s", dump.vmlinux, dump.vmcore, stdin=f"vtop {address:x}\n").stdout
    physical = int(re.search(rf"^{address:x}  ([0-9a-f]+)", text, re.M)[1], 16)
    (place,) = [offset + physical - start for kind, start, offset, size in segments_of_elf(dump.vmcore)
                if kind == 1 and start <= physical < start + size]
    return place


def test_late_clock_and_pending_soft_interrupts(kernel):
    """In a copy, where CPU 1 of the busy machine stopped ticking 6 seconds ago."""
    dump = kernel.dump("nmi")
    queue = [json.loads(line) for line in dump.crash("runq --json").splitlines()][1]
    offset = int(re.search(r"CPU 1: ([0-9a-f]{16})", dump.crash("kmem -o"))[1], 16)
    value, variable = next(found for symbol in ("pcpu_hot", "__softirq_pending", "irq_stat")
                           for found in re.findall(rf"^([0-9a-f]+) \(\w\) ({symbol})$", dump.crash(f"sym {symbol}"), re.M))
    struct = {"pcpu_hot": "pcpu_hot.softirq_pending", "irq_stat": "irq_cpustat_t.__softirq_pending"}.get(variable)
    member = int(re.search(r"\[(?:0x)?([0-9a-f]+)\]", dump.crash(f"struct -ox {struct}"))[1], 16) if struct else 0
    pending = (int(value, 16) + offset + member) % (1 << 64)
    clock = int(re.search(r"\[(?:0x)?([0-9a-f]+)\]", dump.crash("struct -ox rq.clock"))[1], 16) + int(queue["rq"], 16)
    names = [row["name"] for row in map(json.loads, dump.crash("irq -b --json").splitlines())]
    with tempfile.TemporaryDirectory() as folder:
        copy = f"{folder}/vmcore"
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", dump.vmcore, copy], check=True)
        with open(copy, "r+b") as file:
            for address, value, size in ((clock, queue["clock"] - 6 * SECOND, 8), (pending, (1 << len(names)) - 1, 2)):
                file.seek(place_of(dump, address))
                file.write(value.to_bytes(size, "little"))
        done = run_crash("-s", dump.vmlinux, copy, stdin="cpu --json\ncpu 1\n")
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    equal([(row["late"], row["lag"] >= 6 * SECOND - SECOND) for row in found], [(False, False), (True, True)], "late")
    equal(found[1]["softirqs"], names, "soft interrupts")
    expect(f" {found[1]['lag'] / 1e9:.2f}! " in done.stdout and done.stdout.endswith(",".join(names) + "\n"), done.stdout)


def test_chosen_cpus(kernel):
    everything, one, both = kernel.crash("cpu", "cpu 1", "cpu 0-1")
    equal(both, everything, "cpu 0-1")
    equal(one.splitlines()[1].split()[0], "1", "cpu 1")
    equal(len(one.splitlines()), 2, "lines of cpu 1")
