/* bridge/gdb_lookup.cc - what GDB knows of types, source lines and a frame's variables. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gdb_internal.hh"

#include <amd64-tdep.h>
#include <block.h>
#include <event-top.h>
#include <frame.h>
#include <language.h>
#include <objfiles.h>
#include <progspace.h>
#include <source.h>
#include <source-cache.h>
#include <symtab.h>
#include <top.h>
#include <value.h>

using namespace bridge;

/* ---- Types ---- */

static type *type_named(const char *name)
{
	expression_up parsed = parse_expression(name);
	type *found;

	if (!parsed->type_p())
		error("%s is not a type", name);
	found = check_typedef(parsed->evaluate_type()->type());
	if (found->is_stub())
		error("the members of %s are unknown", name);
	return found;
}

bool gdb_type_size(const char *name, u64 *size, struct strbuf *error)
{
	bool worked;
	std::string problem;

	worked = ensure_started(&problem) &&
		 guarded(&problem, [&]() { *size = type_named(name)->length(); });
	add_text(error, problem);
	return worked;
}

bool gdb_type_kind(const char *name, enum gdb_type_kind *kind)
{
	std::string problem;

	return ensure_started(&problem) && guarded(&problem, [&]() {
		       enum type_code code = type_named(name)->code();

		       *kind = code == TYPE_CODE_STRUCT ? GDB_STRUCT :
			       code == TYPE_CODE_UNION	? GDB_UNION :
			       code == TYPE_CODE_ENUM	? GDB_ENUM :
							  GDB_OTHER_TYPE;
	       });
}

bool gdb_has_debug_files(void)
{
	if (!gdb_bridge_started())
		return false;
	/* The object files that hold what crash tells are no files. */
	for (objfile *file : current_program_space->objfiles()) {
		if ((file->flags & OBJF_NOT_FILENAME) == 0)
			return true;
	}
	return false;
}

/* What gdb has read whole is no longer found in its index. */
static void each_read_aggregate(objfile *file, void (*each)(void *arg, const char *name), void *arg)
{
	for (compunit_symtab *unit : file->compunits()) {
		const blockvector *blocks = unit->blockvector();
		const block *const both[] = { blocks->global_block(), blocks->static_block() };

		for (const block *of : both) {
			for (const symbol *found : block_iterator_range(of)) {
				if (found->domain() == STRUCT_DOMAIN)
					each(arg, found->linkage_name());
			}
		}
	}
}

/* Nothing matches: gdb reads no more than its index. */
static void each_indexed_aggregate(objfile *file, void (*each)(void *arg, const char *name),
				   void *arg)
{
	file->expand_symtabs_matching(
		nullptr, &lookup_name_info::match_any(),
		[&](const char *name) {
			each(arg, name);
			return false;
		},
		nullptr, SEARCH_GLOBAL_BLOCK | SEARCH_STATIC_BLOCK, SEARCH_STRUCT_DOMAIN);
}

void gdb_each_aggregate(void (*each)(void *arg, const char *name), void *arg)
{
	std::string problem;
	struct gdb_btf known;
	bool has_btf = ops->btf && ops->btf(ops->arg, 0, &known);

	if (!ensure_started(&problem))
		return;
	guarded(&problem, [&]() {
		for (objfile *file : current_program_space->objfiles()) {
			/* What vmlinux has is in its BTF, and sooner found there. */
			if (has_btf && (file->flags & OBJF_SHARED) == 0)
				continue;
			each_indexed_aggregate(file, each, arg);
			each_read_aggregate(file, each, arg);
		}
	});
}

/* The field NAME of AGGREGATE, through anonymous members; *BITS is advanced to its place. */
static const field *find_field(type *aggregate, const std::string &name, u64 *bits, int depth = 0)
{
	if (depth > 64 ||
	    (aggregate->code() != TYPE_CODE_STRUCT && aggregate->code() != TYPE_CODE_UNION))
		return nullptr;
	for (unsigned i = 0; i < aggregate->num_fields(); i++) {
		const field &member = aggregate->field(i);
		u64 inner = *bits + member.loc_bitpos();

		if (member.name() != nullptr && name == member.name()) {
			*bits = inner;
			return &member;
		}
		if (member.name() != nullptr && *member.name() != '\0')
			continue;
		if (const field *found = find_field(check_typedef(member.type()), name, &inner,
						    depth + 1)) {
			*bits = inner;
			return found;
		}
	}
	return nullptr;
}

/* One step of a path: "name" or "name[3]"; TEXT is moved behind it and its dot. */
static type *take_step(const char **text, type *aggregate, u64 *bits, u32 *bit_size)
{
	size_t length = strcspn(*text, ".[");
	std::string name(*text, length);
	const field *member = find_field(aggregate, name, bits);

	if (member == nullptr)
		error("There is no member named %s.", name.c_str());
	*text += length;
	*bit_size = member->bitsize();
	type *reached = check_typedef(member->type());
	while (**text == '[') {
		char *end;
		u64 index = strtoull(*text + 1, &end, 0);

		if (reached->code() != TYPE_CODE_ARRAY || *end != ']')
			error("%s cannot be indexed so", name.c_str());
		reached = check_typedef(reached->target_type());
		*bits += index * reached->length() * 8;
		*text = end + 1;
	}
	if (**text == '.')
		++*text;
	return reached;
}

static bool is_signed_type(type *reached)
{
	enum type_code code = reached->code();

	return (code == TYPE_CODE_INT || code == TYPE_CODE_ENUM || code == TYPE_CODE_CHAR) &&
	       !reached->is_unsigned();
}

bool gdb_type_member(const char *name, const char *path, struct gdb_member *member,
		     struct strbuf *error)
{
	bool worked;
	std::string problem;

	worked = ensure_started(&problem) && guarded(&problem, [&]() {
			 type *reached = type_named(name);
			 const char *rest = path;
			 u64 bits = 0;
			 u32 bit_size = 0;

			 while (*rest != '\0')
				 reached = take_step(&rest, reached, &bits, &bit_size);
			 u64 size = reached->length();
			 /* A bit-field's storage is the naturally aligned unit of its type, unless
			  * it straddles two. */
			 u64 offset = bit_size && size ? bits / 8 / size * size : bits / 8;
			 if (bit_size && bits + bit_size > (offset + size) * 8)
				 offset = bits / 8;
			 *member = {};
			 member->offset = offset;
			 member->size = size;
			 member->bit_size = bit_size;
			 member->bit_offset = bit_size ? (u32)(bits - offset * 8) : 0;
			 member->is_signed = is_signed_type(reached);
		 });
	add_text(error, problem);
	return worked;
}

bool gdb_enumerator(const char *name, s64 *result, struct strbuf *error)
{
	bool worked;
	std::string problem;

	worked = ensure_started(&problem) && guarded(&problem, [&]() {
			 block_symbol found = lookup_symbol(name, nullptr, SEARCH_VAR_DOMAIN,
							    nullptr);

			 if (found.symbol == nullptr || found.symbol->aclass() != LOC_CONST)
				 ::error("No enumerator named %s.", name);
			 *result = found.symbol->value_longest();
		 });
	add_text(error, problem);
	return worked;
}

bool gdb_symbol_type(const char *name, enum gdb_effort effort, struct strbuf *answer,
		     struct strbuf *error)
{
	bool worked;
	std::string text, problem;
	std::string command = std::string("whatis ") + name;

	worked = ensure_started(&problem) && with_effort(effort, &text, &problem, [&]() {
			 execute_command_to_string(text, command.c_str(), 0, false);
		 });
	if (worked) {
		static const char label[] = "type = ";

		if (text.compare(0, sizeof(label) - 1, label) == 0)
			text.erase(0, sizeof(label) - 1);
		while (!text.empty() && text.back() == '\n')
			text.pop_back();
		if (text.find("no debug info>") != std::string::npos) {
			problem = std::string("the type of ") + name +
				  " is in no debug information";
			/* Whose type it may be in a file that nobody has given. */
			struct strbuf why = {};

			if (effort != GDB_NO_DWARF && !gdb_attach_dwarf(&why))
				problem += std::string(": ") + strbuf_text(&why);
			strbuf_free(&why);
			worked = false;
		}
	}
	add_text(worked ? answer : nullptr, text);
	add_text(error, problem);
	return worked;
}

/* ---- Lines and variables ---- */

/*
 * Below the directory of the compilation when that is a place on a disk, as distributions with
 * a debug source package have it. A relative one, as Debian's, is a name of the build machine
 * that leads nowhere.
 */
static std::string path_of_source(const symtab *source)
{
	const char *directory = source->compunit()->dirname();

	if (directory == nullptr || *directory != '/' || *source->filename == '/')
		return source->filename;
	return std::string(directory) + "/" + source->filename;
}

bool gdb_line_at(u64 pc, struct strbuf *file, u32 *line, struct strbuf *error)
{
	bool worked;
	std::string name, problem, unused;

	worked = ensure_started(&problem) && with_effort(GDB_DWARF, &unused, &problem, [&]() {
			 symtab_and_line found = find_pc_line(pc, 0);

			 if (found.symtab == nullptr || found.line == 0)
				 ::error("no source line is recorded for 0x%lx", (unsigned long)pc);
			 name = path_of_source(found.symtab);
			 *line = found.line;
		 });
	add_text(file, name);
	add_text(error, problem);
	return worked;
}

/* What keeps gdb from the lines of a file, which it does not say. */
[[noreturn]] static void no_source_lines(symtab *of, u32 first)
{
	std::string path = path_of_source(of);
	int fd = open_source_file(of).get();

	if (fd == -ENOENT)
		::error("no file %s", path.c_str());
	if (fd < 0)
		::error("cannot open %s: %s", path.c_str(), safe_strerror(-fd));
	::error("there is no line %u in %s", first, path.c_str());
}

bool gdb_source_lines(u64 pc, u32 first, u32 last, struct strbuf *text, struct strbuf *error)
{
	bool worked;
	std::string answer, problem, unused;

	worked = ensure_started(&problem) && with_effort(GDB_DWARF, &unused, &problem, [&]() {
			 symtab_and_line found = find_pc_line(pc, 0);
			 std::string lines;
			 u32 number = first;

			 if (found.symtab == nullptr)
				 ::error("no source line is recorded for 0x%lx", (unsigned long)pc);
			 if (!g_source_cache.get_source_lines(found.symtab, (int)first, (int)last,
							      &lines))
				 no_source_lines(found.symtab, first);
			 for (size_t at = 0, end; at < lines.length(); at = end + 1) {
				 end = std::min(lines.find('\n', at), lines.length());
				 answer += std::to_string(number++) + "\t" +
					   lines.substr(at, end - at) + "\n";
			 }
		 });
	add_text(text, answer);
	add_text(error, problem);
	return worked;
}

/* The block of the function that was put inline DEPTH levels above PC; nullptr: none. */
static const block *inlined_block(u64 pc, unsigned depth)
{
	for (const block *at = block_for_pc(pc); at != nullptr; at = at->superblock()) {
		if (at->function() == nullptr)
			continue;
		if (!at->inlined_p())
			return nullptr;
		if (depth-- == 0)
			return at;
	}
	return nullptr;
}

bool gdb_inlined_at(u64 pc, unsigned depth, struct strbuf *function, struct strbuf *file, u32 *line)
{
	bool worked;
	std::string callee, name, problem, unused;

	worked = ensure_started(&problem) && with_effort(GDB_DWARF, &unused, &problem, [&]() {
			 const block *found = inlined_block(pc, depth);

			 if (found == nullptr)
				 ::error("nothing more is inline at 0x%lx", (unsigned long)pc);
			 callee = found->function()->print_name();
			 name = path_of_source(found->function()->symtab());
			 *line = found->function()->line();
		 });
	add_text(function, callee);
	add_text(file, name);
	return worked;
}

static std::string output_of(const char *command)
{
	std::string output;

	execute_command_to_string(output, command, 0, false);
	/* Expressions are C's in every frame, assembler's too: no part of the answer. */
	const std::string warning = std::string(lang_frame_mismatch_warn) + "\n";
	for (size_t at; (at = output.find(warning)) != std::string::npos;)
		output.erase(at, warning.length());
	return output;
}

/* Frames from the innermost function inline at PLACE to the one that has the stack frame. */
static void print_variables(const struct gdb_frame_place &place, bool arguments, bool locals,
			    std::string &answer)
{
	bool found = false, below_inlined = false;

	for (frame_info_ptr frame = get_current_frame(); frame != nullptr;
	     frame = get_prev_frame(frame)) {
		QUIT;
		if (get_frame_pc(frame) != place.pc ||
		    get_frame_register_unsigned(frame, AMD64_RSP_REGNUM) != place.sp)
			continue;
		found = true;
		select_frame(frame);
		bool inlined = get_frame_type(frame) == INLINE_FRAME;
		const symbol *function = get_frame_function(frame);
		if ((inlined || below_inlined) && function != nullptr)
			answer += std::string(inlined ? "(inlined) " : "(function) ") +
				  function->print_name() + "\n";
		below_inlined = inlined;
		if (arguments)
			answer += output_of("info args");
		if (locals)
			answer += output_of("info locals");
	}
	if (!found)
		error("gdb does not have this frame");
}

bool gdb_frame_variables(const struct gdb_frame_place *place, bool arguments, bool locals,
			 struct strbuf *text, struct strbuf *error)
{
	bool worked;
	std::string answer, problem;

	worked = ensure_started(&problem) && with_effort(GDB_DWARF, &answer, &problem, [&]() {
			 follow_current_task(true);
			 scoped_restore_current_thread restore;
			 switch_to_thread(thread_of(place->id, place->pid));
			 print_variables(*place, arguments, locals, answer);
		 });
	add_text(text, answer);
	add_text(error, problem);
	return worked;
}
