/* SPDX-License-Identifier: MIT */
/* Sets of unveil rules; contract in unveil.h. */
#include <fs/unveil.h>

#include <arch/atomic.h>
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
	char *name;       /* NULL: the folder itself; readable in whole words */
	u64 hash;         /* of dir and name */
	u32 name_len;
	u32 perms;
};

/* A folder that the walk must stop and think at. Its dentry is DENTRY_UNVEILED, so that
 * the walk looks for no others. */
struct place {
	const struct dentry *dentry; /* NULL: free slot */
	const struct rule *folder;   /* or NULL */
	bool has_names;
};

struct unveil {
	struct refcount refs;
	u32 nr_rules, nr_names;
	u32 shift;             /* of places: 2^(64 - shift) slots */
	struct place *places;  /* open addressing by dentry */
	u32 name_mask;
	const struct rule **names; /* open addressing by hash */
	struct dentry **held;  /* ancestors, referenced so that no address is reused */
	u32 nr_held;
	/* The root where it was when the set was made, the mount it is mounted on, and its
	 * cover there: of that mount nobody sees more. */
	const struct dentry *top;
	const struct mount *above;
	struct unveil_cover top_cover;
	struct rule rules[];
};

/* ---- look-up ---- */

static inline struct place *find_slot(const struct unveil *set, const struct dentry *dentry)
{
	/* Fibonacci hashing (Knuth, TAOCP vol. 3, 6.4): addresses that nobody chooses. */
	struct place *at = &set->places[((u64)(uintptr_t)dentry * 0x9e3779b97f4a7c15ull) >>
					set->shift];

	/* Behind the last slot there is room for all: a search never begins again. */
	while (at->dentry && at->dentry != dentry)
		at++;
	return at;
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
		if (place && place->folder) {
			cover_by(out, place->folder);
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

static __noinline void find_cover(const struct unveil *set, const struct path *path,
				  struct unveil_cover *out)
{
	spin_lock(&dentry_tree_lock);
	cover_above_locked(set, path, out);
	spin_unlock(&dentry_tree_lock);
}

void unveil_at(const struct unveil *set, const struct path *path, struct unveil_cover *out)
{
	if (likely(path->dentry == set->top &&
		   atomic_load_relaxed(&path->mount->parent) == set->above)) {
		*out = set->top_cover;
		return;
	}
	find_cover(set, path, out);
}

/* Of equal length, both readable in whole words. The last word may overlap the one before. */
static inline bool same_text(const char *a, const char *b, u32 len)
{
	if (len < 8)
		return !((dentry_name_word(a) ^ dentry_name_word(b)) & (BIT(8 * len) - 1));
	for (u32 i = 0; i + 8 < len; i += 8)
		if (dentry_name_word(a + i) != dentry_name_word(b + i))
			return false;
	return dentry_name_word(a + len - 8) == dentry_name_word(b + len - 8);
}

static inline const struct rule *find_name(const struct unveil *set, const struct dentry *dir,
					   const struct fs_name *name, u64 hash)
{
	const struct rule *rule;

	for (u64 at = hash; (rule = set->names[at & set->name_mask]); at++)
		if (rule->hash == hash && rule->dir.dentry == dir && rule->name_len == name->len &&
		    same_text(rule->name, name->str, name->len))
			break;
	return rule;
}

static __noinline void cover_by_name(const struct unveil *set, const struct dentry *dir,
				     const struct fs_name *name, u64 hash,
				     struct unveil_cover *cover)
{
	const struct rule *rule = find_name(set, dir, name, hash);

	if (rule)
		cover_by(cover, rule);
}

void unveil_below_slow(const struct unveil *set, const struct dentry *dir,
		       const struct fs_name *name, u64 hash, const struct dentry *child,
		       struct unveil_cover *cover)
{
	const struct place *at = child ? find(set, child) : NULL;
	bool names = cover->names;

	cover->names = at && at->has_names;
	cover->visible = cover->covered || at;
	if (at && at->folder)
		cover_by(cover, at->folder);
	else if (names)
		cover_by_name(set, dir, name, hash, cover);
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

int unveil_check_slow(const struct unveil_cover *cover, u32 access)
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

/* How far up from @path the root of all is; with @set: mark the way and hold it, and *top is
 * the root as tasks have it. */
static u32 mark_ancestors_locked(struct unveil *set, const struct path *path, struct path *top)
{
	struct mount *mount = path->mount;
	struct dentry *dentry = path->dentry;
	u32 n = 0;

	for (;; n++) {
		if (set) {
			struct place *place = find_slot(set, dentry);

			if (!place->dentry) {
				*place = (struct place){ dentry, NULL, false };
				dentry_get(dentry);
				set->held[set->nr_held++] = dentry;
				atomic_fetch_or(&dentry->flags, (u32)DENTRY_UNVEILED);
			}
		}
		if (set && dentry == mount->root && mount->parent && !mount->parent->parent) {
			top->mount = mount;
			top->dentry = dentry;
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

/* Room for four times @n, and at least 64: a table of 2^result slots. */
static u32 table_order(u32 n)
{
	u32 order = 6;

	while (BIT(order) < 4 * (u64)n)
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
		const struct rule *rule = &set->rules[i];
		u64 at = rule->hash;

		if (!rule->name)
			continue;
		while (set->names[at & set->name_mask])
			at++;
		set->names[at & set->name_mask] = rule;
	}
	return 0;
}

/* The places, and what the rules say of each. */
static void fill_places_locked(struct unveil *set)
{
	struct path top = { NULL, NULL };

	for (u32 i = 0; i < set->nr_rules; i++) {
		const struct rule *rule = &set->rules[i];
		struct place *place;

		(void)mark_ancestors_locked(set, &rule->dir, &top);
		place = find_slot(set, rule->dir.dentry);
		if (rule->name)
			place->has_names = true;
		else
			place->folder = rule;
	}
	if (!top.dentry)
		return;
	set->top = top.dentry;
	set->above = top.mount->parent;
	cover_above_locked(set, &top, &set->top_cover);
}

/* The table of places, from the rules. The tree may grow deeper between the two looks. */
static int index_places(struct unveil *set)
{
	for (;;) {
		u32 room = 0, need = 0;

		spin_lock(&dentry_tree_lock);
		for (u32 i = 0; i < set->nr_rules; i++)
			room += mark_ancestors_locked(NULL, &set->rules[i].dir, NULL);
		spin_unlock(&dentry_tree_lock);
		room += 16;
		set->shift = 64 - table_order(room);
		set->places = kzalloc((BIT(64 - set->shift) + room) * sizeof(*set->places), 0);
		set->held = kmalloc(room * sizeof(*set->held), 0);
		if (!set->places || !set->held)
			return -ENOMEM;
		spin_lock(&dentry_tree_lock);
		for (u32 i = 0; i < set->nr_rules; i++)
			need += mark_ancestors_locked(NULL, &set->rules[i].dir, NULL);
		if (need <= room)
			fill_places_locked(set);
		spin_unlock(&dentry_tree_lock);
		if (need <= room)
			break;
		kfree(set->places);
		kfree(set->held);
	}
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
