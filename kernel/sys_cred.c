/* SPDX-License-Identifier: MIT */
/*
 * System calls about users and groups (credentials(7)). An identity is an
 * immutable object: each change copies, changes the copy, commits. They act on
 * the whole process, as POSIX says and libc makes Linux do.
 */
#include <kernel/syscall_protos.h>

#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/lib/sort.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>
#include <security/cred.h>

#define KEEP (~0u) /* -1: leave this one */

long sys_getuid(void)
{
	return cred_current()->uid;
}

long sys_geteuid(void)
{
	return cred_current()->euid;
}

long sys_getgid(void)
{
	return cred_current()->gid;
}

long sys_getegid(void)
{
	return cred_current()->egid;
}

static int get_three(u32 __user *r, u32 __user *e, u32 __user *s, u32 rv, u32 ev, u32 sv)
{
	return user_write_u32(r, rv) || user_write_u32(e, ev) || user_write_u32(s, sv) ? -EFAULT : 0;
}

long sys_getresuid(u32 __user *ruid, u32 __user *euid, u32 __user *suid)
{
	const struct cred *c = cred_current();

	return get_three(ruid, euid, suid, c->uid, c->euid, c->suid);
}

long sys_getresgid(u32 __user *rgid, u32 __user *egid, u32 __user *sgid)
{
	const struct cred *c = cred_current();

	return get_three(rgid, egid, sgid, c->gid, c->egid, c->sgid);
}

/* Three ids of one kind, real, effective, saved. */
struct ids {
	u32 r, e, s;
};

static struct ids uids_of(const struct cred *c)
{
	return (struct ids){ c->uid, c->euid, c->suid };
}

static struct ids gids_of(const struct cred *c)
{
	return (struct ids){ c->gid, c->egid, c->sgid };
}

static bool is_one_of(u32 id, const struct ids *ids)
{
	return id == ids->r || id == ids->e || id == ids->s;
}

static int commit_ids(const struct ids *uids, const struct ids *gids)
{
	struct cred *new = cred_copy(cred_current());

	if (!new)
		return -ENOMEM;
	if (uids) {
		/* Less privilege: the memory is no longer everybody's to dump. */
		if (new->euid != uids->e)
			current_task()->dumpable = false;
		new->uid = uids->r;
		new->euid = new->fsuid = uids->e;
		new->suid = uids->s;
	}
	if (gids) {
		if (new->egid != gids->e)
			current_task()->dumpable = false;
		new->gid = gids->r;
		new->egid = new->fsgid = gids->e;
		new->sgid = gids->s;
	}
	cred_commit(new);
	return 0;
}

/* setuid(2): with privilege all three, else the effective one only. */
static int set_one(u32 id, struct ids *ids)
{
	if (id == KEEP)
		return -EINVAL;
	if (cred_privileged(cred_current()))
		*ids = (struct ids){ id, id, id };
	else if (id == ids->r || id == ids->s)
		ids->e = id;
	else
		return -EPERM;
	return 0;
}

long sys_setuid(u32 uid)
{
	struct ids ids = uids_of(cred_current());
	int err = set_one(uid, &ids);

	return err ? err : commit_ids(&ids, NULL);
}

long sys_setgid(u32 gid)
{
	struct ids ids = gids_of(cred_current());
	int err = set_one(gid, &ids);

	return err ? err : commit_ids(NULL, &ids);
}

/* setreuid(2): the saved id follows when the real one is set or the effective one
 * becomes another than the real one was. */
static int set_two(u32 r, u32 e, struct ids *ids)
{
	const struct ids old = *ids;
	bool privileged = cred_privileged(cred_current());

	if (r != KEEP) {
		if (!privileged && r != old.r && r != old.e)
			return -EPERM;
		ids->r = r;
	}
	if (e != KEEP) {
		if (!privileged && !is_one_of(e, &old))
			return -EPERM;
		ids->e = e;
	}
	if (r != KEEP || (e != KEEP && e != old.r))
		ids->s = ids->e;
	return 0;
}

long sys_setreuid(u32 ruid, u32 euid)
{
	struct ids ids = uids_of(cred_current());
	int err = set_two(ruid, euid, &ids);

	return err ? err : commit_ids(&ids, NULL);
}

long sys_setregid(u32 rgid, u32 egid)
{
	struct ids ids = gids_of(cred_current());
	int err = set_two(rgid, egid, &ids);

	return err ? err : commit_ids(NULL, &ids);
}

static int set_three(u32 r, u32 e, u32 s, struct ids *ids)
{
	const struct ids old = *ids;

	if (!cred_privileged(cred_current()) &&
	    ((r != KEEP && !is_one_of(r, &old)) || (e != KEEP && !is_one_of(e, &old)) ||
	     (s != KEEP && !is_one_of(s, &old))))
		return -EPERM;
	ids->r = r == KEEP ? old.r : r;
	ids->e = e == KEEP ? old.e : e;
	ids->s = s == KEEP ? old.s : s;
	return 0;
}

long sys_setresuid(u32 ruid, u32 euid, u32 suid)
{
	struct ids ids = uids_of(cred_current());
	int err = set_three(ruid, euid, suid, &ids);

	return err ? err : commit_ids(&ids, NULL);
}

long sys_setresgid(u32 rgid, u32 egid, u32 sgid)
{
	struct ids ids = gids_of(cred_current());
	int err = set_three(rgid, egid, sgid, &ids);

	return err ? err : commit_ids(NULL, &ids);
}

/* ---- supplementary groups ---- */

long sys_getgroups(int count, u32 __user *groups)
{
	const struct cred *c = cred_current();

	if (count < 0 || (count && (u32)count < c->nr_groups))
		return -EINVAL;
	if (count && c->nr_groups &&
	    copy_to_user(groups, c->groups, c->nr_groups * sizeof(u32)))
		return -EFAULT;
	return c->nr_groups;
}

static int compare_u32(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

long sys_setgroups(int count, const u32 __user *groups)
{
	struct cred *new;
	u32 *copy = NULL;

	if (!cred_privileged(cred_current()))
		return -EPERM;
	if ((u32)count > CRED_MAX_GROUPS)
		return -EINVAL;
	if (count) {
		copy = kmalloc((u32)count * sizeof(u32), 0);
		if (!copy)
			return -ENOMEM;
		if (copy_from_user(copy, groups, (u32)count * sizeof(u32))) {
			kfree(copy);
			return -EFAULT;
		}
		sort(copy, (u32)count, sizeof(u32), compare_u32);
	}
	new = cred_copy(cred_current());
	if (!new) {
		kfree(copy);
		return -ENOMEM;
	}
	kfree(new->groups);
	new->groups = copy;
	new->nr_groups = (u32)count;
	cred_commit(new);
	return 0;
}
