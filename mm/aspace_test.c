/* SPDX-License-Identifier: MIT */
/*
 * Address spaces without user programs: faults are called, memory is looked at
 * through aspace_access(). The random test keeps a model of every page.
 */
#include <mm/aspace.h>

#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_mman.h>
#include <kernel/abi/linux_signal.h>
#include <kernel/core/faultinject.h>
#include <kernel/core/ktest.h>
#include <kernel/core/sched_hooks.h>
#include <kernel/lib/string.h>
#include <kernel/task/thread.h>
#include <kernel/time/clock.h>
#include <mm/object.h>
#include <mm/pmm.h>

#define BASE  0x40000000ull
#define PAGES 96u
#define P(n)  ((u64)(n) * PAGE_SIZE)
#define RW    (PROT_READ | PROT_WRITE)

static int map_at(struct aspace *as, u64 addr, u64 len, u32 prot, u32 flags, struct vmobject *obj,
		  u64 offset)
{
	struct map_request req = { .addr = addr, .len = len, .prot = prot, .max_prot = 7,
				   .map_flags = flags | MAP_FIXED, .object = obj,
				   .offset = offset, .rlimit_as = ~0ull };
	u64 out;
	int err = aspace_map(as, &req, &out);

	return err ? err : out == addr ? 0 : -1000;
}

static int peek(struct aspace *as, u64 va)
{
	u8 byte;

	return aspace_access(as, va, &byte, 1, false) == 1 ? byte : -1;
}

static bool poke(struct aspace *as, u64 va, u8 byte)
{
	return aspace_access(as, va, &byte, 1, true) == 1;
}

/* ---- Random operations against a model ---------------------------------- */

struct model {
	bool mapped[PAGES];
	u8 prot[PAGES];
	u8 value[PAGES]; /* of byte 7 */
};

static void check_model(struct ktest_run *run, struct aspace *as, const struct model *m)
{
	for (u32 i = 0; i < PAGES; i++) {
		int want = m->mapped[i] && m->prot[i] ? m->value[i] : -1;

		KCHECK_EQ(peek(as, BASE + P(i) + 7), want);
	}
}

static void forget(struct model *m, u32 at, u32 n)
{
	memset(&m->mapped[at], 0, n);
	memset(&m->prot[at], 0, n);
	memset(&m->value[at], 0, n);
}

static u8 random_prot(void)
{
	static const u8 prots[] = { PROT_NONE, PROT_READ, RW, RW, RW };

	return prots[ktest_random() % 5];
}

static void random_remap(struct ktest_run *run, struct aspace *as, struct model *m, u32 at, u32 n)
{
	u32 to = (u32)(ktest_random() % (PAGES - n));
	struct model old = *m;
	bool whole = true;
	u64 out;
	int err = aspace_remap(as, BASE + P(at), P(n), P(n), MREMAP_MAYMOVE | MREMAP_FIXED,
			       BASE + P(to), ~0ull, &out);

	for (u32 i = at; i < at + n; i++)
		whole &= m->mapped[i] && m->prot[i] == m->prot[at];
	if (to < at + n && at < to + n) {
		KCHECK_EQ(err, -EINVAL);
		return;
	}
	if (!whole) { /* several regions: EFAULT, maybe after the unmapping */
		KCHECK_EQ(err, -EFAULT);
		return;
	}
	KCHECK_EQ(err, 0);
	memcpy(&m->mapped[to], &old.mapped[at], n);
	memcpy(&m->prot[to], &old.prot[at], n);
	memcpy(&m->value[to], &old.value[at], n);
	forget(m, at, n);
}

static void random_fork(struct ktest_run *run, struct aspace **as, const struct model *m)
{
	struct model theirs = *m;
	struct aspace *child;

	if (aspace_fork(*as, &child)) {
		KCHECK(!"aspace_fork failed");
		return;
	}
	for (u32 i = 0; i < PAGES; i += 3)
		if (m->mapped[i] && m->prot[i] == RW) {
			KCHECK(poke(child, BASE + P(i) + 7, 0xee));
			theirs.value[i] = 0xee;
		}
	check_model(run, child, &theirs);
	check_model(run, *as, m);
	aspace_put(child);
}

static void random_step(struct ktest_run *run, struct aspace **as, struct model *m)
{
	u32 at = (u32)(ktest_random() % PAGES);
	u32 n = 1 + (u32)(ktest_random() % MIN(PAGES - at, 12u));
	u8 prot = random_prot(), byte = (u8)ktest_random();
	bool hole = false;

	for (u32 i = at; i < at + n; i++)
		hole |= !m->mapped[i];
	switch (ktest_random() % 10) {
	case 0:
	case 1:
		KCHECK_EQ(map_at(*as, BASE + P(at), P(n), prot, MAP_PRIVATE, NULL, 0), 0);
		forget(m, at, n);
		memset(&m->mapped[at], 1, n);
		memset(&m->prot[at], prot, n);
		break;
	case 2:
		KCHECK_EQ(aspace_unmap(*as, BASE + P(at), P(n)), 0);
		forget(m, at, n);
		break;
	case 3:
	case 4:
		KCHECK_EQ(aspace_protect(*as, BASE + P(at), P(n), prot), hole ? -ENOMEM : 0);
		for (u32 i = at; i < at + n && m->mapped[i]; i++)
			m->prot[i] = prot;
		break;
	case 5:
		KCHECK_EQ(aspace_discard(*as, BASE + P(at), P(n)), hole ? -ENOMEM : 0);
		memset(&m->value[at], 0, n);
		break;
	case 6:
		random_remap(run, *as, m, at, MIN(n, PAGES - 1));
		break;
	case 7:
		random_fork(run, as, m);
		break;
	default:
		for (u32 i = at; i < at + n; i++) {
			bool may = m->mapped[i] && m->prot[i] == RW;

			KCHECK_EQ(poke(*as, BASE + P(i) + 7, byte), may);
			if (may)
				m->value[i] = byte;
		}
	}
}

KTEST(aspace, random_against_model)
{
	static struct model m;
	struct aspace *as = aspace_create();

	KREQUIRE(as);
	memset(&m, 0, sizeof(m));
	for (u32 step = 0; step < 3000 && run->failed < 10; step++) {
		struct model before = m;

		random_step(run, &as, &m);
		/* A failed mremap may have unmapped its target: take what is there. */
		for (u32 i = 0; i < PAGES; i++)
			if (m.mapped[i] && before.mapped[i] &&
			    !aspace_covered(as, BASE + P(i), PAGE_SIZE))
				forget(&m, i, 1);
		if (step % 50 == 0)
			check_model(run, as, &m);
	}
	check_model(run, as, &m);
	KCHECK(as->resident <= PAGES);
	KCHECK(as->nr_regions <= PAGES);
	KCHECK_EQ(aspace_unmap(as, BASE, P(PAGES)), 0);
	KCHECK_EQ(as->resident, 0);
	KCHECK_EQ(as->nr_regions, 0);
	KCHECK_EQ(as->mapped_bytes, 0);
	KCHECK_EQ(as->mmu.table_pages, 0);
	aspace_put(as);
}

/* ---- Faults ------------------------------------------------------------- */

static int fault(struct aspace *as, u64 va, enum fault_access access)
{
	struct fault_result result = aspace_fault(as, va, access);

	return result.signo * 16 + result.code;
}

KTEST(aspace, fault_cases)
{
	struct aspace *as = aspace_create();
	struct vmobject *obj = vmobject_create(NULL, P(2) + 1, NULL);
	struct mmu_entry entry;

	KREQUIRE(as && obj);
	KCHECK_EQ(map_at(as, BASE, P(4), PROT_READ, MAP_PRIVATE, NULL, 0), 0);
	KCHECK_EQ(map_at(as, BASE + P(8), P(4), RW, MAP_SHARED, obj, 0), 0);
	KCHECK_EQ(fault(as, BASE - 1, FAULT_READ), SIGSEGV * 16 + SEGV_MAPERR);
	KCHECK_EQ(fault(as, BASE, FAULT_WRITE), SIGSEGV * 16 + SEGV_ACCERR);
	KCHECK_EQ(fault(as, BASE, FAULT_EXEC), SIGSEGV * 16 + SEGV_ACCERR);
	KCHECK_EQ(fault(as, BASE, FAULT_READ), 0);
	KREQUIRE(mmu_query(&as->mmu, BASE, &entry));
	KCHECK(entry.prot & MMU_NOREF); /* the zero page */
	KCHECK_EQ(fault(as, BASE + P(10), FAULT_WRITE), 0);
	KCHECK_EQ(fault(as, BASE + P(11), FAULT_READ), SIGBUS * 16 + BUS_ADRERR);
	KCHECK_EQ(aspace_protect(as, BASE, P(4), RW), 0);
	KCHECK_EQ(fault(as, BASE, FAULT_WRITE), 0);
	KREQUIRE(mmu_query(&as->mmu, BASE, &entry));
	KCHECK(!(entry.prot & MMU_NOREF) && (entry.prot & MMU_WRITE));
	KCHECK_EQ(as->resident, 2);
	vmobject_put(obj);
	aspace_put(as);
}

KTEST(aspace, cow_takes_over_the_last_reference)
{
	struct aspace *as = aspace_create(), *child;
	struct mmu_entry a, b;

	KREQUIRE(as);
	KCHECK_EQ(map_at(as, BASE, P(1), RW, MAP_PRIVATE, NULL, 0), 0);
	KCHECK(poke(as, BASE, 5));
	KREQUIRE(!aspace_fork(as, &child));
	KREQUIRE(mmu_query(&as->mmu, BASE, &a) && mmu_query(&child->mmu, BASE, &b));
	KCHECK_EQ(a.pfn, b.pfn);
	KCHECK(!((a.prot | b.prot) & MMU_WRITE));
	KCHECK_EQ(frame_refs(frame_of(a.pfn)), 2);
	KCHECK(poke(child, BASE, 6));
	KREQUIRE(mmu_query(&child->mmu, BASE, &b));
	KCHECK(a.pfn != b.pfn);
	KCHECK(poke(as, BASE, 7)); /* alone again: no copy */
	KREQUIRE(mmu_query(&as->mmu, BASE, &b));
	KCHECK_EQ(a.pfn, b.pfn);
	KCHECK_EQ(peek(child, BASE), 6);
	aspace_put(child);
	aspace_put(as);
}

KTEST(aspace, stack_grows_to_its_guard)
{
	struct aspace *as = aspace_create();
	u64 top = BASE + (64ull << 20);

	KREQUIRE(as);
	KCHECK_EQ(map_at(as, top - P(4), P(4), RW, MAP_PRIVATE | MAP_GROWSDOWN, NULL, 0), 0);
	KCHECK_EQ(map_at(as, top - (3ull << 20), P(1), RW, MAP_PRIVATE, NULL, 0), 0);
	KCHECK(poke(as, top - P(100), 1));
	KCHECK(poke(as, top - (2ull << 20) + P(2), 1));
	KCHECK(!poke(as, top - (2ull << 20) - 1, 1)); /* less than 256 pages to the other */
	KCHECK_EQ(peek(as, top - P(100)), 1);
	aspace_put(as);
}

/* ---- Objects ------------------------------------------------------------ */

KTEST(object, shared_and_truncated)
{
	struct aspace *a = aspace_create(), *b = aspace_create();
	struct vmobject *obj = vmobject_create(NULL, P(8), NULL);
	u8 byte = 9;

	KREQUIRE(a && b && obj);
	KCHECK_EQ(map_at(a, BASE, P(8), RW, MAP_SHARED, obj, 0), 0);
	KCHECK_EQ(map_at(b, BASE, P(8), RW, MAP_PRIVATE, obj, 0), 0);
	KCHECK(poke(a, BASE + P(5), 3));
	KCHECK_EQ(peek(b, BASE + P(5)), 3);
	KCHECK(poke(b, BASE + P(5), 4)); /* a copy of b's own */
	KCHECK_EQ(peek(a, BASE + P(5)), 3);
	KCHECK_EQ(vmobject_write_kernel(obj, P(6) + 1, &byte, 1), 1);
	KCHECK_EQ(peek(a, BASE + P(6) + 1), 9);
	KCHECK_EQ(vmobject_seek(obj, 0, false), P(5));
	KCHECK_EQ(vmobject_seek(obj, P(5), true), P(7));
	vmobject_resize(obj, P(5) + 1);
	KCHECK_EQ(fault(a, BASE + P(6), FAULT_READ), SIGBUS * 16 + BUS_ADRERR);
	KCHECK_EQ(fault(b, BASE + P(6), FAULT_READ), SIGBUS * 16 + BUS_ADRERR);
	KCHECK_EQ(peek(a, BASE + P(5)), 3);
	vmobject_resize(obj, P(8));
	KCHECK_EQ(peek(a, BASE + P(6) + 1), 0);
	KCHECK(poke(a, BASE + P(1), 1));
	vmobject_punch(obj, P(1), P(3));
	KCHECK_EQ(peek(a, BASE + P(1)), 0);
	KCHECK_EQ(peek(b, BASE + P(5)), 4); /* private copies outlive a hole elsewhere */
	vmobject_revoke(obj);
	KCHECK_EQ(fault(a, BASE, FAULT_READ), SIGBUS * 16 + BUS_ADRERR);
	vmobject_put(obj);
	aspace_put(a);
	aspace_put(b);
}

KTEST(object, device_pages_are_not_counted)
{
	struct frame *frame = pmm_alloc(1, MEM_ZERO, NODE_ANY);
	struct aspace *as = aspace_create();
	struct vmobject *obj;
	struct mmu_entry entry;

	KREQUIRE(frame && as);
	obj = vmobject_create_device(frame_to_pfn(frame) << PAGE_SHIFT, P(2), NULL);
	KREQUIRE(obj);
	KCHECK_EQ(map_at(as, BASE, P(3), RW, MAP_SHARED, obj, 0), 0);
	KCHECK_EQ(fault(as, BASE + P(1), FAULT_WRITE), 0);
	KREQUIRE(mmu_query(&as->mmu, BASE + P(1), &entry));
	KCHECK_EQ(entry.pfn, frame_to_pfn(frame) + 1);
	KCHECK(entry.prot & MMU_DEVICE);
	KCHECK_EQ(fault(as, BASE + P(2), FAULT_READ), SIGBUS * 16 + BUS_ADRERR);
	vmobject_put(obj);
	aspace_put(as);
	KCHECK_EQ(frame_refs(frame), 1);
	pmm_free(frame, 1);
}

/* ---- No memory ---------------------------------------------------------- */

/* Whatever allocation of a fork, a map or a fault fails: an error, no leak. */
KTEST(aspace, failing_allocations)
{
	struct aspace *as = aspace_create(), *child;
	u32 nth = 1, left = 0;

	KREQUIRE(as);
	if (!CONFIG_DEBUG)
		KSKIP("fault injection is in debug builds");
	for (u32 i = 0; i < 6; i++) {
		KCHECK_EQ(map_at(as, BASE + P(i * 600), P(2), RW, MAP_PRIVATE, NULL, 0), 0);
		KCHECK(poke(as, BASE + P(i * 600), (u8)i));
	}
	for (; !left && nth < 200; nth++) {
		int err;

		pmm_drain(); /* or stocks hide failures */
		current->fail_alloc = true;
		(void)faultinject_arm(nth);
		err = aspace_fork(as, &child);
		if (!err) {
			if (!poke(child, BASE, 1))
				err = -ENOMEM;
			if (!err)
				err = aspace_protect(child, BASE + P(1), P(1), PROT_READ);
			aspace_put(child);
		}
		left = faultinject_arm(0);
		current->fail_alloc = false;
		KCHECK_EQ(err, left ? 0 : -ENOMEM);
	}
	KCHECK(nth > 10);
	for (u32 i = 0; i < 6; i++)
		KCHECK_EQ(peek(as, BASE + P(i * 600)), i);
	aspace_put(as);
}

/* ---- Several CPUs ------------------------------------------------------- */

#define WORKERS 4u
static struct aspace *shared_as;
static u32 workers_done;

static void worker(void *arg)
{
	u64 id = (u64)arg;

	for (u32 round = 0; round < 20; round++) {
		for (u32 i = 0; i < 64; i++) {
			u8 byte = (u8)(id + 1);

			(void)!aspace_access(shared_as, BASE + P(i) + id, &byte, 1, true);
		}
		if (id == 0 && round % 4 == 3) {
			struct aspace *child;

			if (!aspace_fork(shared_as, &child))
				aspace_put(child);
		}
		sched_point();
	}
	(void)atomic_fetch_add(&workers_done, 1u);
}

KTEST(aspace, threads_fault_together)
{
	shared_as = aspace_create();
	KREQUIRE(shared_as);
	KCHECK_EQ(map_at(shared_as, BASE, P(64), RW, MAP_PRIVATE, NULL, 0), 0);
	atomic_store_relaxed(&workers_done, 0u);
	for (u64 i = 0; i < WORKERS; i++)
		KREQUIRE(thread_create_kernel("mm-test", worker, (void *)i));
	while (atomic_load_acquire(&workers_done) < WORKERS) {
		sched_mark_asleep(false);
		(void)!sched_block(uptime_ns() + NS_PER_MS);
		sched_mark_awake();
	}
	KCHECK_EQ(shared_as->resident, 64);
	for (u32 i = 0; i < 64; i++) {
		struct mmu_entry entry;

		for (u32 id = 0; id < WORKERS; id++)
			KCHECK_EQ(peek(shared_as, BASE + P(i) + id), id + 1);
		KREQUIRE(mmu_query(&shared_as->mmu, BASE + P(i), &entry));
		KCHECK_EQ(frame_refs(frame_of(entry.pfn)), 1);
	}
	aspace_put(shared_as);
}
