/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: an interval tree of regions, each showing a part of a
 * memory object or private anonymous memory.
 *
 *   private anonymous   frames known by the page tables alone; zero page on a
 *                       first read, cleared frame on a first write
 *   private of object   object's frame read-only; a write copies it (COW)
 *   shared of object    the object's frame itself
 *
 * fork copies page table entries read-only with one more reference a frame; a
 * write to a frame with one reference takes it over, else it is copied.
 */
#pragma once

#include <arch/mmu.h>
#include <kernel/core/mutex.h>
#include <kernel/core/refcount.h>
#include <kernel/lib/types.h>
#include <mm/vmtree.h>

struct file;
struct vm_lease;
struct vmobject;

/* Lock key: i immutable, a as->lock. */
struct aspace {
	struct mmu_space mmu;     /* [a] */
	struct refcount refs;
	struct mutex lock;        /* RANK_ASPACE */
	struct vmtree regions;    /* [a] */
	u32 nr_regions;           /* [a] at most 65530 as Linux's max_map_count */
	u64 mapped_bytes;         /* [a] for RLIMIT_AS */
	u64 resident;             /* [a] pages entered for the user; read racily by /proc */
	u64 locked_bytes;         /* [a] */
	bool lock_future;         /* [a] mlockall(MCL_FUTURE): new regions are locked */
	bool doomed;              /* [TASK_TREE][a] its processes were chosen by the OOM killer */
	bool no_large;            /* [a] prctl(PR_SET_THP_DISABLE) */
	bool reaped;              /* [a] the OOM killer took all: faults end the process */
	u64 brk_start, brk;       /* [a] */
	u64 stack_top;            /* [i] after exec */
	u64 mmap_top;             /* [i] mappings are placed downwards from here */
	u64 id;                   /* [i] no other space has or will have it; not 0 */
	bool window;              /* [a] RING_WINDOW_* is kept for rings and regions */
	u64 arg_start, arg_end, env_start, env_end; /* [i] after exec: /proc/PID/cmdline */
	u64 code_start, code_end;                   /* [i] after exec: /proc/PID/stat */
	u64 auxv[48];             /* [i] after exec: /proc/PID/auxv */
};

/** aspace_init - caches; once, after slab_init() */
void aspace_init(void);

/** aspace_create - empty, user half only. NULL when out of memory. */
struct aspace *aspace_create(void);
void aspace_get(struct aspace *as);
/** aspace_put - the last reference unmaps all. May sleep. */
void aspace_put(struct aspace *as);

/** aspace_fork - *out = copy of @as as fork(2) wants it. Return: 0; -ENOMEM. */
__must_check int aspace_fork(struct aspace *as, struct aspace **out);

struct map_request {
	u64 addr;                /* hint, or exact with MAP_FIXED */
	u64 len;                 /* bytes, not 0; rounded up */
	u32 prot;                /* PROT_* */
	u32 max_prot;            /* what mprotect may add later; 7 for anonymous */
	u32 map_flags;           /* MAP_* of the Linux ABI */
	u32 region_flags;        /* further enum region_flags */
	struct vmobject *object; /* a reference is taken; NULL: anonymous */
	u64 offset;              /* page-aligned bytes into object */
	struct file *file;       /* a reference is taken */
	struct vm_lease *lease;  /* a reference is taken; NULL: none */
	u64 rlimit_as;           /* RLIMIT_AS of the caller */
	bool window;             /* within RING_WINDOW_*, which nobody else gets from now on:
	                            -ENOBUFS when it is full */
};

/** aspace_map - mmap(2). Return: 0 and *out; -EINVAL -ENOMEM -EEXIST -EPERM; with a
 * lease that has ended the mapping is there and faults. */
__must_check int aspace_map(struct aspace *as, const struct map_request *req, u64 *out);
/** aspace_unmap - munmap(2) */
__must_check int aspace_unmap(struct aspace *as, u64 addr, u64 len);
/** aspace_protect - mprotect(2): -ENOMEM holes, -EACCES max_prot; what comes before
 * the obstacle is changed, as on Linux */
__must_check int aspace_protect(struct aspace *as, u64 addr, u64 len, u32 prot);
/** aspace_brk - set the break; returns the break that is in force, as Linux */
u64 aspace_brk(struct aspace *as, u64 brk, u64 rlimit_data);
/** aspace_remap - mremap(2) */
__must_check int aspace_remap(struct aspace *as, u64 addr, u64 old_len, u64 new_len, u32 flags,
			      u64 new_addr, u64 rlimit_as, u64 *out);

/** aspace_discard - MADV_DONTNEED: pages of [addr, addr+len) read as new again.
 * Return: 0; -ENOMEM holes (the rest is done); -EINVAL locked or device. */
__must_check int aspace_discard(struct aspace *as, u64 addr, u64 len);
/** aspace_set_flags - set and clear enum region_flags on all of [addr, addr+len).
 * Return: 0; -ENOMEM holes or no memory; -EINVAL not for this kind of region. */
__must_check int aspace_set_flags(struct aspace *as, u64 addr, u64 len, u32 set, u32 clear);
/** aspace_set_all_flags - the same on every region (mlockall) */
__must_check int aspace_set_all_flags(struct aspace *as, u32 set, u32 clear);
/** aspace_set_policy - mbind(2): where pages of [addr, addr+len) come from. Return: 0;
 * -EFAULT holes (what comes before is set); -ENOMEM. */
__must_check int aspace_set_policy(struct aspace *as, u64 addr, u64 len, struct mempolicy policy);
/** aspace_covered - whether [addr, addr+len) has no hole */
bool aspace_covered(struct aspace *as, u64 addr, u64 len);
/** aspace_populate - fault in [addr, addr+len); @access FAULT_WRITE where the region
 * may be written, else read. Return: 0; -ENOMEM hole or no memory; -EFAULT. */
__must_check int aspace_populate(struct aspace *as, u64 addr, u64 len, bool write);
/** aspace_present - mincore(2): one byte a page of [addr, addr + 4096 * n), 1: a touch
 * would not wait for data. Return: 0; -ENOMEM holes. */
__must_check int aspace_present(struct aspace *as, u64 addr, u32 n, u8 *out);

enum fault_access { FAULT_READ = 0, FAULT_WRITE = 1, FAULT_EXEC = 2 };
/* What became of a fault; the signal and si_code when it was not resolved. */
struct fault_result {
	int signo; /* 0 resolved; else SIGSEGV, SIGBUS, SIGKILL (out of memory) */
	int code;  /* SEGV_MAPERR, SEGV_ACCERR, BUS_ADRERR, ... */
};
/** aspace_fault - resolve a fault of current at @va. May sleep. */
struct fault_result aspace_fault(struct aspace *as, u64 va, enum fault_access access);

/** aspace_access - copy between kernel memory and @as, not current's
 * (/proc/PID/mem, ptrace, argv for /proc). Return: bytes, short at a hole. */
__must_check long aspace_access(struct aspace *as, u64 va, void *buf, size_t len, bool write);

/** aspace_clear - write zeros the same way. Return: 0; -EFAULT. */
__must_check int aspace_clear(struct aspace *as, u64 va, size_t len);

/** aspace_copy_user - some of @len bytes between @as at @va and current's memory at
 * @user (@write: to @as). Return: bytes; 0: not even the first. May sleep. */
__must_check size_t aspace_copy_user(struct aspace *as, u64 va, void __user *user, size_t len,
				     bool write);

/** aspace_poke - write as a tracer may: also to private regions that are read-only, whose
 * page becomes one of this space. Return: bytes, short at a hole. */
__must_check long aspace_poke(struct aspace *as, u64 va, void *buf, size_t len);

/* A copy of one region for /proc; taken under the lock, so safe to format. */
struct region_info {
	u64 start, end, offset;
	u32 prot, max_prot, flags;
	struct file *file; /* referenced for the caller, or NULL */
	struct mempolicy policy;
	bool object;       /* not anonymous private memory */
};
/* A page that a space shows. */
struct page_info {
	u64 va;
	pfn_t pfn;
	u32 prot;       /* enum mmu_prot; MMU_NOREF: the zero page, or a device's */
	node_t node;    /* of memory */
	s32 users;      /* references on it: entries, copiers, its object */
	bool object;    /* belongs to a memory object */
	bool dirty, accessed, large;
};
/** aspace_next_page - the first page shown in [@va, @end). Return: false: none. */
bool aspace_next_page(struct aspace *as, u64 va, u64 end, struct page_info *out);
/** aspace_migrate - move the page shown at @va to @node; @all: also one that others show
 * Return: the node it is on; -ENOENT none; -EFAULT no region, zero page, device;
 * -EACCES others show it; -EBUSY; -ENOMEM. */
__must_check int aspace_migrate(struct aspace *as, u64 va, node_t node, bool all);

/** aspace_region_at - the first region that ends above @va. Return: false: none. */
bool aspace_region_at(struct aspace *as, u64 va, struct region_info *out);

/** aspace_shared_object - the object that a shared mapping shows at @va (futex keys)
 * Return: true, *obj referenced, *offset in bytes; false: private or nothing there. */
bool aspace_shared_object(struct aspace *as, u64 va, struct vmobject **obj, u64 *offset);

/* Defined above mm, in sys_mm.c: what mm cannot see. */
/** aspace_file_get, aspace_file_put - references of regions on their file */
void aspace_file_get(struct file *file);
void aspace_file_put(struct file *file);
/** aspace_stack_limit - RLIMIT_STACK of current */
u64 aspace_stack_limit(void);

/** aspace_object_at - the object that the shared region at @va shows, referenced, and
 * the byte in it; *end: where the region ends. NULL: none, or not writable. */
struct vmobject *aspace_object_at(struct aspace *as, u64 va, u64 *offset, u64 *end);

/** aspace_weight - pages that the end of @as would bring back, racy: its own, tables, regions */
u64 aspace_weight(const struct aspace *as);
/** aspace_reap - its processes are being killed: give back all they have mapped, now.
 * Return: false: somebody has the lock; try again. */
__must_check bool aspace_reap(struct aspace *as);
static inline bool aspace_is_reaped(const struct aspace *as)
{
	return atomic_load_relaxed(&as->reaped);
}

/** aspace_live - spaces alive: leak checks */
u32 aspace_live(void);
