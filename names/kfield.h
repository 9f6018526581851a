/* names/kfield.h - kernel members, types, symbols, enumerators: declared where used, found on first use. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef KFIELD_H
#define KFIELD_H

#include "base/util.h"
#include "names/types.h"

/*
 * KFIELD(task_state, "task_struct.__state", "task_struct.state");
 *
 * Newest spelling first; the first that this kernel has is taken. A spelling is TYPE.PATH where
 * TYPE is a struct, union or typedef and PATH may be dotted, indexed, and pass anonymous members.
 * Every record sits in a linker section so that tests can list all with what this kernel has.
 */
struct kname {
	const char *id;
	enum { KNAME_FIELD, KNAME_TYPE, KNAME_SYMBOL, KNAME_ENUM } kind;
	const char *const *spellings; /* NULL-terminated */
	/* filled on first use */
	enum { KNAME_UNKNOWN, KNAME_FOUND, KNAME_MISSING } status;
	const char *spelling; /* the one found */
	struct member member; /* FIELD */
	u64 value; /* TYPE: size; SYMBOL: address; ENUM: value */
};

struct kfield {
	struct kname k;
};
struct ktype {
	struct kname k;
};
struct ksymbol {
	struct kname k;
};
struct kenum {
	struct kname k;
};

#define KNAME_(kindword, KIND, name, ...)                                                          \
	static const char *const name##_spellings[] = { __VA_ARGS__, NULL };                       \
	static struct kindword name = {                                                            \
		{ .id = #name, .kind = KIND, .spellings = name##_spellings }                       \
	};                                                                                         \
	static struct kname *const name##_record                                                   \
		__attribute__((used, section("kname_table"))) = &name.k

#define KFIELD(name, ...) KNAME_(kfield, KNAME_FIELD, name, __VA_ARGS__)
#define KTYPE(name, ...) KNAME_(ktype, KNAME_TYPE, name, __VA_ARGS__)
#define KSYMBOL(name, ...) KNAME_(ksymbol, KNAME_SYMBOL, name, __VA_ARGS__)
#define KENUM(name, ...) KNAME_(kenum, KNAME_ENUM, name, __VA_ARGS__)

bool kfield_exists(struct kfield *field);
u64 kfield_offset(struct kfield *field); /* fail()s with every spelling tried when missing */
u64 kfield_size(struct kfield *field);
const struct member *kfield_member(struct kfield *field);
/* Value inside a copy of the whole object; knows width, bit-fields and sign. */
u64 kfield_in(struct kfield *field, const void *object, size_t object_bytes);
s64 kfield_in_signed(struct kfield *field, const void *object, size_t object_bytes);

bool ktype_exists(struct ktype *type);
u64 ktype_size(struct ktype *type);

bool ksymbol_exists(struct ksymbol *symbol);
u64 ksymbol_address(struct ksymbol *symbol);

bool kenum_exists(struct kenum *enumerator);
s64 kenum_value(struct kenum *enumerator);

/* All records of the program, for tests and `help -o`. */
size_t kname_count(void);
struct kname *kname_get(size_t index);
bool kname_resolve(struct kname *name);
void kname_reset_all(void); /* tests: forget what was found */

#endif
