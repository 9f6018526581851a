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
        # Padding behind the function is in one listing only;
        # the kernel patches nops, calls and alternatives.
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


def test_source_of_a_header(kernel):
    """Code that is inline from a header, of which other folders have namesakes with other lines."""
    rows = re.findall(r"^(include/linux/[\w./-]+\.h): (\d+)\n0x([0-9a-f]{16}) ", "".join(kernel.crash(
        "dis -l vfs_read", "dis -l vfs_write", "dis -l do_filp_open", "dis -l kernel_clone", "dis -l schedule")), re.M)
    rows = list({file: (file, int(line), address) for file, line, address in rows}.values())
    expect(len(rows) > 3, f"only {len(rows)} headers")
    with tempfile.TemporaryDirectory() as folder:
        for file, line, _ in rows:
            path = pathlib.Path(folder) / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"line {n} of {file}\n" for n in range(1, line + 20)))
        commands = [f"dis -s {address} 2" for _, _, address in rows]
        texts = kernel.crash(f"gdb directory {folder}", "dis -s vfs_read", *commands)[2:]
        other, _, address = rows[0]
        missing = kernel.crash(f"dis -s {address}")
        expect(f"source code is not available: no file {other};" in missing, f"a file that is not there: {missing!r}")
        (pathlib.Path(folder) / other).write_text("much shorter\n")
        short = kernel.crash(f"gdb directory {folder} ", f"dis -s {address} 3")[1]
    for (file, line, _), text in zip(rows, texts):
        wanted = [f"{'*' if n == line else ' '} {n}\tline {n} of {file}" for n in range(max(1, line - 5), line + 3)]
        same_lines(text.splitlines(), [f"FILE: {file}", f"LINE: {line}", "", *wanted, ""], f"dis -s of line {line} of {file}")
    expect(re.search(rf"source code is not available: there is no line \d+ in {other};", short), f"a file of other lines: {short!r}")


def test_module(kernel):
    name, address = next((w[2], int(w[0], 16)) for w in (l.split() for l in kernel.truth("proc/kallsyms").splitlines())
                         if w[3:] == ["[virtio_blk]"] and w[2] == "virtblk_probe")
    got = rows(kernel.crash(f"dis {name}"))
    expect(len(got) > 50, f"{len(got)} instructions")
    equal((got[0][0], got[0][1]), (address, name), "first instruction")
    equal(rows(kernel.crash(f"dis -r {name}+{got[4][2]}")), got[:5], "backwards")


def test_user_code(kernel):
    """pid 1's entry point, against its executable's mapping:
    an address there can be disassembled, one outside cannot."""
    maps = [l.split() for l in kernel.truth("proc/1/maps").splitlines()]
    start = next(m[0].split("-")[0] for m in maps if "x" in m[1] and m[-1].endswith("busybox"))
    task = re.search(r"TASK: ([0-9a-f]{16})", kernel.crash("bt 1")).group(1)
    text, outside, kernel_side = kernel.crash_in_context(task, f"dis -u {start} 3", "dis -u 10", "dis vfs_read 1")
    expect(re.match(rf"   0x0*{start.lstrip('0')}:\t\S", text) and len(text.splitlines()) == 3, f"user code: {text!r}")
    expect(outside.startswith("dis: "), f"an address that is not mapped: {outside!r}")
    equal(rows(kernel_side)[0][1], "vfs_read", "afterwards the kernel's")


def test_source_that_is_not_there_stays_so(kernel):
    """Asked again, gdb answers with a line of its own making."""
    texts = kernel.crash("dis -s kfree", "dis -s kfree 4", "dis -s kfree 5")
    for text in texts[1:]:
        equal(text, texts[0], "the second time")
    expect("source code is not available" in texts[0], texts[0])


def test_function_by_address(kernel):
    """An address where a function begins stands for all of it, as its name does."""
    name, number = kernel.crash("dis vfs_read", f"dis {symbol(kernel, 'vfs_read'):x}")
    equal(number, name, "by address")


def test_labels_do_not_end_a_function(kernel):
    """Code in assembler goes on behind the labels in it, to the size that the symbol table has."""
    size = int(re.search(r"^[0-9a-f]{16} ([0-9a-f]{16}) . entry_SYSCALL_64$", subprocess.run(
        ["nm", "-S", str(kernel.vmlinux)], capture_output=True, text=True, check=True).stdout, re.M)[1], 16)
    lines = re.findall(r"^0x([0-9a-f]{16})", kernel.crash("dis entry_SYSCALL_64"), re.M)
    start = symbol(kernel, "entry_SYSCALL_64")
    equal(int(lines[0], 16), start, "first instruction")
    expect(start + size - 16 < int(lines[-1], 16) < start + size, f"{size} bytes, last instruction at {lines[-1]}")


def test_namesakes_are_listed(kernel):
    wanted = sorted(line.split()[0] for line in kernel.truth("proc/kallsyms").splitlines()
                    if line.split()[2:] == ["init_once"])
    lines = kernel.crash("dis init_once").splitlines()
    equal(lines[0], "dis: init_once: duplicate text symbols found:", "first line")
    equal(sorted(line.split()[0] for line in lines[1:] if "[" not in line), wanted, "all of them")


def test_marks_are_the_places_of_the_tracer(kernel):
    """[FTRACE NOP] stands at the addresses of vmlinux's __mcount_loc, and nowhere else."""
    names = subprocess.run(["nm", str(kernel.vmlinux)], capture_output=True, text=True, check=True).stdout
    link = {name: int(a, 16) for a, _, name in (line.split() for line in names.splitlines() if len(line.split()) == 3)}
    start, end = link["__start_mcount_loc"], link["__stop_mcount_loc"]
    text = subprocess.run(["objdump", "-s", f"--start-address={start}", f"--stop-address={end}", str(kernel.vmlinux)],
                          capture_output=True, text=True, check=True).stdout
    data = bytes.fromhex("".join("".join(line.split("  ")[0].split()[1:]) for line in text.splitlines()
                                 if re.match(r" [0-9a-f]{8,} ", line)))
    places = {int.from_bytes(data[i:i + 8], "little") for i in range(0, len(data), 8)}
    expect(len(places) > 10000, f"{len(places)} places in __mcount_loc")
    shift = symbol(kernel, "_text") - link["_text"]
    marked = set()
    functions = ("vfs_read", "kfree", "schedule", "do_idle", "panic", "error_entry", "memcpy", "entry_SYSCALL_64", "do_syscall_64")
    for name, answer in zip(functions, kernel.crash(*[f"dis {name}" for name in functions])):
        here = {int(a, 16) - shift for a in re.findall(r"^0x([0-9a-f]{16}).*\[FTRACE NOP\]$", answer, re.M)}
        wanted = {int(a, 16) - shift for a in re.findall(r"^0x([0-9a-f]{16})", answer, re.M)} & places
        equal(sorted(here), sorted(wanted), name)
        marked |= here
    expect(len(marked) > 3, f"only {len(marked)} marks")


def test_bug_bytes_and_errors(kernel):
    equal(kernel.crash("dis -b", "dis -b 8", "dis -b 0"),
          [f"encoded bytes being skipped after ud2a: {n}\n" for n in (0, 8, 0)], "dis -b")
    texts = kernel.crash("dis nosuchsymbol", "dis -r -f vfs_read", "dis 0", "dis vfs_read 0")
    equal(texts[:2], ["symbol not found: nosuchsymbol\npossible alternatives:\n  (none found)\n", "dis: -r and -f are mutually exclusive\n"], "messages")
    expect(texts[2].startswith("dis: Cannot access memory at address 0x0"), f"got {texts[2]!r}")
    equal(texts[3], "dis: invalid count argument: 0\n", "no count")
