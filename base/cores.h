/* base/cores.h - work in equal parts, done on all cores. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CORES_H
#define CORES_H

#include "base/util.h"

/*
 * Calls WORK once for each of COUNT parts, from several threads at once and in any order; returns
 * when all is done. WORK must neither fail() nor wait for another part. An interrupt ends it early:
 * the caller looks for that.
 */
void cores_run(size_t count, void (*work)(void *arg, size_t part), void *arg);

#endif
