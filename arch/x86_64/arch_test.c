/* SPDX-License-Identifier: MIT */
/*
 * The architecture's own tests: fix-ups of user copies at every kind of bad
 * pointer and at the edge of a mapping, the stack switch, lazy FPU state,
 * interrupt flag, calls to other CPUs, vectors, unwinder.
 */
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/smp.h>
#include <arch/time.h>
#include <arch/uaccess.h>
#include <arch/unwind.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_signal.h>
#include <kernel/core/ksym.h>
#include <kernel/core/ktest.h>
#include <kernel/lib/string.h>
#include <kernel/task/thread.h>
#include <mm/pmm.h>

#include "context_priv.h"
#include "cpuid.h"
#include "fpu.h"
#include "msr.h"
#include "regs.h"
#include "trap.h"
#include "uaccess_priv.h"

/* One user page, nothing mapped around it. The thread does not block while the
 * space is loaded: kernel threads would lose it to the next user thread. */
#define WINDOW 0x40000000ull
#define WINDOW_END (WINDOW + PAGE_SIZE)

struct window {
	struct mmu_space space;
	struct mmu_space *before;
	u8 *page; /* the same memory as the kernel sees it */
	irqflags_t flags;
};

static void __user *user(u64 va)
{
	return (void __user *)(uintptr_t)va;
}

static bool window_open(struct window *w)
{
	struct frame *frame;

	memset(w, 0, sizeof(*w));
	frame = pmm_alloc(0, MEM_ZERO, NODE_ANY);
	if (!frame || mmu_space_init(&w->space))
		return false;
	w->page = frame_to_virt(frame);
	if (mmu_map(&w->space, WINDOW, frame_to_pfn(frame), MMU_READ | MMU_WRITE | MMU_USER))
		return false;
	w->flags = irq_save();
	w->before = this_cpu()->space;
	mmu_activate(&w->space);
	return true;
}

static void window_close(struct window *w)
{
	struct mmu_batch batch;

	mmu_activate(w->before);
	irq_restore(w->flags);
	mmu_batch_begin(&batch, &w->space);
	mmu_unmap(&batch, WINDOW, WINDOW_END);
	mmu_batch_flush(&batch);
	mmu_space_fini(&w->space);
}

/* Below what is mapped, in the hole of the address space, the kernel, the end. */
static const u64 bad_addresses[] = {
	0, 0x1000, WINDOW - 64, WINDOW_END, USER_END - 8, USER_END, 0x800000000000ull,
	0x8000000000000000ull, DIRECT_MAP_BASE, KERNEL_BASE + 0x100000, ~0ull - 3, ~0ull,
};

static void check_bad_address(struct ktest_run *run, u64 va)
{
	u8 buf[40] = { 0 };
	u32 w32 = 0;
	u64 w64 = 0;

	KCHECK_EQ(uaccess_copy_in(buf, user(va), sizeof(buf)), sizeof(buf));
	KCHECK_EQ(uaccess_copy_out(user(va), buf, sizeof(buf)), sizeof(buf));
	KCHECK_EQ(uaccess_clear(user(va), sizeof(buf)), sizeof(buf));
	KCHECK_EQ(uaccess_string((char *)buf, user(va), sizeof(buf)), -EFAULT);
	KCHECK_EQ(uaccess_read_u32(&w32, user(va)), -EFAULT);
	KCHECK_EQ(uaccess_read_u64(&w64, user(va)), -EFAULT);
	KCHECK_EQ(uaccess_write_u32(user(va), 1), -EFAULT);
	KCHECK_EQ(uaccess_write_u64(user(va), 1), -EFAULT);
	KCHECK_EQ(uaccess_cmpxchg_u32(user(va), &w32, 1), -EFAULT);
	KCHECK_EQ(user_read_u32_nofault(&w32, user(va)), -EFAULT);
}

/* What of the CPU keeps the kernel from running and reading what is the user's by mistake. */
KTEST(cpu, protections_are_on)
{
	u64 cr4 = cr4_read();

	KCHECK(cr0_read() & CR0_WP);
	KCHECK(msr_read(MSR_EFER) & EFER_NXE);
	KCHECK_EQ(cpu_has(CPU_SMEP), !!(cr4 & CR4_SMEP));
	KCHECK_EQ(cpu_has(CPU_SMAP), !!(cr4 & CR4_SMAP));
	KCHECK_EQ(cpu_has(CPU_UMIP), !!(cr4 & CR4_UMIP));
}

KTEST(uaccess, bad_pointers)
{
	struct window w;

	KREQUIRE(window_open(&w));
	for (u32 i = 0; i < ARRAY_SIZE(bad_addresses); i++)
		check_bad_address(run, bad_addresses[i]);
	window_close(&w);
}

KTEST(uaccess, nothing_to_copy)
{
	char c;

	KCHECK_EQ(uaccess_copy_in(&c, user(WINDOW), 0), 0);
	KCHECK_EQ(uaccess_copy_out(user(USER_END), &c, 0), 0);
	KCHECK_EQ(uaccess_clear(user(WINDOW), 0), 0);
	KCHECK_EQ(uaccess_string(&c, user(WINDOW), 0), -ENAMETOOLONG);
}

/* Every length and distance around the end of the page: exactly the bytes that
 * are there are copied, and no other is touched. */
KTEST(uaccess, edge_of_a_mapping)
{
	struct window w;
	u8 buf[64], *end;

	KREQUIRE(window_open(&w));
	end = w.page + PAGE_SIZE;
	for (u32 have = 0; have <= 24; have++) {
		for (u32 len = 0; len <= 40; len++) {
			u64 at = WINDOW_END - have;
			u32 missing = len > have ? len - have : 0;

			memset(w.page + PAGE_SIZE - 32, 0x5a, 32);
			memset(buf, 0, sizeof(buf));
			KCHECK_EQ(uaccess_copy_in(buf, user(at), len), missing);
			KCHECK_EQ(buf[len - missing], 0);
			KCHECK(len == missing || buf[len - missing - 1] == 0x5a);
			memset(buf, 0xa5, sizeof(buf));
			KCHECK_EQ(uaccess_copy_out(user(at), buf, len), missing);
			KCHECK(len == missing || end[(s64)(len - missing) - have - 1] == 0xa5);
			KCHECK(len >= have || end[(s64)len - have] == 0x5a);
			KCHECK_EQ(uaccess_clear(user(at), len), missing);
			KCHECK(len == missing || end[-(s64)have] == 0);
		}
	}
	window_close(&w);
}

KTEST(uaccess, strings)
{
	struct window w;
	char buf[64];

	KREQUIRE(window_open(&w));
	for (u32 len = 0; len < 30; len++) {
		u64 at = WINDOW_END - len - 1;

		memset(w.page, 'x', PAGE_SIZE);
		w.page[PAGE_SIZE - 1] = 0;
		memset(buf, 'y', sizeof(buf));
		KCHECK_EQ(uaccess_string(buf, user(at), sizeof(buf)), len);
		KCHECK_EQ(strlen(buf), len);
		KCHECK_EQ(uaccess_string(buf, user(at), len + 1), len);
		if (len)
			KCHECK_EQ(uaccess_string(buf, user(at), len), -ENAMETOOLONG);
		/* Without the NUL the string runs into nothing. */
		w.page[PAGE_SIZE - 1] = 'x';
		KCHECK_EQ(uaccess_string(buf, user(at), sizeof(buf)), -EFAULT);
	}
	/* High bytes, which the search for a NUL must not take for one. */
	memcpy(w.page, "\x80\x81\xff\x01\x80\x80\x80\x80\x80\x01", 11);
	KCHECK_EQ(uaccess_string(buf, user(WINDOW), sizeof(buf)), 10);
	window_close(&w);
}

KTEST(uaccess, words)
{
	struct window w;
	u32 v32 = 7;
	u64 v64 = 0;

	KREQUIRE(window_open(&w));
	KCHECK_EQ(uaccess_write_u64(user(WINDOW + 3), 0x1122334455667788ull), 0);
	KCHECK_EQ(uaccess_read_u64(&v64, user(WINDOW + 3)), 0);
	KCHECK(v64 == 0x1122334455667788ull);
	KCHECK_EQ(uaccess_cmpxchg_u32(user(WINDOW + 16), &v32, 9), 0);
	KCHECK_EQ(v32, 0);
	KCHECK_EQ(uaccess_cmpxchg_u32(user(WINDOW + 16), &v32, 9), 0);
	KCHECK_EQ(user_read_u32_nofault(&v32, user(WINDOW + 16)), 0);
	KCHECK_EQ(v32, 9);
	KCHECK_EQ(uaccess_read_u64(&v64, user(WINDOW_END - 4)), -EFAULT);
	KCHECK_EQ(uaccess_write_u64(user(WINDOW_END - 4), 1), -EFAULT);
	window_close(&w);
}

/* #GP instead of #PF: a non-canonical address. */
KTEST(trap, fixup_of_general_protection)
{
	u64 out;

	KCHECK_EQ(uaccess_read_kernel(&out, (void *)0x8000000000000000ull), -EFAULT);
	KCHECK_EQ(uaccess_read_kernel(&out, (void *)(uintptr_t)(KVA_END - 8)), -EFAULT);
	KCHECK_EQ(uaccess_read_kernel(&out, &run), 0);
	KCHECK(out == (u64)(uintptr_t)run);
}

KTEST(trap, table_is_sorted)
{
	KCHECK(extable_sorted());
	KCHECK_EQ(extable_fixup(0), 0);
	KCHECK_EQ(extable_fixup((u64)(uintptr_t)trap_dispatch), 0);
}

KTEST(irq, save_and_restore_nest)
{
	irqflags_t outer = irq_save(), inner;

	KCHECK(outer & RFLAGS_IF);
	KCHECK(!irq_enabled());
	inner = irq_save();
	irq_restore(inner);
	KCHECK(!irq_enabled());
	irq_restore(outer);
	KCHECK(irq_enabled());
	KCHECK(!irq_in_handler());
}

/* A software interrupt to a vector nobody has: said in the log, and survived.
 * The EOI that follows finds nothing in service and changes nothing. */
KTEST(irq, unexpected_vector_is_survived)
{
	u64 before = this_cpu()->irq_count;

	__asm__ volatile("int $0xd0" ::: "memory");
	KCHECK(this_cpu()->irq_count > before);
}

static u32 called; /* atomic */

static void count_call(void *arg)
{
	if (!irq_enabled())
		atomic_fetch_add((u32 *)arg, 1);
}

KTEST(smp, call_reaches_each_other_cpu_once)
{
	struct cpumask all;

	memset(&all, 0xff, sizeof(all));
	for (u32 i = 0; i < 100; i++) {
		atomic_store_relaxed(&called, 0);
		smp_call(&all, count_call, &called);
		KREQUIRE(atomic_load_acquire(&called) == nr_cpus_online - 1);
	}
	memset(&all, 0, sizeof(all));
	smp_call(&all, count_call, &called);
	KCHECK_EQ(atomic_load_acquire(&called), nr_cpus_online - 1);
}

/* Two stacks that hand over to each other; the other one wipes all registers that
 * the switch has to keep. */
static struct {
	u64 main_rsp, other_rsp;
	u64 seen;
	u64 stack[512] __aligned(16);
} duet;

static __noreturn void duet_other(void)
{
	for (;;) {
		duet.seen++;
		__asm__ volatile("xorl %%ebx, %%ebx\n\txorl %%r12d, %%r12d\n\t"
				 "xorl %%r13d, %%r13d\n\txorl %%r14d, %%r14d\n\t"
				 "xorl %%r15d, %%r15d" ::: "rbx", "r12", "r13", "r14", "r15");
		context_switch_stack(&duet.other_rsp, duet.main_rsp, NULL);
	}
}

KTEST(context, switch_keeps_registers)
{
	u64 *top = duet.stack + ARRAY_SIZE(duet.stack) - 2;
	u64 a = ktest_random(), b = ktest_random(), c = ktest_random(), d = ktest_random();
	u64 sum = a + 3 * b + 5 * c + 7 * d;

	duet.seen = 0;
	*--top = (u64)(uintptr_t)duet_other;
	top -= 6;
	memset(top, 0, 6 * 8);
	duet.other_rsp = (u64)(uintptr_t)top;
	for (u32 i = 1; i <= 3; i++) {
		irqflags_t flags = irq_save(); /* traces would look at the wrong stack */

		/* Makes the compiler keep the four in registers over the call. */
		__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
		context_switch_stack(&duet.main_rsp, duet.other_rsp, NULL);
		__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
		irq_restore(flags);
		KCHECK_EQ(duet.seen, i);
		KCHECK(a + 3 * b + 5 * c + 7 * d == sum);
	}
}

static u64 xmm0_get(void)
{
	u64 v;

	__asm__ volatile("movq %%xmm0, %0" : "=r"(v));
	return v;
}

static void xmm0_set(u64 v)
{
	__asm__ volatile("movq %0, %%xmm0" ::"r"(v));
}

/* What the scheduler does when current leaves and comes back. */
static void leave_cpu(void)
{
	fpu_switch_out(current);
}

static bool ts_is_set(void)
{
	return cr0_read() & CR0_TS;
}

/* A frame is cleared, whichever way, and who has the registers sees nothing of it. */
static void clear_with(struct ktest_run *run, bool erms, bool live)
{
	u64 *word = &cpu_features[CPU_ERMS / 64], before = *word, seen;
	u8 *page = pmm_alloc_page(0);
	irqflags_t flags;

	KREQUIRE(page);
	memset(page, 0xaa, PAGE_SIZE);
	flags = irq_save();
	*word = erms ? before | BIT(CPU_ERMS % 64) : before & ~BIT(CPU_ERMS % 64);
	__asm__ volatile("clts");
	xmm0_set(0x1234567890abcdefull);
	if (!live)
		cr0_write(cr0_read() | CR0_TS);
	page_clear(page);
	KCHECK(ts_is_set() == !live);
	__asm__ volatile("clts");
	seen = xmm0_get();
	cr0_write(cr0_read() | CR0_TS);
	*word = before;
	this_cpu()->fpu_owner = NULL; /* its xmm0 is gone */
	irq_restore(flags);
	KCHECK_EQ(seen, 0x1234567890abcdefull);
	for (u32 i = 0; i < PAGE_SIZE; i++)
		KREQUIRE(!page[i]);
	pmm_free_page(page);
}

KTEST(mmu, clearing_leaves_the_fpu_alone)
{
	clear_with(run, true, false);
	clear_with(run, false, true);
	clear_with(run, false, false);
}

KTEST(fpu, state_is_lazy_and_kept)
{
	irqflags_t flags = irq_save();

	KCHECK(!fpu_used(current));
	KCHECK(ts_is_set());
	KREQUIRE(fpu_trap());
	KCHECK(!ts_is_set());
	KCHECK_EQ(xmm0_get(), 0);
	xmm0_set(0x1234567890abcdefull);
	leave_cpu();
	KCHECK(ts_is_set());
	/* Back on the same CPU: the registers still have it. */
	KCHECK(fpu_trap());
	KCHECK(xmm0_get() == 0x1234567890abcdefull);
	leave_cpu();
	/* Somebody else's state came between. */
	__asm__ volatile("clts");
	xmm0_set(0xdead);
	this_cpu()->fpu_owner = NULL;
	cr0_write(cr0_read() | CR0_TS);
	KCHECK(fpu_trap());
	KCHECK(xmm0_get() == 0x1234567890abcdefull);
	fpu_reset();
	KCHECK(ts_is_set());
	KCHECK(!fpu_used(current));
	irq_restore(flags);
}

KTEST(fpu, fork_copies)
{
	static struct thread child; /* too large for the stack; only .arch is used */
	irqflags_t flags = irq_save();
	struct fpu_probe {
		struct linux_fpstate legacy;
	} const *image;

	KREQUIRE(fpu_trap());
	xmm0_set(0x77);
	KCHECK_EQ(fpu_fork(&child), 0);
	image = child.arch.fpu;
	KREQUIRE(image != NULL);
	KCHECK_EQ(image->legacy.xmm_space[0], 0x77);
	KCHECK(child.arch.fpu != current->arch.fpu);
	fpu_free(&child);
	fpu_reset();
	irq_restore(flags);
}

/* Out to a signal frame and back; then frames that no CPU would load. Interrupts
 * stay on, as the copies want it; the thread does not block. */
KTEST(fpu, signal_frames)
{
	struct window w;
	struct linux_fpstate *legacy;
	u64 *header;

	KREQUIRE(fpu_state_size() <= PAGE_SIZE);
	KREQUIRE(window_open(&w));
	irq_restore(w.flags);
	irq_disable();
	KREQUIRE(fpu_trap());
	xmm0_set(0x42);
	irq_enable();
	KCHECK_EQ(fpu_save_user(user(WINDOW)), 0);
	legacy = (struct linux_fpstate *)(void *)w.page;
	header = (u64 *)(void *)(w.page + sizeof(*legacy));
	KCHECK_EQ(legacy->xmm_space[0], 0x42);
	KCHECK(!cpu_has(CPU_XSAVE) || legacy->sw_reserved.magic1 == FP_XSTATE_MAGIC1);
	irq_disable();
	KCHECK(fpu_trap());
	KCHECK_EQ(xmm0_get(), 0); /* a handler starts with the initial state */
	irq_enable();
	KCHECK_EQ(fpu_load_user(user(WINDOW)), 0);
	irq_disable();
	KCHECK(fpu_trap());
	KCHECK_EQ(xmm0_get(), 0x42);
	irq_enable();
	legacy->mxcsr = ~0u;
	if (cpu_has(CPU_XSAVE)) { /* FXRSTOR's image is masked, XRSTOR's refused */
		u64 components = header[0];

		KCHECK_EQ(fpu_load_user(user(WINDOW)), -EINVAL);
		legacy->mxcsr = 0x1f80;
		header[0] = ~0ull; /* components there are none of */
		KCHECK_EQ(fpu_load_user(user(WINDOW)), -EINVAL);
		header[0] = components;
	}
	KCHECK_EQ(fpu_load_user(user(WINDOW)), 0);
	irq_disable();
	KCHECK(fpu_trap()); /* must not fault */
	irq_enable();
	if (cpu_has(CPU_XSAVE)) {
		header[1] = 1ull << 63;
		KCHECK_EQ(fpu_load_user(user(WINDOW)), -EINVAL);
		header[1] = 0;
		header[2] = 1; /* XRSTOR looks at bytes 8 to 23 */
		KCHECK_EQ(fpu_load_user(user(WINDOW)), -EINVAL);
		header[2] = 0;
		legacy->sw_reserved.xstate_size = ~0u; /* then it is 512 bytes of FXSAVE */
		KCHECK_EQ(fpu_load_user(user(WINDOW)), 0);
	}
	KCHECK_EQ(fpu_load_user(user(WINDOW_END - 100)), -EFAULT);
	KCHECK_EQ(fpu_save_user(user(WINDOW_END - 100)), -EFAULT);
	fpu_reset();
	irq_disable();
	window_close(&w);
}

KTEST(unwind, finds_its_caller)
{
	u64 pcs[4];
	const char *name;
	u64 offset;

	KREQUIRE(unwind(0, pcs, ARRAY_SIZE(pcs)) > 1);
	name = ksym_lookup(pcs[0] - 1, &offset);
	if (!name)
		KSKIP("no symbol table");
	KCHECK(!strcmp(name, "ktest_unwind_finds_its_caller"));
	/* Frames that are none. */
	KCHECK_EQ(unwind(1, pcs, ARRAY_SIZE(pcs)), 0);
	KCHECK_EQ(unwind(0x8000000000000000ull, pcs, ARRAY_SIZE(pcs)), 0);
	KCHECK_EQ(unwind(USER_END, pcs, ARRAY_SIZE(pcs)), 0);
}

KTEST(time, counts_and_delays)
{
	u64 start = time_cycles();

	time_delay_ns(100000);
	KCHECK(time_cycles() > start);
	KCHECK(time_entry_cycles() < start);
}
