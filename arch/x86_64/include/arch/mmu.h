/* SPDX-License-Identifier: MIT */
/*
 * Address translation: page tables of spaces, the kernel's own map, and
 * shootdown. Generic code sees frames, protections and ranges; entry formats
 * stay in arch/x86_64/pagetable.c (Intel SDM vol. 3 §4.5).
 *
 * Kernel map:  0xffff800000000000  DIRECT_MAP   all physical memory, RW NX
 *              0xffffc00000000000  KVA          stacks, device maps (mm/kva.h)
 *              0xffffd00000000000  FRAMES       struct frame by pfn (mm/pmm.h)
 *              0xffffe00000000000  KASAN shadow (kasan profile)
 *              0xffffffff80000000  the image
 * The upper half of every root is shared: its 256 root entries are filled at
 * boot and never change, so kernel mappings need no copying into spaces.
 */
#pragma once

#include <kernel/config.h>
#include <kernel/lib/types.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ull
#define PAGE_MASK  (~(PAGE_SIZE - 1))
#define LARGE_PAGE_SIZE  (2ull << 20)
#define LARGE_PAGE_ORDER 9u /* of its frames */

#define DIRECT_MAP_BASE 0xffff800000000000ull
#define KVA_BASE        0xffffc00000000000ull
#define KVA_END         0xffffc08000000000ull /* one root entry: 512 GiB */
#define FRAMES_BASE     0xffffd00000000000ull
#define KASAN_SHADOW    0xffffe00000000000ull
#define KERNEL_BASE     0xffffffff80000000ull

/* Physical memory beyond this is not used (direct map's size). */
#define PHYS_MAX (BIT(46))

static inline void *phys_to_virt(paddr_t pa)
{
	return (void *)(pa + DIRECT_MAP_BASE);
}

/* Only for addresses of the direct map or of the image. */
static inline paddr_t virt_to_phys(const void *va)
{
	u64 a = (u64)(uintptr_t)va;

	return a >= KERNEL_BASE ? a - KERNEL_BASE : a - DIRECT_MAP_BASE;
}

/* Where the page tables have such a bit the value is that bit (pagetable.h). */
enum mmu_prot {
	MMU_READ = 1,
	MMU_WRITE = 2,
	MMU_USER = 4,
	MMU_DEVICE = 0x18,  /* uncached */
	MMU_COMBINING = 0x08, /* uncached, writes are gathered; cpu_init_features() sets it up */
	MMU_NOREF = 0x200,  /* the entry holds no frame reference: zero page, devices */
	MMU_EXEC = 0x1000,
};

/* Page tables of one address space. Lock key: a aspace lock, t atomic. */
struct mmu_space {
	paddr_t root;                   /* [i] PML4 */
	u64 active[(NR_CPUS + 63) / 64]; /* [t] CPUs that have it loaded */
	u64 table_pages;                /* [a] frames used by tables, root apart */
	u64 entries;                    /* [a] user frames entered, in 4 KiB: resident size */
	u64 large;                      /* [a] large entries among them */
	vaddr_t leaf_va;                /* [a] the 2 MiB whose last-level table was used last, */
	u64 *leaf;                      /* [a] and that table */
};

/* What an entry says, in generic words. */
struct mmu_entry {
	pfn_t pfn;
	u32 prot;    /* enum mmu_prot */
	bool dirty;
	bool accessed;
	bool large;  /* 2 MiB or 1 GiB entry; pfn is that of the asked-for 4 KiB piece */
};

/*
 * Frames taken out of a space wait here until no CPU can reach them any more.
 * On the stack of the unmapper; flushed when full and at the end.
 */
#define MMU_BATCH_FRAMES 64
struct mmu_batch {
	struct mmu_space *space;
	vaddr_t start, end; /* range to invalidate; empty when start >= end */
	u32 nr_frames;
	pfn_t frames[MMU_BATCH_FRAMES]; /* each holds one reference to drop */
};

/** mmu_boot_map - enter va..va+len -> pa into the final kernel map, in the largest
 * pages that fit; what is there already stays. @table: a cleared page for a table.
 * mmu_boot_load - add the image (text RX, rodata R, rest RW; NX but for text) and
 * make that map this CPU's; the loader's identity map is gone then.
 * Context: boot CPU, from pmm_init_early(), in this order. */
void mmu_boot_map(vaddr_t va, paddr_t pa, u64 len, u32 prot, paddr_t (*table)(void));
void mmu_boot_load(paddr_t (*table)(void));

/** mmu_init - the windows of the kernel map exist; spaces can be made.
 * Context: once, boot CPU, after pmm_init_early(). */
void mmu_init(void);
/** mmu_init_cpu - another CPU, still on the boot tables: load the kernel's */
void mmu_init_cpu(void);

/** mmu_space_init - new tables, kernel half shared. Return: 0; -ENOMEM. */
__must_check int mmu_space_init(struct mmu_space *space);

/** mmu_space_detach - no CPU has @space loaded any more when it returns: a dying
 * space is unmapped without shootdowns then. Interrupts on. */
void mmu_space_detach(struct mmu_space *space);

/** mmu_space_fini - free all table frames; user mappings must be gone */
void mmu_space_fini(struct mmu_space *space);

/**
 * mmu_map - enter one 4 KiB page; an entry already there is replaced, and no CPU
 * uses it any more when this returns (the caller holds the frame reference the
 * entry stands for, and drops the old one). @prot without MMU_READ: not
 * accessible, but kept. Return: 0; -ENOMEM no memory for a table.
 */
__must_check int mmu_map(struct mmu_space *space, vaddr_t va, pfn_t pfn, u32 prot);

/*
 * Large entries show a block of 2^LARGE_PAGE_ORDER frames and stand for one reference
 * on each of them, so that a split changes no count. The caller splits at borders
 * before it unmaps, protects or copies a range.
 */
/** mmu_large_fits - nothing is entered in the 2 MiB around @va, not even a table */
bool mmu_large_fits(struct mmu_space *space, vaddr_t va);
/** mmu_map_large - enter the block at @pfn, all aligned; mmu_large_fits().
 * Return: 0; -ENOMEM no memory for a table. */
__must_check int mmu_map_large(struct mmu_space *space, vaddr_t va, pfn_t pfn, u32 prot);
/** mmu_take_large - @va is in a large entry: if it is the only user of its frames, let it
 * be written to. Return: false: it is not. */
__must_check bool mmu_take_large(struct mmu_space *space, vaddr_t va);
/** mmu_split - if @va is in a large entry, show the same by a table. Return: 0; -ENOMEM. */
__must_check int mmu_split(struct mmu_space *space, vaddr_t va);

/** mmu_query - what is mapped at @va. Return: true and *out, or false. */
bool mmu_query(struct mmu_space *space, vaddr_t va, struct mmu_entry *out);

struct frame;
/** mmu_pin - frames of up to @n pages from @va on that the program itself may read now, or
 * write (@write), each with a reference; stops where there is none, at large entries and
 * at the end of a table. Return: how many. */
u32 mmu_pin(struct mmu_space *space, vaddr_t va, u32 n, bool write, struct frame **out);
/** mmu_next - the first page that is entered in [*@va, @end), at *va then; holes are
 * passed over by whole tables. Return: false: none. */
bool mmu_next(struct mmu_space *space, vaddr_t *va, vaddr_t end, struct mmu_entry *out);

void mmu_batch_begin(struct mmu_batch *batch, struct mmu_space *space);
/** mmu_batch_flush - invalidate everywhere, then frame_put() the frames */
void mmu_batch_flush(struct mmu_batch *batch);

/** mmu_unmap - take out [start, end); frames go to @batch (dirty ones are marked
 * dirty first). Tables that became empty are freed. */
void mmu_unmap(struct mmu_batch *batch, vaddr_t start, vaddr_t end);

/** mmu_protect - change protection of what is mapped in [start, end); never adds
 * MMU_WRITE to an entry (write faults do that, so that COW stays right) */
void mmu_protect(struct mmu_batch *batch, vaddr_t start, vaddr_t end, u32 prot);

/**
 * mmu_copy - enter what @src has in [start, end) into @dst too, one more
 * reference on each frame; @write_protect: make both sides read-only (COW)
 * Return: 0; -ENOMEM (what was entered stays, the caller unmaps @dst).
 */
__must_check int mmu_copy(struct mmu_space *dst, struct mmu_batch *src_batch, vaddr_t start,
			  vaddr_t end, bool write_protect);

/** mmu_move - move entries of [old, old+len) to [new, new+len) in one space; there
 * is nothing at the new place. Return: 0; -ENOMEM with nothing moved. */
__must_check int mmu_move(struct mmu_batch *batch, vaddr_t old, vaddr_t new, u64 len);

/** mmu_test_clear_dirty - for write-back; @batch gets the range when it was set */
bool mmu_test_clear_dirty(struct mmu_batch *batch, vaddr_t va);

/** mmu_activate - load @space on this CPU (NULL: the kernel's own tables)
 * Context: interrupts off. No CR3 write when it is loaded already. */
void mmu_activate(struct mmu_space *space);

/** mmu_map_kernel, mmu_unmap_kernel - 4 KiB pages in the KVA window (other windows
 * of the upper half before the first space is made); unmap invalidates on all CPUs:
 * interrupts on. Return: 0; -ENOMEM with nothing mapped. */
__must_check int mmu_map_kernel(vaddr_t va, paddr_t pa, u64 len, u32 prot);
void mmu_unmap_kernel(vaddr_t va, u64 len);

/** mmu_query_kernel - what the kernel map shows at @va */
bool mmu_query_kernel(vaddr_t va, struct mmu_entry *out);
/** mmu_kernel_wx_pages - entries of the kernel map that are writable and
 * executable: 0 */
u64 mmu_kernel_wx_pages(void);

/** mmu_drain_cpu - give back this CPU's spare tables. Interrupts off. */
void mmu_drain_cpu(void);

/** page_clear, page_copy - one whole frame through the direct map, fast */
void page_clear(void *page);
void page_copy(void *dst, const void *src);
