# The lab itself: is in the guest what the other tests mean to find there? Says nothing about our program.
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import re

from harness import equal, expect

SINGLE_STATES = {
    "w-undead": "Z", "w-deadlead": "Z", "w-stopped": "T", "w-tracee": "t", "w-vfork": "D", "thr-uffd": "S",
    "thr-touch": "S", "w-dl": "S", "w-fifo": "S", "w-rr": "S", "w-batch": "S", "w-idle": "S", "full-length-nam": "S",
    "odd )(% \t\"\n\\x": "S",
}
# Field 41 of stat: the scheduling policy.
POLICIES = {"w-fifo": 1, "w-rr": 2, "w-batch": 3, "w-idle": 5, "w-dl": 6}


def tasks(kernel):
    """Name -> the fields of stat after it, of every thread in the record."""
    found = {}
    for path in kernel.truth_paths("proc/[0-9]*/task/[0-9]*/stat"):
        name, fields = re.fullmatch(r"\d+ \((.*)\) (.*)\n", path.read_text(errors="replace"), re.S).groups()
        found[name] = fields.split()
    return found


def targets(kernel):
    return {os.readlink(path) for path in kernel.truth_paths("proc/[0-9]*/fd/*")}


def test_guest_is_quiet_but_for_the_recorder(kernel):
    kthread = 0x200000
    running = [name for name, fields in tasks(kernel).items() if fields[0] == "R" and not int(fields[6]) & kthread]
    equal(running, ["lab-guest"], "running tasks")


def test_states_and_policies(kernel):
    found = tasks(kernel)
    for name, state in SINGLE_STATES.items():
        expect(name in found, f"no task {name!r}")
        equal(found[name][0], state, f"state of {name!r}")
    for name, policy in POLICIES.items():
        equal(int(found[name][38]), policy, f"policy of {name}")


def test_descriptors(kernel):
    found = targets(kernel)
    for kind in ("[eventfd]", "[eventpoll]", "[timerfd]", "[signalfd]", "[userfaultfd]", "bpf-map", "bpf-prog", "inotify"):
        expect(f"anon_inode:{kind}" in found, f"nobody holds a {kind}")
    for name in ("/tmp/deleted file (deleted)", "/mnt/disk/deleted (deleted)", "/memfd:lab-memfd (deleted)",
                 "/mnt/loop/on-the-loop", "/dev/pts/0"):
        expect(name in found, f"nobody holds {name}")


def test_memory(kernel):
    swaps = [line.split() for line in kernel.truth("proc/swaps").splitlines()[1:]]
    equal(sorted(kind for _, kind, *_ in swaps), ["file", "partition"], "kinds of swap")
    expect(any(int(row[3]) > 0 for row in swaps), "nothing is swapped out")
    kinds = {line.split()[4] for line in kernel.truth("run/lab/facts").splitlines() if line.startswith("pattern ")}
    equal(kinds, {"huge", "thp", "swapped", "plain"}, "patterned areas")
    meminfo = dict(re.findall(r"^(\S+): +(\d+)", kernel.truth("proc/meminfo"), re.M))
    expect(int(meminfo["HugePages_Free"]) < int(meminfo["HugePages_Total"]), "no huge page is in use")
    equal(len(kernel.truth("proc/sysvipc/shm").splitlines()), 4, "lines of sysvipc/shm")


def test_system(kernel):
    expect(len(kernel.truth("proc/modules").splitlines()) >= 10, "hardly any module is loaded")
    mounts = {line.split()[2] for line in kernel.truth("proc/mounts").splitlines()}
    expect({"ext4", "tmpfs", "cgroup2", "mqueue"} <= mounts, f"file systems: {mounts}")
    # The links dangle here, which a glob without a pattern in its last part would take for absence.
    networks = {os.readlink(path) for path in kernel.truth_paths("proc/[0-9]*/ns/ne[t]")}
    equal(len(networks), 2, "network namespaces")
    expect("lab: first line\\x0alab: second line" in kernel.truth("dmesg.kmsg"), "no message of several lines")
    expect("\x1b[1;31m" in kernel.truth("dmesg"), "no coloured message")
