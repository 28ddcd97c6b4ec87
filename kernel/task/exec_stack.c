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
#include <kernel/abi/linux_rseq.h>
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

/* The stack's top as it will be, in kernel memory: written to the space in one go. */
struct builder {
	char *buf;  /* of byte @low of the space */
	u64 low;
	u64 sp;     /* what is pushed so far begins here */
};

static u64 push(struct builder *b, const void *data, size_t len)
{
	b->sp -= len;
	memcpy(b->buf + (b->sp - b->low), data, len);
	return b->sp;
}

struct places {
	u64 path, env, args, platform, random;
};

static const u64 zero;
static const char platform[] = "x86_64";
#define RANDOM_LEN 16u

static size_t strings_len(const struct exec_args *args, const char *path)
{
	return sizeof(zero) + strlen(path) + 1 + args->len + sizeof(platform) + RANDOM_LEN;
}

static void push_strings(struct builder *b, struct aspace *as, const struct exec_args *args,
			 const char *path, struct places *at)
{
	u8 random[RANDOM_LEN];

	random_bytes(random, sizeof(random));
	push(b, &zero, sizeof(zero));
	at->path = push(b, path, strlen(path) + 1);
	at->env = push(b, args->buf + args->argv_len, args->len - args->argv_len);
	at->args = push(b, args->buf, args->argv_len);
	at->platform = push(b, platform, sizeof(platform));
	at->random = push(b, random, sizeof(random));
	as->arg_start = at->args;
	as->arg_end = as->env_start = at->env;
	as->env_end = at->path;
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
		{ AT_RSEQ_FEATURE_SIZE, RSEQ_FEATURE_SIZE },
		{ AT_RSEQ_ALIGN, RSEQ_AREA_ALIGN },
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

static void push_vectors(struct builder *b, const struct aspace *as, size_t words,
			 const struct exec_args *args, const struct places *at)
{
	u64 *start, *v;

	b->sp = ALIGN_DOWN(b->sp - words * sizeof(u64), 16ull);
	start = v = (u64 *)(void *)(b->buf + (b->sp - b->low)); /* low is a multiple of 16 */
	*v++ = args->argc;
	v = fill_pointers(v, args->argc, at->args, args->buf);
	v = fill_pointers(v, args->envc, at->env, args->buf + args->argv_len);
	memcpy(v, as->auxv, (words - (size_t)(v - start)) * sizeof(u64));
}

/* Room for all of it. */
static int builder_init(struct builder *b, const struct aspace *as, size_t len)
{
	len = ALIGN_UP(len + 32, 16ul); /* alignment above and below the vectors */
	b->low = ALIGN_DOWN(as->stack_top - len, 16ull);
	b->sp = as->stack_top;
	len = as->stack_top - b->low;
	b->buf = len <= KMALLOC_MAX ? kmalloc(len, 0) : vmalloc(len);
	return b->buf ? 0 : -ENOMEM;
}

static int builder_write(struct builder *b, struct aspace *as)
{
	u64 len = as->stack_top - b->low, used = as->stack_top - b->sp;
	long done = aspace_access(as, b->sp, b->buf + (b->sp - b->low), used, true);

	if (len <= KMALLOC_MAX)
		kfree(b->buf);
	else
		vfree(b->buf);
	return done == (long)used ? 0 : -ENOMEM;
}

int exec_stack(struct aspace *as, const struct exec_program *prog, const struct exec_args *args,
	       const char *path, const struct exec_identity *id, u64 *sp)
{
	size_t words = 3ul + args->argc + args->envc + ARRAY_SIZE(as->auxv);
	struct builder b;
	struct places at;
	int err = builder_init(&b, as, strings_len(args, path) + words * sizeof(u64));

	if (err)
		return err;
	push_strings(&b, as, args, path, &at);
	words = 3ul + args->argc + args->envc + fill_auxv(as->auxv, prog, id, &at);
	push_vectors(&b, as, words, args, &at);
	*sp = b.sp;
	return builder_write(&b, as);
}
