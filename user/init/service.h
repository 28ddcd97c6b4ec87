/* SPDX-License-Identifier: MIT */
/*
 * A service: its manifest, and what it is doing now.
 *
 *   BROKEN    its manifest is wrong, or needs what cannot start; `why` says it
 *   WAITING   to be started: at due_ms, and when what it needs runs
 *   RUNNING
 *   STOPPING  it was sent SIGTERM, and gets SIGKILL at due_ms
 *   STOPPED   by hand
 *   FINISHED  its run is over, and its manifest asks for no other
 *   FAILED    given up
 *
 *   WAITING  --service_start_due()--> RUNNING
 *   RUNNING  --service_ended()-->     WAITING, FINISHED or FAILED (restart.h decides)
 *   RUNNING  --service_stop()-->      STOPPING --service_ended()--> STOPPED, or WAITING
 *                                                                  (service_restart())
 *   WAITING  --service_stop()-->      STOPPED
 *   STOPPED, FINISHED, FAILED --service_go()--> WAITING
 *   any but RUNNING, STOPPING --service_judge()--> BROKEN, and from there WAITING
 */
#pragma once

#include <sys/types.h>
#include <termios.h>

#include "logfile.h"
#include "manifest.h"
#include "order.h"
#include "restart.h"

#define SERVICES_MAX ORDER_MAX

enum service_state {
	SERVICE_BROKEN,
	SERVICE_WAITING,
	SERVICE_RUNNING,
	SERVICE_STOPPING,
	SERVICE_STOPPED,
	SERVICE_FINISHED,
	SERVICE_FAILED,
};

struct service {
	char name[64];
	char where[320];    /* its manifest's file */
	struct manifest *m; /* NULL: BROKEN from the beginning */
	enum service_state state;
	char why[192];      /* BROKEN: the words for it */
	pid_t pid;          /* RUNNING, STOPPING */
	u64 started_ms, due_ms;
	struct restart restart;
	u32 starts;
	int status;         /* of the last run that ended, as wait(2) has it */
	bool has_ended;     /* there was one */
	bool again;         /* STOPPING: to be started then */
	bool gone;          /* its manifest is no longer there: removed once it has ended */
	bool seen;          /* by load.c, while it reads */
	struct logfile log;
	int serve[2];       /* its name's socket pair, its own second; -1 */
	int pulse;          /* our end of its heartbeat; -1: none */
	u32 pulse_number;   /* of the one that it was last asked for */
	bool pulse_ever;    /* it has answered in this run */
	u64 pulse_due_ms;
	bool has_modes;
	struct termios modes; /* its terminal's, before anybody used it */
};

/* Where everything is. Set before the first service is there. */
struct service_paths {
	const char *manifests, *logs, *socket, *services;
};
extern struct service_paths service_paths;

extern struct service *services[SERVICES_MAX];
extern size_t n_services;

u64 service_now_ms(void);
struct service *service_find(const char *name);
/** service_add - a new one, BROKEN without a word yet. NULL: no room, which is said */
struct service *service_add(const char *name);
/** service_remove - forget one that has no process */
void service_remove(struct service *s);

/** service_judge - after manifests were read: who cannot start, and why */
void service_judge(void);
/** service_start_due - start and kill whose time has come
 * Return: milliseconds until the next one's is, -1: none's will be */
int service_start_due(void);
/** service_reap - collect every child that has ended, also those of nobody */
void service_reap(void);

/* What one may ask for by hand. Return: NULL, or why it is not done. */
const char *service_go(struct service *s);
const char *service_stop(struct service *s);
const char *service_restart(struct service *s);

/** service_note - one line on what it is waiting for or what is wrong; "" */
void service_note(const struct service *s, char *buf, size_t size);
const char *service_state_name(enum service_state state);
