/* kernel/unwind/returnhook.c - return addresses that tracing replaced by its own. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Three keepers of real return addresses, each with the stack slot that it came from:
 *	function graph	task_struct.ret_stack, up to curr_ret_stack: an array of ftrace_ret_stack,
 *			and since v6.11 (42675b723b48) a stack of words with such structures in it
 *	return probes	task_struct.rethooks, a list of rethook_node (v5.18 54ecbe6f1ed5; x86 since
 *			v5.19), or task_struct.kretprobe_instances (v5.11 d741bf41d7c7), or before
 *			that a hash table of all tasks' kretprobe_instances
 */
#include "kernel/unwind/returnhook.h"

#include "base/fail.h"
#include "containers/klist.h"
#include "memory.h"
#include "names/kfield.h"

KFIELD(graph_stack, "task_struct.ret_stack");
KFIELD(graph_depth, "task_struct.curr_ret_stack");
KFIELD(graph_ret, "ftrace_ret_stack.ret");
KFIELD(graph_retp, "ftrace_ret_stack.retp");
KTYPE(graph_entry, "struct ftrace_ret_stack");
KSYMBOL(graph_hook, "return_to_handler");
KFIELD(probe_list, "task_struct.rethooks", "task_struct.kretprobe_instances");
KFIELD(probe_link, "rethook_node.llist", "kretprobe_instance.llist", "kretprobe_instance.hlist");
KFIELD(probe_ret, "rethook_node.ret_addr", "kretprobe_instance.ret_addr");
KFIELD(probe_slot, "rethook_node.frame", "kretprobe_instance.fp");
KFIELD(probe_task, "kretprobe_instance.task"); /* before v5.11: all tasks' are in one table */
KSYMBOL(probe_table, "kretprobe_inst_table");
KSYMBOL(probe_hook, "arch_rethook_trampoline", /* v5.19 f3a112c0c40d */
	"__kretprobe_trampoline", /* v5.16 adf8a61a940c */
	"kretprobe_trampoline");

enum {
	MAX_GRAPH_BYTES = 4096, /* one page since v6.11, 50 structures of 32 bytes before */
	PROBE_TABLE_SLOTS = 64,
};

static bool is(struct ksymbol *hook, u64 address)
{
	return ksymbol_exists(hook) && address == ksymbol_address(hook);
}

/* True since v6.11: structures lie among words. */
static bool graph_stack_is_words(void)
{
	struct type type = kfield_member(&graph_stack)->type;

	return type.btf && type_kind(type_target(type)) == TYPE_INT;
}

/*
 * The return address that function graph tracing keeps for SLOT; 0: none. Newest entries come last.
 */
static u64 graph_return(const struct task *task, u64 slot)
{
	u8 copy[MAX_GRAPH_BYTES];
	u64 stack, depth_bits, bytes, entry_bytes, step, found = 0;
	s32 depth;

	if (!kfield_exists(&graph_stack) || !kfield_exists(&graph_retp) ||
	    !field_try_u64(task->address, &graph_stack, &stack, NULL) || !stack ||
	    !field_try_u64(task->address, &graph_depth, &depth_bits, NULL))
		return 0;
	depth = (s32)depth_bits;
	step = entry_bytes = ktype_size(&graph_entry);
	if (!entry_bytes || entry_bytes > sizeof(copy) || depth < 0)
		return 0;
	if (graph_stack_is_words())
		step = 8;
	/* The depth counts words from 1 on, or structures from 0 on. */
	bytes = min_u64(((u64)depth + (step != 8)) * step, sizeof(copy));
	if (!mem_try_read(stack, copy, bytes, NULL))
		return 0;
	for (u64 at = 0; at + entry_bytes <= bytes; at += step) {
		u64 real = kfield_in(&graph_ret, copy + at, entry_bytes);

		/* Several entries have one slot where a traced function jumped into another. */
		if (kfield_in(&graph_retp, copy + at, entry_bytes) == slot &&
		    !is(&graph_hook, real))
			found = real;
	}
	return found;
}

static u64 probe_in_list(const struct task *task, u64 head, u64 slot)
{
	struct klist_iter it;
	u64 entry, value, owner;

	khlist_begin(&it, head, kfield_offset(&probe_link));
	while (klist_next(&it, &entry)) {
		if (kfield_exists(&probe_task) &&
		    (!field_try_u64(entry, &probe_task, &owner, NULL) || owner != task->address))
			continue;
		if (!field_try_u64(entry, &probe_slot, &value, NULL) || value != slot)
			continue;
		if (field_try_u64(entry, &probe_ret, &value, NULL) && !is(&probe_hook, value))
			return value;
	}
	return 0;
}

static u64 probe_return(const struct task *task, u64 slot)
{
	u64 found = 0;

	if (!kfield_exists(&probe_link) || !kfield_exists(&probe_slot))
		return 0;
	if (kfield_exists(&probe_list))
		return probe_in_list(task, field_address(task->address, &probe_list), slot);
	if (!ksymbol_exists(&probe_table))
		return 0;
	for (unsigned i = 0; i < PROBE_TABLE_SLOTS && !found; i++)
		found = probe_in_list(task, ksymbol_address(&probe_table) + 8 * i, slot);
	return found;
}

u64 returnhook_real(const struct task *task, u64 address, u64 slot, const char **why)
{
	if (is(&graph_hook, address)) {
		*why = "function graph tracing replaced a return address, "
		       "and its own record of it is not there";
		return graph_return(task, slot);
	}
	if (is(&probe_hook, address)) {
		*why = "a return probe replaced a return address, "
		       "and its own record of it is not there";
		return probe_return(task, slot);
	}
	return address;
}
