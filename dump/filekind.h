/* dump/filekind.h - says what a file is that no dump reader takes, from its first bytes. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FILEKIND_H
#define FILEKIND_H

#include "dump/filemap.h"

/*
 * What a file is when no reader takes it: "an ELF executable (a vmlinux?)", "a bzImage
 * kernel image", "gzip-compressed data: unpack it first" ... Used for messages and to tell
 * argument kinds apart.
 */
void file_describe(const struct file_map *file, struct strbuf *text);
/* By the machine's name in utsname, "i686"; an empty or damaged one says nothing. */
bool is_another_machine(const char *utsname);
/* "arm64", "ppc64, big-endian", "machine 4711" for the first 20 bytes of an ELF HEADER. */
void elf_describe_machine(const u8 *header, struct strbuf *text);

#endif
