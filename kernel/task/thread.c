/* SPDX-License-Identifier: MIT */
/*
 * Threads: making, finding, ending their memory. References: one of the thread
 * itself, which thread_reap() drops once it has been switched away from for the
 * last time, and those of look-ups. The stack goes with the last switch, the
 * structure with the last reference. A thread holds a reference on its task.
 */
#include <kernel/task/thread.h>

#include <kernel/abi/errno.h>
#include <kernel/core/panic.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <mm/kva.h>
#include <mm/slab.h>
#include <security/seccomp.h>

static struct slab_cache *thread_cache;
static struct rb_tree tid_tree; /* [TASK_TREE] linked threads by tid */
static u32 nr_live;             /* atomic */

static void init_fields(struct thread *thread, struct task *task)
{
	memset(thread, 0, sizeof(*thread));
	refcount_init(&thread->refs);
	thread->task = task;
	thread->state = THREAD_NEW;
	list_init(&thread->task_link);
	sched_init_entity(&thread->sched);
	sigpending_init(&thread->pending);
	timer_init(&thread->block_timer, sched_block_timeout);
	thread->altstack_flags = SS_DISABLE;
}

void thread_init_boot(struct thread *thread)
{
	init_fields(thread, kernel_task);
	str_copy(thread->comm, "idle", sizeof(thread->comm));
	thread->arch.fpu_cpu = NR_CPUS;
	thread->kstack = this_cpu()->kstack_top - KSTACK_SIZE;
	thread->cpu = this_cpu()->id;
	thread->state = THREAD_RUNNING;
	this_cpu()->thread = thread;
}

int thread_alloc(struct task *task, s32 tid, struct thread **out)
{
	struct thread *thread;

	if (!thread_cache) {
		/* Only the boot CPU runs before the first thread exists. */
		thread_cache = slab_create("thread", sizeof(struct thread), 64);
		if (!thread_cache)
			return -ENOMEM;
	}
	thread = slab_alloc(thread_cache, 0);
	if (!thread)
		return -ENOMEM;
	init_fields(thread, task);
	thread->tid = tid;
	thread->kstack = kstack_alloc(this_cpu()->node);
	if (!thread->kstack) {
		slab_free(thread_cache, thread);
		return -ENOMEM;
	}
	task_get(task);
	atomic_fetch_add(&nr_live, 1);
	*out = thread;
	return 0;
}

void thread_get(struct thread *thread)
{
	refcount_get(&thread->refs);
}

void thread_put(struct thread *thread)
{
	struct task *task = thread->task;

	if (!refcount_put(&thread->refs))
		return;
	seccomp_filter_put(thread->seccomp);
	slab_free(thread_cache, thread);
	atomic_fetch_sub(&nr_live, 1);
	task_put(task);
}

void thread_free_new(struct thread *thread)
{
	context_fini(thread);
	kstack_free(thread->kstack);
	thread_put(thread);
}

void thread_reap(struct thread *thread)
{
	thread_free_new(thread);
}

static struct rb_node **find_link(s32 tid, struct rb_node **parent)
{
	struct rb_node **link = &tid_tree.root;

	*parent = NULL;
	while (*link) {
		const struct thread *t = RB_ENTRY(*link, struct thread, tid_node);

		if (t->tid == tid)
			return link;
		*parent = *link;
		link = tid < t->tid ? &(*parent)->left : &(*parent)->right;
	}
	return link;
}

static void tid_insert_locked(struct thread *thread)
{
	struct rb_node *parent, **link = find_link(thread->tid, &parent);

	ASSERT(!*link);
	rb_link(&thread->tid_node, parent, link);
	rb_insert_fixup(&tid_tree, &thread->tid_node);
}

void thread_link_locked(struct thread *thread)
{
	struct task *task = thread->task;

	assert_spin_held(&task_tree_lock);
	tid_insert_locked(thread);
	list_add_tail(&thread->task_link, &task->threads);
	task->nr_threads++;
}

void thread_unlink_locked(struct thread *thread)
{
	struct task *task = thread->task;

	assert_spin_held(&task_tree_lock);
	rb_erase(&tid_tree, &thread->tid_node);
	list_del(&thread->task_link);
	task->nr_threads--;
}

void thread_rename_locked(struct thread *thread, s32 tid)
{
	assert_spin_held(&task_tree_lock);
	rb_erase(&tid_tree, &thread->tid_node);
	thread->tid = tid;
	tid_insert_locked(thread);
}

struct thread *thread_find(s32 tid)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	struct rb_node *parent, *node = *find_link(tid, &parent);
	struct thread *thread = RB_ENTRY_OR_NULL(node, struct thread, tid_node);

	if (thread)
		thread_get(thread);
	spin_unlock_irq(&task_tree_lock, flags);
	return thread;
}

static void kernel_thread_main(void *arg)
{
	struct thread *thread = arg;

	thread->kernel_fn(thread->kernel_arg);
	thread_exit(0);
}

struct thread *thread_create_kernel(const char *name, void (*fn)(void *arg), void *arg)
{
	struct signal_state *sig;
	struct thread *thread;
	irqflags_t flags, sigflags;
	int tid = pid_alloc();

	if (tid < 0)
		return NULL;
	if (thread_alloc(kernel_task, tid, &thread)) {
		pid_unuse(tid);
		return NULL;
	}
	str_copy(thread->comm, name, sizeof(thread->comm));
	thread->kernel_fn = fn;
	thread->kernel_arg = arg;
	thread->blocked = ~0ull;
	context_init_kernel(thread, kernel_thread_main, thread);
	flags = spin_lock_irq(&task_tree_lock);
	sig = signal_lock(kernel_task, &sigflags);
	thread_link_locked(thread);
	signal_unlock(sig, sigflags);
	spin_unlock_irq(&task_tree_lock, flags);
	sched_start(thread);
	return thread;
}

u32 thread_live(void)
{
	return atomic_load_relaxed(&nr_live);
}
