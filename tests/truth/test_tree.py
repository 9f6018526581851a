# tree: trees of the kernel against what the guest said of itself.
# SPDX-License-Identifier: GPL-3.0-or-later
import re

from harness import Skipped, equal, expect, same_lines


def entries(text):
    return re.findall(r"^([0-9a-f]{16})$", text, re.M)


def pids(kernel):
    """Every thread of the guest."""
    return {int(str(path).rsplit("/", 2)[1]) for path in kernel.truth_paths("proc/[0-9]*/task/*/stat")}


def test_pid_idr(kernel):
    text, radix, short, direct = kernel.crash(
        "tree -t xarray -r pid_namespace.idr init_pid_ns -p -s pid.level", "tree -t radix -r pid_namespace.idr init_pid_ns",
        "tree -t x -r pid_namespace.idr init_pid_ns -S pid.level -x", "tree -t ra -r pid_namespace.idr init_pid_ns -d")
    base = int(re.search(r"idr_base = (\d+)", kernel.crash("struct -d pid_namespace.idr init_pid_ns")).group(1))
    rows = re.findall(r"^([0-9a-f]{16})\n  index: (\d+)  position: root((?:/\d+)+)\n  level = \d+,$", text, re.M)
    numbers = {int(index) + base for _, index, _ in rows}
    expect(pids(kernel) <= numbers, f"threads without a struct pid: {sorted(pids(kernel) - numbers)}")
    for _, index, path in rows:
        slots = [int(slot) for slot in path.split("/")[1:]]
        value = 0
        for slot in slots:
            value = value * 64 + slot
        equal(value, int(index), f"position {path}")
    same_lines(radix.split(), [row[0] for row in rows], "as a radix tree")
    equal(direct, radix, "short name")
    equal(len(re.findall(r"^  level = 0x[01]$", short, re.M)), len(rows), "members read directly")
    head = re.search(r"(?:xa_head|rnode) = (0x[0-9a-f]+)", kernel.crash("struct pid_namespace.idr init_pid_ns")).group(1)
    same_lines(kernel.crash(f"tree -t x -N {head}").split(), radix.split(), "from the top node")


def test_pages_of_pid_1(kernel):
    """Maple tree (v6.1) or red-black tree (before) of pid 1's mappings: /proc/1/maps."""
    maps = [line.split()[0].split("-") for line in kernel.truth("proc/1/maps").splitlines() if "vsyscall" not in line]
    wanted = [(int(start, 16), int(end, 16)) for start, end in maps]
    mm = re.search(r"mm = (0x[0-9a-f]+)", kernel.crash("task -R mm 1")).group(1)
    if kernel.crash("struct mm_struct.mm_mt").startswith("struct mm_struct {"):
        text = kernel.crash(f"tree -t maple -r mm_struct.mm_mt {mm} -p -S vm_area_struct.vm_start,vm_end -x")
        expect("index: 1  position: root/" in text, f"positions: {text[:200]!r}")
    else:
        text = kernel.crash(f"tree -l -r mm_struct.mm_rb -o vm_area_struct.vm_rb {mm} -S vm_area_struct.vm_start,vm_end -x")
    got = [(int(a, 16), int(b, 16)) for a, b in re.findall(r"vm_start = (0x\w+)\n  vm_end = (0x\w+)", text)]
    same_lines(got, wanted, "mappings of pid 1")


def test_maple_nodes(kernel):
    mm = re.search(r"mm = (0x[0-9a-f]+)", kernel.crash("task -R mm 1")).group(1)
    if not kernel.crash("struct mm_struct.mm_mt").startswith("struct mm_struct {"):
        raise Skipped("no maple trees before v6.1")
    text, plain = kernel.crash(f"tree -t m -r mm_struct.mm_mt {mm} -v -x", f"tree -t m -r mm_struct.mm_mt {mm}")
    first = re.match(r"maple_tree\((\w+)\) flags [0-9A-F]+, height (\d+) root 0x(\w+)\n\n0-f{16}: node ", text)
    expect(first, f"header: {text[:200]!r}")
    leaves = [(start, end or start, entry)
              for start, end, entry in re.findall(r"^ +(\w+)(?:-(\w+))?: 0x([0-9a-f]+)$", text, re.M)]
    equal([entry for _, _, entry in leaves if len(entry) == 16], plain.split(), "entries of the nodes")
    place = -1
    for start, end, _ in leaves:
        equal(int(start, 16), place + 1, "start of a slot")
        place = int(end, 16)
    equal(place, 2 ** 64 - 1, "end of the last slot")
    inside = kernel.crash(f"tree -t maple -N {first.group(3)}")
    equal(inside, plain, "from the top node")
    expect("depth 0 type" in text and "contents: " in text, "node lines")
    decimal, both, placed, direct, prefix = kernel.crash(
        f"tree -t m -r mm_struct.mm_mt {mm} -v", f"tree -t m -r mm_struct.mm_mt {mm} -vp", f"tree -t m -r mm_struct.mm_mt {mm} -p",
        f"tree -t maple -p -N {first.group(3)}", f"tree -t mapl -r mm_struct.mm_mt {mm}")
    # Entries are addresses in any radix.
    for entry in plain.split():
        expect(re.search(rf"^ +\d+-\d+: 0x{entry}$", decimal, re.M), f"entry {entry} in decimal: {decimal[-300:]!r}")
    same_lines(re.findall(r"^  index: .*", both, re.M), re.findall(r"^  index: .*", placed, re.M), "positions with -v")
    equal(direct.replace("position: direct/", "position: root/"), placed, "positions from a node")
    equal(prefix, plain, "a type's name cut short")


def test_gaps_of_maple_nodes(kernel):
    """Inner nodes say how large the largest gap below each slot is:
    what the ranges without entry below show."""
    if "maple_tree" not in kernel.crash("whatis sparse_irqs"):
        raise Skipped("no tree with gaps and inner nodes before v6.5")
    text = kernel.crash("tree -t maple -v -x sparse_irqs")
    root = re.search(r"depth 0 type 3 parent \w+ contents: ((?:\w+ )+)\| (\w\w) (\w\w)\| ", text)
    expect(root, f"the top node has gaps: {text[:400]!r}")
    gaps = [int(gap, 16) for gap in root.group(1).split()]
    children = re.split(r"^  [0-9a-f]+-[0-9a-f]+: node .*$", text, flags=re.M)[1:]
    equal(len(children), int(root.group(2), 16) + 1, "slots in use")
    for number, child in enumerate(children):
        empty = [int(end or start, 16) - int(start, 16) + 1
                 for start, end in re.findall(r"^ +(\w+)(?:-(\w+))?: 0x0$", child, re.M)]
        equal(gaps[number], max(empty, default=0), f"largest gap below slot {number}")
    equal(gaps[int(root.group(3), 16)], max(gaps), "slot of the largest gap")


def test_reserved_slots_are_no_entries(kernel):
    """An xarray that gives out numbers may mark one as taken (XA_ZERO_ENTRY) that has no object."""
    if "not found" in kernel.crash("sym page_pools"):
        raise Skipped("no page_pools in this kernel")
    head = int(re.search(r"xa_head = 0x([0-9a-f]+)", kernel.crash("struct xarray.xa_head page_pools")).group(1), 16)
    slots = re.search(r"slots = \{(.*?)\}", kernel.crash(f"struct xa_node.slots {head - 2:x}")).group(1).split(", ")
    pointers = [slot.split()[0][2:] for slot in slots if int(slot.split()[0], 16) & 3 == 0 and not slot.startswith("0x0")]
    expect(any(slot.startswith("0x406") for slot in slots) and pointers, f"slots: {slots[:4]}")
    equal(kernel.crash("tree -t xarray page_pools").split(), pointers, "entries")


def rbtree(kernel):
    """A red-black tree that this kernel has:
    vmalloc's areas, in one tree or in the first node's (v6.9)."""
    names = kernel.crash("sym vmap_area_root", "sym vmap_nodes")
    if "not found" not in names[0]:
        return "vmap_area_root"
    nodes = kernel.crash("rd -x vmap_nodes").split()[1]
    return f"-r vmap_node.busy {nodes}"


def test_rbtree_orders(kernel):
    root = rbtree(kernel)
    down, sorted_, placed, plain = kernel.crash(
        f"tree -t rbtree -o vmap_area.rb_node {root}", f"tree -l -o vmap_area.rb_node -S vmap_area.va_start -x {root}",
        f"tree -t rb -p -o vmap_area.rb_node {root}", f"tree {root}")
    starts = [int(start, 16) for start in re.findall(r"va_start = (0x\w+)", sorted_)]
    expect(len(starts) > 3 and starts == sorted(starts), f"{len(starts)} areas, sorted: {starts == sorted(starts)}")
    equal(sorted(down.split()), sorted(entries(sorted_)), "the same areas in both orders")
    rows = re.findall(r"^([0-9a-f]{16})\n  position: root((?:/[lr])*)$", placed, re.M)
    same_lines([row[0] for row in rows], down.split(), "with positions")
    equal(rows[0][1], "", "the first is the root")
    paths = {path for _, path in rows}
    expect(all(path[:-2] in paths for path in paths if path), "each position's parent has one, too")
    order = sorted(rows, key=lambda row: row[1].replace("/l", "0").replace("/r", "2") + "1")
    same_lines([row[0] for row in order], entries(sorted_), "positions and the sorted order")
    place = int(re.search(r"\[(\d+)\]", kernel.crash("struct vmap_area.rb_node")).group(1))
    same_lines([int(a, 16) - place for a in plain.split()], [int(a, 16) for a in down.split()], "without -o")
    decimal = kernel.crash(f"tree -l -o vmap_area.rb_node -S vmap_area.va_start -d {root}")
    named = [re.findall(r"va_start = \w+( <.*>)?$", text, re.M) for text in (decimal, sorted_)]
    expect(any(named[0]) and named[0] == named[1], "symbols beside addresses in decimal")
    top = f"{int(rows[0][0], 16) + place:x}"
    equal(kernel.crash(f"tree -N -o {place} {top}"), down, "from the top node")


def test_areas_are_the_guests(kernel):
    """Areas in the tree are those of /proc/vmallocinfo (addresses there
    need no_hash_pointers: v5.12)."""
    root = rbtree(kernel)
    if root != "vmap_area_root":
        raise Skipped("the areas are spread over several trees since v6.9")
    info = [line.split()[0] for line in kernel.truth("proc/vmallocinfo").splitlines() if "vmap" in line or "pages=" in line]
    starts = [int(row.split("-")[0], 16) for row in info]
    if not any(start > 1 << 63 for start in starts):
        raise Skipped("this guest's /proc/vmallocinfo has no real addresses")
    text = kernel.crash(f"tree -o vmap_area.rb_node -S vmap_area.va_start -x {root}")
    got = {int(start, 16) for start in re.findall(r"va_start = (0x\w+)", text)}
    expect(len(set(starts) - got) < 5, f"areas of the guest that are not in the tree: {len(set(starts) - got)} of {len(starts)}")


def test_errors(kernel):
    texts = kernel.crash("tree", "tree -t foo init_pid_ns ", "tree -t x -l init_pid_ns", "tree -t m -o 8 init_pid_ns",
                         "tree -t rb -v init_pid_ns", "tree 0", "tree -r foo.bar init_pid_ns", "tree linux_banner",
                         "tree -s nosuch init_pid_ns")
    expect(texts[0].startswith("tree: a starting address is required\nUsage:"), f"got {texts[0]!r}")
    expect(texts[1].startswith("tree: invalid tree type: foo\n"), f"got {texts[1]!r}")
    equal(texts[2:7], ["tree: -l option is not applicable to Xarrays\n",
                       "tree: -o option is not applicable to maple trees\n",
                       "tree: -v option is not applicable to red-black trees\n",
                       "tree: invalid start argument: 0 is no kernel address\n",
                       "tree: invalid -r argument: foo.bar\n"], "messages")
    expect("the tree is broken: cannot read node" in kernel.last.stderr, f"a tree of text: {kernel.last.stderr!r}")
    equal(texts[8], "tree: invalid data structure reference: nosuch\n", "no such structure")
