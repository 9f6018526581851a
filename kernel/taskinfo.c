/* kernel/taskinfo.c - a task's state in words, and its memory, times, scheduling, limits, arguments. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Understands task_struct's times, policy and thread.sp, mm_struct's counters and argument areas,
 * signal_struct.rlim, percpu_counter arrays, and the bits of task_struct.__state.
 */
#include "kernel/taskinfo.h"

#include "base/fail.h"
#include "containers/kpercpu.h"
#include "kernel.h"
#include "kernel/mm/vma.h"
#include "memory.h"
#include "names/kfield.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

KFIELD(task_start_time, "task_struct.start_time");
KFIELD(task_start_boottime,
       "task_struct.start_boottime", /* v5.5 cf25e24db61c time: Rename tsk->real_start_time */
       "task_struct.real_start_time");
KFIELD(task_utime, "task_struct.utime");
KFIELD(task_stime, "task_struct.stime");
KFIELD(task_sum_exec, "task_struct.se.sum_exec_runtime");
KFIELD(task_policy_field, "task_struct.policy");
KFIELD(task_thread_sp, "task_struct.thread.sp");
KFIELD(rq_clock, "rq.clock");
KFIELD(signal_rlim, "signal_struct.rlim");
KFIELD(mm_total_vm, "mm_struct.total_vm");
KFIELD(mm_rss_percpu,
       /* v6.2 f1a7941243c1 mm: convert mm's rss stats into percpu_counter */
       "mm_struct.rss_stat[0]");
KFIELD(mm_rss_atomic, "mm_struct.rss_stat.count");
KFIELD(mm_arg_start, "mm_struct.arg_start");
KFIELD(mm_arg_end, "mm_struct.arg_end");
KFIELD(mm_env_start, "mm_struct.env_start");
KFIELD(mm_env_end, "mm_struct.env_end");
KTYPE(rlimit_type, "struct rlimit");

KSYMBOL(info_runqueues, "runqueues");
KSYMBOL(task_state_array_symbol, "task_state_array");

KENUM(info_filepages, "MM_FILEPAGES");
KENUM(info_anonpages, "MM_ANONPAGES");
KENUM(info_shmempages, "MM_SHMEMPAGES");

/* ---- state ---- */

/*
 * The bits of __state and exit_state. The kernel names those that /proc shows in task_state_array:
 * its entry n is bit n - 1. From "parked" upward the order has been the same since v4.14
 * (8ef9925b02c2), so the place of "P (parked)" gives all above it.
 */
struct state_bits {
	u64 interruptible, uninterruptible, stopped, traced, exit_dead, exit_zombie, parked;
	u64 dead, wakekill, waking, noload, new, rtlock_wait, freezable, freezable_unsafe, frozen;
};

static struct state_bits bits = {
	.interruptible = 0x1,
	.uninterruptible = 0x2,
	.stopped = 0x4,
	.traced = 0x8,
	.exit_dead = 0x10,
	.exit_zombie = 0x20,
	.parked = 0x40,
};

static void set_upper_bits(void)
{
	u64 *upper[] = { &bits.dead,  &bits.wakekill,	 &bits.waking,	  &bits.noload,
			 &bits.new,   &bits.rtlock_wait, &bits.freezable, &bits.freezable_unsafe,
			 &bits.frozen };

	for (size_t i = 0; i < ARRAY_SIZE(upper); i++)
		*upper[i] = bits.parked << (i + 1);
}

static void set_bit_of_letter(char letter, u64 bit)
{
	switch (letter) {
	case 'S':
		bits.interruptible = bit;
		break;
	case 'D':
		bits.uninterruptible = bit;
		break;
	case 'T':
		bits.stopped = bit;
		break;
	case 't':
		bits.traced = bit;
		break;
	case 'X':
		bits.exit_dead = bit;
		break;
	case 'Z':
		bits.exit_zombie = bit;
		break;
	case 'P':
		bits.parked = bit;
		break;
	}
}

static void need_state_bits(void)
{
	u64 array, text;
	char word[16];

	if (bits.dead != 0)
		return;
	if (ksymbol_exists(&task_state_array_symbol)) {
		array = ksymbol_address(&task_state_array_symbol);
		/*
		 * Entry 0 is "R (running)", no bit; the text of each must look like one
		 * before it counts.
		 */
		for (unsigned i = 1; i <= 8; i++) {
			if (!mem_try_u64(array + i * 8, &text, NULL) ||
			    !mem_try_string(text, word, sizeof(word), NULL) || word[1] != ' ' ||
			    word[2] != '(')
				break;
			set_bit_of_letter(word[0], 1ULL << (i - 1));
		}
	}
	set_upper_bits();
}

static const char *const state_names[] = {
	"RU", "IN", "UN", "ST", "ZO", "TR", "SW", "DE", "WA", "PA", "ID", "NE",
};

bool task_is_state_name(const char *letters)
{
	for (size_t i = 0; i < ARRAY_SIZE(state_names); i++) {
		if (streq(letters, state_names[i]))
			return true;
	}
	return false;
}

const char *task_state_text(const struct task *task)
{
	u64 state = task->state;

	need_state_bits();
	if ((task->exit_state & bits.exit_zombie) != 0)
		return (task->exit_state & bits.exit_dead) != 0 ? "DE" : "ZO";
	if ((task->exit_state & bits.exit_dead) != 0 || (state & bits.dead) != 0)
		return "DE";
	if (state == 0)
		return "RU";
	if ((state & bits.uninterruptible) != 0)
		return (state & bits.noload) != 0 ? "ID" : "UN";
	if ((state & bits.interruptible) != 0)
		return "IN";
	if ((state & bits.traced) != 0)
		return "TR";
	if ((state & bits.stopped) != 0)
		return "ST";
	if ((state & bits.parked) != 0)
		return "PA";
	if ((state & bits.waking) != 0)
		return "WA";
	if ((state & bits.new) != 0)
		return "NE";
	/* What /proc shows for these too: they sleep in the kernel and take no signal. */
	if ((state & (bits.rtlock_wait | bits.frozen)) != 0)
		return "UN";
	return "??";
}

bool task_has_state(const struct task *task, const char *letters)
{
	return streq(task_state_text(task), letters);
}

void task_state_words(const struct task *task, struct strbuf *text)
{
	need_state_bits();
	const struct {
		u64 bit;
		const char *name;
	} words[] = {
		{ bits.interruptible, "TASK_INTERRUPTIBLE" },
		{ bits.uninterruptible, "TASK_UNINTERRUPTIBLE" },
		{ bits.stopped, "TASK_STOPPED" },
		{ bits.traced, "TASK_TRACED" },
		{ bits.exit_dead, "EXIT_DEAD" },
		{ bits.exit_zombie, "EXIT_ZOMBIE" },
		{ bits.parked, "TASK_PARKED" },
		{ bits.dead, "TASK_DEAD" },
		{ bits.wakekill, "TASK_WAKEKILL" },
		{ bits.waking, "TASK_WAKING" },
		{ bits.noload, "TASK_NOLOAD" },
		{ bits.new, "TASK_NEW" },
		{ bits.rtlock_wait, "TASK_RTLOCK_WAIT" },
		{ bits.freezable, "TASK_FREEZABLE" },
		{ bits.freezable_unsafe, "TASK_FREEZABLE_UNSAFE" },
		{ bits.frozen, "TASK_FROZEN" },
	};
	u64 rest = task->state | task->exit_state;
	const char *between = "";

	if (rest == 0)
		strbuf_puts(text, "TASK_RUNNING");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if ((rest & words[i].bit) == 0)
			continue;
		strbuf_printf(text, "%s%s", between, words[i].name);
		rest &= ~words[i].bit;
		between = "|";
	}
	if (rest != 0)
		strbuf_printf(text, "%s0x%llx", between, rest);
}

/* ---- memory ---- */

static s64 rss_counter(u64 mm, s64 kind)
{
	if (kfield_exists(&mm_rss_percpu))
		return percpu_counter_sum(field_address(mm, &mm_rss_percpu) +
					  (u64)kind * kfield_size(&mm_rss_percpu));
	return (s64)mem_u64(field_address(mm, &mm_rss_atomic) + (u64)kind * 8,
			    "mm_struct.rss_stat");
}

struct rss_question {
	u64 mm;
	s64 pages;
};

static void rss_pages(void *arg)
{
	struct kenum *kinds[] = { &info_filepages, &info_anonpages, &info_shmempages };
	struct rss_question *rss = arg;

	rss->pages = task_rss_delta(rss->mm);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kenum_exists(kinds[i]))
			/* Unsigned: damaged counters may add up to anything. */
			rss->pages = (s64)((u64)rss->pages +
					   (u64)rss_counter(rss->mm, kenum_value(kinds[i])));
	}
}

static void ask_ram(void *arg)
{
	*(u64 *)arg = kernel_memory_bytes() / 1024;
}

void task_memory(const struct task *task, struct task_memory *usage)
{
	/* A kernel thread may borrow a process's mm for a while: not its own memory. */
	if (task->mm == 0 || task_is_kthread(task))
		*usage = (struct task_memory){ .total_vm_known = true,
					       .rss_known = true,
					       .percent_known = true };
	else
		mm_memory(task->mm, usage);
}

void mm_memory(u64 mm, struct task_memory *usage)
{
	struct rss_question rss = { .mm = mm };
	struct failure failure;
	u64 ram_kb = 0, pages;

	*usage = (struct task_memory){ 0 };
	usage->total_vm_known = field_try_u64(mm, &mm_total_vm, &pages, NULL);
	if (!usage->total_vm_known)
		return;
	usage->total_vm_kb = pages * (PAGE_BYTES / 1024);
	usage->rss_known = protect_row(rss_pages, &rss, &failure);
	if (!usage->rss_known)
		return;
	if (rss.pages > 0)
		usage->rss_kb = (u64)rss.pages * (PAGE_BYTES / 1024);
	usage->percent_known = protect(ask_ram, &ram_kb, NULL) && ram_kb != 0;
	if (usage->percent_known)
		usage->percent = (double)usage->rss_kb * 100 / (double)ram_kb;
}

/* ---- times and scheduling ---- */

void task_times(const struct task *task, struct task_times *times)
{
	*times = (struct task_times){
		.start = field_u64(task->address, &task_start_time),
		.utime = field_u64(task->address, &task_utime),
		.stime = field_u64(task->address, &task_stime),
	};
	if (kfield_exists(&task_start_boottime))
		times->start_boot = field_u64(task->address, &task_start_boottime);
	if (kfield_exists(&task_sum_exec))
		times->sum_exec = field_u64(task->address, &task_sum_exec);
}

bool task_since_last_run(const struct task *task, u64 *nanoseconds)
{
	u64 clock;

	if (task->cpu >= MAX_CPUS || !kfield_exists(&rq_clock) ||
	    !field_try_u64(percpu_symbol(&info_runqueues, task->cpu), &rq_clock, &clock, NULL))
		return false;
	*nanoseconds = clock > task->last_arrival ? clock - task->last_arrival : 0;
	return true;
}

unsigned task_policy(const struct task *task)
{
	return (unsigned)field_u64(task->address, &task_policy_field);
}

static const char *const policy_names[] = {
	"NORMAL", "FIFO", "RR", "BATCH", "ISO", "IDLE", "DEADLINE", "EXT",
};

const char *task_policy_name(unsigned policy)
{
	return policy < ARRAY_SIZE(policy_names) ? policy_names[policy] : "?";
}

unsigned task_nr_policies(void)
{
	return ARRAY_SIZE(policy_names);
}

bool task_policy_parse(const char *text, u32 *policies)
{
	char *word, *rest, *words = scope_strdup(text);
	u64 number;

	*policies = 0;
	for (word = strtok_r(words, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		size_t i;

		for (i = 0; i < ARRAY_SIZE(policy_names); i++) {
			if (strcasecmp(word, policy_names[i]) == 0 ||
			    (parse_u64(word, 0, &number) && number == i))
				break;
		}
		if (i == ARRAY_SIZE(policy_names))
			return false;
		*policies |= 1u << i;
	}
	return *policies != 0;
}

bool task_kernel_sp(const struct task *task, u64 *sp)
{
	return field_try_u64(task->address, &task_thread_sp, sp, NULL);
}

/* ---- limits and user strings ---- */

size_t task_limits(const struct task *task, struct task_limit limits[TASK_LIMITS_MAX])
{
	/* include/uapi/asm-generic/resource.h: the order is user-space ABI. */
	static const char *const names[] = {
		"CPU",	   "FSIZE", "DATA",  "STACK",	   "CORE",     "RSS",  "NPROC",	 "NOFILE",
		"MEMLOCK", "AS",    "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME",
	};
	u64 one = ktype_size(&rlimit_type), address;
	size_t count;

	if (task->signal == 0 || one < 16)
		return 0;
	count = min_u64(kfield_size(&signal_rlim) / one, ARRAY_SIZE(names));
	address = field_address(task->signal, &signal_rlim);
	for (size_t i = 0; i < count; i++) {
		limits[i].name = names[i];
		limits[i].current = mem_u64(address + i * one, "rlimit.rlim_cur");
		limits[i].maximum = mem_u64(address + i * one + 8, "rlimit.rlim_max");
	}
	return count;
}

/* Linux allows a quarter of the stack limit, at most 6 MB, for both areas together. */
#define STRINGS_MAX (8u << 20)

bool task_user_strings(const struct task *task, enum task_strings which, char **text,
		       size_t *length, struct strbuf *why)
{
	struct kfield *from = which == TASK_ARGUMENTS ? &mm_arg_start : &mm_env_start;
	struct kfield *to = which == TASK_ARGUMENTS ? &mm_arg_end : &mm_env_end;
	struct space space = { .kind = SPACE_USER };
	struct fault fault;
	u64 start, end;

	*text = NULL;
	*length = 0;
	if (!field_try_u64(task->mm, from, &start, &fault) ||
	    !field_try_u64(task->mm, to, &end, &fault) ||
	    !mm_try_pgd(task->mm, &space.pgd, &fault)) {
		strbuf_puts(why, fault_text(&fault));
		return false;
	}
	if (end < start || end - start > STRINGS_MAX) {
		strbuf_puts(why, "the area's bounds make no sense");
		return false;
	}
	*text = scope_alloc(end - start + 1);
	while (start + *length < end) {
		size_t part = min_u64(PAGE_BYTES - (start + *length) % PAGE_BYTES,
				      end - start - *length);

		if (!mem_try_read_in(space, start + *length, *text + *length, part, &fault)) {
			strbuf_puts(why, fault_text(&fault));
			return *length > 0;
		}
		*length += part;
	}
	return true;
}
