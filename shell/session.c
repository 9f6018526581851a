/* shell/session.c - the opened dump, and which files it asks for. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/session.h"

#include "base/fail.h"
#include "bridge/gdb_bridge.h"
#include "containers/kpercpu.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/slabmap.h"
#include "kernel/module.h"
#include "kernel/unwind/orc.h"
#include "memory.h"
#include "names/debuginfod.h"
#include "names/elfdebug.h"
#include "names/runningkernel.h"
#include "task.h"

#include <stdio.h>
#include <stdlib.h>

struct session session = { .refresh = true };

void session_refresh(void)
{
	/* With --minimal and the like, or before start-up ended, nothing needs a refresh. */
	if (!session.dump || !session.dump->live || !session.refresh)
		return;
	dump_refresh(session.dump);
	memory_forget_translations();
	cpus_forget();
	task_reset();
	slab_map_forget();
	slab_forget();
	if (module_refresh())
		orc_forget_modules();
	gdb_bridge_changed();
}

const char *session_wanted_vmlinux(void)
{
	struct strbuf *text = scope_strbuf();
	char release[128] = "of this dump", build_id[96] = "not recorded in it";

	vmcoreinfo_string(&session.vmcoreinfo, "OSRELEASE", release, sizeof(release));
	if (!vmcoreinfo_string(&session.vmcoreinfo, "BUILD-ID", build_id, sizeof(build_id)) &&
	    session.vmlinux && session.vmlinux->build_id_bytes) {
		elf_debug_add_build_id(text, session.vmlinux->build_id,
				       session.vmlinux->build_id_bytes);
		snprintf(build_id, sizeof(build_id), "%s", strbuf_text(text));
		strbuf_reset(text);
	}
	strbuf_printf(text, "the vmlinux of kernel %s, build-id %s, in ", release, build_id);
	kernel_package(release, text);
	return strbuf_text(text);
}

/* What identifies the kernel: what it wrote down, or else the file that was opened for it. */
static u32 kernel_build_id(u8 *build_id, u32 space)
{
	char text[2 * 64 + 1];

	if (vmcoreinfo_string(&session.vmcoreinfo, "BUILD-ID", text, sizeof(text)))
		return build_id_from_text(text, build_id, space);
	if (!session.vmlinux)
		return 0;
	memcpy(build_id, session.vmlinux->build_id, session.vmlinux->build_id_bytes);
	return session.vmlinux->build_id_bytes;
}

bool session_fetch_debug_file(struct strbuf *why)
{
	static struct vmlinux fetched;
	u8 build_id[sizeof(fetched.build_id)];
	u32 bytes = kernel_build_id(build_id, sizeof(build_id));
	char *path = debuginfod_get(build_id, bytes, why);

	if (!path || !vmlinux_open_stripped(&fetched, path, why)) {
		free(path);
		return false;
	}
	if (fetched.has_dwarf && fetched.build_id_bytes == bytes &&
	    memcmp(fetched.build_id, build_id, bytes) == 0) {
		session.debug_vmlinux = &fetched;
		return true;
	}
	strbuf_puts(why, "the server gave a file of another kernel, or one without DWARF");
	vmlinux_close(&fetched);
	free(path);
	return false;
}
