/* SPDX-License-Identifier: MIT */
/*
 * hog.c - programs that take all they can get of one thing. Run by tests/exo/hog_test.py in a machine of their own;
 * refuses to run on Linux, where it would do harm.
 *
 *     hog KIND
 *
 * Exit status: 0 the hog was stopped by an error that programs know (ENOSPC, EAGAIN, ...) and has cleaned up; what it
 * was killed by otherwise. Lines of its own say how far it came.
 */
#define KTAP_NO_MAIN
#include "ktap.h"

#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define MIB (1ul << 20)
#define GIB (1ul << 30)

static void touch(char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i += PAGE)
		*(volatile char *)(p + i) = 1;
}

static char *map(size_t len, int flags)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		printf("mmap: errno %d\n", errno);
		exit(1);
	}
	return p;
}

static int in_chunks(int flags)
{
	int i;

	for (i = 0; i < 128; i++)
		touch(map(8 * MIB, flags), 8 * MIB);
	return 3;
}

static int hog_anon(void)
{
	return in_chunks(MAP_PRIVATE);
}

static int hog_shared(void)
{
	return in_chunks(MAP_SHARED);
}

static int hog_big(void)
{
	touch(map(GIB, MAP_PRIVATE), GIB);
	return 3;
}

static int hog_locked(void)
{
	int i;

	if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
		return 2;
	for (i = 0; i < 128; i++)
		map(8 * MIB, MAP_PRIVATE);
	touch(map(GIB, MAP_PRIVATE), GIB);
	return 3;
}

static int hog_brk(void)
{
	size_t len = MIB;
	char *p = NULL;

	for (;;) {
		p = realloc(p, len);
		if (!p)
			return 2;
		touch(p, len);
		len += 4 * MIB;
	}
}

/* One page in each table: nearly all of the memory is page tables. */
static int hog_tables(void)
{
	size_t len = 512 * GIB, i;
	char *p = map(len, MAP_PRIVATE | MAP_NORESERVE);

	for (i = 0; i < len; i += 2 * MIB)
		(void)*(volatile char *)(p + i);
	return 3;
}

/* ---- memory that belongs to files --------------------------------------------------------------------------- */

static int fill_file(int fd, const char *name)
{
	static char block[65536];
	ssize_t n;
	long sum = 0;

	memset(block, 1, sizeof(block));
	while ((n = write(fd, block, sizeof(block))) > 0)
		sum += n;
	printf("%s: errno %d\n", name, errno);
	NOTE("%s: %ld KiB", name, sum / 1024);
	return errno == ENOSPC || errno == ENOMEM ? 0 : 2;
}

static int hog_tmpfs(void)
{
	int fd = open("/tmp/hog", O_RDWR | O_CREAT | O_TRUNC, 0600), result;

	result = fill_file(fd, "tmpfs");
	unlink("/tmp/hog");
	return result;
}

/* No limit of a file system may let files take it all. */
static int hog_files(void)
{
	int one = open("/tmp/hog", O_RDWR | O_CREAT | O_TRUNC, 0600), result;
	int two = memfd_create("hog", 0);
	pid_t pid;

	result = fill_file(one, "tmpfs") | fill_file(two, "memfd");
	pid = fork();	/* and the others live on */
	if (pid == 0)
		execl("/bin/busybox", "busybox", "echo", "others live", NULL);
	fflush(stdout);
	if (child_status(pid) != 0)
		result |= 4;
	unlink("/tmp/hog");
	return result;
}

static int hog_tmpfs_mmap(void)
{
	int fd = open("/tmp/hog", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *p;

	unlink("/tmp/hog");
	if (fd < 0 || ftruncate(fd, GIB) < 0)
		return 2;
	p = mmap(NULL, GIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return 2;
	touch(p, GIB);
	return 3;
}

/* ---- descriptors and what hangs on them ---------------------------------------------------------------------- */

static void more_files(void)
{
	struct rlimit limit = { 1 << 20, 1 << 20 };

	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Fills pipes or sockets until nothing more is to be had. */
static int fill_pairs(bool sockets)
{
	static char block[65536];
	int fd[2], error = 0, n = 0;

	more_files();
	for (;;) {
		if ((sockets ? socketpair(AF_UNIX, SOCK_STREAM, 0, fd) : pipe(fd)) < 0)
			break;
		fcntl(fd[1], F_SETFL, O_NONBLOCK);
		while (write(fd[1], block, sizeof(block)) > 0)
			n++;
		if (errno != EAGAIN) {
			error = errno;
			break;
		}
	}
	error = error ? error : errno;
	printf("errno %d\n", error);
	NOTE("%d writes", n);
	return error == ENOMEM || error == ENOBUFS || error == EMFILE || error == ENFILE ? 0 : 2;
}

static int hog_pipes(void)
{
	return fill_pairs(false);
}

static int hog_sockets(void)
{
	return fill_pairs(true);
}

static int hog_fds(void)
{
	int n = 0;

	more_files();
	while (open("/dev/null", O_RDONLY) >= 0)
		n++;
	printf("errno %d\n", errno);
	NOTE("%d descriptors", n);
	return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? 0 : 2;
}

/* ---- threads and processes ------------------------------------------------------------------------------------ */

static void *sleeper(void *arg)
{
	pause();
	return arg;
}

static int hog_threads(void)
{
	pthread_attr_t attr;
	pthread_t t;
	int n = 0, err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	while ((err = pthread_create(&t, &attr, sleeper, NULL)) == 0)
		n++;
	printf("errno %d\n", err);
	NOTE("%d threads", n);
	return err == EAGAIN ? 0 : 2;
}

/* Everybody forks; who started it ends them all. */
static int hog_forks(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		for (;;)
			fork();
	}
	setpgid(pid, pid);
	sleep_ms(4000);
	kill(-pid, SIGKILL);
	child_status(pid);
	while (kill(-pid, SIGKILL) == 0)
		sleep_ms(1);	/* init has yet to wait for some */
	return errno == ESRCH ? 0 : 2;
}

/* A thousand that take little each. */
static int hog_crowd(void)
{
	char go;
	int hold[2], i, killed = 0, refused = 0, n = 0;
	pid_t pid;

	if (pipe(hold) < 0)
		return 2;
	for (i = 0; i < 1000; i++) {
		pid = fork();
		if (pid == 0) {
			close(hold[1]);
			touch(map(MIB, MAP_PRIVATE), MIB);
			_exit(read(hold[0], &go, 1) != 0);
		}
		if (pid < 0)
			refused++;
		else
			n++;
	}
	close(hold[1]);
	while (n-- > 0) {
		int status = 0;

		sys(SYS_wait4, -1, &status, 0, NULL);
		killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	}
	NOTE("%d refused, %d killed", refused, killed);
	printf("%s\n", killed || refused ? "some went" : "all lived");
	return 0;
}

/* 60 MiB of signals for a process that takes none. */
static int hog_signals(void)
{
	union sigval v = { 0 };
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	int err = 0;
	pid_t pid;
	sigset_t all;

	setrlimit(RLIMIT_SIGPENDING, &limit);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	while (sigqueue(pid, 40, v) == 0)
		;
	err = errno;
	kill(pid, SIGKILL);
	child_status(pid);
	printf("errno %d\n", err);
	return err == EAGAIN ? 0 : 2;
}

/* ---- who is chosen --------------------------------------------------------------------------------------------- */

static void set_adj(const char *text)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		printf("oom_score_adj: errno %d\n", errno);
	close(fd);
}

/* A child that holds @mib and waits: @how 'r' in read, 'v' as the parent in a vfork. */
static pid_t holder(size_t mib, const char *adj, int how)
{
	int ready[2];
	char c;
	pid_t pid;

	if (pipe(ready) < 0)
		exit(2);
	pid = fork();
	if (pid)
		goto out;
	set_adj(adj);
	touch(map(mib * MIB, MAP_PRIVATE), mib * MIB);
	if (write(ready[1], "x", 1) != 1)
		_exit(2);
	if (how == 'v' && vfork() == 0) {
		pause();
		_exit(0);
	}
	pause();
	_exit(0);
out:
	if (read(ready[0], &c, 1) != 1)
		exit(2);
	return pid;
}

/* The one that asks lives, since a larger one sleeps. */
static int hog_sleeping(int how)
{
	pid_t pid = holder(34, "0", how);
	int status;

	touch(map(30 * MIB, MAP_PRIVATE), 30 * MIB);
	status = child_status(pid);
	printf("the sleeper: %s\n", WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? "killed" : "lives");
	return 0;
}

static int hog_asleep(void)
{
	return hog_sleeping('r');
}

static int hog_vfork(void)
{
	return hog_sleeping('v');
}

/* oom_score_adj turns the order round. */
static int hog_adjusted(void)
{
	/* Of 64 MiB: all three together are too much, without the small one there is room. */
	pid_t large = holder(26, "-1000", 'r'), small = holder(10, "1000", 'r');
	int status;

	set_adj("-1000");
	touch(map(26 * MIB, MAP_PRIVATE), 26 * MIB);
	status = child_status(small);
	printf("the small one: %s\n", WIFSIGNALED(status) ? "killed" : "lives");
	printf("the large one: %s\n", kill(large, 0) == 0 ? "lives" : "killed");
	kill(large, SIGKILL);
	child_status(large);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} hogs[] = {
	{ "anon", hog_anon }, { "shared", hog_shared }, { "big", hog_big }, { "locked", hog_locked },
	{ "brk", hog_brk }, { "tables", hog_tables }, { "tmpfs", hog_tmpfs }, { "files", hog_files },
	{ "tmpfs-mmap", hog_tmpfs_mmap }, { "pipes", hog_pipes }, { "sockets", hog_sockets }, { "fds", hog_fds },
	{ "threads", hog_threads }, { "forks", hog_forks }, { "crowd", hog_crowd }, { "signals", hog_signals },
	{ "asleep", hog_asleep }, { "vfork", hog_vfork }, { "adjusted", hog_adjusted },
};

int main(int argc, char **argv)
{
	unsigned i;

	ktap_current = "hog";
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!on_exo()) {
		fputs("hog: only in Exo-OS\n", stderr);
		return 125;
	}
	for (i = 0; i < COUNT(hogs); i++)
		if (argc == 2 && !strcmp(argv[1], hogs[i].name))
			return hogs[i].run();
	fputs("usage: hog KIND\n", stderr);
	return 2;
}
