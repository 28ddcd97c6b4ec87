/* SPDX-License-Identifier: MIT */
/*
 * execve(2): the new image is built in an address space of its own, with
 * everything that can fail, while the old program is intact; then the other
 * threads end, and the space and all that goes with it is exchanged.
 *
 *   open, #! lines -> new space: image, stack -> other threads end
 *   ---- no failure past this point ----
 *   space, number, descriptors, signals, credentials, registers
 */
#include <kernel/task/exec.h>

#include <arch/context.h>
#include <arch/mmu.h>
#include <arch/sections.h>
#include <arch/time.h>
#include <kernel/abi/errno.h>
#include <kernel/core/cmdline.h>
#include <kernel/core/faultinject.h>
#include <kernel/core/log.h>
#include <kernel/core/panic.h>
#include <kernel/lib/format.h>
#include <kernel/lib/string.h>
#include <kernel/task/event.h>
#include <kernel/task/fs_hooks.h>
#include <kernel/task/posix_timer.h>
#include <kernel/task/ptrace.h>
#include <kernel/task/rseq.h>
#include <kernel/task/task.h>
#include <kernel/upcall.h>
#include <mm/aspace.h>
#include <mm/kmalloc.h>
#include <mm/pmm.h>
#include <security/cred.h>
#include <security/handle.h>

#include "task_priv.h"

#define PERSONALITY_NO_RANDOMIZE 0x0040000u /* personality(2) ADDR_NO_RANDOMIZE */
#define EXEC_AT_FDCWD (-100)
#define EXEC_AT_EMPTY_PATH 0x1000u

/* All that will be current's once nothing can fail any more. */
struct exec_state {
	struct file *file;           /* what is loaded: the last interpreter of scripts */
	const char *path;            /* AT_EXECFN: what the caller named */
	struct aspace *as;
	struct exec_program prog;
	u64 sp;
	struct cred *cred;           /* NULL: unchanged */
	bool secure;
	struct handle_table *handles; /* private copy of a shared table, or NULL */
	struct signal_state *sig;    /* the same for signal actions */
};

/* ---- scripts ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * Cuts a #! line in @buf into interpreter and argument (NULL: none).
 * Return: 0; -ENOEXEC nothing named, or a name that was cut off.
 */
static int parse_script(char *buf, size_t len, char **interp, char **arg)
{
	char *end = memchr(buf, '\n', len), *p = buf + 2;
	bool cut = !end;

	if (cut)
		end = buf + len;
	while (end > p && is_blank(end[-1]))
		end--;
	while (p < end && is_blank(*p))
		p++;
	if (p == end)
		return -ENOEXEC;
	*end = '\0'; /* the buffer has one byte more than was read */
	*interp = p;
	while (*p && !is_blank(*p))
		p++;
	if (!*p) {
		*arg = NULL;
		return cut && len == EXEC_SCRIPT_MAX ? -ENOEXEC : 0;
	}
	*p++ = '\0';
	while (is_blank(*p))
		p++;
	*arg = *p ? p : NULL;
	return 0;
}

/*
 * While st->file is a script, put its interpreter there and fix the arguments.
 * man execve(2), "Interpreter scripts".
 */
static int resolve_scripts(struct exec_state *st, struct exec_args *args)
{
	char buf[EXEC_SCRIPT_MAX + 1];
	char *interp = NULL, *arg = NULL;

	for (u32 depth = 0;; depth++) {
		char *name = interp ? kstrdup(interp, 0) : NULL;
		struct file *file;
		long n = fs_hook_file_read(st->file, 0, buf, EXEC_SCRIPT_MAX);
		int err = 0;

		if (interp && !name)
			return -ENOMEM;
		if (n < 2 || buf[0] != '#' || buf[1] != '!') {
			kfree(name);
			return n < 0 ? (int)n : 0;
		}
		if (depth == EXEC_NEST_MAX)
			err = -ELOOP;
		if (!err)
			err = parse_script(buf, (size_t)n, &interp, &arg);
		if (!err)
			err = exec_args_script(args, interp, arg, name ? name : st->path);
		kfree(name);
		if (!err)
			err = fs_hook_open_exec(EXEC_AT_FDCWD, interp, 0, &file);
		if (err)
			return err;
		fs_hook_file_put(st->file);
		st->file = file;
	}
}

/* ---- preparation ---- */

static int prepare_cred(struct exec_state *st, struct exec_identity *id)
{
	const struct cred *cred = cred_current();
	u32 euid = cred->euid, egid = cred->egid;
	/* Who is traced does not become somebody else (Linux: unless the tracer is root). */
	bool setid = !current->no_new_privs && !current->ptrace &&
		     fs_hook_setid(st->file, &euid, &egid);
	struct cred *copy;

	/* What was promised for the next program does not go to a more privileged one. */
	if (setid && current->pledge_exec)
		return -EACCES;
	if (setid)
		st->secure = euid != cred->uid || egid != cred->gid;
	else
		st->secure = cred->euid != cred->uid || cred->egid != cred->gid;
	*id = (struct exec_identity){ cred->uid, euid, cred->gid, egid, st->secure };
	copy = cred_copy(cred);
	if (!copy)
		return -ENOMEM;
	/* exec copies the effective ids to the saved ones (credentials(7)). */
	copy->euid = copy->suid = copy->fsuid = euid;
	copy->egid = copy->sgid = copy->fsgid = egid;
	cred_exec_caps(copy);
	st->cred = copy;
	return 0;
}

static int prepare_unshare(struct exec_state *st)
{
	struct task *task = current_task();

	if (task->handles_shared) {
		st->handles = handle_table_fork(task->handles, task->pid);
		if (!st->handles)
			return -ENOMEM;
	}
	if (refcount_read(&task->sig->refs) > 1) {
		st->sig = signal_state_alloc();
		if (!st->sig)
			return -ENOMEM;
	}
	return 0;
}

static int prepare(struct exec_state *st, struct exec_args *args)
{
	bool randomise = !(current_task()->personality & PERSONALITY_NO_RANDOMIZE);
	struct exec_identity id;
	int err = resolve_scripts(st, args);

	if (!err)
		err = prepare_cred(st, &id);
	if (!err)
		err = prepare_unshare(st);
	if (err)
		return err;
	st->as = aspace_create();
	if (!st->as)
		return -ENOMEM;
	err = exec_load(st->file, st->as, randomise, &st->prog);
	if (!err)
		err = exec_stack(st->as, &st->prog, args, st->path, &id, &st->sp);
	return err;
}

static void discard(struct exec_state *st)
{
	if (st->as)
		aspace_put(st->as);
	if (st->cred)
		cred_put(st->cred);
	if (st->handles)
		handle_table_put(st->handles);
	if (st->sig)
		signal_state_put(st->sig);
	fs_hook_file_put(st->file);
}

/* ---- the exchange ---- */

/*
 * End all other threads. Return: 0, current is alone; -EAGAIN current is to
 * end itself (another exec, exit_group or a deadly signal was first).
 */
static int end_other_threads(void)
{
	struct thread *thread = current;
	struct task *task = thread->task;
	irqflags_t flags;
	struct signal_state *sig = signal_lock(task, &flags);
	int err = task->exiting || task->exec_thread ? -EAGAIN : 0;

	if (!err && task->nr_threads > 1) {
		task->exec_thread = thread;
		signal_kill_threads_locked(task, thread);
	}
	signal_unlock(sig, flags);
	if (err || !task->exec_thread)
		return err;
	atomic_store_release(&thread->in_vfork, true); /* deadly signals wake it */
	for (;;) {
		sched_mark_asleep(false);
		if (atomic_load_acquire(&task->nr_threads) == 1)
			break;
		if (atomic_load_acquire(&thread->work) & THREAD_WORK_EXIT) {
			err = -EAGAIN;
			break;
		}
		(void)!sched_block(NS_FOREVER);
	}
	sched_mark_awake();
	atomic_store_release(&thread->in_vfork, false);
	sig = signal_lock(task, &flags);
	task->exec_thread = NULL;
	signal_unlock(sig, flags);
	return err;
}

/* The process keeps its number: the thread that is left takes it over. */
static void take_pid_locked(struct thread *thread)
{
	s32 old = thread->tid;

	if (old == thread->task->pid)
		return;
	thread_rename_locked(thread, thread->task->pid);
	ptrace_exec_rename_locked(thread);
	pid_unuse_locked(old);
}

static void exchange_space(struct exec_state *st)
{
	struct thread *thread = current;
	struct task *task = thread->task;
	struct aspace *old = task->as;
	struct file *old_exe = task->exe;
	const char *slash = strrchr(st->path, '/');
	irqflags_t flags;

	if (old)
		thread_release_user_words(thread);
	flags = spin_lock_irq(&task_tree_lock);
	take_pid_locked(thread);
	task->as = st->as;
	st->as->no_large = task->thp_disable;
	task->exe = st->file;
	task->did_exec = true;
	mmu_activate(&st->as->mmu);
	str_copy(thread->comm, slash ? slash + 1 : st->path, sizeof(thread->comm));
	spin_unlock_irq(&task_tree_lock, flags);
	vfork_release(thread);
	if (old)
		aspace_put(old);
	if (old_exe)
		fs_hook_file_put(old_exe);
}

/* A new program starts with what was promised for it, or with nothing (OpenBSD pledge(2)). */
static void start_promises(struct thread *thread)
{
	thread->pledge = thread->pledge_exec;
	if (thread->pledge_later)
		thread->pledge_exec = thread->pledge_later;
	thread->pledge_later = 0;
	if (thread->pledge)
		atomic_fetch_or(&thread->work, THREAD_WORK_PLEDGE);
	else
		atomic_fetch_and(&thread->work, ~(u32)THREAD_WORK_PLEDGE);
}

static void exchange_rest(struct exec_state *st)
{
	struct thread *thread = current;
	struct task *task = thread->task;

	if (st->handles) {
		struct handle_table *old = task->handles;
		irqflags_t flags = spin_lock_irq(&task_tree_lock);

		task->handles = st->handles;
		task->handles_shared = false;
		spin_unlock_irq(&task_tree_lock, flags);
		handle_table_put(old);
	}
	handle_table_exec(task->handles);
	posix_timer_delete_all(task);
	fs_hook_aio_exit(task);
	signal_exec(st->sig);
	if (st->cred)
		cred_commit(st->cred);
	if (st->secure)
		task->pdeath_signal = 0;
	task->dumpable = !st->secure;
	task->exit_signal = SIGCHLD;
	task->membarrier = 0;
	task->personality &= st->secure ? ~PERSONALITY_NO_RANDOMIZE : ~0u;
	start_promises(thread);
	thread->robust_list = NULL;
	rseq_exec(thread);
	thread->set_child_tid = NULL;
	thread->restart.fn = NULL;
	thread->said_nr = 0;
	context_exec(st->prog.entry, st->sp);
}

int exec_image(int dirfd, const char *path, u32 at_flags, struct exec_args *args)
{
	struct exec_state st = { .path = path };
	char fd_path[32];
	s32 old_tid;
	int err = fs_hook_open_exec(dirfd, path, at_flags, &st.file);

	if (err)
		return err;
	/* What a script can name a descriptor by (execveat(2)). */
	if ((at_flags & EXEC_AT_EMPTY_PATH) && !*path) {
		snprintf(fd_path, sizeof(fd_path), "/dev/fd/%d", dirfd);
		st.path = fd_path;
	}
	err = prepare(&st, args);
	if (!err)
		err = end_other_threads();
	if (err) {
		discard(&st);
		return err;
	}
	/* No failure past this point. */
	old_tid = current->tid;
	exchange_space(&st);
	exchange_rest(&st);
	event_note(EVENT_EXEC, 0, 0);
	ptrace_exec(old_tid);
	return 0;
}

/* ---- process 1 ---- */

static int init_args(struct exec_args *args)
{
	int err = exec_args_add_arg(args, boot_options.init);
	const char *s;

	for (u32 i = 0; !err && (s = cmdline_init_arg(i)); i++)
		err = exec_args_add_arg(args, s);
	if (!err)
		err = exec_args_add_env(args, "HOME=/");
	if (!err)
		err = exec_args_add_env(args, "TERM=linux");
	for (u32 i = 0; !err && (s = cmdline_init_env(i)); i++)
		err = exec_args_add_env(args, s);
	return err;
}

/* What the boot cost. In use is every frame that is not free, the files that
 * were unpacked counted too, and the image, which no zone ever had. */
static void log_boot(void)
{
	struct pmm_stats s;
	u64 frames;

	pmm_stats(NODE_ANY, &s);
	frames = s.total - MIN(s.total, s.free);
	log_info("boot: %llu cycles to user mode; KiB in use %llu, of it files %llu, image %llu",
		 (unsigned long long)(time_cycles() - time_entry_cycles()),
		 (unsigned long long)((frames << PAGE_SHIFT) + kernel_pa_end() -
				      kernel_pa_start()) >> 10,
		 (unsigned long long)(s.cache << PAGE_SHIFT) >> 10,
		 (unsigned long long)(kernel_pa_end() - kernel_pa_start()) >> 10);
}

/* First run of process 1, on its way to a user mode that it does not have yet. */
static void start_init(__unused struct trapframe *tf)
{
	struct exec_args args;
	int err;

	err = fs_hook_console();
	if (err)
		panic("init: cannot open /dev/console (error %d)", -err);
	if (boot_options.kbench)
		upcall_kbench();
	exec_args_init(&args);
	err = init_args(&args);
	if (!err)
		err = exec_image(EXEC_AT_FDCWD, boot_options.init, 0, &args);
	exec_args_fini(&args);
	if (err)
		panic("init: cannot run %s (error %d): is it in the initrd?", boot_options.init,
		      -err);
	log_boot();
}

static struct task *make_init_task(void)
{
	struct task *task = task_alloc(PID_INIT);

	if (!task || pid_reserve(PID_INIT))
		return NULL;
	task->handles = handle_table_create(PID_INIT);
	task->fs = fs_hook_context_root();
	task->sig = signal_state_alloc();
	task->cred = cred_root();
	cred_get(task->cred);
	memcpy(task->rlimits, kernel_task->rlimits, sizeof(task->rlimits));
	task->is_reaper = task->unkillable = true;
	return task->handles && task->fs && task->sig ? task : NULL;
}

void task_start_init(void)
{
	const struct trapframe frame = { .orig_rax = ~0ull };
	struct task *task = make_init_task();
	irqflags_t flags, sigflags;
	struct signal_state *sig;
	struct thread *thread;

	if (!task || thread_alloc(task, PID_INIT, &thread) ||
	    context_init_user(thread, &frame, NULL))
		panic("init: no memory for the first process");
	str_copy(thread->comm, "init", sizeof(thread->comm));
	thread->on_start = start_init;
	thread->work = THREAD_WORK_START;
	flags = spin_lock_irq(&task_tree_lock);
	sig = signal_lock(task, &sigflags);
	thread_link_locked(thread);
	signal_unlock(sig, sigflags);
	/* In group and session 0, as on Linux: it may call setsid(). */
	task_link_locked(task, kernel_task);
	init_task = task;
	spin_unlock_irq(&task_tree_lock, flags);
	thread->fail_alloc = CONFIG_DEBUG && boot_options.fail_nth;
	(void)faultinject_arm(boot_options.fail_nth);
	sched_start(thread);
}
