/* SPDX-License-Identifier: MIT */
/*
 * Interrupt vectors to handlers. Device lines get vectors from 0x20 on in the
 * order they are connected and go to the boot CPU; local ones have fixed
 * vectors (regs.h). The 8259s are moved out of the exceptions' way and masked.
 */
#include <arch/irq.h>

#include <kernel/abi/errno.h>
#include <kernel/core/log.h>
#include <kernel/core/spinlock.h>
#include <kernel/upcall.h>

#include "io.h"
#include "ioapic.h"
#include "irq_priv.h"
#include "lapic.h"
#include "regs.h"
#include "smp_priv.h"
#include "trap.h"

#define NR_LINES (VECTOR_IRQ_END - VECTOR_IRQ_FIRST)
#define ISA_IRQS 16u
#define IRQ_NONE (~0u)
#define IRQ_MESSAGES 256u /* lines that are messages are numbered from here on */
#define MESSAGE_ADDRESS 0xfee00000u
#define MESSAGE_CPUS 256u /* that many APIC ids fit into an address */

struct irq_line {
	irq_handler_t handler; /* atomic: published last */
	void *arg;
	u32 irq; /* as the caller numbers it, or IRQ_NONE */
	const char *name; /* set before the handler */
};

enum local_count { LOCAL_TIMER, LOCAL_RESCHED, LOCAL_CALL, NR_LOCAL_COUNTS };
static DEFINE_PERCPU(u32, line_counts[NR_LINES]);
static DEFINE_PERCPU(u32, local_counts[NR_LOCAL_COUNTS]);

/* By vector - VECTOR_IRQ_FIRST; entries are added under irq_lock, never removed. */
static struct irq_line lines[NR_LINES];
static u32 nr_lines;   /* [irq_lock] */
static struct spinlock irq_lock = SPINLOCK_INIT(RANK_IRQ, "irq");

/* How ISA interrupts are wired where that differs (MADT); written at boot. */
static struct isa_route {
	bool given, active_low, level;
	u32 gsi;
} isa_routes[ISA_IRQS];

static u64 spurious, unexpected; /* atomic */

void irq_set_override(u8 irq, u32 gsi, bool active_low, bool level)
{
	if (irq < ISA_IRQS)
		isa_routes[irq] = (struct isa_route){ true, active_low, level, gsi };
}

/* Intel 8259A data sheet, "Initialization Command Words". */
void irq_mask_8259(void)
{
	static const u8 master[] = { 0xe0, 0x04, 0x01 }, slave[] = { 0xe8, 0x02, 0x01 };

	outb(0x20, 0x11);
	outb(0xa0, 0x11);
	for (u32 i = 0; i < 3; i++) {
		outb(0x21, master[i]);
		outb(0xa1, slave[i]);
	}
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
}

/* ISA lines are edge-triggered, active high; others (PCI) level, low. */
static struct isa_route route_of(u32 irq)
{
	if (irq < ISA_IRQS && isa_routes[irq].given)
		return isa_routes[irq];
	if (irq < ISA_IRQS)
		return (struct isa_route){ .gsi = irq };
	return (struct isa_route){ .active_low = true, .level = true, .gsi = irq };
}

static struct irq_line *line_of(u32 irq)
{
	for (u32 i = 0; i < nr_lines; i++)
		if (lines[i].irq == irq)
			return &lines[i];
	return NULL;
}

/* A free entry for @irq, or for a message. NULL: none, or taken (*err). */
static struct irq_line *line_reserve(u32 irq, int *err)
{
	irqflags_t flags = spin_lock_irq(&irq_lock);
	struct irq_line *line = NULL;

	*err = line_of(irq) ? -EBUSY : nr_lines == NR_LINES ? -ENODEV : 0;
	if (!*err) {
		line = &lines[nr_lines];
		line->irq = irq == IRQ_MESSAGES ? IRQ_MESSAGES + nr_lines : irq;
		nr_lines++;
	}
	spin_unlock_irq(&irq_lock, flags);
	return line;
}

int irq_connect(u32 irq, irq_handler_t handler, void *arg, const char *name)
{
	struct isa_route route = route_of(irq);
	int err;
	struct irq_line *line = line_reserve(irq, &err);
	u8 vector = (u8)(VECTOR_IRQ_FIRST + (line - lines));

	if (!line)
		return err;
	line->arg = arg;
	line->name = name;
	err = ioapic_route(route.gsi, vector, cpu_table[0]->apic_id, route.active_low, route.level);
	if (err) {
		line->irq = IRQ_NONE; /* the vector is lost, the line may be tried again */
		return err;
	}
	/* Pairs with the acquire in line_interrupt(). */
	atomic_store_release(&line->handler, handler);
	ioapic_set_mask(route.gsi, false);
	log_debug("irq: %s is interrupt %u, line %u, vector %#x", name, irq, route.gsi, vector);
	return 0;
}

int irq_connect_message(irq_handler_t handler, void *arg, const char *name,
			struct irq_message *out)
{
	u32 apic_id = cpu_table[0]->apic_id;
	struct irq_line *line;
	int err = -ENODEV;

	line = apic_id < MESSAGE_CPUS ? line_reserve(IRQ_MESSAGES, &err) : NULL;
	if (!line)
		return err;
	line->arg = arg;
	line->name = name;
	/* Pairs with the acquire in line_interrupt(). */
	atomic_store_release(&line->handler, handler);
	/* Fixed delivery, edge, physical destination. */
	out->address = MESSAGE_ADDRESS | apic_id << 12;
	out->data = (u32)(VECTOR_IRQ_FIRST + (line - lines));
	log_debug("irq: %s is message %u, vector %#x", name, line->irq, out->data);
	return 0;
}

void irq_mask(u32 irq)
{
	ioapic_set_mask(route_of(irq).gsi, true);
}

void irq_unmask(u32 irq)
{
	ioapic_set_mask(route_of(irq).gsi, false);
}

/* The vector of an interrupt nobody asked for; said a few times, not for ever. */
static void unexpected_vector(u64 vector)
{
	if (atomic_fetch_add(&unexpected, 1) < 8)
		log_notice("irq: unexpected interrupt, vector %#llx", (unsigned long long)vector);
}

static void line_interrupt(u64 vector)
{
	struct irq_line *line = &lines[vector - VECTOR_IRQ_FIRST];
	irq_handler_t handler = atomic_load_acquire(&line->handler);

	++(*percpu_ptr(line_counts))[line - lines];
	if (handler)
		handler(line->arg);
	else
		unexpected_vector(vector);
}

static void local_interrupt(u64 vector, bool user)
{
	switch (vector) {
	case VECTOR_TIMER:
		++(*percpu_ptr(local_counts))[LOCAL_TIMER];
		upcall_timer(user);
		break;
	case VECTOR_RESCHED:
		++(*percpu_ptr(local_counts))[LOCAL_RESCHED];
		upcall_resched();
		break;
	case VECTOR_CALL:
		++(*percpu_ptr(local_counts))[LOCAL_CALL];
		smp_call_irq();
		break;
	case VECTOR_ERROR:
		log_notice("lapic: error status %#x", lapic_error());
		break;
	default:
		unexpected_vector(vector);
	}
}

bool irq_stat(u32 n, struct irq_stat *out)
{
	static const struct irq_stat local[NR_LOCAL_COUNTS] = {
		[LOCAL_TIMER] = { "LOC", "Local timer interrupts", 0 },
		[LOCAL_RESCHED] = { "RES", "Rescheduling interrupts", 0 },
		[LOCAL_CALL] = { "CAL", "Function call interrupts", 0 },
	};
	u32 connected = atomic_load_acquire(&nr_lines);

	if (n >= connected + NR_LOCAL_COUNTS)
		return false;
	if (n < connected)
		*out = (struct irq_stat){ .name = lines[n].name ? lines[n].name : "",
					  .irq = lines[n].irq };
	else
		*out = local[n - connected];
	if (n == connected + LOCAL_TIMER && lapic_is_x2apic())
		out->name = "Local timer interrupts (x2APIC)";
	return true;
}

u32 irq_stat_count(u32 n, const struct cpu *cpu)
{
	u32 connected = atomic_load_acquire(&nr_lines);

	if (n < connected)
		return atomic_load_relaxed(&(*percpu_ptr_of(line_counts, cpu))[n]);
	return atomic_load_relaxed(&(*percpu_ptr_of(local_counts, cpu))[n - connected]);
}

void irq_eoi(void)
{
	lapic_eoi();
}

void irq_dispatch(struct trapframe *tf)
{
	struct cpu *cpu = this_cpu();

	if (tf->vector == VECTOR_SPURIOUS) { /* no EOI: Intel SDM vol. 3 §11.9 */
		atomic_add_relaxed(&spurious, 1);
		return;
	}
	cpu->irq_depth++;
	cpu->irq_count++;
	if (tf->vector < VECTOR_IRQ_END)
		line_interrupt(tf->vector);
	else
		local_interrupt(tf->vector, frame_from_user(tf));
	cpu->irq_depth--;
	lapic_eoi();
}
