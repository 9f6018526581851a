# Nobody watches: cron, a crash kernel's boot, tools that collect reports. Killed half-way, no room, no terminal, no reader.
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

from harness import CRASH, environment, equal, expect

ONE_KERNEL = True


def start(kernel, commands, *options, stdout=subprocess.PIPE, env=None, **more):
    """In a session of its own: without any terminal."""
    process = subprocess.Popen([str(CRASH), "-s", *options, str(kernel.vmlinux), str(kernel.vmcore)], stdin=subprocess.PIPE,
                               stdout=stdout, stderr=subprocess.PIPE, env=environment(env), start_new_session=True, **more)
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


def wait_until(test, what, seconds=60):
    end = time.monotonic() + seconds
    while not test():
        expect(time.monotonic() < end, f"no {what} within {seconds} s")
        time.sleep(0.01)


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
    """What was answered before is whole and on the disk; the status tells the signal; nothing is left running."""
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
    """`crash ... | head`: it ends at once and without a word."""
    process = start(kernel, "sym -l\n" * 50)
    process.stdout.readline()
    process.stdout.close()
    equal(finish(process), "", "standard error")
    expect(process.returncode in (0, 2), f"status {process.returncode}")


def test_no_room_for_the_output(kernel):
    """A full disk under standard output: a message that says so, and a status that is not 0."""
    for commands in ("eval 1\n", "ps\nbt\n", "sym -l\n", "help all\n"):
        with open("/dev/full", "w") as full:
            process = start(kernel, commands, stdout=full)
            error = finish(process)
        expect("No space left on device" in error, f"{commands!r}: {error!r}")
        expect(error.count("No space left") == 1, f"{commands!r} tells it more than once: {error!r}")
        expect(process.returncode not in (0, None) and process.returncode > 0, f"{commands!r}: status {process.returncode}")


def test_no_room_for_a_file(kernel):
    """The same for `> FILE` and `| PROGRAM`: the session goes on, the status tells."""
    process = start(kernel, "ps > /dev/full\nsym -l >> /dev/full\neval 0xabc123\n")
    out = process.stdout.read().decode()
    error = finish(process)
    expect((out + error).count("No space left on device") == 2, f"messages: {(out + error)[-300:]!r}")
    expect("hexadecimal: abc123" in out, "the session ended")
    equal(process.returncode, 2, "status")


def test_closed_standard_files(kernel):
    """Started with standard input, output or error closed, as some daemons do: no answer goes into a wrong file."""
    for closed in (0, 1, 2):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(["sh", "-c", f'exec "$@" {closed}{"<" if closed == 0 else ">"}&-', "sh", str(CRASH), "-s",
                                   str(kernel.vmlinux), str(kernel.vmcore)], input=b"eval 1\n", capture_output=True, timeout=60,
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
