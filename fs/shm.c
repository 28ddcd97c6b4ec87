/* SPDX-License-Identifier: MIT */
/*
 * System V shared memory: a memory object behind a nameless file, whose references
 * count the mappings: each region holds one, over fork, splits and exit. The table
 * holds one more until IPC_RMID; the segment is in the table until the file's end, so
 * that its number can be told and attached to while somebody has it.
 */
#include <fs/shm.h>

#include <arch/mmu.h>
#include <arch/uaccess.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_mman.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>
#include <mm/aspace.h>
#include <mm/kmalloc.h>
#include <mm/object.h>
#include <mm/pmm.h>

static void shm_free(struct sysv_object *obj)
{
	kfree(shm_of(obj));
}

struct sysv_table shm_table = {
	.lock = MUTEX_INIT(shm_table.lock, RANK_SYSV, "sysv_shm"), .free = shm_free,
};

/* The last reference is gone: nobody finds it again (refcount_get_unless_zero). */
static void shm_release(struct file *file)
{
	struct shm *shm = file->priv;

	if (!shm)
		return;
	mutex_lock(&shm_table.lock);
	sysv_remove(&shm_table, &shm->sysv); /* frees it */
	mutex_unlock(&shm_table.lock);
}

static void shm_file_release(struct file *file)
{
	struct shm *shm = file->priv;
	struct vmobject *object = shm ? shm->object : NULL;

	shm_release(file);
	if (object)
		vmobject_put(object);
}

static const struct file_ops shm_fops = {
	.release = shm_file_release, .anon_name = "[sysv_shm]",
};

/* ---- shmget ---- */

static int create_shm(void *arg, struct sysv_object **out)
{
	u64 size = *(u64 *)arg;
	struct shm *shm;

	if (!size || size > USER_END)
		return -EINVAL;
	shm = kzalloc(sizeof(*shm), 0);
	if (!shm)
		return -ENOMEM;
	shm->object = vmobject_create(NULL, ALIGN_UP(size, PAGE_SIZE), NULL);
	shm->file = shm->object ? file_alloc(inode_anon(), &shm_fops, O_RDWR) : NULL;
	if (!shm->file) {
		if (shm->object)
			vmobject_put(shm->object);
		kfree(shm);
		return -ENOMEM;
	}
	shm->file->priv = shm;
	shm->size = size;
	shm->cpid = current_task()->pid;
	*out = &shm->sysv;
	return 0;
}

static int check_shm(const struct sysv_object *obj, void *arg)
{
	return *(u64 *)arg > container_of(obj, struct shm, sysv)->size ? -EINVAL : 0;
}

int shm_get(s32 key, u64 size, int flags)
{
	const struct sysv_get get = { key, flags, create_shm, check_shm, &size };

	return sysv_get(&shm_table, &get);
}

u64 shm_attached(const struct shm *shm)
{
	s32 refs = refcount_read(&shm->file->object.refs);

	return (u64)(shm->sysv.mode & SHM_DEST ? refs : refs - 1);
}

void shm_remove(struct shm *shm)
{
	struct file *file = shm->file;
	bool first = !(shm->sysv.mode & SHM_DEST);

	shm->sysv.mode |= SHM_DEST;
	shm->sysv.key = IPC_PRIVATE;
	mutex_unlock(&shm_table.lock);
	if (first)
		file_put(file);
}

/* ---- shmat, shmdt ---- */

static int place(u64 addr, int flags, struct map_request *req)
{
	if (!addr)
		return flags & SHM_REMAP ? -EINVAL : 0;
	if (addr % PAGE_SIZE) {
		if (!(flags & SHM_RND))
			return -EINVAL;
		addr = ALIGN_DOWN(addr, PAGE_SIZE);
		if (!addr && (flags & SHM_REMAP))
			return -EINVAL;
	}
	req->addr = addr;
	req->map_flags |= flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	return 0;
}

/* The segment's file, if it may be attached so. */
static int find_file(s32 id, int flags, struct file **out)
{
	u32 want = 0444 | (flags & SHM_RDONLY ? 0 : 0222) | (flags & SHM_EXEC ? 0111 : 0);
	struct sysv_object *obj;
	struct shm *shm;
	int err = sysv_lock_object(&shm_table, id, &obj);

	if (err)
		return err;
	shm = shm_of(obj);
	err = sysv_permission(obj, want);
	if (!err && !refcount_get_unless_zero(&shm->file->object.refs))
		err = -EIDRM;
	if (!err) {
		*out = shm->file;
		shm->lpid = current_task()->pid;
		shm->atime = (s64)unix_timestamp();
	}
	mutex_unlock(&shm_table.lock);
	return err;
}

long shm_attach(s32 id, u64 addr, int flags)
{
	struct map_request req = { .map_flags = MAP_SHARED };
	struct file *file;
	struct shm *shm;
	u64 at;
	int err = place(addr, flags, &req);

	if (!err)
		err = find_file(id, flags, &file);
	if (err)
		return err;
	shm = file->priv;
	req.len = ALIGN_UP(shm->size, PAGE_SIZE);
	req.prot = PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) |
		   (flags & SHM_EXEC ? PROT_EXEC : 0);
	req.max_prot = req.prot;
	req.object = shm->object;
	req.file = file;
	req.rlimit_as = task_rlimit(RLIMIT_AS);
	err = aspace_map(current_task()->as, &req, &at);
	file_put(file);
	return err ? (err == -EEXIST ? -EINVAL : err) : (long)at;
}

/* The first mapping of a segment at or above *@at that starts where @addr says the
 * segment does. Return: its file, referenced; NULL: none. */
static struct file *next_mapping(u64 addr, u64 end, u64 *at, struct region_info *info)
{
	while (*at < end && aspace_region_at(current_task()->as, *at, info)) {
		*at = info->end;
		if (!info->file)
			continue;
		if (info->start < end && info->file->ops == &shm_fops &&
		    info->start - addr == info->offset)
			return info->file;
		file_put(info->file);
	}
	return NULL;
}

static void note_detach(struct shm *shm)
{
	mutex_lock(&shm_table.lock);
	shm->dtime = (s64)unix_timestamp();
	shm->lpid = current_task()->pid;
	mutex_unlock(&shm_table.lock);
}

int shm_detach(u64 addr)
{
	struct region_info info;
	u64 at = addr, end = addr + 1;
	struct file *first = NULL, *file;
	int err = -EINVAL;

	if (addr % PAGE_SIZE)
		return -EINVAL;
	/* The rest may have been cut out by munmap: the first piece tells the segment. */
	while ((file = next_mapping(addr, end, &at, &info))) {
		struct shm *shm = file->priv;

		if (!first) {
			first = file;
			file_get(first);
			end = addr + ALIGN_UP(shm->size, PAGE_SIZE);
			note_detach(shm);
		}
		if (file == first)
			err = aspace_unmap(current_task()->as, info.start, info.end - info.start);
		file_put(file);
	}
	if (first)
		file_put(first);
	return err;
}
