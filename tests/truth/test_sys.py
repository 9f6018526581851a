# `sys` against what the guest says of itself.
# SPDX-License-Identifier: GPL-3.0-or-later
import calendar
import pathlib
import re
import sys
import time

from harness import equal, expect, run_crash

sys.path[:0] = [str(pathlib.Path(__file__).parent)]
from test_ps import clock_of_dump  # noqa: E402


def page(text):
    rows = {}
    for line in text.splitlines():
        found = re.match(r" *([A-Z ]+?): (.*)$", line)
        if found:
            rows[found[1]] = found[2]
    return rows


def test_sys_identity(kernel):
    rows = page(kernel.crash("sys"))
    equal(rows["RELEASE"], kernel.truth("proc/sys/kernel/osrelease").strip(), "RELEASE")
    equal(rows["VERSION"], kernel.truth("proc/sys/kernel/version").strip(), "VERSION")
    equal(rows["NODENAME"], kernel.truth("proc/sys/kernel/hostname").strip(), "NODENAME")
    expect(rows["MACHINE"].startswith("x86_64  ("), f"MACHINE: {rows['MACHINE']!r}")
    equal(rows["KERNEL"], str(kernel.vmlinux), "KERNEL")
    equal(rows["DUMPFILE"], str(kernel.vmcore), "DUMPFILE")


def test_sys_clocks(kernel):
    rows = page(kernel.crash("sys"))
    recorded = float(kernel.truth("proc/uptime").split()[0])
    hours, minutes, seconds = map(int, rows["UPTIME"].split(":"))
    uptime = hours * 3600 + minutes * 60 + seconds
    # A panicked kernel's clocks may run on until the host has stopped it, however long that takes;
    # or one stops at once.
    latest = clock_of_dump(kernel)
    expect(int(recorded) <= uptime <= latest + 1, f"UPTIME {uptime} s, the guest recorded {recorded} s, its scheduler's clock says {latest}")
    boot = int(re.search(r"^btime (\d+)", kernel.truth("proc/stat"), re.M)[1])
    date = re.match(r"(\w+ \w+ [ \d]\d [\d:]+) (\w+) (\d+)$", rows["DATE"])
    expect(date, f"DATE: {rows['DATE']!r}")
    parsed = time.strptime(f"{date[1]} {date[3]}", "%a %b %d %H:%M:%S %Y")
    stamp = calendar.timegm(parsed) if date[2] in ("UTC", "GMT") else time.mktime(parsed)
    expect(abs(stamp - boot - uptime) <= 2, f"DATE {rows['DATE']} is not boot time + UPTIME")


def test_sys_cpus_and_memory(kernel):
    rows = page(kernel.crash("sys"))
    cpus = len(re.findall(r"^processor\s*:", kernel.truth("proc/cpuinfo"), re.M))
    found = re.match(r"(\d+)(?: \[OFFLINE: (\d+)\])?$", rows["CPUS"])
    expect(found, f"CPUS: {rows['CPUS']!r}")
    equal(int(found[1]), cpus, "CPUS")
    mhz = re.search(r"\((\d+) Mhz\)", rows["MACHINE"])
    recorded = float(re.search(r"cpu MHz\s*: ([\d.]+)", kernel.truth("proc/cpuinfo"))[1])
    expect(mhz and abs(int(mhz[1]) - recorded) <= 1, f"{rows['MACHINE']}, the guest said {recorded} MHz")
    present = sum(map(int, re.findall(r"^ +present +(\d+)", kernel.truth("proc/zoneinfo"), re.M)))
    equal(rows["MEMORY"], f"{present * 4096 / 2**20:.1f} MB".replace(".0 ", " "), "MEMORY")


def test_sys_load_average(kernel):
    """The averages move a little between record and crash; a wrong reading is far off."""
    recorded = [float(x) for x in kernel.truth("proc/loadavg").split()[:3]]
    got = [float(x) for x in page(kernel.crash("sys"))["LOAD AVERAGE"].split(",")]
    equal(len(got), 3, "LOAD AVERAGE")
    for mine, theirs, minutes in zip(got, recorded, (1, 5, 15)):
        # At most two runnable tasks for the time between the two.
        seconds = clock_of_dump(kernel) - float(kernel.truth("proc/uptime").split()[0]) + 6
        expect(abs(mine - theirs) <= 3 * seconds / (60 * minutes) + 0.02, f"load {got}, the guest recorded {recorded}")


def test_sys_panic(kernel):
    line = re.search(r"\] (Kernel panic - not syncing: .*)", kernel.console())[1].strip()
    equal(page(kernel.crash("sys"))["PANIC"], f'"{line}"', "PANIC")


def test_sys_taints(kernel):
    mask = int(kernel.truth("proc/sys/kernel/tainted"))
    words = kernel.crash("sys -t").split()
    equal(words[:2], ["TAINTED_MASK:", f"{mask:x}"], "sys -t")
    not_tainted = "Not tainted" in kernel.console()
    equal(len(words) == 2, not_tainted, "whether sys -t has letters")


def test_sys_dmi(kernel):
    """The kernel's own line: "DMI: VENDOR PRODUCT, BIOS VERSION DATE"."""
    rows = {}
    for line in kernel.crash("sys -i").splitlines():
        name, _, value = line.strip().partition(": ")
        rows[name] = value
    line = re.search(r"DMI: (.*, BIOS .*)", kernel.truth("dmesg"))[1]
    equal(f"{rows['DMI_SYS_VENDOR']} {rows['DMI_PRODUCT_NAME']}, BIOS {rows['DMI_BIOS_VERSION']} {rows['DMI_BIOS_DATE']}",
          line.strip(), "DMI")


def test_sys_panic_is_refused(kernel):
    result = run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin="sys -panic\nquit\n")
    expect("live" in result.stdout + result.stderr, "sys -panic gives no reason")
    equal(result.status, 2, "status of a session with a failed command")
