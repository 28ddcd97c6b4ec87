/* SPDX-License-Identifier: MIT */
/*
 * unveil_escape_test.c - every way to a hidden file times every call that takes a path: none may succeed, and none may
 * tell whether the file exists. Linux has no unveil: all skipped.
 */
#include "ktap.h"

#include <limits.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/un.h>
#include <sys/xattr.h>

#define SYS_PLEDGE 1025
#define SYS_UNVEIL 1026
#define NR_OPENAT2 437
#define NR_FACCESSAT2 439

static char top[64];
static int dir_fd = -1, path_fd = -1, before_fd = -1;	/* hidden, as read and as O_PATH; hidden/secret as O_PATH */

/* ---- calls: each returns what the kernel returned ------------------------------------------------------------- */

typedef long op_fn(int at, const char *path);

static long closed(long fd)
{
	if (fd >= 0)
		sys(SYS_close, fd);
	return fd;
}

static long op_open(int at, const char *p) { return closed(sys(SYS_openat, at, p, O_RDONLY)); }
static long op_open_write(int at, const char *p) { return closed(sys(SYS_openat, at, p, O_WRONLY)); }
static long op_open_trunc(int at, const char *p) { return closed(sys(SYS_openat, at, p, O_RDWR | O_TRUNC)); }
static long op_open_path(int at, const char *p) { return closed(sys(SYS_openat, at, p, O_PATH)); }
static long op_creat(int at, const char *p) { return closed(sys(SYS_openat, at, p, O_WRONLY | O_CREAT, 0600)); }
static long op_creat_new(int at, const char *p)
{
	return closed(sys(SYS_openat, at, p, O_WRONLY | O_CREAT | O_EXCL, 0600));
}
static long op_openat2(int at, const char *p)
{
	uint64_t how[3] = { O_RDONLY, 0, 0 };

	return closed(sys(NR_OPENAT2, at, p, how, sizeof(how)));
}
static long op_stat(int at, const char *p)
{
	struct stat st;

	return sys(SYS_newfstatat, at, p, &st, 0);
}
static long op_lstat(int at, const char *p)
{
	struct stat st;

	return sys(SYS_newfstatat, at, p, &st, AT_SYMLINK_NOFOLLOW);
}
static long op_statx(int at, const char *p)
{
	char buf[256];

	return sys(332, at, p, 0, 0x7ff, buf);
}
static long op_access(int at, const char *p) { return sys(SYS_faccessat, at, p, F_OK); }
static long op_access_write(int at, const char *p) { return sys(NR_FACCESSAT2, at, p, W_OK, AT_EACCESS); }
static long op_readlink(int at, const char *p)
{
	char buf[64];

	return sys(SYS_readlinkat, at, p, buf, sizeof(buf));
}
static long op_chmod(int at, const char *p) { return sys(SYS_fchmodat, at, p, 0777); }
static long op_chown(int at, const char *p) { return sys(SYS_fchownat, at, p, getuid(), -1, 0); }
static long op_lchown(int at, const char *p) { return sys(SYS_fchownat, at, p, getuid(), -1, AT_SYMLINK_NOFOLLOW); }
static long op_utimes(int at, const char *p) { return sys(SYS_utimensat, at, p, NULL, 0); }
static long op_unlink(int at, const char *p) { return sys(SYS_unlinkat, at, p, 0); }
static long op_rmdir(int at, const char *p) { return sys(SYS_unlinkat, at, p, AT_REMOVEDIR); }
static long op_mkdir(int at, const char *p) { return sys(SYS_mkdirat, at, p, 0700); }
static long op_mkfifo(int at, const char *p) { return sys(SYS_mknodat, at, p, S_IFIFO | 0600, 0); }
static long op_rename_from(int at, const char *p) { return sys(SYS_renameat, at, p, AT_FDCWD, "stolen"); }
static long op_rename_to(int at, const char *p) { return sys(SYS_renameat, AT_FDCWD, "g", at, p); }
static long op_exchange(int at, const char *p) { return sys(SYS_renameat2, AT_FDCWD, "g", at, p, 2); }
static long op_link_from(int at, const char *p) { return sys(SYS_linkat, at, p, AT_FDCWD, "hard", 0); }
static long op_link_follow(int at, const char *p)
{
	return sys(SYS_linkat, at, p, AT_FDCWD, "hard", AT_SYMLINK_FOLLOW);
}
static long op_link_to(int at, const char *p) { return sys(SYS_linkat, AT_FDCWD, "g", at, p, 0); }
static long op_symlink(int at, const char *p) { return sys(SYS_symlinkat, "x", at, p); }
static long op_exec(int at, const char *p)
{
	char *argv[] = { (char *)"x", NULL };

	return sys(SYS_execveat, at, p, argv, NULL, 0);
}
/* Calls without a folder: only for names that need none. */
static long op_truncate(int at, const char *p) { return at == AT_FDCWD ? sys(SYS_truncate, p, 0) : -ENOENT; }
static long op_chdir(int at, const char *p)
{
	long ret = at == AT_FDCWD ? sys(SYS_chdir, p) : -ENOENT;

	return ret == -ENOTDIR ? 0 : ret;	/* it would tell that there is a file */
}
static long op_chroot(int at, const char *p)
{
	long ret = at == AT_FDCWD ? sys(SYS_chroot, p) : -ENOENT;

	return ret == -ENOTDIR ? 0 : ret;
}
static long op_statfs(int at, const char *p)
{
	struct statfs st;

	return at == AT_FDCWD ? sys(SYS_statfs, p, &st) : -ENOENT;
}
static long op_getxattr(int at, const char *p)
{
	char buf[16];

	return at == AT_FDCWD ? sys(SYS_getxattr, p, "user.x", buf, sizeof(buf)) : -ENOENT;
}
static long op_setxattr(int at, const char *p)
{
	return at == AT_FDCWD ? sys(SYS_setxattr, p, "user.x", "y", 1, 0) : -ENOENT;
}
static long op_listxattr(int at, const char *p)
{
	char buf[64];

	return at == AT_FDCWD ? sys(SYS_listxattr, p, buf, sizeof(buf)) : -ENOENT;
}
static long op_watch(int at, const char *p)
{
	long fd = sys(SYS_inotify_init1, 0), ret;

	ret = at == AT_FDCWD ? sys(SYS_inotify_add_watch, fd, p, IN_ALL_EVENTS) : -ENOENT;
	sys(SYS_close, fd);
	return ret;
}
static long socket_op(long nr, int at, const char *p)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	long fd, ret;

	if (at != AT_FDCWD || strlen(p) >= sizeof(addr.sun_path))
		return -ENOENT;
	strcpy(addr.sun_path, p);
	fd = sys(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
	ret = sys(nr, fd, &addr, sizeof(addr));
	sys(SYS_close, fd);
	return ret == -ECONNREFUSED || ret == -EADDRINUSE ? 0 : ret;	/* both tell that there is something */
}
static long op_connect(int at, const char *p) { return socket_op(SYS_connect, at, p); }
static long op_bind(int at, const char *p) { return socket_op(SYS_bind, at, p); }
static long op_mount_on(int at, const char *p)
{
	long ret = at == AT_FDCWD ? sys(SYS_mount, "none", p, "tmpfs", 0, NULL) : -ENOENT;

	return ret == -ENOTDIR ? 0 : ret;
}
static long op_mount_from(int at, const char *p)
{
	return at == AT_FDCWD ? sys(SYS_mount, p, "g", NULL, MS_BIND, NULL) : -ENOENT;
}
static long op_umount(int at, const char *p)
{
	long ret = at == AT_FDCWD ? sys(SYS_umount2, p, MNT_DETACH) : -ENOENT;

	return ret == -EINVAL ? 0 : ret;
}

/* @follows: what a link in the last place names, not the link itself. */
static const struct {
	const char *name;
	op_fn *fn;
	bool follows;
} ops[] = {
	{ "open", op_open, 1 }, { "open_write", op_open_write, 1 }, { "open_trunc", op_open_trunc, 1 },
	{ "open_path", op_open_path, 1 }, { "creat", op_creat, 1 }, { "creat_new", op_creat_new, 0 },
	{ "openat2", op_openat2, 1 }, { "stat", op_stat, 1 }, { "lstat", op_lstat, 0 }, { "statx", op_statx, 1 },
	{ "access", op_access, 1 }, { "access_write", op_access_write, 1 }, { "readlink", op_readlink, 0 },
	{ "chmod", op_chmod, 1 }, { "chown", op_chown, 1 }, { "lchown", op_lchown, 0 }, { "utimes", op_utimes, 1 },
	{ "unlink", op_unlink, 0 }, { "rmdir", op_rmdir, 0 }, { "mkdir", op_mkdir, 0 }, { "mkfifo", op_mkfifo, 0 },
	{ "rename_from", op_rename_from, 0 }, { "rename_to", op_rename_to, 0 }, { "exchange", op_exchange, 0 },
	{ "link_from", op_link_from, 0 }, { "link_follow", op_link_follow, 1 }, { "link_to", op_link_to, 0 },
	{ "symlink", op_symlink, 0 }, { "exec", op_exec, 1 }, { "truncate", op_truncate, 1 }, { "chdir", op_chdir, 1 },
	{ "chroot", op_chroot, 1 }, { "statfs", op_statfs, 1 }, { "getxattr", op_getxattr, 1 },
	{ "setxattr", op_setxattr, 1 }, { "listxattr", op_listxattr, 1 }, { "watch", op_watch, 1 },
	{ "connect", op_connect, 1 }, { "bind", op_bind, 0 }, { "mount_on", op_mount_on, 1 },
	{ "mount_from", op_mount_from, 1 }, { "umount", op_umount, 1 },
};

/* ---- ways: "%s" is the top, "%d" a descriptor, '@' the name of what is hidden ------------------------------------ */

enum base { FROM_CWD, FROM_DIR, FROM_PATH };

static const struct {
	const char *path;
	enum base base;
	bool link;	/* the last name is a link that is seen */
	int fd;		/* of "%d": 0 none, 1 dir_fd, 2 path_fd, 3 before_fd */
} ways[] = {
	{ "%s/hidden/@", FROM_CWD, 0, 0 },
	{ "../hidden/@", FROM_CWD, 0, 0 },
	{ "./sub/../../hidden/@", FROM_CWD, 0, 0 },
	{ "%s/seen/../hidden/@", FROM_CWD, 0, 0 },
	{ "%s/hidden/sub/../@", FROM_CWD, 0, 0 },
	{ "/../../..%s/hidden/@", FROM_CWD, 0, 0 },
	{ "/dev/..%s/hidden/@", FROM_CWD, 0, 0 },
	{ "/proc/self/root%s/hidden/@", FROM_CWD, 0, 0 },
	{ "/proc/self/cwd/../hidden/@", FROM_CWD, 0, 0 },
	{ "up_@", FROM_CWD, 1, 0 },
	{ "abs_@", FROM_CWD, 1, 0 },
	{ "dirlink/@", FROM_CWD, 0, 0 },
	{ "chain/@", FROM_CWD, 0, 0 },
	{ "@", FROM_DIR, 0, 0 },
	{ "sub/../@", FROM_DIR, 0, 0 },
	{ "../hidden/@", FROM_DIR, 0, 0 },
	{ "@", FROM_PATH, 0, 0 },
	{ "../seen/../hidden/@", FROM_PATH, 0, 0 },
	{ "/proc/self/fd/%d/@", FROM_CWD, 0, 1 },
	{ "/proc/self/fd/%d/@", FROM_CWD, 0, 2 },
	{ "/proc/self/fd/%d/../hidden/@", FROM_CWD, 0, 2 },
	{ "/proc/thread-self/fd/%d/@", FROM_CWD, 0, 1 },
};

static const char *expand(char out[PATH_MAX], const char *path, int fd, const char *name)
{
	char *to = out;

	for (; *path; path++) {
		if (path[0] == '%' && path[1] == 's')
			to += sprintf(to, "%s", top), path++;
		else if (path[0] == '%')
			to += sprintf(to, "%d", fd), path++;
		else if (*path == '@')
			to += sprintf(to, "%s", name);
		else
			*to++ = *path;
	}
	*to = '\0';
	return out;
}

static void make(const char *path, int mode)
{
	int fd = open(path, O_RDWR | O_CREAT, 0666);

	REQUIRE(fd >= 0);
	REQUIRE(write(fd, "untouched", 9) == 9 && fchmod(fd, (mode_t)mode) == 0);
	close(fd);
}

/* hidden/{secret,sub/}, seen/{f,g,sub/} and links from seen to hidden; the working directory is seen. */
static void tree(void)
{
	char text[128];

	if (sys(SYS_PLEDGE, NULL, NULL) != 0)
		SKIP("no unveil");
	strcpy(top, "/tmp/escape.XXXXXX");
	REQUIRE(mkdtemp(top) != NULL && chmod(top, 0777) == 0 && chdir(top) == 0);
	REQUIRE_EQ(mkdir("seen", 0777) | mkdir("seen/sub", 0777), 0);
	REQUIRE_EQ(mkdir("hidden", 0777) | mkdir("hidden/sub", 0777), 0);
	make("hidden/secret", 0755);
	make("seen/f", 0755);
	make("seen/g", 0755);
	REQUIRE_EQ(chdir("seen"), 0);
	REQUIRE_EQ(symlink("../hidden/secret", "up_secret") | symlink("../hidden/nothing", "up_nothing"), 0);
	snprintf(text, sizeof(text), "%s/hidden/secret", top);
	REQUIRE_EQ(symlink(text, "abs_secret"), 0);
	snprintf(text, sizeof(text), "%s/hidden/nothing", top);
	REQUIRE_EQ(symlink(text, "abs_nothing"), 0);
	REQUIRE_EQ(symlink("../hidden", "dirlink") | symlink("sub/../dirlink", "chain"), 0);
	dir_fd = open("../hidden", O_RDONLY | O_DIRECTORY);
	path_fd = open("../hidden", O_PATH | O_DIRECTORY);
	before_fd = open("../hidden/secret", O_PATH);
	REQUIRE(dir_fd >= 0 && path_fd >= 0 && before_fd >= 0);
}

static void veil(void)
{
	REQUIRE_EQ(sys(SYS_UNVEIL, ".", "rwxc"), 0);
	REQUIRE_EQ(sys(SYS_UNVEIL, "/proc", "rwxc"), 0);
	REQUIRE_EQ(sys(SYS_UNVEIL, "/dev", "rw"), 0);
	REQUIRE_EQ(sys(SYS_UNVEIL, NULL, NULL), 0);
}

static bool is_untouched(void)
{
	char buf[16] = "";
	struct stat st;
	int fd, n = 0;
	DIR *d;

	if (chdir(top) != 0 || chdir("hidden") != 0)
		return false;
	fd = open("secret", O_RDONLY);
	if (fd < 0 || read(fd, buf, sizeof(buf)) != 9 || memcmp(buf, "untouched", 9) != 0)
		return false;
	if (fstat(fd, &st) != 0 || st.st_nlink != 1 || (st.st_mode & 07777) != 0755)
		return false;
	for (d = opendir("."); readdir(d);)
		n++;
	closedir(d);
	close(fd);
	return n == 4;	/* . .. secret sub */
}

static void try_all(void)
{
	char secret[PATH_MAX], nothing[PATH_MAX];
	unsigned tried = 0, told = 0;
	size_t w, o;

	for (w = 0; w < COUNT(ways); w++) {
		const int fds[] = { -1, dir_fd, path_fd, before_fd }, at[] = { AT_FDCWD, dir_fd, path_fd };

		expand(secret, ways[w].path, fds[ways[w].fd], "secret");
		expand(nothing, ways[w].path, fds[ways[w].fd], "nothing");
		for (o = 0; o < COUNT(ops); o++) {
			long there, not_there;

			if (ways[w].link && !ops[o].follows)
				continue;
			there = ops[o].fn(at[ways[w].base], secret);
			not_there = ops[o].fn(at[ways[w].base], nothing);
			tried += 2;
			if (there < 0 && there == not_there)
				continue;
			if (told++ < 20)
				NOTE("%s %s: %ld, and %ld for what is not there", ops[o].name, secret, there,
				    not_there);
		}
	}
	CHECK_EQ(told, 0);
	NOTE("%u attempts", tried);
}

CASE(no_way_by_any_call)
{
	pid_t pid;

	tree();
	IN_CHILD(pid) {
		veil();
		try_all();
	}
	CHECK_EXIT(pid, 0);
	CHECK(is_untouched());
}

/* The same with a working directory that is hidden itself, and from a child and after an exec's worth of unsharing. */
CASE(from_a_hidden_folder)
{
	char buf[PATH_MAX];
	pid_t pid, child;

	tree();
	IN_CHILD(pid) {
		veil();
		REQUIRE_EQ(sys(SYS_fchdir, dir_fd), 0);	/* it has that one; nothing is found from there */
		CHECK_EQ(op_open(AT_FDCWD, "secret"), -ENOENT);
		CHECK_EQ(op_stat(AT_FDCWD, "../seen/f"), -ENOENT);
		IN_CHILD(child) {
			CHECK_EQ(sys(SYS_unshare, CLONE_FS), 0);
			try_all();
		}
		CHECK_EXIT(child, 0);
	}
	CHECK_EXIT(pid, 0);
	IN_CHILD(pid) {
		REQUIRE_EQ(chdir("../hidden"), 0);
		REQUIRE_EQ(sys(SYS_UNVEIL, "../seen", "rwxc"), 0);
		REQUIRE_EQ(sys(SYS_UNVEIL, NULL, NULL), 0);
		CHECK_EQ(op_open(AT_FDCWD, "secret"), -ENOENT);
		CHECK_EQ(op_open(AT_FDCWD, "./secret"), -ENOENT);
		CHECK_EQ(op_open(AT_FDCWD, "../hidden/secret"), -ENOENT);
		CHECK_EQ(op_creat(AT_FDCWD, "new"), -ENOENT);
		CHECK_EQ(op_mkdir(AT_FDCWD, "new"), -ENOENT);
		CHECK_EQ(op_open(AT_FDCWD, "."), -ENOENT);
		CHECK_EQ(sys(SYS_getcwd, buf, sizeof(buf)) > 0, 1);	/* where it stood before is no secret */
	}
	CHECK_EXIT(pid, 0);
	CHECK(is_untouched());
}

/* Names that come and go in hidden folders while the walk is on its way. */
CASE(renames_meanwhile)
{
	char secret[128];
	pid_t pid, other;
	int i;

	tree();
	snprintf(secret, sizeof(secret), "%s/turn/secret", top);
	REQUIRE_EQ(chdir(top), 0);
	other = (pid_t)ktap_fork();
	if (other == 0)	/* the name "turn" is the seen folder, then the hidden one, then none */
		for (;;) {
			(void)!rename("seen/sub", "turn");
			(void)!rename("turn", "seen/sub");
			(void)!rename("hidden", "turn");
			(void)!rename("turn", "hidden");
		}
	IN_CHILD(pid) {
		REQUIRE_EQ(sys(SYS_UNVEIL, "seen", "rwxc"), 0);
		REQUIRE_EQ(sys(SYS_UNVEIL, NULL, NULL), 0);
		for (i = 0; i < 3000; i++) {
			CHECK(op_open(AT_FDCWD, secret) < 0);
			CHECK(op_open(AT_FDCWD, "turn/secret") < 0);
			CHECK(op_open(AT_FDCWD, "seen/sub/../../hidden/secret") < 0);
			CHECK(op_unlink(AT_FDCWD, "seen/sub/../secret") < 0);
		}
	}
	CHECK_EXIT(pid, 0);
	kill(other, SIGKILL);
	sys(SYS_wait4, other, NULL, 0, NULL);
	(void)!rename("turn", access("hidden", F_OK) ? "hidden" : "seen/sub");
	CHECK(is_untouched());
}
