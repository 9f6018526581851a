/* kernel/tasksig.c - a task's signals: handlers, blocked and pending sets, queues; signal names. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Understands sighand_struct.action (k_sigaction), task_struct.pending and blocked,
 * signal_struct.shared_pending and the sigqueue lists. A sigset_t of x86_64 is one 64-bit word.
 */
#include "kernel/tasksig.h"

#include "base/fault.h"
#include "memory.h"
#include "names/kfield.h"

KFIELD(task_sighand, "task_struct.sighand");
KFIELD(task_blocked, "task_struct.blocked");
KFIELD(task_pending_set, "task_struct.pending.signal");
KFIELD(task_pending_list, "task_struct.pending.list");
KFIELD(signal_shared_set, "signal_struct.shared_pending.signal");
KFIELD(signal_shared_list, "signal_struct.shared_pending.list");
KFIELD(signal_nr_threads, "signal_struct.nr_threads");
KFIELD(sighand_action, "sighand_struct.action[0]");
KFIELD(action_handler, "k_sigaction.sa.sa_handler");
KFIELD(action_flags, "k_sigaction.sa.sa_flags");
KFIELD(action_mask, "k_sigaction.sa.sa_mask");
KFIELD(sigqueue_list, "sigqueue.list");
KFIELD(sigqueue_info, "sigqueue.info");
KFIELD(siginfo_number,
       /* v4.20 ae7795bc6187 signal: Distinguish between kernel_siginfo and siginfo */
       "kernel_siginfo.si_signo", "siginfo.si_signo");

bool tasksig_action(const struct task *task, unsigned number, struct signal_action *action,
		    struct strbuf *why)
{
	struct fault fault;
	u64 sighand;

	if (!field_try_u64(task->address, &task_sighand, &sighand, &fault)) {
		strbuf_puts(why, fault_text(&fault));
		return false;
	}
	if (sighand == 0) {
		strbuf_puts(why, "the task has given its signal handlers back");
		return false;
	}
	action->address = field_address(sighand, &sighand_action) +
			  (u64)(number - 1) * kfield_size(&sighand_action);
	if (!field_try_u64(action->address, &action_handler, &action->handler, &fault) ||
	    !field_try_u64(action->address, &action_flags, &action->flags, &fault) ||
	    !mem_try_u64(field_address(action->address, &action_mask), &action->mask, &fault)) {
		strbuf_puts(why, fault_text(&fault));
		return false;
	}
	return true;
}

u64 tasksig_nr_threads(const struct task *task)
{
	return task->signal ? field_u64(task->signal, &signal_nr_threads) : 0;
}

u64 tasksig_blocked(const struct task *task)
{
	return mem_u64(field_address(task->address, &task_blocked), "task_struct.blocked");
}

u64 tasksig_private(const struct task *task)
{
	return mem_u64(field_address(task->address, &task_pending_set), "task_struct.pending");
}

u64 tasksig_shared(const struct task *task)
{
	if (task->signal == 0)
		return 0;
	return mem_u64(field_address(task->signal, &signal_shared_set),
		       "signal_struct.shared_pending");
}

void tasksig_queue_begin(struct klist_iter *it, const struct task *task, bool shared)
{
	u64 head = shared ? field_address(task->signal, &signal_shared_list)
			  : field_address(task->address, &task_pending_list);

	klist_begin(it, head, kfield_offset(&sigqueue_list));
}

bool tasksig_queue_next(struct klist_iter *it, s32 *number, u64 *siginfo)
{
	u64 queued, value;

	if (!klist_next(it, &queued))
		return false;
	*siginfo = field_address(queued, &sigqueue_info);
	*number = field_try_u64(*siginfo, &siginfo_number, &value, NULL) ? (s32)value : 0;
	return true;
}

/* arch/x86/include/uapi/asm/signal.h: user-space ABI. */
const char *tasksig_name(unsigned number)
{
	static const char *const names[] = {
		"?",	       "SIGHUP",	   "SIGINT",	     "SIGQUIT",	    "SIGILL",
		"SIGTRAP",     "SIGABRT/SIGIOT",   "SIGBUS",	     "SIGFPE",	    "SIGKILL",
		"SIGUSR1",     "SIGSEGV",	   "SIGUSR2",	     "SIGPIPE",	    "SIGALRM",
		"SIGTERM",     "SIGSTKFLT",	   "SIGCHLD/SIGCLD", "SIGCONT",	    "SIGSTOP",
		"SIGTSTP",     "SIGTTIN",	   "SIGTTOU",	     "SIGURG",	    "SIGXCPU",
		"SIGXFSZ",     "SIGVTALRM",	   "SIGPROF",	     "SIGWINCH",    "SIGIO/SIGPOLL",
		"SIGPWR",      "SIGSYS/SIGUNUSED", "SIGRTMIN",	     "SIGRTMIN+1",  "SIGRTMIN+2",
		"SIGRTMIN+3",  "SIGRTMIN+4",	   "SIGRTMIN+5",     "SIGRTMIN+6",  "SIGRTMIN+7",
		"SIGRTMIN+8",  "SIGRTMIN+9",	   "SIGRTMIN+10",    "SIGRTMIN+11", "SIGRTMIN+12",
		"SIGRTMIN+13", "SIGRTMIN+14",	   "SIGRTMIN+15",    "SIGRTMIN+16", "SIGRTMAX-15",
		"SIGRTMAX-14", "SIGRTMAX-13",	   "SIGRTMAX-12",    "SIGRTMAX-11", "SIGRTMAX-10",
		"SIGRTMAX-9",  "SIGRTMAX-8",	   "SIGRTMAX-7",     "SIGRTMAX-6",  "SIGRTMAX-5",
		"SIGRTMAX-4",  "SIGRTMAX-3",	   "SIGRTMAX-2",     "SIGRTMAX-1",  "SIGRTMAX",
	};

	_Static_assert(ARRAY_SIZE(names) == SIGNALS + 1, "a name for each signal");
	return number <= SIGNALS ? names[number] : "?";
}

void tasksig_flag_names(u64 flags, struct strbuf *text)
{
	static const struct {
		u64 bit;
		const char *name;
	} names[] = {
		{ 0x04000000, "SA_RESTORER" }, { 0x1, "SA_NOCLDSTOP" },
		{ 0x2, "SA_NOCLDWAIT" },       { 0x4, "SA_SIGINFO" },
		{ 0x08000000, "SA_ONSTACK" },  { 0x10000000, "SA_RESTART" },
		{ 0x40000000, "SA_NODEFER" },  { 0x80000000, "SA_RESETHAND" },
		{ 0x400, "SA_UNSUPPORTED" },   { 0x800, "SA_EXPOSE_TAGBITS" },
	};
	const char *between = "";

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if ((flags & names[i].bit) == 0)
			continue;
		strbuf_printf(text, "%s%s", between, names[i].name);
		between = "|";
	}
}
