/* names/modfield.h - members of structures that modules define, with what older kernels have of them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MODFIELD_H
#define MODFIELD_H

#include "names/types.h"

/*
 * KFIELD looks at the kernel's own types alone. These are looked for in all BTF, that of modules
 * as well. Up to v5.10 modules have none: where nothing knows the structure, the place that these
 * kernels have it at is taken, and who reads it checks that what stands there makes sense. On later
 * kernels it is not known then: --no_modules, or a module whose types are not in the dump.
 */
struct modfield {
	const char *type;
	const char *paths[2]; /* the newest spelling first */
	u32 offset, size; /* where modules have no BTF; SIZE 0: such kernels have no such member */
	u32 bit, bits; /* of a bit-field there */
};

bool modfield_find(const struct modfield *field, struct member *member);

/* Size of a type of a module's; WITHOUT: where modules have no BTF. */
u64 modtype_size(const char *type, u64 without);

#endif
