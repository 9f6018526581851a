/* names/debuginfod.c - asks the user's debuginfod servers for a build-id's debug information. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Nothing is asked unless the user said so: a build-id tells a server which kernel somebody debugs.
 * The library brings an HTTP client with it, so it is loaded only then.
 */
#include "names/debuginfod.h"

#include "base/fail.h"
#include "base/progress.h"
#include "names/elfdebug.h"

#include <dlfcn.h>
#include <elfutils/debuginfod.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
	debuginfod_client *client;
	typeof(debuginfod_begin) *begin;
	typeof(debuginfod_find_debuginfo) *find;
	typeof(debuginfod_set_progressfn) *set_progress;
} library;

static bool allowed;

/* Called every now and then; what is not 0 ends the transfer. */
static int show_progress(UNUSED debuginfod_client *client, long done, long all)
{
	if (interrupt_pending())
		return 1;
	/* Until a server answers, there is nothing to count. */
	progress_at(all > 0 ? (u64)done : 0, all > 0 ? (u64)all : 0);
	return 0;
}

static bool load_library(struct strbuf *why)
{
	void *handle = dlopen(DEBUGINFOD_SONAME, RTLD_NOW);

	if (!handle) {
		strbuf_printf(why, "needs the library of Debian's package libdebuginfod1: %s",
			      dlerror());
		return false;
	}
	library.begin = (typeof(library.begin))dlsym(handle, "debuginfod_begin");
	library.find = (typeof(library.find))dlsym(handle, "debuginfod_find_debuginfo");
	library.set_progress = (typeof(library.set_progress))dlsym(handle,
								   "debuginfod_set_progressfn");
	if (library.begin && library.find && library.set_progress)
		library.client = library.begin();
	if (!library.client)
		strbuf_puts(why, "its library does not start");
	return library.client != NULL;
}

bool debuginfod_allow(struct strbuf *why)
{
	const char *urls = getenv(DEBUGINFOD_URLS_ENV_VAR);

	if (!urls || !*urls) {
		strbuf_puts(why, "DEBUGINFOD_URLS names no server");
		return false;
	}
	if (!library.client && !load_library(why))
		return false;
	library.set_progress(library.client, show_progress);
	allowed = true;
	return true;
}

void debuginfod_forbid(void)
{
	allowed = false;
}

bool debuginfod_allowed(void)
{
	return allowed;
}

/*
 * Removes the mark of the library that says that no server has the file, which it leaves
 * for ten minutes.
 */
static void forget_miss(const u8 *build_id, u32 bytes)
{
	const char *cache = getenv(DEBUGINFOD_CACHE_PATH_ENV_VAR), *home = getenv("HOME");
	const char *xdg = getenv("XDG_CACHE_HOME");
	struct strbuf path = { 0 };
	struct stat status;

	if (cache && *cache)
		strbuf_puts(&path, cache);
	else if (xdg && *xdg)
		strbuf_printf(&path, "%s/debuginfod_client", xdg);
	else if (home)
		strbuf_printf(&path, "%s/.cache/debuginfod_client", home);
	strbuf_putc(&path, '/');
	elf_debug_add_build_id(&path, build_id, bytes);
	strbuf_puts(&path, "/debuginfo");
	if (stat(path.text, &status) == 0 && !status.st_size)
		unlink(path.text);
	strbuf_free(&path);
}

char *debuginfod_get(const u8 *build_id, u32 bytes, struct strbuf *why)
{
	char *path = NULL;
	int fd;

	if (!bytes) {
		strbuf_puts(why, "without a build-id there is nothing to ask for");
		return NULL;
	}
	progress_begin("debuginfod", PROGRESS_BYTES);
	fd = library.find(library.client, build_id, (int)bytes, &path);
	progress_end();
	if (fd >= 0) {
		close(fd);
		return path;
	}
	if (interrupt_pending()) {
		/*
		 * Ctrl-C ends the transfer, not what can go on without the file; and it is
		 * not begun again.
		 */
		interrupt_clear();
		forget_miss(build_id, bytes);
		debuginfod_forbid();
		strbuf_puts(why, "interrupted, and not asked again before \"set debuginfod on\"");
	} else {
		strbuf_puts(why, strerror(-fd));
	}
	return NULL;
}
