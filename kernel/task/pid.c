/* SPDX-License-Identifier: MIT */
/*
 * A use count per number, in pages: those with a number in use, and the one that
 * numbers are given from. All under task_tree_lock. 0, the kernel task's, is not counted.
 */
#include <kernel/task/pid.h>

#include <kernel/abi/errno.h>
#include <kernel/core/panic.h>
#include <kernel/task/task.h>
#include <mm/pmm.h>

#define PIDS_PER_PAGE (PAGE_SIZE / sizeof(u32))
#define PID_RESTART   300 /* low numbers stay with what the boot started */

static u32 *pid_uses[PID_MAX / PIDS_PER_PAGE]; /* [TASK_TREE] pages, NULL: all 0 */
static u32 pid_busy[PID_MAX / PIDS_PER_PAGE];  /* [TASK_TREE] numbers in use in each */
static s32 pid_cursor = PID_FIRST - 1;         /* [TASK_TREE] last one given */

static u32 *uses_of(s32 pid)
{
	u32 *page = pid_uses[(u32)pid / PIDS_PER_PAGE];

	return page ? &page[(u32)pid % PIDS_PER_PAGE] : NULL;
}

static int take_locked(s32 pid)
{
	u32 *uses = uses_of(pid);

	if (uses && *uses)
		return -EBUSY;
	if (!uses) {
		u32 *page = pmm_alloc_page(MEM_ZERO | MEM_NOWAIT);

		if (!page)
			return -ENOMEM;
		pid_uses[(u32)pid / PIDS_PER_PAGE] = page;
		uses = uses_of(pid);
	}
	*uses = 1;
	pid_busy[(u32)pid / PIDS_PER_PAGE]++;
	return 0;
}

/* The page of @pid goes when nothing in it is in use and nothing soon will be. */
static void drop_page_locked(s32 pid)
{
	u32 page = (u32)pid / PIDS_PER_PAGE;

	if (pid_busy[page] || page == (u32)pid_cursor / PIDS_PER_PAGE || !pid_uses[page])
		return;
	pmm_free_page(pid_uses[page]);
	pid_uses[page] = NULL;
}

int pid_alloc(void)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	int pid = pid_cursor, before = pid, err = -EBUSY;

	for (u32 i = 0; i < PID_MAX && err == -EBUSY; i++) {
		pid = pid + 1 < PID_MAX ? pid + 1 : PID_RESTART;
		err = take_locked(pid);
	}
	if (!err) {
		pid_cursor = pid;
		drop_page_locked(before);
	}
	spin_unlock_irq(&task_tree_lock, flags);
	if (err)
		return err == -EBUSY ? -EAGAIN : err;
	return pid;
}

int pid_reserve(s32 pid)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	int err = take_locked(pid);

	spin_unlock_irq(&task_tree_lock, flags);
	return err;
}

void pid_use_locked(s32 pid)
{
	u32 *uses = uses_of(pid);

	assert_spin_held(&task_tree_lock);
	if (pid == 0)
		return;
	PANIC_ON(!uses || !*uses, "pid: %d used but not allocated", pid);
	++*uses;
}

void pid_unuse_locked(s32 pid)
{
	u32 *uses = uses_of(pid);

	assert_spin_held(&task_tree_lock);
	if (pid == 0)
		return;
	PANIC_ON(!uses || !*uses, "pid: %d freed but not used", pid);
	if (--*uses)
		return;
	pid_busy[(u32)pid / PIDS_PER_PAGE]--;
	drop_page_locked(pid);
}

void pid_unuse(s32 pid)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);

	pid_unuse_locked(pid);
	spin_unlock_irq(&task_tree_lock, flags);
}

s32 pid_last(void)
{
	return atomic_load_relaxed(&pid_cursor);
}
