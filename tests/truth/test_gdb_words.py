# Words that are gdb's commands and the kernel's names, user memory in x, values by number, crash's commands in gdb's scripts.
# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import re
import subprocess
import tempfile

from harness import Skipped, equal, expect, run_crash, same_lines


def session(kernel, text, *options):
    return run_crash("-s", *options, kernel.vmlinux, kernel.vmcore, stdin=text + "quit\n")


def answers(kernel, *commands):
    text = session(kernel, "".join(f"{command}\ngdb echo @@@@\\n\n" for command in commands)).stdout
    parts = text.split("@@@@\n")[:-1]
    equal(len(parts), len(commands), "answers")
    return parts


def need_python(kernel):
    if "Python" in session(kernel, "gdb python print(1)\n").stderr:
        raise Skipped("gdb is built without Python")


def kernel_names(kernel):
    return {row.split()[2] for row in kernel.truth("proc/kallsyms").splitlines()}


def test_lines_of_gdb_are_gdbs(kernel):
    """These words name something in the kernel, too."""
    lines = ["x /4gx &init_task", "x/4gx &init_task", "x &init_task", "show version", "complete info reg", "info line vfs_read"]
    same = answers(kernel, *[line for each in lines for line in (each, f"gdb {each}")])
    for i, line in enumerate(lines):
        equal(same[2 * i], same[2 * i + 1], line)
        expect("= {" not in same[2 * i] and same[2 * i].strip(), f"{line}: {same[2 * i]!r}")
    expect({"complete", "up", "down"} <= kernel_names(kernel), "the kernel has functions of these names")
    first, up, frame, down, thread = answers(kernel, "frame 0", "up", "frame", "down", "thread 2")
    equal(frame.splitlines()[0], up.splitlines()[0], "frame after up")
    equal(down.splitlines()[0], first.splitlines()[0], "down again")
    expect(up.startswith("#1 "), f"up: {up!r}")
    expect(thread.startswith("[Switching to thread 2 ("), f"thread 2: {thread!r}")


def test_names_of_the_kernel_stay_names(kernel):
    """What gdb refuses or only describes, types and members, and what no command of gdb is."""
    names = kernel_names(kernel)
    texts = answers(kernel, "jiffies", "p jiffies", "file", "struct file", "init_task.pid", "p init_task.pid", "panic", "p panic")
    for i in (0, 2, 4, 6):
        equal(re.sub(r"\$\d+", "$N", texts[i]), re.sub(r"\$\d+", "$N", texts[i + 1]), f"answer {i}")
    # Refused by gdb, and functions of most kernels: their value is better than the refusal.
    for word in {"kill", "step", "load", "stop", "next", "run"} & names:
        text, refused = answers(kernel, f"{word}", f"gdb {word}")
        expect("is refused" in refused or "not a command" in refused, f"gdb {word}: {refused!r}")
        expect("refused" not in text, f"{word}: {text!r}")


def test_x_of_user_memory(kernel):
    """The arguments and the stack of process 1, as it saw them itself."""
    wanted = kernel.truth_bytes("proc/1/cmdline").split(b"\0")[0].decode()
    # What stands behind "(" is the command's name, which may have blanks.
    start = int(kernel.truth("proc/1/stat").rsplit(")", 1)[1].split()[45])
    pid = "set 1\n"
    text = session(kernel, pid + f"x/s {start:#x}\nx/s init_task.comm\ngdb x/2xg {start & ~7:#x}\nrd -u {start & ~7:x} 2\n").stdout
    lines = text.splitlines()[-4:]
    expect(lines[0].endswith(f':\t"{wanted}"'), f"x/s of the arguments: {lines[0]!r}, wanted {wanted!r}")
    expect("swapper" in lines[1], f"kernel memory beside it: {lines[1]!r}")
    equal(re.findall(r"0x([0-9a-f]{16})\b", lines[2].split(":", 1)[1]), lines[3].split()[1:3], "x and rd -u")
    # p takes the kernel's space unless -u says otherwise; kernel threads have no other.
    done = session(kernel, f"set 1\np *(char *){start:#x}\nset 2\nx/2gx {start:#x}\n")
    errors = re.findall(r"(\w+): Cannot access memory at address 0x\w+: (.*)$", done.stdout, re.M)
    equal(errors, [("p", "not a kernel address"), ("crash", "the current task has no user space (set chooses another task)")], "errors")


def test_values_are_numbered_one_by_one(kernel):
    """Programs count on the numbers;
    what needs debug information is printed once, with its type."""
    lines = session(kernel, "p &slab_caches\np $1\npx 0x499602d2\np $\np &jiffies_64\ngdb print &modules\npd 0x10\n").stdout.splitlines()
    value = re.match(r"\$1 = (\(struct list_head \*\) 0x[0-9a-f]{16} <slab_caches>)$", lines[0])
    expect(value, f"the first value: {lines}")
    equal(lines[1:4], [f"$2 = {value[1]}", "$3 = 0x499602d2", "$4 = 1234567890"], "values that name others")
    expect(re.match(r"\$5 = \(u64 \*\) 0x[0-9a-f]{16} <jiffies_64>$", lines[4]), f"two names, of which one was asked for: {lines[4]!r}")
    expect(re.match(r"\$6 = \(struct list_head \*\) 0x[0-9a-f]{16} <modules>$", lines[5]), lines[5])
    equal(lines[6], "$7 = 16", "pd")
    for first in ("gdb print/x (long)&slab_caches != 0", "gdb print -pretty -- &slab_caches", "gdb p &slab_caches",
                  "gdb with print pretty off -- p &slab_caches", "slab_caches", "p -x slab_caches"):
        text = session(kernel, f"{first}\ngdb p 5\n").stdout
        expect("$1 = " in text and "no debug info" not in text and text.endswith("$2 = 5\n"), f"{first}: {text!r}")


def test_values_without_debug_information(kernel):
    """Then they have no type, and their numbers nevertheless."""
    with tempfile.TemporaryDirectory() as folder:
        bare = pathlib.Path(folder) / "vmlinux"
        subprocess.run(["objcopy", "--strip-debug", kernel.vmlinux.resolve(), bare], check=True)
        text = run_crash("-s", bare, kernel.vmcore, stdin="p &slab_caches\np 5\nquit\n").stdout
    lines = [line for line in text.splitlines() if line.startswith("$")]
    expect(lines[0].startswith("$1 = (<data variable, no debug info> *) 0x"), f"{text!r}")
    equal(lines[1], "$2 = 5", "the next")


SCRIPT = """import gdb
text = gdb.execute("crash ps 1", to_string=True)
print("ROWS", len(text.splitlines()), '"' not in text)
try:
    gdb.execute("crash ps -Q")
except gdb.error as problem:
    print("ERROR", str(problem).splitlines()[0])
gdb.execute("crash set 2")
print("PID", gdb.selected_thread().ptid[1])
gdb.execute("p &slab_caches")
gdb.execute("crash p $")
"""


def test_commands_of_crash_in_scripts(kernel):
    need_python(kernel)
    ps, = [kernel.crash("ps 1")]
    with tempfile.TemporaryDirectory() as folder:
        python, script, out = (pathlib.Path(folder) / name for name in ("ours.py", "ours.gdb", "out"))
        python.write_text(SCRIPT)
        script.write_text(f"crash ps 1\ncrash ps 1 | grep -c busybox\ncrash sys > {out}\ncrash gdb p 1\n")
        done = session(kernel, f"gdb source {python}\nset\ngdb source {script}\n")
        text = done.stdout
        equal(out.read_text(), kernel.crash("sys"), "crash sys > file")
        rows = text.splitlines()
        equal(rows[0], f"ROWS {len(ps.splitlines())} True", "gdb.execute")
        expect(rows[1].startswith("ERROR ps: invalid option -- 'Q'"), f"an error: {rows[1]!r}")
        at = rows.index("PID 2")
        expect(rows[at + 1].startswith("$1 = (struct list_head *) 0x"), f"{rows[at + 1]!r}")
        equal(rows[at + 2].replace("$2", "$1"), rows[at + 1], "crash p $")
        expect(re.search(r'^ +PID: 2\nCOMMAND: "kthreadd"', text, re.M), "crash set 2 stays")
        equal(text.count(ps), 1, "crash ps 1 in a script")
        expect(text.endswith("\n$3 = 1\n"), f"crash gdb p 1: {text[-80:]!r}")
        equal(done.status, 0, "an error that the script took")
        failed = session(kernel, "gdb python gdb.execute('crash ps -Q')\ncrash ps 1\ncrash\n")
    expect("invalid option -- 'Q'" in failed.stdout and "a command of crash is missing" in failed.stdout, f"{failed.stdout!r}")
    same_lines([line for line in failed.stdout.splitlines() if line in ps.splitlines()], ps.splitlines(), "crash ps 1 at the prompt")
