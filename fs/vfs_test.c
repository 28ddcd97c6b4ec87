/* SPDX-License-Identifier: MIT */
/*
 * What user programs cannot see of names and paths: the cache's limit, that a
 * deep tree is freed without recursion, mounts that give everything back, and
 * renames of folders on several CPUs that keep the tree a tree.
 */
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/fs_context.h>
#include <fs/inode_cache.h>
#include <fs/mount.h>
#include <fs/path.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/core/ktest.h>
#include <kernel/lib/format.h>
#include <kernel/lib/string.h>
#include <kernel/sched/sched.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>

#define TOP "/.vfs_test"

/* A tmpfs of its own for each case; everything in it goes with the mount. */
static bool begin(struct ktest_run *run)
{
	struct path where;
	int err = name_create(AT_FDCWD, TOP, S_IFDIR | 0755, 0);

	if (!err)
		err = path_lookup(AT_FDCWD, TOP, LOOKUP_DIRECTORY, &where);
	KCHECK_EQ(err, 0);
	if (err)
		return false;
	err = mount_add(fs_type_find("tmpfs"), "test", "size=1m", 0, &where);
	path_put(&where);
	KCHECK_EQ(err, 0);
	return !err;
}

static void end(struct ktest_run *run)
{
	struct path where;
	int err = path_lookup(AT_FDCWD, TOP, LOOKUP_DIRECTORY, &where);

	KCHECK_EQ(err, 0);
	if (err)
		return;
	KCHECK_EQ(mount_remove(&where, 0), 0);
	path_put(&where);
	KCHECK_EQ(name_unlink(AT_FDCWD, TOP, true), 0);
}

static int make(const char *path, u32 mode)
{
	return name_create(AT_FDCWD, path, mode, 0);
}

static bool exists(const char *path)
{
	struct path found;

	if (path_lookup(AT_FDCWD, path, 0, &found))
		return false;
	path_put(&found);
	return true;
}

KTEST(vfs, cache_keeps_its_limit)
{
	struct dentry_stats stats;
	u32 few, limit;
	char name[64];

	if (!begin(run))
		return;
	dentry_stats(&stats);
	/* What is cached from before may stay: the leak check counts it. */
	limit = stats.limit;
	few = stats.cached + 64;
	dentry_cache_set_limit(few);
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), TOP "/absent%d", i);
		KCHECK(!exists(name));
	}
	KCHECK_EQ(make(TOP "/absent3", S_IFREG | 0644), 0); /* was negative */
	KCHECK(exists(TOP "/absent3"));
	dentry_stats(&stats);
	KCHECK(stats.cached <= few);
	dentry_cache_set_limit(limit);
	end(run);
}

/* An overlay in TOP with files f0, f1, ... below. */
static void begin_overlay(struct ktest_run *run, int files)
{
	static const char *const dirs[] = { TOP "/l", TOP "/u", TOP "/w", TOP "/m" };
	struct path where;
	char name[64];

	for (u32 i = 0; i < ARRAY_SIZE(dirs); i++)
		KCHECK_EQ(make(dirs[i], S_IFDIR | 0755), 0);
	for (int i = 0; i < files; i++) {
		snprintf(name, sizeof(name), TOP "/l/f%d", i);
		KCHECK_EQ(make(name, S_IFREG | 0644), 0);
	}
	KREQUIRE(!path_lookup(AT_FDCWD, TOP "/m", LOOKUP_DIRECTORY, &where));
	KCHECK_EQ(mount_add(fs_type_find("overlay"), "test",
			    "lowerdir=" TOP "/l,upperdir=" TOP "/u,workdir=" TOP "/w", 0, &where),
		  0);
	path_put(&where);
}

static void end_overlay(struct ktest_run *run)
{
	struct path where;

	KREQUIRE(!path_lookup(AT_FDCWD, TOP "/m", LOOKUP_DIRECTORY, &where));
	KCHECK_EQ(mount_remove(&where, 0), 0);
	path_put(&where);
}

KTEST(vfs, inode_cache_keeps_its_limit)
{
	struct inode_cache_stats before, after;
	struct path held, again;
	char name[64];
	u32 few, limit;

	if (!begin(run))
		return;
	begin_overlay(run, 300);
	inode_cache_stats(&before);
	limit = before.limit;
	few = before.cached + 32;
	inode_cache_set_limit(few);
	KREQUIRE(!path_lookup(AT_FDCWD, TOP "/m/f7", 0, &held));
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), TOP "/m/f%d", i);
		KCHECK(exists(name));
		dentry_cache_shrink(0); /* what has a cached name is in use */
	}
	inode_cache_stats(&after);
	KCHECK(after.cached <= few);
	KCHECK(after.misses >= before.misses + 299);
	KCHECK(after.evictions > before.evictions);
	/* Whoever uses it keeps it the same, and found. */
	KREQUIRE(!path_lookup(AT_FDCWD, TOP "/m/f7", 0, &again));
	KCHECK(path_inode(&held) == path_inode(&again));
	path_put(&again);
	path_put(&held);
	dentry_cache_shrink(0);
	before = after;
	KCHECK(exists(TOP "/m/f299")); /* the youngest is there still */
	inode_cache_stats(&after);
	KCHECK_EQ(after.misses, before.misses);
	KCHECK(after.hits > before.hits);
	inode_cache_set_limit(limit);
	end_overlay(run);
	end(run);
}

KTEST(vfs, names_that_share_a_hash_prefix)
{
	char name[300];

	if (!begin(run))
		return;
	/* Lengths around the words that hashing and comparing read. */
	for (u32 len = 1; len <= NAME_MAX; len += len < 50 ? 1 : 41) {
		memcpy(name, TOP "/", sizeof(TOP));
		memset(name + sizeof(TOP), 'x', len);
		name[sizeof(TOP) + len] = 0;
		KCHECK(!exists(name));
		KCHECK_EQ(make(name, S_IFREG | 0644), 0);
		KCHECK(exists(name));
		name[sizeof(TOP) + len - 1] = 'y';
		KCHECK(!exists(name));
	}
	memset(name + sizeof(TOP), 'x', NAME_MAX + 1);
	name[sizeof(TOP) + NAME_MAX + 1] = 0;
	KCHECK_EQ(make(name, S_IFREG | 0644), -ENAMETOOLONG);
	end(run);
}

#define DEEP 400

KTEST(vfs, deep_tree_is_freed_flat)
{
	char *path = kzalloc(sizeof(TOP) + 2 * DEEP + 16, 0);
	size_t len = sizeof(TOP) - 1;

	KREQUIRE(path);
	if (!begin(run))
		goto out;
	memcpy(path, TOP, sizeof(TOP));
	for (int i = 0; i < DEEP; i++) {
		memcpy(path + len, "/d", 3);
		len += 2;
		KCHECK_EQ(make(path, S_IFDIR | 0755), 0);
	}
	/* Unmounting drops the names and the folders below one another. */
	end(run);
out:
	kfree(path);
}

KTEST(vfs, mount_in_use_is_busy)
{
	struct file *file;
	struct path where;

	if (!begin(run))
		return;
	KCHECK_EQ(fs_open(AT_FDCWD, TOP "/f", O_RDWR | O_CREAT, 0600, &file), 0);
	KCHECK_EQ(path_lookup(AT_FDCWD, TOP, 0, &where), 0);
	KCHECK_EQ(mount_remove(&where, 0), -EBUSY);
	path_put(&where);
	KCHECK_EQ(path_lookup(AT_FDCWD, TOP "/f/..", 0, &where), -ENOTDIR);
	KCHECK_EQ(path_lookup(AT_FDCWD, TOP "/..", 0, &where), 0);
	KCHECK(where.mount != file->mount);
	path_put(&where);
	file_put(file);
	end(run);
}

/* More names in use than the limit: an insertion gives up looking, and nothing is lost. */
KTEST(vfs, cache_full_of_names_in_use)
{
	struct dentry_stats before, after;
	struct path *held = kcalloc(300, sizeof(*held), MEM_ZERO);
	char name[64];

	KREQUIRE(held);
	if (!begin(run))
		goto out;
	dentry_stats(&before);
	dentry_cache_set_limit(64);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), TOP "/held%d", i);
		KCHECK_EQ(make(name, S_IFREG | 0644), 0);
		KCHECK_EQ(path_lookup(AT_FDCWD, name, 0, &held[i]), 0);
	}
	dentry_stats(&after);
	KCHECK(after.cached >= 300); /* what is held stays */
	for (int i = 0; i < 300; i++)
		path_put(&held[i]);
	/* Each insertion takes out more than one, so soon the limit holds again. */
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), TOP "/absent%d", i);
		KCHECK(!exists(name));
	}
	dentry_stats(&after);
	KCHECK(after.cached <= 64 + 16);
	KCHECK(after.evictions > before.evictions);
	dentry_cache_set_limit(before.limit);
	end(run);
out:
	kfree(held);
}

/* ---- look-ups without a lock ---- */

#define FINDERS 3

static u32 finders_left;  /* [a] */
static u32 found_wrong;   /* [a] */

/* "stable" is always there, "moving" under one of two names, "absent" never. */
static void finder(void *arg)
{
	u32 n = (u32)(uintptr_t)arg;
	char name[64];

	for (u32 i = 0; i < 1500; i++) {
		if (!exists(TOP "/stable") || !exists(TOP "/d/stable") || exists(TOP "/absent"))
			atomic_add_relaxed(&found_wrong, 1);
		if (!exists(TOP "/d/e/stable"))
			atomic_add_relaxed(&found_wrong, 1);
		(void)exists(TOP "/folder0/e/f");
		(void)exists(TOP "/d/folder1/e/f");
		(void)exists(TOP "/short/lived/f");
		(void)exists(TOP "/moving0");
		(void)exists(TOP "/d/moving1");
		snprintf(name, sizeof(name), TOP "/d/none%u", n + i % 200);
		(void)exists(name); /* pushes others out */
		sched_point();
	}
	(void)atomic_fetch_sub(&finders_left, 1);
}

/* A folder with a file below it comes and goes, another is moved with all below it. */
static void move_folders(struct ktest_run *run)
{
	KCHECK_EQ(make(TOP "/short", S_IFDIR | 0755), 0);
	KCHECK_EQ(make(TOP "/short/lived", S_IFDIR | 0755), 0);
	KCHECK_EQ(make(TOP "/short/lived/f", S_IFREG | 0644), 0);
	KCHECK_EQ(name_rename(AT_FDCWD, TOP "/folder0", AT_FDCWD, TOP "/d/folder1", 0), 0);
	KCHECK_EQ(name_unlink(AT_FDCWD, TOP "/short/lived/f", false), 0);
	KCHECK_EQ(name_unlink(AT_FDCWD, TOP "/short/lived", true), 0);
	KCHECK_EQ(name_unlink(AT_FDCWD, TOP "/short", true), 0);
	KCHECK(!exists(TOP "/short/lived/f"));
	KCHECK(!exists(TOP "/folder0/e/f"));
	KCHECK(exists(TOP "/d/folder1/e/f"));
	KCHECK_EQ(name_rename(AT_FDCWD, TOP "/d/folder1", AT_FDCWD, TOP "/folder0", 0), 0);
}

KTEST(vfs, lookups_while_names_move_and_go)
{
	struct dentry_stats stats;
	u32 moves = 0;

	if (!begin(run))
		return;
	dentry_stats(&stats);
	dentry_cache_set_limit(48);
	KCHECK_EQ(make(TOP "/d", S_IFDIR | 0755), 0);
	KCHECK_EQ(make(TOP "/stable", S_IFREG | 0644), 0);
	KCHECK_EQ(make(TOP "/d/stable", S_IFREG | 0644), 0);
	KCHECK_EQ(make(TOP "/d/e", S_IFDIR | 0755), 0);
	KCHECK_EQ(make(TOP "/d/e/stable", S_IFREG | 0644), 0);
	KCHECK_EQ(make(TOP "/folder0", S_IFDIR | 0755), 0);
	KCHECK_EQ(make(TOP "/folder0/e", S_IFDIR | 0755), 0);
	KCHECK_EQ(make(TOP "/folder0/e/f", S_IFREG | 0644), 0);
	KCHECK_EQ(make(TOP "/moving0", S_IFREG | 0644), 0);
	found_wrong = 0;
	finders_left = FINDERS;
	for (u64 i = 0; i < FINDERS; i++)
		if (!thread_create_kernel("finder", finder, (void *)(uintptr_t)(i * 1000)))
			(void)atomic_fetch_sub(&finders_left, 1);
	while (atomic_load_acquire(&finders_left)) {
		KCHECK_EQ(name_rename(AT_FDCWD, TOP "/moving0", AT_FDCWD, TOP "/d/moving1", 0), 0);
		KCHECK_EQ(name_rename(AT_FDCWD, TOP "/d/moving1", AT_FDCWD, TOP "/moving0", 0), 0);
		KCHECK_EQ(make(TOP "/shortlived", S_IFREG | 0644), 0);
		KCHECK_EQ(name_unlink(AT_FDCWD, TOP "/shortlived", false), 0);
		move_folders(run);
		moves++;
		sched_yield_current();
	}
	KCHECK(moves > 0);
	KCHECK_EQ(found_wrong, 0);
	dentry_cache_set_limit(stats.limit);
	end(run);
}

/* ---- renames of folders on several CPUs ---- */

#define RENAMERS 3
#define RENAMES  400

static u32 renamers_left; /* [a] */

/* Folders a, b, c are moved into one another in all directions; most moves must
 * fail, since they would cut a circle off the tree. */
static void renamer(void *arg)
{
	u64 seed = (u64)(uintptr_t)arg;
	char from[64], to[64];

	for (int i = 0; i < RENAMES; i++) {
		static const char *const places[] = {
			"/a", "/b", "/c", "/a/b", "/a/c", "/b/a", "/b/c", "/c/a", "/c/b",
			"/a/b/c", "/a/c/b", "/b/a/c", "/b/c/a", "/c/a/b", "/c/b/a",
		};

		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		snprintf(from, sizeof(from), TOP "%s", places[(seed >> 33) % ARRAY_SIZE(places)]);
		snprintf(to, sizeof(to), TOP "%s", places[(seed >> 45) % ARRAY_SIZE(places)]);
		if (name_rename(AT_FDCWD, from, AT_FDCWD, to, 0))
			(void)exists(to);
		sched_point();
	}
	(void)atomic_fetch_sub(&renamers_left, 1);
}

/* Counts the folders a, b, c that are reachable, wherever they are. */
static u32 count_reachable(const char *below, u32 depth)
{
	char path[64];
	u32 n = 0;

	for (char c = 'a'; depth && c <= 'c'; c++) {
		snprintf(path, sizeof(path), "%s/%c", below, c);
		if (exists(path))
			n += 1 + count_reachable(path, depth - 1);
	}
	return n;
}

KTEST(vfs, renames_keep_the_tree)
{
	u32 before, after;

	if (!begin(run))
		return;
	KCHECK_EQ(make(TOP "/a", S_IFDIR | 0755), 0);
	KCHECK_EQ(make(TOP "/b", S_IFDIR | 0755), 0);
	KCHECK_EQ(make(TOP "/c", S_IFDIR | 0755), 0);
	before = count_reachable(TOP, 3);
	renamers_left = RENAMERS;
	for (u64 i = 1; i <= RENAMERS; i++) {
		void *seed = (void *)(uintptr_t)(i * 7919 + (ktest_random() & 0xffff));

		if (!thread_create_kernel("renamer", renamer, seed))
			(void)atomic_fetch_sub(&renamers_left, 1);
	}
	while (atomic_load_acquire(&renamers_left))
		sched_yield_current();
	/* A rename over an empty folder removes it, so fewer may be left, never more. */
	after = count_reachable(TOP, 3);
	KCHECK_EQ(before, 3);
	KCHECK(after >= 1 && after <= 3);
	end(run);
}
