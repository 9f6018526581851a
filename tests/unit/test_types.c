/* test_types.c - L2 types: names, sizes, member paths, bit-fields, enumerators, circles in damaged data. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "names/types.h"
#include "names_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdlib.h>

static struct built_btf built;
static struct btf *btf;

/*
 * struct list { struct list *next, *prev; };
 * typedef struct { int counter; } atomic_t;
 * struct task {
 *	u64 flags;				@0
 *	union {					@8
 *		struct { u32 low, high; };	@8, @12
 *		u64 both;			@8
 *	};
 *	struct list tasks[3];			@16
 *	const atomic_t usage;			@64
 *	unsigned int in_use : 3, state : 5;	@68
 *	signed char nice : 4;			@69, bits 8-11 of the unsigned int's unit
 *	int matrix[2][4];			@72
 *	char comm[];				@104
 * };
 */
static int make_types(void **state UNUSED)
{
	u32 s32_id, u32_id, u64_id, char_id, list, pointer, counter, atomic, constant, lists, row,
		matrix, flexible, pair, either;
	struct strbuf why = { 0 };

	build_btf_start(&built, 1, 0);
	s32_id = build_btf_int(&built, "int", 4, true);
	u32_id = build_btf_int(&built, "unsigned int", 4, false);
	u64_id = build_btf_int(&built, "long unsigned int", 8, false);
	char_id = build_btf_int(&built, "signed char", 1, true);
	list = build_btf_type(&built, "list", BTF_STRUCT, false, 2, 16);
	build_btf_field(&built, "next", list + 1, 0);
	build_btf_field(&built, "prev", list + 1, 64);
	pointer = build_btf_type(&built, NULL, BTF_PTR, false, 0, list);
	assert_int_equal(pointer, list + 1);
	counter = build_btf_type(&built, NULL, BTF_STRUCT, false, 1, 4);
	build_btf_field(&built, "counter", s32_id, 0);
	atomic = build_btf_type(&built, "atomic_t", BTF_TYPEDEF, false, 0, counter);
	constant = build_btf_type(&built, NULL, BTF_CONST, false, 0, atomic);
	lists = build_btf_array(&built, list, 3);
	row = build_btf_array(&built, s32_id, 4);
	matrix = build_btf_array(&built, row, 2);
	flexible = build_btf_array(&built, char_id, 0);
	pair = build_btf_type(&built, NULL, BTF_STRUCT, false, 2, 8);
	build_btf_field(&built, "low", u32_id, 0);
	build_btf_field(&built, "high", u32_id, 32);
	either = build_btf_type(&built, NULL, BTF_UNION, false, 2, 8);
	build_btf_field(&built, NULL, pair, 0);
	build_btf_field(&built, "both", u64_id, 0);
	build_btf_type(&built, "task", BTF_STRUCT, true, 9, 104);
	build_btf_field(&built, "flags", u64_id, 0);
	build_btf_field(&built, NULL, either, 64);
	build_btf_field(&built, "tasks", lists, 128);
	build_btf_field(&built, "usage", constant, 64 * 8);
	build_btf_field(&built, "in_use", u32_id, 3 << 24 | 68 * 8);
	build_btf_field(&built, "state", u32_id, 5 << 24 | (68 * 8 + 3));
	build_btf_field(&built, "nice", char_id, 4 << 24 | (68 * 8 + 8));
	build_btf_field(&built, "matrix", matrix, 72 * 8);
	build_btf_field(&built, "comm", flexible, 104 * 8);
	build_btf_type(&built, "task", BTF_UNION, false, 0, 7);
	build_btf_type(&built, "packed", BTF_STRUCT, true, 2, 3);
	build_btf_field(&built, "a", u32_id, 12 << 24 | 0);
	build_btf_field(&built, "b", u32_id, 12 << 24 | 12);
	build_btf_type(&built, "kind", BTF_ENUM, false, 3, 4);
	build_btf_word(&built, build_btf_text(&built, "KIND_ONE"));
	build_btf_word(&built, 1);
	build_btf_word(&built, build_btf_text(&built, "KIND_TWO"));
	build_btf_word(&built, 2);
	build_btf_word(&built, build_btf_text(&built, "KIND_BAD"));
	build_btf_word(&built, (u32)-1);
	build_btf_finish(&built);
	btf = btf_open(built.blob.text, built.blob.length, NULL, &why);
	assert_non_null(btf);
	types_set_btf(btf);
	return 0;
}

static int drop_types(void **state UNUSED)
{
	types_set_btf(NULL);
	types_set_fallback(NULL);
	btf_close(btf);
	build_btf_discard(&built);
	return 0;
}

static void test_by_name(void **state UNUSED)
{
	struct type type;

	assert_true(type_by_name("struct task", &type));
	assert_int_equal(type_size(type), 104);
	assert_int_equal(type_kind(type), TYPE_STRUCT);
	assert_true(type_by_name("union task", &type));
	assert_int_equal(type_size(type), 7);
	assert_int_equal(type_kind(type), TYPE_UNION);
	assert_true(type_by_name("task", &type));
	assert_int_equal(type_kind(type), TYPE_STRUCT);
	assert_true(type_by_name("atomic_t", &type));
	assert_int_equal(type_kind(type), TYPE_STRUCT);
	assert_int_equal(type_size(type), 4);
	assert_string_equal(type_name(type), "atomic_t");
	assert_string_equal(type_name(type_target(type)), "");
	assert_true(type_by_name("enum kind", &type));
	assert_true(type_by_name("kind", &type));
	assert_int_equal(type_kind(type), TYPE_ENUM);
	/* C's ways to write one integer. */
	assert_true(type_by_name("unsigned long", &type));
	assert_string_equal(type_name(type), "long unsigned int");
	assert_true(type_by_name("unsigned long int", &type));
	assert_true(type_by_name("unsigned", &type));
	assert_string_equal(type_name(type), "unsigned int");
	assert_true(type_by_name("signed char", &type));
	assert_true(type_by_name("int", &type));
	assert_false(type_by_name("long", &type));
	assert_false(type_by_name("struct atomic_t", &type));
	assert_false(type_by_name("struct", &type));
	assert_false(type_by_name("struct nosuch", &type));
	assert_false(type_by_name("", &type));
}

static void check_member(const char *type_name, const char *path, u64 offset, u64 size)
{
	struct member member;

	if (!type_member_by_name(type_name, path, &member))
		fail_msg("%s.%s not found", type_name, path);
	assert_int_equal(member.offset, offset);
	assert_int_equal(member.size, size);
	assert_int_equal(member.bit_size, 0);
}

static void test_paths(void **state UNUSED)
{
	struct member member;
	struct type type;

	check_member("task", "flags", 0, 8);
	check_member("task", "low", 8, 4);
	check_member("struct task", "high", 12, 4);
	check_member("task", "both", 8, 8);
	check_member("task", "tasks", 16, 48);
	check_member("task", "tasks[2]", 48, 16);
	check_member("task", "tasks[2].prev", 56, 8);
	check_member("task", "usage.counter", 64, 4);
	check_member("task", "matrix[1]", 88, 16);
	check_member("task", "matrix[1][2]", 96, 4);
	check_member("task", "comm", 104, 0);
	check_member("task", "comm[15]", 119, 1);
	check_member("atomic_t", "counter", 0, 4);
	assert_false(type_has_member("task", "flag"));
	assert_false(type_has_member("task", "flagsx"));
	assert_false(type_has_member("task", ""));
	assert_false(type_has_member("task", "tasks[3]"));
	assert_false(type_has_member("task", "tasks[-1]"));
	assert_false(type_has_member("task", "tasks[1"));
	assert_false(type_has_member("task", "tasks[99999999999999999999]"));
	assert_false(type_has_member("task", "flags.x"));
	assert_false(type_has_member("task", "flags[0]"));
	assert_false(type_has_member("task", "tasks[0].next.next")); /* through a pointer */
	assert_false(type_has_member("task", "usage."));
	assert_false(type_has_member("task", "usage..counter"));
	assert_false(type_has_member("kind", "KIND_ONE"));
	assert_false(type_has_member("nosuch", "x"));

	assert_true(type_by_name("task", &type));
	assert_int_equal(type_nr_members(type), 9);
	assert_true(type_member_at(type, 1, &member));
	assert_string_equal(member.name, "");
	assert_int_equal(type_kind(member.type), TYPE_UNION);
	assert_int_equal(member.offset, 8);
	assert_false(type_member_at(type, 9, &member));
	assert_true(type_member(type, "tasks[1].next", &member));
	assert_int_equal(type_kind(member.type), TYPE_POINTER);
	assert_string_equal(type_name(type_target(member.type)), "list");
	assert_true(type_member(type, "tasks", &member));
	assert_int_equal(type_nr_elements(member.type), 3);
	assert_int_equal(type_size(type_target(member.type)), 16);
}

static void test_bit_fields(void **state UNUSED)
{
	struct member member;

	assert_true(type_member_by_name("task", "in_use", &member));
	assert_int_equal(member.offset, 68);
	assert_int_equal(member.size, 4);
	assert_int_equal(member.bit_offset, 0);
	assert_int_equal(member.bit_size, 3);
	assert_false(member.is_signed);
	assert_true(type_member_by_name("task", "state", &member));
	assert_int_equal(member.bit_offset, 3);
	assert_int_equal(member.bit_size, 5);
	assert_true(type_member_by_name("task", "nice", &member));
	assert_int_equal(member.offset, 69);
	assert_int_equal(member.size, 1);
	assert_int_equal(member.bit_offset, 0);
	assert_int_equal(member.bit_size, 4);
	assert_true(member.is_signed);
	/* A unit of four bytes does not fit into a structure of three. */
	assert_true(type_member_by_name("packed", "b", &member));
	assert_int_equal(member.offset, 1);
	assert_int_equal(member.size, 2);
	assert_int_equal(member.bit_offset, 4);
	assert_int_equal(member.bit_size, 12);
	assert_false(type_has_member("task", "state.x"));
	assert_false(type_has_member("task", "state[0]"));
}

static void test_signs_and_enumerators(void **state UNUSED)
{
	struct member member;
	s64 value = 0;

	assert_true(type_member_by_name("task", "usage.counter", &member));
	assert_true(member.is_signed);
	assert_true(type_member_by_name("task", "low", &member));
	assert_false(member.is_signed);
	assert_true(enumerator_value("KIND_TWO", &value));
	assert_int_equal(value, 2);
	assert_true(enumerator_value("KIND_BAD", &value));
	assert_int_equal(value, -1);
	assert_false(enumerator_value("KIND_THREE", &value));
	assert_string_equal(enumerator_name("kind", 1), "KIND_ONE");
	assert_string_equal(enumerator_name("enum kind", -1), "KIND_BAD");
	assert_null(enumerator_name("kind", 3));
	assert_null(enumerator_name("task", 1));
	assert_null(enumerator_name("nosuch", 1));
}

static bool count_two(struct type type, void *arg)
{
	unsigned *count = arg;

	assert_true(type_kind(type) == TYPE_STRUCT || type_kind(type) == TYPE_UNION);
	return ++*count < 2;
}

static bool count_all(struct type type UNUSED, void *arg)
{
	++*(unsigned *)arg;
	return true;
}

static void test_each_struct(void **state UNUSED)
{
	unsigned count = 0;

	types_each_struct(count_two, &count);
	assert_int_equal(count, 2);
	count = 0;
	types_each_struct(count_all, &count);
	assert_int_equal(count, 7);
}

/* Types that mean themselves end somewhere, quickly. */
static void test_circles(void **state UNUSED)
{
	struct built_btf circle;
	struct strbuf why = { 0 };
	struct member member;
	struct btf *circle_btf;
	struct type type;
	u32 i;

	build_btf_start(&circle, 1, 0);
	build_btf_type(&circle, "loop_t", BTF_TYPEDEF, false, 0, 2);
	build_btf_type(&circle, NULL, BTF_CONST, false, 0, 1);
	build_btf_array(&circle, 3, 1000000);
	/* Structure 4 has a thousand anonymous members, each structure 4. */
	build_btf_type(&circle, "inside_itself", BTF_STRUCT, false, 1000, 8);
	for (i = 0; i < 1000; i++)
		build_btf_field(&circle, NULL, 4, 0xffffffff);
	build_btf_type(&circle, "beyond", BTF_TYPEDEF, false, 0, 12345);
	build_btf_finish(&circle);
	circle_btf = btf_open(circle.blob.text, circle.blob.length, NULL, &why);
	assert_non_null(circle_btf);
	types_set_btf(circle_btf);
	assert_true(type_by_name("loop_t", &type));
	assert_int_equal(type_kind(type), TYPE_VOID);
	assert_int_equal(type_size(type), 0);
	assert_int_equal(type_nr_members(type), 0);
	assert_false(type_member(type, "x", &member));
	assert_int_equal(type_size((struct type){ circle_btf, 3 }), 0);
	assert_false(type_member((struct type){ circle_btf, 3 }, "x", &member));
	assert_false(type_has_member("inside_itself", "x"));
	assert_true(type_by_name("beyond", &type));
	assert_int_equal(type_kind(type), TYPE_VOID);
	types_set_btf(btf);
	btf_close(circle_btf);
	build_btf_discard(&circle);
	strbuf_free(&why);
}

static bool fallback_size(const char *type_name, u64 *size)
{
	*size = 77;
	return streq(type_name, "struct page");
}

static bool fallback_kind(const char *type_name, enum type_kind *kind)
{
	*kind = TYPE_UNION;
	return streq(type_name, "page");
}

static bool fallback_member(const char *type_name, const char *path, struct member *member)
{
	*member = (struct member){ .name = "flags", .offset = 3, .size = 8 };
	return streq(type_name, "page") && streq(path, "flags");
}

static bool fallback_enumerator(const char *name, s64 *value)
{
	*value = 9;
	return streq(name, "NINE");
}

static void test_fallback(void **state UNUSED)
{
	static const struct types_fallback fallback = { fallback_size, fallback_kind,
							fallback_member, fallback_enumerator };
	enum type_kind kind;
	struct member member;
	struct type type;
	s64 value;
	u64 size;

	types_set_btf(NULL);
	assert_false(types_available());
	assert_false(type_has_member("page", "flags"));
	assert_false(types_kernel_size("struct page", &size));
	assert_false(enumerator_value("NINE", &value));
	assert_false(type_by_name("page", &type));
	assert_null(enumerator_name("kind", 1));
	types_set_fallback(&fallback);
	assert_true(types_available());
	assert_true(type_member_by_name("page", "flags", &member));
	assert_int_equal(member.offset, 3);
	assert_true(types_kernel_size("struct page", &size));
	assert_int_equal(size, 77);
	assert_true(enumerator_value("NINE", &value));
	assert_int_equal(value, 9);
	assert_false(type_has_member("page", "nosuch"));
	/* With BTF it is asked for what that lacks, but not by the program itself. */
	types_set_btf(btf);
	assert_true(type_has_member("page", "flags"));
	assert_true(type_exists("struct page"));
	assert_true(type_kind_by_name("page", &kind));
	assert_int_equal(kind, TYPE_UNION);
	assert_true(type_kind_by_name("kind", &kind));
	assert_int_equal(kind, TYPE_ENUM);
	assert_true(enumerator_value("NINE", &value));
	assert_false(types_kernel_enumerator("NINE", &value));
	assert_false(types_kernel_member("page", "flags", &member));
	assert_false(types_kernel_size("struct page", &size));
	types_set_fallback(NULL);
	assert_false(type_has_member("page", "flags"));
	assert_false(type_kind_by_name("page", &kind));
}

static struct built_btf module_built;
static struct btf *module_btf;
static unsigned nr_loads;

static void load_module(void)
{
	struct strbuf why = { 0 };
	struct type type;

	nr_loads++;
	/* A loader that itself asks is not called again. */
	assert_false(type_by_name("struct ext4_thing", &type));
	build_btf_start(&module_built, btf_nr_types(btf), built.strings.length);
	build_btf_type(&module_built, "ext4_thing", BTF_STRUCT, false, 2, 32);
	build_btf_field(&module_built, "count", 1, 0);
	build_btf_field(&module_built, "list", btf_find(btf, BTF_STRUCT, "list"), 64);
	build_btf_type(&module_built, "task", BTF_STRUCT, false, 0, 1);
	build_btf_finish(&module_built);
	module_btf = btf_open(module_built.blob.text, module_built.blob.length, btf, &why);
	assert_non_null(module_btf);
	types_add_module_btf(module_btf);
}

static void test_types_of_modules(void **state UNUSED)
{
	struct member member;
	struct type type;
	u64 size;

	nr_loads = 0;
	types_set_module_loader(load_module);
	assert_true(type_by_name("task", &type));
	assert_false(types_kernel_size("ext4_thing", &size));
	assert_int_equal(nr_loads, 0);
	assert_true(type_by_name("struct ext4_thing", &type));
	assert_int_equal(type_size(type), 32);
	assert_true(type_member(type, "list.prev", &member));
	assert_int_equal(member.offset, 16);
	assert_string_equal(type_name(member.type), "");
	/* The kernel's own type comes before a module's of the same name. */
	assert_true(type_by_name("task", &type));
	assert_true(type_size(type) > 1);
	assert_false(type_by_name("ext5_thing", &type));
	assert_int_equal(nr_loads, 1);
	assert_true(type_has_member("ext4_thing", "count"));
	/* Members that the program itself asks for are the kernel's. */
	assert_false(types_kernel_member("ext4_thing", "count", &member));
	types_set_btf(btf);
	assert_false(type_by_name("struct ext4_thing", &type));
	btf_close(module_btf);
	build_btf_discard(&module_built);
}

#define WITH_TYPES(test) cmocka_unit_test_setup_teardown(test, make_types, drop_types)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TYPES(test_by_name),     WITH_TYPES(test_paths),
		WITH_TYPES(test_bit_fields),  WITH_TYPES(test_signs_and_enumerators),
		WITH_TYPES(test_each_struct), WITH_TYPES(test_circles),
		WITH_TYPES(test_fallback),    WITH_TYPES(test_types_of_modules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
