/* show/whereshow.h - what lies at an address of the kernel: each fact in its layout. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHERESHOW_H
#define WHERESHOW_H

#include "base/util.h"

/*
 * ADDRESS: of the kernel, of a struct page, which stands for its page, or else physical. WORD is
 * how the user called it, for messages. fail()s when nothing is known there.
 */
void whereshow(const char *word, u64 address, bool physical);

#endif
