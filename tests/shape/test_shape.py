# The house rules that a machine can check: layers, headers, sizes.
# SPDX-License-Identifier: GPL-3.0-or-later
import io
import os
import pathlib
import re
import subprocess
import tempfile
import tokenize

from harness import TOP, expect, equal

# The folder is the layer; the files at the top say theirs in their first lines.
FOLDERS = {"base": 0, "dump": 1, "names": 2, "bridge": 2, "containers": 4, "kernel": 5, "kernel/unwind": 5, "kernel/mm": 5,
           "kernel/fs": 5, "kernel/irq": 5, "kernel/time": 5, "kernel/sched": 5, "kernel/locking": 5, "kernel/workqueue": 5, "shell": 6, "show": 7, "commands": 8, "start": 9}
OURS = sorted(p for folder in [".", *FOLDERS] for end in ("c", "h", "cc", "hh") for p in (TOP / folder).glob(f"*.{end}"))
HEADERS = [p for p in OURS if p.suffix == ".h"]


def name_of(path):
    return str(path.relative_to(TOP))


def module_of(path):
    """A source and its header are one: base/util.c and base/util.h are base/util."""
    return str(path.relative_to(TOP).with_suffix(""))


def folder_of(module):
    return module.rpartition("/")[0]


def layer_at_the_top(module):
    said = set()
    for path in OURS:
        if module_of(path) == module:
            match = re.match(rf"/\* {re.escape(path.name)} - L(\d): .*\. \*/$", path.read_text().split("\n", 1)[0])
            if match:
                said.add(int(match[1]))
            else:
                expect(path.suffix != ".h", f"{path.name} does not begin with '/* {path.name} - Ln: purpose. */'")
    expect(len(said) == 1, f"{module}: its files name the layers {said}")
    return said.pop()


def layer(module):
    return FOLDERS[folder_of(module)] if folder_of(module) else layer_at_the_top(module)


def includes(path):
    """The files of ours that it includes, whatever way that is written."""
    found = []
    for name in re.findall(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', path.read_text(), re.M):
        beside = (path.parent / name).resolve()
        found.append(beside if beside.exists() else TOP / name)
    return found


def includes_of_modules():
    graph = {module_of(path): set() for path in OURS}
    for path in OURS:
        graph[module_of(path)] |= {module_of(i) for i in includes(path) if i in OURS} - {module_of(path)}
    return graph


def circles(graph):
    """The sets of nodes of which each reaches each other."""
    reached = {}
    for node in graph:
        seen, left = set(), [node]
        while left:
            for other in graph[left.pop()] - seen:
                seen.add(other)
                left.append(other)
        reached[node] = seen
    return sorted({tuple(sorted(o for o in graph if o in reached[n] and n in reached[o])) for n in graph if n in reached[n]})


def test_every_source_has_a_floor():
    known = {name_of(p) for p in OURS}
    tracked = subprocess.run(["git", "-C", str(TOP), "ls-files", "*.c", "*.h", "*.cc", "*.hh"], capture_output=True, text=True,
                             check=True).stdout.split()
    lost = [name for name in tracked if name not in known and not name.startswith(("tests/", "gdb-patches/", "extensions/"))]
    equal(lost, [], "sources in folders that have no layer")
    made = re.search(r"^FOLDERS := (.*)$", (TOP / "Makefile").read_text(), re.M)[1].split()
    equal(sorted([*made, "bridge", "commands"]), sorted(FOLDERS), "the folders that the Makefile builds")


def test_layers_point_down():
    graph = includes_of_modules()
    layers = {module: layer(module) for module in graph}
    up = [f"{module} (L{layers[module]}) includes {other} (L{layers[other]})"
          for module in sorted(graph) for other in sorted(graph[module]) if layers[other] > layers[module]]
    equal(up, [], "includes upwards")


def test_includes_name_the_path_from_the_top():
    """An include that finds no file would be another file of that name, or none."""
    for path in OURS:
        for name in re.findall(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', path.read_text(), re.M):
            near = path.parent.name == "bridge" or (name_of(path), name) == ("base/regs.h", "util.h")
            found = (path.parent if near and not name.startswith("bridge/") else TOP) / name
            expect(found.resolve() in OURS, f"{name_of(path)}: no file of ours is {name}")
            expect(near or ".." not in name, f"{name_of(path)} includes {name}: only bridge/ leaves its folder so")


# What is left of the knots. A list here may only grow shorter.
CIRCLES = [
    ("base/fail", "base/util"),  # running out of memory fails; what fails has growing text
]


def test_sources_form_no_circle():
    equal(circles(includes_of_modules()), CIRCLES, "sources that include each other")


def test_folders_form_no_circle():
    graph = {folder: set() for folder in FOLDERS}
    for module, others in includes_of_modules().items():
        if folder_of(module):
            graph[folder_of(module)] |= {folder_of(o) for o in others if folder_of(o)} - {folder_of(module)}
    equal(circles(graph), [], "folders that include each other")


def test_headers_form_no_cycle():
    graph = {name_of(h): {name_of(i) for i in includes(h)} for h in HEADERS}
    equal(circles({h: {i for i in graph[h] if i in graph} for h in graph}), [], "headers that include each other")


def test_the_kernel_side_draws_nothing():
    """What is found out below the shell is the same in text, in JSON and in colour."""
    wrong = [f"{name_of(path)} includes {name_of(i)}" for path in OURS if 1 <= layer(module_of(path)) <= 5
             for i in includes(path) if name_of(i) in ("base/json.h", "base/colour.h")]
    equal(wrong, [], "layers 1 to 5 that know of JSON or colours")


def test_one_place_asks_for_json():
    """Tables and pairs of writers choose the form:
    who finds something out would tell it twice, and differently."""
    asking = [name_of(path) for path in OURS if layer(module_of(path)) >= 7 and re.search(r"\bjson_on\(\)", path.read_text())]
    equal(asking, [], "views and commands that ask whether JSON is on")


# What stands before the name of a function, at the start of a line,
# and how what follows its name ends.
FUNCTION = r"^(?!static\b|typedef\b|extern\b|return\b|else\b)[a-z][\w \t*]*?[ *](\w+)\("


def functions(path, ending):
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    text = re.sub(r"^#(?:[^\n]*\\\n)*[^\n]*\n", "", text, flags=re.M)
    return set(re.findall(FUNCTION + ending, text, re.M))


def test_functions_are_declared_where_they_are_defined():
    """X.h says what X.c does. bridge/ aside: gdb_bridge.h is the face of all of it."""
    homes = {}
    for path in OURS:
        for name in functions(path, r"[^;{}]*?\)\n\{") if path.suffix == ".c" else ():
            homes.setdefault(name, set()).add(module_of(path))
    declared = [(path, name) for path in HEADERS if path.parent.name != "bridge" for name in sorted(functions(path, r"[^{}]*?;"))]
    wrong = [f"{name_of(path)}: {name}() is defined in {sorted(homes.get(name, []))}" for path, name in declared
             if homes.get(name) != {module_of(path)}]
    equal(wrong, [], "functions that another file defines")
    expect(len(declared) > 600, f"only {len(declared)} declarations were found")


def test_each_header_compiles_alone():
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "all.c"
        for header in HEADERS:
            source.write_text(f'#include "{name_of(header)}"\n#include "{name_of(header)}"\n')
            done = subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                                   "-iquote", TOP, source], capture_output=True, text=True)
            equal(done.returncode, 0, f"{name_of(header)} alone: {done.stderr[:200]}")


def test_gdb_is_seen_by_few():
    """All others are C, and speak to gdb through gdb_bridge.h."""
    files = {p.parent.name for p in OURS
             if re.search(r"^#include <(gdbsupport/|frame\.h|symtab\.h|value\.h|gdbthread\.h)", p.read_text(), re.M)
             or TOP / "bridge/gdb_internal.hh" in includes(p)}
    equal(files, {"bridge"}, "folders that see gdb's headers")


def test_files_and_functions_are_short():
    for path in OURS:
        lines = path.read_text().splitlines()
        expect(len(lines) <= 1500, f"{path.name} has {len(lines)} lines")
        start = None
        for number, line in enumerate(lines):
            if line == "{":
                start = number
            elif line == "}" and start is not None:
                expect(number - start < 60, f"{path.name}:{start + 1}: a function of {number - start + 1} lines")
                start = None


# Lines wider than 100 columns that stay: how many in a file, and why.
# A number here may only become smaller.
WIDE = {
    "commands/dis.c": (2, "an example's answer"),
    "commands/list.c": (1, "an example's command line"),
    "commands/mod.c": (1, "an example's answer"),
    "commands/ps.c": (3, "headings, and an example's answer"),
    "commands/tree.c": (1, "an example's command line"),
    "dump/filekind.c": (1, "a macro of one text, which clang-format's versions lay out differently in two"),
    "shell/manpage.c": (5, "lines of --help as it prints them"),
}


def wide_lines(text):
    """The numbers of lines that are too wide; the first, which says a file's purpose, may be."""
    return [number for number, line in enumerate(text.splitlines(), 1) if number > 1 and len(line.expandtabs(8)) > 100]


def comments_of_python(text):
    """(number, line) of each line that has a comment or is one of a docstring."""
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        alone = token.type == tokenize.STRING and token.line.lstrip().startswith(('"""', 'r"""'))
        if token.type == tokenize.COMMENT or alone:
            yield from ((number, lines[number - 1]) for number in range(token.start[0], token.end[0] + 1))


def test_lines_fit_a_window():
    """Code and comments in C, comments in Python: two files beside each other can be read."""
    tracked = subprocess.run(["git", "-C", str(TOP), "ls-files", "*.c", "*.h", "*.cc", "*.hh", "*.py"], capture_output=True,
                             text=True, check=True).stdout.split()
    # What a dump of the lab is made of stays as it is: a blank that moved there is another dump.
    files = [name for name in tracked if not name.startswith(("gdb-patches/", "tests/lab/guest/", "tests/lab/module/",
                                                              "tests/lab/setup/"))]
    expect(len(files) > 350, f"only {len(files)} sources were found")
    for name in files:
        text = (TOP / name).read_text()
        if name.endswith(".py"):
            wide = [number for number, line in comments_of_python(text) if number > 1 and len(line) > 100]
        else:
            wide = wide_lines(text)
        allowed = WIDE.get(name, (0, ""))[0]
        equal(len(wide), allowed, f"{name}: lines wider than 100 columns ({', '.join(map(str, wide))})")


def test_wide_lines_are_seen():
    long = "x" * 97
    for text, found in ((f"\n\t{'x' * 92}", []), (f"\n\t{'x' * 93}", [2]), (f"/* {long} */\n", []),
                        (f"\n/* {long} */\n", [2])):
        equal(wide_lines(text), found, f"wide lines of {text!r}")
    for text, found in ((f"a = 1  # {long}", [1]), (f"# a\n# {long}\n", [1, 2]), (f"a = '{long}# {long}'\n", []),
                        (f'def a():\n    """b\n    {long}"""\n', [2, 3]), (f'a = """b\n{long}"""\n', [])):
        equal([number for number, _ in comments_of_python(text)], found, f"comments of {text!r}")


def test_every_file_says_purpose_and_licence():
    for path in OURS:
        head = path.read_text()[:400]
        said = r"L\d: " if path.parent == TOP else r"(?!L\d)"
        expect(re.match(rf"/\* {re.escape(name_of(path))} - {said}", head), f"{name_of(path)}: first line names no purpose")
        expect("SPDX-License-Identifier: GPL-3.0-or-later" in head, f"{path.name}: no licence line")


def test_numbers_are_printed_without_casts():
    """u64 is what %llu prints; a field of <elf.h> becomes one first."""
    cast = re.compile(r"\((unsigned )?long long( int)?( unsigned)?\)|\(ull\)")
    wrong = [f"{name_of(path)}: {line.strip()}" for path in OURS for line in path.read_text().splitlines() if cast.search(line)]
    equal(wrong, [], "casts to long long: u64 and s64 are its names")


def test_no_unfinished_business():
    word = re.compile(r"\b(TODO|FIXME|XXX)\b|not (yet )?implemented", re.I)
    for path in OURS:
        found = word.search(path.read_text())
        expect(not found, f"{path.name} says {found.group(0) if found else ''}")


def test_no_message_shows_our_sources():
    for path in OURS:
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        if path.name != "fail.h":
            found = re.search(r"__FILE__|__LINE__|__func__|__FUNCTION__", text)
            expect(not found, f"{path.name} uses {found.group(0) if found else ''}: only BUG() does")
    names = "|".join(re.escape(p.name) for p in OURS)
    for path in OURS:
        for message in re.findall(r'\b(?:fail|warn|usage_error)\((?:"[^"]*"\s*)+', path.read_text()):
            found = re.search(rf"\b(?:{names})\b", message)
            expect(not found, f"{path.name}: a message names {found.group(0) if found else ''}")


# A format, behind what may stand before it in the call, and the values that follow it.
MESSAGE = re.compile(r"""\b(?:fail|warn|usage_problem|command_problem|usage_error|strbuf_puts|strbuf_printf)\(
                         (?:[\w>-]*args,\s|why,\s|"\w+",\s|scope_printf\()*
                         ((?:"(?:[^"\\]|\\.)*"\s*)+)([^;]*);""", re.X)


def messages():
    for path in OURS:
        for literal, values in MESSAGE.findall(path.read_text()):
            yield path.name, "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literal)), values


def test_messages_are_short():
    """What, why and what next in one or two lines;
    no full stop, no shouting; in the middle of a line."""
    seen = 0
    for name, text, _ in messages():
        seen += 1
        expect(len(text) <= 170, f"{name}: a message of {len(text)} characters: {text[:60]}...")
        expect(not re.search(r"[^.]\.$|!$", text), f"{name}: how a message ends: {text!r}")
        expect(not re.match(r"[A-Z][a-z]", text) or text.startswith(("Linux", "Debian")), f"{name}: a capital: {text!r}")
        expect(not re.search(r"\b(please|sorry|oops|failed to|unable to|illegal|bad)\b", text, re.I), f"{name}: {text!r}")
    expect(seen > 400, f"only {seen} messages were found")


def test_messages_say_why():
    """What cannot be opened, read, written or started has a reason:
    errno's text, a fault's, or that of below."""
    for name, text, values in messages():
        if re.search(r"\bcannot (be )?(open|read|write|written|start|map|lock|unpack)", text):
            expect(re.search(r": %s|: [a-z]+ ", text) or re.search(r"strerror|fault_text|\bwhy\b", values),
                   f"{name}: no reason: {text!r}")


def agreed(text):
    """A source in the form that clang-format's versions agree on:
    14 and 19 differ in the blanks beside a * and in macros' bodies."""
    lines = text.replace("\\\n", " ").split("\n")
    return [re.sub(r"\s+", "", line) if line.startswith("#define") else re.sub(r"(?<=\S) ?\* ?", "*", line) for line in lines]


def test_every_source_is_formatted():
    tool = "clang-format"
    files = [str(p) for p in OURS if p.suffix in (".c", ".h")]
    done = subprocess.run([tool, "--dry-run", "-Werror", *files], capture_output=True, text=True)
    expect(done.returncode in (0, 1), done.stderr[-300:])
    wrong = []
    for name in sorted({line.split(":")[0] for line in done.stderr.splitlines() if "error:" in line}):
        wanted = subprocess.run([tool, name], capture_output=True, text=True, check=True).stdout
        if agreed(wanted) != agreed(pathlib.Path(name).read_text()):
            wrong.append(name)
    expect(not wrong, "run make format: " + ", ".join(os.path.relpath(w, TOP) for w in wrong))


def test_formatting_leaves_the_lab_alone():
    """A blank that moved in a source of the lab is another dump, and another kernel to boot."""
    done = subprocess.run(["make", "-C", str(TOP), "-n", "format"], capture_output=True, text=True, check=True)
    expect(" commands/rd.c " in done.stdout, f"make format: {done.stdout[-200:]!r}{done.stderr[-200:]!r}")
    expect("tests/lab/" not in done.stdout, "make format would change tests/lab")


def test_formats_of_other_versions():
    for one, other, same in (("\t} * frames;", "\t} *frames;", True), ("f(2 * (i)*8);", "f(2 * (i) * 8);", True),
                             ("#define A(x) \\\n\t{ \\\n\t\tx \\\n\t}\n", "#define A(x) { x }\n", True),
                             ("\tif (a)\n\t\tb();", "\tif (a) b();", False), ("\tint *a;", "        int *a;", False),
                             ("\ta=1;", "\ta = 1;", False), ("\t/* a */\n\t *b = 1;", "\t/* a */\n\t*b = 1;", False)):
        equal(agreed(one) == agreed(other), same, f"{one!r} is {other!r}")


def test_every_option_of_every_command_is_tested():
    tests = "\n".join(p.read_text(errors="replace") for p in [
        *(TOP / "tests").glob("truth/*.py"), *(TOP / "tests").glob("golden/*"), *(TOP / "tests").glob("help/*.py"),
        *(TOP / "tests").glob("format/*.py")] if p.is_file())
    missing = []
    for path in sorted((TOP / "commands").glob("*.c")):
        text = path.read_text()
        command = re.search(r'COMMAND\((\w+)\) = \{.*?\.name = "([^"]+)"', text, re.S)
        expect(command, f"{path.name} holds no COMMAND")
        name = command.group(2)
        for option in re.findall(r'\{ "([\w]+)", (?:NULL|"[^"]*"), ?\n?\s*"', text):
            if not re.search(rf'\b{re.escape(name)}\b[^"\n]* -\w*{option}', tests):
                missing.append(f"{name} -{option}")
    expect(not missing, f"{len(missing)} options occur in no test: " + ", ".join(missing[:12]))


def test_no_conflict_is_left():
    done = subprocess.run(["git", "-C", str(TOP), "grep", "-nE", "^(<{7}|>{7}) "], capture_output=True, text=True)
    equal(done.stdout, "", "marks of a merge")


def test_no_test_sleeps():
    """Time proves nothing on another machine.
    Two helpers sleep between looks at what they wait for."""
    called = "time." + "sleep("
    asleep = [f"{path.relative_to(TOP)}:{number}" for path in sorted((TOP / "tests").rglob("*.py"))
              if path.relative_to(TOP).parts[1] not in ("lab", "bench") and path.name not in ("harness.py", "tmux.py")
              for number, line in enumerate(path.read_text().splitlines(), 1) if called in line]
    expect(not asleep, "wait_until() something, or stop the program with tests/slow.py: " + ", ".join(asleep))
