/* kernel/unwind/stack.c - a task's kernel stack, unwound exactly. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Understands task_struct.thread.sp with struct inactive_task_frame, pt_regs on the stack, the
 * notes that a crashing kernel (crash_notes) or QEMU left.
 */
#include "kernel/unwind/stack.h"

#include "base/fail.h"
#include "containers/kpercpu.h"
#include "dump/elfnote.h"
#include "kernel.h"
#include "kernel/taskcontext.h"
#include "kernel/unwind/crashpath.h"
#include "kernel/unwind/orc.h"
#include "kernel/unwind/returnhook.h"
#include "memory.h"
#include "names/cfi.h"
#include "names/kfield.h"

#include <elf.h>
#include <stddef.h>

#define MAX_FRAMES 1024 /* a 16 KB stack cannot hold more words worth following */
#define MAX_TRIALS 100 /* words tried as return addresses after a walk that failed */

/* A dead task gives its stack back at once: v4.9 68f24b08ee89. What is there is another task's. */
KFIELD(task_stack_refcount, "task_struct.stack_refcount.refs.counter",
       "task_struct.stack_refcount.counter");
KFIELD(task_on_cpu, "task_struct.on_cpu");
KFIELD(task_thread_sp, "task_struct.thread.sp");
KFIELD(inactive_ret_addr, "inactive_task_frame.ret_addr");
KFIELD(inactive_bp, "inactive_task_frame.bp");
KFIELD(inactive_bx, "inactive_task_frame.bx");
KFIELD(inactive_r12, "inactive_task_frame.r12");
KFIELD(inactive_r13, "inactive_task_frame.r13");
KFIELD(inactive_r14, "inactive_task_frame.r14");
KFIELD(inactive_r15, "inactive_task_frame.r15");
KTYPE(inactive_task_frame, "struct inactive_task_frame");
KSYMBOL(crash_notes, "crash_notes");
/* Where the unwinder stands: the registers of one frame, as far as they are known. */
struct unwind {
	struct stack_trace *trace;
	size_t space;
	struct x86_regs regs; /* ip, sp, bp always; the rest when have_regs */
	bool have_regs; /* all registers are this frame's */
	bool partial;
	bool exact_ip; /* interrupted at ip: no return address */
	u64 ip_slot; /* where ip was read from */
	u64 regs_address;
	enum frame_source source;
};

static bool prefer_cfi;

void stack_prefer_cfi(bool prefer)
{
	prefer_cfi = prefer;
}

bool stack_prefers_cfi(void)
{
	return prefer_cfi;
}

static bool give_up(struct unwind *unwind, const char *problem)
{
	unwind->trace->problem = problem;
	return false;
}

static bool on_a_stack(const struct unwind *unwind, u64 address)
{
	const struct task *task = unwind->trace->task;

	if (address >= task->stack && address - task->stack < stack_size())
		return true;
	return stack_kind_at(task->cpu, address) != STACK_TASK;
}

static bool add_frame(struct unwind *unwind)
{
	struct stack_trace *trace = unwind->trace;
	struct frame *frame;

	if (trace->nr_frames == MAX_FRAMES)
		return give_up(unwind, "more frames than a stack can hold");
	if (trace->nr_frames == unwind->space)
		trace->frames = scope_grow(trace->frames, &unwind->space, sizeof(*trace->frames));
	frame = &trace->frames[trace->nr_frames++];
	*frame = (struct frame){
		.pc = unwind->regs.ip,
		.sp = unwind->exact_ip ? unwind->regs.sp : unwind->ip_slot,
		.bp = unwind->regs.bp,
		.source = unwind->source,
		.has_regs = unwind->exact_ip,
		.partial_regs = unwind->partial,
		.from_user = unwind->exact_ip && (unwind->regs.cs & 3) == 3,
		.regs = unwind->regs,
		.regs_address = unwind->regs_address,
	};
	frame->stack = stack_kind_at(trace->task->cpu, frame->sp);
	return true;
}

static bool read_word(struct unwind *unwind, u64 address, u64 *value)
{
	struct fault fault;

	if (!on_a_stack(unwind, address))
		return give_up(unwind,
			       scope_printf("stack pointer %llx is on none of the task's stacks",
					    address));
	if (!mem_try_u64(address, value, &fault))
		return give_up(unwind, scope_printf("cannot read the stack at %llx: %s", address,
						    fault_text(&fault)));
	return true;
}

/* The previous frame's stack pointer, which every other value is relative to. */
static bool previous_sp(struct unwind *unwind, const struct orc_rule *rule, u64 *sp)
{
	const struct x86_regs *regs = &unwind->regs;
	u64 base = 0;

	switch (rule->sp_reg) {
	case ORC_SP:
		base = regs->sp;
		break;
	case ORC_BP:
		base = regs->bp;
		break;
	case ORC_BP_INDIRECT:
		return read_word(unwind, regs->bp + (u64)(s64)rule->sp_offset, sp);
	case ORC_SP_INDIRECT:
		if (!read_word(unwind, regs->sp, &base))
			return false;
		break;
	case ORC_AX:
	case ORC_DX:
	case ORC_DI:
	case ORC_R10:
	case ORC_R13:
		if (!unwind->have_regs)
			return give_up(unwind,
				       "the unwind table needs a register that was not saved");
		base = rule->sp_reg == ORC_AX	 ? regs->ax
		       : rule->sp_reg == ORC_DX	 ? regs->dx
		       : rule->sp_reg == ORC_DI	 ? regs->di
		       : rule->sp_reg == ORC_R10 ? regs->r10
						 : regs->r13;
		break;
	default:
		return give_up(unwind, "the unwind table has a rule that makes no sense");
	}
	*sp = base + (u64)(s64)rule->sp_offset;
	return true;
}

static bool previous_bp(struct unwind *unwind, const struct orc_rule *rule, u64 sp, u64 *bp)
{
	switch (rule->bp_reg) {
	case ORC_PREV_SP:
		return read_word(unwind, sp + (u64)(s64)rule->bp_offset, bp);
	case ORC_BP:
		return read_word(unwind, unwind->regs.bp + (u64)(s64)rule->bp_offset, bp);
	case ORC_UNDEFINED:
		*bp = unwind->regs.bp;
		return true;
	default:
		return give_up(unwind, "the unwind table has a rule that makes no sense");
	}
}

/* The return address in the stack's word at SLOT, with what tracing put there undone. */
static bool read_return(struct unwind *unwind, u64 slot, u64 *ip)
{
	const char *why = "";
	u64 hook;

	if (!read_word(unwind, slot, ip))
		return false;
	/* Each may keep another's address: a probe was set on a function that is traced. */
	do {
		hook = *ip;
		*ip = returnhook_real(unwind->trace->task, hook, slot, &why);
	} while (*ip && *ip != hook);
	return *ip || !hook ? true : give_up(unwind, why);
}

static void enter_caller(struct unwind *unwind, u64 ip, u64 slot, u64 sp, u64 bp)
{
	unwind->ip_slot = slot;
	unwind->regs.ip = ip;
	unwind->regs.sp = sp;
	unwind->regs.bp = bp;
	unwind->have_regs = false;
	unwind->exact_ip = false;
}

static bool step_call(struct unwind *unwind, const struct orc_rule *rule, u64 sp)
{
	u64 ip, bp;

	if (!previous_bp(unwind, rule, sp, &bp) || !read_return(unwind, sp - 8, &ip))
		return false;
	enter_caller(unwind, ip, sp - 8, sp, bp);
	return true;
}

static bool cfi_row_at(const struct unwind *unwind, struct cfi_row *row)
{
	u64 address = unwind->regs.ip - !unwind->exact_ip;

	return address_is_text(address) && !symbol_module_at(address) &&
	       cfi_lookup(address - symbols_kaslr_offset(), row) && row->has_cfa &&
	       (row->cfa_register == CFI_RSP || row->cfa_register == CFI_RBP) &&
	       row->rules[CFI_RETURN].kind == CFI_AT_CFA &&
	       (row->rules[CFI_RBP].kind == CFI_AT_CFA || row->rules[CFI_RBP].kind == CFI_SAME);
}

static bool step_cfi(struct unwind *unwind, const struct cfi_row *row)
{
	u64 sp = row->cfa_register == CFI_RSP ? unwind->regs.sp : unwind->regs.bp;
	u64 bp = unwind->regs.bp, ip, slot;

	sp += (u64)row->cfa_offset;
	slot = sp + (u64)row->rules[CFI_RETURN].offset;
	if (row->rules[CFI_RBP].kind == CFI_AT_CFA &&
	    !read_word(unwind, sp + (u64)row->rules[CFI_RBP].offset, &bp))
		return false;
	if (!read_return(unwind, slot, &ip))
		return false;
	enter_caller(unwind, ip, slot, sp, bp);
	unwind->source = FRAME_CFI;
	return true;
}

static bool step_regs(struct unwind *unwind, u64 sp, bool partial)
{
	struct x86_regs saved = unwind->regs;
	u64 start = partial ? sp - offsetof(struct x86_regs, ip) : sp;
	u64 first = partial ? sp : start;
	struct fault fault;

	if (!on_a_stack(unwind, first) || !on_a_stack(unwind, start + sizeof(saved) - 8))
		return give_up(
			unwind,
			scope_printf("saved registers at %llx are on none of the task's stacks",
				     first));
	if (!mem_try_read(first, (u8 *)&saved + (first - start), sizeof(saved) - (first - start),
			  &fault))
		return give_up(unwind, scope_printf("cannot read saved registers at %llx: %s",
						    first, fault_text(&fault)));
	unwind->regs = saved;
	unwind->have_regs = !partial;
	unwind->partial = partial;
	unwind->exact_ip = true;
	unwind->regs_address = first;
	return true;
}

/*
 * No table covers ip: a call through a bad pointer (nothing was pushed but the return address), or
 * code that keeps frame pointers, as BPF programs and ftrace trampolines do.
 */
static bool rule_without_table(struct unwind *unwind, struct orc_rule *rule)
{
	u64 return_address;

	if (unwind->exact_ip && !address_is_text(unwind->regs.ip) &&
	    mem_try_u64(unwind->regs.sp, &return_address, NULL) &&
	    address_is_text(return_address)) {
		*rule = (struct orc_rule){ .type = ORC_CALL, .sp_reg = ORC_SP, .sp_offset = 8 };
		return true;
	}
	if (!on_a_stack(unwind, unwind->regs.bp))
		return give_up(unwind,
			       scope_printf("no unwind information for %llx", unwind->regs.ip));
	*rule = (struct orc_rule){
		.type = ORC_CALL,
		.sp_reg = ORC_BP,
		.sp_offset = 16,
		.bp_reg = ORC_PREV_SP,
		.bp_offset = -16,
	};
	unwind->source = FRAME_POINTER;
	return true;
}

/*
 * Does RETURN_ADDRESS follow a direct call of FUNCTION? A sealed entry starts 4 bytes
 * later: v6.2 931ab63664f0.
 */
static bool follows_call_of(u64 return_address, u64 function)
{
	enum { CALL_BYTES = 5, ENDBR_BYTES = 4 };
	u8 call[CALL_BYTES];
	u64 target;

	if (!address_is_text(return_address) ||
	    !mem_try_read(return_address - CALL_BYTES, call, sizeof(call), NULL) || call[0] != 0xe8)
		return false;
	target = return_address + (u64)(s64)(s32)load_u32(call + 1);
	return target == function || target == function + ENDBR_BYTES;
}

/*
 * The kernel's build leaves a few functions out of the table; __crash_kexec(), where the registers
 * that kdump saves were taken, is one of them. Its frame ends at the first word that returns behind
 * a call of just it.
 */
static bool rule_of_call(struct unwind *unwind, struct orc_rule *rule)
{
	enum { MAX_FRAME_BYTES = 2048 };
	u64 offset, word, at, sp = unwind->regs.sp;

	if (!symbol_at(unwind->regs.ip - !unwind->exact_ip, &offset))
		return false;
	offset += !unwind->exact_ip;
	for (at = sp; at < sp + MAX_FRAME_BYTES && on_a_stack(unwind, at); at += sizeof(word)) {
		if (!mem_try_u64(at, &word, NULL))
			return false;
		if (!follows_call_of(word, unwind->regs.ip - offset))
			continue;
		*rule = (struct orc_rule){
			.type = ORC_CALL,
			.sp_reg = ORC_SP,
			.sp_offset = (s16)(at + sizeof(word) - sp),
			.bp_reg = ORC_UNDEFINED,
		};
		return true;
	}
	return false;
}

/* By the kernel's own table, and by what else is known where that says nothing. */
static bool step_by_table(struct unwind *unwind)
{
	struct cfi_row row;
	struct orc_rule rule;
	u64 sp;

	unwind->source = FRAME_ORC;
	/* A return address may be the first byte after its function: look up the call itself. */
	if (!orc_lookup(unwind->regs.ip - !unwind->exact_ip, &rule)) {
		if (cfi_row_at(unwind, &row))
			return step_cfi(unwind, &row);
		if (!rule_without_table(unwind, &rule))
			return false;
	}
	if (rule.type == ORC_END) {
		unwind->trace->complete = true;
		return false;
	}
	if (rule.type == ORC_NOTHING) {
		if (cfi_row_at(unwind, &row))
			return step_cfi(unwind, &row);
		if (!rule_of_call(unwind, &rule))
			return give_up(unwind,
				       scope_printf("the unwind table says nothing about %llx",
						    unwind->regs.ip));
	}
	/*
	 * The compiler does not know where inline assembler goes to another stack: then sp is
	 * found by memory.
	 */
	if (prefer_cfi && rule.type == ORC_CALL &&
	    (rule.sp_reg == ORC_SP || rule.sp_reg == ORC_BP) && cfi_row_at(unwind, &row))
		return step_cfi(unwind, &row);
	if (!previous_sp(unwind, &rule, &sp))
		return false;
	return rule.type == ORC_CALL ? step_call(unwind, &rule, sp)
				     : step_regs(unwind, sp, rule.type == ORC_REGS_PARTIAL);
}

/* One frame outwards. False at the end, with trace->complete or trace->problem saying which end. */
static bool step(struct unwind *unwind)
{
	u64 old_sp = unwind->regs.sp;
	enum stack_kind old_kind = stack_kind_at(unwind->trace->task->cpu, old_sp);

	if (!step_by_table(unwind))
		return false;
	if ((unwind->regs.cs & 3) == 3 && unwind->exact_ip)
		return true;
	/* Stacks grow down: on one stack, each caller's frame is above. Anything else is damage. */
	if (unwind->regs.sp <= old_sp &&
	    stack_kind_at(unwind->trace->task->cpu, unwind->regs.sp) == old_kind)
		return give_up(unwind, scope_printf("the stack pointer goes back from %llx to %llx",
						    old_sp, unwind->regs.sp));
	return true;
}

static void run(struct unwind *unwind)
{
	while (add_frame(unwind)) {
		unwind->partial = false;
		if (unwind->exact_ip && (unwind->regs.cs & 3) == 3) {
			unwind->trace->complete = true;
			return;
		}
		if (interrupt_pending()) {
			give_up(unwind, "interrupted");
			return;
		}
		if (!step(unwind))
			return;
	}
}

/* The end of the stack that ADDRESS lies on; 0: on none. */
static u64 stack_end_at(const struct unwind *unwind, u64 address)
{
	const struct task *task = unwind->trace->task;
	struct address_range range;

	if (stack_special(task->cpu, stack_kind_at(task->cpu, address), &range))
		return range.end;
	return on_a_stack(unwind, address) ? task->stack + stack_size() : 0;
}

/* Does ADDRESS follow a call instruction: e8 rel32, or ff /2 in one of its lengths? */
static bool follows_a_call(u64 address)
{
	enum { LONGEST = 7, CALL_GROUP = 0x10, GROUP_BITS = 0x38 };
	u8 code[LONGEST];

	if (!address_is_text(address - 1) ||
	    !mem_try_read(address - LONGEST, code, sizeof(code), NULL))
		return false;
	if (code[LONGEST - 5] == 0xe8)
		return true;
	for (unsigned length = 2; length <= LONGEST; length++) {
		if (code[LONGEST - length] == 0xff &&
		    (code[LONGEST - length + 1] & GROUP_BITS) == CALL_GROUP)
			return true;
	}
	return false;
}

/* Walks from the return address IP at SLOT. True: the walk ends as a trace must. */
static bool trial(const struct unwind *unwind, u64 ip, u64 slot, struct stack_trace *trace)
{
	struct unwind attempt = { .trace = trace, .ip_slot = slot, .source = FRAME_GUESS };

	*trace = (struct stack_trace){ .task = unwind->trace->task };
	attempt.regs.ip = ip;
	attempt.regs.sp = slot + sizeof(ip);
	run(&attempt);
	return trace->complete;
}

/*
 * The walk failed. The first word further up that follows a call and from which a walk reaches the
 * stack's end may be where it should have gone on: everything from there is marked as a guess.
 */
static void guess_the_rest(struct unwind *unwind)
{
	struct stack_trace *trace = unwind->trace, rest;
	u64 at = align_up(unwind->regs.sp, 8), end = stack_end_at(unwind, at), word;
	unsigned nr_trials = 0;

	for (; end && at < end && !interrupt_pending(); at += sizeof(word)) {
		if (nr_trials == MAX_TRIALS || !mem_try_u64(at, &word, NULL))
			return;
		if (!follows_a_call(word))
			continue;
		nr_trials++;
		if (!trial(unwind, word, at, &rest))
			continue;
		for (size_t i = 0; i < rest.nr_frames; i++) {
			unwind->regs = rest.frames[i].regs;
			if (trace->nr_frames == MAX_FRAMES || !add_frame(unwind))
				return;
			trace->frames[trace->nr_frames - 1] = rest.frames[i];
			trace->frames[trace->nr_frames - 1].source = FRAME_GUESS;
		}
		return;
	}
}

static void start_sleeping(struct unwind *unwind)
{
	u64 frame = field_u64(unwind->trace->task->address, &task_thread_sp);
	u64 bytes = ktype_size(&inactive_task_frame);
	struct x86_regs *regs = &unwind->regs;

	regs->ip = field_u64(frame, &inactive_ret_addr);
	regs->bp = field_u64(frame, &inactive_bp);
	regs->bx = field_u64(frame, &inactive_bx);
	regs->r12 = field_u64(frame, &inactive_r12);
	regs->r13 = field_u64(frame, &inactive_r13);
	regs->r14 = field_u64(frame, &inactive_r14);
	regs->r15 = field_u64(frame, &inactive_r15);
	regs->sp = frame + bytes;
	unwind->ip_slot = frame + kfield_offset(&inactive_ret_addr);
	unwind->source = FRAME_REGISTERS;
	unwind->trace->start = START_SLEEPING;
}

/* What the crashing kernel itself saved for CPU: an ELF note of type NT_PRSTATUS. */
static bool crash_notes_regs(unsigned cpu, struct unwind *unwind)
{
	enum {
		NOTE_HEADER_BYTES = 12,
		NAME_BYTES = 8,
		PRSTATUS_REGS = 112,
		REGS_AT = NOTE_HEADER_BYTES + NAME_BYTES + PRSTATUS_REGS,
		SEGMENTS_AT = REGS_AT + sizeof(struct x86_regs),
		LEAST_PRSTATUS_BYTES = PRSTATUS_REGS + sizeof(struct x86_regs) +
				       sizeof(struct x86_segments),
	};
	u8 note[SEGMENTS_AT + sizeof(struct x86_segments)];
	struct stack_trace *trace = unwind->trace;
	u64 base, address;

	if (!ksymbol_exists(&crash_notes) ||
	    !mem_try_u64(ksymbol_address(&crash_notes), &base, NULL) || !base)
		return false;
	address = percpu_address(base, cpu);
	if (!mem_try_read(address, note, sizeof(note), NULL))
		return false;
	if (load_u32(note) != 5 || load_u32(note + 8) != NT_PRSTATUS ||
	    load_u32(note + 4) < LEAST_PRSTATUS_BYTES ||
	    memcmp(note + NOTE_HEADER_BYTES, "CORE", 5) != 0)
		return false;
	memcpy(&unwind->regs, note + REGS_AT, sizeof(unwind->regs));
	memcpy(&trace->segments, note + SEGMENTS_AT, sizeof(trace->segments));
	trace->has_orig_ax = trace->has_segments = true;
	return true;
}

static bool dump_notes_regs(const struct task *task, struct unwind *unwind)
{
	struct stack_trace *trace = unwind->trace;
	const struct dump *dump = memory_dump();
	bool by_task = dump->only_crashed_task && dump->nr_cpu_notes == 1;
	size_t i;

	for (i = 0; i < dump->nr_cpu_notes; i++) {
		const struct cpu_note *note = &dump->cpu_notes[i];

		if (by_task ? !task_is_panic_task(task) : note->cpu != task->cpu)
			continue;
		unwind->regs = note->regs;
		trace->segments = note->segments;
		trace->has_segments = note->has_segments;
		trace->has_orig_ax = !note->has_control;
		return true;
	}
	return false;
}

static bool start_active(struct unwind *unwind)
{
	unsigned cpu = unwind->trace->task->cpu;

	if (crash_notes_regs(cpu, unwind)) {
		unwind->trace->start = START_CRASH_NOTES;
	} else if (dump_notes_regs(unwind->trace->task, unwind)) {
		unwind->trace->start = START_DUMP_NOTES;
	} else {
		unwind->trace->start = START_UNKNOWN;
		return give_up(unwind, scope_printf("the registers of CPU %u were not saved", cpu));
	}
	unwind->have_regs = true;
	unwind->exact_ip = true;
	unwind->source = FRAME_REGISTERS;
	return true;
}

/* On a live system the task table says what was; the task itself says what is. */
static bool runs_now(const struct task *task)
{
	u64 on_cpu;

	if (!memory_is_live())
		return false;
	if (kfield_exists(&task_on_cpu) &&
	    field_try_u64(task->address, &task_on_cpu, &on_cpu, NULL))
		return on_cpu != 0;
	return task_is_active(task);
}

static void unwind_body(void *arg)
{
	struct unwind *unwind = arg;
	const struct task *task = unwind->trace->task;

	if (!task->stack || (kfield_exists(&task_stack_refcount) &&
			     field_u64(task->address, &task_stack_refcount) == 0)) {
		unwind->trace->start = START_NO_STACK;
		return;
	}
	stack_size();
	if (runs_now(task)) {
		unwind->trace->start = START_RUNNING;
		return;
	}
	if (task_is_active(task) && !memory_is_live()) {
		if (!start_active(unwind))
			return;
	} else {
		start_sleeping(unwind);
	}
}

/* IP 0: the pc that the registers have. */
static void unwind_from_registers(const struct task *task, u64 ip, struct stack_trace *trace)
{
	struct unwind unwind = { .trace = trace };
	struct failure failure;

	*trace = (struct stack_trace){ .task = task };
	/* Only the starting point may fail(): what the walk allocates must outlive it. */
	if (!protect(unwind_body, &unwind, &failure)) {
		trace->problem = scope_strdup(failure.text);
		return;
	}
	if (trace->start == START_NO_STACK || trace->start == START_RUNNING) {
		trace->complete = true;
		return;
	}
	if (trace->start == START_UNKNOWN) {
		trace->problem = scope_printf(
			"the registers of CPU %u were not saved%s", task->cpu,
			kernel_was_kexeced() ? ": it did not answer the crashing kernel's NMI"
					     : "");
		return;
	}
	if (ip)
		unwind.regs.ip = ip;
	trace->regs = unwind.regs;
	run(&unwind);
	trace->nr_sure = trace->nr_frames;
	if (!trace->complete && trace->nr_frames && !interrupt_pending())
		guess_the_rest(&unwind);
}

void stack_unwind_saved(const struct task *task, struct stack_trace *trace)
{
	unwind_from_registers(task, 0, trace);
}

void stack_unwind(const struct task *task, struct stack_trace *trace)
{
	stack_unwind_saved(task, trace);
	if (trace->start != START_SLEEPING && trace->nr_frames && kernel_was_kexeced())
		crashpath_prepend(trace, stack_unwind_from);
}

void stack_unwind_from(const struct task *task, u64 ip, u64 slot, struct stack_trace *trace)
{
	struct unwind unwind = { .trace = trace, .source = FRAME_REGISTERS };

	if (!slot) {
		unwind_from_registers(task, ip, trace);
		return;
	}
	*trace = (struct stack_trace){ .task = task };
	if (!on_a_stack(&unwind, slot)) {
		trace->problem = scope_printf("%llx is on none of the task's stacks", slot);
		return;
	}
	for (u64 end = stack_end_at(&unwind, slot); !ip && slot < end; slot += sizeof(ip)) {
		u64 word;

		if (mem_try_u64(slot, &word, NULL) && follows_a_call(word)) {
			ip = word;
			break;
		}
	}
	unwind.regs.ip = ip;
	unwind.regs.sp = slot + sizeof(ip);
	unwind.ip_slot = slot;
	if (ip)
		run(&unwind);
	else
		trace->problem = "no return address from there up";
	trace->nr_sure = trace->nr_frames;
}

size_t stack_next_segment(const struct stack_trace *trace, size_t from)
{
	size_t next = from + 1;

	while (next < trace->nr_frames && (trace->frames[next].from_user ||
					   trace->frames[next].stack == trace->frames[from].stack))
		next++;
	return next;
}

/*
 * Did the walk REAL find a return address at SLOT? Where that leads may be gone, as the code
 * of start-up is.
 */
static bool is_a_frame(const struct stack_trace *real, u64 slot)
{
	for (size_t i = 0; i < real->nr_frames; i++) {
		if (real->frames[i].sp == slot && !real->frames[i].has_regs)
			return true;
	}
	return false;
}

/* Every word of [start, end) that follows a call. */
static bool scan_words(struct unwind *unwind, const struct stack_trace *real, u64 start, u64 end)
{
	u64 word;

	for (u64 at = align_up(start, 8); at < end && !interrupt_pending(); at += sizeof(word)) {
		if (!mem_try_u64(at, &word, NULL) ||
		    (!follows_a_call(word) && !is_a_frame(real, at)))
			continue;
		unwind->exact_ip = false;
		unwind->regs.ip = word;
		unwind->ip_slot = at;
		if (!add_frame(unwind))
			return false;
	}
	return true;
}

/* FRAME as the real walk found it. */
static void add_real_frame(struct unwind *unwind, const struct frame *frame)
{
	unwind->regs = frame->regs;
	if (add_frame(unwind))
		unwind->trace->frames[unwind->trace->nr_frames - 1] = *frame;
}

/*
 * The words of each stack that the walk REAL went through; what was interrupted on the way is sure.
 */
static void scan_stacks(struct unwind *unwind, const struct stack_trace *real)
{
	size_t next;

	for (size_t i = 0; i < real->nr_frames; i = next) {
		const struct frame *frame = &real->frames[i],
				   *last = real->frames + real->nr_frames - 1;
		struct address_range range;

		next = stack_next_segment(real, i);
		if (!stack_special(real->task->cpu, frame->stack, &range))
			range.end = real->task->stack + stack_size();
		if (i && !frame->has_regs && frame < last && frame[1].has_regs &&
		    !frame[1].from_user)
			add_real_frame(unwind, frame++);
		if (frame->has_regs)
			add_real_frame(unwind, frame);
		if (!frame->from_user && !scan_words(unwind, real, frame->sp, range.end))
			return;
		if (last->from_user && frame != last && next == real->nr_frames)
			add_real_frame(unwind, last);
	}
}

void stack_scan(const struct task *task, struct stack_trace *trace)
{
	struct stack_trace real;
	struct unwind unwind = { .trace = trace, .source = FRAME_GUESS };

	stack_unwind(task, &real);
	*trace = real;
	trace->frames = NULL;
	trace->nr_frames = 0;
	if (!real.nr_frames)
		return;
	scan_stacks(&unwind, &real);
	trace->complete = true;
	trace->problem = NULL;
	trace->nr_sure = trace->nr_frames;
}

/* linux/magic.h: at the last word that a stack may grow down to. */
#define STACK_END_MAGIC 0x57ac6e9dULL

const char *stack_damage(const struct task *task)
{
	struct fault fault;
	u64 word, sp;

	if (!task->stack ||
	    (kfield_exists(&task_stack_refcount) &&
	     field_try_u64(task->address, &task_stack_refcount, &word, NULL) && !word))
		return NULL;
	if (!mem_try_u64(task->stack, &word, &fault))
		return scope_printf("cannot read the end of its stack at %llx: %s", task->stack,
				    fault_text(&fault));
	if (word != STACK_END_MAGIC)
		return scope_printf(
			"overflow: the end of its stack at %llx has %llx instead of %llx",
			task->stack, word, STACK_END_MAGIC);
	if (!task_is_active(task) && field_try_u64(task->address, &task_thread_sp, &sp, NULL) &&
	    (sp < task->stack || sp - task->stack >= stack_size()))
		return scope_printf("its saved stack pointer %llx is not on its stack %llx - %llx",
				    sp, task->stack, (task->stack + stack_size()));
	return NULL;
}
