/* SPDX-License-Identifier: MIT */
/*
 * inotify_test.c - inotify(7): which events, in which order, with which names; the queue, its limits, the ends of
 * watches. Expected events are written as text: "1:OPEN:f" is IN_OPEN of watch 1 with the name "f", "#" marks a
 * cookie. Watches get the numbers 1, 2, ... in the order they are made.
 * Sources: man inotify(7), inotify_init(2), inotify_add_watch(2), inotify_rm_watch(2), proc_sys_fs(5).
 */
#include "ktap.h"

#include <poll.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/xattr.h>

#ifndef IN_MASK_CREATE
#define IN_MASK_CREATE 0x10000000
#endif

static int in;	/* the instance of the case */
static char text[65536];
static unsigned cookies[64], nr_cookies;

static const char *const names[] = { "ACCESS", "MODIFY", "ATTRIB", "CLOSE_WRITE", "CLOSE_NOWRITE", "OPEN",
				     "MOVED_FROM", "MOVED_TO", "CREATE", "DELETE", "DELETE_SELF", "MOVE_SELF", "",
				     "UNMOUNT", "OVERFLOW", "IGNORED" };

static size_t describe(char *out, size_t room, const struct inotify_event *e)
{
	size_t n = (size_t)snprintf(out, room, "%d:", e->wd), i;

	for (i = 0; i < COUNT(names); i++)
		if (e->mask >> i & 1)
			n += (size_t)snprintf(out + n, room - n, "%s", names[i]);
	n += (size_t)snprintf(out + n, room - n, "%s%s%s%s ", e->mask & IN_ISDIR ? "|DIR" : "", e->len ? ":" : "",
			      e->len ? e->name : "", e->cookie ? "#" : "");
	if (e->cookie)
		cookies[nr_cookies++ % COUNT(cookies)] = e->cookie;
	return n;
}

/* Everything that is in the queue, as text. */
static const char *events(void)
{
	static char buf[65536] __attribute__((aligned(8)));
	size_t n = 0;
	long len, at;

	text[0] = 0;
	nr_cookies = 0;
	while ((len = sys(SYS_read, in, buf, sizeof(buf))) > 0) {
		for (at = 0; at < len;) {
			const struct inotify_event *e = (const void *)(buf + at);

			CHECK(e->len % 16 == 0);
			n += describe(text + n, sizeof(text) - n, e);
			at += (long)(sizeof(*e) + e->len);
		}
	}
	CHECK_EQ(len, -EAGAIN);
	if (n)
		text[n - 1] = 0;	/* the last blank */
	return text;
}

#define EXPECT(want) CHECK_STR(events(), (want))

static long watch(const char *path, unsigned mask)
{
	return sys(SYS_inotify_add_watch, in, path, mask);
}

static int must_open(const char *path, int flags)
{
	int fd = (int)sys(SYS_openat, AT_FDCWD, path, flags, 0644);

	REQUIRE(fd >= 0);
	return fd;
}

static void begin(void)
{
	scratch();
	in = (int)sys(SYS_inotify_init1, IN_NONBLOCK);
	REQUIRE(in >= 0);
}

/* Folder d with file f, both watched: 1 and 2. */
static void begin_watched(void)
{
	begin();
	REQUIRE_EQ(mkdir("d", 0700), 0);
	REQUIRE(put_file("d/f", "data", 4, 0600));
	REQUIRE_EQ(watch("d", IN_ALL_EVENTS), 1);
	REQUIRE_EQ(watch("d/f", IN_ALL_EVENTS), 2);
}

/* ---- what is told --------------------------------------------------------------------------------------------- */

CASE(inotify_open_read_write_close)
{
	char c;
	int fd;

	begin_watched();
	fd = must_open("d/f", O_RDONLY);
	EXPECT("1:OPEN:f 2:OPEN");
	CHECK_EQ(sys(SYS_read, fd, &c, 0), 0);
	EXPECT("");	/* nothing was read */
	CHECK_EQ(sys(SYS_pread64, fd, &c, 1, 2), 1);
	EXPECT("1:ACCESS:f 2:ACCESS");
	close(fd);
	EXPECT("1:CLOSE_NOWRITE:f 2:CLOSE_NOWRITE");
	fd = must_open("d/f", O_WRONLY | O_TRUNC);
	EXPECT("1:OPEN:f 2:OPEN 1:MODIFY:f 2:MODIFY");
	CHECK_EQ(sys(SYS_write, fd, "xyz", 3), 3);
	EXPECT("1:MODIFY:f 2:MODIFY");
	CHECK_EQ(sys(SYS_ftruncate, fd, 1), 0);
	EXPECT("1:MODIFY:f 2:MODIFY");
	CHECK_EQ(dup(fd), fd + 1);
	close(fd);
	EXPECT("");	/* the last one counts */
	close(fd + 1);
	EXPECT("1:CLOSE_WRITE:f 2:CLOSE_WRITE");
	close(must_open("d/f", O_PATH));
	EXPECT("");
	CHECK_EQ(sys(SYS_truncate, "d/f", 3), 0);
	EXPECT("1:MODIFY:f 2:MODIFY");
}

CASE(inotify_create_kinds)
{
	begin_watched();
	close(must_open("d/n", O_WRONLY | O_CREAT | O_TRUNC));
	EXPECT("1:CREATE:n 1:OPEN:n 1:CLOSE_WRITE:n");
	close(must_open("d/n", O_WRONLY | O_CREAT | O_TRUNC));
	EXPECT("1:OPEN:n 1:MODIFY:n 1:CLOSE_WRITE:n");
	CHECK_EQ(mkdir("d/s", 0700), 0);
	EXPECT("1:CREATE|DIR:s");
	CHECK_EQ(symlink("x", "d/l"), 0);
	EXPECT("1:CREATE:l");
	CHECK_EQ(mkfifo("d/p", 0600), 0);
	EXPECT("1:CREATE:p");
	CHECK_EQ(link("d/f", "d/h"), 0);
	EXPECT("2:ATTRIB 1:CREATE:h");
	CHECK_EQ(sys(SYS_mkdir, "d/s", 0700), -EEXIST);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "d/n", O_CREAT | O_EXCL | O_RDWR, 0600), -EEXIST);
	EXPECT("");	/* what failed is not told */
}

CASE(inotify_attributes)
{
	struct timespec both[2] = { { 1, 0 }, { 2, 0 } };
	struct timespec mtime[2] = { { 0, UTIME_OMIT }, { 2, 0 } };
	struct timespec atime[2] = { { 1, 0 }, { 0, UTIME_OMIT } };

	begin_watched();
	CHECK_EQ(chmod("d/f", 0640), 0);
	EXPECT("1:ATTRIB:f 2:ATTRIB");
	CHECK_EQ(chown("d/f", geteuid(), getegid()), 0);
	EXPECT("1:ATTRIB:f 2:ATTRIB");
	CHECK_EQ(sys(SYS_utimensat, AT_FDCWD, "d/f", NULL, 0), 0);
	EXPECT("1:ATTRIB:f 2:ATTRIB");
	CHECK_EQ(sys(SYS_utimensat, AT_FDCWD, "d/f", both, 0), 0);
	EXPECT("1:ATTRIB:f 2:ATTRIB");
	CHECK_EQ(sys(SYS_utimensat, AT_FDCWD, "d/f", mtime, 0), 0);
	EXPECT("1:MODIFY:f 2:MODIFY");
	CHECK_EQ(sys(SYS_utimensat, AT_FDCWD, "d/f", atime, 0), 0);
	EXPECT("1:ACCESS:f 2:ACCESS");
	CHECK_EQ(chmod("d", 0755), 0);
	EXPECT("1:ATTRIB|DIR");
	if (setxattr("d/f", "user.a", "1", 1, 0) == 0) {
		EXPECT("1:ATTRIB:f 2:ATTRIB");
		CHECK_EQ(removexattr("d/f", "user.a"), 0);
		EXPECT("1:ATTRIB:f 2:ATTRIB");
	}
}

CASE(inotify_listing_a_folder)
{
	struct dirent *e;
	DIR *dir;

	begin_watched();
	dir = opendir("d");
	REQUIRE(dir);
	while ((e = readdir(dir)))
		;
	closedir(dir);
	EXPECT("1:OPEN|DIR 1:ACCESS|DIR 1:CLOSE_NOWRITE|DIR");
}

CASE(inotify_renames_and_cookies)
{
	begin_watched();
	REQUIRE_EQ(mkdir("e", 0700), 0);
	REQUIRE_EQ(watch("e", IN_ALL_EVENTS), 3);
	CHECK_EQ(rename("d/f", "d/g"), 0);
	EXPECT("1:MOVED_FROM:f# 1:MOVED_TO:g# 2:MOVE_SELF");
	CHECK(nr_cookies == 2 && cookies[0] == cookies[1]);
	unsigned first = cookies[0];
	CHECK_EQ(rename("d/g", "e/f"), 0);
	EXPECT("1:MOVED_FROM:g# 3:MOVED_TO:f# 2:MOVE_SELF");
	CHECK(nr_cookies == 2 && cookies[0] == cookies[1] && cookies[0] != first);
	CHECK_EQ(rename("e/f", "out"), 0);
	EXPECT("3:MOVED_FROM:f# 2:MOVE_SELF");
	CHECK_EQ(rename("out", "d/f"), 0);
	EXPECT("1:MOVED_TO:f# 2:MOVE_SELF");
	CHECK_EQ(rename("e", "d/e"), 0);
	EXPECT("1:MOVED_TO|DIR:e# 3:MOVE_SELF");
	CHECK_EQ(rename("d/f", "d/f"), 0);
	EXPECT("");	/* nothing happened */
	REQUIRE(put_file("d/h", "", 0, 0600));
	(void)events();
	CHECK_EQ(sys(SYS_renameat2, AT_FDCWD, "d/h", AT_FDCWD, "d/f", 2 /* RENAME_EXCHANGE */), 0);
	EXPECT("1:MOVED_FROM:h# 1:MOVED_TO:f# 1:MOVED_FROM:f# 1:MOVED_TO:h# 2:MOVE_SELF");
	CHECK(cookies[0] == cookies[1] && cookies[2] == cookies[3] && cookies[0] != cookies[2]);
}

/* The file that is replaced loses a name, and may go with it. */
CASE(inotify_rename_over)
{
	begin_watched();
	REQUIRE_EQ(link("d/f", "d/h"), 0);
	REQUIRE(put_file("n", "", 0, 0600));
	(void)events();
	CHECK_EQ(rename("n", "d/h"), 0);
	EXPECT("1:MOVED_TO:h# 2:ATTRIB");
	REQUIRE(put_file("n", "", 0, 0600));
	CHECK_EQ(rename("n", "d/f"), 0);
	EXPECT("1:MOVED_TO:f# 2:ATTRIB 2:DELETE_SELF 2:IGNORED");
}

CASE(inotify_unlink)
{
	char c = 'x';
	int fd;

	begin_watched();
	REQUIRE_EQ(link("d/f", "d/h"), 0);
	(void)events();
	CHECK_EQ(unlink("d/h"), 0);
	EXPECT("2:ATTRIB 1:DELETE:h");
	fd = must_open("d/f", O_RDWR);
	(void)events();
	CHECK_EQ(unlink("d/f"), 0);
	EXPECT("2:ATTRIB 1:DELETE:f");
	CHECK_EQ(sys(SYS_write, fd, &c, 1), 1);
	EXPECT("1:MODIFY:f 2:MODIFY");
	close(fd);
	EXPECT("1:CLOSE_WRITE:f 2:CLOSE_WRITE 2:DELETE_SELF 2:IGNORED");
	REQUIRE(put_file("d/g", "", 0, 0600));
	REQUIRE_EQ(watch("d/g", IN_ALL_EVENTS), 3);
	(void)events();
	CHECK_EQ(unlink("d/g"), 0);
	EXPECT("3:ATTRIB 3:DELETE_SELF 3:IGNORED 1:DELETE:g");
	CHECK_EQ(sys(SYS_inotify_rm_watch, in, 3), -EINVAL);	/* it has ended by itself */
}

CASE(inotify_rmdir)
{
	begin();
	REQUIRE_EQ(mkdir("d", 0700), 0);
	REQUIRE_EQ(mkdir("d/s", 0700), 0);
	REQUIRE_EQ(watch("d", IN_ALL_EVENTS), 1);
	REQUIRE_EQ(watch("d/s", IN_ALL_EVENTS), 2);
	CHECK_EQ(rmdir("d/s"), 0);
	EXPECT("2:DELETE_SELF 2:IGNORED 1:DELETE|DIR:s");
	CHECK_EQ(rmdir("d"), 0);
	EXPECT("1:DELETE_SELF 1:IGNORED");
}

/* Calls that move bytes without read and write. */
CASE(inotify_other_ways_to_write)
{
	int a, b;
	char *p;

	begin_watched();
	REQUIRE(put_file("d/b", "", 0, 0600));
	a = must_open("d/f", O_RDWR);
	b = must_open("d/b", O_RDWR);
	(void)events();
	CHECK_EQ(sendfile(b, a, NULL, 2), 2);
	EXPECT("1:ACCESS:f 2:ACCESS 1:MODIFY:b");
	CHECK_EQ(sys(SYS_fallocate, a, 0, 0, 100), 0);
	EXPECT("1:MODIFY:f 2:MODIFY");
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, a, 0);
	REQUIRE(p != MAP_FAILED);
	p[0] = 1;
	munmap(p, PAGE);
	EXPECT("");	/* memory is not watched */
}

CASE(inotify_exec)
{
	char path[600];
	pid_t pid;

	begin();
	REQUIRE_EQ(mkdir("d", 0700), 0);
	snprintf(path, sizeof(path), "cp %s d/t", ktap_self);
	if (system(path))
		SKIP("no shell or no cp");
	REQUIRE_EQ(watch("d", IN_ALL_EVENTS), 1);
	pid = fork();
	if (pid == 0) {
		execl("d/t", "d/t", "-l", NULL);
		_exit(127);
	}
	CHECK_EQ(child_status(pid) & 0x7f, 0);
	events();
	CHECK(strstr(text, "1:OPEN:t 1:ACCESS:t") == text);
	CHECK(strstr(text, "1:CLOSE_NOWRITE:t"));
}

/* ---- watches -------------------------------------------------------------------------------------------------- */

CASE(inotify_masks)
{
	begin();
	REQUIRE(put_file("f", "", 0, 0600));
	CHECK_EQ(watch("f", IN_OPEN), 1);
	CHECK_EQ(watch("f", IN_CLOSE | IN_MASK_ADD), 1);
	close(must_open("f", O_RDONLY));
	EXPECT("1:OPEN 1:CLOSE_NOWRITE");
	CHECK_EQ(watch("./f", IN_CLOSE_NOWRITE), 1);	/* replaced */
	close(must_open("f", O_RDONLY));
	EXPECT("1:CLOSE_NOWRITE");
	CHECK_EQ(watch("f", IN_OPEN | IN_MASK_CREATE), -EEXIST);
	CHECK_EQ(watch("f", IN_OPEN | IN_MASK_CREATE | IN_MASK_ADD), -EINVAL);
	CHECK_EQ(watch("f", 0), -EINVAL);
	REQUIRE(put_file("g", "", 0, 0600));
	CHECK_EQ(watch("g", IN_OPEN | IN_MASK_CREATE), 2);
	CHECK_EQ(sys(SYS_inotify_rm_watch, in, 1), 0);
	EXPECT("1:IGNORED");
	CHECK_EQ(sys(SYS_inotify_rm_watch, in, 1), -EINVAL);
	CHECK_EQ(watch("f", IN_OPEN), 3);	/* numbers are not used again */
}

CASE(inotify_one_shot)
{
	begin();
	REQUIRE(put_file("f", "", 0, 0600));
	CHECK_EQ(watch("f", IN_OPEN | IN_ONESHOT), 1);
	close(must_open("f", O_RDONLY));
	close(must_open("f", O_RDONLY));
	EXPECT("1:OPEN 1:IGNORED");
}

CASE(inotify_excl_unlink)
{
	int fd;

	begin();
	REQUIRE_EQ(mkdir("d", 0700), 0);
	REQUIRE(put_file("d/f", "", 0, 0600));
	CHECK_EQ(watch("d", IN_ALL_EVENTS | IN_EXCL_UNLINK), 1);
	fd = must_open("d/f", O_RDWR);
	CHECK_EQ(unlink("d/f"), 0);
	EXPECT("1:OPEN:f 1:DELETE:f");
	CHECK_EQ(sys(SYS_write, fd, "x", 1), 1);
	close(fd);
	EXPECT("");
}

CASE(inotify_links_and_folders)
{
	begin();
	REQUIRE(put_file("f", "", 0, 0600));
	REQUIRE_EQ(symlink("f", "l"), 0);
	CHECK_EQ(watch("f", IN_OPEN), 1);
	CHECK_EQ(watch("l", IN_OPEN), 1);
	CHECK_EQ(watch("l", IN_ALL_EVENTS | IN_DONT_FOLLOW), 2);
	CHECK_EQ(watch("f", IN_OPEN | IN_ONLYDIR), -ENOTDIR);
	CHECK_EQ(watch(".", IN_OPEN | IN_ONLYDIR), 3);
	close(must_open("l", O_RDONLY));
	EXPECT("3:OPEN:f 1:OPEN");
	CHECK_EQ(unlink("l"), 0);
	EXPECT("2:ATTRIB 2:DELETE_SELF 2:IGNORED");
}

CASE(inotify_errors)
{
	int p[2];

	begin();
	REQUIRE(put_file("f", "", 0, 0600));
	REQUIRE_EQ(pipe(p), 0);
	CHECK_EQ(sys(SYS_inotify_init1, 1), -EINVAL);
	CHECK_EQ(sys(SYS_inotify_add_watch, 999, "f", IN_OPEN), -EBADF);
	CHECK_EQ(sys(SYS_inotify_add_watch, p[0], "f", IN_OPEN), -EINVAL);
	CHECK_EQ(sys(SYS_inotify_rm_watch, 999, 1), -EBADF);
	CHECK_EQ(sys(SYS_inotify_rm_watch, p[0], 1), -EINVAL);
	CHECK_EQ(watch("none", IN_OPEN), -ENOENT);
	CHECK_EQ(watch("f/x", IN_OPEN), -ENOTDIR);
	CHECK_EQ(sys(SYS_inotify_add_watch, in, NULL, IN_OPEN), -EFAULT);
	CHECK_EQ(sys(SYS_write, in, "x", 1), -EBADF);
	CHECK_EQ(sys(SYS_fcntl, (int)sys(SYS_inotify_init1, IN_CLOEXEC), F_GETFD, 0), FD_CLOEXEC);
	CHECK_EQ(sys(SYS_fcntl, (int)sys(SYS_inotify_init, 0), F_GETFD, 0), 0);
	REQUIRE(put_file("secret", "", 0, 0200));
	if (is_root())
		REQUIRE(drop_root());
	CHECK_EQ(watch("secret", IN_OPEN), -EACCES);
}

/* Two instances, each with its own queue. */
CASE(inotify_instances_are_apart)
{
	int other, mine;

	begin();
	mine = in;
	other = (int)sys(SYS_inotify_init1, IN_NONBLOCK);
	REQUIRE(put_file("f", "", 0, 0600));
	CHECK_EQ(sys(SYS_inotify_add_watch, other, "f", IN_OPEN), 1);
	CHECK_EQ(watch("f", IN_CLOSE), 1);
	close(must_open("f", O_RDONLY));
	EXPECT("1:CLOSE_NOWRITE");
	in = other;
	EXPECT("1:OPEN");
	in = mine;
	close(other);
	close(must_open("f", O_RDONLY));
	EXPECT("1:CLOSE_NOWRITE");
}

/* ---- the queue ------------------------------------------------------------------------------------------------ */

CASE(inotify_read_sizes)
{
	char buf[64];
	int left = -1;

	begin();
	REQUIRE_EQ(mkdir("d", 0700), 0);
	REQUIRE_EQ(watch("d", IN_CREATE), 1);
	CHECK_EQ(sys(SYS_ioctl, in, FIONREAD, &left), 0);
	CHECK_EQ(left, 0);
	CHECK_EQ(mkdir("d/a", 0700), 0);
	CHECK_EQ(mkdir("d/sixteen_letters_", 0700), 0);
	CHECK_EQ(sys(SYS_ioctl, in, FIONREAD, &left), 0);
	CHECK_EQ(left, 16 + 16 + 16 + 32);
	CHECK_EQ(sys(SYS_read, in, buf, 16), -EINVAL);	/* not a part of an event */
	CHECK_EQ(sys(SYS_read, in, buf, 40), 32);
	CHECK_EQ(sys(SYS_read, in, buf, 31), -EINVAL);
	CHECK_EQ(sys(SYS_read, in, buf, 48), 48);
	CHECK_STR(buf + 16, "sixteen_letters_");
	CHECK_EQ(sys(SYS_read, in, buf, 64), -EAGAIN);
}

CASE(inotify_same_events_are_one)
{
	int fd;

	begin();
	REQUIRE(put_file("f", "", 0, 0600));
	REQUIRE(put_file("g", "", 0, 0600));
	fd = must_open("f", O_RDWR);
	REQUIRE_EQ(watch("f", IN_MODIFY), 1);
	REQUIRE_EQ(watch("g", IN_MODIFY), 2);
	CHECK_EQ(sys(SYS_write, fd, "x", 1), 1);
	CHECK_EQ(sys(SYS_write, fd, "x", 1), 1);
	CHECK_EQ(truncate("g", 5), 0);
	CHECK_EQ(sys(SYS_write, fd, "x", 1), 1);
	EXPECT("1:MODIFY 2:MODIFY 1:MODIFY");	/* only the last in the queue is looked at */
}

CASE(inotify_poll_and_blocking_read)
{
	struct pollfd p;
	char buf[64];
	pid_t pid;

	begin();
	in = (int)sys(SYS_inotify_init1, 0);
	REQUIRE(put_file("f", "", 0, 0600));
	REQUIRE_EQ(watch("f", IN_MODIFY), 1);
	p = (struct pollfd){ in, POLLIN | POLLOUT, 0 };
	CHECK_EQ(sys(SYS_poll, &p, 1, 0), 0);
	IN_CHILD(pid) {
		sleep_ms(50);
		CHECK_EQ(truncate("f", 1), 0);
		sleep_ms(100);
		CHECK_EQ(truncate("f", 2), 0);
	}
	CHECK_EQ(sys(SYS_poll, &p, 1, 10000), 1);
	CHECK_EQ(p.revents, POLLIN);
	CHECK_EQ(sys(SYS_read, in, buf, sizeof(buf)), 16);
	CHECK_EQ(sys(SYS_read, in, buf, sizeof(buf)), 16);	/* waits for the second */
	CHECK_EXIT(pid, 0);
}

static void put_setting(const char *name, long value)
{
	char path[100], number[24];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/fs/inotify/%s", name);
	snprintf(number, sizeof(number), "%ld\n", value);
	fd = must_open(path, O_WRONLY | O_TRUNC);
	REQUIRE(write(fd, number, strlen(number)) == (ssize_t)strlen(number));
	close(fd);
}

static long get_setting(const char *name)
{
	char path[100], buf[24] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/fs/inotify/%s", name);
	fd = must_open(path, O_RDONLY);
	REQUIRE(read(fd, buf, sizeof(buf) - 1) > 0);
	close(fd);
	return atol(buf);
}

CASE(inotify_overflow)
{
	static char buf[1 << 20] __attribute__((aligned(8)));
	long i, n = 0, at, len, max = get_setting("max_queued_events");
	const struct inotify_event *e = NULL;
	char name[2][8] = { "d/a", "d/b" };

	begin();
	if (max > 20000)
		SKIP("the limit is high here");
	REQUIRE_EQ(mkdir("d", 0700), 0);
	REQUIRE(put_file(name[0], "", 0, 0600));
	REQUIRE_EQ(watch("d", IN_MOVED_FROM), 1);
	for (i = 0; i < max + 10; i++)	/* different names: no two are one */
		REQUIRE_EQ(sys(SYS_rename, name[i & 1], name[~i & 1]), 0);
	while ((len = sys(SYS_read, in, buf, sizeof(buf))) > 0)
		for (at = 0; at < len; at += (long)(sizeof(*e) + e->len), n++) {
			e = (const void *)(buf + at);
			if (n < max)
				CHECK_EQ(e->mask, IN_MOVED_FROM);
		}
	REQUIRE(e);
	CHECK_EQ(n, max + 1);
	CHECK_EQ(e->mask, IN_Q_OVERFLOW);
	CHECK_EQ(e->wd, -1);
	CHECK_EQ(e->len, 0);
	CHECK_EQ(rename(name[i & 1], "d/c"), 0);
	EXPECT(i & 1 ? "1:MOVED_FROM:b#" : "1:MOVED_FROM:a#");	/* and it goes on */
}

/* ---- limits --------------------------------------------------------------------------------------------------- */

CASE(inotify_limits)
{
	long watches = get_setting("max_user_watches"), instances = get_setting("max_user_instances");
	pid_t pid;

	begin();
	CHECK(watches >= 8192);
	CHECK(instances >= 16);
	CHECK(get_setting("max_queued_events") >= 1024);
	REQUIRE(put_file("f", "", 0, 0600));
	if (!on_exo() || !is_root())
		SKIP("settings of this machine are not a test's");
	IN_CHILD(pid) {
		put_setting("max_user_watches", 2);
		put_setting("max_user_instances", 3);
		CHECK_EQ(watch("f", IN_OPEN), 1);
		CHECK_EQ(watch(".", IN_OPEN), 2);
		CHECK_EQ(watch("/", IN_OPEN), -ENOSPC);
		CHECK_EQ(watch(".", IN_CLOSE), 2);
		CHECK_EQ(sys(SYS_inotify_rm_watch, in, 2), 0);
		CHECK_EQ(watch("/", IN_OPEN), 3);
		CHECK(sys(SYS_inotify_init1, 0) >= 0);
		CHECK(sys(SYS_inotify_init1, 0) >= 0);
		CHECK_EQ(sys(SYS_inotify_init1, 0), -EMFILE);
		if (drop_root())
			CHECK(sys(SYS_inotify_init1, 0) >= 0);	/* each user has their own */
	}
	CHECK_EXIT(pid, 0);
	put_setting("max_user_watches", watches);
	put_setting("max_user_instances", instances);
	CHECK_EQ(sys(SYS_openat, AT_FDCWD, "/proc/sys/fs/inotify/max_user_watches", O_RDONLY, 0) < 0, 0);
}

CASE(inotify_fdinfo)
{
	char path[64], buf[4096] = "", want[100];
	struct stat st;
	int fd;

	begin();
	REQUIRE(put_file("f", "", 0, 0600));
	REQUIRE_EQ(watch("f", IN_OPEN | IN_ONESHOT), 1);
	CHECK_EQ(sys(SYS_stat, "f", &st), 0);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", in);
	fd = must_open(path, O_RDONLY);
	REQUIRE(read(fd, buf, sizeof(buf) - 1) > 0);
	snprintf(want, sizeof(want), "inotify wd:1 ino:%lx sdev:", (unsigned long)st.st_ino);
	CHECK(strstr(buf, want));
	CHECK(strstr(buf, " mask:80000020 ignored_mask:0"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", in);
	memset(buf, 0, sizeof(buf));
	CHECK(readlink(path, buf, sizeof(buf)) > 0);
	CHECK_STR(buf, "anon_inode:inotify");
}

CASE(inotify_unmount)
{
	begin();
	REQUIRE_EQ(mkdir("m", 0700), 0);
	if (!is_root() || (!on_exo() && (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))))
		SKIP("needs root that may mount");
	REQUIRE_EQ(mount("none", "m", "tmpfs", 0, NULL), 0);
	REQUIRE(put_file("m/f", "", 0, 0600));
	REQUIRE_EQ(watch("m/f", IN_OPEN), 1);
	REQUIRE_EQ(sys(SYS_umount2, "m", 0), 0);	/* a watch keeps no mount busy */
	EXPECT("1:UNMOUNT 1:IGNORED");
}

/* Files come and go while others watch and stop watching. */
CASE(inotify_hammered)
{
	pid_t pids[4];
	char name[16];
	int i, n;

	scratch();
	REQUIRE_EQ(mkdir("d", 0700), 0);
	for (i = 0; i < 4; i++) {
		IN_CHILD(pids[i]) {
			in = (int)sys(SYS_inotify_init1, IN_NONBLOCK);
			REQUIRE(in >= 0);
			for (n = 0; n < 300; n++) {
				snprintf(name, sizeof(name), "d/%d", n % 5);
				if (i < 2) {
					int fd = open(name, O_CREAT | O_RDWR, 0600);

					CHECK(fd >= 0);
					close(fd);
					unlink(name);
				} else {
					long wd = watch(n & 1 ? name : "d", IN_ALL_EVENTS | (n & 2 ? IN_ONESHOT : 0));

					CHECK(wd > 0 || wd == -ENOENT);
					if (wd > 0 && n % 3 == 0)
						sys(SYS_inotify_rm_watch, in, wd);
					if (n % 50 == 0) {
						close(in);
						in = (int)sys(SYS_inotify_init1, IN_NONBLOCK);
					}
				}
			}
		}
	}
	for (i = 0; i < 4; i++)
		CHECK_EXIT(pids[i], 0);
}
