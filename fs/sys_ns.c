/* SPDX-License-Identifier: MIT */
/*
 * setns(2) where there is one name space of each kind: what it checks, and what it
 * does besides changing name spaces. vhangup(2). kcmp(2).
 * Sources: man setns(2), vhangup(2), kcmp(2).
 */
#include <kernel/syscall_protos.h>

#include <fs/file.h>
#include <fs/fs_context.h>
#include <fs/mount.h>
#include <fs/path.h>
#include <fs/pidfd.h>
#include <fs/procfs.h>
#include <fs/tty.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/abi/linux_sched.h>
#include <kernel/lib/hash.h>
#include <kernel/task/ptrace.h>
#include <kernel/task/task.h>
#include <mm/aspace.h>
#include <security/cred.h>
#include <security/handle.h>
#include <security/random.h>

#define NS_KINDS                                                                          \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |    \
	 CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME)

/* ---- setns ---- */

/* Into the name space of mounts: at its root, wherever one was. */
static void enter_mounts(void)
{
	struct path root = { mount_root(), NULL };

	root.dentry = root.mount->root;
	fs_context_set_root(&root);
	fs_context_set_cwd(&root);
}

/* May current enter what it is in already? Nothing is changed. */
static int may_enter_ns(u32 kinds)
{
	bool alone = current_task()->nr_threads == 1;

	if (kinds & CLONE_NEWUSER) /* it would give capabilities back */
		return -EINVAL;
	if (!capable(CAP_SYS_ADMIN) || ((kinds & CLONE_NEWNS) && !capable(CAP_SYS_CHROOT)))
		return -EPERM;
	if ((kinds & CLONE_NEWNS) && !alone)
		return -EINVAL;
	return (kinds & CLONE_NEWTIME) && !alone ? -EUSERS : 0;
}

static int setns_file(struct file *file, u32 kinds)
{
	u32 kind = procfs_ns_kind(file);

	if (!kind || (kinds && kinds != kind))
		return -EINVAL;
	return (int)kind;
}

/* The kinds that @fd, a name space or a process, stands for; -errno. */
static int kinds_of(int fd, u32 kinds)
{
	struct handle_ref ref;
	struct task *task;
	struct file *file;
	int err = pidfd_from_handle(fd, 0, &ref, &task, NULL);

	if (!err) {
		if (!kinds || (kinds & ~(u32)NS_KINDS))
			err = -EINVAL;
		else if (atomic_load_relaxed(&task->state) != TASK_ALIVE)
			err = -ESRCH;
		else
			err = ptrace_may_access(task) ? (int)kinds : -EPERM;
		handle_put(&ref);
		return err;
	}
	err = file_from_handle(fd, 0, &ref, &file);
	if (err)
		return err;
	err = setns_file(file, kinds);
	handle_put(&ref);
	return err;
}

long sys_setns(int fd, int nstype)
{
	int kinds = kinds_of(fd, (u32)nstype), err;

	if (kinds < 0)
		return kinds;
	err = may_enter_ns((u32)kinds);
	if (!err && (kinds & CLONE_NEWNS))
		enter_mounts();
	return err;
}

/* ---- vhangup ---- */

long sys_vhangup(void)
{
	struct tty *tty;

	if (!capable(CAP_SYS_TTY_CONFIG))
		return -EPERM;
	tty = tty_current();
	if (tty) {
		tty_hangup(tty, false);
		tty_put(tty);
	}
	return 0;
}

/* ---- kcmp ---- */

/* An order of pointers that does not tell which is where. */
static long order(const void *a, const void *b)
{
	static u64 secret;
	u64 fresh, old = 0, x, y;

	if (!atomic_load_relaxed(&secret)) {
		random_bytes(&fresh, sizeof(fresh));
		(void)atomic_cmpxchg(&secret, &old, fresh | 1);
	}
	x = hash_u64((u64)(uintptr_t)a ^ secret);
	y = hash_u64((u64)(uintptr_t)b ^ secret);
	return a == b ? 0 : x < y ? 1 : 2;
}

/* What descriptor @fd of @task is, compared only; NULL: not open. */
static const void *object_of(struct task *task, u64 fd)
{
	struct handle_table *table = task_handles(task);
	const void *object = NULL;
	struct handle_ref ref;
	u32 flags;

	if (!table)
		return NULL;
	if (fd <= INT32_MAX && handle_table_next(table, (int)fd, &ref, &flags) == (int)fd)
		object = ref.object;
	if (object)
		handle_put(&ref);
	handle_table_put(table);
	return object;
}

static long compare(struct task *a, struct task *b, int type, u64 idx1, u64 idx2)
{
	const void *x, *y;

	switch (type) {
	case KCMP_FILE:
		x = object_of(a, idx1);
		y = object_of(b, idx2);
		return x && y ? order(x, y) : -EBADF;
	case KCMP_VM:
		return order(a->as, b->as);
	case KCMP_FILES:
		return order(a->handles, b->handles);
	case KCMP_FS:
		return order(a->fs, b->fs);
	case KCMP_SIGHAND:
		return order(a->sig, b->sig);
	}
	return type == KCMP_IO || type == KCMP_SYSVSEM ? -EOPNOTSUPP : -EINVAL;
}

long sys_kcmp(int pid1, int pid2, int type, unsigned long idx1, unsigned long idx2)
{
	struct task *a = task_find(pid1), *b = task_find(pid2);
	long ret = -ESRCH;

	if (a && b)
		ret = ptrace_may_access(a) && ptrace_may_access(b)
			      ? compare(a, b, type, idx1, idx2)
			      : -EPERM;
	if (a)
		task_put(a);
	if (b)
		task_put(b);
	return ret;
}
