# The shell from outside: exit status, standard input, Ctrl-C, the prompt and the pager on a terminal.
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import pathlib
import re
import signal
import subprocess
import tempfile

from harness import CRASH, HANGS, environment, equal, expect, run_crash, wait_until
from terminal import on_terminal


def test_exit_status(kernel):
    files = (kernel.vmlinux, kernel.vmcore)
    for text, status in (("", 0), ("eval 1\n", 0), ("eval 1\nq\n", 0), ("ps -z\n", 2), ("ps -z\neval 1\nq\n", 2),
                         ("nosuchcommand\n", 2), ("< nosuchfile\n", 2), ("ps | head -n 1\n", 0),
                         ("!false\n", 0), ("q\nps -z\n", 0), ("# ps -z\n", 0)):
        equal(run_crash("-s", *files, stdin=text).status, status, f"status after {text!r}")
        # Who drives crash takes any status but 0 for a bad dump, unless it asks.
        equal(run_crash("-s", *files, stdin=text, tells=()).status, 0, f"status after {text!r} without --exit-status")
        for option in ("--json", "--fail-fast"):
            equal(run_crash("-s", option, *files, stdin=text, tells=()).status, status, f"status after {text!r} with {option}")
        lines = [word for line in text.splitlines() for word in ("--exec", line)]
        if lines:
            equal(run_crash(*lines, *files, tells=()).status, status, f"status after {lines}")
    missing = run_crash("-s", "-i", "/nonexistent", *files, stdin="eval 1\n")
    equal((missing.status, missing.stdout, missing.stderr),
          (1, "", "crash: -i: cannot read the commands in /nonexistent: No such file or directory\n"), "a missing -i file")


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


def test_status_of_a_session_that_did_not_work(kernel):
    """Not that of a command: it is told without --exit-status, too."""
    files = (kernel.vmlinux, kernel.vmcore)
    folder = run_crash("-s", "-i", kernel.folder, *files, stdin="eval 1\n", tells=())
    equal((folder.status, folder.stdout.count("hexadecimal")), (2, 1), "an -i file that cannot be read")
    later = run_crash("-s", *files, stdin=f"< {kernel.folder}\neval 1\n", tells=())
    equal((later.status, later.stdout.count("hexadecimal")), (0, 1), "a file of a command that cannot be read")
    with tempfile.TemporaryDirectory() as home:
        (pathlib.Path(home) / ".crashrc").write_text("nosuch\n")
        for tells, status in (((), 0), (("--exit-status",), 2)):
            done = run_crash("-s", *files, stdin="eval 1\n", tells=tells, env={"HOME": home})
            equal((done.status, done.stderr.count("1 command failed")), (status, 1), f".crashrc with {tells}")


def test_long_names_keep_the_reason(kernel):
    done = run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin=f"eval 1 > /tmp/{'a' * 10000}\neval 7\n")
    expect(re.search(r"^crash: cannot open /tmp/a{300,}\.\.\.: File name too long$", done.stdout, re.M), f"{done.stdout[-200:]!r}")
    expect("hexadecimal: 7" in done.stdout, "the session ended")


def test_full_disk_is_an_error(kernel):
    for command in ("ps", "eval 1"):
        done = run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin=command + " > /dev/full\neval 7\n")
        expect("No space left" in done.stdout + done.stderr, f"{command}: {done.stdout[:200]!r}")
        expect((done.stdout + done.stderr).count("No space left") <= 2, f"{command}: told again and again")
        expect("hexadecimal: 7" in done.stdout, "the session ended")
        equal(done.status, 2, f"status of {command}")


def test_failed_commands_are_named_at_the_end(kernel):
    files = (kernel.vmlinux, kernel.vmcore)
    done = run_crash("-s", *files, stdin="eval 1\nps -z\neval 2\n\nnosuch | cat\n")
    equal(done.stderr.splitlines()[-1:],
          ['crash: 2 commands failed: "ps -z" (standard input, line 2), "nosuch | cat" (standard input, line 5)'],
          "the last line on standard error")
    equal(run_crash("-s", *files, stdin="eval 1\n!false\nps | false\n").stderr, "", "without a failure")
    with tempfile.TemporaryDirectory() as folder:
        inner, outer = pathlib.Path(folder) / "inner", pathlib.Path(folder) / "outer"
        inner.write_text("eval 1\nnosuch\n")
        outer.write_text(f"< {inner}\n" + "rd 0\n" * 5)
        done = run_crash("-s", "-i", outer, *files)
        last = done.stderr.splitlines()[-1]
        expect(last.startswith(f'crash: 6 commands failed: "nosuch" ({inner}, line 2), "rd 0" ({outer}, line 2), '),
               f"a file in a file: {last!r}")
        expect(last.endswith(", and 1 more"), f"too many to name: {last!r}")
    long_line = "eval " + "1+" * 500 + "nosuch"
    last = run_crash("-s", *files, stdin=long_line + "\n").stderr.splitlines()[-1]
    expect(len(last) < 140 and '..." (standard input, line 1)' in last, f"a long line is cut: {last!r}")


def test_fail_fast(kernel):
    files = (kernel.vmlinux, kernel.vmcore)
    for text in ("eval 1\nps -z\neval 2\n", "eval 1; ps -z; eval 2\n", "eval 1\nps -z > /dev/null\neval 2\n",
                 "eval 1\neval < list\neval 2\n", "eval 1\n< file\neval 2\n"):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "list").write_text("nosuch\n2\n")
            (pathlib.Path(folder) / "file").write_text("ps -z\neval 2\n")
            done = run_crash("-s", "--fail-fast", *files, stdin=text, cwd=folder)
            equal(re.findall(r"hexadecimal: (\d)", done.stdout), ["1"], f"what ran of {text!r}")
            equal(done.status, 2, f"status after {text!r}")
            expect("1 command failed" in done.stderr, f"standard error: {done.stderr!r}")
    missing = run_crash("-s", "--fail-fast", "-i", kernel.folder, *files, stdin="eval 1\n")
    equal((missing.stdout.count("hexadecimal"), missing.status), (0, 2), "an -i file that cannot be read")
    fine = run_crash("-s", "--fail-fast", *files, stdin="eval 1\neval 2\n")
    equal((fine.stdout.count("hexadecimal"), fine.status), (2, 0), "without a failure")


def test_exec(kernel):
    files = (kernel.vmlinux, kernel.vmcore)
    done = run_crash("--exec", "eval 1 | grep hex", "--exec", "eval 2; eval 3", *files, stdin="eval 4\n")
    equal(re.findall(r"hexadecimal: (\d)", done.stdout), ["1", "2", "3"], "what ran, and nothing else")
    expect(done.stdout.startswith("hexadecimal: 1  \nhexadecimal: 2"), f"a banner or an echo: {done.stdout[:80]!r}")
    equal((done.status, done.stderr), (0, ""), "status")
    with tempfile.NamedTemporaryFile("w", suffix=".cmds") as script:
        script.write("eval 2\n")
        script.flush()
        done = run_crash("--exec", "eval 1", "-i", script.name, "--exec", "eval 3", *files)
        equal(re.findall(r"hexadecimal: (\d)", done.stdout), ["1", "2", "3"], "the order of -i and --exec")
        done = run_crash("-s", "-i", script.name, "-i", script.name, *files, stdin="eval 3\n")
        equal(re.findall(r"hexadecimal: (\d)", done.stdout), ["2", "2", "3"], "two -i files")
    done = run_crash("--exec", "ps -z", "--exec", "q", "--exec", "eval 1", *files)
    equal((done.status, "hexadecimal" in done.stdout), (2, False), "q after a failure")
    equal(done.stderr, 'crash: 1 command failed: "ps -z" (--exec)\n', "standard error")
    equal(run_crash(*files, "--exec").status, 1, "--exec without a command")


def test_closed_output_is_a_failure(kernel):
    words = [str(CRASH), "-s", "--exit-status", str(kernel.vmlinux), str(kernel.vmcore)]
    for close in (">&-", ">/dev/full"):
        done = subprocess.run(["sh", "-c", f'"$@" {close}', "sh", *words], input=b"eval 1\neval 2\n",
                              capture_output=True, env=environment(), timeout=HANGS)
        equal(done.returncode, 2, f"status with {close}")
        expect(b"cannot write the output" in done.stderr, f"standard error with {close}: {done.stderr!r}")
    done = subprocess.run(["bash", "-c", '"$@" | head -n 1; echo ${PIPESTATUS[0]}', "bash", *words],
                          input=b"help all\n" * 20, capture_output=True, env=environment(), timeout=HANGS)
    equal((done.stdout.splitlines()[-1:], done.stderr), ([b"0"], b""), "status when the reader went away")


def test_long_lines(kernel):
    many = " ".join(["41"] * 50000)
    out = run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin=f"ascii {many}\nascii 42 | wc -l\n")
    equal((out.stdout.count(": A<NUL>"), out.stdout.splitlines()[-1].strip(), out.status), (50000, "1", 0),
          "a line of 150,000 characters")


def rc_run(kernel, home, current, *options, stdin="eval 77\n"):
    return run_crash("-s", *options, kernel.vmlinux, kernel.vmcore, stdin=stdin, cwd=current, env={"HOME": str(home)})


def test_crashrc(kernel):
    with tempfile.TemporaryDirectory() as top:
        home, current = pathlib.Path(top) / "home", pathlib.Path(top) / "current"
        home.mkdir()
        current.mkdir()
        (home / ".crashrc").write_text('# mine\nset radix 16\nalias thrice "eval 3 | grep hex"\nthrice\n')
        (current / ".crashrc").write_text("eval 4\nset radix 10\n")
        done = rc_run(kernel, home, current, stdin="thrice\nset radix\n")
        equal(re.findall(r"hexadecimal: (\d)", done.stdout), ["3", "4", "3"], "what ran")
        expect(done.stdout.endswith("output radix: 10 (decimal)\n"), f"the later file wins: {done.stdout!r}")
        equal((done.status, done.stderr), (0, ""), "status")
        done = rc_run(kernel, home, current, "--no_crashrc", stdin="thrice\n")
        equal((done.stdout.count("hexadecimal"), done.status), (0, 2), "with --no_crashrc")
        # What is set at its start is silent, and options of the run win over it.
        (home / ".crashrc").write_text("hex\n")
        (current / ".crashrc").unlink()
        equal(rc_run(kernel, home, current, stdin="set radix\n").stdout, "output radix: 16 (hex)\n", "hex")
        equal(rc_run(kernel, home, current, "--dec", stdin="set radix\n").stdout, "output radix: 10 (decimal)\n", "--dec")
        # The same folder is both: once.
        (home / ".crashrc").write_text("eval 5\nnosuch\n")
        done = rc_run(kernel, home, home, stdin="")
        equal(done.stdout.count("hexadecimal: 5"), 1, "a home folder that is the current one")
        equal(done.status, 2, "status of a failing line")
        expect(f'"nosuch" ({home}/.crashrc, line 2)' in done.stderr, f"standard error: {done.stderr!r}")
        # Questions are answered without it.
        (home / ".crashrc").write_text("!touch owned\n")
        run_crash("--osrelease", kernel.vmcore, cwd=current, env={"HOME": str(home)})
        expect(not (current / "owned").exists(), "--osrelease ran .crashrc")


def test_crashrc_names_the_files(kernel):
    with tempfile.TemporaryDirectory() as home:
        rc = pathlib.Path(home) / ".crashrc"
        rc.write_text(f"set namelist {kernel.vmlinux}\nset dumpfile {kernel.vmcore}\neval 1\nset namelist {kernel.vmlinux}\n")
        done = run_crash("--exec", "set namelist", "--exec", "set dumpfile", env={"HOME": home}, cwd=home)
        expect(done.stdout.endswith(f"namelist: {kernel.vmlinux}\ndumpfile: {kernel.vmcore}\n"), f"namelist: {done.stdout!r}")
        equal((done.status, done.stderr), (0, ""), "status")
        later = run_crash("--exec", "set dumpfile /x", env={"HOME": home}, cwd=home)
        equal(later.status, 2, "status of a change in the session")


def test_untrusted_crashrc(kernel):
    with tempfile.TemporaryDirectory() as top:
        home, current = pathlib.Path(top) / "home", pathlib.Path(top) / "current"
        home.mkdir()
        current.mkdir()
        rc = current / ".crashrc"
        rc.write_text("!touch owned\n")
        ours = (os.getuid(), os.getgid())

        def refused(what, why, path):
            done = rc_run(kernel, home, current)
            expect(not (current / "owned").exists(), f"{what}: it was run")
            equal(done.stderr, f"WARNING: {path} is not read: {why}\n", f"{what}: what is told")
            equal((done.stdout.count("decimal: 77"), done.status), (1, 0), f"{what}: the session goes on")

        rc.chmod(0o646)
        refused("a file for all", "it may be written by every user", "./.crashrc")
        rc.chmod(0o644)
        current.chmod(0o777)
        refused("a folder for all", "its folder may be written by every user", "./.crashrc")
        current.chmod(0o755)
        if ours[0] == 0:
            os.chown(rc, 1, 1)
            refused("another's file", "it belongs to another user", "./.crashrc")
            os.chown(rc, *ours)
            os.chown(current, 1, 1)
            refused("another's folder", "its folder belongs to another user", "./.crashrc")
            os.chown(current, *ours)
        rc.unlink()
        os.mkfifo(rc)
        refused("a FIFO", "it is no file", "./.crashrc")
        rc.unlink()
        theirs = home / ".crashrc"
        theirs.write_text("!touch owned\n")
        theirs.chmod(0o666)
        refused("the home folder's for all", "it may be written by every user", theirs)
        theirs.chmod(0o644)
        rc_run(kernel, home, current)
        expect((current / "owned").exists(), "a trusted file is not run: the tests above say nothing")


def test_gdbinit_beside_the_dump_is_not_run(kernel):
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / ".gdbinit").write_text(f"shell touch {folder}/owned\n")
        done = run_crash(kernel.vmlinux, kernel.vmcore, stdin="gdb print 1\n", cwd=folder, env={"HOME": folder})
        expect(not (pathlib.Path(folder) / "owned").exists(), f"ran a file of the folder: {done.stdout[-200:]!r}")


def test_did_you_mean_an_option(kernel):
    wrong_case = run_crash("-s", kernel.vmlinux, kernel.vmcore, stdin="task -r\n")
    expect("invalid option -- 'r'; did you mean -R?\n" in wrong_case.stdout, f"another case: {wrong_case.stdout!r}")
    equal(wrong_case.status, 2, "status")
    expect('did you mean "--no_scroll"?' in run_crash("--no_skroll").stderr, "an option of the run")


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
    """What would go on for ever, or for as long as the test waits at most:
    then the next command would have no answer."""
    def body(terminal):
        for line, runs in (("repeat -1000 eval 1", "binary: 0*1\n"), ("!echo RU''NS; exec sleep 1000", "\nRUNS"),
                           ("repeat eval 1 > {folder}/out", None), ("repeat eval 1 | (echo RU''NS >&2; cat)", "\nRUNS")):
            with tempfile.TemporaryDirectory() as folder:
                terminal.send(line.replace("{folder}", folder) + "\n")
                if runs:
                    terminal.wait_for(runs)
                else:
                    wait_until(lambda: list(pathlib.Path(folder).glob("*")) and os.path.getsize(f"{folder}/out"), "output")
                terminal.send("\x03")
                terminal.wait_for(re.escape("^C"))
                terminal.send("eval 0xabc123\n")
                terminal.wait_for("hexadecimal: abc123")
                terminal.wait_for("crash> ")
        terminal.send("q\n")
        terminal.status()
    on_terminal(kernel, body, "--no_scroll")


def test_interrupt_without_a_terminal(kernel):
    process = subprocess.Popen([str(CRASH), "-s", "--exit-status", str(kernel.vmlinux), str(kernel.vmcore)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(),
                               start_new_session=True)
    try:
        process.stdin.write(b"!echo waits; exec sleep 1000\neval 5\nrepeat -1000 eval 6\neval 7\n")
        process.stdin.close()
        process.stdin = None  # communicate() would flush it
        out = ""
        # Each when it is known to wait, however slow the machine is.
        for sign in ("waits", "binary: 0*110"):
            while not re.search(sign, out):
                line = process.stdout.readline().decode()
                expect(line, f"ended before {sign!r}: {out!r}")
                out += line
            process.send_signal(signal.SIGINT)
        out += process.communicate(timeout=HANGS)[0].decode()
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
