/* SPDX-License-Identifier: MIT */
/* The file system as processes see it (kernel/task/fs_hooks.h). */
#include <kernel/task/fs_hooks.h>

#include <fs/file.h>
#include <fs/fs_context.h>
#include <fs/inode.h>
#include <fs/pidfd.h>
#include <kernel/abi/errno.h>
#include <mm/object.h>

void fs_hook_context_get(struct fs_context *fs)
{
	fs_context_get(fs);
}

void fs_hook_context_put(struct fs_context *fs)
{
	fs_context_put(fs);
}

struct fs_context *fs_hook_context_fork(struct fs_context *fs)
{
	return fs_context_fork(fs);
}

struct fs_context *fs_hook_context_root(void)
{
	return fs_context_root();
}

void fs_hook_file_get(struct file *file)
{
	file_get(file);
}

void fs_hook_file_put(struct file *file)
{
	file_put(file);
}

int fs_hook_open_exec(int dirfd, const char *path, u32 at_flags, struct file **out)
{
	return fs_open_exec(dirfd, path, at_flags, out);
}

u64 fs_hook_file_size(struct file *file)
{
	return inode_size(file->inode);
}

long fs_hook_file_read(struct file *file, u64 pos, void *buf, size_t len)
{
	return file_read_kernel(file, pos, buf, len);
}

int fs_hook_file_map(struct file *file, struct vmobject **out)
{
	return file->ops->mmap ? file->ops->mmap(file, out) : -ENODEV;
}

bool fs_hook_setid(struct file *file, u32 *euid, u32 *egid)
{
	return fs_setid(file, euid, egid);
}

int fs_hook_pidfd(struct task *task, struct kobject **out)
{
	struct file *file;
	int err = pidfd_create(task, 0, &file);

	if (!err)
		*out = &file->object;
	return err;
}

int fs_hook_console(void)
{
	return fs_open_console();
}
