/* show/contextshow.c - the current context: which task, where it is and what it does. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/contextshow.h"

#include "base/colour.h"
#include "base/fail.h"
#include "base/json.h"
#include "base/out.h"
#include "kernel.h"
#include "kernel/taskinfo.h"
#include "show/jsonshow.h"
#include "task.h"

static void ask_sysrq(void *arg)
{
	*(bool *)arg = kernel_crashed_by_sysrq() && !kernel_was_kexeced();
}

/* What follows the state: " (PANIC)", " (ACTIVE)", or crash's single blank. */
static const char *activity(const struct task *task)
{
	struct failure failure;
	bool sysrq = false;

	if (!task_is_panic_task(task))
		return task_is_active(task) ? " (ACTIVE)" : " ";
	/*
	 * That it panicked is known without the log. crash says (PANIC) of whatever ended in
	 * a crash kernel.
	 */
	(void)protect_row(ask_sysrq, &sysrq, &failure);
	return sysrq ? " (SYSRQ)" : " (PANIC)";
}

void contextshow(int label_width)
{
	const struct task *task = task_current();
	char comm[TASK_COMM_SPACE];
	struct strbuf *state = scope_strbuf();
	const char *line;

	task_state_words(task, state);
	if (json_on()) {
		json_object(NULL);
		jsonshow_task(task);
		json_text("state", strbuf_text(state));
		json_bool("active", task_is_active(task));
		json_bool("panic", task_is_panic_task(task));
		json_end();
		return;
	}
	out("%*s: %u\n", label_width, "PID", task->pid);
	out("%*s: \"%s\"\n", label_width, "COMMAND", task_comm(task, comm));
	out("%*s: %llx  ", label_width, "TASK", task->address);
	if (task->is_idle && kernel_nr_cpus() > 1)
		out("(1 of %u)  ", kernel_nr_cpus());
	/* thread_info is the first member of task_struct on every x86_64 kernel since v4.9. */
	out("[THREAD_INFO: %llx]\n", task->address);
	out("%*s: %u\n", label_width, "CPU", task->cpu);
	line = scope_printf("%*s: %s%s", label_width, "STATE", strbuf_text(state), activity(task));
	out("%s\n", colour_task_line(task_state_text(task), task_is_panic_task(task), line));
}
