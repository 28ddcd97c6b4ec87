/* SPDX-License-Identifier: MIT */
/* Rows of files, pipes, sockets and readiness. */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK 65536

static int there[2] = { -1, -1 }, back[2] = { -1, -1 }; /* [0] is read, [1] written */
static char buf[CHUNK] __attribute__((aligned(4096)));
static pid_t peer;

static void close_all(void)
{
	int *const fds[] = { &there[0], &there[1], &back[0], &back[1] };

	if (peer > 0) {
		kill(peer, SIGKILL);
		waitpid(peer, NULL, 0);
	}
	peer = 0;
	for (unsigned i = 0; i < 4; i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

/* ---- bytes between processes ---- */

static int setup_pipe(void)
{
	return ok(pipe(there));
}

static int op_pipe_self(void)
{
	return write(there[1], buf, 1) != 1 || read(there[0], buf, 1) != 1;
}

static void echo_forever(int from, int to)
{
	while (read(from, buf, 1) == 1 && write(to, buf, 1) == 1)
		;
	_exit(1);
}

static int setup_pipe_peer(void)
{
	if (pipe(there) < 0 || pipe(back) < 0)
		return -errno;
	peer = fork();
	if (peer == 0)
		echo_forever(there[0], back[1]);
	return ok(peer);
}

static int op_pingpong(void)
{
	return write(there[1], buf, 1) != 1 || read(back[0], buf, 1) != 1;
}

/* The peer takes 64 KiB chunks and answers each by one byte. */
static int take_chunks(int from, int to)
{
	for (;;) {
		for (size_t got = 0; got < CHUNK;) {
			ssize_t n = read(from, buf, CHUNK);

			if (n <= 0)
				_exit(1);
			got += (size_t)n;
		}
		if (write(to, buf, 1) != 1)
			_exit(1);
	}
}

static int setup_pipe_taker(void)
{
	if (pipe(there) < 0 || pipe(back) < 0)
		return -errno;
	peer = fork();
	if (peer == 0)
		take_chunks(there[0], back[1]);
	return ok(peer);
}

static int op_chunk(void)
{
	return write(there[1], buf, CHUNK) != CHUNK || read(back[0], buf, 1) != 1;
}

/* The same with a CPU for each. */
static int setup_pipe_peer_2cpu(void)
{
	int err = setup_pipe_peer();

	return err ? err : pin_apart(peer);
}

static int setup_pipe_taker_2cpu(void)
{
	int err = setup_pipe_taker();

	return err ? err : pin_apart(peer);
}

/* A socketpair in the place of both pipes: one end is ours, one the peer's. */
static int setup_unix(bool chunks)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return -errno;
	there[1] = ends[0];
	back[0] = dup(ends[0]);
	there[0] = ends[1];
	peer = fork();
	if (peer == 0 && chunks)
		take_chunks(ends[1], ends[1]);
	else if (peer == 0)
		echo_forever(ends[1], ends[1]);
	return ok(peer);
}

static int setup_unix_peer(void)
{
	return setup_unix(false);
}

static int setup_unix_peer_2cpu(void)
{
	int err = setup_unix_peer();

	return err ? err : pin_apart(peer);
}

static int setup_unix_taker(void)
{
	return setup_unix(true);
}

/* ---- readiness ---- */

static u64 event_value = 1;

static int setup_eventfd(void)
{
	there[0] = eventfd(0, 0);
	return ok(there[0]);
}

static int op_eventfd(void)
{
	event_value = 1;
	return write(there[0], &event_value, 8) != 8 || read(there[0], &event_value, 8) != 8;
}

static int setup_ready(void)
{
	int err = setup_eventfd();

	return err || write(there[0], &event_value, 8) == 8 ? err : -errno;
}

static int op_poll(void)
{
	struct pollfd p = { .fd = there[0], .events = POLLIN };

	return poll(&p, 1, -1) != 1;
}

static int setup_epoll(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	int err = setup_ready();

	if (err)
		return err;
	there[1] = epoll_create1(0);
	if (there[1] < 0)
		return -errno;
	return ok(epoll_ctl(there[1], EPOLL_CTL_ADD, there[0], &e));
}

static int op_epoll(void)
{
	struct epoll_event e;

	return epoll_wait(there[1], &e, 1, -1) != 1;
}

/* ---- files, all below /tmp ---- */

static struct stat st;
static int file = -1;

static int setup_file(void)
{
	file = open("/tmp/bench.dat", O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (file < 0)
		return -errno;
	return write(file, buf, CHUNK) == CHUNK ? 0 : -errno;
}

static void done_file(void)
{
	close(file);
	unlink("/tmp/bench.dat");
}

static int op_open_close(void)
{
	int fd = open("/tmp/bench.dat", O_RDONLY);

	return fd < 0 ? -errno : ok(close(fd));
}

static int op_stat_1(void)
{
	return ok(stat("/tmp", &st));
}

static int setup_deep(void)
{
	char path[64] = "/tmp";

	for (int i = 0; i < 4; i++) {
		strcat(path, "/d");
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	file = open("/tmp/d/d/d/d/f", O_RDWR | O_CREAT, 0644);
	return ok(file);
}

static int op_stat_6(void)
{
	return ok(stat("/tmp/d/d/d/d/f", &st));
}

static void done_deep(void)
{
	char path[] = "/tmp/d/d/d/d";

	close(file);
	unlink("/tmp/d/d/d/d/f");
	for (size_t len = strlen(path); len > 4; len -= 2) {
		path[len] = '\0';
		rmdir(path);
	}
}

static int op_fstat(void)
{
	return (int)raw3(SYS_fstat, file, (long)&st, 0);
}

static int op_pread_1(void)
{
	return pread(file, buf, 1, 0) != 1;
}

static int op_pread_4k(void)
{
	return pread(file, buf, 4096, 0) != 4096;
}

static int op_pread_64k(void)
{
	return pread(file, buf, CHUNK, 0) != CHUNK;
}

static int op_pwrite_4k(void)
{
	return pwrite(file, buf, 4096, 0) != 4096;
}

static int op_create_unlink(void)
{
	int fd = open("/tmp/bench.new", O_RDWR | O_CREAT | O_EXCL, 0644);

	if (fd < 0)
		return -errno;
	close(fd);
	return ok(unlink("/tmp/bench.new"));
}

#define ENTRIES 1000

static const char *entry_name(int i)
{
	static char name[40];

	snprintf(name, sizeof(name), "/tmp/many/entry-%04d", i);
	return name;
}

static int setup_entries(void)
{
	if (mkdir("/tmp/many", 0755) < 0 && errno != EEXIST)
		return -errno;
	for (int i = 0; i < ENTRIES; i++) {
		int fd = open(entry_name(i), O_WRONLY | O_CREAT, 0644);

		if (fd < 0)
			return -errno;
		close(fd);
	}
	file = open("/tmp/many", O_RDONLY | O_DIRECTORY);
	return ok(file);
}

static int op_getdents(void)
{
	long n;

	lseek(file, 0, SEEK_SET);
	do {
		n = raw3(SYS_getdents64, file, (long)buf, 32768);
	} while (n > 0);
	return (int)n;
}

static void done_entries(void)
{
	close(file);
	for (int i = 0; i < ENTRIES; i++)
		unlink(entry_name(i));
	rmdir("/tmp/many");
}

#define ROW_FILE(n, o) \
	{ .name = n, .setup = setup_file, .op = o, .done = done_file, .samples = 200, \
	  .per_sample = 1 }
#define ROW_FDS(n, s, o) \
	{ .name = n, .setup = s, .op = o, .done = close_all, .samples = 200, .per_sample = 1 }

const struct row rows_file[] = {
	ROW_FDS("pipe_self_1b", setup_pipe, op_pipe_self),
	ROW_FDS("pipe_pingpong_rt", setup_pipe_peer, op_pingpong),
	ROW_FDS("pipe_pingpong_rt_2cpu", setup_pipe_peer_2cpu, op_pingpong),
	ROW_FDS("pipe_64k_chunk", setup_pipe_taker, op_chunk),
	ROW_FDS("pipe_64k_chunk_2cpu", setup_pipe_taker_2cpu, op_chunk),
	ROW_FDS("unix_pingpong_rt", setup_unix_peer, op_pingpong),
	ROW_FDS("unix_pingpong_rt_2cpu", setup_unix_peer_2cpu, op_pingpong),
	ROW_FDS("unix_64k_chunk", setup_unix_taker, op_chunk),
	ROW_FDS("eventfd_write_read", setup_eventfd, op_eventfd),
	ROW_FDS("epoll_wait_ready", setup_epoll, op_epoll),
	ROW_FDS("poll_ready", setup_ready, op_poll),
	ROW_FILE("open_close", op_open_close),
	{ .name = "stat_1comp", .op = op_stat_1, .samples = 200, .per_sample = 1 },
	{ .name = "stat_6comp", .setup = setup_deep, .op = op_stat_6, .done = done_deep,
	  .samples = 200, .per_sample = 1 },
	ROW_FILE("fstat", op_fstat),
	ROW_FILE("pread_1", op_pread_1),
	ROW_FILE("pread_4k", op_pread_4k),
	ROW_FILE("pread_64k", op_pread_64k),
	ROW_FILE("pwrite_4k", op_pwrite_4k),
	{ .name = "create_unlink", .op = op_create_unlink, .samples = 200, .per_sample = 1 },
	{ .name = "getdents_1000", .setup = setup_entries, .op = op_getdents,
	  .done = done_entries, .samples = 10, .per_sample = 1 },
};
const unsigned rows_file_nr = sizeof(rows_file) / sizeof(rows_file[0]);
