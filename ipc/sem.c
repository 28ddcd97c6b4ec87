/* SPDX-License-Identifier: MIT */
/*
 * System V semaphores. All operations of a call are tried on a set under the table's
 * lock, and taken back when one has to wait. Who changes the set does the operations of
 * those that wait, in their order, as far as they can be done now: so nobody who comes
 * later takes away what a waiter was given. What is to be undone when a process ends
 * stands in records of its own, one for each pair of process and set.
 */
#include <ipc/sem.h>

#include <kernel/abi/errno.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>
#include <mm/kmalloc.h>

/* All under sem_table.lock. */
struct sem_undo {
	struct list_head set_link;  /* set->undos */
	struct list_head task_link; /* task->sem_undos */
	struct sem_set *set;
	s32 pid;
	s16 adjust[];               /* one for each semaphore */
};

/* A call that waits; on its stack. It is over when status is not 1 any more: then the set
 * may be gone. */
struct sem_waiter {
	struct list_head link;         /* set->waiters */
	struct thread *thread;
	s32 pid;
	const struct linux_sembuf *ops;
	u32 nr, failed;                /* the operation that is in the way */
	struct sem_undo *undo;
	int status;                    /* [a] written under the lock; 1: waits */
};

static void sem_free(struct sysv_object *obj)
{
	kfree(sem_set_of(obj));
}

struct sysv_table sem_table = {
	.lock = MUTEX_INIT(sem_table.lock, RANK_SYSV, "sysv_sem"), .free = sem_free,
};

/* ---- sets ---- */

static int create_set(void *arg, struct sysv_object **out)
{
	int nr = *(int *)arg;
	struct sem_set *set;

	if (nr <= 0)
		return -EINVAL;
	set = kzalloc(sizeof(*set) + (size_t)nr * sizeof(set->sem[0]), 0);
	if (!set)
		return -ENOMEM;
	list_init(&set->undos);
	list_init(&set->waiters);
	set->nr = (u32)nr;
	*out = &set->sysv;
	return 0;
}

static int check_set(const struct sysv_object *obj, void *arg)
{
	return *(int *)arg > (int)container_of(obj, struct sem_set, sysv)->nr ? -EINVAL : 0;
}

int sem_get(s32 key, int nr, int flags)
{
	const struct sysv_get get = { key, flags, create_set, check_set, &nr };

	return nr < 0 || nr > SEMMSL ? -EINVAL : sysv_get(&sem_table, &get);
}

static void drop_undo(struct sem_undo *undo)
{
	list_del(&undo->set_link);
	list_del(&undo->task_link);
	kfree(undo);
}

static void end_wait(struct sem_waiter *w, int status)
{
	list_del(&w->link);
	/* The waiter takes the lock before it goes: *w is there until we are done. */
	atomic_store_release(&w->status, status);
	(void)sched_wake_sleeper(w->thread);
}

void sem_remove(struct sem_set *set)
{
	while (!list_empty(&set->undos))
		drop_undo(LIST_FIRST_ENTRY(&set->undos, struct sem_undo, set_link));
	while (!list_empty(&set->waiters))
		end_wait(LIST_FIRST_ENTRY(&set->waiters, struct sem_waiter, link), -EIDRM);
	sysv_remove(&sem_table, &set->sysv);
}

void sem_set_value(struct sem_set *set, u32 index, u16 value)
{
	struct sem_undo *undo;

	set->sem[index].value = value;
	set->sem[index].pid = current_task()->pid;
	LIST_FOR_EACH(undo, &set->undos, set_link)
		undo->adjust[index] = 0;
}

/* ---- operations ---- */

/* The record of current's process for @set, made if it is missing; NULL: no memory. */
static struct sem_undo *get_undo(struct sem_set *set)
{
	struct task *task = current_task();
	struct sem_undo *undo;

	LIST_FOR_EACH(undo, &set->undos, set_link)
		if (undo->pid == task->pid)
			return undo;
	undo = kzalloc(sizeof(*undo) + set->nr * sizeof(undo->adjust[0]), 0);
	if (!undo)
		return NULL;
	undo->set = set;
	undo->pid = task->pid;
	list_add_tail(&undo->set_link, &set->undos);
	list_add_tail(&undo->task_link, &task->sem_undos);
	return undo;
}

/* One operation. Return: 0; -EAGAIN it would wait; -ERANGE. */
static int apply(struct sem *sem, s16 op)
{
	s32 value = sem->value + op;

	if (!op)
		return sem->value ? -EAGAIN : 0;
	if (value < 0)
		return -EAGAIN;
	if (value > SEMVMX)
		return -ERANGE;
	sem->value = (u16)value;
	return 0;
}

/* An undo value that would not fit is an error (semop(2)). */
static int note_undo(struct sem_undo *undo, const struct linux_sembuf *op)
{
	s32 adjust;

	if (!(op->sem_flg & SEM_UNDO))
		return 0;
	adjust = undo->adjust[op->sem_num] - op->sem_op;
	if (adjust < -SEMVMX - 1 || adjust > SEMVMX)
		return -ERANGE;
	undo->adjust[op->sem_num] = (s16)adjust;
	return 0;
}

static void take_back(struct sem_set *set, struct sem_undo *undo, const struct linux_sembuf *ops,
		      u32 n)
{
	while (n--) {
		struct sem *sem = &set->sem[ops[n].sem_num];

		sem->value = (u16)(sem->value - ops[n].sem_op);
		if (ops[n].sem_flg & SEM_UNDO)
			undo->adjust[ops[n].sem_num] += ops[n].sem_op;
	}
}

/* All of @ops or none. @failed: the one that was in the way. */
static int try_all(struct sem_set *set, struct sem_waiter *w, bool *changed)
{
	const struct linux_sembuf *ops = w->ops;
	u32 nr = w->nr;

	for (u32 i = 0; i < nr; i++) {
		int err = apply(&set->sem[ops[i].sem_num], ops[i].sem_op);

		if (!err) {
			err = note_undo(w->undo, &ops[i]);
			if (err)
				set->sem[ops[i].sem_num].value -= (u16)ops[i].sem_op;
		}
		if (err) {
			take_back(set, w->undo, ops, i);
			w->failed = i;
			return err;
		}
		*changed |= ops[i].sem_op != 0;
	}
	for (u32 i = 0; i < nr; i++)
		set->sem[ops[i].sem_num].pid = w->pid;
	set->otime = (s64)unix_timestamp();
	return 0;
}

/* One pass over the waiters. Return: one of them has changed values: look again. */
static bool serve_waiters(struct sem_set *set)
{
	struct sem_waiter *w, *next;
	bool changed = false;

	LIST_FOR_EACH_SAFE(w, next, &set->waiters, link) {
		int err = try_all(set, w, &changed);

		if (err != -EAGAIN)
			end_wait(w, err);
		if (changed)
			return true;
	}
	return false;
}

void sem_changed(struct sem_set *set)
{
	assert_mutex_held(&sem_table.lock);
	while (serve_waiters(set))
		;
}

u32 sem_count_waiters(const struct sem_set *set, u32 index, bool zero)
{
	const struct sem_waiter *w;
	u32 n = 0;

	LIST_FOR_EACH(w, &set->waiters, link) {
		const struct linux_sembuf *op = &w->ops[w->failed];

		n += op->sem_num == index && !op->sem_op == zero;
	}
	return n;
}

/* Checks of the call against the set. */
static int check_ops(struct sem_set *set, const struct linux_sembuf *ops, u32 nr, bool *undo)
{
	u32 want = 0;

	*undo = false;
	for (u32 i = 0; i < nr; i++) {
		if (ops[i].sem_num >= set->nr)
			return -EFBIG;
		want |= ops[i].sem_op ? 0222 : 0444;
		*undo |= (ops[i].sem_flg & SEM_UNDO) != 0;
	}
	return sysv_permission(&set->sysv, want);
}

/* Sleeps until somebody has done the operations; the lock is held before and after, but
 * the set may be gone then. Return: 0; -EIDRM; -EINTR; -EAGAIN time-out; -ERANGE. */
static int wait_served(struct sem_set *set, struct sem_waiter *w, ns_t deadline_ns)
{
	int err = 0;

	w->status = 1;
	list_add_tail(&w->link, &set->waiters);
	mutex_unlock(&sem_table.lock);
	while (!err && atomic_load_acquire(&w->status) == 1) {
		sched_mark_asleep(true);
		if (atomic_load_acquire(&w->status) == 1)
			err = sched_block(deadline_ns);
		sched_mark_awake();
	}
	mutex_lock(&sem_table.lock);
	if (w->status != 1)
		return w->status;
	list_del(&w->link);
	return err == -ETIMEDOUT ? -EAGAIN : -EINTR;
}

long sem_operate(s32 id, const struct linux_sembuf *ops, u32 nr, ns_t deadline_ns)
{
	struct sem_waiter w = { .thread = current, .pid = current_task()->pid, .ops = ops,
				.nr = nr };
	bool wants_undo, changed = false;
	struct sysv_object *obj;
	struct sem_set *set;
	int err = sysv_lock_object(&sem_table, id, &obj);

	if (err)
		return err;
	set = sem_set_of(obj);
	err = check_ops(set, ops, nr, &wants_undo);
	if (!err && wants_undo && !(w.undo = get_undo(set)))
		err = -ENOMEM;
	if (!err) {
		err = try_all(set, &w, &changed);
		if (changed && !err)
			sem_changed(set);
		if (err == -EAGAIN && !(ops[w.failed].sem_flg & IPC_NOWAIT))
			err = wait_served(set, &w, deadline_ns);
	}
	mutex_unlock(&sem_table.lock);
	return err;
}

/* ---- the end of a process ---- */

static void apply_undo(struct sem_undo *undo)
{
	struct sem_set *set = undo->set;

	for (u32 i = 0; i < set->nr; i++) {
		s32 value = set->sem[i].value + undo->adjust[i];

		if (!undo->adjust[i])
			continue;
		/* As Linux: within the range, without waiting. */
		set->sem[i].value = (u16)MAX(MIN(value, SEMVMX), 0);
		set->sem[i].pid = current_task()->pid;
	}
	set->otime = (s64)unix_timestamp();
	sem_changed(set);
}

void sem_exit(struct task *task)
{
	if (list_empty(&task->sem_undos))
		return;
	mutex_lock(&sem_table.lock);
	while (!list_empty(&task->sem_undos)) {
		struct sem_undo *undo =
			LIST_FIRST_ENTRY(&task->sem_undos, struct sem_undo, task_link);

		apply_undo(undo);
		drop_undo(undo);
	}
	mutex_unlock(&sem_table.lock);
}
