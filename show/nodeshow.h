/* show/nodeshow.h - NUMA nodes with their zones, sections and blocks of memory. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODESHOW_H
#define NODESHOW_H

void nodeshow(void);

#endif
