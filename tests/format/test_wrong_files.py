# Files that are no dump, no vmlinux, not each other's or not whole: a message that names the cause, or a session that
# says what it lacks; quick, small, and never a crash.
# SPDX-License-Identifier: GPL-3.0-or-later
import functools
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

from format import strangers, writers
from harness import CRASH, Failed, environment, equal, expect, run_crash

CPU_SECONDS, MEGABYTES = 2, 200
WORDS = "sys\nps\nlog\nbt\nmod\n"


@functools.lru_cache(maxsize=None)
def sanitized():
    """A build with AddressSanitizer is larger and slower by its nature."""
    return b"__asan_init" in CRASH.read_bytes()


# A process of its own: what a child is said to have used begins with what its parent had,
# and the runner may be large.
MEASURE = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
open(sys.argv[1], "w").write(f"{status} {used.ru_utime + used.ru_stime} {used.ru_maxrss / 1024}")
"""


def run(*arguments, prefix=(), stdin=WORDS):
    """(status, output, errors); fails when the program dies or takes too much."""
    with tempfile.NamedTemporaryFile() as report:
        done = subprocess.run([sys.executable, "-c", MEASURE, report.name, *prefix, str(CRASH), "-s",
                               *map(str, arguments)], input=stdin.encode(), capture_output=True, env=environment())
        status, seconds, megabytes = map(float, report.read().split())
    output, errors = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    expect(status in (0, 1, 2) and "Sanitizer" not in errors and "runtime error" not in errors,
           f"died with status {status:.0f}: {errors[-300:]!r}")
    if not sanitized():
        expect(seconds < CPU_SECONDS, f"took {seconds:.1f} s")
        expect(megabytes < MEGABYTES, f"took {megabytes:.0f} MB")
    return int(status), output, errors


def refused(pattern, *arguments, **more):
    """Status 1, no output, and one message; warnings may stand before it."""
    status, output, errors = run(*arguments, **more)
    lines = errors.splitlines()
    messages = [line for line in lines if not line.startswith("WARNING: ")]
    names = " ".join(str(a) for a in arguments)
    expect(status == 1, f"{names}: status {status}, {(errors or output)[-200:]!r}")
    expect(not output, f"{names}: prints {output[:200]!r}")
    expect(len(messages) == 1 and messages[0].startswith("crash: "), f"{names}: says {lines}")
    expect(re.search(pattern, messages[0]), f"{names}: says {messages[0]!r}, wanted {pattern!r}")
    return messages[0]


def write(folder, name, data):
    path = pathlib.Path(folder) / name
    path.write_bytes(data)
    return path


def cut(folder, path, percent):
    """The first part of a file, its holes kept."""
    size, done = path.stat().st_size * percent // 100, 0
    target = pathlib.Path(folder) / f"{path.name}-{percent}"
    with open(path, "rb") as source, open(target, "wb") as file:
        while done < size:
            try:
                start = os.lseek(source.fileno(), done, os.SEEK_DATA)
            except OSError:
                break
            end = min(os.lseek(source.fileno(), start, os.SEEK_HOLE), start + (8 << 20), size)
            if start >= size:
                break
            source.seek(start)
            file.seek(start)
            file.write(source.read(end - start))
            done = end
        file.truncate(size)
    return target


def test_not_there_or_nothing_in_it(kernel):
    with tempfile.TemporaryDirectory() as folder:
        empty = write(folder, "empty", b"")
        nowhere = pathlib.Path(folder) / "nowhere"
        for path, words in ((nowhere, "No such file"), (folder, "is a directory"), (empty, "empty file"),
                            ("/dev/null", "not a regular file")):
            expect(str(path) in refused(words, path, kernel.vmcore), f"the message does not name {path}")
            expect(str(path) in refused(words, kernel.vmlinux, path), f"the message does not name {path}")


def test_unreadable(kernel):
    with tempfile.TemporaryDirectory() as folder:
        secret = write(folder, "secret", b"\x7fELF" + bytes(4096))
        secret.chmod(0)
        # root reads everything but for the privilege that this takes away.
        prefix = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
        refused("secret: Permission denied", secret, kernel.vmcore, prefix=prefix)
        refused("secret: Permission denied", kernel.vmlinux, secret, prefix=prefix)


def test_other_kinds_of_files(kernel):
    module = next(iter(sorted((kernel.folder / "modules").glob("*.ko"))))
    with tempfile.TemporaryDirectory() as folder:
        text = write(folder, "text", b"It was a dark and stormy night.\n" * 100)
        noise = write(folder, "noise", bytes(i * i * 7 % 251 for i in range(9000)))
        short = write(folder, "short", b"\x7fELF\x02\x01\x01")
        program = shutil.copy("/bin/true", folder)
        for path, as_vmlinux, as_dump in (
                (text, "text file", "text file"), (noise, "unknown kind", "unknown kind"),
                (short, "cut short|ELF", "cut short"), (program, "stripped|not a Linux kernel", "ELF"),
                (module, "kernel module", "module")):
            refused(as_vmlinux, path, kernel.vmcore)
            refused(as_dump, kernel.vmlinux, path)


def test_compressed_files(kernel):
    with tempfile.TemporaryDirectory() as folder:
        head = write(folder, "dump", kernel.vmcore.open("rb").read(1 << 20))
        for program, kind in (("gzip", "gzip"), ("xz", "xz"), ("zstd", "zstd"), ("bzip2", "bzip2")):
            expect(shutil.which(program), f"no {program}")
            packed = write(folder, "dump." + kind, subprocess.run([program, "-c", head], capture_output=True).stdout)
            refused(f"{kind}-compressed data: unpack it", kernel.vmlinux, packed)
            refused(f"{kind}-compressed data: unpack it", packed, kernel.vmcore)


def test_archives(kernel):
    with tempfile.TemporaryDirectory() as folder:
        head = kernel.vmcore.open("rb").read(1 << 16)
        with zipfile.ZipFile(f"{folder}/dump.zip", "w") as archive:
            archive.writestr("dump", head)
        with tarfile.open(f"{folder}/dump.tar", "w") as archive:
            archive.add(write(folder, "dump", head), "dump")
        write(folder, "dump.7z", b"7z\xbc\xaf\x27\x1c\0\4" + head)
        # The magic numbers of the frame formats' descriptions.
        write(folder, "dump.lz4", b"\x04\x22\x4d\x18\x64\x40\xa7" + head)
        for kind, words in (("zip", "a zip archive"), ("tar", "a tar archive"), ("7z", "a 7z archive"), ("lz4", "lz4-compressed data")):
            refused(f"{words}: unpack it", kernel.vmlinux, f"{folder}/dump.{kind}")
            refused(f"{words}: unpack it", f"{folder}/dump.{kind}", kernel.vmcore)


def test_other_dumps(kernel):
    """What other programs keep a machine's memory in is named, with what to do instead."""
    for start, words in (
            (b"LibvirtQemudSave\2\0\0\0", "libvirt save file .*virsh dump --memory-only"),
            (b"LibvirtQemudPart\2\0\0\0", "libvirt save file .*virsh dump --memory-only"),
            (b"QEVM\0\0\0\3", "QEMU save file .*dump-guest-memory"), (b"QFI\xfb\0\0\0\3", "qcow2 .*dump-guest-memory"),
            (b"Xen saved domain, xl format\n \0 \r", "Xen save file.*kdump"), (b"LinuxGuestRecord", "Xen save file.*kdump"),
            (b"XenSavedDomain\n", "Xen save file.*kdump"), (b"XenSavedDomv2-\n", "Xen save file.*kdump"),
            (b"\xed\xeb\x0f\xf0", "Xen guest's core.*kdump"), (b"\xee\xeb\x0f\xf0", "Xen guest's core.*kdump"),
            (b"\xff" * 8 + b"XENF\0\0\0\2", "Xen save file.*kdump"), (b"\x7fVirtualBox SavedState V2.0\n", "VirtualBox .*dumpvmcore"),
            (b"EMiL\1\0\0\0", "LiME .*FILE@ADDRESS"), (b"\x14\x20\x28\x01", "Hyper-V .*kdump"), (b"vhdxfile", "Hyper-V .*kdump"),
            (b"PAGEDU64", "Windows crash dump"), (b"PAGEDUMP", "Windows crash dump"), (b"MDMP\x93\xa7", "minidump"),
            (b"sadump\0\0", "sadump file.*makedumpfile"), (b"KDMV\1\0\0\0", "VMware disk .*vmem")):
        with tempfile.TemporaryDirectory() as folder:
            message = refused(words, kernel.vmlinux, write(folder, "dump", start + bytes(8192)))
            expect("not a dump file" in message, f"{start!r}: {message!r}")


def test_cores_of_processes(kernel):
    """By the addresses of its segments, of which [vsyscall] is the kernel's,
    or by notes that only a process has."""
    user, kernel_half = [(0x400000, 0), (0x7f0000000000, 0)], [(strangers.VSYSCALL, 0)]
    with tempfile.TemporaryDirectory() as folder:
        for name, how in (("whole", {}), ("no notes", {"notes": b""}), ("few", {"rows": user + kernel_half, "notes": b""}),
                          ("one segment", {"rows": user[:1]}), ("no files", {"notes": strangers.process_notes(files=False)}),
                          ("no user memory", {"rows": kernel_half}), ("i386", {"machine": strangers.I386, "wide": False, "rows": user[:1] * 2})):
            path = strangers.process_core(f"{folder}/core", **how)
            for arguments in ((path,), (kernel.vmlinux, path), ("--osrelease", path)):
                refused("core: ELF core of a process, not of a kernel", *arguments)
        rows = [(1, 0xffff888000000000 + at, 0, bytes(4096)) for at in (0, 1 << 20)]
        refused("segments have no physical addresses", strangers.elf(f"{folder}/core", 4, segments=rows))


def test_files_of_other_machines(kernel):
    """One file alone is told as what it is:
    it is no kernel of this machine, whose running one would be looked at."""
    load = [(1, 0xc000000000000000, 0, bytes(4096))]
    narrow = [(1, 0xc0000000, 0, bytes(4096))]
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/file"
        for machine, kind, big, wide, words in (
                (strangers.PPC64, 4, True, True, "an ELF core file of another machine .ppc64, big-endian."),
                (strangers.PPC64, 2, True, True, "an ELF executable .a vmlinux.. of another machine .ppc64, big-endian."),
                (strangers.S390, 4, True, True, "an ELF core file of another machine .s390, big-endian."),
                (strangers.ARM64, 4, False, True, "ELF vmcore: of another machine .arm64."),
                (strangers.ARM64, 2, False, True, "an ELF executable .a vmlinux.. of another machine .arm64."),
                (strangers.I386, 4, False, False, "ELF vmcore: of another machine .32-bit x86."),
                (strangers.X86_64, 1, False, True, "an ELF object file .a kernel module..")):
            strangers.elf(path, kind, machine, load if wide else narrow, big=big, wide=wide)
            refused("file: .*" + words, path)
            refused("file: .*" + words, "--osrelease", path)
            expect("no dump given" not in refused("file: ", kernel.vmlinux, path), "the file is not taken as the dump")
        for machine, big in ((strangers.PPC64, True), (strangers.ARM64, False)):
            strangers.elf(path, 2, machine, load, big=big)
            refused("file: an ELF file for (ppc64, big-endian|arm64); only x86_64", path, kernel.vmcore)
        for name in ("i686", "aarch64", "ppc64le", "s390x"):
            refused(f"of another machine .{name}.; this program", strangers.narrow_kdump(path, name.encode()))
        refused("of a 32-bit machine", strangers.narrow_kdump(path, b""))
        writers.lkcd([(0, bytes(1 << 16))], path, names=(b"Linux", b"lab", b"2.6.9", b"#1", b"i686"))
        refused("LKCD dump of another machine .i686.", path)


def test_files_of_other_dumpers(kernel):
    with tempfile.TemporaryDirectory() as folder:
        refused("a Xen guest's core .xl dump-core.", strangers.xen_core(f"{folder}/core"))
        refused("no program headers", strangers.elf(f"{folder}/core", 4))
        refused("it is an sadump media backup.*makedumpfile", strangers.sadump_media(f"{folder}/media"))
        loads, notes = writers.memory_of_elf(kernel.vmcore)
        path = writers.elf64(loads, notes + writers.note(b"Xen", 0x1000002, bytes(32)) * 2, f"{folder}/host")
        status, output, errors = run(kernel.vmlinux, path)
        expect(status == 0 and "PANIC:" in output and errors.count("dump of a Xen host") == 1, f"status {status}: {errors!r}")


def test_one_file_missing_or_too_many(kernel):
    refused("no dump given", kernel.vmlinux)
    refused("no dump given")
    refused("no dump given", kernel.vmlinux, kernel.vmlinux)
    refused("neither has what the other lacks", kernel.vmlinux, kernel.vmlinux, kernel.vmcore)
    refused("an ELF core or dump file, not a vmlinux", kernel.vmcore, kernel.vmcore)


def without_debug_information(kernel, folder, name, option):
    target = pathlib.Path(folder) / name
    subprocess.run(["strip", option, "-o", target, kernel.vmlinux], check=True)
    return target


def test_stripped_vmlinux(kernel):
    with tempfile.TemporaryDirectory() as folder:
        path = without_debug_information(kernel, folder, "stripped", "--strip-all")
        result = run_crash("-s", path, kernel.vmcore, stdin="sys\n")
        expect(result.status == 0 and "has no symbol table" in result.stderr and "no vmlinux: from the dump" in result.stdout,
               f"status {result.status}: {result.stderr[-300:]!r}")


def test_vmlinux_cut_short(kernel):
    with tempfile.TemporaryDirectory() as folder:
        for percent in (1, 50, 99):
            refused("cut short", cut(folder, kernel.vmlinux, percent), kernel.vmcore)


def test_vmlinux_of_another_build(kernel):
    """Told apart by the build-id; -f goes on, and here the two are the same but for the id."""
    with tempfile.TemporaryDirectory() as folder:
        path = without_debug_information(kernel, folder, "rebuilt", "--strip-debug")
        data = path.read_bytes()
        with open(kernel.vmcore, "rb") as file:
            own = re.search(rb"BUILD-ID=([0-9a-f]{40})\n", file.read(1 << 20))[1].decode()
        other = own[:-4] + ("0000" if own[-4:] != "0000" else "1111")
        expect(data.count(bytes.fromhex(own)) >= 1, "the build-id is not in the vmlinux")
        path.write_bytes(data.replace(bytes.fromhex(own), bytes.fromhex(other)))
        message = refused("do not match", path, kernel.vmcore)
        expect(own in message and other in message, f"not both ids in {message!r}")
        status, output, errors = run("-f", path, kernel.vmcore)
        expect(status == 0 and "PANIC:" in output, f"-f: status {status}: {errors[-200:]!r}")
        expect("WARNING" in errors and own in errors and other in errors, f"-f says {errors[:300]!r}")


def test_vmlinux_of_another_release(kernel):
    """The text of the banner is another kernel's, and so is the build-id:
    a dump without a note says so, too."""
    from harness import Kernel, lab_path
    for name in ("5.10", "6.1", "6.12", "7.x"):
        if name == kernel.name:
            continue
        try:
            lab_path(name, "sysrq")
        except Failed:
            continue
        other = Kernel(name)
        for dump in (kernel.vmcore, kernel.dump("nonote").vmcore):
            message = refused("do not match", other.vmlinux, dump)
            for one in (kernel, other):
                expect(one.truth("proc/sys/kernel/osrelease").strip() in message, f"not both releases in {message!r}")
            expect(len(re.findall("[0-9a-f]{40}", message)) == 2, f"not both ids in {message!r}")
            # What -f leads to may be no session or a poor one, but never an end without a word.
            _, _, errors = run("-f", other.vmlinux, dump)
            expect("do not match" in errors, f"-f does not say that the two differ: {errors[-300:]!r}")


def session_of_part(path, vmlinux):
    """What is left of a dump either opens and says that it is not whole,
    or does not and says that."""
    status, output, errors = run(vmlinux, path)
    if status == 1:
        expect(re.search(r"incomplete|cut short|missing|shorter", errors), f"{path.name}: {errors[-300:]!r}")
        return False
    expect("[INCOMPLETE]" in output, f"{path.name} opens, and sys does not say INCOMPLETE: {output[:200]!r}")
    expect("WARNING: " in errors, f"{path.name} opens without a warning")
    expect(errors.count("\n") < 60, f"{path.name}: {errors.count(chr(10))} lines of warnings")
    return True


def test_dump_cut_short(kernel):
    kdump = kernel.dump("kdump")
    opened = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in (kernel.vmcore, kernel.folder / "vmcore.zlib", kdump.folder / "vmcore.zlib-d31",
                     kdump.folder / "vmcore.flat-d31", kdump.folder / "vmcore.elf-d31", kdump.folder / "vmcore.flat-elf-d31"):
            for percent in (10, 50, 60, 99):
                part = cut(folder, path, percent)
                opened += session_of_part(part, kernel.vmlinux)
                part.unlink()
    expect(opened, "no part of any dump could be opened")


def test_heads_of_dumps(kernel):
    """The first bytes of a dump, as a tool takes them that wants the release alone:
    the note answers, and memory is said to be missing."""
    kdump, release = kernel.dump("kdump"), kernel.truth("proc/sys/kernel/osrelease")
    with tempfile.TemporaryDirectory() as folder:
        loads, notes = writers.memory_of_elf(kernel.vmcore)
        # The page bitmaps of a machine with 512 GB take 32 MB.
        large = pathlib.Path(writers.kdump([(0, loads[0][1][:1 << 20])], f"{folder}/large", version=6, notes=notes, highest=1 << 27))
        for path, sizes in ((large, (32 << 10, 5 << 20, 20 << 20)), (kdump.folder / "vmcore.zlib-d31", (32 << 10, 1 << 20)),
                            (kdump.folder / "vmcore.flat-d31", (32 << 10, 1 << 20)), (kernel.vmcore, (32 << 10, 1 << 20))):
            for size in sizes:
                with open(path, "rb") as file:
                    head = write(folder, "head", file.read(size))
                result = run_crash("--osrelease", head)
                equal((result.stdout, result.status), (release, 0), f"--osrelease of {size} bytes of {path.name}: {result.stderr!r}")
                status, output, errors = run(head)
                expect(status == 1 and "cut short" in errors and "needed is the whole file" in errors, f"{size} of {path.name}: {errors!r}")
                if path == large:
                    expect("headers and page bitmaps take" in errors, f"{size} of {path.name}: {errors!r}")
                status, output, errors = run("--minimal", head, stdin="rd -p 1000\nhelp -n\n")
                expect(f"OSRELEASE={release}" in output, f"help -n of {size} bytes of {path.name}: {output[:200]!r}")


def test_minimal_without_a_kernel(kernel):
    """One warning, which has a cause and does not contradict itself."""
    loads, notes = writers.memory_of_elf(kernel.vmcore)
    piece = [(loads[0][0], loads[0][1][:1 << 16])]
    with tempfile.TemporaryDirectory() as folder:
        for these, words in ((notes, "the few names"), (b"", "it has no VMCOREINFO, and no vmlinux is given: .* no names are known")):
            path = writers.elf64(piece, these, f"{folder}/dump")
            status, output, errors = run("--minimal", path, stdin="rd -p 1000\nsym prb\n")
            warnings = [line for line in errors.splitlines() if line.startswith("WARNING: ")]
            expect(len(warnings) == 1 and re.match(rf"WARNING: \S.*{words}", warnings[0]), f"warnings: {warnings}")
            expect(re.match(r" +1000:  [0-9a-f]{16}", output), f"rd -p: {output[:200]!r}")
            expect(("(D) prb" in output) == bool(these) or kernel.name == "5.10", f"sym prb: {output!r}")


def test_elf_dump_of_which_the_kernel_is_left(kernel):
    """With the kernel's own data in the first part, everything that lies there answers."""
    with tempfile.TemporaryDirectory() as folder:
        # Where the kernel lies is random; 99 of 100 bytes have nearly always all of it.
        part = cut(folder, kernel.vmcore, 99)
        status, output, errors = run(kernel.vmlinux, part)
    expect(status in (0, 2) and "[INCOMPLETE]" in output, f"status {status}: {errors[-200:]!r}")
    expect("end Kernel panic" in output, "log does not answer")
    expect(re.search(r"^ #\d+ .* panic at ", output, re.M), "bt does not answer")


def test_split_dumps(kernel):
    kdump = kernel.dump("kdump")
    first, second, third = (kdump.folder / f"vmcore.split{n}-d31" for n in (1, 2, 3))
    refused("hold the same pages", kdump.vmlinux, first, first, third)
    refused("another format", kdump.vmlinux, kdump.vmcore, second)
