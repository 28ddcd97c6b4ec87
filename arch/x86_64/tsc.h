/* SPDX-License-Identifier: MIT */
/* tsc.c's part on other CPUs. */
#pragma once

/** time_init_cpu - the timer's mode on this CPU, after lapic_init_cpu() */
void time_init_cpu(void);
