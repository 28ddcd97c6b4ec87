/* SPDX-License-Identifier: MIT */
/*
 * Last words. Order: stop everybody else, say the cause in one sentence, then
 * who ran, what was held, registers, trace, the others' traces, and the log
 * that led here; then halt, reboot or leave the emulator. Takes no lock from
 * the first step on; a panic inside a panic says its sentence and stops.
 */
#include <kernel/core/panic.h>

#include <arch/atomic.h>
#include <arch/context.h>
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/screen.h>
#include <arch/smp.h>
#include <arch/unwind.h>
#include <kernel/core/cmdline.h>
#include <kernel/core/ksym.h>
#include <kernel/core/log.h>
#include <kernel/core/panic_hooks.h>
#include <kernel/core/spinlock.h>
#include <kernel/lib/format.h>
#include <kernel/lib/string.h>

#define TRACE_MAX 24u
#define TAIL_BYTES 2048u
#define EXIT_PANIC 0x31 /* isa-debug-exit code that tools/exo knows */
#define NO_CPU NR_CPUS
#define FRAME ((u64)(uintptr_t)__builtin_frame_address(0))

static cpu_t panic_cpu = NO_CPU; /* atomic */
static u32 bug_count;            /* atomic */

bool panic_in_progress(void)
{
	return atomic_load_relaxed(&panic_cpu) != NO_CPU;
}

static void log_trace(enum log_level level, const u64 *pcs, size_t n)
{
	char name[80];

	/* Return addresses: one less is in the call, even where nothing follows it. */
	for (size_t i = 0; i < n; i++)
		log_write(level, "  %s", ksym_format(name, sizeof(name), pcs[i] - 1));
}

static void log_trace_from(enum log_level level, u64 rbp)
{
	u64 pcs[TRACE_MAX];

	log_trace(level, pcs, unwind(rbp, pcs, TRACE_MAX));
}

static void log_spinlocks(void)
{
	struct cpu *cpu = this_cpu();
	u32 n = MIN(cpu->spin_depth, (u32)ARRAY_SIZE(cpu->held));

	for (u32 i = 0; CONFIG_DEBUG && i < n; i++) {
		const struct spinlock *lock = cpu->held[i];

		log_write(LOG_EMERG, "holds spinlock %s", lock->name);
	}
}

/* The end of the log as it was before the panic, taken before the report is
 * logged too. The ring can only be read from its beginning on. */
static char tail[TAIL_BYTES];
static size_t tail_len;

static void tail_append(const char *text, size_t len)
{
	size_t over = tail_len + len > TAIL_BYTES ? tail_len + len - TAIL_BYTES : 0;

	memmove(tail, tail + over, tail_len - over);
	tail_len -= over;
	memcpy(tail + tail_len, text, len);
	tail_len += len;
}

static void tail_save(void)
{
	static char chunk[512];
	u64 pos = log_begin();
	size_t n;

	while ((n = log_read(&pos, chunk, sizeof(chunk))))
		tail_append(chunk, n);
}

static void tail_print(void)
{
	log_write(LOG_EMERG, "the log before:");
	log_console_write(tail, tail_len);
}

static __noreturn void finish(void)
{
	screen_draw();
	switch (boot_options.panic) {
	case PANIC_REBOOT:
		machine_stop(MACHINE_REBOOT);
	case PANIC_EXIT:
		machine_exit(EXIT_PANIC);
		break;
	case PANIC_HALT:
		break;
	}
	cpu_halt_forever();
}

/* @rbp: frame of panic(), whose caller is the first to be named; with @tf not used. */
static void report(const struct trapframe *tf, u64 rbp)
{
	char name[80];

	log_write(LOG_EMERG, "on CPU %u, %u online", this_cpu()->id, nr_cpus_online);
	panic_describe_thread();
	log_spinlocks();
	if (tf) {
		context_log(tf);
		log_write(LOG_EMERG, "trace: %s", ksym_format(name, sizeof(name), tf->rip));
		log_trace_from(LOG_EMERG, tf->rbp ? tf->rbp : 1);
	} else {
		log_write(LOG_EMERG, "trace:");
		log_trace_from(LOG_EMERG, rbp);
	}
	smp_log_stopped();
	tail_print();
}

static __noreturn void panic_common(const struct trapframe *tf, u64 rbp, const char *fmt,
				    va_list ap)
{
	static char sentence[256];
	cpu_t me = this_cpu()->id, none = NO_CPU;

	irq_disable();
	if (!atomic_cmpxchg(&panic_cpu, &none, me)) {
		if (none != me)
			cpu_halt_forever();
		/* The report itself failed: no more than the sentence. */
		vsnprintf(sentence, sizeof(sentence), fmt, ap);
		log_console_write("PANIC in a panic: ", 18);
		log_console_write(sentence, strlen(sentence));
		log_console_write("\n", 1);
		finish();
	}
	log_panic_mode();
	tail_save();
	smp_stop_others();
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	log_write(LOG_EMERG, "PANIC: %s", sentence);
	report(tf, rbp);
	/* On a screen the report has pushed the sentence off the top. */
	screen_log("\033[1;37;41mPANIC: ", 17);
	screen_log(sentence, strlen(sentence));
	screen_log("\033[m\n", 4);
	finish();
}

__noreturn void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	panic_common(NULL, FRAME, fmt, ap);
}

__noreturn void panic_at(const struct trapframe *tf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	panic_common(tf, 0, fmt, ap);
}

void bug_report(const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	atomic_add_relaxed(&bug_count, 1);
	log_err("BUG: %s", text);
	log_trace_from(LOG_ERR, FRAME);
}
