/* SPDX-License-Identifier: MIT */
/*
 * Credentials (contract in cred.h): objects that never change once committed,
 * so that whoever holds a reference reads without a lock.
 */
#include <security/cred.h>

#include <kernel/lib/string.h>
#include <mm/kmalloc.h>

static struct cred root_cred = { .refs = { 1 } };

struct cred *cred_root(void)
{
	return &root_cred;
}

void cred_get(struct cred *cred)
{
	refcount_get(&cred->refs);
}

void cred_put(struct cred *cred)
{
	while (cred && refcount_put(&cred->refs)) {
		struct cred *replaced = cred->replaced;

		kfree(cred->groups);
		kfree(cred);
		cred = replaced;
	}
}

struct cred *cred_copy(const struct cred *cred)
{
	struct cred *copy = kmalloc(sizeof(*copy), 0);

	if (!copy)
		return NULL;
	*copy = *cred;
	refcount_init(&copy->refs);
	copy->replaced = NULL;
	if (!cred->nr_groups)
		return copy;
	copy->groups = kmalloc(cred->nr_groups * sizeof(u32), 0);
	if (!copy->groups) {
		kfree(copy);
		return NULL;
	}
	memcpy(copy->groups, cred->groups, cred->nr_groups * sizeof(u32));
	return copy;
}

bool cred_in_group(const struct cred *cred, u32 gid)
{
	u32 low = 0, high = cred->nr_groups;

	if (cred->fsgid == gid)
		return true;
	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (cred->groups[mid] == gid)
			return true;
		if (cred->groups[mid] < gid)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

bool cred_may_signal(const struct cred *from, const struct cred *target)
{
	return cred_privileged(from) || from->euid == target->suid || from->euid == target->uid ||
	       from->uid == target->suid || from->uid == target->uid;
}
