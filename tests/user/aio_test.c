/* SPDX-License-Identifier: MIT */
/*
 * aio_test.c - Linux's asynchronous input and output: io_setup, io_submit, io_getevents, io_pgetevents, io_cancel,
 * io_destroy. Source: their man pages; uapi linux/aio_abi.h.
 */
#include "ktap.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>

#define BAD ((void *)0x10)

enum { PREAD, PWRITE, FSYNC, FDSYNC, PREADV = 7, PWRITEV };

struct iocb {
	uint64_t data;
	uint32_t key;
	int32_t rw_flags;
	uint16_t opcode;
	int16_t reqprio;
	uint32_t fd;
	uint64_t buf, nbytes;
	int64_t offset;
	uint64_t reserved2;
	uint32_t flags, resfd;
};

struct io_event {
	uint64_t data, obj;
	int64_t res, res2;
};

static uint64_t setup(unsigned nr)
{
	uint64_t ctx = 0;
	long ret = sys(SYS_io_setup, nr, &ctx);

	if (ret == -ENOSYS)
		SKIP("no asynchronous input and output");
	REQUIRE_EQ(ret, 0);
	return ctx;
}

static struct iocb iocb(int op, int fd, void *buf, size_t n, long offset)
{
	return (struct iocb){ .data = 1000 + op, .opcode = op, .fd = fd, .buf = (uint64_t)buf, .nbytes = n,
			      .offset = offset };
}

CASE(contexts)
{
	uint64_t ctx = 0, other;

	CHECK_EQ(sys(SYS_io_setup, 0, &ctx), -EINVAL);
	CHECK_EQ(sys(SYS_io_setup, 4, BAD), -EFAULT);
	ctx = 5;
	CHECK_EQ(sys(SYS_io_setup, 4, &ctx), -EINVAL);
	ctx = setup(4);
	other = setup(4);
	CHECK(ctx && other && ctx != other);
	(void)*(volatile int *)ctx;	/* libaio looks there */
	CHECK_EQ(sys(SYS_io_destroy, ctx), 0);
	CHECK_EQ(sys(SYS_io_destroy, ctx), -EINVAL);
	CHECK_EQ(sys(SYS_io_destroy, 0), -EINVAL);
	CHECK_EQ(sys(SYS_io_submit, ctx, 0, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_io_getevents, ctx, 0, 1, NULL, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_io_destroy, other), 0);
}

CASE(write_and_read)
{
	uint64_t ctx = setup(8);
	char out[100] = "", in[200];
	struct iovec v[2] = { { in, 50 }, { in + 100, 50 } };
	struct iocb w, r, rv, s, *list[4] = { &w, &r, &rv, &s };
	struct io_event events[8];
	struct timespec none = { 0, 0 };
	int fd;

	scratch();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	memset(out, 'x', sizeof(out));
	memset(in, 0, sizeof(in));
	w = iocb(PWRITE, fd, out, 100, 10);
	r = iocb(PREAD, fd, in, 20, 5);
	rv = iocb(PREADV, fd, v, 2, 20);
	s = iocb(FSYNC, fd, NULL, 0, 0);
	CHECK_EQ(sys(SYS_io_submit, ctx, 1, list), 1);
	CHECK_EQ(sys(SYS_io_getevents, ctx, 1, 8, events, NULL), 1);
	CHECK_EQ(events[0].res, 100);
	CHECK_EQ(events[0].data, 1000 + PWRITE);
	CHECK_EQ(events[0].obj, (uint64_t)&w);
	CHECK_EQ(sys(SYS_lseek, fd, 0, SEEK_CUR), 0);	/* the file's own position stays */
	CHECK_EQ(sys(SYS_io_submit, ctx, 3, list + 1), 3);
	CHECK_EQ(sys(SYS_io_getevents, ctx, 3, 8, events, NULL), 3);
	CHECK_EQ(events[0].res + events[1].res + events[2].res, 20 + 90 + 0);
	CHECK(in[4] == 0 || in[4] == 'x');
	CHECK_EQ(in[100], 'x');
	CHECK_EQ(sys(SYS_io_getevents, ctx, 0, 8, events, NULL), 0);
	CHECK_EQ(sys(SYS_io_getevents, ctx, 1, 8, events, &none), 0);
	CHECK_EQ(sys(SYS_io_destroy, ctx), 0);
}

CASE(errors)
{
	uint64_t ctx = setup(2);
	char buf[16];
	struct iocb a = iocb(PREAD, 777, buf, 16, 0), b = iocb(99, 0, buf, 16, 0), c, *list[3] = { &a, &b, (void *)8 };
	struct io_event events[4];
	struct timespec soon = { 0, 20000000 };
	int fd, wr;

	scratch();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	wr = open("f", O_WRONLY);
	CHECK_EQ(sys(SYS_io_submit, ctx, 1, list), -EBADF);
	CHECK_EQ(sys(SYS_io_submit, ctx, 1, list + 1), -EINVAL);
	CHECK_EQ(sys(SYS_io_submit, ctx, 1, list + 2), -EFAULT);
	CHECK_EQ(sys(SYS_io_submit, ctx, 1, BAD), -EFAULT);
	CHECK_EQ(sys(SYS_io_submit, ctx, -1, list), -EINVAL);
	CHECK_EQ(sys(SYS_io_submit, ctx, 0, list), 0);
	a = iocb(PREAD, wr, buf, 16, 0);
	CHECK_EQ(sys(SYS_io_submit, ctx, 1, list), -EBADF);
	a = iocb(PREAD, fd, buf, 16, 0);
	a.reserved2 = 1;
	CHECK_EQ(sys(SYS_io_submit, ctx, 1, list), -EINVAL);
	a = iocb(PREAD, fd, buf, 16, 0);
	a.flags = 1;
	a.resfd = fd;
	CHECK_EQ(sys(SYS_io_submit, ctx, 1, list), -EINVAL);
	a.resfd = 777;
	CHECK_EQ(sys(SYS_io_submit, ctx, 1, list), -EBADF);
	/* Those before the bad one are done. */
	a = iocb(PREAD, fd, buf, 16, 0);
	CHECK_EQ(sys(SYS_io_submit, ctx, 2, list), 1);
	c = iocb(FSYNC, fd, NULL, 0, 0);
	list[1] = &c;
	CHECK_EQ(sys(SYS_io_cancel, ctx, &a, events), -EINVAL);
	CHECK_EQ(sys(SYS_io_cancel, ctx, BAD, events), -EFAULT);
	CHECK_EQ(sys(SYS_io_getevents, ctx, 2, 1, events, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_io_getevents, ctx, -1, 1, events, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_io_getevents, ctx, 1, 1, events, BAD), -EFAULT);
	CHECK_EQ(sys(SYS_io_getevents, ctx, 1, 1, BAD, NULL), -EFAULT);
	CHECK(sys(SYS_io_getevents, ctx, 0, 4, events, NULL) >= 0);
	CHECK_EQ(sys(SYS_io_getevents, ctx, 1, 4, events, &soon), 0);
	CHECK_EQ(sys(SYS_io_destroy, ctx), 0);
}

CASE(told_by_eventfd)
{
	uint64_t ctx = setup(4), n = 0;
	char buf[16] = "hello";
	int fd, efd = eventfd(0, EFD_NONBLOCK);
	struct iocb a, *list[2] = { &a, &a };
	struct io_event events[4];

	scratch();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	a = iocb(PWRITE, fd, buf, 5, 0);
	a.flags = 1;
	a.resfd = (uint32_t)efd;
	CHECK_EQ(sys(SYS_io_submit, ctx, 2, list), 2);
	CHECK_EQ(sys(SYS_io_getevents, ctx, 2, 4, events, NULL), 2);
	CHECK_EQ(read(efd, &n, 8), 8);
	CHECK_EQ(n, 2);
	CHECK_EQ(sys(SYS_io_destroy, ctx), 0);
}

static void nothing(int sig UNUSED)
{
}

CASE(wait_is_interrupted)
{
	uint64_t ctx = setup(4), mask = 0, block = 1ull << (SIGUSR1 - 1);
	struct { void *mask; size_t size; } sig = { &mask, 8 };
	struct io_event events[4];
	struct timespec t = { 20, 0 };

	signal(SIGUSR1, nothing);
	sys(SYS_rt_sigprocmask, SIG_BLOCK, &block, NULL, 8);
	kill(getpid(), SIGUSR1);
	CHECK_EQ(sys(SYS_io_pgetevents, ctx, 1, 4, events, &t, &sig), -EINTR);
	sig.size = 4;
	CHECK_EQ(sys(SYS_io_pgetevents, ctx, 1, 4, events, &t, &sig), -EINVAL);
	CHECK_EQ(sys(SYS_io_pgetevents, ctx, 1, 4, events, &t, BAD), -EFAULT);
	CHECK_EQ(sys(SYS_io_destroy, ctx), 0);
}

CASE(not_inherited)
{
	uint64_t ctx = setup(4);
	pid_t pid;

	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_io_destroy, ctx), -EINVAL);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(sys(SYS_io_destroy, ctx), 0);
}
