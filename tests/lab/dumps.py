# dumps.py - the lab's scenarios: from a kernel and a way to crash it to a directory with the dump and the truth.
# SPDX-License-Identifier: GPL-3.0-or-later
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import time

import guests
from kernels import HERE, LAB, LabError, lock, point, say

# Raise when the host's part of the lab changes what a dump contains.
RECIPE = 1
TRIES = 6

# name: what it is, then how it differs from the base. Values: memory, cpus, cpu, options (QEMU's), cmdline,
# trigger (how the guest or the host makes it panic), note (VMCOREINFO device), kdump, files (what is made of it).
SCENARIOS = {
    "sysrq": {"about": "echo c >/proc/sysrq-trigger; QEMU's dump-guest-memory as ELF and kdump-zlib",
              "formats": ["elf", "kdump-zlib"]},
    "nonote": {"about": "as sysrq, without QEMU's vmcoreinfo device: no VMCOREINFO note", "note": False,
               "formats": ["elf", "kdump-zlib"]},
    "la57": {"about": "as sysrq, 5-level page tables", "cpu": "max,la57=on,cx16=off"},
}
BASE = {"memory": 256, "cpus": 2, "cpu": guests.CPU, "options": [], "cmdline": "", "trigger": "sysrq-c", "note": True,
        "kdump": False, "formats": ["elf"]}
FILES = {"elf": "vmcore", "kdump-zlib": "vmcore.zlib", "kdump-lzo": "vmcore.lzo", "kdump-snappy": "vmcore.snappy"}


def scenario(name):
    if name not in SCENARIOS:
        raise LabError("no scenario %s; there are %s" % (name, ", ".join(SCENARIOS)))
    return dict(BASE, **SCENARIOS[name], name=name)


def needed(series):
    """The scenarios that the tests use with a kernel."""
    return [name for name, plan in SCENARIOS.items() if series in plan.get("only", [series])]


def key(plan):
    """Names a dump by what went into it: the guest's sources and the scenario."""
    digest = hashlib.sha256(json.dumps([RECIPE, plan], sort_keys=True).encode())
    guest = os.path.join(HERE, "guest")
    for name in sorted(os.listdir(guest)):
        with open(os.path.join(guest, name), "rb") as file:
            digest.update(name.encode() + b"\0" + file.read())
    return digest.hexdigest()[:12]


def where(kernel, plan):
    return os.path.join(LAB, "dumps", os.path.basename(kernel), "%s.%s" % (plan["name"], key(plan)))


def cmdline(plan):
    return " ".join(("console=ttyS0,115200 ignore_loglevel panic=0 lab.trigger=" + plan["trigger"],
                     plan["cmdline"])).strip()


def options(plan):
    words = ["-machine", "q35", "-m", "%dM" % plan["memory"], "-smp", str(plan["cpus"]), "-cpu", plan["cpu"]]
    if plan["note"]:
        words += ["-device", "vmcoreinfo"]
    return words + plan["options"]


def prepare(work, kernel, plan):
    program = guests.build_guest(work)
    guests.build_initramfs(os.path.join(work, "initramfs"), program, kernel, None)


def reach_trigger(guest):
    """True once the guest has recorded its truth and says so; everything before that may go wrong under TCG."""
    early = r"LAB: (init|workload): |LAB: module .* did not load|Kernel panic|LAB: cannot|Oops|BUG:"
    return guest.wait(r"LAB: trigger \S+ pid \d+", 240, early)


def crash(guest, plan):
    return guest.wait(r"end Kernel panic", 60)


def write_dumps(guest, work, plan):
    guest.command("stop")
    with open(os.path.join(work, "registers"), "w") as file:
        file.write(guest.monitor("info registers -a"))
    for form in plan["formats"]:
        guest.command("dump-guest-memory", paging=False, protocol="file:" + os.path.join(work, FILES[form]), format=form)
        os.chmod(os.path.join(work, FILES[form]), 0o644)
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


def attempt(work, kernel, plan):
    """One boot. True when there is a dump to believe."""
    guests.build_disk(work)
    guest = guests.Guest(work, kernel, options(plan), cmdline(plan))
    try:
        if not reach_trigger(guest):
            return False
        if not crash(guest, plan):
            return False
        write_dumps(guest, work, plan)
    finally:
        guest.end()
    unpack_truth(work)
    return True


def finish(work, kernel, target):
    for name in ("record.img", "disk.img", "vmcore.img", "initramfs", "lab-guest", "qemu.log"):
        if os.path.exists(os.path.join(work, name)):
            os.unlink(os.path.join(work, name))
    for name in ("vmlinux", "vmlinuz", "config", "modules"):
        os.symlink(os.path.join(kernel, name), os.path.join(work, name))
    os.rename(work, target)


def dump(kernel, series, name):
    """The directory of a dump, made when it is not there yet."""
    plan = scenario(name)
    target = where(kernel, plan)
    with lock("%s-%s" % (os.path.basename(kernel), name)):
        if not os.path.exists(target):
            make(kernel, series, plan, target)
        point(os.path.join(LAB, series, name), target)
    return target


def make(kernel, series, plan, target):
    work = target + ".part"
    began = time.monotonic()
    for number in range(1, TRIES + 1):
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        prepare(work, kernel, plan)
        if attempt(work, kernel, plan):
            finish(work, kernel, target)
            say("%s %s: made in %.0f s" % (series, plan["name"], time.monotonic() - began))
            return
        kept = os.path.join(LAB, "failed-%s-%s.log" % (series, plan["name"]))
        shutil.copy(os.path.join(work, "console.log"), kept)
        say("%s %s: boot %d did not get to a dump to believe (console: %s)" % (series, plan["name"], number, kept))
    raise LabError("%s %s: no dump in %d boots" % (series, plan["name"], TRIES))
