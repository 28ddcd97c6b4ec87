/* SPDX-License-Identifier: MIT */
/*
 * Interrupts: the flag, and lines. Line numbers are ISA IRQs or GSIs as in
 * ACPI 6.5 §5.2.12.5 (source overrides are applied here, callers say 4 for
 * COM1).
 */
#pragma once

#include <arch/percpu.h>
#include <kernel/lib/types.h>

typedef u64 irqflags_t;

#define RFLAGS_IF BIT(9)

static inline irqflags_t irq_save(void)
{
	irqflags_t flags;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags)::"memory");
	return flags;
}

static inline void irq_restore(irqflags_t flags)
{
	if (flags & RFLAGS_IF)
		__asm__ volatile("sti" ::: "memory");
}

static inline void irq_enable(void)
{
	__asm__ volatile("sti" ::: "memory");
}

static inline void irq_disable(void)
{
	__asm__ volatile("cli" ::: "memory");
}

static inline bool irq_enabled(void)
{
	irqflags_t flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags));
	return flags & RFLAGS_IF;
}

static inline bool irq_in_handler(void)
{
	return this_cpu()->irq_depth != 0;
}

/* Runs with interrupts off on the CPU that took it; EOI is sent by the caller. */
typedef void (*irq_handler_t)(void *arg);

/**
 * irq_connect - route line @irq to @handler and unmask it
 * @name: for the log
 * Return: 0; -ENODEV no I/O APIC has this line; -EBUSY taken.
 */
__must_check int irq_connect(u32 irq, irq_handler_t handler, void *arg, const char *name);

/* What a device writes, and where to, to interrupt (Intel SDM vol. 3 §11.11). */
struct irq_message {
	u64 address;
	u32 data;
};

/**
 * irq_connect_message - a vector of its own for a device that sends messages
 * @out: the message that it is to send
 * Return: 0; -ENODEV no vector is left, or no message reaches the boot CPU.
 */
__must_check int irq_connect_message(irq_handler_t handler, void *arg, const char *name,
				     struct irq_message *out);

/* Rows of /proc/interrupts: lines that were connected, then what CPUs send
 * themselves and each other. */
struct irq_stat {
	const char *label; /* NULL: a line, whose number is irq */
	const char *name;
	u32 irq;
};
/** irq_stat - the @n-th row. False: past the last. */
bool irq_stat(u32 n, struct irq_stat *out);
/** irq_stat_count - interrupts of row @n that @cpu took */
u32 irq_stat_count(u32 n, const struct cpu *cpu);

/** irq_eoi - what irq_dispatch() ends each interrupt with; does nothing when none is
 * in service (Intel SDM vol. 3 §11.8.5). For measuring it. */
void irq_eoi(void);

/** irq_mask, irq_unmask - hold back or let through line @irq */
void irq_mask(u32 irq);
void irq_unmask(u32 irq);
