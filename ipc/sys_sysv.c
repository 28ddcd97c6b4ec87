/* SPDX-License-Identifier: MIT */
/*
 * System V calls: decode, then ipc/sem.c, ipc/msg.c, fs/shm.c. User memory is never
 * touched under a table's lock.
 */
#include <kernel/syscall_protos.h>

#include <arch/mmu.h>
#include <arch/uaccess.h>
#include <fs/shm.h>
#include <ipc/msg.h>
#include <ipc/sem.h>
#include <kernel/abi/errno.h>
#include <kernel/lib/string.h>
#include <kernel/sys_util.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>
#include <mm/object.h>
#include <security/cred.h>

static void __user *user(u64 addr)
{
	return (void __user *)(uintptr_t)addr;
}

/* The object that a command is about: by id, or by slot (xxx_STAT). Locks @table. */
static int find(struct sysv_table *table, s32 id, bool by_slot, u32 want,
		struct sysv_object **out)
{
	int err = by_slot ? sysv_by_slot(table, id, out) : sysv_lock_object(table, id, out);

	if (err)
		return err;
	err = want ? sysv_permission(*out, want) : 0;
	if (err)
		sysv_unlock(table);
	return err;
}

/* For IPC_SET and IPC_RMID. */
static int find_own(struct sysv_table *table, s32 id, struct sysv_object **out)
{
	int err = sysv_lock_object(table, id, out);

	if (err)
		return err;
	err = sysv_check_owner(*out);
	if (err)
		sysv_unlock(table);
	return err;
}

/* ---- shared memory ---- */

long sys_shmget(int key, size_t size, int flags)
{
	if (flags & SHM_HUGETLB) /* none are set aside */
		return -ENOMEM;
	return shm_get(key, size, flags);
}

long sys_shmat(int id, vaddr_t addr, int flags)
{
	return shm_attach(id, addr, flags);
}

long sys_shmdt(vaddr_t addr)
{
	return shm_detach(addr);
}

static long shm_stat(s32 id, int cmd, u64 buf)
{
	struct linux_shmid ds = { .segsz = 0 };
	struct sysv_object *obj;
	struct shm *shm;
	int err = find(&shm_table, id, cmd != IPC_STAT, cmd == SHM_STAT_ANY ? 0 : 0444, &obj);

	if (err)
		return err;
	shm = shm_of(obj);
	sysv_get_perm(obj, &ds.perm);
	ds.segsz = shm->size;
	ds.atime = shm->atime;
	ds.dtime = shm->dtime;
	ds.ctime = obj->ctime;
	ds.cpid = shm->cpid;
	ds.lpid = shm->lpid;
	ds.nattch = shm_attached(shm);
	id = obj->id;
	sysv_unlock(&shm_table);
	if (copy_to_user(user(buf), &ds, sizeof(ds)))
		return -EFAULT;
	return cmd == IPC_STAT ? 0 : id;
}

static long shm_limits(u64 buf)
{
	const struct linux_shminfo info = {
		.shmmax = USER_END, .shmmin = 1, .shmmni = SYSV_SLOTS, .shmseg = SYSV_SLOTS,
		.shmall = USER_END / PAGE_SIZE,
	};

	if (copy_to_user(user(buf), &info, sizeof(info)))
		return -EFAULT;
	return sysv_max_slot(&shm_table);
}

static long shm_usage(u64 buf)
{
	struct linux_shm_info info = { .used_ids = 0 };
	int max = sysv_max_slot(&shm_table);
	struct sysv_object *obj;

	for (int i = 0; i <= max; i++) {
		if (sysv_by_slot(&shm_table, i, &obj))
			continue;
		info.used_ids++;
		info.tot += ALIGN_UP(shm_of(obj)->size, PAGE_SIZE) / PAGE_SIZE;
		info.rss += atomic_load_relaxed(&shm_of(obj)->object->nr_pages);
		sysv_unlock(&shm_table);
	}
	return copy_to_user(user(buf), &info, sizeof(info)) ? -EFAULT : max;
}

static long shm_set(s32 id, u64 buf)
{
	struct linux_shmid ds;
	struct sysv_object *obj;
	int err;

	if (copy_from_user(&ds, user(buf), sizeof(ds)))
		return -EFAULT;
	err = find_own(&shm_table, id, &obj);
	if (err)
		return err;
	sysv_set_perm(obj, &ds.perm);
	sysv_unlock(&shm_table);
	return 0;
}

/* Nothing is ever written out: what is locked is only told (shmctl(2), SHM_LOCK). */
static long shm_lock(s32 id, bool on)
{
	struct sysv_object *obj;
	int err = sysv_lock_object(&shm_table, id, &obj);

	if (err)
		return err;
	if (!capable(CAP_IPC_LOCK) && (sysv_check_owner(obj) || !task_rlimit(RLIMIT_MEMLOCK)))
		err = -EPERM;
	else if (on)
		obj->mode |= SHM_LOCKED;
	else
		obj->mode &= ~(u32)SHM_LOCKED;
	sysv_unlock(&shm_table);
	return err;
}

long sys_shmctl(int id, int cmd, vaddr_t buf)
{
	struct sysv_object *obj;
	int err;

	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return shm_stat(id, cmd, buf);
	case IPC_INFO:
		return shm_limits(buf);
	case SHM_INFO:
		return shm_usage(buf);
	case IPC_SET:
		return shm_set(id, buf);
	case IPC_RMID:
		err = find_own(&shm_table, id, &obj);
		if (!err)
			shm_remove(shm_of(obj)); /* unlocks */
		return err;
	case SHM_LOCK:
	case SHM_UNLOCK:
		return shm_lock(id, cmd == SHM_LOCK);
	}
	return -EINVAL;
}

/* ---- semaphores ---- */

long sys_semget(int key, int nr, int flags)
{
	return sem_get(key, nr, flags);
}

long sys_semtimedop(int id, const struct linux_sembuf __user *uops, unsigned int nr,
		    const struct linux_timespec __user *timeout)
{
	struct linux_sembuf few[8], *ops = few;
	ns_t deadline_ns = NS_FOREVER;
	long ret;

	if (timeout) {
		ret = timespec_copy_ns(timeout, &deadline_ns);
		if (ret)
			return ret;
		deadline_ns = deadline_after(deadline_ns);
	}
	if (!nr || id < 0)
		return -EINVAL;
	if (nr > SEMOPM)
		return -E2BIG;
	if (nr > ARRAY_SIZE(few))
		ops = kmalloc(nr * sizeof(*ops), 0);
	if (!ops)
		return -ENOMEM;
	ret = copy_from_user(ops, uops, nr * sizeof(*ops));
	if (!ret)
		ret = sem_operate(id, ops, nr, deadline_ns);
	if (ops != few)
		kfree(ops);
	return ret;
}

static long sem_stat(s32 id, int cmd, u64 buf)
{
	struct linux_semid ds = { .otime = 0 };
	struct sysv_object *obj;
	int err = find(&sem_table, id, cmd != IPC_STAT, cmd == SEM_STAT_ANY ? 0 : 0444, &obj);

	if (err)
		return err;
	sysv_get_perm(obj, &ds.perm);
	ds.otime = sem_set_of(obj)->otime;
	ds.ctime = obj->ctime;
	ds.nsems = sem_set_of(obj)->nr;
	id = obj->id;
	sysv_unlock(&sem_table);
	if (copy_to_user(user(buf), &ds, sizeof(ds)))
		return -EFAULT;
	return cmd == IPC_STAT ? 0 : id;
}

/* SEM_INFO tells of use where IPC_INFO tells of limits: sets in semusz, all in semaem. */
static long sem_info(int cmd, u64 buf)
{
	struct linux_seminfo info = {
		.semmap = 1024000000, .semmni = SYSV_SLOTS, .semmns = 1024000000,
		.semmnu = 1024000000, .semmsl = SEMMSL, .semopm = SEMOPM, .semume = SEMOPM,
		.semusz = 20, .semvmx = SEMVMX, .semaem = SEMVMX,
	};
	int max = sysv_max_slot(&sem_table);
	struct sysv_object *obj;

	if (cmd == SEM_INFO) {
		info.semusz = info.semaem = 0;
		for (int i = 0; i <= max; i++) {
			if (sysv_by_slot(&sem_table, i, &obj))
				continue;
			info.semusz++;
			info.semaem += (s32)sem_set_of(obj)->nr;
			sysv_unlock(&sem_table);
		}
	}
	return copy_to_user(user(buf), &info, sizeof(info)) ? -EFAULT : max;
}

static long sem_set(s32 id, u64 buf)
{
	struct linux_semid ds;
	struct sysv_object *obj;
	int err;

	if (copy_from_user(&ds, user(buf), sizeof(ds)))
		return -EFAULT;
	err = find_own(&sem_table, id, &obj);
	if (err)
		return err;
	sysv_set_perm(obj, &ds.perm);
	sysv_unlock(&sem_table);
	return 0;
}

static long sem_one(s32 id, int num, int cmd, u64 arg)
{
	struct sysv_object *obj;
	struct sem_set *set;
	struct sem *sem;
	long ret = find(&sem_table, id, false, cmd == SETVAL ? 0222 : 0444, &obj);

	if (ret)
		return ret;
	set = sem_set_of(obj);
	if (num < 0 || (u32)num >= set->nr) {
		sysv_unlock(&sem_table);
		return -EINVAL;
	}
	sem = &set->sem[num];
	switch (cmd) {
	case GETVAL:
		ret = sem->value;
		break;
	case GETPID:
		ret = sem->pid;
		break;
	case GETNCNT:
		ret = sem_count_waiters(set, (u32)num, false);
		break;
	case GETZCNT:
		ret = sem_count_waiters(set, (u32)num, true);
		break;
	case SETVAL:
		if ((s32)arg < 0 || (s32)arg > SEMVMX) {
			ret = -ERANGE;
			break;
		}
		sem_set_value(set, (u32)num, (u16)arg);
		obj->ctime = (s64)unix_timestamp();
		sem_changed(set);
		break;
	}
	sysv_unlock(&sem_table);
	return ret;
}

/* How many values GETALL and SETALL move: asked first, to make room without the lock. */
static int count_sems(s32 id, u32 want, u32 *nr)
{
	struct sysv_object *obj;
	int err = find(&sem_table, id, false, want, &obj);

	if (!err) {
		*nr = sem_set_of(obj)->nr;
		sysv_unlock(&sem_table);
	}
	return err;
}

static int move_all(s32 id, u16 *values, bool set_them)
{
	struct sysv_object *obj;
	struct sem_set *set;
	int err = find(&sem_table, id, false, set_them ? 0222 : 0444, &obj);

	if (err)
		return err;
	set = sem_set_of(obj); /* of the same size: the number is the same set's */
	for (u32 i = 0; i < set->nr; i++) {
		if (set_them)
			sem_set_value(set, i, values[i]);
		else
			values[i] = set->sem[i].value;
	}
	if (set_them) {
		obj->ctime = (s64)unix_timestamp();
		sem_changed(set);
	}
	sysv_unlock(&sem_table);
	return 0;
}

static long sem_all(s32 id, u64 array, bool set_them)
{
	u16 *values;
	u32 nr;
	long ret = count_sems(id, set_them ? 0222 : 0444, &nr);

	if (ret)
		return ret;
	values = kmalloc(nr * sizeof(*values), 0);
	if (!values)
		return -ENOMEM;
	if (set_them)
		ret = copy_from_user(values, user(array), nr * sizeof(*values));
	for (u32 i = 0; set_them && !ret && i < nr; i++)
		if (values[i] > SEMVMX)
			ret = -ERANGE;
	if (!ret)
		ret = move_all(id, values, set_them);
	if (!ret && !set_them)
		ret = copy_to_user(user(array), values, nr * sizeof(*values));
	kfree(values);
	return ret;
}

long sys_semctl(int id, int num, int cmd, unsigned long arg)
{
	struct sysv_object *obj;
	int err;

	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_STAT:
	case SEM_STAT:
	case SEM_STAT_ANY:
		return sem_stat(id, cmd, arg);
	case IPC_INFO:
	case SEM_INFO:
		return sem_info(cmd, arg);
	case IPC_SET:
		return sem_set(id, arg);
	case IPC_RMID:
		err = find_own(&sem_table, id, &obj);
		if (err)
			return err;
		sem_remove(sem_set_of(obj));
		sysv_unlock(&sem_table);
		return 0;
	case GETVAL:
	case GETPID:
	case GETNCNT:
	case GETZCNT:
	case SETVAL:
		return sem_one(id, num, cmd, arg);
	case GETALL:
	case SETALL:
		return sem_all(id, arg, cmd == SETALL);
	}
	return -EINVAL;
}

/* ---- message queues ---- */

long sys_msgget(int key, int flags)
{
	return msg_get(key, flags);
}

long sys_msgsnd(int id, vaddr_t umsg, size_t len, int flags)
{
	struct msg *msg;
	u64 type;
	int err;

	if (user_read_u64(&type, user(umsg)))
		return -EFAULT;
	if (len > MSGMAX || id < 0 || (s64)type < 1)
		return -EINVAL;
	err = msg_alloc((s64)type, user(umsg + sizeof(type)), len, &msg);
	if (err)
		return err;
	err = msg_send(id, msg, flags);
	if (err)
		msg_free(msg);
	return err;
}

long sys_msgrcv(int id, vaddr_t umsg, size_t len, long type, int flags)
{
	struct msg *msg;
	long ret;

	if (flags & MSG_COPY) /* for checkpoints; as a Linux that is built without them */
		return flags & MSG_EXCEPT || !(flags & IPC_NOWAIT) ? -EINVAL : -ENOSYS;
	if (id < 0 || (s64)len < 0)
		return -EINVAL;
	ret = msg_receive(id, type, len, flags, &msg);
	if (ret)
		return ret;
	ret = msg_copy_out(msg, user(umsg), user(umsg + sizeof(s64)), len);
	msg_free(msg);
	return ret;
}

static long msg_stat(s32 id, int cmd, u64 buf)
{
	struct linux_msqid ds = { .qnum = 0 };
	const struct msg_queue *queue;
	struct sysv_object *obj;
	int err = find(&msg_table, id, cmd != IPC_STAT, cmd == MSG_STAT_ANY ? 0 : 0444, &obj);

	if (err)
		return err;
	queue = msg_queue_of(obj);
	sysv_get_perm(obj, &ds.perm);
	ds.stime = queue->stime;
	ds.rtime = queue->rtime;
	ds.ctime = obj->ctime;
	ds.cbytes = queue->bytes;
	ds.qnum = queue->nr;
	ds.qbytes = queue->max_bytes;
	ds.lspid = queue->spid;
	ds.lrpid = queue->rpid;
	id = obj->id;
	sysv_unlock(&msg_table);
	if (copy_to_user(user(buf), &ds, sizeof(ds)))
		return -EFAULT;
	return cmd == IPC_STAT ? 0 : id;
}

static long msg_info(int cmd, u64 buf)
{
	struct linux_msginfo info = {
		.msgpool = SYSV_SLOTS * (MSGMNB / 1024), .msgmap = MSGMNB, .msgmax = MSGMAX,
		.msgmnb = MSGMNB, .msgmni = SYSV_SLOTS, .msgssz = 16, .msgtql = MSGMNB,
		.msgseg = 0xffff,
	};
	int max = sysv_max_slot(&msg_table);
	struct sysv_object *obj;

	if (cmd == MSG_INFO) { /* queues, messages, bytes */
		info.msgpool = info.msgmap = info.msgtql = 0;
		for (int i = 0; i <= max; i++) {
			if (sysv_by_slot(&msg_table, i, &obj))
				continue;
			info.msgpool++;
			info.msgmap += (s32)msg_queue_of(obj)->nr;
			info.msgtql += (s32)msg_queue_of(obj)->bytes;
			sysv_unlock(&msg_table);
		}
	}
	return copy_to_user(user(buf), &info, sizeof(info)) ? -EFAULT : max;
}

static long msg_set(s32 id, u64 buf)
{
	struct linux_msqid ds;
	struct sysv_object *obj;
	int err;

	if (copy_from_user(&ds, user(buf), sizeof(ds)))
		return -EFAULT;
	err = find_own(&msg_table, id, &obj);
	if (err)
		return err;
	if (ds.qbytes > MSGMNB && !capable(CAP_SYS_RESOURCE)) {
		err = -EPERM;
	} else {
		msg_queue_of(obj)->max_bytes = ds.qbytes;
		sysv_set_perm(obj, &ds.perm);
		msg_changed(msg_queue_of(obj));
	}
	sysv_unlock(&msg_table);
	return err;
}

long sys_msgctl(int id, int cmd, vaddr_t buf)
{
	struct sysv_object *obj;
	int err;

	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_STAT:
	case MSG_STAT:
	case MSG_STAT_ANY:
		return msg_stat(id, cmd, buf);
	case IPC_INFO:
	case MSG_INFO:
		return msg_info(cmd, buf);
	case IPC_SET:
		return msg_set(id, buf);
	case IPC_RMID:
		err = find_own(&msg_table, id, &obj);
		if (err)
			return err;
		msg_remove(msg_queue_of(obj));
		sysv_unlock(&msg_table);
		return 0;
	}
	return -EINVAL;
}
