/* SPDX-License-Identifier: MIT */
/*
 * unveil: what of the tree a process sees. A rule names a folder, with all below it, or
 * one name in a folder; the nearest rule above a place counts. What no rule covers is
 * not there (ENOENT); what one covers without the permission is refused (EACCES).
 *
 *   unveil("/usr", "r")          folder rule on /usr           /usr/lib/x   covered by it
 *   unveil("/etc/passwd", "rw")  name rule "passwd" in /etc    /etc         an ancestor
 *
 * The walk (fs/path.c) keeps the rule that covers where it stands. It enters folders
 * that a rule covers and ancestors of rules, and no others, so that nothing, not even
 * by "..", tells whether something hidden exists.
 *
 * Sets are immutable: a change makes a new one, so readers need no lock.
 *
 * Source: OpenBSD unveil(2). Beyond it: the view stays over execve, links and renames
 * never give a file more than it had, readlink and ".." tell nothing.
 */
#pragma once

#include <fs/dentry.h>
#include <fs/unveil_cover.h>
#include <fs/inode.h>
#include <kernel/lib/types.h>

struct path;
struct unveil;

#define UNVEIL_RULES_MAX 128u /* folders, and as many names */

/** unveil_add - @old (NULL: none yet) with one rule more, or with that rule changed
 * @name: NULL, the rule is on folder @dir itself; else on the name in it, readable in
 * whole words (dentry.h)
 * @perms: PATH_READ, WRITE, EXEC, CREATE
 * Return: 0 and one reference; -E2BIG; -ENOMEM. @old is unchanged. */
__must_check int unveil_add(const struct unveil *old, const struct path *dir,
			    const struct fs_name *name, u32 perms, struct unveil **out);
/** unveil_get, unveil_put - NULL is fine */
void unveil_get(struct unveil *set);
void unveil_put(struct unveil *set);


/** unveil_at - what covers the folder @path */
void unveil_at(const struct unveil *set, const struct path *path, struct unveil_cover *out);
void unveil_below_slow(const struct unveil *set, const struct dentry *dir,
		       const struct fs_name *name, u64 hash, const struct dentry *child,
		       struct unveil_cover *cover);
/** unveil_below - from the cover of folder @dir to that of @name in it, which is
 * @child, already through mounts; NULL: not there yet, or not looked at
 * @hash: dentry_hash(@dir, @name) */
static inline void unveil_below(const struct unveil *set, const struct dentry *dir,
				const struct fs_name *name, u64 hash, const struct dentry *child,
				struct unveil_cover *cover)
{
	if (unlikely(cover->names || (child && (child->flags & DENTRY_UNVEILED))))
		unveil_below_slow(set, dir, name, hash, child, cover);
	else
		cover->visible = cover->covered;
}
/** unveil_perms - what @path itself, whatever it is, may be used for (PATH_RWXC) */
u32 unveil_perms(const struct unveil *set, const struct path *path);
/** unveil_needs - the permissions (PATH_RWXC) that @access (PATH_*) takes */
u32 unveil_needs(u32 access);
/** unveil_denied - tell who listens to events that @missing (PATH_*) was refused */
void unveil_denied(u32 missing);
int unveil_check_slow(const struct unveil_cover *cover, u32 access);
/** unveil_check - 0; -ENOENT not covered; -EACCES @access (PATH_*) asks for more */
__must_check static inline int unveil_check(const struct unveil_cover *cover, u32 access)
{
	if (likely(cover->covered && !(access & ~(u32)cover->perms)))
		return 0;
	return unveil_check_slow(cover, access);
}

/* How many rules of the two kinds, and each as text, for /proc/PID/sandbox. */
u32 unveil_count(const struct unveil *set);
/** unveil_rule - the n-th: its folder, name (NULL) and permissions */
void unveil_rule(const struct unveil *set, u32 n, struct path *dir, const char **name, u32 *perms);
