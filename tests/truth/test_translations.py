# swap, pte, ptov, ptob, btop: against /proc/swaps, /proc/PID/pagemap and each other.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import pathlib
import re
import sys

from harness import equal, expect

sys.path[:0] = [str(pathlib.Path(__file__).parent)]
from test_vtop import PRESENT, SWAPPED, pagemap, sleepers  # noqa: E402


def rows(kernel, command):
    return [json.loads(line) for line in kernel.crash(f"{command} --json").splitlines()]


def test_swap_areas(kernel):
    own = [line.split() for line in kernel.truth("proc/swaps").splitlines()[1:]]
    found = rows(kernel, "swap")
    equal(len(found), len(own), "areas")
    for row, (name, kind, size, used, priority) in zip(found, own):
        equal((row["name"], row["type"].lower(), row["priority"]), (name, kind, int(priority)), name)
        equal(row["size"], int(size) * 1024, f"{name}: size")
        equal(row["used"], int(used) * 1024, f"{name}: used")
        expect("leaving" not in row, f"{name}: nobody called swapoff")
    expect(any(row["used"] for row in found), "nothing is swapped out")
    for line, row in zip(kernel.crash("swap").splitlines()[1:], found):
        words = line.split()
        equal((words[0], words[4]), (row["swap_info_struct"][2:], f"{row['used'] * 100 // row['size']}%"), "text")


def test_entries_of_pages(kernel):
    """The entry of each page that vtop finds, taken apart by pte."""
    checked = {"mapped": 0, "swapped": 0}
    for pid in sleepers(kernel, 6):
        entries = pagemap(kernel, pid)
        pages = [(address, entry) for address, entry in entries if entry & PRESENT][:2] + [pair for pair in entries if pair[1] & SWAPPED][:2]
        for address, entry in pages:
            (answer,) = rows(kernel, f"vtop -c {pid} {address:x}")
            word = answer["steps"][-1]["entry"][2:]
            (row,) = rows(kernel, f"pte {word}")
            equal(row["pte"], "0x" + word, word)
            if entry & PRESENT:
                large = answer["page_bytes"]
                equal(int(row["physical"], 16) // large, int(answer["physical"], 16) // large, f"{word}: frame")
                equal(row["flags"], answer["flags"], f"{word}: flags")
                checked["mapped"] += 1
            else:
                equal((row["swap"], row["swap_offset"]), (answer["swap"], answer["swap_offset"]), word)
                equal(row["swap_offset"], entry >> 5 & (1 << 50) - 1, f"{word}: slot of the record")
                checked["swapped"] += 1
    expect(checked["mapped"] >= 4, f"{checked}")


def test_swapped_entries(kernel):
    found = 0
    for path in kernel.truth_paths("proc/[0-9]*/pagemap.text"):
        pid = path.parent.name
        for address, entry in [pair for pair in pagemap(kernel, pid) if pair[1] & SWAPPED][:3]:
            (answer,) = rows(kernel, f"vtop -c {pid} {address:x}")
            if "swap" not in answer:
                continue
            (row,) = rows(kernel, f"pte {answer['steps'][-1]['entry'][2:]}")
            equal((row["swap"], row["swap_offset"]), (answer["swap"], entry >> 5 & (1 << 50) - 1), f"pid {pid} at {address:x}")
            found += 1
    expect(found >= 3, f"only {found} swapped pages")


def test_odd_entries(kernel):
    equal(kernel.crash("pte 0").splitlines()[-1].split(), ["0", "0", "(no", "mapping)"], "an empty entry")
    expect("no swap area has number 31" in kernel.crash("pte fbffffffffa01e00"), "a mark of the kernel's")
    expect("beyond the end of the area" in kernel.crash("pte 80"), "a slot that there is not")
    for word in ("zz", "2fffffffff9ff6a00", "init_task"):
        expect("is no hexadecimal number" in kernel.crash(f"pte {word}"), word)
    expect(kernel.crash("pte").startswith("Usage:"), "no word")
    expect("PROTNONE" in kernel.crash("pte fffffffffedc1100"), "a page without access")


def test_addresses(kernel):
    task = int(kernel.crash("sym init_task").split()[0], 16)
    physical = kernel.crash(f"vtop {task:x}").splitlines()[1].split()[1]
    address = kernel.crash(f"ptov {physical}").splitlines()[1].split()[0]
    own = [line.split(":", 1)[1] for line in kernel.crash(f"rd {task:x} 16").splitlines()]
    equal([line.split(":", 1)[1] for line in kernel.crash(f"rd {address} 16").splitlines()], own, "the same memory by both addresses")
    text = kernel.crash("ptov 1000 2000").splitlines()
    equal((len(text), text[2], text[1].split()[1], text[4].split()[1]), (5, "", "1000", "2000"), "two addresses")
    expect("behind the end of the kernel's direct map" in kernel.crash("ptov ffffffffffff"), "too far")
    expect("CPU 7 is out of range" in kernel.crash("ptov 1a000:7"), "a CPU that there is not")
    offsets = {row["cpu"]: int(row["offset"], 16) for row in rows(kernel, "kmem -o")}
    (row,) = rows(kernel, "ptov 1a000:a")
    equal({one["cpu"]: int(one["virtual"], 16) for one in row["cpus"]},
          {cpu: 0x1a000 + offset & (1 << 64) - 1 for cpu, offset in offsets.items()}, "each CPU's")
    cpu = int(re.search(r"CPU: (\d+)", kernel.crash("set"))[1])
    (row,) = rows(kernel, "ptov 1a000:")
    equal([one["cpu"] for one in row["cpus"]], [cpu], "the current task's CPU")


def test_page_numbers(kernel):
    equal(kernel.crash("btop 512a000 1234567 ffff 0").splitlines(), ["512a000: 512a", "1234567: 1234", "ffff: f", "0: 0"], "btop")
    equal(kernel.crash("ptob 512a 1 0").splitlines(), ["512a: 512a000", "1: 1000", "0: 0"], "ptob")
    equal(rows(kernel, "ptob 512a"), [{"page": "0x512a", "address": "0x512a000"}], "ptob --json")
    equal(rows(kernel, "btop 512a123"), [{"address": "0x512a123", "page": "0x512a"}], "btop --json")
    expect("no page has such a number" in kernel.crash("ptob ffffffffffffffff"), "too large")
    for command in ("btop", "ptob", "ptov"):
        expect(kernel.crash(command).startswith("Usage:"), command)
        expect("invalid address or symbol: zz" in kernel.crash(f"{command} zz"), command)
