# kmem -V -z -f -F -n -p -m -g -v -h -o: what the guest said of itself in /proc and /sys.
# SPDX-License-Identifier: GPL-3.0-or-later
import collections
import json
import re

from harness import Skipped, equal, expect


def rows(kernel, command):
    return [json.loads(line) for line in kernel.crash(f"{command} --json").splitlines()]


def near(got, wanted, part, least):
    return abs(got - wanted) <= max(least, wanted * part)


# ---- counters ----

# What the recorder's last steps move: its own pages, what it allocates and writes.
MOVING = re.compile(r"nr_free_pages|nr_(zone_)?(in)?active|nr_slab|nr_anon|nr_file|nr_dirt|nr_written|nr_page_table|nr_foll_pin|numa_|pg|drop_|swap_ra|"
                    r"nr_mapped|nr_shmem|nr_kernel_stack|nr_vmscan|workingset|slabs_scanned|nr_memmap|compact|kcompactd")


def test_every_counter_of_vmstat(kernel):
    own = [(line.split()[0], int(line.split()[1])) for line in kernel.truth("proc/vmstat").splitlines()]
    # A line without a counter behind it, which is there for old programs.
    own = [item for item in own if item != ("nr_unstable", 0)]
    found = rows(kernel, "kmem -V")
    equal([row["name"] for row in found], [name for name, _ in own], "names and their order")
    exact = 0
    for row, (name, value) in zip(found, own):
        if row["value"] == value:
            exact += 1
        else:
            expect(MOVING.match(name) and near(row["value"], value, 0.1, 64), f"{name}: {row['value']}, the file has {value}")
    expect(exact >= len(own) * 0.9, f"only {exact} of {len(own)} are equal")
    items = {row["item"] for row in found}
    expect({"NR_FREE_PAGES", "NR_INACTIVE_ANON", "NR_SLAB_RECLAIMABLE_B", "PGPGIN", "PGFAULT", "NR_DIRTY_THRESHOLD"} <= items, f"{items}")


def test_counters_of_each_cpu(kernel):
    plain, parts = rows(kernel, "kmem -V"), rows(kernel, "kmem -VV")
    equal([(row["name"], row["value"]) for row in parts], [(row["name"], row["value"]) for row in plain], "values")
    events = [row for row in parts if row["name"] in ("pgfault", "pgfree", "pgalloc_dma32", "pswpout")]
    equal(len(events), 4, "events")
    for row in events:
        equal(sum(row["cpus"]), row["value"], row["name"])
        equal(len(row["cpus"]), 2, f"{row['name']}: CPUs")
    equal([row["name"] for row in plain if "cpus" in row], [], "CPUs without being asked")


def zoneinfo(kernel):
    """{(node, name): {word: number}}"""
    found, zone = {}, None
    for line in kernel.truth("proc/zoneinfo").splitlines():
        head = re.match(r"Node (\d+), zone +(\S+)", line)
        words = line.split()
        if head:
            zone = found.setdefault((int(head[1]), head[2]), {})
            told = True
        elif words[0] in ("per-node", "pagesets", "pages", "start_pfn:"):
            # What is of the node, or of each CPU, is none of the zone's.
            told = words[0] in ("pages", "start_pfn:")
        if words[0] == "pages":
            words = words[1:]
        if told and len(words) == 2 and words[1].isdigit():
            zone[words[0].rstrip(":")] = int(words[1])
    return found


def test_zones(kernel):
    own = zoneinfo(kernel)
    found = rows(kernel, "kmem -z")
    equal([(row["node"], row["name"]) for row in found], list(own), "zones")
    populated = 0
    for row in found:
        zone = own[row["node"], row["name"]]
        equal(row["present"], zone["present"], f"{row['name']}: present")
        equal(row["managed"], zone["managed"], f"{row['name']}: managed")
        if not zone["present"]:
            continue
        populated += 1
        equal((row["spanned"], row["start_pfn"]), (zone["spanned"], zone["start_pfn"]), f"{row['name']}: size, start")
        equal(row["watermarks"][:3], [zone["min"], zone["low"], zone["high"]], f"{row['name']}: watermarks")
        names = [one["item"].lower() for one in row["counters"]]
        for one in row["counters"]:
            name = one["item"].lower()
            if name in zone:
                expect(near(one["value"], zone[name], 0.05, 16), f"{row['name']}: {name} {one['value']}, the file has {zone[name]}")
        expect(sum(name in zone for name in names) >= 8, f"{names}")
    expect(populated >= 2, f"{populated} zones with pages")


# ---- free pages ----


def test_free_blocks(kernel):
    found = rows(kernel, "kmem -f")
    last = found.pop()
    free = [int(line.split()[1]) for line in kernel.truth("proc/vmstat").splitlines() if line.startswith("nr_free_pages ")][0]
    expect(near(last["nr_free_pages"], free, 0.02, 32), f"{last}, {free}")
    expect("(verified)" in kernel.crash("kmem -f").splitlines()[-1], kernel.crash("kmem -f").splitlines()[-1])
    blocks, typed = {}, {}
    for zone in found:
        for area in zone["areas"]:
            equal(area["block_size"], 4096 << area["order"], "size of a block")
            equal(area["pages"], area["blocks"] << area["order"], "pages")
            key = zone["node"], zone["name"], area["order"]
            blocks[key] = blocks.get(key, 0) + area["blocks"]
            typed[zone["node"], zone["name"], area["type"], area["order"]] = area["blocks"]
    checked = 0
    for line in kernel.truth("proc/buddyinfo").splitlines():
        _, node, _, name, *counts = line.replace(",", "").split()
        for order, count in enumerate(counts):
            told = blocks[int(node), name, order]
            expect(near(told, int(count), 0.1, 3), f"node {node}, {name}, order {order}: {told}, the file has {count}")
            checked += 1
    expect(checked >= 22, f"{checked} counts")
    for line in kernel.truth("proc/pagetypeinfo").splitlines():
        match = re.match(r"Node +(\d+), zone +(\S+), type +(\S+) +([\d> ]+)$", line)
        if not match or "Number of blocks" in line or len(match[4].split()) < 8:
            continue
        for order, count in enumerate(match[4].split()):
            told = typed[int(match[1]), match[2], match[3], order]
            expect(near(told, int(count.strip(">")), 0.1, 3), f"{match[0]}: order {order}: {told}")


def test_each_free_block(kernel):
    """/proc/kpageflags marks the pages of free blocks, at least each first one."""
    data = kernel.truth_bytes("proc/kpageflags")
    counts = {(zone["zone"], area["list"]): area["blocks"] for zone in rows(kernel, "kmem -f")[:-1] for area in zone["areas"]}
    marked = total = 0
    for zone in rows(kernel, "kmem -F")[:-1]:
        for area in zone["areas"]:
            equal(len(area["blocks"]), counts[zone["zone"], area["list"]], f"blocks on {area['list']}")
            for block in area["blocks"]:
                pfn = block["pfn"]
                equal(pfn % (1 << area["order"]), 0, f"alignment of {pfn:x}")
                marked += int.from_bytes(data[pfn * 8:pfn * 8 + 8], "little") >> 10 & 1
                total += 1
    expect(total > 40 and marked >= total * 0.8, f"{marked} of {total} blocks are marked in the record")


def test_block_of_a_page(kernel):
    zone = next(zone for zone in rows(kernel, "kmem -F") if zone["name"] == "DMA32")
    area = next(area for area in zone["areas"] if area["order"] == 7 and area["blocks"])
    block = area["blocks"][0]
    for word in (f"{(block['pfn'] + 3) << 12:x}", f"-P {(block['pfn'] + 3) << 12:x}", f"{int(block['page'], 16) + 3 * 64:x}"):
        (answer,) = rows(kernel, f"kmem -f {word}")
        equal(answer["areas"][0]["list"], area["list"], f"list of {word}")
        equal(answer["areas"][0]["blocks"], [block], f"block of {word}")
        expect("is 4th of 128 pages" in kernel.crash(f"kmem -f {word}"), f"kmem -f {word}")
    for word, why in (("0", "is in no free block"), ("ffffffffffff", "there is no such physical address")):
        expect(why in kernel.crash(f"kmem -f {word}"), f"kmem -f {word}: {kernel.crash(f'kmem -f {word}')!r}")


# ---- struct pages ----

# Bits of /proc/kpageflags (fs/proc/page.c) that are copies of a flag of the page itself.
COPIED = {0: "locked", 2: "referenced", 3: "uptodate", 4: "dirty", 5: "lru", 6: "active", 8: "writeback", 14: "swapbacked", 18: "unevictable",
          32: "reserved"}


def test_flags_of_every_frame(kernel):
    data = kernel.truth_bytes("proc/kpageflags")
    checked = wrong = gone = 0
    for row in rows(kernel, "kmem -p"):
        pfn = int(row["physical"], 16) >> 12
        bits = int.from_bytes(data[pfn * 8:pfn * 8 + 8], "little")
        # Slabs, free blocks and pages behind the first of a larger one use the words otherwise.
        if bits & (1 << 7 | 1 << 10 | 1 << 15 | 1 << 16 | 1 << 20):
            continue
        names = set(row["flag_names"].split(","))
        checked += 1
        differs = any((bits >> bit & 1) != (name in names) for bit, name in COPIED.items())
        wrong += differs and row["count"] > 0
        gone += differs and row["count"] == 0
    expect(checked > 10000, f"only {checked} frames")
    # The recorder was there, and is gone: the more memory there is, the more it had to keep.
    expect(gone <= checked // 20, f"{gone} of {checked} frames were freed after the record")
    expect(wrong <= checked // 100, f"{wrong} of {checked} frames have other flags than in the record")


def test_users_of_every_frame(kernel):
    """What is mapped (/proc/kpagecount) has users; pages behind the first of a larger one aside."""
    found = {int(row["physical"], 16) >> 12: row for row in rows(kernel, "kmem -p")}
    data, flags = kernel.truth_bytes("proc/kpagecount"), kernel.truth_bytes("proc/kpageflags")
    found = {pfn: row for pfn, row in found.items() if not int.from_bytes(flags[pfn * 8:pfn * 8 + 8], "little") >> 16 & 1}
    mapped = [pfn for pfn in found if pfn * 8 + 8 <= len(data) and 0 < int.from_bytes(data[pfn * 8:pfn * 8 + 8], "little") < 1 << 20]
    unused = [pfn for pfn in mapped if found[pfn]["count"] <= 0]
    expect(len(mapped) > 1000 and len(unused) <= len(mapped) // 10, f"{len(unused)} of {len(mapped)} mapped frames have no users")


def test_one_page_and_members(kernel):
    all_rows = kernel.crash("kmem -p").splitlines()
    line = next(line for line in all_rows if " 1000000 " in line)
    page = line.split()[0]
    for word in (page, "1000000", "-P 1000000"):
        equal(kernel.crash(f"kmem -p {word}").splitlines(), [all_rows[0], line], f"kmem -p {word}")
    heading, values = kernel.crash(f"kmem -m _refcount,_mapcount,flags,lru,private {page}").splitlines()
    equal(heading.split(), ["PAGE", "_refcount", "_mapcount", "flags", "lru", "private"], "heading")
    words = values.split()
    equal((words[0], words[1], int(words[3], 16)), (page, line.split()[4], int(line.split()[5], 16)), "page, users, flags")
    own = kernel.crash(f"struct page.private,_mapcount {page} -x")
    equal(int(words[5], 16), int(re.search(r"private = (0x[0-9a-f]+|0)", own)[1], 16), "private")
    equal(len(words[4].split(",")), 2, "both words of a list_head")
    equal(len(kernel.crash("kmem -m _refcount").splitlines()), len(all_rows), "a line for each page")
    expect("struct page has no member nosuch" in kernel.crash("kmem -m nosuch"), "a member that there is not")
    expect("-m needs members" in kernel.crash("kmem -m ,"), "no member")


def test_page_flags(kernel):
    bits = {row["flag"]: row["bit"] for row in rows(kernel, "kmem -g")}
    expect(bits["PG_locked"] == 0 and len(bits) > 20, f"{bits}")
    for row in rows(kernel, "kmem -g"):
        equal(int(row["value"], 16), 1 << row["bit"], row["flag"])
        # A macro of the same name may stand for another in gdb: the enum has it.
        expect(f"{row['flag']} = {row['bit']}" in kernel.crash("whatis pageflags"), row["flag"])
    mask = 1 << bits["PG_lru"] | 1 << bits["PG_dirty"]
    (row,) = rows(kernel, f"kmem -g {mask:x}")
    equal({one["flag"] for one in row["bits"]} >= {"PG_lru", "PG_dirty"}, True, f"{row}")
    equal({one["bit"] for one in row["bits"]}, {bits["PG_lru"], bits["PG_dirty"]}, f"{row}")
    expect("flags are a hexadecimal number" in kernel.crash("kmem -g zz"), "no number")


# ---- areas, nodes, huge pages, CPUs ----


def test_areas_of_vmalloc(kernel):
    found = {(int(row["start"], 16), int(row["end"], 16)): row for row in rows(kernel, "kmem -vv")}
    equal(list(found), sorted(found), "their order")
    own, differ = 0, []
    lines = kernel.truth("proc/vmallocinfo").splitlines()
    if not lines[0].startswith("0xffff"):
        # Up to 5.15 the file hides addresses; it has the areas in their order.
        hidden = collections.Counter((int(line.split()[1]), line.split()[2].split("/")[0]) for line in lines)
        told = collections.Counter((row["size"], row["caller"]) for row in found.values() if "caller" in row)
        expect(sum((hidden - told).values()) <= 12 and len(lines) > 200, f"{hidden - told}")
        return
    for line in lines:
        match = re.match(r"0x([0-9a-f]+)-0x([0-9a-f]+) +(\d+) (\S+)(.*)$", line)
        row = found.get((int(match[1], 16), int(match[2], 16)))
        own += 1
        # The recorder's own stack and buffers go when it ends.
        if row is None or row.get("unpurged", False) != (match[4] == "unpurged"):
            differ.append(line)
            continue
        equal(row["size"], int(match[3]), line)
        if match[4] == "unpurged":
            continue
        if match[4] == "vm_map_ram":
            equal(row["flags"], "vm_map_ram", line)
            continue
        words = match[5].split()
        pages = [int(word[6:]) for word in words if word.startswith("pages=")]
        equal(row.get("pages"), pages[0] if pages else None, line)
        physical = [int(word[5:], 16) for word in words if word.startswith("phys=")]
        equal(int(row.get("physical", "0"), 16), physical[0] if physical else 0, line)
        caller = match[4].split("/")[0]
        # Of a module's first function, whose memory is gone, the file has "0x" and the address.
        same = row["caller"] in (caller, caller.removeprefix("0x"))
        expect(same or row["caller"].split("+")[1:] == caller.split("+")[1:] != [], f"{row['caller']}: {line}")
        for word in ("vmalloc", "ioremap", "vmap"):
            equal(word in row["flags"].split(","), word in words, line)
    expect(own > 200 and len(differ) <= 12, f"{len(differ)} of {own} areas differ, such as {differ[:2]}")


def test_one_area(kernel):
    text = kernel.crash("kmem -v").splitlines()
    line = next(line for line in text[1:] if "unpurged" not in line and line.split()[-1] == "20480")
    start = line.split()[2]
    equal(kernel.crash(f"kmem -v {int(start, 16) + 0x123:x}").splitlines(), [text[0], line], "the area of an address")
    expect("lies in no area of vmalloc" in kernel.crash("kmem -v ffffffff81000000"), "an address outside")


def test_nodes(kernel):
    found = rows(kernel, "kmem -n")
    nodes = [row for row in found if "pglist_data" in row]
    sections = [row for row in found if "coded_mem_map" in row]
    blocks = [row for row in found if "memory_block" in row]
    equal(len(nodes), len(kernel.truth_paths("sys/devices/system/node/node[0-9]*")), "nodes")
    zones = {row["address"]: row for row in rows(kernel, "kmem -z")}
    for node in nodes:
        equal(node["size"], sum(zone["size"] for zone in node["zones"]) if len(nodes) == 1 else node["size"], "pages of a node")
        for zone in node["zones"]:
            equal((zone["start_pfn"], zone["name"]), (zones[zone["address"]]["start_pfn"], zones[zone["address"]]["name"]), "zone")
        present = sum(zones[zone["address"]]["present"] for zone in node["zones"])
        equal(node["present"], present, "pages that are present")
    ram = sum(int(match[2], 16) - int(match[1], 16) + 1
              for match in re.finditer(r"^([0-9a-f]+)-([0-9a-f]+) : System RAM", kernel.truth("proc/iomem"), re.M))
    covered = len(sections) << 27
    expect(ram <= covered <= ram + (2 << 27), f"{len(sections)} sections for {ram} bytes of RAM")
    equal(len(blocks), len(sections), "blocks of one section each")
    for section, block in zip(sections, blocks):
        equal(block["start_section"], section["section"], "section")
        equal((int(block["start"], 16) >> 12, block["state"]), (section["start_pfn"], "ONLINE"), f"{block}")
        equal(section["state"][:3], "PMO", f"{section}")


def test_huge_pages(kernel):
    found = {row["name"]: row for row in rows(kernel, "kmem -h")}
    folders = {path.parent.name for path in kernel.truth_paths("sys/kernel/mm/hugepages/*/nr_hugepages")}
    equal({name.replace("hugepages-", "hugepages-") for name in found}, folders, "pools")
    for name, row in found.items():
        for key, file in (("total", "nr_hugepages"), ("free", "free_hugepages"), ("reserved", "resv_hugepages"), ("surplus", "surplus_hugepages")):
            equal(row[key], int(kernel.truth(f"sys/kernel/mm/hugepages/{name}/{file}")), f"{name}: {key}")
        equal(row["page_size"], int(name.split("-")[1][:-2]) * 1024, name)
    expect(any(row["total"] for row in found.values()), "no pool has pages")


def test_offsets_of_cpus(kernel):
    found = rows(kernel, "kmem -o")
    equal([row["cpu"] for row in found], [0, 1], "CPUs")
    symbol = int(kernel.crash("sym runqueues").split()[0], 16)
    lines = kernel.crash("p runqueues:a")
    for row in found:
        address = int(row["offset"], 16) + symbol & (1 << 64) - 1
        equal(int(kernel.crash(f"ptov {symbol:x}:{row['cpu']}").splitlines()[-1].split()[-1], 16), address, "its runqueue")
    expect("cpu" in lines, "p of a per-cpu variable")


# ---- two nodes, and dumps that makedumpfile left pages out of ----


def test_two_nodes(kernel):
    if kernel.name != "6.12":
        raise Skipped("only 6.12 has a dump of two nodes")
    dump = kernel.dump("high")
    nodes = [row for row in rows(dump, "kmem -n") if "pglist_data" in row]
    equal([node["node"] for node in nodes], [0, 1], "nodes")
    for node in nodes:
        own = {words[2].rstrip(":"): int(words[3]) for words in
               (line.split() for line in dump.truth(f"sys/devices/system/node/node{node['node']}/meminfo").splitlines())}
        managed = sum(zone["managed"] for zone in rows(dump, "kmem -z") if zone["node"] == node["node"])
        equal(managed * 4, own["MemTotal"], f"MemTotal of node {node['node']}")
    text = dump.crash("kmem -f").splitlines()
    equal([text[at + 1].strip() for at, line in enumerate(text) if line == "NODE"], ["0", "1"], "headings")
    expect("(verified)" in text[-1], text[-1])
    counts = {}
    for zone in rows(dump, "kmem -f")[:-1]:
        for area in zone["areas"]:
            key = zone["node"], zone["name"], area["order"]
            counts[key] = counts.get(key, 0) + area["blocks"]
    for line in dump.truth("proc/buddyinfo").splitlines():
        _, node, _, name, *own = line.replace(",", "").split()
        for order, count in enumerate(own):
            expect(near(counts[int(node), name, order], int(count), 0.1, 3), f"node {node}, {name}, order {order}")
    slabs = [slab for row in rows(dump, "kmem -S dentry") for at in row["nodes"] for slab in at["partial_list"] + at["full_list"]]
    equal({slab["node"] for slab in slabs}, {0, 1}, "nodes of slabs")
    equal([row["cpu"] for row in rows(dump, "kmem -o")], [0, 1, 2, 3], "CPUs")


def test_left_out_pages_are_not_missed(kernel):
    """Free pages, and those of users, are not in this dump: nothing of the kernel's needs them."""
    whole, small = kernel.dump("kdump"), kernel.dump("kdump").variant("vmcore.zlib-d31")
    for command in ("kmem -s", "kmem -f", "kmem -V", "kmem -z", "kmem -n", "kmem -vv", "kmem -h", "kmem -S kmalloc-64", "kmem -p"):
        if kernel.name in ("7.x", "7.3"):
            # makedumpfile 1.7 leaves out pages of these that are in use.
            for line in small.crash(command).splitlines():
                expect("PROBLEM" not in line or "excluded from the dump" in line, f"{command}: {line}")
        else:
            equal(small.crash(command), whole.crash(command), command)
