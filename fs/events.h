/* SPDX-License-Identifier: MIT */
/* /dev/events: the kernel's events as a ring (kernel/abi/event.h). */
#pragma once

#define EVENTS_MAJOR 240 /* Linux's devices.txt: for local use */
#define EVENTS_MINOR 0

/** events_init - the driver, before /dev is mounted */
void events_init(void);
