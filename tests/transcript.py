# Sessions as help pages and the README show them: "crash> COMMAND" lines, each with its answer below.
# SPDX-License-Identifier: GPL-3.0-or-later
"""
An answer is compared with what a page shows line by line. Words, signs and the layout are the
program's and have to be the same. Values are a dump's: they are compared by their kind, an
address with an address, a decimal with a decimal. A value that is longer or shorter than the
one shown may move what stands on its right, but only together with it or not at all: either
the distance to the left neighbour, or the column where a word begins or ends, is that of the
page. An address that is shown twice stands for the same address each time. "..." stands for
one or more lines that are left out.
"""
import itertools
import re

from harness import TOP, expect, run_crash

DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
ALONE = r"(?<![\w.]){}(?!\w)"
# The first that fits counts. What is called "text" is everything between them.
KINDS = {
    "date": rf"{DAY} {MONTH} [ \d]\d \d\d:\d\d:\d\d [A-Z]{{3,4}} \d{{4}}",
    "build": r"#\d+ SMP [^\n]*\(\d{4}-\d\d-\d\d\)",
    "release": ALONE.format(r"\d+\.\d+[\w.+-]*-amd64"),
    "clock": ALONE.format(r"\d\d:\d\d:\d\d(?:\.\d{3})?"),
    "caller": r"(?<=[ \[])[TC]\d+(?=\])",
    "size": ALONE.format(r"\d+(?:\.\d)? (?:KB|MB|GB)"),
    # Of a page table, with letters or without.
    "entry": r"(?<==> )[0-9a-f]{4,16}(?!\w)|(?<=: )[0-9a-f]{4,16}(?= =>)",
    # Where KASLR put the kernel: any number, one of them as 64 bits when it is below zero.
    "placement": r"(?:(?<=phys_base: )|(?<=kaslr offset: ))[0-9a-f]{1,16}(?!\w)",
    "flags": r"(?<=RFLAGS: )[0-9a-f]{8}(?!\w)",
    "address": ALONE.format("[0-9a-f]{16}"),
    "0x address": ALONE.format("0x[0-9a-f]{16}"),
    "0x number": ALONE.format("0x[0-9a-f]+"),
    "hexadecimal": ALONE.format(r"(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{4,15}"),
    "seconds": ALONE.format(r"\d+\.\d{6}"),
    "tenths": ALONE.format(r"\d+\.\d"),
    "hundredths": ALONE.format(r"\d+\.\d\d"),
    # Not #3 and $4, which number frames and gdb's values.
    "decimal": r"(?<![\w.#$])\d+(?!\w|\.\d)",
}
VALUE = re.compile("|".join(f"({pattern})" for pattern in KINDS.values()))
NAMES = list(KINDS)
ADDRESS = re.compile(KINDS["address"])


class Piece:
    def __init__(self, kind, text, start, gap):
        self.kind, self.text, self.start, self.end, self.gap = kind, text, start, start + len(text), gap


def pieces(line):
    """The words of a line, values apart from what touches them; gap: blanks before it."""
    found, end = [], 0

    def add(kind, text, start):
        nonlocal end
        found.append(Piece(kind, text, start, start - end))
        end = start + len(text)

    def add_words(start, stop):
        for word in re.finditer(r"\S+", line[start:stop]):
            add("text", word.group(), start + word.start())

    done = 0
    for value in VALUE.finditer(line):
        add_words(done, value.start())
        add(NAMES[value.lastindex - 1], value.group(), value.start())
        done = value.end()
    add_words(done, len(line))
    add("text", "", len(line))  # blanks at the end count
    return found


def parse(text):
    """[(command, [lines shown])]"""
    steps = []
    for line in text.splitlines():
        if line.startswith("crash> "):
            steps.append((line[7:], []))
        elif steps:
            steps[-1][1].append(line)
    return steps


def names():
    text = "".join(p.read_text() for p in sorted((TOP / "commands").glob("*.c")))
    return sorted(re.findall(r'^COMMAND\(\w+\) = \{.*?\.name = "([^"]+)"', text, re.M | re.S))


def example(name):
    """The session on a command's help page."""
    page = run_crash("-h", name).stdout
    expect("\nEXAMPLE\n" in page, f"help {name} has no example")
    lines = page.split("\nEXAMPLE\n")[1][:-1].splitlines()
    expect(all(not line or line.startswith("    ") for line in lines), f"help {name}: its example is not indented")
    steps = parse("".join(line[4:] + "\n" for line in lines))
    expect(steps, f"help {name}: its example has no command")
    return steps


class Comparison:
    """Of one session: it knows which address of this dump each address of the page is."""

    def __init__(self):
        self.exact = False
        self.addresses = {}

    def same_address(self, shown, got):
        """Zero is zero, and the same address is the same each time."""
        if not int(shown, 16) or not int(got, 16):
            return True
        return self.addresses.setdefault(shown, got) == got

    def same_value(self, shown, got):
        if shown.kind == "text":
            return got.kind == "text" and shown.text == got.text
        if shown.kind == "hexadecimal":  # another one may have no letters, or nothing else
            return re.fullmatch("[0-9a-f]{4,15}", got.text) is not None
        if shown.kind in ("address", "0x address"):
            return got.kind == shown.kind and self.same_address(shown.text[-16:], got.text[-16:])
        return got.kind == shown.kind

    def line(self, shown, got):
        """None, or how GOT differs from what is shown."""
        if self.exact:
            return None if shown == got else f"{got!r} is not {shown!r}"
        one, other = pieces(shown), pieces(got)
        for a, b in zip(one, other):
            if not self.same_value(a, b):
                return f"{got!r} has {b.text!r} ({b.kind}) where {shown!r} has {a.text!r} ({a.kind})"
            if a.gap != b.gap and a.start != b.start and a.end != b.end:
                return f"{got!r} has {b.text!r} in column {b.start}, {shown!r} in column {a.start}"
        return None if len(one) == len(other) else f"{got!r} has more or fewer words than {shown!r}"

    def block(self, shown, got):
        for a, b in itertools.zip_longest(shown, got):
            if a is None:
                return f"another line comes: {b!r}"
            if b is None:
                return f"there is no line {a!r}"
            problem = self.line(a, b)
            if problem:
                return problem
        return None

    def after_gap(self, shown, got, last):
        """The block behind a "...": (why not, lines used)."""
        starts = range(1, len(got) - len(shown) + 1)
        if last:
            starts = [i for i in starts if i + len(shown) == len(got)]
        first = None
        for start in starts:
            before = dict(self.addresses)
            problem = self.block(shown, got[start:start + len(shown)])
            if not problem:
                return None, start + len(shown)
            self.addresses = before
            first = first or problem
        return first or f"nothing is left out before {shown[0]!r}", 0

    def answer(self, shown, got, exact=False):
        """None, or how the lines of an answer differ from those shown;
        exact: also in their values."""
        self.exact = exact
        blocks = [list(lines) for dots, lines in itertools.groupby(shown, lambda line: line.strip() == "...") if not dots]
        starts_open = bool(shown) and shown[0].strip() == "..."
        ends_open = bool(shown) and shown[-1].strip() == "..."
        if not blocks:
            return None if bool(got) == bool(shown) else f"{'lines' if got else 'no line'} in an answer that has {shown}"
        used = 0
        if not starts_open:
            head = blocks.pop(0)
            used = len(head) if blocks or ends_open else len(got)
            problem = self.block(head, got[:used])
            if problem:
                return problem
        for i, lines in enumerate(blocks):
            problem, more = self.after_gap(lines, got[used:], i == len(blocks) - 1 and not ends_open)
            if problem:
                return problem
            used += more
        return "nothing comes where the page has ..." if ends_open and used >= len(got) else None

    def unknown(self, line):
        """The addresses in a command of the page that no answer so far has shown."""
        return [address for address in ADDRESS.findall(line) if address not in self.addresses]

    def command(self, line):
        """A command of the page as it is on this dump."""
        return ADDRESS.sub(lambda match: self.addresses[match.group()], line)
