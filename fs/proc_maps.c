/* SPDX-License-Identifier: MIT */
/*
 * procfs: the memory of a process page by page: smaps, smaps_rollup, numa_maps,
 * pagemap. Forms are Linux 6's (Documentation/filesystems/proc.rst, admin-guide/mm/
 * pagemap.rst), compared with it; what cannot be here (swap, KSM, huge files) is 0.
 *
 * How many share a page is told by the references on its frame: of an object's page
 * one is the object's own. Who just copies from it counts too for that moment.
 */
#include "proc_priv.h"

#include <arch/mmu.h>
#include <arch/uaccess.h>
#include <fs/file.h>
#include <fs/path.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_mempolicy.h>
#include <kernel/abi/linux_mman.h>
#include <kernel/sched/sched.h>
#include <kernel/task/ptrace.h>
#include <mm/aspace.h>
#include <mm/kmalloc.h>
#include <mm/mempolicy.h>
#include <mm/numa.h>
#include <security/cred.h>

#define PSS_SHIFT 12 /* of sums of parts of pages */

typedef unsigned long long ull; /* for printf */

/* In bytes; pss << PSS_SHIFT. */
struct page_sums {
	u64 size, rss, pss, pss_dirty, pss_anon, pss_file;
	u64 shared_clean, shared_dirty, private_clean, private_dirty;
	u64 referenced, anon, large, locked;
	u64 nodes[NR_NODES];
	u64 dirty, mapped_max; /* pages; sharers */
};

/* How many show the page of @info. */
static u64 sharers(const struct page_info *info)
{
	s32 n = info->users - (info->object ? 1 : 0);

	return n > 0 ? (u64)n : 1;
}

static void add_page(struct page_sums *s, const struct page_info *page)
{
	u64 n = sharers(page), part = (PAGE_SIZE << PSS_SHIFT) / n;
	bool dirty = page->dirty || !page->object; /* nothing holds the same content */

	s->rss += PAGE_SIZE;
	s->pss += part;
	s->pss_dirty += dirty ? part : 0;
	*(page->object ? &s->pss_file : &s->pss_anon) += part;
	s->anon += page->object ? 0 : PAGE_SIZE;
	s->large += page->large ? PAGE_SIZE : 0;
	s->referenced += page->accessed ? PAGE_SIZE : 0;
	s->dirty += dirty;
	s->mapped_max = MAX(s->mapped_max, n);
	s->nodes[page->node] += PAGE_SIZE;
	if (n > 1)
		*(dirty ? &s->shared_dirty : &s->shared_clean) += PAGE_SIZE;
	else
		*(dirty ? &s->private_dirty : &s->private_clean) += PAGE_SIZE;
}

/* The zero page is nobody's memory, and a device's pages are none. */
static void add_region(struct page_sums *s, struct aspace *as, const struct region_info *info)
{
	struct page_info page;

	s->size += info->end - info->start;
	if (info->flags & REGION_LOCKED)
		s->locked += info->end - info->start;
	for (u64 va = info->start; aspace_next_page(as, va, info->end, &page);
	     va = page.va + PAGE_SIZE) {
		if (!(page.prot & MMU_NOREF))
			add_page(s, &page);
		sched_point();
	}
}

static void show_kib(struct seq *seq, const char *name, u64 bytes)
{
	size_t start = seq->len;

	seq_printf(seq, "%s:", name);
	while (!seq->failed && seq->len - start < 16)
		seq_putc(seq, ' ');
	seq_printf(seq, "%8llu kB\n", (ull)(bytes / 1024));
}

static void show_sums(struct seq *seq, const struct page_sums *s, bool rollup)
{
	show_kib(seq, "Rss", s->rss);
	show_kib(seq, "Pss", s->pss >> PSS_SHIFT);
	show_kib(seq, "Pss_Dirty", s->pss_dirty >> PSS_SHIFT);
	if (rollup) {
		show_kib(seq, "Pss_Anon", s->pss_anon >> PSS_SHIFT);
		show_kib(seq, "Pss_File", s->pss_file >> PSS_SHIFT);
		show_kib(seq, "Pss_Shmem", 0);
	}
	show_kib(seq, "Shared_Clean", s->shared_clean);
	show_kib(seq, "Shared_Dirty", s->shared_dirty);
	show_kib(seq, "Private_Clean", s->private_clean);
	show_kib(seq, "Private_Dirty", s->private_dirty);
	show_kib(seq, "Referenced", s->referenced);
	show_kib(seq, "Anonymous", s->anon);
	show_kib(seq, "KSM", 0);
	show_kib(seq, "LazyFree", 0);
	show_kib(seq, "AnonHugePages", s->large);
	show_kib(seq, "ShmemPmdMapped", 0);
	show_kib(seq, "FilePmdMapped", 0);
	show_kib(seq, "Shared_Hugetlb", 0);
	show_kib(seq, "Private_Hugetlb", 0);
	show_kib(seq, "Swap", 0);
	show_kib(seq, "SwapPss", 0);
	show_kib(seq, "Locked", s->locked);
}

static void show_vm_flags(struct seq *seq, const struct region_info *info)
{
	const struct {
		bool set;
		const char *word;
	} words[] = {
		{ info->prot & PROT_READ, "rd" }, { info->prot & PROT_WRITE, "wr" },
		{ info->prot & PROT_EXEC, "ex" }, { info->flags & REGION_SHARED, "sh" },
		{ info->max_prot & PROT_READ, "mr" }, { info->max_prot & PROT_WRITE, "mw" },
		{ info->max_prot & PROT_EXEC, "me" }, { info->flags & REGION_SHARED, "ms" },
		{ info->flags & REGION_GROWSDOWN, "gd" }, { info->flags & REGION_LOCKED, "lo" },
		{ info->flags & REGION_DONTFORK, "dc" }, { info->flags & REGION_NORESERVE, "nr" },
		{ info->flags & REGION_WIPEONFORK, "wf" }, { info->flags & REGION_NOHUGE, "nh" },
	};

	seq_puts(seq, "VmFlags: ");
	for (u32 i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i].set)
			seq_printf(seq, "%s ", words[i].word);
	seq_putc(seq, '\n');
}

/* Large pages come where 2 MiB of private memory lie aligned. */
static bool may_be_large(const struct region_info *info)
{
	u64 start = ALIGN_UP(info->start, LARGE_PAGE_SIZE);

	if (info->object || (info->flags & (REGION_NOHUGE | REGION_SHARED | REGION_GROWSDOWN)))
		return false;
	return start < info->end && info->end - start >= LARGE_PAGE_SIZE;
}

static void show_smaps_region(struct seq *seq, struct aspace *as, const struct region_info *info,
			      char *buf)
{
	struct page_sums sums = { 0 };

	add_region(&sums, as, info);
	proc_show_region(seq, info, buf);
	show_kib(seq, "Size", sums.size);
	show_kib(seq, "KernelPageSize", PAGE_SIZE);
	show_kib(seq, "MMUPageSize", PAGE_SIZE);
	show_sums(seq, &sums, false);
	seq_printf(seq, "THPeligible:    %8d\n", may_be_large(info));
	show_vm_flags(seq, info);
}

/* Of @as, region by region. @show: makes its lines; @buf: PATH_MAX bytes for it. */
static int for_regions(struct seq *seq, struct proc_inode *pi,
		       void (*show)(struct seq *seq, struct aspace *as,
				    const struct region_info *info, char *buf))
{
	struct aspace *as = task_aspace(pi->task);
	struct region_info info;
	char *buf;
	u64 va = 0;

	if (!as)
		return 0;
	buf = kmalloc(PATH_MAX, 0);
	while (buf && !seq->failed && aspace_region_at(as, va, &info)) {
		show(seq, as, &info, buf);
		if (info.file)
			file_put(info.file);
		va = info.end;
	}
	kfree(buf);
	aspace_put(as);
	return buf ? 0 : -ENOMEM;
}

int proc_show_smaps(struct seq *seq, struct proc_inode *pi)
{
	return for_regions(seq, pi, show_smaps_region);
}

int proc_show_smaps_rollup(struct seq *seq, struct proc_inode *pi)
{
	struct aspace *as = task_aspace(pi->task);
	struct page_sums sums = { 0 };
	struct region_info info;
	u64 va = 0, first = 0;

	if (!as)
		return -ESRCH;
	while (aspace_region_at(as, va, &info)) {
		if (!va)
			first = info.start;
		add_region(&sums, as, &info);
		if (info.file)
			file_put(info.file);
		va = info.end;
	}
	aspace_put(as);
	seq_printf(seq, "%08llx-%08llx ---p 00000000 00:00 0%*s[rollup]\n", (ull)first, (ull)va,
		   26, "");
	show_sums(seq, &sums, true);
	return 0;
}

/* ---- numa_maps ---- */

static void show_nodes(struct seq *seq, u32 nodes)
{
	const char *comma = "";

	for (u32 i = 0; i < NR_NODES; i++) {
		u32 first = i;

		if (!(nodes & BIT(i)))
			continue;
		while (i + 1 < NR_NODES && (nodes & BIT(i + 1)))
			i++;
		seq_printf(seq, first == i ? "%s%u" : "%s%u-%u", comma, first, i);
		comma = ",";
	}
}

static void show_policy(struct seq *seq, struct mempolicy policy)
{
	static const char *const names[MPOL_MODES] = {
		"default", "prefer", "bind", "interleave", "local", "prefer (many)",
	};

	seq_puts(seq, names[policy.mode]);
	if (policy.flags)
		seq_puts(seq, policy.flags & MEMPOLICY_STATIC ? "=static" : "=relative");
	if (policy.nodes) {
		seq_putc(seq, ':');
		show_nodes(seq, policy.nodes);
	}
}

static void show_name(struct seq *seq, const struct region_info *info, char *buf)
{
	const char *path = info->file ? file_path(info->file, buf, PATH_MAX) : NULL;

	if (path)
		seq_printf(seq, " file=%s", path);
	else if (info->flags & REGION_HEAP)
		seq_puts(seq, " heap");
	else if (info->flags & REGION_STACK)
		seq_puts(seq, " stack");
}

static void show_numa_region(struct seq *seq, struct aspace *as, const struct region_info *info,
			     char *buf)
{
	struct page_sums sums = { 0 };

	add_region(&sums, as, info);
	seq_printf(seq, "%08llx ", (ull)info->start);
	show_policy(seq, info->policy);
	show_name(seq, info, buf);
	if (sums.anon)
		seq_printf(seq, " anon=%llu", (ull)(sums.anon / PAGE_SIZE));
	if (sums.dirty)
		seq_printf(seq, " dirty=%llu", (ull)sums.dirty);
	if (sums.rss != sums.anon)
		seq_printf(seq, " mapped=%llu", (ull)(sums.rss / PAGE_SIZE));
	if (sums.mapped_max > 1)
		seq_printf(seq, " mapmax=%llu", (ull)sums.mapped_max);
	for (u32 i = 0; i < numa_node_count(); i++)
		if (sums.nodes[i])
			seq_printf(seq, " N%u=%llu", i, (ull)(sums.nodes[i] / PAGE_SIZE));
	seq_puts(seq, sums.rss ? " kernelpagesize_kB=4\n" : "\n");
}

int proc_show_numa_maps(struct seq *seq, struct proc_inode *pi)
{
	return for_regions(seq, pi, show_numa_region);
}

/* ---- pagemap: a word for each page of the user half ---- */

#define PM_PRESENT   BIT(63)
#define PM_FILE      BIT(61) /* or shared memory */
#define PM_EXCLUSIVE BIT(56)
#define PM_WORDS     64u     /* made at a time */

static u64 pagemap_word(const struct page_info *page, bool numbers)
{
	u64 word = PM_PRESENT | (numbers ? page->pfn : 0);

	if (page->prot & MMU_NOREF)
		return word;
	return word | (page->object ? PM_FILE : 0) | (sharers(page) == 1 ? PM_EXCLUSIVE : 0);
}

/* Words of the @n pages from @va on. */
static void pagemap_fill(struct aspace *as, u64 va, u64 words[], u64 n, bool numbers)
{
	u64 end = va + n * PAGE_SIZE;
	struct page_info page;

	for (u64 i = 0; i < n; i++)
		words[i] = 0;
	for (u64 at = va; aspace_next_page(as, at, end, &page); at = page.va + PAGE_SIZE)
		words[(page.va - va) / PAGE_SIZE] = pagemap_word(&page, numbers);
}

static long pagemap_copy(struct aspace *as, struct iov_iter *it, u64 *pos, bool numbers)
{
	u64 words[PM_WORDS];
	long done = 0;

	while (it->left >= sizeof(u64) && *pos / sizeof(u64) < USER_END / PAGE_SIZE) {
		u64 first = *pos / sizeof(u64);
		u64 n = MIN(it->left / sizeof(u64), (u64)PM_WORDS);
		size_t copied;

		n = MIN(n, USER_END / PAGE_SIZE - first);
		pagemap_fill(as, first * PAGE_SIZE, words, n, numbers);
		copied = iov_iter_copy_to(it, words, n * sizeof(u64));
		if (copied < n * sizeof(u64))
			return done ? done : -EFAULT;
		*pos += copied;
		done += (long)copied;
		sched_point();
		if (signal_pending())
			break;
	}
	return done;
}

/* Frame numbers are for who may see them when the file is opened. */
int proc_pagemap_open(struct file *file)
{
	file->priv = capable(CAP_SYS_ADMIN) ? file : NULL;
	return 0;
}

static long pagemap_read(struct file *file, struct iov_iter *it, u64 *pos)
{
	struct aspace *as;
	long n;

	if (*pos % sizeof(u64) || it->left % sizeof(u64))
		return -EINVAL;
	as = task_aspace(proc_of(file->inode)->task);
	if (!as)
		return 0;
	n = pagemap_copy(as, it, pos, file->priv != NULL);
	aspace_put(as);
	return n;
}

static s64 pagemap_seek(struct file *file, s64 off, int whence)
{
	return whence == SEEK_END ? -EINVAL : file_seek(file, off, whence, 0);
}

const struct file_ops proc_pagemap_fops = { .read = pagemap_read, .seek = pagemap_seek };
