/* test_btf.c - L2 btf: every kind, split blobs, and damage of every sort. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "names/btf.h"
#include "names/types.h"
#include "names_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdlib.h>

/* Ids of the types that build_all_kinds() makes. */
enum {
	ID_INT = 1,
	ID_POINTER,
	ID_ARRAY,
	ID_STRUCT,
	ID_UNION,
	ID_ENUM,
	ID_FWD,
	ID_TYPEDEF,
	ID_VOLATILE,
	ID_CONST,
	ID_RESTRICT,
	ID_FUNC,
	ID_PROTO,
	ID_VAR,
	ID_DATASEC,
	ID_FLOAT,
	ID_DECL_TAG,
	ID_TYPE_TAG,
	ID_ENUM64,
	ID_TWIN
};

static void build_all_kinds(struct built_btf *built)
{
	build_btf_start(built, 1, 0);
	build_btf_int(built, "int", 4, true);
	build_btf_type(built, NULL, BTF_PTR, false, 0, ID_STRUCT);
	build_btf_array(built, ID_INT, 10);
	build_btf_type(built, "node", BTF_STRUCT, false, 2, 48);
	build_btf_field(built, "next", ID_POINTER, 0);
	build_btf_field(built, "values", ID_ARRAY, 64);
	build_btf_type(built, "word", BTF_UNION, false, 1, 4);
	build_btf_field(built, "number", ID_INT, 0);
	build_btf_type(built, "colour", BTF_ENUM, false, 2, 4);
	build_btf_word(built, build_btf_text(built, "RED"));
	build_btf_word(built, 7);
	build_btf_word(built, build_btf_text(built, "UNKNOWN"));
	build_btf_word(built, (u32)-3);
	build_btf_type(built, "hidden", BTF_FWD, false, 0, 0);
	build_btf_type(built, "node_t", BTF_TYPEDEF, false, 0, ID_CONST);
	build_btf_type(built, NULL, BTF_VOLATILE, false, 0, ID_STRUCT);
	build_btf_type(built, NULL, BTF_CONST, false, 0, ID_VOLATILE);
	build_btf_type(built, NULL, BTF_RESTRICT, false, 0, ID_POINTER);
	build_btf_type(built, "vfs_read", BTF_FUNC, false, 1, ID_PROTO);
	build_btf_type(built, NULL, BTF_FUNC_PROTO, false, 2, ID_INT);
	build_btf_word(built, build_btf_text(built, "file"));
	build_btf_word(built, ID_POINTER);
	build_btf_word(built, 0);
	build_btf_word(built, 0);
	build_btf_type(built, "jiffies", BTF_VAR, false, 0, ID_INT);
	build_btf_word(built, 1);
	build_btf_type(built, ".data", BTF_DATASEC, false, 1, 8);
	build_btf_field(built, NULL, 0, 8);
	build_btf_type(built, "double", BTF_FLOAT, false, 0, 8);
	build_btf_type(built, "user", BTF_DECL_TAG, false, 0, ID_STRUCT);
	build_btf_word(built, (u32)-1);
	build_btf_type(built, "rcu", BTF_TYPE_TAG, false, 0, ID_POINTER);
	build_btf_type(built, "wide", BTF_ENUM64, true, 2, 8);
	build_btf_word(built, build_btf_text(built, "HUGE"));
	build_btf_word(built, 0x1);
	build_btf_word(built, 0x80000000);
	build_btf_word(built, build_btf_text(built, "TINY"));
	build_btf_word(built, 2);
	build_btf_word(built, 0);
	build_btf_type(built, "node", BTF_STRUCT, false, 0, 1);
	build_btf_finish(built);
}

static void test_all_kinds(void **state UNUSED)
{
	struct built_btf built;
	struct btf_record record;
	struct btf_member member;
	struct strbuf why = { 0 };
	struct btf *btf;
	const char *name;
	s64 value;
	u32 id;

	build_all_kinds(&built);
	btf = btf_open(built.blob.text, built.blob.length, NULL, &why);
	assert_non_null(btf);
	assert_int_equal(btf_nr_types(btf), ID_TWIN + 1);
	for (id = 1; id <= ID_ENUM64; id++) {
		assert_true(btf_record(btf, id, &record));
		assert_int_equal(record.kind, id); /* the ids were made to be the kinds */
	}
	assert_true(btf_record(btf, 0, &record));
	assert_int_equal(record.kind, BTF_VOID);
	assert_false(btf_record(btf, ID_TWIN + 1, &record));
	assert_false(btf_record(btf, UINT32_MAX, &record));

	assert_int_equal(btf_find(btf, BTF_STRUCT, "node"), ID_STRUCT); /* the first of two */
	assert_int_equal(btf_find(btf, BTF_UNION, "node"), 0);
	assert_int_equal(btf_find(btf, BTF_TYPEDEF, "node_t"), ID_TYPEDEF);
	assert_int_equal(btf_find(btf, BTF_FLOAT, "double"), ID_FLOAT);
	assert_int_equal(btf_find(btf, BTF_FUNC, "vfs_read"), ID_FUNC);
	assert_int_equal(btf_find(btf, BTF_VAR, "jiffies"), ID_VAR);
	assert_int_equal(btf_find(btf, BTF_STRUCT, "hidden"), 0);
	assert_int_equal(btf_find(btf, BTF_STRUCT, ""), 0);

	btf_record(btf, ID_STRUCT, &record);
	assert_int_equal(record.nr_items, 2);
	btf_member(btf, &record, 1, &member);
	assert_string_equal(member.name, "values");
	assert_int_equal(member.bit_offset, 64);
	assert_int_equal(member.bit_size, 0);

	assert_true(btf_find_enumerator(btf, "UNKNOWN", &value));
	assert_int_equal(value, -3);
	assert_true(btf_find_enumerator(btf, "HUGE", &value));
	assert_true(value == (s64)0x8000000000000001ULL);
	assert_false(btf_find_enumerator(btf, "BLUE", &value));
	btf_record(btf, ID_ENUM, &record);
	assert_int_equal(btf_enumerator(btf, &record, 0, &name), 7);
	assert_string_equal(name, "RED");
	assert_string_equal(btf_string(btf, 1 << 30), "");
	btf_close(btf);
	build_btf_discard(&built);
	strbuf_free(&why);
}

static void test_split(void **state UNUSED)
{
	struct built_btf base, module;
	struct btf_record record;
	struct strbuf why = { 0 };
	struct btf *base_btf, *btf;
	u32 struct_id;
	s64 value;

	build_all_kinds(&base);
	base_btf = btf_open(base.blob.text, base.blob.length, NULL, &why);
	assert_non_null(base_btf);
	build_btf_start(&module, ID_TWIN + 1, base.strings.length);
	struct_id = build_btf_type(&module, "ext4_thing", BTF_STRUCT, false, 1, 4);
	build_btf_field(&module, "count", ID_INT, 0);
	build_btf_type(&module, "flavour", BTF_ENUM, false, 1, 4);
	build_btf_word(&module, build_btf_text(&module, "SWEET"));
	build_btf_word(&module, 5);
	build_btf_finish(&module);
	btf = btf_open(module.blob.text, module.blob.length, base_btf, &why);
	assert_non_null(btf);
	assert_int_equal(struct_id, ID_TWIN + 1);
	assert_int_equal(btf_find(btf, BTF_STRUCT, "ext4_thing"), struct_id);
	assert_int_equal(btf_find(base_btf, BTF_STRUCT, "ext4_thing"), 0);
	assert_int_equal(btf_find(btf, BTF_STRUCT, "node"), ID_STRUCT);
	assert_true(btf_record(btf, ID_INT, &record));
	assert_string_equal(record.name, "int");
	assert_true(btf_record(btf, struct_id, &record));
	assert_string_equal(record.name, "ext4_thing");
	assert_true(btf_find_enumerator(btf, "SWEET", &value));
	assert_true(btf_find_enumerator(btf, "RED", &value));
	assert_false(btf_find_enumerator(base_btf, "SWEET", &value));
	btf_close(btf);
	btf_close(base_btf);
	build_btf_discard(&base);
	build_btf_discard(&module);
	strbuf_free(&why);
}

static void test_refused(void **state UNUSED)
{
	static const struct {
		u32 offset;
		u8 byte;
		const char *says;
	} cases[] = {
		{ 0, 0x9e, "not BTF" },	     { 2, 2, "version 2" },
		{ 4, 23, "header of 23" },   { 11, 0x7f, "cut short" }, /* types start */
		{ 15, 0x7f, "cut short" }, /* types length */
		{ 19, 0xff, "cut short" }, /* strings start */
		{ 23, 0xff, "cut short" }, /* strings length */
		{ 24 + 7, 0x1f, "kind 31" }, { 24 + 7, 0x7f, "kind 127" },
		{ 24 + 7, 0, "kind 0" },
	};
	struct built_btf built;
	struct strbuf why = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		build_all_kinds(&built);
		built.blob.text[cases[i].offset] = (char)cases[i].byte;
		assert_null(btf_open(built.blob.text, built.blob.length, NULL, &why));
		if (!strstr(strbuf_text(&why), cases[i].says))
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i, why.text,
				 cases[i].says);
		strbuf_reset(&why);
		build_btf_discard(&built);
	}
	build_all_kinds(&built);
	built.blob.text[built.blob.length - 1] = 'x';
	assert_null(btf_open(built.blob.text, built.blob.length, NULL, &why));
	assert_non_null(strstr(strbuf_text(&why), "strings do not end"));
	build_btf_discard(&built);
	strbuf_free(&why);
}

/* A blob as kernels from v7.1 on have it: layouts of kinds, one of them unknown; many members. */
static void test_layouts(void **state UNUSED)
{
	static const u8 layouts[4 * 41] = { [4 * 40] = 8, [4 * 40 + 1] = 20 };
	struct strbuf blob = { 0 }, why = { 0 };
	struct btf_record record;
	struct btf_member member;
	struct built_btf built;
	u32 i, id, unknown, header[8] = { 0xeb9f | 1 << 16, 32 };
	struct btf *btf;

	build_btf_start(&built, 1, 0);
	id = build_btf_int(&built, "int", 4, true);
	unknown = build_btf_type(&built, "strange", (enum btf_kind)40, false, 3, 1);
	for (i = 0; i < (8 + 3 * 20) / 4; i++)
		build_btf_word(&built, 0xffffffff);
	build_btf_type(&built, "large", BTF_STRUCT, false, 70000, 4 * 70000);
	for (i = 0; i < 70000; i++)
		build_btf_field(&built, NULL, id, 32 * i);
	build_btf_finish(&built);
	header[3] = header[4] = built.types.length;
	header[5] = built.strings.length;
	header[6] = built.types.length + built.strings.length;
	header[7] = sizeof(layouts);
	strbuf_add(&blob, header, sizeof(header));
	strbuf_add(&blob, built.types.text, built.types.length);
	strbuf_add(&blob, built.strings.text, built.strings.length);
	strbuf_add(&blob, layouts, sizeof(layouts));
	btf = btf_open(blob.text, blob.length, NULL, &why);
	assert_non_null(btf);
	assert_true(btf_record(btf, unknown, &record));
	assert_int_equal(record.kind, 40);
	assert_int_equal(type_kind((struct type){ btf, unknown }), TYPE_OTHER);
	assert_true(btf_record(btf, btf_find(btf, BTF_STRUCT, "large"), &record));
	assert_int_equal(record.nr_items, 70000);
	btf_member(btf, &record, 69999, &member);
	assert_int_equal(member.bit_offset, 32 * 69999);
	btf_close(btf);
	/*
	 * Layouts that end too early, or outside, say nothing about kind 40: what is before it
	 * can be read.
	 */
	for (i = 0; i < 2; i++) {
		u32 length = i ? UINT32_MAX : sizeof(layouts) - 1;

		memcpy(blob.text + 28, &length, sizeof(length));
		btf = btf_open(blob.text, blob.length, NULL, &why);
		assert_non_null(strstr(strbuf_text(&why), "kind 40"));
		strbuf_reset(&why);
		assert_int_equal(btf_nr_types(btf), unknown);
		assert_int_equal(btf_find(btf, BTF_INT, "int"), id);
		assert_int_equal(btf_find(btf, BTF_STRUCT, "large"), 0);
		/* Nobody knows which number a module's types begin with. */
		assert_null(btf_open(built.blob.text, built.blob.length, btf, &why));
		assert_non_null(strstr(strbuf_text(&why), "not read whole"));
		strbuf_reset(&why);
		btf_close(btf);
	}
	build_btf_discard(&built);
	strbuf_free(&blob);
	strbuf_free(&why);
}

/* Every query on every type, the way types.c asks them. */
static bool use_struct(struct type type, void *arg)
{
	u64 *sum = arg;
	struct member member;
	size_t i;

	for (i = 0; i < type_nr_members(type); i++) {
		if (!type_member_at(type, i, &member))
			return true;
		*sum += strlen(member.name) + member.offset + type_size(member.type);
		type_member(type, member.name, &member);
	}
	return true;
}

static void use_everything(const struct btf *btf)
{
	struct member member;
	u64 sum = 0;
	s64 value;
	u32 id;

	types_set_btf(btf);
	for (id = 0; id < btf_nr_types(btf); id++) {
		struct type type = { btf, id };

		sum += type_kind(type) + type_size(type) + strlen(type_name(type)) +
		       type_nr_elements(type) + type_target(type).id;
	}
	types_each_struct(use_struct, &sum);
	type_member_by_name("node", "next.values[3]", &member);
	type_member_by_name("node_t", "values[3]", &member);
	enumerator_value("TINY", &value);
	enumerator_name("enum colour", 7);
	btf_find(btf, BTF_FUNC, "vfs_read");
	types_set_btf(NULL);
}

static void test_truncated(void **state UNUSED)
{
	struct built_btf built;
	struct strbuf why = { 0 };
	struct btf *btf;
	size_t length;

	build_all_kinds(&built);
	for (length = 0; length < built.blob.length; length++) {
		/* An allocation of its own: reading past it is seen by AddressSanitizer. */
		char *copy = malloc(length + !length);

		memcpy(copy, built.blob.text, length);
		btf = btf_open(copy, length, NULL, &why);
		assert_null(btf);
		assert_true(why.length > 0);
		strbuf_reset(&why);
		free(copy);
	}
	/*
	 * Cut inside the types, with a header that agrees: each record boundary opens,
	 * nothing else does.
	 */
	for (length = 0; length < built.types.length; length += 4) {
		struct built_btf cut = { .types = { built.types.text, length, built.types.space },
					 .strings = built.strings };

		build_btf_finish(&cut);
		btf = btf_open(cut.blob.text, cut.blob.length, NULL, &why);
		if (btf)
			use_everything(btf);
		else
			assert_non_null(strstr(strbuf_text(&why), "BTF type"));
		btf_close(btf);
		strbuf_reset(&why);
		strbuf_free(&cut.blob);
	}
	build_btf_discard(&built);
	strbuf_free(&why);
}

static void test_flipped(void **state UNUSED)
{
	struct built_btf built;
	struct strbuf why = { 0 };
	unsigned round, flips, opened = 0, rounds = 20000;
	u64 seed = 7;

	build_all_kinds(&built);
	for (round = 0; round < rounds; round++) {
		char *copy = malloc(built.blob.length);
		struct btf *btf;

		memcpy(copy, built.blob.text, built.blob.length);
		for (flips = 1 + noise(&seed) % 4; flips; flips--)
			copy[noise(&seed) % built.blob.length] ^= 1 << noise(&seed) % 8;
		btf = btf_open(copy, built.blob.length, NULL, &why);
		if (btf) {
			use_everything(btf);
			opened++;
		} else {
			assert_true(why.length > 0);
		}
		strbuf_reset(&why);
		btf_close(btf);
		free(copy);
	}
	assert_true(opened > rounds / 10 && opened < rounds);
	build_btf_discard(&built);
	strbuf_free(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_kinds), cmocka_unit_test(test_split),
		cmocka_unit_test(test_layouts),	  cmocka_unit_test(test_refused),
		cmocka_unit_test(test_truncated), cmocka_unit_test(test_flipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
