/* shell/linefile.h - the command lines of a file, one after another. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LINEFILE_H
#define LINEFILE_H

#include "base/util.h"

/*
 * The lines of a file, without blanks around them; closed when the innermost scope ends. fail()s
 * when it cannot be read.
 */
struct file_lines *file_lines_open(const char *path);
const char *file_lines_next(struct file_lines *lines); /* NULL: the end */
/* Of the line that came last, from 1. */
size_t file_lines_number(const struct file_lines *lines);

#endif
