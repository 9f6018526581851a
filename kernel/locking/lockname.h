/* kernel/locking/lockname.h - what a lock protects: the variable or the object that it is in. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LOCKNAME_H
#define LOCKNAME_H

#include "kernel/locking/lockwait.h"

/*
 * "lab_mutex [lab_locks]", "inode.i_rwsem of inode_cache ffff888003a2c0b8, /var/log/messages",
 * "super_block.s_writers.rw_sem[0] of loop1, frozen", "stack of PID 7". Scope memory; "" when
 * nothing is known.
 */
const char *lock_name(u64 address, enum lock_kind kind);

#endif
