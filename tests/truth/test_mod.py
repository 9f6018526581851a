# `mod` and the modules' symbols against /proc/modules and /proc/kallsyms.
# SPDX-License-Identifier: GPL-3.0-or-later
import re

from harness import equal, expect, same_lines, table


def recorded(kernel):
    """name -> (size, references, base) of /proc/modules."""
    modules = {}
    for line in kernel.truth("proc/modules").splitlines():
        words = line.split()
        modules[words[0]] = (int(words[1]), int(words[2]), int(words[5], 16))
    return modules


def test_mod_lists_the_guests_modules(kernel):
    rows = table(kernel.crash("mod"), "MODULE")
    wanted = recorded(kernel)
    expect(wanted, "the guest had no modules")
    got = {row[1]: (int(row[3]), int(row[2], 16)) for row in rows}
    equal(sorted(got), sorted(wanted), "modules")
    for name, (size, _, base) in wanted.items():
        equal(got[name], (size, base), f"size and base of {name}")
    bases = [int(row[2], 16) for row in rows]
    equal(bases, sorted(bases), "order of the table")


def test_mod_addresses_are_struct_module(kernel):
    """Each module has a __this_module, and that is what MODULE shows."""
    rows = table(kernel.crash("mod"), "MODULE")
    this = {}
    for line in kernel.truth("proc/kallsyms").splitlines():
        words = line.split()
        if len(words) == 4 and words[2] == "__this_module":
            this[words[3].strip("[]")] = words[0]
    expect(this, "no __this_module in the guest's kallsyms")
    for row in rows:
        equal(row[0], this.get(row[1]), f"address of {row[1]}")


def test_module_symbols_equal_kallsyms(kernel):
    wanted, percpu = {}, {}
    for line in kernel.truth("proc/kallsyms").splitlines():
        words = line.split()
        if len(words) == 4 and not words[3].startswith("[bpf") and not words[3].startswith("[__builtin"):
            # Per-cpu variables are in no range of the module: its listing may leave them out.
            place = percpu if words[1] == "a" else wanted
            place.setdefault(words[3].strip("[]"), set()).add((words[0], words[2]))
    modules = sorted(recorded(kernel))
    texts = kernel.crash(*[f"sym -m {name}" for name in modules])
    for name, text in zip(modules, texts):
        got = set(re.findall(r"^([0-9a-f]{16}) \(.\) ([^\s:]+)(?: \[\w+\])?$", text, re.M))
        missing = sorted(wanted.get(name, set()) - got)
        extra = sorted(got - wanted.get(name, set()) - percpu.get(name, set()))
        expect(not missing, f"{name}: in kallsyms only: {missing[:3]} ({len(missing)})")
        expect(not extra, f"{name}: in sym -m only: {extra[:3]} ({len(extra)})")
        expect(got, f"{name}: no symbols")
    for name, symbols in percpu.items():
        for address, symbol in symbols:
            found = kernel.crash(f"sym {symbol}").split()
            expect(found[:1] == [address.lstrip("0")] and symbol in found, f"{name}: sym {symbol}: {found}")


def test_mod_taints(kernel):
    tainted = {}
    for path in kernel.truth_paths("sys/module/*/taint"):
        letters = path.read_text().strip()
        if letters and path.parent.name in recorded(kernel):
            tainted[path.parent.name] = letters
    text = kernel.crash("mod -t")
    if not tainted:
        equal(text.strip(), "no tainted modules", "mod -t")
        return
    equal(dict(row[:2] for row in table(text, "NAME")), tainted, "taints")


def test_mod_finds_and_attaches_object_files(kernel):
    """The lab keeps each module's file and debug file beside the vmlinux: the one with DWARF is taken."""
    name = "virtio_blk"
    lines = kernel.crash(f"mod -s {name}").splitlines()
    equal(len(lines), 2, "lines of mod -s")
    expect(lines[1].split()[1] == name and lines[1].rstrip().endswith(f"{name}.ko.debug"), f"mod -s: {lines[1]!r}")
    listed = kernel.crash("mod -S").splitlines()
    same_lines([line for line in listed if ".ko" not in line and "OBJECT FILE" not in line], [], "mod -S")
