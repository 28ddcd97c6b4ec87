/* SPDX-License-Identifier: MIT */
/* tsc.c's part on other CPUs. */
#pragma once

#include <kernel/lib/types.h>

/** time_compare - for @ns, read the counter against what other CPUs read meanwhile;
 * the CPUs that start and the one that waits for them */
void time_compare(ns_t ns);

/** time_init_cpu - the timer's mode on this CPU, after lapic_init_cpu() */
void time_init_cpu(void);
