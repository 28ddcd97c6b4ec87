/* SPDX-License-Identifier: MIT */
/*
 * execve: everything that can fail is prepared beside the running program (its
 * words, its new space, credentials, handle table, signal actions), then the
 * other threads end, and only then is anything replaced.
 *
 *   resolve   open the program, follow #! lines
 *   prepare   load into a fresh space, reserve what commit needs
 *   take over end the other threads; current becomes the process's first thread
 *   commit    cannot fail
 */
#include <kernel/task/exec.h>

#include <arch/uaccess.h>
#include <fs/file.h>
#include <fs/fs_context.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/lib/format.h>
#include <kernel/lib/string.h>
#include <kernel/syscall_protos.h>
#include <kernel/task/task.h>
#include <mm/aspace.h>
#include <mm/kmalloc.h>
#include <security/cred.h>
#include <security/handle.h>

#include "exec_priv.h"
#include "task_priv.h"

#define SCRIPT_LINE 256u /* bytes of a #! line that are looked at: Linux's BINPRM_BUF_SIZE */
#define SCRIPT_NEST 5u   /* interpreters that may be scripts themselves */
#define PATH_SIZE   4096u

/* Everything reserved before the point of no return. */
struct exec {
	struct exec_args args;
	struct exec_image image;
	struct cred *cred;                 /* new one, NULL: as before */
	struct handle_table *handles;      /* own copy of a shared table, or NULL */
	struct signal_state *sig;          /* the same */
	char comm[16];
	char head[EXEC_HEAD_SIZE];
};

static void exec_fini(struct exec *x)
{
	exec_args_fini(&x->args);
	if (x->image.file)
		file_put(x->image.file);
	if (x->image.as)
		aspace_put(x->image.as);
	if (x->cred)
		cred_put(x->cred);
	if (x->handles)
		handle_table_put(x->handles);
	if (x->sig)
		signal_state_put(x->sig);
	kfree(x);
}

/* ---- resolve ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * Split "#! interpreter argument" in place. The argument is the whole rest of
 * the line without blanks around it. Return: the interpreter, or NULL: the line
 * is no good (empty, or the interpreter's name may have been cut off).
 */
static char *parse_script_line(char *line, char **arg)
{
	char *end = memchr(line, '\n', SCRIPT_LINE), *name, *at;
	bool cut = !end && !memchr(line, '\0', SCRIPT_LINE);

	if (!end)
		end = line + strnlen(line, SCRIPT_LINE - 1);
	while (end > line + 2 && is_blank(end[-1]))
		end--;
	*end = '\0';
	for (name = line + 2; is_blank(*name); name++)
		;
	for (at = name; *at && !is_blank(*at); at++)
		;
	if (at == name || (cut && !*at))
		return NULL;
	*arg = NULL;
	if (*at) {
		*at++ = '\0';
		while (is_blank(*at))
			at++;
		if (*at)
			*arg = at;
	}
	return name;
}

static int read_head(struct exec *x)
{
	long got;

	memset(x->head, 0, sizeof(x->head));
	got = file_read_kernel(x->image.file, 0, x->head, sizeof(x->head));
	return got < 0 ? (int)got : 0;
}

/*
 * Put the interpreter that x->head names in the place of the script @path; its
 * name goes to @next, which may be @path.
 */
static int follow_script(struct exec *x, const char *path, char next[SCRIPT_LINE])
{
	struct file *file;
	char *arg, *interp = parse_script_line(x->head, &arg);
	int err;

	if (!interp)
		return -ENOEXEC;
	err = exec_args_script(&x->args, interp, arg, path);
	if (!err)
		err = fs_open_exec(AT_FDCWD, interp, 0, &file);
	if (err)
		return err;
	file_put(x->image.file);
	x->image.file = file;
	memcpy(next, interp, strlen(interp) + 1); /* from a line of SCRIPT_LINE */
	return read_head(x);
}

/* Follow #! lines from the open file on. x->head ends up with the ELF's start. */
static int resolve(struct exec *x, const char *path)
{
	char script[SCRIPT_LINE];
	int err = read_head(x);

	for (u32 depth = 0; !err && x->head[0] == '#' && x->head[1] == '!'; depth++) {
		if (depth == SCRIPT_NEST)
			return -ELOOP;
		err = follow_script(x, path, script);
		path = script;
	}
	return err;
}

/* ---- prepare ---- */

static int prepare_cred(struct exec *x)
{
	const struct cred *now = cred_current();
	u32 euid = now->euid, egid = now->egid;

	x->image.cred = now;
	if (current_task()->no_new_privs || !fs_setid(x->image.file, &euid, &egid)) {
		x->image.setid = now->uid != now->euid || now->gid != now->egid;
		return 0;
	}
	x->cred = cred_copy(now);
	if (!x->cred)
		return -ENOMEM;
	x->cred->euid = x->cred->suid = x->cred->fsuid = euid;
	x->cred->egid = x->cred->sgid = x->cred->fsgid = egid;
	x->image.cred = x->cred;
	x->image.setid = x->cred->uid != euid || x->cred->gid != egid;
	return 0;
}

static int prepare_copies(struct exec *x)
{
	struct task *task = current_task();

	if (task->handles_shared) {
		x->handles = handle_table_fork(task->handles);
		if (!x->handles)
			return -ENOMEM;
	}
	if (refcount_read(&task->sig->refs) > 1) {
		x->sig = signal_state_alloc();
		if (!x->sig)
			return -ENOMEM;
	}
	return 0;
}

static int prepare(struct exec *x)
{
	int err = prepare_cred(x);

	if (err)
		return err;
	x->image.as = aspace_create();
	if (!x->image.as)
		return -ENOMEM;
	err = exec_elf_load(&x->image, x->head, &x->args);
	return err ? err : prepare_copies(x);
}

/* ---- take over ---- */

/* End the other threads. Return: 0; -EAGAIN the task is ending, or another thread
 * of it is here already. */
static int end_other_threads(void)
{
	struct task *task = current_task();
	struct signal_state *sig;
	irqflags_t flags;
	int err = 0;

	sig = signal_lock(task, &flags);
	if (task->exiting || task->exec_thread) {
		err = -EAGAIN;
	} else if (task->nr_threads > 1) {
		task->exec_thread = current;
		signal_kill_threads_locked(task, current);
	}
	signal_unlock(sig, flags);
	if (err)
		return err;
	while (atomic_load_acquire(&task->nr_threads) > 1) {
		sched_mark_asleep(false);
		if (atomic_load_acquire(&task->nr_threads) > 1)
			(void)!sched_block(NS_FOREVER);
		sched_mark_awake();
	}
	return 0;
}

/* Alone now: current takes over the number of the process. */
static void become_leader(void)
{
	struct task *task = current_task();
	irqflags_t tree_flags = spin_lock_irq(&task_tree_lock), flags;
	struct signal_state *sig = signal_lock(task, &flags);

	if (current->tid != task->pid)
		thread_rename_locked(current, task->pid);
	task->exec_thread = NULL;
	signal_unlock(sig, flags);
	spin_unlock_irq(&task_tree_lock, tree_flags);
}

/* ---- commit ---- */

static void switch_space(struct exec *x)
{
	struct task *task = current_task();
	struct aspace *old = task->as;
	irqflags_t flags = spin_lock_irq(&task_tree_lock);

	task->as = x->image.as;
	x->image.as = NULL;
	mmu_activate(&task->as->mmu);
	spin_unlock_irq(&task_tree_lock, flags);
	vfork_release(current);
	if (old)
		aspace_put(old);
}

static void commit_task(struct exec *x)
{
	struct task *task = current_task();
	struct file *old_exe = task->exe;
	struct handle_table *old_handles = NULL;
	irqflags_t flags = spin_lock_irq(&task_tree_lock);

	task->exe = x->image.file;
	x->image.file = NULL;
	if (x->handles) {
		old_handles = task->handles;
		task->handles = x->handles;
		task->handles_shared = false;
		x->handles = NULL;
	}
	task->did_exec = true;
	task->exit_signal = SIGCHLD;
	spin_unlock_irq(&task_tree_lock, flags);
	task->dumpable = !x->image.setid;
	task->pdeath_signal = x->cred ? 0 : task->pdeath_signal;
	task->keep_caps = false;
	if (old_exe)
		file_put(old_exe);
	if (old_handles)
		handle_table_put(old_handles);
}

static void commit(struct exec *x)
{
	struct thread *thread = current;
	u64 entry = x->image.entry, sp = x->image.sp;

	thread_release_user_words(thread);
	thread->robust_list = NULL;
	thread->set_child_tid = NULL;
	switch_space(x);
	commit_task(x);
	signal_exec(x->sig);
	x->sig = NULL;
	if (x->cred) {
		cred_commit(x->cred);
		x->cred = NULL;
	}
	handle_table_exec(current_task()->handles);
	memcpy(thread->comm, x->comm, sizeof(thread->comm));
	thread->restart.fn = NULL;
	context_exec(entry, sp);
}

static void name_comm(struct exec *x, const char *path)
{
	const char *slash = strrchr(path, '/');

	snprintf(x->comm, sizeof(x->comm), "%s", slash ? slash + 1 : path);
}

/* From the opened file and the words on. Takes over @x. */
static int exec_run(struct exec *x, const char *path)
{
	int err = resolve(x, path);

	name_comm(x, path);
	if (!err)
		err = prepare(x);
	if (!err)
		err = end_other_threads();
	if (!err) {
		become_leader();
		/* No failure past this point. */
		commit(x);
	}
	exec_fini(x);
	return err;
}

int exec_kernel(const char *path, const char *const *argv, const char *const *envp)
{
	struct exec *x = kzalloc(sizeof(*x), 0);
	int err;

	if (!x)
		return -ENOMEM;
	err = fs_open_exec(AT_FDCWD, path, 0, &x->image.file);
	if (!err)
		err = exec_args_kernel(&x->args, argv, envp, path);
	if (!err)
		return exec_run(x, path);
	exec_fini(x);
	return err;
}

/* The name under which a script finds itself: fexecve has only a descriptor. */
static void script_path(char *buf, int dirfd, const char *path)
{
	if (path[0] == '/' || dirfd == AT_FDCWD)
		return;
	if (path[0]) {
		char copy[256];

		str_copy(copy, path, sizeof(copy));
		snprintf(buf, PATH_SIZE, "/dev/fd/%d/%s", dirfd, copy);
	} else {
		snprintf(buf, PATH_SIZE, "/dev/fd/%d", dirfd);
	}
}

static long exec_user(int dirfd, const char __user *upath, u64 argv, u64 envp, u32 flags)
{
	struct exec *x = kzalloc(sizeof(*x), 0);
	char *path = kmalloc(PATH_SIZE, 0);
	long err = -ENOMEM;

	if (!x || !path)
		goto err_free;
	err = user_copy_string(path, upath, PATH_SIZE);
	if (err < 0)
		goto err_free;
	err = fs_open_exec(dirfd, path, flags, &x->image.file);
	if (err)
		goto err_free;
	script_path(path, dirfd, path);
	err = exec_args_user(&x->args, argv, envp, path);
	if (err)
		goto err_fini;
	err = exec_run(x, path);
	kfree(path);
	return err;

err_fini:
	exec_fini(x);
	x = NULL;
err_free:
	kfree(path);
	kfree(x);
	return err;
}

long sys_execve(const char __user *path, const u64 __user *argv, const u64 __user *envp)
{
	return exec_user(AT_FDCWD, path, (u64)(uintptr_t)argv, (u64)(uintptr_t)envp, 0);
}

long sys_execveat(int dirfd, const char __user *path, const u64 __user *argv,
		  const u64 __user *envp, int flags)
{
	if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	return exec_user(dirfd, path, (u64)(uintptr_t)argv, (u64)(uintptr_t)envp, (u32)flags);
}
