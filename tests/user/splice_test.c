/* SPDX-License-Identifier: MIT */
/*
 * splice_test.c - splice and tee: between pipes, files, devices and sockets; offsets; what does not go; nothing
 * is lost where the other side takes less (man splice(2), tee(2)).
 */
#include "ktap.h"

#include <poll.h>
#include <sys/socket.h>

#define MOVE     1
#define NONBLOCK 2

static void make_pipe(int fd[2], int flags)
{
	REQUIRE_EQ(sys(SYS_pipe2, fd, flags), 0);
}

static int file_with(const char *text)
{
	int fd;

	scratch();
	fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	REQUIRE(fd >= 0);
	REQUIRE_EQ(write(fd, text, strlen(text)), (long)strlen(text));
	return fd;
}

/* What grep does with its input when its output is /dev/null. */
CASE(pipe_to_null)
{
	int fd[2], null = open("/dev/null", O_WRONLY);

	make_pipe(fd, 0);
	CHECK_EQ(write(fd[1], "hello", 5), 5);
	CHECK_EQ(sys(SYS_splice, fd[0], NULL, null, NULL, 4096, MOVE), 5);
	close(fd[1]);
	CHECK_EQ(sys(SYS_splice, fd[0], NULL, null, NULL, 4096, MOVE), 0);
}

CASE(file_to_pipe_and_back)
{
	int fd[2], in = file_with("0123456789"), out;
	long long from = 2, to = 3;
	char buf[32] = "";

	make_pipe(fd, 0);
	CHECK_EQ(sys(SYS_splice, in, &from, fd[1], NULL, 5, 0), 5);
	CHECK_EQ(from, 7);
	CHECK_EQ(lseek(in, 0, SEEK_CUR), 10);
	out = open("out", O_RDWR | O_CREAT, 0600);
	REQUIRE(out >= 0);
	CHECK_EQ(sys(SYS_splice, fd[0], NULL, out, &to, 100, 0), 5);
	CHECK_EQ(to, 8);
	CHECK_EQ(lseek(out, 0, SEEK_CUR), 0);
	CHECK_EQ(pread(out, buf, sizeof(buf), 0), 8);
	CHECK(memcmp(buf, "\0\0\00023456", 8) == 0);
	/* Without offsets the files' own positions move. */
	lseek(in, 8, SEEK_SET);
	CHECK_EQ(sys(SYS_splice, in, NULL, fd[1], NULL, 100, 0), 2);
	CHECK_EQ(lseek(in, 0, SEEK_CUR), 10);
	CHECK_EQ(sys(SYS_splice, in, NULL, fd[1], NULL, 100, 0), 0);
	CHECK_EQ(sys(SYS_splice, fd[0], NULL, out, NULL, 100, 0), 2);
	CHECK_EQ(lseek(out, 0, SEEK_CUR), 2);
	CHECK_EQ(pread(out, buf, 2, 0), 2);
	CHECK(memcmp(buf, "89", 2) == 0);
}

CASE(large_amounts)
{
	static char data[50000], back[50000];
	int fd[2], in, out;
	long done = 0, n;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7 + i / 251);
	in = file_with("");
	CHECK_EQ(write(in, data, sizeof(data)), (long)sizeof(data));
	lseek(in, 0, SEEK_SET);
	out = open("out", O_RDWR | O_CREAT, 0600);
	make_pipe(fd, 0);
	CHECK_EQ(write(fd[1], "12345", 5), 5);
	CHECK_EQ(read(fd[0], back, 5), 5);
	while ((n = sys(SYS_splice, in, NULL, fd[1], NULL, sizeof(data), 0)) > 0) {
		for (long left = n; left > 0; left -= n) {
			n = sys(SYS_splice, fd[0], NULL, out, NULL, left, 0);
			REQUIRE(n > 0);
			done += n;
		}
	}
	CHECK_EQ(n, 0);
	CHECK_EQ(done, (long)sizeof(data));
	CHECK_EQ(pread(out, back, sizeof(back), 0), (long)sizeof(back));
	CHECK(memcmp(data, back, sizeof(data)) == 0);
}

CASE(pipe_to_pipe)
{
	int a[2], b[2];
	char buf[16];

	make_pipe(a, 0);
	make_pipe(b, 0);
	CHECK_EQ(write(a[1], "abcdef", 6), 6);
	CHECK_EQ(sys(SYS_splice, a[0], NULL, b[1], NULL, 4, 0), 4);
	CHECK_EQ(read(b[0], buf, 16), 4);
	CHECK(memcmp(buf, "abcd", 4) == 0);
	CHECK_EQ(read(a[0], buf, 16), 2);
	CHECK(memcmp(buf, "ef", 2) == 0);
}

CASE(sockets)
{
	int fd[2], s[2];
	char buf[16];

	make_pipe(fd, 0);
	REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	CHECK_EQ(write(s[0], "ping", 4), 4);
	CHECK_EQ(sys(SYS_splice, s[1], NULL, fd[1], NULL, 100, 0), 4);
	CHECK_EQ(sys(SYS_splice, fd[0], NULL, s[1], NULL, 100, 0), 4);
	CHECK_EQ(read(s[0], buf, 16), 4);
	CHECK(memcmp(buf, "ping", 4) == 0);
}

CASE(waiting_and_not)
{
	int fd[2], null = open("/dev/null", O_WRONLY);
	pid_t pid;

	make_pipe(fd, 0);
	CHECK_EQ(sys(SYS_splice, fd[0], NULL, null, NULL, 10, NONBLOCK), -EAGAIN);
	CHECK_EQ(sys(SYS_tee, fd[0], null, 10, NONBLOCK), -EINVAL);
	IN_CHILD(pid) {
		sleep_ms(20);
		CHECK_EQ(write(fd[1], "late", 4), 4);
	}
	CHECK_EQ(sys(SYS_splice, fd[0], NULL, null, NULL, 10, 0), 4);
	CHECK_EXIT(pid, 0);
}

CASE(full_pipe_takes_no_more)
{
	int fd[2], in = file_with("more");
	long long pos = 0;
	char page[4096];

	make_pipe(fd, O_NONBLOCK);
	memset(page, 'x', sizeof(page));
	while (write(fd[1], page, sizeof(page)) > 0)
		;
	CHECK_EQ(sys(SYS_splice, in, &pos, fd[1], NULL, 4, NONBLOCK), -EAGAIN);
	CHECK_EQ(pos, 0);
	CHECK_EQ(read(fd[0], page, sizeof(page)), 4096);
	CHECK_EQ(sys(SYS_splice, in, &pos, fd[1], NULL, 4, NONBLOCK), 4);
	CHECK_EQ(pos, 4);
}

/* What the other side does not take stays in the pipe, at its front. */
CASE(nothing_is_lost)
{
	int fd[2], s[2], sent = 0;
	static char data[8192], back[8192];
	char byte;
	long n;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i % 251);
	make_pipe(fd, 0);
	REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s), 0);
	while (write(s[0], "z", 1) == 1)
		sent++;
	CHECK_EQ(write(fd[1], data, sizeof(data)), (long)sizeof(data));
	CHECK_EQ(read(fd[0], back, 100), 100);
	CHECK_EQ(sys(SYS_splice, fd[0], NULL, s[0], NULL, 8092, 0), -EAGAIN);
	/* Room for some of it. */
	while (sent-- > 0 && read(s[1], &byte, 1) == 1)
		;
	n = sys(SYS_splice, fd[0], NULL, s[0], NULL, 8092, 0);
	CHECK(n > 0);
	CHECK_EQ(read(s[1], back + 100, (size_t)n), n);
	if (n < 8092)
		CHECK_EQ(read(fd[0], back + 100 + n, 8092), 8092 - n);
	CHECK(memcmp(data, back, sizeof(data)) == 0);
}

CASE(no_reader)
{
	int fd[2], in = file_with("text");

	make_pipe(fd, 0);
	close(fd[0]);
	signal(SIGPIPE, SIG_IGN);
	CHECK_EQ(sys(SYS_splice, in, (long long[]){ 0 }, fd[1], NULL, 4, 0), -EPIPE);
}

CASE(what_does_not_go)
{
	int fd[2], in = file_with("text"), append = open("file", O_WRONLY | O_APPEND);
	int null = open("/dev/null", O_WRONLY), dir = open(".", O_RDONLY);
	long long pos = -1;

	make_pipe(fd, 0);
	CHECK_EQ(write(fd[1], "x", 1), 1);
	CHECK_EQ(sys(SYS_splice, in, NULL, null, NULL, 4, 0), -EINVAL);	/* no pipe */
	CHECK_EQ(sys(SYS_splice, fd[0], NULL, fd[1], NULL, 4, 0), -EINVAL);	/* the same pipe */
	CHECK_EQ(sys(SYS_splice, fd[0], NULL, append, NULL, 4, 0), -EINVAL);
	CHECK_EQ(sys(SYS_splice, fd[0], &pos, null, NULL, 4, 0), -ESPIPE);
	CHECK_EQ(sys(SYS_splice, in, NULL, fd[1], &pos, 4, 0), -ESPIPE);
	CHECK_EQ(sys(SYS_splice, in, &pos, fd[1], NULL, 4, 0), -EINVAL);
	CHECK_EQ(sys(SYS_splice, in, NULL, fd[1], NULL, 4, 1 << 10), -EINVAL);
	CHECK_EQ(sys(SYS_splice, in, (void *)8, fd[1], NULL, 4, 0), -EFAULT);
	CHECK_EQ(sys(SYS_splice, fd[1], NULL, null, NULL, 4, 0), -EBADF);
	CHECK_EQ(sys(SYS_splice, fd[0], NULL, in + 100, NULL, 4, 0), -EBADF);
	CHECK_EQ(sys(SYS_splice, -1, NULL, -1, NULL, 0, 0), 0);
	CHECK_EQ(sys(SYS_splice, dir, NULL, fd[1], NULL, 4, 0), -EINVAL);
}

CASE(tee_copies)
{
	int a[2], b[2];
	char buf[16];

	make_pipe(a, 0);
	make_pipe(b, 0);
	CHECK_EQ(sys(SYS_tee, a[0], b[1], 4, NONBLOCK), -EAGAIN);
	CHECK_EQ(write(a[1], "abcdef", 6), 6);
	CHECK_EQ(sys(SYS_tee, a[0], b[1], 4, 0), 4);
	CHECK_EQ(sys(SYS_tee, a[0], b[1], 100, 0), 6);
	CHECK_EQ(read(b[0], buf, 16), 10);
	CHECK(memcmp(buf, "abcdabcdef", 10) == 0);
	CHECK_EQ(read(a[0], buf, 16), 6);
	CHECK(memcmp(buf, "abcdef", 6) == 0);
	CHECK_EQ(sys(SYS_tee, a[0], a[1], 4, 0), -EINVAL);
	CHECK_EQ(sys(SYS_tee, a[0], b[1], 4, 1 << 10), -EINVAL);
	CHECK_EQ(sys(SYS_tee, a[0], b[1], 0, 0), 0);
	close(a[1]);
	CHECK_EQ(sys(SYS_tee, a[0], b[1], 4, 0), 0);
}
