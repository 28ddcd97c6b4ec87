/* SPDX-License-Identifier: MIT */
/*
 * A memory test by the kernel itself. It takes every free block of every zone, so
 * that what is tested is all there is but the kernel, its tables and the initrd,
 * writes it as a whole and then reads it as a whole: of more memory than the caches
 * hold, each word has been in the chips in between. What is good is given back, a
 * page with a wrong word is kept out of use for this boot.
 */
#include <mm/memtest.h>

#include <kernel/core/kasan.h>
#include <kernel/core/log.h>
#include <kernel/lib/memtest.h>

#include "pmm_priv.h"

#define WORDS_SAID_MAX  16u
#define RANGES_SAID_MAX 64u
#define WORDS_PER_PAGE  (PAGE_SIZE / sizeof(u64))

static const char *const pattern_names[] = {
	[MEMTEST_ADDRESS] = "addresses", [MEMTEST_STRIPES] = "stripes", [MEMTEST_NOISE] = "noise",
};

struct test {
	struct list_head blocks; /* heads of blocks, by frame.link */
	u64 frames, bad_frames, bad_words, ranges;
};

struct pass {
	enum memtest_pattern pattern;
	bool fill, inverse, rewrite;
};

static void take_zone(struct test *t, struct zone *zone)
{
	struct frame *frame;

	for (u32 order = PMM_MAX_ORDER + 1; order-- > 0;) {
		while ((frame = pmm_block_alloc(zone, order, true))) {
			for (u32 i = 0; i < 1u << order; i++)
				frame[i].flags = i ? FRAME_TAIL : 0;
			frame->order = (u8)order;
			list_add_tail(&frame->link, &t->blocks);
			kasan_unpoison(frame_to_virt(frame), PAGE_SIZE << order);
			t->frames += 1u << order;
		}
	}
}

static void word_is_bad(struct test *t, struct frame *block, const u64 *word, u64 want)
{
	struct frame *frame = virt_to_frame(word);

	if (t->bad_words++ < WORDS_SAID_MAX)
		log_err("memtest: at %#llx %016llx was written, %016llx is read",
			(unsigned long long)virt_to_phys(word), (unsigned long long)want,
			(unsigned long long)*word);
	if (!(frame->flags & FRAME_BAD))
		t->bad_frames++;
	frame->flags |= FRAME_BAD;
	block->flags |= FRAME_BAD_INSIDE;
}

static void pass_block(struct test *t, struct frame *frame, const struct pass *pass)
{
	u64 *p = frame_to_virt(frame);
	size_t n = WORDS_PER_PAGE << frame->order, i = 0;
	paddr_t pa = virt_to_phys(p);

	if (pass->fill) {
		memtest_fill(p, n, pa, pass->pattern);
		return;
	}
	for (;;) {
		u64 want;

		i = memtest_check(p, i, n, pa, pass->pattern, pass->inverse, pass->rewrite);
		if (i == n)
			return;
		want = memtest_word(pass->pattern, pa + 8 * i) ^ (pass->inverse ? ~0ull : 0);
		word_is_bad(t, frame, &p[i], want);
		if (pass->rewrite)
			p[i] = ~want;
		i++;
	}
}

static void run_pass(struct test *t, const struct pass *pass)
{
	struct frame *frame;

	LIST_FOR_EACH(frame, &t->blocks, link)
		pass_block(t, frame, pass);
}

static void run_passes(struct test *t)
{
	static const struct pass steps[] = {
		{ .fill = true }, { .rewrite = true }, { .inverse = true },
	};

	for (u32 i = 0; i < NR_MEMTEST_PATTERNS * ARRAY_SIZE(steps); i++) {
		struct pass pass = steps[i % ARRAY_SIZE(steps)];

		pass.pattern = (enum memtest_pattern)(i / ARRAY_SIZE(steps));
		log_info("memtest: %u of %zu: %s, %s", i + 1,
			 NR_MEMTEST_PATTERNS * ARRAY_SIZE(steps), pattern_names[pass.pattern],
			 pass.fill ? "written" : pass.rewrite ? "read, inverse written" :
							       "inverse read");
		run_pass(t, &pass);
	}
}

static void say_range(struct test *t, const struct frame *start, const struct frame *end)
{
	paddr_t pa = frame_to_pfn(start) << PAGE_SHIFT;

	if (t->ranges++ < RANGES_SAID_MAX)
		log_err("memtest: bad memory: %#llx-%#llx", (unsigned long long)pa,
			(unsigned long long)(frame_to_pfn(end) << PAGE_SHIFT) - 1);
}

/* Runs of good frames go back, runs of bad ones are named and stay in use for ever. */
static void sort_out_block(struct test *t, struct frame *frame)
{
	struct zone *zone = &pmm_zones[frame->zone];
	struct frame *end = frame + (1u << frame->order), *run;

	for (run = frame; run < end;) {
		bool bad = run->flags & FRAME_BAD;
		struct frame *next = run;
		irqflags_t flags;

		for (; next < end && !(next->flags & FRAME_BAD) == !bad; next++)
			next->flags = bad ? FRAME_RESERVED | FRAME_BAD : 0;
		if (bad)
			say_range(t, run, next);
		flags = spin_lock_irq(&zone->lock);
		if (bad)
			zone->total -= (u64)(next - run);
		else
			buddy_free_range(&zone->buddy, frame_to_pfn(run), frame_to_pfn(next));
		spin_unlock_irq(&zone->lock, flags);
		run = next;
	}
}

static void give_back(struct test *t)
{
	struct frame *frame, *next;

	LIST_FOR_EACH_SAFE(frame, next, &t->blocks, link) {
		u32 order = frame->order;

		list_del(&frame->link);
		kasan_poison(frame_to_virt(frame), PAGE_SIZE << order, KASAN_FREED_PAGE);
		if (frame->flags & FRAME_BAD_INSIDE) {
			sort_out_block(t, frame);
		} else {
			frame->flags = 0;
			pmm_block_free(frame, order);
		}
	}
}

void memtest_run(void)
{
	struct test t = { .blocks = LIST_HEAD_INIT(t.blocks) };

	pmm_drain();
	for (u32 i = 0; i < NR_ZONE_INDEXES; i++)
		take_zone(&t, &pmm_zones[i]);
	log_info("memtest: %llu MiB are free and tested, not what holds the kernel and its files",
		 (unsigned long long)t.frames >> 8);
	run_passes(&t);
	give_back(&t);
	if (t.bad_words)
		log_err("memtest: %llu words were wrong; %llu KiB in %llu ranges are left out",
			(unsigned long long)t.bad_words, (unsigned long long)t.bad_frames << 2,
			(unsigned long long)t.ranges);
	else
		log_info("memtest: no errors");
}
