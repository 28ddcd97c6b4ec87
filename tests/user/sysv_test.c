/* SPDX-License-Identifier: MIT */
/*
 * sysv_test.c - System V shared memory, semaphores and message queues. Source: man shmget(2), shmop(2), shmctl(2),
 * semget(2), semop(2), semctl(2), msgget(2), msgop(2), msgctl(2). Private keys, so that runs do not meet.
 */
#include "ktap.h"

#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#define BAD ((void *)0x10)

static int key_of_case(void)
{
	return 0x45000000 ^ (getpid() << 8);
}

/* ---- shared memory ---- */

static int new_shm(size_t size, int mode)
{
	int id = (int)sys(SYS_shmget, IPC_PRIVATE, size, IPC_CREAT | mode);

	REQUIRE(id >= 0);
	return id;
}

CASE(shm_is_shared)
{
	int id = new_shm(3 * PAGE + 5, 0600);
	struct shmid_ds ds;
	volatile long *a, *b;
	pid_t pid;

	a = (long *)sys(SYS_shmat, id, 0, 0);
	b = (long *)sys(SYS_shmat, id, 0, SHM_RDONLY);
	REQUIRE((long)a > 0 && (long)b > 0 && a != b);
	CHECK_EQ(a[0], 0);
	a[100] = 77;
	CHECK_EQ(b[100], 77);
	IN_CHILD(pid) {
		a[101] = 88;
		CHECK_EQ(sys(SYS_shmctl, id, IPC_STAT, &ds), 0);
		CHECK_EQ(ds.shm_nattch, 4);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(b[101], 88);
	CHECK_EQ(sys(SYS_shmctl, id, IPC_STAT, &ds), 0);
	CHECK_EQ(ds.shm_nattch, 2);
	CHECK_EQ(ds.shm_segsz, 3 * PAGE + 5);
	CHECK_EQ(ds.shm_cpid, getpid());
	CHECK_EQ(ds.shm_perm.mode & 0777, 0600);
	CHECK(ds.shm_ctime > 0 && ds.shm_atime > 0);
	/* Writing where it is read-only is a fault. */
	IN_CHILD(pid) {
		b[0] = 1;
	}
	CHECK_KILLED(pid, SIGSEGV);
	CHECK_EQ(sys(SYS_shmdt, b), 0);
	CHECK_EQ(sys(SYS_shmdt, b), -EINVAL);
	CHECK_EQ(sys(SYS_shmctl, id, IPC_RMID, 0), 0);
	a[0] = 5;	/* lives on until the last detach */
	CHECK_EQ(sys(SYS_shmctl, id, IPC_STAT, &ds), 0);
	CHECK_EQ(ds.shm_nattch, 1);
	CHECK(ds.shm_perm.mode & SHM_DEST);
	CHECK_EQ(sys(SYS_shmdt, a), 0);
	CHECK_EQ(sys(SYS_shmctl, id, IPC_STAT, &ds), -EINVAL);
}

CASE(shm_places)
{
	int id = new_shm(2 * PAGE, 0600);
	char *hole = mmap(NULL, 16 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *at = hole + 4 * PAGE;

	CHECK_EQ(sys(SYS_shmat, id, at, 0), -EINVAL);	/* taken */
	CHECK_EQ(sys(SYS_shmat, id, at, SHM_REMAP), at);
	CHECK_EQ(sys(SYS_shmdt, at), 0);
	CHECK_EQ(sys(SYS_shmat, id, at + 8, 0), -EINVAL);
	CHECK_EQ(sys(SYS_shmat, id, at + 8, SHM_RND), at);
	at[0] = 1;
	CHECK_EQ(sys(SYS_shmdt, at + PAGE), -EINVAL);
	/* Half of it cut away: the rest goes with shmdt. */
	CHECK_EQ(sys(SYS_munmap, at + PAGE, PAGE), 0);
	CHECK_EQ(sys(SYS_shmdt, at), 0);
	CHECK_EQ(sys(SYS_shmat, id, 0, SHM_REMAP), -EINVAL);
	CHECK(sys(SYS_shmat, id, 0xffff800000000000, 0) < 0);
	CHECK_EQ(sys(SYS_shmctl, id, IPC_RMID, 0), 0);
	CHECK_EQ(sys(SYS_shmat, id, 0, 0), -EINVAL);
}

CASE(shm_keys_and_errors)
{
	struct shmid_ds ds;
	int key = key_of_case(), id;

	CHECK_EQ(sys(SYS_shmget, key, PAGE, 0), -ENOENT);
	id = (int)sys(SYS_shmget, key, PAGE, IPC_CREAT | IPC_EXCL | 0600);
	REQUIRE(id >= 0);
	CHECK_EQ(sys(SYS_shmget, key, PAGE, IPC_CREAT | IPC_EXCL | 0600), -EEXIST);
	CHECK_EQ(sys(SYS_shmget, key, PAGE, IPC_CREAT | 0600), id);
	CHECK_EQ(sys(SYS_shmget, key, 0, 0), id);
	CHECK_EQ(sys(SYS_shmget, key, 2 * PAGE, 0), -EINVAL);
	CHECK_EQ(sys(SYS_shmget, IPC_PRIVATE, 0, IPC_CREAT), -EINVAL);
	CHECK_EQ(sys(SYS_shmctl, id, IPC_STAT, BAD), -EFAULT);
	CHECK_EQ(sys(SYS_shmctl, id, IPC_SET, BAD), -EFAULT);
	CHECK_EQ(sys(SYS_shmctl, id, 999, &ds), -EINVAL);
	CHECK_EQ(sys(SYS_shmctl, -1, IPC_STAT, &ds), -EINVAL);
	CHECK_EQ(sys(SYS_shmctl, id, IPC_STAT, &ds), 0);
	ds.shm_perm.mode = 0640;
	CHECK_EQ(sys(SYS_shmctl, id, IPC_SET, &ds), 0);
	CHECK_EQ(sys(SYS_shmctl, id, IPC_STAT, &ds), 0);
	CHECK_EQ(ds.shm_perm.mode & 0777, 0640);
	CHECK_EQ(ds.shm_perm.__key, key);
	CHECK_EQ(sys(SYS_shmctl, id, IPC_RMID, 0), 0);
	CHECK_EQ(sys(SYS_shmctl, id, IPC_RMID, 0), -EINVAL);
	CHECK_EQ(sys(SYS_shmget, key, PAGE, 0), -ENOENT);
}

CASE(permissions)
{
	struct msqid_ds q;
	struct shmid_ds ds;
	int shm, sem, msg;
	pid_t pid;

	if (!is_root())
		SKIP("needs root");
	shm = new_shm(PAGE, 0604);
	sem = (int)sys(SYS_semget, IPC_PRIVATE, 1, IPC_CREAT | 0600);
	msg = (int)sys(SYS_msgget, IPC_PRIVATE, IPC_CREAT | 0600);
	IN_CHILD(pid) {
		struct sembuf op = { 0, 1, 0 };
		long m[2] = { 1, 2 };

		REQUIRE(drop_root());
		CHECK_EQ(sys(SYS_shmat, shm, 0, 0), -EACCES);
		CHECK(sys(SYS_shmat, shm, 0, SHM_RDONLY) > 0);
		CHECK_EQ(sys(SYS_shmctl, shm, IPC_STAT, &ds), 0);
		CHECK_EQ(sys(SYS_shmctl, shm, IPC_SET, &ds), -EPERM);
		CHECK_EQ(sys(SYS_shmctl, shm, IPC_RMID, 0), -EPERM);
		CHECK_EQ(sys(SYS_semop, sem, &op, 1), -EACCES);
		CHECK_EQ(sys(SYS_semctl, sem, 0, GETVAL, 0), -EACCES);
		CHECK_EQ(sys(SYS_semctl, sem, 0, IPC_RMID, 0), -EPERM);
		CHECK_EQ(sys(SYS_msgsnd, msg, m, 8, 0), -EACCES);
		CHECK_EQ(sys(SYS_msgctl, msg, IPC_STAT, &q), -EACCES);
		CHECK_EQ(sys(SYS_msgctl, msg, IPC_RMID, 0), -EPERM);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(sys(SYS_shmctl, shm, IPC_RMID, 0), 0);
	CHECK_EQ(sys(SYS_semctl, sem, 0, IPC_RMID, 0), 0);
	CHECK_EQ(sys(SYS_msgctl, msg, IPC_RMID, 0), 0);
}

/* ---- semaphores ---- */

static int new_sem(int nr)
{
	int id = (int)sys(SYS_semget, IPC_PRIVATE, nr, IPC_CREAT | 0600);

	REQUIRE(id >= 0);
	return id;
}

static long op1(int id, int num, int op, int flags)
{
	struct sembuf b = { (unsigned short)num, (short)op, (short)flags };

	return sys(SYS_semop, id, &b, 1);
}

static void remove_sem(int id)
{
	CHECK_EQ(sys(SYS_semctl, id, 0, IPC_RMID, 0), 0);
}

CASE(sem_values)
{
	unsigned short values[3] = { 1, 2, 3 }, out[3];
	struct semid_ds ds;
	int id = new_sem(3);

	CHECK_EQ(sys(SYS_semctl, id, 0, GETVAL, 0), 0);
	CHECK_EQ(sys(SYS_semctl, id, 0, SETALL, values), 0);
	CHECK_EQ(sys(SYS_semctl, id, 0, GETALL, out), 0);
	CHECK_EQ(memcmp(values, out, sizeof(out)), 0);
	CHECK_EQ(sys(SYS_semctl, id, 1, SETVAL, 9), 0);
	CHECK_EQ(sys(SYS_semctl, id, 1, GETVAL, 0), 9);
	CHECK_EQ(sys(SYS_semctl, id, 1, GETPID, 0), getpid());
	CHECK_EQ(sys(SYS_semctl, id, 1, SETVAL, 32768), -ERANGE);
	CHECK_EQ(sys(SYS_semctl, id, 1, SETVAL, -1), -ERANGE);
	CHECK_EQ(sys(SYS_semctl, id, 3, GETVAL, 0), -EINVAL);
	CHECK_EQ(sys(SYS_semctl, id, -1, GETVAL, 0), -EINVAL);
	CHECK_EQ(sys(SYS_semctl, id, 0, GETALL, BAD), -EFAULT);
	CHECK_EQ(sys(SYS_semctl, id, 0, SETALL, BAD), -EFAULT);
	CHECK_EQ(sys(SYS_semctl, id, 0, 777, 0), -EINVAL);
	CHECK_EQ(sys(SYS_semctl, id, 0, IPC_STAT, &ds), 0);
	CHECK_EQ(ds.sem_nsems, 3);
	CHECK_EQ(op1(id, 0, 1, 0), 0);
	CHECK_EQ(op1(id, 0, -2, IPC_NOWAIT), 0);
	CHECK_EQ(op1(id, 0, -1, IPC_NOWAIT), -EAGAIN);
	CHECK_EQ(op1(id, 0, 0, IPC_NOWAIT), 0);
	CHECK_EQ(op1(id, 1, 0, IPC_NOWAIT), -EAGAIN);
	CHECK_EQ(op1(id, 1, 32767, 0), -ERANGE);
	CHECK_EQ(op1(id, 3, 1, 0), -EFBIG);
	CHECK_EQ(sys(SYS_semop, id, NULL, 0), -EINVAL);
	CHECK_EQ(sys(SYS_semop, id, BAD, 1), -EFAULT);
	CHECK_EQ(sys(SYS_semop, id, BAD, 501), -E2BIG);
	CHECK_EQ(sys(SYS_semget, IPC_PRIVATE, 0, IPC_CREAT), -EINVAL);
	CHECK_EQ(sys(SYS_semget, IPC_PRIVATE, 32001, IPC_CREAT), -EINVAL);
	remove_sem(id);
	CHECK_EQ(op1(id, 0, 1, 0), -EINVAL);
}

/* All or nothing. */
CASE(sem_several_at_once)
{
	struct sembuf ops[3] = { { 0, 1, 0 }, { 1, -1, IPC_NOWAIT }, { 0, -1, 0 } };
	int id = new_sem(2);

	CHECK_EQ(sys(SYS_semop, id, ops, 2), -EAGAIN);
	CHECK_EQ(sys(SYS_semctl, id, 0, GETVAL, 0), 0);
	CHECK_EQ(op1(id, 1, 1, 0), 0);
	CHECK_EQ(sys(SYS_semop, id, ops, 3), 0);
	CHECK_EQ(sys(SYS_semctl, id, 0, GETVAL, 0), 0);
	CHECK_EQ(sys(SYS_semctl, id, 1, GETVAL, 0), 0);
	remove_sem(id);
}

CASE(sem_waits)
{
	struct timespec t = { 0, 30000000 };
	struct sembuf down = { 0, -1, 0 };
	int id = new_sem(1);
	int64_t start = now_ns();
	pid_t pid;

	CHECK_EQ(sys(SYS_semtimedop, id, &down, 1, &t), -EAGAIN);
	CHECK(now_ns() - start >= 30000000);
	t.tv_nsec = 1000000000;
	CHECK_EQ(sys(SYS_semtimedop, id, &down, 1, &t), -EINVAL);
	CHECK_EQ(sys(SYS_semtimedop, id, &down, 1, BAD), -EFAULT);
	IN_CHILD(pid) {
		CHECK_EQ(op1(id, 0, -2, 0), 0);
	}
	while (sys(SYS_semctl, id, 0, GETNCNT, 0) != 1)
		sleep_ms(5);
	CHECK_EQ(op1(id, 0, 1, 0), 0);
	sleep_ms(10);
	CHECK_EQ(sys(SYS_semctl, id, 0, GETVAL, 0), 1);
	CHECK_EQ(op1(id, 0, 1, 0), 0);
	CHECK_EXIT(pid, 0);
	CHECK_EQ(sys(SYS_semctl, id, 0, GETNCNT, 0), 0);
	CHECK_EQ(op1(id, 0, 1, 0), 0);
	IN_CHILD(pid) {
		CHECK_EQ(op1(id, 0, 0, 0), 0);
	}
	while (sys(SYS_semctl, id, 0, GETZCNT, 0) != 1)
		sleep_ms(5);
	CHECK_EQ(op1(id, 0, -1, 0), 0);
	CHECK_EXIT(pid, 0);
	IN_CHILD(pid) {
		CHECK_EQ(op1(id, 0, -1, 0), -EIDRM);
	}
	while (sys(SYS_semctl, id, 0, GETNCNT, 0) != 1)
		sleep_ms(5);
	remove_sem(id);
	CHECK_EXIT(pid, 0);
}

static void nothing(int sig UNUSED)
{
}

CASE(sem_and_msg_are_interrupted)
{
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	int sem = new_sem(1), msg = (int)sys(SYS_msgget, IPC_PRIVATE, IPC_CREAT | 0600);
	struct timespec t = { 0, 30000000 };
	pid_t parent = getpid(), pid;
	long m[2];

	sigaction(SIGUSR1, &sa, NULL);
	IN_CHILD(pid) {
		for (int i = 0; i < 2; i++) {
			nanosleep(&t, NULL);
			kill(parent, SIGUSR1);
		}
	}
	CHECK_EQ(op1(sem, 0, -1, 0), -EINTR);
	CHECK_EQ(sys(SYS_msgrcv, msg, m, 8, 0, 0), -EINTR);
	CHECK_EXIT(pid, 0);
	remove_sem(sem);
	CHECK_EQ(sys(SYS_msgctl, msg, IPC_RMID, 0), 0);
}

/* What a waiter was given nobody who comes later takes away, not even the giver. */
CASE(sem_waiters_come_first)
{
	int id = new_sem(1);
	pid_t pid;

	for (int i = 0; i < 20; i++) {
		IN_CHILD(pid) {
			CHECK_EQ(op1(id, 0, -1, 0), 0);
		}
		while (sys(SYS_semctl, id, 0, GETNCNT, 0) != 1)
			sleep_ms(1);
		CHECK_EQ(op1(id, 0, 1, 0), 0);
		CHECK_EQ(op1(id, 0, -1, IPC_NOWAIT), -EAGAIN);
		CHECK_EXIT(pid, 0);
	}
	remove_sem(id);
}

CASE(sem_undo)
{
	int id = new_sem(2);
	pid_t pid;

	CHECK_EQ(op1(id, 0, 5, 0), 0);
	IN_CHILD(pid) {
		CHECK_EQ(op1(id, 0, -3, SEM_UNDO), 0);
		CHECK_EQ(op1(id, 1, 2, SEM_UNDO), 0);
		CHECK_EQ(op1(id, 1, 1, 0), 0);
		CHECK_EQ(sys(SYS_semctl, id, 0, GETVAL, 0), 2);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(sys(SYS_semctl, id, 0, GETVAL, 0), 5);
	CHECK_EQ(sys(SYS_semctl, id, 1, GETVAL, 0), 1);
	/* SETVAL takes what was to be undone away. */
	IN_CHILD(pid) {
		CHECK_EQ(op1(id, 0, -3, SEM_UNDO), 0);
		CHECK_EQ(sys(SYS_semctl, id, 0, SETVAL, 9), 0);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(sys(SYS_semctl, id, 0, GETVAL, 0), 9);
	/* Who was killed gives back too, and that wakes. */
	CHECK_EQ(sys(SYS_semctl, id, 0, SETVAL, 1), 0);
	pid = fork();
	if (!pid) {
		op1(id, 0, -1, SEM_UNDO);
		for (;;)
			pause();
	}
	while (sys(SYS_semctl, id, 0, GETVAL, 0) != 0)
		sleep_ms(2);
	kill(pid, SIGKILL);
	CHECK_EQ(op1(id, 0, -1, 0), 0);
	CHECK_KILLED(pid, SIGKILL);
	remove_sem(id);
}

CASE(sem_hammer)
{
	enum { PROCS = 4, ROUNDS = 300 };
	int sem = new_sem(1), shm = new_shm(PAGE, 0600);
	volatile long *count = (long *)sys(SYS_shmat, shm, 0, 0);
	pid_t pids[PROCS];

	CHECK_EQ(sys(SYS_shmctl, shm, IPC_RMID, 0), 0);
	CHECK_EQ(sys(SYS_semctl, sem, 0, SETVAL, 1), 0);
	for (int i = 0; i < PROCS; i++)
		IN_CHILD(pids[i]) {
			for (int k = 0; k < ROUNDS; k++) {
				op1(sem, 0, -1, SEM_UNDO);
				*count = *count + 1;
				op1(sem, 0, 1, SEM_UNDO);
			}
		}
	for (int i = 0; i < PROCS; i++)
		CHECK_EXIT(pids[i], 0);
	CHECK_EQ(*count, PROCS * ROUNDS);
	CHECK_EQ(sys(SYS_semctl, sem, 0, GETVAL, 0), 1);
	remove_sem(sem);
}

/* ---- message queues ---- */

struct message {
	long type;
	char text[64];
};

static long send_text(int id, long type, const char *text, int flags)
{
	struct message m = { .type = type };

	strcpy(m.text, text);
	return sys(SYS_msgsnd, id, &m, strlen(text) + 1, flags);
}

static long receive(int id, struct message *m, long type, int flags)
{
	memset(m, 0, sizeof(*m));
	return sys(SYS_msgrcv, id, m, sizeof(m->text), type, flags);
}

CASE(msg_order_and_types)
{
	int id = (int)sys(SYS_msgget, IPC_PRIVATE, IPC_CREAT | 0600);
	struct msqid_ds ds;
	struct message m;

	REQUIRE(id >= 0);
	CHECK_EQ(send_text(id, 3, "three", 0), 0);
	CHECK_EQ(send_text(id, 1, "one", 0), 0);
	CHECK_EQ(send_text(id, 2, "two", 0), 0);
	CHECK_EQ(send_text(id, 1, "one more", 0), 0);
	CHECK_EQ(sys(SYS_msgctl, id, IPC_STAT, &ds), 0);
	CHECK_EQ(ds.msg_qnum, 4);
	CHECK_EQ(ds.msg_cbytes, 6 + 4 + 4 + 9);
	CHECK_EQ(ds.msg_lspid, getpid());
	CHECK_EQ(receive(id, &m, -2, 0), 4);	/* the lowest type up to 2 */
	CHECK_STR(m.text, "one");
	CHECK_EQ(receive(id, &m, 2, 0), 4);
	CHECK_STR(m.text, "two");
	CHECK_EQ(receive(id, &m, 3, MSG_EXCEPT), 9);
	CHECK_STR(m.text, "one more");
	CHECK_EQ(receive(id, &m, 7, IPC_NOWAIT), -ENOMSG);
	CHECK_EQ(sys(SYS_msgrcv, id, &m, 2, 0, 0), -E2BIG);
	CHECK_EQ(sys(SYS_msgrcv, id, &m, 2, 0, MSG_NOERROR), 2);
	CHECK_EQ(m.type, 3);
	CHECK_EQ(receive(id, &m, 0, IPC_NOWAIT), -ENOMSG);
	CHECK_EQ(sys(SYS_msgctl, id, IPC_RMID, 0), 0);
}

CASE(msg_limits_and_errors)
{
	int id = (int)sys(SYS_msgget, IPC_PRIVATE, IPC_CREAT | 0600);
	static char big[9000];
	struct message m;
	struct msqid_ds ds;

	*(long *)big = 1;
	CHECK_EQ(send_text(id, 0, "x", 0), -EINVAL);
	CHECK_EQ(send_text(id, -1, "x", 0), -EINVAL);
	CHECK_EQ(sys(SYS_msgsnd, id, big, 8193, 0), -EINVAL);
	CHECK_EQ(sys(SYS_msgsnd, id, BAD, 1, 0), -EFAULT);
	CHECK_EQ(sys(SYS_msgsnd, id, big, 8192, 0), 0);
	CHECK_EQ(sys(SYS_msgsnd, id, big, 8192, 0), 0);
	CHECK_EQ(sys(SYS_msgsnd, id, big, 1, IPC_NOWAIT), -EAGAIN);
	CHECK_EQ(sys(SYS_msgrcv, id, BAD, 8192, 0, 0), -EFAULT);
	CHECK_EQ(sys(SYS_msgrcv, id, &m, -1, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_msgctl, id, IPC_STAT, BAD), -EFAULT);
	CHECK_EQ(sys(SYS_msgctl, id, 99, &ds), -EINVAL);
	CHECK_EQ(sys(SYS_msgctl, id, IPC_RMID, 0), 0);
	CHECK_EQ(send_text(id, 1, "x", 0), -EINVAL);
	CHECK_EQ(receive(id, &m, 0, 0), -EINVAL);
}

CASE(msg_between_processes)
{
	int id = (int)sys(SYS_msgget, IPC_PRIVATE, IPC_CREAT | 0600);
	struct message m;
	pid_t pid;

	IN_CHILD(pid) {
		for (int i = 0; i < 500; i++) {
			CHECK_EQ(receive(id, &m, 1, 0), 5);
			CHECK_EQ(send_text(id, 2, "pong", 0), 0);
		}
		CHECK_EQ(receive(id, &m, 9, 0), -EIDRM);
	}
	for (int i = 0; i < 500; i++) {
		CHECK_EQ(send_text(id, 1, "ping", 0), 0);
		CHECK_EQ(receive(id, &m, 2, 0), 5);
	}
	sleep_ms(30);
	CHECK_EQ(sys(SYS_msgctl, id, IPC_RMID, 0), 0);
	CHECK_EXIT(pid, 0);
}

/* A full queue holds the sender up until somebody reads. */
CASE(msg_sender_waits)
{
	int id = (int)sys(SYS_msgget, IPC_PRIVATE, IPC_CREAT | 0600);
	static char big[8200];
	pid_t pid;

	IN_CHILD(pid) {
		*(long *)big = 1;
		for (int i = 0; i < 5; i++)
			CHECK_EQ(sys(SYS_msgsnd, id, big, 8192, 0), 0);
	}
	for (int i = 0; i < 5; i++) {
		sleep_ms(5);
		CHECK_EQ(sys(SYS_msgrcv, id, big, 8192, 0, 0), 8192);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(sys(SYS_msgctl, id, IPC_RMID, 0), 0);
}

CASE(lists_of_all)
{
	int shm = new_shm(PAGE, 0600), index;
	struct shmid_ds ds;
	struct shminfo limits;
	struct { int used; unsigned long pages[5]; } info;

	index = (int)sys(SYS_shmctl, 0, SHM_INFO, &info);
	CHECK(index >= 0 && info.used >= 1);
	CHECK(sys(SYS_shmctl, 0, IPC_INFO, &limits) >= 0);
	CHECK(limits.shmmni >= 1000);
	for (; index >= 0; index--)
		if (sys(SYS_shmctl, index, SHM_STAT, &ds) == shm)
			break;
	CHECK(index >= 0);
	CHECK_EQ(sys(SYS_shmctl, shm, IPC_RMID, 0), 0);
}

CASE(proc_lists_them)
{
	static const char *const files[] = { "/proc/sysvipc/shm", "/proc/sysvipc/sem", "/proc/sysvipc/msg" };
	int ids[3] = { new_shm(PAGE, 0600), new_sem(1), (int)sys(SYS_msgget, IPC_PRIVATE, IPC_CREAT | 0600) };
	static char text[65536];

	for (unsigned i = 0; i < 3; i++) {
		int fd = open(files[i], O_RDONLY), found = 0, id, key;
		long n;
		char *line;

		REQUIRE(fd >= 0);
		n = read(fd, text, sizeof(text) - 1);
		REQUIRE(n > 0);
		text[n] = 0;
		for (line = strchr(text, '\n'); line && line[1]; line = strchr(line + 1, '\n'))
			found |= sscanf(line, "%d %d", &key, &id) == 2 && id == ids[i];
		CHECK(found);
		close(fd);
	}
	CHECK_EQ(sys(SYS_shmctl, ids[0], IPC_RMID, 0), 0);
	remove_sem(ids[1]);
	CHECK_EQ(sys(SYS_msgctl, ids[2], IPC_RMID, 0), 0);
}
