/* show/vmallocshow.h - areas of vmalloc, vmap and ioremap as rows. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VMALLOCSHOW_H
#define VMALLOCSHOW_H

#include "kernel/mm/vmalloc.h"

/* DETAILS: with who asked for it, how many pages and of what kind. */
void vmallocshow_all(bool details);
void vmallocshow_area(const struct vmalloc_area *area, bool details);
/* The one that ADDRESS lies in; false: it is in none. */
bool vmallocshow_address(u64 address, bool details);

#endif
