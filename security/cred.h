/* SPDX-License-Identifier: MIT */
/*
 * Credentials: an immutable, reference-counted object per task; a change
 * makes a new one (so a reader needs no lock). What a process may beyond its own
 * is in capability sets (man capabilities(7)); user 0 gets full ones by exec.
 */
#pragma once

#include <kernel/abi/linux_capability.h>
#include <kernel/core/refcount.h>
#include <kernel/lib/types.h>

#define CRED_MAX_GROUPS 65536u
#define CAP_ALL (BIT(LINUX_CAP_LAST_CAP + 1) - 1)

struct cred {
	struct refcount refs;
	u32 uid, euid, suid, fsuid;
	u32 gid, egid, sgid, fsgid;
	u64 cap_effective, cap_permitted, cap_inheritable, cap_bounding, cap_ambient;
	u32 securebits; /* SECBIT_* */
	u32 nr_groups;
	u32 *groups; /* sorted; NULL when none */
	struct cred *replaced; /* referenced: another thread may still be reading it */
};

/** cred_root - the first task's: all 0. Static, never freed. */
struct cred *cred_root(void);
void cred_get(struct cred *cred);
void cred_put(struct cred *cred);
/** cred_copy - a private copy to change and commit. NULL: out of memory. */
struct cred *cred_copy(const struct cred *cred);
/** cred_current - current's; valid until current's call is over, even if another
 * thread of the process changes it meanwhile, but not after an own change */
struct cred *cred_current(void);
/** cred_commit - make @cred (reference taken over) current's */
void cred_commit(struct cred *cred);
bool cred_in_group(const struct cred *cred, u32 gid);
/** cred_capable - has @cred the privilege CAP_@cap in force? */
static inline bool cred_capable(const struct cred *cred, u32 cap)
{
	return cred->cap_effective >> cap & 1;
}
/** capable - the same of current */
static inline bool capable(u32 cap)
{
	return cred_capable(cred_current(), cap);
}
/** cred_ids_changed - what a change of user numbers from @old's does to @cred's sets */
void cred_ids_changed(struct cred *cred, const struct cred *old);
/** cred_fsuid_changed - the same for setfsuid(2): only what files ask for */
void cred_fsuid_changed(struct cred *cred, const struct cred *old);
/** cred_use_real_ids - @cred, a copy on the stack, asks as access(2) does */
void cred_use_real_ids(struct cred *cred);
/** cred_exec_caps - @cred's sets after execve; its numbers are the new ones already */
void cred_exec_caps(struct cred *cred);
/** cred_may_signal - kill(2)'s rule between current and @target */
bool cred_may_signal(const struct cred *from, const struct cred *target);
