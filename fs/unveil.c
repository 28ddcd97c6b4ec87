/* SPDX-License-Identifier: MIT */
/* Sets of unveil rules; contract in unveil.h. */
#include <fs/unveil.h>

#include <arch/atomic.h>
#include <fs/dentry.h>
#include <fs/mount.h>
#include <fs/path.h>
#include <kernel/abi/errno.h>
#include <kernel/lib/hash.h>
#include <kernel/lib/string.h>
#include <mm/kmalloc.h>

struct rule {
	struct path dir;  /* referenced */
	char *name;       /* NULL: the folder itself; readable in whole words */
	u64 hash;         /* of dir and name */
	u32 name_len;
	u32 perms;
};

/* A folder that the walk must stop and think at. Its dentry is DENTRY_UNVEILED, so that
 * the walk looks for no others. */
struct place {
	const struct dentry *dentry; /* NULL: free slot */
	s32 folder_rule;             /* index, or -1 */
	bool has_names;
};

struct unveil {
	struct refcount refs;
	u32 nr_rules, nr_names;
	u32 shift;             /* of places: 2^(64 - shift) slots */
	struct place *places;  /* open addressing by dentry */
	u32 name_mask;
	u16 *names;            /* open addressing by hash: index of a rule, + 1 */
	struct dentry **held;  /* ancestors, referenced so that no address is reused */
	u32 nr_held;
	const struct dentry *top; /* the root of all when the set was made */
	struct unveil_cover top_cover;
	struct rule rules[];
};

/* ---- look-up ---- */

static struct place *find_slot(const struct unveil *set, const struct dentry *dentry)
{
	/* Fibonacci hashing (Knuth, TAOCP vol. 3, 6.4): addresses that nobody chooses. */
	u64 at = ((u64)(uintptr_t)dentry * 0x9e3779b97f4a7c15ull) >> set->shift;

	while (set->places[at].dentry && set->places[at].dentry != dentry)
		at = (at + 1) & (BIT(64 - set->shift) - 1);
	return &set->places[at];
}

static inline const struct place *find(const struct unveil *set, const struct dentry *dentry)
{
	const struct place *place;

	if (likely(!(dentry->flags & DENTRY_UNVEILED)))
		return NULL;
	place = find_slot(set, dentry);
	return place->dentry ? place : NULL;
}

static inline void cover_by(struct unveil_cover *cover, const struct rule *rule)
{
	cover->perms = (u8)rule->perms;
	cover->covered = true;
	cover->visible = true;
}

/* The nearest folder rule from @path upwards; dentry_tree_lock held. */
static void cover_above_locked(const struct unveil *set, const struct path *path,
			       struct unveil_cover *out)
{
	const struct mount *mount = path->mount;
	const struct dentry *dentry = path->dentry;
	const struct place *place = find(set, dentry);

	*out = (struct unveil_cover){ .visible = place, .names = place && place->has_names };
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
	/* Nothing is above the root of all, whose own rule does not change. */
	if (likely(path->dentry == set->top && !atomic_load_relaxed(&path->mount->parent))) {
		*out = set->top_cover;
		return;
	}
	spin_lock(&dentry_tree_lock);
	cover_above_locked(set, path, out);
	spin_unlock(&dentry_tree_lock);
}

static const struct rule *find_name(const struct unveil *set, const struct dentry *dir,
				    const struct fs_name *name, u64 hash)
{
	for (u64 at = hash;; at++) {
		u32 index = set->names[at & set->name_mask];
		const struct rule *rule = &set->rules[index - 1];

		if (!index)
			return NULL;
		if (rule->hash == hash && rule->dir.dentry == dir && rule->name_len == name->len &&
		    dentry_name_equal(rule->name, name->str, name->len))
			return rule;
	}
}

void unveil_below(const struct unveil *set, const struct dentry *dir, const struct fs_name *name,
		  u64 hash, const struct dentry *child, struct unveil_cover *cover)
{
	const struct place *at = child ? find(set, child) : NULL;
	const struct rule *rule = NULL;

	if (unlikely(at && at->folder_rule >= 0))
		rule = &set->rules[at->folder_rule];
	else if (cover->names)
		rule = find_name(set, dir, name, hash);
	cover->names = at && at->has_names;
	if (rule)
		cover_by(cover, rule);
	else
		cover->visible = cover->covered || at;
}

u32 unveil_perms(const struct unveil *set, const struct path *path)
{
	const struct dentry *dentry = path->dentry, *dir;
	struct unveil_cover cover;
	const struct place *place;
	struct fs_name name;

	spin_lock(&dentry_tree_lock);
	dir = dentry->parent;
	name = (struct fs_name){ dentry->name, dentry->name_len };
	place = find(set, dir);
	cover_above_locked(set, path, &cover);
	cover.names = place && place->has_names;
	unveil_below(set, dir, &name, dentry_hash(dir, &name), dentry, &cover);
	spin_unlock(&dentry_tree_lock);
	return cover.covered ? cover.perms : 0;
}

u32 unveil_needs(u32 access)
{
	u32 need = access & PATH_RWXC;

	if (likely(access == need))
		return need;
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

int unveil_check(const struct unveil_cover *cover, u32 access)
{
	if (!cover->covered)
		return -ENOENT;
	return unveil_needs(access) & ~cover->perms ? -EACCES : 0;
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
	kfree(set->names);
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
	struct fs_name copy = { NULL, len };
	u64 hash = 0;

	if (name) {
		char *text = kzalloc((size_t)len + 8, 0);

		if (!text)
			return -ENOMEM;
		copy.str = memcpy(text, name, len);
		hash = dentry_hash(dir->dentry, &copy);
		set->nr_names++;
	}
	path_get(dir);
	*rule = (struct rule){ *dir, (char *)(uintptr_t)copy.str, hash, len, perms };
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
				atomic_fetch_or(&dentry->flags, (u32)DENTRY_UNVEILED);
			}
			set->top = dentry; /* the last is */
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

/* Room for twice @n, and at least 32: a table of 2^result slots. */
static u32 table_order(u32 n)
{
	u32 order = 5;

	while (BIT(order) < 2 * (u64)n)
		order++;
	return order;
}

/* The table of names, from the rules. */
static int index_names(struct unveil *set)
{
	u32 slots = (u32)BIT(table_order(set->nr_names));

	set->name_mask = slots - 1;
	set->names = kzalloc(slots * sizeof(*set->names), 0);
	if (!set->names)
		return -ENOMEM;
	for (u32 i = 0; i < set->nr_rules; i++) {
		u64 at = set->rules[i].hash;

		if (!set->rules[i].name)
			continue;
		while (set->names[at & set->name_mask])
			at++;
		set->names[at & set->name_mask] = (u16)(i + 1);
	}
	return 0;
}

/* What the rules say of each place. */
static void fill_places(struct unveil *set)
{
	const struct place *top;

	for (u32 i = 0; i < set->nr_rules; i++) {
		struct place *place = find_slot(set, set->rules[i].dir.dentry);

		if (set->rules[i].name)
			place->has_names = true;
		else
			place->folder_rule = (s32)i;
	}
	top = find_slot(set, set->top);
	set->top_cover = (struct unveil_cover){ .visible = true, .names = top->has_names };
	if (top->folder_rule >= 0)
		cover_by(&set->top_cover, &set->rules[top->folder_rule]);
}

/* The table of places, from the rules. The tree may grow deeper between the two looks. */
static int index_places(struct unveil *set)
{
	for (;;) {
		u32 room = 0, need = 0;

		spin_lock(&dentry_tree_lock);
		for (u32 i = 0; i < set->nr_rules; i++)
			room += mark_ancestors_locked(NULL, &set->rules[i].dir);
		spin_unlock(&dentry_tree_lock);
		room += 16;
		set->shift = 64 - table_order(room);
		set->places = kzalloc(BIT(64 - set->shift) * sizeof(*set->places), 0);
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
	fill_places(set);
	return 0;
}

static const struct rule *same_rule(const struct unveil *old, const struct path *dir,
				    const struct fs_name *name)
{
	if (!old)
		return NULL;
	if (name)
		return find_name(old, dir->dentry, name, dentry_hash(dir->dentry, name));
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
		err = index_names(set);
	if (!err)
		err = index_places(set);
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
