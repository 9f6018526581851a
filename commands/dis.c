/* commands/dis.c - the command dis: instructions of kernel, modules and programs, with their source. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gdb disassembles; which bytes belong to a function is known from the symbols, which it
 * may not have.
 */
#include "base/fail.h"
#include "bridge/gdb_bridge.h"
#include "memory.h"
#include "shell/bridge_ops.h"
#include "shell/command.h"
#include "shell/gdb_settings.h"
#include "show/datashow.h"
#include "show/symbolshow.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define LONGEST_INSTRUCTION 15
#define LINES_BEFORE 5 /* of source, above the marked one */
#define MOST_SOURCE_LINES 5000

/* Bytes behind ud2 that are no code: option -b. Kernels of today describe a BUG() elsewhere. */
static u64 bug_bytes;

struct request {
	const struct args *args;
	u64 address;
	u64 count; /* 0: not given */
	bool whole; /* the function that begins there */
	bool user, lines, unfiltered, bytes;
	unsigned radix;
	/* the last "file: line" shown */
	struct strbuf *last_place;
	bool lines_unknown;
	const struct instruction *instruction; /* the one that is shown */
	struct table_run run;
};

struct instruction {
	u64 address;
	char *text; /* as gdb prints it, from "0x" on */
};

struct instructions {
	struct instruction *items;
	size_t count;
	char *problem; /* why it ended early; NULL: it did not */
};

/*
 * Where the function that begins at SYMBOL ends: by the largest size of those that begin
 * there, because code in assembler has labels inside, and names without a size; else where the
 * next symbol begins.
 */
static u64 function_end(const struct symbol *symbol)
{
	const struct symbol *next = symbol, *before;
	u64 size = symbol->size;

	while ((before = symbol_before(next)) && before->value == symbol->value)
		next = before;
	for (; next && next->value == symbol->value; next = symbol_after(next))
		size = max_u64(size, next->size);
	if (size)
		return symbol->value + size;
	if (next && next->module == symbol->module)
		return next->value;
	return align_up(symbol->value + 1, PAGE_BYTES);
}

/* gdb's lines are "   0xADDR <symbol+4>:\tpush   %rbp", the current one with "=> " before it. */
static void add_lines(struct instructions *list, char *text)
{
	size_t nr_lines = 1;
	char *rest = NULL;

	for (const char *c = text; *c; c++)
		nr_lines += *c == '\n';
	list->items = scope_array(nr_lines, sizeof(*list->items));
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *start = line + strspn(line, "=> ");

		/* What cannot be read is a line without an instruction; the error follows it. */
		if (!starts_with(start, "0x") || !strchr(start, '\t') || ends_with(start, "\t"))
			continue;
		list->items[list->count++] = (struct instruction){ strtoull(start, NULL, 16),
								   start };
	}
}

static struct instructions run_gdb(const char *command)
{
	struct strbuf text = { 0 }, error = { 0 };
	struct instructions list = { 0 };

	gdb_settings_sync();
	if (!gdb_run(command, GDB_NO_DWARF, &text, &error))
		list.problem = scope_strdup(strbuf_text(&error));
	add_lines(&list, scope_strdup(strbuf_text(&text)));
	strbuf_free(&text);
	strbuf_free(&error);
	interrupt_check();
	return list;
}

/* From START up to END, or COUNT instructions from START. */
static struct instructions disassemble(const struct request *request, u64 start, u64 end, u64 count)
{
	if (count && !request->bytes)
		return run_gdb(scope_printf("x/%llui 0x%llx", count, start));
	if (count)
		end = start + count * LONGEST_INSTRUCTION;
	return run_gdb(scope_printf("disassemble %s 0x%llx,0x%llx", request->bytes ? "/r" : "",
				    start, end));
}

/* "<vfs_read+0>" as "<vfs_read>", and with -x the other distances in hexadecimal. */
static const char *tidy_symbols(const char *text, unsigned radix)
{
	struct strbuf *tidy = scope_strbuf();

	for (;;) {
		size_t length = strcspn(text, "+");
		char *end = NULL;
		u64 distance;

		strbuf_add(tidy, text, length);
		text += length;
		if (!*text)
			break;
		distance = isdigit((unsigned char)text[1]) ? strtoull(text + 1, &end, 10) : 0;
		if (!end || *end != '>') {
			strbuf_putc(tidy, *text++);
			continue;
		}
		if (distance)
			strbuf_printf(tidy, radix == 16 ? "+0x%llx" : "+%llu", distance);
		text = end;
	}
	return strbuf_text(tidy);
}

/*
 * A traced kernel's functions begin with a call of the tracer, or with one of these while nobody
 * traces. An endbr64 may stand before it, or the four bytes that the kernel put in its place.
 */
static bool is_ftrace_nop(const struct instruction *instruction, const struct symbol *symbol,
			  u64 offset)
{
	static const u8 nops[][5] = { { 0x0f, 0x1f, 0x44, 0x00, 0x00 },
				      { 0x66, 0x66, 0x66, 0x66, 0x90 } };
	static const u8 firsts[][3] = { { 0xf3, 0x0f, 0x1e },
					{ 0x66, 0x0f, 0x1f },
					{ 0x0f, 0x1f, 0x40 } };
	u8 bytes[5];

	if (!symbol || (offset != 0 && offset != 4) || !symbol_by_name("ftrace_stub") ||
	    !address_is_text(instruction->address) ||
	    !mem_try_read(instruction->address, bytes, sizeof(bytes), NULL) ||
	    (memcmp(bytes, nops[0], 5) != 0 && memcmp(bytes, nops[1], 5) != 0))
		return false;
	if (!offset)
		return true;
	if (!mem_try_read(symbol->value, bytes, 3, NULL))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(firsts); i++)
		if (!memcmp(bytes, firsts[i], 3))
			return true;
	return false;
}

/* Of the source; NULL: not known, or not wanted. Why nothing is known of any is said once. */
static const char *file_of(struct request *request, u64 address, u32 *line)
{
	struct strbuf *file, *error;

	if (!request->lines || request->lines_unknown)
		return NULL;
	file = scope_strbuf();
	error = scope_strbuf();
	if (gdb_line_at(address, file, line, error))
		return strbuf_text(file);
	if (!gdb_has_dwarf()) {
		request->lines_unknown = true;
		warn("no line numbers: %s", strbuf_text(error));
	}
	return NULL;
}

static const struct column columns[] = {
	/* "file: line" above the first instruction of each line */
	{ NULL, "", CELL_TEXT, .after = "\n", .place = 1 },
	{ NULL, "", CELL_TEXT, .before = "", .place = 2 },
	{ "address", NULL, .kind = CELL_ADDRESS },
	{ "symbol", NULL, .kind = CELL_TEXT },
	{ "offset", NULL, .kind = CELL_NUMBER },
	{ "bytes", NULL, .kind = CELL_TEXT },
	{ "instruction", NULL, .kind = CELL_TEXT },
	{ "ftrace_nop", NULL, .kind = CELL_FLAG },
	{ "file", NULL, .kind = CELL_TEXT },
	{ "line", NULL, .kind = CELL_NUMBER },
	{ 0 },
};

static void put_place_above(struct row *row, struct request *request, const char *file, u32 line)
{
	const char *place = file ? scope_printf("%s: %u", file, line) : NULL;

	if (!place || streq(place, strbuf_text(request->last_place))) {
		row_null(row, "");
		return;
	}
	row_text(row, place);
	strbuf_reset(request->last_place);
	strbuf_puts(request->last_place, place);
}

/* As gdb has it, which names only code, and marked. */
static const char *line_text(const struct request *request, const struct symbol *symbol, u64 offset,
			     bool ftrace_nop)
{
	const char *text = tidy_symbols(request->instruction->text, request->radix);
	const char *colon = strchr(text, ':');
	bool named = colon && colon[-1] == '>', plain = request->user || request->unfiltered;

	if (symbol && !named && !plain && colon)
		text = tidy_symbols(scope_printf("%.*s <%s+%llu>%s", (int)(colon - text), text,
						 symbol->name, offset, colon),
				    request->radix);
	if (plain || (!named && !symbol))
		return scope_printf("   %s", text);
	return ftrace_nop ? scope_printf("%s [FTRACE NOP]", text) : text;
}

/* gdb's "0xADDR <symbol+4>:\tb8 01 00 00 00\tmov ...": the bytes are there with -B. */
static void put_code(struct row *row, const struct request *request)
{
	const char *code = strchr(request->instruction->text, '\t'), *second;

	second = code && request->bytes ? strchr(code + 1, '\t') : NULL;
	if (second)
		row_text(row, scope_printf("%.*s", (int)(second - code - 1), code + 1));
	else
		row_none(row);
	row_text(row, second ? second + 1 : code ? code + 1 : NULL);
}

static void put_instruction(struct row *row, UNUSED size_t index, void *arg)
{
	struct request *request = arg;
	u64 address = request->instruction->address, offset = 0;
	const struct symbol *symbol = request->user ? NULL : symbol_at(address, &offset);
	bool ftrace_nop = is_ftrace_nop(request->instruction, symbol, offset);
	u32 line = 0;
	const char *path = file_of(request, address, &line);

	row_stands_for(row, address);
	put_place_above(row, request, path, line);
	row_text(row, line_text(request, symbol, offset, ftrace_nop));
	row_address(row, address);
	row_text(row, symbol ? symbol->name : NULL);
	if (symbol)
		row_number(row, offset);
	else
		row_none(row);
	put_code(row, request);
	row_flag(row, ftrace_nop);
	if (path) {
		row_text(row, path);
		row_number(row, line);
	} else {
		row_none(row);
		row_none(row);
	}
}

static void show_instruction(struct request *request, const struct instruction *instruction)
{
	request->instruction = instruction;
	table_put(&request->run, 0);
}

static bool is_ud2(const struct instruction *instruction)
{
	return ends_with(instruction->text, "\tud2");
}

/* COUNT 0: all up to END. Instructions below FROM are decoded, but not shown. */
static void show_instructions(struct request *request, u64 start, u64 end, u64 from, u64 count)
{
	u64 limit = count ? count : ~0ULL, shown = 0;
	bool again = true;

	while (again && shown < limit && (count || start < end)) {
		struct instructions list = disassemble(request, start, end,
						       count ? limit - shown : 0);

		again = false;
		for (size_t i = 0; i < list.count && shown < limit && !again; i++) {
			interrupt_check();
			if (list.items[i].address >= from) {
				show_instruction(request, &list.items[i]);
				shown++;
			}
			again = bug_bytes && is_ud2(&list.items[i]);
			start = list.items[i].address + 2 + bug_bytes;
		}
		if (list.problem && !again && shown < limit)
			fail("%s", list.problem);
	}
}

/*
 * -r: from the function's beginning up to the address; with a count only the last ones.
 * When no instruction begins at the address, the last one is the next that does.
 */
static void show_backwards(struct request *request, const struct symbol *symbol)
{
	struct instructions list = disassemble(request, symbol->value,
					       request->address + 1 + LONGEST_INSTRUCTION, 0);
	size_t first = 0;

	for (size_t i = 0; i < list.count; i++) {
		if (list.items[i].address >= request->address) {
			list.count = i + 1;
			list.problem = NULL;
		}
	}
	if (request->count && request->count < list.count)
		first = list.count - request->count;
	for (size_t i = first; i < list.count; i++) {
		interrupt_check();
		show_instruction(request, &list.items[i]);
	}
	if (list.problem)
		fail("%s", list.problem);
}

static const struct column source_columns[] = {
	{ "line", NULL, .kind = CELL_NUMBER },
	{ "source", NULL, .kind = CELL_TEXT },
	{ "here", "", .kind = CELL_FLAG },
	{ 0 },
};

struct source_line {
	const char *text; /* "NUMBER\tSOURCE" */
	u32 number, marked;
};

static void put_source_line(struct row *row, UNUSED size_t index, void *arg)
{
	const struct source_line *line = arg;
	const char *source = strchr(line->text, '\t');
	bool here = line->number == line->marked;

	row_number(row, line->number);
	row_text(row, source ? source + 1 : "");
	row_flag(row, here);
	row_shown(row, scope_printf("%s%s", here ? "* " : "  ", line->text));
}

/* The lines of TEXT; stops after the function's closing brace when UNTIL_BRACE. */
static void show_source_lines(char *text, u32 marked, bool until_brace)
{
	struct source_line line = { .marked = marked };
	const struct table table = ONE_ROW("dis", source_columns, put_source_line, &line);
	struct table_run run;
	char *rest = NULL;

	table_begin(&run, &table);
	for (line.text = strtok_r(text, "\n", &rest); line.text;
	     line.text = strtok_r(NULL, "\n", &rest)) {
		const char *source = strchr(line.text, '\t');

		line.number = (u32)strtoul(line.text, NULL, 10);
		table_put(&run, 0);
		if (until_brace && line.number >= marked && source && source[1] == '}')
			break;
	}
	table_end(&run);
	table_remark("\n");
}

static const struct column place_columns[] = {
	{ "file", "FILE", .kind = CELL_TEXT },
	{ "line", "LINE", .kind = CELL_NUMBER, .align = ALIGN_LEFT },
	{ 0 },
};

struct source_place {
	const char *path;
	u32 line;
};

static void put_source_place(struct row *row, UNUSED size_t index, void *arg)
{
	const struct source_place *place = arg;

	row_text(row, place->path);
	row_number(row, place->line);
}

static void show_source_place(const char *path, u32 line)
{
	struct source_place place = { path, line };

	table_show(&ONE_ROW("dis", place_columns, put_source_place, &place, .labels = 4,
			    .blank_after = true));
}

static void show_source(const struct request *request, const struct symbol *symbol)
{
	struct strbuf file = { 0 }, error = { 0 }, *text = scope_strbuf(),
		      *problem = scope_strbuf();
	const char *path, *why;
	u32 line, first;
	bool known = gdb_line_at(request->address, &file, &line, &error);

	path = scope_strdup(strbuf_text(&file));
	why = scope_strdup(strbuf_text(&error));
	strbuf_free(&file);
	strbuf_free(&error);
	if (!known)
		fail("the source line is not known: %s", why);
	show_source_place(path, line);
	first = line > LINES_BEFORE ? line - LINES_BEFORE : 1;
	if (!gdb_source_lines(request->address, first,
			      line + (request->count ? (u32)request->count : MOST_SOURCE_LINES),
			      text, problem)) {
		interrupt_check();
		fail("%s: source code is not available: %s; "
		     "`gdb directory DIR` names a source tree",
		     symbol->name, strbuf_text(problem));
	}
	show_source_lines(scope_strdup(strbuf_text(text)), line, !request->count);
}

static void show(struct request *request)
{
	const struct args *args = request->args;
	u64 offset;
	const struct symbol *symbol = request->user ? NULL : symbol_at(request->address, &offset);

	if (!symbol) {
		if (!request->user)
			warn("%llx: no associated kernel symbol found", request->address);
		if (option_given(args, "s") || option_given(args, "r"))
			fail("%llx: no function is known there", request->address);
		show_instructions(request, request->address, 0, 0,
				  request->count ? request->count : 1);
	} else if (option_given(args, "s")) {
		show_source(request, symbol);
	} else if (option_given(args, "r")) {
		show_backwards(request, symbol);
	} else if (option_given(args, "f") && !request->count) {
		show_instructions(request, symbol->value, function_end(symbol), request->address,
				  0);
	} else if (request->whole) {
		show_instructions(request, symbol->value, function_end(symbol), 0, 0);
	} else {
		show_instructions(request, request->address, 0, 0,
				  request->count ? request->count : 1);
	}
}

static const struct column bug_columns[] = {
	{ "bug_bytes", "", CELL_NUMBER, .before = "encoded bytes being skipped after ud2a: " },
	{ 0 },
};

static void put_bug_bytes(struct row *row, UNUSED size_t index, UNUSED void *arg)
{
	row_number(row, bug_bytes);
}

/* -b: a number before the address sets it; alone it shows the setting. True: no address. */
static bool take_bug_bytes(struct args *args)
{
	u64 bytes;

	if (args->nr_words) {
		bytes = argument_number(args->words[0]);
		if (bytes > 64)
			fail("not a number of bytes behind an instruction: %s", args->words[0]);
		bug_bytes = bytes;
		args->words++;
		args->nr_words--;
	}
	if (args->nr_words)
		return false;
	table_show(&ONE_ROW("dis", bug_columns, put_bug_bytes, NULL));
	return true;
}

static void refuse_both(const struct args *args, const char *one, const char *other)
{
	if (option_given(args, one) && option_given(args, other))
		fail("-%s and -%s are mutually exclusive", one, other);
}

/* The whole function when nothing else is said of how much, and the address is where it begins. */
static bool is_whole_function(const struct request *request)
{
	u64 offset;

	return !request->count && symbol_at(request->address, &offset) && !offset &&
	       address_is_text(request->address);
}

static void run_dis(struct args *args)
{
	struct request request = { .args = args, .radix = datashow_radix(args) };
	const struct table table = ONE_ROW("dis", columns, put_instruction, &request,
					   .whole = true);

	if (option_given(args, "b") && take_bug_bytes(args))
		return;
	args_check_words(args, "an address or symbol", 1, 2);
	refuse_both(args, "r", "f");
	refuse_both(args, "r", "s");
	refuse_both(args, "f", "s");
	if (symbols_refuse_namesakes("dis", args->words[0]) ||
	    !symbol_argument("dis", args->words[0], &request.address))
		return;
	if (args->nr_words > 1) {
		request.count = argument_number(args->words[1]);
		if (!request.count || request.count > 1 << 20)
			fail("invalid count argument: %s", args->words[1]);
	}
	request.user = option_given(args, "u");
	request.lines = option_given(args, "l") && !request.user;
	request.unfiltered = option_given(args, "U");
	request.bytes = option_given(args, "B");
	request.last_place = scope_strbuf();
	request.whole = is_whole_function(&request);
	if (request.user)
		bridge_ops_use_space(SPACE_USER);
	table_begin(&request.run, &table);
	show(&request);
	table_end(&request.run);
}

static const struct option dis_options[] = {
	{ "r", NULL, "from the start of the function up to the address" },
	{ "f", NULL, "from the address to the end of the function" },
	{ "l", NULL, "source file and line above their instructions" },
	{ "s", NULL, "the source instead of the instructions; count is in lines" },
	{ "u", NULL, "the address is in the current task's user space" },
	{ "x", NULL, "distances from symbols in hexadecimal" },
	{ "d", NULL, "distances from symbols in decimal" },
	{ "h", NULL, NULL },
	{ "B", NULL, "the bytes of each instruction as well" },
	{ "U", NULL, "text as gdb prints it, without crash's own marks" },
	{ "b", NULL,
	  "NUM bytes after a BUG's ud2 are not code: sets this for the session; "
	  "alone, it shows how many" },
	{ NULL, NULL, NULL },
};

COMMAND(dis) = {
	.name = "dis",
	.summary = "disassemble",
	.synopsis = "[-r | -f] [-l] [-s] [-u] [-x | -d] [-B] [-U] [-b num] "
		    "address|symbol|(expression) [count]\n"
		    "dis -b [num]",
	.options = dis_options,
	.description =
		"Shows COUNT instructions from an address on. Without a count: the whole function "
		"if one begins there, else one instruction. With -r, COUNT says how many to show, "
		"the one at the address last.\n"
		"\n"
		"The instructions are those in the dump's memory: calls and jumps that the kernel "
		"patched while it ran look as they did when it crashed. [FTRACE NOP] marks the "
		"place at a function's start where a tracer may be called. With -s an asterisk "
		"marks the line of the address; crash looks for the source where the kernel was "
		"built, and where gdb's \"directory\" command says.",
	.example =
		"crash> dis entry_SYSCALL_64_after_hwframe 3\n"
		"0xffffffff994000b9 <entry_SYSCALL_64_after_hwframe>:\tpush   %rax\n"
		"0xffffffff994000ba <entry_SYSCALL_64_after_hwframe+1>:\tpush   %rdi\n"
		"0xffffffff994000bb <entry_SYSCALL_64_after_hwframe+2>:\tpush   %rsi\n"
		"crash> dis -r entry_SYSCALL_64_after_hwframe+2 -x\n"
		"0xffffffff994000b9 <entry_SYSCALL_64_after_hwframe>:\tpush   %rax\n"
		"0xffffffff994000ba <entry_SYSCALL_64_after_hwframe+0x1>:\tpush   %rdi\n"
		"0xffffffff994000bb <entry_SYSCALL_64_after_hwframe+0x2>:\tpush   %rsi\n"
		"crash> dis -B entry_SYSCALL_64_after_hwframe+1 2\n"
		"0xffffffff994000ba <entry_SYSCALL_64_after_hwframe+1>:\t57                 \tpush   %rdi\n"
		"0xffffffff994000bb <entry_SYSCALL_64_after_hwframe+2>:\t56                 \tpush   %rsi\n"
		"crash> dis -l vfs_read 1\n"
		"fs/read_write.c: 550\n"
		"...\n",
	.arguments = "address|symbol count",
	.run = run_dis,
	.flags = COMMAND_MINIMAL,
};
