# Questions asked without a session or a vmlinux, against what the guest recorded of itself.
# SPDX-License-Identifier: GPL-3.0-or-later
import calendar
import pathlib
import re
import struct
import sys
import tempfile
import time

from harness import TOP, equal, expect, run_crash, same_lines

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(TOP / "tests/lab")]
import test_dumps  # noqa: E402
import test_log as log_test  # noqa: E402

ALONE = ("test_answers_are_quick",)


def all_dumps(kernel):
    """The base dump, one without a VMCOREINFO note, and every format of the same memory."""
    return [kernel.dump("sysrq"), kernel.dump("nonote"), kernel.dump("kdump"), *test_dumps.files(kernel)]


def ask(dump, option):
    """The answer, which must be all that is printed."""
    result = run_crash(option, *dump.files)
    expect(result.status == 0, f"{option}: status {result.status}: {result.stderr[:300]!r}")
    equal(result.stderr, "", f"messages of {option}")
    return result.stdout


def refusal(*arguments):
    """The one message of a question that cannot be answered."""
    result = run_crash(*arguments)
    equal(result.status, 1, f"status of {arguments[0]}")
    equal(result.stdout, "", f"output of {arguments[0]}")
    expect(re.fullmatch(r"crash: [^\n]+\n", result.stderr), f"message of {arguments[0]}: {result.stderr!r}")
    return result.stderr


def release_is_the_guests(dump):
    equal(ask(dump, "--osrelease"), dump.truth("proc/sys/kernel/osrelease").strip() + "\n", "--osrelease")


def test_osrelease(kernel):
    test_dumps.on_all(all_dumps(kernel), release_is_the_guests)


def recorded_build_id(dump):
    """NT_GNU_BUILD_ID (type 3) of /sys/kernel/notes."""
    notes = dump.truth_bytes("sys/kernel/notes")
    at = 0
    while at + 12 <= len(notes):
        name_bytes, bytes_, kind = struct.unpack_from("<III", notes, at)
        start = at + 12 + (name_bytes + 3) // 4 * 4
        if kind == 3 and notes[at + 12:at + 16] == b"GNU\0":
            return notes[start:start + bytes_].hex()
        at = start + (bytes_ + 3) // 4 * 4
    raise AssertionError("the guest recorded no build-id")


def build_id_is_the_guests(dump):
    equal(ask(dump, "--build-id"), recorded_build_id(dump) + "\n", "--build-id")


def test_build_id(kernel):
    test_dumps.on_all(all_dumps(kernel), build_id_is_the_guests)


def log_is_the_guests(dump):
    text = ask(dump, "--log")
    wanted = [log_test.shown(line) for _, line in log_test.recorded_lines(dump)]
    got = log_test.prefixed_lines(text)
    expect(len(wanted) > 100, "the guest recorded hardly any message")
    same_lines(got[:len(wanted)], wanted, "--log")
    same_lines(text.split("\n"), dump.crash("log").split("\n"), "--log against log")


def test_log(kernel):
    test_dumps.on_all(all_dumps(kernel), log_is_the_guests)


def test_log_of_every_scenario(kernel):
    test_dumps.on_all(test_dumps.scenarios(kernel), log_is_the_guests)


def answered_time(text):
    found = re.fullmatch(r"\w{3} (\w{3} [ \d]\d \d\d:\d\d:\d\d) (\w+) (\d{4})\n", text)
    expect(found, f"no date: {text!r}")
    parsed = time.strptime(f"{found[1]} {found[3]}", "%b %d %H:%M:%S %Y")
    return calendar.timegm(parsed) if found[2] in ("UTC", "GMT") else time.mktime(parsed)


def panic_time(dump):
    """The guest's boot time and the stamp of the panic's first line on its console."""
    boot = int(re.search(r"^btime (\d+)", dump.truth("proc/stat"), re.M)[1])
    stamp = re.search(r"\[ *(\d+)\.\d+\](?:\[[^]]*\])? Kernel panic", dump.console())
    expect(stamp, "no panic on the console")
    return boot + int(stamp[1])


def time_is_the_panics(dump):
    answer, wanted = answered_time(ask(dump, "-t")), panic_time(dump)
    expect(abs(answer - wanted) <= 2, f"-t says {answer}, the guest's clock says {wanted}")


def test_time_of_kdumps(kernel):
    """The kernel writes CRASHTIME into its VMCOREINFO on its way to the capture kernel."""
    kdump = kernel.dump("kdump")
    test_dumps.on_all([kdump, *(d for d in test_dumps.files(kernel) if d.name.startswith("kdump"))], time_is_the_panics)


def test_time_without_crashtime(kernel):
    """The kernel's clock has it, with a vmlinux or without."""
    for dump in (kernel.dump("sysrq"), kernel.dump("nonote")):
        time_is_the_panics(dump)
        result = run_crash("-t", dump.vmlinux, dump.vmcore)
        expect(result.status == 0, result.stderr)
        expect(abs(answered_time(result.stdout) - panic_time(dump)) <= 2, f"-t with vmlinux: {result.stdout!r}")


def test_other_questions_with_vmlinux(kernel):
    dump = kernel.dump("sysrq")
    for option in ("--osrelease", "--build-id", "--log"):
        result = run_crash(option, dump.vmlinux, dump.vmcore)
        equal((result.status, result.stdout), (0, ask(dump, option)), f"{option} with vmlinux")


def test_answers_are_quick(kernel):
    """Far below a second of the processor: nothing but the few pages of the answer is read."""
    for name in ("vmcore.zlib-d31", "vmcore.flat-d31"):
        dump = kernel.dump("kdump").variant(name)
        for option in ("--osrelease", "--build-id", "-t", "--log"):
            took = min(timed(dump, option) for _ in range(5))
            expect(took < 0.25, f"{option} of {name} took {took:.3f} s")


def timed(dump, option):
    return run_crash(option, *dump.files).seconds


def test_debugging_data(kernel):
    result = run_crash("-g", kernel.vmlinux)
    equal((result.status, result.stdout), (0, f"{kernel.vmlinux}: debugging data available (DWARF, BTF)\n"), "-g")


def without_vmcoreinfo(path, target, cut=None):
    """The file with the note's name and every trace of vmcoreinfo's
    first line overwritten, and cut."""
    data = path.read_bytes()[:cut]
    target.write_bytes(data.replace(b"OSRELEASE=", b"osrelease:").replace(b"VMCOREINFO\0", b"vmcoreinfo\0"))


def test_refusals(kernel):
    dump = kernel.dump("sysrq")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        # No kernel is below 1 MB.
        without_vmcoreinfo(dump.vmcore, folder / "bare", 1 << 20)
        for option in ("--osrelease", "--build-id", "--log", "-t"):
            message = refusal(option, folder / "bare")
            expect("no VMCOREINFO, neither as a note in the file nor in the memory" in message, message)
            expect("the dump is incomplete" in message, "a cut dump is not named as such")
        # A note without that line has its others.
        (folder / "lines").write_bytes(dump.vmcore.read_bytes()[:1 << 20].replace(b"OSRELEASE=", b"osrelease:"))
        expect("its VMCOREINFO has no OSRELEASE" in refusal("--osrelease", folder / "lines"), "--osrelease of a note without it")
        equal(run_crash("--build-id", folder / "lines").stdout, ask(dump, "--build-id"), "--build-id of the same note")
        # The log's own page: the kernel's image is in the first tenth of the memory,
        # or it is not there at all.
        (folder / "short").write_bytes(dump.vmcore.read_bytes()[:2 << 20])
        equal(run_crash("--osrelease", folder / "short").stdout, ask(dump, "--osrelease"), "--osrelease of a short file")
        message = refusal("--log", folder / "short")
        expect("cannot read prb" in message and "not in the dump" in message, message)
        (folder / "text").write_text("no dump\n" * 1000)
        for option in ("--osrelease", "--build-id", "--log", "-t", "-g"):
            refusal(option, folder / "text")
            refusal(option, folder / "missing")
            refusal(option)
