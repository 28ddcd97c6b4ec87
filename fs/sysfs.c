/* SPDX-License-Identifier: MIT */
/*
 * sysfs: static tables over procfs's engine, and folders cpuN and nodeN. What is
 * not known of the machine has no file; nothing can be written. Forms are those
 * of Linux's Documentation/ABI (testing/sysfs-devices-system-cpu, stable/
 * sysfs-devices-node, testing/sysfs-kernel-mm-hugepages).
 *
 * This kernel does not ask how threads, cores and packages lie: each CPU is a core
 * of its own in one package, as on Linux without that knowledge.
 */
#include <fs/sysfs.h>

#include <arch/serial.h>
#include <arch/smp.h>
#include <fs/mount.h>
#include <kernel/abi/errno.h>
#include <kernel/lib/format.h>
#include <kernel/lib/string.h>
#include <mm/numa.h>
#include <mm/pmm.h>

#include "proc_priv.h"

#define FILE_SIZE 4096u /* what stat(2) says of every file */
#define KIB(pages) ((unsigned long long)(pages) * (PAGE_SIZE / 1024))

/* ---- sets of numbers: "0-3,8" and "f" ---- */

static bool has(const struct cpumask *mask, u32 i)
{
	return mask->bits[i / 64] >> i % 64 & 1;
}

static void add(struct cpumask *mask, u32 i)
{
	mask->bits[i / 64] |= 1ull << i % 64;
}

static void show_list(struct seq *seq, const struct cpumask *mask)
{
	const char *comma = "";

	for (u32 i = 0; i < NR_CPUS; i++) {
		u32 first = i;

		if (!has(mask, i))
			continue;
		while (i + 1 < NR_CPUS && has(mask, i + 1))
			i++;
		seq_printf(seq, first == i ? "%s%u" : "%s%u-%u", comma, first, i);
		comma = ",";
	}
	seq_putc(seq, '\n');
}

static void all_cpus(struct cpumask *mask)
{
	struct cpu *cpu;

	memset(mask, 0, sizeof(*mask));
	FOR_EACH_CPU(cpu)
		add(mask, cpu->id);
}

/* Words of 32 bits in hexadecimal, as many as there are CPUs for. */
static void show_mask(struct seq *seq, const struct cpumask *mask)
{
	u32 n = 0, words;
	struct cpu *cpu;

	FOR_EACH_CPU(cpu)
		n = MAX(n, cpu->id + 1);
	words = (n + 31) / 32;
	for (u32 i = words; i-- > 0;) {
		u32 word = (u32)(mask->bits[i / 2] >> i % 2 * 32);
		u32 bits = i == words - 1 ? n - i * 32 : 32;

		seq_printf(seq, "%0*x%s", (int)((bits + 3) / 4), word, i ? "," : "\n");
	}
}

/* ---- CPUs ---- */

static struct cpu *cpu_of(u32 number)
{
	struct cpu *cpu = number < NR_CPUS ? atomic_load_acquire(&cpu_table[number]) : NULL;

	return cpu && atomic_load_acquire(&cpu->online) ? cpu : NULL;
}

static bool find_cpu(__unused struct proc_inode *dir, u32 number, struct proc_inode *child)
{
	child->tid = (s32)number;
	return cpu_of(number) != NULL;
}

static bool next_cpu(__unused struct proc_inode *dir, u32 *number)
{
	while (*number < NR_CPUS && !cpu_of(*number))
		++*number;
	return *number < NR_CPUS;
}

static int show_cpus(struct seq *seq, __unused struct proc_inode *pi)
{
	struct cpumask mask;

	all_cpus(&mask);
	show_list(seq, &mask);
	return 0;
}

static int show_nothing(struct seq *seq, __unused struct proc_inode *pi)
{
	seq_putc(seq, '\n');
	return 0;
}

static int show_kernel_max(struct seq *seq, __unused struct proc_inode *pi)
{
	seq_printf(seq, "%u\n", NR_CPUS - 1);
	return 0;
}

static int show_core_id(struct seq *seq, struct proc_inode *pi)
{
	seq_printf(seq, "%d\n", pi->tid);
	return 0;
}

static int show_zero(struct seq *seq, __unused struct proc_inode *pi)
{
	seq_puts(seq, "0\n");
	return 0;
}

/* "core_cpus" and "thread_siblings" are the CPU itself, "package_cpus" and
 * "core_siblings" all; as a list where the name ends so. */
static int show_siblings(struct seq *seq, struct proc_inode *pi)
{
	const char *name = pi->entry->name;
	size_t len = strlen(name);
	struct cpumask mask;

	memset(&mask, 0, sizeof(mask));
	if (!strncmp(name, "core_c", 6) || !strncmp(name, "thread", 6))
		add(&mask, (u32)pi->tid);
	else
		all_cpus(&mask);
	if (len > 5 && !strcmp(name + len - 5, "_list"))
		show_list(seq, &mask);
	else
		show_mask(seq, &mask);
	return 0;
}

/* ---- nodes ---- */

static bool find_node(__unused struct proc_inode *dir, u32 number, struct proc_inode *child)
{
	child->tid = (s32)number;
	return number < numa_node_count();
}

static bool next_node(__unused struct proc_inode *dir, u32 *number)
{
	return *number < numa_node_count();
}

static void cpus_of_node(u32 node, struct cpumask *mask)
{
	struct cpu *cpu;

	memset(mask, 0, sizeof(*mask));
	FOR_EACH_CPU(cpu)
		if (cpu->node == node)
			add(mask, cpu->id);
}

static int show_nodes(struct seq *seq, struct proc_inode *pi)
{
	const char *name = pi->entry->name;
	struct cpumask nodes, cpus;
	struct pmm_stats stats;

	memset(&nodes, 0, sizeof(nodes));
	for (u32 i = 0; i < numa_node_count(); i++) {
		struct cpumask none = { .bits = { 0 } };
		bool with = true;

		cpus_of_node(i, &cpus);
		pmm_stats(i, &stats);
		if (!strcmp(name, "has_cpu"))
			with = memcmp(&cpus, &none, sizeof(none)) != 0;
		else if (!strncmp(name, "has_", 4))
			with = stats.total != 0;
		if (with)
			add(&nodes, i);
	}
	show_list(seq, &nodes);
	return 0;
}

static int show_node_cpulist(struct seq *seq, struct proc_inode *pi)
{
	struct cpumask mask;

	cpus_of_node((u32)pi->tid, &mask);
	show_list(seq, &mask);
	return 0;
}

static int show_node_cpumap(struct seq *seq, struct proc_inode *pi)
{
	struct cpumask mask;

	cpus_of_node((u32)pi->tid, &mask);
	show_mask(seq, &mask);
	return 0;
}

static int show_distance(struct seq *seq, struct proc_inode *pi)
{
	for (u32 i = 0; i < numa_node_count(); i++)
		seq_printf(seq, "%s%u", i ? " " : "", numa_distance((node_t)pi->tid, i));
	seq_putc(seq, '\n');
	return 0;
}

static int show_node_meminfo(struct seq *seq, struct proc_inode *pi)
{
	struct pmm_stats s;
	u32 n = (u32)pi->tid;

	pmm_stats(n, &s);
	seq_printf(seq, "Node %u MemTotal:       %8llu kB\nNode %u MemFree:        %8llu kB\n"
		   "Node %u MemUsed:        %8llu kB\nNode %u FilePages:      %8llu kB\n"
		   "Node %u Shmem:          %8llu kB\nNode %u PageTables:     %8llu kB\n"
		   "Node %u Slab:           %8llu kB\nNode %u HugePages_Total: %5u\n"
		   "Node %u HugePages_Free:  %5u\n",
		   n, KIB(s.total), n, KIB(s.free), n, KIB(s.total - s.free), n, KIB(s.cache),
		   n, KIB(s.cache), n, KIB(s.tables), n, KIB(s.slab), n, 0, n, 0);
	return 0;
}

static int show_node_vmstat(struct seq *seq, struct proc_inode *pi)
{
	struct pmm_stats s;

	pmm_stats((node_t)pi->tid, &s);
	seq_printf(seq, "nr_free_pages %llu\nnr_file_pages %llu\nnr_slab_unreclaimable %llu\n"
		   "nr_page_table_pages %llu\n", (unsigned long long)s.free,
		   (unsigned long long)s.cache, (unsigned long long)s.slab,
		   (unsigned long long)s.tables);
	return 0;
}

static bool find_cpu_of_node(struct proc_inode *dir, u32 number, struct proc_inode *child)
{
	struct cpu *cpu = cpu_of(number);

	child->tid = (s32)number;
	return cpu && cpu->node == (node_t)dir->tid;
}

static bool next_cpu_of_node(struct proc_inode *dir, u32 *number)
{
	while (next_cpu(dir, number)) {
		if (cpu_of(*number)->node == (node_t)dir->tid)
			return true;
		++*number;
	}
	return false;
}

static long text_link(char *buf, size_t size, const char *fmt, u32 number)
{
	char text[40];
	size_t len = (size_t)snprintf(text, sizeof(text), fmt, number);

	len = MIN(len, size);
	memcpy(buf, text, len);
	return (long)len;
}

static long read_cpu_link(struct proc_inode *pi, char *buf, size_t size)
{
	return text_link(buf, size, "../../cpu/cpu%u", (u32)pi->tid);
}

/* cpuN/nodeM: the one node of the CPU. */
static bool find_node_of_cpu(struct proc_inode *dir, u32 number, struct proc_inode *child)
{
	struct cpu *cpu = cpu_of((u32)dir->tid);

	child->tid = (s32)number;
	return cpu && cpu->node == number;
}

static bool next_node_of_cpu(struct proc_inode *dir, u32 *number)
{
	struct cpu *cpu = cpu_of((u32)dir->tid);

	if (!cpu || *number > cpu->node)
		return false;
	*number = cpu->node;
	return true;
}

static long read_node_link(struct proc_inode *pi, char *buf, size_t size)
{
	return text_link(buf, size, "../../node/node%u", (u32)pi->tid);
}

/* ---- the rest ---- */

static int show_active(struct seq *seq, __unused struct proc_inode *pi)
{
	for (u32 i = 0; i < NR_SERIAL; i++) {
		if (serial_present(i)) {
			seq_printf(seq, "ttyS%u\n", i);
			return 0;
		}
	}
	return 0;
}

/* There is no other (kernel/time/clock.c). */
static int show_clock(struct seq *seq, __unused struct proc_inode *pi)
{
	seq_puts(seq, "tsc\n");
	return 0;
}

/* Anonymous memory gets 2 MiB pages wherever it is aligned and there are any. */
static int show_thp_enabled(struct seq *seq, __unused struct proc_inode *pi)
{
	seq_puts(seq, "[always] madvise never\n");
	return 0;
}

static int show_hpage_size(struct seq *seq, __unused struct proc_inode *pi)
{
	seq_printf(seq, "%u\n", 2u << 20);
	return 0;
}

static const struct {
	const char *name, *dev;
} tty_numbers[] = {
	{ "console", "5:1" }, { "ptmx", "5:2" }, { "tty", "5:0" },
};

#define DIR(name_, table)   { .name = (name_), .mode = S_IFDIR | 0755, .children = (table) }
#define FILE(name_, show_)  { .name = (name_), .mode = S_IFREG | 0444, .show = (show_) }
#define EMPTY(name_)        DIR(name_, no_children)
#define END                 { .name = NULL }

static int show_tty_dev(struct seq *seq, struct proc_inode *pi);

static const struct proc_entry no_children[] = { END };

/* The table a file stands in tells which terminal it is of. */
static const struct proc_entry console_children[] = {
	FILE("active", show_active), FILE("dev", show_tty_dev), END
};
static const struct proc_entry ptmx_children[] = { FILE("dev", show_tty_dev), END };
static const struct proc_entry tty_tty_children[] = { FILE("dev", show_tty_dev), END };

static int show_tty_dev(struct seq *seq, struct proc_inode *pi)
{
	u32 i = pi->entry == &console_children[1] ? 0 : pi->entry == &ptmx_children[0] ? 1 : 2;

	seq_printf(seq, "%s\n", tty_numbers[i].dev);
	return 0;
}

static const struct proc_entry topology_children[] = {
	FILE("core_cpus", show_siblings), FILE("core_cpus_list", show_siblings),
	FILE("core_id", show_core_id), FILE("core_siblings", show_siblings),
	FILE("core_siblings_list", show_siblings), FILE("die_id", show_zero),
	FILE("package_cpus", show_siblings), FILE("package_cpus_list", show_siblings),
	FILE("physical_package_id", show_zero), FILE("thread_siblings", show_siblings),
	FILE("thread_siblings_list", show_siblings), END
};

static const struct proc_entry node_link = {
	.name = "node", .mode = S_IFLNK | 0777, .readlink = read_node_link,
};
static const struct proc_dir node_links = {
	&node_link, find_node_of_cpu, next_node_of_cpu, .prefix = "node",
};
static const struct proc_entry cpu_children[] = { DIR("topology", topology_children), END };
static const struct proc_entry cpu_entry = {
	.name = "cpu", .mode = S_IFDIR | 0755, .children = cpu_children, .numbers = &node_links,
};
static const struct proc_dir cpus = { &cpu_entry, find_cpu, next_cpu, .prefix = "cpu" };
static const struct proc_entry cpus_children[] = {
	FILE("isolated", show_nothing), FILE("kernel_max", show_kernel_max),
	FILE("offline", show_nothing), FILE("online", show_cpus), FILE("possible", show_cpus),
	FILE("present", show_cpus), END
};

static const struct proc_entry cpu_link = {
	.name = "cpu", .mode = S_IFLNK | 0777, .readlink = read_cpu_link,
};
static const struct proc_dir cpu_links = {
	&cpu_link, find_cpu_of_node, next_cpu_of_node, .prefix = "cpu",
};
static const struct proc_entry node_children[] = {
	FILE("cpulist", show_node_cpulist), FILE("cpumap", show_node_cpumap),
	FILE("distance", show_distance), FILE("meminfo", show_node_meminfo),
	FILE("vmstat", show_node_vmstat), END
};
static const struct proc_entry node_entry = {
	.name = "node", .mode = S_IFDIR | 0755, .children = node_children, .numbers = &cpu_links,
};
static const struct proc_dir nodes = { &node_entry, find_node, next_node, .prefix = "node" };
static const struct proc_entry nodes_children[] = {
	FILE("has_cpu", show_nodes), FILE("has_memory", show_nodes),
	FILE("has_normal_memory", show_nodes), FILE("online", show_nodes),
	FILE("possible", show_nodes), END
};

static const struct proc_entry clocksource0_children[] = {
	FILE("available_clocksource", show_clock), FILE("current_clocksource", show_clock), END
};
static const struct proc_entry clocksource_children[] = {
	DIR("clocksource0", clocksource0_children), END
};

static const struct proc_entry system_children[] = {
	DIR("clocksource", clocksource_children),
	{ .name = "cpu", .mode = S_IFDIR | 0755, .children = cpus_children, .numbers = &cpus },
	{ .name = "node", .mode = S_IFDIR | 0755, .children = nodes_children, .numbers = &nodes },
	END
};
static const struct proc_entry devices_children[] = { DIR("system", system_children), END };

static const struct proc_entry tty_children[] = {
	DIR("console", console_children), DIR("ptmx", ptmx_children), DIR("tty", tty_tty_children),
	END
};
static const struct proc_entry class_children[] = {
	EMPTY("block"), EMPTY("net"), DIR("tty", tty_children), END
};
static const struct proc_entry dev_children[] = { EMPTY("block"), EMPTY("char"), END };

static const struct proc_entry hugepages_2m_children[] = {
	FILE("free_hugepages", show_zero), FILE("nr_hugepages", show_zero),
	FILE("nr_overcommit_hugepages", show_zero), FILE("resv_hugepages", show_zero),
	FILE("surplus_hugepages", show_zero), END
};
static const struct proc_entry hugepages_children[] = {
	DIR("hugepages-2048kB", hugepages_2m_children), END
};
static const struct proc_entry thp_children[] = {
	FILE("enabled", show_thp_enabled), FILE("hpage_pmd_size", show_hpage_size), END
};
static const struct proc_entry mm_children[] = {
	DIR("hugepages", hugepages_children), DIR("transparent_hugepage", thp_children), END
};
static const struct proc_entry kernel_children[] = { DIR("mm", mm_children), END };

static const struct proc_entry root_children[] = {
	EMPTY("block"), EMPTY("bus"), DIR("class", class_children), DIR("dev", dev_children),
	DIR("devices", devices_children), EMPTY("firmware"), EMPTY("fs"),
	DIR("kernel", kernel_children), EMPTY("module"), END
};
static const struct proc_entry root_entry = {
	.name = "/", .mode = S_IFDIR | 0555, .children = root_children,
};

static struct proc_tree tree = {
	.root = &root_entry, .magic = SYSFS_MAGIC, .file_size = FILE_SIZE,
};

static int sysfs_mount(const struct fs_type *type, __unused const char *data,
		       struct superblock **out)
{
	return proc_tree_mount(&tree, type, out);
}

static const struct fs_type sysfs_type = { "sysfs", FS_NODEV, sysfs_mount };

void sysfs_init(void)
{
	fs_type_register(&sysfs_type);
}
