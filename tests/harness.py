# What every Python test uses: the lab's kernels, their own record of themselves, and our program.
# SPDX-License-Identifier: GPL-3.0-or-later
"""
A test is a function test_*() in tests/<kind>/test_*.py. Its parameter says what it runs on:

    def test_ps_lists_every_task(kernel): ...   once for each lab kernel of the run
    def test_usage(): ...                       once

ONE_KERNEL = True in its file: only for the last kernel of the run, where all are the same to what
is tested. ALONE = ("test_...", ...) in its file: those that measure time, with no other test beside
them. Tests run beside each other, in several processes: what they share is read only.

It fails by an exception; expect() and equal() give messages of one line.

A test passes on every machine: fast or slow, busy, of one core, niced, without a terminal. It never
sleeps and takes nothing for long enough: it waits until something is so (wait_until), and what has
to be slow is made slow: a pipe that nobody reads yet, a server that waits for the test, the program
stopped where it says what it does (tests/slow.py). That work ends early is seen by what it did not
do, or by the processor time that it used: not by the clock on the wall. What tests/run hands down
is the same everywhere (own_surroundings).
"""
import functools
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
CRASH = TOP / os.environ.get("CRASH_PROGRAM", "crash")


# Seconds after which a program hangs for sure, however busy the machine is.
# No test ends by it unless something is wrong.
HANGS = 300


class Failed(Exception):
    pass


class Skipped(Exception):
    """Only for what the run's kernels do not have (say, no 5-level dump);
    never for what is inconvenient."""


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


def wait_until(test, what, seconds=HANGS):
    """What TEST() answers, once it is true.
    SECONDS ends a test that will never pass; none needs them."""
    end = time.monotonic() + seconds
    while not (found := test()):
        expect(time.monotonic() < end, f"no {what() if callable(what) else what} within {seconds} s")
        time.sleep(0.01)
    return found


def processor_time(pid):
    """Seconds that a process and its threads have used."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# What a run takes over from who started it: where things are, and what was asked for.
# The rest could change answers.
TAKEN_OVER = re.compile(r"PATH|HOME|USER|LOGNAME|TMPDIR|XDG_CACHE_HOME|CRASH_(CACHE|PROGRAM)|TEST_TIMES|FIELDS_UPDATE|DAMAGE.*|FUZZ_.*"
                        r"|LD_LIBRARY_PATH|[AUL]+SAN_OPTIONS|MAKEFLAGS|https?_proxy|no_proxy|SURROUNDINGS_ARE_OURS")


def own_surroundings(arguments):
    """
    Runs Python again with ARGUMENTS, once, in surroundings that are the same everywhere:
    variables, the locale, signals, umask, limits, open files.
    """
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGPIPE, signal.SIGXFSZ}:
        # A nohup, a cron, a shell's background may ignore any.
        # Two Python ignores, and gives them back to what it starts.
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.umask(0o022)
    if os.environ.get("SURROUNDINGS_ARE_OURS") == str(os.getpid()):
        return
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for limit, wanted in ((resource.RLIMIT_NOFILE, 1024), (resource.RLIMIT_STACK, 8 << 20), (resource.RLIMIT_CORE, 0),
                          (resource.RLIMIT_CPU, resource.RLIM_INFINITY), (resource.RLIMIT_FSIZE, resource.RLIM_INFINITY),
                          (resource.RLIMIT_DATA, resource.RLIM_INFINITY), (resource.RLIMIT_AS, resource.RLIM_INFINITY)):
        _, most = resource.getrlimit(limit)
        if most != resource.RLIM_INFINITY:
            wanted = most if wanted == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(limit, (wanted, most))
    env = {name: value for name, value in os.environ.items() if TAKEN_OVER.fullmatch(name)}
    env.setdefault("PATH", os.defpath)
    env.setdefault("HOME", os.path.expanduser("~"))
    env.update({"LC_ALL": "C.UTF-8", "TERM": "dumb", "TZ": "UTC", "SURROUNDINGS_ARE_OURS": str(os.getpid())})
    os.execve(sys.executable, [sys.executable, "-X", "utf8", *arguments], env)


class Result:
    """SECONDS: what the run used of the processor,
    which a busy machine does not change as it does the clock."""

    def __init__(self, status, stdout, stderr, seconds):
        self.status, self.stdout, self.stderr, self.seconds = status, stdout, stderr, seconds


def children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


OWN_HOME = None  # of a run: an empty folder, for all programs that a test gives no other one


def environment(extra=None):
    env = dict(os.environ)
    if OWN_HOME:
        # The index of debug information is read from where it always is.
        env.setdefault("XDG_CACHE_HOME", f"{env['HOME']}/.cache")
        env["HOME"] = OWN_HOME
    env.setdefault("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=0:exitcode=99")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    env["TERM"] = "dumb"
    env.update(extra or {})
    return env


def run_crash(*arguments, stdin="", timeout=HANGS, env=None, cwd=None, tells=("--exit-status",),
              address_space=None):
    """One run of the program; standard input is text, never a terminal. TELLS: its status is 2 when
    a command failed. ADDRESS_SPACE: how many bytes of addresses it may have."""
    before = children_seconds()
    bounded = ["prlimit", f"--as={address_space}"] if address_space else []
    done = subprocess.run([*bounded, str(CRASH), *tells, *map(str, arguments)], input=stdin.encode(), capture_output=True,
                          timeout=timeout, env=environment(env), cwd=cwd)
    out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    if done.returncode < 0 or done.returncode == 99 or "AddressSanitizer" in err or "runtime error:" in err:
        raise Failed(f"the program died (status {done.returncode}): {(err or out)[-400:]!r}")
    return Result(done.returncode, out, err, children_seconds() - before)


class Dump:
    """A folder of the lab: vmlinux, vmcore, truth/, console.log."""

    def __init__(self, kernel, name, folder, pattern="vmcore"):
        self.kernel, self.name, self.folder = kernel, name, pathlib.Path(folder)
        self.pattern = pattern
        self.cache = {}

    def variant(self, pattern):
        """The same memory in another file of this folder ("vmcore.zlib"),
        or in several ("vmcore.split*")."""
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

    def crash(self, *commands, options=(), timeout=HANGS):
        """What each command prints, all in one session;
        results are kept for the run of the tests."""
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

    def crash_alone(self, *commands):
        """What each prints, in a session and a folder of their own:
        for commands that change these. Nothing is kept."""
        return self._answers(commands, (), HANGS, elsewhere=True)

    def _answers(self, commands, options, timeout, elsewhere=False):
        with tempfile.TemporaryDirectory() as folder:
            script = pathlib.Path(folder) / "cmds"
            lines = [f"{c} > {folder}/{i}" for i, c in enumerate(commands)]
            script.write_text("\n".join(lines) + "\nquit\n")
            result = run_crash("-s", *options, "-i", script, self.vmlinux, *self.files, timeout=timeout,
                               cwd=folder if elsewhere else None)
            self.last = result
            paths = [pathlib.Path(folder) / str(i) for i in range(len(commands))]
            for command, path in zip(commands, paths):
                if not path.exists():
                    raise Failed(f"{command!r} wrote nothing: {(result.stderr + result.stdout)[-300:]!r}")
            return [path.read_text(errors="replace") for path in paths]

    def _run(self, commands, options, timeout):
        for command, text in zip(commands, self._answers(commands, options, timeout)):
            self.cache[(command, options)] = text


class Kernel:
    """One kernel of the lab; the base dump is dump("sysrq"),
    and its attributes are reachable directly."""

    def __init__(self, name):
        self.name = name
        self.dumps = {}

    def dump(self, name="sysrq"):
        if "-" in self.name and name not in lab_scenarios(self.name):
            raise Skipped(f"the lab does not make {name} of {self.name}")
        if name not in self.dumps:
            self.dumps[name] = Dump(self, name, lab_path(self.name, name))
        return self.dumps[name]

    def __getattr__(self, attribute):
        return getattr(self.dump("sysrq"), attribute)


@functools.lru_cache(maxsize=None)
def lab_scenarios(kernel):
    sys.path.insert(0, str(TOP / "tests/lab"))
    import dumps  # the lab's own
    return dumps.needed(kernel)


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
