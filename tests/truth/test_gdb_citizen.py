# gdb as a user meets it: scripts run when asked and only then, its index is kept, Ctrl-C ends its commands.
# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import re
import shutil
import stat
import tempfile
import time

from harness import Skipped, equal, expect, run_crash
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
    return run_crash("-s", vmlinux or kernel.vmlinux, kernel.vmcore.resolve(), stdin=text + "quit\n", timeout=300,
                     env=env, cwd=cwd)


def need_python(kernel):
    if "Python" in session(kernel, "gdb python print(1)\n").stderr:
        raise Skipped("gdb is built without Python")


def test_user_script(kernel):
    """Its own command lists the processes that ps lists, and a mistake in a script is told in Python's words."""
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
    """Written by the first session, private, used by the second; a place that cannot be written is no error."""
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


def test_interrupt(kernel):
    """Ctrl-C ends a long command of gdb, and the session answers the next one as before."""
    def body(terminal):
        terminal.send("set scroll off\n")
        terminal.wait_for("crash> ")
        for command in ("gdb thread apply all bt", "gdb thread apply all bt full"):
            terminal.send(f"{command} | cat > /dev/null\n")
            time.sleep(0.3)
            start = time.monotonic()
            terminal.send("\x03")
            terminal.wait_for("crash> ")
            expect(time.monotonic() - start < 5, f"{command} goes on after Ctrl-C")
            terminal.send("gdb output 6*7\n")
            terminal.wait_for(r"\n42")
            terminal.wait_for("crash> ")
        terminal.send("quit\n")
        terminal.status()

    on_terminal(kernel, body, "-s", one_cpu=True)
