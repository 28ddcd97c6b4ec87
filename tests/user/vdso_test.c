/* SPDX-License-Identifier: MIT */
/*
 * vdso_test.c - the shared object that the kernel puts into every program: its symbols, looked up as a C library
 * does it; its answers beside the system calls'; its pages among the program's mappings.
 */
#define KTAP_HAS_HELPER
#include "ktap.h"

#include <elf.h>
#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/time.h>

typedef int gettime_fn(int, struct timespec *);
typedef int gettimeofday_fn(struct timeval *, struct timezone *);
typedef long time_fn(long *);
typedef long getcpu_fn(unsigned *, unsigned *, void *);

/* ---- looking up ---- */

struct dynamic {
	const Elf64_Sym *syms;
	const char *strings;
	const uint16_t *versions;
	const Elf64_Verdef *verdef;
	size_t nr_syms;
	uintptr_t bias;
};

/* The chains of a GNU hash table end at the last symbol. */
static size_t gnu_hash_count(const uint32_t *table)
{
	uint32_t nbuckets = table[0], first = table[1], bloom = table[2], last = 0, i;
	const uint32_t *buckets = table + 4 + bloom * 2, *chain = buckets + nbuckets;

	for (i = 0; i < nbuckets; i++)
		last = buckets[i] > last ? buckets[i] : last;
	if (last < first)
		return first;
	while (!(chain[last - first] & 1))
		last++;
	return last + 1;
}

static void read_dynamic(const Elf64_Ehdr *eh, struct dynamic *d)
{
	const Elf64_Phdr *ph = (const void *)((const char *)eh + eh->e_phoff);
	const Elf64_Dyn *dyn = NULL;
	int i;

	memset(d, 0, sizeof(*d));
	for (i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD)
			d->bias = (uintptr_t)eh + ph[i].p_offset - ph[i].p_vaddr;
		else if (ph[i].p_type == PT_DYNAMIC)
			dyn = (const void *)((const char *)eh + ph[i].p_offset);
	}
	REQUIRE(dyn != NULL);
	for (; dyn->d_tag != DT_NULL; dyn++) {
		const void *at = (const void *)(d->bias + dyn->d_un.d_ptr);

		if (dyn->d_tag == DT_SYMTAB)
			d->syms = at;
		else if (dyn->d_tag == DT_STRTAB)
			d->strings = at;
		else if (dyn->d_tag == DT_VERSYM)
			d->versions = at;
		else if (dyn->d_tag == DT_VERDEF)
			d->verdef = at;
		else if (dyn->d_tag == DT_HASH)
			d->nr_syms = ((const uint32_t *)at)[1];
		else if (dyn->d_tag == DT_GNU_HASH && !d->nr_syms)
			d->nr_syms = gnu_hash_count(at);
	}
	REQUIRE(d->syms && d->strings && d->versions && d->verdef && d->nr_syms > 1);
}

static const char *version_name(const struct dynamic *d, unsigned index)
{
	const Elf64_Verdef *v = d->verdef;

	for (;; v = (const void *)((const char *)v + v->vd_next)) {
		if (v->vd_ndx == (index & 0x7fff))
			return d->strings + ((const Elf64_Verdaux *)((const char *)v + v->vd_aux))->vda_name;
		if (!v->vd_next)
			return "";
	}
}

static const Elf64_Ehdr *vdso(void)
{
	const Elf64_Ehdr *eh = (const void *)getauxval(AT_SYSINFO_EHDR);

	REQUIRE(eh != NULL);
	REQUIRE(!memcmp(eh->e_ident, ELFMAG, SELFMAG) && eh->e_type == ET_DYN && eh->e_machine == EM_X86_64);
	return eh;
}

static void *symbol(const char *name)
{
	struct dynamic d;
	size_t i;

	read_dynamic(vdso(), &d);
	for (i = 1; i < d.nr_syms; i++) {
		const Elf64_Sym *s = &d.syms[i];

		if (s->st_shndx == SHN_UNDEF || strcmp(d.strings + s->st_name, name))
			continue;
		CHECK_EQ(ELF64_ST_TYPE(s->st_info), STT_FUNC);
		CHECK_STR(version_name(&d, d.versions[i]), "LINUX_2.6");
		return (void *)(d.bias + s->st_value);
	}
	CHECK(!"symbol found");
	NOTE("no %s", name);
	_exit(1);
}

CASE(symbols_are_there)
{
	symbol("__vdso_clock_gettime");
	symbol("__vdso_clock_getres");
	symbol("__vdso_gettimeofday");
	symbol("__vdso_time");
	symbol("__vdso_getcpu");
}

/* ---- answers ---- */

static int64_t ns_of(const struct timespec *t)
{
	CHECK(t->tv_nsec >= 0 && t->tv_nsec < 1000000000);
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

static int64_t call_ns(int clock)
{
	struct timespec t = { 0, 0 };

	CHECK_EQ(sys(SYS_clock_gettime, clock, &t), 0);
	return ns_of(&t);
}

static int64_t vdso_ns(gettime_fn *gettime, int clock)
{
	struct timespec t = { 0, 0 };

	CHECK_EQ(gettime(clock, &t), 0);
	return ns_of(&t);
}

CASE(clocks_agree_with_the_call)
{
	static const int clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,
				      CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_TAI,
				      CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID };
	gettime_fn *gettime = symbol("__vdso_clock_gettime");
	size_t i, round;

	for (i = 0; i < COUNT(clocks); i++) {
		for (round = 0; round < 100; round++) {
			int64_t before = call_ns(clocks[i]), now = vdso_ns(gettime, clocks[i]);
			int64_t after = call_ns(clocks[i]);

			if (CHECK(before <= now && now <= after))
				continue;
			NOTE("clock %d: %ld %ld %ld", clocks[i], (long)before, (long)now, (long)after);
			break;
		}
	}
}

CASE(what_it_does_not_know_the_kernel_answers)
{
	gettime_fn *gettime = symbol("__vdso_clock_gettime"), *getres = symbol("__vdso_clock_getres");
	struct timespec t = { 7, 7 }, call;

	CHECK_EQ(gettime(1000, &t), -EINVAL);
	CHECK_EQ(gettime(16, &t), -EINVAL);
	CHECK_EQ(gettime(12, &t), -EINVAL);
	CHECK_EQ(getres(1000, &t), -EINVAL);
	CHECK_EQ(t.tv_sec, 7);
	CHECK_EQ(gettime(~getpid() << 3 | 6, &t), 0);	/* its own CPU time by number */
	CHECK_EQ(getres(CLOCK_MONOTONIC, &t), 0);
	CHECK_EQ(sys(SYS_clock_getres, CLOCK_MONOTONIC, &call), 0);
	CHECK_EQ(t.tv_sec, call.tv_sec);
	CHECK_EQ(t.tv_nsec, call.tv_nsec);
	CHECK_EQ(getres(CLOCK_REALTIME, NULL), 0);
	CHECK_EQ(getres(CLOCK_THREAD_CPUTIME_ID, &t), 0);
}

CASE(time_of_day)
{
	gettimeofday_fn *timeofday = symbol("__vdso_gettimeofday");
	time_fn *seconds = symbol("__vdso_time");
	int64_t before = call_ns(CLOCK_REALTIME) / 1000, now;
	struct timezone tz = { 99, 99 }, call_tz = { 98, 98 };
	struct timeval tv = { 0, 0 }, call;
	long t = 0;

	CHECK_EQ(timeofday(&tv, &tz), 0);
	CHECK_EQ(sys(SYS_gettimeofday, &call, &call_tz), 0);
	now = (int64_t)tv.tv_sec * 1000000 + tv.tv_usec;
	CHECK(tv.tv_usec >= 0 && tv.tv_usec < 1000000);
	CHECK(before <= now && now <= (int64_t)call.tv_sec * 1000000 + call.tv_usec);
	CHECK_EQ(tz.tz_minuteswest, call_tz.tz_minuteswest);
	CHECK_EQ(tz.tz_dsttime, call_tz.tz_dsttime);
	CHECK_EQ(timeofday(NULL, &tz), 0);
	CHECK_EQ(timeofday(&tv, NULL), 0);
	CHECK_EQ(timeofday(NULL, NULL), 0);
	CHECK(seconds(&t) == t);
	CHECK(seconds(NULL) >= t);
	CHECK(t + 1 >= tv.tv_sec && t <= call_ns(CLOCK_REALTIME) / 1000000000);
}

CASE(cpu_numbers_agree_on_every_cpu)
{
	getcpu_fn *getcpu_user = symbol("__vdso_getcpu");
	uint64_t allowed[16] = { 0 }, one[16];
	unsigned cpu, node, call_cpu, call_node, i;
	long len = sys(SYS_sched_getaffinity, 0, sizeof(allowed), allowed);

	REQUIRE(len > 0);
	for (i = 0; i < (unsigned)len * 8; i++) {
		if (!(allowed[i / 64] >> i % 64 & 1))
			continue;
		memset(one, 0, sizeof(one));
		one[i / 64] = 1UL << i % 64;
		REQUIRE_EQ(sys(SYS_sched_setaffinity, 0, len, one), 0);
		cpu = node = call_cpu = call_node = 9999;
		CHECK_EQ(getcpu_user(&cpu, &node, NULL), 0);
		CHECK_EQ(sys(SYS_getcpu, &call_cpu, &call_node, NULL), 0);
		CHECK_EQ(cpu, i);
		CHECK_EQ(call_cpu, i);
		CHECK_EQ(node, call_node);
	}
	CHECK_EQ(getcpu_user(NULL, NULL, NULL), 0);
}

/* ---- order between threads, and setting the clock ---- */

#define THREADS 4

static gettime_fn *hammered;
static int64_t latest_seen;
static int stop_all;

/* What another thread published before is the past. */
static void *hammer(void *arg UNUSED)
{
	int64_t seen, now;

	while (!__atomic_load_n(&stop_all, __ATOMIC_RELAXED)) {
		seen = __atomic_load_n(&latest_seen, __ATOMIC_ACQUIRE);
		now = vdso_ns(hammered, CLOCK_MONOTONIC);
		if (now < seen) {
			CHECK(now >= seen);
			NOTE("back by %ld ns", (long)(seen - now));
			break;
		}
		while (seen < now && !__atomic_compare_exchange_n(&latest_seen, &seen, now, false, __ATOMIC_RELEASE,
								  __ATOMIC_ACQUIRE))
			;
	}
	return NULL;
}

static void set_realtime(int64_t ns)
{
	struct timespec t = { ns / 1000000000, ns % 1000000000 };

	CHECK_EQ(sys(SYS_clock_settime, CLOCK_REALTIME, &t), 0);
}

/* Only in a machine of our own is the clock ours to set. */
static bool may_set_the_clock(void)
{
	return on_exo() && is_root();
}

CASE(monotonic_between_threads)
{
	int64_t began = call_ns(CLOCK_MONOTONIC), offset = call_ns(CLOCK_REALTIME) - began;
	pthread_t threads[THREADS];
	int i;

	hammered = symbol("__vdso_clock_gettime");
	for (i = 0; i < THREADS; i++)
		REQUIRE_EQ(pthread_create(&threads[i], NULL, hammer, NULL), 0);
	for (i = 0; call_ns(CLOCK_MONOTONIC) - began < 300000000; i++) {
		if (may_set_the_clock())
			set_realtime(call_ns(CLOCK_MONOTONIC) + offset + (i % 2 ? 3600 : 7200) * 1000000000L);
		sched_yield();
	}
	__atomic_store_n(&stop_all, 1, __ATOMIC_RELAXED);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK(latest_seen >= began + 200000000);
	if (may_set_the_clock())
		set_realtime(call_ns(CLOCK_MONOTONIC) + offset);
}

CASE(a_clock_that_is_set_is_seen_at_once)
{
	gettime_fn *gettime = symbol("__vdso_clock_gettime");
	gettimeofday_fn *timeofday = symbol("__vdso_gettimeofday");
	time_fn *seconds = symbol("__vdso_time");
	int64_t offset, to = 2000000000L * 1000000000, mono;
	struct timeval tv;

	if (!may_set_the_clock())
		SKIP("the machine's clock is not ours");
	mono = vdso_ns(gettime, CLOCK_MONOTONIC);
	offset = call_ns(CLOCK_REALTIME) - call_ns(CLOCK_MONOTONIC);
	set_realtime(to);
	CHECK(vdso_ns(gettime, CLOCK_REALTIME) - to < 100 * 1000000000L);
	CHECK(vdso_ns(gettime, CLOCK_REALTIME) >= to);
	CHECK(seconds(NULL) >= to / 1000000000 && seconds(NULL) < to / 1000000000 + 100);
	CHECK_EQ(timeofday(&tv, NULL), 0);
	CHECK(tv.tv_sec >= to / 1000000000 && tv.tv_sec < to / 1000000000 + 100);
	CHECK(vdso_ns(gettime, CLOCK_MONOTONIC) - mono < 100 * 1000000000L);
	set_realtime(call_ns(CLOCK_MONOTONIC) + offset);
	CHECK(vdso_ns(gettime, CLOCK_REALTIME) < to);
}

/* ---- its pages ---- */

struct mapping {
	uintptr_t start, end;
	char prot[5];
};

static bool find_mapping(const char *name, struct mapping *m)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];
	bool found = false;

	if (!f)
		SKIP("no /proc");
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, name) && sscanf(line, "%lx-%lx %4s", &m->start, &m->end, m->prot) == 3;
	fclose(f);
	return found;
}

CASE(maps_show_it)
{
	struct mapping code = { 0 }, data = { 0 };

	REQUIRE(find_mapping("[vdso]", &code));
	REQUIRE(find_mapping("[vvar]", &data));
	CHECK_EQ(code.start, getauxval(AT_SYSINFO_EHDR));
	CHECK_STR(code.prot, "r-xp");
	CHECK_STR(data.prot, "r--p");
	CHECK(data.end > data.start && data.end <= code.start);
}

CASE(nobody_writes_to_the_numbers)
{
	struct mapping code, data;
	pid_t pid;

	REQUIRE(find_mapping("[vvar]", &data));
	REQUIRE(find_mapping("[vdso]", &code));
	CHECK_EQ(sys(SYS_mprotect, data.start, PAGE, PROT_READ | PROT_WRITE), -EACCES);
	CHECK_EQ(sys(SYS_getrandom, data.start, 16, 0), -EFAULT);
	CHECK_EQ(sys(SYS_getrandom, code.start, 16, 0), -EFAULT);
	IN_CHILD(pid)
		*(volatile char *)data.start = 1;
	CHECK_KILLED(pid, SIGSEGV);
	IN_CHILD(pid)
		*(volatile char *)code.start = 1;
	CHECK_KILLED(pid, SIGSEGV);
}

/* A debugger's breakpoint, say: it is in this program alone. */
CASE(a_write_makes_a_private_copy)
{
	const unsigned char *entry = symbol("__vdso_time");
	struct mapping code;
	unsigned char before = *entry;
	pid_t pid;

	REQUIRE(find_mapping("[vdso]", &code));
	IN_CHILD(pid) {
		gettime_fn *gettime = symbol("__vdso_clock_gettime");

		CHECK_EQ(sys(SYS_mprotect, code.start, code.end - code.start, PROT_READ | PROT_WRITE | PROT_EXEC), 0);
		*(volatile unsigned char *)entry = 0xcc;
		CHECK_EQ(*(volatile const unsigned char *)entry, 0xcc);
		vdso_ns(gettime, CLOCK_MONOTONIC);
		((time_fn *)entry)(NULL);
	}
	CHECK_KILLED(pid, SIGTRAP);
	CHECK_EQ(*(volatile const unsigned char *)entry, before);
	IN_CHILD(pid)
		CHECK(((time_fn *)entry)(NULL) > 0);
	CHECK_EXIT(pid, 0);
}

CASE(fork_keeps_it)
{
	gettime_fn *gettime = symbol("__vdso_clock_gettime");
	int64_t before = vdso_ns(gettime, CLOCK_MONOTONIC);
	pid_t pid;

	IN_CHILD(pid) {
		int64_t now = vdso_ns(gettime, CLOCK_MONOTONIC);

		CHECK(now >= before && now <= call_ns(CLOCK_MONOTONIC));
		CHECK_EQ(getauxval(AT_SYSINFO_EHDR), (uintptr_t)vdso());
	}
	CHECK_EXIT(pid, 0);
}

/* "@where": its address and whether it works, for the parent. */
static int ktap_helper(int argc UNUSED, char **argv)
{
	uintptr_t at = getauxval(AT_SYSINFO_EHDR);
	int64_t before = call_ns(CLOCK_MONOTONIC), now;

	ktap_current = "helper";
	now = vdso_ns(symbol("__vdso_clock_gettime"), CLOCK_MONOTONIC);
	if (strcmp(argv[1], "@where") || now < before || now > call_ns(CLOCK_MONOTONIC))
		return 1;
	return write(3, &at, sizeof(at)) == sizeof(at) ? 0 : 1;
}

static uintptr_t where_after_exec(bool unmap)
{
	char where[] = "@where", *argv[] = { ktap_self, where, NULL }, *envp[] = { NULL };
	uintptr_t at = 0;
	int fds[2];
	pid_t pid;

	REQUIRE(pipe(fds) == 0);
	IN_CHILD(pid) {
		struct mapping code, data;

		REQUIRE(find_mapping("[vdso]", &code) && find_mapping("[vvar]", &data));
		dup2(fds[1], 3);
		if (unmap) {
			CHECK_EQ(sys(SYS_munmap, code.start, code.end - code.start), 0);
			CHECK_EQ(sys(SYS_munmap, data.start, data.end - data.start), 0);
		}
		sys(SYS_execve, ktap_self, argv, envp);
		_exit(9);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(read(fds[0], &at, sizeof(at)), sizeof(at));
	close(fds[0]);
	close(fds[1]);
	return at;
}

CASE(exec_puts_it_somewhere_else)
{
	uintptr_t first = where_after_exec(false);
	bool moved = false;
	int i;

	for (i = 0; i < 4; i++)
		moved |= where_after_exec(false) != first;
	CHECK(first % PAGE == 0);
	CHECK(moved);
}

CASE(unmapping_it_harms_only_its_users)
{
	struct mapping code, again;
	time_fn *seconds = symbol("__vdso_time");
	pid_t pid, child;

	REQUIRE(find_mapping("[vdso]", &code));
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_munmap, code.start, code.end - code.start), 0);
		CHECK(call_ns(CLOCK_MONOTONIC) > 0);
		CHECK(!find_mapping("[vdso]", &again));
		child = sys(SYS_fork);
		if (!child)
			seconds(NULL);
		CHECK_KILLED(child, SIGSEGV);
	}
	CHECK_EXIT(pid, 0);
	CHECK(where_after_exec(true) != 0);
	CHECK(seconds(NULL) > 0);
}

CASE(moving_it)
{
	struct mapping code, again;
	pid_t pid;

	REQUIRE(find_mapping("[vdso]", &code));
	IN_CHILD(pid) {
		uintptr_t len = code.end - code.start;
		uintptr_t to = (uintptr_t)mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		CHECK_EQ(sys(SYS_mremap, code.start, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to), to);
		CHECK(find_mapping("[vdso]", &again));
		CHECK_EQ(again.start, to);
		CHECK(!memcmp((void *)to, ELFMAG, SELFMAG));
		CHECK(call_ns(CLOCK_MONOTONIC) > 0);
	}
	CHECK_EXIT(pid, 0);
}
