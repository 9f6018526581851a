# Programs that start crash, give it commands and read what it writes: each does here what it does.
# SPDX-License-Identifier: GPL-3.0-or-later
import gzip
import pathlib
import re
import shutil
import subprocess
import tempfile

from harness import CRASH, HANGS, environment, equal, expect, run_crash

# What a terminal of a service, and a person's, would say.
TERMS = ("dumb", "xterm-256color")


def start(*arguments, stdin="", term="dumb", cwd=None, home=None):
    """As those programs do it: no option but theirs. Standard input is text, or a file."""
    more = {"input": stdin.encode()} if isinstance(stdin, str) else {"stdin": stdin}
    done = subprocess.run([str(CRASH), *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=HANGS, cwd=cwd,
                          env=environment({"TERM": term, **({"HOME": str(home)} if home else {})}), **more)
    expect(b"\033" not in done.stdout, f"escape sequences in a pipe with TERM={term}: {done.stdout[:200]!r}")
    return done.returncode, done.stdout.decode(errors="strict")


def record(folder, *lines):
    path = pathlib.Path(folder) / "commands"
    path.write_text("\n".join(lines) + "\n")
    return path


def release(kernel):
    return kernel.truth("proc/sys/kernel/osrelease").strip()


def crashed_pid(kernel):
    return int(re.search(r"PID: (\d+)", kernel.crash("set -p"))[1])


def test_retrace_server_asks_for_the_release(kernel):
    done = subprocess.run([str(CRASH), "--osrelease", str(kernel.vmcore)], stdout=subprocess.PIPE, env=environment(), timeout=HANGS)
    equal((done.returncode, done.stdout.decode().strip()), (0, release(kernel)), "retrace-server: crash --osrelease")
    head = subprocess.run(["sh", "-c", '"$0" --osrelease "$1" | head -1', str(CRASH), str(kernel.vmcore)], stdout=subprocess.PIPE,
                          env=environment(), timeout=HANGS)
    equal(head.stdout.decode(), release(kernel) + "\n", "analyze-kdump: crash --osrelease | head -1")
    # Not that of a release like 6.12.1+deb13.
    found, wanted = (re.search(r"[0-9]+\.[0-9]+\.[0-9]+-[^ ]+", text) for text in (head.stdout.decode().strip(), release(kernel)))
    equal(found and found[0], wanted and wanted[0], "analyze-kdump: the release")


def test_retrace_server_takes_the_log(kernel):
    """The dump stands before vmlinux, options stand last, commands come from standard input;
    any status but 0 is a bad dump."""
    with tempfile.TemporaryDirectory() as home:
        (pathlib.Path(home) / ".crashrc").write_text(f"mod -S {home} > /dev/null\ncd {home}\n")
        for option in ("", "--minimal", "--zero_excluded"):
            for command in ("log", "sys", "mod", "nosuchcommand"):
                status, text = start("-s", kernel.vmcore, kernel.vmlinux, *option.split(), stdin=command + "\nquit\n", home=home)
                equal(status, 0, f"retrace-server: status of {command} with {option!r}")
                if command == "log":
                    expect(len(text.encode()) >= 1024 and "Linux version " in text, f"retrace-server: log with {option!r}: {text[:200]!r}")
                elif command == "sys" and not option:
                    equal(re.search(r"RELEASE: (.*)", text)[1], release(kernel), "retrace-server: sys")


def test_hotkdump_adds_to_its_commands(kernel):
    """crash -x -i FILE -s CORE VMLINUX:
    the last lines of FILE add more lines to it, which are run."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        out.mkdir()
        commands = record(folder, f"sys >> {out}/'1 - System data (sys)'", f"log >> {out}/\"2 - Kernel log (log)\"",
                          f"ps -m | grep -c . >> {out}/'3 - ps -m'", f"ps -G >> {out}/'4 - ps -G'",
                          f"ps -m | grep UN | tail -n1 | grep -oE 'PID: [0-9]+' | "
                          f"awk '{{print \"set \" $2 \" >> {out}/\\x275 - set\\x27\\nbt >> {out}/\\x276 - bt\\x27\"}}' >> {folder}/commands")
        status, text = start("-x", "-i", commands, "-s", kernel.vmcore, kernel.vmlinux, stdin=subprocess.DEVNULL)
        equal((status, text), (0, ""), "hotkdump: status and output")
        equal(sorted(path.name for path in out.iterdir()),
              ["1 - System data (sys)", "2 - Kernel log (log)", "3 - ps -m", "4 - ps -G", "5 - set", "6 - bt"], "hotkdump: files")
        waiting = re.findall(r"PID: (\d+)", subprocess.run(["grep", "UN"], input=kernel.crash("ps -m").encode(), stdout=subprocess.PIPE).stdout.decode())
        equal(re.search(r"PID: (\d+)", (out / "6 - bt").read_text())[1], waiting[-1], "hotkdump: the task that waits")
        rows = [line.lstrip(">").split() for line in (out / "4 - ps -G").read_text().splitlines()[1:]]
        expect(len(rows) > 20 and all(re.fullmatch(r"\d+", row[7]) for row in rows), f"hotkdump: ps -G, field 8: {rows[:2]}")


def test_a_file_grows_behind_its_end(kernel):
    """The last line, with or without a newline, adds the next, again and again."""
    for end in ("", "\n"):
        with tempfile.TemporaryDirectory() as folder:
            commands = pathlib.Path(folder) / "commands"
            commands.write_text(f"eval 1\n!printf '\\neval 2\\n!echo \"eval 3\" >> {commands}\\n' >> {commands}{end}")
            status, text = start("-s", "-i", commands, kernel.vmlinux, kernel.vmcore, stdin="eval 4\n")
        equal((status, re.findall(r"hexadecimal: (\d)", text)), (0, ["1", "2", "3", "4"]), f"what ran, with {end!r} at the end")


# Of crash-test's list, what there is.
CRASH_TEST = ("sys", "sys -c", "bt", "bt -a", "bt -t", "bt -r", "bt -f", "bt -l", "ps", "ps -k", "ps -u", "ps -p", "ps -t", "ps -l", "ps -a", "ps -g",
              "ps -r", "kmem -i", "mod", "set", "task", "sig", "sym -m virtio_blk", "rd -p 0x1000 4", "rd linux_banner", "struct task_struct",
              "union bpf_attr", "whatis jiffies", "list task_struct.tasks -h init_task -s task_struct.pid", "dis schedule", "eval 0x100",
              "ascii 62", "alias", "foreach bt", "foreach task", "foreach set", "vtop init_task", "search -k deadbeef", "tree -t maple -s vm_area_struct.vm_start",
              "p init_task", "p jiffies", "gdb list schedule", "repeat eval 1 | head -1", "help", "help sys", "exit")
COMPLAINTS = r"(?i)\b(?:fail|error|invalid|unexpected|absent|segmentation)\b"


def test_crash_test_finds_no_complaint(kernel):
    """crash -i FILE VMLINUX CORE < /dev/null:
    status 0, and no line that begins with a command's complaint."""
    with tempfile.TemporaryDirectory() as folder:
        commands = [line for line in CRASH_TEST if not line.startswith(("tree", "gdb list", "sym -m", "help"))]
        status, text = start("-i", record(folder, *commands), kernel.vmlinux, kernel.vmcore, stdin=subprocess.DEVNULL)
    equal(status, 0, "crash-test: status")
    parts = re.split(r"^crash> (.*)\n", text, flags=re.M)
    equal(parts[1::2], commands, "crash-test: the lines that ran")
    # Members, functions and files have such words in their names.
    plain = [line for line in text.splitlines() if re.search(COMPLAINTS, line) and re.match(r"(?:crash|\w+): ", line)]
    equal(plain, [], "crash-test: complaints")


def test_kdump_test_takes_the_task(kernel):
    """crash VMLINUX CORE -s -i FILE: awk's fields 2 and 8 of bt's first line."""
    with tempfile.TemporaryDirectory() as folder:
        status, text = start(kernel.vmlinux, kernel.vmcore, "-s", "-i", record(folder, 'bt|grep "PID"', "ls /proc/version", "quit"), stdin=subprocess.DEVNULL)
    equal(status, 0, "kdump-test: status")
    fields = text.splitlines()[0].split()
    set_text = kernel.crash("set -p")
    equal((int(fields[1]), fields[7]), (crashed_pid(kernel), re.search(r'COMMAND: (".*")', set_text)[1]), "kdump-test: fields 2 and 8")
    equal(text.splitlines()[1:], ["/proc/version"], "kdump-test: ls at the prompt")


def test_apport_wants_status_0(kernel):
    """With a command that there is not, as well."""
    status, text = start(kernel.vmlinux, kernel.vmcore, stdin="bt -a -f\nps\nrunq\nquit\n")
    equal(status, 0, "apport: status")
    expect(kernel.crash("ps").strip() in text and "crash> quit" in text, "apport: ps")


def test_openqa_finds_the_panic(kernel):
    """echo exit | crash CORE vmlinux-*.gz, on a pipe;
    the first word behind PANIC: is what the kernel said."""
    with tempfile.TemporaryDirectory() as folder:
        plain, packed = pathlib.Path(folder) / "vmlinux", pathlib.Path(folder) / f"vmlinux-{release(kernel)}.gz"
        subprocess.run(["objcopy", "--strip-debug", str(kernel.vmlinux), str(plain)], check=True)
        with open(plain, "rb") as source, gzip.open(packed, "wb", 1) as target:
            shutil.copyfileobj(source, target)
        for term in TERMS:
            status, text = start(kernel.vmcore, packed, stdin="exit\n", term=term)
            equal(status, 0, "openQA: status")
            word = re.search(r"PANIC:\s([^\s]+)", text)
            expect(word and word[1].strip('"') and word[1].strip('"') in kernel.console(), f"openQA: the panic: {word and word[0]!r}")


def test_quick_report(kernel):
    """crash VMLINUX CORE < FILE, with remarks and !echo between; then grep over all of it."""
    lines = ("# a report", "!echo '=== sys ==='", "sys", "!echo '=== bt ==='", "bt -a", "log | tail -100", "ps | grep UN", "foreach UN bt",
             "foreach UN task -R pid,comm", "mod", "runq", "q")
    with tempfile.TemporaryDirectory() as folder:
        path = record(folder, *lines)
        with open(path) as file:
            status, text = start(kernel.vmlinux, kernel.vmcore, stdin=file)
        equal(status, 0, "quick_report: status")
        found = subprocess.run(["grep", "-A2", r"PANIC\|Oops\|BUG:"], input=text.encode(), stdout=subprocess.PIPE).stdout.decode()
    expect(re.search(r'^ +PANIC: ".+"$', found, re.M), f"quick_report: {found[:200]!r}")
    expect("\n=== sys ===\n" in text and "\n=== bt ===\n" in text and text.index("=== sys") < text.index("=== bt"), "quick_report: !echo")
    equal(len(re.findall(r"^PID: ", text.split("crash> foreach UN bt\n")[1].split("crash> ")[0], re.M)),
          len(re.findall(r" UN ", text.split("crash> ps | grep UN\n")[1].split("crash> ")[0])), "quick_report: tasks that wait")


def test_commands_out_of_a_pipe(kernel):
    """crash -s -i <(...): frames are the lines with brackets."""
    done = subprocess.run(["bash", "-c", '"$0" -s -i <(printf "bt\\nquit\\n") "$1" "$2" < /dev/null | grep "\\[.*\\]"', str(CRASH), str(kernel.vmlinux),
                           str(kernel.vmcore)], stdout=subprocess.PIPE, env=environment(), timeout=HANGS)
    equal(done.stdout.decode().splitlines(), [line for line in kernel.crash("bt").splitlines() if re.search(r"\[.*\]", line)], "frames through a pipe")


def test_who_wants_to_know_gets_a_status(kernel):
    """The other side of status 0 for all who drive crash."""
    for options, status in (([], 0), (["--exit-status"], 2)):
        done = run_crash("-s", *options, kernel.vmlinux, kernel.vmcore, stdin="net\nnosuchcommand\n", tells=())
        equal(done.status, status, f"status with {options}")
        expect('"nosuchcommand" (standard input, line 2)' in done.stderr, f"standard error with {options}: {done.stderr!r}")
