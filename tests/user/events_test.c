/* SPDX-License-Identifier: MIT */
/*
 * events_test.c - /dev/events: what is told of whom, in which order; a full ring loses events, counts them and stops
 * nobody; a consumer that writes nonsense harms itself alone; who may listen; life and death of a listener. Linux has
 * no such device: there all cases are skipped. The format is kernel/abi/event.h's, written down a second time.
 */
#include "ktap.h"

#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

enum { LOST = 1, FORK, EXEC, EXIT, DENIED, FAULT, OOM, RUNTIME };
enum { SLOTS = 1024, LINE = 64, MAP_BYTES = 17 * 4096, INLINE = 1 };
enum { TAIL = 0, HEAD = 16, SLEEPING = 17, N = 32 };	/* words of the ring */

#define IOC_RUNTIME 0xc0044501u

struct event {
	uint64_t time_ns;
	uint16_t type, what;
	int32_t pid, tid;
	uint32_t uid;
	uint64_t a, b;
	char comm[16];
};

struct slot {
	uint16_t kind, len;
	uint32_t tag;
	struct event event;
};

_Static_assert(sizeof(struct slot) == LINE, "a cache line");

struct feed {
	int fd;
	uint32_t *ring, head;
};

static void need_feed(void)
{
	int fd = open("/dev/events", O_RDWR);

	if (fd < 0 && (errno == ENOENT || errno == EPERM || errno == EACCES))
		SKIP("no /dev/events for us");
	REQUIRE(fd >= 0);
	close(fd);
}

static void start(struct feed *f)
{
	f->fd = open("/dev/events", O_RDWR | O_CLOEXEC);
	REQUIRE(f->fd >= 0);
	f->ring = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);
	REQUIRE(f->ring != MAP_FAILED);
	f->head = 0;
	CHECK_EQ(f->ring[N], SLOTS);
}

static uint32_t used(const struct feed *f)
{
	return __atomic_load_n(&f->ring[TAIL], __ATOMIC_ACQUIRE) - f->head;
}

/* The next event within a second; its number. */
static bool next(struct feed *f, struct event *out, uint32_t *number)
{
	struct pollfd p = { f->fd, POLLIN, 0 };
	struct slot *slot = (struct slot *)((char *)f->ring + 3 * LINE) + f->head % SLOTS;

	if (!used(f) && (poll(&p, 1, 1000) != 1 || !used(f)))
		return false;
	CHECK_EQ(slot->kind, INLINE);
	CHECK_EQ(slot->len, sizeof(*out));
	*out = slot->event;
	if (number)
		*number = slot->tag;
	__atomic_store_n(&f->ring[HEAD], ++f->head, __ATOMIC_RELEASE);
	return true;
}

/* The next event of @type of process @pid; the machine is not ours alone. */
static bool find(struct feed *f, int type, int pid, struct event *out)
{
	while (next(f, out, NULL))
		if (out->type == type && out->pid == pid)
			return true;
	return false;
}

CASE(fork_exec_exit)
{
	struct event e;
	struct feed f;
	int64_t before = now_ns();
	pid_t pid;

	need_feed();
	start(&f);
	pid = fork();
	if (pid == 0) {
		execl(ktap_self, ktap_self, "@nothing", NULL);
		_exit(9);
	}
	CHECK_EQ(child_status(pid), 2 << 8);
	REQUIRE(find(&f, FORK, getpid(), &e));
	CHECK_EQ(e.a, pid);
	CHECK_EQ(e.tid, getpid());
	CHECK_EQ(e.uid, 0);
	CHECK((int64_t)e.time_ns >= before && (int64_t)e.time_ns <= now_ns());
	REQUIRE(find(&f, EXEC, pid, &e));
	CHECK_EQ(strncmp(e.comm, "events_test", 11), 0);
	REQUIRE(find(&f, EXIT, pid, &e));
	CHECK_EQ(e.a, 2 << 8);
	CHECK(e.b > 0);
}

CASE(killed_by_a_fault)
{
	struct event e;
	struct feed f;
	pid_t pid;

	need_feed();
	start(&f);
	pid = fork();
	if (pid == 0) {
		*(volatile int *)0x1234 = 1;
		_exit(9);
	}
	CHECK_KILLED(pid, SIGSEGV);
	REQUIRE(find(&f, FAULT, pid, &e));
	CHECK_EQ(e.what, SIGSEGV);
	CHECK_EQ(e.a, 0x1234);
	REQUIRE(find(&f, EXIT, pid, &e));
	CHECK_EQ(e.a & 0x7f, SIGSEGV);
}

CASE(denied)
{
	struct event e;
	struct feed f;
	pid_t pid;

	need_feed();
	start(&f);
	pid = fork();
	if (pid == 0) {
		sys(1025, "stdio error", NULL);
		sys(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
		_exit(0);
	}
	CHECK_EXIT(pid, 0);
	REQUIRE(find(&f, DENIED, pid, &e));
	CHECK_EQ(e.what, 1);
	CHECK_EQ(e.a, SYS_openat);
	CHECK(e.b != 0);
	pid = fork();
	if (pid == 0) {
		sys(1026, "/dev", "r");
		sys(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
		_exit(0);
	}
	CHECK_EXIT(pid, 0);
	REQUIRE(find(&f, DENIED, pid, &e));
	CHECK_EQ(e.what, 3);
	CHECK_EQ(e.a, SYS_openat);
}

static void forks(int n)
{
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		child_status(pid);
	}
}

/* Twice as many as fit, unread: nobody waits, the first ones are there, then what was lost is told. */
CASE(overflow_is_counted)
{
	uint32_t number, expected = 0, lost = 0;
	struct event e;
	struct feed f;

	need_feed();
	start(&f);
	forks(SLOTS);
	CHECK_EQ(used(&f), SLOTS);
	for (int i = 0; i < SLOTS; i++) {
		REQUIRE(next(&f, &e, &number));
		CHECK_EQ(number, expected);
		CHECK(e.type != LOST);
		expected++;
	}
	forks(1);
	REQUIRE(next(&f, &e, &number));
	CHECK_EQ(e.type, LOST);
	CHECK(e.a >= SLOTS);
	lost = (uint32_t)e.a;
	CHECK_EQ(number, expected + lost);
	expected = number + 1;
	REQUIRE(next(&f, &e, &number));
	CHECK_EQ(number, expected);
	CHECK_EQ(e.type, FORK);
}

/* A torrent, and a reader beside it: numbers have gaps only where LOST says how wide. */
CASE(numbers_are_without_unknown_gaps)
{
	uint32_t number, expected = 0;
	struct event e;
	struct feed f;
	long forked = 0;
	pid_t pid;

	need_feed();
	start(&f);
	pid = fork();
	if (pid == 0) {
		forks(3000);
		_exit(0);
	}
	do {
		REQUIRE(next(&f, &e, &number));
		if (e.type == LOST)
			expected += (uint32_t)e.a;
		CHECK_EQ(number, expected);
		expected = number + 1;
		forked += e.type == FORK && e.pid == pid;
		if (e.type == FORK && forked % 512 == 0)
			sleep_ms(1);
	} while (e.type != EXIT || e.pid != pid);
	CHECK(forked > 0 && forked <= 3000);
	CHECK_EXIT(pid, 0);
}

CASE(nonsense_harms_only_who_wrote_it)
{
	static const uint32_t heads[] = { 1u << 31, 5000, ~0u };
	struct feed bad, good;
	struct event e;

	need_feed();
	start(&good);
	for (size_t i = 0; i < COUNT(heads); i++) {
		struct pollfd p;
		int from = 0;
		uint32_t tail;

		start(&bad);
		p = (struct pollfd){ bad.fd, POLLIN, 0 };
		forks(2);
		__atomic_store_n(&bad.ring[HEAD], heads[i], __ATOMIC_SEQ_CST);
		CHECK_EQ(poll(&p, 1, 1000), 1);
		CHECK(p.revents & POLLERR);
		tail = bad.ring[TAIL];
		forks(2);
		CHECK_EQ(bad.ring[TAIL], tail);
		/* Not even when it is mended. */
		__atomic_store_n(&bad.ring[HEAD], 0, __ATOMIC_SEQ_CST);
		forks(2);
		CHECK_EQ(bad.ring[TAIL], tail);
		CHECK_EQ(sys(SYS_ioctl, bad.fd, IOC_RUNTIME, &from), 0);
		CHECK_EQ(bad.ring[TAIL], tail);
		munmap(bad.ring, MAP_BYTES);
		close(bad.fd);
	}
	/* What the kernel wrote it does not believe either. */
	start(&bad);
	memset(bad.ring, 0xff, 3 * LINE);
	forks(3);
	memset(bad.ring, 0, MAP_BYTES);
	forks(3);
	CHECK(find(&good, EXIT, getpid(), &e) == false);
}

CASE(two_hear_the_same)
{
	struct feed one, two;
	struct event a, b;

	need_feed();
	start(&one);
	start(&two);
	forks(3);
	for (int i = 0; i < 6; i++) {
		REQUIRE(next(&one, &a, NULL) && next(&two, &b, NULL));
		CHECK_EQ(memcmp(&a, &b, sizeof(a)), 0);
	}
}

CASE(sleeper_is_woken)
{
	struct event e;
	struct feed f;
	pid_t pid;

	need_feed();
	start(&f);
	pid = fork();
	if (pid == 0) {
		sleep_ms(50);
		forks(1);
		_exit(0);
	}
	REQUIRE(find(&f, FORK, getpid(), &e));
	REQUIRE(find(&f, FORK, pid, &e));
	REQUIRE(find(&f, EXIT, pid, &e));
	CHECK_EXIT(pid, 0);
}

CASE(run_times)
{
	uint64_t sum = 0;
	struct event e;
	struct feed f;
	int from = 0, seen = 0;

	need_feed();
	start(&f);
	for (int64_t end = now_ns() + 30000000; now_ns() < end;)
		sum++;
	CHECK_EQ(ioctl(f.fd, IOC_RUNTIME, &from), 0);
	CHECK_EQ(from, 0);
	while (used(&f) && next(&f, &e, NULL)) {
		seen += e.type == RUNTIME;
		if (e.type == RUNTIME && e.pid == getpid())
			sum = e.a + e.b;
	}
	CHECK(seen >= 2);	/* process 1, and this one */
	CHECK(sum >= 5000000 && sum < 60000000000ull);
	from = getpid();
	CHECK_EQ(ioctl(f.fd, IOC_RUNTIME, &from), 0);
	REQUIRE(next(&f, &e, NULL));
	CHECK_EQ(e.pid, getpid());
	from = -1;
	CHECK_EQ(sys(SYS_ioctl, f.fd, IOC_RUNTIME, &from), -EINVAL);
	CHECK_EQ(sys(SYS_ioctl, f.fd, IOC_RUNTIME, NULL), -EFAULT);
	CHECK_EQ(sys(SYS_ioctl, f.fd, IOC_RUNTIME + 1, &from), -ENOTTY);
}

/* A full ring does not lose run times: the call says where to go on. */
CASE(run_times_of_many)
{
	enum { MANY = 40 };
	pid_t pids[MANY];
	struct event e;
	struct feed f;
	int from = 0, rounds = 0, seen = 0;

	need_feed();
	start(&f);
	for (int i = 0; i < MANY; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			for (;;)
				pause();
	}
	forks((SLOTS - 3 * MANY / 2) / 2);	/* room for half of them */
	do {
		REQUIRE_EQ(ioctl(f.fd, IOC_RUNTIME, &from), 0);
		while (used(&f) && next(&f, &e, NULL)) {
			CHECK(e.type != LOST);
			for (int i = 0; i < MANY; i++)
				seen += e.type == RUNTIME && e.pid == pids[i];
		}
	} while (from && ++rounds < 100);
	CHECK(rounds >= 1);
	CHECK_EQ(seen, MANY);
	for (int i = 0; i < MANY; i++) {
		kill(pids[i], SIGKILL);
		child_status(pids[i]);
	}
}

CASE(who_may_listen)
{
	struct feed f;
	pid_t pid;

	need_feed();
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "/dev/events", O_RDWR) >= 0, 1);
	start(&f);
	IN_CHILD(pid) {
		REQUIRE(chmod("/dev/events", 0666) == 0);
		REQUIRE(drop_root());
		CHECK_EQ(sys(SYS_openat, AT_FDCWD, "/dev/events", O_RDWR), -EPERM);
		/* The handle is the right: one that was passed on works. */
		CHECK(mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, f.fd, 0) != MAP_FAILED);
	}
	CHECK_EXIT(pid, 0);
	chmod("/dev/events", 0600);
}

CASE(what_it_cannot)
{
	char byte = 0;
	struct feed f;
	int fd;

	need_feed();
	start(&f);
	CHECK_EQ(sys(SYS_read, f.fd, &byte, 1), -EINVAL);
	CHECK_EQ(sys(SYS_write, f.fd, &byte, 1), -EINVAL);
	fd = open("/dev/events", O_RDONLY);
	CHECK(fd >= 0);
	CHECK_EQ(sys(SYS_mmap, 0, MAP_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), -EACCES);
}

/* As with any file the mapping keeps it: the listener is there until both are gone. */
CASE(mapping_keeps_listening)
{
	struct feed f;
	uint32_t tail;

	need_feed();
	start(&f);
	forks(2);
	CHECK(used(&f) >= 4);
	close(f.fd);
	tail = f.ring[TAIL];
	forks(2);
	CHECK_EQ(f.ring[TAIL] - tail, 4);
	munmap(f.ring, MAP_BYTES);
	forks(1);
}

/* Listeners come and go while everybody tells. */
CASE(open_and_close_under_fire)
{
	pid_t pid;

	need_feed();
	pid = fork();
	if (pid == 0) {
		forks(1500);
		_exit(0);
	}
	for (int i = 0; i < 200; i++) {
		struct feed f;
		struct event e;

		start(&f);
		if (i % 2)
			(void)next(&f, &e, NULL);
		if (i % 3)
			munmap(f.ring, MAP_BYTES);
		close(f.fd);
		if (i % 3 == 0)
			munmap(f.ring, MAP_BYTES);
	}
	CHECK_EXIT(pid, 0);
}
