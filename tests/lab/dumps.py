# dumps.py - the lab's scenarios: from a kernel and a way to crash it to a directory with the dump and the truth.
# SPDX-License-Identifier: GPL-3.0-or-later
import concurrent.futures
import glob
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import time

import guests
import modules
import vmcores
from kernels import FLAVOURS, HERE, LAB, SUITES, LabError, kernel, lock, meaning, point, say

# Raise when the host's part of the lab changes what a dump contains.
RECIPE = 2
TRIES = 6

# name: what it is, then how it differs from the base.
SCENARIOS = {
    "sysrq": {"about": "echo c >/proc/sysrq-trigger; QEMU's dump-guest-memory as ELF and kdump-zlib",
              "formats": ["elf", "kdump-zlib"]},
    "kdump": {"about": "the same through kexec: /proc/vmcore as the capture kernel saw it, and makedumpfile's of it",
              "kdump": True, "memory": 512, "formats": ["makedumpfile"]},
    "nonote": {"about": "as sysrq, without QEMU's vmcoreinfo device: no VMCOREINFO note", "note": False,
               "formats": ["elf", "kdump-zlib"]},
    "second": {"about": "as nonote, of the capture kernel while it runs: two kernels in one memory", "kdump": True,
               "memory": 512, "note": False, "formats": ["elf"], "options": ["-no-shutdown"]},
    "la57": {"about": "as sysrq, 5-level page tables", "cpu": "max,la57=on,cx16=off"},
    "nokaslr": {"about": "as sysrq, kernel where it was linked", "cmdline": "nokaslr"},
    "high": {"about": "as sysrq, most of the memory above 4 GB, two NUMA nodes, four processors",
             "cpus": 4, "memory": 384, "machine": "q35,max-ram-below-4g=128M",
             "options": ["-object", "memory-backend-ram,id=m0,size=192M",
                         "-object", "memory-backend-ram,id=m1,size=192M",
                         "-numa", "node,nodeid=0,memdev=m0,cpus=0-1", "-numa", "node,nodeid=1,memdev=m1,cpus=2-3"]},
    "nmi": {"about": "processors busy with every scheduling policy, then an NMI", "trigger": "nmi",
            "cmdline": "lab.busy lab.sysctl=kernel.unknown_nmi_panic:1"},
    "serial": {"about": "busy, then break and c on the serial line: panic in a hard interrupt over user code",
               "trigger": "serial", "cmdline": "lab.busy"},
    "hung": {"about": "a writer to a frozen file system; khungtaskd panics", "trigger": "hung",
             "cmdline": "lab.sysctl=kernel.hung_task_panic:1"},
    "oom": {"about": "out of memory in a user's page fault", "trigger": "oom"},
    "init": {"about": "process 1 ends", "trigger": "init"},
    "stop": {"about": "no panic: the guest is stopped while it runs", "trigger": "stop"},
    "mce": {"about": "both processors in a BPF program, then a machine check that cannot be survived", "setup": "bpf",
            "trigger": "mce"},
    "traced": {"about": "sleepers return through graph tracing, return probes and BPF trampolines", "setup": "traced"},
    "bpf": {"about": "both processors in a BPF program below a probe, then break and c on the serial line",
            "setup": "bpf", "trigger": "serial"},
    "swap": {"about": "a process's memory in a zram device of each compressor", "setup": "swap"},
    "zswap": {"about": "a process's memory in zswap with each compressor and allocator", "setup": "zswap",
              "kernels": ("6.12-stock", "7.x", "7.3")},
    "many": {"about": "1,500 tasks", "setup": "many", "memory": 384},
    "objects": {"about": "objects of every kind and state of kernel memory, each told of in the log", "plant": "lab_objects.c",
                "setup": "objects", "cmdline": "kfence.sample_interval=10"},
    "debugged": {"about": "as objects, slab objects with red zones, poison and their users' traces, two NUMA nodes, a page of 1 GB",
                 "plant": "lab_objects.c", "setup": "debugged", "memory": 2560,
                 "cmdline": "slub_debug=FZPU hugepagesz=1G hugepages=1 nokaslr kfence.sample_interval=10",
                 "options": ["-object", "memory-backend-ram,id=m0,size=2304M",
                             "-object", "memory-backend-ram,id=m1,size=256M",
                             "-numa", "node,nodeid=0,memdev=m0,cpus=0", "-numa", "node,nodeid=1,memdev=m1,cpus=1"]},
    "locks": {"about": "locks of every kind with owners, waiters, rings, each told of in the log", "plant": "lab_locks.c"},
    "works": {"about": "workqueues with works in every state, each told of in the log", "plant": "lab_works.c",
              "cpus": 3, "cmdline": "isolcpus=2"},
}
for how, about in (("softirq", "NULL written to in a timer"), ("hardirq", "NULL written to in a hard interrupt"),
                   ("work", "NULL written to in a workqueue"), ("bug", "BUG() in a kernel thread"),
                   ("process", "NULL written to by a kernel thread"), ("null", "a NULL function pointer called"),
                   ("wild", "a wild function pointer called"),
                   ("lockup", "a kernel thread that does not let go of its processor: soft lockup"),
                   ("deaf", "BUG() while the other processor spins with interrupts off"),
                   ("overflow", "a kernel thread's stack overflows into its guard page: double fault")):
    SCENARIOS["mod-" + how] = {"about": "the lab's own module: " + about, "trigger": "stop", "module": how,
                               "cmdline": "lab.sysctl=kernel.panic_on_oops:1"}
for how, about in (("debug", "a watched word is written to: panic in a debug exception, on its own stack"),
                   ("nmideaf", "BUG() while the other processor spins in an NMI's handler, then kexec: it never answers")):
    SCENARIOS["mod-" + how] = {"about": "the lab's own module: " + about, "trigger": "stop", "module": how,
                               "source": "lab_stops.c", "cmdline": "lab.sysctl=kernel.panic_on_oops:1"}
SCENARIOS["mod-rcu"] = {"about": "an RCU reader that never lets go, who waits for it, and callbacks: panic on the stall", "trigger": "stop",
                        "module": "rcu", "source": "lab_rcu.c",
                        "cmdline": "lab.sysctl=kernel.panic_on_rcu_stall:1 rcupdate.rcu_cpu_stall_timeout=3"}
SCENARIOS["mod-nmideaf"].update({"kdump": True, "memory": 512, "formats": ["copied"]})
SCENARIOS["mod-lockup"]["cmdline"] += " lab.sysctl=kernel.softlockup_panic:1 lab.sysctl=kernel.watchdog_thresh:3"
# module: load the lab's own module (source: another one than lab_mod.c) and have it crash so;
# plant: load one that stays still; note: VMCOREINFO device; kdump: load a capture kernel; trigger:
# how the guest or the host makes it panic; kernels: those whose configuration has what it is about;
# setup: setup/NAME.sh and -after.sh run around the workload, with the programs of setup/*.c.
BASE = {"memory": 256, "cpus": 2, "cpu": guests.CPU, "machine": "q35", "options": [], "cmdline": "", "note": True,
        "trigger": "sysrq-c", "kdump": False, "module": None, "source": None, "plant": None, "setup": None, "formats": ["elf"],
        "boot": "console=ttyS0,115200 ignore_loglevel panic=0 no_hash_pointers"}
FILES = {"elf": "vmcore", "kdump-zlib": "vmcore.zlib"}
CAPTURE = "console=ttyS0,nr_cpus=1,reset_devices,cgroup_disable=memory,irqpoll"
# The tests use every scenario of one kernel, and of the others those where kernels differ.
FULL = "6.12"
ELSEWHERE = ("sysrq", "kdump", "nonote", "nmi", "serial", "oom", "traced", "bpf", "swap", "objects", "locks", "works")
# Whose types and functions lab_mod.c knows.
WITH_MODULE = "6.1"


def scenario(name):
    if name not in SCENARIOS:
        raise LabError("no scenario %s; there are %s" % (name, ", ".join(SCENARIOS)))
    return dict(BASE, **SCENARIOS[name], name=name)


def needed(series):
    """The scenarios that the tests use with a kernel."""
    if series in FLAVOURS:
        return ["sysrq"] + [name for name, plan in SCENARIOS.items() if series in plan.get("kernels", ())]
    return [name for name, plan in SCENARIOS.items()
            if (series == WITH_MODULE if "module" in plan else series in plan["kernels"] if "kernels" in plan
                else series == FULL or name in ELSEWHERE)]


def module_source(plan):
    """Of the lab's own module that the guest loads; None: it loads none."""
    if plan["plant"]:
        return os.path.join(modules.FOLDER, plan["plant"])
    if not plan["module"]:
        return None
    return os.path.join(modules.FOLDER, plan["source"]) if plan["source"] else modules.SOURCE


def key(plan):
    """Names a dump by what went into it: the guest's sources and the scenario."""
    made_of = {name: value for name, value in plan.items() if name not in ("about", "kernels") and value is not None}
    digest = hashlib.sha256(json.dumps([RECIPE, made_of], sort_keys=True).encode())
    guest = os.path.join(HERE, "guest")
    for name in sorted(os.listdir(guest)):
        with open(os.path.join(guest, name), "rb") as file:
            source = file.read()
        digest.update(name.encode() + b"\0" + (meaning(source) if name.endswith((".c", ".h")) else source))
    if module_source(plan):
        digest.update(modules.source(module_source(plan)))
    if plan["setup"]:
        for name in sorted(os.listdir(guests.SETUP)):
            with open(os.path.join(guests.SETUP, name), "rb") as file:
                source = file.read()
            if name.endswith(".c"):
                digest.update(meaning(source))
            elif name in (plan["setup"] + ".sh", plan["setup"] + "-after.sh"):
                digest.update(source)
    return digest.hexdigest()[:12]


def where(system, plan):
    return os.path.join(LAB, "dumps", os.path.basename(system), "%s.%s" % (plan["name"], key(plan)))


def cmdline(plan):
    words = [plan["boot"], "lab.trigger=" + plan["trigger"], plan["cmdline"]]
    if plan["kdump"]:
        words.append("crashkernel=160M lab.kdump=" + CAPTURE)
    return " ".join(word for word in words if word)


def options(plan):
    words = ["-machine", plan["machine"], "-m", "%dM" % plan["memory"], "-smp", str(plan["cpus"]), "-cpu", plan["cpu"]]
    if plan["note"]:
        words += ["-device", "vmcoreinfo"]
    return words + plan["options"]


def prepare(work, system, plan):
    program = guests.build_guest(work)
    extra = []
    if plan["kdump"]:
        capture = os.path.join(work, "capture")
        guests.build_initramfs(capture, program, system, "virtio_blk")
        extra = [("boot/vmlinuz", os.path.join(system, "vmlinuz")), ("boot/initrd", capture)]
    more = []
    if module_source(plan):
        own = modules.build(os.path.basename(system), module_source(plan))
        name = os.path.basename(own)
        extra.append(("modules/" + name, own))
        more.append("%s %s\n" % (os.path.splitext(name)[0], "crash=" + plan["module"] if plan["module"] else ""))
        modules.gather(os.path.join(work, "modules"), os.path.join(system, "modules"), own)
    if plan["setup"]:
        extra += guests.build_setup_programs(work)
    guests.build_initramfs(os.path.join(work, "initramfs"), program, system, extra=extra, more=more, setup=plan["setup"])


def reach_trigger(guest):
    """True once the guest has recorded its truth and says so;
    everything before that may go wrong under TCG."""
    early = r"LAB: (init|workload): |LAB: module .* did not load|Kernel panic|LAB: cannot|Oops|BUG:"
    return guest.wait(r"LAB: trigger \S+ pid \d+", 240, early)


def crash(guest, plan):
    """Does the host's part of the panic; True when the guest is where the dump is to be taken."""
    if plan["trigger"] == "nmi":
        guest.command("inject-nmi")
    elif plan["trigger"] == "mce":
        # Valid, uncorrected, enabled, the processor's context is corrupt;
        # the address interrupted is known.
        guest.monitor("mce 0 1 0xb200000000000000 0x5 0x0 0x0")
    elif plan["trigger"] == "serial" or plan["module"]:
        guest.command("chardev-send-break", id="console")
        time.sleep(0.5)
        guest.type("y" if plan["module"] else "c")
    elif plan["trigger"] == "stop":
        time.sleep(1)
        return True
    if plan["kdump"]:
        return guest.wait(r"LAB: vmcore copied", 240, r"LAB: (init|cannot)")
    if guest.wait(r"end Kernel panic", 60):
        # The machine check may come between two runs of the BPF program that it is to interrupt.
        return plan["trigger"] != "mce" or "{bpf_prog_" in guest.said()
    # Before 5.15 a panic in an NMI keeps its last line in a buffer that nobody empties any more.
    return "Kernel panic - not syncing" in guest.said() and guest.silent(15)


def write_dumps(guest, work, plan):
    guest.command("stop")
    with open(os.path.join(work, "registers"), "w") as file:
        file.write(guest.monitor("info registers -a"))
    for form in plan["formats"]:
        path = os.path.join(work, FILES[form])
        guest.command("dump-guest-memory", paging=False, protocol="file:" + path, format=form)
        os.chmod(path, 0o644)
    if "elf" in plan["formats"]:
        subprocess.run(["fallocate", "-d", os.path.join(work, "vmcore")], check=False)


def unpack_truth(work):
    """The record is a tar on a raw disk. Its links are kept as links, dangling as they are."""
    truth = os.path.join(work, "truth")
    with tarfile.open(os.path.join(work, "record.img")) as tar:
        for member in tar:
            path = os.path.join(truth, member.name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if os.path.lexists(path):
                continue
            if member.issym():
                os.symlink(member.linkname, path)
            else:
                with open(path, "wb") as file:
                    shutil.copyfileobj(tar.extractfile(member), file)
    if not os.path.exists(os.path.join(truth, "proc/slabinfo")):
        raise LabError("the guest's record is incomplete")


def attempt(work, system, plan):
    """One boot. True when there is a dump to believe."""
    guests.build_disk(work)
    guest = guests.Guest(work, system, options(plan), cmdline(plan))
    try:
        if not reach_trigger(guest):
            return False
        if not crash(guest, plan):
            return False
        copied = {"makedumpfile", "copied"}.intersection(plan["formats"])
        if not copied:
            write_dumps(guest, work, plan)
    finally:
        guest.end()
    unpack_truth(work)
    if copied:
        vmcores.from_disk(os.path.join(work, "vmcore.img"), os.path.join(work, "vmcore"))
    if "makedumpfile" in plan["formats"]:
        vmcores.makedumpfiles(work)
    return True


def finish(work, system, target):
    for name in ("record.img", "disk.img", "vmcore.img", "initramfs", "capture", "lab-guest", "lab-bpf", "lab-many", "qemu.log", "keys"):
        if os.path.exists(os.path.join(work, name)):
            os.unlink(os.path.join(work, name))
    for name in ("vmlinux", "vmlinuz", "config", "modules"):
        if not os.path.exists(os.path.join(work, name)):
            os.symlink(os.path.join(system, name), os.path.join(work, name))
    os.rename(work, target)


def dump(system, series, name):
    """The directory of a dump, made when it is not there yet."""
    plan = scenario(name)
    target = where(system, plan)
    with lock("%s-%s" % (os.path.basename(system), name)):
        if not os.path.exists(target):
            make(system, series, plan, target)
        point(os.path.join(LAB, series, name), target)
    return target


def dump_all(names):
    """All that the tests need of these kernels, two guests at a time; prints the directories."""
    chosen = [(series, kernel(series)) for series in names]
    # The long one first, or it would run alone at the end.
    jobs = sorted(((name != "kdump", series, found, name) for series, found in chosen for name in needed(series)))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for path in pool.map(lambda job: dump(job[2], job[1], job[3]), jobs):
            print(path)


def make(system, series, plan, target):
    work = target + ".part"
    began = time.monotonic()
    for number in range(1, TRIES + 1):
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        prepare(work, system, plan)
        if attempt(work, system, plan):
            finish(work, system, target)
            say("%s %s: made in %.0f s" % (series, plan["name"], time.monotonic() - began))
            return
        kept = os.path.join(LAB, "failed-%s-%s.log" % (series, plan["name"]))
        shutil.copy(os.path.join(work, "console.log"), kept)
        say("%s %s: boot %d did not get to a dump to believe (console: %s)" % (series, plan["name"], number, kept))
    raise LabError("%s %s: no dump in %d boots" % (series, plan["name"], TRIES))


def clean():
    """Removes the dumps that no scenario of this tree names,
    and kernels that no series leads to."""
    series = [name for name in SUITES if os.path.exists(os.path.join(LAB, name, "kernel"))]
    kernels = [os.path.realpath(os.path.join(LAB, name, "kernel")) for name in series]
    wanted = {where(system, scenario(name)) for system in kernels for name in SCENARIOS}
    for top, keep in (("kernels", set(kernels)), ("dumps", wanted)):
        for path in glob.glob(os.path.join(LAB, top, "*" if top == "kernels" else "*/*")):
            if path not in keep and not path.endswith(".part"):
                say("removing " + os.path.relpath(path, LAB))
                shutil.rmtree(path)
    for path in glob.glob(os.path.join(LAB, "*", "*")):
        if os.path.islink(path) and not os.path.exists(path):
            os.unlink(path)
