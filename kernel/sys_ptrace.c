/* SPDX-License-Identifier: MIT */
/*
 * ptrace(2): requests decoded, then kernel/task/ptrace.c; process_vm_readv and
 * process_vm_writev, which ask for the same permission. There are no hardware
 * breakpoints: debug registers read as 0, and enabling one is refused.
 */
#include <kernel/syscall_protos.h>

#include <arch/context.h>
#include <arch/mmu.h>
#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/lib/string.h>
#include <kernel/task/ptrace.h>
#include <kernel/task/task.h>
#include <mm/aspace.h>
#include <mm/kmalloc.h>

/* ---- memory ---- */

static int get_task(struct ptrace *pt, void *arg)
{
	task_get(pt->task);
	*(struct task **)arg = pt->task;
	return 0;
}

/* The space of traced thread @tid with a reference. Return: 0; -ESRCH; -EIO none. */
static int space_of(s32 tid, struct aspace **out)
{
	struct task *task;
	int err = ptrace_with_stopped(tid, get_task, &task);

	if (err)
		return err;
	*out = task_aspace(task);
	task_put(task);
	return *out ? 0 : -EIO;
}

static long peek(s32 tid, u64 addr, u64 data)
{
	struct aspace *as;
	u64 word;
	long n;
	int err = space_of(tid, &as);

	if (err)
		return err;
	n = aspace_access(as, addr, &word, sizeof(word), false);
	aspace_put(as);
	if (n != (long)sizeof(word))
		return -EIO;
	return user_write_u64((void __user *)(uintptr_t)data, word);
}

static long poke(s32 tid, u64 addr, u64 word)
{
	struct aspace *as;
	long n;
	int err = space_of(tid, &as);

	if (err)
		return err;
	n = aspace_poke(as, addr, &word, sizeof(word));
	aspace_put(as);
	return n == (long)sizeof(word) ? 0 : -EIO;
}

/* ---- registers ---- */

static int get_regs(struct ptrace *pt, void *arg)
{
	context_regs_get(pt->thread, arg);
	return 0;
}

static long peek_user(s32 tid, u64 addr, u64 data)
{
	union {
		struct linux_user_regs regs;
		u64 words[sizeof(struct linux_user_regs) / 8];
	} u;
	u64 word = 0;
	int err;

	if (addr % 8 || addr >= LINUX_USER_SIZE)
		return -EIO;
	err = ptrace_with_stopped(tid, get_regs, &u.regs);
	if (err)
		return err;
	if (addr < sizeof(u))
		word = u.words[addr / 8];
	return user_write_u64((void __user *)(uintptr_t)data, word);
}

struct one_register {
	u64 addr, word;
};

static int set_one(struct ptrace *pt, void *arg)
{
	const struct one_register *one = arg;
	union {
		struct linux_user_regs regs;
		u64 words[sizeof(struct linux_user_regs) / 8];
	} u;

	if (one->addr >= sizeof(u))
		return one->addr >= LINUX_USER_DEBUGREG && !one->word ? 0 : -EIO;
	context_regs_get(pt->thread, &u.regs);
	u.words[one->addr / 8] = one->word;
	return context_regs_set(pt->thread, &u.regs);
}

static long poke_user(s32 tid, u64 addr, u64 word)
{
	struct one_register one = { addr, word };

	if (addr % 8 || addr >= LINUX_USER_SIZE)
		return -EIO;
	return ptrace_with_stopped(tid, set_one, &one);
}

/* A register set as bytes. */
struct regset {
	u32 type;
	size_t len;
	void *buf;
};

static size_t regset_size(u32 type)
{
	switch (type) {
	case NT_PRSTATUS:
		return sizeof(struct linux_user_regs);
	case NT_PRFPREG:
		return sizeof(struct linux_fpstate);
	case NT_X86_XSTATE:
		return context_xstate_size();
	}
	return 0;
}

static int read_set(struct ptrace *pt, void *arg)
{
	const struct regset *set = arg;

	if (set->type == NT_PRSTATUS)
		context_regs_get(pt->thread, set->buf);
	else
		context_fpu_get(pt->thread, set->buf, set->len);
	return 0;
}

/* Fewer bytes than all: the first registers change. */
static int write_set(struct ptrace *pt, void *arg)
{
	const struct regset *set = arg;
	struct linux_user_regs regs;

	if (set->type != NT_PRSTATUS)
		return context_fpu_set(pt->thread, set->buf, set->len);
	context_regs_get(pt->thread, &regs);
	memcpy(&regs, set->buf, set->len);
	return context_regs_set(pt->thread, &regs);
}

/* @len: in what the caller has room for, out what was moved. */
static long move_set(s32 tid, u32 type, u64 ubuf, size_t *len, bool write)
{
	struct regset set = { .type = type };
	size_t size = regset_size(type);
	void __user *user = (void __user *)(uintptr_t)ubuf;
	int err = 0;

	if (!size || *len % 8)
		return -EINVAL;
	*len = MIN(*len, size);
	set.buf = kzalloc(size, 0);
	if (!set.buf)
		return -ENOMEM;
	set.len = write ? *len : size;
	if (write)
		err = copy_from_user(set.buf, user, *len);
	if (!err)
		err = ptrace_with_stopped(tid, write ? write_set : read_set, &set);
	if (!err && !write)
		err = copy_to_user(user, set.buf, *len);
	kfree(set.buf);
	return err;
}

static long move_whole_set(s32 tid, u32 type, u64 ubuf, bool write)
{
	size_t len = regset_size(type);

	return move_set(tid, type, ubuf, &len, write);
}

static long move_iovec_set(s32 tid, u64 type, u64 data, bool write)
{
	struct linux_iovec __user *uiov = (struct linux_iovec __user *)(uintptr_t)data;
	struct linux_iovec iov;
	size_t len;
	long err;

	if (copy_from_user(&iov, uiov, sizeof(iov)))
		return -EFAULT;
	len = iov.iov_len;
	err = move_set(tid, (u32)type, iov.iov_base, &len, write);
	return err ? err : user_write_u64(user_field(uiov, iov_len), len);
}

/* ---- what a stop is about ---- */

static int get_info(struct ptrace *pt, void *arg)
{
	if (!pt->has_info)
		return -EINVAL;
	*(struct linux_siginfo *)arg = pt->info;
	return 0;
}

static int set_info(struct ptrace *pt, void *arg)
{
	if (!pt->has_info)
		return -EINVAL;
	pt->info = *(const struct linux_siginfo *)arg;
	return 0;
}

static int get_message(struct ptrace *pt, void *arg)
{
	*(u64 *)arg = pt->message;
	return 0;
}

static int set_options(struct ptrace *pt, void *arg)
{
	pt->options = *(const u32 *)arg;
	return 0;
}

static int get_mask(struct ptrace *pt, void *arg)
{
	*(u64 *)arg = pt->thread->restore_blocked ? pt->thread->saved_blocked
						  : pt->thread->blocked;
	return 0;
}

static int set_mask(struct ptrace *pt, void *arg)
{
	struct thread *thread = pt->thread;

	atomic_store_relaxed(&thread->blocked,
			     *(const u64 *)arg & ~(SIGMASK(SIGKILL) | SIGMASK(SIGSTOP)));
	atomic_fetch_or(&thread->work, THREAD_WORK_SIGNAL);
	return 0;
}

static int get_call(struct ptrace *pt, void *arg)
{
	struct linux_ptrace_syscall_info *info = arg;
	struct linux_user_regs regs;

	context_regs_get(pt->thread, &regs);
	info->op = pt->op;
	info->arch = AUDIT_ARCH_X86_64;
	info->instruction_pointer = regs.rip;
	info->stack_pointer = regs.rsp;
	if (pt->op == PTRACE_SYSCALL_INFO_ENTRY) {
		info->entry.nr = regs.orig_rax;
		info->entry.args[0] = regs.rdi;
		info->entry.args[1] = regs.rsi;
		info->entry.args[2] = regs.rdx;
		info->entry.args[3] = regs.r10;
		info->entry.args[4] = regs.r8;
		info->entry.args[5] = regs.r9;
	} else if (pt->op == PTRACE_SYSCALL_INFO_EXIT) {
		info->exit.rval = (s64)regs.rax;
		info->exit.is_error = (s64)regs.rax < 0 && (s64)regs.rax >= -4095;
	}
	return 0;
}

/* Return: bytes there are; as many as fit are copied. */
static long get_syscall_info(s32 tid, u64 room, u64 data)
{
	struct linux_ptrace_syscall_info info = { 0 };
	size_t size = offsetof(struct linux_ptrace_syscall_info, entry);
	int err = ptrace_with_stopped(tid, get_call, &info);

	if (err)
		return err;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		size = sizeof(info);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		size = offsetof(struct linux_ptrace_syscall_info, exit.is_error) + 1;
	if (copy_to_user((void __user *)(uintptr_t)data, &info, MIN(room, (u64)size)))
		return -EFAULT;
	return (long)size;
}

static long move_info(s32 tid, u64 data, bool write)
{
	void __user *user = (void __user *)(uintptr_t)data;
	struct linux_siginfo info;
	int err;

	if (write && copy_from_user(&info, user, sizeof(info)))
		return -EFAULT;
	err = ptrace_with_stopped(tid, write ? set_info : get_info, &info);
	return err || write ? err : copy_to_user(user, &info, sizeof(info));
}

static long move_mask(s32 tid, u64 size, u64 data, bool write)
{
	void __user *user = (void __user *)(uintptr_t)data;
	u64 mask;
	int err;

	if (size != sizeof(mask))
		return -EINVAL;
	if (write && user_read_u64(&mask, user))
		return -EFAULT;
	err = ptrace_with_stopped(tid, write ? set_mask : get_mask, &mask);
	return err || write ? err : user_write_u64(user, mask);
}

static long event_message(s32 tid, u64 data)
{
	u64 message;
	int err = ptrace_with_stopped(tid, get_message, &message);

	return err ? err : user_write_u64((void __user *)(uintptr_t)data, message);
}

static long change_options(s32 tid, u64 options)
{
	u32 value = (u32)options;

	if (options & ~(u64)PTRACE_O_ALL)
		return -EINVAL;
	return ptrace_with_stopped(tid, set_options, &value);
}

static long arch_prctl_of(s32 tid, u64 addr, u64 code)
{
	struct linux_user_regs regs;
	int err = ptrace_with_stopped(tid, get_regs, &regs);

	if (err)
		return err;
	switch (code) {
	case ARCH_GET_FS:
		return user_write_u64((void __user *)(uintptr_t)addr, regs.fs_base);
	case ARCH_GET_GS:
		return user_write_u64((void __user *)(uintptr_t)addr, regs.gs_base);
	}
	return -EINVAL;
}

/* ---- the call ---- */

static long resume(long request, s32 tid, u64 data)
{
	if (data > LINUX_NSIG)
		return -EIO;
	switch (request) {
	case PTRACE_CONT:
		return ptrace_continue(tid, PTRACE_RESUME_CONT, (int)data);
	case PTRACE_SYSCALL:
		return ptrace_continue(tid, PTRACE_RESUME_SYSCALL, (int)data);
	case PTRACE_SINGLESTEP:
		return ptrace_continue(tid, PTRACE_RESUME_STEP, (int)data);
	}
	return ptrace_detach(tid, (int)data);
}

static long attach(long request, s32 tid, u64 addr, u64 options)
{
	if (request == PTRACE_ATTACH)
		return ptrace_attach(tid, false, 0);
	if (addr || (options & ~(u64)PTRACE_O_ALL))
		return -EIO;
	return ptrace_attach(tid, true, (u32)options);
}

long sys_ptrace(long request, int pid, vaddr_t addr, unsigned long data)
{
	switch (request) {
	case PTRACE_TRACEME:
		return ptrace_traceme();
	case PTRACE_ATTACH:
	case PTRACE_SEIZE:
		return attach(request, pid, addr, data);
	case PTRACE_PEEKTEXT:
	case PTRACE_PEEKDATA:
		return peek(pid, addr, data);
	case PTRACE_POKETEXT:
	case PTRACE_POKEDATA:
		return poke(pid, addr, data);
	case PTRACE_PEEKUSR:
		return peek_user(pid, addr, data);
	case PTRACE_POKEUSR:
		return poke_user(pid, addr, data);
	case PTRACE_CONT:
	case PTRACE_SYSCALL:
	case PTRACE_SINGLESTEP:
	case PTRACE_DETACH:
		return resume(request, pid, data);
	case PTRACE_KILL:
		return ptrace_kill(pid);
	case PTRACE_INTERRUPT:
		return ptrace_interrupt(pid);
	case PTRACE_LISTEN:
		return ptrace_listen(pid);
	case PTRACE_GETREGS:
	case PTRACE_SETREGS:
		return move_whole_set(pid, NT_PRSTATUS, data, request == PTRACE_SETREGS);
	case PTRACE_GETFPREGS:
	case PTRACE_SETFPREGS:
		return move_whole_set(pid, NT_PRFPREG, data, request == PTRACE_SETFPREGS);
	case PTRACE_GETREGSET:
	case PTRACE_SETREGSET:
		return move_iovec_set(pid, addr, data, request == PTRACE_SETREGSET);
	case PTRACE_SETOPTIONS:
		return change_options(pid, data);
	case PTRACE_GETEVENTMSG:
		return event_message(pid, data);
	case PTRACE_GETSIGINFO:
	case PTRACE_SETSIGINFO:
		return move_info(pid, data, request == PTRACE_SETSIGINFO);
	case PTRACE_GETSIGMASK:
	case PTRACE_SETSIGMASK:
		return move_mask(pid, addr, data, request == PTRACE_SETSIGMASK);
	case PTRACE_GET_SYSCALL_INFO:
		return get_syscall_info(pid, addr, data);
	case PTRACE_ARCH_PRCTL:
		return arch_prctl_of(pid, addr, data);
	}
	/* A request that is not known is one to a thread that may not be there. */
	return ptrace_tracer_is_current(pid) ? -EIO : -ESRCH;
}

/* ---- process_vm_readv, process_vm_writev ---- */

static int copy_iovec(const struct linux_iovec __user *uiov, u64 n, struct linux_iovec **out)
{
	struct linux_iovec *iov;

	if (n > UIO_MAXIOV)
		return -EINVAL;
	*out = NULL;
	if (!n)
		return 0;
	iov = kmalloc(n * sizeof(*iov), 0);
	if (!iov)
		return -ENOMEM;
	if (copy_from_user(iov, uiov, n * sizeof(*iov))) {
		kfree(iov);
		return -EFAULT;
	}
	for (u64 i = 0, sum = 0; i < n; i++) {
		sum += iov[i].iov_len;
		if ((s64)iov[i].iov_len < 0 || (s64)sum < 0) {
			kfree(iov);
			return -EINVAL;
		}
	}
	*out = iov;
	return 0;
}

/* Where the next bytes of a vector are. */
struct cursor {
	const struct linux_iovec *iov;
	u64 left, off;
};

static u64 cursor_room(struct cursor *at)
{
	while (at->left && at->off == at->iov->iov_len) {
		at->iov++;
		at->left--;
		at->off = 0;
	}
	return at->left ? at->iov->iov_len - at->off : 0;
}

/* Bytes moved; stops at the first that cannot be. */
static long move_memory(struct aspace *as, struct cursor *local, struct cursor *remote, bool write)
{
	long done = 0;

	for (;;) {
		u64 n = MIN(cursor_room(local), cursor_room(remote));
		void __user *here;
		size_t moved;

		if (!n)
			return done;
		here = (void __user *)(uintptr_t)(local->iov->iov_base + local->off);
		moved = aspace_copy_user(as, remote->iov->iov_base + remote->off, here, (size_t)n,
					 write);
		if (!moved)
			return done ? done : -EFAULT;
		done += (long)moved;
		local->off += moved;
		remote->off += moved;
		sched_point();
	}
}

static int vm_space(s32 pid, struct aspace **out)
{
	struct thread *thread = thread_find(pid);
	int err = 0;

	if (!thread)
		return -ESRCH;
	*out = NULL;
	if (!ptrace_may_access(thread->task))
		err = -EPERM;
	else
		*out = task_aspace(thread->task);
	thread_put(thread);
	return !err && !*out ? -ESRCH : err;
}

static long process_vm(s32 pid, const struct linux_iovec __user *ulocal, u64 nr_local,
		       u64 uremote, u64 nr_remote, u64 flags, bool write)
{
	const struct linux_iovec __user *remote_user =
		(const struct linux_iovec __user *)(uintptr_t)uremote;
	struct linux_iovec *local = NULL, *remote = NULL;
	struct cursor from, to;
	struct aspace *as;
	long ret;

	if (flags)
		return -EINVAL;
	ret = copy_iovec(ulocal, nr_local, &local);
	if (!ret)
		ret = copy_iovec(remote_user, nr_remote, &remote);
	from = (struct cursor){ local, nr_local, 0 };
	to = (struct cursor){ remote, nr_remote, 0 };
	if (!ret && cursor_room(&from) && cursor_room(&to)) {
		ret = vm_space(pid, &as);
		if (!ret) {
			ret = move_memory(as, &from, &to, write);
			aspace_put(as);
		}
	}
	kfree(local);
	kfree(remote);
	return ret;
}

long sys_process_vm_readv(int pid, const struct linux_iovec __user *local, unsigned long lcount,
			  vaddr_t remote, unsigned long rcount, unsigned long flags)
{
	return process_vm(pid, local, lcount, remote, rcount, flags, false);
}

long sys_process_vm_writev(int pid, const struct linux_iovec __user *local, unsigned long lcount,
			   vaddr_t remote, unsigned long rcount, unsigned long flags)
{
	return process_vm(pid, local, lcount, remote, rcount, flags, true);
}
