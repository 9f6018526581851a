/* show/btmerge.c - the stack traces of many tasks as few: equal ones together, or folded for flame graphs. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/btmerge.h"

#include "base/fail.h"
#include "base/json.h"
#include "base/out.h"
#include "show/btjson.h"
#include "show/tracelines.h"

#include <stdlib.h>

struct merged_frame {
	u64 pc;
	bool exact; /* no return address */
	bool guess;
};

struct merged_trace {
	const struct task *task;
	char state[8];
	bool active;
	size_t nr_frames;
	struct merged_frame *frames;
};

struct btmerge {
	VECTOR(struct merged_trace) traces;
};

static void release(void *arg)
{
	struct btmerge *merge = arg;

	for (size_t i = 0; i < merge->traces.count; i++)
		free(merge->traces.items[i].frames);
	vector_free(&merge->traces);
}

struct btmerge *btmerge_begin(void)
{
	struct btmerge *merge = scope_alloc(sizeof(*merge));

	scope_cleanup(release, merge);
	return merge;
}

void btmerge_add(struct btmerge *merge, const struct stack_trace *trace, const char *state)
{
	struct merged_trace *added = vector_add(&merge->traces);

	*added = (struct merged_trace){ .task = trace->task,
					.active = task_is_active(trace->task) };
	strncpy(added->state, state, sizeof(added->state) - 1);
	added->frames = xcalloc(trace->nr_frames + 1, sizeof(*added->frames));
	for (size_t i = 0; i < trace->nr_frames; i++) {
		const struct frame *frame = &trace->frames[i];

		/* Where user space was is no two tasks' same. */
		if (!frame->from_user)
			added->frames[added->nr_frames++] = (struct merged_frame){
				frame->pc, frame->has_regs, frame->source == FRAME_GUESS
			};
	}
}

static int compare_stacks(const struct merged_trace *a, const struct merged_trace *b)
{
	if (a->nr_frames != b->nr_frames)
		return a->nr_frames < b->nr_frames ? -1 : 1;
	for (size_t i = 0; i < a->nr_frames; i++) {
		if (a->frames[i].pc != b->frames[i].pc)
			return a->frames[i].pc < b->frames[i].pc ? -1 : 1;
	}
	return 0;
}

/* Equal stacks in equal states become neighbours, by pid. */
static int compare_traces(const void *left, const void *right)
{
	const struct merged_trace *a = left, *b = right;
	int order = compare_stacks(a, b);

	if (order == 0)
		order = strcmp(a->state, b->state);
	if (order == 0)
		order = (a->active < b->active) - (a->active > b->active);
	if (order == 0)
		order = (a->task->pid > b->task->pid) - (a->task->pid < b->task->pid);
	return order;
}

/* Neighbours that are the same, FIRST of them and how many. */
struct group {
	const struct merged_trace *first;
	size_t count;
};

static int urgency(const struct merged_trace *trace)
{
	return trace->active ? 2 : streq(trace->state, "UN");
}

static int compare_groups(const void *left, const void *right)
{
	const struct group *a = left, *b = right;

	if (urgency(a->first) != urgency(b->first))
		return urgency(b->first) - urgency(a->first);
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return compare_traces(a->first, b->first);
}

static const char *function_at(const struct merged_frame *frame, u64 *offset)
{
	const struct symbol *symbol = symbol_at(frame->pc - !frame->exact, offset);

	*offset += !frame->exact;
	return symbol ? symbol->name : NULL;
}

static void print_frame(size_t number, const struct merged_frame *frame,
			const struct btmerge_style *style)
{
	struct strbuf *lines = scope_strbuf();
	u64 offset = 0;
	const char *name = function_at(frame, &offset);

	out("%3s%zu %s", "#", number, frame->guess ? "? " : "");
	if (name)
		out(style->hex_offsets ? "%s+0x%llx\n" : "%s+%llu\n", name, offset);
	else
		out("%016llx\n", frame->pc);
	if (style->lines && tracelines_add(frame->pc - !frame->exact, lines))
		out_text(strbuf_text(lines));
}

static void print_group(const struct group *group, const struct btmerge_style *style)
{
	const struct merged_trace *trace = group->first;

	out("TASKS: %-6zu STATE: %s%s\n", group->count, trace->state,
	    trace->active ? " (on a CPU)" : "");
	out(" PIDS:");
	for (size_t i = 0; i < group->count; i++)
		out(" %d", (int)group->first[i].task->pid);
	out("\n");
	for (size_t i = 0; i < trace->nr_frames; i++)
		print_frame(i, &trace->frames[i], style);
	if (!trace->nr_frames)
		out("  (no trace)\n");
}

static void put_group(const struct group *group, const struct btmerge_style *style)
{
	const struct merged_trace *trace = group->first;

	json_object(NULL);
	json_number("count", group->count);
	json_text("state", trace->state);
	json_bool("on_cpu", trace->active);
	json_list("pids");
	for (size_t i = 0; i < group->count; i++)
		json_number(NULL, group->first[i].task->pid);
	json_end();
	json_list("frames");
	for (size_t i = 0; i < trace->nr_frames; i++) {
		const struct merged_frame *frame = &trace->frames[i];
		u64 offset = 0;
		const char *name = function_at(frame, &offset);

		json_object(NULL);
		json_address("pc", frame->pc);
		json_text("function", name);
		if (name)
			json_number("offset", offset);
		json_bool("guess", frame->guess);
		if (style->lines)
			btjson_source_lines(frame->pc - !frame->exact);
		json_end();
	}
	json_end();
	json_end();
}

void btmerge_print(struct btmerge *merge, const struct btmerge_style *style)
{
	size_t count = merge->traces.count, nr_groups = 0;
	struct group *groups = scope_array(count + 1, sizeof(*groups));

	if (count)
		qsort(merge->traces.items, count, sizeof(*merge->traces.items), compare_traces);
	for (size_t i = 0; i < count; i++) {
		const struct merged_trace *trace = &merge->traces.items[i];

		if (i && compare_stacks(trace - 1, trace) == 0 &&
		    streq(trace[-1].state, trace->state) && trace[-1].active == trace->active)
			groups[nr_groups - 1].count++;
		else
			groups[nr_groups++] = (struct group){ trace, 1 };
	}
	if (nr_groups)
		qsort(groups, nr_groups, sizeof(*groups), compare_groups);
	for (size_t i = 0; i < nr_groups; i++) {
		interrupt_check();
		if (json_on()) {
			put_group(&groups[i], style);
			continue;
		}
		if (i)
			out("\n");
		print_group(&groups[i], style);
	}
}

/* The separators of the format must not come from a task's name. */
static void put_name(struct strbuf *line, const struct task *task)
{
	char comm[TASK_COMM_SPACE];

	for (const char *p = task_comm(task, comm); *p; p++)
		strbuf_putc(line, *p == ';' || *p == ' ' ? '_' : *p);
}

static char *folded_line(const struct merged_trace *trace)
{
	struct strbuf *line = scope_strbuf();
	char *copy;

	put_name(line, trace->task);
	for (size_t i = trace->nr_frames; i-- > 0;) {
		u64 offset;
		const char *name = function_at(&trace->frames[i], &offset);

		strbuf_putc(line, ';');
		if (name)
			strbuf_puts(line, name);
		else
			strbuf_printf(line, "%llx", trace->frames[i].pc);
	}
	copy = scope_strdup(strbuf_text(line));
	return copy;
}

static void print_folded(const char *stack, size_t count)
{
	if (!json_on()) {
		out("%s %zu\n", stack, count);
		return;
	}
	json_object(NULL);
	json_text("stack", stack);
	json_number("count", count);
	json_end();
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void btmerge_print_folded(struct btmerge *merge)
{
	size_t count = merge->traces.count, same = 1;
	char **lines = scope_array(count + 1, sizeof(*lines));

	for (size_t i = 0; i < count; i++)
		lines[i] = folded_line(&merge->traces.items[i]);
	if (count)
		qsort(lines, count, sizeof(*lines), compare_lines);
	for (size_t i = 0; i < count; i++, same++) {
		if (i + 1 < count && streq(lines[i], lines[i + 1]))
			continue;
		print_folded(lines[i], same);
		same = 0;
	}
}
