/* SPDX-License-Identifier: MIT */
/*
 * The walk. State is the place reached (walk->cur) and the text that is left:
 *
 *   "usr/lib/x"  --step usr-->  "/lib/x"  --lib is a link to "../l"-->  "../l/x"
 *
 * A link's text is put directly in front of what is left, in one buffer filled
 * from its end downwards; so there is no recursion and no stack of names.
 *
 * may_search() is the one place where every inode that is walked through passes.
 * walk->cover is what unveil says of the place reached: step_down() carries it along.
 *
 * Source: man path_resolution(7), symlink(7), openat(2).
 */
#include <fs/path.h>

#include <arch/atomic.h>
#include <arch/uaccess.h>
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/fs_context.h>
#include <fs/mount.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/core/log.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>
#include <security/audit.h>
#include <security/cred.h>

#include "fs_context_priv.h"

#define MAX_LINKS 40u
/* Texts of links and rests of names: two paths of the longest kind. */
#define LINKS_SIZE (2u * PATH_MAX)

/* ---- names from users ---- */

int path_name_get_long(struct path_name *name, const char __user *uname, long err)
{
	long len;

	if (err != -ENAMETOOLONG)
		return (int)err;
	name->allocated = kmalloc(PATH_MAX + 8, 0);
	if (!name->allocated)
		return -ENOMEM;
	name->str = name->allocated;
	len = user_copy_string(name->allocated, uname, PATH_MAX);
	if (len >= 0)
		return 0;
	kfree(name->allocated);
	return (int)len;
}

int path_name_kernel(struct path_name *name, const char *str)
{
	size_t len = strlen(str);

	name->allocated = NULL;
	name->str = name->inline_buf;
	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	if (len >= PATH_INLINE) {
		name->allocated = kmalloc(PATH_MAX + 8, 0);
		if (!name->allocated)
			return -ENOMEM;
		name->str = name->allocated;
	}
	memcpy(name->allocated ? name->allocated : name->inline_buf, str, len + 1);
	return 0;
}

void path_name_free(struct path_name *name)
{
	kfree(name->allocated);
}

/* ---- steps ---- */

static inline int may_search(const struct walk *walk, struct dentry *dentry)
{
	struct inode *dir = dentry->inode;
	u64 modes = atomic_load_acquire(&dentry_modes); /* before the mode */

	if (unlikely(!S_ISDIR(dir->mode)))
		return -ENOTDIR;
	/* All three may search: no need to find out who asks, nor to look again. */
	if (likely((dir->mode & 0111) == 0111 && !dir->ops->permission)) {
		atomic_store_relaxed(&dentry->search, modes);
		return 0;
	}
	return inode_permission(dir, walk->cred, MAY_EXEC);
}

/* Onto what is mounted here, if anything; @path's references move along. */
static __noinline void cross_mounts(struct path *path)
{
	while (path->dentry->flags & DENTRY_MOUNTED) {
		struct mount *mount = mount_at(path->mount, path->dentry);

		if (!mount)
			return;
		dentry_get(mount->root);
		path_put(path);
		*path = (struct path){ mount, mount->root };
	}
}

/* The task's root is asked for once, when something depends on it. */
static const struct path *walk_root(struct walk *walk)
{
	if (!walk->root.dentry)
		fs_context_get_root(current_task()->fs, &walk->root);
	return &walk->root;
}

/* What covers where the walk stands, found from there up. */
static int veil_here(struct walk *walk)
{
	if (likely(!walk->veil))
		return 0;
	unveil_at(walk->veil, &walk->cur, &walk->cover);
	return walk->cover.visible ? 0 : -ENOENT;
}

static void step_up(struct walk *walk)
{
	const struct path *root = walk_root(walk);
	struct path *cur = &walk->cur;

	for (;;) {
		struct path up = *cur;

		if (cur->dentry == root->dentry && cur->mount == root->mount)
			return;
		if (cur->dentry != cur->mount->root) {
			up.dentry = dentry_parent(cur->dentry);
			dentry_put(cur->dentry);
			cur->dentry = up.dentry;
			break;
		}
		spin_lock(&dentry_tree_lock);
		up = (struct path){ cur->mount->parent, cur->mount->mountpoint };
		if (up.mount)
			path_get(&up);
		spin_unlock(&dentry_tree_lock);
		if (!up.mount)
			return; /* the root of all, though not of this task */
		path_put(cur);
		*cur = up;
	}
	cross_mounts(cur);
}

/* Start again at the root of the task (an absolute link). */
static int step_root(struct walk *walk)
{
	const struct path *root = walk_root(walk);

	path_get(root);
	path_put(&walk->cur);
	walk->cur = *root;
	return veil_here(walk);
}

int walk_link(struct walk *walk, struct inode *inode)
{
	size_t rest_len, room;
	char *rest;
	long len;

	if (++walk->nr_links > MAX_LINKS)
		return -ELOOP;
	inode_touch_accessed(inode);
	if (inode->ops->follow) {
		struct path to;
		int err = inode->ops->follow(inode, &to);

		if (err)
			return err;
		path_put(&walk->cur);
		walk->cur = to;
		(void)veil_here(walk); /* a file, or a folder that is entered or asked for next */
		return 0;
	}
	rest_len = strlen(walk->rest) + 1;
	if (!walk->links) {
		walk->links = kmalloc(LINKS_SIZE + 8, 0);
		if (!walk->links)
			return -ENOMEM;
		walk->rest = memcpy(walk->links + LINKS_SIZE - rest_len, walk->rest, rest_len);
	}
	/* The text is read to the front, then moved up against the rest. */
	room = (size_t)(walk->rest - walk->links);
	len = inode->ops->readlink(inode, walk->links, MIN(room, (size_t)PATH_MAX));
	if (len < 0)
		return (int)len;
	if (len == 0)
		return -ENOENT;
	if ((size_t)len >= MIN(room, (size_t)PATH_MAX))
		return -ENAMETOOLONG;
	rest = walk->links + room - len;
	memmove(rest, walk->links, (size_t)len);
	walk->rest = rest;
	return *rest == '/' ? step_root(walk) : 0;
}

/* One normal name down. Links are followed when @follow: *linked is true then. */
static inline int step_down(struct walk *walk, const struct fs_name *name, u64 hash, bool follow,
			    bool *linked)
{
	struct dentry *parent = walk->cur.dentry, *next;
	struct inode *inode;
	int err = dentry_lookup(parent, name, hash, &next);

	if (unlikely(err))
		return err;
	inode = dentry_inode(next);
	if (unlikely(!inode)) {
		dentry_count_negative();
		dentry_put(next);
		return -ENOENT;
	}
	if (unlikely(S_ISLNK(inode->mode)) && follow) {
		*linked = true;
		err = walk_link(walk, inode);
		dentry_put(next);
		return err;
	}
	walk->cur.dentry = next;
	if (unlikely(next->flags & DENTRY_MOUNTED))
		cross_mounts(&walk->cur);
	if (unlikely(walk->veil != NULL))
		unveil_below(walk->veil, parent, name, hash, walk->cur.dentry, &walk->cover);
	dentry_put(parent);
	return 0;
}

static inline enum last_type name_type(const char *s, u32 len)
{
	if (likely(s[0] != '.') || len > 2)
		return LAST_NORMAL;
	if (len == 1)
		return LAST_DOT;
	return s[1] == '.' ? LAST_DOTDOT : LAST_NORMAL;
}

int walk_parent(struct walk *walk)
{
	const char *s = walk->rest;
	int err;

	for (;;) {
		struct dentry *dir = walk->cur.dentry;
		const char *after;
		bool linked = false;
		u32 len;

		while (*s == '/')
			s++;
		if (unlikely(!*s)) {
			walk->last = (struct fs_name){ s, 0 };
			walk->type = LAST_ROOT;
			walk->rest = s;
			return 0;
		}
		/* Nothing is told of a folder that is hidden, not even that it is one. */
		if (unlikely(walk->veil && !walk->cover.visible)) {
			unveil_denied(walk->access);
			return -ENOENT;
		}
		err = may_search(walk, dir);
		if (unlikely(err))
			return err;
		len = dentry_scan(dir, s, &walk->last_hash);
		if (unlikely(len > NAME_MAX))
			return -ENAMETOOLONG;
		walk->last = (struct fs_name){ s, len };
		walk->type = name_type(s, len);
		after = s + len;
		walk->rest = after;
		while (*after == '/')
			after++;
		if (!*after) {
			walk->slash = after != walk->rest;
			return 0;
		}
		s = after;
		if (likely(walk->type == LAST_NORMAL)) {
			err = step_down(walk, &walk->last, walk->last_hash, true, &linked);
			if (unlikely(err))
				return err;
			if (unlikely(linked))
				s = walk->rest;
		} else if (walk->type == LAST_DOTDOT) {
			step_up(walk);
			err = veil_here(walk);
			if (unlikely(err))
				return err;
		}
	}
}

int walk_last(struct walk *walk, bool follow, bool *again)
{
	*again = false;
	if (walk->type == LAST_DOTDOT) {
		step_up(walk);
		(void)veil_here(walk);
	}
	if (walk->type != LAST_NORMAL)
		return 0;
	return step_down(walk, &walk->last, walk->last_hash, follow || walk->slash, again);
}

/* ---- start and end ---- */

/* From where the walk stands: what needs no second look is passed here. */
static void walk_descend(struct walk *walk, u32 flags)
{
	struct descent d = { .at = walk->cur.dentry, .rest = walk->rest, .veil = walk->veil,
			     .whole = flags & LOOKUP_WHOLE, .follow = flags & LOOKUP_FOLLOW };

	if (unlikely(d.veil != NULL))
		d.cover = walk->cover;
	if (unlikely(!dentry_descend(&d))) {
		if (d.stale)
			dentry_put(d.stale);
		return;
	}
	dentry_put(walk->cur.dentry);
	walk->cur.dentry = d.at;
	walk->rest = d.rest;
	if (unlikely(d.veil != NULL))
		walk->cover = d.cover;
}

static int start_at(struct walk *walk, int dirfd, bool must_be_dir)
{
	struct handle_ref ref;
	struct file *file;
	int err;

	if (dirfd == AT_FDCWD) {
		fs_context_get_cwd(current_task()->fs, &walk->cur);
		return 0;
	}
	err = handle_get(dirfd, RIGHT_LOOKUP, KOBJECT_FILE, &ref);
	if (err)
		return err;
	file = file_from_object(ref.object);
	if (!file->dentry || (must_be_dir && !inode_is_dir(file->inode))) {
		err = -ENOTDIR;
	} else {
		walk->cur = (struct path){ file->mount, file->dentry };
		path_get(&walk->cur);
	}
	handle_put(&ref);
	return err;
}

static __noinline int ask_pledge(struct walk *walk, const char *name)
{
	u64 promises = pledge_current();
	bool no_links;
	u64 missing = pledge_path(promises, name, walk->access, &no_links);

	if (missing && pledge_violated(missing, true))
		return -ENOSYS;
	walk->learn = promises & PLEDGE_LEARN;
	if (no_links)
		walk->nr_links = MAX_LINKS;
	return 0;
}

/* "rw:/the/path" of where the walk stands, or of the name @last there, as a line that begins
 * with @begin. */
static __noinline void tell_path(const struct walk *walk, const struct fs_name *last, u32 perms,
				 const char *begin)
{
	char *buf = kmalloc(PATH_MAX, 0), *text;
	struct path root;
	bool unreachable;

	if (!buf)
		return;
	fs_context_get_root(current_task()->fs, &root);
	text = path_string(&walk->cur, &root, buf, PATH_MAX, &unreachable);
	if (text && !unreachable)
		log_notice("audit: %s: %s[%d] path %s%s%s%s:%s%s%.*s", begin, current->comm,
			   current->tid, perms & PATH_READ ? "r" : "",
			   perms & PATH_WRITE ? "w" : "",
			   perms & PATH_EXEC ? "x" : "", perms & PATH_CREATE ? "c" : "", text,
			   last && text[1] ? "/" : "", last ? (int)last->len : 0,
			   last ? last->str : "");
	path_put(&root);
	kfree(buf);
}

/* What unveil would have to give this walk, said in the log. @last: NULL: where it stands. */
static void learn_path(const struct walk *walk, const struct fs_name *last)
{
	tell_path(walk, last, unveil_needs(walk->access), "learn");
}

/* What is hidden is not told of: the log would say that it exists. */
static inline int veil_check(const struct walk *walk, const struct unveil_cover *cover,
			     const struct fs_name *last)
{
	int err = unveil_check(cover, walk->access);

	if (unlikely(err == -EACCES) && audit_admit())
		tell_path(walk, last, unveil_needs(walk->access) & ~(u32)cover->perms, "unveil");
	return err;
}

int walk_allowed_last(const struct walk *walk)
{
	struct unveil_cover cover = walk->cover;

	if (unlikely(walk->learn))
		learn_path(walk, &walk->last);
	if (likely(!walk->veil))
		return 0;
	unveil_below(walk->veil, walk->cur.dentry, &walk->last, walk->last_hash, NULL, &cover);
	return veil_check(walk, &cover, &walk->last);
}

u32 walk_perms_last(const struct walk *walk)
{
	struct unveil_cover cover = walk->cover;

	if (likely(!walk->veil))
		return PATH_RWXC;
	unveil_below(walk->veil, walk->cur.dentry, &walk->last, walk->last_hash, NULL, &cover);
	return cover.covered ? cover.perms : 0;
}

u32 path_perms(const struct path *path)
{
	struct unveil *veil = fs_context_get_veil(current_task()->fs, NULL);
	u32 perms = veil ? unveil_perms(veil, path) : PATH_RWXC;

	unveil_put(veil);
	return perms;
}

static inline int walk_start(struct walk *walk, int dirfd, const char *name, u32 flags)
{
	if (likely(*name == '/')) {
		fs_context_get_root(current_task()->fs, &walk->cur);
		return 0;
	}
	if (unlikely(!*name) && !(flags & LOOKUP_EMPTY))
		return -ENOENT;
	return start_at(walk, dirfd, *name != 0);
}

/* The same, and on as far as nothing holds the walk up. */
static inline int walk_start_at_ease(struct walk *walk, int dirfd, const char *name, u32 flags)
{
	bool absolute = *name == '/';
	int err;

	if (likely(absolute || (dirfd == AT_FDCWD && *name))) {
		struct descent d = { .rest = name, .whole = flags & LOOKUP_WHOLE,
				     .follow = flags & LOOKUP_FOLLOW };

		fs_context_descend(absolute, false, &d, &walk->cur);
		walk->rest = d.rest;
		return 0;
	}
	err = walk_start(walk, dirfd, name, flags);
	if (likely(!err))
		walk_descend(walk, flags);
	return err;
}

/* Where the walk starts, and what of the tree it sees. */
static __noinline int walk_start_veiled(struct walk *walk, int dirfd, const char *name, u32 flags)
{
	int err;

	if (likely(*name == '/')) {
		walk->veil = fs_context_view(false, &walk->cur, &walk->veil_counted);
	} else if (dirfd == AT_FDCWD && *name) {
		walk->veil = fs_context_view(true, &walk->cur, &walk->veil_counted);
	} else {
		err = walk_start(walk, dirfd, name, flags);
		if (err)
			return err;
		walk->veil = fs_context_get_veil(current_task()->fs, NULL);
		walk->veil_counted = true;
	}
	if (likely(walk->veil != NULL))
		unveil_at(walk->veil, &walk->cur, &walk->cover);
	walk_descend(walk, flags);
	return 0;
}

static inline void walk_init(struct walk *walk, const char *name)
{
	walk->cred = cred_current();
	walk->rest = name;
	walk->links = NULL;
	walk->nr_links = 0;
	walk->slash = false;
	walk->learn = false;
	walk->veil_counted = false;
	walk->root.dentry = NULL;
	walk->access = PATH_READ;
	walk->veil = NULL;
}

/* The one place where pledge and unveil meet paths, but for what path_lookup() finds to
 * be permitted. */
int walk_begin(struct walk *walk, int dirfd, const char *name, u32 flags)
{
	u32 work = atomic_load_relaxed(&current->work) & THREAD_WORK_PATHS;

	walk_init(walk, name);
	if (likely(!work) || (flags & LOOKUP_UNWATCHED))
		return walk_start_at_ease(walk, dirfd, name, flags);
	if (flags >> LOOKUP_ACCESS_SHIFT)
		walk->access = flags >> LOOKUP_ACCESS_SHIFT;
	if (work & THREAD_WORK_PLEDGE) {
		int err = ask_pledge(walk, name);

		if (unlikely(err))
			return err;
	}
	if (work & THREAD_WORK_UNVEIL)
		return walk_start_veiled(walk, dirfd, name, flags);
	return walk_start_at_ease(walk, dirfd, name, flags);
}

/* All but walk->cur, which the caller keeps. */
static inline void walk_drop(struct walk *walk)
{
	if (unlikely(walk->root.dentry != NULL))
		path_put(&walk->root);
	if (unlikely(walk->links != NULL))
		kfree(walk->links);
	if (unlikely(walk->veil_counted))
		unveil_put(walk->veil);
}

void walk_end(struct walk *walk)
{
	path_put(&walk->cur);
	walk_drop(walk);
}

static int walk_all(struct walk *walk, u32 flags)
{
	bool again = *walk->rest, dir = flags & LOOKUP_DIRECTORY;
	int err;

	while (again) {
		err = walk_parent(walk);
		if (!err)
			err = walk_last(walk, flags & LOOKUP_FOLLOW, &again);
		if (err)
			return err;
		dir |= walk->slash;
	}
	if (unlikely(walk->learn))
		learn_path(walk, NULL);
	if (unlikely(walk->veil != NULL)) {
		err = veil_check(walk, &walk->cover, NULL);
		if (err)
			return err;
	}
	return dir && !inode_is_dir(walk->cur.dentry->inode) ? -ENOTDIR : 0;
}

/* access(2) asks for the real user: the whole walk is theirs. */
static void use_real_ids(struct walk *walk, struct cred *real)
{
	*real = *walk->cred;
	cred_use_real_ids(real);
	walk->cred = real;
}

static int lookup_end(struct walk *walk, u32 flags, struct path *out)
{
	struct cred real;
	int err;

	if (flags & LOOKUP_REAL_IDS)
		use_real_ids(walk, &real);
	err = walk_all(walk, flags);
	if (unlikely(err)) {
		walk_end(walk);
		return err;
	}
	*out = walk->cur;
	walk_drop(walk);
	return 0;
}

/* Goes on where @at is, with @rest. */
static __noinline int lookup_rest(const char *rest, u32 flags, struct path *at)
{
	struct walk walk;

	walk_init(&walk, rest);
	walk.cur = *at;
	return lookup_end(&walk, flags, at);
}

static __noinline int lookup_slowly(int dirfd, const char *name, u32 flags, struct path *out)
{
	struct walk walk;
	int err = walk_begin(&walk, dirfd, name, flags | LOOKUP_WHOLE);

	return err ? err : lookup_end(&walk, flags, out);
}

/* Whether the promises of current let the walk go on as it would without them. */
static bool promised(const char *name, u32 access)
{
	u64 promises = pledge_current();
	bool no_links;

	return !(promises & PLEDGE_LEARN) && !pledge_path(promises, name, access, &no_links) &&
	       !no_links;
}

/* The short way of path_lookup(), asking pledge and unveil. What they do not permit, and
 * what is not so simple, goes the long way, which says so. */
static __noinline int lookup_watched(const char *name, u32 flags, u32 work, struct path *out)
{
	struct descent d = { .rest = name, .whole = true, .follow = flags & LOOKUP_FOLLOW };
	u32 access = flags >> LOOKUP_ACCESS_SHIFT;

	if (flags & LOOKUP_UNWATCHED)
		work = 0;
	if (!access)
		access = PATH_READ;
	if ((work & THREAD_WORK_PLEDGE) && !promised(name, access))
		return lookup_slowly(AT_FDCWD, name, flags, out);
	fs_context_descend(*name == '/', work & THREAD_WORK_UNVEIL, &d, out);
	if (likely(!*d.rest && !(flags & LOOKUP_DIRECTORY) &&
		   (!d.veil || !unveil_check(&d.cover, access))))
		return 0;
	if (!d.veil)
		return lookup_rest(d.rest, flags, out);
	path_put(out);
	return lookup_slowly(AT_FDCWD, name, flags, out);
}

int path_lookup(int dirfd, const char *name, u32 flags, struct path *out)
{
	u32 work = atomic_load_relaxed(&current->work) & THREAD_WORK_PATHS;
	struct descent d;

	if (unlikely(*name != '/' && (dirfd != AT_FDCWD || !*name)))
		return lookup_slowly(dirfd, name, flags, out);
	if (unlikely(work))
		return lookup_watched(name, flags, work, out);
	d.rest = name;
	d.veil = NULL;
	d.whole = true;
	d.follow = flags & LOOKUP_FOLLOW;
	fs_context_descend(*name == '/', false, &d, out);
	if (likely(!*d.rest && !(flags & LOOKUP_DIRECTORY)))
		return 0;
	return lookup_rest(d.rest, flags, out);
}

int path_lookup_user(int dirfd, const char __user *uname, u32 flags, struct path *out)
{
	struct path_name name;
	int err = path_name_get(&name, uname);

	if (err)
		return err;
	err = path_lookup(dirfd, name.str, flags, out);
	path_name_put(&name);
	return err;
}

/* ---- back to text ---- */

static bool prepend(char **at, const char *buf, const char *s, size_t len)
{
	if ((size_t)(*at - buf) < len)
		return false;
	*at -= len;
	memcpy(*at, s, len);
	return true;
}

char *path_string(const struct path *path, const struct path *root, char *buf, size_t size,
		  bool *unreachable)
{
	const struct mount *mount = path->mount;
	const struct dentry *dentry = path->dentry;
	char *at = buf + size;
	bool ok = prepend(&at, buf, "", 1);
	char *end = at;

	*unreachable = false;
	spin_lock(&dentry_tree_lock);
	while (ok && (dentry != root->dentry || mount != root->mount)) {
		if (dentry == mount->root || dentry->parent == dentry) {
			if (!mount->parent || !mount->attached) {
				/* The tree's own root: @root is not above (left a chroot). */
				*unreachable = true;
				break;
			}
			dentry = mount->mountpoint;
			mount = mount->parent;
			continue;
		}
		ok = prepend(&at, buf, dentry->name, dentry->name_len) && prepend(&at, buf, "/", 1);
		dentry = dentry->parent;
	}
	spin_unlock(&dentry_tree_lock);
	if (ok && at == end)
		ok = prepend(&at, buf, "/", 1);
	return ok ? at : NULL;
}
