/* SPDX-License-Identifier: MIT */
/*
 * Seccomp filters as objects: a program that was checked, and the older filters
 * below it. They form trees: fork and threads share what they inherit.
 * What is done with a verdict is kernel/sys_seccomp.c's.
 */
#pragma once

#include <kernel/abi/linux_seccomp.h>
#include <kernel/core/refcount.h>
#include <kernel/core/waitq.h>

#define SECCOMP_MAP_SIZE 512 /* numbers with a bit of their own */

/*
 * A filter's listener: calls that wait for an answer, and who may give it. Referenced by
 * the filter, by the listener's file, and by each waiting thread.
 * Lock key: l lock. What is done with it is kernel/sys_seccomp_notify.c's.
 */
struct seccomp_notify {
	struct refcount refs;
	struct spinlock lock;     /* RANK_SECCOMP */
	bool closed;              /* [l] nobody will answer any more */
	bool orphaned;            /* [l] the filter is gone: nobody will ask any more */
	bool wait_killable;       /* [i] what was received is not interrupted, but by death */
	u64 next_id;              /* [l] */
	struct list_head calls;   /* [l] oldest first */
	struct waitq wait;        /* of the listener */
};

void seccomp_notify_put(struct seccomp_notify *notify);

struct seccomp_filter {
	/* [i] Numbers that this and all below allow, whatever the arguments. First: the
	 * entry path tests it. */
	u64 allowed[SECCOMP_MAP_SIZE / 64];
	struct refcount refs;
	struct seccomp_filter *below;       /* [i] older; referenced */
	u32 len;                            /* [i] instructions */
	u32 depth;                          /* [i] filters, this one too */
	u32 cost;                           /* [i] instructions of all, and 4 per older filter */
	bool log;                           /* [i] SECCOMP_FILTER_FLAG_LOG */
	struct seccomp_notify *notify;      /* [i] referenced; NULL: no listener was asked for */
	struct linux_sock_filter insns[];   /* [i] */
};

/* The one "filter" of strict mode: no program, four numbers allowed. */
extern struct seccomp_filter seccomp_strict;

/**
 * seccomp_filter_create - check @len instructions and put them on top of @below
 * @insns: kernel memory, copied. @below: NULL or the older filter; a reference is
 * taken when this succeeds.
 * Return: 0 and *out with one reference; -EINVAL; -ENOMEM, also when the whole chain
 * is longer than 32,768 instructions, 4 counted for each older filter.
 */
__must_check int seccomp_filter_create(const struct linux_sock_filter *insns, u32 len,
				       struct seccomp_filter *below, bool log,
				       struct seccomp_filter **out);
static inline void seccomp_filter_get(struct seccomp_filter *filter)
{
	if (filter)
		refcount_get(&filter->refs);
}
/** seccomp_filter_put - NULL is fine */
void seccomp_filter_put(struct seccomp_filter *filter);

/** seccomp_has_listener - has @filter or one below it a listener that is open? */
bool seccomp_has_listener(const struct seccomp_filter *filter);

/** seccomp_is_ancestor - is @old NULL, @filter or below it? */
bool seccomp_is_ancestor(const struct seccomp_filter *old, const struct seccomp_filter *filter);

/** seccomp_verdict - the strongest result of all filters from @filter down; *match:
 * the newest that gave it */
u32 seccomp_verdict(const struct seccomp_filter *filter, const struct linux_seccomp_data *data,
		    const struct seccomp_filter **match);

/** seccomp_filter_mode - SECCOMP_MODE_* of a thread with @filter, or NULL */
static inline u32 seccomp_filter_mode(const struct seccomp_filter *filter)
{
	if (!filter)
		return SECCOMP_MODE_DISABLED;
	return filter == &seccomp_strict ? SECCOMP_MODE_STRICT : SECCOMP_MODE_FILTER;
}

static inline bool seccomp_allows(const struct seccomp_filter *filter, u64 nr)
{
	return nr < SECCOMP_MAP_SIZE && (filter->allowed[nr / 64] >> nr % 64 & 1);
}
