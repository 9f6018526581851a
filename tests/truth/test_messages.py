# What is said when a command cannot do what was asked: the cause, and what was meant or what to do.
# SPDX-License-Identifier: GPL-3.0-or-later
from harness import expect

# Command line, and the name that its message asks about; None: nothing is near, and nothing is asked.
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
