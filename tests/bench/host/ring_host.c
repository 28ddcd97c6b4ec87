/* SPDX-License-Identifier: MIT */
/*
 * The ring code (kernel/lib/ring_ops.h) on this machine's Linux, between two
 * processes on two CPUs, in nanoseconds: beside it what Linux has for the same,
 * and as the floor a cache line that goes to and fro. A line a row:
 *
 *   ring_call_spin        212.0 ns   64-byte call and reply, both spin
 *
 * the median of ROUNDS rounds, and the least and the largest. "futex" rows sleep
 * where there is nothing to do, "spin" rows never. "touched": the producer writes
 * every byte and the consumer adds all of them up; else only descriptors move.
 */
#include <kernel/lib/ring_ops.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS  9
#define SLOTS   RING_DEFAULT
#define BATCH   16u
#define REGIONS 4u
#define MIB     (1ul << 20)

/* Linux: uapi/linux/futex.h, which musl-gcc does not see. */
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1

struct line {
	u32 value;
	u8 pad[60];
};

/* All that the two processes share. */
struct shared {
	struct line ping, pong; /* for the floor */
	u64 sum;                /* of the consumer, so that it adds up in earnest */
	u8 pad[4096 - 136];
	u8 there[16384 + 4096], back[16384 + 4096]; /* rings of SLOTS slots */
	u8 region[REGIONS][MIB];
};

static struct shared *shm;
static struct ring_tx tx;
static struct ring_rx rx;
static int fds[2][2]; /* [0]: to the consumer, [1]: back */
static bool spin;
static size_t region_len;
static bool touched;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set); /* with one CPU both stay */
}

/* ---- a channel of two rings ---- */

static void futex(u32 *word, int op, u32 value)
{
	syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

static void send_slots(const struct ring_slot *slots, u32 n)
{
	while (n) {
		int put = ring_push_batch(&tx, slots, n);

		if (put < 0)
			abort();
		ring_publish(&tx);
		if (!spin && ring_should_kick(&tx))
			futex(&tx.ring->sleeping, FUTEX_WAKE, 1);
		slots += put;
		n -= (u32)put;
		if (n && !spin && ring_stall_prepare(&tx) == 1)
			futex(&tx.ring->stalled, FUTEX_WAIT, 1);
	}
}

static void receive(struct ring_slot *slot)
{
	int got;

	while ((got = ring_pop(&rx, slot)) == 0) {
		ring_release(&rx);
		if (!spin && ring_should_unstall(&rx))
			futex(&rx.ring->stalled, FUTEX_WAKE, 1);
		if (!spin && ring_sleep_prepare(&rx) == 1)
			futex(&rx.ring->sleeping, FUTEX_WAIT, 1);
		if (!spin)
			ring_sleep_finish(&rx);
	}
	if (got < 0)
		abort();
}

static void attach(bool consumer)
{
	struct ring *there = (struct ring *)(void *)shm->there;
	struct ring *back = (struct ring *)(void *)shm->back;

	ring_tx_init(&tx, consumer ? back : there, SLOTS);
	ring_rx_init(&rx, consumer ? there : back, SLOTS);
}

static struct ring_slot message(u32 tag)
{
	return (struct ring_slot){ .kind = RING_INLINE, .len = RING_PAYLOAD, .tag = tag };
}

/* ---- what the consumer does, for ever ---- */

static void serve_calls(void)
{
	struct ring_slot slot;

	for (;;) {
		receive(&slot);
		ring_release(&rx);
		send_slots(&slot, 1);
	}
}

/* Takes messages; the last of a run has tag 1 and is answered. */
static void serve_stream(void)
{
	struct ring_slot slot;

	for (;;) {
		receive(&slot);
		if (slot.tag == 1) {
			ring_release(&rx);
			send_slots(&slot, 1);
		} else if (rx.head - rx.shown >= SLOTS / 4) {
			ring_release(&rx);
		}
	}
}

static u64 add_up(const void *mem, size_t len)
{
	const u64 *word = mem;
	u64 sum = 0;

	for (size_t i = 0; i < len / sizeof(*word); i++)
		sum += word[i];
	return sum;
}

static void serve_regions(void)
{
	struct ring_slot slot;
	struct ring_region region;

	for (;;) {
		receive(&slot);
		ring_release(&rx);
		memcpy(&region, slot.payload, sizeof(region));
		if (touched)
			shm->sum += add_up((void *)(uintptr_t)region.va, region.len);
		send_slots(&slot, 1);
	}
}

static void serve_line(void)
{
	for (u32 seen = 0;;) {
		u32 now = __atomic_load_n(&shm->ping.value, __ATOMIC_ACQUIRE);

		if (now != seen)
			__atomic_store_n(&shm->pong.value, seen = now, __ATOMIC_RELEASE);
	}
}

static void serve_fds(void)
{
	char buf[64];
	ssize_t n;

	while ((n = read(fds[0][0], buf, sizeof(buf))) > 0 && write(fds[1][1], buf, (size_t)n) == n)
		;
	_exit(1);
}

static void read_all(int fd, char *buf, size_t len)
{
	for (ssize_t n; len; buf += n, len -= (size_t)n) {
		n = read(fd, buf, len);
		if (n <= 0)
			_exit(1);
	}
}

static void serve_bytes(void)
{
	static char buf[MIB];

	for (;;) {
		read_all(fds[0][0], buf, region_len);
		if (touched)
			shm->sum += add_up(buf, region_len);
		if (write(fds[1][1], buf, 1) != 1)
			_exit(1);
	}
}

/* ---- what the producer does, @n times ---- */

static void do_line(u32 n)
{
	for (u32 i = 0; i < n; i++) {
		u32 next = shm->ping.value + 1;

		__atomic_store_n(&shm->ping.value, next, __ATOMIC_RELEASE);
		while (__atomic_load_n(&shm->pong.value, __ATOMIC_ACQUIRE) != next)
			;
	}
}

static void do_calls(u32 n)
{
	struct ring_slot slot = message(0);

	for (u32 i = 0; i < n; i++) {
		send_slots(&slot, 1);
		receive(&slot);
		ring_release(&rx);
	}
}

static void finish_stream(void)
{
	struct ring_slot last = message(1);

	send_slots(&last, 1);
	receive(&last);
	ring_release(&rx);
}

static void do_messages(u32 n)
{
	const struct ring_slot slot = message(0);

	for (u32 i = 0; i < n; i++)
		send_slots(&slot, 1);
	finish_stream();
}

static void do_batches(u32 n)
{
	struct ring_slot slots[BATCH];

	for (u32 i = 0; i < BATCH; i++)
		slots[i] = message(0);
	for (u32 i = 0; i < n; i += BATCH)
		send_slots(slots, BATCH);
	finish_stream();
}

static void fill(void *mem, u32 value)
{
	if (touched)
		memset(mem, (int)value, region_len);
}

static void do_regions(u32 n)
{
	struct ring_slot slot;

	for (u32 sent = 0, done = 0; done < n;) {
		if (sent < n && sent - done < REGIONS) {
			struct ring_region region = {
				.va = (u64)(uintptr_t)shm->region[sent % REGIONS],
				.len = region_len, .mode = RING_SHARE, .id = sent % REGIONS,
			};

			fill(shm->region[sent % REGIONS], sent);
			slot = (struct ring_slot){ .kind = RING_REGION, .len = RING_PAYLOAD };
			memcpy(slot.payload, &region, sizeof(region));
			send_slots(&slot, 1);
			sent++;
			continue;
		}
		receive(&slot);
		ring_release(&rx);
		done++;
	}
}

static void do_fds(u32 n)
{
	char buf[64] = { 1 }; /* of an eventfd the count: 8 bytes are used */
	size_t len = region_len;

	for (u32 i = 0; i < n; i++) {
		if (write(fds[0][1], buf, len) != (ssize_t)len ||
		    read(fds[1][0], buf, len) != (ssize_t)len)
			die("round trip");
	}
}

static void do_bytes(u32 n)
{
	static char buf[MIB];
	char ack;

	for (u32 i = 0; i < n; i++) {
		fill(buf, i);
		if (write(fds[0][1], buf, region_len) != (ssize_t)region_len ||
		    read(fds[1][0], &ack, 1) != 1)
			die("bytes");
	}
}

/* ---- rows ---- */

enum carrier { NONE, PIPE, UNIX, EVENTFD };

struct row {
	const char *name;
	const char *what;
	void (*serve)(void);
	void (*produce)(u32 n);
	u32 n;              /* of one round */
	enum carrier carrier;
	bool spin, touched;
	size_t len;
};

static void open_carrier(enum carrier carrier)
{
	for (u32 i = 0; i < 2; i++) {
		int err = carrier == PIPE ? pipe(fds[i]) :
			  carrier == UNIX ? socketpair(AF_UNIX, SOCK_STREAM, 0, fds[i]) : 0;

		if (carrier == EVENTFD)
			err = (fds[i][0] = eventfd(0, 0)) < 0 || (fds[i][1] = dup(fds[i][0])) < 0;
		if (err)
			die("carrier");
	}
}

static void close_carrier(enum carrier carrier)
{
	for (u32 i = 0; carrier != NONE && i < 4; i++)
		close(fds[i / 2][i % 2]);
}

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static pid_t start_consumer(const struct row *row)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		die("fork");
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	on_cpu(1);
	attach(true);
	row->serve();
	_exit(1);
}

static void run(const struct row *row)
{
	double ns[ROUNDS];
	pid_t pid;

	spin = row->spin;
	touched = row->touched;
	region_len = row->len;
	memset(shm, 0, offsetof(struct shared, region));
	if (ring_init((struct ring *)(void *)shm->there, SLOTS, 1) ||
	    ring_init((struct ring *)(void *)shm->back, SLOTS, 1))
		abort();
	open_carrier(row->carrier);
	attach(false);
	pid = start_consumer(row);
	row->produce(row->n / 8 + 1);
	for (u32 i = 0; i < ROUNDS; i++) {
		double begin = now_ns();

		row->produce(row->n);
		ns[i] = (now_ns() - begin) / row->n;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close_carrier(row->carrier);
	qsort(ns, ROUNDS, sizeof(ns[0]), compare);
	printf("%-20s %10.1f  (%.1f .. %.1f)  %s\n", row->name, ns[ROUNDS / 2], ns[0],
	       ns[ROUNDS - 1], row->what);
	fflush(stdout);
}

static const struct row rows[] = {
	{ "line_rt", "a cache line to the other CPU and back: the floor", serve_line, do_line,
	  200000, NONE, true, false, 0 },
	{ "ring_msg", "inline message, both busy", serve_stream, do_messages, 400000, NONE, true,
	  false, 0 },
	{ "ring_msg_batch16", "the same, 16 published at a time", serve_stream, do_batches, 400000,
	  NONE, true, false, 0 },
	{ "ring_call_spin", "64-byte call and reply, both spin", serve_calls, do_calls, 100000,
	  NONE, true, false, 0 },
	{ "ring_call_futex", "the same, both sleep", serve_calls, do_calls, 5000, NONE, false,
	  false, 0 },
	{ "eventfd_rt", "8 bytes and back by eventfd", serve_fds, do_fds, 5000, EVENTFD, false,
	  false, 8 },
	{ "pipe_rt", "64 bytes and back by pipes", serve_fds, do_fds, 5000, PIPE, false, false, 64 },
	{ "unix_rt", "64 bytes and back by AF_UNIX", serve_fds, do_fds, 5000, UNIX, false, false,
	  64 },
	{ "region_64k", "64 KiB region, untouched", serve_regions, do_regions, 20000, NONE, true,
	  false, 65536 },
	{ "region_64k_touched", "written and added up", serve_regions, do_regions, 2000, NONE, true,
	  true, 65536 },
	{ "pipe_64k_touched", "the same through a pipe", serve_bytes, do_bytes, 1000, PIPE, false,
	  true, 65536 },
	{ "unix_64k_touched", "the same through AF_UNIX", serve_bytes, do_bytes, 1000, UNIX, false,
	  true, 65536 },
	{ "region_1m", "1 MiB region, untouched", serve_regions, do_regions, 20000, NONE, true,
	  false, MIB },
	{ "region_1m_touched", "written and added up", serve_regions, do_regions, 200, NONE, true,
	  true, MIB },
	{ "pipe_1m_touched", "the same through a pipe", serve_bytes, do_bytes, 100, PIPE, false,
	  true, MIB },
	{ "unix_1m_touched", "the same through AF_UNIX", serve_bytes, do_bytes, 100, UNIX, false,
	  true, MIB },
};

int main(void)
{
	static_assert(offsetof(struct shared, there) == 4096, "rings begin pages");
	static_assert(sizeof(shm->there) >= RING_BYTES(SLOTS), "room for a ring");
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		fprintf(stderr, "one CPU: rows that spin would wait for its scheduler\n");
	shm = mmap(NULL, sizeof(*shm), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shm == MAP_FAILED)
		die("mmap");
	on_cpu(0);
	printf("%-20s %10s  (least .. largest of %d rounds)\n", "row", "ns", ROUNDS);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!rows[i].spin || sysconf(_SC_NPROCESSORS_ONLN) > 1)
			run(&rows[i]);
	}
	return 0;
}
