# The options of a run: each changes what it says, or is refused with the reason; on a real dump.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

from harness import CRASH, TOP, Skipped, equal, expect, run_crash, same_lines, table
from terminal import Terminal

sys.path.insert(0, str(TOP / "tests/format"))
import writers  # noqa: E402

ONE_KERNEL = True

# What crash 9 takes, and what would change nothing here, or what it gives a wrong value:
# the session begins all the same.
IGNORED = ("-k", "--cpus 2", "--cpus=x", "--kvmhost 64", "--kvmio 1", "--p2m_mfn 1", "--xen_phys_start 1", "--memory_module m",
           "--memory_device=d", "--machdep irq_eframe_link=8", "-m irq_stack_gap=8", "-m max_physmem_bits=46", "-m vm=xen", "-m vm=orig",
           "-m vm=2.6.11", "-m vm=xen-rhel4", "-m foo=1", "-p 8192", "-d x", "-e ed", "--offline x", "--hash 0", "-c /no/tty",
           "--max-malloc-bufs x", "--CRASHPAGER")
WRONG = (["--foo"], ["-sz"], ["-s-x", "1"], ["-s-"], ["-s="], ["--no_s"], ["--smp=1"], ["--hyper"], ["--kaslr", "x"], ["--reloc", "x"], ["-m", "phys_base=x"],
         ["-m", "kernel_image_size=3"])


def run(kernel, *options, text="", dump=None, names=None, env=None):
    names = [kernel.vmlinux] if names is None else names
    return run_crash("-s", *options, *names, dump or kernel.vmcore.resolve(), stdin=text, env=env)


def test_what_changes_nothing_warns(kernel):
    for words in IGNORED:
        result = run(kernel, *words.split(), text="eval 5\n", env={"CRASHPAGER": ""})
        expect(result.status == 0 and "hexadecimal: 5" in result.stdout and result.stderr.startswith("WARNING: ") and
               " is ignored: " in result.stderr and result.stderr.count("\n") == 1, f"{words}: {result.status} {result.stderr!r}")


def test_options_as_getopt_has_them(kernel):
    """One-letter options in one word, long ones cut short."""
    plain = run_crash(kernel.vmlinux, kernel.vmcore, stdin="eval 5\n").stdout
    with tempfile.NamedTemporaryFile("w", suffix=".cmds") as script:
        script.write("eval 5\n")
        script.flush()
        for words in (["-sx"], ["-xsf"], ["-xsi", script.name], [f"-sfi{script.name}"], ["-s", "--no_scr"], ["-s", "--no_crash", "--min"]):
            result = run_crash(*words, kernel.vmlinux, kernel.vmcore, stdin="" if script.name in words[-1] else "eval 5\n")
            expect(result.status == 0 and result.stdout.startswith("hexadecimal: 5") and len(result.stdout) < len(plain),
                   f"{words}: {result.stdout[:100]!r} {result.stderr!r}")


def test_what_is_refused(kernel):
    for words in WRONG:
        result = run(kernel, *words)
        expect(result.status == 1 and result.stdout == "" and result.stderr.startswith("crash: "), f"{words}: {result.stderr!r}")
    equal(run(kernel, "-s-x", "1").stderr, 'crash: unknown option: -s-x\nTry "crash --help".\n', "a dash behind -s")
    result = run_crash("--mod")
    equal(result.stderr, "crash: --mod needs an argument: DIR\n", "an option without its word")


def test_variables(kernel):
    """An option that is one of the session's variables,
    its word behind it, glued to it, or behind a sign."""
    for words, name, value in (("-d 7", "debug", "7"), ("-d7", "debug", "7"), ("-e vi", "edit", "vi"), ("-e emacs", "edit", "emacs"),
                               ("--offline hide", "offline", "hide"), ("--offline=show", "offline", "show"),
                               ("--hex", "radix", "16 (hexadecimal)"), ("--dec", "radix", "10 (decimal)"),
                               ("-c /dev/null", "console", "/dev/null"), ("--more", "scroll", "on (more)"),
                               ("--less", "scroll", "on (less -E -X -R)"), ("--CRASHPAGER", "scroll", "on (/bin/cat)"),
                               ("--zero_excluded", "zero_excluded", "on")):
        result = run(kernel, *words.split(), text="set -v\n", env={"CRASHPAGER": "/bin/cat"})
        expect(f" {name}: {value}\n" in result.stdout, f"{words}: {result.stdout!r} {result.stderr!r}")


def test_what_needs_no_effect(kernel):
    """Accepted, and the session is as without it."""
    wanted = run(kernel, text="ps\n").stdout
    for words in ("-x", "--smp", "--hash 1000", "--max-malloc-bufs 3000", "-p 4096", "-L", "--no_kmem_cache", "--kmem_cache_delay",
                  "--no_ikconfig", "--no_kallsyms", "--no_strip", "--no_data_debug", "--no_crashrc", "--kaslr auto"):
        result = run(kernel, *words.split(), text="ps\n")
        expect(result.stdout == wanted and not result.stderr, f"{words}: {result.stderr!r}")


def test_active(kernel):
    """The rows that ps marks, and no others; bt -a and the panic task are the same."""
    everything = run(kernel, text="ps\n").stdout.splitlines()
    result = run(kernel, "--active", text="ps\n")
    same_lines(result.stdout.splitlines()[1:], [line for line in everything if line.startswith(">")], "ps with --active")
    for line in ("bt -a", "set -p"):
        equal(run(kernel, "--active", text=line + "\n").stdout, run(kernel, text=line + "\n").stdout, line)


def test_memory_is_locked(kernel):
    """-L: what the program uses is locked as it comes to be used."""
    if b"__asan_init" in CRASH.read_bytes():
        raise Skipped("AddressSanitizer locks no memory")
    result = run(kernel, "-L", text="ps\n!grep VmLck /proc/$PPID/status\n")
    locked = re.search(r"VmLck:\s+(\d+) kB", result.stdout)
    expect(locked and int(locked[1]) > 1000, result.stdout[-200:])


def test_readnow(kernel):
    """What gdb itself says it has read:
    of a module's file nothing before a question about it, or all of it."""
    counts = []
    for options in ([], ["--readnow"]):
        result = run(kernel, *options, "--mod", kernel.folder / "modules", text="mod -s virtio_blk\ngdb maint print statistics\n")
        part = re.search(r"^Statistics for '[^']*virtio_blk\.ko.*?Number of symbol tables: (\d+)", result.stdout, re.M | re.S)
        expect(part, f"{options}: {result.stdout[-300:]!r} {result.stderr!r}")
        counts.append(int(part[1]))
    expect(counts[0] == 0 and counts[1] > 50, f"symbol tables without and with --readnow: {counts}")


def test_every_option_is_named_in_a_test():
    """An option that no test gives has to get one; this file of tests has those of most."""
    usage = run_crash("--help").stdout
    options = re.findall(r"^  (--?[\w-]+)", usage, re.M) + re.findall(r"also (--?[\w-]+)", usage)
    expect(len(options) > 50 and {"-m", "--help", "--version", "--readnow"} <= set(options), str(options))
    tests = "".join(path.read_text() for path in (TOP / "tests").glob("*/test_*.py"))
    missing = [option for option in options if not re.search(rf"""["' =]{re.escape(option)}(?=["' =])""", tests)]
    equal(missing, [], "options that no test gives")


def test_buildinfo():
    result = run_crash("--buildinfo")
    rows = dict(line.strip().split(": ", 1) for line in result.stdout.splitlines())
    equal(sorted(rows), ["compiler", "files", "gdb", "pages", "target", "version"], "rows")
    expect(re.fullmatch(r"16\.3, with(out)? Python", rows["gdb"]) and rows["version"] in run_crash("-v").stdout, str(rows))


def system_map(kernel, path):
    """As the kernel's build makes it: names by address,
    without local labels and the strings of exports."""
    text = subprocess.run(["nm", "-n", kernel.vmlinux], capture_output=True, text=True, check=True).stdout
    lines = [line for line in text.splitlines() if not re.search(r" [aNUw] | (\.L|__crc_|__kstrtab|\$)", line)]
    path.write_text("\n".join(lines) + "\n")


def stripped(kernel, folder):
    path = pathlib.Path(folder) / "stripped"
    subprocess.run(["strip", "-o", path, kernel.vmlinux.resolve()], check=True)
    return path


def test_system_map(kernel):
    """Names out of a System.map:
    with a vmlinux that has none, with none at all, and with a whole one."""
    questions = "sym linux_banner\nsym vfs_read\nps\nbt\ndis -r vfs_read 3\nmod\nrd -s __per_cpu_offset 2\n"
    wanted = run(kernel, text=questions).stdout.splitlines()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        names, alone = folder / "map", folder / "vmcore"
        system_map(kernel, names)
        # Where no vmlinux lies beside it.
        alone.symlink_to(kernel.vmcore.resolve())
        for files in ([names], [stripped(kernel, folder), names], [names, kernel.vmlinux.resolve()]):
            result = run(kernel, names=files, dump=alone, text=questions)
            # nm's letters depend on sections, and lines of source code on debug information.
            plain = [[re.sub(r" \(.\)| fs/read_write.c: \d+", "", line).rstrip() for line in lines]
                     for lines in (result.stdout.splitlines(), wanted)]
            same_lines(*plain, f"{files}: {result.stderr[:200]!r}")
            text, rows = run(kernel, names=files, dump=alone, text="sys\nsys --json\n").stdout.rstrip().rsplit("\n", 1)
            expect(f"  SYSTEM MAP: {names}\n" in text, "sys")
            equal(json.loads(rows)["system_map"], str(names), "system_map of sys --json")
        expect("system_map" not in json.loads(run(kernel, text="sys --json\n").stdout), "a System.map that nobody named")


def test_wrong_system_map(kernel):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        good, bad = folder / "map", folder / "bad"
        system_map(kernel, good)
        lines = good.read_text().splitlines()
        moved = [re.sub(r"^ffffffff8(.)", "ffffffff9\\1", line) if line.endswith(" init_uts_ns") else line for line in lines]
        bad.write_text("\n".join(moved) + "\n")
        result = run(kernel, names=[bad], text="ps\n")
        expect(result.status == 1 and "do not match: it has init_uts_ns at ffffffff9" in result.stderr, result.stderr)
        result = run(kernel, "-f", names=[bad], text="sym linux_banner\n")
        expect("WARNING: " in result.stderr and "linux_banner" in result.stdout, result.stderr)
        bad.write_text("\n".join(lines[:100] + ["no symbol"] + lines[100:]) + "\n")
        expect("line 101 is no symbol" in run(kernel, names=[bad]).stderr, "a line that is none")
        bad.write_text("ffffffffffffffff B The real System.map is in the linux-image-dbg package\n")
        expect("no symbols of a kernel's image" in run(kernel, names=[bad]).stderr, "Debian's stand-in")
    result = run(kernel, "-S")
    release = kernel.truth("proc/sys/kernel/osrelease").strip()
    expect(result.status == 1 and f"/boot/System.map-{release}" in result.stderr, result.stderr)


def without_record(kernel, path):
    """The dump without any VMCOREINFO text. Returns KERNELOFFSET and phys_base of it, as text."""
    data = bytearray(kernel.vmcore.read_bytes())
    texts = [match.start() for match in re.finditer(rb"OSRELEASE=\d", data)]
    expect(texts, "no VMCOREINFO in the dump")
    record = bytes(data[texts[0]:texts[0] + 8192])
    for at in texts:
        end = data.find(b"\0", at)
        data[at:end] = bytes(end - at)
    path.write_bytes(data)
    offset = re.search(rb"KERNELOFFSET=([0-9a-f]+)", record)[1].decode()
    return offset, "%x" % (int(re.search(rb"NUMBER\(phys_base\)=(-?\d+)", record)[1]) & (1 << 64) - 1)


def test_where_the_kernel_is(kernel):
    """--kaslr and phys_base, where the dump does not tell:
    the right ones open it, others are said to be wrong."""
    wanted = run(kernel, text="ps\nmod\n").stdout
    with tempfile.TemporaryDirectory() as folder:
        dump = pathlib.Path(folder) / "vmcore"
        offset, phys_base = without_record(kernel, dump)
        for words in ([], ["--kaslr", offset], ["-m", f"phys_base={phys_base}"],
                      ["--machdep", f"phys_base=0x{phys_base}", f"--kaslr={offset}"]):
            equal(run(kernel, *words, dump=dump, text="ps\nmod\n").stdout, wanted, f"{words}")
        for words, said in (["--kaslr", "1000000"], "moved by 1000000 "), (["--kaslr", "off"], "moved by 0 "), \
                (["-m", "phys_base=2097152"], "with phys_base=200000 "), (["-m", "phys_base=2m"], "with phys_base=200000 "), \
                (["-m", "phys_base=0x200000"], "with phys_base=200000 "):
            result = run(kernel, *words, dump=dump, text="ps\n")
            expect(result.status == 1 and said in result.stderr and "nowhere in the dump" in result.stderr, f"{words}: {result.stderr}")
        # crash's older spelling, which counts down.
        down = (1 << 64) - int(offset, 16)
        for word in (f"0x{down:x}", f"-0x{offset}", f"-{int(offset, 16) >> 20}m"):
            equal(run(kernel, f"--reloc={word}", dump=dump, text="ps\nmod\n").stdout, wanted, f"--reloc={word}")
        result = run(kernel, "--reloc", "16m", dump=dump, text="ps\n")
        expect(result.status == 1 and "moved by -1000000 the kernel image is nowhere in the dump" in result.stderr, f"--reloc 16m: {result.stderr}")
    result = run(kernel, "--kaslr", "off", names=[])
    expect(result.status == 1 and "at the offset that --kaslr gives" in result.stderr, f"--kaslr off of a kernel that moved: {result.stderr!r}")


def value_of(kernel, name):
    return run(kernel, text=f"rd {name}\n").stdout.split()[1]


def test_regions(kernel):
    """page_offset, vm and kernel_image_size:
    those of the dump change nothing, others are told, or needed."""
    wanted = run(kernel, text="ps\nmod\n").stdout
    base = value_of(kernel, "page_offset_base")
    window = re.search(r"KERNEL_IMAGE_SIZE\)=(\d+)", run(kernel, text="help -D\n").stdout)
    setting = f"page_offset={base},kernel_image_size={int(window[1]) >> 20 if window else 1024}m"
    equal(run(kernel, "-m", setting, text="ps\nmod\n").stdout, wanted, setting)
    result = run(kernel, "-m", "page_offset=ffff888000000000", text="rd page_offset_base\n")
    expect(f"page_offset=ffff888000000000: the kernel itself has {base}" in result.stderr, result.stderr)
    result = run(kernel, "-m", "vm=5level", text="ps\n")
    expect("vm=5level: the kernel's page tables have 4 levels" in result.stderr and result.stdout, result.stderr)
    # The variable itself is damaged: only the user knows.
    with tempfile.TemporaryDirectory() as folder:
        dump = pathlib.Path(folder) / "vmcore"
        data = bytearray(kernel.vmcore.read_bytes())
        physical = int(run(kernel, text="vtop page_offset_base\n").stdout.split()[3], 16)
        start, offset = next((paddr, offset) for kind, paddr, offset, bytes_ in writers.segments_of_elf(kernel.vmcore)
                             if kind == 1 and paddr <= physical < paddr + bytes_)
        at = offset + physical - start
        equal(struct.unpack_from("<Q", data, at)[0], int(base, 16), "page_offset_base in the file")
        data[at:at + 8] = b"\x55" * 8
        dump.write_bytes(data)
        expect("page_offset_base holds 5555555555555555" in run(kernel, dump=dump).stderr, "a damaged base is taken")
        equal(run(kernel, "-m", f"page_offset={base}", dump=dump, text="ps\nmod\n").stdout, wanted, "page_offset where it is damaged")


def test_raw_memory_becomes_elf(kernel):
    """-o: the same session with the new file;
    no file is overwritten, none is written of a dump with a header."""
    questions = "sys\nps\nmod\nlog\n"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        images = []
        for number, (start, data) in enumerate(writers.memory_of_elf(kernel.vmcore)[0]):
            image = folder / f"image{number}"
            image.write_bytes(data)
            images.append(f"{image}@{start:x}")
        raw, made = ",".join(images), folder / "made"
        first = run(kernel, "-o", made, dump=raw, text=questions)
        equal(first.status, 0, f"-o: {first.stderr}")
        answers = [run(kernel, dump=dump, text=questions).stdout.splitlines() for dump in (raw, made)]
        kept = [[line for line in answer if "DUMPFILE" not in line and not line.startswith(" " * 14)] for answer in answers]
        same_lines(kept[1], kept[0], "a session with the new file")
        equal(writers.memory_of_elf(made)[0], writers.memory_of_elf(kernel.vmcore)[0], "memory")
        equal(run_crash("--osrelease", made).stdout, run_crash("--osrelease", kernel.vmcore).stdout, "--osrelease of the new file")
        expect("there is a file of that name" in run(kernel, "-o", made, dump=raw).stderr, "overwritten")
        other = folder / "other"
        result = run(kernel, "-o", other)
        expect(result.status == 1 and "has a header of its own" in result.stderr and not other.exists(), result.stderr)


def test_pager_options(kernel):
    """The pager that --CRASHPAGER, --more and --less choose is the one that runs."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for program in ("more", "less", "own"):
            (folder / program).write_text(f"#!/bin/sh\necho pager {program}\nexec cat\n")
            (folder / program).chmod(0o700)
        environment = {"PATH": f"{folder}:/usr/bin:/bin", "CRASHPAGER": str(folder / "own")}
        for option, program in (("--more", "more"), ("--less", "less"), ("--CRASHPAGER", "own")):
            terminal = Terminal(option, kernel.vmlinux, kernel.vmcore, env=environment)
            try:
                terminal.wait_for("crash> ")
                # More than a screen has room for.
                terminal.send("log\n")
                terminal.wait_for(f"pager {program}\n")
                terminal.wait_for("crash> ")
                terminal.send("quit\n")
                equal(terminal.status(), 0, "status")
            finally:
                terminal.close()
