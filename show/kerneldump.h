/* show/kerneldump.h - help -k, -m and -v: the kernel, the machine, its memory, under crash's labels. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef KERNELDUMP_H
#define KERNELDUMP_H

void session_dump_kernel(void);
void session_dump_machine(void);
void session_dump_memory(void);

#endif
