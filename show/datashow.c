/* show/datashow.c - types and values as struct, union, p, whatis and task print them. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gdb writes the types and the values; here its text is laid out, and offsets are
 * put beside members.
 */
#include "show/datashow.h"

#include "base/fail.h"
#include "base/out.h"
#include "base/table.h"
#include "bridge/gdb_bridge.h"
#include "names/types.h"
#include "shell/command.h"
#include "shell/gdb_settings.h"
#include "shell/nearest.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* Where no other meaning is listed, as it is for list, -h is an old name of -x. */
static bool h_is_x(const struct args *args)
{
	for (size_t i = 0; i < args->nr_options; i++) {
		const struct option *option = args->options[i].option;

		if (streq(option->name, "h") && !option->help)
			return true;
	}
	return false;
}

unsigned datashow_radix(const struct args *args)
{
	bool hexadecimal = option_given(args, "x") || h_is_x(args);

	if (hexadecimal && option_given(args, "d"))
		fail("-x and -d exclude each other");
	return hexadecimal ? 16 : option_given(args, "d") ? 10 : gdb_settings.radix;
}

static void set_gdb_radix(unsigned radix)
{
	struct strbuf nothing = { 0 };

	gdb_run(radix == 16 ? "set output-radix 16" : "set output-radix 10", GDB_NO_DWARF, &nothing,
		NULL);
	strbuf_free(&nothing);
}

char *datashow_gdb(const char *command, unsigned radix)
{
	struct strbuf *text = scope_strbuf(), *error = scope_strbuf();
	bool worked, other_radix = radix != gdb_settings.radix;
	char *result, *why;

	gdb_settings_sync();
	if (other_radix)
		set_gdb_radix(radix);
	worked = gdb_run(command, GDB_DWARF_IF_NEEDED, text, error);
	if (other_radix)
		set_gdb_radix(gdb_settings.radix);
	while (text->length && text->text[text->length - 1] == '\n')
		text->text[--text->length] = '\0';
	result = scope_strdup(strbuf_text(text));
	why = scope_strdup(strbuf_text(error));
	if (!worked) {
		interrupt_check();
		fail("%s", nearest_for_gdb(why, command));
	}
	if (why[0])
		warn("%s", why);
	return result;
}

static void put_lines(char *text, const char *indent)
{
	char *line = text, *next;

	for (; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		out("%s%s%s", line == text ? "" : indent, line, next ? "\n" : "");
	}
}

static char *value_text(const char *expression, bool bare_pointer, unsigned radix)
{
	char *value = datashow_gdb(scope_printf("output %s", expression), radix);
	char *type_end = bare_pointer && value[0] == '(' ? strstr(value, ") 0x") : NULL;

	return type_end ? type_end + 2 : value;
}

void datashow_value(const char *expression, bool bare_pointer, const char *indent, unsigned radix)
{
	put_lines(value_text(expression, bare_pointer, radix), indent);
}

bool datashow_has_member(const char *aggregate, const char *path)
{
	if (types_available())
		return type_has_member(aggregate, path);
	return gdb_type_member(aggregate, path, &(struct gdb_member){ 0 }, NULL);
}

/* The path without subscripts: "numbers[2].nr" is at numbers' place plus what gdb adds for [2]. */
u64 datashow_member_offset(const char *aggregate, const char *path, u64 *size)
{
	struct gdb_member from_gdb;
	struct member member;
	struct type type;

	if (type_by_name(aggregate, &type) && type_member(type, path, &member)) {
		if (size)
			*size = member.size;
		return member.offset;
	}
	if (!gdb_type_member(aggregate, path, &from_gdb, NULL))
		fail("invalid data structure reference: %s.%s%s", strchr(aggregate, ' ') + 1, path,
		     nearest_reference(scope_printf("%s.%s", strchr(aggregate, ' ') + 1, path)));
	if (size)
		*size = from_gdb.size;
	return from_gdb.offset;
}

u64 datashow_type_size(const char *type)
{
	struct strbuf *error = scope_strbuf();
	u64 size = 0;
	char *why;

	if (gdb_evaluate(scope_printf("sizeof(%s)", type), GDB_DWARF_IF_NEEDED, &size, error))
		return size;
	why = scope_strdup(strbuf_text(error));
	fail("%s", why);
}

static void show_size(u64 size, unsigned radix)
{
	out(radix == 16 ? "SIZE: 0x%llx\n" : "SIZE: %llu\n", size);
}

/* gdb's "type = ..." without the label; of a structure that is named by a typedef, that typedef. */
static char *definition_text(const char *type)
{
	char *text = datashow_gdb(scope_printf("ptype %s", type), 10);

	if (starts_with(text, "type = "))
		text += strlen("type = ");
	if (!strchr(type, ' ') && ends_with(text, "}"))
		return scope_printf("typedef %s;", datashow_declaration(text, type));
	return text;
}

void datashow_definition(const char *type, unsigned radix)
{
	char *text = definition_text(type);

	if (ends_with(text, "{...}") || strstr(text, "<incomplete type>"))
		fail("%s is only declared in this kernel, never defined", type);
	put_lines(text, "");
	out("\n");
	show_size(datashow_type_size(type), radix);
}

/* Lines of ptype: members stand at four blanks a level; "struct {" opens one without a name. */
struct place {
	const char *aggregate;
	const u64 *address;
	unsigned radix;
	int width; /* of the bracket column */
};

static size_t indent_of(const char *line)
{
	return strspn(line, " ");
}

static bool opens_block(const char *line)
{
	return ends_with(line, "{");
}

static bool closes_block(const char *line)
{
	return line[indent_of(line)] == '}';
}

/*
 * The member's own name in a declaration: "int (*f)(int);", "u8 a:3;", "char b[16];". NULL:
 * it has none.
 */
static char *declared_name(const char *line)
{
	const char *start = strstr(line, "(*"), *end;
	size_t stars = 0;

	if (start && !starts_with(line + indent_of(line), "}")) {
		start += 1;
		stars = strspn(start, "* ");
		end = start + stars;
		while (isalnum((unsigned char)*end) || *end == '_')
			end++;
		return end > start + stars
			       ? scope_printf("%.*s", (int)(end - start - stars), start + stars)
			       : NULL;
	}
	end = line + strcspn(line, "[:;");
	/* A bit-field is written "name : 3". */
	while (end > line && end[-1] == ' ')
		end--;
	start = end;
	while (start > line && (isalnum((unsigned char)start[-1]) || start[-1] == '_'))
		start--;
	return end > start ? scope_printf("%.*s", (int)(end - start), start) : NULL;
}

static void put_bracket(const struct place *place, u64 offset)
{
	char text[40];

	if (place->address)
		snprintf(text, sizeof(text), "  [%llx]", (*place->address + offset));
	else
		snprintf(text, sizeof(text), place->radix == 16 ? "[0x%llx]" : "[%llu]", offset);
	out("%*s ", place->width, text);
}

/* A bit-field is at the byte of its first bit. */
static bool member_place(const struct place *place, const char *path, u64 *offset)
{
	struct member member;
	struct type type;
	struct gdb_member from_gdb;

	if (type_by_name(place->aggregate, &type) && type_member(type, path, &member)) {
		*offset = member.offset + member.bit_offset / 8;
		return true;
	}
	if (!gdb_type_member(place->aggregate, path, &from_gdb, NULL))
		return false;
	*offset = from_gdb.offset + from_gdb.bit_offset / 8;
	return true;
}

/* Index of the line that closes the block opened at lines[start]. */
static size_t closing_line(char **lines, size_t count, size_t start)
{
	size_t i = start + 1;

	while (i < count &&
	       !(closes_block(lines[i]) && indent_of(lines[i]) == indent_of(lines[start])))
		i++;
	return i;
}

/*
 * One line of a definition. NAME, unless NULL, is the member whose place stands before it, PREFIX
 * the named blocks that it is in: inside these only what can also be named without them has a
 * place, as the members of the kernel's struct_group() can.
 */
static void put_member_line(const struct place *place, const char *line, const char *prefix,
			    const char *name)
{
	u64 offset, inside;
	bool known = name && member_place(place, name, &offset);

	if (known && *prefix)
		known = member_place(place, scope_printf("%s%s", prefix, name), &inside) &&
			inside == offset;
	if (known)
		put_bracket(place, offset);
	else
		out("%*s", place->width + 1, "");
	out("%s\n", line + 4);
}

/* As crash has it: a block with a name has its place beside that name, where it closes. */
static void put_members(const struct place *place, char **lines, size_t first, size_t end,
			const char *prefix, unsigned depth)
{
	if (depth > 64)
		fail("a structure is nested more than 64 levels deep");
	for (size_t i = first; i < end; i++) {
		size_t close = opens_block(lines[i]) ? closing_line(lines, end, i) : i;
		char *name = close < end ? declared_name(lines[close]) : NULL;

		if (close > i) {
			put_member_line(place, lines[i], "", NULL);
			put_members(place, lines, i + 1, close,
				    name ? scope_printf("%s%s.", prefix, name) : prefix, depth + 1);
			i = close;
		}
		if (close < end)
			put_member_line(place, lines[close], prefix, name);
	}
}

static int bracket_width(const struct place *place, u64 size)
{
	char digits[32];

	if (place->address)
		return 2 + 2 + snprintf(digits, sizeof(digits), "%llx", *place->address);
	return 4 + snprintf(digits, sizeof(digits), place->radix == 16 ? "0x%llx" : "%llu", size);
}

/* Splits TEXT at newlines, in place. */
static char **split_lines(char *text, size_t *count)
{
	size_t space = 1, i;
	char **lines;

	for (i = 0; text[i]; i++)
		space += text[i] == '\n';
	lines = scope_array(space, sizeof(*lines));
	*count = 0;
	for (char *line = text, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		lines[(*count)++] = line;
	}
	return lines;
}

void datashow_offsets(const char *aggregate, const u64 *address, unsigned radix)
{
	struct place place = { aggregate, address, radix, 0 };
	u64 size = datashow_type_size(aggregate);
	size_t count;
	char **lines = split_lines(definition_text(aggregate), &count);

	place.width = bracket_width(&place, size);
	if (count < 2)
		fail("%s has no members", aggregate);
	out("%s\n", lines[0]);
	put_members(&place, lines, 1, count - 1, "", 0);
	out("%s\n", lines[count - 1]);
	show_size(size, radix);
}

/* "struct page {", and "typedef struct {" of atomic_t. */
static void put_opening(const char *aggregate)
{
	char *text;

	if (strchr(aggregate, ' ')) {
		out("%s {\n", aggregate);
		return;
	}
	text = definition_text(aggregate);
	out("%.*s{\n", (int)strcspn(text, "{"), text);
}

/* The type of a member that is part of a block without a name is asked of gdb, as for any other. */
void datashow_member_place(const char *aggregate, const char *path, const u64 *address,
			   unsigned radix)
{
	struct place place = { aggregate, address, radix, 0 };
	u64 offset = datashow_member_offset(aggregate, path, NULL);
	char *type = datashow_gdb(scope_printf("whatis ((%s *)0)->%s", aggregate, path), 10);

	if (starts_with(type, "type = "))
		type += strlen("type = ");
	place.width = bracket_width(&place, address ? 0 : datashow_type_size(aggregate));
	put_opening(aggregate);
	put_bracket(&place, offset);
	out("%s;\n%s\n", datashow_declaration(type, path),
	    strchr(aggregate, ' ') ? "}" : scope_printf("} %s;", aggregate));
}

const char *datashow_object_head(const char *aggregate)
{
	struct type type;
	bool is_union;

	if (strchr(aggregate, ' '))
		return aggregate;
	if (type_by_name(aggregate, &type))
		is_union = type_kind(type) == TYPE_UNION;
	else
		is_union = starts_with(definition_text(aggregate), "typedef union");
	return scope_printf("%s %s", is_union ? "union" : "struct", aggregate);
}

void datashow_object(const char *aggregate, u64 address, unsigned radix)
{
	char *value = datashow_gdb(scope_printf("output *(%s *)0x%llx", aggregate, address), radix);

	out("%s ", datashow_object_head(aggregate));
	put_lines(value, "");
	out("\n");
}

/*
 * What a member is to the structure that it stands in; unnamed structures inside TYPE are ones
 * of their own.
 */
enum place_in_structure { NOT_THERE, IN_BETWEEN, LAST };

static enum place_in_structure place_in(struct type type, const char *name, unsigned depth)
{
	size_t count = type_nr_members(type);

	for (size_t i = 0; i < count && depth < 64; i++) {
		enum place_in_structure inside = NOT_THERE;
		struct member member;

		if (!type_member_at(type, i, &member))
			continue;
		if (member.name && *member.name) {
			if (streq(member.name, name))
				return i + 1 == count ? LAST : IN_BETWEEN;
			continue;
		}
		inside = place_in(member.type, name, depth + 1);
		if (inside != NOT_THERE)
			return inside;
	}
	return NOT_THERE;
}

/*
 * Is the member at the end of PATH the last of the structure that it is in? Its line has
 * no comma then.
 */
static bool ends_structure(struct type type, const char *path)
{
	char *outer = scope_strdup(path), *dot = strrchr(outer, '.');
	struct member structure;

	if (!dot)
		return place_in(type, path, 0) == LAST;
	*dot = '\0';
	return type_member(type, outer, &structure) && place_in(structure.type, dot + 1, 0) == LAST;
}

void datashow_member(const char *aggregate, u64 address, const char *path, unsigned radix)
{
	struct type type = { 0 };
	struct member member;
	bool known = type_by_name(aggregate, &type);
	bool is_pointer = known && type_member(type, path, &member) &&
			  type_kind(member.type) == TYPE_POINTER;

	char *value = value_text(scope_printf("((%s *)0x%llx)->%s", aggregate, address, path),
				 is_pointer, radix);

	out("  %s = ", path);
	put_lines(value, "  ");
	out("%s\n", known && ends_structure(type, path) ? "" : ",");
}

char *datashow_declaration(const char *type, const char *name)
{
	const char *inner = strstr(type, "(*"), *brace = strchr(type, '{'), *cut;
	size_t stars;

	if (inner && (!brace || inner < brace)) {
		/* "int (*)(int)": the name goes behind the innermost star. */
		stars = strspn(inner + 1, "*");
		cut = inner + 1 + stars;
		return scope_printf("%.*s%s%s", (int)(cut - type), type, name, cut);
	}
	cut = strchr(type, '(');
	if (!cut || (brace && cut > brace))
		cut = strchr(type, '[');
	/* "char [16]", "struct page *[]": dimensions stand behind the name as well. */
	if (cut && *cut == '[' && cut > type && cut[-1] == ' ')
		cut--;
	if (cut && (!brace || cut < brace)) {
		size_t length = (size_t)(cut - type);
		bool blank = length && (type[length - 1] == ' ' || type[length - 1] == '*');
		const char *rest = *cut == ' ' ? cut + 1 : cut;

		return scope_printf("%.*s%s%s%s", (int)length, type, blank ? "" : " ", name, rest);
	}
	return scope_printf("%s%s%s", type, ends_with(type, "*") ? "" : " ", name);
}

void datashow_offline_cpu(unsigned cpu)
{
	table_remark("cpu %u is OFFLINE\n", cpu);
}
