/* show/typesearch.c - structures found by their size and by the types of their members. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One pass over all of BTF. What is known of a type is kept by its id, so that each structure's
 * members are looked at once, however many others embed it.
 */
#include "show/typesearch.h"

#include "base/fail.h"
#include "base/table.h"
#include "names/types.h"

#include <stdlib.h>

/* Written types nest, and damaged ones may nest for ever: real ones stay below ten levels. */
enum { DEEPEST = 24 };

enum answer { UNKNOWN, NO, YES };

struct search {
	const struct typesearch_wish *wish;
	const struct btf *btf; /* whose ids ANSWERS counts */
	u8 *answers;
	u32 nr_answers;
	struct strbuf text;
	VECTOR(struct type) found;
};

static void put_type(struct strbuf *text, const struct btf *btf, u32 id, unsigned depth);

static void put_pointer(struct strbuf *text, const struct btf *btf, u32 target, unsigned depth)
{
	struct btf_record record;

	if (!btf_record(btf, target, &record) || record.kind != BTF_FUNC_PROTO) {
		put_type(text, btf, target, depth);
		strbuf_puts(text, text->length && text->text[text->length - 1] == '*' ? "*" : " *");
		return;
	}
	/* What a function takes and gives is in no structure. */
	strbuf_puts(text, "(*)()");
}

/* As C writes it: "struct list_head", "const char *"; functions without their types. */
static void put_type(struct strbuf *text, const struct btf *btf, u32 id, unsigned depth)
{
	struct btf_record record;

	if (!id || depth > DEEPEST || !btf_record(btf, id, &record)) {
		strbuf_puts(text, "void");
		return;
	}
	switch (record.kind) {
	case BTF_PTR:
		put_pointer(text, btf, record.target, depth + 1);
		return;
	case BTF_ARRAY:
		put_type(text, btf, load_u32(record.items), depth + 1);
		strbuf_puts(text, " []");
		return;
	case BTF_CONST:
	case BTF_VOLATILE:
		strbuf_puts(text, record.kind == BTF_CONST ? "const " : "volatile ");
		put_type(text, btf, record.target, depth + 1);
		return;
	case BTF_RESTRICT:
	case BTF_TYPE_TAG:
		put_type(text, btf, record.target, depth + 1);
		return;
	case BTF_STRUCT:
	case BTF_UNION:
	case BTF_FWD:
		strbuf_puts(text,
			    record.kind == BTF_UNION || (record.kind == BTF_FWD && record.kind_flag)
				    ? "union "
				    : "struct ");
		break;
	case BTF_ENUM:
	case BTF_ENUM64:
		strbuf_puts(text, "enum ");
		break;
	default:
		break;
	}
	strbuf_puts(text, *record.name ? record.name : "{...}");
}

static bool has_member(struct search *search, u32 id, unsigned depth);

/* A member's own type, or one inside it. */
static bool member_fits(struct search *search, u32 id, unsigned depth)
{
	struct btf_record record;

	strbuf_reset(&search->text);
	put_type(&search->text, search->btf, id, 0);
	if (strstr(strbuf_text(&search->text), search->wish->member))
		return true;
	/* Through names, qualifiers and arrays to the structure that is embedded, if one is. */
	for (unsigned steps = 0; steps < DEEPEST && btf_record(search->btf, id, &record); steps++) {
		if (record.kind == BTF_STRUCT || record.kind == BTF_UNION)
			return has_member(search, id, depth + 1);
		if (record.kind == BTF_ARRAY)
			id = load_u32(record.items);
		else if (record.kind == BTF_TYPEDEF || record.kind == BTF_CONST ||
			 record.kind == BTF_VOLATILE || record.kind == BTF_RESTRICT ||
			 record.kind == BTF_TYPE_TAG)
			id = record.target;
		else
			return false;
	}
	return false;
}

static bool has_member(struct search *search, u32 id, unsigned depth)
{
	struct btf_record record;
	bool found = false;

	if (id >= search->nr_answers || depth > DEEPEST)
		return false;
	if (search->answers[id] != UNKNOWN)
		return search->answers[id] == YES;
	/* Should damaged types contain each other. */
	search->answers[id] = NO;
	if (!btf_record(search->btf, id, &record))
		return false;
	for (u32 i = 0; i < record.nr_items && !found; i++) {
		struct btf_member member;

		btf_member(search->btf, &record, i, &member);
		found = member_fits(search, member.type, depth);
	}
	search->answers[id] = found ? YES : NO;
	return found;
}

static void use_btf(struct search *search, const struct btf *btf)
{
	free(search->answers);
	search->btf = btf;
	search->nr_answers = btf_nr_types(btf);
	search->answers = xcalloc(search->nr_answers + 1UL, sizeof(*search->answers));
}

static bool look_at(struct type type, void *arg)
{
	struct search *search = arg;
	u64 bytes = type_size(type);

	interrupt_check();
	if (!*type_name(type) || bytes < search->wish->smallest || bytes > search->wish->largest)
		return true;
	if (search->wish->member) {
		if (search->btf != type.btf)
			use_btf(search, type.btf);
		if (!has_member(search, type.id, 0))
			return true;
	}
	*vector_add(&search->found) = type;
	return true;
}

static int compare_types(const void *a, const void *b)
{
	const struct type *left = a, *right = b;
	u64 left_bytes = type_size(*left), right_bytes = type_size(*right);

	if (left_bytes != right_bytes)
		return left_bytes < right_bytes ? -1 : 1;
	return strcmp(type_name(*left), type_name(*right));
}

static void release(void *arg)
{
	struct search *search = arg;

	free(search->answers);
	strbuf_free(&search->text);
	vector_free(&search->found);
}

static const struct column columns[] = {
	{ "type", "TYPE", CELL_TEXT, .place = 2 },
	{ "size", "SIZE", CELL_SIZE, .place = 1, .width = 4, .fit = true },
	{ 0 },
};

static void put_found(struct row *row, size_t index, void *arg)
{
	const struct search *search = arg;
	struct type type = search->found.items[index];

	row_text(row, type_name(type));
	row_size(row, type_size(type));
}

/* Several files may define the same. */
static void drop_doubles(struct search *search)
{
	struct type *items = search->found.items;
	size_t kept = 0;

	for (size_t i = 0; i < search->found.count; i++) {
		if (!kept || compare_types(&items[kept - 1], &items[i]) != 0)
			items[kept++] = items[i];
	}
	search->found.count = kept;
}

void typesearch_print(const struct typesearch_wish *wish)
{
	struct search *search = scope_alloc(sizeof(*search));

	search->wish = wish;
	scope_cleanup(release, search);
	types_each_struct(look_at, search);
	if (search->found.count)
		qsort(search->found.items, search->found.count, sizeof(*search->found.items),
		      compare_types);
	drop_doubles(search);
	table_show(&(struct table){ .name = "whatis",
				    .columns = columns,
				    .count = search->found.count,
				    .put = put_found,
				    .arg = search,
				    .headings = HEADINGS_WITH_ROWS,
				    .none = "(none found)" });
}
