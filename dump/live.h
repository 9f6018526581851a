/* dump/live.h - the files through which a running kernel shows its memory. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LIVE_H
#define LIVE_H

#include "base/util.h"

/* Tests put files of their own here. */
struct live_files {
	const char *kcore; /* "/proc/kcore" */
	const char *mem; /* "/dev/mem" */
	const char *iomem; /* "/proc/iomem": where RAM is */
	const char *vmcoreinfo; /* "/sys/kernel/vmcoreinfo": where the note lies in RAM */
};

extern struct live_files live_files;

/* Is PATH one of the first two? */
bool live_is_path(const char *path);

#endif
