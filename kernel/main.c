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
#include <arch/time.h>
#include <boot/boot_info.h>
#include <fs/fs_context.h>
#include <kernel/core/cmdline.h>
#include <kernel/core/ktest.h>
#include <kernel/core/log.h>
#include <kernel/core/panic.h>
#include <kernel/core/stackguard.h>
#include <kernel/lib/format.h>
#include <kernel/sched/sched.h>
#include <kernel/sys_pledge.h>
#include <kernel/task/oom.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>
#include <kernel/time/vdso.h>
#include <kernel/upcall.h>
#include <mm/aspace.h>
#include <mm/kasan_shadow.h>
#include <mm/kva.h>
#include <mm/memtest.h>
#include <mm/pmm.h>
#include <mm/slab.h>
#include <security/random.h>

#define PHASES_MAX 8u

/* What the boot has cost so far: cycles at the end of each phase. */
static struct phase {
	const char *name;
	u64 end;
} phases[PHASES_MAX];
static u32 nr_phases;

static void phase_done(const char *name)
{
	if (nr_phases < PHASES_MAX)
		phases[nr_phases++] = (struct phase){ name, time_cycles() };
}

/* tools/bench_machine.py reads this line. */
static void phases_log(void)
{
	char text[PHASES_MAX * 32] = "";
	u64 begin = time_entry_cycles();
	size_t len = 0;

	for (u32 i = 0; i < nr_phases && len < sizeof(text); i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %s %llu",
					i ? "," : "", phases[i].name,
					(unsigned long long)(phases[i].end - begin));
		begin = phases[i].end;
	}
	log_info("boot: phases in cycles:%s", text);
}

static void boot_thread(void *arg)
{
	const struct boot_info *info = arg;

	phase_done("scheduler");
	smp_start_cpus(boot_options.smp ? boot_options.smp : NR_CPUS);
	clock_cpus_started();
	phase_done("cpus");
	if (boot_options.memtest)
		memtest_run();
	vdso_init();
	pledge_init();
	fs_init(info);
	oom_init();
	phase_done("files");
	phases_log();
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
	phase_done("memory");
	acpi_init(info);
	phase_done("acpi");
	clock_init();
	phase_done("clock");
	random_init();
	stackguard_init(random_u64());
	task_init();
	sched_init();
	PANIC_ON(!thread_create_kernel("boot", boot_thread, (void *)(uintptr_t)info),
		 "boot: no memory for the first thread");
	sched_idle_loop();
}
