# kernels.py - the lab's kernels: Debian packages to a directory of vmlinux, vmlinuz, modules.
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kernel is named by its series;
the suite that carries it today is found through the meta packages."""
import fcntl
import contextlib
import lzma
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
TOOLS = os.path.join(HERE, "..", "..", "tools")
CACHE = os.environ.get("CRASH_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "crash-build")
LAB = os.path.join(CACHE, "lab")

SUITES = {"5.10": "bullseye", "6.1": "bookworm", "6.12": "trixie", "7.x": "sid", "7.3": "experimental",
          "6.12-rt": "trixie", "6.12-stock": "trixie"}
# Which of Debian's builds a series is: what its packages are called after. Most are of the one for
# clouds, which is small.
FLAVOURS = {"6.12-rt": "rt-amd64", "6.12-stock": "amd64"}

# What the guest loads; what a kernel has built in or does not know is left out. ext4 and its
# journal are built into some.
WANTED = ["virtio_pci", "virtio_blk", "qemu_fw_cfg", "loop", "zram", "crc32c_generic", "crc32c_intel", "ext4", "lzo_rle",
          "lz4", "zstd", "dummy", "veth", "tun", "overlay", "fuse", "softdog", "nls_utf8", "xfs", "nf_tables"]
OPTIONS = {"zram": "num_devices=1", "softdog": "nowayout=0", "dummy": "numdummies=0"}


class LabError(Exception):
    """Something the person at the keyboard must know; the message says what."""


def say(text):
    print("lab: " + text, file=sys.stderr, flush=True)


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        cause = done.stderr.strip().split("\n")[-1]
        raise LabError("%s failed: %s" % (" ".join([os.path.basename(command[0]), *command[1:4]]), cause))
    return done.stdout


def meaning(source):
    """C without comments, and without blanks outside strings: what does not change the program."""
    return re.sub(rb'("(?:\\.|[^"\\])*")|/\*.*?\*/|\s+', lambda match: match.group(1) or b"", source, flags=re.S)


@contextlib.contextmanager
def lock(name):
    """One builder at a time; a second process waits here, then finds the work done."""
    os.makedirs(os.path.join(LAB, "locks"), exist_ok=True)
    with open(os.path.join(LAB, "locks", name), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def debian(suite, verb, *names):
    return output(os.path.join(TOOLS, "debian"), suite, verb, *names).split("\n")[:-1]


def packages(series):
    """Names of the image, debug and (7.x) further packages of the
    newest kernel of its flavour in the suite."""
    suite, flavour = SUITES[series], FLAVOURS.get(series, "cloud-amd64")
    found = {}
    for kind, meta, pattern in (("image", "linux-image-" + flavour, r"linux-image-\d[^-]*(-\d+)?-%s$" % flavour),
                                ("debug", "linux-image-%s-dbg" % flavour, r"linux-image-\d[^-]*(-\d+)?-%s-dbg$" % flavour)):
        for name in debian(suite, "depends", meta):
            if re.match(pattern, name):
                found[kind] = name
    if len(found) != 2:
        raise LabError("%s: no kernel for %s behind the meta packages of %s" % (series, flavour, suite))
    release = found["image"].removeprefix("linux-image-")
    if found["debug"] != found["image"] + "-dbg":
        raise LabError("%s: image %s and debug %s differ" % (series, found["image"], found["debug"]))
    more = [name for name in debian(suite, "depends", found["image"])
            if name in ("linux-binary-" + release, "linux-modules-" + release)]
    return release, [found["image"]] + more, found["debug"]


def extract(deb, directory, *patterns):
    """Unpacks only the members that match; a pattern that matches nothing is no error."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as source:
        subprocess.run(["tar", "-x", "-C", directory, "--wildcards", *patterns], stdin=source.stdout,
                       stderr=subprocess.DEVNULL, check=False)
        source.stdout.close()
    if source.returncode != 0:
        raise LabError("cannot unpack " + deb)


def find(directory, suffixes):
    for base, _, names in os.walk(directory):
        for name in names:
            if name.endswith(suffixes):
                yield os.path.join(base, name)


def module_name(path):
    return re.sub(r"\.ko(\.xz)?$", "", os.path.basename(path)).replace("-", "_")


def read_module(path):
    with (lzma.open(path) if path.endswith(".xz") else open(path, "rb")) as file:
        return file.read()


def choose_modules(files):
    """The wanted modules with all they depend on, dependencies first: [(name, bytes)]."""
    chosen, order = {}, []

    def add(name):
        if name in chosen:
            return
        chosen[name] = read_module(files[name])
        depends = re.search(rb"\0depends=([^\0]*)\0", b"\0" + chosen[name])
        for other in (depends.group(1).decode().split(",") if depends else []):
            if other:
                add(other.replace("-", "_"))
        order.append(name)

    for name in WANTED:
        if name in files:
            add(name)
    return [(name, chosen[name]) for name in order]


def unpack(series, release, images, debug, target):
    suite = SUITES[series]
    say("%s: fetching %s" % (series, release))
    debs = debian(suite, "fetch", *images, debug)
    versions = {os.path.basename(deb).split("_")[1] for deb in debs}
    if len(versions) != 1:
        raise LabError("%s: image and debug packages differ in version: %s" % (series, ", ".join(sorted(versions))))
    raw = os.path.join(target, "raw")
    os.makedirs(raw)
    for deb in debs[:-1]:
        extract(deb, raw, "*/vmlinuz*", "*/config-*", "*.ko", "*.ko.xz")
    files = {module_name(path): path for path in find(raw, (".ko", ".ko.xz"))}
    modules = choose_modules(files)
    os.makedirs(os.path.join(target, "modules"))
    for name, data in modules:
        with open(os.path.join(target, "modules", name + ".ko"), "wb") as file:
            file.write(data)
    with open(os.path.join(target, "modules", "order"), "w") as file:
        file.writelines("%s %s\n" % (name, OPTIONS.get(name, "")) for name, _ in modules)
    shutil.move(next(path for path in find(raw, "") if "/vmlinuz" in path), os.path.join(target, "vmlinuz"))
    for path in find(raw, ""):
        if os.path.basename(path).startswith("config-"):
            shutil.move(path, os.path.join(target, "config"))
    say("%s: unpacking vmlinux and the debug files of %d modules" % (series, len(modules)))
    stems = {os.path.basename(files[name]).removesuffix(".xz") for name, _ in modules}
    extract(debs[-1], raw, "*/vmlinux-*", "*/vmlinux", *("*/" + stem for stem in sorted(stems)),
            *("*/" + stem + ".debug" for stem in sorted(stems)))
    collect_debug(raw, target)
    shutil.rmtree(raw)
    if series in FLAVOURS:
        os.unlink(debs[-1]) # a gigabyte
    with open(os.path.join(target, "versions"), "w") as file:
        file.write("%s\n" % "\n".join(os.path.basename(deb) for deb in debs))


def collect_debug(raw, target):
    for path in list(find(os.path.join(raw, "usr/lib/debug"), "")):
        if os.path.islink(path):
            continue
        if os.path.basename(path).startswith("vmlinux"):
            shutil.move(path, os.path.join(target, "vmlinux"))
        else:
            name = module_name(path.removesuffix(".debug"))
            shutil.move(path, os.path.join(target, "modules", name + ".ko.debug"))
    if not os.path.exists(os.path.join(target, "vmlinux")):
        raise LabError("the debug package has no vmlinux")


def kernel(series, refresh=False):
    """The directory of a kernel:
    vmlinux (DWARF), vmlinuz, config, modules/NAME.ko and NAME.ko.debug.

    Which release a series is, is asked once and then kept, until someone wants it refreshed."""
    if series not in SUITES:
        raise LabError("no kernel %s; there are %s" % (series, ", ".join(SUITES)))
    with lock("kernel-" + series):
        chosen = os.path.join(LAB, series, "kernel")
        if os.path.exists(os.path.join(chosen, "versions")) and not refresh:
            return os.path.realpath(chosen)
        release, images, debug = packages(series)
        target = os.path.join(LAB, "kernels", release)
        if not os.path.exists(os.path.join(target, "versions")):
            shutil.rmtree(target, ignore_errors=True)
            os.makedirs(target)
            unpack(series, release, images, debug, target)
        point(chosen, target)
    return target


def point(link, target):
    """Makes LINK lead to TARGET, whatever it led to before."""
    os.makedirs(os.path.dirname(link), exist_ok=True)
    new = "%s.%d" % (link, os.getpid())
    os.symlink(target, new)
    os.rename(new, link)
