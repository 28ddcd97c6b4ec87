/* SPDX-License-Identifier: MIT */
/*
 * fuzz_syscalls.c - random system calls with random arguments: the kernel must give an answer to each and stand.
 *
 *     fuzz_syscalls SEED COUNT [--threads N] [--sandboxed] [--really]
 *
 * Runs only on Exo-OS (uname's version names it) unless told --really: on a Linux it may disturb the machine. The
 * runner forks workers; a worker makes calls until it dies, has made ROUND of them, or hangs, and is then replaced.
 * A worker's calls follow from (SEED, worker, its incarnation) alone; with --threads it has N threads that work on
 * the same memory and descriptors at once, each with dice of its own, and their order is chance. Progress goes to
 * standard error, KTAP to standard output: all calls were made, and after them the machine still does the ordinary
 * things.
 *
 * Two calls in three are given what their arguments are for (kernel/syscall.tbl says it: descriptors, lengths of
 * buffers, flags that exist), to get further than to the first error.
 *
 * With --sandboxed each worker is nobody, sees its own folder, /proc and a few devices (unveil), and has promised
 * "error" with a random choice of the rest (pledge). Beside the folders of the workers lies one that everybody may
 * write to: when all is over it must be as it was, and every worker still held.
 *
 * Kept out of the dice: what would end the machine or the experiment (reboot, kexec, mount and the like, signals
 * to others), what would eat memory without bound, and destructive calls on absolute paths.
 */
#define KTAP_NO_MAIN
#include "ktap.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <syscall_shapes.h>

enum {
	WORKERS = 4,
	ROUND = 2000,			/* calls of one incarnation */
	ARENA = 64 * 4096,		/* memory that random pointers point into */
	GUARD = 4 << 20,		/* inaccessible on both sides of it: long transfers end there */
	STALL_MS = 1000,		/* no call for so long: blocked, killed */
	THREADS_MAX = 8,
	REPORT = 100000,		/* calls between two lines of progress */
};

/* Written by the workers, read by the runner; shared over fork, and far from what they scribble over. */
struct progress {
	uint64_t done;			/* calls made, all incarnations */
	uint64_t quota;			/* calls to make */
	uint64_t generation;		/* current incarnation: older ones that still run end themselves */
	uint64_t escapes;		/* incarnations that were not held any more */
};

static struct progress *progress;	/* [WORKERS] */
static char scratch_path[128];
static unsigned nr_threads = 1;		/* of a worker */
static bool sandboxed;
static char outside_path[160];		/* the folder that is not to be reached */

/* ---- dice ----------------------------------------------------------------------------------------------------- */

static __thread uint64_t state;

static uint64_t roll(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;	/* splitmix64: any seed is good */

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static uint64_t below(uint64_t n)
{
	return roll() % n;
}

static bool one_in(uint64_t n)
{
	return below(n) == 0;
}

/* The calls that matter most come up most: tier 1 of the ABI list and its neighbours. */
static const short likely[] = {
	0,   1,   2,   3,   4,   5,   6,   7,   8,   9,   10,  11,  12,  13,  14,  16,  17,  18,
	19,  20,  21,  22,  23,  24,  25,  26,  27,  28,  32,  33,  34,  35,  36,  37,  38,  39,
	56,  57,  58,  59,  61,  62,  63,  72,  73,  74,  75,  76,  77,  78,  79,  80,  81,  82,
	83,  84,  85,  86,  87,  88,  89,  90,  91,  92,  93,  94,  95,  96,  97,  98,  99,  100,
	102, 104, 105, 106, 107, 108, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121,
	124, 127, 128, 129, 130, 131, 137, 138, 157, 158, 186, 200, 201, 202, 217, 218, 228, 229,
	230, 234, 257, 258, 259, 260, 261, 262, 263, 264, 265, 266, 267, 268, 269, 270, 271, 273,
	280, 292, 293, 302, 309, 318, 332, 334, 435, 436, 439,
};

/* Never made: they end or change the machine, other processes, or the experiment. */
static const short excluded[] = {
	15 /* rt_sigreturn: only ends the worker */,
	101 /* ptrace */,
	103 /* syslog */,
	109 /* setpgid */,
	112 /* setsid */,
	134,
	136,
	151 /* mlockall */,
	153 /* vhangup */,
	155 /* pivot_root */,
	156,
	159 /* adjtimex */,
	161 /* chroot */,
	163 /* acct */,
	164 /* settimeofday */,
	165 /* mount */,
	166,
	167 /* swapon */,
	168,
	169 /* reboot */,
	170 /* sethostname */,
	171,
	172 /* iopl */,
	173 /* ioperm */,
	175 /* init_module */,
	176,
	179,
	180,
	227 /* clock_settime */,
	246 /* kexec_load */,
	250 /* keyctl */,
	304 /* open_by_handle_at */,
	305 /* clock_adjtime */,
	310,
	311 /* process_vm */,
	313,
	317 /* seccomp */,
	320 /* kexec_file_load */,
	321 /* bpf */,
	323 /* userfaultfd */,
	424 /* pidfd_send_signal */,
	428,
	429,
	430,
	431,
	432,
	433 /* the mount family */,
	438 /* pidfd_getfd */,
	440 /* process_madvise */,
	442,
	444,
	445,
	446 /* landlock */,
	448 /* process_mrelease */,
	467,
	468,
};

/* May remove or change what a path names: relative paths only. */
static bool is_destructive(long nr)
{
	return nr == 2 || nr == 76 || nr == 80 || (nr >= 82 && nr <= 94) || nr == 132 ||
	       nr == 133 || (nr >= 188 && nr <= 199) || nr == 235 || (nr >= 257 && nr <= 268) ||
	       nr == 280 || nr == 316 || nr == 437 || nr == 452 || nr == 463;
}

static bool is_excluded(long nr)
{
	size_t i;

	for (i = 0; i < COUNT(excluded); i++)
		if (excluded[i] == nr)
			return true;
	return false;
}

static long random_number(void)
{
	long nr;

	do {
		switch (below(16)) {
		case 0: nr = (long)below(512); break;
		case 1: case 2: nr = 1024 + (long)below(256); break;
		case 3: nr = one_in(4) ? (long)roll() : (long)below(512); break;
		default: nr = likely[below(COUNT(likely))]; break;
		}
		/* Ending oneself is fine, now and then. */
	} while (is_excluded((int)nr) || (((int)nr == SYS_exit || (int)nr == SYS_exit_group) && !one_in(16)));
	return nr;
}

/* ---- arguments ------------------------------------------------------------------------------------------------ */

static char *arena;

static const char *const relative_paths[] = { "a", "b",   "d",      "d/x", "d/y",     "l",
					      "s", "a/b", "d/../a", "",    "no/such", "dangling" };
static const char *const absolute_paths[] = { "/",
					      "/dev/null",
					      "/dev/zero",
					      "/dev/full",
					      "/dev/urandom",
					      "/proc/self/maps",
					      "/proc/self/fd",
					      "/proc/self/stat",
					      "/proc/meminfo",
					      "/proc",
					      "/dev",
					      "/tmp/.." };

static uint64_t random_pointer(bool destructive)
{
	static const uint64_t bad[] = { 0,
					1,
					8,
					4095,
					0x7ffffffff000,
					0x7fffffffffff,
					0x800000000000,
					0xffff800000000000,
					0xffffffff80000000,
					0xffffffffffffffff,
					0x123456789abcdef0,
					0x50000000,
					0x400000 };

	switch (below(8)) {
	case 0: return bad[below(COUNT(bad))];
	case 1: return (uint64_t)arena + below(ARENA);			/* any alignment */
	case 2: return (uint64_t)arena + below(ARENA / 4096) * 4096 + 4096 - below(64);	/* over a page end */
	case 3: return (uint64_t)relative_paths[below(COUNT(relative_paths))];
	case 4: return (uint64_t)(destructive ? relative_paths[below(COUNT(relative_paths))] :
						absolute_paths[below(COUNT(absolute_paths))]);
	default: return (uint64_t)arena + below(ARENA / 64) * 64;
	}
}

static uint64_t random_argument(bool destructive)
{
	switch (below(10)) {
	case 0: return below(16);				/* descriptors, flags, signals */
	case 1: return 1UL << below(64);			/* one flag */
	case 2: return below(4) * 4096 * (1 + below(8));	/* lengths */
	case 3: return -(uint64_t)below(200);			/* -1, AT_FDCWD is -100 */
	case 4: return roll() & roll() & 0xffffffff;		/* several flags */
	case 5: return one_in(4) ? roll() : below(4096);
	case 6: return below(70);
	default: return random_pointer(destructive);
	}
}

/* Fills a piece of the arena with something that structures could hold. */
static void stir(void)
{
	uint64_t *at = (uint64_t *)(arena + below(ARENA / 64) * 64);
	int i;

	for (i = 0; i < 8; i++)
		switch (below(4)) {
		case 0: at[i] = random_argument(true); break;
		case 1: at[i] = below(3); break;
		case 2: at[i] = (uint64_t)(arena + below(ARENA)); break;
		default: break;
		}
}

/* A value made for an argument of this kind; a tenth of them is any. */
static uint64_t shaped_argument(const struct shape_arg *s, bool destructive)
{
	uint64_t *at, value = 0, i;

	if (one_in(10))
		return random_argument(destructive);
	switch ((enum shape_kind)s->kind) {
	case SHAPE_FD: return one_in(8) ? below(70) : below(24);
	case SHAPE_DIRFD: return one_in(2) ? (uint64_t)AT_FDCWD : below(24);
	case SHAPE_PID: return one_in(2) ? 0 : (uint64_t)sys(SYS_getpid);
	case SHAPE_ID: return one_in(3) ? (uint64_t)-1 : one_in(2) * 65534;
	case SHAPE_SIG: return below(66);
	case SHAPE_MODE: return below(010000) | (one_in(4) ? S_IFREG : one_in(8) ? S_IFIFO : 0);
	case SHAPE_SIZE: return one_in(2) ? 8 : below(2) * 4096 + below(256);
	case SHAPE_OFF: return one_in(4) ? -below(4096) : below(16384);
	case SHAPE_ADDR: return (uint64_t)arena + below(ARENA / 4096) * 4096;
	case SHAPE_PATH: case SHAPE_STR:
		return (uint64_t)(destructive || one_in(2) ? relative_paths[below(COUNT(relative_paths))] :
				  absolute_paths[below(COUNT(absolute_paths))]);
	case SHAPE_STRV:
		at = (uint64_t *)(arena + below(ARENA / 64 - 1) * 64);
		for (i = 0; i < 3; i++)
			at[i] = (uint64_t)relative_paths[below(COUNT(relative_paths))];
		at[i] = 0;
		return (uint64_t)at;
	case SHAPE_FLAGS:
		for (i = below(4); i && s->value_count; i--)
			value |= s->values[below(s->value_count)];
		return value;
	case SHAPE_ENUM: return s->value_count ? s->values[below(s->value_count)] : 0;
	case SHAPE_IN: case SHAPE_OUT: case SHAPE_INOUT:
		at = (uint64_t *)(arena + below(ARENA / 64 - 64) * 64);
		for (i = 0; s->kind != SHAPE_OUT && i < 4; i++)
			at[i] = one_in(3) ? random_argument(destructive) : below(3);
		return one_in(4) ? 0 : (uint64_t)at;
	case SHAPE_NONE: case SHAPE_INT: case SHAPE_LONG: break;
	}
	return one_in(2) ? below(16) : random_argument(destructive);
}

/* One of the calls that there are, and arguments for it. */
static long shaped_call(uint64_t *a)
{
	const struct syscall_shape *s;
	int i;

	do {
		s = &syscall_shapes[below(COUNT(syscall_shapes))];
	} while (is_excluded(s->nr) || s->nr == SYS_exit || s->nr == SYS_exit_group || (s->blocks == 2 && !one_in(16)));
	for (i = 0; i < 6; i++)
		a[i] = i < s->arg_count ? shaped_argument(&s->args[i], is_destructive(s->nr)) : roll();
	for (i = 0; i < s->arg_count; i++)	/* counts that fit, mostly */
		if (s->args[i].length_arg && !one_in(6))
			a[s->args[i].length_arg - 1] = s->args[i].object_size > 1 ? below(20) : below(4097);
	return s->nr;
}

/* Takes the teeth out of the calls that need it. */
static void tame(long nr, uint64_t *a)
{
	uint64_t self = (uint64_t)sys(SYS_getpid);

	switch ((int)nr) {
	case SYS_mmap:
		if (a[1] > 4 << 20 && !one_in(8))
			a[1] = below(1 << 20);
		a[3] &= ~0x48000UL;	/* no MAP_POPULATE, no MAP_HUGETLB */
		if (a[3] & 0x100010 && !one_in(8))
			a[0] = (uint64_t)arena + below(ARENA / 4096) * 4096;
		break;
	case SYS_munmap: case SYS_mprotect: case SYS_madvise: case SYS_mremap:
		if (one_in(2)) {	/* mostly inside the arena, or the worker would not live long */
			a[0] = (uint64_t)arena + below(ARENA / 4096) * 4096;
			a[1] = (1 + below(4)) * 4096;
		}
		if (nr == SYS_mremap && a[2] > 4 << 20)
			a[2] = below(1 << 20);
		if (nr == SYS_madvise && (a[2] == 22 || a[2] == 23 || a[2] >= 100))
			a[2] = 4;	/* no populating, no memory-failure injection */
		break;
	case SYS_brk:
		if (!one_in(4))
			a[0] = (uint64_t)sys(SYS_brk, 0) + below(1 << 20);
		break;
	case SYS_ftruncate: case SYS_truncate: case SYS_fallocate:
		a[1] &= 0xfffff;
		a[2] &= 0xfffff;
		a[3] &= 0xfffff;
		break;
	case SYS_kill: case SYS_tkill: case SYS_rt_sigqueueinfo:
		a[0] = one_in(4) ? 0x3fffffff : self;
		if (one_in(8) && nr == SYS_kill)
			a[0] = 0;	/* the worker's group is its own */
		break;
	case SYS_tgkill: case SYS_rt_tgsigqueueinfo:
		a[0] = a[1] = one_in(4) ? 0x3fffffff : self;
		break;
	case SYS_setpriority:
		a[0] = PRIO_PROCESS;	/* not all of root's */
		a[1] = 0;
		break;
	case SYS_prlimit64: case SYS_sched_setscheduler: case SYS_sched_setparam:
	case SYS_sched_setaffinity: case SYS_ioprio_set: case 314: case 256: case 279:
		a[nr == SYS_ioprio_set ? 1 : 0] = 0;	/* oneself */
		break;
	case SYS_fcntl:
		if (a[1] == F_SETOWN || a[1] == 15)
			a[2] = self;
		break;
	case SYS_ioctl:
		if (a[1] == 0x5410 || a[1] == 0x540e || a[1] == 0x5412)
			a[1] = 0x5401;
		break;
	case SYS_prctl:
		if (a[0] == PR_SET_SECCOMP || a[0] == PR_SET_NO_NEW_PRIVS)
			a[0] = PR_GET_NAME;
		break;
	}
	/* Signals that stop the worker only cost time. */
	if ((nr == SYS_kill || nr == SYS_tkill) && a[1] >= SIGSTOP && a[1] <= SIGTTOU && !one_in(8))
		a[1] = SIGUSR1;
}

/* ---- workers -------------------------------------------------------------------------------------------------- */

static void interrupt(int sig UNUSED)
{
}

/* A timer breaks blocking calls; random calls change signal state, so it is put back after those. */
static void arm(void)
{
	struct itimerval it = { { 0, 10000 }, { 0, 10000 } };
	struct sigaction sa = { .sa_handler = interrupt };
	uint64_t none = 0;

	sigaction(SIGALRM, &sa, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGPIPE, &sa, NULL);
	sys(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
	sys(SYS_setitimer, ITIMER_REAL, &it, NULL);
}

static void limit(int resource, rlim_t value)
{
	struct rlimit l = { value, value };

	setrlimit(resource, &l);
}

#define SYS_PLEDGE 1025
#define SYS_UNVEIL 1026

/* No way back from here. Called in the worker's folder, as nobody. */
static void enter_sandbox(void)
{
	static const char *const words[] = {
		"stdio", "rpath", "wpath", "cpath", "dpath", "tmppath", "inet", "fattr", "chown", "flock", "unix",
		"dns", "getpw", "sendfd", "recvfd", "tty", "proc", "exec", "prot_exec", "ps", "vminfo", "id", "unveil",
	};
	char promises[256] = "error stdio";
	size_t i;

	if (sys(SYS_UNVEIL, ".", "rwxc") || sys(SYS_UNVEIL, "/proc", one_in(2) ? "r" : "rwxc") ||
	    sys(SYS_UNVEIL, "/dev", "rw") || sys(SYS_UNVEIL, NULL, NULL))
		_exit(3);
	for (i = 0; i < COUNT(words); i++)
		if (!one_in(3))
			strcat(strcat(promises, " "), words[i]);
	if (sys(SYS_PLEDGE, promises, promises) != 0)
		_exit(3);
}

/* What must not work, whatever was done before. */
static bool is_held(void)
{
	char secret[200];

	snprintf(secret, sizeof(secret), "%s/secret", outside_path);
	return sys(SYS_open, secret, O_RDONLY) < 0 && sys(SYS_open, outside_path, O_RDONLY) < 0 &&
	       sys(SYS_open, "/etc/passwd", O_WRONLY) < 0 && sys(SYS_unlink, secret) < 0 &&
	       sys(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL) < 0 && sys(SYS_setuid, 0) < 0 &&
	       sys(SYS_geteuid) != 0 && sys(SYS_chroot, "/") < 0;
}

static void make_outside(void)
{
	int fd;

	snprintf(outside_path, sizeof(outside_path), "%s/outside", scratch_path);
	if (mkdir(outside_path, 0777) != 0 || chmod(outside_path, 0777) != 0)
		return;
	fd = open(outside_path, O_RDONLY | O_DIRECTORY);
	if (fd >= 0)
		close(openat(fd, "secret", O_RDWR | O_CREAT, 0666));
	close(fd);
}

static bool outside_is_untouched(void)
{
	struct dirent *entry;
	struct stat st;
	DIR *d = opendir(outside_path);
	bool right = d, found = false;

	while (d && (entry = readdir(d)))
		if (strcmp(entry->d_name, "secret") == 0)
			found = fstatat(dirfd(d), "secret", &st, 0) == 0 && st.st_size == 0 && st.st_nlink == 1 &&
				(st.st_mode & 07777) == (0666 & ~022);
		else if (entry->d_name[0] != '.')
			right = false;
	if (d)
		closedir(d);
	return right && found;
}

static void prepare_worker(int index)
{
	char name[16];
	int null, p[2];

	setpgid(0, 0);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_AS, 512 << 20);
	limit(RLIMIT_NOFILE, 64);
	limit(RLIMIT_FSIZE, 1 << 20);
	limit(RLIMIT_STACK, 1 << 20);
	snprintf(name, sizeof(name), "w%d", index);
	if (chdir(scratch_path) != 0 || (mkdir(name, 0777) != 0 && errno != EEXIST) || chdir(name) != 0)
		_exit(3);
	null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	if (sandboxed || one_in(2))
		drop_root();
	/* A few things to work on, at small descriptor numbers. */
	open("a", O_RDWR | O_CREAT, 0644);
	mkdir("d", 0755);
	open("d/x", O_RDWR | O_CREAT, 0644);
	(void)!symlink("a", "l");
	(void)!symlink("nowhere", "dangling");
	open("d", O_RDONLY);
	(void)!pipe(p);
	open("/dev/zero", O_RDWR);
	(void)!pipe(p);
	(void)!socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	eventfd(0, EFD_NONBLOCK);
	epoll_create1(0);
	timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	inotify_init1(IN_NONBLOCK);
	sys(SYS_memfd_create, "m", 3);
	open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
	open("/proc/self", O_RDONLY | O_DIRECTORY);
	arena = mmap(NULL, ARENA + 2 * GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena == MAP_FAILED || mprotect(arena + GUARD, ARENA, PROT_READ | PROT_WRITE) != 0)
		_exit(3);
	arena += GUARD;
	arm();
	if (sandboxed)
		enter_sandbox();
}

static bool makes_process(long nr)
{
	return nr == SYS_clone || nr == SYS_fork || nr == SYS_vfork || nr == 435;
}

/* The calls of one thread. */
static void make_calls(struct progress *mine, uint64_t generation)
{
	long pid = sys(SYS_getpid), tid = sys(SYS_gettid), nr;
	uint64_t a[6];
	int round, i;

	for (round = 0; round < ROUND; round++) {
		if (__atomic_load_n(&mine->generation, __ATOMIC_RELAXED) != generation ||
		    __atomic_add_fetch(&mine->done, 1, __ATOMIC_RELAXED) > mine->quota)
			break;
		if (one_in(4))
			stir();
		if (one_in(3)) {
			nr = random_number();
			for (i = 0; i < 6; i++)
				a[i] = random_argument(is_destructive((int)nr));
		} else {
			nr = shaped_call(a);
		}
		tame(nr, a);
		ktap_syscall(nr, (long)a[0], (long)a[1], (long)a[2], (long)a[3], (long)a[4], (long)a[5]);
		if (makes_process((int)nr)) {
			if (sys(SYS_getpid) != pid)
				sys(SYS_exit_group, 0);
			if (sys(SYS_gettid) != tid)
				sys(SYS_exit, 0);
		}
		if (nr == SYS_rt_sigaction || nr == SYS_rt_sigprocmask || nr == SYS_setitimer || nr == SYS_alarm)
			arm();
	}
}

struct helper {
	struct progress *mine;
	uint64_t generation, state;
};

static void *help(void *arg)
{
	struct helper h = *(struct helper *)arg;

	state = h.state;
	make_calls(h.mine, h.generation);
	return NULL;
}

static void work(int index, uint64_t seed, uint64_t generation)
{
	static struct helper helpers[THREADS_MAX];
	pthread_t thread;
	unsigned i;

	state = seed ^ (uint64_t)index << 56 ^ generation << 32;
	prepare_worker(index);
	for (i = 1; i < nr_threads; i++) {
		helpers[i] = (struct helper) { &progress[index], generation, roll() };
		pthread_create(&thread, NULL, help, &helpers[i]);
	}
	make_calls(&progress[index], generation);
	if (sandboxed && !is_held())
		__atomic_add_fetch(&progress[index].escapes, 1, __ATOMIC_RELAXED);
	/* Left for the end, since they would hide the worker from its runner. */
	sys(one_in(2) ? SYS_setsid : SYS_getpgrp);
	sys(SYS_exit_group, 0);
}

/* ---- runner --------------------------------------------------------------------------------------------------- */

struct worker {
	pid_t pid;
	uint64_t seen;
	int64_t since;		/* when @seen last changed */
};

static struct worker workers[WORKERS];
static unsigned long respawns, stalls;

static void start_worker(int i, uint64_t seed)
{
	uint64_t generation = ++progress[i].generation;

	workers[i].pid = fork();
	if (workers[i].pid == 0)
		work(i, seed, generation);
	workers[i].seen = progress[i].done;
	workers[i].since = now_ns();
	respawns++;
}

/* True while this worker still has calls to make. */
static bool attend(int i, uint64_t seed)
{
	struct worker *w = &workers[i];
	uint64_t done = __atomic_load_n(&progress[i].done, __ATOMIC_RELAXED);
	bool gone = w->pid <= 0;
	int status;

	if (w->pid > 0) {
		gone = sys(SYS_wait4, w->pid, &status, WNOHANG, NULL) != 0;
		if (done != w->seen) {
			w->seen = done;
			w->since = now_ns();
		}
		if (!gone && now_ns() - w->since > STALL_MS * 1000000L) {
			kill(w->pid, SIGKILL);
			child_status(w->pid);
			stalls++;
			gone = true;
		}
		if (gone)
			kill(-w->pid, SIGKILL);	/* what it left behind */
	}
	if (!gone)
		return true;
	w->pid = 0;
	if (done >= progress[i].quota)
		return false;
	start_worker(i, seed);
	return true;
}

static uint64_t calls_made(void)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < WORKERS; i++)
		sum += progress[i].done < progress[i].quota ? progress[i].done : progress[i].quota;
	return sum;
}

static void run_workers(uint64_t seed, uint64_t count)
{
	uint64_t reported = 0;
	bool busy = true;
	int i;

	for (i = 0; i < WORKERS; i++)
		progress[i].quota = count / WORKERS + (i < (int)(count % WORKERS));
	while (busy) {
		busy = false;
		for (i = 0; i < WORKERS; i++)
			busy |= attend(i, seed);
		while (sys(SYS_wait4, -1, NULL, WNOHANG, NULL) > 0 && !busy)
			;
		if (calls_made() - reported >= REPORT) {
			reported = calls_made() / REPORT * REPORT;
			fprintf(stderr, "fuzz_syscalls: %llu calls, %lu workers, %lu stalls\n",
				(unsigned long long)reported, respawns, stalls);
		}
		sleep_ms(2);
	}
}

/* The machine still forks, pipes, maps, and finds its files. */
static bool machine_works(void)
{
	char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd[2];
	pid_t pid;
	char c;

	if (!CHECK(p != MAP_FAILED) || !CHECK(pipe(fd) == 0))
		return false;
	memset(p, 1, 1 << 20);
	IN_CHILD(pid) {
		(void)!write(fd[1], "x", 1);
	}
	return CHECK(read(fd[0], &c, 1) == 1) & CHECK_EXIT(pid, 0) & CHECK(access("/dev/null", R_OK) == 0);
}

int main(int argc, char **argv)
{
	uint64_t seed, count;
	bool all, works, held = true, really = false, good = argc >= 3;
	int i;

	ktap_current = "fuzz_syscalls";
	for (i = 3; i < argc && good; i++)
		if (strcmp(argv[i], "--really") == 0)
			really = true;
		else if (strcmp(argv[i], "--sandboxed") == 0)
			sandboxed = true;
		else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
			nr_threads = (unsigned)atoi(argv[++i]);
		else
			good = false;
	if (!good || nr_threads < 1 || nr_threads > THREADS_MAX) {
		fprintf(stderr, "usage: fuzz_syscalls SEED COUNT [--threads N] [--sandboxed] [--really]\n");
		return 2;
	}
	if (!on_exo() && !really) {
		fprintf(stderr, "fuzz_syscalls: this is not Exo-OS; --really runs it all the same\n");
		return 2;
	}
	seed = strtoull(argv[1], NULL, 0);
	count = strtoull(argv[2], NULL, 0);
	progress = mmap((void *)0x2a5012345000, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ktap_scratch_path(scratch_path, sizeof(scratch_path), getpid());
	if (progress == MAP_FAILED || mkdir(scratch_path, 0777) != 0 || chmod(scratch_path, 0777) != 0) {
		fprintf(stderr, "fuzz_syscalls: cannot set up: %d\n", errno);
		return 2;
	}
	if (sandboxed)
		make_outside();
	ktap_print("KTAP version 1\n1..%d\n# seed=%llu count=%llu\n", sandboxed ? 3 : 2,
		   (unsigned long long)seed, (unsigned long long)count);
	run_workers(seed, count);
	all = calls_made() == count;
	ktap_print("# %lu workers, %lu of them stalled\n", respawns, stalls);
	ktap_print("%s 1 all_calls_made\n", all ? "ok" : "not ok");
	works = machine_works();
	ktap_print("%s 2 machine_still_works\n", works ? "ok" : "not ok");
	if (sandboxed) {
		for (held = outside_is_untouched(), i = 0; i < WORKERS; i++)
			held &= progress[i].escapes == 0;
		ktap_print("%s 3 nobody_escaped\n", held ? "ok" : "not ok");
	}
	remove_tree(scratch_path);
	return all && works && held ? 0 : 1;
}
