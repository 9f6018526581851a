# guests.py - the lab's guests: the initramfs, the disks, QEMU and the talk with it.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time

from kernels import HERE, LabError, say

RECORD_SIZE = 128 << 20
VMCORE_SIZE = 1 << 30
SETUP = os.path.join(HERE, "setup")
# Under TCG, 6.12's SLUB and cmpxchg16b together end in wild pointers now and then;
# 5-level paging is a case of its own.
CPU = "max,la57=off,cx16=off"


def build_guest(directory):
    """The static guest program and its init, ready to be packed."""
    guest = os.path.join(HERE, "guest")
    sources = sorted(name for name in os.listdir(guest) if name.endswith(".c"))
    program = os.path.join(directory, "lab-guest")
    done = subprocess.run(["gcc", "-static", "-O2", "-Wall", "-Wextra", "-Werror", "-std=gnu17", "-o", program,
                           *sources], cwd=guest, check=False)
    if done.returncode != 0:
        raise LabError("the guest's program does not compile")
    return program


class Cpio:
    """A cpio archive in the "newc" form that the kernel unpacks."""

    def __init__(self, path):
        self.file = open(path, "wb")
        self.inode = 0

    def add(self, name, mode, data=b"", device=(0, 0)):
        self.inode += 1
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name.encode()) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        self.file.write(head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4))

    def add_file(self, name, path, mode=0o100644):
        with open(path, "rb") as file:
            self.add(name, mode, file.read())

    def close(self):
        self.add("TRAILER!!!", 0)
        self.file.close()


def build_setup_programs(directory):
    """[(name in the guest, host file)] of the programs that the scenarios' own setups run."""
    programs = []
    for source in sorted(name for name in os.listdir(SETUP) if name.endswith(".c")):
        program = os.path.join(directory, source[:-2])
        if subprocess.run(["gcc", "-static", "-O2", "-Wall", "-Wextra", "-Werror", "-std=gnu17", "-o", program,
                           os.path.join(SETUP, source)], check=False).returncode != 0:
            raise LabError("setup/%s does not compile" % source)
        programs.append(("bin/" + source[:-2], program))
    return programs


def init_script(setup):
    """What the guest's process 1 runs:
    with setup/SETUP.sh right before the workload, setup/SETUP-after.sh behind it."""
    with open(os.path.join(HERE, "guest", "init")) as file:
        text = file.read()
    for suffix, place in ((".sh", "lab-guest workload"), ("-after.sh", "sync\n")):
        path = os.path.join(SETUP, (setup or "none") + suffix)
        if os.path.exists(path):
            with open(path) as file:
                text = text.replace(place, file.read() + place, 1)
    return text.encode()


def build_initramfs(path, program, kernel, last=None, extra=(), more=(), setup=None):
    """LAST is the last module to take of their order, all when None; EXTRA are (name in the guest,
    host file), MORE are further lines for the order of modules; SETUP as in init_script()."""
    cpio = Cpio(path)
    for name in ("bin", "dev", "proc", "sys", "run", "tmp", "mnt", "modules", "boot", "etc"):
        cpio.add(name, 0o040755)
    cpio.add("dev/console", 0o020600, device=(5, 1))
    busybox = shutil.which("busybox", path="/bin:/usr/bin")
    if busybox is None:
        raise LabError("busybox-static is not installed")
    cpio.add_file("bin/busybox", busybox, 0o100755)
    cpio.add_file("bin/lab-guest", program, 0o100755)
    cpio.add("init", 0o100755, init_script(setup))
    with open(os.path.join(kernel, "modules", "order")) as file:
        order = file.readlines()
    if last is not None:
        names = [line.split()[0] for line in order]
        order = order[:names.index(last) + 1] if last in names else []
    cpio.add("modules/order", 0o100644, "".join(order + list(more)).encode())
    for line in order:
        name = line.split()[0] + ".ko"
        cpio.add_file("modules/" + name, os.path.join(kernel, "modules", name))
    for name, source in extra:
        cpio.add_file(name, source, 0o100755 if os.access(source, os.X_OK) else 0o100644)
    cpio.close()


def build_disk(directory):
    """An ext4 disk for the guest:
    a file to map, a swap file without holes, an ext4 image to loop-mount."""
    content = os.path.join(directory, "content")
    os.makedirs(content)
    with open(os.path.join(content, "mapped"), "wb") as file:
        file.write(b"".join(b"page %06d of a mapped file\n" % n + b"." * 4069 for n in range(8)))
    with open(os.path.join(content, "swapfile"), "wb") as file:
        file.write(b"\1" * (8 << 20))
    image = os.path.join(directory, "disk.img")
    for target, size, source in ((os.path.join(content, "loop.img"), "8M", None),
                                 (os.path.join(content, "frozen.img"), "4M", None),
                                 (image, "48M", content)):
        command = ["mkfs.ext4", "-q", "-F", "-b", "4096", target, size] + (["-d", source] if source else [])
        if subprocess.run(command, env=dict(os.environ, PATH=os.environ["PATH"] + ":/sbin:/usr/sbin"),
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode != 0:
            raise LabError("mkfs.ext4 failed")
    shutil.rmtree(content)
    return image


def drain(line, path):
    """Keeps what the serial line says;
    QEMU's own log of a socket repeats characters when the line is slow."""
    with open(path, "wb", buffering=0) as log:
        try:
            while data := line.recv(65536):
                log.write(data)
        except OSError:
            pass


class Guest:
    """One run of QEMU. Everything it says is in console.log; commands go through QMP."""

    def __init__(self, directory, kernel, options, cmdline):
        self.console = os.path.join(directory, "console.log")
        self.directory = directory
        if shutil.which("qemu-system-x86_64") is None:
            raise LabError("qemu-system-x86 is not installed")
        for name, size in (("record.img", RECORD_SIZE), ("vmcore.img", VMCORE_SIZE)):
            with open(os.path.join(directory, name), "wb") as file:
                file.truncate(size)
        here, there = socket.socketpair()
        self.line, end = socket.socketpair()
        self.listener = threading.Thread(target=drain, args=(self.line, self.console), daemon=True)
        self.listener.start()
        # The guest dies with this program, however it ends: one that panicked would spin for ever.
        command = ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-nodefaults", "-no-user-config",
                   "-display", "none", "-no-reboot", "-accel", "tcg,thread=multi", "-rtc", "base=utc",
                   "-kernel", os.path.join(kernel, "vmlinuz"), "-initrd", os.path.join(directory, "initramfs"),
                   "-append", cmdline, "-serial", "chardev:console",
                   "-chardev", "socket,id=console,fd=%d" % end.fileno(),
                   "-chardev", "socket,id=qmp,fd=%d" % there.fileno(), "-mon", "chardev=qmp,mode=control"]
        for name in ("record.img", "disk.img", "vmcore.img"):
            command += ["-drive", "if=virtio,format=raw,cache=unsafe,file=" + os.path.join(directory, name)]
        with open(os.path.join(directory, "qemu.log"), "w") as log:
            self.process = subprocess.Popen(command + options, pass_fds=[there.fileno(), end.fileno()],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        there.close()
        end.close()
        self.channel = here.makefile("rw")
        here.settimeout(120)
        self.socket = here
        self.answer()
        self.command("qmp_capabilities")

    def answer(self):
        """The next reply; events on the way are of no interest."""
        while True:
            line = self.channel.readline()
            if not line:
                with open(os.path.join(self.directory, "qemu.log")) as log:
                    raise LabError("QEMU ended: " + log.read().strip())
            reply = json.loads(line)
            if "event" not in reply:
                return reply

    def command(self, name, **arguments):
        self.channel.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.channel.flush()
        reply = self.answer()
        if "error" in reply:
            raise LabError("QEMU refuses %s: %s" % (name, reply["error"]["desc"]))
        return reply.get("return")

    def monitor(self, line):
        return self.command("human-monitor-command", **{"command-line": line})

    def type(self, text):
        """What someone at the serial console types."""
        self.line.sendall(text.encode())

    def said(self):
        try:
            with open(self.console, errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def wait(self, pattern, seconds, unless=None):
        """Waits for the console to say PATTERN;
        False when it says UNLESS, ends, or takes too long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            text = self.said()
            if re.search(pattern, text):
                return True
            if (unless and re.search(unless, text)) or self.process.poll() is not None:
                return re.search(pattern, self.said()) is not None
            time.sleep(0.2)
        return False

    def silent(self, seconds):
        """True when the console says nothing for so long."""
        before = self.said()
        time.sleep(seconds)
        return self.said() == before

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
        self.listener.join(10)
        self.channel.close()
        self.socket.close()
        self.line.close()
