/* SPDX-License-Identifier: MIT */
/*
 * Costs inside the kernel, measured on the boot word `kbench` by the first thread
 * of process 1 before it runs its program, in any build: a log line a row,
 *
 *   kbench: dentry_hit 43.00 cycles
 *
 * the least mean of ROUNDS rounds of CALLS calls, a call of nothing taken off.
 * Cycles are the TSC's: guest instructions under QEMU's instruction clock.
 * tools/bench_machine.py runs it in several machines and prints the table.
 */
#include <kernel/upcall.h>

#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/smp.h>
#include <arch/time.h>
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/path.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/core/log.h>
#include <mm/kmalloc.h>
#include <mm/numa.h>
#include <mm/pmm.h>
#include <security/handle.h>

#define ROUNDS 10u
#define CALLS  1000u

/* Longer than they look: dentry_scan() reads words. */
static const char root_name[16] = "/", inode_name[16] = "/dev", hit_name[16] = "dev";
static struct path root_path;
static node_t alloc_node;
static struct cpumask other_cpu;

static void row_nothing(void)
{
}

static void row_eoi(void)
{
	irq_eoi();
}

/* The interrupt is taken as soon as it is sent: that is part of it. */
static void row_ipi_self(void)
{
	smp_send_resched(this_cpu()->id);
}

static void called(__unused void *arg)
{
}

static void row_ipi_call(void)
{
	smp_call(&other_cpu, called, NULL);
}

static void row_page_walk(void)
{
	struct mmu_entry entry;

	(void)mmu_query_kernel((vaddr_t)(uintptr_t)&root_path, &entry);
}

static void row_dentry(void)
{
	struct fs_name name = { .str = hit_name };
	struct dentry *dentry;
	u64 hash;

	name.len = dentry_scan(root_path.dentry, hit_name, &hash);
	dentry = dentry_find(root_path.dentry, &name, hash);
	if (dentry)
		dentry_put(dentry);
}

static void row_inode(void)
{
	struct path path;

	if (path_lookup(AT_FDCWD, inode_name, 0, &path) == 0)
		path_put(&path);
}

static struct file *found_file;

/* As every call on a descriptor of a process with one thread does it. */
static void row_handle(void)
{
	atomic_store_relaxed(&found_file, file_lone(0, RIGHT_READ));
}

static void row_frame(void)
{
	struct frame *frame = pmm_alloc(0, 0, alloc_node);

	if (frame)
		pmm_free(frame, 0);
}

static void row_kmalloc(void)
{
	kfree(kmalloc(64, 0));
}

static u64 measure(void (*volatile op)(void))
{
	u64 best = ~0ull;

	for (u32 round = 0; round < ROUNDS; round++) {
		u64 begin = time_cycles();

		for (u32 i = 0; i < CALLS; i++)
			op();
		best = MIN(best, time_cycles() - begin);
	}
	return best;
}

static void row(const char *name, void (*op)(void))
{
	u64 nothing = measure(row_nothing), cycles = measure(op);
	u64 hundredths = (cycles - MIN(cycles, nothing)) * 100 / CALLS;

	log_info("kbench: %s %llu.%02llu cycles", name, (unsigned long long)(hundredths / 100),
		 (unsigned long long)(hundredths % 100));
}

static void rows_of_nodes(void)
{
	node_t here = this_cpu()->node, far = numa_fallback(here, numa_node_count() - 1);

	alloc_node = here;
	row("frame_local", row_frame);
	alloc_node = far;
	if (far != here)
		row("frame_remote", row_frame);
}

static void rows_of_cpus(void)
{
	struct cpu *cpu;

	row("eoi", row_eoi);
	row("ipi_self", row_ipi_self);
	FOR_EACH_CPU(cpu)
		if (cpu != this_cpu() && !other_cpu.bits[0])
			other_cpu.bits[cpu->id / 64] = BIT(cpu->id % 64);
	if (other_cpu.bits[0])
		row("ipi_call_rt", row_ipi_call);
}

void upcall_kbench(void)
{
	if (path_lookup(AT_FDCWD, root_name, 0, &root_path) != 0)
		return;
	rows_of_cpus();
	row("page_walk", row_page_walk);
	row("dentry_hit", row_dentry);
	row("inode_hit", row_inode);
	row("cap_check", row_handle);
	rows_of_nodes();
	row("kmalloc_64", row_kmalloc);
	path_put(&root_path);
}
