# One fact has one answer, whichever command is asked, in text and in JSON, on dumps of every end that a kernel takes.
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import re
import sys

from harness import TOP, equal, expect, run_crash, same_lines, table

sys.path[:0] = [str(TOP / "tests/lab")]
import dumps  # noqa: E402

COMMANDS = ("set", "sys", "bt", "task -R pid", "ps", "ps -A", "ps -S", "bt -a", "help -t", "help -k", "help -m", "help -v", "kmem -i", "sys -t",
            "mod", "log")
JSON = ("set", "sys", "ps", "kmem -i", "mod", "ps -S")


def rows(text):
    """{label: value} of "LABEL: value" lines; the first of a name counts."""
    found = {}
    for label, value in re.findall(r"^ *([^\s:][^:\n]*): ?(.*?) *$", text, re.M):
        found.setdefault(label, value)
    return found


def ask(dump):
    """The banner, {command: text}, {command: objects}."""
    banner = run_crash(dump.vmlinux, *dump.files, stdin="quit\n").stdout
    text = dict(zip(COMMANDS, dump.crash(*COMMANDS)))
    done = run_crash("--json", dump.vmlinux, *dump.files, stdin="".join(f"{command}\n" for command in JSON))
    objects, lines = {}, []
    for line in map(json.loads, done.stdout.splitlines()):
        if "status" in line and "command" in line:
            objects[line["command"]], lines = lines, []
        else:
            lines.append(line)
    return banner, text, objects


def check_context(banner, text, objects):
    """Who is current, and why: banner, set, bt, task, ps and help -t."""
    first, now = rows(banner), rows(text["set"])
    for label in ("PID", "COMMAND", "TASK", "CPU", "STATE"):
        equal(now[label], first[label], f"{label} of set and the banner")
    task = re.match(r"[0-9a-f]+", now["TASK"])[0]
    for command in ("bt", "task -R pid"):
        found = re.search(r'^PID: (\d+) +TASK: (\w+) +CPU: (\d+) +COMMAND: ("[^"]*")', text[command], re.M)
        expect(found, f"{command}: {text[command][:200]!r}")
        equal(found.groups(), (now["PID"], task, now["CPU"], now["COMMAND"]), f"the header of {command}")
    row, = [row for row in table(text["ps"].replace(">", " "), "PID") if row[3] == task]
    equal((row[0], row[2]), (now["PID"], now["CPU"]), "the row of ps")
    known = rows(text["help -t"])
    equal((known[".pid"], known[".task"], known[".processor"], known[".comm"]), (now["PID"], task, now["CPU"], now["COMMAND"]), "help -t")
    (one,), state = objects["set"], re.match(r"\S+", now["STATE"])[0]
    equal((str(one["pid"]), one["task"], str(one["cpu"]), f'"{one["comm"]}"', one["state"]),
          (now["PID"], f"0x{task}", now["CPU"], now["COMMAND"], state), "set --json")
    listed, = [row for row in objects["ps"] if row["task"] == one["task"]]
    equal([listed[key] for key in ("pid", "cpu", "comm", "active", "panic")], [one[key] for key in ("pid", "cpu", "comm", "active", "panic")],
          "set --json and ps --json")
    equal(listed["state"], row[4], "the state's letters")
    equal(listed["state"] == "RU", state == "TASK_RUNNING", "the state of ps and set")
    return one, known


def check_panic(banner, text, objects, one, known):
    """What it panicked of: the mark behind STATE goes with the panic's own text."""
    panic, state = rows(banner)["PANIC"], rows(text["set"])["STATE"]
    mark = re.search(r"\((\w+)\)$", state)
    equal(known["panicmsg"], panic, "panicmsg of help -t")
    equal(objects["sys"][0]["panic"] or "", panic.strip('"'), "panic of sys --json")
    equal(known["panic_task"] != "unknown", panic != '""', "a panic task where there is a panic")
    equal(one["panic"], known["panic_task"].startswith(one["task"][2:]), "the panic task")
    kexec = rows(text["help -k"])["kexec"] != "no"
    wanted = "SYSRQ" if "sysrq" in panic and not kexec else "PANIC" if one["panic"] else "ACTIVE" if one["active"] else None
    equal(mark and mark[1], wanted, f"what stands behind {state!r}, panic {panic}")


def check_machine(dump, banner, text, objects):
    sys_rows, first, kernel, machine, memory = (rows(part) for part in (
        text["sys"], banner, text["help -k"], text["help -m"], text["help -v"]))
    (told,), (totals,) = objects["sys"], objects["kmem -i"]
    for label, value in sys_rows.items():
        equal(first[label], value, f"{label} of sys and the banner")
    cpus = f"{told['cpus']}" + (f" [OFFLINE: {told['cpus'] - told['cpus_online']}]" if told["cpus"] != told["cpus_online"] else "")
    equal(sys_rows["CPUS"], cpus, "CPUS")
    equal((kernel["cpus"], len(kernel["online cpus"].split())), (str(told["cpus"]), told["cpus_online"]), "help -k")
    days, clock = re.fullmatch(r"(?:(\d+) days, )?([\d:]+)", sys_rows["UPTIME"]).groups()
    hours, minutes, seconds = map(int, clock.split(":"))
    equal(int(days or 0) * 86400 + hours * 3600 + minutes * 60 + seconds, int(told["uptime_seconds"]), "UPTIME")
    equal(kernel["date"], sys_rows["DATE"], "DATE")
    equal(sys_rows["LOAD AVERAGE"], ", ".join(f"{load:.2f}" for load in told["load_average"]), "LOAD AVERAGE")
    for label, key, name in (("NODENAME", "nodename", ".nodename"), ("RELEASE", "release", ".release"), ("VERSION", "version", ".version")):
        equal((told[key], kernel[name]), (sys_rows[label], sys_rows[label]), label)
    equal(sys_rows["MACHINE"].split()[0], told["machine"], "MACHINE")
    mhz = re.search(r"\((\w+) Mhz\)", sys_rows["MACHINE"])[1]
    equal((mhz, machine["mhz"]), (str(told["mhz"]), str(told["mhz"])), "Mhz")
    equal(machine["memsize"], f"{told['memory']} (0x{told['memory']:x})", "memsize")
    equal(memory["memory"], f"{told['memory']} bytes", "memory of help -v")
    number, unit = sys_rows["MEMORY"].split()
    expect(abs(float(number) * {"MB": 1 << 20, "GB": 1 << 30}[unit] - told["memory"]) <= 0.05 * {"MB": 1 << 20, "GB": 1 << 30}[unit], "MEMORY")
    total = re.search(r"TOTAL MEM +(\d+) ", text["kmem -i"])[1]
    equal((memory["totalram_pages"], totals["total_mem"]), (total, int(total) * 4096), "TOTAL MEM")
    expect(totals["total_mem"] <= told["memory"], "more pages are managed than there are")
    release = run_crash("--osrelease", *dump.files).stdout.strip()
    equal(release, told["release"], "--osrelease")
    same_lines(run_crash("--log", *dump.files).stdout.splitlines(), text["log"].splitlines(), "--log and log")


def check_counts(banner, text, objects):
    listed = table(text["ps"].replace(">", " "), "PID")
    summed = sum(int(count) for count in re.findall(r"\w+: (\d+)", text["ps -S"]))
    known = rows(text["help -t"])
    equal({len(listed), summed, int(known["running_tasks"]), len(objects["ps"]), objects["sys"][0]["tasks"], sum(row["count"] for row in objects["ps -S"])},
          {int(rows(banner)["TASKS"])}, "numbers of tasks")
    active = {row[3] for row in table(text["ps -A"].replace(">", " "), "PID")}
    equal({row["task"][2:] for row in objects["ps"] if row["active"]}, active, "active tasks of ps --json")
    equal(set(re.findall(r"^PID: .* TASK: (\w+) ", text["bt -a"], re.M)), active, "tasks of bt -a")
    equal(int(known["active"]), len(active), "active of help -t")
    running = re.search(r"^ *current\[\d+\]:\n +(.*)$", text["help -m"], re.M)[1].split()
    equal(set(running) - {"0" * 16}, active, "current[] of help -m")
    modules = table(text["mod"], "MODULE")
    equal((int(rows(text["help -k"])["mods_installed"]), len(objects["mod"])), (len(modules), len(modules)), "numbers of modules")
    flags = int(objects["sys"][0]["taint_flags"], 16)
    equal("[TAINTED]" in banner, flags != 0, "[TAINTED]")
    equal(int(rows(text["help -k"])["taint"].split()[0], 16), flags, "taint of help -k")
    equal(int(re.search(r"TAINTED_MASK: (\w+)", text["sys -t"])[1], 16), flags, "sys -t")


def test_one_answer(kernel):
    """Every scenario that this kernel has."""
    problems = []
    for name in dumps.needed(kernel.name):
        try:
            dump = kernel.dump(name)
            banner, text, objects = ask(dump)
            one, known = check_context(banner, text, objects)
            check_panic(banner, text, objects, one, known)
            check_machine(dump, banner, text, objects)
            check_counts(banner, text, objects)
        except Exception as problem:  # noqa: BLE001: each dump is looked at
            problems.append(f"{name}: {type(problem).__name__}: {problem}")
    expect(not problems, " || ".join(problems)[:1500])
