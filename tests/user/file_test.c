/* SPDX-License-Identifier: MIT */
/*
 * file_test.c - files: opening, reading and writing, descriptors, locks, limits, permissions. Names and directories
 * are in dir_test.c. Sources: man open(2), lseek(2), fcntl(2), dup(2), ftruncate(2), utimensat(2), stat(2).
 */
#include "ktap.h"

#include <sys/file.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/uio.h>

#ifndef SEEK_DATA
#define SEEK_DATA 3
#define SEEK_HOLE 4
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

static int must_open(const char *path, int flags)
{
	int fd = (int)sys(SYS_openat, AT_FDCWD, path, flags, 0644);

	REQUIRE(fd >= 0);
	return fd;
}

/* ---- open ----------------------------------------------------------------------------------------------------- */

CASE(open_lowest_descriptor)
{
	int a = must_open("/dev/null", O_RDONLY), b = must_open("/dev/null", O_RDONLY);

	CHECK_EQ(b, a + 1);
	close(a);
	CHECK_EQ(must_open("/dev/null", O_RDWR), a);
	CHECK_EQ(sys(SYS_close, b), 0);
	CHECK_EQ(sys(SYS_close, b), -EBADF);
	CHECK_EQ(sys(SYS_close, -1), -EBADF);
	CHECK_EQ(sys(SYS_close, 1 << 20), -EBADF);
}

CASE(open_create_and_modes)
{
	struct stat st;
	int fd;

	scratch();
	umask(027);
	fd = (int)sys(SYS_openat, AT_FDCWD, "f", O_CREAT | O_WRONLY, 0666);
	CHECK(fd >= 0);
	CHECK_EQ(sys(SYS_fstat, fd, &st), 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0640);
	CHECK_EQ(st.st_size, 0);
	CHECK_EQ(st.st_nlink, 1);
	CHECK_EQ(st.st_uid, geteuid());
	CHECK(st.st_ino != 0 && st.st_blksize > 0);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "f", O_CREAT | O_EXCL | O_WRONLY, 0666), -EEXIST);
	CHECK(sys(SYS_openat, AT_FDCWD, "f", O_CREAT | O_WRONLY, 0777) >= 0);	/* mode of an existing file stays */
	sys(SYS_fstat, fd, &st);
	CHECK_EQ(st.st_mode & 0777, 0640);
	/* A file made without write permission can still be written through the descriptor that made it. */
	fd = (int)sys(SYS_openat, AT_FDCWD, "ro", O_CREAT | O_RDWR, 0400);
	CHECK(fd >= 0);
	CHECK_EQ(sys(SYS_write, fd, "x", 1), 1);
}

CASE(open_modes_of_access)
{
	char c = 'x';
	int r, w, rw;

	scratch();
	put_file("f", "data", 4, 0600);
	r = must_open("f", O_RDONLY);
	w = must_open("f", O_WRONLY);
	rw = must_open("f", O_RDWR);
	CHECK_EQ(sys(SYS_write, r, &c, 1), -EBADF);
	CHECK_EQ(sys(SYS_read, w, &c, 1), -EBADF);
	CHECK_EQ(sys(SYS_pread64, w, &c, 1, 0), -EBADF);
	CHECK_EQ(sys(SYS_pwrite64, r, &c, 1, 0), -EBADF);
	CHECK_EQ(sys(SYS_ftruncate, r, 0), -EINVAL);
	CHECK_EQ(sys(SYS_read, rw, &c, 1), 1);
	CHECK_EQ(c, 'd');
	CHECK_EQ(sys(SYS_write, rw, "X", 1), 1);
	CHECK_EQ(sys(SYS_pread64, r, &c, 1, 1), 1);
	CHECK_EQ(c, 'X');
	CHECK_EQ(sys(SYS_fcntl, r, F_GETFL) & O_ACCMODE, O_RDONLY);
	CHECK_EQ(sys(SYS_fcntl, w, F_GETFL) & O_ACCMODE, O_WRONLY);
	CHECK_EQ(sys(SYS_fcntl, rw, F_GETFL) & O_ACCMODE, O_RDWR);
}

CASE(open_truncate_and_append)
{
	struct stat st;
	char buf[16];
	int fd, other;

	scratch();
	put_file("f", "12345", 5, 0600);
	fd = must_open("f", O_WRONLY | O_APPEND);
	other = must_open("f", O_WRONLY);
	CHECK_EQ(sys(SYS_lseek, other, 0, SEEK_END), 5);
	CHECK_EQ(sys(SYS_write, other, "67", 2), 2);
	CHECK_EQ(sys(SYS_write, fd, "89", 2), 2);	/* at the end as it is now */
	CHECK_EQ(sys(SYS_lseek, fd, 0, SEEK_SET), 0);
	CHECK_EQ(sys(SYS_write, fd, "A", 1), 1);
	CHECK_EQ(sys(SYS_lseek, fd, 0, SEEK_CUR), 10);
	CHECK_EQ(sys(SYS_pwrite64, fd, "B", 1, 0), 1);	/* on Linux, appends too */
	fd = must_open("f", O_RDONLY);
	CHECK_EQ(sys(SYS_read, fd, buf, 16), 11);
	CHECK(memcmp(buf, "123456789AB", 11) == 0);
	fd = must_open("f", O_WRONLY | O_TRUNC);
	CHECK_EQ(sys(SYS_fstat, fd, &st), 0);
	CHECK_EQ(st.st_size, 0);
}

CASE(open_errors)
{
	static char longname[300], longpath[5000];

	scratch();
	memset(longname, 'n', 256);
	memset(longpath, '/', 4999);
	put_file("f", "x", 1, 0600);
	mkdir("d", 0700);
	CHECK_EQ(symlink("loop2", "loop1") | symlink("loop1", "loop2"), 0);
	CHECK_EQ(symlink("f", "link") | symlink("nowhere", "dangling") | symlink("d", "dlink"), 0);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "missing", O_RDONLY), -ENOENT);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "", O_RDONLY), -ENOENT);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "missing/x", O_CREAT | O_WRONLY, 0600), -ENOENT);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "f/x", O_RDONLY), -ENOTDIR);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "f/", O_RDONLY), -ENOTDIR);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "f", O_RDONLY | O_DIRECTORY), -ENOTDIR);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "d", O_WRONLY), -EISDIR);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "d", O_RDWR), -EISDIR);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "d", O_CREAT | O_RDONLY, 0600), -EISDIR);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "new/", O_CREAT | O_WRONLY, 0600), -EISDIR);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "loop1", O_RDONLY), -ELOOP);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "loop1/x", O_RDONLY), -ELOOP);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "link", O_RDONLY | O_NOFOLLOW), -ELOOP);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "dlink", O_RDONLY | O_NOFOLLOW | O_DIRECTORY), -ENOTDIR);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "dangling", O_RDONLY), -ENOENT);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "dangling", O_CREAT | O_EXCL | O_WRONLY, 0600), -EEXIST);
	CHECK(sys(SYS_openat, AT_FDCWD, "dangling", O_CREAT | O_WRONLY, 0600) >= 0);	/* makes the target */
	CHECK_EQ(access("nowhere", F_OK), 0);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, longname, O_RDONLY), -ENAMETOOLONG);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, longpath, O_RDONLY), -ENAMETOOLONG);
	longname[255] = 0;
	CHECK(sys(SYS_openat, AT_FDCWD, longname, O_CREAT | O_RDWR, 0600) >= 0);	/* 255 is allowed */
	CHECK_EQ(sys(SYS_openat, 999, "f", O_RDONLY), -EBADF);
	CHECK_EQ(sys(SYS_openat, must_open("f", O_RDONLY), "f", O_RDONLY), -ENOTDIR);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, NULL, O_RDONLY), -EFAULT);
}

CASE(open_relative_to_a_directory)
{
	char cwd[256], path[300];
	int d;

	scratch();
	mkdir("d", 0700);
	put_file("d/f", "in d", 4, 0600);
	d = must_open("d", O_RDONLY | O_DIRECTORY);
	CHECK(sys(SYS_openat, d, "f", O_RDONLY) >= 0);
	CHECK(sys(SYS_openat, d, "../d/f", O_RDONLY) >= 0);
	CHECK(sys(SYS_openat, d, ".", O_RDONLY) >= 0);
	REQUIRE(getcwd(cwd, sizeof(cwd)) != NULL);
	snprintf(path, sizeof(path), "%s/d//./../d/f", cwd);
	CHECK(sys(SYS_openat, 999, path, O_RDONLY) >= 0);	/* absolute: the descriptor is not looked at */
	CHECK_EQ(sys(SYS_read, d, path, 1), -EISDIR);
	CHECK_EQ(sys(SYS_write, d, path, 1), -EBADF);
}

CASE(legacy_calls)
{
	struct stat a, b;
	int fd;

	scratch();
	fd = (int)sys(SYS_creat, "f", 0604);
	if (fd == -ENOSYS)
		fd = (int)sys(SYS_open, "f", O_CREAT | O_WRONLY | O_TRUNC, 0604);
	CHECK(fd >= 0);
	CHECK_EQ(sys(SYS_write, fd, "abc", 3), 3);
	CHECK(sys(SYS_open, "f", O_RDONLY) >= 0);
	CHECK_EQ(sys(SYS_open, "g", O_RDONLY), -ENOENT);
	CHECK_EQ(sys(SYS_symlink, "f", "l"), 0);
	CHECK_EQ(sys(SYS_stat, "l", &a), 0);
	CHECK_EQ(a.st_mode, S_IFREG | 0604);
	CHECK_EQ(a.st_size, 3);
	CHECK_EQ(sys(SYS_lstat, "l", &b), 0);
	CHECK(S_ISLNK(b.st_mode));
	CHECK_EQ(b.st_size, 1);
	CHECK(a.st_ino != b.st_ino && a.st_dev == b.st_dev);
	CHECK_EQ(sys(SYS_stat, "g", &a), -ENOENT);
	CHECK_EQ(sys(SYS_mkdir, "d", 0700), 0);
	CHECK_EQ(sys(SYS_link, "f", "d/hard"), 0);
	CHECK_EQ(sys(SYS_rename, "f", "h"), 0);
	CHECK_EQ(sys(SYS_chmod, "h", 0600), 0);
	CHECK_EQ(sys(SYS_access, "h", R_OK | W_OK), 0);
	CHECK_EQ(sys(SYS_unlink, "d/hard"), 0);
	CHECK_EQ(sys(SYS_rmdir, "d"), 0);
	CHECK_EQ(sys(SYS_rmdir, "d"), -ENOENT);
}

/* ---- reading, writing, seeking -------------------------------------------------------------------------------- */

CASE(read_write_and_offsets)
{
	char buf[16];
	int fd;

	scratch();
	fd = must_open("f", O_RDWR | O_CREAT);
	CHECK_EQ(sys(SYS_read, fd, buf, 16), 0);
	CHECK_EQ(sys(SYS_write, fd, "0123456789", 10), 10);
	CHECK_EQ(sys(SYS_read, fd, buf, 16), 0);
	CHECK_EQ(sys(SYS_lseek, fd, 3, SEEK_SET), 3);
	CHECK_EQ(sys(SYS_read, fd, buf, 4), 4);
	CHECK(memcmp(buf, "3456", 4) == 0);
	CHECK_EQ(sys(SYS_lseek, fd, -2, SEEK_CUR), 5);
	CHECK_EQ(sys(SYS_lseek, fd, -1, SEEK_END), 9);
	CHECK_EQ(sys(SYS_read, fd, buf, 16), 1);
	CHECK_EQ(sys(SYS_pread64, fd, buf, 16, 8), 2);
	CHECK_EQ(sys(SYS_pread64, fd, buf, 16, 10), 0);
	CHECK_EQ(sys(SYS_pread64, fd, buf, 16, 1000), 0);
	CHECK_EQ(sys(SYS_lseek, fd, 0, SEEK_CUR), 10);	/* p-calls leave the offset alone */
	CHECK_EQ(sys(SYS_pwrite64, fd, "XX", 2, 1), 2);
	CHECK_EQ(sys(SYS_pread64, fd, buf, 4, 0), 4);
	CHECK(memcmp(buf, "0XX3", 4) == 0);
	CHECK_EQ(sys(SYS_pread64, fd, buf, 1, -1), -EINVAL);
	CHECK_EQ(sys(SYS_pwrite64, fd, buf, 1, -1), -EINVAL);
	CHECK_EQ(sys(SYS_read, 999, buf, 1), -EBADF);
	CHECK_EQ(sys(SYS_write, -1, buf, 1), -EBADF);
	CHECK_EQ(sys(SYS_read, fd, buf, 0), 0);
	CHECK_EQ(sys(SYS_fsync, fd), 0);
	CHECK_EQ(sys(SYS_fdatasync, fd), 0);
	CHECK_EQ(sys(SYS_fsync, 999), -EBADF);
}

CASE(lseek_errors_and_holes)
{
	long data, hole;
	char buf[8];
	int fd;

	scratch();
	fd = must_open("f", O_RDWR | O_CREAT);
	CHECK_EQ(sys(SYS_lseek, fd, -1, SEEK_SET), -EINVAL);
	CHECK_EQ(sys(SYS_lseek, fd, 0, 99), -EINVAL);
	CHECK_EQ(sys(SYS_lseek, 999, 0, SEEK_SET), -EBADF);
	CHECK_EQ(sys(SYS_lseek, fd, 1, SEEK_SET), 1);
	CHECK(sys(SYS_lseek, fd, INT64_MAX, SEEK_CUR) < 0);	/* overflow */
	CHECK_EQ(sys(SYS_lseek, fd, 100000, SEEK_SET), 100000);	/* past the end is fine */
	CHECK_EQ(sys(SYS_read, fd, buf, 8), 0);
	CHECK_EQ(sys(SYS_write, fd, "end", 3), 3);
	CHECK_EQ(sys(SYS_lseek, fd, 0, SEEK_END), 100003);
	CHECK_EQ(sys(SYS_pread64, fd, buf, 8, 50000), 8);
	CHECK(memcmp(buf, "\0\0\0\0\0\0\0\0", 8) == 0);
	/* A file system may call the hole data, but both must be consistent. */
	data = sys(SYS_lseek, fd, 0, SEEK_DATA);
	hole = sys(SYS_lseek, fd, data, SEEK_HOLE);
	CHECK(data >= 0 && data <= 100000);
	CHECK(hole > data && hole <= 100003);
	CHECK_EQ(sys(SYS_lseek, fd, 100000, SEEK_DATA), 100000);
	CHECK_EQ(sys(SYS_lseek, fd, 100001, SEEK_HOLE), 100003);
	CHECK_EQ(sys(SYS_lseek, fd, 100003, SEEK_DATA), -ENXIO);
	CHECK_EQ(sys(SYS_lseek, fd, 200000, SEEK_HOLE), -ENXIO);
}

CASE(truncate_and_extend)
{
	struct stat st;
	char buf[8];
	int fd;

	scratch();
	fd = must_open("f", O_RDWR | O_CREAT);
	CHECK_EQ(sys(SYS_write, fd, "0123456789", 10), 10);
	CHECK_EQ(sys(SYS_ftruncate, fd, 4), 0);
	CHECK_EQ(sys(SYS_lseek, fd, 0, SEEK_CUR), 10);	/* the offset stays */
	CHECK_EQ(sys(SYS_ftruncate, fd, 8), 0);
	CHECK_EQ(sys(SYS_pread64, fd, buf, 8, 0), 8);
	CHECK(memcmp(buf, "0123\0\0\0\0", 8) == 0);
	CHECK_EQ(sys(SYS_ftruncate, fd, 1L << 30), 0);	/* sparse */
	sys(SYS_fstat, fd, &st);
	CHECK_EQ(st.st_size, 1L << 30);
	CHECK(st.st_blocks < 1000);
	CHECK_EQ(sys(SYS_pread64, fd, buf, 8, (1L << 30) - 4), 4);
	CHECK_EQ(sys(SYS_ftruncate, fd, -1), -EINVAL);
	CHECK_EQ(sys(SYS_ftruncate, 999, 0), -EBADF);
	CHECK_EQ(sys(SYS_ftruncate, fd, 0), 0);
	sys(SYS_fstat, fd, &st);
	CHECK_EQ(st.st_size | st.st_blocks, 0);
}

CASE(vectors)
{
	char a[3] = "", b[5] = "", c[2] = "";
	struct iovec out[3] = { { (char *)"abc", 3 }, { (char *)"", 0 }, { (char *)"defg", 4 } };
	struct iovec in[3] = { { a, 2 }, { b, 4 }, { c, 2 } };
	int fd;

	scratch();
	fd = must_open("f", O_RDWR | O_CREAT);
	CHECK_EQ(sys(SYS_writev, fd, out, 3), 7);
	CHECK_EQ(sys(SYS_lseek, fd, 0, SEEK_SET), 0);
	CHECK_EQ(sys(SYS_readv, fd, in, 3), 7);
	CHECK(memcmp(a, "ab", 2) == 0 && memcmp(b, "cdef", 4) == 0 && c[0] == 'g');
	CHECK_EQ(sys(SYS_readv, fd, in, -1), -EINVAL);
	CHECK_EQ(sys(SYS_readv, fd, in, 1025), -EINVAL);
	CHECK_EQ(sys(SYS_readv, 999, in, 1), -EBADF);
}

CASE(large_reads_and_writes)
{
	static char out[700000], in[700000];
	size_t i;
	int fd;

	scratch();
	for (i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 7 + i / 4096);
	fd = must_open("f", O_RDWR | O_CREAT);
	CHECK_EQ(sys(SYS_write, fd, out, sizeof(out)), sizeof(out));
	CHECK_EQ(sys(SYS_pread64, fd, in, sizeof(in), 0), sizeof(in));
	CHECK(memcmp(in, out, sizeof(in)) == 0);
	CHECK_EQ(sys(SYS_pread64, fd, in, 10000, 4090), 10000);
	CHECK(memcmp(in, out + 4090, 10000) == 0);
	CHECK_EQ(sys(SYS_pwrite64, fd, out, 5000, 4000), 5000);
	CHECK_EQ(sys(SYS_pread64, fd, in, 5000, 4000), 5000);
	CHECK(memcmp(in, out, 5000) == 0);
}

CASE(devices)
{
	char buf[64];
	struct stat st;
	int fd;
	size_t i, sum = 0;

	fd = must_open("/dev/null", O_RDWR);
	CHECK_EQ(sys(SYS_read, fd, buf, 64), 0);
	CHECK_EQ(sys(SYS_write, fd, buf, 64), 64);
	CHECK_EQ(sys(SYS_fstat, fd, &st), 0);
	CHECK(S_ISCHR(st.st_mode) && st.st_rdev == 0x103);
	fd = must_open("/dev/zero", O_RDWR);
	memset(buf, 1, 64);
	CHECK_EQ(sys(SYS_read, fd, buf, 64), 64);
	for (i = 0; i < 64; i++)
		sum += (size_t)buf[i];
	CHECK_EQ(sum, 0);
	CHECK_EQ(sys(SYS_write, fd, buf, 64), 64);
	fd = must_open("/dev/full", O_RDWR);
	CHECK_EQ(sys(SYS_write, fd, buf, 1), -ENOSPC);
	CHECK_EQ(sys(SYS_read, fd, buf, 8), 8);
	fd = must_open("/dev/urandom", O_RDONLY);
	CHECK_EQ(sys(SYS_read, fd, buf, 64), 64);
	for (i = 0; i < 64; i++)
		sum += (unsigned char)buf[i];
	CHECK(sum > 0);
	fd = must_open("/dev/random", O_RDONLY);
	CHECK_EQ(sys(SYS_read, fd, buf, 8), 8);
}

/* ---- descriptors ---------------------------------------------------------------------------------------------- */

CASE(dup_family)
{
	int fd = must_open("/dev/null", O_RDONLY | O_CLOEXEC);

	CHECK(sys(SYS_dup, fd) > fd);
	CHECK_EQ(sys(SYS_dup, 999), -EBADF);
	CHECK_EQ(sys(SYS_dup2, fd, 100), 100);
	CHECK_EQ(sys(SYS_fcntl, 100, F_GETFD), 0);
	CHECK_EQ(sys(SYS_dup2, fd, fd), fd);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD), FD_CLOEXEC);	/* the same: nothing happens */
	CHECK_EQ(sys(SYS_dup2, 999, 101), -EBADF);
	CHECK_EQ(sys(SYS_dup2, 999, 999), -EBADF);
	CHECK_EQ(sys(SYS_dup2, fd, -1), -EBADF);
	CHECK_EQ(sys(SYS_dup2, fd, 1 << 30), -EBADF);
	CHECK_EQ(sys(SYS_dup3, fd, 102, O_CLOEXEC), 102);
	CHECK_EQ(sys(SYS_fcntl, 102, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(sys(SYS_dup3, fd, 103, 0), 103);
	CHECK_EQ(sys(SYS_fcntl, 103, F_GETFD), 0);
	CHECK_EQ(sys(SYS_dup3, fd, fd, 0), -EINVAL);
	CHECK_EQ(sys(SYS_dup3, fd, 104, O_APPEND), -EINVAL);
	CHECK_EQ(sys(SYS_dup3, 999, 104, 0), -EBADF);
}

CASE(dup_shares_offset_and_flags)
{
	int fd, copy;

	scratch();
	fd = must_open("f", O_RDWR | O_CREAT);
	copy = (int)sys(SYS_dup, fd);
	CHECK_EQ(sys(SYS_write, fd, "abc", 3), 3);
	CHECK_EQ(sys(SYS_lseek, copy, 0, SEEK_CUR), 3);
	CHECK_EQ(sys(SYS_fcntl, copy, F_SETFL, O_APPEND), 0);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFL) & O_APPEND, O_APPEND);
	CHECK_EQ(sys(SYS_dup2, must_open("/dev/null", O_RDONLY), copy), copy);	/* replaces, closes the old */
	CHECK_EQ(sys(SYS_write, fd, "d", 1), 1);
}

CASE(fcntl_forms_and_errors)
{
	int fd = must_open("/dev/null", O_RDWR);

	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD), 0);
	CHECK_EQ(sys(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC), 0);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(sys(SYS_fcntl, fd, F_SETFD, 0), 0);
	CHECK_EQ(sys(SYS_fcntl, fd, F_DUPFD, 200), 200);
	CHECK_EQ(sys(SYS_fcntl, fd, F_DUPFD, 200), 201);
	CHECK_EQ(sys(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 200), 202);
	CHECK_EQ(sys(SYS_fcntl, 202, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(sys(SYS_fcntl, fd, F_DUPFD, -1), -EINVAL);
	CHECK_EQ(sys(SYS_fcntl, fd, F_DUPFD, 1 << 30), -EINVAL);
	CHECK_EQ(sys(SYS_fcntl, fd, F_SETFL, O_NONBLOCK | O_WRONLY), 0);	/* access mode is not changed */
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR | O_NONBLOCK);
	CHECK_EQ(sys(SYS_fcntl, fd, F_SETFL, 0), 0);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFL) & O_NONBLOCK, 0);
	CHECK_EQ(sys(SYS_fcntl, fd, 9999), -EINVAL);
	CHECK_EQ(sys(SYS_fcntl, 999, F_GETFD), -EBADF);
}

/* A mask without events takes a notification away: there is none. */
CASE(fcntl_notify_nothing)
{
	int dir = open(".", O_RDONLY), null = open("/dev/null", O_RDONLY);

	CHECK_EQ(sys(SYS_fcntl, dir, F_NOTIFY, 0x80000000ul), 0);
	CHECK_EQ(sys(SYS_fcntl, dir, F_NOTIFY, 0), 0);
	CHECK_EQ(sys(SYS_fcntl, null, F_NOTIFY, 0x80000001ul), -ENOTDIR);
}

CASE(descriptor_limit)
{
	struct rlimit limit = { 32, 32 };
	int fd, last = -1, p[2];

	CHECK_EQ(sys(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, NULL), 0);
	while ((fd = (int)sys(SYS_open, "/dev/null", O_RDONLY)) >= 0)
		last = fd;
	CHECK_EQ(fd, -EMFILE);
	CHECK_EQ(last, 31);
	CHECK_EQ(sys(SYS_dup, 0), -EMFILE);
	CHECK_EQ(sys(SYS_pipe, p), -EMFILE);
	CHECK_EQ(sys(SYS_dup2, 0, 32), -EBADF);
	CHECK_EQ(sys(SYS_fcntl, 0, F_DUPFD, 32), -EINVAL);
	CHECK_EQ(sys(SYS_fcntl, 0, F_DUPFD, 31), -EMFILE);
	close(31);
	CHECK_EQ(sys(SYS_pipe, p), -EMFILE);	/* room for one end only: none is made */
	CHECK_EQ(sys(SYS_open, "/dev/null", O_RDONLY), 31);
}

CASE(file_size_limit)
{
	struct rlimit limit = { 1000, 1000 };
	static char block[2000];
	pid_t pid;
	int fd;

	scratch();
	fd = must_open("f", O_RDWR | O_CREAT);
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_prlimit64, 0, RLIMIT_FSIZE, &limit, NULL), 0);
		signal(SIGXFSZ, SIG_IGN);
		CHECK_EQ(sys(SYS_write, fd, block, 2000), 1000);
		CHECK_EQ(sys(SYS_write, fd, block, 1), -EFBIG);
		CHECK_EQ(sys(SYS_ftruncate, fd, 1001), -EFBIG);
		CHECK_EQ(sys(SYS_ftruncate, fd, 500), 0);
		CHECK_EQ(sys(SYS_pwrite64, fd, block, 10, 995), 5);
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		signal(SIGXFSZ, SIG_DFL);
		sys(SYS_pwrite64, fd, block, 10, 1000);
	}
	CHECK_KILLED(pid, SIGXFSZ);
}

/* ---- stat ----------------------------------------------------------------------------------------------------- */

CASE(newfstatat_forms)
{
	struct stat a, b;
	int fd, d;

	scratch();
	fd = must_open("f", O_RDWR | O_CREAT);
	CHECK_EQ(symlink("f", "l"), 0);
	d = must_open(".", O_RDONLY);
	CHECK_EQ(sys(SYS_fstat, fd, &a), 0);
	CHECK_EQ(sys(SYS_newfstatat, fd, "", &b, AT_EMPTY_PATH), 0);
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_EQ(sys(SYS_newfstatat, d, "f", &b, 0), 0);
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_EQ(sys(SYS_newfstatat, d, "l", &b, 0), 0);
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_EQ(sys(SYS_newfstatat, d, "l", &b, AT_SYMLINK_NOFOLLOW), 0);
	CHECK(S_ISLNK(b.st_mode));
	CHECK_EQ(sys(SYS_newfstatat, AT_FDCWD, "", &b, AT_EMPTY_PATH), 0);	/* the directory */
	CHECK(S_ISDIR(b.st_mode));
	CHECK_EQ(sys(SYS_newfstatat, d, "", &b, AT_EMPTY_PATH), 0);
	CHECK(S_ISDIR(b.st_mode));
	CHECK_EQ(sys(SYS_newfstatat, d, "", &b, 0), -ENOENT);
	CHECK_EQ(sys(SYS_newfstatat, d, "missing", &b, 0), -ENOENT);
	CHECK_EQ(sys(SYS_newfstatat, 999, "", &b, AT_EMPTY_PATH), -EBADF);
	CHECK_EQ(sys(SYS_newfstatat, fd, "x", &b, 0), -ENOTDIR);
	CHECK_EQ(sys(SYS_newfstatat, d, "f", &b, 0x10000000), -EINVAL);
	CHECK_EQ(sys(SYS_fstat, 999, &b), -EBADF);
}

CASE(stat_of_standard_kinds)
{
	struct stat st;
	int fd[2];

	CHECK_EQ(sys(SYS_stat, "/", &st), 0);
	CHECK(S_ISDIR(st.st_mode));
	CHECK(st.st_nlink >= 1);
	CHECK_EQ(sys(SYS_stat, "/dev/zero", &st), 0);
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(st.st_rdev, 0x105);
	REQUIRE_EQ(pipe(fd), 0);
	CHECK_EQ(sys(SYS_newfstatat, fd[0], "", &st, AT_EMPTY_PATH), 0);
	CHECK(S_ISFIFO(st.st_mode));
}

/* ---- times ---------------------------------------------------------------------------------------------------- */

static struct timespec mtime_of(const char *path)
{
	struct stat st = { 0 };

	CHECK_EQ(sys(SYS_stat, path, &st), 0);
	return st.st_mtim;
}

CASE(utimensat_forms)
{
	struct timespec t[2] = { { 1000, 1 }, { 2000, 999999999 } };
	struct stat st;
	time_t now = time(NULL);
	int fd;

	scratch();
	fd = must_open("f", O_RDWR | O_CREAT);
	symlink("f", "l");
	CHECK_EQ(sys(SYS_utimensat, AT_FDCWD, "f", t, 0), 0);
	CHECK_EQ(sys(SYS_stat, "f", &st), 0);
	CHECK_EQ(st.st_atim.tv_sec, 1000);
	CHECK_EQ(st.st_mtim.tv_sec, 2000);
	CHECK_EQ(st.st_mtim.tv_nsec, 999999999);
	CHECK(st.st_ctim.tv_sec >= now - 1);
	t[0].tv_nsec = UTIME_OMIT;
	t[1] = (struct timespec){ 3000, 0 };
	CHECK_EQ(sys(SYS_utimensat, fd, NULL, t, 0), 0);	/* the descriptor itself */
	CHECK_EQ(sys(SYS_stat, "f", &st), 0);
	CHECK_EQ(st.st_atim.tv_sec, 1000);
	CHECK_EQ(st.st_mtim.tv_sec, 3000);
	t[1].tv_nsec = UTIME_NOW;
	CHECK_EQ(sys(SYS_utimensat, AT_FDCWD, "f", t, 0), 0);
	CHECK(mtime_of("f").tv_sec >= now - 1);
	t[0].tv_nsec = t[1].tv_nsec = UTIME_OMIT;
	CHECK_EQ(sys(SYS_utimensat, AT_FDCWD, "missing", t, 0), 0);	/* nothing to do: Linux does not even look */
	t[0] = t[1] = (struct timespec){ 5000, 0 };
	CHECK_EQ(sys(SYS_utimensat, AT_FDCWD, "l", t, AT_SYMLINK_NOFOLLOW), 0);
	CHECK(mtime_of("f").tv_sec >= now - 1);
	CHECK_EQ(sys(SYS_lstat, "l", &st), 0);
	CHECK_EQ(st.st_mtim.tv_sec, 5000);
	CHECK_EQ(sys(SYS_utimensat, AT_FDCWD, "l", t, 0), 0);
	CHECK_EQ(mtime_of("f").tv_sec, 5000);
	CHECK_EQ(sys(SYS_utimensat, AT_FDCWD, "f", NULL, 0), 0);	/* NULL: now */
	CHECK(mtime_of("f").tv_sec >= now - 1);
	t[0].tv_nsec = 1000000000;
	CHECK_EQ(sys(SYS_utimensat, AT_FDCWD, "f", t, 0), -EINVAL);
	t[0].tv_nsec = 0;
	CHECK_EQ(sys(SYS_utimensat, AT_FDCWD, "f", t, 0x8000), -EINVAL);
	CHECK_EQ(sys(SYS_utimensat, AT_FDCWD, "missing", t, 0), -ENOENT);
	CHECK_EQ(sys(SYS_utimensat, 999, NULL, t, 0), -EBADF);
	CHECK_EQ(sys(SYS_utimensat, AT_FDCWD, NULL, t, 0), -EFAULT);
}

/* The lowest time that 64 bits of nanoseconds hold, in 1677; a memfd, because a disk's file system may clamp it. */
CASE(utimensat_lowest_time)
{
	static const struct timespec lowest = { -9223372037, 145224192 };
	struct timespec t[2] = { lowest, { -1, 999999999 } };
	struct stat st;
	int fd = (int)sys(SYS_memfd_create, "t", 0);

	REQUIRE(fd >= 0);
	CHECK_EQ(sys(SYS_utimensat, fd, NULL, t, 0), 0);
	CHECK_EQ(sys(SYS_fstat, fd, &st), 0);
	CHECK_EQ(st.st_atim.tv_sec, lowest.tv_sec);
	CHECK_EQ(st.st_atim.tv_nsec, lowest.tv_nsec);
	CHECK_EQ(st.st_mtim.tv_sec, -1);
	CHECK_EQ(st.st_mtim.tv_nsec, 999999999);
}

CASE(writes_update_times)
{
	struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	char c;
	int fd;

	scratch();
	fd = must_open("f", O_RDWR | O_CREAT);
	CHECK_EQ(sys(SYS_utimensat, fd, NULL, old, 0), 0);
	CHECK_EQ(sys(SYS_write, fd, "x", 1), 1);
	CHECK(mtime_of("f").tv_sec > 1000);
	CHECK_EQ(sys(SYS_utimensat, fd, NULL, old, 0), 0);
	CHECK_EQ(sys(SYS_pread64, fd, &c, 1, 0), 1);
	CHECK_EQ(mtime_of("f").tv_sec, 1000);
	CHECK_EQ(sys(SYS_ftruncate, fd, 0), 0);
	CHECK(mtime_of("f").tv_sec > 1000);
	CHECK_EQ(sys(SYS_utimensat, AT_FDCWD, ".", old, 0), 0);
	CHECK_EQ(sys(SYS_unlink, "f"), 0);
	CHECK(mtime_of(".").tv_sec > 1000);
}

/* ---- permissions ---------------------------------------------------------------------------------------------- */

CASE(chmod_chown_umask)
{
	struct stat st;
	int fd;

	scratch();
	fd = must_open("f", O_RDWR | O_CREAT);
	CHECK_EQ(sys(SYS_chmod, "f", 04711), 0);
	sys(SYS_fstat, fd, &st);
	CHECK_EQ(st.st_mode & 07777, 04711);
	CHECK_EQ(sys(SYS_chmod, "missing", 0600), -ENOENT);
	CHECK_EQ(sys(SYS_chown, "f", -1, -1), 0);
	CHECK_EQ(sys(SYS_chown, "f", getuid(), getgid()), 0);
	CHECK_EQ(sys(SYS_chown, "missing", -1, -1), -ENOENT);
	CHECK_EQ(sys(SYS_umask, 0777), 022);
	CHECK_EQ(sys(SYS_umask, 07777777), 0777);
	CHECK_EQ(sys(SYS_umask, 022), 0777);
	if (!is_root()) {
		CHECK_EQ(sys(SYS_chown, "f", 0, -1), -EPERM);
		CHECK_EQ(sys(SYS_chmod, "/", 0777), -EPERM);
		return;
	}
	CHECK_EQ(sys(SYS_chmod, "f", 06711), 0);
	CHECK_EQ(sys(SYS_chown, "f", 1234, 5678), 0);
	sys(SYS_stat, "f", &st);
	CHECK_EQ(st.st_uid, 1234);
	CHECK_EQ(st.st_gid, 5678);
	CHECK_EQ(sys(SYS_chown, "f", -1, 42), 0);
	sys(SYS_stat, "f", &st);
	CHECK_EQ(st.st_uid, 1234);
	CHECK_EQ(st.st_gid, 42);
	CHECK_EQ(st.st_mode & 06000, 0);	/* set-id bits go with the owner */
}

CASE(permission_checks_of_other_users)
{
	pid_t pid;

	if (!is_root())
		SKIP("needs root");
	scratch();
	put_file("secret", "s", 1, 0600);
	put_file("readable", "r", 1, 0644);
	put_file("group", "g", 1, 0640);
	REQUIRE_EQ(chown("group", 0, 65534), 0);
	mkdir("closed", 0700);
	put_file("closed/f", "x", 1, 0666);
	mkdir("search", 0711);
	put_file("search/f", "x", 1, 0644);
	mkdir("sticky", 01777);
	put_file("sticky/f", "x", 1, 0666);
	CHECK_EQ(chmod("sticky", 01777), 0);
	IN_CHILD(pid) {
		REQUIRE(drop_root());
		CHECK_EQ(sys(SYS_open, "secret", O_RDONLY), -EACCES);
		CHECK_EQ(sys(SYS_open, "secret", O_WRONLY), -EACCES);
		CHECK(sys(SYS_open, "readable", O_RDONLY) >= 0);
		CHECK_EQ(sys(SYS_open, "readable", O_RDWR), -EACCES);
		CHECK_EQ(sys(SYS_open, "readable", O_RDONLY | O_TRUNC), -EACCES);
		CHECK(sys(SYS_open, "group", O_RDONLY) >= 0);
		CHECK_EQ(sys(SYS_open, "group", O_WRONLY), -EACCES);
		CHECK_EQ(sys(SYS_open, "closed/f", O_RDONLY), -EACCES);
		CHECK_EQ(sys(SYS_stat, "closed/f", &(struct stat){ 0 }), -EACCES);
		CHECK_EQ(sys(SYS_open, "closed", O_RDONLY), -EACCES);
		CHECK_EQ(sys(SYS_chdir, "closed"), -EACCES);
		CHECK(sys(SYS_open, "search/f", O_RDONLY) >= 0);
		CHECK_EQ(sys(SYS_open, "search", O_RDONLY), -EACCES);	/* x, but not r */
		CHECK_EQ(sys(SYS_open, "search/new", O_CREAT | O_WRONLY, 0600), -EACCES);
		CHECK_EQ(sys(SYS_unlink, "search/f"), -EACCES);
		CHECK_EQ(sys(SYS_mkdir, "search/d", 0700), -EACCES);
		CHECK_EQ(sys(SYS_unlink, "sticky/f"), -EPERM);
		CHECK_EQ(sys(SYS_rename, "sticky/f", "sticky/g"), -EPERM);
		CHECK_EQ(sys(SYS_chmod, "readable", 0777), -EPERM);
		CHECK_EQ(sys(SYS_chown, "readable", 65534, -1), -EPERM);
		CHECK_EQ(sys(SYS_utimensat, AT_FDCWD, "readable", NULL, 0), -EACCES);
		CHECK_EQ(sys(SYS_access, "secret", R_OK), -EACCES);
		CHECK_EQ(sys(SYS_access, "secret", F_OK), 0);
		CHECK_EQ(sys(SYS_access, "readable", R_OK), 0);
		CHECK_EQ(sys(SYS_access, "readable", W_OK), -EACCES);
		CHECK_EQ(sys(SYS_access, "readable", X_OK), -EACCES);
		CHECK_EQ(sys(SYS_access, "closed/f", F_OK), -EACCES);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(sys(SYS_access, "secret", R_OK | W_OK), 0);	/* root may all, */
	CHECK_EQ(sys(SYS_access, "secret", X_OK), -EACCES);	/* but execute needs one x bit */
	CHECK_EQ(sys(SYS_access, "closed", X_OK), 0);
}

CASE(access_forms_and_errors)
{
	scratch();
	put_file("f", "x", 1, 0400);
	CHECK_EQ(sys(SYS_access, "f", F_OK), 0);
	CHECK_EQ(sys(SYS_access, "f", R_OK), 0);
	CHECK_EQ(sys(SYS_access, "f", 8), -EINVAL);
	CHECK_EQ(sys(SYS_access, "f", -1), -EINVAL);
	CHECK_EQ(sys(SYS_access, "missing", F_OK), -ENOENT);
	CHECK_EQ(sys(SYS_access, "f/x", F_OK), -ENOTDIR);
	CHECK_EQ(sys(SYS_faccessat, AT_FDCWD, "f", R_OK), 0);
	CHECK_EQ(sys(SYS_faccessat, must_open(".", O_RDONLY), "f", F_OK), 0);
	CHECK_EQ(sys(SYS_faccessat, 999, "f", F_OK), -EBADF);
	CHECK_EQ(sys(SYS_faccessat, must_open("f", O_RDONLY), "f", F_OK), -ENOTDIR);
	if (!is_root())
		CHECK_EQ(sys(SYS_access, "f", W_OK), -EACCES);
}

/* Rights are checked when a file is opened, not later. */
CASE(open_descriptors_keep_their_rights)
{
	struct stat st;
	char c;
	int fd;

	scratch();
	put_file("f", "x", 1, 0600);
	fd = must_open("f", O_RDWR);
	CHECK_EQ(chmod("f", 0), 0);
	CHECK_EQ(sys(SYS_pread64, fd, &c, 1, 0), 1);
	CHECK_EQ(sys(SYS_pwrite64, fd, "y", 1, 0), 1);
	CHECK_EQ(sys(SYS_unlink, "f"), 0);
	CHECK_EQ(sys(SYS_pread64, fd, &c, 1, 0), 1);
	CHECK_EQ(c, 'y');
	CHECK_EQ(sys(SYS_fstat, fd, &st), 0);
	CHECK_EQ(st.st_nlink, 0);
}

/* ---- locks ---------------------------------------------------------------------------------------------------- */

static long lock(int fd, int command, int type, off_t start, off_t len)
{
	struct flock fl = { .l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = len };

	return sys(SYS_fcntl, fd, command, &fl);
}

CASE(record_locks)
{
	struct flock fl;
	pid_t pid, me = getpid();
	int fd;

	scratch();
	fd = must_open("f", O_RDWR | O_CREAT);
	CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 10, 10), 0);
	CHECK_EQ(lock(fd, F_SETLK, F_RDLCK, 100, 0), 0);	/* to the end, wherever that will be */
	IN_CHILD(pid) {
		CHECK_EQ(lock(fd, F_SETLK, F_RDLCK, 15, 1), -EAGAIN);
		CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 0, 11), -EAGAIN);
		CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 0, 10), 0);
		CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 20, 80), 0);
		CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 1000, 1), -EAGAIN);
		CHECK_EQ(lock(fd, F_SETLK, F_RDLCK, 1000, 1), 0);
		fl = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0 };
		CHECK_EQ(sys(SYS_fcntl, fd, F_GETLK, &fl), 0);
		CHECK_EQ(fl.l_type, F_WRLCK);
		CHECK_EQ(fl.l_start, 10);
		CHECK_EQ(fl.l_len, 10);
		CHECK_EQ(fl.l_pid, me);
		fl = (struct flock){ .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 500, .l_len = 1 };
		CHECK_EQ(sys(SYS_fcntl, fd, F_GETLK, &fl), 0);
		CHECK_EQ(fl.l_type, F_UNLCK);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 0, 10), 0);	/* the child's locks went with it */
	CHECK_EQ(lock(fd, F_SETLK, F_UNLCK, 12, 3), 0);	/* splits the range */
	IN_CHILD(pid) {
		CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 12, 3), 0);
		CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 15, 1), -EAGAIN);
		CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 11, 1), -EAGAIN);
	}
	CHECK_EXIT(pid, 0);
	/* Closing any descriptor of the file drops all locks of the process. */
	close(must_open("f", O_RDONLY));
	IN_CHILD(pid) {
		CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 0, 0), 0);
	}
	CHECK_EXIT(pid, 0);
}

CASE(record_lock_errors)
{
	int r, w;

	scratch();
	put_file("f", "x", 1, 0600);
	r = must_open("f", O_RDONLY);
	w = must_open("f", O_WRONLY);
	CHECK_EQ(lock(r, F_SETLK, F_WRLCK, 0, 1), -EBADF);
	CHECK_EQ(lock(w, F_SETLK, F_RDLCK, 0, 1), -EBADF);
	CHECK_EQ(lock(w, F_SETLK, 9, 0, 1), -EINVAL);
	CHECK_EQ(lock(w, F_SETLK, F_WRLCK, -1, 1), -EINVAL);
	CHECK_EQ(lock(999, F_SETLK, F_WRLCK, 0, 1), -EBADF);
	CHECK_EQ(sys(SYS_fcntl, w, F_SETLK, NULL), -EFAULT);
}

CASE(record_lock_waits)
{
	int fd, ready[2];
	pid_t pid;
	char c;

	scratch();
	fd = must_open("f", O_RDWR | O_CREAT);
	REQUIRE_EQ(pipe(ready), 0);
	IN_CHILD(pid) {
		CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 0, 1), 0);
		(void)!write(ready[1], "r", 1);
		sleep_ms(30);
		CHECK_EQ(lock(fd, F_SETLK, F_UNLCK, 0, 1), 0);
		sleep_ms(1);
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	CHECK_EQ(lock(fd, F_SETLKW, F_WRLCK, 0, 1), 0);
	CHECK_EXIT(pid, 0);
}

/* ---- ioctl on files ------------------------------------------------------------------------------------------- */

CASE(terminal_questions_to_files)
{
	unsigned long buf[16];
	int fd, p[2];

	scratch();
	fd = must_open("f", O_RDWR | O_CREAT);
	REQUIRE_EQ(pipe(p), 0);
	CHECK_EQ(sys(SYS_ioctl, fd, 0x5401 /* TCGETS */, buf), -ENOTTY);
	CHECK_EQ(sys(SYS_ioctl, fd, 0x5413 /* TIOCGWINSZ */, buf), -ENOTTY);
	CHECK_EQ(sys(SYS_ioctl, fd, 0x540f /* TIOCGPGRP */, buf), -ENOTTY);
	CHECK_EQ(sys(SYS_ioctl, p[0], 0x5401, buf), -ENOTTY);
	CHECK_EQ(sys(SYS_ioctl, must_open("/dev/null", O_RDWR), 0x5401, buf), -ENOTTY);
	CHECK_EQ(sys(SYS_ioctl, fd, 0xdeadbeef, buf), -ENOTTY);
	CHECK_EQ(sys(SYS_ioctl, 999, 0x5401, buf), -EBADF);
}
