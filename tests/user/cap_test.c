/* SPDX-License-Identifier: MIT */
/*
 * cap_test.c - capability sets: capget, capset, what they allow, what exec and changes of user do to them.
 * Source: man capabilities(7), capget(2), prctl(2). Most cases need root and work in a child.
 */
#define KTAP_HAS_HELPER
#include "ktap.h"

#include <sys/prctl.h>

/* uapi linux/capability.h, linux/securebits.h */
#define _LINUX_CAPABILITY_VERSION_1 0x19980330
#define _LINUX_CAPABILITY_VERSION_3 0x20080522
struct __user_cap_header_struct {
	uint32_t version;
	int pid;
};
struct __user_cap_data_struct {
	uint32_t effective, permitted, inheritable;
};
enum { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_KILL = 5, CAP_SETGID, CAP_SETUID, CAP_SETPCAP,
       CAP_SYS_CHROOT = 18, CAP_MKNOD = 27 };
enum { SECBIT_NOROOT = 1, SECBIT_NOROOT_LOCKED = 2, SECBIT_KEEP_CAPS = 0x10 };

struct sets {
	uint64_t effective, permitted, inheritable;
};

#define BIT(cap) (1ull << (cap))

static long get(int pid, struct sets *out)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, pid };
	struct __user_cap_data_struct d[2];
	long ret = sys(SYS_capget, &h, d);

	if (ret == 0) {
		out->effective = d[0].effective | (uint64_t)d[1].effective << 32;
		out->permitted = d[0].permitted | (uint64_t)d[1].permitted << 32;
		out->inheritable = d[0].inheritable | (uint64_t)d[1].inheritable << 32;
	}
	return ret;
}

static long set(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2] = {
		{ (uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable },
		{ (uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32) },
	};

	return sys(SYS_capset, &h, d);
}

CASE(header_versions)
{
	struct __user_cap_header_struct h = { 0x12345678, 0 };
	struct __user_cap_data_struct d[2];

	CHECK_EQ(sys(SYS_capget, &h, NULL), 0);
	CHECK_EQ(h.version, _LINUX_CAPABILITY_VERSION_3);
	h.version = 0;
	CHECK_EQ(sys(SYS_capget, &h, d), -EINVAL);
	CHECK_EQ(h.version, _LINUX_CAPABILITY_VERSION_3);
	h.version = 0;
	CHECK_EQ(sys(SYS_capset, &h, d), -EINVAL);
	memset(d, 0x5a, sizeof(d));
	h.version = _LINUX_CAPABILITY_VERSION_1;
	CHECK_EQ(sys(SYS_capget, &h, d), 0);
	CHECK_EQ(d[1].effective, 0x5a5a5a5a); /* one word only */
	h.version = _LINUX_CAPABILITY_VERSION_3;
	CHECK_EQ(sys(SYS_capget, &h, d), 0);
	CHECK_EQ(sys(SYS_capget, NULL, d), -EFAULT);
	CHECK_EQ(sys(SYS_capget, &h, 1), -EFAULT);
	h.pid = -1;
	CHECK_EQ(sys(SYS_capget, &h, d), -EINVAL);
	h.pid = 0x3fffffff;
	CHECK_EQ(sys(SYS_capget, &h, d), -ESRCH);
	h.pid = 1;
	CHECK_EQ(sys(SYS_capget, &h, d), 0);
	CHECK_EQ(sys(SYS_capset, &h, d), -EPERM);
	h.pid = 0;
	CHECK_EQ(sys(SYS_capset, &h, 1), -EFAULT);
}

CASE(own_sets_are_consistent)
{
	struct sets s, other;

	REQUIRE_EQ(get(0, &s), 0);
	CHECK_EQ(s.effective & ~s.permitted, 0);
	CHECK_EQ(get(getpid(), &other), 0);
	CHECK_EQ(other.permitted, s.permitted);
	CHECK_EQ(set(s.effective, s.permitted, s.inheritable), 0);
	if (!is_root())
		CHECK_EQ(s.permitted, 0);
}

CASE(nothing_can_be_gained)
{
	struct sets s;
	pid_t pid;

	IN_CHILD(pid) {
		REQUIRE_EQ(get(0, &s), 0);
		CHECK_EQ(set(0, s.permitted, s.inheritable), 0);
		CHECK_EQ(set(s.effective, s.permitted, s.inheritable), 0); /* what is permitted comes back */
		CHECK_EQ(set(0, 0, s.inheritable), 0);
		CHECK_EQ(get(0, &s), 0);
		CHECK_EQ(s.permitted | s.effective, 0);
		CHECK_EQ(set(0, BIT(CAP_KILL), 0), -EPERM);
		CHECK_EQ(set(BIT(CAP_KILL), 0, 0), -EPERM);
		CHECK_EQ(set(0, 0, BIT(CAP_KILL)), -EPERM);
	}
	CHECK_EXIT(pid, 0);
}

/* Each privilege by itself: without it user 0 is refused, with it alone allowed. */
CASE(each_does_its_part)
{
	struct sets s;
	pid_t pid;

	if (!is_root())
		SKIP("needs root");
	scratch();
	REQUIRE(put_file("secret", "x", 1, 0));
	CHECK_EQ(chown("secret", 1000, 1000), 0);
	IN_CHILD(pid) {
		REQUIRE_EQ(get(0, &s), 0);
		CHECK_EQ(set(0, s.permitted, 0), 0);
		CHECK_EQ(sys(SYS_open, "secret", O_RDONLY), -EACCES);
		CHECK_EQ(sys(SYS_chmod, "secret", 0600), -EPERM);
		CHECK_EQ(sys(SYS_chown, "secret", 0, 0), -EPERM);
		CHECK_EQ(sys(SYS_chroot, "."), -EPERM);
		CHECK_EQ(sys(SYS_sethostname, "x", 1), -EPERM);
		CHECK_EQ(sys(SYS_setuid, 5), -EPERM);
		CHECK_EQ(sys(SYS_setgroups, 0, NULL), -EPERM);
		CHECK_EQ(set(BIT(CAP_DAC_READ_SEARCH), s.permitted, 0), 0);
		CHECK(sys(SYS_open, "secret", O_RDONLY) >= 0);
		CHECK_EQ(sys(SYS_open, "secret", O_RDWR), -EACCES);
		CHECK_EQ(set(BIT(CAP_DAC_OVERRIDE), s.permitted, 0), 0);
		CHECK(sys(SYS_open, "secret", O_RDWR) >= 0);
		CHECK_EQ(sys(SYS_chmod, "secret", 0600), -EPERM);
		CHECK_EQ(set(BIT(CAP_FOWNER), s.permitted, 0), 0);
		CHECK_EQ(sys(SYS_chmod, "secret", 0), 0);
		CHECK_EQ(sys(SYS_open, "secret", O_RDONLY), -EACCES);
		CHECK_EQ(set(BIT(CAP_CHOWN), s.permitted, 0), 0);
		CHECK_EQ(sys(SYS_chown, "secret", 0, 0), 0);
		CHECK_EQ(set(BIT(CAP_SETGID), s.permitted, 0), 0);
		CHECK_EQ(sys(SYS_setgroups, 0, NULL), 0);
		CHECK_EQ(set(BIT(CAP_SYS_CHROOT), s.permitted, 0), 0);
		CHECK_EQ(sys(SYS_chroot, "."), 0);
	}
	CHECK_EXIT(pid, 0);
}

CASE(changing_user_clears_them)
{
	struct sets s, before;
	pid_t pid;

	if (!is_root())
		SKIP("needs root");
	IN_CHILD(pid) {
		REQUIRE_EQ(get(0, &before), 0);
		CHECK_EQ(sys(SYS_setresuid, -1, 1000, -1), 0);	/* effective only */
		CHECK_EQ(get(0, &s), 0);
		CHECK_EQ(s.effective, 0);
		CHECK_EQ(s.permitted, before.permitted);
		CHECK_EQ(sys(SYS_setresuid, -1, 0, -1), 0);
		CHECK_EQ(get(0, &s), 0);
		CHECK_EQ(s.effective, before.permitted);
		CHECK_EQ(sys(SYS_setfsuid, 1000), 0);
		CHECK_EQ(get(0, &s), 0);
		CHECK_EQ(s.effective & BIT(CAP_DAC_OVERRIDE), 0);
		CHECK(s.effective & BIT(CAP_SETUID));
		CHECK_EQ(sys(SYS_setfsuid, 0), 1000);
		CHECK_EQ(get(0, &s), 0);
		CHECK(s.effective & BIT(CAP_DAC_OVERRIDE));
		CHECK_EQ(sys(SYS_setresuid, 1000, 1000, 1000), 0);
		CHECK_EQ(get(0, &s), 0);
		CHECK_EQ(s.effective | s.permitted, 0);
	}
	CHECK_EXIT(pid, 0);
}

CASE(keepcaps_keeps_the_permitted)
{
	struct sets s, before;
	pid_t pid;

	if (!is_root())
		SKIP("needs root");
	IN_CHILD(pid) {
		REQUIRE_EQ(get(0, &before), 0);
		CHECK_EQ(sys(SYS_prctl, PR_SET_KEEPCAPS, 1), 0);
		CHECK_EQ(sys(SYS_prctl, PR_GET_KEEPCAPS), 1);
		CHECK_EQ(sys(SYS_prctl, PR_GET_SECUREBITS), SECBIT_KEEP_CAPS);
		CHECK_EQ(sys(SYS_setresuid, 1000, 1000, 1000), 0);
		CHECK_EQ(get(0, &s), 0);
		CHECK_EQ(s.effective, 0);
		CHECK_EQ(s.permitted, before.permitted);
		CHECK_EQ(set(BIT(CAP_SETGID), BIT(CAP_SETGID), 0), 0);
		CHECK_EQ(sys(SYS_setresgid, 7, 7, 7), 0);
		CHECK_EQ(sys(SYS_setresuid, 0, 0, 0), -EPERM);
		CHECK_EQ(sys(SYS_prctl, PR_SET_KEEPCAPS, 2), -EINVAL);
	}
	CHECK_EXIT(pid, 0);
}

/* prog @caps EFFECTIVE PERMITTED INHERITABLE: exits 0 if those are ours. */
static int ktap_helper(int argc, char **argv)
{
	struct sets s;

	if (argc != 5 || get(0, &s))
		return 2;
	return s.effective != strtoull(argv[2], NULL, 16) || s.permitted != strtoull(argv[3], NULL, 16) ||
	       s.inheritable != strtoull(argv[4], NULL, 16);
}

static int exec_with(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	char e[20], p[20], i[20];
	char *argv[] = { ktap_self, (char *)"@caps", e, p, i, NULL }, *envp[] = { NULL };

	snprintf(e, sizeof(e), "%llx", (unsigned long long)effective);
	snprintf(p, sizeof(p), "%llx", (unsigned long long)permitted);
	snprintf(i, sizeof(i), "%llx", (unsigned long long)inheritable);
	sys(SYS_execve, ktap_self, argv, envp);
	return 3;
}

CASE(exec_of_root_gives_all)
{
	struct sets s;
	pid_t pid;

	if (!is_root())
		SKIP("needs root");
	REQUIRE_EQ(get(0, &s), 0);
	pid = fork();
	if (!pid) {
		set(0, BIT(CAP_SETPCAP), 0);
		_exit(exec_with(s.permitted, s.permitted, 0));
	}
	CHECK_EXIT(pid, 0);
	/* Within what bounds it. */
	pid = fork();
	if (!pid) {
		CHECK_EQ(sys(SYS_prctl, PR_CAPBSET_READ, CAP_MKNOD), 1);
		CHECK_EQ(sys(SYS_prctl, PR_CAPBSET_DROP, CAP_MKNOD), 0);
		CHECK_EQ(sys(SYS_prctl, PR_CAPBSET_READ, CAP_MKNOD), 0);
		if (ktap_failures)
			_exit(4);
		_exit(exec_with(s.permitted & ~BIT(CAP_MKNOD), s.permitted & ~BIT(CAP_MKNOD), 0));
	}
	CHECK_EXIT(pid, 0);
	/* Nor to a root that is not one any more. */
	pid = fork();
	if (!pid) {
		CHECK_EQ(sys(SYS_prctl, PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED), 0);
		CHECK_EQ(sys(SYS_prctl, PR_SET_SECUREBITS, 0), -EPERM);
		_exit(ktap_failures ? 4 : exec_with(0, 0, 0));
	}
	CHECK_EXIT(pid, 0);
}

CASE(ambient_over_exec)
{
	uint64_t caps = BIT(CAP_KILL);
	pid_t pid;

	if (!is_root())
		SKIP("needs root");
	pid = fork();
	if (!pid) {
		CHECK_EQ(sys(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0), -EPERM);
		CHECK_EQ(sys(SYS_prctl, PR_SET_KEEPCAPS, 1), 0);
		CHECK_EQ(sys(SYS_setresuid, 1000, 1000, 1000), 0);
		CHECK_EQ(set(caps, caps, caps), 0);
		CHECK_EQ(sys(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0), 0);
		CHECK_EQ(sys(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0), 1);
		_exit(ktap_failures ? 4 : exec_with(caps, caps, caps));
	}
	CHECK_EXIT(pid, 0);
	pid = fork();
	if (!pid) {
		CHECK_EQ(sys(SYS_prctl, PR_SET_KEEPCAPS, 1), 0);
		CHECK_EQ(sys(SYS_setresuid, 1000, 1000, 1000), 0);
		CHECK_EQ(set(caps, caps, caps), 0);
		_exit(ktap_failures ? 4 : exec_with(0, 0, caps));
	}
	CHECK_EXIT(pid, 0);
}

CASE(ambient_errors)
{
	CHECK_EQ(sys(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), 0);
	CHECK_EQ(sys(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 0, 0, 0), 0);
	CHECK_EQ(sys(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 99, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 0, 1, 0), -EINVAL);
	CHECK_EQ(sys(SYS_prctl, PR_CAP_AMBIENT, 9, 0, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_prctl, PR_CAPBSET_READ, 99), -EINVAL);
}

CASE(kill_needs_its_own)
{
	pid_t pid, victim;

	if (!is_root())
		SKIP("needs root");
	victim = fork();
	if (!victim)
		for (;;)
			pause();
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_prctl, PR_SET_KEEPCAPS, 1), 0);
		CHECK_EQ(sys(SYS_setresuid, 1000, 1000, 1000), 0);
		CHECK_EQ(sys(SYS_kill, victim, 0), -EPERM);
		CHECK_EQ(set(BIT(CAP_KILL), BIT(CAP_KILL), 0), 0);
		CHECK_EQ(sys(SYS_kill, victim, 0), 0);
	}
	CHECK_EXIT(pid, 0);
	kill(victim, SIGKILL);
	CHECK_KILLED(victim, SIGKILL);
}
