/* SPDX-License-Identifier: MIT */
/* The vDSO in address spaces: clocks without a system call (arch/x86_64/vdso/). */
#pragma once

#include <kernel/lib/types.h>

struct aspace;

/** vdso_init - the object that all programs map; once, after aspace_init() */
void vdso_init(void);

/** vdso_map - the vDSO, and the page of numbers below it, into @as
 * @hint: where, if there is room; 0: the space chooses. Return: 0 and *ehdr, the
 * address of its ELF header; -ENOMEM. */
__must_check int vdso_map(struct aspace *as, u64 hint, u64 rlimit_as, u64 *ehdr);
