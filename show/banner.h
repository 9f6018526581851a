/* show/banner.h - what start-up says: the notice, the system page and the current task. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BANNER_H
#define BANNER_H

#include "base/util.h"

/* All three, as start-up prints them. A value that cannot be read costs its row only. */
void banner_print(void);
/* The system page alone, KERNEL to PANIC: the `sys` command. */
void banner_system(void);
/* Values of the system page that others show as well, for row_protect(). */
struct row;
void banner_put_machine(struct row *row, void *arg);
void banner_put_cpus(struct row *row, void *arg);
void banner_put_online(struct row *row, void *arg);
void banner_put_mhz(struct row *row, void *arg);
/* "255.5 MB", "4 GB": one decimal, none when it is zero. Scope memory. */
const char *banner_size(u64 bytes);
/* SECONDS after 1970 as DATE has them, in the user's time zone. */
void banner_date(u64 seconds, struct strbuf *text);

#endif
