/* kernel/fs/vfs.c - struct file, dentry and mount: names of files. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/fs/vfs.h"

#include "base/fail.h"
#include "memory.h"

KFIELD(file_path_mnt, "file.f_path.mnt", "file.__f_path.mnt");
KFIELD(file_path_dentry, "file.f_path.dentry", "file.__f_path.dentry");
KFIELD(dentry_name, "dentry.d_name.name", "dentry.__d_name.name");
KFIELD(dentry_name_len, "dentry.d_name.len", "dentry.__d_name.len");
KFIELD(dentry_parent, "dentry.d_parent");
KFIELD(dentry_hash_pprev, "dentry.d_hash.pprev");
KFIELD(mount_mnt, "mount.mnt");
KFIELD(mount_parent, "mount.mnt_parent");
KFIELD(mount_mountpoint, "mount.mnt_mountpoint");
KFIELD(vfsmount_root, "vfsmount.mnt_root");
KFIELD(inode_names, "inode.i_dentry.first");
KFIELD(inode_super, "inode.i_sb");
KFIELD(inode_rdev, "inode.i_rdev");
KFIELD(inode_mode, "inode.i_mode");
KFIELD(dentry_alias, "dentry.d_alias", "dentry.d_u.d_alias"); /* v7.1 */
KFIELD(super_mounts, "super_block.s_mounts");
KFIELD(mount_instance, "mount.mnt_instance"); /* before v6.18 a list_head in both */

#define MODE_KIND 0170000
#define MODE_BLOCK 0060000
#define MINOR_BITS 20

#define MAX_NAME 256
#define MAX_DEPTH 2048 /* names in a path; PATH_MAX / 2 */

/* One name of at most 255 bytes; its length stands beside it. */
static bool read_name(u64 dentry, char name[MAX_NAME])
{
	u64 address, length;

	if (!field_try_u64(dentry, &dentry_name, &address, NULL) ||
	    !field_try_u64(dentry, &dentry_name_len, &length, NULL) || length >= MAX_NAME)
		return false;
	if (!mem_try_read(address, name, length, NULL))
		return false;
	name[length] = '\0';
	return true;
}

/* A name whose directory entry is gone: d_unlinked() of the kernel. */
static bool is_deleted(u64 dentry, u64 parent)
{
	u64 pprev;

	return parent != dentry && field_try_u64(dentry, &dentry_hash_pprev, &pprev, NULL) &&
	       !pprev;
}

struct climber {
	u64 mount, root; /* struct mount and its mnt_root */
	u64 dentry;
	char *names[MAX_DEPTH]; /* innermost first; scope memory */
	size_t nr_names;
	bool lost; /* the way up could not be read to its end */
	bool detached; /* ended at a root that is mounted nowhere */
};

/* From the root of a mount to the place that it covers. False at the topmost mount. */
static bool leave_mount(struct climber *up)
{
	u64 parent, mountpoint;

	if (!field_try_u64(up->mount, &mount_parent, &parent, NULL) ||
	    !field_try_u64(up->mount, &mount_mountpoint, &mountpoint, NULL)) {
		up->lost = true;
		return false;
	}
	if (parent == up->mount)
		return false;
	if (!field_try_u64(field_address(parent, &mount_mnt), &vfsmount_root, &up->root, NULL)) {
		up->lost = true;
		return false;
	}
	up->mount = parent;
	up->dentry = mountpoint;
	return true;
}

static void climb(struct climber *up)
{
	for (unsigned steps = 0; steps < 2 * MAX_DEPTH && up->nr_names < MAX_DEPTH; steps++) {
		char name[MAX_NAME];
		u64 parent;

		if (up->dentry == up->root) {
			if (!leave_mount(up))
				return;
			continue;
		}
		if (!field_try_u64(up->dentry, &dentry_parent, &parent, NULL)) {
			up->lost = true;
			return;
		}
		if (!read_name(up->dentry, name)) {
			up->lost = true;
			return;
		}
		/* A root that is not the mount's: memfd, SysV and the like have only a name. */
		if (parent == up->dentry) {
			up->detached = true;
			if (!up->nr_names)
				up->names[up->nr_names++] = scope_strdup(name);
			return;
		}
		up->names[up->nr_names++] = scope_strdup(name);
		up->dentry = parent;
	}
	up->lost = true;
}

bool vfs_path(u64 vfsmount, u64 dentry, struct strbuf *text)
{
	struct climber *up = scope_alloc(sizeof(*up));
	u64 parent;

	if (!mem_is_kernel_address(vfsmount) || !mem_is_kernel_address(dentry))
		return false;
	up->mount = vfsmount - kfield_offset(&mount_mnt);
	up->dentry = dentry;
	if (!field_try_u64(vfsmount, &vfsmount_root, &up->root, NULL) ||
	    !field_try_u64(dentry, &dentry_parent, &parent, NULL))
		return false;
	climb(up);
	if (up->lost && !up->nr_names)
		return false;
	if (up->lost)
		strbuf_puts(text, "...");
	if (!up->nr_names)
		strbuf_puts(text, "/");
	for (size_t i = up->nr_names; i-- > 0;)
		strbuf_printf(text, "%s%s", up->names[i][0] == '/' ? "" : "/", up->names[i]);
	if (is_deleted(dentry, parent) || up->detached)
		strbuf_puts(text, " (deleted)");
	return true;
}

bool vfs_file_path(u64 file, struct strbuf *text)
{
	u64 mnt, dentry;

	return field_try_u64(file, &file_path_mnt, &mnt, NULL) &&
	       field_try_u64(file, &file_path_dentry, &dentry, NULL) && vfs_path(mnt, dentry, text);
}

/* The first mount of the file system that INODE is of. */
static bool mount_of(u64 inode, u64 *vfsmount)
{
	u64 super, first, head;

	if (!field_try_u64(inode, &inode_super, &super, NULL))
		return false;
	head = field_address(super, &super_mounts);
	if (!mem_try_u64(head, &first, NULL) || !first || first == head)
		return false;
	if (kfield_size(&super_mounts) > sizeof(u64))
		first -= kfield_offset(&mount_instance);
	*vfsmount = field_address(first, &mount_mnt);
	return true;
}

bool vfs_inode_path(u64 inode, struct strbuf *text)
{
	u64 mode, device, name, dentry, vfsmount;
	char only[MAX_NAME];

	if (field_try_u64(inode, &inode_mode, &mode, NULL) && (mode & MODE_KIND) == MODE_BLOCK &&
	    field_try_u64(inode, &inode_rdev, &device, NULL)) {
		strbuf_printf(text, "block device %llu:%llu", device >> MINOR_BITS,
			      device & ((1ULL << MINOR_BITS) - 1));
		return true;
	}
	if (!field_try_u64(inode, &inode_names, &name, NULL) || !name)
		return false;
	dentry = name - kfield_offset(&dentry_alias);
	if (mount_of(inode, &vfsmount))
		return vfs_path(vfsmount, dentry, text);
	/* The kernel's own file systems are mounted nowhere. */
	if (!read_name(dentry, only))
		return false;
	strbuf_puts(text, only);
	return true;
}
