/* SPDX-License-Identifier: MIT */
/*
 * What each CPU owns. GS.base points to this CPU's struct cpu while in the
 * kernel (Intel SDM vol. 3 §3.4.4). Generic per-CPU variables are defined by
 * DEFINE_PERCPU in section .percpu; the boot CPU uses the section itself, each
 * other CPU a copy on memory of its node.
 *
 * The kernel is not preemptible, so in thread context this_cpu() stays right
 * until the thread blocks; data shared with interrupt handlers needs
 * irq_save() as well.
 */
#pragma once

#include <kernel/config.h>
#include <kernel/lib/types.h>

struct thread;
struct mmu_space;
struct lockdep_held;

/* Lock key: i immutable once online, o this CPU only, a atomic. */
struct cpu {
	struct cpu *self;          /* [i] gs:0 */
	struct thread *thread;     /* [o] gs:8: current, changed by context_switch() */
	vaddr_t kstack_top;        /* [o] stack of current, for SYSCALL */
	u64 user_rsp;              /* [o] scratch of the SYSCALL entry */
	u64 percpu_offset;         /* [i] added to a .percpu symbol */
	cpu_t id;                  /* [i] */
	node_t node;               /* [i] */
	u32 apic_id;               /* [i] */
	u32 irq_depth;             /* [o] nesting of interrupt handlers */
	struct mmu_space *space;   /* [a] the space CR3 shows, NULL: kernel's */
	struct thread *fpu_owner;  /* [o] whose FPU state the registers hold */
	struct thread *idle;       /* [i] */
	bool online;               /* [a] */
	bool fpu_live;             /* [o] CR0.TS clear: current may use the FPU */
	u32 spin_depth;            /* [o] spinlocks held (debug) */
	void *held[16];            /* [o] those spinlocks, outermost first (debug) */
	u64 irq_count;             /* [o] interrupts taken, for /proc/stat */
	u64 arch[32];              /* [o] arch/x86_64/cpu_priv.h: GDT, TSS, IPI state */
};

extern struct cpu *cpu_table[NR_CPUS]; /* NULL where no CPU is */
extern u32 nr_cpus_online;             /* grows only while booting */

static inline struct cpu *this_cpu(void)
{
	struct cpu *cpu;

	__asm__ volatile("movq %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

/* The running thread. Never changes under a thread's own feet. */
static inline struct thread *current_thread(void)
{
	struct thread *thread;

	__asm__("movq %%gs:8, %0" : "=r"(thread));
	return thread;
}
#define current current_thread()

#define DEFINE_PERCPU(type, name)  __section(".percpu") __used type name
#define DECLARE_PERCPU(type, name) extern type name
#define percpu_ptr_of(name, cpu) \
	((__typeof__(&(name)))(void *)((char *)&(name) + (cpu)->percpu_offset))
#define percpu_ptr(name) percpu_ptr_of(name, this_cpu())

#define FOR_EACH_CPU(cpu_)                                             \
	for (cpu_t cpu_i_ = 0; cpu_i_ < NR_CPUS; cpu_i_++)             \
		if (((cpu_) = atomic_load_acquire(&cpu_table[cpu_i_])) && \
		    atomic_load_acquire(&(cpu_)->online))
