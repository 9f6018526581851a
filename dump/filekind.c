/* dump/filekind.c - says what a file is that no dump reader takes, from its first bytes. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dump/filekind.h"

#include <elf.h>

struct signature {
	u32 offset;
	u32 length;
	const char *bytes;
	const char *kind;
};

#define XEN_SAVE                                                                                   \
	"a Xen save file, which is not a dump: restore it and let the guest's own kdump make one"
#define XEN_OLD_CORE                                                                               \
	"a Xen guest's core, which this program does not read: let the guest's own kdump make a dump"
#define NO_SADUMP ", which this program does not read: makedumpfile makes a compressed kdump of it"

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
	  "a libvirt save file (virsh save), which is not a dump: "
	  "restore it and use virsh dump --memory-only" },
	{ 0, 4, "QFI\xfb",
	  "a qcow2 disk image, which holds no memory but in snapshots: "
	  "load one and use dump-guest-memory" },
	{ 0, 4, "KDMV",
	  "a VMware disk image: the memory is in the guest's .vmss or .vmsn and .vmem" },
	{ 0, 4, "\xd0\xbe\xd2\xbe", "a VMware suspend or snapshot state file" },
	{ 0, 4, "\xd1\xba\xd1\xba", "a VMware suspend or snapshot state file" },
	{ 0, 4, "\xd2\xbe\xd2\xbe", "a VMware suspend or snapshot state file" },
	{ 0, 4, "\xd3\xbe\xd3\xbe", "a VMware suspend or snapshot state file" },
	{ 0, 27, "Xen saved domain, xl format", XEN_SAVE },
	{ 0, 16, "LinuxGuestRecord", XEN_SAVE },
	{ 0, 11, "XenSavedDom", XEN_SAVE },
	{ 0, 12, "\xff\xff\xff\xff\xff\xff\xff\xffXENF", XEN_SAVE },
	{ 0, 4, "\xed\xeb\x0f\xf0", XEN_OLD_CORE },
	{ 0, 4, "\xee\xeb\x0f\xf0", XEN_OLD_CORE },
	{ 0, 22, "\x7fVirtualBox SavedState",
	  "a VirtualBox save file, which is not a dump: "
	  "restore it and use VBoxManage debugvm dumpvmcore" },
	{ 0, 4, "\x14\x20\x28\x01",
	  "a Hyper-V save file (.vmrs), which is not a dump: let the guest's own kdump make one" },
	{ 0, 8, "vhdxfile",
	  "a Hyper-V disk image, which holds no memory: let the guest's own kdump make a dump" },
	{ 0, 8, "sadump\0\0", "an sadump file" NO_SADUMP },
	/* A copy of the dump device on other media has a header without magic before it. */
	{ 4096, 8, "sadump\0\0", "an sadump media backup" NO_SADUMP },
	{ 0, 4, "EMiL",
	  "a LiME memory image: its ranges are raw memory behind headers of 32 bytes; "
	  "cut them out and give FILE@ADDRESS for each" },
	{ 0, 8, "PAGEDU64", "a Windows crash dump: not of a Linux kernel" },
	{ 0, 8, "PAGEDUMP", "a Windows crash dump: not of a Linux kernel" },
	{ 0, 4, "MDMP", "a Windows minidump: not of a Linux kernel" },
	{ 0, 2, "#!", "a script" },
};

/* A number of the header's in the file's own byte order. */
static u16 elf_u16(const u8 *header, size_t offset)
{
	u16 value = load_u16(header + offset);

	return header[EI_DATA] == ELFDATA2MSB ? __builtin_bswap16(value) : value;
}

void elf_describe_machine(const u8 *header, struct strbuf *text)
{
	static const struct {
		u16 machine;
		const char *name;
	} known[] = {
		{ EM_386, "32-bit x86" }, { EM_X86_64, "x86_64" },
		{ EM_ARM, "arm" },	  { EM_AARCH64, "arm64" },
		{ EM_PPC, "ppc" },	  { EM_PPC64, "ppc64" },
		{ EM_S390, "s390" },	  { EM_RISCV, "riscv" },
		{ EM_MIPS, "mips" },	  { EM_SPARC, "sparc" },
		{ EM_SPARCV9, "sparc" },  { EM_IA_64, "ia64" },
		{ EM_PARISC, "parisc" },  { EM_LOONGARCH, "loongarch" },
	};
	u16 machine = elf_u16(header, offsetof(Elf64_Ehdr, e_machine));
	size_t i = 0;

	while (i < ARRAY_SIZE(known) && known[i].machine != machine)
		i++;
	if (i < ARRAY_SIZE(known))
		strbuf_puts(text, known[i].name);
	else
		strbuf_printf(text, "machine %u", machine);
	if (header[EI_CLASS] == ELFCLASS32 && machine != EM_386)
		strbuf_puts(text, ", 32-bit");
	if (header[EI_DATA] == ELFDATA2MSB)
		strbuf_puts(text, ", big-endian");
}

bool is_another_machine(const char *utsname)
{
	static const char *const machines[] = {
		"i386", "i486",	 "i586", "i686", "aarch64", "arm",	 "ppc",
		"s390", "riscv", "mips", "ia64", "sparc",   "loongarch", "parisc",
	};

	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		if (starts_with(utsname, machines[i]))
			return true;
	}
	return false;
}

static const char *const elf_types[] = {
	[ET_NONE] = "an ELF file of unknown type",
	[ET_REL] = "an ELF object file (a kernel module?)",
	[ET_EXEC] = "an ELF executable (a vmlinux?)",
	[ET_DYN] = "an ELF shared object or program",
	[ET_CORE] = "an ELF core file",
};

static void describe_elf(const struct file_map *file, struct strbuf *text)
{
	const u8 *header = file_map_at(file, 0, sizeof(Elf64_Ehdr));
	u16 type;

	if (!header) {
		strbuf_puts(text, "an ELF file cut short inside its header");
		return;
	}
	type = elf_u16(header, offsetof(Elf64_Ehdr, e_type));
	strbuf_puts(text, elf_types[type < ARRAY_SIZE(elf_types) ? type : ET_NONE]);
	if (header[EI_DATA] == ELFDATA2LSB &&
	    elf_u16(header, offsetof(Elf64_Ehdr, e_machine)) == EM_X86_64)
		return;
	strbuf_puts(text, " of another machine (");
	elf_describe_machine(header, text);
	strbuf_puts(text, "); this program reads x86_64");
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
		describe_elf(file, text);
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
