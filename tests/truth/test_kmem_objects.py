# kmem ADDRESS of what a module of the lab's planted: of each object the module said in the log what it is.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import mmap
import pathlib
import re
import shutil
import struct
import tempfile

from harness import Skipped, equal, expect, run_crash

PAGE = 4096


class Planted:
    """A line of lab_objects: its kind, address, and values (numbers where they are)."""

    def __init__(self, kind, address, rest):
        self.kind, self.address, self.values = kind, int(address, 16), {}
        for name, value in (word.split("=") for word in rest.split()):
            self.values[name] = value if name in ("cache", "symbol", "memory") else int(value, 16)

    def __getattr__(self, name):
        return self.values[name]

    def __repr__(self):
        return f"{self.kind} {self.address:x} {self.values}"


def planted(kernel, *kinds):
    dump = kernel.dump("objects")
    found = [Planted(*match) for match in re.findall(r"lab_objects: (\S+) ([0-9a-f]{16})(.*)", dump.truth("dmesg"))]
    chosen = [one for one in found if one.kind in kinds]
    expect(len({one.kind for one in chosen}) == len(kinds), f"{kinds} in {found}")
    return dump, chosen


def asked(dump, words):
    """The rows of each answer; its text says the same in words."""
    texts = dump.crash(*(f"kmem {word} --json" for word in words))
    texts = [texts] if isinstance(texts, str) else texts
    return [[json.loads(line) for line in text.splitlines()] for text in texts]


def part(answer, key):
    found = [row for row in answer if key in row]
    expect(len(found) == 1, f"{len(found)} parts with {key}: {answer}")
    return found[0]


def has_sheaves(dump):
    return "slub_percpu_sheaves {" in dump.crash("struct slub_percpu_sheaves")


def is_debugged(dump):
    """Where slabs are watched, CPUs keep no free objects."""
    return "slub_debug=" in dump.truth("proc/cmdline")


def objects(dump, chosen):
    """[(planted, its cache's row, its object's row)]"""
    rows = []
    for one, answer in zip(chosen, asked(dump, [f"{one.address + 7:x}" for one in chosen])):
        cache = part(answer, "cache")
        (slab,) = cache["slab"]
        (found,) = slab["objects"]
        equal((found["object"], cache["name"]), (f"0x{one.address:x}", one.cache), f"{one}")
        expect(int(slab["memory"], 16) <= one.address < int(slab["memory"], 16) + cache["slab_size"], f"{one}: {slab}")
        equal(part(answer, "use")["use"], "slab", f"{one}")
        expect("lists_error" not in cache and "lists_error" not in slab, f"{one}: {cache}")
        text = dump.crash(f"kmem {one.address:x}")
        mark = f"  [{one.address:x}]" if found["state"] == "allocated" else f"   {one.address:x}"
        expect(any(line.startswith(mark) for line in text.splitlines()), f"{one}: {text}")
        rows.append((one, cache, found))
    return rows


# ---- slabs ----


def test_allocated_objects(kernel):
    dump, chosen = planted(kernel, "slab-allocated")
    expect({one.cache for one in chosen} == {"lab_shrunk", "lab_at_hand", "lab_pooled", "lab_in_bulk"}, f"{chosen}")
    for one, cache, found in objects(dump, chosen):
        equal(found, {"object": f"0x{one.address:x}", "state": "allocated"}, f"{one}")
        allocated = {"lab_shrunk": 3, "lab_at_hand": 7, "lab_pooled": 3, "lab_in_bulk": 150}[one.cache]
        equal((cache["object_size"], cache["allocated"]), (192, allocated), f"{one}")


def test_free_on_the_list_of_a_slab(kernel):
    dump, chosen = planted(kernel, "slab-free-listed")
    for one, _, found in objects(dump, chosen):
        equal(found, {"object": f"0x{one.address:x}", "state": "free"}, f"{one}")


def test_free_at_hand(kernel):
    """Its CPU has it: on its own freelist, or in a sheaf."""
    dump, chosen = planted(kernel, "slab-free-at-hand")
    equal([one.cpu for one in chosen], [0, 1], "CPUs")
    holder = "sheaf" if has_sheaves(dump) else "cache"
    for one, _, found in objects(dump, chosen):
        held = {} if is_debugged(dump) else {"cpu": one.cpu, "holder": holder}
        equal(found, {"object": f"0x{one.address:x}", "state": "free", **held}, f"{one}")
        if held:
            expect(f"   {one.address:x}  (cpu {one.cpu} {holder})" in dump.crash(f"kmem {one.address:x}"), f"{one}")


def test_freed_by_another_cpu(kernel):
    """Of the slab that CPU 0 allocates from: on that slab's list, or in CPU 1's sheaf."""
    dump, chosen = planted(kernel, "slab-free-by-other")
    for one, _, found in objects(dump, chosen):
        held = {"cpu": 1, "holder": "sheaf"} if has_sheaves(dump) else {}
        equal(found, {"object": f"0x{one.address:x}", "state": "free", **held}, f"{one}")


def test_freed_in_bulk(kernel):
    """More than a CPU keeps: in sheaves of the node as well, where there are such."""
    dump, chosen = planted(kernel, "slab-free-in-bulk")
    expect(len(chosen) == 8, f"{chosen}")
    holders = set()
    for one, _, found in objects(dump, chosen):
        equal(found["state"], "free", f"{one}")
        holders.add(found.get("holder"))
    expect(holders <= {None, "cache", "sheaf", "spare sheaf", "barn"}, f"{holders}")
    equal("barn" in holders, has_sheaves(dump), f"{holders}")


def test_kmalloc(kernel):
    dump, chosen = planted(kernel, "kmalloc")
    names = {128: r"kmalloc(-rnd-\d+)?-128", 4096: r"kmalloc(-rnd-\d+)?-4k"}
    for one, answer in zip(chosen, asked(dump, [f"{one.address + 99:x}" for one in chosen])):
        cache = part(answer, "cache")
        expect(re.fullmatch(names[one.size], cache["name"]), f"{one}: {cache['name']}")
        equal(cache["slab"][0]["objects"], [{"object": f"0x{one.address:x}", "state": "allocated"}], f"{one}")


def test_caches_are_whole(kernel):
    """Pages of the memory guard are in no cache: with them, lists would seem damaged."""
    dump, _ = planted(kernel, "kmalloc")
    for name in ("lab_guarded", "kmalloc-128", "kmalloc-4k", "dentry"):
        said = dump.crash(f"kmem -S {name}")
        expect("PROBLEM" not in said and name in said, f"{name}: {said[:400]}")
        # Without the guard nobody asked lab_guarded for an object.
        expect("FREE / [ALLOCATED]" in said or name == "lab_guarded", f"{name}: {said[:400]}")


# ---- the memory guard ----


def test_guarded_objects(kernel):
    dump = kernel.dump("objects")
    if "lab_objects: kfence" not in dump.truth("dmesg"):
        expect("__kfence_pool" not in dump.crash("sym -q __kfence_pool"), "the kernel has the guard")
        raise Skipped("this kernel was built without KFENCE")
    dump, chosen = planted(kernel, "kfence-allocated", "kfence-free")
    for one, answer in zip(chosen, asked(dump, [f"{one.address + 3:x}" for one in chosen])):
        facts, free = part(answer, "use"), one.kind == "kfence-free"
        expect(not any("cache" in row for row in answer), f"{one}: {answer}")
        equal((facts["use"], facts["kfence"], facts["kfence_object"], facts["kfence_size"], facts["kfence_cache"], facts["allocated_by"]),
              ("kfence", "free" if free else "allocated", f"0x{one.address:x}", 192, one.cache, one.pid), f"{one}")
        equal(facts.get("freed_by"), one.pid if free else None, f"{one}")
        text = dump.crash(f"kmem {one.address:x}")
        expect(f" KFENCE: {facts['kfence']}  OBJECT: {one.address:x}  SIZE: 192  CACHE: {one.cache}  ALLOCATED BY: {one.pid}" in text, text)
    guard = part(asked(dump, [f"{(one.address & -PAGE) + PAGE + 8:x}"])[0], "use")
    equal((guard["use"], guard["kfence"]), ("kfence", "guard page"), "the page behind an object")


def test_damaged_metadata_of_the_guard(kernel):
    """A size that leaves the page, a state without a name: said, and the rest is shown."""
    if kernel.name != "6.12":
        raise Skipped("one kernel is enough")
    dump, chosen = planted(kernel, "kfence-allocated", "kfence-free")
    state, addr, size = (int(dump.crash("struct kfence_metadata -o").split(f" {name};")[0].rsplit("[", 1)[1].split("]")[0])
                         for name in ("state", "addr", "size"))
    equal(size - addr, 8, "the size follows the address")
    changes = ((chosen[0], size, 5000, "give 5000 bytes to the object at"), (chosen[-1], state, 77, "have state 77"))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "vmcore"
        shutil.copyfile(dump.vmcore, path)
        with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as data:
            for one, at, value, _ in changes:
                place = data.find(struct.pack("<QQ", one.address, 192))
                expect(place > 0, f"the metadata of {one}")
                struct.pack_into("<I", data, place - addr + at, value)
        results = [run_crash("-s", kernel.vmlinux, path, stdin=f"kmem {one.address:x} --json\nkmem {one.address:x}\n")
                   for one, *_ in changes]
    for result, (one, _, _, reason) in zip(results, changes):
        lines = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
        facts = part(lines, "use")
        equal(([reason in row["error"] for row in lines if "error" in row], result.stdout.count(reason)), ([True], 2), f"{result.stdout}")
        equal((facts["use"], facts["kfence_cache"], facts["allocated_by"]), ("kfence", one.cache, one.pid), f"{facts}")
    whole, nameless = (part([json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")], "use") for result in results)
    equal((whole["kfence"], "kfence_size" in whole), ("allocated", False), f"{whole}")
    equal((nameless["kfence"], nameless["kfence_size"]), (None, 192), f"{nameless}")
    expect(re.search(r"KFENCE: \?  OBJECT: ", results[1].stdout), results[1].stdout)


# ---- pages ----


def test_pages(kernel):
    dump, chosen = planted(kernel, "page", "pages", "compound", "kmalloc-large")
    # Since v6.15 pages of a large kmalloc() say so.
    marked = "PGTY_large_kmalloc = " in dump.crash("whatis pagetype")
    for one in chosen:
        words = [f"{one.address + 9:x}", f"{one.page:x}"]
        if one.kind in ("compound", "kmalloc-large"):
            words += [f"{one.address + 3 * PAGE + 5:x}"]
        if "pfn" in one.values:
            words += [f"-P {one.pfn << 12:x}"]
        for word, answer in zip(words, asked(dump, words)):
            facts, compound = part(answer, "use"), one.kind in ("compound", "kmalloc-large")
            use = "large kmalloc" if one.kind == "kmalloc-large" and marked else "kernel"
            equal(facts["use"], use, f"{one}, {word}")
            equal((facts.get("head"), facts.get("order")), (f"0x{one.page:x}", one.order) if compound else (None, None), f"{one}, {word}")


def test_areas(kernel):
    dump, chosen = planted(kernel, "vmalloc", "vmap", "vm_map_ram")
    for one in chosen:
        number = 1 if one.kind == "vm_map_ram" else 2
        at = one.address + number * PAGE + 17
        answer, = asked(dump, [f"{at:x}"])
        area, facts = part(answer, "vmap_area"), part(answer, "use")
        expect(int(area["start"], 16) <= one.address and one.address + one.pages * PAGE <= int(area["end"], 16), f"{one}: {area}")
        equal(part(answer, "physical")["physical"], f"0x{one.values['page'] << 12:x}", f"{one}")
        equal((facts["use"], facts["area"]), (one.kind, one.kind), f"{one}")
        if one.kind == "vm_map_ram":
            continue
        expect(facts["caller"], f"{one}: {facts}")
        # The frame leads back to the area that has it.
        back, = asked(dump, [f"-P {one.values['page'] << 12:x}"])
        if one.kind == "vmalloc":
            equal(part(back, "vmap_area"), area, f"{one}: by its frame")
            equal(part(back, "use")["use"], "vmalloc", f"{one}: by its frame")


def test_memory_of_a_device(kernel):
    dump, (one,) = planted(kernel, "ioremap")
    answer, = asked(dump, [f"{one.address + 4:x}"])
    equal([sorted(row) for row in answer if "error" in row], [], "it is no error that it has no struct page")
    facts = part(answer, "area")
    equal((facts["area"], facts["area_physical"]), ("ioremap", f"0x{one.physical:x}"), f"{one}")
    equal(int(part(answer, "vmap_area")["start"], 16), one.address, f"{one}")
    expect("AREA: ioremap  PHYSICAL: fed00000" in dump.crash(f"kmem {one.address:x}"), f"{one}")


def test_percpu(kernel):
    dump, chosen = planted(kernel, "percpu")
    for one in chosen:
        frame = json.loads(dump.crash(f"vtop {one.address:x} --json").splitlines()[0])
        physical = int(frame["physical"], 16)
        for word in (f"{one.address + 33:x}", f"-P {physical + 33:x}", f"{physical + 33:x}"):
            answer, = asked(dump, [word])
            facts = part(answer, "use")
            equal((facts["use"], facts["percpu_cpu"], facts["allocation"], facts["allocation_size"], facts["percpu"]),
                  ("per-cpu memory", one.cpu, f"0x{one.pointer:x}", one.size, f"0x{one.pointer + 33:x}"), f"{one}, {word}")


def test_percpu_variables_of_a_module(kernel):
    dump, chosen = planted(kernel, "percpu-variable")
    for one, answer in zip(chosen, asked(dump, [f"{one.address:x}" for one in chosen])):
        facts = part(answer, "use")
        equal((facts["percpu_cpu"], facts["variable"], facts["variable_offset"]), (one.cpu, one.symbol, 8), f"{one}")


def test_module(kernel):
    dump, chosen = planted(kernel, "module")
    for one, answer in zip(chosen, asked(dump, [f"{one.address:x}" for one in chosen])):
        symbol, facts = part(answer, "type"), part(answer, "use")
        # Empty variables, which keys of locks are, may lie at the same address.
        start, = {json.loads(line)["address"] for line in dump.crash(f"sym {one.symbol} --json").splitlines()}
        equal(int(start, 16) + symbol["offset"], one.address, f"{one}: {symbol}")
        equal((symbol["offset"], symbol["module"]), (0 if one.memory == "text" else 12, "lab_objects"), f"{one}")
        equal((facts["use"], facts["module"]), ("module", "lab_objects"), f"{one}")
        # Before 6.4 all of a module lies in one piece.
        if "module_memory" in facts:
            equal(facts["module_memory"].lower(), one.memory, f"{one}")


def test_task_and_stack(kernel):
    dump, chosen = planted(kernel, "task", "stack")
    for one, answer in zip(chosen, asked(dump, [f"{one.address + 8:x}" for one in chosen])):
        task, facts = part(answer, "comm"), part(answer, "use")
        equal((task["pid"], task["comm"]), (one.pid, "lab-sleeper"), f"{one}")
        if one.kind == "task":
            equal(part(answer, "cache")["name"], "task_struct", f"{one}")
        else:
            equal((facts["use"], facts["stack_pid"], facts["stack_start"]), ("kernel stack", one.pid, f"0x{one.start:x}"), f"{one}")


# ---- who pays, whose table ----


def frames_of(dump, pid):
    """{address: frame} of what was in memory."""
    entries = (line.split() for line in dump.truth(f"proc/{pid}/pagemap.text").splitlines())
    return {int(address, 16): int(entry, 16) & (1 << 55) - 1 for address, entry in entries if int(entry, 16) >> 63}


def test_who_pays(kernel):
    """The pages of a process in a cgroup."""
    dump = kernel.dump("objects")
    pid = int(dump.truth("run/lab/charged"))
    frames, anonymous = frames_of(dump, pid), []
    for line in dump.truth(f"proc/{pid}/maps").splitlines():
        start, end = (int(word, 16) for word in line.split()[0].split("-"))
        if "[stack]" in line or "[heap]" in line:
            anonymous += [address for address in range(start, end, PAGE) if address in frames]
    expect(len(anonymous) >= 3, f"{len(anonymous)} pages")
    for address, answer in zip(anonymous, asked(dump, [f"-P {frames[address] << 12:x}" for address in anonymous])):
        facts = part(answer, "use")
        equal((facts["use"], facts["memcg_path"]), ("anonymous", "/lab/charged"), f"{address:x}")


def test_who_pays_for_a_file(kernel):
    """Whose process was the first to read it."""
    dump = kernel.dump("objects")
    frames = {}
    for line in dump.crash("kmem -p --json").splitlines():
        row = json.loads(line)
        if int(row["mapping"], 16) >> 63 and not int(row["mapping"], 16) & 3 and row["count"] > 0:
            frames.setdefault(row["mapping"], []).append(row["physical"][2:])
    answers = asked(dump, [f"-P {pages[0]}" for pages in frames.values()])
    found = [pages for pages, answer in zip(frames.values(), answers)
             if any(row.get("path") == "/mnt/disk/charged" for row in answer)]
    # 5.10 reads one page ahead, behind the end of the file.
    expect([len(pages) in (10, 11) for pages in found] == [True], f"pages of the file: {found}")
    for answer in asked(dump, [f"-P {page}" for page in found[0]]):
        facts = part(answer, "use")
        equal((facts["use"], facts["memcg_path"]), ("page cache", "/lab/charged"), f"{facts}")


def test_page_tables(kernel):
    """Each table that a translation passes through, against what vtop reads on its way."""
    dump = kernel.dump("objects")
    pid = int(dump.truth("run/lab/charged"))
    address = sorted(frames_of(dump, pid))[0]
    way = json.loads(dump.crash(f"vtop -c {pid} {address:x} --json").splitlines()[0])
    steps = [(step["table"], step["entry_at"][2:]) for step in way["steps"]]
    expect([name for name, _ in steps][:1] == ["PGD"] and steps[-1][0] == "PTE", f"{steps}")
    spans = {"PTE": 1 << 21, "PMD": 1 << 30, "PUD": 1 << 39, "PGD": 1 << 48}
    for name, entry in steps:
        at = int(entry, 16)
        answer, = asked(dump, [f"{at:x}"])
        facts = part(answer, "use")
        equal((facts["use"], facts["table"], facts["mm_pid"]), ("page table", name, pid), f"{name} {entry}")
        equal(int(facts["table_start"], 16), address & -spans[name], f"{name} {entry}")
        equal(facts["memcg_path"], "/lab/charged", f"{name} {entry}: who pays")


def test_page_tables_of_the_kernel(kernel):
    """Of an area of vmalloc: each is found, and none is a process's."""
    dump, (one,) = planted(kernel, "vmalloc")
    steps = json.loads(dump.crash(f"vtop {one.address:x} --json").splitlines()[0])["steps"]
    equal([step["table"] for step in steps], ["PGD", "PUD", "PMD", "PTE"], "its way")
    spans = {"PTE": 1 << 21, "PMD": 1 << 30, "PUD": 1 << 39}
    for step in steps:
        answer, = asked(dump, ["-P " + step["entry_at"][2:]])
        facts = part(answer, "use")
        equal((facts["use"], facts["table"], facts.get("mm_pid")), ("page table", step["table"], None), f"{step}")
        start = one.address & -spans[step["table"]] if step["table"] != "PGD" else 0
        equal(int(facts["table_start"], 16), start, f"{step}")
