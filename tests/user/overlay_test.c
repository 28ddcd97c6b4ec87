/* SPDX-License-Identifier: MIT */
/*
 * overlay_test.c - file systems of type overlay: merged folders, copy-up, whiteouts, opaque folders, rename, links,
 * numbers, mappings, errors. What is in the layers afterwards is part of it: "u" is the upper layer, "l" and "k" lower
 * ones, "m" the overlay. All of them lie in a tmpfs of their own, in a name space of its own on Linux.
 * Sources: Linux Documentation/filesystems/overlayfs.rst; man mount(8).
 */
#define KTAP_HAS_HELPER
#include "ktap.h"

#include <sched.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

#define OVERLAY_MAGIC 0x794c7630
#define RENAME_NOREPLACE 1	/* linux/fs.h; musl has them not */
#define RENAME_EXCHANGE 2
#define RENAME_WHITEOUT 4
#define OPTIONS "lowerdir=l,upperdir=u,workdir=w,redirect_dir=off,index=off,metacopy=off"

static int ktap_helper(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "@hold"))
		while (access(argv[2], F_OK))
			sleep_ms(5);
	return 7;
}

/* The layers, empty, in a new tmpfs; the case is skipped where mounting is not allowed. */
static void layers(void)
{
	static const char *const dirs[] = { "l", "k", "u", "w", "m" };
	size_t i;

	scratch();
	REQUIRE_EQ(mkdir("t", 0755), 0);
	if (!is_root())
		SKIP("needs root");
	if (!on_exo() && (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)))
		SKIP("needs root that may mount");
	REQUIRE_EQ(sys(SYS_mount, "none", "t", "tmpfs", 0, "size=64m,mode=755"), 0);
	REQUIRE_EQ(chdir("t"), 0);
	for (i = 0; i < COUNT(dirs); i++)
		REQUIRE_EQ(mkdir(dirs[i], 0755), 0);
}

static long overlay(const char *options)
{
	long ret = sys(SYS_mount, "ov", "m", "overlay", 0, options);

	if (ret == -ENODEV)
		SKIP("this kernel has no overlay");
	return ret;
}

static void put(const char *path, const char *text)
{
	REQUIRE(put_file(path, text, strlen(text), 0644));
}

static const char *get(const char *path)
{
	static char buf[256];
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? "ENOENT" : strerror(errno);
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[n < 0 ? 0 : n] = 0;
	return buf;
}

static ino_t ino(const char *path)
{
	struct stat st;

	return sys(SYS_lstat, path, &st) ? 0 : st.st_ino;
}

static bool there(const char *path)
{
	struct stat st;

	return sys(SYS_lstat, path, &st) == 0;
}

static bool is_whiteout(const char *path)
{
	struct stat st;

	return sys(SYS_lstat, path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == 0;
}

static bool is_opaque(const char *path)
{
	char c = 0;

	return lgetxattr(path, "trusted.overlay.opaque", &c, 1) == 1 && c == 'y';
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool inner;	/* the lower layer is an overlay: Linux lists numbers of the innermost */

/* The names in @path, sorted, with blanks between; every d_ino and d_type is what lstat says (on Linux not the number
 * of a folder that several lower layers have). */
static const char *names(const char *path)
{
	static char text[4096];
	char *list[256], below[512];
	struct dirent *e;
	struct stat st;
	size_t n = 0, i;
	DIR *dir = opendir(path);

	text[0] = 0;
	if (!dir)
		return strerror(errno);
	while ((e = readdir(dir)) && n < COUNT(list)) {
		snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
		if (strcmp(e->d_name, "..") && CHECK_EQ(sys(SYS_lstat, below, &st), 0)) {
			if (on_exo() || (!inner && !S_ISDIR(st.st_mode)))
				CHECK_EQ(e->d_ino, st.st_ino);
			CHECK_EQ(e->d_type, (st.st_mode & S_IFMT) >> 12);
		}
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			list[n++] = strdup(e->d_name);
	}
	closedir(dir);
	qsort(list, n, sizeof(*list), by_name);
	for (i = 0; i < n; i++) {
		strcat(text, i ? " " : "");
		strcat(text, list[i]);
		free(list[i]);
	}
	return text;
}

/* What is left in the work folder: nothing; Linux keeps a whiteout there to make links of. */
static bool work_is_clean(void)
{
	const char *left = names("w/work");
	char path[300];

	snprintf(path, sizeof(path), "w/work/%s", left);
	return !*left || (!on_exo() && !strchr(left, ' ') && is_whiteout(path));
}

/* ---- what is seen ---- */

CASE(overlay_merges)
{
	struct stat st, m;

	layers();
	REQUIRE_EQ(mkdir("l/d", 0751), 0);
	REQUIRE_EQ(mkdir("k/d", 0700), 0);
	REQUIRE_EQ(mkdir("u/d", 0711), 0);
	REQUIRE_EQ(mkdir("k/d/deep", 0755), 0);
	put("l/low", "low");
	put("k/low", "hidden");
	put("k/lowest", "lowest");
	put("l/both", "l");
	put("u/both", "u");
	put("u/up", "up");
	put("l/d/a", "a");
	put("k/d/b", "b");
	put("u/d/c", "c");
	put("l/file", "a file over a folder");
	REQUIRE_EQ(mkdir("k/file", 0755), 0);
	REQUIRE_EQ(mkdir("l/folder", 0755), 0);
	put("k/folder", "a folder over a file");
	REQUIRE_EQ(symlink("low", "k/sym"), 0);
	REQUIRE_EQ(overlay("lowerdir=l:k,upperdir=u,workdir=w"), 0);
	CHECK_STR(names("m"), "both d file folder low lowest sym up");
	CHECK_STR(names("m/d"), "a b c deep");
	CHECK_STR(names("m/folder"), "");
	CHECK_STR(get("m/low"), "low");
	CHECK_STR(get("m/lowest"), "lowest");
	CHECK_STR(get("m/both"), "u");
	CHECK_STR(get("m/d/a"), "a");
	CHECK_STR(get("m/d/b"), "b");
	CHECK_STR(get("m/sym"), "low");
	CHECK_STR(get("m/none"), "ENOENT");
	CHECK_EQ(sys(SYS_lstat, "m/d", &st), 0);
	CHECK_EQ(st.st_mode, S_IFDIR | 0711);	/* the uppermost one's */
	CHECK_EQ(st.st_nlink, 1);		/* nobody counts in a merged folder */
	CHECK_EQ(sys(SYS_lstat, "m", &m), 0);
	CHECK_EQ(st.st_dev, m.st_dev);
	CHECK_EQ(sys(SYS_umount2, "m", 0), 0);
	CHECK_STR(names("m"), "");
}

CASE(overlay_tells_of_itself)
{
	char *line = NULL;
	size_t size = 0;
	bool seen = false;
	struct statfs sf;
	FILE *f;

	layers();
	REQUIRE_EQ(overlay(OPTIONS), 0);
	CHECK_EQ(sys(SYS_statfs, "m", &sf), 0);
	CHECK_EQ(sf.f_type, OVERLAY_MAGIC);
	CHECK_EQ(sf.f_blocks, 64 << 20 >> 12);
	CHECK_EQ(sf.f_namelen, 255);
	f = fopen("/proc/mounts", "r");
	REQUIRE(f != NULL);
	while (getline(&line, &size, f) > 0)
		seen |= !strncmp(line, "ov ", 3) && strstr(line, " overlay rw,") &&
			strstr(line, ",lowerdir=l,upperdir=u,workdir=w");
	CHECK(seen);
	fclose(f);
	free(line);
}

/* Whiteouts and opaque folders in layers as they were found. */
CASE(overlay_layers_made_by_hand)
{
	layers();
	REQUIRE_EQ(mkdir("k/d", 0755), 0);
	REQUIRE_EQ(mkdir("l/d", 0755), 0);
	REQUIRE_EQ(mkdir("u/d", 0755), 0);
	REQUIRE_EQ(mkdir("k/o", 0755), 0);
	REQUIRE_EQ(mkdir("l/o", 0755), 0);
	put("k/gone", "k");
	REQUIRE_EQ(mknod("l/gone", S_IFCHR | 0600, 0), 0);
	put("l/gone_above", "l");
	REQUIRE_EQ(mknod("u/gone_above", S_IFCHR | 0600, 0), 0);
	put("k/d/one", "1");
	put("k/d/two", "2");
	put("l/d/three", "3");
	REQUIRE_EQ(mknod("l/d/one", S_IFCHR | 0600, 0), 0);
	put("u/d/one", "new");
	put("k/o/hidden", "h");
	put("l/o/seen", "s");
	REQUIRE_EQ(lsetxattr("l/o", "trusted.overlay.opaque", "y", 1, 0), 0);
	REQUIRE_EQ(mknod("k/null", S_IFCHR | 0666, makedev(1, 3)), 0);	/* no whiteout */
	REQUIRE_EQ(overlay("lowerdir=l:k,upperdir=u,workdir=w"), 0);
	CHECK_STR(names("m"), "d null o");
	CHECK_STR(names("m/d"), "one three two");
	CHECK_STR(names("m/o"), "seen");
	CHECK_STR(get("m/d/one"), "new");
	CHECK_STR(get("m/gone"), "ENOENT");
	CHECK_STR(get("m/gone_above"), "ENOENT");
	CHECK_STR(get("m/o/hidden"), "ENOENT");
	CHECK_STR(get("m/null"), "");
	/* What hid nothing but a name below goes with the folder. */
	CHECK_EQ(unlink("m/d/one"), 0);
	CHECK(!there("u/d/one"));	/* the lower layer hides it itself */
	CHECK_STR(names("m/d"), "three two");
	put("m/gone", "again");
	CHECK_STR(get("u/gone"), "again");
	CHECK_EQ(unlink("m/gone"), 0);
	CHECK_STR(get("m/gone"), "ENOENT");
}

/* Linux 6.7's second form: an empty file with the attribute, in a folder that says it has such. */
CASE(overlay_whiteouts_by_attribute)
{
	int major = 0, minor = 0;
	char uts[6][65];

	layers();
	sys(SYS_uname, uts);
	sscanf(uts[2], "%d.%d", &major, &minor);
	if (!on_exo() && (major < 6 || (major == 6 && minor < 7)))
		SKIP("older than Linux 6.7");
	put("k/x", "x");
	put("k/y", "y");
	put("l/x", "");
	put("l/z", "");
	REQUIRE_EQ(lsetxattr("l", "trusted.overlay.opaque", "x", 1, 0), 0);
	REQUIRE_EQ(lsetxattr("l/x", "trusted.overlay.whiteout", "y", 1, 0), 0);
	REQUIRE_EQ(overlay("lowerdir=l:k,upperdir=u,workdir=w"), 0);
	CHECK_STR(names("m"), "y z");
	CHECK_STR(get("m/x"), "ENOENT");
}

/* ---- copy-up ---- */

CASE(overlay_copy_up_contents)
{
	struct timespec times[2] = { { 1000000, 5 }, { 2000000, 7 } };
	struct stat before, after, low;
	char buf[32] = "";
	int ro, rw;

	layers();
	REQUIRE_EQ(mkdir("l/d", 0711), 0);
	REQUIRE_EQ(mkdir("l/d/e", 0751), 0);
	put("l/d/e/f", "lower text");
	REQUIRE_EQ(chmod("l/d/e/f", 0640), 0);
	REQUIRE_EQ(chown("l/d/e/f", 12, 34), 0);
	REQUIRE_EQ(lsetxattr("l/d/e/f", "user.tag", "value", 5, 0), 0);
	REQUIRE_EQ(utimensat(AT_FDCWD, "l/d/e/f", times, 0), 0);
	REQUIRE_EQ(utimensat(AT_FDCWD, "l/d/e", times, 0), 0);
	REQUIRE_EQ(overlay(OPTIONS), 0);
	ro = open("m/d/e/f", O_RDONLY);
	CHECK_EQ(read(ro, buf, 5), 5);
	CHECK_EQ(sys(SYS_stat, "m/d/e/f", &before), 0);
	CHECK(!there("u/d"));
	rw = open("m/d/e/f", O_RDWR);
	REQUIRE(rw >= 0);
	CHECK(there("u/d/e/f"));	/* the copy is made when it is opened for writing */
	CHECK_EQ(sys(SYS_fstat, rw, &after), 0);
	CHECK_EQ(after.st_ino, before.st_ino);
	CHECK_EQ(after.st_dev, before.st_dev);
	CHECK_EQ(after.st_mode, S_IFREG | 0640);
	CHECK_EQ(after.st_uid, 12);
	CHECK_EQ(after.st_gid, 34);
	CHECK_EQ(after.st_mtim.tv_sec, 2000000);
	CHECK_EQ(after.st_mtim.tv_nsec, 7);
	CHECK_EQ(after.st_size, 10);
	CHECK_EQ(lgetxattr("m/d/e/f", "user.tag", buf, sizeof(buf)), 5);
	CHECK_EQ(llistxattr("m/d/e/f", buf, sizeof(buf)), 9);	/* ours alone, none of the overlay's */
	CHECK_EQ(sys(SYS_stat, "u/d", &after), 0);
	CHECK_EQ(after.st_mode, S_IFDIR | 0711);
	CHECK_EQ(sys(SYS_stat, "m/d/e", &after), 0);
	CHECK_EQ(after.st_mode, S_IFDIR | 0751);
	CHECK_EQ(after.st_mtim.tv_sec, 2000000);	/* nothing happened in it */
	CHECK_EQ(sys(SYS_pwrite64, rw, "UPPER", 5, 0), 5);
	CHECK_EQ(sys(SYS_pread64, ro, buf, 10, 0), 10);	/* opened before, and reads what is there now */
	CHECK(!memcmp(buf, "UPPER text", 10));
	CHECK_STR(get("m/d/e/f"), "UPPER text");
	CHECK_STR(get("l/d/e/f"), "lower text");
	CHECK_EQ(sys(SYS_stat, "l/d/e/f", &low), 0);
	CHECK_EQ(low.st_mtim.tv_sec, 2000000);
	CHECK_EQ(ino("m/d/e/f"), before.st_ino);
	CHECK_STR(names("m/d/e"), "f");
	close(ro);
	close(rw);
	REQUIRE_EQ(sys(SYS_umount2, "m", 0), 0);
	REQUIRE_EQ(overlay(OPTIONS), 0);
	CHECK_STR(get("m/d/e/f"), "UPPER text");
	CHECK_EQ(ino("m/d/e/f"), before.st_ino);	/* also the next time it is mounted */
	CHECK_STR(names("m/d/e"), "f");
}

/* Changes that need no descriptor; each of a file of its own. */
CASE(overlay_copy_up_by_attributes)
{
	struct timespec times[2] = { { 7, 0 }, { 8, 0 } };
	struct stat st;
	int fd;

	layers();
	put("l/mode", "text");
	put("l/owner", "text");
	put("l/times", "text");
	put("l/xattr", "text");
	put("l/size", "text");
	put("l/trunc", "text");
	put("l/append", "text");
	REQUIRE_EQ(mkdir("l/dir", 0755), 0);
	put("l/dir/f", "text");
	REQUIRE_EQ(symlink("there", "l/link"), 0);
	REQUIRE_EQ(overlay(OPTIONS), 0);
	CHECK_EQ(chmod("m/mode", 0600), 0);
	CHECK_EQ(chown("m/owner", 1, 2), 0);
	CHECK_EQ(utimensat(AT_FDCWD, "m/times", times, 0), 0);
	CHECK_EQ(lsetxattr("m/xattr", "user.x", "1", 1, 0), 0);
	CHECK_EQ(truncate("m/size", 2), 0);
	fd = open("m/trunc", O_WRONLY | O_TRUNC);
	CHECK_EQ(write(fd, "ab", 2), 2);
	close(fd);
	fd = open("m/append", O_WRONLY);
	CHECK_EQ(fcntl(fd, F_SETFL, O_APPEND), 0);
	CHECK_EQ(write(fd, "!", 1), 1);
	close(fd);
	CHECK_EQ(chmod("m/dir", 0700), 0);
	CHECK_EQ(lchown("m/link", 5, 6), 0);
	CHECK_EQ(sys(SYS_stat, "u/mode", &st), 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0600);
	CHECK_EQ(sys(SYS_stat, "u/owner", &st), 0);
	CHECK_EQ(st.st_gid, 2);
	CHECK_EQ(sys(SYS_stat, "u/times", &st), 0);
	CHECK_EQ(st.st_mtim.tv_sec, 8);
	CHECK_EQ(lgetxattr("u/xattr", "user.x", NULL, 0), 1);
	CHECK_STR(get("u/size"), "te");
	CHECK_STR(get("m/trunc"), "ab");
	CHECK_STR(get("m/append"), "text!");
	CHECK_EQ(sys(SYS_stat, "m/dir", &st), 0);
	CHECK_EQ(st.st_mode, S_IFDIR | 0700);
	CHECK(!there("u/dir/f"));
	CHECK_STR(names("m/dir"), "f");
	CHECK_EQ(sys(SYS_lstat, "u/link", &st), 0);
	CHECK_EQ(st.st_uid, 5);
	CHECK_STR(get("l/size"), "text");
	CHECK_EQ(lremovexattr("m/mode", "user.none"), -1);
	CHECK_EQ(errno, ENODATA);
	CHECK_EQ(sys(SYS_stat, "l/mode", &st), 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0644);
}

CASE(overlay_copy_up_is_sparse)
{
	struct stat st;
	char c = 0;
	int fd;

	layers();
	fd = open("l/big", O_RDWR | O_CREAT, 0644);
	REQUIRE(fd >= 0);
	REQUIRE_EQ(ftruncate(fd, 1L << 30), 0);	/* far more than the file system holds */
	CHECK_EQ(pwrite(fd, "x", 1, 300 << 20), 1);
	close(fd);
	REQUIRE_EQ(overlay(OPTIONS), 0);
	CHECK_EQ(chmod("m/big", 0600), 0);
	CHECK_EQ(sys(SYS_stat, "m/big", &st), 0);
	CHECK_EQ(st.st_size, 1L << 30);
	CHECK(st.st_blocks > 0 && st.st_blocks <= 2 << 20 >> 9);	/* Linux copies a megabyte at a time */
	fd = open("u/big", O_RDONLY);
	CHECK_EQ(pread(fd, &c, 1, 300 << 20), 1);
	CHECK_EQ(c, 'x');
	CHECK_EQ(lseek(fd, 0, SEEK_DATA), 300 << 20);
	close(fd);
}

CASE(overlay_copy_up_without_room)
{
	static char block[1 << 20];
	int fd, i;

	layers();
	fd = open("l/big", O_RDWR | O_CREAT, 0644);
	REQUIRE(fd >= 0);
	memset(block, 'b', sizeof(block));
	for (i = 0; i < 40; i++)
		REQUIRE_EQ(write(fd, block, sizeof(block)), sizeof(block));
	close(fd);
	REQUIRE_EQ(overlay(OPTIONS), 0);
	CHECK_EQ(sys(SYS_open, "m/big", O_WRONLY, 0), -ENOSPC);
	CHECK(!there("u/big"));	/* half a copy is none */
	CHECK(work_is_clean());
	CHECK_EQ(unlink("l/big"), 0);	/* room again */
	REQUIRE_EQ(sys(SYS_umount2, "m", 0), 0);
}

/* A tree so deep that its path has no name. */
CASE(overlay_copy_up_deep)
{
	enum { DEPTH = 1200 };
	int fd, i;

	layers();
	REQUIRE_EQ(chdir("l"), 0);
	for (i = 0; i < DEPTH; i++) {
		REQUIRE_EQ(mkdir("deep", 0755), 0);
		REQUIRE_EQ(chdir("deep"), 0);
	}
	put("f", "lower");
	for (i = 0; i < DEPTH; i++)
		REQUIRE_EQ(chdir(".."), 0);
	REQUIRE_EQ(chdir(".."), 0);
	REQUIRE_EQ(overlay(OPTIONS), 0);
	REQUIRE_EQ(chdir("m"), 0);
	for (i = 0; i < DEPTH; i++)
		REQUIRE_EQ(chdir("deep"), 0);
	fd = open("f", O_WRONLY);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, "UP", 2), 2);
	CHECK_STR(get("f"), "UPwer");
	close(fd);
	for (i = 0; i < DEPTH; i++)
		REQUIRE_EQ(chdir(".."), 0);
	REQUIRE_EQ(chdir("../u"), 0);
	for (i = 0; i < DEPTH; i++)
		REQUIRE_EQ(chdir("deep"), 0);
	CHECK_STR(get("f"), "UPwer");
}

CASE(overlay_mappings)
{
	char *shared, *private, *before;
	int fd, ro;

	layers();
	put("l/f", "lower text");
	put("l/p", "private");
	REQUIRE_EQ(overlay(OPTIONS), 0);
	ro = open("m/f", O_RDONLY);
	before = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ro, 0);
	REQUIRE(before != MAP_FAILED);
	CHECK(!memcmp(before, "lower", 5));
	fd = open("m/f", O_RDWR);
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	REQUIRE(shared != MAP_FAILED);
	memcpy(shared, "UPPER", 5);
	CHECK_STR(get("m/f"), "UPPER text");
	CHECK_STR(get("u/f"), "UPPER text");
	CHECK_STR(get("l/f"), "lower text");
	CHECK_EQ(sys(SYS_pwrite64, fd, "Again", 5, 0), 5);
	CHECK(!memcmp(shared, "Again text", 10));
	munmap(before, PAGE);
	before = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ro, 0);	/* mapped now: the copy */
	REQUIRE(before != MAP_FAILED);
	CHECK_EQ(sys(SYS_pread64, ro, shared + 64, 5, 0), 5);
	CHECK_EQ(sys(SYS_ftruncate, fd, 3), 0);
	CHECK_STR(get("m/f"), "Aga");
	close(fd);
	close(ro);
	fd = open("m/p", O_RDONLY);
	private = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	REQUIRE(private != MAP_FAILED);
	memcpy(private, "mine", 4);
	CHECK_STR(get("m/p"), "private");
	CHECK(!there("u/p"));
	CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	CHECK_EQ(errno, EACCES);
	CHECK_EQ(sys(SYS_umount2, "m", 0), -EBUSY);
}

/* ---- new names ---- */

CASE(overlay_create)
{
	struct stat st;

	layers();
	REQUIRE_EQ(mkdir("l/d", 0755), 0);
	REQUIRE_EQ(mkdir("l/g", 02775), 0);
	REQUIRE_EQ(chown("l/g", 0, 77), 0);
	REQUIRE_EQ(chmod("l/g", 02775), 0);
	put("l/g/x", "old");
	REQUIRE_EQ(overlay(OPTIONS), 0);
	put("m/d/f", "new");
	CHECK_STR(get("u/d/f"), "new");
	CHECK(!there("l/d/f"));
	CHECK_EQ(sys(SYS_mkdir, "m/d/f", 0755), -EEXIST);
	CHECK_EQ(mkdir("m/d/sub", 0711), 0);
	CHECK_EQ(symlink("f", "m/d/s"), 0);
	CHECK_STR(get("m/d/s"), "new");
	CHECK_EQ(mkfifo("m/d/fifo", 0600), 0);
	CHECK_EQ(mknod("m/d/null", S_IFCHR | 0666, makedev(1, 3)), 0);
	CHECK_EQ(sys(SYS_mknod, "m/d/w", S_IFCHR | 0600, 0), -EPERM);	/* it would hide itself */
	CHECK_STR(names("m/d"), "f fifo null s sub");
	/* In a folder with setgid the group is the folder's; also where something was before. */
	put("m/g/new", "");
	CHECK_EQ(sys(SYS_stat, "m/g/new", &st), 0);
	CHECK_EQ(st.st_gid, 77);
	CHECK_EQ(unlink("m/g/x"), 0);
	CHECK_EQ(mkdir("m/g/x", 0755), 0);
	CHECK_EQ(sys(SYS_stat, "m/g/x", &st), 0);
	CHECK_EQ(st.st_gid, 77);
	CHECK(st.st_mode & S_ISGID);
}

CASE(overlay_unlink_and_again)
{
	layers();
	put("l/f", "lower");
	put("l/g", "lower");
	put("u/mine", "upper");
	REQUIRE_EQ(overlay(OPTIONS), 0);
	CHECK_EQ(unlink("m/f"), 0);
	CHECK_STR(get("m/f"), "ENOENT");
	CHECK(is_whiteout("u/f"));
	CHECK_STR(get("l/f"), "lower");
	CHECK_STR(names("m"), "g mine");
	CHECK_EQ(sys(SYS_unlink, "m/f"), -ENOENT);
	put("m/f", "again");
	CHECK_STR(get("u/f"), "again");
	CHECK_STR(names("m"), "f g mine");
	CHECK_EQ(unlink("m/f"), 0);
	CHECK(is_whiteout("u/f"));
	CHECK_EQ(symlink("g", "m/f"), 0);
	CHECK_STR(get("m/f"), "lower");
	CHECK_EQ(unlink("m/f"), 0);
	CHECK_EQ(mkdir("m/f", 0755), 0);	/* a folder where a file was */
	CHECK_STR(names("m/f"), "");
	CHECK_EQ(rmdir("m/f"), 0);
	CHECK(is_whiteout("u/f"));
	CHECK_EQ(unlink("m/mine"), 0);
	CHECK(!there("u/mine"));	/* nothing below to hide */
	CHECK_EQ(chmod("m/g", 0600), 0);
	CHECK_EQ(unlink("m/g"), 0);
	CHECK(is_whiteout("u/g"));
	CHECK_STR(names("m"), "");
	CHECK(work_is_clean());
	CHECK_EQ(sys(SYS_umount2, "m", 0), 0);
}

CASE(overlay_rmdir)
{
	layers();
	REQUIRE_EQ(mkdir("l/d", 0755), 0);
	REQUIRE_EQ(mkdir("l/e", 0755), 0);
	REQUIRE_EQ(mkdir("l/only", 0755), 0);
	put("l/d/a", "a");
	put("l/d/b", "b");
	REQUIRE_EQ(overlay(OPTIONS), 0);
	CHECK_EQ(sys(SYS_rmdir, "m/d"), -ENOTEMPTY);
	CHECK_EQ(unlink("m/d/a"), 0);
	CHECK_EQ(sys(SYS_rmdir, "m/d"), -ENOTEMPTY);
	put("m/d/c", "c");
	CHECK_EQ(unlink("m/d/b"), 0);
	CHECK_EQ(sys(SYS_rmdir, "m/d"), -ENOTEMPTY);
	CHECK_EQ(unlink("m/d/c"), 0);
	CHECK_EQ(sys(SYS_rmdir, "m/d"), 0);	/* whiteouts do not count */
	CHECK(is_whiteout("u/d"));
	CHECK_STR(names("m"), "e only");
	CHECK_EQ(mkdir("m/d", 0755), 0);
	CHECK(is_opaque("u/d"));
	CHECK_STR(names("m/d"), "");	/* not what was there before */
	CHECK_STR(get("m/d/a"), "ENOENT");
	put("m/d/n", "n");
	CHECK_EQ(unlink("m/d/n"), 0);
	CHECK(!there("u/d/n"));
	CHECK_EQ(sys(SYS_unlink, "m/d"), -EISDIR);
	CHECK_EQ(sys(SYS_rmdir, "m/e"), 0);
	CHECK(is_whiteout("u/e"));
	CHECK_EQ(sys(SYS_rmdir, "m/only/."), -EINVAL);
	CHECK(work_is_clean());
}

static void fill_tree(const char *top, int depth)
{
	char path[256];
	int i;

	for (i = 0; i < 6; i++) {
		snprintf(path, sizeof(path), "%s/f%d", top, i);
		put(path, "text");
	}
	for (i = 0; i < 3 && depth; i++) {
		snprintf(path, sizeof(path), "%s/d%d", top, i);
		REQUIRE_EQ(mkdir(path, 0755), 0);
		fill_tree(path, depth - 1);
	}
}

/* rm -r of all there is, and everything made anew. */
CASE(overlay_remove_tree_and_fill)
{
	layers();
	fill_tree("l", 3);
	REQUIRE_EQ(overlay(OPTIONS), 0);
	CHECK_STR(names("m/d1/d2"), "d0 d1 d2 f0 f1 f2 f3 f4 f5");
	put("m/d1/d2/new", "new");
	remove_tree("m/d0");
	remove_tree("m/d1");
	remove_tree("m/d2");
	CHECK_STR(names("m"), "f0 f1 f2 f3 f4 f5");
	CHECK_EQ(mkdir("m/d1", 0755), 0);
	fill_tree("m/d1", 2);
	CHECK_STR(names("m/d1/d2"), "d0 d1 d2 f0 f1 f2 f3 f4 f5");
	CHECK_STR(names("l/d1/d2"), "d0 d1 d2 f0 f1 f2 f3 f4 f5");
	REQUIRE_EQ(sys(SYS_umount2, "m", 0), 0);
	REQUIRE_EQ(overlay(OPTIONS), 0);
	CHECK_STR(names("m"), "d1 f0 f1 f2 f3 f4 f5");
	CHECK_STR(names("m/d1/d0/d1"), "f0 f1 f2 f3 f4 f5");
}

CASE(overlay_open_file_is_removed)
{
	struct stat st;
	char buf[16];
	int ro, rw;

	layers();
	put("l/f", "lower");
	put("l/g", "lower");
	REQUIRE_EQ(overlay(OPTIONS), 0);
	ro = open("m/f", O_RDONLY);
	rw = open("m/g", O_RDWR);
	CHECK_EQ(unlink("m/f"), 0);
	CHECK_EQ(unlink("m/g"), 0);
	CHECK_EQ(read(ro, buf, sizeof(buf)), 5);
	CHECK_EQ(sys(SYS_pwrite64, rw, "UP", 2, 0), 2);
	CHECK_EQ(sys(SYS_pread64, rw, buf, sizeof(buf), 0), 5);
	CHECK(!memcmp(buf, "UPwer", 5));
	CHECK_EQ(sys(SYS_fstat, rw, &st), 0);
	CHECK_EQ(st.st_nlink, 0);
	put("m/f", "another");
	CHECK_EQ(sys(SYS_pread64, ro, buf, sizeof(buf), 0), 5);
	CHECK(!memcmp(buf, "lower", 5));
	CHECK_STR(get("m/f"), "another");
	if (on_exo()) {	/* Linux copies it up by its old name */
		CHECK_EQ(sys(SYS_fstat, ro, &st), 0);
		CHECK_EQ(st.st_nlink, 0);
		CHECK_EQ(sys(SYS_fchmod, ro, 0600), 0);
		CHECK_EQ(sys(SYS_fstat, ro, &st), 0);
		CHECK_EQ(st.st_mode, S_IFREG | 0600);
		CHECK_EQ(sys(SYS_stat, "m/f", &st), 0);
		CHECK_EQ(st.st_mode, S_IFREG | 0644);
		CHECK(work_is_clean());
	}
}

/* ---- rename and link ---- */

CASE(overlay_rename_files)
{
	ino_t was;

	layers();
	REQUIRE_EQ(mkdir("l/d", 0755), 0);
	put("l/f", "f");
	put("l/g", "g");
	put("l/d/h", "h");
	put("u/up", "up");
	REQUIRE_EQ(overlay(OPTIONS), 0);
	was = ino("m/f");
	CHECK_EQ(sys(SYS_rename, "m/f", "m/d/f"), 0);
	CHECK(is_whiteout("u/f"));
	CHECK_STR(get("u/d/f"), "f");
	CHECK_EQ(ino("m/d/f"), was);
	CHECK_STR(names("m"), "d g up");
	CHECK_STR(names("m/d"), "f h");
	CHECK_EQ(sys(SYS_rename, "m/d/f", "m/d/h"), 0);	/* over one of the lower layer */
	CHECK_STR(get("m/d/h"), "f");
	CHECK(!there("u/d/f"));		/* nothing was below it */
	CHECK_EQ(sys(SYS_rename, "m/d/h", "m/f"), 0);	/* onto a whiteout, back */
	CHECK(is_whiteout("u/d/h"));
	CHECK_STR(get("m/f"), "f");
	CHECK_EQ(ino("m/f"), was);
	CHECK_EQ(sys(SYS_rename, "m/up", "m/g"), 0);
	CHECK_STR(get("m/g"), "up");
	CHECK(!there("u/up"));
	CHECK_EQ(sys(SYS_rename, "m/none", "m/g"), -ENOENT);
	CHECK_EQ(sys(SYS_renameat2, AT_FDCWD, "m/f", AT_FDCWD, "m/g", RENAME_NOREPLACE), -EEXIST);
	CHECK_EQ(sys(SYS_renameat2, AT_FDCWD, "m/f", AT_FDCWD, "m/x", RENAME_WHITEOUT), -EINVAL);
	CHECK_EQ(sys(SYS_renameat2, AT_FDCWD, "m/f", AT_FDCWD, "m/g", RENAME_EXCHANGE), 0);
	CHECK_STR(get("m/f"), "up");
	CHECK_STR(get("m/g"), "f");
	CHECK_STR(names("m"), "d f g");
	CHECK_STR(names("m/d"), "");
}

CASE(overlay_rename_folders)
{
	layers();
	REQUIRE_EQ(mkdir("l/low", 0755), 0);
	REQUIRE_EQ(mkdir("l/empty", 0755), 0);
	REQUIRE_EQ(mkdir("l/full", 0755), 0);
	put("l/low/f", "f");
	put("l/full/f", "f");
	put("l/file", "file");
	REQUIRE_EQ(overlay(OPTIONS), 0);
	/* Folders of lower layers stay where they are: mv(1) copies them. */
	CHECK_EQ(sys(SYS_rename, "m/low", "m/other"), -EXDEV);
	CHECK_EQ(chmod("m/low", 0700), 0);
	CHECK_EQ(sys(SYS_rename, "m/low", "m/other"), -EXDEV);	/* merged ones too */
	CHECK_EQ(mkdir("m/pure", 0755), 0);
	put("m/pure/p", "p");
	CHECK_EQ(sys(SYS_rename, "m/pure", "m/moved"), 0);
	CHECK_STR(get("m/moved/p"), "p");
	CHECK(!there("u/pure"));
	CHECK_EQ(sys(SYS_rename, "m/moved", "m/full"), -ENOTEMPTY);
	CHECK_EQ(sys(SYS_rename, "m/moved", "m/file"), -ENOTDIR);
	CHECK_EQ(sys(SYS_rename, "m/moved", "m/empty"), 0);	/* and merges with nothing */
	CHECK_STR(names("m/empty"), "p");
	CHECK(is_opaque("u/empty"));
	CHECK_EQ(unlink("m/full/f"), 0);
	CHECK_EQ(mkdir("m/second", 0755), 0);
	put("m/second/s", "s");
	CHECK_EQ(sys(SYS_rename, "m/second", "m/full"), 0);	/* whiteouts in it do not count */
	CHECK_STR(names("m/full"), "s");
	CHECK_EQ(sys(SYS_rename, "m/full", "m/low/in"), 0);
	CHECK(is_whiteout("u/full"));
	CHECK_STR(names("m/low/in"), "s");
	CHECK_STR(names("m"), "empty file low");
	CHECK_EQ(sys(SYS_rename, "m/low/in", "m/full"), 0);	/* onto a whiteout */
	CHECK_STR(names("m/full"), "s");
	CHECK_STR(names("m/low"), "f");
	CHECK_EQ(sys(SYS_renameat2, AT_FDCWD, "m/full", AT_FDCWD, "m/file", RENAME_EXCHANGE), 0);
	CHECK_STR(names("m/file"), "s");
	CHECK_STR(get("m/full"), "file");
	CHECK_EQ(sys(SYS_renameat2, AT_FDCWD, "m/full", AT_FDCWD, "m/low", RENAME_EXCHANGE), -EXDEV);
	CHECK_EQ(sys(SYS_rename, "m/empty", "m/empty/x"), -EINVAL);
	CHECK(work_is_clean());
	REQUIRE_EQ(sys(SYS_umount2, "m", 0), 0);
	REQUIRE_EQ(overlay(OPTIONS), 0);
	CHECK_STR(names("m"), "empty file full low");
	CHECK_STR(names("m/file"), "s");
	CHECK_STR(names("m/empty"), "p");
	CHECK_STR(names("m/low"), "f");
}

CASE(overlay_hard_links)
{
	struct stat a, b;

	layers();
	put("l/one", "text");
	put("l/two", "text");
	REQUIRE_EQ(link("l/two", "l/three"), 0);
	REQUIRE_EQ(overlay(OPTIONS), 0);
	CHECK_EQ(link("m/one", "m/uno"), 0);
	CHECK_EQ(sys(SYS_stat, "m/one", &a), 0);
	CHECK_EQ(sys(SYS_stat, "m/uno", &b), 0);
	CHECK_EQ(a.st_nlink, 2);
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_EQ(a.st_dev, b.st_dev);
	put("m/uno", "changed");
	CHECK_STR(get("m/one"), "changed");
	CHECK_STR(get("l/one"), "text");
	CHECK_EQ(unlink("m/one"), 0);
	CHECK_STR(get("m/uno"), "changed");
	CHECK_EQ(sys(SYS_stat, "m/uno", &b), 0);
	CHECK_EQ(b.st_nlink, 1);
	CHECK_EQ(link("m/uno", "m/one"), 0);	/* over the whiteout */
	CHECK_STR(get("m/one"), "changed");
	CHECK_EQ(ino("m/one"), ino("m/uno"));
	CHECK_EQ(sys(SYS_link, "m/uno", "m/one"), -EEXIST);
	CHECK_EQ(sys(SYS_link, "m/uno", "out"), -EXDEV);
	/* Two names of a lower file part when one is changed. */
	CHECK_EQ(chmod("m/two", 0600), 0);
	CHECK_EQ(sys(SYS_stat, "m/three", &b), 0);
	CHECK_EQ(b.st_mode, S_IFREG | 0644);
	put("m/two", "other");
	CHECK_STR(get("m/three"), "text");
	CHECK(ino("m/two") != ino("m/three"));
	CHECK_STR(names("m"), "one three two uno");
}

CASE(overlay_nameless_file)
{
	char path[64];
	int fd;

	layers();
	REQUIRE_EQ(overlay(OPTIONS), 0);
	fd = open("m", O_TMPFILE | O_RDWR, 0640);
	if (fd < 0 && errno == EOPNOTSUPP && !on_exo())
		SKIP("this Linux's overlay has no O_TMPFILE");
	REQUIRE(fd >= 0);
	CHECK_EQ(write(fd, "text", 4), 4);
	CHECK_STR(names("m"), "");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_EQ(linkat(AT_FDCWD, path, AT_FDCWD, "m/named", AT_SYMLINK_FOLLOW), 0);
	CHECK_STR(get("m/named"), "text");
	CHECK_STR(get("u/named"), "text");
	CHECK_EQ(write(fd, "!", 1), 1);
	CHECK_STR(get("m/named"), "text!");
}

/* ---- other kinds of files, locks, programs ---- */

CASE(overlay_special_files)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX, .sun_path = "m/sock" };
	int rd, wr, s, c;
	char buf[8];

	layers();
	REQUIRE_EQ(mkfifo("l/fifo", 0600), 0);
	REQUIRE_EQ(mknod("l/null", S_IFCHR | 0666, makedev(1, 3)), 0);
	REQUIRE_EQ(overlay(OPTIONS), 0);
	rd = open("m/fifo", O_RDONLY | O_NONBLOCK);
	wr = open("m/fifo", O_WRONLY | O_NONBLOCK);
	CHECK(rd >= 0 && wr >= 0);
	CHECK_EQ(write(wr, "abc", 3), 3);
	CHECK_EQ(chmod("m/fifo", 0640), 0);	/* copied up with its pipe in use */
	CHECK_EQ(read(rd, buf, sizeof(buf)), 3);
	CHECK(there("u/fifo"));
	wr = open("m/null", O_RDWR);
	CHECK_EQ(write(wr, "x", 1), 1);
	CHECK_EQ(read(wr, buf, 1), 0);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK_EQ(bind(s, (struct sockaddr *)&sa, sizeof(sa)), 0);
	CHECK_EQ(listen(s, 1), 0);
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK_EQ(connect(c, (struct sockaddr *)&sa, sizeof(sa)), 0);
	CHECK_STR(names("m"), "fifo null sock");
}

CASE(overlay_locks_last_over_copy_up)
{
	int ro, other;
	pid_t pid;

	layers();
	put("l/f", "text");
	REQUIRE_EQ(overlay(OPTIONS), 0);
	ro = open("m/f", O_RDONLY);
	CHECK_EQ(flock(ro, LOCK_EX), 0);
	CHECK_EQ(chmod("m/f", 0600), 0);
	IN_CHILD(pid) {
		other = open("m/f", O_RDWR);
		CHECK(other >= 0);
		CHECK_EQ(flock(other, LOCK_EX | LOCK_NB), -1);
		CHECK_EQ(errno, EWOULDBLOCK);
	}
	CHECK_EXIT(pid, 0);
}

static bool copy_file(const char *from, const char *to)
{
	static char buf[65536];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT, 0755);
	ssize_t n;

	while ((n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, n) != n)
			return false;
	close(in);
	close(out);
	return n == 0;
}

CASE(overlay_runs_programs)
{
	char *const argv[] = { (char *)"prog", (char *)"@hold", (char *)"go", NULL };
	int tries;
	pid_t pid;
	long ret;

	layers();
	REQUIRE(copy_file(ktap_self, "l/prog"));
	REQUIRE_EQ(overlay(OPTIONS), 0);
	pid = fork();
	if (pid == 0) {
		do {	/* the parent may have it open for writing just now */
			execve("m/prog", argv, environ);
		} while (errno == ETXTBSY);
		_exit(1);
	}
	for (tries = 0; tries < 2000; tries++) {
		ret = sys(SYS_open, "m/prog", O_WRONLY, 0);
		if (ret == -ETXTBSY)
			break;
		close((int)ret);
		sleep_ms(5);
	}
	CHECK_EQ(ret, -ETXTBSY);
	put("go", "");
	CHECK_EXIT(pid, 7);
	pid = fork();
	if (pid == 0) {
		execve("m/prog", argv, environ);	/* the copy now */
		_exit(1);
	}
	CHECK_EXIT(pid, 7);
}

CASE(overlay_rights)
{
	char list[256];
	struct stat st;
	pid_t pid;

	layers();
	put("l/f", "text");
	REQUIRE_EQ(mkdir("l/open", 0755), 0);
	REQUIRE_EQ(chmod("l/open", 0777), 0);
	put("l/open/f", "text");
	REQUIRE_EQ(chmod("l/open/f", 0666), 0);
	REQUIRE_EQ(mkdir("l/sticky", 0755), 0);
	REQUIRE_EQ(chmod("l/sticky", 01777), 0);
	put("l/sticky/f", "text");
	REQUIRE_EQ(overlay(OPTIONS), 0);
	CHECK_EQ(chmod(".", 0755), 0);
	IN_CHILD(pid) {
		REQUIRE(drop_root());
		CHECK_EQ(sys(SYS_open, "m/f", O_WRONLY, 0), -EACCES);
		CHECK_EQ(sys(SYS_chmod, "m/f", 0777), -EPERM);
		CHECK_EQ(sys(SYS_unlink, "m/f"), -EACCES);
		CHECK_EQ(sys(SYS_unlink, "m/sticky/f"), -EPERM);
		put("m/open/new", "new");
		CHECK_EQ(unlink("m/open/f"), 0);
		put("m/open/f", "mine");
		CHECK_EQ(mkdir("m/open/d", 0755), 0);
		CHECK_EQ(sys(SYS_mount, "ov", "m", "overlay", 0, OPTIONS), -EPERM);
	}
	CHECK_EXIT(pid, 0);
	CHECK(!there("u/f"));	/* who may not change it copies nothing */
	CHECK_EQ(sys(SYS_stat, "m/open/f", &st), 0);
	CHECK_EQ(st.st_uid, 65534);
	CHECK_EQ(sys(SYS_stat, "m/open/d", &st), 0);
	CHECK_EQ(st.st_uid, 65534);
	CHECK_STR(get("m/open/new"), "new");
	/* The attributes that make an overlay are not shown through one. */
	CHECK_EQ(unlink("m/sticky/f"), 0);
	CHECK_EQ(rmdir("m/sticky"), 0);
	CHECK_EQ(mkdir("m/sticky", 0755), 0);
	CHECK_EQ(llistxattr("m/sticky", list, sizeof(list)), 0);
}

/* ---- listing ---- */

CASE(overlay_listing_goes_on)
{
	struct dirent *e;
	char path[64];
	int i, n = 0;
	long at = 0;
	DIR *dir;

	layers();
	for (i = 0; i < 1500; i++) {
		snprintf(path, sizeof(path), "%c/name%d", i % 3 ? 'l' : 'u', i);
		put(path, "");
	}
	REQUIRE_EQ(overlay(OPTIONS), 0);
	dir = opendir("m");
	REQUIRE(dir != NULL);
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		if (n++ == 700)
			at = telldir(dir);
		snprintf(path, sizeof(path), "m/%s", e->d_name);
		if (n % 2)
			CHECK_EQ(unlink(path), 0);
	}
	CHECK_EQ(n, 1500);
	seekdir(dir, at);
	CHECK(readdir(dir) != NULL);
	put("m/fresh", "");
	rewinddir(dir);
	n = 0;
	i = 0;
	while ((e = readdir(dir))) {
		n += e->d_name[0] != '.';
		i += !strcmp(e->d_name, "fresh");
	}
	CHECK_EQ(n, 751);
	CHECK_EQ(i, 1);
	closedir(dir);
}

/* ---- mounts ---- */

CASE(overlay_read_only)
{
	struct statfs sf;

	layers();
	put("l/f", "l");
	put("k/g", "k");
	REQUIRE_EQ(overlay("lowerdir=l:k"), 0);
	CHECK_STR(names("m"), "f g");
	CHECK_EQ(sys(SYS_open, "m/f", O_WRONLY, 0), -EROFS);
	CHECK_EQ(sys(SYS_open, "m/new", O_WRONLY | O_CREAT, 0644), -EROFS);
	CHECK_EQ(sys(SYS_unlink, "m/f"), -EROFS);
	CHECK_EQ(sys(SYS_chmod, "m/f", 0600), -EROFS);
	CHECK_EQ(sys(SYS_mkdir, "m/d", 0755), -EROFS);
	CHECK_EQ(sys(SYS_rename, "m/f", "m/h"), -EROFS);
	CHECK_EQ(sys(SYS_statfs, "m", &sf), 0);
	CHECK(sf.f_flags & ST_RDONLY);
	CHECK_EQ(sys(SYS_umount2, "m", 0), 0);
	REQUIRE_EQ(sys(SYS_mount, "ov", "m", "overlay", MS_RDONLY, OPTIONS), 0);
	CHECK_EQ(sys(SYS_open, "m/f", O_WRONLY, 0), -EROFS);
	CHECK(!there("u/f"));
}

CASE(overlay_mount_errors)
{
	layers();
	put("file", "");
	REQUIRE_EQ(mkdir("l/in", 0755), 0);
	REQUIRE_EQ(mkdir("u/in", 0755), 0);
	REQUIRE_EQ(overlay(OPTIONS), 0);
	REQUIRE_EQ(sys(SYS_umount2, "m", 0), 0);
	CHECK_EQ(overlay(NULL), -EINVAL);
	CHECK_EQ(overlay("upperdir=u,workdir=w"), -EINVAL);
	CHECK_EQ(overlay("lowerdir=l,upperdir=u"), -EINVAL);
	CHECK_EQ(overlay("lowerdir=l"), -EINVAL);	/* over nothing */
	CHECK_EQ(overlay("lowerdir=none,upperdir=u,workdir=w"), -ENOENT);
	CHECK_EQ(overlay("lowerdir=l,upperdir=none,workdir=w"), -ENOENT);
	CHECK_EQ(overlay("lowerdir=l,upperdir=u,workdir=none"), -ENOENT);
	CHECK_EQ(overlay("lowerdir=l,upperdir=u,workdir=w,nonsense"), -EINVAL);
	CHECK_EQ(overlay("lowerdir=l,upperdir=u,workdir=u/in"), -EINVAL);
	CHECK_EQ(overlay("lowerdir=l,upperdir=u,workdir=/proc"), -EINVAL);
	CHECK_EQ(overlay("lowerdir=l:l/in,upperdir=u,workdir=w"), -ELOOP);
	CHECK_EQ(overlay("lowerdir=u/in,upperdir=u,workdir=w"), -ELOOP);
	if (on_exo())	/* Linux says it when one comes there */
		CHECK_EQ(overlay("lowerdir=l,upperdir=l/in,workdir=w"), -ELOOP);
	CHECK(overlay("lowerdir=file,upperdir=u,workdir=w") < 0);
	CHECK_STR(names("m"), "");
}

CASE(overlay_option_escapes)
{
	layers();
	REQUIRE_EQ(mkdir("a:b", 0755), 0);
	REQUIRE_EQ(mkdir("c,d", 0755), 0);
	put("a:b/f", "f");
	REQUIRE_EQ(overlay("lowerdir=a\\:b:l,upperdir=c\\,d,workdir=w"), 0);
	CHECK_STR(get("m/f"), "f");
	put("m/g", "g");
	CHECK_STR(get("c,d/g"), "g");
}

/* What the layers lie on may be unmounted; the overlay keeps them. */
CASE(overlay_outlives_the_layers_mount)
{
	layers();
	REQUIRE_EQ(mkdir("../x", 0755), 0);
	REQUIRE_EQ(mkdir("k/low", 0755), 0);
	REQUIRE_EQ(sys(SYS_mount, "none", "k/low", "tmpfs", 0, NULL), 0);
	put("k/low/f", "text");
	REQUIRE_EQ(overlay("lowerdir=k/low,upperdir=u,workdir=w"), 0);
	CHECK_EQ(sys(SYS_umount2, "k/low", 0), 0);
	CHECK_STR(names("k/low"), "");
	CHECK_STR(get("m/f"), "text");
	CHECK_EQ(chmod("m/f", 0600), 0);
	CHECK_STR(get("u/f"), "text");
	CHECK_EQ(sys(SYS_umount2, "m", 0), 0);
}

CASE(overlay_of_an_overlay)
{
	layers();
	REQUIRE_EQ(mkdir("u2", 0755), 0);
	REQUIRE_EQ(mkdir("w2", 0755), 0);
	REQUIRE_EQ(mkdir("m2", 0755), 0);
	REQUIRE_EQ(mkdir("m3", 0755), 0);
	REQUIRE_EQ(mkdir("l/d", 0755), 0);
	put("l/d/f", "lower");
	put("l/g", "lower");
	REQUIRE_EQ(overlay(OPTIONS), 0);
	inner = true;
	put("m/d/h", "middle");
	CHECK_EQ(unlink("m/g"), 0);
	REQUIRE_EQ(sys(SYS_mount, "ov", "m2", "overlay", 0, "lowerdir=m,upperdir=u2,workdir=w2"), 0);
	CHECK_STR(names("m2"), "d");
	CHECK_STR(names("m2/d"), "f h");
	put("m2/d/f", "upper");
	CHECK_STR(get("u2/d/f"), "upper");
	CHECK_STR(get("m/d/f"), "lower");
	CHECK_EQ(unlink("m2/d/h"), 0);
	CHECK_STR(names("m2/d"), "f");
	CHECK_STR(names("m/d"), "f h");
	/* No deeper. */
	CHECK_EQ(sys(SYS_mount, "ov", "m3", "overlay", 0, "lowerdir=m2:l"), -EINVAL);
	CHECK_EQ(sys(SYS_umount2, "m2", 0), 0);
}

/* ---- many at once ---- */

enum { WORKERS = 4, ROUNDS = 150 };

static void work(int who)
{
	char name[64], other[64];
	unsigned seed = (unsigned)who * 7919 + 1;
	int i, fd;

	for (i = 0; i < ROUNDS; i++) {
		seed = seed * 1103515245 + 12345;
		snprintf(name, sizeof(name), "m/d%u/f%u", seed >> 8 & 1, seed >> 16 & 7);
		snprintf(other, sizeof(other), "m/d%u/f%u", seed >> 9 & 1, seed >> 20 & 7);
		switch (seed >> 24 & 7) {
		case 0:
			unlink(name);
			break;
		case 1:
			rename(name, other);
			break;
		case 2:
			link(name, other);
			break;
		case 3:
			chmod(name, 0600 | (seed & 0177));
			break;
		case 4:
			fd = open("m/d0", O_RDONLY | O_DIRECTORY);
			if (fd < 0 || sys(SYS_getdents64, fd, other, sizeof(other)) < 0)
				_exit(2);
			close(fd);
			break;
		default:
			fd = open(name, O_RDWR | (seed & 64 ? O_CREAT : 0), 0644);
			if (fd >= 0 && write(fd, "12345678", 8) != 8)
				_exit(1);
			close(fd);
		}
	}
}

/* Whatever happened, both folders show the same names to stat and to readdir, and every file has whole contents. */
CASE(overlay_many_at_once)
{
	char path[600], text[16];
	pid_t pid[WORKERS];
	struct dirent *e;
	struct stat st;
	int i, k;
	DIR *dir;

	layers();
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "l/d%d", i);
		REQUIRE_EQ(mkdir(path, 0755), 0);
		for (k = 0; k < 8; k++) {
			snprintf(path, sizeof(path), "l/d%d/f%d", i, k);
			put(path, "12345678");
		}
	}
	REQUIRE_EQ(overlay(OPTIONS), 0);
	for (i = 0; i < WORKERS; i++)
		IN_CHILD(pid[i])
			work(i);
	for (i = 0; i < WORKERS; i++)
		CHECK_EXIT(pid[i], 0);
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "m/d%d", i);
		dir = opendir(path);
		REQUIRE(dir != NULL);
		while ((e = readdir(dir))) {
			if (e->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "m/d%d/%s", i, e->d_name);
			if (!CHECK_EQ(sys(SYS_stat, path, &st), 0))
				continue;
			CHECK_EQ(st.st_ino, e->d_ino);
			snprintf(text, sizeof(text), "%s", get(path));
			CHECK(!strcmp(text, "12345678") || !*text);
		}
		closedir(dir);
		for (k = 0; k < 8; k++) {
			snprintf(path, sizeof(path), "l/d%d/f%d", i, k);
			CHECK_STR(get(path), "12345678");
		}
	}
	CHECK(work_is_clean());
	CHECK_EQ(sys(SYS_umount2, "m", 0), 0);
}

/* Whoever looks while the mode changes leaves no old one behind: nobody is let in by what was. */
CASE(overlay_mode_changes_while_looked_at)
{
	struct stat st;
	pid_t looker;
	int i;

	layers();
	put("l/f", "text");
	REQUIRE_EQ(overlay(OPTIONS), 0);
	looker = ktap_fork();
	if (looker == 0)
		for (;;)
			sys(SYS_stat, "m/f", &st);
	for (i = 0; i < 2000; i++) {
		REQUIRE_EQ(chmod("m/f", i % 2 ? 0644 : 0600), 0);
		if (i % 2)
			continue;
		sys(SYS_setfsuid, 65534);
		CHECK_EQ(sys(SYS_open, "m/f", O_RDONLY), -EACCES);
		sys(SYS_setfsuid, 0);
	}
	kill(looker, SIGKILL);
	CHECK_KILLED(looker, SIGKILL);
}
