# What is said when a command cannot do what was asked: the cause, and what was meant or what to do.
# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import re
import tempfile

from harness import equal, expect, run_crash

# Command line, and the name that its message asks about;
# None: nothing is near, and nothing is asked.
MEANT = [
    # commands, aliases, types and symbols as commands
    ("pss", "ps"), ("stuct page", "struct"), ("dmseg", "dmesg"), ("init_tsk", "init_task"),
    ("task_strct", "task_struct"), ("task_strct.pid", "task_struct"), ("list_hed", "list_head"),
    # options
    ("ps --jsn", "--json"), ("bt --merg", "--merge"), ("log --line", "--lines"),
    # types and members
    ("struct task_strct", "task_struct"), ("struct TASK_STRUCT", "task_struct"),
    ("struct task_struct.pdi", "task_struct.pid"), ("struct task_struct.se.on_qr", "task_struct.se.on_rq"),
    ("*lst_head", "list_head"), ("*list_head.nxt", "list_head.next"),
    ("list task_struct.taks init_task", "task_struct.tasks"), ("list -h task_struct.taks init_task", "task_struct.tasks"),
    ("list -o task_struct.taks init_task", "task_struct.tasks"),
    ("list -H init_task -s task_struct.com task_struct.tasks", "task_struct.comm"),
    ("tree -t rbtree -o vmap_area.rb_nod init_task", "vmap_area.rb_node"),
    ("tree -t xarray -r address_space.i_pags init_mm", "address_space.i_pages"),
    ("tree -s vm_area_struct.vm_strt init_mm", "vm_area_struct.vm_start"),
    ("task -R pdi", "pid"), ("task -R se.vruntme", "se.vruntime"), ("task com", "comm"),
    ("whatis task_strct", "task_struct"), ("whatis struct task_strct", "task_struct"), ("whatis gfp_tt", "gfp_t"),
    ("whatis task_struct.pdi", "task_struct.pid"),
    # symbols
    ("sym vfs_raed", "vfs_read"), ("dis vfs_raed", "vfs_read"), ("whatis init_tsk", "init_task"),
    ("rd init_tsk", "init_task"), ("rd -e init_tsk init_task", "init_task"), ("eval jiffies_6", "jiffies_64"),
    ("vtop init_tsk", "init_task"), ("search -s init_tsk 1", "init_task"), ("search init_tsk", "init_task"),
    ("struct task_struct init_tsk", "init_task"), ("list init_tsk", "init_task"), ("tree init_tsk", "init_task"),
    # expressions for gdb
    ("p jifies", "jiffies"), ("p &init_tsk", "init_task"), ("gdb print jifies", "jiffies"),
    ("p init_task.cmm", "init_task.comm"), ("p init_task.se.vruntme", "init_task.se.vruntime"),
    ("p &init_task.taks", "init_task.tasks"), ("p init_task.mm->pgdd", "init_task.mm->pgd"),
    ("p sizeof(struct task_strct)", "task_struct"), ("p ((struct task_strct *)0)->pid", "task_struct"),
    ("p ((struct task_struct *)0)->pdi", "((struct task_struct *)0)->pid"), ("p runqueus:a", "runqueues"),
    # words of a command's own
    ("foreach pss", "ps"), ("foreach usr bt", "user"), ("foreach kernl ps", "kernel"), ("foreach lab-gest ps", "lab-guest"),
    ("bt lab-gest", "lab-guest"), ("ps lab-gest", "lab-guest"),
    ("set radx 16", "radix"), ("set scroll on radx 16", "radix"), ("set hexx", "hex"),
    ("help stuct", "struct"), ("help inputt", "input"), ("alias lsmd", "lsmod"), ("sys confg", "config"),
    ("sys -c opn", "open"), ("mod -s virtio_bkl", "virtio_blk"), ("mod -d virtio_bkl", "virtio_blk"),
    ("sym -m virtio_bkl", "virtio_blk"),
    # nothing is near, or what is near is no help: numbers, the word itself
    ("nosuchcommand", None), ("rd nosuchthing", None), ("struct nosuchstruct", None),
    ("struct task_struct.nosuchmember", None), ("struct task_struct.comm.x", None), ("rd 0xdeadbeeg", None),
    ("sym deadbeef", None), ("bt deadbeef", None), ("rd deadbef", None), ("list 1234567", None), ("sym schedul", None),
    ("mod -s virtio_net", None), ("foreach nosuchtask bt", None), ("whatis 0x12zz", None), ("set 99999", None),
]


def test_did_you_mean(kernel):
    lines = [line for line, _ in MEANT]
    for (line, meant), text in zip(MEANT, kernel.crash(*lines)):
        if meant:
            expect(f'; did you mean "{meant}"?' in text, f"{line}: {text[:200]!r}")
        else:
            expect("did you mean" not in text, f"{line}: {text[:200]!r}")
        expect(text.strip(), f"{line} says nothing")

# Command line, and a pattern of all that it says: "..." is what differs from dump to dump.
SAID = [
    ("rd 0", "rd: cannot read user address 0: not mapped (no ... entry)"),
    ("rd -p ffffffffff000", "rd: cannot read physical address ffffffffff000: not in the dump"),
    ("rd dead000000000100", "rd: cannot read kernel address dead000000000100: not a valid address"),
    ("rd -f ffffffffffff", "rd: the dump file ends before offset ffffffffffff"),
    ("rd -r /nonexistent/x linux_banner 10", "rd: cannot write /nonexistent/x: No such file or directory"),
    ("rd -e 10 100", "rd: invalid ending address: 10 (not above the start, 100)"),
    ("rd -s -32 linux_banner", "rd: -s option is only allowed with 64-bit display"),
    ("rd linux_banner x", "rd: not a number: x"),
    ("struct task_struct 1234", "struct: Cannot access memory at address 0x1234: not a kernel address"),
    ("struct task_struct init_task 0", "struct: not a count of objects: 0 (1 to 1048576, or negative)"),
    ("p *(int *)0", "p: Cannot access memory at address 0x0: not a kernel address"),
    ("p runqueues:999", "p: CPU 999 is out of range: the kernel has CPUs 0-..."),
    ("list 0", "list: invalid kernel virtual address: 0"),
    ("list linux_banner", "ffff...\nlist: the list is broken after 1 entry: cannot read the link at ...: not a valid address"),
    ("list -H 1234 task_struct.tasks", "list: task_struct.tasks is a second offset, and no start\nUsage:\n..."),
    ("list task_struct.tasks", "list: starting address required\nUsage:\n..."),
    ("tree 1234", "tree: invalid start argument: 1234 is no kernel address"),
    ("tree -t bush init_task", "tree: invalid tree type: bush\nUsage:\n..."),
    ("vtop", "Usage:\n..."),
    ("vtop -u -k 1", "vtop: -u and -k exclude each other\nUsage:\n..."),
    ("dis schedule x", "dis: not a number: x"),
    ("dis schedule 1 2", "dis: unexpected argument: 2\nUsage:\n..."),
    ("bt -S zz", "bt: -S wants an address, not zz"),
    ("bt -c 999", "bt: CPU 999 is out of range: the kernel has CPUs 0-..."),
    ("bt -c x", "bt: not a list of CPUs like 0-3,7 or all: x"),
    ("ps -y x", "ps: x: invalid scheduling policy (they are NORMAL, FIFO, RR, BATCH, ISO, IDLE, DEADLINE, EXT, or 0 to 7)"),
    ("ps -l -p", "ps: -p, -c, -t, -l or -m, -a, -g, -r and -S exclude each other"),
    ("sig -s xyz", "sig: not a set of signals in hexadecimal: xyz"),
    ("log -t -T", "log: -t and -T exclude each other\nUsage:\n..."),
    ("mod -s loop /etc/passwd", "mod: /etc/passwd: not a kernel module but a text file"),
    ("mod -S /nonexistent", "mod: /nonexistent: No such file or directory"),
    ("mod -t -D", "mod: -t, -s, -S, -d, -D and -R exclude each other\nUsage:\n..."),
    ("set -c 999", "set: invalid cpu number: system has only ... cpus"),
    ("set debug x", "set: invalid setting of debug: x (it takes a number)"),
    ("set error /nonexistent/e", "set: cannot open /nonexistent/e: No such file or directory"),
    ("set scope jiffies", "set: invalid text address: jiffies (the scope is code: a function's name or address)"),
    ("sys -t -i", "sys: -t and -i exclude each other\nUsage:\n..."),
    ("sys -c nosuchcall", "sys: no system call is named or numbered nosuchcall"),
    ("sys -panic", "sys: a dump cannot be made to panic: this needs a live system"),
    ("sym -n", "sym: -n wants an address or symbol\nUsage:\n..."),
    ("sym 1234", "sym: invalid address: 1234 (no symbol covers it)"),
    ("search", "Usage:\n..."),
    ("search -k", "search: what to look for is missing\nUsage:\n..."),
    ("search zzzz", 'search: invalid input: "zzzz" (text is looked for with -c)'),
    ("search -s 10 1", "search: invalid kernel virtual address: 10\nUsage:\n..."),
    ("search -x 0 1", "search: invalid count argument: 0 (1 to 65536)"),
    ("eval 18446744073709551616", "eval: invalid expression: (18446744073709551616): a number of more than 64 bits: 18446744073709551616"),
    ("eval 1 +", "eval: invalid expression: (1 +): the expression ends too early"),
    ("ascii xyz", 'ascii: invalid input: "xyz" (a number in hexadecimal is wanted)'),
    ("foreach 1", "foreach: no command to run: bt, ..."),
    ("repeat -x ps", "repeat: not a number of seconds: x\nUsage:\n..."),
    ("save a b", "save: unexpected argument: b\nUsage:\n..."),
    ("wr init_task 1", "wr: a dump is a record of the past: only a live system's memory can be written to"),
    ("wr init_task", "wr: the value is missing\nUsage:\n..."),
    ("help nosuchpage", 'help: there is no help page for "nosuchpage"'),
    ("r 5", "crash: there is no history to run a line of: only what is typed on a terminal is kept"),
    ("gdb run", 'gdb: gdb\'s "run" is refused: the kernel\'s memory is only looked at: there is no process to run or stop'),
]


def matches(text, pattern):
    return re.fullmatch(".*".join(re.escape(piece) for piece in pattern.split("...")), text.rstrip("\n"), re.S)


def test_what_commands_say(kernel):
    for (line, pattern), text in zip(SAID, kernel.crash(*(line for line, _ in SAID))):
        expect(matches(text, pattern), f"{line}: {text[:300]!r}, wanted {pattern!r}")


def test_what_opening_says(kernel):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        good = [kernel.vmlinux, kernel.vmcore]

        def cut(path, size, to):
            with open(path, "rb") as file:
                (folder / to).write_bytes(file.read(size))
            return folder / to

        empty, text = cut(kernel.vmcore, 0, "empty"), folder / "text"
        text.write_text("hello\n" * 100)
        half = cut(kernel.vmcore, kernel.vmcore.stat().st_size // 2, "half")
        start = cut(kernel.vmcore, 100, "start")
        short = cut(kernel.vmlinux, 1 << 20, "short")
        for words, wanted in (
            ([kernel.vmlinux, folder / "none"], f"{folder}/none: No such file or directory"),
            ([kernel.vmlinux, folder], f"{folder}: is a directory"),
            ([folder, kernel.vmcore], f"{folder}: is a directory"),
            ([kernel.vmlinux, empty], f"{empty}: is an empty file"),
            ([kernel.vmlinux, text], f"{text}: not a dump file: it is a text file"),
            ([text, kernel.vmcore], f"{text}: not an ELF file but a text file"),
            ([kernel.vmlinux, start], f"{start}: ELF vmcore: cut short or damaged: ... program headers at ... do not fit into a file of 100 bytes"),
            ([short, kernel.vmcore], f"{short}: cut short or damaged: its ... section headers are at offset ... but the file has 1048576 bytes"),
            (["/bin/ls", kernel.vmcore], "/bin/ls: an ELF program or library, not a Linux kernel (it has no linux_banner)"),
            ([*good, kernel.vmcore],
             f"{kernel.vmcore} and {kernel.vmcore}: ELF vmcore: only compressed kdumps can be split over several files"),
            (["--save", kernel.vmcore, *good], f"--save: there is a file of that name: {kernel.vmcore} (it is not overwritten)"),
            (["--save", f"{folder}/none/saved", *good], f"--save: no file can be made in {folder}/none/: No such file or directory"),
            (["-i", f"{folder}/none", *good], f"-i: cannot read the commands in {folder}/none: No such file or directory"),
            (["--osrelease"], "no dump given: crash VMLINUX DUMP"),
        ):
            done = run_crash("-s", *words)
            equal(done.status, 1, f"status with {words}")
            expect(matches(done.stderr, f"crash: {wanted}"), f"{words}: {done.stderr[:300]!r}, wanted {wanted!r}")
        mega = cut(kernel.vmcore, 1 << 20, "mega")
        done = run_crash("-s", kernel.vmlinux, mega, stdin="rd linux_banner\nps\n")
        expect("not in the dump, which is incomplete\n" in done.stdout, f"of a megabyte: {done.stdout!r}")
        done = run_crash("-s", kernel.vmlinux, half, stdin="help -D\n")
        said = done.stderr.splitlines()[0]
        expect(matches(said, f"WARNING: {half}: cut short: the file ends before its segments do, at ... % of them"), said)
