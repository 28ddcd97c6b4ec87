/* SPDX-License-Identifier: MIT */
/*
 * libexo: services by name. A service is a program that process 1 keeps running and
 * whose manifest (user/init/manifest.h) says `serve FD WHO`; its name is the manifest's.
 *
 *     static void answer(void *ctx, struct ring_slot *m) { ... make m the answer ... }
 *     int main(void) { return exo_service_serve(answer, NULL); }
 *
 * and who wants something of it:
 *
 *     struct exo_client c;
 *     exo_client_init(&c, "echo");
 *     err = exo_client_call(&c, &m, EXO_FOREVER, EXO_IDEMPOTENT);
 *
 * A service that is started again has its old name: to connect waits for it. A call that
 * was with the one before ends with -EPIPE, or, marked EXO_IDEMPOTENT (twice does the same
 * as once), is made again to the new one.
 *
 * How it works: the client makes a channel and sends one end with the name to process 1
 * (EXO_SERVICES), which sends it on to the service's descriptor; the service greets. So a
 * client pays for its channel, and process 1 never waits for either.
 */
#pragma once

#include <user/libexo/exo.h>

#define EXO_SERVICES     "/run/services" /* SOCK_DGRAM; the environment's EXO_SERVICES before it */
#define EXO_SERVICE_NAME 48              /* bytes of a name, at most */

/** exo_service_connect - a channel to the service @name. Return: our end; -ENOENT no such
 * service; -EACCES not for this user; -ECONNREFUSED it is stopped or has been given up;
 * -ETIMEDOUT; -EINVAL a name too long; or as exo_channel(). @timeout_ns: not 0 */
int exo_service_connect(const char *name, uint64_t timeout_ns);

/* A client of one service. One thread at a time. */
struct exo_client {
	char name[EXO_SERVICE_NAME + 1];
	int end;           /* -1: not connected */
	uint32_t connects; /* how often it was */
};

#define EXO_IDEMPOTENT 1u

void exo_client_init(struct exo_client *client, const char *name);
/** exo_client_call - as exo_call(), connecting before when there is no connection.
 * @flags: EXO_IDEMPOTENT or 0. Return: 0; -EPIPE the service ended meanwhile: it may have done
 * what was asked, or not; as exo_service_connect(); as exo_call(). */
int exo_client_call(struct exo_client *client, struct ring_slot *message, uint64_t timeout_ns,
		    unsigned flags);
void exo_client_close(struct exo_client *client);

/* What a service does with a message: makes it the answer. @end: who asks, for its tag. */
typedef void exo_answer(void *ctx, struct ring_slot *message);

/** exo_service_serve - accept clients and answer them, and process 1's heartbeat, for ever.
 * Return: -EBADF not started as a service; -errno. */
int exo_service_serve(exo_answer *answer, void *ctx);

/* ---- between process 1 and a service: what comes with an end by its descriptor ---- */

enum exo_pass_kind { EXO_PASS_CLIENT = 1, EXO_PASS_HEARTBEAT = 2 };

struct exo_pass {
	uint32_t kind;
	uint32_t uid; /* the client's, when it asked */
	int32_t pid;
};

/* The first message to a client, by the service (error 0) or, refusing, by process 1. */
#define EXO_GREETING 0x6f6c6c65u

struct exo_greeting {
	uint32_t magic;
	int32_t error;
};
