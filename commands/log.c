/* commands/log.c - the command log: the kernel's messages, and the audit records still in its queues. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/json.h"
#include "base/out.h"
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
		snprintf(text, sizeof(text), "%llu", (unsigned long long)seconds);
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

static void add_dictionary(struct strbuf *line, const struct printk_record *record, size_t indent)
{
	const char *entry = record->dictionary;

	while (entry < record->dictionary + record->dictionary_bytes) {
		strbuf_printf(line, "%*s%s\n", (int)indent, "", entry);
		entry += strlen(entry) + 1;
	}
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

static void put_json_dictionary(const struct printk_record *record)
{
	const char *entry = record->dictionary;

	json_object("dictionary");
	while (entry < record->dictionary + record->dictionary_bytes) {
		const char *value = strchr(entry, '=');

		if (value)
			json_text(scope_printf("%.*s", (int)(value - entry), entry), value + 1);
		entry += strlen(entry) + 1;
	}
	json_end();
}

/* --lines: what each line of the message says of the source. */
static void put_json_lines(const struct printk_record *record)
{
	const char *text = record->text, *end = text + record->text_bytes;
	struct strbuf *line = scope_strbuf();

	json_list("lines");
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t part = (size_t)((newline ? newline : end) - text);

		strbuf_reset(line);
		tracelines_decode(text, part, 0, line);
		json_text(NULL, line->length ? strbuf_text(line) : NULL);
		text += part + 1;
	}
	json_end();
}

static void put_json_record(const struct log_style *style, const struct printk_record *record)
{
	bool by_cpu = record->caller_id & PRINTK_CALLER_IS_CPU;

	json_object(NULL);
	json_number("sequence", record->sequence);
	json_number("time_ns", record->nanoseconds);
	if (style->wall_clock)
		json_number("wall_ns", style->epoch + record->nanoseconds);
	json_number("facility", record->facility);
	json_number("level", record->level);
	if (style->caller)
		json_number(by_cpu ? "caller_cpu" : "caller_pid",
			    record->caller_id & ~PRINTK_CALLER_IS_CPU);
	json_bytes("message", record->text, record->text_bytes);
	if (style->dictionary)
		put_json_dictionary(record);
	if (style->lines)
		put_json_lines(record);
	json_end();
}

static void print_record(const struct log_style *style, const struct printk_record *record,
			 struct strbuf *line)
{
	size_t indent;

	if (json_on()) {
		put_json_record(style, record);
		return;
	}
	strbuf_reset(line);
	add_prefix(line, style, record);
	indent = line->length;
	if (style->lines)
		add_decoded_text(line, record->text, record->text_bytes, indent);
	else
		add_text(line, record->text, record->text_bytes, indent);
	strbuf_putc(line, '\n');
	if (style->dictionary)
		add_dictionary(line, record, indent);
	out_bytes(line->text, line->length);
}

static void print_log(const struct log_style *style)
{
	struct printk_record record;
	struct strbuf *line = scope_strbuf();
	struct printk_iter it;
	bool any = false;

	printk_begin(&it);
	if (it.why[0] != '\0')
		warn("the log's own bookkeeping is damaged: %s", it.why);
	while (printk_next(&it, &record)) {
		print_record(style, &record, line);
		any = true;
	}
	if (it.nr_lost == 0)
		return;
	if (!any && it.lost_why[0] != '\0')
		fail("none of the log's %llu messages can be read: %s", it.nr_lost, it.lost_why);
	warn("%llu messages could not be read%s%s", it.nr_lost, it.lost_why[0] != '\0' ? ": " : "",
	     it.lost_why);
}

static void print_audit_record(unsigned type, const char *text, size_t length, void *arg)
{
	struct strbuf *line = arg;

	if (json_on()) {
		json_object(NULL);
		json_number("type", type);
		json_bytes("message", text, length);
		json_end();
		return;
	}
	strbuf_reset(line);
	strbuf_printf(line, "type=%u ", type);
	add_text(line, text, length, 0);
	strbuf_putc(line, '\n');
	out_text(strbuf_text(line));
}

static void print_audit(void)
{
	if (audit_records(print_audit_record, scope_strbuf()) == 0)
		fail("the audit queues are empty");
}

static void put_json_safe_buffer(const struct printk_safe *buffer)
{
	json_object(NULL);
	json_text("buffer", buffer->name);
	json_number("cpu", buffer->cpu);
	json_address("address", buffer->address);
	json_number("length", buffer->length);
	json_number("messages_lost", buffer->lost);
	if (buffer->text)
		json_bytes("text", buffer->text, buffer->length);
	else
		json_text("error", buffer->why);
	json_end();
}

/*
 * In the buffer each message has its level in front, as printk's caller wrote it: a byte 1
 * and a character.
 */
static void put_safe_text(const struct printk_safe *buffer, struct strbuf *line)
{
	strbuf_reset(line);
	for (u64 i = 0; i < buffer->length;) {
		const char *start = buffer->text + i;
		const char *end = memchr(start, '\n', buffer->length - i);
		u64 length = end ? (u64)(end - start) : buffer->length - i;
		u64 level = length > 1 && *start == 1 ? 2 : 0;

		strbuf_puts(line, "  ");
		add_text(line, start + level, length - level, 0);
		strbuf_putc(line, '\n');
		i += length + 1;
	}
	out_text(strbuf_text(line));
}

static void print_safe_buffer(const struct printk_safe *buffer, void *arg)
{
	if (json_on()) {
		put_json_safe_buffer(buffer);
		return;
	}
	if (buffer->first)
		out("PRINTK_SAFE_SEQ_BUF: %s\n", buffer->name);
	out("CPU: %u  ADDR: %llx LEN: %llu  MESSAGE_LOST: %llu\n", buffer->cpu, buffer->address,
	    buffer->length, buffer->lost);
	if (!buffer->text)
		out("  (%s)\n", buffer->why);
	else if (!buffer->length)
		out("  (empty)\n");
	else
		put_safe_text(buffer, arg);
	out("\n");
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
			printk_safe_buffers(print_safe_buffer, scope_strbuf());
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
		"bytes that are not UTF-8 appear as dots. The end says how many messages are "
		"missing because their page is not in the dump.\n"
		"\n"
		"With -T the time is the kernel's clock, counted back from the moment of the "
		"dump. On a machine that was suspended, messages from before that get too late a "
		"time.\n"
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
