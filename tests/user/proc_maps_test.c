/* SPDX-License-Identifier: MIT */
/*
 * proc_maps_test.c - what /proc tells of memory: smaps, smaps_rollup, numa_maps, pagemap; and of locks, free blocks
 * and zones.
 */
#include "ktap.h"

#include <sys/file.h>
#include <sys/mman.h>

static char text[1 << 20];

static long slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	text[len] = 0;
	return n < 0 ? -errno : (long)len;
}

/* The line of smaps (or numa_maps) that begins with @p's address; NULL: none. */
static char *line_of(const void *p)
{
	char start[32], *at;

	snprintf(start, sizeof(start), "%lx", (unsigned long)p);
	for (at = text; at && *at; at = strchr(at, '\n'), at = at ? at + 1 : at)
		if (!strncmp(at, start, strlen(start)) && (at[strlen(start)] == '-' || at[strlen(start)] == ' '))
			return at;
	return NULL;
}

/* Kilobytes after "NAME:" behind @from. */
static long kib(const char *from, const char *name)
{
	char word[40];
	const char *at;

	snprintf(word, sizeof(word), "\n%s:", name);
	at = from ? strstr(from, word) : NULL;
	return at ? atol(at + strlen(word)) : -1;
}

static char *map_alone(size_t len)
{
	char *p = mmap(NULL, len + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	REQUIRE(p != MAP_FAILED);
	REQUIRE(mprotect(p + PAGE, len, PROT_READ | PROT_WRITE) == 0);
	return p + PAGE;
}

CASE(smaps_counts)
{
	char *p = map_alone(16 * PAGE), *at;
	pid_t pid;

	for (int i = 0; i < 5; i++)
		p[i * PAGE] = 1;
	CHECK_EQ(p[9 * PAGE], 0);	/* the zero page is nobody's */
	REQUIRE(slurp("/proc/self/smaps") > 0);
	at = line_of(p);
	REQUIRE(at);
	CHECK_EQ(kib(at, "Size"), 64);
	CHECK_EQ(kib(at, "Rss"), 20);
	CHECK_EQ(kib(at, "Pss"), 20);
	CHECK_EQ(kib(at, "Private_Dirty"), 20);
	CHECK_EQ(kib(at, "Shared_Dirty"), 0);
	CHECK_EQ(kib(at, "Anonymous"), 20);
	CHECK_EQ(kib(at, "KernelPageSize"), 4);
	CHECK_EQ(kib(at, "Locked"), 0);
	CHECK(strstr(at, "VmFlags: rd wr "));
	IN_CHILD(pid) {		/* half of it now */
		REQUIRE(slurp("/proc/self/smaps") > 0);
		at = line_of(p);
		CHECK_EQ(kib(at, "Rss"), 20);
		CHECK_EQ(kib(at, "Pss"), 10);
		CHECK_EQ(kib(at, "Shared_Dirty"), 20);
		p[0] = 2;
		REQUIRE(slurp("/proc/self/smaps") > 0);
		CHECK_EQ(kib(line_of(p), "Private_Dirty"), 4);
	}
	CHECK_EXIT(pid, 0);
}

CASE(smaps_of_shared_memory)
{
	char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *at;

	REQUIRE(p != MAP_FAILED);
	memset(p, 1, 3 * PAGE);
	REQUIRE(slurp("/proc/self/smaps") > 0);
	at = line_of(p);
	REQUIRE(at);
	CHECK_EQ(kib(at, "Rss"), 12);
	CHECK_EQ(kib(at, "Pss"), 12);
	CHECK_EQ(kib(at, "Anonymous"), 0);
}

CASE(rollup_is_the_sum)
{
	long rss = 0;

	memset(map_alone(64 * PAGE), 1, 64 * PAGE);
	REQUIRE(slurp("/proc/self/smaps") > 0);
	for (char *at = text; (at = strstr(at, "\nRss:")); at++)
		rss += atol(at + 5);
	REQUIRE(slurp("/proc/self/smaps_rollup") > 0);
	CHECK(strstr(text, "[rollup]"));
	CHECK(labs(kib(text, "Rss") - rss) <= 32);	/* stack and buffers may have grown */
	CHECK(kib(text, "Anonymous") >= 256);
	CHECK(kib(text, "Pss_Anon") >= 256);
}

CASE(numa_maps_lines)
{
	char *p = map_alone(8 * PAGE), *at, *end;

	memset(p, 1, 3 * PAGE);
	if (slurp("/proc/self/numa_maps") == -ENOENT)
		SKIP("no NUMA");
	at = line_of(p);
	REQUIRE(at);
	end = strchr(at, '\n');
	REQUIRE(end);
	*end = 0;
	CHECK(strstr(at, " default "));
	CHECK(strstr(at, "anon=3"));
	CHECK(strstr(at, "dirty=3"));
	CHECK(strstr(at, " N0=") || strstr(at, " N1="));
	CHECK(strstr(at, "kernelpagesize_kB=4"));
	*end = '\n';
	CHECK(strstr(text, " stack"));
	CHECK(strstr(text, " file=/"));
}

static uint64_t pagemap_word(const void *p)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t word = 0;

	REQUIRE(fd >= 0);
	CHECK_EQ(pread(fd, &word, 8, (long)((unsigned long)p / PAGE * 8)), 8);
	close(fd);
	return word;
}

CASE(pagemap_words)
{
	const uint64_t present = 1UL << 63, file = 1UL << 61, exclusive = 1UL << 56, numbers = (1UL << 55) - 1;
	char *p = map_alone(4 * PAGE), *s, byte;
	uint64_t word;
	int fd;

	p[0] = 1;
	word = pagemap_word(p);
	CHECK(word & present);
	CHECK(word & exclusive);
	CHECK(!(word & file));
	CHECK_EQ(pagemap_word(p + PAGE) & present, 0);
	CHECK_EQ(pagemap_word((void *)0x1000), 0);
	s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	s[0] = 1;
	CHECK((pagemap_word(s) & (present | file)) == (present | file));
	fd = open("/proc/self/pagemap", O_RDONLY);
	CHECK_ERR(pread(fd, text, 7, 0), EINVAL);
	CHECK_ERR(pread(fd, text, 8, 4), EINVAL);
	CHECK_EQ(pread(fd, text, 4096, (long)((unsigned long)p / PAGE * 8)), 4096);
	CHECK(((uint64_t *)(void *)text)[0] & present);
	CHECK(!(((uint64_t *)(void *)text)[1] & present));
	CHECK_EQ(pread(fd, &byte, 0, 0), 0);
	if (is_root())
		CHECK(word & numbers);
	else
		CHECK_EQ(word & numbers, 0);
}

CASE(others_may_not_look)
{
	char path[64];
	pid_t pid = getpid();
	static const char *const names[] = { "smaps", "numa_maps", "pagemap", "smaps_rollup" };

	if (!is_root())
		SKIP("not root");
	IN_CHILD(pid) {
		pid_t parent = getppid();

		REQUIRE(drop_root());
		for (unsigned i = 0; i < COUNT(names); i++) {
			snprintf(path, sizeof(path), "/proc/%d/%s", parent, names[i]);
			CHECK_EQ(slurp(path), -EACCES);
		}
	}
	CHECK_EXIT(pid, 0);
}

CASE(locks_are_listed)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5 };
	struct stat st;
	char want[128];
	int fd;

	scratch();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	REQUIRE(fd >= 0 && fstat(fd, &st) == 0);
	REQUIRE(fcntl(fd, F_SETLK, &lock) == 0);
	REQUIRE(flock(fd, LOCK_EX) == 0);
	REQUIRE(slurp("/proc/locks") > 0);
	snprintf(want, sizeof(want), ": POSIX  ADVISORY  READ %d ", getpid());
	CHECK(strstr(text, want));
	snprintf(want, sizeof(want), ":%lu 10 14\n", (unsigned long)st.st_ino);
	CHECK(strstr(text, want));
	snprintf(want, sizeof(want), ": FLOCK  ADVISORY  WRITE %d ", getpid());
	CHECK(strstr(text, want));
	close(fd);
	slurp("/proc/locks");
	CHECK(!strstr(text, want));
}

CASE(system_files)
{
	REQUIRE(slurp("/proc/buddyinfo") > 0);
	CHECK(strstr(text, "Node 0, zone "));
	if (slurp("/proc/zoneinfo") != -EACCES) {
		CHECK(strstr(text, "Node 0, zone "));
		CHECK(strstr(text, "pages free "));
	}
	if (is_root()) {
		REQUIRE(slurp("/proc/timer_list") > 0);
		CHECK(strstr(text, "now at "));
		CHECK(strstr(text, "cpu: 0"));
	}
	REQUIRE(slurp("/proc/self/uid_map") > 0);
	CHECK_EQ(strtoul(strrchr(text, ' '), NULL, 10), 4294967295);
	CHECK_EQ(slurp("/proc/self/attr/exec"), -EINVAL);
	REQUIRE(slurp("/proc/self/setgroups") > 0);
	REQUIRE(slurp("/proc/self/status") > 0);
	CHECK(strstr(text, "\nMems_allowed_list:\t0"));
	REQUIRE(slurp("/proc/sys/kernel/shmmax") > 0);
	CHECK(strtoul(text, NULL, 10) > 1 << 20);
	REQUIRE(slurp("/proc/sys/kernel/msgmax") > 0);
	CHECK_EQ(atoi(text), 8192);
}

CASE(timerslack)
{
	int fd;

	REQUIRE(slurp("/proc/self/timerslack_ns") > 0);
	CHECK_EQ(atol(text), 50000);
	fd = open("/proc/self/timerslack_ns", O_WRONLY);
	REQUIRE(fd >= 0);
	CHECK_EQ(write(fd, "70000", 5), 5);
	CHECK_ERR(write(fd, "many", 4), EINVAL);
	REQUIRE(slurp("/proc/self/timerslack_ns") > 0);
	CHECK_EQ(atol(text), 70000);
	CHECK_EQ(sys(SYS_prctl, 30 /* PR_GET_TIMERSLACK */, 0, 0, 0, 0), 70000);
}
