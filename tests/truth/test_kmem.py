# kmem -i: the totals of the guest's own /proc/meminfo.
# SPDX-License-Identifier: GPL-3.0-or-later
import re

from harness import equal, expect


def meminfo(kernel):
    values = {}
    for line in kernel.truth("proc/meminfo").splitlines():
        name, value = line.split(":")
        values[name] = int(value.split()[0])
    return values


def rows(text):
    found = {}
    for line in text.splitlines():
        match = re.match(r" *([A-Z][A-Z ]*[A-Z])  +(\d+) +(\d\S*(?: [KMG]B)?) +(----|(\d+)% of ([A-Z ]+))$", line)
        if match:
            found[match[1]] = (int(match[2]), match[3], int(match[5]) if match[5] else None, match[6])
    return found


def test_totals(kernel):
    found, own = rows(kernel.crash("kmem -i")), meminfo(kernel)
    exact = {"TOTAL MEM": "MemTotal", "TOTAL SWAP": "SwapTotal", "COMMIT LIMIT": "CommitLimit", "SWAP FREE": "SwapFree"}
    for row, name in exact.items():
        equal(found[row][0] * 4, own[name], f"{row} in kB")
    equal(found["SWAP USED"][0] * 4, own["SwapTotal"] - own["SwapFree"], "SWAP USED")
    equal(found["TOTAL HUGE"][0] * 4, own["Hugetlb"], "TOTAL HUGE")
    pools = kernel.truth_paths("sys/kernel/mm/hugepages/hugepages-*kB")
    free = sum(int(pool.name[len("hugepages-"):-2]) * int((pool / "free_hugepages").read_text()) for pool in pools)
    equal(found["HUGE FREE"][0] * 4, free, "HUGE FREE")
    # These went on a little between the record and the crash:
    # the recorder ended and wrote its file.
    near = {"FREE": ("MemFree", 0.02), "CACHED": ("Cached", 0.02), "SLAB": ("Slab", 0.02), "COMMITTED": ("Committed_AS", 0.01)}
    for row, (name, part) in near.items():
        expect(abs(found[row][0] * 4 - own[name]) <= own[name] * part, f"{row}: {found[row][0] * 4} kB, {name} {own[name]}")
    expect(abs(found["BUFFERS"][0] * 4 - own["Buffers"]) <= 64, f"BUFFERS {found['BUFFERS'][0] * 4}, {own['Buffers']}")
    equal(found["USED"][0], found["TOTAL MEM"][0] - found["FREE"][0], "USED")


def test_more_lines(kernel):
    plain, text = kernel.crash("kmem -i", "kmem -i -v")
    found, own = rows(text), meminfo(kernel)
    more = {"AVAILABLE": "MemAvailable", "PAGETABLES": "PageTables", "KSTACK": "KernelStack", "PERCPU": "Percpu",
            "VMALLOC": "VmallocUsed"}
    for row, name in more.items():
        # The recorder ended after the record: its pages and page tables went.
        expect(abs(found[row][0] * 4 - own[name]) <= max(own[name] // 50, 16), f"{row}: {found[row][0] * 4} kB, {name} {own[name]}")
    equal(found["PERCPU"][0] * 4, own["Percpu"], "PERCPU")
    without = [line for line in text.splitlines() if line and line.split()[0] not in (*more, "UNACCOUNTED")]
    equal(without, [line for line in plain.splitlines() if line], "the other lines")
    # What is left when all counters are taken off is little, and no part of what they count.
    counted = sum(own[name] for name in ("MemFree", "Slab", "PageTables", "VmallocUsed", "Active", "Inactive", "Unevictable"))
    left = own["MemTotal"] - counted - own["Hugetlb"]
    expect(0 < found["UNACCOUNTED"][0] * 4 <= left, f"UNACCOUNTED {found['UNACCOUNTED'][0] * 4} kB of {left}")


def test_percentages_and_units(kernel):
    found = rows(kernel.crash("kmem -i -v"))
    for name, (pages, size, percent, of) in found.items():
        number, unit = (size.split() + [""])[:2]
        scale = {"KB": 1024, "MB": 1 << 20, "GB": 1 << 30, "": 1}[unit]
        expect(abs(float(number) * scale - pages * 4096) <= 0.051 * scale, f"{name}: {pages} pages are not {size}")
        if of:
            whole = found["COMMIT LIMIT" if of == "TOTAL LIMIT" else of][0]
            equal(percent, pages * 100 // whole, f"percentage of {name}")


def test_shared(kernel):
    plain, shared = kernel.crash("kmem -i", "kmem -i=shared")
    pages = rows(shared)["SHARED"][0]
    equal([line for line in shared.splitlines() if "SHARED" not in line], plain.splitlines(), "the other rows")
    # Every process maps the same static program:
    # its pages have several users; most of memory has not.
    expect(100 < pages < rows(plain)["USED"][0], f"{pages} shared pages")


def test_refusals(kernel):
    texts = kernel.crash("kmem", "kmem -i=other", "kmem -i more")
    expect(texts[0].startswith("Usage:\n  kmem "), f"{texts[0]!r}")
    expect("shared" in texts[1] and "other" in texts[1], f"{texts[1]!r}")
    expect(texts[2].startswith("kmem: unexpected argument: more\nUsage:"), f"{texts[2]!r}")
