/* SPDX-License-Identifier: MIT */
/* The boot word `memtest`: all memory that is free is tested before it is used. */
#pragma once

/** memtest_run - test it, say how far it is and what is bad; bad pages are never used
 * Context: boot thread, before anything else wants memory; may take minutes. */
void memtest_run(void);
