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
    """The lab keeps each module's file and debug file beside the vmlinux: the one with DWARF is taken."""
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
    """.gnu_debuglink leads from the module to its debug information; a file of another build is told by both ids."""
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
    """Linker scripts leave an address in the header of .data, which moves nothing: kallsyms has the places."""
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
    """The kernel printed the line of its BUG(); sym and dis -l have it, whichever file gdb read first, and by CRASH_MODULE_PATH."""
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
    """A directory is looked into once: by all their paths, these twelve would be hundreds of millions."""
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
