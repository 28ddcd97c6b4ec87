/* SPDX-License-Identifier: MIT */
/*
 * Page tables of user spaces. Invariants, under the space's lock:
 *
 *   1. struct frame.index of a table's frame counts its nonzero entries; a table
 *      that counts 0 is unlinked at once (its content is then all zero);
 *   2. an entry without NOREF stands for one reference on its frame;
 *   3. the upper half of each root equals the kernel's.
 *
 * Tables are cleared when they die, not when they are born: unmapping leaves
 * zeros, so a dead table goes to a small per-CPU stock and is used again as it
 * is. The same holds for roots, whose upper half stays right.
 *
 * The CPU sets A and D in entries at any time while the space is loaded, so an
 * entry that may be in use is changed only by locked instructions.
 */
#include <arch/mmu.h>

#include <arch/atomic.h>
#include <arch/irq.h>
#include <arch/percpu.h>
#include <kernel/abi/errno.h>
#include <kernel/core/kasan.h>
#include <kernel/core/panic.h>
#include <kernel/lib/string.h>
#include <mm/pmm.h>

#include "mmu_priv.h"

#define STOCK_TABLES 16u
#define STOCK_ROOTS  4u

/* Own CPU, interrupts off. */
struct table_stock {
	u32 nr_tables, nr_roots;
	struct frame *tables[STOCK_TABLES];
	struct frame *roots[STOCK_ROOTS];
};
static DEFINE_PERCPU(struct table_stock, table_stock);

void page_clear(void *page)
{
	u64 n = PAGE_SIZE / 8;

	kasan_check(page, PAGE_SIZE, true);
	__asm__ volatile("rep stosq" : "+D"(page), "+c"(n) : "a"(0ull) : "memory");
}

void page_copy(void *dst, const void *src)
{
	u64 n = PAGE_SIZE / 8;

	kasan_check(src, PAGE_SIZE, false);
	kasan_check(dst, PAGE_SIZE, true);
	__asm__ volatile("rep movsq" : "+D"(dst), "+S"(src), "+c"(n)::"memory");
}

static inline u64 *table_at(u64 entry)
{
	return phys_to_virt(entry & PTE_ADDR);
}

/* ---- Tables ------------------------------------------------------------- */

static struct frame *stock_pop(struct frame **stack, u32 *n)
{
	irqflags_t flags = irq_save();
	struct frame *frame = *n ? stack[--*n] : NULL;

	irq_restore(flags);
	return frame;
}

static bool stock_push(struct frame **stack, u32 *n, u32 max, struct frame *frame)
{
	irqflags_t flags = irq_save();
	bool room = *n < max;

	if (room)
		stack[(*n)++] = frame;
	irq_restore(flags);
	return room;
}

static void table_release(struct frame *frame)
{
	pmm_account(frame, PMM_TABLES, -1);
	frame->flags = 0;
	pmm_free(frame, 0);
}

static struct frame *table_fresh(void)
{
	struct frame *frame = pmm_alloc(0, MEM_ZERO, NODE_ANY);

	if (!frame)
		return NULL;
	frame->flags = FRAME_TABLE;
	frame->index = 0;
	pmm_account(frame, PMM_TABLES, 1);
	return frame;
}

/* A table with all entries 0. */
static struct frame *table_alloc(void)
{
	struct table_stock *stock = percpu_ptr(table_stock);
	struct frame *frame = stock_pop(stock->tables, &stock->nr_tables);

	return frame ? frame : table_fresh();
}

/* @frame: a table that is all 0 again and that no CPU walks any more. */
static void table_free(struct frame *frame)
{
	struct table_stock *stock = percpu_ptr(table_stock);

	if (!stock_push(stock->tables, &stock->nr_tables, STOCK_TABLES, frame))
		table_release(frame);
}

void mmu_drain_cpu(void)
{
	struct table_stock *stock = percpu_ptr(table_stock);

	while (stock->nr_tables)
		table_release(stock->tables[--stock->nr_tables]);
	while (stock->nr_roots)
		table_release(stock->roots[--stock->nr_roots]);
}

int mmu_space_init(struct mmu_space *space)
{
	struct table_stock *stock = percpu_ptr(table_stock);
	struct frame *frame = stock_pop(stock->roots, &stock->nr_roots);

	memset(space, 0, sizeof(*space));
	if (!frame) {
		frame = table_fresh();
		if (!frame)
			return -ENOMEM;
		memcpy((u64 *)frame_to_virt(frame) + PT_ENTRIES / 2,
		       mmu_kernel_root + PT_ENTRIES / 2, PAGE_SIZE / 2);
	}
	space->root = frame_to_pfn(frame) << PAGE_SHIFT;
	return 0;
}

void mmu_space_fini(struct mmu_space *space)
{
	struct table_stock *stock = percpu_ptr(table_stock);
	struct frame *root = frame_of(space->root >> PAGE_SHIFT);

	/* Nothing mapped, so no table, so the lower half is all zero. */
	ASSERT(!space->entries && !space->table_pages && !root->index);
	if (!stock_push(stock->roots, &stock->nr_roots, STOCK_ROOTS, root))
		table_release(root);
	space->root = 0;
}

/* ---- Walking ------------------------------------------------------------ */

/* The last-level table of @va, NULL if there is none. */
static inline u64 *leaf_find(const struct mmu_space *space, vaddr_t va)
{
	u64 *table = phys_to_virt(space->root);

	for (u32 level = 3; level > 0; level--) {
		u64 entry = table[pt_index(va, level)];

		if (!entry)
			return NULL;
		table = table_at(entry);
	}
	return table;
}

static u64 *leaf_create(struct mmu_space *space, vaddr_t va)
{
	u64 *table = phys_to_virt(space->root);

	for (u32 level = 3; level > 0; level--) {
		u64 *slot = &table[pt_index(va, level)];

		if (unlikely(!*slot)) {
			struct frame *frame = table_alloc();

			if (!frame)
				return NULL; /* empty tables above: leaf_trim() */
			virt_to_frame(table)->index++;
			space->table_pages++;
			/* The table's zeros must be there first for the CPU's walk. */
			atomic_store_release(slot, frame_to_pfn(frame) << PAGE_SHIFT | PTE_P |
							   PTE_W | PTE_U | PTE_A);
		}
		table = table_at(*slot);
	}
	return table;
}

/* There is always room for one more: a full batch is flushed at once. */
static inline void batch_add(struct mmu_batch *batch, pfn_t pfn)
{
	batch->frames[batch->nr_frames++] = pfn;
	if (batch->nr_frames == MMU_BATCH_FRAMES)
		mmu_batch_flush(batch);
}

/* Unlink the tables of @va that count no entry, from below; they go to @batch. */
static void leaf_trim(struct mmu_batch *batch, vaddr_t va)
{
	u64 *tables[4], *table = phys_to_virt(batch->space->root);
	u32 level = 3;

	for (tables[3] = table; level > 0; level--) {
		u64 entry = table[pt_index(va, level)];

		if (!entry)
			break;
		tables[level - 1] = table = table_at(entry);
	}
	for (; level < 3 && !virt_to_frame(tables[level])->index; level++) {
		tables[level + 1][pt_index(va, level + 1)] = 0;
		virt_to_frame(tables[level + 1])->index--;
		batch->space->table_pages--;
		/* INVLPG of any address drops the cached way to it. */
		if (batch->start >= batch->end) {
			batch->start = ALIGN_DOWN(va, PAGE_SIZE);
			batch->end = batch->start + PAGE_SIZE;
		}
		batch_add(batch, virt_to_phys(tables[level]) >> PAGE_SHIFT);
	}
}

/* First address after @va's last-level table, at most @end. */
static inline vaddr_t leaf_end(vaddr_t va, vaddr_t end)
{
	vaddr_t next = ALIGN_DOWN(va, PT_SPAN(1)) + PT_SPAN(1);

	return next < end ? next : end;
}

/* Where to go on when there is no last-level table for @va: skips whole missing
 * subtrees, so that a sparse terabyte is walked in a few steps. */
static vaddr_t skip_hole(const struct mmu_space *space, vaddr_t va)
{
	u64 *table = phys_to_virt(space->root);
	u32 level = 3;

	for (; level > 1; level--) {
		u64 entry = table[pt_index(va, level)];

		if (!entry)
			break;
		table = table_at(entry);
	}
	return ALIGN_DOWN(va, PT_SPAN(level)) + PT_SPAN(level);
}

bool mmu_query(struct mmu_space *space, vaddr_t va, struct mmu_entry *out)
{
	u64 *table = leaf_find(space, va);
	u64 e = table ? atomic_load_relaxed(&table[pt_index(va, 0)]) : 0;

	if (!e)
		return false;
	out->pfn = (e & PTE_ADDR) >> PAGE_SHIFT;
	out->prot = (u32)(e & MMU_PTE_BITS) | (e & PTE_NX ? 0 : MMU_EXEC);
	out->dirty = e & PTE_D;
	out->accessed = e & PTE_A;
	out->large = false;
	return true;
}

/* ---- Changing ----------------------------------------------------------- */

void mmu_batch_begin(struct mmu_batch *batch, struct mmu_space *space)
{
	batch->space = space;
	batch->start = 1;
	batch->end = 0;
	batch->nr_frames = 0;
}

void mmu_batch_flush(struct mmu_batch *batch)
{
	u32 n = batch->nr_frames;

	if (batch->start < batch->end)
		tlb_flush(batch->space, batch->start, batch->end);
	batch->start = 1;
	batch->end = 0;
	batch->nr_frames = 0;
	for (u32 i = 0; i < n; i++) {
		struct frame *frame = frame_of(batch->frames[i]);

		if (frame->flags & FRAME_TABLE)
			table_free(frame);
		else
			frame_put(frame);
	}
}

static inline void batch_touch(struct mmu_batch *batch, vaddr_t va)
{
	if (batch->start >= batch->end)
		batch->start = va;
	else if (va < batch->start)
		batch->start = va;
	if (va >= batch->end)
		batch->end = va + PAGE_SIZE;
}

/* The page of a memory object was written to through this entry. */
static inline void note_dirty(u64 entry)
{
	struct frame *frame = frame_of((entry & PTE_ADDR) >> PAGE_SHIFT);

	if ((entry & (PTE_D | PTE_NOREF)) == PTE_D && (frame->flags & FRAME_CACHE))
		(void)atomic_fetch_or(&frame->flags, (u16)FRAME_DIRTY);
}

/* Unlink tables that leaf_create() made for @va and that stayed empty. */
static __noinline void trim_one(struct mmu_space *space, vaddr_t va)
{
	struct mmu_batch batch;

	mmu_batch_begin(&batch, space);
	leaf_trim(&batch, va);
	mmu_batch_flush(&batch);
}

int mmu_map(struct mmu_space *space, vaddr_t va, pfn_t pfn, u32 prot)
{
	u64 *table = leaf_create(space, va), *slot, old, new = mmu_pte(pfn, prot);

	if (unlikely(!table)) {
		trim_one(space, va);
		return -ENOMEM;
	}
	slot = &table[pt_index(va, 0)];
	if (likely(!*slot)) {
		atomic_store_release(slot, new);
		virt_to_frame(table)->index++;
		space->entries++;
		return 0;
	}
	old = atomic_xchg(slot, new);
	if (!(old & PTE_P))
		return 0;
	note_dirty(old);
	/* Only rights that grew need no flush: a stale entry faults, and a fault
	 * drops it (Intel SDM vol. 3 §4.10.4.2). */
	if (((old ^ new) & PTE_ADDR) || (old & ~new & PTE_W) || (new & ~old & PTE_NX) ||
	    !(new & PTE_P))
		tlb_flush(space, va, va + PAGE_SIZE);
	return 0;
}

/* First entry in use of a last-level table at or after @va and before @next, both
 * in it; @next if there is none. Tables are sparse: looks at a cache line at a time. */
static __noinline vaddr_t next_used_entry(const u64 *table, vaddr_t va, vaddr_t next)
{
	const u64 *e = &table[pt_index(va, 0)];
	const u64 *end = e + ((next - va) >> PAGE_SHIFT), *start = e;

	while (e < end) {
		if (IS_ALIGNED((uintptr_t)e, 64) && end - e >= 8 &&
		    !(e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7])) {
			e += 8;
			continue;
		}
		if (*e)
			break;
		e++;
	}
	return va + ((u64)(e - start) << PAGE_SHIFT);
}

static inline vaddr_t used_entry(const u64 *table, vaddr_t va, vaddr_t next)
{
	return va >= next || table[pt_index(va, 0)] ? va : next_used_entry(table, va, next);
}

/* Entries [va, next) of one table, all in it. */
static void unmap_leaf(struct mmu_batch *batch, u64 *table, vaddr_t va, vaddr_t next)
{
	struct frame *frame = virt_to_frame(table);
	u64 removed = 0;

	/* frame->index: how many entries of the table are in use. */
	for (; removed < frame->index; va += PAGE_SIZE) {
		u64 e;

		va = used_entry(table, va, next);
		if (va >= next)
			break;
		e = atomic_xchg(&table[pt_index(va, 0)], 0ull);
		removed++;
		batch_touch(batch, va);
		if (e & PTE_NOREF)
			continue;
		if (e & PTE_D)
			note_dirty(e);
		batch_add(batch, (e & PTE_ADDR) >> PAGE_SHIFT);
	}
	frame->index -= removed;
	batch->space->entries -= removed;
}

void mmu_unmap(struct mmu_batch *batch, vaddr_t start, vaddr_t end)
{
	for (vaddr_t va = start, next; va < end; va = next) {
		u64 *table = leaf_find(batch->space, va);

		if (!table) {
			next = skip_hole(batch->space, va);
			continue;
		}
		next = leaf_end(va, end);
		unmap_leaf(batch, table, va, next);
		if (!virt_to_frame(table)->index)
			leaf_trim(batch, va);
	}
}

void mmu_protect(struct mmu_batch *batch, vaddr_t start, vaddr_t end, u32 prot)
{
	u64 want = mmu_pte(0, prot | MMU_USER);

	for (vaddr_t va = start, next; va < end; va = next) {
		u64 *table = leaf_find(batch->space, va);

		next = table ? leaf_end(va, end) : skip_hole(batch->space, va);
		for (; table && va < next; va += PAGE_SIZE) {
			u64 *slot = &table[pt_index(va, 0)];
			u64 e = atomic_load_relaxed(slot), new;

			if (!e)
				continue;
			do { /* W is kept, not given */
				new = e & ~(PTE_P | PTE_KEPT | PTE_NX);
				new |= want & (PTE_P | PTE_KEPT | PTE_NX);
				if (!(want & PTE_W))
					new &= ~PTE_W;
			} while (!atomic_cmpxchg(slot, &e, new));
			if (e != new && (e & PTE_P))
				batch_touch(batch, va);
		}
	}
}

/* Entries [va, next): from @src to @dst. Return: how many. */
static u64 copy_leaf(u64 *dst, u64 *src, struct mmu_batch *src_batch, vaddr_t va, vaddr_t next,
		     bool write_protect)
{
	u64 copied = 0;

	for (va = used_entry(src, va, next); va < next;
	     va = used_entry(src, va + PAGE_SIZE, next)) {
		u64 *slot = &src[pt_index(va, 0)], e = *slot;

		if (write_protect && (e & PTE_W)) {
			e = atomic_fetch_and(slot, ~PTE_W) & ~PTE_W;
			batch_touch(src_batch, va);
		}
		if (!(e & PTE_NOREF))
			frame_get(frame_of((e & PTE_ADDR) >> PAGE_SHIFT));
		dst[pt_index(va, 0)] = e & ~PTE_D;
		copied++;
	}
	return copied;
}

int mmu_copy(struct mmu_space *dst, struct mmu_batch *src_batch, vaddr_t start, vaddr_t end,
	     bool write_protect)
{
	for (vaddr_t va = start, next; va < end; va = next) {
		u64 *from = leaf_find(src_batch->space, va), *to;
		u64 copied;

		if (!from) {
			next = skip_hole(src_batch->space, va);
			continue;
		}
		next = leaf_end(va, end);
		to = leaf_create(dst, va);
		if (!to) {
			trim_one(dst, va);
			return -ENOMEM;
		}
		copied = copy_leaf(to, from, src_batch, va, next, write_protect);
		virt_to_frame(to)->index += copied;
		dst->entries += copied;
		if (unlikely(!virt_to_frame(to)->index))
			trim_one(dst, va);
	}
	return 0;
}

/* Give back tables of [start, end) that were made and stayed empty. */
static void trim_range(struct mmu_batch *batch, vaddr_t start, vaddr_t end)
{
	for (vaddr_t va = start; va < end; va = leaf_end(va, end))
		leaf_trim(batch, va);
}

int mmu_move(struct mmu_batch *batch, vaddr_t old, vaddr_t new, u64 len)
{
	struct mmu_space *space = batch->space;
	u64 *from = NULL, *to = NULL;

	/* All tables first, then nothing can fail. */
	for (u64 off = 0; off < len; off += PAGE_SIZE) {
		if (off && pt_index(old + off, 0) && pt_index(new + off, 0))
			continue;
		if (leaf_find(space, old + off) && !leaf_create(space, new + off)) {
			trim_range(batch, new, new + len);
			return -ENOMEM;
		}
	}
	for (u64 off = 0; off < len; off += PAGE_SIZE) {
		u32 i = pt_index(old + off, 0), j = pt_index(new + off, 0);
		u64 e;

		if (!off || !i)
			from = leaf_find(space, old + off);
		if (!off || !i || !j)
			to = leaf_find(space, new + off);
		if (!from || !from[i])
			continue;
		e = atomic_xchg(&from[i], 0ull);
		to[j] = e;
		virt_to_frame(from)->index--;
		virt_to_frame(to)->index++;
		batch_touch(batch, old + off);
	}
	trim_range(batch, old, old + len);
	trim_range(batch, new, new + len);
	return 0;
}

bool mmu_test_clear_dirty(struct mmu_batch *batch, vaddr_t va)
{
	u64 *table = leaf_find(batch->space, va);
	u64 *slot = table ? &table[pt_index(va, 0)] : NULL;

	if (!slot || !(atomic_load_relaxed(slot) & PTE_D))
		return false;
	(void)atomic_fetch_and(slot, ~PTE_D);
	batch_touch(batch, va);
	return true;
}
