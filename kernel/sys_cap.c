/* SPDX-License-Identifier: MIT */
/*
 * Capability sets (man capabilities(7)): capget, capset and the part of prctl
 * that speaks of them. As the numbers of users they are the process's: all its
 * threads share one set.
 */
#include <kernel/syscall_protos.h>

#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/sys_prctl.h>
#include <kernel/task/task.h>
#include <security/cred.h>

struct sets {
	u64 effective, permitted, inheritable;
};

/* How many words of each set @uheader speaks of. An unknown version is answered with
 * the newest one, which is no error to who gave no data (capget(2)). */
static int header_get(struct linux_cap_header __user *uheader, struct linux_cap_header *header,
		      u32 *words)
{
	if (copy_from_user(header, uheader, sizeof(*header)))
		return -EFAULT;
	switch (header->version) {
	case LINUX_CAP_VERSION_1:
		*words = 1;
		return 0;
	case LINUX_CAP_VERSION_2:
	case LINUX_CAP_VERSION_3:
		*words = 2;
		return 0;
	}
	if (user_write_u32(user_field(uheader, version), LINUX_CAP_VERSION_3))
		return -EFAULT;
	return -EINVAL;
}

static int sets_of(s32 pid, struct sets *out)
{
	struct thread *thread;
	struct cred *cred;

	if (pid < 0)
		return -EINVAL;
	thread = pid ? thread_find(pid) : NULL;
	if (pid && !thread)
		return -ESRCH;
	cred = task_cred(thread ? thread->task : current_task());
	*out = (struct sets){ cred->cap_effective, cred->cap_permitted, cred->cap_inheritable };
	cred_put(cred);
	if (thread)
		thread_put(thread);
	return 0;
}

long sys_capget(struct linux_cap_header __user *uheader, vaddr_t udata)
{
	struct linux_cap_data data[2];
	struct linux_cap_header header;
	struct sets sets;
	u32 words;
	int err = header_get(uheader, &header, &words);

	if (err == -EINVAL && !udata)
		return 0;
	if (!err)
		err = sets_of(header.pid, &sets);
	if (err)
		return err;
	if (!udata)
		return 0;
	for (u32 i = 0; i < 2; i++)
		data[i] = (struct linux_cap_data){ (u32)(sets.effective >> 32 * i),
						   (u32)(sets.permitted >> 32 * i),
						   (u32)(sets.inheritable >> 32 * i) };
	return copy_to_user((void __user *)udata, data, words * sizeof(data[0]));
}

/* capabilities(7), "Programmatically adjusting capability sets". */
static int check_capset(const struct cred *old, const struct sets *new)
{
	if (!cred_capable(old, CAP_SETPCAP) &&
	    (new->inheritable & ~(old->cap_inheritable | old->cap_permitted)))
		return -EPERM;
	if (new->inheritable & ~(old->cap_inheritable | old->cap_bounding))
		return -EPERM;
	if ((new->permitted & ~old->cap_permitted) || (new->effective & ~new->permitted))
		return -EPERM;
	return 0;
}

long sys_capset(struct linux_cap_header __user *uheader, vaddr_t udata)
{
	struct linux_cap_data data[2] = { { 0 } };
	struct linux_cap_header header;
	struct sets new;
	struct cred *cred;
	u32 words;
	int err = header_get(uheader, &header, &words);

	if (err)
		return err;
	if (header.pid && header.pid != current->tid)
		return -EPERM;
	if (copy_from_user(data, (const void __user *)udata, words * sizeof(data[0])))
		return -EFAULT;
	new.effective = (data[0].effective | (u64)data[1].effective << 32) & CAP_ALL;
	new.permitted = (data[0].permitted | (u64)data[1].permitted << 32) & CAP_ALL;
	new.inheritable = (data[0].inheritable | (u64)data[1].inheritable << 32) & CAP_ALL;
	err = check_capset(cred_current(), &new);
	if (err)
		return err;
	cred = cred_copy(cred_current());
	if (!cred)
		return -ENOMEM;
	cred->cap_effective = new.effective;
	cred->cap_permitted = new.permitted;
	cred->cap_inheritable = new.inheritable;
	cred->cap_ambient &= new.permitted & new.inheritable;
	cred_commit(cred);
	return 0;
}

/* ---- prctl ---- */

static long bounding_drop(unsigned long cap)
{
	struct cred *cred;

	if (cap > LINUX_CAP_LAST_CAP)
		return -EINVAL;
	if (!capable(CAP_SETPCAP))
		return -EPERM;
	cred = cred_copy(cred_current());
	if (!cred)
		return -ENOMEM;
	cred->cap_bounding &= ~BIT(cap);
	cred_commit(cred);
	return 0;
}

static long set_securebits(u32 bits)
{
	u32 old = cred_current()->securebits;
	struct cred *cred;

	/* Locks hold: neither they nor what they lock change any more. */
	if ((bits & ~SECBITS_ALL) || ((old & SECBITS_LOCKS) & ~bits) ||
	    (((old & SECBITS_LOCKS) >> 1) & (old ^ bits)) || !capable(CAP_SETPCAP))
		return -EPERM;
	cred = cred_copy(cred_current());
	if (!cred)
		return -ENOMEM;
	cred->securebits = bits;
	cred_commit(cred);
	return 0;
}

static long set_keep_caps(unsigned long on)
{
	u32 lock = SECBIT_KEEP_CAPS << 1;
	struct cred *cred;

	if (on > 1)
		return -EINVAL;
	if (cred_current()->securebits & lock)
		return -EPERM;
	cred = cred_copy(cred_current());
	if (!cred)
		return -ENOMEM;
	cred->securebits &= ~SECBIT_KEEP_CAPS;
	if (on)
		cred->securebits |= SECBIT_KEEP_CAPS;
	cred_commit(cred);
	return 0;
}

static long set_ambient(u64 set)
{
	struct cred *cred = cred_copy(cred_current());

	if (!cred)
		return -ENOMEM;
	cred->cap_ambient = set;
	cred_commit(cred);
	return 0;
}

static long ambient(unsigned long op, unsigned long cap)
{
	const struct cred *cred = cred_current();

	if (op == PR_CAP_AMBIENT_CLEAR_ALL)
		return cap ? -EINVAL : set_ambient(0);
	if (cap > LINUX_CAP_LAST_CAP)
		return -EINVAL;
	switch (op) {
	case PR_CAP_AMBIENT_IS_SET:
		return cred->cap_ambient >> cap & 1;
	case PR_CAP_AMBIENT_LOWER:
		return set_ambient(cred->cap_ambient & ~BIT(cap));
	case PR_CAP_AMBIENT_RAISE:
		if (!((cred->cap_permitted & cred->cap_inheritable) >> cap & 1) ||
		    (cred->securebits & SECBIT_NO_CAP_AMBIENT_RAISE))
			return -EPERM;
		return set_ambient(cred->cap_ambient | BIT(cap));
	}
	return -EINVAL;
}

long prctl_capability(int option, const unsigned long args[4])
{
	const struct cred *cred = cred_current();

	switch (option) {
	case PR_GET_KEEPCAPS:
		return !!(cred->securebits & SECBIT_KEEP_CAPS);
	case PR_SET_KEEPCAPS:
		return set_keep_caps(args[0]);
	case PR_CAPBSET_READ:
		return args[0] <= LINUX_CAP_LAST_CAP ? (long)(cred->cap_bounding >> args[0] & 1)
						     : -EINVAL;
	case PR_CAPBSET_DROP:
		return bounding_drop(args[0]);
	case PR_GET_SECUREBITS:
		return cred->securebits;
	case PR_SET_SECUREBITS:
		return set_securebits((u32)args[0]);
	case PR_CAP_AMBIENT:
		return args[2] || args[3] ? -EINVAL : ambient(args[0], args[1]);
	}
	return -EINVAL;
}
