/* start/findkernel.h - opening's second half: the kernel in the dump, its names and its types. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FINDKERNEL_H
#define FINDKERNEL_H

#include "start/opening.h"

/* Steps of main.c's list: how they end, and what WHY is, says start/opening.h. */
/* MATCHES is one of kernel.h's two. With -f a difference is said once, and the files opened. */
void findkernel_check_match(struct opening *opening, struct arguments *arguments,
			    bool (*matches)(struct strbuf *difference));
/* Where the kernel's image, tables and regions are; then symbols and memory work. */
void findkernel_locate(struct opening *opening, struct strbuf *why);
/*
 * BTF, of the vmlinux or out of the dump. *why says why there is none, where no other
 * source is left.
 */
void findkernel_types(struct opening *opening, struct strbuf *why);
/* What BTF lacks gdb answers for, out of DWARF; without both, symbols and memory remain. */
void findkernel_types_of_dwarf(struct strbuf *why);

#endif
