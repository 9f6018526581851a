# Every command with every option, in both forms: each value of the JSON stands in the text, in its order, and nothing else.
# SPDX-License-Identifier: GPL-3.0-or-later
"""
A case is a command and how its text is read. A walk over the JSON gives its values one by one; each
has to be in the text behind the one before it, written as its kind is. What is left of the text
then may only be what it has for the eye: labels, brackets, headings. So a value that stands in one
form alone is found, whichever that is. The test also makes such faults in what the program
answered, and wants them found.
"""
import copy
import datetime
import functools
import json
import re
import sys

from harness import TOP, Failed, equal, expect, run_crash

sys.path[:0] = [str(TOP / "tests/json"), str(TOP / "tests/help")]
import test_help  # noqa: E402
from test_json import run_json, whose  # noqa: E402

HEADER = r"PID:|TASK:|CPU:|COMMAND:"
HEADING = re.compile(r"^[ A-Z_%]+$", re.M)  # of a table
LONG = 6000  # characters: changes are made in shorter answers
# From where a value has to begin within so many characters:
# a listing that lost its place is not searched to its end.
REACH = 6000

# ---- how values are written ----


def word(text):
    """TEXT alone: no part of a longer word or number."""
    return rf"(?<![\w.])(?:{text})(?!\w|\.\d)"


def address(value):
    """Hexadecimal, with or without 0x and zeros in front."""
    return word(rf"(?:0x)?0*{int(value, 16):x}")


def number(value):
    return word(str(value) if value < 0 else rf"{value}|0x{value:x}")


def units(size):
    return lambda value: number(value // size)


def real(value):
    return word(rf"{value:.1f}|{value:.2f}")


def clock(seconds):
    days = rf"{seconds // 86400} days, " if seconds >= 86400 else ""
    return f"{days}{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def age(value):
    if value is None:
        return None
    seconds, ms = divmod(value // 10**6, 1000)
    return rf"{seconds // 86400} {clock(seconds % 86400)}\.{ms:03}"


def boot_time(value):
    return word(rf"{value // 10**9}\.{value // 1000 % 10**6:06}")


def date(seconds):
    when = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return when.strftime(rf"%a %b +{when.day} %H:%M:%S UTC %Y")


AS_GDB = {9: "\\t", 10: "\\n", 34: '\\"', 92: "\\\\"}


def symbol(value):
    """Where JSON has hexadecimal offsets and the module behind,
    text may have decimal ones alone."""
    name, _, module = value.partition(" ")
    offset = re.search(r"\+0x([0-9a-f]+)$", name)
    name = (
        re.escape(name[: offset.start()]) + rf"\+(?:{int(offset.group(1), 16)}|0x{offset.group(1)})"
        if offset
        else re.escape(name)
    )
    return rf"(?<![\w.]){name}(?![\w.+])" + (rf"(?: {re.escape(module)})?" if module else "")


def string(value):
    """The words of it; what is no printable character there is one
    of some characters, or escaped."""
    parts = [
        "".join(re.escape(c) if " " <= c <= "~" else ".{1,8}?" for c in part)
        for part in re.split(r"[ \t\n]+", value.strip())
    ]
    whole = r"[ \t\n]+".join(parts)
    return (
        (r"(?<!\w)" if value.strip()[0].isalnum() else "")
        + whole
        + (r"(?!\w)" if value.strip()[-1].isalnum() else "")
    )


def flag(value):
    return word("yes" if value else "no")


def on_off(value):
    return word("on" if value else "off")


def hexadecimal(value):
    return word(f"{value:x}")


def marked(mark):
    """A flag that is a mark in the text, and nothing where it is not set."""
    return lambda value: mark if value else None


WRITTEN = {
    "symbol": lambda value: value and symbol(value),
    "meaning": symbol,
    "rip_symbol": symbol,
    "vsz": units(1024),
    "rss": units(1024),
    "since_ns": age,
    "time_ns": boot_time,
    "uptime_seconds": lambda value: word(clock(int(value))),
    "run_seconds": lambda value: word(clock(value)),
    "time": date,
    "wall_ns": lambda value: date(value // 10**9),
}


def written(value, key, forms):
    """A regular expression, or None: this value shows nothing in text."""
    form = forms.get(key, WRITTEN.get(key))
    if value is None:
        return form(None) if key in forms else None
    if form:
        return form(value)
    if isinstance(value, bool):
        return flag(value)
    if isinstance(value, int):
        return number(value)
    if isinstance(value, float):
        return real(value)
    if re.fullmatch(r"0x[0-9a-f]+", value):
        return address(value)
    return string(value)


# ---- a case ----


class Pattern(str):
    """In what SHOWN gives: not a value but how the text writes one, as a regular expression."""


class Case:
    """
    COMMAND. ORDER: keys in the order of the text, the others behind them; default: as in JSON.
    HIDDEN: keys that text leaves out, as README and help say. MAYBE: keys that stand in the text of
    some rows only. FORMS: how a key's value is written. EYES: what else is in the text. NAMES: the
    keys of objects are values of the answer. SHOWN(row): what of a row text has and in which order,
    where keys do not tell. FACTS(row): more regular expressions, of what text makes of the row's
    values, anywhere in its text. ROWS(rows): the rows in the order of the text, or more of them
    where that of one stands around others. DUMP: a scenario. NONE: the text where there is nothing
    to tell.
    """

    def __init__(
        self,
        command,
        order="",
        hidden="",
        maybe="",
        forms=None,
        eyes="",
        names=False,
        shown=None,
        facts=None,
        dump="sysrq",
        none=None,
        rows=None,
    ):
        self.command, self.order, self.hidden, self.maybe = command, order.split(), hidden.split(), maybe.split()
        self.forms, self.eyes, self.names, self.facts, self.dump, self.none = (
            forms or {},
            eyes,
            names,
            facts,
            dump,
            none,
        )
        self.shown, self.rows = shown or (lambda row: row), rows or (lambda rows: rows)

    def told(self, rows):
        """Of each row what text has, in its order, and its facts."""
        if rows and "error" in rows[-1]:
            rows = [*rows[:-1], {"error": f"{rows[-1]['command']}: {rows[-1]['error']}"}]
        return [
            (row, [])
            if "error" in row
            else (self.shown(row), [*self.facts(row)] if self.facts else [])
            for row in self.rows(rows)
        ]

    def place(self, key):
        return self.order.index(key) if key in self.order else len(self.order)


def values(case, node, path=(), known=None):
    """(path, pattern, may be missing) of each value below NODE that text shows,
    in the order of the text."""
    if isinstance(node, list):
        for i, one in enumerate(node):
            yield from values(case, one, (*path, i), known)
    elif isinstance(node, dict):
        known = {
            **(known or {}),
            **{
                at: (node.get("symbols", {}).get(at), node.get("strings", {}).get(at))
                for at in {**node.get("symbols", {}), **node.get("strings", {})}
            },
        }
        for key in sorted(node, key=case.place):
            if key in case.hidden or key in ("symbols", "strings") and isinstance(node[key], dict):
                continue
            if (
                case.names is True
                and key != "error"
                or isinstance(case.names, tuple)
                and case.names[0] in path
                or "value" in path
            ):
                yield (*path, key, "the key"), string(key.split(".")[-1]), False
            yield from values(case, node[key], (*path, key), known)
    else:
        key = next((step for step in reversed(path) if isinstance(step, str)), "")
        if isinstance(node, Pattern):
            yield path, str(node), key in case.maybe
            return
        if isinstance(node, str) and not node.strip() and key not in case.forms:
            return
        pattern = written(node, key, case.forms)
        if pattern is None:
            return
        if known and node in known:
            name, text = known[node]
            pattern += (f" <{symbol(name)}>" if name else "") + (f' "{string(text)}' if text else "")
        elif "value" in path and isinstance(node, str) and not node.startswith("0x"):
            pattern = rf'"{re.escape(node.translate(AS_GDB))}(?:\\000)*(?:\\\d{{3}}.*?)?"|' + pattern
        yield path, pattern, key in case.maybe


@functools.lru_cache(maxsize=None)
def compiled(pattern):
    return re.compile(pattern, re.M)


class Text:
    """What of it was found."""

    def __init__(self, text, eyes):
        self.text, self.at, self.start, self.spans = text, 0, 0, []
        self.eyes = re.compile(eyes, re.M) if eyes else None
        self.taken = bytearray(len(text))

    def skipped(self, start):
        """What is passed over when the next value is at START."""
        between = self.text[self.at : start]
        return re.sub(r"\W", "", self.eyes.sub("", between) if self.eyes else between)

    def take(self, match):
        self.at = max(self.at, match.end())
        self.spans.append(match.span())
        self.taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())

    def find(self, pattern, maybe):
        """The next value."""
        match = compiled(pattern).search(self.text, self.at, self.at + REACH)
        if not match or match.start() == match.end() or maybe and self.skipped(match.start()):
            return False
        self.take(match)
        return True

    def find_fact(self, pattern):
        """Anywhere in the row's text, but where no value stands."""
        for match in compiled(pattern).finditer(self.text, self.start, self.at + REACH):
            if not any(self.taken[match.start() : match.end()]):
                self.take(match)
                return True
        return False

    def left(self):
        """The first line that has more than what is for the eye."""
        rest = "".join("\0" if taken and c != "\n" else c for c, taken in zip(self.text, self.taken))
        rest = HEADING.sub("", rest)
        if self.eyes:
            rest = self.eyes.sub(" ", rest)
        for line, whole in zip(rest.split("\n"), self.text.split("\n")):
            if re.search(r"[^\W_]", line):
                return f"{' '.join(line.split(chr(0)))!r} of {whole[:120]!r}".replace("  ", "")
        return ""


def compare(case, told, text):
    """(what differs, or ""; [(row, path)] that were compared; where each stands in TEXT)
    TOLD: of the case."""
    if not told:
        return "" if text == case.none else f"no line of JSON, and in text {text[:80]!r}", [], []
    text, found = Text(text, case.eyes), []
    for i, (row, facts) in enumerate(told):
        text.start = text.at
        for path, pattern, maybe in values(case, row):
            if text.find(pattern, maybe):
                found.append((i, path))
            elif not maybe:
                near = text.text[text.at : text.at + 100]
                return (
                    f"row {i + 1}: {'.'.join(map(str, path))} ({pattern[:80]}) is not in the text at {near!r}",
                    found,
                    text.spans,
                )
        for pattern in facts:
            if not text.find_fact(pattern):
                return f"row {i + 1}: {pattern!r}, made of its values, is not in the text", found, text.spans
    rest = text.left()
    return f"in text alone: {rest}" if rest else "", found, text.spans


# ---- what the commands have for the eye ----

REGISTERS = r"\b(R[A-Z0-9]{1,2}|RFLAGS|ORIG_RAX|CS|SS):"
FRAME = rf"{HEADER}|{REGISTERS}| at (?=[0-9a-f\0]{{16}})|\(unknown\)|\(no stack\)|\[exception RIP: |-{{3}} <[A-Za-z ]+ stack> -{{3}}|-{{16}}"
# What a line of a trace has, and what stands below it.
FRAMES = "pid task cpu comm number sp function offset pc"
SAVED = "rip rsp rflags rax rbx rcx rdx rsi rdi rbp r8 r9 r10 r11 r12 r13 r14 r15 orig_rax cs ss"
STACKS = {
    "irq": "IRQ",
    "nmi": "NMI EXCEPTION",
    "df": "DOUBLEFAULT EXCEPTION",
    "db": "DEBUG EXCEPTION",
    "mce": "MCE EXCEPTION",
    "vc": "VC EXCEPTION",
}
SOURCES = {
    "registers": "<registers>",
    "orc": "<ORC>",
    "cfi": "<CFI>",
    "guess": "<guess>",
    "frame_pointer": "<frame pointer>",
    "found": "<found>",
}
MEMBER = r"[{}<>,]|\bstruct \w+\b|\bunion \w+\b"
NO_COLUMN = "size module"  # of sym


LABEL = r"^ *[\w.\[\]\0 ]{1,32}:"
# Their lines are the same texts in both forms.
HELP_TEXTS = ("help -B", "help -D", "help -n", "help -z", "help ps", "help")


def labelled(command, eyes, **rest):
    """help -k and its siblings: lines with the names of the keys."""
    return Case(command, eyes=f"{LABEL}|{eyes}", **rest)


def contexts(row):
    """-t: a task's address has its number, CPU and name behind it."""
    row = dict(row)
    whole = '{:x}  pid {}  cpu {}  "{}"'
    row["current"] = whole.format(int(row["current"], 16), row["pid"], row["processor"], row["comm"])
    if row.get("panic_task"):
        row["panic_task"] = whole.format(
            int(row["panic_task"], 16), row.pop("panic_pid"), row["panic_processor"], row.pop("panic_comm")
        )
    return row


def stack(row):
    """
    Registers are shown where they were saved: the first frame's are the processor's own,
    and an exception has no line of its own but theirs. A word that has a name is shown by it.
    """
    row = copy.deepcopy(row)
    for i, frame in enumerate(row.get("frames", [])):
        if "registers" in frame and i == 0 and frame["stack"] != "user":
            del frame["registers"]
        elif "registers" in frame:
            if frame["function"] and frame["stack"] != "user":
                frame["symbol"] = f"{frame.pop('function')}+0x{frame['offset']:x}"
            del frame["pc"], frame["sp"]
    return row


def saved(row):
    """-e: where they are, and they."""
    row = copy.deepcopy(row)
    for frame in row["frames"]:
        if frame["function"] and frame["stack"] != "user":
            frame["symbol"] = f"{frame.pop('function')}+0x{frame['offset']:x}"
        del frame["pc"], frame["sp"]
    return row


def named_words(row):
    """-F and -r: the name instead of the word."""
    row = stack(row)
    for one in [*row.get("words", []), *(word for frame in row.get("frames", []) for word in frame.get("words", []))]:
        if one.get("symbol"):
            one["symbol"] = one["symbol"].split(" ")[0]
        if one.get("symbol") or one.get("cache"):
            del one["word"]
    return row


def found_registers(row):
    """-E: of user space there is no symbol;
    an ORIG_RAX of an interrupt is not told from an exception's."""
    row = copy.deepcopy(row)
    for one in row["found"]:
        if int(one["registers"]["cs"], 16) & 3:
            del one["rip_symbol"]
    return row


def starts(row):
    """-t begins with the first frame, without its place; the words' symbols have no offset."""
    row = stack(row)
    for frame in row["frames"][:1]:
        frame.pop("sp", None)
    row["words"] = row.pop("words")
    for one in row["words"]:
        one["symbol"] = one["symbol"] and one["symbol"].split("+")[0].split(" ")[0]
    return row


def frame_number(value):
    return None if value is None else rf"#{value}\b"


def bt(command, hidden="offset", **more):
    """Numbers of frames leave out registers that have no call;
    where they come from is shown by --sources, offsets by -s."""
    more.setdefault("eyes", FRAME)
    more.setdefault("shown", stack)
    more.setdefault("forms", {"number": frame_number})
    if "registers_at" not in more.pop("also", ""):
        hidden += " registers_at"
    if re.search(r" -[tTe]", command):
        hidden += " number"
    return Case(
        command,
        f"{FRAMES} module at registers_at symbol word cache lines variables {SAVED}",
        "left level state start complete source stack problem " + hidden,
        "at",
        **more,
    )


def rd(command, **more):
    """A line begins with the address of its first value. Behind them the same as characters."""
    more.setdefault("eyes", r"(?<=  )\S.{0,15}$")
    return Case(command, "address value meaning", maybe="address", **more)


def named_value(row):
    """The name instead of the value."""
    return {key: value for key, value in row.items() if key != "value" or "meaning" not in row}


def around(row):
    """Each number with its address, which the first of a line has;
    the one in the middle has its own line."""
    at = int(row["address"], 16)

    def numbers(first, values):
        return [{"at": f"0x{first + 8 * i:x}", "number": value} for i, value in enumerate(values)]

    return {
        "before": numbers(at - 8 * len(row["before"]), row["before"]),
        "address": row["address"],
        "value": row["value"],
        "after": numbers(at + 8, row["after"]),
    }


def in_columns(rows):
    """Each line of the chart has those that are alike in the last four bits."""
    return sorted(rows, key=lambda row: (row["code"] & 15, row["code"] >> 4))


def dotted(value):
    """Of bytes "4c 69 00" what can be printed."""
    if not re.fullmatch("[0-9a-f]{2}( [0-9a-f]{2})*", value):
        return re.escape(value)
    return "".join(re.escape(chr(one)) if 32 <= one <= 126 else r"\." for one in bytes.fromhex(value))


def behind_text(row):
    """The text is the beginning of the bytes; where it is not, it is looked for and not found."""
    whole = bytes.fromhex(row["bytes"])
    text = re.match(rb"[ -~]*", whole)[0].decode()
    return {key: value for key, value in row.items() if key != "text" or value != text}


def doing(row):
    """What stands behind the state."""
    if row["panic"]:
        yield r"\((SYSRQ|PANIC)\)"
    elif row["active"]:
        yield r"\(ACTIVE\)"


def definition(row, places=False):
    """Sizes of members are in their types;
    offsets are for -o, which has addresses where an object is given."""
    row = copy.deepcopy(row)
    for one in row["members"]:
        del one["size"], one["offset"]
        if not places:
            one.pop("byte_offset", None)
        # The type's own brackets and bits stand behind the name.
        one["type"] = re.sub(r"[\[(].*", "", one["type"])
    return row


def offsets(row):
    plain = definition(row, places=True)
    for one, whole in zip(plain["members"], row["members"]):
        # Of bits, the byte where they begin.
        if "address" not in one:
            one["offset"] = one.pop("byte_offset", whole["offset"])
        else:
            one["address"] = one.pop("byte_address", one["address"])
            one.pop("byte_offset", None)
    return plain


def followed(row):
    """-p: below a pointer is what it leads to; the pointers themselves have no symbols."""
    targets, parts = {one["member"]: one for one in row["targets"]}, []
    for name, value in row["value"].items():
        target = {**targets.get(name, {})}
        parts += [target["type"], Pattern(word(name)), value] if target else [{"value": {name: value}}]
        if "+" not in target.get("symbol", ""):
            parts += [{"symbol": target.get("symbol")}]
        parts += [{key: target[key] for key in ("string", "value", "symbols", "strings") if key in target}]
    return {"address": row["address"], "parts": parts}


def types(command, **more):
    """The members' types and names; sizes are in the type."""
    return Case(
        command,
        "address offset type name bit_size members size",
        "bit_offset",
        eyes=r"SIZE:|^ +(struct|union) \{|(?<=[\w\]\0]\[)\d+(?=\])",
        shown=offsets if " -o" in command else definition,
        **more,
    )


def ps(command, **more):
    """cpu and task in the order of the rows; > is an active task, [] a kernel thread."""
    return Case(
        command,
        "active pid ppid cpu task kernel_sp state memory_percent vsz rss age comm wait",
        "tgid panic kernel_thread lock " + more.pop("hidden", ""),
        forms={"active": lambda value: ">" if value else r"^ (?= *\d)", "age": age},
        **more,
    )


def limit(value):
    return r"\(unlimited\)" if value is None else number(value)


def handler(value):
    return {"0x0": "SIG_DFL", "0x1": "SIG_IGN"}.get(value) or address(value)


def object_file(value):
    return r"\(not loaded\)  \[CONFIG_KALLSYMS\]" if value is None else string(value)


def setting(value):
    return (
        {True: "on", False: "off"}[value]
        if isinstance(value, bool)
        else None
        if value is None
        else written(value, "", {})
    )


def scaled(value):
    """Bytes as kmem -i has them."""
    for shift, unit in ((30, "GB"), (20, "MB"), (10, "KB")):
        if value >> shift:
            return rf"{re.escape(f'{value / (1 << shift):.1f}'.removesuffix('.0'))} {unit}|{value >> shift} {unit}"
    return rf"{value} KB"


def total(value):
    return rf"(?<!\d){value // 4096} +(?:{scaled(value)})"


def share_of_totals(row):
    """Per cent, of what the line says."""
    for key, of in (
        ("free", "total_mem"),
        ("used", "total_mem"),
        ("shared", "total_mem"),
        ("buffers", "total_mem"),
        ("cached", "total_mem"),
        ("slab", "total_mem"),
        ("available", "total_mem"),
        ("page_tables", "total_mem"),
        ("kernel_stacks", "total_mem"),
        ("percpu", "total_mem"),
        ("vmalloc", "total_mem"),
        ("unaccounted", "total_mem"),
        ("huge_free", "total_huge"),
        ("swap_used", "total_swap"),
        ("swap_free", "total_swap"),
    ):
        if row.get(of) and key in row:
            yield rf"{row[key] * 100 // row[of]}% of {of.upper().replace('_', ' ')}"


def negative(value):
    return rf"\({value}\)" if value < 0 else None


def binary(row):
    yield rf"\b{row['decimal']:064b}\b"


def round_size(row):
    value = row["decimal"]
    yield from binary(row)
    for shift, unit in ((30, "GB"), (20, "MB"), (10, "KB")):
        if value >> shift and value >> shift << shift == value:
            yield rf"\({value >> shift}{unit}\)"
            return


def walked(row):
    """In the order of the text, and the page's address and its entry again where they stand."""
    row, steps = {**row}, row["steps"]
    page = int(row["physical"], 16) // row["page_bytes"] * row["page_bytes"]
    walk = [(step["table"], step["entry_at"], step["entry"]) for step in steps]
    if "pid" not in row:  # the kernel's tables: where they are, and no place of the first entry
        walk[0] = (steps[0]["table"], row["page_directory"], steps[0]["entry"])
    shown = {key: row[key] for key in ("virtual", "physical")}
    shown["walk"] = walk = [list(step) for step in walk]
    shown["page"] = Pattern(rf"PAGE: +{page:x}\b")
    if row["page_bytes"] > 4096:
        shown["page_bytes"] = Pattern(rf"\({row['page_bytes'] >> 20}MB\)")
    shown["last entry"] = Pattern(rf"\b{int(steps[-1]['entry'], 16):x} +{page:x}\b")
    shown["flags"] = row["flags"]
    shown["vma"] = {key: row[key] for key in row if key.startswith("vma")}
    if "page" in row:
        shown["descriptor"] = [row["page"], Pattern(rf"\b{int(row['physical'], 16) // 4096 * 4096:x}\b")]
        shown["rest"] = {key: row[key] for key in row if key.startswith("page_") and key not in ("page_bytes", "page_directory")}
    return shown


def vtop(command):
    return Case(
        command,
        shown=walked,
        eyes=r"^ +PTE +PHYSICAL +FLAGS|VIRTUAL|PHYSICAL|PAGE DIRECTORY:|DIRECTORY:|PAGE:|\b(PAGE|VMA|START|END|FLAGS|FILE|MAPPING|INDEX|CNT)\b",
    )


def kilo(value):
    return rf"(?<!\d){value // 1024}k"


def vm(command):
    return Case(
        command,
        hidden="offset permissions page_bytes",
        forms={
            "rss": kilo,
            "total_vm": kilo,
            "file_offset": lambda value: word(f"{value:x}"),
            "name": lambda value: re.escape(re.sub(r"[\0-\x1f\x7f]", ".", value)),
            **dict.fromkeys(("mm", "pgd"), lambda value: address(value) if value else word("0")),
        },
        eyes=rf"{HEADER}|^ +MM +PGD +RSS +TOTAL_VM|^ +VMA +START +END +FLAGS FILE|^VIRTUAL +PHYSICAL|(SWAP|FILE|OFFSET):|pages|[()]",
    )


def slab_caches(command):
    return Case(
        command,
        hidden="stride state ignored",
        forms={"slab_size": kilo},
        eyes=r"CACHE|OBJSIZE|ALLOCATED|TOTAL|SLABS|SSIZE|NAME|ACTIVE|ALIASES|\[IGNORED\]|NODE \d+ [A-Z]+:|CPU \d+ (?:SLAB|PARTIAL):"
        r"|[A-Z_]+:|CPU|SLAB|MEMORY|NODE|FREE / |FREE|KMEM_CACHE_NODE|PARTIAL|PER-CPU|\(empty\)|\(cpu|\(node|[()\[\]]",
    )


def free_pages(command, hidden="type node", none=None):
    return Case(
        command,
        hidden=hidden + " found",  # text says whether it is the number before it: truth/kmem_views
        forms={"block_size": kilo},
        eyes=r"\(verified\)|ZONE|NAME|SIZE|FREE_AREA_STRUCT|FREE|MEM_MAP|START_PADDR|START_MAPNR|AREA|BLOCKS|PAGES|nr_free_pages:",
        none=none,
    )


def areas(command):
    return Case(
        command,
        hidden="" if "vv" in command else "caller pages physical flags",
        forms={"unpurged": marked("unpurged")},
        eyes=r"VMAP_AREA|VM_STRUCT|ADDRESS RANGE|SIZE|-|pages=|phys=",
    )


def in_order(row):
    """Parts of kmem ADDRESS, each in the order of its text, without what readers do not see."""
    if "thread_info" in row:
        return {key: row[key] for key in ("pid", "comm", "task", "thread_info", "cpu", "state")}
    if "type" in row:
        return {key: value for key, value in row.items() if key not in ("size", "module") and (key, value) != ("offset", 0)}
    return row


def what_lies_at(command):
    return Case(
        command,
        shown=in_order,
        forms={"index": hexadecimal},
        eyes=r"(?:PID|COMMAND|TASK|CPU|STATE|USE|HEAD|ORDER|STACK|MM|TABLE|FROM|THREAD_INFO):|PAGE|PHYSICAL|MAPPING|INDEX|CNT|FLAGS|\(ACTIVE\)"
        r"|\(1 of \d+\)|[\[\]()\":+-]",
    )


def pool(value):
    return rf"{value >> 30}GB" if value >> 30 else rf"{value >> 20}MB"


def maple(value):
    """Bounds are decimal; flags and numbers of slots are upper case."""
    value = int(value, 16) if isinstance(value, str) else value
    return word(rf"{value}|0*{value:X}")


def maple_slot(value):
    return r"\(nil\)" if value == "0x0" else address(value)


def maple_row(row):
    """A range of one index is that index; slots and the pivots between them take turns."""
    row = {**row}
    if "maple_tree" in row:
        return row
    shown = {"first": row["first"], "last": row["last"]}
    if row["first"] == row["last"]:
        del shown["last"]
    for key in ("entry", "number", "position", "node", "depth", "type", "parent", "gaps", "last_slot", "gap_slot"):
        if key in row:
            shown[key] = row[key]
    if "slots" in row:
        shown["contents"] = contents = []
        for i, slot in enumerate(row["slots"]):
            contents += [{"slots": slot}] + [{"pivots": pivot} for pivot in row["pivots"][i : i + 1]]
    return shown


def sig(command):
    return Case(
        command,
        hidden="name",
        forms={"handler": handler},
        eyes=rf"{HEADER}|[A-Z]+_STRUCT:|NR_THREADS:|SIGPENDING:|BLOCKED:|[A-Z]+_PENDING|SIGNAL:|SIGQUEUE:"
        r"|\(empty\)|SIG +SIGINFO|^ SIG +SIGACTION.*$",
    )


def symbols(command, **more):
    return Case(
        command,
        "address start end type range name offset section module file line",
        "size " + more.pop("hidden", "module"),
        "offset file line section",
        forms={"offset": lambda value: rf"\+(?:{value}|0x{value:x})\b" if value else None, **more.pop("forms", {})},
        **more,
    )


def with_ends(rows):
    """
    sym -m: the line of a range's end stands behind its symbols, and has the last address of those
    that have a name. The symbols' lines have no module.
    """
    found, ends = [], []

    def is_inside(row):
        return "address" in row and int(ends[0]["start"], 16) <= int(row["address"], 16) < int(ends[0]["end"], 16)

    def add_end():
        one = ends.pop()
        found.append({**one, "start": f"0x{int(one['end'], 16) - (one['range'] not in (None, 'INIT')):x}"})

    for row in rows:
        if ends and not is_inside(row):
            add_end()
        ends += [row] if "range" in row else []
        found.append({key: value for key, value in row.items() if key != "module" or "range" in row})
    if ends:
        add_end()
    return found


def operand(part):
    """"<vfs_read+0x174>" with the offset in either base."""
    place = re.fullmatch(r"<(.+)\+(0x[0-9a-f]+|\d+)>", part)
    return rf"<{re.escape(place[1])}\+(?:{int(place[2], 0)}|{int(place[2], 0):#x})>" if place else re.escape(part)


def dis(command, **more):
    return Case(
        command,
        "file line address symbol offset bytes instruction ftrace_nop",
        maybe="file line",
        forms={
            "symbol": lambda value: value and rf"<{re.escape(value)}(?=[+>])",
            "ftrace_nop": marked(r"\[FTRACE NOP\]"),
            "offset": lambda value: rf"\+(?:{value}|0x{value:x})(?=>)" if value else None,
            "instruction": lambda value: r"\s*".join(map(operand, value.split())),
            "bytes": lambda value: re.escape(value.strip()),
            **more.pop("forms", {}),
        },
        **more,
    )


def log(command, order="time_ns wall_ns caller_pid caller_cpu level message", hidden="", **more):
    return Case(
        command,
        order,
        "sequence facility " + hidden,
        forms={"caller_pid": lambda value: rf"\[ *T{value}\]", "caller_cpu": lambda value: rf"\[ *C{value}\]"},
        **more,
    )


VIEW = rf"{MEMBER}|^SIZE:"
ENTRY = r"index:|position:"
TREE = "tree -t xarray -r pid_namespace.idr init_pid_ns"
TASKS = "list task_struct.tasks -h init_task"
AREA = "search -s init_task -l 100"


def viewed(command, hidden="", **more):
    return Case(command, hidden="type " + hidden, eyes=more.pop("eyes", MEMBER), **more)


QUEUED = r"CPU|RUNQUEUE:|CURRENT:|PID:|TASK:|COMMAND:|\[no tasks queued\]|[\[\]:\"]"
QUEUE = rf"{QUEUED}|(?:DL|CFS) RB_ROOT: [0-9a-f]+|RT PRIO_ARRAY: [0-9a-f]+|SCX RUNNABLE_LIST: [0-9a-f]+|ROOT_TASK_GROUP:|(?:DL|RT|CFS|SCX)_RQ: ?(?:[0-9a-f]+)?|TASK_GROUP:|CFS_RQ:|[<>]"
MARKS = {"current": marked(r"\[CURRENT\]"), "delayed": marked(r"\(delayed\)"), "throttled": marked(r"\(throttled\)")}


TIMERS = r"JIFFIES|TIMER_BASES|CPU:|HRTIMER_CPU_BASE:|HRTIMER_CLOCK_BASE:|CLOCK:|CURRENT|SOFTEXPIRES|EXPIRES|TTE|TIMER_LIST|HRTIMER|FUNCTION|\(none\)|\(empty\)|[\[\]:<>]"


def clocks(row):
    """A clock without timers does not say what time it is."""
    return {**row, "clocks": [{key: value for key, value in clock.items() if key != "now" or clock["timers"]} for clock in row["clocks"]]}


def groups(row):
    """The root group stands once, before the fair tasks."""
    told = {key: row[key] for key in ("cpu", "pid", "task", "comm")}
    for key in ("deadline", "rt", "ext"):
        if key in row:
            told[f"{key}_of"] = [{"task_group": row["task_group"]}, *map(grouped, row[key])]
    return {**told, "root": {key: row[key] for key in ("task_group", "cfs_rq")}, "groups": list(map(grouped, row.get("groups", []))),
            "tasks": list(map(grouped, row["tasks"]))}


def grouped(row):
    return {key: list(map(grouped, value)) if isinstance(value, list) else value for key, value in row.items() if key not in ("vruntime", "deadline")}


def nanoseconds(value):
    """The kernel does not note when an idle task began to run."""
    if value is None:
        return r"\?"
    milliseconds = value // 10**6
    seconds = milliseconds // 1000
    return word(rf"{seconds // 86400} {seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}\.{milliseconds % 1000:03}")


def queues(row):
    """Each task as its line has it, without what only programs see."""
    return {
        key: [queues(one) for one in value] if isinstance(value, list) else value
        for key, value in row.items()
        if key not in ("clock", "vruntime") and (key != "deadline" or isinstance(value, list)) and (key != "current" or "tasks" in row)
    }


def machine(row):
    """Its memory in megabytes, how many CPUs are not online, and the size of stacks before them."""
    told = {key: value for key, value in row.items() if not key.endswith("_stacks")}
    told["memory"] = Pattern(rf"{row['memory'] / (1 << 20):.1f} MB")
    told["cpus_online"] = row["cpus"] - row["cpus_online"] or None
    for key, stacks in row.items():
        if key.endswith("_stacks"):
            told[key] = [{"bytes": stacks[0]["bytes"]}, *({"cpu": stack["cpu"], "address": stack["address"]} for stack in stacks)]
    return told
def seconds(value):
    """Marked when it is too long."""
    return word(rf"{value / 1e9:.2f}!?")


WORKQUEUES = (
    r"POOL:|ID:|CPU:|NODE:|NICE:|SOFTIRQ:|WORKERS:|IDLE WORKER|IDLE:|RUNNABLE:|PENDING:|SINCE THE LAST BEGAN:|WORKQUEUES?:|POOL_WORKQUEUE:|"
    r"MAX_ACTIVE:|FLAGS:|RESCUER:|PID|ACTIVE:|MAX:|INACTIVE:|MANAGER:|waits|no pool has works|AS MANY ACTIVE WORKS AS THERE MAY BE:|DELAYED, JIFFIES: \d+|[()]"
)
TIMES = dict.fromkeys(("age", "asleep", "since_progress"), age) | {"stalled": marked("STALLED")}


def works(row):
    """Behind a work of text stands no task and nothing else that JSON names by its address."""
    hidden = {"rescuer"}
    if "tte" in row:
        hidden |= {"state", "workqueue_struct"}
    elif "state" in row:
        hidden |= {"task", "comm", "worker", "workqueue_struct", "worker_pool"}
    elif "pool_workqueue" in row:
        hidden |= {"workqueue_struct", "worker_pool"}
    return {key: [works(one) if isinstance(one, dict) else one for one in value] if isinstance(value, list) else value
            for key, value in row.items() if key not in hidden}


CASES = [
    viewed("* list_head modules", "address"),
    viewed("*task_struct.pid,comm init_task", "address"),
    Case("alias", "builtin alias text", forms={"builtin": lambda value: "builtin" if value else "runtime"}),
    Case(
        "ascii 62696c2f7273752f ff41",
        "value characters",
        forms={"characters": lambda value: r"<[0-9a-f]{2}>" if value is None else rf"<{value}>|{re.escape(value)}"},
    ),
    Case(
        "ascii",
        hidden="code",
        rows=in_columns,
        eyes=r"^ +0 +1 .*$|^ +\+-+$|^ +[0-9A-F] \|",
        forms={"character": lambda value: rf"(?<!\S){re.escape(value.strip() or 'SP')}(?!\S)"},
    ),
    bt("bt 2"),
    bt("bt -a"),
    bt("bt -c 0"),
    bt("bt -p"),
    bt("bt -g 1"),
    bt("bt -l 2"),
    bt("bt -f 2"),
    bt("bt -F 2", shown=named_words),
    bt("bt -FF 2", shown=named_words, eyes=FRAME + r"|\[[0-9a-f]{16}:"),
    bt("bt -s 2", ""),
    bt("bt -sx 2", ""),
    bt("bt -sd 2", ""),
    bt("bt -n idle -a"),
    bt("bt -t 2", shown=starts, eyes=FRAME + "|START:"),
    bt("bt -T 2", shown=starts),
    bt("bt -e -a", shown=saved, also="registers_at", eyes=FRAME + "|(USER|KERNEL)-MODE EXCEPTION FRAME AT:"),
    Case(
        "bt -r 2",
        "pid task cpu comm at word symbol",
        "state start complete problem",
        maybe="at",
        eyes=FRAME,
        shown=named_words,
    ),
    bt("foreach bt -R schedule"),
    Case(
        "bt -E",
        f"cpu stack at rip_symbol {SAVED}",
        dump="nmi",
        eyes=rf"{REGISTERS}|\(none found\)|STACK:|(USER|KERNEL)-MODE EXCEPTION FRAME AT:|\[exception RIP:|^CPU",
        forms={"stack": lambda value: STACKS.get(value, value)},
        shown=found_registers,
    ),
    Case("bt -v", hidden="pid task cpu comm damage", eyes=".*", none="No stack overflows detected\n"),
    bt("bt -o 2"),
    bt("bt -I schedule 2"),
    bt("bt -S 1000 2", eyes=FRAME + "|bt: unwinding stopped here: .*"),
    Case("bt -D orc", none=""),
    bt("bt -x 2"),
    bt("bt --args 2"),
    bt("bt --locals 2"),
    Case(
        "bt --sources 2",
        f"{FRAMES} module source symbol {SAVED}",
        "left level offset state start complete stack problem registers_at",
        shown=stack,
        forms={"number": frame_number, "source": lambda value: re.escape(SOURCES.get(value, value))},
        eyes=FRAME + "|start:.*",
    ),
    *(
        Case(
            f"bt --merge{lines}",
            "count state on_cpu pids guess function offset lines",
            "pc",
            forms={"guess": marked(r"\?"), "on_cpu": marked(r"\(on a CPU\)|ON A CPU")},
            eyes=r"TASKS:|STATE:|PIDS:|#\d+|\(no trace\)|\(unknown\)",
        )
        for lines in ("", " -l")
    ),
    Case("bt --folded", "stack count"),
    dis("dis vfs_read 12"),
    dis("dis -r vfs_read+0x20"),
    dis("dis -f vfs_read+0x20 2"),
    dis("dis -l vfs_read 5"),
    dis("dis -s vfs_read", eyes="FILE:|LINE:"),
    dis("dis -u 401000 3"),
    dis("dis -d vfs_read 3"),
    dis("dis -x vfs_read 3"),
    dis("dis -B vfs_read 3"),
    # JSON is as without -U: test_looks_change_no_value.
    dis("dis -U vfs_read 3", hidden="ftrace_nop"),
    dis("dis -b 0", eyes="encoded bytes being skipped after ud2a:"),
    Case("eval -b 128 * 1m", facts=round_size, eyes=r"\w+: |bits set:", forms={"signed": negative}),
    Case("eval -l 5", facts=binary, eyes=r"\w+: ", hidden="bits", forms={"signed": negative}),
    Case("eval -5", facts=binary, eyes=r"\w+: ", hidden="bits", forms={"signed": negative}),
    bt("foreach bt"),
    ps("foreach ps"),
    viewed("foreach task -R pid", eyes=f"{MEMBER}|{HEADER}"),
    *(Case(command) for command in HELP_TEXTS),
    Case("help -a", forms={"builtin": lambda value: r"\(builtin\)" if value else r"\(runtime\)"}),
    labelled(
        "help -k",
        r"unknown:|\(not used\)|\(KASLR offset: [0-9a-f]+ / \d+MB\)|\(no \w+ in this kernel\)",
        forms={
            "image": lambda value: "found" if value else "not found",
            "kexec": lambda value: "it started a crash kernel" if value else "no",
            "kaslr_offset": hexadecimal,
            "date": date,
            "boot_date": date,
        },
    ),
    labelled(
        "help -m",
        r"unknown: no [\w()]+ in vmcoreinfo|not found|\(0x[0-9a-f]+\)|\(\d+MB\)|\(no \w+ in this kernel\)",
        forms={"kernel_image_size": hexadecimal},
    ),
    labelled(
        "help -v",
        r"bytes",
        forms={"zero_excluded": lambda value: "read as zeroes" if value else "are an error"},
    ),
    *(labelled(f"help {option}", r"\b0{16}\b", shown=contexts) for option in ("-t", "-T")),
    labelled(
        "help -p",
        r"\((?:hexa)?decimal\)|none",
        forms={
            **dict.fromkeys(("scroll", "silent", "minimal", "modules", "registers"), on_off),
            "gdb_started": lambda value: "(?<!not )started" if value else "not started",
        },
    ),
    labelled("help -s", r"\bsymbols, text at\b", forms={"kaslr_offset": hexadecimal}),
    Case("help -o", eyes=r"not in this kernel|\boffset\b|\bbytes\b"),
    Case("help -r", eyes=rf"{REGISTERS}|^CPU |CR\d:|(?:kernel )?GS base:|[IG]DT base:"),
    *(
        Case(
            command,
            "total_mem free used shared buffers cached slab available page_tables kernel_stacks percpu vmalloc unaccounted total_huge",
            forms={
                key: total
                for key in "total_mem free used shared buffers cached slab total_huge huge_free total_swap swap_used swap_free commit_limit committed available page_tables kernel_stacks percpu vmalloc unaccounted".split()
            },
            facts=share_of_totals,
            eyes=r"^ *[A-Z][A-Z ]+(?=\s)|-{4}| PAGES|\d+% of TOTAL LIMIT",
        )
        for command in ("kmem -i", "kmem -i=shared", "kmem -i -v")
    ),
    slab_caches("kmem -s"),
    slab_caches("kmem -s dentry"),
    slab_caches("kmem -s -v"),
    slab_caches("kmem -S filp"),
    slab_caches("kmem -S=1 kmalloc-64"),
    slab_caches("kmem -s -I dentry"),
    Case("kmem -s list"),
    Case("kmem -V", hidden="name", eyes=r"  VM_\w+:"),
    Case("kmem -VV", hidden="name", eyes=r"  VM_\w+:|[()]"),
    Case(
        "kmem -z",
        hidden="start_pfn managed present",
        facts=lambda row: [rf"PRESENT: {row['present']}\b"] if 0 < row["present"] != row["spanned"] else [],
        # Of the fourth watermark readers see nothing.
        shown=lambda row: {**row, "watermarks": row["watermarks"][:3]} if "watermarks" in row else row,
        eyes=r"NODE:|ZONE:|ADDR:|NAME:|SIZE:|MIN/LOW/HIGH:|VM_STAT:|[/\"]|\[unpopulated\]",
    ),
    free_pages("kmem -f"),
    free_pages("kmem -F", hidden="type node pfn"),
    free_pages("kmem -f 1000000", none=""),
    Case(
        "kmem -n",
        hidden="present address metadata_pages",
        eyes=r"^-{10,}$|-{4}|NODE_ZONES|BOOTMEM_DATA|PGLIST_DATA|START_PADDR|START_MAPNR|CODED_MEM_MAP|MEM_MAP|MEM_BLOCK|PHYSICAL RANGE|START_SECTION_NO|"
        r"SECTION|NODE|SIZE|ZONE|NAME|NR|STATE|PFN|-",
        facts=lambda row: [zone["address"][2:] for zone in row.get("zones", [])],
    ),
    Case("kmem -p -P 1000000", forms={"index": lambda value: word(f"{value:x}")}, eyes=r"PAGE|PHYSICAL|MAPPING|INDEX|CNT|FLAGS"),
    Case("kmem -m _refcount,flags,lru 1000000", eyes=r"PAGE|_refcount|flags|lru|,"),
    Case("kmem -g", forms={"value": address}, eyes=r"PAGE-FLAG|BIT|VALUE"),
    Case("kmem -g 4068", eyes=r"PAGE-FLAG|BIT|VALUE|FLAGS:"),
    areas("kmem -v"),
    areas("kmem -vv"),
    Case("kmem -h", hidden="reserved surplus", forms={"page_size": pool}, eyes=r"HSTATE|SIZE|FREE|TOTAL|NAME"),
    *(
        what_lies_at(command)
        for command in ("kmem init_task", "kmem (init_thread_union+100)", "kmem -P 1000000", "kmem linux_banner", "kmem schedule")
    ),
    Case("kmem -o", eyes=r"PER-CPU OFFSET VALUES:|CPU|:"),
    Case(
        "lock",
        hidden="waiter owner owner_address readers hint blocked",
        forms={"age": age},
        dump="locks",
        eyes=r"LOCK:|OWNER:|DEADLOCK:|tasks?, which waits for itself|tasks|waits for|BLOCKS  BY A TASK THAT WAITS FOR NO LOCK ITSELF|PID:|TASK:|CPU:|COMMAND:"
        r"|\(to |\(bit |[\[\]()\"?]|nobody|not kept by the kernel|\d+ readers?(?:, the last of them PID: +\d+ +TASK: [0-9a-f]+  CPU: +\d+ +COMMAND: \"[^\"]+\" \?)?|[0-9a-f]{16}: no task any more, it ended without giving it back",
    ),
    Case("lock -t 1"),
    *(
        Case(
            command,
            hidden="task preempt_count late",
            forms={
                **dict.fromkeys(("age", "lag", "waits"), seconds),
                "interrupts": lambda value: r"\?" if value is None else on_off(value),
                "need_resched": lambda value: word("yes") if value else "-",
            },
            eyes="CPU|STATE|PID|PRIO|COMMAND|RUNS FOR|CONTEXT|IRQS|RESCHED|CLOCK LAG|QUEUED|OLDEST FOR|OLDEST|PENDING|[<,-]",
            dump=dump,
        )
        for command, dump in (("cpu", "sysrq"), ("cpu", "serial"), ("cpu 0", "nmi"))
    ),
    Case(
        "rcu",
        hidden="task",
        forms={
            **dict.fromkeys(("since", "idle", "waits"), seconds),
            "in_progress": lambda value: "in progress, it began" if value else "ended, it began",
            "expedited": lambda value: "in progress" if value else "ended",
            "starved": marked("STARVED"),
            **dict.fromkeys(("holds", "holds_expedited"), lambda value: word("yes") if value else "-"),
            "flags": hexadecimal,
        },
        eyes="RCU:|GRACE PERIOD:|EXPEDITED:?|THREAD: PID|CPU|FLAGS|IDLE FOR|FOR|CALLBACKS|LAZY|HOLDS UP|READER|TASK|COMMAND|WAITER|WAITS|IN|s ago|s|-",
    ),
    Case("swap", forms={"size": kilo, "used": kilo}, eyes=r"SWAP_INFO_STRUCT|TYPE|SIZE|USED|PCT|PRI|FILENAME|\d+%"),
    Case("pte 123e067 8000000001250163 0", eyes=r"PTE|PHYSICAL|FLAGS|\(|\)|no mapping"),
    Case("pte 80 fbffffffffa01e00", eyes=r"PTE|SWAP|OFFSET|\(|\)|\?"),
    Case("ptov 56e000 1000", eyes="VIRTUAL|PHYSICAL"),
    Case("ptov 1a000:a", eyes=r"PER-CPU OFFSET:|CPU|VIRTUAL|[\[\]]"),
    Case("ptob 512a 1", eyes=":"),
    Case("btop 512a123 1", eyes=":"),
    Case("irq", hidden="handler", eyes=r"IRQ_DESC/_DATA|IRQACTION|IRQ|NAME|\(unused\)|\""),
    Case("irq -u", hidden="handler", eyes=r"IRQ_DESC/_DATA|IRQACTION|IRQ|NAME|\(unused\)|\""),
    Case("irq 1 2 4", hidden="handler", eyes=r"IRQ_DESC/_DATA|IRQACTION|IRQ|NAME|\(unused\)|\""),
    Case("irq -a", hidden="effective", eyes="IRQ|NAME|AFFINITY"),
    Case("irq -s", hidden="cpus hwirq", eyes=r"CPU\d|[:-]"),
    Case("irq -s -c 0", hidden="cpus hwirq", eyes=r"CPU\d|[:-]"),
    Case("irq -s -v", hidden="cpus hwirq", eyes=r"CPU\d|[:-]"),
    Case("irq -d", hidden="handler", eyes=r"[\[\]]"),
    Case("irq -b", hidden="name", eyes=r"SOFTIRQ_VEC|ACTION|[\[\]<>]"),
    Case("irq -b -v", hidden="name address data", eyes=r"SOFTIRQ_VEC|ACTION|[\[\]<>]|CPU|TASKLET|HIGH|FUNCTION|no tasklet waits"),
    Case("timer", hidden="clk next_expiry", eyes=TIMERS),
    Case("timer -v", hidden="clk next_expiry", eyes=TIMERS),
    Case("timer -C 0", hidden="clk next_expiry", eyes=TIMERS),
    Case("timer -r", order="cpu hrtimer_cpu_base clocks clock hrtimer_clock_base name now", eyes=TIMERS, shown=clocks),
    Case("timer -r -C 1", order="cpu hrtimer_cpu_base clocks clock hrtimer_clock_base name now", eyes=TIMERS, shown=clocks),
    *(Case("runq", shown=queues, forms=MARKS, eyes=QUEUE, dump=dump) for dump in ("sysrq", "nmi")),
    Case("runq -c 1", shown=queues, forms=MARKS, eyes=QUEUE),
    Case("runq -g", shown=groups, forms=MARKS, eyes=QUEUE, dump="nmi"),
    Case("runq -t", eyes=QUEUE),
    Case("runq -m", forms={"running": nanoseconds}, eyes=QUEUE),
    Case("runq -T", forms={"lag": lambda value: word(f"{value / 1e9:.2f}")}, eyes="CPU|:|secs"),
    Case("runq -d", eyes=QUEUE, dump="nmi"),
    Case("waitq oom_reaper_wait", hidden="entry function exclusive queue", eyes=HEADER),
    Case("waitq -v kauditd_wait", hidden="entry exclusive queue", eyes=rf"{HEADER}|FUNC:"),
    Case("waitq rcu_state.gp_wq rcu_state", hidden="entry exclusive queue", eyes=HEADER),
    Case("mach", shown=machine, eyes=rf"{LABEL}|CPU|:|Mhz|\[OFFLINE: |\]|\[unavailable\]"),
    Case("mach -m", hidden="table", eyes=r"PHYSICAL ADDRESS RANGE|TYPE|-"),
    Case("mach -mm", hidden="table", eyes=r"PHYSICAL ADDRESS RANGE|TYPE|-|e820_table_(?:firmware|kexec):"),
    *(
        Case(command, hidden="address", forms={"smt_active": lambda value: str(value).lower()}, eyes=rf"{MEMBER}|CPU|:|=|'[^']*'")
        for command in ("mach -c", "mach -c -d")
    ),
    *(Case(command, shown=works, forms=TIMES, eyes=WORKQUEUES, dump="works")
      for command in ("wq", "wq -a", "wq lab_ordered", "wq lab_narrow", "wq lab_rescued", "wq lab_bound")),
    *(Case(command, shown=works, forms=TIMES, eyes=WORKQUEUES) for command in ("wq", "wq -a", "wq kblockd")),
    Case("wq deferred_probe_work", hidden="state", eyes="WORK:|FUNCTION:|not queued; last in the pool with ID"),
    Case("list -H modules"),
    Case(TASKS),
    Case("list -o task_struct.tasks -h init_task"),
    Case("list -H modules -r"),
    Case("list -B -H modules"),
    Case("list -H modules -e ffff"),
    viewed(f"{TASKS} -s task_struct.pid,comm"),
    viewed(f"{TASKS} -S task_struct.pid"),
    viewed(f"{TASKS} -s task_struct.pid,tasks -x"),
    viewed(f"{TASKS} -s task_struct.pid -d"),
    viewed("list -H modules -l module.list -s module.name"),
    Case("list -O task_struct.tasks -h init_task -o task_struct.tasks"),
    log("log", hidden="level"),
    log("log -T", hidden="time_ns level"),
    log("log -t", hidden="time_ns level"),
    log("log -m"),
    log("log -c", hidden="level"),
    log("log -d", hidden="level", names=("dictionary",)),
    log("log --lines", hidden="level"),
    Case("log -a"),
    Case("log -s", maybe="buffer", eyes=r"PRINTK_SAFE_SEQ_BUF:|ADDR:|LEN:|MESSAGE_LOST:|CPU:|\(empty\)"),
    *(
        Case(
            f"mod {option}".strip(),
            "module address name base size object_file",
            "refcount taints signed",
            forms={"object_file": object_file},
        )
        for option in ("", "-s nf_tables", "-S", "-r", "-g", "-R")
    ),
    Case(
        "mod -t",
        "name taints",
        "module base size refcount object_file signed",
        none="no tainted modules\n",
        dump="mod-bug",
    ),
    Case("mod -d nf_tables", none=""),
    Case("mod -D", none=""),
    *(
        Case(
            f"p {what}",
            hidden="expression type value address",
            eyes=r"\$\d+ = |^\w+ = |^per_cpu\(\w+, |\)[.\w]* = ",
            order="cpu",
        )
        for what in (
            "init_task.comm",
            "jiffies",
            "-x 255",
            "-d 0x10",
            "-u 10",
            "&modules",
            "modules",
            "1.5",
            "runqueues.cpu:a",
        )
    ),
    Case("p runqueues", "type symbol addresses", eyes="PER-CPU DATA TYPE:|PER-CPU ADDRESSES:"),
    *(ps(f"ps {option}".strip()) for option in ("", "-k", "-u", "-G", "-A", "-y NORMAL", "-H")),
    ps("ps -s", hidden="task"),
    ps("ps --age --wait"),
    Case("ps -S"),
    *(
        Case(f"ps {option}", "last_run_ns since_ns state", hidden, eyes=rf"^CPU: \d+$|{HEADER}")
        for option, hidden in (("-l", "since_ns"), ("-m", "last_run_ns"), ("-m -C 0", "last_run_ns"))
    ),
    Case("ps -p 1", "ancestors", eyes=HEADER),
    Case("ps -c 1", eyes=HEADER),
    Case("ps -g 1", eyes=rf"{HEADER}|\(no threads\)"),
    Case("ps -t 1", eyes=rf"{HEADER}|[A-Z]+ TIME:|[US]TIME:"),
    Case("ps -a 1", eyes=f"{HEADER}|ARG:|ENV:"),
    Case("ps -r 1", eyes=HEADER, forms={"current": limit, "maximum": limit}),
    *(
        rd(f"rd {what}")
        for what in (
            "init_task 4",
            "-64 init_task 4",
            "-N init_task 4",
            "-p 1000 4",
            "-u 401000 4",
            "-f 0 4",
            "-o 8 init_task 4",
            "init_task -e init_task+0x20",
            "-R init_task 4",
            "-8 linux_banner 20",
            "-16 linux_banner 20",
            "-32 linux_banner 20",
        )
    ),
    *(
        rd(f"rd {what}", eyes="")
        for what in ("-x init_task 4", "-d init_task 4", "-D init_task 4", "-a linux_banner 20")
    ),
    *(rd(f"rd {option} init_task 64", eyes=r"\[[0-9a-f]{16}:", shown=named_value) for option in ("-s", "-S", "-SS")),
    Case("rd -r out init_task 64", "bytes address file", eyes="bytes copied from|to"),
    *(
        Case(f"search {what}", hidden="wanted", eyes=HEADER)
        for what in (
            "-k -s init_task -l 100 0",
            "-s init_task -l 1000 0",
            "-s init_task -e init_task+0x40 0",
            "-K -s init_task -l 100 0",
            "-u 3e8",
            "-p -s 1000 -l 100 0",
            "-t 57ac6e9d",
            "-T 57ac6e9d",
            "-m ff -s init_task -e init_task+0x100 0",
            "-w -s init_task -l 100 0",
            "-h -s init_task -l 40 0",
        )
    ),
    Case("search -V -s init_task -l 100 0", none=""),
    *(
        Case(f"search -c {text} -s linux_banner -l 1000", hidden="wanted", forms={"bytes": dotted}, shown=behind_text)
        for text in ("Linux", "GNU")
    ),
    Case(
        f"{AREA} -x 2 0",
        maybe="at",
        shown=around,
        eyes=r"(?<=  )\S.{0,15}$",
    ),
    *(
        Case(
            f"set {what}".strip(),
            "pid comm task thread_info cpu state",
            "active panic",
            facts=doing,
            eyes=rf"STATE:|{HEADER}|\[THREAD_INFO: |\(\d of \d\)",
        )
        for what in ("1", "-c 0", "-p", "")
    ),
    Case(
        "set -v",
        "variable value pager symbol",
        forms={"value": setting},
        eyes=r"\((hexadecimal|decimal)\)|(0 )?\(not \w+\)",
    ),
    Case("set radix 10", eyes="output|decimal"),
    sig("sig 1"),
    sig("sig -g 1"),
    Case("sig -l"),
    Case("sig -s 800A000000000201", hidden="signal"),
    types("struct list_head"),
    viewed("struct list_head modules", "address"),
    viewed("struct task_struct.pid,comm,mm init_task", "address"),
    types("struct -o list_head"),
    types("struct -o task_struct"),
    types("struct -o list_head modules"),
    types("struct -o task_struct init_task"),
    viewed("struct list_head -l 8 modules", "address"),
    viewed(
        "struct -p list_head modules",
        "address",
        eyes=r"->|[{}]|struct \w+( \*)?",
        shown=followed,
    ),
    rd("struct -r list_head modules"),
    viewed("struct -u list_head 401000", "address"),
    viewed("struct -f elf64_hdr.e_machine,e_phnum 0", "address"),
    viewed("struct -x task_struct.pid,prio init_task", "address"),
    viewed("struct -d task_struct.prio init_task", "address"),
    viewed("struct -c 2 list_head modules", "address"),
    viewed("struct file_system_type.name,init_fs_context ext4_fs_type", "address"),
    viewed("struct rq.nr_running runqueues:a", order="cpu address"),
    *(
        symbols(f"sym {what}")
        for what in (
            "vfs_read",
            "vfs_read+4",
            "-p vfs_read",
            "-n vfs_read",
            "-np vfs_read",
            "-s vfs_read",
            "-q vfs_rea",
        )
    ),
    Case("sym -Q vfs_rea", eyes="found"),
    symbols("sym -m virtio_blk", rows=with_ends, hidden="end", eyes="MODULE|START:|END:"),
    Case(
        "sys",
        "kernel taint_flags dumpfiles partial incomplete cpus cpus_online time uptime_seconds load_average tasks nodename release version machine mhz memory panic",
        "taint_flags live cpus_online",
        forms={
            "partial": marked(r"\[PARTIAL DUMP\]"),
            "incomplete": marked(r"\[INCOMPLETE\]"),
            "memory": lambda value: rf"{value / 2**20:.1f} MB",
            "mhz": lambda value: rf"\({value or 'unknown'} Mhz\)",
        },
        eyes=r"^ *[A-Z ]+:|\[TAINTED\]|\[OFFLINE: \d+\]",
    ),
    Case("sys -t", eyes="TAINTED_MASK:"),
    Case("sys -c read", "number name file line", "function", eyes="NUM  SYSTEM CALL .*"),
    Case("sys -c", "number name file line", "function", eyes="NUM  SYSTEM CALL .*"),
    Case("sys -i", names=True),
    Case("sys config", names=True),
    *(viewed(f"task -R {what}", eyes=f"{MEMBER}|{HEADER}") for what in ("pid,comm", "pid,prio -x", "pid -d")),
    Case(TREE, hidden="index"),
    *(viewed(f"{TREE} {what}", "index") for what in ("-s pid.level", "-S pid.level -x", "-d -s pid.level")),
    Case(f"{TREE} -p", eyes=ENTRY),
    Case("tree -l -o backing_dev_info.rb_node bdi_tree"),
    Case(
        "tree -t maple -v -p sparse_irqs",
        shown=maple_row,
        eyes=rf"{ENTRY}|maple_tree\(|\broot (?=0x|\0)|\btype\b|\bparent\b|flags|height|node|depth|contents:",
        forms={
            "slots": maple_slot,
            **dict.fromkeys(("first", "last", "gaps", "pivots", "flags", "last_slot", "gap_slot"), maple),
        },
    ),
    # What crash calls the index there is the place in the order.
    Case("tree -t maple -p sparse_irqs", hidden="index", eyes=ENTRY),
    viewed("union sigval init_task", "address"),
    types("union -o sigval"),
    viewed("union -x sigval init_task", "address"),
    viewed("union -d sigval init_task", "address"),
    viewed("union sigval -l 8 modules", "address"),
    viewed(
        "union -p sigval init_task",
        "address",
        eyes=r"->|[{}]|union \w+|void \*(?=\w|\0)|\(unknown target type\)",
        shown=followed,
    ),
    rd("union -r sigval init_task"),
    viewed("union -u sigval 401000", "address"),
    viewed("union -f sigval 0", "address"),
    viewed("union -c 2 sigval modules", "address"),
    vm("vm 1"),
    vm("vm 2"),
    vm("vm -p 1"),
    vm("vm -R busybox 1"),
    vm("foreach user vm"),
    Case("vm -R nosuchname 1", none=""),
    Case("vm -f 8100073", eyes=r": \(|[|)]"),
    vtop("vtop init_task jiffies"),
    vtop("vtop -k init_task"),
    vtop("vtop -u 401000"),
    vtop("vtop -c 1 401000"),
    types("whatis list_head"),
    types("whatis -o list_head"),
    types("whatis -o task_struct"),
    Case("whatis -r 1000-1016", "size type"),
    Case("whatis -m list_head", "size type"),
    types("whatis -x list_head"),
    types("whatis -d list_head"),
    Case("whatis pid_type"),
    Case("whatis pid_t", "type name size", eyes="typedef|SIZE:"),
    Case("whatis PIDTYPE_SID", hidden="enumerator"),
    Case("whatis jiffies", "type symbol"),
    Case("whatis modules.next", hidden="expression"),
]


def dump_of(kernel, name):
    """Some scenarios are made for some kernels only;
    the others tell of nothing there, in both forms."""
    try:
        return kernel.dump(name)
    except Failed:
        return kernel.dump()


# ---- the tests ----

# Options that no case has, and why.
NOT_RUN = {
    "repeat -seconds": "the command that it repeats answers, as above",
    "sym -l": "all symbols: the rows of sym -q, by the hundred thousand",
    "sym -M": "the rows of sym -m, of all modules",
    **dict.fromkeys(("vm -P", "vm -M"), "want an address that only the dump knows: the rows of vm -p and vm"),
    **dict.fromkeys(("vm -m", "vm -v", "vm -x", "vm -d"), "whole objects, as struct shows them: truth/vm compares with that"),
    "mach -x": "the numbers of mach -c: truth/mach",
    "wr -k": "a dump is not written to",
    "wr -u": "a dump is not written to",
    "wr -p": "a dump is not written to",
    "set -a": "changes what the session takes for the active task",
    "bt -O": "changes what bt does from then on",
    "tree -N": "wants a node's address, which only the dump knows: the rows of -r",
    "sys -panic": "only a live system can be made to panic",
    "search -K": "-k without some areas: the same rows",
    "search -h": "the rows of search -w",
}
# Commands without cases: they answer what others do, or what another program writes; or nothing.
NO_CASES = {"exit", "q", "repeat", "gdb", "save", "wr"}


@functools.lru_cache(maxsize=1)
def answers(kernel):
    """[(case, rows, what is told of them, text)], each dump asked once in both forms."""
    found = []
    for name in dict.fromkeys(case.dump for case in CASES):
        dump, cases = dump_of(kernel, name), [case for case in CASES if case.dump == name]
        commands = list(dict.fromkeys(case.command for case in cases))
        texts = dict(zip(commands, dump.crash_alone(*commands)))
        found += [
            (case, rows, case.told(rows), texts[case.command])
            for case, (_, rows, _) in zip(
                cases, run_json(dump, [case.command for case in cases], "-s", str(dump.vmlinux))
            )
        ]
    return found


def shown_by(case):
    return case.command not in HELP_TEXTS


def changed(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, str) and re.fullmatch("0x[0-9a-f]+", value):
        return f"0x{int(value, 16) ^ 0x5a5a5a5a5a0:x}"
    return f"zz{value}" if isinstance(value, str) else value + 10**13 + 7


def with_change(told, i, path):
    """TOLD with another value at PATH of row I; None for a key, and where null stands."""
    if path[-1] == "the key":
        return None
    told = copy.deepcopy(told)
    node = told[i][0]
    for step in path[:-1]:
        node = node[step]
    value = node[path[-1]]
    if value is None:
        return None
    node[path[-1]] = Pattern(f"zz{value}") if isinstance(value, Pattern) else changed(value)
    return told


def unseen_changes(case, told, text, found, spans):
    """Which of some changes, in JSON and in the text, are taken for the same answer;
    how many were made."""
    unseen, made = [], 0
    for n in sorted({0, len(found) // 2, len(found) - 1}):
        i, path = found[n]
        other = with_change(told, i, path)
        if other:
            made += 1
            if not compare(case, other, text)[0]:
                unseen.append(f"{case.command}: {'.'.join(map(str, path))} of row {i + 1} in JSON")
        start, end = spans[n]
        made += 1
        if not compare(case, told, f"{text[:start]}8qz7{text[end:]}")[0]:
            unseen.append(f"{case.command}: {text[start:end]!r} in the text")
    return unseen, made


def test_both_forms_tell_the_same(kernel):
    wrong, unseen, compared, made = [], [], 0, 0
    for case, rows, told, text in answers(kernel):
        why, found, spans = compare(case, told, text)
        expect(
            found or case.none is not None or "error" in rows[-1],
            f"{case.command}: nothing to compare, in text {text[:80]!r}",
        )
        compared += len(found)
        if why:
            wrong.append(f"{case.command!r}: {why[:300]}")
        elif found and len(text) < LONG and shown_by(case):
            blind, changes = unseen_changes(case, told, text, found, spans)
            unseen += blind
            made += changes
    expect(not wrong, f"{len(wrong)} differ: " + " || ".join(wrong)[:9000])
    expect(not unseen, f"{len(unseen)} of {made} changes are not found: {unseen[:8]}")
    expect(compared > 20000 and made > 500, f"only {compared} values and {made} changes")


# What only changes how text looks: as the command behind it.
LOOKS = {
    **dict.fromkeys(("dis -U vfs_read 3", "dis -x vfs_read 3", "dis -d vfs_read 3"), "dis vfs_read 12"),
    **dict.fromkeys(("bt -s 2", "bt -sx 2", "bt -sd 2", "bt -x 2"), "bt 2"),
    "whatis -x list_head": "whatis list_head",
    "whatis -d list_head": "whatis list_head",
}


def test_looks_change_no_value(kernel):
    rows = {case.command: rows for case, rows, _, _ in answers(kernel)}
    for command, plain in LOOKS.items():
        expect(rows[command], f"{command}: no answer")
        equal(rows[command], rows[plain][: len(rows[command])], f"{command}, and {plain}")


def test_every_option_has_a_case():
    """A command or an option that comes new fails this until it has its line in CASES."""
    missing = []
    for name in test_help.names():
        mine = [case.command for case in CASES if re.match(rf"(foreach )?{re.escape(name)}(\s|\w|$)", case.command)]
        if not mine and name not in NO_CASES:
            missing.append(name)
        for option in re.findall(r"^    -(-?\w+)", run_crash("-h", name).stdout, re.M):
            if (
                name not in NO_CASES
                and f"{name} -{option}" not in NOT_RUN
                and not any(re.search(rf"\s-\w*{option}", line) for line in mine)
            ):
                missing.append(f"{name} -{option}")
    expect(not missing, f"in both forms asked by no case: {missing}")


# Keys of docs/json-schema.json that no answer of a whole dump has, and why.
# Those that end in _error are of damaged dumps.
NEVER_SEEN = {
    **dict.fromkeys(("kmem kmem_cache_cpu", "kmem partial"), "up to 6.19 CPUs have slabs"),
    **dict.fromkeys((f"kmem {key}" for key in "barn main rcu sheaves spare".split()), "since 7.0 CPUs have sheaves"),
    **dict.fromkeys(
        (f"kmem {key}" for key in "head order inode file_page path anon_vma memcg memcg_path mm mm_pid table table_start kfence kfence_object kfence_size kfence_cache allocated_by "
         "freed_by module module_memory stack_cpu area area_physical caller percpu percpu_cpu variable "
         "variable_offset chunk allocation allocation_size".split()),
        "which addresses have these differs from boot to boot: truth/kmem_where, kmem_objects",
    ),
    "kmem unpurged": "5.10 does not show these",
    **dict.fromkeys((f"irq {key}" for key in "address cpu data high tasklet".split()), "all tasklets were run: unit/irqdesc"),
    "mach hypervisor": "the guests of the lab are emulated",
    "mach symbols": "a struct cpuinfo_x86 has no pointers",
    **dict.fromkeys(("runq groups", "runq name"), "no guest has queued tasks in a group"),
    "runq delayed": "since 6.12, and then of some dumps",
    "runq ext": "no guest has a scheduler that BPF made",
    **dict.fromkeys(("waitq bit", "waitq word"), "nobody waits for a bit: unit/waitqueue"),
    "wq softirq": "no softirq runs works before 6.9",
    "wq age": "kept by 7.2 and later: truth/wq",
    "wq manager_pid": "no pool makes a worker just then: unit/workpool",
    **dict.fromkeys(("rcu comm", "rcu function", "rcu waits"), "nobody waits for a grace period: truth/rcu"),
    "swap leaving": "nobody called swapoff: its bit is in unit/swap",
    **dict.fromkeys(("vm contents", "vm swap", "vm swap_offset"), "init is in memory: truth/vm"),
    **dict.fromkeys(
        ("vm mm_struct", "vm vm_area_structs", "vm address", "vm value", "vm symbols", "vm strings"),
        "of vm -m and -v: truth/vm",
    ),
    "alias deleted": "the aliases stay as they are",
    "bt scan_by_default": "bt -O is not run",
    "bt damage": "no stack has overflowed here",
    "bt module": "no task of the dump is in a module's function",
    "bt rip_symbol": "as bt module: where a CPU was interrupted differs",
    "error": "of damaged dumps",
    "text": "of definitions that are no list of members, and of log -s",
    "dis here": "the sources are not there",
    "dis source": "the sources are not there",
    "strings": "as of struct",
    "task symbols": "as of struct",
    "task thread_info": "no dump has it apart from the task",
    "meaning": "of rd -s; struct -r has none",
    "string": "as of strings",
    "list number": "of maple trees, which 5.10 and 6.1 keep in no variable",
    "sym range": "before v6.4 a module's memory has no names",
    "set symbol": "no scope is set",
    "siginfo": "no signal waits with one in init",
    **dict.fromkeys(("whatis address", "whatis byte_address"), "of struct -o"),
    "help taint_letters": "the kernels of these dumps are not tainted",
    "sys system_map": "no System.map is read",
    "help system_map": "no System.map is read",
    "help source_tree": "no sources are there",
    "help ikconfig_ents": "the kernels have their configuration in a file",
    "log caller_cpu": "all messages are of tasks",
    **dict.fromkeys(
        ("log address", "log buffer", "log cpu", "log length", "log messages_lost"),
        "of the buffers that kernels before 5.15 have",
    ),
    "log type": "no audit record waits",
    **dict.fromkeys(
        ("vtop contents", "vtop file", "vtop file_offset", "vtop problem", "vtop swap", "vtop swap_offset"),
        "of pages that are not there: truth/vtop",
    ),
}


def keys_of(node, seen=()):
    """All keys that a part of the schema has."""
    if "$ref" in node:
        name = node["$ref"]
        if name not in seen:
            part = json.loads((TOP / "docs/json-schema.json").read_text())
            for step in name.removeprefix("#/").split("/"):
                part = part[step]
            yield from keys_of(part, (*seen, name))
    for one in node.get("anyOf", []):
        yield from keys_of(one, seen)
    if "items" in node:
        yield from keys_of(node["items"], seen)
    for key, one in node.get("properties", {}).items():
        yield key
        yield from keys_of(one, seen)


def keys_in(node):
    """Those that have a value."""
    for one in node if isinstance(node, list) else node.values() if isinstance(node, dict) else ():
        yield from keys_in(one)
    if isinstance(node, dict):
        yield from (key for key, value in node.items() if value is not None)


def test_every_key_has_been_seen(kernel):
    """With a value: a column that no real dump has filled is not tested."""
    schema, seen = json.loads((TOP / "docs/json-schema.json").read_text())["$defs"]["commands"], {}
    for case, rows, _, _ in answers(kernel):
        seen.setdefault(whose(case.command), set()).update(keys_in(rows))
    for names in (("struct", "union", "*"), ("list", "tree")):
        together = set().union(*(seen[name] for name in names))
        seen.update((name, together) for name in names)
    if not seen["tree"] & {"maple_tree"}:  # 5.10 and 6.1 keep no maple tree in a variable
        del seen["tree"]
    missing = sorted(
        {
            f"{name} {key}"
            for name in seen
            for key in keys_of(schema.get(name, {}))
            if key not in seen[name] and not key.endswith("_error") and not {key, f"{name} {key}"} & set(NEVER_SEEN)
        }
    )
    expect(not missing, f"keys without a value in any answer: {missing}")
