# search: what is known to stand in the guest's memory is found, everywhere and only where it is.
# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import re
import tempfile

from harness import equal, expect, processor_time, same_lines
from slow import Slow
from terminal import on_terminal


def symbol(kernel, name):
    return int(next(line.split()[0] for line in kernel.truth("proc/kallsyms").splitlines()
                    if line.split()[2:] == [name]), 16)


def found(text):
    return [int(a, 16) for a in re.findall(r"^([0-9a-f]+): ", text, re.M)]


def test_kernel_text(kernel):
    """linux_banner, in the image and through the direct map;
    a line of the log; nothing that is not there."""
    banner = symbol(kernel, "linux_banner")
    version = kernel.truth("proc/version").strip()
    text, direct, mapped, physical = kernel.crash('search -c "Linux version "', 'search -K -c "Linux version "',
                                                  'search -V -c "Linux version "', 'search -p -c "Linux version "')
    addresses = found(text)
    expect(banner in addresses, "linux_banner is not found")
    equal(addresses, sorted(addresses), "order")
    shown = next(line for line in text.splitlines() if line.startswith(f"{banner:x}: "))
    equal(shown, f"{banner:x}: {version[:56]}", "its line")
    same_lines(sorted(found(direct) + found(mapped)), addresses, "-K and -V together are -k")
    frame = int(kernel.crash(f"vtop {banner:x}").split()[3], 16)
    expect(frame in found(physical), f"physical address {frame:x} of linux_banner")
    expect(len(found(physical)) >= len(found(direct)) / 2, "physical addresses")
    equal(kernel.crash("search -k -c zzq9xWv7kk"), "", "what is not there")


def test_range(kernel):
    banner = symbol(kernel, "linux_banner")
    texts = kernel.crash("search -s linux_banner -l 100 -c Linux", f"search -s {banner + 1:x} -l 10 -c Linux",
                         f"search -s linux_banner -e {banner + 1:x} -c Linux", "search -s linux_banner -l 4 -c inux")
    line = kernel.truth("proc/version").strip()[:56]
    equal(texts[0], f"{banner:x}: {line}\n", "in the first 100 bytes")
    equal(texts[1], "", "from the second byte on")
    equal(texts[2], f"{banner:x}: {line}\n", "text may end behind the range")
    equal(found(texts[3]), [banner + 1], "from inside")


def test_values(kernel):
    """sys_call_table holds the address of __x64_sys_read first."""
    table, read = symbol(kernel, "sys_call_table"), symbol(kernel, "__x64_sys_read")
    name, number, expression, mask, word, half = kernel.crash(
        "search -s sys_call_table -l 8 __x64_sys_read", f"search -s sys_call_table -l 8 {read:x}",
        "search -s sys_call_table -l 8 (__x64_sys_read+0)", f"search -s sys_call_table -l 8 -m fff {read | 0xfff:x}",
        f"search -w -s sys_call_table -l 8 {read & 0xffffffff:x} ffffffff", f"search -h -s sys_call_table -l 8 {read & 0xffff:x}")
    equal(name, f"{table:x}: {read:x} (__x64_sys_read)\n", "by name")
    equal(number, f"{table:x}: {read:x} \n", "by number")
    equal(expression, f"{table:x}: {read:x} (__x64_sys_read+0)\n", "by expression")
    equal(mask, f"{table:x}: {read:x} \n", "with a mask")
    equal(word, f"{table:x}: {read & 0xffffffff:x} \n{table + 4:x}: ffffffff \n", "32 bits")
    expect(half.startswith(f"{table:x}: {read & 0xffff:x} \n"), f"16 bits: {half!r}")


def test_each_place_once_and_mapped(kernel):
    """Every hit is another place, and memory there has the value."""
    task = symbol(kernel, "init_task")
    hits = found(kernel.crash("search init_task"))
    expect(len(hits) > 20, f"{len(hits)} pointers to init_task")
    equal(len(set(hits)), len(hits), "places")
    for hit, answer in zip(hits[::10], kernel.crash(*[f"rd -x {hit:x}" for hit in hits[::10]])):
        equal(answer.split(), [f"{hit:016x}:", f"{task:x}"], f"memory at {hit:x}")


def test_unaligned_start(kernel):
    table, read = symbol(kernel, "sys_call_table"), symbol(kernel, "__x64_sys_read")
    equal(kernel.crash(f"search -s {table + 1:x} -l 20 {read:x}", f"search -s {table:x} -l 20 {read:x}"),
          ["", f"{table:x}: {read:x} \n"], "behind the first byte, and from it on")


def test_context(kernel):
    table, write = symbol(kernel, "sys_call_table"), symbol(kernel, "__x64_sys_write")
    text, before, after = kernel.crash(f"search -x 1 -s {table + 8:x} -l 8 {write:x}", f"rd {table:x}", f"rd {table + 16:x}")
    equal(text, f"{before}{table + 8:16x}:  {write:x} \n{after}\n", "one value on each side")


def test_user(kernel):
    """The ELF header of pid 1's executable, and its comm's argument string on the stack."""
    maps = [l.split() for l in kernel.truth("proc/1/maps").splitlines()]
    first = int(maps[0][0].split("-")[0], 16)
    task = re.search(r"TASK: ([0-9a-f]{16})", kernel.crash("bt 1")).group(1)
    elf, argument = kernel.crash_in_context(task, "search -w -u 464c457f", f"search -u -c {kernel.truth('proc/1/cmdline').split(chr(0))[0]}")
    expect(first in found(elf), f"ELF header at {first:x}: {elf!r}")
    inside = [any(int(a, 16) <= hit < int(b, 16) for a, b in (m[0].split("-") for m in maps)) for hit in found(elf + argument)]
    expect(all(inside) and found(argument), "hits are in pid 1's mappings")


def test_stacks(kernel):
    """A sleeping task's own address stands on its stack, below its header;
    an active one's with -T."""
    task = re.search(r"TASK: ([0-9a-f]{16})", kernel.crash("bt 1")).group(1)
    stack = int(re.search(r"stack = (0x[0-9a-f]+)", kernel.crash(f"task -R stack {task}")).group(1), 16)
    text, active = kernel.crash(f"search -t {task}", "search -T schedule panic")
    groups = {re.match(r"PID: (\d+)", g).group(1): found(g) for g in text.split("\n\n") if g.strip()}
    expect(groups.get("1"), f"pid 1 among {sorted(groups)}")
    expect(all(stack <= a < stack + 0x8000 for a in groups["1"]), "addresses are on pid 1's stack")
    for header in re.findall(r"^PID: (\d+)", active, re.M):
        expect(kernel.crash(f"ps {header}").splitlines()[-1].startswith(">"), f"pid {header} is not active")


def test_physical_and_compressed(kernel):
    """The same dump in another format has the same hits."""
    commands = ("search -p -c LAB:", "search -p -s 1000000 -l 100000 ffffffff00000000")
    raw, compressed = kernel.crash(*commands), kernel.variant("vmcore.zlib").crash(*commands)
    expect(len(found(raw[0])) >= 1, "nothing found")
    equal(compressed, raw, "in the compressed dump")


def test_log_text(kernel):
    """The guest's first messages are in the kernel's log buffer."""
    message = kernel.truth("dmesg").splitlines()[1].split("] ", 1)[1][:40]
    buffer = int(kernel.crash("rd -x log_buf").split()[1], 16)
    size = int(kernel.crash("rd -32 -D log_buf_len").split()[1])
    hits = found(kernel.crash(f'search -k -c "{message}"'))
    expect(any(buffer <= hit < buffer + size for hit in hits), f"{message!r} is not in the log buffer: {hits[:5]}")


def test_errors(kernel):
    texts = kernel.crash("search zzzz", "search -w 100000000", "search -h 10000", "search -c -x 2 abc", "search -t -p 1",
                         "search -s 0 1", "search -e linux_banner -s linux_banner 1", "search -l 10 1", "search -T -s linux_banner 1")
    equal(texts[:4], ['search: invalid input: "zzzz" (text is looked for with -c)\n', "search: value too large for -w option: 100000000\n",
                      "search: value too large for -h option: 10000\n", "search: -x option is not allowed with -c\n"], "messages")
    expect("only one of" in texts[4] and texts[5].startswith("search: invalid kernel virtual address: 0\n"), f"got {texts[4:6]!r}")
    expect("not above its start" in texts[6] and "-l needs a start" in texts[7] and "cannot be used" in texts[8], f"got {texts[6:]!r}")


SHOWN = r"searched: (\d+) of \d+ MB, [\d.]+ MB/s, \d+ \w+ left"


def test_progress_and_interrupt(kernel):
    """On a terminal a line counts once a second has passed; Ctrl-C ends the search."""
    with Slow() as slow:
        def body(terminal):
            slow.arm("searched: ", "left")
            terminal.send("search -k -c zzq9xWv7kk\n")
            slow.wait(terminal)
            # A quarter of a second each: that long nothing is shown.
            expect(slow.looks_before_a_line() >= 4, f"progress after {slow.looks_before_a_line()} looks")
            first = count = int(re.search(SHOWN, terminal.wait_for(SHOWN))[1])
            # At last the search ends, and there is no more line.
            while count == first:
                slow.arm("searched: ", "left")
                slow.wait(terminal)
                count = int(re.search(SHOWN, terminal.wait_for(SHOWN))[1])
            expect(count > first, f"progress from {first} to {count} MB")
            terminal.send("\x03")
            terminal.wait_for(re.escape("^C"))
            before = processor_time(terminal.pid)
            slow.open()
            rest = terminal.wait_for("crash> ")
            took = processor_time(terminal.pid) - before
            expect(took < 1, f"it worked for {took:.2f} s more")
            expect(re.search(r" {20,}", rest) and "searched" not in re.split(r" {20,}", rest)[-1], f"the line stays: {rest!r}")
            terminal.send("eval 7\n")
            terminal.wait_for("hexadecimal: 7")
        on_terminal(kernel, body, "--no_scroll", env=slow.env)


def test_no_progress_when_silent(kernel):
    with Slow() as slow:
        def body(terminal):
            slow.arm()
            terminal.send("search -k -c zzq9xWv7kk\neval 7\n")
            expect("searched" not in terminal.wait_for("hexadecimal: 7"), "progress although -s was given")
            expect(slow.looks() > 20 and slow.lines() == 0, f"{slow.looks()} looks, {slow.lines()} lines")
        on_terminal(kernel, body, "-s", env=slow.env)


def test_progress_leaves_the_pager_alone(kernel):
    """What was found is in the pager while the search goes on;
    from then on the terminal is the pager's."""
    with tempfile.TemporaryDirectory() as folder, Slow() as slow:
        def body(terminal):
            slow.arm(looks=100)
            terminal.send("search -k -c zzq9xWv7kk Linux\n")
            slow.wait(terminal)
            while not pathlib.Path(f"/proc/{terminal.pid}/task/{terminal.pid}/children").read_text():
                slow.arm(looks=100)
                slow.wait(terminal)
            terminal.wait_for("BEGIN-PAGE")
            # It goes on for some seconds of its clock, and is stopped in the midst of it.
            lines = slow.lines()
            slow.arm(looks=30)
            slow.wait(terminal)
            terminal.send("\x03")
            terminal.wait_for(re.escape("^C"))
            slow.open()
            text = terminal.wait_for("crash> ")
            equal(slow.lines(), lines, "lines of progress while the pager runs")
            expect("searched" not in text and not re.search(r" {20,}", text), f"the line is written over the pager: {text[-300:]!r}")

        pager = pathlib.Path(folder) / "pager"
        pager.write_text("#!/bin/sh\ntrap '' INT\necho BEGIN-PAGE\ncat\n")
        pager.chmod(0o755)
        on_terminal(kernel, body, env={"PAGER": str(pager), **slow.env})
