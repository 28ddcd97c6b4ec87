/* SPDX-License-Identifier: MIT */
/*
 * Credentials: an immutable, reference-counted object per task; a change
 * makes a new one (so a reader needs no lock). User 0 has every privilege.
 */
#pragma once

#include <kernel/core/refcount.h>
#include <kernel/lib/types.h>

#define CRED_MAX_GROUPS 65536u

struct cred {
	struct refcount refs;
	u32 uid, euid, suid, fsuid;
	u32 gid, egid, sgid, fsgid;
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
/** cred_privileged - the effective user is 0 (CAP_* until capability sets exist) */
static inline bool cred_privileged(const struct cred *cred)
{
	return cred->euid == 0;
}
/** cred_may_signal - kill(2)'s rule between current and @target */
bool cred_may_signal(const struct cred *from, const struct cred *target);
