/* SPDX-License-Identifier: MIT */
/* What the files of exec share. */
#pragma once

#include <kernel/lib/types.h>

struct aspace;
struct cred;
struct file;

/*
 * The words of a new program, back to back in one buffer as they will stand on
 * its stack: argc arguments, envc environment words, then the name it was
 * started by, each with its NUL.
 */
struct exec_args {
	char *buf;
	size_t len, cap;
	size_t limit;    /* RLIMIT_STACK / 4, bytes of words and their pointers */
	u32 argc, envc;
	size_t env_at;   /* where the environment begins */
	size_t name_at;  /* where the name begins */
};

/** exec_args_user - from execve's vectors. Return: 0; -EFAULT; -E2BIG; -ENOMEM.
 * The caller calls exec_args_fini() in any case. */
__must_check int exec_args_user(struct exec_args *args, u64 argv, u64 envp, const char *name);
/** exec_args_kernel - the same from kernel memory */
__must_check int exec_args_kernel(struct exec_args *args, const char *const *argv,
				  const char *const *envp, const char *name);
/** exec_args_script - argv[0] gives way to @interp, @arg (NULL: none), @script */
__must_check int exec_args_script(struct exec_args *args, const char *interp, const char *arg,
				  const char *script);
void exec_args_fini(struct exec_args *args);

#define EXEC_HEAD_SIZE 4096u /* bytes read from the start of a file */

/* An image being built; nothing of current has changed yet. */
struct exec_image {
	struct aspace *as;
	struct file *file;       /* the program (not the script) */
	u64 entry;               /* where to start: the interpreter's if there is one */
	u64 sp;                  /* at argc */
	bool setid;              /* AT_SECURE */
	const struct cred *cred; /* that it will have */
};

/**
 * exec_elf_load - map the program @image->file into @image->as and build its stack
 * @head: the first EXEC_HEAD_SIZE bytes of the file, zero-filled
 * Return: 0 and entry, sp set; -ENOEXEC; -ENOMEM; -EACCES, -ENOENT, ... of the
 * interpreter.
 */
__must_check int exec_elf_load(struct exec_image *image, const void *head,
			       const struct exec_args *args);
