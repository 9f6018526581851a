/* names.c - tests: what TAB and "did you mean" cost among 200,000 symbols; figures only. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fail.h"
#include "base/suggest.h"
#include "shell/completion.h"
#include "symbols.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

enum { SYMBOLS = 200000, NAME_BYTES = 32, RUNS = 7 };

static char names[SYMBOLS][NAME_BYTES];
static struct symbol symbols[SYMBOLS];

static double cpu_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

/* Starts as the kernel has them, in no order. */
static void make_symbols(void)
{
	for (size_t i = 0; i < SYMBOLS; i++) {
		snprintf(names[i], NAME_BYTES, "%s%c%c%c_%06zu", i % 4 ? "" : "__pfx_",
			 'a' + (int)(i * 7 % 26), 'a' + (int)(i * 11 % 25), 'a' + (int)(i * 3 % 23),
			 i * 7919 % SYMBOLS);
		symbols[i] = (struct symbol){
			.name = names[i],
			.value = 0xffffffff81000000 + i * 16,
			.type = 'T',
		};
	}
}

static double tab_ms(const char *line)
{
	struct completion completion = { 0 };
	double before = cpu_ms();

	completion_find(line, &completion);
	before = cpu_ms() - before;
	completion_free(&completion);
	return before;
}

static double suggest_ms(void)
{
	struct suggestion suggestion;
	double before = cpu_ms();

	suggest_start(&suggestion, "__pfx_acb_001991", 3);
	for (size_t i = 0; i < SYMBOLS; i++)
		suggest_offer(&suggestion, names[i]);
	return cpu_ms() - before;
}

static void measure(UNUSED void *arg)
{
	double first = INFINITY, next = INFINITY, suggest = INFINITY;

	make_symbols();
	for (int i = 0; i < RUNS; i++) {
		symbols_load_list(symbols, SYMBOLS);
		first = fmin(first, tab_ms("sym __pfx_abc_000001"));
		next = fmin(next, tab_ms("sym zzz_000001"));
		suggest = fmin(suggest, suggest_ms());
	}
	printf("TAB among %d symbols: the first, which puts them in order, %.1f ms; "
	       "the next %.3f ms (target 50)\n",
	       SYMBOLS, first, next);
	printf("\"did you mean\" among them: %.1f ms\n", suggest);
}

int main(void)
{
	struct failure failure;

	if (protect(measure, NULL, &failure))
		return 0;
	fprintf(stderr, "%s\n", failure.text);
	return 1;
}
