# A dump alone: names from its kallsyms, types from its BTF; the same answers as with the vmlinux, which is found by itself.
# SPDX-License-Identifier: GPL-3.0-or-later
import functools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from harness import CRASH, environment, equal, expect, run_crash, same_lines

sys.path[:0] = [str(pathlib.Path(__file__).parent)]
from test_sym import ROW, is_percpu_offset, recorded  # noqa: E402

START_SECONDS, START_MEGABYTES = 0.25, 100
WORDS = ("sys", "ps", "ps -t", "ps -l", "log", "bt", "foreach bt -sx", "mod", "task", "sig 1", "kmem -i", "sym -M",
         "struct task_struct -o", "struct module", "ptype struct list_head", "whatis struct page",
         "p sizeof(struct task_struct)", "p ((struct task_struct *)&init_task)->comm",
         "task -R comm,pid,mm 1", "rd linux_banner 20", "rd -s init_task 16", "vtop linux_banner", "vtop init_task",
         "foreach task -R comm,pid", "list -H modules")


@functools.lru_cache(maxsize=None)
def alone(dump):
    """A folder with the dump and nothing else: where no vmlinux lies beside it."""
    folder = tempfile.TemporaryDirectory()
    (pathlib.Path(folder.name) / "vmcore").symlink_to(dump.vmcore.resolve())
    return folder


def answers(kernel, *commands):
    """What each of them prints without a vmlinux, and all that was said beside."""
    dump = pathlib.Path(alone(kernel.dump()).name) / "vmcore"
    with tempfile.TemporaryDirectory() as folder:
        lines = [f"{c} > {folder}/{i}" for i, c in enumerate(commands)]
        result = run_crash("-s", dump, stdin="\n".join([*lines, "quit", ""]))
        paths = [pathlib.Path(folder) / str(i) for i in range(len(commands))]
        for command, path in zip(commands, paths):
            expect(path.exists(), f"{command!r} wrote nothing: {(result.stderr + result.stdout)[-300:]!r}")
        return [path.read_text(errors="replace") for path in paths], result.stdout + result.stderr


def comparable(text):
    """`sys` names the files; gdb numbers what it printed."""
    text = re.sub(r"^ +(?:KERNEL|DUMPFILE): .*\n", "", text, flags=re.M)
    return re.sub(r"^\$\d+ = ", "", text, flags=re.M).splitlines()


def test_the_same_answers(kernel):
    known = [word for word in WORDS if not (word.startswith("struct module") and not has_types(kernel, "module"))]
    got, said = answers(kernel, *known)
    wanted = kernel.crash(*known)
    for word, mine, theirs in zip(known, got, wanted):
        same_lines(comparable(mine), comparable(theirs), word)
    expect("WARNING" not in said, f"says {said[:300]!r}")
    expect("KERNEL: (no vmlinux: from the dump)" in got[0], got[0][:200])


def test_unknown_lines_are_said_in_both_forms(kernel):
    """Once, before the instructions: programs would take silence for code that has no lines."""
    dump = pathlib.Path(alone(kernel.dump()).name) / "vmcore"
    text = run_crash("--exec", "dis -l vfs_read 3", dump)
    lines = run_crash("--json", "--exec", "dis -l vfs_read 3", dump).stdout.splitlines()
    said = re.findall("no line numbers: .*", text.stdout + text.stderr)
    objects = [json.loads(line) for line in lines]
    equal(len(said), 1, "in text")
    equal([one["warning"] for one in objects if "warning" in one], said, "in JSON")
    equal([list(one)[0] for one in objects], ["warning", "address", "address", "address", "command"], "the warning comes first")


def has_types(kernel, name):
    return f"struct {name} {{" in answers(kernel, f"struct {name}")[0][0]


def test_every_symbol_of_kallsyms(kernel):
    """Also in its order, which decides what an address is called."""
    text, = answers(kernel, "sym -l")[0]
    got = [f"{int(a, 16):x} {t} {n}" for a, t, n in ROW.findall(text.split(" MODULE ")[0])]
    rows = recorded(kernel)
    expect(len(rows) > 50000, f"only {len(rows)} symbols in the guest's kallsyms")
    same_lines(got, [f"{a:x} {'D' if is_percpu_offset(a) else t} {n}" for a, t, n in rows], "sym -l")


def test_names_and_addresses(kernel):
    rows = [row for row in recorded(kernel) if not is_percpu_offset(row[0])]
    words = [f"sym {name}" for _, _, name in rows[::len(rows) // 100]] + [f"sym {a:x}" for a, _, _ in rows[7::len(rows) // 100]]
    expect(len(words) >= 200, f"only {len(words)} symbols")
    got, wanted = answers(kernel, *words)[0], kernel.crash(*words)
    for word, mine, theirs in zip(words, got, wanted):
        # Only debug information has the place in the source.
        same_lines([line.split()[:3] for line in mine.splitlines()],
                   [line.split()[:3] for line in theirs.splitlines() if "__crc_" not in line], word)


def test_types_of_modules(kernel):
    """Known where the kernel keeps modules' BTF;
    the guest's slab cache says how large one of them is."""
    cache = re.search(r"^xfs_inode +\d+ +\d+ +(\d+)", kernel.truth("proc/slabinfo"), re.M)
    expect(cache, "no cache of xfs_inode in the guest")
    (ours, gdbs, both), said = answers(kernel, "struct -o xfs_inode", "p sizeof(struct xfs_inode)", "whatis xfs_inode.i_vnode")
    if "btf_modules" not in {name for _, _, name in recorded(kernel)}:
        expect("invalid data structure reference: xfs_inode" in said, f"says {said!r}")
        return
    size = int(re.search(r"^SIZE: (\d+)$", ours, re.M)[1])
    equal((size + 63) // 64 * 64, int(cache[1]), "struct xfs_inode, in whole cache lines")
    equal(gdbs.split()[-1], str(size), "p sizeof(struct xfs_inode)")
    expect(re.search(r"\[\d+\] struct inode i_vnode;", ours) and "struct inode i_vnode;" in both, f"{both!r}")
    theirs, = kernel.crash("struct -o xfs_inode", "sys")[:1]
    same_lines(ours.splitlines(), theirs.splitlines(), "struct -o xfs_inode")


def test_what_needs_debug_information_says_so(kernel):
    release = kernel.truth("proc/sys/kernel/osrelease").strip()
    build_id = run_crash("--build-id", kernel.vmcore).stdout.strip()
    expect(re.fullmatch("[0-9a-f]{40}", build_id), f"--build-id: {build_id!r}")
    for word in ("bt -l", "whatis jiffies", "p jiffies"):
        texts, said = answers(kernel, word)
        expect(f"kernel {release}, build-id {build_id}" in said, f"{word} says {said!r}")
        expect(not re.search(r"\.c: \d+|unsigned long", texts[0]), f"{word} prints {texts[0]!r}")


def first_line_of_sys(dump):
    result = run_crash("-s", dump, stdin="sys\nquit\n")
    expect("KERNEL: " in result.stdout, f"{(result.stdout + result.stderr)[:300]!r}")
    return result.stdout.split("\n")[0].strip()


def test_a_vmlinux_beside_the_dump_is_found(kernel):
    release = kernel.truth("proc/sys/kernel/osrelease").strip()
    build_id = bytes.fromhex(run_crash("--build-id", kernel.vmcore).stdout.strip())
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        dump = folder / "vmcore"
        dump.symlink_to(kernel.vmcore.resolve())
        for name in ("vmlinux", f"vmlinux-{release}"):
            (folder / name).symlink_to(kernel.vmlinux.resolve())
            equal(first_line_of_sys(dump), f"KERNEL: {folder}/{name}", "the vmlinux found")
            (folder / name).unlink()
        other = folder / "vmlinux"
        subprocess.run(["strip", "--strip-debug", "-o", other, kernel.vmlinux], check=True)
        equal(first_line_of_sys(dump), f"KERNEL: {other}", "the stripped vmlinux")
        data = other.read_bytes()
        expect(build_id in data, "no build-id in vmlinux")
        other.write_bytes(data.replace(build_id, bytes(b ^ 1 for b in build_id)))
        equal(first_line_of_sys(dump), "KERNEL: (no vmlinux: from the dump)", "with a vmlinux of another build")


def test_parts_of_a_split_dump(kernel):
    dump = kernel.dump("kdump").variant("vmcore.split*-d31")
    with tempfile.TemporaryDirectory() as folder:
        parts = [pathlib.Path(folder) / path.name for path in dump.files]
        expect(len(parts) > 1, f"only {len(parts)} parts")
        for part, path in zip(parts, dump.files):
            part.symlink_to(path.resolve())
        got = run_crash("-s", *parts, stdin="sys\nps\n").stdout
        wanted = run_crash("-s", dump.vmlinux, *parts, stdin="sys\nps\n").stdout
    expect("KERNEL: (no vmlinux: from the dump)" in got, got[:200])
    same_lines(got.splitlines()[1:], wanted.splitlines()[1:], "sys, ps")


def copy_without(source, target, pattern, put=None):
    """Copies a file with PUT (zeroes) where PATTERN was, in pieces that keep this process small.
    How often it was there."""
    put = put or bytes(len(pattern))
    count, piece = 0, b""
    with source.open("rb") as read, target.open("wb") as write:
        while data := read.read(1 << 22):
            piece += data
            count += piece.count(pattern)
            piece = piece.replace(pattern, put)
            write.write(piece[:-len(pattern)])
            piece = piece[-len(pattern):]
        write.write(piece)
    return count


def bytes_at(kernel, name, words):
    rows = re.findall(r":  ([0-9a-f]{16}) ([0-9a-f]{16})", kernel.crash(f"rd {name} {words}"))
    found = b"".join(int(word, 16).to_bytes(8, "little") for row in rows for word in row)
    equal(len(found), 8 * words, f"bytes at {name}")
    return found


def test_damaged_kallsyms_is_told(kernel):
    """The text of every token is gone: a message, not 100,000 wrong names."""
    pattern = bytes_at(kernel, "kallsyms_token_table", 16)
    with tempfile.TemporaryDirectory() as folder:
        damaged = pathlib.Path(folder) / "vmcore"
        expect(copy_without(kernel.vmcore, damaged, pattern) > 0, "the table is not in the file")
        result = run_crash("-s", damaged, stdin="sys\n")
        expect(result.status == 1 and "kernel's own symbol table" in result.stderr and "build-id" in result.stderr,
               f"status {result.status}: {result.stderr[-300:]!r}")
        result = run_crash("-s", "--minimal", damaged, stdin="log\n")
        expect("Linux version" in result.stdout, f"--minimal: {(result.stdout + result.stderr)[-300:]!r}")


def test_kallsyms_is_found_when_nobody_tells(kernel):
    """VMCOREINFO says where the table is since 6.0;
    without these lines it is found by its form, in each of its layouts."""
    with tempfile.TemporaryDirectory() as folder:
        untold = pathlib.Path(folder) / "vmcore"
        told = copy_without(kernel.vmcore, untold, b"SYMBOL(kallsyms_", b"SYMBOL(somewhere")
        expect(told > 0 or kernel.name == "5.10", "the dump does not tell")
        got = run_crash("-s", untold, stdin="sym -l\n").stdout.splitlines()
        expect(len(got) > 50000, f"only {len(got)} symbols")
        same_lines(got, answers(kernel, "sym -l")[0][0].splitlines(), "sym -l")


def test_without_types_there_is_the_log(kernel):
    """The header of the BTF is gone:
    names and the log remain, and nothing claims that there is nothing."""
    pattern = bytes_at(kernel, "__start_BTF", 8)
    with tempfile.TemporaryDirectory() as folder:
        damaged = pathlib.Path(folder) / "vmcore"
        expect(copy_without(kernel.vmcore, damaged, pattern) > 0, "the BTF is not in the file")
        log = run_crash("-s", damaged, stdin="log\n")
        same_lines(log.stdout.splitlines(), kernel.crash("log").splitlines(), "log")
        expect("all else needs the vmlinux of kernel" in log.stderr, f"says {log.stderr[:300]!r}")
        for word in ("ps", "bt", "mod", "struct list_head", "kmem -i"):
            result = run_crash("-s", damaged, stdin=f"{word}\n")
            text = result.stdout + result.stderr.split("\n", 1)[1]
            expect(re.search("this kernel has no such|no vmlinux; needed is the vmlinux of", text), f"{word}: {text[:200]!r}")


def test_start_is_quick_and_small(kernel):
    dump = pathlib.Path(alone(kernel.dump()).name) / "vmcore"
    if b"__asan_init" in CRASH.read_bytes():
        return
    best = None
    for _ in range(5):
        child = subprocess.Popen([CRASH, "-s", dump], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment())
        child.stdin.write(b"!grep VmHWM /proc/$PPID/status\n")
        child.stdin.close()
        text = child.stdout.read().decode()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        equal(child.returncode, 0, "exit status")
        seconds = usage.ru_utime + usage.ru_stime
        best = seconds if best is None else min(best, seconds)
        # Not ru_maxrss: that begins with what this process itself once had.
        peak = re.search(r"VmHWM:\s+(\d+) kB", text)
        expect(peak, f"no VmHWM in {text!r}")
        expect(int(peak[1]) / 1024 < START_MEGABYTES, f"a start takes {int(peak[1]) / 1024:.0f} MB")
    expect(best <= START_SECONDS, f"a start takes {best:.2f} s of processor time")
