/* test_completion.c - L6 completion: half-typed lines taken apart, the commands' own data. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/completion.h"

#include "base/fail.h"
#include "symbols.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static void find(void *arg)
{
	completion_find(((void **)arg)[0], ((void **)arg)[1]);
}

/* "START: word word", with "files" at the end where their names may stand. */
static void check(const char *line, const char *wanted)
{
	struct completion completion = { 0 };
	struct strbuf text = { 0 };
	struct failure failure;

	if (!protect(find, (void *[]){ (void *)line, &completion }, &failure))
		fail_msg("\"%s\": %s", line, failure.text);
	strbuf_printf(&text, "%zu:", completion.start);
	for (size_t i = 0; i < completion.candidates.count; i++)
		strbuf_printf(&text, " %s", completion.candidates.items[i].word);
	if (completion.files)
		strbuf_puts(&text, " files");
	if (!streq(strbuf_text(&text), wanted))
		fail_msg("\"%s\": got \"%s\", wanted \"%s\"", line, strbuf_text(&text), wanted);
	strbuf_free(&text);
	completion_free(&completion);
}

static void test_places(void **state UNUSED)
{
	check("asci", "0: ascii");
	check("  asci", "2: ascii");
	check("\\asci", "1: ascii");
	check("ascii 1; evalx; asci", "16: ascii");
	check("help asci", "5: ascii");
	check("help ascii inpu", "11: input");
	check("man asci", "4: ascii");
	check("repeat asci", "7: ascii");
	check("repeat -2 help inpu", "15: input");
	check("bt --fol", "3: --folded");
	check("foreach bt --fol", "11: --folded");
	check("foreach 1 2 UN gleader bt --fol", "26: --folded");
	check("foreach gleade", "8: gleader");
	check("foreach vto", "8: vtop");
	check("foreach gleader rd -", "19:");
	check("kmem -i", "5: -i -i=shared");
	check("tree -t rb", "8: rbtree");
	check("tree -tr", "7: radix rbtree");
	check("sys -t con", "7: config");
	check("set print_arra", "4: print_array");
	check("set print_array o", "16: off on");
	check("set edit ", "9: emacs vi");
	check("set edit vi radix ", "18: 10 16");
	check("set core on sil", "12: silent");
	check("alias sf", "6: sf");
	check("alias x help inpu", "13: input");
	check("save ", "5: files");
	check("ps > ", "0: files");
	check("ps >> a", "0: files");
	check("< a", "0: files");
	check("ps | cat a", "5: files");
	check("ps ! cat a", "5: files");
	check("!cat a", "1: files");
	check("help \"inpu", "5:");
	check("ascii 1 asci", "8:");
	check("nosuchcommand asci", "14:");
}

static void test_symbols(void **state UNUSED)
{
	static const struct symbol symbols[] = {
		{ .name = "vfs_read", .value = 0xffffffff81000000, .type = 'T' },
		{ .name = "vfs_readv", .value = 0xffffffff81000010, .type = 'T' },
		{ .name = "vfs_write", .value = 0xffffffff81000020, .type = 'T' },
		{ .name = "vfs_label", .value = 0xffffffff81000030, .type = 't', .hidden = true },
	};

	symbols_load_list(symbols, ARRAY_SIZE(symbols));
	check("sym vfs_r", "4: vfs_read vfs_readv");
	check("sym vfs_", "4: vfs_read vfs_readv vfs_write");
	check("sym ", "4:");
	check("sym vfs_read vfs_w", "13: vfs_write");
	check("rd vfs_w", "3: vfs_write");
	check("rd -x vfs_w", "6: vfs_write");
	check("rd vfs_read vfs_w", "12:");
	check("p vfs_read+vfs_w", "11: vfs_write");
	check("p (vfs_read > vfs_w", "14: vfs_write");
	check("p vfs_read->vfs_w", "12:");
	check("eval 1 << vfs_w", "10: vfs_write");
	check("vfs_w", "0: vfs_write");
	check("list -e vfs_w", "8: vfs_write");
	check("search -s vfs_w", "10: vfs_write");
	symbols_reset();
	check("sym vfs_", "4:");
}

/* Every word in the commands' data is known to completion, as a kind or as free text. */
static void test_every_argument_is_known(void **state UNUSED)
{
	for (const struct command *const *entry = command_table; *entry; entry++) {
		const char *unknown = completion_unknown(*entry);

		if (unknown)
			fail_msg("%s takes \"%s\"", (*entry)->name, unknown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_every_argument_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
