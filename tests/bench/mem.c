/* SPDX-License-Identifier: MIT */
/* Rows of memory: mappings, faults, copies. */
#include "bench.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul
#define MIB  (1ul << 20)

static char *area;
static size_t area_len;
static u64 inner; /* what an op measured by itself: part of what it did */

static bool own_inner(u64 *ticks)
{
	*ticks = inner;
	return true;
}

static int map(size_t len)
{
	area_len = len;
	area = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area != MAP_FAILED)
		return 0;
	area = NULL;
	return -errno;
}

static int unmap(void)
{
	return ok(munmap(area, area_len));
}

static void done_unmap(void)
{
	if (area)
		unmap();
	area = NULL;
}

static void touch(size_t len)
{
	for (size_t at = 0; at < len; at += PAGE)
		*(volatile char *)(area + at) = 1;
}

static int op_mmap_munmap(void)
{
	int err = map(PAGE);

	return err ? err : unmap();
}

static int op_mmap_touch_munmap(void)
{
	int err = map(PAGE);

	if (err)
		return err;
	touch(PAGE);
	return unmap();
}

/* Fresh pages of one area after each other, so that the page table is there already. */
static size_t fresh;

static int setup_fault(void)
{
	int err = map(2 * MIB);

	fresh = PAGE;
	if (err)
		return err;
	madvise(area, area_len, MADV_NOHUGEPAGE);
	touch(PAGE);
	return 0;
}

static int next_fresh(void)
{
	if (fresh < area_len)
		return 0;
	unmap();
	return setup_fault();
}

static int op_fault(bool write)
{
	int err = next_fresh();
	volatile char *p = area + fresh;
	u64 begin;

	if (err)
		return err;
	fresh += PAGE;
	begin = tsc();
	if (write)
		*p = 1;
	else
		(void)*p;
	inner = tsc() - begin;
	return 0;
}

static int op_fault_write(void)
{
	return op_fault(true);
}

static int op_fault_read(void)
{
	return op_fault(false);
}

/* mmap and touch are measured, or only the munmap after them. */
static int map_touch(size_t len, bool huge, bool count_munmap)
{
	u64 begin = tsc();
	int err = map(len);

	if (err)
		return err;
	if (!huge)
		madvise(area, len, MADV_NOHUGEPAGE);
	touch(len);
	inner = tsc() - begin;
	begin = tsc();
	err = unmap();
	if (count_munmap)
		inner = tsc() - begin;
	return err;
}

static int op_touch_2m(void)
{
	return map_touch(2 * MIB, true, false);
}

static int op_touch_2m_4k(void)
{
	return map_touch(2 * MIB, false, false);
}

static int op_touch_64m(void)
{
	return map_touch(64 * MIB, true, false);
}

static int op_touch_64m_4k(void)
{
	return map_touch(64 * MIB, false, false);
}

static int op_munmap_64m(void)
{
	return map_touch(64 * MIB, false, true);
}

/* musl's sbrk() refuses all but 0: the call itself. */
static long brk_now;

static int setup_brk(void)
{
	brk_now = raw3(SYS_brk, 0, 0, 0);
	return 0;
}

static int op_brk_raw(void)
{
	if (raw3(SYS_brk, brk_now + 4096, 0, 0) != brk_now + 4096)
		return -ENOMEM;
	return raw3(SYS_brk, brk_now, 0, 0) == brk_now ? 0 : -ENOMEM;
}

static int setup_page(void)
{
	int err = map(PAGE);

	if (!err)
		touch(PAGE);
	return err;
}

static int op_mprotect(void)
{
	int err = ok(mprotect(area, PAGE, PROT_READ));

	return err ? err : ok(mprotect(area, PAGE, PROT_READ | PROT_WRITE));
}

static int op_mremap_grow(void)
{
	char *p;
	u64 begin;
	int err = map(2 * PAGE);

	if (err)
		return err;
	munmap(area + PAGE, PAGE);
	area_len = PAGE;
	touch(PAGE);
	begin = tsc();
	p = mremap(area, PAGE, 2 * PAGE, 0);
	inner = tsc() - begin;
	if (p == MAP_FAILED)
		return -errno;
	area_len = 2 * PAGE;
	return unmap();
}

static char *move_to;

static int setup_move(void)
{
	int err = map(64 * PAGE);

	if (err)
		return err;
	move_to = area;
	err = map(64 * PAGE);
	touch(64 * PAGE);
	return err;
}

static int op_move(void)
{
	char *from = area;

	area = mremap(from, 64 * PAGE, 64 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, move_to);
	if (area == MAP_FAILED)
		return -errno;
	move_to = from;
	return 0;
}

/* A child holds the page as the parent writes to it. */
static int op_cow(void)
{
	int hold[2];
	char c;
	pid_t pid;
	u64 begin;

	if (pipe(hold) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(hold[1]);
		_exit(read(hold[0], &c, 1) != 0);
	}
	if (pid < 0)
		return -errno;
	begin = tsc();
	*(volatile char *)area = 2;
	inner = tsc() - begin;
	close(hold[0]);
	close(hold[1]);
	return ok(waitpid(pid, NULL, 0));
}

static char copy_from[MIB] __attribute__((aligned(4096)));
static char copy_to[MIB] __attribute__((aligned(4096)));

static int setup_copy(void)
{
	memset(copy_from, 1, sizeof(copy_from));
	memset(copy_to, 2, sizeof(copy_to));
	return 0;
}

static int op_memcpy(void)
{
	const u64 *from = (const void *)copy_from;
	u64 *to = (void *)copy_to;

	for (size_t i = 0; i < MIB / sizeof(*to); i++) {
		to[i] = from[i];
		__asm__ volatile("" ::: "memory");
	}
	return 0;
}

static int op_vm_readv(void)
{
	struct iovec to = { copy_to, MIB }, from = { copy_from, MIB };

	return ok(process_vm_readv(getpid(), &to, 1, &from, 1, 0));
}

#define ROW_INNER(n, o, s) \
	{ .name = n, .op = o, .samples = s, .per_sample = 1, .own = own_inner }
#define ROW_FAULT(n, o) \
	{ .name = n, .setup = setup_fault, .op = o, .done = done_unmap, .samples = 200, \
	  .per_sample = 1, .own = own_inner }

const struct row rows_mem[] = {
	{ .name = "mmap_munmap_4k", .op = op_mmap_munmap, .samples = 200, .per_sample = 1 },
	{ .name = "mmap_touch_munmap_4k", .op = op_mmap_touch_munmap, .samples = 200,
	  .per_sample = 1 },
	ROW_FAULT("fault_write_4k", op_fault_write),
	ROW_FAULT("fault_read_4k", op_fault_read),
	ROW_INNER("mmap_touch_2m", op_touch_2m, 20),
	ROW_INNER("mmap_touch_2m_4kpages", op_touch_2m_4k, 20),
	ROW_INNER("mmap_touch_64m", op_touch_64m, 4),
	ROW_INNER("mmap_touch_64m_4kpages", op_touch_64m_4k, 4),
	ROW_INNER("munmap_64m_4kpages", op_munmap_64m, 4),
	{ .name = "brk_grow_shrink", .setup = setup_brk, .op = op_brk_raw, .samples = 200,
	  .per_sample = 1 },
	{ .name = "mprotect_flip", .setup = setup_page, .op = op_mprotect, .done = done_unmap,
	  .samples = 200, .per_sample = 1 },
	ROW_INNER("mremap_grow", op_mremap_grow, 200),
	{ .name = "mremap_move_256k", .setup = setup_move, .op = op_move, .done = done_unmap,
	  .samples = 100, .per_sample = 1 },
	{ .name = "cow_fault_4k", .setup = setup_page, .op = op_cow, .done = done_unmap,
	  .samples = 40, .per_sample = 1, .own = own_inner },
	{ .name = "memcpy_1m_user", .setup = setup_copy, .op = op_memcpy, .samples = 4,
	  .per_sample = 1 },
	{ .name = "vm_readv_1m", .setup = setup_copy, .op = op_vm_readv, .samples = 4,
	  .per_sample = 1 },
};
const unsigned rows_mem_nr = sizeof(rows_mem) / sizeof(rows_mem[0]);
