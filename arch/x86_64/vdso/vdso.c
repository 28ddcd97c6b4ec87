/* SPDX-License-Identifier: MIT */
/*
 * The vDSO: a shared object in the kernel's image that every program finds in
 * its memory (AT_SYSINFO_EHDR), with the calls that only read: it reads the
 * counter and the page of numbers below itself (kernel/abi/vdso.h) in user
 * mode. What it does not know it asks the kernel; it never answers otherwise
 * than the kernel would. Not part of the kernel's link: see vdso_image.asm.
 *
 * Sources: man vdso(7), clock_gettime(2); Intel SDM vol. 2 "RDTSC", "LSL".
 */
#include <kernel/abi/linux_time.h>
#include <kernel/abi/vdso.h>
#include <kernel/lib/types.h>

#define NS_PER_SEC 1000000000ull
#define NS_PER_US  1000ull

/* Linux x86_64's numbers of the calls that stand behind these functions. */
enum { NR_GETTIMEOFDAY = 96, NR_TIME = 201, NR_CLOCK_GETTIME = 228, NR_CLOCK_GETRES = 229 };

#define MONOTONIC_CLOCKS                                                           \
	(BIT(CLOCK_MONOTONIC) | BIT(CLOCK_MONOTONIC_RAW) | BIT(CLOCK_MONOTONIC_COARSE) | \
	 BIT(CLOCK_BOOTTIME) | BIT(CLOCK_BOOTTIME_ALARM))
#define WALL_CLOCKS                                                            \
	(BIT(CLOCK_REALTIME) | BIT(CLOCK_REALTIME_COARSE) | BIT(CLOCK_REALTIME_ALARM) | \
	 BIT(CLOCK_TAI))

#define __export __attribute__((visibility("default")))

/* Its place is vdso.ld's. */
extern const struct vdso_data vdso_data __attribute__((visibility("hidden")));

__export int __vdso_clock_gettime(int clock, struct linux_timespec *tp);
__export int __vdso_clock_getres(int clock, struct linux_timespec *res);
__export int __vdso_gettimeofday(struct linux_timeval *tv, struct linux_timezone *tz);
__export s64 __vdso_time(s64 *t);
__export long __vdso_getcpu(u32 *cpu, u32 *node, void *unused);

static inline long kernel_call(long nr, u64 a, u64 b)
{
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline bool steady(void)
{
	return __atomic_load_n(&vdso_data.steady, __ATOMIC_RELAXED);
}

/* The fence keeps the read behind what the caller saw before: another thread's
 * earlier time, say. */
static inline u64 uptime_ns(void)
{
	u32 lo, hi;
	u64 cycles;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi)::"memory");
	cycles = ((u64)hi << 32 | lo) - vdso_data.base;
	return (u64)((unsigned __int128)cycles * vdso_data.mult >> 32);
}

static inline u64 wall_ns(void)
{
	return uptime_ns() + __atomic_load_n(&vdso_data.wall, __ATOMIC_RELAXED);
}

static inline bool is_one_of(int clock, u64 clocks)
{
	return (u32)clock < 64 && (clocks >> clock & 1);
}

int __vdso_clock_gettime(int clock, struct linux_timespec *tp)
{
	u64 now;

	if (unlikely(!is_one_of(clock, MONOTONIC_CLOCKS | WALL_CLOCKS) || !steady()))
		return (int)kernel_call(NR_CLOCK_GETTIME, (u64)clock, (u64)tp);
	now = uptime_ns();
	if (is_one_of(clock, WALL_CLOCKS))
		now += __atomic_load_n(&vdso_data.wall, __ATOMIC_RELAXED);
	tp->tv_sec = (s64)(now / NS_PER_SEC);
	tp->tv_nsec = (s64)(now % NS_PER_SEC);
	return 0;
}

int __vdso_clock_getres(int clock, struct linux_timespec *res)
{
	if (!is_one_of(clock, MONOTONIC_CLOCKS | WALL_CLOCKS))
		return (int)kernel_call(NR_CLOCK_GETRES, (u64)clock, (u64)res);
	if (res)
		*res = (struct linux_timespec){ 0, 1 };
	return 0;
}

int __vdso_gettimeofday(struct linux_timeval *tv, struct linux_timezone *tz)
{
	u64 now;

	if (unlikely(!steady()))
		return (int)kernel_call(NR_GETTIMEOFDAY, (u64)tv, (u64)tz);
	if (tv) {
		now = wall_ns();
		tv->tv_sec = (s64)(now / NS_PER_SEC);
		tv->tv_usec = (s64)(now % NS_PER_SEC / NS_PER_US);
	}
	if (tz)
		*tz = (struct linux_timezone){ 0, 0 };
	return 0;
}

s64 __vdso_time(s64 *t)
{
	s64 now;

	if (unlikely(!steady()))
		return kernel_call(NR_TIME, (u64)t, 0);
	now = (s64)(wall_ns() / NS_PER_SEC);
	if (t)
		*t = now;
	return now;
}

long __vdso_getcpu(u32 *cpu, u32 *node, __unused void *unused)
{
	u32 number;

	__asm__ volatile("lsl %1, %0" : "=r"(number) : "r"(VDSO_CPU_SELECTOR) : "cc");
	if (cpu)
		*cpu = number & (BIT(VDSO_CPU_NODE_SHIFT) - 1);
	if (node)
		*node = number >> VDSO_CPU_NODE_SHIFT;
	return 0;
}
