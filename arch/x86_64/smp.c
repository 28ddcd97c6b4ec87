/* SPDX-License-Identifier: MIT */
/*
 * Starting the other CPUs: memory for each on its own node, then INIT to all,
 * SIPI to all, a second SIPI to those that are not there yet (Intel SDM vol. 3
 * §8.4.4.1), so that a machine of many starts in the time of one.
 */
#include <arch/smp.h>

#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/sections.h>
#include <arch/time.h>
#include <kernel/core/log.h>
#include <kernel/lib/string.h>
#include <kernel/upcall.h>
#include <mm/kva.h>
#include <mm/numa.h>
#include <mm/pmm.h>

#include "cpu_priv.h"
#include "cpuid.h"
#include "lapic.h"
#include "platform.h"
#include "regs.h"
#include "smp_priv.h"
#include "tsc.h"

#define AP_BASE 0x8000ull /* pmm_boot.c keeps the page out of the allocator */
#define AP_WAIT_NS 200000000ull
#define COMPARE_NS 5000ull /* of looking at the others' counters, by each CPU that starts */

static struct ap_boot ap_boots[NR_CPUS]; /* written before the SIPIs */

void smp_save_percpu(void)
{
	memcpy(__percpu_initial, __percpu_start, (size_t)(__percpu_end - __percpu_start));
}

/* struct cpu and behind it the CPU's copy of .percpu. */
static struct cpu *cpu_alloc(node_t node)
{
	size_t head = ALIGN_UP(sizeof(struct cpu), 64ul);
	size_t len = (size_t)(__percpu_end - __percpu_start);
	unsigned order = 0;
	struct frame *frame;
	struct cpu *cpu;
	char *copy;

	while ((PAGE_SIZE << order) < head + len)
		order++;
	frame = pmm_alloc(order, MEM_ZERO, node);
	if (!frame)
		return NULL;
	cpu = frame_to_virt(frame);
	copy = (char *)cpu + head;
	memcpy(copy, __percpu_initial, len);
	cpu->percpu_offset = (u64)(uintptr_t)copy - (u64)(uintptr_t)__percpu_start;
	return cpu;
}

/* What was allocated for a CPU that cannot be started stays: it may come late. */
static bool cpu_prepare(cpu_t id, u32 apic_id)
{
	node_t node = numa_node_of_apic(apic_id);
	struct cpu *cpu = cpu_alloc(node);
	struct frame *ist = pmm_alloc(IST_ORDER, MEM_ZERO, node);
	vaddr_t stack = kstack_alloc(node);

	if (!cpu || !ist || !stack)
		return false;
	static_assert((PAGE_SIZE << IST_ORDER) == IST_COUNT * IST_STACK_SIZE, "IST memory");
	cpu->self = cpu;
	cpu->id = id;
	cpu->node = node;
	cpu->apic_id = apic_id;
	cpu->kstack_top = stack + KSTACK_SIZE;
	cpu_local(cpu)->ist_base = (u64)(uintptr_t)frame_to_virt(ist);
	ap_boots[ap_table_len++] = (struct ap_boot){ cpu, cpu->kstack_top, apic_id, 0 };
	atomic_store_release(&cpu_table[id], cpu);
	return true;
}

static void prepare_all(u32 max)
{
	const struct acpi_info *acpi = platform_acpi();
	cpu_t id = 1;

	for (u32 i = 0; i < acpi->n_cpus && id < MIN(max, NR_CPUS); i++) {
		if (!acpi->cpus[i].enabled || acpi->cpus[i].apic_id == this_cpu()->apic_id)
			continue;
		if (!lapic_reaches(acpi->cpus[i].apic_id)) {
			log_notice("smp: the CPU with APIC id %u needs x2APIC mode; left out",
				   acpi->cpus[i].apic_id);
			continue;
		}
		if (!cpu_prepare(id, acpi->cpus[i].apic_id)) {
			log_err("smp: no memory for CPU %u", id);
			return;
		}
		id++;
	}
}

static void trampoline_install(void)
{
	char *page = phys_to_virt(AP_BASE);
	size_t len = (size_t)(ap_trampoline_end - ap_trampoline);

	memcpy(page, ap_trampoline, len);
	memcpy(page + (ap_efer - ap_trampoline),
	       phys_to_virt((paddr_t)(uintptr_t)boot_efer_bits), 4);
	ap_table = ap_boots;
	ap_kernel_cr3 = cr3_read() & PAGE_MASK;
}

static bool ap_online(const struct ap_boot *ap)
{
	return atomic_load_acquire(&ap->cpu->online);
}

static void send_missing(u32 icr)
{
	for (u32 i = 0; i < ap_table_len; i++)
		if (!ap_online(&ap_boots[i]))
			lapic_send(ap_boots[i].apic_id, icr);
}

static bool all_online(void)
{
	for (u32 i = 0; i < ap_table_len; i++)
		if (!ap_online(&ap_boots[i]))
			return false;
	return true;
}

static bool wait_all(ns_t timeout_ns)
{
	for (ns_t t = 0; t < timeout_ns; t += 10000) {
		if (all_online())
			return true;
		time_compare(10000);
	}
	return all_online();
}

/* The 10 ms after INIT are for the 486's external APIC; since the P6 none is needed. */
static bool needs_init_delay(void)
{
	return (cpuid(1, 0).eax >> 8 & 0xf) < 6;
}

void smp_start_cpus(u32 max)
{
	u32 startup = ICR_STARTUP | ICR_ASSERT | (u32)(AP_BASE >> PAGE_SHIFT);

	if (!platform_acpi() || max < 2)
		return;
	prepare_all(max);
	if (!ap_table_len)
		return;
	trampoline_install();
	send_missing(ICR_INIT | ICR_LEVEL | ICR_ASSERT);
	if (needs_init_delay())
		time_delay_ns(10000000);
	send_missing(startup);
	if (!wait_all(300000)) {
		send_missing(startup);
		wait_all(AP_WAIT_NS);
	}
	for (u32 i = 0; i < ap_table_len; i++)
		if (!ap_online(&ap_boots[i]))
			log_warn("smp: CPU %u (APIC id %u) does not start", ap_boots[i].cpu->id,
				 ap_boots[i].apic_id);
	log_info("smp: %u CPUs", nr_cpus_online);
}

__noreturn void ap_start(struct cpu *cpu)
{
	gdt_init_cpu(cpu, cpu_local(cpu)->ist_base);
	idt_load();
	cpu_init_features();
	lapic_init_cpu();
	time_init_cpu();
	time_compare(COMPARE_NS);
	atomic_fetch_add(&nr_cpus_online, 1);
	upcall_cpu_online(); /* sets cpu->online when its run queue is there */
}

void smp_send_resched(cpu_t id)
{
	lapic_send(cpu_table[id]->apic_id, ICR_FIXED | ICR_ASSERT | VECTOR_RESCHED);
}
