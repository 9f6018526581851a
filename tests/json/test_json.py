# Every command with --json: lines that fit docs/json-schema.json, and the same facts as in the text and in the guest's record.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from harness import TOP, Dump, equal, expect, run_crash

sys.path[:0] = [str(TOP / "tests/truth"), str(TOP / "tests/help")]
import test_both_forms  # noqa: E402
import test_help  # noqa: E402

SCHEMA = TOP / "docs/json-schema.json"
# What runs other commands, or answers nothing.
PASSES_ON = {"foreach", "repeat", "quit", "exit", "q"}
ALIASES = {"dmesg": "log", "lsmod": "mod", "size": "*", "px": "p", "pd": "p", "g": "gdb", "man": "help", "?": "help", "last": "ps", "hex": "set",
           "dec": "set", "sn": "set", "sf": "set"}


def run_json(dump, commands, *options):
    """[(command, [lines' objects], status)] of one run with --json. OPTIONS may hold the vmlinux."""
    with tempfile.TemporaryDirectory() as folder:
        script = folder + "/commands"
        with open(script, "w") as file:
            file.write("".join(command + "\n" for command in commands))
        vmlinux = () if options else (dump.vmlinux,)
        done = run_crash("--json", *options, "-i", script, *vmlinux, *dump.files, cwd=folder, timeout=600)
    found, lines = [], []
    for text in done.stdout.splitlines():
        try:
            one = json.loads(text)
        except ValueError:
            expect(False, f"no JSON: {text[:150]!r} after {found[-1][0] if found else 'the start'!r}")
        if set(one) == {"command", "status"}:
            found.append((one["command"], lines, one["status"]))
            lines = []
        else:
            lines.append(one)
    equal(lines, [], "what follows the last status")
    return found


def whose(command):
    """The command in the schema whose lines these are."""
    words = command.split()
    if words[0] == "foreach":
        words = [word for word in words if word in ("bt", "ps", "set", "sig", "task", "vtop")] or words
    if words[0] == "repeat":
        words = [word for word in words[1:] if not word.startswith("-")]
    name = words[0].lstrip("\\")
    if name.startswith("*"):
        name = "*"
    return ALIASES.get(name, name)


def misfits(answers):
    """Those of [(name, line)] that do not fit, as jq sees it."""
    text = "".join(json.dumps({"command": name, "answer": line}) + "\n" for name, line in answers)
    done = subprocess.run(["jq", "-c", "--argjson", "schema", SCHEMA.read_text(), "-f", str(TOP / "tests/json/schema.jq")],
                          input=text, capture_output=True, text=True)
    expect(done.returncode == 0, f"jq: {done.stderr[:200]}")
    return done.stdout.splitlines()


def test_schema_names_every_command():
    known = set(json.loads(SCHEMA.read_text())["$defs"]["commands"])
    equal(sorted(set(test_help.names()) - known), sorted(PASSES_ON & set(test_help.names())),
          "commands that the schema lacks")


def is_plain(command):
    """A command alone, whose answer is ours: no shell, no redirection, no comment."""
    return not re.search(r"[|<>!#;]|//", command) and re.match(r"[a-z*\\?]", command) and \
        not re.match(r"(vi|pwd|grep|cat|more|less|echo|ls|clear|h|r|hi|history|q|quit|exit|set gdb on|set silent|set error|alias \S+ \S|set core|save)\b", command)


def test_every_command_fits_the_schema(kernel):
    commands = [command for session in test_both_forms.sessions() for command in session if is_plain(command)]
    expect(len(commands) > 300, f"only {len(commands)} commands")
    answers, names = [], set()
    schema = json.loads(SCHEMA.read_text())["$defs"]["commands"]
    for command, lines, _ in run_json(kernel.dump(), commands):
        name = whose(command)
        if name not in schema:  # a type, a symbol or gdb's word
            name = "text" if all("text" in line for line in lines) else "struct"
        if name == "text":
            continue
        names.add(name)
        answers += [(name, line) for line in lines]
    bad = misfits(answers)
    expect(not bad, f"{len(bad)} of {len(answers)} lines do not fit, such as {bad[0][:300] if bad else ''}")
    equal(sorted(set(schema) - names - {"save", "help", "gdb"}), [], "commands without an answer")


def test_text_is_kept_to_its_commands(kernel):
    """{"text"} is what out() gave: only commands made for people answer so."""
    commands = ["ps", "bt -a", "log", "mod", "sys", "sig", "task", "kmem -i", "vtop init_task", "rd init_task 4",
                "struct list_head", "struct task_struct init_task", "sym vfs_read", "dis vfs_read", "set", "eval 5",
                "list -H modules", "search -c lab-guest", "p (long)sizeof(long)"]
    for command, lines, status in run_json(kernel.dump(), commands):
        equal(status, "ok", command)
        expect(lines, f"{command}: no answer")
        if not command.startswith("p "):
            equal([line for line in lines if set(line) == {"text"}], [], f"{command}: layout in the answer")


def test_ps_equals_text_and_record(kernel):
    text = {int(row.lstrip("> ").split()[0]): row for row in kernel.dump().crash("ps").splitlines()[1:]}
    (_, rows, _), = run_json(kernel.dump(), ["ps"])
    equal({row["pid"] for row in rows}, set(text), "pids")
    for folder in kernel.truth_paths("proc/[0-9]*/status"):
        fields = dict(line.split(":\t", 1) for line in folder.read_text(errors="replace").splitlines() if ":\t" in line)
        row = next(row for row in rows if row["pid"] == int(fields["Pid"]))
        equal((row["tgid"], row["ppid"]), (int(fields["Tgid"]), int(fields["PPid"])), f"pid {row['pid']}")
        if "VmSize" in fields and row["comm"] != "lab-guest":
            equal(row["vsz"], int(fields["VmSize"].split()[0]) * 1024, f"VmSize of {row['pid']}")


def test_bt_equals_text(kernel):
    (_, traces, _), = run_json(kernel.dump(), ["foreach bt"])
    text = kernel.dump().crash("foreach bt")
    wanted = {}
    for block in re.split(r"^PID: ", text, flags=re.M)[1:]:
        wanted.setdefault(int(block.split()[0]), []).append(re.findall(r"^ *#\d+ \[\w+\] (?:\? )?([^ ]+) ", block, re.M))
    equal(len(traces), sum(map(len, wanted.values())), "traces")
    for trace in traces:
        names = [frame["function"] or "(unknown)" for i, frame in enumerate(trace["frames"])
                 if frame["stack"] != "user" and not ("registers" in frame and i > 0)]
        expect(names in wanted[trace["pid"]], f"pid {trace['pid']}: {names} in JSON, {wanted[trace['pid']]} in text")


def test_log_equals_record(kernel):
    (_, rows, _), = run_json(kernel.dump(), ["log"])
    record = [line for line in kernel.truth("dmesg.kmsg").splitlines() if re.match(r"\d+,\d+,", line)]
    by_sequence = {row["sequence"]: row for row in rows}
    compared = 0
    for line in record:
        head, _, message = line.partition(";")
        priority, sequence, stamp = head.split(",")[:3]
        row = by_sequence[int(sequence)]
        equal((row["facility"] << 3 | row["level"], row["time_ns"] // 1000), (int(priority), int(stamp)), f"message {sequence}")
        if message.isascii() and "\\x" not in message:
            equal(row["message"].splitlines()[0] if row["message"] else "", message, f"message {sequence}")
            compared += 1
    expect(compared > 100, f"only {compared} messages compared")


def test_struct_equals_members(kernel):
    (_, (whole,), _), (_, (some,), _), (_, (kind,), _) = run_json(
        kernel.dump(), ["struct task_struct init_task", "struct task_struct.pid,comm,tasks.next init_task", "whatis task_struct"])
    equal(some["value"], {"pid": 0, "comm": "swapper/0", "tasks.next": whole["value"]["tasks"]["next"]}, "members")
    equal((whole["value"]["pid"], whole["value"]["comm"]), (0, "swapper/0"), "in the whole")
    offsets = {member["name"]: member["offset"] for member in kind["members"]}
    for name in ("pid", "comm", "tasks"):
        text = kernel.dump().crash(f"whatis task_struct.{name}")
        equal(offsets[name], int(re.search(r"\[(\d+)\]", text).group(1)), f"offset of {name}")


def test_one_command_only(kernel):
    """--json behind a command is that command's alone, also through a pipe."""
    text = run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin="ps --json 1 | jq -r .comm\neval --json 16\neval 16\nps --json nosuch\np --json 3\n")
    lines = text.stdout.splitlines()
    equal(lines[0], "init", "through jq")
    equal(json.loads(lines[1])["decimal"], 16, "eval --json")
    expect(lines[2].startswith("hexadecimal: 10"), f"eval after it: {lines[2]!r}")
    equal(json.loads(lines[-2]), {"error": "invalid task or pid value: nosuch", "command": "ps"}, "an error")
    equal(json.loads(lines[-1])["value"], 3, "p --json")
    equal(text.status, 2, "status")


def test_statuses(kernel):
    found = run_json(kernel.dump(), ["eval 1", "# a comment", "", "sym nosuchsymbol", "rd 0", "log | head -1 >/dev/null", "struct nosuch 0"])
    equal([(command, status) for command, _, status in found],
          [("eval 1", "ok"), ("sym nosuchsymbol", "failed"), ("rd 0", "failed"), ("log | head -1 >/dev/null", "ok"), ("struct nosuch 0", "failed")],
          "statuses")
    for command, lines, status in found:
        equal(any("error" in line for line in lines), status == "failed", f"{command}: an error line")


def test_damage_is_an_error_line(kernel):
    """What cannot be read is told in its place, and the lines stay JSON."""
    commands = ["ps", "bt -a", "foreach bt", "log", "mod", "sys", "kmem -i", "foreach task -R pid,comm", "sig 1"]
    nr_errors = 0
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "vmcore"
        with open(kernel.vmcore, "rb") as whole, open(path, "wb") as part:
            shutil.copyfileobj(whole, part)
        for tenths in (8, 6, 4, 2):  # where the kernel put what is asked for differs
            os.truncate(path, kernel.vmcore.stat().st_size * tenths // 10)
            found = run_json(Dump(kernel.name, "truncated", folder), commands, kernel.vmlinux)
            equal([command for command, _, _ in found], commands, f"commands answered of {tenths}0 %")
            bad = misfits([(whose(command), line) for command, lines, _ in found for line in lines])
            expect(not bad, f"{len(bad)} lines do not fit, such as {bad[0][:300] if bad else ''}")
            nr_errors += sum("error" in line for _, lines, _ in found for line in lines)
    expect(nr_errors, "nothing was missing in a fifth of a dump")
