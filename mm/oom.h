/* SPDX-License-Identifier: MIT */
/*
 * The last resort when no frame is left: what mm asks of the layer that knows
 * processes. Defined in kernel/task/oom.c.
 */
#pragma once

#include <kernel/lib/types.h>

/**
 * oom_relieve - no block of 2^@order frames was to be had: let a process be killed, or
 * wait for the memory of one that was. @tries: how often this request came here.
 * Context: thread, interrupts on, no spinlock held; mutexes may be.
 * Return: true: try again; false: fail. Who asks is the one to die, nobody can be
 * killed, or it took too long.
 */
bool oom_relieve(u32 order, u32 tries);

/** oom_may_dig - current may use what zones keep in reserve: it is about to end, or
 * is no user's thread */
bool oom_may_dig(void);
