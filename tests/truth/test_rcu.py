# rcu: the reader, the waiters and the callbacks that the lab's module planted; grace periods as the kernel's variables have them.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import re
import subprocess
import tempfile

from harness import Skipped, equal, expect, run_crash
from truth.test_cpu import place_of

SECOND = 10**9


def rows(dump, command="rcu"):
    return [json.loads(line) for line in dump.crash(f"{command} --json").splitlines()]


def stalled(kernel):
    """The dump, and {what: (pid, cpu, number)} as the module said on the console."""
    if kernel.name != "6.1":
        raise Skipped("6.1 has the module")
    dump = kernel.dump("mod-rcu")
    said = {what: tuple(map(int, numbers)) for what, *numbers in re.findall(r"lab_rcu: (\w+) (\d+) (\d+) (\d+)", dump.console())}
    equal(set(said), {"reader", "waiter", "expedited", "callbacks"}, "what the module did")
    return dump, said


def test_who_holds_up(kernel):
    """The module's reader, as the kernel said itself when it found the stall."""
    dump, said = stalled(kernel)
    state = rows(dump)[0]
    equal((state["in_progress"], state["expedited"]), (True, True), "grace periods")
    readers = [(reader["pid"], reader["comm"]) for reader in state["readers"] if reader["holds"] and reader["holds_expedited"]]
    equal(readers, [(said["reader"][0], "lab-rcu-reader")], "readers that were preempted")
    equal([cpu for cpu in state["cpus"] if cpu["holds"] or cpu["holds_expedited"]], [], "CPUs")
    blocked = re.findall(r"Tasks blocked on level-0 rcu_node \(CPUs 0-1\): (.*)", dump.console())
    expect(blocked, "the kernel found no stall")
    for words in blocked:
        equal(re.findall(r"\bP(\d+)", words), [str(said["reader"][0])], "the kernel's own word")
    jiffies, sequence = re.search(r"detected by \d+, t=(\d+) jiffies, g=(-?\d+)", dump.console()).groups()
    equal(state["gp_seq"], int(sequence), "the number of the grace period")
    expect(state["since"] >= int(jiffies) * 4 * 10**6, "it began before the kernel found the stall, at 250 jiffies a second")


def test_who_waits(kernel):
    dump, said = stalled(kernel)
    waiters = {waiter["pid"]: waiter for waiter in rows(dump)[0]["waiters"]}
    equal({pid: (waiter["comm"], waiter["function"]) for pid, waiter in waiters.items() if waiter["comm"].startswith("lab-rcu")},
          {said["waiter"][0]: ("lab-rcu-wait", "synchronize_rcu"), said["expedited"][0]: ("lab-rcu-fast", "synchronize_rcu_expedited")}, "waiters")
    equal(len(waiters), 2, "waiters, without the worker that drives the expedited grace period")
    for waiter in waiters.values():
        expect(waiter["function"] in dump.crash(f"bt {waiter['pid']}"), f"{waiter}: not on its stack")
        slept = json.loads(dump.crash(f"ps -m {waiter['pid']} --json"))["since_ns"]
        expect(abs(slept - waiter["waits"]) < SECOND, f"{waiter}: ps has {slept}")


def test_callbacks(kernel):
    dump, said = stalled(kernel)
    number = said["callbacks"][2]
    (queued,) = map(int, re.findall(r"t=\d+ jiffies, g=-?\d+, q=(\d+)", dump.console()))
    counts = [cpu["callbacks"] for cpu in rows(dump)[0]["cpus"]]
    expect(number <= counts[0] and queued <= sum(counts), f"{counts}, the kernel counted {queued}")


def test_nobody_waits(kernel):
    (state, *_) = rows(kernel.dump())
    equal((state["readers"], state["waiters"]), ([], []), "readers and waiters")
    if not state["in_progress"]:
        equal([cpu for cpu in state["cpus"] if cpu["holds"]], [], "CPUs that hold up nothing")


def test_variables(kernel):
    for name in ("sysrq", "nmi"):
        dump = kernel.dump(name)
        (state, *_) = rows(dump)
        names = ("gp_seq", "expedited_sequence", "gp_flags", "gp_start", "gp_activity")
        value = {member: int(dump.crash(f"p rcu_state.{member}").split("= ")[1]) for member in names}
        equal((state["gp_seq"], state["expedited_seq"], state["flags"]), (value["gp_seq"], value["expedited_sequence"], value["gp_flags"]), f"{name}: numbers")
        equal((state["in_progress"], state["expedited"]), (value["gp_seq"] & 3 != 0, value["expedited_sequence"] & 3 != 0), f"{name}: in progress")
        jiffies, hz = int(dump.crash("p jiffies").split("= ")[-1]), int(re.search(r"hz: (\d+)", dump.crash("help -m"))[1])
        equal(state["since"], (jiffies - value["gp_start"]) * SECOND // hz, f"{name}: since")
        equal(state["idle"], (jiffies - value["gp_activity"]) * SECOND // hz, f"{name}: idle")
        equal(state["starved"], state["in_progress"] and jiffies - value["gp_activity"] > 2 * hz, f"{name}: starved")
        for cpu in state["cpus"]:
            text = dump.crash(f"p rcu_data.cblist:{cpu['cpu']}")
            equal(cpu["callbacks"], int(re.search(r"\blen = (?:\{\s*counter = )?(\d+)", text)[1]), f"{name}: callbacks of CPU {cpu['cpu']}")


def test_threads(kernel):
    dump = kernel.dump()
    (state, *kinds) = rows(dump)
    equal(state["name"], (dump.folder / f"truth/proc/{state['pid']}/comm").read_text().strip(), "the thread has the name of the flavour")
    expect(re.fullmatch(r"RCU_GP_[A-Z_]+", state["step"]), state["step"])
    threads = {int(path.parent.name): path.read_text().strip() for path in dump.truth_paths("proc/[0-9]*/comm")}
    equal({kind["pid"] for kind in kinds}, {pid for pid, name in threads.items() if name.startswith("rcu_tasks_")}, "threads of RCU for tasks")
    for kind in kinds:
        # Names of threads were cut to 15 bytes up to 5.15.
        whole = kind["name"].lower().replace(" ", "_") + "_kthread"
        expect(threads[kind["pid"]] in (whole, whole[:15]), f"{kind} is of {threads[kind['pid']]}")
        expect(re.fullmatch(r"RTGS_[A-Z_]+", kind["step"]), kind["step"])
    for row in (state, *kinds):
        equal(row["state"], json.loads(dump.crash(f"ps {row['pid']} --json"))["state"], f"state of {row['pid']}")


def test_text(kernel):
    dump, _ = stalled(kernel)
    (state, *_), lines = rows(dump), dump.crash("rcu").splitlines()
    equal(lines[0], f"RCU: {state['name']}  {state['rcu_state'][2:]}", "the flavour")
    equal(lines[1], f"  GRACE PERIOD: {state['gp_seq']} in progress, it began {state['since'] / 1e9:.2f} s ago", "the grace period")
    equal(lines[2], f"  EXPEDITED: {state['expedited_seq']} in progress", "the expedited one")
    for cpu in state["cpus"]:
        wanted = [str(cpu["cpu"]), str(cpu["callbacks"]), str(cpu["lazy"]), *("yes" if cpu[key] else "-" for key in ("holds", "holds_expedited"))]
        expect(wanted in [line.split() for line in lines], f"{wanted} is no line")
    for waiter in state["waiters"]:
        wanted = [str(waiter["pid"]), waiter["task"][2:], f"{waiter['waits'] / 1e9:.2f}", "s", waiter["comm"], waiter["function"]]
        expect(wanted in [line.split() for line in lines], f"{wanted} is no line")


def test_starved_thread_and_a_cpu_that_holds_up(kernel):
    """In a copy, where a grace period waits for CPU 1, and its thread did nothing for 3 seconds."""
    dump = kernel.dump()
    (state, *_) = rows(dump)
    at = int(state["rcu_state"], 16)
    hz = int(re.search(r"hz: (\d+)", dump.crash("help -m"))[1])

    def member(name):
        return int(re.search(r"\[(?:0x)?([0-9a-f]+)\]", dump.crash(f"struct -ox {name}"))[1], 16)

    activity = int(dump.crash("p jiffies").split("= ")[-1]) - 3 * hz
    with tempfile.TemporaryDirectory() as folder:
        copy = f"{folder}/vmcore"
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", dump.vmcore, copy], check=True)
        with open(copy, "r+b") as file:
            for address, value in ((at + member("rcu_state.gp_seq"), state["gp_seq"] | 1), (at + member("rcu_state.gp_activity"), activity),
                                   (at + member("rcu_state.node") + member("rcu_node.qsmask"), 2)):
                file.seek(place_of(dump, address))
                file.write(value.to_bytes(8, "little"))
        done = run_crash("-s", dump.vmlinux, copy, stdin="rcu --json\nrcu\n")
    changed = json.loads(done.stdout.splitlines()[0])
    equal((changed["in_progress"], changed["starved"], changed["idle"]), (True, True, 3 * SECOND), "the thread")
    equal([(cpu["cpu"], cpu["holds"], cpu["holds_expedited"]) for cpu in changed["cpus"]], [(0, False, False), (1, True, False)], "CPUs")
    expect(" IDLE FOR 3.00 s STARVED\n" in done.stdout, done.stdout)
