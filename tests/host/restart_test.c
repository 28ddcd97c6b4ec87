/* SPDX-License-Identifier: MIT */
#include <user/init/restart.h>

#include "test.h"

static const struct manifest always = {
	.respawn = RESPAWN_ALWAYS, .backoff_first_ms = 100, .backoff_max_ms = 1000, .giveup = 7,
};

TEST(restart_backs_off_then_gives_up)
{
	static const u32 waits[] = { 100, 200, 400, 800, 1000, 1000 };
	struct restart r = { 0, 0 };

	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		CHECK_EQ(restart_decide(&r, &always, 256, false), RESTART_AGAIN);
		CHECK_EQ(r.wait_ms, waits[i]);
	}
	CHECK_EQ(restart_decide(&r, &always, 256, false), RESTART_GIVEN_UP);
}

TEST(restart_good_run_forgives)
{
	struct restart r = { 0, 0 };

	for (int i = 0; i < 100; i++) {
		CHECK_EQ(restart_decide(&r, &always, 9, i % 6 == 5), RESTART_AGAIN);
		CHECK(r.wait_ms <= 1000);
		CHECK(i % 6 != 5 || r.wait_ms == 100);
	}
}

TEST(restart_as_the_manifest_asks)
{
	struct manifest m = always;
	struct restart r = { 0, 0 };

	m.respawn = RESPAWN_FAILURE;
	CHECK_EQ(restart_decide(&r, &m, 0, true), RESTART_FINISHED);
	CHECK_EQ(restart_decide(&r, &m, 9, true), RESTART_AGAIN);
	m.respawn = RESPAWN_NEVER;
	CHECK_EQ(restart_decide(&r, &m, 9, true), RESTART_FINISHED);
	m.respawn = RESPAWN_ALWAYS;
	CHECK_EQ(restart_decide(&r, &m, 0, true), RESTART_AGAIN);
}

TEST(restart_never_gives_up)
{
	struct manifest m = always;
	struct restart r = { 0, 0 };

	m.giveup = 0;
	m.backoff_first_ms = 0;
	m.backoff_max_ms = MANIFEST_MAX_MS;
	for (int i = 0; i < 1000000; i++) {
		CHECK_EQ(restart_decide(&r, &m, 9, false), RESTART_AGAIN);
		CHECK(r.wait_ms <= MANIFEST_MAX_MS);
	}
	CHECK_EQ(r.wait_ms, MANIFEST_MAX_MS);
	m.backoff_max_ms = 0;
	CHECK_EQ(restart_decide(&r, &m, 9, false), RESTART_AGAIN);
	CHECK_EQ(r.wait_ms, 0);
}
