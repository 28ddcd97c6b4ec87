/* SPDX-License-Identifier: MIT */
/*
 * attr_test.c - what a file says of itself and who may change it: mode and owner by descriptor, statx, extended
 * attributes, special files by mknodat. Also close_range, which works on the table of descriptors alone.
 * Sources: man fchmod(2), fchown(2), statx(2), inode(7), xattr(7), setxattr(2), listxattr(2), mknod(2),
 * close_range(2).
 */
#include "ktap.h"

#include <sys/sysmacros.h>

enum { ROOT = 0, NOBODY = 65534, KEEP = -1 };

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
enum { RANGE_UNSHARE = 2, RANGE_CLOEXEC = 4 };

/* statx(2), by the kernel's layout: musl 1.2.3 has none. */
struct statx_time {
	int64_t tv_sec;
	uint32_t tv_nsec;
	int32_t pad;
};
struct statx_raw {
	uint32_t stx_mask, stx_blksize;
	uint64_t stx_attributes;
	uint32_t stx_nlink, stx_uid, stx_gid;
	uint16_t stx_mode, pad;
	uint64_t stx_ino, stx_size, stx_blocks, stx_attributes_mask;
	struct statx_time stx_atime, stx_btime, stx_ctime, stx_mtime;
	uint32_t stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
	uint64_t spare[14];
};
_Static_assert(sizeof(struct statx_raw) == 256, "as the kernel writes it");
enum { BASIC_STATS = 0x7ff, ALL_STATS = 0xfff, SIZE_ONLY = 0x200, TYPE_ONLY = 1, FORCE_SYNC = 0x2000,
       DONT_SYNC = 0x4000 };
#ifndef SYS_statx
#define SYS_statx 332
#endif

static int must_open(const char *path, int flags)
{
	int fd = (int)sys(SYS_openat, AT_FDCWD, path, flags, 0644);

	REQUIRE(fd >= 0);
	return fd;
}

static mode_t mode_of(const char *path)
{
	struct stat st = { 0 };

	CHECK_EQ(sys(SYS_lstat, path, &st), 0);
	return st.st_mode;
}

/* ---- mode and owner ------------------------------------------------------------------------------------------- */

CASE(fchmod_forms)
{
	int fd, p[2];

	scratch();
	fd = must_open("f", O_RDONLY | O_CREAT);
	CHECK_EQ(sys(SYS_fchmod, fd, 04751), 0);	/* a descriptor for reading does */
	CHECK_EQ(mode_of("f"), S_IFREG | 04751);
	CHECK_EQ(sys(SYS_fchmod, fd, 0100600 | 0640), 0);	/* the type is not changed by it */
	CHECK_EQ(mode_of("f"), S_IFREG | 0640);
	CHECK_EQ(sys(SYS_fchmod, must_open(".", O_RDONLY), 01777), 0);
	CHECK_EQ(mode_of("."), S_IFDIR | 01777);
	REQUIRE_EQ(pipe(p), 0);
	CHECK_EQ(sys(SYS_fchmod, p[0], 0600), 0);
	CHECK_EQ(sys(SYS_fchmod, 999, 0600), -EBADF);
	CHECK_EQ(sys(SYS_fchmod, must_open("f", O_PATH), 0600), -EBADF);
	if (!is_root() || drop_root()) {
		CHECK_EQ(sys(SYS_fchmod, must_open("/", O_RDONLY), 0700), -EPERM);
	}
}

CASE(fchown_forms)
{
	struct stat st;
	int fd;

	scratch();
	fd = must_open("f", O_RDWR | O_CREAT);
	CHECK_EQ(sys(SYS_fchown, fd, KEEP, KEEP), 0);
	CHECK_EQ(sys(SYS_fchown, fd, geteuid(), getegid()), 0);
	CHECK_EQ(sys(SYS_fchown, 999, KEEP, KEEP), -EBADF);
	CHECK_EQ(sys(SYS_fchown, must_open("f", O_PATH), KEEP, KEEP), -EBADF);
	if (!is_root()) {
		CHECK_EQ(sys(SYS_fchown, fd, ROOT, KEEP), -EPERM);
		CHECK_EQ(sys(SYS_fchown, fd, KEEP, ROOT), -EPERM);
		return;
	}
	CHECK_EQ(sys(SYS_fchmod, fd, 06755), 0);
	CHECK_EQ(sys(SYS_fchown, fd, 1234, 5678), 0);
	CHECK_EQ(sys(SYS_fstat, fd, &st), 0);
	CHECK_EQ(st.st_uid, 1234);
	CHECK_EQ(st.st_gid, 5678);
	CHECK_EQ(st.st_mode, S_IFREG | 0755);	/* a new owner takes the set-id bits away */
	CHECK_EQ(sys(SYS_fchown, fd, KEEP, 99), 0);
	CHECK_EQ(sys(SYS_fstat, fd, &st), 0);
	CHECK_EQ(st.st_uid, 1234);
	CHECK_EQ(st.st_gid, 99);
	REQUIRE(drop_root());
	CHECK_EQ(sys(SYS_fchown, fd, NOBODY, KEEP), -EPERM);
	CHECK_EQ(sys(SYS_fchmod, fd, 0777), -EPERM);
}

/* ---- statx ---------------------------------------------------------------------------------------------------- */

CASE(statx_agrees_with_stat)
{
	struct statx_raw x;
	struct stat st;
	int fd;

	scratch();
	REQUIRE(put_file("f", "12345", 5, 0640));
	REQUIRE_EQ(symlink("f", "l"), 0);
	CHECK_EQ(sys(SYS_stat, "f", &st), 0);
	memset(&x, 0xff, sizeof(x));
	CHECK_EQ(sys(SYS_statx, AT_FDCWD, "l", 0, BASIC_STATS, &x), 0);
	CHECK_EQ(x.stx_mask & BASIC_STATS, BASIC_STATS);
	CHECK_EQ(x.stx_mode, st.st_mode);
	CHECK_EQ(x.stx_ino, st.st_ino);
	CHECK_EQ(x.stx_nlink, 1);
	CHECK_EQ(x.stx_uid, st.st_uid);
	CHECK_EQ(x.stx_gid, st.st_gid);
	CHECK_EQ(x.stx_size, 5);
	CHECK_EQ(x.stx_blksize, st.st_blksize);
	CHECK_EQ(x.stx_blocks, st.st_blocks);
	CHECK_EQ(x.stx_mtime.tv_sec, st.st_mtim.tv_sec);
	CHECK_EQ(x.stx_mtime.tv_nsec, st.st_mtim.tv_nsec);
	CHECK_EQ(x.stx_ctime.tv_sec, st.st_ctim.tv_sec);
	CHECK_EQ(makedev(x.stx_dev_major, x.stx_dev_minor), st.st_dev);
	CHECK_EQ(sys(SYS_statx, AT_FDCWD, "l", AT_SYMLINK_NOFOLLOW, TYPE_ONLY, &x), 0);
	CHECK(S_ISLNK(x.stx_mode));
	fd = must_open("f", O_RDONLY);
	CHECK_EQ(sys(SYS_statx, fd, "", AT_EMPTY_PATH, SIZE_ONLY, &x), 0);
	CHECK_EQ(x.stx_size, 5);
	CHECK_EQ(sys(SYS_statx, must_open("f", O_PATH), "", AT_EMPTY_PATH, SIZE_ONLY, &x), 0);
	CHECK_EQ(sys(SYS_statx, AT_FDCWD, "/dev/null", 0, BASIC_STATS, &x), 0);
	CHECK_EQ(x.stx_rdev_major, 1);
	CHECK_EQ(x.stx_rdev_minor, 3);
}

CASE(statx_errors)
{
	struct statx_raw x;

	scratch();
	REQUIRE(put_file("f", "", 0, 0600));
	CHECK_EQ(sys(SYS_statx, AT_FDCWD, "none", 0, ALL_STATS, &x), -ENOENT);
	CHECK_EQ(sys(SYS_statx, AT_FDCWD, "", 0, ALL_STATS, &x), -ENOENT);
	CHECK_EQ(sys(SYS_statx, AT_FDCWD, "f/x", 0, ALL_STATS, &x), -ENOTDIR);
	CHECK_EQ(sys(SYS_statx, 999, "f", 0, ALL_STATS, &x), -EBADF);
	CHECK_EQ(sys(SYS_statx, 999, "", AT_EMPTY_PATH, ALL_STATS, &x), -EBADF);
	CHECK_EQ(sys(SYS_statx, AT_FDCWD, "f", 1 << 20, ALL_STATS, &x), -EINVAL);
	CHECK_EQ(sys(SYS_statx, AT_FDCWD, "f", FORCE_SYNC | DONT_SYNC, 0, &x), -EINVAL);
	CHECK_EQ(sys(SYS_statx, AT_FDCWD, "f", 0, 1u << 31, &x), -EINVAL);
	CHECK_EQ(sys(SYS_statx, AT_FDCWD, "f", 0, ALL_STATS, NULL), -EFAULT);
	CHECK_EQ(sys(SYS_statx, AT_FDCWD, "f", DONT_SYNC, 0, &x), 0);
}

/* ---- extended attributes -------------------------------------------------------------------------------------- */

/* A file system without attributes says EOPNOTSUPP to a name it does not keep; python, cp and ls rely on that. */
static void without_attributes(int fd)
{
	char buf[64];

	CHECK_EQ(sys(SYS_setxattr, "f", "user.a", "v", 1, 0), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_lsetxattr, "f", "user.a", "v", 1, 0), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_fsetxattr, fd, "user.a", "v", 1, 0), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_getxattr, "f", "user.a", buf, sizeof(buf)), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_lgetxattr, "f", "user.a", buf, sizeof(buf)), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_fgetxattr, fd, "user.a", buf, sizeof(buf)), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_removexattr, "f", "user.a"), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_lremovexattr, "f", "user.a"), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_fremovexattr, fd, "user.a"), -EOPNOTSUPP);
}

static void with_attributes(int fd)
{
	char buf[64];

	CHECK_EQ(sys(SYS_setxattr, "f", "user.a", "v", 1, 1 /* XATTR_CREATE */), -EEXIST);
	CHECK_EQ(sys(SYS_lsetxattr, "f", "user.b", "v", 1, 2 /* XATTR_REPLACE */), -ENODATA);
	CHECK_EQ(sys(SYS_fsetxattr, fd, "user.a", "val", 3, 2), 0);
	CHECK_EQ(sys(SYS_getxattr, "f", "user.a", buf, sizeof(buf)), 3);
	CHECK_EQ(sys(SYS_lgetxattr, "f", "user.a", NULL, 0), 3);
	CHECK_EQ(sys(SYS_fgetxattr, fd, "user.a", buf, 1), -ERANGE);
	CHECK_EQ(sys(SYS_removexattr, "f", "user.b"), -ENODATA);
	CHECK_EQ(sys(SYS_lremovexattr, "f", "user.a"), 0);
	CHECK_EQ(sys(SYS_fremovexattr, fd, "user.a"), -ENODATA);
}

CASE(xattr_family)
{
	static char longname[300];
	char buf[4096];
	long ret;
	int fd;

	scratch();
	REQUIRE(put_file("f", "", 0, 0600));
	fd = must_open("f", O_RDWR);
	memset(longname, 'n', sizeof(longname) - 1);
	memcpy(longname, "user.", 5);
	ret = sys(SYS_setxattr, "f", "user.a", "v", 1, 0);
	CHECK(ret == 0 || ret == -EOPNOTSUPP);
	if (ret)
		without_attributes(fd);
	else
		with_attributes(fd);
	/* Lists hold what the system itself may add; never an error. */
	CHECK(sys(SYS_listxattr, "f", buf, sizeof(buf)) >= 0);
	CHECK(sys(SYS_llistxattr, "f", buf, sizeof(buf)) >= 0);
	CHECK(sys(SYS_flistxattr, fd, buf, sizeof(buf)) >= 0);
	CHECK(sys(SYS_listxattr, "f", NULL, 0) >= 0);
	/* What is wrong whatever the file system can. */
	CHECK_EQ(sys(SYS_setxattr, "f", "user.a", "v", 1, 4), -EINVAL);
	CHECK_EQ(sys(SYS_setxattr, "f", "user.a", "v", 65537, 0), -E2BIG);
	CHECK_EQ(sys(SYS_setxattr, "f", "", "v", 1, 0), -ERANGE);
	CHECK_EQ(sys(SYS_getxattr, "f", longname, buf, 1), -ERANGE);
	CHECK_EQ(sys(SYS_removexattr, "f", longname), -ERANGE);
	CHECK_EQ(sys(SYS_getxattr, "f", NULL, buf, 1), -EFAULT);
	CHECK_EQ(sys(SYS_setxattr, "none", "user.a", "v", 1, 0), -ENOENT);
	CHECK_EQ(sys(SYS_getxattr, "none", "user.a", buf, 1), -ENOENT);
	CHECK_EQ(sys(SYS_lgetxattr, "f/x", "user.a", buf, 1), -ENOTDIR);
	CHECK_EQ(sys(SYS_listxattr, "none", buf, 1), -ENOENT);
	CHECK_EQ(sys(SYS_removexattr, "none", "user.a"), -ENOENT);
	CHECK_EQ(sys(SYS_fsetxattr, 999, "user.a", "v", 1, 0), -EBADF);
	CHECK_EQ(sys(SYS_fgetxattr, 999, "user.a", buf, 1), -EBADF);
	CHECK_EQ(sys(SYS_flistxattr, 999, buf, 1), -EBADF);
	CHECK_EQ(sys(SYS_fremovexattr, 999, "user.a"), -EBADF);
	CHECK_EQ(sys(SYS_getxattr, "f", "nonsense", buf, 1), -EOPNOTSUPP);	/* no such class of names */
	CHECK_EQ(sys(SYS_setxattr, "f", "nonsense.a", "v", 1, 0), -EOPNOTSUPP);
}

/* ---- special files -------------------------------------------------------------------------------------------- */

CASE(mknodat_kinds)
{
	struct stat st;
	int d;

	scratch();
	umask(027);
	REQUIRE_EQ(mkdir("d", 0700), 0);
	d = must_open("d", O_RDONLY | O_DIRECTORY);
	CHECK_EQ(sys(SYS_mknodat, d, "plain", S_IFREG | 0666, 0), 0);
	CHECK_EQ(mode_of("d/plain"), S_IFREG | 0640);
	CHECK_EQ(sys(SYS_mknodat, d, "zero", 0604, 0), 0);	/* no type means a regular file */
	CHECK_EQ(mode_of("d/zero"), S_IFREG | 0600);
	CHECK_EQ(sys(SYS_mknodat, d, "fifo", S_IFIFO | 0622, 0), 0);
	CHECK_EQ(mode_of("d/fifo"), S_IFIFO | 0600);
	CHECK_EQ(sys(SYS_mknodat, d, "sock", S_IFSOCK | 0777, 0), 0);
	CHECK_EQ(mode_of("d/sock"), S_IFSOCK | 0750);
	CHECK_EQ(sys(SYS_openat, d, "sock", O_RDWR, 0), -ENXIO);
	CHECK_EQ(sys(SYS_mknodat, d, "plain", S_IFREG | 0600, 0), -EEXIST);
	CHECK_EQ(sys(SYS_mknodat, d, "dir", S_IFDIR | 0700, 0), -EPERM);
	CHECK_EQ(sys(SYS_mknodat, d, "link", S_IFLNK | 0700, 0), -EINVAL);
	CHECK_EQ(sys(SYS_mknodat, d, "no/x", S_IFREG | 0600, 0), -ENOENT);
	CHECK_EQ(sys(SYS_mknodat, d, "plain/x", S_IFREG | 0600, 0), -ENOTDIR);
	CHECK_EQ(sys(SYS_mknodat, d, "slash/", S_IFREG | 0600, 0), -ENOENT);
	CHECK_EQ(sys(SYS_mknodat, 999, "x", S_IFREG | 0600, 0), -EBADF);
	CHECK_EQ(sys(SYS_mknodat, d, NULL, S_IFREG | 0600, 0), -EFAULT);
	if (!is_root()) {
		CHECK_EQ(sys(SYS_mknodat, d, "null", S_IFCHR | 0666, makedev(1, 3)), -EPERM);
		CHECK_EQ(sys(SYS_mknodat, d, "disk", S_IFBLK | 0666, makedev(1, 3)), -EPERM);
	} else if (sys(SYS_mknodat, d, "null", S_IFCHR | 0666, makedev(1, 3)) == 0) {	/* not in a container */
		CHECK_EQ(sys(SYS_stat, "d/null", &st), 0);
		CHECK_EQ(st.st_mode, S_IFCHR | 0640);
		CHECK_EQ(st.st_rdev, makedev(1, 3));
		CHECK_EQ(sys(SYS_mknod, "none", S_IFCHR | 0600, makedev(511, 1)), 0);
		CHECK_EQ(sys(SYS_openat, AT_FDCWD, "none", O_RDONLY, 0), -ENXIO);	/* no such driver */
	}
}

/* ---- close_range ---------------------------------------------------------------------------------------------- */

/* Opens descriptors 10 to 19 on /dev/null. */
static void ten_descriptors(void)
{
	int fd = must_open("/dev/null", O_RDONLY), i;

	for (i = 10; i < 20; i++)
		REQUIRE_EQ(sys(SYS_dup2, fd, i), i);
}

CASE(close_range_closes_or_marks)
{
	int i;

	ten_descriptors();
	CHECK_EQ(sys(SYS_close_range, 12, 14, 0), 0);
	for (i = 10; i < 20; i++)
		CHECK_EQ(sys(SYS_fcntl, i, F_GETFD), i >= 12 && i <= 14 ? -EBADF : 0);
	CHECK_EQ(sys(SYS_close_range, 15, 16, RANGE_CLOEXEC), 0);
	for (i = 15; i < 20; i++)
		CHECK_EQ(sys(SYS_fcntl, i, F_GETFD), i <= 16 ? FD_CLOEXEC : 0);
	CHECK_EQ(sys(SYS_close_range, 12, 14, 0), 0);	/* nothing there: no error */
	CHECK_EQ(sys(SYS_close_range, 17, ~0u, 0), 0);
	CHECK_EQ(sys(SYS_fcntl, 17, F_GETFD), -EBADF);
	CHECK_EQ(sys(SYS_fcntl, 10, F_GETFD), 0);
	CHECK_EQ(sys(SYS_close_range, 5, 4, 0), -EINVAL);
	CHECK_EQ(sys(SYS_close_range, 4, 5, 1), -EINVAL);
	CHECK_EQ(sys(SYS_close_range, 4, 5, 8), -EINVAL);
}

/* A child that shares the table leaves it before it closes. */
CASE(close_range_leaves_a_shared_table)
{
	long pid;

	ten_descriptors();
	pid = sys(SYS_clone, 0x400 /* CLONE_FILES */ | SIGCHLD, NULL, NULL, NULL, NULL);
	REQUIRE(pid >= 0);
	if (!pid) {
		long bad = sys(SYS_close_range, 10, 19, RANGE_UNSHARE);

		bad |= sys(SYS_fcntl, 10, F_GETFD) != -EBADF;
		sys(SYS_exit_group, bad != 0);
	}
	CHECK_EXIT((pid_t)pid, 0);
	CHECK_EQ(sys(SYS_fcntl, 10, F_GETFD), 0);
}
