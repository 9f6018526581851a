/* commands/log.c - the command log: the kernel's messages, and the audit records still in its queues. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/table.h"
#include "bridge/gdb_bridge.h"
#include "kernel.h"
#include "kernel/audit.h"
#include "kernel/printk.h"
#include "kernel/printksafe.h"
#include "shell/command.h"
#include "show/tracelines.h"

#include <ctype.h>
#include <stdio.h>
#include <time.h>

#define NSEC_PER_SEC 1000000000ULL

struct log_style {
	bool no_stamp, wall_clock, level, dictionary, caller, lines;
	u64 epoch; /* -T: when the log's clock was zero, in nanoseconds since 1970 */
};

/* Bytes that would act on a terminal become dots; later lines of a message are indented. */
static void add_text(struct strbuf *line, const char *text, size_t length, size_t indent)
{
	for (size_t i = 0; i < length;) {
		u8 byte = (u8)text[i];
		size_t sequence = byte < 0x80 ? 0 : utf8_length(text + i, length - i);

		if (sequence != 0) {
			strbuf_add(line, text + i, sequence);
			i += sequence;
			continue;
		}
		strbuf_putc(line, isprint(byte) || isspace(byte) ? (char)byte : '.');
		if (byte == '\n')
			strbuf_printf(line, "%*s", (int)indent, "");
		i++;
	}
}

static void add_wall_clock(struct strbuf *line, const struct log_style *style, u64 nanoseconds)
{
	time_t seconds = (time_t)((style->epoch + nanoseconds) / NSEC_PER_SEC);
	struct tm parts;
	char text[64];

	if (localtime_r(&seconds, &parts) == NULL ||
	    strftime(text, sizeof(text), "%a %b %e %H:%M:%S %Z %Y", &parts) == 0)
		snprintf(text, sizeof(text), "%llu", (u64)seconds);
	strbuf_printf(line, "[%s] ", text);
}

static void add_prefix(struct strbuf *line, const struct log_style *style,
		       const struct printk_record *record)
{
	if (style->wall_clock)
		add_wall_clock(line, style, record->nanoseconds);
	else if (!style->no_stamp)
		strbuf_printf(line, "[%5llu.%06llu] ", (record->nanoseconds / NSEC_PER_SEC),
			      (record->nanoseconds % NSEC_PER_SEC / 1000));
	if (style->caller) {
		char caller[16];

		snprintf(caller, sizeof(caller), "%c%u",
			 record->caller_id & PRINTK_CALLER_IS_CPU ? 'C' : 'T',
			 record->caller_id & ~PRINTK_CALLER_IS_CPU);
		strbuf_printf(line, "[%6s] ", caller);
	}
	if (style->level)
		strbuf_printf(line, "<%u>", record->level);
}

/* --lines: each line of the message with what it says of the source. */
static void add_decoded_text(struct strbuf *line, const char *text, size_t length, size_t indent)
{
	const char *end = text + length;

	for (;;) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t part = (size_t)((newline ? newline : end) - text);

		interrupt_check();
		add_text(line, text, part, indent);
		tracelines_decode(text, part, indent, line);
		if (!newline)
			return;
		strbuf_printf(line, "\n%*s", (int)indent, "");
		text = newline + 1;
	}
}

enum { WALL_CLOCK = 1, CALLER = 2, LINES = 4 };

/* Readers see a message as the kernel prints it. */
static const struct column record_columns[] = {
	{ NULL, "", .kind = CELL_TEXT },
	{ "sequence", NULL, .kind = CELL_NUMBER },
	{ "time_ns", NULL, .kind = CELL_NUMBER },
	{ "wall_ns", NULL, CELL_NUMBER, .when = WALL_CLOCK },
	{ "facility", NULL, .kind = CELL_NUMBER },
	{ "level", NULL, .kind = CELL_NUMBER },
	{ "caller_cpu", NULL, CELL_NUMBER, .when = CALLER },
	{ "caller_pid", NULL, CELL_NUMBER, .when = CALLER },
	{ "message", NULL, .kind = CELL_BYTES },
	{ "lines", NULL, CELL_TEXT, .when = LINES },
	{ 0 },
};

struct log_line {
	const struct log_style *style;
	const struct printk_record *record; /* the one being told */
	struct strbuf *text;
	size_t indent; /* what stands in front of the message */
};

static const char *whole_line(struct log_line *line)
{
	const struct printk_record *record = line->record;

	strbuf_reset(line->text);
	add_prefix(line->text, line->style, record);
	line->indent = line->text->length;
	if (line->style->lines)
		add_decoded_text(line->text, record->text, record->text_bytes, line->indent);
	else
		add_text(line->text, record->text, record->text_bytes, line->indent);
	return strbuf_text(line->text);
}

static void put_caller(struct row *row, const struct printk_record *record, bool cpu)
{
	if (cpu == ((record->caller_id & PRINTK_CALLER_IS_CPU) != 0))
		row_number(row, record->caller_id & ~PRINTK_CALLER_IS_CPU);
	else
		row_none(row);
}

static const struct column dictionary_columns[] = {
	{ NULL, "", .kind = CELL_TEXT },
	{ "name", NULL, .kind = CELL_TEXT },
	{ "value", NULL, .kind = CELL_TEXT },
	{ 0 },
};

struct dictionary {
	const char **entries;
	size_t count, indent;
};

static void put_entry(struct row *row, size_t index, void *arg)
{
	const struct dictionary *dictionary = arg;
	const char *entry = dictionary->entries[index], *value = strchr(entry, '=');

	row_text(row, scope_printf("%*s%s", (int)dictionary->indent, "", entry));
	if (!value) {
		row_none(row);
		row_none(row);
		return;
	}
	row_text(row, scope_printf("%.*s", (int)(value - entry), entry));
	row_text(row, value + 1);
}

static void tell_dictionary(struct row *row, const struct log_line *line)
{
	const struct printk_record *record = line->record;
	struct dictionary dictionary = { .indent = line->indent };

	dictionary.entries = scope_array(record->dictionary_bytes + 1, sizeof(*dictionary.entries));
	for (const char *entry = record->dictionary;
	     entry < record->dictionary + record->dictionary_bytes; entry += strlen(entry) + 1)
		dictionary.entries[dictionary.count++] = entry;
	row_children(row, &(struct table){ .name = "log",
					   .columns = dictionary_columns,
					   .count = dictionary.count,
					   .put = put_entry,
					   .arg = &dictionary,
					   .headings = HEADINGS_NEVER,
					   .key = "dictionary",
					   .pairs = true });
}

/* --lines: what each line of the message says of the source. */
static void put_lines(struct row *row, const struct printk_record *record)
{
	const char *text = record->text, *end = text + record->text_bytes;
	struct strbuf *line = scope_strbuf();

	row_list(row);
	while (text < end && row_wants(row)) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t part = (size_t)((newline ? newline : end) - text);

		strbuf_reset(line);
		tracelines_decode(text, part, 0, line);
		row_text(row, line->length ? scope_strdup(strbuf_text(line)) : NULL);
		text += part + 1;
	}
	row_list_end(row);
}

static void put_record(struct row *row, UNUSED size_t index, void *arg)
{
	struct log_line *line = arg;
	const struct log_style *style = line->style;
	const struct printk_record *record = line->record;

	row_text(row, row_wants(row) ? whole_line(line) : "");
	row_number(row, record->sequence);
	row_number(row, record->nanoseconds);
	row_number(row, style->epoch + record->nanoseconds);
	row_number(row, record->facility);
	row_number(row, record->level);
	put_caller(row, record, true);
	put_caller(row, record, false);
	row_bytes(row, record->text, record->text_bytes);
	if (style->dictionary)
		tell_dictionary(row, line);
	put_lines(row, record);
}

static void print_log(const struct log_style *style)
{
	struct printk_record record;
	struct log_line line = { style, &record, scope_strbuf(), 0 };
	const struct table table = ONE_ROW("log", record_columns, put_record, &line,
					   .when = (style->wall_clock ? WALL_CLOCK : 0) |
						   (style->caller ? CALLER : 0) |
						   (style->lines ? LINES : 0));
	struct table_run run;
	struct printk_iter it;

	table_begin(&run, &table);
	printk_begin(&it);
	if (it.why[0] != '\0')
		warn("the log's own bookkeeping is damaged: %s", it.why);
	while (printk_next(&it, &record))
		table_put(&run, 0);
	table_end(&run);
	if (it.nr_lost == 0)
		return;
	if (run.nr_rows == 0 && it.lost_why[0] != '\0')
		fail("none of the log's %llu messages can be read: %s", it.nr_lost, it.lost_why);
	warn("%llu messages could not be read%s%s", it.nr_lost, it.lost_why[0] != '\0' ? ": " : "",
	     it.lost_why);
}

static const struct column audit_columns[] = {
	{ "type", "", CELL_NUMBER, .before = "type=" },
	{ "message", NULL, .kind = CELL_BYTES },
	{ NULL, "", CELL_TEXT, .before = " " },
	{ 0 },
};

struct audit_line {
	unsigned type;
	const char *text;
	size_t length;
	struct table_run run;
};

static void put_audit(struct row *row, UNUSED size_t index, void *arg)
{
	const struct audit_line *audit = arg;
	struct strbuf *text = scope_strbuf();

	add_text(text, audit->text, audit->length, 0);
	row_number(row, audit->type);
	row_bytes(row, audit->text, audit->length);
	row_text(row, strbuf_text(text));
}

static void print_audit_record(unsigned type, const char *text, size_t length, void *arg)
{
	struct audit_line *audit = arg;

	audit->type = type;
	audit->text = text;
	audit->length = length;
	table_put(&audit->run, 0);
}

static void print_audit(void)
{
	struct audit_line audit = { 0 };
	const struct table table = ONE_ROW("log", audit_columns, put_audit, &audit);

	table_begin(&audit.run, &table);
	if (audit_records(print_audit_record, &audit) == 0)
		fail("the audit queues are empty");
}

static const struct column safe_columns[] = {
	{ "buffer", NULL, .kind = CELL_TEXT },
	{ "cpu", "", CELL_NUMBER, .before = "CPU: " },
	{ "address", "", CELL_ADDRESS, .before = "  ADDR: " },
	{ "length", "", CELL_SIZE, .before = " LEN: " },
	{ "messages_lost", "", CELL_NUMBER, .before = "  MESSAGE_LOST: " },
	{ "text", NULL, .kind = CELL_BYTES },
	{ "error", NULL, .kind = CELL_TEXT },
	{ 0 },
};

/*
 * In the buffer each message has its level in front, as printk's caller wrote it: a byte 1
 * and a character.
 */
static const char *safe_text(const struct printk_safe *buffer)
{
	struct strbuf *text = scope_strbuf();

	for (u64 i = 0; i < buffer->length;) {
		const char *start = buffer->text + i;
		const char *end = memchr(start, '\n', buffer->length - i);
		u64 length = end ? (u64)(end - start) : buffer->length - i;
		u64 level = length > 1 && *start == 1 ? 2 : 0;

		strbuf_puts(text, "  ");
		add_text(text, start + level, length - level, 0);
		strbuf_putc(text, '\n');
		i += length + 1;
	}
	return strbuf_text(text);
}

static void put_safe_buffer(struct row *row, UNUSED size_t index, void *arg)
{
	const struct printk_safe *buffer = arg;

	if (buffer->first)
		row_remark(row, "PRINTK_SAFE_SEQ_BUF: %s\n", buffer->name);
	row_text(row, buffer->name);
	row_number(row, buffer->cpu);
	row_address(row, buffer->address);
	row_size(row, buffer->length);
	row_number(row, buffer->lost);
	if (buffer->text) {
		row_bytes(row, buffer->text, buffer->length);
		row_none(row);
		row_remark(row, "%s", buffer->length ? safe_text(buffer) : "  (empty)\n");
	} else {
		row_none(row);
		row_text(row, buffer->why);
		row_remark(row, "  (%s)\n", buffer->why);
	}
}

static void print_safe_buffer(const struct printk_safe *buffer, UNUSED void *arg)
{
	table_show(&ONE_ROW("log", safe_columns, put_safe_buffer, (void *)buffer,
			    .blank_after = true));
}

static void run_log(struct args *args)
{
	struct log_style style = {
		.no_stamp = option_given(args, "t"),
		.wall_clock = option_given(args, "T"),
		.level = option_given(args, "m"),
		.dictionary = option_given(args, "d"),
		.caller = option_given(args, "c"),
		.lines = option_given(args, "-lines"),
	};
	struct strbuf *why = scope_strbuf();

	args_check_words(args, "", 0, 0);
	if (style.no_stamp && style.wall_clock)
		usage_problem(args, "-t and -T exclude each other");
	if (option_given(args, "a") || option_given(args, "s")) {
		if (args->nr_options > 1)
			usage_problem(
				args,
				"-a and -s are about other logs: they go with no other option");
		if (option_given(args, "a"))
			print_audit();
		else
			printk_safe_buffers(print_safe_buffer, NULL);
		return;
	}
	if (style.lines && !gdb_attach_dwarf(why)) {
		warn("log --lines: no lines of source: %s", strbuf_text(why));
		style.lines = false;
	}
	if (style.wall_clock)
		style.epoch = kernel_log_epoch();
	print_log(&style);
}

static const struct option log_options[] = {
	{ "T", NULL, "the date and time of each message instead of the seconds since boot" },
	{ "t", NULL, "no time" },
	{ "m", NULL, "the level of each message, <0> emergency to <7> debug" },
	{ "c", NULL,
	  "who printed each message: T and a thread's pid, or C and a CPU in an interrupt" },
	{ "d", NULL,
	  "the device that a message is about, as SUBSYSTEM= and DEVICE= lines below it" },
	{ "-lines", NULL,
	  "source file and line after each function+offset/size of a Call Trace, and those of the "
	  "calls that the compiler inlined there (needs debug information)" },
	{ "a", NULL, "the audit records that no audit daemon has taken yet" },
	{ "s", NULL,
	  "messages that are still in the CPUs' own buffers, which kernels before v5.15 have" },
	{ NULL, NULL, NULL },
};

COMMAND(log) = {
	.name = "log",
	.summary = "the kernel's messages",
	.synopsis = "[-T | -t] [-m] [-c] [-d] [--lines] | -a | -s",
	.options = log_options,
	.description =
		"Prints the kernel's message buffer from the oldest message that it still holds. "
		"Messages of several lines are indented below their first. Control characters and "
		"bytes that are not UTF-8 appear as dots. The last line says how many messages "
		"are missing because their pages are not in the dump.\n"
		"\n"
		"With -T the time is the kernel's clock, counted back from the moment of the "
		"dump. On a machine that was suspended, the times of messages from before that "
		"are too late.\n"
		"\n"
		"--lines looks up the addresses of a Call Trace one byte lower, where the call "
		"is, and those of RIP and WARNING lines as they are. Of functions with the same "
		"name it takes the one with the printed size. Lines of modules need the modules' "
		"debug information: run mod -S first.",
	.example =
		"crash> log | grep sysrq:\n"
		"[   37.705476] sysrq: Trigger a crash\n"
		"crash> log -T | grep \"not syncing\" | head -1\n"
		"[Thu Nov 26 18:09:46 UTC 2026] Kernel panic - not syncing: sysrq triggered crash\n"
		"crash> log -t -m | grep sysrq:\n"
		"<6>sysrq: Trigger a crash\n"
		"crash> log -c | grep sysrq:\n"
		"[   37.705476] [  T300] sysrq: Trigger a crash\n"
		"crash> log --lines | grep sysrq_handle_crash\n"
		"[   37.716693]  sysrq_handle_crash+0x1a/0x20 (drivers/tty/sysrq.c:154)\n",
	.run = run_log,
	.flags = COMMAND_MINIMAL,
};
