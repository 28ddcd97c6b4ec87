/* SPDX-License-Identifier: MIT */
/*
 * Arguments and environment on their way to a new program: copied once, with
 * Linux's limits (128 KiB a word; all of them with their pointers at most a
 * quarter of the stack limit, and 6 MiB; man execve(2)).
 */
#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>
#include <mm/kva.h>

#include "exec_priv.h"

#define WORD_MAX     (128u << 10)
#define LIMIT_MIN    (128u << 10)
#define LIMIT_MAX    (6u << 20)
#define FIRST_CAP    4096u

static void args_init(struct exec_args *args)
{
	u64 limit = task_rlimit(RLIMIT_STACK) / 4;

	*args = (struct exec_args){ .limit = MIN(MAX(limit, (u64)LIMIT_MIN), (u64)LIMIT_MAX) };
}

void exec_args_fini(struct exec_args *args)
{
	if (args->cap > FIRST_CAP)
		vfree(args->buf);
	else
		kfree(args->buf);
	args->buf = NULL;
}

/* Room for at least @need bytes more. */
static int args_grow(struct exec_args *args, size_t need)
{
	size_t cap = args->cap ? args->cap : FIRST_CAP;
	char *buf;

	while (cap < args->len + need)
		cap *= 2;
	if (cap == args->cap)
		return 0;
	buf = cap > FIRST_CAP ? vmalloc(cap) : kmalloc(cap, 0);
	if (!buf)
		return -ENOMEM;
	memcpy(buf, args->buf, args->len);
	exec_args_fini(args);
	args->buf = buf;
	args->cap = cap;
	return 0;
}

static bool over_limit(const struct exec_args *args)
{
	return args->len + (args->argc + args->envc) * sizeof(u64) > args->limit;
}

static int add_kernel(struct exec_args *args, const char *word)
{
	size_t len = strlen(word) + 1;
	int err = args_grow(args, len);

	if (err)
		return err;
	memcpy(args->buf + args->len, word, len);
	args->len += len;
	return over_limit(args) ? -E2BIG : 0;
}

/* One word of the program's memory; the buffer grows until it fits. */
static int add_user(struct exec_args *args, const char __user *word)
{
	for (;;) {
		size_t room = MIN(args->cap - args->len, (size_t)WORD_MAX);
		long len = room ? user_copy_string(args->buf + args->len, word, room) :
				  -ENAMETOOLONG;
		int err;

		if (len >= 0) {
			args->len += (size_t)len + 1;
			return over_limit(args) ? -E2BIG : 0;
		}
		if (len != -ENAMETOOLONG)
			return (int)len;
		if (room == WORD_MAX || args->len + room > args->limit)
			return -E2BIG;
		err = args_grow(args, room + 1);
		if (err)
			return err;
	}
}

static int add_vector_user(struct exec_args *args, u64 vector, u32 *count)
{
	for (; vector; vector += sizeof(u64)) {
		u64 word;
		int err = user_read_u64(&word, (const void __user *)(uintptr_t)vector);

		if (err)
			return err;
		if (!word)
			return 0;
		++*count;
		err = add_user(args, (const char __user *)(uintptr_t)word);
		if (err)
			return err;
	}
	return 0;
}

/* After the arguments: what Linux 5.18 and later do about an empty vector. */
static int end_arguments(struct exec_args *args)
{
	int err = 0;

	if (!args->argc) {
		args->argc = 1;
		err = add_kernel(args, "");
	}
	args->env_at = args->len;
	return err;
}

static int end_environment(struct exec_args *args, const char *name)
{
	args->name_at = args->len;
	return add_kernel(args, name);
}

int exec_args_user(struct exec_args *args, u64 argv, u64 envp, const char *name)
{
	int err;

	args_init(args);
	err = args_grow(args, 1);
	if (!err)
		err = add_vector_user(args, argv, &args->argc);
	if (!err)
		err = end_arguments(args);
	if (!err)
		err = add_vector_user(args, envp, &args->envc);
	return err ? err : end_environment(args, name);
}

static int add_vector_kernel(struct exec_args *args, const char *const *vector, u32 *count)
{
	int err = 0;

	for (; *vector && !err; vector++) {
		++*count;
		err = add_kernel(args, *vector);
	}
	return err;
}

int exec_args_kernel(struct exec_args *args, const char *const *argv, const char *const *envp,
		     const char *name)
{
	int err;

	args_init(args);
	err = add_vector_kernel(args, argv, &args->argc);
	if (!err)
		err = end_arguments(args);
	if (!err)
		err = add_vector_kernel(args, envp, &args->envc);
	return err ? err : end_environment(args, name);
}

int exec_args_script(struct exec_args *args, const char *interp, const char *arg,
		     const char *script)
{
	size_t old = strlen(args->buf) + 1;
	size_t a = strlen(interp) + 1, b = arg ? strlen(arg) + 1 : 0, c = strlen(script) + 1;
	int err = args_grow(args, a + b + c);

	if (err)
		return err;
	memmove(args->buf + a + b + c, args->buf + old, args->len - old);
	memcpy(args->buf, interp, a);
	memcpy(args->buf + a, arg ? arg : "", b);
	memcpy(args->buf + a + b, script, c);
	args->len += a + b + c - old;
	args->env_at += a + b + c - old;
	args->name_at += a + b + c - old;
	args->argc += arg ? 2 : 1;
	return over_limit(args) ? -E2BIG : 0;
}
