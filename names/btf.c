/* names/btf.c - reads BTF, the compact type information inside vmlinux, modules and dumps. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The blob: a header (magic 0xeb9f u16, version u8, flags u8, header length u32, then offset and
 * length of the type section and of the string section, each u32 and counted from the header's
 * end). A longer header (v7.1) adds offset and length of the layouts: for each kind two u8, the
 * bytes that follow a record and those of each of its items, and a u16; with them unknown kinds can
 * be skipped. A type record is three u32: name (offset into strings), info (bits 0-23 item count,
 * 24-30 kind, 31 kind_flag; until v7.1 16 and 5 bits with zeroes above), size or type id;
 * kind-specific data follow. Ids count records from 1. A module's split BTF continues the ids and
 * string offsets of its base.
 *
 * btf_open() walks the records once, checks that each lies inside the blob and notes where it
 * starts. Type ids inside records are not checked there: whoever follows one asks btf_record(),
 * which answers false for an id that does not exist, and limits how far it follows. Where a
 * record of a newer kind has no layout, nobody knows where the next one starts: the types before
 * it are kept.
 */
#include "names/btf.h"

#include "base/fail.h"

#include <stdlib.h>

#define BTF_MAGIC 0xeb9f
#define BTF_HEADER_BYTES 24
#define LONG_HEADER_BYTES 32
#define LAYOUT_BYTES 4
#define RECORD_BYTES 12

static u32 info_kind(u32 info)
{
	return info >> 24 & 0x7f;
}

static u32 info_nr_items(u32 info)
{
	return info & 0xffffff;
}

/* Names to ids of all named definitions of one group of kinds; slots hold ids, 0 is empty. */
struct id_table {
	u32 *slots;
	size_t space;
};

/* A name in the table of enumerators: where its value is. */
struct enumerator_slot {
	const char *name;
	s64 value;
};

struct btf {
	const u8 *data;
	u64 size;
	const struct btf *base;
	u32 first_id; /* of this blob's first record: 1, or the base's count */
	u32 nr_types; /* ids below this exist */
	bool cut; /* others follow that could not be found: nr_types is no base to count from */
	u32 *records; /* offset in data of record first_id + i */
	const char *strings; /* the last byte is NUL */
	u32 string_bytes;
	const u8 *layouts; /* NULL: none */
	u32 nr_layouts;
	u32 first_string; /* offset that strings[0] has: 0, or the end of the base's */

	/* Built when first asked for. */
	struct id_table types; /* INT, FLOAT, STRUCT, UNION, ENUM, ENUM64, TYPEDEF */
	struct id_table functions; /* FUNC, VAR */
	struct enumerator_slot *enumerators;
	size_t enumerator_space;
};

/* Bytes after a record of KIND. False for a kind whose shape neither we nor the blob know. */
static bool trailing_bytes(const struct btf *btf, u32 kind, u32 nr_items, u64 *bytes)
{
	static const struct {
		u8 fixed, per_item;
	} shape[BTF_NR_KINDS] = {
		[BTF_INT] = { 4, 0 },	  [BTF_ARRAY] = { 12, 0 },   [BTF_STRUCT] = { 0, 12 },
		[BTF_UNION] = { 0, 12 },  [BTF_ENUM] = { 0, 8 },     [BTF_FUNC_PROTO] = { 0, 8 },
		[BTF_VAR] = { 4, 0 },	  [BTF_DATASEC] = { 0, 12 }, [BTF_DECL_TAG] = { 4, 0 },
		[BTF_ENUM64] = { 0, 12 },
	};

	if (kind == BTF_VOID || (kind >= BTF_NR_KINDS && kind >= btf->nr_layouts))
		return false;
	if (kind >= BTF_NR_KINDS) {
		const u8 *layout = btf->layouts + LAYOUT_BYTES * kind;

		*bytes = layout[0] + (u64)layout[1] * nr_items;
		return true;
	}
	*bytes = shape[kind].fixed + (u64)shape[kind].per_item * nr_items;
	return true;
}

/*
 * Walks all records; with STARTS, notes where they are. Both walks see the same bytes. False
 * where it went no further, with the number of those before in *COUNT: 0 when the blob is damaged
 * rather than new.
 */
static bool walk_records(const struct btf *btf, u64 start, u64 length, u32 *starts, u32 *count,
			 struct strbuf *why)
{
	u64 at = 0, trailing;
	u32 nr = 0;

	*count = 0;
	while (at < length) {
		const u8 *record = btf->data + start + at;
		u32 info;

		if (!range_fits(at, RECORD_BYTES, length)) {
			strbuf_printf(why, "BTF type %u is cut short", btf->first_id + nr);
			return false;
		}
		info = load_u32(record + 4);
		if (!trailing_bytes(btf, info_kind(info), info_nr_items(info), &trailing)) {
			strbuf_printf(why,
				      "BTF type %u is of kind %u, which this program does not know",
				      btf->first_id + nr, info_kind(info));
			*count = info_kind(info) < BTF_NR_KINDS ? 0 : nr;
			return false;
		}
		if (!range_fits(at + RECORD_BYTES, trailing, length)) {
			strbuf_printf(why, "BTF type %u reaches past the end of the types",
				      btf->first_id + nr);
			return false;
		}
		if (starts)
			starts[nr] = start + at;
		nr++;
		at += RECORD_BYTES + trailing;
	}
	*count = nr;
	return true;
}

/* A damaged or absent list of layouts only means that unknown kinds stay unknown. */
static void find_layouts(struct btf *btf, u64 header_bytes)
{
	u64 start, bytes;

	if (header_bytes < LONG_HEADER_BYTES || btf->size < LONG_HEADER_BYTES)
		return;
	start = header_bytes + load_u32(btf->data + 24);
	bytes = load_u32(btf->data + 28);
	if (!range_fits(start, bytes, btf->size))
		return;
	btf->layouts = btf->data + start;
	btf->nr_layouts = bytes / LAYOUT_BYTES;
}

static bool read_header(struct btf *btf, u64 *type_start, u64 *type_bytes, struct strbuf *why)
{
	u64 header_bytes, string_start, string_bytes;
	const u8 *header = btf->data;

	if (btf->size > INT32_MAX) {
		strbuf_puts(why, "BTF of more than 2 GiB");
		return false;
	}
	if (btf->size < BTF_HEADER_BYTES) {
		strbuf_puts(why, "BTF shorter than its header");
		return false;
	}
	if (load_u16(header) != BTF_MAGIC) {
		strbuf_printf(why,
			      load_u16(header) == 0x9feb ? "BTF of a big-endian machine"
							 : "not BTF (its magic is %#x)",
			      load_u16(header));
		return false;
	}
	header_bytes = load_u32(header + 4);
	if (header[2] != 1 || header_bytes < BTF_HEADER_BYTES) {
		strbuf_printf(why, "BTF version %u with a header of %u bytes", header[2],
			      (u32)header_bytes);
		return false;
	}
	*type_start = header_bytes + load_u32(header + 8);
	*type_bytes = load_u32(header + 12);
	string_start = header_bytes + load_u32(header + 16);
	string_bytes = load_u32(header + 20);
	if (!range_fits(*type_start, *type_bytes, btf->size) ||
	    !range_fits(string_start, string_bytes, btf->size)) {
		strbuf_printf(
			why,
			"BTF cut short: types end at %llu, strings at %llu, but it has %llu bytes",
			(*type_start + *type_bytes), (string_start + string_bytes), btf->size);
		return false;
	}
	find_layouts(btf, header_bytes);
	btf->strings = (const char *)btf->data + string_start;
	btf->string_bytes = string_bytes;
	if (string_bytes && btf->strings[string_bytes - 1] != '\0') {
		strbuf_puts(why, "BTF whose strings do not end");
		return false;
	}
	return true;
}

struct btf *btf_open(const void *data, u64 size, const struct btf *base, struct strbuf *why)
{
	struct btf *btf = xcalloc(1, sizeof(*btf));
	u64 type_start = 0, type_bytes = 0;
	struct strbuf again = { 0 };
	u32 count = 0;

	btf->data = data;
	btf->size = size;
	btf->base = base;
	btf->first_id = base ? base->nr_types : 1;
	btf->first_string = base ? base->first_string + base->string_bytes : 0;
	btf->cut = true;
	if (base && base->cut)
		strbuf_puts(why, "its numbers continue those of a BTF that was not read whole");
	else if (read_header(btf, &type_start, &type_bytes, why))
		btf->cut = !walk_records(btf, type_start, type_bytes, NULL, &count, why);
	if (btf->cut && !count) {
		btf_close(btf);
		return NULL;
	}
	btf->records = xcalloc((size_t)count + 1, sizeof(*btf->records));
	walk_records(btf, type_start, type_bytes, btf->records, &count, &again);
	strbuf_free(&again);
	btf->nr_types = btf->first_id + count;
	return btf;
}

void btf_close(struct btf *btf)
{
	if (!btf)
		return;
	free(btf->records);
	free(btf->types.slots);
	free(btf->functions.slots);
	free(btf->enumerators);
	free(btf);
}

u32 btf_nr_types(const struct btf *btf)
{
	return btf->nr_types;
}

const void *btf_data(const struct btf *btf, u64 *size)
{
	*size = btf->size;
	return btf->data;
}

const char *btf_string(const struct btf *btf, u32 offset)
{
	while (btf->base && offset < btf->first_string)
		btf = btf->base;
	offset -= btf->first_string;
	return offset < btf->string_bytes ? btf->strings + offset : "";
}

bool btf_record(const struct btf *btf, u32 id, struct btf_record *record)
{
	const u8 *raw;
	u32 info;

	memset(record, 0, sizeof(*record));
	record->name = "";
	if (id == 0)
		return true;
	while (btf->base && id < btf->first_id)
		btf = btf->base;
	if (id < btf->first_id || id >= btf->nr_types)
		return false;
	raw = btf->data + btf->records[id - btf->first_id];
	info = load_u32(raw + 4);
	record->name = btf_string(btf, load_u32(raw));
	record->kind = info_kind(info);
	record->kind_flag = info >> 31;
	record->nr_items = info_nr_items(info);
	record->size = record->target = load_u32(raw + 8);
	record->items = raw + RECORD_BYTES;
	return true;
}

/* An old encoding without kind_flag keeps a bit-field's place in the INT that is its type. */
static void old_bit_field(const struct btf *btf, struct btf_member *member)
{
	struct btf_record type;
	u32 encoding, bits;

	if (!btf_record(btf, member->type, &type) || type.kind != BTF_INT)
		return;
	encoding = load_u32(type.items);
	bits = encoding & 0xff;
	if (!bits || (bits == type.size * 8 && !(encoding >> 16 & 0xff)))
		return;
	member->bit_offset += encoding >> 16 & 0xff;
	member->bit_size = bits;
}

void btf_member(const struct btf *btf, const struct btf_record *record, u32 index,
		struct btf_member *member)
{
	const u8 *item = record->items + 12 * (u64)index;
	u32 place = load_u32(item + 8);

	member->name = btf_string(btf, load_u32(item));
	member->type = load_u32(item + 4);
	member->bit_offset = record->kind_flag ? place & 0xffffff : place;
	member->bit_size = record->kind_flag ? place >> 24 : 0;
	if (!record->kind_flag)
		old_bit_field(btf, member);
}

s64 btf_enumerator(const struct btf *btf, const struct btf_record *record, u32 index,
		   const char **name)
{
	const u8 *item = record->items + (record->kind == BTF_ENUM64 ? 12 : 8) * (u64)index;
	u64 low = load_u32(item + 4);

	if (name)
		*name = btf_string(btf, load_u32(item));
	if (record->kind == BTF_ENUM64)
		return (s64)(low | (u64)load_u32(item + 8) << 32);
	/* kind_flag means signed, but BTF made before v6.0 never sets it; only values that do not
	 * fit an int need it, and those are in enums whose other values are flags. */
	return (s32)low;
}

static bool is_type_kind(enum btf_kind kind)
{
	return kind == BTF_INT || kind == BTF_FLOAT || kind == BTF_STRUCT || kind == BTF_UNION ||
	       kind == BTF_ENUM || kind == BTF_ENUM64 || kind == BTF_TYPEDEF;
}

static bool is_function_kind(enum btf_kind kind)
{
	return kind == BTF_FUNC || kind == BTF_VAR;
}

/* The slot of the type of that kind and name, or the empty one where it belongs. */
static size_t id_slot(const struct btf *btf, const struct id_table *table, enum btf_kind kind,
		      const char *name)
{
	struct btf_record record;
	size_t i;

	for (i = hash_text(name) & (table->space - 1); table->slots[i];
	     i = (i + 1) & (table->space - 1))
		if (btf_record(btf, table->slots[i], &record) && record.kind == kind &&
		    (record.name == name || streq(record.name, name)))
			break;
	return i;
}

/* The first definition of a name stays: damaged data with one name for all cost no more time. */
static void build_ids(const struct btf *btf, bool (*wanted)(enum btf_kind), struct id_table *table)
{
	struct btf_record record;
	size_t count = 0;
	u32 id;

	for (id = btf->first_id; id < btf->nr_types; id++)
		if (btf_record(btf, id, &record) && wanted(record.kind) && record.name[0])
			count++;
	table->space = 64;
	while (table->space < count * 2)
		table->space *= 2;
	table->slots = xcalloc(table->space, sizeof(*table->slots));
	for (id = btf->first_id; id < btf->nr_types; id++) {
		size_t i;

		if (!btf_record(btf, id, &record) || !wanted(record.kind) || !record.name[0])
			continue;
		i = id_slot(btf, table, record.kind, record.name);
		if (!table->slots[i])
			table->slots[i] = id;
	}
}

u32 btf_find(const struct btf *btf, enum btf_kind kind, const char *name)
{
	bool functions = is_function_kind(kind);
	/* A cache: filling it changes nothing that a caller can see. */
	struct id_table *table = (struct id_table *)(functions ? &btf->functions : &btf->types);
	u32 id;

	if (!name[0] || (!functions && !is_type_kind(kind)))
		return 0;
	id = btf->base ? btf_find(btf->base, kind, name) : 0;
	if (id)
		return id;
	if (!table->slots)
		build_ids(btf, functions ? is_function_kind : is_type_kind, table);
	return table->slots[id_slot(btf, table, kind, name)];
}

static size_t count_enumerators(const struct btf *btf)
{
	struct btf_record record;
	size_t count = 0;
	u32 id;

	for (id = btf->first_id; id < btf->nr_types; id++)
		if (btf_record(btf, id, &record) &&
		    (record.kind == BTF_ENUM || record.kind == BTF_ENUM64))
			count += record.nr_items;
	return count;
}

static struct enumerator_slot *enumerator_slot(const struct btf *btf, const char *name)
{
	size_t mask = btf->enumerator_space - 1, i = hash_text(name) & mask;

	while (btf->enumerators[i].name && btf->enumerators[i].name != name &&
	       !streq(btf->enumerators[i].name, name))
		i = (i + 1) & mask;
	return &btf->enumerators[i];
}

static void build_enumerators(struct btf *btf)
{
	size_t count = count_enumerators(btf);
	struct btf_record record;
	u32 id, i;

	btf->enumerator_space = 64;
	while (btf->enumerator_space < count * 2)
		btf->enumerator_space *= 2;
	btf->enumerators = xcalloc(btf->enumerator_space, sizeof(*btf->enumerators));
	for (id = btf->first_id; id < btf->nr_types; id++) {
		if (!btf_record(btf, id, &record) ||
		    (record.kind != BTF_ENUM && record.kind != BTF_ENUM64))
			continue;
		for (i = 0; i < record.nr_items; i++) {
			struct enumerator_slot found, *slot;

			found.value = btf_enumerator(btf, &record, i, &found.name);
			slot = enumerator_slot(btf, found.name);
			if (!slot->name)
				*slot = found;
		}
	}
}

bool btf_find_enumerator(const struct btf *btf, const char *name, s64 *value)
{
	const struct enumerator_slot *slot;

	if (!name[0])
		return false;
	if (btf->base && btf_find_enumerator(btf->base, name, value))
		return true;
	if (!btf->enumerators)
		build_enumerators((struct btf *)btf);
	slot = enumerator_slot(btf, name);
	if (!slot->name)
		return false;
	*value = slot->value;
	return true;
}
