/* show/offline.c - CPUs that were not online: `set offline` leaves out what would be shown of them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/offline.h"

#include "containers/kpercpu.h"

static bool hidden;

void offline_hide(bool hide)
{
	hidden = hide;
}

bool offline_is_hidden(void)
{
	return hidden;
}

bool offline_hides_cpu(unsigned cpu)
{
	return hidden && !cpu_mask_has(cpus_online(), cpu);
}
