# Every command and option with a vmlinux and without: the same output, or one line that says what debug information is for.
# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import re
import sys
import tempfile

from harness import TOP, expect, run_crash

sys.path[:0] = [str(TOP / "tests/golden"), str(TOP / "tests/help"), str(pathlib.Path(__file__).parent)]
import test_help  # noqa: E402
import test_no_vmlinux  # noqa: E402
import test_sessions  # noqa: E402

# What the sessions of golden/ and the examples of the help pages leave out.
MORE = """
bt -a|bt -c 0|bt -p|bt -g 1|bt -l|bt -f|bt -F|bt -FF|bt -s|bt -sx|bt -sd|bt -n idle|bt -t|bt -T|bt -e|bt -r|bt -R schedule
bt -v|bt -E|bt -E -c 0|bt -o 1|bt -O|bt 2|bt -O|bt -I schedule 2|bt -S 1000 2|bt --sources 1|bt --merge|bt --folded
bt -D orc|bt --merge -x|bt --merge -R schedule|bt --args 2|bt --locals 2|bt --merge -l|bt --folded -R schedule|foreach bt -o
whatis -r 1000-1100|whatis -m list_head|log -s
dis -l vfs_read 5|dis -s vfs_read|dis -r vfs_read+0x20|dis -u 401000 3|dis -d vfs_read 3|dis -x vfs_read 3
dis -B vfs_read 3|dis -U vfs_read 3|dis -b 0 vfs_read 3
help -k|help -m|help -p|help -s|help -t|help -T|help -v|help -a|help -D|help -B|help -n|help -o|help -r|help -z|kmem -i|kmem -i=shared|kmem -i -v|kmem -s -v dentry
lock|ps --age --wait|kmem -S filp|kmem -V|kmem -VV|kmem -z|kmem -f|kmem -F|kmem -n|vm -v 1|vm -m -x 1|vm -m -d 1
list -o task_struct.tasks -h init_task|list task_struct.tasks -r -h init_task|list task_struct.tasks -B -h init_task
list task_struct.tasks -s task_struct.pid -x -h init_task|list task_struct.tasks -s task_struct.pid -d -h init_task
list -h modules -l 0
p -d sizeof(struct list_head)|p -u 10|p -x 100|p runqueues:0|p vm_event_states:a|p sizeof(struct page)|p (long)jiffies
p ((struct task_struct *)&init_task)->pid|p jiffies|p init_task|p linux_banner|p init_task.comm|p &init_task
rd -64 init_task 4|rd -d init_task 4|rd -S init_task 64|rd -SS init_task 64|rd -u 400000 4|rd -f 0 4|rd -o 8 init_task 4
rd -R init_task 4|rd -r /tmp/out init_task 64
search -k -x 2 -s init_task -l 100 0|search -K 1234567|search -V 1234567|search -u 1234567|search -p -s 1000 -l 100 0
search -T 1234567|search -m ff -s init_task -e init_task+0x100 0|search -w -s init_task -l 100 0
struct -o task_struct|struct task_struct.pid,comm init_task|struct list_head -l 8 modules|struct -p task_struct.mm init_task
struct -r list_head modules|struct -u list_head 400000|struct -x task_struct.pid init_task|struct -d task_struct.pid init_task
struct -f elf64_hdr 0|union -f sigval 0|struct -c 2 list_head init_task|struct rq.nr_running runqueues:a|struct page
union thread_union|union -o thread_union|union -x sigval init_task|union -d sigval -l 0 init_task|union -p sigval init_task
union -r sigval init_task|union -u sigval 400000|union -c 2 sigval init_task|* list_head modules|*task_struct.pid init_task
tree -t x -r pid_namespace.idr -N init_pid_ns+8|tree -t x -v -r pid_namespace.idr init_pid_ns
tree -x -l -o backing_dev_info.rb_node bdi_tree -s backing_dev_info.id
tree -t x -d -r pid_namespace.idr init_pid_ns -S pid.level|p runqueues.cpu:a|p jiffies:0|struct list_head -p modules
whatis modules.next|whatis &modules|whatis PIDTYPE_SID|whatis struct list_head *|task -R pid 0
vtop -c 1 400000|whatis -o list_head|whatis -x list_head|whatis -d list_head|whatis jiffies|whatis init_task|whatis pid_t
wr -k -64 init_task 1|wr -u -8 400000 1|wr -p -16 1000 1|wr -32 init_task 1
sym vfs_read|sym -m nf_tables|sym -s vfs_read|sym -s loop_add|sym -Q vfs_rea|sys -c|sys config|foreach bt -l
mod -r|mod -R|mod -g|mod -o
gdb p sizeof(struct page)|gdb ptype struct list_head|gdb ptype /o struct list_head|gdb info symbol vfs_read
gdb info address vfs_read|gdb x/2i vfs_read|gdb disassemble vfs_read,+8|gdb print *(struct list_head *)&modules
gdb print &((struct task_struct *)0)->pid|gdb whatis vfs_read|gdb info line vfs_read|gdb list vfs_read|gdb info scope vfs_read
gdb info locals|gdb info args
irq|irq -u|irq -a|irq -s|irq -s -v|irq -s -c 0|irq -d|irq -b|irq -b -v|irq 1 4
timer|timer -v|timer -C 0|timer -r|runq|runq -t|runq -T|runq -m|runq -g|runq -d|runq -c 1
waitq oom_reaper_wait|waitq -v kauditd_wait|waitq rcu_state.gp_wq rcu_state|waitq bit_wait_table|waitq log_wait
mach|mach -m|mach -mm|mach -c|mach -cx|mach -cd
cpu|cpu 0|cpu 0-1
wq|wq -a|wq kblockd|wq deferred_probe_work
rcu
"""
COMMANDS = [word for line in MORE.strip().splitlines() for word in line.split("|")]

# Where only debug information, or the sections of vmlinux, can answer: a line says so, and whose.
NEEDS_DWARF = (r"(foreach )?bt (-s -x )?(-l|--args|--locals|--merge -l)|sym -s [vi]|dis -(s|l|rl) (?!nosuch)"
               r"|whatis (jiffies|init_task|panic_on_oops|&?modules)"
               r"|log --lines|gdb (info (line|scope|locals|args)|list|whatis jiffies|print &init_task)|(repeat -1 )?p (-x )?&?(jiffies|init_task|linux_banner|panic_on_oops)"
               r"|jiffies$")
# The source file and line of a symbol are put behind it where they are known.
SHOWS_LINES = r"sym |sys -c"
# Names that the linker's symbol table has, and kallsyms has not; letters of per-cpu data.
NAMES = r"sym (-l|-q|-Q|-n|-np|-m)|rd vfs_readl|help -n"


def sessions():
    """[commands]: each a session of its own."""
    found = [[command for command, _ in test_sessions.read(path)] for path in sorted(test_sessions.FOLDER.glob("*.session"))]
    for name in test_help.names():
        page = run_crash("-h", name).stdout.split("\nEXAMPLE\n")[1]
        found.append([line for line in re.findall(r"^\s*crash> (.*)", page, re.M) if not line.startswith("save")])
    return [*found, COMMANDS]


def answers(files, commands):
    """What each of COMMANDS printed, and all warnings."""
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "commands"
        script.write_text("".join(command + "\n" for command in commands))
        done = run_crash("-i", script, *files, cwd=folder)
    text, found = done.stdout, []
    for i, command in enumerate(commands):
        at = text.find(f"crash> {command}\n")
        expect(at >= 0, f"{command!r} was not run: {text[-200:]!r}")
        text = text[at + len(command) + 8:]
        end = text.find(f"crash> {commands[i + 1]}\n") if i + 1 < len(commands) else len(text)
        found.append(text[:end])
    return found, done.stderr


def comparable(command, text):
    text = "\n".join(test_no_vmlinux.comparable(text))
    text = re.sub(r"(= |^)\$\d+ = ", r"\1", text, flags=re.M)
    text = re.sub(r"^ *(namelist|dumpfile|filename|vmlinux|debug information|symcnt): .*\n", "", text, flags=re.M)
    if re.match(SHOWS_LINES, command):
        text = re.sub(r"(  +|(?<=\w) )\S+\.[chS]: \d+$", "", text, flags=re.M)
    return [line.rstrip() for line in text.splitlines()]


def names_only(lines):
    """Rows of symbols without their letter, and the linker's own."""
    return {tuple(word for word in line.split() if not re.fullmatch(r"\(\w\)", word)) for line in lines
            if not re.search(r"__crc_|__kstrtab|__ksym|__UNIQUE_ID|__pfx_", line)}


def without_place(line):
    return re.sub(r"(0x[0-9a-f]+) <[\w.+]+>", r"\1", line)


def difference(command, mine, said, theirs, wanted_line):
    """Why the two answers are not as they should be; "" when they are."""
    if re.match(NEEDS_DWARF, command):
        return "" if wanted_line in mine + said else f"{command!r} does not say what it lacks: {mine[-200:]!r}"
    got, wanted = comparable(command, mine), comparable(command, theirs)
    if re.match(NAMES, command):
        got, wanted = names_only(got), names_only(wanted)
        return "" if got <= wanted or len(got - wanted) < 3 else f"{command!r}: {sorted(got - wanted)[:2]}"
    if got == wanted:
        return ""
    # The BTF of 5.10 has no variables, that of later kernels the per-cpu ones.
    if re.match("(p )?(runqueues|vm_event_states)", command) and "in no debug information" in mine:
        return "" if wanted_line in mine else f"{command!r} does not say what it lacks"
    # kallsyms knows no sizes: gdb names some more places behind the ends of variables.
    if [without_place(line) for line in got] == [without_place(line) for line in wanted]:
        return ""
    at = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b), min(len(got), len(wanted)))
    return f"{command!r} line {at + 1}: {got[at:at + 1]} without, {wanted[at:at + 1]} with vmlinux"


def test_every_command_both_ways(kernel):
    build_id = run_crash("--build-id", kernel.vmcore).stdout.strip()
    bare = pathlib.Path(test_no_vmlinux.alone(kernel.dump()).name) / "vmcore"
    problems, count = [], 0
    for commands in sessions():
        with_vmlinux, _ = answers((kernel.vmlinux, kernel.vmcore), commands)
        without, said = answers((bare,), commands)
        count += len(commands)
        for command, mine, theirs in zip(commands, without, with_vmlinux):
            # Lines on the screen and warnings are two streams:
            # any warning that names the build-id will do.
            problem = difference(command, mine, said, theirs, build_id)
            if problem:
                problems.append(problem)
    expect(count > 300, f"only {count} commands")
    expect(not problems, f"{len(problems)} of {count}: " + " || ".join(problems)[:1500])


def test_every_option_is_in_them():
    """The list above keeps up with the commands."""
    lines = [command for commands in sessions() for command in commands]
    missing = []
    for name in test_help.names():
        mine = [line for line in lines if re.match(rf"(foreach )?{re.escape(name)}(\s|\w|$)", line)]
        page = run_crash("-h", name).stdout
        for option in re.findall(r"^    -([\w]+)", page, re.M):
            if option != "seconds" and not any(re.search(rf"\s-\w*{option}", line) for line in mine):
                missing.append(f"{name} -{option}")
        # What save writes is what the session has read before.
        if not mine and name != "save":
            missing.append(name)
    expect(not missing, f"run with no vmlinux by no test: {missing}")
