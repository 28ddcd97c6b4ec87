/* SPDX-License-Identifier: MIT */
/*
 * pledge: OpenBSD's promises on Linux's calls. A thread that promised has
 * PLEDGE_ALWAYS and its promises in thread->pledge; 0 is "none made". A call is asked
 * twice: by its number (kernel/syscall.tbl has the promises) with its register
 * arguments, and, when it names a path, by what it wants with the path.
 *
 * Source: OpenBSD pledge(2), with these differences, all because programs are
 * Linux's: "stdio" also permits asking whether a descriptor is a terminal and how
 * large (TCGETS, TIOCGWINSZ: libc does at its first output) and reading the link
 * /proc/self/exe (static glibc does at start).
 */
#pragma once

#include <kernel/abi/pledge.h>
#include <kernel/lib/types.h>

#define PLEDGE_TEXT_MAX 960 /* longest list of promises, with its NUL */

/* Word "learn": nothing is refused; what would have been is logged, promise and path. */
#define PLEDGE_LEARN BIT(62)

/* What is wanted with a path: unveil's r, w, x, c in the low bits, then what only
 * pledge tells apart. */
enum path_access {
	PATH_READ = 1,
	PATH_WRITE = 2,
	PATH_EXEC = 4,
	PATH_CREATE = 8,  /* or remove, or rename */
	PATH_ATTR = 16,   /* change mode or times; unveil: w */
	PATH_OWNER = 32,  /* change owner; unveil: w */
	PATH_NODE = 64,   /* make a device or FIFO; unveil: c */
	PATH_SOCKET = 128, /* connect to or bind a socket; unveil: w */
	/* What only unveil asks for, besides. */
	PATH_ASK_WRITE = 256,
	PATH_ASK_EXEC = 512,
	PATH_ASK_CREATE = 1024,
};
#define PATH_RWXC 15u /* unveil's permissions */

/** pledge_parse - @text, words with spaces, to PLEDGE_* with PLEDGE_ALWAYS.
 * Return: 0; -EINVAL an unknown word. [pure] */
__must_check int pledge_parse(const char *text, u64 *out);

/** pledge_text - the words of @promises into @buf, ended by NUL. [pure] */
void pledge_text(u64 promises, char *buf, size_t size);

/* Who calls: numbers that arguments are compared with. */
struct pledge_caller {
	s32 pid, tid;
};

/** pledge_checks_arguments - is number @nr (a general form) asked for more than its
 * promises in the table? [pure] */
bool pledge_checks_arguments(u64 nr);
/**
 * pledge_call - does what its arguments ask of call @nr go with @promises?
 * @nr: Linux's number, old forms rewritten.
 * Return: 0: yes; else the promises of which any would permit it. [pure]
 */
u64 pledge_call(u64 promises, const struct pledge_caller *caller, u64 nr, const u64 args[6]);

/**
 * pledge_path - may @access (PATH_*) be had to @name with @promises?
 * @name: as the program wrote it: a few absolute names are permitted by themselves.
 * *no_links: only if no symbolic link is on the way (/tmp belongs to everybody).
 * Return: 0; else the promises that are missing. [pure]
 */
u64 pledge_path(u64 promises, const char *name, u32 access, bool *no_links);

/* kernel/sys_pledge.c: of current */

/** pledge_current - its promises; 0: none were made */
u64 pledge_current(void);
/** pledge_require - current needs any of @promises, if it has promised at all; else the
 * violation is acted on. Return: 0; -ENOSYS. */
__must_check int pledge_require(u64 promises);
/** pledge_violated - a call of current wanted what its promises do not permit: any of
 * @missing would have (0: nothing would), or, if @all, all of them. It is logged; then,
 * with "error", the call ends with the result, else the process ends by SIGABRT when
 * it leaves the kernel. Return: -ENOSYS; 0 with "learn": go on. */
int pledge_violated(u64 missing, bool all);
