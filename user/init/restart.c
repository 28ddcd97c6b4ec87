/* SPDX-License-Identifier: MIT */
/* [pure] When a service is started again (contract in restart.h). */
#include "restart.h"

static u32 next_wait(const struct restart *r, const struct manifest *m)
{
	if (r->short_runs <= 1)
		return m->backoff_first_ms;
	/* At most an hour each (MANIFEST_MAX_MS), so twice that is no overflow. */
	return MIN(MAX(2 * r->wait_ms, 1u), m->backoff_max_ms);
}

enum restart_what restart_decide(struct restart *r, const struct manifest *m, int status,
				 bool good)
{
	r->short_runs = good ? 0 : r->short_runs + 1;
	if (m->respawn == RESPAWN_NEVER || (m->respawn == RESPAWN_FAILURE && status == 0))
		return RESTART_FINISHED;
	if (m->giveup && r->short_runs >= m->giveup)
		return RESTART_GIVEN_UP;
	r->wait_ms = next_wait(r, m);
	return RESTART_AGAIN;
}
