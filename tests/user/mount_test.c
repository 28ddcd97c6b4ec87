/* SPDX-License-Identifier: MIT */
/*
 * mount_test.c - the shape of the name space: mounts, bind mounts, chroot, fchdir, and what file systems tell of
 * themselves. On Linux the cases of root work in a name space of their own; where even root may not mount, they skip.
 * Sources: man mount(2), umount(2), chroot(2), fchdir(2), fstatfs(2), path_resolution(7).
 */
#include "ktap.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/statfs.h>

static bool exists(const char *path)
{
	return sys(SYS_access, path, F_OK) == 0;
}

/* Mounts made from here on are ours alone; false where this root may not mount. */
static bool own_mounts(void)
{
	if (!is_root())
		return false;
	if (on_exo())
		return true;
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

CASE(mount_tmpfs_hides_and_unmount_shows)
{
	struct stat over, under;

	scratch();
	REQUIRE_EQ(mkdir("m", 0700), 0);
	REQUIRE(put_file("m/below", "b", 1, 0600));
	if (!own_mounts())
		SKIP("needs root that may mount");
	CHECK_EQ(sys(SYS_stat, "m", &under), 0);
	REQUIRE_EQ(sys(SYS_mount, "none", "m", "tmpfs", 0, "size=1m,mode=0751"), 0);
	CHECK_EQ(sys(SYS_stat, "m", &over), 0);
	CHECK(over.st_dev != under.st_dev);
	CHECK_EQ(over.st_mode, S_IFDIR | 0751);
	CHECK(!exists("m/below"));
	REQUIRE(put_file("m/above", "a", 1, 0600));
	CHECK_EQ(sys(SYS_rename, "m/above", "above"), -EXDEV);
	CHECK_EQ(sys(SYS_link, "m/above", "above"), -EXDEV);
	CHECK_EQ(sys(SYS_rmdir, "m"), -EBUSY);
	CHECK_EQ(sys(SYS_rename, "m", "n"), -EBUSY);
	CHECK(exists("m/../m/above"));	/* ".." leaves the mount */
	CHECK_EQ(sys(SYS_umount2, "m", 0), 0);
	CHECK(exists("m/below") && !exists("m/above"));
	CHECK_EQ(sys(SYS_umount2, "m", 0), -EINVAL);	/* no mount any more */
}

CASE(mount_full_file_system)
{
	static char block[65536];
	long n, total = 0;
	int fd;

	scratch();
	REQUIRE_EQ(mkdir("m", 0700), 0);
	if (!own_mounts())
		SKIP("needs root that may mount");
	REQUIRE_EQ(sys(SYS_mount, "none", "m", "tmpfs", 0, "size=256k"), 0);
	fd = open("m/f", O_RDWR | O_CREAT, 0600);
	REQUIRE(fd >= 0);
	while ((n = sys(SYS_write, fd, block, sizeof(block))) > 0)
		total += n;
	CHECK_EQ(n, -ENOSPC);
	CHECK(total > 128 * 1024 && total <= 256 * 1024);
	CHECK_EQ(sys(SYS_ftruncate, fd, 0), 0);
	CHECK(sys(SYS_pwrite64, fd, block, sizeof(block), 0) > 0);	/* room again */
	close(fd);
	CHECK_EQ(sys(SYS_umount2, "m", 0), 0);
}

CASE(mount_busy_and_detached)
{
	int fd;
	char c;

	scratch();
	REQUIRE_EQ(mkdir("m", 0700), 0);
	if (!own_mounts())
		SKIP("needs root that may mount");
	REQUIRE_EQ(sys(SYS_mount, "none", "m", "tmpfs", 0, NULL), 0);
	REQUIRE(put_file("m/f", "x", 1, 0600));
	fd = open("m/f", O_RDONLY);
	CHECK_EQ(sys(SYS_umount2, "m", 0), -EBUSY);	/* a file is open */
	CHECK_EQ(sys(SYS_umount2, "m", MNT_DETACH), 0);
	CHECK(!exists("m/f"));
	CHECK_EQ(sys(SYS_pread64, fd, &c, 1, 0), 1);	/* it lives until the last close */
	close(fd);
	REQUIRE_EQ(sys(SYS_mount, "none", "m", "tmpfs", 0, NULL), 0);
	REQUIRE_EQ(chdir("m"), 0);
	CHECK_EQ(sys(SYS_umount2, "../m", 0), -EBUSY);	/* somebody's directory */
	REQUIRE_EQ(chdir(".."), 0);
	CHECK_EQ(sys(SYS_umount2, "m", 0), 0);
}

/* What a process runs or has mapped keeps the mount busy, and lives on in a detached one. */
CASE(mount_mapped_file_keeps_it_busy)
{
	char *p;
	int fd;

	scratch();
	REQUIRE_EQ(mkdir("m", 0700), 0);
	if (!own_mounts())
		SKIP("needs root that may mount");
	REQUIRE_EQ(sys(SYS_mount, "none", "m", "tmpfs", 0, NULL), 0);
	REQUIRE(put_file("m/f", "mapped", 6, 0600));
	fd = open("m/f", O_RDWR);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	REQUIRE(p != MAP_FAILED);
	close(fd);
	CHECK_EQ(sys(SYS_umount2, "m", 0), -EBUSY);
	CHECK_EQ(sys(SYS_umount2, "m", MNT_DETACH), 0);
	CHECK(!memcmp(p, "mapped", 6));
	p[10] = 'x';
	CHECK_EQ(sys(SYS_munmap, p, 2 * PAGE), 0);
	REQUIRE_EQ(sys(SYS_mount, "none", "m", "tmpfs", 0, NULL), 0);
	CHECK(!exists("m/f"));
	CHECK_EQ(sys(SYS_umount2, "m", 0), 0);
}

CASE(mount_read_only_and_remount)
{
	scratch();
	REQUIRE_EQ(mkdir("m", 0700), 0);
	if (!own_mounts())
		SKIP("needs root that may mount");
	REQUIRE_EQ(sys(SYS_mount, "none", "m", "tmpfs", 0, NULL), 0);
	REQUIRE(put_file("m/f", "x", 1, 0600));
	CHECK_EQ(sys(SYS_mount, "none", "m", "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "m/f", O_WRONLY, 0), -EROFS);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "m/new", O_WRONLY | O_CREAT, 0600), -EROFS);
	CHECK_EQ(sys(SYS_unlink, "m/f"), -EROFS);
	CHECK_EQ(sys(SYS_mkdir, "m/d", 0700), -EROFS);
	CHECK_EQ(sys(SYS_chmod, "m/f", 0644), -EROFS);
	CHECK_EQ(sys(SYS_access, "m/f", W_OK), -EROFS);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "m/f", O_RDONLY, 0) >= 0, 1);
	CHECK_EQ(sys(SYS_truncate, "m/f", 0), -EROFS);
	CHECK_EQ(sys(SYS_mount, "none", "m", "tmpfs", MS_REMOUNT, NULL), 0);
	CHECK_EQ(sys(SYS_unlink, "m/f"), 0);
	CHECK_EQ(sys(SYS_umount2, "m", MNT_DETACH), 0);
}

CASE(mount_bind_shows_the_same_files)
{
	struct stat a, b;

	scratch();
	REQUIRE_EQ(mkdir("src", 0700), 0);
	REQUIRE_EQ(mkdir("dst", 0700), 0);
	REQUIRE(put_file("src/f", "x", 1, 0600));
	REQUIRE(put_file("file", "y", 1, 0600));
	REQUIRE(put_file("over", "z", 1, 0600));
	if (!own_mounts())
		SKIP("needs root that may mount");
	REQUIRE_EQ(sys(SYS_mount, "src", "dst", NULL, MS_BIND, NULL), 0);
	CHECK_EQ(sys(SYS_stat, "src/f", &a), 0);
	CHECK_EQ(sys(SYS_stat, "dst/f", &b), 0);
	CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
	REQUIRE(put_file("dst/g", "x", 1, 0600));
	CHECK(exists("src/g"));
	CHECK_EQ(sys(SYS_rename, "dst/g", "src/h"), -EXDEV);	/* another mount, though the same file system */
	CHECK_EQ(sys(SYS_link, "dst/g", "src/h"), -EXDEV);
	REQUIRE_EQ(sys(SYS_mount, "file", "over", NULL, MS_BIND, NULL), 0);	/* a file over a file */
	CHECK_EQ(sys(SYS_stat, "over", &b), 0);
	CHECK_EQ(sys(SYS_stat, "file", &a), 0);
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_EQ(sys(SYS_mount, "file", "dst", NULL, MS_BIND, NULL), -ENOTDIR);
	CHECK_EQ(sys(SYS_umount2, "over", 0), 0);
	CHECK_EQ(sys(SYS_umount2, "dst", 0), 0);
}

CASE(mount_errors)
{
	scratch();
	REQUIRE_EQ(mkdir("m", 0700), 0);
	REQUIRE(put_file("f", "", 0, 0600));
	REQUIRE_EQ(symlink("m", "l"), 0);
	CHECK_EQ(sys(SYS_mount, "none", "gone", "tmpfs", 0, NULL), -ENOENT);
	CHECK_EQ(sys(SYS_umount2, "gone", 0), -ENOENT);
	CHECK_EQ(sys(SYS_umount2, "m", 1 << 20), -EINVAL);
	if (!is_root()) {
		CHECK_EQ(sys(SYS_mount, "none", "m", "tmpfs", 0, NULL), -EPERM);
		CHECK_EQ(sys(SYS_umount2, "/proc", 0), -EPERM);
		return;
	}
	if (!own_mounts())
		SKIP("needs root that may mount");
	CHECK_EQ(sys(SYS_mount, "none", "m", "nosuchfs", 0, NULL), -ENODEV);
	CHECK_EQ(sys(SYS_mount, "none", "m", NULL, 0, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_mount, "none", "f", "tmpfs", 0, NULL), -ENOTDIR);
	CHECK_EQ(sys(SYS_mount, "none", NULL, "tmpfs", 0, NULL), -EFAULT);
	CHECK_EQ(sys(SYS_mount, "gone", "m", NULL, MS_BIND, NULL), -ENOENT);
	CHECK_EQ(sys(SYS_mount, "none", "m", "tmpfs", MS_REMOUNT, NULL), -EINVAL);	/* nothing mounted there */
	CHECK_EQ(sys(SYS_umount2, "m", 0), -EINVAL);
	REQUIRE_EQ(sys(SYS_mount, "none", "l", "tmpfs", 0, NULL), 0);	/* where the link points */
	CHECK_EQ(sys(SYS_umount2, "l", 8 /* UMOUNT_NOFOLLOW */), -EINVAL);
	CHECK_EQ(sys(SYS_umount2, "m", MNT_EXPIRE | MNT_DETACH), -EINVAL);
	CHECK_EQ(sys(SYS_umount2, "m", MNT_EXPIRE), -EAGAIN);	/* marked, then gone */
	CHECK_EQ(sys(SYS_umount2, "m", MNT_EXPIRE), 0);
}

/* ---- root and current directory ------------------------------------------------------------------------------- */

CASE(chroot_holds_and_is_inherited)
{
	char buf[256] = "";
	pid_t pid;

	scratch();
	REQUIRE_EQ(mkdir("jail", 0755), 0);
	REQUIRE_EQ(mkdir("jail/d", 0755), 0);
	REQUIRE(put_file("jail/f", "inside", 6, 0644));
	REQUIRE(put_file("outside", "x", 1, 0644));
	REQUIRE_EQ(symlink("/f", "jail/d/abs"), 0);
	CHECK_EQ(sys(SYS_chroot, "gone"), -ENOENT);
	CHECK_EQ(sys(SYS_chroot, "outside"), -ENOTDIR);
	CHECK_EQ(sys(SYS_chroot, NULL), -EFAULT);
	if (!is_root()) {
		CHECK_EQ(sys(SYS_chroot, "jail"), -EPERM);
		return;
	}
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_chroot, "jail"), 0);
		CHECK(exists("/f") && !exists("/outside"));
		CHECK(exists("outside"));	/* the current directory stays where it was: outside */
		CHECK(sys(SYS_getcwd, buf, sizeof(buf)) > 0 && !strncmp(buf, "(unreachable)", 13));
		REQUIRE_EQ(chdir("/"), 0);
		CHECK(exists("../../f") && !exists("../outside"));	/* ".." ends at the root */
		CHECK(sys(SYS_getcwd, buf, sizeof(buf)) == 2 && buf[0] == '/');
		CHECK(exists("/d/abs"));	/* an absolute link starts at this root */
		IN_CHILD(pid)
			CHECK(exists("/f"));
		CHECK_EXIT(pid, 0);
		REQUIRE_EQ(chdir("/d"), 0);
		REQUIRE(sys(SYS_getcwd, buf, sizeof(buf)) > 0);
		CHECK_STR(buf, "/d");
		REQUIRE(drop_root());
		CHECK_EQ(sys(SYS_chroot, "/d"), -EPERM);
	}
	CHECK_EXIT(pid, 0);
	CHECK(exists("/proc") && exists("outside"));	/* the parent's root is its own */
}

CASE(fchdir_forms)
{
	char before[256] = "", now[256] = "";
	int here, d;

	scratch();
	REQUIRE_EQ(mkdir("d", 0700), 0);
	REQUIRE(put_file("f", "", 0, 0600));
	REQUIRE(getcwd(before, sizeof(before)) != NULL);
	here = open(".", O_RDONLY | O_DIRECTORY);
	d = open("d", O_PATH | O_DIRECTORY);
	CHECK_EQ(sys(SYS_fchdir, d), 0);	/* O_PATH is enough */
	REQUIRE(getcwd(now, sizeof(now)) != NULL);
	CHECK(!strncmp(before, now, strlen(before)) && !strcmp(now + strlen(before), "/d"));
	CHECK_EQ(sys(SYS_fchdir, here), 0);
	REQUIRE(getcwd(now, sizeof(now)) != NULL);
	CHECK_STR(now, before);
	CHECK_EQ(sys(SYS_fchdir, open("f", O_RDONLY)), -ENOTDIR);
	CHECK_EQ(sys(SYS_fchdir, 999), -EBADF);
	CHECK_EQ(sys(SYS_fchmod, open("d", O_RDONLY), 0400), 0);
	d = open("d", O_RDONLY | O_DIRECTORY);
	if (!is_root() || drop_root()) {
		long ret = sys(SYS_fchdir, d);

		CHECK_EQ(ret, -EACCES);	/* searching is asked for now, not when it was opened */
	}
}

CASE(fstatfs_answers)
{
	struct statfs a, b;
	int fd, p[2];

	scratch();
	REQUIRE(put_file("f", "x", 1, 0600));
	fd = open("f", O_RDONLY);
	memset(&a, 0xff, sizeof(a));
	CHECK_EQ(sys(SYS_fstatfs, fd, &a), 0);
	CHECK_EQ(sys(SYS_statfs, "f", &b), 0);
	CHECK_EQ(a.f_type, b.f_type);
	CHECK_EQ(a.f_bsize, b.f_bsize);
	CHECK_EQ(a.f_blocks, b.f_blocks);
	CHECK_EQ(a.f_namelen, 255);
	CHECK(a.f_bfree <= a.f_blocks && a.f_bavail <= a.f_bfree);
	CHECK_EQ(sys(SYS_fstatfs, open("/proc/version", O_RDONLY), &a), 0);
	CHECK_EQ(a.f_type, 0x9fa0);
	CHECK_EQ(sys(SYS_fstatfs, open("f", O_PATH), &a), 0);
	REQUIRE_EQ(pipe(p), 0);
	CHECK_EQ(sys(SYS_fstatfs, p[0], &a), 0);
	CHECK_EQ(a.f_type, 0x50495045);
	CHECK_EQ(sys(SYS_fstatfs, 999, &a), -EBADF);
	CHECK_EQ(sys(SYS_fstatfs, fd, NULL), -EFAULT);
}
