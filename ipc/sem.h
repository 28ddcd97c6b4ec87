/* SPDX-License-Identifier: MIT */
/* System V semaphores. Man semop(2), semctl(2). */
#pragma once

#include <ipc/sysv.h>
#include <kernel/core/waitq.h>

struct task;

struct sem {
	u16 value;     /* [t] as all of it: sem_table.lock */
	s32 pid;       /* of the last change */
};

struct sem_set {
	struct sysv_object sysv; /* first */
	struct list_head undos;  /* [t] struct sem_undo */
	struct list_head waiters; /* [t] struct sem_waiter, oldest first */
	s64 otime;               /* [t] */
	u32 nr;                  /* [i] */
	struct sem sem[];
};

static inline struct sem_set *sem_set_of(struct sysv_object *obj)
{
	return container_of(obj, struct sem_set, sysv);
}

__must_check int sem_get(s32 key, int nr, int flags);
/** sem_operate - semtimedop(2), @ops copied and counted. @deadline_ns: or NS_FOREVER */
__must_check long sem_operate(s32 id, const struct linux_sembuf *ops, u32 nr, ns_t deadline_ns);
/** sem_set_value, sem_set_all - SETVAL, SETALL: undo values of the semaphores go. Lock held */
void sem_set_value(struct sem_set *set, u32 index, u16 value);
/** sem_remove - IPC_RMID. Lock held. */
void sem_remove(struct sem_set *set);
/** sem_changed - let those go on that can now, in their order. Lock held. */
void sem_changed(struct sem_set *set);

/** sem_count_waiters - that wait for semaphore @index to grow, or (@zero) to be 0 */
u32 sem_count_waiters(const struct sem_set *set, u32 index, bool zero);

/** sem_exit - take back what @task, which ends, has done with SEM_UNDO */
void sem_exit(struct task *task);
