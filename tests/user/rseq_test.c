/* SPDX-License-Identifier: MIT */
/*
 * rseq_test.c - restartable sequences: rseq(2), and membarrier's commands for them. The library (musl) registers
 * nothing, so each case begins without an area.
 */
#define KTAP_HAS_HELPER
#include "ktap.h"

#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <ucontext.h>

enum { UNREGISTER = 1, SIGNATURE = 0x53053053, MEMBARRIER_RSEQ = 128, MEMBARRIER_REGISTER_RSEQ = 256 };

struct area {
	uint32_t cpu_id_start, cpu_id;
	uint64_t rseq_cs;
	uint32_t flags, node_id, mm_cid, pad;
} __attribute__((aligned(32)));

struct section {
	uint32_t version, flags;
	uint64_t start, length, abort;
} __attribute__((aligned(32)));

static __thread volatile struct area area __attribute__((aligned(32)));

static long rseq_call(volatile void *a, uint32_t len, int flags, uint32_t signature)
{
	return sys(SYS_rseq, a, len, flags, signature);
}

static void enter(void)
{
	REQUIRE_EQ(rseq_call(&area, 32, 0, SIGNATURE), 0);
}

/*
 * A section that only an abort ends; counts its rounds. The symbols are its borders. Not inlined: the labels are
 * to be there once.
 */
extern char spin_start[], spin_end[], spin_abort[];
static struct section spin_section;

static __attribute__((noinline)) void spin_until_aborted(volatile uint64_t *rounds)
{
	spin_section = (struct section){ 0, 0, (uint64_t)spin_start, (uint64_t)(spin_end - spin_start),
					 (uint64_t)spin_abort };
	__asm__ volatile("movq %[desc], 8(%[area])\n"
			 "spin_start:\n\t"
			 "incq (%[rounds])\n\t"
			 "jmp spin_start\n"
			 "spin_end:\n\t"
			 ".long 0x53053053\n"
			 "spin_abort:\n"
			 :
			 : [desc] "r"(&spin_section), [area] "r"(&area), [rounds] "r"(rounds)
			 : "memory");
}

CASE(registration)
{
	static struct area other;

	CHECK_EQ(rseq_call(&area, 32, UNREGISTER, SIGNATURE), -EINVAL);
	CHECK_EQ(rseq_call(&area, 32, 2, SIGNATURE), -EINVAL);
	CHECK_EQ(rseq_call(&area, 31, 0, SIGNATURE), -EINVAL);
	CHECK_EQ(rseq_call((char *)&area + 8, 32, 0, SIGNATURE), -EINVAL);
	CHECK_EQ(rseq_call((void *)0xffff800000000000, 32, 0, SIGNATURE), -EFAULT);
	enter();
	CHECK_EQ(rseq_call(&area, 32, 0, SIGNATURE), -EBUSY);
	CHECK_EQ(rseq_call(&area, 32, 0, SIGNATURE + 1), -EPERM);
	CHECK_EQ(rseq_call(&other, 32, 0, SIGNATURE), -EINVAL);
	CHECK_EQ(rseq_call(&area, 64, 0, SIGNATURE), -EINVAL);
	CHECK_EQ(rseq_call(&area, 32, UNREGISTER, SIGNATURE + 1), -EPERM);
	CHECK_EQ(rseq_call(&other, 32, UNREGISTER, SIGNATURE), -EINVAL);
	CHECK_EQ(rseq_call(&area, 64, UNREGISTER, SIGNATURE), -EINVAL);
	CHECK_EQ(rseq_call(&area, 32, UNREGISTER | 2, SIGNATURE), -EINVAL);
	CHECK_EQ(rseq_call(&area, 32, UNREGISTER, SIGNATURE), 0);
	CHECK_EQ(area.cpu_id, (uint32_t)-1);
	CHECK_EQ(area.cpu_id_start, 0);
	CHECK_EQ(rseq_call(&area, 32, UNREGISTER, SIGNATURE), -EINVAL);
	enter();
}

static bool pin(int cpu)
{
	unsigned long mask = 1UL << cpu;

	return sys(SYS_sched_setaffinity, 0, sizeof(mask), &mask) == 0;
}

CASE(cpu_is_told)
{
	unsigned cpu = 99, node = 99;
	int seen = 0;

	area.cpu_id = 77;
	enter();
	for (int i = 0; i < 64; i++) {
		if (!pin(i))
			continue;
		seen++;
		CHECK_EQ(sys(SYS_getcpu, &cpu, &node, NULL), 0);
		CHECK_EQ(cpu, i);
		CHECK_EQ(area.cpu_id, i);
		CHECK_EQ(area.cpu_id_start, i);
		if (getauxval(27 /* AT_RSEQ_FEATURE_SIZE */) >= 24)
			CHECK_EQ(area.node_id, node);
	}
	CHECK(seen > 0);
}

CASE(children)
{
	pid_t pid;

	enter();
	IN_CHILD(pid) {		/* a copy of the memory has the registration too */
		unsigned cpu = 99;

		CHECK(pin((int)area.cpu_id));
		CHECK_EQ(sys(SYS_getcpu, &cpu, NULL, NULL), 0);
		CHECK_EQ(area.cpu_id, cpu);
		CHECK_EQ(rseq_call(&area, 32, 0, SIGNATURE), -EBUSY);
	}
	CHECK_EXIT(pid, 0);
	IN_CHILD(pid) {		/* a new program has none */
		char word[] = "@enter", *argv[] = { ktap_self, word, NULL };

		execv(ktap_self, argv);
	}
	CHECK_EXIT(pid, 3);
}

static int ktap_helper(int argc UNUSED, char **argv UNUSED)
{
	return rseq_call(&area, 32, 0, SIGNATURE) == 0 && area.cpu_id < 4096 ? 3 : 4;
}

static volatile uint64_t handler_ip;

static void note_ip(int sig UNUSED, siginfo_t *info UNUSED, void *context)
{
	handler_ip = (uint64_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
}

CASE(signal_aborts)
{
	struct sigaction sa = { .sa_sigaction = note_ip, .sa_flags = SA_SIGINFO };
	struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
	volatile uint64_t rounds = 0;
	int64_t end;

	enter();
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	/* Preemption ends sections, too, and an alarm may find us outside. */
	for (end = now_ns() + 20000000000; now_ns() < end && handler_ip != (uint64_t)spin_abort;) {
		spin_until_aborted(&rounds);
		CHECK(handler_ip < (uint64_t)spin_start || handler_ip >= (uint64_t)spin_end);
	}
	CHECK_EQ(handler_ip, (uint64_t)spin_abort);
	CHECK_EQ(area.rseq_cs, 0);
}

/* Another process on this CPU: no signal, only the switch ends the section. */
CASE(preemption_aborts)
{
	volatile uint64_t rounds = 0;
	pid_t pid;

	enter();
	CHECK(pin((int)area.cpu_id));
	IN_CHILD(pid)
		for (;;)
			__asm__ volatile("" ::: "memory");
	for (int i = 0; i < 5; i++) {
		spin_until_aborted(&rounds);
		CHECK_EQ(area.rseq_cs, 0);
	}
	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
	CHECK(rounds > 0);
}

/* Outside of the section a description does no harm, and goes when it is looked at. */
CASE(stale_description)
{
	static struct section section;

	section = (struct section){ 0, 0, (uint64_t)spin_start, 4, (uint64_t)spin_abort };
	enter();
	area.rseq_cs = (uint64_t)&section;
	for (int i = 0; i < 1000 && area.rseq_cs; i++)
		sleep_ms(1), kill(getpid(), 0);
	raise(SIGCONT);
	CHECK(area.rseq_cs == 0 || area.rseq_cs == (uint64_t)&section);
}

static void do_nothing(int sig UNUSED)
{
}

/* What cannot be right is SIGSEGV when a handler is to run. */
static void bad_section(const struct section *bad)
{
	static struct section s;
	pid_t pid;

	s = *bad;
	IN_CHILD(pid) {
		enter();
		signal(SIGUSR1, do_nothing);
		area.rseq_cs = (uint64_t)&s;
		raise(SIGUSR1);
	}
	CHECK_KILLED(pid, SIGSEGV);
}

CASE(bad_descriptions)
{
	uint64_t start = (uint64_t)spin_start, abort_ip = (uint64_t)spin_abort;
	static uint32_t wrong[2] = { 0x53053054, 0 };
	pid_t pid;

	bad_section(&(struct section){ 1, 0, start, 4, abort_ip });
	bad_section(&(struct section){ 0, 0, start, 4, start });
	bad_section(&(struct section){ 0, 0, start, 4, (uint64_t)&wrong[1] });
	bad_section(&(struct section){ 0, 0, start, 4, 0xffff800000000000 });
	bad_section(&(struct section){ 0, 0, 0xffff800000000000, 4, abort_ip });
	bad_section(&(struct section){ 0, 0, start, (uint64_t)-1, abort_ip });
	IN_CHILD(pid) {
		enter();
		signal(SIGUSR1, do_nothing);
		area.rseq_cs = 8;
		raise(SIGUSR1);
	}
	CHECK_KILLED(pid, SIGSEGV);
}

/* ---- counters per CPU, without an atomic instruction ---- */

enum { ADDERS = 4, ROUNDS = 20000, MAX_CPUS = 1024 };

static struct {
	volatile uint64_t n;
	char pad[56];
} counters[MAX_CPUS];

/* Adds one to the counter of this CPU. False: interrupted, nothing was done. */
static __attribute__((noinline)) bool try_add(void)
{
	uint32_t cpu = area.cpu_id_start;
	int failed = 0;

	__asm__ volatile(".pushsection .data\n\t"
			 ".balign 32\n"
			 "3:\t.long 0, 0\n\t"
			 ".quad 1f, 2f - 1f, 4f\n\t"
			 ".popsection\n\t"
			 "leaq 3b(%%rip), %%rax\n\t"
			 "movq %%rax, 8(%[area])\n"
			 "1:\n\t"
			 "cmpl %[cpu], 4(%[area])\n\t"
			 "jne 5f\n\t"
			 "movq (%[counter]), %%rax\n\t"
			 "pause\n\t"
			 "incq %%rax\n\t"
			 "movq %%rax, (%[counter])\n"
			 "2:\n\t"
			 "jmp 6f\n\t"
			 ".long 0x53053053\n"
			 "4:\n"
			 "5:\tmovl $1, %[failed]\n"
			 "6:\n"
			 : [failed] "+r"(failed)
			 : [area] "r"(&area), [cpu] "r"(cpu), [counter] "r"(&counters[cpu].n)
			 : "rax", "memory", "cc");
	return !failed;
}

static void *adder(void *arg UNUSED)
{
	enter();
	for (int i = 0; i < ROUNDS; i++) {
		while (!try_add())
			;
		if (i % 1000 == 0)
			sched_yield();
	}
	CHECK_EQ(rseq_call(&area, 32, UNREGISTER, SIGNATURE), 0);
	return NULL;
}

CASE(counters_lose_nothing)
{
	pthread_t threads[ADDERS];
	uint64_t sum = 0;

	for (int i = 0; i < ADDERS; i++)
		REQUIRE_EQ(pthread_create(&threads[i], NULL, adder, NULL), 0);
	for (int i = 0; i < ADDERS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < MAX_CPUS; i++)
		sum += counters[i].n;
	CHECK_EQ(sum, ADDERS * ROUNDS);
}

/* ---- membarrier ---- */

static volatile uint64_t spinner_rounds;
static volatile int spinner_aborts;

static void *spinner(void *arg UNUSED)
{
	enter();
	for (;;) {
		spin_until_aborted(&spinner_rounds);
		spinner_aborts = spinner_aborts + 1;
	}
	return NULL;
}

CASE(membarrier_aborts)
{
	pthread_t thread;
	uint64_t rounds;
	int aborts;

	if (!(sys(SYS_membarrier, 0, 0, 0) & MEMBARRIER_RSEQ))
		SKIP("no membarrier for rseq");
	CHECK_EQ(sys(SYS_membarrier, MEMBARRIER_RSEQ, 0, 0), -EPERM);
	CHECK_EQ(sys(SYS_membarrier, MEMBARRIER_REGISTER_RSEQ, 1, 0), -EINVAL);
	CHECK_EQ(sys(SYS_membarrier, MEMBARRIER_REGISTER_RSEQ, 0, 0), 0);
	CHECK_EQ(sys(SYS_membarrier, MEMBARRIER_RSEQ, 2, 0), -EINVAL);
	REQUIRE_EQ(pthread_create(&thread, NULL, spinner, NULL), 0);
	for (int i = 0; i < 50; i++) {
		rounds = spinner_rounds;
		while (spinner_rounds == rounds)
			sched_yield();
		aborts = spinner_aborts;
		CHECK_EQ(sys(SYS_membarrier, MEMBARRIER_RSEQ, 0, 0), 0);
		while (spinner_aborts == aborts)
			sched_yield();
	}
	CHECK_EQ(sys(SYS_membarrier, MEMBARRIER_RSEQ, 1, 0), 0);
	CHECK_EQ(sys(SYS_membarrier, MEMBARRIER_RSEQ, 1, 4096), 0);	/* no such CPU: nothing to do */
}
