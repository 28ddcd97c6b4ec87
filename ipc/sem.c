/* SPDX-License-Identifier: MIT */
/*
 * System V semaphores. All operations of a call are tried on a set under the table's
 * lock, and taken back when one has to wait; who waits does so for any change of the
 * set and tries again. What is to be undone when a process ends stands in records of
 * its own, one for each pair of process and set.
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
	waitq_init(&set->wait, "sem");
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

void sem_changed(struct sem_set *set)
{
	assert_mutex_held(&sem_table.lock);
	atomic_fetch_add(&set->changes, 1u);
	waitq_wake_all(&set->wait);
}

static void drop_undo(struct sem_undo *undo)
{
	list_del(&undo->set_link);
	list_del(&undo->task_link);
	kfree(undo);
}

void sem_remove(struct sem_set *set)
{
	while (!list_empty(&set->undos))
		drop_undo(LIST_FIRST_ENTRY(&set->undos, struct sem_undo, set_link));
	sem_changed(set);
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
static int try_all(struct sem_set *set, struct sem_undo *undo, const struct linux_sembuf *ops,
		   u32 nr, u32 *failed)
{
	bool changed = false;

	for (u32 i = 0; i < nr; i++) {
		int err = apply(&set->sem[ops[i].sem_num], ops[i].sem_op);

		if (!err) {
			err = note_undo(undo, &ops[i]);
			if (err)
				set->sem[ops[i].sem_num].value -= (u16)ops[i].sem_op;
		}
		if (err) {
			take_back(set, undo, ops, i);
			*failed = i;
			return err;
		}
		changed |= ops[i].sem_op != 0;
	}
	for (u32 i = 0; i < nr; i++)
		set->sem[ops[i].sem_num].pid = current_task()->pid;
	set->otime = (s64)unix_timestamp();
	if (changed)
		sem_changed(set);
	return 0;
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

/*
 * Sleeps until the set changes; the lock is held before and after.
 * Return: 0 look again; -EIDRM; -EINTR; -EAGAIN time-out.
 */
static int wait_for_change(struct sem_set *set, const struct linux_sembuf *op, ns_t deadline_ns)
{
	struct sem *sem = &set->sem[op->sem_num];
	u16 *count = op->sem_op ? &sem->nr_more : &sem->nr_zero;
	u32 seen = atomic_load_relaxed(&set->changes);
	int err;

	++*count;
	refcount_get(&set->sysv.refs);
	mutex_unlock(&sem_table.lock);
	err = WAITQ_WAIT(&set->wait, atomic_load_acquire(&set->changes) != seen, true,
			 deadline_ns);
	mutex_lock(&sem_table.lock);
	--*count;
	if (set->sysv.removed)
		err = -EIDRM;
	else if (err)
		err = err == -ETIMEDOUT ? -EAGAIN : -EINTR;
	sysv_put(&sem_table, &set->sysv);
	return err;
}

long sem_operate(s32 id, const struct linux_sembuf *ops, u32 nr, ns_t deadline_ns)
{
	struct sem_undo *undo = NULL;
	struct sysv_object *obj;
	struct sem_set *set;
	bool wants_undo;
	u32 failed;
	int err = sysv_lock_object(&sem_table, id, &obj);

	if (err)
		return err;
	set = sem_set_of(obj);
	err = check_ops(set, ops, nr, &wants_undo);
	while (!err) {
		/* Looked up each time: SETALL and the like do not drop it, exit does. */
		if (wants_undo && !(undo = get_undo(set))) {
			err = -ENOMEM;
			break;
		}
		err = try_all(set, undo, ops, nr, &failed);
		if (err != -EAGAIN || (ops[failed].sem_flg & IPC_NOWAIT))
			break;
		err = wait_for_change(set, &ops[failed], deadline_ns);
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
