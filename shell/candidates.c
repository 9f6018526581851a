/* shell/candidates.c - the words of each kind that may stand in a command line. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/candidates.h"

#include "base/fail.h"
#include "base/nameindex.h"
#include "bridge/gdb_bridge.h"
#include "kernel.h"
#include "kernel/module.h"
#include "kernel/modulebtf.h"
#include "names/types.h"
#include "shell/alias.h"
#include "shell/command.h"
#include "symbols.h"
#include "task.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define DEEPEST 16 /* anonymous structures inside each other */

static void offer_each(const char *word, void *arg)
{
	offer_word(arg, word, NULL);
}

/* ---- of crash and the shell ---- */

void offer_commands(struct offer *offer)
{
	for (const struct command *const *entry = command_table; *entry; entry++) {
		if (!((*entry)->flags & COMMAND_HIDDEN))
			offer_word(offer, (*entry)->name, (*entry)->summary);
	}
	for (size_t i = 0; i < alias_count(); i++)
		offer_word(offer, alias_at(i)->name, alias_at(i)->text);
	offer->completion->ends_word = true;
}

void offer_topics(struct offer *offer)
{
	static const char *const others[] = { "all", "input", "output" };

	offer_commands(offer);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		offer_word(offer, others[i], NULL);
}

void offer_aliases(struct offer *offer)
{
	for (size_t i = 0; i < alias_count(); i++)
		offer_word(offer, alias_at(i)->name, alias_at(i)->text);
}

static void offer_programs_in(struct offer *offer, const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		if (entry->d_name[0] != '.' && entry->d_type != DT_DIR)
			offer_word(offer, entry->d_name, NULL);
	}
	if (folder)
		closedir(folder);
}

void offer_programs(struct offer *offer)
{
	const char *path = getenv("PATH");

	offer->completion->files = true;
	if (!*offer->text || strchr(offer->text, '/'))
		return;
	while (path && *path) {
		size_t length = strcspn(path, ":");

		if (length)
			offer_programs_in(offer, scope_printf("%.*s", (int)length, path));
		path += length + (path[length] == ':');
	}
	offer->completion->ends_word = true;
}

void offer_files(struct offer *offer)
{
	offer->completion->files = true;
}

/* ---- tasks, modules, cpus ---- */

void offer_pids(struct offer *offer)
{
	char comm[TASK_COMM_SPACE];

	/* An address is not typed with TAB. */
	if (offer->text[strspn(offer->text, "0123456789")])
		return;
	for (size_t i = 0; i < task_count(); i++) {
		const struct task *task = task_at(i);

		offer_word(offer, scope_printf("%u", task->pid), task_comm(task, comm));
	}
	offer->completion->ends_word = true;
}

/* What is no single word in a command line, or not the task's own name, is left out. */
static bool is_plain_name(const char *name)
{
	return *name && *name != '-' && !strpbrk(name, " \t\\\"'()|<>!;#*");
}

void offer_task_names(struct offer *offer)
{
	char comm[TASK_COMM_SPACE];

	for (size_t i = 0; i < task_count(); i++) {
		if (is_plain_name(task_comm(task_at(i), comm)))
			offer_word(offer, comm, NULL);
	}
	offer->completion->ends_word = true;
}

void offer_modules(struct offer *offer)
{
	for (size_t i = 0; i < module_count(); i++)
		offer_word(offer, module_at(i)->name, NULL);
	offer->completion->ends_word = true;
}

void offer_cpus(struct offer *offer)
{
	size_t list = strlen(offer->text);

	while (list && isdigit((unsigned char)offer->text[list - 1]))
		list--;
	/* Of a list, the number behind the last comma or dash. */
	offer_begin_at(offer, offer->text + list);
	for (unsigned i = 0; i < kernel_nr_cpus(); i++)
		offer_word(offer, scope_printf("%u", i), NULL);
}

/* ---- symbols ---- */

/* All that have a name worth typing; modules' come and go. */
static struct name_index symbol_names;
static unsigned names_version;

static void add_names(const struct symbol_module *module)
{
	for (size_t i = 0; i < symbols_count(module); i++) {
		const struct symbol *symbol = symbols_get(module, i);

		/* Labels, checksums and constants are never asked for. */
		if (symbol && !symbol->hidden)
			name_index_add(&symbol_names, symbol->name);
	}
}

static void need_symbol_names(void)
{
	const struct symbol_module *module = symbols_first_module(); /* loads them */

	if (symbol_names.names.count && names_version == symbols_version())
		return;
	name_index_free(&symbol_names);
	add_names(NULL);
	for (; module; module = symbols_next_module(module))
		add_names(module);
	names_version = symbols_version();
}

void offer_symbols(struct offer *offer)
{
	/* An empty start would offer all of them. */
	if (!*offer->text || offer->text[0] == '-')
		return;
	need_symbol_names();
	name_index_each(&symbol_names, offer->text, offer_each, offer);
}

/* ---- types and members ---- */

enum { STRUCTS, UNIONS, OTHERS, NR_TYPE_KINDS };
static struct name_index type_names[NR_TYPE_KINDS];

static void add_types(const struct btf *btf, u32 first)
{
	for (u32 id = first; id < btf_nr_types(btf); id++) {
		struct btf_record record;

		if (!btf_record(btf, id, &record) || !*record.name)
			continue;
		if (record.kind == BTF_STRUCT)
			name_index_add(&type_names[STRUCTS], record.name);
		else if (record.kind == BTF_UNION)
			name_index_add(&type_names[UNIONS], record.name);
		else if (record.kind == BTF_TYPEDEF || record.kind == BTF_ENUM ||
			 record.kind == BTF_ENUM64)
			name_index_add(&type_names[OTHERS], record.name);
	}
}

static void need_type_names(void)
{
	static bool ready;
	const struct btf *btf;
	const char *module;

	if (ready || !types_btf())
		return;
	ready = true;
	add_types(types_btf(), 1);
	for (size_t i = 0; module_btf_at(i, &module, &btf); i++)
		add_types(btf, btf_nr_types(types_btf()));
}

/* What a pointer or an array leads to. */
static struct type pointed_at(struct type type)
{
	enum type_kind kind = type_kind(type);

	for (int i = 0; i < DEEPEST && (kind == TYPE_POINTER || kind == TYPE_ARRAY); i++) {
		while (kind == type_kind(type) && type_kind(type_target(type)) == kind)
			type = type_target(type);
		type = type_target(type);
		kind = type_kind(type);
	}
	return type;
}

static bool has_members(struct type type)
{
	return type_kind(type) == TYPE_STRUCT || type_kind(type) == TYPE_UNION;
}

static void offer_members_of(struct offer *offer, struct type type, int depth)
{
	struct member member;

	for (size_t i = 0; i < type_nr_members(type) && type_member_at(type, i, &member); i++) {
		if (*member.name)
			offer_word(offer, member.name, NULL);
		else if (depth < DEEPEST && has_members(member.type))
			offer_members_of(offer, member.type, depth + 1);
	}
}

/* PATH ("se.", "files[2].", "") leads from TYPE to the structure whose members are meant. */
static bool follow_path(struct type *type, const char *path, bool pointers)
{
	while (*path) {
		size_t length = strcspn(path, ".-");
		struct member member;

		if (!type_member(*type, scope_printf("%.*s", (int)length, path), &member))
			return false;
		*type = pointers ? pointed_at(member.type) : member.type;
		path += length;
		path += strspn(path, ".->");
	}
	return has_members(*type);
}

/* The members that the word behind the last dot or comma of TEXT, which starts in TYPE, may be. */
static void offer_path(struct offer *offer, struct type type, const char *text)
{
	const char *comma = strrchr(text, ','), *path = comma ? comma + 1 : text;
	const char *dot = strrchr(path, '.'), *last = dot ? dot + 1 : path;

	offer_begin_at(offer, last);
	if (follow_path(&type, scope_printf("%.*s", (int)(last - path), path), false))
		offer_members_of(offer, type, 0);
}

void offer_members(struct offer *offer)
{
	struct type type;

	if (type_by_name(offer->of, &type))
		offer_path(offer, type, offer->text);
}

/* False: TEXT names no type whose members it goes on with. */
static bool offer_members_behind_type(struct offer *offer, const char *kind)
{
	const char *dot = strchr(offer->text, '.');
	struct type type;

	if (!dot ||
	    !type_by_name(scope_printf("%s%.*s", kind, (int)(dot - offer->text), offer->text),
			  &type))
		return false;
	offer_path(offer, type, dot + 1);
	return true;
}

static void offer_type_names(struct offer *offer, unsigned kinds)
{
	need_type_names();
	for (unsigned i = 0; i < NR_TYPE_KINDS; i++) {
		if (kinds & (1u << i))
			name_index_each(&type_names[i], offer->text, offer_each, offer);
	}
}

void offer_structs(struct offer *offer)
{
	if (!offer_members_behind_type(offer, "struct "))
		offer_type_names(offer, 1 << STRUCTS);
}

void offer_unions(struct offer *offer)
{
	if (!offer_members_behind_type(offer, "union "))
		offer_type_names(offer, 1 << UNIONS);
}

/* ---- expressions ---- */

static bool is_name_character(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$';
}

static const char *back_over_name(const char *line, const char *end)
{
	while (end > line && is_name_character(end[-1]))
		end--;
	return end;
}

static const char *back_over_blanks(const char *line, const char *end)
{
	while (end > line && isspace((unsigned char)end[-1]))
		end--;
	return end;
}

/* END is behind a closing bracket: where its opening one is, or NULL. */
static const char *back_over_brackets(const char *line, const char *end)
{
	int depth = 0;

	while (end > line) {
		end--;
		if (*end == ')' || *end == ']')
			depth++;
		else if ((*end == '(' || *end == '[') && --depth == 0)
			return end;
	}
	return NULL;
}

/* "(struct page *)0xffffea0000000000": the type of the cast that TEXT starts with. */
static bool type_of_cast(const char *text, struct type *type)
{
	const char *end;

	text += strspn(text, "( ");
	end = strpbrk(text, "*)");
	if (!end)
		return false;
	while (end > text && end[-1] == ' ')
		end--;
	return type_by_name(scope_printf("%.*s", (int)(end - text), text), type) &&
	       has_members(*type);
}

/*
 * BTF knows the types of per-cpu variables only. These have had theirs in every kernel, and people
 * look at them first.
 */
static const struct {
	const char *name, *type;
} known_variables[] = {
	{ "boot_cpu_data", "struct cpuinfo_x86" },
	{ "contig_page_data", "struct pglist_data" },
	{ "init_cred", "struct cred" },
	{ "init_css_set", "struct css_set" },
	{ "init_files", "struct files_struct" },
	{ "init_fs", "struct fs_struct" },
	{ "init_mm", "struct mm_struct" },
	{ "init_net", "struct net" },
	{ "init_nsproxy", "struct nsproxy" },
	{ "init_pid_ns", "struct pid_namespace" },
	{ "init_sighand", "struct sighand_struct" },
	{ "init_signals", "struct signal_struct" },
	{ "init_task", "struct task_struct" },
	{ "init_user_ns", "struct user_namespace" },
	{ "init_uts_ns", "struct uts_namespace" },
	{ "iomem_resource", "struct resource" },
	{ "ioport_resource", "struct resource" },
	{ "modules", "struct list_head" },
	{ "root_task_group", "struct task_group" },
	{ "slab_caches", "struct list_head" },
};

/* A symbol of another size is something else of that name. */
static bool type_of_known_variable(const char *name, struct type *type)
{
	const struct symbol *symbol = symbol_by_name(name);

	for (size_t i = 0; symbol && i < ARRAY_SIZE(known_variables); i++) {
		if (streq(name, known_variables[i].name))
			return type_by_name(known_variables[i].type, type) &&
			       symbol->size >= type_size(*type);
	}
	return false;
}

/* Of a variable; debug information that would have to be read first is left alone. */
static bool type_of_variable(const char *name, struct type *type)
{
	struct strbuf *text = scope_strbuf();
	size_t length;

	if (type_of_known_variable(name, type))
		return true;
	if (!gdb_symbol_type(name, GDB_NO_DWARF, text, NULL))
		return false;
	length = strcspn(strbuf_text(text), "*[");
	while (length && strbuf_text(text)[length - 1] == ' ')
		length--;
	return type_by_name(scope_printf("%.*s", (int)length, strbuf_text(text)), type) &&
	       has_members(*type);
}

/* The structure that what ends at END is or points at: "init_task.se", "((struct file *)0x12)". */
static bool type_of_expression(const char *line, const char *end, struct type *type)
{
	const char *start, *member = end;

	end = back_over_blanks(line, end);
	while (end > line && end[-1] == ']') {
		end = back_over_brackets(line, end);
		if (!end)
			return false;
	}
	if (end > line && end[-1] == ')') {
		start = back_over_brackets(line, end);
		return start && type_of_cast(start, type);
	}
	start = back_over_name(line, end);
	if (start == end)
		return false;
	if (start > line && start[-1] == '.')
		member = start - 1;
	else if (start > line + 1 && start[-1] == '>' && start[-2] == '-')
		member = start - 2;
	else
		return type_of_variable(scope_printf("%.*s", (int)(end - start), start), type);
	return type_of_expression(line, member, type) &&
	       follow_path(type, scope_printf("%.*s", (int)(end - start), start), true);
}

void offer_expression(struct offer *offer)
{
	const char *line = offer->line, *end = offer->text + strlen(offer->text);
	const char *word = back_over_name(line, end), *before = back_over_blanks(line, word);
	const char *keyword = back_over_name(line, before);
	size_t length = before - keyword;
	struct type type;

	offer_begin_at(offer, word);
	if ((word > line && word[-1] == '.') ||
	    (word > line + 1 && word[-1] == '>' && word[-2] == '-')) {
		if (type_of_expression(line, word - (word[-1] == '.' ? 1 : 2), &type))
			offer_members_of(offer, type, 0);
	} else if (length == 6 && strncmp(keyword, "struct", 6) == 0) {
		offer_type_names(offer, 1 << STRUCTS);
	} else if (length == 5 && strncmp(keyword, "union", 5) == 0) {
		offer_type_names(offer, 1 << UNIONS);
	} else {
		offer_symbols(offer);
	}
}

/* What is of no type's name may be of a variable's: "init_task.se". */
void offer_types(struct offer *offer)
{
	if (offer_members_behind_type(offer, ""))
		return;
	if (strpbrk(offer->text, ".>"))
		offer_expression(offer);
	else
		offer_type_names(offer, 1 << STRUCTS | 1 << UNIONS | 1 << OTHERS);
}
