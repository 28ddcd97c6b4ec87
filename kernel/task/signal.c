/* SPDX-License-Identifier: MIT */
/*
 * Signals: generation, choice of a thread, queues, masks, stop and continue,
 * delivery. Rules of signal(7), sigaction(2) and POSIX.1-2017 §2.4.
 *
 *   send: ignored? drop -> queue -> a thread that wants it gets WORK_SIGNAL and,
 *   if it sleeps interruptibly, is woken -> on its way to user mode it dequeues
 *   and ignores, stops, dies or enters the handler.
 *
 * THREAD_WORK_SIGNAL is set whenever a thread may have a deliverable signal and
 * cleared only by the thread itself, under the lock, when it has none: so a
 * call that gave up because of it (-ERESTART*) always comes through
 * signal_deliver(). A deadly signal becomes THREAD_WORK_EXIT of every thread at
 * once. SIGCONT turns WORK_STOP into WORK_SIGNAL for the same reason.
 */
#include <kernel/task/signal.h>

#include <arch/context.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_poll.h>
#include <kernel/abi/linux_wait.h>
#include <kernel/abi/syscall_nr.h>
#include <kernel/core/log.h>
#include <kernel/lib/string.h>
#include <kernel/task/ptrace.h>
#include <kernel/task/rseq.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>
#include <mm/slab.h>
#include <security/cred.h>

#include "task_priv.h"

#define STOP_SIGNALS \
	(SIGMASK(SIGSTOP) | SIGMASK(SIGTSTP) | SIGMASK(SIGTTIN) | SIGMASK(SIGTTOU))
#define IGNORE_SIGNALS \
	(SIGMASK(SIGCONT) | SIGMASK(SIGCHLD) | SIGMASK(SIGWINCH) | SIGMASK(SIGURG))
/* Would leave a core file if there were any: not made deadly at once. */
#define CORE_SIGNALS                                                                   \
	(SIGMASK(SIGQUIT) | SIGMASK(SIGILL) | SIGMASK(SIGTRAP) | SIGMASK(SIGABRT) |    \
	 SIGMASK(SIGFPE) | SIGMASK(SIGSEGV) | SIGMASK(SIGBUS) | SIGMASK(SIGSYS) |      \
	 SIGMASK(SIGXCPU) | SIGMASK(SIGXFSZ))
/* Delivered before others: they belong to the instruction at hand. */
#define SYNC_SIGNALS                                                                   \
	(SIGMASK(SIGSEGV) | SIGMASK(SIGBUS) | SIGMASK(SIGILL) | SIGMASK(SIGTRAP) |     \
	 SIGMASK(SIGFPE) | SIGMASK(SIGSYS))
#define UNBLOCKABLE (SIGMASK(SIGKILL) | SIGMASK(SIGSTOP))

static struct slab_cache *sigqueue_cache;

/* Who watches for signals (signalfd): queues by pid, since one in the task would end
 * with it while descriptors of it live on elsewhere. */
#define NEWS_QUEUES 16u
static struct waitq news_queues[NEWS_QUEUES];

/* ---- state and queues ---- */

struct waitq *signal_news(const struct task *task)
{
	return &news_queues[(u32)task->pid % NEWS_QUEUES];
}

void signal_init(void)
{
	sigqueue_cache = slab_create("sigqueue", sizeof(struct sigqueue), 8);
	PANIC_ON(!sigqueue_cache, "task: no memory for signals");
	for (u32 i = 0; i < NEWS_QUEUES; i++)
		waitq_init(&news_queues[i], "signal_news");
}

struct signal_state *signal_state_alloc(void)
{
	struct signal_state *sig = kzalloc(sizeof(*sig), 0);

	if (!sig)
		return NULL;
	refcount_init(&sig->refs);
	spin_init(&sig->lock, RANK_SIGNAL, "signal");
	return sig;
}

void signal_state_put(struct signal_state *sig)
{
	while (sig && refcount_put(&sig->refs)) {
		struct signal_state *retired = sig->retired;

		kfree(sig);
		sig = retired;
	}
}

void signal_state_copy_locked(struct signal_state *to, const struct signal_state *from)
{
	to->given = from->given;
	for (u64 bits = from->given; bits; bits &= bits - 1) {
		u32 i = (u32)__builtin_ctzll(bits);

		to->actions[i] = from->actions[i];
	}
}

static inline struct signal_state *lock_state(struct task *task, irqflags_t *flags)
{
	for (;;) {
		struct signal_state *sig = atomic_load_acquire(&task->sig);

		*flags = spin_lock_irq(&sig->lock);
		if (likely(task->sig == sig))
			return sig;
		spin_unlock_irq(&sig->lock, *flags);
	}
}

struct signal_state *signal_lock(struct task *task, irqflags_t *flags)
{
	return lock_state(task, flags);
}

void signal_unlock(struct signal_state *sig, irqflags_t flags)
{
	spin_unlock_irq(&sig->lock, flags);
}

void sigpending_init(struct sigpending *pending)
{
	pending->mask = 0;
	list_init(&pending->queue);
}

static void sigqueue_free(struct task *task, struct sigqueue *q)
{
	list_del(&q->link);
	if (q->timer) {
		posix_timer_taken_locked(q);
		return;
	}
	slab_free(sigqueue_cache, q);
	atomic_fetch_sub(&task->nr_sigqueue, 1);
}

void sigpending_flush(struct task *task, struct sigpending *pending)
{
	while (!list_empty(&pending->queue))
		sigqueue_free(task, LIST_FIRST_ENTRY(&pending->queue, struct sigqueue, link));
	pending->mask = 0;
}

/* Takes all queued signals of @mask out of @pending. */
static void discard_locked(struct task *task, struct sigpending *pending, u64 mask)
{
	struct sigqueue *q, *next;

	if (!(pending->mask & mask))
		return;
	LIST_FOR_EACH_SAFE(q, next, &pending->queue, link)
		if (SIGMASK(q->info.si_signo) & mask)
			sigqueue_free(task, q);
	pending->mask &= ~mask;
}

static void discard_all_locked(struct task *task, u64 mask)
{
	struct thread *thread;

	discard_locked(task, &task->pending, mask);
	LIST_FOR_EACH(thread, &task->threads, task_link)
		discard_locked(task, &thread->pending, mask);
}

static int enqueue_locked(struct task *task, struct sigpending *pending,
			  const struct linux_siginfo *info)
{
	int signo = info->si_signo;
	u64 limit = atomic_load_relaxed(&task->rlimits[RLIMIT_SIGPENDING].rlim_cur);
	struct sigqueue *q = NULL;

	if (signo < LINUX_SIGRTMIN && (pending->mask & SIGMASK(signo)))
		return 0; /* standard signals do not queue */
	/* What the kernel itself reports is not limited (si_code > 0). */
	if (atomic_load_relaxed(&task->nr_sigqueue) < limit || info->si_code > 0)
		q = slab_alloc(sigqueue_cache, MEM_NOWAIT);
	if (q) {
		q->timer = false;
		q->info = *info;
		list_add_tail(&q->link, &pending->queue);
		atomic_fetch_add(&task->nr_sigqueue, 1);
	} else if (signo >= LINUX_SIGRTMIN && info->si_code != SI_USER) {
		return -EAGAIN;
	}
	pending->mask |= SIGMASK(signo);
	return 0;
}

/* The next signal of @pending within @allowed, 0: none. */
static int dequeue_locked(struct task *task, struct sigpending *pending, u64 allowed,
			  struct linux_siginfo *info)
{
	u64 ready = pending->mask & allowed;
	struct sigqueue *q, *found = NULL;
	bool more = false;
	int signo;

	if (!ready)
		return 0;
	if (ready & SYNC_SIGNALS)
		ready &= SYNC_SIGNALS;
	signo = __builtin_ctzll(ready) + 1;
	LIST_FOR_EACH(q, &pending->queue, link) {
		if (q->info.si_signo != signo)
			continue;
		if (found) {
			more = true;
			break;
		}
		found = q;
	}
	if (!more)
		pending->mask &= ~SIGMASK(signo);
	if (found) {
		if (found->timer) {
			sigqueue_free(task, found); /* counts its overruns */
			*info = found->info;
			return signo;
		}
		*info = found->info;
		sigqueue_free(task, found);
	} else {
		/* Its details found no memory. */
		*info = (struct linux_siginfo){ .si_signo = signo, .si_code = SI_USER };
	}
	return signo;
}

static int dequeue_any_locked(struct thread *thread, u64 allowed, struct linux_siginfo *info)
{
	int signo;

	if (!((thread->pending.mask | thread->task->pending.mask) & allowed))
		return 0;
	signo = dequeue_locked(thread->task, &thread->pending, allowed, info);

	return signo ? signo : dequeue_locked(thread->task, &thread->task->pending, allowed, info);
}

/* ---- who wants it ---- */

static bool is_default_ignored(const struct signal_state *sig, int signo)
{
	u64 handler = sig->actions[signo - 1].sa_handler;

	return handler == LINUX_SIG_IGN ||
	       (handler == LINUX_SIG_DFL && (SIGMASK(signo) & IGNORE_SIGNALS));
}

static bool blocks(const struct thread *thread, int signo)
{
	return atomic_load_relaxed(&thread->blocked) & SIGMASK(signo);
}

/* A blocked signal is kept even if it is ignored now: the action may change, and
 * init takes its signals by sigtimedwait(). */
static bool dropped_locked(const struct task *task, const struct signal_state *sig,
			   const struct thread *thread, int signo)
{
	u64 blocked;

	if (!thread)
		thread = LIST_FIRST_ENTRY(&task->threads, struct thread, task_link);
	if (!thread)
		return true;
	/* The tracer sees what is ignored, too. */
	if (thread->ptrace && signo != SIGKILL)
		return false;
	blocked = thread->blocked | thread->real_blocked;
	if (blocked & SIGMASK(signo))
		return false;
	return is_default_ignored(sig, signo) ||
	       (task->unkillable && sig->actions[signo - 1].sa_handler == LINUX_SIG_DFL);
}

static bool has_ready(const struct thread *thread)
{
	return (thread->pending.mask | thread->task->pending.mask) & ~thread->blocked;
}

static void wake_thread(struct thread *thread, u32 bits, bool deadly)
{
	u32 states = BIT(THREAD_SLEEP);

	atomic_fetch_or(&thread->work, bits);
	if (thread == current && thread->state == THREAD_RUNNING)
		return; /* it sees the bits when it leaves the kernel */
	if (deadly)
		states |= BIT(THREAD_STOPPED) | BIT(THREAD_TRACED);
	if (deadly && atomic_load_acquire(&thread->in_vfork))
		states |= BIT(THREAD_BLOCK);
	if (!sched_wake(thread, states))
		sched_kick_user(thread);
}

void signal_kill_threads_locked(struct task *task, struct thread *except)
{
	struct thread *thread;

	LIST_FOR_EACH(thread, &task->threads, task_link)
		if (thread != except)
			wake_thread(thread, THREAD_WORK_EXIT, true);
}

static void kill_task_locked(struct task *task, int status)
{
	if (task->exiting)
		return;
	atomic_store_release(&task->exiting, true);
	task->group_exit_status = status;
	signal_kill_threads_locked(task, NULL);
}

void signal_interrupt(struct task *task)
{
	irqflags_t flags;
	struct signal_state *sig = lock_state(task, &flags);
	struct thread *thread;

	LIST_FOR_EACH(thread, &task->threads, task_link)
		wake_thread(thread, THREAD_WORK_SIGNAL, false);
	signal_unlock(sig, flags);
}

static struct thread *choose_thread_locked(struct task *task, int signo)
{
	struct thread *thread;

	if (current->task == task && !blocks(current, signo) && list_linked(&current->task_link))
		return current;
	LIST_FOR_EACH(thread, &task->threads, task_link)
		if (!blocks(thread, signo))
			return thread;
	return NULL;
}

/* @signo was queued for @thread, or for all of @task: tell whom it concerns. */
static void notify_locked(struct task *task, struct signal_state *sig, struct thread *thread,
			  int signo)
{
	bool deadly = sig->actions[signo - 1].sa_handler == LINUX_SIG_DFL && !task->unkillable &&
		      !(SIGMASK(signo) & (STOP_SIGNALS | IGNORE_SIGNALS | CORE_SIGNALS));

	if (!thread)
		thread = choose_thread_locked(task, signo);
	if (!thread || blocks(thread, signo))
		return; /* stays pending until somebody unblocks it */
	if (deadly && !(thread->real_blocked & SIGMASK(signo)) &&
	    (!thread->ptrace || signo == SIGKILL))
		kill_task_locked(task, signo);
	else
		wake_thread(thread, THREAD_WORK_SIGNAL, false);
}

/* SIGCONT's effect takes place when it is sent, whatever becomes of it. */
static void continue_locked(struct task *task)
{
	bool was_stopping = task->stop_count || task->stopped;
	struct thread *thread;

	discard_all_locked(task, STOP_SIGNALS);
	task->stop_dequeued = false;
	if (!was_stopping)
		return;
	if (task->stopped) {
		task->continued = true;
		task->notify_continued = true;
	}
	task->stopped = false;
	task->stop_count = 0;
	LIST_FOR_EACH(thread, &task->threads, task_link) {
		atomic_fetch_or(&thread->work, THREAD_WORK_SIGNAL);
		atomic_fetch_and(&thread->work, ~(u32)THREAD_WORK_STOP);
		sched_wake(thread, BIT(THREAD_STOPPED));
		if (thread->ptrace)
			ptrace_continued_locked(thread);
	}
}

static int send_locked(struct task *task, struct signal_state *sig, struct thread *thread,
		       const struct linux_siginfo *info)
{
	int signo = info->si_signo, err;

	if (SIGMASK(signo) & STOP_SIGNALS)
		discard_all_locked(task, SIGMASK(SIGCONT));
	else if (signo == SIGCONT)
		continue_locked(task);
	if (dropped_locked(task, sig, thread, signo))
		return 0;
	err = enqueue_locked(task, thread ? &thread->pending : &task->pending, info);
	if (!err) {
		waitq_wake_poll(signal_news(task), POLLIN | POLLRDNORM);
		notify_locked(task, sig, thread, signo);
	}
	return err;
}

bool signal_queue_own_locked(struct task *task, struct signal_state *sig, struct thread *thread,
			     struct sigqueue *q)
{
	int signo = q->info.si_signo;

	if (SIGMASK(signo) & STOP_SIGNALS)
		discard_all_locked(task, SIGMASK(SIGCONT));
	else if (signo == SIGCONT)
		continue_locked(task);
	if (dropped_locked(task, sig, thread, signo))
		return false;
	q->where = thread ? &thread->pending : &task->pending;
	list_add_tail(&q->link, &q->where->queue);
	q->where->mask |= SIGMASK(signo);
	waitq_wake_poll(signal_news(task), POLLIN | POLLRDNORM);
	notify_locked(task, sig, thread, signo);
	return true;
}

void signal_unqueue_own_locked(struct sigqueue *q)
{
	const struct sigqueue *other;

	if (!list_linked(&q->link))
		return;
	list_del(&q->link);
	LIST_FOR_EACH(other, &q->where->queue, link)
		if (other->info.si_signo == q->info.si_signo)
			return;
	q->where->mask &= ~SIGMASK(q->info.si_signo);
}

int signal_send_task(struct task *task, const struct linux_siginfo *info)
{
	irqflags_t flags;
	struct signal_state *sig;
	int err;

	if (task == kernel_task)
		return 0;
	sig = lock_state(task, &flags);
	err = send_locked(task, sig, NULL, info);
	signal_unlock(sig, flags);
	return err;
}

int signal_send_thread(struct thread *thread, const struct linux_siginfo *info)
{
	irqflags_t flags;
	struct signal_state *sig;
	int err = 0;

	if (thread->task == kernel_task)
		return 0;
	sig = signal_lock(thread->task, &flags);
	if (list_linked(&thread->task_link))
		err = send_locked(thread->task, sig, thread, info);
	signal_unlock(sig, flags);
	return err;
}

void signal_send_kernel(struct task *task, int signo)
{
	struct linux_siginfo info = { .si_signo = signo, .si_code = SI_KERNEL };

	(void)signal_send_task(task, &info);
}

u32 signal_send_pgrp(s32 pgid, int signo)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	struct task *task;
	u32 n = 0;

	LIST_FOR_EACH(task, &task_list, all_link)
		if (task->pgid == pgid && task->state == TASK_ALIVE) {
			signal_send_kernel(task, signo);
			n++;
		}
	spin_unlock_irq(&task_tree_lock, flags);
	return n;
}

void signal_user_info(struct linux_siginfo *info, int signo, int code)
{
	*info = (struct linux_siginfo){ .si_signo = signo, .si_code = code };
	info->rt.si_pid = current_task()->pid;
	info->rt.si_uid = cred_current()->uid;
}

int signal_check(struct task *task, int signo)
{
	struct cred *cred = task_cred(task);
	bool may = cred_may_signal(cred_current(), cred) ||
		   (signo == SIGCONT && task->sid == current_task()->sid);

	cred_put(cred);
	return may ? 0 : -EPERM;
}

void signal_force(const struct linux_siginfo *info)
{
	struct thread *thread = current;
	int signo = info->si_signo;
	struct linux_sigaction *action;
	struct signal_state *sig;
	irqflags_t flags;

	sig = signal_lock(thread->task, &flags);
	action = &sig->actions[signo - 1];
	if (blocks(thread, signo) || action->sa_handler == LINUX_SIG_IGN) {
		action->sa_handler = LINUX_SIG_DFL;
		thread->blocked &= ~SIGMASK(signo);
	}
	/* Going on would repeat the fault for ever: init dies too. */
	if (action->sa_handler == LINUX_SIG_DFL)
		thread->task->unkillable = false;
	(void)enqueue_locked(thread->task, &thread->pending, info);
	atomic_fetch_or(&thread->work, THREAD_WORK_SIGNAL);
	signal_unlock(sig, flags);
}

/* ---- masks ---- */

bool signal_pending_thread(const struct thread *thread)
{
	return atomic_load_acquire(&thread->work) & THREAD_WORK_INTERRUPT;
}

bool signal_pending(void)
{
	return signal_pending_thread(current);
}

/* Signals to the whole process that current no longer takes: somebody else may. */
static void retarget_locked(struct task *task, u64 lost)
{
	u64 left = task->pending.mask & lost;
	struct thread *thread;

	if (!left)
		return;
	LIST_FOR_EACH(thread, &task->threads, task_link)
		if (thread != current && (left & ~thread->blocked)) {
			left &= thread->blocked;
			wake_thread(thread, THREAD_WORK_SIGNAL, false);
		}
}

static inline void set_mask_locked(struct thread *thread, u64 mask)
{
	mask &= ~UNBLOCKABLE;
	if (thread->task->nr_threads > 1)
		retarget_locked(thread->task, mask & ~thread->blocked);
	atomic_store_relaxed(&thread->blocked, mask);
}

void signal_set_mask(u64 mask)
{
	struct thread *thread = current;
	irqflags_t flags;
	struct signal_state *sig = lock_state(thread->task, &flags);

	set_mask_locked(thread, mask);
	if (unlikely(has_ready(thread)))
		atomic_fetch_or(&thread->work, THREAD_WORK_SIGNAL);
	signal_unlock(sig, flags);
}

void signal_suspend_mask(u64 mask)
{
	current->saved_blocked = current->blocked;
	current->restore_blocked = true;
	atomic_fetch_or(&current->work, THREAD_WORK_RESTORE);
	signal_set_mask(mask);
}

void signal_restore_mask(void)
{
	atomic_fetch_and(&current->work, ~(u32)THREAD_WORK_RESTORE);
	if (!current->restore_blocked)
		return;
	current->restore_blocked = false;
	signal_set_mask(current->saved_blocked);
}

bool signal_ignored(struct task *task, int signo)
{
	irqflags_t flags;
	struct signal_state *sig = signal_lock(task, &flags);
	bool ignored = is_default_ignored(sig, signo);

	signal_unlock(sig, flags);
	return ignored;
}

bool signal_blocked_or_ignored(int signo)
{
	return blocks(current, signo) || signal_ignored(current_task(), signo);
}

/* ---- actions (rt_sigaction) and waiting (rt_sigtimedwait) ---- */

void signal_action(int signo, const struct linux_sigaction *act, struct linux_sigaction *old)
{
	struct task *task = current_task();
	irqflags_t flags;
	struct signal_state *sig = lock_state(task, &flags);

	if (old)
		*old = sig->actions[signo - 1];
	if (act) {
		sig->given |= SIGMASK(signo);
		sig->actions[signo - 1] = *act;
		sig->actions[signo - 1].sa_mask &= ~UNBLOCKABLE;
		/* POSIX.1-2017 §2.4.3: what is pending is discarded, blocked or not. */
		if (is_default_ignored(sig, signo))
			discard_all_locked(task, SIGMASK(signo));
	}
	signal_unlock(sig, flags);
}

u64 signal_pending_mask(void)
{
	struct task *task = current_task();
	irqflags_t flags;
	struct signal_state *sig = signal_lock(task, &flags);
	u64 mask = (current->pending.mask | task->pending.mask) & current->blocked;

	signal_unlock(sig, flags);
	return mask;
}

u64 signal_waiting(void)
{
	return atomic_load_relaxed(&current->pending.mask) |
	       atomic_load_relaxed(&current_task()->pending.mask);
}

int signal_wait(u64 set, ns_t deadline_ns, struct linux_siginfo *info)
{
	struct thread *thread = current;
	struct signal_state *sig;
	irqflags_t flags;
	int signo, err;

	set &= ~UNBLOCKABLE;
	sig = signal_lock(thread->task, &flags);
	signo = dequeue_any_locked(thread, set, info);
	if (!signo && deadline_ns) {
		/* Opened while asleep, so that senders choose and wake this thread;
		 * what was blocked is remembered, so that nothing ignored or deadly
		 * acts. One locked section with the look: a signal in between would
		 * be pending and wake nobody. */
		thread->real_blocked = thread->blocked;
		atomic_store_relaxed(&thread->blocked, thread->blocked & ~set);
	}
	signal_unlock(sig, flags);
	if (signo || deadline_ns == 0)
		return signo ? signo : -EAGAIN;

	do {
		sched_mark_asleep(true);
		err = sched_block(deadline_ns);
		sched_mark_awake();
		sig = signal_lock(thread->task, &flags);
		signo = dequeue_any_locked(thread, set, info);
		if (signo || err) {
			atomic_store_relaxed(&thread->blocked, thread->real_blocked);
			thread->real_blocked = 0;
		}
		signal_unlock(sig, flags);
	} while (!signo && !err);
	if (signo)
		return signo;
	return err == -ETIMEDOUT ? -EAGAIN : -EINTR;
}

/* ---- stop, continue, exit ---- */

void signal_notify_parent(struct task *task, int code)
{
	struct linux_siginfo info = { .si_signo = SIGCHLD, .si_code = code };
	struct task_usage usage;
	struct signal_state *sig;
	irqflags_t flags, sigflags;
	struct task *parent;
	bool tell;

	flags = spin_lock_irq(&task_tree_lock);
	parent = task->parent;
	info.chld.si_pid = task->pid;
	info.chld.si_uid = task->cred->uid;
	info.chld.si_status = code == CLD_CONTINUED ? SIGCONT : task->stop_signo;
	task_usage_now_locked(task, &usage);
	info.chld.si_utime = (s64)(usage.user_ns / (1000000000ull / LINUX_USER_HZ));
	info.chld.si_stime = (s64)(usage.system_ns / (1000000000ull / LINUX_USER_HZ));
	sig = signal_lock(parent, &sigflags);
	tell = !(sig->actions[SIGCHLD - 1].sa_flags & SA_NOCLDSTOP);
	signal_unlock(sig, sigflags);
	if (tell)
		(void)signal_send_task(parent, &info);
	waitq_wake_all(&parent->child_wait);
	spin_unlock_irq(&task_tree_lock, flags);
}

/* A stop signal takes effect: every thread stops on its way to user mode. */
static void stop_begin_locked(struct task *task, int signo)
{
	struct thread *thread;

	if (task->stop_count || task->stopped || task->exiting)
		return;
	task->stop_signo = signo;
	LIST_FOR_EACH(thread, &task->threads, task_link) {
		task->stop_count++;
		wake_thread(thread, THREAD_WORK_STOP, false);
	}
}

/* One thread fewer to wait for. Return: true when that was the last. */
static bool stop_count_down_locked(struct task *task)
{
	if (!task->stop_count || --task->stop_count)
		return false;
	task->stopped = true;
	task->stop_reported = false;
	task->continued = false;
	return true;
}

bool signal_thread_exit_locked(struct thread *thread)
{
	retarget_locked(thread->task, ~thread->blocked);
	if (!(thread->work & THREAD_WORK_STOP))
		return false;
	atomic_fetch_and(&thread->work, ~(u32)THREAD_WORK_STOP);
	return stop_count_down_locked(thread->task) && thread->task->nr_threads > 1;
}

/* Lock held; releases it. Returns when the thread runs again. */
static void stop_current(struct signal_state *sig, irqflags_t flags)
{
	struct thread *thread = current;
	bool last, traced;

	atomic_fetch_and(&thread->work, ~(u32)THREAD_WORK_STOP);
	traced = thread->ptrace;
	if (!traced)
		(void)atomic_xchg(&thread->state, THREAD_STOPPED);
	last = stop_count_down_locked(thread->task);
	signal_unlock(sig, flags);
	if (last)
		signal_notify_parent(thread->task, CLD_STOPPED);
	if (traced) {
		(void)ptrace_trap_stop(true);
		return;
	}
	/* SIGCONT and SIGKILL wake it; either may have come already. */
	if (atomic_load_acquire(&thread->work) & THREAD_WORK_EXIT)
		sched_mark_awake();
	else
		(void)!sched_block(NS_FOREVER);
}

/* A stop signal was dequeued; lock held, released. The terminal's do nothing to an
 * orphaned group (POSIX.1-2017 §2.4.3), which is looked up without the lock. */
static void act_stop(struct task *task, struct signal_state *sig, irqflags_t flags, int signo)
{
	bool orphaned = false;

	task->stop_dequeued = true;
	if (signo != SIGSTOP) {
		signal_unlock(sig, flags);
		orphaned = task_pgrp_orphaned(task->pgid);
		sig = signal_lock(task, &flags);
	}
	/* SIGCONT in between cancels the stop. */
	if (!orphaned && task->stop_dequeued)
		stop_begin_locked(task, signo);
	task->stop_dequeued = false;
	signal_unlock(sig, flags);
}

void signal_exec(struct signal_state *fresh)
{
	struct task *task = current_task();
	irqflags_t flags;
	struct signal_state *old = signal_lock(task, &flags), *sig = old;

	if (fresh) {
		signal_state_copy_locked(fresh, old);
		fresh->retired = old; /* with the task's reference */
		sig = fresh;
	}
	for (u64 bits = sig->given; bits; bits &= bits - 1) {
		struct linux_sigaction *action = &sig->actions[__builtin_ctzll(bits)];
		bool ignored = action->sa_handler == LINUX_SIG_IGN;

		*action = (struct linux_sigaction){
			.sa_handler = ignored ? LINUX_SIG_IGN : LINUX_SIG_DFL };
		if (!ignored)
			sig->given &= ~(bits & -bits);
	}
	if (fresh)
		atomic_store_release(&task->sig, fresh);
	signal_unlock(old, flags);
	current->altstack_sp = current->altstack_size = 0;
	current->altstack_flags = SS_DISABLE;
}

/* ---- delivery ---- */

static bool in_syscall(const struct trapframe *tf)
{
	return (s64)tf->orig_rax >= 0;
}

static void restart_call(struct trapframe *tf, u64 number)
{
	tf->rax = number;
	tf->rip -= 2; /* the SYSCALL instruction, 0f 05 */
}

/* What becomes of an interrupted call when a handler runs (@action) or none does. */
static void fix_syscall(struct trapframe *tf, const struct linux_sigaction *action)
{
	if (!in_syscall(tf))
		return;
	switch ((s64)tf->rax) {
	case -ERESTART_RESTARTBLOCK:
		if (action)
			tf->rax = (u64)-EINTR;
		else
			restart_call(tf, LINUX_NR_restart_syscall);
		break;
	case -ERESTARTNOHAND:
		if (action)
			tf->rax = (u64)-EINTR;
		else
			restart_call(tf, tf->orig_rax);
		break;
	case -ERESTARTSYS:
		if (action && !(action->sa_flags & SA_RESTART))
			tf->rax = (u64)-EINTR;
		else
			restart_call(tf, tf->orig_rax);
		break;
	case -ERESTARTNOINTR:
		restart_call(tf, tf->orig_rax);
		break;
	}
	tf->orig_rax = ~0ull; /* done: not again for the next signal */
}

/* The frame cannot be written: SIGSEGV, deadly if that was the one. */
static void force_frame_fault(int signo)
{
	struct linux_siginfo info = { .si_signo = SIGSEGV, .si_code = SI_KERNEL };

	if (signo == SIGSEGV) {
		irqflags_t flags;
		struct signal_state *sig = signal_lock(current_task(), &flags);

		sig->actions[SIGSEGV - 1].sa_handler = LINUX_SIG_DFL;
		signal_unlock(sig, flags);
	}
	signal_force(&info);
}

/* Blocks @more while the handler runs. Without another signal for now, signal_deliver()
 * need not look again: what it would find is known here. */
static void handler_entered(struct thread *thread, u64 more)
{
	u32 done = thread->restore_blocked ? THREAD_WORK_RESTORE : 0;
	struct signal_state *sig;
	irqflags_t flags;

	thread->restore_blocked = false;
	sig = lock_state(thread->task, &flags);
	set_mask_locked(thread, thread->blocked | more);
	if (!has_ready(thread) && !thread->task->notify_continued && !thread->ptrace)
		done |= THREAD_WORK_SIGNAL;
	(void)atomic_fetch_and(&thread->work, ~done);
	signal_unlock(sig, flags);
}

static void enter_handler(struct trapframe *tf, int signo, const struct linux_sigaction *action,
			  const struct linux_siginfo *info)
{
	struct thread *thread = current;
	struct sigframe_request req = { signo, action, info, thread->blocked };
	bool step = ptrace_step_begin_handler();

	if (thread->restore_blocked)
		req.old_mask = thread->saved_blocked;
	fix_syscall(tf, action);
	rseq_signal(tf);
	if (sigframe_setup(tf, &req)) {
		force_frame_fault(signo);
		return;
	}
	handler_entered(thread, action->sa_mask |
				(action->sa_flags & SA_NODEFER ? 0 : SIGMASK(signo)));
	if (step)
		ptrace_step_handler();
}

/* Lock held, released. @signo was dequeued. Return: true when a handler was entered. */
static bool act(struct trapframe *tf, struct signal_state *sig, irqflags_t flags, int signo,
		const struct linux_siginfo *info)
{
	struct task *task = current_task();
	struct linux_sigaction action = sig->actions[signo - 1];

	if (action.sa_handler > LINUX_SIG_IGN) {
		if (action.sa_flags & SA_RESETHAND)
			sig->actions[signo - 1].sa_handler = LINUX_SIG_DFL;
		signal_unlock(sig, flags);
		enter_handler(tf, signo, &action, info);
		return true;
	}
	if (is_default_ignored(sig, signo) || task->unkillable) {
		signal_unlock(sig, flags);
	} else if (SIGMASK(signo) & STOP_SIGNALS) {
		act_stop(task, sig, flags, signo);
	} else {
		signal_unlock(sig, flags);
		if (SIGMASK(signo) & CORE_SIGNALS && info->si_code > 0)
			log_info("%s[%d]: signal %d, code %d, address %#llx, ip %#llx sp %#llx",
				 current->comm, current->tid, signo, info->si_code,
				 (unsigned long long)info->fault.si_addr,
				 (unsigned long long)tf->rip, (unsigned long long)tf->rsp);
		task_exit_group(linux_wait_signaled(signo, false));
	}
	return false;
}

void signal_deliver(struct trapframe *tf)
{
	struct thread *thread = current;
	struct task *task = thread->task;
	struct linux_siginfo info;

	for (;;) {
		irqflags_t flags;
		struct signal_state *sig = lock_state(task, &flags);
		int signo;

		if (thread->work & THREAD_WORK_EXIT) {
			int status = task->group_exit_status;

			signal_unlock(sig, flags);
			thread_exit(status);
		}
		if (task->notify_continued) {
			task->notify_continued = false;
			signal_unlock(sig, flags);
			signal_notify_parent(task, CLD_CONTINUED);
			continue;
		}
		if (thread->work & THREAD_WORK_STOP) {
			stop_current(sig, flags);
			continue;
		}
		if (thread->ptrace && ptrace_trap_due_locked(thread)) {
			signal_unlock(sig, flags);
			(void)ptrace_trap_stop(false);
			continue;
		}
		signo = dequeue_any_locked(thread, ~thread->blocked, &info);
		if (!signo) {
			atomic_fetch_and(&thread->work, ~(u32)THREAD_WORK_SIGNAL);
			signal_unlock(sig, flags);
			break;
		}
		if (thread->ptrace && signo != SIGKILL) {
			signal_unlock(sig, flags);
			signo = ptrace_signal(signo, &info);
			if (!signo)
				continue;
			sig = signal_lock(task, &flags);
		}
		if (act(tf, sig, flags, signo, &info))
			return; /* the next one, if any, interrupts the handler's start */
	}
	fix_syscall(tf, NULL);
	signal_restore_mask();
}
