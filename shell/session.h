/* shell/session.h - the opened dump and what `set` changes. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SESSION_H
#define SESSION_H

#include "base/util.h"
#include "dump/dumpfile.h"
#include "dump/vmcoreinfo.h"
#include "names/vmlinux.h"

struct session {
	/* what was opened; filled by main.c */
	struct dump *dump;
	struct vmlinux *vmlinux;
	/* the file with its debug information, often the same; NULL: none */
	struct vmlinux *debug_vmlinux;
	struct vmcoreinfo vmcoreinfo;
	const char *vmlinux_path; /* as given, for KERNEL: */
	const char *dump_path; /* as given, for DUMPFILE: */
	const char *system_map; /* the file that names come from instead of vmlinux; NULL: none */

	/* command line */
	bool silent; /* -s */
	bool json; /* --json: implies silent */
	bool fail_fast; /* --fail-fast: the first command that fails ends the session */
	bool exit_status; /* --exit-status: the status of the run tells that a command failed */
	const char *module_directory; /* --mod DIR: where object files of modules are, or NULL */
	const char *source_directory; /* --src DIR, or NULL */
	bool read_now; /* --readnow: gdb expands every unit of a file at once */
	bool minimal; /* --minimal: only the commands with COMMAND_MINIMAL */
	bool no_modules, no_panic, no_elf_notes; /* the options of these names */

	/* `set` */
	unsigned radix; /* 10 or 16 for p, struct ...: 10 at start */
	bool scroll;
	unsigned print_max; /* array elements and string bytes shown: 256 */
	bool print_array;
	bool null_stop;
	bool hide_offline_cpus;
	bool hash; /* list remembers every entry to find loops, rather than Brent's method */
	bool gdb_prompt; /* set gdb on */
	u64 scope; /* text address whose scope symbols are looked up in, or 0 */
	bool refresh; /* `set refresh`: live systems only */
	bool vi_mode; /* line editing: vi keys instead of emacs' */
	const char *pager; /* command line of the output scrolling program */
	char *rc_namelist, *rc_dumpfile; /* `set namelist`, `set dumpfile` in .crashrc; or NULL */

	bool terminal; /* standard output is a terminal */
	/* answers could not be written, commands not be read: for the exit status of every run */
	bool broken;
};

extern struct session session;

/*
 * Before each command line: what was kept of a live kernel is forgotten, unless `set refresh off`.
 * No pointer to a task or module may be held across it.
 */
void session_refresh(void);
/* `set offline hide`, and this CPU was not online: what would be shown of it is left out. */
bool session_hides_cpu(unsigned cpu);
/*
 * Which file has the debug information of this kernel: by release, build-id and
 * package. Scope memory.
 */
const char *session_wanted_vmlinux(void);
/*
 * Asks the user's debuginfod servers for the kernel's debug information, which becomes
 * session.debug_vmlinux. Only when debuginfod_allowed(). False with *why.
 */
bool session_fetch_debug_file(struct strbuf *why);
/*
 * Call before gdb_run(): passes on to gdb what `set` changed since the last call
 * (radix, print_max ...).
 */
void session_sync_gdb(void);

#endif
