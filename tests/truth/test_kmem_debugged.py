# kmem in a guest whose slabs have red zones, poison and traces, with two nodes and pages of 1 GB: what holds elsewhere holds here.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import pathlib
import sys

from harness import Skipped, equal, expect

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import test_kmem  # noqa: E402
import test_kmem_objects  # noqa: E402
import test_kmem_slabs  # noqa: E402
import test_kmem_views  # noqa: E402
import test_kmem_where  # noqa: E402


class Instead:
    """The kernel, with this dump in the place of its base dump and of "objects"."""

    def __init__(self, kernel):
        if kernel.name != "6.12":
            raise Skipped("the lab makes this scenario on 6.12")
        self.name, self.kernel, self.here = kernel.name, kernel, kernel.dump("debugged")

    def dump(self, name="sysrq"):
        return self.here if name in ("sysrq", "objects") else self.kernel.dump(name)

    def __getattr__(self, attribute):
        return getattr(self.here, attribute)


def repeat(kernel, module, *leave_out):
    kernel, count = Instead(kernel), 0
    for name, function in vars(module).items():
        if name.startswith("test_") and callable(function) and name not in leave_out:
            try:
                function(kernel)
                count += 1
            except Skipped:
                pass
            except Exception as error:
                error.args = (f"{name}: {error}",)
                raise
    expect(count >= 3, f"{count} tests")


def test_planted_objects(kernel):
    repeat(kernel, test_kmem_objects, "test_damaged_metadata_of_the_guard")


def test_addresses(kernel):
    repeat(kernel, test_kmem_where)


def test_slabs(kernel):
    """But caches are not merged, and no CPU keeps free objects."""
    repeat(kernel, test_kmem_slabs, "test_details", "test_who_holds_free_objects")
    dump = Instead(kernel).here
    expect("holder" not in dump.crash("kmem -S kmalloc-64 --json"), "somebody keeps free objects")


def test_layout_of_every_cache(kernel):
    """What /sys/kernel/slab has of each; object by object the counts of slabinfo."""
    dump = Instead(kernel).here
    own = {}
    for line in dump.truth("run/lab/slab-caches").splitlines():
        # A name may have blanks in it.
        words = line.split()
        own[" ".join(words[:-7])] = [int(word) for word in words[-7:]]
    counts = test_kmem_slabs.slabinfo(dump)
    rows = {row["name"]: row for row in (json.loads(line) for line in dump.crash("kmem -s --json").splitlines())}
    expect(len(own) > 150, f"{len(own)} caches")
    same, padded = 0, 0
    for name, (object_size, stride, _, order, red_zone, poison, store_user) in own.items():
        row = rows[name]
        equal((row["object_size"], row["stride"], row["slab_size"]), (object_size, stride, 4096 << order), name)
        padded += bool(red_zone and poison and store_user)
        same += [row["allocated"], row["total"], row["slabs"]] == [counts[name][0], counts[name][1], counts[name][5]]
    # Nothing lies between a cache's counter and its users: but the recorder ended after the record.
    expect(same > len(own) * 0.9 and padded > 150, f"{same} of {len(own)} are the same, {padded} are watched")


def test_objects_begin_behind_the_red_zone(kernel):
    """An address in the red zone before an object is the object's; its bytes say what it is."""
    dump, chosen = test_kmem_objects.planted(Instead(kernel), "slab-allocated", "slab-free-listed")
    for one in chosen:
        before, = test_kmem_objects.asked(dump, [f"{one.address - 3:x}"])
        found = test_kmem_objects.part(before, "cache")["slab"][0]["objects"]
        equal(found, [{"object": f"0x{one.address:x}", "state": "free" if "free" in one.kind else "allocated"}], f"{one}")
        # Red zones and poison as the kernel writes them (include/linux/poison.h).
        zone = dump.crash(f"rd -8 {one.address - 8:x} 8").split(":")[1].split()[:8]
        equal(set(zone), {"bb" if "free" in one.kind else "cc"}, f"{one}")


def test_redzone(kernel):
    """By the red zone in front with "set redzone on": as long as the kernel's cache says."""
    dump, chosen = test_kmem_objects.planted(Instead(kernel), "slab-allocated", "slab-free-listed")
    for cache in sorted({one.cache for one in chosen}):
        mine = [one for one in chosen if one.cache == cache]
        (row,) = (json.loads(line) for line in dump.crash(f"kmem -s {cache} --json").splitlines())
        pad = int(dump.crash(f"struct kmem_cache.red_left_pad -d {row['cache']}").split("=")[1].strip(" \n,;"))
        expect(pad >= 8, f"{cache}: a red zone of {pad} bytes")
        for setting, before in (("on", pad), ("off", 0)):
            # An object is asked for by its own address, whatever is shown.
            _, slabs, text, *own = dump.crash_alone(f"set redzone {setting}", f"kmem -S {cache} --json", f"kmem -S {cache}",
                                                    *(f"kmem -s {one.address:x} --json" for one in mine))
            states = {found["object"]: found["state"] for line in slabs.splitlines()
                      for slab in test_kmem_slabs.slabs_of(json.loads(line)) for found in slab["objects"]}
            lines = {line.rstrip() for line in text.splitlines()}
            for one, answer in zip(mine, own):
                state, shown = "free" if "free" in one.kind else "allocated", one.address - before
                expect(f"0x{one.address - pad + before:x}" not in states, f"{one}: shown as the other, redzone {setting}")
                equal(states.get(f"0x{shown:x}"), state, f"{one}: redzone {setting}")
                mark = f"  [{shown:x}]" if state == "allocated" else f"   {shown:x}"
                expect(mark in lines, f"{one}: redzone {setting}: no line {mark!r}")
                (found,) = test_kmem_objects.part([json.loads(line) for line in answer.splitlines()], "cache")["slab"][0]["objects"]
                equal(found, {"object": f"0x{shown:x}", "state": state}, f"{one}: kmem -s, redzone {setting}")


def test_huge_pages(kernel):
    """Both pools, and a page of the larger one: each of its frames leads to its first."""
    dump = Instead(kernel).here
    rows = {row["page_size"]: row for row in (json.loads(line) for line in dump.crash("kmem -h --json").splitlines())}
    for size in (2 << 20, 1 << 30):
        folder = f"sys/kernel/mm/hugepages/hugepages-{size >> 10}kB/"
        own = {name: int(dump.truth(folder + name)) for name in ("nr_hugepages", "free_hugepages", "resv_hugepages", "surplus_hugepages")}
        equal((rows[size]["total"], rows[size]["free"]), (own["nr_hugepages"], own["free_hugepages"]), f"{size}")
    data = dump.truth_bytes("proc/kpageflags")
    huge = [pfn for pfn in range(0, len(data) // 8, 1 << 18) if data[pfn * 8 + 2] >> 1 & 1]
    equal(len(huge), 1, "pages of 1 GB in the record")
    answers = test_kmem_objects.asked(dump, [f"-P {(huge[0] + number) << 12:x}" for number in (0, 1, 511, 512, 99999, (1 << 18) - 1)])
    head = test_kmem_objects.part(answers[0], "page")["page"]
    for answer in answers:
        facts = test_kmem_objects.part(answer, "use")
        equal((facts["use"], facts["head"], facts["order"]), ("huge page", head, 18), f"{facts}")


def test_every_frame(kernel):
    """What /proc/kpageflags says of each frame, by kmem -p and kmem -F."""
    dump = Instead(kernel).here
    data = dump.truth_bytes("proc/kpageflags")
    free = set()
    for zone in (json.loads(line) for line in dump.crash("kmem -F --json").splitlines()[:-1]):
        for area in zone["areas"]:
            free.update(pfn for block in area["blocks"] for pfn in range(block["pfn"], block["pfn"] + (1 << area["order"])))
    marked = {pfn for pfn in range(len(data) // 8) if data[pfn * 8 + 1] >> 2 & 1}
    expect(len(marked) > 100 and len(marked - free) <= len(marked) // 5, f"{len(marked - free)} of {len(marked)} are free in the record alone")
    nodes = {row["node"]: row for row in (json.loads(line) for line in dump.crash("kmem -n --json").splitlines()) if "pglist_data" in row}
    equal(set(nodes), {0, 1}, "nodes")


def test_views(kernel):
    # With so much memory half of all that is mapped is the recorder's, which is gone in the dump.
    repeat(kernel, test_kmem_views, "test_users_of_every_frame")


def test_totals(kernel):
    repeat(kernel, test_kmem)


def test_memory_blocks(kernel):
    """State, place and node of each, as /sys/devices/system/memory has them."""
    kernel, own = Instead(kernel), {}
    for line in kernel.truth("run/lab/memory-blocks").splitlines():
        name, state, number, node = line.split()
        own[name] = (state.upper(), int(number, 16), int(node.rsplit("node", 1)[1]))
    blocks = [row for row in map(json.loads, kernel.crash("kmem -n --json").splitlines()) if "memory_block" in row]
    size = int(blocks[0]["end"], 16) + 1 - int(blocks[0]["start"], 16)
    equal({row["name"]: (row["state"], int(row["start"], 16) // size, row["node"]) for row in blocks}, own, "memory blocks")
    equal({node for _, _, node in own.values()}, {0, 1}, "their nodes")
