# What programs inside crash take out of the answers of its commands, by the expressions that they use.
# SPDX-License-Identifier: GPL-3.0-or-later
import re

from harness import equal, expect

HEADER = re.compile(r'^PID:\s+(\d+)\s+TASK:\s+([\da-f]+)\s+CPU:\s(\d+)\s+COMMAND:\s+"([^"]+)"')
FRAME = re.compile(r"^\s*#(\d+)\s+\[([\da-f]+)\]\s+(\S+)\s+at\s+([\da-f]+)(?:\s+\[(\w+)\])?$")


def test_sys_is_pairs(kernel):
    """Split at the first colon; a line without one goes on with the value before."""
    found, last = {}, None
    for line in kernel.crash("sys").splitlines():
        if ":" in line:
            last, value = line.split(":", 1)
            last = last.strip()
            found[last] = value.strip()
        else:
            found[last] += line.strip()
    equal((found["RELEASE"], found["NODENAME"]), (kernel.truth("proc/sys/kernel/osrelease").strip(), kernel.truth("proc/sys/kernel/hostname").strip()), "sys")
    expect({"KERNEL", "DUMPFILE", "CPUS", "DATE", "UPTIME", "LOAD AVERAGE", "TASKS", "VERSION", "MACHINE", "MEMORY", "PANIC"} <= set(found), str(sorted(found)))


def test_stacks_are_parsed(kernel):
    """Tasks are split at an empty line, the first line is the header,
    what begins with # is a frame."""
    for command in ("bt", "bt -a", "foreach bt"):
        tasks = [part for part in kernel.crash(command).rstrip("\n").split("\n\n") if part.strip()]
        pids = []
        for part in tasks:
            lines = part.strip("\n").split("\n")
            header = HEADER.match(lines[0])
            expect(header, f"{command}: {lines[0]!r}")
            pids.append(int(header[1]))
            frames = [re.sub(r"\s+\(via [^)]*\)", "", line) for line in lines[1:] if line.lstrip().startswith("#")]
            for i, line in enumerate(frames):
                found = FRAME.match(line)
                expect(found and int(found[1]) == i, f"{command}: frame {i}: {line!r}")
            for line in lines:
                if "exception RIP" in line:
                    expect(re.search(r"\[exception RIP: (?:[\w.]+\+\d+|[\w.]+|unknown or invalid address)\]", line), f"{command}: {line!r}")
        everybody = re.findall(r"^[> ]\s*(\d+) ", kernel.crash("ps"), re.M)
        if command == "foreach bt":
            equal(sorted(pids), sorted(map(int, everybody)), "tasks of foreach bt")


def test_text_of_a_stack(kernel):
    lines = [line for line in kernel.crash("bt -t").splitlines() if "START:" in line]
    expect(lines and all(re.match(r"\s+START: (\S+) at ([\da-f]+)$", line) for line in lines), f"bt -t: {lines!r}")


def test_modules_are_a_table(kernel):
    """From the second line on: address, name ...;
    MODULE in the answer of mod -s says that it is loaded."""
    rows = [line.split() for line in kernel.crash("mod").splitlines()[1:]]
    equal(sorted(row[1] for row in rows), sorted(line.split()[0] for line in kernel.truth("proc/modules").splitlines()), "names")
    expect(all(re.fullmatch(r"[\da-f]{16}", row[0]) for row in rows), str(rows[:1]))
    text = kernel.crash("mod -s virtio_blk", options=("--mod", str(kernel.folder / "modules")))
    expect("MODULE" in text.splitlines()[0], f"mod -s: {text!r}")


def test_memory_is_a_table(kernel):
    """kmem -i: NAME, pages, total with its unit, and a share."""
    rows = {}
    for line in kernel.crash("kmem -i").splitlines():
        found = re.match(r"^\s*([A-Z][A-Z ]*[A-Z])\s+(\d+)\s+(\d+(?:\.\d+)?)\s([KMGT]?B)\s+(?:(\d+)%|----)", line)
        if found:
            rows[found[1]] = int(found[2])
    expect({"TOTAL MEM", "FREE", "USED", "BUFFERS", "CACHED", "SLAB"} <= set(rows), f"kmem -i: {sorted(rows)}")
    equal(rows["TOTAL MEM"], int(re.search(r"MemTotal:\s+(\d+)", kernel.truth("proc/meminfo"))[1]) // 4, "pages of all memory")


def test_symbols_are_found(kernel):
    """sym -q and -l have `address (letter) name`;
    sym ADDRESS has function+offset as its third word."""
    for line in kernel.crash("sym -q jiffies_64").splitlines():
        expect(re.match(r"^([\da-f]+) \(\w\) (\S+)", line), f"sym -q: {line!r}")
    table = re.findall(r"^([\da-f]+) \((\w)\) (\S+)$", kernel.crash("sym -l"), re.M)
    expect(len(table) > 50000, f"sym -l: {len(table)} names")
    address = next(int(where, 16) for where, letter, name in table if name == "schedule")
    words = kernel.crash(f"sym {address + 4:x}").split()
    equal(words[2], "schedule+4", "sym ADDRESS")


def test_words_of_memory(kernel):
    address = int(kernel.crash("sym linux_banner").split()[0], 16)
    where, value = re.match(r"^([\da-f]+):\s+([\da-f]+)", kernel.crash(f"rd {address:x}")).groups()
    equal((int(where, 16), bytes.fromhex(value)[::-1]), (address, kernel.truth_bytes("proc/version")[:8]), "rd ADDRESS")


def test_members_without_struct(kernel):
    """struct.member ADDRESS: the last word is the value,
    with a comma behind it as crash 9 has it."""
    address = kernel.crash("sym init_task").split()[0]
    last = kernel.crash(f"task_struct.prio {address}").split()[-1]
    expect(re.fullmatch(r"\d+,", last), f"task_struct.prio: {last!r}")
    equal(last.rstrip(","), kernel.crash(f"task_struct.prio -d {address}").split()[-1].rstrip(","), "task_struct.prio")


def test_tasks_are_rows(kernel):
    """ps: nine columns, once a > in front is cut off."""
    rows = [re.sub(r"^>", " ", line).split(None, 8) for line in kernel.crash("ps").splitlines()[1:]]
    expect(all(len(row) == 9 and row[0].isdigit() and re.fullmatch(r"[\da-f]{16}", row[3]) and re.fullmatch(r"[A-Z]{2}", row[4]) for row in rows),
           f"ps: {[row for row in rows if len(row) != 9][:2]}")
    recorded = {int(path.name) for path in kernel.truth_paths("proc/[0-9]*")}
    expect(recorded - {int(row[0]) for row in rows} == set() or len(recorded - {int(row[0]) for row in rows}) < 5, "tasks that the guest recorded")
