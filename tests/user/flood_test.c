/* SPDX-License-Identifier: MIT */
/*
 * flood_test.c - very many of one thing, and what is built to take for ever: names in one folder, symbolic links that
 * lead to links, signals from all sides. Each ends soon, with the right answer or the right error, and gives back what
 * it took. A few thousand here; the long runs of `make torture`:
 *
 *     flood_test @names N, @links N, @signals N
 *
 * What takes all of something until nothing is left is hog.c's.
 */
#define KTAP_HAS_HELPER
#include "ktap.h"

#include <sched.h>
#include <sys/mount.h>

/* ---- names ---- */

struct record {
	uint64_t ino;
	int64_t off;
	uint16_t len;
	uint8_t type;
	char name[];
};

/* Each of the names 0 to @n - 1 of step @step is listed once, and nothing else; false at the first that is not. */
static bool listed(const char *path, long n, long step)
{
	unsigned char *seen = calloc((size_t)n / 8 + 1, 1);
	static char buf[65536];
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	long count = 0, len, at;
	bool ok = seen && fd >= 0;

	while (ok && (len = sys(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
		for (at = 0; at < len;) {
			struct record *r = (struct record *)(void *)(buf + at);
			long i = strtol(r->name + 1, NULL, 10);

			at += r->len;
			if (r->name[0] == '.')
				continue;
			ok &= i >= 0 && i < n && i % step == 0 && !(seen[i / 8] & 1 << i % 8);
			if (!ok)
				break;
			seen[i / 8] |= (unsigned char)(1 << i % 8);
			count++;
		}
	}
	close(fd);
	free(seen);
	return ok && count == (n + step - 1) / step;
}

/* Names of one file, so that what is measured is the folder; then half of them go, then all. */
static void names(long n)
{
	struct stat st;
	char name[32];
	long i;

	REQUIRE_EQ(mkdir("many", 0755), 0);
	REQUIRE(put_file("file", "", 0, 0644));
	REQUIRE_EQ(chdir("many"), 0);
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "n%ld", i);
		REQUIRE_EQ(sys(SYS_link, "../file", name), 0);
	}
	CHECK_EQ(sys(SYS_stat, "../file", &st), 0);
	CHECK_EQ(st.st_nlink, n + 1);
	CHECK(listed(".", n, 1));
	CHECK_EQ(sys(SYS_link, "../file", "n7"), -EEXIST);
	for (i = 0; i < n; i += n / 1000 + 1) {
		snprintf(name, sizeof(name), "n%ld", i);
		CHECK_EQ(sys(SYS_stat, name, &st), 0);
		snprintf(name, sizeof(name), "absent%ld", i);
		CHECK_EQ(sys(SYS_stat, name, &st), -ENOENT);
	}
	for (i = 1; i < n; i += 2) {
		snprintf(name, sizeof(name), "n%ld", i);
		REQUIRE_EQ(sys(SYS_unlink, name), 0);
	}
	CHECK(listed(".", n, 2));
	CHECK_EQ(sys(SYS_rmdir, "../many"), -ENOTEMPTY);
	for (i = 0; i < n; i += 2) {
		snprintf(name, sizeof(name), "n%ld", i);
		REQUIRE_EQ(sys(SYS_unlink, name), 0);
	}
	REQUIRE_EQ(chdir(".."), 0);
	CHECK_EQ(sys(SYS_rmdir, "many"), 0);
	CHECK_EQ(sys(SYS_stat, "file", &st), 0);
	CHECK_EQ(st.st_nlink, 1);
}

CASE(many_names_in_one_folder)
{
	scratch();
	names(20000);
}

/* ---- links ---- */

/* "." by 40 links in a row, and never by 41; each of a chain that is longer than that. */
static void chains(int n)
{
	char name[32], to[32];
	struct stat st;
	int i;

	REQUIRE_EQ(symlink(".", "c0"), 0);
	for (i = 1; i < n; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		snprintf(to, sizeof(to), "c%d", i - 1);
		REQUIRE_EQ(symlink(to, name), 0);
	}
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		CHECK_EQ(sys(SYS_stat, name, &st), i < 40 ? 0 : -ELOOP);
	}
}

CASE(links_in_chains)
{
	scratch();
	chains(200);
}

/* Each is twice the one before: what is walked doubles with each, but for the limit. */
CASE(links_that_double)
{
	char name[32], to[64];
	struct stat st;
	int i;

	scratch();
	REQUIRE_EQ(symlink(".", "d0"), 0);
	for (i = 1; i < 64; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		snprintf(to, sizeof(to), "d%d/d%d", i - 1, i - 1);
		REQUIRE_EQ(symlink(to, name), 0);
	}
	CHECK_EQ(sys(SYS_stat, "d3", &st), 0);
	CHECK_EQ(sys(SYS_stat, "d4", &st), 0);	/* 2^5 - 1 links */
	for (i = 5; i < 64; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		CHECK_EQ(sys(SYS_stat, name, &st), -ELOOP);
		snprintf(to, sizeof(to), "%s/x", name);
		CHECK_EQ(sys(SYS_open, to, O_RDWR | O_CREAT, 0600), -ELOOP);
	}
}

/* Texts of the longest kind that lead to one another, with slashes before and behind them. */
CASE(links_with_long_texts)
{
	static char text[4096];
	char name[32];
	struct stat st;
	int i;

	scratch();
	for (i = 0; i < 4094; i += 2)
		memcpy(text + i, "./", 2);
	text[4094] = '.';
	REQUIRE_EQ(symlink(text, "l0"), 0);
	for (i = 1; i < 45; i++) {
		snprintf(text + 4088, 8, "l%d", i - 1);
		snprintf(name, sizeof(name), "l%d", i);
		REQUIRE_EQ(symlink(text, name), 0);
		CHECK_EQ(sys(SYS_stat, name, &st), i < 40 ? 0 : -ELOOP);
	}
	/* The rest of the name is kept behind each. */
	CHECK_EQ(sys(SYS_stat, "l30/l5/l2/none", &st), -ENOENT);
	CHECK_EQ(sys(SYS_stat, "l30/l5/l3", &st), -ELOOP);
}

static void links(long rounds)
{
	char name[32];
	long i;

	for (i = 0; i < rounds && !ktap_failures; i++) {
		snprintf(name, sizeof(name), "round%ld", i);
		REQUIRE_EQ(mkdir(name, 0755), 0);
		REQUIRE_EQ(chdir(name), 0);
		chains(300);
		REQUIRE_EQ(chdir(".."), 0);
		remove_tree(name);
	}
}

/* ---- signals ---- */

static volatile long counted[65];

static void counter(int sig)
{
	counted[sig]++;
}

/* Handlers that interrupt each other on a stack of their own, while calls go on. */
static void receive(long total, int pipe_end)
{
	static char stack[65536];
	struct sigaction sa = { .sa_handler = counter, .sa_flags = SA_ONSTACK | SA_RESTART };
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	volatile char *page = malloc(4 * PAGE);
	int64_t end = now_ns() + 3600ll * 1000000000;
	int sig;

	sigaltstack(&ss, NULL);
	for (sig = SIGRTMIN; sig < SIGRTMIN + 4; sig++)
		sigaction(sig, &sa, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGUSR2, &sa, NULL);
	if (write(pipe_end, "r", 1) != 1)
		_exit(2);
	do {
		page[counted[SIGUSR1] % (4 * PAGE)]++;
		sys(SYS_getppid);
		if (now_ns() > end)
			_exit(3);
	} while (counted[SIGRTMIN] + counted[SIGRTMIN + 1] + counted[SIGRTMIN + 2] + counted[SIGRTMIN + 3] < total);
	/* Queued ones come each, the others at least once. */
	_exit(counted[SIGUSR1] > 0 && counted[SIGUSR2] > 0 ? 0 : 4);
}

static void send_all(pid_t to, int sig, long n)
{
	union sigval v = { 0 };
	long i;

	for (i = 0; i < n; i++) {
		kill(to, i % 2 ? SIGUSR1 : SIGUSR2);
		while (sigqueue(to, sig, v) < 0) {
			if (errno != EAGAIN)
				_exit(1);
			sched_yield();	/* as many as may wait do */
		}
	}
}

static void signals(long n)
{
	int ready[2], i;
	pid_t to, from[4];
	char c;

	REQUIRE_EQ(pipe(ready), 0);
	to = ktap_fork();
	if (to == 0)
		receive(4 * n, ready[1]);
	REQUIRE_EQ(read(ready[0], &c, 1), 1);
	for (i = 0; i < 4; i++)
		IN_CHILD(from[i])
			send_all(to, SIGRTMIN + i, n);
	for (i = 0; i < 4; i++)
		CHECK_EXIT(from[i], 0);
	CHECK_EXIT(to, 0);
}

CASE(signals_from_all_sides)
{
	signals(1000);
}

/* A group that is signalled as a whole while its members come and go. */
CASE(signals_to_a_changing_group)
{
	int i, status = 0, ended = 0;
	pid_t top = ktap_fork();

	if (top == 0) {
		signal(SIGUSR1, counter);
		setpgid(0, 0);
		for (;;) {
			pid_t pid = fork();

			if (pid == 0)
				_exit(0);
			while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
				;
		}
	}
	setpgid(top, top);
	for (i = 0; i < 2000; i++)
		ended += kill(-top, i % 10 ? SIGCONT : SIGWINCH) != 0;
	CHECK_EQ(ended, 0);
	CHECK_EQ(kill(-top, SIGKILL), 0);
	CHECK_EQ(sys(SYS_wait4, top, &status, 0, NULL), top);
	CHECK_EQ(WTERMSIG(status), SIGKILL);
}

/* ---- the long runs ---- */

/* A tmpfs without limits for so many names. */
static void room(void)
{
	scratch();
	REQUIRE_EQ(mkdir("t", 0755), 0);
	REQUIRE_EQ(sys(SYS_mount, "none", "t", "tmpfs", 0, "nr_inodes=0"), 0);
	REQUIRE_EQ(chdir("t"), 0);
}

static int ktap_helper(int argc, char **argv)
{
	long n = argc == 3 ? atol(argv[2]) : 0;

	if (n <= 0)
		return 3;
	ktap_current = argv[1] + 1;
	ktap_print("KTAP version 1\n1..1\n");
	room();
	if (!strcmp(argv[1], "@names"))
		names(n);
	else if (!strcmp(argv[1], "@links"))
		links(n);
	else if (!strcmp(argv[1], "@signals"))
		signals(n);
	else
		return 3;
	ktap_print("%s 1 %s\n", ktap_failures ? "not ok" : "ok", ktap_current);
	return ktap_failures ? 1 : 0;
}
