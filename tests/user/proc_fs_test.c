/* SPDX-License-Identifier: MIT */
/*
 * proc_fs_test.c - the first /proc: what programs read from it, by the forms they parse (man proc(5)).
 */
#include "ktap.h"

#include <sys/mman.h>
#include <sys/prctl.h>

/* The whole file, NUL-terminated; length or -errno. */
static long slurp(const char *path, char *buf, size_t size)
{
	int fd = (int)sys(SYS_open, path, O_RDONLY);
	size_t len = 0;
	long n;

	if (fd < 0)
		return fd;
	while (len < size - 1 && (n = sys(SYS_read, fd, buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	buf[len] = 0;
	close(fd);
	return (long)len;
}

static char text[65536];

static const char *must_slurp(const char *path)
{
	REQUIRE(slurp(path, text, sizeof(text)) > 0);
	return text;
}

/* The value after "Name:" at the start of a line, or -1. */
static long field(const char *all, const char *name)
{
	const char *at = all;

	while (at && *at) {
		if (!strncmp(at, name, strlen(name)))
			return strtol(at + strlen(name), NULL, 10);
		at = strchr(at, '\n');
		at += at != NULL;
	}
	return -1;
}

static void need_proc(void)
{
	if (access("/proc/self", F_OK) != 0)
		SKIP("no /proc");
}

CASE(self_exe)
{
	char path[512];
	long n;

	need_proc();
	n = sys(SYS_readlink, "/proc/self/exe", path, sizeof(path) - 1);
	REQUIRE(n > 0);
	path[n] = 0;
	CHECK(path[0] == '/');
	CHECK_STR(strrchr(path, '/') + 1, ktap_program);
	CHECK(open("/proc/self/exe", O_RDONLY) >= 0);
	CHECK_EQ(access("/proc/self/exe", X_OK), 0);
}

CASE(self_is_the_reader)
{
	char link[32], want[16];
	long n;
	pid_t pid;

	need_proc();
	n = sys(SYS_readlink, "/proc/self", link, sizeof(link) - 1);
	REQUIRE(n > 0);
	link[n] = 0;
	snprintf(want, sizeof(want), "%d", getpid());
	CHECK_STR(link, want);
	IN_CHILD(pid) {
		snprintf(want, sizeof(want), "%d", getpid());
		n = sys(SYS_readlink, "/proc/self", link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = 0;
		CHECK_STR(link, want);
	}
	CHECK_EXIT(pid, 0);
}

CASE(self_fd)
{
	char path[64], target[256], c;
	int fd, again, p[2];
	long n;

	need_proc();
	scratch();
	fd = open("file", O_RDWR | O_CREAT, 0600);
	REQUIRE_EQ(write(fd, "content", 7), 7);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = sys(SYS_readlink, path, target, sizeof(target) - 1);
	REQUIRE(n > 0);
	target[n] = 0;
	CHECK(target[0] == '/' && !strcmp(strrchr(target, '/'), "/file"));
	again = open(path, O_RDONLY);	/* a new open file, at its start */
	CHECK_EQ(read(again, &c, 1), 1);
	CHECK_EQ(c, 'c');
	REQUIRE_EQ(pipe(p), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
	n = sys(SYS_readlink, path, target, sizeof(target) - 1);
	CHECK(n > 6 && !strncmp(target, "pipe:[", 6));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", 777);
	CHECK_EQ(sys(SYS_readlink, path, target, sizeof(target)), -ENOENT);
	snprintf(path, sizeof(path), "/dev/fd/%d", p[1]);	/* what a shell's <( ) uses */
	again = open(path, O_WRONLY);
	CHECK(again >= 0);
	CHECK_EQ(write(again, "z", 1), 1);
	CHECK_EQ(read(p[0], &c, 1), 1);
}

CASE(self_fd_lists_descriptors)
{
	struct dirent *entry;
	int fd = open("/dev/null", O_RDONLY), seen = 0, others = 0;
	DIR *dir;

	need_proc();
	dir = opendir("/proc/self/fd");
	REQUIRE(dir != NULL);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		seen += atoi(entry->d_name) == fd;
		others++;
	}
	CHECK_EQ(seen, 1);
	CHECK(others >= 3);
	closedir(dir);
}

CASE(self_stat)
{
	const char *at;
	char comm[64], state;
	int pid, ppid, pgrp, session;

	need_proc();
	prctl(PR_SET_NAME, "odd ) name", 0, 0, 0);
	must_slurp("/proc/self/stat");
	at = strrchr(text, ')');
	REQUIRE(at != NULL);
	CHECK_EQ(sscanf(text, "%d (%63[^)]", &pid, comm), 2);
	CHECK_EQ(pid, getpid());
	CHECK_EQ(sscanf(at + 1, " %c %d %d %d", &state, &ppid, &pgrp, &session), 4);
	CHECK_EQ(state, 'R');
	CHECK_EQ(ppid, getppid());
	CHECK_EQ(pgrp, getpgrp());
	int spaces = 0;
	for (; *at; at++)
		spaces += *at == ' ';
	CHECK(spaces >= 40);	/* fields up to 52 on today's Linux; ps reads about 40 */
}

CASE(self_status)
{
	need_proc();
	must_slurp("/proc/self/status");
	CHECK_EQ(strncmp(text, "Name:\t", 6), 0);
	CHECK_EQ(field(text, "Pid:"), getpid());
	CHECK_EQ(field(text, "Tgid:"), getpid());
	CHECK_EQ(field(text, "PPid:"), getppid());
	CHECK_EQ(field(text, "Uid:"), getuid());
	CHECK_EQ(field(text, "Gid:"), getgid());
	CHECK(field(text, "VmSize:") > 0);
	CHECK(field(text, "VmRSS:") > 0);
	CHECK_EQ(field(text, "Threads:"), 1);
	CHECK(strstr(text, "State:\tR") != NULL);
}

CASE(self_cmdline)
{
	long n;

	need_proc();
	n = slurp("/proc/self/cmdline", text, sizeof(text));
	REQUIRE(n > 0);
	CHECK_EQ(text[n - 1], 0);
	CHECK(strstr(text, ktap_program) != NULL);
}

CASE(self_maps)
{
	static int data = 1;
	unsigned long start, end, last = 0, me = (unsigned long)&data, stack = (unsigned long)&start, hole;
	bool saw_data = false, saw_stack = false, saw_hole = false, sorted = true;
	char *line, *save, perm[8];

	need_proc();
	hole = (unsigned long)mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must_slurp("/proc/self/maps");
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!CHECK_EQ(sscanf(line, "%lx-%lx %7s", &start, &end, perm), 3))
			break;
		sorted &= start >= last && end > start;
		last = end;
		if (me >= start && me < end) {
			saw_data = true;
			CHECK_EQ(strncmp(perm, "rw-p", 4), 0);
		}
		if (stack >= start && stack < end) {
			saw_stack = true;
			CHECK(strstr(line, "[stack]") != NULL);
		}
		if (hole >= start && hole < end) {
			saw_hole = true;
			CHECK_EQ(perm[0], '-');
		}
	}
	CHECK(saw_data && saw_stack && saw_hole && sorted);
}

CASE(other_process)
{
	char path[64], state = 0;
	const char *at;
	pid_t pid;
	int i;

	need_proc();
	IN_CHILD(pid) {
		for (;;)
			pause();
	}
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (i = 0; i < 2000 && state != 'S'; i++) {
		must_slurp(path);
		at = strrchr(text, ')');
		state = at ? at[2] : 0;
		sleep_ms(1);
	}
	CHECK_EQ(state, 'S');
	kill(pid, SIGKILL);
	for (i = 0; i < 2000 && state != 'Z'; i++) {
		must_slurp(path);
		at = strrchr(text, ')');
		state = at ? at[2] : 0;
		sleep_ms(1);
	}
	CHECK_EQ(state, 'Z');
	CHECK_KILLED(pid, SIGKILL);
	CHECK_EQ(sys(SYS_open, path, O_RDONLY), -ENOENT);
}

CASE(process_ids_are_listed)
{
	struct dirent *entry;
	bool me = false;
	DIR *dir;

	need_proc();
	dir = opendir("/proc");
	REQUIRE(dir != NULL);
	while ((entry = readdir(dir)))
		me |= atoi(entry->d_name) == getpid();
	CHECK(me);
	closedir(dir);
}

CASE(meminfo)
{
	long total, nfree;

	need_proc();
	must_slurp("/proc/meminfo");
	total = field(text, "MemTotal:");
	nfree = field(text, "MemFree:");
	CHECK(total > 0 && nfree > 0 && nfree <= total);
	CHECK(field(text, "MemAvailable:") > 0);
	CHECK(field(text, "SwapTotal:") >= 0);
}

CASE(uptime_and_loadavg)
{
	double up = -1, idle = -1, a = -1, b = -1, c = -1, later = -1;
	int running = -1, all = -1, last = -1;

	need_proc();
	CHECK_EQ(sscanf(must_slurp("/proc/uptime"), "%lf %lf", &up, &idle), 2);
	CHECK(up > 0 && idle >= 0);
	sleep_ms(30);
	CHECK_EQ(sscanf(must_slurp("/proc/uptime"), "%lf", &later), 1);
	CHECK(later >= up);
	CHECK_EQ(sscanf(must_slurp("/proc/loadavg"), "%lf %lf %lf %d/%d %d", &a, &b, &c, &running, &all, &last), 6);
	CHECK(a >= 0 && running >= 1 && all >= running && last >= 1);
}

CASE(stat_cpuinfo_version)
{
	need_proc();
	must_slurp("/proc/stat");
	CHECK_EQ(strncmp(text, "cpu  ", 5), 0);
	CHECK(strstr(text, "\ncpu0 ") != NULL);
	CHECK(field(text, "btime ") > 1577836800);
	CHECK(field(text, "processes ") > 0);
	must_slurp("/proc/cpuinfo");
	CHECK_EQ(strncmp(text, "processor\t: 0\n", 14), 0);
	CHECK(strstr(text, "flags\t") != NULL);
	CHECK_EQ(strncmp(must_slurp("/proc/version"), "Linux version ", 14), 0);
	CHECK(slurp("/proc/cmdline", text, sizeof(text)) >= 0);
}

CASE(mounts)
{
	char device[128], where[256], kind[64], options[256];
	char *line, *save;
	bool root = false, proc = false;

	need_proc();
	must_slurp("/proc/mounts");
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!CHECK_EQ(sscanf(line, "%127s %255s %63s %255s", device, where, kind, options), 4))
			break;
		root |= !strcmp(where, "/");
		proc |= !strcmp(where, "/proc") && !strcmp(kind, "proc");
	}
	CHECK(proc);
	/* A chroot on Linux, where packages are built, may have no mount at its root. */
	CHECK(root || !on_exo());
}

CASE(read_in_small_pieces)
{
	static char whole[65536], pieces[65536];
	long n, len, at = 0;
	int fd;

	need_proc();
	len = slurp("/proc/version", whole, sizeof(whole));
	fd = open("/proc/version", O_RDONLY);
	while ((n = sys(SYS_read, fd, pieces + at, 3)) > 0)
		at += n;
	CHECK_EQ(at, len);
	CHECK(memcmp(whole, pieces, (size_t)len) == 0);
	CHECK_EQ(sys(SYS_lseek, fd, 1, SEEK_SET), 1);
	CHECK_EQ(sys(SYS_read, fd, pieces, 4), 4);
	CHECK(memcmp(pieces, whole + 1, 4) == 0);
	CHECK_EQ(sys(SYS_pread64, fd, pieces, 4, 2), 4);
	CHECK(memcmp(pieces, whole + 2, 4) == 0);
}

CASE(errors)
{
	need_proc();
	CHECK_EQ(sys(SYS_open, "/proc/nothing", O_RDONLY), -ENOENT);
	CHECK_EQ(sys(SYS_open, "/proc/4194305", O_RDONLY), -ENOENT);
	CHECK_EQ(sys(SYS_open, "/proc/self/nothing", O_RDONLY), -ENOENT);
	CHECK(sys(SYS_mkdir, "/proc/new", 0755) < 0);
	CHECK(sys(SYS_open, "/proc/new", O_CREAT | O_WRONLY, 0600) < 0);
	CHECK(sys(SYS_unlink, "/proc/meminfo") < 0);
	CHECK_EQ(sys(SYS_openat, sys(SYS_open, "/proc/self", O_RDONLY), "stat", O_RDONLY) >= 0, 1);
}

/* Of Exo-OS alone: what the caches of names and inodes did. */
static long vfs_cache(const char *key)
{
	char buf[1024] = "", *at;
	int fd = open("/proc/vfs_cache", O_RDONLY);

	REQUIRE(fd >= 0);
	REQUIRE(read(fd, buf, sizeof(buf) - 1) > 0);
	close(fd);
	at = strstr(buf, key);
	REQUIRE(at && at[strlen(key)] == ' ');
	return atol(at + strlen(key));
}

CASE(vfs_cache_counts)
{
	long hits, misses, negative;
	struct stat st;

	if (!on_exo())
		SKIP("only Exo-OS has it");
	scratch();
	REQUIRE(put_file("f", "", 0, 0600));
	CHECK(vfs_cache("dentries_limit") >= 16);
	CHECK(vfs_cache("dentries_cached") > 0);
	hits = vfs_cache("dentry_hits");
	misses = vfs_cache("dentry_misses");
	negative = vfs_cache("dentry_negative_hits");
	CHECK_EQ(stat("none", &st), -1);
	CHECK(vfs_cache("dentry_misses") > misses);
	CHECK_EQ(stat("none", &st), -1);
	CHECK(vfs_cache("dentry_negative_hits") > negative);
	CHECK_EQ(stat("f", &st), 0);
	CHECK(vfs_cache("dentry_hits") > hits);
	CHECK(vfs_cache("dentry_evictions") >= 0);
	CHECK(vfs_cache("inodes_limit") >= 16);
	CHECK(vfs_cache("inodes_cached") >= 0 && vfs_cache("inode_hits") >= 0);
	CHECK(vfs_cache("inode_misses") >= 0 && vfs_cache("inode_evictions") >= 0);
}

static long put_text(const char *path, const char *words)
{
	int fd = open(path, O_WRONLY);
	long n = fd < 0 ? -errno : sys(SYS_write, fd, words, strlen(words));

	if (fd >= 0)
		close(fd);
	return n;
}

/* Who is chosen when memory ends: the score follows oom_score_adj, and the old scale shows the same. */
CASE(oom_files)
{
	int before, after;

	need_proc();
	REQUIRE_EQ(put_text("/proc/self/oom_score_adj", "0"), 1);
	before = atoi(must_slurp("/proc/self/oom_score"));
	CHECK_EQ(put_text("/proc/self/oom_score_adj", "500\n"), 4);
	CHECK_STR(must_slurp("/proc/self/oom_score_adj"), "500\n");
	after = atoi(must_slurp("/proc/self/oom_score"));
	CHECK(after >= before + 300 && after <= before + 350);	/* two thirds of 500 */
	CHECK_STR(must_slurp("/proc/self/oom_adj"), "8\n");
	CHECK_EQ(put_text("/proc/self/oom_adj", "15"), 2);
	CHECK_STR(must_slurp("/proc/self/oom_score_adj"), "1000\n");
	CHECK_EQ(put_text("/proc/self/oom_score_adj", "1001"), -EINVAL);
	CHECK_EQ(put_text("/proc/self/oom_score_adj", "-1001"), -EINVAL);
	CHECK_EQ(put_text("/proc/self/oom_score_adj", "many"), -EINVAL);
	CHECK_EQ(put_text("/proc/self/oom_adj", "16"), -EINVAL);
	CHECK_EQ(put_text("/proc/self/oom_adj", "-18"), -EINVAL);
	CHECK_STR(must_slurp("/proc/self/oom_score_adj"), "1000\n");
}
