/* SPDX-License-Identifier: MIT */
/* timer_create(2): timers of a process that send signals. */
#pragma once

#include <kernel/abi/linux_signal.h>
#include <kernel/lib/types.h>

struct task;

struct posix_timer_setting {
	ns_t value_ns, interval_ns; /* until it fires, 0: not armed; 0: no repetition */
};

/** posix_timer_create - for current's process; @clock was checked with
 * posix_timer_clock_ok(), @event too, but for its thread
 * Return: its number; -EINVAL; -EAGAIN; -ENOMEM. */
__must_check int posix_timer_create(int clock, const struct linux_sigevent *event);
/** posix_timer_clock_ok - Return: 0; -EINVAL no such clock; -EOPNOTSUPP no timers on it */
__must_check int posix_timer_clock_ok(int clock);
/** posix_timer_set, posix_timer_get - Return: 0; -EINVAL there is no timer @id */
__must_check int posix_timer_set(s32 id, bool absolute, const struct posix_timer_setting *new,
				 struct posix_timer_setting *old);
__must_check int posix_timer_get(s32 id, struct posix_timer_setting *out);
/** posix_timer_overrun - expirations that the last signal stood for besides one; -EINVAL */
__must_check int posix_timer_overrun(s32 id);
__must_check int posix_timer_delete(s32 id);

/** posix_timer_delete_all - of @task: exec, exit. Thread context, no locks. */
void posix_timer_delete_all(struct task *task);
/** posix_timer_wall_clock_set - absolute timers of the wall clock follow it */
void posix_timer_wall_clock_set(void);
