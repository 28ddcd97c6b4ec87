/* SPDX-License-Identifier: MIT */
/*
 * What the three kinds of System V objects share: numbers, keys, permissions.
 * A table has one mutex, which all of its objects are worked on under.
 */
#pragma once

#include <kernel/abi/linux_ipc.h>
#include <kernel/core/mutex.h>
#include <kernel/core/refcount.h>
#include <kernel/lib/types.h>

#define SYSV_SLOTS 4096u /* objects of a kind at a time; SHMMNI's default */

/* Lock key: t the table's lock, i immutable. */
struct sysv_object {
	struct refcount refs;   /* the table's, and of who sleeps on it */
	s32 id;                 /* [i] slot | seq << 15, as Linux makes it */
	bool removed;           /* [t] not in the table any more */
	s32 key;                /* [t] */
	u32 uid, gid, cuid, cgid; /* [t] */
	u32 mode;               /* [t] */
	s64 ctime;              /* [t] */
};

struct sysv_table {
	struct mutex lock;             /* RANK_SYSV */
	struct sysv_object **slots;    /* [lock] SYSV_SLOTS of them; NULL: none was ever made */
	u32 used;                      /* [lock] */
	u16 seq;                       /* [lock] of the next object */
	void (*free)(struct sysv_object *obj); /* [i] the last reference is gone */
};

/* What xxxget(2) asks for. */
struct sysv_get {
	s32 key;
	int flags;
	/** create - a new object, its own part filled. Lock held. */
	int (*create)(void *arg, struct sysv_object **out);
	/** check - does an existing one do? 0, or -EINVAL: it is too small */
	int (*check)(const struct sysv_object *obj, void *arg);
	void *arg;
};

/** sysv_get - shmget, semget, msgget. Return: id; -ENOENT, -EEXIST, -EACCES, -ENOSPC, ... */
__must_check int sysv_get(struct sysv_table *table, const struct sysv_get *get);

/** sysv_lock_object - lock @table and find @id. Return: 0; -EINVAL there is none (and
 * the table is not locked) */
__must_check int sysv_lock_object(struct sysv_table *table, s32 id, struct sysv_object **out);
static inline void sysv_unlock(struct sysv_table *table)
{
	mutex_unlock(&table->lock);
}
void sysv_put(struct sysv_table *table, struct sysv_object *obj);

/** sysv_permission - @want: 0444 and 0222 bits. Return: 0; -EACCES. Lock held. */
__must_check int sysv_permission(const struct sysv_object *obj, u32 want);
/** sysv_check_owner - for IPC_SET and IPC_RMID: -EPERM */
__must_check int sysv_check_owner(const struct sysv_object *obj);

/** sysv_remove - take it out of the table, whose reference is dropped. Lock held. */
void sysv_remove(struct sysv_table *table, struct sysv_object *obj);

void sysv_get_perm(const struct sysv_object *obj, struct linux_ipc_perm *out);
void sysv_set_perm(struct sysv_object *obj, const struct linux_ipc_perm *perm);

/** sysv_by_slot - lock @table and find the object in slot @index (xxx_STAT).
 * Return: 0; -EINVAL, not locked. sysv_max_slot - the highest used one. */
__must_check int sysv_by_slot(struct sysv_table *table, s32 index, struct sysv_object **out);
int sysv_max_slot(struct sysv_table *table);

extern struct sysv_table sem_table, msg_table, shm_table;
