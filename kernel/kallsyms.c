/* kernel/kallsyms.c - decodes the compressed symbol table that the kernel carries in its image. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parts of the table, as scripts/kallsyms.c writes them (addresses ascending up to v6.3):
 *
 *   offsets         u32 each: a symbol's address in one of three readings, see enum reading
 *   relative_base   u64; gone in v7
 *   num_syms        u32
 *   names           each: length (one byte, or two of which the first has bit 7 set: v6.1), then
 *                   so many bytes, which are numbers of tokens; the first character of the text
 *                   is nm's letter
 *   markers         u32 each: where in names every 256th symbol is
 *   seqs_of_names   four bytes each (v6.2), then three (v6.3): the order by name; not needed here
 *   token_table     256 strings
 *   token_index     u16 each: where in token_table each of them starts
 *
 * Since v6.4 offsets, relative_base and seqs_of_names stand after token_index.
 */
#include "kernel/kallsyms.h"

#include "base/fail.h"
#include "memory.h"
#include "symbols.h"

#include <ctype.h>
#include <stdlib.h>

#define NR_TOKENS 256
#define INDEX_BYTES (NR_TOKENS * sizeof(u16))
#define MAX_TABLE_BYTES (64u << 10)
#define MAX_SYMBOLS (2u << 20) /* a distribution's kernel has some 200,000 */
#define MAX_NAMES_BYTES (64ULL << 20)
#define MAX_TEXT_BYTES (128ULL << 20) /* of all names, expanded: a kernel has some 6 MB */
#define MAX_NAME_BYTES 0x8000u /* two bytes of length */
#define NAMES_PER_MARKER 256
#define PERCPU_END (1ULL << 32) /* offsets into per-cpu areas, before they had addresses */

/* How an entry of the offsets tells an address. */
enum reading {
	/*
	 * CONFIG_KALLSYMS_ABSOLUTE_PERCPU: not negative: the value itself; else relative_base -
	 * 1 - it.
	 */
	READ_PERCPU_ABSOLUTE,
	READ_FROM_BASE, /* relative_base + it, unsigned: v6.15 without zero-based per-cpu areas */
	READ_FROM_PLACE, /* its own address + it, signed: no relative_base any more */
	NR_READINGS,
};

struct place {
	u64 names, num_syms, token_table, token_index, offsets;
	u64 relative_base; /* 0: none */
};

#define MAX_PLACES 3

static struct place loaded_from;

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
 * Names: the length of the one at *OFFSET, which is moved past the length. 0: it does not
 * fit in BYTES.
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

/*
 * Do the strings at TABLE, which has BYTES bytes, begin where INDEX says, with zeroes
 * behind the last?
 */
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
 * Search, for kernels whose VMCOREINFO does not tell (v5.10 to v5.19), and for dumps that have
 * none. token_index is found first: 256 numbers that begin with 0 and rise in small steps; then the
 * strings before it must be as long as these steps. Before the strings are the markers, with the
 * numbers by name in between from v6.2 to v6.3, and before these so many names as num_syms says.
 */
#ifndef KALLSYMS_SEARCH_BYTES /* the fuzz targets' kernel is a small one, and soon looked through */
#define KALLSYMS_SEARCH_BYTES (128ULL << 20)
#define KALLSYMS_MOST_STEPS                                                                        \
	(1ULL << 27) /* names looked at in all: nonsense could look like names everywhere */
#define KALLSYMS_CHUNK_BYTES (1u << 20)
#endif
#define TABLE_ALIGN 4 /* 8 up to v6.19 */
#define LONGEST_TOKEN 512
#define NAMES_WINDOW (32ULL << 20) /* a kernel's names have 2 to 3 MB */
#define FEWEST_NAMES 32

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

struct search {
	u64 start; /* of the image */
	u8 *window; /* what is before token_table: NAMES_WINDOW bytes, if the image has so many */
	u64 window_bytes;
	u32 *markers; /* of the names last counted */
	u64 steps;
};

/* Counts off COUNT names from START on, noting where every 256th is; 0: these are no names. */
static u64 end_of_names(struct search *search, u64 start, u32 count)
{
	const u8 *names = search->window + start;
	u64 offset = 0, bytes = search->window_bytes - start;

	for (u32 i = 0; i < count; i++) {
		u32 length;

		if (i % NAMES_PER_MARKER == 0)
			search->markers[i / NAMES_PER_MARKER] = (u32)offset;
		length = name_length(names, bytes, &offset);
		if (!length || ++search->steps > KALLSYMS_MOST_STEPS)
			return 0;
		offset += length;
	}
	return start + offset;
}

/*
 * Are the markers of COUNT names behind END, and the token table behind these or their
 * numbers by name?
 */
static bool markers_follow(const struct search *search, u64 end, u32 count, u64 align)
{
	static const u64 number_bytes[] = { 0, 3, 4 };
	u64 at = align_up(end, align), nr_markers = (count - 1) / NAMES_PER_MARKER + 1;
	bool behind = false;

	for (size_t i = 0; i < ARRAY_SIZE(number_bytes); i++) {
		u64 numbers = align_up(at + 4 * nr_markers, align);

		behind |= align_up(numbers + number_bytes[i] * count, align) ==
			  search->window_bytes;
	}
	if (!behind)
		return false;
	for (u64 i = 0; i < nr_markers; i++) {
		if (load_u32(search->window + at + 4 * i) != search->markers[i])
			return false;
	}
	return true;
}

/* Can START be where names begin, after a num_syms that is NUM_SYMS bytes before? */
static bool names_fit(struct search *search, u64 start, u64 num_syms)
{
	u32 count = load_u32(search->window + start - num_syms);
	u64 end;

	if (count < FEWEST_NAMES || count > MAX_SYMBOLS ||
	    2ULL * count > search->window_bytes - start)
		return false;
	end = end_of_names(search, start, count);
	return end &&
	       (markers_follow(search, end, count, 8) || markers_follow(search, end, count, 4));
}

static bool find_names(struct search *search, struct place *at)
{
	u64 window_at = at->token_table - search->window_bytes;

	if (!read_pages(window_at, search->window, search->window_bytes))
		return false;
	for (u64 start = search->window_bytes - TABLE_ALIGN;
	     start >= 8 && search->steps <= KALLSYMS_MOST_STEPS; start -= TABLE_ALIGN) {
		bool padded = load_u32(search->window + start - 4) == 0;

		if (!names_fit(search, start, padded ? 8 : 4))
			continue;
		at->names = window_at + start;
		at->num_syms = at->names - (padded ? 8 : 4);
		return true;
	}
	return false;
}

static bool find_before_tokens(struct search *search, struct place *at)
{
	bool found;

	if (at->token_table < search->start + PAGE_BYTES)
		return false;
	search->window_bytes = min_u64(align_down(at->token_table - search->start, 8),
				       NAMES_WINDOW);
	search->window = xmalloc(search->window_bytes);
	search->markers = xcalloc(search->window_bytes / 2 / NAMES_PER_MARKER + 1,
				  sizeof(*search->markers));
	found = find_names(search, at);
	free(search->window);
	free(search->markers);
	return found;
}

static bool try_index(struct search *search, u64 token_index, const u8 *index, struct place *at)
{
	*at = (struct place){ .token_index = token_index };
	return find_token_table(token_index, index, &at->token_table) &&
	       find_before_tokens(search, at);
}

static bool find_searched(u64 start, struct place *at)
{
	u8 *buf = xmalloc(KALLSYMS_CHUNK_BYTES);
	struct search search = { 0 };
	bool found = false;
	u64 from;

	start = align_down(start, PAGE_BYTES);
	search.start = start;
	/* Chunks overlap by as much as an index has, so that none is cut in two. */
	for (from = start; from - start < KALLSYMS_SEARCH_BYTES && !found && !interrupt_pending();
	     from += KALLSYMS_CHUNK_BYTES - PAGE_BYTES) {
		if (!read_pages(from, buf, KALLSYMS_CHUNK_BYTES))
			continue;
		for (u64 i = 0; i + INDEX_BYTES <= KALLSYMS_CHUNK_BYTES && !found; i += TABLE_ALIGN)
			found = looks_like_index(buf + i) &&
				try_index(&search, from + i, buf + i, at);
	}
	free(buf);
	return found;
}

/*
 * Where the addresses of the names found can be: before num_syms, or from v6.4 on behind
 * token_index, there with the base or without one.
 */
static size_t add_offsets(struct place *places)
{
	struct place found = places[0];
	u32 count;

	if (!mem_try_read(found.num_syms, &count, sizeof(count), NULL))
		return 0;
	places[0].relative_base = found.num_syms - 8;
	places[0].offsets = places[0].relative_base - align_up(4ULL * count, 8);
	places[1] = places[2] = found;
	places[1].offsets = places[2].offsets = found.token_index + INDEX_BYTES;
	places[1].relative_base = align_up(places[1].offsets + 4ULL * count, 8);
	return MAX_PLACES;
}

/* Fills PLACES, the likeliest first. 0: none, with *why. */
static size_t find_places(const struct vmcoreinfo *info, struct place *places, struct strbuf *why)
{
	u64 start;

	if (find_told(info, &places[0]))
		return 1;
	if (!vmcoreinfo_hex(info, "SYMBOL(_stext)", &start) &&
	    !vmcoreinfo_hex(info, "SYMBOL(_text)", &start)) {
		strbuf_puts(why,
			    "its VMCOREINFO does not say where the kernel is (SYMBOL(_stext))");
		return 0;
	}
	if (find_searched(start, &places[0]))
		return add_offsets(places);
	strbuf_puts(
		why,
		"the kernel's own symbol table (CONFIG_KALLSYMS) was not found in its image, and "
		"its VMCOREINFO does not say where it is");
	return 0;
}

/*
 * Decoding
 */
static bool read_part(u64 address, void *buf, u64 bytes, const char *part, struct strbuf *why)
{
	struct fault fault;

	if (mem_try_read(address, buf, bytes, &fault))
		return true;
	strbuf_printf(why, "cannot read %s at %016llx: %s (at %016llx)", part, address,
		      fault_text(&fault), fault.address);
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
	/* A name has its length and one token at least. */
	if (table->count > table->names_bytes / 2)
		return senseless(why, "its names do not fit in kallsyms_names");
	table->names = xmalloc(table->names_bytes);
	table->offsets = xmalloc(4ULL * table->count);
	return read_part(at->names, table->names, table->names_bytes, "kallsyms_names", why) &&
	       read_part(at->offsets, table->offsets, 4ULL * table->count, "kallsyms_offsets", why);
}

/*
 * How many bytes all texts have, letters and final NULs included; 0: the names do not fit, or
 * make no sense.
 */
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
 * How many entries make no sense: the table is in the order of addresses, most of them in the
 * kernel's image and the others per-cpu offsets.
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

static bool load_from(const struct place *place, const struct vmcoreinfo *info, u64 kaslr_offset,
		      struct strbuf *why)
{
	struct table table = { .at = *place };
	bool loaded = read_table(&table, why) && decode(&table, info, kaslr_offset, why);

	free(table.names);
	free(table.offsets);
	free(table.token_text);
	return loaded;
}

bool kallsyms_load(const struct vmcoreinfo *info, u64 kaslr_offset, struct strbuf *why)
{
	struct place places[MAX_PLACES];
	size_t nr_places = find_places(info, places, why);

	for (size_t i = 0; i < nr_places; i++) {
		strbuf_reset(why);
		if (!load_from(&places[i], info, kaslr_offset, why))
			continue;
		loaded_from = places[i];
		return true;
	}
	return false;
}

static void describe_part(struct strbuf *text, const char *name, u64 address)
{
	if (address)
		strbuf_printf(text, "SYMBOL(kallsyms_%s)=%llx\n", name, address);
}

void kallsyms_describe(struct strbuf *text)
{
	describe_part(text, "names", loaded_from.names);
	describe_part(text, "num_syms", loaded_from.num_syms);
	describe_part(text, "token_table", loaded_from.token_table);
	describe_part(text, "token_index", loaded_from.token_index);
	describe_part(text, "offsets", loaded_from.offsets);
	describe_part(text, "relative_base", loaded_from.relative_base);
}
