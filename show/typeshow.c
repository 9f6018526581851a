/* show/typeshow.c - the definition of a structure or union, or the places of its members. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show/typeshow.h"

#include "base/table.h"
#include "show/datashow.h"
#include "show/jsonshow.h"

static void show_text(void *arg)
{
	const struct shown_type *type = arg;

	for (size_t i = 0; i < type->nr_members; i++)
		datashow_member_place(type->aggregate, type->members[i], type->address,
				      type->radix);
	if (type->nr_members)
		return;
	if (type->offsets)
		datashow_offsets(type->aggregate, type->address, type->radix);
	else
		datashow_definition(type->aggregate, type->radix);
}

static void show_json(void *arg)
{
	const struct shown_type *type = arg;

	jsonshow_definition(type->aggregate, type->members, type->nr_members, type->address);
}

void typeshow(struct shown_type *type)
{
	static const struct form_writer writer = { show_text, show_json };

	form_show(&writer, type);
}
