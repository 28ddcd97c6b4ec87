/* SPDX-License-Identifier: MIT */
/*
 * Work on other CPUs, and stopping them.
 *
 *   caller                                   called CPU
 *   local->call = request (if it was NULL)   interrupt, or itself waiting:
 *   VECTOR_CALL interrupt                    request = xchg(local->call, NULL)
 *   wait until request.left is 0   <-------- fn(arg); request.left--
 *
 * The request lives on the caller's stack: a called CPU touches it last when
 * it takes its share off `left`. While a caller waits, for a slot or for the
 * end, it serves requests to itself, so two callers never wait for each other.
 */
#include <arch/smp.h>

#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/time.h>
#include <arch/unwind.h>
#include <kernel/core/ksym.h>
#include <kernel/core/log.h>
#include <kernel/core/panic.h>

#include "cpu_priv.h"
#include "lapic.h"
#include "regs.h"
#include "smp_priv.h"
#include "trap.h"

struct call_request {
	void (*fn)(void *arg);
	void *arg;
	u32 left; /* atomic: CPUs that have not finished */
};

void smp_call_irq(void)
{
	struct cpu_local *local = cpu_local(this_cpu());
	struct call_request *request = atomic_xchg(&local->call, NULL);

	if (!request)
		return;
	request->fn(request->arg);
	/* Full order: what fn did is seen by the caller that reads 0. */
	atomic_fetch_sub(&request->left, 1);
}

/* Serve calls to this CPU while waiting for others; fn expects interrupts off. */
static void serve(void)
{
	irqflags_t flags = irq_save();

	smp_call_irq();
	irq_restore(flags);
	cpu_relax();
}

static void post(struct cpu *cpu, struct call_request *request)
{
	void *empty = NULL;

	while (!atomic_cmpxchg(&cpu_local(cpu)->call, &empty, (void *)request)) {
		empty = NULL;
		serve();
	}
	lapic_send(cpu->apic_id, ICR_FIXED | ICR_ASSERT | VECTOR_CALL);
}

static bool in_mask(const struct cpumask *mask, cpu_t id)
{
	return mask->bits[id / 64] >> (id % 64) & 1;
}

void smp_call(const struct cpumask *mask, void (*fn)(void *arg), void *arg)
{
	struct call_request request = { fn, arg, 0 };
	struct cpu *cpu, *me = this_cpu();

	FOR_EACH_CPU(cpu) {
		if (cpu == me || !in_mask(mask, cpu->id))
			continue;
		atomic_fetch_add(&request.left, 1);
		post(cpu, &request);
	}
	while (atomic_load_acquire(&request.left) && !panic_in_progress())
		serve();
}

#define STOP_TRACE 8u

/* Where a stopped CPU was; written by it before it says so. */
static struct stop_record {
	u64 rip;
	u64 pcs[STOP_TRACE];
	u32 n;
	bool user;
} stop_records[NR_CPUS];

bool smp_nmi(const struct trapframe *tf)
{
	struct cpu *cpu = this_cpu();
	struct stop_record *r = &stop_records[cpu->id];

	if (!panic_in_progress())
		return false;
	r->rip = tf->rip;
	r->user = frame_from_user(tf);
	r->n = r->user ? 0 : (u32)unwind(tf->rbp ? tf->rbp : 1, r->pcs, STOP_TRACE);
	atomic_store_release(&cpu_local(cpu)->stopped, true);
	cpu_halt_forever();
}

void smp_stop_others(void)
{
	struct cpu *cpu, *me = this_cpu();

	if (!lapic_ready())
		return;
	FOR_EACH_CPU(cpu)
		if (cpu != me)
			lapic_send(cpu->apic_id, ICR_NMI | ICR_ASSERT);
	/* One that halts in cpu_halt_forever() takes the NMI too; 100 ms for all. */
	for (u32 i = 0; i < 1000; i++) {
		bool all = true;

		FOR_EACH_CPU(cpu)
			all &= cpu == me || atomic_load_acquire(&cpu_local(cpu)->stopped);
		if (all)
			return;
		time_delay_ns(100000);
	}
}

static void log_stopped(const struct cpu *cpu, const struct stop_record *r)
{
	char name[80];

	if (r->user) {
		log_write(LOG_EMERG, "CPU %u was in user mode at %#llx", cpu->id,
			  (unsigned long long)r->rip);
		return;
	}
	log_write(LOG_EMERG, "CPU %u was in %s", cpu->id, ksym_format(name, sizeof(name), r->rip));
	for (u32 i = 0; i < r->n; i++)
		log_write(LOG_EMERG, "  %s", ksym_format(name, sizeof(name), r->pcs[i] - 1));
}

void smp_log_stopped(void)
{
	struct cpu *cpu;

	FOR_EACH_CPU(cpu) {
		if (cpu == this_cpu())
			continue;
		if (atomic_load_acquire(&cpu_local(cpu)->stopped))
			log_stopped(cpu, &stop_records[cpu->id]);
		else
			log_write(LOG_EMERG, "CPU %u does not answer", cpu->id);
	}
}
