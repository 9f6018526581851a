/* names/btf.h - reads one BTF blob (Documentation/bpf/btf.rst): types by id and by name. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BTF_H
#define BTF_H

#include "base/util.h"

struct btf;

/*
 * DATA stays the caller's and must outlive the btf. BASE: the vmlinux BTF for a module's
 * split BTF. NULL with *why when nothing can be read; *why is also filled when only the types
 * before one of an unknown kind can.
 */
struct btf *btf_open(const void *data, u64 size, const struct btf *base, struct strbuf *why);
void btf_close(struct btf *btf);
u32 btf_nr_types(const struct btf *btf); /* including the base's and void (id 0) */
const void *btf_data(const struct btf *btf, u64 *size);

/* The numbers that the kernel's include/uapi/linux/btf.h gives to the kinds of types. */
enum btf_kind {
	BTF_VOID,
	BTF_INT,
	BTF_PTR,
	BTF_ARRAY,
	BTF_STRUCT,
	BTF_UNION,
	BTF_ENUM,
	BTF_FWD,
	BTF_TYPEDEF,
	BTF_VOLATILE,
	BTF_CONST,
	BTF_RESTRICT,
	BTF_FUNC,
	BTF_FUNC_PROTO,
	BTF_VAR,
	BTF_DATASEC,
	BTF_FLOAT,
	BTF_DECL_TAG,
	BTF_TYPE_TAG,
	BTF_ENUM64,
	BTF_NR_KINDS,
};

/*
 * One type's record, decoded. A kind from BTF_NR_KINDS on is one that only its size is known of.
 * All that belongs to it was checked to lie inside the blob.
 */
struct btf_record {
	enum btf_kind kind;
	bool kind_flag;
	const char *name; /* "" for anonymous */
	u32 size; /* INT, STRUCT, UNION, ENUM, ENUM64, DATASEC, FLOAT: bytes */
	u32 target; /* the others: the id of the type meant; same number as size */
	u32 nr_items; /* members, enumerators, parameters, variables */
	const u8 *items; /* what follows the record; its shape depends on the kind */
};

/* False when there is no type of this id. Id 0 is void. */
bool btf_record(const struct btf *btf, u32 id, struct btf_record *record);
const char *btf_string(const struct btf *btf, u32 offset); /* "" when out of the strings */

/*
 * Members of a struct or union: name, type id, offset in bits, width in bits (0: not a bit-field).
 */
struct btf_member {
	const char *name;
	u32 type;
	u32 bit_offset;
	u32 bit_size;
};

void btf_member(const struct btf *btf, const struct btf_record *record, u32 index,
		struct btf_member *member);
/* Enumerator INDEX of an ENUM or ENUM64 (also for values above 2^63: then negative). */
s64 btf_enumerator(const struct btf *btf, const struct btf_record *record, u32 index,
		   const char **name);

/* The first definition called NAME of that kind; 0: none. FWD declarations are no definitions. */
u32 btf_find(const struct btf *btf, enum btf_kind kind, const char *name);
/* The first enumerator called NAME of any enum. */
bool btf_find_enumerator(const struct btf *btf, const char *name, s64 *value);

#endif
