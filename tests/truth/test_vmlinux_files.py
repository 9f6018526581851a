# A kernel's files in every form: packed, inside the bzImage that booted, split in two; a session with each is the same.
# SPDX-License-Identifier: GPL-3.0-or-later
import contextlib
import http.server
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading

from harness import CRASH, equal, expect, run_crash, same_lines
from terminal import Terminal

WORDS = "sys\nps\nbt -l\np jiffies\np &init_task.comm\nwhatis linux_banner\n"
PACKERS = (("gzip", "-1"), ("xz", "-0"), ("zstd", "-1"), ("lz4", "-1"), ("bzip2", "-1"))


def answers(kernel, *files):
    result = run_crash("-s", *files, kernel.vmcore, stdin=WORDS)
    lines = [line.replace(str(files[0]), "VMLINUX") for line in result.stdout.splitlines() if "KERNEL: " not in line]
    expect(len(lines) > 50, f"{files}: {(result.stdout + result.stderr)[-300:]!r}")
    return lines


def split(kernel, folder):
    """What debug packages make of a vmlinux: the stripped one, and the file with the rest."""
    stripped, debug = folder / "stripped", folder / "kernel.debug"
    subprocess.run(["objcopy", "--only-keep-debug", kernel.vmlinux, debug], check=True)
    subprocess.run(["strip", "-o", stripped, kernel.vmlinux], check=True)
    return stripped, debug


def test_packed_vmlinux(kernel):
    """By its first bytes, whatever its name; each packing on one kernel, gzip on all."""
    wanted = answers(kernel, kernel.vmlinux)
    with tempfile.TemporaryDirectory() as folder:
        for program, *options in PACKERS if kernel.name == "6.12" else PACKERS[:1]:
            expect(shutil.which(program), f"no {program}")
            packed = pathlib.Path(folder) / "some-file"
            # All of the debug information would take minutes to pack; its names and types do.
            small = pathlib.Path(folder) / "small"
            subprocess.run(["strip", "--strip-debug", "-o", small, kernel.vmlinux], check=True)
            source = kernel.vmlinux if program == "gzip" else small
            with packed.open("wb") as file:
                subprocess.run([program, "-c", *options, source], stdout=file, check=True)
            same_lines(answers(kernel, packed), wanted if program == "gzip" else answers(kernel, small), program)


def test_bzimage_tells_its_build_alone(kernel):
    """It has no names: they come from the dump, once its build-id is the dump's."""
    image = kernel.folder / "vmlinuz"
    result = run_crash("-s", image, kernel.vmcore, stdin="sys\nsym linux_banner\nps\n")
    expect(f"{image} has no symbol table" in result.stderr, result.stderr[:300])
    wanted = kernel.crash("sym linux_banner", "ps")
    expect(wanted[0].split()[0] in result.stdout and wanted[1].splitlines()[1] in result.stdout, result.stdout[:300])
    other = next(path for path in (kernel.vmlinux.resolve().parents[1]).glob("*/vmlinuz")
                 if not path.samefile(image))
    result = run_crash("-s", other, kernel.vmcore, stdin="sys\n")
    mine = run_crash("--build-id", kernel.vmcore).stdout.strip()
    expect(result.status == 1 and mine in result.stderr and "do not match" in result.stderr, result.stderr[:300])


def test_a_kernel_in_two_files(kernel):
    wanted = answers(kernel, kernel.vmlinux)
    with tempfile.TemporaryDirectory() as folder:
        stripped, debug = split(kernel, pathlib.Path(folder))
        for files in ((debug,), (stripped, debug), (debug, stripped)):
            same_lines(answers(kernel, *files), wanted, " ".join(path.name for path in files))
        result = run_crash("-s", stripped, stripped, kernel.vmcore, stdin="sys\n")
        expect(result.status == 1 and "neither has what the other lacks" in result.stderr, result.stderr[:300])
        data = bytearray(stripped.read_bytes())
        build_id = bytes.fromhex(run_crash("--build-id", kernel.vmcore).stdout.strip())
        at = data.find(build_id)
        expect(at > 0, "no build-id in the stripped file")
        data[at] ^= 1
        stripped.write_bytes(data)
        result = run_crash("-s", debug, stripped, kernel.vmcore, stdin="sys\n")
        expect(result.status == 1 and build_id.hex() in result.stderr and data[at:at + 20].hex() in result.stderr,
               result.stderr[:300])


def test_debug_link(kernel):
    """.gnu_debuglink leads from the file without debug information to the one with it;
    a changed one is not taken."""
    wanted = answers(kernel, kernel.vmlinux)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        _, debug = split(kernel, folder)
        plain = folder / "vmlinux"
        for keep in ("--strip-debug", "--strip-all"):
            subprocess.run(["objcopy", keep, f"--add-gnu-debuglink={debug}", kernel.vmlinux, plain], check=True)
            same_lines(answers(kernel, plain), wanted, keep)
            (folder / ".debug").mkdir()
            debug.rename(folder / ".debug" / debug.name)
            same_lines(answers(kernel, plain), wanted, f"{keep}, in .debug")
            (folder / ".debug" / debug.name).rename(debug)
            (folder / ".debug").rmdir()
        other = next(path for path in (kernel.vmlinux.resolve().parents[1]).glob("*/vmlinux")
                     if not path.samefile(kernel.vmlinux))
        debug.unlink()
        debug.symlink_to(other)
        text = run_crash("-s", plain, kernel.vmcore, stdin="p jiffies\n")
        expect("unknown type" in text.stdout and "needed is the vmlinux" in text.stdout, f"another build's is taken: {text.stdout[:200]}")


def test_compressed_debug_sections(kernel):
    """zlib's old and new form, and zstd where binutils knows it."""
    wanted = answers(kernel, kernel.vmlinux)
    for form in ("zlib-gnu", "zlib-gabi", "zstd"):
        with tempfile.TemporaryDirectory() as folder:
            packed = pathlib.Path(folder) / "vmlinux"
            done = subprocess.run(["objcopy", f"--compress-debug-sections={form}", kernel.vmlinux, packed])
            if done.returncode != 0:
                expect(form == "zstd", f"objcopy cannot write {form}")
                continue
            same_lines(answers(kernel, packed), wanted, form)
        if kernel.name != "6.12":
            break


def places(text, title):
    """{path: verdict} of the lines below TITLE."""
    part = re.search(rf"^{title}.*:\n((?:  .*\n)*)", text, re.M)
    expect(part, f"nothing of {title}: {text[:300]!r}")
    return dict(re.findall(r"^  (/\S+): (.*)$", part[1], re.M))


def test_every_place_is_explained(kernel):
    """Of the kernel: not there, another build with its id, taken.
    Of modules the same; and which package is missing."""
    release = kernel.truth("proc/sys/kernel/osrelease").strip()
    build_id = run_crash("--build-id", kernel.vmcore).stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        dump, vmlinux = folder / "vmcore", folder / "vmlinux"
        dump.symlink_to(kernel.vmcore.resolve())
        text = run_crash("--debuginfo", "--mod", folder, dump).stdout
        kernels = places(text, "kernel")
        expect(len(kernels) > 20 and set(kernels.values()) == {"not there"}, f"{kernels}")
        for path in (f"/boot/vmlinux-{release}", f"/usr/lib/debug/lib/modules/{release}/vmlinux",
                     f"/usr/lib/debug/boot/vmlinux-{release}.debug", f"/lib/modules/{release}/build/vmlinux",
                     f"/usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug", str(vmlinux)):
            expect(path in kernels, f"{path} is not looked at")
        expect(f"kernel {release}, build-id {build_id}, in package linux-image-{release}-dbg" in text, text[:3000])
        expect("virtio_blk" in text and "/usr/lib/debug/.build-id/" in text.split("module ", 1)[1], text[-500:])
        other = next(path for path in sorted(kernel.vmlinux.resolve().parents[1].glob("*/vmlinux"))
                     if not path.samefile(kernel.vmlinux))
        vmlinux.symlink_to(other)
        (folder / f"vmlinux-{release}").symlink_to(kernel.vmlinux.resolve())
        (folder / "virtio-blk.ko").symlink_to(kernel.folder / "modules" / "virtio_blk.ko.debug")
        (folder / "dummy.ko").symlink_to(kernel.folder / "modules" / "virtio_blk.ko")
        text = run_crash("--debuginfo", "--mod", folder, dump).stdout
        kernels = places(text, "kernel")
        expect(re.fullmatch(r"of another build \([0-9a-f]{40}\)", kernels[str(vmlinux)]), kernels[str(vmlinux)])
        expect(kernels[f"{vmlinux}-{release}"] == "taken" and "needs" not in text.split("module ")[0], text[:500])
        expect(places(text, "module virtio_blk")[f"{folder}/virtio-blk.ko"] == "taken", text[-500:])
        expect(places(text, "module dummy")[f"{folder}/dummy.ko"].startswith("another build of dummy: build-id "), text)


@contextlib.contextmanager
def server(files, go_on=None):
    """A debuginfod of {build-id: file}; gives its URL and what it was asked.
    Each piece waits until GO_ON (a semaphore) lets it go."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            match = re.fullmatch("/buildid/([0-9a-f]+)/debuginfo", self.path)
            path = files.get(match[1]) if match else None
            self.send_response(200 if path else 404)
            self.send_header("Content-Length", str(path.stat().st_size if path else 0))
            self.end_headers()
            with contextlib.suppress(OSError), path.open("rb") if path else open(os.devnull, "rb") as file:
                while go_on and self.wfile.write(file.read(1 << 16)):
                    go_on.acquire()
                shutil.copyfileobj(file, self.wfile)

        def log_message(self, *arguments):
            pass

    http_server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http_server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{http_server.server_port}", asked
    finally:
        http_server.shutdown()


def test_debuginfod(kernel):
    """Asked by build-id and with --debuginfod alone: for the kernel, and for a module at mod -s."""
    build_id = run_crash("--build-id", kernel.vmcore).stdout.strip()
    module = kernel.folder / "modules" / "virtio_blk.ko.debug"
    notes = subprocess.run(["readelf", "-n", module], capture_output=True, text=True).stdout
    files = {build_id: kernel.vmlinux.resolve(), re.search("Build ID: ([0-9a-f]+)", notes)[1]: module}
    lines = "p jiffies\nmod -s virtio_blk\ndis -l virtblk_probe 1\n"
    with tempfile.TemporaryDirectory() as folder, server(files) as (url, asked):
        dump, nothing = pathlib.Path(folder) / "vmcore", pathlib.Path(folder) / "no-modules"
        dump.symlink_to(kernel.vmcore.resolve())
        nothing.mkdir()
        setting = {**os.environ, "DEBUGINFOD_URLS": url, "DEBUGINFOD_CACHE_PATH": f"{folder}/cache"}

        def run(*options):
            done = subprocess.run([CRASH, "-s", "--mod", nothing, *options, dump], input=lines, capture_output=True, text=True,
                                  env=setting)
            return done.stdout + done.stderr

        text = run()
        expect(not asked and "= $1" not in text and "not there" in text, f"{asked} {text!r}")
        text = run("--debuginfod")
        equal(sorted(asked), sorted(f"/buildid/{id}/debuginfo" for id in files), "what the server was asked")
        expect("jiffies = $1 = " in text and "drivers/block/virtio_blk.c: " in text, text)
        files.clear()
        setting["DEBUGINFOD_CACHE_PATH"] = f"{folder}/other"
        text = run("--debuginfod")
        expect("debuginfod: the debug information of this kernel: No such file" in text and "build-id" in text, text)
        setting["DEBUGINFOD_URLS"] = ""
        expect("DEBUGINFOD_URLS names no server" in run("--debuginfod"), "without servers")


def test_debuginfod_in_a_session(kernel):
    """`set debuginfod on`: the first question that needs debug information asks for it;
    off, nothing is asked."""
    build_id = run_crash("--build-id", kernel.vmcore).stdout.strip()
    with tempfile.TemporaryDirectory() as folder, server({build_id: kernel.vmlinux.resolve()}) as (url, asked):
        dump = pathlib.Path(folder) / "vmcore"
        dump.symlink_to(kernel.vmcore.resolve())
        setting = {"DEBUGINFOD_URLS": url, "DEBUGINFOD_CACHE_PATH": f"{folder}/cache"}
        for lines in ("p jiffies\n", "set debuginfod on\nset debuginfod off\np jiffies\n"):
            text = run_crash("-s", dump, stdin=lines, env=setting).stdout
            expect(not asked and "unknown type" in text and build_id in text, f"{lines!r}: {asked} {text!r}")
        text = run_crash("-s", dump, stdin="set debuginfod on\np jiffies\ngdb info line vfs_read\n", env=setting).stdout
        equal(asked, [f"/buildid/{build_id}/debuginfo"], "what the server was asked")
        expect("debuginfod: on\n" in text and "jiffies = $1 = " in text and "fs/read_write.c" in text, text)
        setting["DEBUGINFOD_URLS"] = ""
        result = run_crash("-s", dump, stdin="set debuginfod on\n", env=setting)
        expect("DEBUGINFOD_URLS names no server" in result.stdout + result.stderr, "without servers")


def test_debuginfod_shows_progress_and_stops(kernel):
    """How much has come is shown on a terminal;
    Ctrl-C ends the transfer, not the session, and the next one asks again."""
    build_id = run_crash("--build-id", kernel.vmcore).stdout.strip()
    pieces = threading.Semaphore(0)
    with tempfile.TemporaryDirectory() as folder, server({build_id: kernel.vmlinux.resolve()}, pieces) as (url, asked):
        dump = pathlib.Path(folder) / "vmcore"
        dump.symlink_to(kernel.vmcore.resolve())
        setting = {"DEBUGINFOD_URLS": url, "DEBUGINFOD_CACHE_PATH": f"{folder}/cache", "TERM": "xterm"}
        for count in (1, 2):
            terminal = Terminal("--debuginfod", dump, env=setting)
            try:
                # The rest stays with the server until the end.
                pieces.release(64)
                terminal.wait_for(r"debuginfod: [1-9]\d* of \d{3} MB, [\d.]+ MB/s, \d+ \w+ left")
                terminal.send("\x03")
                terminal.wait_for("debug information of this kernel: interrupted")
                terminal.wait_for("crash> ")
                terminal.send("p &jiffies\n")
                terminal.wait_for(r"needed is the vmlinux|\(.*\) 0x[0-9a-f]+ ")
                terminal.send("quit\n")
                terminal.status()
            finally:
                terminal.close()
            equal(len(asked), count, "times the server was asked")
        pieces.release(1 << 20)
