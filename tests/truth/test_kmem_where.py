# kmem ADDRESS: what lies there, for each kind of memory, against what the guest said of it in /proc.
# SPDX-License-Identifier: GPL-3.0-or-later
import collections
import json
import re

from harness import equal, expect


def rows(kernel, command):
    return [json.loads(line) for line in kernel.crash(f"{command} --json").splitlines()]


def asked(kernel, addresses, flags=""):
    """The objects of the answer for each of ADDRESSES, in one run."""
    texts = kernel.crash(*(f"kmem {flags}{address} --json" for address in addresses))
    texts = [texts] if isinstance(texts, str) else texts
    return [[json.loads(line) for line in text.splitlines()] for text in texts]


def part(answer, key):
    """The one object of an answer that has KEY."""
    found = [row for row in answer if key in row]
    expect(len(found) == 1, f"{len(found)} parts with {key}: {answer}")
    return found[0]


# ---- tasks, stacks ----


def test_every_task_and_its_stack(kernel):
    tasks = rows(kernel, "ps -s")
    expect(len(tasks) > 60, f"{len(tasks)} tasks")
    answers = asked(kernel, [f"{int(task['task'], 16) + 16:x}" for task in tasks])
    slabs = 0
    for task, answer in zip(tasks, answers):
        row = part(answer, "comm")
        equal((row["pid"], row["task"], row["comm"]), (task["pid"], task["task"], task["comm"]), "the task")
        if part(answer, "use")["use"] == "slab":
            cache = part(answer, "cache")
            equal(cache["name"], "task_struct", "its cache")
            (slab,) = cache["slab"]
            equal([(one["object"], one["state"]) for one in slab["objects"]], [(task["task"], "allocated")], "the object")
            slabs += 1
    equal(slabs, len(tasks) - 1, "tasks in slabs: only the first idle task is none")
    # Those on a CPU have no stack pointer of their own, those that have ended no stack.
    tasks = [task for task in tasks if task.get("kernel_sp") and task["state"] not in ("ZO", "DE")]
    for task, stack in zip(tasks, asked(kernel, [f"{int(task['kernel_sp'], 16):x}" for task in tasks])):
        row, facts = part(stack, "comm"), part(stack, "use")
        equal((row["pid"], row["task"], row["comm"]), (task["pid"], task["task"], task["comm"]), "the task of a stack")
        equal((facts["use"], facts["stack"], facts["stack_pid"]), ("kernel stack", "task", task["pid"]), f"stack of {task['pid']}")
        start, end = int(facts["stack_start"], 16), int(facts["stack_end"], 16)
        expect(start <= int(task["kernel_sp"], 16) < end and end - start == 16384, f"{facts}")


def test_stack_by_its_page(kernel):
    """The frame of a stack leads back to the stack."""
    (task,) = rows(kernel, "ps -s 1")
    at = int(task["kernel_sp"], 16)
    page = part(asked(kernel, [f"{at:x}"])[0], "page")
    for word in (page["physical"][2:], "-P " + page["physical"][2:], page["page"][2:]):
        facts = part(asked(kernel, [word])[0], "use")
        equal((facts["use"], facts["stack_pid"]), ("kernel stack", 1), word)


def test_stacks_of_cpus(kernel):
    found = {}
    for cpu in (0, 1):
        # On 6.2 to 6.14 it is a member of a variable of its own.
        text = kernel.crash(f"px hardirq_stack_ptr:{cpu}") + kernel.crash(f"px pcpu_hot:{cpu}")
        top = int(re.search(r"(?:hardirq_stack_ptr|hardirq_stack_ptr, \d\)) = .*?0x([0-9a-f]+)", text)[1], 16)
        facts = part(asked(kernel, [f"{top - 64:x}"])[0], "use")
        found[cpu] = facts["stack"], facts["stack_cpu"]
    equal(found, {0: ("IRQ", 0), 1: ("IRQ", 1)}, "IRQ stacks")


# ---- symbols, modules ----


def test_symbols(kernel):
    names = ["schedule", "linux_banner", "jiffies", "init_task", "panic_on_oops", "vfs_read"]
    for name, answer, number in zip(names, asked(kernel, names),
                                    asked(kernel, [f"{int(rows(kernel, 'sym ' + name)[0]['address'], 16) + 3:x}" for name in names])):
        row = part(answer, "type")
        equal((row["name"], row["offset"]), (name, 0), name)
        equal(part(number, "type")["address"], f"0x{int(row['address'], 16) + 3:x}", f"{name}+3")
        equal(part(answer, "use")["use"], "kernel image", name)
        expect("page" in answer[-2], f"{answer}")


def test_modules(kernel):
    checked = collections.Counter()
    for module in rows(kernel, "mod"):
        for line in rows(kernel, f"sym -m {module['name']}"):
            if "range" not in line:
                continue
            (answer,) = asked(kernel, [f"{int(line['start'], 16) + 8:x}"])
            facts = part(answer, "use")
            equal(facts["module"], module["name"], f"{line}")
            if facts["use"] == "slab":
                continue
            equal(facts["use"], "module", f"{line}")
            area = part(answer, "vmap_area")
            expect(int(area["start"], 16) <= int(line["start"], 16) < int(area["end"], 16), f"{area}, {line}")
            if "module_memory" in facts:
                equal(facts["module_memory"], line["range"], f"{line}")
            checked[line["range"]] += 1
    expect(sum(checked.values()) >= 4, f"{checked}")


# ---- page tables ----


def test_tables_of_the_image(kernel):
    """Pages of the image are no task's tables; some are those that the kernel is read through."""
    top = rows(kernel, "vtop init_task")[0]["steps"][0]
    for name, level in (("init_top_pgt", "PGD"), ("level3_kernel_pgt", "PUD"), ("level2_kernel_pgt", "PMD"), ("init_task", None)):
        facts = part(asked(kernel, [name])[0], "use")
        equal((facts["use"], facts.get("table"), facts.get("mm_pid")), ("page table" if level else "kernel image", level, None), name)
    expect(int(top["entry_at"], 16) >> 12 == int(part(asked(kernel, ["init_top_pgt"])[0], "physical")["physical"], 16) >> 12, f"{top}")


# ---- per-cpu memory ----


def test_percpu_variables(kernel):
    symbol = rows(kernel, "sym runqueues")[0]
    value = int(symbol["address"], 16)
    (copies,) = rows(kernel, f"ptov {value:x}:a")
    equal(len(copies["cpus"]), 2, "CPUs")
    for copy in copies["cpus"]:
        facts = part(asked(kernel, [f"{int(copy['virtual'], 16) + 40:x}"])[0], "use")
        equal((facts["percpu_cpu"], facts["variable"], facts["variable_offset"]), (copy["cpu"], "runqueues", 40), f"{copy}")
        equal(facts["percpu"], f"0x{value + 40:x}", "its place for all CPUs")
    expect("per-cpu variable" in kernel.crash("kmem runqueues"), "the name alone")


def test_percpu_allocations(kernel):
    """Of a percpu_counter: 4 bytes for each CPU."""
    counters = int(rows(kernel, "p vm_committed_as")[0]["value"]["counters"], 16)
    (copies,) = rows(kernel, f"ptov {counters:x}:a")
    for copy in copies["cpus"]:
        facts = part(asked(kernel, [f"{int(copy['virtual'], 16) + 1:x}"])[0], "use")
        equal((facts["percpu_cpu"], facts["allocation"], facts["allocation_size"]), (copy["cpu"], f"0x{counters:x}", 4), f"{copy}")
        expect(int(facts["chunk"], 16) > 1 << 63, f"{facts}")


# ---- pages ----

SLAB, BUDDY, ANON, SWAPCACHE, HUGE, KSM, TABLE = 7, 10, 12, 13, 17, 21, 26


def test_uses_of_pages(kernel):
    """Every 97th frame, against /proc/kpageflags."""
    data = kernel.truth_bytes("proc/kpageflags")
    frames = [pfn for pfn in range(1, len(data) // 8, 97) if int.from_bytes(data[pfn * 8:pfn * 8 + 8], "little") >> 20 & 1 == 0]
    answers = asked(kernel, [f"{pfn << 12:x}" for pfn in frames], "-P ")
    counts, wrong = collections.Counter(), []
    for pfn, answer in zip(frames, answers):
        if not answer or "error" in answer[-1]:
            counts["no struct page"] += 1
            continue
        use = part(answer, "use")["use"]
        flags = int.from_bytes(data[pfn * 8:pfn * 8 + 8], "little")
        for bit, words in ((SLAB, ("slab",)), (BUDDY, ("free",)), (HUGE, ("huge page",)), (TABLE, ("page table",)),
                           (ANON, ("anonymous", "anonymous, shared by KSM", "anonymous, in the swap cache", "huge page"))):
            if flags >> bit & 1 and use not in words:
                wrong.append((pfn, use, hex(flags)))
        # Parts of larger blocks, of which the first page alone counts: the record is silent.
        if use == "unreferenced" and flags:
            wrong.append((pfn, use, hex(flags)))
        counts[use] += 1
    expect(len(frames) > 500, f"{len(frames)} frames")
    expect({"slab", "free", "anonymous", "page cache", "kernel image"} <= set(counts), f"{counts}")
    # A few were freed or taken between the record and the crash.
    expect(len(wrong) <= len(frames) // 50, f"{len(wrong)} of {len(frames)} differ: {wrong[:8]}")


def mapped_frames(kernel, pid):
    """{address: frame} of what was in memory."""
    found = {}
    for line in kernel.truth(f"proc/{pid}/pagemap.text").splitlines():
        address, entry = (int(word, 16) for word in line.split())
        if entry >> 63:
            found[address] = entry & (1 << 55) - 1
    return found


def test_pages_of_a_file(kernel):
    """init's program: each page knows its file and its place in it."""
    frames, checked = mapped_frames(kernel, 1), 0
    for line in kernel.truth("proc/1/maps").splitlines():
        words = line.split()
        if len(words) < 6 or words[5] != "/bin/busybox" or "r-xp" not in words:
            continue
        start, end = (int(word, 16) for word in words[0].split("-"))
        picked = [address for address in range(start, end, 4096) if address in frames][:12]
        for address, answer in zip(picked, asked(kernel, [f"{frames[address] << 12:x}" for address in picked])):
            facts = part(answer, "use")
            equal((facts["use"], facts["path"]), ("page cache", "/bin/busybox"), f"{address:x}")
            equal(facts["file_page"], (int(words[2], 16) + address - start) >> 12, f"{address:x}: page of the file")
            checked += 1
    expect(checked >= 8, f"{checked} pages")


def test_free_blocks(kernel):
    checked = 0
    for zone in rows(kernel, "kmem -F")[:-1]:
        for area in zone["areas"]:
            for block in area["blocks"][:1]:
                last = block["pfn"] + (1 << area["order"]) - 1
                (answer,) = asked(kernel, [f"{last << 12:x}"])
                facts = part(answer, "use")
                equal(facts["use"], "free", f"{block}")
                equal(part(answer, "areas")["areas"][0]["list"], area["list"], "its list")
                if area["order"]:
                    equal((facts["head"], facts["order"]), (block["page"], area["order"]), f"{block}")
                checked += 1
    expect(checked >= 8, f"{checked} blocks")


# ---- slabs, vmalloc ----


def test_objects_of_slabs(kernel):
    """Allocated, free, and free at hand of a CPU: as kmem -S has them."""
    seen = collections.Counter()
    for name in ("dentry", "kmalloc-64", "filp"):
        (cache,) = rows(kernel, f"kmem -S {name}")
        slabs = [slab for node in cache["nodes"] for slab in node["partial_list"] + node["full_list"][:1]]
        slabs += [slab for cpu in cache.get("cpus", []) for slab in cpu.get("slab", [])]
        wanted = {}
        for slab in slabs:
            for one in slab["objects"]:
                wanted.setdefault((one["state"], one.get("holder")), (one, slab))
        answers = asked(kernel, [f"{int(one['object'], 16) + 5:x}" for one, _ in wanted.values()])
        for (one, slab), answer in zip(wanted.values(), answers):
            row = part(answer, "cache")
            equal(row["name"], name, f"{one}")
            (found,) = row["slab"]
            equal((found["slab"], found["objects"]), (slab["slab"], [one]), f"{one}")
            seen[one["state"], bool(one.get("holder"))] += 1
    expect({("allocated", False), ("free", False)} <= set(seen), f"{seen}")
    # A struct page stands for all that its slab has.
    (answer,) = asked(kernel, [slab["slab"][2:]])
    equal(part(answer, "cache")["slab"][0]["objects"], slab["objects"], "objects of the whole slab")


def test_areas_of_vmalloc(kernel):
    own = {}
    for line in kernel.truth("proc/vmallocinfo").splitlines():
        match = re.match(r"0x([0-9a-f]+)-0x([0-9a-f]+) +(\d+) (\S+)\+0x([0-9a-f]+)/0x[0-9a-f]+ ([^\[]*)$", line)
        if match and "vmalloc" in match[6]:
            own[int(match[1], 16)] = int(match[3]), match[4] if match[5] == "0" else f"{match[4]}+0x{match[5]}"
    expect(len(own) > 40, f"{len(own)} areas in the record")
    # 5.10 hides the addresses.
    hidden = not any(start >> 63 for start in own)
    areas = [row for row in rows(kernel, "kmem -v") if "unpurged" not in row][::9]
    checked = 0
    for area, answer in zip(areas, asked(kernel, [f"{int(area['start'], 16) + 24:x}" for area in areas])):
        equal(part(answer, "vmap_area"), area, "the area")
        facts = [row for row in answer if "use" in row or "caller" in row]
        told = area["size"], facts[0].get("caller") if facts else None
        start = int(area["start"], 16)
        if start in own:
            equal(told, own[start], f"{area}")
        checked += start in own or (hidden and told in own.values())
    expect(checked >= 5, f"{checked} of {len(areas)} areas are in the record")


def test_what_is_nowhere(kernel):
    expect("there is no such physical address: memory ends at" in kernel.crash("kmem 100000000000"), "beyond memory")
    expect("not mapped" in kernel.crash("kmem ffffffffffffff00"), "an address that nothing maps")
    both = kernel.crash("kmem init_task jiffies")
    expect(") init_task\n" in both, f"{both}")
    expect(") jiffies\n" in both, f"{both}")
