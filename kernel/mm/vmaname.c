/* kernel/mm/vmaname.c - names of mappings and of their flags. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/mm/vmaname.h"

#include "base/fail.h"
#include "kernel/fs/vfs.h"
#include "memory.h"

#include <ctype.h>

KFIELD(vma_ops, "vm_area_struct.vm_ops");
KFIELD(vma_private_data, "vm_area_struct.vm_private_data");
KFIELD(vma_shared, "vm_area_struct.shared");
KFIELD(vma_anon_name, "vm_area_struct.anon_name"); /* v5.17, with CONFIG_ANON_VMA_NAME */
KFIELD(anon_name_text, "anon_vma_name.name");
KFIELD(special_mapping_name, "vm_special_mapping.name");
KFIELD(mm_start_brk, "mm_struct.start_brk");
KFIELD(mm_brk, "mm_struct.brk");
KFIELD(mm_start_stack, "mm_struct.start_stack");
KSYMBOL(special_mapping_ops, "special_mapping_vmops");
KSYMBOL(flag_names, "vmaflag_names");
KFIELD(flag_name_mask, "trace_print_flags.mask");
KFIELD(flag_name_text, "trace_print_flags.name");
KTYPE(flag_name_type, "struct trace_print_flags");

#define ANON_NAME_SPACE 80 /* with its NUL: the most that prctl() takes */
#define MOST_FLAG_NAMES 128

static const char unreadable[] = "(unreadable name)";

/* Up to v6.1 the name shares its place with a tree of mappings of files. */
static bool may_have_anon_name(const struct vma *vma)
{
	return kfield_exists(&vma_anon_name) &&
	       (!vma->file || !kfield_exists(&vma_shared) ||
		kfield_offset(&vma_anon_name) != kfield_offset(&vma_shared));
}

/* The name that the process gave it by prctl(); NULL: none. Scope memory. */
static const char *anon_name(const struct vma *vma)
{
	char *name;
	u64 address;

	if (!may_have_anon_name(vma))
		return NULL;
	if (!field_try_u64(vma->address, &vma_anon_name, &address, NULL))
		return unreadable;
	if (!address)
		return NULL;
	name = scope_alloc(ANON_NAME_SPACE);
	if (!mem_try_string(field_address(address, &anon_name_text), name, ANON_NAME_SPACE, NULL))
		return unreadable;
	return name;
}

/* Of memory that the kernel maps into every process it keeps the name itself. */
static bool is_special(const struct vma *vma)
{
	u64 ops;

	return ksymbol_exists(&special_mapping_ops) &&
	       field_try_u64(vma->address, &vma_ops, &ops, NULL) &&
	       ops == ksymbol_address(&special_mapping_ops);
}

static void add_special_name(const struct vma *vma, struct strbuf *text)
{
	char name[64];
	u64 mapping, address;

	if (field_try_u64(vma->address, &vma_private_data, &mapping, NULL) &&
	    field_try_u64(mapping, &special_mapping_name, &address, NULL) &&
	    mem_try_string(address, name, sizeof(name), NULL))
		strbuf_puts(text, name);
	else
		strbuf_puts(text, unreadable);
}

static bool is_heap(u64 mm, const struct vma *vma)
{
	u64 start, end;

	return field_try_u64(mm, &mm_start_brk, &start, NULL) &&
	       field_try_u64(mm, &mm_brk, &end, NULL) && vma->start < end && vma->end > start;
}

static bool is_stack(u64 mm, const struct vma *vma)
{
	u64 start;

	return field_try_u64(mm, &mm_start_stack, &start, NULL) && vma->start <= start &&
	       vma->end >= start;
}

void vma_name(u64 mm, const struct vma *vma, struct strbuf *text)
{
	const char *given = anon_name(vma);

	if (vma->file && given)
		strbuf_printf(text, "[anon_shmem:%s]", given);
	else if (vma->file)
		vma_file_name(vma, text);
	else if (is_special(vma))
		add_special_name(vma, text);
	else if (is_heap(mm, vma))
		strbuf_puts(text, "[heap]");
	else if (is_stack(mm, vma))
		strbuf_puts(text, "[stack]");
	else if (given)
		strbuf_printf(text, "[anon:%s]", given);
}

/* The bits of VM_READ, VM_WRITE, VM_EXEC and VM_SHARED are those of PROT_* and stay. */
void vma_permissions(const struct vma *vma, char text[5])
{
	text[0] = vma->flags & 1 ? 'r' : '-';
	text[1] = vma->flags & 2 ? 'w' : '-';
	text[2] = vma->flags & 4 ? 'x' : '-';
	text[3] = vma->flags & 8 ? 's' : 'p';
	text[4] = '\0';
}

/* ---- flags ---- */

/* By bit; NULL: it has none. */
struct flag_table {
	const char *names[64];
};

/* "seqread" becomes "SEQ_READ", as VM_SEQ_READ is called. Scope memory. */
static const char *flag_name(const char *word)
{
	char *name = scope_strdup(word);

	if (streq(word, "seqread"))
		return "SEQ_READ";
	if (streq(word, "randread"))
		return "RAND_READ";
	for (char *at = name; *at; at++)
		*at = (char)toupper((unsigned char)*at);
	return name;
}

static bool is_name(const char *name)
{
	return *name && !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")];
}

/* An entry with the mask 0 ends the table. */
static void read_table(struct flag_table *table)
{
	u64 at = ksymbol_address(&flag_names), mask;
	char name[32];

	for (unsigned i = 0; i < MOST_FLAG_NAMES; i++, at += ktype_size(&flag_name_type)) {
		mask = field_u64(at, &flag_name_mask);
		if (!mask)
			return;
		mem_string(field_u64(at, &flag_name_text), name, sizeof(name),
			   "the name of a flag");
		if (!(mask & (mask - 1)) && is_name(name))
			table->names[__builtin_ctzll(mask)] = flag_name(name);
	}
	fail("vmaflag_names has no end");
}

/* Of kernels whose bits are enumerators as well: some of them are not in the table. */
static void add_enumerators(struct flag_table *table)
{
	static const char *const more[] = { "SEALED",	 "SHADOW_STACK", "ALLOW_ANY_UNCACHED",
					    "PKEY_BIT0", "PKEY_BIT1",	 "PKEY_BIT2",
					    "PKEY_BIT3", "PKEY_BIT4" };
	s64 bit;

	for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
		if (enumerator_value(scope_printf("VMA_%s_BIT", more[i]), &bit) && bit >= 0 &&
		    bit < 64 && !table->names[bit])
			table->names[bit] = more[i];
	}
}

void vma_flag_names(u64 flags, void (*put)(void *arg, const char *name), void *arg)
{
	struct flag_table *table = scope_alloc(sizeof(*table));
	u64 rest = 0;

	read_table(table);
	add_enumerators(table);
	for (unsigned bit = 0; bit < 64; bit++) {
		if (!(flags >> bit & 1))
			continue;
		if (table->names[bit])
			put(arg, table->names[bit]);
		else
			rest |= 1ULL << bit;
	}
	if (rest)
		put(arg, scope_printf("0x%llx", rest));
}
