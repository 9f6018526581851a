# The man page and the usage text are made from the program's own tables.
# SPDX-License-Identifier: GPL-3.0-or-later
import re
import subprocess

from harness import equal, expect, run_crash
from transcript import example, names


def test_man_page_has_every_command_and_is_valid():
    page = run_crash("--man").stdout
    table = run_crash("-h", "all").stdout
    commands = re.findall(r'^\.SS "(.*)"$', page, re.M)
    expect(len(commands) > 20, f"only {len(commands)} commands in the man page")
    for command in commands:
        expect(command.replace("\\-", "-") in table, f"{command} is not in help all")
    done = subprocess.run(["groff", "-man", "-Tascii", "-ww", "-z"], input=page, capture_output=True, text=True)
    equal(done.stderr, "", "groff's warnings")


def test_man_page_on_a_terminal():
    """In 80 columns: whole words, the lines of a synopsis as in help,
    and nothing but examples wider than that."""
    page = subprocess.run(["groff", "-man", "-Tascii", "-P-cbou", "-rLL=78n"], input=run_crash("--man").stdout,
                          capture_output=True, text=True, check=True).stdout
    for title in ("NAME", "SYNOPSIS", "OPTIONS", "COMMANDS", "COMMAND LINES", "OUTPUT", "EXIT STATUS", "FILES", "ENVIRONMENT"):
        expect(f"\n{title}\n" in page, f"no {title}")
    expect(re.search(r"^ +-v \| -E \[-c cpus\] ", page, re.M), "the synopsis of bt has one line")
    expect(re.search(r"^ +-i\[=shared\]$", page, re.M), "the option -i of kmem with its argument")
    examples = {" ".join(line.split()) for name in names() for step in example(name) for line in ["crash> " + step[0], *step[1]]}
    for line in page.splitlines():
        expect(not re.search(r"[a-z]-$", line), f"a word is torn: {line!r}")
        expect(len(line) <= 80 or " ".join(line.split()) in examples, f"{len(line)} columns: {line!r}")


def test_usage_names_every_option():
    usage = run_crash("--help")
    equal(usage.status, 0, "status of --help")
    for option in ("-s", "-i FILE", "-f", "--hex", "--dec", "--zero_excluded", "--no_scroll", "-v", "--man"):
        expect(f"  {option}" in usage.stdout, f"usage lacks {option}")
    wrong = run_crash("--nosuchoption")
    equal(wrong.status, 1, "status of an unknown option")
    expect("--nosuchoption" in wrong.stderr, f"message: {wrong.stderr!r}")


def test_version():
    text = run_crash("-v").stdout
    expect(re.match(r"crash \d+\.\d+, with GDB 16\.3$", text.strip()), f"got {text!r}")
