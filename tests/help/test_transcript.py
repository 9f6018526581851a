# The comparison of examples itself: what a dump decides may differ, and nothing else.
# SPDX-License-Identifier: GPL-3.0-or-later
from harness import equal, expect
from transcript import Comparison, example, names, pieces

PS = ["      PID    PPID  CPU       TASK        ST  %MEM      VSZ      RSS  COMM",
      "        1       0   0  ffff8ae4c1250000  IN   0.7     2260     1800  init",
      ">     300       1   1  ffff8ae4c2b84200  RU   0.8     2476     2184  lab-guest"]


def problem(shown, got, exact=False):
    return Comparison().answer(shown, got, exact)


def test_values_of_another_dump():
    for shown, got in ((PS, [PS[0], "        1       0   3  ffff8d5a8120a0c0  IN  10.7    12260        4  init",
                             ">   12300      21   0  ffff8d5a83b8c180  RU   0.0        0        0  lab-guest"]),
                       (["PID: 2        TASK: ffff8ae4c1252100  CPU: 1    COMMAND: \"x\""],
                        ["PID: 31337    TASK: ffff8d5a8120c180  CPU: 12   COMMAND: \"x\""]),
                       (["/tmp/small: 1093 pages in 1542231 bytes"], ["/tmp/small: 7 pages in 42 bytes"]),
                       (["   PMD: d028688 => 800000000d0001e3"], ["   PMD: 11028688 => 80000000110001e3"]),
                       (["        FREE    34694     135.5 MB   63%"], ["        FREE      694         2 GB    3%"]),
                       (["[   37.705476] [  T300] x"], ["[  211.463119] [    C1] x"]),
                       # Every form that a value can take under KASLR.
                       (["phys_base: fffffffff2e00000"], ["phys_base: 7e00000"]), (["phys_base: 7e00000"], ["phys_base: 12000000"]),
                       (["phys_base: fffffffff2e00000"], ["phys_base: 0"]), (["phys_base: 0"], ["phys_base: fffffffff2e00000"]),
                       (["kaslr offset: 19000000"], ["kaslr offset: 3dc00000"]), (["kaslr offset: 1dc00000"], ["kaslr offset: 0"]),
                       (["ab00079c0  d0079c0"], ["ab00079c0  120079c"]), (["ab00079c0  d0079c0"], ["ab00079c0  1200790"]),
                       (["RFLAGS: 00000046"], ["RFLAGS: 00000a86"]),
                       (["DATE: Thu Nov 26 18:09:46 UTC 2026"], ["DATE: Mon Feb  2 01:02:03 CET 1970"])):
        equal(problem(shown, got), None, f"{got}")


def test_what_is_not_the_same():
    for shown, got in ((["a  b"], ["a b"]), (["a b"], ["a  b"]), (["a b "], ["a b"]), (["a"], ["A"]), (["a"], ["a", ""]),
                       (["a", ""], ["a"]), (["a"], []), ([], ["a"]), (["a"], ["a b"]), (["a b"], ["a"]),
                       (["n 1"], ["n x"]), (["n 1"], ["n 1.0"]), (["n 0x1"], ["n 1"]), (["n 1"], ["n 1 1"]),
                       ([" #1 a"], [" #2 a"]), (["$1 = a"], ["$2 = a"]), (["n 1.50"], ["n 1.5"]),
                       (["ffff8ae4c1252100"], ["fff8ae4c1252100"]), (["0xffff8ae4c1252100"], ["ffff8ae4c1252100"]),
                       (["phys_base: 7e00000"], ["phys_base: none"]), (["phys_base: 7e00000"], ["phys_base: 0x7e00000"]),
                       (["TASK: ffff8ae4c1252100"], ["TASK: (null)"]), (["ffffffff9a210940 x"], ["ffffffff9a210940  x"]),
                       # The same address is the same twice.
                       (["ffff8ae4c1252100 ffff8ae4c1252100"], ["ffff8d5a8120c180 ffff8d5a8120c181"])):
        expect(problem(shown, got), f"{got} passes for {shown}")
    equal(problem(["n 1"], ["n 2"]), None, "another number")
    expect(problem(["n 1"], ["n 2"], exact=True), "another number passes where none may be")


def test_lines_left_out():
    for shown, got, fits in ((["a", "..."], ["a", "b"], True), (["a", "..."], ["a"], False), (["a", "..."], ["b", "a"], False),
                             (["...", "a"], ["b", "a"], True), (["...", "a"], ["a"], False), (["...", "a"], ["b", "a", "c"], False),
                             (["a", "...", "d"], ["a", "b", "c", "d"], True), (["a", "...", "d"], ["a", "d"], False),
                             (["a", "...", "d", "..."], ["a", "b", "d", "e"], True),
                             (["a", "...", "d", "..."], ["a", "b", "d"], False),
                             (["a", "...", "c", "d"], ["a", "b", "c", "e", "c", "d"], True),
                             (["a", "...", "c", "d"], ["a", "b", "c", "e", "d"], False),
                             (["..."], ["a"], True), (["..."], [], False)):
        equal(problem(shown, got) is None, fits, f"{got} for {shown}")


def changed(line):
    """What a careless change of the program would make of a line."""
    for piece in pieces(line):
        before, after = line[:piece.start], line[piece.end:]
        yield f"{before} {piece.text}{after}"
        if piece.gap:
            yield f"{before[:-1]}{piece.text}{after}"
        if piece.text:
            yield before.rstrip() + after
            yield f"{before}{piece.text}x{after}"
        if piece.kind == "text" and piece.text:
            yield before + piece.text.swapcase() + after if piece.text.swapcase() != piece.text else before + "~" + after


def test_no_change_of_an_example_passes():
    tried = 0
    for name in names():
        for command, shown in example(name):
            lines = [line for line in shown if line.strip() != "..."]
            equal(problem(lines, lines), None, f"{command} with itself")
            for i, line in enumerate(lines):
                for other in changed(line):
                    tried += 1
                    got = lines[:i] + [other] + lines[i + 1:]
                    expect(problem(lines, got), f"{command}: {other!r} passes for {line!r}")
                expect(problem(lines, lines[:i] + lines[i + 1:]), f"{command}: passes without {line!r}")
                expect(problem(lines, lines[:i] + ["more"] + lines[i:]), f"{command}: passes with a line before {line!r}")
    expect(tried > 1000, f"only {tried} changes were tried")
