/* SPDX-License-Identifier: MIT */
/*
 * dir_test.c - names: mkdir, rmdir, link, symlink, readlink, rename, unlink, directories read by getdents64, the
 * current directory, path walks. Sources: man path_resolution(7), rename(2), getdents(2), unlink(2).
 */
#include "ktap.h"

#include <sys/statfs.h>

/* Written through getdents64, by the kernel's layout. */
struct dirent64_raw {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

static bool exists(const char *path)
{
	struct stat st;

	return sys(SYS_lstat, path, &st) == 0;
}

static ino_t inode_of(const char *path)
{
	struct stat st = { 0 };

	CHECK_EQ(sys(SYS_lstat, path, &st), 0);
	return st.st_ino;
}

static nlink_t links_of(const char *path)
{
	struct stat st = { 0 };

	CHECK_EQ(sys(SYS_lstat, path, &st), 0);
	return st.st_nlink;
}

static void touch(const char *path)
{
	REQUIRE(put_file(path, path, strlen(path), 0644));
}

/* ---- directories ---------------------------------------------------------------------------------------------- */

CASE(mkdir_and_rmdir)
{
	static char longname[300];
	struct stat st;

	scratch();
	umask(027);
	memset(longname, 'n', 256);
	CHECK_EQ(sys(SYS_mkdir, "d", 0777), 0);
	CHECK_EQ(sys(SYS_stat, "d", &st), 0);
	CHECK_EQ(st.st_mode, S_IFDIR | 0750);
	CHECK_EQ(sys(SYS_mkdir, "d", 0777), -EEXIST);
	CHECK_EQ(sys(SYS_mkdir, "d/", 0777), -EEXIST);
	CHECK_EQ(sys(SYS_mkdir, "new/", 0777), 0);	/* a trailing slash is fine for a directory */
	CHECK_EQ(sys(SYS_mkdir, "x/y", 0777), -ENOENT);
	CHECK_EQ(sys(SYS_mkdir, "", 0777), -ENOENT);
	CHECK_EQ(sys(SYS_mkdir, ".", 0777), -EEXIST);
	CHECK_EQ(sys(SYS_mkdir, "/", 0777), -EEXIST);
	CHECK_EQ(sys(SYS_mkdir, longname, 0777), -ENAMETOOLONG);
	touch("f");
	CHECK_EQ(sys(SYS_mkdir, "f", 0777), -EEXIST);
	CHECK_EQ(sys(SYS_mkdir, "f/x", 0777), -ENOTDIR);
	CHECK_EQ(sys(SYS_mkdir, "d/e", 0777), 0);
	CHECK_EQ(sys(SYS_rmdir, "d"), -ENOTEMPTY);
	CHECK_EQ(sys(SYS_rmdir, "d/e/."), -EINVAL);
	CHECK_EQ(sys(SYS_rmdir, "d/e/.."), -ENOTEMPTY);
	CHECK_EQ(sys(SYS_rmdir, "f"), -ENOTDIR);
	CHECK_EQ(sys(SYS_rmdir, "missing"), -ENOENT);
	CHECK_EQ(sys(SYS_rmdir, "d/e/"), 0);
	CHECK_EQ(sys(SYS_rmdir, "d"), 0);
	CHECK_EQ(sys(SYS_rmdir, "/"), -EBUSY);
	CHECK(!exists("d"));
	symlink("new", "l");
	CHECK_EQ(sys(SYS_rmdir, "l"), -ENOTDIR);
}

CASE(link_counts)
{
	scratch();
	mkdir("d", 0755);
	if (links_of("d") != 1) {	/* some file systems always say 1 for directories */
		CHECK_EQ(links_of("d"), 2);
		mkdir("d/e", 0755);
		CHECK_EQ(links_of("d"), 3);
		rmdir("d/e");
		CHECK_EQ(links_of("d"), 2);
	}
	touch("f");
	CHECK_EQ(links_of("f"), 1);
	CHECK_EQ(sys(SYS_link, "f", "d/g"), 0);
	CHECK_EQ(links_of("f"), 2);
	CHECK_EQ(inode_of("f"), inode_of("d/g"));
	CHECK_EQ(sys(SYS_unlink, "f"), 0);
	CHECK_EQ(links_of("d/g"), 1);
}

CASE(link_errors)
{
	scratch();
	touch("f");
	touch("g");
	mkdir("d", 0755);
	symlink("f", "l");
	CHECK_EQ(sys(SYS_link, "f", "g"), -EEXIST);
	CHECK_EQ(sys(SYS_link, "missing", "h"), -ENOENT);
	CHECK_EQ(sys(SYS_link, "f", "x/h"), -ENOENT);
	CHECK_EQ(sys(SYS_link, "d", "e"), -EPERM);
	CHECK_EQ(sys(SYS_link, "f", "g/h"), -ENOTDIR);
	CHECK_EQ(sys(SYS_link, "f/", "h"), -ENOTDIR);
	CHECK_EQ(sys(SYS_link, "", "h"), -ENOENT);
	CHECK_EQ(sys(SYS_link, "f", "h/"), -ENOENT);
	CHECK_EQ(sys(SYS_link, "f", "/dev/null/x"), -ENOTDIR);
	CHECK_EQ(sys(SYS_link, "l", "l2"), 0);	/* links the symbolic link itself */
	CHECK_EQ(inode_of("l"), inode_of("l2"));
}

CASE(symlinks)
{
	char buf[64], chain[8], target[8];
	static char longtarget[5000];
	int i;

	scratch();
	touch("f");
	memset(buf, '#', sizeof(buf));
	CHECK_EQ(sys(SYS_symlink, "some/where", "l"), 0);
	CHECK_EQ(sys(SYS_readlink, "l", buf, sizeof(buf)), 10);
	CHECK(memcmp(buf, "some/where#", 11) == 0);	/* no NUL is added */
	CHECK_EQ(sys(SYS_readlink, "l", buf, 4), 4);
	CHECK_EQ(sys(SYS_readlink, "l", buf, 0), -EINVAL);
	CHECK_EQ(sys(SYS_readlink, "l", buf, -1), -EINVAL);
	CHECK_EQ(sys(SYS_readlink, "f", buf, 64), -EINVAL);
	CHECK_EQ(sys(SYS_readlink, "missing", buf, 64), -ENOENT);
	CHECK_EQ(sys(SYS_readlink, "f/x", buf, 64), -ENOTDIR);
	CHECK_EQ(sys(SYS_symlink, "x", "f"), -EEXIST);
	CHECK_EQ(sys(SYS_symlink, "", "e"), -ENOENT);
	CHECK_EQ(sys(SYS_symlink, "x", ""), -ENOENT);
	memset(longtarget, 'a', 4999);
	CHECK_EQ(sys(SYS_symlink, longtarget, "big"), -ENAMETOOLONG);
	/* Forty are followed, more are not. */
	symlink("f", "c0");
	for (i = 1; i <= 41; i++) {
		snprintf(chain, sizeof(chain), "c%d", i);
		snprintf(target, sizeof(target), "c%d", i - 1);
		CHECK_EQ(symlink(target, chain), 0);
	}
	CHECK_EQ(sys(SYS_access, "c39", F_OK), 0);
	CHECK_EQ(sys(SYS_access, "c40", F_OK), -ELOOP);
	CHECK_EQ(sys(SYS_access, "c41", F_OK), -ELOOP);
}

CASE(symlinks_in_the_middle)
{
	char cwd[256], path[300];

	scratch();
	mkdir("d", 0755);
	mkdir("d/e", 0755);
	touch("d/e/f");
	REQUIRE(getcwd(cwd, sizeof(cwd)) != NULL);
	snprintf(path, sizeof(path), "%s/d", cwd);
	CHECK_EQ(symlink(path, "absolute"), 0);
	CHECK_EQ(symlink("d/e", "relative"), 0);
	CHECK_EQ(symlink("e/../e/./f", "d/dots"), 0);
	CHECK_EQ(sys(SYS_access, "absolute/e/f", F_OK), 0);
	CHECK_EQ(sys(SYS_access, "relative/f", F_OK), 0);
	CHECK_EQ(sys(SYS_access, "relative/../e/f", F_OK), 0);	/* ".." of the target, not of the name */
	CHECK_EQ(sys(SYS_access, "d/dots", F_OK), 0);
	CHECK_EQ(sys(SYS_access, "d//e///f", F_OK), 0);
	CHECK_EQ(sys(SYS_access, "d/./e/../e/f", F_OK), 0);
	CHECK_EQ(sys(SYS_access, "d/e/f/..", F_OK), -ENOTDIR);
	CHECK_EQ(sys(SYS_access, "d/e/f/", F_OK), -ENOTDIR);
	CHECK_EQ(sys(SYS_access, "d/e/f/.", F_OK), -ENOTDIR);
	CHECK_EQ(sys(SYS_access, "/../../..", F_OK), 0);	/* above the root is the root */
	/* A trailing slash follows a link. */
	struct stat st;
	CHECK_EQ(sys(SYS_lstat, "relative/", &st), 0);
	CHECK(S_ISDIR(st.st_mode));
}

CASE(unlink_forms)
{
	scratch();
	touch("f");
	mkdir("d", 0755);
	symlink("f", "l");
	symlink("d", "dl");
	CHECK_EQ(sys(SYS_unlink, "d"), -EISDIR);
	CHECK_EQ(sys(SYS_unlink, "missing"), -ENOENT);
	CHECK_EQ(sys(SYS_unlink, "f/x"), -ENOTDIR);
	CHECK_EQ(sys(SYS_unlink, "f/"), -ENOTDIR);
	CHECK_EQ(sys(SYS_unlink, ""), -ENOENT);
	CHECK_EQ(sys(SYS_unlink, "l"), 0);	/* the link, not the file */
	CHECK_EQ(sys(SYS_unlink, "dl"), 0);
	CHECK(exists("f") && exists("d"));
	CHECK_EQ(sys(SYS_unlink, "f"), 0);
	CHECK(!exists("f"));
}

CASE(unlinked_file_lives_while_open)
{
	char buf[8];
	int fd;

	scratch();
	touch("file");
	fd = open("file", O_RDWR);
	CHECK_EQ(sys(SYS_unlink, "file"), 0);
	touch("file");	/* another one of the same name */
	CHECK_EQ(write(fd, "OLD!", 4), 4);
	CHECK_EQ(pread(fd, buf, 8, 0), 4);
	CHECK(memcmp(buf, "OLD!", 4) == 0);
	close(fd);
	fd = open("file", O_RDONLY);
	CHECK_EQ(read(fd, buf, 8), 4);
	CHECK(memcmp(buf, "file", 4) == 0);
}

/* ---- rename --------------------------------------------------------------------------------------------------- */

CASE(rename_files)
{
	ino_t a;

	scratch();
	touch("a");
	touch("b");
	mkdir("d", 0755);
	a = inode_of("a");
	CHECK_EQ(sys(SYS_rename, "a", "b"), 0);	/* replaces */
	CHECK(!exists("a"));
	CHECK_EQ(inode_of("b"), a);
	CHECK_EQ(sys(SYS_rename, "b", "d/c"), 0);
	CHECK_EQ(inode_of("d/c"), a);
	CHECK_EQ(sys(SYS_rename, "d/c", "d/c"), 0);
	CHECK(exists("d/c"));
	CHECK_EQ(sys(SYS_link, "d/c", "hard"), 0);
	CHECK_EQ(sys(SYS_rename, "hard", "d/c"), 0);	/* two names of one file: nothing happens */
	CHECK(exists("hard") && exists("d/c"));
	symlink("nowhere", "l");
	CHECK_EQ(sys(SYS_rename, "l", "m"), 0);	/* the link itself */
	CHECK(!exists("l") && exists("m"));
}

CASE(rename_directories)
{
	scratch();
	mkdir("d", 0755);
	mkdir("d/e", 0755);
	touch("d/e/f");
	mkdir("empty", 0755);
	CHECK_EQ(sys(SYS_rename, "d", "moved"), 0);
	CHECK(exists("moved/e/f"));
	CHECK_EQ(sys(SYS_rename, "moved/e", "empty"), 0);	/* over an empty directory */
	CHECK(exists("empty/f") && !exists("moved/e"));
	CHECK_EQ(sys(SYS_rename, "empty", "moved/in"), 0);
	CHECK_EQ(sys(SYS_access, "moved/in/../in/f", F_OK), 0);	/* ".." follows */
	if (links_of("moved") != 1)
		CHECK_EQ(links_of("moved"), 3);
}

CASE(rename_errors)
{
	long ret;

	scratch();
	touch("f");
	mkdir("d", 0755);
	mkdir("d/e", 0755);
	mkdir("full", 0755);
	touch("full/x");
	CHECK_EQ(sys(SYS_rename, "missing", "x"), -ENOENT);
	CHECK_EQ(sys(SYS_rename, "f", "no/x"), -ENOENT);
	CHECK_EQ(sys(SYS_rename, "", "x"), -ENOENT);
	CHECK_EQ(sys(SYS_rename, "f", ""), -ENOENT);
	CHECK_EQ(sys(SYS_rename, "d", "d/e/x"), -EINVAL);
	CHECK_EQ(sys(SYS_rename, "d", "d/x"), -EINVAL);
	CHECK_EQ(sys(SYS_rename, "d/e", "d"), -ENOTEMPTY);
	CHECK_EQ(sys(SYS_rename, "d", "full"), -ENOTEMPTY);
	CHECK_EQ(sys(SYS_rename, "d", "f"), -ENOTDIR);
	CHECK_EQ(sys(SYS_rename, "f", "d"), -EISDIR);
	CHECK_EQ(sys(SYS_rename, "f/x", "y"), -ENOTDIR);
	CHECK_EQ(sys(SYS_rename, "f", "new/"), -ENOTDIR);
	CHECK_EQ(sys(SYS_rename, "d/.", "x"), -EBUSY);
	CHECK_EQ(sys(SYS_rename, "d", "full/.."), -EBUSY);
	ret = sys(SYS_rename, "/", "x");
	CHECK(ret == -EBUSY || ret == -EXDEV);	/* the latter where the scratch directory is another file system */
	CHECK_EQ(sys(SYS_rename, "d", "d"), 0);
	CHECK(sys(SYS_rename, "f", "/proc/x") < 0);
	CHECK(exists("f") && exists("d/e") && exists("full/x"));
	CHECK_EQ(sys(SYS_rename, "d", "dslash/"), 0);	/* fine for a directory */
}

/* ---- getdents64 ----------------------------------------------------------------------------------------------- */

/* Reads the whole directory in blocks of @size; counts names that begin with 'e', and collects the type of @want. */
static int list(int fd, size_t size, const char *want, int *type)
{
	static char buf[4096] __attribute__((aligned(8)));
	struct dirent64_raw *d;
	int found = 0;
	long n, at;

	while ((n = sys(SYS_getdents64, fd, buf, size)) > 0)
		for (at = 0; at < n; at += d->reclen) {
			d = (struct dirent64_raw *)(buf + at);
			if (!CHECK(d->reclen >= 20 && d->reclen % 8 == 0 && at + d->reclen <= n))
				return -1;
			CHECK(d->ino != 0);
			found += d->name[0] == 'e';
			if (want && !strcmp(d->name, want))
				*type = d->type;
		}
	CHECK_EQ(n, 0);
	return found;
}

CASE(getdents_names_and_types)
{
	int fd, type;

	scratch();
	touch("file");
	mkdir("dir", 0755);
	symlink("x", "link");
	fd = open(".", O_RDONLY | O_DIRECTORY);
	type = -1;
	list(fd, 4096, "file", &type);
	CHECK(type == DT_REG || type == DT_UNKNOWN);
	CHECK_EQ(sys(SYS_lseek, fd, 0, SEEK_SET), 0);
	type = -1;
	list(fd, 4096, "dir", &type);
	CHECK(type == DT_DIR || type == DT_UNKNOWN);
	sys(SYS_lseek, fd, 0, SEEK_SET);
	type = -1;
	list(fd, 4096, "link", &type);
	CHECK(type == DT_LNK || type == DT_UNKNOWN);
	sys(SYS_lseek, fd, 0, SEEK_SET);
	type = -1;
	list(fd, 4096, ".", &type);
	CHECK_EQ(type, DT_DIR);
	sys(SYS_lseek, fd, 0, SEEK_SET);
	type = -1;
	list(fd, 4096, "..", &type);
	CHECK_EQ(type, DT_DIR);
}

CASE(getdents_many_in_small_blocks)
{
	char name[16];
	int i, fd, p[2];

	scratch();
	for (i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "e%d", i);
		fd = open(name, O_CREAT | O_WRONLY, 0600);
		REQUIRE(fd >= 0);
		close(fd);
	}
	fd = open(".", O_RDONLY);
	CHECK_EQ(list(fd, 4096, NULL, NULL), 300);
	CHECK_EQ(list(fd, 4096, NULL, NULL), 0);	/* at its end */
	CHECK_EQ(sys(SYS_lseek, fd, 0, SEEK_SET), 0);
	CHECK_EQ(list(fd, 64, NULL, NULL), 300);	/* one or two names a call */
	sys(SYS_lseek, fd, 0, SEEK_SET);
	CHECK_EQ(sys(SYS_getdents64, fd, name, 8), -EINVAL);	/* no room for one */
	CHECK_EQ(sys(SYS_getdents64, 999, name, 8), -EBADF);
	CHECK_EQ(sys(SYS_getdents64, open("e0", O_RDONLY), name, 8), -ENOTDIR);
	REQUIRE_EQ(pipe(p), 0);
	CHECK_EQ(sys(SYS_getdents64, p[0], name, 8), -ENOTDIR);
}

/* Removing each name as it is read, as rm -r does, misses none. */
CASE(getdents_while_deleting)
{
	static char buf[512] __attribute__((aligned(8)));
	struct dirent64_raw *d;
	int i, fd, removed = 0;
	char name[16];
	long n, at;

	scratch();
	mkdir("d", 0755);
	REQUIRE_EQ(chdir("d"), 0);
	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "e%d", i);
		close(open(name, O_CREAT | O_WRONLY, 0600));
	}
	fd = open(".", O_RDONLY);
	while ((n = sys(SYS_getdents64, fd, buf, sizeof(buf))) > 0)
		for (at = 0; at < n; at += d->reclen) {
			d = (struct dirent64_raw *)(buf + at);
			if (d->name[0] == 'e')
				removed += sys(SYS_unlink, d->name) == 0;
		}
	CHECK_EQ(removed, 200);
	CHECK_EQ(chdir(".."), 0);
	CHECK_EQ(sys(SYS_rmdir, "d"), 0);
}

/* d_off of an entry is a position to come back to. */
CASE(getdents_seek_to_an_entry)
{
	static char buf[4096] __attribute__((aligned(8))), again[4096] __attribute__((aligned(8)));
	struct dirent64_raw *d, *e;
	int i, fd;
	char name[16];
	long n, at, checked = 0;

	scratch();
	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "e%d", i);
		close(open(name, O_CREAT | O_WRONLY, 0600));
	}
	fd = open(".", O_RDONLY);
	n = sys(SYS_getdents64, fd, buf, sizeof(buf));
	CHECK(n > 0);
	for (at = 0; at < n; at += d->reclen) {
		d = (struct dirent64_raw *)(buf + at);
		if (at + d->reclen >= n)
			break;
		e = (struct dirent64_raw *)(buf + at + d->reclen);
		CHECK_EQ(sys(SYS_lseek, fd, d->off, SEEK_SET), d->off);
		CHECK(sys(SYS_getdents64, fd, again, sizeof(again)) > 0);
		if (!CHECK_STR(((struct dirent64_raw *)again)->name, e->name))
			break;
		checked++;
	}
	CHECK_EQ(checked, 21);
}

CASE(getdents_of_a_removed_directory)
{
	char buf[256];
	int fd;

	scratch();
	mkdir("d", 0755);
	fd = open("d", O_RDONLY);
	CHECK_EQ(rmdir("d"), 0);
	CHECK_EQ(sys(SYS_getdents64, fd, buf, sizeof(buf)), -ENOENT);
	CHECK_EQ(sys(SYS_openat, fd, "x", O_CREAT | O_WRONLY, 0600), -ENOENT);
}

/* ---- the current directory ------------------------------------------------------------------------------------ */

CASE(chdir_and_getcwd)
{
	char top[256], now[300], want[300];

	scratch();
	CHECK(sys(SYS_getcwd, top, sizeof(top)) == (long)strlen(top) + 1);
	mkdir("d", 0755);
	touch("f");
	symlink("d", "l");
	CHECK_EQ(sys(SYS_chdir, "l"), 0);
	CHECK(sys(SYS_getcwd, now, sizeof(now)) > 0);
	snprintf(want, sizeof(want), "%s/d", top);
	CHECK_STR(now, want);
	CHECK_EQ(sys(SYS_getcwd, now, strlen(want)), -ERANGE);
	CHECK_EQ(sys(SYS_getcwd, now, strlen(want) + 1), strlen(want) + 1);
	CHECK_EQ(sys(SYS_chdir, ".."), 0);
	CHECK_EQ(sys(SYS_chdir, "f"), -ENOTDIR);
	CHECK_EQ(sys(SYS_chdir, "missing"), -ENOENT);
	CHECK_EQ(sys(SYS_chdir, ""), -ENOENT);
	CHECK_EQ(sys(SYS_chdir, "/"), 0);
	CHECK_EQ(sys(SYS_getcwd, now, sizeof(now)), 2);
	CHECK_STR(now, "/");
	CHECK_EQ(sys(SYS_chdir, ".."), 0);
	CHECK_EQ(sys(SYS_getcwd, now, sizeof(now)), 2);
}

CASE(removed_current_directory)
{
	char now[300];
	struct stat st;

	scratch();
	mkdir("d", 0755);
	CHECK_EQ(chdir("d"), 0);
	CHECK_EQ(rmdir("../d"), 0);
	CHECK_EQ(sys(SYS_getcwd, now, sizeof(now)), -ENOENT);
	CHECK_EQ(sys(SYS_open, "x", O_CREAT | O_WRONLY, 0600), -ENOENT);
	CHECK_EQ(sys(SYS_mkdir, "x", 0700), -ENOENT);
	CHECK_EQ(sys(SYS_stat, ".", &st), 0);
	CHECK_EQ(sys(SYS_chdir, ".."), 0);	/* ".." is still known */
	CHECK(sys(SYS_getcwd, now, sizeof(now)) > 0);
}

CASE(renamed_current_directory)
{
	char top[256], now[300], want[300];

	scratch();
	REQUIRE(getcwd(top, sizeof(top)) != NULL);
	mkdir("d", 0755);
	mkdir("p", 0755);
	CHECK_EQ(chdir("d"), 0);
	CHECK_EQ(rename("../d", "../p/q"), 0);
	CHECK(sys(SYS_getcwd, now, sizeof(now)) > 0);
	snprintf(want, sizeof(want), "%s/p/q", top);
	CHECK_STR(now, want);
	CHECK_EQ(sys(SYS_access, "../../p", F_OK), 0);
}

CASE(statfs_answers)
{
	struct statfs fs;

	memset(&fs, 0, sizeof(fs));
	scratch();
	touch("f");
	CHECK_EQ(sys(SYS_statfs, ".", &fs), 0);
	CHECK(fs.f_type != 0 && fs.f_bsize >= 512);
	CHECK(fs.f_namelen == 255);
	CHECK(fs.f_bfree <= fs.f_blocks && fs.f_bavail <= fs.f_blocks);
	CHECK_EQ(sys(SYS_statfs, "f", &fs), 0);
	CHECK_EQ(sys(SYS_statfs, "missing", &fs), -ENOENT);
	CHECK_EQ(sys(SYS_statfs, "f/x", &fs), -ENOTDIR);
	if (sys(SYS_statfs, "/proc", &fs) == 0 && exists("/proc/self"))
		CHECK_EQ(fs.f_type, 0x9fa0);
}

CASE(long_paths)
{
	static char path[4200];
	size_t len;
	int depth;

	scratch();
	/* Components of 200 bytes: four levels deep by one path, each level made by the path before. */
	for (depth = 0, len = 0; depth < 4; depth++) {
		memset(path + len, 'a' + depth, 200);
		path[len + 200] = 0;
		CHECK_EQ(sys(SYS_mkdir, path, 0755), 0);
		path[len + 200] = '/';
		len += 201;
	}
	path[len] = 0;
	CHECK_EQ(sys(SYS_access, path, F_OK), 0);
	/* 4095 bytes are a path, 4096 are not. */
	memset(path, '/', 4096);
	path[4096] = 0;
	CHECK_EQ(sys(SYS_access, path, F_OK), -ENAMETOOLONG);
	path[4095] = 0;
	CHECK_EQ(sys(SYS_access, path, F_OK), 0);
}

CASE(names_may_be_any_bytes)
{
	static const char *const names[] = { " ", "a b", "\n", "-", "...", "\x80\xff", "\xc3\xa9", "*?[", "..x", "\\" };
	size_t i;

	scratch();
	for (i = 0; i < COUNT(names); i++) {
		touch(names[i]);
		CHECK_EQ(sys(SYS_access, names[i], F_OK), 0);
	}
	for (i = 0; i < COUNT(names); i++)
		CHECK_EQ(sys(SYS_unlink, names[i]), 0);
}

/* Two processes make, rename and remove the same names: errors are of the expected kind, the tree stays sound. */
/* ---- walks that were gone before ------------------------------------------------------------------------------- */

static long stat_of(const char *path)
{
	struct stat st;

	return sys(SYS_stat, path, &st);
}

/* The second look may be answered from what the first one left behind: by the same rules. */
#define CHECK_WARM(call, result)                                                                                       \
	do {                                                                                                           \
		CHECK_EQ(call, result);                                                                                \
		CHECK_EQ(call, result);                                                                                \
		CHECK_EQ(call, result);                                                                                \
	} while (0)

CASE(warm_walks)
{
	struct stat st;

	scratch();
	REQUIRE(mkdir("a", 0755) == 0 && mkdir("a/b", 0755) == 0);
	touch("a/b/f");
	REQUIRE(symlink("b", "a/to_b") == 0 && symlink("b/f", "a/to_f") == 0 && symlink("none", "a/to_none") == 0);
	CHECK_WARM(stat_of("a/b/f"), 0);
	CHECK_WARM(stat_of("a//b///f"), 0);
	CHECK_WARM(stat_of("./a/./b/../b/f"), 0);
	CHECK_WARM(stat_of("a/b/f/"), -ENOTDIR);
	CHECK_WARM(stat_of("a/b/f/x"), -ENOTDIR);
	CHECK_WARM(stat_of("a/b/f/.."), -ENOTDIR);
	CHECK_WARM(stat_of("a/b/"), 0);
	CHECK_WARM(stat_of("a/b/none"), -ENOENT);
	CHECK_WARM(stat_of("a/none/f"), -ENOENT);
	CHECK_WARM(stat_of("a/to_b/f"), 0);
	CHECK_WARM(stat_of("a/to_f"), 0);
	CHECK_WARM(stat_of("a/to_none"), -ENOENT);
	CHECK_WARM(sys(SYS_lstat, "a/to_none", &st), 0);
	CHECK(S_ISLNK(st.st_mode));
	CHECK_WARM(sys(SYS_lstat, "a/to_b", &st), 0);
	CHECK(S_ISLNK(st.st_mode));
	CHECK_WARM(sys(SYS_lstat, "a/to_b/", &st), 0);
	CHECK(S_ISDIR(st.st_mode));
	CHECK_WARM(sys(SYS_open, "a/to_f", O_RDONLY | O_NOFOLLOW), -ELOOP);
	CHECK_WARM(sys(SYS_open, "a/b/f", O_RDONLY | O_DIRECTORY), -ENOTDIR);
	CHECK_WARM(sys(SYS_open, "a/b/f", O_WRONLY | O_CREAT | O_EXCL, 0600), -EEXIST);
	/* A name that was not there comes, changes its type, and goes. */
	touch("a/b/none");
	CHECK_WARM(stat_of("a/b/none"), 0);
	REQUIRE(unlink("a/b/none") == 0 && symlink("f", "a/b/none") == 0);
	CHECK_WARM(sys(SYS_lstat, "a/b/none", &st), 0);
	CHECK(S_ISLNK(st.st_mode));
	CHECK_WARM(sys(SYS_stat, "a/b/none", &st), 0);
	CHECK(S_ISREG(st.st_mode));
	REQUIRE(unlink("a/b/none") == 0 && mkdir("a/b/none", 0755) == 0);
	CHECK_WARM(stat_of("a/b/none/"), 0);
	REQUIRE(rename("a", "z") == 0);
	CHECK_WARM(stat_of("a/b/f"), -ENOENT);
	CHECK_WARM(stat_of("z/b/f"), 0);
	REQUIRE(unlink("z/b/f") == 0 && rmdir("z/b/none") == 0 && rmdir("z/b") == 0);
	CHECK_WARM(stat_of("z/b/f"), -ENOENT);
	CHECK_WARM(stat_of("z/b"), -ENOENT);
}

static void check_as_user(const char *path, long result)
{
	pid_t pid;

	IN_CHILD(pid) {
		REQUIRE(!is_root() || drop_root());
		CHECK_WARM(stat_of(path), result);
	}
	CHECK_EXIT(pid, 0);
}

CASE(right_to_search_follows_chmod)
{
	scratch();
	REQUIRE(mkdir("a", 0755) == 0 && mkdir("a/b", 0755) == 0);
	touch("a/b/f");
	CHECK_WARM(stat_of("a/b/f"), 0);
	check_as_user("a/b/f", 0);
	REQUIRE(chmod("a", 0600) == 0);
	check_as_user("a/b/f", -EACCES);
	REQUIRE(chmod("a", 0755) == 0);
	check_as_user("a/b/f", 0);
	REQUIRE(chmod("a/b", 0640) == 0);
	check_as_user("a/b/f", -EACCES);
	check_as_user("a/b", 0);
	REQUIRE(chmod("a/b", 0711) == 0);
	check_as_user("a/b/f", 0);
	CHECK_WARM(stat_of("a/b/f"), 0);
}

CASE(concurrent_names)
{
	pid_t pid[3];
	int i, k;

	scratch();
	mkdir("a", 0755);
	mkdir("b", 0755);
	for (i = 0; i < 3; i++)
		IN_CHILD(pid[i]) {
			for (k = 0; k < 100; k++) {
				long ret = sys(SYS_open, "a/f", O_CREAT | O_WRONLY, 0600);

				if (CHECK(ret >= 0))
					close((int)ret);
				ret = sys(SYS_rename, "a/f", "b/f");
				CHECK(ret == 0 || ret == -ENOENT);
				ret = sys(SYS_link, "b/f", "a/g");
				CHECK(ret == 0 || ret == -ENOENT || ret == -EEXIST);
				ret = sys(SYS_unlink, k % 2 ? "a/g" : "b/f");
				CHECK(ret == 0 || ret == -ENOENT);
			}
		}
	for (i = 0; i < 3; i++)
		CHECK_EXIT(pid[i], 0);
	unlink("a/f");
	unlink("a/g");
	unlink("b/f");
	CHECK_EQ(sys(SYS_rmdir, "a"), 0);
	CHECK_EQ(sys(SYS_rmdir, "b"), 0);
}
