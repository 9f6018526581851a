# A live session: our program inside a guest that stays up, against the guest's own /proc just before and after.
# SPDX-License-Identifier: GPL-3.0-or-later
import functools
import pathlib
import re
import subprocess
import sys

from harness import CRASH, Failed, Skipped, TOP, equal, expect, run_crash, same_lines, table
from transcript import Comparison, example

sys.path.insert(0, str(TOP / "tests/lab"))
import live  # noqa: E402

RESERVED = "1122334455667788 ffeeddccbbaa0099"


class Session:
    """The answers of one session in the guest, by command."""

    def __init__(self, folder, commands):
        self.folder, self.commands = folder, commands

    def __call__(self, command):
        path = self.folder / str(self.commands.index(command))
        expect(path.exists(), f"{command!r} wrote nothing")
        return path.read_text(errors="replace")


class Run:
    def __init__(self, folder):
        self.folder = folder / "out"
        self.console = (folder / "console.log").read_text(errors="replace")
        self.main = Session(self.folder / "main", live.COMMANDS)

    def text(self, name):
        return (self.folder / name).read_text(errors="replace")

    def status(self, when):
        """pid -> its /proc/PID/status, as the guest had it before or after."""
        found = {}
        for path in (self.folder / when / "pid").glob("*.status"):
            fields = dict(line.split(":\t", 1) for line in path.read_text(errors="replace").splitlines() if ":\t" in line)
            if "Pid" in fields:
                found[int(fields["Pid"])] = fields
        return found

    def settled(self):
        """pids that slept all the time from before to after."""
        before, after = self.status("before"), self.status("after")
        key = ("State", "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches")
        return {pid: fields for pid, fields in before.items()
                if pid in after and all(fields[k] == after[pid][k] for k in key) and fields["State"][0] != "R"}


@functools.lru_cache(maxsize=None)
def guest(name):
    if "-" in name:
        raise Skipped(f"the lab makes one dump of {name}, and no live session")
    done = subprocess.run([str(TOP / "tests/lab/lab"), "live", name, str(CRASH)], capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"lab: {done.stderr.strip()[-300:]}")
    return Run(pathlib.Path(done.stdout.strip()))


def rows(text):
    """pid -> (active, address, state, name)."""
    found = {}
    for line in text.splitlines()[1:]:
        match = re.fullmatch(r"([> ]) *(\d+) +(\d+) +(\d+)  ([0-9a-f]{16})  (..) +[0-9.]+ +\d+ +\d+  (.*)", line)
        expect(match, f"not a row of ps: {line!r}")
        if match[2] != "0":
            found[int(match[2])] = (match[1] == ">", match[5], match[6], match[7].strip("[]"))
    return found


def traces(text):
    found = {}
    for part in text.split("\n\n"):
        header = re.match(r"PID: (\d+) ", part)
        if header and header[1] != "0":
            frames = re.findall(r"^ ?#\d+ \[[0-9a-f]+\] (\S+)\+(0x[0-9a-f]+) at", part, re.M)
            found[int(header[1])] = (frames, part)
    return found


def check_stacks(run, text):
    """bt of tasks that slept all the time is /proc/PID/stack."""
    ours, compared = traces(text), 0
    for pid, fields in run.settled().items():
        stack = run.text(f"before/pid/{pid}.stack")
        wanted = re.findall(r"^\[<0>\] (\S+?)\+(0x[0-9a-f]+)/", stack, re.M)
        # Killed later, or a thread of the kernel's that ended.
        if not wanted or pid not in ours or stack != run.text(f"after/pid/{pid}.stack"):
            continue
        frames = ours[pid][0]
        while frames and frames[0] != wanted[0]:
            frames = frames[1:]
        compared += 1
        equal(frames, wanted, f"bt {pid} ({fields['Name']})")
    expect(compared > 25, f"only {compared} stacks compared")


def test_live_needs_no_arguments(kernel):
    run = guest(kernel.name)
    # Some of its commands are refused on purpose: they are counted at the end.
    said = re.sub(r"^crash: \d+ commands failed: .*\n", "", run.text("session.err"))
    equal(said, "", "standard error of crash without arguments")
    banner = run.text("session")
    release = run.text("before/version").split()[2]
    for label, value in (("KERNEL", f"/usr/lib/debug/boot/vmlinux-{release}"), ("DUMPFILE", "/proc/kcore"), ("CPUS", "2"),
                         ("NODENAME", "live-guest"), ("RELEASE", release), ("COMMAND", '"crash"'),
                         ("STATE", "TASK_RUNNING (ACTIVE)")):
        expect(re.search(rf"^ *{label}: {re.escape(value)}$", banner, re.M), f"no {label}: {value} in the banner")
    expect("PANIC:" not in banner, "a running kernel has a PANIC row")


def test_live_sys(kernel):
    run = guest(kernel.name)
    seconds = lambda text: sum(int(n) * m for n, m in zip(text.split(":"), (3600, 60, 1)))
    uptime = seconds(re.search(r"UPTIME: (\S+)", run.main("sys"))[1])
    before, after = (float(run.text(f"{when}/uptime").split()[0]) for when in ("before", "after"))
    expect(before - 2 <= uptime <= after + 2, f"uptime {uptime}, not in {before} to {after}")
    equal(run.text("explicit.status"), "0\n", "status of crash VMLINUX /proc/kcore")
    expect("DUMPFILE: /proc/kcore" in run.text("explicit.sys"), "crash VMLINUX /proc/kcore is not live")


def test_live_ps(kernel):
    run = guest(kernel.name)
    got, settled = rows(run.main("ps")), run.settled()
    letters = {"S": "IN", "D": "UN", "I": "ID", "Z": "ZO", "T": "ST"}
    expect(len(settled) > 20, f"only {len(settled)} tasks slept all the time")
    wrong = [f"{pid} {fields['Name']}: {got.get(pid)}" for pid, fields in settled.items()
             if got.get(pid, [None] * 4)[2] != letters[fields["State"][0]]
             # /proc knows more of a kernel thread's name than its task_struct has room for.
             or not got[pid][3] or not fields["Name"].startswith(got[pid][3])]
    equal(wrong, [], "tasks that differ from /proc")
    known = set(run.status("before")) | set(run.status("after"))
    extra = [f"{pid} {row[3]}" for pid, row in got.items()
             if pid not in known and row[3] != "crash" and not row[3].startswith("kworker/")]
    equal(extra, [], "tasks that the guest never had")


def test_live_active_tasks(kernel):
    run = guest(kernel.name)
    active = {row[3] for row in rows(run.main("ps")).values() if row[0]}
    expect("crash" in active, f"the program itself is not marked active: {active}")
    expect(len(active) <= 2, f"{active} are active on two CPUs")
    current = run.main("set")
    expect('COMMAND: "crash"' in current and "(ACTIVE)" in current, f"the current task is {current!r}")
    equal(run.main("bt").splitlines()[1:], ["(active)"], "bt of the program itself")
    # On the other CPU, unless a kernel thread had it just then.
    expect(run.main("bt yes").splitlines()[1] == "(active)" or "#0" in run.main("bt yes"), "bt of a busy task")


def test_live_stacks(kernel):
    run = guest(kernel.name)
    check_stacks(run, run.main("foreach bt -sx"))
    expect(" unwinding stopped" not in run.main("foreach bt -sx"), "a trace ends early")
    expect("wait" in run.main("bt "), "bt of process 1, which waits for its child")


def test_live_modules(kernel):
    run = guest(kernel.name)
    wanted = {w[0]: (int(w[1]), int(w[5], 16)) for w in map(str.split, run.text("before/modules").splitlines())}
    got = {row[1]: (int(row[3]), int(row[2], 16)) for row in table(run.main("mod"), "MODULE")}
    equal(got, wanted, "mod")


def test_live_modules_come_and_go(kernel):
    run = guest(kernel.name)
    expect("dummy_xmit [dummy]" in run.main("sym dummy_xmit"), "the module's symbol before rmmod")
    names = {row[1] for row in table(run.main("mod "), "MODULE")}
    expect("dummy" not in names and len(names) > 5, f"after rmmod mod lists {sorted(names)}")
    expect("[dummy]" not in run.main("sym -q dummy_xmit"), "the symbol of a module that is gone")
    expect("dummy" in {row[1] for row in table(run.main("mod  "), "MODULE")}, "mod after insmod lacks the module")
    expect("dummy_xmit [dummy]" in run.main("sym dummy_xmit "), "the module's symbol after insmod")


def test_live_tasks_come_and_go(kernel):
    run = guest(kernel.name)
    equal(len(rows(run.main("ps sleep"))), 3, "tasks named sleep after one more was started")
    expect("invalid task" in run.main("ps sleep "), f"ps of killed tasks: {run.main('ps sleep ')!r}")
    equal(len(rows(run.main("ps yes"))), 1, "tasks named yes")
    equal(len(rows(run.main("ps yes "))), 1, "with refresh off a new task is not seen; tasks")
    equal(len(rows(run.main("ps yes  "))), 2, "with refresh on it is; tasks")
    expect('COMMAND: "init"' in run.main("set "), "the context that was set does not stay")


def test_live_log(kernel):
    run = guest(kernel.name)
    wanted = [re.sub(r"^<\d+>", "", line) for line in run.text("before/dmesg").splitlines()]
    got, stamp = [], ""
    for line in run.main("log").splitlines():
        # Later lines of a message are indented by as much as its stamp takes.
        stamp = (re.match(r"\[ *\d+\.\d{6}\] ", line) or [stamp])[0]
        got.append(stamp + line[len(stamp):])
    expect(any("lab: before the session" in line for line in wanted), "the record lacks its last line")
    same_lines(got[:len(wanted)], wanted, "log")


def test_live_struct_and_memory(kernel):
    run = guest(kernel.name)
    pid = next(pid for pid, fields in run.status("before").items() if fields["Name"] == "tail")
    text = run.main("foreach tail task -R pid,comm,tgid")
    for line in (f"  pid = {pid},", '  comm = "tail', f"  tgid = {pid},"):
        expect(line in text, f"no {line!r} in {text!r}")
    banner = "".join(re.findall(r"^[0-9a-f]+:  (.*)$", run.main("rd -a linux_banner"), re.M))
    equal(banner.strip(), run.text("before/version").strip(), "linux_banner")
    jiffies = [int(line.split()[1]) for line in run.main("repeat -1 rd -d jiffies | head -n 2").splitlines()]
    expect(len(jiffies) == 2 and 100 <= jiffies[1] - jiffies[0], f"jiffies a second apart: {jiffies}")


def test_live_gdb_sees_what_changes(kernel):
    run = guest(kernel.name)
    text = run.main("repeat -1 p *(unsigned long *)&jiffies | head -n 2")
    jiffies = [int(n) for n in re.findall(r" = (\d+)$", text, re.M)]
    expect(len(jiffies) == 2 and 100 <= jiffies[1] - jiffies[0], f"jiffies a second apart: {text!r}")
    text = run.main("p ((struct task_struct *)&init_task)->comm")
    expect('"swapper/0' in text, f"p of a task's comm: {text!r}")


def test_live_save_makes_a_dump(kernel):
    """What a live session read, opened on another machine."""
    run = guest(kernel.name)
    done = run_crash("-s", kernel.vmlinux, run.folder / "saved", stdin="log\nps\n")
    equal(done.status, 0, f"status with the saved dump ({done.stderr[-200:]!r})")
    log = run.main("log ").splitlines()
    same_lines(done.stdout.splitlines()[:len(log)], log, "log of the saved dump")
    expect("[kthreadd]" in done.stdout and "crash" in done.stdout, "ps of the saved dump")


def test_live_faults_name_the_cause(kernel):
    run = guest(kernel.name)
    for command in ("rd -p 0", "rd -p ffffffff000"):
        expect("no memory at this physical address" in run.main(command), f"{command}: {run.main(command)!r}")
    for command in ("set -p", "bt -p"):
        expect("live system" in run.main(command), f"{command}: {run.main(command)!r}")


def test_live_help_names_the_memory(kernel):
    text, iomem = guest(kernel.name).main("help -D"), guest(kernel.name).text("before/iomem")
    ranges = [(int(a, 16), int(b, 16) + 1) for a, b in re.findall(r"^(\w+)-(\w+) : System RAM$", iomem, re.M)]
    got = [(int(a, 16), int(b, 16)) for a, b in re.findall(r"^    (\w{16}) - (\w{16})  file", text, re.M)]
    expect(got, "help -D shows no memory")
    # The kernel gives whole pages of its ranges.
    equal(got, [(-(-a // 4096) * 4096, b // 4096 * 4096) for a, b in ranges], "physical memory")
    expect("OSRELEASE=" in text, "help -D shows no vmcoreinfo")


def test_live_wr(kernel):
    run = guest(kernel.name)
    equal(run.text("reserved").strip(), RESERVED, "reserved memory after wr -64, -8, -16, -32")
    for command in live.COMMANDS:
        if command.startswith("wr -p -"):
            equal(run.main(command), "", command)
    for command in ("wr -32 panic_on_oops 1", "wr -k -32 panic_on_oops 1"):
        expect("CONFIG_STRICT_DEVMEM" in run.main(command), f"{command}: {run.main(command)!r}")
    # wr -u of another task's memory, and rd -u of the same.
    expect("CONFIG_STRICT_DEVMEM" in run.text("main/user"), f"wr -u: {run.text('main/user')!r}")
    expect("tail" in run.text("main/user.read"), f"after the refusal the task's name is {run.text('main/user.read')!r}")
    equal(run.text("after/panic_on_oops"), run.text("before/panic_on_oops"), "panic_on_oops after the refusal")
    for command, word in (("wr -8 jiffies 100", "does not fit"), ("wr -k -u 0 0", "only one of -k, -u and -p"),
                          ("wr 20000000 1", "say -u or -p"),
                          ("wr -p 20000ffc 1", "cross a page"), ("wr -p 7fff0000000 1", "Bad address")):
        expect(word in run.main(command), f"{command}: {run.main(command)!r}")


def test_live_devmem(kernel):
    run = guest(kernel.name)
    equal(run.text("devmem.status"), "1\n", "status of crash VMLINUX /dev/mem")
    expect("CONFIG_STRICT_DEVMEM" in run.text("devmem.err"), f"/dev/mem: {run.text('devmem.err')!r}")
    if not (run.folder / "open").exists():
        return
    session = Session(run.folder / "open", live.COMMANDS_DEVMEM)
    expect("DUMPFILE: /dev/mem" in session("sys"), "the session is not on /dev/mem")
    check_stacks(run, session("foreach bt -sx"))
    banner = "".join(re.findall(r"^[0-9a-f]+:  (.*)$", session("rd -a linux_banner"), re.M))
    equal(banner.strip(), run.text("before/version").strip(), "linux_banner")
    equal(session("wr -32 panic_on_oops 1"), "", "wr through an open /dev/mem")
    equal(session("rd -32 panic_on_oops").split()[1], "00000000", "panic_on_oops before wr")
    equal(session("rd -32 panic_on_oops ").split()[1], "00000001", "panic_on_oops after wr")
    compared, asked = Comparison(), ("rd -32 panic_on_oops", "wr -32 panic_on_oops 1", "rd -32 panic_on_oops ")
    equal([command for command, _ in example("wr")], [command.strip() for command in asked], "the example on wr's help page")
    for (command, shown), line in zip(example("wr"), asked):
        expect(not compared.answer(shown, session(line).splitlines()), f"help wr: {command}: {session(line)!r}")
    equal(session("wr -k -32 panic_on_oops 2"), "", "wr -k through an open /dev/mem")
    equal(run.text("open/panic_on_oops"), "2\n", "the kernel's own word on panic_on_oops")
    equal(run.text("open/user"), "", "wr -u through an open /dev/mem")
    equal(run.text("open/cmdline").split()[0], "Tail", "the task's own word on the name that was written to")


def test_live_opening_says_what_is_wrong(kernel):
    run = guest(kernel.name)
    release = run.text("before/version").split()[2]
    for name, words in (("nothing", ["/tmp/nothing: No such file"]), ("text", ["/tmp/text: not a dump file"]),
                        ("user", ["/proc/kcore: Permission denied", "only root", "/dev/mem"]),
                        ("missing", [release, "build-id", f"linux-image-{release}-dbg", "crash VMLINUX"]),
                        ("wrong", [f"/usr/lib/debug/boot/vmlinux-{release}: ", f"linux-image-{release}-dbg"])):
        equal(run.text(f"{name}.status"), "1\n", f"status of {name}")
        equal(run.text(name), "", f"output of {name}")
        for word in words:
            expect(word in run.text(f"{name}.err"), f"{name}: no {word!r} in {run.text(f'{name}.err')!r}")


def test_live_sys_panic(kernel):
    console = guest(kernel.name).console.split("LAB: live done", 1)[1]
    expect("Kernel panic - not syncing: sysrq triggered crash" in console and "LAB: no panic" not in console,
           f"after sys -panic the console says {console[-200:]!r}")


def test_a_dump_takes_no_writes_and_no_panic(kernel):
    for command in ("wr panic_on_oops 1", "sys -panic"):
        expect("live system" in kernel.crash(command), f"{command} on a dump: {kernel.crash(command)!r}")


def test_threads_of_gdb_come_and_go(kernel):
    """A process that began while the program runs is one of gdb's threads,
    and none once it has ended."""
    run = guest(kernel.name)
    lists = [re.findall(r"^[* ] \d+ +PID (\d+), task ([0-9a-f]+) ", run.main("gdb info threads" + end), re.M) for end in ("", " ", "  ")]
    before = rows(run.main("ps"))
    for pid, row in rows(run.main("ps sleep")).items():
        equal([(str(pid), row[1]) in threads for threads in lists], [pid in before, True, False], f"{pid} among the threads")
    for pid, row in before.items():
        if pid in run.settled():
            expect(all((str(pid), row[1]) in threads for threads in lists), f"{pid} is no thread of gdb")
