/* SPDX-License-Identifier: MIT */
/*
 * mm_test.c - mmap, munmap, mprotect, mremap, msync, madvise, brk, copy-on-write, faults and the signals they give.
 * Sources: man mmap(2), mprotect(2), mremap(2), madvise(2), msync(2), brk(2), sigaction(2).
 */
#include "ktap.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MREMAP_FIXED
#define MREMAP_MAYMOVE 1
#define MREMAP_FIXED 2
#endif

enum { R = PROT_READ, W = PROT_WRITE, X = PROT_EXEC, RW = PROT_READ | PROT_WRITE };
#define PRIV (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHARED_ANON (MAP_SHARED | MAP_ANONYMOUS)

static char *map(void *at, size_t len, int prot, int flags, int fd, off_t off)
{
	return (char *)sys(SYS_mmap, at, len, prot, flags, fd, off);
}

static char *must_map(size_t pages, int prot, int flags)
{
	char *p = map(NULL, pages * PAGE, prot, flags, -1, 0);

	REQUIRE((unsigned long)p < -4095UL);
	return p;
}

static long meminfo_kib(const char *name)
{
	static char text[8192];
	int fd = open("/proc/meminfo", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	const char *at;

	close(fd);
	text[n > 0 ? n : 0] = 0;
	at = strstr(text, name);
	return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

/* ---- probing: read or write one byte, and tell the signal it gave --------------------------------------------- */

static sigjmp_buf probe_return;
static siginfo_t probe_info;

static void probe_handler(int sig, siginfo_t *info, void *context UNUSED)
{
	probe_info = *info;
	siglongjmp(probe_return, sig);
}

static void catch_faults(void)
{
	struct sigaction sa = { .sa_sigaction = probe_handler, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
}

/* 0, or the signal; probe_info then says more. */
static int probe_read(const volatile char *p)
{
	int sig = sigsetjmp(probe_return, 1);

	if (sig == 0)
		(void)*p;
	return sig;
}

static int probe_write(volatile char *p)
{
	int sig = sigsetjmp(probe_return, 1);

	if (sig == 0)
		*p = 'w';
	return sig;
}

static int probe_call(const char *p)
{
	int sig = sigsetjmp(probe_return, 1);

	if (sig == 0)
		((void (*)(void))(uintptr_t)p)();
	return sig;
}

/* All fault expectations are made under the two handlers. */
#define CHECK_SEGV(probe, address, code) \
	do { \
		probe_info.si_code = 0; \
		if (CHECK_EQ(probe, SIGSEGV)) { \
			CHECK_EQ(probe_info.si_addr, (address)); \
			CHECK_EQ(probe_info.si_code, (code)); \
		} \
	} while (0)

/* ---- anonymous mappings --------------------------------------------------------------------------------------- */

CASE(anonymous_is_zero_and_writable)
{
	char *p = must_map(64, RW, PRIV);
	size_t i, bad = 0;

	CHECK_EQ((uintptr_t)p % PAGE, 0);
	for (i = 0; i < 64 * PAGE; i += 8)
		bad += *(uint64_t *)(p + i) != 0;
	CHECK_EQ(bad, 0);
	for (i = 0; i < 64; i++)
		p[i * PAGE + i] = (char)i;
	for (i = 0; i < 64; i++)
		bad += p[i * PAGE + i] != (char)i;
	CHECK_EQ(bad, 0);
	CHECK_EQ(sys(SYS_munmap, p, 64 * PAGE), 0);
	catch_faults();
	CHECK_SEGV(probe_read(p), p, SEGV_MAPERR);
}

CASE(mmap_errors)
{
	int fd = open("/dev/null", O_RDONLY);

	CHECK_EQ(map(NULL, 0, R, PRIV, -1, 0), -EINVAL);
	CHECK_EQ(map(NULL, PAGE, R, MAP_ANONYMOUS, -1, 0), -EINVAL);	/* neither private nor shared */
	CHECK_EQ(map(NULL, PAGE, R, MAP_PRIVATE, -1, 0), -EBADF);
	CHECK_EQ(map(NULL, PAGE, R, MAP_PRIVATE, 999, 0), -EBADF);
	CHECK_EQ(map(NULL, PAGE, R, PRIV, -1, 1), -EINVAL);
	CHECK_EQ(map((void *)1, PAGE, R, PRIV | MAP_FIXED, -1, 0), -EINVAL);
	CHECK_EQ(map(NULL, -1UL, R, PRIV, -1, 0), -ENOMEM);
	CHECK_EQ(map(NULL, 1UL << 57, R, PRIV, -1, 0), -ENOMEM);
	CHECK_EQ(map((void *)(1UL << 57), PAGE, R, PRIV | MAP_FIXED, -1, 0), -ENOMEM);
	CHECK_EQ(map((void *)0xffff800000000000, PAGE, R, PRIV | MAP_FIXED, -1, 0), -ENOMEM);
	CHECK_EQ(map(NULL, PAGE, R, MAP_PRIVATE, fd, 0), -ENODEV);
	scratch();
	CHECK_EQ(mkdir("d", 0700), 0);
	CHECK_EQ(map(NULL, PAGE, R, MAP_PRIVATE, open("d", O_RDONLY), 0), -ENODEV);
	fd = open("f", O_WRONLY | O_CREAT, 0600);
	CHECK_EQ(map(NULL, PAGE, R, MAP_PRIVATE, fd, 0), -EACCES);
	fd = open("f", O_RDONLY);
	CHECK_EQ(map(NULL, PAGE, RW, MAP_SHARED, fd, 0), -EACCES);
	CHECK((long)map(NULL, PAGE, RW, MAP_PRIVATE, fd, 0) > 0);
	CHECK_EQ(map(NULL, PAGE, R, MAP_PRIVATE, fd, -(long)PAGE), -EOVERFLOW);
	CHECK_EQ(map(NULL, PAGE, R, MAP_PRIVATE, fd, 100), -EINVAL);
}

CASE(unprivileged_may_not_map_page_zero)
{
	pid_t pid;

	if (!is_root()) {
		CHECK_EQ(map(NULL, PAGE, RW, PRIV | MAP_FIXED, -1, 0), -EPERM);
		return;
	}
	IN_CHILD(pid) {
		long ret;

		REQUIRE(drop_root());
		ret = (long)map(NULL, PAGE, RW, PRIV | MAP_FIXED, -1, 0);
		CHECK(ret == -EPERM || ret == -EACCES);
	}
	CHECK_EXIT(pid, 0);
}

CASE(hints)
{
	char *p = must_map(4, RW, PRIV), *q;

	sys(SYS_munmap, p, 4 * PAGE);
	q = map(p, PAGE, RW, PRIV, -1, 0);
	CHECK((unsigned long)q < -4095UL);	/* anywhere will do */
	p = must_map(1, RW, PRIV);
	p[0] = 'p';
	q = map(p, PAGE, RW, PRIV, -1, 0);	/* taken: goes elsewhere */
	CHECK(q != p && (unsigned long)q < -4095UL);
	CHECK_EQ(p[0], 'p');
	q = map(p + 123, PAGE, RW, PRIV, -1, 0);	/* a hint need not be aligned */
	CHECK((unsigned long)q < -4095UL && (uintptr_t)q % PAGE == 0);
}

CASE(fixed_over_parts)
{
	char *p = must_map(8, RW, PRIV);

	memset(p, 'a', 8 * PAGE);
	CHECK_EQ(map(p + 2 * PAGE, 3 * PAGE, RW, PRIV | MAP_FIXED, -1, 0), p + 2 * PAGE);
	CHECK_EQ(p[2 * PAGE - 1], 'a');
	CHECK_EQ(p[2 * PAGE], 0);
	CHECK_EQ(p[5 * PAGE - 1], 0);
	CHECK_EQ(p[5 * PAGE], 'a');
	/* Over the seam of two mappings, and over a hole. */
	CHECK_EQ(sys(SYS_munmap, p + 6 * PAGE, PAGE), 0);
	memset(p + 2 * PAGE, 'b', 3 * PAGE);
	CHECK_EQ(map(p + 4 * PAGE, 3 * PAGE, RW, PRIV | MAP_FIXED, -1, 0), p + 4 * PAGE);
	CHECK_EQ(p[4 * PAGE - 1], 'b');
	CHECK_EQ(p[4 * PAGE], 0);
	CHECK_EQ(p[6 * PAGE], 0);
	CHECK_EQ(p[7 * PAGE], 'a');
	CHECK_EQ(map(p, PAGE, RW, PRIV | MAP_FIXED_NOREPLACE, -1, 0), -EEXIST);
	CHECK_EQ(p[0], 'a');
}

CASE(munmap_parts_and_errors)
{
	char *p = must_map(6, RW, PRIV);

	catch_faults();
	memset(p, 'x', 6 * PAGE);
	CHECK_EQ(sys(SYS_munmap, p + 1, PAGE), -EINVAL);
	CHECK_EQ(sys(SYS_munmap, p, 0), -EINVAL);
	CHECK_EQ(sys(SYS_munmap, p, -1UL), -EINVAL);
	CHECK_EQ(sys(SYS_munmap, 0xffff800000000000, PAGE), -EINVAL);
	CHECK_EQ(sys(SYS_munmap, p + 2 * PAGE, 1), 0);	/* rounds up */
	CHECK_SEGV(probe_read(p + 2 * PAGE), p + 2 * PAGE, SEGV_MAPERR);
	CHECK_SEGV(probe_read(p + 3 * PAGE - 1), p + 3 * PAGE - 1, SEGV_MAPERR);
	CHECK_EQ(p[2 * PAGE - 1], 'x');
	CHECK_EQ(p[3 * PAGE], 'x');
	CHECK_EQ(sys(SYS_munmap, p, 6 * PAGE), 0);	/* holes inside are fine */
	CHECK_EQ(sys(SYS_munmap, p, 6 * PAGE), 0);	/* nothing there is fine too */
	CHECK_SEGV(probe_read(p + 5 * PAGE), p + 5 * PAGE, SEGV_MAPERR);
}

CASE(huge_reservations)
{
	const size_t len = 8UL << 30;
	char *p = map(NULL, len, PROT_NONE, PRIV | MAP_NORESERVE, -1, 0);

	REQUIRE((unsigned long)p < -4095UL);
	catch_faults();
	CHECK_SEGV(probe_read(p + (len >> 1)), p + (len >> 1), SEGV_ACCERR);
	CHECK_EQ(sys(SYS_mprotect, p + (4UL << 30), 16 * PAGE, RW), 0);
	p[(4UL << 30) + 5] = 'm';
	CHECK_EQ(p[(4UL << 30) + 5], 'm');
	CHECK_SEGV(probe_write(p + (4UL << 30) - 1), p + (4UL << 30) - 1, SEGV_ACCERR);
	CHECK_SEGV(probe_write(p + (4UL << 30) + 16 * PAGE), p + (4UL << 30) + 16 * PAGE, SEGV_ACCERR);
	CHECK_EQ(sys(SYS_munmap, p, len), 0);
}

/* What every glibc thread does: reserve twice the arena, keep the aligned part, open it piece by piece. */
CASE(arena_of_glibc)
{
	const size_t arena = 64UL << 20;
	char *p = map(NULL, 2 * arena, PROT_NONE, PRIV | MAP_NORESERVE, -1, 0), *a;

	REQUIRE((unsigned long)p < -4095UL);
	a = (char *)(((uintptr_t)p + arena - 1) & ~(arena - 1));
	if (a != p)
		CHECK_EQ(sys(SYS_munmap, p, a - p), 0);
	CHECK_EQ(sys(SYS_munmap, a + arena, p + arena - a), 0);
	CHECK_EQ(sys(SYS_mprotect, a, 33 * PAGE, RW), 0);
	CHECK_EQ(sys(SYS_mprotect, a + 33 * PAGE, 10 * PAGE, RW), 0);
	memset(a, 1, 43 * PAGE);
	CHECK_EQ(sys(SYS_munmap, a, arena), 0);
}

CASE(many_mappings)
{
	char *p = must_map(200, RW, PRIV);
	int i, bad = 0;

	for (i = 0; i < 200; i += 2)
		bad += sys(SYS_mprotect, p + i * PAGE, PAGE, R) != 0;
	CHECK_EQ(bad, 0);
	for (i = 1; i < 200; i += 2)
		p[i * PAGE] = 1;
	for (i = 0; i < 200; i += 3)
		bad += sys(SYS_munmap, p + i * PAGE, PAGE) != 0;
	CHECK_EQ(bad, 0);
	CHECK_EQ(sys(SYS_mprotect, p, 200 * PAGE, RW), -ENOMEM);	/* there are holes */
	CHECK_EQ(sys(SYS_munmap, p, 200 * PAGE), 0);
}

CASE(address_space_limit)
{
	struct rlimit limit = { 256 << 20, 256 << 20 };
	pid_t pid;
	char *p;

	IN_CHILD(pid) {
		if (sys(SYS_prlimit64, 0, RLIMIT_AS, &limit, NULL) == 0) {
			CHECK_EQ(map(NULL, 512 << 20, RW, PRIV, -1, 0), -ENOMEM);
			p = map(NULL, 16 << 20, RW, PRIV, -1, 0);
			CHECK((unsigned long)p < -4095UL);
		}
	}
	CHECK_EXIT(pid, 0);
}

/* ---- protection ----------------------------------------------------------------------------------------------- */

CASE(mprotect_splits_and_merges)
{
	char *p = must_map(5, RW, PRIV);
	int i;

	catch_faults();
	memset(p, 'k', 5 * PAGE);
	CHECK_EQ(sys(SYS_mprotect, p + PAGE, 3 * PAGE, R), 0);
	CHECK_EQ(sys(SYS_mprotect, p + 2 * PAGE, PAGE, PROT_NONE), 0);
	CHECK_EQ(probe_write(p), 0);
	CHECK_SEGV(probe_write(p + PAGE), p + PAGE, SEGV_ACCERR);
	CHECK_EQ(probe_read(p + PAGE), 0);
	CHECK_SEGV(probe_read(p + 2 * PAGE + 7), p + 2 * PAGE + 7, SEGV_ACCERR);
	CHECK_SEGV(probe_write(p + 3 * PAGE), p + 3 * PAGE, SEGV_ACCERR);
	CHECK_EQ(probe_write(p + 4 * PAGE), 0);
	CHECK_EQ(sys(SYS_mprotect, p, 5 * PAGE, RW), 0);
	for (i = 0; i < 5; i++) {
		CHECK_EQ(p[i * PAGE + 9], 'k');
		CHECK_EQ(probe_write(p + i * PAGE), 0);
	}
}

CASE(mprotect_errors)
{
	char *p = must_map(3, RW, PRIV);
	int fd;

	sys(SYS_munmap, p + PAGE, PAGE);
	CHECK_EQ(sys(SYS_mprotect, p + 1, PAGE, R), -EINVAL);
	CHECK_EQ(sys(SYS_mprotect, p, 3 * PAGE, R), -ENOMEM);
	CHECK_EQ(sys(SYS_mprotect, p + PAGE, PAGE, R), -ENOMEM);
	CHECK_EQ(sys(SYS_mprotect, p, -1UL, R), -ENOMEM);
	CHECK_EQ(sys(SYS_mprotect, 0xffff800000000000, PAGE, R), -ENOMEM);
	CHECK_EQ(sys(SYS_mprotect, p, 0, R), 0);
	CHECK_EQ(sys(SYS_mprotect, p, PAGE, 0x100), -EINVAL);
	scratch();
	put_file("f", "data", 4, 0600);
	fd = open("f", O_RDONLY);
	p = map(NULL, PAGE, R, MAP_SHARED, fd, 0);
	CHECK_EQ(sys(SYS_mprotect, p, PAGE, RW), -EACCES);
	CHECK_EQ(p[0], 'd');
}

/* Fix the page in the handler and go on: collectors and emulators live by it. */
static char *guarded;
static volatile sig_atomic_t repairs;

static void repair(int sig UNUSED, siginfo_t *info, void *context UNUSED)
{
	if (info->si_addr < (void *)guarded || info->si_addr >= (void *)(guarded + PAGE))
		_exit(99);
	repairs++;
	sys(SYS_mprotect, guarded, PAGE, RW);
}

CASE(handler_repairs_the_page)
{
	struct sigaction sa = { .sa_sigaction = repair, .sa_flags = SA_SIGINFO };

	guarded = must_map(1, R, PRIV);
	sigaction(SIGSEGV, &sa, NULL);
	*(volatile int *)(guarded + 40) = 77;
	CHECK_EQ(*(volatile int *)(guarded + 40), 77);
	CHECK_EQ(repairs, 1);
}

CASE(execute_permission)
{
	static const unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };	/* mov eax, 42; ret */
	char *p = must_map(1, RW, PRIV);

	memcpy(p, code, sizeof(code));
	catch_faults();
	CHECK_SEGV(probe_call(p), p, SEGV_ACCERR);
	CHECK_EQ(sys(SYS_mprotect, p, PAGE, R | X), 0);
	CHECK_EQ(((int (*)(void))(uintptr_t)p)(), 42);
	CHECK_SEGV(probe_write(p), p, SEGV_ACCERR);
	p = must_map(1, RW | X, PRIV);	/* Linux allows it, and compilers at run time need it */
	memcpy(p, code, sizeof(code));
	CHECK_EQ(((int (*)(void))(uintptr_t)p)(), 42);
}

CASE(own_image_is_protected)
{
	static const char constant[] = "constant";
	extern const char __ehdr_start[];

	catch_faults();
	CHECK_EQ(probe_write((char *)(uintptr_t)constant), SIGSEGV);
	CHECK_EQ(probe_write((char *)(uintptr_t)probe_write), SIGSEGV);
	CHECK_EQ(probe_write((char *)(uintptr_t)__ehdr_start), SIGSEGV);
	CHECK_EQ(probe_call((char *)(uintptr_t)constant), SIGSEGV);
}

CASE(bad_addresses)
{
	struct { char *at; int code; } const bad[] = {
		{ NULL, SEGV_MAPERR }, { (char *)8, SEGV_MAPERR }, { (char *)0x7fffffffefff, 0 },
		{ (char *)0xffff800000000000, 0 }, { (char *)0xffffffff80000000, 0 },
		{ (char *)-1L, 0 }, { (char *)0xffffffffff600000, 0 },
	};
	size_t i;

	catch_faults();
	for (i = 0; i < COUNT(bad); i++) {
		if ((long)bad[i].at == (long)0xffffffffff600000 && !on_exo())
			continue;	/* Linux's vsyscall page, sometimes readable */
		if (CHECK_EQ(probe_read(bad[i].at), SIGSEGV) && bad[i].code) {
			CHECK_EQ(probe_info.si_code, bad[i].code);
			CHECK_EQ(probe_info.si_addr, bad[i].at);
		}
		CHECK_EQ(probe_write(bad[i].at), SIGSEGV);
	}
	/* Not canonical, with five levels either: a general protection fault, without an address. */
	CHECK_EQ(probe_read((char *)0x1000000000000000), SIGSEGV);
	CHECK_EQ(probe_info.si_code, SI_KERNEL);
	CHECK_EQ(probe_info.si_addr, 0);
	CHECK_EQ(probe_call((char *)0x123456789abcdef0), SIGSEGV);
}

/* ---- files ---------------------------------------------------------------------------------------------------- */

static int make_file(const char *name, size_t len)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	static char block[PAGE];
	size_t i;

	REQUIRE(fd >= 0);
	for (i = 0; i < len; i++) {
		block[i % PAGE] = (char)('A' + i % 26);
		if (i % PAGE == PAGE - 1 || i == len - 1)
			REQUIRE_EQ(write(fd, block, i % PAGE + 1), i % PAGE + 1);
	}
	return fd;
}

CASE(file_private)
{
	int fd;
	char *p, back[10];

	scratch();
	fd = make_file("f", PAGE + 100);
	p = map(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
	REQUIRE((unsigned long)p < -4095UL);
	close(fd);	/* the mapping keeps the file */
	CHECK_EQ(p[0], 'A');
	CHECK_EQ(p[PAGE + 99], 'A' + (PAGE + 99) % 26);
	CHECK_EQ(p[PAGE + 100], 0);	/* zero to the end of the last page */
	CHECK_EQ(p[2 * PAGE - 1], 0);
	memcpy(p, "changed", 7);
	p[PAGE + 200] = 'z';
	fd = open("f", O_RDONLY);
	CHECK_EQ(pread(fd, back, 7, 0), 7);
	CHECK(memcmp(back, "ABCDEFG", 7) == 0);
	CHECK_EQ(lseek(fd, 0, SEEK_END), PAGE + 100);
}

CASE(file_private_at_an_offset)
{
	int fd;
	char *p;

	scratch();
	fd = make_file("f", 3 * PAGE);
	p = map(NULL, PAGE, R, MAP_PRIVATE, fd, 2 * PAGE);
	CHECK_EQ(p[5], 'A' + (2 * PAGE + 5) % 26);
}

CASE(file_shared_reads_and_writes)
{
	int fd;
	char *p, *q, back[8] = "";

	scratch();
	fd = make_file("f", PAGE + 10);
	p = map(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	q = map(NULL, 2 * PAGE, R, MAP_SHARED, fd, 0);
	memcpy(p + 100, "shared!", 7);
	CHECK(memcmp(q + 100, "shared!", 7) == 0);	/* coherent with the other mapping, */
	CHECK_EQ(pread(fd, back, 7, 100), 7);
	CHECK(memcmp(back, "shared!", 7) == 0);		/* with read, */
	CHECK_EQ(pwrite(fd, "written", 7, 200), 7);
	CHECK(memcmp(p + 200, "written", 7) == 0);	/* and with write */
	CHECK_EQ(sys(SYS_msync, p, 2 * PAGE, MS_SYNC), 0);
	CHECK_EQ(sys(SYS_msync, p, 2 * PAGE, MS_ASYNC), 0);
	CHECK_EQ(sys(SYS_munmap, p, 2 * PAGE), 0);
	fd = open("f", O_RDONLY);
	CHECK_EQ(pread(fd, back, 7, 100), 7);
	CHECK(memcmp(back, "shared!", 7) == 0);
}

CASE(file_grows_under_a_shared_mapping)
{
	int fd;
	char *p, back[4];

	scratch();
	fd = make_file("f", 10);
	p = map(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0);
	catch_faults();
	CHECK_EQ(probe_read(p + PAGE), SIGBUS);
	CHECK_EQ(probe_info.si_code, BUS_ADRERR);
	CHECK_EQ(probe_info.si_addr, p + PAGE);
	CHECK_EQ(ftruncate(fd, 2 * PAGE), 0);
	CHECK_EQ(probe_write(p + PAGE), 0);
	CHECK_EQ(pread(fd, back, 1, PAGE), 1);
	CHECK_EQ(back[0], 'w');
	CHECK_EQ(probe_write(p + 2 * PAGE), SIGBUS);
	/* And shrinks: pages past the new end are gone, the rest of the last page is zero. */
	CHECK_EQ(ftruncate(fd, 5), 0);
	CHECK_EQ(probe_read(p + PAGE), SIGBUS);
	CHECK_EQ(probe_read(p), 0);
	CHECK_EQ(p[4], 'E');
	CHECK_EQ(p[5], 0);
	CHECK_EQ(ftruncate(fd, PAGE), 0);
	CHECK_EQ(p[5], 0);
}

CASE(private_pages_after_truncate)
{
	int fd;
	char *p;

	scratch();
	fd = make_file("f", 2 * PAGE);
	p = map(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
	p[PAGE] = 'c';
	catch_faults();
	CHECK_EQ(ftruncate(fd, PAGE), 0);
	CHECK_EQ(probe_read(p + PAGE), SIGBUS);	/* even the written copy goes, on Linux */
}

/* The kernel's own access past the end of the file is EFAULT, no signal. */
CASE(system_call_past_end_of_file)
{
	int fd, out[2];
	char *p;

	scratch();
	fd = make_file("f", 10);
	REQUIRE_EQ(pipe(out), 0);
	p = map(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	CHECK_EQ(sys(SYS_write, out[1], p + PAGE, 4), -EFAULT);
	CHECK_EQ(sys(SYS_write, out[1], p, 4), 4);
	CHECK_EQ(sys(SYS_read, out[0], p + PAGE, 4), -EFAULT);
}

/* The loader's pattern: file pages, then the tail zeroed and anonymous pages over it. */
CASE(file_then_bss_over_it)
{
	int fd;
	char *p;

	scratch();
	fd = make_file("f", 3 * PAGE);
	p = map(NULL, 6 * PAGE, R, MAP_PRIVATE, fd, 0);
	CHECK_EQ(map(p + PAGE, PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, PAGE), p + PAGE);
	CHECK_EQ(map(p + 2 * PAGE, 3 * PAGE, RW, PRIV | MAP_FIXED, -1, 0), p + 2 * PAGE);
	memset(p + PAGE + 1000, 0, PAGE - 1000);
	CHECK_EQ(p[PAGE - 1], 'A' + (PAGE - 1) % 26);
	CHECK_EQ(p[PAGE + 999], 'A' + (PAGE + 999) % 26);
	CHECK_EQ(p[PAGE + 1000], 0);
	CHECK_EQ(p[4 * PAGE], 0);
	p[4 * PAGE] = 1;
}

CASE(dev_zero)
{
	int fd = open("/dev/zero", O_RDWR);
	char *p = map(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);

	REQUIRE(fd >= 0);
	REQUIRE((unsigned long)p < -4095UL);
	CHECK_EQ(p[PAGE], 0);
	p[PAGE] = 3;
}

/* ---- copy-on-write and sharing over fork ---------------------------------------------------------------------- */

CASE(copy_on_write_both_ways)
{
	char *p = must_map(8, RW, PRIV);
	int to_child[2], to_parent[2], i;
	pid_t pid;
	char c;

	memset(p, 'o', 8 * PAGE);
	REQUIRE_EQ(pipe(to_child), 0);
	REQUIRE_EQ(pipe(to_parent), 0);
	IN_CHILD(pid) {
		for (i = 0; i < 4; i++)
			p[i * PAGE] = 'c';
		(void)!write(to_parent[1], "1", 1);
		(void)!read(to_child[0], &c, 1);
		for (i = 0; i < 8; i++) {
			CHECK_EQ(p[i * PAGE], i < 4 ? 'c' : 'o');
			CHECK_EQ(p[i * PAGE + 1], 'o');
		}
	}
	(void)!read(to_parent[0], &c, 1);
	for (i = 0; i < 8; i++)
		CHECK_EQ(p[i * PAGE], 'o');
	for (i = 2; i < 8; i++)
		p[i * PAGE] = 'p';
	(void)!write(to_child[1], "2", 1);
	CHECK_EXIT(pid, 0);
	for (i = 0; i < 8; i++)
		CHECK_EQ(p[i * PAGE], i < 2 ? 'o' : 'p');
}

/* read() into a page shared by copy-on-write must break the sharing too. */
CASE(copy_on_write_by_the_kernel)
{
	char *p = must_map(1, RW, PRIV);
	int fd[2];
	pid_t pid;

	p[0] = 'o';
	REQUIRE_EQ(pipe(fd), 0);
	(void)!write(fd[1], "k", 1);
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_read, fd[0], p, 1), 1);
		CHECK_EQ(p[0], 'k');
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(p[0], 'o');
}

CASE(copy_on_write_generations)
{
	char *p = must_map(1, RW, PRIV);
	pid_t child, grandchild;

	p[0] = '1';
	IN_CHILD(child) {
		p[0] = '2';
		IN_CHILD(grandchild) {
			CHECK_EQ(p[0], '2');
			p[0] = '3';
		}
		CHECK_EXIT(grandchild, 0);
		CHECK_EQ(p[0], '2');
	}
	CHECK_EXIT(child, 0);
	CHECK_EQ(p[0], '1');
	p[0] = '4';	/* sole owner again */
	CHECK_EQ(p[0], '4');
}

CASE(protection_is_inherited_and_private)
{
	char *p = must_map(2, RW, PRIV);
	pid_t pid;

	sys(SYS_mprotect, p, PAGE, R);
	catch_faults();
	IN_CHILD(pid) {
		CHECK_SEGV(probe_write(p), p, SEGV_ACCERR);
		CHECK_EQ(sys(SYS_mprotect, p, PAGE, RW), 0);
		CHECK_EQ(probe_write(p), 0);
		CHECK_EQ(sys(SYS_munmap, p + PAGE, PAGE), 0);
	}
	CHECK_EXIT(pid, 0);
	CHECK_SEGV(probe_write(p), p, SEGV_ACCERR);
	CHECK_EQ(probe_write(p + PAGE), 0);
	CHECK_EQ(p[0], 0);
}

CASE(shared_anonymous)
{
	char *p = must_map(3, RW, SHARED_ANON);
	pid_t pid;

	p[0] = 'p';
	IN_CHILD(pid) {
		CHECK_EQ(p[0], 'p');
		p[1] = 'c';
		p[2 * PAGE] = 'd';	/* first touched after the fork */
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(p[1], 'c');
	CHECK_EQ(p[2 * PAGE], 'd');
	CHECK_EQ(p[PAGE], 0);
}

CASE(shared_file_over_fork)
{
	int fd;
	char *p;
	pid_t pid;

	scratch();
	fd = make_file("f", 100);
	p = map(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	IN_CHILD(pid) {
		p[3] = '!';
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(p[3], '!');
}

/* ---- mremap --------------------------------------------------------------------------------------------------- */

static char *mremap_raw(void *old, size_t old_len, size_t new_len, int flags, void *to)
{
	return (char *)sys(SYS_mremap, old, old_len, new_len, flags, to);
}

CASE(mremap_grows_and_shrinks)
{
	char *p = must_map(8, RW, PRIV), *q;

	catch_faults();
	memset(p, 'r', 8 * PAGE);
	CHECK_EQ(mremap_raw(p, 8 * PAGE, 3 * PAGE, 0, NULL), p);
	CHECK_SEGV(probe_read(p + 3 * PAGE), p + 3 * PAGE, SEGV_MAPERR);
	CHECK_EQ(mremap_raw(p, 3 * PAGE, 5 * PAGE, 0, NULL), p);	/* room behind it */
	CHECK_EQ(p[3 * PAGE - 1], 'r');
	CHECK_EQ(p[3 * PAGE], 0);	/* new pages are zero */
	/* Something in the way: moves with MAYMOVE, fails without. */
	CHECK_EQ(map(p + 5 * PAGE, PAGE, R, PRIV | MAP_FIXED, -1, 0), p + 5 * PAGE);
	CHECK_EQ(mremap_raw(p, 5 * PAGE, 6 * PAGE, 0, NULL), -ENOMEM);
	q = mremap_raw(p, 5 * PAGE, 20 * PAGE, MREMAP_MAYMOVE, NULL);
	REQUIRE((unsigned long)q < -4095UL && q != p);
	CHECK_EQ(q[0], 'r');
	CHECK_EQ(q[3 * PAGE - 1], 'r');
	CHECK_EQ(q[3 * PAGE], 0);
	CHECK_EQ(q[20 * PAGE - 1], 0);
	q[20 * PAGE - 1] = 1;
	CHECK_SEGV(probe_read(p), p, SEGV_MAPERR);
	CHECK_EQ(mremap_raw(q, 20 * PAGE, 20 * PAGE, 0, NULL), q);
}

CASE(mremap_fixed)
{
	char *p = must_map(2, RW, PRIV), *target = must_map(6, RW, PRIV);

	catch_faults();
	memcpy(p, "move", 4);
	memset(target, 't', 6 * PAGE);
	CHECK_EQ(mremap_raw(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + PAGE), target + PAGE);
	CHECK(memcmp(target + PAGE, "move", 4) == 0);
	CHECK_EQ(target[PAGE - 1], 't');
	CHECK_EQ(target[2 * PAGE], 0);
	CHECK_EQ(target[3 * PAGE], 't');
	CHECK_SEGV(probe_read(p), p, SEGV_MAPERR);
}

CASE(mremap_part_of_a_mapping)
{
	char *p = must_map(6, RW, PRIV), *q;
	int i;

	catch_faults();
	for (i = 0; i < 6; i++)
		p[i * PAGE] = (char)('0' + i);
	q = mremap_raw(p + 2 * PAGE, 2 * PAGE, 8 * PAGE, MREMAP_MAYMOVE, NULL);
	REQUIRE((unsigned long)q < -4095UL);
	CHECK_EQ(q[0], '2');
	CHECK_EQ(q[PAGE], '3');
	CHECK_EQ(p[PAGE], '1');
	CHECK_EQ(p[4 * PAGE], '4');
	CHECK_SEGV(probe_read(p + 2 * PAGE), p + 2 * PAGE, SEGV_MAPERR);
}

CASE(mremap_errors)
{
	char *p = must_map(4, RW, PRIV);
	long ret;

	CHECK_EQ(mremap_raw(p + 1, PAGE, PAGE, 0, NULL), -EINVAL);
	CHECK_EQ(mremap_raw(p, PAGE, 0, 0, NULL), -EINVAL);
	CHECK_EQ(mremap_raw(p, PAGE, PAGE, 8, NULL), -EINVAL);
	CHECK_EQ(mremap_raw(p, PAGE, PAGE, MREMAP_FIXED, p), -EINVAL);
	CHECK_EQ(mremap_raw(p, 2 * PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p), -EINVAL);	/* overlap */
	CHECK_EQ(mremap_raw(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + 1), -EINVAL);
	ret = (long)mremap_raw(p, PAGE, 1UL << 57, MREMAP_MAYMOVE, NULL);
	CHECK(ret == -EINVAL || ret == -ENOMEM);	/* older Linux says ENOMEM */
	sys(SYS_munmap, p, 4 * PAGE);
	CHECK_EQ(mremap_raw(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE, NULL), -EFAULT);
}

CASE(mremap_file_mapping)
{
	char *p, c;
	int fd;

	scratch();
	fd = make_file("f", 4 * PAGE);
	p = map(NULL, PAGE, RW, MAP_SHARED, fd, PAGE);
	p = mremap_raw(p, PAGE, 3 * PAGE, MREMAP_MAYMOVE, NULL);
	REQUIRE((unsigned long)p < -4095UL);
	CHECK_EQ(p[2 * PAGE], 'A' + 3 * PAGE % 26);
	p[2 * PAGE] = '#';
	CHECK_EQ(pread(fd, &c, 1, 3 * PAGE), 1);
	CHECK_EQ(c, '#');
}

/* ---- msync, madvise, brk, stack ------------------------------------------------------------------------------- */

CASE(msync_errors)
{
	char *p = must_map(3, RW, PRIV);

	CHECK_EQ(sys(SYS_msync, p, 3 * PAGE, MS_SYNC), 0);
	CHECK_EQ(sys(SYS_msync, p, 0, MS_SYNC), 0);
	CHECK_EQ(sys(SYS_msync, p, PAGE, MS_SYNC | MS_ASYNC), -EINVAL);
	CHECK_EQ(sys(SYS_msync, 1UL << 57, PAGE, 0), -ENOMEM);	/* nothing there nor above */
	CHECK_EQ(sys(SYS_msync, -PAGE, PAGE, 0), -ENOMEM);
	CHECK_EQ(sys(SYS_msync, -PAGE, 2 * PAGE, 0), -ENOMEM);
	CHECK_EQ(sys(SYS_msync, p, PAGE, 0x100), -EINVAL);
	CHECK_EQ(sys(SYS_msync, p + 1, PAGE, MS_SYNC), -EINVAL);
	sys(SYS_munmap, p + PAGE, PAGE);
	CHECK_EQ(sys(SYS_msync, p, 3 * PAGE, MS_SYNC), -ENOMEM);
}

CASE(madvise_dontneed_zeroes)
{
	char *p = must_map(4, RW, PRIV);
	int fd;

	memset(p, 'd', 4 * PAGE);
	CHECK_EQ(sys(SYS_madvise, p + PAGE, 2 * PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(p[PAGE - 1], 'd');
	CHECK_EQ(p[PAGE], 0);
	CHECK_EQ(p[3 * PAGE - 1], 0);
	CHECK_EQ(p[3 * PAGE], 'd');
	p[PAGE] = 'n';
	CHECK_EQ(p[PAGE], 'n');
	/* Of a private file mapping it brings back the file; of a shared one it loses nothing. */
	scratch();
	fd = make_file("f", PAGE);
	p = map(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
	p[0] = '?';
	CHECK_EQ(sys(SYS_madvise, p, PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(p[0], 'A');
	p = map(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	p[0] = '!';
	CHECK_EQ(sys(SYS_madvise, p, PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(p[0], '!');
}

CASE(madvise_dontneed_after_fork)
{
	char *p = must_map(1, RW, PRIV);
	pid_t pid;

	p[0] = 'f';
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_madvise, p, PAGE, MADV_DONTNEED), 0);
		CHECK_EQ(p[0], 0);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(p[0], 'f');
}

CASE(madvise_others_and_errors)
{
	static const int advice[] = { MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTFORK,
				      MADV_DOFORK };
	char *p = must_map(3, RW, PRIV);
	size_t i;

	p[0] = 'k';
	for (i = 0; i < COUNT(advice); i++)
		CHECK_EQ(sys(SYS_madvise, p, 3 * PAGE, advice[i]), 0);
	CHECK_EQ(p[0], 'k');
	CHECK_EQ(sys(SYS_madvise, p, 0, MADV_DONTNEED), 0);
	CHECK_EQ(sys(SYS_madvise, p + 1, PAGE, MADV_DONTNEED), -EINVAL);
	CHECK_EQ(sys(SYS_madvise, p, -1UL, MADV_DONTNEED), -EINVAL);
	sys(SYS_munmap, p + PAGE, PAGE);
	CHECK_EQ(sys(SYS_madvise, p, 3 * PAGE, MADV_DONTNEED), -ENOMEM);
	CHECK_EQ(p[0], 0);	/* what was there has been done */
	CHECK_EQ(sys(SYS_madvise, p + PAGE, PAGE, MADV_DONTNEED), -ENOMEM);
}

CASE(program_break)
{
	unsigned long start = (unsigned long)sys(SYS_brk, 0), now;
	char *p;

	if ((long)start <= 0)
		SKIP("no brk");
	now = (unsigned long)sys(SYS_brk, start + 10 * PAGE);
	REQUIRE_EQ(now, start + 10 * PAGE);
	p = (char *)start;
	CHECK_EQ(p[0], 0);
	memset(p, 'b', 10 * PAGE);
	CHECK_EQ(sys(SYS_brk, start + 2 * PAGE), start + 2 * PAGE);
	catch_faults();
	p = (char *)((start + 2 * PAGE + PAGE - 1) & ~(PAGE - 1));
	CHECK_EQ(probe_read(p), SIGSEGV);
	CHECK_EQ(sys(SYS_brk, start + 5 * PAGE), start + 5 * PAGE);
	CHECK_EQ(probe_read(p), 0);
	CHECK_EQ(*p, 0);	/* given back and taken again: zero */
	/* Impossible wishes answer with the break as it is. */
	CHECK_EQ(sys(SYS_brk, 1), start + 5 * PAGE);
	CHECK_EQ(sys(SYS_brk, 0xffff800000000000), start + 5 * PAGE);
	CHECK_EQ(sys(SYS_brk, -1), start + 5 * PAGE);	/* rounded up to a page it is 0 */
	CHECK_EQ(sys(SYS_brk, -4095), start + 5 * PAGE);
	CHECK_EQ(sys(SYS_brk, start), start);
}

static int use_stack(int depth)
{
	volatile char frame[8192];

	frame[0] = (char)(depth & 63);
	frame[8191] = (char)((depth & 63) + 1);
	return depth == 0 ? 0 : use_stack(depth - 1) + (frame[8191] - frame[0] != 1);
}

CASE(stack_grows)
{
	CHECK_EQ(use_stack(400), 0);	/* 3.2 MiB of the usual 8 */
}

CASE(stack_overflow_is_a_signal)
{
	struct rlimit limit = { 1 << 20, 1 << 20 }, no_core = { 0, 0 };
	pid_t pid;

	IN_CHILD(pid) {
		setrlimit(RLIMIT_CORE, &no_core);
		CHECK_EQ(sys(SYS_prlimit64, 0, RLIMIT_STACK, &limit, NULL), 0);
		use_stack(10000);
	}
	CHECK_KILLED(pid, SIGSEGV);
}

static char overflow_stack[65536];

static void on_overflow(int sig UNUSED, siginfo_t *info UNUSED, void *context UNUSED)
{
	char here;

	_exit(&here > overflow_stack && &here < overflow_stack + sizeof(overflow_stack) ? 23 : 24);
}

CASE(stack_overflow_caught_on_another_stack)
{
	struct sigaction sa = { .sa_sigaction = on_overflow, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t ss = { .ss_sp = overflow_stack, .ss_size = sizeof(overflow_stack) };
	struct rlimit limit = { 1 << 20, 1 << 20 };
	pid_t pid;

	IN_CHILD(pid) {
		sys(SYS_prlimit64, 0, RLIMIT_STACK, &limit, NULL);
		CHECK_EQ(sys(SYS_sigaltstack, &ss, NULL), 0);
		sigaction(SIGSEGV, &sa, NULL);
		use_stack(10000);
	}
	CHECK_EXIT(pid, 23);
}

/* Calls fault pages in on behalf of the program: never touched, copy-on-write, and over page boundaries. */
CASE(system_calls_fault_pages_in)
{
	char *from = must_map(16, RW, PRIV), *to = must_map(16, RW, PRIV);
	int fd[2];

	memset(from, 'q', 16 * PAGE);
	REQUIRE_EQ(pipe(fd), 0);
	CHECK_EQ(sys(SYS_write, fd[1], from + 100, 15 * PAGE), 15 * PAGE);
	CHECK_EQ(sys(SYS_read, fd[0], to + 3000, 15 * PAGE), 15 * PAGE);
	CHECK_EQ(to[2999], 0);
	CHECK(memcmp(to + 3000, from, 15 * PAGE) == 0);
	CHECK_EQ(to[3000 + 15 * PAGE], 0);
}

/* Map, touch, unmap again and again: whatever leaks shows as exhaustion. */
CASE(churn)
{
	int i, bad = 0;
	char *p;

	for (i = 0; i < 300; i++) {
		p = map(NULL, 256 * PAGE, RW, PRIV, -1, 0);
		if ((unsigned long)p >= -4095UL) {
			bad++;
			continue;
		}
		p[0] = p[100 * PAGE] = p[255 * PAGE] = 1;
		bad += sys(SYS_munmap, p, 256 * PAGE) != 0;
	}
	CHECK_EQ(bad, 0);
}

/* ---- residency and locking ------------------------------------------------------------------------------------ */

CASE(mincore_tells_what_was_touched)
{
	unsigned char vec[4] = { 9, 9, 9, 9 };
	char *p = must_map(4, RW, PRIV);

	p[0] = 1;
	p[2 * PAGE] = 1;
	CHECK_EQ(sys(SYS_mincore, p, 4 * PAGE, vec), 0);
	CHECK_EQ(vec[0] & 1, 1);
	CHECK_EQ(vec[1] & 1, 0);
	CHECK_EQ(vec[2] & 1, 1);
	CHECK_EQ(sys(SYS_mincore, p + 1, PAGE, vec), -EINVAL);
	CHECK_EQ(sys(SYS_mincore, p, 4 * PAGE, NULL), -EFAULT);
	CHECK_EQ(sys(SYS_munmap, p + PAGE, PAGE), 0);
	CHECK_EQ(sys(SYS_mincore, p, 4 * PAGE, vec), -ENOMEM);
}

CASE(mlockall_and_back)
{
	char *p;

	CHECK_EQ(sys(SYS_mlockall, 0), -EINVAL);
	CHECK_EQ(sys(SYS_mlockall, 8), -EINVAL);
	CHECK_EQ(sys(SYS_mlockall, MCL_ONFAULT), -EINVAL);
	if (sys(SYS_mlockall, MCL_FUTURE) == 0) {
		unsigned char vec = 0;

		p = map(NULL, PAGE, RW, PRIV, -1, 0);
		if ((unsigned long)p < -4095UL) {	/* locked at once, so present */
			CHECK_EQ(sys(SYS_mincore, p, PAGE, &vec), 0);
			CHECK_EQ(vec & 1, 1);
			CHECK_EQ(sys(SYS_madvise, p, PAGE, MADV_DONTNEED), -EINVAL);
		}
	}
	CHECK_EQ(sys(SYS_munlockall), 0);
}

CASE(mlock2_and_munlock)
{
	unsigned char vec[4] = { 0 };
	char *p = must_map(4, RW, PRIV);

	CHECK_EQ(sys(SYS_mlock2, p, 2 * PAGE, 0), 0);	/* at once */
	CHECK_EQ(sys(SYS_mincore, p, 4 * PAGE, vec), 0);
	CHECK((vec[0] & 1) && (vec[1] & 1) && !(vec[2] & 1));
	CHECK_EQ(sys(SYS_mlock2, p + 2 * PAGE, PAGE, 1 /* MLOCK_ONFAULT */), 0);	/* when touched */
	CHECK_EQ(sys(SYS_mincore, p, 4 * PAGE, vec), 0);
	CHECK_EQ(vec[2] & 1, 0);
	CHECK_EQ(sys(SYS_madvise, p, PAGE, MADV_DONTNEED), -EINVAL);	/* locked memory is not given away */
	CHECK_EQ(sys(SYS_munlock, p, 4 * PAGE), 0);
	CHECK_EQ(sys(SYS_madvise, p, PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(sys(SYS_mlock, p + 1, 1), 0);	/* whole pages are meant */
	CHECK_EQ(sys(SYS_munlock, p + 1, 1), 0);
	CHECK_EQ(sys(SYS_mlock2, p, PAGE, 2), -EINVAL);
	CHECK_EQ(sys(SYS_munmap, p + PAGE, PAGE), 0);
	CHECK_EQ(sys(SYS_mlock2, p, 3 * PAGE, 0), -ENOMEM);	/* a hole */
	CHECK_EQ(sys(SYS_munlock, p, 3 * PAGE), -ENOMEM);
	CHECK_EQ(sys(SYS_munlock, p, -PAGE), -EINVAL);	/* around the end of all addresses */
	CHECK_EQ(sys(SYS_mlock, p, 0), 0);
}

CASE(lock_limit)
{
	struct rlimit limit = { 2 * PAGE, 2 * PAGE };
	char *p = must_map(4, RW, PRIV);
	pid_t pid;

	IN_CHILD(pid) {
		REQUIRE(!is_root() || drop_root());
		REQUIRE_EQ(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
		CHECK_EQ(sys(SYS_mlock, p, 2 * PAGE), 0);
		CHECK_EQ(sys(SYS_mlock, p + 2 * PAGE, PAGE), -ENOMEM);
		CHECK_EQ(sys(SYS_mlock, p, PAGE), 0);	/* again the same: counted once */
		CHECK_EQ(sys(SYS_munlock, p, PAGE), 0);
		CHECK_EQ(sys(SYS_mlock, p + 2 * PAGE, PAGE), 0);
		CHECK_EQ(sys(SYS_mlockall, MCL_CURRENT), -ENOMEM);
		REQUIRE_EQ(sys(SYS_munlockall), 0);
		limit.rlim_cur = limit.rlim_max = 0;
		REQUIRE_EQ(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
		CHECK_EQ(sys(SYS_mlock, p, PAGE), -EPERM);	/* nothing at all is allowed */
	}
	CHECK_EXIT(pid, 0);
}

/* ---- large pages ---------------------------------------------------------------------------------------------- */

#define LARGE (2UL << 20)

/* An aligned region whose first page was written to; KiB of large pages that this made (0 on a Linux without). */
static char *large_region(size_t len, long *made)
{
	long before = meminfo_kib("AnonHugePages:");
	char *p = must_map((len + LARGE) / PAGE, RW, PRIV);

	p = (char *)(((unsigned long)p + LARGE - 1) & ~(LARGE - 1));
	sys(SYS_madvise, p, len, MADV_HUGEPAGE);
	p[0] = 1;
	*made = meminfo_kib("AnonHugePages:") - before;
	return p;
}

CASE(large_page_on_first_write)
{
	long made;
	char *p = large_region(LARGE, &made);
	unsigned long i;

	if (on_exo())
		CHECK_EQ(made, 2048);
	for (i = PAGE; i < LARGE; i += PAGE)
		CHECK_EQ(p[i], 0);
	/* A part goes; what is left keeps its bytes. */
	for (i = 0; i < LARGE; i += PAGE)
		p[i] = (char)(i / PAGE);
	CHECK_EQ(sys(SYS_munmap, p + 5 * PAGE, PAGE), 0);
	if (on_exo())
		CHECK_EQ(meminfo_kib("AnonHugePages:"), 0);
	for (i = 0; i < LARGE; i += PAGE)
		if (i != 5 * PAGE)
			CHECK_EQ(p[i], (char)(i / PAGE));
}

CASE(large_page_and_fork)
{
	long made;
	char *p = large_region(LARGE, &made);
	unsigned long i;
	pid_t pid;

	for (i = 0; i < LARGE; i += PAGE)
		p[i + 7] = (char)(i / PAGE);
	IN_CHILD(pid) {
		p[3 * PAGE + 7] = 99;
		for (i = 0; i < LARGE; i += PAGE)
			CHECK_EQ(p[i + 7], i == 3 * PAGE ? 99 : (char)(i / PAGE));
	}
	p[4 * PAGE + 7] = 98;
	CHECK_EXIT(pid, 0);
	for (i = 0; i < LARGE; i += PAGE)
		CHECK_EQ(p[i + 7], i == 4 * PAGE ? 98 : (char)(i / PAGE));
	/* Alone again: the whole may be written to. */
	memset(p, 5, LARGE);
	CHECK_EQ(p[LARGE - 1], 5);
}

CASE(large_page_protected_in_part)
{
	long made;
	char *p = large_region(LARGE, &made);
	pid_t pid;

	memset(p, 1, LARGE);
	CHECK_EQ(sys(SYS_mprotect, p + 8 * PAGE, PAGE, R), 0);
	IN_CHILD(pid) {
		p[9 * PAGE] = 2;
		p[7 * PAGE] = 2;
		p[8 * PAGE] = 2;
	}
	CHECK_KILLED(pid, SIGSEGV);
	CHECK_EQ(sys(SYS_mprotect, p, LARGE, PROT_NONE), 0);
	CHECK_EQ(sys(SYS_mprotect, p, LARGE, RW), 0);
	CHECK_EQ(p[8 * PAGE], 1);
	CHECK_EQ(sys(SYS_madvise, p + 100 * PAGE, 3 * PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(p[99 * PAGE], 1);
	CHECK_EQ(p[100 * PAGE], 0);
	CHECK_EQ(p[103 * PAGE], 1);
}

CASE(large_pages_can_be_declined)
{
	long before = meminfo_kib("AnonHugePages:");
	char *p = must_map(4 * LARGE / PAGE, RW, PRIV);

	CHECK_EQ(sys(SYS_madvise, p, 4 * LARGE, MADV_NOHUGEPAGE), 0);
	p[LARGE] = p[2 * LARGE] = 1;
	if (on_exo())
		CHECK_EQ(meminfo_kib("AnonHugePages:"), before);
	CHECK_EQ(sys(SYS_prctl, PR_SET_THP_DISABLE, 1, 0, 0, 0), 0);
	CHECK_EQ(sys(SYS_prctl, PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
	p = must_map(4 * LARGE / PAGE, RW, PRIV);
	p[LARGE] = p[2 * LARGE] = 1;
	if (on_exo())
		CHECK_EQ(meminfo_kib("AnonHugePages:"), before);
	CHECK_EQ(sys(SYS_prctl, PR_SET_THP_DISABLE, 0, 0, 0, 0), 0);
}
