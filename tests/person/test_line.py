# A person at the prompt: editing, completion, history, vi's keys, Ctrl-Z, pasted lines.
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import pathlib
import re
import stat
import subprocess
import tempfile

from harness import CRASH, equal, expect, table
from tmux import Session, Window

ONE_KERNEL = True


def typed(session, text, *keys):
    """A fresh prompt with TEXT and then KEYS ("Tab") typed,
    and what the last line is when it no longer changes."""
    session.keys("C-e", "C-u", "C-l")
    session.wait_until(lambda screen: screen.strip() == "crash>", "clear screen")
    session.type(text)
    session.wait_for("^crash> .*" + text.replace(" ", ".")[-1])
    if keys:
        session.keys(*keys)


def completes(session, text, wanted):
    typed(session, text, "Tab")
    session.wait_until(lambda screen: screen.split("\n")[0].rstrip() == f"crash> {wanted}".rstrip(), f"{text!r} as {wanted!r}")


def offers(session, text, *words):
    typed(session, text, "Tab", "Tab")
    session.wait_until(lambda screen: all(word in screen.split("\n", 1)[1].split() for word in words),
                       f"offer of {' '.join(words)} for {text!r}")


def test_completion(kernel):
    """Every kind of word, by the data of the commands themselves."""
    module = max((row[1] for row in table(kernel.crash("mod"), "MODULE")), key=len)
    with Session(kernel, columns=120, rows=60) as session:
        for text, wanted in (
                ("asc", "ascii"), ("dme", "dmesg"),  # a command, an alias
                ("bt --fol", "bt --folded"), ("kmem -i=", "kmem -i=shared"),  # options
                ("sym linux_bann", "sym linux_banner"),  # symbols
                ("rd -x linux_bann", "rd -x linux_banner"),
                ("eval (linux_bann", "eval (linux_banner"), ("px linux_bann", "px linux_banner"),
                ("struct task_str", "struct task_struct"), ("*list_hea", "*list_head"),  # types
                ("union fpregs_st", "union fpregs_state"), ("task_str", "task_struct"), ("linux_bann", "linux_banner"),
                ("whatis atomic_t", "whatis atomic_t"), ("p sizeof(struct task_str", "p sizeof(struct task_struct"),
                ("struct task_struct.pi_top", "struct task_struct.pi_top_task"),  # members
                ("struct task_struct.pid,thread_p", "struct task_struct.pid,thread_pid"),
                ("struct task_struct.se.exec_st", "struct task_struct.se.exec_start"),
                ("struct task_struct.se.load.we", "struct task_struct.se.load.weight"),
                ("task_struct.pi_top", "task_struct.pi_top_task"), ("task -R thread_p", "task -R thread_pid"),
                ("list -s task_struct.thread_p", "list -s task_struct.thread_pid"),
                ("list task_struct.children -s task_struct.thread_p", "list task_struct.children -s task_struct.thread_pid"),
                ("p ((struct task_struct *)0xffff)->thread_p", "p ((struct task_struct *)0xffff)->thread_pid"),
                ("p ((struct task_struct *)0xffff)->se.exec_st", "p ((struct task_struct *)0xffff)->se.exec_start"),
                ("ps kthrea", "ps kthreadd"), ("bt kthrea", "bt kthreadd"),  # tasks
                ("foreach kthrea", "foreach kthreadd"),
                ("foreach kthreadd tas", "foreach kthreadd task"), ("foreach UN bt --fol", "foreach UN bt --folded"),
                ("foreach task -R thread_p", "foreach task -R thread_pid"),
                ("set zero_ex", "set zero_excluded"),  # variables
                ("set scroll CRA", "set scroll CRASHPAGER"), ("set print_array of", "set print_array off"),
                ("help dme", "help dmesg"), ("help inpu", "help input"), ("alias dme", "alias dmesg"),
                ("alias x struct task_str", "alias x struct task_struct"),
                ("sys conf", "sys config"), ("tree -t rb", "tree -t rbtree"), (f"mod -s {module[:-1]}", f"mod -s {module}"),
                ("repeat -1 ps --js", "repeat -1 ps --json") if session_has_json() else ("repeat -1 asc", "repeat -1 ascii"),
                ("ps > /etc/hostna", "ps > /etc/hostname"),  # files
                ("< /etc/hostna", "< /etc/hostname"), ("ps | cat /etc/hostna", "ps | cat /etc/hostname"),
                ("!cat /etc/hostna", "!cat /etc/hostname"),
                ("ps | mkfif", "ps | mkfifo"), ("rd -r /etc/hostna", "rd -r /etc/hostname"),
                ("nosuchword", "nosuchword"), ("struct nosuchtype.a", "struct nosuchtype.a"), ("ps \"kth", "ps \"kth")):
            completes(session, text, wanted)
        offers(session, "ps -", "-k", "kernel", "-p", "parents")
        offers(session, "sym vfs_re", "vfs_read", "vfs_readlink", "vfs_rename")
        offers(session, "struct task_struct.pi", "pid", "pi_lock")
        offers(session, "set 1", "1", "10")
        offers(session, "bt -c ", "0", "1")
        offers(session, "set edit ", "emacs", "vi")


def test_members_of_variables_without_debug_information(kernel):
    """Types are BTF's, from the vmlinux or out of the dump alone:
    nothing has to be read before TAB answers."""
    with tempfile.TemporaryDirectory() as folder:
        alone = pathlib.Path(folder) / "vmcore"
        alone.symlink_to(kernel.vmcore.resolve())
        home = pathlib.Path(folder) / "home"
        home.mkdir()
        for files in ([kernel.vmlinux, kernel.vmcore], [alone]):
            # Debian's place of debug files is not looked at.
            with Window([CRASH, *files], env={"XDG_CACHE_HOME": folder}, home=home, columns=120) as session:
                session.prompt()
                equal("KERNEL: (no vmlinux" in session.screen(), len(files) == 1, "no vmlinux")
                for text, wanted in (
                        ("p init_task.thread_p", "p init_task.thread_pid"), ("p init_task.se.exec_st", "p init_task.se.exec_start"),
                        ("p &init_task.se.load.we", "p &init_task.se.load.weight"), ("px init_mm.mmap_ba", "px init_mm.mmap_base"),
                        ("p init_net.loopback_d", "p init_net.loopback_dev"), ("p runqueues.nr_runn", "p runqueues.nr_running"),
                        ("p (struct task_str", "p (struct task_struct"), ("whatis init_task.thread_p", "whatis init_task.thread_pid"),
                        ("p ((struct task_struct *)0xffff)->thread_p", "p ((struct task_struct *)0xffff)->thread_pid"),
                        ("p init_task.nosuchm", "p init_task.nosuchm"), ("p linux_banner.thread_p", "p linux_banner.thread_p")):
                    completes(session, text, wanted)
                offers(session, "p init_task.se.", "load", "exec_start", "vruntime")
            equal(sorted(path.name for path in pathlib.Path(folder).iterdir()), ["home", "vmcore"], "files, and no index")


def session_has_json():
    """ps --json is offered once it is there; until then another command stands in."""
    return "--json" in subprocess.run([str(CRASH), "-h", "ps"], capture_output=True, text=True).stdout


def test_many_candidates_are_asked_about(kernel):
    with Session(kernel) as session:
        typed(session, "sym __", "Tab", "Tab")
        session.wait_for(r"^Show all \d{4,}\? \(y or n\)$")
        session.keys("n")
        session.wait_until(lambda screen: screen.rstrip().split("\n")[-1] == "crash> sym __", "the line again")
        session.keys("Tab")
        session.wait_until(lambda screen: screen.count("Show all") == 2, "second question")
        session.keys("C-c")
        session.wait_until(lambda screen: screen.rstrip().split("\n")[-1] == "crash> sym __", "the line after Ctrl-C")
        session.keys("C-c")
        session.prompt()
        expect("hexadecimal: 7" in session.answer("eval 7"), "the session goes on")


def test_history_across_sessions(kernel):
    """Lines come back in the next session, with the arrow keys and Ctrl-R;
    h and !N are about this one alone."""
    with tempfile.TemporaryDirectory() as home:
        with Session(kernel, home=home) as first, Session(kernel, home=home) as second:
            first.answer("eval 0xaaa1")
            second.answer("eval 0xbbb2")
            first.answer("eval 0xaaa3")
            first.line("q")
            equal(first.status(), 0, "status of the first")
            second.line("q")
            equal(second.status(), 0, "status of the second")
        kept = pathlib.Path(home) / ".local/state/crash/history"
        equal(stat.S_IMODE(kept.stat().st_mode), 0o600, "mode of the file")
        equal(stat.S_IMODE(kept.parent.stat().st_mode), 0o700, "mode of its folder")
        equal(kept.read_text().split("\n"), ["eval 0xaaa1", "eval 0xbbb2", "eval 0xaaa3", "q", "q", ""], "the file")
        with Session(kernel, home=home) as third:
            third.keys("Up", "Up", "Up", "Enter")
            third.wait_for("hexadecimal: aaa3")
            third.prompt()
            third.keys("C-r")
            third.wait_for("reverse-i-search")
            third.type("bbb")
            third.wait_for("reverse-i-search.*bbb.*: eval 0xbbb2")
            third.keys("Enter")
            third.wait_for("hexadecimal: bbb2")
            third.prompt()
            equal(third.answer("h").split("\n"), ["[1] eval 0xaaa3", "[2] eval 0xbbb2", "[3] h"], "h")
            expect("aaa3" in third.answer("!1"), "!1")
            expect("bbb2" in third.answer("r 2"), "r 2")
            expect("bbb2" in third.answer("!!"), "!!")
            expect("aaa1" in third.answer("r eval 0xaaa1"), "r TEXT finds an earlier session's line")


def test_no_history_without_a_terminal(kernel):
    with tempfile.TemporaryDirectory() as home:
        for terminal in (False, True):
            if terminal:
                with Window(["sh", "-c", f"echo eval 1 | {CRASH} -s {kernel.vmlinux} {kernel.vmcore}; echo DONE"],
                            home=home) as window:
                    window.wait_for("DONE")
            else:
                subprocess.run([str(CRASH), "-s", str(kernel.vmlinux), str(kernel.vmcore)], input=b"eval 1\n",
                               stdout=subprocess.DEVNULL, env={**os.environ, "HOME": home})
            expect(not any(pathlib.Path(home).rglob("history")), f"a history was written (terminal: {terminal})")


def test_another_users_history_is_left_alone(kernel):
    with tempfile.TemporaryDirectory() as home:
        state = pathlib.Path(home) / ".local/state"
        (state / "crash").mkdir(parents=True)
        (state / "crash").chmod(0o777)
        with Session(kernel, home=home) as session:
            expect("lines are not kept" in session.screen(), f"no word of it: {session.screen()[-300:]!r}")
            session.answer("eval 1")
            session.line("q")
            equal(session.status(), 0, "status")
        equal(list((state / "crash").iterdir()), [], "files in a folder that others can write to")


def test_vi_keys(kernel):
    """By set, by -e, by EDITOR and by inputrc; emacs' keys otherwise."""
    numbers = iter(range(0xa0, 0xff))

    def uses_vi(session):
        # x in vi's command mode deletes the 1; with emacs' keys Escape and x do nothing.
        number = next(numbers)
        session.type(f"eval {number:x}1")
        session.wait_for(f"crash> eval {number:x}1$")
        session.keys("Escape")
        session.type("x")
        session.keys("Enter")
        screen = session.wait_for(f"hexadecimal: {number:x}")
        session.prompt()
        return re.search(f"hexadecimal: {number:x} *$", screen, re.M)

    def set_to(session, line):
        session.line(line)
        session.wait_for(f"crash> {line}\nedit: .*\ncrash>")

    with Session(kernel) as session:
        expect(not uses_vi(session), "vi's keys without being asked")
        set_to(session, "set edit vi")
        expect(uses_vi(session), "emacs' keys after set edit vi")
        set_to(session, "set emacs")
        expect(not uses_vi(session), "vi's keys after set emacs")
    with Session(kernel, "-e", "vi") as session:
        expect(uses_vi(session), "emacs' keys with -e vi")
    with Session(kernel, "-e", "emacs", env={"EDITOR": "vi"}) as session:
        expect(not uses_vi(session), "vi's keys with -e emacs")
    with tempfile.TemporaryDirectory() as home:
        (pathlib.Path(home) / ".inputrc").write_text("$if crash\nset editing-mode vi\n$endif\n")
        with Session(kernel, home=home) as session:
            expect(uses_vi(session), "emacs' keys though inputrc asks for vi's")
            set_to(session, "set edit")
            expect("edit: vi" in session.screen(), "set edit")
            set_to(session, "set edit emacs")
            expect(not uses_vi(session), "vi's keys after set edit emacs")
    with Session(kernel, env={"EDITOR": "/usr/bin/vim"}) as session:
        expect(uses_vi(session), "emacs' keys though EDITOR is vim")


def test_interrupt_and_quit_keys_at_the_prompt(kernel):
    with Session(kernel) as session:
        session.type("ps -z")
        session.wait_for("crash> ps -z")
        session.keys("C-\\")
        session.keys("C-c")
        session.prompt()
        session.keys("C-\\")
        expect("hexadecimal: 7" in session.answer("eval 7"), "the session goes on")
        session.keys("C-d")
        equal(session.status(), 0, "status: the dropped line must not have run")


def test_stopped_and_continued(kernel):
    """Ctrl-Z at the prompt, fg in the shell: the half-typed line is still there."""
    with Window(["sh", "-i"], env={"PS1": "shell$ "}) as window:
        window.wait_for(r"^shell\$")
        window.line(f"{CRASH} {kernel.vmlinux} {kernel.vmcore}")
        window.prompt()
        window.type("eval 0xab")
        window.wait_for("crash> eval 0xab")
        window.keys("C-z")
        window.wait_until(lambda screen: screen.rstrip().endswith("shell$"), "the shell")
        window.line("stty -a | grep -c -- -icanon; fg")
        window.wait_until(lambda screen: screen.rstrip().endswith("crash> eval 0xab"), "the line")
        expect("\n0\n" in window.screen(), "the shell's terminal is not as it was")
        window.line("12")
        window.wait_for("hexadecimal: ab12")
        window.prompt()
        window.line("q")
        window.wait_until(lambda screen: screen.rstrip().endswith("shell$"), "the shell")


def test_pasted_lines(kernel):
    """Lines that are pasted together run one after the other."""
    with Session(kernel) as session:
        session.keys("C-l")
        session.tmux("set-buffer", "eval 0x11\neval 0x22\neval 0x33")
        session.tmux("paste-buffer", "-p")
        session.wait_for("eval 0x33")
        session.keys("Enter")
        screen = session.wait_for("hexadecimal: 33")
        equal([line for line in screen.split("\n") if "hexadecimal" in line],
              ["hexadecimal: 11  ".rstrip(), "hexadecimal: 22", "hexadecimal: 33"], "answers")


def test_resize_while_typing(kernel):
    line = "eval (1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 10 + 11 + 12 + 13 + 14 + 15 + 16 + 17 + 18 + 19 + 20)"
    with Session(kernel, columns=120, rows=30) as session:
        session.keys("C-l")
        session.type(line)
        session.wait_for("20.$")
        session.resize(60, 20)
        session.wait_until(lambda screen: max(map(len, screen.split("\n"))) <= 60, "narrow screen")
        session.keys("C-a")
        session.keys("C-l")
        session.wait_until(lambda screen: screen.startswith("crash> eval (1") and
                           screen.replace("\n", "").strip() == f"crash> {line}", "the line in two rows")
        session.keys("Enter")
        session.wait_for("decimal: 210")
