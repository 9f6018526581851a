# deps.list and tools/deps: every program that tests call has its line; what is missing is named on any system.
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import pathlib
import re
import subprocess
import tempfile

from harness import TOP, equal, expect

# Every system with gcc, sh and python has these (on Debian: Essential, or build-essential's).
EVERYWHERE = set("sh bash env cat cp sed awk grep head tar gzip ldd sleep wc nm objdump readelf strip addr2line sudo".split())


def lines():
    for line in (TOP / "deps.list").read_text().splitlines():
        if not line.startswith("#"):
            yield line.split(None, 3)


def test_each_line_is_whole():
    names = []
    for words in lines():
        equal(len(words), 4, f"words of {words}")
        package, need, checks, what = words
        names.append(package)
        expect(need in ("build", "test"), f"{package}: who needs it: {need}")
        expect(re.match(r"[^:]+: \S", what), f"{package}: no name, colon and reason: {what}")
        expect(not re.search(r"-\d+(-dev)?$|t64$|\dv\d$|^lib\w+\d$", package), f"{package}: a version is in the name")
        for check in checks.split(","):
            expect(not check.startswith("@") or f"check_{check[1:]}()" in (TOP / "tools/deps").read_text(),
                   f"{package}: tools/deps has no {check}")
    equal(len(names), len(set(names)), f"packages named once: {names}")


def test_programs_of_tests_are_listed():
    listed = {check for words in lines() for check in words[2].split(",")}
    called = {}
    for path in sorted(p for p in (TOP / "tests").rglob("*") if p.is_file() and "corpus" not in p.parts):
        text = path.read_text(errors="replace")
        if path.suffix == ".py" or text.startswith("#!/usr/bin/python3"):
            for name in re.findall(r"""(?:\.run|Popen|check_output|\.call|output)\(\s*\[?["']([a-z][\w.-]*)["']""", text) + \
                    re.findall(r"""(?:command|words) = \[["']([a-z][\w.-]*)["']""", text) + \
                    re.findall(r"""which\(["']([a-z][\w.-]*)["']""", text):
                called.setdefault(name, path)
    expect({"pgrep", "tmux", "jq", "setpriv", "qemu-system-x86_64", "mkfs.ext4"} <= set(called), f"found only {sorted(called)}")
    wrong = {name: str(path.relative_to(TOP)) for name, path in called.items()
             if name not in listed | EVERYWHERE | {"busybox"}}
    equal(wrong, {}, "programs that tests call and deps.list has not")


def path_without(folder, *hidden):
    """A folder with every program of the system but those that match."""
    for place in os.environ["PATH"].split(":") + ["/usr/sbin", "/sbin"]:
        if os.path.isdir(place):
            for name in os.listdir(place):
                link = pathlib.Path(folder) / name
                if not link.is_symlink() and not any(re.fullmatch(pattern, name) for pattern in hidden):
                    link.symlink_to(os.path.join(place, name))
    return dict(os.environ, PATH=str(folder), MAKEFLAGS="", LC_ALL="C")


def run(env, *words):
    return subprocess.run(words, capture_output=True, text=True, cwd=TOP, env=env)


def section(text, title):
    found = re.search(rf"^{title}:\n((?:  .*\n)*)", text, re.M)
    return found[1] if found else ""


def test_another_system_hears_what_to_install():
    """No dpkg, no apt: what is missing is named with its reason,
    what is here as well, and only make deps stops."""
    with tempfile.TemporaryDirectory() as folder:
        env = path_without(folder, "dpkg.*", "apt.*", "jq", "gcc")
        compiler = pathlib.Path(folder) / "gcc"
        compiler.write_text('#!/bin/sh\ncase " $* " in *" -lreadline "*) exit 1 ;; esac\nexec /usr/bin/gcc "$@"\n')
        compiler.chmod(0o755)
        done = run(env, "make", "-s", "deps")
        expect(done.returncode != 0, "make deps succeeds without apt")
        expect("install by its own means" in done.stderr, done.stderr[-300:])
        equal(section(done.stderr, "missing, needed to build"), "  readline: line editing at the prompt, and GDB's\n", "missing to build")
        missing = section(done.stderr, "missing, needed by make demo and the tests")
        equal([line.split(":")[0].strip() for line in missing.splitlines()], ["apt", "dpkg", "jq"], "missing to test")
        expect("  zlib: zlib pages" in section(done.stderr, "here, needed to build"), done.stderr[-600:])
        expect("  strace: shows" in section(done.stderr, "here, needed by make demo and the tests"), done.stderr[-600:])
        expect("dpkg-query" not in done.stderr, done.stderr[-300:])
        done = run(env, "make", "-s", "deps-if-missing")
        equal(done.returncode, 0, f"what make check does first: {done.stderr[-300:]}")
        equal(section(done.stderr, "missing, needed to build"), "  readline: line editing at the prompt, and GDB's\n", "of make check")


def test_without_a_compiler_all_libraries_are_missing():
    with tempfile.TemporaryDirectory() as folder:
        done = run(path_without(folder, "gcc", "clang"), "tools/deps", "missing")
    equal(done.returncode, 1, "status of tools/deps missing")
    libraries = [package for package, _, checks, _ in lines() if ".h:" in checks]
    expect(len(libraries) > 10, f"only {libraries}")
    equal([name for name in libraries if name not in done.stdout.split()], [], "libraries that are not missed")
    expect({"build-essential", "clang", "libclang-rt-dev"} <= set(done.stdout.split()), done.stdout)


def test_all_is_here():
    """What the tests run with: nothing of deps.list is missing."""
    done = run(dict(os.environ, MAKEFLAGS=""), "tools/deps", "missing")
    equal((done.returncode, done.stdout), (0, ""), "tools/deps missing")


def test_a_build_without_apt_says_what_to_do():
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as cache:
        done = run(dict(path_without(folder, "apt.*"), CRASH_CACHE=cache), "tools/build-gdb")
    expect(done.returncode != 0 and "no apt-get here" in done.stderr and "GDB_TARBALL=FILE" in done.stderr, done.stderr[-300:])


def test_the_mirror_can_be_given():
    """A machine without Debian's sources: the mirror named is the one that is asked."""
    with tempfile.TemporaryDirectory() as cache:
        done = run(dict(os.environ, CRASH_CACHE=cache, DEBIAN_MIRROR="file:/nonexistent/debian"),
                   "tools/debian", "trixie", "names", "bash")
    expect(done.returncode != 0 and "file:/nonexistent/debian" in done.stderr, done.stderr[-300:])
