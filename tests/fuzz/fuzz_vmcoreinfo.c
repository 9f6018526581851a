/* fuzz_vmcoreinfo.c - tests: vmcoreinfo, from a note and searched for in memory, and what is asked of it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "dump/vmcoreinfo.h"
#include "fake.h"
#include "names/coreinfo.h"
#include "names/types.h"
#include "symbols.h"

#include <stdlib.h>

enum { TEXT_AT = 0x3000, MOST_BYTES = 0x8000 };

void fuzz_setup(void)
{
}

static void ask(const struct vmcoreinfo *info, const char *key)
{
	char value[65];
	u64 number;
	s64 signed_number;

	if (vmcoreinfo_string(info, key, value, sizeof(value)))
		fuzz_touch_text(value);
	vmcoreinfo_hex(info, key, &number);
	vmcoreinfo_number(info, key, &signed_number);
}

static void ask_all(const struct vmcoreinfo *info)
{
	char *copy = xstrndup(info->text, info->length), *rest = copy, *line;

	FUZZ_EXPECT(strlen(info->text) == info->length);
	while ((line = strsep(&rest, "\n"))) {
		ask(info, strsep(&line, "="));
		if (line)
			ask(info, line);
	}
	ask(info, "");
	free(copy);
}

static void use(const struct vmcoreinfo *info)
{
	static const char *const types[] = { "printk_ringbuffer", "struct prb_desc", "printk_info",
					     "list_head", "dev_printk_info" };
	static const char *const members[] = { "desc_ring.head_id",
					       "text_blk_lpos.begin",
					       "text_len",
					       "next",
					       "dev_info.subsystem",
					       "..",
					       "" };
	struct member member;
	u64 size;

	coreinfo_symbols(info);
	coreinfo_types(info);
	for (size_t i = 0; i < symbols_count(NULL); i++) {
		const struct symbol *symbol = symbols_get(NULL, i);

		fuzz_touch_text(symbol->name);
		symbol_at(symbol->value, NULL);
		FUZZ_EXPECT(symbol_by_name(symbol->name));
	}
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		type_size_by_name(types[i], &size);
		for (size_t j = 0; j < ARRAY_SIZE(members); j++)
			type_member_by_name(types[i], members[j], &member);
	}
	symbols_reset();
}

/* The first byte says whether the text is a note's. */
void fuzz_one(const u8 *data, size_t size)
{
	struct dump *dump = fake_dump();
	struct vmcoreinfo info;
	char *note = NULL;

	if (!size)
		return;
	size = min_u64(size - 1, MOST_BYTES);
	if (data[0] & 1) {
		note = xmalloc(size);
		memcpy(note, data + 1, size);
		dump->vmcoreinfo = note;
		dump->vmcoreinfo_bytes = size;
	} else {
		memcpy(fake_phys(TEXT_AT), data + 1, size);
	}
	if (vmcoreinfo_load(dump, NULL, &info)) {
		ask_all(&info);
		use(&info);
	}
	vmcoreinfo_free(&info);
	dump->vmcoreinfo = NULL;
	free(note);
}

static const char text[] =
	"OSRELEASE=6.12.0-test\nBUILD-ID=0123456789abcdef\nPAGESIZE=4096\n"
	"SYMBOL(init_uts_ns)=ffffffff82a03000\nOFFSET(uts_namespace.name)=0\n"
	"NUMBER(phys_base)=-16777216\n"
	"SYMBOL(_stext)=ffffffff81000000\nKERNELOFFSET=1000000\nSYMBOL(prb)=ffffffff82a0b2c0\n"
	"SIZE(printk_ringbuffer)=80\nOFFSET(printk_ringbuffer.desc_ring)=0\n"
	"OFFSET(prb_desc_ring.head_id)=32\n"
	"SIZE(atomic_long_t)=8\nOFFSET(prb_desc.text_blk_lpos)=8\nSIZE(prb_data_blk_lpos)=16\n"
	"OFFSET(prb_data_blk_lpos.begin)=0\nOFFSET(printk_info.text_len)=16\n"
	"OFFSET(printk_info.dev_info)=24\nOFFSET(dev_printk_info.subsystem)=0\n"
	"LENGTH(printk_info_subsystem)=16\n"
	"NUMBER(pgtable_l5_enabled)=0\nCRASHTIME=1700000000\n";

void fuzz_write_seeds(void)
{
	struct strbuf input = { 0 };
	const u32 header[3] = { sizeof("VMCOREINFO"), sizeof(text) - 1, 0 };

	strbuf_putc(&input, 1);
	strbuf_puts(&input, text);
	fuzz_seed("note", input.text, input.length);
	input.text[0] = 0;
	fuzz_seed("page", input.text, input.length);
	strbuf_reset(&input);
	strbuf_putc(&input, 0);
	strbuf_add(&input, header, sizeof(header));
	strbuf_add(&input, "VMCOREINFO\0", 12);
	strbuf_puts(&input, text);
	fuzz_seed("note-in-memory", input.text, input.length);
	strbuf_free(&input);
}
