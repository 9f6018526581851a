/* show/btmerge.c - the stack traces of many tasks as few: equal ones together, or folded for flame graphs. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/btmerge.h"

#include "base/fail.h"
#include "base/out.h"
#include "base/table.h"
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

static const struct column group_columns[] = {
	{ "count", "", CELL_NUMBER, .before = "TASKS: ", .align = ALIGN_LEFT, .width = 6 },
	{ "state", "", CELL_TEXT, .before = " STATE: " },
	{ "on_cpu", "", CELL_FLAG, .before = "" },
	{ "pids", "", CELL_NUMBER, .before = "\n PIDS: ", .separator = " " },
	{ 0 },
};

static const struct column frame_columns[] = {
	{ NULL, "", CELL_NUMBER, .before = "  #", .place = 1 },
	{ "pc", NULL, .kind = CELL_ADDRESS },
	{ "function", "", CELL_TEXT, .before = " ", .place = 3 },
	{ "offset", "", CELL_NUMBER, .before = "+", .place = 4 },
	{ "guess", "", CELL_FLAG, .before = " ", .place = 2 },
	{ 0 },
};

struct shown_group {
	const struct group *group;
	const struct btmerge_style *style;
};

static void show_frame_lines(void *arg)
{
	const struct merged_frame *frame = arg;
	struct strbuf *lines = scope_strbuf();

	if (tracelines_add(frame->pc - !frame->exact, lines))
		out_text(strbuf_text(lines));
}

static void put_frame_lines(void *arg)
{
	const struct merged_frame *frame = arg;

	btjson_source_lines(frame->pc - !frame->exact);
}

static void put_frame(struct row *row, size_t index, void *arg)
{
	static const struct form_writer lines = { show_frame_lines, put_frame_lines };
	const struct shown_group *shown = arg;
	struct merged_frame *frame = &shown->group->first->frames[index];
	u64 offset = 0;
	const char *name = function_at(frame, &offset);

	row_number(row, index);
	row_address(row, frame->pc);
	row_text(row, name);
	if (name) {
		row_number(row, offset);
		if (shown->style->hex_offsets)
			row_shown(row, scope_printf("0x%llx", offset));
	} else {
		row_shown(row, scope_printf("%016llx", frame->pc));
		row_none(row);
	}
	row_flag(row, frame->guess);
	row_shown(row, frame->guess ? "?" : "");
	if (shown->style->lines)
		row_form(row, &lines, frame);
}

static void put_group(struct row *row, UNUSED size_t index, void *arg)
{
	struct shown_group *shown = arg;
	const struct merged_trace *trace = shown->group->first;
	const struct table frames = { .name = "bt",
				      .columns = frame_columns,
				      .count = trace->nr_frames,
				      .put = put_frame,
				      .arg = shown,
				      .headings = HEADINGS_NEVER,
				      .none = "  (no trace)",
				      .key = "frames" };

	row_number(row, shown->group->count);
	row_text(row, trace->state);
	row_flag(row, trace->active);
	row_shown(row, trace->active ? " (on a CPU)" : "");
	row_list(row);
	for (size_t i = 0; i < shown->group->count; i++)
		row_number(row, shown->group->first[i].task->pid);
	row_list_end(row);
	row_children(row, &frames);
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
		struct shown_group shown = { &groups[i], style };

		if (i)
			table_remark("\n");
		table_show(&ONE_ROW("bt", group_columns, put_group, &shown));
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

static const struct column folded_columns[] = {
	{ "stack", "", .kind = CELL_TEXT },
	{ "count", "", CELL_NUMBER, .before = " " },
	{ 0 },
};

struct folded {
	const char *stack;
	size_t count;
};

static void put_folded(struct row *row, UNUSED size_t index, void *arg)
{
	const struct folded *folded = arg;

	row_text(row, folded->stack);
	row_number(row, folded->count);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void btmerge_print_folded(struct btmerge *merge)
{
	struct folded folded = { .count = 1 };
	const struct table table = ONE_ROW("bt", folded_columns, put_folded, &folded);
	size_t count = merge->traces.count;
	char **lines = scope_array(count + 1, sizeof(*lines));
	struct table_run run;

	for (size_t i = 0; i < count; i++)
		lines[i] = folded_line(&merge->traces.items[i]);
	if (count)
		qsort(lines, count, sizeof(*lines), compare_lines);
	table_begin(&run, &table);
	for (size_t i = 0; i < count; i++, folded.count++) {
		if (i + 1 < count && streq(lines[i], lines[i + 1]))
			continue;
		folded.stack = lines[i];
		table_put(&run, 0);
		folded.count = 0;
	}
	table_end(&run);
}
