# Nobody watches: cron, a crash kernel's boot, tools that collect reports. Killed half-way, no room, no terminal, no reader.
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import pathlib
import re
import signal
import subprocess
import tempfile

from harness import CRASH, HANGS, environment, equal, expect, wait_until
from slow import Slow

ONE_KERNEL = True


def start(kernel, commands, *options, stdout=subprocess.PIPE, env=None, **more):
    """In a session of its own: without any terminal."""
    process = subprocess.Popen([str(CRASH), "-s", "--exit-status", *options, str(kernel.vmlinux), str(kernel.vmcore)],
                               stdin=subprocess.PIPE, stdout=stdout, stderr=subprocess.PIPE, env=environment(env), start_new_session=True, **more)
    process.stdin.write(commands.encode())
    process.stdin.close()
    return process


def finish(process, seconds=60):
    try:
        process.wait(seconds)
        return process.stderr.read().decode()
    finally:
        process.kill()
        process.wait()


def test_no_terminal_at_all(kernel):
    """The same answers without a terminal, a home, TERM or PATH."""
    with tempfile.TemporaryDirectory() as folder:
        answers = []
        for env in ({}, {"TERM": "", "HOME": "", "PATH": "", "LANG": ""}, {"HOME": "/nonexistent", "TERM": "nosuchterm"}):
            path = pathlib.Path(folder) / "out"
            with open(path, "w") as out:
                process = start(kernel, "sys\nps\nbt\nlog\n", stdout=out, env=env)
                equal(finish(process), "", f"standard error with {env}")
            equal(process.returncode, 0, f"status with {env}")
            answers.append(path.read_text())
        expect("lab-guest" in answers[0], "no answer")
        expect(answers[1:] == answers[:1] * 2, "answers depend on the environment")
        expect("\033" not in answers[0], "escape sequences in a file")


def test_killed_half_way(kernel):
    """What was answered before is whole and on the disk;
    the status tells the signal; nothing is left running."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "out"
            with open(path, "w") as out:
                process = start(kernel, "ps\neval 0xabc123\nrepeat -50 eval 3 | cat\n", stdout=out)
                wait_until(lambda: "octal: 3\n" in path.read_text(), "output")
                group = subprocess.run(["pgrep", "-s", str(process.pid)], capture_output=True, text=True).stdout.split()
                expect(len(group) > 1, "no reader of the pipe")
                process.send_signal(number)
                finish(process)
            equal(process.returncode, -number, "status")
            text = path.read_text()
            expect("hexadecimal: abc123" in text and "COMM\n" in text, f"answers are lost: {text[-200:]!r}")
            for pid in group:
                wait_until(lambda: not pathlib.Path(f"/proc/{pid}").exists() or
                           "State:\tZ" in pathlib.Path(f"/proc/{pid}/status").read_text(), f"end of {pid}")


def test_reader_goes_away(kernel):
    """`crash ... | head`: it ends at once and without a word, also before a command that fails."""
    for options in ((), ("--json",)):
        for line in ("sym -l", "foreach bt", "ps"):
            process = start(kernel, f"{line}\n" * 50 + "nosuchcommand\n", *options)
            process.stdout.readline()
            process.stdout.close()
            equal((finish(process), process.returncode), ("", 0), f"standard error and status of {line} with {options}")


def test_readers_that_end_early(kernel):
    """Behind a pipe, or of a question's answer: no failure, and nothing is said of it;
    what comes next is answered."""
    lines = [f"{line} | {reader}" for line in ("foreach bt", "foreach bt 1", "foreach task -R comm", "foreach set", "foreach ps", "bt -a", "ps", "sym -l",
                                               "log", "help all", "task", "list task_struct.tasks -h init_task -s task_struct", "gdb info types .",
                                               "struct task_struct", "search -k 0", "dis vfs_read", "ps -a", "sys -i", "mod -t", "sig")
             for reader in ("true", "head -1 > /dev/null", "exec <&-")]
    for options in ((), ("--json",)):
        process = start(kernel, "\n".join([*lines, "eval 0xabc123", ""]), *options)
        out = process.stdout.read().decode()
        equal((finish(process), process.returncode), ("", 0), f"standard error and status with {options}")
        expect(out.count("abc123") >= 1 and "cannot write" not in out, f"output with {options}: {out[-300:]!r}")
    for words in (["--log", kernel.vmcore], ["--help"], ["--man"], ["-h", "all"], ["--debuginfo", kernel.vmlinux, kernel.vmcore]):
        done = subprocess.run(["bash", "-c", '"$@" | true; echo ${PIPESTATUS[0]}', "bash", str(CRASH), *map(str, words)], capture_output=True,
                              env=environment(), timeout=HANGS)
        equal((done.stdout, done.stderr), (b"0\n", b""), f"{words[0]} | true")
    for words in (["--log", kernel.vmcore], ["--osrelease", kernel.vmcore]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([str(CRASH), *map(str, words)], stdout=full, stderr=subprocess.PIPE, env=environment(), timeout=HANGS)
        equal((done.returncode, done.stderr), (1, b"crash: cannot write the output: No space left on device\n"), f"{words[0]} > /dev/full")


def test_no_room_for_the_output(kernel):
    """A full disk under standard output: a message that says so, and a status that is not 0."""
    for options in ((), ("--json",)):
        for commands in ("eval 1\n", "ps\nbt\n", "sym -l\n", "help all\n", "foreach bt\n"):
            with open("/dev/full", "w") as full:
                process = start(kernel, commands, *options, stdout=full)
                error = finish(process)
            equal((error.count("No space left on device"), process.returncode), (1, 2),
                  f"messages and status of {commands!r} with {options}; standard error: {error!r}")


def test_no_room_for_a_file(kernel):
    """The same for `> FILE` and `| PROGRAM`: the session goes on, the status tells."""
    process = start(kernel, "ps > /dev/full\nsym -l >> /dev/full\neval 0xabc123\n")
    out = process.stdout.read().decode()
    error = finish(process)
    expect((out + error).count("No space left on device") == 2, f"messages: {(out + error)[-300:]!r}")
    expect("hexadecimal: abc123" in out, "the session ended")
    equal(process.returncode, 2, "status")


def test_closed_standard_files(kernel):
    """Started with standard input, output or error closed, as some daemons do:
    no answer goes into a wrong file."""
    for closed in (0, 1, 2):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(["sh", "-c", f'exec "$@" {closed}{"<" if closed == 0 else ">"}&-', "sh", str(CRASH), "-s",
                                   str(kernel.vmlinux), str(kernel.vmcore)], input=b"eval 1\n", capture_output=True, timeout=HANGS,
                                  env=environment(), start_new_session=True, cwd=folder)
            equal(os.listdir(folder), [], "files that were written")
        if closed == 1:
            expect(done.returncode > 0, f"status {done.returncode} though nothing could be answered")
        else:
            equal(done.returncode, 0, f"status with {closed} closed: {done.stderr!r}")
        expect(re.search(b"hexadecimal: 1", done.stdout) or closed != 2, "no answer")


def test_commands_end_without_a_newline(kernel):
    process = start(kernel, "eval 1\neval 0xabc123")
    expect(b"hexadecimal: abc123" in process.stdout.read(), "the last line was not run")
    finish(process)
    equal(process.returncode, 0, "status")


# What supportconfig's and Apport's reports ask for, and more of the kind.
REPORT = ("sys", "log", "bt", "bt -a", "ps", "ps -m", "kmem -i", "mod", "set", "task -R pid,comm", "foreach UN bt", "foreach bt -s",
          "sym linux_banner", "struct list_head", "p jiffies", "rd linux_banner 4", "dis -l vfs_read 3", "sig", "alias", "q")


def test_a_report_into_a_file(kernel):
    """crash -i FILE VMLINUX DUMP > out 2>&1, as supportconfig does it:
    every command with its answer, in order."""
    with tempfile.TemporaryDirectory() as folder:
        script, path = pathlib.Path(folder) / "commands", pathlib.Path(folder) / "out"
        script.write_text("\n".join(REPORT) + "\n")
        with open(path, "w") as out:
            process = subprocess.Popen([str(CRASH), "-i", str(script), str(kernel.vmlinux), str(kernel.vmcore)], stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=subprocess.STDOUT, env=environment({"TERM": "xterm"}), start_new_session=True)
            equal(process.wait(120), 0, "status")
        text = path.read_text()
        parts = re.split(r"^crash> (.*)\n", text, flags=re.M)
        equal(tuple(parts[1::2]), REPORT, "commands")
        expect("PANIC: " in parts[0] and "LOAD AVERAGE" in parts[0], f"no banner: {parts[0]!r}")
        for command, answer in zip(REPORT, parts[2::2]):
            expect(answer.strip() or command == "q", f"{command} has no answer")
            # "$1": which of a session's values it is.
            got, wanted = (re.sub(r"\$\d+ = ", "", text).rstrip("\n") for text in (answer, kernel.crash(command)))
            expect(got == wanted or command in ("q", "sys"),
                   f"another answer to {command}: {answer[:200]!r}")
        expect(not re.search(r"[\033\r\b]", text), "what only a terminal understands")


def test_a_report_from_standard_input(kernel):
    """echo COMMANDS | crash VMLINUX DUMP, as Apport does it:
    the lines are echoed behind prompts, the end of input is no error."""
    for commands in (("bt -a",), ("bt -a", "ps", "mod"), ("nosuchcommand", "bt -a")):
        process = subprocess.Popen([str(CRASH), str(kernel.vmlinux), str(kernel.vmcore)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=environment(), start_new_session=True)
        out, error = (text.decode() for text in process.communicate("\n".join(commands).encode() + b"\n", 60))
        equal(process.returncode, 0, f"status of {commands}")
        parts = re.split(r"^crash> (.*)\n", out, flags=re.M)
        equal(tuple(part for part in parts[1::2] if part), commands, "commands")
        for command, answer in zip(commands, parts[2::2]):
            if command == "nosuchcommand":
                expect("command not found: nosuchcommand" in answer, f"no word of it: {answer!r}")
            else:
                equal(answer.rstrip("\n"), kernel.crash(command).rstrip("\n"), command)
        expect("Traceback" not in error and ("nosuchcommand" in error) == ("nosuchcommand" in commands), f"standard error: {error!r}")


def processes_with(word):
    """Pids of programs in whose environment WORD is:
    those that a test's session started, whoever their parent is now."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            if word.encode() in path.read_bytes() and "State:\tZ" not in (path.parent / "status").read_text():
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


def test_killed_leaves_nothing(kernel):
    """SIGTERM, SIGHUP and SIGKILL, while debug information is indexed and stored:
    no file, no program is left."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
        # Stopped here and there on the way, at last with the first piece of the index on the disk.
        for looks in (10, 100, 1000, 0):
            with tempfile.TemporaryDirectory() as folder, Slow() as slow:
                for name in ("cache", "tmp", "home"):
                    (pathlib.Path(folder) / name).mkdir()
                slow.arm(looks=looks) if looks else slow.off()
                process = start(kernel, "eval 3 | (read line; echo $line > $HOME/first; cat)\ngdb info line vfs_read | cat\nrepeat -1000 eval 3 | cat\n",
                                stdout=subprocess.DEVNULL,
                                env={"XDG_CACHE_HOME": f"{folder}/cache", "TMPDIR": f"{folder}/tmp", "HOME": f"{folder}/home",
                                     "CRASH_TEST_MARK": folder, **slow.env})
                cache = pathlib.Path(f"{folder}/cache")
                wait_until(lambda: slow.waits() or any(path.is_file() for path in cache.rglob("*")), "stop, no file of the index")
                process.send_signal(number)
                slow.off()
                finish(process)
                equal(process.returncode, -number, "status")
                mark = f"CRASH_TEST_MARK={folder}"
                wait_until(lambda: not processes_with(mark), lambda: f"end of what it started ({processes_with(mark)})")
                equal(os.listdir(f"{folder}/tmp"), [], "temporary files")
                left = [p.name for p in cache.rglob("*") if p.is_file() and p.suffix != ".gdb-index"]
                equal(left, [], "files in the cache that are no index")
                expect({p.name for p in pathlib.Path(f"{folder}/home").rglob("*") if p.is_file()} <= {"first"}, "files in the home")


def test_deaf_readers_end_with_us(kernel):
    """A program behind a pipe that never looks at its input ends when the session is killed."""
    with tempfile.TemporaryDirectory() as folder:
        process = start(kernel, f"eval 3 | exec sleep 1000\n", env={"CRASH_TEST_MARK": folder})
        wait_until(lambda: len(processes_with(folder)) > 1, "reader")
        process.kill()
        finish(process)
        wait_until(lambda: not processes_with(folder), "end of the reader")


def test_repeat_ends_with_its_reader(kernel):
    """Also while it waits, and when the command prints nothing."""
    for line in ("repeat -1000 eval 3 | head -n 1", "repeat -1000 alias zz eval | true", "repeat -1000 alias zz eval | sleep 1"):
        process = start(kernel, f"{line}\neval 0xabc123\n")
        out = process.stdout.read().decode()
        finish(process)
        expect("hexadecimal: abc123" in out, f"{line}: {out!r}")
        equal(process.returncode, 0, f"status of {line}")
    process = start(kernel, "repeat -1000 eval 3\n")
    process.stdout.readline()
    process.stdout.close()
    process.wait(60)
    finish(process)
