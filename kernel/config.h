/* SPDX-License-Identifier: MIT */
/*
 * Sizes fixed at build time, and the profile switches, which the Makefile
 * defines as 0 or 1 on every command line so that code says if (CONFIG_X).
 *   CONFIG_DEBUG  assertions, lock order, poison, stack use
 *   CONFIG_TESTS  the *_test.c suites are linked in
 *   CONFIG_UBSAN, CONFIG_KASAN  compiler instrumentation
 */
#pragma once

#define NR_CPUS  128u
#define NR_NODES 16u
