# vm: every mapping as /proc/PID/maps had it, every page as /proc/PID/pagemap had it, flags and sizes of smaps.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import re

from harness import equal, expect, same_lines

PRESENT, SWAPPED = 1 << 63, 1 << 62
FRAME = (1 << 55) - 1

# smaps' letters and the kernel's words.
LETTERS = {
    "rd": "READ", "wr": "WRITE", "ex": "EXEC", "sh": "SHARED", "mr": "MAYREAD", "mw": "MAYWRITE", "me": "MAYEXEC", "ms": "MAYSHARE",
    "gd": "GROWSDOWN", "pf": "PFNMAP", "lo": "LOCKED", "io": "IO", "sr": "SEQ_READ", "rr": "RAND_READ", "dc": "DONTCOPY", "de": "DONTEXPAND",
    "lf": "LOCKONFAULT", "ac": "ACCOUNT", "nr": "NORESERVE", "ht": "HUGETLB", "sf": "SYNC", "wf": "WIPEONFORK", "dd": "DONTDUMP",
    "sd": "SOFTDIRTY", "mm": "MIXEDMAP", "hg": "HUGEPAGE", "nh": "NOHUGEPAGE", "mg": "MERGEABLE", "um": "UFFD_MISSING", "uw": "UFFD_WP",
    "ui": "UFFD_MINOR", "dw": "DENYWRITE", "sl": "SEALED", "dp": "DROPPABLE", "gu": "MAYBE_GUARD",
}


def rows(kernel, command):
    return [json.loads(line) for line in kernel.crash(f"{command} --json").splitlines()]


def facts(kernel):
    return [line.split() for line in kernel.truth("run/lab/facts").splitlines()]


def pattern(kernel, kind):
    return next((int(w[1]), int(w[2], 16), int(w[3], 16)) for w in facts(kernel) if w[0] == "pattern" and w[4] == kind)


def recorders(kernel):
    """Those that went on after they were recorded."""
    return {int(words[1]) for words in facts(kernel) if words[0] in ("recorder", "workload")} | {1}


def recorded(kernel):
    """pids whose record has mappings"""
    found = [int(path.parent.name) for path in kernel.truth_paths("proc/[0-9]*/maps") if path.stat().st_size]
    return sorted(set(found) - recorders(kernel))


def pagemap(kernel, pid):
    found = [line.split() for line in kernel.truth(f"proc/{pid}/pagemap.text").splitlines()]
    return {int(a, 16): int(b, 16) for a, b in found}


def maps(kernel, pid):
    found = []
    for line in kernel.truth(f"proc/{pid}/maps").splitlines():
        match = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) ([0-9a-f]+) \S+ \d+ *(.*)", line)
        found.append(f"{int(match[1], 16):x} {int(match[2], 16):x} {match[3]} {int(match[4], 16):x} {match[5]}")
    return found


def number(text):
    return int(text, 16)


def as_maps(row):
    name = row.get("name", "").replace("\n", "\\012")
    return f"{number(row['start']):x} {number(row['end']):x} {row['permissions']} {row.get('offset', 0):x} {name}"


def test_mappings_of_every_process(kernel):
    spaces = {row["pid"]: row for row in rows(kernel, "foreach user vm")}
    pids = recorded(kernel)
    expect(len(pids) >= 50, f"only {len(pids)} processes were recorded")
    for pid in pids:
        same_lines([as_maps(vma) for vma in spaces[pid]["vmas"]], maps(kernel, pid), f"pid {pid}")
        expect("vmas_error" not in spaces[pid], f"pid {pid}")


def test_text(kernel):
    pid, _, _ = pattern(kernel, "swapped")
    lines = kernel.crash(f"vm {pid}").splitlines()
    expect(re.fullmatch(rf'PID: {pid:<7}  TASK: [0-9a-f]{{16}}  CPU: \d+ +COMMAND: ".*"', lines[0]), lines[0])
    equal(lines[1], "       MM               PGD          RSS    TOTAL_VM", "titles")
    expect(re.fullmatch(r"[0-9a-f]{16}  [0-9a-f]{16}  [ \d]{,4}\d+k +\d+k *", lines[2]) and len(lines[2]) == 52, repr(lines[2]))
    equal(lines[3], "      VMA           START       END     FLAGS FILE", "titles")
    for line, row in zip(lines[4:], rows(kernel, f"vm {pid}")[0]["vmas"]):
        equal(line, f"{row['vma'][2:]:>16} {row['start'][2:]:>10} {row['end'][2:]:>10} {row['flags'][2:]:>6} {row.get('name', '')}", "a mapping")


def test_no_address_space(kernel):
    equal(kernel.crash("vm 2").splitlines()[1:], ["       MM               PGD          RSS    TOTAL_VM", "       0                 0            0k       0k   "], "kthreadd")


def test_sizes(kernel):
    """RSS is what smaps counts; all that is mapped is in status."""
    spaces = {row["pid"]: row for row in rows(kernel, "foreach user vm")}
    done = 0
    for pid in recorded(kernel):
        status, smaps = kernel.truth(f"proc/{pid}/status"), kernel.truth(f"proc/{pid}/smaps")
        if not re.search(r"^State:\tS", status, re.M):
            continue
        equal(spaces[pid]["total_vm"], int(re.search(r"^VmSize:\s+(\d+) kB", status, re.M)[1]) * 1024, f"pid {pid}: TOTAL_VM")
        equal(spaces[pid]["rss"], sum(map(int, re.findall(r"^Rss: +(\d+) kB", smaps, re.M))) * 1024, f"pid {pid}: RSS")
        done += 1
    expect(done >= 20, f"only {done} sleeping processes")


def sleepers(kernel):
    return [pid for pid in recorded(kernel) if re.search(r"^State:\tS", kernel.truth(f"proc/{pid}/status"), re.M)
            and kernel.truth(f"proc/{pid}/pagemap.text")]


def expect_pages(kernel, pid, row, device):
    """All of the mapping, each page where pagemap had it. Returns which places were seen."""
    known, seen, at = pagemap(kernel, pid), set(), number(row["start"])
    for page in row["pages"]:
        address = number(page["virtual"])
        equal(address, at, f"pid {pid}: the page behind {at:x}")
        at += 4096 * page.get("pages", 1)
        entry, where = known.get(address, 0), f"pid {pid} at {address:x}"
        if entry & PRESENT and entry & FRAME:
            equal(page["physical"], hex((entry & FRAME) * 4096), where)
            seen.add("frame" if page["page_bytes"] == 4096 else "huge")
        elif entry & SWAPPED:
            equal((page["physical"], page["swap"], page["swap_offset"]), (None, device, entry >> 5 & ((1 << 50) - 1)), where)
            seen.add("swap")
        else:
            equal(page["physical"], None, where)
            expect(not any(known.get(a, 0) & (PRESENT | SWAPPED) for a in range(address, at, 4096)), f"{where}: {page}")
            if "offset" in row:
                equal((page["file"], page["file_offset"]), (row["name"], row["offset"] + address - number(row["start"])), where)
                seen.add("file")
            else:
                equal(page["problem"], "not mapped", where)
                seen.add("nowhere")
            if "pages" in page:
                expect(page["pages"] >= 512, f"{where}: {page['pages']} pages are one line")
                seen.add("many")
    equal(at, number(row["end"]), f"pid {pid}: the last page")
    return seen


def test_pages(kernel):
    chosen = sleepers(kernel)
    pids = sorted(set(chosen[::max(1, len(chosen) // 8)]) | {pattern(kernel, kind)[0] for kind in ("huge", "thp", "swapped", "plain")})
    device = kernel.truth("proc/swaps").splitlines()[1].split()[0]
    seen = set()
    for pid in pids:
        (space,) = rows(kernel, f"vm -p {pid}")
        for row in space["vmas"]:
            # Device pages, of which pagemap tells nothing.
            if row.get("name") not in ("[vvar]", "[vvar_vclock]"):
                seen |= expect_pages(kernel, pid, row, device)
    equal(seen, {"frame", "huge", "swap", "file", "nowhere", "many"}, "kinds of places")


def test_page_lines(kernel):
    """Text of each kind of place."""
    pid, start, size = pattern(kernel, "swapped")
    lines = kernel.crash(f"vm -p {pid}").splitlines()
    device = kernel.truth("proc/swaps").splitlines()[1].split()[0]
    equal(lines.count("VIRTUAL     PHYSICAL"), lines.count("      VMA           START       END     FLAGS FILE"), "titles")
    known = pagemap(kernel, pid)
    swapped = [address for address in range(start, start + size, 4096) if known.get(address, 0) & SWAPPED]
    # The same words as vtop's.
    contents = dict(zip(swapped, re.findall(r"^CONTENTS: (.*)$", kernel.crash(f"vtop -c {pid} " + " ".join(f"{a:x}" for a in swapped)), re.M)))
    for address in range(start, start + size, 4096):
        entry = known.get(address, 0)
        line = next(line for line in lines if line.startswith(f"{address:<10x}  "))
        if entry & SWAPPED:
            where = f"SWAP: {device}  OFFSET: {entry >> 5 & ((1 << 50) - 1)}  CONTENTS: {contents[address]}"
            equal(line, f"{address:x}  {where}", "a page in swap")
        elif entry & PRESENT:
            equal(line, f"{address:x}  {(entry & FRAME) * 4096:8x}", "a page in memory")
    expect(any(re.fullmatch(r"[0-9a-f]+ +FILE: /bin/lab-guest  OFFSET: [0-9a-f]+", line) for line in lines), "no page in a file")
    expect(any(re.fullmatch(r"[0-9a-f]+ +\(not mapped\)", line) for line in lines), "no page that is nowhere")
    pid, start, _ = pattern(kernel, "thp")
    expect(re.search(r"^[0-9a-f]+ +\(not mapped\)  \d{3,} pages$", kernel.crash(f"vm -p {pid}"), re.M), "no hole in one line")


def test_one_mapping(kernel):
    pid, start, size = pattern(kernel, "swapped")
    (space,) = rows(kernel, f"vm -p {pid}")
    wanted = next(row for row in space["vmas"] if number(row["start"]) <= start < number(row["end"]))
    (one,) = rows(kernel, f"vm -P {wanted['vma'][2:]} {pid}")
    equal(one["vmas"], [wanted], "vm -P")
    text, none = kernel.crash(f"vm -P {wanted['vma'][2:]} {pid}", f"vm -P {wanted['vma'][2:]} 1")
    expect("TOTAL_VM" not in text and text.count("VIRTUAL") == 1, text[:200])
    equal(none.splitlines()[1:], ["(not found)"], "the mapping of another task")


def test_references(kernel):
    pid, start, _ = pattern(kernel, "plain")
    (space,) = rows(kernel, f"vm -p {pid}")
    vma = next(row for row in space["vmas"] if number(row["start"]) == start)
    frames = [page for page in vma["pages"] if page["physical"]]
    page = frames[len(frames) // 2]

    def expect_one(reference, pages):
        (found,) = rows(kernel, f"vm -R {reference} {pid}")
        equal([(row["vma"], row.get("pages")) for row in found["vmas"]], [(vma["vma"], pages)], f"vm -R {reference}")

    expect_one(page["virtual"], [page])
    expect_one(hex(number(page["virtual"]) + 0x123), [page])
    expect_one(page["physical"], [page])
    expect_one(vma["vma"][2:], None)
    (found,) = rows(kernel, f"vm -R {space['mm'][2:]} {pid}")
    equal((found["mm"], found["vmas"]), (space["mm"], []), "vm -R of the mm_struct")
    (found,) = rows(kernel, f"vm -R {vma['flags'][2:]} {pid}")
    equal([row["vma"] for row in found["vmas"]], [row["vma"] for row in space["vmas"] if row["flags"] == vma["flags"]], "vm -R of flags")
    (found,) = rows(kernel, f"vm -R lab-gue {pid}")
    equal([row["vma"] for row in found["vmas"]], [row["vma"] for row in space["vmas"] if "lab-gue" in row.get("name", "")], "vm -R of a name")
    equal(kernel.crash(f"vm -R nosuchname {pid}"), "", "a name that nothing has")
    # A file that one process maps, found among all.
    users = [str(pid) for pid in recorded(kernel) if any(line.endswith("/mnt/disk/mapped") for line in maps(kernel, pid))]
    expect(users, "nobody maps /mnt/disk/mapped")
    equal(re.findall(r"^PID: (\d+)", kernel.crash("foreach user vm -R /mnt/disk/mapped"), re.M), users, "foreach vm -R")


def test_flags(kernel):
    """The names of a mapping's flags are those that smaps had letters for."""
    spaces = {row["pid"]: row for row in rows(kernel, "foreach user vm")}
    asked = {}
    for pid in recorded(kernel):
        letters = [line.split()[1:] for line in re.findall(r"^VmFlags:.*", kernel.truth(f"proc/{pid}/smaps"), re.M)]
        equal(len(letters), len(spaces[pid]["vmas"]), f"pid {pid}: mappings of smaps")
        for row, its in zip(spaces[pid]["vmas"], letters):
            asked[row["flags"][2:]] = {LETTERS[one] for one in its if one not in ("??", "us")}
    expect(len(asked) >= 8, f"only {len(asked)} kinds of flags")
    for flags, text in zip(asked, kernel.crash(*(f"vm -f {flags}" for flags in asked))):
        match = re.fullmatch(rf"{flags}: \((.*)\)", text.strip())
        equal(set(match[1].split("|")) - {"PAT", "ARCH_1"}, asked[flags], f"vm -f {flags}")
    text = kernel.crash("vm -f 8000000000000000", "vm -f 0", "vm -f xyz")
    equal([one.strip() for one in text], ["8000000000000000: (0x8000000000000000)", "0: ()", "vm: not flags in hexadecimal: xyz"], "odd flags")


def test_objects(kernel):
    (space,) = rows(kernel, "vm 1")
    header = kernel.crash("vm 1").splitlines()[0]
    for option, radix in (("", ""), (" -x", " -x"), (" -d", " -d")):
        equal(kernel.crash(f"vm -m{option} 1"), f"{header}\n" + kernel.crash(f"struct mm_struct{radix} {space['mm'][2:]}").split("\n", 0)[0], f"vm -m{option}")
        parts = kernel.crash(*(f"struct vm_area_struct{radix} {row['vma'][2:]}" for row in space["vmas"]))
        equal(kernel.crash(f"vm -v{option} 1"), f"{header}\n" + "".join(parts), f"vm -v{option}")
    (whole,), (areas,) = rows(kernel, "vm -m 1"), rows(kernel, "vm -v 1")
    equal(whole["mm_struct"]["address"], space["mm"], "mm_struct")
    equal(whole["mm_struct"]["value"]["map_count"], len(space["vmas"]), "map_count")
    equal([one["address"] for one in areas["vm_area_structs"]], [row["vma"] for row in space["vmas"]], "vm_area_structs")
    equal([hex(one["value"]["vm_start"]) for one in areas["vm_area_structs"]], [row["start"] for row in space["vmas"]], "vm_start")
    equal((rows(kernel, "vm -m 2")[0]["mm_struct"], rows(kernel, "vm -v 2")[0]["vm_area_structs"]), (None, []), "a kernel thread")


def test_mm_of_a_task_without(kernel):
    (space,) = rows(kernel, "vm 1")
    (lent,) = rows(kernel, f"vm -M {space['mm'][2:]} 2")
    equal([lent[key] for key in ("pid", "mm", "pgd", "rss", "total_vm", "vmas")],
          [2] + [space[key] for key in ("mm", "pgd", "rss", "total_vm", "vmas")], "vm -M")


def test_several(kernel):
    equal(kernel.crash("vm 1 2"), "\n".join(kernel.crash("vm 1", "vm 2")), "two tasks")
    equal(kernel.crash("foreach 1 2 vm"), kernel.crash("vm 1 2"), "foreach")
    equal(kernel.crash("foreach 1 2 vm -p"), kernel.crash("vm -p 1 2"), "foreach vm -p")
    equal(kernel.crash("foreach -x 1 2 vm -m"), kernel.crash("vm -x -m 1 2"), "foreach vm -m")


def test_refusals(kernel):
    text = kernel.crash("vm -p -v 1", "vm nosuch", "vm -M 1234 2", "vm -M nosuch 2", "vm -M ffffffffffff0000 1")
    expect(text[0].startswith("vm: -p and -v exclude each other\nUsage:"), text[0])
    equal(text[1].strip(), "vm: invalid task or pid value: nosuch", "no such task")
    equal(text[2].strip(), "vm: invalid mm_struct address: 1234", "no kernel address")
    equal(text[3].strip(), "vm: invalid mm_struct address: nosuch", "no address")
    expect(text[4].startswith("vm: invalid mm_struct address: ffffffffffff0000: "), text[4])
