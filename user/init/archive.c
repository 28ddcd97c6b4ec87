/* SPDX-License-Identifier: MIT */
/*
 * The writer of archive.h. Format: cpio(5), "new ASCII": a header of 110 bytes
 * in hexadecimal, the name, the data, each padded to 4; the end is an entry
 * named TRAILER!!!.
 *
 * The size in a header is promised before the data is read: a file that grows
 * meanwhile is cut there, one that shrinks is filled with zeros.
 */
#include "archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

struct walk {
	archive_sink *sink;
	void *ctx;
	u32 ino;
	size_t root_len; /* of the path given; what follows is the name */
	char path[PATH_MAX];
};

static int put(struct walk *w, const void *data, size_t len)
{
	return len ? w->sink(w->ctx, data, len) : 0;
}

static int put_padded(struct walk *w, const void *data, size_t len, size_t done)
{
	int err = put(w, data, len);

	return err ? err : put(w, "\0\0\0", -(done + len) & 3);
}

static const char *entry_name(const struct walk *w)
{
	const char *name = w->path + w->root_len;

	name += *name == '/';
	return *name ? name : ".";
}

static int put_header(struct walk *w, const char *name, const struct stat *st, u64 size)
{
	char h[111];
	size_t name_len = strlen(name) + 1;
	int err;

	if (size > UINT32_MAX)
		return -EFBIG;
	snprintf(h, sizeof(h), "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		 w->ino++, st->st_mode, st->st_uid, st->st_gid, 1u, (u32)st->st_mtime, (u32)size,
		 0u, 0u, major(st->st_rdev), minor(st->st_rdev), (u32)name_len, 0u);
	err = put(w, h, 110);
	return err ? err : put_padded(w, name, name_len, 110);
}

static int put_zeros(struct walk *w, u64 len)
{
	static const u8 zeros[4096];
	int err = 0;

	for (; len && !err; len -= MIN(len, sizeof(zeros)))
		err = put(w, zeros, MIN(len, sizeof(zeros)));
	return err;
}

static int put_data(struct walk *w, int fd, u64 size)
{
	static u8 buf[16384];
	u64 left = size;
	int err = 0;

	while (left && !err) {
		ssize_t n = read(fd, buf, MIN(left, sizeof(buf)));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		err = put(w, buf, (size_t)n);
		left -= (u64)n;
	}
	if (!err)
		err = put_zeros(w, left);
	return err ? err : put(w, "\0\0\0", -size & 3);
}

static int put_file(struct walk *w, const struct stat *st)
{
	int fd = open(w->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int err;

	if (fd < 0)
		return -errno;
	err = put_header(w, entry_name(w), st, (u64)st->st_size);
	if (!err)
		err = put_data(w, fd, (u64)st->st_size);
	close(fd);
	return err;
}

static int put_link(struct walk *w, const struct stat *st)
{
	char target[PATH_MAX];
	ssize_t n = readlink(w->path, target, sizeof(target));
	int err;

	if (n < 0)
		return -errno;
	err = put_header(w, entry_name(w), st, (u64)n);
	return err ? err : put_padded(w, target, (size_t)n, 0);
}

static int put_any(struct walk *w);

static int put_child(struct walk *w, size_t len, const char *name)
{
	int n = snprintf(w->path + len, sizeof(w->path) - len, "/%s", name);
	int err = (size_t)n >= sizeof(w->path) - len ? -ENAMETOOLONG : put_any(w);

	w->path[len] = '\0';
	/* A program that still runs may remove files while we walk. */
	return err == -ENOENT ? 0 : err;
}

static int put_dir(struct walk *w, const struct stat *st)
{
	size_t len = strlen(w->path);
	struct dirent *de;
	DIR *dir = opendir(w->path);
	int err;

	if (!dir)
		return -errno;
	err = put_header(w, entry_name(w), st, 0);
	while (!err && (de = readdir(dir))) {
		if (strcmp(de->d_name, ".") && strcmp(de->d_name, ".."))
			err = put_child(w, len, de->d_name);
	}
	closedir(dir);
	return err;
}

static int put_any(struct walk *w)
{
	struct stat st;

	if (lstat(w->path, &st) < 0)
		return -errno;
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return put_file(w, &st);
	case S_IFDIR:
		return put_dir(w, &st);
	case S_IFLNK:
		return put_link(w, &st);
	case S_IFSOCK:
		return 0;
	}
	return put_header(w, entry_name(w), &st, 0);
}

int archive_write(const char *path, archive_sink *sink, void *ctx)
{
	static struct walk w; /* a path is too much for a stack frame */
	struct stat none = { 0 };
	int err;

	w.sink = sink;
	w.ctx = ctx;
	w.ino = 1;
	w.root_len = strlen(path);
	if (w.root_len == 0)
		return -ENOENT;
	if (w.root_len >= sizeof(w.path))
		return -ENAMETOOLONG;
	memcpy(w.path, path, w.root_len + 1);
	err = put_any(&w);
	return err ? err : put_header(&w, "TRAILER!!!", &none, 0);
}
