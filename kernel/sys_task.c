/* SPDX-License-Identifier: MIT */
/* System calls about processes, threads and their limits; kernel/sys_sched.c has scheduling. */
#include <kernel/syscall_protos.h>

#include <fs/pidfd.h>
#include <kernel/abi/linux_dirent.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_futex.h>
#include <kernel/abi/linux_sched.h>
#include <kernel/abi/linux_wait.h>
#include <kernel/sys_util.h>
#include <kernel/task/exec.h>
#include <kernel/task/fork.h>
#include <kernel/task/fs_hooks.h>
#include <kernel/task/itimer.h>
#include <kernel/task/wait.h>
#include <mm/aspace.h>
#include <mm/kmalloc.h>
#include <security/cred.h>
#include <security/pledge.h>

/* ---- making and ending ---- */

long sys_clone(unsigned long flags, vaddr_t stack, int __user *parent_tid, vaddr_t child_tid,
	       unsigned long tls)
{
	const struct clone_request req = {
		.flags = (u32)flags, /* clone(2) has 32 of them */
		.stack = stack,
		.parent_tid = (u64)(uintptr_t)parent_tid,
		.pidfd = (u64)(uintptr_t)parent_tid,
		.child_tid = child_tid,
		.tls = tls,
	};

	/* The word is one for both: it cannot take the number and the descriptor. */
	if ((flags & CLONE_PIDFD) && (flags & CLONE_PARENT_SETTID))
		return -EINVAL;
	return task_clone(&req);
}

/* What clone3(2) has and we have not, or what is an error there. */
#define CLONE3_REFUSED (CSIGNAL | CLONE_DETACHED | CLONE_INTO_CGROUP | CLONE_NEWTIME)

long sys_clone3(const struct linux_clone_args __user *uargs, size_t len)
{
	struct linux_clone_args args = { 0 };
	struct clone_request req;

	if (len > PAGE_SIZE)
		return -E2BIG;
	if (len < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	if (copy_from_user(&args, uargs, MIN(len, sizeof(args))))
		return -EFAULT;
	/* A longer structure asks for more than is known, unless it is zero there. */
	for (size_t at = sizeof(args); at < len; at++) {
		u8 byte;

		if (copy_from_user(&byte, (const char __user *)uargs + at, 1))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	if (!(args.flags & CLONE_THREAD) && pledge_require(PLEDGE_PROC))
		return -ENOSYS;
	if ((args.flags & CLONE3_REFUSED) || args.exit_signal > LINUX_NSIG || args.set_tid_size)
		return -EINVAL;
	if ((args.flags & (CLONE_SIGHAND | CLONE_CLEAR_SIGHAND)) ==
	    (CLONE_SIGHAND | CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	if ((args.flags & (CLONE_THREAD | CLONE_PARENT)) && args.exit_signal)
		return -EINVAL;
	if (!args.stack != !args.stack_size ||
	    !user_range_ok((void __user *)(uintptr_t)args.stack, args.stack_size))
		return -EINVAL;
	req = (struct clone_request){
		.flags = args.flags | args.exit_signal,
		.stack = args.stack + args.stack_size,
		.parent_tid = args.parent_tid,
		.pidfd = args.pidfd,
		.child_tid = args.child_tid,
		.tls = args.tls,
	};
	return task_clone(&req);
}

/* A copy of a path, for calls that keep it over others. Return: length; -errno. */
static int copy_path(const char __user *upath, char **out)
{
	char *path = kmalloc(PATH_MAX, 0);
	long n;

	if (!path)
		return -ENOMEM;
	n = user_copy_string(path, upath, PATH_MAX);
	if (n < 0) {
		kfree(path);
		return (int)n;
	}
	*out = path;
	return 0;
}

static int exec_call(int dirfd, const char __user *upath, const u64 __user *argv,
		     const u64 __user *envp, u32 flags)
{
	struct exec_args args;
	char *path = NULL;
	int err = copy_path(upath, &path);

	if (err)
		return err;
	exec_args_init(&args);
	err = *path || (flags & AT_EMPTY_PATH) ? exec_args_copy(&args, argv, envp) : -ENOENT;
	if (!err)
		err = exec_image(dirfd, path, flags, &args);
	exec_args_fini(&args);
	kfree(path);
	return err;
}

long sys_execve(const char __user *path, const u64 __user *argv, const u64 __user *envp)
{
	return exec_call(AT_FDCWD, path, argv, envp, 0);
}

long sys_execveat(int dirfd, const char __user *path, const u64 __user *argv,
		  const u64 __user *envp, int flags)
{
	if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	return exec_call(dirfd, path, argv, envp, (u32)flags);
}

long sys_exit(int status)
{
	thread_exit(linux_wait_exited(status));
}

long sys_exit_group(int status)
{
	task_exit_group(linux_wait_exited(status));
}

/* ---- unshare ---- */

#define UNSHARE_NAMESPACES                                                                \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |    \
	 CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME)
#define UNSHARE_ALONE (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)

static int unshare_files(struct task *task)
{
	struct handle_table *old = task->handles, *own;
	irqflags_t flags;

	if (!task->handles_shared)
		return 0;
	own = handle_table_fork(old, task->pid);
	if (!own)
		return -ENOMEM;
	flags = spin_lock_irq(&task_tree_lock);
	task->handles = own;
	task->handles_shared = false;
	spin_unlock_irq(&task_tree_lock, flags);
	handle_table_put(old);
	return 0;
}

static int unshare_fs(struct task *task)
{
	struct fs_context *old = task->fs, *own = fs_hook_context_fork(old);
	irqflags_t flags;

	if (!own)
		return -ENOMEM;
	flags = spin_lock_irq(&task_tree_lock);
	task->fs = own;
	spin_unlock_irq(&task_tree_lock, flags);
	fs_hook_context_put(old);
	return 0;
}

/*
 * What processes share by clone(2). The threads of one share everything here, so that one
 * of several cannot have something for itself. There are no namespaces: as a Linux that is
 * built without them.
 */
long sys_unshare(int uflags)
{
	struct task *task = current_task();
	u32 flags = (u32)uflags;
	bool alone = task->nr_threads == 1;
	int err = 0;

	if (flags & ~(u32)(UNSHARE_NAMESPACES | UNSHARE_ALONE | CLONE_FS | CLONE_FILES |
			   CLONE_SYSVSEM))
		return -EINVAL;
	if ((flags & (UNSHARE_NAMESPACES & ~CLONE_NEWUSER)) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (flags & UNSHARE_NAMESPACES)
		return -EINVAL;
	if (flags && !alone)
		return -EINVAL;
	if ((flags & CLONE_VM) && refcount_read(&task->as->refs) > 1)
		return -EINVAL;
	if ((flags & (CLONE_SIGHAND | CLONE_VM)) && refcount_read(&task->sig->refs) > 1)
		return -EINVAL;
	if (flags & CLONE_FILES)
		err = unshare_files(task);
	if (!err && (flags & CLONE_FS))
		err = unshare_fs(task);
	return err;
}

/* ---- waiting ---- */

static void fill_rusage(struct linux_rusage *ru, const struct task_usage *usage)
{
	*ru = (struct linux_rusage){
		.ru_utime = timeval_of(usage->user_ns),
		.ru_stime = timeval_of(usage->system_ns),
		.ru_maxrss = (s64)usage->max_rss_kib,
		.ru_minflt = (s64)usage->minor_faults,
		.ru_majflt = (s64)usage->major_faults,
		.ru_nvcsw = (s64)usage->switches_voluntary,
		.ru_nivcsw = (s64)usage->switches_involuntary,
	};
}

static int copy_rusage(struct linux_rusage __user *out, const struct task_usage *usage)
{
	struct linux_rusage ru;

	fill_rusage(&ru, usage);
	return copy_to_user(out, &ru, sizeof(ru));
}

long sys_wait4(int pid, u32 __user *status, int options, struct linux_rusage __user *usage)
{
	struct wait_request req = { .which = P_ALL, .options = options | WEXITED };
	struct wait_result res;
	int ret;

	if (options & ~(int)(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid > 0) {
		req.which = P_PID;
		req.id = pid;
	} else if (pid != -1) {
		req.which = P_PGID;
		req.id = pid ? -pid : current_task()->pgid;
	}
	ret = task_wait(&req, &res);
	if (ret <= 0)
		return ret;
	if (status && user_write_u32(status, (u32)res.status))
		return -EFAULT;
	if (usage && copy_rusage(usage, &res.usage))
		return -EFAULT;
	return res.pid;
}

static void fill_wait_info(struct linux_siginfo *info, const struct wait_result *res)
{
	*info = (struct linux_siginfo){ .si_signo = SIGCHLD, .si_code = res->code };
	info->chld.si_pid = res->pid;
	info->chld.si_uid = res->uid;
	switch (res->code) {
	case CLD_EXITED:
	case CLD_STOPPED:
	case CLD_TRAPPED:
		info->chld.si_status = res->status >> 8;
		break;
	case CLD_CONTINUED:
		info->chld.si_status = SIGCONT;
		break;
	default:
		info->chld.si_status = res->status & 0x7f;
	}
}

static int wait_info(const struct wait_request *req, struct linux_siginfo *info,
		     struct linux_rusage __user *usage)
{
	struct wait_result res;
	int ret = task_wait(req, &res);

	if (ret <= 0)
		return ret;
	fill_wait_info(info, &res);
	return usage && copy_rusage(usage, &res.usage) ? -EFAULT : 1;
}

/* waitid(P_PIDFD): one that does not block answers EAGAIN. */
static int wait_pidfd(struct wait_request *req, int fd, struct linux_siginfo *info,
		      struct linux_rusage __user *usage)
{
	struct handle_ref ref;
	struct task *task;
	bool again;
	u32 flags;
	int ret;

	if (fd < 0)
		return -EINVAL;
	ret = pidfd_from_handle(fd, RIGHT_WAIT, &ref, &task, &flags);
	if (ret)
		return ret;
	req->task = task;
	again = (flags & O_NONBLOCK) && !(req->options & WNOHANG);
	if (again)
		req->options |= WNOHANG;
	ret = wait_info(req, info, usage);
	handle_put(&ref);
	return !ret && again ? -EAGAIN : ret;
}

long sys_waitid(int which, int pid, struct linux_siginfo __user *uinfo, int options,
		struct linux_rusage __user *usage)
{
	struct wait_request req = { .which = which, .id = pid, .options = options };
	struct linux_siginfo info = { 0 };
	int ret;

	if (options & ~(int)(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD |
			     __WCLONE | __WALL))
		return -EINVAL;
	if (!(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	if (which < P_ALL || which > P_PIDFD || (which == P_PID && pid <= 0) ||
	    (which == P_PGID && pid < 0))
		return -EINVAL;
	if (which == P_PGID && !pid)
		req.id = current_task()->pgid;
	ret = which == P_PIDFD ? wait_pidfd(&req, pid, &info, usage)
			       : wait_info(&req, &info, usage);
	if (ret < 0)
		return ret;
	/* With nothing found all is 0 (POSIX waitid, WNOHANG). */
	return uinfo ? copy_to_user(uinfo, &info, sizeof(info)) : 0;
}

/* ---- numbers, groups, sessions ---- */

long sys_getpid(void)
{
	return current_task()->pid;
}

long sys_gettid(void)
{
	return current->tid;
}

long sys_getppid(void)
{
	return atomic_load_relaxed(&current_task()->ppid);
}

/* Process @pid (0: current) with a reference, or NULL. */
static struct task *task_of(s32 pid)
{
	if (pid)
		return task_find(pid);
	task_get(current_task());
	return current_task();
}

long sys_getpgid(int pid)
{
	struct task *task = task_of(pid);
	s32 pgid;

	if (!task)
		return -ESRCH;
	pgid = atomic_load_relaxed(&task->pgid);
	task_put(task);
	return pgid;
}

long sys_getsid(int pid)
{
	struct task *task = task_of(pid);
	s32 sid;

	if (!task)
		return -ESRCH;
	sid = atomic_load_relaxed(&task->sid);
	task_put(task);
	return sid;
}

static bool group_in_session_locked(s32 pgid, s32 sid)
{
	const struct task *t;

	LIST_FOR_EACH(t, &task_list, all_link)
		if (t->pgid == pgid && t->sid == sid)
			return true;
	return false;
}

/* setpgid(2), ERRORS; task_tree_lock held. */
static int check_setpgid_locked(const struct task *task, s32 pgid)
{
	const struct task *self = current_task();

	if (task->state == TASK_DEAD)
		return -ESRCH;
	if (task != self) {
		if (task->parent != self)
			return -ESRCH;
		if (task->sid != self->sid)
			return -EPERM;
		if (task->did_exec)
			return -EACCES;
	}
	if (task->sid == task->pid)
		return -EPERM;
	if (pgid != task->pid && !group_in_session_locked(pgid, self->sid))
		return -EPERM;
	return 0;
}

long sys_setpgid(int pid, int pgid)
{
	struct task *task;
	irqflags_t flags;
	int err;

	if (pgid < 0 || (!pgid && pid < 0))
		return -EINVAL;
	task = task_of(pid);
	if (!task)
		return -ESRCH;
	if (!pgid)
		pgid = task->pid;
	flags = spin_lock_irq(&task_tree_lock);
	err = check_setpgid_locked(task, pgid);
	if (!err)
		task_set_pgid_locked(task, pgid);
	spin_unlock_irq(&task_tree_lock, flags);
	task_put(task);
	return err;
}

long sys_setsid(void)
{
	struct task *self = current_task();
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	const struct task *t;
	int err = 0;

	/* A group of our number would be torn between two sessions. */
	LIST_FOR_EACH(t, &task_list, all_link)
		if (t->pgid == self->pid)
			err = -EPERM;
	if (!err) {
		task_set_sid_locked(self, self->pid);
		task_set_pgid_locked(self, self->pid);
		self->tty = NULL;
	}
	spin_unlock_irq(&task_tree_lock, flags);
	return err ? err : self->pid;
}

/* ---- threads and futexes ---- */

long sys_set_tid_address(vaddr_t tidptr)
{
	current->clear_child_tid = (u32 __user *)(uintptr_t)tidptr;
	return current->tid;
}

long sys_set_robust_list(vaddr_t head, size_t len)
{
	if (len != sizeof(struct linux_robust_list_head))
		return -EINVAL;
	current->robust_list = (void __user *)(uintptr_t)head;
	return 0;
}

long sys_get_robust_list(int pid, u64 __user *head, u64 __user *len)
{
	struct thread *thread = pid ? thread_find(pid) : current;
	u64 list;

	if (!thread)
		return -ESRCH;
	list = (u64)(uintptr_t)thread->robust_list;
	if (pid) {
		/* What ptrace would show: the same user's, or anybody's to root. */
		int err = thread->task == current_task() ? 0 : signal_check(thread->task, 0);

		thread_put(thread);
		if (err)
			return err;
	}
	return user_write_u64(len, sizeof(struct linux_robust_list_head)) ||
			       user_write_u64(head, list)
		       ? -EFAULT
		       : 0;
}

/* ---- limits and usage ---- */

static int set_rlimit(struct task *task, u32 resource, const struct linux_rlimit64 *new)
{
	struct linux_rlimit64 *limit = &task->rlimits[resource];
	irqflags_t flags;
	int err = 0;

	if (new->rlim_cur > new->rlim_max)
		return -EINVAL;
	/* Linux: nr_open bounds descriptors, whoever asks. */
	if (resource == RLIMIT_NOFILE && new->rlim_max > (1u << 20))
		return -EPERM;
	flags = spin_lock_irq(&task_tree_lock);
	if (new->rlim_max > limit->rlim_max && !capable(CAP_SYS_RESOURCE))
		err = -EPERM;
	else
		*limit = *new;
	spin_unlock_irq(&task_tree_lock, flags);
	if (!err && resource == RLIMIT_CPU)
		itimer_limit_changed(task);
	return err;
}

static int check_prlimit(struct task *task)
{
	const struct cred *self = cred_current();
	struct cred *cred;
	bool may;

	if (task == current_task() || cred_capable(self, CAP_SYS_RESOURCE))
		return 0;
	cred = task_cred(task);
	may = self->uid == cred->uid && self->uid == cred->euid && self->uid == cred->suid &&
	      self->gid == cred->gid && self->gid == cred->egid && self->gid == cred->sgid;
	cred_put(cred);
	return may ? 0 : -EPERM;
}

long sys_prlimit64(int pid, int resource, const struct linux_rlimit64 __user *unew,
		   struct linux_rlimit64 __user *uold)
{
	struct linux_rlimit64 new, old;
	struct task *task;
	int err;

	if ((u32)resource >= RLIM_NLIMITS)
		return -EINVAL;
	if (unew && copy_from_user(&new, unew, sizeof(new)))
		return -EFAULT;
	task = task_of(pid);
	if (!task)
		return -ESRCH;
	err = check_prlimit(task);
	old = task->rlimits[resource];
	if (!err && unew)
		err = set_rlimit(task, (u32)resource, &new);
	task_put(task);
	if (!err && uold)
		err = copy_to_user(uold, &old, sizeof(old));
	return err;
}

long sys_getrusage(int who, struct linux_rusage __user *out)
{
	struct task *task = current_task();
	struct task_usage usage = { 0 };
	irqflags_t flags;

	switch (who) {
	case RUSAGE_SELF:
		task_usage_now(task, &usage);
		break;
	case RUSAGE_CHILDREN:
		flags = spin_lock_irq(&task_tree_lock);
		usage = task->child_usage;
		spin_unlock_irq(&task_tree_lock, flags);
		break;
	case RUSAGE_THREAD:
		task_usage_thread(current, &usage);
		break;
	default:
		return -EINVAL;
	}
	return copy_rusage(out, &usage);
}
