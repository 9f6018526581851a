/* guest.h - lab guest: what the parts of the one static guest program share. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LAB_GUEST_H
#define LAB_GUEST_H

#include <stdbool.h>

#define FACTS_DIR "/run/lab"

int workload(bool busy);
int record(const char *device);
/* Brings the crash about; returns only when the caller is to end. */
int trigger(const char *how);
int load_capture_kernel(const char *kernel, const char *initrd, const char *cmdline);

/* Writes TEXT into the (proc or sysfs) file PATH; 0 or -1. */
int put_file(const char *path, const char *text);
/* Appends one "name value" line to the facts the host reads beside the truth. */
void fact(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Says one line on the serial port, past the kernel's log. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
