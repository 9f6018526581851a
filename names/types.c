/* names/types.c - sizes, members and enumerators of kernel types, out of BTF or a fallback. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Types refer to each other by id, and damaged data may refer in circles: every walk along ids
 * has a limit that no real kernel reaches. A walk that meets it, or an id that does not exist,
 * ends at void.
 */
#include "names/types.h"

#include "base/fail.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* typedefs of typedefs of qualified arrays ...: real kernels stay below ten. */
#define LONGEST_CHAIN 64
/* Members looked at for one name, through all anonymous levels: real ones stay below 2,000. */
#define MOST_MEMBERS 200000
#define DEEPEST_NESTING 16

static const struct btf *vmlinux_types;
static const struct types_fallback *fallback;
static VECTOR(const struct btf *) module_types;
static void (*load_module_types)(void);

void types_set_btf(const struct btf *vmlinux_btf)
{
	vmlinux_types = vmlinux_btf;
	/* Those of modules continue another one's ids. */
	vector_free(&module_types);
}

const struct btf *types_btf(void)
{
	return vmlinux_types;
}

void types_add_module_btf(const struct btf *module_btf)
{
	*vector_add(&module_types) = module_btf;
}

void types_set_module_loader(void (*load)(void))
{
	load_module_types = load;
}

void types_set_fallback(const struct types_fallback *new_fallback)
{
	fallback = new_fallback;
}

bool types_available(void)
{
	return vmlinux_types || fallback;
}

static bool is_qualifier(enum btf_kind kind)
{
	return kind == BTF_CONST || kind == BTF_VOLATILE || kind == BTF_RESTRICT ||
	       kind == BTF_TYPE_TAG;
}

/* Follows qualifiers, and typedefs too if asked; the record of where it ended. */
static struct type skip(struct type type, bool typedefs, struct btf_record *record)
{
	unsigned steps;

	memset(record, 0, sizeof(*record));
	record->name = "";
	if (!type.btf)
		return type;
	for (steps = 0; steps < LONGEST_CHAIN; steps++) {
		if (!btf_record(type.btf, type.id, record))
			break;
		if (!is_qualifier(record->kind) && !(typedefs && record->kind == BTF_TYPEDEF))
			return type;
		type.id = record->target;
	}
	memset(record, 0, sizeof(*record));
	record->name = "";
	type.id = 0;
	return type;
}

/* The words of C's integer types in the order that compilers give to DWARF and BTF. */
static const char *integer_name(const char *name, char *text, size_t space)
{
	unsigned nr_unsigned = 0, nr_signed = 0, nr_long = 0, nr_short = 0, nr_int = 0, nr_char = 0;
	char words[64], *word, *rest = words;

	if (!strchr(name, ' ') && !streq(name, "long") && !streq(name, "short") &&
	    !streq(name, "unsigned") && !streq(name, "signed") && !streq(name, "bool"))
		return name;
	if (streq(name, "bool"))
		return "_Bool";
	if (snprintf(words, sizeof(words), "%s", name) >= (int)sizeof(words))
		return name;
	while ((word = strsep(&rest, " "))) {
		nr_unsigned += streq(word, "unsigned");
		nr_signed += streq(word, "signed");
		nr_long += streq(word, "long");
		nr_short += streq(word, "short");
		nr_int += streq(word, "int");
		nr_char += streq(word, "char");
		if (word[0] && !streq(word, "unsigned") && !streq(word, "signed") &&
		    !streq(word, "long") && !streq(word, "short") && !streq(word, "int") &&
		    !streq(word, "char"))
			return name;
	}
	if (nr_char)
		return nr_unsigned ? "unsigned char" : nr_signed ? "signed char" : "char";
	snprintf(text, space, "%s%s%sint",
		 nr_long > 1 ? "long long "
		 : nr_long   ? "long "
			     : "",
		 nr_short ? "short " : "", nr_unsigned ? "unsigned " : "");
	return text;
}

static bool find_kinds(const struct btf *btf, const char *name, const enum btf_kind *kinds,
		       size_t nr_kinds, struct type *type)
{
	size_t i;

	for (i = 0; i < nr_kinds; i++) {
		type->id = btf_find(btf, kinds[i], name);
		type->btf = btf;
		if (type->id)
			return true;
	}
	return false;
}

/* "struct x" -> true with *rest "x". */
static bool takes_word(const char *name, const char *word, const char **rest)
{
	size_t length = strlen(word);

	if (strncmp(name, word, length) != 0 || !isspace((unsigned char)name[length]))
		return false;
	*rest = name + length;
	while (isspace((unsigned char)**rest))
		(*rest)++;
	return true;
}

static bool find_by_name(const struct btf *btf, const char *name, struct type *type)
{
	static const enum btf_kind structs[] = { BTF_STRUCT }, unions[] = { BTF_UNION },
				   enums[] = { BTF_ENUM, BTF_ENUM64 },
				   bare[] = { BTF_STRUCT, BTF_UNION, BTF_TYPEDEF, BTF_ENUM,
					      BTF_ENUM64, BTF_INT,   BTF_FLOAT };
	char integer[64];
	const char *rest;

	*type = (struct type){ NULL, 0 };
	if (!btf)
		return false;
	if (takes_word(name, "struct", &rest))
		return find_kinds(btf, rest, structs, ARRAY_SIZE(structs), type);
	if (takes_word(name, "union", &rest))
		return find_kinds(btf, rest, unions, ARRAY_SIZE(unions), type);
	if (takes_word(name, "enum", &rest))
		return find_kinds(btf, rest, enums, ARRAY_SIZE(enums), type);
	return find_kinds(btf, integer_name(name, integer, sizeof(integer)), bare, ARRAY_SIZE(bare),
			  type);
}

static void need_module_types(void)
{
	void (*load)(void) = load_module_types;

	/* It may ask for types itself. */
	load_module_types = NULL;
	if (load)
		load();
}

bool type_by_name(const char *name, struct type *type)
{
	if (find_by_name(vmlinux_types, name, type))
		return true;
	need_module_types();
	for (size_t i = 0; i < module_types.count; i++) {
		if (find_by_name(module_types.items[i], name, type))
			return true;
	}
	return false;
}

enum type_kind type_kind(struct type type)
{
	struct btf_record record;

	skip(type, true, &record);
	switch (record.kind) {
	case BTF_VOID:
		return TYPE_VOID;
	case BTF_INT:
		return TYPE_INT;
	case BTF_FLOAT:
		return TYPE_FLOAT;
	case BTF_PTR:
		return TYPE_POINTER;
	case BTF_ARRAY:
		return TYPE_ARRAY;
	case BTF_STRUCT:
		return TYPE_STRUCT;
	case BTF_UNION:
		return TYPE_UNION;
	case BTF_ENUM:
	case BTF_ENUM64:
		return TYPE_ENUM;
	case BTF_FWD:
		return record.kind_flag ? TYPE_UNION : TYPE_STRUCT;
	case BTF_FUNC_PROTO:
		return TYPE_FUNCTION;
	default:
		return TYPE_OTHER;
	}
}

const char *type_name(struct type type)
{
	struct btf_record record;

	skip(type, false, &record);
	return record.name;
}

struct type type_target(struct type type)
{
	struct btf_record record;

	type = skip(type, false, &record);
	switch (record.kind) {
	case BTF_PTR:
	case BTF_TYPEDEF:
		type.id = record.target;
		return type;
	case BTF_ARRAY:
		type.id = load_u32(record.items);
		return type;
	default:
		type.id = 0;
		return type;
	}
}

u64 type_nr_elements(struct type type)
{
	struct btf_record record;

	skip(type, true, &record);
	return record.kind == BTF_ARRAY ? load_u32(record.items + 8) : 0;
}

u64 type_size(struct type type)
{
	struct btf_record record;
	u64 elements = 1;
	unsigned steps;

	for (steps = 0; steps < LONGEST_CHAIN; steps++) {
		type = skip(type, true, &record);
		switch (record.kind) {
		case BTF_INT:
		case BTF_FLOAT:
		case BTF_STRUCT:
		case BTF_UNION:
		case BTF_ENUM:
		case BTF_ENUM64:
			return __builtin_mul_overflow(elements, (u64)record.size, &elements)
				       ? 0
				       : elements;
		case BTF_PTR:
			return __builtin_mul_overflow(elements, (u64)8, &elements) ? 0 : elements;
		case BTF_ARRAY:
			if (__builtin_mul_overflow(elements, (u64)load_u32(record.items + 8),
						   &elements))
				return 0;
			type.id = load_u32(record.items);
			break;
		default:
			return 0;
		}
	}
	return 0;
}

static bool is_structure(const struct btf_record *record)
{
	return record->kind == BTF_STRUCT || record->kind == BTF_UNION;
}

size_t type_nr_members(struct type type)
{
	struct btf_record record;

	skip(type, true, &record);
	return is_structure(&record) ? record.nr_items : 0;
}

bool type_is_signed(struct type type)
{
	struct btf_record record;
	u32 i;

	type = skip(type, true, &record);
	if (record.kind == BTF_INT)
		return load_u32(record.items) >> 24 & 1;
	if (record.kind != BTF_ENUM && record.kind != BTF_ENUM64)
		return false;
	if (record.kind_flag)
		return true;
	/* BTF made before v6.0 does not say it; an enum with a negative value is signed. */
	for (i = 0; record.kind == BTF_ENUM && i < record.nr_items; i++)
		if (btf_enumerator(type.btf, &record, i, NULL) < 0)
			return true;
	return false;
}

bool type_is_character(struct type type)
{
	struct btf_record record;

	skip(type, true, &record);
	return record.kind == BTF_INT && streq(record.name, "char");
}

bool type_is_boolean(struct type type)
{
	struct btf_record record;

	skip(type, true, &record);
	return record.kind == BTF_INT && load_u32(record.items) >> 24 & 4;
}

u64 member_value(const struct member *member, const void *bytes, bool is_signed)
{
	u64 bits = member->bit_size ? member->bit_size : member->size * 8, value;
	u8 unit[8] = { 0 };

	memcpy(unit, bytes, min_u64(member->size, sizeof(unit)));
	value = load_u64(unit) >> (member->bit_offset & 63);
	if (!bits || bits >= 64)
		return value;
	value &= (1ULL << bits) - 1;
	if (is_signed && value >> (bits - 1))
		value |= ~0ULL << bits;
	return value;
}

/*
 * Where a bit-field's bits are: in the unit of its declared type when that holds them and lies
 * inside the structure, else (packed structures) in the fewest bytes that a load can take.
 */
static void place_bit_field(struct member *member, u64 first_bit, u32 bit_size, u64 structure_bytes)
{
	u64 unit = type_size(member->type), start;

	member->bit_size = bit_size;
	if (unit == 1 || unit == 2 || unit == 4 || unit == 8) {
		start = first_bit / (unit * 8) * unit;
		if (first_bit + bit_size <= (start + unit) * 8 && start + unit <= structure_bytes) {
			member->offset += start;
			member->size = unit;
			member->bit_offset = first_bit - start * 8;
			return;
		}
	}
	member->offset += first_bit / 8;
	member->bit_offset = first_bit % 8;
	for (unit = 1; unit < 8 && member->bit_offset + bit_size > unit * 8; unit *= 2)
		;
	member->size = unit;
}

/* Member INDEX of STRUCTURE, a struct or union that starts BASE bytes into the outermost one. */
static struct member member_at(struct type structure, const struct btf_record *record, u32 index,
			       u64 base)
{
	struct btf_member raw;
	struct member member = { .offset = base };

	btf_member(structure.btf, record, index, &raw);
	member.name = raw.name;
	member.type = (struct type){ structure.btf, raw.type };
	member.is_signed = type_is_signed(member.type);
	if (raw.bit_size) {
		place_bit_field(&member, raw.bit_offset, raw.bit_size, record->size);
	} else {
		member.offset += raw.bit_offset / 8;
		member.size = type_size(member.type);
	}
	return member;
}

bool type_member_at(struct type type, size_t index, struct member *member)
{
	struct btf_record record;

	type = skip(type, true, &record);
	if (!is_structure(&record) || index >= record.nr_items)
		return false;
	*member = member_at(type, &record, index, 0);
	return true;
}

struct member_search {
	const char *name;
	size_t length;
	u32 budget; /* members that may still be looked at */
};

static bool find_member(struct type type, u64 base, unsigned depth, struct member_search *search,
			struct member *found)
{
	struct btf_record record;
	struct btf_member raw;
	u32 i;

	type = skip(type, true, &record);
	if (!is_structure(&record) || depth > DEEPEST_NESTING)
		return false;
	for (i = 0; i < record.nr_items; i++) {
		if (search->budget == 0)
			return false;
		search->budget--;
		btf_member(type.btf, &record, i, &raw);
		if (raw.name[0]) {
			if (strncmp(raw.name, search->name, search->length) != 0 ||
			    raw.name[search->length] != '\0')
				continue;
			*found = member_at(type, &record, i, base);
			return true;
		}
		/* Anonymous: its members are named as if they were ours. */
		if (!raw.bit_size &&
		    find_member((struct type){ type.btf, raw.type }, base + raw.bit_offset / 8,
				depth + 1, search, found))
			return true;
	}
	return false;
}

/* Takes "[12]" at *path: the member becomes its array's element. */
static bool take_index(const char **path, struct member *member)
{
	char *end;
	u64 index, count, element_bytes, bytes;

	if (!isdigit((unsigned char)(*path)[1]) || type_kind(member->type) != TYPE_ARRAY)
		return false;
	index = strtoull(*path + 1, &end, 0);
	if (*end != ']')
		return false;
	*path = end + 1;
	count = type_nr_elements(member->type);
	/*
	 * An array without length, or of length 1 or 0 at a structure's end, goes on as
	 * far as needed.
	 */
	if (count > 1 && index >= count)
		return false;
	while (type_kind(member->type) == TYPE_ARRAY) {
		struct btf_record record;
		struct type type = skip(member->type, false, &record);
		bool was_array = record.kind == BTF_ARRAY;

		member->type = type_target(type);
		if (was_array)
			break;
	}
	element_bytes = type_size(member->type);
	if (__builtin_mul_overflow(element_bytes, index, &bytes))
		return false;
	member->offset += bytes;
	member->size = element_bytes;
	member->is_signed = type_is_signed(member->type);
	return true;
}

bool type_member(struct type type, const char *path, struct member *member)
{
	struct member at = { .type = type, .name = "" };

	if (!*path)
		return false;
	while (*path) {
		struct member_search search = { .name = path, .budget = MOST_MEMBERS };

		if (*path == '[') {
			if (!take_index(&path, &at))
				return false;
			continue;
		}
		if (*path == '.')
			search.name = ++path;
		search.length = strcspn(path, ".[");
		if (!search.length || at.bit_size ||
		    !find_member(at.type, at.offset, 0, &search, &at))
			return false;
		path += search.length;
	}
	*member = at;
	return true;
}

bool type_member_by_name(const char *type_name, const char *path, struct member *member)
{
	struct type type;

	if (type_by_name(type_name, &type))
		return type_member(type, path, member);
	return fallback && fallback->member(type_name, path, member);
}

bool types_kernel_member(const char *type_name, const char *path, struct member *member)
{
	struct type type;

	if (!vmlinux_types)
		return fallback && fallback->member(type_name, path, member);
	return find_by_name(vmlinux_types, type_name, &type) && type_member(type, path, member);
}

bool type_size_by_name(const char *type_name, u64 *size)
{
	struct type type;

	if (!type_by_name(type_name, &type))
		return fallback && fallback->size(type_name, size);
	*size = type_size(type);
	return true;
}

bool types_kernel_size(const char *type_name, u64 *size)
{
	struct type type;

	if (!vmlinux_types)
		return fallback && fallback->size(type_name, size);
	if (!find_by_name(vmlinux_types, type_name, &type))
		return false;
	*size = type_size(type);
	return true;
}

bool type_exists(const char *name)
{
	struct type type;
	u64 size;

	return type_by_name(name, &type) || (fallback && fallback->size(name, &size));
}

bool type_kind_by_name(const char *name, enum type_kind *kind)
{
	struct type type;

	if (!type_by_name(name, &type))
		return fallback && fallback->kind(name, kind);
	*kind = type_kind(type);
	return true;
}

bool type_has_member(const char *type_name, const char *path)
{
	struct member member;

	return type_member_by_name(type_name, path, &member);
}

bool types_kernel_enumerator(const char *enumerator, s64 *value)
{
	if (!vmlinux_types)
		return fallback && fallback->enumerator(enumerator, value);
	return btf_find_enumerator(vmlinux_types, enumerator, value);
}

bool enumerator_value(const char *enumerator, s64 *value)
{
	if (vmlinux_types && btf_find_enumerator(vmlinux_types, enumerator, value))
		return true;
	need_module_types();
	for (size_t i = 0; i < module_types.count; i++) {
		if (btf_find_enumerator(module_types.items[i], enumerator, value))
			return true;
	}
	return fallback && fallback->enumerator(enumerator, value);
}

const char *type_enumerator_name(struct type type, s64 value)
{
	struct btf_record record;
	const char *name;
	u32 i;

	type = skip(type, true, &record);
	if (record.kind != BTF_ENUM && record.kind != BTF_ENUM64)
		return NULL;
	for (i = 0; i < record.nr_items; i++)
		if (btf_enumerator(type.btf, &record, i, &name) == value)
			return name;
	return NULL;
}

const char *enumerator_name(const char *enum_name, s64 value)
{
	struct type type;

	return type_by_name(enum_name, &type) ? type_enumerator_name(type, value) : NULL;
}

const char *enumerator_at(const char *enum_name, u32 index, s64 *value)
{
	struct btf_record record;
	struct type type;
	const char *name;

	if (!type_by_name(enum_name, &type))
		return NULL;
	type = skip(type, true, &record);
	if ((record.kind != BTF_ENUM && record.kind != BTF_ENUM64) || index >= record.nr_items)
		return NULL;
	*value = btf_enumerator(type.btf, &record, index, &name);
	return name;
}

static bool has_name(const struct btf_record *record)
{
	return *record->name && (is_structure(record) || record->kind == BTF_ENUM ||
				 record->kind == BTF_ENUM64 || record->kind == BTF_TYPEDEF);
}

struct visit {
	bool (*wanted)(const struct btf_record *record);
	bool (*each)(struct type type, void *arg);
	void *arg;
};

/* Those that BTF itself has, from its id FIRST on. False: the visitor wants no more. */
static bool visit_types_of(const struct btf *btf, u32 first, const struct visit *visit)
{
	struct btf_record record;

	for (u32 id = first; id < btf_nr_types(btf); id++) {
		if (btf_record(btf, id, &record) && visit->wanted(&record) &&
		    !visit->each((struct type){ btf, id }, visit->arg))
			return false;
	}
	return true;
}

static void visit_types(const struct visit *visit)
{
	if (!vmlinux_types || !visit_types_of(vmlinux_types, 1, visit))
		return;
	need_module_types();
	for (size_t i = 0; i < module_types.count; i++) {
		if (!visit_types_of(module_types.items[i], btf_nr_types(vmlinux_types), visit))
			return;
	}
}

void types_each_struct(bool (*each)(struct type type, void *arg), void *arg)
{
	visit_types(&(struct visit){ is_structure, each, arg });
}

void types_each_named(bool (*each)(struct type type, void *arg), void *arg)
{
	visit_types(&(struct visit){ has_name, each, arg });
}
