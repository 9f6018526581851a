/* filekind.c - L1: says what a file is that no dump reader takes, from its first bytes. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dumpfile.h"

#include <elf.h>

struct signature {
	u32 offset;
	u32 length;
	const char *bytes;
	const char *kind;
};

/* Longest match does not matter: no two signatures fit one file. */
static const struct signature signatures[] = {
	{ 0, 2, "\x1f\x8b", "gzip-compressed data: unpack it first" },
	{ 0, 3, "BZh", "bzip2-compressed data: unpack it first" },
	{ 0, 6,
	  "\xfd"
	  "7zXZ\0",
	  "xz-compressed data: unpack it first" },
	{ 0, 4, "\x28\xb5\x2f\xfd", "zstd-compressed data: unpack it first" },
	{ 0, 4, "\x04\x22\x4d\x18", "lz4-compressed data: unpack it first" },
	{ 0, 4, "\x02\x21\x4c\x18", "lz4-compressed data (a legacy frame): unpack it first" },
	{ 0, 4, "\x89LZO", "lzop-compressed data: unpack it first" },
	{ 0, 3, "\x5d\0\0", "lzma-compressed data: unpack it first" },
	{ 0, 4, "PK\x03\x04", "a zip archive: unpack it first" },
	{ 0, 6, "7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first" },
	{ 257, 5, "ustar", "a tar archive: unpack it first" },
	{ 0, 6, "070701", "a cpio archive (an initramfs?)" },
	{ 0, 8, "!<arch>\n", "an ar archive or a Debian package" },
	{ 0, 4, "\xed\xab\xee\xdb", "an RPM package" },
	{ 0x202, 4, "HdrS", "a bzImage kernel image" },
	{ 0, 8, "KDUMP   ", "a compressed kdump" },
	{ 0, 8, "DISKDUMP", "a diskdump file (the format before kdump)" },
	{ 0, 12, "makedumpfile", "a flattened makedumpfile stream" },
	{ 0, 8, "\xed\x23\x8f\x61\x73\x01\x19\xa8", "an LKCD dump" },
	{ 0, 4, "QEVM",
	  "a QEMU save file (savevm), which is not a dump: load it and use dump-guest-memory" },
	{ 0, 11, "LibvirtQemu",
	  "a libvirt save file (virsh save), which is not a dump: restore it and use virsh dump --memory-only" },
	{ 0, 4, "QFI\xfb",
	  "a qcow2 disk image, which holds no memory but in snapshots: load one and use dump-guest-memory" },
	{ 0, 4, "KDMV",
	  "a VMware disk image: the memory is in the guest's .vmss or .vmsn and .vmem" },
	{ 0, 4, "\xd0\xbe\xd2\xbe", "a VMware suspend or snapshot state file" },
	{ 0, 4, "\xd1\xba\xd1\xba", "a VMware suspend or snapshot state file" },
	{ 0, 4, "\xd2\xbe\xd2\xbe", "a VMware suspend or snapshot state file" },
	{ 0, 4, "\xd3\xbe\xd3\xbe", "a VMware suspend or snapshot state file" },
	{ 0, 27, "Xen saved domain, xl format",
	  "a Xen save file, which is not a dump: restore it and use xl dump-core" },
	{ 0, 16, "LinuxGuestRecord",
	  "a Xen save file, which is not a dump: restore it and use xl dump-core" },
	{ 0, 12, "\xff\xff\xff\xff\xff\xff\xff\xffXENF",
	  "a Xen save file, which is not a dump: restore it and use xl dump-core" },
	{ 0, 22, "\x7fVirtualBox SavedState",
	  "a VirtualBox save file, which is not a dump: restore it and use VBoxManage debugvm dumpvmcore" },
	{ 0, 4, "\x14\x20\x28\x01",
	  "a Hyper-V save file (.vmrs), which is not a dump: let the guest's own kdump make one" },
	{ 0, 8, "vhdxfile",
	  "a Hyper-V disk image, which holds no memory: let the guest's own kdump make a dump" },
	{ 0, 8, "sadump\0\0",
	  "an sadump file, which this program does not read: makedumpfile makes a compressed kdump of it" },
	{ 0, 4, "EMiL",
	  "a LiME memory image: its ranges are raw memory behind headers of 32 bytes; cut them out and give FILE@ADDRESS for each" },
	{ 0, 8, "PAGEDU64", "a Windows crash dump: not of a Linux kernel" },
	{ 0, 8, "PAGEDUMP", "a Windows crash dump: not of a Linux kernel" },
	{ 0, 4, "MDMP", "a Windows minidump: not of a Linux kernel" },
	{ 0, 2, "#!", "a script" },
};

static const char *elf_kind(const struct file_map *file)
{
	const u8 *ident = file_map_at(file, 0, sizeof(Elf64_Ehdr));
	u16 type;

	if (!ident)
		return "an ELF file cut short inside its header";
	if (ident[EI_DATA] != ELFDATA2LSB)
		return "an ELF file of a big-endian machine";
	type = load_u16(ident + offsetof(Elf64_Ehdr, e_type));
	if (load_u16(ident + offsetof(Elf64_Ehdr, e_machine)) != EM_X86_64)
		return type == ET_CORE ? "an ELF core of a machine that is not x86_64"
				       : "an ELF file for a machine that is not x86_64";
	switch (type) {
	case ET_REL:
		return "an ELF object file (a kernel module?)";
	case ET_EXEC:
		return "an ELF executable (a vmlinux?)";
	case ET_DYN:
		return "an ELF shared object or program";
	case ET_CORE:
		return "an ELF core file";
	default:
		return "an ELF file of unknown type";
	}
}

static bool all_bytes(const u8 *data, size_t length, bool (*is_such)(u8 byte))
{
	for (size_t i = 0; i < length; i++) {
		if (!is_such(data[i]))
			return false;
	}
	return true;
}

static bool is_zero(u8 byte)
{
	return byte == 0;
}

static bool is_text(u8 byte)
{
	return byte >= 0x20 || byte == '\n' || byte == '\t' || byte == '\r';
}

void file_describe(const struct file_map *file, struct strbuf *text)
{
	u64 length = min_u64(file->size, 512);
	const u8 *start = file_map_at(file, 0, length);
	const u8 *magic = file_map_at(file, 0, SELFMAG);

	if (magic && memcmp(magic, ELFMAG, SELFMAG) == 0) {
		strbuf_puts(text, elf_kind(file));
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(signatures); i++) {
		const struct signature *signature = &signatures[i];
		const u8 *bytes = file_map_at(file, signature->offset, signature->length);

		if (bytes && memcmp(bytes, signature->bytes, signature->length) == 0) {
			strbuf_puts(text, signature->kind);
			return;
		}
	}
	if (!length)
		strbuf_puts(text, "an empty file");
	else if (file->flat)
		strbuf_puts(text, "a flattened makedumpfile stream without the header of a dump");
	else if (start && all_bytes(start, length, is_zero))
		strbuf_puts(text, "a file that starts with zeroes");
	else if (start && all_bytes(start, length, is_text))
		strbuf_puts(text, "a text file");
	else
		strbuf_puts(text, "data of an unknown kind");
}
