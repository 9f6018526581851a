/* shell/history.h - the file that keeps typed lines between sessions. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef HISTORY_H
#define HISTORY_H

#include "base/util.h"

/*
 * Opens crash/history in the user's state directory ($XDG_STATE_HOME, else ~/.local/state),
 * and makes what is missing: folders with mode 0700, the file with 0600. False with *why when
 * lines cannot be kept: nothing is read or written then that belongs to another user or was
 * put there by one.
 */
bool history_open(struct strbuf *why);
bool history_is_open(void);

/*
 * Calls EACH for every kept line, oldest first. A file that grew too long is cut to
 * the newest lines.
 */
void history_read(void (*each)(const char *line, void *arg), void *arg);
/*
 * Adds LINE at once: sessions that run at the same time have their lines in the order of
 * typing, and none is lost with a session that is killed. False with *why, the first time that
 * it does not work.
 */
bool history_append(const char *line, struct strbuf *why);
void history_close(void);

#endif
