# modules.py - the lab's own kernel module, built against Debian's headers of a kernel.
# SPDX-License-Identifier: GPL-3.0-or-later
import hashlib
import os
import shutil
import subprocess

from kernels import HERE, LAB, SUITES, LabError, debian, extract, lock, meaning

FOLDER = os.path.join(HERE, "module")
SOURCE = os.path.join(FOLDER, "lab_mod.c")


def source(path=SOURCE):
    with open(path, "rb") as file:
        return meaning(file.read())


def headers(release):
    """The directory to build modules of RELEASE in.
    The packages expect to be installed; this one is moved."""
    root = os.path.join(LAB, "kernels", release, "headers")
    build = os.path.join(root, "usr/src/linux-headers-" + release)
    if os.path.exists(os.path.join(root, "done")):
        return build
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(root)
    suite = next(SUITES[series] for series in SUITES
                 if os.path.basename(os.path.realpath(os.path.join(LAB, series, "kernel"))) == release)
    package = "linux-headers-" + release
    needed = [name for name in debian(suite, "depends", package)
              if name.startswith(("linux-headers-", "linux-kbuild-"))]
    for deb in debian(suite, "fetch", package, *needed):
        extract(deb, root, "./usr/*")
    path = os.path.join(build, "Makefile")
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text.replace(" /usr/src/", " %s/usr/src/" % root))
    with open(os.path.join(root, "done"), "w"):
        pass
    return build


def build(release, path=SOURCE):
    """The module of one of the lab's own sources, with its DWARF, for a kernel."""
    stem = os.path.splitext(os.path.basename(path))[0]
    target = os.path.join(LAB, "modules", "%s-%s" % (release, hashlib.sha256(source(path)).hexdigest()[:12]))
    with lock("module-" + release):
        if not os.path.exists(target):
            work = target + ".part"
            shutil.rmtree(work, ignore_errors=True)
            os.makedirs(work)
            shutil.copy(path, work)
            with open(os.path.join(work, "Makefile"), "w") as file:
                file.write("obj-m := %s.o\n" % stem)
            # CC: the headers ask for the compiler of the kernel's own suite,
            # which this system may not have.
            done = subprocess.run(["make", "-s", "-C", headers(release), "M=" + work, "CC=gcc", "modules"],
                                  capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise LabError("the lab's module does not compile for %s:\n%s" % (release, done.stdout + done.stderr))
            os.rename(work, target)
    return os.path.join(target, stem + ".ko")


def gather(directory, stock, own):
    """A directory of the kernel's modules and this one."""
    os.makedirs(directory)
    for name in os.listdir(stock):
        os.symlink(os.path.join(stock, name), os.path.join(directory, name))
    shutil.copy(own, directory)
