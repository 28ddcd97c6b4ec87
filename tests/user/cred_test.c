/* SPDX-License-Identifier: MIT */
/*
 * cred_test.c - users and groups: who may become whom, and what is inherited. Source: man credentials(7), setuid(2),
 * setreuid(2), setresuid(2), getgroups(2). Most cases need root and work in a child.
 */
#include "ktap.h"

#include <pthread.h>

enum { KEEP = -1 };

static int ids_are(long call, uint32_t real, uint32_t effective, uint32_t saved)
{
	uint32_t r = ~0u, e = ~0u, s = ~0u;

	CHECK_EQ(sys(call, &r, &e, &s), 0);
	return r == real && e == effective && s == saved;
}

CASE(ids_are_consistent)
{
	CHECK(ids_are(SYS_getresuid, getuid(), geteuid(), geteuid()));
	CHECK(ids_are(SYS_getresgid, getgid(), getegid(), getegid()));
	CHECK_EQ(sys(SYS_getresuid, NULL, NULL, NULL), -EFAULT);
	CHECK_EQ(sys(SYS_setuid, -1), -EINVAL);
	CHECK_EQ(sys(SYS_setgid, -1), -EINVAL);
	CHECK_EQ(sys(SYS_setreuid, KEEP, KEEP), 0);
	CHECK_EQ(sys(SYS_setregid, KEEP, KEEP), 0);
}

CASE(setreuid_moves_the_saved_one)
{
	pid_t pid;

	if (!is_root())
		SKIP("needs root");
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_setreuid, KEEP, 1000), 0);
		CHECK(ids_are(SYS_getresuid, 0, 1000, 1000));
		CHECK_EQ(sys(SYS_setreuid, 1000, 0), 0);	/* swap */
		CHECK(ids_are(SYS_getresuid, 1000, 0, 0));
		CHECK_EQ(sys(SYS_setreuid, 2000, 2000), 0);
		CHECK(ids_are(SYS_getresuid, 2000, 2000, 2000));
		CHECK_EQ(sys(SYS_setreuid, 0, KEEP), -EPERM);
		CHECK_EQ(sys(SYS_setreuid, KEEP, 0), -EPERM);
		CHECK_EQ(sys(SYS_setreuid, 2000, 2000), 0);
	}
	CHECK_EXIT(pid, 0);
}

CASE(setreuid_keeps_the_saved_one)
{
	pid_t pid;

	if (!is_root())
		SKIP("needs root");
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_setresuid, 10, 20, 30), 0);
		CHECK_EQ(sys(SYS_setreuid, KEEP, 10), 0);	/* effective to the real one: saved stays */
		CHECK(ids_are(SYS_getresuid, 10, 10, 30));
		CHECK_EQ(sys(SYS_setreuid, KEEP, 30), 0);
		CHECK(ids_are(SYS_getresuid, 10, 30, 30));
		CHECK_EQ(sys(SYS_setreuid, 30, KEEP), 0);	/* real to the effective one */
		CHECK(ids_are(SYS_getresuid, 30, 30, 30));
		CHECK_EQ(sys(SYS_setreuid, 10, KEEP), -EPERM);
	}
	CHECK_EXIT(pid, 0);
}

CASE(setregid_rules)
{
	pid_t pid;

	if (!is_root())
		SKIP("needs root");
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_setregid, 5, 6), 0);
		CHECK(ids_are(SYS_getresgid, 5, 6, 6));
		CHECK_EQ(sys(SYS_setuid, 9), 0);
		CHECK_EQ(sys(SYS_setregid, 6, 5), 0);
		CHECK(ids_are(SYS_getresgid, 6, 5, 5));
		CHECK_EQ(sys(SYS_setregid, KEEP, 0), -EPERM);
		CHECK_EQ(sys(SYS_setresgid, KEEP, KEEP, 6), 0);
		CHECK_EQ(sys(SYS_setresgid, 7, KEEP, KEEP), -EPERM);
	}
	CHECK_EXIT(pid, 0);
}

CASE(dropped_for_good)
{
	uint32_t groups[4];
	pid_t pid;

	if (!is_root())
		SKIP("needs root");
	IN_CHILD(pid) {
		CHECK(drop_root());
		CHECK_EQ(sys(SYS_setuid, 0), -EPERM);
		CHECK_EQ(sys(SYS_setgid, 0), -EPERM);
		CHECK_EQ(sys(SYS_setresuid, 0, 0, 0), -EPERM);
		CHECK_EQ(sys(SYS_setresgid, 0, 0, 0), -EPERM);
		CHECK_EQ(sys(SYS_setgroups, 0, groups), -EPERM);
		CHECK(sys(SYS_getuid) != 0 && sys(SYS_geteuid) != 0);
		CHECK(sys(SYS_getgid) != 0 && sys(SYS_getegid) != 0);
	}
	CHECK_EXIT(pid, 0);
}

CASE(groups_open_files)
{
	uint32_t group = 4321, got = 0;
	pid_t pid;
	int fd;

	if (!is_root())
		SKIP("needs root");
	scratch();
	CHECK_EQ(chmod(".", 0755), 0);
	fd = open("file", O_RDWR | O_CREAT, 0600);
	REQUIRE(fd >= 0);
	CHECK_EQ(fchown(fd, 0, group), 0);
	CHECK_EQ(fchmod(fd, 0640), 0);
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_setgroups, 1, &group), 0);
		CHECK_EQ(sys(SYS_getgroups, 1, &got), 1);
		CHECK_EQ(got, group);
		CHECK_EQ(sys(SYS_setresgid, 77, 77, 77), 0);
		CHECK_EQ(sys(SYS_setresuid, 77, 77, 77), 0);
		CHECK(open("file", O_RDONLY) >= 0);
		CHECK_EQ(open("file", O_RDWR), -1);
		CHECK_EQ(errno, EACCES);
	}
	CHECK_EXIT(pid, 0);
}

/* One thread changes who the process is while others ask: nothing but old or new may be seen. */
static volatile int stop;

static void *ask(void *arg)
{
	while (!stop) {
		long uid = sys(SYS_geteuid);

		if (uid != 0 && uid != 55)
			*(int *)arg = 1;
		access("/", R_OK);
	}
	return NULL;
}

CASE(change_under_other_threads)
{
	pthread_t t[2];
	int bad[2] = { 0, 0 }, i;
	pid_t pid;

	if (!is_root())
		SKIP("needs root");
	IN_CHILD(pid) {
		for (i = 0; i < 2; i++)
			REQUIRE_EQ(pthread_create(&t[i], NULL, ask, &bad[i]), 0);
		for (i = 0; i < 300; i++)
			CHECK_EQ(sys(SYS_setresuid, KEEP, i & 1 ? 0 : 55, KEEP), 0);
		stop = 1;
		for (i = 0; i < 2; i++)
			pthread_join(t[i], NULL);
		CHECK_EQ(bad[0] + bad[1], 0);
	}
	CHECK_EXIT(pid, 0);
}
