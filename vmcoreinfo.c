/* vmcoreinfo.c - L1: the text that a kernel leaves for its dump readers (kernel/vmcore_info.c). */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines of KEY=VALUE, at most a page. The kernel keeps it twice, each in pages of its own: the text
 * from the start of a zeroed page (vmcoreinfo_data), and as an ELF note (vmcoreinfo_note: a header
 * of 12 bytes, "VMCOREINFO" padded to 12, the text). A dump whose writer did not ask for the note
 * still has both in memory, and the first bytes of each page tell.
 */
#include "vmcoreinfo.h"
#include "fail.h"

#include <stdlib.h>

enum {
	NOTE_TEXT = 24, /* where the text starts in vmcoreinfo_note */
	MAX_TEXT = 4096, /* VMCOREINFO_BYTES */
	MIN_LINES = 8,
	UTS_BYTES = 512, /* enough of struct uts_namespace to have the release in it */
};

#define KERNEL_MAP 0xffffffff80000000ULL

/* The value after "KEY=" at the start of a line, *length without the newline; NULL: no such line. */
static const char *find_value(const struct vmcoreinfo *info, const char *key, size_t *length)
{
	size_t key_length = strlen(key);
	const char *line = info->text, *end = info->text + info->length;

	while (line < end) {
		const char *newline = memchr(line, '\n', end - line);
		const char *line_end = newline ? newline : end;

		if ((size_t)(line_end - line) > key_length && line[key_length] == '=' &&
		    memcmp(line, key, key_length) == 0) {
			*length = line_end - line - key_length - 1;
			return line + key_length + 1;
		}
		line = line_end + 1;
	}
	return NULL;
}

bool vmcoreinfo_string(const struct vmcoreinfo *info, const char *key, char *value, size_t space)
{
	size_t length;
	const char *found = info->text ? find_value(info, key, &length) : NULL;

	if (!found || length >= space)
		return false;
	memcpy(value, found, length);
	value[length] = '\0';
	return true;
}

bool vmcoreinfo_hex(const struct vmcoreinfo *info, const char *key, u64 *value)
{
	char text[32];

	return vmcoreinfo_string(info, key, text, sizeof(text)) && parse_u64(text, 16, value);
}

bool vmcoreinfo_number(const struct vmcoreinfo *info, const char *key, s64 *value)
{
	char text[32];
	u64 number;

	if (!vmcoreinfo_string(info, key, text, sizeof(text)))
		return false;
	if (text[0] == '-') {
		if (!parse_u64(text + 1, 0, &number) || number > 1ULL << 63)
			return false;
		*value = (s64)(0 - number);
		return true;
	}
	if (!parse_u64(text, 0, &number))
		return false;
	/* Bit patterns are printed unsigned or as 0x...: the upper half is negative. */
	*value = (s64)number;
	return true;
}

/* Does TEXT look like vmcoreinfo: printable lines with a '=', and those that every kernel writes? */
static bool is_plausible(const char *text, size_t length)
{
	struct vmcoreinfo info = { .text = (char *)text, .length = length };
	char value[65];
	size_t nr_lines = 0;
	u64 address;

	for (size_t i = 0; i < length; i++) {
		if (text[i] != '\n' && (text[i] < ' ' || text[i] > '~'))
			return false;
		nr_lines += text[i] == '\n';
	}
	return nr_lines >= MIN_LINES &&
	       vmcoreinfo_string(&info, "OSRELEASE", value, sizeof(value)) && value[0] &&
	       vmcoreinfo_string(&info, "PAGESIZE", value, sizeof(value)) && streq(value, "4096") &&
	       (vmcoreinfo_hex(&info, "SYMBOL(_stext)", &address) ||
		vmcoreinfo_hex(&info, "KERNELOFFSET", &address));
}

enum agreement { DISAGREES, UNKNOWN, AGREES };

/*
 * Is this the text of the kernel that the dump is of? Memory may still have the page of a kernel
 * that ran before a reboot or kexec, or a file with such text. Where the text says that the kernel's
 * name is, the release must be found.
 */
static enum agreement agrees_with_memory(struct dump *dump, const struct vmcoreinfo *info)
{
	char release[65], uts[UTS_BYTES];
	u64 init_uts_ns;
	s64 phys_base;

	if (!vmcoreinfo_hex(info, "SYMBOL(init_uts_ns)", &init_uts_ns) ||
	    !vmcoreinfo_number(info, "NUMBER(phys_base)", &phys_base) || init_uts_ns < KERNEL_MAP ||
	    !vmcoreinfo_string(info, "OSRELEASE", release, sizeof(release)))
		return UNKNOWN;
	if (!dump_try_read(dump, init_uts_ns - KERNEL_MAP + phys_base, uts, sizeof(uts), NULL))
		return UNKNOWN;
	return memmem(uts, sizeof(uts), release, strlen(release) + 1) ? AGREES : DISAGREES;
}

/* Where the text would start in the page whose first bytes are START; false: not such a page. */
static bool text_in_page(const u8 *start, size_t *offset, size_t *length)
{
	static const char first_key[] = "OSRELEASE=";

	*offset = 0;
	*length = MAX_TEXT;
	if (memcmp(start, first_key, strlen(first_key)) == 0)
		return true;
	*offset = NOTE_TEXT;
	*length = load_u32(start + 4);
	return load_u32(start) == sizeof("VMCOREINFO") && *length > 0 && *length <= MAX_TEXT &&
	       memcmp(start + 12, "VMCOREINFO", sizeof("VMCOREINFO")) == 0 &&
	       memcmp(start + NOTE_TEXT, first_key, strlen(first_key)) == 0;
}

/* Reads the text that page PFN seems to have into INFO. */
static bool read_candidate(struct dump *dump, u64 pfn, size_t offset, size_t length,
			   struct vmcoreinfo *info)
{
	char text[MAX_TEXT];

	if (!dump_try_read(dump, (pfn << PAGE_SHIFT) + offset, text, length, NULL))
		return false;
	length = strnlen(text, length);
	if (!is_plausible(text, length))
		return false;
	info->text = xstrndup(text, length);
	info->length = length;
	info->found_in_memory = true;
	return true;
}

static bool search_memory(struct dump *dump, struct vmcoreinfo *info)
{
	struct vmcoreinfo unproven = { 0 };

	for (u64 pfn = 0; dump_next_present(dump, pfn, &pfn) && !interrupt_pending(); pfn++) {
		u8 start[NOTE_TEXT + 16];
		size_t offset, length;
		enum agreement agreement;

		if (!dump_try_read(dump, pfn << PAGE_SHIFT, start, sizeof(start), NULL) ||
		    !text_in_page(start, &offset, &length) ||
		    !read_candidate(dump, pfn, offset, length, info))
			continue;
		agreement = agrees_with_memory(dump, info);
		if (agreement == AGREES) {
			vmcoreinfo_free(&unproven);
			return true;
		}
		if (agreement == UNKNOWN && !unproven.text)
			unproven = *info;
		else
			vmcoreinfo_free(info);
	}
	*info = unproven;
	return info->text != NULL;
}

bool vmcoreinfo_load(struct dump *dump, struct vmcoreinfo *info)
{
	*info = (struct vmcoreinfo){ 0 };
	if (dump->vmcoreinfo) {
		size_t length = strnlen(dump->vmcoreinfo, dump->vmcoreinfo_bytes);

		if (is_plausible(dump->vmcoreinfo, length)) {
			info->text = xstrndup(dump->vmcoreinfo, length);
			info->length = length;
			return true;
		}
	}
	/* All memory of a running machine: its kernel would have told where the text is. */
	if (dump->live)
		return false;
	/* What a search looks at is not what a session reads. */
	dump->touch_nothing = true;
	search_memory(dump, info);
	dump->touch_nothing = false;
	return info->text != NULL;
}

void vmcoreinfo_free(struct vmcoreinfo *info)
{
	free(info->text);
	*info = (struct vmcoreinfo){ 0 };
}
