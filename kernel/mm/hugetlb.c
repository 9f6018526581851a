/* kernel/mm/hugetlb.c - struct hstate. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/mm/hugetlb.h"

#include "base/fail.h"
#include "memory.h"

KSYMBOL(hstates, "hstates");
KSYMBOL(max_hstate, "hugetlb_max_hstate");
KTYPE(hstate_type, "struct hstate");
KFIELD(hstate_order, "hstate.order");
KFIELD(hstate_name, "hstate.name");
KFIELD(hstate_nr, "hstate.nr_huge_pages");
KFIELD(hstate_free, "hstate.free_huge_pages");
KFIELD(hstate_reserved, "hstate.resv_huge_pages");
KFIELD(hstate_surplus, "hstate.surplus_huge_pages");
KFIELD(hstate_node_nr, "hstate.nr_huge_pages_node");
KFIELD(hstate_node_free, "hstate.free_huge_pages_node");
KFIELD(hstate_node_surplus, "hstate.surplus_huge_pages_node");

#define MAX_HSTATES 16 /* x86_64 has two sizes */

size_t hugetlb_states(struct hstate **states)
{
	u64 nr;
	char name[64];

	*states = NULL;
	if (!ksymbol_exists(&hstates))
		return 0;
	nr = ksymbol_u64(&max_hstate, 4);
	if (nr > MAX_HSTATES)
		fail("hugetlb_max_hstate of %llu makes no sense", nr);
	*states = scope_array(nr + 1, sizeof(**states));
	for (u64 i = 0; i < nr; i++) {
		u64 address = ksymbol_address(&hstates) + i * ktype_size(&hstate_type);
		u64 order = field_u64(address, &hstate_order);

		if (order > 30)
			fail("hstate.order of %llu makes no sense", order);
		field_string(address, &hstate_name, name, sizeof(name));
		(*states)[i] = (struct hstate){
			.address = address,
			.name = scope_strdup(name),
			.order = (unsigned)order,
			.total = field_u64(address, &hstate_nr),
			.free = field_u64(address, &hstate_free),
			.reserved = field_u64(address, &hstate_reserved),
			.surplus = field_u64(address, &hstate_surplus),
		};
	}
	return (size_t)nr;
}

static u64 of_one_node(const struct hstate *state, struct kfield *array, unsigned node)
{
	if (node >= kfield_size(array) / sizeof(u32))
		fail("%s has no entry for node %u", array->k.spelling, node);
	return mem_u32(field_address(state->address, array) + node * sizeof(u32),
		       array->k.spelling);
}

void hugetlb_of_node(const struct hstate *state, unsigned node, struct hstate *of_node)
{
	*of_node = *state;
	of_node->total = of_one_node(state, &hstate_node_nr, node);
	of_node->free = of_one_node(state, &hstate_node_free, node);
	of_node->surplus = of_one_node(state, &hstate_node_surplus, node);
	of_node->reserved = 0;
}
