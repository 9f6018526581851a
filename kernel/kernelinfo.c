/* kernel/kernelinfo.c - configuration, firmware strings and system call table out of the kernel's memory. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/kernelinfo.h"

#include "base/fail.h"
#include "memory.h"
#include "names/kfield.h"
#include "symbols.h"

#include <zlib.h>

KSYMBOL(sys_call_table, "sys_call_table");
KSYMBOL(dmi_ident, "dmi_ident");
KSYMBOL(kernel_config_data, "kernel_config_data");
KSYMBOL(kernel_config_data_end, "kernel_config_data_end");

#define MAX_SYSCALLS 4096
#define MAX_DMI_BYTES 256
#define MAX_CONFIG_BYTES (16ULL << 20)

static void end_inflate(void *stream)
{
	inflateEnd(stream);
}

/* PACKED is one gzip stream. */
static void unpack(const u8 *packed, size_t size, struct strbuf *text)
{
	z_stream *stream = scope_alloc(sizeof(*stream));
	char part[16384];
	int status;

	if (inflateInit2(stream, 16 + MAX_WBITS) != Z_OK)
		fail("the configuration cannot be unpacked: out of memory");
	scope_cleanup(end_inflate, stream);
	stream->next_in = (Bytef *)packed;
	stream->avail_in = (uInt)size;
	do {
		stream->next_out = (Bytef *)part;
		stream->avail_out = sizeof(part);
		status = inflate(stream, Z_NO_FLUSH);
		if (status != Z_OK && status != Z_STREAM_END)
			fail("the configuration is damaged: %s",
			     stream->msg != NULL ? stream->msg : "cut short");
		strbuf_add(text, part, sizeof(part) - stream->avail_out);
	} while (status != Z_STREAM_END && text->length < MAX_CONFIG_BYTES);
}

void kernel_config(struct strbuf *text)
{
	u64 start, size;
	u8 *packed;

	if (!ksymbol_exists(&kernel_config_data) || !ksymbol_exists(&kernel_config_data_end))
		fail("this kernel was built without its configuration inside (CONFIG_IKCONFIG)");
	start = ksymbol_address(&kernel_config_data);
	size = ksymbol_address(&kernel_config_data_end) - start;
	if (size > MAX_CONFIG_BYTES)
		fail("a configuration of %llu bytes makes no sense", size);
	packed = scope_alloc(size + 1);
	mem_read(start, packed, size, "kernel_config_data");
	unpack(packed, size, text);
}

bool kernel_dmi_string(s64 index, const char **name, const char **value)
{
	u64 string;
	char *text;

	*name = enumerator_name("dmi_field", index);
	*value = NULL;
	if (*name == NULL || streq(*name, "DMI_STRING_MAX"))
		return false;
	string = mem_u64(ksymbol_address(&dmi_ident) + (u64)index * sizeof(u64), "dmi_ident");
	if (string == 0)
		return true;
	text = scope_alloc(MAX_DMI_BYTES);
	mem_string(string, text, MAX_DMI_BYTES, "dmi_ident");
	*value = text;
	return true;
}

u64 *kernel_syscalls(size_t *count)
{
	u64 table = ksymbol_address(&sys_call_table);
	const struct symbol *symbol = symbol_by_name("sys_call_table");
	u64 *functions;

	*count = symbol != NULL ? min_u64(symbol->size / sizeof(u64), MAX_SYSCALLS) : 0;
	if (*count == 0)
		fail("no symbol says how large sys_call_table is");
	functions = scope_array(*count, sizeof(*functions));
	mem_read(table, functions, *count * sizeof(*functions), "sys_call_table");
	/*
	 * kallsyms knows no sizes: what fills up to the next symbol looks like part of the table.
	 */
	while (*count && !functions[*count - 1])
		--*count;
	return functions;
}
