/* module.h - L5: loaded modules and their symbols. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MODULE_H
#define MODULE_H

#include "symbols.h"
#include "util.h"

struct module {
	u64 address;		/* struct module */
	char name[64];
	u64 base;		/* core text */
	u64 size;		/* as /proc/modules says it */
	u64 init_base, init_size;
	s64 refcount;
	u64 taints;
	u8 build_id[20];
	const struct symbol_module *symbols;
};

size_t module_count(void);
const struct module *module_at(size_t index);	/* in crash's order */
const struct module *module_by_name(const char *name);

#endif
