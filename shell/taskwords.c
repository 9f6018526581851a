/* shell/taskwords.c - the words of a command line that name tasks. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/taskwords.h"

#include "base/fail.h"

#include <regex.h>

/* What a word asks of each task. A regex is compiled once and belongs to the scope. */
struct wanted {
	enum { WANT_COMM, WANT_REGEX, WANT_PID, WANT_ADDRESS } what;
	const char *comm;
	const regex_t *regex;
	u64 number;
};

static bool is_wanted(const struct wanted *wanted, const struct task *task)
{
	switch (wanted->what) {
	case WANT_COMM:
		return strncmp(task->comm, wanted->comm, sizeof(task->comm) - 1) == 0;
	case WANT_REGEX:
		return regexec(wanted->regex, task->comm, 0, NULL, 0) == 0;
	case WANT_PID:
		return task->pid == wanted->number; /* every idle task has pid 0 */
	case WANT_ADDRESS:
		return task->address == wanted->number;
	}
	return false;
}

/* Counted first: `foreach ps` passes as many words as there are tasks. */
static size_t collect(const struct wanted *wanted, const struct task ***matches)
{
	size_t nr_tasks = task_count(), count = 0, filled = 0;

	for (size_t i = 0; i < nr_tasks; i++)
		count += is_wanted(wanted, task_at(i));
	*matches = NULL;
	if (!count)
		return 0;
	*matches = scope_array(count, sizeof(struct task *));
	for (size_t i = 0; i < nr_tasks && filled < count; i++) {
		if (is_wanted(wanted, task_at(i)))
			(*matches)[filled++] = task_at(i);
	}
	return filled;
}

static void free_regex(void *arg)
{
	regfree(arg);
}

static const regex_t *compile_regex(const char *word)
{
	char *pattern = scope_strdup(word + 1);
	regex_t *regex = scope_alloc(sizeof(*regex));
	int error;

	pattern[strlen(pattern) - 1] = '\0';
	error = regcomp(regex, pattern, REG_EXTENDED | REG_NOSUB);
	if (error != 0) {
		char why[128];

		regerror(error, regex, why, sizeof(why));
		fail("invalid regular expression: %s: %s", pattern, why);
	}
	scope_cleanup(free_regex, regex);
	return regex;
}

/* Decimal is a pid; hexadecimal a task_struct, else a pid. */
size_t tasks_numbered(const char *word, const struct task ***matches)
{
	struct wanted wanted = { .what = WANT_PID };
	size_t count = 0;
	u64 number;

	*matches = NULL;
	if (parse_u64(word, 10, &number)) {
		wanted.number = number;
		count = collect(&wanted, matches);
	}
	if (count != 0 || !parse_u64(word, 16, &number))
		return count;
	wanted.number = number;
	if (task_by_address(number))
		wanted.what = WANT_ADDRESS;
	else if (number > TASK_PID_LIMIT)
		return 0;
	return collect(&wanted, matches);
}

size_t tasks_matching(const char *word, const struct task ***matches)
{
	struct wanted wanted = { .what = WANT_COMM, .comm = word };
	size_t count = 0, length = strlen(word);
	u64 number;

	*matches = NULL;
	if (word[0] == '\\') {
		wanted.comm = word + 1;
		return collect(&wanted, matches);
	}
	if (length > 2 && word[0] == '\'' && word[length - 1] == '\'') {
		wanted.what = WANT_REGEX;
		wanted.regex = compile_regex(word);
		return collect(&wanted, matches);
	}
	/* An address needs no walk over all names; 16 digits are no comm. */
	if (length == 16 && parse_u64(word, 16, &number) && task_by_address(number)) {
		*matches = scope_array(1, sizeof(struct task *));
		(*matches)[0] = task_by_address(number);
		return 1;
	}
	/* "dd" and "bad" are hexadecimal too: what a task is called comes before that. */
	if (!parse_u64(word, 10, &number) && length != 0)
		count = collect(&wanted, matches);
	return count != 0 ? count : tasks_numbered(word, matches);
}

const struct task *task_try_argument(const char *word)
{
	const struct task *task;
	u64 number;

	if (parse_u64(word, 10, &number) && number <= TASK_PID_LIMIT) {
		task = task_by_pid((u32)number);
		if (task)
			return task;
	}
	if (!parse_u64(word, 16, &number))
		return NULL;
	task = task_by_address(number);
	if (!task && number <= TASK_PID_LIMIT)
		task = task_by_pid((u32)number);
	return task;
}

const struct task *task_argument(const char *word)
{
	const struct task *task = task_try_argument(word);

	if (!task)
		fail("invalid task or pid value: %s", word);
	return task;
}
