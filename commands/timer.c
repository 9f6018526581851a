/* commands/timer.c - the command timer: what will happen when, and what should have happened. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/time/timer.h"

#include "base/fail.h"
#include "base/table.h"
#include "containers/kpercpu.h"
#include "kernel.h"
#include "memory.h"
#include "shell/command.h"
#include "show/problemshow.h"
#include "symbols.h"

enum { WITH_WORK = 1 };

/* Timers in their columns: the widths follow the values. */
struct shown_timers {
	struct timers timers;
	u64 now;
};

static unsigned digits_of(s64 number)
{
	return (unsigned)strlen(scope_printf("%lld", number));
}

/* ---- the timer wheel ---- */

static const struct column jiffies_columns[] = {
	{ "jiffies", "", .kind = CELL_NUMBER, .before = "" },
	{ 0 },
};

static void put_jiffies(struct row *row, UNUSED size_t index, UNUSED void *arg)
{
	row_number(row, kernel_jiffies());
}

static const struct column timer_columns[] = {
	{ "expires", "", CELL_NUMBER, .before = "  ", .fit = true },
	{ "tte", "", CELL_SIGNED, .before = "   ", .fit = true },
	{ "timer_list", "", CELL_ADDRESS, .width = 16, .zeros = true },
	{ "address", "", CELL_ADDRESS, .width = 16, .zeros = true },
	{ "function", "", CELL_TEXT, .before = "  <", .after = ">" },
	{ "work", "", CELL_TEXT, .before = "  ", .when = WITH_WORK },
	{ 0 },
};

static void put_timer(struct row *row, size_t index, void *arg)
{
	const struct shown_timers *shown = arg;
	const struct timer *timer = &shown->timers.items[index];

	row_stands_for(row, timer->address);
	row_number(row, timer->expires);
	row_signed(row, (s64)(timer->expires - shown->now));
	row_address(row, timer->address);
	row_address(row, timer->function);
	row_text(row, symbol_words(timer->function));
	if (timer->work)
		row_text(row, symbol_words(timer->work));
	else
		row_none(row);
}

/* TIMER_LIST and FUNCTION stand over their columns, which move with what is before them. */
static const char *timer_heading(const struct shown_timers *shown)
{
	unsigned expires = 0, tte = 0;

	for (size_t i = 0; i < shown->timers.count; i++) {
		const struct timer *timer = &shown->timers.items[i];

		expires = (unsigned)max_u64(expires, digits_of((s64)timer->expires));
		tte = (unsigned)max_u64(tte, digits_of((s64)(timer->expires - shown->now)));
	}
	return scope_printf("%-*s%s", (int)(expires + tte + 13), "  EXPIRES        TTE",
			    "TIMER_LIST     FUNCTION");
}

static const struct column base_columns[] = {
	{ "cpu", "", CELL_NUMBER, .before = "TIMER_BASES[", .after = "]" },
	{ "base", "", CELL_TEXT, .before = "[", .after = "]" },
	{ "timer_base", "", CELL_ADDRESS, .before = ": " },
	{ "clk", NULL, .kind = CELL_NUMBER },
	{ "next_expiry", NULL, .kind = CELL_NUMBER },
	{ 0 },
};

struct shown_base {
	unsigned cpu, index;
	bool details;
};

static void put_base(struct row *row, UNUSED size_t index, void *arg)
{
	const struct shown_base *base = arg;
	struct shown_timers *shown = scope_alloc(sizeof(*shown));
	struct timer_base read;

	timer_base_read(base->cpu, base->index, &read);
	*shown = (struct shown_timers){ timers_of(&read), kernel_jiffies() };
	row_stands_for(row, read.address);
	row_number(row, read.cpu);
	row_text(row, read.name);
	row_address(row, read.address);
	row_number(row, read.clock);
	row_number(row, read.next_expiry);
	problemshow(row, shown->timers.problem ? shown->timers.problem : "");
	row_children(row, &(struct table){ .name = "timer",
					   .columns = timer_columns,
					   .count = shown->timers.count,
					   .put = put_timer,
					   .arg = shown,
					   .when = base->details ? WITH_WORK : 0,
					   .headings = HEADINGS_WITH_ROWS,
					   .heading_line = timer_heading(shown),
					   .none = "  (none)",
					   .key = "timers" });
}

static void show_timers(const struct cpu_mask *cpus, bool details)
{
	struct table jiffies = ONE_ROW("timer", jiffies_columns, put_jiffies, NULL);
	unsigned nr_bases = timer_nr_bases();

	jiffies.headings = HEADINGS_FIRST;
	jiffies.heading_line = "JIFFIES   ";
	table_show(&jiffies);
	for (unsigned cpu = cpu_mask_next(cpus, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(cpus, cpu + 1)) {
		table_remark("\n");
		for (unsigned i = 0; i < nr_bases; i++) {
			struct shown_base base = { cpu, i, details };

			table_show(&ONE_ROW("timer", base_columns, put_base, &base));
		}
	}
}

/* ---- high-resolution timers ---- */

static const struct column hrtimer_columns[] = {
	{ "soft_expires", "", CELL_NUMBER, .before = "  ", .align = ALIGN_CENTRE_RIGHT, .width = 11,
	  .fit = true },
	{ "expires", "", CELL_NUMBER, .align = ALIGN_CENTRE_RIGHT, .width = 11, .fit = true },
	{ "tte", "", CELL_SIGNED, .width = 3, .fit = true },
	{ "hrtimer", "", CELL_ADDRESS, .width = 16, .zeros = true },
	{ "address", "", CELL_ADDRESS, .width = 16, .zeros = true },
	{ "function", "", CELL_TEXT, .before = "  <", .after = ">" },
	{ 0 },
};

static void put_hrtimer(struct row *row, size_t index, void *arg)
{
	const struct shown_timers *shown = arg;
	const struct timer *timer = &shown->timers.items[index];

	row_stands_for(row, timer->address);
	row_number(row, timer->soft_expires);
	row_number(row, timer->expires);
	row_signed(row, (s64)(timer->soft_expires - shown->now));
	row_address(row, timer->address);
	row_address(row, timer->function);
	row_text(row, symbol_words(timer->function));
}

/* TEXT in the middle of WIDTH columns, an odd blank to its left. */
static const char *centred(const char *text, unsigned width)
{
	unsigned length = (unsigned)strlen(text), left = (width - length + 1) / 2;

	return scope_printf("  %*s%*s", (int)(left + length), text, (int)(width - length - left),
			    "");
}

static const char *hrtimer_heading(const struct shown_timers *shown)
{
	unsigned soft = 11, expires = 11, tte = 3;

	for (size_t i = 0; i < shown->timers.count; i++) {
		const struct timer *timer = &shown->timers.items[i];

		soft = (unsigned)max_u64(soft, digits_of((s64)timer->soft_expires));
		expires = (unsigned)max_u64(expires, digits_of((s64)timer->expires));
		tte = (unsigned)max_u64(tte, digits_of((s64)(timer->soft_expires - shown->now)));
	}
	return scope_printf("%s%s%s      HRTIMER           FUNCTION    ",
			    centred("SOFTEXPIRES", soft), centred("EXPIRES", expires),
			    centred("TTE", tte));
}

static const struct column clock_columns[] = {
	{ "clock", "", CELL_NUMBER, .before = "  CLOCK: " },
	{ "hrtimer_clock_base", "", CELL_ADDRESS, .before = "  HRTIMER_CLOCK_BASE: " },
	{ "name", "", CELL_TEXT, .before = "  [", .after = "]" },
	{ "now", NULL, .kind = CELL_NUMBER },
	{ 0 },
};

struct shown_clock {
	unsigned cpu;
};

static void put_clock(struct row *row, size_t index, void *arg)
{
	const struct shown_clock *of = arg;
	struct shown_timers *shown = scope_alloc(sizeof(*shown));
	struct hrtimer_clock clock;

	hrtimer_clock_read(of->cpu, (unsigned)index, &clock);
	*shown = (struct shown_timers){ hrtimers_of(&clock), clock.now };
	row_stands_for(row, clock.address);
	row_number(row, clock.index);
	row_address(row, clock.address);
	row_text(row, clock.name);
	row_number(row, clock.now);
	problemshow(row, shown->timers.problem ? shown->timers.problem : "");
	if (shown->timers.count)
		row_remark(row, "      CURRENT    \n    %-13llu\n", clock.now);
	row_children(row, &(struct table){ .name = "timer",
					   .columns = hrtimer_columns,
					   .count = shown->timers.count,
					   .put = put_hrtimer,
					   .arg = shown,
					   .headings = HEADINGS_WITH_ROWS,
					   .heading_line = hrtimer_heading(shown),
					   .none = "  (empty)",
					   .key = "timers" });
}

static const struct column cpu_columns[] = {
	{ "cpu", "", CELL_NUMBER, .before = "CPU: " },
	{ "hrtimer_cpu_base", "", CELL_ADDRESS, .before = "  HRTIMER_CPU_BASE: " },
	{ 0 },
};

static void put_cpu(struct row *row, UNUSED size_t index, void *arg)
{
	struct shown_clock *of = scope_alloc(sizeof(*of));

	of->cpu = *(unsigned *)arg;
	row_number(row, of->cpu);
	row_address(row, hrtimer_cpu_base(of->cpu));
	row_children(row, &(struct table){ .name = "timer",
					   .columns = clock_columns,
					   .count = hrtimer_nr_clocks(),
					   .put = put_clock,
					   .arg = of,
					   .headings = HEADINGS_NEVER,
					   .blank_after = true,
					   .key = "clocks" });
}

static void show_hrtimers(const struct cpu_mask *cpus)
{
	for (unsigned cpu = cpu_mask_next(cpus, 0); cpu < MAX_CPUS;
	     cpu = cpu_mask_next(cpus, cpu + 1))
		table_show(&ONE_ROW("timer", cpu_columns, put_cpu, &cpu));
}

/* ---- the command ---- */

static void run_timer(struct args *args)
{
	const char *words = option_argument(args, "C");
	struct cpu_mask cpus = *cpus_present();
	struct strbuf *why = scope_strbuf();

	args_check_words(args, "", 0, 0);
	if (words && !cpu_mask_parse(words, &cpus, why))
		fail_with(why);
	if (option_given(args, "r"))
		show_hrtimers(&cpus);
	else
		show_timers(&cpus, option_given(args, "v"));
}

static const struct option timer_options[] = {
	{ "r", NULL, "high-resolution timers of all clocks" },
	{ "C", "cpus", "only those of these CPUs" },
	{ "v", NULL, "behind a timer that queues a work: the work's function" },
	{ 0 },
};

COMMAND(timer) = {
	.name = "timer",
	.summary = "timers",
	.synopsis = "[-v] [-C cpus]\n"
		    "-r [-C cpus]",
	.options = timer_options,
	.description =
		"Shows the timers of each CPU in the order in which they expire: when, how long "
		"that is from now (TTE; below 0: it is overdue), and which function is called. "
		"Times are jiffies; those of high-resolution timers are nanoseconds of their "
		"clock, whose time is the CURRENT one as of the kernel's last update, and TTE is "
		"the time until they may expire.",
	.example = "crash> timer -C 1\n"
		   "JIFFIES   \n"
		   "4294901270\n"
		   "\n"
		   "...\n"
		   "crash> timer -r -C 0\n"
		   "CPU: 0  HRTIMER_CPU_BASE: ffff88cc0ee25e40\n"
		   "  CLOCK: 0  HRTIMER_CLOCK_BASE: ffff88cc0ee25e80  [ktime_get]\n"
		   "...\n"
		   "  CLOCK: 1  HRTIMER_CLOCK_BASE: ffff88cc0ee25ec0  [ktime_get_real]\n"
		   "...\n",
	.run = run_timer,
};
