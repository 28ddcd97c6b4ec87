/* SPDX-License-Identifier: MIT */
/*
 * Restartable sequences, as Linux 6.1's rseq(2). The area and what it points at are
 * the program's: each word is read once, and nonsense there is its SIGSEGV.
 *
 *   preempted or moved   THREAD_WORK_RSEQ -> rseq_resume() on the way to user mode
 *   signal with handler  rseq_signal(): the frame shows the abort address already
 *
 * Whatever sets the bit again meanwhile (a fault here that sleeps, a move) is seen by
 * the loop of upcall_return_to_user(), so the CPU number told is right at the return.
 */
#include <kernel/task/rseq.h>

#include <arch/context.h>
#include <arch/cpu.h>
#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_rseq.h>
#include <kernel/task/signal.h>
#include <kernel/task/task.h>

static struct linux_rseq __user *area_of(const struct thread *thread)
{
	return (struct linux_rseq __user *)(uintptr_t)thread->rseq;
}

static int tell_cpu(struct linux_rseq __user *area, u32 start, u32 cpu, u32 node)
{
	u32 ids[2] = { start, cpu };

	if (copy_to_user(area, ids, sizeof(ids)))
		return -EFAULT;
	return user_write_u32(user_field(area, node_id), node);
}

/* ---- registration ---- */

static int check_same(u64 area, u32 len, u32 signature)
{
	const struct thread *thread = current;

	if (thread->rseq != area || thread->rseq_len != len)
		return -EINVAL;
	return thread->rseq_signature != signature ? -EPERM : 0;
}

int rseq_register(u64 area, u32 len, u32 signature)
{
	struct thread *thread = current;
	int err;

	if (thread->rseq) {
		err = check_same(area, len, signature);
		return err ? err : -EBUSY;
	}
	if (len < RSEQ_AREA_MIN || !area || !IS_ALIGNED(area, RSEQ_AREA_ALIGN))
		return -EINVAL;
	if (!user_range_ok((void __user *)(uintptr_t)area, len))
		return -EFAULT;
	err = user_write_u64(user_field((struct linux_rseq __user *)(uintptr_t)area, rseq_cs), 0);
	if (err)
		return err;
	thread->rseq_len = len;
	thread->rseq_signature = signature;
	thread->rseq_cpu = NR_CPUS; /* nothing told yet */
	thread->rseq = area;
	rseq_moved(thread);
	return 0;
}

int rseq_unregister(u64 area, u32 len, u32 signature)
{
	struct thread *thread = current;
	int err = area ? check_same(area, len, signature) : -EINVAL;

	if (err)
		return err;
	err = tell_cpu(area_of(thread), 0, RSEQ_CPU_ID_UNINITIALIZED, 0);
	if (!err)
		thread->rseq = 0;
	return err;
}

void rseq_fork(struct thread *child, const struct thread *parent, bool shares_memory)
{
	if (shares_memory || !parent->rseq)
		return;
	child->rseq = parent->rseq;
	child->rseq_len = parent->rseq_len;
	child->rseq_signature = parent->rseq_signature;
	child->rseq_cpu = NR_CPUS;
	child->work |= THREAD_WORK_RSEQ;
}

/* ---- critical sections ---- */

/* The section @ptr describes. Return: 0; -EFAULT; -EINVAL what Linux refuses. */
static int section_get(u64 ptr, u32 signature, struct linux_rseq_cs *cs)
{
	u32 found;
	u64 end;

	if (copy_from_user(cs, (const void __user *)(uintptr_t)ptr, sizeof(*cs)))
		return -EFAULT;
	if (cs->version || cs->flags || cs->start_ip >= USER_END || cs->abort_ip >= USER_END ||
	    __builtin_add_overflow(cs->start_ip, cs->post_commit_offset, &end) || end >= USER_END)
		return -EINVAL;
	if (cs->abort_ip - cs->start_ip < cs->post_commit_offset)
		return -EINVAL;
	/* What stands before the abort address proves that it was meant as one. */
	if (user_read_u32(&found, (const void __user *)(uintptr_t)(cs->abort_ip - 4)))
		return -EFAULT;
	return found != signature ? -EINVAL : 0;
}

/* Leave the section that @tf is in, if it is in one; a description that is no longer
 * of use is forgotten. */
static int section_leave(struct thread *thread, struct trapframe *tf)
{
	struct linux_rseq __user *area = area_of(thread);
	struct linux_rseq_cs cs;
	u64 ptr;
	int err = user_read_u64(&ptr, user_field(area, rseq_cs));

	if (err || !ptr)
		return err;
	if (ptr >= USER_END)
		return -EINVAL;
	err = section_get(ptr, thread->rseq_signature, &cs);
	if (err)
		return err;
	err = user_write_u64(user_field(area, rseq_cs), 0);
	if (!err && tf->rip - cs.start_ip < cs.post_commit_offset)
		tf->rip = cs.abort_ip;
	return err;
}

static void segv(void)
{
	struct linux_siginfo info = { .si_signo = SIGSEGV, .si_code = SI_KERNEL };

	signal_force(&info);
}

static int resume(struct thread *thread, struct trapframe *tf)
{
	const struct cpu *cpu;
	u32 id, node;
	int err = section_leave(thread, tf);

	if (err)
		return err;
	cpu = this_cpu();
	id = cpu->id;
	node = cpu->node;
	if (thread->rseq_cpu == id)
		return 0;
	thread->rseq_cpu = id;
	return tell_cpu(area_of(thread), id, id, node);
}

void rseq_resume(struct trapframe *tf)
{
	struct thread *thread = current;

	atomic_fetch_and(&thread->work, ~(u32)THREAD_WORK_RSEQ);
	if (thread->rseq && resume(thread, tf))
		segv();
}

void rseq_signal(struct trapframe *tf)
{
	struct thread *thread = current;

	if (unlikely(thread->rseq) && section_leave(thread, tf))
		segv();
}
