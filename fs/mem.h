/* SPDX-License-Identifier: MIT */
/* /dev/null, zero, full, random, urandom, kmsg. */
#pragma once

/** mem_init - register them */
void mem_init(void);
