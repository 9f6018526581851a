# Static analysis finds nothing: `make lint`, which keeps what it looked at, a group of files a test.
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import re
import subprocess

from harness import TOP, environment, expect, equal

# A mistake that the analysis must see:
# a group without a finding says nothing where the tool does not work.
MISTAKE = """int of_nothing(int known);
int of_nothing(int known)
{
	int *nowhere = 0;
	return known ? known : *nowhere;
}
"""


def make(*words):
    """Without the jobs of a make that runs these tests; as many at once as there are cores."""
    env = {k: v for k, v in environment().items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    return subprocess.run(["make", "--no-print-directory", "-k", *words], cwd=TOP, env=env, capture_output=True, text=True,
                          errors="replace")


def clean(group):
    done = make(f"lint-{group}")
    found = re.findall(r"^(?:.*/)?(\S+:\d+:\d+: (?:warning|error): .*)", done.stdout, re.M)
    expect(not found, f"{len(found)} findings: " + "; ".join(found[:5]))
    equal(done.returncode, 0, (done.stdout + done.stderr)[-400:])


def test_core():
    clean("core")


def test_commands():
    clean("commands")


def test_a_mistake_is_seen():
    path = TOP / "build" / "lint" / f"mistake-{os.getpid()}.c"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(MISTAKE)
    try:
        done = subprocess.run(["clang-tidy", "--quiet", str(path), "--", "-std=gnu17"], cwd=TOP, capture_output=True,
                              text=True)
    finally:
        path.unlink()
    expect("core.NullDereference" in done.stdout, f"nothing is found: {done.stdout[-200:]!r} {done.stderr[-200:]!r}")
    expect(done.returncode != 0, "a finding ends in status 0")
