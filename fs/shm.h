/* SPDX-License-Identifier: MIT */
/* System V shared memory. Man shmget(2), shmop(2), shmctl(2). */
#pragma once

#include <ipc/sysv.h>

struct file;
struct vmobject;

/* Lock key: i immutable, t shm_table.lock. */
struct shm {
	struct sysv_object sysv;  /* first */
	struct file *file;        /* [i] what mappings are references of; counted until RMID */
	struct vmobject *object;  /* [i] referenced */
	u64 size;                 /* [i] bytes as asked for */
	s64 atime, dtime;         /* [t] */
	s32 cpid, lpid;           /* [t] */
};

static inline struct shm *shm_of(struct sysv_object *obj)
{
	return container_of(obj, struct shm, sysv);
}

__must_check int shm_get(s32 key, u64 size, int flags);
/** shm_attach - Return: the address; -EINVAL, -EACCES, -ENOMEM */
__must_check long shm_attach(s32 id, u64 addr, int flags);
/** shm_detach - Return: 0; -EINVAL nothing is attached there */
__must_check int shm_detach(u64 addr);
/** shm_remove - IPC_RMID: goes with its last mapping. Lock held, released. */
void shm_remove(struct shm *shm);
/** shm_attached - how many mappings there are. Lock held. */
u64 shm_attached(const struct shm *shm);
