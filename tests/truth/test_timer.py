# timer: high-resolution timers as /proc/timer_list had them; the timer wheel, whose own bits say which lists have timers.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import re

from harness import equal, expect

DUMPS = ("sysrq", "nmi")
SECOND = 10 ** 9
ARRAY_SHIFT = 22  # in timer_list.flags: on which list of the wheel it is


def rows(dump, command):
    return [json.loads(line) for line in dump.crash(f"{command} --json").splitlines()]


def recorded(dump):
    """(now, {(cpu, clock): offset}, {address: (cpu, clock, function, soft, hard)})"""
    text = dump.truth("proc/timer_list")
    offsets, timers, cpu, clock, timer = {}, {}, None, None, None
    for line in text.splitlines():
        if match := re.match(r"cpu: (\d+)", line):
            cpu, clock = int(match[1]), None
        elif match := re.match(r" clock (\d+):", line):
            clock = int(match[1])
        elif match := re.match(r"  \.offset: +(\d+) nsecs", line):
            offsets[cpu, clock] = int(match[1])
        elif match := re.match(r" #\d+: <([0-9a-f]+)>, (\w\S*),", line):
            timer = match[1], match[2]
        elif match := re.match(r" # expires at (\d+)-(\d+) nsecs", line):
            timers["0x" + timer[0]] = (cpu, clock, timer[1], int(match[1]), int(match[2]))
    return int(re.search(r"^now at (\d+) nsecs", text, re.M)[1]), offsets, timers


def addresses_are_hashed(kernel):
    """The record of old kernels has hashes in the place of addresses."""
    return kernel.name == "5.10"


def found(dump):
    """({(cpu, clock): row}, {address: (cpu, clock, function, soft, hard)})"""
    clocks, timers = {}, {}
    for row in rows(dump, "timer -r"):
        for clock in row["clocks"]:
            clocks[row["cpu"], clock["clock"]] = clock
            expect("lists_error" not in clock, clock)
            for timer in clock["timers"]:
                timers[timer["hrtimer"]] = (row["cpu"], clock["clock"], timer["function"], timer["soft_expires"], timer["expires"])
    return clocks, timers


def test_high_resolution(kernel):
    """What was to expire long after the crash is where it was, with its function."""
    for name in DUMPS:
        dump = kernel.dump(name)
        now, _, then = recorded(dump)
        clocks, timers = found(dump)
        far = {address: timer for address, timer in then.items() if timer[1] == 0 and timer[4] > now + 600 * SECOND}
        expect(len(far) >= 5, f"{name}: only {len(far)} timers are far ahead")
        if addresses_are_hashed(kernel):
            for timer in far.values():
                equal(list(timers.values()).count(timer), 1, f"{name}: {timer}")
            then = {}
        else:
            for address, timer in far.items():
                equal(timers.get(address), timer, f"{name}: timer {address}")
        expect({"posix_timer_fn", "it_real_fn", "timerfd_tmrproc", "hrtimer_wakeup"} <= {timer[2] for timer in far.values()}, f"{name}: {far}")
        for address in set(then) & set(timers):
            # Memory of a timer on a stack is used again by another.
            if then[address][2] != "hrtimer_wakeup":
                equal(timers[address][2], then[address][2], f"{name}: function of {address}")
        for cpu in {cpu for cpu, _ in clocks}:
            expect(any(t[0] == cpu and t[2].startswith(("tick_sched_timer", "tick_nohz_handler")) for t in timers.values()), f"{name}: CPU {cpu} has no tick")


def test_clocks(kernel):
    """Their addresses and names, and how far each is from the monotonic one."""
    for name in DUMPS:
        dump = kernel.dump(name)
        text = dump.truth("proc/timer_list")
        now, offsets, _ = recorded(dump)
        clocks, _ = found(dump)
        equal(sorted(clocks), sorted(offsets), f"{name}: clocks")
        bases = re.findall(r"  \.base: +([0-9a-f]+)", text)
        if not addresses_are_hashed(kernel):
            equal([clock["hrtimer_clock_base"] for _, clock in sorted(clocks.items())], ["0x" + base for base in bases], f"{name}: bases")
        names = re.findall(r"  \.get_time: +(\w+)", text)
        if names:
            equal([clock["name"] for _, clock in sorted(clocks.items())], names, f"{name}: names")
        equal([clock["name"] for _, clock in sorted(clocks.items())][:8],
              ["ktime_get", "ktime_get_real", "ktime_get_boottime", "ktime_get_clocktai"] * 2, f"{name}: names")
        for where, clock in clocks.items():
            monotonic = clocks[where[0], 0]["now"]
            expect(now <= monotonic <= now + 600 * SECOND, f"{name}: {monotonic} ns, recorded at {now}")
            expect(abs(clock["now"] - monotonic - offsets[where]) < SECOND, f"{name}: {clock['name']} is at {clock['now']}")


def test_high_resolution_order(kernel):
    for name in DUMPS:
        clocks, _ = found(kernel.dump(name))
        expect(sum(len(clock["timers"]) for clock in clocks.values()) > 10, f"{name}: few timers")
        for clock in clocks.values():
            times = [timer["expires"] for timer in clock["timers"]]
            equal(times, sorted(times), f"{name}: order on {clock['hrtimer_clock_base']}")
            for timer in clock["timers"]:
                expect(timer["soft_expires"] <= timer["expires"], timer)
                equal(timer["tte"], timer["soft_expires"] - clock["now"], "TTE")


def test_high_resolution_text(kernel):
    text, (row,) = kernel.crash("timer -r -C 0"), rows(kernel, "timer -r -C 0")
    lines = text.splitlines()
    equal(lines[0], f"CPU: 0  HRTIMER_CPU_BASE: {row['hrtimer_cpu_base'][2:]}", "first line")
    equal(lines[1], f"  CLOCK: 0  HRTIMER_CLOCK_BASE: {row['clocks'][0]['hrtimer_clock_base'][2:]}  [ktime_get]", "clock")
    equal((lines[2].split(), lines[3].split()), (["CURRENT"], [str(row["clocks"][0]["now"])]), "current time")
    equal(lines[4].split(), ["SOFTEXPIRES", "EXPIRES", "TTE", "HRTIMER", "FUNCTION"], "heading")
    for line, timer in zip(lines[5:], row["clocks"][0]["timers"]):
        equal(line.split(), [str(timer["soft_expires"]), str(timer["expires"]), str(timer["tte"]), timer["hrtimer"][2:], timer["address"][2:],
                             f"<{timer['function']}>"], "a timer")
    expect("  (empty)" in lines, "no clock is empty")
    expect("CPU: 1 " not in text, "another CPU is shown")


def wheel(dump, options=""):
    return rows(dump, f"timer {options}")


def test_jiffies(kernel):
    for name in DUMPS:
        dump = kernel.dump(name)
        then = int(re.search(r"^jiffies: (\d+)", dump.truth("proc/timer_list"), re.M)[1])
        now = wheel(dump)[0]["jiffies"]
        expect(then <= now <= then + 150000, f"{name}: jiffies {now}, recorded {then}")


def test_bases(kernel):
    """Every CPU has all its bases: three since Linux 6.9."""
    names = ["BASE_STD", "BASE_DEF"] if kernel.name in ("5.10", "6.1") else ["BASE_LOCAL", "BASE_GLOBAL", "BASE_DEF"]
    bases = wheel(kernel)[1:]
    equal([(row["cpu"], row["base"]) for row in bases], [(cpu, name) for cpu in (0, 1) for name in names], "bases")
    for row in bases:
        cpu = json.loads(kernel.crash(f"struct timer_base.cpu,clk,next_expiry {row['timer_base'][2:]} --json"))["value"]
        equal((row["cpu"], row["clk"], row["next_expiry"]), (cpu["cpu"], cpu["clk"], cpu["next_expiry"]), "what the base says")


def test_all_timers(kernel):
    """The lists on which they are found are exactly those that the base has marked."""
    total = 0
    for name in DUMPS:
        dump = kernel.dump(name)
        bases = wheel(dump)[1:]
        timers = [timer for row in bases for timer in row["timers"]]
        commands = [f"struct timer_base.pending_map {row['timer_base'][2:]} --json" for row in bases]
        members = [f"struct timer_list.flags,expires,function {timer['timer_list'][2:]} --json" for timer in timers]
        dump.crash(*commands, *members)
        for row, command in zip(bases, commands):
            words = json.loads(dump.crash(command))["value"]["pending_map"]
            marked = {64 * i + bit for i, word in enumerate(words) for bit in range(64) if word >> bit & 1}
            seen = set()
            for timer in row["timers"]:
                value = json.loads(dump.crash(f"struct timer_list.flags,expires,function {timer['timer_list'][2:]} --json"))["value"]
                equal(timer["expires"], value["expires"], "expires")
                expect(timer["address"][2:] in json.dumps(value["function"]), f"function {value['function']} of {timer}")
                seen.add(value["flags"] >> ARRAY_SHIFT)
                total += 1
            equal(seen, marked, f"{name}: lists of {row['base']} of CPU {row['cpu']}")
            expect("lists_error" not in row, row.get("lists_error"))
    expect(total > 30, f"only {total} timers")


def test_order_and_functions(kernel):
    bases = wheel(kernel, "-v")
    now, works = bases[0]["jiffies"], 0
    for row in bases[1:]:
        times = [timer["expires"] for timer in row["timers"]]
        equal(times, sorted(times), f"{row['base']} of CPU {row['cpu']}")
        for timer in row["timers"]:
            equal(timer["tte"], timer["expires"] - now, "TTE")
            expect(re.fullmatch(r"[a-z_]\w*(\.\w+)*( \[\w+\])?", timer["function"]), timer)
            equal("work" in timer and timer["work"] is not None, timer["function"] == "delayed_work_timer_fn", timer)
            if timer.get("work"):
                expect(re.fullmatch(r"[a-z_]\w*(\.\w+)*( \[\w+\])?", timer["work"]), timer)
                works += 1
    expect(works > 3, f"{works} works")
    everything = {timer.get("work") for row in bases[1:] for timer in row["timers"]}
    expect({"vmstat_shepherd", "neigh_managed_work", "check_lifetime", "crng_reseed", "do_cache_clean"} & everything, everything)


def test_text(kernel):
    lines, data = kernel.crash("timer -v -C 1").splitlines(), wheel(kernel, "-v -C 1")
    equal(lines[:3], ["JIFFIES   ", str(data[0]["jiffies"]), ""], "jiffies")
    at = 3
    for row in data[1:]:
        equal(lines[at], f"TIMER_BASES[1][{row['base']}]: {row['timer_base'][2:]}", "a base")
        if not row["timers"]:
            equal(lines[at + 1], "  (none)", "no timers")
            at += 2
            continue
        equal(lines[at + 1].split(), ["EXPIRES", "TTE", "TIMER_LIST", "FUNCTION"], "heading")
        for line, timer in zip(lines[at + 2:], row["timers"]):
            words = [str(timer["expires"]), str(timer["tte"]), timer["timer_list"][2:], timer["address"][2:], f"<{timer['function']}>"]
            equal(line.split(), words + [timer[key] for key in ("work",) if timer.get(key)], "a timer")
        at += 2 + len(row["timers"])
    equal(at, len(lines), "lines")
    expect("delayed_work_timer_fn" in kernel.crash("timer"), "no work")
    equal([line.rstrip() for line in kernel.crash("timer -C 1").splitlines()],
          [re.sub(r"(>)  \S+.*$", r"\1", line).rstrip() for line in lines], "timer without -v")


def test_refusals(kernel):
    for command, wanted in (("timer 5", "timer: unexpected argument: 5"), ("timer -C 9", "timer: "), ("timer -C x", "timer: ")):
        expect(kernel.crash(command).startswith(wanted), f"{command}: {kernel.crash(command)!r}")
