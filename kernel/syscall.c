/* SPDX-License-Identifier: MIT */
/*
 * System calls that the entry's fast path does not dispatch itself: unknown
 * numbers, and every call of a watched thread, whose old forms are
 * rewritten to general ones first. The tables are generated from
 * kernel/syscall.tbl; the fast path is arch/x86_64/syscall_entry.asm.
 */
#include <kernel/syscall_table.h>

#include <arch/atomic.h>
#include <arch/context.h>
#include <kernel/abi/errno.h>
#include <kernel/core/log.h>
#include <kernel/lib/hash.h>
#include <kernel/lib/string.h>
#include <kernel/sys_pledge.h>
#include <kernel/sys_seccomp.h>
#include <kernel/syscall_protos.h>
#include <kernel/task/ptrace.h>
#include <kernel/task/task.h>
#include <kernel/upcall.h>

/*
 * "Not implemented" is said once per program name and number: a set of their
 * hashes, open addressing, never emptied. When it is full nothing more is said.
 */
#define SAID_SLOTS 512u
static u64 said[SAID_SLOTS]; /* atomic; 0: free */

static bool said_first(u64 nr, const char comm[16])
{
	u64 words[2], hash;

	memcpy(words, comm, sizeof(words));
	hash = hash_u64(hash_u64(words[0] ^ nr) ^ words[1]) | 1;
	for (u32 i = 0; i < SAID_SLOTS; i++) {
		u64 *slot = &said[(hash + i) % SAID_SLOTS];
		u64 old = 0;

		if (atomic_cmpxchg(slot, &old, hash))
			return true;
		if (old == hash)
			return false;
	}
	return false;
}

static long not_implemented(u64 nr)
{
	const char *name;

	/* Who asks again and again is not looked up each time. */
	if (likely(current->said_nr == nr + 1))
		return -ENOSYS;
	current->said_nr = nr + 1;
	if (likely(!said_first(nr, current->comm)))
		return -ENOSYS;
	name = syscall_name(nr);
	log_info("syscall: %s[%d]: %s (%lld) is not implemented", current->comm, current->tid,
		 name ? name : "unknown call", (long long)nr);
	return -ENOSYS;
}

long sys_enosys(void)
{
	return not_implemented(context_syscall_nr());
}

static bool is_native(u64 nr)
{
	return nr >= SYSCALL_NATIVE_BASE && nr < SYSCALL_NATIVE_BASE + SYSCALL_SLOTS;
}

/* The handler of @nr, rewriting an old form in place. */
static syscall_fn_t find_handler(u64 *nr, u64 args[6])
{
	if (is_native(*nr))
		return syscall_native_table[*nr - SYSCALL_NATIVE_BASE];
	if (!syscall_slot_of[*nr])
		syscall_rewrite_legacy(nr, args);
	if (!syscall_slot_of[*nr] && syscall_legacy[*nr]) /* no old form any more: a rare call */
		return syscall_legacy[*nr];
	return syscall_table[syscall_slot_of[*nr]];
}

/* The promises of which any permits @nr, a general form. */
static u64 gate_of(u64 nr)
{
	if (is_native(nr))
		return syscall_native_pledge[nr - SYSCALL_NATIVE_BASE];
	if (!syscall_slot_of[nr])
		return syscall_rare_pledge(nr);
	return syscall_pledge[syscall_slot_of[nr]];
}

static u64 dispatch(const struct trapframe *tf, u64 nr)
{
	u64 args[6] = { tf->rdi, tf->rsi, tf->rdx, tf->r10, tf->r8, tf->r9 };
	syscall_fn_t handler = find_handler(&nr, args);

	if ((atomic_load_relaxed(&current->work) & THREAD_WORK_PLEDGE) &&
	    !pledge_enter(nr, gate_of(nr), args))
		return -(u64)ENOSYS;

	return (u64)handler(args[0], args[1], args[2], args[3], args[4], args[5]);
}

static u64 call(struct trapframe *tf)
{
	u64 nr = (u32)tf->orig_rax; /* like Linux: the low 32 bits count */
	u64 result;

	if ((atomic_load_relaxed(&current->work) & THREAD_WORK_SECCOMP) &&
	    !seccomp_enter(tf, &result))
		return result;
	nr = (u32)tf->orig_rax; /* a tracer may have made it another one */
	if (nr >= SYSCALL_MAP_SIZE && !is_native(nr))
		return (u64)not_implemented(nr);
	return dispatch(tf, nr);
}

/* The call may be another one after the tracer's stop, and its result too. */
static __noinline u64 call_traced(struct trapframe *tf)
{
	if (ptrace_syscall_enter(tf))
		tf->rax = call(tf);
	ptrace_syscall_exit(tf);
	return tf->rax;
}

u64 upcall_syscall_slow(struct trapframe *tf)
{
	return current->work & THREAD_WORK_SYSCALL ? call_traced(tf) : call(tf);
}
