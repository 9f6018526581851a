/* start/findkernel.c - opening's second half: the kernel in the dump, its names and its types. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "start/findkernel.h"

#include "base/fail.h"
#include "dump/dumpfile.h"
#include "kernel.h"
#include "kernel/kallsyms.h"
#include "memory.h"
#include "names/btf.h"
#include "names/coreinfo.h"
#include "names/dwarftypes.h"
#include "names/types.h"
#include "shell/session.h"
#include "symbols.h"

#include <stdlib.h>

#define MAX_BTF_BYTES (256ULL << 20)

void findkernel_check_match(struct opening *opening, struct arguments *arguments,
			    bool (*matches)(struct strbuf *difference))
{
	struct strbuf *difference = scope_strbuf();

	if (!session.vmlinux || opening->differ || matches(difference))
		return;
	if (!arguments->force)
		fail("%s and %s do not match: %s (-f tries all the same)", session.vmlinux_path,
		     session.dump_path, strbuf_text(difference));
	warn("%s and %s do not match: %s", session.vmlinux_path, session.dump_path,
	     strbuf_text(difference));
	opening->differ = true;
}

/*
 * Names out of the dump: its image can be read before any region is known. With --minimal those few
 * that VMCOREINFO has must do.
 */
static void load_dumped_symbols(struct opening *opening, bool found, struct strbuf *why)
{
	x86_64_ops.find_bare_layout(session.dump, &session.vmcoreinfo, &opening->layout);
	memory_init(session.dump, &x86_64_ops, &opening->layout);
	if (found && kallsyms_load(&session.vmcoreinfo, opening->layout.kaslr_offset, why))
		return;
	if (!session.minimal)
		fail("%s: no vmlinux, and %s%s; needed is %s%s", session.dump_path,
		     strbuf_text(why), opening->search_problem ? opening->search_problem : "",
		     session.dump->incomplete ? "the whole file, or for what is left of it " : "",
		     session_wanted_vmlinux());
	if (found)
		warn("%s: only the few names in VMCOREINFO are known", strbuf_text(why));
	strbuf_reset(why);
	coreinfo_symbols(&session.vmcoreinfo);
}

/* What is left when the kernel's image is nowhere. */
static void tell_only_physical(const struct vmlinux *names, const char *why)
{
	if (names)
		warn("%s: only physical addresses can be read, and symbols are where %s has them",
		     why, names->file.path);
	else if (session.vmcoreinfo.text)
		warn("%s: its VMCOREINFO leads to no kernel: "
		     "only physical addresses can be read, and the few names that it has are known",
		     session.dump_path);
	else
		warn("%s: it has no VMCOREINFO, and no vmlinux is given: "
		     "only physical addresses can be read, and no names are known",
		     session.dump_path);
}

/*
 * Where the kernel's image, tables and regions are. What cannot be found is told in one line, and
 * what does not need it works.
 */
void findkernel_locate(struct opening *opening, struct strbuf *why)
{
	const struct vmlinux *names = session.system_map ? &opening->system_map : session.vmlinux;
	bool found = x86_64_ops.find_kaslr(session.dump, names, &session.vmcoreinfo,
					   &opening->layout, why);
	struct strbuf *problem = scope_strbuf();

	if (!session.system_map && !session.vmlinux)
		load_dumped_symbols(opening, found, why);
	else if (!found && !session.minimal)
		fail("%s with %s: %s (--minimal opens them all the same)", session.dump_path,
		     names->file.path, strbuf_text(why));
	else if (!symbols_load_vmlinux(names, opening->layout.kaslr_offset, problem))
		fail("%s", strbuf_text(problem));
	if (found &&
	    x86_64_ops.find_layout(session.dump, &session.vmcoreinfo, &opening->layout, why))
		return;
	/* With another kernel's names nothing but nonsense would follow. */
	if (found && opening->differ && names)
		fail("%s with %s: %s", session.dump_path, names->file.path, strbuf_text(why));
	if (found)
		warn("%s: only the kernel's image, "
		     "and what page tables in the dump lead to, can be read",
		     strbuf_text(why));
	else
		tell_only_physical(names, strbuf_text(why));
	strbuf_reset(why);
	x86_64_ops.find_bare_layout(session.dump, &session.vmcoreinfo, &opening->layout);
}

/* Copied: a read of one type would otherwise be thousands of reads of the dump. */
static u8 *dumped_btf(u64 *size, struct strbuf *why)
{
	const struct symbol *start = symbol_by_name("__start_BTF");
	const struct symbol *stop = symbol_by_name("__stop_BTF");
	struct fault fault;
	u8 *copy;

	if (!start || !stop || stop->value <= start->value ||
	    stop->value - start->value > MAX_BTF_BYTES) {
		strbuf_puts(why, "this kernel carries no BTF (CONFIG_DEBUG_INFO_BTF)");
		return NULL;
	}
	*size = stop->value - start->value;
	copy = xmalloc(*size);
	if (mem_try_read(start->value, copy, *size, &fault))
		return copy;
	free(copy);
	strbuf_printf(why, "cannot read the kernel's BTF at %016llx: %s", fault.address,
		      fault_text(&fault));
	return NULL;
}

/*
 * False: nothing refers to DATA any more. *why keeps what is to be said where no types are
 * found at all.
 */
static bool take_btf(const u8 *data, u64 size, struct strbuf *why)
{
	struct btf *btf = btf_open(data, size, NULL, why);

	if (!why->length) {
		types_set_btf(btf);
		return true;
	}
	if (session.debug_vmlinux) {
		warn("%s: %s; structures come from its DWARF", session.vmlinux_path,
		     strbuf_text(why));
		strbuf_reset(why);
		btf_close(btf);
		return false;
	}
	if (!btf)
		return false;
	warn("%s; it and the types after it are missing", strbuf_text(why));
	strbuf_reset(why);
	types_set_btf(btf);
	return true;
}

void findkernel_types(struct opening *opening, struct strbuf *why)
{
	const u8 *data;
	u64 size, address;
	u8 *copy = NULL;

	/* A debug-only file has none, though its kernel does. */
	if (!session.vmlinux || !vmlinux_section(&opening->vmlinux, ".BTF", &data, &size, &address))
		data = copy = dumped_btf(&size, why);
	if (!data) {
		if (session.vmlinux)
			strbuf_reset(why);
		return;
	}
	if (!take_btf(data, size, why))
		free(copy);
}

void findkernel_types_of_dwarf(struct strbuf *why)
{
	struct strbuf *dwarf_why = scope_strbuf();

	if (types_available()) {
		dwarf_types_complete();
		return;
	}
	if (!session.vmlinux) {
		warn("%s: only names, memory and the log can be shown; all else needs %s",
		     strbuf_text(why), session_wanted_vmlinux());
		coreinfo_types(&session.vmcoreinfo);
		strbuf_reset(why);
		return;
	}
	if (dwarf_types_setup(dwarf_why))
		return;
	warn("%s has no BTF, and no DWARF either: %s%s%s", session.vmlinux_path, strbuf_text(why),
	     why->length ? "; " : "", strbuf_text(dwarf_why));
	strbuf_reset(why);
}
