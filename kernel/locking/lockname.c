/* kernel/locking/lockname.c - symbols, slab objects and super blocks that locks are in. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/locking/lockname.h"

#include "base/fail.h"
#include "containers/klist.h"
#include "kernel/fs/vfs.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/unwind/stackarea.h"
#include "memory.h"
#include "names/types.h"
#include "symbols.h"

#include <stdio.h>

KFIELD(inode_lock, "inode.i_rwsem");
KSYMBOL(super_blocks, "super_blocks");
KFIELD(super_list, "super_block.s_list");
KFIELD(super_locks, "super_block.s_writers.rw_sem");
KFIELD(super_frozen, "super_block.s_writers.frozen");
KFIELD(super_id, "super_block.s_id");
KFIELD(page_mapping, "page.mapping", "folio.mapping");
KFIELD(page_index, "page.__folio_index", "page.index", "folio.index");
KFIELD(mapping_host, "address_space.host");
KTYPE(percpu_lock_type, "struct percpu_rw_semaphore");

/* Slab caches whose objects are of one type, and are not called like it. */
static const struct {
	const char *cache, *type;
} cache_types[] = {
	{ "inode_cache", "struct inode" },
	{ "ext4_inode_cache", "struct ext4_inode_info" },
	{ "xfs_inode", "struct xfs_inode" },
	{ "btrfs_inode", "struct btrfs_inode" },
	{ "proc_inode_cache", "struct proc_inode" },
	{ "shmem_inode_cache", "struct shmem_inode_info" },
	{ "sock_inode_cache", "struct socket_alloc" },
	{ "bdev_cache", "struct bdev_inode" },
	{ "filp", "struct file" },
	{ "signal_cache", "struct signal_struct" },
	{ "sighand_cache", "struct sighand_struct" },
	{ "files_cache", "struct files_struct" },
	{ "fs_cache", "struct fs_struct" },
	{ "kernfs_node_cache", "struct kernfs_node" },
	{ "net_namespace", "struct net" },
};

static const char *type_of_cache(const char *cache)
{
	const char *same;

	for (size_t i = 0; i < ARRAY_SIZE(cache_types); i++)
		if (streq(cache, cache_types[i].cache))
			return type_exists(cache_types[i].type) ? cache_types[i].type : NULL;
	same = scope_printf("struct %s", cache);
	return type_exists(same) ? same : NULL;
}

static bool is_lock_type(struct type type)
{
	static const char *const names[] = { "mutex",	   "ww_mutex",		 "rw_semaphore",
					     "rt_mutex",   "rt_mutex_base",	 "semaphore",
					     "completion", "percpu_rw_semaphore" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(type_name(type), names[i]))
			return true;
	return false;
}

#define MAX_PATH_DEPTH 12

/* PATH with ".vfs_inode.i_rwsem" behind it: the lock that TYPE has at OFFSET; NULL: none. */
static const char *path_of_lock(struct type type, u64 offset, const char *path, unsigned depth)
{
	struct member member;

	if (!offset && is_lock_type(type))
		return path;
	if (depth == MAX_PATH_DEPTH ||
	    (type_kind(type) != TYPE_STRUCT && type_kind(type) != TYPE_UNION))
		return NULL;
	for (size_t i = 0; i < type_nr_members(type) && type_member_at(type, i, &member); i++) {
		bool named = member.name && *member.name;
		const char *found;

		if (offset < member.offset || offset >= member.offset + type_size(member.type))
			continue;
		found = path_of_lock(member.type, offset - member.offset,
				     named ? scope_printf("%s.%s", path, member.name) : path,
				     depth + 1);
		if (found)
			return found;
	}
	return NULL;
}

/* Whose address space MM is: ", PID 7". */
static const char *owner_of_mm(u64 mm)
{
	for (size_t i = 0; i < task_count(); i++)
		if (task_at(i)->mm == mm)
			return scope_printf(", PID %u", task_at(i)->tgid);
	return "";
}

static const char *path_of_inode(u64 inode)
{
	struct strbuf *path = scope_strbuf();

	return vfs_inode_path(inode, path) ? scope_printf(", %s", strbuf_text(path)) : "";
}

/* What more is known of the object whose member PATH is the lock. */
static const char *details_of(const char *path, u64 address, u64 object)
{
	if (ends_with(path, ".i_rwsem") && kfield_exists(&inode_lock))
		return path_of_inode(address - kfield_offset(&inode_lock));
	if (starts_with(path, "mm_struct."))
		return owner_of_mm(object);
	return "";
}

/* "inode.i_rwsem of inode_cache ffff...", "kmalloc-32 ffff...+8". */
static const char *name_in_object(u64 address)
{
	const struct slab_cache *cache;
	const char *type_text, *path;
	struct slab slab;
	struct type type;
	u64 object;
	u32 index;

	if (!slab_find(address, &cache, &slab) || !slab_object_at(cache, &slab, address, &index))
		return NULL;
	object = slab_object_address(cache, &slab, index);
	type_text = type_of_cache(cache->name);
	path = type_text && type_by_name(type_text, &type)
		       ? path_of_lock(type, address - object, type_text + strlen("struct "), 0)
		       : NULL;
	if (path)
		return scope_printf("%s of %s %llx%s", path, cache->name, object,
				    details_of(path, address, object));
	if (address == object)
		return scope_printf("%s %llx", cache->name, object);
	return scope_printf("%s %llx+%llu", cache->name, object, address - object);
}

/* "super_block.s_writers.rw_sem[0] of loop1, frozen": writers wait there until it is thawed. */
static const char *name_in_super_block(u64 address)
{
	struct klist_iter it;
	u64 super, frozen;

	if (!kfield_exists(&super_locks))
		return NULL;
	klist_begin(&it, ksymbol_address(&super_blocks), kfield_offset(&super_list));
	while (klist_next(&it, &super)) {
		u64 first = field_address(super, &super_locks);
		char id[64];

		if (address < first || address >= first + kfield_size(&super_locks))
			continue;
		field_string(super, &super_id, id, sizeof(id));
		frozen = field_u64(super, &super_frozen);
		return scope_printf("super_block.s_writers.rw_sem[%llu] of %s%s",
				    (address - first) / ktype_size(&percpu_lock_type), id,
				    frozen ? ", frozen" : "");
	}
	return NULL;
}

/* "page 3 of /var/log/messages", "page frame 1a2b3". */
static const char *name_of_folio(u64 page)
{
	struct strbuf *path = scope_strbuf();
	u64 pfn, mapping, inode, index;

	if (field_try_u64(page, &page_mapping, &mapping, NULL) && mapping && !(mapping & 3) &&
	    field_try_u64(mapping, &mapping_host, &inode, NULL) && inode &&
	    field_try_u64(page, &page_index, &index, NULL) && vfs_inode_path(inode, path))
		return scope_printf("page %llu of %s", index, strbuf_text(path));
	return page_to_pfn(page, &pfn) ? scope_printf("page frame %llx", pfn) : NULL;
}

struct naming {
	u64 address;
	enum lock_kind kind;
	char *name; /* SPACE bytes */
};

#define NAME_SPACE 512

static void find_name(void *arg)
{
	struct naming *naming = arg;
	const char *name = naming->kind == LOCK_PERCPU_RWSEM ? name_in_super_block(naming->address)
							     : NULL;
	struct stack_owner owner;
	char text[256];

	if (naming->kind == LOCK_FOLIO)
		name = name_of_folio(naming->address);
	if (!name && symbol_format(naming->address, false, text, sizeof(text)))
		name = text;
	if (!name)
		name = name_in_object(naming->address);
	if (!name && stack_owner_of(naming->address, &owner) && owner.task)
		name = scope_printf("stack of PID %u", owner.task->pid);
	snprintf(naming->name, NAME_SPACE, "%s", name ? name : "");
}

const char *lock_name(u64 address, enum lock_kind kind)
{
	struct naming naming = { address, kind, scope_alloc(NAME_SPACE) };
	struct failure failure;

	/* A name is a help: what cannot be read costs no more than that. */
	if (!protect_row(find_name, &naming, &failure))
		naming.name[0] = '\0';
	return naming.name;
}
