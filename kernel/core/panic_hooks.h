/* SPDX-License-Identifier: MIT */
/*
 * What a panic's report needs from above kernel/core: declared here, defined
 * in kernel/syscall_describe.c.
 */
#pragma once

/** panic_describe_thread - log who runs here: thread, task, system call with its
 * arguments, mutexes held. Any state of the machine: takes no lock. */
void panic_describe_thread(void);
