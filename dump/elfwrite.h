/* dump/elfwrite.h - writes a dump's memory as an ELF dump, as /proc/vmcore has it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ELFWRITE_H
#define ELFWRITE_H

#include "dump/vmcoreinfo.h"

/*
 * Makes the file PATH, which must not exist, with all memory that DUMP has, its notes, and the text
 * that the kernel left for dump readers. False with *why: then there is no file.
 */
bool elf_write(struct dump *dump, const char *path, const struct vmcoreinfo *info,
	       struct strbuf *why);

#endif
