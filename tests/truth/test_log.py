# `log` against the guest's own record of its messages, and the panic's lines on its console.
# SPDX-License-Identifier: GPL-3.0-or-later
import re

from harness import equal, expect, same_lines

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


def test_log_ends_with_the_panic(kernel):
    """What came after the record is on the serial console only."""
    got = prefixed_lines(kernel.crash("log"))[len(recorded_lines(kernel)):]
    console = kernel.console().replace("\r", "").split("\n")
    start = next(i for i, line in enumerate(console) if line.startswith("LAB: trigger"))
    wanted = [line for line in console[start:] if STAMP.match(line)]
    expect(any("Kernel panic" in line for line in got), "log does not reach the panic")
    expect("end Kernel panic" in got[-1], f"log ends with {got[-1]!r}")
    missing = [line for line in wanted if line not in got]
    expect(not missing, f"on the console but not in log: {missing[:3]}")
    # Nothing else may be there but messages that the console has: user space writes into its lines.
    text = "\n".join(console)
    extra = [line for line in got if STAMP.sub("", line) not in text]
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
