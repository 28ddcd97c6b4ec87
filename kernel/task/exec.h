/* SPDX-License-Identifier: MIT */
/* Replacing current's program. */
#pragma once

#include <kernel/lib/types.h>

#define EXEC_STRING_MAX 131072u      /* one argument or variable, with the NUL */
#define EXEC_ARGS_MAX   (6ull << 20) /* all of them with their pointers */
#define EXEC_SCRIPT_MAX 256u         /* a #! line, as much as is read of it */
#define EXEC_NEST_MAX   5u           /* interpreters that are scripts */

/* Arguments and environment in kernel memory: NUL-ended strings, one behind
 * the other, the arguments first. */
struct exec_args {
	char *buf;
	size_t len, cap;
	size_t argv_len; /* bytes of buf that are arguments */
	u32 argc, envc;
	u64 limit;       /* bytes that all may take: RLIMIT_STACK / 4 */
};

void exec_args_init(struct exec_args *args);
void exec_args_fini(struct exec_args *args);
/** exec_args_add_arg, exec_args_add_env - append a string; arguments come first.
 * Return: 0; -E2BIG; -ENOMEM. */
__must_check int exec_args_add_arg(struct exec_args *args, const char *s);
__must_check int exec_args_add_env(struct exec_args *args, const char *s);
/** exec_args_copy - both vectors of execve(2); also -EFAULT */
__must_check int exec_args_copy(struct exec_args *args, const u64 __user *argv,
				const u64 __user *envp);
/** exec_args_script - the arguments of an interpreter: @interp, @arg (may be NULL),
 * @path in place of argument 0. Return: 0; -E2BIG; -ENOMEM. */
__must_check int exec_args_script(struct exec_args *args, const char *interp, const char *arg,
				  const char *path);

/**
 * exec_image - execveat(2) for current; @path is in kernel memory
 * Return: 0, the registers are the new image's; -errno, nothing has changed.
 * May not return when other threads of the process must end and current is
 * killed meanwhile.
 */
__must_check int exec_image(int dirfd, const char *path, u32 at_flags, struct exec_args *args);

/* A program in a space that is being built. */
struct file;
struct aspace;
struct exec_program {
	u64 entry;        /* where the thread starts: the interpreter's or its own */
	u64 own_entry;    /* AT_ENTRY */
	u64 phdrs;        /* AT_PHDR */
	u16 nr_phdrs;     /* AT_PHNUM */
	u64 interp_base;  /* AT_BASE, 0: none */
	u64 vdso;         /* AT_SYSINFO_EHDR */
	bool exec_stack;
};
/** exec_load - map the ELF program @file, and its interpreter, into empty @as and
 * place stack, heap and mappings. @randomise: ASLR. Return: 0; -ENOEXEC; -errno. */
__must_check int exec_load(struct file *file, struct aspace *as, bool randomise,
			   struct exec_program *out);

/* Who the program will be: for the auxiliary vector. */
struct exec_identity {
	u32 uid, euid, gid, egid;
	bool secure; /* AT_SECURE: privileges come with the program */
};
/** exec_stack - arguments, environment and auxiliary vector onto @as's stack.
 * Return: 0 and *sp; -E2BIG; -ENOMEM. */
__must_check int exec_stack(struct aspace *as, const struct exec_program *prog,
			    const struct exec_args *args, const char *path,
			    const struct exec_identity *id, u64 *sp);
