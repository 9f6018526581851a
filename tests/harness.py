# What every Python test uses: the lab's kernels, their own record of themselves, and our program.
# SPDX-License-Identifier: GPL-3.0-or-later
"""
A test is a function test_*() in tests/<kind>/test_*.py. Its parameter says what it runs on:

    def test_ps_lists_every_task(kernel): ...   once for each lab kernel of the run
    def test_usage(): ...                       once

ONE_KERNEL = True in its file: only for the last kernel of the run, where all are the same to what is tested.
ALONE = ("test_...", ...) in its file: those that measure time, with no other test beside them.
Tests run beside each other, in several processes: what they share is read only.

It fails by an exception; expect() and equal() give messages of one line.
"""
import functools
import os
import pathlib
import re
import subprocess
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent
CRASH = TOP / os.environ.get("CRASH_PROGRAM", "crash")


class Failed(Exception):
    pass


class Skipped(Exception):
    """Only for what the run's kernels do not have (say, no 5-level dump); never for what is inconvenient."""


def expect(condition, message):
    if not condition:
        raise Failed(message)


def equal(got, wanted, what):
    if got != wanted:
        raise Failed(f"{what}: got {str(got)[:200]!r}, wanted {str(wanted)[:200]!r}")


def same_lines(got, wanted, what, limit=3):
    """Two lists of lines, compared with the first differences named."""
    if got == wanted:
        return
    rows = []
    for i in range(max(len(got), len(wanted))):
        a = got[i] if i < len(got) else "(nothing)"
        b = wanted[i] if i < len(wanted) else "(nothing)"
        if a != b:
            rows.append(f"line {i + 1}: got {a!r}, wanted {b!r}")
            if len(rows) == limit:
                break
    raise Failed(f"{what}: " + "; ".join(rows))


class Result:
    def __init__(self, status, stdout, stderr):
        self.status, self.stdout, self.stderr = status, stdout, stderr


def environment(extra=None):
    env = {k: v for k, v in os.environ.items() if k not in ("PAGER", "CRASHPAGER", "LESS")}
    env.setdefault("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=0:exitcode=99")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    env["TERM"] = "dumb"
    env.update(extra or {})
    return env


def run_crash(*arguments, stdin="", timeout=120, env=None, cwd=None, tells=("--exit-status",)):
    """One run of the program; standard input is text, never a terminal. TELLS: its status is 2 when a command failed."""
    done = subprocess.run([str(CRASH), *tells, *map(str, arguments)], input=stdin.encode(), capture_output=True,
                          timeout=timeout, env=environment(env), cwd=cwd)
    out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    if done.returncode < 0 or done.returncode == 99 or "AddressSanitizer" in err or "runtime error:" in err:
        raise Failed(f"the program died (status {done.returncode}): {(err or out)[-400:]!r}")
    return Result(done.returncode, out, err)


class Dump:
    """A folder of the lab: vmlinux, vmcore, truth/, console.log."""

    def __init__(self, kernel, name, folder, pattern="vmcore"):
        self.kernel, self.name, self.folder = kernel, name, pathlib.Path(folder)
        self.pattern = pattern
        self.cache = {}

    def variant(self, pattern):
        """The same memory in another file of this folder ("vmcore.zlib"), or in several ("vmcore.split*")."""
        return Dump(self.kernel, f"{self.name} {pattern}", self.folder, pattern)

    @property
    def vmlinux(self):
        return self.folder / "vmlinux"

    @property
    def vmcore(self):
        return self.folder / "vmcore"

    @property
    def files(self):
        """What is given to the program as the dump: one file but for split dumps."""
        return sorted(self.folder.glob(self.pattern))

    def truth(self, name):
        """A file that the guest recorded, as text ("proc/meminfo")."""
        return (self.folder / "truth" / name).read_text(errors="replace")

    def truth_bytes(self, name):
        return (self.folder / "truth" / name).read_bytes()

    def truth_paths(self, pattern):
        return sorted((self.folder / "truth").glob(pattern))

    def console(self):
        return (self.folder / "console.log").read_text(errors="replace")

    def crash(self, *commands, options=(), timeout=120):
        """What each command prints, all in one session; results are kept for the run of the tests."""
        missing = [c for c in commands if (c, options) not in self.cache]
        if missing:
            self._run(missing, options, timeout)
        texts = [self.cache[(c, options)] for c in commands]
        return texts[0] if len(texts) == 1 else texts

    def crash_in_context(self, task, *commands, before=()):
        """The same with another current task and after other commands; nothing is kept."""
        with tempfile.TemporaryDirectory() as folder:
            lines = [f"{c} > {folder}/{i}" for i, c in enumerate(commands)]
            self.last = run_crash("-s", self.vmlinux, *self.files, stdin="\n".join([f"set {task}", *before, *lines, "quit", ""]))
            return [(pathlib.Path(folder) / str(i)).read_text(errors="replace") for i in range(len(commands))]

    def _run(self, commands, options, timeout):
        with tempfile.TemporaryDirectory() as folder:
            script = pathlib.Path(folder) / "cmds"
            lines = [f"{c} > {folder}/{i}" for i, c in enumerate(commands)]
            script.write_text("\n".join(lines) + "\nquit\n")
            result = run_crash("-s", *options, "-i", script, self.vmlinux, *self.files, timeout=timeout)
            self.last = result
            for i, command in enumerate(commands):
                path = pathlib.Path(folder) / str(i)
                if not path.exists():
                    raise Failed(f"{command!r} wrote nothing: {(result.stderr + result.stdout)[-300:]!r}")
                self.cache[(command, options)] = path.read_text(errors="replace")


class Kernel:
    """One kernel of the lab; the base dump is dump("sysrq"), and its attributes are reachable directly."""

    def __init__(self, name):
        self.name = name
        self.dumps = {}

    def dump(self, name="sysrq"):
        if name not in self.dumps:
            self.dumps[name] = Dump(self, name, lab_path(self.name, name))
        return self.dumps[name]

    def __getattr__(self, attribute):
        return getattr(self.dump("sysrq"), attribute)


@functools.lru_cache(maxsize=None)
def lab_path(kernel, dump):
    done = subprocess.run([str(TOP / "tests/lab/lab"), "path", kernel, dump], capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"lab: no dump {dump} of {kernel}: {done.stderr.strip()[-200:]}")
    return done.stdout.strip()


def table(text, header_word):
    """Rows (lists of words) below the line that begins with HEADER_WORD."""
    lines = text.splitlines()
    for i, line in enumerate(lines):
        if line.split()[:1] == [header_word]:
            return [row.split() for row in lines[i + 1:] if row.strip()]
    raise Failed(f"no table headed {header_word} in {text[:200]!r}")


def strip_addresses(text):
    return re.sub(r"\b[0-9a-f]{16}\b", "ADDRESS", text)
