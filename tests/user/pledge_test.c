/* SPDX-License-Identifier: MIT */
/*
 * pledge_test.c - pledge(2): each promise against operations it permits and others it does not, words, narrowing,
 * threads, fork, exec, how a violation ends. Linux has no pledge: there all cases are skipped.
 * Source: OpenBSD pledge(2), regress/sys/kern/pledge (what it looks at, not its text).
 */
#define KTAP_HAS_HELPER
#include "ktap.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>

#define SYS_PLEDGE 1025

static long pledge(const char *promises, const char *exec)
{
	return sys(SYS_PLEDGE, promises, exec);
}

static void need_pledge(void)
{
	if (pledge(NULL, NULL) != 0)
		SKIP("no pledge");
}

/* ---- operations: each returns 0 or more when the kernel let it be ---------------------------------------------- */

static char dir[64];	/* a folder of this case, made before promising */
static int file_fd, pair[2];

static long op_getpid(void) { return sys(SYS_getpid) > 0 ? 0 : -1; }
static long op_write(void) { return sys(SYS_write, file_fd, "x", 1); }
static long op_mmap(void) { return sys(SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) > 0 ? 0 : -1; }
static long op_mmap_exec(void)
{
	return sys(SYS_mmap, 0, 4096, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static long op_open_read(void) { return sys(SYS_open, "file", O_RDONLY); }
static long op_open_write(void) { return sys(SYS_open, "file", O_WRONLY); }
static long op_open_both(void) { return sys(SYS_openat, AT_FDCWD, "file", O_RDWR); }
static long op_creat(void) { return sys(SYS_open, "new", O_WRONLY | O_CREAT, 0600); }
static long op_stat(void)
{
	struct stat st;

	return sys(SYS_stat, "file", &st);
}
static long op_access(void) { return sys(SYS_access, "file", W_OK); }
static long op_readlink(void)
{
	char text[64];

	return sys(SYS_readlink, "link", text, sizeof(text));
}
static long op_readlink_exe(void)
{
	char text[256];

	return sys(SYS_readlink, "/proc/self/exe", text, sizeof(text));
}
static long op_chdir(void) { return sys(SYS_chdir, "/"); }
static long op_truncate(void) { return sys(SYS_truncate, "file", 0); }
static long op_ftruncate(void) { return sys(SYS_ftruncate, file_fd, 0); }
static long op_mkdir(void) { return sys(SYS_mkdir, "d", 0700); }
static long op_unlink(void) { return sys(SYS_unlink, "file"); }
static long op_rename(void) { return sys(SYS_rename, "file", "other"); }
static long op_symlink(void) { return sys(SYS_symlink, "x", "s"); }
static long op_link(void) { return sys(SYS_link, "file", "hard"); }
static long op_mkfifo(void) { return sys(SYS_mknod, "fifo", S_IFIFO | 0600, 0); }
static long op_chmod(void) { return sys(SYS_chmod, "file", 0640); }
static long op_fchmod(void) { return sys(SYS_fchmod, file_fd, 0640); }
static long op_utimes(void) { return sys(SYS_utimensat, AT_FDCWD, "file", NULL, 0); }
static long op_chown_self(void) { return sys(SYS_chown, "file", geteuid(), -1); }
static long op_chown_other(void) { return sys(SYS_fchown, file_fd, 12345, -1); }
static long op_flock(void) { return sys(SYS_flock, file_fd, LOCK_EX); }
static long op_fcntl_lock(void)
{
	struct flock lock = { .l_type = F_WRLCK };

	return sys(SYS_fcntl, file_fd, F_SETLK, &lock);
}
static long op_fork(void)
{
	pid_t pid = (pid_t)sys(SYS_fork);

	if (pid == 0)
		sys(SYS_exit_group, 0);
	return pid < 0 ? pid : sys(SYS_wait4, pid, NULL, 0, NULL);
}
static long op_kill_self(void) { return sys(SYS_kill, getpid(), 0); }
static long op_kill_group(void) { return sys(SYS_kill, 0, 0); }
static long op_kill_parent(void) { return sys(SYS_kill, getppid(), 0); }
static long op_setpgid(void) { return sys(SYS_setpgid, 0, 0); }
static long op_setuid(void) { return sys(SYS_setuid, getuid()); }
static long op_getrlimit(void)
{
	struct rlimit limit;

	return sys(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit);
}
static long op_setrlimit(void)
{
	struct rlimit limit = { 64, 64 };

	return sys(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, NULL);
}
static long op_socketpair(void)
{
	int fds[2];

	return sys(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fds);
}
static long op_socket_unix(void) { return sys(SYS_socket, AF_UNIX, SOCK_STREAM, 0); }
static long op_bind(void)
{
	struct sockaddr_un addr = { AF_UNIX, "sock" };
	long fd = sys(SYS_socket, AF_UNIX, SOCK_STREAM, 0);

	return fd < 0 ? fd : sys(SYS_bind, fd, &addr, sizeof(addr));
}
static long op_sendto_name(void)
{
	struct sockaddr_un addr = { AF_UNIX, "nobody" };
	long ret = sys(SYS_sendto, pair[0], "x", 1, 0, &addr, sizeof(addr));

	return ret == -ENOSYS ? ret : 0;	/* EISCONN: the kernel let it be */
}
static long pass(int fd)
{
	char data = 'x', control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &data, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	memset(control, 0, sizeof(control));
	*head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
	    .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	return sys(SYS_sendmsg, pair[0], &msg, 0);
}
static long op_send_fd(void) { return pass(file_fd); }
static int folder_fd;
static long op_send_folder(void) { return pass(folder_fd); }
static long op_recv_fd(void)	/* one was sent before promising */
{
	char data, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &data, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };

	return sys(SYS_recvmsg, pair[1], &msg, 0);
}
static long op_isatty(void)
{
	struct termios t;
	long ret = sys(SYS_ioctl, file_fd, TCGETS, &t);

	return ret == -ENOTTY ? 0 : ret;
}
static long op_fionread(void)
{
	int n;

	return sys(SYS_ioctl, pair[0], FIONREAD, &n);
}
static long op_tcsets(void)
{
	struct termios t = { 0 };
	long ret = sys(SYS_ioctl, file_fd, TCSETS, &t);

	return ret == -ENOTTY ? 0 : ret;
}
static long op_tiocspgrp(void)
{
	int group = getpid();
	long ret = sys(SYS_ioctl, file_fd, TIOCSPGRP, &group);

	return ret == -ENOTTY ? 0 : ret;
}
static long op_ioctl_odd(void) { long r = sys(SYS_ioctl, file_fd, 0x12345678, 0); return r == -ENOTTY ? 0 : r; }
static long op_open_null(void) { return sys(SYS_open, "/dev/null", O_RDWR); }
static long op_open_passwd(void) { return sys(SYS_open, "/etc/passwd", O_RDONLY); }
static long op_open_passwd_around(void) { return sys(SYS_open, "/etc/../etc/passwd", O_RDONLY); }
static long op_open_tmp(void) { return sys(SYS_open, "/tmp/pledge_test.tmp", O_RDWR | O_CREAT, 0600); }
static long op_open_tmp_link(void) { return sys(SYS_open, "/tmp/pledge_test.link", O_RDONLY); }
static long op_open_around_tmp(void) { return sys(SYS_open, "/tmp/../etc/passwd", O_RDONLY); }
static long op_exec(void)
{
	char *argv[] = { (char *)"t", (char *)"@exit", NULL };

	return sys(SYS_execve, ktap_self, argv, NULL);
}
static long op_mount(void) { return sys(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL); }
static long op_settime(void)
{
	struct timespec now;

	sys(SYS_clock_gettime, CLOCK_REALTIME, &now);
	return sys(SYS_clock_settime, CLOCK_REALTIME, &now);
}
static long op_prctl_name(void) { return sys(SYS_prctl, PR_SET_NAME, "x"); }
static long op_chroot(void) { return sys(SYS_chroot, "/"); }
static long op_getdents(void)
{
	char buf[512];

	return sys(SYS_getdents64, folder_fd, buf, sizeof(buf));
}
static long op_thread_kill(void) { return sys(SYS_tgkill, getpid(), gettid(), 0); }
static long op_setsid(void) { long r = sys(SYS_setsid); return r == -EPERM ? 0 : r; }

/* The promises with which an operation passes; every other single promise must refuse it. */
static const struct row {
	const char *name;
	long (*op)(void);
	const char *promises;	/* any of these words, "+" joins words that are needed together; "" = every one */
} rows[] = {
#define ROW(name, promises) { #name, op_##name, promises }
	ROW(write, "stdio"), ROW(getpid, "stdio"), ROW(mmap, "stdio"), ROW(mmap_exec, "stdio+prot_exec"),
	ROW(open_read, "stdio+rpath"), ROW(open_write, "stdio+wpath"), ROW(open_both, "stdio+rpath+wpath"),
	ROW(creat, "stdio+wpath+cpath"), ROW(stat, "stdio+rpath"), ROW(access, "stdio+rpath"),
	ROW(readlink, "stdio+rpath"), ROW(readlink_exe, "stdio"), ROW(chdir, "rpath"), ROW(truncate, "wpath"),
	ROW(ftruncate, "stdio"), ROW(mkdir, "cpath"), ROW(unlink, "cpath"), ROW(rename, "cpath+rpath"),
	ROW(symlink, "cpath"), ROW(link, "cpath+rpath"), ROW(mkfifo, "dpath"), ROW(chmod, "fattr"), ROW(fchmod,
	    "fattr"),
	ROW(utimes, "fattr"), ROW(chown_self, "stdio+chown stdio+fattr"), ROW(chown_other, "chown"), ROW(flock,
	    "flock"),
	ROW(fcntl_lock, "stdio+flock"), ROW(fork, "stdio+proc"), ROW(kill_self, "stdio"), ROW(kill_group, "stdio"),
	ROW(kill_parent, "stdio+proc"), ROW(setpgid, "proc"), ROW(setsid, "proc"), ROW(setuid, "stdio+id"),
	ROW(getrlimit, "stdio"), ROW(setrlimit, "stdio+proc stdio+id"), ROW(socketpair, "stdio"), ROW(socket_unix,
	    "unix"),
	ROW(bind, "unix"), ROW(sendto_name, "stdio+inet stdio+unix stdio+dns"), ROW(send_fd, "stdio+sendfd"),
	ROW(recv_fd, "stdio+recvfd"), ROW(isatty, "stdio"), ROW(fionread, "stdio"), ROW(tcsets, "stdio+tty"),
	ROW(tiocspgrp, "stdio+tty+proc"), ROW(open_null, "stdio"), ROW(open_passwd, "stdio+getpw stdio+rpath"),
	ROW(open_passwd_around, "stdio+rpath"), ROW(open_tmp, "stdio+tmppath stdio+rpath+wpath+cpath"),
	ROW(open_around_tmp, "stdio+rpath"), ROW(exec, "exec"), ROW(settime, "stdio+settime"), ROW(prctl_name, "stdio"),
	ROW(chroot, "id+rpath"), ROW(getdents, "rpath"), ROW(thread_kill, "stdio"),
	{ "send_folder", op_send_folder, "-" }, { "mount", op_mount, "-" }, { "ioctl_odd", op_ioctl_odd, "-" },
};

static void prepare(void)
{
	snprintf(dir, sizeof(dir), "/tmp/pledge.XXXXXX");
	REQUIRE(mkdtemp(dir) != NULL);
	REQUIRE_EQ(chdir(dir), 0);
	file_fd = open("file", O_RDWR | O_CREAT, 0600);
	REQUIRE(file_fd >= 0);
	REQUIRE_EQ(symlink("file", "link"), 0);
	folder_fd = open(".", O_RDONLY | O_DIRECTORY);
	REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
}

/* 0: passed; SIGABRT; ENOSYS (only with "error"); -1: anything else. */
static int outcome(const struct row *row, const char *promises, const char *exec)
{
	pid_t pid = ktap_fork();
	int status = 0;

	if (pid == 0) {
		long ret;

		prepare();
		if (row->op == op_recv_fd)
			pass(file_fd);
		ret = pledge(promises, exec);
		if (ret)
			_exit(90);
		ret = row->op();
		sys(SYS_exit_group, ret >= 0 ? 0 : ret == -ENOSYS ? ENOSYS : 91);
	}
	sys(SYS_wait4, pid, &status, 0, NULL);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGABRT ? SIGABRT : -1;
	return WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == ENOSYS ? WEXITSTATUS(status) : -1;
}

static void spaces_for_plus(char *to, const char *from, size_t len)
{
	memcpy(to, from, len);
	to[len] = 0;
	for (; *to; to++)
		if (*to == '+')
			*to = ' ';
}

/* Every operation with each set of promises that permits it. */
CASE(what_promises_permit)
{
	size_t i;

	need_pledge();
	for (i = 0; i < COUNT(rows); i++) {
		const char *at = rows[i].promises;

		if (strcmp(at, "-") == 0)
			continue;
		while (*at) {
			size_t len = strcspn(at, " ");
			char words[64];
			int got;

			spaces_for_plus(words, at, len);
			got = outcome(&rows[i], words, NULL);
			if (got != 0)
				NOTE("%s with \"%s\": %d", rows[i].name, words, got);
			CHECK_EQ(got, 0);
			at += len + (at[len] == ' ');
		}
	}
}

/* With every single promise that is not one of those, and with none: SIGABRT. */
CASE(what_single_promises_refuse)
{
	static const char *const words[] = {
		"", "stdio", "rpath", "wpath", "cpath", "dpath", "tmppath", "inet", "mcast", "fattr", "chown", "flock",
		"unix", "dns", "getpw", "sendfd", "recvfd", "tape", "tty", "proc", "exec", "prot_exec", "settime", "ps",
		"vminfo", "id", "pf", "route", "wroute", "audio", "video", "bpf", "unveil",
	};
	size_t i, k;

	need_pledge();
	for (i = 0; i < COUNT(rows); i++)
		for (k = 0; k < COUNT(words); k++) {
			char list[128], word[32];
			int got;

			snprintf(list, sizeof(list), " %s ", rows[i].promises);
			snprintf(word, sizeof(word), " %s ", words[k]);
			if (*words[k] && strstr(list, word))
				continue;	/* enough alone */
			got = outcome(&rows[i], words[k], NULL);
			if (got != SIGABRT)
				NOTE("%s with \"%s\": %d", rows[i].name, words[k], got);
			CHECK_EQ(got, SIGABRT);
		}
}

/* With "error" the call has ENOSYS and the program goes on. */
CASE(error_instead_of_the_signal)
{
	size_t i;

	need_pledge();
	for (i = 0; i < COUNT(rows); i++) {
		int got;

		if (strstr(rows[i].promises, "stdio") && !strchr(rows[i].promises, '+'))
			continue;	/* permitted */
		got = outcome(&rows[i], "stdio error", NULL);
		if (got != ENOSYS)
			NOTE("%s: %d", rows[i].name, got);
		CHECK_EQ(got, ENOSYS);
	}
}

CASE(words_and_pointers)
{
	static char words[2000];

	need_pledge();
	CHECK_EQ(pledge("stdio nonsense", NULL), -EINVAL);
	CHECK_EQ(pledge("stdi", NULL), -EINVAL);
	CHECK_EQ(pledge("stdiox", NULL), -EINVAL);
	CHECK_EQ(pledge(NULL, "nonsense"), -EINVAL);
	CHECK_EQ(pledge((char *)8, NULL), -EFAULT);
	CHECK_EQ(pledge("stdio", (char *)-1), -EFAULT);
	memset(words, ' ', sizeof(words) - 1);
	CHECK_EQ(pledge(words, NULL), -EINVAL);
	CHECK_EQ(op_open_passwd() >= 0, 1);	/* none of these promised anything */
	CHECK_EQ(pledge("  stdio   rpath wpath cpath fattr proc ", NULL), 0);
	CHECK_EQ(op_open_passwd() >= 0, 1);
}

CASE(only_narrower)
{
	need_pledge();
	CHECK_EQ(pledge("stdio rpath proc", NULL), 0);
	CHECK_EQ(pledge("stdio rpath proc", NULL), 0);
	CHECK_EQ(pledge("stdio rpath wpath", NULL), -EPERM);
	CHECK_EQ(pledge("stdio proc", NULL), 0);
	CHECK_EQ(pledge("stdio rpath", NULL), -EPERM);
	CHECK_EQ(pledge(NULL, NULL), 0);
	CHECK_EQ(pledge(NULL, "stdio rpath"), 0);
	CHECK_EQ(pledge(NULL, "stdio rpath exec"), -EPERM);
	CHECK_EQ(pledge(NULL, "stdio"), 0);
}

CASE(only_narrower_with_error)
{
	need_pledge();
	CHECK_EQ(pledge("stdio proc error", NULL), 0);
	CHECK_EQ(pledge("stdio proc rpath error", NULL), 0);	/* what is too much is not given */
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "/", O_RDONLY), -ENOSYS);
}

static void on_abort(int sig UNUSED)
{
	sys(SYS_exit_group, 0);
}

CASE(the_signal_cannot_be_caught)
{
	pid_t pid;
	int status = 0;

	need_pledge();
	pid = ktap_fork();
	if (pid == 0) {
		sigset_t all;

		signal(SIGABRT, on_abort);
		sigfillset(&all);
		sigprocmask(SIG_BLOCK, &all, NULL);
		pledge("stdio", NULL);
		sys(SYS_openat, AT_FDCWD, "/", O_RDONLY);
		sys(SYS_exit_group, 0);
	}
	CHECK_EQ(sys(SYS_wait4, pid, &status, 0, NULL), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static volatile int go, result;

static void *later(void *arg UNUSED)
{
	while (!go)
		sys(SYS_sched_yield);
	result = (int)sys(SYS_openat, AT_FDCWD, "/", O_RDONLY);
	return NULL;
}

/* Promises are the process's: a thread that was there before has them too, and a violation ends all. */
CASE(threads_promise_together)
{
	pthread_t thread;
	pid_t pid;
	int status = 0;

	need_pledge();
	REQUIRE_EQ(pthread_create(&thread, NULL, later, NULL), 0);
	CHECK_EQ(pledge("stdio error proc", NULL), 0);
	go = 1;
	pthread_join(thread, NULL);
	CHECK_EQ(result, -ENOSYS);
	go = 0;
	pid = ktap_fork();
	if (pid == 0) {
		pthread_create(&thread, NULL, later, NULL);
		pledge("stdio", NULL);	/* drops "error" */
		go = 1;
		for (;;)
			sys(SYS_sched_yield);
	}
	CHECK_EQ(sys(SYS_wait4, pid, &status, 0, NULL), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static int ktap_helper(int argc, char **argv)
{
	char *opens[] = { (char *)"t", (char *)"@open", NULL };

	if (argc > 1 && strcmp(argv[1], "@exit") == 0)
		sys(SYS_exit_group, 0);
	if (argc > 1 && strcmp(argv[1], "@open") == 0)
		sys(SYS_exit_group, sys(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY) >= 0 ? 0 : 1);
	if (argc > 1 && strcmp(argv[1], "@exec") == 0)
		sys(SYS_execve, argv[2], opens, NULL);
	return 2;
}

static int exec_status(const char *promises, const char *exec, const char *word)
{
	char *argv[] = { (char *)"t", (char *)word, ktap_self, NULL };
	pid_t pid = ktap_fork();
	int status = 0;

	if (pid == 0) {
		if (pledge(promises, exec))
			_exit(90);
		sys(SYS_execve, ktap_self, argv, NULL);
		_exit(91);
	}
	sys(SYS_wait4, pid, &status, 0, NULL);
	return status;
}

CASE(exec_starts_with_what_was_promised_for_it)
{
	need_pledge();
	CHECK_EQ(exec_status("stdio exec", NULL, "@open"), 0);	/* nothing promised for it: free */
	CHECK_EQ(exec_status("stdio exec", "stdio rpath", "@open"), 0);
	CHECK_EQ(exec_status(NULL, "stdio", "@open"), SIGABRT);
	CHECK_EQ(exec_status(NULL, "stdio", "@exit"), 0);
	CHECK_EQ(exec_status("stdio exec", "", "@exit"), SIGABRT);	/* its start-up is more than _exit */
}

/* "A;B": A for the next program, B for those after it, which may be more than A. */
CASE(programs_after_the_next)
{
	need_pledge();
	CHECK_EQ(exec_status(NULL, "stdio exec;stdio rpath", "@open"), SIGABRT);
	CHECK_EQ(exec_status(NULL, "stdio exec;stdio rpath", "@exec"), 0);
	CHECK_EQ(exec_status(NULL, "stdio exec rpath;stdio", "@exec"), SIGABRT);
	CHECK_EQ(exec_status(NULL, "stdio exec rpath", "@exec"), 0);	/* as the next */
	CHECK_EQ(pledge(NULL, "stdio;nonsense"), -EINVAL);
	CHECK_EQ(pledge("stdio;stdio", NULL), -EINVAL);
	CHECK_EQ(pledge(NULL, "stdio exec rpath"), 0);
	CHECK_EQ(pledge(NULL, "stdio exec;stdio rpath wpath"), -EPERM);
	CHECK_EQ(pledge(NULL, "stdio exec;stdio"), 0);
	CHECK_EQ(pledge(NULL, "stdio exec;stdio rpath"), -EPERM);
	CHECK_EQ(exec_status(NULL, NULL, "@exec"), SIGABRT);
}

CASE(fork_inherits)
{
	pid_t pid;

	need_pledge();
	CHECK_EQ(pledge("stdio proc error", NULL), 0);
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_openat, AT_FDCWD, "/", O_RDONLY), -ENOSYS);
		CHECK_EQ(pledge("stdio proc rpath error", NULL), 0);
		CHECK_EQ(sys(SYS_openat, AT_FDCWD, "/", O_RDONLY), -ENOSYS);
	}
	CHECK_EXIT(pid, 0);
}

/* chmod sets no special bits once anything is promised. */
CASE(special_bits_are_ignored)
{
	struct stat st;

	need_pledge();
	prepare();
	CHECK_EQ(pledge("stdio rpath fattr", NULL), 0);
	CHECK_EQ(sys(SYS_fchmod, file_fd, 04755), 0);
	CHECK_EQ(sys(SYS_fstat, file_fd, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0755);
}

/* A link in /tmp leads nowhere for who has only "tmppath". */
CASE(tmppath_follows_no_links)
{
	need_pledge();
	unlink("/tmp/pledge_test.link");
	REQUIRE_EQ(symlink("/etc/passwd", "/tmp/pledge_test.link"), 0);
	CHECK_EQ(pledge("stdio tmppath error", NULL), 0);
	CHECK_EQ(op_open_tmp_link(), -ELOOP);
	CHECK_EQ(sys(SYS_unlink, "/tmp/pledge_test.link"), 0);
	CHECK_EQ(op_open_around_tmp(), -ENOSYS);
}
