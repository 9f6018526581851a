# live.py - the lab's guest that stays up: our program inside it, against /proc/kcore and /dev/mem.
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it answers depends on the program,
so that a run is kept for just this program and thrown away by another one's, later."""
import glob
import hashlib
import os
import re
import shutil
import subprocess
import tarfile
import time

import guests
import modules
from kernels import HERE, LAB, LabError, lock, say

# Memory that the kernel is told to leave alone:
# /dev/mem lets it be written to, whatever the kernel's configuration.
RESERVED = 0x20000000
OPTIONS = ["-machine", "q35", "-m", "768M", "-smp", "2", "-cpu", guests.CPU, "-device", "vmcoreinfo"]
CMDLINE = ("console=ttyS0,115200 ignore_loglevel panic=0 no_hash_pointers iomem=relaxed memmap=1M$%#x"
           % RESERVED)
TRIES = 4
KEPT_SECONDS = 3600
OPEN_MEM = os.path.join(HERE, "module", "lab_devmem.c")

# Each command's output is a file of its own, named by its number;
# what starts with ! is the guest's shell.
COMMANDS = [
    "sys", "ps", "mod", "log", "set", "set -p", "bt", "bt -p", "foreach bt -sx", "rd -a linux_banner",
    "foreach tail task -R pid,comm,tgid", "bt yes", "help -D", "rd -p 0", "rd -p ffffffff000",
    "wr -32 panic_on_oops 1", "wr -k -32 panic_on_oops 1", "wr -k -u 0 0",
    "wr -p -64 20000000 1122334455667788", "wr -p -8 20000008 99", "wr -p -16 2000000a bbaa",
    "wr -p -32 2000000c ffeeddcc", "wr -8 jiffies 100", "wr 20000000 1", "wr -p 20000ffc 1", "wr -p 7fff0000000 1",
    "sym dummy_xmit", "!rmmod dummy", "mod ", "sym -q dummy_xmit",
    "!insmod /modules/dummy.ko numdummies=0", "mod  ", "sym dummy_xmit ",
    "gdb info threads", "!sleep 77777 </dev/null >/dev/null 2>&1 & sleep 2", "ps sleep", "gdb info threads ",
    "!kill $(pidof sleep); usleep 500000", "ps -A", "ps sleep ", "gdb info threads  ",
    "repeat -1 rd -d jiffies | head -n 2", "repeat -1 p *(unsigned long *)&jiffies | head -n 2",
    "p ((struct task_struct *)&init_task)->comm",
    "set refresh off", "ps yes", "!yes </dev/null >/dev/null & sleep 2", "ps yes ", "set refresh on",
    "ps yes  ", "set 1", "set ", "bt ", "log ", "save ../saved",
]
# With the module that opens /dev/mem.
COMMANDS_DEVMEM = [
    "sys", "ps", "rd -a linux_banner", "rd -32 panic_on_oops", "wr -32 panic_on_oops 1", "rd -32 panic_on_oops ",
    "wr -k -32 panic_on_oops 2", "rd -p ffffffff000", "foreach bt -sx",
]


def script(commands):
    lines = []
    for number, line in enumerate(commands):
        lines.append(line if line.startswith("!") else f"{line} > {number}")
    return "".join(line + "\n" for line in lines)


def stripped(system):
    """vmlinux with its symbols and BTF but without DWARF."""
    target = os.path.join(LAB, "live", os.path.basename(system) + ".vmlinux")
    if not os.path.exists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        done = subprocess.run(["objcopy", "--strip-debug", os.path.join(system, "vmlinux"), target + ".part"],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise LabError("objcopy: " + done.stderr.strip())
        os.rename(target + ".part", target)
    return target


def libraries(program):
    """The files that the program is loaded with."""
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError("ldd: " + done.stderr.strip())
    return sorted(set(re.findall(r"(/\S+) \(0x", done.stdout)))


def add_tree(cpio, files):
    """(name in the guest, bytes or host file, mode), with the directories that they need."""
    made = set()
    for name, source, mode in files:
        parts = name.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            directory = "/".join(parts[:depth])
            if directory not in made:
                made.add(directory)
                cpio.add(directory, 0o040755)
        if isinstance(source, bytes):
            cpio.add(name, mode, source)
        else:
            cpio.add_file(name, source, mode)


def contents(system, program, opener):
    release = os.path.basename(system)
    busybox = shutil.which("busybox", path="/bin:/usr/bin")
    if busybox is None:
        raise LabError("busybox-static is not installed")
    with open(os.path.join(system, "modules", "order"), "rb") as file:
        order = file.read()
    files = [("bin/busybox", busybox, 0o100755), ("bin/crash", program, 0o100755),
             ("init", os.path.join(HERE, "live-init"), 0o100755), ("modules/order", order, 0o100644),
             ("commands", script(COMMANDS).encode(), 0o100644), ("etc/os-release", b"ID=debian\n", 0o100644),
             ("commands.devmem", script(COMMANDS_DEVMEM).encode(), 0o100644),
             ("usr/lib/debug/boot/vmlinux-" + release, stripped(system), 0o100644)]
    for line in order.decode().splitlines():
        name = line.split()[0] + ".ko"
        files.append(("modules/" + name, os.path.join(system, "modules", name), 0o100644))
    if opener:
        files.append(("modules/lab_devmem.ko", opener, 0o100644))
    files += [(path[1:], path, 0o100755) for path in libraries(program)]
    return files


def build(path, system, program, opener):
    cpio = guests.Cpio(path)
    for name in ("dev", "proc", "sys", "run", "tmp"):
        cpio.add(name, 0o040755)
    cpio.add("dev/console", 0o020600, device=(5, 1))
    add_tree(cpio, contents(system, program, opener))
    cpio.close()


def attempt(work, system):
    with open(os.path.join(work, "disk.img"), "wb") as file:
        file.truncate(1 << 20)
    guest = guests.Guest(work, system, OPTIONS, CMDLINE)
    try:
        if not guest.wait(r"LAB: live done", 300, r"Kernel panic|Oops|BUG:|LAB: module"):
            return False
        guest.wait(r"end Kernel panic|LAB: no panic", 60)
    finally:
        guest.end()
    with tarfile.open(os.path.join(work, "record.img")) as tar:
        for member in tar:
            path = os.path.join(work, "out", member.name)
            if member.isfile():
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as file:
                    shutil.copyfileobj(tar.extractfile(member), file)
    return True


def key(program, opener):
    digest = hashlib.sha256()
    for path in (program, __file__, os.path.join(HERE, "live-init"), opener):
        if path:
            with open(path, "rb") as file:
                digest.update(file.read())
    return digest.hexdigest()[:12]


def run(system, series, program):
    """The folder of a run of PROGRAM in a guest with this kernel."""
    release = os.path.basename(system)
    opener = modules.build(release, OPEN_MEM) if series == "6.1" else None
    target = os.path.join(LAB, "live", "%s.%s" % (release, key(program, opener)))
    with lock("live-" + release):
        if os.path.exists(target):
            os.utime(target)
            return target
        # Another test run may still be reading what its own program answered a moment ago.
        for old in glob.glob(os.path.join(LAB, "live", release + ".*")):
            if os.path.isdir(old) and os.path.getmtime(old) < time.time() - KEPT_SECONDS:
                shutil.rmtree(old)
        work = target + ".part"
        for number in range(1, TRIES + 1):
            shutil.rmtree(work, ignore_errors=True)
            os.makedirs(work)
            build(os.path.join(work, "initramfs"), system, program, opener)
            if attempt(work, system):
                for name in ("initramfs", "record.img", "disk.img", "vmcore.img", "qemu.log"):
                    os.unlink(os.path.join(work, name))
                os.rename(work, target)
                return target
            kept = os.path.join(LAB, "failed-%s-live.log" % series)
            shutil.copy(os.path.join(work, "console.log"), kept)
            say("%s live: boot %d did not get to its end (console: %s)" % (series, number, kept))
    raise LabError("%s live: no run in %d boots" % (series, TRIES))
