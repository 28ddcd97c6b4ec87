/* SPDX-License-Identifier: MIT */
/* seal_test.c - seals of memfds: fcntl(F_ADD_SEALS, F_GET_SEALS), and what they forbid. */
#include "ktap.h"

#include <pthread.h>
#include <sys/mman.h>

enum { SEAL = 1, SHRINK = 2, GROW = 4, WRITE = 8, FUTURE_WRITE = 16, EXEC = 32 };
enum { ALLOW_SEALING = 2, NOEXEC_SEAL = 8, MFD_EXEC_ = 16, ADD_SEALS = 1033, GET_SEALS = 1034 };

static int make(unsigned flags)
{
	int fd = (int)sys(SYS_memfd_create, "seals", flags);

	REQUIRE(fd >= 0);
	REQUIRE_EQ(sys(SYS_ftruncate, fd, PAGE + 100), 0);
	return fd;
}

static long add(int fd, unsigned seals)
{
	return sys(SYS_fcntl, fd, ADD_SEALS, seals);
}

static long get(int fd)
{
	return sys(SYS_fcntl, fd, GET_SEALS, 0);
}

CASE(add_and_get)
{
	char path[64];
	int fd = make(ALLOW_SEALING), other, fds[2];

	CHECK_EQ(get(fd), 0);
	CHECK_EQ(add(fd, 0x100), -EINVAL);
	CHECK_EQ(add(fd, SHRINK), 0);
	CHECK_EQ(add(fd, SHRINK | GROW), 0);
	CHECK_EQ(get(fd), SHRINK | GROW);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	other = open(path, O_RDONLY);
	CHECK_EQ(get(other), SHRINK | GROW);	/* of the file, not of the descriptor */
	CHECK_EQ(add(other, SEAL), -EPERM);
	CHECK_EQ(add(fd, SEAL), 0);
	CHECK_EQ(add(fd, WRITE), -EPERM);
	CHECK_EQ(get(fd), SEAL | SHRINK | GROW);
	fd = make(0);
	CHECK_EQ(get(fd), SEAL);
	CHECK_EQ(add(fd, SHRINK), -EPERM);
	REQUIRE(pipe(fds) == 0);
	CHECK_EQ(get(fds[1]), -EINVAL);
	CHECK_EQ(add(fds[1], SEAL), -EINVAL);
	CHECK_EQ(get(-1), -EBADF);
}

CASE(size_seals)
{
	static char buf[3 * PAGE];
	int fd = make(ALLOW_SEALING);

	CHECK_EQ(add(fd, SHRINK), 0);
	CHECK_EQ(sys(SYS_ftruncate, fd, PAGE), -EPERM);
	CHECK_EQ(sys(SYS_ftruncate, fd, PAGE + 100), 0);
	CHECK_EQ(sys(SYS_ftruncate, fd, PAGE + 200), 0);
	CHECK_EQ(add(fd, GROW), 0);
	CHECK_EQ(sys(SYS_ftruncate, fd, 2 * PAGE), -EPERM);
	CHECK_EQ(sys(SYS_fallocate, fd, 0, 0, 2 * PAGE), -EPERM);
	CHECK_EQ(sys(SYS_fallocate, fd, 1, 0, 2 * PAGE), -EPERM);
	CHECK_EQ(sys(SYS_fallocate, fd, 0, 0, PAGE), 0);
	CHECK_EQ(sys(SYS_pwrite64, fd, buf, sizeof(buf), PAGE), -EPERM);
	CHECK_EQ(sys(SYS_pwrite64, fd, buf, 200, PAGE), 200);
	CHECK_EQ(sys(SYS_pwrite64, fd, buf, 201, PAGE), -EPERM);
	CHECK_EQ(sys(SYS_pwrite64, fd, buf, sizeof(buf), 0), PAGE);	/* what does not pass the end's page */
	CHECK_EQ(sys(SYS_lseek, fd, 0, SEEK_END), PAGE + 200);
}

CASE(write_seal)
{
	int fd = make(ALLOW_SEALING);
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *private;

	REQUIRE(p != MAP_FAILED);
	p[0] = 'a';
	CHECK_EQ(add(fd, WRITE), -EBUSY);
	CHECK_EQ(get(fd), 0);
	REQUIRE(mprotect(p, PAGE, PROT_READ) == 0);
	CHECK_EQ(add(fd, WRITE), -EBUSY);	/* it could become writable again */
	REQUIRE(munmap(p, PAGE) == 0);
	private = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK_EQ(add(fd, WRITE), 0);
	private[0] = 'b';
	CHECK_EQ(sys(SYS_write, fd, "x", 1), -EPERM);
	CHECK_EQ(sys(SYS_fallocate, fd, 3, 0, PAGE), -EPERM);	/* PUNCH_HOLE | KEEP_SIZE */
	CHECK_ERR((long)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EPERM);
	CHECK_EQ(sys(SYS_ftruncate, fd, PAGE), 0);	/* the size is not sealed */
	CHECK(sys(SYS_pread64, fd, &private[1], 1, 0) == 1 && private[1] == 'a');
}

CASE(read_only_mapping_of_a_sealed_file)
{
	int fd = make(ALLOW_SEALING);
	char *p;

	CHECK_EQ(add(fd, WRITE), 0);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED && errno == EPERM)
		SKIP("before Linux 6.7");
	REQUIRE(p != MAP_FAILED);
	CHECK_EQ(p[0], 0);
	CHECK_ERR(mprotect(p, PAGE, PROT_READ | PROT_WRITE), EACCES);
}

CASE(future_write_seal)
{
	int fd = make(ALLOW_SEALING);
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *q;

	REQUIRE(p != MAP_FAILED);
	CHECK_EQ(add(fd, FUTURE_WRITE), 0);
	p[0] = 'z';	/* what is there goes on */
	CHECK_EQ(sys(SYS_write, fd, "x", 1), -EPERM);
	CHECK_ERR((long)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EPERM);
	q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	REQUIRE(q != MAP_FAILED);
	CHECK_EQ(q[0], 'z');
	CHECK_ERR(mprotect(q, PAGE, PROT_READ | PROT_WRITE), EACCES);
}

CASE(exec_seal)
{
	struct stat st;
	int fd;

	fd = (int)sys(SYS_memfd_create, "x", NOEXEC_SEAL);
	if (fd == -EINVAL)
		SKIP("before Linux 6.3");
	CHECK_EQ(get(fd), EXEC);
	CHECK(fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0666);
	CHECK_EQ(sys(SYS_fchmod, fd, 0755), -EPERM);
	CHECK_EQ(sys(SYS_fchmod, fd, 0644), 0);
	CHECK_EQ(sys(SYS_memfd_create, "x", NOEXEC_SEAL | MFD_EXEC_), -EINVAL);
	fd = make(ALLOW_SEALING | MFD_EXEC_);
	CHECK_EQ(get(fd), 0);
	CHECK_EQ(add(fd, EXEC), 0);
	CHECK_EQ(get(fd), EXEC | SHRINK | GROW | WRITE | FUTURE_WRITE);
	CHECK_EQ(sys(SYS_write, fd, "x", 1), -EPERM);
}

/* One thread maps for writing while another seals: if the seal holds, nothing can be written. */
static int race_fd;
static pthread_barrier_t race_barrier;
static char *race_map;

static void *mapper(void *arg UNUSED)
{
	pthread_barrier_wait(&race_barrier);
	race_map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, race_fd, 0);
	return NULL;
}

CASE(seal_against_mapping)
{
	int sealed = 0, mapped = 0;

	for (int i = 0; i < 60; i++) {
		pthread_t thread;
		bool ok;
		pid_t pid;

		race_fd = make(ALLOW_SEALING);
		pthread_barrier_init(&race_barrier, NULL, 2);
		REQUIRE_EQ(pthread_create(&thread, NULL, mapper, NULL), 0);
		pthread_barrier_wait(&race_barrier);
		ok = add(race_fd, WRITE) == 0;
		pthread_join(thread, NULL);
		sealed += ok;
		mapped += race_map != MAP_FAILED;
		if (ok && race_map != MAP_FAILED) {
			IN_CHILD(pid)
				race_map[0] = 1;
			CHECK_KILLED(pid, SIGSEGV);
		}
		CHECK(ok || race_map != MAP_FAILED);
		if (race_map != MAP_FAILED)
			munmap(race_map, PAGE);
		close(race_fd);
	}
	CHECK(sealed + mapped >= 60);
}
