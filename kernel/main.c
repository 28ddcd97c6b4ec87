/* SPDX-License-Identifier: MIT */
/*
 * The boot sequence, as one list. Each step may use what the steps before it
 * set up. Up to sched_init() there is one CPU, no thread and no interrupt;
 * what may sleep runs in the boot thread.
 */
#include <arch/acpi.h>
#include <arch/cpu.h>
#include <arch/mmu.h>
#include <arch/screen.h>
#include <arch/smp.h>
#include <boot/boot_info.h>
#include <fs/fs_context.h>
#include <kernel/core/cmdline.h>
#include <kernel/core/ktest.h>
#include <kernel/core/log.h>
#include <kernel/core/panic.h>
#include <kernel/sched/sched.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>
#include <kernel/time/vdso.h>
#include <kernel/upcall.h>
#include <mm/aspace.h>
#include <mm/kasan_shadow.h>
#include <mm/kva.h>
#include <mm/pmm.h>
#include <mm/slab.h>
#include <security/random.h>

static void boot_thread(void *arg)
{
	const struct boot_info *info = arg;

	smp_start_cpus(boot_options.smp ? boot_options.smp : NR_CPUS);
	clock_cpus_started();
	vdso_init();
	fs_init(info);
	if (CONFIG_TESTS && boot_options.ktest)
		ktest_run_all(boot_options.ktest_filter);
	task_start_init();
}

void kernel_main(const struct boot_info *info)
{
	cmdline_parse(info->cmdline);
	log_info("Exo-OS 0.1 %s, booted by %s", CONFIG_DEBUG ? "debug" : "release", info->loader);
	pmm_init_early(info);
	mmu_init();
	kasan_shadow_init();
	slab_init();
	kva_init();
	screen_init(info);
	aspace_init();
	acpi_init(info);
	clock_init();
	random_init();
	task_init();
	sched_init();
	PANIC_ON(!thread_create_kernel("boot", boot_thread, (void *)(uintptr_t)info),
		 "boot: no memory for the first thread");
	sched_idle_loop();
}
