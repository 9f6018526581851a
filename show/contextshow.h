/* show/contextshow.h - the current context: which task, where it is and what it does. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONTEXTSHOW_H
#define CONTEXTSHOW_H

/* The current task; labels are 7 wide in `set`, 12 at the start of a session. */
void contextshow(int label_width);

#endif
