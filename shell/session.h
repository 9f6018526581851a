/* shell/session.h - the opened dump, and how the session was started. */
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
	bool minimal; /* --minimal: only the commands with COMMAND_MINIMAL */

	bool refresh; /* `set refresh`: session_refresh() does something */
	bool terminal; /* standard output is a terminal */
};

extern struct session session;

/*
 * Before each command line: what was kept of a live kernel is forgotten, unless `set refresh off`.
 * No pointer to a task or module may be held across it.
 */
void session_refresh(void);
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

#endif
