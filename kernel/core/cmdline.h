/* SPDX-License-Identifier: MIT */
/*
 * The boot line: one table of known words, in cmdline.c, which `help` prints
 * too. Unknown words go to init, as Linux does: key=value into its environment,
 * bare words into its arguments; what follows "--" are arguments of init.
 */
#pragma once

#include <kernel/lib/types.h>

struct boot_options {
	u32 loglevel;          /* loglevel=0..7, default 6 */
	char init[128];        /* init=PATH, default /sbin/init */
	u32 smp;               /* smp=N, at most that many CPUs; 0: all */
	bool ktest;            /* ktest: run the in-kernel suites before init */
	char ktest_filter[64]; /* ktest=PREFIX */
	enum { PANIC_HALT, PANIC_REBOOT, PANIC_EXIT } panic; /* panic=, default halt */
	enum { RESET_ACPI, RESET_KBC, RESET_TRIPLE } reset; /* reboot=, default acpi */
	u32 fail_nth;          /* fail_nth=N: the Nth allocation of init or its children fails */
	bool ubsan_panic;      /* ubsan=panic */
	bool memtest;          /* memtest: test free memory first, leave bad pages out */
	bool kbench;           /* kbench: measure inside the kernel before init */
	enum { APIC_BEST, APIC_X1, APIC_X2 } apic; /* apic=xapic|x2apic, default x2APIC if there */
	u32 consoles;          /* console=ttyS0|tty1, repeatable: BIT(CONSOLE_x); default all */
	enum { CONSOLE_ANY, CONSOLE_SERIAL, CONSOLE_SCREEN } console; /* the last one named */
	char keymap[8];        /* keymap=us|fr|de, default us */
	u32 dentries;          /* dentries=N: limit of the cache of names, default 2048 */
	u32 inodes;            /* inodes=N: limit of the cache of inodes, default 1024 */
	bool tsc_deadline;     /* tsc_deadline: APIC timer by TSC deadline */
	bool tsc_unsteady;     /* tsc_unsteady: as if the CPUs' TSCs differed */
};

extern struct boot_options boot_options;

/** cmdline_parse - fill boot_options from @line; complaints are logged */
void cmdline_parse(const char *line);

/** cmdline_raw - the line as given, for /proc/cmdline */
const char *cmdline_raw(void);

/** cmdline_init_args, cmdline_init_env - the n-th word for init, NULL at the end */
const char *cmdline_init_arg(u32 n);
const char *cmdline_init_env(u32 n);

/** cmdline_help - the table of words as log lines */
void cmdline_help(void);
