# list: the kernel's own lists against what the guest said of itself.
# SPDX-License-Identifier: GPL-3.0-or-later
import re

from harness import equal, expect, same_lines


def modules(kernel):
    return [line.split()[0] for line in kernel.truth("proc/modules").splitlines()]


def names_in(text, member):
    return re.findall(rf'^  {member} = "([^"\\]*)', text, re.M)


def test_modules(kernel):
    both = kernel.crash("list -H modules -o module.list -s module.name", "list -H modules module.list -S module.name",
                        "list module.list -H modules -r -S module.name", "list -H modules module.list -B -S module.name",
                        "list -H -o module.list modules")
    wanted = modules(kernel)
    same_lines(names_in(both[0], "name"), wanted, "through gdb")
    same_lines(names_in(both[1], "name"), wanted, "read directly")
    same_lines(names_in(both[2], "name"), wanted[::-1], "backwards")
    same_lines(names_in(both[3], "name"), wanted, "with Brent's method")
    addresses = re.findall(r"^([0-9a-f]{16})$", both[1], re.M)
    same_lines(both[4].split(), addresses, "without members")


def test_members_behind_a_link(kernel):
    """-l: what is walked are the list_heads, what is shown the structures around them."""
    text = kernel.crash("list modules -l module.list -S module.name")
    same_lines(names_in(text, "name")[1:], modules(kernel), "modules from their list_heads")
    first, = re.findall(r"^[0-9a-f]{16}$", kernel.crash("list -H modules -o module.list"), re.M)[:1]
    second = re.findall(r"^[0-9a-f]{16}$", text, re.M)[1]
    place = int(re.search(r"\[(\d+)\]", kernel.crash("struct module.list")).group(1))
    equal(int(second, 16), int(first, 16) + place, "address of the first module's list_head")


def test_tasks(kernel):
    """The ring of thread group leaders from the idle task on: every pid of the guest, and 0."""
    text = kernel.crash("list -h init_task task_struct.tasks -s task_struct.pid -d")
    pids = [int(pid) for pid in re.findall(r"^  pid = (\d+),$", text, re.M)]
    equal(pids[:2], [0, 1], "first two tasks")
    wanted = {int(path.split("/")[1]) for path in map(str, kernel.truth_paths("proc/[0-9]*/stat")) for path in
              ["proc/" + path.rsplit("/", 2)[1]]}
    expect(wanted <= set(pids), f"processes of the guest that are not on the list: {sorted(wanted - set(pids))}")
    direct = kernel.crash("list -h init_task task_struct.tasks -S task_struct.pid,comm -x")
    same_lines([int(pid, 16) for pid in re.findall(r"^  pid = (0x[0-9a-f]+)$", direct, re.M)], pids, "in hexadecimal")
    equal(names_in(direct, "comm")[1], kernel.truth("proc/1/comm").strip(), "comm of pid 1")


def test_end_of_a_ring(kernel):
    """-e: the address of an entry, or of the list_head in it."""
    addresses = kernel.crash("list -H modules -o module.list").split()
    place = int(re.search(r"\[(\d+)\]", kernel.crash("struct module.list")).group(1))
    for end in (addresses[2], f"{int(addresses[2], 16) + place:x}"):
        same_lines(kernel.crash(f"list -H modules -o module.list -e {end}").split(), addresses[:2], f"up to {end}")


def test_head_elsewhere(kernel):
    """-O: pid 0's children are pid 1 and pid 2."""
    text = kernel.crash("list -h init_task -O task_struct.children -o task_struct.sibling -S task_struct.pid")
    equal(re.findall(r"pid = (\d+)$", text, re.M), ["1", "2"], "children of the idle task")
    backwards = kernel.crash("list -r -h init_task -O task_struct.children -o task_struct.sibling -S task_struct.pid")
    equal(re.findall(r"pid = (\d+)$", backwards, re.M), ["2", "1"], "the same, backwards")
    wrong = kernel.crash("list -H init_task -O task_struct.children -o task_struct.sibling")
    expect("-O is for -h only" in wrong, f"got {wrong!r}")


def test_superblocks(kernel):
    """Each file system that the guest had mounted has its superblock on the list."""
    # A structure no larger than a number, as crash's -S shows it.
    direct, gdbs = kernel.crash("list -H super_blocks super_block.s_list -S super_block.s_active",
                                "list -H super_blocks super_block.s_list -s super_block.s_active.counter")
    counts = re.findall(r"^  s_active = (\d+)$", direct, re.M)
    expect(counts, f"s_active of super blocks: {direct[:200]!r}")
    equal(counts, re.findall(r"^  s_active.counter = (\d+)\b", gdbs, re.M), "atomic_t of -S")
    text = kernel.crash("list -H super_blocks super_block.s_list -S super_block.s_id,s_type")
    ids = set(names_in(text, "s_id"))
    for device in ("proc", "sysfs", "tmpfs"):
        mounted = any(f" - {device} " in line for line in kernel.truth("proc/1/mountinfo").splitlines())
        expect(not mounted or device in ids, f"no superblock of {device} in {sorted(ids)}")
    expect(len(ids) > 3 and "bdev" in ids, f"superblocks: {sorted(ids)}")


def test_singly_linked(kernel):
    """file_systems, and what /proc/filesystems says: the newest come last. v7 made it an hlist."""
    pointer = kernel.crash("rd -x file_systems").split()[1]
    hlist = "hlist_head" in kernel.crash("whatis file_systems")
    link = "-o 0" if hlist else "file_system_type.next"
    show = f"-S file_system_type.name{' -l file_system_type.list' if hlist else ''}"
    text, cut = kernel.crash(f"list {link} {show} {pointer}", f"list {link} -e {pointer} {pointer}")
    names = re.findall(r'^  name = 0x[0-9a-f]+  "([^"]+)"$', text, re.M)
    guest = [line.split()[-1] for line in kernel.truth("proc/filesystems").splitlines()]
    same_lines(sorted(names) if hlist else names, sorted(guest) if hlist else guest, "file systems")
    addresses = re.findall(r"^[0-9a-f]{16}$", text, re.M)
    middle = kernel.crash(f"list {link} {pointer} -e {addresses[3]}")
    same_lines(middle.split(), addresses[:3], "up to the fourth")
    same_lines(cut.split(), addresses, "an end that is never met")


def test_ends_and_errors(kernel):
    broken, words, no_start, ring, numbers = kernel.crash(
        "list linux_banner", "list -H modules nosuch.member", "list", "list modules", "list -o 8 modules -r")
    expect("the list is broken after 1 entry: cannot read the link at" in broken, f"a list of text: {broken!r}")
    equal(broken.split()[0], kernel.crash("sym linux_banner").split()[0], "its first entry")
    equal(words, "list: invalid argument: nosuch.member\n", "no such structure")
    expect(no_start.startswith("list: starting address required\nUsage:"), f"got {no_start!r}")
    equal(len(ring.split()), len(modules(kernel)) + 1, "entries of the ring of list_heads")
    expect(numbers, "an offset in bytes")


def test_loops(kernel):
    """A ring that misses its head: begun from the outside, by a pointer to one of its entries."""
    second = kernel.crash("list -H modules -o module.list").split()[2]
    place = int(re.search(r"\[(\d+)\]", kernel.crash("struct module.list")).group(1))
    # An element as the head of a ring ends at itself;
    # a word that only points into the ring never comes again.
    node = f"{int(second, 16) + place:016x}"
    where = kernel.crash(f"search -k {node}").split()
    outside = [w[:-1] for w in where[0::2] if w.endswith(":")]
    heads = set(kernel.crash("list modules").split())
    ring = heads | {f"{int(h, 16) + 8:016x}" for h in heads}
    outside = [a for a in outside if a not in ring and a[:8] != second[:8]]
    expect(outside, "no word outside of the ring points into it")
    hashed, brent = kernel.crash(f"list -H {outside[0]}", f"list -B -H {outside[0]}")
    expect(re.search(rf"^list: duplicate list entry: {node}$", hashed, re.M), f"with a hash: {hashed[-200:]!r}")
    found = re.search(r"loop length: (\d+), loop start: ([0-9a-f]+)", brent)
    expect(found, f"with Brent's method: {brent[-200:]!r}")
    equal((int(found.group(1)), found.group(2)), (len(heads), node), "the loop")
