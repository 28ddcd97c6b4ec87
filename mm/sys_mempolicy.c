/* SPDX-License-Identifier: MIT */
/*
 * System calls of NUMA: where memory comes from, and moving it.
 * Sources: man set_mempolicy(2), get_mempolicy(2), mbind(2), migrate_pages(2),
 * move_pages(2), set_mempolicy_home_node(2).
 */
#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_mempolicy.h>
#include <kernel/syscall_protos.h>
#include <kernel/task/ptrace.h>
#include <kernel/task/task.h>
#include <mm/aspace.h>
#include <mm/mempolicy.h>
#include <mm/numa.h>
#include <security/cred.h>

#define MASK_BITS_MAX (PAGE_SIZE * 8) /* of a mask from the user */

struct mempolicy mempolicy_current(u64 *n)
{
	struct mempolicy policy = current->mempolicy;

	if (policy.mode == MPOL_INTERLEAVE)
		*n = current->interleave++;
	return policy;
}

/* ---- masks: Linux counts one bit more than there are ---- */

static int mask_get(vaddr_t umask, unsigned long maxnode, u64 *out)
{
	u64 bits = maxnode - 1, word;

	*out = 0;
	if (!bits || !umask)
		return 0;
	if (bits > MASK_BITS_MAX)
		return -EINVAL;
	for (u64 at = 0; at < bits; at += 64) {
		if (user_read_u64(&word, (const void __user *)(umask + at / 8)))
			return -EFAULT;
		if (bits - at < 64)
			word &= BIT(bits - at) - 1;
		if (at == 0)
			*out = word;
		if (at ? word : word >> NR_NODES)
			return -EINVAL;
	}
	return 0;
}

static int mask_put(vaddr_t umask, unsigned long maxnode, u64 nodes)
{
	u64 bytes = ALIGN_UP(maxnode - 1, 64ul) / 8;

	if (bytes > sizeof(nodes)) {
		if (bytes > PAGE_SIZE)
			return -EINVAL;
		if (user_clear((void __user *)(umask + sizeof(nodes)), bytes - sizeof(nodes)))
			return -EFAULT;
		bytes = sizeof(nodes);
	}
	return copy_to_user((void __user *)umask, &nodes, bytes);
}

/* ---- of a thread ---- */

long sys_set_mempolicy(int mode, vaddr_t nodemask, unsigned long maxnode)
{
	struct mempolicy policy;
	u64 nodes;
	int err = mask_get(nodemask, maxnode, &nodes);

	if (!err)
		err = mempolicy_make(mode, nodes, &policy);
	if (err)
		return err;
	current->mempolicy = policy;
	current->interleave = 0;
	return 0;
}

/* Of the page at @addr, which is read to be there. */
static int node_at(u64 addr)
{
	struct page_info page;
	int err;

	addr = ALIGN_DOWN(addr, PAGE_SIZE);
	err = aspace_populate(current_task()->as, addr, PAGE_SIZE, false);
	if (err || !aspace_next_page(current_task()->as, addr, addr + PAGE_SIZE, &page))
		return -EFAULT;
	return (int)page.node; /* the zero page is of the image: on node 0 */
}

static int policy_at(u64 addr, struct mempolicy *policy)
{
	struct region_info info;

	if (!aspace_region_at(current_task()->as, addr, &info))
		return -EFAULT;
	if (info.file)
		aspace_file_put(info.file);
	*policy = info.policy;
	return info.start > addr ? -EFAULT : 0;
}

static int tell_node(u64 addr, int flags)
{
	struct mempolicy policy = current->mempolicy;

	if (flags & MPOL_F_ADDR)
		return node_at(addr);
	if (policy.mode != MPOL_INTERLEAVE)
		return -EINVAL;
	return (int)mempolicy_node(policy, current->interleave);
}

/* What is told: *mode, and *nodes. */
static int tell(u64 addr, int flags, u32 *mode, u64 *nodes)
{
	struct mempolicy policy = current->mempolicy;
	int err;

	if (flags & ~(MPOL_F_NODE | MPOL_F_ADDR | MPOL_F_MEMS_ALLOWED))
		return -EINVAL;
	if (flags & MPOL_F_MEMS_ALLOWED) {
		*mode = 0;
		*nodes = mempolicy_memory_nodes();
		return flags & (MPOL_F_NODE | MPOL_F_ADDR) ? -EINVAL : 0;
	}
	if (!(flags & MPOL_F_ADDR) && addr)
		return -EINVAL;
	err = flags & MPOL_F_ADDR ? policy_at(addr, &policy) : 0;
	if (err)
		return err;
	*mode = (u32)mempolicy_mode(policy);
	*nodes = policy.flags ? policy.user_nodes : policy.nodes;
	if (!(flags & MPOL_F_NODE))
		return 0;
	err = tell_node(addr, flags);
	*mode = (u32)err;
	return MIN(err, 0);
}

long sys_get_mempolicy(int __user *umode, vaddr_t nodemask, unsigned long maxnode, vaddr_t addr,
		       int flags)
{
	u64 nodes;
	u32 mode;
	int err;

	if (nodemask && maxnode < numa_node_count())
		return -EINVAL;
	err = tell(addr, flags, &mode, &nodes);
	if (!err && umode)
		err = user_write_u32(umode, mode);
	if (!err && nodemask)
		err = mask_put(nodemask, maxnode, nodes);
	return err;
}

/* ---- of memory ---- */

/* Pages in [addr, end) that are not on @nodes go there, one after the other if there
 * are several. Return: how many stay where they are. */
static u64 move_range(struct aspace *as, u64 addr, u64 end, u16 nodes, bool all)
{
	struct mempolicy to = { .nodes = nodes };
	struct page_info page;
	u64 stay = 0, n = 0;

	for (; addr < end && aspace_next_page(as, addr, end, &page); addr = page.va + PAGE_SIZE) {
		sched_point();
		if ((page.prot & MMU_NOREF) || (nodes & BIT(page.node)))
			continue;
		stay += aspace_migrate(as, page.va, mempolicy_node(to, n++), all) < 0;
		if (signal_pending())
			break;
	}
	return stay;
}

static bool all_on(struct aspace *as, u64 addr, u64 end, u16 nodes)
{
	struct page_info page;

	for (; addr < end && aspace_next_page(as, addr, end, &page); addr = page.va + PAGE_SIZE)
		if (!(page.prot & MMU_NOREF) && !(nodes & BIT(page.node)))
			return false;
	return true;
}

/* Where pages may be under @policy. */
static u16 nodes_of(struct mempolicy policy)
{
	if (policy.nodes)
		return policy.nodes;
	return policy.mode == MPOL_LOCAL ? (u16)BIT(this_cpu()->node) : mempolicy_memory_nodes();
}

static long bind(u64 addr, u64 end, struct mempolicy policy, int flags)
{
	struct aspace *as = current_task()->as;
	bool move = flags & (MPOL_MF_MOVE | MPOL_MF_MOVE_ALL);
	u64 stay = 0;
	int err;

	if (!aspace_covered(as, addr, end - addr))
		return -EFAULT;
	if ((flags & MPOL_MF_STRICT) && !move && !all_on(as, addr, end, nodes_of(policy)))
		return -EIO;
	err = aspace_set_policy(as, addr, end - addr, policy);
	if (!err && move)
		stay = move_range(as, addr, end, nodes_of(policy), flags & MPOL_MF_MOVE_ALL);
	if (!err && stay && (flags & MPOL_MF_STRICT))
		err = -EIO;
	return err;
}

long sys_mbind(vaddr_t addr, size_t len, int mode, vaddr_t nodemask, unsigned long maxnode,
	       int flags)
{
	u64 end = addr + ALIGN_UP((u64)len, PAGE_SIZE), nodes;
	struct mempolicy policy;
	int err = mask_get(nodemask, maxnode, &nodes);

	if (err)
		return err;
	if (flags & ~(MPOL_MF_STRICT | MPOL_MF_MOVE | MPOL_MF_MOVE_ALL))
		return -EINVAL;
	if ((flags & MPOL_MF_MOVE_ALL) && !capable(CAP_SYS_NICE))
		return -EPERM;
	if (!IS_ALIGNED(addr, PAGE_SIZE) || end < addr)
		return -EINVAL;
	if (mode == MPOL_DEFAULT)
		flags &= ~MPOL_MF_STRICT;
	if (end == addr)
		return 0;
	err = mempolicy_make(mode, nodes, &policy);
	return err ? err : bind(addr, end, policy, flags);
}

/* Regions without a policy are passed over; there has to be one that has some. */
long sys_set_mempolicy_home_node(vaddr_t addr, size_t len, unsigned long home_node,
				 unsigned long flags)
{
	u64 end = addr + ALIGN_UP((u64)len, PAGE_SIZE);
	struct region_info info;
	int err = 0, found = -ENOENT;

	if (!IS_ALIGNED(addr, PAGE_SIZE) || flags || home_node >= numa_node_count() ||
	    !(mempolicy_memory_nodes() & BIT(home_node)) || end < addr)
		return -EINVAL;
	while (!err && addr < end && aspace_region_at(current_task()->as, addr, &info)) {
		struct mempolicy policy = info.policy;
		u64 from = MAX(info.start, addr), stop = MIN(info.end, end);

		if (info.file)
			aspace_file_put(info.file);
		if (from >= end)
			break;
		if (policy.mode == MPOL_BIND || policy.mode == MPOL_PREFERRED_MANY) {
			policy.home = (u8)(home_node + 1);
			found = 0;
			err = aspace_set_policy(current_task()->as, from, stop - from, policy);
		} else if (policy.mode != MPOL_DEFAULT) {
			err = -EOPNOTSUPP;
		}
		addr = stop;
	}
	return err ? err : found;
}

/* ---- moving what is there ---- */

/* The space of process @pid, 0: current's, whose pages current may move. */
static int space_of(int pid, struct aspace **out)
{
	struct task *task = pid ? task_find(pid) : current_task();
	int err = 0;

	if (!task)
		return -ESRCH;
	if (pid && !ptrace_may_access(task))
		err = -EPERM;
	*out = err ? NULL : task_aspace(task);
	if (pid)
		task_put(task);
	if (!err && !*out)
		err = -EINVAL;
	return err;
}

/* From each node of @from to the one of @to in the same place of the order. */
static u64 migrate(struct aspace *as, u16 from, u16 to)
{
	struct page_info page;
	u64 addr = USER_START, stay = 0;

	for (; aspace_next_page(as, addr, USER_END, &page); addr = page.va + PAGE_SIZE) {
		struct mempolicy order = { .nodes = to };
		u32 place;

		sched_point();
		if (signal_pending())
			break;
		if ((page.prot & MMU_NOREF) || !(from & BIT(page.node)) || (to & BIT(page.node)))
			continue;
		place = mempolicy_count(from & (u16)(BIT(page.node) - 1));
		stay += aspace_migrate(as, page.va, mempolicy_node(order, place), false) < 0;
	}
	return stay;
}

long sys_migrate_pages(int pid, unsigned long maxnode, vaddr_t old_nodes, vaddr_t new_nodes)
{
	struct aspace *as;
	u64 from, to, stay;
	int err = mask_get(old_nodes, maxnode, &from);

	if (!err)
		err = mask_get(new_nodes, maxnode, &to);
	if (!err)
		err = space_of(pid, &as);
	if (err)
		return err;
	to &= mempolicy_memory_nodes();
	stay = to ? migrate(as, (u16)from, (u16)to) : 0;
	aspace_put(as);
	return to ? (long)stay : -EINVAL;
}

/* Where the page at @va is: a node, -ENOENT, -EFAULT. */
static int status_of(struct aspace *as, u64 va)
{
	struct page_info page;

	va = ALIGN_DOWN(va, PAGE_SIZE);
	if (va >= USER_END || !aspace_covered(as, va, PAGE_SIZE))
		return -EFAULT;
	if (!aspace_next_page(as, va, va + PAGE_SIZE, &page))
		return -ENOENT;
	return page.prot & MMU_NOREF ? -EFAULT : (int)page.node;
}

static int move_page(struct aspace *as, u64 va, u32 node, bool all)
{
	int now;

	if (node >= NR_NODES || !(mempolicy_memory_nodes() & BIT(node)))
		return -ENODEV;
	now = status_of(as, va);
	if (now < 0 || now == (int)node)
		return now;
	return aspace_migrate(as, ALIGN_DOWN(va, PAGE_SIZE), node, all);
}

/* One of move_pages()'s list. Return: 0; -EFAULT, -ENODEV end it all. */
static int one_page(struct aspace *as, u64 i, vaddr_t pages, vaddr_t nodes, vaddr_t status,
		    bool all)
{
	u32 node = 0;
	u64 va;
	int now;

	if (user_read_u64(&va, (const void __user *)(pages + i * sizeof(u64))) ||
	    (nodes && user_read_u32(&node, (const void __user *)(nodes + i * sizeof(u32)))))
		return -EFAULT;
	now = nodes ? move_page(as, va, node, all) : status_of(as, va);
	if (now == -ENODEV)
		return now;
	return user_write_u32((void __user *)(status + i * sizeof(u32)), (u32)now);
}

long sys_move_pages(int pid, unsigned long count, vaddr_t pages, vaddr_t nodes, vaddr_t status,
		    int flags)
{
	struct aspace *as;
	int err;

	if (flags & ~(MPOL_MF_MOVE | MPOL_MF_MOVE_ALL))
		return -EINVAL;
	if ((flags & MPOL_MF_MOVE_ALL) && !capable(CAP_SYS_NICE))
		return -EPERM;
	err = space_of(pid, &as);
	if (err)
		return err;
	for (u64 i = 0; i < count && !err; i++) {
		sched_point();
		err = signal_pending() ? -EINTR : one_page(as, i, pages, nodes, status,
							   flags & MPOL_MF_MOVE_ALL);
	}
	aspace_put(as);
	return err;
}
