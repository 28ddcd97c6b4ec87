/* SPDX-License-Identifier: MIT */
/*
 * io_test.c - data in and out by the calls beside read and write: vectors at an offset, copies inside the kernel,
 * reserved space, advice, write-back, memory files, and what several writers of one file or pipe may rely on.
 * Sources: man preadv(2), sendfile(2), copy_file_range(2), fallocate(2), posix_fadvise(2), sync(2),
 * sync_file_range(2), memfd_create(2), truncate(2), pipe(7), fifo(7).
 */
#include "ktap.h"

#include <sys/mman.h>
#include <sys/uio.h>

#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC 1
#endif
#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#define RWF_APPEND 16
#define RWF_DSYNC 2
#endif

static int must_open(const char *path, int flags)
{
	int fd = (int)sys(SYS_openat, AT_FDCWD, path, flags, 0644);

	REQUIRE(fd >= 0);
	return fd;
}

static long size_of(int fd)
{
	struct stat st = { 0 };

	CHECK_EQ(sys(SYS_fstat, fd, &st), 0);
	return (long)st.st_size;
}

static long offset_of(int fd)
{
	return sys(SYS_lseek, fd, 0, SEEK_CUR);
}

/* The file's bytes at @offset are these. */
static bool holds(int fd, long offset, const char *text)
{
	char buf[64] = "";
	size_t len = strlen(text);

	return sys(SYS_pread64, fd, buf, len, offset) == (long)len && memcmp(buf, text, len) == 0;
}

/* ---- vectors at an offset ------------------------------------------------------------------------------------- */

CASE(preadv_pwritev_forms)
{
	char a[4] = "", b[8] = "";
	struct iovec out[3] = { { (char *)"abc", 3 }, { NULL, 0 }, { (char *)"defg", 4 } };
	struct iovec in[2] = { { a, 3 }, { b, 8 } };
	int fd, p[2];

	scratch();
	fd = must_open("f", O_RDWR | O_CREAT);
	CHECK_EQ(sys(SYS_pwritev, fd, out, 3, 2, 0), 7);
	CHECK_EQ(offset_of(fd), 0);
	CHECK_EQ(size_of(fd), 9);
	CHECK_EQ(sys(SYS_preadv, fd, in, 2, 2, 0), 7);
	CHECK(!memcmp(a, "abc", 3) && !memcmp(b, "defg", 4));
	CHECK_EQ(sys(SYS_preadv, fd, in, 2, 9, 0), 0);
	CHECK_EQ(sys(SYS_preadv, fd, in, 2, 100, 0), 0);
	CHECK_EQ(sys(SYS_preadv, fd, in, 0, 0, 0), 0);
	CHECK_EQ(sys(SYS_preadv, fd, in, 2, -1, 0), -EINVAL);
	CHECK_EQ(sys(SYS_pwritev, fd, in, 2, -5, 0), -EINVAL);
	CHECK_EQ(sys(SYS_preadv, fd, in, 1025, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_preadv, fd, NULL, 1, 0, 0), -EFAULT);
	CHECK_EQ(sys(SYS_preadv, 999, in, 1, 0, 0), -EBADF);
	CHECK_EQ(sys(SYS_pwritev, must_open("f", O_RDONLY), out, 3, 0, 0), -EBADF);
	CHECK_EQ(sys(SYS_preadv, must_open("f", O_WRONLY), in, 1, 0, 0), -EBADF);
	REQUIRE_EQ(pipe(p), 0);
	CHECK_EQ(sys(SYS_preadv, p[0], in, 1, 0, 0), -ESPIPE);
	CHECK_EQ(sys(SYS_pwritev, p[1], out, 1, 0, 0), -ESPIPE);
}

/* A buffer whose third page is missing: what lies before it moves, whatever else was looked up. */
CASE(fault_between_pages_of_a_transfer)
{
	const long page = 4096, all = 6 * page;
	char *buf = mmap(NULL, (size_t)all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long n;
	int fd;

	scratch();
	fd = must_open("f", O_RDWR | O_CREAT);
	REQUIRE(buf != MAP_FAILED);
	memset(buf, 'a', (size_t)all);
	CHECK_EQ(sys(SYS_pwrite64, fd, buf, all, 100), all);
	CHECK_EQ(munmap(buf + 2 * page, (size_t)page), 0);
	memset(buf, 'b', 2 * (size_t)page);
	for (int i = 0; i < 3; i++) {
		n = sys(SYS_pwrite64, fd, buf, all, 100);
		CHECK(n > page && n <= 2 * page);
		CHECK_EQ(sys(SYS_pread64, fd, buf, all, 100), 2 * page);
		CHECK(buf[0] == 'b' && buf[n - 1] == 'b' && buf[2 * page - 1] == (n == 2 * page ? 'b' : 'a'));
	}
	CHECK_EQ(sys(SYS_pread64, fd, buf + 2 * page, all, 0), -EFAULT);
	CHECK_EQ(size_of(fd), 100 + all);
	/* A hole between two pages that are there. */
	CHECK_EQ(sys(SYS_ftruncate, fd, 0), 0);
	CHECK_EQ(sys(SYS_pwrite64, fd, "x", 1, 0), 1);
	CHECK_EQ(sys(SYS_pwrite64, fd, "y", 1, 2 * page), 1);
	memset(buf, 'c', 2 * (size_t)page);
	CHECK_EQ(sys(SYS_pread64, fd, buf, 2 * page, 0), 2 * page);
	CHECK(buf[0] == 'x' && buf[1] == 0 && buf[page] == 0 && buf[2 * page - 1] == 0);
	CHECK_EQ(sys(SYS_pread64, fd, buf, 2 * page, page), page + 1);
	CHECK(buf[0] == 0 && buf[page] == 'y');
}

CASE(preadv2_pwritev2_offset_and_flags)
{
	char buf[8] = "";
	struct iovec out = { (char *)"wxyz", 4 }, in = { buf, 4 };
	int fd, p[2];

	scratch();
	fd = must_open("f", O_RDWR | O_CREAT);
	CHECK_EQ(sys(SYS_pwritev2, fd, &out, 1, -1, 0, 0), 4);	/* -1: the file's own offset, which moves */
	CHECK_EQ(offset_of(fd), 4);
	CHECK_EQ(sys(SYS_pwritev2, fd, &out, 1, 2, 0, RWF_DSYNC), 4);
	CHECK_EQ(offset_of(fd), 4);
	CHECK(holds(fd, 0, "wxwxyz"));
	CHECK_EQ(sys(SYS_preadv2, fd, &in, 1, -1, 0, 0), 2);
	CHECK_EQ(offset_of(fd), 6);
	CHECK_EQ(sys(SYS_preadv2, fd, &in, 1, 1, 0, 0), 4);
	CHECK(!memcmp(buf, "xwxy", 4));
	CHECK_EQ(sys(SYS_pwritev2, fd, &out, 1, 0, 0, RWF_APPEND), 4);	/* at the end whatever the offset says */
	CHECK_EQ(size_of(fd), 10);
	CHECK(holds(fd, 6, "wxyz"));
	CHECK_EQ(sys(SYS_preadv2, fd, &in, 1, 0, 0, 1 << 20), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_pwritev2, fd, &out, 1, 0, 0, 1 << 20), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_preadv2, fd, &in, 1, -2, 0, 0), -EINVAL);
	REQUIRE_EQ(pipe(p), 0);
	CHECK_EQ(sys(SYS_pwritev2, p[1], &out, 1, -1, 0, 0), 4);	/* pipes by the own offset only */
	CHECK_EQ(sys(SYS_pwritev2, p[1], &out, 1, 0, 0, 0), -ESPIPE);
	CHECK_EQ(sys(SYS_preadv2, p[0], &in, 1, -1, 0, 0), 4);
	CHECK_EQ(sys(SYS_preadv2, p[0], &in, 1, -1, 0, RWF_NOWAIT), -EAGAIN);
}

/* ---- copies inside the kernel --------------------------------------------------------------------------------- */

CASE(sendfile_file_to_file)
{
	off_t offset = 3;
	int in, out;

	scratch();
	REQUIRE(put_file("in", "0123456789", 10, 0644));
	in = must_open("in", O_RDONLY);
	out = must_open("out", O_RDWR | O_CREAT);
	CHECK_EQ(sys(SYS_sendfile, out, in, &offset, 4), 4);
	CHECK_EQ(offset, 7);
	CHECK_EQ(offset_of(in), 0);	/* its own offset is left alone */
	CHECK_EQ(offset_of(out), 4);
	CHECK_EQ(sys(SYS_sendfile, out, in, NULL, 2), 2);
	CHECK_EQ(offset_of(in), 2);
	CHECK_EQ(sys(SYS_sendfile, out, in, NULL, 1000), 8);	/* to the end */
	CHECK_EQ(sys(SYS_sendfile, out, in, NULL, 1000), 0);
	CHECK(holds(out, 0, "34560123456789"));
	offset = 100;
	CHECK_EQ(sys(SYS_sendfile, out, in, &offset, 5), 0);
	CHECK_EQ(offset, 100);
	CHECK_EQ(sys(SYS_sendfile, out, in, &offset, 0), 0);
	offset = -1;
	CHECK_EQ(sys(SYS_sendfile, out, in, &offset, 5), -EINVAL);
	CHECK_EQ(sys(SYS_sendfile, out, in, (void *)8, 5), -EFAULT);
	CHECK_EQ(sys(SYS_sendfile, 999, in, NULL, 5), -EBADF);
	CHECK_EQ(sys(SYS_sendfile, out, 999, NULL, 5), -EBADF);
	CHECK_EQ(sys(SYS_sendfile, in, out, NULL, 5), -EBADF);	/* opened for reading */
	CHECK_EQ(sys(SYS_sendfile, out, must_open("out", O_WRONLY), NULL, 5), -EBADF);
	CHECK_EQ(sys(SYS_sendfile, must_open("out", O_WRONLY | O_APPEND), in, NULL, 5), -EINVAL);
}

CASE(sendfile_to_a_pipe)
{
	static char big[200000], got[sizeof(big)];
	off_t offset = 1;
	size_t used = 0;
	ssize_t n;
	int fd, p[2];
	pid_t pid;

	scratch();
	memset(big, 'b', sizeof(big));
	big[0] = 'a';
	big[sizeof(big) - 1] = 'z';
	REQUIRE(put_file("f", big, sizeof(big), 0644));
	fd = must_open("f", O_RDONLY);
	REQUIRE_EQ(pipe(p), 0);
	CHECK_EQ(sys(SYS_sendfile, p[1], fd, NULL, 1), 1);
	CHECK_EQ(sys(SYS_sendfile, p[1], p[0], &offset, 1), -ESPIPE);	/* an offset into a pipe */
	IN_CHILD(pid) {
		close(p[0]);
		for (used = 1; used < sizeof(big); used += (size_t)n)
			REQUIRE((n = (ssize_t)sys(SYS_sendfile, p[1], fd, NULL, sizeof(big))) > 0);
	}
	close(p[1]);
	for (used = 0; (n = read(p[0], got + used, sizeof(got) - used)) > 0;)
		used += (size_t)n;
	CHECK_EQ(used, sizeof(big));
	CHECK(memcmp(big, got, sizeof(big)) == 0);
	CHECK_EXIT(pid, 0);
}

CASE(copy_file_range_forms)
{
	int64_t from = 2, to = 1;
	int in, out, p[2];

	scratch();
	REQUIRE(put_file("in", "0123456789", 10, 0644));
	in = must_open("in", O_RDWR);
	out = must_open("out", O_RDWR | O_CREAT);
	CHECK_EQ(sys(SYS_copy_file_range, in, &from, out, &to, 3, 0), 3);
	CHECK_EQ(from, 5);
	CHECK_EQ(to, 4);
	CHECK_EQ(offset_of(in), 0);
	CHECK_EQ(offset_of(out), 0);
	CHECK(holds(out, 1, "234"));
	CHECK_EQ(sys(SYS_copy_file_range, in, NULL, out, NULL, 100, 0), 10);
	CHECK_EQ(offset_of(in), 10);
	CHECK_EQ(offset_of(out), 10);
	CHECK_EQ(sys(SYS_copy_file_range, in, NULL, out, NULL, 100, 0), 0);	/* at the end */
	CHECK(holds(out, 0, "0123456789"));
	from = 0;
	to = 5;
	CHECK_EQ(sys(SYS_copy_file_range, in, &from, in, &to, 5, 0), 5);	/* within one file */
	CHECK(holds(in, 0, "0123401234"));
	from = 0;
	to = 2;
	CHECK_EQ(sys(SYS_copy_file_range, in, &from, in, &to, 5, 0), -EINVAL);	/* not over itself */
	CHECK_EQ(sys(SYS_copy_file_range, in, NULL, out, NULL, 1, 1), -EINVAL);
	CHECK_EQ(sys(SYS_copy_file_range, 999, NULL, out, NULL, 1, 0), -EBADF);
	CHECK_EQ(sys(SYS_copy_file_range, must_open("in", O_WRONLY), NULL, out, NULL, 1, 0), -EBADF);
	CHECK_EQ(sys(SYS_copy_file_range, in, NULL, must_open("out", O_RDONLY), NULL, 1, 0), -EBADF);
	CHECK_EQ(sys(SYS_copy_file_range, in, NULL, must_open("out", O_WRONLY | O_APPEND), NULL, 1, 0),
		 -EBADF);
	CHECK_EQ(sys(SYS_copy_file_range, in, NULL, must_open(".", O_RDONLY), NULL, 1, 0), -EISDIR);
	REQUIRE_EQ(pipe(p), 0);
	CHECK_EQ(sys(SYS_copy_file_range, p[0], NULL, out, NULL, 1, 0), -EINVAL);
	CHECK_EQ(sys(SYS_copy_file_range, in, NULL, p[1], NULL, 1, 0), -EINVAL);
}

/* ---- size and space ------------------------------------------------------------------------------------------- */

CASE(truncate_by_name)
{
	int fd, p[2];

	scratch();
	REQUIRE(put_file("f", "0123456789", 10, 0644));
	fd = must_open("f", O_RDONLY);
	CHECK_EQ(sys(SYS_truncate, "f", 4), 0);
	CHECK_EQ(size_of(fd), 4);
	CHECK_EQ(sys(SYS_truncate, "f", 5000), 0);
	CHECK_EQ(size_of(fd), 5000);
	CHECK(holds(fd, 0, "0123"));
	REQUIRE_EQ(symlink("f", "l"), 0);
	CHECK_EQ(sys(SYS_truncate, "l", 0), 0);	/* through the link */
	CHECK_EQ(size_of(fd), 0);
	CHECK_EQ(sys(SYS_truncate, "f", -1), -EINVAL);
	CHECK_EQ(sys(SYS_truncate, ".", 0), -EISDIR);
	CHECK_EQ(sys(SYS_truncate, "none", 0), -ENOENT);
	CHECK_EQ(sys(SYS_truncate, "f/x", 0), -ENOTDIR);
	CHECK_EQ(sys(SYS_truncate, NULL, 0), -EFAULT);
	CHECK_EQ(sys(SYS_truncate, "/dev/null", 0), -EINVAL);
	REQUIRE_EQ(pipe(p), 0);
	CHECK_EQ(sys(SYS_ftruncate, p[1], 0), -EINVAL);
	if (!is_root() || drop_root()) {
		REQUIRE_EQ(is_root(), 0);
		CHECK_EQ(sys(SYS_truncate, "/", 0), -EISDIR);
		CHECK_EQ(sys(SYS_truncate, "/proc/version", 0), -EACCES);
	}
}

CASE(fallocate_grows_keeps_and_punches)
{
	static char block[3 * PAGE];
	struct stat st;
	int fd, p[2];
	long ret;

	scratch();
	fd = must_open("f", O_RDWR | O_CREAT);
	ret = sys(SYS_fallocate, fd, 0, 0, 2 * PAGE);
	if (ret == -EOPNOTSUPP)
		SKIP("the file system cannot reserve");
	CHECK_EQ(ret, 0);
	CHECK_EQ(size_of(fd), 2 * PAGE);
	CHECK_EQ(sys(SYS_fstat, fd, &st), 0);
	CHECK(st.st_blocks >= (long)(2 * PAGE / 512));
	CHECK_EQ(sys(SYS_fallocate, fd, FALLOC_FL_KEEP_SIZE, 4 * PAGE, PAGE), 0);
	CHECK_EQ(size_of(fd), 2 * PAGE);
	memset(block, 'x', sizeof(block));
	CHECK_EQ(sys(SYS_pwrite64, fd, block, sizeof(block), 0), sizeof(block));
	CHECK_EQ(sys(SYS_fallocate, fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, PAGE - 1, PAGE + 2), 0);
	CHECK_EQ(size_of(fd), 3 * PAGE);
	CHECK_EQ(sys(SYS_pread64, fd, block, sizeof(block), 0), sizeof(block));
	CHECK(block[PAGE - 2] == 'x' && !block[PAGE - 1] && !block[PAGE] && !block[2 * PAGE]);
	CHECK_EQ(block[2 * PAGE + 1], 'x');
	CHECK_EQ(sys(SYS_fallocate, fd, 0, 0, 1), 0);	/* what is there stays */
	CHECK_EQ(size_of(fd), 3 * PAGE);
	CHECK(holds(fd, 0, "xxx"));
	CHECK_EQ(sys(SYS_fallocate, fd, 0, -1, 10), -EINVAL);
	CHECK_EQ(sys(SYS_fallocate, fd, 0, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_fallocate, fd, 0, 0, -1), -EINVAL);
	CHECK_EQ(sys(SYS_fallocate, fd, 0, INT64_MAX, INT64_MAX), -EFBIG);
	CHECK_EQ(sys(SYS_fallocate, fd, FALLOC_FL_PUNCH_HOLE, 0, PAGE), -EOPNOTSUPP);	/* only with KEEP_SIZE */
	CHECK_EQ(sys(SYS_fallocate, fd, 0x1000, 0, PAGE), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_fallocate, 999, 0, 0, PAGE), -EBADF);
	CHECK_EQ(sys(SYS_fallocate, must_open("f", O_RDONLY), 0, 0, PAGE), -EBADF);
	CHECK_EQ(sys(SYS_fallocate, must_open("/dev/null", O_RDWR), 0, 0, PAGE), -ENODEV);
	REQUIRE_EQ(pipe(p), 0);
	CHECK_EQ(sys(SYS_fallocate, p[1], 0, 0, PAGE), -ESPIPE);
}

/* ---- advice and write-back ------------------------------------------------------------------------------------ */

CASE(fadvise64_values)
{
	int fd, p[2], advice;

	scratch();
	REQUIRE(put_file("f", "data", 4, 0644));
	fd = must_open("f", O_RDONLY);
	for (advice = 0; advice <= 5; advice++)
		CHECK_EQ(sys(SYS_fadvise64, fd, 0, 0, advice), 0);
	CHECK(holds(fd, 0, "data"));	/* DONTNEED loses nothing */
	CHECK_EQ(sys(SYS_fadvise64, fd, 100, 1000, 3), 0);
	CHECK_EQ(sys(SYS_fadvise64, fd, 0, 0, 6), -EINVAL);
	CHECK_EQ(sys(SYS_fadvise64, fd, 0, 0, -1), -EINVAL);
	CHECK_EQ(sys(SYS_fadvise64, fd, 0, -1, 0), -EINVAL);
	CHECK_EQ(sys(SYS_fadvise64, 999, 0, 0, 0), -EBADF);
	REQUIRE_EQ(pipe(p), 0);
	CHECK_EQ(sys(SYS_fadvise64, p[0], 0, 0, 0), -ESPIPE);
}

CASE(sync_family)
{
	int fd, p[2];

	scratch();
	fd = must_open("f", O_RDWR | O_CREAT);
	CHECK_EQ(sys(SYS_write, fd, "abc", 3), 3);
	CHECK_EQ(sys(SYS_sync_file_range, fd, 0, 0, 7), 0);
	CHECK_EQ(sys(SYS_sync_file_range, fd, 1, 100, 0), 0);
	CHECK_EQ(sys(SYS_sync_file_range, fd, 0, 0, 8), -EINVAL);
	CHECK_EQ(sys(SYS_sync_file_range, fd, -1, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_sync_file_range, fd, 0, -1, 0), -EINVAL);
	CHECK_EQ(sys(SYS_sync_file_range, fd, INT64_MAX, 1, 0), -EINVAL);
	CHECK_EQ(sys(SYS_sync_file_range, 999, 0, 0, 0), -EBADF);
	REQUIRE_EQ(pipe(p), 0);
	CHECK_EQ(sys(SYS_sync_file_range, p[0], 0, 0, 0), -ESPIPE);
	CHECK_EQ(sys(SYS_fsync, p[0]), -EINVAL);
	CHECK_EQ(sys(SYS_fdatasync, p[1]), -EINVAL);
	CHECK_EQ(sys(SYS_syncfs, 999), -EBADF);
	/* The host's disk may be slow and is not ours to flush. */
	if (on_exo()) {
		CHECK_EQ(sys(SYS_syncfs, fd), 0);
		CHECK_EQ(sys(SYS_sync), 0);
	}
	CHECK(holds(fd, 0, "abc"));
}

/* ---- memory files --------------------------------------------------------------------------------------------- */

CASE(memfd_create_forms)
{
	char name[300], link[64] = "", path[64];
	struct stat st;
	int fd, plain;
	char *p;

	fd = (int)sys(SYS_memfd_create, "some name", MFD_CLOEXEC);
	REQUIRE(fd >= 0);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFL) & O_ACCMODE, O_RDWR);
	CHECK_EQ(sys(SYS_fstat, fd, &st), 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0777);
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(st.st_size, 0);
	plain = (int)sys(SYS_memfd_create, "", 0);
	CHECK_EQ(sys(SYS_fcntl, plain, F_GETFD), 0);
	CHECK_EQ(sys(SYS_write, fd, "in memory", 9), 9);
	CHECK_EQ(sys(SYS_ftruncate, fd, 2 * PAGE), 0);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	REQUIRE(p != MAP_FAILED);
	CHECK(memcmp(p, "in memory", 10) == 0);
	p[PAGE] = 'm';
	CHECK(holds(fd, PAGE, "m"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(readlink(path, link, sizeof(link) - 1) > 0);
	CHECK_STR(link, "/memfd:some name (deleted)");
	CHECK(open(path, O_RDONLY) >= 0);	/* opens the same file anew */
	memset(name, 'n', sizeof(name));
	name[249] = 0;
	CHECK(sys(SYS_memfd_create, name, 0) >= 0);
	name[249] = 'n';
	name[250] = 0;
	CHECK_EQ(sys(SYS_memfd_create, name, 0), -EINVAL);
	CHECK_EQ(sys(SYS_memfd_create, "x", 0x100), -EINVAL);
	CHECK_EQ(sys(SYS_memfd_create, NULL, 0), -EFAULT);
}

/* ---- several writers ------------------------------------------------------------------------------------------ */

/* O_APPEND: each write lands whole at the end of the file, whoever writes. */
CASE(appends_of_processes_stay_whole)
{
	enum { WRITERS = 4, TIMES = 50, RECORD = 300 };
	static char record[RECORD], all[WRITERS * TIMES * RECORD];
	unsigned count[WRITERS] = { 0 };
	pid_t pids[WRITERS];
	int i, k, fd, torn = 0;

	scratch();
	fd = must_open("f", O_RDWR | O_CREAT);
	for (i = 0; i < WRITERS; i++)
		IN_CHILD(pids[i]) {
			int own = must_open("f", O_WRONLY | O_APPEND);

			memset(record, 'A' + i, RECORD);
			for (k = 0; k < TIMES; k++)
				REQUIRE_EQ(sys(SYS_write, own, record, RECORD), RECORD);
		}
	for (i = 0; i < WRITERS; i++)
		CHECK_EXIT(pids[i], 0);
	REQUIRE_EQ(size_of(fd), sizeof(all));
	REQUIRE_EQ(sys(SYS_pread64, fd, all, sizeof(all), 0), sizeof(all));
	for (i = 0; i < WRITERS * TIMES; i++) {
		char *r = all + i * RECORD;

		for (k = 1; k < RECORD; k++)
			torn += r[k] != r[0];
		if (CHECK(r[0] >= 'A' && r[0] < 'A' + WRITERS))
			count[r[0] - 'A']++;
	}
	CHECK_EQ(torn, 0);
	for (i = 0; i < WRITERS; i++)
		CHECK_EQ(count[i], TIMES);
}

/* Writers that share one open file share its offset: nothing is written over. */
CASE(writers_of_one_open_file)
{
	enum { WRITERS = 4, TIMES = 100 };
	pid_t pids[WRITERS];
	int i, k, fd;

	scratch();
	fd = must_open("f", O_RDWR | O_CREAT);
	for (i = 0; i < WRITERS; i++)
		IN_CHILD(pids[i])
			for (k = 0; k < TIMES; k++)
				REQUIRE_EQ(sys(SYS_write, fd, "0123456", 7), 7);
	for (i = 0; i < WRITERS; i++)
		CHECK_EXIT(pids[i], 0);
	CHECK_EQ(size_of(fd), WRITERS * TIMES * 7);
	CHECK_EQ(offset_of(fd), WRITERS * TIMES * 7);
}

/* Writes to a pipe of at most PIPE_BUF bytes are never mixed. */
CASE(small_pipe_writes_stay_whole)
{
	enum { WRITERS = 4, TIMES = 40, RECORD = 4096 };
	static char record[RECORD], got[RECORD];
	pid_t pids[WRITERS];
	int i, k, p[2], torn = 0, records = 0;
	size_t used = 0;
	ssize_t n;

	REQUIRE_EQ(pipe(p), 0);
	for (i = 0; i < WRITERS; i++)
		IN_CHILD(pids[i]) {
			memset(record, 'a' + i, RECORD);
			for (k = 0; k < TIMES; k++)
				REQUIRE_EQ(sys(SYS_write, p[1], record, RECORD), RECORD);
		}
	close(p[1]);
	while ((n = (ssize_t)sys(SYS_read, p[0], got + used, RECORD - used)) > 0) {
		used += (size_t)n;
		if (used < RECORD)
			continue;
		for (k = 1; k < RECORD; k++)
			torn += got[k] != got[0];
		records++;
		used = 0;
	}
	CHECK_EQ(records, WRITERS * TIMES);
	CHECK_EQ(torn, 0);
	for (i = 0; i < WRITERS; i++)
		CHECK_EXIT(pids[i], 0);
}

/* ---- named pipes ---------------------------------------------------------------------------------------------- */

CASE(fifo_open_rules)
{
	struct stat st;
	char c = 0;
	int r, w, both;

	scratch();
	CHECK_EQ(sys(SYS_mknodat, AT_FDCWD, "p", S_IFIFO | 0666, 0), 0);
	CHECK_EQ(sys(SYS_stat, "p", &st), 0);
	CHECK_EQ(st.st_mode, S_IFIFO | 0644);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "p", O_WRONLY | O_NONBLOCK, 0), -ENXIO);	/* no reader */
	r = must_open("p", O_RDONLY | O_NONBLOCK);	/* does not wait */
	CHECK_EQ(sys(SYS_read, r, &c, 1), 0);		/* no writer: end of file */
	w = must_open("p", O_WRONLY | O_NONBLOCK);
	CHECK_EQ(sys(SYS_read, r, &c, 1), -EAGAIN);
	CHECK_EQ(sys(SYS_write, w, "x", 1), 1);
	CHECK_EQ(sys(SYS_fstat, r, &st), 0);
	CHECK_EQ(st.st_size, 0);
	CHECK_EQ(sys(SYS_read, r, &c, 1), 1);
	CHECK_EQ(c, 'x');
	close(w);
	CHECK_EQ(sys(SYS_read, r, &c, 1), 0);
	close(r);
	both = must_open("p", O_RDWR);	/* never waits, holds both ends open */
	CHECK_EQ(sys(SYS_write, both, "y", 1), 1);
	r = must_open("p", O_RDONLY);
	CHECK_EQ(sys(SYS_read, r, &c, 1), 1);
	CHECK_EQ(c, 'y');
	CHECK_EQ(sys(SYS_lseek, both, 0, SEEK_SET), -ESPIPE);
	CHECK_EQ(sys(SYS_write, both, "lost", 4), 4);
	close(both);
	CHECK_EQ(sys(SYS_read, r, &c, 1), 1);	/* a reader still holds the data */
	close(r);
	r = must_open("p", O_RDONLY | O_NONBLOCK);
	CHECK_EQ(sys(SYS_read, r, &c, 1), 0);	/* the last close threw it away */
}

CASE(fifo_opens_wait_for_each_other)
{
	char buf[16] = "";
	int64_t start;
	pid_t pid;
	int fd;

	scratch();
	REQUIRE_EQ(mkfifo("p", 0600), 0);
	IN_CHILD(pid) {
		sleep_ms(100);
		fd = must_open("p", O_WRONLY);
		CHECK_EQ(sys(SYS_write, fd, "hello", 5), 5);
	}
	start = now_ns();
	fd = must_open("p", O_RDONLY);
	CHECK(now_ns() - start > 50 * 1000000l);
	CHECK_EQ(sys(SYS_read, fd, buf, sizeof(buf)), 5);
	CHECK_EQ(sys(SYS_read, fd, buf, sizeof(buf)), 0);
	CHECK_EXIT(pid, 0);
	close(fd);	/* first: the next writer must not find this reader, and be gone before the next */
	IN_CHILD(pid) {	/* a writer that comes and goes before the reader is on its CPU again still lets it in */
		fd = must_open("p", O_WRONLY);
		close(fd);
	}
	fd = must_open("p", O_RDONLY);
	CHECK_EQ(sys(SYS_read, fd, buf, sizeof(buf)), 0);
	CHECK_EXIT(pid, 0);
}

static void on_alarm(int sig UNUSED)
{
}

CASE(fifo_open_is_interrupted)
{
	struct sigaction sa = { .sa_handler = on_alarm };

	scratch();
	REQUIRE_EQ(mkfifo("p", 0600), 0);
	sigaction(SIGALRM, &sa, NULL);
	alarm(1);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "p", O_RDONLY, 0), -EINTR);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "p", O_WRONLY | O_NONBLOCK, 0), -ENXIO);	/* it left no reader behind */
}

/* ---- size of a pipe ------------------------------------------------------------------------------------------- */

CASE(pipe_holds_64k_and_can_grow)
{
	static char block[4096];
	long total = 0, n;
	int p[2];

	REQUIRE_EQ(pipe2(p, O_NONBLOCK), 0);
	CHECK_EQ(sys(SYS_fcntl, p[0], F_GETPIPE_SZ), 65536);
	while ((n = sys(SYS_write, p[1], block, sizeof(block))) > 0)
		total += n;
	CHECK_EQ(n, -EAGAIN);
	CHECK_EQ(total, 65536);
	CHECK_EQ(sys(SYS_fcntl, p[1], F_SETPIPE_SZ, 200000), 262144);	/* the next power of two */
	CHECK_EQ(sys(SYS_fcntl, p[1], F_SETPIPE_SZ, 4096), -EBUSY);	/* holds more */
	while ((n = sys(SYS_write, p[1], block, sizeof(block))) > 0)
		total += n;
	CHECK_EQ(total, 262144);
	while (total > 0 && (n = sys(SYS_read, p[0], block, sizeof(block))) > 0)
		total -= n;
	CHECK_EQ(total, 0);
	CHECK_EQ(sys(SYS_fcntl, p[1], F_SETPIPE_SZ, 1), 4096);
	CHECK_EQ(sys(SYS_fcntl, p[1], F_SETPIPE_SZ, 0x80000001), -EINVAL);
}
