/* shell/bridge_ops.c - what gdb asks of the rest of crash: memory, symbols, types, registers. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Everything here runs below gdb's C++ frames, where a longjmp would skip destructors: only try_
 * functions, and protect() around what has no such form.
 */
#include "shell/bridge_ops.h"

#include "base/fail.h"
#include "base/json.h"
#include "base/out.h"
#include "base/progress.h"
#include "bridge/gdb_bridge.h"
#include "containers/kpercpu.h"
#include "dump/unpack.h"
#include "kernel/modulebtf.h"
#include "kernel/taskcontext.h"
#include "kernel/taskinfo.h"
#include "kernel/unwind/stack.h"
#include "memory.h"
#include "names/debuginfod.h"
#include "names/runningkernel.h"
#include "names/types.h"
#include "shell/gdb_settings.h"
#include "shell/session.h"
#include "symbols.h"
#include "task.h"

#include <stdio.h>
#include <unistd.h>

#define NEAR_SYMBOLS 32 /* as many may begin inside an object */

static struct bridge_shell shell;
static enum address_space space; /* of gdb's addresses */
static bool user_below; /* those below the kernel's are the current task's */

static void leave_space(UNUSED void *arg)
{
	space = SPACE_KERNEL;
	gdb_bridge_changed();
}

void bridge_ops_use_space(enum address_space used)
{
	space = used;
	gdb_bridge_changed();
	scope_cleanup(leave_space, NULL);
}

static void leave_both(UNUSED void *arg)
{
	user_below = false;
}

/* No address means another thing than before: gdb keeps the frame that was selected. */
void bridge_ops_use_both(void)
{
	user_below = true;
	scope_cleanup(leave_both, NULL);
}

static bool from_below;

static void leave_below(UNUSED void *arg)
{
	from_below = false;
	gdb_bridge_changed();
}

void bridge_ops_start_below(void)
{
	if (from_below)
		return;
	from_below = true;
	gdb_bridge_changed();
	scope_cleanup(leave_below, NULL);
}

static void unwind_for_gdb(const struct task *task, struct stack_trace *trace)
{
	if (from_below)
		stack_unwind(task, trace);
	else
		stack_unwind_saved(task, trace);
}

struct gdb_frame_place bridge_frame_place(const struct stack_trace *trace,
					  const struct frame *frame)
{
	return (struct gdb_frame_place){
		.id = trace->task->address,
		.pid = trace->task->pid,
		/*
		 * gdb takes the first frame's pc as it is: behind a call that never returns
		 * another function begins.
		 */
		.pc = frame->pc - (frame->source == FRAME_FOUND),
		/*
		 * After a call, our frames hold the address of the return address; gdb's stack
		 * pointer is behind it.
		 */
		.sp = frame->has_regs ? frame->sp : frame->sp + sizeof(u64),
	};
}

struct user_read {
	u64 address;
	void *buf;
	size_t length;
};

static void read_user(void *arg)
{
	const struct user_read *read = arg;
	struct fault fault;
	struct space user;

	if (!current_try_space(SPACE_USER, &user, &fault) ||
	    !mem_try_read_in(user, read->address, read->buf, read->length, &fault))
		fail("%s", fault_text(&fault));
}

/* WHY may be NULL. */
static bool read_memory(u64 address, void *buf, size_t length, struct failure *why)
{
	struct user_read read = { address, buf, length };
	struct fault fault;

	if (space == SPACE_USER || (user_below && (s64)address >= 0))
		return protect(read_user, &read, why);
	if (mem_try_read_in((struct space){ .kind = space }, address, buf, length, &fault))
		return true;
	if (why)
		snprintf(why->text, sizeof(why->text), "%s", fault_text(&fault));
	return false;
}

static bool ops_read(UNUSED void *arg, u64 address, void *buf, size_t length)
{
	return read_memory(address, buf, length, NULL);
}

static bool ops_why_unreadable(UNUSED void *arg, u64 address, char *text, size_t space)
{
	struct failure why;
	u8 byte;

	if (read_memory(address, &byte, 1, &why))
		return false;
	snprintf(text, space, "%s", why.text);
	return true;
}

static bool fill_symbol(const struct symbol *symbol, struct gdb_symbol *answer)
{
	if (!symbol)
		return false;
	*answer = (struct gdb_symbol){
		.address = symbol->value,
		.size = symbol->size,
		.name = symbol->name,
		/*
		 * v7's .data is marked executable, which makes its symbols T: gdb would take
		 * them for functions.
		 */
		.type = strchr("Tt", symbol->type) && !address_is_text(symbol->value)
				? 'D'
				: symbol->type,
	};
	return true;
}

struct lookup {
	const char *name;
	u64 address;
	const struct symbol *symbol;
};

static void lookup_name(void *arg)
{
	struct lookup *lookup = arg;

	lookup->symbol = symbol_by_name(lookup->name);
}

static bool covers(const struct symbol *symbol, u64 address)
{
	return !symbol->hidden && address - symbol->value < symbol->size;
}

/*
 * Code has the name of the last symbol before it, as the kernel's own traces do. Data has that of
 * the object that it is in, SYMBOL or one that begins near it: a string of the compiler's, far
 * behind the last name, is in none. NULL: in none that is known. A symbol without a size is no
 * object, but what stands at its place may be one.
 */
static const struct symbol *object_at(const struct symbol *symbol, u64 address)
{
	const struct symbol *at = symbol;

	while ((at = symbol_after(at)) && at->value == symbol->value) {
		if (!symbol->size && covers(at, address))
			return at;
	}
	at = symbol;
	for (unsigned i = 0; at && at->module == symbol->module && i < NEAR_SYMBOLS; i++) {
		if (covers(at, address))
			return at;
		at = symbol_before(at);
	}
	return !symbol->size && address == symbol->value ? symbol : NULL;
}

static void lookup_address(void *arg)
{
	struct lookup *lookup = arg;

	lookup->symbol = symbol_at(lookup->address, NULL);
	if (lookup->symbol && !address_is_text(lookup->address))
		lookup->symbol = object_at(lookup->symbol, lookup->address);
}

static bool ops_symbol_by_name(UNUSED void *arg, const char *name, struct gdb_symbol *answer)
{
	struct lookup lookup = { .name = name };

	return protect(lookup_name, &lookup, NULL) && fill_symbol(lookup.symbol, answer);
}

static bool ops_symbol_at(UNUSED void *arg, u64 address, struct gdb_symbol *answer)
{
	struct lookup lookup = { .address = address };

	return protect(lookup_address, &lookup, NULL) && fill_symbol(lookup.symbol, answer);
}

static void lookup_percpu(void *arg)
{
	struct lookup *lookup = arg;

	lookup->symbol = percpu_variable_at(lookup->address);
}

static bool ops_percpu_variable(UNUSED void *arg, u64 value, struct gdb_symbol *answer)
{
	struct lookup lookup = { .address = value };

	return protect(lookup_percpu, &lookup, NULL) && fill_symbol(lookup.symbol, answer);
}

static u64 lookup_scope;

u64 bridge_ops_scope(void)
{
	return lookup_scope;
}

void bridge_ops_set_scope(u64 address)
{
	lookup_scope = address;
	gdb_bridge_changed();
}

/* Id 0: the current one. */
static const struct task *task_of_thread(u64 id)
{
	return id ? task_by_address(id) : task_current();
}

struct register_question {
	u64 id;
	struct gdb_registers *registers;
};

/* A sleeping task kept what a call preserves; the registers of an active one were saved whole. */
static void first_registers(void *arg)
{
	const struct register_question *question = arg;
	struct gdb_registers *answer = question->registers;
	struct stack_trace trace;
	const struct task *task = task_of_thread(question->id);

	/* `set scope`: static names are looked up as the function there sees them. */
	if (lookup_scope && task == task_current()) {
		answer->regs.ip = lookup_scope;
		answer->known = GDB_REGISTER_BIT(ip);
		return;
	}
	if (!task)
		return;
	unwind_for_gdb(task, &trace);
	if (!trace.nr_frames)
		return;
	answer->regs = trace.regs;
	answer->known = GDB_REGISTERS_ALL;
	if (trace.found_below) {
		answer->regs.ip = bridge_frame_place(&trace, &trace.frames[0]).pc;
		answer->known = GDB_REGISTER_BIT(ip) | GDB_REGISTER_BIT(sp);
	} else if (trace.start == START_SLEEPING) {
		answer->known = GDB_REGISTER_BIT(ip) | GDB_REGISTER_BIT(sp) | GDB_REGISTER_BIT(bp) |
				GDB_REGISTER_BIT(bx) | GDB_REGISTER_BIT(r12) |
				GDB_REGISTER_BIT(r13) | GDB_REGISTER_BIT(r14) |
				GDB_REGISTER_BIT(r15);
	} else {
		answer->segments = trace.segments;
		if (trace.has_segments)
			answer->known |= GDB_SEGMENTS_ALL;
		if (!trace.has_orig_ax)
			answer->known &= ~GDB_REGISTER_BIT(orig_ax);
	}
}

static bool ops_registers(UNUSED void *arg, u64 id, struct gdb_registers *answer)
{
	struct register_question question = { id, answer };

	memset(answer, 0, sizeof(*answer));
	/*
	 * gdb is attaching the DWARF that is to be the source of types: a task list looked for now
	 * would be remembered as unreadable.
	 */
	if (!types_available())
		return false;
	return protect(first_registers, &question, NULL) && answer->known;
}

struct caller_question {
	u64 id, pc, sp;
	enum gdb_caller answer;
	struct gdb_registers *registers;
};

/*
 * Tracing put an address of its own where CALLER's return address was: a frame's DWARF leads
 * into the tracer.
 */
static bool is_hooked(const struct frame *caller)
{
	u64 word;

	return !mem_try_u64(caller->sp, &word, NULL) || word != caller->pc;
}

static void find_caller(void *arg)
{
	struct caller_question *question = arg;
	struct gdb_registers *registers = question->registers;
	const struct task *task = task_of_thread(question->id);
	const struct frame *caller;
	struct stack_trace trace;
	size_t i = 0;

	if (!task || (lookup_scope && task == task_current()))
		return;
	unwind_for_gdb(task, &trace);
	for (; i < trace.nr_frames; i++) {
		struct gdb_frame_place place = bridge_frame_place(&trace, &trace.frames[i]);

		if (place.pc == question->pc && place.sp == question->sp)
			break;
	}
	if (i == trace.nr_frames)
		return;
	caller = i + 1 < trace.nr_frames ? &trace.frames[i + 1] : NULL;
	if (!caller || caller->from_user) {
		question->answer = trace.complete ? GDB_CALLER_NONE : GDB_CALLER_UNKNOWN;
		return;
	}
	if (caller->has_regs) {
		question->answer = GDB_CALLER_INTERRUPTED;
		registers->regs = caller->regs;
		registers->known = GDB_REGISTERS_ALL;
		return;
	}
	question->answer = caller->stack == trace.frames[i].stack && !is_hooked(caller)
				   ? GDB_CALLER_RETURN
				   : GDB_CALLER_ELSEWHERE;
	registers->regs = (struct x86_regs){ .ip = caller->pc,
					     .sp = bridge_frame_place(&trace, caller).sp,
					     .bp = caller->bp };
	registers->known = GDB_REGISTER_BIT(ip) | GDB_REGISTER_BIT(sp) | GDB_REGISTER_BIT(bp);
}

static enum gdb_caller ops_caller(UNUSED void *arg, u64 id, u64 pc, u64 sp,
				  struct gdb_registers *registers)
{
	struct caller_question question = { .id = id, .pc = pc, .sp = sp, .registers = registers };

	if (!types_available() || !protect(find_caller, &question, NULL))
		return GDB_CALLER_UNKNOWN;
	return question.answer;
}

struct thread_question {
	u64 id; /* 0: by INDEX */
	size_t index;
	const struct task *task;
	struct gdb_thread *thread;
};

static void find_thread(void *arg)
{
	struct thread_question *question = arg;
	struct gdb_thread *thread = question->thread;
	const struct task *task;
	char comm[TASK_COMM_SPACE];

	if (!question->id && question->index >= task_count())
		return;
	task = question->id ? task_by_address(question->id) : task_at(question->index);
	if (!task)
		return;
	*thread = (struct gdb_thread){ .id = task->address, .pid = task->pid };
	snprintf(thread->name, sizeof(thread->name), "%s", task_comm(task, comm));
	snprintf(thread->about, sizeof(thread->about), "CPU %u, %s%s", task->cpu,
		 task_state_text(task), task_is_active(task) ? ", on it" : "");
	question->task = task;
}

static bool ops_thread(UNUSED void *arg, size_t index, struct gdb_thread *thread)
{
	struct thread_question question = { .index = index, .thread = thread };

	return types_available() && protect(find_thread, &question, NULL) && question.task;
}

static bool ops_thread_by_id(UNUSED void *arg, u64 id, struct gdb_thread *thread)
{
	struct thread_question question = { .id = id, .thread = thread };

	return types_available() && protect(find_thread, &question, NULL) && question.task;
}

static void find_current(void *arg)
{
	const struct task *task = task_current();

	if (task)
		*(u64 *)arg = task->address;
}

static u64 ops_current_thread(UNUSED void *arg)
{
	u64 id = 0;

	return types_available() && protect(find_current, &id, NULL) ? id : 0;
}

static void select_task(void *arg)
{
	const struct task *task = task_by_address(*(u64 *)arg);

	if (task)
		task_set_current(task);
}

static void ops_select_thread(UNUSED void *arg, u64 id)
{
	protect(select_task, &id, NULL);
}

struct percpu_question {
	u64 variable, address;
	int cpu;
};

static void find_percpu(void *arg)
{
	struct percpu_question *question = arg;
	const struct task *task = task_current();

	if (question->cpu < 0)
		question->cpu = task ? (int)task->cpu : 0;
	question->address = percpu_address(question->variable, (unsigned)question->cpu);
}

static bool ops_percpu(UNUSED void *arg, u64 variable, int cpu, u64 *address)
{
	struct percpu_question question = { .variable = variable, .cpu = cpu };

	if (!protect(find_percpu, &question, NULL))
		return false;
	*address = question.address;
	return true;
}

static bool ops_btf(UNUSED void *arg, size_t index, struct gdb_btf *answer)
{
	const struct btf *btf = types_btf();
	const char *name = "vmlinux";
	const u8 *data;
	u64 size;

	if (index > 0 && !module_btf_at(index - 1, &name, &btf))
		return false;
	if (!btf)
		return false;
	data = btf_data(btf, &size);
	*answer = (struct gdb_btf){ .name = name, .data = data, .size = size };
	return true;
}

static bool ops_debug_file(UNUSED void *arg, struct gdb_debug_file *file, char *why, size_t space)
{
	static char path[32];
	struct strbuf *problem = scope_strbuf();
	size_t used = 0;

	if (!session.debug_vmlinux && debuginfod_allowed() && !session_fetch_debug_file(problem))
		used = (size_t)snprintf(why, space, "debuginfod: %.100s; ", strbuf_text(problem));
	if (!session.debug_vmlinux) {
		snprintf(why + used, space - used, "%s%s; needed is %s",
			 session.vmlinux ? session.vmlinux_path : "there is no vmlinux",
			 session.vmlinux ? " has no debug information" : "",
			 session_wanted_vmlinux());
		return false;
	}
	*file = (struct gdb_debug_file){
		.path = unpack_path(&session.debug_vmlinux->file, path, sizeof(path)),
		.kaslr_offset = symbols_kaslr_offset(),
		.read_now = gdb_settings.read_now,
	};
	return true;
}

struct command_run {
	const char *line;
	struct strbuf *answer, *error;
	bool worked;
};

static void run_command(void *arg)
{
	struct command_run *run = arg;

	run->worked = shell.execute(run->line, run->error);
}

static void catch_command(void *arg)
{
	struct command_run *run = arg;

	out_capture(run_command, run, run->answer);
}

static bool ops_command(UNUSED void *arg, const char *line, struct strbuf *answer,
			struct strbuf *error)
{
	struct command_run run = { .line = line, .answer = answer, .error = error };
	struct failure failure;
	bool json = json_set(false); /* the answer is text of gdb's */

	if (!protect(catch_command, &run, &failure) && *failure.text)
		strbuf_printf(error, "%s%s", error->length ? "\n" : "", failure.text);
	json_set(json);
	return run.worked;
}

static const char *ops_refused(UNUSED void *arg, const char *name)
{
	return shell.never_runs(name);
}

static bool ops_interrupted(UNUSED void *arg)
{
	interrupt_watch();
	return interrupt_pending();
}

static void ops_working(UNUSED void *arg, const char *what)
{
	if (what)
		progress_begin(what, NULL);
	else
		progress_end();
}

static void ops_message(UNUSED void *arg, const char *text)
{
	if (isatty(STDERR_FILENO) && !session.silent)
		fprintf(stderr, "%s\n", text);
}

void bridge_ops_setup(const struct bridge_shell *used)
{
	static const struct gdb_bridge_ops ops = {
		.read = ops_read,
		.why_unreadable = ops_why_unreadable,
		.symbol_by_name = ops_symbol_by_name,
		.symbol_at = ops_symbol_at,
		.percpu_variable_at = ops_percpu_variable,
		.registers = ops_registers,
		.caller = ops_caller,
		.current_thread = ops_current_thread,
		.select_thread = ops_select_thread,
		.thread = ops_thread,
		.thread_by_id = ops_thread_by_id,
		.percpu_address = ops_percpu,
		.btf = ops_btf,
		.debug_file = ops_debug_file,
		.command = ops_command,
		.refused = ops_refused,
		.interrupted = ops_interrupted,
		.working = ops_working,
		.message = ops_message,
	};

	shell = *used;
	gdb_bridge_setup(&ops);
	symbols_set_forgotten(gdb_bridge_symbols_changed);
}
