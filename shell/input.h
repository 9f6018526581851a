/* shell/input.h - where command lines come from: .crashrc, -i, --exec, `< FILE`, a pipe, the prompt. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INPUT_H
#define INPUT_H

#include "base/util.h"

/*
 * Reads the .crashrc of the home folder and that of the current folder, where they are trusted, and
 * runs their `set` and `alias` lines. Before the options of the run are read, which therefore win.
 */
void input_read_crashrc(void);
/* `set namelist`, `set dumpfile` in .crashrc: the files of a run that names none; or NULL. */
struct input_files {
	char *namelist, *dumpfile;
};

extern struct input_files input_files;

/* Before the files of a run are opened: -i FILE and --exec COMMAND, run in this order. */
void input_add_file(const char *path);
void input_add_command(const char *command);

/*
 * Runs what .crashrc has besides, then -i and --exec, and then, unless there was an --exec, what is
 * typed at the prompt or comes from standard input. Returns the exit status: 0, or 2 when answers
 * could not be written or an -i file not be read, and also when some command failed and --exec,
 * --json, --fail-fast or --exit-status was given.
 */
int input_main_loop(void);

#endif
