/* SPDX-License-Identifier: MIT */
/* Deadlines against a naive model. */
#include <kernel/time/timer_queue.h>

#include "test.h"

#define ENTRIES 64

TEST(timer_queue_empty)
{
	struct timer_queue q;

	timer_queue_init(&q);
	CHECK_EQ(timer_queue_first(&q), TIMER_QUEUE_EMPTY);
	CHECK(timer_queue_pop(&q, ~0ull) == NULL);
}

TEST(timer_queue_equal_deadlines_keep_order)
{
	struct timer_entry e[4] = { 0 };
	struct timer_queue q;

	timer_queue_init(&q);
	for (unsigned i = 0; i < 4; i++) {
		e[i].deadline_ns = 7;
		CHECK_EQ(timer_queue_insert(&q, &e[i]), i == 0);
	}
	CHECK(timer_queue_pop(&q, 6) == NULL);
	for (unsigned i = 0; i < 4; i++)
		CHECK(timer_queue_pop(&q, 7) == &e[i]);
}

TEST(timer_queue_random)
{
	struct timer_entry e[ENTRIES] = { 0 };
	bool in[ENTRIES] = { 0 };
	struct timer_queue q;

	timer_queue_init(&q);
	for (unsigned step = 0; step < 20000; step++) {
		unsigned i = (unsigned)(test_rand() % ENTRIES), k;
		ns_t first = TIMER_QUEUE_EMPTY;

		if (in[i]) {
			timer_queue_remove(&q, &e[i]);
		} else {
			e[i].deadline_ns = test_rand() % 100;
			timer_queue_insert(&q, &e[i]);
		}
		in[i] = !in[i];
		for (k = 0; k < ENTRIES; k++)
			if (in[k] && e[k].deadline_ns < first)
				first = e[k].deadline_ns;
		REQUIRE(timer_queue_first(&q) == first);
		if (test_rand() % 8 == 0) {
			ns_t now = test_rand() % 100;
			struct timer_entry *due = timer_queue_pop(&q, now);

			CHECK((due != NULL) == (first <= now));
			if (due) {
				CHECK_EQ(due->deadline_ns, first);
				in[due - e] = false;
			}
		}
	}
}
