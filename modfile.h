/* modfile.h - L6: finding a module's object file, and telling whether it is the one that was loaded. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MODFILE_H
#define MODFILE_H

#include "module.h"
#include "util.h"

/*
 * Looks for NAME.ko.debug and NAME.ko ('-' and '_' are the same) below DIRECTORY, or, when that is NULL,
 * below $CRASH_MODULE_PATH, the debug and module directories of this kernel's release, and the directory of
 * the vmlinux. A file with DWARF comes before one without; a file of another build is not taken. Returns its
 * path in heap memory, or NULL with *WHY.
 */
char *modfile_find(const struct module *module, const char *directory, struct strbuf *why);
/* Is PATH the object file that MODULE was loaded from? */
bool modfile_check(const struct module *module, const char *path, struct strbuf *why);
/* Forgets what the directories hold: the next search reads them again. */
void modfile_forget(void);

#endif
