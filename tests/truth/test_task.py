# task: members of task_struct against what /proc says, and the layout of the whole structure.
# SPDX-License-Identifier: GPL-3.0-or-later
import re

from harness import equal, expect


def sleeper(kernel, name):
    for path in kernel.truth_paths("proc/[0-9]*/status"):
        text = path.read_text(errors="replace")
        if text.startswith(f"Name:\t{name}\n"):
            return dict(x.split(":\t", 1) for x in text.splitlines() if ":\t" in x)
    raise LookupError(name)


def test_members(kernel):
    fields = sleeper(kernel, "w-nice")
    pid = fields["Pid"]
    text = kernel.crash(f"task -R pid,tgid,static_prio,se.load.weight,comm {pid}")
    expect(re.match(rf'PID: {pid} +TASK: [0-9a-f]{{16}}  CPU: \d+ +COMMAND: "w-nice"\n', text), f"header: {text[:90]!r}")
    values = dict(re.findall(r"^  (\S+) = (.*?),?$", text, re.M))
    equal(values["pid"], pid, "pid")
    equal(values["tgid"], fields["Tgid"], "tgid")
    equal(values["static_prio"], str(120 - 11), "static_prio of nice -11")
    # sched_prio_to_weight[] of nice -11 is 11916, shifted by 10 on 64-bit kernels.
    equal(values["se.load.weight"], str(11916 << 10), "se.load.weight of nice -11")
    expect(values["comm"].startswith('"w-nice'), f"comm {values['comm']}")


def test_radix(kernel):
    pid = int(sleeper(kernel, "w-nice")["Pid"])
    hexadecimal, decimal, after = kernel.crash(f"task -x -R pid {pid}", f"task -d -R pid {pid}", f"task -R pid {pid}")
    expect(f"  pid = {pid:#x},\n" in hexadecimal, f"-x: {hexadecimal!r}")
    expect(f"  pid = {pid},\n" in decimal, f"-d: {decimal!r}")
    equal(after, decimal, "the radix after -x")


def test_members_without_option(kernel):
    equal(kernel.crash("task pid,comm 1 2"), kernel.crash("task -R pid,comm 1 2"), "members as a word")
    equal(kernel.crash("task 1 -R pid"), kernel.crash("task -R pid 1"), "option behind the task")


def test_whole(kernel):
    pid = sleeper(kernel, "w-fifo")["Pid"]
    text = kernel.crash(f"task {pid}")
    lines = text.splitlines()
    equal(lines[1], "struct task_struct {", "first line of the structure")
    expect("\n}\n\nstruct thread_info {\n" in text, "no thread_info behind it")
    equal(lines[-1] if lines[-1] else lines[-2], "}", "last line")
    values = dict(re.findall(r"^  (\w+) = (\S+?),?$", text, re.M))
    equal(values["pid"], pid, "pid")
    equal(values["rt_priority"], "42", "rt_priority of w-fifo")
    equal(values["policy"], "1", "policy of w-fifo")
    address = re.search(r"TASK: ([0-9a-f]{16})", text)[1]
    # A list that is empty points to itself: pointers have this boot's addresses.
    children = re.search(r"^  children = \{\n    next = 0x([0-9a-f]+),\n    prev = 0x([0-9a-f]+)\n  \}", text, re.M)
    expect(children and children[1] == children[2], "children of w-fifo")
    expect(0 < int(children[1], 16) - int(address, 16) < 16384, "children inside the task_struct")


def test_structure_member(kernel):
    text = kernel.crash("task -R thread_info 1")
    expect(re.search(r"^  thread_info = \{\n    flags = .*\n(    .*\n)*  \},$", text, re.M), f"got {text!r}")
    text = kernel.crash("task -R thread_info.flags,flags 1")
    equal(len(re.findall(r"^  flags = ", text, re.M)), 2, "flags is in both structures")
    equal(len(re.findall(r"^  thread_info.flags = ", text, re.M)), 1, "a dotted member")


def test_pointer_member(kernel):
    text = kernel.crash("task -R stack,real_parent,sched_class 1")
    expect(re.search(r"^  stack = 0x[0-9a-f]{16},$", text, re.M), f"stack: {text!r}")
    expect(re.search(r"^  real_parent = 0x[0-9a-f]{16} <init_task>,$", text, re.M), f"real_parent: {text!r}")
    expect(re.search(r"^  sched_class = 0x[0-9a-f]{16} <fair_sched_class>,$", text, re.M), f"sched_class: {text!r}")


def test_every_idle_task(kernel):
    text = kernel.crash("task -R pid 0")
    equal(re.findall(r'CPU: (\d) +COMMAND: "swapper/(\d)"\n  pid = 0,', text), [("0", "0"), ("1", "1")], "idle tasks")


def test_current_context(kernel):
    panic = re.findall(r"LAB: trigger sysrq-c pid (\d+)", kernel.console())[-1]
    expect(f"  pid = {panic},\n" in kernel.crash("task -R pid"), "task without an argument")


def test_errors(kernel):
    for words, message in (("task 99999999", "invalid task or pid value: 99999999"),
                           ("task nosuch", "invalid task or pid value: nosuch"),
                           ("task -R nosuch 1", "nosuch: not a task_struct or thread_info member"),
                           ("task -R pid%x 1", "not the name of a member"), ("task -x -d 1", "exclude each other")):
        text = kernel.crash(words)
        result = kernel.last.stdout + kernel.last.stderr + text
        expect(message in result, f"{words}: {result[-200:]!r}")
