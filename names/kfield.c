/* names/kfield.c - finds declared kernel names on first use: the newest spelling that this kernel has. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "names/kfield.h"

#include "base/debug.h"
#include "base/fail.h"
#include "symbols.h"

/*
 * The linker makes these around the section that KFIELD and its siblings fill; absent without any.
 */
extern struct kname *const __start_kname_table[] __attribute__((weak));
extern struct kname *const __stop_kname_table[] __attribute__((weak));

/* "task_struct.se.vruntime": the member after the first dot, of the type before it. */
static bool resolve_field(struct kname *name, const char *spelling)
{
	const char *dot = strchr(spelling, '.');
	char type_name[128];

	if (!dot || (size_t)(dot - spelling) >= sizeof(type_name))
		BUG("%s: \"%s\" is not TYPE.MEMBER", name->id, spelling);
	memcpy(type_name, spelling, dot - spelling);
	type_name[dot - spelling] = '\0';
	return types_kernel_member(type_name, dot + 1, &name->member);
}

static bool resolve_spelling(struct kname *name, const char *spelling)
{
	const struct symbol *symbol;
	s64 value;

	switch (name->kind) {
	case KNAME_FIELD:
		return resolve_field(name, spelling);
	case KNAME_TYPE:
		return types_kernel_size(spelling, &name->value);
	case KNAME_SYMBOL:
		symbol = symbol_by_name(spelling);
		if (symbol)
			name->value = symbol->value;
		return symbol;
	case KNAME_ENUM:
		if (!types_kernel_enumerator(spelling, &value))
			return false;
		name->value = (u64)value;
		return true;
	}
	return false;
}

static const char *const kinds[] = {
	[KNAME_FIELD] = "structure member",
	[KNAME_TYPE] = "type",
	[KNAME_SYMBOL] = "symbol",
	[KNAME_ENUM] = "enumerator",
};

static void tell_resolved(const struct kname *name)
{
	if (name->status == KNAME_MISSING)
		debug_say("%s %s: not in this kernel", kinds[name->kind], name->spellings[0]);
	else if (name->kind == KNAME_FIELD)
		debug_say("structure member %s: offset %llu, %llu bytes", name->spelling,
			  name->member.offset, name->member.size);
	else
		debug_say("%s %s: %llx", kinds[name->kind], name->spelling, name->value);
}

bool kname_resolve(struct kname *name)
{
	const char *const *spelling;

	if (name->status != KNAME_UNKNOWN)
		return name->status == KNAME_FOUND;
	/* Without types nothing can be said yet: a later source may know. */
	if (name->kind != KNAME_SYMBOL && !types_available())
		return false;
	for (spelling = name->spellings; *spelling; spelling++) {
		if (resolve_spelling(name, *spelling)) {
			name->status = KNAME_FOUND;
			name->spelling = *spelling;
			break;
		}
	}
	if (!*spelling)
		name->status = KNAME_MISSING;
	if (debug_on(DEBUG_NAMES))
		tell_resolved(name);
	return name->status == KNAME_FOUND;
}

static noreturn void fail_missing(const struct kname *name)
{
	const char *const *spelling = name->spellings;
	char *tried = scope_strdup(*spelling);

	while (*++spelling)
		tried = scope_printf("%s, %s", tried, *spelling);
	if (name->status == KNAME_UNKNOWN)
		fail("no type information for this kernel: vmlinux has neither BTF nor DWARF "
		     "(needed for %s)",
		     tried);
	fail("this kernel has no such %s: %s", kinds[name->kind], tried);
}

static void need(struct kname *name)
{
	if (!kname_resolve(name))
		fail_missing(name);
}

bool kfield_exists(struct kfield *field)
{
	return kname_resolve(&field->k);
}

const struct member *kfield_member(struct kfield *field)
{
	need(&field->k);
	return &field->k.member;
}

u64 kfield_offset(struct kfield *field)
{
	return kfield_member(field)->offset;
}

u64 kfield_size(struct kfield *field)
{
	return kfield_member(field)->size;
}

static u64 field_bits(struct kfield *field, const void *object, size_t object_bytes, bool sign)
{
	const struct member *member = kfield_member(field);

	if (member->size != 1 && member->size != 2 && member->size != 4 && member->size != 8)
		fail("%s has %llu bytes: not a number", field->k.spelling, member->size);
	if (!range_fits(member->offset, member->size, object_bytes))
		fail("%s ends at byte %llu of an object of which %zu bytes were read",
		     field->k.spelling, (member->offset + member->size), object_bytes);
	return member_value(member, (const u8 *)object + member->offset, sign);
}

u64 kfield_in(struct kfield *field, const void *object, size_t object_bytes)
{
	return field_bits(field, object, object_bytes, kfield_member(field)->is_signed);
}

s64 kfield_in_signed(struct kfield *field, const void *object, size_t object_bytes)
{
	return (s64)field_bits(field, object, object_bytes, true);
}

bool ktype_exists(struct ktype *type)
{
	return kname_resolve(&type->k);
}

u64 ktype_size(struct ktype *type)
{
	need(&type->k);
	return type->k.value;
}

bool ksymbol_exists(struct ksymbol *symbol)
{
	return kname_resolve(&symbol->k);
}

u64 ksymbol_address(struct ksymbol *symbol)
{
	need(&symbol->k);
	return symbol->k.value;
}

bool kenum_exists(struct kenum *enumerator)
{
	return kname_resolve(&enumerator->k);
}

s64 kenum_value(struct kenum *enumerator)
{
	need(&enumerator->k);
	return (s64)enumerator->k.value;
}

size_t kname_count(void)
{
	return __start_kname_table ? (size_t)(__stop_kname_table - __start_kname_table) : 0;
}

struct kname *kname_get(size_t index)
{
	return index < kname_count() ? __start_kname_table[index] : NULL;
}

void kname_reset_all(void)
{
	size_t i;

	for (i = 0; i < kname_count(); i++) {
		struct kname *name = __start_kname_table[i];

		name->status = KNAME_UNKNOWN;
		name->spelling = NULL;
		name->value = 0;
		memset(&name->member, 0, sizeof(name->member));
	}
}
