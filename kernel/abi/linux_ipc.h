/* SPDX-License-Identifier: MIT */
/*
 * Linux x86_64: System V shared memory, semaphores, message queues.
 * Sources: man sysvipc(7), shmctl(2), semctl(2), msgctl(2), semop(2), msgop(2);
 * uapi linux/ipc.h, shm.h, sem.h, msg.h, asm-generic/shmbuf.h, sembuf.h, msgbuf.h.
 */
#pragma once

#include <kernel/lib/types.h>

#define IPC_PRIVATE 0
#define IPC_CREAT   00001000
#define IPC_EXCL    00002000
#define IPC_NOWAIT  00004000
#define IPC_RMID    0
#define IPC_SET     1
#define IPC_STAT    2
#define IPC_INFO    3

struct linux_ipc_perm {
	s32 key;
	u32 uid, gid, cuid, cgid;
	u32 mode;
	u16 seq;
	u16 pad0;
	u32 pad1;
	u64 unused[2];
};
static_assert(sizeof(struct linux_ipc_perm) == 48, "Linux ABI");

/* ---- shared memory */
#define SHM_RDONLY   010000
#define SHM_RND      020000
#define SHM_REMAP    040000
#define SHM_EXEC     0100000
#define SHM_DEST     01000 /* in the mode: goes with the last user */
#define SHM_LOCKED   02000
#define SHM_HUGETLB  04000
#define SHM_LOCK     11
#define SHM_UNLOCK   12
#define SHM_STAT     13
#define SHM_INFO     14
#define SHM_STAT_ANY 15

struct linux_shmid {
	struct linux_ipc_perm perm;
	u64 segsz;
	s64 atime, dtime, ctime;
	s32 cpid, lpid;
	u64 nattch;
	u64 unused[2];
};
static_assert(sizeof(struct linux_shmid) == 112, "Linux ABI");

struct linux_shminfo {
	u64 shmmax, shmmin, shmmni, shmseg, shmall, unused[4];
};
static_assert(sizeof(struct linux_shminfo) == 72, "Linux ABI");

struct linux_shm_info {
	s32 used_ids;
	u32 pad0;
	u64 tot, rss, swp, swap_attempts, swap_successes; /* in pages */
};
static_assert(sizeof(struct linux_shm_info) == 48, "Linux ABI");

/* ---- semaphores */
#define SEM_UNDO     0x1000
#define GETPID       11
#define GETVAL       12
#define GETALL       13
#define GETNCNT      14
#define GETZCNT      15
#define SETVAL       16
#define SETALL       17
#define SEM_STAT     18
#define SEM_INFO     19
#define SEM_STAT_ANY 20
#define SEMVMX       32767
#define SEMOPM       500
#define SEMMSL       32000
#define SEMMNI       32000

struct linux_sembuf {
	u16 sem_num;
	s16 sem_op;
	s16 sem_flg;
};
static_assert(sizeof(struct linux_sembuf) == 6, "Linux ABI");

struct linux_semid {
	struct linux_ipc_perm perm;
	s64 otime;
	u64 unused0;
	s64 ctime;
	u64 unused1;
	u64 nsems;
	u64 unused2[2];
};
static_assert(sizeof(struct linux_semid) == 104, "Linux ABI");

struct linux_seminfo {
	s32 semmap, semmni, semmns, semmnu, semmsl, semopm, semume, semusz, semvmx, semaem;
};
static_assert(sizeof(struct linux_seminfo) == 40, "Linux ABI");

/* ---- message queues */
#define MSG_NOERROR  010000
#define MSG_EXCEPT   020000
#define MSG_COPY     040000
#define MSG_STAT     11
#define MSG_INFO     12
#define MSG_STAT_ANY 13
#define MSGMNI       32000
#define MSGMAX       8192
#define MSGMNB       16384

struct linux_msqid {
	struct linux_ipc_perm perm;
	s64 stime, rtime, ctime;
	u64 cbytes, qnum, qbytes;
	s32 lspid, lrpid;
	u64 unused[2];
};
static_assert(sizeof(struct linux_msqid) == 120, "Linux ABI");

struct linux_msginfo {
	s32 msgpool, msgmap, msgmax, msgmnb, msgmni, msgssz, msgtql;
	u16 msgseg;
	u16 pad0;
};
static_assert(sizeof(struct linux_msginfo) == 32, "Linux ABI");
