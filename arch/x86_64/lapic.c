/* SPDX-License-Identifier: MIT */
/*
 * Local APIC. Registers: Intel SDM vol. 3 table 11-1 (xAPIC offsets), §11.12.1
 * (x2APIC: MSR 800h + offset / 16, ICR one 64-bit register).
 */
#include "lapic.h"

#include <arch/cpu.h>
#include <arch/irq.h>
#include <kernel/core/cmdline.h>
#include <kernel/core/log.h>
#include <kernel/core/panic.h>
#include <mm/kva.h>

#include "cpuid.h"
#include "msr.h"
#include "regs.h"

#define REG_TPR         0x080
#define REG_EOI         0x0b0
#define REG_SVR         0x0f0
#define REG_ESR         0x280
#define REG_ICR_LOW     0x300
#define REG_ICR_HIGH    0x310
#define REG_LVT_TIMER   0x320
#define REG_LVT_LINT0   0x350
#define REG_LVT_LINT1   0x360
#define REG_LVT_ERROR   0x370
#define REG_TIMER_INIT  0x380
#define REG_TIMER_COUNT 0x390
#define REG_TIMER_DIV   0x3e0

#define SVR_ENABLE       BIT(8)
#define LVT_MASKED       BIT(16)
#define LVT_NMI          0x400u
#define LVT_TSC_DEADLINE (2u << 17)
#define DIVIDE_BY_1      0xbu /* figure 11-10 */
#define ICR_BUSY         BIT(12)
#define XAPIC_BROADCAST  0xffu /* destination "all", SDM vol. 3 §11.6.2.1 */

struct lapic_ops {
	const char *name;
	u32 (*read)(u32 reg);
	void (*write)(u32 reg, u32 val);
	void (*send)(u32 apic_id, u32 icr);
};

static volatile u32 *xapic_page; /* registers are memory: volatile is right here */

static u32 xapic_read(u32 reg)
{
	return xapic_page[reg / 4];
}

static void xapic_write(u32 reg, u32 val)
{
	xapic_page[reg / 4] = val;
}

/* Two words make one command: no interrupt between that sends another. */
static void xapic_send(u32 apic_id, u32 icr)
{
	irqflags_t flags = irq_save();

	while (xapic_read(REG_ICR_LOW) & ICR_BUSY)
		cpu_relax();
	xapic_write(REG_ICR_HIGH, apic_id << 24);
	xapic_write(REG_ICR_LOW, icr);
	irq_restore(flags);
}

static u32 x2apic_read(u32 reg)
{
	return (u32)msr_read(MSR_X2APIC + reg / 16);
}

static void x2apic_write(u32 reg, u32 val)
{
	msr_write(MSR_X2APIC + reg / 16, val);
}

/* WRMSR to the APIC does not wait for earlier stores (§11.12.3). */
static void x2apic_send(u32 apic_id, u32 icr)
{
	__asm__ volatile("mfence; lfence" ::: "memory");
	msr_write(MSR_X2APIC + REG_ICR_LOW / 16, (u64)apic_id << 32 | icr);
}

static const struct lapic_ops xapic = { "xAPIC", xapic_read, xapic_write, xapic_send };
static const struct lapic_ops x2apic = { "x2APIC", x2apic_read, x2apic_write, x2apic_send };
static const struct lapic_ops *ops; /* written once, by lapic_init() */

static bool want_x2apic(void)
{
	bool on = cpu_has(CPU_X2APIC) && (msr_read(MSR_APIC_BASE) & APIC_BASE_X2APIC);

	if (boot_options.apic == APIC_X2 && !cpu_has(CPU_X2APIC))
		log_notice("lapic: apic=x2apic, but this CPU has none");
	/* Firmware that has switched it on means it: the way back is a reset. */
	if (boot_options.apic == APIC_X1 && on)
		log_notice("lapic: apic=xapic, but the firmware has switched x2APIC on");
	return on || (cpu_has(CPU_X2APIC) && boot_options.apic != APIC_X1);
}

void lapic_init(paddr_t pa)
{
	ops = want_x2apic() ? &x2apic : &xapic;
	if (ops == &xapic) {
		xapic_page = kva_map_device(pa, 4096);
		PANIC_ON(!xapic_page, "lapic: no room to map its registers");
	}
	lapic_init_cpu();
	log_info("lapic: %s, boot CPU has id %u", ops->name, this_cpu()->apic_id);
}

bool lapic_is_x2apic(void)
{
	return msr_read(MSR_APIC_BASE) & APIC_BASE_X2APIC;
}

bool lapic_reaches(u32 apic_id)
{
	return ops == &x2apic || apic_id < XAPIC_BROADCAST;
}

bool lapic_ready(void)
{
	return ops != NULL;
}

void lapic_init_cpu(void)
{
	u64 base = msr_read(MSR_APIC_BASE) | APIC_BASE_ENABLE;

	/* Through xAPIC mode: straight from disabled to x2APIC faults (§11.12.5). */
	msr_write(MSR_APIC_BASE, base);
	if (ops == &x2apic)
		msr_write(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
	ops->write(REG_TPR, 0);
	ops->write(REG_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	ops->write(REG_LVT_LINT0, LVT_MASKED); /* the 8259 is off */
	ops->write(REG_LVT_LINT1, LVT_NMI);
	ops->write(REG_LVT_ERROR, VECTOR_ERROR);
	ops->write(REG_TIMER_DIV, DIVIDE_BY_1);
	ops->write(REG_LVT_TIMER, VECTOR_TIMER);
	ops->write(REG_TIMER_INIT, 0);
	ops->write(REG_ESR, 0);
}

void lapic_eoi(void)
{
	ops->write(REG_EOI, 0);
}

void lapic_send(u32 apic_id, u32 icr)
{
	ops->send(apic_id, icr);
}

void lapic_timer_set(u32 count)
{
	ops->write(REG_TIMER_INIT, count);
}

u32 lapic_timer_left(void)
{
	return ops->read(REG_TIMER_COUNT);
}

void lapic_timer_use_deadline(void)
{
	ops->write(REG_LVT_TIMER, LVT_TSC_DEADLINE | VECTOR_TIMER);
	/* xAPIC: the LVT write must be there before the MSR's (§11.5.4.1). */
	__asm__ volatile("mfence" ::: "memory");
}

u32 lapic_error(void)
{
	ops->write(REG_ESR, 0); /* latches what came since */
	return ops->read(REG_ESR);
}
