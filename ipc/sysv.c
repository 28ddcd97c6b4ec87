/* SPDX-License-Identifier: MIT */
/* Numbers, keys and permissions of System V objects (contract in sysv.h). */
#include <ipc/sysv.h>

#include <kernel/abi/errno.h>
#include <kernel/time/clock.h>
#include <mm/kmalloc.h>
#include <security/cred.h>

#define SLOT_BITS 15

int sysv_permission(const struct sysv_object *obj, u32 want)
{
	const struct cred *cred = cred_current();
	u32 granted = obj->mode;

	want = (want >> 6 | want >> 3 | want) & 7;
	if (cred->euid == obj->cuid || cred->euid == obj->uid)
		granted >>= 6;
	else if (cred->egid == obj->cgid || cred->egid == obj->gid ||
		 cred_in_group(cred, obj->cgid) || cred_in_group(cred, obj->gid))
		granted >>= 3;
	return !(want & ~granted) || cred_capable(cred, CAP_IPC_OWNER) ? 0 : -EACCES;
}

int sysv_check_owner(const struct sysv_object *obj)
{
	const struct cred *cred = cred_current();

	return cred->euid == obj->cuid || cred->euid == obj->uid ||
			       cred_capable(cred, CAP_SYS_ADMIN)
		       ? 0
		       : -EPERM;
}

static struct sysv_object *find_key_locked(struct sysv_table *table, s32 key)
{
	for (u32 i = 0; table->used && i < SYSV_SLOTS; i++)
		if (table->slots[i] && table->slots[i]->key == key)
			return table->slots[i];
	return NULL;
}

static int add_locked(struct sysv_table *table, const struct sysv_get *get)
{
	const struct cred *cred = cred_current();
	struct sysv_object *obj;
	u32 slot = 0;
	int err;

	if (!table->slots)
		table->slots = kzalloc(SYSV_SLOTS * sizeof(table->slots[0]), 0);
	if (!table->slots)
		return -ENOMEM;
	while (slot < SYSV_SLOTS && table->slots[slot])
		slot++;
	if (slot == SYSV_SLOTS)
		return -ENOSPC;
	err = get->create(get->arg, &obj);
	if (err)
		return err;
	refcount_init(&obj->refs);
	obj->id = (s32)(slot | (u32)table->seq << SLOT_BITS);
	table->seq = (table->seq + 1) & 0x7fff;
	obj->removed = false;
	obj->key = get->key;
	obj->uid = obj->cuid = cred->euid;
	obj->gid = obj->cgid = cred->egid;
	obj->mode = (u32)get->flags & 0777;
	obj->ctime = (s64)unix_timestamp();
	table->slots[slot] = obj;
	table->used++;
	return obj->id;
}

static int get_locked(struct sysv_table *table, const struct sysv_get *get)
{
	struct sysv_object *obj;
	int err;

	if (get->key == IPC_PRIVATE)
		return add_locked(table, get);
	obj = find_key_locked(table, get->key);
	if (!obj)
		return get->flags & IPC_CREAT ? add_locked(table, get) : -ENOENT;
	if ((get->flags & IPC_CREAT) && (get->flags & IPC_EXCL))
		return -EEXIST;
	err = get->check(obj, get->arg);
	if (!err)
		err = sysv_permission(obj, (u32)get->flags & 0666);
	return err ? err : obj->id;
}

int sysv_get(struct sysv_table *table, const struct sysv_get *get)
{
	int ret;

	mutex_lock(&table->lock);
	ret = get_locked(table, get);
	mutex_unlock(&table->lock);
	return ret;
}

int sysv_by_slot(struct sysv_table *table, s32 index, struct sysv_object **out)
{
	mutex_lock(&table->lock);
	if (index >= 0 && table->slots && (u32)index < SYSV_SLOTS && table->slots[index]) {
		*out = table->slots[index];
		return 0;
	}
	mutex_unlock(&table->lock);
	return -EINVAL;
}

int sysv_lock_object(struct sysv_table *table, s32 id, struct sysv_object **out)
{
	int err = id < 0 ? -EINVAL : sysv_by_slot(table, id & ((1 << SLOT_BITS) - 1), out);

	if (!err && (*out)->id != id) {
		mutex_unlock(&table->lock);
		err = -EINVAL;
	}
	return err;
}

int sysv_max_slot(struct sysv_table *table)
{
	int max = 0;

	mutex_lock(&table->lock);
	for (u32 i = 0; table->used && i < SYSV_SLOTS; i++)
		if (table->slots[i])
			max = (int)i;
	mutex_unlock(&table->lock);
	return max;
}

void sysv_put(struct sysv_table *table, struct sysv_object *obj)
{
	if (refcount_put(&obj->refs))
		table->free(obj);
}

void sysv_remove(struct sysv_table *table, struct sysv_object *obj)
{
	assert_mutex_held(&table->lock);
	obj->removed = true;
	table->slots[obj->id & ((1 << SLOT_BITS) - 1)] = NULL;
	table->used--;
	sysv_put(table, obj);
}

void sysv_get_perm(const struct sysv_object *obj, struct linux_ipc_perm *out)
{
	*out = (struct linux_ipc_perm){
		.key = obj->key, .uid = obj->uid, .gid = obj->gid, .cuid = obj->cuid,
		.cgid = obj->cgid, .mode = obj->mode, .seq = (u16)(obj->id >> SLOT_BITS),
	};
}

void sysv_set_perm(struct sysv_object *obj, const struct linux_ipc_perm *perm)
{
	obj->uid = perm->uid;
	obj->gid = perm->gid;
	obj->mode = (obj->mode & ~0777u) | (perm->mode & 0777);
	obj->ctime = (s64)unix_timestamp();
}
