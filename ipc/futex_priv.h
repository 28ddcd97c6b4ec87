/* SPDX-License-Identifier: MIT */
/* What the files of futexes share: keys. */
#pragma once

#include <kernel/lib/types.h>

struct vmobject;

struct futex_key {
	void *base; /* struct vmobject, or struct aspace */
	u64 offset; /* into the object, or the address */
	struct vmobject *object; /* referenced; NULL: base is a space */
};

/** futex_key_get - Return: 0; -EINVAL not aligned; -EFAULT not a user address */
__must_check int futex_key_get(u32 __user *uaddr, bool private, struct futex_key *key);
void futex_key_put(struct futex_key *key);

static inline bool futex_key_equal(const struct futex_key *a, const struct futex_key *b)
{
	return a->base == b->base && a->offset == b->offset;
}
