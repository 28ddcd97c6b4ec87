/* SPDX-License-Identifier: MIT */
/*
 * clone(2) in all its old forms. Everything is reserved first; then, under the
 * locks, the child is linked, which cannot fail but is refused when a signal
 * has come (the call restarts), so that a signal to a process group reaches
 * either the parent before or both after.
 */
#include <kernel/task/fork.h>

#include <arch/context.h>
#include <arch/uaccess.h>
#include <kernel/task/fs_hooks.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_sched.h>
#include <kernel/lib/string.h>
#include <kernel/task/event.h>
#include <kernel/task/ptrace.h>
#include <kernel/task/rseq.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>
#include <mm/aspace.h>
#include <security/cred.h>
#include <security/handle.h>
#include <security/seccomp.h>

#include "task_priv.h"

#define CLONE_UNSUPPORTED                                                                \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |     \
	 CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/* Rules of man clone(2), ERRORS. */
static int check_flags(u64 flags)
{
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return -EINVAL;
	if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if (flags & CLONE_UNSUPPORTED)
		return -EINVAL;
	/* A pidfd is of a process; CLONE_DETACHED may mean something again there. */
	if ((flags & CLONE_PIDFD) && (flags & (CLONE_THREAD | CLONE_DETACHED)))
		return -EINVAL;
	/* Init's siblings would have no reaper. */
	if ((flags & CLONE_PARENT) && current_task()->unkillable)
		return -EINVAL;
	if ((flags & CSIGNAL) > LINUX_NSIG)
		return -EINVAL;
	return 0;
}

/*
 * All threads together are bounded, root's too. The last of them are for init and
 * for session leaders, which the shell at a console is: so a fork bomb leaves it
 * able to start the command that ends the bomb.
 */
static int check_threads(void)
{
	u32 max = task_threads_max();
	u32 now = MAX(thread_live(), task_live()); /* zombies count, too */
	const struct task *task = current_task();

	if (likely(now < max - max / 16))
		return 0;
	return now < max && (task->unkillable || task->sid == task->pid) ? 0 : -EAGAIN;
}

/* RLIMIT_NPROC: processes of this user. Root is not bound. */
static int check_nproc(void)
{
	u64 limit = task_rlimit(RLIMIT_NPROC), n = 0;
	u32 uid = cred_current()->uid;
	irqflags_t flags;
	const struct task *task;

	if (capable(CAP_SYS_RESOURCE) || limit == RLIM64_INFINITY)
		return 0;
	flags = spin_lock_irq(&task_tree_lock);
	LIST_FOR_EACH(task, &task_list, all_link)
		if (task->cred->uid == uid)
			n += task->nr_threads ? task->nr_threads : 1;
	spin_unlock_irq(&task_tree_lock, flags);
	return n >= limit ? -EAGAIN : 0;
}

/* Undo of copy_resources(): also of a part of it. */
static void drop_resources(struct task *task)
{
	if (task->as)
		aspace_put(task->as);
	if (task->handles)
		handle_table_put(task->handles);
	if (task->fs)
		fs_hook_context_put(task->fs);
	if (task->exe)
		fs_hook_file_put(task->exe);
	task->as = NULL;
	task->handles = NULL;
	task->fs = NULL;
	task->exe = NULL;
}

static int copy_sig(struct task *task, struct task *parent, u64 flags)
{
	irqflags_t irq;
	struct signal_state *sig;

	if (flags & CLONE_SIGHAND) {
		refcount_get(&parent->sig->refs);
		task->sig = parent->sig;
		return 0;
	}
	task->sig = signal_state_alloc();
	if (!task->sig)
		return -ENOMEM;
	sig = signal_lock(parent, &irq);
	signal_state_copy_locked(task->sig, sig);
	signal_unlock(sig, irq);
	if (flags & CLONE_CLEAR_SIGHAND)
		for (u32 i = 0; i < LINUX_NSIG; i++)
			if (task->sig->actions[i].sa_handler != LINUX_SIG_IGN)
				task->sig->actions[i] = (struct linux_sigaction){ 0 };
	return 0;
}

/* What a new process shares with or copies from current's. */
static int copy_resources(struct task *task, struct task *parent, u64 flags)
{
	task->cred = task_cred(parent);
	if (copy_sig(task, parent, flags))
		return -ENOMEM;
	if (flags & CLONE_VM) {
		aspace_get(parent->as);
		task->as = parent->as;
	} else if (aspace_fork(parent->as, &task->as)) {
		task->as = NULL;
		return -ENOMEM;
	}
	if (flags & CLONE_FILES) {
		handle_table_get(parent->handles);
		task->handles = parent->handles;
		task->handles_shared = parent->handles_shared = true;
	} else {
		task->handles = handle_table_fork(parent->handles, task->pid);
	}
	if (flags & CLONE_FS) {
		fs_hook_context_get(parent->fs);
		task->fs = parent->fs;
	} else {
		task->fs = fs_hook_context_fork(parent->fs);
	}
	if (!task->handles || !task->fs)
		return -ENOMEM;
	task->exe = task_exe(parent);
	memcpy(task->rlimits, parent->rlimits, sizeof(task->rlimits));
	task->exit_signal = (int)(flags & CSIGNAL);
	task->dumpable = parent->dumpable;
	task->thp_disable = parent->thp_disable;
	task->personality = parent->personality;
	task->membarrier = parent->membarrier;
	task->oom_score_adj = parent->oom_score_adj;
	return 0;
}

static int new_task(u64 flags, s32 pid, struct task **out)
{
	struct task *task = task_alloc(pid);
	int err;

	if (!task)
		return -ENOMEM;
	err = copy_resources(task, current_task(), flags);
	if (err) {
		drop_resources(task);
		task_put(task);
		return err;
	}
	*out = task;
	return 0;
}

/* First thing a thread does: tell itself its number (CLONE_CHILD_SETTID). */
static void started(__unused struct trapframe *tf)
{
	struct thread *thread = current;

	if (thread->set_child_tid)
		(void)!user_write_u32(thread->set_child_tid, (u32)thread->tid);
}

static int init_thread(struct thread *thread, const struct clone_request *req)
{
	struct thread *parent = current;
	struct trapframe frame = *context_frame(parent);
	int err;

	frame.rax = 0;
	frame.orig_rax = ~0ull; /* nothing to restart in the child */
	if (req->stack)
		frame.rsp = req->stack;
	err = context_init_user(thread, &frame, parent);
	if (err)
		return err;
	if (parent->ptrace)
		(void)context_step(thread, false);
	if (req->flags & CLONE_SETTLS)
		context_set_child_tls(thread, req->tls);
	memcpy(thread->comm, parent->comm, sizeof(thread->comm));
	thread->blocked = parent->restore_blocked ? parent->saved_blocked : parent->blocked;
	thread->fail_alloc = parent->fail_alloc;
	thread->ioprio = parent->ioprio;
	thread->no_new_privs = parent->no_new_privs;
	rseq_fork(thread, parent, req->flags & CLONE_VM);
	thread->mempolicy = parent->mempolicy;
	thread->interleave = parent->interleave;
	/* A thread of its own stack cannot share the alternate one (sigaltstack(2)). */
	if (!(req->flags & CLONE_VM) || (req->flags & CLONE_VFORK)) {
		thread->altstack_sp = parent->altstack_sp;
		thread->altstack_size = parent->altstack_size;
		thread->altstack_flags = parent->altstack_flags;
	}
	if (req->flags & CLONE_CHILD_SETTID) {
		thread->set_child_tid = (u32 __user *)(uintptr_t)req->child_tid;
		thread->on_start = started;
		thread->work |= THREAD_WORK_START;
	}
	if (req->flags & CLONE_CHILD_CLEARTID)
		thread->clear_child_tid = (u32 __user *)(uintptr_t)req->child_tid;
	sched_fork(thread, parent);
	return 0;
}

static void inherit_watches_locked(struct thread *thread, const struct thread *parent)
{
	seccomp_filter_get(parent->seccomp);
	thread->seccomp = parent->seccomp;
	thread->no_new_privs = parent->no_new_privs;
	thread->pledge = parent->pledge;
	thread->pledge_exec = parent->pledge_exec;
	thread->pledge_later = parent->pledge_later;
	thread->work |= atomic_load_relaxed(&parent->work) &
			(THREAD_WORK_SECCOMP | THREAD_WORK_PLEDGE | THREAD_WORK_UNVEIL);
}

/*
 * Return: 0, linked; -ERESTARTNOINTR a signal has to be handled first.
 * No failure past the check: the child is visible.
 */
static int publish(struct thread *thread, u64 flags, struct ptrace *trace)
{
	struct task *task = thread->task, *parent = current_task();
	irqflags_t irq = spin_lock_irq(&task_tree_lock), sigirq;
	struct signal_state *sig = signal_lock(parent, &sigirq);
	bool refuse = signal_pending();

	/* Under the lock: another thread may just be putting a filter on all (TSYNC). */
	if (!refuse)
		inherit_watches_locked(thread, current);
	if (!refuse && (flags & CLONE_THREAD)) {
		thread->cpu_tick = current->cpu_tick;
		thread_link_locked(thread);
	}
	signal_unlock(sig, sigirq);
	if (!refuse && !(flags & CLONE_THREAD)) {
		sig = signal_lock(task, &sigirq);
		thread_link_locked(thread);
		signal_unlock(sig, sigirq);
		task_link_locked(task, flags & CLONE_PARENT ? parent->parent : parent);
		task_set_pgid_locked(task, parent->pgid);
		task_set_sid_locked(task, parent->sid);
		task->tty = parent->tty;
		if (flags & CLONE_PARENT)
			task->exit_signal = parent->exit_signal;
	}
	if (!refuse && trace)
		ptrace_inherit_locked(trace, thread);
	spin_unlock_irq(&task_tree_lock, irq);
	return refuse ? -ERESTARTNOINTR : 0;
}

void vfork_release(struct thread *thread)
{
	irqflags_t flags;
	struct vfork_wait *wait;

	if (!atomic_load_relaxed(&thread->vfork))
		return;
	flags = spin_lock_irq(&task_tree_lock);
	wait = thread->vfork;
	if (wait) {
		thread->vfork = NULL;
		atomic_store_release(&wait->done, true);
		sched_wake(wait->parent, BIT(THREAD_BLOCK));
	}
	spin_unlock_irq(&task_tree_lock, flags);
}

/* Only a deadly signal ends the wait early (THREAD_WORK_EXIT). */
static void vfork_block(struct thread *child, struct vfork_wait *wait)
{
	irqflags_t flags;

	atomic_store_release(&current->in_vfork, true);
	for (;;) {
		sched_mark_asleep(false);
		if (atomic_load_acquire(&wait->done) ||
		    (atomic_load_acquire(&current->work) & THREAD_WORK_EXIT))
			break;
		(void)!sched_block(NS_FOREVER);
	}
	sched_mark_awake();
	atomic_store_release(&current->in_vfork, false);
	/* The releaser works on *wait, in this frame, under the lock. */
	flags = spin_lock_irq(&task_tree_lock);
	child->vfork = NULL;
	spin_unlock_irq(&task_tree_lock, flags);
}

/* A descriptor of the child, told to the caller's memory but not open yet. */
struct child_pidfd {
	int fd;
	struct kobject *object;
};

static int pidfd_prepare(struct task *child, u64 uptr, struct child_pidfd *out)
{
	int err = fs_hook_pidfd(child, &out->object);

	if (err)
		return err;
	out->fd = handle_reserve(0);
	err = out->fd;
	if (err < 0)
		goto err_put;
	err = user_write_u32((void __user *)(uintptr_t)uptr, (u32)out->fd);
	if (!err)
		return 0;
	handle_unreserve(out->fd);
err_put:
	kobject_put(out->object);
	return err;
}

static void pidfd_abandon(const struct child_pidfd *pidfd)
{
	handle_unreserve(pidfd->fd);
	kobject_put(pidfd->object);
}

static int alloc_child(const struct clone_request *req, s32 tid, struct thread **out)
{
	struct task *task = current_task();
	int err;

	if (req->flags & CLONE_THREAD) {
		task_get(task);
	} else {
		err = new_task(req->flags, tid, &task);
		if (err)
			return err;
	}
	err = thread_alloc(task, tid, out);
	if (!err) {
		err = init_thread(*out, req);
		if (err)
			thread_free_new(*out);
	}
	if (err && !(req->flags & CLONE_THREAD))
		drop_resources(task);
	/* A thread has its own reference; a new task's goes to the tree. */
	if (err || (req->flags & CLONE_THREAD))
		task_put(task);
	return err;
}

static void free_child(struct thread *child, u64 flags)
{
	struct task *task = child->task;
	bool whole = !(flags & CLONE_THREAD);

	if (whole)
		drop_resources(task);
	thread_free_new(child);
	if (whole)
		task_put(task);
}

long task_clone(const struct clone_request *req)
{
	struct vfork_wait wait = { .parent = current };
	struct child_pidfd pidfd;
	struct ptrace *trace = NULL;
	struct thread *child;
	bool attach;
	int tid, err, event = ptrace_clone_event(req->flags, &attach);

	err = check_flags(req->flags);
	if (!err && (req->flags & CLONE_SETTLS) && req->tls >= USER_END)
		err = -EPERM;
	if (!err)
		err = check_threads();
	if (!err)
		err = check_nproc();
	if (err)
		return err;
	tid = pid_alloc();
	if (tid < 0)
		return tid;
	err = -ENOMEM;
	if (attach)
		trace = ptrace_alloc();
	if (attach && !trace)
		goto err_tid;
	err = alloc_child(req, tid, &child);
	if (err)
		goto err_trace;
	if (req->flags & CLONE_PIDFD)
		err = pidfd_prepare(child->task, req->pidfd, &pidfd);
	if (err)
		goto err_child;
	if (req->flags & CLONE_VFORK)
		child->vfork = &wait;
	if (req->flags & CLONE_PARENT_SETTID)
		(void)!user_write_u32((void __user *)(uintptr_t)req->parent_tid, (u32)tid);
	err = publish(child, req->flags, trace);
	if (err)
		goto err_pidfd;
	/* No failure past this point. */
	event_note(EVENT_FORK, (u64)tid, req->flags);
	if (req->flags & CLONE_PIDFD)
		handle_install(pidfd.fd, pidfd.object, RIGHTS_PIDFD, HANDLE_CLOEXEC);
	if (req->flags & CLONE_VFORK) {
		thread_get(child);
		sched_start(child);
		if (event)
			ptrace_event(event, (u64)tid);
		vfork_block(child, &wait);
		thread_put(child);
		ptrace_event(PTRACE_EVENT_VFORK_DONE, (u64)tid);
	} else {
		sched_start(child);
		if (event)
			ptrace_event(event, (u64)tid);
	}
	return tid;

err_pidfd:
	if (req->flags & CLONE_PIDFD)
		pidfd_abandon(&pidfd);
err_child:
	free_child(child, req->flags);
err_trace:
	if (trace)
		ptrace_free(trace);
err_tid:
	pid_unuse(tid);
	return err;
}
