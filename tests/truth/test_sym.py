# `sym` against the guest's /proc/kallsyms: every name, address, type letter, and the choice among aliases.
# SPDX-License-Identifier: GPL-3.0-or-later
import re
import subprocess
from collections import Counter

from harness import equal, expect, same_lines

ROW = re.compile(r"^([0-9a-f]+) \((.)\) (\S+)(?: \[\S+\])?$", re.M)


def recorded(kernel):
    """The kernel's own symbols in kallsyms' order: (address, letter, name)."""
    rows = [line.split() for line in kernel.truth("proc/kallsyms").splitlines()]
    return [(int(row[0], 16), row[1], row[2]) for row in rows if len(row) == 3]


def is_percpu_offset(address):
    """Before v6.15 per-cpu symbols were offsets;
    kallsyms calls them absolute, nm calls them data."""
    return address < 1 << 32


def known_to_kallsyms(address, letter, name, exact):
    """Its builder leaves out constants and checksums;
    by version local labels, strings of exports, and itself."""
    if letter in "Aa" or name.startswith("__crc_"):
        return False
    return not re.match(r"\.L|__kstrtab_|__kstrtabns_|kallsyms_", name) or (address, name) in exact


def test_kernel_symbols_equal_kallsyms(kernel):
    wanted = [(a, "D" if is_percpu_offset(a) else t, n) for a, t, n in recorded(kernel)]
    expect(len(wanted) > 50000, f"only {len(wanted)} symbols in the guest's kallsyms")
    exact = {(a, n) for a, _, n in wanted}
    text = kernel.crash("sym -l").split(" MODULE ")[0]
    got = []
    for address, letter, name in ROW.findall(text):
        address = int(address, 16)
        if known_to_kallsyms(address, letter, name, exact):
            got.append((address, letter.upper() if is_percpu_offset(address) else letter, name))
    same_lines([f"{a:x} {t} {n}" for a, t, n in got], [f"{a:x} {t} {n}" for a, t, n in wanted], "sym -l")


def test_module_letters_equal_kallsyms(kernel):
    wanted = Counter()
    for line in kernel.truth("proc/kallsyms").splitlines():
        words = line.split()
        if len(words) == 4 and not re.match(r"\[(bpf|__builtin)", words[3]):
            # There a capital says that the module exports it, here that it is global.
            wanted[words[0].lstrip("0") or "0", words[1].lower(), words[2]] += 1
    expect(wanted, "the guest had no module symbols")
    got = Counter((address, letter.lower(), name) for address, letter, name in ROW.findall(kernel.crash("sym -M")))
    equal(sorted((wanted - got).elements())[:3], [], "in kallsyms only")
    equal(sorted((got - wanted).elements())[:3], [], "in sym -M only")


def test_addresses_are_named_as_the_kernel_names_them(kernel):
    """The first of several names in kallsyms is the one that %pS prints."""
    first = {}
    for address, _, name in recorded(kernel):
        if not is_percpu_offset(address):
            first.setdefault(address, name)
    aliases = Counter(a for a, _, _ in recorded(kernel) if not is_percpu_offset(a))
    chosen = [a for a in sorted(first) if aliases[a] > 1][:150] + sorted(first)[::1500]
    answers = kernel.crash(*[f"sym {address:x}" for address in chosen])
    for address, answer in zip(chosen, answers):
        match = re.match(r"([0-9a-f]+) \(.\) (\S+)", answer)
        expect(match, f"sym {address:x}: {answer[:80]!r}")
        equal((int(match.group(1), 16), match.group(2)), (address, first[address]), f"sym {address:x}")


def test_addresses_in_modules_are_named_as_the_kernel_names_them(kernel):
    """There the first name in the module's own table, strings of exports included."""
    first = {}
    for line in kernel.truth("proc/kallsyms").splitlines():
        words = line.split()
        if len(words) == 4 and not re.match(r"\[(bpf|__builtin)", words[3]) and words[1] not in "aA" and words[2][:2] != ".L":
            first.setdefault((int(words[0], 16), words[3]), words[2])
    export = [key for key, name in first.items() if name.startswith("__kstrtab")]
    chosen = sorted(first)[::200] + sorted(export)[:20]
    expect(len(chosen) > 30, f"only {len(chosen)} symbols of modules")
    for (address, module), answer in zip(chosen, kernel.crash(*[f"sym {address:x}" for address, _ in chosen])):
        words = answer.split()
        equal((words[0], words[2], words[3]), (f"{address:x}", first[address, module], module), f"sym {address:x}")


def test_sections(kernel):
    """-s against vmlinux's own symbol table,
    and what the guest had in /sys/module/NAME/sections."""
    text = subprocess.run(["objdump", "-t", str(kernel.vmlinux)], capture_output=True, text=True, check=True).stdout
    names = ("vfs_read", "init_task", "start_kernel", "linux_banner", "sys_call_table", "jiffies_64", "__this_cpu_preempt_check",
             "log_buf_len", "nr_cpu_ids", "__per_cpu_start")
    wanted = {name: section for section, name in re.findall(r"^[0-9a-f]{16} .{7} (\S+)\t[0-9a-f]+ (?:\.hidden )?(\S+)$", text, re.M)
              if name in names}
    expect(len(wanted) > 5, f"objdump -t has {wanted}")
    for name, answer in zip(wanted, kernel.crash(*[f"sym -s {name}" for name in wanted])):
        equal(re.search(r"\[(\S+)\]$", answer.strip())[1], wanted[name], f"sym -s {name}")
    sections = sorted((int(path.read_text(), 16), path.name) for path in kernel.truth_paths("sys/module/virtio_blk/sections/*"))
    rows = [line.split() for line in kernel.truth("proc/kallsyms").splitlines() if line.endswith("[virtio_blk]")]
    rows = [row for row in rows if row[1] not in "aA" and any(start == int(row[0], 16) for start, _ in sections)]
    expect(rows, "no symbol of virtio_blk where a section begins")
    for row, answer in zip(rows[:10], kernel.crash(*[f"sym -s {row[0]}" for row in rows[:10]])):
        here = [name for start, name in sections if start == int(row[0], 16)]
        found = re.search(r" \[virtio_blk\] \[(\S+)\]$", answer.strip())
        expect(found and found[1] in here, f"sym -s {row[0]}: {answer!r}, there begins {here}")


def test_counting(kernel):
    for text in ("vfs_rea", "loop_"):
        rows, count = kernel.crash(f"sym -q {text}", f"sym -Q {text}")
        last = rows.splitlines()[-1].split()[2]
        equal(count, f"{len(rows.splitlines())} found ({last})\n", f"sym -Q {text}")


def test_outside_the_image(kernel):
    text = min(a for a, _, n in recorded(kernel) if n == "_text")
    end = max(a for a, _, n in recorded(kernel) if n == "_end")
    outside = (text - 1, text - 0x10000, end + 0x800000)
    equal(kernel.crash(*[f"sym {address:x}" for address in outside]),
          [f"sym: invalid address: {address:x} (no symbol covers it)\n" for address in outside], "outside")


def test_memory_of_modules_without_a_symbol(kernel):
    """Each byte of a module leads to the module:
    by a symbol, or by the start of that part of its memory."""
    starts = re.findall(r"^([0-9a-f]+) MODULE .*START: (\S+)$", kernel.crash("sym -M"), re.M)
    expect(len(starts) > 20, f"{len(starts)} parts of modules")
    for (start, module), answer in zip(starts, kernel.crash(*[f"sym {int(start, 16) + 1:x}" for start, _ in starts])):
        expect(f" [{module}]" in answer and answer.startswith(f"{int(start, 16) + 1:x} "), f"{start} of {module}: {answer!r}")


def test_inside_a_symbol(kernel):
    address = {n: a for a, _, n in recorded(kernel)}["vfs_read"]
    by_address, by_name, sum_, in_hex = kernel.crash(f"sym {address + 4:x}", "sym vfs_read", "sym vfs_read+4",
                                                     "set hex\nsym vfs_read+0x1f")
    expect(re.match(rf"{address + 4:x} \(T\) vfs_read\+4 \S*fs/read_write\.c: \d+$", by_address.strip()), by_address)
    expect(re.match(rf"{address:x} \(T\) vfs_read \S*fs/read_write\.c: \d+$", by_name.strip()), by_name)
    equal(sum_, by_address, "symbol+offset")
    expect(f"{address + 0x1f:x} (T) vfs_read+0x1f " in in_hex, in_hex)


def test_neighbours(kernel):
    before, after, both = kernel.crash("sym -p vfs_read", "sym -n vfs_read", "sym -np vfs_read")
    addresses = sorted({a for a, _, _ in recorded(kernel)})
    here = addresses.index({n: a for a, _, n in recorded(kernel)}["vfs_read"])
    listed = [[int(line.split()[0], 16) for line in text.splitlines()] for text in (before, after, both)]
    equal(listed[0], addresses[here - 1:here + 1], "sym -p")
    equal(listed[1], addresses[here:here + 2], "sym -n")
    equal(listed[2], addresses[here - 1:here + 2], "sym -np")


def test_parts_of_names(kernel):
    found, nothing, unknown = kernel.crash("sym -q vfs_rea", "sym -q no_such_thing_", "sym vfs_rea")
    export = re.compile("__crc_|__kstrtab")
    names = Counter(n for _, _, n in recorded(kernel) if "vfs_rea" in n and not export.match(n))
    got = Counter(name for _, _, name in ROW.findall(found) if not export.match(name))
    equal(got, names, "sym -q vfs_rea")
    equal(nothing.strip(), "(none found)", "sym -q without a match")
    lines = unknown.splitlines()
    equal(lines[:2], ["symbol not found: vfs_rea", "possible alternatives:"], "an unknown name")
    same_lines([line.strip() for line in lines[2:]], found.split("\n")[:len(lines) - 2], "its alternatives")


def test_namesakes(kernel):
    wanted = sorted(a for a, _, n in recorded(kernel) if n == "init_once")
    expect(len(wanted) > 1, "only one init_once")
    got = [int(line.split()[0], 16) for line in kernel.crash("sym init_once").splitlines() if "[" not in line]
    equal(sorted(got), wanted, "sym init_once")


def test_functions_without_their_suffix(kernel):
    """A function of which the compiler kept a part or a clone is
    found by the name in the source."""
    names = {n for _, _, n in recorded(kernel)}
    stems = {n.split(".")[0]: n for n in sorted(names) if ".isra." in n or ".constprop." in n}
    alone = [(s, n) for s, n in stems.items() if s not in names and sum(o.startswith(s + ".") for o in names) == 1]
    expect(len(alone) > 20, "no function with a suffix")
    for stem, name in alone[:5]:
        equal(kernel.crash(f"sym {stem}").split()[2:3], [name], f"sym {stem}")


def test_what_is_no_symbol(kernel):
    for word in ("0", "1234", "ffffffffffffffff", "ffff888000000000", "dead"):
        equal(kernel.crash(f"sym {word}").strip(), f"sym: invalid address: {word} (no symbol covers it)", f"sym {word}")


def test_l_in_capitals(kernel):
    """-L is -l; crash accepts it though its help has it no more."""
    small, capital = kernel.crash("sym -l", "sym -L")
    expect(len(small.splitlines()) > 10000 and small == capital, "sym -L is not sym -l")
