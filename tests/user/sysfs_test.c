/* SPDX-License-Identifier: MIT */
/*
 * sysfs_test.c - /sys as programs read it: CPUs, nodes, pages, terminals; and that nobody changes it. Also files of
 * /proc about the whole system that count what the kernel did.
 * Sources: man sysfs(5), proc_interrupts(5), proc_net_unix(5), namespaces(7); Linux's Documentation/ABI.
 */
#include "ktap.h"

#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/vfs.h>

#define CPU "/sys/devices/system/cpu"
#define NODE "/sys/devices/system/node"

static char text[65536];

static const char *slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	size_t n = 0;
	ssize_t got;

	if (fd < 0)
		return NULL;
	while (n < sizeof(text) - 1 && (got = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = 0;
	close(fd);
	return text;
}

static const char *must_slurp(const char *path)
{
	const char *s = slurp(path);

	if (!s)
		NOTE("cannot read %s", path);
	REQUIRE(s);
	return s;
}

/* How many numbers are in a list like "0-3,8\n". */
static int count_list(const char *s)
{
	int n = 0, from, to, used;

	while (sscanf(s, "%d%n", &from, &used) == 1) {
		s += used;
		to = from;
		if (*s == '-' && sscanf(s, "-%d%n", &to, &used) == 1)
			s += used;
		n += to - from + 1;
		if (*s++ != ',')
			break;
	}
	return n;
}

static void need_sys(void)
{
	if (access(CPU "/online", F_OK))
		SKIP("no /sys here");
}

CASE(sysfs_cpus)
{
	char path[128];
	int online, i;

	need_sys();
	online = count_list(must_slurp(CPU "/online"));
	CHECK(online >= 1);
	CHECK(count_list(must_slurp(CPU "/possible")) >= online);
	CHECK(count_list(must_slurp(CPU "/present")) >= online);
	CHECK(atoi(must_slurp(CPU "/kernel_max")) >= online - 1);
	CHECK_EQ(sysconf(_SC_NPROCESSORS_CONF) >= online, 1);
	for (i = 0; i < online; i++) {
		snprintf(path, sizeof(path), CPU "/cpu%d/topology/thread_siblings_list", i);
		CHECK(count_list(must_slurp(path)) >= 1);
		snprintf(path, sizeof(path), CPU "/cpu%d/topology/core_id", i);
		CHECK(slurp(path) != NULL);
	}
	CHECK(slurp(CPU "/cpu4095/topology/core_id") == NULL);
	CHECK(slurp(CPU "/cpu00/topology/core_id") == NULL);
	CHECK(slurp(CPU "/cpu") == NULL);
}

CASE(sysfs_nodes)
{
	int nodes, cpus = 0, i;
	char path[128], want[64];
	struct stat st;

	need_sys();
	if (access(NODE, F_OK))
		SKIP("no nodes here");
	nodes = count_list(must_slurp(NODE "/online"));
	CHECK(nodes >= 1);
	for (i = 0; i < nodes; i++) {
		snprintf(path, sizeof(path), NODE "/node%d/cpulist", i);
		cpus += count_list(must_slurp(path));
		snprintf(path, sizeof(path), NODE "/node%d/cpumap", i);
		CHECK(strspn(must_slurp(path), "0123456789abcdef,\n") == strlen(text) && strlen(text) > 1);
		snprintf(path, sizeof(path), NODE "/node%d/distance", i);
		CHECK(atoi(must_slurp(path)) >= 10);
		snprintf(path, sizeof(path), NODE "/node%d/meminfo", i);
		snprintf(want, sizeof(want), "Node %d MemTotal:", i);
		CHECK(strstr(must_slurp(path), want));
	}
	CHECK_EQ(cpus, count_list(must_slurp(CPU "/online")));
	CHECK_EQ(stat(NODE "/node0", &st), 0);
	CHECK(S_ISDIR(st.st_mode));
}

/* The CPU is in its node, and the node in its CPU. */
CASE(sysfs_links)
{
	struct stat a, b;

	need_sys();
	if (access(NODE "/node0/cpu0", F_OK))
		SKIP("no node0 here, or the first CPU is elsewhere");
	CHECK_EQ(stat(NODE "/node0/cpu0", &a), 0);
	CHECK_EQ(stat(CPU "/cpu0", &b), 0);
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_EQ(stat(CPU "/cpu0/node0", &a), 0);
	CHECK_EQ(stat(NODE "/node0", &b), 0);
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_EQ(lstat(CPU "/cpu0/node0", &a), 0);
	CHECK(S_ISLNK(a.st_mode));
}

CASE(sysfs_is_read_only)
{
	struct statfs fs;
	struct stat st;

	need_sys();
	CHECK_EQ(stat(CPU "/online", &st), 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0444);
	CHECK_EQ(st.st_size, 4096);
	CHECK_EQ(statfs("/sys", &fs), 0);
	CHECK_EQ(fs.f_type, 0x62656572);
	if (!is_root())
		return;
	long ret = sys(SYS_mkdir, "/sys/x", 0700);

	CHECK(ret == -EPERM || ret == -EROFS);
	ret = sys(SYS_openat, AT_FDCWD, "/sys/x", O_CREAT | O_RDWR, 0600);
	CHECK(ret == -EACCES || ret == -EROFS);
	ret = sys(SYS_unlink, CPU "/online");
	CHECK(ret == -EPERM || ret == -EROFS);
}

CASE(sysfs_reads_in_parts)
{
	char a[16] = "", b[16] = "", c;
	int fd;

	need_sys();
	fd = open(CPU "/possible", O_RDONLY);
	REQUIRE(fd >= 0);
	CHECK(read(fd, a, sizeof(a)) > 1);
	CHECK_EQ(read(fd, &c, 1), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(read(fd, b, 1), 1);
	CHECK_EQ(b[0], a[0]);
	CHECK(pread(fd, b, sizeof(b), 1) > 0);
	CHECK_STR(b, a + 1);
}

/* ---- /proc about the whole system ----------------------------------------------------------------------------- */

CASE(proc_interrupts_grow)
{
	char *row;
	long before, after;

	if (!slurp("/proc/interrupts") || !(row = strstr(text, "LOC:")))
		SKIP("no row of timer interrupts here");
	CHECK(strstr(text, "CPU0"));
	before = atol(row + 4);
	for (int i = 0; i < 20; i++)
		sleep_ms(5);
	row = strstr(must_slurp("/proc/interrupts"), "LOC:");
	REQUIRE(row);
	after = 0;
	for (char *end = row + 4; *end && *end != '\n'; row = end) {
		long n = strtol(end, &end, 10);

		if (end == row + 4 || end == row)
			break;
		after += n;
	}
	CHECK(after > before || after > 20);	/* on some CPU */
}

CASE(proc_namespaces)
{
	char buf[64] = "", want[64];
	struct stat a, b;

	if (lstat("/proc/self/ns/pid", &a))
		SKIP("no name spaces here");
	CHECK(S_ISLNK(a.st_mode));
	CHECK_EQ(stat("/proc/self/ns/pid", &a), 0);
	CHECK_EQ(stat("/proc/1/ns/../../self/ns/pid", &b) == 0 || errno == EACCES, 1);
	CHECK(readlink("/proc/self/ns/pid", buf, sizeof(buf) - 1) > 0);
	snprintf(want, sizeof(want), "pid:[%lu]", (unsigned long)a.st_ino);
	CHECK_STR(buf, want);
	CHECK_EQ(stat("/proc/self/ns/uts", &b), 0);
	CHECK(a.st_ino != b.st_ino);
	CHECK_EQ(stat("/proc/self/ns/none", &b), -1);
}

CASE(proc_net_unix)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	struct stat st;
	char want[64];

	REQUIRE(s >= 0);
	if (!slurp("/proc/net/unix"))
		SKIP("no /proc/net here");
	CHECK(strstr(text, "Num       RefCount Protocol Flags    Type St Inode Path\n") == text);
	snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1, "ktap_sysfs_%d", getpid());
	REQUIRE_EQ(bind(s, (void *)&addr, (socklen_t)(sizeof(sa_family_t) + 1 + strlen(addr.sun_path + 1))), 0);
	REQUIRE_EQ(listen(s, 1), 0);
	CHECK_EQ(fstat(s, &st), 0);
	snprintf(want, sizeof(want), " %5lu @%s\n", (unsigned long)st.st_ino, addr.sun_path + 1);
	CHECK(strstr(must_slurp("/proc/net/unix"), want));
	snprintf(want, sizeof(want), " 00010000 0001 01 %5lu ", (unsigned long)st.st_ino);
	CHECK(strstr(text, want));
	close(s);
	snprintf(want, sizeof(want), "@%s", addr.sun_path + 1);
	CHECK(!strstr(must_slurp("/proc/net/unix"), want));
}

CASE(proc_small_files)
{
	static const char *const paths[] = {
		"/proc/vmstat", "/proc/net/dev", "/proc/sys/kernel/tainted", "/proc/sys/fs/dentry-state",
		"/proc/sys/net/core/somaxconn", "/proc/tty/drivers",
	};
	unsigned i;

	if (!on_exo() && access("/proc/tty/drivers", F_OK))
		SKIP("a cut down /proc");
	for (i = 0; i < COUNT(paths); i++)
		CHECK(strlen(must_slurp(paths[i])) > 0);
	CHECK(strstr(must_slurp("/proc/vmstat"), "nr_free_pages "));
	CHECK(strstr(must_slurp("/proc/tty/drivers"), "/dev/ptmx"));
	if (is_root() && on_exo()) {
		int fd = open("/proc/kmsg", O_RDONLY | O_NONBLOCK);
		char buf[2048] = "";

		REQUIRE(fd >= 0);
		CHECK(read(fd, buf, sizeof(buf) - 1) > 0);
		CHECK(buf[0] == '<' && strchr(buf, ']'));
	}
	if (is_root())
		REQUIRE(drop_root());
	CHECK_EQ(open("/proc/kmsg", O_RDONLY), -1);
}
