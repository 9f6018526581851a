# gdb inside crash: types from BTF read as they do from DWARF, and what only DWARF can tell.
# SPDX-License-Identifier: GPL-3.0-or-later
import functools
import math
import pathlib
import re
import struct
import subprocess
import tempfile

from harness import equal, expect, run_crash, same_lines

NAMED = """struct task_struct
struct page
struct file
struct mm_struct
struct rq
struct super_block
struct inode
struct dentry
struct sk_buff
struct sock
struct net_device
struct module
struct kmem_cache
struct zone
struct pglist_data
struct vm_area_struct
struct signal_struct
struct cred
struct pid
struct cpuinfo_x86
struct pt_regs
union thread_union
struct timer_list
struct hrtimer
struct bio
struct request_queue
struct device
struct irq_desc
struct xa_node
enum pid_type
enum zone_type
atomic_t
spinlock_t
gfp_t
pte_t
sigset_t
work_func_t
struct radix_tree_root
wait_queue_head_t""".splitlines()

EXPRESSIONS = """sizeof(struct task_struct)
&((struct task_struct *)0)->comm
&((struct task_struct *)0)->tasks.next
&((struct page *)0)->lru
sizeof(((struct task_struct *)0)->comm)
(enum pid_type)1
PIDTYPE_SID
PIDTYPE_MAX + 1
(enum zone_type)0
((struct task_struct *)ADDRESS)->comm
((struct task_struct *)ADDRESS)->tasks
((struct task_struct *)ADDRESS)->flags
((struct task_struct *)ADDRESS)->policy
((struct task_struct *)ADDRESS)->in_execve
((struct task_struct *)ADDRESS)->cred->uid
*((struct task_struct *)ADDRESS)->cred
*((struct task_struct *)ADDRESS)->signal
((struct task_struct *)ADDRESS)->se
((struct task_struct *)ADDRESS)->sched_class
((struct task_struct *)ADDRESS)->stack
((struct task_struct *)ADDRESS)->pending
((struct task_struct *)ADDRESS)->files->fdt
*((struct task_struct *)ADDRESS)->fs
*((struct task_struct *)ADDRESS)->nsproxy
*(struct task_struct *)ADDRESS
(long)((struct task_struct *)ADDRESS)->mm
((struct task_struct *)ADDRESS)->cpus_mask
((struct task_struct *)ADDRESS)->prio + 1
((struct task_struct *)ADDRESS)->pid == 0
(char)65
(unsigned char)200
(short)-1
(u8)255
(atomic_t *)ADDRESS
*(char (*)[8])ADDRESS
*(unsigned long *)ADDRESS@2
(gfp_t)3
(struct list_head *)0""".splitlines()


# Bytes behind a BTF type record: fixed, and for each of its items. Documentation/bpf/btf.rst.
BTF_TAILS = {1: (4, 0), 3: (12, 0), 4: (0, 12), 5: (0, 12), 6: (0, 8), 13: (0, 8), 14: (4, 0), 15: (0, 12), 17: (4, 0),
             19: (0, 12)}


def vmlinux_type_names(kernel):
    """Names that vmlinux's own BTF has once:
    of two structures with one name, each source may show another."""
    with tempfile.TemporaryDirectory() as folder:
        blob = pathlib.Path(folder) / "btf"
        subprocess.run(["objcopy", "-O", "binary", "-j", ".BTF", kernel.vmlinux.resolve(), blob], check=True)
        data = blob.read_bytes()
    header, type_at, type_bytes, string_at = struct.unpack_from("<4I", data, 4)
    strings, at, end, counts = header + string_at, header + type_at, header + type_at + type_bytes, {}
    while at < end:
        name, info = struct.unpack_from("<2I", data, at)
        # v7.1 widened both fields into bits that were zero before.
        kind, items = info >> 24 & 0x7f, info & 0xffffff
        fixed, each = BTF_TAILS.get(kind, (0, 0))
        at += 12 + fixed + items * each
        if name and kind in (4, 5, 6, 8, 19):
            text = data[strings + name:data.index(0, strings + name)].decode()
            counts[text] = counts.get(text, 0) + 1
    return {name for name, count in counts.items() if count == 1}


@functools.lru_cache(maxsize=None)
def names_to_compare(kernel, count):
    """NAMED, and COUNT others spread evenly over all names that BTF has."""
    text = kernel.crash("gdb info types .")
    tags = re.findall(r"^\s+((?:struct|union|enum) \w+);$", text, re.M)
    typedefs = re.findall(r"^\s+typedef [^\n;]*?(\w+);$", text, re.M)
    # The modules' BTF is there, too, but not the DWARF of the modules.
    names = vmlinux_type_names(kernel)
    everything = sorted(name for name in set(tags + typedefs) if name.split()[-1] in names)
    expect(len(everything) > 5000, f"only {len(everything)} names of types")
    return NAMED + everything[:: max(1, len(everything) // count)][:count]


def answers(vmlinux, vmcore, commands):
    """Each command's output and error text;
    the two streams are joined by gdb's own echo as separator."""
    lines = []
    for command in commands:
        lines += [command, "gdb echo \\n@@@@\\n"]
    done = subprocess_text(vmlinux, vmcore, "\n".join(lines) + "\nquit\n")
    parts = done.split("\n@@@@\n")
    equal(len(parts), len(commands) + 1, "number of answers")
    return parts[:-1]


def subprocess_text(vmlinux, vmcore, script):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "commands"
        path.write_text(script)
        return run_crash("-s", "-i", path, vmlinux, vmcore).stdout


def without_dimensions(text):
    def flat(match):
        sizes = [int(size) if size else 0 for size in re.findall(r"\[(\d*)\]", match[0])]
        return f"[{math.prod(sizes)}]"

    return re.sub(r"(?:\[\d*\])+", flat, text)


def without_nesting(text):
    return re.sub(r"[{},\s]+", " ", text).strip()


# Where the two texts cannot be the same:
# why, how the text from DWARF shows that it is so, and what is equal nevertheless.
EXCEPTIONS = (
    ("encoders before pahole 1.30 flatten arrays of arrays", r"\]\[|\{\{|\}, *\{|\{\n", without_dimensions),
    ("BTF does not tell member[0] from member[]", r"\w\[0?\];", without_dimensions),
    ("so do the values of arrays of arrays", r"\{", without_nesting),
)
# How many may be such exceptions, of all.
MOST_EXCEPTIONS = 0.08


def type_commands(kernel):
    return [f"gdb ptype /o {name}" for name in names_to_compare(kernel, 320)]


def value_commands(kernel):
    address = "0x" + kernel.crash("sym init_task").split()[0]
    commands = [f"gdb print {text.replace('ADDRESS', address)}" for text in EXPRESSIONS]
    return commands + [f"gdb print sizeof({name})" for name in names_to_compare(kernel, 320)[::4]]


@functools.lru_cache(maxsize=None)
def both_answers(kernel):
    """Command -> (from BTF, from DWARF). One session each: reading DWARF takes most of the time."""
    commands = type_commands(kernel) + value_commands(kernel)
    with tempfile.TemporaryDirectory() as folder:
        bare = pathlib.Path(folder) / "vmlinux"
        subprocess.run(["objcopy", "--rename-section", ".BTF=.unread", kernel.vmlinux.resolve(), bare], check=True)
        dwarf = answers(bare, kernel.vmcore, commands)
    btf = answers(kernel.vmlinux, kernel.vmcore, commands)
    return dict(zip(commands, zip(btf, dwarf)))


def compare(kernel, commands, at_least):
    """Equal texts, but for the exceptions; returns these with their reasons."""
    both = both_answers(kernel)
    # BTF also has the types that are local to a function, which gdb does not find by name in DWARF;
    # and a kernel may lack a member or type of the lists above. Those must stay few.
    known = [c for c in commands if not re.search(r"^(?:\w+: )?(No|There is no) ", both[c][1]) and both[c][1].strip()]
    expect(len(known) >= at_least, f"only {len(known)} of {len(commands)} answers from DWARF")
    excused = {}
    for command in known:
        got, wanted = (re.sub(r"^\$\d+ = ", "", text) for text in both[command])
        if got == wanted:
            continue
        for reason, shows, normalise in EXCEPTIONS:
            if re.search(shows, wanted) and normalise(got) == normalise(wanted):
                excused[command] = reason
                break
        else:
            same_lines(got.splitlines(), wanted.splitlines(), f"{command!r} from BTF and from DWARF")
    expect(len(excused) <= MOST_EXCEPTIONS * len(known), f"{len(excused)} of {len(known)} are exceptions: {sorted(excused)[:5]}")
    return excused


def test_types_read_the_same_from_btf_and_dwarf(kernel):
    compare(kernel, type_commands(kernel), 300)


def test_values_read_the_same_from_btf_and_dwarf(kernel):
    compare(kernel, value_commands(kernel), 100)


def test_what_only_dwarf_knows(kernel):
    line, type_of_variable, backtrace = kernel.crash("gdb info line vfs_read", "gdb whatis jiffies", "gdb bt")
    expect(re.match(r'Line \d+ of "fs/read_write.c" starts at address 0x[0-9a-f]+ <vfs_read', line), line)
    equal(type_of_variable, "type = volatile unsigned long\n", "whatis jiffies")
    # The panic task's stack: inlined functions and arguments come with it.
    expect(re.search(r"sysrq_handle_crash \(key=.*\) at drivers/tty/sysrq.c:\d+", backtrace), backtrace[:300])


def test_python_sees_the_kernel(kernel):
    text = kernel.crash("gdb python print(gdb.lookup_type('struct task_struct').sizeof, gdb.parse_and_eval('&init_task'))")
    size = kernel.crash("gdb output sizeof(struct task_struct)")
    address = kernel.crash("sym init_task").split()[0]
    expect(re.match(rf"{size} \S.*0x{address} <init_task>", text) or text.startswith(f"{size} 0x{address}"), text)


def test_gdb_and_bt_see_the_same_frames(kernel):
    """Those that gdb shows with an address are real, the others are inlined into the next."""
    for pid in ("1", "2", None):
        own, theirs = kernel.crash_in_context(pid, "bt", "gdb bt") if pid else kernel.crash("bt", "gdb bt")
        # Of the innermost, gdb shows what is inlined there and no address.
        wanted = [int(a, 16) for a in re.findall(r"^ ?#\d+ \[[0-9a-f]+\] \S+ at ([0-9a-f]+)", own, re.M)][1:]
        got = [int(a, 16) for a in re.findall(r"^#\d+ +0x([0-9a-f]+) in ", theirs, re.M)]
        expect(len(wanted) > 2, f"bt of {pid or 'the panic task'}: {own[:200]!r}")
        equal(got[-len(wanted):], wanted, f"gdb bt of {pid or 'the panic task'}")
        expect(len(got) - len(wanted) in (0, 1), f"gdb bt of {pid}: {len(got)} frames, bt {len(wanted) + 1}")
