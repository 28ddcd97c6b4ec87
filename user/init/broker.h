/* SPDX-License-Identifier: MIT */
/*
 * Names of services: the socket by which clients send an end of a channel of theirs, and
 * its way on to the service (user/libexo/service.h has both sides). A service's ends wait
 * in a socket pair that process 1 keeps: the next run takes what the one before did not.
 */
#pragma once

#include <kernel/lib/types.h>

struct service;

/** broker_open - the socket, service_paths.services; what fails is said */
void broker_open(void);
/** broker_fd - to be polled for input; -1: none */
int broker_fd(void);
/** broker_serve - send on what has come */
void broker_serve(void);

/** broker_prepare - before a start: its socket pair, if its manifest wants one */
void broker_prepare(struct service *s);
/** broker_close - it will not be started again: who waits for it is told by -EPIPE */
void broker_close(struct service *s);

/** broker_pulse_start - after a start: the channel of its heartbeat */
void broker_pulse_start(struct service *s);
/** broker_pulse_check - ask for the next one, if it is time. Return: false: it has missed it */
bool broker_pulse_check(struct service *s, u64 now_ms);
/** broker_pulse_end - it has ended */
void broker_pulse_end(struct service *s);
