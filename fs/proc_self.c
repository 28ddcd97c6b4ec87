/* SPDX-License-Identifier: MIT */
/*
 * procfs: small files of a process whose content follows from what this kernel is:
 * one user name space, one time name space, no security module that labels.
 * Man user_namespaces(7), time_namespaces(7), proc_pid_attr(5), proc_pid_timerslack_ns(5).
 */
#include "proc_priv.h"

#include <kernel/abi/errno.h>
#include <kernel/lib/parse.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <security/cred.h>

#define SLACK_DEFAULT_NS 50000u

/* The first name space: every id is itself. */
int proc_show_id_map(struct seq *seq, __unused struct proc_inode *pi)
{
	seq_printf(seq, "%10u %10u %10u\n", 0, 0, ~0u);
	return 0;
}

int proc_show_setgroups(struct seq *seq, __unused struct proc_inode *pi)
{
	seq_puts(seq, "allow\n");
	return 0;
}

int proc_show_time_offsets(struct seq *seq, __unused struct proc_inode *pi)
{
	seq_printf(seq, "%-10s %10d %9d\n%-10s %10d %9d\n", "monotonic", 0, 0, "boottime", 0, 0);
	return 0;
}

int proc_show_personality(struct seq *seq, struct proc_inode *pi)
{
	seq_printf(seq, "%08x\n", pi->task->personality);
	return 0;
}

/* Nobody logged in: as loginuid says. */
int proc_show_sessionid(struct seq *seq, __unused struct proc_inode *pi)
{
	seq_puts(seq, "4294967295");
	return 0;
}

/* No module has labels to tell, or to set. */
static int show_attr(__unused struct seq *seq, __unused struct proc_inode *pi)
{
	return -EINVAL;
}

static int store_attr(__unused struct proc_inode *pi, __unused const char *text,
		      __unused size_t len)
{
	return -EINVAL;
}

#define ATTR(name_, mode_) \
	{ .name = (name_), .mode = S_IFREG | (mode_), .show = show_attr, .store = store_attr }

const struct proc_entry proc_attr_children[] = {
	ATTR("current", 0666), ATTR("exec", 0666), ATTR("fscreate", 0666),
	ATTR("keycreate", 0666), ATTR("prev", 0444), ATTR("sockcreate", 0666), { .name = NULL }
};

/* ---- timerslack_ns: of one's own, else with CAP_SYS_NICE ---- */

static struct thread *slack_thread(struct proc_inode *pi, int *err)
{
	struct thread *thread = thread_find(pi->tid ? pi->tid : pi->task->pid);

	*err = thread ? 0 : -ESRCH;
	if (thread && thread != current && !capable(CAP_SYS_NICE)) {
		thread_put(thread);
		*err = -EPERM;
		return NULL;
	}
	return thread;
}

int proc_show_timerslack(struct seq *seq, struct proc_inode *pi)
{
	int err;
	struct thread *thread = slack_thread(pi, &err);

	if (!thread)
		return err;
	seq_printf(seq, "%llu\n", (unsigned long long)(thread->timer_slack_ns ?
						       thread->timer_slack_ns : SLACK_DEFAULT_NS));
	thread_put(thread);
	return 0;
}

int proc_store_timerslack(struct proc_inode *pi, const char *text, size_t len)
{
	struct thread *thread;
	u64 slack;
	int err;

	if (parse_u64(text, len, &slack))
		return -EINVAL;
	thread = slack_thread(pi, &err);
	if (!thread)
		return err;
	thread->timer_slack_ns = slack; /* 0: the default */
	thread_put(thread);
	return 0;
}
