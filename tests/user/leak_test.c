/* SPDX-License-Identifier: MIT */
/*
 * leak_test.c - nothing is left behind: free frames, page tables, slab objects of every cache, threads and open files
 * are counted before and after thousands of processes, to the last one. Only Exo-OS's counts are exact (it can be
 * told to give back what its caches hold, and nothing else runs); on Linux the same work is done without counting.
 * A slow machine (the kasan kernel) does as many as fit the time. Which slabs the objects lie in is chance: slab pages
 * and free ones are counted as one.
 *
 *     leak_test @forks N, @execs N    the long runs of `make torture`
 */
#define KTAP_HAS_HELPER
#include "ktap.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum { MAX_CACHES = 96 };

struct counts {
	long free_kib, tables_kib, threads;	/* free: with the slabs */
	int nr_caches;
	struct {
		char name[32];
		long active;
	} cache[MAX_CACHES];
};

static bool exact(void)
{
	return on_exo() && is_root();
}

static const char *slurp(const char *path)
{
	static char text[32768];
	int fd = open(path, O_RDONLY);
	ssize_t n, len = 0;

	while (fd >= 0 && (n = read(fd, text + len, sizeof(text) - 1 - (size_t)len)) > 0)
		len += n;
	if (fd >= 0)
		close(fd);
	text[len] = 0;
	return text;
}

static long meminfo(const char *name)
{
	const char *at = strstr(slurp("/proc/meminfo"), name);

	return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

static void count(struct counts *c)
{
	const char *line;
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	memset(c, 0, sizeof(*c));
	CHECK_EQ(sys(SYS_write, fd, "3\n", 2), 2);
	close(fd);
	c->free_kib = meminfo("MemFree:") + meminfo("Slab:");
	c->tables_kib = meminfo("PageTables:");
	line = strchr(slurp("/proc/loadavg"), '/');
	c->threads = line ? atol(line + 1) : -1;
	line = slurp("/proc/slabinfo");
	while ((line = strchr(line, '\n')) && c->nr_caches < MAX_CACHES)
		if (sscanf(++line, "%31s %ld", c->cache[c->nr_caches].name, &c->cache[c->nr_caches].active) == 2)
			c->nr_caches++;
	CHECK(c->nr_caches > 5);
}

static bool same(const struct counts *a, const struct counts *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static void tell(const struct counts *a, const struct counts *b)
{
	int i;

	NOTE("free and slab %ld -> %ld KiB, tables %ld -> %ld, threads %ld -> %ld", a->free_kib, b->free_kib,
	     a->tables_kib, b->tables_kib, a->threads, b->threads);
	for (i = 0; i < a->nr_caches; i++)
		if (a->cache[i].active != b->cache[i].active)
			NOTE("%s: %ld -> %ld objects", a->cache[i].name, a->cache[i].active, b->cache[i].active);
}

/* Numbers of processes are counted in pages of 1024: away from those that are there in any case. */
static void number_settle(void)
{
	pid_t pid;

	do {
		pid = ktap_fork();
		if (pid == 0)
			_exit(0);
		child_status(pid);
	} while (exact() && (pid < 1100 || pid / 1024 == getpid() / 1024 || pid / 1024 == getppid() / 1024));
}

/* @body @n times, after a warm-up; what it leaves is given a moment to go. */
static void leaves_nothing(void (*body)(void), int n, int limit_s)
{
	static struct counts before, after;
	int64_t end;
	int i;

	memset(&after, 1, sizeof(after));	/* the memory of this process is counted, too */
	for (i = 0; i < 40; i++)
		body();
	number_settle();
	for (i = 0; exact() && i < 100; i++) {	/* the warm-up's orphans are init's to bury */
		count(&after);
		sleep_ms(20);
		count(&before);
		if (same(&before, &after))
			break;
	}
	end = now_ns() + limit_s * 1000000000LL;
	for (i = 0; i < n && !ktap_failures && now_ns() < end; i++)
		body();
	NOTE("%d times", i);
	number_settle();
	for (i = 0; exact() && i < 100; i++) {
		count(&after);
		if (same(&before, &after))
			return;
		sleep_ms(20);
	}
	if (exact()) {
		tell(&before, &after);
		CHECK(same(&before, &after));
	}
}

static int many(int on_linux)
{
	return exact() ? 10000 : on_linux;
}

/* ---- what is done ---------------------------------------------------------------------------------------------- */

static void fork_once(void)
{
	pid_t pid = ktap_fork();

	if (pid == 0)
		_exit(7);
	CHECK_EXIT(pid, 7);
}

CASE(forks)
{
	leaves_nothing(fork_once, many(500), 15);
}

/* Killed while they hold memory, descriptors and queued signals, some of them asleep in the kernel. */
static void kill_once(void)
{
	static int turn;
	int fd[2], sock[2], way = turn++ % 4;
	char c;
	pid_t pid;

	REQUIRE_EQ(pipe(fd), 0);
	pid = ktap_fork();
	if (pid == 0) {
		char *p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		union sigval v = { 0 };
		sigset_t all;

		setpgid(0, 0);
		p[0] = p[30 * PAGE] = 1;
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, sock) == 0)
			(void)!write(sock[1], p, 3000);
		sigfillset(&all);
		sigprocmask(SIG_BLOCK, &all, NULL);
		sigqueue(getpid(), 40, v);
		(void)!write(fd[1], "x", 1);
		if (way == 0)
			for (;;)
				;
		if (way == 1 && vfork() == 0)
			for (;;)
				pause();
		if (way == 2)
			while (read(sock[0], p, 3000) > 0)
				;
		for (;;)
			sleep(100);
	}
	CHECK_EQ(read(fd[0], &c, 1), 1);
	kill(-pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
	close(fd[0]);
	close(fd[1]);
}

CASE(killed_processes)
{
	leaves_nothing(kill_once, many(200) / 20, 3);
}

static int ktap_helper(int argc, char **argv);

static void exec_once(void)
{
	char *argv[] = { (char *)"n", (char *)"@exit", NULL }, *envp[] = { NULL };
	pid_t pid = ktap_fork();

	if (pid == 0) {
		sys(SYS_execve, ktap_self, argv, envp);
		_exit(255);
	}
	CHECK_EXIT(pid, 3);
}

CASE(fork_and_exec)
{
	leaves_nothing(exec_once, many(200) / 10, 3);
}

static void *thread(void *arg)
{
	return arg;
}

static void threads_once(void)
{
	pthread_t t[2];
	void *result;
	long i;

	for (i = 0; i < 2; i++)
		REQUIRE_EQ(pthread_create(&t[i], NULL, thread, (void *)i), 0);
	for (i = 0; i < 2; i++) {
		CHECK_EQ(pthread_join(t[i], &result), 0);
		CHECK_EQ(result, i);
	}
}

CASE(threads)
{
	leaves_nothing(threads_once, many(200) / 4, 3);
}

/* A process that ends with threads, mappings of files, shared memory and children. */
static void family_once(void)
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		pthread_t t;
		char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		int fd = memfd_create("m", 0);

		(void)!ftruncate(fd, 3 * PAGE);
		p[0] = p[7 * PAGE] = 1;
		*(volatile char *)mmap(NULL, 3 * PAGE, PROT_WRITE, MAP_SHARED, fd, 0) = 1;
		*(volatile char *)mmap(NULL, 3 * PAGE, PROT_WRITE, MAP_PRIVATE, fd, 0) = 1;
		pthread_create(&t, NULL, thread, NULL);
		if (ktap_fork() == 0)
			sys(SYS_exit_group, p[0]);
		sys(SYS_exit_group, 4);
	}
	CHECK_EXIT(pid, 4);
}

CASE(families)
{
	leaves_nothing(family_once, many(200) / 10, 3);
}

static int long_run(void (*body)(void), const char *name, const char *times)
{
	ktap_current = name;
	ktap_print("KTAP version 1\n1..1\n");
	leaves_nothing(body, atoi(times), 3 * 3600);
	ktap_print("%s 1 %s\n", ktap_failures ? "not ok" : "ok", name);
	return ktap_failures ? 1 : 0;
}

static int ktap_helper(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "@forks"))
		return long_run(fork_once, "forks", argv[2]);
	if (argc == 3 && !strcmp(argv[1], "@execs"))
		return long_run(exec_once, "execs", argv[2]);
	return 3;
}
