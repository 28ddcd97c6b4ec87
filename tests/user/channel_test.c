/* SPDX-License-Identifier: MIT */
/*
 * channel_test.c - channels and rings (user/libexo/exo.h): messages, calls, sleeping, ownership, death, hostile
 * peers; and what the earlier design got wrong, each by name. Linux has no channels: all skipped there.
 */
#include "ktap.h"

#include <user/libexo/exo.h>

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/resource.h>

#include <kernel/abi/cap.h>
#include <kernel/abi/syscall_nr.h>

#define SECOND 1000000000ull
#define LONG_TIME (20 * SECOND)

static void need(void)
{
	if (!on_exo())
		SKIP("no channels");
}

static void pair(int end[2], unsigned slots)
{
	need();
	REQUIRE_EQ(exo_channel(end, slots), 0);
}

static struct ring_slot word(uint64_t value)
{
	return exo_message(&value, sizeof(value));
}

static uint64_t value_of(const struct ring_slot *m)
{
	uint64_t value;

	memcpy(&value, m->payload, sizeof(value));
	return value;
}

/* ---- passing ends to children ---- */

static int send_fd(int sock, int fd)
{
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} u;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = u.buf, .msg_controllen = sizeof(u.buf) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	memset(&u, 0, sizeof(u));
	c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(sock, &msg, 0) == 1 ? 0 : -1;
}

static int recv_fd(int sock)
{
	char byte;
	struct iovec iov = { &byte, 1 };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} u;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = u.buf, .msg_controllen = sizeof(u.buf) };
	int fd = -1;

	memset(&u, 0, sizeof(u));
	if (recvmsg(sock, &msg, 0) == 1 && CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

/* A child that runs @serve on the other end of a channel, of which this end is returned. */
static int with_child(void (*serve)(int end), unsigned slots, pid_t *pid)
{
	int end[2], sv[2];

	pair(end, slots);
	REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	*pid = ktap_fork();
	if (*pid == 0) {
		int mine = recv_fd(sv[1]);

		if (mine >= 0)
			serve(mine);
		_exit(mine < 0 ? 2 : ktap_failures ? 1 : 0);
	}
	REQUIRE_EQ(send_fd(sv[0], end[1]), 0);
	close(end[1]);
	close(sv[0]);
	close(sv[1]);
	return end[0];
}

static void on_one_cpu(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

/* Answers each number with the next one; 0 ends it. */
static void serve_next(int end)
{
	struct ring_slot m;
	int ret = exo_recv(end, &m, 1, EXO_FOREVER) == 1 ? 0 : -EPIPE;

	while (ret >= 0 && value_of(&m)) {
		uint64_t next = value_of(&m) + 1;

		memcpy(m.payload, &next, sizeof(next));
		ret = exo_reply(end, &m, EXO_FOREVER);
	}
	CHECK(ret >= 0 || ret == -EPIPE);
}

/* ---- messages -------------------------------------------------------------------------------------------------- */

CASE(send_and_receive)
{
	struct ring_slot m = exo_message("hello", 5), got;
	int end[2];

	pair(end, 0);
	m.tag = 77;
	CHECK_EQ(exo_send(end[0], &m, 1, 0), 1);
	CHECK_EQ(exo_recv(end[1], &got, 1, 0), 1);
	CHECK_EQ(got.len, 5);
	CHECK_EQ(got.tag, 77);
	CHECK(memcmp(got.payload, "hello", 5) == 0);
	CHECK_EQ(exo_send(end[1], &m, 1, 0), 1);
	CHECK_EQ(exo_recv(end[0], &got, 1, 0), 1);
	CHECK_EQ(exo_recv(end[0], &got, 1, 0), -EAGAIN);
}

/* An earlier design had 128-byte slots of which 64 were sent. */
CASE(slot_is_one_cache_line)
{
	CHECK_EQ(sizeof(struct ring_slot), 64);
	CHECK_EQ(RING_PAYLOAD, 56);
	CHECK_EQ(offsetof(struct ring, slots) % 64, 0);
}

/* An earlier design's full ring said it was empty. */
CASE(full_ring_holds_n_and_says_so)
{
	struct ring_slot m = word(0), got[17];
	struct pollfd p;
	int end[2];

	pair(end, 16);
	for (uint64_t i = 0; i < 16; i++) {
		m = word(i);
		CHECK_EQ(exo_send(end[0], &m, 1, 0), 1);
	}
	CHECK_EQ(exo_send(end[0], &m, 1, 0), -EAGAIN);
	p = (struct pollfd){ end[0], POLLOUT, 0 };
	CHECK_EQ(poll(&p, 1, 0), 0);
	p = (struct pollfd){ end[1], POLLIN, 0 };
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(exo_recv(end[1], got, 17, 0), 16);
	for (uint64_t i = 0; i < 16; i++)
		CHECK_EQ(value_of(&got[i]), i);
	CHECK_EQ(exo_recv(end[1], got, 17, 0), -EAGAIN);
	CHECK_EQ(exo_send(end[0], &m, 1, 0), 1);
}

/* An earlier design's send returned success and sent nothing. */
CASE(send_counts_what_it_sent)
{
	struct ring_slot m[20], got[20];
	int end[2];

	pair(end, 16);
	for (uint64_t i = 0; i < 20; i++)
		m[i] = word(i);
	CHECK_EQ(exo_send(end[0], m, 20, 0), 16);
	CHECK_EQ(exo_recv(end[1], got, 5, 0), 5);
	CHECK_EQ(exo_send(end[0], m + 16, 4, 0), 4);
	CHECK_EQ(exo_recv(end[1], got, 20, 0), 15);
	for (uint64_t i = 0; i < 15; i++)
		CHECK_EQ(value_of(&got[i]), i + 5);
}

CASE(bad_input)
{
	struct ring_slot m = exo_message("x", 1), got;
	int end[2], pipes[2];

	pair(end, 0);
	REQUIRE_EQ(pipe(pipes), 0);
	CHECK_EQ(exo_channel(end, 15), -EINVAL);
	CHECK_EQ(exo_channel(end, 8), -EINVAL);
	CHECK_EQ(exo_channel(end, 8192), -EINVAL);
	CHECK_EQ(sys(EXO_NR_channel_create, 8, 0, 0), -EFAULT);
	CHECK_EQ(exo_send(-1, &m, 1, 0), -EBADF);
	CHECK_EQ(exo_send(pipes[1], &m, 1, 0), -EBADF);
	CHECK_EQ(exo_send(end[0], (void *)8, 1, 0), -EFAULT);
	CHECK_EQ(sys(EXO_NR_channel_call, end[0], 8, SECOND), -EFAULT);
	CHECK_EQ(sys(EXO_NR_channel_send, end[0], -4096L, 1000, 0), -EFAULT);
	CHECK_EQ(sys(EXO_NR_channel_recv, end[0], 8, 0, 0), 0);
	CHECK_EQ(sys(EXO_NR_channel_reply, end[0], &m, 2, 0), -EINVAL);
	CHECK_EQ(sys(EXO_NR_channel_reply, end[0], &m, 0, 0), -EAGAIN); /* dropped, and no message */
	CHECK_EQ(exo_call(end[0], &m, 0), -EINVAL);
	m.len = 57;
	CHECK_EQ(exo_send(end[0], &m, 1, 0), -EMSGSIZE);
	CHECK_EQ(exo_call(end[0], &m, SECOND), -EMSGSIZE);
	m.len = 1;
	m.kind = RING_CONTROL;
	CHECK_EQ(exo_send(end[0], &m, 1, 0), -EINVAL);
	m.kind = RING_INLINE;
	CHECK_EQ(exo_recv(end[1], &got, 1, 0), -EAGAIN);
	CHECK_EQ(exo_send(end[0], &m, 1, 0), 1);
	CHECK_EQ(exo_recv(end[1], (void *)8, 1, 0), -EFAULT);
	CHECK_EQ(sys(EXO_NR_ring_wait, end[0], 0, 0), -EINVAL);
	CHECK_EQ(sys(EXO_NR_ring_wait, end[0], RING_FOR_NEWS, 0), -EINVAL); /* not mapped */
	CHECK_EQ(sys(EXO_NR_channel_map, end[0], 8), -EFAULT);
	CHECK_EQ(sys(EXO_NR_channel_map, pipes[0], &got), -EBADF);
	CHECK_EQ(read(end[0], &got, 1), -1);
	CHECK_EQ(errno, EINVAL);
}

CASE(missing_right_is_eacces)
{
	struct ring_slot m = word(1);
	int end[2];
	long fd;

	pair(end, 0);
	fd = sys(EXO_NR_cap_dup, end[0], RIGHT_READ | RIGHT_WAIT, 0);
	REQUIRE(fd >= 0);
	CHECK_EQ(exo_send((int)fd, &m, 1, 0), -EACCES);
	CHECK_EQ(exo_send(end[0], &m, 1, 0), 1);
}

CASE(granted_end_is_the_other_process_s)
{
	struct ring_slot m;
	int end[2], pipes[2], fd = -1;
	long pidfd;
	pid_t pid;

	pair(end, 0);
	REQUIRE_EQ(pipe(pipes), 0);
	IN_CHILD(pid) {
		CHECK_EQ(read(pipes[0], &fd, sizeof(fd)), sizeof(fd));
		serve_next(fd);
	}
	pidfd = sys(SYS_pidfd_open, pid, 0);
	REQUIRE(pidfd >= 0);
	fd = (int)sys(EXO_NR_cap_grant, pidfd, end[1], RIGHT_READ | RIGHT_WRITE | RIGHT_WAIT);
	REQUIRE(fd >= 0);
	CHECK_EQ(exo_recv(end[1], &m, 1, 0), -EBADF);
	REQUIRE_EQ(write(pipes[1], &fd, sizeof(fd)), sizeof(fd));
	m = word(4);
	CHECK_EQ(exo_call(end[0], &m, LONG_TIME), 0);
	CHECK_EQ(value_of(&m), 5);
	m = word(0);
	CHECK_EQ(exo_send(end[0], &m, 1, 0), 1);
	CHECK_EXIT(pid, 0);
}

CASE(times_out)
{
	struct ring_slot m = word(1);
	int64_t start;
	int end[2];

	pair(end, 16);
	start = now_ns();
	CHECK_EQ(exo_recv(end[0], &m, 1, 30000000), -ETIMEDOUT);
	CHECK(now_ns() - start >= 30000000);
	for (int i = 0; i < 16; i++)
		CHECK_EQ(exo_send(end[0], &m, 1, 0), 1);
	start = now_ns();
	CHECK_EQ(exo_send(end[0], &m, 1, 30000000), -ETIMEDOUT);
	CHECK(now_ns() - start >= 30000000);
}

CASE(quota_is_enobufs)
{
	static int end[2];
	long made = 0, err = 0;
	struct rlimit limit = { 4096, 4096 };

	need();
	setrlimit(RLIMIT_NOFILE, &limit);
	while (made < 1000 && (err = exo_channel(end, 4096)) == 0)
		made++;
	CHECK_EQ(err, -ENOBUFS);
	CHECK(made >= 64 && made < 200);
}

CASE(batch_is_one_wake)
{
	struct ring_slot m[16], got[16];
	struct exo_ring a, b;
	int end[2];

	pair(end, 0);
	for (uint64_t i = 0; i < 16; i++)
		m[i] = word(i);
	REQUIRE_EQ(exo_ring_open(&a, end[0]), 0);
	REQUIRE_EQ(exo_ring_open(&b, end[1]), 0);
	/* An earlier design's batch cost a fence and a wake for each message. */
	CHECK_EQ(ring_sleep_prepare(&b.rx), 1);
	CHECK_EQ(ring_push_batch(&a.tx, m, 16), 16);
	CHECK_EQ(__atomic_load_n(&a.tx.ring->tail, __ATOMIC_RELAXED), 0);
	ring_publish(&a.tx);
	CHECK_EQ(__atomic_load_n(&a.tx.ring->tail, __ATOMIC_RELAXED), 16);
	CHECK(ring_should_kick(&a.tx));
	CHECK(!ring_should_kick(&a.tx));
	CHECK_EQ(exo_ring_recv(&b, got, 16, 0), 16);
	CHECK_EQ(value_of(&got[15]), 15);
}

/* ---- sleeping -------------------------------------------------------------------------------------------------- */

static void serve_count(int end)
{
	struct ring_slot got[8];
	uint64_t want = 0;

	while (want < 3000) {
		long n = exo_recv(end, got, 8, LONG_TIME);

		if (!CHECK(n > 0))
			return;
		for (long i = 0; i < n; i++)
			CHECK_EQ(value_of(&got[i]), want++);
	}
}

CASE(stream_in_order)
{
	struct ring_slot m;
	pid_t pid;
	int end = with_child(serve_count, 16, &pid);

	for (uint64_t i = 0; i < 3000; i++) {
		m = word(i);
		if (!CHECK_EQ(exo_send(end, &m, 1, LONG_TIME), 1))
			break;
	}
	CHECK_EXIT(pid, 0);
}

static void serve_ring_count(int end)
{
	struct ring_slot got[8];
	struct exo_ring ring;
	uint64_t want = 0;

	if (!CHECK_EQ(exo_ring_open(&ring, end), 0))
		return;
	while (want < 3000) {
		long n = exo_ring_recv(&ring, got, 8, LONG_TIME);

		if (!CHECK(n > 0)) {
			NOTE("recv: %ld after %lu", n, (unsigned long)want);
			return;
		}
		for (long i = 0; i < n; i++)
			CHECK_EQ(value_of(&got[i]), want++);
	}
}

static void stream_ring(int end, unsigned batch)
{
	struct ring_slot m[8];
	struct exo_ring ring;

	REQUIRE_EQ(exo_ring_open(&ring, end), 0);
	for (uint64_t i = 0; i < 3000;) {
		long sent;

		for (unsigned j = 0; j < batch; j++)
			m[j] = word(i + j);
		sent = exo_ring_send(&ring, m, (unsigned)(3000 - i < batch ? 3000 - i : batch), LONG_TIME);
		if (!CHECK(sent > 0)) {
			NOTE("send: %ld after %lu", sent, (unsigned long)i);
			break;
		}
		i += (uint64_t)sent;
	}
}

/* An earlier design's wake-up never came. */
CASE(wake_up_is_delivered)
{
	pid_t pid;
	int end = with_child(serve_ring_count, 16, &pid);

	stream_ring(end, 1);
	CHECK_EXIT(pid, 0);
}

CASE(ring_batches_in_order)
{
	pid_t pid;
	int end = with_child(serve_ring_count, 16, &pid);

	stream_ring(end, 7);
	CHECK_EXIT(pid, 0);
}

CASE(mapped_sends_to_unmapped)
{
	pid_t pid;
	int end = with_child(serve_count, 16, &pid);

	stream_ring(end, 5);
	CHECK_EXIT(pid, 0);
}

CASE(unmapped_sends_to_mapped)
{
	struct ring_slot m[5];
	pid_t pid;
	int end = with_child(serve_ring_count, 16, &pid);

	for (uint64_t i = 0; i < 3000;) {
		long sent;

		for (unsigned j = 0; j < 5; j++)
			m[j] = word(i + j);
		sent = exo_send(end, m, 5, LONG_TIME);
		if (!CHECK(sent > 0))
			break;
		i += (uint64_t)sent;
	}
	CHECK_EXIT(pid, 0);
}

CASE(mapping_goes_on_where_the_kernel_was)
{
	struct ring_slot m = word(1), got;
	struct exo_ring ring, again;
	int end[2];

	pair(end, 0);
	for (uint64_t i = 0; i < 10; i++) {
		m = word(i);
		CHECK_EQ(exo_send(end[0], &m, 1, 0), 1);
	}
	CHECK_EQ(exo_recv(end[1], &got, 1, 0), 1);
	REQUIRE_EQ(exo_ring_open(&ring, end[1]), 0);
	CHECK_EQ(exo_ring_open(&again, end[1]), -EBUSY);
	CHECK_EQ(exo_recv(end[1], &got, 1, 0), -EBUSY);
	CHECK_EQ(exo_send(end[1], &m, 1, 0), -EBUSY);
	CHECK_EQ(exo_reply_only(end[1], &m), -EBUSY);
	for (uint64_t i = 1; i < 10; i++) {
		CHECK_EQ(exo_ring_recv(&ring, &got, 1, 0), 1);
		CHECK_EQ(value_of(&got), i);
	}
	CHECK_EQ(exo_ring_recv(&ring, &got, 1, 0), -EAGAIN);
	CHECK_EQ(exo_ring_send(&ring, &m, 1, 0), 1);
	CHECK_EQ(exo_recv(end[0], &got, 1, 0), 1);
}

CASE(window_is_where_it_should_be)
{
	struct exo_ring ring;
	int end[2];
	void *p;

	pair(end, 0);
	REQUIRE_EQ(exo_ring_open(&ring, end[0]), 0);
	CHECK((uintptr_t)ring.tx.ring >= RING_WINDOW_START && (uintptr_t)ring.tx.ring < RING_WINDOW_END);
	CHECK((uintptr_t)ring.peer >= RING_WINDOW_START && (uintptr_t)ring.peer < RING_WINDOW_END);
	/* Nobody else is put there, even who asks for it. */
	p = mmap((void *)0x58000000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED && ((uintptr_t)p < RING_WINDOW_START || (uintptr_t)p >= RING_WINDOW_END));
	/* Who the peer is can be read, not written. */
	CHECK_EQ(ring.peer->pid, getpid());
	CHECK_EQ(ring.peer->uid, getuid());
	CHECK_EQ(mprotect((void *)(uintptr_t)ring.peer, 4096, PROT_READ | PROT_WRITE), -1);
	CHECK_EQ(errno, EACCES);
}

CASE(poll_and_epoll)
{
	struct ring_slot m = word(1);
	struct epoll_event ev = { .events = EPOLLIN }, out;
	struct exo_ring ring;
	int end[2], ep;
	pid_t pid;

	pair(end, 16);
	ep = epoll_create1(0);
	REQUIRE(ep >= 0);
	CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, end[0], &ev), 0);
	CHECK_EQ(epoll_wait(ep, &out, 1, 0), 0);
	CHECK_EQ(exo_send(end[1], &m, 1, 0), 1);
	CHECK_EQ(epoll_wait(ep, &out, 1, 1000), 1);
	CHECK_EQ(exo_recv(end[0], &m, 1, 0), 1);
	CHECK_EQ(epoll_wait(ep, &out, 1, 0), 0);
	/* From a mapped end, which kicks because poll has asked for it. */
	REQUIRE_EQ(exo_ring_open(&ring, end[1]), 0);
	CHECK_EQ(epoll_wait(ep, &out, 1, 0), 0);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(exo_ring_send(&ring, &m, 1, 0), 1);
		CHECK_EQ(epoll_wait(ep, &out, 1, 1000), 1);
		CHECK_EQ(exo_recv(end[0], &m, 1, 0), 1);
		CHECK_EQ(epoll_wait(ep, &out, 1, 0), 0);
	}
	/* While somebody sleeps in it. */
	IN_CHILD(pid) {
		sleep_ms(20);
	}
	CHECK_EQ(epoll_wait(ep, &out, 1, 10), 0);
	CHECK_EXIT(pid, 0);
	close(end[1]);
	CHECK_EQ(epoll_wait(ep, &out, 1, 1000), 1);
	CHECK(out.events & EPOLLHUP);
}

/* ---- calls ----------------------------------------------------------------------------------------------------- */

CASE(call_and_reply)
{
	struct ring_slot m;
	pid_t pid;
	int end = with_child(serve_next, 0, &pid);

	for (uint64_t i = 1; i <= 500; i++) {
		m = word(i);
		if (!CHECK_EQ(exo_call(end, &m, LONG_TIME), 0))
			break;
		CHECK_EQ(value_of(&m), i + 1);
	}
	m = word(0);
	CHECK_EQ(exo_send(end, &m, 1, 0), 1);
	CHECK_EXIT(pid, 0);
}

/* Handed over, not queued: fdinfo counts. */
static long fdinfo(int fd, const char *key)
{
	char path[64], line[128];
	long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0)
			value = atol(line + strlen(key) + 1);
	if (f)
		fclose(f);
	return value;
}

CASE(call_is_handed_over)
{
	struct ring_slot m;
	long before;
	pid_t pid;
	int end;

	on_one_cpu();
	end = with_child(serve_next, 0, &pid);
	m = word(1);
	CHECK_EQ(exo_call(end, &m, LONG_TIME), 0);
	before = fdinfo(end, "handoffs:");
	for (uint64_t i = 1; i <= 100; i++) {
		m = word(i);
		CHECK_EQ(exo_call(end, &m, LONG_TIME), 0);
	}
	/* A tick or a signal may spoil one now and then. */
	CHECK(fdinfo(end, "handoffs:") - before >= 90);
	m = word(0);
	CHECK_EQ(exo_send(end, &m, 1, 0), 1);
	CHECK_EXIT(pid, 0);
}

static void *serve_thread(void *arg)
{
	serve_next(*(int *)arg);
	return NULL;
}

CASE(call_to_a_thread)
{
	struct ring_slot m;
	pthread_t thread;
	int end[2];

	pair(end, 0);
	REQUIRE_EQ(pthread_create(&thread, NULL, serve_thread, &end[1]), 0);
	for (uint64_t i = 1; i <= 200; i++) {
		m = word(i);
		if (!CHECK_EQ(exo_call(end[0], &m, LONG_TIME), 0))
			break;
		CHECK_EQ(value_of(&m), i + 1);
	}
	m = word(0);
	CHECK_EQ(exo_send(end[0], &m, 1, 0), 1);
	pthread_join(thread, NULL);
}

struct caller {
	int end;
	uint32_t id;
};

static void *call_many(void *arg)
{
	const struct caller *c = arg;

	for (uint64_t i = 1; i <= 200; i++) {
		struct ring_slot m = word(c->id * 1000 + i);

		if (!CHECK_EQ(exo_call(c->end, &m, LONG_TIME), 0))
			break;
		CHECK_EQ(value_of(&m), c->id * 1000 + i + 1);
	}
	return NULL;
}

CASE(calls_of_several_threads)
{
	struct caller callers[4];
	pthread_t threads[4];
	struct ring_slot m;
	pid_t pid;
	int end = with_child(serve_next, 0, &pid);

	for (uint32_t i = 0; i < 4; i++) {
		callers[i] = (struct caller){ end, i + 1 };
		REQUIRE_EQ(pthread_create(&threads[i], NULL, call_many, &callers[i]), 0);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	m = word(0);
	CHECK_EQ(exo_send(end, &m, 1, 0), 1);
	CHECK_EXIT(pid, 0);
}

static void serve_ring_next(int end)
{
	struct exo_ring ring;
	struct ring_slot m;

	if (!CHECK_EQ(exo_ring_open(&ring, end), 0))
		return;
	while (exo_ring_recv(&ring, &m, 1, LONG_TIME) == 1 && value_of(&m)) {
		uint64_t next = value_of(&m) + 1;

		memcpy(m.payload, &next, sizeof(next));
		if (!CHECK_EQ(exo_ring_send(&ring, &m, 1, LONG_TIME), 1))
			break;
	}
}

static void ring_calls(int end, pid_t pid)
{
	struct exo_ring ring;
	struct ring_slot m;

	REQUIRE_EQ(exo_ring_open(&ring, end), 0);
	for (uint64_t i = 1; i <= 500; i++) {
		m = word(i);
		if (!CHECK_EQ(exo_ring_call(&ring, &m, LONG_TIME), 0))
			break;
		CHECK_EQ(value_of(&m), i + 1);
	}
	m = word(0);
	CHECK_EQ(exo_ring_send(&ring, &m, 1, 0), 1);
	CHECK_EXIT(pid, 0);
}

CASE(mapped_calls_mapped)
{
	pid_t pid;
	int end = with_child(serve_ring_next, 0, &pid);

	ring_calls(end, pid);
}

CASE(mapped_calls_unmapped)
{
	pid_t pid;
	int end = with_child(serve_next, 0, &pid);

	ring_calls(end, pid);
}

CASE(unmapped_calls_mapped)
{
	struct ring_slot m;
	pid_t pid;
	int end = with_child(serve_ring_next, 0, &pid);

	for (uint64_t i = 1; i <= 500; i++) {
		m = word(i);
		if (!CHECK_EQ(exo_call(end, &m, LONG_TIME), 0))
			break;
		CHECK_EQ(value_of(&m), i + 1);
	}
	m = word(0);
	CHECK_EQ(exo_send(end, &m, 1, 0), 1);
	CHECK_EXIT(pid, 0);
}

static void serve_late(int end)
{
	struct ring_slot m;

	if (exo_recv(end, &m, 1, LONG_TIME) != 1)
		return;
	sleep_ms(60);
	CHECK_EQ(exo_reply(end, &m, LONG_TIME), 1); /* nobody waits for it any more */
	CHECK_EQ(value_of(&m), 2);
	CHECK_EQ(exo_reply_only(end, &m), 0);
}

CASE(call_times_out)
{
	struct ring_slot m = word(1);
	pid_t pid;
	int end = with_child(serve_late, 0, &pid);

	CHECK_EQ(exo_call(end, &m, 10000000), -ETIMEDOUT);
	m = word(2);
	CHECK_EQ(exo_call(end, &m, LONG_TIME), 0);
	CHECK_EQ(value_of(&m), 2);
	CHECK_EXIT(pid, 0);
}

static void on_alarm(int sig UNUSED)
{
}

CASE(call_is_ended_by_a_signal)
{
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct itimerval when = { { 0, 0 }, { 0, 10000 } };
	struct ring_slot m = word(1);
	pid_t pid;
	int end = with_child(serve_late, 0, &pid);

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &when, NULL);
	CHECK_EQ(exo_call(end, &m, LONG_TIME), -EINTR);
	m = word(2);
	CHECK_EQ(exo_call(end, &m, LONG_TIME), 0);
	CHECK_EXIT(pid, 0);
}

/* A server that calls another one for each request. */
static int behind = -1;

static void serve_through(int end)
{
	struct ring_slot m;
	int ret = exo_recv(end, &m, 1, LONG_TIME) == 1 ? 0 : -EPIPE;

	while (ret >= 0 && value_of(&m)) {
		struct ring_slot inner = m;

		CHECK_EQ(exo_call(behind, &inner, LONG_TIME), 0);
		memcpy(m.payload, inner.payload, 8);
		ret = exo_reply(end, &m, LONG_TIME);
	}
	m = word(0);
	exo_send(behind, &m, 1, 0);
}

static void serve_middle(int end)
{
	pid_t pid;

	behind = with_child(serve_next, 0, &pid);
	serve_through(end);
	close(behind);
	CHECK_EXIT(pid, 0);
}

CASE(call_through_a_chain)
{
	struct ring_slot m;
	pid_t pid;
	int end = with_child(serve_middle, 0, &pid);

	for (uint64_t i = 1; i <= 100; i++) {
		m = word(i);
		if (!CHECK_EQ(exo_call(end, &m, LONG_TIME), 0))
			break;
		CHECK_EQ(value_of(&m), i + 1);
	}
	m = word(0);
	CHECK_EQ(exo_send(end, &m, 1, 0), 1);
	CHECK_EXIT(pid, 0);
}

CASE(call_to_oneself_is_edeadlk)
{
	struct ring_slot m = word(1);
	int end[2];

	pair(end, 0);
	CHECK_EQ(exo_call(end[0], &m, LONG_TIME), -EDEADLK);
}

static int back = -1;

static void serve_calls_back(int end)
{
	struct ring_slot m, other = word(7);

	if (exo_recv(end, &m, 1, LONG_TIME) != 1)
		return;
	CHECK_EQ(exo_call(back, &other, LONG_TIME), -EDEADLK);
	CHECK_EQ(exo_reply_only(end, &m), 0);
}

/* Two services that call each other: one of them is told. */
CASE(mutual_calls_are_edeadlk)
{
	struct ring_slot m = word(1);
	int there[2], other[2], sv[2];
	pid_t pid;

	pair(there, 0);
	pair(other, 0);
	REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	IN_CHILD(pid) {
		int mine = recv_fd(sv[1]);

		back = recv_fd(sv[1]);
		serve_calls_back(mine);
	}
	REQUIRE_EQ(send_fd(sv[0], there[1]), 0);
	REQUIRE_EQ(send_fd(sv[0], other[1]), 0);
	close(there[1]);
	close(other[1]);
	CHECK_EQ(exo_call(there[0], &m, LONG_TIME), 0);
	CHECK_EXIT(pid, 0);
}

static void serve_sleepy(int end)
{
	struct ring_slot m;
	int ret = exo_recv(end, &m, 1, LONG_TIME) == 1 ? 0 : -EPIPE;

	while (ret >= 0 && value_of(&m)) {
		sleep_ms((long)value_of(&m));
		ret = exo_reply(end, &m, LONG_TIME);
	}
}

static void be_fifo(int prio)
{
	struct sched_param param = { .sched_priority = prio };

	REQUIRE_EQ(sys(SYS_sched_setscheduler, 0, SCHED_FIFO, &param), 0);
}

/* The server of a real-time caller has its priority: also when it wakes up while another one spins. */
CASE(priority_is_lent)
{
	struct ring_slot m = word(5);
	int64_t start;
	pid_t pid, hog;
	int end;

	need();
	on_one_cpu();
	end = with_child(serve_sleepy, 0, &pid);
	CHECK_EQ(exo_call(end, &m, LONG_TIME), 0);
	IN_CHILD(hog) {
		sleep_ms(50);
		be_fifo(5);
		start = now_ns();
		while (now_ns() - start < 1500000000)
			;
	}
	be_fifo(10);
	start = now_ns();
	m = word(200);
	CHECK_EQ(exo_call(end, &m, LONG_TIME), 0);
	CHECK(now_ns() - start < 1000000000);
	/* A call that was given up lends nothing: now the hog comes first. */
	m = word(100);
	CHECK_EQ(exo_call(end, &m, 20000000), -ETIMEDOUT);
	CHECK_EXIT(hog, 0);
	m = word(1);
	CHECK_EQ(exo_call(end, &m, LONG_TIME), 0);
	m = word(0);
	CHECK_EQ(exo_send(end, &m, 1, 0), 1);
	CHECK_EXIT(pid, 0);
}

CASE(clocks_stay_true_in_calls)
{
	struct ring_slot m;
	struct timespec before, after;
	clockid_t clock;
	pid_t pid;
	int end;

	on_one_cpu();
	end = with_child(serve_next, 0, &pid);
	REQUIRE_EQ(clock_getcpuclockid(pid, &clock), 0);
	m = word(1);
	CHECK_EQ(exo_call(end, &m, LONG_TIME), 0);
	CHECK_EQ(clock_gettime(clock, &before), 0);
	for (uint64_t i = 1; i <= 2000; i++) {
		m = word(i);
		CHECK_EQ(exo_call(end, &m, LONG_TIME), 0);
	}
	/* The clocks stay true: what the server ran is the server's. */
	CHECK_EQ(clock_gettime(clock, &after), 0);
	CHECK(after.tv_sec * 1000000000 + after.tv_nsec > before.tv_sec * 1000000000 + before.tv_nsec);
	m = word(0);
	CHECK_EQ(exo_send(end, &m, 1, 0), 1);
	CHECK_EXIT(pid, 0);
}

/* ---- ownership ------------------------------------------------------------------------------------------------- */

static sigjmp_buf segv_jump;

static void on_segv(int sig)
{
	siglongjmp(segv_jump, sig);
}

/* The signal that reading @p gives, or 0. */
static int touch_signal(const volatile uint32_t *p)
{
	struct sigaction sa = { .sa_handler = on_segv, .sa_flags = SA_NODEFER };
	int sig;

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	sig = sigsetjmp(segv_jump, 1);
	if (sig == 0)
		(void)*p;
	return sig;
}

CASE(fork_keeps_neither_end_nor_mapping)
{
	struct ring_slot m = word(1);
	struct exo_ring ring;
	int end[2];
	pid_t pid;

	pair(end, 0);
	REQUIRE_EQ(exo_ring_open(&ring, end[0]), 0);
	madvise(ring.tx.ring, 4096, MADV_DOFORK); /* does not help */
	IN_CHILD(pid) {
		CHECK_EQ(fcntl(end[0], F_GETFD), -1);
		CHECK_EQ(fcntl(end[1], F_GETFD), -1);
		CHECK_EQ(exo_send(end[1], &m, 1, 0), -EBADF);
		CHECK_EQ(touch_signal(&ring.tx.ring->tail), SIGSEGV);
		CHECK_EQ(touch_signal(&ring.peer->epoch), SIGSEGV);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(exo_send(end[1], &m, 1, 0), 1);
	CHECK_EQ(exo_ring_recv(&ring, &m, 1, 0), 1);
}

CASE(exec_closes_an_end)
{
	struct ring_slot m;
	int end[2], sv[2];
	pid_t pid;

	pair(end, 0);
	REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	IN_CHILD(pid) {
		int mine = recv_fd(sv[1]);

		fcntl(mine, F_SETFD, 0); /* does not help */
		execl("/bin/busybox", "busybox", "sleep", "5", (char *)NULL);
	}
	REQUIRE_EQ(send_fd(sv[0], end[1]), 0);
	close(end[1]);
	CHECK_EQ(exo_recv(end[0], &m, 1, 3 * SECOND), -EPIPE);
	kill(pid, SIGKILL);
	child_status(pid);
}

static int release_pipe[2];

static void serve_stamp(int end)
{
	struct exo_ring ring;
	char c;

	if (!CHECK_EQ(exo_ring_open(&ring, end), 0))
		return;
	CHECK_EQ(ring.peer->pid, getppid());
	CHECK_EQ(ring.peer->state, CHANNEL_OPEN);
	CHECK_EQ(read(release_pipe[0], &c, 1), 1);
}

CASE(peer_is_stamped_by_the_kernel)
{
	struct exo_ring ring;
	pid_t pid;
	int end;

	need();
	REQUIRE_EQ(pipe(release_pipe), 0);
	end = with_child(serve_stamp, 0, &pid);
	REQUIRE_EQ(exo_ring_open(&ring, end), 0);
	for (int i = 0; i < 500 && ring.peer->pid != pid; i++)
		sleep_ms(10);
	CHECK_EQ(ring.peer->pid, pid);
	CHECK_EQ(ring.peer->uid, getuid());
	if (ring.peer->epoch != ring.epoch)
		CHECK_EQ(exo_ring_renew(&ring), 0);
	CHECK_EQ(write(release_pipe[1], "x", 1), 1);
	CHECK_EXIT(pid, 0);
	CHECK_EQ(ring.peer->state, CHANNEL_CLOSED);
}

static void serve_one(int end)
{
	struct ring_slot m;

	CHECK_EQ(exo_recv(end, &m, 1, LONG_TIME), 1);
	CHECK_EQ(m.kind, RING_INLINE);
	CHECK_EQ(value_of(&m), 5);
	CHECK_EQ(exo_reply_only(end, &m) | 1, 1);
}

CASE(passing_begins_an_epoch)
{
	struct ring_slot m = word(1), got;
	struct ring_control control;
	struct exo_ring ring;
	int end[2], sv[2];
	pid_t pid;

	pair(end, 0);
	REQUIRE_EQ(exo_ring_open(&ring, end[1]), 0);
	/* Messages of the old owner, both ways, must not be the new one's. */
	CHECK_EQ(exo_ring_send(&ring, &m, 1, 0), 1);
	CHECK_EQ(exo_send(end[0], &m, 1, 0), 1);
	REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	CHECK_EQ(touch_signal(&ring.tx.ring->tail), 0);
	REQUIRE_EQ(send_fd(sv[0], end[1]), 0);
	/* This process still has the descriptor: it is not its own any more. */
	CHECK_EQ(exo_recv(end[1], &got, 1, 0), -EBADF);
	CHECK_EQ(sys(EXO_NR_ring_kick, end[1]), -EBADF);
	CHECK_EQ(touch_signal(&ring.tx.ring->tail), SIGBUS);
	CHECK_EQ(send_fd(sv[0], end[1]), 0); /* once more, while it is on its way: the same end */
	IN_CHILD(pid) {
		char c = 'c';
		int mine = recv_fd(sv[1]);

		CHECK_EQ(write(sv[1], &c, 1), 1);
		serve_one(mine);
	}
	REQUIRE_EQ(read(sv[0], &m, 1), 1);
	CHECK_EQ(send_fd(sv[0], end[1]), -1); /* it is the child's now */
	CHECK_EQ(errno, EBADF);
	close(end[1]);
	CHECK_EQ(exo_recv(end[0], &got, 1, 0), 1);
	CHECK_EQ(got.kind, RING_CONTROL);
	memcpy(&control, got.payload, sizeof(control));
	CHECK_EQ(control.what, RING_CTL_RESET);
	CHECK_EQ(control.epoch, 2);
	CHECK_EQ(exo_recv(end[0], &got, 1, 0), -EAGAIN);
	m = word(5);
	CHECK_EQ(exo_call(end[0], &m, LONG_TIME), 0);
	CHECK_EXIT(pid, 0);
}

CASE(stale_mapping_is_estale)
{
	struct ring_slot m = word(5), got;
	struct exo_ring ring;
	pid_t pid;
	int end[2], sv[2];

	pair(end, 0);
	REQUIRE_EQ(exo_ring_open(&ring, end[0]), 0);
	REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	IN_CHILD(pid) {
		char c = 'c';
		int mine = recv_fd(sv[1]);

		CHECK_EQ(write(sv[1], &c, 1), 1);
		serve_one(mine);
	}
	REQUIRE_EQ(send_fd(sv[0], end[1]), 0);
	close(end[1]);
	REQUIRE_EQ(read(sv[0], &got, 1), 1);
	CHECK_EQ(exo_ring_send(&ring, &m, 1, 0), -ESTALE);
	CHECK_EQ(sys(EXO_NR_ring_wait, end[0], RING_FOR_NEWS, SECOND), -ESTALE);
	CHECK_EQ(exo_ring_renew(&ring), 0);
	CHECK_EQ(exo_ring_recv(&ring, &got, 1, 0), 1);
	CHECK_EQ(got.kind, RING_CONTROL);
	CHECK_EQ(exo_ring_send(&ring, &m, 1, 0), 1);
	CHECK_EXIT(pid, 0);
}

/* ---- death ----------------------------------------------------------------------------------------------------- */

CASE(close_with_messages_in_flight)
{
	struct ring_slot m = word(3), got;
	int end[2];

	pair(end, 0);
	CHECK_EQ(exo_send(end[0], &m, 1, 0), 1);
	CHECK_EQ(exo_send(end[0], &m, 1, 0), 1);
	close(end[0]);
	CHECK_EQ(exo_send(end[1], &m, 1, 0), -EPIPE);
	CHECK_EQ(exo_call(end[1], &m, SECOND), -EPIPE);
	CHECK_EQ(exo_recv(end[1], &got, 1, 0), 1);
	CHECK_EQ(value_of(&got), 3);
	CHECK_EQ(exo_recv(end[1], &got, 1, 0), 1);
	CHECK_EQ(exo_recv(end[1], &got, 1, EXO_FOREVER), -EPIPE);
}

CASE(mapped_close_with_messages_in_flight)
{
	struct ring_slot m = word(3), got;
	struct exo_ring ring;
	int end[2];

	pair(end, 0);
	REQUIRE_EQ(exo_ring_open(&ring, end[1]), 0);
	CHECK_EQ(exo_send(end[0], &m, 1, 0), 1);
	close(end[0]);
	CHECK_EQ(exo_ring_recv(&ring, &got, 1, 0), 1);
	CHECK_EQ(exo_ring_recv(&ring, &got, 1, EXO_FOREVER), -EPIPE);
	CHECK_EQ(exo_ring_send(&ring, &m, 1, 0), -EPIPE);
	CHECK_EQ(ring.peer->state, CHANNEL_CLOSED);
	CHECK(ring.peer->epoch != ring.epoch);
}

static void serve_death(int end)
{
	struct ring_slot m;

	exo_recv(end, &m, 1, LONG_TIME);
	sleep_ms(20);
	_exit(0);
}

CASE(death_ends_a_call)
{
	struct ring_slot m = word(3);
	pid_t pid;
	int end = with_child(serve_death, 0, &pid);

	CHECK_EQ(exo_call(end, &m, LONG_TIME), -EPIPE);
	CHECK_EQ(exo_call(end, &m, LONG_TIME), -EPIPE);
	CHECK_EXIT(pid, 0);
}

static void serve_never(int end UNUSED)
{
	sleep_ms(100000);
}

CASE(kill_wakes_every_kind_of_wait)
{
	for (int kind = 0; kind < 4; kind++) {
		struct ring_slot m = word(3);
		struct exo_ring ring;
		pid_t pid, killer;
		long ret = 0;
		int end = with_child(serve_never, 16, &pid);

		killer = ktap_fork();
		if (killer == 0) {
			sleep_ms(30);
			kill(pid, SIGKILL);
			_exit(0);
		}
		if (kind == 0) {
			ret = exo_recv(end, &m, 1, LONG_TIME);
		} else if (kind == 1) {
			while ((ret = exo_send(end, &m, 1, LONG_TIME)) == 1)
				;
		} else {
			REQUIRE_EQ(exo_ring_open(&ring, end), 0);
			if (kind == 2)
				ret = exo_ring_recv(&ring, &m, 1, LONG_TIME);
			else
				while ((ret = exo_ring_send(&ring, &m, 1, LONG_TIME)) == 1)
					;
		}
		CHECK_EQ(ret, -EPIPE);
		CHECK_EXIT(killer, 0);
		CHECK_KILLED(pid, SIGKILL);
		close(end);
	}
}

/* ---- a hostile peer -------------------------------------------------------------------------------------------- */

CASE(impossible_index_is_eproto)
{
	struct ring_slot m = word(3);
	struct exo_ring ring;
	int end[2];

	pair(end, 16);
	REQUIRE_EQ(exo_ring_open(&ring, end[0]), 0);
	__atomic_store_n(&ring.tx.ring->tail, 17u, __ATOMIC_RELEASE);
	CHECK_EQ(exo_recv(end[1], &m, 1, 0), -EPROTO);
	CHECK_EQ(exo_recv(end[1], &m, 1, 0), -EPROTO);
	CHECK_EQ(exo_send(end[1], &m, 1, 0), -EPROTO);
	CHECK_EQ(exo_ring_send(&ring, &m, 1, 0), -EPIPE);
	CHECK_EQ(ring.peer->state, CHANNEL_BROKEN);
	CHECK_EQ(sys(EXO_NR_ring_wait, end[0], RING_FOR_NEWS, EXO_FOREVER), -EPIPE);
}

CASE(impossible_head_is_eproto)
{
	struct ring_slot m = word(3);
	struct exo_ring ring;
	int end[2];

	pair(end, 16);
	REQUIRE_EQ(exo_ring_open(&ring, end[1]), 0);
	for (int i = 0; i < 16; i++)
		CHECK_EQ(exo_send(end[0], &m, 1, 0), 1);
	__atomic_store_n(&ring.rx.ring->head, 17u, __ATOMIC_RELEASE);
	CHECK_EQ(exo_send(end[0], &m, 1, 0), -EPROTO);
}

CASE(impossible_header_is_eproto)
{
	static const struct {
		uint16_t kind, len;
	} bad[] = { { 0, 0 }, { 5, 0 }, { 1, 57 }, { 0xffff, 0xffff } };

	for (unsigned i = 0; i < COUNT(bad); i++) {
		struct ring_slot m = word(3);
		struct exo_ring ring;
		int end[2];

		pair(end, 16);
		REQUIRE_EQ(exo_ring_open(&ring, end[0]), 0);
		m.kind = bad[i].kind;
		m.len = bad[i].len;
		ring.tx.ring->slots[0] = m;
		__atomic_store_n(&ring.tx.ring->tail, 1u, __ATOMIC_RELEASE);
		CHECK_EQ(exo_recv(end[1], &m, 1, LONG_TIME), -EPROTO);
		close(end[0]);
		close(end[1]);
	}
}

static uint64_t seed = 88172645463325252ull;

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

/* Writes what it likes wherever it can write, and kicks; the other side gets errors at most. */
static void scribble(struct exo_ring *ring, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		struct ring *r = rnd() & 1 ? ring->tx.ring : ring->rx.ring;
		uint32_t *words = (uint32_t *)r;

		switch (rnd() % 6) {
		case 0:
			__atomic_store_n(&r->tail, r->tail + rnd() % 3, __ATOMIC_RELEASE);
			break;
		case 1:
			__atomic_store_n(&r->head, r->head + rnd() % 3, __ATOMIC_RELEASE);
			break;
		case 2:
			__atomic_store_n(&words[rnd() % (16 * 19)], rnd() % 5, __ATOMIC_RELAXED);
			break;
		case 3:
			__atomic_store_n(&words[rnd() % (16 * 19)], rnd(), __ATOMIC_RELAXED);
			break;
		case 4:
			r->slots[rnd() % 16] = word(rnd());
			break;
		default:
			sys(EXO_NR_ring_kick, ring->fd);
			sys(EXO_NR_ring_wait, ring->fd, RING_FOR_NEWS | RING_KICK, 0);
		}
	}
}

static void serve_hostile(int end)
{
	struct exo_ring ring;

	if (exo_ring_open(&ring, end) == 0)
		scribble(&ring, 300);
}

static void *scribble_thread(void *arg)
{
	struct exo_ring ring;

	if (exo_ring_open(&ring, *(int *)arg) == 0)
		scribble(&ring, 300);
	close(*(int *)arg);
	return NULL;
}

static bool is_fair(long ret)
{
	return ret >= 0 || ret == -EPROTO || ret == -EPIPE || ret == -EAGAIN || ret == -ETIMEDOUT;
}

CASE(adversarial_peer)
{
	need();
	for (int round = 0; round < 40; round++) {
		struct ring_slot m[4];
		pid_t pid;
		int end;

		seed += (uint64_t)round * 77;
		end = with_child(serve_hostile, 16, &pid);
		for (int i = 0; i < 200; i++) {
			long ret;

			m[0] = word(1);
			m[0].tag = rnd() % 4;
			switch (rnd() % 4) {
			case 0:
				ret = exo_send(end, m, 1, 0);
				break;
			case 1:
				ret = exo_recv(end, m, 4, 0);
				break;
			case 2:
				ret = exo_call(end, m, 100000);
				break;
			default:
				ret = exo_reply_only(end, m);
			}
			if (!CHECK(is_fair(ret)))
				NOTE("ret %ld", ret);
			if (ret == -EPIPE || ret == -EPROTO)
				break;
		}
		CHECK_EXIT(pid, 0);
		close(end);
	}
}

CASE(adversarial_peer_of_a_ring)
{
	need();
	for (int round = 0; round < 20; round++) {
		struct exo_ring ring;
		struct ring_slot m[4];
		pthread_t thread;
		int end[2];

		seed += (uint64_t)round * 99;
		pair(end, 16);
		REQUIRE_EQ(exo_ring_open(&ring, end[0]), 0);
		REQUIRE_EQ(pthread_create(&thread, NULL, scribble_thread, &end[1]), 0);
		for (int i = 0; i < 200; i++) {
			long ret;

			m[0] = word(1);
			ret = i & 1 ? exo_ring_send(&ring, m, 1, 100000) : exo_ring_recv(&ring, m, 4, 100000);
			if (!CHECK(is_fair(ret)))
				NOTE("ret %ld", ret);
			if (ret == -EPIPE || ret == -EPROTO)
				break;
		}
		pthread_join(thread, NULL);
		close(end[0]);
	}
}
