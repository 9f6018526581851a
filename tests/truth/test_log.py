# `log` against the guest's own record of its messages, and the panic's lines on its console.
# SPDX-License-Identifier: GPL-3.0-or-later
import mmap
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

from harness import TOP, Skipped, equal, expect, run_crash, same_lines

sys.path[:0] = [str(TOP / "tests/lab")]
import dumps  # noqa: E402

STAMP = re.compile(r"^\[ *(\d+)\.(\d{6})\] ")


def recorded_lines(kernel):
    """(level, line) of syslog(2)'s text: every line of a message has the prefix there."""
    text = kernel.truth_bytes("dmesg").decode("utf-8", errors="surrogateescape")
    lines = []
    for line in text.rstrip("\n").split("\n"):
        found = re.match(r"<(\d+)>(.*)", line, re.S)
        if found:
            lines.append((int(found[1]), found[2]))
    return lines


def shown(text):
    """How `log` shows bytes that would act on a terminal or are no UTF-8."""
    return "".join(c if c.isprintable() or c in "\t" else "." for c in text)


def prefixed_lines(text):
    """The output of `log` with the indentation of later lines turned into the message's prefix."""
    lines, prefix = [], None
    for line in text.rstrip("\n").split("\n"):
        found = STAMP.match(line)
        if found:
            prefix = found[0]
        elif prefix is not None and line.startswith(" " * len(prefix)):
            line = prefix + line[len(prefix):]
        lines.append(line)
    return lines


def test_log_equals_the_guests_dmesg(kernel):
    wanted = [shown(line) for _, line in recorded_lines(kernel)]
    got = prefixed_lines(kernel.crash("log"))
    expect(len(wanted) > 100, "the guest recorded hardly any message")
    same_lines(got[:len(wanted)], wanted, "log")


def lost_characters(shown, whole):
    """SHOWN is WHOLE but for a few characters:
    a kernel that panics does not wait long for a slow serial port."""
    rest = iter(whole)
    return len(shown) > len(whole) * 3 // 4 and all(c in rest for c in shown)


def test_lost_characters():
    expect(lost_characters("[ 1]  ? __pfx_hwakeup+0x10/0x10", "[ 1]  ? __pfx_hrtimer_wakeup+0x10/0x10"), "some are gone")
    expect(not lost_characters("[ 1]  ? __pfx_hwakeup+0x20/0x10", "[ 1]  ? __pfx_hrtimer_wakeup+0x10/0x10"), "another one")
    expect(not lost_characters("[ 1]", "[ 1]  ? __pfx_hrtimer_wakeup+0x10/0x10"), "most are gone")


def test_log_ends_with_the_panic(kernel):
    """What came after the record is on the serial console only."""
    got = prefixed_lines(kernel.crash("log"))[len(recorded_lines(kernel)):]
    console = kernel.console().replace("\r", "").split("\n")
    start = next(i for i, line in enumerate(console) if line.startswith("LAB: trigger"))
    wanted = [line for line in console[start:] if STAMP.match(line)]
    expect(any("Kernel panic" in line for line in got), "log does not reach the panic")
    expect("end Kernel panic" in got[-1], f"log ends with {got[-1]!r}")
    missing = [line for line in wanted if line not in got and not any(lost_characters(line, whole) for whole in got)]
    expect(not missing, f"on the console but not in log: {missing[:3]}")
    # Nothing else may be there but messages that the console has: user space writes into its lines.
    text = "\n".join(console)
    extra = [line for line in got if STAMP.sub("", line) not in text and not any(lost_characters(shown, line) for shown in wanted)]
    expect(not extra, f"in log but not on the console: {extra[:3]}")


def test_log_levels(kernel):
    wanted = [level & 7 for level, _ in recorded_lines(kernel)]
    got, level = [], None
    for line in kernel.crash("log -m").rstrip("\n").split("\n"):
        found = re.match(r"\[ *\d+\.\d+\] <(\d)>", line)
        level = int(found[1]) if found else level
        got.append(level)
    equal(got[:len(wanted)], wanted, "levels of log -m")


def test_log_without_stamps(kernel):
    stamped, bare = kernel.crash("log"), kernel.crash("log -t")
    same_lines(bare.split("\n"), [line for line in map(lambda l: STAMP.sub("", l), unindented(stamped))], "log -t")


def unindented(text):
    width = 0
    for line in text.split("\n"):
        found = STAMP.match(line)
        if found:
            width = len(found[0])
            yield line
        else:
            yield line[width:]


def test_log_wall_clock(kernel):
    """The first message's time is the guest's boot time, the last one's the time of the crash."""
    lines = kernel.crash("log -T").split("\n")
    first = wall_clock(lines[0])
    boot = int(re.search(r"^btime (\d+)", kernel.truth("proc/stat"), re.M)[1])
    equal(first, boot, "the first message's second, the guest's btime")
    stamps = [float(STAMP.match(l)[0][1:-2]) for l in kernel.crash("log").split("\n") if STAMP.match(l)]
    times = [wall_clock(l) for l in lines if re.match(r"\[\w{3} ", l)]
    equal(len(times), len(stamps), "stamps of log -T")
    late = [i for i in range(len(times)) if abs(times[i] - times[0] - stamps[i]) > 1]
    expect(not late, f"log -T does not advance as the stamps do, from message {late[:1]}")


def wall_clock(line):
    import calendar
    import time

    text = re.match(r"\[(\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d) (\w+) (\d{4})\]", line)
    expect(text, f"no date in {line!r}")
    parsed = time.strptime(f"{text[1]} {text[3]}", "%a %b %d %H:%M:%S %Y")
    return calendar.timegm(parsed) if text[2] in ("UTC", "GMT") else time.mktime(parsed)


def test_log_callers_and_devices(kernel):
    """/dev/kmsg says device and, where the kernel is built for it, caller of each record."""
    records = kernel.truth_bytes("dmesg.kmsg").decode("utf-8", errors="replace").split("\n")
    wanted = [line.strip() for line in records if re.match(r" (SUBSYSTEM|DEVICE)=", line)]
    got = [line.strip() for line in kernel.crash("log -d").split("\n") if re.match(r" +(SUBSYSTEM|DEVICE)=", line)]
    expect(wanted, "the guest recorded no device with its messages")
    same_lines(got[:len(wanted)], wanted, "devices of log -d")
    callers = re.findall(r"^\[ *\d+\.\d+\] \[ *([TC]\d+)\] ", kernel.crash("log -c"), re.M)
    with_caller = [re.search(r"caller=([TC]\d+)", r)[1] for r in records if re.match(r"\d+,\d+,\d+,.*caller=", r)]
    if not with_caller:
        expect(callers[0] == "T0", f"the first message's caller is {callers[0]}, not the idle task")
        return
    same_lines(callers[:len(with_caller)], with_caller, "callers of log -c")


DECODED = re.compile(r"^(.*?) \((\S+):(\d+)\)$")
INLINED = re.compile(r"^ *\(inlined\) (\S+) at (\S+):(\d+)$")
PLACE = re.compile(r"(\S+?)\+0x([0-9a-f]+)/0x([0-9a-f]+)")


def decoded(text):
    """(line, (file, line) or None, [(inlined function, file, line)])
    of each line of log --lines."""
    rows = []
    for line in text.rstrip("\n").split("\n"):
        inlined, source = INLINED.match(line), DECODED.match(line)
        if inlined:
            rows[-1][2].append(inlined.groups())
        elif source and PLACE.search(source[1]):
            rows.append((source[1], source.group(2, 3), []))
        else:
            rows.append((line, None, []))
    return rows


def functions(kernel):
    """name -> {size: address} as the guest's kernel counts:
    up to the next address with a symbol."""
    rows = [line.split() for line in kernel.truth("proc/kallsyms").splitlines()]
    rows = sorted((int(row[0], 16), row[2]) for row in rows if len(row) == 3 and row[1] in "tT")
    found, end = {}, None
    for i in reversed(range(len(rows))):
        if i + 1 < len(rows) and rows[i + 1][0] != rows[i][0]:
            end = rows[i + 1][0]
        if end is not None:
            found.setdefault(rows[i][1], {}).setdefault(end - rows[i][0], set()).add(rows[i][0])
    return found


def told_by_gdb(kernel, addresses):
    """Each address's (line, file) by gdb's own command."""
    answers = kernel.crash(*[f"gdb info line *{address:#x}" for address in addresses], "sym linux_banner")[:-1]
    return [re.match(r'Line (\d+) of "([^"]+)"', answer) for answer in answers]


def check_lines(kernel, rows, addresses):
    for (line, source, _), told in zip(rows, told_by_gdb(kernel, addresses)):
        expect(source and told, f"{line!r}: {source}, gdb {told}")
        expect(source[1] == told[1] and source[0].endswith(told[2]), f"{line!r}: {source}, gdb {told[0]!r}")


def test_log_lines_are_gdbs(kernel):
    """Every reliable line of the panic's Call Trace is at the line of the call:
    a byte below the return address."""
    plain, text = kernel.crash("log", "log --lines")
    rows = decoded(text)
    same_lines([line for line, _, _ in rows], plain.rstrip("\n").split("\n"), "log --lines without what it adds")
    start = max(i for i, (line, _, _) in enumerate(rows) if "Call Trace:" in line)
    trace = [row for row in rows[start:] if PLACE.search(row[0]) and "? " not in row[0]]
    expect(len(trace) > 6, f"{len(trace)} lines in the Call Trace")
    known, addresses = functions(kernel), []
    for line, _, _ in trace:
        name, offset, size = PLACE.search(line).groups()
        starts = known[name][int(size, 16)]
        equal(len(starts), 1, f"functions {name} of {size} bytes")
        addresses.append(min(starts) + int(offset, 16) - 1)
    check_lines(kernel, trace, addresses)
    check_inlined(kernel, trace, addresses)


def check_inlined(kernel, rows, addresses):
    """binutils' addr2line, which shares no code with us, names the same functions and lines."""
    offset = int(re.search(r"Kernel Offset: 0x([0-9a-f]+)", kernel.crash("log"))[1], 16)
    done = subprocess.run(["addr2line", "-a", "-f", "-i", "-e", kernel.vmlinux, *[hex(a - offset) for a in addresses]],
                          capture_output=True, text=True, check=True)
    answers = re.split(r"^0x[0-9a-f]+\n", done.stdout, flags=re.M)[1:]
    equal(len(answers), len(addresses), "answers of addr2line")
    nr_inlined = 0
    for (line, _, inlined), answer in zip(rows, answers):
        words = answer.split("\n")[:-1]
        callers = [re.search(r":(\d+)", place)[1] for place in words[3::2]]
        wanted = list(zip(words[0:-2:2], callers))
        equal([(name, number) for name, _, number in inlined], wanted, f"inlined functions of {line!r}")
        nr_inlined += len(wanted)
    expect(nr_inlined, "no function is inlined in the whole Call Trace")


def test_log_lines_of_functions_with_one_name(kernel):
    """By the size behind the slash; RIP is no return address;
    a size that no function has gets no line. In a copy of the dump whose log says so."""
    known = functions(kernel)
    several = {name: sizes for name, sizes in known.items() if len(name) < 12 and len(sizes) > 1
               and all(len(starts) == 1 for starts in sizes.values()) and all(size > 0x40 for size in sizes)
               and all(start < 0xffffffffc0000000 for starts in sizes.values() for start in starts)}
    name, sizes = next(item for item in sorted(several.items()) if len(item[1]) == 2)
    (small, first), (large, second) = sorted(sizes.items())
    panic = re.search(r"(?<!\w)panic\+0x([0-9a-f]+)/0x([0-9a-f]+)", kernel.crash("log"))
    (panic_start,) = known["panic"][int(panic[2], 16)]
    cases = [(f"{name}+0x21/{small:#x}", min(first) + 0x20), (f"{name}+0x21/{large:#x}", min(second) + 0x20),
             (f"RIP: 0010:{panic[0]}", panic_start + int(panic[1], 16)), (f"{name}+0x21/0xfffff", None)]
    pool = re.findall(r"lab: long 0+", kernel.crash("log"))
    expect(pool and len(pool[0]) > 300, "the guest's long message is missing")
    with tempfile.TemporaryDirectory() as folder:
        changed, shown_rows = pathlib.Path(folder) / "vmcore", []
        shutil.copyfile(kernel.vmcore, changed)
        with changed.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
            text = "\n".join(case for case, _ in cases) + "\n"
            old = pool[0].encode()
            at = memory.find(old)
            while at >= 0:
                memory[at:at + len(text)] = text.encode()
                at = memory.find(old, at + 1)
        result = run_crash("-s", kernel.vmlinux, changed, stdin="log --lines\nquit\n")
        for case, _ in cases:
            rows = [row for row in decoded(result.stdout) if row[0].endswith(case) and "Call Trace" not in row[0]]
            shown_rows.append(next(row for row in rows if row[0].split("] ")[-1].strip() == case))
    check_lines(kernel, shown_rows[:3], [address for _, address in cases[:3]])
    equal(shown_rows[3][1:], (None, []), "a size that no function has")


def places_by_addr2line(file, places):
    """(function, line) of each "name+offset" in a module's .text, by binutils:
    innermost first, all that are inline there."""
    starts = {row[2]: int(row[0], 16) for row in
              (line.split() for line in subprocess.run(["nm", file], capture_output=True, text=True, check=True).stdout.splitlines())
              if len(row) == 3 and row[1] in "tT"}
    done = subprocess.run(["addr2line", "-a", "-f", "-i", "-j", ".text", "-e", file,
                           *[hex(starts[name] + offset) for name, offset in places]], capture_output=True, text=True, check=True)
    answers = [part.splitlines() for part in re.split(r"^0x[0-9a-f]+\n", done.stdout, flags=re.M)[1:]]
    return [[(words[i], int(re.search(r":(\d+)", words[i + 1])[1])) for i in range(0, len(words), 2)] for words in answers]


def test_log_lines_of_a_modules_oops(kernel):
    """RIP is where the processor was, Call Trace lines are calls;
    of a module once `mod -s` has its debug information."""
    if "mod-process" not in dumps.needed(kernel.name):
        raise Skipped("the lab builds no module for this kernel")
    dump = kernel.dump("mod-process")
    text = run_crash("-s", dump.vmlinux, dump.vmcore, stdin="log --lines > /dev/null\nmod -s lab_mod > /dev/null\nlog --lines\nquit\n").stdout
    rows = [row for row in decoded(text.split("sysrq: The lab's own crash", 1)[1]) if "[lab_mod]" in row[0] and "? " not in row[0]]
    places = [(name.split(":")[-1], int(offset, 16) - ("RIP" not in line)) for line, _, _ in rows for name, offset, _ in [PLACE.search(line).groups()]]
    expect("store_to_null" in [name for name, _ in places] and "thread_runs" in [name for name, _ in places], f"lines of lab_mod: {rows}")
    for (line, source, inlined), wanted in zip(rows, places_by_addr2line(dump.folder / "modules/lab_mod.ko", places)):
        expect(source and source[0].endswith("lab_mod.c"), f"{line!r}: {source}")
        equal(int(source[1]), wanted[0][1], f"line of {line!r}")
        equal([(name, int(number)) for name, _, number in inlined], [(name, call[1]) for (name, _), call in zip(wanted, wanted[1:])],
              f"inlined at {line!r}")
    # A RIP line of the kernel's own, in another oops.
    dump = kernel.dump("mod-null")
    expect(re.search(r"RIP: 0010:0x0$", dump.crash("log --lines"), re.M), "a RIP that lies in no function has a line")


def test_log_lines_without_debug_information(kernel):
    """One message says what is missing; the log is as without the option."""
    with tempfile.TemporaryDirectory() as folder:
        bare = pathlib.Path(folder) / "vmlinux"
        subprocess.run(["objcopy", "--strip-debug", kernel.vmlinux, bare], check=True)
        result = run_crash("-s", bare, kernel.vmcore, stdin="log --lines\nquit\n")
        alone = pathlib.Path(folder) / "vmcore"
        alone.symlink_to(kernel.vmcore.resolve())
        bare.unlink()
        lonely = run_crash("-s", alone, stdin="log --lines\nquit\n")
    same_lines(result.stdout.splitlines(), kernel.crash("log").splitlines(), "log --lines without debug information")
    equal(result.stderr.count("log --lines: no lines of source"), 1, "messages")
    expect("has no debug information" in result.stderr, result.stderr[:300])
    build_id = run_crash("--build-id", kernel.vmcore).stdout.strip()
    expect("no lines of source" in lonely.stderr and build_id in lonely.stderr, f"without a vmlinux: {lonely.stderr[:300]}")


def file_offset(path, physical):
    """Where an ELF dump has the byte of this physical address."""
    with path.open("rb") as file:
        header = file.read(64)
        start, count = struct.unpack_from("<Q", header, 32)[0], struct.unpack_from("<H", header, 56)[0]
        file.seek(start)
        for _ in range(count):
            kind, _, offset, _, at, length = struct.unpack_from("<IIQQQQ", file.read(56))
            if kind == 1 and at <= physical < at + length:
                return offset + physical - at
    raise AssertionError(f"physical address {physical:x} is in no segment of {path}")


def test_log_of_the_cpus_own_buffers(kernel):
    """Kernels before v5.15 have them. They are empty in the dump;
    a copy gets a message for CPU 1."""
    text = kernel.crash("log -s")
    if not re.search(r" \(\w\) nmi_print_seq$", kernel.crash("sym -q nmi_print_seq"), re.M):
        expect("it has no printk_safe buffers" in text, f"log -s: {text!r}")
        raise Skipped("no printk_safe buffers since v5.15")
    rows = re.findall(r"^CPU: (\d+)  ADDR: ([0-9a-f]{16}) LEN: 0  MESSAGE_LOST: 0\n  \(empty\)$", text, re.M)
    equal([cpu for cpu, _ in rows], ["0", "1", "0", "1"], "CPUs of both buffers")
    equal(re.findall(r"^PRINTK_SAFE_SEQ_BUF: (\w+)$", text, re.M), ["nmi_print_seq", "safe_print_seq"], "buffers")
    places = kernel.crash("p nmi_print_seq")
    expect(all(f"[{cpu}]: {address}" in places for cpu, address in rows[:2]), f"{rows} are not in {places!r}")
    message = b"\x014NMI from nowhere\n\x01cand more of it\n"
    physical = int(kernel.crash(f"vtop {rows[1][1]}").splitlines()[1].split()[1], 16)
    place = int(re.search(r"\[(\d+)\]", kernel.crash("struct printk_safe_seq_buf.buffer"))[1])
    with tempfile.TemporaryDirectory() as folder:
        changed = pathlib.Path(folder) / "vmcore"
        shutil.copyfile(kernel.vmcore, changed)
        at = file_offset(changed, physical)
        with changed.open("r+b") as file:
            file.seek(at)
            file.write(struct.pack("<II", len(message), 3))
            file.seek(at + place)
            file.write(message)
        shown_text = run_crash("-s", kernel.vmlinux, changed, stdin="log -s\n").stdout
    expect(f"ADDR: {rows[1][1]} LEN: {len(message)}  MESSAGE_LOST: 3\n  NMI from nowhere\n  and more of it\n\nPRINTK_SAFE" in shown_text,
           f"log -s: {shown_text!r}")
