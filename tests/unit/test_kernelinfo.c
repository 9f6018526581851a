/* test_kernelinfo.c - L5: configuration, firmware strings, system calls. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "fake.h"
#include "kernel/kernelinfo.h"
#include "symbols.h"

#include <setjmp.h>
#include <stdarg.h>
#include <zlib.h>
#include <cmocka.h>

#define CONFIG 0x1000
#define DMI 0x8000
#define SYSCALLS 0x9000
#define STRINGS 0xa000
#define CONFIG_LINES 5000

static size_t packed_bytes;

static void config_text(struct strbuf *text)
{
	for (unsigned i = 0; i < CONFIG_LINES; i++)
		strbuf_printf(text, "CONFIG_OPTION_%u=y\n", i * i);
}

static void put_config(void)
{
	struct strbuf text = { 0 };
	z_stream stream = { 0 };

	config_text(&text);
	deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
	stream.next_in = (Bytef *)text.text;
	stream.avail_in = (uInt)text.length;
	stream.next_out = fake_phys(CONFIG);
	stream.avail_out = DMI - CONFIG;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	packed_bytes = stream.total_out;
	deflateEnd(&stream);
	strbuf_free(&text);
}

static void build(void)
{
	fake_dump();
	put_config();
	fake_u64(fake_kva(DMI) + 8, fake_kva(STRINGS));
	fake_bytes(fake_kva(STRINGS), "SeaBIOS", 8);
	fake_u64(fake_kva(SYSCALLS), 0x1111);
	fake_u64(fake_kva(SYSCALLS) + 8, 0x2222);
}

static void read_config(void *arg)
{
	kernel_config(arg);
}

static void test_config(void **state UNUSED)
{
	struct strbuf got = { 0 }, wanted = { 0 };

	build();
	config_text(&wanted);
	assert_true(protect(read_config, &got, NULL));
	assert_int_equal(got.length, wanted.length);
	assert_string_equal(strbuf_text(&got), strbuf_text(&wanted));
	strbuf_free(&got);
	strbuf_free(&wanted);
}

static void test_damaged_config(void **state UNUSED)
{
	struct strbuf got = { 0 };
	struct failure failure;

	build();
	for (size_t i = 0; i < 16; i++)
		*fake_phys(CONFIG + packed_bytes / 2 + i) ^= 0x5a;
	assert_false(protect(read_config, &got, &failure));
	assert_non_null(strstr(failure.text, "damaged"));
	strbuf_reset(&got);
	build();
	memset(fake_phys(CONFIG), 0, 4096);
	assert_false(protect(read_config, &got, &failure));
	strbuf_free(&got);
}

static void test_dmi(void **state UNUSED)
{
	const char *name, *value;

	build();
	assert_true(kernel_dmi_string(0, &name, &value));
	assert_string_equal(name, "DMI_NONE");
	assert_null(value);
	assert_true(kernel_dmi_string(1, &name, &value));
	assert_string_equal(name, "DMI_BIOS_VENDOR");
	assert_string_equal(value, "SeaBIOS");
	assert_false(kernel_dmi_string(2, &name, &value));
	assert_false(kernel_dmi_string(3, &name, &value));
}

static void test_syscalls(void **state UNUSED)
{
	size_t count;
	u64 *functions;

	build();
	functions = kernel_syscalls(&count);
	assert_int_equal(count, 2);
	assert_int_equal(functions[0], 0x1111);
	assert_int_equal(functions[1], 0x2222);
}

int main(void)
{
	static const char *const fields[] = { "DMI_NONE", "DMI_BIOS_VENDOR", "DMI_STRING_MAX" };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_damaged_config),
		cmocka_unit_test(test_dmi),
		cmocka_unit_test(test_syscalls),
	};
	const struct symbol_module *module;

	fake_enum("dmi_field", fields, ARRAY_SIZE(fields));
	fake_types_done();
	fake_dump();
	put_config();
	module = symbols_add_module("kernel", 0, 0, 0, NULL, 0);
	symbols_add(module, "kernel_config_data", fake_kva(CONFIG), 0, 'r');
	symbols_add(module, "kernel_config_data_end", fake_kva(CONFIG) + packed_bytes, 0, 'r');
	symbols_add(module, "dmi_ident", fake_kva(DMI), 24, 'b');
	symbols_add(module, "sys_call_table", fake_kva(SYSCALLS), 16, 'D');
	return cmocka_run_group_tests(tests, NULL, NULL);
}
