/* SPDX-License-Identifier: MIT */
/*
 * pipe_test.c - pipes: data, ends, capacity, atomic writes, SIGPIPE, non-blocking mode, and what poll, ppoll,
 * select and pselect6 say about them (man pipe(7), poll(2), select(2)).
 */
#include "ktap.h"

#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/uio.h>

#ifndef F_SETPIPE_SZ
#define F_SETPIPE_SZ 1031
#define F_GETPIPE_SZ 1032
#endif

static volatile sig_atomic_t signals_seen;

static void count_signal(int sig UNUSED)
{
	signals_seen++;
}

static void make_pipe(int fd[2], int flags)
{
	REQUIRE_EQ(sys(SYS_pipe2, fd, flags), 0);
}

CASE(data_and_end_of_file)
{
	char buf[16];
	int fd[2];

	REQUIRE_EQ(sys(SYS_pipe, fd), 0);
	CHECK_EQ(sys(SYS_write, fd[1], "hello", 5), 5);
	CHECK_EQ(sys(SYS_write, fd[1], "!", 1), 1);
	CHECK_EQ(sys(SYS_read, fd[0], buf, 3), 3);
	CHECK(memcmp(buf, "hel", 3) == 0);
	CHECK_EQ(sys(SYS_read, fd[0], buf, 16), 3);
	CHECK(memcmp(buf, "lo!", 3) == 0);
	CHECK_EQ(sys(SYS_write, fd[1], "x", 0), 0);
	close(fd[1]);
	CHECK_EQ(sys(SYS_read, fd[0], buf, 16), 0);
	CHECK_EQ(sys(SYS_read, fd[0], buf, 16), 0);
}

CASE(pipe2_flags)
{
	int fd[2];

	make_pipe(fd, O_CLOEXEC | O_NONBLOCK);
	CHECK_EQ(sys(SYS_fcntl, fd[0], F_GETFD), FD_CLOEXEC);
	CHECK_EQ(sys(SYS_fcntl, fd[1], F_GETFD), FD_CLOEXEC);
	CHECK_EQ(sys(SYS_fcntl, fd[0], F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDONLY | O_NONBLOCK);
	CHECK_EQ(sys(SYS_fcntl, fd[1], F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_WRONLY | O_NONBLOCK);
	CHECK_EQ(sys(SYS_pipe2, fd, O_TRUNC), -EINVAL);
	CHECK_EQ(sys(SYS_pipe2, fd, 1L << 30), -EINVAL);
	make_pipe(fd, 0);
	CHECK_EQ(sys(SYS_fcntl, fd[0], F_GETFD), 0);
}

CASE(wrong_end_and_seek)
{
	struct stat st;
	char c = 0;
	int fd[2];

	make_pipe(fd, 0);
	CHECK_EQ(sys(SYS_write, fd[0], &c, 1), -EBADF);
	CHECK_EQ(sys(SYS_read, fd[1], &c, 1), -EBADF);
	CHECK_EQ(sys(SYS_lseek, fd[0], 0, SEEK_SET), -ESPIPE);
	CHECK_EQ(sys(SYS_pread64, fd[0], &c, 1, 0), -ESPIPE);
	CHECK_EQ(sys(SYS_pwrite64, fd[1], &c, 1, 0), -ESPIPE);
	CHECK_EQ(sys(SYS_ftruncate, fd[1], 0), -EINVAL);
	CHECK_EQ(sys(SYS_fsync, fd[1]), -EINVAL);
	CHECK_EQ(sys(SYS_fdatasync, fd[1]), -EINVAL);
	CHECK_EQ(sys(SYS_fstat, fd[0], &st), 0);
	CHECK(S_ISFIFO(st.st_mode));
	CHECK_EQ(st.st_mode & 0777, 0600);
	CHECK_EQ(sys(SYS_getdents64, fd[0], &st, sizeof(st)), -ENOTDIR);
}

CASE(no_reader_epipe_sigpipe)
{
	int fd[2];
	pid_t pid;

	make_pipe(fd, 0);
	close(fd[0]);
	IN_CHILD(pid) {
		sys(SYS_write, fd[1], "x", 1);
	}
	CHECK_KILLED(pid, SIGPIPE);
	signal(SIGPIPE, SIG_IGN);
	CHECK_EQ(sys(SYS_write, fd[1], "x", 1), -EPIPE);
	signals_seen = 0;
	signal(SIGPIPE, count_signal);
	CHECK_EQ(sys(SYS_write, fd[1], "x", 1), -EPIPE);
	CHECK_EQ(signals_seen, 1);
}

CASE(nonblocking_and_capacity)
{
	char block[4096] = { 0 };
	long size, total = 0, ret;
	int fd[2], left = -1;

	make_pipe(fd, O_NONBLOCK);
	CHECK_EQ(sys(SYS_read, fd[0], block, 1), -EAGAIN);
	while ((ret = sys(SYS_write, fd[1], block, sizeof(block))) == (long)sizeof(block))
		total += ret;
	CHECK_EQ(ret, -EAGAIN);
	CHECK(total >= 4096 && total <= 1 << 20);
	CHECK_EQ(sys(SYS_ioctl, fd[0], FIONREAD, &left), 0);
	CHECK_EQ(left, total);
	size = sys(SYS_fcntl, fd[0], F_GETPIPE_SZ);
	if (size != -EINVAL)	/* the call may be missing, but may not lie */
		CHECK_EQ(size, total);
	CHECK_EQ(sys(SYS_read, fd[0], block, sizeof(block)), sizeof(block));
	CHECK_EQ(sys(SYS_write, fd[1], block, sizeof(block)), sizeof(block));
	CHECK_EQ(sys(SYS_write, fd[1], block, 1), -EAGAIN);
	sys(SYS_fcntl, fd[0], F_SETFL, 0);
	while (total > 0)
		total -= sys(SYS_read, fd[0], block, sizeof(block));
	CHECK_EQ(total, 0);
	sys(SYS_fcntl, fd[0], F_SETFL, O_NONBLOCK);
	CHECK_EQ(sys(SYS_read, fd[0], block, 1), -EAGAIN);
	close(fd[1]);
	CHECK_EQ(sys(SYS_read, fd[0], block, 1), 0);
}

/* A write of at most PIPE_BUF bytes goes whole or not at all. */
CASE(nonblocking_write_is_all_or_nothing)
{
	static char big[1 << 20];
	int fd[2];
	long ret, room;

	make_pipe(fd, O_NONBLOCK);
	ret = sys(SYS_write, fd[1], big, sizeof(big));
	CHECK(ret >= 4096 && ret < (long)sizeof(big));	/* partial, as it is longer than the pipe */
	CHECK_EQ(sys(SYS_write, fd[1], big, 1), -EAGAIN);
	room = 4096;
	CHECK_EQ(sys(SYS_read, fd[0], big, room), room);
	CHECK_EQ(sys(SYS_write, fd[1], big, 4096), 4096);
	CHECK_EQ(sys(SYS_write, fd[1], big, 4096), -EAGAIN);
}

CASE(blocking_write_completes)
{
	static char big[300000], got[4096];
	int fd[2];
	pid_t pid;
	long total = 0, ret, i;
	bool same = true;

	make_pipe(fd, 0);
	IN_CHILD(pid) {
		for (i = 0; i < (long)sizeof(big); i++)
			big[i] = (char)(i % 251);
		CHECK_EQ(sys(SYS_write, fd[1], big, sizeof(big)), sizeof(big));
	}
	close(fd[1]);
	while ((ret = sys(SYS_read, fd[0], got, 3001)) > 0) {
		for (i = 0; i < ret; i++)
			same &= got[i] == (char)((total + i) % 251);
		total += ret;
	}
	CHECK_EQ(ret, 0);
	CHECK_EQ(total, sizeof(big));
	CHECK(same);
	CHECK_EXIT(pid, 0);
}

/* Four writers of 512-byte records into one pipe: none is torn. */
CASE(atomic_records_of_many_writers)
{
	enum { WRITERS = 4, RECORDS = 64, LEN = 512 };
	int fd[2], counts[WRITERS] = { 0 };
	pid_t pid[WRITERS];
	char rec[LEN];
	long got, n;
	int i, k, torn = 0;

	make_pipe(fd, 0);
	for (i = 0; i < WRITERS; i++) {
		IN_CHILD(pid[i]) {
			memset(rec, 'a' + i, LEN);
			for (k = 0; k < RECORDS; k++)
				CHECK_EQ(sys(SYS_write, fd[1], rec, LEN), LEN);
		}
	}
	close(fd[1]);
	for (;;) {
		for (got = 0; got < LEN; got += n) {
			n = sys(SYS_read, fd[0], rec + got, LEN - got);
			if (n <= 0)
				break;
		}
		if (got < LEN)
			break;
		for (k = 1; k < LEN; k++)
			torn += rec[k] != rec[0];
		if (rec[0] >= 'a' && rec[0] < 'a' + WRITERS)
			counts[rec[0] - 'a']++;
	}
	CHECK_EQ(got, 0);
	CHECK_EQ(torn, 0);
	for (i = 0; i < WRITERS; i++) {
		CHECK_EQ(counts[i], RECORDS);
		CHECK_EXIT(pid[i], 0);
	}
}

CASE(reader_woken_by_data_and_by_close)
{
	int fd[2];
	pid_t pid;
	char c;

	make_pipe(fd, 0);
	IN_CHILD(pid) {
		close(fd[0]);
		sleep_ms(20);
		CHECK_EQ(sys(SYS_write, fd[1], "z", 1), 1);
		sleep_ms(20);
	}
	close(fd[1]);
	CHECK_EQ(sys(SYS_read, fd[0], &c, 1), 1);
	CHECK_EQ(c, 'z');
	CHECK_EQ(sys(SYS_read, fd[0], &c, 1), 0);
	CHECK_EXIT(pid, 0);
}

CASE(writer_woken_by_room_and_by_close)
{
	static char block[65536];
	int fd[2];
	pid_t pid;
	long ret;

	make_pipe(fd, O_NONBLOCK);
	while (sys(SYS_write, fd[1], block, 4096) == 4096)
		;
	sys(SYS_fcntl, fd[1], F_SETFL, 0);
	signal(SIGPIPE, SIG_IGN);
	IN_CHILD(pid) {
		close(fd[1]);
		sleep_ms(20);
		CHECK_EQ(sys(SYS_read, fd[0], block, 4096), 4096);
		sleep_ms(20);
	}
	close(fd[0]);
	CHECK_EQ(sys(SYS_write, fd[1], block, 4096), 4096);
	ret = sys(SYS_write, fd[1], block, 4096);
	CHECK_EQ(ret, -EPIPE);
	CHECK_EXIT(pid, 0);
}

CASE(poll_states)
{
	static char block[4096];
	struct pollfd p;
	int fd[2];

	make_pipe(fd, O_NONBLOCK);
	p = (struct pollfd){ .fd = fd[0], .events = POLLIN };
	CHECK_EQ(sys(SYS_poll, &p, 1, 0), 0);
	CHECK_EQ(p.revents, 0);
	p = (struct pollfd){ .fd = fd[1], .events = POLLOUT | POLLIN };
	CHECK_EQ(sys(SYS_poll, &p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLOUT);
	sys(SYS_write, fd[1], "x", 1);
	p = (struct pollfd){ .fd = fd[0], .events = POLLIN | POLLRDNORM };
	CHECK_EQ(sys(SYS_poll, &p, 1, -1), 1);
	CHECK_EQ(p.revents, POLLIN | POLLRDNORM);
	while (sys(SYS_write, fd[1], block, sizeof(block)) > 0)
		;
	p = (struct pollfd){ .fd = fd[1], .events = POLLOUT };
	CHECK_EQ(sys(SYS_poll, &p, 1, 0), 0);
	while (sys(SYS_read, fd[0], block, sizeof(block)) > 0)
		;
	close(fd[1]);
	p = (struct pollfd){ .fd = fd[0], .events = POLLIN };
	CHECK_EQ(sys(SYS_poll, &p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLHUP);
	make_pipe(fd, 0);
	close(fd[0]);
	p = (struct pollfd){ .fd = fd[1], .events = 0 };
	CHECK_EQ(sys(SYS_poll, &p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLERR);
}

CASE(poll_bad_and_negative_fds)
{
	struct pollfd p[3] = {
		{ .fd = -1, .events = POLLIN, .revents = 77 },
		{ .fd = 999, .events = POLLIN },
		{ .fd = -999, .events = POLLIN, .revents = 77 },
	};

	CHECK_EQ(sys(SYS_poll, p, 3, 0), 1);
	CHECK_EQ(p[0].revents, 0);
	CHECK_EQ(p[1].revents, POLLNVAL);
	CHECK_EQ(p[2].revents, 0);
	CHECK_EQ(sys(SYS_poll, NULL, 0, 0), 0);
	CHECK_EQ(sys(SYS_poll, p, 1UL << 31, 0), -EINVAL);
	CHECK_EQ(sys(SYS_poll, NULL, 1, 0), -EFAULT);
}

CASE(poll_files_are_always_ready)
{
	struct pollfd p = { .events = POLLIN | POLLOUT };

	scratch();
	p.fd = open("f", O_RDWR | O_CREAT, 0600);
	CHECK_EQ(sys(SYS_poll, &p, 1, -1), 1);
	CHECK_EQ(p.revents, POLLIN | POLLOUT);
}

CASE(poll_timeout_and_wakeup)
{
	struct pollfd p;
	int64_t start;
	int fd[2];
	pid_t pid;

	make_pipe(fd, 0);
	p = (struct pollfd){ .fd = fd[0], .events = POLLIN };
	start = now_ns();
	CHECK_EQ(sys(SYS_poll, &p, 1, 30), 0);
	CHECK(now_ns() - start >= 30000000);
	IN_CHILD(pid) {
		sleep_ms(20);
		sys(SYS_write, fd[1], "x", 1);
	}
	CHECK_EQ(sys(SYS_poll, &p, 1, -1), 1);
	CHECK_EQ(p.revents, POLLIN);
	CHECK_EXIT(pid, 0);
}

CASE(ppoll_timeout_and_mask)
{
	struct timespec t = { 0, 20000000 }, bad = { 0, 1000000000 }, neg = { -1, 0 };
	uint64_t mask = 0, usr1 = 1UL << (SIGUSR1 - 1);
	struct pollfd p = { .fd = -1 };
	int64_t start = now_ns();

	CHECK_EQ(sys(SYS_ppoll, &p, 1, &t, NULL, 8), 0);
	CHECK(now_ns() - start >= 20000000);
	CHECK_EQ(sys(SYS_ppoll, &p, 1, &bad, NULL, 8), -EINVAL);
	CHECK_EQ(sys(SYS_ppoll, &p, 1, &neg, NULL, 8), -EINVAL);
	CHECK_EQ(sys(SYS_ppoll, &p, 1, &t, &mask, 4), -EINVAL);
	signals_seen = 0;
	signal(SIGUSR1, count_signal);
	sys(SYS_rt_sigprocmask, SIG_BLOCK, &usr1, NULL, 8);
	kill(getpid(), SIGUSR1);
	CHECK_EQ(signals_seen, 0);
	CHECK_EQ(sys(SYS_ppoll, &p, 1, NULL, &mask, 8), -EINTR);
	CHECK_EQ(signals_seen, 1);
	sys(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
	CHECK_EQ(mask & usr1, usr1);	/* the old mask is back */
}

CASE(select_states)
{
	struct timeval zero = { 0, 0 };
	int a[2], b[2], top;
	fd_set r, w, e;

	make_pipe(a, 0);
	make_pipe(b, 0);
	top = b[1] + 1;
	sys(SYS_write, a[1], "x", 1);
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_ZERO(&e);
	FD_SET(a[0], &r);
	FD_SET(b[0], &r);
	FD_SET(a[1], &w);
	FD_SET(a[0], &e);
	CHECK_EQ(sys(SYS_select, top, &r, &w, &e, &zero), 2);
	CHECK(FD_ISSET(a[0], &r) && !FD_ISSET(b[0], &r) && FD_ISSET(a[1], &w) && !FD_ISSET(a[0], &e));
	close(b[1]);
	FD_ZERO(&r);
	FD_SET(b[0], &r);
	CHECK_EQ(sys(SYS_select, top, &r, NULL, NULL, NULL), 1);	/* end of file is readable */
	close(a[0]);
	FD_ZERO(&w);
	FD_SET(a[1], &w);
	CHECK_EQ(sys(SYS_select, top, NULL, &w, NULL, NULL), 1);	/* so is an error, writable */
}

CASE(select_errors)
{
	struct timeval bad = { 0, -1 }, big = { 0, 2000000 }, zero = { 0, 0 };
	struct timeval past = { LONG_MIN, 999999 }, wrap = { LONG_MAX, LONG_MAX };
	int fd[2];
	fd_set r;

	make_pipe(fd, 0);
	FD_ZERO(&r);
	CHECK_EQ(sys(SYS_select, -1, &r, NULL, NULL, &zero), -EINVAL);
	CHECK_EQ(sys(SYS_select, 0, NULL, NULL, NULL, &bad), -EINVAL);
	CHECK_EQ(sys(SYS_select, 0, NULL, NULL, NULL, &past), -EINVAL);
	CHECK_EQ(sys(SYS_select, 0, NULL, NULL, NULL, &wrap), -EINVAL);
	FD_SET(fd[0], &r);
	close(fd[0]);
	CHECK_EQ(sys(SYS_select, fd[0] + 1, &r, NULL, NULL, &zero), -EBADF);
	CHECK_EQ(sys(SYS_select, 64, (void *)8, NULL, NULL, &zero), -EFAULT);
	big.tv_usec = 20000;
	CHECK_EQ(sys(SYS_select, 0, NULL, NULL, NULL, &big), 0);
	CHECK_EQ(big.tv_sec, 0);	/* Linux writes back what is left */
	CHECK_EQ(big.tv_usec, 0);
}

CASE(pselect_timeout_and_mask)
{
	uint64_t none = 0, usr1 = 1UL << (SIGUSR1 - 1);
	struct { const void *mask; size_t size; } six = { &none, 8 };
	struct timespec t = { 0, 20000000 }, bad = { 0, -1 };
	int64_t start = now_ns();

	CHECK_EQ(sys(SYS_pselect6, 0, NULL, NULL, NULL, &t, NULL), 0);
	CHECK(now_ns() - start >= 20000000);
	CHECK_EQ(sys(SYS_pselect6, 0, NULL, NULL, NULL, &bad, NULL), -EINVAL);
	signals_seen = 0;
	signal(SIGUSR1, count_signal);
	sys(SYS_rt_sigprocmask, SIG_BLOCK, &usr1, NULL, 8);
	kill(getpid(), SIGUSR1);
	CHECK_EQ(sys(SYS_pselect6, 0, NULL, NULL, NULL, NULL, &six), -EINTR);
	CHECK_EQ(signals_seen, 1);
	six.size = 3;
	t.tv_nsec = 0;
	CHECK_EQ(sys(SYS_pselect6, 0, NULL, NULL, NULL, &t, &six), -EINVAL);
}

CASE(vectors)
{
	char a[4] = "abc", b[4] = "def", x[4] = "", y[4] = "";
	struct iovec out[3] = { { a, 3 }, { NULL, 0 }, { b, 3 } }, in[2] = { { x, 2 }, { y, 4 } };
	int fd[2];

	make_pipe(fd, 0);
	CHECK_EQ(sys(SYS_writev, fd[1], out, 3), 6);
	CHECK_EQ(sys(SYS_readv, fd[0], in, 2), 6);
	CHECK(memcmp(x, "ab", 2) == 0 && memcmp(y, "cdef", 4) == 0);
	CHECK_EQ(sys(SYS_writev, fd[1], out, 0), 0);
	CHECK_EQ(sys(SYS_writev, fd[1], out, 1025), -EINVAL);
	CHECK_EQ(sys(SYS_writev, fd[1], out, -1), -EINVAL);
	out[0].iov_len = (size_t)-1;
	CHECK_EQ(sys(SYS_writev, fd[1], out, 1), -EINVAL);
	CHECK_EQ(sys(SYS_writev, fd[1], NULL, 1), -EFAULT);
}

CASE(dup_keeps_the_pipe_open)
{
	int fd[2], other;
	char c;

	make_pipe(fd, 0);
	other = (int)sys(SYS_dup, fd[1]);
	close(fd[1]);
	CHECK_EQ(sys(SYS_write, other, "q", 1), 1);
	CHECK_EQ(sys(SYS_read, fd[0], &c, 1), 1);
	close(other);
	CHECK_EQ(sys(SYS_read, fd[0], &c, 1), 0);
}

CASE(set_pipe_size)
{
	int fd[2];
	long ret;

	make_pipe(fd, 0);
	ret = sys(SYS_fcntl, fd[0], F_SETPIPE_SZ, 8192);
	if (ret == -EINVAL)
		SKIP("no F_SETPIPE_SZ");
	CHECK_EQ(ret, 8192);
	CHECK_EQ(sys(SYS_fcntl, fd[1], F_GETPIPE_SZ), 8192);
}

/* The data of a pipe survives the writer, and a forked reader takes over. */
CASE(inherited_ends)
{
	int fd[2];
	pid_t pid;
	char buf[8];

	make_pipe(fd, 0);
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_write, fd[1], "orphan", 6), 6);
	}
	CHECK_EXIT(pid, 0);
	close(fd[1]);
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_read, fd[0], buf, 8), 6);
		CHECK(memcmp(buf, "orphan", 6) == 0);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(sys(SYS_read, fd[0], buf, 8), 0);
}

/* A page that is read in part stays full: what was written at its front must not go with it. */
CASE(partly_read_page_is_not_reused)
{
	static unsigned char block[65536], got[65536];
	int fd[2];
	size_t i;
	long n;

	make_pipe(fd, O_NONBLOCK);
	for (i = 0; i < sizeof(block); i++)
		block[i] = (unsigned char)(i % 251);
	REQUIRE_EQ(sys(SYS_write, fd[1], block, sizeof(block)), sizeof(block));
	CHECK_EQ(sys(SYS_read, fd[0], got, 100), 100);
	CHECK_EQ(sys(SYS_write, fd[1], block, 100), -EAGAIN);
	CHECK_EQ(sys(SYS_read, fd[0], got + 100, 4000), 4000);
	CHECK_EQ(sys(SYS_write, fd[1], block, 4096), 4096);
	n = sys(SYS_read, fd[0], got + 4100, sizeof(got) - 4100);
	CHECK_EQ(n, sizeof(got) - 4100);
	CHECK(memcmp(got, block, sizeof(block)) == 0);
	CHECK_EQ(sys(SYS_read, fd[0], got, sizeof(got)), 4096);
	CHECK(memcmp(got, block, 4096) == 0);
}

CASE(fifo_open_waits_for_the_other_end)
{
	struct pollfd p = { .events = POLLIN };
	int r, w;
	pid_t pid;
	char c;

	scratch();
	REQUIRE_EQ(mkfifo("fifo", 0600), 0);
	CHECK_EQ(sys(SYS_open, "fifo", O_WRONLY | O_NONBLOCK), -ENXIO);
	r = (int)sys(SYS_open, "fifo", O_RDONLY | O_NONBLOCK);
	REQUIRE(r >= 0);
	p.fd = r;
	CHECK_EQ(sys(SYS_poll, &p, 1, 0), 0);	/* no hang-up before the first writer */
	CHECK_EQ(sys(SYS_read, r, &c, 1), 0);
	w = (int)sys(SYS_open, "fifo", O_WRONLY | O_NONBLOCK);
	REQUIRE(w >= 0);
	CHECK_EQ(sys(SYS_read, r, &c, 1), -EAGAIN);
	close(w);
	CHECK_EQ(sys(SYS_poll, &p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLHUP);
	close(r);
	IN_CHILD(pid) {
		sleep_ms(20);
		w = open("fifo", O_WRONLY);
		CHECK_EQ(write(w, "f", 1), 1);
	}
	r = open("fifo", O_RDONLY);
	CHECK_EQ(sys(SYS_read, r, &c, 1), 1);
	CHECK_EQ(c, 'f');
	CHECK_EQ(sys(SYS_read, r, &c, 1), 0);
	CHECK_EXIT(pid, 0);
}
