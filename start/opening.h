/* start/opening.h - opens what the command line names: the dump and the files of its kernel. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef OPENING_H
#define OPENING_H

#include "arch.h"
#include "names/vmlinux.h"
#include "start/arguments.h"

/* What opening keeps for as long as the program runs: the session points into it. */
struct opening {
	struct vmlinux vmlinux, partner; /* the second: where the two are split, the other file */
	struct vmlinux system_map; /* of a System.map: symbols alone */
	struct kernel_layout layout;
	char *search_problem; /* why no kernel was found in memory; NULL: not searched for */
	struct strbuf places; /* --debuginfo: where files of the kernel were looked for */
	bool differ; /* vmlinux and dump do, and the user knows */
};

/*
 * Steps of main.c's list, as those of start/findkernel.h. Each fills the session, and fail()s when
 * nothing of the dump could be answered without it; what can be done without makes a warning. WHY
 * is room for reasons, empty before and after.
 */
void opening_dump(struct opening *opening, struct arguments *arguments, struct strbuf *why);
void opening_vmlinux(struct opening *opening, struct arguments *arguments, struct strbuf *why);
/* A System.map that was named, or that -S finds: the kernel's names come from it. */
void opening_system_map(struct opening *opening, struct arguments *arguments, struct strbuf *why);
/*
 * What has no names is no source of any: it was of use for telling that the dump is this kernel's.
 */
void opening_leave_stripped_vmlinux(struct opening *opening);

#endif
