/* start/arguments.h - the words of the command line: files, options, and what a run refuses. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include "base/util.h"
#include "start/oneshot.h"

struct arguments {
	const char *vmlinux;
	/* a second file of the same kernel: one of the two has the debug information */
	const char *partner;
	const char *system_map; /* a file of symbols: address, letter, name a line */
	const char *dumps[64];
	size_t nr_dumps;
	const char *save_path; /* --save */
	const char *elf_path; /* -o */
	enum oneshot question;
	bool find_system_map; /* -S */
	bool force; /* -f */
	bool ask_debugging_data; /* -g */
	bool explain; /* --debuginfo */
	bool kernel_chosen; /* --kaslr, --machdep phys_base= */
	bool only_active; /* --active */
	bool json; /* --json: implies a quiet session */
	bool no_modules, no_panic, no_elf_notes; /* the options of these names */
};

/*
 * Fills ARGUMENTS from the NULL-terminated WORDS behind the program's name, and the session's
 * variables that have options. Options may stand anywhere among the files; "--" ends them. What
 * only asks for a text (-h, -v, --man) is printed here and ends the program, as a wrong word does.
 */
void arguments_parse(struct arguments *arguments, char **words);

#endif
