/* show/vmstatshow.h - the counters of /proc/vmstat, group by group. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VMSTATSHOW_H
#define VMSTATSHOW_H

#include <stdbool.h>

/* PER_CPU: with each CPU's part in further columns. */
void vmstatshow(bool per_cpu);

#endif
