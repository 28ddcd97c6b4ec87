/* SPDX-License-Identifier: MIT */
/* Inside of struct fs_context, for fs_context.c and the start of walks. */
#pragma once

#include <fs/dentry.h>
#include <fs/fs_context.h>
#include <fs/path.h>
#include <kernel/task/task.h>

/* Lock key: f fs->lock */
struct fs_context {
	struct refcount refs;
	struct mutex lock;     /* RANK_FS_CONTEXT */
	struct path root, cwd; /* [f] */
	u32 umask;             /* [a] */
	struct unveil *veil;   /* [f] referenced; NULL: the whole tree is there */
	bool veil_locked;      /* [f] */
};

/**
 * fs_context_descend - dentry_descend() from current's root or working directory as far as
 * it goes; d->at is not used
 * @veiled: with what it sees of the tree, which d->veil then only says whether there is
 * @out: where that is, referenced
 */
static __always_inline void fs_context_descend(bool from_root, bool veiled, struct descent *d,
					       struct path *out)
{
	struct fs_context *fs = current_task()->fs;
	const struct path *from = from_root ? &fs->root : &fs->cwd;
	struct dentry *stale = NULL;

	/* The lock holds the place while the walk, which sleeps nowhere, has no reference. */
	mutex_lock(&fs->lock);
	if (veiled && fs->veil) {
		d->veil = fs->veil;
		unveil_at(d->veil, from, &d->cover);
	}
	d->at = from->dentry;
	out->mount = from->mount;
	if (unlikely(!dentry_descend(d))) {
		stale = d->stale;
		dentry_get(d->at); /* to be walked step by step */
	}
	mount_get(out->mount);
	mutex_unlock(&fs->lock);
	if (unlikely(stale != NULL))
		dentry_put(stale);
	out->dentry = d->at;
}
