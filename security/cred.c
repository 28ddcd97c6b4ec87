/* SPDX-License-Identifier: MIT */
/*
 * Credentials (contract in cred.h): objects that never change once committed,
 * so that whoever holds a reference reads without a lock.
 */
#include <security/cred.h>

#include <kernel/lib/string.h>
#include <mm/kmalloc.h>

/* What file access asks for: changed by setfsuid(2) (capabilities(7), "Effect of user ID
 * changes on capabilities", 4). */
#define CAP_FS_SET                                                                        \
	(BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) |              \
	 BIT(CAP_FOWNER) | BIT(CAP_FSETID) | BIT(CAP_LINUX_IMMUTABLE) | BIT(CAP_MKNOD) |  \
	 BIT(CAP_MAC_OVERRIDE))

static struct cred root_cred = { .refs = { 1 }, .cap_effective = CAP_ALL,
				 .cap_permitted = CAP_ALL, .cap_bounding = CAP_ALL };

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
	return cred_capable(from, CAP_KILL) ||
	       from->euid == target->suid || from->euid == target->uid ||
	       from->uid == target->suid || from->uid == target->uid;
}

static bool any_root(const struct cred *cred)
{
	return !cred->uid || !cred->euid || !cred->suid;
}

void cred_ids_changed(struct cred *cred, const struct cred *old)
{
	if (cred->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (any_root(old) && !any_root(cred)) {
		if (!(cred->securebits & SECBIT_KEEP_CAPS))
			cred->cap_permitted = cred->cap_effective = 0;
		cred->cap_ambient = 0;
	}
	if (!old->euid && cred->euid)
		cred->cap_effective = 0;
	if (old->euid && !cred->euid)
		cred->cap_effective = cred->cap_permitted;
}

void cred_fsuid_changed(struct cred *cred, const struct cred *old)
{
	if (cred->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (!old->fsuid && cred->fsuid)
		cred->cap_effective &= ~CAP_FS_SET;
	if (old->fsuid && !cred->fsuid)
		cred->cap_effective |= cred->cap_permitted & CAP_FS_SET;
}

void cred_use_real_ids(struct cred *cred)
{
	cred->fsuid = cred->uid;
	cred->fsgid = cred->gid;
	if (!(cred->securebits & SECBIT_NO_SETUID_FIXUP))
		cred->cap_effective = cred->uid ? 0 : cred->cap_permitted;
}

/* capabilities(7), "Transformation of capabilities during execve()"; files have none. */
void cred_exec_caps(struct cred *cred)
{
	bool root = !(cred->securebits & SECBIT_NOROOT) && (!cred->uid || !cred->euid);

	if (cred->euid != cred->uid || cred->egid != cred->gid)
		cred->cap_ambient = 0;
	cred->cap_permitted = cred->cap_ambient;
	if (root)
		cred->cap_permitted |= cred->cap_inheritable | cred->cap_bounding;
	cred->cap_effective = root && !cred->euid ? cred->cap_permitted : cred->cap_ambient;
	cred->securebits &= ~SECBIT_KEEP_CAPS;
}
