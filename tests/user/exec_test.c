/* SPDX-License-Identifier: MIT */
/*
 * exec_test.c - execve: what the new image receives (arguments, environment, auxv, descriptors, signal state), "#!"
 * scripts, every error, and images that are broken. Executes itself with "@WORD" arguments to look from inside.
 * Sources: man execve(2), getauxval(3); ELF gABI.
 */
#define KTAP_HAS_HELPER
#include "ktap.h"

#include <elf.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

extern char **environ;

enum { REPORT_FD = 3 };

/* ---- the executed side ---------------------------------------------------------------------------------------- */

/* Everything the image was given, each string with its NUL, arguments, an empty marker byte 1, environment. */
static int dump_vectors(int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++)
		if (write(REPORT_FD, argv[i], strlen(argv[i]) + 1) < 0)
			return 1;
	if (argv[argc] || write(REPORT_FD, "\1", 1) < 0)
		return 1;
	for (i = 0; environ[i]; i++)
		if (write(REPORT_FD, environ[i], strlen(environ[i]) + 1) < 0)
			return 1;
	return 0;
}

static const unsigned long *auxv_entry(unsigned long type)
{
	char **end = environ;
	unsigned long *a;

	while (*end)
		end++;
	for (a = (unsigned long *)(end + 1); a[0] != AT_NULL; a += 2)
		if (a[0] == type)
			return &a[1];
	return NULL;
}

static unsigned long auxv_value(unsigned long type)
{
	const unsigned long *value = auxv_entry(type);

	return value ? *value : ~0UL;
}

static int check_auxv(const char *path)
{
	const Elf64_Phdr *ph = (const Elf64_Phdr *)auxv_value(AT_PHDR);
	unsigned long i, loads = 0, entry = auxv_value(AT_ENTRY), bias = 0;
	const unsigned char *random = (const unsigned char *)auxv_value(AT_RANDOM);

	CHECK_EQ(auxv_value(AT_PAGESZ), 4096);
	CHECK_EQ(auxv_value(AT_PHENT), sizeof(*ph));
	REQUIRE(ph != (void *)~0UL);
	for (i = 0; i < auxv_value(AT_PHNUM); i++) {
		loads += ph[i].p_type == PT_LOAD;
		/* Linkers put the program headers right behind the file header, at offset 64. */
		if (ph[i].p_type == PT_LOAD && ph[i].p_offset == 0)
			bias = (unsigned long)ph - 64 - ph[i].p_vaddr;
	}
	CHECK(loads >= 1);
	for (i = 0; i < auxv_value(AT_PHNUM); i++)
		if (ph[i].p_type == PT_LOAD && entry >= ph[i].p_vaddr + bias &&
		    entry < ph[i].p_vaddr + bias + ph[i].p_memsz)
			entry = 0;
	CHECK_EQ(entry, 0);	/* lay inside a segment */
	if (auxv_entry(AT_BASE))
		CHECK_EQ(auxv_value(AT_BASE), 0);	/* no interpreter */
	CHECK_EQ(auxv_value(AT_UID), getuid());
	CHECK_EQ(auxv_value(AT_EUID), geteuid());
	CHECK_EQ(auxv_value(AT_GID), getgid());
	CHECK_EQ(auxv_value(AT_EGID), getegid());
	CHECK_EQ(auxv_value(AT_SECURE), 0);
	CHECK_EQ(auxv_value(AT_CLKTCK), 100);
	REQUIRE(auxv_entry(AT_EXECFN) != NULL);
	CHECK_STR((char *)auxv_value(AT_EXECFN), path);
	REQUIRE(random != (void *)~0UL);
	CHECK_EQ(write(REPORT_FD, random, 16), 16);
	return ktap_failures != 0;
}

static int check_fds(int argc, char **argv)
{
	int i;

	/* "+N": descriptor N is open, "-N": it is not. */
	for (i = 2; i < argc; i++)
		CHECK_EQ(sys(SYS_fcntl, atoi(argv[i] + 1), F_GETFD), argv[i][0] == '+' ? 0 : -EBADF);
	return ktap_failures != 0;
}

static int check_signals(void)
{
	uint64_t mask = 0, pending = 0;
	struct sigaction sa;
	stack_t ss;

	sigaction(SIGUSR1, NULL, &sa);
	CHECK(sa.sa_handler == SIG_DFL);	/* had a handler */
	sigaction(SIGUSR2, NULL, &sa);
	CHECK(sa.sa_handler == SIG_IGN);
	CHECK_EQ(sys(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8), 0);
	CHECK_EQ(mask, 1UL << (SIGHUP - 1) | 1UL << (SIGRTMAX - 1));
	if (sys(SYS_rt_sigpending, &pending, 8) == 0)
		CHECK_EQ(pending, 1UL << (SIGHUP - 1));
	CHECK_EQ(sys(SYS_sigaltstack, NULL, &ss), 0);
	CHECK_EQ(ss.ss_flags, SS_DISABLE);
	return ktap_failures != 0;
}

static int ktap_helper(int argc, char **argv)
{
	char name[17] = "";

	ktap_current = argv[1];
	if (!strncmp(argv[1], "@dump", 5))
		return dump_vectors(argc, argv);
	if (!strcmp(argv[1], "@auxv"))
		return check_auxv(argv[2]);
	if (!strcmp(argv[1], "@fds"))
		return check_fds(argc, argv);
	if (!strcmp(argv[1], "@signals"))
		return check_signals();
	if (!strcmp(argv[1], "@exit"))
		return atoi(argv[2]);
	if (!strcmp(argv[1], "@tid"))
		return getpid() == atoi(argv[2]) && sys(SYS_gettid) == getpid() ? 0 : 1;
	if (!strcmp(argv[1], "@comm")) {
		CHECK_EQ(sys(SYS_prctl, PR_GET_NAME, name, 0, 0, 0), 0);
		CHECK_STR(name, argv[2]);
		return ktap_failures != 0;
	}
	if (!strcmp(argv[1], "@secure"))
		return auxv_value(AT_SECURE) == 1 && geteuid() == 0 && getuid() == 65534 &&
		       auxv_value(AT_EUID) == 0 && auxv_value(AT_UID) == 65534 ? 0 : 1;
	if (!strcmp(argv[1], "@stop")) {
		(void)!write(REPORT_FD, "r", 1);
		pause();
	}
	return 99;
}

/* ---- the executing side --------------------------------------------------------------------------------------- */

static char *no_env[] = { NULL };

/* Executes @path in a child, its report on @got (NUL-terminated); returns the wait status. */
static int run_report(const char *path, char **argv, char **envp, char *got, size_t size, size_t *len)
{
	size_t used = 0;
	ssize_t n;
	int fd[2];
	pid_t pid;

	REQUIRE_EQ(pipe(fd), 0);
	IN_CHILD(pid) {
		if (fd[1] != REPORT_FD) {
			dup2(fd[1], REPORT_FD);
			close(fd[1]);
		}
		if (fd[0] != REPORT_FD)
			close(fd[0]);
		CHECK_EQ(sys(SYS_execve, path, argv, envp), 0);
	}
	close(fd[1]);
	while (used < size && (n = read(fd[0], got + used, size - used)) > 0)
		used += (size_t)n;
	close(fd[0]);
	if (used < size)
		got[used] = 0;
	*len = used;
	return child_status(pid);
}

/* execve in a child: the error it gives, 0 when it ran and exited with 0. */
static int exec_error(const char *path, char **argv, char **envp)
{
	pid_t pid = ktap_fork();
	int status;

	if (pid == 0)
		_exit((int)-sys(SYS_execve, path, argv, envp));
	status = child_status(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int exec_self_error(const char *path)
{
	char *argv[] = { (char *)"self", (char *)"@exit", (char *)"0", NULL };

	return exec_error(path, argv, no_env);
}

/* A copy of this program in the scratch directory. */
static void copy_self(const char *to, mode_t mode)
{
	int in = open(ktap_self, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0700);
	static char buf[65536];
	ssize_t n;

	REQUIRE(in >= 0 && out >= 0);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		REQUIRE_EQ(write(out, buf, (size_t)n), n);
	fchmod(out, mode);
	close(in);
	close(out);
}

CASE(arguments_and_environment)
{
	static char big[100001], got[110000];
	char *argv[] = { (char *)"name", (char *)"@dump", (char *)"", (char *)"a b", big, NULL };
	char *envp[] = { (char *)"A=1", (char *)"", (char *)"NOEQUALS", NULL };
	size_t len, want = 0;
	char *at = got;
	int i;

	memset(big, 'x', 100000);
	CHECK_EQ(run_report(ktap_self, argv, envp, got, sizeof(got), &len), 0);
	for (i = 0; argv[i]; i++) {
		CHECK(strcmp(at, argv[i]) == 0);
		at += strlen(argv[i]) + 1;
		want += strlen(argv[i]) + 1;
	}
	CHECK_EQ(*at++, 1);
	want++;
	for (i = 0; envp[i]; i++) {
		CHECK_STR(at, envp[i]);
		at += strlen(envp[i]) + 1;
		want += strlen(envp[i]) + 1;
	}
	CHECK_EQ(len, want);
}

CASE(null_environment)
{
	char *argv[] = { (char *)"n", (char *)"@dump", NULL };
	char got[64];
	size_t len;

	CHECK_EQ(run_report(ktap_self, argv, NULL, got, sizeof(got), &len), 0);
	CHECK_EQ(len, 9);	/* "n" "@dump" marker, no environment */
}

CASE(auxiliary_vector)
{
	char *argv[] = { (char *)"n", (char *)"@auxv", ktap_self, NULL };
	char first[32], second[32];
	size_t len;

	CHECK_EQ(run_report(ktap_self, argv, no_env, first, sizeof(first), &len), 0);
	CHECK_EQ(len, 16);
	CHECK_EQ(run_report(ktap_self, argv, no_env, second, sizeof(second), &len), 0);
	CHECK(memcmp(first, second, 16) != 0);	/* AT_RANDOM is random */
}

CASE(exit_status_passes)
{
	char *argv[] = { (char *)"n", (char *)"@exit", (char *)"42", NULL };

	CHECK_EQ(exec_error(ktap_self, argv, no_env), 42);
}

CASE(relative_path_and_cwd_kept)
{
	scratch();
	copy_self("prog", 0755);
	CHECK_EQ(exec_self_error("prog"), 0);
	CHECK_EQ(exec_self_error("./prog"), 0);
	CHECK_EQ(mkdir("d", 0700), 0);
	CHECK_EQ(chdir("d"), 0);
	CHECK_EQ(exec_self_error("../prog"), 0);
	CHECK_EQ(exec_self_error("prog"), ENOENT);
	CHECK_EQ(symlink("../prog", "link"), 0);
	CHECK_EQ(exec_self_error("link"), 0);
}

CASE(path_errors)
{
	static char longname[300], longpath[5000];

	scratch();
	memset(longname, 'n', 299);
	memset(longpath, '/', 4999);
	put_file("plain", "hello", 5, 0644);
	put_file("empty", "", 0, 0755);
	put_file("text", "echo hello\n", 11, 0755);
	mkdir("dir", 0755);
	CHECK_EQ(symlink("loop", "loop"), 0);
	CHECK_EQ(exec_self_error("missing"), ENOENT);
	CHECK_EQ(exec_self_error(""), ENOENT);
	CHECK_EQ(exec_self_error("plain"), EACCES);
	CHECK_EQ(exec_self_error("dir"), EACCES);
	CHECK_EQ(exec_self_error("plain/x"), ENOTDIR);
	CHECK_EQ(exec_self_error("empty"), ENOEXEC);
	CHECK_EQ(exec_self_error("text"), ENOEXEC);
	CHECK_EQ(exec_self_error("loop"), ELOOP);
	CHECK_EQ(exec_self_error(longname), ENAMETOOLONG);
	CHECK_EQ(exec_self_error(longpath), ENAMETOOLONG);
	CHECK_EQ(exec_self_error("/dev/null"), EACCES);
	CHECK_EQ(exec_self_error(NULL), EFAULT);
}

CASE(permission_of_other_users)
{
	pid_t pid;

	if (!is_root())
		SKIP("needs root");
	scratch();
	copy_self("owner", 0700);
	copy_self("all", 0755);
	copy_self("unreadable", 0711);
	CHECK_EQ(exec_self_error("owner"), 0);
	copy_self("nobody", 0000);
	CHECK_EQ(exec_self_error("nobody"), EACCES);	/* root too needs one x bit */
	IN_CHILD(pid) {
		REQUIRE(drop_root());
		CHECK_EQ(exec_self_error("owner"), EACCES);
		CHECK_EQ(exec_self_error("all"), 0);
		CHECK_EQ(exec_self_error("unreadable"), 0);
	}
	CHECK_EXIT(pid, 0);
}

CASE(set_user_id_bit)
{
	char *argv[] = { (char *)"n", (char *)"@secure", NULL };
	pid_t pid;

	if (!is_root())
		SKIP("needs root");
	scratch();
	copy_self("suid", 0755);
	CHECK_EQ(chmod("suid", 04755), 0);
	IN_CHILD(pid) {
		REQUIRE(drop_root());
		CHECK_EQ(exec_error("suid", argv, no_env), 0);
	}
	CHECK_EXIT(pid, 0);
}

CASE(bad_vectors)
{
	char *argv[] = { (char *)"n", (char *)"@exit", (char *)"0", (char *)8, NULL };

	CHECK_EQ(exec_error(ktap_self, (char **)8, no_env), EFAULT);
	CHECK_EQ(exec_error(ktap_self, argv, no_env), EFAULT);
	argv[3] = NULL;
	CHECK_EQ(exec_error(ktap_self, argv, (char **)0xffff800000000000), EFAULT);
	CHECK_EQ(exec_error(ktap_self, argv, no_env), 0);
}

CASE(too_big)
{
	static char edge[131073];
	char *argv[] = { (char *)"n", (char *)"@exit", (char *)"0", edge, NULL };
	char *many[40] = { (char *)"n", (char *)"@exit", (char *)"0" };
	struct rlimit limit;
	int i;

	/* One string: at most 32 pages with its NUL. */
	memset(edge, 'e', 131072);
	CHECK_EQ(exec_error(ktap_self, argv, no_env), E2BIG);
	edge[131071] = 0;
	CHECK_EQ(exec_error(ktap_self, argv, no_env), 0);
	/* All strings: a quarter of the stack limit. */
	getrlimit(RLIMIT_STACK, &limit);
	limit.rlim_cur = 4 << 20;
	setrlimit(RLIMIT_STACK, &limit);
	edge[100000] = 0;
	for (i = 3; i < 3 + 5; i++)
		many[i] = edge;
	CHECK_EQ(exec_error(ktap_self, many, no_env), 0);
	for (; i < 3 + 15; i++)
		many[i] = edge;
	CHECK_EQ(exec_error(ktap_self, many, no_env), E2BIG);
}

CASE(busy_text)
{
	pid_t pid;
	int fd;

	scratch();
	copy_self("prog", 0755);
	fd = open("prog", O_WRONLY);
	CHECK_EQ(exec_self_error("prog"), ETXTBSY);
	close(fd);
	CHECK_EQ(exec_self_error("prog"), 0);
	IN_CHILD(pid) {
		int ready[2];
		pid_t runner;
		char c;

		REQUIRE_EQ(pipe(ready), 0);
		IN_CHILD(runner) {
			dup2(ready[1], REPORT_FD);
			execl("./prog", "n", "@stop", (char *)NULL);
		}
		CHECK_EQ(read(ready[0], &c, 1), 1);
		CHECK_EQ(sys(SYS_open, "prog", O_WRONLY, 0), -ETXTBSY);
		CHECK_EQ(sys(SYS_open, "prog", O_RDONLY, 0) >= 0, 1);
		kill(runner, SIGKILL);
		CHECK_KILLED(runner, SIGKILL);
	}
	CHECK_EXIT(pid, 0);
}

CASE(close_on_exec)
{
	char words[6][16];
	char *argv[] = { (char *)"n", (char *)"@fds", words[0], words[1], words[2],
			 words[3],    words[4],       words[5], NULL };
	int keep = open("/dev/null", O_RDONLY), gone = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int set = (int)sys(SYS_dup, keep), high, copy, fd[2];

	sys(SYS_fcntl, set, F_SETFD, FD_CLOEXEC);
	high = (int)sys(SYS_fcntl, keep, F_DUPFD_CLOEXEC, 50);
	copy = (int)sys(SYS_dup2, gone, 60);	/* dup2 clears the flag */
	REQUIRE_EQ(sys(SYS_pipe2, fd, O_CLOEXEC), 0);
	snprintf(words[0], 16, "+%d", keep);
	snprintf(words[1], 16, "-%d", gone);
	snprintf(words[2], 16, "-%d", set);
	snprintf(words[3], 16, "-%d", high);
	snprintf(words[4], 16, "+%d", copy);
	snprintf(words[5], 16, "-%d", fd[0]);
	CHECK_EQ(exec_error(ktap_self, argv, no_env), 0);
	CHECK_EQ(sys(SYS_fcntl, gone, F_GETFD), FD_CLOEXEC);	/* the failed and the child's exec left ours alone */
}

static void ignore_it(int sig UNUSED)
{
}

CASE(signal_state_across_exec)
{
	char *argv[] = { (char *)"n", (char *)"@signals", NULL };
	uint64_t mask = 1UL << (SIGHUP - 1) | 1UL << (SIGRTMAX - 1);
	static char altstack[16384];
	stack_t ss = { .ss_sp = altstack, .ss_size = sizeof(altstack) };
	pid_t pid;

	IN_CHILD(pid) {
		signal(SIGUSR1, ignore_it);
		signal(SIGUSR2, SIG_IGN);
		CHECK_EQ(sys(SYS_sigaltstack, &ss, NULL), 0);
		sys(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
		kill(getpid(), SIGHUP);
		CHECK_EQ(sys(SYS_execve, ktap_self, argv, no_env), 0);
	}
	CHECK_EXIT(pid, 0);
}

CASE(name_of_the_thread)
{
	char *argv[] = { (char *)"n", (char *)"@comm", (char *)"a_very_long_pro", NULL };

	scratch();
	copy_self("a_very_long_program_name", 0755);
	CHECK_EQ(exec_error("./a_very_long_program_name", argv, no_env), 0);
}

/* ---- scripts -------------------------------------------------------------------------------------------------- */

static void put_script(const char *path, const char *first_line)
{
	char text[600];
	int len = snprintf(text, sizeof(text), "%s\nrest of the file\n", first_line);

	REQUIRE(put_file(path, text, (size_t)len, 0755));
}

/* Runs the script as "ignored one two", and expects these argument strings, ended by NULL. */
static void check_script(const char *path, const char *const want[])
{
	char *argv[] = { (char *)"ignored", (char *)"one", (char *)"two", NULL };
	char got[2048], *at = got;
	size_t len;
	int i;

	memset(got, 0, sizeof(got));
	CHECK_EQ(run_report(path, argv, no_env, got, sizeof(got), &len), 0);
	for (i = 0; want[i]; i++) {
		if (!CHECK_STR(at, want[i]))
			return;
		at += strlen(at) + 1;
	}
	CHECK_EQ(*at, 1);
}

CASE(script_arguments)
{
	char line[300];

	if (strlen(ktap_self) > 200)
		SKIP("path of the test too long for a #! line");
	scratch();
	snprintf(line, sizeof(line), "#!%s @dump", ktap_self);
	put_script("s1", line);
	check_script("./s1", (const char *[]){ ktap_self, "@dump", "./s1", "one", "two", NULL });
	snprintf(line, sizeof(line), "#! \t%s\t @dump all in one \t", ktap_self);
	put_script("s2", line);
	check_script("./s2", (const char *[]){ ktap_self, "@dump all in one", "./s2", "one", "two", NULL });
}

CASE(script_errors)
{
	char line[400];
	size_t len;

	scratch();
	put_script("none", "#!");
	put_script("blank", "#!   \t ");
	put_script("missing", "#!/no/such/interpreter");
	put_file("plain", "x", 1, 0644);
	put_script("plainint", "#!./plain");
	put_script("dirint", "#!/");
	put_script("self", "#!./self");
	snprintf(line, sizeof(line), "#!%s @exit 0", ktap_self);
	REQUIRE(put_file("noexec", line, strlen(line), 0644));
	len = (size_t)snprintf(line, sizeof(line), "#!/");
	memset(line + len, 'p', sizeof(line) - len);
	REQUIRE(put_file("toolong", line, sizeof(line), 0755));
	CHECK_EQ(exec_self_error("none"), ENOEXEC);
	CHECK_EQ(exec_self_error("blank"), ENOEXEC);
	CHECK_EQ(exec_self_error("missing"), ENOENT);
	CHECK_EQ(exec_self_error("plainint"), EACCES);
	CHECK_EQ(exec_self_error("dirint"), EACCES);
	CHECK_EQ(exec_self_error("self"), ELOOP);
	CHECK_EQ(exec_self_error("noexec"), EACCES);
	CHECK_EQ(exec_self_error("toolong"), ENOEXEC);
}

/* Five scripts on the way to the program are allowed, a sixth is not. */
CASE(script_nesting)
{
	char name[8], line[300];
	int i;

	if (strlen(ktap_self) > 200)
		SKIP("path of the test too long for a #! line");
	scratch();
	snprintf(line, sizeof(line), "#!%s @dump", ktap_self);
	put_script("n1", line);
	for (i = 2; i <= 7; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		snprintf(line, sizeof(line), "#!./n%d", i - 1);
		put_script(name, line);
	}
	check_script("./n2", (const char *[]){ ktap_self, "@dump", "./n1", "./n2", "one", "two", NULL });
	check_script("./n5", (const char *[]){ ktap_self, "@dump", "./n1", "./n2", "./n3", "./n4", "./n5", "one",
					       "two", NULL });
	CHECK_EQ(exec_self_error("./n6"), ELOOP);
	CHECK_EQ(exec_self_error("./n7"), ELOOP);
}

/* ---- threads, vfork, spawn ------------------------------------------------------------------------------------ */

static void *spin(void *arg UNUSED)
{
	for (;;)
		pause();
	return NULL;
}

static void *exec_from_thread(void *arg)
{
	execve(ktap_self, arg, no_env);
	return NULL;
}

/* exec in any thread ends the others; the caller takes over the process id. */
CASE(exec_with_threads)
{
	char pid_text[16];
	char *argv[] = { (char *)"n", (char *)"@tid", pid_text, NULL };
	pthread_t t;
	pid_t pid;
	int i, from;

	for (from = 0; from < 2; from++) {
		IN_CHILD(pid) {
			snprintf(pid_text, sizeof(pid_text), "%d", (int)sys(SYS_getpid));
			for (i = 0; i < 4; i++)
				REQUIRE_EQ(pthread_create(&t, NULL, spin, NULL), 0);
			if (from == 0)
				exec_from_thread(argv);
			REQUIRE_EQ(pthread_create(&t, NULL, exec_from_thread, argv), 0);
			spin(NULL);
		}
		CHECK_EXIT(pid, 0);
	}
}

CASE(failed_exec_changes_nothing)
{
	char *argv[] = { (char *)"n", NULL };
	static char altstack[16384];
	stack_t ss = { .ss_sp = altstack, .ss_size = sizeof(altstack) }, now;
	struct sigaction sa;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	signal(SIGUSR1, ignore_it);
	sys(SYS_sigaltstack, &ss, NULL);
	CHECK_EQ(sys(SYS_execve, "/no/such/file", argv, no_env), -ENOENT);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD), FD_CLOEXEC);
	sigaction(SIGUSR1, NULL, &sa);
	CHECK(sa.sa_handler == ignore_it);
	sys(SYS_sigaltstack, NULL, &now);
	CHECK(now.ss_sp == altstack);
}

CASE(vfork_and_exec)
{
	static char *argv[] = { (char *)"n", (char *)"@exit", (char *)"5", NULL };
	volatile int shared = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		shared = 1;
		execve(ktap_self, argv, no_env);
		_exit(1);
	}
	CHECK_EQ(shared, 1);	/* same memory, and we waited */
	CHECK_EXIT(pid, 5);
	pid = vfork();
	if (pid == 0) {
		execve("/no/such/file", argv, no_env);
		_exit(9);
	}
	CHECK_EXIT(pid, 9);
}

CASE(spawn)
{
	char *argv[] = { (char *)"n", (char *)"@exit", (char *)"6", NULL };
	pid_t pid = -1;

	CHECK_EQ(posix_spawn(&pid, ktap_self, NULL, NULL, argv, no_env), 0);
	CHECK_EXIT(pid, 6);
	CHECK_EQ(posix_spawn(&pid, "/no/such/file", NULL, NULL, argv, no_env), ENOENT);
	CHECK_EQ(sys(SYS_wait4, -1, NULL, WNOHANG, NULL), -ECHILD);
}

/* ---- broken images -------------------------------------------------------------------------------------------- */

static int image_fd;

/* Executes the image as it stands; whatever it does is ended after 5 s. @return as exec_error(). */
static int run_image(void)
{
	struct rlimit no_core = { 0, 0 };
	pid_t pid = ktap_fork();
	int status, i;

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);
		char *argv[] = { (char *)"n", (char *)"@exit", (char *)"0", NULL };

		setrlimit(RLIMIT_CORE, &no_core);
		dup2(null, 1);
		dup2(null, 2);
		_exit((int)-sys(SYS_execve, "image", argv, no_env));
	}
	for (i = 0; i < 2500; i++) {
		if (sys(SYS_wait4, pid, &status, WNOHANG, NULL) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
		if (i > 20)
			sleep_ms(2);
		else
			sys(SYS_sched_yield);
	}
	kill(pid, SIGKILL);
	child_status(pid);
	return -1000;
}

/* Opening for writing must be over before execve (ETXTBSY). */
static void poke(off_t at, const void *data, size_t len)
{
	image_fd = open("image", O_WRONLY);
	REQUIRE(image_fd >= 0);
	REQUIRE_EQ(pwrite(image_fd, data, len, at), len);
	close(image_fd);
}

#define POKED(member, value, result) \
	do { \
		Elf64_Ehdr e_ = ehdr; \
		e_.member = (value); \
		poke(0, &e_, sizeof(e_)); \
		CHECK_EQ(run_image(), (result)); \
	} while (0)

CASE(malformed_headers)
{
	static unsigned char head[4096];
	Elf64_Ehdr ehdr;
	int in;

	scratch();
	copy_self("image", 0755);
	in = open("image", O_RDONLY);
	REQUIRE_EQ(read(in, head, sizeof(head)), sizeof(head));
	close(in);
	memcpy(&ehdr, head, sizeof(ehdr));
	POKED(e_ident[1], 'X', ENOEXEC);
	POKED(e_type, ET_REL, ENOEXEC);
	POKED(e_type, ET_CORE, ENOEXEC);
	POKED(e_machine, EM_AARCH64, ENOEXEC);
	POKED(e_phnum, 0, ENOEXEC);
	POKED(e_phentsize, 32, ENOEXEC);
	POKED(e_phnum, 0xffff, ENOEXEC);
	POKED(e_phoff, 0x7fffffffffffffff, ENOEXEC);
	poke(0, &ehdr, sizeof(ehdr));
	CHECK_EQ(run_image(), 0);	/* unharmed again */
}

/* Cut at odd places: an error or a signal, never success. */
CASE(truncated_images)
{
	static const off_t lengths[] = { 0, 1, 3, 4, 16, 63, 64, 65, 119, 120, 200, 511, 4096 };
	struct stat st;
	size_t i;

	scratch();
	copy_self("image", 0755);
	REQUIRE_EQ(stat("image", &st), 0);
	for (i = COUNT(lengths); i-- > 0;) {
		REQUIRE_EQ(truncate("image", lengths[i]), 0);
		CHECK(run_image() != 0);
	}
}

/* 150 seeded mutations of the headers: the machine stands, the child ends somehow. */
CASE(mutated_headers)
{
	static unsigned char good[64 + 56 * 8], bad[sizeof(good)];
	static const uint64_t odd[] = {
		0, 1, 0xfff, 0x1000, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffe000, 0x7ffffffff000, 0x800000000000,
		0xffff800000000000, 0x7fffffffffffffff, 0x8000000000000000, 0xfffffffffffff000, 0xffffffffffffffff,
	};
	uint64_t seed = 0x9e3779b97f4a7c15;
	int i, k, in;

	scratch();
	copy_self("image", 0755);
	in = open("image", O_RDONLY);
	REQUIRE_EQ(read(in, good, sizeof(good)), sizeof(good));
	close(in);
	for (i = 0; i < 150; i++) {
		memcpy(bad, good, sizeof(good));
		for (k = 0; k < 1 + i % 3; k++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			if (seed & 1)
				bad[16 + (seed >> 8) % (sizeof(bad) - 16)] = (unsigned char)(seed >> 40);
			else
				memcpy(bad + 16 + (seed >> 8) % ((sizeof(bad) - 24) / 8) * 8,
				       &odd[(seed >> 40) % COUNT(odd)], 8);
		}
		poke(0, bad, sizeof(bad));
		CHECK(run_image() != -1000);
	}
	poke(0, good, sizeof(good));
	CHECK_EQ(run_image(), 0);
}

/*
 * A program whose segment ends inside a page in the file and, further on, in memory: what the file holds behind the
 * segment does not show, up to the end of the page. It exits with the OR of those bytes.
 */
CASE(bytes_behind_the_segment_are_zero)
{
	static const unsigned char code[] = {
		0xbe, 0x00, 0x02, 0x40, 0x00,	/* mov esi, 0x400200 */
		0xb9, 0x00, 0x0e, 0x00, 0x00,	/* mov ecx, 0xe00 */
		0x31, 0xff,			/* xor edi, edi */
		0x0f, 0xb6, 0x06,		/* 1: movzx eax, byte [rsi] */
		0x09, 0xc7,			/* or edi, eax */
		0xff, 0xc6,			/* inc esi */
		0xff, 0xc9,			/* dec ecx */
		0x75, 0xf5,			/* jnz 1b */
		0xb8, 0x3c, 0x00, 0x00, 0x00,	/* mov eax, SYS_exit */
		0x0f, 0x05,			/* syscall */
	};
	static unsigned char file[4096];
	Elf64_Ehdr ehdr = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_entry = 0x400100,
		.e_phoff = 64, .e_ehsize = 64, .e_phentsize = 56, .e_phnum = 1,
	};
	Elf64_Phdr phdr = {
		.p_type = PT_LOAD, .p_flags = PF_R | PF_W | PF_X, .p_vaddr = 0x400000, .p_paddr = 0x400000,
		.p_filesz = 0x200, .p_memsz = 0x300, .p_align = 0x1000,
	};

	scratch();
	memset(file, 0x40, sizeof(file));
	memcpy(file, &ehdr, sizeof(ehdr));
	memcpy(file + 64, &phdr, sizeof(phdr));
	memcpy(file + 0x100, code, sizeof(code));
	REQUIRE(put_file("image", file, sizeof(file), 0755));
	CHECK_EQ(run_image(), 0);
}

/* ---- execveat ------------------------------------------------------------------------------------------------- */

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

/* As exec_error(), by descriptor. */
static int execveat_error(int dirfd, const char *path, char **argv, int flags)
{
	pid_t pid = ktap_fork();
	int status;

	if (pid == 0)
		_exit((int)-sys(SYS_execveat, dirfd, path, argv, no_env, flags));
	status = child_status(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

CASE(execveat_forms)
{
	char *seven[] = { (char *)"self", (char *)"@exit", (char *)"7", NULL };
	int dir, fd, path_fd, script;

	scratch();
	REQUIRE_EQ(mkdir("d", 0755), 0);
	copy_self("d/image", 0755);
	REQUIRE_EQ(symlink("image", "d/link"), 0);
	REQUIRE(put_file("d/script", "#!/bin/sh\nexit 9\n", 17, 0755));
	dir = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = open("d/image", O_RDONLY | O_CLOEXEC);
	path_fd = open("d/image", O_PATH | O_CLOEXEC);
	script = open("d/script", O_RDONLY | O_CLOEXEC);
	CHECK_EQ(execveat_error(dir, "image", seven, 0), 7);
	CHECK_EQ(execveat_error(AT_FDCWD, "d/image", seven, 0), 7);
	CHECK_EQ(execveat_error(-1, ktap_self, seven, 0), 7);	/* absolute: the descriptor is not looked at */
	CHECK_EQ(execveat_error(fd, "", seven, AT_EMPTY_PATH), 7);	/* fexecve(3) */
	CHECK_EQ(execveat_error(path_fd, "", seven, AT_EMPTY_PATH), 7);
	CHECK_EQ(execveat_error(dir, "link", seven, 0), 7);
	CHECK_EQ(execveat_error(dir, "link", seven, AT_SYMLINK_NOFOLLOW), ELOOP);
	CHECK_EQ(execveat_error(dir, "image", seven, AT_SYMLINK_NOFOLLOW), 7);
	CHECK_EQ(execveat_error(fd, "", seven, 0), ENOENT);
	CHECK_EQ(execveat_error(dir, "", seven, AT_EMPTY_PATH), EACCES);
	CHECK_EQ(execveat_error(fd, "image", seven, 0), ENOTDIR);
	CHECK_EQ(execveat_error(999, "image", seven, 0), EBADF);
	CHECK_EQ(execveat_error(dir, "image", seven, 1), EINVAL);
	CHECK_EQ(execveat_error(dir, "none", seven, 0), ENOENT);
	CHECK_EQ(execveat_error(script, "", seven, AT_EMPTY_PATH), ENOENT);	/* closed before the shell could read */
	REQUIRE_EQ(fcntl(script, F_SETFD, 0), 0);
	CHECK_EQ(execveat_error(script, "", seven, AT_EMPTY_PATH), 9);	/* by the name /dev/fd/N */
}

/* One string may have 32 pages with its NUL, all of them a quarter of the stack's limit. */
CASE(limits_of_arguments)
{
	static char longest[32 * PAGE];
	char *argv[] = { (char *)"self", (char *)"@exit", (char *)"0", longest, NULL };
	struct rlimit limit;
	pid_t pid;

	memset(longest, 'x', sizeof(longest) - 1);
	CHECK_EQ(exec_error(ktap_self, argv, no_env), 0);
	longest[sizeof(longest) - 1] = 'x';	/* one too long, and unterminated or not makes no difference */
	CHECK_EQ(exec_error(ktap_self, argv, no_env), E2BIG);
	longest[sizeof(longest) - 1] = 0;
	IN_CHILD(pid) {
		static char *many[20];
		size_t i;

		for (i = 3; i < COUNT(many) - 1; i++)
			many[i] = longest;
		memcpy(many, argv, 3 * sizeof(*argv));
		CHECK_EQ(exec_error(ktap_self, many, no_env), E2BIG);	/* 2 MiB of 8 MiB / 4 */
		many[17] = NULL;
		CHECK_EQ(exec_error(ktap_self, many, no_env), 0);
		REQUIRE_EQ(getrlimit(RLIMIT_STACK, &limit), 0);
		limit.rlim_cur = 1 << 20;
		REQUIRE_EQ(setrlimit(RLIMIT_STACK, &limit), 0);
		CHECK_EQ(exec_error(ktap_self, many, no_env), E2BIG);	/* the limit counts, not its usual value */
		CHECK_EQ(exec_error(ktap_self, argv, no_env), 0);	/* 128 KiB are always allowed */
	}
	CHECK_EXIT(pid, 0);
}
