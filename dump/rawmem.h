/* dump/rawmem.h - raw images of memory, FILE@ADDRESS[,FILE@ADDRESS...]. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RAWMEM_H
#define RAWMEM_H

#include "dump/format.h"

extern const struct dump_ops rawmem_ops;

/* Has ARGUMENT that form (and is no file's name)? Addresses are hexadecimal. */
bool rawmem_is_argument(const char *argument);
/* Fills DUMP as dump_ops.open does. False with *why. */
bool rawmem_open(struct dump *dump, const char *argument, struct strbuf *why);

#endif
