/* SPDX-License-Identifier: MIT */
/*
 * Stopping the machine, by every way there is, the most orderly first. Ports
 * of 8042 and isa-debug-exit: IBM PC AT Technical Reference; QEMU
 * hw/misc/debugexit.c's documented behaviour (status = code * 2 + 1).
 */
#include <arch/cpu.h>

#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/time.h>
#include <kernel/core/cmdline.h>
#include <kernel/core/log.h>
#include <mm/kva.h>

#include "cpuid.h"
#include "io.h"
#include "platform.h"

#define DEBUG_EXIT_PORT 0xf4
#define EXIT_POWER_OFF  0x10

/* PM1 control, SLEEP_CONTROL: ACPI 6.5 tables 4.16 and 4.19. */
#define SLP_TYP_SHIFT 10
#define SLP_EN        BIT(13)
#define SLEEP_TYP_SHIFT 2
#define SLEEP_EN        BIT(5)

#define KBC_STATUS  0x64
#define KBC_COMMAND 0x64
#define KBC_BUSY    0x02
#define KBC_RESET   0xfe /* pulses the CPU's reset line */

#define SETTLE_NS 2000000000ull /* orders take a while, also of a starved emulator */

void machine_exit(u8 code)
{
	outb(DEBUG_EXIT_PORT, code);
}

/* A register that may lie in memory: mapped at boot, since a panic may be what
 * needs it, and mapping takes locks. */
struct mapped_register {
	u16 port;          /* 0: it is in memory */
	volatile u8 *mem;  /* NULL: there is none */
};

static struct mapped_register sleep_register, reset_register;

static struct mapped_register register_map(const struct acpi_gas *gas)
{
	struct mapped_register r = { 0, NULL };

	if (gas->address && gas->space == ACPI_SPACE_IO)
		r.port = (u16)gas->address;
	else if (gas->address && gas->space == ACPI_SPACE_MEMORY)
		r.mem = kva_map_device(gas->address & PAGE_MASK, PAGE_SIZE);
	if (r.mem)
		r.mem += gas->address & ~PAGE_MASK;
	return r;
}

static void register_write(const struct mapped_register *r, u8 val)
{
	if (r->port)
		outb(r->port, val);
	else if (r->mem)
		*r->mem = val;
}

void machine_init(void)
{
	const struct acpi_info *acpi = platform_acpi();

	if (!acpi || !acpi->has_fadt)
		return;
	if (acpi->fadt.flags & ACPI_FADT_HW_REDUCED)
		sleep_register = register_map(&acpi->fadt.sleep_control);
	if (acpi->fadt.flags & ACPI_FADT_RESET_REG)
		reset_register = register_map(&acpi->fadt.reset_reg);
}

static void pm1_sleep(const struct acpi_gas *pm1, u8 typ)
{
	if (pm1->address && pm1->space == ACPI_SPACE_IO)
		outw((u16)pm1->address, (u16)(typ << SLP_TYP_SHIFT | SLP_EN));
}

static void acpi_power_off(void)
{
	const struct acpi_info *acpi = platform_acpi();
	const struct acpi_fadt *fadt;
	u8 typ[2];

	if (!acpi || !acpi->has_fadt || !platform_sleep_type(typ))
		return;
	log_info("machine: power off by ACPI, S5 is %u, %u", typ[0], typ[1]);
	fadt = &acpi->fadt;
	if (fadt->flags & ACPI_FADT_HW_REDUCED) {
		register_write(&sleep_register, (u8)(typ[0] << SLEEP_TYP_SHIFT | SLEEP_EN));
	} else {
		/* Some machines listen only once ACPI has been taken over. */
		if (fadt->smi_cmd && fadt->acpi_enable)
			outb((u16)fadt->smi_cmd, fadt->acpi_enable);
		pm1_sleep(&fadt->pm1a_cnt, typ[0]);
		pm1_sleep(&fadt->pm1b_cnt, typ[1]);
	}
	time_delay_ns(SETTLE_NS);
}

static void acpi_reset(void)
{
	const struct acpi_info *acpi = platform_acpi();

	if (!acpi || !acpi->has_fadt || (!reset_register.port && !reset_register.mem))
		return;
	log_info("machine: reset by ACPI's register");
	register_write(&reset_register, acpi->fadt.reset_value);
	time_delay_ns(SETTLE_NS);
}

static void kbc_reset(void)
{
	if (inb(KBC_STATUS) == 0xff)
		return; /* nobody there */
	log_info("machine: reset by the keyboard's controller");
	for (u32 i = 0; i < 1000 && (inb(KBC_STATUS) & KBC_BUSY); i++)
		time_delay_ns(1000);
	outb(KBC_COMMAND, KBC_RESET);
	time_delay_ns(SETTLE_NS);
}

/* An exception with no table to deliver it: the CPU shuts down, boards reset. */
static void triple_fault(void)
{
	struct {
		u16 limit;
		u64 base;
	} __packed none = { 0, 0 };

	__asm__ volatile("lidt %0; int3" ::"m"(none));
}

/* Each where the one before did nothing; reboot= begins further down. The log's last
 * line tells which one it was. */
static void reset(void)
{
	if (boot_options.reset <= RESET_ACPI)
		acpi_reset();
	if (boot_options.reset <= RESET_KBC)
		kbc_reset();
	log_info("machine: reset by a triple fault");
	triple_fault();
}

__noreturn void machine_stop(enum machine_action action)
{
	irq_disable();
	switch (action) {
	case MACHINE_POWER_OFF:
		acpi_power_off();
		machine_exit(EXIT_POWER_OFF);
		log_write(LOG_EMERG, "machine: no way to power off; it may be switched off now");
		/* An emulator that was told not to reboot ends; a PC must not start again. */
		if (cpu_has(CPU_HYPERVISOR))
			reset();
		break;
	case MACHINE_REBOOT:
		reset();
		break;
	case MACHINE_HALT:
		break;
	}
	cpu_halt_forever();
}
