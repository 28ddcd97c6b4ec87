/* SPDX-License-Identifier: MIT */
/*
 * System calls of memory: Linux's checks in Linux's order, then mm/aspace.h.
 * Sources: man mmap(2), mprotect(2), mremap(2), msync(2), madvise(2), brk(2),
 * mlock(2), mincore(2).
 */
#include <arch/uaccess.h>
#include <fs/file.h>
#include <fs/pidfd.h>
#include <fs/tmpfs.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/abi/linux_mman.h>
#include <kernel/abi/linux_resource.h>
#include <kernel/syscall_protos.h>
#include <kernel/task/ptrace.h>
#include <kernel/task/task.h>
#include <mm/aspace.h>
#include <mm/lease.h>
#include <mm/object.h>
#include <mm/pmm.h>
#include <security/cap.h>
#include <security/cred.h>
#include <security/handle.h>

#define PROT_RWX (PROT_READ | PROT_WRITE | PROT_EXEC)
/* What MAP_SHARED_VALIDATE knows; MAP_SHARED and MAP_PRIVATE ignore the rest. */
#define MAP_KNOWN                                                                      \
	(MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_32BIT | MAP_GROWSDOWN | MAP_DENYWRITE | \
	 MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK |     \
	 MAP_STACK | MAP_HUGETLB | MAP_FIXED_NOREPLACE)

static struct aspace *space(void)
{
	return current_task()->as;
}

/* Rounds [addr, addr + len) up to pages. False: it wraps. */
static bool page_range(u64 addr, u64 len, u64 *out_len)
{
	*out_len = ALIGN_UP(len, PAGE_SIZE);
	return *out_len >= len && addr + *out_len >= addr;
}

/* ---- mlock's limit ------------------------------------------------------ */

/* May @bytes in all be locked? Racy against threads doing the same, as a limit may be. */
static int may_lock(u64 bytes)
{
	u64 limit = task_rlimit(RLIMIT_MEMLOCK);

	if (capable(CAP_IPC_LOCK))
		return 0;
	if (!limit)
		return -EPERM;
	return bytes > limit ? -ENOMEM : 0;
}

/* Of [addr, addr + len) this is locked already: it is not counted twice. */
static u64 locked_in(u64 addr, u64 len)
{
	struct region_info info;
	u64 sum = 0;

	for (u64 at = addr; at < addr + len && aspace_region_at(space(), at, &info);
	     at = info.end) {
		u64 start = MAX(at, info.start), end = MIN(info.end, addr + len);

		if (info.file)
			file_put(info.file);
		if (start < end && (info.flags & REGION_LOCKED))
			sum += end - start;
	}
	return sum;
}

/* ---- mmap --------------------------------------------------------------- */

/* What a mapping of @file may show. Return: 0 and req filled; -errno. */
static int file_request(struct map_request *req, struct file *file, u32 rights)
{
	u32 type = req->map_flags & MAP_TYPE;
	u32 max = (rights & RIGHT_READ ? PROT_READ : 0) | (rights & RIGHT_EXEC ? PROT_EXEC : 0) |
		  (type == MAP_PRIVATE || (rights & RIGHT_WRITE) ? PROT_WRITE : 0);

	if (type == MAP_SHARED_VALIDATE && (req->map_flags & ~(u32)MAP_KNOWN))
		return -EOPNOTSUPP;
	if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE)
		return -EINVAL;
	if (!(rights & RIGHT_READ) || (req->prot & ~max & PROT_RWX))
		return -EACCES;
	if (!file->ops->mmap)
		return -ENODEV;
	if (type != MAP_PRIVATE &&
	    (tmpfs_seals(file->inode) & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))) {
		if (req->prot & PROT_WRITE)
			return -EPERM;
		max &= ~(u32)PROT_WRITE;
	}
	req->max_prot = max;
	req->file = file;
	if (type == MAP_SHARED_VALIDATE)
		req->map_flags = (req->map_flags & ~(u32)MAP_TYPE) | MAP_SHARED;
	return file->ops->mmap(file, &req->object);
}

static int anonymous_request(struct map_request *req)
{
	u32 type = req->map_flags & MAP_TYPE;

	if (type != MAP_SHARED && type != MAP_PRIVATE)
		return -EINVAL;
	req->offset = 0;
	req->max_prot = PROT_RWX;
	if (req->map_flags & MAP_HUGETLB) /* none are set aside, as on a fresh Linux */
		return -ENOMEM;
	if (type == MAP_PRIVATE)
		return 0;
	req->object = vmobject_create(NULL, ALIGN_UP(req->len, PAGE_SIZE), NULL);
	return req->object ? 0 : -ENOMEM;
}

static long do_map(struct map_request *req)
{
	u64 addr;
	int err;

	if (req->map_flags & MAP_LOCKED) {
		err = may_lock(space()->locked_bytes + req->len);
		if (err)
			return err == -ENOMEM ? -EAGAIN : err;
	}
	req->rlimit_as = task_rlimit(RLIMIT_AS);
	err = aspace_map(space(), req, &addr);
	return err ? err : (long)addr;
}

long sys_mmap(vaddr_t addr, size_t len, unsigned long prot, unsigned long flags, int fd, u64 offset)
{
	struct map_request req = { .addr = addr, .len = len, .prot = (u32)prot,
				   .map_flags = (u32)flags, .offset = offset };
	struct handle_ref ref = { .counted = false };
	u64 rounded;
	long result;

	if (!IS_ALIGNED(offset, PAGE_SIZE))
		return -EINVAL;
	if (flags & MAP_ANONYMOUS) {
		result = len ? 0 : -EINVAL;
		if (!result && (!page_range(0, len, &rounded) || rounded > USER_END))
			result = -ENOMEM;
		if (!result)
			result = anonymous_request(&req);
	} else {
		result = file_from_handle(fd, RIGHT_MAP, &ref, &req.file);
		if (result)
			return result;
		if (!len || (flags & MAP_HUGETLB))
			result = -EINVAL;
		else if (!page_range(0, len, &rounded) || rounded > USER_END)
			result = -ENOMEM;
		else if (offset + rounded < offset)
			result = -EOVERFLOW;
		else
			result = file_request(&req, req.file, ref.rights);
		if (!result)
			result = cap_lease(fd, ref.object, &req.lease);
	}
	if (!result)
		result = do_map(&req);
	if (req.object)
		vmobject_put(req.object);
	if (unlikely(req.lease))
		vm_lease_put(req.lease);
	if (ref.object)
		handle_put(&ref);
	return result;
}

long sys_munmap(vaddr_t addr, size_t len)
{
	return aspace_unmap(space(), addr, len);
}

long sys_mprotect(vaddr_t addr, size_t len, unsigned long prot)
{
	if (prot & ~(unsigned long)(PROT_RWX | PROT_SEM | PROT_GROWSDOWN))
		return -EINVAL; /* PROT_GROWSUP: nothing grows up here */
	return aspace_protect(space(), addr, len, (u32)prot);
}

long sys_mremap(vaddr_t addr, size_t old_len, size_t new_len, unsigned long flags, vaddr_t new_addr)
{
	u64 out;
	int err;

	if (flags & ~(unsigned long)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
		return -EINVAL;
	err = aspace_remap(space(), addr, old_len, new_len, (u32)flags, new_addr,
			   task_rlimit(RLIMIT_AS), &out);
	return err ? err : (long)out;
}

long sys_brk(vaddr_t addr)
{
	return (long)aspace_brk(space(), addr, task_rlimit(RLIMIT_DATA));
}

/* ---- msync -------------------------------------------------------------- */

/* Write back the shared file behind @info. */
static int sync_region(const struct region_info *info, int flags)
{
	if ((flags & MS_INVALIDATE) && (info->flags & REGION_LOCKED))
		return -EBUSY;
	if (!(flags & MS_SYNC) || !info->file || !(info->flags & REGION_SHARED) ||
	    !info->file->ops->fsync)
		return 0;
	return info->file->ops->fsync(info->file);
}

long sys_msync(vaddr_t addr, size_t len, int flags)
{
	struct region_info info;
	bool hole = false;
	u64 end;

	if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) || !IS_ALIGNED(addr, PAGE_SIZE) ||
	    ((flags & MS_ASYNC) && (flags & MS_SYNC)))
		return -EINVAL;
	if (!page_range(addr, len, &end))
		return -ENOMEM;
	end += addr;
	while (addr < end) {
		int err;

		if (!aspace_region_at(space(), addr, &info))
			return -ENOMEM;
		hole |= info.start > addr;
		err = info.start < end ? sync_region(&info, flags) : 0;
		if (info.file)
			file_put(info.file);
		if (err)
			return err;
		addr = info.end;
	}
	return hole ? -ENOMEM : 0;
}

/* ---- madvise ------------------------------------------------------------ */

/* MADV_FREE is for private anonymous memory only. */
static int discard_anonymous(u64 addr, u64 len)
{
	struct region_info info;

	for (u64 at = addr; at < addr + len && aspace_region_at(space(), at, &info);
	     at = info.end) {
		if (info.file)
			file_put(info.file);
		if (info.start >= addr + len)
			break;
		if (info.file || (info.flags & REGION_SHARED))
			return -EINVAL;
	}
	return aspace_discard(space(), addr, len);
}

/* MADV_REMOVE: a hole in the object behind shared memory. */
static int remove_pages(u64 addr, u64 len)
{
	u64 end = addr + len, offset, stop;

	while (addr < end) {
		struct vmobject *obj = aspace_object_at(space(), addr, &offset, &stop);

		if (!obj)
			return aspace_covered(space(), addr, PAGE_SIZE) ? -EINVAL : -ENOMEM;
		stop = MIN(stop, end);
		vmobject_punch(obj, offset, offset + (stop - addr));
		vmobject_put(obj);
		addr = stop;
	}
	return 0;
}

/* Advice that changes nothing here; holes are an error all the same. */
static int ignore(u64 addr, u64 len)
{
	return aspace_covered(space(), addr, len) ? 0 : -ENOMEM;
}

/* What is used least, and there is nowhere to page it out to: only what is asked for is
 * checked. */
static int cold(struct aspace *as, u64 addr, u64 len)
{
	struct region_info info;
	int err = aspace_covered(as, addr, len) ? 0 : -ENOMEM;

	for (u64 at = addr; at < addr + len && aspace_region_at(as, at, &info); at = info.end) {
		if (info.file)
			file_put(info.file);
		if (info.start < addr + len && (info.flags & REGION_LOCKED))
			return -EINVAL;
	}
	return err;
}

static int advise(u64 addr, u64 len, int advice)
{
	struct aspace *as = space();

	switch (advice) {
	case MADV_DONTNEED:
		return aspace_discard(as, addr, len);
	case MADV_FREE:
		return discard_anonymous(addr, len);
	case MADV_REMOVE:
		return remove_pages(addr, len);
	case MADV_DONTFORK:
		return aspace_set_flags(as, addr, len, REGION_DONTFORK, 0);
	case MADV_DOFORK:
		return aspace_set_flags(as, addr, len, 0, REGION_DONTFORK);
	case MADV_WIPEONFORK:
		return aspace_set_flags(as, addr, len, REGION_WIPEONFORK, 0);
	case MADV_KEEPONFORK:
		return aspace_set_flags(as, addr, len, 0, REGION_WIPEONFORK);
	case MADV_HUGEPAGE:
		return aspace_set_flags(as, addr, len, 0, REGION_NOHUGE);
	case MADV_NOHUGEPAGE:
		return aspace_set_flags(as, addr, len, REGION_NOHUGE, 0);
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		return aspace_populate(as, addr, len, advice == MADV_POPULATE_WRITE);
	case MADV_COLD:
	case MADV_PAGEOUT:
		return cold(as, addr, len);
	default:
		return ignore(addr, len);
	}
}

static bool advice_known(int advice)
{
	return (advice >= MADV_NORMAL && advice <= MADV_DONTNEED) ||
	       (advice >= MADV_FREE && advice <= MADV_POPULATE_WRITE);
}

long sys_madvise(vaddr_t addr, size_t len, int advice)
{
	u64 rounded;

	if (!advice_known(advice) || !IS_ALIGNED(addr, PAGE_SIZE) ||
	    !page_range(addr, len, &rounded))
		return -EINVAL;
	return rounded ? advise(addr, rounded, advice) : 0;
}

/* Advice that may be given to others. */
static bool advice_remote(int advice)
{
	return advice == MADV_COLD || advice == MADV_PAGEOUT || advice == MADV_WILLNEED;
}

/* One piece of the list. Return: 0; -errno. */
static int advise_other(struct aspace *as, u64 addr, u64 len, int advice)
{
	u64 rounded;

	if (!IS_ALIGNED(addr, PAGE_SIZE) || !page_range(addr, len, &rounded))
		return -EINVAL;
	if (!rounded)
		return 0;
	if (as == space())
		return advise(addr, rounded, advice);
	if (advice != MADV_WILLNEED)
		return cold(as, addr, rounded);
	return aspace_covered(as, addr, rounded) ? 0 : -ENOMEM;
}

static long advise_list(struct aspace *as, const struct linux_iovec __user *uiov, u64 count,
			int advice)
{
	struct linux_iovec iov;
	long done = 0;

	for (u64 i = 0; i < count; i++) {
		int err = copy_from_user(&iov, uiov + i, sizeof(iov)) ? -EFAULT : 0;

		if (!err)
			err = advise_other(as, iov.iov_base, iov.iov_len, advice);
		if (err)
			return done ? done : err;
		done += (long)iov.iov_len;
	}
	return done;
}

/* The space of the process behind @pidfd, which current may advise. */
static int space_of_pidfd(int pidfd, int advice, struct aspace **out)
{
	struct handle_ref ref;
	struct task *task;
	int err = pidfd_from_handle(pidfd, 0, &ref, &task, NULL);

	if (err)
		return err;
	*out = NULL;
	if (!(task == current_task() ? advice_known(advice) : advice_remote(advice)))
		err = -EINVAL;
	else if (!ptrace_may_access(task))
		err = -EACCES;
	else if (task != current_task() && !capable(CAP_SYS_NICE))
		err = -EPERM;
	else
		*out = task_aspace(task);
	handle_put(&ref);
	return err ? err : *out ? 0 : -ESRCH;
}

long sys_process_madvise(int pidfd, const struct linux_iovec __user *iov, size_t count, int advice,
			 unsigned int flags)
{
	struct aspace *as;
	long ret;

	if (flags || count > UIO_MAXIOV)
		return -EINVAL;
	ret = space_of_pidfd(pidfd, advice, &as);
	if (ret)
		return ret;
	ret = advise_list(as, iov, count, advice);
	aspace_put(as);
	return ret;
}

/* ---- protection keys: this CPU's are not switched on, so there are none ---- */

long sys_pkey_alloc(__unused unsigned long flags, __unused unsigned long rights)
{
	return -EINVAL; /* Linux 6's answer then; its manual says ENOSPC */
}

long sys_pkey_free(__unused int key)
{
	return -EINVAL;
}

long sys_pkey_mprotect(vaddr_t addr, size_t len, unsigned long prot, int key)
{
	return key == -1 ? sys_mprotect(addr, len, prot) : -EINVAL;
}

/* ---- mlock -------------------------------------------------------------- */

/* Pages are never taken from a process here, so locking is to fault them in, to
 * count them, and to refuse MADV_DONTNEED. */
static int populate_locked(u64 addr, u64 len)
{
	struct region_info info;

	for (u64 at = addr; at < addr + len && aspace_region_at(space(), at, &info);
	     at = info.end) {
		u64 start = MAX(at, info.start), end = MIN(info.end, addr + len);
		int err = 0;

		if (info.file)
			file_put(info.file);
		if (start < end && (info.prot & PROT_RWX))
			err = aspace_populate(space(), start, end - start,
					      (info.prot & PROT_WRITE) &&
						      !(info.flags & REGION_SHARED));
		if (err)
			return err == -EFAULT ? -ENOMEM : -EAGAIN;
	}
	return 0;
}

long sys_mlock2(vaddr_t addr, size_t len, int flags)
{
	u64 start = ALIGN_DOWN(addr, PAGE_SIZE), rounded;
	int err;

	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	if (!page_range(start, len + (addr - start), &rounded))
		return -EINVAL;
	err = may_lock(space()->locked_bytes - locked_in(start, rounded) +
		       MIN(rounded, USER_END));
	if (err)
		return err;
	err = aspace_set_flags(space(), start, rounded, REGION_LOCKED, 0);
	if (err || (flags & MLOCK_ONFAULT))
		return err;
	return populate_locked(start, rounded);
}

long sys_munlock(vaddr_t addr, size_t len)
{
	u64 start = ALIGN_DOWN(addr, PAGE_SIZE), rounded;

	if (!page_range(start, len + (addr - start), &rounded))
		return -EINVAL;
	return aspace_set_flags(space(), start, rounded, 0, REGION_LOCKED);
}

long sys_mlockall(int flags)
{
	struct aspace *as = space();
	int err;

	if (!flags || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) || flags == MCL_ONFAULT)
		return -EINVAL;
	err = may_lock(flags & MCL_CURRENT ? as->mapped_bytes : 0);
	if (err)
		return err;
	atomic_store_relaxed(&as->lock_future, (flags & MCL_FUTURE) != 0);
	if (!(flags & MCL_CURRENT))
		return 0;
	err = aspace_set_all_flags(as, REGION_LOCKED, 0);
	if (!err && !(flags & MCL_ONFAULT))
		(void)populate_locked(USER_START, USER_END - USER_START); /* as Linux */
	return err;
}

long sys_munlockall(void)
{
	atomic_store_relaxed(&space()->lock_future, false);
	return aspace_set_all_flags(space(), 0, REGION_LOCKED);
}

/* ---- mincore ------------------------------------------------------------ */

long sys_mincore(vaddr_t addr, size_t len, vaddr_t vec)
{
	u64 pages = ALIGN_UP((u64)len, PAGE_SIZE) >> PAGE_SHIFT;
	u8 chunk[256];

	if (!IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	if (!user_range_ok((void __user *)addr, len))
		return -ENOMEM;
	for (u64 done = 0; done < pages;) {
		u32 n = (u32)MIN(pages - done, sizeof(chunk));
		int err = aspace_present(space(), addr + done * PAGE_SIZE, n, chunk);

		if (err)
			return err;
		if (copy_to_user((void __user *)(vec + done), chunk, n))
			return -EFAULT;
		done += n;
	}
	return 0;
}
