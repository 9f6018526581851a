/* names/types.h - layout of kernel structures, whatever the source (BTF; DWARF through gdb without it). */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TYPES_H
#define TYPES_H

#include "base/util.h"
#include "names/btf.h"

enum type_kind {
	TYPE_VOID,
	TYPE_INT,
	TYPE_FLOAT,
	TYPE_POINTER,
	TYPE_ARRAY,
	TYPE_STRUCT,
	TYPE_UNION,
	TYPE_ENUM,
	TYPE_TYPEDEF,
	TYPE_FUNCTION,
	TYPE_OTHER,
};

/* One type, by value. Qualifiers (const, volatile, tags) are skipped by every query below. */
struct type {
	const struct btf *btf;
	u32 id;
};

struct member {
	struct type type;
	const char *name;
	u64 offset; /* bytes from the start of the outermost structure */
	u64 size; /* bytes; of the storage unit for a bit-field */
	/* of a bit-field inside the SIZE bytes at OFFSET, from the least significant bit */
	u32 bit_offset;
	u32 bit_size; /* 0: not a bit-field */
	bool is_signed;
};

/*
 * The number that a member of at most 8 bytes is, at the first of its SIZE bytes; a bit-field is
 * cut out of them. With SIGNED a negative one is extended to 64 bits.
 */
u64 member_value(const struct member *member, const void *bytes, bool is_signed);

/* Sources. types_set_btf() is called once at start-up with vmlinux's BTF. */
void types_set_btf(const struct btf *vmlinux_btf);
const struct btf *types_btf(void); /* the same again; NULL: none */
/*
 * Types that only modules have: split BTF over vmlinux's. The loader is called once, for the first
 * name that vmlinux lacks.
 */
void types_add_module_btf(const struct btf *module_btf);
void types_set_module_loader(void (*load)(void));
bool types_available(void); /* false: neither BTF nor a fallback */

/*
 * Questions by name of what BTF lacks, answered by an upper layer (gdb with whatever DWARF it has).
 * Each returns false when there is no such type or member. NAME and PATH are as in type_by_name()
 * and type_member(); of *member all is filled but the type, which is {NULL, 0}.
 */
struct types_fallback {
	bool (*size)(const char *type_name, u64 *size);
	bool (*kind)(const char *type_name, enum type_kind *kind);
	bool (*member)(const char *type_name, const char *path, struct member *member);
	bool (*enumerator)(const char *name, s64 *value);
};

void types_set_fallback(const struct types_fallback *fallback); /* NULL: none */

/* "struct list_head", "union thread_union", "enum pid_type", "atomic_t", or a bare name: struct,
 * then union, typedef, enum. */
bool type_by_name(const char *name, struct type *type);
/* From BTF or from the fallback. */
bool type_exists(const char *name);
bool type_kind_by_name(const char *name, enum type_kind *kind);
enum type_kind type_kind(struct type type); /* of the type with typedefs and qualifiers followed */
const char *type_name(struct type type); /* "" for anonymous */
u64 type_size(struct type type); /* 0 when incomplete */
struct type type_target(struct type type); /* of a pointer, array or typedef */
u64 type_nr_elements(struct type type); /* of an array; 0 for a flexible one */
size_t type_nr_members(struct type type);
bool type_is_signed(struct type type); /* an integer or enum */
bool type_is_character(struct type type); /* plain char: text. u8 is a number */
bool type_is_boolean(struct type type);
bool type_member_at(struct type type, size_t index, struct member *member);
/* A path: "se.exec_start", "files[2].next"; goes through anonymous structs and unions. */
bool type_member(struct type type, const char *path, struct member *member);
bool type_has_member(const char *type_name, const char *path);
/* By the type's name, from BTF or from the fallback. */
bool type_member_by_name(const char *type_name, const char *path, struct member *member);
bool type_size_by_name(const char *type_name, u64 *size);
/*
 * The same of the kernel's own types alone, without those of modules: for what the program itself
 * knows to look for (kfield.h).
 */
bool types_kernel_member(const char *type_name, const char *path, struct member *member);
bool types_kernel_size(const char *type_name, u64 *size);
bool types_kernel_enumerator(const char *enumerator, s64 *value);
/* Any enumerator of any enum, by its own name. */
bool enumerator_value(const char *enumerator, s64 *value);
/* The name of VALUE in the enum named ENUM_NAME; NULL when none. */
const char *enumerator_name(const char *enum_name, s64 value);
/* The same of an enum's type. */
const char *type_enumerator_name(struct type type, s64 value);
/*
 * Enumerator number INDEX of the enum named ENUM_NAME, in the order of its definition; NULL: there
 * are no more, or nothing knows them.
 */
const char *enumerator_at(const char *enum_name, u32 index, s64 *value);
/* Every struct and union, those of modules last: called for each until it returns false. */
void types_each_struct(bool (*each)(struct type type, void *arg), void *arg);
/* The same of every struct, union, enum and typedef that has a name. */
void types_each_named(bool (*each)(struct type type, void *arg), void *arg);

#endif
