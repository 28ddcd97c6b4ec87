/* SPDX-License-Identifier: MIT */
/*
 * pledge(2): making promises, and what happens when one is broken. The rules are
 * security/pledge.c's.
 *
 * Promises belong to the process: they are set on all its threads at once, under its
 * signal lock, and a thread reads its own word. The entry path of a call lets pass what
 * the number alone permits.
 *
 * Promises for the next program stay for those that it executes, as in OpenBSD. Beyond
 * it: "A;B" promises A for the next and B for those after it, so that one program
 * can be started narrow whose children need more (pledge -p A -e B).
 * Source: OpenBSD pledge(2).
 */
#include <kernel/sys_pledge.h>

#include <arch/context.h>
#include <arch/uaccess.h>
#include <fs/path.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_wait.h>
#include <kernel/core/log.h>
#include <kernel/lib/string.h>
#include <kernel/syscall_protos.h>
#include <kernel/syscall_table.h>
#include <kernel/task/event.h>
#include <kernel/task/task.h>
#include <security/audit.h>
#include <security/pledge.h>

u64 pledge_quick[SYSCALL_MAP_SIZE];

void pledge_init(void)
{
	for (u64 nr = 0; nr < SYSCALL_MAP_SIZE; nr++) {
		u64 general = nr, args[6] = { 0 };

		syscall_rewrite_legacy(&general, args);
		if (syscall_slot_of[general] && !pledge_checks_arguments(general))
			pledge_quick[nr] = syscall_pledge[syscall_slot_of[general]];
	}
}

/* ---- violations ---- */

u64 pledge_current(void)
{
	return atomic_load_relaxed(&current->pledge);
}

/* "learn": from now on the thread has what it needed, so each is said once. */
static void learn(u64 missing, bool all)
{
	u64 one = all ? missing : missing & -missing;
	char words[160];

	pledge_text(one, words, sizeof(words));
	log_notice("audit: learn: %s[%d] promise %s", current->comm, current->tid, words);
	atomic_fetch_or(&current->pledge, one);
}

int pledge_violated(u64 missing, bool all)
{
	u64 nr = context_syscall_nr(), promises = pledge_current();
	const struct trapframe *tf = context_frame(current);
	const char *name = syscall_name(nr);
	char words[160];

	if (promises & PLEDGE_LEARN) {
		if (missing & ~promises)
			learn(missing & ~promises, all);
		return 0;
	}
	event_denied(EVENT_BY_PLEDGE, nr, missing);
	pledge_text(missing, words, sizeof(words));
	audit_say("audit: pledge: %s[%d] %s (%llu) needs %s%s%s; 0x%llx 0x%llx 0x%llx 0x%llx",
		  current->comm, current->tid, name ? name : "unknown call",
		  (unsigned long long)nr, all || !(missing & (missing - 1)) ? "" : "one of ",
		  words[0] ? words : "what no promise permits",
		  promises & PLEDGE_ERROR ? " (error)" : "", (unsigned long long)tf->rdi,
		  (unsigned long long)tf->rsi, (unsigned long long)tf->rdx,
		  (unsigned long long)tf->r10);
	/* Nothing can catch this: the process is doomed before the call is over. */
	if (!(promises & PLEDGE_ERROR))
		task_doom(linux_wait_signaled(SIGABRT, false));
	return -ENOSYS;
}

int pledge_require(u64 promises)
{
	u64 mine = pledge_current();

	if (likely(!mine) || (mine & promises))
		return 0;
	return pledge_violated(promises, false);
}

bool pledge_enter(u64 nr, u64 gate, const u64 args[6])
{
	struct pledge_caller caller = { current_task()->pid, current->tid };
	u64 promises = pledge_current(), missing = gate;

	if (gate & promises)
		missing = pledge_call(promises, &caller, nr, args);
	else if (!gate)
		missing = PLEDGE_ALWAYS; /* none permits it: no word to name */
	if (!missing)
		return true;
	return pledge_violated(missing & ~PLEDGE_ALWAYS, false) == 0;
}

/* ---- promising ---- */

/* @uwords: NULL leaves *promises 0: as it is. @later: not NULL: words after ';' are the
 * program's after the next, and 0 if there are none. */
static int promises_in(const char __user *uwords, u64 *promises, u64 *later)
{
	char words[PLEDGE_TEXT_MAX], *rest = NULL;
	long len;
	int err;

	*promises = 0;
	if (later)
		*later = 0;
	if (!uwords)
		return 0;
	len = user_copy_string(words, uwords, sizeof(words));
	if (len < 0)
		return len == -ENAMETOOLONG ? -EINVAL : (int)len;
	if (later)
		rest = strchr(words, ';');
	if (rest)
		*rest++ = '\0';
	err = pledge_parse(words, promises);
	return err || !rest ? err : pledge_parse(rest, later);
}

/* From @old (0: none made) to @new: only less. With "error" what is too much is dropped. */
static int narrow(u64 old, u64 *new)
{
	if (!old || !(*new & ~old))
		return 0;
	if (!(old & PLEDGE_ERROR))
		return -EPERM;
	*new &= old;
	return 0;
}

static void set_on_all_locked(u64 promises, u64 exec, u64 later)
{
	struct thread *thread;

	LIST_FOR_EACH(thread, &current_task()->threads, task_link) {
		if (exec)
			atomic_store_relaxed(&thread->pledge_exec, exec);
		if (later)
			atomic_store_relaxed(&thread->pledge_later, later);
		if (!promises)
			continue;
		atomic_store_relaxed(&thread->pledge, promises);
		atomic_fetch_or(&thread->work, THREAD_WORK_PLEDGE);
	}
}

long sys_pledge(const char __user *upromises, const char __user *uexec)
{
	u64 promises, exec, later;
	struct signal_state *sig;
	irqflags_t flags;
	int err = promises_in(upromises, &promises, NULL);

	if (!err)
		err = promises_in(uexec, &exec, &later);
	if (err)
		return err;
	sig = signal_lock(current_task(), &flags);
	err = promises ? narrow(current->pledge, &promises) : 0;
	/* What comes later is no more than what was promised for all to come. */
	if (!err && later)
		err = narrow(current->pledge_later ? current->pledge_later : current->pledge_exec,
			     &later);
	if (!err && exec)
		err = narrow(current->pledge_exec, &exec);
	if (!err)
		set_on_all_locked(promises, exec, later);
	signal_unlock(sig, flags);
	/* Who no longer promises to unveil has seen to it for good. */
	if (!err && promises && !(promises & PLEDGE_UNVEIL))
		fs_context_lock_veil();
	return err;
}
