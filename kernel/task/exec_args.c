/* SPDX-License-Identifier: MIT */
/* Arguments and environment on their way from one image to the next. */
#include <kernel/task/exec.h>

#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>
#include <mm/kva.h>

#define SMALL_BUF 4096u
#define KMALLOC_MAX (32u << 10) /* larger ones need not be contiguous */

static void *buf_alloc(size_t size)
{
	return size <= KMALLOC_MAX ? kmalloc(size, 0) : vmalloc(size);
}

static void buf_free(void *buf, size_t size)
{
	if (size <= KMALLOC_MAX)
		kfree(buf);
	else
		vfree(buf);
}

void exec_args_init(struct exec_args *args)
{
	u64 limit = task_rlimit(RLIMIT_STACK) / 4;

	*args = (struct exec_args){ .limit = MIN(MAX(limit, (u64)EXEC_STRING_MAX), EXEC_ARGS_MAX) };
}

void exec_args_fini(struct exec_args *args)
{
	if (args->buf)
		buf_free(args->buf, args->cap);
	args->buf = NULL;
}

static int grow(struct exec_args *args, size_t need)
{
	size_t cap = args->cap ? args->cap : SMALL_BUF / 2;
	char *buf;

	do
		cap *= 2;
	while (cap < need);
	/* A bound for the buffer; what fits exactly is charge()'s business. */
	if (cap > 4 * EXEC_ARGS_MAX)
		return -E2BIG;
	buf = buf_alloc(cap);
	if (!buf)
		return -ENOMEM;
	if (args->buf) {
		memcpy(buf, args->buf, args->len);
		buf_free(args->buf, args->cap);
	}
	args->buf = buf;
	args->cap = cap;
	return 0;
}

/* @size more bytes and a pointer still within the limit? */
static bool charge(const struct exec_args *args, size_t size)
{
	u64 pointers = ((u64)args->argc + args->envc + 1) * 8;

	return size <= EXEC_STRING_MAX && args->len + size + pointers <= args->limit;
}

static int append(struct exec_args *args, const char *s)
{
	size_t size = strlen(s) + 1;
	int err;

	if (!charge(args, size))
		return -E2BIG;
	if (args->len + size > args->cap) {
		err = grow(args, args->len + size);
		if (err)
			return err;
	}
	memcpy(args->buf + args->len, s, size);
	args->len += size;
	return 0;
}

int exec_args_add_arg(struct exec_args *args, const char *s)
{
	int err = append(args, s);

	if (!err) {
		args->argc++;
		args->argv_len = args->len;
	}
	return err;
}

int exec_args_add_env(struct exec_args *args, const char *s)
{
	int err = append(args, s);

	if (!err)
		args->envc++;
	return err;
}

static int copy_string(struct exec_args *args, const char __user *s)
{
	for (;;) {
		size_t room = MIN(args->cap - args->len, (size_t)EXEC_STRING_MAX);
		long n = room ? user_copy_string(args->buf + args->len, s, room) : -ENAMETOOLONG;
		int err;

		if (n >= 0) {
			if (!charge(args, (size_t)n + 1))
				return -E2BIG;
			args->len += (size_t)n + 1;
			return 0;
		}
		if (n != -ENAMETOOLONG)
			return (int)n;
		if (room == EXEC_STRING_MAX)
			return -E2BIG;
		err = grow(args, args->len + room + 1);
		if (err)
			return err;
	}
}

static int copy_vector(struct exec_args *args, const u64 __user *vec, u32 *count)
{
	for (;; vec++) {
		u64 ptr;
		int err = user_read_u64(&ptr, vec);

		if (err)
			return err;
		if (!ptr)
			return 0;
		err = copy_string(args, (const char __user *)(uintptr_t)ptr);
		if (err)
			return err;
		++*count;
	}
}

int exec_args_copy(struct exec_args *args, const u64 __user *argv, const u64 __user *envp)
{
	int err = argv ? copy_vector(args, argv, &args->argc) : 0;

	/* Programs rely on argument 0 (Linux since 5.18 supplies it). */
	if (!err && !args->argc)
		err = exec_args_add_arg(args, "");
	args->argv_len = args->len;
	if (!err && envp)
		err = copy_vector(args, envp, &args->envc);
	return err;
}

int exec_args_script(struct exec_args *args, const char *interp, const char *arg,
		     const char *path)
{
	struct exec_args new = { .limit = args->limit };
	size_t skip = strlen(args->buf) + 1, rest = args->len - skip;
	int err = exec_args_add_arg(&new, interp);

	if (!err && arg)
		err = exec_args_add_arg(&new, arg);
	if (!err)
		err = exec_args_add_arg(&new, path);
	if (!err && new.len + rest > new.limit)
		err = -E2BIG;
	if (!err && new.len + rest > new.cap)
		err = grow(&new, new.len + rest);
	if (err) {
		exec_args_fini(&new);
		return err;
	}
	memcpy(new.buf + new.len, args->buf + skip, rest);
	new.argv_len = new.len + args->argv_len - skip;
	new.len += rest;
	new.argc += args->argc - 1;
	new.envc = args->envc;
	exec_args_fini(args);
	*args = new;
	return 0;
}
