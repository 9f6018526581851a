/* start/opening.c - the dump and what its kernel wrote down about itself; the kernel's files. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "start/opening.h"

#include "base/fail.h"
#include "dump/dumpfile.h"
#include "dump/elfwrite.h"
#include "dump/live.h"
#include "dump/rawmem.h"
#include "dump/vmcoreinfo.h"
#include "kernel.h"
#include "kernel/kernelsearch.h"
#include "names/debuginfod.h"
#include "names/elfdebug.h"
#include "names/runningkernel.h"
#include "names/systemmap.h"
#include "shell/session.h"

#include <stdlib.h>
#include <unistd.h>

enum { MOST_REMARKS = 40 };

static bool names_file(const struct dump *dump, const char *line)
{
	size_t i = 0;

	while (i < dump->nr_files && !starts_with(line, dump->files[i].path))
		i++;
	return i < dump->nr_files;
}

/*
 * What is wrong with the dump though it opened: a line each. Thousands of damaged headers would
 * say the same, or nearly so: what the line before said is not said again, and MOST_REMARKS
 * lines are enough.
 */
static void warn_of_remarks(const struct dump *dump)
{
	const char *line = strbuf_text(&dump->remarks), *last = "";
	size_t length, last_length = 0, nr_told = 0, nr_left_out = 0;

	for (; *line; line += length + (line[length] == '\n')) {
		length = strcspn(line, "\n");
		if (length == last_length && memcmp(line, last, length) == 0)
			continue;
		last = line;
		last_length = length;
		if (nr_told++ >= MOST_REMARKS)
			nr_left_out++;
		else if (names_file(dump, line))
			warn("%.*s", (int)length, line);
		else
			warn("%s: %.*s", session.dump_path, (int)length, line);
	}
	if (nr_left_out)
		warn("%s: %zu more lines on what is wrong are left out", session.dump_path,
		     nr_left_out);
}

/*
 * Only when no file was named: a dump that does not open is never replaced by the running kernel.
 */
static void open_live(struct strbuf *why)
{
	session.dump = dump_open_live(why);
	if (!session.dump)
		fail("no dump given (crash VMLINUX DUMP), "
		     "and the running kernel's memory cannot be read: %s: %s",
		     live_files.kcore, strbuf_text(why));
	session.dump_path = session.dump->path;
	vmcoreinfo_load(session.dump, kernel_runs, &session.vmcoreinfo);
}

/* Puts FOUND in the place of what the session knows of the dump's kernel. */
static void take_record(const struct vmcoreinfo *found)
{
	vmcoreinfo_free(&session.vmcoreinfo);
	session.vmcoreinfo = *found;
}

static bool has_names_given(const struct arguments *arguments)
{
	return arguments->vmlinux || arguments->system_map || arguments->find_system_map;
}

/*
 * What a kernel wrote down about itself: in a note, or found in memory. When it is wrong, or not
 * there, the kernel is looked for; with a vmlinux that is left to findkernel_locate(), which knows
 * what to look for.
 */
static void find_record(struct opening *opening, const struct arguments *arguments)
{
	struct strbuf *why = scope_strbuf();
	struct vmcoreinfo found;

	vmcoreinfo_load(session.dump, kernel_runs, &session.vmcoreinfo);
	if (!kernel_is_wanted(&session.vmcoreinfo) ||
	    !x86_64_ops.find_kaslr(session.dump, NULL, &session.vmcoreinfo, &opening->layout,
				   why)) {
		if (session.vmcoreinfo.text && !session.vmcoreinfo.found_in_memory &&
		    !session.vmcoreinfo.searched &&
		    vmcoreinfo_search(session.dump, kernel_runs, &found))
			take_record(&found);
		else if (!has_names_given(arguments) && !session.minimal &&
			 kernel_search(session.dump, &found, why))
			take_record(&found);
		else if (why->length)
			opening->search_problem = xasprintf("; a search for it: %s",
							    strbuf_text(why));
	}
	interrupt_check();
	if (session.dump->vmcoreinfo && session.vmcoreinfo.found_in_memory &&
	    !arguments->question && !arguments->kernel_chosen)
		warn("%s: its VMCOREINFO note leads to no kernel; "
		     "what memory itself has of one is used",
		     session.dump_path);
	if (!kernel_is_wanted(&session.vmcoreinfo) && has_names_given(arguments)) {
		/* The record is another kernel's; these names find the one that is wanted. */
		vmcoreinfo_free(&session.vmcoreinfo);
		return;
	}
	if (!kernel_is_wanted(&session.vmcoreinfo))
		fail("%s: no kernel is found in it at the offset that --kaslr gives",
		     session.dump_path);
	if (session.vmcoreinfo.remark && !arguments->question && !arguments->kernel_chosen)
		warn("%s: %s", session.dump_path, session.vmcoreinfo.remark);
}

/* -o: raw memory alone has no file that says where it belongs. */
static void write_elf(const struct arguments *arguments)
{
	struct strbuf *why = scope_strbuf();

	if (session.dump->ops != &rawmem_ops)
		fail("-o writes raw memory, given as IMAGE@ADDRESS; %s has a header of its own",
		     session.dump_path);
	if (!elf_write(session.dump, arguments->elf_path, &session.vmcoreinfo, why))
		fail("-o: %s: %s", arguments->elf_path, strbuf_text(why));
}

void opening_dump(struct opening *opening, struct arguments *arguments, struct strbuf *why)
{
	if (!arguments->nr_dumps && arguments->question)
		fail("no dump given: crash VMLINUX DUMP");
	if (!arguments->nr_dumps) {
		open_live(why);
		return;
	}
	session.dump_path = arguments->dumps[0];
	session.dump = dump_open(arguments->dumps, arguments->nr_dumps, why);
	if (!session.dump && arguments->nr_dumps > 1)
		fail("%s", strbuf_text(why));
	if (!session.dump)
		fail("%s: %s", session.dump_path, strbuf_text(why));
	if (session.dump->incomplete)
		fault_dump_is_incomplete();
	if (!arguments->question)
		warn_of_remarks(session.dump);
	find_record(opening, arguments);
	if (arguments->elf_path)
		write_elf(arguments);
}

/* What no place here has, when the user said that it may be asked for elsewhere. */
static char *ask_debuginfod(const u8 *build_id, u32 bytes, struct strbuf *report)
{
	struct strbuf *why = scope_strbuf();
	char *path;

	if (!debuginfod_allowed())
		return NULL;
	path = debuginfod_get(build_id, bytes, why);
	if (!path)
		warn("debuginfod: the debug information of this kernel: %s", strbuf_text(why));
	if (report)
		strbuf_printf(report, "  debuginfod: %s\n", path ? path : strbuf_text(why));
	return path;
}

/*
 * By the release and the build-id that the dump's kernel wrote down; NULL: none, and all names come
 * from the dump.
 */
static char *find_dumped_vmlinux(struct strbuf *report)
{
	struct running_kernel kernel = { 0 };
	char build_id[2 * sizeof(kernel.build_id) + 1];
	char *found;

	if (!vmcoreinfo_string(&session.vmcoreinfo, "OSRELEASE", kernel.release,
			       sizeof(kernel.release)) ||
	    !vmcoreinfo_string(&session.vmcoreinfo, "BUILD-ID", build_id, sizeof(build_id)))
		return NULL;
	kernel.build_id_bytes = build_id_from_text(build_id, kernel.build_id,
						   sizeof(kernel.build_id));
	found = dumped_kernel_vmlinux(&kernel, session.dump_path, "", report);
	return found ? found : ask_debuginfod(kernel.build_id, kernel.build_id_bytes, report);
}

/*
 * Names come from the file with a symbol table, and of two the one that has the
 * kernel's image as well.
 */
static void order_files(struct opening *opening)
{
	struct vmlinux first = opening->vmlinux;

	if (opening->partner.stripped ||
	    (!opening->vmlinux.stripped && (opening->vmlinux.banner || !opening->partner.banner)))
		return;
	opening->vmlinux = opening->partner;
	opening->partner = first;
}

/* The two files that debug packages split a kernel into. */
static void open_partner(struct opening *opening, const char *path, struct strbuf *why)
{
	if (!vmlinux_open_stripped(&opening->partner, path, why))
		fail("%s: %s", path, strbuf_text(why));
	if (opening->partner.build_id_bytes != opening->vmlinux.build_id_bytes ||
	    memcmp(opening->partner.build_id, opening->vmlinux.build_id,
		   opening->vmlinux.build_id_bytes) != 0) {
		elf_debug_add_build_id(why, opening->vmlinux.build_id,
				       opening->vmlinux.build_id_bytes);
		strbuf_puts(why, " and ");
		elf_debug_add_build_id(why, opening->partner.build_id,
				       opening->partner.build_id_bytes);
		fail("%s and %s are of different kernels: build-ids %s", opening->vmlinux.file.path,
		     path, strbuf_text(why));
	}
	if (opening->vmlinux.has_dwarf == opening->partner.has_dwarf &&
	    opening->vmlinux.stripped == opening->partner.stripped)
		fail("%s and %s: neither has what the other lacks, symbols or debug information",
		     opening->vmlinux.file.path, path);
	order_files(opening);
}

/* Where .gnu_debuglink and the build-id lead. */
static void find_partner(struct opening *opening, struct strbuf *why, struct strbuf *report)
{
	struct elf_debug debug;
	char *path;

	if (!elf_debug_read(&opening->vmlinux.file, &debug))
		return;
	path = elf_debug_find(opening->vmlinux.file.path, &debug, "", report);
	if (!path)
		path = ask_debuginfod(debug.build_id, debug.build_id_bytes, report);
	if (path && vmlinux_open_stripped(&opening->partner, path, why))
		order_files(opening);
	strbuf_reset(why);
}

void opening_vmlinux(struct opening *opening, struct arguments *arguments, struct strbuf *why)
{
	struct strbuf *report = arguments->explain ? &opening->places : NULL;

	if (arguments->explain && arguments->vmlinux)
		strbuf_printf(&opening->places, "  %s: named\n", arguments->vmlinux);
	if (!arguments->vmlinux && session.dump->live) {
		struct running_kernel running;

		running_kernel_identity(&running);
		arguments->vmlinux = running_kernel_vmlinux(&running, "", why, report);
		if (!arguments->vmlinux)
			fail("%s", strbuf_text(why));
	}
	if (!arguments->vmlinux)
		arguments->vmlinux = find_dumped_vmlinux(report);
	if (!arguments->vmlinux)
		return;
	if (!vmlinux_open_stripped(&opening->vmlinux, arguments->vmlinux, why))
		fail("%s: %s", arguments->vmlinux, strbuf_text(why));
	if (arguments->partner)
		open_partner(opening, arguments->partner, why);
	else if (!opening->vmlinux.has_dwarf)
		find_partner(opening, why, report);
	session.vmlinux_path = opening->vmlinux.file.path;
	session.vmlinux = &opening->vmlinux;
	session.debug_vmlinux = opening->vmlinux.has_dwarf   ? &opening->vmlinux
				: opening->partner.has_dwarf ? &opening->partner
							     : NULL;
}

void opening_system_map(struct opening *opening, struct arguments *arguments, struct strbuf *why)
{
	const char *path = arguments->system_map;
	char release[128] = "", *kept;

	if (!path && !arguments->find_system_map)
		return;
	if (!path) {
		vmcoreinfo_string(&session.vmcoreinfo, "OSRELEASE", release, sizeof(release));
		path = scope_printf("/boot/System.map-%s", release);
	}
	if (!arguments->system_map && access(path, F_OK) != 0 &&
	    access("/boot/System.map", F_OK) != 0)
		fail("-S: there is neither %s nor /boot/System.map", path);
	if (!arguments->system_map && access(path, F_OK) != 0)
		path = "/boot/System.map";
	kept = xstrdup(path);
	if (!system_map_open(&opening->system_map, kept, why)) {
		free(kept);
		fail("%s: %s", path, strbuf_text(why));
	}
	if (!system_map_fits(&opening->system_map, &session.vmcoreinfo, why)) {
		if (!arguments->force)
			fail("%s and %s do not match: %s (-f tries all the same)", path,
			     session.dump_path, strbuf_text(why));
		warn("%s and %s do not match: %s", path, session.dump_path, strbuf_text(why));
		strbuf_reset(why);
	}
	session.system_map = opening->system_map.file.path;
}

void opening_leave_stripped_vmlinux(struct opening *opening)
{
	if (!session.vmlinux || !opening->vmlinux.stripped)
		return;
	if (!session.system_map)
		warn("%s has no symbol table and no debug information: names and types come "
		     "from the dump; lines and variables' types need %s",
		     session.vmlinux_path, session_wanted_vmlinux());
	session.vmlinux = NULL;
	session.vmlinux_path = NULL;
	kernel_setup(NULL, &session.vmcoreinfo);
}
