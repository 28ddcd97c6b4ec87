/* SPDX-License-Identifier: MIT */
/*
 * wait4(2) and waitid(2): look at the children under task_tree_lock; whoever
 * takes a zombie out of the tree frees it. A child that changes wakes
 * child_wait after the change, so looking again after each wake loses nothing.
 */
#include <kernel/task/wait.h>

#include <kernel/abi/errno.h>
#include <kernel/abi/linux_wait.h>
#include <kernel/task/ptrace.h>
#include <security/cred.h>

#include "task_priv.h"

static bool eligible(const struct task *child, const struct wait_request *req)
{
	if (req->which == P_PID && child->pid != req->id)
		return false;
	if (req->which == P_PIDFD && child != req->task)
		return false;
	if (req->which == P_PGID && child->pgid != req->id)
		return false;
	/* "Clone children" signal something else than SIGCHLD (wait(2)). */
	if (!(req->options & __WALL) &&
	    (child->exit_signal != SIGCHLD) != !!(req->options & (int)__WCLONE))
		return false;
	return true;
}

static void describe(const struct task *child, int code, int status, struct wait_result *out)
{
	*out = (struct wait_result){ .pid = child->pid, .uid = child->cred->uid, .code = code,
				     .status = status };
	out->usage = child->usage;
	task_usage_add(&out->usage, &child->child_usage);
}

/* A stop or continuation that was not told yet; takes it unless WNOWAIT. */
static bool take_job_change_locked(struct task *child, const struct wait_request *req,
				   struct wait_result *out)
{
	irqflags_t flags;
	struct signal_state *sig = signal_lock(child, &flags);
	bool keep = req->options & WNOWAIT;
	bool found = true;

	/* A tracer hears of stops as those of its thread. */
	if ((req->options & WSTOPPED) && !ptrace_is_own_locked(child) && child->stopped &&
	    !child->stop_reported) {
		child->stop_reported = !keep;
		describe(child, CLD_STOPPED, linux_wait_stopped(child->stop_signo), out);
	} else if ((req->options & WCONTINUED) && child->continued) {
		child->continued = keep;
		describe(child, CLD_CONTINUED, LINUX_WAIT_CONTINUED, out);
	} else {
		found = false;
	}
	signal_unlock(sig, flags);
	return found;
}

/* Return: 1 found, *dead is to be put if not NULL; 0 none now; -ECHILD. */
static int look(const struct wait_request *req, struct wait_result *out, struct task **dead)
{
	struct task *self = current_task(), *child;
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	int ret = -ECHILD;

	*dead = NULL;
	LIST_FOR_EACH(child, &self->children, sibling) {
		if (!eligible(child, req))
			continue;
		ret = 0;
		if (child->state == TASK_ZOMBIE && child->traced_zombie)
			continue; /* later: its tracer waits first */
		if (child->state == TASK_ZOMBIE && (req->options & WEXITED)) {
			int status = child->exit_status;

			describe(child, (status & 0x7f) ? CLD_KILLED : CLD_EXITED, status, out);
			if (!(req->options & WNOWAIT)) {
				task_usage_add(&self->child_usage, &out->usage);
				task_release_locked(child);
				*dead = child;
			}
			ret = 1;
			break;
		}
		if (child->state == TASK_ALIVE && take_job_change_locked(child, req, out)) {
			ret = 1;
			break;
		}
	}
	if (ret != 1) {
		int traced = ptrace_wait_locked(req, out, dead);

		if (traced != -ECHILD)
			ret = traced;
	}
	spin_unlock_irq(&task_tree_lock, flags);
	return ret;
}

int task_wait(const struct wait_request *req, struct wait_result *out)
{
	struct task *dead;
	int err = 0, ret = look(req, out, &dead);

	while (!ret && !err && !(req->options & WNOHANG)) {
		struct waiter waiter;

		waitq_prepare(&current_task()->child_wait, &waiter, true);
		ret = look(req, out, &dead);
		if (!ret)
			err = sched_block(NS_FOREVER);
		waitq_finish(&waiter);
		/* What came together with a signal is not left lying. */
		if (!ret)
			ret = look(req, out, &dead);
	}
	if (dead)
		task_put(dead);
	return ret ? ret : err;
}
