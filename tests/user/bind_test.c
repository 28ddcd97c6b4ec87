/* SPDX-License-Identifier: MIT */
/*
 * bind_test.c - what root does with mounts: bind (one, a tree), move, settings of one mount and of a file system,
 * pivot_root, mountinfo; and the rest of a tmpfs: files without names, whiteouts, limits, modes of fallocate.
 * On Linux the cases of root work in a name space of their own; where even root may not mount, they skip.
 * Sources: man mount(2), umount(2), pivot_root(2), proc_pid_mountinfo(5), open(2) (O_TMPFILE), rename(2),
 * fallocate(2), lseek(2), tmpfs(5).
 */
#include "ktap.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#ifndef O_TMPFILE
#define O_TMPFILE (020000000 | O_DIRECTORY)
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
enum { NOREPLACE = 1, EXCHANGE = 2, WHITEOUT = 4, KEEP_SIZE = 1, PUNCH_HOLE = 2, COLLAPSE = 8, ZERO_RANGE = 16 };

/* Before main: a file system that is a tmpfs on Linux too. */
__attribute__((constructor)) static void use_tmpfs(void)
{
	setenv("TMPDIR", "/dev/shm", 1);
}

static bool exists(const char *path)
{
	return sys(SYS_access, path, F_OK) == 0;
}

static void begin_mounts(void)
{
	scratch();
	REQUIRE_EQ(mkdir("m", 0755), 0);
	REQUIRE_EQ(mkdir("n", 0755), 0);
	if (!is_root())
		SKIP("needs root");
	if (on_exo())
		return;
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		SKIP("this root may not mount");
}

static long do_mount(const char *from, const char *to, const char *type, unsigned long flags, const char *data)
{
	return sys(SYS_mount, from, to, type, flags, data);
}

/* The line of mountinfo whose place ends with @name, or "". */
static const char *mountinfo(const char *name)
{
	static char line[1024];
	FILE *f = fopen("/proc/self/mountinfo", "r");
	char place[512];

	REQUIRE(f);
	while (fgets(line, sizeof(line), f)) {
		size_t len, want = strlen(name);

		if (sscanf(line, "%*d %*d %*s %*s %511s", place) != 1)
			continue;
		len = strlen(place);
		if (len >= want && !strcmp(place + len - want, name)) {
			fclose(f);
			return line;
		}
	}
	fclose(f);
	return "";
}

/* ---- mounts --------------------------------------------------------------------------------------------------- */

CASE(bind_one_and_tree)
{
	begin_mounts();
	REQUIRE_EQ(do_mount("none", "m", "tmpfs", 0, "size=1m"), 0);
	REQUIRE_EQ(mkdir("m/sub", 0700), 0);
	REQUIRE_EQ(mkdir("m/sub/deep", 0700), 0);
	REQUIRE_EQ(do_mount("none", "m/sub", "tmpfs", 0, "size=1m"), 0);
	REQUIRE(put_file("m/sub/inner", "", 0, 0600));
	CHECK_EQ(do_mount("m", "n", NULL, MS_BIND, NULL), 0);
	CHECK(exists("n/sub") && !exists("n/sub/inner"));	/* what lies below the inner mount */
	CHECK(exists("n/sub/deep"));
	CHECK_EQ(sys(SYS_umount2, "n", 0), 0);
	CHECK_EQ(do_mount("m", "n", NULL, MS_BIND | MS_REC, NULL), 0);
	CHECK(exists("n/sub/inner"));
	REQUIRE(put_file("n/sub/both", "", 0, 0600));
	CHECK(exists("m/sub/both"));
	CHECK_EQ(sys(SYS_umount2, "n", 0), -EBUSY);	/* the inner one is mounted on it */
	CHECK_EQ(sys(SYS_umount2, "n/sub", 0), 0);
	CHECK(exists("m/sub/inner"));
	CHECK_EQ(sys(SYS_umount2, "n", 0), 0);
	CHECK_EQ(do_mount("m/sub/inner", "n", NULL, MS_BIND, NULL), -ENOTDIR);
	CHECK_EQ(do_mount("none/such", "n", NULL, MS_BIND, NULL), -ENOENT);
	REQUIRE(put_file("file", "", 0, 0600));
	CHECK_EQ(do_mount("m/sub/inner", "file", NULL, MS_BIND, NULL), 0);
	CHECK_EQ(sys(SYS_unlink, "file"), -EBUSY);
	CHECK_EQ(sys(SYS_umount2, "file", 0), 0);
	CHECK_EQ(sys(SYS_umount2, "m", MNT_DETACH), 0);	/* with the inner one */
	CHECK(!exists("m/sub"));
}

CASE(bind_settings_of_one_mount)
{
	struct statfs fs;

	begin_mounts();
	REQUIRE_EQ(do_mount("none", "m", "tmpfs", 0, "size=1m"), 0);
	REQUIRE_EQ(do_mount("m", "n", NULL, MS_BIND, NULL), 0);
	CHECK_EQ(do_mount(NULL, "n", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOEXEC, NULL), 0);
	CHECK_EQ(sys(SYS_mkdir, "n/d", 0700), -EROFS);
	CHECK_EQ(sys(SYS_mkdir, "m/d", 0700), 0);	/* the other stays as it was */
	CHECK_EQ(sys(SYS_rmdir, "n/d"), -EROFS);
	CHECK_EQ(sys(SYS_chmod, "n/d", 0755), -EROFS);
	CHECK_EQ(statfs("n", &fs), 0);
	CHECK(fs.f_flags & 1);
	CHECK_EQ(statfs("m", &fs), 0);
	CHECK(!(fs.f_flags & 1));
	CHECK_EQ(do_mount(NULL, "n", NULL, MS_REMOUNT | MS_BIND, NULL), 0);
	CHECK_EQ(sys(SYS_rmdir, "n/d"), 0);
	/* The whole file system: by any mount. */
	CHECK_EQ(do_mount(NULL, "n", NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	CHECK_EQ(sys(SYS_mkdir, "m/d", 0700), -EROFS);
	CHECK_EQ(do_mount(NULL, "m", NULL, MS_REMOUNT, NULL), 0);
	CHECK_EQ(sys(SYS_mkdir, "m/d", 0700), 0);
	CHECK_EQ(do_mount(NULL, "m/d", NULL, MS_REMOUNT | MS_BIND, NULL), -EINVAL);	/* no mount */
	CHECK_EQ(sys(SYS_umount2, "n", 0), 0);
	CHECK_EQ(sys(SYS_umount2, "m", 0), 0);
}

CASE(bind_move)
{
	begin_mounts();
	REQUIRE_EQ(do_mount("none", "m", "tmpfs", 0, "size=1m"), 0);
	REQUIRE_EQ(mkdir("m/sub", 0700), 0);
	REQUIRE_EQ(do_mount("none", "m/sub", "tmpfs", 0, "size=1m"), 0);
	REQUIRE(put_file("m/sub/f", "", 0, 0600));
	CHECK_EQ(do_mount("m", "n", NULL, MS_MOVE, NULL), 0);
	CHECK(exists("n/sub/f") && !exists("m/sub"));
	CHECK_EQ(sys(SYS_umount2, "m", 0), -EINVAL);
	CHECK_EQ(do_mount("n", "n/sub", NULL, MS_MOVE, NULL), -ELOOP);
	CHECK_EQ(mkdir("n/x", 0700), 0);
	CHECK_EQ(do_mount("n/x", "m", NULL, MS_MOVE, NULL), -EINVAL);	/* no mount */
	CHECK_EQ(do_mount("n/sub", "m", NULL, MS_MOVE, NULL), 0);
	CHECK(exists("m/f"));
	CHECK_EQ(sys(SYS_umount2, "n", 0), 0);
	CHECK_EQ(sys(SYS_umount2, "m", 0), 0);
}

CASE(mount_propagation_flags)
{
	begin_mounts();
	REQUIRE_EQ(do_mount("none", "m", "tmpfs", 0, "size=1m"), 0);
	CHECK_EQ(do_mount(NULL, "m", NULL, MS_PRIVATE, NULL), 0);
	CHECK_EQ(do_mount(NULL, "m", NULL, MS_PRIVATE | MS_REC, NULL), 0);
	CHECK_EQ(do_mount(NULL, "m", NULL, MS_SLAVE, NULL), 0);
	CHECK_EQ(do_mount(NULL, "m", NULL, MS_SLAVE | MS_PRIVATE, NULL), -EINVAL);
	CHECK_EQ(do_mount(NULL, "m", NULL, MS_PRIVATE | MS_NOEXEC, NULL), -EINVAL);
	CHECK_EQ(do_mount(NULL, "n", NULL, MS_PRIVATE, NULL), -EINVAL);	/* no mount */
	CHECK_EQ(do_mount(NULL, "m", NULL, MS_UNBINDABLE, NULL), 0);
	CHECK_EQ(do_mount("m", "n", NULL, MS_BIND, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_umount2, "m", 0), 0);
}

CASE(mountinfo_lines)
{
	char root[128], opts[128];
	const char *line;

	begin_mounts();
	REQUIRE_EQ(do_mount("source", "m", "tmpfs", MS_NOSUID, "size=1m"), 0);
	REQUIRE_EQ(mkdir("m/a b", 0700), 0);
	REQUIRE_EQ(do_mount("m/a b", "n", NULL, MS_BIND, NULL), 0);
	line = mountinfo("/m");
	CHECK_EQ(sscanf(line, "%*d %*d %*d:%*d %127s %*s %127s", root, opts), 2);
	CHECK_STR(root, "/");
	CHECK_STR(opts, "rw,nosuid,relatime");
	CHECK(strstr(line, " - tmpfs source rw,size=1024k"));
	line = mountinfo("/n");
	CHECK_EQ(sscanf(line, "%*d %*d %*d:%*d %127s %*s %127s", root, opts), 2);
	CHECK_STR(root, "/a\\040b");
	CHECK_EQ(do_mount(NULL, "n", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOATIME, NULL), 0);
	CHECK(strstr(mountinfo("/n"), " ro,noatime - tmpfs source rw,"));
	CHECK_EQ(sys(SYS_umount2, "n", 0), 0);
	CHECK_EQ(sys(SYS_umount2, "m", 0), 0);
	CHECK_STR(mountinfo("/m"), "");
}

CASE(pivot_root_in_chroot)
{
	char here[512];
	pid_t pid;

	begin_mounts();
	REQUIRE(getcwd(here, sizeof(here)));
	REQUIRE_EQ(do_mount("none", "m", "tmpfs", 0, "size=1m"), 0);	/* the root of the child */
	REQUIRE_EQ(mkdir("m/new", 0755), 0);
	REQUIRE_EQ(do_mount("none", "m/new", "tmpfs", 0, "size=1m"), 0);
	REQUIRE_EQ(mkdir("m/new/old", 0755), 0);
	REQUIRE(put_file("m/in_old", "", 0, 0600));
	REQUIRE(put_file("m/new/in_new", "", 0, 0600));
	IN_CHILD(pid) {
		REQUIRE_EQ(chroot("m"), 0);
		REQUIRE_EQ(chdir("/"), 0);
		CHECK_EQ(sys(SYS_pivot_root, "/", "/"), -EBUSY);
		CHECK_EQ(sys(SYS_pivot_root, "/none", "/"), -ENOENT);
		REQUIRE_EQ(sys(SYS_pivot_root, "new", "new/old"), 0);
		CHECK(exists("/in_new") && exists("/old/in_old") && !exists("/in_old"));
		CHECK(exists("in_new"));	/* the working directory went along */
		CHECK_EQ(sys(SYS_umount2, "/old", 0), 0);
		CHECK(!exists("/old/in_old"));
		CHECK_EQ(sys(SYS_pivot_root, ".", "."), -EBUSY);
		if (drop_root())
			CHECK_EQ(sys(SYS_pivot_root, "new", "new/old"), -EPERM);
	}
	CHECK_EXIT(pid, 0);
	CHECK(exists("m/in_new"));	/* what was at m now */
	CHECK_EQ(sys(SYS_umount2, "m", 0), 0);
}

CASE(umount_of_what_is_in_use)
{
	int fd;

	begin_mounts();
	CHECK_EQ(sys(SYS_umount2, "m", 0), -EINVAL);
	CHECK_EQ(sys(SYS_umount2, "m", 0x100), -EINVAL);
	REQUIRE_EQ(do_mount("none", "m", "tmpfs", 0, "size=1m"), 0);
	fd = open("m", O_RDONLY);
	CHECK_EQ(sys(SYS_umount2, "m", 0), -EBUSY);
	CHECK_EQ(sys(SYS_umount2, "m", MNT_DETACH), 0);
	CHECK_EQ(sys(SYS_mkdirat, fd, "d", 0700), 0);	/* it lives on */
	close(fd);
	REQUIRE_EQ(do_mount("none", "m", "tmpfs", 0, "size=1m"), 0);
	REQUIRE_EQ(symlink("m", "l"), 0);
	CHECK_EQ(sys(SYS_umount2, "l", UMOUNT_NOFOLLOW), -EINVAL);
	CHECK_EQ(sys(SYS_umount2, "l", 0), 0);
}

/* ---- tmpfs ---------------------------------------------------------------------------------------------------- */

CASE(tmpfs_options_and_limits)
{
	static char page[4096];
	struct statfs fs;
	char name[16];
	long i, ret = 0;
	int fd;

	begin_mounts();
	CHECK_EQ(do_mount("none", "m", "tmpfs", 0, "size=x"), -EINVAL);
	CHECK_EQ(do_mount("none", "m", "tmpfs", 0, "nonsense"), -EINVAL);
	CHECK_EQ(do_mount("none", "m", "tmpfs", 0, "mode=9"), -EINVAL);
	REQUIRE_EQ(do_mount("none", "m", "tmpfs", 0, "size=64k,nr_inodes=8,mode=0700,uid=1,gid=2"), 0);
	CHECK_EQ(statfs("m", &fs), 0);
	CHECK_EQ(fs.f_blocks, 16);
	CHECK_EQ(fs.f_files, 8);
	CHECK_EQ(fs.f_ffree, 7);
	for (i = 0; i < 20 && !ret; i++) {
		snprintf(name, sizeof(name), "m/%ld", i);
		ret = sys(SYS_mkdir, name, 0700);
	}
	CHECK_EQ(ret, -ENOSPC);
	CHECK_EQ(i, 8);	/* the eighth, since the root is one */
	CHECK_EQ(sys(SYS_rmdir, "m/0"), 0);
	REQUIRE(put_file("m/f", "", 0, 0600));
	CHECK_EQ(sys(SYS_link, "m/f", "m/g"), -ENOSPC);	/* further names count too */
	CHECK_EQ(do_mount(NULL, "m", NULL, MS_REMOUNT, "nr_inodes=16"), 0);
	CHECK_EQ(sys(SYS_link, "m/f", "m/g"), 0);
	CHECK_EQ(do_mount(NULL, "m", NULL, MS_REMOUNT, "nr_inodes=2"), -EINVAL);	/* more are there */
	fd = open("m/f", O_RDWR);
	for (i = 0; i < 16; i++)
		CHECK_EQ(write(fd, page, sizeof(page)), 4096);
	CHECK_EQ(sys(SYS_write, fd, page, sizeof(page)), -ENOSPC);
	CHECK_EQ(do_mount(NULL, "m", NULL, MS_REMOUNT, "size=32k"), -EINVAL);
	CHECK_EQ(do_mount(NULL, "m", NULL, MS_REMOUNT, "size=128k"), 0);
	CHECK_EQ(sys(SYS_write, fd, page, sizeof(page)), 4096);
	close(fd);
	CHECK_EQ(sys(SYS_umount2, "m", 0), 0);
}

CASE(tmpfs_files_without_names)
{
	char link[64], text[256] = "";
	struct stat st;
	int fd;

	scratch();
	umask(027);
	fd = (int)sys(SYS_openat, AT_FDCWD, ".", O_TMPFILE | O_RDWR, 0666);
	REQUIRE(fd >= 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0640);
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(write(fd, "hidden", 6), 6);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	CHECK(readlink(link, text, sizeof(text) - 1) > 0);
	CHECK(strstr(text, "/#") && strstr(text, " (deleted)"));
	CHECK_EQ(sys(SYS_linkat, AT_FDCWD, link, AT_FDCWD, "f", AT_SYMLINK_FOLLOW), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_nlink, 1);
	CHECK_EQ(stat("f", &st), 0);
	CHECK_EQ(st.st_size, 6);
	if (is_root())
		CHECK_EQ(sys(SYS_linkat, fd, "", AT_FDCWD, "g", AT_EMPTY_PATH), 0);
	close(fd);
	CHECK_EQ(unlink("f"), 0);
	fd = (int)sys(SYS_openat, AT_FDCWD, ".", O_TMPFILE | O_RDWR | O_EXCL, 0600);
	REQUIRE(fd >= 0);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	CHECK_EQ(sys(SYS_linkat, AT_FDCWD, link, AT_FDCWD, "f", AT_SYMLINK_FOLLOW), -ENOENT);
	close(fd);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, ".", O_TMPFILE, 0600), -EINVAL);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, ".", O_TMPFILE | O_CREAT | O_RDWR, 0600), -EINVAL);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "none", O_TMPFILE | O_RDWR, 0600), -ENOENT);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "/proc", O_TMPFILE | O_RDWR, 0600), is_root() ? -EOPNOTSUPP : -EACCES);
	REQUIRE(put_file("file", "", 0, 0600));
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "file", O_TMPFILE | O_RDWR, 0600), -ENOTDIR);
	REQUIRE_EQ(mkdir("d", 0500), 0);
	if (!is_root() || drop_root())
		CHECK_EQ(sys(SYS_openat, AT_FDCWD, "d", O_TMPFILE | O_RDWR, 0600), -EACCES);
}

static long renameat2_(const char *from, const char *to, unsigned flags)
{
	return sys(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

CASE(tmpfs_rename_flags)
{
	struct stat st;

	scratch();
	REQUIRE(put_file("a", "a", 1, 0600));
	REQUIRE(put_file("b", "bb", 2, 0600));
	CHECK_EQ(renameat2_("a", "b", NOREPLACE), -EEXIST);
	CHECK_EQ(renameat2_("a", "b", EXCHANGE), 0);
	CHECK_EQ(stat("a", &st), 0);
	CHECK_EQ(st.st_size, 2);
	CHECK_EQ(renameat2_("a", "b", EXCHANGE | NOREPLACE), -EINVAL);
	CHECK_EQ(renameat2_("a", "b", EXCHANGE | WHITEOUT), -EINVAL);
	CHECK_EQ(renameat2_("a", "b", 8), -EINVAL);
	if (!is_root()) {
		/* Linux 5.8 gave this to everybody. */
		long ret = renameat2_("a", "b", WHITEOUT);

		CHECK(ret == 0 || ret == -EPERM);
		return;
	}
	CHECK_EQ(renameat2_("a", "b", WHITEOUT), 0);
	CHECK_EQ(lstat("a", &st), 0);
	CHECK_EQ(st.st_mode, S_IFCHR);
	CHECK_EQ(st.st_rdev, 0);
	CHECK_EQ(stat("b", &st), 0);
	CHECK_EQ(st.st_size, 2);
	CHECK_EQ(renameat2_("b", "c", WHITEOUT | NOREPLACE), 0);
	CHECK(exists("c") && exists("b"));
}

CASE(tmpfs_fallocate_modes)
{
	static char data[20000];
	struct stat st;
	char c = 1;
	int fd;

	scratch();
	memset(data, 'x', sizeof(data));
	fd = open("f", O_RDWR | O_CREAT, 0600);
	REQUIRE_EQ(write(fd, data, sizeof(data)), (long)sizeof(data));
	CHECK_EQ(sys(SYS_fallocate, fd, PUNCH_HOLE, 4096, 8192), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_fallocate, fd, ZERO_RANGE, 4096, 8192), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_fallocate, fd, ZERO_RANGE | KEEP_SIZE, 4096, 8192), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_fallocate, fd, COLLAPSE, 4096, 8192), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_fallocate, fd, PUNCH_HOLE | KEEP_SIZE, 4096, 8192), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_blocks, 24);
	CHECK_EQ(lseek(fd, 0, SEEK_HOLE), 4096);
	CHECK_EQ(lseek(fd, 4096, SEEK_DATA), 12288);
	CHECK_EQ(lseek(fd, 12288, SEEK_HOLE), 20000);
	CHECK_EQ(sys(SYS_lseek, fd, 20000, SEEK_DATA), -ENXIO);
	CHECK_EQ(pread(fd, &c, 1, 5000), 1);
	CHECK_EQ(c, 0);
	CHECK_EQ(sys(SYS_fallocate, fd, PUNCH_HOLE | KEEP_SIZE, 100, 200), 0);	/* a part of a page is cleared */
	CHECK_EQ(pread(fd, &c, 1, 150), 1);
	CHECK_EQ(c, 0);
	CHECK_EQ(pread(fd, &c, 1, 99), 1);
	CHECK_EQ(c, 'x');
	CHECK_EQ(sys(SYS_fallocate, fd, KEEP_SIZE, 40000, 8192), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, 20000);
	CHECK_EQ(sys(SYS_fallocate, fd, 0, 30000, 10000), 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_size, 40000);
	CHECK_EQ(sys(SYS_fallocate, fd, 0, -1, 10), -EINVAL);
	CHECK_EQ(sys(SYS_fallocate, fd, 0, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_fallocate, fd, 0, 0x7fffffffffffff00, 4096), -EFBIG);
}

/* ---- many names ----------------------------------------------------------------------------------------------- */

/* Half of them are removed while the folder is listed; positions stay good. */
CASE(tmpfs_many_names)
{
	const long n = getenv("KTAP_MANY") ? atol(getenv("KTAP_MANY")) : 10000;
	long i, seen = 0, middle = -1;
	struct dirent *e;
	char name[32];
	DIR *dir;

	begin_mounts();
	if (do_mount("none", "m", "tmpfs", 0, "size=1m,nr_inodes=0"))
		SKIP("no tmpfs without a limit here");
	REQUIRE(put_file("m/f", "", 0, 0600));
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "m/%ld", i);
		REQUIRE_EQ(sys(SYS_link, "m/f", name), 0);
	}
	CHECK_EQ(sys(SYS_link, "m/f", name), -EEXIST);
	dir = opendir("m");
	REQUIRE(dir);
	while ((e = readdir(dir))) {
		if (++seen == n / 2)
			middle = telldir(dir);
	}
	CHECK_EQ(seen, n + 3);
	seekdir(dir, middle);
	for (seen = 0; (e = readdir(dir)); seen++)
		if (e->d_name[0] != '.' && e->d_name[0] != 'f' && seen % 2) {
			snprintf(name, sizeof(name), "m/%s", e->d_name);
			CHECK_EQ(unlink(name), 0);
		}
	CHECK_EQ(seen, n + 3 - n / 2);
	closedir(dir);
	for (i = 0; i < n; i += n / 100) {
		snprintf(name, sizeof(name), "m/%ld", i);
		(void)exists(name);
	}
	CHECK_EQ(sys(SYS_umount2, "m", 0), 0);
}
