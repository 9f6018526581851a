# Values of C types in JSON against what gdb writes of the same objects, member by member.
# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import re
import sys

from harness import equal, expect

sys.path[:0] = [str(pathlib.Path(__file__).parent)]
from test_json import run_json  # noqa: E402

OBJECTS = ["struct task_struct init_task", "struct mm_struct init_mm", "struct rq runqueues:a", "struct list_head modules",
           "struct file_system_type ext4_fs_type", "struct file_operations ext4_file_operations", "struct net init_net",
           "struct cred init_cred", "struct nsproxy init_nsproxy", "struct uts_namespace init_uts_ns",
           "struct signal_struct init_signals", "struct files_struct init_files", "union thread_union init_stack", "*pid_namespace init_pid_ns"]
ESCAPES = {"n": "\n", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "r": "\r", "v": "\v", "e": "\x1b", "033": "\x1b"}


class Text(str):
    """Up to its first NUL, as JSON has arrays of char; WHOLE: what gdb shows, as bytes."""


class Reader:
    """gdb's text of a value, as nested dicts and lists."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def take(self, pattern):
        match = re.compile(pattern, re.S).match(self.text, self.at)
        if match:
            self.at = match.end()
        return match

    def value(self):
        self.take(r"\s+")
        if self.take(r"\{"):
            return self.braces()
        if self.take(r'"'):
            return self.string()
        if match := self.take(r"(0x[0-9a-f]+)( <[^>]*>)?"):
            # A pointer to characters has them behind it.
            if self.take(r' "'):
                self.string()
            return match.group(1)
        if match := self.take(r"(-?\d+) '(\\?.[^']*)'|(-?[\d.]+(?:e[-+]\d+)?)"):
            number = match.group(1) or match.group(3)
            return float(number) if "." in number else int(number)
        if match := self.take(r"\([^()]*\)|[A-Za-z_][\w ]*"):
            return {"true": True, "false": False}.get(match.group(0), match.group(0))
        raise AssertionError(f"not a value: {self.text[self.at:self.at + 60]!r}")

    def string(self):
        body = self.take(r'((?:[^"\\]|\\.)*)"(\.\.\.)?').group(1)
        text = re.sub(rb"\\([0-7]{3}|.)", lambda m: bytes([int(m.group(1), 8)]) if m.group(1).isdigit()
                      else ESCAPES.get(m.group(1).decode(), m.group(1).decode()).encode(), body.encode())
        shown = Text(text.split(b"\0")[0].decode(errors="replace"))
        shown.whole = text
        return shown

    def braces(self):
        """An object, with what unnamed members have among its own; or a list."""
        members, elements = {}, []
        while not self.take(r"\s*(<No data fields>)?\}"):
            if self.take(r"\s*\.\.\.\s*"):
                elements.append(...)
                continue
            name = self.take(r"\s*([A-Za-z_]\w*) = ")
            found = self.value()
            if name:
                members[name.group(1)] = found
            else:
                elements.append(found)
            self.take(r"\s*,")
            self.take(r"\s*<repeats \d+ times>,?")
            if self.take(r"\s*\.\.\."):
                elements.append(...)
        if not members:
            return elements
        for element in elements:
            members.update(element if isinstance(element, dict) else {})
        return members


def differences(path, mine, gdbs, compared):
    """Where they differ; COMPARED counts what was looked at."""
    if isinstance(gdbs, dict) and isinstance(mine, dict):
        for name, value in gdbs.items():
            if name not in mine:
                yield f"{path}.{name}: not in JSON"
            else:
                yield from differences(f"{path}.{name}", mine[name], value, compared)
        return
    if isinstance(gdbs, list) and isinstance(mine, dict) and all(isinstance(value, dict) for value in gdbs):
        for value in gdbs:  # nothing but unnamed members
            yield from differences(path, mine, value, compared)
        return
    if isinstance(gdbs, list) and isinstance(mine, list):
        if ... not in gdbs and len(gdbs) != len(mine):
            yield f"{path}: {len(mine)} elements, gdb has {len(gdbs)}"
        for i, (one, other) in enumerate(zip(mine, gdbs)):
            if other is not ...:
                yield from differences(f"{path}[{i}]", one, other, compared)
        return
    # Numbers of 8 bits, which gdb takes for characters.
    if isinstance(gdbs, Text) and isinstance(mine, list):
        mine, gdbs = bytes(number & 0xff for number in mine)[:len(gdbs.whole)], gdbs.whole
    if isinstance(gdbs, str) and gdbs.startswith("0x") and mine in ([], ""):
        return  # an array without a length: gdb writes where it is
    if isinstance(gdbs, str) and gdbs.startswith("0x") and isinstance(mine, str):
        mine, gdbs = int(mine, 16), int(gdbs, 16)
    if isinstance(gdbs, str) and re.match(r"\(|unknown", gdbs) and isinstance(mine, int):
        return  # several enumerators together
    if gdbs == [] and mine in ({}, "", []):
        return
    compared[0] += 1
    if mine != gdbs and not (isinstance(gdbs, str) and isinstance(mine, str) and len(gdbs) >= 200 and mine.startswith(gdbs)):
        yield f"{path}: {str(mine)[:60]!r}, gdb has {str(gdbs)[:60]!r}"


def test_values_equal_gdbs(kernel):
    dump, compared, wrong = kernel.dump(), [0], []
    objects = [one for one in OBJECTS if "invalid" not in dump.crash(re.sub(r" \w+(:a)?$", "", one))]
    for (command, rows, status), text in zip(run_json(dump, objects), dump.crash(*objects)):
        equal(status, "ok", command)
        for row, one in zip(rows, re.split(r"(?m)^(?=(?:struct|union) \w+ \{)", text)[1:]):
            reader = Reader(one[one.index("{"):])
            wrong += differences(command, row["value"], reader.value(), compared)
    expect(not wrong, f"{len(wrong)} of {compared[0]} values differ: {'; '.join(wrong[:4])}")
    expect(compared[0] > 3000, f"only {compared[0]} values compared")
