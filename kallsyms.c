/* kallsyms.c - L3: decodes the compressed symbol table that the kernel carries in its image. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parts of the table, as scripts/kallsyms.c writes them (addresses ascending up to v6.3):
 *
 *   offsets         u32 each: a symbol's address in one of three readings, see enum reading
 *   relative_base   u64; gone in v7
 *   num_syms        u32
 *   names           each: length (one byte, or two of which the first has bit 7 set: v6.1), then so many
 *                   bytes, which are numbers of tokens; the first character of the text is nm's letter
 *   markers         u32 each: where in names every 256th symbol is
 *   seqs_of_names   three bytes each: the order by name (v6.2); not needed here
 *   token_table     256 strings
 *   token_index     u16 each: where in token_table each of them starts
 *
 * Since v6.4 offsets, relative_base and seqs_of_names stand after token_index.
 */
#include "kallsyms.h"

#include "memory.h"
#include "symbols.h"

#include <ctype.h>
#include <stdlib.h>

#define NR_TOKENS 256
#define INDEX_BYTES (NR_TOKENS * sizeof(u16))
#define MAX_TABLE_BYTES (64u << 10)
#define MAX_SYMBOLS (8u << 20)
#define MAX_NAMES_BYTES (256ULL << 20)
#define MAX_TEXT_BYTES (128ULL << 20) /* of all names, expanded: a kernel has some 6 MB */
#define MAX_NAME_BYTES 0x8000u /* two bytes of length */
#define NAMES_PER_MARKER 256
#define PERCPU_END (1ULL << 32) /* offsets into per-cpu areas, before they had addresses */

/* How an entry of the offsets tells an address. */
enum reading {
	/* CONFIG_KALLSYMS_ABSOLUTE_PERCPU: not negative: the value itself; else relative_base - 1 - it. */
	READ_PERCPU_ABSOLUTE,
	READ_FROM_BASE, /* relative_base + it, unsigned: v6.15 without zero-based per-cpu areas */
	READ_FROM_PLACE, /* its own address + it, signed: no relative_base any more */
	NR_READINGS,
};

struct place {
	u64 names, num_syms, token_table, token_index, offsets;
	u64 relative_base; /* 0: none */
};

struct table {
	struct place at;
	u64 base; /* what relative_base holds */
	u32 count;
	u8 *names;
	u64 names_bytes;
	u8 *offsets;
	const char *tokens[NR_TOKENS];
	u32 token_bytes[NR_TOKENS];
	char *token_text;
};

/* The table's place in kernels that tell it. */
static bool find_told(const struct vmcoreinfo *info, struct place *at)
{
	*at = (struct place){ 0 };
	vmcoreinfo_hex(info, "SYMBOL(kallsyms_relative_base)", &at->relative_base);
	return vmcoreinfo_hex(info, "SYMBOL(kallsyms_names)", &at->names) &&
	       vmcoreinfo_hex(info, "SYMBOL(kallsyms_num_syms)", &at->num_syms) &&
	       vmcoreinfo_hex(info, "SYMBOL(kallsyms_token_table)", &at->token_table) &&
	       vmcoreinfo_hex(info, "SYMBOL(kallsyms_token_index)", &at->token_index) &&
	       vmcoreinfo_hex(info, "SYMBOL(kallsyms_offsets)", &at->offsets);
}

/*
 * Names: the length of the one at *OFFSET, which is moved past the length. 0: it does not fit in BYTES.
 */
static u32 name_length(const u8 *names, u64 bytes, u64 *offset)
{
	u32 length;

	if (*offset >= bytes)
		return 0;
	length = names[(*offset)++];
	if (length & 0x80) {
		if (*offset >= bytes)
			return 0;
		length = (length & 0x7f) | (u32)names[(*offset)++] << 7;
	}
	return length <= bytes - *offset ? length : 0;
}

/* Do the strings at TABLE, which has BYTES bytes, begin where INDEX says, with zeroes behind the last? */
static bool index_fits(const u8 *index, const u8 *table, u64 bytes)
{
	u64 start = 0;

	for (size_t i = 0; i < NR_TOKENS; i++) {
		if (load_u16(index + i * sizeof(u16)) != start || start >= bytes)
			return false;
		start += strnlen((const char *)table + start, bytes - start) + 1;
	}
	if (start > bytes)
		return false;
	while (start < bytes) {
		if (table[start++])
			return false;
	}
	return true;
}

/*
 * Search, for v5.10 to v5.19. token_index is found first: 256 numbers that begin with 0 and rise in
 * small steps; then the strings before it must be as long as these steps.
 */
#define SEARCH_BYTES (128ULL << 20)
#define CHUNK_BYTES (1u << 20)
#define TABLE_ALIGN 8
#define LONGEST_TOKEN 512

/* What cannot be read becomes zeroes. Returns how many bytes could. */
static u64 read_pages(u64 address, u8 *buf, u64 bytes)
{
	u64 nr_read = 0;

	for (u64 at = 0; at < bytes; at += PAGE_BYTES) {
		u64 piece = min_u64(PAGE_BYTES, bytes - at);

		if (mem_try_read(address + at, buf + at, piece, NULL))
			nr_read += piece;
		else
			memset(buf + at, 0, piece);
	}
	return nr_read;
}

static bool looks_like_index(const u8 *p)
{
	u32 before = 0;

	if (load_u16(p))
		return false;
	for (size_t i = 1; i < NR_TOKENS; i++) {
		u32 here = load_u16(p + i * sizeof(u16));

		if (here <= before || here - before > LONGEST_TOKEN)
			return false;
		before = here;
	}
	return true;
}

static bool find_token_table(u64 token_index, const u8 *index, u64 *token_table)
{
	u64 least = load_u16(index + INDEX_BYTES - sizeof(u16)) + 1;
	u64 most = align_up(least + LONGEST_TOKEN, TABLE_ALIGN), bytes;
	u8 *buf = xmalloc(most);
	bool found = false;

	if (mem_try_read(token_index - most, buf, most, NULL)) {
		for (bytes = align_up(least, TABLE_ALIGN); bytes <= most && !found;
		     bytes += TABLE_ALIGN) {
			found = index_fits(index, buf + most - bytes, bytes);
			*token_table = token_index - bytes;
		}
	}
	free(buf);
	return found;
}

/* The markers end where the token table begins, and rise from 0: how many there are. */
static u64 count_markers(const u8 *words, u64 nr_words, u64 *last_marker, u64 *padding)
{
	u64 end = nr_words, first;

	*padding = 0;
	/* One word may fill up to the alignment. */
	if (end && load_u32(words + 4 * (end - 1)) == 0) {
		*padding = 4;
		end--;
	}
	if (!end)
		return 0;
	*last_marker = load_u32(words + 4 * (end - 1));
	for (first = end - 1; first; first--) {
		u32 here = load_u32(words + 4 * first);

		if (here == 0)
			return end - first;
		if (load_u32(words + 4 * (first - 1)) >= here)
			return 0;
	}
	return 0;
}

/* Do COUNT names lead to each of the markers? */
static bool markers_fit(const u8 *names, u64 bytes, u32 count, const u8 *markers)
{
	u64 offset = 0;

	for (u32 i = 0; i < count; i++) {
		u32 length;

		if (i % NAMES_PER_MARKER == 0 &&
		    load_u32(markers + i / NAMES_PER_MARKER * 4) != offset)
			return false;
		length = name_length(names, bytes, &offset);
		if (!length)
			return false;
		offset += length;
	}
	return true;
}

/* The names lie before the markers, and before them num_syms, relative_base and the offsets. */
static bool find_names(u64 markers_at, const u8 *markers, u64 nr_markers, u64 last_marker,
		       struct place *at)
{
	u64 before = NAMES_PER_MARKER * 256 + 64, bytes = last_marker + before, start;
	bool found = false;
	u8 *buf;

	if (bytes > MAX_NAMES_BYTES)
		return false;
	bytes = align_up(bytes, TABLE_ALIGN);
	buf = xmalloc(bytes);
	if (mem_try_read(markers_at - bytes, buf, bytes, NULL)) {
		for (start = 16; start <= bytes - last_marker && !found; start += TABLE_ALIGN) {
			u32 count = load_u32(buf + start - 8);

			if (count == 0 ||
			    (count + NAMES_PER_MARKER - 1) / NAMES_PER_MARKER != nr_markers ||
			    !markers_fit(buf + start, bytes - start, count, markers))
				continue;
			found = true;
			at->names = markers_at - bytes + start;
			at->num_syms = at->names - 8;
			at->relative_base = at->names - 16;
			at->offsets = at->relative_base - align_up(4ULL * count, TABLE_ALIGN);
		}
	}
	free(buf);
	return found;
}

static bool find_before_tokens(struct place *at)
{
	u64 bytes = 4ULL * (MAX_SYMBOLS / NAMES_PER_MARKER), last_marker, padding, count;
	u8 *buf = xmalloc(bytes);
	bool found = false;

	read_pages(at->token_table - bytes, buf, bytes);
	count = count_markers(buf, bytes / 4, &last_marker, &padding);
	if (count)
		found = find_names(at->token_table - padding - 4 * count,
				   buf + bytes - padding - 4 * count, count, last_marker, at);
	free(buf);
	return found;
}

static bool try_index(u64 token_index, const u8 *index, struct place *at)
{
	*at = (struct place){ .token_index = token_index };
	return find_token_table(token_index, index, &at->token_table) && find_before_tokens(at);
}

static bool find_searched(u64 start, struct place *at)
{
	u8 *buf = xmalloc(CHUNK_BYTES);
	bool found = false;
	u64 from;

	start = align_down(start, PAGE_BYTES);
	/* Chunks overlap by as much as an index has, so that none is cut in two. */
	for (from = start; from - start < SEARCH_BYTES && !found;
	     from += CHUNK_BYTES - PAGE_BYTES) {
		if (!read_pages(from, buf, CHUNK_BYTES))
			continue;
		for (u64 i = 0; i + INDEX_BYTES <= CHUNK_BYTES && !found; i += TABLE_ALIGN)
			found = looks_like_index(buf + i) && try_index(from + i, buf + i, at);
	}
	free(buf);
	return found;
}

static bool find_place(const struct vmcoreinfo *info, struct place *at, struct strbuf *why)
{
	u64 stext;

	if (find_told(info, at))
		return true;
	if (!vmcoreinfo_hex(info, "SYMBOL(_stext)", &stext)) {
		strbuf_puts(why,
			    "its VMCOREINFO does not say where the kernel is (SYMBOL(_stext))");
		return false;
	}
	if (find_searched(stext, at))
		return true;
	strbuf_puts(
		why,
		"the kernel's own symbol table (CONFIG_KALLSYMS) was not found in its image, and "
		"its VMCOREINFO, as before v6.0, does not say where it is");
	return false;
}

/*
 * Decoding
 */
static bool read_part(u64 address, void *buf, u64 bytes, const char *part, struct strbuf *why)
{
	struct fault fault;

	if (mem_try_read(address, buf, bytes, &fault))
		return true;
	strbuf_printf(why, "cannot read %s at %016llx: %s (at %016llx)", part,
		      (unsigned long long)address, fault_text(&fault),
		      (unsigned long long)fault.address);
	return false;
}

static bool senseless(struct strbuf *why, const char *what)
{
	strbuf_printf(why, "the kernel's own symbol table is damaged: %s", what);
	return false;
}

static bool read_tokens(struct table *table, struct strbuf *why)
{
	u64 bytes = table->at.token_index - table->at.token_table;
	u8 index[INDEX_BYTES];

	if (table->at.token_index <= table->at.token_table || bytes > MAX_TABLE_BYTES)
		return senseless(why, "kallsyms_token_index does not follow kallsyms_token_table");
	table->token_text = xcalloc(1, bytes + 1);
	if (!read_part(table->at.token_index, index, sizeof(index), "kallsyms_token_index", why) ||
	    !read_part(table->at.token_table, table->token_text, bytes, "kallsyms_token_table",
		       why))
		return false;
	if (!index_fits(index, (const u8 *)table->token_text, bytes))
		return senseless(why, "kallsyms_token_table and kallsyms_token_index do not agree");
	for (size_t i = 0; i < NR_TOKENS; i++) {
		table->tokens[i] = table->token_text + load_u16(index + i * sizeof(u16));
		table->token_bytes[i] = (u32)strlen(table->tokens[i]);
	}
	return true;
}

static bool read_table(struct table *table, struct strbuf *why)
{
	struct place *at = &table->at;

	if (!read_part(at->num_syms, &table->count, sizeof(table->count), "kallsyms_num_syms",
		       why) ||
	    !read_tokens(table, why))
		return false;
	if (at->relative_base && !read_part(at->relative_base, &table->base, sizeof(table->base),
					    "kallsyms_relative_base", why))
		return false;
	if (table->count == 0 || table->count > MAX_SYMBOLS)
		return senseless(why, "kallsyms_num_syms is no number of symbols");
	table->names_bytes = at->token_table - at->names;
	if (at->token_table <= at->names || table->names_bytes > MAX_NAMES_BYTES)
		return senseless(why, "kallsyms_token_table does not follow kallsyms_names");
	table->names = xmalloc(table->names_bytes);
	table->offsets = xmalloc(4ULL * table->count);
	return read_part(at->names, table->names, table->names_bytes, "kallsyms_names", why) &&
	       read_part(at->offsets, table->offsets, 4ULL * table->count, "kallsyms_offsets", why);
}

/* How many bytes all texts have, letters and final NULs included; 0: the names do not fit, or make no sense. */
static u64 measure(const struct table *table)
{
	u64 offset = 0, bytes = 0;

	for (u32 i = 0; i < table->count; i++) {
		u32 length = name_length(table->names, table->names_bytes, &offset);

		if (!length || length > MAX_NAME_BYTES)
			return 0;
		for (; length; length--)
			bytes += table->token_bytes[table->names[offset++]];
		bytes++;
		if (bytes > MAX_TEXT_BYTES)
			return 0;
	}
	return bytes;
}

static char *expand(const struct table *table, u64 *offset, char *to)
{
	u32 length = name_length(table->names, table->names_bytes, offset);

	for (; length; length--) {
		u8 token = table->names[(*offset)++];

		memcpy(to, table->tokens[token], table->token_bytes[token]);
		to += table->token_bytes[token];
	}
	*to++ = '\0';
	return to;
}

static u64 address_of(const struct table *table, enum reading reading, u32 index)
{
	s32 offset = (s32)load_u32(table->offsets + 4ULL * index);

	switch (reading) {
	case READ_PERCPU_ABSOLUTE:
		return offset >= 0 ? (u64)offset : table->base - 1 - (u64)(s64)offset;
	case READ_FROM_BASE:
		return table->base + (u32)offset;
	default:
		return table->at.offsets + 4ULL * index + (u64)(s64)offset;
	}
}

/*
 * How many entries make no sense: the table is in the order of addresses, most of them in the kernel's
 * image and the others per-cpu offsets.
 */
static u32 count_wrong(const struct table *table, enum reading reading)
{
	u32 wrong = 0, nr_image = 0;
	u64 before = 0;

	for (u32 i = 0; i < table->count; i++) {
		u64 address = address_of(table, reading, i);

		nr_image += address >= KERNEL_MAP_START;
		wrong += address < before || (address >= PERCPU_END && address < KERNEL_MAP_START);
		before = address;
	}
	return nr_image > table->count / 2 ? wrong : table->count;
}

static bool find_reading(const struct table *table, enum reading *best, struct strbuf *why)
{
	u32 least = UINT32_MAX;

	for (enum reading reading = 0; reading < NR_READINGS; reading++) {
		u32 wrong;

		if ((reading == READ_FROM_PLACE) != (table->at.relative_base == 0))
			continue;
		wrong = count_wrong(table, reading);
		if (wrong < least) {
			least = wrong;
			*best = reading;
		}
	}
	return least <= table->count / 16 || senseless(why, "its addresses are in no order");
}

/* What the next symbol leaves room for; an alias has the size of its namesake. */
static void guess_sizes(struct symbol *symbols, u32 count)
{
	u64 end = 0;

	for (u32 i = count; i-- > 0;) {
		if (i + 1 < count && symbols[i + 1].value != symbols[i].value)
			end = symbols[i + 1].value;
		if (end > symbols[i].value)
			symbols[i].size = (u32)min_u64(end - symbols[i].value, UINT32_MAX);
	}
	/* The last per-cpu offset and the image have nothing to do with each other. */
	for (u32 i = 0; i < count && symbols[i].value < PERCPU_END; i++) {
		if (symbols[i].size > 64u << 20)
			symbols[i].size = 0;
	}
}

static bool decode(const struct table *table, const struct vmcoreinfo *info, u64 kaslr_offset,
		   struct strbuf *why)
{
	u64 bytes = measure(table), offset = 0, stext;
	enum reading reading = NR_READINGS;
	struct symbol *symbols;
	char *names, *to;

	if (!bytes)
		return senseless(why, "its names do not fit in kallsyms_names");
	if (!find_reading(table, &reading, why))
		return false;
	symbols = xcalloc(table->count, sizeof(*symbols));
	names = to = xmalloc(bytes + 1);
	for (u32 i = 0; i < table->count; i++) {
		u64 value = address_of(table, reading, i);
		const char *text = to;
		char letter;

		to = expand(table, &offset, to);
		letter = text[0];
		symbols[i] = (struct symbol){
			.value = value,
			.name = text + (letter != '\0'),
			/* nm calls per-cpu variables data; here they are absolute. */
			.type = value < PERCPU_END && toupper((unsigned char)letter) == 'A'
					? 'D'
					: letter,
		};
	}
	guess_sizes(symbols, table->count);
	symbols_load_table(symbols, table->count, names, kaslr_offset);
	if (vmcoreinfo_hex(info, "SYMBOL(_stext)", &stext) &&
	    (!symbol_by_name("_stext") || symbol_by_name("_stext")->value != stext)) {
		symbols_reset();
		return senseless(why, "_stext is not where VMCOREINFO has it");
	}
	return true;
}

bool kallsyms_load(const struct vmcoreinfo *info, u64 kaslr_offset, struct strbuf *why)
{
	struct table table = { 0 };
	bool loaded = find_place(info, &table.at, why) && read_table(&table, why) &&
		      decode(&table, info, kaslr_offset, why);

	free(table.names);
	free(table.offsets);
	free(table.token_text);
	return loaded;
}
