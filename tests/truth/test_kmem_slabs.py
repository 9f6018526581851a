# kmem -s, -S, -I: slab caches against /proc/slabinfo; two ways of counting must agree.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import os

from harness import equal, expect, run_crash


def rows(kernel, command):
    return [json.loads(line) for line in kernel.crash(f"{command} --json").splitlines()]


def slabinfo(kernel):
    """{name: [in use, objects, bytes of one, objects of a slab, pages of a slab, slabs]}"""
    found = {}
    for line in kernel.truth("proc/slabinfo").splitlines()[2:]:
        words = line.split()
        found[words[0]] = [int(word) for word in words[1:6]] + [int(words[14])]
    return found


def slabs_of(row):
    """All slabs that kmem -S shows of a cache."""
    found = []
    for cpu in row.get("cpus", []):
        found += cpu.get("slab", []) + cpu.get("partial", [])
    for node in row["nodes"]:
        found += node["partial_list"] + node["full_list"]
    return found


def test_caches_are_those_of_slabinfo(kernel):
    own, seen = slabinfo(kernel), {}
    for row in rows(kernel, "kmem -s"):
        seen.setdefault(row["name"], row)
    equal(set(seen), set(own), "names of the caches")
    differ = []
    for name, (in_use, objects, stride, _, pages, slabs) in own.items():
        row = seen[name]
        equal((row["stride"], row["slab_size"]), (stride, pages * 4096), f"{name}: sizes")
        expect(row["object_size"] <= stride, f"{name}: an object of {row['object_size']} in {stride} bytes")
        expect(0 <= row["allocated"] <= row["total"], f"{name}: {row['allocated']} of {row['total']}")
        # The file takes what CPUs keep at hand for used.
        expect(row["allocated"] <= in_use + 64 or (row["total"], row["slabs"]) != (objects, slabs),
               f"{name}: {row['allocated']} allocated, the file says {in_use}")
        if (row["total"], row["slabs"]) != (objects, slabs):
            differ.append(name)
    # After the record the recorder ends, and its file is closed: few caches grow or shrink by that.
    expect(len(differ) <= len(own) // 20, f"{len(differ)} of {len(own)} caches have other totals: {differ[:5]}")


def test_details(kernel):
    """-v: the file's own count of objects in use, and all names that /sys/kernel/slab has."""
    own, answers = slabinfo(kernel), rows(kernel, "kmem -s -v")
    same = [row for row in answers if own[row["name"]][1::4] == [row["total"], row["slabs"]]]
    differ = [row["name"] for row in same if row["active"] != own[row["name"]][0]]
    expect(len(same) > len(own) * 3 // 4 and len(differ) <= len(same) // 20, f"{len(differ)} of {len(same)}: {differ[:5]}")
    folder = kernel.folder / "truth/sys/kernel/slab"
    targets = {}
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if os.path.islink(path):
            targets.setdefault(os.readlink(path), set()).add(name)
    seen = {frozenset([row["name"], *row["aliases"]]) for row in answers if "aliases" in row}
    equal(seen, {frozenset(names) for names in targets.values() if len(names) > 1}, "caches with several names")
    alias, name = next((row["aliases"][0], row["name"]) for row in answers if "aliases" in row)
    equal(rows(kernel, f"kmem -s {alias}"), rows(kernel, f"kmem -s {name}"), f"kmem -s {alias}")
    text = kernel.crash(f"kmem -s -v {name}")
    expect(text.splitlines()[0].split()[3] == "ACTIVE" and alias in text, text)


def test_objects_one_by_one(kernel):
    """What the nodes count, against all slabs found in the page map, object by object."""
    answers = rows(kernel, "kmem -S")
    expect(len(answers) > 100, f"only {len(answers)} caches")
    states = {"allocated": 0, "free": 0}
    for row in answers:
        slabs = slabs_of(row)
        objects = [one for slab in slabs for one in slab["objects"]]
        name = row["name"]
        equal(len(slabs), row["slabs"], f"{name}: slabs")
        equal(len(objects), row["total"], f"{name}: objects")
        equal(sum(one["state"] == "allocated" for one in objects), row["allocated"], f"{name}: allocated objects")
        equal(len({one["object"] for one in objects}), len(objects), f"{name}: addresses of objects")
        equal(len({slab["slab"] for slab in slabs}), len(slabs), f"{name}: struct pages")
        for slab in slabs:
            expect("lists_error" not in slab, f"{name}: {slab.get('lists_error')}")
            equal(slab["allocated"] + slab["free"], slab["total"], f"{name}: slab {slab['slab']}")
        for one in objects:
            states[one["state"]] += 1
    expect(states["allocated"] > 20000 and states["free"] > 1000, f"{states}")


def test_who_holds_free_objects(kernel):
    """Up to 6.19 CPUs keep the freelist of a slab; since 7.0 there are sheaves and barns."""
    answers = rows(kernel, "kmem -S")
    holders = {one["holder"] for row in answers for slab in slabs_of(row) for one in slab["objects"] if "holder" in one}
    old = kernel.crash("struct kmem_cache_cpu").startswith("struct kmem_cache_cpu {")
    expect(holders == {"cache"} if old else {"sheaf", "spare sheaf"} <= holders <= {"sheaf", "spare sheaf", "rcu sheaf", "barn"},
           f"{holders}")
    for row in answers:
        for cpu in row["cpus"]:
            expect(("kmem_cache_cpu" in cpu) == old, f"{row['name']}: {sorted(cpu)}")
            if not old:
                counted = sum(one.get("cpu") == cpu["cpu"] and one.get("holder") == "sheaf" for slab in slabs_of(row)
                              for one in slab["objects"])
                equal(counted, cpu["main"], f"{row['name']}: objects in CPU {cpu['cpu']}'s sheaf")


def test_free_objects_are_named_as_such(kernel):
    """struct and list say so of a free object, wherever the kernel keeps it; not of others."""
    def said(command):
        done = run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin=command + "\n")
        return done.stdout if "--json" in command else done.stderr

    (row,) = rows(kernel, "kmem -S filp")
    slabs = slabs_of(row)
    some = {}
    for one in (one for slab in slabs for one in slab["objects"]):
        some.setdefault(one.get("holder", one["state"]), one["object"][2:])
    expect("allocated" in some and len(some) > 1, f"{sorted(some)}")
    for kind, address in some.items():
        inside = f"{int(address, 16) + 8:x}"
        for command, where in ((f"struct file.f_mode {address}", address), (f"struct list_head {inside}", inside),
                               (f"list -o 8 -e {address} {address}", address), (f"struct file.f_mode {address} --json", address)):
            text = said(command)
            expect((f"{where} lies in a free object of the slab cache filp" in text) == (kind != "allocated"), f"{kind}: {command}: {text!r}")
            equal(text.count("free object"), int(kind != "allocated"), f"{kind}: {command}")
    # Of several one is named, and all are counted.
    slab = max(slabs, key=lambda slab: slab["free"])
    size = int(kernel.crash("struct file").split("SIZE: ")[1].split()[0])
    start = int(slab["objects"][0]["object"], 16)
    before = start - int(slab["memory"], 16)  # a red zone stands before each object
    numbers = [(before + i * size) // row["stride"] for i in range(len(slab["objects"]))]
    nr_free = sum(slab["objects"][number]["state"] == "free" for number in numbers)
    text = said(f"struct file.f_mode -c {len(numbers)} {start:x}")
    expect(nr_free > 1 and f"WARNING: {nr_free} of them lie in free slab objects\n" in text, f"{nr_free}: {text!r}")


def test_slabs_are_what_the_page_map_says(kernel):
    """/proc/kpageflags: bit 7 is set in every page of a slab, bit 16 in all but the first.
    KFENCE's are reserved (bit 32)."""
    data = kernel.truth_bytes("proc/kpageflags")
    flags = [int.from_bytes(data[at:at + 8], "little") for at in range(0, len(data), 8)]
    own = {pfn for pfn, bits in enumerate(flags) if bits >> 7 & 1 and not bits >> 16 & 1 and not bits >> 32 & 1}
    start = int(kernel.crash("ptov 0").splitlines()[1].split()[0], 16)
    found = {(int(slab["memory"], 16) - start) >> 12 for row in rows(kernel, "kmem -S") for slab in slabs_of(row)}
    lost = own - found
    expect(len(lost) <= len(own) // 100, f"{len(lost)} of {len(own)} slabs of the record are not there")
    expect(len(found - own) <= len(own) // 100, f"{len(found - own)} slabs that the record does not have")


def test_one_cache_and_one_object(kernel):
    answers = rows(kernel, "kmem -S")
    picked = [row for row in answers if row["name"] in ("dentry", "kmalloc-64", "task_struct", "vm_area_struct")]
    equal(len(picked), 4, "caches")
    for row in picked:
        alone = rows(kernel, f"kmem -S {row['name']}")
        equal(alone, [row], f"kmem -S {row['name']}")
        equal(rows(kernel, f"kmem -S {row['cache'][2:]}"), [row], f"kmem -S {row['cache']}")
        short = {key: value for key, value in row.items() if key not in ("cpus", "nodes")}
        equal(rows(kernel, f"kmem -s {row['name']}"), [short], f"kmem -s {row['name']}")
        slabs = slabs_of(row)
        for slab in slabs[:: max(1, len(slabs) // 5)]:
            for one in (slab["objects"][0], slab["objects"][-1]):
                inside = int(one["object"], 16) + min(row["object_size"] - 1, 9)
                (answer,) = rows(kernel, f"kmem -s {inside:x}")
                equal(answer["cache"], row["cache"], f"cache of {inside:x}")
                equal(answer["slab"][0]["objects"], [one], f"object at {inside:x}")
                equal(answer["slab"][0]["slab"], slab["slab"], f"slab of {inside:x}")


def test_some_cpus_alone(kernel):
    (whole,) = rows(kernel, "kmem -S dentry")
    for cpus, numbers in (("0", [0]), ("1", [1]), ("a", [0, 1])):
        (row,) = rows(kernel, f"kmem -S={cpus} dentry")
        equal([cpu["cpu"] for cpu in row["cpus"]], numbers, f"-S={cpus}")
        equal(row["cpus"], [cpu for cpu in whole["cpus"] if cpu["cpu"] in numbers], f"-S={cpus}")
        equal(row["nodes"], whole["nodes"], f"-S={cpus}: nodes")
    expect("CPU 9 is out of range" in kernel.crash("kmem -S=9 dentry"), "a CPU that there is not")


def test_ignored_caches(kernel):
    plain = {row["cache"]: row for row in rows(kernel, "kmem -s")}
    for row in rows(kernel, "kmem -I kmalloc-64,dentry -s"):
        if row["name"] in ("kmalloc-64", "dentry"):
            expect(row["ignored"] and row["object_size"] is None and "total" not in row, f"{row}")
        else:
            equal(row, plain[row["cache"]], row["name"])
    line = next(line for line in kernel.crash("kmem -s -I dentry").splitlines() if line.endswith(" dentry"))
    expect("[IGNORED]" in line, line)


def test_names(kernel):
    names = {row["name"] for row in rows(kernel, "kmem -s list")}
    equal(names, set(slabinfo(kernel)), "names")


def test_refusals(kernel):
    for command, words in (("kmem -s nosuch", "no slab cache is called nosuch"), ("kmem -s 0", "the address lies in no slab"),
                           ("kmem -s -S", "-s and -S do not go together"), ("kmem -s dentry dentry", "Usage:"),
                           ("kmem -r", "memory cgroups share their slab caches"), ("kmem -c", "there is no hash table"),
                           ("kmem -C", "there is no hash table"), ("kmem -l a", "no global lists"), ("kmem -L ic", "no global lists")):
        expect(words in kernel.crash(command), f"{command}: {kernel.crash(command)!r}")
