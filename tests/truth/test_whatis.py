# whatis -r and -m against gdb's own layout of the same structures.
# SPDX-License-Identifier: GPL-3.0-or-later
import random
import re

from harness import Skipped, equal, expect


def table(text):
    """[(bytes, name)] of the lines below the titles."""
    lines = text.splitlines()
    expect(lines and re.match(r" *SIZE  TYPE$", lines[0]), f"no table: {text[:200]!r}")
    return [(int(size), name) for size, name in (line.split() for line in lines[1:])]


def needs_btf(kernel):
    text = kernel.crash("whatis -r 64")
    if "no BTF" in text + kernel.last.stderr:
        raise Skipped("this kernel has no BTF")
    return text


def test_sizes(kernel):
    rows = table(needs_btf(kernel))
    expect(len(rows) > 200 and all(size == 64 for size, _ in rows), f"structures of 64 bytes: {rows[:5]}")
    rows = table(kernel.crash("whatis -r 1000-1100"))
    equal(rows, sorted(rows), "rows by size and name")
    expect(len({size for size, _ in rows}) > 5 and all(1000 <= size <= 1100 for size, _ in rows), f"sizes: {rows[:9]}")
    for size, name in random.Random(4711).sample(rows, 10):
        kinds = [re.sub(r"\$\d+ = ", "", text).strip()
                 for text in kernel.crash(*(f"gdb p sizeof({kind} {name})" for kind in ("struct", "union")))]
        expect(str(size) in kinds, f"{name} has {size} bytes, gdb says {kinds}")


def layouts(kernel, types):
    """What gdb prints of each of these types, without functions,
    whose own types are in no structure."""
    texts = kernel.crash(*(f"gdb ptype /o {name}" for name in types))
    texts = [texts] if isinstance(texts, str) else texts
    return "\n".join(line for text in texts for line in text.split("{", 1)[-1].splitlines() if "(*" not in line)


def contains(kernel, name, member):
    """Is the member's type anywhere in gdb's full layout? It does not go through
    typedefs and arrays by itself."""
    types, seen = {f"struct {name}", f"union {name}"}, set()
    while types - seen:
        text = layouts(kernel, sorted(types - seen))
        if re.search(rf"\b(struct|union) \w*{member}\b", text):
            return True
        seen |= types
        types = {re.sub(r"^(const|volatile) ", "", found)
                 for found in re.findall(r"\*/ +((?:\w+ )+)\w+(?:\[\d*\])*;$", text, re.M)}
        types = {found.strip() for found in types if found.split()[0] == "struct" or found.strip().endswith("_t")}
    return False


def test_members(kernel):
    needs_btf(kernel)
    rng = random.Random(4711)
    for member, arguments in (("list_head", "-r 64 -m list_head"), ("mm_struct", "-r 1-600 -m mm_struct")):
        found = {name for _, name in table(kernel.crash(f"whatis {arguments}"))}
        everything = {name for _, name in table(kernel.crash("whatis " + arguments.split(" -m")[0]))}
        expect(len(found) > 20 and found < everything, f"{len(found)} of {len(everything)} have a {member}")
        for name in rng.sample(sorted(found), 12):
            expect(contains(kernel, name, member), f"{name} has no {member}")
        for name in rng.sample(sorted(everything - found), 12):
            expect(not contains(kernel, name, member), f"{name} has a {member}")


def test_none_and_wrong_words(kernel):
    needs_btf(kernel)
    equal(kernel.crash("whatis -m nosuchtype"), "(none found)\n", "whatis -m of no type")
    for words in ("-r many", "-r 9-3"):
        kernel.crash(f"whatis {words}")
        expect("size" in kernel.last.stderr + kernel.crash(f"whatis {words}"), f"whatis {words} gives no message")
