/* SPDX-License-Identifier: MIT */
/*
 * Paths: from a name to a dentry in a mount, one loop for everything. Symbolic
 * links put their text in front of what is left of the name; magic links (of
 * /proc) jump. Linux's rules: 40 links, NAME_MAX, PATH_MAX, trailing slashes,
 * confinement below the root of the task.
 */
#pragma once

#include <arch/uaccess.h>
#include <fs/dentry.h>
#include <fs/inode.h>
#include <fs/mount.h>
#include <fs/unveil.h>
#include <kernel/abi/linux_dirent.h>
#include <kernel/lib/types.h>
#include <security/pledge.h>

struct cred;
struct dentry;
struct file;
struct fs_context;
struct mount;

/* Both referenced. */
struct path {
	struct mount *mount;
	struct dentry *dentry;
};

static inline void path_get(const struct path *path)
{
	mount_get(path->mount);
	dentry_get(path->dentry);
}

static inline void path_put(const struct path *path)
{
	dentry_put(path->dentry);
	mount_put(path->mount);
}

static inline struct inode *path_inode(const struct path *path)
{
	return dentry_inode(path->dentry);
}

/* A path name copied from the user: short ones on the caller's stack. */
#define PATH_INLINE 192
struct path_name {
	const char *str;
	char *allocated;
	char inline_buf[PATH_INLINE + 8]; /* 8: dentry_scan() reads words */
};

/** path_name_get - copy @uname. Return: 0; -EFAULT; -ENAMETOOLONG; -ENOMEM. */
__must_check int path_name_get_long(struct path_name *name, const char __user *uname, long err);
__must_check static inline int path_name_get(struct path_name *name, const char __user *uname)
{
	long len = user_copy_string(name->inline_buf, uname, PATH_INLINE);

	name->str = name->inline_buf;
	name->allocated = NULL;
	return likely(len >= 0) ? 0 : path_name_get_long(name, uname, len);
}
/** path_name_kernel - the same from kernel memory */
__must_check int path_name_kernel(struct path_name *name, const char *str);
void path_name_free(struct path_name *name);
static inline void path_name_put(struct path_name *name)
{
	if (unlikely(name->allocated != NULL))
		path_name_free(name);
}

enum lookup_flags {
	LOOKUP_FOLLOW = 1,    /* a link in the last place too */
	LOOKUP_DIRECTORY = 2, /* -ENOTDIR unless it is one */
	LOOKUP_EMPTY = 4,     /* "" is @dirfd itself */
	LOOKUP_REAL_IDS = 8,  /* access(2): real user and group */
	LOOKUP_UNWATCHED = 16, /* unveil(2) itself: neither pledge nor unveil is asked */
	LOOKUP_WHOLE = 32,    /* walk_begin(): the last name is to be passed like the others */
};
/* What is wanted with the path (enum path_access), for pledge and unveil; read alone
 * when nothing is said. */
#define LOOKUP_ACCESS_SHIFT 8
#define LOOKUP_ACCESS(access) ((u32)(access) << LOOKUP_ACCESS_SHIFT)

/** path_lookup - *out = what @name is, referenced, never negative
 * @dirfd: base of relative names, or AT_FDCWD */
__must_check int path_lookup(int dirfd, const char *name, u32 flags, struct path *out);
__must_check int path_lookup_user(int dirfd, const char __user *uname, u32 flags,
				  struct path *out);

enum last_type { LAST_NORMAL, LAST_DOT, LAST_DOTDOT, LAST_ROOT };

/* Walking in steps: create, remove and rename need the folder of the last name. */
struct walk {
	struct path cur;          /* after walk_parent(): the folder; referenced */
	struct path root;         /* of the task, referenced; NULLs until needed */
	const struct cred *cred;
	const char *rest;         /* what is left of the name */
	char *links;              /* room for texts of links, NULL until needed */
	u32 nr_links;
	struct fs_name last;      /* after walk_parent() */
	u64 last_hash;
	enum last_type type;
	bool slash;               /* slashes follow the last name */
	bool learn;               /* log what unveil would have to give */
	bool veil_counted;        /* veil is referenced */
	u32 access;               /* PATH_* wanted, set when somebody asks: pledge, unveil */
	struct unveil *veil;      /* NULL: the whole tree is there */
	struct unveil_cover cover; /* of cur */
};

/** walk_begin - Return: 0; then walk_end() is due. -EBADF, -ENOTDIR, -ENOENT */
__must_check int walk_begin(struct walk *walk, int dirfd, const char *name, u32 flags);
/** walk_parent - all but the last component */
__must_check int walk_parent(struct walk *walk);
/** walk_last - step onto the last component; with @follow a link restarts the
 * walk: *again, then call walk_parent() again. */
__must_check int walk_last(struct walk *walk, bool follow, bool *again);
/** walk_allowed_last - does unveil let the wanted access be had to the last name, which
 * walk_parent() found, in its folder? 0; -ENOENT; -EACCES */
__must_check int walk_allowed_last(const struct walk *walk);
/** walk_perms_last - unveil's permissions for that name; all without unveil */
u32 walk_perms_last(const struct walk *walk);
/** path_perms - the same of @path itself */
u32 path_perms(const struct path *path);
/** walk_link - go on with link @inode, found in walk->cur */
__must_check int walk_link(struct walk *walk, struct inode *inode);
void walk_end(struct walk *walk);

/** path_string - absolute name of @path as seen from @root, built backwards
 * Return: start in @buf; NULL: too long. *unreachable: @root was not met. */
char *path_string(const struct path *path, const struct path *root, char *buf, size_t size,
		  bool *unreachable);

/* fs_context.c */
/** fs_context_get_root, fs_context_get_cwd - of @fs, referenced */
void fs_context_get_root(struct fs_context *fs, struct path *out);
void fs_context_get_cwd(struct fs_context *fs, struct path *out);
/** fs_context_set_cwd, fs_context_set_root - current's; a reference is taken */
void fs_context_set_cwd(const struct path *path);
void fs_context_set_root(const struct path *path);
/** fs_context_replace_all - who is at @old, with root or working directory, is at @new */
void fs_context_replace_all(const struct path *old, const struct path *new);
/** fs_context_get_veil - @fs's set of unveil rules, referenced, or NULL; *locked (may be
 * NULL): no more changes are let in */
struct unveil *fs_context_get_veil(struct fs_context *fs, bool *locked);
/** fs_context_view - the root, or the working directory, of current, referenced
 * Return: its set of unveil rules, or NULL; *counted: that is referenced. It is not where
 * nobody else could change it. */
struct unveil *fs_context_view(bool cwd, struct path *out, bool *counted);
/** fs_context_set_veil - in current's, from @from to @to, whose reference is taken over
 * Return: 0; -EPERM locked; -EAGAIN it is not @from any more. */
__must_check int fs_context_set_veil(struct unveil *from, struct unveil *to);
/** fs_context_lock_veil - current's is what it is, for ever */
void fs_context_lock_veil(void);
u32 fs_context_umask(void);
u32 fs_context_set_umask(u32 mask);
u32 fs_context_umask_of(struct fs_context *fs);

/* namei.c: changing names; strings are kernel memory */
__must_check int name_create(int dirfd, const char *path, u32 mode, u64 rdev);
__must_check int name_symlink(const char *target, int dirfd, const char *path);
__must_check int name_link(const struct path *from, int dirfd, const char *path);
__must_check int name_unlink(int dirfd, const char *path, bool dir);
__must_check int name_rename(int from_fd, const char *from, int to_fd, const char *to, u32 flags);
/* A name in a folder, and what it is now: perhaps negative. */
struct name_place {
	struct dentry *dir;
	struct fs_name name;
	struct dentry *dentry;
};
/** name_move - have the file system rename @from, which is there, to @to, and the names
 * with it; nothing is checked. Both folders locked. @flags RENAME_* */
__must_check int name_move(const struct name_place *from, const struct name_place *to, u32 flags);
/** name_readlink - text of the link at @path into @buf; its length */
__must_check long name_readlink(const struct path *path, char *buf, size_t size);
/** name_open - open(2) for current; @flags O_* */
__must_check int name_open(int dirfd, const char *path, u32 flags, u32 mode, struct file **out);
