/* SPDX-License-Identifier: MIT */
/* Sets of unveil rules; contract in unveil.h. */
#include <fs/unveil.h>

#include <arch/context.h>
#include <fs/dentry.h>
#include <fs/mount.h>
#include <fs/path.h>
#include <kernel/abi/errno.h>
#include <kernel/lib/hash.h>
#include <kernel/lib/string.h>
#include <kernel/task/event.h>
#include <mm/kmalloc.h>

struct rule {
	struct path dir;  /* referenced */
	char *name;       /* NULL: the folder itself */
	u32 name_len;
	u32 perms;
};

/* A folder that the walk must stop and think at. */
struct place {
	const struct dentry *dentry; /* NULL: free slot */
	s32 folder_rule;             /* index, or -1 */
	bool has_names;
};

struct unveil {
	struct refcount refs;
	u32 nr_rules, nr_names;
	u32 slots;             /* of places, a power of two */
	struct place *places;  /* open addressing by dentry */
	struct dentry **held;  /* ancestors, referenced so that no address is reused */
	u32 nr_held;
	struct rule rules[];
};

/* ---- look-up ---- */

static struct place *find_slot(const struct unveil *set, const struct dentry *dentry)
{
	u32 mask = set->slots - 1;
	u32 at = (u32)hash_u64((u64)(uintptr_t)dentry) & mask;

	while (set->places[at].dentry && set->places[at].dentry != dentry)
		at = (at + 1) & mask;
	return &set->places[at];
}

static const struct place *find(const struct unveil *set, const struct dentry *dentry)
{
	const struct place *place = find_slot(set, dentry);

	return place->dentry ? place : NULL;
}

static void cover_by(struct unveil_cover *cover, const struct rule *rule)
{
	*cover = (struct unveil_cover){ rule->perms, true, true };
}

/* The nearest folder rule from @path upwards; dentry_tree_lock held. */
static void cover_above_locked(const struct unveil *set, const struct path *path,
			       struct unveil_cover *out)
{
	const struct mount *mount = path->mount;
	const struct dentry *dentry = path->dentry;
	const struct place *place = find(set, dentry);

	*out = (struct unveil_cover){ .visible = place != NULL };
	for (;;) {
		if (place && place->folder_rule >= 0) {
			cover_by(out, &set->rules[place->folder_rule]);
			return;
		}
		if (dentry != mount->root && dentry->parent != dentry) {
			dentry = dentry->parent;
		} else if (mount->parent) {
			dentry = mount->mountpoint;
			mount = mount->parent;
		} else {
			return;
		}
		place = find(set, dentry);
	}
}

void unveil_at(const struct unveil *set, const struct path *path, struct unveil_cover *out)
{
	spin_lock(&dentry_tree_lock);
	cover_above_locked(set, path, out);
	spin_unlock(&dentry_tree_lock);
}

static const struct rule *find_name(const struct unveil *set, const struct dentry *dir,
				    const struct fs_name *name)
{
	for (u32 i = 0; i < set->nr_rules; i++) {
		const struct rule *rule = &set->rules[i];

		if (rule->name && rule->dir.dentry == dir && rule->name_len == name->len &&
		    memcmp(rule->name, name->str, name->len) == 0)
			return rule;
	}
	return NULL;
}

void unveil_below(const struct unveil *set, const struct dentry *dir, const struct fs_name *name,
		  const struct dentry *child, struct unveil_cover *cover)
{
	const struct place *at_dir = find(set, dir), *at_child = child ? find(set, child) : NULL;
	const struct rule *rule;

	if (at_child && at_child->folder_rule >= 0) {
		cover_by(cover, &set->rules[at_child->folder_rule]);
		return;
	}
	rule = at_dir && at_dir->has_names ? find_name(set, dir, name) : NULL;
	if (rule)
		cover_by(cover, rule);
	else
		cover->visible = cover->covered || at_child;
}

u32 unveil_perms(const struct unveil *set, const struct path *path)
{
	const struct dentry *dentry = path->dentry;
	struct unveil_cover cover;

	spin_lock(&dentry_tree_lock);
	cover_above_locked(set, path, &cover);
	unveil_below(set, dentry->parent, &(struct fs_name){ dentry->name, dentry->name_len },
		     dentry, &cover);
	spin_unlock(&dentry_tree_lock);
	return cover.covered ? cover.perms : 0;
}

u32 unveil_needs(u32 access)
{
	u32 need = access & PATH_RWXC;

	if (access & (PATH_ATTR | PATH_OWNER | PATH_SOCKET | PATH_ASK_WRITE))
		need |= PATH_WRITE;
	if (access & (PATH_NODE | PATH_ASK_CREATE))
		need |= PATH_CREATE;
	if (access & PATH_ASK_EXEC)
		need |= PATH_EXEC;
	/* Binding a socket makes a name, it does not write to one. */
	if ((access & PATH_SOCKET) && (access & PATH_ASK_CREATE))
		need &= ~(u32)PATH_WRITE;
	return need;
}

void unveil_denied(u32 missing)
{
	if (event_wanted())
		event_denied(EVENT_BY_UNVEIL, context_syscall_nr(), missing);
}

int unveil_check(const struct unveil_cover *cover, u32 access)
{
	u32 missing = unveil_needs(access) & ~cover->perms;

	if (cover->covered && !missing)
		return 0;
	unveil_denied(cover->covered ? missing : access);
	return cover->covered ? -EACCES : -ENOENT;
}

/* ---- making ---- */

static void free_set(struct unveil *set)
{
	for (u32 i = 0; i < set->nr_rules; i++) {
		path_put(&set->rules[i].dir);
		kfree(set->rules[i].name);
	}
	for (u32 i = 0; i < set->nr_held; i++)
		dentry_put(set->held[i]);
	kfree(set->held);
	kfree(set->places);
	kfree(set);
}

void unveil_get(struct unveil *set)
{
	if (set)
		refcount_get(&set->refs);
}

void unveil_put(struct unveil *set)
{
	if (set && refcount_put(&set->refs))
		free_set(set);
}

static int add_rule(struct unveil *set, const struct path *dir, const char *name, u32 len,
		    u32 perms)
{
	struct rule *rule = &set->rules[set->nr_rules];
	char *copy = NULL;

	if (name) {
		copy = kmalloc(len + 1, 0);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, name, len);
		copy[len] = '\0';
		set->nr_names++;
	}
	path_get(dir);
	*rule = (struct rule){ *dir, copy, len, perms };
	set->nr_rules++;
	return 0;
}

static struct unveil *alloc_set(u32 rules)
{
	struct unveil *set = kzalloc(sizeof(*set) + rules * sizeof(struct rule), 0);

	if (set)
		refcount_init(&set->refs);
	return set;
}

/* All of @old's rules but @skip. */
static int copy_rules(struct unveil *set, const struct unveil *old, const struct rule *skip)
{
	int err = 0;

	for (u32 i = 0; old && i < old->nr_rules && !err; i++)
		if (&old->rules[i] != skip)
			err = add_rule(set, &old->rules[i].dir, old->rules[i].name,
				       old->rules[i].name_len, old->rules[i].perms);
	return err;
}

/* How far up from @path the root of all is; with @set: mark the way and hold it. */
static u32 mark_ancestors_locked(struct unveil *set, const struct path *path)
{
	const struct mount *mount = path->mount;
	struct dentry *dentry = path->dentry;
	u32 n = 0;

	for (;; n++) {
		if (set) {
			struct place *place = find_slot(set, dentry);

			if (!place->dentry) {
				*place = (struct place){ dentry, -1, false };
				dentry_get(dentry);
				set->held[set->nr_held++] = dentry;
			}
		}
		if (dentry != mount->root && dentry->parent != dentry) {
			dentry = dentry->parent;
		} else if (mount->parent) {
			dentry = mount->mountpoint;
			mount = mount->parent;
		} else {
			return n + 1;
		}
	}
}

/* The table of places, from the rules. The tree may grow deeper between the two looks. */
static int index_rules(struct unveil *set)
{
	for (;;) {
		u32 room = 0, need = 0;

		spin_lock(&dentry_tree_lock);
		for (u32 i = 0; i < set->nr_rules; i++)
			room += mark_ancestors_locked(NULL, &set->rules[i].dir);
		spin_unlock(&dentry_tree_lock);
		room += 16;
		for (set->slots = 32; set->slots < 2 * room;)
			set->slots *= 2;
		set->places = kzalloc(set->slots * sizeof(*set->places), 0);
		set->held = kmalloc(room * sizeof(*set->held), 0);
		if (!set->places || !set->held)
			return -ENOMEM;
		spin_lock(&dentry_tree_lock);
		for (u32 i = 0; i < set->nr_rules; i++)
			need += mark_ancestors_locked(NULL, &set->rules[i].dir);
		if (need <= room)
			for (u32 i = 0; i < set->nr_rules; i++)
				(void)mark_ancestors_locked(set, &set->rules[i].dir);
		spin_unlock(&dentry_tree_lock);
		if (need <= room)
			break;
		kfree(set->places);
		kfree(set->held);
	}
	for (u32 i = 0; i < set->nr_rules; i++) {
		struct place *place = find_slot(set, set->rules[i].dir.dentry);

		if (set->rules[i].name)
			place->has_names = true;
		else
			place->folder_rule = (s32)i;
	}
	return 0;
}

static const struct rule *same_rule(const struct unveil *old, const struct path *dir,
				    const struct fs_name *name)
{
	if (!old)
		return NULL;
	if (name)
		return find_name(old, dir->dentry, name);
	for (u32 i = 0; i < old->nr_rules; i++)
		if (!old->rules[i].name && old->rules[i].dir.dentry == dir->dentry)
			return &old->rules[i];
	return NULL;
}

int unveil_add(const struct unveil *old, const struct path *dir, const struct fs_name *name,
	       u32 perms, struct unveil **out)
{
	const struct rule *replaced = same_rule(old, dir, name);
	u32 names = old ? old->nr_names : 0, folders = old ? old->nr_rules - names : 0;
	struct unveil *set;
	int err;

	if (!replaced && (name ? names : folders) == UNVEIL_RULES_MAX)
		return -E2BIG;
	set = alloc_set(names + folders + 1);
	if (!set)
		return -ENOMEM;
	err = copy_rules(set, old, replaced);
	if (!err)
		err = add_rule(set, dir, name ? name->str : NULL, name ? name->len : 0, perms);
	if (!err)
		err = index_rules(set);
	if (err) {
		free_set(set);
		return err;
	}
	*out = set;
	return 0;
}

u32 unveil_count(const struct unveil *set)
{
	return set->nr_rules;
}

void unveil_rule(const struct unveil *set, u32 n, struct path *dir, const char **name, u32 *perms)
{
	*dir = set->rules[n].dir;
	*name = set->rules[n].name;
	*perms = set->rules[n].perms;
}
