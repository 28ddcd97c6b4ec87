/* SPDX-License-Identifier: MIT */
/*
 * The stack a program starts with (psABI x86-64 §3.4.1), from the top down:
 *
 *   8 zero bytes; path of the program; environment strings; argument strings;
 *   "x86_64"; 16 random bytes; to 16-byte alignment:
 *   auxv, 0 0; envp, 0; argv, 0; argc   <- rsp
 */
#include <kernel/task/exec.h>

#include <arch/cpu.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_auxv.h>
#include <kernel/abi/linux_time.h>
#include <kernel/lib/elf.h>
#include <kernel/lib/string.h>
#include <kernel/task/signal.h>
#include <kernel/task/task.h>
#include <mm/aspace.h>
#include <mm/kmalloc.h>
#include <mm/kva.h>
#include <security/random.h>

#define KMALLOC_MAX (32u << 10)

struct builder {
	struct aspace *as;
	u64 sp;
	int err;
};

static u64 push(struct builder *b, const void *data, size_t len)
{
	b->sp -= len;
	/* The buffer is only read when the access is a write. */
	if (!b->err && len &&
	    aspace_access(b->as, b->sp, (void *)(uintptr_t)data, len, true) != (long)len)
		b->err = -ENOMEM;
	return b->sp;
}

struct places {
	u64 path, env, args, platform, random;
};

static void push_strings(struct builder *b, const struct exec_args *args, const char *path,
			 struct places *at)
{
	static const u64 zero;
	static const char platform[] = "x86_64";
	u8 random[16];

	random_bytes(random, sizeof(random));
	push(b, &zero, sizeof(zero));
	at->path = push(b, path, strlen(path) + 1);
	at->env = push(b, args->buf + args->argv_len, args->len - args->argv_len);
	at->args = push(b, args->buf, args->argv_len);
	at->platform = push(b, platform, sizeof(platform));
	at->random = push(b, random, sizeof(random));
	b->as->arg_start = at->args;
	b->as->arg_end = b->as->env_start = at->env;
	b->as->env_end = at->path;
}

static u32 fill_auxv(u64 *v, const struct exec_program *prog, const struct exec_identity *id,
		     const struct places *at)
{
	const u64 pairs[][2] = {
		{ AT_SYSINFO_EHDR, prog->vdso },
		{ AT_HWCAP, cpu_hwcap() },
		{ AT_PAGESZ, PAGE_SIZE },
		{ AT_CLKTCK, LINUX_USER_HZ },
		{ AT_PHDR, prog->phdrs },
		{ AT_PHENT, sizeof(struct elf64_phdr) },
		{ AT_PHNUM, prog->nr_phdrs },
		{ AT_BASE, prog->interp_base },
		{ AT_FLAGS, 0 },
		{ AT_ENTRY, prog->own_entry },
		{ AT_UID, id->uid },
		{ AT_EUID, id->euid },
		{ AT_GID, id->gid },
		{ AT_EGID, id->egid },
		{ AT_SECURE, id->secure },
		{ AT_RANDOM, at->random },
		{ AT_HWCAP2, cpu_has_fsgsbase() ? HWCAP2_FSGSBASE : 0 },
		{ AT_EXECFN, at->path },
		{ AT_PLATFORM, at->platform },
		{ AT_MINSIGSTKSZ, sigframe_min_stack() },
		{ AT_NULL, 0 },
	};

	static_assert(sizeof(pairs) <= sizeof(((struct aspace *)0)->auxv), "room for all");
	memcpy(v, pairs, sizeof(pairs));
	return sizeof(pairs) / sizeof(u64);
}

/* @n pointers to consecutive strings, and NULL. Returns the next place in @v. */
static u64 *fill_pointers(u64 *v, u32 n, u64 va, const char *s)
{
	for (u32 i = 0; i < n; i++) {
		size_t size = strlen(s) + 1;

		*v++ = va;
		va += size;
		s += size;
	}
	*v++ = 0;
	return v;
}

static void push_vectors(struct builder *b, u64 *v, size_t words, const struct exec_args *args,
			 const struct places *at)
{
	u64 *start = v;

	*v++ = args->argc;
	v = fill_pointers(v, args->argc, at->args, args->buf);
	v = fill_pointers(v, args->envc, at->env, args->buf + args->argv_len);
	memcpy(v, b->as->auxv, (words - (size_t)(v - start)) * sizeof(u64));
	b->sp = ALIGN_DOWN(b->sp - words * sizeof(u64), 16ull) + words * sizeof(u64);
	push(b, start, words * sizeof(u64));
}

int exec_stack(struct aspace *as, const struct exec_program *prog, const struct exec_args *args,
	       const char *path, const struct exec_identity *id, u64 *sp)
{
	struct builder b = { .as = as, .sp = as->stack_top };
	struct places at;
	size_t words;
	u64 *v;

	push_strings(&b, args, path, &at);
	words = 3ul + args->argc + args->envc + fill_auxv(as->auxv, prog, id, &at);
	v = words * 8 <= KMALLOC_MAX ? kmalloc(words * 8, 0) : vmalloc(words * 8);
	if (!v)
		return -ENOMEM;
	push_vectors(&b, v, words, args, &at);
	if (words * 8 <= KMALLOC_MAX)
		kfree(v);
	else
		vfree(v);
	*sp = b.sp;
	return b.err;
}
