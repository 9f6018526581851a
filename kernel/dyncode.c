/* kernel/dyncode.c - code that the kernel wrote while it ran: BPF programs, trampolines, probes' pieces. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is known of each piece, in the kernel's own lists:
 *	bpf_kallsyms			bpf_ksym: programs, their functions, BPF's trampolines
 *	ftrace_ops_trampoline_list	ftrace_ops.trampoline: a copy of ftrace_caller, or of
 *					ftrace_regs_caller, made for one user of ftrace
 *	kprobe_insn_slots,		kprobe_insn_page.insns: single instructions and detours
 *	kprobe_optinsn_slots
 */
#include "kernel/dyncode.h"

#include "base/fail.h"
#include "containers/klist.h"
#include "memory.h"
#include "names/kfield.h"
#include "symbols.h"

#include <ctype.h>
#include <stdlib.h>

KSYMBOL(bpf_list, "bpf_kallsyms");
KFIELD(bpf_link, "bpf_ksym.lnode");
KFIELD(bpf_start, "bpf_ksym.start");
KFIELD(bpf_end, "bpf_ksym.end");
KFIELD(bpf_name, "bpf_ksym.name");
KSYMBOL(ftrace_list, "ftrace_ops_trampoline_list");
KFIELD(ftrace_link, "ftrace_ops.list");
KFIELD(ftrace_flags, "ftrace_ops.flags");
KFIELD(ftrace_trampoline, "ftrace_ops.trampoline");
KFIELD(ftrace_trampoline_bytes, "ftrace_ops.trampoline_size");
KENUM(ftrace_saves_regs, "FTRACE_OPS_FL_SAVE_REGS");
KSYMBOL(ftrace_caller, "ftrace_caller");
KSYMBOL(ftrace_regs_caller, "ftrace_regs_caller");
KSYMBOL(probe_slots, "kprobe_insn_slots");
KSYMBOL(detour_slots, "kprobe_optinsn_slots");
KFIELD(slot_pages, "kprobe_insn_cache.pages");
KFIELD(page_link, "kprobe_insn_page.list");
KFIELD(page_insns, "kprobe_insn_page.insns");

#define MAX_PIECE_BYTES (64ULL << 20)

/* The lists again, as one: what the names were made of. */
struct piece {
	struct address_range range;
	u64 original; /* of ftrace's copies; 0: no copy */
	char *name; /* heap */
};

typedef VECTOR(struct piece) piece_list;

static piece_list bpf_pieces, ftrace_pieces, probe_pieces;
static bool known;

static void add_piece(piece_list *pieces, u64 start, u64 end, u64 original, const char *name)
{
	if (start >> 63 == 0 || end <= start || end - start > MAX_PIECE_BYTES || !*name)
		return;
	*vector_add(pieces) = (struct piece){ { start, end }, original, xstrdup(name) };
}

static void warn_if_stopped(const struct klist_iter *it, const char *what)
{
	/* After Ctrl-C nobody waits for them, and they are looked for again. */
	if (it->stopped && !interrupt_pending())
		warn("%s: some have no names: %s", what, klist_why((struct klist_iter *)it));
}

static void find_bpf(UNUSED void *arg)
{
	struct klist_iter it;
	u64 ksym;

	if (!ksymbol_exists(&bpf_list) || !kfield_exists(&bpf_link))
		return;
	klist_begin(&it, ksymbol_address(&bpf_list), kfield_offset(&bpf_link));
	while (klist_next(&it, &ksym)) {
		char name[512] = "";
		u64 start, end;

		if (!field_try_u64(ksym, &bpf_start, &start, NULL) ||
		    !field_try_u64(ksym, &bpf_end, &end, NULL) ||
		    !mem_try_string(field_address(ksym, &bpf_name), name,
				    min_u64(sizeof(name), kfield_size(&bpf_name)), NULL))
			continue;
		for (char *p = name; *p; p++) {
			if (!isgraph((unsigned char)*p))
				*p = '?';
		}
		add_piece(&bpf_pieces, start, end, 0, name);
	}
	warn_if_stopped(&it, "BPF programs");
}

static u64 copied_code(u64 ops)
{
	u64 flags;
	struct ksymbol *caller = &ftrace_caller;

	if (!kenum_exists(&ftrace_saves_regs) || !field_try_u64(ops, &ftrace_flags, &flags, NULL))
		return 0;
	if (flags & (u64)kenum_value(&ftrace_saves_regs))
		caller = &ftrace_regs_caller;
	return ksymbol_exists(caller) ? ksymbol_address(caller) : 0;
}

static void find_ftrace(UNUSED void *arg)
{
	struct klist_iter it;
	u64 ops;

	if (!ksymbol_exists(&ftrace_list) || !kfield_exists(&ftrace_trampoline))
		return;
	klist_begin(&it, ksymbol_address(&ftrace_list), kfield_offset(&ftrace_link));
	while (klist_next(&it, &ops)) {
		u64 start, bytes;

		if (field_try_u64(ops, &ftrace_trampoline, &start, NULL) &&
		    field_try_u64(ops, &ftrace_trampoline_bytes, &bytes, NULL) &&
		    bytes < MAX_PIECE_BYTES)
			add_piece(&ftrace_pieces, start, start + bytes, copied_code(ops),
				  "ftrace_trampoline");
	}
	warn_if_stopped(&it, "ftrace's trampolines");
}

static void find_pages(struct ksymbol *slots, const char *name)
{
	struct klist_iter it;
	u64 page, insns;

	if (!ksymbol_exists(slots) || !kfield_exists(&page_link) || !kfield_exists(&slot_pages))
		return;
	klist_begin(&it, field_address(ksymbol_address(slots), &slot_pages),
		    kfield_offset(&page_link));
	while (klist_next(&it, &page)) {
		if (field_try_u64(page, &page_insns, &insns, NULL))
			add_piece(&probe_pieces, insns, insns + PAGE_BYTES, 0, name);
	}
	warn_if_stopped(&it, "pages of probes");
}

static void find_probes(UNUSED void *arg)
{
	find_pages(&probe_slots, "kprobe_insn_page");
	find_pages(&detour_slots, "kprobe_optinsn_page");
}

static void forget(piece_list *pieces)
{
	for (size_t i = 0; i < pieces->count; i++)
		free(pieces->items[i].name);
	vector_free(pieces);
}

static void find_all(void)
{
	forget(&bpf_pieces);
	forget(&ftrace_pieces);
	forget(&probe_pieces);
	/* Each may be damaged: the others still have their names. */
	protect(find_bpf, NULL, NULL);
	protect(find_ftrace, NULL, NULL);
	protect(find_probes, NULL, NULL);
	known = !interrupt_pending();
}

static void add_owner(const char *name, const piece_list *pieces)
{
	struct address_range *ranges;
	const struct symbol_module *owner;

	if (!pieces->count)
		return;
	ranges = xreallocarray(NULL, pieces->count, sizeof(*ranges));
	for (size_t i = 0; i < pieces->count; i++)
		ranges[i] = pieces->items[i].range;
	owner = symbols_add_module(name, 0, ranges[0].start, 0, ranges, pieces->count);
	for (size_t i = 0; i < pieces->count; i++)
		symbols_add(owner, pieces->items[i].name, ranges[i].start,
			    (u32)(ranges[i].end - ranges[i].start), 't');
	free(ranges);
}

void dyncode_add_symbols(void)
{
	find_all();
	add_owner("bpf", &bpf_pieces);
	add_owner("__builtin__ftrace", &ftrace_pieces);
	add_owner("__builtin__kprobes", &probe_pieces);
}

static u64 digest(void)
{
	const piece_list *const lists[] = { &bpf_pieces, &ftrace_pieces, &probe_pieces };
	u64 value = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		for (size_t j = 0; j < lists[i]->count; j++)
			value = value * 31 + lists[i]->items[j].range.start * 7 +
				lists[i]->items[j].range.end;
	}
	return value;
}

bool dyncode_changed(void)
{
	u64 before = digest();

	if (!known)
		return false;
	find_all();
	return digest() != before;
}

bool dyncode_copied_from(u64 address, u64 *original)
{
	for (size_t i = 0; i < ftrace_pieces.count; i++) {
		const struct piece *piece = &ftrace_pieces.items[i];

		if (!piece->original || address < piece->range.start || address >= piece->range.end)
			continue;
		*original = piece->original + (address - piece->range.start);
		return true;
	}
	return false;
}
