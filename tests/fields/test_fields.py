# Every member, type, symbol and enumerator that crash looks for: the spelling that each kernel has, and where it is.
# SPDX-License-Identifier: GPL-3.0-or-later
"""
tests/fields/KERNEL.txt lists them. A new kernel, or a new KFIELD, is judged by
the difference first:

    FIELDS_UPDATE=1 make check T=fields        writes the lists anew
"""
import collections
import os
import pathlib
import re
import subprocess
import tempfile

from harness import equal, expect, run_crash, same_lines

HERE = pathlib.Path(__file__).resolve().parent
ROW = re.compile(r" *(\w+)  (member|type|symbol|enumerator) +(.*)$")


def rows(text):
    found = [ROW.match(line).groups() for line in text.splitlines()]
    expect(len(found) > 200, f"only {len(found)} names: {text[:200]!r}")
    return found


def spellings(text):
    """A line for each: "member task_state: task_struct.__state"; "-" for what this kernel lacks."""
    return sorted(f"{kind} {name}: " + ("-" if place.startswith("not in this kernel") else place.split(": ")[0])
                  for name, kind, place in rows(text))


def test_spellings(kernel):
    path = HERE / f"{kernel.name}.txt"
    got = spellings(kernel.crash("help -o"))
    if os.environ.get("FIELDS_UPDATE"):
        path.write_text("\n".join(got) + "\n")
    same_lines(got, path.read_text().splitlines(), f"names of {kernel.name}")


def test_places_from_btf_and_from_dwarf(kernel):
    """Two encodings of the same layouts, by different tools."""
    from_btf = rows(kernel.crash("help -o"))
    with tempfile.TemporaryDirectory() as folder:
        bare = pathlib.Path(folder) / "vmlinux"
        subprocess.run(["objcopy", "--rename-section", ".BTF=.unread", kernel.vmlinux.resolve(), bare], check=True)
        from_dwarf = rows(run_crash("-s", bare, kernel.vmcore, stdin="help -o\nquit\n").stdout)
    same_lines([" ".join(row) for row in from_dwarf], [" ".join(row) for row in from_btf], "names from DWARF and from BTF")


def layouts_by_pahole(kernel, names):
    """name -> (size, {(offset, member)}) as pahole reads the same BTF."""
    text = subprocess.run(["pahole", "-F", "btf", kernel.vmlinux.resolve()], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
    text = re.sub(r" __attribute__\(\(.*?\)\)(?=[ ;])", "", text)
    parts = re.split(r"^(?=struct \w+ \{$)", text, flags=re.M)[1:]
    # Some names are defined in several files, each in its own way.
    counts = collections.Counter(part.split()[1] for part in parts)
    found = {}
    for text in parts:
        if text.split()[1] not in names or counts[text.split()[1]] > 1:
            continue
        size = re.search(r"^\t/\* size: (\d+),", text, re.M)
        members = re.findall(r"(\w+)(?:\[[^;]*\])?(?::\d+)?\)?(?:\([^;]*\))?; +/\* +(\d+)(?:: ?\d+)? +\d+ \*/", text)
        if size:
            found[text.split()[1]] = (int(size[1]), {(int(offset), member) for member, offset in members})
    return found


def test_structures_equal_pahole(kernel):
    names = [name for _, name in (line.split() for line in kernel.crash("whatis -r 24-600").splitlines()[1:])]
    names = sorted(set(names) - {""})[::12] + ["task_struct", "page", "file", "mm_struct", "sock", "inode"]
    theirs = layouts_by_pahole(kernel, names)
    expect(len(theirs) >= min(150, len(names) // 2), f"pahole shows {len(theirs)} of {len(names)} structures")
    ours = kernel.crash(*(f"struct -o {name}" for name in theirs))
    compared = 0
    for (name, (size, members)), text in zip(theirs.items(), ours):
        equal(int(re.search(r"^SIZE: (\d+)$", text, re.M)[1]), size, f"size of {name}")
        for offset, member in re.findall(r"^ +\[(\d+)\] [^(:\n]*?\b(\w+)(?:\[\d*\])*;$", text, re.M):
            expect((int(offset), member) in members, f"{name}.{member} at {offset}: pahole has {sorted(members)[:40]}")
            compared += 1
    expect(compared > 10 * len(theirs) ** 0.5, f"only {compared} members compared")
