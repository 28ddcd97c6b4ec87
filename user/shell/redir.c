/* SPDX-License-Identifier: MIT */
/* Redirections (contract in redir.h). */
#include "redir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "expand.h"
#include "shell.h"

#define FIRST_OWN_FD 10
#define WAS_CLOSED   (-1)

struct saved {
	struct saved *next;
	int fd, copy; /* copy: where it is kept, or WAS_CLOSED */
};

struct level {
	struct level *prev;
	struct saved *saved;
};

static struct level *levels;

static bool fail(const char *what, const char *why)
{
	shell_error("%s: %s", what, why);
	return false;
}

/* Remember what @fd is. Return: false: no descriptor left. */
static bool keep(struct level *level, int fd)
{
	struct saved *s;
	int copy;

	for (s = level->saved; s; s = s->next)
		if (s->fd == fd)
			return true;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_OWN_FD);
	if (copy < 0 && errno != EBADF)
		return fail("redirection", strerror(errno));
	s = shell_alloc(sizeof(*s));
	*s = (struct saved){ level->saved, fd, copy < 0 ? WAS_CLOSED : copy };
	level->saved = s;
	return true;
}

/* `>`: with noclobber not onto a regular file that is there. */
static int open_output(const char *path)
{
	struct stat st;
	int fd;

	if (!shell_opt(OPT_NOCLOBBER))
		return open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
	if (fd >= 0 || errno != EEXIST)
		return fd;
	fd = open(path, O_WRONLY);
	if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
		return fd;
	if (fd >= 0)
		close(fd);
	errno = EEXIST;
	return -1;
}

static int open_target(enum redir_kind kind, const char *path)
{
	switch (kind) {
	case REDIR_IN:
		return open(path, O_RDONLY);
	case REDIR_OUT:
		return open_output(path);
	case REDIR_CLOBBER:
		return open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	case REDIR_APPEND:
		return open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
	case REDIR_INOUT:
		return open(path, O_RDWR | O_CREAT, 0666);
	case REDIR_DUP_IN:
	case REDIR_DUP_OUT:
	case REDIR_HERE:
		break;
	}
	errno = EINVAL;
	return -1;
}

static int open_here(const char *text)
{
	size_t len = strlen(text), done = 0;
	int fd = memfd_create("here-document", 0);

	while (fd >= 0 && done < len) {
		ssize_t n = write(fd, text + done, len - done);

		if (n < 0) {
			close(fd);
			return -1;
		}
		done += (size_t)n;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

/* `>&word`: a descriptor's number or "-". */
static bool dup_to(const struct redir *r, const char *word)
{
	char *end;
	long from = strtol(word, &end, 10);

	if (strcmp(word, "-") == 0) {
		close(r->fd);
		return true;
	}
	if (*end || end == word || from < 0 || from > 99999)
		return fail(word, "neither a descriptor nor -");
	if (from == r->fd)
		return fcntl((int)from, F_GETFD) >= 0 || fail(word, strerror(errno));
	if (from >= FIRST_OWN_FD && fcntl((int)from, F_GETFD) == FD_CLOEXEC)
		errno = EBADF; /* one of ours, not the script's */
	else if (dup2((int)from, r->fd) >= 0)
		return true;
	return fail(word, strerror(errno));
}

static bool apply(const struct redir *r)
{
	char *word = expand_one(r->word, false);
	int fd;

	if (r->kind == REDIR_DUP_IN || r->kind == REDIR_DUP_OUT)
		return dup_to(r, word);
	fd = r->kind == REDIR_HERE ? open_here(word) : open_target(r->kind, word);
	if (fd < 0)
		return fail(r->kind == REDIR_HERE ? "here-document" : word,
			    errno == EEXIST ? "file exists (noclobber)" : strerror(errno));
	if (fd == r->fd)
		return true;
	if (dup2(fd, r->fd) < 0) {
		close(fd);
		return fail("redirection", strerror(errno));
	}
	close(fd);
	return true;
}

bool redir_begin(const struct redir *redirs, bool forget)
{
	struct level *level = shell_alloc(sizeof(*level));

	fflush(stdout);
	level->prev = levels;
	levels = level;
	for (; redirs; redirs = redirs->next) {
		if ((!forget && !keep(level, redirs->fd)) || !apply(redirs)) {
			redir_end();
			return false;
		}
	}
	return true;
}

void redir_end(void)
{
	struct level *level = levels;

	fflush(stdout);
	levels = level->prev;
	while (level->saved) {
		struct saved *s = level->saved;

		level->saved = s->next;
		if (s->copy == WAS_CLOSED) {
			close(s->fd);
		} else {
			dup2(s->copy, s->fd);
			close(s->copy);
		}
		free(s);
	}
	free(level);
}

int redir_outer_stderr(void)
{
	for (const struct saved *s = levels ? levels->saved : NULL; s; s = s->next)
		if (s->fd == STDERR_FILENO && s->copy != WAS_CLOSED)
			return s->copy;
	return STDERR_FILENO;
}

void redir_unwind(void)
{
	while (levels)
		redir_end();
}
