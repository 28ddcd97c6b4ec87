/* SPDX-License-Identifier: MIT */
/*
 * [pure] What happens when a service has ended: started again at once, later, or left
 * alone. The rule comes from its manifest (respawn, backoff, giveup).
 *
 *   a run of RESTART_GOOD_MS and more, or one that was useful: all is forgotten
 *   shorter runs: FIRST, 2 FIRST, 4 FIRST ... MAX milliseconds; the COUNT-th gives up
 */
#pragma once

#include "manifest.h"

#define RESTART_GOOD_MS 1000u

enum restart_what {
	RESTART_AGAIN,    /* after wait_ms */
	RESTART_FINISHED, /* as its manifest asks */
	RESTART_GIVEN_UP,
};

/* Zeroed before the first run, and when somebody starts it by hand. */
struct restart {
	u32 short_runs; /* in a row */
	u32 wait_ms;    /* before the next start */
};

/**
 * restart_decide - a run has ended
 * @status: as wait(2) gives it
 * @good: it was longer than RESTART_GOOD_MS, or did what it is for
 */
enum restart_what restart_decide(struct restart *r, const struct manifest *m, int status,
				 bool good);
