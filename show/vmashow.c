/* show/vmashow.c - a mapping as cells of a row. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/vmashow.h"

void vmashow_put(struct row *row, const struct vma *vma)
{
	row_address(row, vma->address);
	row_address(row, vma->start);
	row_address(row, vma->end);
	row_address(row, vma->flags);
}
