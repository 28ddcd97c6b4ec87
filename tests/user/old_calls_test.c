/* SPDX-License-Identifier: MIT */
/*
 * old_calls_test.c - forms of calls that libraries no longer use, or do not use yet: getdents, utime, utimes,
 * futimesat, readahead, fchmodat2.
 */
#include "ktap.h"

enum { NR_FCHMODAT2 = 452 };

struct old_dirent {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	char name[];
};

static unsigned char old_type(const struct old_dirent *e)
{
	return ((const unsigned char *)e)[e->reclen - 1];
}

/* Lists the directory @fd by pieces of @size bytes; how many names, of which *dirs are directories. */
static int list_old(int fd, size_t size, int *dirs)
{
	char buf[4096] __attribute__((aligned(8)));
	int names = 0;
	long n;

	*dirs = 0;
	while ((n = sys(SYS_getdents, fd, buf, size)) > 0) {
		for (long at = 0; at < n;) {
			const struct old_dirent *e = (const void *)(buf + at);

			if (!CHECK(e->reclen >= 24 && e->reclen % 8 == 0 && at + e->reclen <= n))
				return -1;
			CHECK(e->ino != 0);
			*dirs += old_type(e) == DT_DIR;
			names++;
			at += e->reclen;
		}
	}
	CHECK_EQ(n, 0);
	return names;
}

CASE(getdents)
{
	char name[32], tiny[8] __attribute__((aligned(8)));
	int fd, dirs;

	scratch();
	REQUIRE(mkdir("d", 0755) == 0);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "file-%d-%.*s", i, i, "aaaaaaaaaaaaaaaaaaaa");
		REQUIRE(put_file(name, "x", 1, 0644));
	}
	fd = open(".", O_RDONLY | O_DIRECTORY);
	CHECK_EQ(list_old(fd, 4096, &dirs), 23);
	CHECK_EQ(dirs, 3);	/* with "." and ".." */
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(list_old(fd, 120, &dirs), 23);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(sys(SYS_getdents, fd, tiny, sizeof(tiny)), -EINVAL);
	CHECK_EQ(sys(SYS_getdents, fd, NULL, 4096), -EFAULT);
	CHECK_EQ(sys(SYS_getdents, -1, tiny, sizeof(tiny)), -EBADF);
	close(fd);
	fd = open("file-0-", O_RDONLY);
	CHECK_EQ(sys(SYS_getdents, fd, tiny, sizeof(tiny)), -ENOTDIR);
}

static bool has_times(const char *path, long atime, long atime_ns, long mtime, long mtime_ns)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_atim.tv_sec == atime && st.st_atim.tv_nsec == atime_ns &&
	       st.st_mtim.tv_sec == mtime && st.st_mtim.tv_nsec == mtime_ns;
}

CASE(times)
{
	long seconds[2] = { 1000, 2000 }, tv[4] = { 3000, 7, 4000, 999999 }, bad[4] = { 1, 1000000, 1, 0 };
	struct stat st;
	int dir, fd;

	scratch();
	REQUIRE(put_file("f", "x", 1, 0644));
	CHECK_EQ(sys(SYS_utime, "f", seconds), 0);
	CHECK(has_times("f", 1000, 0, 2000, 0));
	CHECK_EQ(sys(SYS_utimes, "f", tv), 0);
	CHECK(has_times("f", 3000, 7000, 4000, 999999000));
	CHECK_EQ(sys(SYS_utimes, "f", bad), -EINVAL);
	bad[1] = -1;
	CHECK_EQ(sys(SYS_utimes, "f", bad), -EINVAL);
	CHECK_EQ(sys(SYS_utimes, "none", tv), -ENOENT);
	CHECK_EQ(sys(SYS_utimes, "f", (void *)8), -EFAULT);
	CHECK_EQ(sys(SYS_utime, "f", (void *)8), -EFAULT);
	CHECK_EQ(sys(SYS_utime, NULL, seconds), -EFAULT);
	CHECK_EQ(sys(SYS_utime, "none", NULL), -ENOENT);
	dir = open(".", O_RDONLY | O_DIRECTORY);
	tv[0] = 5000;
	CHECK_EQ(sys(SYS_futimesat, dir, "f", tv), 0);
	CHECK(has_times("f", 5000, 7000, 4000, 999999000));
	fd = open("f", O_RDONLY);
	tv[0] = 6000;
	CHECK_EQ(sys(SYS_futimesat, fd, NULL, tv), 0);
	CHECK(has_times("f", 6000, 7000, 4000, 999999000));
	CHECK_EQ(sys(SYS_futimesat, -1, "f", tv), -EBADF);
	CHECK_EQ(sys(SYS_utime, "f", NULL), 0);	/* now */
	CHECK(stat("f", &st) == 0 && st.st_mtime > 1000000 && st.st_atime > 1000000);
}

CASE(readahead)
{
	int fd, fds[2];

	scratch();
	REQUIRE(put_file("f", "x", 1, 0644));
	fd = open("f", O_RDONLY);
	CHECK_EQ(sys(SYS_readahead, fd, 0, 4096), 0);
	CHECK_EQ(sys(SYS_readahead, fd, 1 << 20, 4096), 0);
	CHECK_EQ(sys(SYS_readahead, -1, 0, 4096), -EBADF);
	close(fd);
	fd = open("f", O_WRONLY);
	CHECK_EQ(sys(SYS_readahead, fd, 0, 4096), -EBADF);
	REQUIRE(pipe(fds) == 0);
	CHECK_EQ(sys(SYS_readahead, fds[0], 0, 4096), -EINVAL);
}

CASE(fchmodat2)
{
	struct stat st;
	int dir, fd;

	if (sys(NR_FCHMODAT2, -1, NULL, 0, 0x4000) == -ENOSYS)
		SKIP("no fchmodat2");
	scratch();
	REQUIRE(put_file("f", "x", 1, 0644));
	REQUIRE(symlink("f", "l") == 0);
	dir = open(".", O_RDONLY | O_DIRECTORY);
	CHECK_EQ(sys(NR_FCHMODAT2, dir, "l", 0600, 0), 0);
	CHECK(stat("f", &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK_EQ(sys(NR_FCHMODAT2, dir, "f", 0640, AT_SYMLINK_NOFOLLOW), 0);
	CHECK(stat("f", &st) == 0 && (st.st_mode & 07777) == 0640);
	CHECK_EQ(sys(NR_FCHMODAT2, dir, "l", 0600, AT_SYMLINK_NOFOLLOW), -EOPNOTSUPP);
	fd = open("f", O_RDONLY);
	CHECK_EQ(sys(NR_FCHMODAT2, fd, "", 0604, AT_EMPTY_PATH), 0);
	CHECK(stat("f", &st) == 0 && (st.st_mode & 07777) == 0604);
	CHECK_EQ(sys(NR_FCHMODAT2, dir, "f", 0644, 0x4000), -EINVAL);
	CHECK_EQ(sys(NR_FCHMODAT2, dir, "none", 0644, 0), -ENOENT);
}
