/* SPDX-License-Identifier: MIT */
/*
 * xattr_test.c - extended attributes as a tmpfs keeps them: classes of names, who may, sizes, lists, room.
 * The cases work in /dev/shm, which is a tmpfs on Linux too; those of root drop to an ordinary user on the way.
 * Sources: man xattr(7), setxattr(2), getxattr(2), listxattr(2), removexattr(2); tmpfs(5) (nr_inodes).
 */
#include "ktap.h"

#include <sched.h>
#include <sys/mount.h>

enum { CREATE = 1, REPLACE = 2, NAME_MAX_ = 255, SIZE_MAX_ = 65536, LIST_MAX = 65536 };

static char big[SIZE_MAX_ + 1], list[LIST_MAX + 1];

/* Before main: the parent removes the folders where it believes they are. */
__attribute__((constructor)) static void use_tmpfs(void)
{
	setenv("TMPDIR", "/dev/shm", 1);
}

static long set(const char *path, const char *name, const char *value)
{
	return sys(SYS_setxattr, path, name, value, strlen(value), 0);
}

static long get(const char *path, const char *name)
{
	return sys(SYS_getxattr, path, name, big, sizeof(big));
}

/* Is @name in the list of @path? */
static bool listed(const char *path, const char *name)
{
	long len = sys(SYS_llistxattr, path, list, sizeof(list)), at;

	for (at = 0; at < len; at += (long)strlen(list + at) + 1)
		if (!strcmp(list + at, name))
			return true;
	return false;
}

static int must_open(const char *path, int flags)
{
	int fd = (int)sys(SYS_openat, AT_FDCWD, path, flags, 0644);

	REQUIRE(fd >= 0);
	return fd;
}

static bool own_mounts(void)
{
	if (!is_root())
		return false;
	return on_exo() ||
	       (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
}

/* A kernel whose /dev/shm keeps none (Linux before 6.6 without CONFIG_TMPFS_XATTR) has nothing to say here. */
static void begin(void)
{
	scratch();
	REQUIRE(put_file("f", "", 0, 0600));
	if (set("f", "user.probe", "") == -EOPNOTSUPP && !on_exo())
		SKIP("this tmpfs keeps no attributes");
	CHECK_EQ(sys(SYS_removexattr, "f", "user.probe"), 0);
}

CASE(xattr_set_get_remove)
{
	char buf[8];
	int fd;

	begin();
	fd = must_open("f", O_RDONLY);
	CHECK_EQ(set("f", "user.a", "one"), 0);
	CHECK_EQ(get("f", "user.a"), 3);
	CHECK(!memcmp(big, "one", 3));
	CHECK_EQ(sys(SYS_getxattr, "f", "user.a", NULL, 0), 3);	/* how much room is needed */
	CHECK_EQ(sys(SYS_getxattr, "f", "user.a", buf, 2), -ERANGE);
	CHECK_EQ(sys(SYS_getxattr, "f", "user.a", NULL, 5), -EFAULT);
	CHECK_EQ(sys(SYS_fsetxattr, fd, "user.a", "longer", 6, 0), 0);	/* read-only descriptors do */
	CHECK_EQ(sys(SYS_fgetxattr, fd, "user.a", buf, 8), 6);
	CHECK_EQ(set("f", "user.empty", ""), 0);
	CHECK_EQ(get("f", "user.empty"), 0);
	CHECK(listed("f", "user.empty"));
	CHECK_EQ(sys(SYS_setxattr, "f", "user.a", NULL, 3, 0), -EFAULT);
	CHECK_EQ(get("f", "user.a"), 6);
	CHECK_EQ(sys(SYS_fremovexattr, fd, "user.a"), 0);
	CHECK_EQ(get("f", "user.a"), -ENODATA);
	CHECK_EQ(sys(SYS_removexattr, "f", "user.a"), -ENODATA);
	CHECK_EQ(sys(SYS_fsetxattr, must_open("f", O_PATH), "user.a", "x", 1, 0), -EBADF);
	CHECK_EQ(sys(SYS_fgetxattr, must_open("f", O_PATH), "user.a", buf, 1), -EBADF);
}

CASE(xattr_create_and_replace)
{
	begin();
	CHECK_EQ(sys(SYS_setxattr, "f", "user.a", "1", 1, REPLACE), -ENODATA);
	CHECK_EQ(sys(SYS_setxattr, "f", "user.a", "1", 1, CREATE | REPLACE), -ENODATA);
	CHECK_EQ(sys(SYS_setxattr, "f", "user.a", "1", 1, CREATE), 0);
	CHECK_EQ(sys(SYS_setxattr, "f", "user.a", "2", 1, CREATE), -EEXIST);
	CHECK_EQ(sys(SYS_setxattr, "f", "user.a", "2", 1, CREATE | REPLACE), -EEXIST);
	CHECK_EQ(sys(SYS_setxattr, "f", "user.a", "2", 1, REPLACE), 0);
	CHECK_EQ(sys(SYS_setxattr, "f", "user.a", "2", 1, 4), -EINVAL);
}

CASE(xattr_names)
{
	char name[NAME_MAX_ + 2] = "user.";

	begin();
	CHECK_EQ(set("f", "user.", "1"), -EINVAL);	/* a class, no name */
	CHECK_EQ(set("f", "", "1"), -ERANGE);
	CHECK_EQ(set("f", "nonsense", "1"), -EOPNOTSUPP);
	CHECK_EQ(set("f", "foo.a", "1"), -EOPNOTSUPP);
	CHECK_EQ(get("f", "foo.a"), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_removexattr, "f", "foo.a"), -EOPNOTSUPP);
	CHECK_EQ(set("f", "system.a", "1"), -EOPNOTSUPP);
	memset(name + 5, 'n', NAME_MAX_ - 5);
	CHECK_EQ(set("f", name, "1"), 0);
	CHECK(listed("f", name));
	name[NAME_MAX_] = 'n';
	CHECK_EQ(set("f", name, "1"), -ERANGE);
	CHECK_EQ(set("f", "user.with spaces\xc3\xa9", "1"), 0);
	CHECK(listed("f", "user.with spaces\xc3\xa9"));
}

CASE(xattr_values_up_to_64k)
{
	long i;

	begin();
	for (i = 0; i < SIZE_MAX_; i++)
		big[i] = (char)(i * 7);
	CHECK_EQ(sys(SYS_setxattr, "f", "user.a", big, SIZE_MAX_, 0), 0);
	CHECK_EQ(sys(SYS_setxattr, "f", "user.a", big, SIZE_MAX_ + 1, 0), -E2BIG);
	memset(big, 0, sizeof(big));
	CHECK_EQ(get("f", "user.a"), SIZE_MAX_);
	for (i = 0; i < SIZE_MAX_ && big[i] == (char)(i * 7); i++)
		;
	CHECK_EQ(i, SIZE_MAX_);
}

CASE(xattr_list_sizes)
{
	char name[300];
	long i;

	begin();
	REQUIRE_EQ(set("f", "user.a", "1"), 0);
	REQUIRE_EQ(set("f", "user.bc", "1"), 0);
	CHECK_EQ(sys(SYS_listxattr, "f", NULL, 0), 15);
	CHECK_EQ(sys(SYS_listxattr, "f", list, 14), -ERANGE);
	CHECK_EQ(sys(SYS_listxattr, "f", list, 15), 15);
	CHECK(listed("f", "user.a") && listed("f", "user.bc") && !listed("f", "user.b"));
	CHECK_EQ(sys(SYS_listxattr, "f", NULL, 15), -EFAULT);
	CHECK_EQ(sys(SYS_flistxattr, must_open("f", O_RDONLY), list, 20), 15);
	CHECK_EQ(sys(SYS_flistxattr, must_open("f", O_PATH), list, 20), -EBADF);
	/* More names than any list may hold. */
	for (i = 0; i < 260; i++) {
		snprintf(name, sizeof(name), "user.%0249ld", i);
		REQUIRE_EQ(set("f", name, "1"), 0);
	}
	CHECK_EQ(sys(SYS_listxattr, "f", list, sizeof(list)), -E2BIG);
	CHECK_EQ(sys(SYS_removexattr, "f", name), 0);
	CHECK_EQ(get("f", "user.bc"), 1);
}

CASE(xattr_kinds_of_files)
{
	begin();
	REQUIRE_EQ(mkdir("d", 0700), 0);
	REQUIRE_EQ(mkfifo("p", 0600), 0);
	REQUIRE_EQ(symlink("f", "l"), 0);
	REQUIRE_EQ(symlink("none", "dangling"), 0);
	CHECK_EQ(set("d", "user.a", "1"), 0);
	CHECK_EQ(get("d", "user.a"), 1);
	CHECK_EQ(set("p", "user.a", "1"), -EPERM);
	CHECK_EQ(get("p", "user.a"), -ENODATA);
	CHECK_EQ(sys(SYS_removexattr, "p", "user.a"), -EPERM);
	CHECK_EQ(set("l", "user.a", "link"), 0);	/* the file it leads to */
	CHECK_EQ(get("f", "user.a"), 4);
	CHECK_EQ(sys(SYS_lsetxattr, "l", "user.a", "1", 1, 0), -EPERM);
	CHECK_EQ(sys(SYS_lgetxattr, "l", "user.a", big, 1), -ENODATA);
	CHECK_EQ(sys(SYS_llistxattr, "l", list, sizeof(list)), 0);
	CHECK_EQ(set("dangling", "user.a", "1"), -ENOENT);
	CHECK_EQ(set("/proc/self/status", "user.a", "1"), is_root() ? -EOPNOTSUPP : -EACCES);
	CHECK_EQ(get("/proc/self/status", "user.a"), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_listxattr, "/proc/self/status", list, sizeof(list)), 0);
	if (is_root()) {
		CHECK_EQ(sys(SYS_lsetxattr, "l", "trusted.a", "1", 1, 0), 0);
		CHECK(listed("l", "trusted.a"));
		CHECK_EQ(sys(SYS_lgetxattr, "l", "trusted.a", big, 1), 1);
		CHECK_EQ(sys(SYS_lremovexattr, "l", "trusted.a"), 0);
		CHECK(!listed("l", "trusted.a"));
		CHECK_EQ(set("p", "trusted.a", "1"), 0);
		CHECK_EQ(get("p", "trusted.a"), 1);
	}
}

CASE(xattr_change_of_times)
{
	struct stat a, b;

	begin();
	REQUIRE_EQ(sys(SYS_stat, "f", &a), 0);
	sleep_ms(20);
	REQUIRE_EQ(set("f", "user.a", "1"), 0);
	REQUIRE_EQ(sys(SYS_stat, "f", &b), 0);
	CHECK(b.st_ctim.tv_sec > a.st_ctim.tv_sec || b.st_ctim.tv_nsec > a.st_ctim.tv_nsec);
	CHECK_EQ(b.st_mtim.tv_nsec, a.st_mtim.tv_nsec);
	CHECK_EQ(b.st_size, a.st_size);
}

/* They belong to the file, not to its name. */
CASE(xattr_stays_with_the_file)
{
	begin();
	REQUIRE_EQ(set("f", "user.a", "1"), 0);
	REQUIRE_EQ(sys(SYS_link, "f", "g"), 0);
	REQUIRE_EQ(sys(SYS_rename, "f", "h"), 0);
	CHECK_EQ(get("g", "user.a"), 1);
	CHECK_EQ(get("h", "user.a"), 1);
	REQUIRE_EQ(sys(SYS_truncate, "h", 0), 0);
	CHECK_EQ(get("g", "user.a"), 1);
}

CASE(xattr_who_may)
{
	begin();
	if (!is_root())
		SKIP("needs root");
	REQUIRE(put_file("r", "", 0, 0644));
	REQUIRE(put_file("w", "", 0, 0666));
	REQUIRE_EQ(mkdir("sticky", 0700), 0);
	REQUIRE_EQ(chmod("sticky", 01777), 0);
	REQUIRE_EQ(set("f", "user.a", "1"), 0);
	REQUIRE_EQ(set("r", "user.a", "1"), 0);
	REQUIRE_EQ(set("r", "trusted.a", "1"), 0);
	REQUIRE_EQ(set("r", "security.a", "1"), 0);
	CHECK_EQ(set("r", "trusted.", "1"), -EINVAL);
	CHECK(listed("r", "trusted.a") && listed("r", "security.a"));
	REQUIRE(drop_root());
	CHECK_EQ(get("r", "user.a"), 1);
	CHECK_EQ(set("r", "user.a", "2"), -EACCES);
	CHECK_EQ(sys(SYS_removexattr, "r", "user.a"), -EACCES);
	CHECK_EQ(set("w", "user.a", "2"), 0);
	CHECK_EQ(get("f", "user.a"), -EACCES);	/* not even whether it is there */
	CHECK_EQ(get("f", "user.none"), -EACCES);
	CHECK(listed("f", "user.a"));		/* but names are told */
	CHECK_EQ(get("r", "trusted.a"), -ENODATA);
	CHECK_EQ(set("r", "trusted.a", "1"), -EPERM);
	CHECK_EQ(sys(SYS_removexattr, "r", "trusted.a"), -EPERM);
	CHECK(!listed("r", "trusted.a") && listed("r", "security.a"));
	CHECK_EQ(get("r", "security.a"), 1);
	CHECK_EQ(set("w", "security.a", "1"), -EPERM);
	CHECK_EQ(sys(SYS_removexattr, "w", "security.a"), -EPERM);
	CHECK_EQ(set("sticky", "user.a", "1"), -EPERM);
	CHECK_EQ(get("sticky", "user.a"), -ENODATA);
	CHECK_EQ(set("r", "foo.a", "1"), -EACCES);
	CHECK_EQ(set("w", "foo.a", "1"), -EOPNOTSUPP);
}

/* File capabilities are looked at for their form, whoever sets them. */
CASE(xattr_capability_form)
{
	static const unsigned char v2[20] = { 1, 0, 0, 2 };

	begin();
	CHECK_EQ(set("f", "security.capability", "1"), -EINVAL);
	if (is_root()) {
		CHECK_EQ(sys(SYS_setxattr, "f", "security.capability", v2, sizeof(v2), 0), 0);
		CHECK(listed("f", "security.capability"));
	}
}

CASE(xattr_room_is_bounded)
{
	char name[32];
	long i, ret = 0;

	begin();
	REQUIRE_EQ(mkdir("m", 0700), 0);
	if (!own_mounts())
		SKIP("needs root that may mount");
	REQUIRE_EQ(sys(SYS_mount, "none", "m", "tmpfs", 0, "size=1m,nr_inodes=8"), 0);
	REQUIRE(put_file("m/f", "", 0, 0600));
	if (set("m/f", "user.a", "1") == -EOPNOTSUPP && !on_exo())
		SKIP("this tmpfs keeps no attributes");
	for (i = 0; i < 1000 && !ret; i++) {
		snprintf(name, sizeof(name), "user.%ld", i);
		ret = set("m/f", name, "");
	}
	CHECK_EQ(ret, -ENOSPC);	/* 6 KiB were left */
	CHECK(i > 20);
	CHECK_EQ(sys(SYS_mkdir, "m/d", 0700), -ENOSPC);	/* inodes come out of the same */
	for (i -= 2; i >= 0; i--) {
		snprintf(name, sizeof(name), "user.%ld", i);
		CHECK_EQ(sys(SYS_removexattr, "m/f", name), 0);
	}
	CHECK_EQ(sys(SYS_mkdir, "m/d", 0700), 0);
	CHECK_EQ(sys(SYS_unlink, "m/f"), 0);
	CHECK_EQ(sys(SYS_umount2, "m", 0), 0);
}

CASE(xattr_ramfs_and_read_only)
{
	begin();
	REQUIRE_EQ(mkdir("m", 0700), 0);
	if (!own_mounts())
		SKIP("needs root that may mount");
	REQUIRE_EQ(sys(SYS_mount, "none", "m", "ramfs", 0, NULL), 0);
	REQUIRE(put_file("m/f", "", 0, 0600));
	CHECK_EQ(set("m/f", "user.a", "1"), -EOPNOTSUPP);
	CHECK_EQ(get("m/f", "user.a"), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_listxattr, "m/f", list, sizeof(list)), 0);
	CHECK_EQ(sys(SYS_umount2, "m", 0), 0);
	REQUIRE_EQ(sys(SYS_mount, "none", "m", "tmpfs", 0, NULL), 0);
	REQUIRE(put_file("m/f", "", 0, 0600));
	CHECK_EQ(set("m/f", "user.a", "1"), 0);
	CHECK_EQ(sys(SYS_mount, "none", "m", "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
	CHECK_EQ(set("m/f", "user.a", "2"), -EROFS);
	CHECK_EQ(sys(SYS_removexattr, "m/f", "user.a"), -EROFS);
	CHECK_EQ(get("m/f", "user.a"), 1);
	CHECK_EQ(sys(SYS_umount2, "m", 0), 0);
}
