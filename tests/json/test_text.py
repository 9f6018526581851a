# The text of every command, made again from its JSON: no fact that is printed may be missing there.
# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import re
import sys
import time

from harness import equal, expect, same_lines

sys.path[:0] = [str(pathlib.Path(__file__).parent)]
from test_json import run_json  # noqa: E402

STACKS = {"irq": "IRQ", "nmi": "NMI exception", "df": "DOUBLEFAULT exception", "db": "DEBUG exception", "mce": "MCE exception",
          "vc": "VC exception"}


def digits(address):
    return address[2:]


def wide(address, width=16):
    return address[2:].rjust(width, "0")


def header(row):
    return f"PID: {row['pid']:<7}  TASK: {wide(row['task'])}  CPU: {row['cpu']:<3}  COMMAND: \"{row['comm']}\""


def decimal(symbol):
    """"vfs_read+0x1a [module]" as text has it: offsets are decimal there."""
    return re.sub(r"\+0x([0-9a-f]+)", lambda match: "+" + str(int(match.group(1), 16)), symbol.split(" ")[0])


# ---- bt ----

def registers(frame):
    r = {name: wide(value) for name, value in frame["registers"].items()}
    yield f"    RIP: {r['rip']}  RSP: {r['rsp']}  RFLAGS: {r['rflags'][8:]}"
    if "rax" in r:
        yield f"    RAX: {r['rax']}  RBX: {r['rbx']}  RCX: {r['rcx']}"
        yield f"    RDX: {r['rdx']}  RSI: {r['rsi']}  RDI: {r['rdi']}"
        yield f"    RBP: {r['rbp']}   R8: {r['r8']}   R9: {r['r9']}"
        yield f"    R10: {r['r10']}  R11: {r['r11']}  R12: {r['r12']}"
        yield f"    R13: {r['r13']}  R14: {r['r14']}  R15: {r['r15']}"
    yield f"    ORIG_RAX: {r.get('orig_rax', '-' * 16)}  CS: {r['cs'][12:]}  SS: {r['ss'][12:]}"


def exception_rip(frame):
    if frame["stack"] == "user":
        return
    if not frame["function"]:
        yield "    [exception RIP: unknown or invalid address]"
        return
    mark = "? " if frame["source"] == "guess" else ""
    yield f"    [exception RIP: {mark}{frame['function']}+{frame['offset']}]{module(frame)}"


def module(row):
    return f" [{row['module']}]" if row.get("module") else ""


def word_text(word, option):
    if option in ("-F", "-r") and word["symbol"]:
        return f"{decimal(word['symbol']):<16} "
    if option == "-F" and "cache" in word:
        return f"{'[' + word['cache'] + ']':<16} "
    return wide(word["word"]) + " "


def words(found, option, indent, colon):
    for i in range(0, len(found), 2):
        yield f"{indent}{wide(found[i]['at'])}{colon}" + "".join(
            word.get("error") or word_text(word, option) for word in found[i:i + 2])


def frames(row, option):
    for frame in row["frames"]:
        if "registers" in frame and (frame["level"] > 0 or frame["stack"] == "user"):
            yield from exception_rip(frame)
            yield from registers(frame)
            if frame["stack"] == "user":
                continue
        if "number" in frame:
            if "left" in frame:
                yield f"--- <{STACKS[frame['left']]} stack> ---"
            mark = "? " if frame["source"] == "guess" else ""
            offset = f"+{frame['offset']}" if option == "-s" and frame["function"] else ""
            yield (f"{' ' if frame['number'] < 10 else ''}#{frame['number']} [{wide(frame['sp'])}] {mark}{frame['function'] or '(unknown)'}{offset}"
                   f" at {wide(frame['pc'])}{module(frame)}")
        for line in frame.get("lines", []):
            yield "    " + line
        yield from words(frame.get("words", []), option, "    ", ": ")


def text_words(row, option):
    saved = [frame for frame in row["frames"] if "registers" in frame]
    if option == "-t" and row["frames"] and row["frames"][0]["stack"] != "user":
        first = row["frames"][0]
        yield f"              START: {first['function'] or '(unknown)'} at {wide(first['pc'])}{module(first)}"
        saved = [frame for frame in row["frames"][1:] if "registers" in frame]
    for word in row["words"]:
        yield f"  [{wide(word['at'])}] {decimal(word['symbol']).split('+')[0]} at {wide(word['word'])}{module(word)}"
    for frame in saved:
        yield from exception_rip(frame)
        yield from registers(frame)


def bt(rows, option):
    for i, row in enumerate(rows):
        if i:
            yield ""
        yield header(row)
        if row["start"] == "no_stack":
            yield "(no stack)"
        elif option in ("-t", "-T"):
            yield from text_words(row, option)
        elif option == "-r":
            yield from words(row["words"], option, "", ":  ")
        elif option == "-e":
            for frame in row["frames"]:
                yield ""
                yield f"  {'USER' if frame['stack'] == 'user' else 'KERNEL'}-MODE EXCEPTION FRAME AT: {digits(frame['registers_at'])}"
                yield from exception_rip(frame)
                yield from registers(frame)
        else:
            yield from frames(row, option)


def special_stacks(rows, _):
    for row in rows:
        yield f"CPU {row['cpu']} {STACKS[row['stack']].upper()} STACK:"
        for one in row["found"]:
            user = int(one["registers"]["cs"], 16) & 3
            yield ""
            yield f"  {'USER' if user else 'KERNEL'}-MODE EXCEPTION FRAME AT: {digits(one['at'])}"
            if not user:
                yield f"    [exception RIP: {decimal(one['rip_symbol'])}]" + "".join(re.findall(r" \[.*", one["rip_symbol"]))
            yield from registers(one)
        yield "" if row["found"] else "(none found)\n"


def merged(rows, _):
    for row in rows:
        state = "" if row["on_cpu"] else row["state"]
        yield f"{row['count']} {state} {' '.join(map(str, row['pids']))}"
        if not row["frames"]:
            yield "  (no trace)"
        for i, frame in enumerate(row["frames"]):
            mark = "? " if frame["guess"] else ""
            yield f"  #{i} {mark}{frame['function'] or '(unknown)'}" + (f"+{frame['offset']}" if "offset" in frame else "")


def comparable_merged(lines):
    """The head of each stack in words: how many, in which state, who."""
    text = re.sub(r"TASKS: (\d+) +(?:STATE: (\w+)|ON A CPU|[^\n]*)\n PIDS: ([\d\s]+?)(?=\n  [#(])", lambda match:
                  f"{match.group(1)} {match.group(2) or ''} {' '.join(match.group(3).split())}", "\n".join(lines))
    return [line for line in text.splitlines() if line]


def folded(rows, _):
    for row in rows:
        yield f"{row['stack']} {row['count']}"


def comparable_bt(text, option):
    """-t's register sets come last here: among the words each is told by its stack pointer."""
    lines = text.splitlines()
    if option in ("-t", "-T"):
        lines = [line for line in lines if not line.startswith("---")]
        lines = [line for line in lines if line.startswith(("PID", "  [", "      ", "(no"))] + \
            [line for line in lines if not line.startswith(("PID", "  [", "      ", "(no")) and line]
    return [line for line in lines if not line.startswith("bt: unwinding stopped")]


def test_bt(kernel):
    options = ["", "-s", "-f", "-F", "-t", "-T", "-e", "-r"]
    for name in ("sysrq", "nmi", "kdump"):
        dump = kernel.dump(name)
        commands = [f"bt {option} -a".replace("  ", " ") for option in options] + ["foreach bt", "foreach bt -f"]
        for text, (command, rows, _) in zip(dump.crash(*commands), run_json(dump, commands)):
            option = next((word for word in command.split() if re.fullmatch("-[sfFtTer]", word)), "")
            same_lines(comparable_bt("\n".join(bt(rows, option)), option), comparable_bt(text, option), f"{name}: {command}")


# ---- tables ----

def ps(rows, option):
    yield f"      PID    PPID  CPU  {'    KSTACKP    ' if option == '-s' else '     TASK      '}  ST  %MEM      VSZ      RSS  COMM"
    for row in rows:
        where = wide(row["task"]) if option != "-s" else wide(row["kernel_sp"]) if "kernel_sp" in row else "       --       "
        comm = f"[{row['comm']}]" if row["kernel_thread"] else row["comm"]
        share = "?" if row["memory_percent"] is None else f"{row['memory_percent']:.1f}"
        vsz, rss = ("?" if row[key] is None else str(row[key] // 1024) for key in ("vsz", "rss"))
        yield (f"{'>' if row['active'] else ' '}{row['pid']:8} {row['ppid']:7} {row['cpu']:3}  {where}  {row['state']:<2} {share:>5}"
               f" {vsz:>8} {rss:>8}  {comm}")


def family(key, none):
    def lines(rows, _):
        for row in rows:
            yield header(row)
            for member in row[key]:
                yield "  " + header(member)
            if not row[key]:
                yield f"  ({none})"
            yield ""
    return lines


def parents(rows, _):
    for row in rows:
        for i, one in enumerate([*reversed(row["ancestors"]), row]):
            yield " " * i + header(one)
        yield ""


def times(rows, _):
    for row in rows:
        seconds = row["run_seconds"]
        days = f"{seconds // 86400} days, " if seconds >= 86400 else ""
        yield header(row)
        yield f"    RUN TIME: {days}{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        yield f"  START TIME: {row['start_ns']}"
        yield f"       UTIME: {row['user_ns']}"
        yield f"       STIME: {row['system_ns']}"
        yield ""


def limits(rows, _):
    def centred(value):
        text = "(unlimited)" if value is None else str(value)
        left = max(0, 11 - len(text)) // 2
        return " " * left + text + " " * max(0, 11 - len(text) - left)
    for row in rows:
        yield header(row)
        yield f"{'RLIMIT':>12}   {centred('CURRENT')}   {centred('MAXIMUM')}"
        for one in row["limits"]:
            yield f"{one['name']:>12}   {centred(one['current'])}   {centred(one['maximum'])}"
        yield ""


def last_run(rows, option):
    width = max(len(str(row["last_run_ns"])) for row in rows)
    for row in rows:
        yield f"[{row['last_run_ns']:{width}}] [{row['state']}]  {header(row)}"


def ages(rows, _):
    days = max(len(str((row["since_ns"] or 0) // (86400 * 10**9))) for row in rows)
    for row in rows:
        ms = (row["since_ns"] or 0) // 10**6
        age = f"{ms // 86400000:{days}} {ms // 3600000 % 24:02}:{ms // 60000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"
        yield f"[{age if row['since_ns'] is not None else '?'.rjust(days) + ' ' * 13}] [{row['state']}]  {header(row)}"


def states(rows, _):
    for row in rows:
        yield f"  {row['state']}: {row['count']}"


def sig(rows, _):
    def actions(row):
        yield f"SIGNAL_STRUCT: {digits(row['signal_struct'])}  NR_THREADS: {row['nr_threads']}"
        yield " SIG    SIGACTION        HANDLER       MASK       FLAGS           "
        for one in row["actions"]:
            handler = {"0x0": "SIG_DFL", "0x1": "SIG_IGN"}.get(one["handler"], digits(one["handler"]))
            names = f"({one['flag_names']})" if one["flag_names"] else ""
            yield (f"{'[' + str(one['signal']) + ']':>4} {wide(one['sigaction'])} {handler:>10} {wide(one['mask'])}"
                   f" {digits(one['flags'])} {names}")

    def pending(name, found, indent):
        yield f"{indent}{name}_PENDING"
        yield f"{indent}    SIGNAL: {wide(found['set'])}"
        yield f"{indent}  SIGQUEUE: " + (" SIG      SIGINFO     " if found["queue"] else "(empty)")
        for one in found["queue"]:
            yield f"{indent}             {one['signal']:3}  {digits(one['siginfo'])}"

    def sets(row, indent):
        yield f"{indent}SIGPENDING: {'yes' if row['pending'] else 'no'}"
        yield f"{indent}   BLOCKED: {wide(row['blocked'])}"

    for row in rows:
        yield header(row)
        yield from actions(row)
        if "threads" not in row:
            yield from sets(row, "")
            yield from pending("PRIVATE", row["private_pending"], "")
        yield from pending("SHARED", row["shared_pending"], "")
        yield ""
        for thread in row.get("threads", []):
            yield "  " + header(thread)
            yield from sets(thread, "  ")
            yield from pending("PRIVATE", thread["private_pending"], "  ")
            yield ""


def signals(rows, _):
    for row in rows:
        yield f"{'[' + str(row['signal']) + ']':>4} {row['name']}"


def signal_set(rows, _):
    yield " ".join(row["name"] for row in rows)


def mod(rows, _):
    name, size = (max(4, *(len(str(row[key])) for row in rows)) for key in ("name", "size"))
    for row in rows:
        yield (f"{wide(row['module'])}  {row['name']:<{name}}  {wide(row['base'])}  {row['size']:>{size}}  "
               f"{row['object_file'] or '(not loaded)  [CONFIG_KALLSYMS]'}")
        for section in row.get("sections", []):
            yield f"{wide(section['address'])}    {section['name']}"


def sym(rows, _):
    module_end = None
    for row in rows:
        if "range" in row:
            if module_end:
                yield module_end
            kind = row["range"] + " " if row["range"] else ""
            last = int(row["end"], 16) - (row["range"] not in (None, "INIT"))
            yield f"{digits(row['start'])} MODULE {kind}START: {row['module']}"
            module_end = f"{last:x} MODULE {kind}END: {row['module']}"
            continue
        offset = f"+{row['offset']}" if row["offset"] else ""
        name = f"{digits(row['address'])} ({row['type']}) {row['name']}{offset}"
        if module_end is not None:  # rows of a module's listing do not repeat its name
            yield name
        elif "section" in row:
            yield f"{name}{module(row)} [{row['section']}]"
        else:
            yield f"{name}{module(row)}" + (f" {row['file']}: {row['line']}" if "file" in row else "")
    if module_end:
        yield module_end


def printable(message):
    return "".join("." if ord(c) < 0x20 and c not in "\t\n" or ord(c) == 0x7f else c for c in message.replace("\ufffd", "."))


def log(rows, option):
    for row in rows:
        stamp = "" if option == "-t" else f"[{row['time_ns'] // 10**9:5}.{row['time_ns'] % 10**9 // 1000:06}] "
        level = f"<{row['level']}>" if option == "-m" else ""
        prefix = stamp + level
        yield from (prefix + printable(row["message"]).replace("\n", "\n" + " " * len(prefix))).split("\n")
        for key, value in row.get("dictionary", {}).items():
            yield " " * len(prefix) + f"{key}={value}"


def rd(rows, option):
    values = [int(row["value"], 16) for row in rows]
    for i in range(0, len(rows), 2):
        names = [decimal(row["meaning"]) if "meaning" in row else None for row in rows[i:i + 2]]
        shown = "".join(f"{name:<16} " if name else f"{value:016x} " for name, value in zip(names, values[i:i + 2]))
        text = b"".join(value.to_bytes(8, "little") for value in values[i:i + 2])
        characters = "  " + "".join(chr(c) if 0x20 <= c < 0x7f else "." for c in text) if option != "-s" else ""
        yield f"{wide(rows[i]['address'])}:  {shown}{characters}"


def search(rows, _):
    for row in rows:
        yield f"{digits(row['address'])}: {digits(row['value'])} "


def listing(rows, _):
    for row in rows:
        yield digits(row["address"])


def vtop(rows, _):
    for i, row in enumerate(rows):
        steps = row["steps"]
        yield "VIRTUAL           PHYSICAL        "
        yield f"{digits(row['virtual']):<16}  {digits(row['physical'])}"
        yield ""
        yield f"PGD DIRECTORY: {digits(row['page_directory'])}"
        yield f"PAGE DIRECTORY: {digits(steps[0]['entry'])}"
        for step in steps[1:]:
            yield f"   {step['table']}: {digits(step['entry_at'])} => {digits(step['entry'])}"
        page = int(row["physical"], 16) // row["page_bytes"] * row["page_bytes"]
        size = {2 << 20: "  (2MB)", 1 << 30: "  (1GB)"}.get(row["page_bytes"], "")
        yield f"  PAGE: {page:x}{size}"
        # The tables of the entry and of struct page are looked for by value.
        yield f"entry {digits(steps[-1]['entry'])} page {page:x} flags ({row['flags']})"
        if "page" in row:
            frame = int(row["physical"], 16) // 4096 * 4096
            yield (f"{wide(row['page'])} {frame:8x} {digits(row['page_mapping']):>16} {row['page_index']:8x} {row['page_count']:2}"
                   f" {digits(row['page_flags'])} {row['page_flag_names']}")


def comparable_vtop(lines):
    found = []
    for line in lines:
        match = re.fullmatch(r" *([0-9a-f]+) +([0-9a-f]+) +(\(.*\))", line)
        if match:
            line = f"entry {match.group(1)} page {match.group(2)} flags {match.group(3)}"
        if line and not re.match(r" *(PTE|PAGE +PHYSICAL)", line):
            found.append(line.rstrip())
    return found


def maple(rows, _):
    number = 0
    for row in rows:
        if "maple_tree" in row:
            yield f"maple_tree({digits(row['maple_tree'])}) flags {digits(row['flags']).upper()}, height {row['height']} root {row['root']}"
            yield ""
        first, last = int(row.get("first", "0"), 16), int(row.get("last", "0"), 16)
        span = f"{first}: " if first == last else f"{first}-{last}: "
        if "node" in row:
            depth = row["depth"]
            text = "".join(f"{int(gap, 16)} " for gap in row.get("gaps", []))
            if "gaps" in row:
                text += f"| {row['last_slot']:02X} {row['gap_slot']:02X}| "
            for i, slot in enumerate(row["slots"]):
                text += f"{slot} " if slot != "0x0" else "(nil) "
                text += f"{int(row['pivots'][i], 16)} " if i < len(row["pivots"]) else ""
            yield f"{' ' * depth * 2}{span}node {row['node']} depth {depth} type {row['type']} parent {row['parent']} contents: {text}"
        elif "entry" in row:
            yield f"{' ' * (row['position'].count('/') * 2 if 'position' in row else 0)}{span}{row['entry']}".strip()
            if "number" in row:
                number += 1
                equal(row["number"], number, "place in the order")
                yield f"  index: {number}  position: {row['position']}"


def comparable_maple(lines):
    return [line.strip() for line in lines if line.strip()]


def totals(rows, _):
    """The labels and pages of kmem -i; the sizes and shares follow from them."""
    for key, value in rows[0].items():
        yield f"{key.upper().replace('_', ' ')}  {value // 4096}  "


def comparable_totals(lines):
    return [" ".join(match.groups()) for match in (re.match(r" *([A-Z ]+?)  +(\d+) ", line) for line in lines) if match]


def aliases(rows, _):
    yield "ORIGIN   ALIAS    COMMAND"
    for row in rows:
        yield f"{'builtin' if row['builtin'] else 'runtime':<7}  {row['alias']:<7}  {row['text']}"


def evaluated(rows, _):
    row = rows[0]
    value = row["decimal"]
    size = next((f"({value >> shift}{unit})" for shift, unit in ((30, "GB"), (20, "MB"), (10, "KB"))
                 if value >> shift and value >> shift << shift == value), "")
    yield f"hexadecimal: {digits(row['hexadecimal'])}  {size}"
    yield f"    decimal: {value}  " + (f"({row['signed']})" if row["signed"] < 0 else "")
    yield f"      octal: {row['octal']}"
    yield f"     binary: {value:064b}"
    text = "   bits set: "
    for bit in row["bits"]:
        if len(text) >= 77:
            yield text
            text = " " * 13
        text += f"{bit} "
    yield text


def ascii_values(rows, _):
    for row in rows:
        value = int(row["value"], 16)
        text = "".join(f"<{value >> 8 * i & 0xff:02x}>" if c is None else f"<{c}>" if len(c) > 1 else c for i, c in enumerate(row["characters"]))
        yield f"{value:016x}: {text}"


def system(rows, _):
    row = rows[0]
    kernel = row["kernel"] + ("  [TAINTED]" if row["taint_flags"] != "0x0" else "")
    offline = f" [OFFLINE: {row['cpus'] - row['cpus_online']}]" if row["cpus"] != row["cpus_online"] else ""
    seconds = int(row["uptime_seconds"])
    days = f"{seconds // 86400} days, " if seconds >= 86400 else ""
    values = {"KERNEL": kernel, "DUMPFILE": row["dumpfiles"][0] + ("  [PARTIAL DUMP]" if row["partial"] else ""),
              "CPUS": f"{row['cpus']}{offline}", "DATE": time.strftime("%a %b %e %H:%M:%S %Z %Y", time.localtime(row["time"])),
              "UPTIME": f"{days}{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}",
              "LOAD AVERAGE": ", ".join(f"{load:.2f}" for load in row["load_average"]), "TASKS": row["tasks"],
              "NODENAME": row["nodename"], "RELEASE": row["release"], "VERSION": row["version"],
              "MACHINE": f"{row['machine']}  ({row['mhz'] or 'unknown'} Mhz)", "MEMORY": f"{row['memory'] / 2**20:.1f} MB",
              "PANIC": f"\"{row['panic']}\""}
    for label, value in values.items():
        yield f"{label:>12}: {value}"


def views(rows, _):
    for row in rows:
        yield digits(row["address"])
        for view in row["views"]:
            for key, value in view["value"].items():
                if isinstance(value, str):
                    value = '"' + value.translate({9: "\\t", 10: "\\n", 34: '\\"', 92: "\\\\"}) + '"'
                yield f"  {key} = {value}"


def comparable_views(lines):
    """Up to the first NUL of a text: what stands behind it is left from a longer one."""
    return [re.sub(r'\\000.*"$', '"', line.rstrip(",")) for line in lines]


def search_around(rows, _):
    for row in rows:
        for part in ("before", "value", "after"):
            values = [row["value"]] if part == "value" else row[part]
            yield "address:  " + "".join(wide(value) + " " for value in values)
        yield ""


def comparable_around(lines):
    return [" ".join(word.rjust(16, "0") for word in re.findall(r"(?<!\S)[0-9a-f]+(?= )", line.split(":")[1][:37])) if line else "" for line in lines]


def sizes(rows, _):
    yield "SIZE  TYPE"
    for row in rows:
        yield f"{row['size']:4}  {row['type']}"


def signed_words(rows, _):
    for i in range(0, len(rows), 2):
        yield f"{wide(rows[i]['address'])}:  " + "".join(f"{row['value']:15} " for row in rows[i:i + 2])


def bytes_and_text(rows, _):
    yield f"{wide(rows[0]['address'])}:  {rows[0]['text']}"


def wall_clock(rows, _):
    for row in rows:
        yield f"[{time.strftime('%a %b %e %H:%M:%S %Z %Y', time.localtime(row['wall_ns'] // 10**9))}] {printable(row['message']).split(chr(10))[0]}"


def syscalls(rows, _):
    yield "NUM  SYSTEM CALL                FILE AND LINE NUMBER"
    for row in rows:
        place = f"{row['file']}: {row['line']}" if "file" in row else ""
        yield f"{row['number']:3}  {row['name']:<26} {place}"


def dmi(rows, _):
    for key, value in rows[0].items():
        yield f"{key:>25}: {value}"


def taints(rows, _):
    yield f"TAINTED_MASK: {digits(rows[0]['taint_flags'])}  {rows[0]['letters']}"


def definition(rows, _):
    for row in rows:
        for one in row["members"]:
            at = digits(one["address"]) if "address" in one else one["offset"]
            yield f"  [{at}] x {one['name']};"
        yield f"SIZE: {row['size']}"


def comparable_definition(lines):
    found = []
    for line in lines:
        match = re.match(r" +\[([0-9a-f]+)\] .*?\b(\w+)(\[\w*\])*( : \d+)?;$", line)
        if match:
            found.append(f"{match.group(1)} {match.group(2)}")
        elif line.startswith("SIZE"):
            found.append(line)
    return found


def enumerators(rows, _):
    yield rows[0]["type"] + " {"
    for one in rows[0]["enumerators"]:
        yield f"  {one['name']} = {one['value']}"
    yield "};"


def typedefs(rows, _):
    yield f"typedef {rows[0]['type']} {rows[0]['name']};"
    yield f"SIZE: {rows[0]['size']}"


def enumerator(rows, _):
    yield f"{rows[0]['type']} = {rows[0]['value']}"


def instructions(rows, _):
    for row in rows:
        offset = f"+{row['offset']}" if row["offset"] else ""
        yield f"{row['address']} <{row['symbol']}{offset}>:\t{row['instruction']}" + (" [FTRACE NOP]" if row["ftrace_nop"] else "")


def strings(rows, _):
    for row in rows:
        yield header(row)
        yield "ARG: " + "".join(word + " " for word in row["arguments"])
        yield from (("     " if i else "ENV: ") + word for i, word in enumerate(row["environment"]))
        yield ""


def same(lines):
    return list(lines)


# [command, how its JSON becomes text, its option for that, what is compared of both]
CASES = [
    ("ps", ps, "", same), ("ps -s", ps, "-s", same), ("ps -k", ps, "", same), ("ps -u", ps, "", same), ("ps -G", ps, "", same),
    ("ps -A", ps, "", same), ("ps -y NORMAL", ps, "", same), ("ps -S", states, "", same), ("ps -l", last_run, "", same),
    ("ps -m", ages, "", same), ("ps -l -C a", last_run, "", lambda lines: sorted(line for line in lines if line.startswith("["))),
    ("ps -p 1", parents, "", same), ("ps -c 1", family("children", "no children"), "", same),
    ("ps -g 1", family("threads", "no threads"), "", same), ("ps -t 1", times, "", same), ("ps -r 1", limits, "", same),
    ("ps -a 1", strings, "", same), ("foreach ps", ps, "", same),
    ("sig 1", sig, "", same), ("sig -g 1", sig, "", same), ("sig -l", signals, "", same), ("sig -s 800A000000000201", signal_set, "", lambda lines: " ".join(lines).split()), ("foreach user sig", sig, "", same),
    ("mod", mod, "", lambda lines: [line for line in lines if "MODULE  " not in line]),
    ("mod -g", mod, "", lambda lines: [line for line in lines if "MODULE  " not in line]),
    ("sym vfs_read", sym, "", same), ("sym -s vfs_read", sym, "", same), ("sym vfs_read+4", sym, "", same),
    ("sym -np vfs_read", sym, "", same), ("sym -q vfs_rea", sym, "", same), ("sym -m virtio_blk", sym, "", same),
    ("log", log, "", same), ("log -t", log, "-t", same), ("log -m", log, "-m", same), ("log -d", log, "-d", same),
    ("rd init_task 32", rd, "", same), ("rd -s init_task 64", rd, "-s", same), ("rd -S init_task 64", rd, "-s", same),
    ("search -s init_task -l 1000 0", search, "", same),
    ("list -H modules", listing, "", same), ("list task_struct.tasks -h init_task", listing, "", same),
    ("tree -t xarray -r pid_namespace.idr init_pid_ns", listing, "", same),
    ("tree -t maple -v -p sparse_irqs", maple, "", comparable_maple),
    ("vtop init_task jiffies", vtop, "", comparable_vtop),
    ("kmem -i", totals, "", comparable_totals), ("kmem -i=shared", totals, "", comparable_totals),
    ("bt -E", special_stacks, "", same), ("bt --merge", merged, "", comparable_merged), ("bt --folded", folded, "", same),
    ("sys", system, "", same), ("whatis -r 1000-1016", sizes, "", same),
    ("list task_struct.tasks -s task_struct.pid,comm -h init_task", views, "", comparable_views),
    ("search -x 2 -s init_task -l 100 0", search_around, "", comparable_around),
    ("rd -d init_task 4", signed_words, "", same), ("rd -a linux_banner 20", bytes_and_text, "", same),
    ("log -T", wall_clock, "", lambda lines: [line for line in lines if line.startswith("[") and line.isascii()]),
    ("alias", aliases, "", same), ("eval -b 128 * 1m", evaluated, "", same), ("eval -b -1", evaluated, "", same),
    ("ascii 62696c2f7273752f ff41", ascii_values, "", same),
    ("sys -c", syscalls, "", same), ("sys -i", dmi, "", same), ("sys -t", taints, "", same),
    ("struct -o list_head", definition, "", comparable_definition), ("struct -o list_head modules", definition, "", comparable_definition),
    ("whatis -o list_head", definition, "", comparable_definition), ("whatis -o atomic_t", definition, "", comparable_definition),
    ("whatis pid_type", enumerators, "", same), ("whatis pid_t", typedefs, "", same), ("whatis PIDTYPE_SID", enumerator, "", same),
    ("dis vfs_read 12", instructions, "", same),
]


def test_text_is_in_json(kernel):
    """Lines made from the objects, against those that the command prints."""
    dump = kernel.dump()
    cases = [case for case in CASES if case[0] != "tree -t maple -v -p sparse_irqs" or "maple_tree" in dump.crash("whatis sparse_irqs")]
    commands = [case[0] for case in cases]
    for (command, lines, option, comparable), text, (_, rows, status) in zip(cases, dump.crash(*commands), run_json(dump, commands)):
        equal(status, "ok", command)
        expect(rows, f"{command}: no answer")
        made = "".join(line + "\n" for line in lines(rows, option))
        same_lines(comparable(made.splitlines()), comparable(text.splitlines()), command)
