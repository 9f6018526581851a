# vmcores.py - the lab's dump files on the host: a /proc/vmcore off a raw disk, and what makedumpfile makes of it.
# SPDX-License-Identifier: GPL-3.0-or-later
import ctypes
import os
import shutil
import struct
import subprocess
import zlib

from kernels import LAB, LabError, debian, extract, lock

# File (a name with a * makes several), makedumpfile's options.
# The suffix says compression and dump level.
VARIANTS = (
    ("vmcore.zlib-d0", "-c -d 0"), ("vmcore.zlib-d31", "-c -d 31"), ("vmcore.lzo-d0", "-l -d 0"),
    ("vmcore.lzo-d31", "-l -d 31"), ("vmcore.zstd-d0", "-z -d 0"), ("vmcore.zstd-d31", "-z -d 31"),
    ("vmcore.raw-d31", "-d 31"), ("vmcore.elf-d31", "-E -d 31"),
    ("vmcore.flat-d31", "-F -c -d 31"), ("vmcore.flat-elf-d31", "-F -E -d 31"),
    ("vmcore.split*-d31", "--split -c -d 31"),
)
PACKAGES = ("makedumpfile", "libc6", "libdw1t64", "libelf1t64", "liblzo2-2", "libzstd1", "zlib1g", "liblzma5",
            "libbz2-1.0")


def from_disk(image, target):
    """Cuts the ELF file at the start of a disk to its length, which its program headers say."""
    with open(image, "rb") as file:
        head = file.read(64)
        if head[:4] != b"\x7fELF":
            raise LabError("the capture kernel left no ELF file on its disk")
        offset, = struct.unpack_from("<Q", head, 32)
        size, number = struct.unpack_from("<HH", head, 54)
        file.seek(offset)
        end = 0
        for _ in range(number):
            program = struct.unpack("<IIQQQQQQ", file.read(size)[:56])
            end = max(end, program[2] + program[5])
    shutil.move(image, target)
    os.truncate(target, end)
    subprocess.run(["fallocate", "-d", target], check=False)


def program():
    """The command that runs the newest makedumpfile Debian has, on its own libraries."""
    root = os.path.join(LAB, "makedumpfile")
    with lock("makedumpfile"):
        if not os.path.exists(os.path.join(root, "done")):
            shutil.rmtree(root, ignore_errors=True)
            os.makedirs(root)
            for deb in debian("sid", "fetch", *PACKAGES):
                extract(deb, root, "./usr/*", "./lib*")
            with open(os.path.join(root, "done"), "w"):
                pass
    library = os.path.join(root, "usr/lib/x86_64-linux-gnu")
    return [os.path.join(library, "ld-linux-x86-64.so.2"), "--library-path", library,
            os.path.join(root, "usr/bin/makedumpfile")]


def makedumpfiles(work):
    """Every variant of the vmcore in WORK.
    What makedumpfile says of each is kept in makedumpfile.log."""
    command = program()
    with open(os.path.join(work, "makedumpfile.log"), "w") as log:
        for name, words in VARIANTS:
            targets = [name.replace("*", str(n)) for n in (1, 2, 3)] if "*" in name else [name]
            log.write("== %s %s\n" % (words, " ".join(targets)))
            log.flush()
            full = command + ["--message-level", "4"] + words.split() + ["vmcore"]
            if "-F" in words.split():
                with open(os.path.join(work, name), "wb") as out:
                    done = subprocess.run(full, cwd=work, stdout=out, stderr=log, check=False)
            else:
                done = subprocess.run(full + targets, cwd=work, stdout=log, stderr=log, check=False)
            if done.returncode != 0:
                raise LabError("makedumpfile %s failed, see %s/makedumpfile.log" % (words, work))
            for target in targets:
                os.chmod(os.path.join(work, target), 0o644)
    with_snappy(os.path.join(work, "vmcore.zlib-d31"), os.path.join(work, "vmcore.snappy-d31"))


def with_snappy(source, target):
    """Debian's makedumpfile is built without snappy,
    so this packs the pages of a zlib dump again, with snappy.

    The file is a header, a sub header and two bitmaps, then a descriptor a dumped page:
    where its data is, how long, how compressed. Equal pages may share their data."""
    try:
        library = ctypes.CDLL("libsnappy.so.1")
    except OSError as error:
        raise LabError("libsnappy1v5 is not installed") from error
    with open(source, "rb") as file:
        old = file.read()
    block, sub_header, bitmaps = struct.unpack_from("<iiI", old, 428)
    table = (1 + sub_header + bitmaps) * block
    half = bitmaps * block // 2
    pages = sum(bin(byte).count("1") for byte in old[table - half:table])
    new = bytearray(old[:table + pages * 24])
    struct.pack_into("<I", new, 424, struct.unpack_from("<I", old, 424)[0] & ~1 | 4)
    moved = {}
    room = ctypes.create_string_buffer(2 * block)
    for page in range(pages):
        at = table + page * 24
        offset, size, flags, page_flags = struct.unpack_from("<QIIQ", old, at)
        if offset not in moved:
            data = old[offset:offset + size]
            if flags & 1:
                data = zlib.decompress(data)
            length = ctypes.c_size_t(len(room))
            if library.snappy_compress(data, ctypes.c_size_t(len(data)), room, ctypes.byref(length)) != 0:
                raise LabError("snappy refuses a page")
            small = length.value < block
            moved[offset] = (len(new), length.value if small else block, 4 if small else 0)
            new += room.raw[:length.value] if small else data
        struct.pack_into("<QIIQ", new, at, *moved[offset], page_flags)
    with open(target, "wb") as file:
        file.write(new)
