/* names/modfield.c - members of structures that modules define. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "names/modfield.h"

#include "names/kfield.h"

KFIELD(module_own_types, "module.btf_data"); /* v5.11 */

bool modfield_find(const struct modfield *field, struct member *member)
{
	struct type type;

	if (type_by_name(field->type, &type)) {
		for (size_t i = 0; i < ARRAY_SIZE(field->paths) && field->paths[i]; i++)
			if (type_member(type, field->paths[i], member))
				return true;
		return false;
	}
	/* They have types, which were not read: nothing tells where the member is. */
	if (kfield_exists(&module_own_types))
		return false;
	*member = (struct member){ .name = field->paths[0],
				   .offset = field->offset,
				   .size = field->size,
				   .bit_offset = field->bit,
				   .bit_size = field->bits };
	return field->size != 0;
}

u64 modtype_size(const char *type_name, u64 without)
{
	struct type type;

	return type_by_name(type_name, &type) ? type_size(type) : without;
}
