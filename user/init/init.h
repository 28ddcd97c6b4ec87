/* SPDX-License-Identifier: MIT */
/*
 * What the parts of process 1 share: its words to the user, the reaping of
 * children, and the two things it can be, a keeper of services or an agent.
 */
#pragma once

#include <sys/types.h>

#include <kernel/lib/types.h>

/* A line on standard error (the console), with "init: " before it. */
__printf(1, 2) void init_say(const char *fmt, ...);

/* Undo in a new child what init does to its own signals. */
void init_reset_signals(void);

/* Sync, then power off (RB_POWER_OFF), halt or reboot. Returns only on failure. */
void init_stop(int how);

/**
 * agent_serve - serve the control port (kernel/abi/ctl.h) on @fd
 * @fd: a terminal in raw mode, a pipe pair's or a socket's descriptor
 * Return: 0 after OFF or when the peer is gone; -EPROTO when it sent nonsense;
 * -errno when the port failed. The caller decides what then happens to the machine.
 */
int agent_serve(int fd);
