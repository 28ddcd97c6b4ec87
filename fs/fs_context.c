/* SPDX-License-Identifier: MIT */
/*
 * Root, working directory and umask of a task, and the start of it all.
 */
#include <fs/fs_context.h>

#include <fs/chardev.h>
#include <fs/dentry.h>
#include <fs/devfs.h>
#include <fs/epoll.h>
#include <fs/file.h>
#include <fs/initrd.h>
#include <fs/inode_cache.h>
#include <fs/inotify.h>
#include <fs/mount.h>
#include <fs/overlay.h>
#include <fs/path.h>
#include <fs/pipe.h>
#include <fs/procfs.h>
#include <fs/sysfs.h>
#include <fs/socket.h>
#include <fs/tmpfs.h>
#include <fs/tty.h>
#include <fs/unix.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/core/log.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>

#include "fs_context_priv.h"

static struct fs_context *fs_context_alloc(const struct path *root, const struct path *cwd,
					   u32 umask)
{
	struct fs_context *fs = kzalloc(sizeof(*fs), 0);

	if (!fs)
		return NULL;
	refcount_init(&fs->refs);
	mutex_init(&fs->lock, RANK_FS_CONTEXT, "fs_context");
	path_get(root);
	path_get(cwd);
	fs->root = *root;
	fs->cwd = *cwd;
	fs->umask = umask;
	return fs;
}

struct fs_context *fs_context_root(void)
{
	struct path root = { mount_root(), mount_root()->root };

	return fs_context_alloc(&root, &root, 022);
}

void fs_context_get(struct fs_context *fs)
{
	refcount_get(&fs->refs);
}

void fs_context_put(struct fs_context *fs)
{
	if (!fs || !refcount_put(&fs->refs))
		return;
	path_put(&fs->cwd);
	path_put(&fs->root);
	unveil_put(fs->veil);
	kfree(fs);
}

struct fs_context *fs_context_fork(struct fs_context *fs)
{
	struct fs_context *copy;

	mutex_lock(&fs->lock);
	copy = fs_context_alloc(&fs->root, &fs->cwd, fs->umask);
	if (copy) {
		unveil_get(fs->veil);
		copy->veil = fs->veil;
		copy->veil_locked = fs->veil_locked;
	}
	mutex_unlock(&fs->lock);
	return copy;
}

static void get_path(struct fs_context *fs, const struct path *from, struct path *out)
{
	mutex_lock(&fs->lock);
	*out = *from;
	path_get(out);
	mutex_unlock(&fs->lock);
}

void fs_context_get_root(struct fs_context *fs, struct path *out)
{
	get_path(fs, &fs->root, out);
}

void fs_context_get_cwd(struct fs_context *fs, struct path *out)
{
	get_path(fs, &fs->cwd, out);
}

static void set_path(struct fs_context *fs, struct path *to, const struct path *path)
{
	struct path old;

	path_get(path);
	mutex_lock(&fs->lock);
	old = *to;
	*to = *path;
	mutex_unlock(&fs->lock);
	path_put(&old);
}

void fs_context_set_cwd(const struct path *path)
{
	struct fs_context *fs = current_task()->fs;

	set_path(fs, &fs->cwd, path);
}

void fs_context_set_root(const struct path *path)
{
	struct fs_context *fs = current_task()->fs;

	set_path(fs, &fs->root, path);
}

static void replace(struct fs_context *fs, const struct path *old, const struct path *new)
{
	struct path *const at[] = { &fs->root, &fs->cwd };
	u32 dropped = 0;

	mutex_lock(&fs->lock);
	for (u32 i = 0; i < ARRAY_SIZE(at); i++) {
		if (at[i]->mount != old->mount || at[i]->dentry != old->dentry)
			continue;
		path_get(new);
		*at[i] = *new;
		dropped++;
	}
	mutex_unlock(&fs->lock);
	while (dropped--)
		path_put(old);
}

void fs_context_replace_all(const struct path *old, const struct path *new)
{
	struct task *task;

	for (s32 pid = 1; (task = task_next(pid)); task_put(task)) {
		struct fs_context *fs = task_fs(task);

		pid = task->pid + 1;
		if (fs) {
			replace(fs, old, new);
			fs_context_put(fs);
		}
	}
}

struct unveil *fs_context_get_veil(struct fs_context *fs, bool *locked)
{
	struct unveil *veil;

	mutex_lock(&fs->lock);
	veil = fs->veil;
	unveil_get(veil);
	if (locked)
		*locked = fs->veil_locked;
	mutex_unlock(&fs->lock);
	return veil;
}

struct unveil *fs_context_view(bool cwd, struct path *out, bool *counted)
{
	struct task *task = current_task();
	struct fs_context *fs = task->fs;
	struct unveil *veil;

	mutex_lock(&fs->lock);
	*out = unlikely(cwd) ? fs->cwd : fs->root;
	veil = fs->veil;
	*counted = false; /* others than current only look */
	if (unlikely(refcount_read(&fs->refs) != 1 ||
		     atomic_load_relaxed(&task->nr_threads) != 1)) {
		*counted = true;
		unveil_get(veil);
	}
	path_get(out);
	mutex_unlock(&fs->lock);
	return veil;
}

int fs_context_set_veil(struct unveil *from, struct unveil *to)
{
	struct fs_context *fs = current_task()->fs;
	int err = -EAGAIN;

	mutex_lock(&fs->lock);
	if (fs->veil_locked) {
		err = -EPERM;
	} else if (fs->veil == from) {
		fs->veil = to;
		err = 0;
	}
	mutex_unlock(&fs->lock);
	if (!err)
		unveil_put(from);
	return err;
}

void fs_context_lock_veil(void)
{
	struct fs_context *fs = current_task()->fs;

	mutex_lock(&fs->lock);
	fs->veil_locked = true;
	mutex_unlock(&fs->lock);
}

u32 fs_context_umask(void)
{
	return atomic_load_relaxed(&current_task()->fs->umask);
}

u32 fs_context_umask_of(struct fs_context *fs)
{
	return atomic_load_relaxed(&fs->umask);
}

u32 fs_context_set_umask(u32 mask)
{
	return atomic_xchg(&current_task()->fs->umask, mask & 0777);
}

/* Where nothing is mounted yet and the image brought no folder, one is made. */
static void mount_standard(const char *type, const char *where, u32 flags)
{
	struct path path;
	int err = name_create(AT_FDCWD, where, S_IFDIR | 0755, 0);

	if (!err || err == -EEXIST)
		err = path_lookup(AT_FDCWD, where, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);
	if (!err) {
		err = mount_add(fs_type_find(type), type, "", flags, &path);
		path_put(&path);
	}
	if (err)
		log_err("fs: cannot mount %s on %s: error %d", type, where, -err);
}

void fs_init(const struct boot_info *info)
{
	struct task *task = current_task();

	dentry_init();
	inode_cache_init();
	file_init();
	epoll_init();
	inotify_init();
	tmpfs_init();
	overlay_init();
	procfs_init();
	sysfs_init();
	devfs_init();
	mount_init();
	pipe_init();
	socket_init();
	unix_init();
	tty_init();
	/* The kernel task walks paths too while it sets things up. */
	if (!task->fs)
		task->fs = fs_context_root();
	PANIC_ON(!task->fs, "fs: no memory for the root context");
	initrd_unpack(info);
	tmpfs_limits_again(mount_root()->sb);
	mount_standard("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC);
	mount_standard("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC);
	mount_standard("devtmpfs", "/dev", MS_NOSUID);
}

int fs_open_console(void)
{
	struct file *file;
	int err = fs_open(AT_FDCWD, "/dev/console", O_RDWR | O_NOCTTY, 0, &file);

	if (err)
		return err;
	for (int i = 0; i < 3 && err >= 0; i++) {
		file_get(file);
		err = handle_open(&file->object, file_rights(O_RDWR), 0);
		if (err < 0)
			file_put(file);
	}
	file_put(file);
	return MIN(err, 0);
}
