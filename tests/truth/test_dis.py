# dis: the kernel's code as objdump shows it in vmlinux, at this boot's addresses.
# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import re
import subprocess
import tempfile

from harness import equal, expect, run_crash, same_lines

LINE = re.compile(r"^0x([0-9a-f]{16}) <(\w+)(?:\+(\w+))?>:\t(\S+)(.*)$", re.M)


def rows(text):
    return [(int(a, 16), name, int(offset or "0", 0), word) for a, name, offset, word, _ in LINE.findall(text)]


def symbol(kernel, name):
    return int(next(line.split()[0] for line in kernel.truth("proc/kallsyms").splitlines()
                    if line.split()[2:] == [name]), 16)


def objdump(kernel, name):
    """(distance, mnemonic) of each instruction of a function in vmlinux."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", f"--disassemble={name}", str(kernel.vmlinux)],
                          capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^([0-9a-f]{16}):\t(?:data16 |cs |ds |notrack )*(\S+)", text, re.M)
    return [(int(address, 16) - int(found[0][0], 16), word) for address, word in found]


def test_against_objdump(kernel):
    for name in ("vfs_read", "kfree"):
        text = kernel.crash(f"dis {name}")
        got, wanted = rows(text), objdump(kernel, name)
        start = symbol(kernel, name)
        equal(got[0][0], start, f"first address of {name}")
        equal(len(text.splitlines()), len(got), f"{name}: lines with a name")
        expect(all(a == start + offset and n == name for a, n, offset, _ in got), f"{name}: addresses and distances")
        ours, theirs = dict((o, w) for _, _, o, w in got), dict(wanted)
        common = set(ours) & set(theirs)
        # Padding behind the function is in one listing only; the kernel patches nops, calls and alternatives.
        expect(len(common) > 0.9 * len(ours), f"{name}: {len(common)} of {len(ours)} instructions where objdump has one")
        same = sum(ours[o] == theirs[o] for o in common)
        expect(same > 0.85 * len(common), f"{name}: {same} of {len(common)} mnemonics are objdump's")


def test_directions(kernel):
    whole = rows(kernel.crash("dis vfs_read"))
    tenth = whole[10][2]
    texts = kernel.crash(f"dis -r vfs_read+{tenth}", f"dis -r (vfs_read+{tenth}) 3", f"dis -f vfs_read+{tenth}",
                         f"dis -f vfs_read+{tenth} 4", f"dis vfs_read+{tenth}", f"dis {whole[10][0]:x} 2", "dis vfs_read 5",
                         f"dis -r vfs_read+{whole[9][2] + 1}")
    wanted = [whole[:11], whole[8:11], whole[10:], whole[10:14], whole[10:11], whole[10:12], whole[:5]]
    for text, rest in zip(texts, wanted):
        same_lines(rows(text), rest, "part of vfs_read")
    if whole[10][2] > whole[9][2] + 1:
        same_lines(rows(texts[7]), whole[:11], "up to the next instruction")


def test_radix_and_marks(kernel):
    hexadecimal, decimal, bare, raw = kernel.crash("dis -x vfs_read", "dis -d vfs_read", "dis -U vfs_read 3",
                                                   "dis -B vfs_read 3")
    same_lines(rows(hexadecimal), rows(decimal), "in both radixes")
    expect(re.search(r"<vfs_read\+0x[0-9a-f]+>:", hexadecimal) and "+0x" not in re.sub(r"\t.*", "", decimal), "radix")
    equal(decimal.count("[FTRACE NOP]"), 1, "places of the tracer")
    expect("[FTRACE" not in bare and bare.startswith("   0x"), f"-U: {bare!r}")
    bytes_ = re.findall(r":\t((?:[0-9a-f]{2} ?)+)\s*\t", raw)
    address = symbol(kernel, "vfs_read")
    memory = kernel.crash(f"rd -8 -x {address:x} 8").replace("\n", " ").split(":  ", 1)[1].split()
    got = " ".join(bytes_).split()
    equal(len(bytes_), 3, "instructions with bytes")
    equal(got[:8], memory[:len(got)][:8], "bytes of the first instructions")


def test_lines(kernel):
    text = kernel.crash("dis -l vfs_read 4")
    first = kernel.crash("sym vfs_read").split()
    place = f"{first[-2]} {first[-1]}"
    equal(text.splitlines()[0], place, "file and line above the first instruction")
    same_lines(rows(text), rows(kernel.crash("dis vfs_read 4")), "with lines and without")


def test_source(kernel):
    """A tree of numbered lines stands for the source."""
    line = int(kernel.crash("sym vfs_read").split()[-1])
    missing = kernel.crash("dis -s vfs_read")
    expect(missing.startswith(f"FILE: fs/read_write.c\nLINE: {line}\n\ndis: vfs_read: source code is not available: "),
           f"without source: {missing!r}")
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "fs" / "read_write.c"
        file.parent.mkdir()
        file.write_text("".join("}\n" if n == line + 3 else f"this is line {n}\n" for n in range(1, line + 20)))
        _, whole, two = kernel.crash(f"gdb directory {folder}", "dis -s vfs_read  ", "dis -s vfs_read 2")
        result = run_crash("-s", "--src", folder, kernel.vmlinux, kernel.vmcore, stdin="dis -s vfs_read\n")
        equal(result.stdout.splitlines(), whole.splitlines(), f"with --src: {result.stderr!r}")
    lines = whole.splitlines()
    equal(lines[:3], ["FILE: fs/read_write.c", f"LINE: {line}", ""], "header")
    equal(lines[3], f"  {line - 5}\tthis is line {line - 5}", "first line")
    equal(lines[8], f"* {line}\tthis is line {line}", "marked line")
    equal(lines[-2:], [f"  {line + 3}\t}}", ""], "the function's end")
    equal(two.splitlines()[-2], f"  {line + 2}\tthis is line {line + 2}", "two lines more")


def test_module(kernel):
    name, address = next((w[2], int(w[0], 16)) for w in (l.split() for l in kernel.truth("proc/kallsyms").splitlines())
                         if w[3:] == ["[virtio_blk]"] and w[2] == "virtblk_probe")
    got = rows(kernel.crash(f"dis {name}"))
    expect(len(got) > 50, f"{len(got)} instructions")
    equal((got[0][0], got[0][1]), (address, name), "first instruction")
    equal(rows(kernel.crash(f"dis -r {name}+{got[4][2]}")), got[:5], "backwards")


def test_user_code(kernel):
    """pid 1's entry point, against its executable's mapping: an address there can be disassembled, one outside cannot."""
    maps = [l.split() for l in kernel.truth("proc/1/maps").splitlines()]
    start = next(m[0].split("-")[0] for m in maps if "x" in m[1] and m[-1].endswith("busybox"))
    task = re.search(r"TASK: ([0-9a-f]{16})", kernel.crash("bt 1")).group(1)
    text, outside, kernel_side = kernel.crash_in_context(task, f"dis -u {start} 3", "dis -u 10", "dis vfs_read 1")
    expect(re.match(rf"   0x0*{start.lstrip('0')}:\t\S", text) and len(text.splitlines()) == 3, f"user code: {text!r}")
    expect(outside.startswith("dis: "), f"an address that is not mapped: {outside!r}")
    equal(rows(kernel_side)[0][1], "vfs_read", "afterwards the kernel's")


def test_bug_bytes_and_errors(kernel):
    equal(kernel.crash("dis -b", "dis -b 8", "dis -b 0"),
          [f"encoded bytes being skipped after ud2a: {n}\n" for n in (0, 8, 0)], "dis -b")
    texts = kernel.crash("dis nosuchsymbol", "dis -r -f vfs_read", "dis 0", "dis vfs_read 0")
    equal(texts[:2], ["dis: symbol not found: nosuchsymbol\n", "dis: -r and -f are mutually exclusive\n"], "messages")
    expect(texts[2].startswith("dis: Cannot access memory at address 0x0"), f"got {texts[2]!r}")
    equal(texts[3], "dis: invalid count argument: 0\n", "no count")
