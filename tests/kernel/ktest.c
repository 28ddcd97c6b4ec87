/* SPDX-License-Identifier: MIT */
/*
 * The in-kernel test runner: every record of section .ktest, KTAP version 1 on
 * the control port (kernel/abi/ctl.h) and as log lines. After each test pages,
 * slab objects, threads, tasks, spaces and handles must be as before.
 *
 * Caches fill on a first run (frames, names, inodes), so a test that seems to
 * leak runs again: a real leak leaks every time.
 */
#include <kernel/core/ktest.h>

#include <arch/serial.h>
#include <arch/time.h>
#include <fs/dentry.h>
#include <fs/inode_cache.h>
#include <kernel/abi/ctl.h>
#include <kernel/core/lockdep.h>
#include <kernel/core/log.h>
#include <kernel/core/waitq.h>
#include <kernel/lib/format.h>
#include <kernel/lib/hash.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>
#include <mm/aspace.h>
#include <mm/pmm.h>
#include <mm/slab.h>
#include <security/handle.h>

extern const struct ktest __ktest_start[], __ktest_end[];

struct live_counts {
	s64 pages, objects, threads, tasks, spaces, handles;
};

static u64 random_state; /* one test runs at a time */

u64 ktest_random(void)
{
	/* SplitMix64: a counter through a mixing function. */
	random_state += 0x9e3779b97f4a7c15ull;
	return hash_u64(random_state);
}

static void send(const char *text, size_t len)
{
	struct ctl_header head = { .magic = CTL_MAGIC, .kind = CTL_KTAP, .len = (u32)len };

	if (!serial_present(1))
		return;
	serial_write_polled(1, (const char *)&head, sizeof(head));
	serial_write_polled(1, text, len);
}

static void __printf(1, 2) ktap(const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	len = MIN(len, (int)sizeof(line) - 2);
	log_info("ktest: %s", line);
	line[len] = '\n';
	send(line, (size_t)len + 1);
}

void ktest_fail(struct ktest_run *run, const char *file, int line, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	run->failed++;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ktap("# %s:%d: %s", file, line, text);
}

void ktest_skip(struct ktest_run *run, const char *fmt, ...)
{
	va_list ap;

	run->skipped = true;
	va_start(ap, fmt);
	vsnprintf(run->why, sizeof(run->why), fmt, ap);
	va_end(ap);
}

static void count(struct live_counts *out)
{
	struct pmm_stats stats;

	dentry_cache_shrink(0); /* names that are cached, or no more, are no leak */
	inode_cache_shrink(0);
	dentry_cache_shrink(0); /* those of an overlay's layers */
	pmm_drain();
	pmm_stats(NODE_ANY, &stats);
	out->pages = (s64)(stats.total - stats.free - stats.slab - stats.tables);
	out->objects = (s64)slab_live_objects();
	out->threads = thread_live();
	out->tasks = task_live();
	out->spaces = aspace_live();
	out->handles = (s64)handle_live();
}

/* Whether nothing is more than it was. Less is fine: caches shrink. */
static bool no_more(const struct live_counts *before, const struct live_counts *after)
{
	return after->pages <= before->pages && after->objects <= before->objects &&
	       after->threads <= before->threads && after->tasks <= before->tasks &&
	       after->spaces <= before->spaces && after->handles <= before->handles;
}

static void pause_ns(ns_t ns)
{
	sched_mark_asleep(false);
	(void)!sched_block(uptime_ns() + ns);
	sched_mark_awake();
}

/* Dead threads are reaped by whoever runs next, so give them a moment. */
static bool settles(const struct live_counts *before, struct live_counts *after)
{
	for (u32 i = 0; i < 50; i++) {
		count(after);
		if (no_more(before, after))
			return true;
		pause_ns(2 * NS_PER_MS);
	}
	return false;
}

static void check_leaks(const struct ktest *test, struct ktest_run *run,
			const struct live_counts *before)
{
	struct live_counts after, again;

	if (settles(before, &after) || run->failed)
		return;
	test->fn(run);
	if (settles(&after, &again))
		return;
	ktest_fail(run, __FILE__, __LINE__, "leak each run: pages %lld objects %lld threads %lld "
		   "tasks %lld spaces %lld handles %lld", (long long)(again.pages - after.pages),
		   (long long)(again.objects - after.objects),
		   (long long)(again.threads - after.threads),
		   (long long)(again.tasks - after.tasks),
		   (long long)(again.spaces - after.spaces),
		   (long long)(again.handles - after.handles));
}

static u32 run_one(const struct ktest *test, u32 number)
{
	struct ktest_run run = { 0 };
	struct live_counts before;
	u32 lock_errors = lockdep_errors();
	ns_t start = uptime_ns();

	random_state = number;
	count(&before);
	test->fn(&run);
	lockdep_expect(0);
	if (!run.skipped)
		check_leaks(test, &run, &before);
	if (run.skipped && !run.failed)
		ktap("ok %u %s.%s # SKIP %s", number, test->suite, test->name, run.why);
	else
		ktap("%s %u %s.%s # time=%lluus locks=%u", run.failed ? "not ok" : "ok", number,
		     test->suite, test->name,
		     (unsigned long long)((uptime_ns() - start) / NS_PER_US),
		     lockdep_errors() - lock_errors);
	return run.failed != 0;
}

static bool selected(const struct ktest *test, const char *filter)
{
	char name[128];

	snprintf(name, sizeof(name), "%s.%s", test->suite, test->name);
	return str_starts(name, filter);
}

u32 ktest_run_all(const char *filter)
{
	u32 total = 0, failed = 0, number = 0;

	for (const struct ktest *t = __ktest_start; t < __ktest_end; t++)
		total += selected(t, filter);
	ktap("KTAP version 1");
	ktap("1..%u", total);
	for (const struct ktest *t = __ktest_start; t < __ktest_end; t++)
		if (selected(t, filter))
			failed += run_one(t, ++number);
	ktap("# %u passed, %u failed", total - failed, failed);
	return failed;
}
