/* shell/history.c - the file of typed lines: safe to share between sessions, and never another user's. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A line is one write() to a file opened for appending. Only cutting the file needs more: the
 * newest lines are written to a second file, which then takes the name. Who appends holds the
 * file's lock meanwhile and looks whether it is still the one of that name.
 */
#include "shell/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_NAME "history"
#define NEW_NAME "history.new"
#define KEPT_LINES 5000
#define LINES_MAX (KEPT_LINES + KEPT_LINES / 4) /* more are cut to KEPT_LINES */
#define BYTES_MAX (4 << 20)
#define LOCK_TRIES 50 /* of 10 ms */

static int folder = -1; /* "crash" in the state directory */
static bool told; /* that a line could not be kept */

static bool refuse(struct strbuf *why, const char *path, const char *problem)
{
	strbuf_printf(why, "%s: %s", path, problem);
	return false;
}

/* $XDG_STATE_HOME counts only when it is an absolute path. NULL: the user has no home. */
static char *state_path(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (state && *state == '/')
		return xstrdup(state);
	return home && *home == '/' ? xasprintf("%s/.local/state", home) : NULL;
}

/* Makes PATH and the folders above it that are missing. */
static void make_folders(char *path)
{
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	mkdir(path, 0700);
}

/* A symbolic link that somebody else made leads where they want. */
static bool is_foreign_link(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISLNK(status.st_mode) && status.st_uid != 0 &&
	       status.st_uid != geteuid();
}

/* The folder at PATH when it is ours and nobody else can put files there; -1 with *why. */
static int open_folder(const char *path, struct strbuf *why)
{
	struct stat status;
	int fd = is_foreign_link(path) ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		refuse(why, path,
		       is_foreign_link(path) ? "another user's symbolic link" : strerror(errno));
		return -1;
	}
	if (fstat(fd, &status) == 0 && status.st_uid == geteuid() && !(status.st_mode & 022))
		return fd;
	refuse(why, path,
	       status.st_uid != geteuid() ? "belongs to another user"
					  : "other users can write to it");
	close(fd);
	return -1;
}

/* Opens the file as it is named now, with FLAGS; -1 with *why. */
static int open_file(int flags, struct strbuf *why)
{
	int fd = openat(folder, FILE_NAME,
			flags | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	const char *problem = NULL;
	struct stat status;

	if (fd < 0) {
		refuse(why, FILE_NAME, errno == ELOOP ? "a symbolic link" : strerror(errno));
		return -1;
	}
	if (fstat(fd, &status) != 0)
		problem = strerror(errno);
	else if (!S_ISREG(status.st_mode))
		problem = "not a file";
	else if (status.st_uid != geteuid())
		problem = "belongs to another user";
	else if ((status.st_mode & 077) && fchmod(fd, 0600) != 0)
		problem = strerror(errno);
	if (!problem)
		return fd;
	refuse(why, FILE_NAME, problem);
	close(fd);
	return -1;
}

/* A session that was stopped while it had the lock must not stop this one. */
static bool lock(int fd)
{
	static const struct timespec pause = { .tv_nsec = 10 * 1000000 };

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		nanosleep(&pause, NULL);
	}
	return false;
}

static bool is_still_named(int fd)
{
	struct stat status, named;

	return fstat(fd, &status) == 0 &&
	       fstatat(folder, FILE_NAME, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       status.st_ino == named.st_ino && status.st_dev == named.st_dev;
}

/* The same, locked where the file system can do it. */
static int open_locked(int flags, bool *locked, struct strbuf *why)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		int fd = open_file(flags, why);

		if (fd < 0)
			return -1;
		*locked = lock(fd);
		if (!*locked || is_still_named(fd))
			return fd;
		close(fd);
	}
	refuse(why, FILE_NAME, "it changes all the time");
	return -1;
}

bool history_open(struct strbuf *why)
{
	char *state = state_path(), *path;
	int fd;

	history_close();
	if (!state)
		return refuse(why, "HOME", "not set");
	path = xasprintf("%s/crash", state);
	make_folders(path);
	if (is_foreign_link(state))
		refuse(why, state, "another user's symbolic link");
	else
		folder = open_folder(path, why);
	free(path);
	free(state);
	if (folder < 0)
		return false;
	fd = open_file(O_RDWR, why);
	if (fd < 0) {
		history_close();
		return false;
	}
	close(fd);
	return true;
}

bool history_is_open(void)
{
	return folder >= 0;
}

void history_close(void)
{
	if (folder >= 0)
		close(folder);
	folder = -1;
	told = false;
}

static bool write_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t n = write(fd, text, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		length -= n;
	}
	return true;
}

/* The newest bytes of the file, from the start of a line on; true: there are older ones. */
static bool read_tail(int fd, struct strbuf *text)
{
	char block[65536];
	off_t size = lseek(fd, 0, SEEK_END);
	off_t offset = size > BYTES_MAX ? size - BYTES_MAX : 0;
	ssize_t n;

	while ((n = pread(fd, block, sizeof(block), offset)) > 0 || (n < 0 && errno == EINTR)) {
		strbuf_add(text, block, n > 0 ? n : 0);
		offset += n > 0 ? n : 0;
	}
	if (size > BYTES_MAX && text->length) {
		char *end = memchr(text->text, '\n', text->length);
		size_t rest = end ? (size_t)(end + 1 - text->text) : text->length;

		memmove(text->text, text->text + rest, text->length - rest + 1);
		text->length -= rest;
	}
	return size > BYTES_MAX;
}

static size_t count_lines(const char *text, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += text[i] == '\n';
	return count;
}

/* Gives the file's name to a new file with TEXT. What goes wrong leaves the old one as it was. */
static void replace_file(const char *text, size_t length)
{
	int fd;

	unlinkat(folder, NEW_NAME, 0);
	fd = openat(folder, NEW_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (!write_all(fd, text, length) || fsync(fd) != 0 ||
	    renameat(folder, NEW_NAME, folder, FILE_NAME) != 0)
		unlinkat(folder, NEW_NAME, 0);
	close(fd);
}

void history_read(void (*each)(const char *line, void *arg), void *arg)
{
	struct strbuf text = { 0 }, why = { 0 };
	bool locked, cut;
	int fd = folder < 0 ? -1 : open_locked(O_RDWR, &locked, &why);
	char *line, *end;
	size_t nr_lines;

	if (fd >= 0) {
		cut = read_tail(fd, &text);
		nr_lines = count_lines(strbuf_text(&text), text.length);
		line = text.text;
		end = line + text.length;
		cut |= nr_lines > LINES_MAX;
		for (size_t i = KEPT_LINES; nr_lines > LINES_MAX && i < nr_lines; i++)
			line = (char *)memchr(line, '\n', end - line) + 1;
		if (locked && cut)
			replace_file(line, end - line);
		while (line && (end = memchr(line, '\n', text.text + text.length - line))) {
			*end = '\0';
			if (*line)
				each(line, arg);
			line = end + 1;
		}
		close(fd);
	}
	strbuf_free(&why);
	strbuf_free(&text);
}

/* A line that did not fit whole is taken back, or the next one would be joined to it. */
static bool append_to(int fd, bool locked, const char *line, struct strbuf *why)
{
	char *text = xasprintf("%s\n", line);
	off_t before = lseek(fd, 0, SEEK_END);
	bool written = write_all(fd, text, strlen(text));

	if (!written)
		refuse(why, FILE_NAME, strerror(errno));
	if (!written && locked && before >= 0 && ftruncate(fd, before) != 0)
		strbuf_puts(why, ", and half a line is in it");
	free(text);
	return written;
}

bool history_append(const char *line, struct strbuf *why)
{
	struct strbuf problem = { 0 };
	bool locked, written, telling;
	int fd = open_locked(O_WRONLY | O_APPEND, &locked, &problem);

	written = fd >= 0 && append_to(fd, locked, line, &problem);
	if (fd >= 0)
		close(fd);
	telling = !written && !told;
	told |= !written;
	if (telling)
		strbuf_puts(why, strbuf_text(&problem));
	strbuf_free(&problem);
	return !telling;
}
