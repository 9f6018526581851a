# Systematic damage: every cut and every number of a dump file, one run of the program each.
# SPDX-License-Identifier: GPL-3.0-or-later
"""
    subject = Subject("compressed kdump", folder, ["dump"],
                      fields=[Field("block size", "dump", 428, 4)],
                      boundaries=[("dump", 464)])
    check(kernel, subject)

WORDS are the program's arguments besides the vmlinux; {folder} in them is where the files
lie, and a word without it is a file there. Each file is cut at each boundary, one byte
before it and at 40 random places; each field becomes 0, 1, the largest number, the file's
size, and one more and less. A run must end in a message or in a session that answers, in two
seconds of the processor and 200 MB.

The files are damaged in place by two workers, each with a copy of its own: processes of this file,
because what a child is said to have used at most begins with what its parent had.
"""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

SECONDS, MEGABYTES = 2, 200
# AddressSanitizer keeps a byte for each eight, and freed memory for a while.
SANITIZED_SECONDS, SANITIZED_MEGABYTES = 20, 1200
RANDOM_CUTS = 40
# As harness.HANGS, which what runs here alone does not see.
HANGS = 300
WORKERS = 2
# What the questions below have for an answer at least, from a whole dump.
LINES = 1000
MARK = "hexadecimal: fade"
# To a session without a vmlinux (8 ms), and to one with it (100 ms).
# {frames} are read as physical memory.
FEW = "help -D\nhelp -r\nsys\n{frames}eval 0xfade\nquit\n"
MORE = "help -D\nhelp -r\nsys\nlog\nps\nbt\n{frames}eval 0xfade\nquit\n"


class Field:
    def __init__(self, name, file, offset, width, order="little"):
        self.name, self.file, self.offset, self.width, self.order = name, file, offset, width, order

    def values(self, size):
        most = (1 << 8 * self.width) - 1
        return sorted({n for n in (0, 1, most, size - 1, size, size + 1) if n <= most})


class Subject:
    def __init__(self, name, folder, words, fields=(), boundaries=(), frames=(), arguments=(), damaged=None):
        self.name, self.folder = name, pathlib.Path(folder)
        self.words = [word if "{folder}" in word else "{folder}/" + word for word in words]
        self.fields, self.boundaries = list(fields), list(boundaries)
        # Page frames to read, other lists of words in the place of WORDS,
        # and the files to be cut (None: all of them).
        self.frames, self.arguments, self.damaged = list(frames), list(arguments), damaged

    def files(self):
        return sorted(path.name for path in self.folder.iterdir())

    def size(self, file):
        return (self.folder / file).stat().st_size


def cases(subject):
    """{title, words, edits: [file, offset, bytes in hex], cut: [file, length], full};
    cuts of a file come last, the longest first, so that it need not be copied for each."""
    rng = random.Random(f"{subject.name} 1")
    yield {"title": "undamaged", "words": subject.words, "full": True}
    for words in subject.arguments:
        yield {"title": " ".join(words), "words": words, "full": False}
    for field in subject.fields:
        for value in field.values(subject.size(field.file)):
            edit = [field.file, field.offset, value.to_bytes(field.width, field.order).hex()]
            yield {"title": f"{field.name} = {value:#x}", "words": subject.words, "edits": [edit],
                   "full": value in (0, (1 << 8 * field.width) - 1)}
    for file in subject.damaged or subject.files():
        size = subject.size(file)
        edges = {at - before for name, at in subject.boundaries if name == file for before in (0, 1)}
        cuts = edges | {rng.randrange(1, size) for _ in range(RANDOM_CUTS)}
        for length in sorted((n for n in cuts if 0 <= n < size), reverse=True):
            yield {"title": f"{file} cut at {length}", "words": subject.words, "cut": [file, length],
                   "full": length in edges}


# --- what a worker does ---

def edit(path, offset, data):
    """Overwrites bytes and returns what was there."""
    with open(path, "r+b") as file:
        file.seek(offset)
        old = file.read(len(data))
        file.seek(offset)
        file.write(data)
    return old


def run(command, text, folder, environment):
    """One run: its status, what it took, the end of what it said."""
    with open(f"{folder}.in", "w+b") as asked, open(f"{folder}.out", "w+b") as out, open(f"{folder}.err", "w+b") as errors:
        asked.write(text.encode())
        asked.seek(0)
        child = os.posix_spawn(command[0], command, environment,
                               file_actions=[(os.POSIX_SPAWN_DUP2, file.fileno(), number)
                                             for number, file in enumerate((asked, out, errors))])
        # The one that hangs is told by its status: SIGKILL.
        timer = threading.Timer(HANGS, os.kill, (child, signal.SIGKILL))
        timer.start()
        _, status, used = os.wait4(child, 0)
        timer.cancel()
        texts = []
        for file in (out, errors):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    return {"status": os.waitstatus_to_exitcode(status), "seconds": used.ru_utime + used.ru_stime,
            "megabytes": used.ru_maxrss / 1024, "marked": MARK in texts[0], "lines": texts[0].count("\n"),
            "output": texts[0][-300:], "errors": texts[1]}


def work():
    """Standard input: the job, then a case a line; standard output: a result a line."""
    job = json.loads(sys.stdin.readline())
    folder = tempfile.mkdtemp(dir=job["folder"])
    for name in job["files"]:
        shutil.copyfile(pathlib.Path(job["source"]) / name, pathlib.Path(folder) / name)
    shortened = None
    for line in sys.stdin:
        case = json.loads(line)
        cut = case.get("cut")
        if shortened and (not cut or cut[0] != shortened):
            shutil.copyfile(pathlib.Path(job["source"]) / shortened, pathlib.Path(folder) / shortened)
        shortened = cut and cut[0]
        if cut:
            os.truncate(pathlib.Path(folder) / cut[0], cut[1])
        undo = [(name, offset, edit(f"{folder}/{name}", offset, bytes.fromhex(data)))
                for name, offset, data in case.get("edits", ())]
        words = [word.replace("{folder}", folder) for word in case["words"]]
        how = [job["vmlinux"]] if case["full"] else ["--minimal"]
        result = run([job["program"], "-s", *how, *words], job["more" if case["full"] else "few"], folder, job["environment"])
        for name, offset, old in reversed(undo):
            edit(f"{folder}/{name}", offset, old)
        print(json.dumps(result), flush=True)


# --- what a test does ---

def complaint(case, result, limits):
    """What is wrong with a result; None: nothing."""
    status, errors = result["status"], result["errors"]
    if status not in (0, 1, 2) or "Sanitizer" in errors or "runtime error:" in errors:
        return f"died with status {status}: {errors[-300:]!r}"
    if result["seconds"] > limits[0]:
        return f"took {result['seconds']:.1f} s"
    if result["megabytes"] > limits[1]:
        return f"took {result['megabytes']:.0f} MB"
    if status == 1 and "crash: " not in errors:
        return f"ended without a message: {(errors or result['output'])[-300:]!r}"
    if status != 1 and not result["marked"]:
        return f"did not answer to the end: {result['output']!r} {errors[-600:]!r}"
    return None


def run_cases(kernel, subject, folder):
    """(case, result) for each case, from two workers."""
    from harness import CRASH, environment
    frames = "".join(f"rd -p {frame << 12:x} 512\n" for frame in subject.frames)
    job = {"folder": str(folder), "source": str(subject.folder), "files": subject.files(), "program": str(CRASH),
           "vmlinux": str(kernel.vmlinux), "environment": environment(), "few": FEW.format(frames=frames),
           "more": MORE.format(frames=frames)}
    todo, results, lock = list(cases(subject))[::-1], [], threading.Lock()

    def feed():
        with tempfile.TemporaryFile("w+") as complaints, subprocess.Popen(
                [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, text=True) as worker:
            worker.stdin.write(json.dumps(job) + "\n")
            while True:
                with lock:
                    if not todo:
                        break
                    case = todo.pop()
                worker.stdin.write(json.dumps(case) + "\n")
                worker.stdin.flush()
                line = worker.stdout.readline()
                if not line:
                    status = worker.wait()
                    complaints.seek(0)
                    results.append((case, f"with status {status}: {complaints.read()[-600:]}"))
                    break
                results.append((case, json.loads(line)))
            worker.stdin.close()

    threads = [threading.Thread(target=feed) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def check(kernel, subject):
    """Fails with what is wrong after the damage;
    returns how many runs ended in a message and how many in a session."""
    from harness import CRASH, expect
    sanitized = b"__asan_init" in CRASH.read_bytes()
    limits = (SANITIZED_SECONDS, SANITIZED_MEGABYTES) if sanitized else (SECONDS, MEGABYTES)
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        results = run_cases(kernel, subject, folder)
        seconds = time.monotonic() - start
    problems, sessions, slowest, largest = [], 0, 0, 0
    for case, result in results:
        expect(isinstance(result, dict), f"{subject.name}: the worker ended at {case['title']} {result}")
        why = complaint(case, result, limits)
        if case["title"] == "undamaged" and (result["status"] == 1 or result["lines"] < LINES):
            why = f"{result['lines']} lines: {result['output'][-200:]!r} {result['errors']!r}"
        if why:
            problems.append(f"{case['title']}: {why}")
        sessions += result["status"] != 1
        slowest, largest = max(slowest, result["seconds"]), max(largest, result["megabytes"])
    if os.environ.get("DAMAGE_REPORT"):
        print(f"{subject.name}: {len(results)} runs, {sessions} sessions, {seconds:.1f} s; at most {slowest:.2f} s, {largest:.0f} MB")
    expect(not problems, f"{subject.name}: {len(problems)} of {len(results)} runs: " + " || ".join(problems)[:1200])
    expect(0 < sessions < len(results), f"{subject.name}: {sessions} sessions in {len(results)} runs")
    return len(results) - sessions, sessions


if __name__ == "__main__":
    work()
