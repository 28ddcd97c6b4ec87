/* SPDX-License-Identifier: MIT */
/*
 * Process objects: the tree of parents and children, process groups and
 * sessions, look-up by number, usage. One reference of a task is its place in
 * the tree (dropped by who releases the zombie), one is each thread's.
 *
 *   task_tree_lock (TASK_TREE)
 *   └ sig->lock of one task (SIGNAL)
 *     └ wait queues, run queues
 */
#include <kernel/task/task.h>

#include <kernel/abi/errno.h>
#include <kernel/core/panic.h>
#include <kernel/lib/string.h>
#include <kernel/time/clock.h>
#include <kernel/task/fs_hooks.h>
#include <mm/aspace.h>
#include <mm/pmm.h>
#include <mm/slab.h>
#include <security/cred.h>
#include <security/handle.h>

#include "task_priv.h"

struct spinlock task_tree_lock = SPINLOCK_INIT(RANK_TASK_TREE, "task_tree");
struct list_head task_list = LIST_HEAD_INIT(task_list);
struct task *kernel_task;
struct task *init_task;

static struct task kernel_task_storage;
static struct signal_state kernel_sig;
static struct thread boot_thread;
static struct slab_cache *task_cache;
static struct rb_tree pid_tree; /* [TASK_TREE] tasks by pid */
static u32 nr_live;             /* atomic */

/* What a thread costs at least: stacks, tables, the small process around it. */
#define THREAD_COST (256ull << 10)

u32 task_threads_max(void)
{
	static u32 max; /* memory does not change */
	struct pmm_stats stats;

	if (!atomic_load_relaxed(&max)) {
		pmm_stats(NODE_ANY, &stats);
		atomic_store_relaxed(&max, (u32)MIN(MAX(stats.total * PAGE_SIZE / THREAD_COST,
							128ull), (u64)PID_MAX));
	}
	return atomic_load_relaxed(&max);
}

/* Linux's defaults (man getrlimit(2)); NPROC and SIGPENDING are set by memory. */
static void init_rlimits(struct task *task)
{
	u64 half = task_threads_max() / 2;

	for (u32 i = 0; i < RLIM_NLIMITS; i++)
		task->rlimits[i] = (struct linux_rlimit64){ RLIM64_INFINITY, RLIM64_INFINITY };
	task->rlimits[RLIMIT_STACK].rlim_cur = 8ull << 20;
	task->rlimits[RLIMIT_CORE].rlim_cur = 0;
	task->rlimits[RLIMIT_NPROC] = (struct linux_rlimit64){ half, half };
	task->rlimits[RLIMIT_NOFILE] = (struct linux_rlimit64){ 1024, 4096 };
	task->rlimits[RLIMIT_MEMLOCK] = (struct linux_rlimit64){ 8ull << 20, 8ull << 20 };
	task->rlimits[RLIMIT_SIGPENDING] = (struct linux_rlimit64){ half, half };
	task->rlimits[RLIMIT_MSGQUEUE] = (struct linux_rlimit64){ 819200, 819200 };
	task->rlimits[RLIMIT_NICE] = (struct linux_rlimit64){ 0, 0 };
	task->rlimits[RLIMIT_RTPRIO] = (struct linux_rlimit64){ 0, 0 };
}

static void init_fields(struct task *task, s32 pid)
{
	memset(task, 0, sizeof(*task));
	refcount_init(&task->refs);
	task->pid = pid;
	list_init(&task->children);
	list_init(&task->sibling);
	list_init(&task->threads);
	list_init(&task->all_link);
	waitq_init(&task->child_wait, "child_wait");
	waitq_init(&task->exit_wait, "exit_wait");
	sigpending_init(&task->pending);
	timer_init(&task->alarm, task_alarm_fired);
	list_init(&task->timers);
	list_init(&task->tracees);
	list_init(&task->sem_undos);
	list_init(&task->aio_contexts);
	task->dumpable = true;
	task->start_ns = uptime_ns();
}

void task_init(void)
{
	kernel_task = &kernel_task_storage;
	init_fields(kernel_task, 0);
	init_rlimits(kernel_task);
	refcount_init(&kernel_sig.refs);
	spin_init(&kernel_sig.lock, RANK_SIGNAL, "signal");
	kernel_task->sig = &kernel_sig;
	kernel_task->cred = cred_root();
	cred_get(kernel_task->cred);
	thread_init_boot(&boot_thread);
	task_cache = slab_create("task", sizeof(struct task), 64);
	PANIC_ON(!task_cache, "task: no memory at boot");
	signal_init();
}

struct task *task_alloc(s32 pid)
{
	struct task *task = slab_alloc(task_cache, 0);

	if (!task)
		return NULL;
	init_fields(task, pid);
	atomic_fetch_add(&nr_live, 1);
	return task;
}

void task_get(struct task *task)
{
	refcount_get(&task->refs);
}

void task_put(struct task *task)
{
	if (!refcount_put(&task->refs))
		return;
	sigpending_flush(task, &task->pending);
	if (task->sig)
		signal_state_put(task->sig);
	if (task->cred)
		cred_put(task->cred);
	slab_free(task_cache, task);
	atomic_fetch_sub(&nr_live, 1);
}

u32 task_live(void)
{
	return atomic_load_relaxed(&nr_live);
}

/* ---- the tree ---- */

/* First task with a number >= @pid. */
static struct task *lower_bound_locked(s32 pid)
{
	struct rb_node *node = pid_tree.root;
	struct task *best = NULL;

	while (node) {
		struct task *task = RB_ENTRY(node, struct task, pid_node);

		if (task->pid >= pid) {
			best = task;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return best;
}

struct task *task_find_locked(s32 pid)
{
	struct task *task = lower_bound_locked(pid);

	return task && task->pid == pid ? task : NULL;
}

struct task *task_find(s32 pid)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	struct task *task = task_find_locked(pid);

	if (task)
		task_get(task);
	spin_unlock_irq(&task_tree_lock, flags);
	return task;
}

struct task *task_next(s32 pid)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	struct task *task = lower_bound_locked(pid);

	if (task)
		task_get(task);
	spin_unlock_irq(&task_tree_lock, flags);
	return task;
}

static int pid_order(const struct rb_node *a, const struct rb_node *b)
{
	return RB_ENTRY(a, struct task, pid_node)->pid - RB_ENTRY(b, struct task, pid_node)->pid;
}

void task_link_locked(struct task *task, struct task *parent)
{
	assert_spin_held(&task_tree_lock);
	task->parent = parent;
	task->ppid = parent->pid;
	list_add_tail(&task->sibling, &parent->children);
	list_add_tail(&task->all_link, &task_list);
	rb_insert(&pid_tree, &task->pid_node, pid_order);
}

void task_release_locked(struct task *task)
{
	assert_spin_held(&task_tree_lock);
	atomic_store_release(&task->state, TASK_DEAD);
	waitq_wake_all(&task->exit_wait);
	list_del(&task->sibling);
	list_del(&task->all_link);
	rb_erase(&pid_tree, &task->pid_node);
	task_set_pgid_locked(task, 0);
	task_set_sid_locked(task, 0);
	pid_unuse_locked(task->pid);
}

void task_set_pgid_locked(struct task *task, s32 pgid)
{
	pid_use_locked(pgid);
	pid_unuse_locked(task->pgid);
	task->pgid = pgid;
}

void task_set_sid_locked(struct task *task, s32 sid)
{
	pid_use_locked(sid);
	pid_unuse_locked(task->sid);
	task->sid = sid;
}

bool task_pgrp_exists(s32 pgid, s32 sid)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	struct task *task;
	bool found = false;

	LIST_FOR_EACH(task, &task_list, all_link)
		if (task->pgid == pgid && (!sid || task->sid == sid)) {
			found = true;
			break;
		}
	spin_unlock_irq(&task_tree_lock, flags);
	return found;
}

/* POSIX.1-2017 §3.264: @except is about to leave and does not count. */
bool task_pgrp_orphaned_locked(s32 pgid, const struct task *except)
{
	const struct task *task;

	LIST_FOR_EACH(task, &task_list, all_link)
		if (task->pgid == pgid && task != except && task->state == TASK_ALIVE &&
		    task->parent->sid == task->sid && task->parent->pgid != pgid &&
		    !task->parent->is_reaper)
			return false;
	return true;
}

bool task_pgrp_orphaned(s32 pgid)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	bool orphaned = task_pgrp_orphaned_locked(pgid, NULL);

	spin_unlock_irq(&task_tree_lock, flags);
	return orphaned;
}

/* ---- what a task holds, for others than itself ---- */

struct cred *task_cred(struct task *task)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	struct cred *cred = task->cred;

	cred_get(cred);
	spin_unlock_irq(&task_tree_lock, flags);
	return cred;
}

struct aspace *task_aspace(struct task *task)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	struct aspace *as = task->as;

	if (as)
		aspace_get(as);
	spin_unlock_irq(&task_tree_lock, flags);
	return as;
}

struct handle_table *task_handles(struct task *task)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	struct handle_table *handles = task->handles;

	if (handles)
		handle_table_get(handles);
	spin_unlock_irq(&task_tree_lock, flags);
	return handles;
}

struct fs_context *task_fs(struct task *task)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	struct fs_context *fs = task->fs;

	if (fs)
		fs_hook_context_get(fs);
	spin_unlock_irq(&task_tree_lock, flags);
	return fs;
}

struct file *task_exe(struct task *task)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	struct file *exe = task->exe;

	if (exe)
		fs_hook_file_get(exe);
	spin_unlock_irq(&task_tree_lock, flags);
	return exe;
}

/* ---- usage ---- */

void task_usage_add_thread(struct task_usage *usage, struct thread *thread)
{
	ns_t user, system;

	sched_thread_split(thread, &user, &system);
	usage->user_ns += user;
	usage->system_ns += system;
	usage->minor_faults += thread->minor_faults;
	usage->major_faults += thread->major_faults;
	usage->switches_voluntary += thread->sched.switches_voluntary;
	usage->switches_involuntary += thread->sched.switches_involuntary;
}

void task_usage_add(struct task_usage *sum, const struct task_usage *usage)
{
	sum->user_ns += usage->user_ns;
	sum->system_ns += usage->system_ns;
	sum->minor_faults += usage->minor_faults;
	sum->major_faults += usage->major_faults;
	sum->switches_voluntary += usage->switches_voluntary;
	sum->switches_involuntary += usage->switches_involuntary;
	sum->max_rss_kib = MAX(sum->max_rss_kib, usage->max_rss_kib);
}

void task_usage_now_locked(struct task *task, struct task_usage *out)
{
	struct thread *thread;

	*out = task->usage;
	LIST_FOR_EACH(thread, &task->threads, task_link)
		task_usage_add_thread(out, thread);
	if (task->as)
		out->max_rss_kib = MAX(out->max_rss_kib,
				       atomic_load_relaxed(&task->as->resident) * PAGE_SIZE / 1024);
}

void task_usage_thread(struct thread *thread, struct task_usage *out)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);

	*out = (struct task_usage){ 0 };
	task_usage_add_thread(out, thread);
	spin_unlock_irq(&task_tree_lock, flags);
}

void task_usage_now(struct task *task, struct task_usage *out)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);

	task_usage_now_locked(task, out);
	spin_unlock_irq(&task_tree_lock, flags);
}

u64 task_rlimit(u32 resource)
{
	return atomic_load_relaxed(&current_task()->rlimits[resource].rlim_cur);
}
