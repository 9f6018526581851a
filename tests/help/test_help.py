# The help pages: every command has one, with every option of it; the table, and the pages of the shell.
# SPDX-License-Identifier: GPL-3.0-or-later
import re

from harness import TOP, equal, expect, run_crash


def sources():
    return {p: p.read_text() for p in sorted((TOP / "commands").glob("*.c"))}


def names():
    found = []
    for text in sources().values():
        for block in re.findall(r"^COMMAND\(\w+\) = \{(.*?)^\};", text, re.M | re.S):
            found.append(re.search(r'\.name = "([^"]+)"', block).group(1))
    return sorted(found)


def test_every_command_has_a_page():
    expect(len(names()) > 10, "the commands were not found in their sources")
    for name in names():
        done = run_crash("-h", name)
        equal(done.status, 0, f"status of crash -h {name}")
        expect(done.stdout.startswith(f"\nNAME\n  {name} - "), f"help {name}: {done.stdout[:80]!r}")
        for part in ("SYNOPSIS", "DESCRIPTION", "EXAMPLE"):
            expect(f"\n{part}\n" in done.stdout, f"help {name} has no {part}")
        expect(re.search(rf"\nSYNOPSIS\n  {re.escape(name)}[ \n]", done.stdout), f"help {name}: the synopsis lacks the name")


def test_every_option_is_on_its_page():
    for path, text in sources().items():
        blocks = re.findall(r"struct option (\w+)\[\] = \{(.*?)^\};", text, re.M | re.S)
        commands = re.findall(r"^COMMAND\(\w+\) = \{(.*?)^\};", text, re.M | re.S)
        for table, body in blocks:
            users = [c for c in commands if re.search(rf"\.options = {table}\b", c)]
            expect(users, f"{path.name}: {table}[] belongs to no command")
            for letter in re.findall(r'\{ "([^"]+)", [^,]+, "', body):
                for user in users:
                    name = re.search(r'\.name = "([^"]+)"', user).group(1)
                    page = run_crash("-h", name).stdout
                    expect(re.search(rf"^    -{re.escape(letter)}[ \[]", page, re.M),
                           f"help {name} does not list -{letter}")


def test_lines_fit_a_terminal():
    for page in ["input", "output"] + names():
        text = run_crash("-h", page).stdout.split("\nEXAMPLE\n")[0]
        for line in text.splitlines():
            expect(len(line) <= 80, f"help {page}: a line of {len(line)} columns: {line!r}")


def test_table(kernel):
    text = kernel.crash("help")
    listed = re.findall(r"^\S.*", text.split("crash version:")[0], re.M)
    words = sorted(" ".join(listed).split())
    equal(words, names(), "the commands of the table")
    expect(re.search(r"^crash version: \d+\.\d+    gdb version: 16\.3$", text, re.M), "the versions below the table")
    for line in ('For help on any command above, enter "help <command>".',
                 'For help on input options, enter "help input".',
                 'For help on output options, enter "help output".'):
        expect(line in text, f"help lacks: {line}")


def test_pages_in_a_session(kernel):
    ps, alias, everything, shell_input, output = kernel.crash(
        "help ps", "man last", "help all", "help input", "? output")
    equal(alias, ps, "the page of an alias of ps")
    for word in ("history", "Ctrl-C", "TAB", "*TYPE", "\\WORD", ":CPUS", "< FILE", "COMMAND; COMMAND", "!PROGRAM", "exit status"):
        expect(word in shell_input, f"help input lacks {word}")
    for word in ("pager", "| SHELL", ">> FILE", "--json", "NO_COLOR", "radix"):
        expect(word in output, f"help output lacks {word}")
    for name in names():
        expect(f"\nNAME\n  {name} - " in everything, f"help all lacks {name}")


def test_data_about_the_session(kernel):
    members, registers, built, aliases = kernel.crash("help -o", "help -r", "help -B", "help -a")
    header, notes, listed = kernel.crash("help -D", "help -n", "help -z")
    expect(header.endswith(notes) and len(header) > len(notes), "help -D does not end with what help -n shows")
    expect("cpu note" in notes, f"help -n: {notes[:100]!r}")
    equal(re.findall(r"^    -(\w) - ", listed, re.M), list("aBDkmnoprstTvz"), "the options of help -z")
    expect(re.search(r"task_struct\.comm: offset \d+, 16 bytes", members), "help -o: no task_struct.comm")
    equal(len(re.findall(r"^CPU \d+:$", registers, re.M)), 2, "CPUs of help -r")
    expect(built.startswith("crash "), f"help -B: {built!r}")
    expect('dmesg = "log" (builtin)' in aliases, "help -a")


def rows(text):
    return dict(re.findall(r"^ *([^:]+): (.*)$", text, re.M))


def test_data_about_the_kernel(kernel):
    known, machine, memory, symbols, tasks, each, itself = map(rows, kernel.crash(
        "help -k", "help -m", "help -v", "help -s", "help -t", "help -T", "help -p"))
    ps = kernel.crash("ps")
    equal(tasks["running_tasks"], str(len(ps.splitlines()) - 1), "tasks of help -t")
    equal(tasks["panic_task"].split()[:3], ["ffff" + tasks["panic_task"][4:16], "pid", tasks["panic_task"].split()[2]],
          "the panic task")
    equal(each["running_tasks"], tasks["running_tasks"], "help -T")
    listed = re.findall(r"^ +\d+  (\w{16}) \w{16} \w{16} +(\d+) ", kernel.crash("help -T"), re.M)
    equal([pid for _, pid in listed], re.findall(r"^>? +(\d+) ", ps, re.M), "the rows of help -T")
    equal(known["vmlinux"], str(kernel.vmlinux), "help -k")
    equal((known["cpus"], known["present cpus"].split()), ("2", ["0", "1"]), "cpus of help -k")
    equal("OFFLINE" in kernel.crash("sys"), known["online cpus"].split() != ["0", "1"], "online cpus of help -k")
    offset = int(known["kaslr offset"], 16)
    equal(int(symbols["kaslr offset"], 16), offset, "KASLR")
    truth = {name: int(value, 16) for value, name in re.findall(r"^(\w+) \w (_text|_stext)$", kernel.truth("proc/kallsyms"), re.M)}
    linked = 0xffffffff81000000
    equal(offset, truth["_text"] - linked, "KASLR offset against /proc/kallsyms")
    equal(machine["machine"], "x86_64", "help -m")
    expect(machine["page table levels"] in ("4", "5"), f"levels: {machine['page table levels']}")
    expect(machine["page_offset"].startswith(("ffff", "ff11")), "direct map")
    meminfo = dict(re.findall(r"^(\w+): +(\d+) kB", kernel.truth("proc/meminfo"), re.M))
    equal(int(memory["totalram_pages"]) * 4, int(meminfo["MemTotal"]), "managed pages")
    equal(itself["dumpfile"], str(kernel.vmcore), "help -p")
    for option in "bcdefghHKLNVx":
        answer = kernel.crash(f"help -{option}")
        expect(answer.startswith(f"help: crash keeps nothing to show with -{option}: "), f"help -{option}: {answer!r}")
    expect("help -m" in kernel.crash("help -M 1"), "help -M")

# What crash 9 has in help -k and -m of a dump of 6.12 and of 6.1 and what means something here:
# names that scripts look for.
KERNEL_LINES = ("stext etext stext_init etext_init init_begin init_end end cpus kernel_NR_CPUS ikconfig_ents module_list kernel_module "
                "mods_installed source_tree date boot_date proc_version new_utsname .sysname .nodename .release .version .machine "
                ".domainname kernel_version relocate __per_cpu_offset[NR_CPUS] hypervisor").split() + \
    ["possible cpus", "present cpus", "online cpus", "active cpus"]
MACHINE_LINES = ("kvbase identity_map_base pagesize pageshift pagemask pageoffset stacksize hz mhz memsize bits nr_irqs ptrs_per_pgd "
                 "section_size_bits max_physmem_bits sections_per_root userspace_top page_offset vmalloc_start_addr vmalloc_end "
                 "modules_vaddr modules_end vmemmap_vaddr vmemmap_end phys_base kernel_image_size sme_mask pgdir_shift "
                 "lookup_num_blocks __start_orc_unwind_ip __stop_orc_unwind_ip __start_orc_unwind __stop_orc_unwind orc_lookup "
                 "current[2]").split()


def labelled(text, name):
    """What awk '$1 == "NAME:"' finds, without the name."""
    found = re.search(rf"^ *{re.escape(name)}: *(.*?) *$", text, re.M)
    expect(found, f"no line {name}:")
    return found[1]


def test_lines_that_programs_look_for(kernel):
    """Each is there, and says what the kernel's record, symbols and variables say."""
    known, machine = kernel.crash("help -k", "help -m")
    values = {}
    for text, names_of_lines in ((known, KERNEL_LINES), (machine, MACHINE_LINES)):
        for name in names_of_lines:
            values[name] = labelled(text, name)
            expect("unknown" not in values[name] or name == "ikconfig_ents", f"{name}: {values[name]!r}")
    symbols = {name: int(value, 16) for value, name in re.findall(r"^(\w+) \w (\w+)$", kernel.truth("proc/kallsyms"), re.M)}
    for name, symbol in (("stext", "_stext"), ("etext", "_etext"), ("stext_init", "_sinittext"), ("etext_init", "_einittext"),
                         ("init_begin", "__init_begin"), ("init_end", "__init_end"), ("end", "_end"), ("kernel_module", "modules"),
                         ("orc_lookup", "orc_lookup"), ("__start_orc_unwind", "__start_orc_unwind")):
        equal(int(values[name], 16), symbols[symbol], name)
    offset = symbols["_text"] - 0xffffffff81000000
    equal(values["relocate"], f"{-offset & (1 << 64) - 1:x}  (KASLR offset: {offset:x} / {offset >> 20}MB)", "relocate")
    equal(values["proc_version"], kernel.truth("proc/version").strip(), "proc_version")
    for name, wanted in ((".sysname", "Linux"), (".nodename", "lab-guest"), (".machine", "x86_64"), (".domainname", "(none)"),
                         (".release", kernel.truth("proc/sys/kernel/osrelease").strip()), ("pagesize", "4096"), ("pageshift", "12"),
                         ("pagemask", "fffffffffffff000"), ("pageoffset", "fff"), ("stacksize", "16384"), ("bits", "64"),
                         ("hz", "250"), ("section_size_bits", "27"), ("max_physmem_bits", "46"), ("ptrs_per_pgd", "512"),
                         ("possible cpus", "0 1"), ("hypervisor", "bare hardware"),
                         ("mods_installed", str(len(kernel.truth("proc/modules").splitlines())))):
        equal(values[name], wanted, name)
    equal(values["kernel_version"], re.match(r"[\d.]+", values[".release"])[0], "kernel_version")
    config = kernel.folder / "config"
    if config.exists():
        equal(values["kernel_NR_CPUS"], re.search(r"^CONFIG_NR_CPUS=(\d+)", config.read_text(), re.M)[1], "kernel_NR_CPUS")
    for name, expression in (("kvbase", "p/x page_offset_base"), ("page_offset", "p/x page_offset_base"), ("vmalloc_start_addr", "p/x vmalloc_base"),
                             ("vmemmap_vaddr", "p/x vmemmap_base"), ("phys_base", "p/x phys_base"), ("lookup_num_blocks", "p/d lookup_num_blocks")):
        text = kernel.crash(expression).split("= ")[1].strip()
        equal(int(values[name], 16 if text.startswith("0x") else 10), int(text, 0), name)
    offsets = [word for line in known.split("__per_cpu_offset[NR_CPUS]:")[1].splitlines()[1:2] for word in line.split()]
    equal(offsets, [f"{int(kernel.crash(f'p/x __per_cpu_offset[{cpu}]').split('= ')[1], 16):016x}" for cpu in (0, 1)], "__per_cpu_offset")
