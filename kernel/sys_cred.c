/* SPDX-License-Identifier: MIT */
/*
 * User and group numbers of the process (credentials(7)). All threads share
 * one set, as POSIX has it; C libraries that call once for each thread find
 * their later calls allowed, since they ask for what is already so.
 *
 * Users and groups follow the same rules, so they are written once, over the
 * four numbers of a kind.
 */
#include <kernel/syscall_protos.h>

#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/lib/sort.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>
#include <security/cred.h>

#define UNCHANGED 0xffffffffu

enum id_kind { ID_USER, ID_GROUP };

struct ids {
	u32 real, effective, saved, fs;
};

static struct ids ids_of(const struct cred *cred, enum id_kind kind)
{
	if (kind == ID_USER)
		return (struct ids){ cred->uid, cred->euid, cred->suid, cred->fsuid };
	return (struct ids){ cred->gid, cred->egid, cred->sgid, cred->fsgid };
}

static bool privileged(enum id_kind kind)
{
	return capable(kind == ID_USER ? CAP_SETUID : CAP_SETGID);
}

/*
 * A process that acts for somebody else now is not to be looked into by its
 * former self, nor told by its parent's death (prctl(2), PR_SET_DUMPABLE).
 */
static void commit_changed(struct cred *cred)
{
	const struct cred *old = cred_current();
	struct task *task = current_task();

	if (old->euid != cred->euid || old->egid != cred->egid || old->fsuid != cred->fsuid ||
	    old->fsgid != cred->fsgid) {
		task->dumpable = false;
		task->pdeath_signal = 0;
	}
	cred_commit(cred);
}

/* @caps: what the change does to capability sets, of users only. */
static long set_ids(enum id_kind kind, struct ids ids,
		    void (*caps)(struct cred *cred, const struct cred *old))
{
	struct ids old = ids_of(cred_current(), kind);
	struct cred *cred;

	/* Also keeps a process from piling up replaced sets for nothing. */
	if (!memcmp(&old, &ids, sizeof(ids)))
		return 0;
	cred = cred_copy(cred_current());
	if (!cred)
		return -ENOMEM;
	if (kind == ID_USER) {
		cred->uid = ids.real;
		cred->euid = ids.effective;
		cred->suid = ids.saved;
		cred->fsuid = ids.fs;
		caps(cred, cred_current());
	} else {
		cred->gid = ids.real;
		cred->egid = ids.effective;
		cred->sgid = ids.saved;
		cred->fsgid = ids.fs;
	}
	/* No failure past this point. */
	commit_changed(cred);
	return 0;
}

/* setuid(2): all of them for the privileged, else effective, to what one has. */
static long set_id(enum id_kind kind, u32 id)
{
	struct ids ids = ids_of(cred_current(), kind);

	if (id == UNCHANGED)
		return -EINVAL;
	if (privileged(kind))
		ids.real = ids.saved = id;
	else if (id != ids.real && id != ids.saved)
		return -EPERM;
	ids.effective = ids.fs = id;
	return set_ids(kind, ids, cred_ids_changed);
}

/* setreuid(2): the saved one follows unless only nothing new is asked for. */
static long set_re(enum id_kind kind, u32 real, u32 effective)
{
	struct ids old = ids_of(cred_current(), kind), ids = old;
	bool all = privileged(kind);

	if (real != UNCHANGED) {
		if (!all && real != old.real && real != old.effective)
			return -EPERM;
		ids.real = real;
	}
	if (effective != UNCHANGED) {
		if (!all && effective != old.real && effective != old.effective &&
		    effective != old.saved)
			return -EPERM;
		ids.effective = effective;
	}
	if (real != UNCHANGED || (effective != UNCHANGED && effective != old.real))
		ids.saved = ids.effective;
	ids.fs = ids.effective;
	return set_ids(kind, ids, cred_ids_changed);
}

static bool is_one_of(const struct ids *ids, u32 id)
{
	return id == ids->real || id == ids->effective || id == ids->saved;
}

/* setresuid(2): each to any of the three. */
static long set_res(enum id_kind kind, u32 real, u32 effective, u32 saved)
{
	struct ids old = ids_of(cred_current(), kind), ids = old;

	if (!privileged(kind) && ((real != UNCHANGED && !is_one_of(&old, real)) ||
			      (effective != UNCHANGED && !is_one_of(&old, effective)) ||
			      (saved != UNCHANGED && !is_one_of(&old, saved))))
		return -EPERM;
	if (real != UNCHANGED)
		ids.real = real;
	if (effective != UNCHANGED)
		ids.effective = effective;
	if (saved != UNCHANGED)
		ids.saved = saved;
	ids.fs = ids.effective;
	return set_ids(kind, ids, cred_ids_changed);
}

/* setfsuid(2): the old value always; whether it took is seen by asking again. */
static long set_fs(enum id_kind kind, u32 id)
{
	struct ids ids = ids_of(cred_current(), kind);
	u32 old = ids.fs;

	if (id == UNCHANGED || (!privileged(kind) && id != old && !is_one_of(&ids, id)))
		return old;
	ids.fs = id;
	(void)set_ids(kind, ids, cred_fsuid_changed);
	return old;
}

static long get_res(enum id_kind kind, u32 __user *real, u32 __user *effective, u32 __user *saved)
{
	struct ids ids = ids_of(cred_current(), kind);

	if (user_write_u32(real, ids.real) || user_write_u32(effective, ids.effective) ||
	    user_write_u32(saved, ids.saved))
		return -EFAULT;
	return 0;
}

/* ---- Users -------------------------------------------------------------- */

long sys_getuid(void)
{
	return cred_current()->uid;
}

long sys_geteuid(void)
{
	return cred_current()->euid;
}

long sys_getresuid(u32 __user *ruid, u32 __user *euid, u32 __user *suid)
{
	return get_res(ID_USER, ruid, euid, suid);
}

long sys_setuid(u32 uid)
{
	return set_id(ID_USER, uid);
}

long sys_setreuid(u32 ruid, u32 euid)
{
	return set_re(ID_USER, ruid, euid);
}

long sys_setresuid(u32 ruid, u32 euid, u32 suid)
{
	return set_res(ID_USER, ruid, euid, suid);
}

long sys_setfsuid(u32 uid)
{
	return set_fs(ID_USER, uid);
}

/* ---- Groups ------------------------------------------------------------- */

long sys_getgid(void)
{
	return cred_current()->gid;
}

long sys_getegid(void)
{
	return cred_current()->egid;
}

long sys_getresgid(u32 __user *rgid, u32 __user *egid, u32 __user *sgid)
{
	return get_res(ID_GROUP, rgid, egid, sgid);
}

long sys_setgid(u32 gid)
{
	return set_id(ID_GROUP, gid);
}

long sys_setregid(u32 rgid, u32 egid)
{
	return set_re(ID_GROUP, rgid, egid);
}

long sys_setresgid(u32 rgid, u32 egid, u32 sgid)
{
	return set_res(ID_GROUP, rgid, egid, sgid);
}

long sys_setfsgid(u32 gid)
{
	return set_fs(ID_GROUP, gid);
}

long sys_getgroups(int count, u32 __user *groups)
{
	const struct cred *cred = cred_current();

	if (count < 0)
		return -EINVAL;
	if (count == 0)
		return cred->nr_groups;
	if ((u32)count < cred->nr_groups)
		return -EINVAL;
	if (copy_to_user(groups, cred->groups, cred->nr_groups * sizeof(u32)))
		return -EFAULT;
	return cred->nr_groups;
}

static int compare_ids(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

/* A sorted copy of @count numbers; none at all: *out is NULL. */
static int copy_groups(const u32 __user *ugroups, u32 count, u32 **out)
{
	u32 *groups;

	*out = NULL;
	if (!count)
		return 0;
	groups = kmalloc(count * sizeof(u32), 0);
	if (!groups)
		return -ENOMEM;
	if (copy_from_user(groups, ugroups, count * sizeof(u32))) {
		kfree(groups);
		return -EFAULT;
	}
	sort(groups, count, sizeof(u32), compare_ids);
	*out = groups;
	return 0;
}

long sys_setgroups(int count, const u32 __user *ugroups)
{
	struct cred *cred;
	u32 *groups;
	int err;

	if (!privileged(ID_GROUP))
		return -EPERM;
	if ((u32)count > CRED_MAX_GROUPS)
		return -EINVAL;
	err = copy_groups(ugroups, (u32)count, &groups);
	if (err)
		return err;
	cred = cred_copy(cred_current());
	if (!cred) {
		kfree(groups);
		return -ENOMEM;
	}
	kfree(cred->groups);
	cred->groups = groups;
	cred->nr_groups = (u32)count;
	/* No failure past this point. */
	commit_changed(cred);
	return 0;
}
