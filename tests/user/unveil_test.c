/* SPDX-License-Identifier: MIT */
/*
 * unveil_test.c - unveil(2): which rule counts, which error, and every way around it that was ever found: "..", links,
 * hard links, renames, descriptors from before, /proc/self/fd, chroot, mounts, exec. Linux has no unveil: all skipped.
 * Source: OpenBSD unveil(2), regress/sys/kern/unveil (what it looks at, not its text).
 */
#define KTAP_HAS_HELPER
#include "ktap.h"

#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

#define SYS_PLEDGE 1025
#define SYS_UNVEIL 1026

static long unveil(const char *path, const char *perms)
{
	return sys(SYS_UNVEIL, path, perms);
}

static long open_it(const char *path, int flags)
{
	long fd = sys(SYS_openat, AT_FDCWD, path, flags, 0644);

	if (fd >= 0)
		sys(SYS_close, fd);
	return fd < 0 ? fd : 0;
}

static void touch(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0644);

	REQUIRE(fd >= 0);
	close(fd);
}

/* A tree of this case's own: seen/{f,sub/g}, hidden/{h,deep/i}; the working directory is its top. */
static char top[64];

static void tree(void)
{
	if (sys(SYS_PLEDGE, NULL, NULL) != 0)
		SKIP("no unveil");
	strcpy(top, "/tmp/unveil.XXXXXX");
	REQUIRE(mkdtemp(top) != NULL);
	REQUIRE_EQ(chdir(top), 0);
	REQUIRE_EQ(mkdir("seen", 0755) | mkdir("seen/sub", 0755) | mkdir("hidden", 0755) | mkdir("hidden/deep", 0755),
	    0);
	touch("seen/f");
	touch("seen/sub/g");
	touch("hidden/h");
	touch("hidden/deep/i");
}

/* ---- rules ---------------------------------------------------------------------------------------------------- */

CASE(first_rule_hides_the_rest)
{
	struct stat st;

	tree();
	CHECK_EQ(open_it("hidden/h", O_RDONLY), 0);
	CHECK_EQ(unveil("seen", "r"), 0);
	CHECK_EQ(open_it("seen/f", O_RDONLY), 0);
	CHECK_EQ(open_it("seen/sub/g", O_RDONLY), 0);
	CHECK_EQ(open_it("hidden/h", O_RDONLY), -ENOENT);
	CHECK_EQ(open_it("/etc/passwd", O_RDONLY), -ENOENT);
	CHECK_EQ(open_it("seen/f", O_WRONLY), -EACCES);
	CHECK_EQ(open_it("seen/new", O_WRONLY | O_CREAT), -EACCES);
	CHECK_EQ(open_it("hidden/new", O_WRONLY | O_CREAT), -ENOENT);
	CHECK_EQ(sys(SYS_stat, "/", &st), -ENOENT);	/* an ancestor is no more than a way */
	CHECK_EQ(sys(SYS_stat, top, &st), -ENOENT);
	CHECK_EQ(sys(SYS_stat, "seen", &st), 0);
	CHECK_EQ(sys(SYS_access, "hidden", F_OK), -ENOENT);
}

CASE(nearest_rule_counts)
{
	tree();
	CHECK_EQ(unveil("seen", "rwc"), 0);
	CHECK_EQ(unveil("seen/sub", "r"), 0);
	CHECK_EQ(unveil("seen/f", ""), 0);
	CHECK_EQ(open_it("seen/new", O_RDWR | O_CREAT), 0);
	CHECK_EQ(open_it("seen/sub/g", O_RDONLY), 0);
	CHECK_EQ(open_it("seen/sub/g", O_WRONLY), -EACCES);
	CHECK_EQ(open_it("seen/f", O_RDONLY), -EACCES);
	CHECK_EQ(unveil("seen/f", "r"), 0);	/* before the lock a rule may be changed */
	CHECK_EQ(open_it("seen/f", O_RDONLY), 0);
}

/* access(2) needs r for all, w and x for what it asks. */
CASE(access_by_permissions)
{
	static const struct { const char *perms; bool r, w, x, f; } rows[] = {
		{ "", 0, 0, 0, 0 }, { "r", 1, 0, 0, 1 }, { "w", 0, 0, 0, 0 }, { "x", 0, 0, 0, 0 }, { "c", 0, 0, 0, 0 },
		{ "rw", 1, 1, 0, 1 }, { "rx", 1, 0, 1, 1 }, { "rc", 1, 0, 0, 1 }, { "wx", 0, 0, 0, 0 },
		{ "wc", 0, 0, 0, 0 }, { "xc", 0, 0, 0, 0 }, { "rwx", 1, 1, 1, 1 }, { "rwc", 1, 1, 0, 1 },
		{ "rxc", 1, 0, 1, 1 }, { "wxc", 0, 0, 0, 0 }, { "rwxc", 1, 1, 1, 1 },
	};
	size_t i;

	tree();
	chmod("seen/f", 0755);
	for (i = 0; i < COUNT(rows); i++) {
		pid_t pid;

		IN_CHILD(pid) {
			CHECK_EQ(unveil("seen/f", rows[i].perms), 0);
			CHECK_EQ(unveil(NULL, NULL), 0);
			CHECK_EQ(sys(SYS_access, "seen/f", R_OK), rows[i].r ? 0 : -EACCES);
			CHECK_EQ(sys(SYS_access, "seen/f", W_OK), rows[i].w ? 0 : -EACCES);
			CHECK_EQ(sys(SYS_access, "seen/f", X_OK), rows[i].x ? 0 : -EACCES);
			CHECK_EQ(sys(SYS_access, "seen/f", F_OK), rows[i].f ? 0 : -EACCES);
			CHECK_EQ(sys(SYS_access, "hidden/h", F_OK), -ENOENT);
		}
		CHECK_EXIT(pid, 0);
	}
}

CASE(arguments_and_lock)
{
	tree();
	CHECK_EQ(unveil("seen", "q"), -EINVAL);
	CHECK_EQ(unveil("seen", "rwxcrwxc"), -EINVAL);
	CHECK_EQ(unveil("seen", (char *)8), -EFAULT);
	CHECK_EQ(unveil((char *)8, "r"), -EFAULT);
	CHECK_EQ(unveil(NULL, "r"), -EFAULT);
	CHECK_EQ(unveil("no/such/folder", "r"), -ENOENT);
	CHECK_EQ(unveil("seen/f/below", "r"), -ENOTDIR);
	CHECK_EQ(open_it("hidden/h", O_RDONLY), 0);	/* none of these was a first rule */
	CHECK_EQ(unveil("seen", "r"), 0);
	CHECK_EQ(unveil("hidden/h", "r"), 0);	/* what is hidden can be named until the lock */
	CHECK_EQ(unveil(NULL, NULL), 0);
	CHECK_EQ(unveil("seen", "r"), -EPERM);
	CHECK_EQ(unveil(NULL, NULL), -EPERM);
	CHECK_EQ(open_it("hidden/h", O_RDONLY), 0);
}

CASE(pledge_locks)
{
	tree();
	CHECK_EQ(unveil("seen", "r"), 0);
	CHECK_EQ(sys(SYS_PLEDGE, "stdio rpath unveil", NULL), 0);
	CHECK_EQ(unveil("hidden", "r"), 0);
	CHECK_EQ(sys(SYS_PLEDGE, "stdio rpath", NULL), 0);
	CHECK_EQ(unveil("hidden", ""), -EPERM);
	CHECK_EQ(open_it("hidden/h", O_RDONLY), 0);
}

CASE(limits)
{
	char name[64];
	long ret = 0;
	int i;

	tree();
	for (i = 0; i < 200 && ret == 0; i++) {
		snprintf(name, sizeof(name), "seen/d%d", i);
		REQUIRE_EQ(mkdir(name, 0755), 0);
	}
	for (i = 0; i < 200 && ret == 0; i++) {
		snprintf(name, sizeof(name), "seen/d%d", i);
		ret = unveil(name, "r");
	}
	CHECK_EQ(ret, -E2BIG);
	CHECK_EQ(i, 129);
	for (i = 0, ret = 0; i < 200 && ret == 0; i++) {
		snprintf(name, sizeof(name), "seen/name%d", i);
		ret = unveil(name, "rwc");
	}
	CHECK_EQ(ret, -E2BIG);
	CHECK_EQ(i, 129);
	CHECK_EQ(open_it("seen/name77", O_RDWR | O_CREAT), 0);
	CHECK_EQ(open_it("seen/d127", O_RDONLY), 0);
	CHECK_EQ(open_it("seen/d128", O_RDONLY), -ENOENT);
}

/* ---- names that come and go ----------------------------------------------------------------------------------- */

CASE(names_not_there_yet)
{
	tree();
	CHECK_EQ(unveil("later", "rwc"), 0);
	CHECK_EQ(unveil(NULL, NULL), 0);
	CHECK_EQ(open_it("later", O_RDONLY), -ENOENT);
	CHECK_EQ(open_it("later2", O_RDWR | O_CREAT), -ENOENT);
	CHECK_EQ(open_it("later", O_RDWR | O_CREAT), 0);
	CHECK_EQ(open_it("later", O_RDWR), 0);
	CHECK_EQ(sys(SYS_unlink, "later"), 0);
	CHECK_EQ(sys(SYS_mkdir, "later", 0755), 0);	/* a folder of that name: all below it */
	CHECK_EQ(open_it("later/x", O_RDWR | O_CREAT), 0);
	CHECK_EQ(open_it("later/x", O_RDONLY), 0);
}

/* A folder rule is on the folder, not on its name. */
CASE(removed_folder_stays_hidden)
{
	pid_t pid;

	tree();
	REQUIRE_EQ(mkdir("gone", 0755), 0);
	CHECK_EQ(unveil("gone", "rwc"), 0);
	CHECK_EQ(unveil("seen", "rwc"), 0);
	REQUIRE_EQ(open_it("gone/x", O_RDWR | O_CREAT), 0);
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_unlink, "gone/x"), 0);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(sys(SYS_rmdir, "gone"), -ENOENT);	/* its name lies in a folder that is hidden */
}

/* ---- ways around ---------------------------------------------------------------------------------------------- */

CASE(dot_dot_tells_nothing)
{
	tree();
	CHECK_EQ(unveil("seen/sub", "r"), 0);
	CHECK_EQ(open_it("seen/sub/../sub/g", O_RDONLY), 0);
	CHECK_EQ(open_it("seen/sub/../f", O_RDONLY), -ENOENT);
	CHECK_EQ(open_it("seen/sub/../../hidden/h", O_RDONLY), -ENOENT);
	/* The same whether it exists or not, is a folder or not. */
	CHECK_EQ(open_it("hidden/../seen/sub/g", O_RDONLY), -ENOENT);
	CHECK_EQ(open_it("nothing/../seen/sub/g", O_RDONLY), -ENOENT);
	CHECK_EQ(open_it("hidden/h/../../seen/sub/g", O_RDONLY), -ENOENT);
	CHECK_EQ(open_it("seen/f/../sub/g", O_RDONLY), -ENOENT);
	CHECK_EQ(open_it("seen/f/", O_RDONLY), -ENOENT);
	CHECK_EQ(sys(SYS_chdir, "seen/sub"), 0);
	CHECK_EQ(open_it("g", O_RDONLY), 0);
	CHECK_EQ(open_it("../f", O_RDONLY), -ENOENT);
	CHECK_EQ(sys(SYS_chdir, ".."), -ENOENT);
	CHECK_EQ(open_it("..", O_RDONLY), -ENOENT);
	CHECK_EQ(open_it("../../seen/sub/g", O_RDONLY), 0);
}

CASE(links)
{
	char text[64];

	tree();
	REQUIRE_EQ(symlink("../hidden/h", "seen/out") | symlink("f", "seen/in") | symlink("seen/f", "hidden/back"), 0);
	REQUIRE_EQ(symlink("seen", "way") | symlink("hidden", "seen/folder"), 0);
	CHECK_EQ(unveil("seen", "rwc"), 0);
	CHECK_EQ(open_it("seen/in", O_RDONLY), 0);
	CHECK_EQ(open_it("seen/out", O_RDONLY), -ENOENT);
	CHECK_EQ(open_it("seen/out", O_RDWR | O_CREAT), -ENOENT);
	CHECK_EQ(open_it("seen/folder/h", O_RDONLY), -ENOENT);
	CHECK_EQ(open_it("hidden/back", O_RDONLY), -ENOENT);
	CHECK_EQ(open_it("way/f", O_RDONLY), 0);	/* a link that leads to what is seen */
	CHECK_EQ(sys(SYS_readlink, "way", text, sizeof(text)), -ENOENT);	/* but is itself hidden */
	CHECK_EQ(sys(SYS_readlink, "seen/out", text, sizeof(text)), 11);
	CHECK_EQ(sys(SYS_readlink, "hidden/back", text, sizeof(text)), -ENOENT);
}

/* The rule of a link's name is that of what it leads to. */
CASE(unveiling_a_link)
{
	tree();
	REQUIRE_EQ(symlink("hidden/h", "l"), 0);
	CHECK_EQ(unveil("l", "r"), 0);
	CHECK_EQ(open_it("hidden/h", O_RDONLY), 0);
	CHECK_EQ(open_it("l", O_RDONLY), 0);
	CHECK_EQ(open_it("hidden/deep/i", O_RDONLY), -ENOENT);
}

CASE(second_names_give_no_more)
{
	tree();
	CHECK_EQ(unveil("seen", "r"), 0);
	REQUIRE_EQ(unveil("hidden", "rwxc"), 0);
	REQUIRE_EQ(unveil("seen/sub", "rc"), 0);
	CHECK_EQ(sys(SYS_link, "seen/f", "hidden/f"), -EACCES);	/* would be writable there */
	CHECK_EQ(sys(SYS_rename, "seen/sub/g", "hidden/g"), -EACCES);
	CHECK_EQ(sys(SYS_rename, "hidden/h", "seen/sub/h"), 0);	/* less is fine */
	CHECK_EQ(open_it("seen/sub/h", O_WRONLY), -EACCES);
	CHECK_EQ(sys(SYS_rename, "hidden/deep", "seen/deep"), -EACCES);	/* no c there */
	CHECK_EQ(sys(SYS_renameat2, AT_FDCWD, "seen/sub/g", AT_FDCWD, "hidden/deep", 2 /* EXCHANGE */), -EACCES);
	CHECK_EQ(sys(SYS_link, "/etc/passwd", "hidden/p"), -ENOENT);
	CHECK_EQ(sys(SYS_rename, "hidden/deep", "../out"), -ENOENT);
}

CASE(descriptors_from_before)
{
	char byte;
	long dir, file, path;

	tree();
	dir = sys(SYS_open, ".", O_RDONLY | O_DIRECTORY);
	file = sys(SYS_open, "hidden/h", O_RDONLY);
	path = sys(SYS_open, "hidden", O_PATH | O_DIRECTORY);
	CHECK_EQ(unveil("seen", "r"), 0);
	CHECK_EQ(sys(SYS_read, file, &byte, 1), 0);	/* what is open stays open */
	CHECK_EQ(sys(SYS_openat, dir, "hidden/h", O_RDONLY), -ENOENT);
	CHECK_EQ(sys(SYS_openat, path, "h", O_RDONLY), -ENOENT);
	CHECK_EQ(sys(SYS_openat, path, "../seen/f", O_RDONLY), -ENOENT);
	CHECK(sys(SYS_openat, dir, "seen/f", O_RDONLY) >= 0);
	CHECK_EQ(sys(SYS_fchdir, path), 0);
	CHECK_EQ(open_it("h", O_RDONLY), -ENOENT);
	CHECK_EQ(open_it(".", O_RDONLY), -ENOENT);
}

CASE(proc_self_fd)
{
	char name[64];
	long file;

	tree();
	file = sys(SYS_open, "hidden/h", O_RDONLY);
	CHECK_EQ(unveil("/proc", "r"), 0);
	CHECK_EQ(unveil("seen", "rw"), 0);
	snprintf(name, sizeof(name), "/proc/self/fd/%ld", file);
	CHECK_EQ(open_it(name, O_RDWR), -ENOENT);
	CHECK_EQ(open_it(name, O_RDONLY), -ENOENT);
	CHECK_EQ(open_it("/proc/self/cwd/hidden/h", O_RDONLY), -ENOENT);
	CHECK_EQ(open_it("/proc/self/root/etc/passwd", O_RDONLY), -ENOENT);
	file = sys(SYS_open, "seen/f", O_RDONLY);
	snprintf(name, sizeof(name), "/proc/self/fd/%ld", file);
	CHECK_EQ(open_it(name, O_RDWR), 0);
}

CASE(chroot_and_mounts)
{
	tree();
	if (geteuid() != 0)
		SKIP("needs root");
	CHECK_EQ(unveil("seen", "rwc"), 0);
	CHECK_EQ(sys(SYS_chroot, "hidden"), -ENOENT);
	CHECK_EQ(sys(SYS_mount, "hidden", "seen/sub", NULL, MS_BIND, NULL), -ENOENT);
	CHECK_EQ(sys(SYS_mount, "none", "seen/sub", "tmpfs", 0, NULL), 0);
	CHECK_EQ(open_it("seen/sub/n", O_RDWR | O_CREAT), 0);	/* below what is covered */
	CHECK_EQ(sys(SYS_umount2, "seen/sub", 0), 0);
	CHECK_EQ(sys(SYS_chroot, "seen"), 0);
	CHECK_EQ(sys(SYS_chdir, "/"), 0);
	CHECK_EQ(open_it("/f", O_RDONLY), 0);
	CHECK_EQ(open_it("/../hidden/h", O_RDONLY), -ENOENT);
}

CASE(other_calls_by_name)
{
	struct stat st;
	char list[64];

	tree();
	CHECK_EQ(unveil("seen", "r"), 0);
	CHECK_EQ(unveil("seen/sub", "rw"), 0);
	CHECK_EQ(sys(SYS_mkdir, "seen/d", 0755), -EACCES);
	CHECK_EQ(sys(SYS_mkdir, "hidden/d", 0755), -ENOENT);
	CHECK_EQ(sys(SYS_rmdir, "hidden/deep"), -ENOENT);
	CHECK_EQ(sys(SYS_unlink, "seen/f"), -EACCES);
	CHECK_EQ(sys(SYS_unlink, "hidden/h"), -ENOENT);
	CHECK_EQ(sys(SYS_symlink, "x", "seen/s"), -EACCES);
	CHECK_EQ(sys(SYS_mknod, "seen/fifo", S_IFIFO | 0600, 0), -EACCES);
	CHECK_EQ(sys(SYS_chmod, "seen/f", 0600), -EACCES);
	CHECK_EQ(sys(SYS_chmod, "seen/sub/g", 0600), 0);
	CHECK_EQ(sys(SYS_chmod, "hidden/h", 0600), -ENOENT);
	CHECK_EQ(sys(SYS_chown, "seen/f", -1, -1), -EACCES);
	CHECK_EQ(sys(SYS_truncate, "seen/f", 0), -EACCES);
	CHECK_EQ(sys(SYS_truncate, "seen/sub/g", 0), 0);
	CHECK_EQ(sys(SYS_utimensat, AT_FDCWD, "seen/f", NULL, 0), -EACCES);
	CHECK_EQ(sys(SYS_utimensat, AT_FDCWD, "seen/sub/g", NULL, 0), 0);
	CHECK_EQ(sys(SYS_lstat, "hidden/h", &st), -ENOENT);
	CHECK_EQ(sys(SYS_statfs, "/", list), -ENOENT);
	CHECK_EQ(sys(SYS_chdir, "hidden"), -ENOENT);
	CHECK_EQ(sys(SYS_listxattr, "hidden/h", list, sizeof(list)), -ENOENT);
	CHECK_EQ(open_it("seen/sub/g", O_RDWR | O_TRUNC), 0);
	CHECK_EQ(open_it("seen/f", O_RDONLY | O_TRUNC), -EACCES);
	CHECK_EQ(open_it("hidden/h", O_PATH), -ENOENT);
}

CASE(sockets_by_name)
{
	struct sockaddr_un in = { AF_UNIX, "seen/sock" }, out = { AF_UNIX, "hidden/sock" };
	int a, b;

	tree();
	a = socket(AF_UNIX, SOCK_DGRAM, 0);
	b = socket(AF_UNIX, SOCK_DGRAM, 0);
	CHECK_EQ(sys(SYS_bind, b, &out, sizeof(out)), 0);
	CHECK_EQ(unveil("seen", "rwc"), 0);
	CHECK_EQ(sys(SYS_connect, a, &out, sizeof(out)), -ENOENT);
	CHECK_EQ(sys(SYS_bind, a, &in, sizeof(in)), 0);
	CHECK_EQ(sys(SYS_connect, a, &in, sizeof(in)), 0);
	out.sun_path[0] = 'H';
	CHECK_EQ(sys(SYS_bind, socket(AF_UNIX, SOCK_DGRAM, 0), &out, sizeof(out)), -ENOENT);
}

static int ktap_helper(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "@open") == 0)
		return (int)-open_it(argv[2], O_RDONLY);
	return 2;
}

CASE(exec_and_fork_keep_the_view)
{
	char *argv[] = { (char *)"t", (char *)"@open", (char *)"hidden/h", NULL };
	pid_t pid;

	tree();
	CHECK_EQ(unveil("seen", "r"), 0);
	CHECK_EQ(unveil(ktap_self, "x"), 0);
	pid = ktap_fork();
	if (pid == 0) {
		sys(SYS_execve, "/bin/busybox", argv, NULL);	/* hidden */
		sys(SYS_execve, ktap_self, argv, NULL);
		_exit(99);
	}
	CHECK_EXIT(pid, ENOENT);
	argv[2] = (char *)"seen/f";
	pid = ktap_fork();
	if (pid == 0) {
		if (sys(SYS_execve, "seen/f", argv, NULL) != -EACCES)	/* no x */
			_exit(98);
		sys(SYS_execve, ktap_self, argv, NULL);
		_exit(99);
	}
	CHECK_EXIT(pid, 0);
	IN_CHILD(pid) {
		CHECK_EQ(unveil("hidden", "r"), 0);	/* the child's own: not locked yet */
		CHECK_EQ(open_it("hidden/h", O_RDONLY), 0);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(open_it("hidden/h", O_RDONLY), -ENOENT);
}
