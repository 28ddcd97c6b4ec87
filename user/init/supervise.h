/* SPDX-License-Identifier: MIT */
/* Process 1 as the keeper of services. */
#pragma once

#include <kernel/lib/types.h>

/**
 * supervise_machine - start and keep what /etc/exo/services asks for, for ever
 * @port_fd: the control port, on which the host tells its terminal's size; -1: none
 * Reaps orphans, and obeys the signals by which busybox's poweroff, halt and reboot
 * address process 1.
 */
__noreturn void supervise_machine(int port_fd);

/**
 * supervise_folder - the same as an ordinary process (tests)
 * @manifests, @run: the folders of manifests, and of socket and logs
 * Return: after SIGTERM or SIGINT, when all services have ended: 0.
 */
int supervise_folder(const char *manifests, const char *run);
