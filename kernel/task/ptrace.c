/* SPDX-License-Identifier: MIT */
/*
 * The engine of ptrace(2): stops, resuming, attaching and letting go. The calls
 * are decoded in kernel/sys_ptrace.c; registers are arch/'s.
 *
 *   running --stop_here()--> THREAD_TRACED --resume_locked()--> running
 *              |  tracer: SIGCHLD, wait               |  signal to go on with
 *              +- SIGKILL, exit_group: no stop, or its end (WORK_EXIT)
 *
 * thread->trace_stopped says that the thread is stopped for its tracer; it goes
 * off before the thread is woken. A record outlives its thread until the tracer has
 * been told of its end: of threads besides the first by `dead` at once, of the
 * first together with its process, whose parent, if that is somebody else, is told
 * when the tracer has waited (task->traced_zombie).
 *
 *   task_tree_lock
 *   └ sig->lock of the traced task, or of the tracer to signal it
 */
#include <kernel/task/ptrace.h>

#include <arch/context.h>
#include <arch/cpu.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_sched.h>
#include <kernel/abi/linux_wait.h>
#include <kernel/task/task.h>
#include <kernel/task/wait.h>
#include <mm/kmalloc.h>
#include <security/cred.h>

#include "task_priv.h"

#define EVENT_CODE(event) (SIGTRAP | (event) << 8)

/* ---- telling the tracer ---- */

static bool tracer_wants_chld(struct task *tracer, bool *ignores)
{
	irqflags_t flags;
	struct signal_state *sig = signal_lock(tracer, &flags);
	const struct linux_sigaction *action = &sig->actions[SIGCHLD - 1];
	bool ignored = action->sa_handler == LINUX_SIG_IGN;
	bool wants = !ignored && !(action->sa_flags & SA_NOCLDSTOP);

	*ignores = ignored || (action->sa_flags & SA_NOCLDWAIT);
	signal_unlock(sig, flags);
	return wants;
}

/* SIGCHLD to @tracer about a thread. TASK_TREE held. */
static void tell_locked(struct task *tracer, const struct ptrace *pt, int code, int status)
{
	struct linux_siginfo info = { .si_signo = SIGCHLD, .si_code = code };
	bool ignores;

	info.chld.si_pid = pt->tid;
	info.chld.si_uid = pt->task->cred->uid;
	info.chld.si_status = status;
	if (tracer_wants_chld(tracer, &ignores))
		(void)signal_send_task(tracer, &info);
	waitq_wake_all(&tracer->child_wait);
}

/* ---- stopping ---- */

static struct linux_siginfo trap_info(int code)
{
	struct linux_siginfo info;

	signal_user_info(&info, SIGTRAP, code);
	info.rt.si_pid = current->tid;
	return info;
}

/* A stop as the tracer is to see it. */
struct stop {
	int code;                         /* signal | event << 8 */
	struct linux_siginfo *info;       /* NULL: PTRACE_GETSIGINFO says EINVAL */
	u64 message;
	u8 op;
	bool dying; /* PTRACE_EVENT_EXIT: to be killed does not end it */
};

static bool is_killed(const struct thread *thread)
{
	return atomic_load_acquire(&thread->work) & THREAD_WORK_EXIT;
}

static void end_step_locked(struct ptrace *pt)
{
	if (pt->step)
		context_step(pt->thread, false);
	pt->step = false;
}

/* Sleeps until the tracer resumes current, or it is killed. */
static void sleep_traced(struct thread *me, bool dying)
{
	while (atomic_load_acquire(&me->trace_stopped)) {
		(void)atomic_xchg(&me->state, THREAD_TRACED);
		if (!atomic_load_acquire(&me->trace_stopped) || (!dying && is_killed(me)))
			break;
		(void)!sched_block(NS_FOREVER);
	}
	sched_mark_awake();
}

/* Return: false: it is not traced, or was killed: no stop. */
static bool stop_here(const struct stop *stop)
{
	struct thread *me = current;
	irqflags_t flags = spin_lock_irq(&task_tree_lock), sigflags;
	struct signal_state *sig = signal_lock(me->task, &sigflags);
	struct ptrace *pt = me->ptrace;
	bool stops = pt && (stop->dying || !is_killed(me));

	me->trace_signo = 0;
	me->trace_info = stop->info;
	if (stops) {
		end_step_locked(pt);
		pt->code = stop->code;
		pt->message = stop->message;
		pt->op = stop->op;
		pt->has_info = stop->info != NULL;
		if (stop->info)
			pt->info = *stop->info;
		pt->reported = pt->listening = false;
		atomic_store_release(&me->trace_stopped, true);
	}
	signal_unlock(sig, sigflags);
	if (stops)
		tell_locked(pt->tracer, pt, CLD_TRAPPED, stop->code & 0x7f);
	spin_unlock_irq(&task_tree_lock, flags);
	if (!stops)
		return false;
	sleep_traced(me, stop->dying);
	sig = signal_lock(me->task, &sigflags);
	atomic_store_release(&me->trace_stopped, false);
	if (me->ptrace) {
		me->ptrace->op = PTRACE_SYSCALL_INFO_NONE;
		me->ptrace->has_info = false;
	}
	signal_unlock(sig, sigflags);
	return true;
}

static void stop_with_info(int code, u64 message, u8 op, bool dying)
{
	struct linux_siginfo info = trap_info(code);

	(void)stop_here(&(struct stop){ code, &info, message, op, dying });
}

/* What current's tracer wants of it; false: there is none. */
static bool wishes(struct ptrace *out)
{
	irqflags_t flags;
	struct signal_state *sig;
	bool traced;

	if (!atomic_load_relaxed(&current->ptrace))
		return false;
	sig = signal_lock(current_task(), &flags);
	traced = current->ptrace;
	if (traced)
		*out = *current->ptrace;
	signal_unlock(sig, flags);
	return traced;
}

static void syscall_stop(const struct ptrace *pt, u8 op)
{
	int code = pt->options & PTRACE_O_TRACESYSGOOD ? SIGTRAP | 0x80 : SIGTRAP;
	struct linux_siginfo info;

	stop_with_info(code, op, op, false);
	if (!current->trace_signo)
		return;
	/* The tracer's signal is sent as if it had come from it just now. */
	signal_user_info(&info, current->trace_signo, SI_USER);
	(void)signal_send_thread(current, &info);
}

bool ptrace_syscall_enter(struct trapframe *tf)
{
	struct ptrace pt;

	if (!wishes(&pt) || !pt.calls)
		return true;
	(void)context_frame(current); /* the tracer may change all of it */
	syscall_stop(&pt, PTRACE_SYSCALL_INFO_ENTRY);
	return !is_killed(current) && (s64)(s32)tf->orig_rax >= 0;
}

void ptrace_syscall_exit(struct trapframe *tf)
{
	struct linux_siginfo info = { .si_signo = SIGTRAP, .si_code = TRAP_TRACE };
	struct ptrace pt;

	if (!wishes(&pt))
		return;
	(void)context_frame(current);
	if (pt.calls) {
		syscall_stop(&pt, PTRACE_SYSCALL_INFO_EXIT);
	} else if (pt.step) {
		/* The SYSCALL instruction was the one. */
		info.fault.si_addr = tf->rip;
		signal_force(&info);
	}
}

int ptrace_signal(int signo, struct linux_siginfo *info)
{
	struct thread *me = current;
	int wanted;

	if (!stop_here(&(struct stop){ .code = signo, .info = info }))
		return signo;
	wanted = me->trace_signo;
	if (wanted && wanted != info->si_signo)
		signal_user_info(info, wanted, SI_USER);
	/* Blocked meanwhile (PTRACE_SETSIGMASK): it waits again. */
	if (wanted && (me->blocked & SIGMASK(wanted))) {
		(void)signal_send_thread(me, info);
		return 0;
	}
	return wanted;
}

bool ptrace_trap_stop(bool group)
{
	struct task *task = current_task();
	struct linux_siginfo info;
	struct ptrace pt;
	int signo;

	if (!wishes(&pt))
		return false;
	group |= atomic_load_relaxed(&task->stopped);
	signo = group ? task->stop_signo : SIGTRAP;
	if (!pt.seized)
		return stop_here(&(struct stop){ .code = group ? signo : SIGSTOP });
	info = trap_info(PTRACE_EVENT_STOP << 8 | signo);
	info.si_signo = signo;
	return stop_here(&(struct stop){ .code = info.si_code, .info = &info });
}

static u32 option_of(int event)
{
	return 1u << event; /* PTRACE_O_TRACE* stand in the order of events */
}

void ptrace_event(int event, u64 message)
{
	bool dying = event == PTRACE_EVENT_EXIT;
	struct ptrace pt;

	if (!wishes(&pt) || !(pt.options & option_of(event)))
		return;
	if (dying && current_task()->group_exit_status == SIGKILL)
		return;
	stop_with_info(EVENT_CODE(event), message, PTRACE_SYSCALL_INFO_NONE, dying);
}

bool ptrace_seccomp(u32 data)
{
	struct ptrace pt;

	if (!wishes(&pt) || !(pt.options & PTRACE_O_TRACESECCOMP))
		return false;
	(void)context_frame(current);
	ptrace_event(PTRACE_EVENT_SECCOMP, data);
	return true;
}

void ptrace_exec(s32 old_tid)
{
	struct linux_siginfo info;
	struct ptrace pt;

	if (!wishes(&pt))
		return;
	if (pt.options & PTRACE_O_TRACEEXEC) {
		ptrace_event(PTRACE_EVENT_EXEC, (u64)old_tid);
	} else if (!pt.seized) {
		signal_user_info(&info, SIGTRAP, SI_USER);
		(void)signal_send_thread(current, &info);
	}
}

bool ptrace_step_begin_handler(void)
{
	irqflags_t flags;
	struct signal_state *sig;
	bool step;

	if (!atomic_load_relaxed(&current->ptrace))
		return false;
	sig = signal_lock(current_task(), &flags);
	step = current->ptrace && current->ptrace->step;
	if (step)
		end_step_locked(current->ptrace);
	signal_unlock(sig, flags);
	return step;
}

void ptrace_step_handler(void)
{
	stop_with_info(SIGTRAP, 0, PTRACE_SYSCALL_INFO_NONE, false);
}

/* ---- records ---- */

struct ptrace *ptrace_alloc(void)
{
	return kzalloc(sizeof(struct ptrace), 0);
}

void ptrace_free(struct ptrace *pt)
{
	kfree(pt);
}

/* Both locks held. */
static void link_locked(struct ptrace *pt, struct thread *thread, struct task *tracer)
{
	struct task *task = thread->task;

	task_get(task);
	pt->task = task;
	pt->thread = thread;
	pt->tracer = tracer;
	pt->tid = thread->tid;
	list_add_tail(&pt->link, &tracer->tracees);
	atomic_store_release(&thread->ptrace, pt);
	if (thread->tid == task->pid)
		task->trace = pt;
}

/* A record is over; the thread, if any, is not traced any more. Both locks held, but
 * sig->lock only if there is a thread. The caller drops the task's reference. */
static void unlink_locked(struct ptrace *pt)
{
	struct thread *thread = pt->thread;

	assert_spin_held(&task_tree_lock);
	list_del(&pt->link);
	if (pt->task->trace == pt)
		pt->task->trace = NULL;
	if (thread) {
		atomic_store_release(&thread->ptrace, NULL);
		atomic_fetch_and(&thread->work, ~(u32)THREAD_WORK_SYSCALL);
	}
}

/* The number of a dead thread besides the first is the record's. */
static void drop_locked(struct ptrace *pt)
{
	struct task *task = pt->task;

	if (pt->dead && pt->tid != task->pid)
		pid_unuse_locked(pt->tid);
	unlink_locked(pt);
	ptrace_free(pt);
	task_put(task); /* not the last: whoever calls has it, or the tree */
}

/* ---- resuming ---- */

/* What became of the signal's details is for the thread (PTRACE_SETSIGINFO). */
static void give_info_locked(struct ptrace *pt)
{
	if (atomic_load_relaxed(&pt->thread->trace_stopped) && pt->has_info)
		*pt->thread->trace_info = pt->info;
}

/* The thread goes on, with @signo delivered. sig->lock held. */
static void resume_locked(struct thread *thread, int signo)
{
	thread->trace_signo = signo;
	atomic_store_release(&thread->trace_stopped, false);
	(void)sched_wake(thread, BIT(THREAD_TRACED));
}

/* No tracer any more: a process that is stopped stays so, by job control. */
static void let_go_locked(struct ptrace *pt, int signo)
{
	struct thread *thread = pt->thread;
	bool stopped = atomic_load_relaxed(&thread->trace_stopped);

	end_step_locked(pt);
	give_info_locked(pt);
	unlink_locked(pt);
	if (pt->task->stopped)
		atomic_fetch_or(&thread->work, THREAD_WORK_STOP);
	if (stopped)
		resume_locked(thread, signo);
}

/* ---- new and ending threads ---- */

int ptrace_clone_event(u64 flags, bool *auto_attach)
{
	struct ptrace pt;
	int event;

	*auto_attach = false;
	if (!wishes(&pt))
		return 0;
	if (flags & CLONE_VFORK)
		event = PTRACE_EVENT_VFORK;
	else if ((flags & CSIGNAL) != SIGCHLD)
		event = PTRACE_EVENT_CLONE;
	else
		event = PTRACE_EVENT_FORK;
	if ((flags & CLONE_UNTRACED) || !(pt.options & option_of(event)))
		event = 0;
	*auto_attach = event || (flags & CLONE_PTRACE);
	return event;
}

void ptrace_inherit_locked(struct ptrace *pt, struct thread *child)
{
	irqflags_t flags;
	struct signal_state *sig = signal_lock(child->task, &flags);
	const struct ptrace *parent = current->ptrace;

	if (!parent) {
		signal_unlock(sig, flags);
		ptrace_free(pt);
		return;
	}
	pt->seized = parent->seized;
	pt->options = parent->options;
	pt->trap = parent->seized;
	link_locked(pt, child, parent->tracer);
	if (!pt->seized)
		child->pending.mask |= SIGMASK(SIGSTOP);
	child->work |= THREAD_WORK_SIGNAL;
	signal_unlock(sig, flags);
}

void ptrace_thread_gone_locked(struct thread *thread, int status)
{
	struct ptrace *pt = thread->ptrace;
	irqflags_t flags;
	struct signal_state *sig = signal_lock(thread->task, &flags);
	bool ignores;

	pt->thread = NULL;
	atomic_store_release(&thread->ptrace, NULL);
	signal_unlock(sig, flags);
	if (pt == thread->task->trace)
		return; /* told with its process */
	pt->dead = true;
	pt->status = status;
	pid_use_locked(pt->tid);
	(void)tracer_wants_chld(pt->tracer, &ignores);
	if (ignores)
		drop_locked(pt);
	else
		tell_locked(pt->tracer, pt, status & 0x7f ? CLD_KILLED : CLD_EXITED,
			    status & 0x7f ? status & 0x7f : status >> 8);
}

bool ptrace_task_gone_locked(struct task *task)
{
	struct ptrace *pt = task->trace;
	int status = task->exit_status;
	bool ignores;

	if (!pt)
		return false;
	(void)tracer_wants_chld(pt->tracer, &ignores);
	if (pt->tracer == task->parent || ignores) {
		drop_locked(pt);
		return false;
	}
	pt->dead = true;
	pt->status = status;
	task->traced_zombie = true;
	tell_locked(pt->tracer, pt, status & 0x7f ? CLD_KILLED : CLD_EXITED,
		    status & 0x7f ? status & 0x7f : status >> 8);
	return true;
}

/* The tracer has been told of a whole process: now its parent is. Return: true when
 * nobody waits for it: it has left the tree, the caller drops the tree's reference. */
static bool finish_zombie_locked(struct ptrace *pt)
{
	struct task *task = pt->task;
	bool zombie = task->traced_zombie && pt == task->trace;

	drop_locked(pt);
	if (!zombie)
		return false;
	task->traced_zombie = false;
	if (!task_notify_exit_locked(task))
		return false;
	task_release_locked(task);
	return true;
}

void ptrace_release_all_locked(struct task *tracer, struct list_head *dead)
{
	while (!list_empty(&tracer->tracees)) {
		struct ptrace *pt = LIST_FIRST_ENTRY(&tracer->tracees, struct ptrace, link);
		struct task *task = pt->task;
		bool kill = pt->options & PTRACE_O_EXITKILL;
		irqflags_t flags;
		struct signal_state *sig;

		if (!pt->thread) {
			if (finish_zombie_locked(pt))
				list_add_tail(&task->all_link, dead);
			continue;
		}
		task_get(task);
		sig = signal_lock(task, &flags);
		let_go_locked(pt, 0);
		ptrace_free(pt);
		signal_unlock(sig, flags);
		if (kill)
			signal_send_kernel(task, SIGKILL);
		task_put(task);
		task_put(task); /* the record's */
	}
}

void ptrace_exec_rename_locked(struct thread *thread)
{
	struct task *task = thread->task;
	struct ptrace *leader = task->trace;

	/* The former first thread's record: it has become this thread. */
	if (leader && leader->thread != thread)
		drop_locked(leader);
	if (thread->ptrace) {
		thread->ptrace->tid = thread->tid;
		task->trace = thread->ptrace;
	}
}

/* ---- wait ---- */

bool ptrace_is_own_locked(const struct task *task)
{
	return task->trace && task->trace->tracer == current_task();
}

static bool eligible(const struct ptrace *pt, const struct wait_request *req)
{
	switch (req->which) {
	case P_PID:
		return pt->tid == req->id;
	case P_PIDFD:
		return pt->task == req->task && pt->tid == pt->task->pid;
	case P_PGID:
		return pt->task->pgid == req->id;
	}
	return true;
}

static void describe(const struct ptrace *pt, int code, int status, struct wait_result *out)
{
	*out = (struct wait_result){ .pid = pt->tid, .uid = pt->task->cred->uid, .code = code,
				     .status = status };
	task_usage_now_locked(pt->task, &out->usage);
}

/* The stop of a living thread; taken unless WNOWAIT. */
static bool take_stop_locked(struct ptrace *pt, const struct wait_request *req,
			     struct wait_result *out)
{
	irqflags_t flags;
	struct signal_state *sig = signal_lock(pt->task, &flags);
	bool found = pt->thread && atomic_load_relaxed(&pt->thread->trace_stopped) &&
		     !pt->reported;

	if (found) {
		pt->reported = !(req->options & WNOWAIT);
		describe(pt, CLD_TRAPPED, linux_wait_stopped(pt->code), out);
	}
	signal_unlock(sig, flags);
	return found;
}

int ptrace_wait_locked(const struct wait_request *req, struct wait_result *out,
		       struct task **reap)
{
	struct ptrace *pt;
	int ret = -ECHILD;

	LIST_FOR_EACH(pt, &current_task()->tracees, link) {
		if (!eligible(pt, req))
			continue;
		ret = 0;
		if (pt->dead && (req->options & WEXITED)) {
			struct task *task = pt->task;

			describe(pt, pt->status & 0x7f ? CLD_KILLED : CLD_EXITED, pt->status, out);
			if (!(req->options & WNOWAIT) && finish_zombie_locked(pt))
				*reap = task;
			return 1;
		}
		if (take_stop_locked(pt, req, out))
			return 1;
	}
	return ret;
}

/* ---- who may ---- */

bool ptrace_may_access(struct task *task)
{
	const struct cred *me = cred_current();
	struct cred *it;
	bool may;

	if (task == current_task())
		return true;
	it = task_cred(task);
	may = me->uid == it->uid && me->uid == it->euid && me->uid == it->suid &&
	      me->gid == it->gid && me->gid == it->egid && me->gid == it->sgid &&
	      !(it->cap_permitted & ~me->cap_permitted) && task->dumpable;
	cred_put(it);
	return may || cred_capable(me, CAP_SYS_PTRACE);
}

int ptrace_traceme(void)
{
	struct ptrace *pt = ptrace_alloc();
	struct thread *me = current;
	irqflags_t flags, sigflags;
	struct signal_state *sig;
	bool done;

	if (!pt)
		return -ENOMEM;
	flags = spin_lock_irq(&task_tree_lock);
	sig = signal_lock(me->task, &sigflags);
	done = !me->ptrace && me->task->parent != kernel_task;
	if (done)
		link_locked(pt, me, me->task->parent);
	signal_unlock(sig, sigflags);
	spin_unlock_irq(&task_tree_lock, flags);
	if (!done)
		ptrace_free(pt);
	return done ? 0 : -EPERM;
}

/* Both locks held. */
static int attach_locked(struct ptrace *pt, struct thread *thread, bool seize)
{
	struct task *task = thread->task;

	if (!list_linked(&thread->task_link) || task->exiting)
		return -ESRCH;
	if (thread->ptrace)
		return -EPERM;
	link_locked(pt, thread, current_task());
	if (task->stopped) {
		/* From job control's stop into one for the tracer. */
		pt->trap = true;
		atomic_fetch_or(&thread->work, THREAD_WORK_SIGNAL);
		(void)sched_wake(thread, BIT(THREAD_STOPPED));
	}
	return seize ? 0 : 1;
}

int ptrace_attach(s32 tid, bool seize, u32 options)
{
	struct linux_siginfo stop = { .si_signo = SIGSTOP, .si_code = SI_KERNEL };
	struct thread *thread = thread_find(tid);
	irqflags_t flags, sigflags;
	struct signal_state *sig;
	struct ptrace *pt;
	int ret = -EPERM;

	if (!thread)
		return -ESRCH;
	if (thread->task == current_task() || thread->task == kernel_task ||
	    !ptrace_may_access(thread->task))
		goto out;
	ret = -ENOMEM;
	pt = ptrace_alloc();
	if (!pt)
		goto out;
	pt->seized = seize;
	pt->options = options;
	flags = spin_lock_irq(&task_tree_lock);
	sig = signal_lock(thread->task, &sigflags);
	ret = attach_locked(pt, thread, seize);
	signal_unlock(sig, sigflags);
	spin_unlock_irq(&task_tree_lock, flags);
	if (ret < 0)
		ptrace_free(pt);
	if (ret > 0)
		ret = signal_send_thread(thread, &stop);
out:
	thread_put(thread);
	return ret;
}

/* ---- requests to a traced thread ---- */

static struct ptrace *find_locked(s32 tid)
{
	struct ptrace *pt;

	LIST_FOR_EACH(pt, &current_task()->tracees, link)
		if (pt->tid == tid && pt->thread)
			return pt;
	return NULL;
}

/* @pt's thread stands still and is out of its CPU: its registers are in memory. */
static bool is_still(const struct ptrace *pt)
{
	return atomic_load_acquire(&pt->thread->trace_stopped) &&
	       !atomic_load_acquire(&pt->thread->on_cpu);
}

/*
 * Calls @fn with both locks held on the thread @tid, which current traces. @stopped:
 * only when it is stopped, which it may be about to be on another CPU.
 */
static int with_thread(s32 tid, bool stopped, int (*fn)(struct ptrace *pt, void *arg), void *arg)
{
	for (;;) {
		irqflags_t flags = spin_lock_irq(&task_tree_lock), sigflags;
		struct ptrace *pt = find_locked(tid);
		struct signal_state *sig;
		bool again = false;
		int ret = -ESRCH;

		if (pt) {
			sig = signal_lock(pt->task, &sigflags);
			if (!stopped || is_still(pt))
				ret = fn(pt, arg);
			else
				again = atomic_load_relaxed(&pt->thread->trace_stopped) &&
					!is_killed(pt->thread);
			signal_unlock(sig, sigflags);
		}
		spin_unlock_irq(&task_tree_lock, flags);
		if (!again)
			return ret;
		sched_point();
		cpu_relax();
	}
}

int ptrace_with_stopped(s32 tid, int (*fn)(struct ptrace *pt, void *arg), void *arg)
{
	return with_thread(tid, true, fn, arg);
}

static int do_interrupt(struct ptrace *pt, __unused void *arg)
{
	struct thread *thread = pt->thread;

	if (!pt->seized)
		return -EIO;
	pt->trap = true;
	if (pt->listening)
		resume_locked(thread, 0);
	atomic_fetch_or(&thread->work, THREAD_WORK_SIGNAL);
	if (!sched_wake(thread, BIT(THREAD_SLEEP)))
		sched_kick_user(thread);
	return 0;
}

int ptrace_interrupt(s32 tid)
{
	return with_thread(tid, false, do_interrupt, NULL);
}

static int do_listen(struct ptrace *pt, __unused void *arg)
{
	if (!pt->seized || pt->code >> 8 != PTRACE_EVENT_STOP)
		return -EIO;
	pt->listening = true;
	/* SIGCONT came already: that is to be seen. */
	if (pt->trap)
		resume_locked(pt->thread, 0);
	return 0;
}

int ptrace_listen(s32 tid)
{
	return with_thread(tid, true, do_listen, NULL);
}

struct resume_args {
	enum ptrace_resume how;
	int signo;
};

static int do_continue(struct ptrace *pt, void *arg)
{
	const struct resume_args *args = arg;
	struct thread *thread = pt->thread;

	pt->calls = args->how == PTRACE_RESUME_SYSCALL;
	pt->step = args->how == PTRACE_RESUME_STEP && context_step(thread, true);
	if (pt->calls || args->how == PTRACE_RESUME_STEP)
		atomic_fetch_or(&thread->work, THREAD_WORK_SYSCALL);
	else
		atomic_fetch_and(&thread->work, ~(u32)THREAD_WORK_SYSCALL);
	if (pt->trap)
		atomic_fetch_or(&thread->work, THREAD_WORK_SIGNAL);
	give_info_locked(pt);
	resume_locked(thread, args->signo);
	return 0;
}

int ptrace_continue(s32 tid, enum ptrace_resume how, int signo)
{
	struct resume_args args = { how, signo };

	return with_thread(tid, true, do_continue, &args);
}

/* The record and its reference are given back by the caller. */
static int do_detach(struct ptrace *pt, void *arg)
{
	struct resume_args *args = arg;

	let_go_locked(pt, args->signo);
	task_put(pt->task); /* not the last: its thread has one, and is stopped */
	ptrace_free(pt);
	return 0;
}

int ptrace_detach(s32 tid, int signo)
{
	struct resume_args args = { .signo = signo };

	return with_thread(tid, true, do_detach, &args);
}

static int get_stopped_task(struct ptrace *pt, void *arg)
{
	if (!atomic_load_relaxed(&pt->thread->trace_stopped))
		return 0;
	task_get(pt->task);
	*(struct task **)arg = pt->task;
	return 0;
}

int ptrace_kill(s32 tid)
{
	struct task *task = NULL;
	int err = with_thread(tid, false, get_stopped_task, &task);

	/* As Linux: one that is not stopped is left alone (ptrace(2), PTRACE_KILL). */
	if (task) {
		signal_send_kernel(task, SIGKILL);
		task_put(task);
	}
	return err;
}

bool ptrace_tracer_is_current(s32 tid)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	bool found = find_locked(tid) != NULL;

	spin_unlock_irq(&task_tree_lock, flags);
	return found;
}

void ptrace_continued_locked(struct thread *thread)
{
	struct ptrace *pt = thread->ptrace;

	if (!pt->seized)
		return;
	pt->trap = true;
	atomic_fetch_or(&thread->work, THREAD_WORK_SIGNAL);
	if (pt->listening)
		resume_locked(thread, 0);
}

bool ptrace_trap_due_locked(struct thread *thread)
{
	struct ptrace *pt = thread->ptrace;
	bool due = pt->trap;

	pt->trap = false;
	return due;
}

s32 ptrace_tracer_of(struct thread *thread)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	s32 pid = thread->ptrace ? thread->ptrace->tracer->pid : 0;

	spin_unlock_irq(&task_tree_lock, flags);
	return pid;
}
