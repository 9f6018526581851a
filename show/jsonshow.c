/* show/jsonshow.c - tasks, symbols, values and definitions of types as JSON. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/jsonshow.h"

#include "base/fail.h"
#include "base/json.h"
#include "kernel/taskcontext.h"
#include "memory.h"
#include "shell/outcome.h"
#include "shell/session.h"
#include "show/datashow.h"
#include "symbols.h"

/* Structures hold others, and arrays of them: a type that seems to hold itself is damaged. */
#define MAX_DEPTH 32
#define MOST_BYTES (16ULL << 20)

void jsonshow_task(const struct task *task)
{
	char comm[TASK_COMM_SPACE];

	json_number("pid", task->pid);
	json_address("task", task->address);
	json_number("cpu", task->cpu);
	json_text("comm", task_comm(task, comm));
}

static const struct task *subject;

static void forget_subject(UNUSED void *arg)
{
	subject = NULL;
}

void jsonshow_set_subject(const struct task *task)
{
	subject = task;
	scope_cleanup(forget_subject, NULL);
}

const struct task *jsonshow_subject(void)
{
	return subject;
}

void jsonshow_symbol(const char *key, u64 address)
{
	char text[256];

	json_text(key, symbol_format(address, true, text, sizeof(text)) ? text : NULL);
}

/* ---- What gdb writes behind a pointer: the symbol at the address, or the text ---- */

/* The kernel addresses in the value that is put. */
static VECTOR(u64) pointers;
static struct u64map characters; /* those of `char *` */

#define MOST_POINTERS 100000
#define TEXT_SHOWN 200

static void note_pointer(struct type type, u64 address)
{
	struct type target = type_target(type);

	if (!mem_is_kernel_address(address) || pointers.count == MOST_POINTERS ||
	    u64map_get(&characters, address, NULL))
		return;
	u64map_put(&characters, address, type_is_character(target));
	*vector_add(&pointers) = address;
}

static void put_pointer(const char *key, struct type type, u64 address)
{
	json_address(key, address);
	note_pointer(type, address);
}

static void forget_pointers(void)
{
	u64map_free(&characters);
	characters = (struct u64map){ 0 };
	pointers.count = 0;
}

/* {ADDRESS: text} of those for which TEXT_OF knows one; no key when it knows none. */
static void put_notes(const char *key, bool (*text_of)(u64 address, char *text, size_t space))
{
	char text[TEXT_SHOWN + 1];
	bool any = false;

	for (size_t i = 0; i < pointers.count; i++) {
		interrupt_check();
		if (!text_of(pointers.items[i], text, sizeof(text)))
			continue;
		if (!any)
			json_object(key);
		any = true;
		json_text(scope_printf("0x%llx", pointers.items[i]), text);
	}
	if (any)
		json_end();
}

static bool is_characters(u64 address)
{
	u64 is_text;

	return u64map_get(&characters, address, &is_text) && is_text;
}

/* Of text in the kernel's image the symbol before it says nothing. */
static bool symbol_text(u64 address, char *text, size_t space)
{
	return !is_characters(address) && symbol_format(address, true, text, space);
}

static bool string_text(u64 address, char *text, size_t space)
{
	return is_characters(address) && mem_try_string(address, text, space, NULL);
}

static void put_pointer_notes(void)
{
	put_notes("symbols", symbol_text);
	put_notes("strings", string_text);
	forget_pointers();
}

static void put_value(const char *key, struct type type, const u8 *bytes, u64 nr_bytes,
		      unsigned depth);

static void put_integer(const char *key, u64 value, u64 size, bool is_signed)
{
	if (is_signed)
		json_signed(key, sign_extend(value, size));
	else
		json_number(key, value);
}

static void put_enum(const char *key, struct type type, u64 value, u64 size)
{
	const char *name = type_enumerator_name(type, sign_extend(value, size));

	if (name)
		json_text(key, name);
	else
		json_number(key, value);
}

/* Bits of the storage unit that BYTES begins with. */
static void put_bitfield(const char *key, const struct member *member, const u8 *bytes)
{
	u64 value = member_value(member, bytes, member->is_signed);

	if (member->is_signed && (s64)value < 0)
		json_signed(key, (s64)value);
	else if (type_kind(member->type) == TYPE_ENUM)
		put_enum(key, member->type, value, 8);
	else
		json_number(key, value);
}

static void put_array(const char *key, struct type type, const u8 *bytes, u64 nr_bytes,
		      unsigned depth)
{
	struct type element = type_target(type);
	u64 size = type_size(element), count = type_nr_elements(type);

	if (size && count > nr_bytes / size)
		count = nr_bytes / size;
	if (type_is_character(element)) {
		json_bytes(key, bytes, strnlen((const char *)bytes, count));
		return;
	}
	json_list(key);
	for (u64 i = 0; size && i < count; i++)
		put_value(NULL, element, bytes + i * size, size, depth + 1);
	json_end();
}

static void put_structure(struct type type, const u8 *bytes, u64 nr_bytes, unsigned depth)
{
	size_t count = type_nr_members(type);

	for (size_t i = 0; i < count && depth < MAX_DEPTH; i++) {
		struct member member;

		if (!type_member_at(type, i, &member) || member.offset > nr_bytes)
			continue;
		if (!member.name || !*member.name) {
			put_structure(member.type, bytes + member.offset, nr_bytes - member.offset,
				      depth + 1);
			continue;
		}
		if (member.size > nr_bytes - member.offset)
			continue;
		if (member.bit_size)
			put_bitfield(member.name, &member, bytes + member.offset);
		else
			put_value(member.name, member.type, bytes + member.offset, member.size,
				  depth + 1);
	}
}

static void put_value(const char *key, struct type type, const u8 *bytes, u64 nr_bytes,
		      unsigned depth)
{
	enum type_kind kind = type_kind(type);
	bool is_number = nr_bytes == 1 || nr_bytes == 2 || nr_bytes == 4 || nr_bytes == 8;

	interrupt_check();
	if (depth >= MAX_DEPTH)
		json_null(key);
	else if (kind == TYPE_POINTER && nr_bytes == 8)
		put_pointer(key, type, load_u64(bytes));
	else if (kind == TYPE_ENUM && is_number)
		put_enum(key, type, load_uint(bytes, nr_bytes), nr_bytes);
	else if (kind == TYPE_INT && nr_bytes == 1 && type_is_boolean(type))
		json_bool(key, *bytes != 0);
	else if (kind == TYPE_INT && is_number)
		put_integer(key, load_uint(bytes, nr_bytes), nr_bytes, type_is_signed(type));
	else if (kind == TYPE_ARRAY)
		put_array(key, type, bytes, nr_bytes, depth);
	else if (kind == TYPE_STRUCT || kind == TYPE_UNION) {
		json_object(key);
		put_structure(type, bytes, nr_bytes, depth);
		json_end();
	} else {
		json_null(key);
	}
}

/* SIZE bytes at ADDRESS in scope memory; fail()s. */
static u8 *read_bytes(u64 address, u64 size, enum address_space space, const char *what)
{
	u8 *bytes;

	if (size > MOST_BYTES)
		fail("%s has %llu bytes: too many for one value", what, size);
	bytes = scope_alloc(size + 1);
	mem_read_in(current_space(space), address, bytes, size, what);
	return bytes;
}

void jsonshow_value(const char *key, struct type type, u64 address, enum address_space space)
{
	u64 size = type_size(type);
	const char *name = type_name(type);

	put_value(key, type, read_bytes(address, size, space, *name ? name : "a value"), size, 0);
}

struct wanted {
	const char *aggregate, *path;
	u64 address;
	enum address_space space;
};

/* What only gdb knows. */
static void put_gdb_text(const char *key, const char *expression)
{
	json_text(key, datashow_gdb(scope_printf("output %s", expression), 10));
}

static void put_member(void *arg)
{
	const struct wanted *wanted = arg;
	struct member member;
	struct type type;
	u64 at;

	if (!type_by_name(wanted->aggregate, &type) || !type_member(type, wanted->path, &member)) {
		put_gdb_text(wanted->path, scope_printf("((%s *)0x%llx)->%s", wanted->aggregate,
							wanted->address, wanted->path));
		return;
	}
	at = wanted->address + member.offset;
	if (member.bit_size)
		put_bitfield(wanted->path, &member,
			     read_bytes(at, member.size, wanted->space, wanted->path));
	else
		put_value(wanted->path, member.type,
			  read_bytes(at, member.size, wanted->space, wanted->path), member.size, 0);
}

void jsonshow_members(const char *aggregate, u64 address, char **members, size_t nr_members,
		      enum address_space space)
{
	struct type type;

	forget_pointers();
	if (!nr_members && !type_by_name(aggregate, &type)) {
		put_gdb_text("value", scope_printf("*(%s *)0x%llx", aggregate, address));
		return;
	}
	if (!nr_members)
		jsonshow_value("value", type, address, space);
	else
		json_object("value");
	for (size_t i = 0; i < nr_members; i++) {
		struct wanted wanted = { aggregate, members[i], address, space };

		put_member(&wanted);
	}
	if (nr_members)
		json_end();
	put_pointer_notes();
}

/* gdb's word for the type of a member: declarations of every kind are its trade. */
static const char *member_type(const char *aggregate, const char *path)
{
	char *type = datashow_gdb(scope_printf("whatis ((%s *)0)->%s", aggregate, path), 10);

	return starts_with(type, "type = ") ? type + strlen("type = ") : type;
}

/* ---- What pointers point to ---- */

struct target {
	const char *path, *type_text;
	struct type type; /* of what is pointed to */
	u64 address;
};

static void put_target_value(void *arg)
{
	const struct target *target = arg;
	u64 size = type_size(target->type);

	put_value("value", target->type,
		  read_bytes(target->address, size, SPACE_KERNEL, target->path), size, 0);
}

static void put_target(const struct target *target)
{
	enum type_kind kind = type_kind(target->type);
	char text[TEXT_SHOWN + 1];

	forget_pointers();
	json_object(NULL);
	json_text("member", target->path);
	json_text("type", target->type_text);
	json_address("address", target->address);
	if (symbol_text(target->address, text, sizeof(text)))
		json_text("symbol", text);
	if (type_is_character(target->type) &&
	    mem_try_string(target->address, text, sizeof(text), NULL))
		json_text("string", text);
	/* Nothing is known of the size of what void * and a function's address lead to. */
	else if (target->address && kind != TYPE_FUNCTION && type_size(target->type))
		json_protect("value", put_target_value, (void *)target);
	put_pointer_notes();
	json_end();
}

static void put_member_target(const char *aggregate, u64 address, const struct member *member,
			      const char *path, enum address_space space)
{
	struct target target = { .path = path };

	if (member->bit_size || type_kind(member->type) != TYPE_POINTER || member->size != 8)
		return;
	target.type = type_target(member->type);
	target.type_text = member_type(aggregate, path);
	target.address = load_u64(read_bytes(address + member->offset, 8, space, path));
	put_target(&target);
}

void jsonshow_targets(const char *aggregate, u64 address, char **members, size_t nr_members,
		      enum address_space space)
{
	struct member member;
	struct type type;

	if (!type_by_name(aggregate, &type)) {
		json_printf("targets_error",
			    "targets are shown for types of BTF, which does not have %s",
			    aggregate);
		command_partly_failed();
		return;
	}
	json_list("targets");
	for (size_t i = 0; i < nr_members; i++) {
		if (type_member(type, members[i], &member))
			put_member_target(aggregate, address, &member, members[i], space);
	}
	for (size_t i = 0; !nr_members && i < type_nr_members(type); i++) {
		if (type_member_at(type, i, &member) && member.name && *member.name)
			put_member_target(aggregate, address, &member, member.name, space);
	}
	json_end();
}

/* ---- Definitions ---- */

/* ADDRESS: of the object that the member is in; NULL: no object. */
static void put_place(const char *aggregate, const struct member *member, const char *path,
		      u64 outer_offset, const u64 *address)
{
	u64 byte = outer_offset + member->offset + member->bit_offset / 8;

	json_object(NULL);
	json_text("name", path);
	json_text("type", member_type(aggregate, path));
	json_number("offset", outer_offset + member->offset);
	if (address)
		json_address("address", *address + outer_offset + member->offset);
	json_number("size", member->size);
	if (member->bit_size) {
		json_number("bit_offset", member->bit_offset);
		json_number("bit_size", member->bit_size);
		json_number("byte_offset", byte);
		if (address)
			json_address("byte_address", *address + byte);
	}
	json_end();
}

static void put_places(const char *aggregate, struct type type, u64 outer_offset,
		       const u64 *address, unsigned depth)
{
	size_t count = type_nr_members(type);

	for (size_t i = 0; i < count && depth < MAX_DEPTH; i++) {
		struct member member;

		interrupt_check();
		if (!type_member_at(type, i, &member))
			continue;
		if (member.name && *member.name)
			put_place(aggregate, &member, member.name, outer_offset, address);
		else
			put_places(aggregate, member.type, outer_offset + member.offset, address,
				   depth + 1);
	}
}

void jsonshow_definition(const char *aggregate, char **members, size_t nr_members,
			 const u64 *address)
{
	struct type type;
	bool known = type_by_name(aggregate, &type);

	json_object(NULL);
	json_text("type", aggregate);
	json_number("size", datashow_type_size(aggregate));
	json_list("members");
	if (known && !nr_members)
		put_places(aggregate, type, 0, address, 0);
	for (size_t i = 0; i < nr_members; i++) {
		struct member member = { 0 };

		if (!known || !type_member(type, members[i], &member))
			member.offset = datashow_member_offset(aggregate, members[i], &member.size);
		put_place(aggregate, &member, members[i], 0, address);
	}
	json_end();
	if (!known && !nr_members)
		json_text("text", datashow_gdb(scope_printf("ptype %s", aggregate), 10));
	json_end();
}
