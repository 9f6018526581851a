/* commands/rd.c - the command rd: memory as numbers, text, symbols or raw bytes. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/json.h"
#include "base/out.h"
#include "base/table.h"
#include "containers/kpercpu.h"
#include "kernel/mm/slab.h"
#include "kernel/taskcontext.h"
#include "memory.h"
#include "shell/command.h"
#include "shell/session.h"
#include "show/symbolshow.h"
#include "task.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 16
#define TEXT_LINE_BYTES 60 /* of -a */

enum style {
	STYLE_HEX,
	STYLE_SIGNED,
	STYLE_UNSIGNED,
	STYLE_SYMBOLS,
	STYLE_SLABS,
	STYLE_SLABS_BOTH
};

struct dump_request {
	struct space space;
	enum style style;
	size_t width; /* bytes of one number */
	bool swap_bytes;
	bool ascii;
	u64 address;
	u64 count; /* of numbers, or of bytes for text and files */
};

static noreturn void fail_at(const struct dump_request *request, u64 address,
			     const struct fault *fault)
{
	interrupt_check();
	if (request->space.kind == SPACE_FILE)
		fail("the dump file ends before offset %llx", address);
	fail("cannot read %s %llx: %s", address_space_name(request->space.kind), address,
	     fault_text(fault));
}

static void put_address(const struct dump_request *request, u64 address)
{
	if (request->space.kind == SPACE_KERNEL)
		out("%016llx:  ", address);
	else
		out("%16llx:  ", address);
}

static u64 swapped(u64 value, size_t width)
{
	if (width == 2)
		return __builtin_bswap16((u16)value);
	return width == 4 ? __builtin_bswap32((u32)value) : value;
}

/* A symbol or a slab cache's name instead of the number; NULL: neither. Scope memory. */
static const char *meaning(const struct dump_request *request, u64 value)
{
	const struct symbol *symbol;
	char cache[128];
	u64 offset;

	if (request->style < STYLE_SYMBOLS)
		return NULL;
	symbol = symbol_at(value, &offset);
	if (symbol && offset)
		return scope_printf("%s+%llu", symbol->name, offset);
	if (symbol)
		return symbol->name;
	if (request->style == STYLE_SYMBOLS || !mem_is_kernel_address(value) ||
	    !slab_cache_of(value, cache, sizeof(cache)))
		return NULL;
	if (request->style == STYLE_SLABS_BOTH)
		return scope_printf("[%llx:%s]", value, cache);
	return scope_printf("[%s]", cache);
}

struct line {
	const struct dump_request *request;
	u64 address;
	size_t length;
	u8 bytes[LINE_BYTES];
};

static u64 number_at(const struct line *line, size_t at)
{
	const struct dump_request *request = line->request;
	u64 value = load_uint(line->bytes + at, request->width);

	return request->swap_bytes ? swapped(value, request->width) : value;
}

static void put_json_number(const struct dump_request *request, u64 address, u64 value)
{
	const char *text = meaning(request, value);

	json_object(NULL);
	json_address("address", address);
	if (request->style == STYLE_SIGNED)
		json_signed("value", sign_extend(value, request->width));
	else if (request->style == STYLE_UNSIGNED)
		json_number("value", value);
	else
		json_address("value", value);
	if (text)
		json_text("meaning", text);
	json_end();
}

static void put_json_line(void *arg)
{
	const struct line *line = arg;

	for (size_t i = 0; i < line->length; i += line->request->width)
		put_json_number(line->request, line->address + i, number_at(line, i));
}

static void put_number(const struct dump_request *request, u64 value)
{
	static const int signed_columns[] = { 0, 3, 5, 0, 12, 0, 0, 0, 15 };
	static const int unsigned_columns[] = { 0, 3, 5, 0, 12, 0, 0, 0, 20 };
	const char *text = meaning(request, value);

	if (text)
		out("%-16s ", text);
	else if (request->style == STYLE_SIGNED)
		out("%*lld ", signed_columns[request->width], sign_extend(value, request->width));
	else if (request->style == STYLE_UNSIGNED)
		out("%*llu ", unsigned_columns[request->width], value);
	else
		out("%0*llx ", (int)request->width * 2, value);
}

/*
 * The characters of a line of LENGTH bytes, in the order of memory, under a full
 * line's last column.
 */
static void put_ascii(const struct dump_request *request, const u8 *bytes, size_t length)
{
	size_t missing = (LINE_BYTES - length) / request->width;
	char text[LINE_BYTES + 1];

	for (size_t i = 0; i < length; i++)
		text[i] = bytes[i] >= ' ' && bytes[i] < 0x7f ? (char)bytes[i] : '.';
	text[length] = '\0';
	out("%*s  %s", (int)(missing * (request->width * 2 + 1)), "", text);
}

static void put_text_line(void *arg)
{
	const struct line *line = arg;

	put_address(line->request, line->address);
	for (size_t i = 0; i < line->length; i += line->request->width)
		put_number(line->request, number_at(line, i));
	if (line->request->ascii)
		put_ascii(line->request, line->bytes, line->length);
	out("\n");
}

/*
 * One line of at most 16 bytes. What could be read before a bad number is shown before the failure.
 */
static void put_line(const struct dump_request *request, u64 address, size_t length)
{
	static const struct form_writer writer = { put_text_line, put_json_line };
	struct line line = { .request = request, .address = address };
	struct fault fault;

	if (mem_try_read_in(request->space, address, line.bytes, length, &fault))
		line.length = length;
	while (line.length < length &&
	       mem_try_read_in(request->space, address + line.length, line.bytes + line.length,
			       request->width, &fault))
		line.length += request->width;
	if (line.length)
		form_show(&writer, &line);
	if (line.length < length)
		fail_at(request, address + line.length, &fault);
}

static void put_numbers(const struct dump_request *request)
{
	u64 left = request->count * request->width, address = request->address;

	while (left) {
		size_t length = (size_t)min_u64(left, LINE_BYTES);

		interrupt_check();
		put_line(request, address, length);
		address += length;
		left -= length;
	}
}

/* -a: characters of memory, those that were read last. */
struct text_walk {
	const struct dump_request *request;
	struct strbuf *text;
	u64 nr_shown; /* before TEXT, by who shows it in lines */
	bool ended;
};

static void put_text_in_line(void *arg)
{
	struct text_walk *walk = arg;

	if (!walk->text->length)
		return;
	put_address(walk->request, walk->request->address + walk->nr_shown);
	for (size_t i = 0; i < walk->text->length; i++) {
		char c = walk->text->text[i];

		if (c < ' ' || c > '~')
			walk->text->text[i] = '.';
	}
	out("%s\n", strbuf_text(walk->text));
	walk->nr_shown += walk->text->length;
	strbuf_reset(walk->text);
}

static const struct column text_columns[] = {
	{ "address", NULL, .kind = CELL_ADDRESS },
	{ "text", NULL, .kind = CELL_BYTES },
	{ 0 },
};

static void put_whole_text(struct row *row, UNUSED size_t index, void *arg)
{
	const struct text_walk *walk = arg;

	row_address(row, walk->request->address);
	row_bytes(row, strbuf_text(walk->text), walk->text->length);
}

/* Programs get the whole. */
static void put_json_text(void *arg)
{
	const struct text_walk *walk = arg;

	if (walk->ended)
		table_show(&ONE_ROW("rd", text_columns, put_whole_text, arg));
}

/* 60 characters a line; without a count up to the first byte that is no printable character. */
static void put_text(const struct dump_request *request)
{
	static const struct form_writer writer = { put_text_in_line, put_json_text };
	struct text_walk walk = { request, scope_strbuf(), 0, false };
	bool until_end = request->count == 0, readable = true;
	struct fault fault;
	u64 done;

	for (done = 0; until_end || done < request->count; done++) {
		char c;

		if (done % TEXT_LINE_BYTES == 0) {
			interrupt_check();
			form_show(&writer, &walk);
		}
		readable = mem_try_read_in(request->space, request->address + done, &c, 1, &fault);
		if (!readable || (until_end && (c < ' ' || c > '~')))
			break;
		strbuf_putc(walk.text, c);
	}
	walk.ended = true;
	form_show(&writer, &walk);
	if (!readable)
		fail_at(request, request->address + done, &fault);
}

static const struct column copied_columns[] = {
	{ "address", "", CELL_ADDRESS, .before = " from 0x", .place = 2 },
	{ "file", "", CELL_TEXT, .before = " to ", .place = 3 },
	{ "bytes", "", CELL_NUMBER, .before = "", .after = " bytes copied", .place = 1 },
	{ 0 },
};

struct copied {
	u64 address;
	const char *path;
	u64 nr_bytes;
};

static void put_copied(struct row *row, UNUSED size_t index, void *arg)
{
	const struct copied *copied = arg;

	row_address(row, copied->address);
	row_text(row, copied->path);
	row_number(row, copied->nr_bytes);
}

static void close_file(void *arg)
{
	fclose(arg);
}

static void write_file(const struct dump_request *request, const char *path)
{
	FILE *file = fopen(path, "w");
	u8 bytes[4096];
	u64 done = 0;
	struct copied copied;

	if (!file)
		fail("cannot write %s: %s", path, strerror(errno));
	scope_cleanup(close_file, file);
	while (done < request->count) {
		size_t length = (size_t)min_u64(request->count - done, sizeof(bytes));
		struct fault fault;

		interrupt_check();
		if (!mem_try_read_in(request->space, request->address + done, bytes, length,
				     &fault))
			fail_at(request, fault.address, &fault);
		if (fwrite(bytes, 1, length, file) != length)
			fail("cannot write %s: %s", path, strerror(errno));
		done += length;
	}
	if (fflush(file) != 0)
		fail("cannot write %s: %s", path, strerror(errno));
	copied = (struct copied){ request->address, path, done };
	table_show(&ONE_ROW("rd", copied_columns, put_copied, &copied));
}

static void choose_space(const struct args *args, struct dump_request *request)
{
	enum address_space kind = SPACE_KERNEL;
	struct fault fault;

	if (option_given(args, "p"))
		kind = SPACE_PHYSICAL;
	else if (option_given(args, "f"))
		kind = SPACE_FILE;
	else if (option_given(args, "u") || request->address < memory_layout()->task_size)
		kind = SPACE_USER;
	if (!current_try_space(kind, &request->space, &fault) &&
	    fault.reason == FAULT_NO_USER_SPACE)
		fail("%llx is a user address, and %s", request->address, fault_text(&fault));
	request->space = current_space(kind);
}

/* -s, -S, -SS: names instead of numbers that are addresses. */
static void choose_names(const struct args *args, struct dump_request *request)
{
	bool slabs = option_given(args, "S") || option_given(args, "SS");

	if (!slabs && !option_given(args, "s"))
		return;
	if (request->width != 8)
		fail("-%s option is only allowed with 64-bit display", slabs ? "S" : "s");
	request->ascii = false;
	request->style = STYLE_SYMBOLS;
	if (option_given(args, "SS") || option_given(args, "S") > 1)
		request->style = STYLE_SLABS_BOTH;
	else if (slabs)
		request->style = STYLE_SLABS;
}

/* Of several options that say the same thing in different ways the last one counts. */
static void choose_style(const struct args *args, struct dump_request *request)
{
	static const struct {
		const char *option;
		size_t width;
	} widths[] = { { "8", 1 }, { "16", 2 }, { "32", 4 }, { "64", 8 } };

	request->width = 8;
	for (size_t i = 0; i < args->nr_options; i++) {
		const char *name = args->options[i].option->name;

		for (size_t w = 0; w < ARRAY_SIZE(widths); w++)
			if (streq(name, widths[w].option))
				request->width = widths[w].width;
		if (streq(name, "d"))
			request->style = STYLE_SIGNED;
		else if (streq(name, "D"))
			request->style = STYLE_UNSIGNED;
	}
	request->swap_bytes = option_given(args, "N") > 0;
	request->ascii = request->style == STYLE_HEX && !option_given(args, "x");
	if (request->style == STYLE_HEX)
		choose_names(args, request);
}

/* How much: the count, or up to the address of -e; 1 when nothing says. */
static void choose_count(const struct args *args, struct dump_request *request, size_t item_bytes)
{
	const char *end = option_argument(args, "e");
	bool open_ended = option_given(args, "a") > 0;

	request->count = open_ended ? 0 : 1;
	if (args->nr_words > 1) {
		request->count = argument_number(args->words[1]);
		if (!request->count || request->count > (1ULL << 60) / item_bytes)
			fail("invalid count request: %s", args->words[1]);
		if (end)
			warn("ending address ignored when count is specified");
	} else if (end) {
		u64 last = argument_address(end);

		if (last <= request->address)
			fail("invalid ending address: %llx (not above the start, %llx)", last,
			     request->address);
		request->count = (last - request->address) / item_bytes;
		if (!request->count)
			fail("nothing of %zu bytes ends before %llx", item_bytes, last);
	}
}

/* "runqueues:1" becomes the address of that CPU's copy; "runqueues:" is the current CPU's. */
static const char *percpu_argument(const char *word)
{
	const char *colon = strchr(word, ':');
	const char *name = colon ? scope_printf("%.*s", (int)(colon - word), word) : word;
	bool is_name = isalpha((unsigned char)*name) || *name == '_';
	const struct symbol *symbol = is_name ? symbol_by_name(name) : NULL;
	struct strbuf *why = scope_strbuf();
	struct cpu_mask mask = { 0 };

	if (!symbol || !percpu_is_variable(symbol))
		return word;
	if (!colon && symbol->value < memory_layout()->task_size)
		fail("%s is a per-cpu variable: \"rd %s:0\" reads CPU 0's copy", name, name);
	if (!colon)
		return word;
	if (!colon[1])
		colon = scope_printf(":%u", task_current()->cpu);
	if (!cpu_mask_parse(colon + 1, &mask, why))
		fail("%s", strbuf_text(why));
	if (cpu_mask_count(&mask) != 1)
		fail("rd reads the copy of one CPU: %s:%u", name, cpu_mask_next(&mask, 0));
	return scope_printf("%llx", percpu_address(symbol->value, cpu_mask_next(&mask, 0)));
}

static void run_rd(struct args *args)
{
	struct dump_request request = { 0 };
	const char *offset = option_argument(args, "o"), *path = option_argument(args, "r");
	bool bytes_wanted = path || option_given(args, "a");

	if (option_given(args, "m"))
		fail("-m is for the machine addresses of a Xen hypervisor, "
		     "whose dumps are not read");
	args_check_words(args, "an address or symbol", 1, 2);
	if (!symbol_argument("rd", percpu_argument(args->words[0]), &request.address))
		return;
	if (offset)
		request.address += argument_number(offset);
	choose_space(args, &request);
	choose_style(args, &request);
	choose_count(args, &request, bytes_wanted ? 1 : request.width);
	if (path) {
		if (args->nr_words < 2 && !option_given(args, "e"))
			fail("-r option requires either a count argument or the -e option");
		write_file(&request, path);
		return;
	}
	if (option_given(args, "a")) {
		put_text(&request);
		return;
	}
	/* -R: ADDRESS is the last number shown, not the first. */
	if (option_given(args, "R"))
		request.address -= (request.count - 1) * request.width;
	put_numbers(&request);
}

static const struct option rd_options[] = {
	{ "8", NULL, "bytes" },
	{ "16", NULL, "16-bit numbers" },
	{ "32", NULL, "32-bit numbers" },
	{ "64", NULL, "64-bit numbers (default)" },
	{ "x", NULL, "no characters at the end of the line" },
	{ "d", NULL, "signed decimal" },
	{ "D", NULL, "unsigned decimal" },
	{ "s", NULL, "64-bit numbers; those that are kernel addresses as symbol+offset" },
	{ "S", NULL,
	  "as -s, and addresses of slab objects as [cache]; given twice: as [address:cache]" },
	{ "SS", NULL, "as -S twice" },
	{ "a", NULL, "text; without a count up to the first byte that is not printable" },
	{ "N", NULL, "16- and 32-bit numbers are in network byte order" },
	{ "p", NULL, "the address is physical" },
	{ "u", NULL, "the address is a user address of the current task" },
	{ "f", NULL, "the address is an offset in the dump file" },
	{ "o", "offset", "start this many bytes after the address" },
	{ "e", "address", "stop before this address" },
	{ "R", NULL, "the address is that of the last number shown" },
	{ "r", "file", "write the bytes to a file; the count is in bytes" },
	{ "m", NULL, NULL },
	{ 0 },
};

COMMAND(rd) = {
	.name = "rd",
	.summary = "read memory",
	.synopsis = "[-adDsSupxfNR] [-8|-16|-32|-64] [-o offset] [-e address] [-r file]\n"
		    "     address|symbol[:cpu] [count]",
	.options = rd_options,
	.description =
		"Shows COUNT numbers (by default 1) from an address or symbol on, 16 bytes a "
		"line. Addresses below the kernel's half belong to the current task. \":cpu\" "
		"chooses a copy of a per-cpu variable; \":\" is the current CPU's. Where the dump "
		"has no more memory, the listing ends with the reason.",
	.example =
		"crash> rd -a linux_banner 13\n"
		"ffffffff99751580:  Linux version\n"
		"crash> rd -32 linux_banner 3\n"
		"ffffffff99751580:  756e694c 65762078 6f697372            Linux versio\n"
		"crash> rd -s sys_call_table 4\n"
		"ffffffff996003a0:  __x64_sys_read   __x64_sys_write  \n"
		"ffffffff996003b0:  __x64_sys_open   __x64_sys_close  \n"
		"crash> rd -SS super_blocks 2\n"
		"ffffffff9a3781a0:  [ffff8ae4c105a000:kmalloc-2k] [ffff8ae4cfbda000:kmalloc-2k] \n"
		"crash> rd -d jiffies\n"
		"ffffffff9a2079c0:       4294901746 \n",
	.arguments = "address|symbol count",
	.run = run_rd,
	.flags = COMMAND_MINIMAL,
};
