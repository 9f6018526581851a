/* names/debuginfod.h - debug information from the servers of DEBUGINFOD_URLS, when the user wants that. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DEBUGINFOD_H
#define DEBUGINFOD_H

#include "base/util.h"

/*
 * --debuginfod, `set debuginfod on`: from now on others may ask. False with *why: no servers,
 * or no library.
 */
bool debuginfod_allow(struct strbuf *why);
void debuginfod_forbid(void);
bool debuginfod_allowed(void);
/*
 * The path, in heap memory, of the file with the debug information of that build-id, in the
 * library's cache. Progress goes to a terminal; Ctrl-C ends the transfer, is then over, and forbids
 * further ones. NULL with *why.
 */
char *debuginfod_get(const u8 *build_id, u32 bytes, struct strbuf *why);

#endif
