# The fuzz targets: every input of the corpora and every case found before, then some seconds of new ones.
# SPDX-License-Identifier: GPL-3.0-or-later
import importlib.machinery
import importlib.util
import os
import pathlib

from harness import expect

HERE = pathlib.Path(__file__).resolve().parent
SECONDS = int(os.environ.get("FUZZ_CHECK_SECONDS", "5"))


def runner():
    loader = importlib.machinery.SourceFileLoader("fuzz_run", str(HERE / "run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("fuzz_run", loader))
    loader.exec_module(module)
    return module


def check(target):
    outcome = runner().run_target(target, SECONDS, seed=1)
    expect(not outcome.error, outcome.error)
    expect(outcome.executions > outcome.inputs, f"only {outcome.executions} executions")
    print(f"fuzz {outcome}")


def test_btf():
    check("btf")


def test_cfi():
    check("cfi")


def test_config():
    check("config")


def test_dump():
    check("dump")


def test_elfdebug():
    check("elfdebug")


def test_kallsyms():
    check("kallsyms")


def test_line():
    check("line")


def test_log():
    check("log")


def test_modules():
    check("modules")


def test_notes():
    check("notes")


def test_object():
    check("object")


def test_pagecodec():
    check("pagecodec")


def test_slab():
    check("slab")


def test_swap():
    check("swap")


def test_systemmap():
    check("systemmap")


def test_unpack():
    check("unpack")


def test_vmcoreinfo():
    check("vmcoreinfo")


def test_vmlinux():
    check("vmlinux")


def test_all_targets_are_run():
    tested = {name[5:] for name in globals() if name.startswith("test_")}
    missing = set(runner().targets()) - tested
    expect(not missing, f"targets without a test: {missing}")
