/* SPDX-License-Identifier: MIT */
/*
 * THE table of a process: descriptors are handles, handles carry rights.
 * A handle names a kernel object: an open file, a pipe end, a process, later
 * a channel, a memory object, an interrupt line, ...
 *
 *   fd -> slot { object, rights, flags, generation, derivation node }
 *
 * Numbers are lowest-free as POSIX wants. A revoked handle keeps its number and
 * its object reference until it is closed, but every look-up says EBADF: so a
 * call in flight in the only thread of a process may use the object without a
 * reference of its own (struct handle_ref remembers whether it took one).
 */
#pragma once

#include <kernel/abi/cap.h>
#include <kernel/core/refcount.h>
#include <kernel/core/spinlock.h>
#include <kernel/lib/types.h>

struct kobject;
struct task;

struct kobject_ops {
	/** release - the last reference is gone: free. May sleep. */
	void (*release)(struct kobject *obj);
	/** closed - a handle table dropped one of its handles (POSIX locks, flush);
	 * NULL: nothing to do. Thread context. */
	void (*closed)(struct kobject *obj);
	/** leave - current sends a handle to another process; NULL: nothing to do. May sleep.
	 * Return: 0; -errno it cannot be. */
	int (*leave)(struct kobject *obj);
	/** arrive - a handle with @rights is about to be installed for @task, which got it from
	 * another process; NULL: nothing to do. May sleep. Return: 0; -errno it cannot be. */
	int (*arrive)(struct kobject *obj, u32 rights, struct task *task);
};

/* First member of everything that a handle can name. */
struct kobject {
	const struct kobject_ops *ops; /* [i] */
	struct refcount refs;
	u32 type;                      /* [i] enum kobject_type */
};

static inline void kobject_init(struct kobject *obj, const struct kobject_ops *ops,
				enum kobject_type type)
{
	obj->ops = ops;
	refcount_init(&obj->refs);
	obj->type = type;
}

static inline void kobject_get(struct kobject *obj)
{
	refcount_get(&obj->refs);
}

static inline void kobject_put(struct kobject *obj)
{
	if (refcount_put(&obj->refs))
		obj->ops->release(obj);
}

/* Of a pidfd; nothing can be read, but that is EINVAL on Linux, not EBADF. */
#define RIGHTS_PIDFD                                                               \
	(RIGHT_READ | RIGHT_WRITE | RIGHT_CONTROL | RIGHT_STAT | RIGHT_WAIT | RIGHT_SIGNAL | \
	 RIGHT_GRANT | RIGHT_DUP)

enum handle_flags {
	HANDLE_CLOEXEC = 1,
	HANDLE_REVOKED = 2,  /* its key is 0, so every look-up misses it */
	HANDLE_RESERVED = 4, /* number given out, nothing installed yet */
};

struct cap_node; /* place in the derivation tree: security/cap.h */

struct handle {
	struct kobject *object;
	u32 rights;
	u32 flags;
	u32 generation; /* grows each time the slot is reused */
	u32 key;        /* of one that may be used: handle_key(); else 0 */
	struct cap_node *node; /* NULL: neither granted nor granted from */
};

#define HANDLE_KEY_TYPE_SHIFT 16

/* Rights and type in one word: a check is one load and one mask. */
static inline u32 handle_key(u32 rights, u32 type)
{
	return rights | type << HANDLE_KEY_TYPE_SHIFT;
}

static inline bool handle_key_allows(u32 key, u32 rights, u32 type)
{
	u32 mask = handle_key(rights, 0xffff);

	return (key & mask) == handle_key(rights, type);
}

#define HANDLE_TABLE_MAX (1u << 20) /* RLIMIT_NOFILE's ceiling, as Linux's nr_open */

/* Lock key: l lock (writers always; readers unless the table is a lone thread's).
 * Its fields are handle.c's and handle_lone()'s. */
struct handle_table {
	struct refcount refs;
	struct spinlock lock;  /* RANK_HANDLES */
	u32 size;              /* [l] slots there are, a multiple of 64 */
	u32 low;               /* [l] all below are in use */
	struct handle *slots;  /* [l] */
	u64 *used;             /* [l] */
	u32 nr_nodes;          /* [l][a] slots with a node */
	s32 owner;             /* [i] pid of the process it was made for */
	u64 revocation;        /* [l][a] number of the last one that hit it */
	struct retired_slots *retired; /* [l] grown by another process: security/handle.c */
};

/** handle_table_create - empty, for process @owner. NULL when out of memory. */
struct handle_table *handle_table_create(s32 owner);
void handle_table_get(struct handle_table *table);
/** handle_table_put - the last reference closes all. May sleep. */
void handle_table_put(struct handle_table *table);
/** handle_table_weight - about how many handles there are; racy */
u32 handle_table_weight(const struct handle_table *table);
/** handle_table_fork - copy for @owner: the handles with RIGHT_DUP, ends of channels
 * excepted. NULL: out of memory. */
struct handle_table *handle_table_fork(struct handle_table *table, s32 owner);
/** handle_table_exec - close what is CLOEXEC, and ends of channels */
void handle_table_exec(struct handle_table *table);

/* Result of a look-up; put when done. */
struct handle_ref {
	struct kobject *object;
	u32 rights;
	bool counted;
};

/**
 * handle_get - current's handle @fd, if it has @rights and is of @type (0: any)
 * Return: 0 and *ref; -EBADF none, revoked, wrong type, or RIGHT_READ/WRITE lacks
 * (as Linux for files); -EACCES another right lacks.
 */
__must_check int handle_get(int fd, u32 rights, u32 type, struct handle_ref *ref);

/**
 * handle_lone - the look-up of handle_get() for the only thread of @table's task
 * Return: the slot, which stays as it is until that thread changes it; NULL: look
 * again with handle_get(), which knows every case.
 */
static inline const struct handle *handle_lone(const struct handle_table *table, int fd, u32 rights,
					       u32 type)
{
	const struct handle *slot;

	/*
	 * With one reference nobody else closes anything, so what it names stays. Who
	 * grants or revokes from another process fills free slots, clears keys, and
	 * leaves the old array when it grows (size after slots: table_grow()).
	 */
	if (unlikely(refcount_read(&table->refs) != 1 ||
		     (u32)fd >= atomic_load_acquire(&table->size)))
		return NULL;
	slot = &table->slots[fd];
	if (unlikely(!handle_key_allows(slot->key, rights, type)))
		return NULL;
	ASSUME(slot && slot->object);
	return slot;
}

static inline void handle_put(struct handle_ref *ref)
{
	if (ref->counted)
		kobject_put(ref->object);
}

/** handle_reserve - lowest free number >= @min, below RLIMIT_NOFILE.
 * Return: number; -EMFILE; -EINVAL @min over the limit; -ENOMEM. */
__must_check int handle_reserve(int min);
void handle_unreserve(int fd);
/** handle_install - fill a reserved number; takes over the caller's reference */
void handle_install(int fd, struct kobject *obj, u32 rights, u32 flags);
/** handle_open - reserve and install; on error the caller keeps its reference */
__must_check int handle_open(struct kobject *obj, u32 rights, u32 flags);

/*
 * A handle on its way from one table to another: a copy for dup or a message, its
 * place in the derivation tree beside the original's; or what cap_grant() makes.
 */
struct handle_copy {
	struct kobject *object; /* referenced; NULL: went elsewhere */
	u32 rights;
	struct cap_node *node;  /* or NULL */
};

/** handle_copy_get - of current's handle @fd, which must have @rights.
 * Return: 0; -errno as handle_get(); -ENOMEM. */
__must_check int handle_copy_get(int fd, u32 rights, struct handle_copy *out);
/** handle_copy_again - one more. Return: 0; -ENOMEM. */
__must_check int handle_copy_again(const struct handle_copy *copy, struct handle_copy *out);
/** handle_copy_put - it goes nowhere. May sleep. */
void handle_copy_put(struct handle_copy *copy);
/** handle_install_copy - fill a reserved number of current's; @copy is used up */
void handle_install_copy(int fd, struct handle_copy *copy, u32 flags);
/** handle_open_copy - reserve from @min on and install; @copy is used up in any case.
 * Return: number; -errno as handle_reserve() */
__must_check int handle_open_copy(int min, struct handle_copy *copy, u32 flags);

/** handle_close - Return: 0; -EBADF */
__must_check int handle_close(int fd);
/** handle_close_range - close_range(2) without its CLOEXEC flag */
void handle_close_range(u32 first, u32 last);
/** handle_dup - F_DUPFD: lowest number >= @min. Return: number; -errno */
__must_check int handle_dup(int fd, int min, u32 flags);
/** handle_dup_to - dup3: onto @newfd, closing what was there. Return: newfd;
 * -EBADF; -EINVAL same number; -EBUSY @newfd is being reserved by another thread */
__must_check int handle_dup_to(int fd, int newfd, u32 flags);
/** handle_get_flags, handle_set_flags - HANDLE_CLOEXEC. Return: flags or 0; -EBADF */
__must_check int handle_get_flags(int fd);
__must_check int handle_set_flags(int fd, u32 flags);

/** handle_table_next - first open number >= @fd in @table with a counted
 * reference (/proc/PID/fd). Return: number or -1. */
int handle_table_next(struct handle_table *table, int fd, struct handle_ref *ref, u32 *flags);

/** handle_live - open handles in all tables: leak checks */
u64 handle_live(void);
