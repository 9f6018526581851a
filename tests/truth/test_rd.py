# rd: the same bytes in every width and style, against the guest's patterns and its own words.
# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import re
import struct
import tempfile

from harness import equal, expect, run_crash


def pattern(kernel, kind):
    for line in kernel.truth("run/lab/facts").splitlines():
        words = line.split()
        if words[0] == "pattern" and words[4] == kind:
            return int(words[1]), int(words[2], 16)
    raise LookupError(kind)


def symbol(kernel, name):
    return int(next(line.split()[0] for line in kernel.truth("proc/kallsyms").splitlines()
                    if line.split()[2:] == [name]), 16)


def numbers(text, base=16):
    """(address, values) of each line, without the characters at its end."""
    rows = []
    for line in text.splitlines():
        address, rest = line.split(":  ", 1)
        words = re.split("   ", rest)[0].split() if base == 16 else rest.split()
        rows.append((int(address, 16), [int(word, base) for word in words]))
    return rows


def as_bytes(text, width):
    return b"".join(value.to_bytes(width, "little") for _, values in numbers(text) for value in values)


def test_banner_is_proc_version(kernel):
    version = kernel.truth("proc/version").strip()
    text = kernel.crash("rd -a linux_banner")
    lines = text.splitlines()
    equal("".join(line.split(":  ", 1)[1] for line in lines), version, "linux_banner")
    expect(all(len(line) == 18 + 1 + 60 for line in lines[:-1]), "60 characters a line")
    equal(kernel.crash("rd -a linux_banner 13").split(":  ")[1], "Linux version\n", "a count of characters")


def test_widths_agree(kernel):
    one, two, four, eight = kernel.crash("rd -x -8 linux_banner 48", "rd -x -16 linux_banner 24",
                                         "rd -x -32 linux_banner 12", "rd -x -64 linux_banner 6")
    wanted = kernel.truth("proc/version").encode()[:48]
    for text, width in ((one, 1), (two, 2), (four, 4), (eight, 8)):
        equal(as_bytes(text, width), wanted, f"-{width * 8}")
        equal([a - symbol(kernel, "linux_banner") for a, _ in numbers(text)], [0, 16, 32], f"-{width * 8}: addresses")
    equal(kernel.crash("rd -x linux_banner 6"), eight, "the default width")
    swapped = kernel.crash("rd -x -N -32 linux_banner 12")
    equal(b"".join(v.to_bytes(4, "big") for _, values in numbers(swapped) for v in values), wanted, "-N -32")


def test_layout(kernel):
    address = f"{symbol(kernel, 'linux_banner'):016x}"
    equal(kernel.crash("rd linux_banner"), f"{address}:  65762078756e694c                    Linux ve\n", "one number")
    equal(kernel.crash("rd -8 linux_banner 2"),
          f"{address}:  4c 69                                             Li\n", "two bytes")
    equal(kernel.crash("rd -32 linux_banner 3"),
          f"{address}:  756e694c 65762078 6f697372            Linux versio\n", "three words")
    equal(kernel.crash("rd -16 linux_banner 8"),
          f"{address}:  694c 756e 2078 6576 7372 6f69 206e {kernel.crash('rd -x -16 linux_banner 8').split()[-1]}"
          f"   Linux version {kernel.truth('proc/version').split()[2][0]}.\n", "eight halves")


def test_decimal(kernel):
    unsigned, signed = kernel.crash("rd -D -64 linux_banner 2", "rd -d -64 linux_banner 2")
    wanted = list(struct.unpack("<2Q", kernel.truth("proc/version").encode()[:16]))
    equal(numbers(unsigned, 10)[0][1], wanted, "-D")
    equal(numbers(signed, 10)[0][1], list(struct.unpack("<2q", kernel.truth("proc/version").encode()[:16])), "-d")
    # The address of a kernel symbol, which some pointer of init_task holds,
    # is negative in every width.
    raw = as_bytes(kernel.crash("rd -x -8 init_task 4096"), 1)
    expect(b"\xff\xff\xff\xff" in raw, "no kernel address in init_task")
    for width, letter in ((1, "b"), (2, "h"), (4, "i"), (8, "q")):
        text = kernel.crash(f"rd -d -{width * 8} init_task {4096 // width}")
        equal([v for _, values in numbers(text, 10) for v in values],
              list(struct.unpack(f"<{4096 // width}{letter}", raw)), f"-d -{width * 8}")


def test_network_order(kernel):
    """The numbers are those that a big-endian machine would see;
    the characters stay as they are in memory."""
    version = kernel.truth("proc/version").encode()[:16]
    for width, letter in ((2, "H"), (4, "I")):
        line = kernel.crash(f"rd -N -{width * 8} linux_banner {16 // width}")
        wanted = " ".join(f"{v:0{width * 2}x}" for v in struct.unpack(f">{16 // width}{letter}", version))
        equal(line.split(":  ", 1)[1].rstrip(), f"{wanted}   {version.decode().rstrip()}", f"-N -{width * 8}")


def test_text_with_other_bytes(kernel):
    """A count is of bytes: each has its place, a dot when it cannot be shown."""
    data = as_bytes(kernel.crash("rd -x -8 sys_call_table 70"), 1)
    wanted = "".join(chr(b) if 0x20 <= b < 0x7f else "." for b in data)
    got = [line.split(":  ", 1) for line in kernel.crash("rd -a sys_call_table 70").splitlines()]
    equal("".join(text for _, text in got), wanted, "characters")
    equal(int(got[1][0], 16) - int(got[0][0], 16), 60, "bytes in a line")


def test_end(kernel):
    """Whole numbers below the end; with a count the end does not matter, which is said."""
    banner = symbol(kernel, "linux_banner")
    nine, one, counted, none = kernel.crash(f"rd -e {banner + 9:x} linux_banner", "rd linux_banner",
                                            f"rd -e {banner + 40:x} linux_banner 1", f"rd -e {banner + 7:x} linux_banner")
    equal((nine, counted), (one, one), "up to the end, and with a count")
    expect(none.startswith("rd: nothing of 8 bytes ends before"), none)
    said = run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin=f"rd -e {banner + 40:x} linux_banner 1\n")
    expect("ending address ignored when count is specified" in said.stdout + said.stderr, said.stderr)


def test_user_memory(kernel):
    for kind in ("plain", "thp", "huge"):
        pid, start = pattern(kernel, kind)
        address = start + 0xff0
        inside = kernel.crash(f"set {pid}", f"rd -x {address:x} 2", f"rd -u -x {address:x} 2", "set -p")
        for text in inside[1:3]:
            equal(numbers(text), [(address, [address, address + 8])], f"{kind} at {address:x}")


def test_where(kernel):
    start, offset, end, reverse = kernel.crash("rd -x linux_banner 4", "rd -x -o 0x10 linux_banner 2",
                                               f"rd -x -e {symbol(kernel, 'linux_banner') + 32:x} linux_banner",
                                               f"rd -x -R {symbol(kernel, 'linux_banner') + 24:x} 4")
    equal(end, start, "-e")
    equal(reverse, start, "-R")
    equal(numbers(offset), numbers(start)[1:], "-o")
    equal(kernel.crash("rd -x linux_banner+16 2"), offset, "symbol+offset")
    wrong = kernel.crash("rd -e 0 linux_banner", "rd linux_banner 0", "rd linux_banner x")
    expect("invalid ending address: 0" in wrong[0], wrong[0])
    expect("invalid count request: 0" in wrong[1], wrong[1])
    expect("not a number: x" in wrong[2], wrong[2])


def test_raw_file(kernel):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "bytes"
        text = kernel.crash(f"rd -r {path} linux_banner 5000")
        equal(text, f"5000 bytes copied from {symbol(kernel, 'linux_banner'):#x} to {path}\n", "message")
        data = path.read_bytes()
        equal(len(data), 5000, "length")
        expect(data.startswith(kernel.truth("proc/version").encode()), "content")
        expect("requires either a count" in kernel.crash(f"rd -r {path} linux_banner"), "-r without a length")
        expect("cannot write" in kernel.crash("rd -r /nonexistent/file linux_banner 8"), "a file that cannot be made")


def test_file_offset(kernel):
    with open(kernel.vmcore, "rb") as file:
        start = file.read(32)
    equal(as_bytes(kernel.crash("rd -x -f 0 4"), 8), start, "-f")
    expect("the dump file ends before" in kernel.crash("rd -f 100000000000"), "behind the end")


def test_symbols(kernel):
    """Pointers with the names that kallsyms gives them,
    and slab objects with that of their cache."""
    task = kernel.crash("ps 1").splitlines()[-1].split()[3]
    text = kernel.crash("rd -s sys_call_table 2")
    equal(text.split(":  ")[1].split(), ["__x64_sys_read", "__x64_sys_write"], "sys_call_table")
    expect(re.fullmatch(r"[0-9a-f]{16}", task), f"task of pid 1: {task}")
    # What holds a task_struct's address is shown as an object of its cache.
    named, both = kernel.crash(f"rd -S {int(task, 16):x} 600", f"rd -SS {int(task, 16):x} 600")
    expect("[task_struct]" in named, "no [task_struct] in a task_struct")
    expect(re.search(r"\[[0-9a-f]{16}:task_struct\]", both), "no [address:task_struct]")


def test_faults(kernel):
    text = kernel.crash("rd 0", "rd ffffffffc0000000", "rd -p ffffffffff000", "rd dead000000000100")
    for part, reason in zip(text, ("user address 0", "not mapped", "not in the dump", "not a valid address")):
        expect(part.startswith("rd: cannot read "), f"{part!r}")
        expect(reason in part, f"{part!r} does not say {reason!r}")


def test_partial_line(kernel):
    """What can be read before a missing page is shown, and then why the rest is not."""
    # Kernel stacks lie in vmalloc space, 16 KB and a guard page behind them.
    start = int(re.search(r"stack = 0x([0-9a-f]+)", kernel.crash("task -R stack 1"))[1], 16) + 3 * 4096
    lines = kernel.crash(f"rd -x {start + 4096 - 24:x} 6").splitlines()
    equal(len(lines), 3, f"lines of {lines}")
    equal([len(values) for _, values in numbers("\n".join(lines[:2]))], [2, 1], "numbers before the guard page")
    expect(lines[2].startswith(f"rd: cannot read kernel address {start + 4096:x}: not mapped"), lines[2])
