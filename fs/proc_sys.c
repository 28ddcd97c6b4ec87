/* SPDX-License-Identifier: MIT */
/*
 * procfs: the system's files, and /proc/sys. Forms are those of proc(5) and
 * were compared with Linux 6's, since programs parse them by position.
 */
#include "proc_priv.h"

#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/uaccess.h>
#include <fs/chardev.h>
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/inode_cache.h>
#include <fs/inotify.h>
#include <fs/lock.h>
#include <fs/mem.h>
#include <fs/mount.h>
#include <fs/mqueue.h>
#include <fs/pipe.h>
#include <fs/tty.h>
#include <ipc/sysv.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_ipc.h>
#include <kernel/abi/linux_socket.h>
#include <kernel/core/cmdline.h>
#include <kernel/core/uts.h>
#include <kernel/lib/format.h>
#include <kernel/lib/parse.h>
#include <kernel/lib/string.h>
#include <kernel/sched/sched.h>
#include <kernel/task/pid.h>
#include <kernel/time/clock.h>
#include <mm/pmm.h>
#include <mm/slab.h>
#include <security/cred.h>
#include <security/handle.h>
#include <security/random.h>

#define TICK_NS     (NS_PER_SEC / LINUX_USER_HZ)
#define KIB_PAGES(n) ((unsigned long long)(n) * (PAGE_SIZE / 1024))
#define UUID_LEN    36u
#define CAP_LAST    40u /* CAP_CHECKPOINT_RESTORE, capabilities(7) */

/* ---- CPUs, time, load ---- */

static int show_uptime(struct seq *seq, __unused struct proc_inode *pi)
{
	ns_t up = uptime_ns(), idle = 0;
	struct cpu *cpu;

	FOR_EACH_CPU(cpu) {
		struct sched_cpu_stats stats;

		sched_cpu_stats(cpu->id, &stats);
		idle += stats.idle_ns;
	}
	seq_printf(seq, "%llu.%02llu %llu.%02llu\n", (unsigned long long)(up / NS_PER_SEC),
		   (unsigned long long)(up % NS_PER_SEC / TICK_NS),
		   (unsigned long long)(idle / NS_PER_SEC),
		   (unsigned long long)(idle % NS_PER_SEC / TICK_NS));
	return 0;
}

/* Written to and read from; E: enabled, C: it is /dev/console. */
static void show_console(struct seq *seq, const char *name, const struct tty *tty, u32 kind)
{
	if (tty && (boot_options.consoles & BIT(kind)))
		seq_printf(seq, "%-20s -W- (E%c  p  ) %4u:%u\n", name,
			   tty == tty_console() ? 'C' : ' ', linux_dev_major(tty->dev),
			   linux_dev_minor(tty->dev));
}

static int show_consoles(struct seq *seq, __unused struct proc_inode *pi)
{
	show_console(seq, "tty1", tty_screen(), CONSOLE_SCREEN);
	show_console(seq, "ttyS0", tty_serial(), CONSOLE_SERIAL);
	return 0;
}

static u32 count_runnable(void)
{
	struct sched_cpu_stats stats;
	struct cpu *cpu;
	u32 n = 0;

	FOR_EACH_CPU(cpu) {
		sched_cpu_stats(cpu->id, &stats);
		n += stats.runnable;
	}
	return MAX(n, 1u); /* at least who asks */
}

static int show_loadavg(struct seq *seq, __unused struct proc_inode *pi)
{
	u64 load[3];

	sched_loadavg(load);
	for (u32 i = 0; i < 3; i++) {
		u64 value = load[i] + 2048 / 200; /* rounded, as Linux */

		seq_printf(seq, "%llu.%02llu ", (unsigned long long)(value >> 11),
			   (unsigned long long)((value & 2047) * 100 >> 11));
	}
	seq_printf(seq, "%u/%u %d\n", count_runnable(), thread_live(), pid_last());
	return 0;
}

static void show_cpu_times(struct seq *seq, const struct sched_cpu_stats *s)
{
	seq_printf(seq, " %llu 0 %llu %llu 0 0 0 0 0 0\n",
		   (unsigned long long)(s->user_ns / TICK_NS),
		   (unsigned long long)(s->system_ns / TICK_NS),
		   (unsigned long long)(s->idle_ns / TICK_NS));
}

static int show_stat(struct seq *seq, __unused struct proc_inode *pi)
{
	struct sched_cpu_stats sum = { 0, 0, 0, 0, 0 }, one;
	u64 irqs = 0;
	struct cpu *cpu;

	FOR_EACH_CPU(cpu) {
		sched_cpu_stats(cpu->id, &one);
		sum.user_ns += one.user_ns;
		sum.system_ns += one.system_ns;
		sum.idle_ns += one.idle_ns;
		sum.switches += one.switches;
		irqs += cpu->irq_count;
	}
	seq_puts(seq, "cpu ");
	show_cpu_times(seq, &sum);
	FOR_EACH_CPU(cpu) {
		sched_cpu_stats(cpu->id, &one);
		seq_printf(seq, "cpu%u", cpu->id);
		show_cpu_times(seq, &one);
	}
	/* "processes": numbers given to threads are what we count. */
	seq_printf(seq, "intr %llu\nctxt %llu\nbtime %llu\nprocesses %d\nprocs_running %u\n"
		   "procs_blocked 0\n", (unsigned long long)irqs,
		   (unsigned long long)sum.switches,
		   (unsigned long long)(unix_timestamp() - uptime_ns() / NS_PER_SEC), pid_last(),
		   count_runnable());
	return 0;
}

static int show_cpuinfo(struct seq *seq, __unused struct proc_inode *pi)
{
	struct cpu *cpu;

	FOR_EACH_CPU(cpu)
		seq_printf(seq, "processor\t: %u\nmodel name\t: %s\napicid\t\t: %u\n"
			   "fpu\t\t: yes\nflags\t\t: %s\nclflush size\t: 64\n"
			   "cache_alignment\t: 64\naddress sizes\t: 48 bits virtual\n\n",
			   cpu->id, cpu_model(), cpu->apic_id, cpu_flags());
	return 0;
}

static int show_version(struct seq *seq, __unused struct proc_inode *pi)
{
	struct linux_utsname uts;

	uts_get(&uts);
	seq_printf(seq, "%s version %s (exo@exo) (gcc " __VERSION__ ") %s\n", uts.sysname,
		   uts.release, uts.version);
	return 0;
}

static int show_cmdline(struct seq *seq, __unused struct proc_inode *pi)
{
	seq_printf(seq, "%s\n", cmdline_raw());
	return 0;
}

/* ---- memory ---- */

static int show_meminfo(struct seq *seq, __unused struct proc_inode *pi)
{
	struct pmm_stats s;
	unsigned long long used;

	pmm_stats(NODE_ANY, &s);
	/* What is neither free nor counted below: programs' own pages, the kernel's. */
	used = KIB_PAGES(s.total - MIN(s.total, s.free + s.cache + s.slab + s.tables));
	seq_printf(seq, "MemTotal:       %8llu kB\nMemFree:        %8llu kB\n"
		   "MemAvailable:   %8llu kB\nBuffers:        %8u kB\nCached:         %8llu kB\n"
		   "SwapCached:     %8u kB\nActive:         %8llu kB\nInactive:       %8u kB\n",
		   KIB_PAGES(s.total), KIB_PAGES(s.free), KIB_PAGES(s.free), 0, KIB_PAGES(s.cache),
		   0, used + KIB_PAGES(s.cache), 0);
	seq_printf(seq, "SwapTotal:      %8u kB\nSwapFree:       %8u kB\nDirty:          %8u kB\n"
		   "Writeback:      %8u kB\nAnonPages:      %8llu kB\nMapped:         %8u kB\n"
		   "Shmem:          %8llu kB\nSlab:           %8llu kB\nSReclaimable:   %8u kB\n"
		   "SUnreclaim:     %8llu kB\nKernelStack:    %8u kB\nPageTables:     %8llu kB\n",
		   0, 0, 0, 0, used, 0, KIB_PAGES(s.cache), KIB_PAGES(s.slab), 0,
		   KIB_PAGES(s.slab), thread_live() * 16, KIB_PAGES(s.tables));
	seq_printf(seq, "AnonHugePages:  %8llu kB\n", KIB_PAGES(s.large));
	seq_printf(seq, "CommitLimit:    %8llu kB\nCommitted_AS:   %8llu kB\n"
		   "HugePages_Total:   %5u\nHugePages_Free:    %5u\nHugePages_Rsvd:    %5u\n"
		   "HugePages_Surp:    %5u\nHugepagesize:       2048 kB\n",
		   KIB_PAGES(s.total), used, 0, 0, 0, 0);
	return 0;
}

static int show_slabinfo(struct seq *seq, __unused struct proc_inode *pi)
{
	struct slab_info info;

	seq_puts(seq,
		 "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> "
		 "<objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : "
		 "slabdata <active_slabs> <num_slabs> <sharedavail>\n");
	for (u32 i = 0; slab_info(i, &info); i++) {
		unsigned long long slabs = info.per_slab ? info.total / info.per_slab : 0;

		seq_printf(seq, "%-17s %6llu %6llu %6llu %4llu %4llu : tunables    0    0    0 : "
			   "slabdata %6llu %6llu      0\n", info.name,
			   (unsigned long long)info.active, (unsigned long long)info.total,
			   (unsigned long long)info.object_size, (unsigned long long)info.per_slab,
			   (unsigned long long)info.pages_per_slab, slabs, slabs);
	}
	return 0;
}

/* ---- what there is ---- */

static int show_filesystems(struct seq *seq, __unused struct proc_inode *pi)
{
	const struct fs_type *type;

	for (u32 i = 0; (type = fs_type_at(i)) != NULL; i++)
		seq_printf(seq, "%s\t%s\n", type->flags & FS_NODEV ? "nodev" : "", type->name);
	return 0;
}

static int show_vfs_cache(struct seq *seq, __unused struct proc_inode *pi)
{
	struct inode_cache_stats i;
	struct dentry_stats d;

	dentry_stats(&d);
	seq_printf(seq, "dentries_cached %u\ndentries_limit %u\ndentry_hits %llu\n"
		   "dentry_negative_hits %llu\ndentry_misses %llu\ndentry_evictions %llu\n",
		   d.cached, d.limit, (unsigned long long)d.hits,
		   (unsigned long long)d.negative_hits, (unsigned long long)d.misses,
		   (unsigned long long)d.evictions);
	inode_cache_stats(&i);
	seq_printf(seq, "inodes_cached %u\ninodes_limit %u\ninode_hits %llu\n"
		   "inode_misses %llu\ninode_evictions %llu\n",
		   i.cached, i.limit, (unsigned long long)i.hits, (unsigned long long)i.misses,
		   (unsigned long long)i.evictions);
	return 0;
}

static int show_devices(struct seq *seq, __unused struct proc_inode *pi)
{
	const struct chardev *dev, *before = NULL;

	seq_puts(seq, "Character devices:\n");
	for (u32 i = 0; (dev = chardev_at(i)) != NULL; before = dev, i++)
		if (!before || before->major != dev->major || strcmp(before->name, dev->name))
			seq_printf(seq, "%3u %s\n", dev->major, dev->name);
	seq_puts(seq, "\nBlock devices:\n");
	return 0;
}

static int show_vmstat(struct seq *seq, __unused struct proc_inode *pi)
{
	struct pmm_stats s;

	pmm_stats(NODE_ANY, &s);
	/* Nothing is paged from or to anywhere. */
	seq_printf(seq, "nr_free_pages %llu\nnr_file_pages %llu\nnr_slab_unreclaimable %llu\n"
		   "nr_page_table_pages %llu\npgpgin 0\npgpgout 0\npswpin 0\npswpout 0\n",
		   (unsigned long long)s.free, (unsigned long long)s.cache,
		   (unsigned long long)s.slab, (unsigned long long)s.tables);
	return 0;
}

static int show_interrupts(struct seq *seq, __unused struct proc_inode *pi)
{
	struct irq_stat stat;
	struct cpu *cpu;

	seq_puts(seq, "    ");
	FOR_EACH_CPU(cpu)
		seq_printf(seq, "       CPU%-3u", cpu->id);
	for (u32 i = 0; irq_stat(i, &stat); i++) {
		if (stat.label)
			seq_printf(seq, "\n%3s:", stat.label);
		else
			seq_printf(seq, "\n%3u:", stat.irq);
		FOR_EACH_CPU(cpu)
			seq_printf(seq, " %10u", irq_stat_count(i, cpu));
		seq_printf(seq, "   %s", stat.name);
	}
	seq_putc(seq, '\n');
	return 0;
}

/* Names in use, and of those the ones nobody uses; the rest has no meaning here. */
static int show_dentry_state(struct seq *seq, __unused struct proc_inode *pi)
{
	struct dentry_stats d;

	dentry_stats(&d);
	seq_printf(seq, "%u\t%u\t45\t0\t0\t0\n", d.cached, d.cached);
	return 0;
}

static int show_tty_drivers(struct seq *seq, __unused struct proc_inode *pi)
{
	seq_puts(seq, "/dev/tty             /dev/tty        5       0 system:/dev/tty\n"
		 "/dev/console         /dev/console    5       1 system:console\n"
		 "/dev/ptmx            /dev/ptmx       5       2 system\n"
		 "serial               /dev/ttyS       4      64 serial\n"
		 "pty_slave            /dev/pts      136 0-1048575 pty:slave\n"
		 "pty_master           /dev/ptm      128 0-1048575 pty:master\n");
	return 0;
}

static int show_swaps(struct seq *seq, __unused struct proc_inode *pi)
{
	seq_puts(seq, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	return 0;
}

static int show_locks(struct seq *seq, __unused struct proc_inode *pi)
{
	return lock_show(seq);
}

static int show_partitions(struct seq *seq, __unused struct proc_inode *pi)
{
	seq_puts(seq, "major minor  #blocks  name\n\n");
	return 0;
}

/* ---- links of the root ---- */

static long copy_text(const char *text, size_t len, char *buf, size_t size)
{
	len = MIN(len, size);
	memcpy(buf, text, len);
	return (long)len;
}

static long read_self(__unused struct proc_inode *pi, char *buf, size_t size)
{
	char text[12];
	int len = snprintf(text, sizeof(text), "%d", current_task()->pid);

	return copy_text(text, (size_t)len, buf, size);
}

static long read_thread_self(__unused struct proc_inode *pi, char *buf, size_t size)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%d/task/%d", current_task()->pid, current->tid);

	return copy_text(text, (size_t)len, buf, size);
}

static long read_mounts(__unused struct proc_inode *pi, char *buf, size_t size)
{
	return copy_text("self/mounts", 11, buf, size);
}

static long read_net(__unused struct proc_inode *pi, char *buf, size_t size)
{
	return copy_text("self/net", 8, buf, size);
}

/* ---- /proc/sys ---- */

static int show_uts(struct seq *seq, struct proc_inode *pi)
{
	struct linux_utsname uts;
	const char *name = pi->entry->name;

	uts_get(&uts);
	if (!strcmp(name, "ostype"))
		seq_puts(seq, uts.sysname);
	else if (!strcmp(name, "osrelease"))
		seq_puts(seq, uts.release);
	else if (!strcmp(name, "version"))
		seq_puts(seq, uts.version);
	else
		seq_puts(seq, strcmp(name, "hostname") ? uts.domainname : uts.nodename);
	seq_putc(seq, '\n');
	return 0;
}

static int store_uts(struct proc_inode *pi, const char *text, size_t len)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	len = MIN(len, (size_t)LINUX_UTS_LEN);
	if (!strcmp(pi->entry->name, "hostname"))
		uts_set_hostname(text, len);
	else
		uts_set_domainname(text, len);
	return 0;
}

/* Settings that are constants: named as the file, in one table. */
static const struct {
	const char *name;
	u64 value;
} constants[] = {
	{ "pid_max", PID_MAX },
	{ "ngroups_max", CRED_MAX_GROUPS },
	{ "cap_last_cap", CAP_LAST },
	{ "randomize_va_space", 2 },
	{ "entropy_avail", 256 },
	{ "poolsize", 256 },
	{ "overcommit_memory", 0 }, /* Linux's heuristic: see hopeless() */
	{ "max_map_count", 65530 },
	{ "file-max", INT64_MAX },
	{ "nr_open", HANDLE_TABLE_MAX },
	{ "pipe-max-size", PIPE_MAX_SIZE },
	{ "tainted", 0 },
	{ "somaxconn", SOMAXCONN },
	{ "shmmax", USER_END }, /* what shmctl(IPC_INFO) tells */
	{ "shmall", USER_END / PAGE_SIZE },
	{ "shmmni", SYSV_SLOTS },
	{ "msgmax", MSGMAX },
	{ "msgmnb", MSGMNB },
	{ "msgmni", SYSV_SLOTS },
	{ "overcommit_ratio", 50 }, /* means nothing while overcommit_memory is 0 */
	{ "msg_default", MQ_DEFAULT_MESSAGES },
	{ "msgsize_default", MQ_DEFAULT_SIZE },
};

static int show_constant(struct seq *seq, struct proc_inode *pi)
{
	for (u32 i = 0; i < ARRAY_SIZE(constants); i++)
		if (!strcmp(constants[i].name, pi->entry->name))
			seq_printf(seq, "%llu\n", (unsigned long long)constants[i].value);
	return 0;
}

static int show_threads_max(struct seq *seq, __unused struct proc_inode *pi)
{
	seq_printf(seq, "%u\n", task_threads_max());
	return 0;
}

/* What caches hold only to be faster goes back to where free memory is counted. */
static int store_drop_caches(__unused struct proc_inode *pi, const char *text, size_t len)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len != 1 || *text < '1' || *text > '4')
		return -EINVAL;
	pmm_drain();
	return 0;
}

/* Settings that root may change; every value below 2^31 will do. */
static int show_value(struct seq *seq, struct proc_inode *pi)
{
	seq_printf(seq, "%u\n", atomic_load_relaxed(pi->entry->value));
	return 0;
}

static int store_value(struct proc_inode *pi, const char *text, size_t len)
{
	u64 n;

	if (parse_u64(text, len, &n) || n > INT32_MAX)
		return -EINVAL;
	atomic_store_relaxed(pi->entry->value, (u32)n);
	return 0;
}

/* A random UUID: RFC 9562 §5.4 (version 4). */
static void format_uuid(char out[UUID_LEN + 1])
{
	u8 b[16];

	random_bytes(b, sizeof(b));
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	snprintf(out, UUID_LEN + 1, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
		 "%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8],
		 b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

static int show_uuid(struct seq *seq, __unused struct proc_inode *pi)
{
	char text[UUID_LEN + 1];

	format_uuid(text);
	seq_printf(seq, "%s\n", text);
	return 0;
}

static int show_boot_id(struct seq *seq, __unused struct proc_inode *pi)
{
	static char boot_id[UUID_LEN + 1];
	static struct mutex lock = MUTEX_INIT(lock, RANK_FS_CONTEXT, "boot_id");

	mutex_lock(&lock);
	if (!boot_id[0])
		format_uuid(boot_id);
	mutex_unlock(&lock);
	seq_printf(seq, "%s\n", boot_id);
	return 0;
}

#define DIR(name_, table)   { .name = (name_), .mode = S_IFDIR | 0555, .children = (table) }
#define FILE(name_, show_)  { .name = (name_), .mode = S_IFREG | 0444, .show = (show_) }
#define LINK(name_, read_)  { .name = (name_), .mode = S_IFLNK | 0777, .readlink = (read_) }
#define CONSTANT(name_)     FILE(name_, show_constant)
#define VALUE(name_, word)  { .name = (name_), .mode = S_IFREG | 0644, .show = show_value, \
			      .store = store_value, .value = &(word) }
#define END                 { .name = NULL }

static const struct proc_entry random_children[] = {
	FILE("boot_id", show_boot_id), FILE("uuid", show_uuid), CONSTANT("entropy_avail"),
	CONSTANT("poolsize"), END
};

static const struct proc_entry mqueue_children[] = {
	VALUE("msg_max", mqueue_max_messages), VALUE("msgsize_max", mqueue_max_size),
	VALUE("queues_max", mqueue_max_queues), CONSTANT("msg_default"),
	CONSTANT("msgsize_default"), END
};

static const struct proc_entry kernel_children[] = {
	FILE("ostype", show_uts), FILE("osrelease", show_uts), FILE("version", show_uts),
	{ .name = "hostname", .mode = S_IFREG | 0644, .show = show_uts, .store = store_uts },
	{ .name = "domainname", .mode = S_IFREG | 0644, .show = show_uts, .store = store_uts },
	CONSTANT("pid_max"), CONSTANT("ngroups_max"), CONSTANT("cap_last_cap"),
	CONSTANT("randomize_va_space"), CONSTANT("tainted"), CONSTANT("shmmax"),
	CONSTANT("shmall"), CONSTANT("shmmni"), CONSTANT("msgmax"), CONSTANT("msgmnb"),
	CONSTANT("msgmni"), FILE("threads-max", show_threads_max),
	DIR("random", random_children), END
};

static const struct proc_entry vm_children[] = {
	CONSTANT("overcommit_memory"), CONSTANT("overcommit_ratio"), CONSTANT("max_map_count"),
	{ .name = "drop_caches", .mode = S_IFREG | 0200, .store = store_drop_caches }, END
};

static const struct proc_entry inotify_children[] = {
	VALUE("max_queued_events", inotify_max_queued_events),
	VALUE("max_user_instances", inotify_max_user_instances),
	VALUE("max_user_watches", inotify_max_user_watches), END
};

static const struct proc_entry fs_children[] = {
	DIR("inotify", inotify_children),
	FILE("dentry-state", show_dentry_state), CONSTANT("file-max"),
	CONSTANT("nr_open"), CONSTANT("pipe-max-size"), DIR("mqueue", mqueue_children), END
};

static const struct proc_entry net_core_children[] = { CONSTANT("somaxconn"), END };
static const struct proc_entry net_children[] = { DIR("core", net_core_children), END };

static const struct proc_entry tty_children[] = { FILE("drivers", show_tty_drivers), END };

static const struct proc_entry sys_children[] = {
	DIR("fs", fs_children), DIR("kernel", kernel_children), DIR("net", net_children),
	DIR("vm", vm_children), END
};

static const struct proc_entry bus_children[] = { DIR("pci", proc_pci_children), END };

const struct proc_entry proc_root_children[] = {
	LINK("self", read_self), LINK("thread-self", read_thread_self), LINK("mounts", read_mounts),
	LINK("net", read_net),
	DIR("bus", bus_children),
	FILE("buddyinfo", proc_show_buddyinfo),
	FILE("cmdline", show_cmdline), FILE("consoles", show_consoles),
	FILE("cpuinfo", show_cpuinfo), FILE("devices", show_devices),
	FILE("filesystems", show_filesystems), FILE("interrupts", show_interrupts),
	{ .name = "kmsg", .mode = S_IFREG | 0400, .fops = &kmsg_proc_fops, .open = kmsg_proc_open },
	FILE("loadavg", show_loadavg), FILE("locks", show_locks),
	FILE("meminfo", show_meminfo), FILE("partitions", show_partitions),
	{ .name = "slabinfo", .mode = S_IFREG | 0400, .show = show_slabinfo },
	FILE("stat", show_stat), FILE("swaps", show_swaps), DIR("sys", sys_children),
	DIR("sysvipc", proc_sysvipc_children),
	{ .name = "timer_list", .mode = S_IFREG | 0400, .show = proc_show_timer_list },
	DIR("tty", tty_children),
	FILE("uptime", show_uptime), FILE("version", show_version), FILE("vmstat", show_vmstat),
	FILE("vfs_cache", show_vfs_cache), FILE("zoneinfo", proc_show_zoneinfo), END
};
