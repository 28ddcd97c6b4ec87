/* SPDX-License-Identifier: MIT */
/*
 * Telling who listens at /dev/events (kernel/abi/event.h) what happens. Costs a load
 * and a branch when nobody does. Defined in fs/events.c, which lies above.
 */
#pragma once

#include <arch/atomic.h>
#include <kernel/abi/event.h>

struct task;

extern u32 event_listeners; /* atomic: how many there are */

/** event_emit - of current, as the calls below; any context, RANK_EVENTS not held */
void event_emit(enum event_type type, u16 what, u64 a, u64 b);
/** event_emit_for - of another process */
void event_emit_for(enum event_type type, s32 pid, const char comm[16], u64 a, u64 b);

static inline bool event_wanted(void)
{
	return unlikely(atomic_load_relaxed(&event_listeners) != 0);
}

/* These may be called anywhere. */
static inline void event_note(enum event_type type, u64 a, u64 b)
{
	if (event_wanted())
		event_emit(type, 0, a, b);
}

static inline void event_denied(enum event_denier by, u64 call, u64 missing)
{
	if (event_wanted())
		event_emit(EVENT_DENIED, (u16)by, call, missing);
}

static inline void event_fault(int signo, int code, u64 addr)
{
	if (event_wanted())
		event_emit(EVENT_FAULT, (u16)signo, addr, (u64)(s64)code);
}
