/* SPDX-License-Identifier: MIT */
/* Timers: never early, in order, cancelled for good, re-armed from their function. */
#include <kernel/core/ktest.h>

#include <arch/cpu.h>
#include <kernel/task/thread.h>
#include <kernel/time/clock.h>
#include <kernel/time/timer.h>

struct probe {
	struct timer timer;
	ns_t due_ns, fired_ns;
	u32 count; /* atomic */
	u32 again; /* re-arms itself so often */
};

static void fire(struct timer *timer)
{
	struct probe *p = container_of(timer, struct probe, timer);

	p->fired_ns = uptime_ns();
	if (p->again) {
		p->again--;
		timer_start(timer, uptime_ns() + 50 * NS_PER_US);
	}
	atomic_fetch_add(&p->count, 1);
}

static void arm(struct probe *p, ns_t in_ns, u32 again)
{
	timer_init(&p->timer, fire);
	p->count = 0;
	p->again = again;
	p->due_ns = uptime_ns() + in_ns;
	timer_start(&p->timer, p->due_ns);
}

static bool wait_count(struct probe *p, u32 n)
{
	ns_t end = uptime_ns() + 10 * NS_PER_SEC;

	while (atomic_load_acquire(&p->count) < n) {
		if (uptime_ns() > end)
			return false;
		cpu_relax();
	}
	return true;
}

KTEST(timer, fires_in_order_and_not_early)
{
	struct probe late, soon;
	bool in_time;

	arm(&late, 3 * NS_PER_MS, 0);
	arm(&soon, 1 * NS_PER_MS, 0);
	/* A busy host may stop us between the two for longer than they are apart. */
	in_time = uptime_ns() < late.due_ns && soon.due_ns + NS_PER_MS < late.due_ns;
	KREQUIRE(wait_count(&late, 1) && wait_count(&soon, 1));
	KCHECK(soon.fired_ns >= soon.due_ns);
	KCHECK(late.fired_ns >= late.due_ns);
	KCHECK(!in_time || soon.fired_ns <= late.fired_ns);
	KCHECK(!timer_cancel(&soon.timer));
	KCHECK(!timer_cancel(&late.timer));
}

KTEST(timer, cancelled_does_not_fire)
{
	struct probe p;

	arm(&p, 2 * NS_PER_MS, 0);
	KCHECK(timer_cancel(&p.timer));
	KCHECK(!timer_cancel(&p.timer));
	(void)!sched_block(0);
	time_delay_ns(4 * NS_PER_MS);
	KCHECK_EQ(p.count, 0);
}

KTEST(timer, restart_moves_it)
{
	struct probe p;

	arm(&p, 60 * NS_PER_SEC, 0);
	p.due_ns = uptime_ns() + NS_PER_MS;
	timer_start(&p.timer, p.due_ns);
	KREQUIRE(wait_count(&p, 1));
	KCHECK(p.fired_ns >= p.due_ns);
	KCHECK(!timer_cancel(&p.timer));
}

KTEST(timer, rearms_itself)
{
	struct probe p;

	arm(&p, 10 * NS_PER_US, 9);
	KREQUIRE(wait_count(&p, 10));
	KCHECK(!timer_cancel(&p.timer));
	KCHECK_EQ(p.count, 10);
}

/* Cancel while it keeps re-arming itself, here or on another CPU. */
KTEST(timer, cancel_stops_a_periodic_one)
{
	struct probe p;

	for (u32 i = 0; i < 20; i++) {
		u32 count;

		arm(&p, 10 * NS_PER_US, ~0u);
		time_delay_ns(ktest_random() % (200 * NS_PER_US));
		timer_cancel(&p.timer);
		count = atomic_load_acquire(&p.count);
		time_delay_ns(200 * NS_PER_US);
		KCHECK_EQ(atomic_load_acquire(&p.count), count);
	}
}

KTEST(clock, only_goes_forward)
{
	ns_t last = uptime_ns();

	for (u32 i = 0; i < 10000; i++) {
		ns_t now = uptime_ns();

		KREQUIRE(now >= last);
		last = now;
	}
	KCHECK_EQ(unix_time_ns() / NS_PER_SEC, unix_timestamp());
}
