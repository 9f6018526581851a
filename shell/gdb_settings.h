/* shell/gdb_settings.h - how gdb reads and prints: what `set` and options of the run change of that. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GDB_SETTINGS_H
#define GDB_SETTINGS_H

#include "base/util.h"

struct gdb_settings {
	unsigned radix; /* 10 or 16 for p, struct ...: 10 at start */
	unsigned print_max; /* array elements and string bytes shown: 256 */
	bool print_array;
	bool null_stop;
	bool takes_lines; /* `set gdb on`: every line is gdb's */
	bool read_now; /* --readnow: every unit of a file at once */
	const char *source_directory; /* --src DIR, or NULL */
};

extern struct gdb_settings gdb_settings;

/* Call before gdb_run(): passes on to gdb what `set` changed since the last call. */
void gdb_settings_sync(void);

#endif
