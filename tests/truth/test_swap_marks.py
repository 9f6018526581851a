# vtop, pte, vm -p, rd -u, search -u, swap: entries that look like swap entries, planted in a copy of the dump.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import pathlib
import re
import subprocess
import sys
import tempfile

from harness import equal, expect, run_crash

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "format"))
from test_vtop import PRESENT, SWAPPED, blocks, pagemap, pattern  # noqa: E402
from writers import segments_of_elf  # noqa: E402

PAGE = 4096
LOCKED = 1 << 0
DISK_SLOT = 5
# A name that would turn a terminal's text red.
HOSTILE = b"\x1b[31mxyz"


def entry(kind, offset):
    """A page table's word: five bits of what it is, and below them the offset, inverted."""
    return kind << 59 | (~offset & (1 << 50) - 1) << 9


def physical_of(kernel, address):
    return int(kernel.crash(f"vtop {address:x}").split()[3], 16)


class Copy:
    """The dump's memory in another file, with other words at some physical addresses."""

    def __init__(self, kernel, folder):
        self.kernel, self.path = kernel, f"{folder}/vmcore"
        self.segments = [row[1:] for row in segments_of_elf(kernel.vmcore) if row[0] == 1]
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", kernel.vmcore, self.path], check=True)

    def write(self, physical, data):
        place = next(at + physical - start for start, at, size in self.segments if start <= physical < start + size)
        with open(self.path, "r+b") as file:
            file.seek(place)
            file.write(data if isinstance(data, bytes) else data.to_bytes(8, "little"))

    def crash(self, *lines, vmlinux=True):
        return run_crash("-s", *([self.kernel.vmlinux] if vmlinux else []), self.path, stdin="".join(line + "\n" for line in lines))


def hwpoison_bit(kernel):
    """Its number; None where the kernel is built without it."""
    found = re.search(r"PG_hwpoison = (\d+)", kernel.crash("whatis enum pageflags"))
    return int(found[1]) if found else None


def vtop(kernel, pid, *addresses):
    return [json.loads(line) for line in kernel.crash(f"vtop --json -c {pid} " + " ".join(f"{a:x}" for a in addresses)).splitlines()]


def plant(kernel, folder):
    """(a process, {kind: (address, entry, frame)}, the copy): in place of entries of pages that
    were swapped out. The one being moved has the frame of one whose words hold their addresses."""
    pid, start, size = pattern(kernel, "swapped")
    other, plain, _ = pattern(kernel, "plain")
    pages = pagemap(kernel, pid)
    answers = vtop(kernel, pid, *[a for a, e in pages if start <= a < start + size and e & SWAPPED][:5])
    (moved,) = vtop(kernel, other, plain)
    (resident,) = vtop(kernel, pid, next(a for a, e in pages if e & PRESENT and not e & SWAPPED))
    poison = hwpoison_bit(kernel)
    copy, planted = Copy(kernel, folder), {}
    kinds = ["moving", "guard", "unknown", "disk"] + (["poison"] if poison is not None else [])
    for kind, answer in zip(kinds, answers):
        of_frame = moved if kind == "moving" else resident
        frame = int(of_frame["physical"], 16)
        word = {"moving": entry(30, frame // PAGE), "guard": entry(31, 4), "unknown": entry(31, 1 << 33),
                "disk": entry(1, DISK_SLOT), "poison": entry(27, frame // PAGE)}[kind]
        copy.write(int(answer["steps"][-1]["entry_at"], 16), word)
        flag = {"moving": LOCKED, "poison": 1 << (poison or 0)}.get(kind, 0)
        if flag:
            copy.write(physical_of(kernel, int(of_frame["page"], 16)), int(of_frame["page_flags"], 16) | flag)
        planted[kind] = (int(answer["virtual"], 16), word, frame)
    return pid, planted, copy


def words_for(kind, frame):
    return {"moving": f"being moved, frame {frame:x}", "guard": "no page but a marker: a guard page",
            "unknown": "no swap area has number 31: a mark of the kernel's",
            "disk": f"on /mnt/disk/swapfile, slot {DISK_SLOT}: not in the dump",
            "poison": f"broken memory (hwpoison), frame {frame:x}"}[kind]


def expect_marks(pid, planted, copy, vmlinux):
    """All commands say the same; the page that is being moved is read from its frame."""
    addresses = " ".join(f"{address:x}" for address, _, _ in planted.values())
    said = blocks(copy.crash(f"vtop -c {pid} {addresses}", vmlinux=vmlinux).stdout)
    lines = copy.crash(f"vm -p {pid}", vmlinux=vmlinux).stdout.splitlines()
    for kind, (address, word, frame) in planted.items():
        words = words_for(kind, frame)
        expect(f"\nCONTENTS: {words}\n" in said[address], f"vtop, {kind}: {said[address]!r}")
        line = next(line for line in lines if line.startswith(f"{address:x} "))
        expect(f"CONTENTS: {words}" in line, f"vm -p, {kind}: {line!r}")
        answer = copy.crash(f"pte {word:x}", vmlinux=vmlinux).stdout
        expect("/mnt/disk/swapfile" in answer if kind == "disk" else f"({words})" in answer, f"pte, {kind}: {answer!r}")
        read = copy.crash(f"set {pid}", f"rd -u -x {address:x}", vmlinux=vmlinux)
        if kind == "moving":
            _, plain, _ = pattern(copy.kernel, "plain")
            expect(re.search(rf"^ *{address:x}:  {plain:016x}", read.stdout, re.M), f"rd -u: {read.stdout + read.stderr!r}")
            expect(re.search(r"^ +PAGE +PHYSICAL", said[address], re.M), "no struct page of a page that is being moved")
        else:
            expect(words in read.stdout, f"rd -u, {kind}: {read.stdout!r}")
            expect(("swapped out" in read.stdout) == (kind == "disk"), f"rd -u, {kind}: {read.stdout!r}")


def test_marks(kernel):
    with tempfile.TemporaryDirectory() as folder:
        pid, planted, copy = plant(kernel, folder)
        expect_marks(pid, planted, copy, True)
        expect_marks(pid, planted, copy, False)


def test_huge_page_that_is_being_moved(kernel):
    """The entry is in the pmd, and stands for 512 pages."""
    pid, start, size = pattern(kernel, "thp")
    (answer,) = vtop(kernel, pid, start)
    frame = int(answer["physical"], 16)
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(kernel, folder)
        copy.write(int(answer["steps"][-1]["entry_at"], 16), entry(30, frame // PAGE))
        copy.write(physical_of(kernel, int(answer["page"], 16)), int(answer["page_flags"], 16) | LOCKED)
        at = start + 5 * PAGE
        said = copy.crash(f"set {pid}", f"rd -u -x {at:x}", f"vtop {at:x}").stdout
        expect(re.search(rf"^ *{at:x}:  {at:016x}", said, re.M), said)
        expect(f"\nCONTENTS: being moved, frame {frame + 5 * PAGE:x}\n" in said, said)
        lines = copy.crash(f"vm -p {pid}").stdout.splitlines()
        moving = {line.split()[0]: line.split("frame ")[1] for line in lines if "being moved" in line}
        equal(moving, {f"{start + i:x}": f"{frame + i:x}" for i in range(0, size, PAGE)}, "vm -p")


def test_search_counts_what_it_cannot_read(kernel):
    with tempfile.TemporaryDirectory() as folder:
        pid, planted, copy = plant(kernel, folder)
        moving, (_, plain, _) = planted["moving"][0], pattern(kernel, "plain")
        answer = copy.crash(f"set {pid}", f"search -u {plain + 8:x}")
        expect(re.search(rf"^{moving + 8:x}: {plain + 8:x} $", answer.stdout, re.M), answer.stdout[-300:])
        missing = ["disk"] + (["poison"] if "poison" in planted else [])
        said = re.findall(r"(\d+) pages? that (?:was|were) swapped out cannot be searched: ", answer.stderr)
        equal(said, [str(len(missing))], f"said once: {answer.stderr!r}")


def test_hostile_names(kernel):
    """A swap file's name from a dump never reaches the terminal as it is."""
    at = re.search(r"0x[0-9a-f]+", kernel.crash("p swap_info[1]->swap_file->f_path.dentry->d_name.name"))
    with tempfile.TemporaryDirectory() as folder:
        pid, planted, copy = plant(kernel, folder)
        address, word, _ = planted["disk"]
        copy.write(physical_of(kernel, int(at[0], 16)), HOSTILE)
        for line in ("swap", f"pte {word:x}", f"vtop -c {pid} {address:x}", f"vm -p {pid}"):
            answer = copy.crash(f"set {pid}", line, f"rd -u {address:x}")
            expect("xyz" in answer.stdout, f"{line}: {answer.stdout[-300:]!r}")
            expect("\x1b" not in answer.stdout + answer.stderr, f"{line}: {answer.stdout + answer.stderr!r}")
            command, _, words = line.partition(" ")
            objects = [json.loads(row) for row in copy.crash(f"{command} --json {words}").stdout.splitlines()]
            expect(r"\u001b[31mxyz" in json.dumps(objects), f"{line}: {json.dumps(objects)[-300:]}")
