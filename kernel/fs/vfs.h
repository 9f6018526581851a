/* kernel/fs/vfs.h - names of files. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VFS_H
#define VFS_H

#include "base/util.h"

/*
 * Appends the path of an open file, through mounts up to the root, as /proc/PID/maps has it: with "
 * (deleted)" when the name is gone, "/memfd:x (deleted)" and the like for files without a
 * directory. What cannot be read ends in "...". False when not even the first name could be read.
 */
bool vfs_file_path(u64 file, struct strbuf *text);
bool vfs_path(u64 vfsmount, u64 dentry, struct strbuf *text);
/*
 * The path of an inode by one of its names and one of its mounts; "block device 254:0" where it is
 * one. False when it has no name.
 */
bool vfs_inode_path(u64 inode, struct strbuf *text);

#endif
