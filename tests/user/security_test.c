/* SPDX-License-Identifier: MIT */
/*
 * security_test.c - what a plain user tries: races around set-user-id programs, forged capabilities and descriptors,
 * kernel addresses in files, more of everything than its quota.
 */
#define KTAP_HAS_HELPER
#include "ktap.h"

#include <ctype.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { NOBODY = 65534, RACES = 150 };

static void become_nobody(void)
{
	if (getuid() != 0)
		return;
	REQUIRE_EQ(sys(SYS_setgroups, 0, NULL) | sys(SYS_setresgid, NOBODY, NOBODY, NOBODY) |
		   sys(SYS_setresuid, NOBODY, NOBODY, NOBODY), 0);
}

static void need_root(void)
{
	if (getuid() != 0)
		SKIP("needs to be root first");
}

/* ---- set-user-id ---------------------------------------------------------------------------------------------- */

static char dir[64];

static void copy_self(const char *name, int mode, uid_t owner)
{
	static char buf[1 << 16];
	int from = open(ktap_self, O_RDONLY), to = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t n;

	REQUIRE(from >= 0 && to >= 0);
	while ((n = read(from, buf, sizeof(buf))) > 0)
		REQUIRE_EQ(write(to, buf, (size_t)n), n);
	REQUIRE_EQ(fchown(to, owner, owner), 0);
	REQUIRE_EQ(fchmod(to, (mode_t)mode), 0);
	close(from);
	close(to);
}

/* Does this program have just the rights its own file gives? */
static int ktap_helper(int argc, char **argv)
{
	struct stat st;

	if (argc > 1 && strcmp(argv[1], "@whoami") == 0) {
		if (stat("/proc/self/exe", &st) != 0)
			return 20;
		if (geteuid() == 0 && !((st.st_mode & S_ISUID) && st.st_uid == 0))
			return 21;	/* root by a file that does not make it so */
		return geteuid() == 0 ? 10 : 11;
	}
	if (argc > 1 && strcmp(argv[1], "@euid") == 0)
		return geteuid() == 0 ? 10 : 11;
	return 2;
}

static void setuid_dir(void)
{
	need_root();
	strcpy(dir, "/tmp/setuid.XXXXXX");
	REQUIRE(mkdtemp(dir) != NULL && chmod(dir, 0777) == 0 && chdir(dir) == 0);
	copy_self("root", 04755, 0);
	if (open("root", O_RDONLY) < 0)
		SKIP("no files of its own here");
}

static int run_status(const char *name, const char *word)
{
	char *argv[] = { (char *)"t", (char *)word, NULL };
	pid_t pid = (pid_t)ktap_fork();
	int status = 0;

	if (pid == 0) {
		sys(SYS_execve, name, argv, NULL);
		_exit(30);
	}
	sys(SYS_wait4, pid, &status, 0, NULL);
	return status;
}

/* One name is now the set-user-id file, now another: who is root is running the former. */
CASE(setuid_name_changes_hands)
{
	unsigned as_root = 0, as_nobody = 0;
	pid_t pid, other;
	int i;

	setuid_dir();
	copy_self("plain", 0755, NOBODY);
	other = (pid_t)ktap_fork();
	if (other == 0)
		for (;;) {
			(void)!rename("root", "prog");
			(void)!rename("prog", "root");
			(void)!rename("plain", "prog");
			(void)!rename("prog", "plain");
		}
	IN_CHILD(pid) {
		become_nobody();
		if (run_status("root", "@euid") >> 8 == 11 && run_status("root", "@euid") >> 8 == 11)
			_exit(77);	/* mounted nosuid */
		for (i = 0; i < RACES; i++) {
			int status = run_status("prog", "@whoami");

			as_root += status == 10 << 8;
			as_nobody += status == 11 << 8;
			CHECK(status == 10 << 8 || status == 11 << 8 || status == 30 << 8);
		}
		NOTE("%u times root, %u times not", as_root, as_nobody);
	}
	sys(SYS_wait4, pid, &i, 0, NULL);
	kill(other, SIGKILL);
	sys(SYS_wait4, other, NULL, 0, NULL);
	if (i == 77 << 8)
		SKIP("set-user-id has no effect here");
	CHECK_EQ(i, 0);
}

/* The owner's bits come and go while it is executed. */
CASE(setuid_mode_changes_meanwhile)
{
	pid_t pid, other;
	int i;

	setuid_dir();
	copy_self("mine", 0755, NOBODY);
	other = (pid_t)ktap_fork();
	if (other == 0)	/* root's, but not set-user-id; then set-user-id, but nobody's: chown clears the bit */
		for (;;) {
			(void)!chown("mine", 0, 0);
			(void)!chown("mine", NOBODY, NOBODY);
			(void)!chmod("mine", 04755);
		}
	IN_CHILD(pid) {
		become_nobody();
		for (i = 0; i < RACES; i++)
			CHECK(run_status("mine", "@euid") != 10 << 8);
	}
	CHECK_EXIT(pid, 0);
	kill(other, SIGKILL);
	sys(SYS_wait4, other, NULL, 0, NULL);
}

/* A program in execution is not written to, and what is written loses the bit. */
CASE(setuid_file_written)
{
	struct stat st;
	pid_t pid;
	int fd;

	setuid_dir();
	REQUIRE_EQ(chmod("root", 04777), 0);
	IN_CHILD(pid) {
		become_nobody();
		fd = open("root", O_WRONLY | O_APPEND);
		REQUIRE(fd >= 0);
		CHECK_EQ(run_status("root", "@euid") >> 8, 30);	/* open for writing: ETXTBSY */
		CHECK_EQ(write(fd, "x", 1), 1);
		close(fd);
	}
	CHECK_EXIT(pid, 0);
	CHECK(stat("root", &st) == 0 && !(st.st_mode & S_ISUID));
	IN_CHILD(pid) {
		become_nobody();
		CHECK_EQ(run_status("root", "@euid") >> 8, 11);
	}
	CHECK_EXIT(pid, 0);
}

/* Who is traced, or wants no new privileges, or shares its files' table, does not become root. */
CASE(setuid_not_for_all)
{
	pid_t pid, traced;
	int status;

	setuid_dir();
	IN_CHILD(pid) {
		become_nobody();
		if (run_status("root", "@euid") != 10 << 8)
			_exit(77);
		traced = (pid_t)ktap_fork();
		if (traced == 0) {
			char *argv[] = { (char *)"t", (char *)"@euid", NULL };

			sys(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
			sys(SYS_execve, "root", argv, NULL);
			_exit(30);
		}
		REQUIRE_EQ(sys(SYS_wait4, traced, &status, 0, NULL), traced);
		REQUIRE(WIFSTOPPED(status));
		sys(SYS_ptrace, PTRACE_CONT, traced, 0, 0);
		REQUIRE_EQ(sys(SYS_wait4, traced, &status, 0, NULL), traced);
		CHECK_EQ(status, 11 << 8);
		sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		CHECK_EQ(run_status("root", "@euid"), 11 << 8);
	}
	sys(SYS_wait4, pid, &status, 0, NULL);
	if (status == 77 << 8 && !on_exo())
		SKIP("set-user-id has no effect here");
	CHECK_EQ(status, 0);
}

/* Attach to it the moment it becomes root. */
CASE(setuid_and_ptrace_race)
{
	pid_t pid, victim;
	int i, status;

	setuid_dir();
	IN_CHILD(pid) {
		become_nobody();
		for (i = 0; i < 60; i++) {
			long attached;

			victim = (pid_t)ktap_fork();
			if (victim == 0) {
				char *argv[] = { (char *)"t", (char *)"@euid", NULL };

				sys(SYS_execve, "root", argv, NULL);
				_exit(30);
			}
			for (status = 0; status < i * 20; status++)
				sys(SYS_getppid);
			attached = sys(SYS_ptrace, PTRACE_SEIZE, victim, 0, 0);
			if (attached == 0) {	/* then it was not root, and does not get to be */
				sys(SYS_ptrace, PTRACE_INTERRUPT, victim, 0, 0);
				while (sys(SYS_wait4, victim, &status, 0, NULL) == victim && WIFSTOPPED(status))
					sys(SYS_ptrace, PTRACE_CONT, victim, 0, 0);
				CHECK_EQ(status, 11 << 8);
			} else {
				sys(SYS_wait4, victim, &status, 0, NULL);
			}
		}
	}
	CHECK_EXIT(pid, 0);
}

/* ---- forged rights -------------------------------------------------------------------------------------------- */

struct cap_header {
	uint32_t version;
	int pid;
};
struct cap_data {
	uint32_t effective, permitted, inheritable;
};

CASE(capabilities_are_not_raised)
{
	struct cap_header head = { 0x20080522, 0 };
	struct cap_data all[2] = { { ~0u, ~0u, ~0u }, { ~0u, ~0u, ~0u } }, got[2];
	struct cap_data one[2] = { { 1u << 21, 1u << 21, 0 }, { 0, 0, 0 } };	/* CAP_SYS_ADMIN */
	int i;

	become_nobody();
	CHECK_EQ(sys(SYS_capset, &head, all), -EPERM);
	CHECK_EQ(sys(SYS_capset, &head, one), -EPERM);
	head.pid = 1;
	CHECK(sys(SYS_capset, &head, one) < 0);
	head.pid = 0;
	CHECK_EQ(sys(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0), 0);
	CHECK_EQ(sys(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21, 0, 0), -EPERM);
	CHECK_EQ(sys(SYS_prctl, PR_CAPBSET_DROP, 21, 0, 0, 0), -EPERM);
	CHECK_EQ(sys(SYS_prctl, PR_SET_SECUREBITS, 1, 0, 0, 0), -EPERM);
	CHECK_EQ(sys(SYS_setuid, 0), -EPERM);
	CHECK_EQ(sys(SYS_setresuid, -1, 0, -1), -EPERM);
	CHECK_EQ(sys(SYS_setgid, 0), -EPERM);
	CHECK_EQ(sys(SYS_setgroups, 0, NULL), -EPERM);
	sys(SYS_setfsuid, 0);
	CHECK(sys(SYS_setfsuid, -1) != 0);
	CHECK_EQ(sys(SYS_capget, &head, got), 0);
	for (i = 0; i < 2; i++)
		CHECK(!got[i].effective && !got[i].permitted);
	CHECK_EQ(sys(SYS_chroot, "/"), -EPERM);
	CHECK(sys(SYS_sethostname, "forged", 6) == -EPERM);
	CHECK(sys(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL) == -EPERM);
	CHECK(sys(SYS_reboot, 0xfee1dead, 0x28121969, 0, NULL) == -EPERM);
	CHECK(sys(SYS_iopl, 3) < 0);
	CHECK(sys(SYS_ioperm, 0x60, 1, 1) < 0);
}

/* A descriptor gives what it was opened for, by whatever way it is taken again. */
CASE(descriptors_give_no_more)
{
	char path[64], buf[16];
	int fd, ro, op, pair[2];
	pid_t pid;

	need_root();
	strcpy(dir, "/tmp/forge.XXXXXX");
	REQUIRE(mkdtemp(dir) != NULL && chmod(dir, 0755) == 0 && chdir(dir) == 0);
	fd = open("f", O_RDWR | O_CREAT, 0644);
	REQUIRE(fd >= 0 && write(fd, "root's", 6) == 6);
	ro = open("f", O_RDONLY);
	op = open("f", O_PATH);
	REQUIRE_EQ(chmod("f", 0600), 0);
	close(fd);
	IN_CHILD(pid) {
		become_nobody();
		CHECK_EQ(sys(SYS_write, ro, "x", 1), -EBADF);
		CHECK_EQ(sys(SYS_ftruncate, ro, 0), -EINVAL);
		CHECK_EQ(sys(SYS_fchmod, ro, 0666), -EPERM);
		CHECK_EQ(sys(SYS_fchown, ro, NOBODY, -1), -EPERM);
		CHECK_EQ(sys(SYS_read, op, buf, 1), -EBADF);
		CHECK_EQ(sys(SYS_mmap, 0, 4096, PROT_WRITE, MAP_SHARED, ro, 0), -EACCES);
		CHECK_EQ(sys(SYS_fcntl, ro, F_SETFL, O_RDWR), 0);	/* the mode is no flag to set */
		CHECK_EQ(sys(SYS_write, ro, "x", 1), -EBADF);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", ro);
		CHECK_EQ(sys(SYS_open, path, O_RDWR), -EACCES);
		CHECK_EQ(sys(SYS_truncate, path, 0), -EACCES);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", op);
		CHECK_EQ(sys(SYS_open, path, O_RDONLY), -EACCES);
		CHECK_EQ(sys(SYS_openat, op, "", O_RDONLY), -ENOENT);
		CHECK(sys(SYS_linkat, AT_FDCWD, path, AT_FDCWD, "/tmp/forged.link", AT_SYMLINK_FOLLOW) < 0);
		CHECK_EQ(sys(SYS_execveat, ro, "", NULL, NULL, AT_EMPTY_PATH), -EACCES);
		CHECK_EQ(sys(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair), 0);
		CHECK_EQ(sys(SYS_dup2, ro, 50), 50);
		CHECK_EQ(sys(SYS_write, 50, "x", 1), -EBADF);
	}
	CHECK_EXIT(pid, 0);
}

/* Descriptors and credentials that one does not have are not sent. */
CASE(messages_are_not_forged)
{
	union { char room[256]; struct cmsghdr align; } control;
	struct iovec iov = { (char *)"x", 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control };
	struct cmsghdr *head = (struct cmsghdr *)&control;
	int pair[2], fds[2] = { 777, -1 }, one = 1;
	struct ucred cred = { 1, 0, 0 };

	become_nobody();
	REQUIRE_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one));
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fds[0], sizeof(int));
	msg.msg_controllen = CMSG_SPACE(sizeof(int));
	CHECK_EQ(sys(SYS_sendmsg, pair[0], &msg, 0), -EBADF);
	memcpy(CMSG_DATA(head), &fds[1], sizeof(int));
	CHECK_EQ(sys(SYS_sendmsg, pair[0], &msg, 0), -EBADF);
	head->cmsg_len = 1U << 30;
	CHECK_EQ(sys(SYS_sendmsg, pair[0], &msg, 0), -EINVAL);
	head->cmsg_len = 3;
	CHECK_EQ(sys(SYS_sendmsg, pair[0], &msg, 0), -EINVAL);
	head->cmsg_type = SCM_CREDENTIALS;
	head->cmsg_len = CMSG_LEN(sizeof(cred));
	memcpy(CMSG_DATA(head), &cred, sizeof(cred));
	msg.msg_controllen = CMSG_SPACE(sizeof(cred));
	CHECK_EQ(sys(SYS_sendmsg, pair[0], &msg, 0), -EPERM);
	CHECK_EQ(sys(SYS_kill, 1, SIGKILL), -EPERM);
	CHECK(sys(434 /* pidfd_open */, 1, 0) < 0 || sys(424 /* pidfd_send_signal */, 3, SIGKILL, NULL, 0) < 0);
	CHECK(sys(SYS_ptrace, PTRACE_ATTACH, 1, 0, 0) < 0);
	CHECK(sys(SYS_process_vm_readv, 1, &iov, 1, &iov, 1, 0) < 0);
	CHECK(sys(SYS_open, "/proc/1/mem", O_RDONLY) < 0);
	CHECK(sys(SYS_open, "/proc/1/environ", O_RDONLY) < 0);
}

/* ---- what files and registers tell ---------------------------------------------------------------------------- */

static unsigned files_read, addresses;

/* A number that could be an address in the upper half: 16 digits that begin with ffff8 to fffff, or the same in
 * decimal; all ones and their neighbours are -1 and other small negatives. */
static bool tells_address(const char *text, size_t len)
{
	size_t i, n;

	for (i = 0; i + 16 <= len; i += n ? n : 1) {
		char word[24];

		for (n = 0; i + n < len && isxdigit((unsigned char)text[i + n]); n++)
			;
		if (n == 16 && memcmp(text + i, "ffff", 4) == 0 && memcmp(text + i, "fffffffffffff", 13) != 0) {
			memcpy(word, text + i, 16);
			word[16] = '\0';
			return strtoull(word, NULL, 16) >= 0xffff800000000000;
		}
	}
	return false;
}

static int look_into(const char *path, const struct stat *st, int type, struct FTW *at UNUSED)
{
	static char buf[1 << 16];
	size_t len = 0;
	ssize_t n;
	int fd;

	if (type != FTW_F || !S_ISREG(st->st_mode) || strstr(path, "/task/") || strstr(path, "pagemap") ||
	    strstr(path, "/mem") == path + strlen(path) - 4)
		return 0;
	fd = open(path, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return 0;
	while (len < sizeof(buf) && (n = read(fd, buf + len, sizeof(buf) - len)) > 0)
		len += (size_t)n;
	close(fd);
	files_read++;
	if (tells_address(buf, len) && addresses++ < 10)
		NOTE("%s tells an address", path);
	return 0;
}

CASE(no_kernel_address_in_any_file)
{
	if (!on_exo())
		SKIP("another kernel's files");
	become_nobody();
	nftw("/proc", look_into, 20, FTW_PHYS);
	nftw("/sys", look_into, 20, FTW_PHYS);
	CHECK(files_read > 50);
	CHECK_EQ(addresses, 0);
	CHECK_EQ(sys(SYS_syslog, 3, NULL, 0) < 0, 1);
	CHECK_EQ(sys(SYS_open, "/dev/kmsg", O_RDONLY), -EPERM);
	CHECK(sys(SYS_open, "/proc/kmsg", O_RDONLY) < 0);
	CHECK(sys(SYS_open, "/proc/kallsyms", O_RDONLY) < 0 || addresses == 0);
}

static sigjmp_buf back;

static void jump_back(int sig UNUSED)
{
	siglongjmp(back, 1);
}

/* SGDT and the like either fault or tell nothing (UMIP). */
CASE(no_kernel_address_in_registers)
{
	struct { uint16_t limit; uint64_t base; } __attribute__((packed)) table = { 0, 0 };
	struct sigaction sa = { .sa_handler = jump_back, .sa_flags = SA_NODEFER };

	if (!on_exo())
		SKIP("depends on the machine");
	sigaction(SIGSEGV, &sa, NULL);
	if (!sigsetjmp(back, 1)) {
		__asm__ volatile("sidt %0" : "=m"(table));
		if (table.base >> 47)
			SKIP("a CPU without UMIP");
	}
	if (!sigsetjmp(back, 1))
		__asm__ volatile("sgdt %0" : "=m"(table));
	CHECK(!(table.base >> 47));
}

/* ---- quotas --------------------------------------------------------------------------------------------------- */

static void limit(int what, rlim_t value)
{
	struct rlimit l = { value, value };

	REQUIRE_EQ(setrlimit(what, &l), 0);
}

CASE(quotas)
{
	struct { long type; char text[8]; } message = { 1, "x" };
	long ret, id, n;
	char *at;
	pid_t pid;
	int p[2];

	become_nobody();
	limit(RLIMIT_NOFILE, 32);
	for (n = 0; (ret = sys(SYS_dup, 1)) >= 0; n++)
		;
	CHECK_EQ(ret, -EMFILE);
	CHECK(n < 32);
	CHECK_EQ(sys(SYS_pipe, p), -EMFILE);
	CHECK_EQ(sys(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, p), -EMFILE);
	CHECK_EQ(sys(SYS_epoll_create1, 0), -EMFILE);

	limit(RLIMIT_NPROC, 0);
	pid = (pid_t)sys(SYS_fork);
	if (pid == 0)
		_exit(0);
	CHECK_EQ(pid, -EAGAIN);

	/* Mappings: 65,530 on Linux; each page of another kind than its neighbours is one. */
	at = (char *)sys(SYS_mmap, 0, 140000UL * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	REQUIRE((long)at > 0);
	for (n = 0, ret = 0; n < 70000 && ret == 0; n++)
		ret = sys(SYS_mprotect, at + n * 8192, 4096, PROT_READ);
	CHECK_EQ(ret, -ENOMEM);
	CHECK(n > 10000);

	limit(RLIMIT_MEMLOCK, 65536);
	CHECK(sys(SYS_mlock, at, 131072) < 0);
	limit(RLIMIT_SIGPENDING, 4);
	id = sys(SYS_msgget, 0, 0600 | 01000);
	if (id >= 0) {
		for (n = 0; n < 100000 && (ret = sys(SYS_msgsnd, id, &message, 8, 04000)) == 0; n++)
			;
		CHECK_EQ(ret, -EAGAIN);
		sys(SYS_msgctl, id, 0, NULL);
	}
}
