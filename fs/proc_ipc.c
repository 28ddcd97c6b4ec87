/* SPDX-License-Identifier: MIT */
/* /proc/sysvipc: the System V objects there are, in Linux's columns (man proc(5)). */
#include "proc_priv.h"

#include <arch/mmu.h>
#include <fs/shm.h>
#include <ipc/msg.h>
#include <ipc/sem.h>
#include <mm/object.h>

typedef unsigned long long ull; /* for printf */

/* Calls @show on each object that is readable, as ipcs(1) expects: all of them are. */
static void for_each(struct sysv_table *table, struct seq *seq,
		     void (*show)(struct seq *seq, struct sysv_object *obj))
{
	int max = sysv_max_slot(table);
	struct sysv_object *obj;

	for (int i = 0; i <= max; i++) {
		if (sysv_by_slot(table, i, &obj))
			continue;
		show(seq, obj);
		sysv_unlock(table);
	}
}

static void show_shm(struct seq *seq, struct sysv_object *obj)
{
	const struct shm *shm = shm_of(obj);

	seq_printf(seq, "%10d %10d  %4o %21llu %5d %5d  %5llu %5u %5u %5u %5u %10llu %10llu "
		   "%10llu %21llu %21llu\n", obj->key, obj->id, obj->mode, (ull)shm->size,
		   shm->cpid, shm->lpid, (ull)shm_attached(shm), obj->uid, obj->gid, obj->cuid,
		   obj->cgid, (ull)shm->atime, (ull)shm->dtime, (ull)obj->ctime,
		   (ull)(atomic_load_relaxed(&shm->object->nr_pages) * PAGE_SIZE), 0ull);
}

static void show_sem(struct seq *seq, struct sysv_object *obj)
{
	const struct sem_set *set = sem_set_of(obj);

	seq_printf(seq, "%10d %10d  %4o %10u %5u %5u %5u %5u %10llu %10llu\n", obj->key, obj->id,
		   obj->mode, set->nr, obj->uid, obj->gid, obj->cuid, obj->cgid, (ull)set->otime,
		   (ull)obj->ctime);
}

static void show_msg(struct seq *seq, struct sysv_object *obj)
{
	const struct msg_queue *q = msg_queue_of(obj);

	seq_printf(seq, "%10d %10d  %4o  %10llu %10llu %5d %5d %5u %5u %5u %5u %10llu %10llu "
		   "%10llu\n", obj->key, obj->id, obj->mode, (ull)q->bytes, (ull)q->nr, q->spid,
		   q->rpid, obj->uid, obj->gid, obj->cuid, obj->cgid, (ull)q->stime,
		   (ull)q->rtime, (ull)obj->ctime);
}

static int list_shm(struct seq *seq, __unused struct proc_inode *pi)
{
	seq_puts(seq, "       key      shmid perms                  size  cpid  lpid nattch   uid"
		 "   gid  cuid  cgid      atime      dtime      ctime                   rss"
		 "                  swap\n");
	for_each(&shm_table, seq, show_shm);
	return 0;
}

static int list_sem(struct seq *seq, __unused struct proc_inode *pi)
{
	seq_puts(seq, "       key      semid perms      nsems   uid   gid  cuid  cgid      otime"
		 "      ctime\n");
	for_each(&sem_table, seq, show_sem);
	return 0;
}

static int list_msg(struct seq *seq, __unused struct proc_inode *pi)
{
	seq_puts(seq, "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid"
		 "  cuid  cgid      stime      rtime      ctime\n");
	for_each(&msg_table, seq, show_msg);
	return 0;
}

const struct proc_entry proc_sysvipc_children[] = {
	{ .name = "shm", .mode = S_IFREG | 0444, .show = list_shm },
	{ .name = "sem", .mode = S_IFREG | 0444, .show = list_sem },
	{ .name = "msg", .mode = S_IFREG | 0444, .show = list_msg },
	{ .name = NULL },
};
