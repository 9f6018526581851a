/* kernel/kernelinfo.h - what a kernel carries about itself: configuration, firmware strings, system calls. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef KERNELINFO_H
#define KERNELINFO_H

#include "base/util.h"

/* The configuration it was built with; fail()s when it does not carry it (CONFIG_IKCONFIG). */
void kernel_config(struct strbuf *text);

/*
 * The DMI string of enum dmi_field INDEX with the enumerator's name. False past the last; VALUE is
 * NULL when the firmware did not set it. Scope memory.
 */
bool kernel_dmi_string(s64 index, const char **name, const char **value);

/* Addresses of the functions in the system call table, in scope memory. */
u64 *kernel_syscalls(size_t *count);

#endif
