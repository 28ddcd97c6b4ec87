/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/sandbox: what the kernel enforces on a process, one word and its value a
 * line, from the data that the checks use:
 *
 *   pledge stdio rpath          promises; no such line: none were made
 *   execpledge stdio            for the next program
 *   laterpledge stdio           for the one after it, if that differs
 *   seccomp filter 2            mode, and how many filters
 *   no_new_privs 1
 *   unveil locked               then a line for each rule
 *   unveil rx /usr/bin
 */
#include "proc_priv.h"

#include <arch/atomic.h>
#include <fs/fs_context.h>
#include <fs/path.h>
#include <fs/unveil.h>
#include <kernel/abi/errno.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>
#include <security/pledge.h>
#include <security/seccomp.h>

static void show_promises(struct seq *seq, const char *word, u64 promises)
{
	char words[256];

	if (!promises)
		return;
	pledge_text(promises, words, sizeof(words));
	seq_printf(seq, "%s%s%s%s\n", word, words[0] ? " " : "", words,
		   promises & PLEDGE_LEARN ? " learn" : "");
}

static void show_rule(struct seq *seq, const struct unveil *veil, u32 n, char *buf)
{
	const struct path root = { mount_root(), mount_root()->root };
	struct path dir;
	const char *name, *text;
	bool unreachable;
	u32 perms;

	unveil_rule(veil, n, &dir, &name, &perms);
	text = path_string(&dir, &root, buf, PATH_MAX, &unreachable);
	if (!text)
		return;
	seq_printf(seq, "unveil %s%s%s%s%s %s%s%s\n", perms & PATH_READ ? "r" : "",
		   perms & PATH_WRITE ? "w" : "", perms & PATH_EXEC ? "x" : "",
		   perms & PATH_CREATE ? "c" : "", perms ? "" : "-", text,
		   name && text[1] ? "/" : "", name ? name : "");
}

static int show_veil(struct seq *seq, struct task *task)
{
	struct fs_context *fs = task_fs(task);
	struct unveil *veil;
	bool locked;
	char *buf;

	if (!fs)
		return 0;
	veil = fs_context_get_veil(fs, &locked);
	fs_context_put(fs);
	if (locked)
		seq_printf(seq, "unveil locked\n");
	if (!veil)
		return 0;
	buf = kmalloc(PATH_MAX, 0);
	for (u32 i = 0; buf && i < unveil_count(veil); i++)
		show_rule(seq, veil, i, buf);
	unveil_put(veil);
	if (!buf)
		return -ENOMEM;
	kfree(buf);
	return 0;
}

int proc_show_sandbox(struct seq *seq, struct proc_inode *pi)
{
	static const char *const modes[] = { "off", "strict", "filter" };
	struct thread *thread = thread_find(pi->task->pid);
	const struct seccomp_filter *filter;

	if (thread) {
		filter = atomic_load_acquire(&thread->seccomp);
		show_promises(seq, "pledge", atomic_load_relaxed(&thread->pledge));
		show_promises(seq, "execpledge", atomic_load_relaxed(&thread->pledge_exec));
		show_promises(seq, "laterpledge", atomic_load_relaxed(&thread->pledge_later));
		seq_printf(seq, "seccomp %s %u\nno_new_privs %d\n",
			   modes[seccomp_filter_mode(filter)], filter ? filter->depth : 0,
			   thread->no_new_privs);
		thread_put(thread);
	}
	return show_veil(seq, pi->task);
}
