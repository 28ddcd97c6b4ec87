/* SPDX-License-Identifier: MIT */
/*
 * proc_test.c - processes: fork, vfork, clone with the flag sets of glibc and musl, exit, wait4, orphans, process
 * groups and sessions. Sources: man fork(2), clone(2), wait4(2), setpgid(2), _exit(2), set_tid_address(2).
 */
#define KTAP_HAS_HELPER
#include "ktap.h"
#include "raw_clone.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>

#ifndef __WALL
#define __WALL 0x40000000
#define __WCLONE 0x80000000
#define __WNOTHREAD 0x20000000
#endif

/* Shared with children: counters and results. */
static int *shared_ints(void)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	REQUIRE(p != MAP_FAILED);
	return p;
}

static int ktap_helper(int argc UNUSED, char **argv)
{
	char c;

	if (!strcmp(argv[1], "@ready")) {	/* says so on descriptor 3, waits for the end of descriptor 4 */
		(void)!write(3, "r", 1);
		return (int)read(4, &c, 1);
	}
	return 99;
}

/* ---- fork ----------------------------------------------------------------------------------------------------- */

CASE(fork_ids)
{
	pid_t me = (pid_t)sys(SYS_getpid), pid, seen[2];
	int fd[2];

	REQUIRE_EQ(pipe(fd), 0);
	IN_CHILD(pid) {
		seen[0] = (pid_t)sys(SYS_getpid);
		seen[1] = (pid_t)sys(SYS_gettid);
		CHECK_EQ(sys(SYS_getppid), me);
		CHECK_EQ(write(fd[1], seen, sizeof(seen)), sizeof(seen));
	}
	CHECK_EQ(read(fd[0], seen, sizeof(seen)), sizeof(seen));
	CHECK_EQ(seen[0], pid);
	CHECK_EQ(seen[1], pid);
	CHECK(pid > 0 && pid != me);
	CHECK_EXIT(pid, 0);
}

CASE(fork_copies_memory_and_shares_offsets)
{
	static int value = 1;
	int on_stack = 1, fd;
	pid_t pid;

	scratch();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	IN_CHILD(pid) {
		value = on_stack = 2;
		CHECK_EQ(write(fd, "child", 5), 5);
		CHECK_EQ(close(fd), 0);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(value, 1);
	CHECK_EQ(on_stack, 1);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 5);
}

CASE(fork_deep_and_wide)
{
	pid_t pid[20];
	int i, depth;

	for (i = 0; i < 20; i++)
		IN_CHILD(pid[i]) {
			_exit(i);
		}
	for (i = 19; i >= 0; i--)
		CHECK_EXIT(pid[i], i);
	/* A chain of 10, each waiting for the next and adding one. */
	pid[0] = ktap_fork();
	for (depth = 0; pid[0] == 0 && depth < 9; depth++) {
		pid[0] = ktap_fork();
		if (pid[0] > 0)
			_exit(WEXITSTATUS(child_status(pid[0])) + 1);
	}
	if (pid[0] == 0)
		_exit(1);
	CHECK_EXIT(pid[0], 10);
}

CASE(vfork_shares_memory_and_waits)
{
	volatile int value = 1;
	pid_t pid = (pid_t)vfork();

	if (pid == 0) {
		sleep_ms(20);
		value = 2;
		_exit(3);
	}
	CHECK_EQ(value, 2);
	CHECK_EXIT(pid, 3);
}

/* ---- clone ---------------------------------------------------------------------------------------------------- */

/* glibc's fork. */
CASE(clone_as_fork)
{
	int *shared = shared_ints();
	static int ctid = -1, ptid = -1;
	long pid = sys(SYS_clone, CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD, 0, 0, &ctid, 0);

	if (pid == 0) {
		shared[0] = ctid;
		_exit(4);
	}
	CHECK_EXIT(pid, 4);
	CHECK_EQ(shared[0], pid);
	CHECK_EQ(ctid, -1);	/* the child's copy was written, not ours */
	pid = sys(SYS_clone, CLONE_PARENT_SETTID | SIGCHLD, 0, &ptid, 0, 0);
	if (pid == 0)
		_exit(5);
	CHECK_EQ(ptid, pid);
	CHECK_EXIT(pid, 5);
}

static int set_value(void *arg)
{
	*(volatile int *)arg = 7;
	return 8;
}

static char clone_stack[65536] __attribute__((aligned(16)));

/* posix_spawn, system and popen: own stack, parent's memory, parent waits. */
CASE(clone_vm_vfork)
{
	volatile int value = 0;
	long pid = raw_clone(CLONE_VM | CLONE_VFORK | SIGCHLD, clone_stack + sizeof(clone_stack), NULL, NULL, NULL,
			     set_value, (void *)(uintptr_t)&value);

	CHECK_EQ(value, 7);
	CHECK_EXIT(pid, 8);
}

CASE(clone_flag_errors)
{
	CHECK_EQ(sys(SYS_clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_clone, CLONE_THREAD | CLONE_VM, 0, 0, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_clone, CLONE_THREAD | CLONE_SIGHAND, 0, 0, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_clone, CLONE_FS | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_wait4, -1, NULL, WNOHANG, NULL), -ECHILD);	/* nothing was made */
}

static int close_and_chdir(void *arg)
{
	sys(SYS_close, *(int *)arg);
	sys(SYS_chdir, "/");
	return 0;
}

CASE(clone_files_and_fs)
{
	char before[256], after[256];
	int fd = open("/dev/null", O_RDONLY), other = (int)sys(SYS_dup, fd);
	void *top = clone_stack + sizeof(clone_stack);
	long pid;

	scratch();
	sys(SYS_getcwd, before, sizeof(before));
	pid = raw_clone(CLONE_VM | CLONE_VFORK | SIGCHLD, top, NULL, NULL, NULL, close_and_chdir, &fd);
	CHECK_EXIT(pid, 0);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD), 0);	/* own table, own directory */
	sys(SYS_getcwd, after, sizeof(after));
	CHECK_STR(after, before);
	pid = raw_clone(CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_FS | SIGCHLD, top, NULL, NULL, NULL,
			close_and_chdir, &other);
	CHECK_EXIT(pid, 0);
	CHECK_EQ(sys(SYS_fcntl, other, F_GETFD), -EBADF);
	sys(SYS_getcwd, after, sizeof(after));
	CHECK_STR(after, "/");
}

CASE(clone_without_sigchld)
{
	long pid = sys(SYS_clone, 0, 0, 0, 0, 0);
	int status = 0;

	if (pid == 0)
		_exit(3);
	CHECK_EQ(sys(SYS_wait4, pid, &status, 0, NULL), -ECHILD);	/* not an ordinary child */
	CHECK_EQ(sys(SYS_wait4, pid, &status, __WALL, NULL), pid);
	CHECK_EQ(status, 3 << 8);
	signal(SIGUSR2, SIG_IGN);
	pid = sys(SYS_clone, SIGUSR2, 0, 0, 0, 0);
	if (pid == 0)
		_exit(3);
	CHECK_EQ(sys(SYS_wait4, -1, &status, __WCLONE, NULL), pid);
}

CASE(set_tid_address_tells_the_tid)
{
	static int word;

	CHECK_EQ(sys(SYS_set_tid_address, &word), sys(SYS_gettid));
	CHECK_EQ(sys(SYS_set_tid_address, NULL), sys(SYS_gettid));
	CHECK_EQ(sys(SYS_getpid), sys(SYS_gettid));
}

/* ---- exit ----------------------------------------------------------------------------------------------------- */

CASE(exit_codes)
{
	static const int codes[] = { 0, 1, 127, 128, 255, 256, -1, 0x1234 };
	size_t i;
	pid_t pid;

	for (i = 0; i < COUNT(codes); i++) {
		IN_CHILD(pid) {
			sys(i % 2 ? SYS_exit : SYS_exit_group, codes[i]);
		}
		CHECK_EXIT(pid, codes[i] & 0xff);
	}
}

static void *exit_with_9(void *arg UNUSED)
{
	sys(SYS_exit_group, 9);
	return NULL;
}

static void *wait_for_ever(void *arg UNUSED)
{
	for (;;)
		pause();
	return NULL;
}

static void *spin_for_ever(void *arg UNUSED)
{
	for (;;)
		__asm__ volatile("pause");
	return NULL;
}

CASE(exit_group_ends_all_threads)
{
	pthread_t t;
	pid_t pid;

	IN_CHILD(pid) {
		REQUIRE_EQ(pthread_create(&t, NULL, wait_for_ever, NULL), 0);
		REQUIRE_EQ(pthread_create(&t, NULL, spin_for_ever, NULL), 0);
		REQUIRE_EQ(pthread_create(&t, NULL, exit_with_9, NULL), 0);
		wait_for_ever(NULL);
	}
	CHECK_EXIT(pid, 9);
}

static void *exit_later(void *arg UNUSED)
{
	sleep_ms(30);
	sys(SYS_exit_group, 12);
	return NULL;
}

/* The first thread may go before the others: the process lives on. */
CASE(first_thread_exits_first)
{
	pthread_t t;
	pid_t pid;

	IN_CHILD(pid) {
		REQUIRE_EQ(pthread_create(&t, NULL, exit_later, NULL), 0);
		sys(SYS_exit, 1);
	}
	CHECK_EXIT(pid, 12);
}

CASE(killed_status)
{
	struct rlimit no_core = { 0, 0 };
	pthread_t t;
	pid_t pid;

	setrlimit(RLIMIT_CORE, &no_core);
	IN_CHILD(pid) {
		kill(getpid(), SIGKILL);
	}
	CHECK_EQ(child_status(pid), SIGKILL);
	IN_CHILD(pid) {
		kill(getpid(), SIGTERM);
	}
	CHECK_EQ(child_status(pid), SIGTERM);
	IN_CHILD(pid) {
		REQUIRE_EQ(pthread_create(&t, NULL, spin_for_ever, NULL), 0);
		REQUIRE_EQ(pthread_create(&t, NULL, wait_for_ever, NULL), 0);
		kill(getpid(), SIGKILL);
	}
	CHECK_EQ(child_status(pid), SIGKILL);
}

/* ---- wait ----------------------------------------------------------------------------------------------------- */

CASE(wait_errors)
{
	int status = 77;

	CHECK_EQ(sys(SYS_wait4, -1, &status, 0, NULL), -ECHILD);
	CHECK_EQ(sys(SYS_wait4, -1, &status, WNOHANG, NULL), -ECHILD);
	CHECK_EQ(sys(SYS_wait4, getpid(), &status, 0, NULL), -ECHILD);
	CHECK_EQ(sys(SYS_wait4, 1, &status, 0, NULL), -ECHILD);
	CHECK_EQ(sys(SYS_wait4, 0x3fffffff, &status, 0, NULL), -ECHILD);
	CHECK_EQ(sys(SYS_wait4, -1, &status, 0x100, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_wait4, (long)INT32_MIN, &status, 0, NULL), -ESRCH);
	CHECK_EQ(status, 77);
}

CASE(wait_no_hang)
{
	int fd[2], status = 77;
	pid_t pid;
	char c;

	REQUIRE_EQ(pipe(fd), 0);
	IN_CHILD(pid) {
		close(fd[1]);
		(void)!read(fd[0], &c, 1);
	}
	CHECK_EQ(sys(SYS_wait4, pid, &status, WNOHANG, NULL), 0);
	CHECK_EQ(sys(SYS_wait4, -1, &status, WNOHANG, NULL), 0);
	CHECK_EQ(status, 77);
	close(fd[1]);
	CHECK_EQ(sys(SYS_wait4, pid, &status, 0, NULL), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(sys(SYS_wait4, pid, &status, 0, NULL), -ECHILD);	/* only once */
}

CASE(zombie_until_waited_for)
{
	pid_t pid;
	int fd[2];
	char c;

	REQUIRE_EQ(pipe2(fd, O_CLOEXEC), 0);
	IN_CHILD(pid) {
		_exit(2);
	}
	close(fd[1]);
	CHECK_EQ(read(fd[0], &c, 1), 0);	/* its descriptors are closed */
	CHECK_EQ(kill(pid, 0), 0);
	CHECK_EQ(kill(pid, SIGKILL), 0);	/* no effect on the status */
	CHECK_EXIT(pid, 2);
	CHECK_EQ(sys(SYS_kill, pid, 0), -ESRCH);
}

CASE(wait_by_group)
{
	pid_t same, other;
	int status;

	IN_CHILD(same) {
		_exit(1);
	}
	IN_CHILD(other) {
		pause();
	}
	CHECK_EQ(sys(SYS_setpgid, other, other), 0);
	CHECK_EQ(sys(SYS_wait4, 0, &status, 0, NULL), same);
	CHECK_EQ(sys(SYS_wait4, 0, &status, 0, NULL), -ECHILD);
	CHECK_EQ(sys(SYS_wait4, -other, &status, WNOHANG, NULL), 0);
	kill(other, SIGKILL);
	CHECK_EQ(sys(SYS_wait4, -other, &status, 0, NULL), other);
}

CASE(wait_stopped_and_continued)
{
	int status;
	pid_t pid;

	IN_CHILD(pid) {
		for (;;)
			pause();
	}
	kill(pid, SIGSTOP);
	CHECK_EQ(sys(SYS_wait4, pid, &status, WUNTRACED, NULL), pid);
	CHECK_EQ(status, SIGSTOP << 8 | 0x7f);
	CHECK_EQ(sys(SYS_wait4, pid, &status, WUNTRACED | WNOHANG, NULL), 0);	/* reported once */
	kill(pid, SIGCONT);
	CHECK_EQ(sys(SYS_wait4, pid, &status, WCONTINUED, NULL), pid);
	CHECK_EQ(status, 0xffff);
	CHECK_EQ(sys(SYS_wait4, pid, &status, WCONTINUED | WNOHANG, NULL), 0);
	kill(pid, SIGTSTP);	/* its group is not orphaned: its parent is in another of the same session */
	kill(pid, SIGSTOP);
	CHECK_EQ(sys(SYS_wait4, pid, &status, WUNTRACED, NULL), pid);
	CHECK(WIFSTOPPED(status));
	kill(pid, SIGKILL);	/* ends a stopped one */
	CHECK_KILLED(pid, SIGKILL);
}

CASE(children_without_zombies)
{
	struct sigaction sa = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT };
	pid_t pid;
	int status, i, k;

	for (i = 0; i < 2; i++) {
		if (i == 0)
			signal(SIGCHLD, SIG_IGN);
		else
			sigaction(SIGCHLD, &sa, NULL);
		IN_CHILD(pid) {
			sleep_ms(10);
		}
		CHECK_EQ(sys(SYS_wait4, pid, &status, 0, NULL), -ECHILD);	/* blocks until it has ended, */
		for (k = 0; k < 2000 && sys(SYS_kill, pid, 0) == 0; k++)
			sleep_ms(1);
		CHECK_EQ(sys(SYS_kill, pid, 0), -ESRCH);	/* and its number is free soon */
	}
}

CASE(child_usage)
{
	struct rusage ru;
	pid_t pid;
	int status;

	memset(&ru, 0xff, sizeof(ru));
	IN_CHILD(pid) {
		volatile unsigned work = 0;
		int64_t limit = now_ns() + 40000000;

		while (now_ns() < limit)
			work++;
	}
	CHECK_EQ(sys(SYS_wait4, pid, &status, 0, &ru), pid);
	CHECK(ru.ru_utime.tv_sec >= 0 && ru.ru_utime.tv_usec >= 0 && ru.ru_utime.tv_usec < 1000000);
	CHECK(ru.ru_utime.tv_sec + ru.ru_utime.tv_usec + ru.ru_stime.tv_sec + ru.ru_stime.tv_usec > 0);
	CHECK_EQ(sys(SYS_getrusage, RUSAGE_SELF, &ru), 0);
	CHECK(ru.ru_maxrss >= 0);
	CHECK_EQ(sys(SYS_getrusage, 5, &ru), -EINVAL);
}

/* An orphan gets another parent, and that one reaps it. */
CASE(orphans)
{
	int fd[2];
	pid_t pid, old;
	int result = 0;

	REQUIRE_EQ(pipe(fd), 0);
	IN_CHILD(pid) {
		old = getpid();
		if (ktap_fork() == 0) {
			int tries;

			for (tries = 0; sys(SYS_getppid) == old && tries < 1000; tries++)
				sleep_ms(2);
			result = (int)sys(SYS_getppid);
			(void)!write(fd[1], &result, sizeof(result));
			_exit(0);
		}
	}
	CHECK_EXIT(pid, 0);
	close(fd[1]);
	CHECK_EQ(read(fd[0], &result, sizeof(result)), sizeof(result));
	CHECK(result >= 1 && result != pid);	/* process 1, or a subreaper on the host */
}

/* ---- process groups and sessions ------------------------------------------------------------------------------ */

CASE(group_calls)
{
	pid_t me = getpid(), pid;

	CHECK_EQ(sys(SYS_getpgrp), me);		/* the frame gave each case its group */
	if (sys(SYS_getpgid, 0) != -ENOSYS) {
		CHECK_EQ(sys(SYS_getpgid, 0), me);
		CHECK_EQ(sys(SYS_getpgid, 0x3fffffff), -ESRCH);
		CHECK_EQ(sys(SYS_getpgid, -1), -ESRCH);
	}
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_getpgrp), me);	/* inherited */
		CHECK_EQ(sys(SYS_setpgid, 0, 0), 0);
		CHECK_EQ(sys(SYS_getpgrp), getpid());
		CHECK_EQ(sys(SYS_setpgid, 0, me), 0);	/* and back */
		CHECK_EQ(sys(SYS_getpgrp), me);
	}
	CHECK_EXIT(pid, 0);
}

CASE(setpgid_errors)
{
	int ready[2], go[2];
	pid_t pid;
	char c;

	CHECK_EQ(sys(SYS_setpgid, -1, 0), -EINVAL);	/* group -1, checked first */
	CHECK_EQ(sys(SYS_setpgid, -1, 5), -ESRCH);
	CHECK_EQ(sys(SYS_setpgid, 0, -1), -EINVAL);
	CHECK_EQ(sys(SYS_setpgid, 0x3fffffff, 0), -ESRCH);
	CHECK_EQ(sys(SYS_setpgid, getppid(), 0), -ESRCH);	/* not a child */
	CHECK_EQ(sys(SYS_setpgid, 0, 0x3ffffff), -EPERM);	/* no such group */
	REQUIRE_EQ(pipe2(ready, O_CLOEXEC), 0);
	REQUIRE_EQ(pipe2(go, O_CLOEXEC), 0);
	IN_CHILD(pid) {
		dup2(ready[1], 53);
		dup2(go[0], 54);
		dup2(53, 3);
		dup2(54, 4);
		close(53);
		close(54);
		if (go[1] > 4)
			close(go[1]);
		execl(ktap_self, "n", "@ready", (char *)NULL);
	}
	close(go[0]);
	CHECK_EQ(read(ready[0], &c, 1), 1);
	CHECK_EQ(sys(SYS_setpgid, pid, pid), -EACCES);	/* a child that has executed */
	close(go[1]);
	CHECK_EXIT(pid, 0);
}

CASE(sessions)
{
	pid_t pid, inner, me = getpid();

	if (sys(SYS_getsid, 0) == -ENOSYS)
		SKIP("no sessions");
	CHECK_EQ(sys(SYS_setsid), -EPERM);	/* leader of its group */
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_setsid), getpid());
		CHECK_EQ(sys(SYS_getsid, 0), getpid());
		CHECK_EQ(sys(SYS_getpgrp), getpid());
		CHECK_EQ(sys(SYS_setsid), -EPERM);
		CHECK_EQ(sys(SYS_setpgid, 0, 0), -EPERM);	/* a session leader stays where it is */
		CHECK_EQ(sys(SYS_setpgid, 0, me), -EPERM);
		IN_CHILD(inner) {
			CHECK_EQ(sys(SYS_setpgid, 0, me), -EPERM);	/* a group of another session */
		}
		CHECK_EXIT(inner, 0);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(sys(SYS_getsid, 0x3fffffff), -ESRCH);
}

CASE(kill_a_group)
{
	pid_t pid[3];
	int ready[2], i;
	char c;

	REQUIRE_EQ(pipe(ready), 0);
	for (i = 0; i < 3; i++) {
		IN_CHILD(pid[i]) {
			(void)!write(ready[1], "r", 1);
			for (;;)
				pause();
		}
		CHECK_EQ(sys(SYS_setpgid, pid[i], pid[0]), 0);
	}
	for (i = 0; i < 3; i++)
		CHECK_EQ(read(ready[0], &c, 1), 1);
	CHECK_EQ(sys(SYS_kill, -pid[0], 0), 0);
	CHECK_EQ(sys(SYS_kill, -pid[0], SIGTERM), 0);
	for (i = 0; i < 3; i++)
		CHECK_KILLED(pid[i], SIGTERM);
	CHECK_EQ(sys(SYS_kill, -pid[0], SIGTERM), -ESRCH);
}

CASE(kill_errors)
{
	pid_t pid, other;

	CHECK_EQ(sys(SYS_kill, getpid(), 65), -EINVAL);
	CHECK_EQ(sys(SYS_kill, getpid(), -1), -EINVAL);
	CHECK_EQ(sys(SYS_kill, 0x3fffffff, 0), -ESRCH);
	CHECK_EQ(sys(SYS_kill, getpid(), 0), 0);
	CHECK_EQ(sys(SYS_kill, 0, 0), 0);
	CHECK_EQ(sys(SYS_tgkill, getpid(), getpid(), 0), 0);
	CHECK_EQ(sys(SYS_tgkill, 0, getpid(), 0), -EINVAL);
	CHECK_EQ(sys(SYS_tgkill, getpid(), -1, 0), -EINVAL);
	CHECK_EQ(sys(SYS_tgkill, getppid(), getpid(), 0), -ESRCH);
	CHECK_EQ(sys(SYS_tkill, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_tkill, 0x3fffffff, 0), -ESRCH);
	CHECK_EQ(sys(SYS_tkill, getpid(), 65), -EINVAL);
	if (!is_root())
		return;
	IN_CHILD(pid) {
		other = getppid();
		REQUIRE(drop_root());
		CHECK_EQ(sys(SYS_kill, other, 0), -EPERM);
		CHECK_EQ(sys(SYS_kill, other, SIGCONT), 0);	/* same session */
		CHECK_EQ(sys(SYS_tgkill, other, other, SIGTERM), -EPERM);
	}
	CHECK_EXIT(pid, 0);
}

/* Pids are not handed out again at once, and a process without children gets ECHILD whatever went before. */
CASE(many_processes_one_after_the_other)
{
	pid_t pid, last = 0;
	int i, same = 0;

	for (i = 0; i < 100; i++) {
		IN_CHILD(pid) {
			_exit(i);
		}
		same += pid == last;
		last = pid;
		CHECK_EXIT(pid, i);
	}
	CHECK_EQ(same, 0);
	CHECK_EQ(sys(SYS_wait4, -1, NULL, 0, NULL), -ECHILD);
}

/* ---- waitid --------------------------------------------------------------------------------------------------- */

CASE(waitid_tells_how)
{
	siginfo_t info;
	pid_t pid;

	IN_CHILD(pid)
		_exit(300 & 0xff);
	memset(&info, 0xff, sizeof(info));
	CHECK_EQ(sys(SYS_waitid, P_PID, pid, &info, WEXITED | WNOWAIT, NULL), 0);	/* looks, does not take */
	CHECK_EQ(info.si_pid, pid);
	memset(&info, 0xff, sizeof(info));
	CHECK_EQ(sys(SYS_waitid, P_PID, pid, &info, WEXITED, NULL), 0);
	CHECK_EQ(info.si_signo, SIGCHLD);
	CHECK_EQ(info.si_code, CLD_EXITED);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(info.si_uid, getuid());
	CHECK_EQ(info.si_status, 300 & 0xff);
	CHECK_EQ(sys(SYS_waitid, P_PID, pid, &info, WEXITED, NULL), -ECHILD);
	IN_CHILD(pid)
		for (;;)
			pause();
	CHECK_EQ(sys(SYS_waitid, P_ALL, 0, &info, WEXITED | WSTOPPED | WCONTINUED | WNOHANG, NULL), 0);
	CHECK(info.si_pid == 0 && info.si_signo == 0);	/* nothing yet */
	kill(pid, SIGSTOP);
	CHECK_EQ(sys(SYS_waitid, P_PGID, 0, &info, WSTOPPED, NULL), 0);	/* 0: the caller's group */
	CHECK_EQ(info.si_code, CLD_STOPPED);
	CHECK_EQ(info.si_status, SIGSTOP);
	kill(pid, SIGCONT);
	CHECK_EQ(sys(SYS_waitid, P_PGID, getpgrp(), &info, WCONTINUED, NULL), 0);
	CHECK_EQ(info.si_code, CLD_CONTINUED);
	CHECK_EQ(info.si_status, SIGCONT);
	kill(pid, SIGTERM);
	CHECK_EQ(sys(SYS_waitid, P_ALL, 12345, &info, WEXITED, NULL), 0);	/* the number is not looked at */
	CHECK_EQ(info.si_code, CLD_KILLED);
	CHECK_EQ(info.si_status, SIGTERM);
	CHECK_EQ(info.si_pid, pid);
}

CASE(waitid_errors)
{
	struct rusage ru;
	siginfo_t info;
	pid_t pid;

	CHECK_EQ(sys(SYS_waitid, P_ALL, 0, &info, WEXITED, NULL), -ECHILD);
	CHECK_EQ(sys(SYS_waitid, P_ALL, 0, &info, 0, NULL), -EINVAL);	/* waits for nothing */
	CHECK_EQ(sys(SYS_waitid, P_ALL, 0, &info, WNOHANG, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_waitid, P_ALL, 0, &info, WEXITED | 0x100, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_waitid, 77, 0, &info, WEXITED, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_waitid, P_PID, 0, &info, WEXITED, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_waitid, P_PID, -1, &info, WEXITED, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_waitid, P_PGID, -1, &info, WEXITED, NULL), -EINVAL);
	IN_CHILD(pid)
		_exit(0);
	memset(&ru, 0xff, sizeof(ru));
	CHECK_EQ(sys(SYS_waitid, P_PID, pid, NULL, WEXITED, &ru), 0);	/* no siginfo wanted */
	CHECK(ru.ru_utime.tv_sec >= 0 && ru.ru_utime.tv_sec < 1000);
}

/* ---- nice values ---------------------------------------------------------------------------------------------- */

/* The raw call gives 20 - nice, so that no answer looks like an error. */
CASE(nice_values)
{
	pid_t pid, child;

	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_getpriority, PRIO_PROCESS, 0), 20);
		CHECK_EQ(sys(SYS_setpriority, PRIO_PROCESS, 0, 5), 0);
		CHECK_EQ(sys(SYS_getpriority, PRIO_PROCESS, 0), 15);
		CHECK_EQ(sys(SYS_getpriority, PRIO_PROCESS, getpid()), 15);
		CHECK_EQ(sys(SYS_setpriority, PRIO_PROCESS, getpid(), 100), 0);	/* cut to 19 */
		CHECK_EQ(sys(SYS_getpriority, PRIO_PROCESS, 0), 1);
		IN_CHILD(child)
			CHECK_EQ(sys(SYS_getpriority, PRIO_PROCESS, 0), 1);	/* inherited */
		CHECK_EXIT(child, 0);
		if (is_root()) {
			CHECK_EQ(sys(SYS_setpriority, PRIO_PROCESS, 0, -100), 0);
			CHECK_EQ(sys(SYS_getpriority, PRIO_PROCESS, 0), 40);
			CHECK_EQ(sys(SYS_setpriority, PRIO_PROCESS, 0, 0), 0);
			REQUIRE(drop_root());
			CHECK_EQ(sys(SYS_setpriority, PRIO_PROCESS, 0, 1), 0);
		}
		CHECK_EQ(sys(SYS_setpriority, PRIO_PROCESS, 0, 0), -EACCES);	/* no way back up */
		CHECK_EQ(sys(SYS_setpriority, PRIO_PROCESS, 1, 10), -EPERM);	/* root's */
	}
	CHECK_EXIT(pid, 0);
}

CASE(nice_values_of_groups_and_errors)
{
	pid_t a, b;

	IN_CHILD(a) {
		REQUIRE_EQ(setpgid(0, 0), 0);
		IN_CHILD(b)
			for (;;)
				pause();
		CHECK_EQ(sys(SYS_setpriority, PRIO_PROCESS, b, 7), 0);
		CHECK_EQ(sys(SYS_getpriority, PRIO_PGRP, 0), 20);	/* the highest of the group */
		CHECK_EQ(sys(SYS_setpriority, PRIO_PGRP, getpgrp(), 9), 0);
		CHECK_EQ(sys(SYS_getpriority, PRIO_PROCESS, b), 11);
		CHECK_EQ(sys(SYS_getpriority, PRIO_PGRP, 0), 11);
		kill(b, SIGKILL);
		CHECK_KILLED(b, SIGKILL);
	}
	CHECK_EXIT(a, 0);
	CHECK(sys(SYS_getpriority, PRIO_USER, 0) >= 20);
	CHECK(sys(SYS_getpriority, PRIO_USER, getuid()) >= 20);
	CHECK_EQ(sys(SYS_getpriority, 3, 0), -EINVAL);
	CHECK_EQ(sys(SYS_setpriority, -1, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_getpriority, PRIO_PROCESS, 0x3fffffff), -ESRCH);
	CHECK_EQ(sys(SYS_setpriority, PRIO_PGRP, 0x3fffffff, 1), -ESRCH);
	CHECK_EQ(sys(SYS_getpriority, PRIO_USER, 0x3fffffff), -ESRCH);
}
