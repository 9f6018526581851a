# Damage to single pages of a compressed kdump (not flattened), and back again.
# SPDX-License-Identifier: GPL-3.0-or-later
import contextlib
import pathlib
import shutil
import struct

PAGE = 4096
DESCRIPTOR = 24


class Patient:
    """A copy of a dump whose pages can be taken out:
    excluded (by the filter), missing (never written), damaged."""

    def __init__(self, source, copy):
        self.path = pathlib.Path(copy)
        shutil.copyfile(source, copy)
        self.file = open(copy, "r+b")
        block_size, sub_blocks, bitmap_blocks = struct.unpack("<III", self.read(428, 12))
        if self.read(0, 8) != b"KDUMP   " or block_size != PAGE:
            raise ValueError(f"{source} is no compressed kdump")
        self.bitmap = (1 + sub_blocks) * PAGE + bitmap_blocks * PAGE // 2
        self.bitmap_bytes = bitmap_blocks * PAGE // 2
        self.descriptors = (1 + sub_blocks + bitmap_blocks) * PAGE

    def read(self, offset, length):
        self.file.seek(offset)
        return self.file.read(length)

    def write(self, offset, data):
        self.file.seek(offset)
        self.file.write(data)
        self.file.flush()

    def bits(self):
        return self.read(self.bitmap, self.bitmap_bytes)

    def present(self, frame, bits=None):
        bits = bits or self.bits()
        return frame // 8 < len(bits) and bits[frame // 8] >> frame % 8 & 1

    def index(self, frame, bits):
        below = int.from_bytes(bits[:frame // 8], "little").bit_count()
        return below + (bits[frame // 8] & (1 << frame % 8) - 1).bit_count()

    def take_out(self, frame, how):
        bits = self.bits()
        if not self.present(frame, bits):
            raise ValueError(f"page frame {frame:x} is not in {self.path}")
        index = self.index(frame, bits)
        at = self.descriptors + index * DESCRIPTOR
        if how == "excluded":
            count = int.from_bytes(bits, "little").bit_count()
            rest = self.read(at, (count - index) * DESCRIPTOR)
            self.write(at, rest[DESCRIPTOR:] + bytes(DESCRIPTOR))
            self.write(self.bitmap + frame // 8, bytes([bits[frame // 8] & ~(1 << frame % 8)]))
        elif how == "missing":
            self.write(at, bytes(DESCRIPTOR))
        else:
            offset, size = struct.unpack("<QI", self.read(at, 12))
            self.write(offset, b"\xa5" * size)

    @contextlib.contextmanager
    def without(self, frames, how):
        """The file with these page frames taken out, for the time of the with statement."""
        bits = self.bits()
        count = int.from_bytes(bits, "little").bit_count()
        table = self.read(self.descriptors, count * DESCRIPTOR)
        data = []
        for frame in frames:
            if self.present(frame, bits):
                offset, size = struct.unpack_from("<QI", table, self.index(frame, bits) * DESCRIPTOR)
                data.append((offset, self.read(offset, size)))
        try:
            for frame in sorted(set(frames)):
                self.take_out(frame, how)
            yield self.path
        finally:
            self.write(self.bitmap, bits)
            self.write(self.descriptors, table)
            for offset, old in data:
                self.write(offset, old)
