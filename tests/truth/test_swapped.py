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


def test_without_modules(kernel):
    """Where modules have types, and these are not read, nothing is guessed. 5.10's have none."""
    pid, pages = swapped_pages(kernel)
    said = run_crash("-s", "--no_modules", kernel.vmcore, stdin=f"set {pid}\nvtop {pages[0]:x}\nrd -u -x {pages[0]:x}\n").stdout
    if kernel.name == "5.10":
        expect(f"{pages[0]:x}:  {pages[0]:016x}" in said, said)
    else:
        why = r"struct zram is not known: the types of its module were not read"
        expect(re.search(rf"^CONTENTS: {why}$", said, re.M) and re.search(rf"^rd: .*\({why}\)$", said, re.M), said)


def test_every_form_reads_them(kernel):
    """Across the border of two pages; struct -u; gdb's own reads."""
    pid, pages = swapped_pages(kernel)
    address = next(page for page in pages if page + PAGE in pages) + PAGE - 8
    words, union, printed = kernel.crash_in_context(pid, f"rd -u -x {address:x} 2", f"struct -u list_head {address:x}",
                                                    f"p -u -x *(unsigned long *)0x{address:x}")
    equal(words.split()[1:3], [f"{address:016x}", f"{address + 8:016x}"], "rd -u")
    expect(f"next = {address:#x}" in union and f"prev = {address + 8:#x}" in union, union)
    expect(f"{address:#x}" in printed, printed)


def test_search_looks_at_them(kernel):
    """Each word of a page holds its own address: all of them are found."""
    pid, pages = swapped_pages(kernel)
    page = next(page for page in pages if page + PAGE in pages)
    words, one, border = kernel.crash_in_context(
        pid, f"search -u -s {page:x} -l 0x2000 -m fff {page:x}", f"search -u {page + 8:x}",
        f"search -u -s {page:x} -l 0x2000 -w {page + PAGE & 0xffffffff:x}")
    equal(words.split()[::2], [f"{at:x}:" for at in range(page, page + PAGE, 8)], "words of one page")
    expect(f"{page + 8:x}: {page + 8:x} " in one.splitlines(), one)
    equal(border.split()[0], f"{page + PAGE:x}:", "the first word of the next page")
    equal(kernel.last.stderr, "", "pages that could not be searched")


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


# ---- the scenarios that have a device for each compressor, or zswap with each ----

ZSWAP_KERNELS = ("6.12-stock", "7.x", "7.3")


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


def places_of(dump, rows):
    """Checks that machine code, noise, one letter all over and zeros read back as the programs
    read them; returns [(row, what vtop says of each page that is swapped out)]."""
    data = dump.truth_bytes("run/lab/swap-data")
    found_places = []
    for row in rows:
        pid = row[0]
        start, found = buffer_of(dump, pid, data)
        wrong = [at for at in range(0, len(data), PAGE) if found[at:at + PAGE] != data[at:at + PAGE]]
        equal(wrong, [], f"{row}: pages with other bytes")
        pages = [a for a, e in pagemap(dump, pid) if start <= a < start + len(data) and e & SWAPPED]
        answers = [json.loads(line) for line in dump.crash(f"vtop --json -c {pid} " + " ".join(f"{a:x}" for a in pages)).splitlines()]
        expect(len(answers) >= 25, f"{row}: only {len(answers)} pages are swapped out")
        found_places.append((row, answers))
    return found_places


def kinds_of(answers, where):
    """{"bytes of lz4", "not compressed"} of the pages whose CONTENTS begins so."""
    return {re.sub(r"\d+ bytes of", "bytes of", answer["contents"].removeprefix(where + ", "))
            for answer in answers if answer["contents"].startswith(where + ", ")}


def rows_of(dump):
    return [line.split() for line in dump.truth("run/lab/swapped").splitlines()]


def swap_dump(kernel):
    if kernel.name == "6.12-stock":
        raise Skipped("of this kernel there is no such dump")
    return kernel.dump("swap")


def test_every_compressor(kernel):
    dump = swap_dump(kernel)
    rows = rows_of(dump)
    expected = {"lzo-rle", "lz4", "zstd"} if kernel.name in ("5.10", "6.1") else {"lz4", "lz4hc", "zstd", "deflate"}
    expect({row[2] for row in rows} >= expected, f"{rows}")
    names = {f"/dev/{device}": algorithm for _, device, algorithm in rows}
    seen = {algorithm: set() for algorithm in names.values()}
    zeros = 0
    for _, answers in places_of(dump, rows):
        zeros += sum(answer["contents"] == "zeros, which were not written" for answer in answers)
        for device, algorithm in names.items():
            seen[algorithm] |= kinds_of([answer for answer in answers if answer["swap"] == device], "zram")
    for algorithm, kinds in seen.items():
        expect(f"bytes of {algorithm}" in kinds, f"{algorithm}: {kinds}")
    # A bit of the area's has said so since v6.12.
    equal(zeros > 0, kernel.name not in ("5.10", "6.1"), f"{zeros} pages of zeros that went nowhere")
    # Each device is full before all of a program is there: which of its pages are is not said.
    equal({"one word all over", "not compressed"} - set().union(*seen.values()), set(), f"{seen}")


def test_search_across_pages(kernel):
    """A run of one letter over several swapped pages: text of it is found at each byte."""
    dump = swap_dump(kernel)
    data = dump.truth_bytes("run/lab/swap-data")
    pid = rows_of(dump)[0][0]
    start, _ = buffer_of(dump, pid, data)
    runs = re.search(rb"Z{32768}", data)
    at, length = start + runs.start(), 1000
    (found,) = dump.crash_in_context(pid, f"search -u -s {at:x} -l 0x8000 -c {'Z' * length}")
    equal([int(line.split(":")[0], 16) for line in found.splitlines()], list(range(at, at + 32768 - length + 1)), "places")


def zswap_dump(kernel):
    if kernel.name not in ZSWAP_KERNELS:
        raise Skipped("this kernel is built without zswap")
    return kernel.dump("zswap")


def test_zswap(kernel):
    """With each allocator and compressor. Noise is kept as it is, by zswap or the device behind it;
    pages of zeros need no place at all."""
    dump = zswap_dump(kernel)
    rows = rows_of(dump)
    expect({row[2] for row in rows} >= {"lzo", "zstd"}, f"{rows}")
    of_all = {f"bytes of {row[2]}" for row in rows}
    for row, answers in places_of(dump, rows):
        # What was left in memory then may have gone there later, with the next compressors.
        equal(kinds_of(answers, "zswap") - of_all - {"not compressed"}, set(), f"{row}")
        expect(f"bytes of {row[2]}" in kinds_of(answers, "zswap"), f"{row}: {kinds_of(answers, 'zswap')}")
        expect("not compressed" in kinds_of(answers, "zswap") | kinds_of(answers, "zram"), f"{row}: no noise")
        expect(any(answer["contents"].startswith("zeros") for answer in answers), f"{row}: no page of zeros")


def test_zswap_without_vmlinux(kernel):
    dump = zswap_dump(kernel)
    data = dump.truth_bytes("run/lab/swap-data")
    for pid, _, algorithm in rows_of(dump)[:2]:
        start, _ = buffer_of(dump, pid, data)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "bytes"
            said = run_crash("-s", dump.vmcore, stdin=f"set {pid}\nrd -u -r {path} {start:x} {len(data)}\n")
            expect(path.exists(), said.stdout + said.stderr)
            expect(path.read_bytes() == data, f"{algorithm}: other bytes")
