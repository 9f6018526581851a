# The help pages: every command has one, with every option of it; the table, and the pages of the shell.
# SPDX-License-Identifier: GPL-3.0-or-later
import re

from harness import TOP, equal, expect, run_crash


def sources():
    return {p: p.read_text() for p in sorted((TOP / "commands").glob("*.c"))}


def names():
    found = []
    for text in sources().values():
        for block in re.findall(r"^COMMAND\(\w+\) = \{(.*?)^\};", text, re.M | re.S):
            found.append(re.search(r'\.name = "([^"]+)"', block).group(1))
    return sorted(found)


def test_every_command_has_a_page():
    expect(len(names()) > 10, "the commands were not found in their sources")
    for name in names():
        done = run_crash("-h", name)
        equal(done.status, 0, f"status of crash -h {name}")
        expect(done.stdout.startswith(f"\nNAME\n  {name} - "), f"help {name}: {done.stdout[:80]!r}")
        for part in ("SYNOPSIS", "DESCRIPTION", "EXAMPLE"):
            expect(f"\n{part}\n" in done.stdout, f"help {name} has no {part}")
        expect(re.search(rf"\nSYNOPSIS\n  {re.escape(name)}[ \n]", done.stdout), f"help {name}: the synopsis lacks the name")


def test_every_option_is_on_its_page():
    for path, text in sources().items():
        blocks = re.findall(r"struct option (\w+)\[\] = \{(.*?)^\};", text, re.M | re.S)
        commands = re.findall(r"^COMMAND\(\w+\) = \{(.*?)^\};", text, re.M | re.S)
        for table, body in blocks:
            users = [c for c in commands if re.search(rf"\.options = {table}\b", c)]
            expect(users, f"{path.name}: {table}[] belongs to no command")
            for letter in re.findall(r'\{ "([^"]+)", [^,]+, "', body):
                for user in users:
                    name = re.search(r'\.name = "([^"]+)"', user).group(1)
                    page = run_crash("-h", name).stdout
                    expect(re.search(rf"^    -{re.escape(letter)}[ \[]", page, re.M),
                           f"help {name} does not list -{letter}")


def test_lines_fit_a_terminal():
    for page in ["input", "output"] + names():
        text = run_crash("-h", page).stdout.split("\nEXAMPLE\n")[0]
        for line in text.splitlines():
            expect(len(line) <= 80, f"help {page}: a line of {len(line)} columns: {line!r}")


def test_table(kernel):
    text = kernel.crash("help")
    listed = re.findall(r"^\S.*", text.split("crash version:")[0], re.M)
    words = sorted(" ".join(listed).split())
    equal(words, names(), "the commands of the table")
    expect(re.search(r"^crash version: \d+\.\d+    gdb version: 16\.3$", text, re.M), "the versions below the table")
    for line in ('For help on any command above, enter "help <command>".',
                 'For help on input options, enter "help input".',
                 'For help on output options, enter "help output".'):
        expect(line in text, f"help lacks: {line}")


def test_pages_in_a_session(kernel):
    ps, alias, everything, shell_input, output = kernel.crash(
        "help ps", "man last", "help all", "help input", "? output")
    equal(alias, ps, "the page of an alias of ps")
    for word in ("history", "Ctrl-C", "TAB", "*TYPE", "\\WORD", ":CPUS", "< FILE", "COMMAND; COMMAND", "!PROGRAM", "exit status"):
        expect(word in shell_input, f"help input lacks {word}")
    for word in ("pager", "| SHELL", ">> FILE", "--json", "NO_COLOR", "radix"):
        expect(word in output, f"help output lacks {word}")
    for name in names():
        expect(f"\nNAME\n  {name} - " in everything, f"help all lacks {name}")


def test_data_about_the_session(kernel):
    members, registers, built, aliases = kernel.crash("help -o", "help -r", "help -B", "help -a")
    header, notes, listed = kernel.crash("help -D", "help -n", "help -z")
    expect(header.endswith(notes) and len(header) > len(notes), "help -D does not end with what help -n shows")
    expect("cpu note" in notes, f"help -n: {notes[:100]!r}")
    equal(re.findall(r"^    -(\w) - ", listed, re.M), list("aBDkmnoprstTvz"), "the options of help -z")
    expect(re.search(r"task_struct\.comm: offset \d+, 16 bytes", members), "help -o: no task_struct.comm")
    equal(len(re.findall(r"^CPU \d+:$", registers, re.M)), 2, "CPUs of help -r")
    expect(built.startswith("crash "), f"help -B: {built!r}")
    expect('dmesg = "log" (builtin)' in aliases, "help -a")


def rows(text):
    return dict(re.findall(r"^ *([^:]+): (.*)$", text, re.M))


def test_data_about_the_kernel(kernel):
    known, machine, memory, symbols, tasks, each, itself = map(rows, kernel.crash(
        "help -k", "help -m", "help -v", "help -s", "help -t", "help -T", "help -p"))
    ps = kernel.crash("ps")
    equal(tasks["tasks"], str(len(ps.splitlines()) - 1), "tasks of help -t")
    equal(tasks["panic task"].split()[:3], ["ffff" + tasks["panic task"][4:16], "pid", tasks["panic task"].split()[2]],
          "the panic task")
    equal(each["tasks"], tasks["tasks"], "help -T")
    listed = re.findall(r"^ +\d+  (\w{16}) \w{16} \w{16} +(\d+) ", kernel.crash("help -T"), re.M)
    equal([pid for _, pid in listed], re.findall(r"^>? +(\d+) ", ps, re.M), "the rows of help -T")
    equal(known["vmlinux"], str(kernel.vmlinux), "help -k")
    cpus = re.fullmatch(r"(\d+) present, (\d+) online", known["cpus"])
    equal((cpus.group(1), "OFFLINE" in kernel.crash("sys")), ("2", cpus.group(2) == "1"), "cpus of help -k")
    offset = int(known["kaslr offset"], 16)
    equal(int(symbols["kaslr offset"], 16), offset, "KASLR")
    truth = {name: int(value, 16) for value, name in re.findall(r"^(\w+) \w (_text|_stext)$", kernel.truth("proc/kallsyms"), re.M)}
    linked = 0xffffffff81000000
    equal(offset, truth["_text"] - linked, "KASLR offset against /proc/kallsyms")
    equal(machine["machine"], "x86_64", "help -m")
    expect(machine["page table levels"] in ("4", "5"), f"levels: {machine['page table levels']}")
    expect(machine["direct map"].startswith("ffff") or machine["direct map"].startswith("ff11"), "direct map")
    meminfo = dict(re.findall(r"^(\w+): +(\d+) kB", kernel.truth("proc/meminfo"), re.M))
    equal(int(memory["managed pages"]) * 4, int(meminfo["MemTotal"]), "managed pages")
    equal(itself["dump"], str(kernel.vmcore), "help -p")
    for option in "bcdefghHKLNVx":
        answer = kernel.crash(f"help -{option}")
        expect(answer.startswith(f"help: crash keeps nothing to show with -{option}: "), f"help -{option}: {answer!r}")
    expect("help -m" in kernel.crash("help -M 1"), "help -M")