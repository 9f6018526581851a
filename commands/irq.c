/* commands/irq.c - the command irq: interrupts, who handles them, how often they came, and to which CPUs. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/irq/irqcount.h"
#include "kernel/irq/irqdesc.h"

#include "base/fail.h"
#include "base/table.h"
#include "memory.h"
#include "shell/command.h"
#include "symbols.h"

#include <stdio.h>

/* The numbers that are asked for. */
struct places {
	struct irq_place *items;
	size_t count;
	const struct cpu_mask *cpus; /* whose counts are shown */
};

/* Names are the dump's: what no terminal should get is shown as \xNN. */
static void put_name(struct row *row, const struct irq_action *action)
{
	row_bytes(row, action->name, strlen(action->name));
}

static void put_names(struct row *row, const struct irq *irq)
{
	row_list(row);
	for (size_t i = 0; i < irq->nr_actions; i++)
		put_name(row, &irq->actions[i]);
	row_list_end(row);
}

/* ---- descriptors and actions, a row an action ---- */

static const struct column action_columns[] = {
	{ "irq", "", CELL_NUMBER, .align = ALIGN_CENTRE, .width = 5 },
	{ "irq_desc", "", CELL_ADDRESS, .before = " ", .align = ALIGN_CENTRE, .width = 16,
	  .zeros = true },
	{ "irqaction", "", CELL_ADDRESS, .align = ALIGN_CENTRE, .width = 16, .zeros = true },
	{ "name", "", CELL_BYTES, .before = "  \"", .after = "\"" },
	{ "handler", NULL, .kind = CELL_ADDRESS },
	{ 0 },
};

struct action_line {
	const struct irq_place *place;
	size_t index; /* of its actions */
};

struct action_lines {
	struct action_line *items;
	size_t count, space;
};

static void add_line(struct action_lines *lines, const struct irq_place *place, size_t index)
{
	if (lines->count == lines->space)
		lines->items = scope_grow(lines->items, &lines->space, sizeof(*lines->items));
	lines->items[lines->count++] = (struct action_line){ place, index };
}

struct counting {
	const struct irq_place *place;
	size_t nr_actions;
};

static void count_actions(void *arg)
{
	struct counting *counting = arg;
	struct irq irq;

	irq_read(counting->place->descriptor, &irq);
	counting->nr_actions = irq.nr_actions;
}

/* One that cannot be read has a line, which says why. */
static struct action_lines lines_of(const struct places *places)
{
	struct action_lines lines = { 0 };

	for (size_t i = 0; i < places->count; i++) {
		struct counting counting = { &places->items[i], 0 };
		struct failure failure;

		add_line(&lines, counting.place, 0);
		if (!counting.place->descriptor || !protect_row(count_actions, &counting, &failure))
			continue;
		for (size_t k = 1; k < counting.nr_actions; k++)
			add_line(&lines, counting.place, k);
	}
	return lines;
}

static void put_unused(struct row *row)
{
	row_null(row, "    (unused)      ");
	row_none(row);
	row_none(row);
}

static void put_action(struct row *row, size_t index, void *arg)
{
	const struct action_line *line = &((const struct action_line *)arg)[index];
	u64 descriptor = line->place->descriptor;
	struct irq irq;

	row_stands_for(row, descriptor);
	row_number(row, line->place->number);
	if (line->index)
		row_shown(row, "");
	if (!descriptor) {
		row_null(row, "(unused)");
		put_unused(row);
		return;
	}
	row_address(row, descriptor);
	if (line->index)
		row_shown(row, "");
	irq_read(descriptor, &irq);
	if (line->index >= irq.nr_actions) {
		put_unused(row);
		return;
	}
	row_address(row, irq.actions[line->index].address);
	put_name(row, &irq.actions[line->index]);
	row_address(row, irq.actions[line->index].handler);
}

static void show_actions(const struct places *places)
{
	static const char heading[] = " IRQ   IRQ_DESC/_DATA      IRQACTION      NAME";
	struct action_lines lines = lines_of(places);

	table_show(&(struct table){ .name = "irq",
				    .columns = action_columns,
				    .count = lines.count,
				    .put = put_action,
				    .arg = lines.items,
				    .heading_line = heading,
				    .of = "irq_desc" });
}

/* ---- which CPUs ---- */

static const struct column affinity_columns[] = {
	{ "irq", "", CELL_NUMBER, .width = 3 },
	{ "names", "", CELL_BYTES, .before = " ", .width = 20, .separator = "," },
	{ "affinity", "", CELL_TEXT, .before = " " },
	{ "effective", NULL, .kind = CELL_TEXT },
	{ 0 },
};

static bool is_handled(u64 descriptor, struct irq *irq)
{
	irq_read(descriptor, irq);
	return irq->nr_actions > 0;
}

static void put_affinity(struct row *row, size_t index, void *arg)
{
	const struct irq_place *place = &((const struct places *)arg)->items[index];
	struct cpu_mask allowed, effective;
	struct irq irq;

	row_stands_for(row, place->descriptor);
	if (!place->descriptor || !is_handled(place->descriptor, &irq))
		row_skip(row);
	irq_affinity(place->descriptor, &allowed, &effective);
	row_number(row, place->number);
	put_names(row, &irq);
	row_text(row, cpu_mask_text(&allowed));
	row_text(row, cpu_mask_text(&effective));
}

static void show_affinity(struct places *places)
{
	table_show(&(struct table){ .name = "irq",
				    .columns = affinity_columns,
				    .count = places->count,
				    .put = put_affinity,
				    .arg = places,
				    .heading_line = "IRQ NAME                 AFFINITY",
				    .of = "irq_desc" });
}

/* ---- counts ---- */

static const struct column count_columns[] = {
	{ "irq", "", CELL_NUMBER, .after = ":", .width = 4 },
	{ "counts", "", CELL_NUMBER, .before = "" },
	{ "cpus", NULL, .kind = CELL_NUMBER },
	{ "chip", "", CELL_BYTES, .before = " ", .align = ALIGN_RIGHT, .width = 8 },
	{ "flow", "", CELL_BYTES, .before = "-", .width = 8 },
	{ "names", "", CELL_BYTES, .before = " " },
	{ "hwirq", NULL, .kind = CELL_NUMBER },
	{ 0 },
};

static const struct column vector_columns[] = {
	{ "name", "", CELL_BYTES, .after = ":", .align = ALIGN_RIGHT, .width = 4 },
	{ "counts", "", CELL_NUMBER, .before = "" },
	{ "cpus", NULL, .kind = CELL_NUMBER },
	{ "description", "", CELL_BYTES, .before = "  " },
	{ 0 },
};

/* VALUE of each CPU, in the columns of the heading; behind them, for programs, the CPUs. */
static void put_counts(struct row *row, const struct cpu_mask *cpus,
		       u64 (*value)(const void *of, unsigned cpu), const void *of)
{
	struct strbuf *text = scope_strbuf();

	row_list(row);
	for (unsigned cpu = cpu_mask_next(cpus, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(cpus, cpu + 1)) {
		u64 count = value(of, cpu);

		row_number(row, count);
		strbuf_printf(text, " %10llu", count);
	}
	row_list_end(row);
	row_shown(row, strbuf_text(text));
	row_list(row);
	for (unsigned cpu = cpu_mask_next(cpus, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(cpus, cpu + 1))
		row_number(row, cpu);
	row_list_end(row);
}

static u64 count_of_irq(const void *irq, unsigned cpu)
{
	return irq_count(irq, cpu);
}

static u64 count_of_vector(const void *count, unsigned cpu)
{
	const struct irq_vector_count *vector = count;

	return vector->value(vector, cpu);
}

static void put_irq_counts(struct row *row, size_t index, void *arg)
{
	const struct places *places = arg;
	const struct irq_place *place = &places->items[index];
	struct irq irq;

	row_stands_for(row, place->descriptor);
	if (!place->descriptor || !is_handled(place->descriptor, &irq))
		row_skip(row);
	row_number(row, place->number);
	put_counts(row, places->cpus, count_of_irq, &irq);
	row_bytes(row, irq.chip, strlen(irq.chip));
	row_bytes(row, irq.flow, strlen(irq.flow));
	put_names(row, &irq);
	row_number(row, irq.hwirq);
}

struct vectors {
	struct irq_vector_count *items;
	const struct cpu_mask *cpus;
};

static void put_vector(struct row *row, size_t index, void *arg)
{
	const struct vectors *vectors = arg;
	const struct irq_vector_count *vector = &vectors->items[index];

	row_bytes(row, vector->name, strlen(vector->name));
	if (vector->of_machine) {
		u64 value = vector->value(vector, 0);

		row_number(row, value);
		row_shown(row, scope_printf(" %10llu", value));
		row_none(row);
	} else {
		put_counts(row, vectors->cpus, count_of_vector, vector);
	}
	row_bytes(row, vector->description, strlen(vector->description));
}

static void show_counts(struct places *places, bool vectors_as_well)
{
	struct strbuf *heading = scope_strbuf();
	struct vectors vectors = { .cpus = places->cpus };

	strbuf_puts(heading, "    ");
	for (unsigned cpu = cpu_mask_next(places->cpus, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(places->cpus, cpu + 1))
		strbuf_printf(heading, " %10s", scope_printf("CPU%u", cpu));
	strbuf_puts(heading, " ");
	table_show(&(struct table){ .name = "irq",
				    .columns = count_columns,
				    .count = places->count,
				    .put = put_irq_counts,
				    .arg = places,
				    .heading_line = strbuf_text(heading),
				    .of = "irq_desc" });
	if (vectors_as_well) {
		size_t count = irq_vector_counts(&vectors.items);

		table_show(&(struct table){ .name = "irq",
					    .columns = vector_columns,
					    .count = count,
					    .put = put_vector,
					    .arg = &vectors,
					    .headings = HEADINGS_NEVER });
	}
}

/* ---- vectors, soft interrupts ---- */

static const struct column gate_columns[] = {
	{ "vector", "", CELL_NUMBER, .align = ALIGN_RIGHT, .width = 5 },
	{ "handler", NULL, .kind = CELL_ADDRESS },
	{ "name", "", CELL_TEXT, .before = " " },
	{ 0 },
};

static void put_gate(struct row *row, size_t index, UNUSED void *arg)
{
	u64 handler = irq_gate((unsigned)index);

	row_number(row, index);
	row_shown(row, scope_printf("[%zu]", index));
	row_address(row, handler);
	row_text(row, handler ? symbol_words(handler) : "0");
}

static void show_gates(void)
{
	table_show(&(struct table){ .name = "irq",
				    .columns = gate_columns,
				    .count = NR_IRQ_VECTORS,
				    .put = put_gate,
				    .headings = HEADINGS_NEVER });
}

static const struct column softirq_columns[] = {
	{ "softirq", "", CELL_NUMBER, .before = "    ", .align = ALIGN_RIGHT, .width = 3 },
	{ "action", "", CELL_ADDRESS, .before = "     ", .width = 16, .zeros = true },
	{ "function", "", CELL_TEXT, .before = "  <", .after = ">" },
	{ "name", NULL, .kind = CELL_BYTES },
	{ 0 },
};

static void put_softirq(struct row *row, size_t index, UNUSED void *arg)
{
	u64 action = softirq_action((unsigned)index);
	const char *name = softirq_name((unsigned)index);

	if (!action)
		row_skip(row);
	row_number(row, index);
	row_shown(row, scope_printf("[%zu]", index));
	row_address(row, action);
	row_text(row, symbol_words(action));
	row_bytes(row, name, strlen(name));
}

static const struct column tasklet_columns[] = {
	{ "cpu", "CPU", CELL_NUMBER, .width = 3 },
	{ "tasklet", "TASKLET", CELL_ADDRESS, .width = 16, .zeros = true },
	{ "high", "HIGH", CELL_FLAG, .width = 4 },
	{ "address", NULL, .kind = CELL_ADDRESS },
	{ "function", "FUNCTION", CELL_TEXT, .before = "  <", .after = ">" },
	{ "data", NULL, .kind = CELL_ADDRESS },
	{ 0 },
};

static void put_tasklet(struct row *row, size_t index, void *arg)
{
	const struct tasklet *tasklet = &((const struct tasklet *)arg)[index];

	row_stands_for(row, tasklet->address);
	row_number(row, tasklet->cpu);
	row_address(row, tasklet->address);
	row_flag(row, tasklet->high);
	row_address(row, tasklet->function);
	row_text(row, symbol_words(tasklet->function));
	row_address(row, tasklet->data);
}

static void show_bottom_halves(bool tasklets_as_well)
{
	struct tasklet *tasklets;

	table_show(&(struct table){ .name = "irq",
				    .columns = softirq_columns,
				    .count = softirq_nr(),
				    .put = put_softirq,
				    .heading_line = "SOFTIRQ_VEC      ACTION     " });
	if (tasklets_as_well) {
		size_t count = tasklets_read(&tasklets);

		table_show(&(struct table){ .name = "irq",
					    .columns = tasklet_columns,
					    .count = count,
					    .put = put_tasklet,
					    .arg = tasklets,
					    .headings = HEADINGS_WITH_ROWS,
					    .none = "no tasklet waits" });
	}
}

/* ---- the command ---- */

/* The numbers that ARGS name, all of them without any; with IN_USE those that have a descriptor. */
static struct places places_asked(const struct args *args, bool in_use)
{
	struct irq_place *all;
	size_t nr = irq_places(&all);
	struct places places = { .items = scope_array(nr + args->nr_words + 1, sizeof(*all)) };

	for (size_t i = 0; i < args->nr_words; i++) {
		u64 number;

		if (!parse_u64(args->words[i], 10, &number))
			fail("invalid irq index: %s", args->words[i]);
		if (number >= nr)
			fail("invalid irq index: %s (this kernel has %zu)", args->words[i], nr);
		places.items[places.count++] = all[number];
	}
	for (size_t i = 0; i < nr && !args->nr_words; i++)
		if (!in_use || all[i].descriptor)
			places.items[places.count++] = all[i];
	return places;
}

static void check_options(const struct args *args)
{
	static const char *const kinds[] = { "u", "d", "b", "a", "s" };
	const char *chosen = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!option_given(args, kinds[i]))
			continue;
		if (chosen)
			usage_problem(args, "-%s and -%s do not go together", chosen, kinds[i]);
		chosen = kinds[i];
	}
	if (chosen && args->nr_words)
		usage_problem(args, "-%s takes no index", chosen);
	if (option_given(args, "c") && (!chosen || !streq(chosen, "s")))
		usage_problem(args, "-c is for -s only");
	if (option_given(args, "v") && (!chosen || !strchr("sb", *chosen)))
		usage_problem(args, "-v is for -s and -b only");
}

static void run_counts(const struct args *args)
{
	struct places places = places_asked(args, true);
	const char *words = option_argument(args, "c");
	struct cpu_mask cpus = *cpus_present();
	struct strbuf *why = scope_strbuf();

	if (words && !cpu_mask_parse(words, &cpus, why))
		fail_with(why);
	places.cpus = &cpus;
	show_counts(&places, option_given(args, "v"));
}

static void run_irq(struct args *args)
{
	struct places places;

	check_options(args);
	if (option_given(args, "d")) {
		show_gates();
	} else if (option_given(args, "b")) {
		show_bottom_halves(option_given(args, "v"));
	} else if (option_given(args, "s")) {
		run_counts(args);
	} else {
		places = places_asked(args, option_given(args, "u") || option_given(args, "a"));
		if (option_given(args, "a"))
			show_affinity(&places);
		else
			show_actions(&places);
	}
}

static const struct option irq_options[] = {
	{ "u", NULL, "only numbers that have a descriptor" },
	{ "a", NULL, "the CPUs that each interrupt which has a handler may be sent to" },
	{ "s", NULL, "how often each came, to each CPU" },
	{ "c", "cpus", "with -s: only these CPUs" },
	{ "d", NULL, "the interrupt descriptor table" },
	{ "b", NULL, "soft interrupts" },
	{ "v", NULL,
	  "with -s: those of the processors as well; with -b: tasklets that wait to be run" },
	{ 0 },
};

COMMAND(irq) = {
	.name = "irq",
	.summary = "interrupts",
	.synopsis = "[index ... | -u]\n"
		    "-a | -d\n"
		    "-s [-v] [-c cpus]\n"
		    "-b [-v]",
	.options = irq_options,
	.description =
		"Shows the descriptor of each interrupt, and its handlers: their irqactions and "
		"names. An index is the number of an interrupt.\n\n"
		"-s counts as /proc/interrupts does, for all CPUs that are there; the processors' "
		"own interrupts (-v) are those that the file has at its end.",
	.example = "crash> irq 1 2 4\n"
		   " IRQ   IRQ_DESC/_DATA      IRQACTION      NAME\n"
		   "  1   ffff88cc01137000  ffff88cc01c3e900  \"i8042\"\n"
		   "  2   ffff88cc01137600      (unused)      \n"
		   "  4   ffff88cc01137c00  ffff88cc01c3e980  \"ttyS0\"\n"
		   "crash> irq -b\n"
		   "SOFTIRQ_VEC      ACTION     \n"
		   "    [0]     ffffffffb4ac6b10  <tasklet_hi_action>\n"
		   "    [1]     ffffffffb4b99230  <run_timer_softirq>\n"
		   "...\n",
	.run = run_irq,
};
