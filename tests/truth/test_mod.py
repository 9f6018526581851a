# `mod` and the modules' symbols against /proc/modules and /proc/kallsyms.
# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import re
import subprocess
import tempfile

from harness import Skipped, equal, expect, run_crash, same_lines, table


def recorded(kernel):
    """name -> (size, references, base) of /proc/modules."""
    modules = {}
    for line in kernel.truth("proc/modules").splitlines():
        words = line.split()
        modules[words[0]] = (int(words[1]), int(words[2]), int(words[5], 16))
    return modules


def test_mod_lists_the_guests_modules(kernel):
    rows = table(kernel.crash("mod"), "MODULE")
    wanted = recorded(kernel)
    expect(wanted, "the guest had no modules")
    got = {row[1]: (int(row[3]), int(row[2], 16)) for row in rows}
    equal(sorted(got), sorted(wanted), "modules")
    for name, (size, _, base) in wanted.items():
        equal(got[name], (size, base), f"size and base of {name}")
    bases = [int(row[2], 16) for row in rows]
    equal(bases, sorted(bases), "order of the table")


def test_mod_addresses_are_struct_module(kernel):
    """Each module has a __this_module, and that is what MODULE shows."""
    rows = table(kernel.crash("mod"), "MODULE")
    this = {}
    for line in kernel.truth("proc/kallsyms").splitlines():
        words = line.split()
        if len(words) == 4 and words[2] == "__this_module":
            this[words[3].strip("[]")] = words[0]
    expect(this, "no __this_module in the guest's kallsyms")
    for row in rows:
        equal(row[0], this.get(row[1]), f"address of {row[1]}")


def test_module_symbols_equal_kallsyms(kernel):
    wanted, percpu = {}, {}
    for line in kernel.truth("proc/kallsyms").splitlines():
        words = line.split()
        if len(words) == 4 and not words[3].startswith("[bpf") and not words[3].startswith("[__builtin"):
            # Per-cpu variables are in no range of the module: its listing may leave them out.
            place = percpu if words[1] == "a" else wanted
            place.setdefault(words[3].strip("[]"), set()).add((words[0], words[2]))
    modules = sorted(recorded(kernel))
    texts = kernel.crash(*[f"sym -m {name}" for name in modules])
    for name, text in zip(modules, texts):
        got = set(re.findall(r"^([0-9a-f]{16}) \(.\) ([^\s:]+)(?: \[\w+\])?$", text, re.M))
        missing = sorted(wanted.get(name, set()) - got)
        extra = sorted(got - wanted.get(name, set()) - percpu.get(name, set()))
        expect(not missing, f"{name}: in kallsyms only: {missing[:3]} ({len(missing)})")
        expect(not extra, f"{name}: in sym -m only: {extra[:3]} ({len(extra)})")
        expect(got, f"{name}: no symbols")
    for name, symbols in percpu.items():
        for address, symbol in symbols:
            found = kernel.crash(f"sym {symbol}").split()
            expect(found[:1] == [address.lstrip("0")] and symbol in found, f"{name}: sym {symbol}: {found}")


def test_mod_taints(kernel):
    tainted = {}
    for path in kernel.truth_paths("sys/module/*/taint"):
        letters = path.read_text().strip()
        if letters and path.parent.name in recorded(kernel):
            tainted[path.parent.name] = letters
    text = kernel.crash("mod -t")
    if not tainted:
        equal(text.strip(), "no tainted modules", "mod -t")
        return
    equal(dict(row[:2] for row in table(text, "NAME")), tainted, "taints")


def test_mod_finds_and_attaches_object_files(kernel):
    """The lab keeps each module's file and debug file beside the vmlinux:
    the one with DWARF is taken."""
    name = "virtio_blk"
    lines = kernel.crash(f"mod -s {name}").splitlines()
    equal(len(lines), 2, "lines of mod -s")
    expect(lines[1].split()[1] == name and lines[1].rstrip().endswith(f"{name}.ko.debug"), f"mod -s: {lines[1]!r}")
    listed = kernel.crash("mod -S").splitlines()
    same_lines([line for line in listed if ".ko" not in line and "OBJECT FILE" not in line], [], "mod -S")


def session(kernel, *lines, options=()):
    return run_crash("-s", *options, kernel.vmlinux, kernel.vmcore, stdin="\n".join([*lines, ""]))


def pack(program, source, target):
    with target.open("wb") as file:
        subprocess.run([program, "-c", source], stdout=file, check=True)


QUESTIONS = ("dis -l virtblk_probe 1", "gdb info line virtblk_probe", "whatis virtblk_probe", "struct virtio_blk.disk",
             "gdb print sizeof(struct virtblk_req)")


def test_packed_object_files(kernel):
    """What they have in them counts, not their names; all answers are those with the plain file."""
    plain = kernel.folder / "modules" / "virtio_blk.ko.debug"
    wanted = session(kernel, f"mod -s virtio_blk {plain}", *QUESTIONS).stdout.splitlines()
    expect(any("drivers/block/virtio_blk.c" in line for line in wanted), f"no lines of source: {wanted}")
    for program, name in (("gzip", "virtio_blk.ko.gz"), ("xz", "virtio-blk.ko.xz"), ("zstd", "virtio_blk.ko.zst"),
                          ("gzip", "virtio_blk.ko.debug")):
        with tempfile.TemporaryDirectory() as folder:
            packed = pathlib.Path(folder) / name
            pack(program, plain, packed)
            for lines, options in ((["mod -s virtio_blk"], ["--mod", folder]), ([f"mod -s virtio_blk {packed}"], []),
                                   ([f"mod -S {folder}"], [])):
                got = session(kernel, *lines, *QUESTIONS, options=options).stdout.splitlines()
                expect(any(line.endswith(f" {packed}") for line in got), f"{lines}: {got[:3]}")
                same_lines([line for line in got if line in wanted[2:]], wanted[2:], f"{lines} {options}")


def test_separate_debug_information_of_modules(kernel):
    """.gnu_debuglink leads from the module to its debug information;
    a file of another build is told by both ids."""
    modules = kernel.folder / "modules"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        debug, module = folder / "its.debug", folder / "virtio_blk.ko"
        subprocess.run(["objcopy", "--only-keep-debug", modules / "virtio_blk.ko.debug", debug], check=True)
        # Debian's file has a link of its own.
        subprocess.run(["objcopy", "--strip-debug", "-R", ".gnu_debuglink", modules / "virtio_blk.ko", module], check=True)
        subprocess.run(["objcopy", f"--add-gnu-debuglink={debug}", module], check=True)
        for line in ("mod -s virtio_blk", f"mod -s virtio_blk {module}"):
            text = session(kernel, line, *QUESTIONS, options=("--mod", folder)).stdout
            expect(f"{debug}\n" in text and "drivers/block/virtio_blk.c" in text, f"{line}: {text[:300]!r}")
        text = session(kernel, f"mod -s virtio_blk {modules / 'dummy.ko'}").stdout
        expect("another build of virtio_blk" in text and len(re.findall("[0-9a-f]{40}", text)) == 2, text)


def test_a_missing_object_file_is_explained(kernel):
    release = kernel.truth("proc/sys/kernel/osrelease").strip()
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "virtio_blk.ko").write_text("no module")
        text = session(kernel, "mod -s virtio_blk", options=("--mod", folder)).stdout
        expect(f"{folder}/virtio_blk.ko: not a kernel module but" in text, text)
        expect(f"package linux-image-{release}-dbg" in text, text)


def test_symbols_after_the_list_was_read_again(kernel):
    """Those of the module, and of no other: mod -R reads the list again, and the symbols."""
    wanted = kernel.crash("sym -m virtio_blk", "sym -M", "sym virtblk_probe", "foreach bt")
    for before in ("sym virtblk_probe", "mod -S", "bt"):
        found = kernel.crash_in_context(1, "sym -m virtio_blk", "sym -M", "sym virtblk_probe", "foreach bt",
                                        before=(f"{before} > /dev/null", "mod -R > /dev/null"))
        for text, plain in zip(found, wanted):
            same_lines(text.splitlines(), plain.splitlines(), f"after {before} and mod -R")


def test_gdb_after_the_list_was_read_again(kernel):
    """It lets go of names that are gone with the list: the sanitized program sees it if not."""
    asked = ("gdb x/2i virtblk_probe", "gdb info symbol virtblk_probe", "gdb print &((struct task_struct *)&init_task)->pid",
             "gdb print init_task.comm")
    before = kernel.dump().crash_alone(*asked)
    texts = kernel.dump().crash_alone("sym -m virtio_blk", *asked, "mod -R", *asked, "mod -R", "gdb print $1", *asked)
    for at in (1, 6, 12):
        for text, plain in zip(texts[at:at + 4], before):
            equal(re.sub(r"^\$\d+", "$", text, flags=re.M), re.sub(r"^\$\d+", "$", plain, flags=re.M), f"answer {at}")
    expect(re.search(r"<init_task\+\d+>", texts[11]), f"a value of before: {texts[11]!r}")


def test_reading_at_once_and_sections(kernel):
    texts = kernel.crash("mod -rs virtio_blk", "dis -l virtblk_probe 1", "mod -R", "mod -g -s virtio_blk", "mod -r", "mod -o")
    expect(texts[0].rstrip().endswith("virtio_blk.ko.debug") and "virtio_blk.c: " in texts[1], texts[:2])
    expect(".ko" not in texts[2], f"mod -R: {texts[2][:200]!r}")
    sections = dict(reversed(line.split()) for line in texts[3].splitlines()[2:])
    wanted = {path.name: int(path.read_text(), 16) for path in kernel.truth_paths("sys/module/virtio_blk/sections/*")}
    for name, address in wanted.items():
        equal(int(sections[name], 16), address, f"section {name}")
    expect(".text" in sections, f"mod -g: {texts[3]!r}")
    equal(len(table(texts[4], "MODULE")), len(recorded(kernel)), "rows of mod -r")
    expect("-o is not offered" in texts[5], texts[5])


def test_variables_of_a_module(kernel):
    """Linker scripts leave an address in the header of .data, which moves nothing:
    kallsyms has the places."""
    text = kernel.truth("proc/kallsyms")
    places = dict(row[::-1] for row in re.findall(r"^([0-9a-f]{16}) [dDbB] (loop_\w+|max_loop|max_part)\t\[loop\]$", text, re.M))
    expect(len(places) >= 4, f"variables of loop: {places}")
    names = sorted(places)
    before, *_ = kernel.crash_in_context(1, "p max_loop")
    expect('"mod -s loop" reads' in before, f"without the module's debug information: {before!r}")
    found = kernel.crash_in_context(1, *(f"p &{name}" for name in names), before=["mod -s loop"])
    for name, answer in zip(names, found):
        expect(f"0x{places[name]} <{name}>" in answer, f"{name} is at {places[name]}, not {answer!r}")
    value, raw, whatis = kernel.crash_in_context(1, "p -d max_loop", "rd -32 -d max_loop", "whatis max_loop", before=["mod -s loop"])
    equal(value.split()[-1], raw.split()[1], "value of max_loop")
    equal(whatis, "int max_loop;\n", "whatis of a module's variable")


def test_lines_of_module_code(kernel):
    """The kernel printed the line of its BUG();
    sym and dis -l have it, whichever file gdb read first, and by CRASH_MODULE_PATH."""
    if kernel.name != "6.1":
        raise Skipped("the lab's own module is built for 6.1 alone")
    dump = kernel.dump("mod-bug")
    console = dump.console()
    line = re.search(r"kernel BUG at (\S*/)?(lab_mod\.c):(\d+)!", console)[3]
    offset = re.search(r"RIP: 0010:thread_runs\+(0x[0-9a-f]+)/", console)[1]
    words = (f"sym thread_runs+{offset}", f"dis -l thread_runs+{offset}")
    for before in (["mod -s lab_mod"], ["sym vfs_read", "mod -s lab_mod"], ["mod -S"], ["sym vfs_read", "mod -S"]):
        got = session(dump, *before, *words).stdout.splitlines()
        equal(sum(text.endswith(f"lab_mod.c: {line}") for text in got), 2, f"{before}: lines {line} in {got[-4:]}")
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder) / "updates" / "lab"
        place.mkdir(parents=True)
        (place / "lab_mod.ko").write_bytes((dump.folder / "modules" / "lab_mod.ko").read_bytes())
        result = run_crash("-s", dump.vmlinux, dump.vmcore, stdin="mod -s lab_mod\n" + words[0] + "\n",
                           env={"CRASH_MODULE_PATH": folder})
        expect(f" {place}/lab_mod.ko\n" in result.stdout and f"lab_mod.c: {line}" in result.stdout, result.stdout)


def test_links_between_directories(kernel):
    """A directory is looked into once:
    by all their paths, these twelve would be hundreds of millions."""
    with tempfile.TemporaryDirectory() as folder:
        places = [pathlib.Path(folder) / str(i) for i in range(12)]
        for place in places:
            place.mkdir()
            for other in places:
                if other != place:
                    (place / other.name).symlink_to(other)
        (places[5] / "virtio_blk.ko").symlink_to(kernel.folder / "modules" / "virtio_blk.ko.debug")
        got = session(kernel, f"mod -S {folder}").stdout.splitlines()
    expect(any(re.search(r"\d  virtio_blk .*/virtio_blk\.ko\.debug$", line) for line in got), f"not found: {got[-3:]}")


def test_object_files_name_no_other_address(kernel):
    """Parts of the files that were never loaded, or are no more, have no place:
    what was said of the kernel before stays."""
    head = re.search(r"^([0-9a-f]{16}) \S init_task$", kernel.truth("proc/kallsyms"), re.M)[1]
    mm = re.search(r"mm = 0x([0-9a-f]+)", kernel.crash("task -R mm 1"))[1]
    asked = [f"struct task_struct {head}", "task -R mm,active_mm,exit_code 1", f"struct mm_struct {mm}", f"x/400a 0x{head}",
             f"list task_struct.tasks -s task_struct.mm,active_mm,group_leader -h {head}", "p (void *)0", "p (void *)0x20",
             "p (char *)1000", "tree -t radix -r pid_namespace.idr -s pid.level,tasks init_pid_ns", "list -h modules -s module.kobj"]
    before = kernel.crash_in_context(1, *asked)
    after = kernel.crash_in_context(1, *asked, before=["mod -S"])
    for line, old, new in zip(asked, before, after):
        expect(old.count("\n") > 0, f"{line}: {old!r}")
        same_lines(new.splitlines(), old.splitlines(), f"{line} after mod -S")
    names = set(re.findall(r"^[0-9a-f]+ \S (\S+)", kernel.truth("proc/kallsyms"), re.M))
    bt, *_ = kernel.crash_in_context(1, "gdb bt", before=["mod -S"])
    for text in (*after, bt):
        for value, name in re.findall(r"0x([0-9a-f]+) <(\w+)(?:\+\d+)?>", text):
            expect(int(value, 16) >= 4096, f"{value} is {name}")
            expect(name in names or text is bt, f"{name} is no symbol of this kernel")


def test_memory_of_init_sections_is_not_the_modules(kernel):
    """A module's start is over:
    what its sections had is free, and gdb takes no line or name for it."""
    sections = {path.name: int(path.read_text(), 16) for path in kernel.truth_paths("sys/module/virtio_blk/sections/.init.text")}
    expect(sections, "the guest recorded no .init.text")
    where = sections[".init.text"]
    line, name = kernel.crash_in_context(1, f"gdb info line *0x{where:x}", f"p (void *)0x{where + 16:x}", before=["mod -s virtio_blk"])
    expect("virtio_blk.c" not in line, line)
    expect("<" not in name or "init" not in name, name)


def percpu_copies(text):
    return dict((int(cpu), int(address, 16)) for cpu, address in re.findall(r"^  \[(\d+)\]: ([0-9a-f]+)$", text, re.M))


def test_percpu_variables_of_modules(kernel):
    """One that the kernel's own modules have: where kallsyms has it, plus each CPU's offset."""
    listed = re.findall(r"^([0-9a-f]+) a (\w+)\t\[(\w+)\]$", kernel.truth("proc/kallsyms"), re.M)
    value, name, module = next(row for row in listed if row[1] in ("zs_map_area", "nft_pcpu_tun_ctx"))
    structure, = kernel.crash_in_context(1, f"whatis {name}", before=[f"mod -s {module}"])
    structure = structure.split()[1]
    definition, = kernel.crash_in_context(1, f"struct {structure}", before=[f"mod -s {module}"])
    first, *_, second = re.findall(r"^    .*?(\w+);$", definition, re.M)
    cpus = [int(n) for n in re.findall(r"^processor\s*: (\d+)$", kernel.truth("proc/cpuinfo"), re.M)]
    places, values, whole, member, other, raw, address, whatis = kernel.crash_in_context(
        1, f"p {name}", f"p {name}:a", f"struct {structure} {name}:a", f"{name}.{first}:0", f"p -x {name}.{second}:1", f"rd {name}:1",
        f"p &{name}", f"whatis {name}", before=[f"mod -s {module}"])
    words = re.findall(r"\b([0-9a-f]{16})\b(?!:)", kernel.crash(f"rd -x __per_cpu_offset {len(cpus)}"))
    copies = percpu_copies(places)
    equal(copies, {cpu: (int(value, 16) + int(words[cpu], 16)) % 2**64 for cpu in cpus}, "copies")
    expect(f"  struct {structure} {name};\n" in places, places)
    equal(whatis, f"struct {structure} {name};\n", "whatis")
    equal(re.findall(r"^\[(\d+)\]: ([0-9a-f]+)$", whole, re.M), [(str(cpu), f"{copies[cpu]:x}") for cpu in cpus], "struct :a")
    equal(re.findall(rf"^per_cpu\({name}, (\d+)\) = ", values, re.M), [str(cpu) for cpu in cpus], "p :a")
    lines = [line.strip(" ,") for line in values.splitlines() if line.startswith("  ")]
    equal([line.strip(" ,") for line in whole.splitlines() if line.startswith("  ")], lines, "both ways")
    expect(re.search(rf"^per_cpu\({name}, 0\)\.{first} = \$\d+ = ", member, re.M), member)
    expect(f"per_cpu({name}, 1).{second} = " in other, other)
    equal(int(raw.split(":")[0], 16), copies[1], "rd of a copy")
    equal(address.split(" = ")[1].rstrip(), f"(struct {structure} *) 0x{value.lstrip('0')}", f"p &{name}")
    text = session(kernel, f"rd {name}:a", f"rd {name}:99").stdout
    expect(f"rd reads the copy of one CPU: {name}:0" in text and "CPU 99 is out of range" in text, text)


def test_types_that_only_a_modules_file_has(kernel):
    """BTF of modules came with v5.11;
    a structure of loop's is found with it and without, and says what gdb says."""
    shown, bare, star, offsets, member, place, listed, raw = kernel.crash_in_context(
        1, "struct loop_device", "loop_device", "*loop_device", "whatis -o loop_device", "struct loop_device.lo_number",
        "gdb print (int)&((struct loop_device *)0)->lo_number", "list -o loop_device.lo_number 0", "gdb ptype struct loop_device",
        before=["mod -s loop"])
    expect(shown.startswith("struct loop_device {\n"), shown)
    equal(bare, shown, "bare name")
    equal(star, shown, "star")
    equal(shown.splitlines()[1:-1], raw.splitlines()[1:], "the definition is gdb's")
    where = place.split()[-1]
    expect(re.search(rf"^ *\[{where}\] int lo_number;$", offsets, re.M), offsets)
    expect(f"[{where}] int lo_number;" in member, member)
    expect("invalid -o" not in listed + kernel.last.stdout + kernel.last.stderr, "list -o")


def test_types_of_the_labs_own_module(kernel):
    """What nothing but the module's DWARF has, where lab_mod.c put known contents."""
    if kernel.name != "6.1":
        raise Skipped("the lab's own module is built for 6.1 alone")
    dump = kernel.dump("mod-bug")
    cpus = range(len(re.findall(r"^processor\s*:", dump.truth("proc/cpuinfo"), re.M)))
    lines = ["lab_counts", "struct lab_word", "union lab_word", "*lab_word", "lab_colour", "whatis LAB_BLUE", "struct lab_counts lab_total",
             "p lab_percpu:a", "p lab_percpu_array:a", "p lab_percpu_array[2]:a", "p lab_percpu_counts.colour:a", "p lab_percpu_counts.events:a",
             "struct lab_counts.events,word lab_percpu_counts:a", "rd -32 -d lab_percpu:1", "rd lab_percpu", "p lab_percpu_array",
             "list -H lab_list -o lab_item.link -S lab_item.number", "tree -t rbtree -o lab_item.node -S lab_item.number lab_tree",
             "struct lab_cuonts", "p $percpu(lab_percpu_array, 1)", "p $percpu(lab_percpu_array, 1)[3]",
             "struct -p lab_counts lab_total --json"]
    (counts, wrong, union, star, colour, blue, total, one, array, element, colours, events, members, raw, hint, places, listed, tree,
     typo, by_function, one_by_function, targets) = dump.crash_in_context(1, *lines, before=["mod -s lab_mod"])
    equal(counts, "struct lab_counts {\n    long events;\n    union lab_word word;\n    enum lab_colour colour;\n}\nSIZE: 16\n", "lab_counts")
    expect("lab_word is not a struct" in wrong + dump.last.stdout + dump.last.stderr, wrong)
    expect(union.startswith("union lab_word {\n"), union)
    equal(star, union, "*lab_word")
    equal(colour, "enum lab_colour {\n  LAB_RED = 3\n  LAB_GREEN = 70\n  LAB_BLUE = 71\n};\n", "lab_colour")
    equal(blue, "enum lab_colour = 71\n", "LAB_BLUE")
    expect("events = 4243," in total and "colour = LAB_GREEN" in total and f"number = {0x0a0b0c0d}" in total, total)
    equal(re.findall(r"= (\d+)$", one, re.M), [str(100 + cpu) for cpu in cpus], "lab_percpu")
    equal(re.findall(r"\{(.*)\}", array), [", ".join(str(1000 * cpu + i) for i in range(5)) for cpu in cpus], "lab_percpu_array")
    expect('"targets are shown for types of BTF, which does not have struct lab_counts"' in targets, targets)
    equal(by_function.split(" = ")[1], "{1000, 1001, 1002, 1003, 1004}\n", "$percpu of an array")
    equal(one_by_function.split(" = ")[1], "1003\n", "$percpu of an array, an element")
    equal(re.findall(r"\)\[2\] = \$\d+ = (\d+)$", element, re.M), [str(1000 * cpu + 2) for cpu in cpus], "an element")
    equal(re.findall(r"= (LAB_\w+)$", colours, re.M), ["LAB_BLUE" for _ in cpus], "colours")
    equal(re.findall(r"= (\d+)$", events, re.M), [str(500 + cpu) for cpu in cpus], "events")
    equal(re.findall(r"number = (\d+)", members), [str(0x01020300 + cpu) for cpu in cpus], "words")
    equal(raw.split()[1], "101", "rd of a copy")
    expect('"rd lab_percpu:0" reads CPU 0' in hint + dump.last.stdout + dump.last.stderr, hint)
    expect("int lab_percpu_array[5];" in places, places)
    equal(re.findall(r"number = (\d+)", listed), [str(i * 17 % 37) for i in range(37)], "lab_list")
    equal(sorted(map(int, re.findall(r"number = (\d+)", tree))), list(range(37)), "lab_tree")
    expect('did you mean "lab_counts"?' in typo + dump.last.stdout + dump.last.stderr, typo)


def test_the_hint_for_modules_built_elsewhere(kernel):
    """No package of the kernel has the file of a module with the taint O."""
    if kernel.name != "6.1":
        raise Skipped("the lab's own module is built for 6.1 alone")
    with tempfile.TemporaryDirectory() as folder:
        text = session(kernel.dump("mod-bug"), "mod -s lab_mod", "mod -s virtio_blk", options=("--mod", folder)).stdout
    own, other = text.split("cannot find or load")[1:]
    expect("built outside of the kernel's source" in own and "package" in own and "linux-image" not in own, own)
    expect("package linux-image-" in other, other)


def test_a_users_add_symbol_file(kernel):
    """Sections that the user gives no place name no address, and are not shown as if he had."""
    path = kernel.folder / "modules" / "virtio_blk.ko.debug"
    base = recorded(kernel)["virtio_blk"][2]
    asked = ("p (void *)0", "p (void *)0x20", "p (char *)1000", "struct task_struct.mm,exit_state init_task")
    added, line, *answers = kernel.crash_in_context(1, f"gdb add-symbol-file {path} 0x{base:x}", "gdb info line virtblk_probe", *asked)
    expect(f"\t.text_addr = 0x{base:x}\n" in added and added.count("_addr = ") == 1, added)
    expect("virtio_blk.c" in line, line)
    answers = kernel.crash_in_context(1, *asked, before=[f"gdb add-symbol-file {path} 0x{base:x}"])
    same_lines(answers, kernel.crash_in_context(1, *asked), "answers after add-symbol-file")
