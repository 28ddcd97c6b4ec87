/* SPDX-License-Identifier: MIT */
/*
 * Page tables of user spaces. Invariants, under the space's lock:
 *
 *   1. struct frame.index of a table's frame counts its nonzero entries; a table
 *      that counts 0 is unlinked at once (its content is then all zero);
 *   2. an entry without NOREF stands for one reference on its frame;
 *   3. the upper half of each root equals the kernel's;
 *   4. a large entry (2 MiB, PTE_PS in a table of level 1, also when it is not
 *      present) stands for one reference on each of its 512 frames.
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

#include "cpuid.h"
#include "mmu_priv.h"
#include "regs.h"

#define STOCK_TABLES 16u
#define STOCK_ROOTS  4u

/* Own CPU, interrupts off. */
struct table_stock {
	u32 nr_tables, nr_roots;
	struct frame *tables[STOCK_TABLES];
	struct frame *roots[STOCK_ROOTS];
};
static DEFINE_PERCPU(struct table_stock, table_stock);

/*
 * By 16 bytes at a time, for CPUs whose string instructions are slow. Whoever's state
 * is in the registers (fpu.h) finds it unchanged; interrupts are off, since a call
 * from another CPU may save that state.
 */
static void clear_by_sse(void *page)
{
	const void *end = (char *)page + PAGE_SIZE;
	irqflags_t flags = irq_save();
	u64 cr0 = cr0_read(), kept[2];

	__asm__ volatile("clts\n\t"
			 "movups %%xmm0, %[kept]\n\t"
			 "pxor %%xmm0, %%xmm0\n"
			 "1:\n\t"
			 ".set offset, 0\n\t"
			 ".rept 32\n\t"
			 "movaps %%xmm0, offset(%[page])\n\t"
			 ".set offset, offset + 16\n\t"
			 ".endr\n\t"
			 "add $512, %[page]\n\t"
			 "cmp %[end], %[page]\n\t"
			 "jne 1b\n\t"
			 "movups %[kept], %%xmm0"
			 : [page] "+r"(page), [kept] "=m"(kept)
			 : [end] "r"(end)
			 : "memory", "cc");
	if (cr0 & CR0_TS)
		cr0_write(cr0);
	irq_restore(flags);
}

void page_clear(void *page)
{
	u64 n = PAGE_SIZE / 8;

	kasan_check(page, PAGE_SIZE, true);
	if (!cpu_has(CPU_ERMS)) {
		clear_by_sse(page);
		return;
	}
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

#define LEAF_NONE (~0ull) /* no address: no table is remembered */

int mmu_space_init(struct mmu_space *space)
{
	struct table_stock *stock = percpu_ptr(table_stock);
	struct frame *frame = stock_pop(stock->roots, &stock->nr_roots);

	memset(space, 0, sizeof(*space));
	space->leaf_va = LEAF_NONE;
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

/*
 * Most look-ups are for the table of the one before: it is remembered, from when it is
 * found or made until leaf_trim() unlinks it.
 */
static inline bool leaf_is_known(const struct mmu_space *space, vaddr_t va)
{
	return ALIGN_DOWN(va, LARGE_PAGE_SIZE) == space->leaf_va;
}

static inline u64 *leaf_know(struct mmu_space *space, vaddr_t va, u64 *table)
{
	space->leaf_va = ALIGN_DOWN(va, LARGE_PAGE_SIZE);
	space->leaf = table;
	return table;
}

static __noinline u64 *leaf_walk(struct mmu_space *space, vaddr_t va)
{
	u64 *table = phys_to_virt(space->root), entry;

	for (u32 level = 3; level > 1; level--) {
		entry = table[pt_index(va, level)];
		if (!entry)
			return NULL;
		table = table_at(entry);
	}
	entry = table[pt_index(va, 1)];
	if ((entry & (PTE_P | PTE_PS)) != PTE_P)
		return NULL;
	return leaf_know(space, va, table_at(entry));
}

/* The last-level table of @va, NULL if there is none. */
static inline u64 *leaf_find(struct mmu_space *space, vaddr_t va)
{
	return likely(leaf_is_known(space, va)) ? space->leaf : leaf_walk(space, va);
}

/* Where the large entry of @va stands; NULL: there is none. */
static u64 *large_find(const struct mmu_space *space, vaddr_t va)
{
	u64 *table = phys_to_virt(space->root);

	for (u32 level = 3; level > 1; level--) {
		u64 entry = table[pt_index(va, level)];

		if (!entry)
			return NULL;
		table = table_at(entry);
	}
	table += pt_index(va, 1);
	return *table & PTE_PS ? table : NULL;
}

static void large_account(struct mmu_space *space, u64 entry, s64 n)
{
	space->large += (u64)n;
	pmm_account(frame_of((entry & PTE_ADDR) >> PAGE_SHIFT), PMM_LARGE, n * PT_ENTRIES);
}

/* The table that shows what the large entry in *slot does takes its place. */
static __noinline int split_slot(struct mmu_space *space, vaddr_t va, u64 *slot)
{
	struct frame *frame = table_alloc();
	u64 *table, entry;

	if (!frame)
		return -ENOMEM;
	entry = *slot & ~PTE_PS; /* A and D that come now are no loss: nothing asks for them */
	table = frame_to_virt(frame);
	for (u32 i = 0; i < PT_ENTRIES; i++)
		table[i] = entry + i * PAGE_SIZE;
	frame->index = PT_ENTRIES;
	space->table_pages++;
	large_account(space, entry, -1);
	atomic_store_release(slot, frame_to_pfn(frame) << PAGE_SHIFT | PTE_P | PTE_W | PTE_U |
					   PTE_A);
	va = ALIGN_DOWN(va, LARGE_PAGE_SIZE);
	tlb_flush(space, va, va + LARGE_PAGE_SIZE);
	return 0;
}

int mmu_split(struct mmu_space *space, vaddr_t va)
{
	u64 *slot = large_find(space, va);

	return slot ? split_slot(space, va, slot) : 0;
}

/* The table of level @to for @va, with those above it. */
static inline u64 *table_create(struct mmu_space *space, vaddr_t va, u32 to)
{
	u64 *table = phys_to_virt(space->root);

	for (u32 level = 3; level > to; level--) {
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
		} else if (level == 1 && unlikely(*slot & PTE_PS) && split_slot(space, va, slot)) {
			return NULL;
		}
		table = table_at(*slot);
	}
	return table;
}

static __noinline u64 *leaf_make(struct mmu_space *space, vaddr_t va)
{
	u64 *table = table_create(space, va, 0);

	return table ? leaf_know(space, va, table) : NULL;
}

static inline u64 *leaf_create(struct mmu_space *space, vaddr_t va)
{
	return likely(leaf_is_known(space, va)) ? space->leaf : leaf_make(space, va);
}

#define BATCH_LARGE BIT(63) /* of a batch's numbers: the head of a large entry's block */

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

		if (!entry || (level == 1 && (entry & PTE_PS)))
			break;
		tables[level - 1] = table = table_at(entry);
	}
	for (; level < 3 && !virt_to_frame(tables[level])->index; level++) {
		batch->space->leaf_va = LEAF_NONE;
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
	u64 *table = leaf_find(space, va), *large = NULL, e;

	if (likely(table)) {
		e = atomic_load_relaxed(&table[pt_index(va, 0)]);
	} else {
		large = space->large ? large_find(space, va) : NULL;
		e = large ? (atomic_load_relaxed(large) & ~PTE_PS) + pt_index(va, 0) * PAGE_SIZE
			  : 0;
	}
	if (!e)
		return false;
	out->pfn = (e & PTE_ADDR) >> PAGE_SHIFT;
	out->prot = (u32)(e & MMU_PTE_BITS) | (e & PTE_NX ? 0 : MMU_EXEC);
	out->dirty = e & PTE_D;
	out->accessed = e & PTE_A;
	out->large = large;
	return true;
}

u32 mmu_pin(struct mmu_space *space, vaddr_t va, u32 n, bool write, struct frame **out)
{
	const u64 *table = leaf_find(space, va), *slot, *end;
	u64 want = write ? PTE_P | PTE_W : PTE_P;
	u32 found = 0;

	if (!table)
		return 0;
	slot = &table[pt_index(va, 0)];
	end = MIN(slot + n, table + PT_ENTRIES);
	for (; slot < end; slot++) {
		u64 e = atomic_load_relaxed(slot);
		struct frame *frame = frame_of((e & PTE_ADDR) >> PAGE_SHIFT);

		if ((e & (want | MMU_DEVICE)) != want)
			break;
		frame_get(frame); /* the zero page is part of the image: it has one too */
		out[found++] = frame;
	}
	return found;
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

		if (unlikely((s64)batch->frames[i] < 0))
			frame_put_block(frame_of(batch->frames[i] & ~BATCH_LARGE),
					LARGE_PAGE_ORDER);
		else if (frame->flags & FRAME_TABLE)
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
		space->entries += !(new & PTE_NOREF);
		return 0;
	}
	old = atomic_xchg(slot, new);
	space->entries += !(new & PTE_NOREF);
	space->entries -= !(old & PTE_NOREF);
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

bool mmu_large_fits(struct mmu_space *space, vaddr_t va)
{
	u64 *table = phys_to_virt(space->root);

	for (u32 level = 3; level > 1; level--) {
		u64 entry = table[pt_index(va, level)];

		if (!entry)
			return true;
		table = table_at(entry);
	}
	return !table[pt_index(va, 1)];
}

int mmu_map_large(struct mmu_space *space, vaddr_t va, pfn_t pfn, u32 prot)
{
	u64 *table = table_create(space, va, 1), entry = mmu_pte(pfn, prot) | PTE_PS;

	if (unlikely(!table)) {
		trim_one(space, va);
		return -ENOMEM;
	}
	atomic_store_release(&table[pt_index(va, 1)], entry);
	virt_to_frame(table)->index++;
	space->entries += PT_ENTRIES;
	large_account(space, entry, 1);
	return 0;
}

bool mmu_take_large(struct mmu_space *space, vaddr_t va)
{
	u64 *slot = large_find(space, va);
	const struct frame *frame = frame_of((*slot & PTE_ADDR) >> PAGE_SHIFT);

	for (u32 i = 0; i < PT_ENTRIES; i++)
		if (frame_refs(&frame[i]) != 1)
			return false;
	(void)atomic_fetch_or(slot, PTE_W);
	return true;
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
	u64 removed = 0, unowned = 0;

	/* frame->index: how many entries of the table are in use. */
	for (; removed < frame->index; va += PAGE_SIZE) {
		u64 e;

		va = used_entry(table, va, next);
		if (va >= next)
			break;
		e = atomic_xchg(&table[pt_index(va, 0)], 0ull);
		removed++;
		batch_touch(batch, va);
		if (e & PTE_NOREF) {
			unowned++;
			continue;
		}
		if (e & PTE_D)
			note_dirty(e);
		batch_add(batch, (e & PTE_ADDR) >> PAGE_SHIFT);
	}
	frame->index -= removed;
	batch->space->entries -= removed - unowned;
}

static void batch_touch_large(struct mmu_batch *batch, vaddr_t va)
{
	batch_touch(batch, va);
	batch_touch(batch, va + LARGE_PAGE_SIZE - PAGE_SIZE);
}

/* No table for @va: take a large entry out. Return: where to go on. */
static vaddr_t unmap_large(struct mmu_batch *batch, vaddr_t va, vaddr_t end)
{
	u64 *slot = batch->space->large ? large_find(batch->space, va) : NULL, e;

	if (!slot)
		return skip_hole(batch->space, va);
	PANIC_ON(!IS_ALIGNED(va, LARGE_PAGE_SIZE) || end - va < LARGE_PAGE_SIZE,
		 "mmu: part of the large page at %lx is to be unmapped", va);
	e = atomic_xchg(slot, 0ull);
	large_account(batch->space, e, -1);
	batch->space->entries -= PT_ENTRIES;
	virt_to_frame(slot)->index--;
	batch_touch_large(batch, va);
	batch_add(batch, (e & PTE_ADDR) >> PAGE_SHIFT | BATCH_LARGE);
	if (!virt_to_frame(slot)->index)
		leaf_trim(batch, va);
	return va + LARGE_PAGE_SIZE;
}

void mmu_unmap(struct mmu_batch *batch, vaddr_t start, vaddr_t end)
{
	for (vaddr_t va = start, next; va < end; va = next) {
		u64 *table = leaf_find(batch->space, va);

		if (!table) {
			next = unmap_large(batch, va, end);
			continue;
		}
		next = leaf_end(va, end);
		unmap_leaf(batch, table, va, next);
		if (!virt_to_frame(table)->index)
			leaf_trim(batch, va);
	}
}

/* Return: true when it changed and CPUs may know the old one. */
static inline bool protect_slot(u64 *slot, u64 want)
{
	u64 e = atomic_load_relaxed(slot), new;

	if (!e)
		return false;
	do { /* W is kept, not given */
		new = e & ~(PTE_P | PTE_KEPT | PTE_NX);
		new |= want & (PTE_P | PTE_KEPT | PTE_NX);
		if (!(want & PTE_W))
			new &= ~PTE_W;
	} while (!atomic_cmpxchg(slot, &e, new));
	return e != new && (e & PTE_P);
}

static vaddr_t protect_large(struct mmu_batch *batch, vaddr_t va, u64 want)
{
	u64 *slot = batch->space->large ? large_find(batch->space, va) : NULL;

	if (!slot)
		return skip_hole(batch->space, va);
	if (protect_slot(slot, want))
		batch_touch_large(batch, va);
	return va + LARGE_PAGE_SIZE;
}

void mmu_protect(struct mmu_batch *batch, vaddr_t start, vaddr_t end, u32 prot)
{
	u64 want = mmu_pte(0, prot | MMU_USER);

	for (vaddr_t va = start, next; va < end; va = next) {
		u64 *table = leaf_find(batch->space, va);

		next = table ? leaf_end(va, end) : protect_large(batch, va, want);
		for (; table && va < next; va += PAGE_SIZE)
			if (protect_slot(&table[pt_index(va, 0)], want))
				batch_touch(batch, va);
	}
}

/* Entries [va, next): from @src to @dst. Return: how many; *owned: with a reference. */
static u64 copy_leaf(u64 *dst, u64 *src, struct mmu_batch *src_batch, vaddr_t va, vaddr_t next,
		     bool write_protect, u64 *owned)
{
	u64 copied = 0;

	for (va = used_entry(src, va, next); va < next;
	     va = used_entry(src, va + PAGE_SIZE, next)) {
		u64 *slot = &src[pt_index(va, 0)], e = *slot;

		if (write_protect && (e & PTE_W)) {
			e = atomic_fetch_and(slot, ~PTE_W) & ~PTE_W;
			batch_touch(src_batch, va);
		}
		if (!(e & PTE_NOREF)) {
			frame_get(frame_of((e & PTE_ADDR) >> PAGE_SHIFT));
			++*owned;
		}
		dst[pt_index(va, 0)] = e & ~PTE_D;
		copied++;
	}
	return copied;
}

/* The large entry in *slot into @dst, too. */
static int copy_large(struct mmu_space *dst, u64 *slot, struct mmu_batch *src_batch, vaddr_t va,
		      bool write_protect)
{
	u64 *to = table_create(dst, va, 1), e = *slot;
	struct frame *frame = frame_of((e & PTE_ADDR) >> PAGE_SHIFT);

	if (!to) {
		trim_one(dst, va);
		return -ENOMEM;
	}
	if (write_protect && (e & PTE_W)) {
		e = atomic_fetch_and(slot, ~PTE_W) & ~PTE_W;
		batch_touch_large(src_batch, va);
	}
	for (u32 i = 0; i < PT_ENTRIES; i++)
		frame_get(&frame[i]);
	to[pt_index(va, 1)] = e & ~PTE_D;
	virt_to_frame(to)->index++;
	dst->entries += PT_ENTRIES;
	large_account(dst, e, 1);
	return 0;
}

int mmu_copy(struct mmu_space *dst, struct mmu_batch *src_batch, vaddr_t start, vaddr_t end,
	     bool write_protect)
{
	for (vaddr_t va = start, next; va < end; va = next) {
		u64 *from = leaf_find(src_batch->space, va), *to;
		u64 copied, owned = 0;

		if (!from) {
			u64 *slot = src_batch->space->large ? large_find(src_batch->space, va)
							    : NULL;

			if (slot && copy_large(dst, slot, src_batch, va, write_protect))
				return -ENOMEM;
			next = skip_hole(src_batch->space, va);
			continue;
		}
		next = leaf_end(va, end);
		to = leaf_create(dst, va);
		if (!to) {
			trim_one(dst, va);
			return -ENOMEM;
		}
		copied = copy_leaf(to, from, src_batch, va, next, write_protect, &owned);
		virt_to_frame(to)->index += copied;
		dst->entries += owned;
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

static inline void count_moved(u64 *from, u64 *to, u64 n)
{
	if (n) {
		virt_to_frame(from)->index -= n;
		virt_to_frame(to)->index += n;
	}
}

int mmu_move(struct mmu_batch *batch, vaddr_t old, vaddr_t new, u64 len)
{
	struct mmu_space *space = batch->space;
	u64 *from = NULL, *to = NULL, moved = 0;

	/* All tables first, then nothing can fail. */
	for (u64 off = 0; off < len; off += PAGE_SIZE) {
		if (off && pt_index(old + off, 0) && pt_index(new + off, 0))
			continue;
		if ((space->large && mmu_split(space, old + off)) ||
		    (leaf_find(space, old + off) && !leaf_create(space, new + off))) {
			trim_range(batch, new, new + len);
			return -ENOMEM;
		}
	}
	for (u64 off = 0; off < len; off += PAGE_SIZE) {
		u32 i = pt_index(old + off, 0), j = pt_index(new + off, 0);
		u64 e;

		if (!off || !i || !j) {
			count_moved(from, to, moved);
			moved = 0;
			from = leaf_find(space, old + off);
			to = leaf_find(space, new + off);
		}
		if (!from || !from[i])
			continue;
		e = atomic_xchg(&from[i], 0ull);
		to[j] = e;
		moved++;
		batch_touch(batch, old + off);
	}
	count_moved(from, to, moved);
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
