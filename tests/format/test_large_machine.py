# A machine of 1 TB with struct pages for 200 GB: what a question costs does not follow from that.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import pathlib
import re
import tempfile

from format import writers
from harness import equal, expect, run_crash

# Page tables that are not in the other dump, and a page that holds one part of a struct page more.
FEW_PAGES = 8
MOST_MEGABYTES = 200
HIGH, HOLE = 150 << 30, 500 << 30


def ask(kernel, vmcore, question, saved):
    """The answer, how many pages of the dump the session read, and its peak in MB."""
    saved.unlink(missing_ok=True)
    text = run_crash("-s", kernel.vmlinux, vmcore, stdin=f"{question}\nsave {saved}\n!grep VmHWM /proc/$PPID/status\nquit\n").stdout
    found = re.search(r"^(.*)^\S+: (\d+) pages in \d+ bytes\n.*VmHWM:\s+(\d+) kB", text, re.S | re.M)
    expect(found, f"{question}: {text[-300:]!r}")
    return found[1], int(found[2]), int(found[3]) / 1024


def objects(kernel, command):
    return [json.loads(line) for line in run_crash("-s", "--json", kernel.vmlinux, kernel.vmcore, stdin=f"{command}\n").stdout.splitlines()]


def first_struct_page(kernel):
    return int(objects(kernel, "kmem -p 0")[0]["page"], 16)


def make(kernel, path):
    steps = objects(kernel, f"vtop {first_struct_page(kernel):x}")[0]["steps"]
    return writers.large_machine(*writers.memory_of_elf(kernel.vmcore), steps, path)


def test_questions_cost_what_they_ask(kernel):
    first = first_struct_page(kernel)
    slab_object = objects(kernel, "kmem -s")[0]["cache"]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        large = make(kernel, folder / "large")
        for question in ("kmem -i", "kmem -f", "kmem -n", "kmem -s", "kmem 100000", "kmem init_task", f"kmem {slab_object}"):
            answer, pages, _ = ask(kernel, kernel.vmcore, question, folder / "saved")
            expect(answer.count("\n") > 1 and pages > 1000, f"{question}: {answer[:200]!r}, {pages} pages")
            other, more, peak = ask(kernel, large, question, folder / "saved")
            equal(other, answer, f"{question} on the large machine")
            expect(more <= pages + FEW_PAGES, f"{question}: {more} pages were read, on the small machine {pages}")
            expect(peak < MOST_MEGABYTES, f"{question}: {peak} MB")
        answer, more, peak = ask(kernel, large, f"kmem {HIGH:x}", folder / "saved")
        expect(f"{first + HIGH // writers.PAGE * 64:x}" in answer.split(), f"a page at 150 GB: {answer!r}")
        expect(more <= pages + FEW_PAGES and peak < MOST_MEGABYTES, f"a page at 150 GB: {more} pages, {peak} MB")
        answer, more, peak = ask(kernel, large, f"kmem {HOLE:x}", folder / "saved")
        expect(f"{first + HOLE // writers.PAGE * 64:x}" not in answer.split(), f"no struct page at 500 GB: {answer!r}")
        expect(more <= pages + FEW_PAGES and peak < MOST_MEGABYTES, f"a place at 500 GB: {more} pages, {peak} MB")
