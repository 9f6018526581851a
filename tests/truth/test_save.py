# `save` and --save: the same commands give the same answers from a few megabytes.
# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import tempfile

from harness import equal, expect, run_crash

COMMANDS = ["sys", "bt", "ps", "log", "mod", "bt 1", "rd linux_banner 8", "task -R pid 1"]


def session(dump, vmcore, folder, *options, more=()):
    """What COMMANDS print, one file a command."""
    lines = [f"{command} > {folder}/{i}" for i, command in enumerate(COMMANDS)]
    result = run_crash("-s", *options, dump.vmlinux, vmcore, stdin="\n".join([*lines, *more, "quit", ""]))
    texts = [(pathlib.Path(folder) / str(i)).read_text(errors="replace") for i in range(len(COMMANDS))]
    return texts, result


def without_file(text):
    return "\n".join(line for line in text.splitlines() if "DUMPFILE:" not in line)


def test_replay(kernel):
    with tempfile.TemporaryDirectory() as folder:
        small = pathlib.Path(folder) / "small"
        answers, result = session(kernel, kernel.vmcore, folder, more=[f"save {small}"])
        expect(" pages in " in result.stdout, f"save: {result.stdout[-200:]!r} {result.stderr[-200:]!r}")
        expect(small.stat().st_size < 10 << 20, f"{small.stat().st_size} bytes are not small")
        replayed, result = session(kernel, small, folder)
        equal(result.stderr, "", "messages from the small dump")
        for command, first, second in zip(COMMANDS, answers, replayed):
            equal(without_file(second), without_file(first), f"{command} from the small dump")


def test_option_writes_at_the_end(kernel):
    with tempfile.TemporaryDirectory() as folder:
        small = pathlib.Path(folder) / "small"
        answers, _ = session(kernel, kernel.vmcore, folder, "--save", small)
        replayed, _ = session(kernel, small, folder)
        for command, first, second in zip(COMMANDS, answers, replayed):
            equal(without_file(second), without_file(first), f"{command} from the small dump")
        again = run_crash("-s", "--save", small, kernel.vmlinux, kernel.vmcore, stdin="quit\n")
        equal(again.status, 1, "exit status when the file exists")
        expect("there is a file of that name" in again.stderr, f"message: {again.stderr!r}")


def test_what_was_not_read_is_missing(kernel):
    with tempfile.TemporaryDirectory() as folder:
        small = pathlib.Path(folder) / "small"
        run_crash("-s", "--save", small, kernel.vmlinux, kernel.vmcore, stdin="sys\nquit\n")
        result = run_crash("-s", kernel.vmlinux, small, stdin="rd -p 5000000\nquit\n")
        expect("not in the dump" in result.stderr + result.stdout, f"rd: {(result.stdout + result.stderr)!r}")
