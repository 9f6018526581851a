# The variables of `set`: each is changed, and what depends on it looked at. Others: scroll truth/shell, edit person/line,
# zero_excluded format/degrade, unwind truth/bt, scope truth/struct,
# gdb truth/gdb_citizen, refresh truth/live.
# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import re
import resource
import subprocess
import tempfile

from harness import CRASH, HANGS, environment, equal, expect, run_crash


def session(kernel, text, *options, dump=None):
    return run_crash("-s", *options, kernel.vmlinux, dump or kernel.vmcore, stdin=text)


def test_offline(kernel):
    """A panic takes the other processor offline: the record says that both were there."""
    expect("OFFLINE: 1]" in kernel.crash("sys"), f"sys: {kernel.crash('sys')!r}")
    online = int(re.search(r" CPU: (\d+) ", kernel.crash("bt -p"))[1])
    offline = 1 - online
    commands = ("bt -a", "bt -c 0", "bt -c 1", "ps -A", f"ps -m -C {offline}", "p process_counts:a", "struct list_head runqueues:a",
                f"struct list_head runqueues:{offline}", f"p runqueues:{offline}", "sys")
    shown, hidden = (dict(zip(commands, kernel.crash_in_context(1, *commands, before=[f"set offline {how}"]))) for how in ("show", "hide"))
    equal(len(re.findall(r"^PID: ", shown["bt -a"], re.M)), 2, "traces of bt -a")
    equal(re.findall(r"^PID: .* CPU: (\d)|^bt: CPU (\d) is OFFLINE\.$", hidden["bt -a"], re.M),
          sorted([(str(online), ""), ("", str(offline))], key="".join), "bt -a with offline hide")
    equal(hidden[f"bt -c {offline}"], f"bt: CPU {offline} is OFFLINE.\n", "bt -c of the offline one")
    equal(hidden[f"bt -c {online}"], shown[f"bt -c {online}"], "bt -c of the online one")
    marks = lambda text: {row[0]: row[1] for row in re.findall(r"^([-> ]) +\d+ +\d+ +(\d)  ", text, re.M)}
    equal(sorted(re.findall(r"^(.) +\d+ +\d+ +(\d)  ", shown["ps -A"], re.M)), [(">", "0"), (">", "1")], "ps -A")
    equal(marks(hidden["ps -A"]), {">": str(online), "-": str(offline)}, "ps -A with offline hide")
    blocks = f"ps -m -C {offline}"
    expect(shown[blocks].startswith(f"CPU: {offline}\n[") and shown[blocks].count("PID: ") > 20, f"{blocks}: {shown[blocks][:80]!r}")
    equal(hidden[blocks], f"CPU: {offline} [OFFLINE]\n", blocks)
    for command in ("p process_counts:a", "struct list_head runqueues:a"):
        other = [line for line in hidden[command].splitlines() if line != f"cpu {offline} is OFFLINE"]
        equal(len(other), len(hidden[command].splitlines()) - 1, f"{command}: lines about the offline cpu")
        strip = lambda text: re.sub(r"\$\d+", "$", text)
        expect(strip("\n".join(other)) in strip(shown[command]), f"{command}: {other}")
    for command in (f"struct list_head runqueues:{offline}", f"p runqueues:{offline}"):
        equal(hidden[command], f"cpu {offline} is OFFLINE\n", command)
    equal(hidden["sys"], shown["sys"], "sys")


def test_hash(kernel):
    """From process 1's way back to the head of all processes:
    a list that leads into a ring, whose start comes twice."""
    head = int(kernel.crash("sym init_task").split()[0], 16)
    offset = int(re.search(r"\[(\d+)\]", kernel.crash("struct -o task_struct.tasks"))[1])
    first = int(re.search(r"TASK: ([0-9a-f]+)", kernel.crash("set 1"))[1], 16) + offset
    length = len(kernel.crash("list task_struct.tasks -h init_task").splitlines())
    on, off = (session(kernel, f"set hash {how}\nlist -H {first + 8:x}\n").stdout.splitlines()[1:] for how in ("on", "off"))
    equal((on[:2], on[-1]), ([f"{head + offset:x}", f"{first:x}"], f"list: duplicate list entry: {head + offset:x}"), "with hash on")
    equal(len(on), length + 1, "lines with hash on: every entry once")
    expect(off[-1].startswith(f"list: loop detected, loop length: {length}, loop start: {head + offset:x}, "), f"with hash off: {off[-1]!r}")
    equal((off[:length], len(off) > len(on)), (on[:length], True), "the entries with hash off")


def test_free(kernel):
    """A packed dump keeps the pages that were read: a file that is mapped has none to keep."""
    packed = kernel.folder / "vmcore.zlib"
    text = session(kernel, "set free\nset free\nrd linux_banner\nset free\nset free\n", dump=packed).stdout
    counts = [int(number) for number in re.findall(r"^(\d+) pages freed$", text, re.M)]
    expect(len(counts) == 4 and counts[0] > 0 and counts[1:] == [0, 1, 0], f"pages freed: {counts}")
    expect("Linux ve" in text, "rd after set free")
    equal(session(kernel, "set free\n").stdout, "0 pages freed\n", "with a mapped dump")


def debug_lines(result):
    return [line for line in result.stderr.splitlines() if line.startswith("debug: ")]


def test_debug(kernel):
    quiet = session(kernel, "ps 1\n")
    equal(quiet.stderr, "", "without debug")
    counts = {}
    for level in (1, 4, 8):
        result = session(kernel, f"set debug {level}\nps 1\nset debug\nset debug 0\nsig 1\n")
        lines = debug_lines(result)
        expect(f"debug: {level}\n" in result.stdout and quiet.stdout in result.stdout, f"the answers: {result.stdout[:200]!r}")
        equal(lines, result.stderr.splitlines(), "what standard error has")
        expect(re.search(r"^debug: command ps 1: 0\.\d+ s$", result.stderr, re.M), f"the time that ps took: {lines[:3]}")
        expect("command sig" not in result.stderr, "messages after set debug 0")
        counts[level] = len(lines)
        equal(any("debug: structure member task_struct.mm: offset " in line for line in lines), level >= 4, f"names with {level}")
        reads = re.findall(r"^debug: read (\d+) bytes at physical address ([0-9a-f]+)$", result.stderr, re.M)
        equal(bool(reads), level >= 8, f"reads with {level}")
    expect(counts[1] < counts[4] < counts[8], f"messages: {counts}")
    # What was read is what is there.
    text = session(kernel, "set debug 8\nrd linux_banner\nset debug 0\nvtop linux_banner\n")
    place = re.search(r"^[0-9a-f]+ +([0-9a-f]+) *$", text.stdout[text.stdout.index("VIRTUAL"):], re.M)[1]
    expect(f"debug: read 8 bytes at physical address {place}\n" in text.stderr, f"{place} is not in {text.stderr!r}")


def test_debug_at_the_start(kernel):
    for words in (("-d", "1"), ("-d1",)):
        result = session(kernel, "", *words)
        for path in (kernel.vmlinux, kernel.vmcore):
            size = pathlib.Path(path).stat().st_size
            expect(f"debug: file {path}: {size} bytes\n" in result.stderr, f"{path} is not in {result.stderr!r}")
        expect(re.search(r"^debug: memory: direct map at ffff[0-9a-f]+, image moved by [0-9a-f]+, ", result.stderr, re.M),
               f"the layout of memory: {result.stderr!r}")
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "vmcore"
        copy.symlink_to(kernel.vmcore)
        result = run_crash("-s", "-d", "1", copy, stdin="")
        expect(f"debug: file {copy}: " in result.stderr and "vmlinux" not in result.stderr, f"without a vmlinux: {result.stderr!r}")


def test_data_debug(kernel):
    result = session(kernel, "set data_debug on\nsig 1\nset data_debug off\nps 1\n")
    expect(result.stdout.startswith("data_debug: on\n") and "data_debug: off\n" in result.stdout, f"{result.stdout[:60]!r}")
    lines = debug_lines(result)
    offset = int(re.search(r"\[(\d+)\]", kernel.crash("struct -o task_struct.sighand"))[1])
    expect(f"debug: structure member task_struct.sighand: offset {offset}, 8 bytes" in lines, f"{lines[:5]}")
    expect(all(re.match(r"debug: (structure member|type|symbol|enumerator) ", line) for line in lines), f"{lines[:5]}")
    expect(not any("mm_struct" in line for line in lines), "messages after set data_debug off")


def test_console(kernel):
    with tempfile.TemporaryDirectory() as folder:
        console = pathlib.Path(folder) / "console"
        console.write_text("first\n")
        result = session(kernel, f"set console\nset console {console}\nset debug 1\neval 1\n")
        equal(result.stdout.splitlines()[:2], ["console: not set", f"console: {console}"], "the variable")
        equal(result.stderr, "", "standard error")
        expect(re.fullmatch(r"first\n(debug: .*\n)*debug: command eval 1: .*\n", console.read_text()), f"{console.read_text()!r}")
        console.write_text("")
        equal((session(kernel, "eval 1\n", "-c", console, "-d", "1").stderr, "command eval 1" in console.read_text()), ("", True), "-c")
        result = session(kernel, f"set console {folder}/none/file\nset console\n")
        equal((result.stdout, result.status), (f"set: console device {folder}/none/file: No such file or directory\n"
                                               "console: not set\n", 2), "a console that is not there")


def test_printing(kernel):
    text = session(kernel, "set print_max 4\np init_task.comm\nset print_max 256\np init_task.comm\n").stdout
    expect(re.search(r'= "swap"\.\.\.$', text, re.M) and '"swapper/0' in text, f"print_max: {text!r}")
    flat, rows = (session(kernel, f"set print_array {how}\np init_task.comm\np init_task.rlimit\np init_task.signal->rlim\n").stdout for how in ("off", "on"))
    expect(rows.count("\n") > flat.count("\n"), f"print_array: {flat!r} {rows!r}")
    whole, ended = (session(kernel, f"set null-stop {how}\np init_task.comm\n").stdout for how in ("off", "on"))
    equal((r'"swapper/0\000' in whole, ended.endswith('"swapper/0"\n')), (True, True), f"null-stop: {whole!r} {ended!r}")


def test_silent(kernel):
    text = run_crash(kernel.vmlinux, kernel.vmcore, stdin="set silent on\neval 1\nset silent off\neval 2\n").stdout
    expect("crash> set silent on\nsilent: on\nhexadecimal: 1 " in text, f"{text[-400:]!r}")
    expect("silent: off\ncrash> eval 2\n" in text, f"{text[-300:]!r}")


def test_error(kernel):
    with tempfile.TemporaryDirectory() as folder:
        piped, log = pathlib.Path(folder) / "piped", pathlib.Path(folder) / "log"
        for setting, on_screen, in_pipe, in_file in (("default", True, True, False), ("redirect", False, True, False), (log, False, False, True)):
            log.write_text("")
            shown = session(kernel, f"set error {setting}\nps nosuch > {piped}\n").stdout
            expect(shown.startswith(f"error: {setting}\n"), f"set error {setting}: {shown!r}")
            found = tuple("ps: invalid task or pid value: nosuch" in text for text in (shown, piped.read_text(), log.read_text()))
            equal(found, (on_screen, in_pipe, in_file), f"screen, pipe and file with error {setting}")
        equal(session(kernel, f"set error {folder}/no/file\n").status, 2, "a file that cannot be made")


def test_core(kernel):
    """The error message is told, then the program ends as a crash does."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([str(CRASH), "-s", str(kernel.vmlinux), str(kernel.vmcore)], input=b"set core on\neval 1\nps nosuch\neval 2\n",
                              capture_output=True, env=environment(), cwd=folder, timeout=HANGS,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)))
    equal((done.returncode, re.findall(rb"hexadecimal: (\d)", done.stdout)), (-6, [b"1"]), "status, and what ran")
    expect(b"ps: invalid task or pid value: nosuch" in done.stdout, f"{done.stdout!r}")


def test_redzone_is_off_at_first(kernel):
    equal(session(kernel, "set redzone\nset redzone on\nset redzone\nset redzone off\n").stdout,
          "redzone: off\nredzone: on\nredzone: on\nredzone: off\n", "redzone")


def test_wrong_settings(kernel):
    for words in ("refresh maybe", "hash 2", "debug x", "debug -1", "data_debug 1", "redzone x", "offline x", "radix 8", "print_max x",
                  "print_array x", "null-stop x", "unwind x", "core x", "silent x", "edit ed", "zero_excluded x", "gdb x", "scroll x",
                  "free now", "debuginfod x", "console /", "scope jiffies", "error /", "namelist x", "dumpfile x"):
        name = words.split()[0]
        before, after = (session(kernel, "set -v\n" + line).stdout for line in ("", f"set {words}\n"))
        expect(after.startswith(before) and len(after) > len(before), f"set {words}: {after[len(before):]!r}")
        result = session(kernel, f"set {words}\nset -v\n")
        equal(result.status, 2, f"status of set {words}")
        if name != "free":
            expect(result.stdout.startswith("set: "), f"set {words}: {result.stdout[:100]!r}")
        expect(result.stdout.endswith(before), f"set {words} changed something: {result.stdout!r}")
