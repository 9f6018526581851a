# The shell from outside: exit status, standard input, Ctrl-C, the prompt and the pager on a terminal.
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

from harness import CRASH, environment, equal, expect, run_crash
from terminal import on_terminal


def test_exit_status(kernel):
    files = (kernel.vmlinux, kernel.vmcore)
    for text, status in (("", 0), ("eval 1\n", 0), ("eval 1\nq\n", 0), ("ps -z\n", 2), ("ps -z\neval 1\nq\n", 2),
                         ("nosuchcommand\n", 2), ("< nosuchfile\n", 2), ("ps | head -n 1\n", 0),
                         ("!false\n", 0), ("q\nps -z\n", 0), ("# ps -z\n", 0)):
        equal(run_crash("-s", *files, stdin=text).status, status, f"status after {text!r}")
    equal(run_crash("-s", "-i", "/nonexistent", *files).status, 2, "status with a missing -i file")


def test_input_is_echoed_unless_silent(kernel):
    files = (kernel.vmlinux, kernel.vmcore)
    loud = run_crash(*files, stdin="eval 1\n").stdout
    expect("\ncrash> eval 1\nhexadecimal: 1  \n" in loud, f"no echo: {loud[-200:]!r}")
    quiet = run_crash("-s", *files, stdin="eval 1\n").stdout
    expect(quiet.startswith("hexadecimal: 1  \n"), f"-s prints more than the answer: {quiet[:100]!r}")


def test_file_first_then_standard_input(kernel):
    with tempfile.NamedTemporaryFile("w", suffix=".cmds") as script:
        script.write("eval 1\nps -z\neval 2\n")
        script.flush()
        done = run_crash("-s", "-i", script.name, kernel.vmlinux, kernel.vmcore, stdin="eval 3\n")
    equal(re.findall(r"hexadecimal: (\d)", done.stdout), ["1", "2", "3"], "the order of the answers")
    equal(done.status, 2, "status")


def test_full_disk_is_an_error(kernel):
    for command in ("ps", "eval 1"):
        done = run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin=command + " > /dev/full\neval 7\n")
        expect("No space left" in done.stdout + done.stderr, f"{command}: {done.stdout[:200]!r}")
        expect((done.stdout + done.stderr).count("No space left") <= 2, f"{command}: told again and again")
        expect("hexadecimal: 7" in done.stdout, "the session ended")
        equal(done.status, 2, f"status of {command}")


def test_files_beside_the_dump_are_not_run(kernel):
    with tempfile.TemporaryDirectory() as folder:
        for name in (".crashrc", ".gdbinit"):
            (pathlib.Path(folder) / name).write_text(f"!touch {folder}/owned\nshell touch {folder}/owned\n")
        done = run_crash(kernel.vmlinux, kernel.vmcore, stdin="gdb print 1\n", cwd=folder,
                         env={"HOME": folder})
        expect(not (pathlib.Path(folder) / "owned").exists(), f"ran a file of the folder: {done.stdout[-200:]!r}")


def test_prompt_and_end_of_input(kernel):
    def body(terminal):
        terminal.send("eval 1\n")
        terminal.wait_for("hexadecimal: 1")
        terminal.wait_for("crash> ")
        terminal.send("\x04")
        equal(terminal.status(), 0, "status at the end of the input")
    on_terminal(kernel, body, "--no_scroll")


def test_history_and_completion(kernel):
    def body(terminal):
        terminal.send("eval 5\n")
        terminal.wait_for("binary.*\n")
        terminal.wait_for("crash> ")
        terminal.send("\x10\n")
        terminal.wait_for("hexadecimal: 5")
        terminal.wait_for("crash> ")
        terminal.send("asc\t 41\n")
        terminal.wait_for("0000000000000041: A")
        terminal.wait_for("crash> ")
        terminal.send("eval jiffies_6\t - jiffies_64\n")
        terminal.wait_for("hexadecimal: 0")
        terminal.send("q\n")
        equal(terminal.status(), 0, "status")
    on_terminal(kernel, body, "--no_scroll", env={"EDITOR": "emacs"})


def test_interrupt_at_the_prompt_drops_the_line(kernel):
    def body(terminal):
        terminal.send("ps -z")
        terminal.wait_for("ps -z")
        terminal.send("\x03")
        terminal.wait_for("crash> ")
        terminal.send("eval 7\n")
        terminal.wait_for("hexadecimal: 7")
        terminal.wait_for("crash> ")
        terminal.send("q\n")
        equal(terminal.status(), 0, "status: the dropped line must not have run")
    on_terminal(kernel, body, "--no_scroll")


def test_interrupt_ends_a_command_quickly(kernel):
    def body(terminal):
        for line in ("repeat -30 eval 1", "!sleep 100", "repeat eval 1 > /dev/null", "repeat eval 1 | cat"):
            terminal.send(line + "\n")
            time.sleep(0.3)
            start = time.monotonic()
            terminal.send("\x03")
            terminal.send("eval 0xabc123\n")
            terminal.wait_for("hexadecimal: abc123")
            took = time.monotonic() - start
            expect(took < 0.5, f"{line!r} ran on for {took:.2f} s")
            terminal.wait_for("crash> ")
        terminal.send("q\n")
        terminal.status()
    on_terminal(kernel, body, "--no_scroll")


def test_interrupt_without_a_terminal(kernel):
    process = subprocess.Popen([str(CRASH), "-s", str(kernel.vmlinux), str(kernel.vmcore)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(),
                               start_new_session=True)
    try:
        process.stdin.write(b"!sleep 100\neval 5\nrepeat -60 eval 6\neval 7\n")
        process.stdin.close()
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        out = process.stdout.read().decode()
        equal(re.findall(r"hexadecimal: (\d)", out), ["5", "6", "7"], "what ran around two interrupts")
        equal(process.wait(20), 2, "status")
    finally:
        process.kill()
        process.wait()


def test_pager(kernel):
    with tempfile.TemporaryDirectory() as folder:
        pager = pathlib.Path(folder) / "pager"
        pager.write_text("#!/bin/sh\necho BEGIN-PAGE\ncat\necho END-PAGE\n")
        pager.chmod(0o755)

        def paged(terminal):
            terminal.send("help input\n")
            terminal.wait_for(r"BEGIN-PAGE\n(.|\n)*COMMAND ARGUMENTS(.|\n)*END-PAGE")
            terminal.wait_for("crash> ")
            terminal.send("eval 1\n")
            expect("PAGE" not in terminal.wait_for("binary.*\n"), "the pager runs for less than a screen")
            terminal.wait_for("crash> ")
            terminal.send("set scroll off\n")
            terminal.wait_for("crash> ")
            terminal.send("help input\n")
            text = terminal.wait_for("regular expressions where")
            expect("PAGE" not in text, "the pager runs although scroll is off")
            terminal.wait_for("crash> ")
            terminal.send("q\n")
            equal(terminal.status(), 0, "status")

        def silent(terminal):
            terminal.send("help input\n")
            expect("PAGE" not in terminal.wait_for("regular expressions where"), "the pager runs although -s was given")

        on_terminal(kernel, paged, env={"CRASHPAGER": str(pager)})
        on_terminal(kernel, paged, env={"PAGER": str(pager)})
        on_terminal(kernel, silent, "-s", env={"PAGER": str(pager)})


def test_no_pager_in_pipes(kernel):
    done = run_crash(kernel.vmlinux, kernel.vmcore, stdin="help input\n", env={"PAGER": "sed s/^/PAGED/"})
    expect("PAGED" not in done.stdout, "the pager runs without a terminal")
