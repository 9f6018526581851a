/*
 * crash-btf.c - reads BTF (Documentation/bpf/btf.rst of the kernel) into GDB's types and symbols.
 *
 * A blob is a header, an array of type records of varying length, numbered from 1, and strings. A
 * module's blob is split: its ids and string offsets continue those of vmlinux's. Names are indexed
 * when GDB first looks anything up; a type and all types it reaches are made when a name is found.
 *
 * The blob comes from a dump and is not trusted: records, ids, strings, chains and nesting are
 * checked.
 */
/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "block.h"
#include "crash-embed.h"
#include "dictionary.h"
#include "event-top.h"
#include "gdbtypes.h"
#include "objfiles.h"
#include "quick-symbol.h"
#include "source.h"
#include "symfile.h"
#include "symtab.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

enum {
	KIND_INT = 1,
	KIND_PTR,
	KIND_ARRAY,
	KIND_STRUCT,
	KIND_UNION,
	KIND_ENUM,
	KIND_FWD,
	KIND_TYPEDEF,
	KIND_VOLATILE,
	KIND_CONST,
	KIND_RESTRICT,
	KIND_FUNC,
	KIND_FUNC_PROTO,
	KIND_VAR,
	KIND_DATASEC,
	KIND_FLOAT,
	KIND_DECL_TAG,
	KIND_TYPE_TAG,
	KIND_ENUM64,
};
enum { INT_SIGNED = 1, INT_BOOL = 4 };
enum { FLOAT_SINGLE_BYTES = 4, FLOAT_DOUBLE_BYTES = 8, FLOAT_LONG_DOUBLE_BYTES = 16 };

constexpr uint16_t BTF_MAGIC = 0xeb9f;
constexpr size_t HEADER_BYTES = 24, RECORD_BYTES = 12;
/* C has no chains of pointers, arrays and typedefs, and no nesting of structures, that come near.
 */
constexpr unsigned MAX_CHAIN = 128, MAX_NESTING = 64;
constexpr uint64_t TOO_LARGE = 1ULL << 40;

std::string complaints;

/* NUMBER is the type's id, or what WHAT ends in. */
void complain(const char *blob, const char *what, unsigned long number)
{
	if (complaints.size() > 2000)
		return;
	if (!complaints.empty())
		complaints += '\n';
	complaints += string_printf("BTF of %s: %s %lu", blob, what, number);
}

uint32_t load32(const gdb_byte *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/* One type record; EXTRA is what follows its first 12 bytes, all of it inside the blob. */
struct record {
	uint32_t name, info, size_or_type;
	const gdb_byte *extra;

	/* v7.1 made both fields wider, into bits that were zero before. */
	unsigned kind() const { return info >> 24 & 0x7f; }
	unsigned count() const { return info & 0xffffff; }
	bool flag() const { return info >> 31; }
	uint32_t word(size_t index) const { return load32(extra + 4 * index); }
};

/* Bytes after the first 12 of a record; -1: a kind that is not known. */
long extra_bytes(unsigned kind, unsigned count)
{
	switch (kind) {
	case KIND_INT:
	case KIND_VAR:
	case KIND_DECL_TAG:
		return 4;
	case KIND_ARRAY:
		return 12;
	case KIND_STRUCT:
	case KIND_UNION:
	case KIND_DATASEC:
	case KIND_ENUM64:
		return 12L * count;
	case KIND_ENUM:
	case KIND_FUNC_PROTO:
		return 8L * count;
	case KIND_PTR:
	case KIND_FWD:
	case KIND_TYPEDEF:
	case KIND_VOLATILE:
	case KIND_CONST:
	case KIND_RESTRICT:
	case KIND_FUNC:
	case KIND_FLOAT:
	case KIND_TYPE_TAG:
		return 0;
	default:
		return -1;
	}
}

/* A name that can be looked up: a type, a function, a variable, or enumerator number SUB of an
 * enum. */
struct entry {
	const char *name;
	uint32_t id, sub, next;
	domain_enum domain;
	bool installed;
};

/* One blob: the records by id, the names by hash, the GDB types made so far. */
struct btf_blob {
	explicit btf_blob(const crash_blob &given, const btf_blob *over)
	    : name(given.name), data(given.data), size(given.size), base(over)
	{
		first_id = base != nullptr ? base->end_id() : 1;
		first_string = base != nullptr ? base->first_string + base->strings_size : 0;
		if (find_sections()) {
			find_records();
			index_names();
		}
		types.resize(offsets.size());
		being_made.resize(offsets.size());
		member_walks.resize(offsets.size());
		spelling_walks.resize(offsets.size());
	}

	uint32_t end_id() const { return first_id + offsets.size(); }
	bool owns(uint32_t id) const { return id >= first_id && id < end_id(); }

	const char *string(uint32_t offset) const
	{
		if (offset < first_string)
			return base != nullptr ? base->string(offset) : "";
		offset -= first_string;
		return offset < strings_size ? (const char *)strings + offset : "";
	}

	record at(uint32_t id) const
	{
		const gdb_byte *p = records + offsets[id - first_id];

		return { load32(p), load32(p + 4), load32(p + 8), p + RECORD_BYTES };
	}

	std::string name;
	const gdb_byte *data;
	size_t size;
	const btf_blob *base;
	uint32_t first_id, first_string;

	const gdb_byte *records = nullptr, *strings = nullptr, *layout = nullptr;
	size_t records_size = 0, strings_size = 0, layout_size = 0;
	std::vector<uint32_t> offsets;

	std::vector<entry> entries;
	std::vector<uint32_t> buckets; /* entry number + 1; 0 ends a chain */

	std::vector<type *> types;
	std::vector<bool> being_made;
	std::vector<uint8_t> member_walks, spelling_walks; /* WALK_...: what walk_ends() found */
	/* What the encoder of this blob's age recorded; see index_names(). */
	bool enums_have_signs = false;
	bool chars_lack_signs = false;

private:
	bool find_sections();
	void find_records();
	long extra_of(const gdb_byte *p) const;
	void index_names();
	void add_entry(const char *entry_name, uint32_t id, uint32_t sub, domain_enum domain);
	void hash_entries();
};

bool btf_blob::find_sections()
{
	if (data == nullptr || size < HEADER_BYTES || (data[0] | data[1] << 8) != BTF_MAGIC) {
		complain(name.c_str(), "no BTF header; its bytes are", size);
		return false;
	}
	uint64_t header = load32(data + 4);
	uint64_t records_at = header + load32(data + 8), strings_at = header + load32(data + 16);

	records_size = load32(data + 12);
	strings_size = load32(data + 20);
	if (header < HEADER_BYTES || records_at > size || records_size > size - records_at ||
	    strings_at > size || strings_size > size - strings_at || strings_size == 0 ||
	    data[strings_at + strings_size - 1] != 0) {
		complain(name.c_str(), "sections lie outside of its size,", size);
		records_size = strings_size = 0;
		return false;
	}
	records = data + records_at;
	strings = data + strings_at;
	if (header >= HEADER_BYTES + 8) {
		/* A longer header says how large records of each kind are, so that new kinds can be
		 * skipped. */
		uint64_t layout_at = header + load32(data + 24);

		layout_size = load32(data + 28);
		if (layout_at > size || layout_size > size - layout_at)
			layout_size = 0;
		layout = data + (layout_size != 0 ? layout_at : 0);
	}
	return true;
}

/* Bytes that follow the first 12 of the record at P; -1 when there is no telling. */
long btf_blob::extra_of(const gdb_byte *p) const
{
	record r = { load32(p), load32(p + 4), 0, p };
	unsigned kind = r.kind(), count = r.count();
	long extra = extra_bytes(kind, count);

	if (extra < 0 && 4 * (kind + 1) <= layout_size)
		extra = layout[4 * kind] + (long)layout[4 * kind + 1] * count;
	return extra;
}

void btf_blob::find_records()
{
	size_t offset = 0;

	offsets.reserve(records_size / 40);
	while (records_size - offset >= RECORD_BYTES) {
		long extra = extra_of(records + offset);

		if (extra < 0 || (size_t)extra > records_size - offset - RECORD_BYTES) {
			complain(name.c_str(),
				 "malformed or unknown, and all after it left out: type", end_id());
			return;
		}
		offsets.push_back(offset);
		offset += RECORD_BYTES + extra;
	}
}

void btf_blob::add_entry(const char *entry_name, uint32_t id, uint32_t sub, domain_enum domain)
{
	if (*entry_name != '\0')
		entries.push_back({ entry_name, id, sub, 0, domain, false });
}

constexpr uint32_t NO_SUB = ~0u;

void btf_blob::index_names()
{
	entries.reserve(offsets.size());
	for (uint32_t id = first_id; id < end_id(); id++) {
		record r = at(id);

		switch (r.kind()) {
		case KIND_INT:
			/*
			 * Old encoders left even `signed char' unmarked. Kernels of their time had
			 * signed plain chars too: v6.2 3bc753c06dd0 made those unsigned.
			 */
			if (streq(string(r.name), "signed char") && !(r.word(0) >> 24 & INT_SIGNED))
				chars_lack_signs = true;
			[[fallthrough]];
		case KIND_TYPEDEF:
		case KIND_FLOAT:
			add_entry(string(r.name), id, NO_SUB, TYPE_DOMAIN);
			break;
		case KIND_STRUCT:
		case KIND_UNION:
			add_entry(string(r.name), id, NO_SUB, STRUCT_DOMAIN);
			break;
		case KIND_ENUM:
		case KIND_ENUM64:
			/* v6.0 6089fb325cf7 gave enums a sign bit; before, values are plain s32. */
			if (r.flag() || r.kind() == KIND_ENUM64)
				enums_have_signs = true;
			add_entry(string(r.name), id, NO_SUB, STRUCT_DOMAIN);
			for (unsigned i = 0; i < r.count(); i++)
				add_entry(string(r.word(i * (r.kind() == KIND_ENUM ? 2 : 3))), id,
					  i, VAR_DOMAIN);
			break;
		case KIND_FUNC:
			add_entry(string(r.name), id, NO_SUB, FUNCTION_DOMAIN);
			break;
		case KIND_VAR:
			add_entry(string(r.name), id, NO_SUB, VAR_DOMAIN);
			break;
		}
	}
	hash_entries();
	if (base != nullptr) {
		enums_have_signs |= base->enums_have_signs;
		chars_lack_signs |= base->chars_lack_signs;
	}
}

size_t hash_name(std::string_view text)
{
	return std::hash<std::string_view>()(text);
}

void btf_blob::hash_entries()
{
	size_t space = 64;

	while (space < entries.size())
		space *= 2;
	buckets.assign(space, 0);
	/* Backwards, so that a chain lists the lower ids first: vmlinux's most used types. */
	for (size_t i = entries.size(); i-- > 0;) {
		uint32_t *bucket = &buckets[hash_name(entries[i].name) & (space - 1)];

		entries[i].next = *bucket;
		*bucket = i + 1;
	}
}

/* The GDB types of all blobs. Lives as long as the object file that owns them. */
class type_maker {
public:
	type_maker(objfile *owner, const crash_embed_ops *ops) : m_owner(owner), m_ops(ops) {}

	/* NAME in vmlinux's blob; modules are read when vmlinux's lacks it. EACH gets every match.
	 */
	template <typename F> bool each_named(std::string_view name, F each);
	template <typename F> void each_entry(F each);
	type *make(btf_blob *blob, uint32_t id);
	LONGEST enumerator(const btf_blob *blob, const record &r, unsigned index) const;
	const crash_embed_ops *ops() const { return m_ops; }

private:
	void load_vmlinux();
	void load_modules();
	template <typename F> bool each_named_in(btf_blob *blob, std::string_view name, F each);

	type *get(btf_blob *blob, uint32_t id, unsigned depth);
	type *start(btf_blob *blob, uint32_t id, const record &r, unsigned depth);
	type *start_int(btf_blob *blob, const record &r);
	type *start_float(const record &r, const char *name);
	type *start_array(type *element, uint32_t nr_elements, bool is_flexible);
	type *empty_array_member(btf_blob *blob, uint32_t id);
	type *start_named(enum type_code code, uint32_t size, const char *name);
	type *qualified(type *target, bool is_const, bool is_volatile);
	void finish(btf_blob *blob, uint32_t id);
	void finish_struct(btf_blob *blob, const record &r, type *made);
	void finish_enum(btf_blob *blob, const record &r, type *made);
	void finish_function(btf_blob *blob, const record &r, type *made);
	enum walk { WALK_MEMBERS, WALK_SPELLING };
	bool walk_ends(btf_blob *blob, uint32_t id, enum walk walk, unsigned depth);
	bool steps_end(btf_blob *blob, const record &r, enum walk walk, unsigned depth);
	record resolved(const btf_blob **blob, uint32_t id) const;
	uint64_t size_of(const btf_blob *blob, uint32_t id, unsigned depth) const;
	bool member_fits(const btf_blob *blob, const record &r, uint32_t id, uint64_t bit_offset,
			 uint32_t bit_size) const;

	type *void_type() const { return builtin_type(m_owner)->builtin_void; }

	objfile *m_owner;
	const crash_embed_ops *m_ops;
	bool m_loaded = false, m_modules_loaded = false;
	std::vector<std::unique_ptr<btf_blob>> m_blobs;
	std::vector<std::pair<btf_blob *, uint32_t>> m_unfinished;
};

void type_maker::load_vmlinux()
{
	crash_blob blob;

	if (m_loaded)
		return;
	m_loaded = true;
	if (m_ops->btf != nullptr && m_ops->btf(0, &blob))
		m_blobs.push_back(std::make_unique<btf_blob>(blob, nullptr));
}

void type_maker::load_modules()
{
	crash_blob blob;

	load_vmlinux();
	if (m_modules_loaded || m_blobs.empty())
		return;
	m_modules_loaded = true;
	for (size_t index = 1; m_ops->btf(index, &blob); index++)
		m_blobs.push_back(std::make_unique<btf_blob>(blob, m_blobs[0].get()));
}

template <typename F> bool type_maker::each_named_in(btf_blob *blob, std::string_view name, F each)
{
	bool any = false;

	if (blob->buckets.empty())
		return false;
	uint32_t number = blob->buckets[hash_name(name) & (blob->buckets.size() - 1)];
	while (number != 0) {
		entry &e = blob->entries[number - 1];

		if (name == e.name)
			any |= each(blob, e);
		number = e.next;
	}
	return any;
}

template <typename F> bool type_maker::each_named(std::string_view name, F each)
{
	bool any = false;

	load_vmlinux();
	if (!m_blobs.empty() && each_named_in(m_blobs[0].get(), name, each))
		return true;
	load_modules();
	for (size_t i = 1; i < m_blobs.size(); i++)
		any |= each_named_in(m_blobs[i].get(), name, each);
	return any;
}

template <typename F> void type_maker::each_entry(F each)
{
	load_modules();
	for (auto &blob : m_blobs)
		for (entry &e : blob->entries)
			each(blob.get(), e);
}

/* Makes type ID, or that of the function or variable ID, and everything that can be reached from
 * it. */
type *type_maker::make(btf_blob *blob, uint32_t id)
{
	record r = blob->at(id);

	if (r.kind() == KIND_FUNC || r.kind() == KIND_VAR)
		id = r.size_or_type;
	/* Keeps GDB from looking up declarations by name, which would come back here. */
	scoped_restore reading = increment_reading_symtab();
	type *made = get(blob, id, 0);

	/* Members lead to types whose members lead on: a list instead of recursion over the whole
	 * kernel. */
	while (!m_unfinished.empty()) {
		auto [its_blob, its_id] = m_unfinished.back();

		m_unfinished.pop_back();
		finish(its_blob, its_id);
	}
	return made;
}

/* Type ID of BLOB: complete but for the members of structs and enums and the arguments of
 * functions. */
type *type_maker::get(btf_blob *blob, uint32_t id, unsigned depth)
{
	if (id == 0)
		return void_type();
	while (id < blob->first_id && blob->base != nullptr)
		blob = const_cast<btf_blob *>(blob->base);
	if (!blob->owns(id)) {
		complain(blob->name.c_str(), "does not exist, but is referred to: type", id);
		return void_type();
	}
	size_t slot = id - blob->first_id;
	if (blob->types[slot] != nullptr)
		return blob->types[slot];
	if (depth > MAX_CHAIN || blob->being_made[slot]) {
		complain(blob->name.c_str(), "made of itself: type", id);
		return void_type();
	}
	blob->being_made[slot] = true;
	type *made = start(blob, id, blob->at(id), depth + 1);
	blob->being_made[slot] = false;
	blob->types[slot] = made;
	return made;
}

type *type_maker::start(btf_blob *blob, uint32_t id, const record &r, unsigned depth)
{
	const char *name = blob->string(r.name);
	type *made;

	switch (r.kind()) {
	case KIND_INT:
		return start_int(blob, r);
	case KIND_FLOAT:
		return start_float(r, name);
	case KIND_PTR:
		return lookup_pointer_type(get(blob, r.size_or_type, depth));
	case KIND_ARRAY:
		if (size_of(blob, id, 0) == TOO_LARGE) {
			complain(blob->name.c_str(), "larger than memory: array", id);
			return start_array(get(blob, r.word(0), depth), 0, true);
		}
		return start_array(get(blob, r.word(0), depth), r.word(2), r.word(2) == 0);
	case KIND_CONST:
		return qualified(get(blob, r.size_or_type, depth), true, false);
	case KIND_VOLATILE:
		return qualified(get(blob, r.size_or_type, depth), false, true);
	case KIND_RESTRICT:
		return make_restrict_type(get(blob, r.size_or_type, depth));
	case KIND_TYPE_TAG:
		return get(blob, r.size_or_type, depth);
	case KIND_TYPEDEF:
		made = start_named(TYPE_CODE_TYPEDEF, 0, name);
		made->set_target_is_stub(true);
		made->set_target_type(get(blob, r.size_or_type, depth));
		return made;
	case KIND_FWD:
		made = start_named(r.flag() ? TYPE_CODE_UNION : TYPE_CODE_STRUCT, 0, name);
		INIT_CPLUS_SPECIFIC(made);
		made->set_is_stub(true);
		return made;
	case KIND_STRUCT:
	case KIND_UNION:
		made = start_named(r.kind() == KIND_UNION ? TYPE_CODE_UNION : TYPE_CODE_STRUCT,
				   r.size_or_type, name);
		INIT_CPLUS_SPECIFIC(made);
		break;
	case KIND_ENUM:
	case KIND_ENUM64:
		made = start_named(TYPE_CODE_ENUM, r.size_or_type, name);
		break;
	case KIND_FUNC_PROTO:
		made = start_named(TYPE_CODE_FUNC, 1, "");
		break;
	default:
		complain(blob->name.c_str(), "of a kind that is no type: type", id);
		return void_type();
	}
	m_unfinished.emplace_back(blob, id);
	return made;
}

type *type_maker::start_named(enum type_code code, uint32_t size, const char *name)
{
	type *made = type_allocator(m_owner, language_c).new_type();

	made->set_code(code);
	made->set_length(size);
	/* An empty structure is not a declaration: those are marked as stubs. */
	made->set_stub_is_supported(true);
	made->set_name(*name != '\0' ? name : nullptr);
	return made;
}

type *type_maker::start_int(btf_blob *blob, const record &r)
{
	const char *name = blob->string(r.name);
	unsigned bits = r.size_or_type * 8;
	bool is_signed = r.word(0) >> 24 & INT_SIGNED;
	type_allocator alloc(m_owner, language_c);

	if (bits == 0 || bits > 128) {
		complain(blob->name.c_str(), "an integer of a strange width in bits:", bits);
		return void_type();
	}
	if (r.word(0) >> 24 & INT_BOOL)
		return init_boolean_type(alloc, bits, 1, name);
	if (blob->chars_lack_signs && (streq(name, "char") || streq(name, "signed char")))
		is_signed = true;
	return init_integer_type(alloc, bits, !is_signed, name);
}

type *type_maker::start_float(const record &r, const char *name)
{
	type_allocator alloc(m_owner, language_c);

	switch (r.size_or_type) {
	case FLOAT_SINGLE_BYTES:
		return init_float_type(alloc, 32, name, floatformats_ieee_single);
	case FLOAT_DOUBLE_BYTES:
		return init_float_type(alloc, 64, name, floatformats_ieee_double);
	case FLOAT_LONG_DOUBLE_BYTES:
		return init_float_type(alloc, 128, name, floatformats_i387_ext);
	default:
		return alloc.new_type(TYPE_CODE_ERROR, r.size_or_type * 8, name);
	}
}

type *type_maker::start_array(type *element, uint32_t nr_elements, bool is_flexible)
{
	type_allocator alloc(m_owner, language_c);
	type *range = create_static_range_type(alloc, builtin_type(m_owner)->builtin_unsigned_long,
					       0, (LONGEST)nr_elements - 1);

	if (is_flexible)
		range->bounds()->high.set_undefined();
	return create_array_type(alloc, element, range);
}

/* In C the qualifier of an array is its elements'. */
type *type_maker::qualified(type *target, bool is_const, bool is_volatile)
{
	if (target->code() != TYPE_CODE_ARRAY)
		return make_cv_type(is_const | TYPE_CONST(target),
				    is_volatile | TYPE_VOLATILE(target), target, nullptr);
	type_allocator alloc(m_owner, language_c);
	return create_array_type(alloc, qualified(target->target_type(), is_const, is_volatile),
				 target->index_type());
}

void type_maker::finish(btf_blob *blob, uint32_t id)
{
	type *made = blob->types[id - blob->first_id];
	record r = blob->at(id);

	/* A chain that was cut because it led back to itself leaves its slot to somebody else's
	 * type. */
	if (made == nullptr)
		return;
	switch (r.kind()) {
	case KIND_STRUCT:
	case KIND_UNION:
		if (walk_ends(blob, id, WALK_MEMBERS, 0))
			finish_struct(blob, r, made);
		else
			complain(blob->name.c_str(), "contains itself: structure", id);
		break;
	case KIND_ENUM:
	case KIND_ENUM64:
		finish_enum(blob, r, made);
		break;
	case KIND_FUNC_PROTO:
		if (walk_ends(blob, id, WALK_SPELLING, 0)) {
			finish_function(blob, r, made);
			break;
		}
		complain(blob->name.c_str(), "takes or returns itself: function type", id);
		made->set_target_type(void_type());
		break;
	}
}

enum { WALK_UNKNOWN, WALK_GOING_ON, WALK_ENDS, WALK_ENDLESS };

/*
 * GDB follows two things without looking back, and nothing a compiler makes leads back to itself in
 * them: members held by value, and what a declaration of a pointer to function spells out.
 */
bool type_maker::walk_ends(btf_blob *blob, uint32_t id, enum walk walk, unsigned depth)
{
	while (id < blob->first_id && blob->base != nullptr)
		blob = const_cast<btf_blob *>(blob->base);
	if (!blob->owns(id))
		return true;
	std::vector<uint8_t> &states = walk == WALK_MEMBERS ? blob->member_walks
							    : blob->spelling_walks;
	size_t slot = id - blob->first_id;
	if (states[slot] == WALK_ENDS)
		return true;
	if (states[slot] != WALK_UNKNOWN || depth > MAX_NESTING) {
		states[slot] = WALK_ENDLESS;
		return false;
	}
	states[slot] = WALK_GOING_ON;
	bool ends = steps_end(blob, blob->at(id), walk, depth + 1);
	states[slot] = ends ? WALK_ENDS : WALK_ENDLESS;
	return ends;
}

/* Do all walks end that go on from R? */
bool type_maker::steps_end(btf_blob *blob, const record &r, enum walk walk, unsigned depth)
{
	bool ends = true;

	switch (r.kind()) {
	case KIND_STRUCT:
	case KIND_UNION:
		for (unsigned i = 0; walk == WALK_MEMBERS && i < r.count() && ends; i++)
			ends = walk_ends(blob, r.word(3 * i + 1), walk, depth);
		return ends;
	case KIND_ARRAY:
		return walk_ends(blob, r.word(0), walk, depth);
	case KIND_CONST:
	case KIND_VOLATILE:
	case KIND_RESTRICT:
	case KIND_TYPE_TAG:
		return walk_ends(blob, r.size_or_type, walk, depth);
	case KIND_TYPEDEF:
		return walk == WALK_SPELLING || walk_ends(blob, r.size_or_type, walk, depth);
	case KIND_PTR:
		return walk == WALK_MEMBERS || walk_ends(blob, r.size_or_type, walk, depth);
	case KIND_FUNC_PROTO:
		if (walk == WALK_MEMBERS)
			return true;
		for (unsigned i = 0; i < r.count() && ends; i++)
			ends = walk_ends(blob, r.word(2 * i + 1), walk, depth);
		return ends && walk_ends(blob, r.size_or_type, walk, depth);
	default:
		return true;
	}
}

/*
 * BTF does not tell member[] from member[0]. C allows the first only at the end of a structure that
 * has other members, so elsewhere it is the second: a new type for it, or null when ID is no such
 * array.
 */
type *type_maker::empty_array_member(btf_blob *blob, uint32_t id)
{
	if (!blob->owns(id))
		return nullptr;
	record r = blob->at(id);
	if (r.kind() != KIND_ARRAY || r.word(2) != 0)
		return nullptr;
	return start_array(get(blob, r.word(0), 0), 0, false);
}

/* Type ID with typedefs and qualifiers followed; *BLOB becomes the one that owns it. Kind 0: none.
 */
record type_maker::resolved(const btf_blob **blob, uint32_t id) const
{
	for (unsigned steps = 0; steps < MAX_CHAIN; steps++) {
		while (id < (*blob)->first_id && (*blob)->base != nullptr)
			*blob = (*blob)->base;
		if (!(*blob)->owns(id))
			break;
		record r = (*blob)->at(id);
		switch (r.kind()) {
		case KIND_TYPEDEF:
		case KIND_CONST:
		case KIND_VOLATILE:
		case KIND_RESTRICT:
		case KIND_TYPE_TAG:
			id = r.size_or_type;
			break;
		default:
			return r;
		}
	}
	return {};
}

/* Bytes of type ID, from the records alone; TOO_LARGE when that is more than any kernel object. */
uint64_t type_maker::size_of(const btf_blob *blob, uint32_t id, unsigned depth) const
{
	record r = resolved(&blob, id);

	switch (r.kind()) {
	case KIND_INT:
	case KIND_STRUCT:
	case KIND_UNION:
	case KIND_ENUM:
	case KIND_ENUM64:
	case KIND_FLOAT:
		return r.size_or_type;
	case KIND_PTR:
		return 8;
	case KIND_ARRAY: {
		uint64_t element = depth < MAX_CHAIN ? size_of(blob, r.word(0), depth + 1)
						     : TOO_LARGE;

		return element >= TOO_LARGE || element * r.word(2) >= TOO_LARGE
			       ? TOO_LARGE
			       : element * r.word(2);
	}
	default:
		return 0;
	}
}

/* GDB reads a member wherever it is said to be: it has to lie in its structure R. */
bool type_maker::member_fits(const btf_blob *blob, const record &r, uint32_t id,
			     uint64_t bit_offset, uint32_t bit_size) const
{
	uint64_t size = size_of(blob, id, 0);

	if (bit_size == 0)
		return size < TOO_LARGE && bit_offset + size * 8 <= (uint64_t)r.size_or_type * 8;
	unsigned kind = resolved(&blob, id).kind();
	return (kind == KIND_INT || kind == KIND_ENUM || kind == KIND_ENUM64) && size <= 8 &&
	       bit_size <= size * 8 && bit_offset + bit_size <= (uint64_t)r.size_or_type * 8;
}

void type_maker::finish_struct(btf_blob *blob, const record &r, type *made)
{
	unsigned nr_fields = 0;

	made->alloc_fields(r.count());
	for (unsigned i = 0; i < r.count(); i++) {
		uint32_t id = r.word(3 * i + 1), where = r.word(3 * i + 2);
		uint32_t bit_offset = r.flag() ? where & 0xffffff : where;
		uint32_t bit_size = r.flag() ? where >> 24 : 0;

		if (!r.flag() && blob->owns(id) && blob->at(id).kind() == KIND_INT) {
			/* The first encoders gave each width of bit-field an integer type of its
			 * own. */
			record integer = blob->at(id);
			uint32_t bits = integer.word(0) & 0xff;

			if (bits != integer.size_or_type * 8) {
				bit_offset += integer.word(0) >> 16 & 0xff;
				bit_size = bits;
			}
		}
		if (!member_fits(blob, r, id, bit_offset, bit_size)) {
			complain(blob->name.c_str(), "a member lies outside its structure: member",
				 i);
			continue;
		}
		type *empty = nullptr;
		if (r.kind() == KIND_UNION || i + 1 < r.count() || r.count() == 1)
			empty = empty_array_member(blob, id);
		struct field &field = made->field(nr_fields++);
		field.set_type(empty != nullptr ? empty : get(blob, id, 0));
		field.set_name(blob->string(r.word(3 * i)));
		field.set_loc_bitpos(bit_offset);
		field.set_bitsize(bit_size);
	}
	made->set_num_fields(nr_fields);
}

/* Value of enumerator INDEX. */
LONGEST type_maker::enumerator(const btf_blob *blob, const record &r, unsigned index) const
{
	if (r.kind() == KIND_ENUM64)
		return (LONGEST)((ULONGEST)r.word(3 * index + 2) << 32 | r.word(3 * index + 1));
	uint32_t value = r.word(2 * index + 1);
	return blob->enums_have_signs && !r.flag() ? (LONGEST)value : (LONGEST)(int32_t)value;
}

void type_maker::finish_enum(btf_blob *blob, const record &r, type *made)
{
	bool is_unsigned = true, is_flags = r.count() != 0;
	unsigned words = r.kind() == KIND_ENUM ? 2 : 3;

	if (r.count() == 0) {
		made->set_is_stub(true);
		return;
	}
	made->alloc_fields(r.count());
	for (unsigned i = 0; i < r.count(); i++) {
		LONGEST value = enumerator(blob, r, i);
		struct field &field = made->field(i);

		field.set_name(blob->string(r.word(words * i)));
		field.set_loc_enumval(value);
		/* As for DWARF: an enum of single bits is printed as a union of flags. */
		if (value < 0)
			is_unsigned = is_flags = false;
		else if (value & (value - 1))
			is_flags = false;
	}
	made->set_is_unsigned(is_unsigned);
	made->set_is_flag_enum(is_flags);
}

void type_maker::finish_function(btf_blob *blob, const record &r, type *made)
{
	unsigned count = r.count();

	made->set_target_type(get(blob, r.size_or_type, 0));
	made->set_is_prototyped(true);
	if (count != 0 && r.word(2 * (count - 1) + 1) == 0) {
		made->set_has_varargs(true);
		count--;
	}
	made->alloc_fields(count);
	for (unsigned i = 0; i < count; i++) {
		made->field(i).set_name(blob->string(r.word(2 * i)));
		made->field(i).set_type(get(blob, r.word(2 * i + 1), 0));
	}
}

/* A symbol table that grows: GDB finds in it whatever name it has asked for before. */
class growing_symtab {
public:
	growing_symtab(objfile *owner, const char *name);
	~growing_symtab() { mdict_free(m_symbols); }

	symbol *add(const char *name, domain_enum domain, address_class where, type *its_type);
	void add_block(symbol *function, CORE_ADDR start, CORE_ADDR end);
	compunit_symtab *unit() const { return m_unit; }

private:
	block *make_block(block *made, block *super, multidictionary *dictionary);

	objfile *m_owner;
	compunit_symtab *m_unit;
	symtab *m_file;
	multidictionary *m_symbols;
};

block *growing_symtab::make_block(block *made, block *super, multidictionary *dictionary)
{
	made->set_multidict(dictionary);
	made->set_superblock(super);
	made->set_start(0);
	made->set_end(0);
	return made;
}

growing_symtab::growing_symtab(objfile *owner, const char *name) : m_owner(owner)
{
	obstack *space = &owner->objfile_obstack;

	m_symbols = mdict_create_hashed_expandable(language_c);
	m_unit = allocate_compunit_symtab(owner, name);
	m_file = allocate_symtab(m_unit, name);
	m_file->set_language(language_c);
	add_compunit_symtab_to_objfile(m_unit);

	size_t size = sizeof(blockvector) + (FIRST_LOCAL_BLOCK - 1) * sizeof(block *);
	blockvector *blocks = (blockvector *)obstack_alloc(space, size);
	global_block *global = new (space) global_block;

	blocks->set_map(nullptr);
	blocks->set_num_blocks(FIRST_LOCAL_BLOCK);
	make_block(global, nullptr, m_symbols);
	global->set_compunit(m_unit);
	blocks->set_block(GLOBAL_BLOCK, global);
	blocks->set_block(STATIC_BLOCK, make_block(new (space) block, global,
						   mdict_create_linear(space, nullptr)));
	m_unit->set_blockvector(blocks);
}

symbol *growing_symtab::add(const char *name, domain_enum domain, address_class where,
			    type *its_type)
{
	symbol *made = new (&m_owner->objfile_obstack) symbol;

	made->set_language(language_c, &m_owner->objfile_obstack);
	made->m_name = name;
	made->set_symtab(m_file);
	made->set_domain(domain);
	made->set_aclass_index(where);
	made->set_type(its_type);
	made->set_section_index(0);
	return made;
}

void growing_symtab::add_block(symbol *function, CORE_ADDR start, CORE_ADDR end)
{
	obstack *space = &m_owner->objfile_obstack;
	block *body = new (space) block;

	make_block(body, m_unit->blockvector()->static_block(),
		   mdict_create_linear(space, nullptr));
	body->set_start(start);
	body->set_end(end);
	body->set_function(function);
	function->set_value_block(body);
}

/* What an object file offers of the entries: types and enumerators, or functions and variables. */
class btf_symbols : public quick_symbol_functions {
public:
	btf_symbols(objfile *owner, std::shared_ptr<type_maker> maker, bool offers_code)
	    : m_maker(std::move(maker)), m_offers_code(offers_code),
	      m_symtab(owner, offers_code ? "<kernel functions>" : "<kernel types>")
	{
	}

	bool has_symbols(objfile *) override { return true; }
	bool has_unexpanded_symtabs(objfile *) override { return true; }
	symtab *find_last_source_symtab(objfile *) override { return nullptr; }
	void forget_cached_source_info(objfile *) override {}
	enum language lookup_global_symbol_language(objfile *, const char *, domain_search_flags,
						    bool *symbol_found) override
	{
		*symbol_found = false;
		return language_unknown;
	}
	void print_stats(objfile *, bool) override {}
	void dump(objfile *) override {}
	void expand_all_symtabs(objfile *) override;
	bool expand_symtabs_matching(
		objfile *, gdb::function_view<expand_symtabs_file_matcher_ftype> in_file,
		const lookup_name_info *wanted,
		gdb::function_view<expand_symtabs_symbol_matcher_ftype> matches,
		gdb::function_view<expand_symtabs_exp_notify_ftype> notify,
		block_search_flags blocks, domain_search_flags domains,
		gdb::function_view<expand_symtabs_lang_matcher_ftype> language) override;
	compunit_symtab *find_pc_sect_compunit_symtab(objfile *, bound_minimal_symbol, CORE_ADDR,
						      obj_section *, int) override
	{
		return nullptr;
	}
	compunit_symtab *find_compunit_symtab_by_address(objfile *, CORE_ADDR) override
	{
		return nullptr;
	}
	void map_symbol_filenames(objfile *, gdb::function_view<symbol_filename_ftype>,
				  bool) override
	{
	}

private:
	bool offers(const btf_blob *blob, const entry &e) const;
	bool install(btf_blob *blob, entry *e);
	bool install_code(btf_blob *blob, const entry &e);

	std::shared_ptr<type_maker> m_maker;
	bool m_offers_code;
	growing_symtab m_symtab;
};

bool btf_symbols::offers(const btf_blob *blob, const entry &e) const
{
	unsigned kind = blob->at(e.id).kind();

	return m_offers_code == (kind == KIND_FUNC || kind == KIND_VAR);
}

/* A function or variable is one only if it has an address. */
bool btf_symbols::install_code(btf_blob *blob, const entry &e)
{
	bool is_function = e.domain == FUNCTION_DOMAIN;
	crash_symbol where;

	if (m_maker->ops()->symbol_by_name == nullptr ||
	    !m_maker->ops()->symbol_by_name(e.name, &where))
		return false;
	symbol *made = m_symtab.add(e.name, e.domain, is_function ? LOC_BLOCK : LOC_STATIC,
				    m_maker->make(blob, e.id));
	if (is_function)
		m_symtab.add_block(made, where.address,
				   where.address + std::max<ULONGEST>(where.size, 1));
	else
		made->set_value_address(where.address);
	mdict_add_symbol(m_symtab.unit()->blockvector()->global_block()->multidict(), made);
	return true;
}

/* Makes E's symbol unless it is there; false when this object file has nothing to show for it. */
bool btf_symbols::install(btf_blob *blob, entry *e)
{
	if (!offers(blob, *e))
		return false;
	if (e->installed)
		return true;
	if (m_offers_code)
		return e->installed = install_code(blob, *e);
	e->installed = true;
	symbol *made = m_symtab.add(e->name, e->domain, e->sub == NO_SUB ? LOC_TYPEDEF : LOC_CONST,
				    m_maker->make(blob, e->id));
	if (e->sub != NO_SUB)
		made->set_value_longest(m_maker->enumerator(blob, blob->at(e->id), e->sub));
	mdict_add_symbol(m_symtab.unit()->blockvector()->global_block()->multidict(), made);
	return true;
}

void btf_symbols::expand_all_symtabs(objfile *)
{
	m_maker->each_entry([&](btf_blob *blob, entry &e) {
		QUIT;
		install(blob, &e);
	});
}

bool btf_symbols::expand_symtabs_matching(
	objfile *, gdb::function_view<expand_symtabs_file_matcher_ftype> in_file,
	const lookup_name_info *wanted,
	gdb::function_view<expand_symtabs_symbol_matcher_ftype> matches,
	gdb::function_view<expand_symtabs_exp_notify_ftype> notify, block_search_flags blocks,
	domain_search_flags domains, gdb::function_view<expand_symtabs_lang_matcher_ftype> language)
{
	bool any = false;

	if ((blocks & SEARCH_GLOBAL_BLOCK) == 0 || (language != nullptr && !language(language_c)) ||
	    (in_file != nullptr && !in_file(m_symtab.unit()->name, false)))
		return true;
	auto take = [&](btf_blob *blob, entry &e) {
		if (!search_flags_matches(domains, e.domain))
			return false;
		if (matches != nullptr && !matches(e.name))
			return false;
		return install(blob, &e);
	};

	if (wanted != nullptr && !wanted->completion_mode()) {
		any = m_maker->each_named(wanted->name(), take);
	} else {
		std::string_view prefix = wanted != nullptr ? wanted->name() : std::string_view();

		m_maker->each_entry([&](btf_blob *blob, entry &e) {
			QUIT;
			if (strncmp(e.name, prefix.data(), prefix.size()) == 0)
				any |= take(blob, e);
		});
	}
	return !any || notify == nullptr || notify(m_symtab.unit());
}

} /* namespace */

const char *crash_btf_complaints()
{
	return complaints.c_str();
}

void crash_btf_attach(objfile *types, objfile *code, const crash_embed_ops *ops)
{
	auto maker = std::make_shared<type_maker>(types, ops);

	complaints.clear();
	types->qf.emplace_front(new btf_symbols(types, maker, false));
	if (code != nullptr)
		code->qf.emplace_front(new btf_symbols(code, maker, true));
}
