# gdb as a user meets it: scripts run when asked and only then, its index is kept, Ctrl-C ends its commands.
# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import re
import shutil
import stat
import tempfile

from harness import Skipped, equal, expect, processor_time, run_crash, wait_until
from slow import Slow
from terminal import on_terminal

# What a kernel's own scripts/gdb do: a type, container_of, a walk along a list, memory as bytes.
SCRIPT = """import gdb
task_type = gdb.lookup_type('struct task_struct')
init = gdb.parse_and_eval('(struct task_struct *) &init_task')

def container_of(pointer, type_, member):
    offset = next(f.bitpos // 8 for f in type_.fields() if f.name == member)
    return gdb.Value(int(pointer) - offset).cast(type_.pointer())

class Tasks(gdb.Command):
    def __init__(self):
        super().__init__('lx-ours', gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        at = init['tasks']['next']
        while int(at) != int(init['tasks'].address):
            task = container_of(at, task_type, 'tasks')
            comm = bytes(gdb.selected_inferior().read_memory(task['comm'].address, 16))
            print('TASK', int(task['pid']), '%x' % int(task), comm == bytes(int(task['comm'][i]) & 255 for i in range(16)))
            at = task['tasks']['next']
        print('SIZE', gdb.execute('output sizeof(struct task_struct)', to_string=True), task_type.sizeof)

Tasks()
"""


def session(kernel, text, env=None, cwd=None, vmlinux=None):
    return run_crash("-s", vmlinux or kernel.vmlinux, kernel.vmcore.resolve(), stdin=text + "quit\n",
                     env=env, cwd=cwd)


def need_python(kernel):
    if "Python" in session(kernel, "gdb python print(1)\n").stderr:
        raise Skipped("gdb is built without Python")


def test_user_script(kernel):
    """Its own command lists the processes that ps lists,
    and a mistake in a script is told in Python's words."""
    need_python(kernel)
    with tempfile.TemporaryDirectory() as folder:
        script, wrong = pathlib.Path(folder) / "ours.py", pathlib.Path(folder) / "wrong.py"
        script.write_text(SCRIPT)
        wrong.write_text("import gdb\ngdb.selected_inferior().read_memory(16, 8)\n")
        done = session(kernel, f"gdb source {script}\ngdb lx-ours\ngdb source {wrong}\n")
    tasks = re.findall(r"^TASK (\d+) ([0-9a-f]+) (\w+)$", done.stdout, re.M)
    # Leaders, as ps -G shows them; the idle tasks are not on the list.
    rows = re.findall(r"^[> ] +(\d+) +\d+ +\d+ +([0-9a-f]+) ", kernel.crash("ps -G"), re.M)
    equal(sorted((pid, task) for pid, task, _ in tasks), sorted(row for row in rows if row[0] != "0"), "processes")
    equal({same for _, _, same in tasks}, {"True"}, "comm by memory and by type")
    expect(re.search(r"^SIZE (\d+) \1$", done.stdout, re.M), f"sizes: {done.stdout[-200:]!r}")
    text = done.stdout + done.stderr
    expect("Error occurred in Python: Cannot access memory at address 0x10" in text, f"a wrong address: {text[-300:]!r}")


def test_nothing_runs_unasked(kernel):
    """Scripts beside vmlinux, .gdbinit in the current and the home directory."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        # gdb looks beside the file that a link leads to.
        shutil.copyfile(kernel.vmlinux.resolve(), folder / "vmlinux")
        (folder / "config/gdb").mkdir(parents=True)
        proof = folder / "proof"
        for script in ("vmlinux-gdb.py", ".gdbinit.py"):
            (folder / script).write_text(f"open({str(proof)!r}, 'w')\n")
        for script in ("vmlinux-gdb.gdb", ".gdbinit", ".gdbearlyinit", "config/gdb/gdbinit", "config/gdb/gdbearlyinit"):
            (folder / script).write_text(f"shell touch {proof}\n")
        env = {"HOME": name, "XDG_CONFIG_HOME": f"{name}/config", "XDG_CACHE_HOME": f"{name}/cache"}
        # Not even from a place that is called safe, and with Python running.
        questions = "gdb set auto-load safe-path /\ngdb python x = 1\ngdb info line vfs_read\n"
        done = session(kernel, questions, env, name, folder / "vmlinux")
        expect("fs/read_write.c" in done.stdout, f"debug information is not read: {done.stderr!r}")
        expect(not proof.exists(), "a script ran that nobody asked for")
        # The same file does leave its proof when it is asked for.
        session(kernel, f"gdb source {folder}/.gdbinit\n", env, name, folder / "vmlinux")
        expect(proof.exists(), "gdb source runs nothing")


def test_index_is_kept(kernel):
    """Written by the first session, private, used by the second;
    a place that cannot be written is no error."""
    question = "gdb whatis jiffies\ngdb show index-cache stats\n"
    with tempfile.TemporaryDirectory() as name:
        first = session(kernel, question, {"XDG_CACHE_HOME": name})
        cache = pathlib.Path(name) / "crash/gdb-index"
        kept = list(cache.glob("*.gdb-index"))
        equal(len(kept), 1, "files of the index")
        equal([stat.S_IMODE(p.stat().st_mode) for p in (cache.parent, cache, kept[0])], [0o700, 0o700, 0o600], "modes")
        before = kept[0].stat().st_mtime_ns
        second = session(kernel, question, {"XDG_CACHE_HOME": name})
        equal(kept[0].stat().st_mtime_ns, before, "the index is not written again")
        # A cut index is not trusted.
        kept[0].write_bytes(kept[0].read_bytes()[:1000])
        cut = session(kernel, question, {"XDG_CACHE_HOME": name})
        blocked = pathlib.Path(name) / "file"
        blocked.touch()
        nowhere = session(kernel, question, {"XDG_CACHE_HOME": str(blocked)})
    for done, what in ((first, "first"), (second, "second"), (cut, "cut index"), (nowhere, "no cache")):
        expect("type = volatile unsigned long\n" in done.stdout, f"{what}: {done.stdout!r} {done.stderr!r}")
        equal(done.status, 0, f"{what}: status")
    expect("hits (this session): 0" in first.stdout and "hits (this session): 1" in second.stdout, "hits of both")
    equal(nowhere.stderr, "", "what is said without a cache")


# Of the processor, however long that takes on a busy machine;
# what is interrupted would need far more.
MOST_SECONDS = 1


def interrupted(terminal, slow, command, looks, most=MOST_SECONDS):
    """COMMAND, stopped at its LOOKS-th look for Ctrl-C, ends by one;
    the session answers the next one as before."""
    slow.arm(looks=looks)
    terminal.send(f"{command}\n")
    slow.wait(terminal)
    terminal.send("\x03")
    shown = terminal.wait_for(re.escape("^C"))
    before = processor_time(terminal.pid)
    slow.open()
    shown += terminal.wait_for("crash> ")
    took = processor_time(terminal.pid) - before
    expect(took < most, f"{command} works for {took:.2f} s after Ctrl-C")
    terminal.send("gdb output 6*7\n")
    terminal.wait_for(r"\n42|^42")
    terminal.wait_for("crash> ")
    return shown


def test_interrupt(kernel):
    """Ctrl-C ends a long command of gdb, whose status is then that of a command that failed."""
    threads = len(re.findall(r"^Thread \d+ ", session(kernel, "gdb thread apply all bt -1\n").stdout, re.M))
    expect(threads > 90, f"only {threads} threads")
    with Slow() as slow:
        def body(terminal):
            terminal.send("set scroll off\n")
            terminal.wait_for("crash> ")
            for command in ("gdb thread apply all bt", "gdb thread apply all bt full"):
                # Once when it begins, and once in the midst of it.
                for looks in (5, 500):
                    shown = interrupted(terminal, slow, command, looks, most=2)
                    done = len(re.findall(r"^Thread \d+ ", shown, re.M))
                    expect(done < threads, f"{command} told of all {threads} threads")
            terminal.send("quit\n")
            equal(terminal.status(), 2, "status of a session with an interrupted command")

        on_terminal(kernel, body, "-s", env=slow.env)


def interrupt_the_index(terminal, slow):
    """Ctrl-C while the index of debug information is made; what is shown up to the next prompt."""
    slow.arm("reading the kernel's debug information")
    terminal.send("gdb info line vfs_read\n")
    slow.wait(terminal)
    terminal.send("\x03")
    terminal.wait_for(re.escape("^C"))
    slow.open()
    return terminal.wait_for("crash> ")


def test_leaving_waits_for_nothing(kernel):
    """An index that was interrupted is not waited for, and nothing of it is on the disk."""
    with tempfile.TemporaryDirectory() as name, Slow() as slow:
        def leaving(terminal):
            interrupt_the_index(terminal, slow)
            before = processor_time(terminal.pid)
            terminal.send("quit\n")
            # Nobody reaps it before the test has seen what it used.
            wait_until(lambda: terminal.ended(), "end")
            took = processor_time(terminal.pid) - before
            equal(terminal.status(), 2, "status")
            expect(took < MOST_SECONDS, f"leaving takes {took:.2f} s")

        on_terminal(kernel, leaving, "--no_scroll", env={"XDG_CACHE_HOME": name, **slow.env})
        equal([path.name for path in pathlib.Path(name).rglob("*") if path.is_file()], [], "files")


def test_interrupt_of_a_search(kernel):
    """While the index of debug information is made,
    and while a kept one is searched and units are read."""
    with tempfile.TemporaryDirectory() as name, Slow() as slow:
        setting = {"XDG_CACHE_HOME": name, **slow.env}

        def making(terminal):
            shown = interrupt_the_index(terminal, slow)
            expect("read_write.c" not in shown, f"it has its answer: {shown!r}")
            # The second question gets the answer.
            terminal.send("gdb info line vfs_read\n")
            terminal.wait_for(r"Line \d+ of .*fs/read_write.c")
            terminal.send("quit\n")
            equal(terminal.status(60), 2, "status")

        def searching(terminal):
            terminal.send("set scroll off\ngdb info line vfs_read\n")
            terminal.wait_for(r"Line \d+ of")
            terminal.wait_for("crash> ")
            for looks in (5, 500, 5000):
                interrupted(terminal, slow, "gdb info types . > /dev/null", looks)
            terminal.send("quit\n")
            equal(terminal.status(), 2, "status")

        on_terminal(kernel, making, "--no_scroll", env=setting)
        equal(len(list(pathlib.Path(name).glob("crash/gdb-index/*.gdb-index"))), 1, "files of the index")
        on_terminal(kernel, searching, "-s", env=setting)


# Each of gdb's commands that a dump cannot answer, and what the message says.
REFUSALS = {
    "no process to run or stop": "run r attach continue c fg detach finish handle interrupt jump kill next nexti signal step s stepi until"
                                 " return si ni cont unti",
    "no breakpoint, watchpoint": "break b tbreak hbreak thbreak rbreak watch rwatch awatch delete clear disable enable condition ignore"
                                 " catch tcatch wat tbre",
    "must not be replaced": "target file exec-file core-file symbol-file load targ",
    "use !COMMAND": "shell sy sh",
    "put it into a file": "define document while if",
}


def test_refusals(kernel):
    """Every word, abbreviations too, each with its reason;
    after `set gdb on` as well; the session goes on."""
    words = [(word, reason) for reason, list_ in REFUSALS.items() for word in list_.split()]
    text = "".join(f"gdb {word} 1\n" for word, _ in words)
    said = [line for line in session(kernel, text + "gdb output 6*7\n").stdout.splitlines() if "refused" in line]
    equal(len(said), len(words), f"refusals: {said[:2]}")
    for (word, reason), line in zip(words, said):
        expect(f'gdb\'s "{word}" is refused' in line and reason in line, f"{word}: {line}")
    result = session(kernel, "set gdb on\nrun\nbreak vfs_read\ncrash sym linux_banner\noutput 6*7\ncrash set gdb off\nsym vfs_read\n")
    equal(result.stdout.count("is refused"), 2, "refusals with gdb on")
    expect("linux_banner" in result.stdout and "42" in result.stdout and "vfs_read" in result.stdout, result.stdout)


def test_sourced_file(kernel):
    """What goes over several lines works from a file: define, document, if, while, python."""
    need_python(kernel)
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "script"
        script.write_text("define ours\nif $argc == 1\nset $n = 0\nwhile $n < $arg0\necho again\\n\nset $n = $n + 1\nend\nend\nend\n"
                          "document ours\nCounts.\nend\nours 3\npython\nfor i in range(2):\n    print('line %d' % i)\nend\n")
        result = session(kernel, f"gdb source {script}\ngdb help ours\ngdb ours 1\n")
    equal(result.stdout, "again\n" * 3 + "line 0\nline 1\nCounts.\nagain\n", "what the file prints")


PRINTERS = """import gdb.printing

class Head:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        return 'HEAD %x' % int(self.value['next'])

printers = gdb.printing.RegexpCollectionPrettyPrinter('ours')
printers.add_printer('list_head', '^list_head$', Head)
gdb.printing.register_pretty_printer(None, printers)
"""


def test_pretty_printers(kernel):
    """A user's printers are used by p, can be listed, switched off and on;
    values and memory read by Python are crash's."""
    need_python(kernel)
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "printers.py"
        script.write_text(PRINTERS)
        text = session(kernel, f"gdb source {script}\np init_task.tasks\ngdb info pretty-printer\ngdb disable pretty-printer global ours\n"
                               "p init_task.tasks\ngdb enable pretty-printer global ours\np init_task.tasks\n"
                               "gdb python print('%x' % int(gdb.parse_and_eval('init_task.tasks.next')))\n"
                               "gdb python a = gdb.parse_and_eval('&linux_banner')\n"
                               "gdb python print(bytes(gdb.selected_inferior().read_memory(int(a), 13)))\nrd init_task.tasks\n").stdout
    heads = re.findall(r"HEAD ([0-9a-f]+)", text)
    expect(len(heads) == 2 and len(set(heads)) == 1, f"printed by the script: {heads} {text[-500:]!r}")
    expect(re.search(rf"^{heads[0]}$", text, re.M), "parse_and_eval")
    expect("next = 0x" in text and "b'Linux version'" in text and "ours" in text, text[-500:])


def test_scripts_keep_the_session(kernel):
    """What a script runs is refused like what is typed;
    symbol-file, by which a kernel's lx-symbols begins, leaves what is there."""
    need_python(kernel)
    module = kernel.folder / "modules" / "virtio_blk.ko.debug"
    start = re.search(r"^[0-9a-f]+ +virtio_blk +([0-9a-f]{16}) ", kernel.crash("mod"), re.M)
    words = ("run", "target remote :1", "quit", "detach", "kill", "file", "core-file", "exec-file", "attach 1", "load", "continue")
    lines = "".join(f"gdb python gdb.execute({word!r})\n" for word in words)
    lines += "gdb thread apply 1 kill\ngdb python gdb.execute('symbol-file', to_string=True)\ngdb info line vfs_read\np jiffies\n"
    lines += f"gdb python gdb.execute('add-symbol-file {module} 0x{start[1]}')\ngdb info line virtblk_probe\nbt\n"
    text = session(kernel, lines).stdout
    for word in words:
        expect(f'gdb: Error occurred in Python: "{word.split()[0]}" is refused' in text, f"{word}: {text[:300]!r}")
    expect('gdb: "kill" is refused' in text, "thread apply kill")
    expect("fs/read_write.c" in text and "jiffies = $1 = " in text and "drivers/block/virtio_blk.c" in text, text[-1500:])
    expect(text.endswith(kernel.crash("bt")), "bt after it all")
