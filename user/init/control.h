/* SPDX-License-Identifier: MIT */
/*
 * The socket by which services are looked at and steered: service_paths.socket,
 * AF_UNIX, SOCK_SEQPACKET, root's only. A packet is a request, the next one its answer.
 *
 *   list                  every service
 *   status NAME           this one
 *   start|stop|restart NAME    begun, not waited for; answers as status
 *   reload                the manifests are read again; answers as list
 *
 * An answer begins with "ok\n" or is "error TEXT\n". Behind ok comes a line a service,
 * with these fields, a tab between two:
 *
 *   name  state  pid (0: none)  ms it runs  starts  last end ("exit N", "signal N", "-")
 *   program  note (service_note())
 */
#pragma once

#include <kernel/lib/types.h>

struct pollfd;

#define CONTROL_PEERS  8u
#define CONTROL_FDS    (CONTROL_PEERS + 1)
#define CONTROL_ANSWER 32768u /* bytes at most */

/** control_open - the socket; what fails is said on the console */
void control_open(void);
/** control_fds - what to poll for, CONTROL_FDS of them */
void control_fds(struct pollfd *fds);
/** control_serve - answer who has asked, by the revents of those */
void control_serve(const struct pollfd *fds, bool consoles);
