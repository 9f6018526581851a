/* show/offline.h - CPUs that were not online: `set offline` leaves out what would be shown of them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef OFFLINE_H
#define OFFLINE_H

#include "base/util.h"

/* `set offline hide`, or show. */
void offline_hide(bool hide);
bool offline_is_hidden(void);
/* They are hidden, and this CPU was not online. */
bool offline_hides_cpu(unsigned cpu);

#endif
