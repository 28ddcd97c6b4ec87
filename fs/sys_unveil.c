/* SPDX-License-Identifier: MIT */
/*
 * unveil(2): rules from a path and letters; fs/unveil.c keeps them, fs/path.c asks.
 * Source: OpenBSD unveil(2).
 */
#include <arch/uaccess.h>
#include <fs/dentry.h>
#include <fs/path.h>
#include <fs/unveil.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/lib/string.h>
#include <kernel/syscall_protos.h>
#include <kernel/task/task.h>
#include <security/pledge.h>

/* "rwxc" in any order; none is a rule too: nothing may be done there. */
static int parse_perms(const char __user *utext, u32 *perms)
{
	char text[8];
	long len = user_copy_string(text, utext, sizeof(text));

	*perms = 0;
	if (len < 0)
		return len == -ENAMETOOLONG ? -EINVAL : (int)len;
	for (const char *s = text; *s; s++) {
		if (*s == 'r')
			*perms |= PATH_READ;
		else if (*s == 'w')
			*perms |= PATH_WRITE;
		else if (*s == 'x')
			*perms |= PATH_EXEC;
		else if (*s == 'c')
			*perms |= PATH_CREATE;
		else
			return -EINVAL;
	}
	return 0;
}

/* What a rule hangs on: a folder, or a name (there or not yet) in one. */
struct place {
	struct path dir;
	struct fs_name name;
	bool is_name;
	struct dentry *child; /* whose name it is; NULL: walk's */
	struct walk walk;
};

static int find_new_name(struct place *at, const char *name)
{
	int err = walk_begin(&at->walk, AT_FDCWD, name, LOOKUP_UNWATCHED);

	if (err)
		return err;
	err = walk_parent(&at->walk);
	if (!err && (at->walk.type != LAST_NORMAL || at->walk.slash))
		err = -ENOENT;
	if (err) {
		walk_end(&at->walk);
		return err;
	}
	at->dir = at->walk.cur;
	path_get(&at->dir);
	at->name = at->walk.last; /* in the caller's string, or in the walk's own text */
	at->is_name = true;
	return 0;
}

static int find_place(struct place *at, const char *name)
{
	struct path path;
	int err = path_lookup(AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_UNWATCHED, &path);

	at->child = NULL;
	at->is_name = false;
	if (err == -ENOENT)
		return find_new_name(at, name);
	if (err)
		return err;
	if (inode_is_dir(path_inode(&path))) {
		at->dir = path;
		return 0;
	}
	at->is_name = true;
	at->child = path.dentry;
	at->dir = (struct path){ path.mount, dentry_parent(path.dentry) };
	return 0;
}

static void drop_place(struct place *at)
{
	if (at->child)
		dentry_put(at->child);
	else if (at->is_name)
		walk_end(&at->walk);
	path_put(&at->dir);
}

static int add_rule(struct place *at, u32 perms)
{
	struct fs_context *fs = current_task()->fs;
	char name[NAME_MAX + 8]; /* 8: read in whole words */
	int err;

	if (at->is_name) {
		struct fs_name own = at->name;

		if (at->child)
			own = dentry_copy_name(at->child, name);
		at->name = own;
	}
	do {
		struct unveil *old = fs_context_get_veil(fs, NULL), *set;

		err = unveil_add(old, &at->dir, at->is_name ? &at->name : NULL, perms, &set);
		if (!err) {
			err = fs_context_set_veil(old, set);
			if (err)
				unveil_put(set);
		}
		unveil_put(old);
	} while (err == -EAGAIN);
	return err;
}

/* Every thread's walks look at the rules from now on. */
static void watch_paths(void)
{
	irqflags_t flags;
	struct signal_state *sig = signal_lock(current_task(), &flags);
	struct thread *thread;

	LIST_FOR_EACH(thread, &current_task()->threads, task_link)
		atomic_fetch_or(&thread->work, THREAD_WORK_UNVEIL);
	signal_unlock(sig, flags);
}

long sys_unveil(const char __user *upath, const char __user *upermissions)
{
	u64 promises = pledge_current();
	struct path_name name;
	struct place at;
	bool locked;
	u32 perms;
	int err;

	unveil_put(fs_context_get_veil(current_task()->fs, &locked));
	if (locked || (promises && !(promises & PLEDGE_UNVEIL)))
		return -EPERM;
	if (!upath && !upermissions) {
		fs_context_lock_veil();
		return 0;
	}
	err = parse_perms(upermissions, &perms);
	if (!err)
		err = path_name_get(&name, upath);
	if (err)
		return err;
	err = find_place(&at, name.str);
	if (!err) {
		err = add_rule(&at, perms);
		drop_place(&at);
	}
	path_name_put(&name);
	if (!err)
		watch_paths();
	return err;
}
