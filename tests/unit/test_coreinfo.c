/* test_coreinfo.c: symbols and types out of vmcoreinfo, whole and damaged. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/util.h"
#include "names/coreinfo.h"
#include "names/types.h"
#include "symbols.h"

static struct vmcoreinfo info_of(const char *text)
{
	return (struct vmcoreinfo){ .text = (char *)text, .length = strlen(text) };
}

static void reset(void)
{
	types_set_fallback(NULL);
	symbols_reset();
}

static void test_symbols(UNUSED void **state)
{
	struct vmcoreinfo info = info_of("OSRELEASE=6.1\n"
					 "SYMBOL(prb)=ffffffff90000010\n"
					 "SYMBOL(_stext)=ffffffff81000000\n"
					 "OFFSET(list_head.next)=0\n"
					 "SYMBOL(open=1\n"
					 "SYMBOL(nothing)\n"
					 "SYMBOL(words)=hello\n"
					 "SYMBOL(last)=10");

	coreinfo_symbols(&info);
	assert_int_equal(symbol_by_name("prb")->value, 0xffffffff90000010);
	assert_int_equal(symbol_by_name("_stext")->value, 0xffffffff81000000);
	assert_int_equal(symbol_by_name("last")->value, 0x10);
	assert_null(symbol_by_name("nothing"));
	assert_null(symbol_by_name("words"));
	assert_null(symbol_by_name("list_head.next"));
	assert_int_equal(symbols_count(NULL), 3);
	assert_true(symbols_get(NULL, 0)->value < symbols_get(NULL, 2)->value);
	reset();
}

static void test_members(UNUSED void **state)
{
	struct vmcoreinfo info = info_of("SIZE(printk_ringbuffer)=88\n"
					 "SIZE(prb_desc_ring)=48\n"
					 "OFFSET(printk_ringbuffer.desc_ring)=8\n"
					 "OFFSET(prb_desc_ring.head_id)=24\n"
					 "OFFSET(prb_desc_ring.count_bits)=4\n"
					 "OFFSET(atomic_long_t.counter)=2\n"
					 "OFFSET(printk_info.text_len)=16\n"
					 "OFFSET(printk_info.dev_info)=24\n"
					 "OFFSET(dev_printk_info.device)=16\n"
					 "LENGTH(printk_info_device)=48\n"
					 "OFFSET(damaged.member)=-3\n"
					 "SIZE(damaged)=many\n");
	struct member member;
	u64 size;
	s64 value;

	coreinfo_types(&info);
	assert_true(types_available());
	assert_true(type_size_by_name("struct printk_ringbuffer", &size));
	assert_int_equal(size, 88);
	assert_true(type_member_by_name("printk_ringbuffer", "desc_ring.head_id.counter", &member));
	assert_int_equal(member.offset, 8 + 24 + 2);
	assert_int_equal(member.size, 8);
	assert_true(type_member_by_name("printk_ringbuffer", "desc_ring", &member));
	assert_int_equal(member.size, 48);
	assert_true(type_member_by_name("prb_desc_ring", "count_bits", &member));
	assert_int_equal(member.size, 4);
	assert_true(type_member_by_name("printk_info", "text_len", &member));
	assert_int_equal(member.size, 2);
	assert_true(type_member_by_name("printk_info", "dev_info.device", &member));
	assert_int_equal(member.offset, 40);
	assert_int_equal(member.size, 48);
	/*
	 * What it does not say is not there; nor is what lies inside something that
	 * is no structure.
	 */
	assert_false(type_member_by_name("printk_info", "level", &member));
	assert_false(type_member_by_name("printk_info", "text_len.low", &member));
	assert_false(type_member_by_name("damaged", "member", &member));
	assert_false(type_size_by_name("damaged", &size));
	assert_false(enumerator_value("PG_slab", &value));
	reset();
	assert_false(types_available());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
