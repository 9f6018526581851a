# modules.py - the lab's own kernel modules, built against Debian's headers of a kernel by the compiler that it was built with.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Neither headers nor compilers are installed: their packages are unpacked into the cache.
Programs of another suite need its libraries, and so its dynamic loader: a script in the place of
each program starts it through that."""
import glob
import hashlib
import os
import re
import shutil
import subprocess

from kernels import HERE, LAB, SUITES, LabError, debian, extract, lock, meaning

FOLDER = os.path.join(HERE, "module")
SOURCE = os.path.join(FOLDER, "lab_mod.c")
# Experimental has kernels, not what they are built with.
COMPILERS_OF = {"experimental": "sid"}
LOADER = b"/lib64/ld-linux-x86-64.so.2\0"


def source(path=SOURCE):
    with open(path, "rb") as file:
        return meaning(file.read())


def series_of(release):
    return next(series for series in SUITES
                if os.path.basename(os.path.realpath(os.path.join(LAB, series, "kernel"))) == release)


def start_through_loader(folder, root):
    """A script in the place of each program below FOLDER starts it with the libraries of ROOT."""
    libraries = [os.path.join(root, name, "x86_64-linux-gnu") for name in ("lib", "usr/lib")]
    # lib64/ may lead, by an absolute link, to this system's own.
    loader = next(path for folder_of in libraries for path in sorted(glob.glob(folder_of + "/ld-*.so*")))
    programs = []
    for base, _, names in os.walk(folder):
        for path in (os.path.join(base, name) for name in names):
            if os.path.islink(path) or not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                head = file.read(4096)
            if not head.startswith(b"\x7fELF") or LOADER not in head:
                continue
            programs.append(path)
    for path in programs:
        os.rename(path, path + ".elf")
        # Debian's objtool and modpost start another program, named after their own name, for a
        # processor.
        real = next((path + end for end in (".real-x86", ".real-lsb-64") if path + end in programs), path)
        with open(path, "w") as file:
            file.write("#!/bin/sh\nexec %s --library-path %s %s.elf \"$@\"\n" % (loader, ":".join(libraries), real))
        os.chmod(path, 0o755)


def compiler(suite, package, more):
    """The root of a compiler, its binutils, and MORE packages: what the headers' programs need."""
    root = os.path.join(LAB, "compilers", "%s-%s" % (suite, package))
    with lock("compiler-%s-%s" % (suite, package)):
        if not os.path.exists(os.path.join(root, "ready")):
            shutil.rmtree(root, ignore_errors=True)
            os.makedirs(root)
            debian(suite, "unpack-all", root, package, *more)
            shutil.rmtree(os.path.join(root, "usr/share"), ignore_errors=True)
            for folder in ("usr/bin", "usr/lib/gcc", "usr/libexec/gcc"):
                start_through_loader(os.path.join(root, folder), root)
            with open(os.path.join(root, "ready"), "w"):
                pass
    return root


def depends(suite, package):
    return [name.strip("<>") for name in debian(suite, "depends", package)]


def headers(release):
    """The directory to build modules of RELEASE in, and its compiler's.
    The packages expect to be installed; these are moved."""
    suite = SUITES[series_of(release)]
    package = "linux-headers-" + release
    needed = depends(suite, package)
    kbuild = next(name for name in needed if name.startswith("linux-kbuild-"))
    gcc = "gcc-" + next(match[1] for match in (re.search(r"gcc-(\d+)", name) for name in needed) if match)
    tools = compiler(COMPILERS_OF.get(suite, suite), gcc, depends(suite, kbuild))
    root = os.path.join(LAB, "kernels", release, "headers")
    build_in = os.path.join(root, "usr/src/linux-headers-" + release)
    if not os.path.exists(os.path.join(root, "ready")):
        shutil.rmtree(root, ignore_errors=True)
        os.makedirs(root)
        for deb in debian(suite, "fetch", package, *(name for name in needed if name.startswith(("linux-headers-", "linux-kbuild-")))):
            extract(deb, root, "./usr/*")
        start_through_loader(os.path.join(root, "usr/lib"), tools)
        path = os.path.join(build_in, "Makefile")
        with open(path) as file:
            text = file.read()
        with open(path, "w") as file:
            file.write(re.sub(r"([ =])/usr/src/", r"\1%s/usr/src/" % root, text))
        with open(os.path.join(root, "ready"), "w"):
            pass
    return build_in, os.path.join(tools, "usr/bin"), gcc


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
                file.write("obj-m := %s.o\nccflags-y := -std=gnu11\n" % stem)
            place, tools, gcc = headers(release)
            cross = os.path.join(tools, "x86_64-linux-gnu-")
            # -B: where the compiler finds its assembler and linker.
            done = subprocess.run(["make", "-s", "-C", place, "M=" + work, "CROSS_COMPILE=" + cross,
                                   "CC=%s%s -B%s/" % (cross, gcc, tools), "PAHOLE=%s/pahole" % tools, "modules"], capture_output=True, text=True, check=False)
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
