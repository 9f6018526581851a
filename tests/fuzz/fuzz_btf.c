/* fuzz_btf.c - tests: BTF, alone and split, and the walks of types.h over it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "names/types.h"
#include "names_builder.h"

#include <stdlib.h>

enum { MOST_TYPES = 512, MOST_ITEMS = 64 };

void fuzz_setup(void)
{
}

static void look_at_type(struct type type)
{
	struct member member, other;

	type_kind(type);
	fuzz_touch_text(type_name(type));
	type_size(type);
	type_nr_elements(type);
	type_target(type);
	for (size_t i = 0; i < type_nr_members(type) && i < MOST_ITEMS; i++) {
		if (!type_member_at(type, i, &member))
			continue;
		fuzz_touch_text(member.name);
		if (member.bit_size)
			FUZZ_EXPECT(member.size <= 8);
		type_member(type, member.name, &other);
	}
	type_member(type, "next[3].prev.a[0x7fffffffffffffff]", &member);
	type_member(type, "values[1]", &member);
}

static void look_at_record(const struct btf *btf, u32 id)
{
	struct btf_record record;
	struct btf_member member;
	const char *name;
	s64 value;

	FUZZ_EXPECT(btf_record(btf, id, &record));
	fuzz_touch_text(record.name);
	for (u32 i = 0; i < record.nr_items && i < MOST_ITEMS; i++) {
		if (record.kind == BTF_STRUCT || record.kind == BTF_UNION) {
			btf_member(btf, &record, i, &member);
			fuzz_touch_text(member.name);
		} else if (record.kind == BTF_ENUM || record.kind == BTF_ENUM64) {
			btf_enumerator(btf, &record, i, &name);
			fuzz_touch_text(name);
			if (name[0])
				FUZZ_EXPECT(btf_find_enumerator(btf, name, &value));
		}
	}
	if (record.kind < BTF_NR_KINDS && btf_find(btf, record.kind, record.name))
		enumerator_name(record.name, 1);
}

static bool take_each(struct type type, void *arg)
{
	size_t *count = arg;

	look_at_type(type);
	return ++*count < MOST_TYPES;
}

/* FIRST: its first own type. A base's strings are not those that a split one's offsets lead to. */
static void look_at_all(const struct btf *btf, u32 first)
{
	struct type type;
	size_t count = 0;
	s64 value;

	for (u32 id = 0; id < btf_nr_types(btf) && id < MOST_TYPES; id++) {
		if (id >= first)
			look_at_record(btf, id);
		look_at_type((struct type){ btf, id });
	}
	look_at_type((struct type){ btf, btf_nr_types(btf) });
	look_at_type((struct type){ btf, ~0u });
	btf_string(btf, ~0u);
	types_set_btf(btf);
	types_each_struct(take_each, &count);
	if (type_by_name("struct node", &type))
		look_at_type(type);
	type_by_name("unsigned long", &type);
	enumerator_value("RED", &value);
	types_set_btf(NULL);
}

/*
 * Heap memory of just its size; the input is the base's length, the base, and what is
 * split from it.
 */
static u8 *exact_copy(const u8 *data, size_t size)
{
	u8 *copy = xmalloc(size);

	memcpy(copy, data, size);
	return copy;
}

void fuzz_one(const u8 *data, size_t size)
{
	struct btf *base, *split = NULL;
	struct strbuf why = { 0 };
	u8 *base_copy, *split_copy;
	size_t base_bytes;

	if (size < 2)
		return;
	base_bytes = min_u64(load_u16(data), size - 2);
	base_copy = exact_copy(data + 2, base_bytes);
	split_copy = exact_copy(data + 2 + base_bytes, size - 2 - base_bytes);
	base = btf_open(base_copy, base_bytes, NULL, &why);
	FUZZ_EXPECT(base || why.length);
	if (base) {
		look_at_all(base, 0);
		split = btf_open(split_copy, size - 2 - base_bytes, base, &why);
	}
	if (split)
		look_at_all(split, btf_nr_types(base));
	btf_close(split);
	btf_close(base);
	free(base_copy);
	free(split_copy);
	strbuf_free(&why);
}

static void build_base(struct built_btf *built)
{
	u32 integer, pointer, structure = 4, list;

	build_btf_start(built, 1, 0);
	integer = build_btf_int(built, "int", 4, true);
	pointer = build_btf_type(built, NULL, BTF_PTR, false, 0, structure);
	list = build_btf_array(built, integer, 10);
	build_btf_type(built, "node", BTF_STRUCT, true, 3, 56);
	build_btf_field(built, "next", pointer, 0);
	build_btf_field(built, "values", list, 64);
	build_btf_field(built, "bits", integer, 384 | 3u << 24);
	build_btf_type(built, NULL, BTF_UNION, false, 1, 4);
	build_btf_field(built, "number", integer, 0);
	build_btf_type(built, "colour", BTF_ENUM, false, 1, 4);
	build_btf_word(built, build_btf_text(built, "RED"));
	build_btf_word(built, 7);
	build_btf_type(built, "outer", BTF_STRUCT, false, 1, 4);
	build_btf_field(built, NULL, structure + 1, 0);
	build_btf_type(built, "node_t", BTF_TYPEDEF, false, 0, structure);
	build_btf_type(built, NULL, BTF_CONST, false, 0, structure);
	build_btf_type(built, "vfs_read", BTF_FUNC, false, 1, integer);
	build_btf_type(built, "wide", BTF_ENUM64, true, 1, 8);
	build_btf_word(built, build_btf_text(built, "HUGE"));
	build_btf_word(built, 1);
	build_btf_word(built, 2);
	build_btf_type(built, "jiffies", BTF_VAR, false, 0, integer);
	build_btf_word(built, 1);
	build_btf_finish(built);
}

void fuzz_write_seeds(void)
{
	struct built_btf base, split;
	struct strbuf input = { 0 };
	u16 base_bytes;

	build_base(&base);
	base_bytes = (u16)base.blob.length;
	build_btf_start(&split, base.nr_types + 1, (u32)base.strings.length);
	build_btf_type(&split, "own", BTF_STRUCT, false, 1, 8);
	build_btf_field(&split, "next", 2, 0);
	build_btf_finish(&split);
	strbuf_add(&input, &base_bytes, 2);
	strbuf_add(&input, base.blob.text, base.blob.length);
	fuzz_seed("alone", input.text, input.length);
	strbuf_add(&input, split.blob.text, split.blob.length);
	fuzz_seed("split", input.text, input.length);
	build_btf_discard(&base);
	build_btf_discard(&split);
	strbuf_free(&input);
}
