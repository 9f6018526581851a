/* show/vmashow.h - a mapping as cells of a row. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VMASHOW_H
#define VMASHOW_H

#include "base/table.h"
#include "kernel/mm/vma.h"

#define VMASHOW_HEADINGS "      VMA           START       END     FLAGS FILE"

/* clang-format off */
/* Before its name. PREFIX: of the keys of START, END and FLAGS. */
#define VMASHOW_COLUMNS(prefix) \
	{ "vma", "", CELL_ADDRESS, .width = 16, .zeros = true }, \
	{ prefix "start", "", CELL_ADDRESS, .before = " ", .width = 10 }, \
	{ prefix "end", "", CELL_ADDRESS, .before = " ", .width = 10 }, \
	{ prefix "flags", "", CELL_ADDRESS, .before = " ", .width = 6 }
/* clang-format on */

/* The four of them. */
void vmashow_put(struct row *row, const struct vma *vma);

#endif
