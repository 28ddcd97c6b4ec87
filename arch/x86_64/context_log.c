/* SPDX-License-Identifier: MIT */
/* Registers as log lines, with their bits by name. */
#include <arch/context.h>

#include <kernel/core/ksym.h>
#include <kernel/core/log.h>
#include <kernel/lib/format.h>
#include <kernel/lib/string.h>

#include "regs.h"
#include "trap.h"

struct bit_name {
	u8 bit;
	const char *name;
};

/* Intel SDM vol. 3 §2.3 (RFLAGS), §2.5 (CR0, CR4), §4.7 (page-fault code). */
static const struct bit_name rflags_bits[] = {
	{ 0, "CF" }, { 2, "PF" }, { 4, "AF" }, { 6, "ZF" }, { 7, "SF" }, { 8, "TF" }, { 9, "IF" },
	{ 10, "DF" }, { 11, "OF" }, { 14, "NT" }, { 16, "RF" }, { 18, "AC" }, { 21, "ID" },
	{ 0, NULL },
};
static const struct bit_name cr0_bits[] = {
	{ 0, "PE" }, { 1, "MP" }, { 2, "EM" }, { 3, "TS" }, { 5, "NE" }, { 16, "WP" },
	{ 18, "AM" }, { 29, "NW" }, { 30, "CD" }, { 31, "PG" }, { 0, NULL },
};
static const struct bit_name cr4_bits[] = {
	{ 5, "PAE" }, { 6, "MCE" }, { 7, "PGE" }, { 9, "OSFXSR" }, { 10, "OSXMMEXCPT" },
	{ 11, "UMIP" }, { 12, "LA57" }, { 16, "FSGSBASE" }, { 17, "PCIDE" }, { 18, "OSXSAVE" },
	{ 20, "SMEP" }, { 21, "SMAP" }, { 0, NULL },
};
static const struct bit_name pf_bits[] = {
	{ 0, "present" }, { 1, "write" }, { 2, "user" }, { 3, "reserved" }, { 4, "fetch" },
	{ 0, NULL },
};

static const char *decode(char *buf, size_t size, u64 value, const struct bit_name *bits)
{
	size_t at = 0;

	buf[0] = 0;
	for (; bits->name && at + 14 < size; bits++)
		if (value >> bits->bit & 1)
			at += (size_t)snprintf(buf + at, size - at, " %s", bits->name);
	return buf;
}

static void log_bits(const char *name, u64 value, const struct bit_name *bits)
{
	char text[100];

	log_write(LOG_EMERG, "%s %#llx%s", name, (unsigned long long)value,
		  decode(text, sizeof(text), value, bits));
}

static void log_four(const char *names, u64 a, u64 b, u64 c, u64 d)
{
	log_write(LOG_EMERG, "%.3s %016llx  %.3s %016llx  %.3s %016llx  %.3s %016llx", names,
		  (unsigned long long)a, names + 3, (unsigned long long)b, names + 6,
		  (unsigned long long)c, names + 9, (unsigned long long)d);
}

void context_log(const struct trapframe *tf)
{
	char where[80];

	log_write(LOG_EMERG, "rip %s (%#llx) cs %#llx, vector %llu error %#llx",
		  ksym_format(where, sizeof(where), tf->rip), (unsigned long long)tf->rip,
		  (unsigned long long)tf->cs, (unsigned long long)tf->vector,
		  (unsigned long long)tf->error);
	if (tf->vector == TRAP_PF)
		log_bits("page fault", tf->error, pf_bits);
	log_four("raxrbxrcxrdx", tf->rax, tf->rbx, tf->rcx, tf->rdx);
	log_four("rsirdirbprsp", tf->rsi, tf->rdi, tf->rbp, tf->rsp);
	log_four("r8 r9 r10r11", tf->r8, tf->r9, tf->r10, tf->r11);
	log_four("r12r13r14r15", tf->r12, tf->r13, tf->r14, tf->r15);
	log_bits("rflags", tf->rflags, rflags_bits);
	log_bits("cr0", cr0_read(), cr0_bits);
	log_bits("cr4", cr4_read(), cr4_bits);
	log_write(LOG_EMERG, "cr2 %#llx cr3 %#llx", (unsigned long long)cr2_read(),
		  (unsigned long long)cr3_read());
}
