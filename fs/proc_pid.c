/* SPDX-License-Identifier: MIT */
/*
 * procfs: what there is about a process and its threads. A process may end at
 * any moment: what it has is taken with a reference or found gone, and a file
 * of a zombie says what a zombie's says on Linux.
 */
#include "proc_priv.h"

#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/fs_context.h>
#include <fs/mount.h>
#include <fs/path.h>
#include <fs/tty.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_mman.h>
#include <kernel/core/faultinject.h>
#include <kernel/lib/format.h>
#include <kernel/lib/string.h>
#include <kernel/task/oom.h>
#include <kernel/task/ptrace.h>
#include <kernel/time/clock.h>
#include <mm/aspace.h>
#include <mm/kmalloc.h>
#include <mm/mempolicy.h>
#include <security/cred.h>
#include <security/handle.h>
#include <security/seccomp.h>

#define TICK_NS       (NS_PER_SEC / LINUX_USER_HZ)
#define NAME_COLUMN   73u /* of /proc/PID/maps */
#define NUMBER_MAX    999999999u
#define PF_FLAGS      4194304u /* PF_RANDOMIZE: what stat's flags are in most processes */
#define OOM_DISABLE   (-17) /* oom_adj, the old scale */
#define OOM_ADJUST_MAX 15

typedef unsigned long long ull; /* for printf */

/* ---- what several files need ---- */

/* The thread a file is about, referenced: the one named, else the first. */
static struct thread *get_thread(const struct proc_inode *pi)
{
	struct thread *thread = thread_find(pi->tid ? pi->tid : pi->task->pid);

	if (thread && thread->task == pi->task)
		return thread;
	if (thread)
		thread_put(thread);
	return NULL;
}

struct ids {
	s32 ppid, pgid, sid;
	u32 threads;
	enum task_state state;
};

static void get_ids(struct task *task, struct ids *ids)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);

	ids->ppid = task->parent ? task->parent->pid : 0;
	ids->pgid = task->pgid;
	ids->sid = task->sid;
	ids->threads = task->nr_threads;
	ids->state = task->state;
	spin_unlock_irq(&task_tree_lock, flags);
}

/* State letter of proc(5). */
static char state_of(const struct thread *thread, enum task_state state)
{
	if (state != TASK_ALIVE || !thread)
		return state == TASK_DEAD ? 'X' : 'Z';
	switch (atomic_load_relaxed(&thread->state)) {
	case THREAD_NEW:
	case THREAD_READY:
	case THREAD_RUNNING:
		return 'R';
	case THREAD_SLEEP:
		return 'S';
	case THREAD_BLOCK:
		return 'D';
	case THREAD_STOPPED:
		return 'T';
	case THREAD_TRACED:
		return 't';
	case THREAD_DEAD:
		return 'X';
	}
	return 'R';
}

struct signals {
	u64 thread_pending, task_pending, blocked, ignored, caught;
	u32 queued;
};

static void get_signals(struct task *task, struct thread *thread, struct signals *out)
{
	irqflags_t flags;
	struct signal_state *sig = signal_lock(task, &flags);

	*out = (struct signals){ .task_pending = task->pending.mask, .queued = task->nr_sigqueue };
	if (thread) {
		out->thread_pending = thread->pending.mask;
		out->blocked = thread->blocked;
	}
	for (u32 i = 0; i < ARRAY_SIZE(sig->actions); i++) {
		u64 handler = (u64)sig->actions[i].sa_handler;

		if (handler == (u64)LINUX_SIG_IGN)
			out->ignored |= BIT(i);
		else if (handler != (u64)LINUX_SIG_DFL)
			out->caught |= BIT(i);
	}
	signal_unlock(sig, flags);
}

/* ---- stat, statm, status ---- */

static void show_stat_memory(struct seq *seq, struct aspace *as)
{
	seq_printf(seq, "%llu %llu %llu %llu %llu %llu 0 0 ", (ull)as->mapped_bytes,
		   (ull)atomic_load_relaxed(&as->resident), (ull)RLIM64_INFINITY,
		   (ull)as->code_start, (ull)as->code_end, (ull)as->stack_top);
}

static int show_stat(struct seq *seq, struct proc_inode *pi)
{
	struct task *task = pi->task;
	struct thread *thread = get_thread(pi);
	struct aspace *as = task_aspace(task);
	struct task_usage usage, child;
	struct signals sig;
	struct ids ids;
	u64 dev;
	s32 front;

	get_ids(task, &ids);
	get_signals(task, thread, &sig);
	tty_numbers(task, &dev, &front);
	if (pi->tid && thread)
		task_usage_thread(thread, &usage);
	else
		task_usage_now(task, &usage);
	child = task->child_usage;
	seq_printf(seq, "%d (%s) %c %d %d %d %llu %d %u ", pi->tid ? pi->tid : task->pid,
		   thread ? thread->comm : task->comm, state_of(thread, ids.state), ids.ppid,
		   ids.pgid, ids.sid, (ull)dev, front, PF_FLAGS);
	seq_printf(seq, "%llu %llu %llu %llu %llu %llu %llu %llu ", (ull)usage.minor_faults,
		   (ull)child.minor_faults, (ull)usage.major_faults, (ull)child.major_faults,
		   (ull)(usage.user_ns / TICK_NS), (ull)(usage.system_ns / TICK_NS),
		   (ull)(child.user_ns / TICK_NS), (ull)(child.system_ns / TICK_NS));
	seq_printf(seq, "%d %d %u 0 %llu ",
		   thread && thread->sched.rt_priority ? -1 - thread->sched.rt_priority
						       : 20 + (thread ? thread->sched.nice : 0),
		   thread ? thread->sched.nice : 0, ids.threads, (ull)(task->start_ns / TICK_NS));
	if (as)
		show_stat_memory(seq, as);
	else
		seq_printf(seq, "0 0 %llu 0 0 0 0 0 ", (ull)RLIM64_INFINITY);
	/* Only the 31 signals that fit the format's idea of a mask. */
	seq_printf(seq, "%llu %llu %llu %llu 0 0 0 17 %u %u %u 0 0 0 ",
		   (ull)((sig.thread_pending | sig.task_pending) & INT32_MAX),
		   (ull)(sig.blocked & INT32_MAX), (ull)(sig.ignored & INT32_MAX),
		   (ull)(sig.caught & INT32_MAX), thread ? thread->cpu : 0,
		   thread ? thread->sched.rt_priority : 0, thread ? thread->sched.policy : 0);
	if (as && proc_may_access(task))
		seq_printf(seq, "%llu %llu %llu %llu %llu %llu %llu %d\n", (ull)as->code_end,
			   (ull)as->brk_start, (ull)as->brk_start, (ull)as->arg_start,
			   (ull)as->arg_end, (ull)as->env_start, (ull)as->env_end,
			   task->exit_status);
	else
		seq_puts(seq, "0 0 0 0 0 0 0 0\n");
	if (as)
		aspace_put(as);
	if (thread)
		thread_put(thread);
	return 0;
}

static int show_statm(struct seq *seq, struct proc_inode *pi)
{
	struct aspace *as = task_aspace(pi->task);
	ull size = 0, resident = 0, text = 0;

	if (as) {
		size = as->mapped_bytes / PAGE_SIZE;
		resident = atomic_load_relaxed(&as->resident);
		text = (as->code_end - as->code_start + PAGE_SIZE - 1) / PAGE_SIZE;
		aspace_put(as);
	}
	seq_printf(seq, "%llu %llu 0 %llu 0 %llu 0\n", size, resident, text,
		   size > text ? size - text : 0);
	return 0;
}

static const char *state_word(char letter)
{
	switch (letter) {
	case 'R':
		return "R (running)";
	case 'S':
		return "S (sleeping)";
	case 'D':
		return "D (disk sleep)";
	case 'T':
		return "T (stopped)";
	case 't':
		return "t (tracing stop)";
	case 'Z':
		return "Z (zombie)";
	default:
		return "X (dead)";
	}
}

static void show_cred(struct seq *seq, struct task *task)
{
	struct cred *cred = task_cred(task);

	seq_printf(seq, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", cred->uid, cred->euid,
		   cred->suid, cred->fsuid, cred->gid, cred->egid, cred->sgid, cred->fsgid);
	seq_puts(seq, "FDSize:\t64\nGroups:\t");
	for (u32 i = 0; i < cred->nr_groups; i++)
		seq_printf(seq, "%u ", cred->groups[i]);
	seq_puts(seq, cred->nr_groups ? "\n" : " \n");
	cred_put(cred);
}

static void show_memory(struct seq *seq, struct aspace *as, struct task *task)
{
	ull size = as->mapped_bytes / 1024;
	ull rss = atomic_load_relaxed(&as->resident) * (PAGE_SIZE / 1024);
	ull text = (as->code_end - as->code_start + 1023) / 1024;
	struct task_usage usage;

	task_usage_now(task, &usage);
	seq_printf(seq, "VmPeak:\t%8llu kB\nVmSize:\t%8llu kB\nVmLck:\t%8llu kB\n"
		   "VmPin:\t%8u kB\nVmHWM:\t%8llu kB\nVmRSS:\t%8llu kB\nRssAnon:\t%8llu kB\n"
		   "RssFile:\t%8u kB\nRssShmem:\t%8u kB\nVmData:\t%8llu kB\nVmStk:\t%8u kB\n"
		   "VmExe:\t%8llu kB\nVmLib:\t%8u kB\nVmPTE:\t%8u kB\nVmSwap:\t%8u kB\n",
		   size, size, (ull)(as->locked_bytes / 1024), 0, (ull)usage.max_rss_kib, rss, rss,
		   0, 0, size > text ? size - text : 0, 0, text, 0, 0, 0);
}

static void show_cpus(struct seq *seq, const struct thread *thread)
{
	u64 online = 0, mask;

	for (u32 i = 0; i < 64 && i < nr_cpus_online; i++)
		online |= BIT(i);
	mask = thread->sched.affinity[0] & online;
	seq_printf(seq, "Cpus_allowed:\t%llx\nCpus_allowed_list:\t", (ull)mask);
	for (u32 i = 0, n = 0; i < 64; i++) {
		u32 first = i;

		if (!(mask & BIT(i)))
			continue;
		while (i < 63 && (mask & BIT(i + 1)))
			i++;
		seq_printf(seq, "%s%u", n++ ? "," : "", first);
		if (i > first)
			seq_printf(seq, "-%u", i);
	}
	seq_puts(seq, "\n");
}

/* All that have memory: libnuma counts the bits to know how large masks are. */
static void show_nodes_allowed(struct seq *seq)
{
	u16 nodes = mempolicy_memory_nodes();
	const char *comma = "";

	seq_printf(seq, "Mems_allowed:\t%08x\nMems_allowed_list:\t", nodes);
	for (u32 i = 0; i < NR_NODES; i++) {
		u32 first = i;

		if (!(nodes & BIT(i)))
			continue;
		while (i + 1 < NR_NODES && (nodes & BIT(i + 1)))
			i++;
		seq_printf(seq, first == i ? "%s%u" : "%s%u-%u", comma, first, i);
		comma = ",";
	}
	seq_putc(seq, '\n');
}

static void show_thread_status(struct seq *seq, struct proc_inode *pi, struct thread *thread)
{
	struct task *task = pi->task;
	struct aspace *as = task_aspace(task);
	struct fs_context *fs = task_fs(task);
	struct ids ids;
	s32 pid = pi->tid ? pi->tid : task->pid;

	get_ids(task, &ids);
	seq_printf(seq, "Name:\t%s\n", thread ? thread->comm : task->comm);
	if (fs) {
		seq_printf(seq, "Umask:\t%04o\n", fs_context_umask_of(fs));
		fs_context_put(fs);
	}
	seq_printf(seq, "State:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t%d\n",
		   state_word(state_of(thread, ids.state)), task->pid, pid, ids.ppid,
		   thread ? ptrace_tracer_of(thread) : 0);
	show_cred(seq, task);
	seq_printf(seq, "NStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\nKthread:\t%d\n",
		   task->pid, pid, ids.pgid, ids.sid, task == kernel_task);
	if (as) {
		show_memory(seq, as, task);
		aspace_put(as);
	}
	seq_printf(seq, "CoreDumping:\t0\nThreads:\t%u\n", ids.threads);
}

static int show_status(struct seq *seq, struct proc_inode *pi)
{
	struct task *task = pi->task;
	struct thread *thread = get_thread(pi);
	struct cred *cred = task_cred(task);
	const struct seccomp_filter *filter = NULL;
	struct task_usage usage = { 0 };
	struct signals sig;

	if (thread)
		filter = atomic_load_acquire(&thread->seccomp);
	show_thread_status(seq, pi, thread);
	get_signals(task, thread, &sig);
	seq_printf(seq, "SigQ:\t%u/%llu\nSigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\n"
		   "SigIgn:\t%016llx\nSigCgt:\t%016llx\n", sig.queued,
		   (ull)task->rlimits[RLIMIT_SIGPENDING].rlim_cur, (ull)sig.thread_pending,
		   (ull)sig.task_pending, (ull)sig.blocked, (ull)sig.ignored, (ull)sig.caught);
	seq_printf(seq, "CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\nCapBnd:\t%016llx\n"
		   "CapAmb:\t%016llx\nNoNewPrivs:\t%d\nSeccomp:\t%d\nSeccomp_filters:\t%u\n",
		   (ull)cred->cap_inheritable, (ull)cred->cap_permitted, (ull)cred->cap_effective,
		   (ull)cred->cap_bounding, (ull)cred->cap_ambient,
		   thread && thread->no_new_privs, seccomp_filter_mode(filter),
		   filter ? filter->depth : 0);
	cred_put(cred);
	if (thread) {
		task_usage_thread(thread, &usage);
		show_cpus(seq, thread);
		thread_put(thread);
	}
	show_nodes_allowed(seq);
	seq_printf(seq, "voluntary_ctxt_switches:\t%llu\n"
		   "nonvoluntary_ctxt_switches:\t%llu\n", (ull)usage.switches_voluntary,
		   (ull)usage.switches_involuntary);
	return 0;
}

/* ---- memory: cmdline, environ, auxv, maps ---- */

static int show_range(struct seq *seq, struct aspace *as, u64 start, u64 end)
{
	char *page = kmalloc(PAGE_SIZE, 0);

	if (!page)
		return -ENOMEM;
	while (start < end) {
		long n = aspace_access(as, start, page, (size_t)MIN(end - start, (u64)PAGE_SIZE),
				       false);

		if (n <= 0)
			break;
		seq_write(seq, page, (size_t)n);
		start += (u64)n;
	}
	kfree(page);
	return 0;
}

static int show_cmdline(struct seq *seq, struct proc_inode *pi)
{
	struct aspace *as = task_aspace(pi->task);
	int err;

	if (!as)
		return 0;
	err = show_range(seq, as, as->arg_start, as->arg_end);
	/* A program that wrote over its arguments' last NUL goes on in the
	 * environment (setproctitle(3)), up to the next one. */
	if (!err && seq->len && seq->buf[seq->len - 1]) {
		size_t title = strnlen(seq->buf, seq->len);

		if (title < seq->len) {
			seq->len = title + 1;
		} else {
			err = show_range(seq, as, as->env_start, as->env_end);
			seq->len = MIN(seq->len, strnlen(seq->buf, seq->len) + 1);
		}
	}
	aspace_put(as);
	return err;
}

static int show_environ(struct seq *seq, struct proc_inode *pi)
{
	struct aspace *as = task_aspace(pi->task);
	int err = 0;

	if (as) {
		err = show_range(seq, as, as->env_start, as->env_end);
		aspace_put(as);
	}
	return err;
}

static int show_auxv(struct seq *seq, struct proc_inode *pi)
{
	struct aspace *as = task_aspace(pi->task);
	u32 n = 0;

	if (!as)
		return 0;
	while (n + 2 < ARRAY_SIZE(as->auxv) && as->auxv[n])
		n += 2;
	seq_write(seq, as->auxv, (n + 2) * sizeof(as->auxv[0]));
	aspace_put(as);
	return 0;
}

static const char *region_name(const struct region_info *info, char *buf)
{
	if (info->file)
		return file_path(info->file, buf, PATH_MAX);
	if (info->flags & REGION_STACK)
		return "[stack]";
	if (info->flags & REGION_VDSO)
		return "[vdso]";
	if (info->flags & REGION_VVAR)
		return "[vvar]";
	return info->flags & REGION_HEAP ? "[heap]" : NULL;
}

void proc_show_region(struct seq *seq, const struct region_info *info, char *buf)
{
	const struct inode *inode = info->file ? info->file->inode : NULL;
	u64 dev = inode ? inode->sb->dev : 0;
	const char *name = region_name(info, buf);
	size_t start = seq->len;

	seq_printf(seq, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu ", (ull)info->start,
		   (ull)info->end, info->prot & PROT_READ ? 'r' : '-',
		   info->prot & PROT_WRITE ? 'w' : '-', info->prot & PROT_EXEC ? 'x' : '-',
		   info->flags & REGION_SHARED ? 's' : 'p', (ull)info->offset,
		   linux_dev_major(dev), linux_dev_minor(dev), (ull)(inode ? inode->ino : 0));
	if (name) {
		while (!seq->failed && seq->len - start < NAME_COLUMN)
			seq_putc(seq, ' ');
		seq_puts(seq, name);
	}
	seq_putc(seq, '\n');
}

static int show_maps(struct seq *seq, struct proc_inode *pi)
{
	struct aspace *as = task_aspace(pi->task);
	struct region_info info;
	char *buf;
	u64 va = 0;

	if (!as)
		return 0;
	buf = kmalloc(PATH_MAX, 0);
	while (buf && !seq->failed && aspace_region_at(as, va, &info)) {
		proc_show_region(seq, &info, buf);
		if (info.file)
			file_put(info.file);
		va = info.end;
	}
	kfree(buf);
	aspace_put(as);
	return buf ? 0 : -ENOMEM;
}

/* ---- small ones ---- */

/* Linux's word for "nobody logged in": getlogin(3) asks for it before the terminal. */
static int show_loginuid(struct seq *seq, __unused struct proc_inode *pi)
{
	seq_puts(seq, "4294967295");
	return 0;
}

static int show_comm(struct seq *seq, struct proc_inode *pi)
{
	struct thread *thread = get_thread(pi);

	if (!thread)
		return -ESRCH;
	seq_printf(seq, "%s\n", thread->comm);
	thread_put(thread);
	return 0;
}

static int store_comm(struct proc_inode *pi, const char *text, size_t len)
{
	struct thread *thread;

	if (pi->task != current_task())
		return -EINVAL;
	thread = get_thread(pi);
	if (!thread)
		return -ESRCH;
	len = MIN(len, sizeof(thread->comm) - 1);
	memcpy(thread->comm, text, len);
	memset(thread->comm + len, 0, sizeof(thread->comm) - len);
	thread_put(thread);
	return 0;
}

static void show_limit(struct seq *seq, u64 value)
{
	if (value == RLIM64_INFINITY)
		seq_printf(seq, "%-20s ", "unlimited");
	else
		seq_printf(seq, "%-20llu ", (ull)value);
}

static int show_limits(struct seq *seq, struct proc_inode *pi)
{
	static const struct {
		const char *name, *unit;
	} rows[RLIM_NLIMITS] = {
		[RLIMIT_CPU] = { "Max cpu time", "seconds" },
		[RLIMIT_FSIZE] = { "Max file size", "bytes" },
		[RLIMIT_DATA] = { "Max data size", "bytes" },
		[RLIMIT_STACK] = { "Max stack size", "bytes" },
		[RLIMIT_CORE] = { "Max core file size", "bytes" },
		[RLIMIT_RSS] = { "Max resident set", "bytes" },
		[RLIMIT_NPROC] = { "Max processes", "processes" },
		[RLIMIT_NOFILE] = { "Max open files", "files" },
		[RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" },
		[RLIMIT_AS] = { "Max address space", "bytes" },
		[RLIMIT_LOCKS] = { "Max file locks", "locks" },
		[RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
		[RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" },
		[RLIMIT_NICE] = { "Max nice priority", "" },
		[RLIMIT_RTPRIO] = { "Max realtime priority", "" },
		[RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
	};

	seq_printf(seq, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (u32 i = 0; i < RLIM_NLIMITS; i++) {
		struct linux_rlimit64 limit = pi->task->rlimits[i];

		seq_printf(seq, "%-25s ", rows[i].name);
		show_limit(seq, limit.rlim_cur);
		show_limit(seq, limit.rlim_max);
		seq_printf(seq, "%-10s\n", rows[i].unit);
	}
	return 0;
}

static int show_mounts(struct seq *seq, struct proc_inode *pi)
{
	struct fs_context *fs = task_fs(pi->task);
	struct path root;

	if (!fs)
		return -EINVAL;
	fs_context_get_root(fs, &root);
	if (!strcmp(pi->entry->name, "mountinfo"))
		mount_show_info(seq, &root);
	else
		mount_show(seq, &root);
	path_put(&root);
	fs_context_put(fs);
	return 0;
}

static int show_cgroup(struct seq *seq, __unused struct proc_inode *pi)
{
	seq_puts(seq, "0::/\n");
	return 0;
}

static int show_wchan(struct seq *seq, __unused struct proc_inode *pi)
{
	seq_putc(seq, '0'); /* what Linux says to who may not see kernel addresses */
	return 0;
}

/* From 0 to 2000 * 2/3, as Linux 6.1's proc_oom_score() scales its points. */
static int show_oom_score(struct seq *seq, struct proc_inode *pi)
{
	s64 points = oom_points(pi->task), score = 0;
	struct pmm_stats stats;

	pmm_stats(NODE_ANY, &stats);
	if (points != OOM_NEVER)
		score = (1000 + points * 1000 / (s64)MAX(stats.total, 1ull)) * 2 / 3;
	seq_printf(seq, "%lld\n", (long long)MAX(score, (s64)0));
	return 0;
}

static int show_oom_score_adj(struct seq *seq, struct proc_inode *pi)
{
	seq_printf(seq, "%d\n", atomic_load_relaxed(&pi->task->oom_score_adj));
	return 0;
}

static int show_oom_adj(struct seq *seq, struct proc_inode *pi)
{
	s32 adj = atomic_load_relaxed(&pi->task->oom_score_adj);

	seq_printf(seq, "%d\n", adj == OOM_ADJ_MAX ? OOM_ADJUST_MAX
						   : adj * -OOM_DISABLE / OOM_ADJ_MAX);
	return 0;
}

/* A number of at most @digits decimal digits and nothing else. False: it is not. */
static bool parse_number(const char *text, size_t len, size_t digits, u32 *out)
{
	if (!len || len > digits)
		return false;
	for (*out = 0; len; text++, len--) {
		if (*text < '0' || *text > '9')
			return false;
		*out = *out * 10 + (u32)(*text - '0');
	}
	return true;
}

static int store_oom_score_adj(struct proc_inode *pi, const char *text, size_t len)
{
	bool negative = len && *text == '-';
	s32 value;
	bool old_scale = !strcmp(pi->entry->name, "oom_adj");
	u32 size;

	if (!proc_may_access(pi->task))
		return -EACCES;
	if (!parse_number(text + negative, len - negative, 4, &size))
		return -EINVAL;
	value = negative ? -(s32)size : (s32)size;
	if (old_scale) {
		if (value < OOM_DISABLE || value > OOM_ADJUST_MAX)
			return -EINVAL;
		value = value == OOM_ADJUST_MAX ? OOM_ADJ_MAX : value * OOM_ADJ_MAX / -OOM_DISABLE;
	}
	if (value < OOM_ADJ_MIN || value > OOM_ADJ_MAX)
		return -EINVAL;
	/* Only root makes a process less likely to be chosen. */
	if (value < atomic_load_relaxed(&pi->task->oom_score_adj) &&
	    !capable(CAP_SYS_RESOURCE))
		return -EACCES;
	atomic_store_relaxed(&pi->task->oom_score_adj, value);
	return 0;
}

/*
 * fail-nth, debug builds, for root: N lets the Nth allocation from now on fail that
 * the writer or a thread it makes makes; 0 ends that. Reads give how many are to
 * come before; 0: it has happened.
 */
__unused static int show_fail_nth(struct seq *seq, __unused struct proc_inode *pi)
{
	seq_printf(seq, "%u\n", atomic_load_relaxed(&faultinject_left));
	return 0;
}

__unused static int store_fail_nth(struct proc_inode *pi, const char *text, size_t len)
{
	u32 nth;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (pi->task != current->task || !parse_number(text, len, 9, &nth))
		return -EINVAL;
	current->fail_alloc = nth != 0;
	(void)faultinject_arm(nth);
	return 0;
}

/* ---- links: exe, cwd, root ---- */

static int follow_exe(struct proc_inode *pi, struct path *out)
{
	struct file *exe = task_exe(pi->task);

	if (!exe)
		return -ENOENT;
	*out = (struct path){ exe->mount, exe->dentry };
	path_get(out);
	file_put(exe);
	return 0;
}

static int follow_dir(struct proc_inode *pi, struct path *out)
{
	struct fs_context *fs = task_fs(pi->task);

	if (!fs)
		return -ENOENT;
	if (pi->entry->name[0] == 'c')
		fs_context_get_cwd(fs, out);
	else
		fs_context_get_root(fs, out);
	fs_context_put(fs);
	return 0;
}

/* ---- task/, and the root's processes ---- */

static bool find_thread(struct proc_inode *dir, u32 number, struct proc_inode *child)
{
	struct thread *thread = thread_find((s32)number);
	bool ours = thread && thread->task == dir->task;

	if (thread)
		thread_put(thread);
	child->tid = (s32)number;
	return ours;
}

static bool next_thread(struct proc_inode *dir, u32 *number)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	u32 best = NUMBER_MAX;
	struct thread *thread;

	LIST_FOR_EACH(thread, &dir->task->threads, task_link)
		if ((u32)thread->tid >= *number && (u32)thread->tid < best)
			best = (u32)thread->tid;
	spin_unlock_irq(&task_tree_lock, flags);
	*number = best;
	return best != NUMBER_MAX;
}

static bool find_pid(__unused struct proc_inode *dir, u32 number, struct proc_inode *child)
{
	child->task = number ? task_find((s32)number) : NULL;
	return child->task != NULL;
}

static bool next_pid(__unused struct proc_inode *dir, u32 *number)
{
	struct task *task = task_next((s32)MAX(*number, 1u));

	if (!task)
		return false;
	*number = (u32)task->pid;
	task_put(task);
	return true;
}

/* ---- the tables ---- */

#define FILE(name_, show_)    { .name = (name_), .mode = S_IFREG | 0444, .show = (show_) }
#define GUARDED(name_, mode_, show_) \
	{ .name = (name_), .mode = S_IFREG | (mode_), .guarded = true, .show = (show_) }
#define MAGIC(name_, follow_) \
	{ .name = (name_), .mode = S_IFLNK | 0777, .guarded = true, .follow = (follow_) }
#define END                   { .name = NULL }
#if CONFIG_DEBUG
#define DEBUG_ENTRIES                                                                     \
	, { .name = "fail-nth", .mode = S_IFREG | 0600, .show = show_fail_nth,            \
	    .store = store_fail_nth }
#else
#define DEBUG_ENTRIES
#endif

/* What a process and each of its threads have. */
#define COMMON_ENTRIES                                                                    \
	{ .name = "fd", .mode = S_IFDIR | 0500, .numbers = &proc_fd_dir },                     \
	{ .name = "fdinfo", .mode = S_IFDIR | 0555, .numbers = &proc_fdinfo_dir },             \
	MAGIC("exe", follow_exe), MAGIC("cwd", follow_dir), MAGIC("root", follow_dir),    \
	FILE("stat", show_stat), FILE("statm", show_statm), FILE("status", show_status),  \
	FILE("cmdline", show_cmdline), FILE("limits", show_limits),                       \
	FILE("mounts", show_mounts), FILE("mountinfo", show_mounts),                      \
	{ .name = "net", .mode = S_IFDIR | 0555, .children = proc_net_children },         \
	{ .name = "ns", .mode = S_IFDIR | 0511, .children = proc_ns_children },           \
	FILE("cgroup", show_cgroup), FILE("wchan", show_wchan),                           \
	FILE("loginuid", show_loginuid),                                                  \
	GUARDED("sandbox", 0400, proc_show_sandbox),                                      \
	FILE("oom_score", show_oom_score), GUARDED("environ", 0400, show_environ),        \
	GUARDED("auxv", 0400, show_auxv), GUARDED("maps", 0444, show_maps),               \
	GUARDED("smaps", 0444, proc_show_smaps),                                          \
	GUARDED("smaps_rollup", 0444, proc_show_smaps_rollup),                            \
	GUARDED("numa_maps", 0444, proc_show_numa_maps),                                  \
	{ .name = "pagemap", .mode = S_IFREG | 0400, .guarded = true,                     \
	  .fops = &proc_pagemap_fops, .open = proc_pagemap_open },                        \
	{ .name = "attr", .mode = S_IFDIR | 0555, .children = proc_attr_children },       \
	FILE("uid_map", proc_show_id_map), FILE("gid_map", proc_show_id_map),             \
	FILE("projid_map", proc_show_id_map), FILE("setgroups", proc_show_setgroups),     \
	GUARDED("personality", 0400, proc_show_personality),                              \
	FILE("sessionid", proc_show_sessionid),                                           \
	{ .name = "mem", .mode = S_IFREG | 0600, .guarded = true, .fops = &proc_mem_fops }, \
	{ .name = "comm", .mode = S_IFREG | 0644, .show = show_comm, .store = store_comm }, \
	{ .name = "oom_score_adj", .mode = S_IFREG | 0644, .show = show_oom_score_adj,    \
	  .store = store_oom_score_adj },                                                 \
	{ .name = "oom_adj", .mode = S_IFREG | 0644, .show = show_oom_adj,                \
	  .store = store_oom_score_adj } DEBUG_ENTRIES

static const struct proc_entry thread_children[] = { COMMON_ENTRIES, END };
static const struct proc_entry thread_entry = {
	.name = "task", .mode = S_IFDIR | 0555, .children = thread_children,
};
static const struct proc_dir thread_dir = { &thread_entry, find_thread, next_thread, NULL };

const struct proc_entry proc_pid_children[] = {
	{ .name = "task", .mode = S_IFDIR | 0555, .numbers = &thread_dir },
	FILE("timens_offsets", proc_show_time_offsets),
	{ .name = "timerslack_ns", .mode = S_IFREG | 0666, .show = proc_show_timerslack,
	  .store = proc_store_timerslack },
	COMMON_ENTRIES, END
};
static const struct proc_entry pid_entry = {
	.name = "pid", .mode = S_IFDIR | 0555, .children = proc_pid_children,
};
const struct proc_dir proc_pids = { &pid_entry, find_pid, next_pid, NULL };
