# vtop: every recorded page of every process at the frame, swap slot, mapping and file that /proc named.
# SPDX-License-Identifier: GPL-3.0-or-later
import re

from harness import equal, expect

PRESENT, SWAPPED = 1 << 63, 1 << 62


def facts(kernel):
    return [line.split() for line in kernel.truth("run/lab/facts").splitlines()]


def pattern(kernel, kind):
    for words in facts(kernel):
        if words[0] == "pattern" and words[4] == kind:
            return int(words[1]), int(words[2], 16), int(words[3], 16)
    raise LookupError(kind)


def pagemap(kernel, pid):
    rows = [line.split() for line in kernel.truth(f"proc/{pid}/pagemap.text").splitlines()]
    return [(int(a, 16), int(b, 16)) for a, b in rows]


def maps(kernel, pid):
    rows = []
    for line in kernel.truth(f"proc/{pid}/maps").splitlines():
        match = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) ([0-9a-f]+) \S+ \d+ *(.*)", line)
        rows.append((int(match[1], 16), int(match[2], 16), int(match[4], 16), match[5]))
    return rows


def blocks(text):
    """{address: the part of the output that is about it}"""
    parts = re.split(r"^VIRTUAL +PHYSICAL *\n", text, flags=re.M)[1:]
    return {int(part.split()[0], 16): part for part in parts}


def sleepers(kernel, limit=8):
    recorder = {words[1] for words in facts(kernel) if words[0] in ("recorder", "workload")}
    found = []
    for path in kernel.truth_paths("proc/[0-9]*/pagemap.text"):
        pid = path.parent.name
        status = kernel.truth(f"proc/{pid}/status")
        if pid in recorder or not path.stat().st_size or not re.search(r"^State:\tS", status, re.M):
            continue
        if re.search(r"^Name:\t(init|lab-guest)$", status, re.M):
            continue
        found.append(pid)
    step = max(1, len(found) // limit)
    return found[::step][:limit]


def test_frames_of_user_pages(kernel):
    pids = sleepers(kernel)
    expect(len(pids) >= 4, f"only {len(pids)} sleeping processes")
    checked = 0
    asked = {}
    for pid in pids:
        pages = [(a, e) for a, e in pagemap(kernel, pid) if e & PRESENT]
        asked[pid] = pages[::max(1, len(pages) // 12)][:12]
    commands = [f"vtop -c {pid} " + " ".join(f"{a + 0x123:x}" for a, _ in asked[pid]) for pid in pids]
    for pid, text in zip(pids, kernel.crash(*commands)):
        found = blocks(text)
        for address, entry in asked[pid]:
            frame = entry & ((1 << 55) - 1)
            part = found[address + 0x123]
            equal(part.split()[1], f"{frame * 4096 + 0x123:x}", f"pid {pid} at {address:x}")
            mapping = next(m for m in maps(kernel, pid) if m[0] <= address < m[1])
            row = re.search(r"^ +VMA +START.*\n[0-9a-f]{16} +([0-9a-f]+) +([0-9a-f]+) +[0-9a-f]+ ?(.*)$", part, re.M)
            equal((int(row[1], 16), int(row[2], 16)), mapping[:2], f"pid {pid} at {address:x}: mapping")
            if mapping[3].startswith("/"):
                equal(row[3].strip(), mapping[3].replace("\\012", "\n"), f"pid {pid} at {address:x}: file")
            else:
                equal(row[3].strip(), "", f"pid {pid} at {address:x}: file of anonymous memory")
            page = re.search(r"^ +PAGE +PHYSICAL.*\n([0-9a-f]{16}) +([0-9a-f]+) ", part, re.M)
            equal(int(page[2], 16), frame * 4096, f"pid {pid} at {address:x}: struct page")
            checked += 1
    expect(checked >= 40, f"only {checked} pages were compared")


def test_swapped_pages(kernel):
    pid, start, size = pattern(kernel, "swapped")
    pages = [(a, e) for a, e in pagemap(kernel, pid) if start <= a < start + size and e & SWAPPED]
    expect(len(pages) >= 10, f"only {len(pages)} pages of the pattern were swapped out")
    device = kernel.truth("proc/swaps").splitlines()[1].split()[0]
    text = kernel.crash(f"vtop -c {pid} " + " ".join(f"{a:x}" for a, _ in pages[:10]))
    for address, entry in pages[:10]:
        part = blocks(text)[address]
        expect(part.startswith(f"{address:x}  (not mapped)\n"), f"{address:x}: {part[:60]!r}")
        equal(entry & 31, 0, "swap area number in pagemap")
        offset = entry >> 5 & ((1 << 50) - 1)
        expect(f"\nSWAP: {device}  OFFSET: {offset}\n" in part, f"{address:x}: no SWAP line with offset {offset}")


def test_answers_stand_apart(kernel):
    """A blank line between two addresses, of either kind, and none behind the last."""
    pid, _, _ = pattern(kernel, "plain")
    pages = [a for a, e in pagemap(kernel, pid) if e & PRESENT and not e & SWAPPED][:2]
    equal(len(pages), 2, "resident pages")
    for words in (" ".join(f"{a:x}" for a in pages), "init_task linux_banner", f"{pages[0]:x} init_task {pages[1]:x}"):
        lines = kernel.crash(f"vtop -c {pid} {words}").splitlines()
        heads = [i for i, line in enumerate(lines) if line.startswith("VIRTUAL")]
        equal(len(heads), len(words.split()), f"answers to {words}")
        for i in heads[1:]:
            expect(not lines[i - 1] and lines[i - 2], f"{words}: {lines[i - 2:i + 1]}")
        expect(lines[-1], f"{words}: a blank line at the end")


def test_huge_pages(kernel):
    for kind in ("huge", "thp"):
        pid, start, _ = pattern(kernel, kind)
        pages = dict(pagemap(kernel, pid))
        part = blocks(kernel.crash(f"vtop -c {pid} {start + 8:x}"))[start + 8]
        equal(int(part.split()[1], 16), (pages[start] & ((1 << 55) - 1)) * 4096 + 8, f"{kind}: physical address")
        expect(re.search(r"^  PAGE: [0-9a-f]+  \(2MB\)$", part, re.M), f"{kind}: no 2MB page line")
        expect("|PSE|" in part, f"{kind}: PSE missing")
        expect("PTE: " not in part, f"{kind}: a page table entry under a huge page")


def test_pages_never_touched(kernel):
    """A page of a file mapping that has no frame: the file and the offset in it."""
    done = 0
    for pid in sleepers(kernel):
        known = {a for a, _ in pagemap(kernel, pid)}
        for start, end, offset, name in maps(kernel, pid):
            missing = next((a for a in range(start, end, 4096) if a not in known), None)
            if missing is None or not name.startswith("/bin/"):
                continue
            part = blocks(kernel.crash(f"vtop -c {pid} {missing:x}"))[missing]
            expect("(not mapped)" in part, f"pid {pid} {missing:x}: {part[:80]!r}")
            expect(f"\nFILE: {name}  OFFSET: {offset + missing - start:x}\n" in part, f"pid {pid} {missing:x}: {part!r}")
            done += 1
    expect(done > 0, "no process had an untouched page of a file mapping")


def test_deleted_files(kernel):
    done = 0
    for path in kernel.truth_paths("proc/[0-9]*/maps"):
        pid = path.parent.name
        for start, _, _, name in maps(kernel, pid):
            if not name.endswith(" (deleted)"):
                continue
            text = kernel.crash(f"vtop -c {pid} {start:x}")
            row = re.search(r"^ +VMA +START.*\n(.*)$", text, re.M)[1]
            equal(row.split(None, 4)[4].strip(), name, f"pid {pid} at {start:x}")
            done += 1
    expect(done >= 5, f"only {done} mappings of deleted files")


def test_kernel_addresses(kernel):
    """Image, direct map, vmalloc, vmemmap and a module:
    the same bytes by virtual and by physical address."""
    symbols = {}
    for line in kernel.truth("proc/kallsyms").splitlines():
        words = line.split()
        symbols.setdefault((words[2], words[3] if len(words) > 3 else ""), int(words[0], 16))
    module = next(address for (name, owner), address in symbols.items() if owner == "[virtio_blk]" and address)
    stack = int(re.search(r"stack = 0x([0-9a-f]+)", kernel.crash("task -R stack 1"))[1], 16)
    init_task = symbols[("init_task", "")]
    addresses = [symbols[("linux_banner", "")], init_task, module, stack]
    text = kernel.crash("vtop " + " ".join(f"{a:x}" for a in addresses))
    for address in addresses:
        part = blocks(text)[address]
        physical = int(part.split()[1], 16)
        equal(physical & 0xfff, address & 0xfff, f"{address:x}: offset in the page")
        virtual, real = kernel.crash(f"rd -x {address:x} 4", f"rd -x -p {physical:x} 4")
        equal([line.split()[1:] for line in virtual.splitlines()], [line.split()[1:] for line in real.splitlines()],
              f"{address:x}: bytes")
        # The struct page is in vmemmap, and the address of a struct page can be asked for in turn.
        page = re.search(r"^ +PAGE +PHYSICAL.*\n([0-9a-f]{16}) ", part, re.M)[1]
        expect("(not mapped)" not in kernel.crash(f"vtop {page}"), f"struct page {page} is not mapped")


def test_below_the_image(kernel):
    """KASLR puts nothing there: arithmetic alone would give a physical address."""
    below = int(re.search(r"^(\S+) T _text$", kernel.truth("proc/kallsyms"), re.M)[1], 16) - 0x200000
    part = kernel.crash(f"vtop {below:x}")
    expect(part.splitlines()[1] == f"{below:x}  (not mapped)", f"{below:x}: {part[:120]!r}")


def test_task_and_halves(kernel):
    pid, start, _ = pattern(kernel, "plain")
    user, user_only, kernel_only, other = kernel.crash(
        f"vtop -c {pid} {start:x}", f"vtop -u -c {pid} {start:x}", f"vtop -k {start:x}", f"vtop -c 2 {start:x}")
    equal(user, user_only, "-u on a user address")
    expect("(not a kernel virtual address)" in kernel_only, f"-k: {kernel_only!r}")
    expect("(not accessible)" in other, f"user address of a kernel thread: {other!r}")
    own, tables = kernel.crash("vtop linux_banner", f"vtop -c {pid} linux_banner")
    equal(own.split("\n")[1], tables.split("\n")[1], "a kernel address through a task's tables")
    expect(own.split("\n")[3] != tables.split("\n")[3], "-c did not use the task's top table")


def test_refusals(kernel):
    text = kernel.crash("vtop", "vtop dead000000000100", "vtop -c nosuch 1000", "vtop -u -k 1000")
    expect(text[0].startswith("Usage:\n  vtop "), f"no address: {text[0]!r}")
    expect("ambiguous address: dead000000000100" in text[1], f"non-canonical: {text[1]!r}")
    expect("nosuch" in text[2], f"no such task: {text[2]!r}")
    expect(text[3].startswith("vtop: -u and -k exclude each other\nUsage:"), f"-u -k: {text[3]!r}")
