# Every command with --json: lines that fit docs/json-schema.json, and the same facts as in the text and in the guest's record.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

from harness import CRASH, HANGS, TOP, Dump, environment, equal, expect, run_crash

sys.path[:0] = [str(TOP / "tests/truth"), str(TOP / "tests/help")]
import test_both_forms  # noqa: E402
import test_help  # noqa: E402

SCHEMA = TOP / "docs/json-schema.json"
# What runs other commands, or answers nothing.
PASSES_ON = {"foreach", "repeat", "quit", "exit", "q"}
ALIASES = {"dmesg": "log", "lsmod": "mod", "size": "*", "px": "p", "pd": "p", "g": "gdb", "man": "help", "?": "help", "last": "ps", "hex": "set",
           "dec": "set", "sn": "set", "sf": "set"}


def run_json(dump, commands, *options):
    """[(command, [lines' objects], status)] of one run with --json.
    OPTIONS may hold the vmlinux."""
    with tempfile.TemporaryDirectory() as folder:
        script = folder + "/commands"
        with open(script, "w") as file:
            file.write("".join(command + "\n" for command in commands))
        vmlinux = () if options else (dump.vmlinux,)
        done = run_crash("--json", *options, "-i", script, *vmlinux, *dump.files, cwd=folder)
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
        words = [word for word in words if word in ("bt", "ps", "set", "sig", "task", "vm", "vtop")] or words
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
            keys = set().union(*lines)
            name = "gdb" if keys <= {"text"} else "p" if "expression" in keys else "whatis" if keys & {"name", "enumerators"} else "struct"
        names.add(name)
        # What a listing has thousands of is alike.
        answers += [(name, line) for line in (lines if len(lines) < 4000 else lines[:2000] + lines[-2000:])]
    bad = misfits(answers)
    expect(not bad, f"{len(bad)} of {len(answers)} lines do not fit, such as {bad[0][:300] if bad else ''}")
    equal(sorted(set(schema) - names - {"save"}), [], "commands without an answer")


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


def test_memory_of_the_file(kernel):
    """struct -f: offsets in the dump file, never addresses."""
    (_, (header,), _), = run_json(kernel.dump(), ["struct -f elf64_hdr 0"])
    with open(kernel.vmcore, "rb") as file:
        equal(bytes(header["value"]["e_ident"]), file.read(16), "e_ident")


def test_targets_of_pointers(kernel):
    (_, (whole,), _), (_, (some,), _), (_, (parent,), _) = run_json(
        kernel.dump(), ["struct -p list_head modules", "struct -p task_struct.parent,comm init_task", "struct list_head modules.next"])
    equal([(one["member"], one["address"]) for one in whole["targets"]], list(whole["value"].items()), "pointers of list_head")
    for one in whole["targets"]:
        (_, (target,), _), = run_json(kernel.dump(), [f"struct list_head {digits(one['address'])}"])
        equal(one["value"], target["value"], one["member"])
    (one,) = some["targets"]
    equal((one["type"], one["symbol"], one["value"]["comm"]), ("struct task_struct *", "init_task", "swapper/0"), "the idle task's parent")
    expect("targets" not in parent, "targets without -p")


def digits(address):
    return address[2:]


def test_symbols_and_strings_behind_pointers(kernel):
    (_, (row,), _), = run_json(kernel.dump(), ["struct file_system_type.name,init_fs_context,fs_flags ext4_fs_type"])
    text = kernel.dump().crash("struct file_system_type.name,init_fs_context ext4_fs_type")
    equal(row["strings"], {row["value"]["name"]: "ext4"}, "strings")
    # Some kernels have a symbol somewhere before the text.
    expect(re.search(rf"{digits(row['value']['name'])} (<[\w.+]+> )?\"ext4\"", text), f"in text: {text!r}")
    for address, name in row.get("symbols", {}).items():
        # gdb's own words do not name the module, which ext4 is in some builds.
        expect(f"{digits(address)} <{name.split(' [')[0]}>" in text, f"in text: {text!r}")


def test_values_of_expressions(kernel):
    wanted = {"p 1.5": 1.5, "p 1.0/0": None, "p -1.0/0": None, "p 0.0/0": None, "p -3": -3, "p 18446744073709551615UL": 2**64 - 1, "p -x 255": 255,
              "p init_task.comm": "swapper/0", "p (enum pid_type)1": "PIDTYPE_TGID", "p init_task.comm[0]": ord("s"), "p 1 == 1": 1}
    for (command, rows, status), value in zip(run_json(kernel.dump(), list(wanted)), wanted.values()):
        equal((status, rows[0]["value"]), ("ok", value), command)
    (_, (banner,), _), (_, (ring,), _), (_, (head,), _), (_, (percpu, *_), _) = run_json(
        kernel.dump(), ["p linux_banner", "p &modules", "p modules", "p runqueues.nr_running:a"])
    equal(banner["value"].split(" (")[0], kernel.truth("proc/version").split(" (")[0], "linux_banner")
    equal((ring["value"], ring["type"]), (head["address"], "struct list_head *"), "&modules")
    equal(sorted(head["value"]), ["next", "prev"], "members of modules")
    equal((percpu["cpu"], type(percpu["value"])), (0, int), "per-cpu")


def test_names_that_may_have_been_meant(kernel):
    for command in ("sym vfs_rea", "rd vfs_rea", "dis vfs_rea"):
        text = kernel.dump().crash(command)
        (_, (row,), status), = run_json(kernel.dump(), [command])
        equal(status, "failed", command)
        wanted = re.findall(r"^  ([0-9a-f]+) \(.\) (\S+)", text, re.M)
        expect(wanted, f"no alternatives: {text!r}")
        equal([(digits(one["address"]), one["name"]) for one in row["alternatives"]], wanted, command)


def test_refused_addresses_do_not_end_vtop(kernel):
    (_, rows, status), = run_json(kernel.dump(), ["vtop -u 10 20"])
    equal(([row["virtual"] for row in rows], {row["physical"] for row in rows}, status), (["0x10", "0x20"], {None}, "ok"), "vtop")


def test_members_that_are_none(kernel):
    (_, rows, status), = run_json(kernel.dump(), ["task -R pid,nosuch 1"])
    equal([sorted(row) for row in rows], [["command", "error"], ["comm", "cpu", "pid", "task", "task_struct"]], "lines")
    equal((rows[1]["task_struct"]["value"], status), ({"pid": 1}, "failed"), "what there is")


def test_warnings_are_lines(kernel):
    (_, rows, status), = run_json(kernel.dump(), ["p jiffies:0"])
    equal([sorted(row)[0] for row in rows], ["expression", "warning"][::-1], "lines")
    equal((rows[0]["warning"], status), ("jiffies is no per-cpu variable; :0 is ignored", "ok"), "the warning")


def test_variables_as_they_are(kernel):
    (_, rows, _), = run_json(kernel.dump(), ["set -v"])
    values = {row["variable"]: row["value"] for row in rows}
    equal((values["radix"], values["scroll"], values["unwind"], values["scope"], values["console"], values["edit"]),
          (10, True, False, None, None, "emacs"), "values")


def test_the_task_that_was_marked(kernel):
    """set -a answers for the task that it marked, which need not be the current one."""
    (_, (current,), _), (_, (marked,), _) = run_json(kernel.dump(), ["set", "set -a 2"])
    expect(current["pid"] != 2, "pid 2 is the current task")
    equal((marked["pid"], marked["comm"], marked["active"]), (2, "kthreadd", True), "set -a 2")


def test_output_to_a_file_and_through_a_pipe(kernel):
    with tempfile.TemporaryDirectory() as folder:
        found = run_json(kernel.dump(), [f"ps 1 > {folder}/out", f"ps 2 | jq -c .pid > {folder}/piped", f"sym nosuch > {folder}/error"])
        equal([(lines, status) for _, lines, status in found], [([], "ok"), ([], "ok"), ([], "failed")], "what stays in the stream")
        equal(json.loads(pathlib.Path(folder, "out").read_text())["comm"], "init", "in the file")
        equal(pathlib.Path(folder, "piped").read_text(), "2\n", "through the pipe")
        equal(json.loads(pathlib.Path(folder, "error").read_text())["command"], "sym", "the error")


def test_options_for_people_change_nothing(kernel):
    plain, *others = run_json(kernel.dump(), ["struct list_head modules", "struct -x list_head modules", "struct -d list_head modules"])
    for _, lines, _ in others:
        equal(lines, plain[1], "struct -x and -d")


def test_examples_of_the_document(kernel):
    """Each line of the last block, as a shell runs it."""
    block = (TOP / "docs/json.md").read_text().split("```sh\n")[1].split("```")[0].splitlines()
    answers = []
    for line in block:
        expect(line.count("crash --json vmlinux vmcore | jq") == 1, f"not an example: {line!r}")
        line = line.replace("crash --json vmlinux vmcore", f"{CRASH} --json {kernel.vmlinux} {kernel.vmcore}")
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
        equal(done.returncode, 0, f"{line}: {done.stderr[-200:]}")
        answers.append(done.stdout.splitlines())
    stuck, severe, traces, errors = answers
    equal(stuck, [row.split()[-1] for row in kernel.dump().crash("ps").splitlines() if " UN " in row], "tasks in UN")
    expect(any("Kernel panic" in line for line in severe), "no panic among the severe messages")
    expect(any(line.startswith("1\t") and ";" in line for line in traces), "no trace of init")
    equal(errors, ["command not found: nosuch"], "errors")


def test_document_names_every_command():
    text = (TOP / "docs/json.md").read_text()
    known = set(json.loads(SCHEMA.read_text())["$defs"]["commands"]) - {"alias", "ascii", "eval", "save", "wr"}
    equal(sorted(name for name in known if f"`{name}" not in text), [], "commands that json.md leaves out")


def test_interrupt_is_a_status(kernel):
    """Ctrl-C ends a command between two lines; what comes after it still answers."""
    program = subprocess.Popen([CRASH, "--json", "--exec", "repeat -1 p 5", "--exec", "eval 1", kernel.vmlinux, kernel.vmcore],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    first = json.loads(program.stdout.readline())
    program.send_signal(signal.SIGINT)
    lines = [json.loads(line) for line in program.communicate(timeout=HANGS)[0].splitlines()]
    equal((first["value"], program.returncode), (5, 2), "the answer before it, and the program's status")
    equal([line for line in lines if "status" in line],
          [{"command": "repeat -1 p 5", "status": "interrupted"}, {"command": "eval 1", "status": "ok"}], "statuses")


def test_foreach_says_whose(kernel):
    """Every object, also of commands that say nothing of tasks."""
    commands = ["foreach 1 2 vtop init_task 10", "foreach 1 2 set", "foreach 1 2 sig", "foreach 1 2 task -R pid", "foreach 1 2 bt", "foreach 1 2 ps"]
    for command, rows, _ in run_json(kernel.dump(), commands):
        equal({row["pid"] for row in rows if "error" not in row}, {1, 2}, command)


def test_every_byte_is_utf8(kernel):
    """Names, messages, arguments and memory hold whatever they hold."""
    commands = ["ps", "log", "foreach ps -a", "task -R comm", "rd -a init_task 4000", "search -c lab-guest", "foreach bt", "sys -i",
                "struct -f elf64_hdr 0", "eval \xff", "\xff\xfe", "sym \xc3\x28", "rd -a linux_banner 300"]
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder, "commands")
        script.write_bytes("".join(command + "\n" for command in commands).encode("latin-1"))
        done = subprocess.run([CRASH, "--json", "-i", script, kernel.vmlinux, kernel.vmcore], capture_output=True, env=environment())
    lines = done.stdout.decode().splitlines()  # strict
    equal(sum("status" in json.loads(line) for line in lines), len(commands), "statuses")
    expect(all(ord(c) >= 0x20 for line in lines for c in line), "a control character")
