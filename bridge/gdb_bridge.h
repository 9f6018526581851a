/* bridge/gdb_bridge.h - GDB inside our process: commands run into strings, types, lines of code. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GDB_BRIDGE_H
#define GDB_BRIDGE_H

#include "../base/regs.h"
#include "../base/util.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * gdb starts (about 10 ms) at the first call of anything below gdb_bridge_setup(). No function
 * here ever fail()s: false, with gdb's own words added to *ERROR (which may be NULL), no newline
 * at the end. Main thread only. gdb touches no terminal, no init file, no history and no signal
 * handler of ours.
 */

struct gdb_symbol {
	u64 address; /* this boot's */
	u64 size; /* 0: unknown */
	const char *name; /* lives as long as the symbol tables */
	char type; /* nm's letter: t T text, d D data, b B bss, r R read-only ... */
};

struct gdb_btf {
	const char *name; /* "vmlinux", or the module's */
	const void *data; /* stays valid for ever; a module's is split BTF over vmlinux's */
	u64 size;
};

struct gdb_debug_file {
	const char *path; /* ELF file with DWARF */
	bool read_now; /* all of it at once */
	u64 kaslr_offset; /* this boot's address minus the link-time address */
};

/* What REGS hold of the frame that gdb shall start from. */
struct gdb_registers {
	struct x86_regs regs;
	struct x86_segments segments;
	/* bit n: the n-th u64 of REGS and SEGMENTS is known. Others read <unavailable> */
	u32 known;
};
#define GDB_REGISTER_BIT(member) (1u << (offsetof(struct x86_regs, member) / 8))
#define GDB_REGISTERS_ALL ((1u << (sizeof(struct x86_regs) / 8)) - 1)
#define GDB_SEGMENTS_ALL                                                                           \
	(((1u << (sizeof(struct x86_segments) / 8)) - 1) << (sizeof(struct x86_regs) / 8))

/* A task as one of GDB's threads. */
struct gdb_thread {
	u64 id; /* its task_struct; never 0 */
	u32 pid;
	char name[64];
	char about[64]; /* what `info threads` says of it: "CPU 0, IN" */
};

/* What our own stack walk knows of a frame's caller. */
enum gdb_caller {
	GDB_CALLER_UNKNOWN, /* not a frame of that walk */
	GDB_CALLER_NONE, /* user space, or where a kernel thread began: the walk ends here */
	GDB_CALLER_RETURN, /* an ordinary call: some registers are known */
	/* the same on another stack, or the return address is not on it: unknown to DWARF */
	GDB_CALLER_ELSEWHERE,
	GDB_CALLER_INTERRUPTED, /* this frame is entry code; these are all registers before that */
};

/*
 * How gdb reaches the rest of crash. These are called below C++ frames: they must only use try_
 * functions and never fail(). Every pointer may be NULL: then gdb does without.
 */
struct gdb_bridge_ops {
	void *arg; /* first argument of each of these */

	bool (*read)(void *arg, u64 address, void *buf, size_t length);
	bool (*write)(void *arg, u64 address, const void *buf, size_t length);
	/*
	 * Why ADDRESS cannot be read, in a few words ("page excluded from the dump"): for
	 * gdb's error text.
	 */
	bool (*why_unreadable)(void *arg, u64 address, char *text, size_t space);

	bool (*symbol_by_name)(void *arg, const char *name, struct gdb_symbol *symbol);
	bool (*symbol_at)(void *arg, u64 address,
			  struct gdb_symbol *symbol); /* the one that covers it */
	/* The per-cpu variable whose symbol has just this value. */
	bool (*percpu_variable_at)(void *arg, u64 value, struct gdb_symbol *symbol);

	/*
	 * Tasks are threads, named by their id; 0 is the task that `set` made current where there
	 * is no other thread. False: no registers are known.
	 */
	bool (*registers)(void *arg, u64 id, struct gdb_registers *registers);
	/* The caller of that task's frame at PC, where the stack pointer is SP. */
	enum gdb_caller (*caller)(void *arg, u64 id, u64 pc, u64 sp,
				  struct gdb_registers *registers);
	/* The current task's id; 0: none. */
	u64 (*current_thread)(void *arg);
	/* The user went to another thread: that task becomes the current one. */
	void (*select_thread)(void *arg, u64 id);
	/*
	 * All threads, by index from 0 on; false: no more. Asked for when a command needs the list.
	 */
	bool (*thread)(void *arg, size_t index, struct gdb_thread *thread);
	bool (*thread_by_id)(void *arg, u64 id, struct gdb_thread *thread);
	/* Address of this per-cpu variable's copy for CPU; cpu < 0: the current task's CPU. */
	bool (*percpu_address)(void *arg, u64 variable, int cpu, u64 *address);

	/*
	 * 0 is vmlinux's; modules follow, asked for only when vmlinux's lacks a name.
	 * False: no more.
	 */
	bool (*btf)(void *arg, size_t index, struct gdb_btf *btf);
	/*
	 * vmlinux with DWARF. False with why: there is none, and which package or file
	 * would give it.
	 */
	bool (*debug_file)(void *arg, struct gdb_debug_file *file, char *why, size_t space);

	/*
	 * gdb's command "crash": adds the answer of our command LINE. False: what went wrong is
	 * added to ERROR.
	 */
	bool (*command)(void *arg, const char *line, struct strbuf *answer, struct strbuf *error);
	/* Why NAME, one of gdb's commands, must not even be run by a script; NULL: it may. */
	const char *(*refused)(void *arg, const char *name);

	bool (*interrupted)(void *arg); /* polled: Ctrl-C */
	/* What takes a while begins ("reading debug information"), and ends: NULL. */
	void (*working)(void *arg, const char *what);
	/* One line for the user, without newline. Any thread. */
	void (*message)(void *arg, const char *text);
};

/* Remembers OPS (not copied); starts nothing. */
void gdb_bridge_setup(const struct gdb_bridge_ops *ops);
bool gdb_bridge_started(void);
/* The dump's memory or the current task changed: gdb forgets frames and cached memory. */
void gdb_bridge_changed(void);
/* Symbols or BTF blobs were added or moved: gdb forgets all it was told about them, and asks again.
 */
void gdb_bridge_symbols_changed(void);
const char *gdb_bridge_version(void); /* "16.3"; starts nothing */
bool gdb_bridge_has_python(void);

/* What may be done to answer a question that BTF and the symbols cannot. */
enum gdb_effort {
	GDB_NO_DWARF, /* then it is an error */
	GDB_DWARF_IF_NEEDED, /* on an error for want of debug information: attach DWARF once, try
				again */
	GDB_DWARF, /* attach first */
};

/*
 * NAME gets what GDB takes the start of LINE for, in full, with its sub-command: "cont" is
 * "continue", "disas" is "disassemble", "targ rem" "target remote". An alias is the command that it
 * stands for. False: no command of GDB.
 */
bool gdb_command_name(const char *line, char *name, size_t space);
/* Is WORD, as it stands, the name or an alias of a command of GDB that does something? */
bool gdb_is_command(const char *word);
/*
 * One gdb command; what it prints is added to OUTPUT even when it ends in an error. ERROR after
 * success: why the answer is no better, when that is for want of debug information.
 */
bool gdb_run(const char *command, enum gdb_effort effort, struct strbuf *output,
	     struct strbuf *error);
/*
 * An integer or pointer expression of C with the kernel's symbols and types; arrays
 * give their address.
 */
bool gdb_evaluate(const char *expression, enum gdb_effort effort, u64 *value, struct strbuf *error);

/* A module's object file, each of whose sections is where it was loaded. */
struct gdb_section {
	const char *name;
	u64 address;
};
bool gdb_add_object_file(const char *path, const struct gdb_section *sections, size_t nr_sections,
			 bool read_now, struct strbuf *error);

/* DWARF of vmlinux at its KASLR offset; true at once when it is attached already. */
bool gdb_attach_dwarf(struct strbuf *error);
bool gdb_has_dwarf(void);

struct gdb_member {
	u64 offset; /* bytes from the start of the outermost structure */
	u64 size; /* bytes; of the storage unit for a bit-field */
	u32 bit_offset, bit_size; /* bit_size 0: not a bit-field; from the least significant bit at
				     OFFSET */
	bool is_signed;
};

/*
 * "struct page", "union thread_union", "enum pid_type", "atomic_t". These never attach
 * DWARF by themselves.
 */
bool gdb_type_size(const char *type, u64 *size, struct strbuf *error);
enum gdb_type_kind { GDB_STRUCT, GDB_UNION, GDB_ENUM, GDB_OTHER_TYPE };
bool gdb_type_kind(const char *type, enum gdb_type_kind *kind);
/*
 * Is there a file of debug information for these to ask: vmlinux's, a module's, one that
 * the user gave?
 */
bool gdb_has_debug_files(void);
/*
 * The names of structures, unions and enums in the debug information that is attached; EACH
 * must not fail().
 */
void gdb_each_aggregate(void (*each)(void *arg, const char *name), void *arg);
/* A dotted path, through anonymous members. */
bool gdb_type_member(const char *type, const char *path, struct gdb_member *member,
		     struct strbuf *error);
bool gdb_enumerator(const char *name, s64 *value, struct strbuf *error);
/* The type of a variable or function as gdb writes it: "struct list_head", "int (struct file *)".
 */
bool gdb_symbol_type(const char *name, enum gdb_effort effort, struct strbuf *type,
		     struct strbuf *error);

/* Source line of code at PC: needs DWARF and attaches it. FILE as the compiler wrote it,
 * below its directory when that is absolute. */
bool gdb_line_at(u64 pc, struct strbuf *file, u32 *line, struct strbuf *error);
/*
 * Adds the lines FIRST to LAST, or to the end, of the very file to which PC's line belongs:
 * "NUMBER\tTEXT" each. False: that file cannot be read or has no such line.
 */
bool gdb_source_lines(u64 pc, u32 first, u32 last, struct strbuf *text, struct strbuf *error);
/*
 * Functions that the compiler put inline around PC: DEPTH 0 is the innermost, to which
 * gdb_line_at()'s line belongs. FILE and LINE are where it was called, in the next one out. False:
 * there are no more.
 */
bool gdb_inlined_at(u64 pc, unsigned depth, struct strbuf *function, struct strbuf *file,
		    u32 *line);

/*
 * Arguments or locals of the frame of task ID at PC with stack pointer SP, as gdb writes them, a
 * line each; those of functions inline there first, below a line with the function's name.
 */
struct gdb_frame_place {
	u64 id, pc, sp;
	u32 pid;
};
bool gdb_frame_variables(const struct gdb_frame_place *place, bool arguments, bool locals,
			 struct strbuf *text, struct strbuf *error);

#ifdef __cplusplus
}
#endif
#endif
