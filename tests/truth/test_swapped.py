# rd -u, vtop, search: pages that were swapped out to zram read back what the guest's programs wrote there.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import pathlib
import re
import sys
import tempfile

from harness import Skipped, equal, expect, run_crash

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from test_vtop import SWAPPED, blocks, pagemap, pattern  # noqa: E402

PAGE = 4096


def swapped_pages(kernel):
    pid, start, size = pattern(kernel, "swapped")
    pages = [address for address, entry in pagemap(kernel, pid) if start <= address < start + size and entry & SWAPPED]
    expect(len(pages) >= 40, f"only {len(pages)} pages of the pattern were swapped out")
    return pid, pages


def user_bytes(kernel, pid, address, count):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "bytes"
        said = kernel.crash_in_context(pid, f"rd -u -r {path} {address:x} {count}")[0]
        expect(path.exists(), said)
        return path.read_bytes()


def pattern_bytes(address, count):
    return b"".join((address + i).to_bytes(8, "little") for i in range(0, count, 8))


def test_pattern_is_read(kernel):
    """Each word holds its own address."""
    pid, pages = swapped_pages(kernel)
    start, count = pages[0], pages[-1] + PAGE - pages[0]
    data = user_bytes(kernel, pid, start, count)
    equal(len(data), count, "bytes")
    wrong = [f"{page:x}" for page in pages if data[page - start:page - start + PAGE] != pattern_bytes(page, PAGE)]
    equal(wrong, [], "pages with other bytes than the program wrote")


def test_pattern_is_read_without_vmlinux(kernel):
    pid, pages = swapped_pages(kernel)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "bytes"
        said = run_crash("-s", kernel.vmcore, stdin=f"set {pid}\nrd -u -r {path} {pages[0]:x} {PAGE}\n")
        expect(path.exists(), said.stdout + said.stderr)
        equal(path.read_bytes(), pattern_bytes(pages[0], PAGE), f"{pages[0]:x}")


def test_every_form_reads_them(kernel):
    """Across the border of two pages; struct -u; gdb's own reads."""
    pid, pages = swapped_pages(kernel)
    address = next(page for page in pages if page + PAGE in pages) + PAGE - 8
    words, union, printed = kernel.crash_in_context(pid, f"rd -u -x {address:x} 2", f"struct -u list_head {address:x}",
                                                    f"p -u -x *(unsigned long *)0x{address:x}")
    equal(words.split()[1:3], [f"{address:016x}", f"{address + 8:016x}"], "rd -u")
    expect(f"next = {address:#x}" in union and f"prev = {address + 8:#x}" in union, union)
    expect(f"{address:#x}" in printed, printed)


def test_writing_is_refused(kernel):
    pid, pages = swapped_pages(kernel)
    kernel.crash_in_context(pid, f"wr -u {pages[0]:x} 1")
    expect("only a live system" in kernel.last.stderr + kernel.last.stdout, kernel.last.stderr)


def test_vtop_says_where(kernel):
    """In zram or in the swap cache; a frame of the cache holds the page."""
    pid, pages = swapped_pages(kernel)
    text = kernel.crash(f"vtop -c {pid} " + " ".join(f"{a:x}" for a in pages[:12]))
    kinds = set()
    for address in pages[:12]:
        said = re.search(r"^CONTENTS: (.*)$", blocks(text)[address], re.M)
        expect(said, f"{address:x}: no CONTENTS")
        in_zram = re.fullmatch(r"zram, \d+ bytes of (lzo-rle|lz4)", said[1])
        cached = re.fullmatch(r"swap cache, frame ([0-9a-f]+)", said[1])
        expect(in_zram or cached, said[1])
        kinds.add("zram" if in_zram else "cache")
        if cached:
            line = kernel.crash(f"rd -p -x {cached[1]} 1")
            equal(int(line.split()[1], 16), address, f"frame {cached[1]}")
    expect("zram" in kinds, f"{kinds}")


# ---- the scenario that has a device for each compressor ----

def scenario(kernel):
    if kernel.name != "6.12":
        raise Skipped("the lab makes this scenario on 6.12")
    return kernel.dump("swap")


def buffer_of(dump, pid, data):
    """Where dd has what it read: a mapping a little larger than its buffer of 1 MB."""
    for line in dump.truth(f"proc/{pid}/maps").splitlines():
        start, end = (int(word, 16) for word in line.split()[0].split("-"))
        if 1 << 20 <= end - start < (1 << 20) + 16 * PAGE and line.split()[4] == "0":
            found = user_bytes(dump, pid, start, len(data) + PAGE)
            at = found.find(data[:64])
            if at >= 0:
                return start + at, found[at:at + len(data)]
    raise LookupError(f"pid {pid}: no buffer")


def test_every_compressor(kernel):
    """Machine code, noise, one letter all over and zeros, as the swapped-out program read them."""
    dump = scenario(kernel)
    data = dump.truth_bytes("run/lab/swap-data")
    rows = [line.split() for line in dump.truth("run/lab/swapped").splitlines()]
    expect({row[2] for row in rows} >= {"lz4", "lz4hc", "zstd", "deflate"}, f"{rows}")
    names = {f"/dev/{device}": algorithm for _, device, algorithm in rows}
    seen = {algorithm: set() for algorithm in names.values()}
    for pid, _, _ in rows:
        start, found = buffer_of(dump, pid, data)
        wrong = [at for at in range(0, len(data), PAGE) if found[at:at + PAGE] != data[at:at + PAGE]]
        equal(wrong, [], f"pid {pid}: pages with other bytes")
        pages = [a for a, e in pagemap(dump, pid) if start <= a < start + len(data) and e & SWAPPED]
        answers = [json.loads(line) for line in dump.crash(f"vtop --json -c {pid} " + " ".join(f"{a:x}" for a in pages)).splitlines()]
        expect(len(answers) >= 25, f"pid {pid}: only {len(answers)} pages are swapped out")
        for answer in answers:
            if answer["swap"] in names and answer["contents"].startswith("zram, "):
                seen[names[answer["swap"]]].add(re.sub(r"\d+ bytes of", "bytes of", answer["contents"][len("zram, "):]))
    for algorithm, kinds in seen.items():
        expect({f"bytes of {algorithm}", "not compressed"} <= kinds, f"{algorithm}: {kinds}")
    expect(any("one word all over" in kinds for kinds in seen.values()), f"{seen}")
