/* dump/vmcoreinfo.c - the text that a kernel leaves for its dump readers (kernel/vmcore_info.c). */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines of KEY=VALUE, at most a page. The kernel keeps it twice, each in pages of its own: the text
 * from the start of a zeroed page (vmcoreinfo_data), and as an ELF note (vmcoreinfo_note: a header
 * of 12 bytes, "VMCOREINFO" padded to 12, the text). A dump whose writer did not ask for the note
 * still has both in memory, and the first bytes of each page tell.
 */
#include "dump/vmcoreinfo.h"
#include "dump/pagescan.h"

#include <stdlib.h>

enum {
	NOTE_TEXT = 24, /* where the text starts in vmcoreinfo_note */
	MAX_TEXT = 4096, /* VMCOREINFO_BYTES */
	MIN_LINES = 8,
	START_BYTES = 40, /* of a page: enough to tell by */
	MAX_CANDIDATES = 64,
	UTS_BYTES = 512, /* enough of struct uts_namespace to have the release in it */
};

#define KERNEL_MAP 0xffffffff80000000ULL

/*
 * The value after "KEY=" at the start of a line, *length without the newline; NULL: no such line.
 */
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

/* KEY=VALUE, and nothing that acts on a terminal: a kernel may have written it. */
static bool is_line(const char *line, size_t length)
{
	size_t key_length = 0;

	for (size_t i = 0; i < length; i++) {
		if (((u8)line[i] < ' ' && line[i] != '\t') || line[i] == 127)
			return false;
		if (line[i] == '=' && !key_length)
			key_length = i;
	}
	return key_length > 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/*
 * The good lines of TEXT: what is wrong with it costs the line that it stands in. False:
 * there is none.
 */
static bool take_lines(const char *text, size_t length, struct vmcoreinfo *info)
{
	const char *end = text + strnlen(text, length);
	struct strbuf lines = { 0 };

	while (text < end) {
		const char *newline = memchr(text, '\n', end - text);
		const char *line_end = newline ? newline : end, *next = line_end + 1;

		while (text < line_end && is_blank(*text))
			text++;
		while (line_end > text && is_blank(line_end[-1]))
			line_end--;
		if (is_line(text, (size_t)(line_end - text))) {
			strbuf_add(&lines, text, (size_t)(line_end - text));
			strbuf_putc(&lines, '\n');
		}
		text = next;
	}
	*info = (struct vmcoreinfo){ 0 };
	if (lines.length) {
		info->text = xstrndup(strbuf_text(&lines), lines.length);
		info->length = lines.length;
	}
	strbuf_free(&lines);
	return info->text != NULL;
}

/* Are there the lines that every kernel writes, and that lead to the kernel? */
static bool is_complete(const struct vmcoreinfo *info)
{
	char value[65];
	size_t nr_lines = 0;
	u64 address;

	for (size_t i = 0; i < info->length; i++)
		nr_lines += info->text[i] == '\n';
	return nr_lines >= MIN_LINES &&
	       vmcoreinfo_string(info, "OSRELEASE", value, sizeof(value)) && value[0] &&
	       vmcoreinfo_string(info, "PAGESIZE", value, sizeof(value)) && streq(value, "4096") &&
	       (vmcoreinfo_hex(info, "SYMBOL(_stext)", &address) ||
		vmcoreinfo_hex(info, "KERNELOFFSET", &address));
}

enum agreement { DISAGREES, UNKNOWN, AGREES };

/*
 * Is this the text of the kernel that the dump is of? Memory may still have the page of a kernel
 * that ran before a reboot or kexec, or a file with such text. Where the text says that the
 * kernel's name is, the release must be found.
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

#define FIRST_KEY "OSRELEASE="
#define NOTE_NAME "VMCOREINFO"

/* Does a page that begins like START hold the text (*OFFSET 0), or the note with it? */
static bool text_in_page(const u8 *start, size_t *offset, size_t *length)
{
	*offset = 0;
	*length = MAX_TEXT;
	if (memcmp(start, FIRST_KEY, strlen(FIRST_KEY)) == 0)
		return true;
	*offset = NOTE_TEXT;
	*length = load_u32(start + 4);
	return load_u32(start) == sizeof(NOTE_NAME) && *length > 0 && *length <= MAX_TEXT &&
	       memcmp(start + 12, NOTE_NAME, sizeof(NOTE_NAME)) == 0 &&
	       memcmp(start + NOTE_TEXT, FIRST_KEY, strlen(FIRST_KEY)) == 0;
}

static bool begins_with_text(const u8 *page)
{
	size_t offset, length;

	return text_in_page(page, &offset, &length);
}

/* Reads the text that page PFN seems to have into INFO. */
static bool read_candidate(struct dump *dump, u64 pfn, struct vmcoreinfo *info)
{
	u8 start[START_BYTES];
	size_t offset, length;
	char text[MAX_TEXT];

	if (!dump_try_read(dump, pfn << PAGE_SHIFT, start, sizeof(start), NULL) ||
	    !text_in_page(start, &offset, &length))
		return false;
	/* A text of MAX_TEXT bytes reaches past the page that has the note's header. */
	if (!dump_try_read(dump, (pfn << PAGE_SHIFT) + offset, text, length, NULL))
		return false;
	if (!take_lines(text, length, info))
		return false;
	info->found_in_memory = true;
	if (is_complete(info))
		return true;
	vmcoreinfo_free(info);
	return false;
}

/* The note, the page that it was made from and copies of both tell of one kernel. */
static bool same_kernel(const struct vmcoreinfo *a, const struct vmcoreinfo *b)
{
	static const char *const keys[] = { "OSRELEASE", "BUILD-ID", "SYMBOL(_stext)",
					    "NUMBER(phys_base)" };
	char of_a[128], of_b[128];

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		bool has = vmcoreinfo_string(a, keys[i], of_a, sizeof(of_a));

		if (has != vmcoreinfo_string(b, keys[i], of_b, sizeof(of_b)) ||
		    (has && !streq(of_a, of_b)))
			return false;
	}
	return true;
}

/* A kernel whose text was found, and how well memory and registers bear it out. */
struct candidate {
	struct vmcoreinfo info;
	enum agreement memory;
	bool runs;
};

static void keep(struct candidate *candidates, size_t *count, const struct vmcoreinfo *info,
		 enum agreement memory, bool runs)
{
	for (size_t i = 0; i < *count; i++) {
		struct vmcoreinfo copy = *info;

		if (!same_kernel(&candidates[i].info, info))
			continue;
		/* The page is later than the note: CRASHTIME is in both. */
		if (candidates[i].info.length < info->length) {
			copy = candidates[i].info;
			candidates[i].info = *info;
		}
		vmcoreinfo_free(&copy);
		return;
	}
	candidates[(*count)++] = (struct candidate){ *info, memory, runs };
}

/* The kernel adds this line when it goes down. */
static bool has_crashed(const struct vmcoreinfo *info)
{
	s64 when;

	return vmcoreinfo_number(info, "CRASHTIME", &when);
}

/*
 * CPUs may have stopped in the kernel that crashed while one is in that which dumps it: the first
 * is asked about.
 */
static bool is_better(const struct candidate *a, const struct candidate *b)
{
	bool a_crashed = has_crashed(&a->info), b_crashed = has_crashed(&b->info);

	if (a->runs != b->runs)
		return a->runs;
	return a_crashed != b_crashed ? a_crashed : a->memory > b->memory;
}

static void describe(struct strbuf *text, const struct candidate *candidate)
{
	char release[128] = "?", offset[32] = "0";

	vmcoreinfo_string(&candidate->info, "OSRELEASE", release, sizeof(release));
	vmcoreinfo_string(&candidate->info, "KERNELOFFSET", offset, sizeof(offset));
	strbuf_printf(text, "%s at KASLR offset %s%s", release, offset,
		      candidate->runs ? " (CPUs are in it)" : "");
}

/* Says that there are several kernels which memory bears out alike, and which one was taken. */
static void remark_on_others(struct candidate *candidates, size_t count, size_t best)
{
	struct strbuf text = { 0 };
	size_t nr_alike = 0;

	strbuf_puts(&text, "memory has several kernels: taken is ");
	describe(&text, &candidates[best]);
	for (size_t i = 0; i < count; i++) {
		if (i == best || candidates[i].memory < candidates[best].memory)
			continue;
		nr_alike++;
		strbuf_puts(&text, "; left is ");
		describe(&text, &candidates[i]);
	}
	strbuf_puts(&text, "; --kaslr OFFSET takes another one");
	if (nr_alike)
		candidates[best].info.remark = xstrdup(strbuf_text(&text));
	strbuf_free(&text);
}

bool vmcoreinfo_search(struct dump *dump, vmcoreinfo_judge *runs, struct vmcoreinfo *info)
{
	struct candidate candidates[MAX_CANDIDATES];
	size_t count = 0, nr_frames, best = 0;
	u64 frames[MAX_CANDIDATES];

	*info = (struct vmcoreinfo){ 0 };
	nr_frames = page_scan(dump, "VMCOREINFO", START_BYTES, begins_with_text, frames,
			      ARRAY_SIZE(frames));
	for (size_t i = 0; i < nr_frames; i++) {
		struct vmcoreinfo found;
		enum agreement memory;

		if (!read_candidate(dump, frames[i], &found))
			continue;
		memory = agrees_with_memory(dump, &found);
		if (memory == DISAGREES)
			vmcoreinfo_free(&found);
		else
			keep(candidates, &count, &found, memory, runs && runs(dump, &found));
	}
	for (size_t i = 1; i < count; i++) {
		if (is_better(&candidates[i], &candidates[best]))
			best = i;
	}
	if (count)
		remark_on_others(candidates, count, best);
	for (size_t i = 0; i < count; i++) {
		if (i == best)
			*info = candidates[i].info;
		else
			vmcoreinfo_free(&candidates[i].info);
	}
	return count != 0;
}

/* Do both have a line of this KEY, and the lines differ? */
static bool differ_in(const struct vmcoreinfo *a, const struct vmcoreinfo *b, const char *key)
{
	char of_a[128], of_b[128];

	return vmcoreinfo_string(a, key, of_a, sizeof(of_a)) &&
	       vmcoreinfo_string(b, key, of_b, sizeof(of_b)) && !streq(of_a, of_b);
}

/* What memory has of the same kernel goes before the few lines of a note. */
static void complete(struct vmcoreinfo *note, const struct vmcoreinfo *found)
{
	struct strbuf both = { 0 };

	strbuf_add(&both, found->text, found->length);
	strbuf_add(&both, note->text, note->length);
	vmcoreinfo_free(note);
	*note = *found;
	free(note->text);
	note->text = xstrndup(strbuf_text(&both), both.length);
	note->length = both.length;
	strbuf_free(&both);
}

bool vmcoreinfo_load(struct dump *dump, vmcoreinfo_judge *runs, struct vmcoreinfo *info)
{
	struct vmcoreinfo found;

	*info = (struct vmcoreinfo){ 0 };
	if (dump->vmcoreinfo && take_lines(dump->vmcoreinfo, dump->vmcoreinfo_bytes, info) &&
	    is_complete(info))
		return true;
	/* All memory of a running machine: its kernel would have told where the text is. */
	if (dump->live)
		return info->text != NULL;
	if (!vmcoreinfo_search(dump, runs, &found)) {
		info->searched = true;
		return info->text != NULL;
	}
	if (!info->text)
		*info = found;
	else if (differ_in(info, &found, "OSRELEASE") || differ_in(info, &found, "BUILD-ID"))
		vmcoreinfo_free(&found);
	else
		complete(info, &found);
	return true;
}

void vmcoreinfo_free(struct vmcoreinfo *info)
{
	free(info->text);
	free(info->remark);
	*info = (struct vmcoreinfo){ 0 };
}
