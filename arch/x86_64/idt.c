/* SPDX-License-Identifier: MIT */
/*
 * The interrupt descriptor table: 256 gates to the stubs of entry.asm. All are
 * interrupt gates (interrupts off on entry); int3 and into may be used by
 * programs. Source: Intel SDM vol. 3 §6.14.1 (64-bit gates).
 */
#include "cpu_priv.h"

#include "regs.h"
#include "trap.h"

struct gate {
	u16 offset_low;
	u16 selector;
	u8 ist;
	u8 type; /* present, DPL, type 14: interrupt gate */
	u16 offset_mid;
	u32 offset_high;
	u32 reserved;
};
static_assert(sizeof(struct gate) == 16, "SDM vol. 3 figure 6-8");

#define GATE_INTERRUPT 0x8e
#define GATE_DPL3      0x60

static struct gate idt[256] __aligned(16);

static u8 ist_of(u32 vector)
{
	switch (vector) {
	case TRAP_NMI:
		return IST_NMI;
	case TRAP_DF:
		return IST_DF;
	case TRAP_MC:
		return IST_MC;
	case TRAP_DB:
		return IST_DB;
	default:
		return 0;
	}
}

void idt_init(void)
{
	for (u32 v = 0; v < ARRAY_SIZE(idt); v++) {
		u64 stub = (u64)(uintptr_t)trap_stubs + v * TRAP_STUB_SIZE;
		bool open = v == TRAP_BP || v == TRAP_OF;

		idt[v] = (struct gate){
			.offset_low = (u16)stub,
			.selector = KERNEL_CS,
			.ist = ist_of(v),
			.type = (u8)(GATE_INTERRUPT | (open ? GATE_DPL3 : 0)),
			.offset_mid = (u16)(stub >> 16),
			.offset_high = (u32)(stub >> 32),
		};
	}
	idt_load();
}

void idt_load(void)
{
	struct {
		u16 limit;
		u64 base;
	} __packed idtr = { sizeof(idt) - 1, (u64)(uintptr_t)idt };

	__asm__ volatile("lidt %0" ::"m"(idtr) : "memory");
}
