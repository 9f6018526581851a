# mach: memory maps as the firmware gave them and as the kernel uses them, processors as /proc/cpuinfo had them.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import re

from harness import equal, expect

# Words of dmesg, of old kernels and of new ones.
TYPES = {"usable": "E820_RAM", "System RAM": "E820_RAM", "reserved": "E820_RESERVED", "device reserved": "E820_RESERVED",
         "ACPI data": "E820_ACPI", "ACPI NVS": "E820_NVS"}
# What help -m calls the stacks of mach.
STACKS = {"irq_stacks": "IRQ", "double_fault_stacks": "DOUBLEFAULT", "nmi_stacks": "NMI", "debug_stacks": "DEBUG", "mce_stacks": "MCE",
          "vc_stacks": "VC"}


def rows(kernel, command):
    return [json.loads(line) for line in kernel.crash(f"{command} --json").splitlines()]


def ranges(kernel, table):
    return [(int(row["start"], 16), int(row["end"], 16), row["type"]) for row in rows(kernel, "mach -mm") if row["table"] == table]


def firmware(kernel):
    found = re.findall(r"BIOS-e820: \[mem 0x([0-9a-f]+)-0x([0-9a-f]+)\] +(.*)", kernel.truth("dmesg"))
    return [(int(start, 16), int(end, 16) + 1, TYPES[words.strip()]) for start, end, words in found]


def test_firmware(kernel):
    wanted = firmware(kernel)
    expect(len(wanted) > 5, wanted)
    equal(ranges(kernel, "e820_table_firmware"), wanted, "what the firmware said")
    equal(ranges(kernel, "e820_table_kexec"), wanted, "what a kernel that kexec starts is given")


def test_memory(kernel):
    """RAM is "System RAM" of /proc/iomem; the first page is kept for the firmware."""
    lines = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) : System RAM$", kernel.truth("proc/iomem"), re.M)
    wanted = [(int(start, 16), int(end, 16) + 1) for start, end in lines]
    expect(len(wanted) >= 2, wanted)
    got = [(int(row["start"], 16), int(row["end"], 16)) for row in rows(kernel, "mach -m") if row["type"] == "E820_RAM"]
    equal(got, wanted, "RAM")
    equal([(start, end, kind) for start, end, kind in ranges(kernel, "e820_table") if start == 0], [(0, 4096, "E820_RESERVED")], "the first page")


def test_map_text(kernel):
    text = kernel.crash("mach -m").splitlines()
    equal(text[0], "      PHYSICAL ADDRESS RANGE         TYPE", "heading")
    wanted = [f"{int(row['start'], 16):016x} - {int(row['end'], 16):016x}  {row['type']}" for row in rows(kernel, "mach -m")]
    equal(text[1:], wanted, "lines")
    more = kernel.crash("mach -mm").splitlines()
    equal(more[:len(text)], text, "mach -mm begins with mach -m")
    expect("e820_table_firmware:" in more and "e820_table_kexec:" in more, more)


def processors(kernel):
    """[{key: value}] of /proc/cpuinfo"""
    return [dict(re.findall(r"^(\S[^\t:]*?)\s*: ?(.*)$", part, re.M)) for part in kernel.truth("proc/cpuinfo").split("\n\n") if part.strip()]


def test_machine(kernel):
    (row,) = rows(kernel, "mach")
    cpus = processors(kernel)
    equal((row["cpus"], row["machine"], row["page_size"]), (len(cpus), "x86_64", 4096), "machine")
    # The clock of the virtual processor is measured at each boot: the kernel rounds it as it likes.
    expect(abs(row["mhz"] - float(cpus[0]["cpu MHz"])) < 1.01, (row["mhz"], cpus[0]["cpu MHz"]))
    # jiffies of the record count from five minutes before 2^32.
    timers = kernel.truth("proc/timer_list")
    jiffies, now = (int(re.search(rf"^{words} (\d+)", timers, re.M)[1]) for words in ("jiffies:", "now at"))
    expect(abs((jiffies - (1 << 32)) / row["hz"] + 300 - now / 1e9) < 1, f"HZ of {row['hz']}: jiffies {jiffies} at {now} ns")
    ram = sum(end - start for start, end, kind in ranges(kernel, "e820_table") if kind == "E820_RAM")
    expect(abs(row["memory"] - ram) <= 1 << 20, f"{row['memory']} of {ram} bytes")
    lines = kernel.crash("mach").splitlines()
    for label, value in (("MACHINE TYPE", "x86_64"), ("HZ", str(row["hz"])), ("PROCESSOR SPEED", f"{row['mhz']} Mhz"),
                         ("KERNEL VIRTUAL BASE", row["direct_map"][2:]), ("KERNEL VMALLOC BASE", row["vmalloc"][2:]),
                         ("KERNEL VMEMMAP BASE", row["vmemmap"][2:]), ("KERNEL START MAP", row["kernel_map"][2:]),
                         ("KERNEL MODULES BASE", row["modules"][2:]), ("PAGE SIZE", "4096"), ("KERNEL STACK SIZE", str(row["stack_size"]))):
        expect(f"{label:>22}: {value}" in lines, f"{label}: {lines[:14]}")
    (memory,) = [line.split(": ", 1)[1] for line in kernel.crash("sys").splitlines() if line.strip().startswith("MEMORY:")]
    expect(f"{'MEMORY SIZE':>22}: {memory}" in lines, f"MEMORY SIZE of {memory}")


def test_places(kernel):
    """The direct map begins where page 0 is, and symbols are behind the start map."""
    (row,) = rows(kernel, "mach")
    equal(kernel.crash("ptov 0").split()[-2], row["direct_map"][2:], "ptov 0")
    text = int(re.search(r"^([0-9a-f]+) [Tt] _text$|^([0-9a-f]+) T _stext$", kernel.truth("proc/kallsyms"), re.M)[0].split()[0], 16)
    expect(int(row["kernel_map"], 16) < text < int(row["modules"], 16), f"{text:x}")
    if kernel.name != "5.10":  # whose record has hashes in the place of addresses
        areas = [int(line.split("-")[0], 16) for line in kernel.truth("proc/vmallocinfo").splitlines()]
        expect(areas and all(address >= int(row["vmalloc"], 16) for address in areas), "vmallocinfo")
    pages = [int(row["vmemmap"], 16) + 64 * n for n in (256,)]
    expect(kernel.crash(f"kmem -p {pages[0]:x}").splitlines()[-1].split()[1] == "100000", kernel.crash(f"kmem -p {pages[0]:x}"))


def test_stacks(kernel):
    """The same as help -m, which bt goes by."""
    known = re.findall(r"\[(\d+)\] (\w+) stack: ([0-9a-f]+) - ([0-9a-f]+)", kernel.crash("help -m"))
    wanted = {(name, int(cpu), int(start, 16), int(end, 16) - int(start, 16)) for cpu, name, start, end in known}
    (row,) = rows(kernel, "mach")
    got = {(name, stack["cpu"], int(stack["address"], 16), stack["bytes"]) for key, name in STACKS.items() for stack in row.get(key, [])}
    equal(got, wanted, "stacks")
    expect(len(got) >= 8, got)
    lines = kernel.crash("mach").splitlines()
    for key, name in STACKS.items():
        if key not in row:
            continue
        at = lines.index(f"{name + ' STACK SIZE':>22}: {row[key][0]['bytes']}")
        equal(lines[at + 1], f"{name + ' STACKS':>22}:", "heading")
        for line, stack in zip(lines[at + 2:], row[key]):
            equal(line, f"                 CPU {stack['cpu']}: {stack['address'][2:]}{'' if stack['mapped'] else ' [unavailable]'}", name)


def test_nmi_stack(kernel):
    """What an NMI called is on the NMI stack of its CPU."""
    done = 0
    for name in ("nmi", "kdump"):
        dump = kernel.dump(name)
        (row,) = rows(dump, "mach")
        for part in dump.crash("bt -a").split("\n\n"):
            if "--- <NMI exception stack> ---" not in part:
                continue
            stack = row["nmi_stacks"][int(re.search(r"CPU: (\d+)", part)[1])]
            low, upper = int(stack["address"], 16), part.split("--- <NMI")[0]
            for address in re.findall(r"^ *#\d+ \[([0-9a-f]+)\]", upper, re.M):
                expect(low <= int(address, 16) < low + stack["bytes"], f"{name}: {address} is not on {stack}")
                done += 1
    expect(done > 2, f"{done} frames on NMI stacks")


def test_processors(kernel):
    for cpu, row in zip(processors(kernel), rows(kernel, "mach -c"), strict=True):
        value = row["value"]
        equal((row["cpu"], value["x86_vendor_id"], value["x86_model_id"]), (int(cpu["processor"]), cpu["vendor_id"], cpu["model name"]), "processor")
        equal((value["x86"], value["x86_model"]), (int(cpu["cpu family"]), int(cpu["model"])), "family and model")
        equal((value["x86_phys_bits"], value["x86_virt_bits"]), tuple(map(int, re.findall(r"\d+", cpu["address sizes"]))), "address sizes")
    text = kernel.crash("mach -c").splitlines()
    expect(re.fullmatch(r"CPU 0:.*", text[0]) and text[1].startswith("struct cpuinfo_x86 {"), text[:2])
    expect("  x86 = 15," in "\n".join(text) or "x86 = " in "\n".join(text), text[:10])


def test_radix(kernel):
    (first, *_), (hexadecimal, *_), (decimal, *_) = (re.findall(r"x86_model = (\w+)", kernel.crash(form)) for form in ("mach -c", "mach -cx", "mach -c -d"))
    equal((int(hexadecimal, 16), hexadecimal[:2], decimal), (int(first), "0x", first), "x86_model")


def test_refusals(kernel):
    for command, wanted in (("mach 5", "mach: unexpected argument: 5"), ("mach -m -c", "mach: -m and -c do not go together"),
                            ("mach -x", "mach: -x and -d are for -c"), ("mach -c -x -d", "mach: ")):
        expect(kernel.crash(command).startswith(wanted), f"{command}: {kernel.crash(command)!r}")
