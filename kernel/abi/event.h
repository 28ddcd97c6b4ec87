/* SPDX-License-Identifier: MIT */
/*
 * The kernel's events as /dev/events gives them: whoever opens it (O_RDWR, by
 * CAP_SYS_ADMIN) has a ring of its own (kernel/abi/ring.h) of EVENT_SLOTS slots to
 * map shared (EVENT_MAP_BYTES), of which it is the consumer. A slot's kind is
 * RING_INLINE, its payload a struct event, its tag the event's number: numbers that are
 * missing were lost, because the ring was full; the next one that fits is then
 * EVENT_LOST. poll(2) says POLLIN when there is one, POLLERR when the consumer wrote
 * nonsense into the ring: nothing comes any more then.
 */
#pragma once

#include <kernel/abi/ring.h>

#define EVENT_SLOTS     1024u
#define EVENT_MAP_BYTES ((RING_BYTES(EVENT_SLOTS) + 4095u) & ~(size_t)4095u)

enum event_type {
	EVENT_LOST = 1,    /* a: how many, since the last that was told */
	EVENT_FORK = 2,    /* a: tid of the new thread, b: CLONE_* (CLONE_THREAD: no process) */
	EVENT_EXEC = 3,    /* comm is the new one */
	EVENT_EXIT = 4,    /* a process; a: status as wait(2) has it, b: its run time in ns */
	EVENT_DENIED = 5,  /* what: enum event_denier; a: call; b: promises missing, PATH_* asked */
	EVENT_FAULT = 6,   /* an exception became a signal; what: signal; a: address, b: si_code */
	EVENT_OOM = 7,     /* pid, comm: who is killed; a: KiB it holds, b: pid that asked */
	EVENT_RUNTIME = 8, /* pid, comm: whose; a, b: ns in user mode, in the kernel */
};
#define EVENT_TYPE_LAST EVENT_RUNTIME

enum event_denier { EVENT_BY_PLEDGE = 1, EVENT_BY_SECCOMP = 2, EVENT_BY_UNVEIL = 3 };

struct event {
	u64 time_ns; /* since boot */
	u16 type;    /* enum event_type */
	u16 what;
	s32 pid;     /* of whom it tells: but for OOM and RUNTIME of who did it */
	s32 tid;
	u32 uid;
	u64 a, b;
	char comm[16];
};
static_assert(sizeof(struct event) == RING_PAYLOAD, "shared format");
static_assert(offsetof(struct event, pid) == 12, "shared format");
static_assert(offsetof(struct event, a) == 24, "shared format");
static_assert(offsetof(struct event, comm) == 40, "shared format");

/* ioctl(2), _IOWR('E', 1, int): an EVENT_RUNTIME for each process with *arg <= pid, as
 * many as there is room for; *arg becomes the pid to go on from, 0 after the last. */
#define EVENT_IOC_RUNTIME 0xc0044501u
