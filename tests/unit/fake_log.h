/* fake_log.h - test helper: a kernel log in the fake dump, written as the kernel's printk writes it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FAKE_LOG_H
#define FAKE_LOG_H

#include "base/util.h"

/* Where its parts are: physical addresses, each with room for what follows. */
#define FAKE_LOG_POINTER 0x20000 /* prb */
#define FAKE_LOG_RING 0x20100 /* struct printk_ringbuffer */
#define FAKE_LOG_DESCS 0x21000
#define FAKE_LOG_INFOS 0x30000
#define FAKE_LOG_TEXT 0x40000

/* Types and the symbol; once a program, before fake_types_done(). */
void fake_log_types(void);

/*
 * An empty log of 1 << COUNT_BITS records and 1 << SIZE_BITS bytes. EXACT_END: a block may end at
 * the ring's very end; without, such a block is moved to its start, as kernels before v6.18 do.
 */
void fake_log_start(unsigned count_bits, unsigned size_bits, bool exact_end);
/* What a printk does. Returns its sequence number. The text must fit. */
u64 fake_log_add(const char *text, size_t length, unsigned level);
/* The oldest record whose text is still whole; what is older was overwritten. */
u64 fake_log_oldest(void);
/* Changes the state of a record: 0 reserved, 1 committed, 2 finalized, 3 reusable. */
void fake_log_set_state(u64 sequence, unsigned state);
u64 fake_log_info(u64 sequence); /* physical address of its printk_info */
u64 fake_log_desc(u64 sequence); /* ... and of its prb_desc */

enum { FAKE_INFO_BYTES = 88, FAKE_DESC_BYTES = 24 };

#endif
