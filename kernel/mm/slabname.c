/* kernel/mm/slabname.c - the links in /sys/kernel/slab, by their kernfs nodes. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/mm/slabname.h"

#include "base/fail.h"
#include "containers/krbtree.h"
#include "memory.h"
#include "names/kfield.h"

KSYMBOL(slab_kset, "slab_kset");
KFIELD(kset_directory, "kset.kobj.sd");
KFIELD(cache_directory, "kmem_cache.kobj.sd");
KFIELD(node_children, "kernfs_node.dir.children");
KFIELD(node_rb, "kernfs_node.rb");
KFIELD(node_name, "kernfs_node.name");
KFIELD(node_flags, "kernfs_node.flags");
KFIELD(node_target, "kernfs_node.symlink.target_kn");
KENUM(kind_link, "KERNFS_LINK");

#define KIND_OF_NODE 0xf /* of its flags */

/* A link with no name stands for a node that is something else. False: it cannot be read. */
static bool read_link(u64 node, struct slab_link *link, struct fault *fault)
{
	u64 flags, name_at;
	char name[128];

	*link = (struct slab_link){ 0 };
	if (!field_try_u64(node, &node_flags, &flags, fault))
		return false;
	if ((s64)(flags & KIND_OF_NODE) != kenum_value(&kind_link))
		return true;
	if (!field_try_u64(node, &node_target, &link->directory, fault) ||
	    !field_try_u64(node, &node_name, &name_at, fault) ||
	    !mem_try_string(name_at, name, sizeof(name), fault))
		return false;
	link->name = scope_strdup(name);
	return true;
}

static const char *read_links(struct slab_names *names, u64 children)
{
	struct krbtree_iter it;
	size_t space = 0;
	u64 node;

	krbtree_begin(&it, children, kfield_offset(&node_rb));
	while (krbtree_next(&it, &node)) {
		struct slab_link link;
		struct fault fault;

		if (!read_link(node, &link, &fault))
			return fault_text(&fault);
		if (!link.name)
			continue;
		if (names->count == space)
			names->links = scope_grow(names->links, &space, sizeof(link));
		names->links[names->count++] = link;
	}
	return it.stopped ? krbtree_why(&it) : NULL;
}

struct slab_names slab_names_read(void)
{
	struct slab_names names = { 0 };
	struct fault fault;
	const char *why;
	u64 kset, directory;

	if (!ksymbol_exists(&slab_kset) || !kfield_exists(&cache_directory))
		return names;
	if (mem_try_u64(ksymbol_address(&slab_kset), &kset, &fault) &&
	    field_try_u64(kset, &kset_directory, &directory, &fault))
		why = read_links(&names, field_address(directory, &node_children));
	else
		why = fault_text(&fault);
	if (why)
		names.problem = scope_printf("links in /sys/kernel/slab: %s", why);
	return names;
}

u64 slab_directory(const struct slab_cache *cache)
{
	u64 node;

	return kfield_exists(&cache_directory) &&
			       field_try_u64(cache->address, &cache_directory, &node, NULL)
		       ? node
		       : 0;
}

const struct slab_cache *slab_cache_also_named(const char *name)
{
	struct slab_names names = slab_names_read();
	size_t count;
	const struct slab_cache *all = slab_caches(&count);
	u64 directory = 0;

	for (size_t i = 0; i < names.count && !directory; i++)
		if (streq(names.links[i].name, name))
			directory = names.links[i].directory;
	for (size_t i = 0; directory && i < count; i++)
		if (slab_directory(&all[i]) == directory)
			return &all[i];
	return NULL;
}
