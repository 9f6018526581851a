/* shell/modfile.h - finding a module's object file, and telling whether it is the one that was loaded. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MODFILE_H
#define MODFILE_H

#include "base/util.h"
#include "kernel/module.h"

/* --mod DIR: where object files of modules are, and nowhere else. */
void modfile_set_directory(const char *directory);
/*
 * Looks for NAME.ko, NAME.ko.debug and packed ones ('-' and '_' are the same) below DIRECTORY,
 * or, when that is NULL, below --mod's, or else $CRASH_MODULE_PATH, the debug and module
 * directories of this kernel's release, and the directory of the vmlinux; then for what their
 * .gnu_debuglink and build-id lead to. A file with DWARF comes before one without; a file of
 * another build is not taken. Returns its path in heap memory, or NULL; *REPORT has a line a
 * place, with what became of it.
 */
char *modfile_find(const struct module *module, const char *directory, struct strbuf *report);
/* PATH, or the file with its debug information, on the heap; NULL with *WHY: not MODULE's. */
char *modfile_named(const struct module *module, const char *path, struct strbuf *why);
/* Forgets what the directories hold: the next search reads them again. */
void modfile_forget(void);

#endif
