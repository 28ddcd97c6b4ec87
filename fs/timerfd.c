/* SPDX-License-Identifier: MIT */
/*
 * timerfd_create(2). A periodic timer fires once and is armed again when
 * somebody looks: the periods that went by are counted then, so that even a
 * period of a nanosecond costs no interrupts nobody waits for.
 */
#include <fs/timerfd.h>

#include <fs/file.h>
#include <fs/inode.h>
#include <fs/seq.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_poll.h>
#include <kernel/time/clock.h>
#include <kernel/time/timer.h>
#include <mm/kmalloc.h>

/* Lock key: i immutable, t lock, w wall_lock. */
struct timerfd {
	struct spinlock lock;    /* RANK_TIMERFD, irq-safe */
	struct timer timer;      /* [t] */
	struct waitq wait;
	int clock;               /* [i] CLOCK_* */
	u32 flags;               /* [t] TFD_TIMER_* of the last setting */
	ns_t wall_ns;            /* [t] its absolute time, to follow the wall clock */
	ns_t deadline_ns;        /* [t] of the uptime; 0: not armed */
	ns_t interval_ns;        /* [t] */
	u64 ticks;               /* [t] expirations not read; looked at racily */
	bool expired;            /* [t] fired; deadline_ns is the one that passed */
	bool cancelled;          /* [t] the wall clock was set: TFD_TIMER_CANCEL_ON_SET */
	struct list_head wall_link; /* [w] timers of the wall clock */
};

/* Timers of CLOCK_REALTIME, which a new time of day concerns. */
static struct list_head wall_timers = LIST_HEAD_INIT(wall_timers);
static struct spinlock wall_lock = SPINLOCK_INIT(RANK_TIMERFD_WALL, "timerfd_wall");

static const struct file_ops timerfd_fops;

struct timerfd *timerfd_of(const struct file *file)
{
	return file->ops == &timerfd_fops ? file->priv : NULL;
}

static bool follows_wall(const struct timerfd *t)
{
	return t->clock == CLOCK_REALTIME || t->clock == CLOCK_REALTIME_ALARM;
}

static void wake(struct timerfd *t)
{
	waitq_wake_poll(&t->wait, POLLIN | POLLRDNORM);
}

/* Interrupt context. Set or disarmed meanwhile it has nothing to say yet. */
static void fired(struct timer *timer)
{
	struct timerfd *t = container_of(timer, struct timerfd, timer);
	irqflags_t flags = spin_lock_irq(&t->lock);
	bool due = t->deadline_ns && !t->expired && t->deadline_ns <= uptime_ns();

	if (due) {
		t->expired = true;
		t->ticks++;
	} else if (t->deadline_ns && !t->expired) {
		timer_start(&t->timer, t->deadline_ns);
	}
	spin_unlock_irq(&t->lock, flags);
	if (due)
		wake(t);
}

/* Count the periods that went by since it fired, and arm it for the next one. */
static void catch_up_locked(struct timerfd *t)
{
	ns_t now = uptime_ns(), missed;

	if (!t->expired || !t->interval_ns)
		return;
	missed = (now - t->deadline_ns) / t->interval_ns;
	t->ticks += missed;
	t->deadline_ns += (missed + 1) * t->interval_ns;
	t->expired = false;
	timer_start(&t->timer, t->deadline_ns);
}

static void get_locked(struct timerfd *t, struct timerfd_setting *out)
{
	ns_t now;

	catch_up_locked(t);
	now = uptime_ns();
	out->interval_ns = t->interval_ns;
	out->value_ns = t->deadline_ns > now ? t->deadline_ns - now : 0;
}

void timerfd_get(struct timerfd *t, struct timerfd_setting *out)
{
	irqflags_t flags = spin_lock_irq(&t->lock);

	get_locked(t, out);
	spin_unlock_irq(&t->lock, flags);
}

/* Uptime at which @value_ns, as given with @flags, is reached; never 0. */
static ns_t deadline_of(const struct timerfd *t, u32 flags, ns_t value_ns)
{
	ns_t now = uptime_ns(), offset = follows_wall(t) ? clock_wall_offset_ns() : 0;

	if (flags & TFD_TIMER_ABSTIME)
		return value_ns > offset ? value_ns - offset : 1;
	return value_ns < NS_FOREVER - 1 - now ? now + value_ns : NS_FOREVER - 1;
}

void timerfd_set(struct timerfd *t, u32 flags, const struct timerfd_setting *new,
		 struct timerfd_setting *old)
{
	irqflags_t irq = spin_lock_irq(&t->lock);

	get_locked(t, old);
	timer_stop(&t->timer);
	t->flags = flags;
	t->interval_ns = new->interval_ns;
	t->wall_ns = new->value_ns;
	t->deadline_ns = new->value_ns ? deadline_of(t, flags, new->value_ns) : 0;
	t->ticks = 0;
	t->expired = false;
	t->cancelled = false;
	if (t->deadline_ns)
		timer_start(&t->timer, t->deadline_ns);
	spin_unlock_irq(&t->lock, irq);
}

static void wall_jumped(struct timerfd *t)
{
	irqflags_t flags = spin_lock_irq(&t->lock);
	bool cancel = false;

	if (t->deadline_ns && (t->flags & TFD_TIMER_ABSTIME)) {
		cancel = t->flags & TFD_TIMER_CANCEL_ON_SET;
		t->cancelled |= cancel;
		if (!t->expired) {
			t->deadline_ns = deadline_of(t, t->flags, t->wall_ns);
			timer_start(&t->timer, t->deadline_ns);
		}
	}
	spin_unlock_irq(&t->lock, flags);
	if (cancel)
		wake(t);
}

void timerfd_wall_clock_set(void)
{
	struct timerfd *t;

	spin_lock(&wall_lock);
	LIST_FOR_EACH(t, &wall_timers, wall_link)
		wall_jumped(t);
	spin_unlock(&wall_lock);
}

/* ---- the file ---- */

static bool has_news(const struct timerfd *t)
{
	return atomic_load_relaxed(&t->ticks) || atomic_load_relaxed(&t->cancelled);
}

/* Return: ticks, which are then forgotten; 0 none; -ECANCELED. */
static s64 take(struct timerfd *t)
{
	irqflags_t flags = spin_lock_irq(&t->lock);
	s64 ticks;

	if (t->cancelled) {
		t->cancelled = false;
		ticks = -ECANCELED;
	} else {
		if (t->ticks)
			catch_up_locked(t);
		ticks = (s64)t->ticks;
	}
	t->ticks = 0;
	spin_unlock_irq(&t->lock, flags);
	return ticks;
}

static long timerfd_read(struct file *file, struct iov_iter *it, __unused u64 *pos)
{
	struct timerfd *t = file->priv;
	s64 ticks;

	if (it->left < sizeof(ticks))
		return -EINVAL;
	while (!(ticks = take(t))) {
		int err;

		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		err = WAITQ_WAIT(&t->wait, has_news(t), true, NS_FOREVER);
		if (err)
			return err;
	}
	if (ticks < 0)
		return ticks;
	return iov_iter_copy_to(it, &ticks, sizeof(ticks)) == sizeof(ticks) ? (long)sizeof(ticks)
									    : -EFAULT;
}

static u32 timerfd_poll(struct file *file, struct poll_table *table)
{
	struct timerfd *t = file->priv;

	poll_wait(table, &t->wait);
	return has_news(t) ? POLLIN | POLLRDNORM : 0;
}

static void timerfd_release(struct file *file)
{
	struct timerfd *t = file->priv;

	if (follows_wall(t)) {
		spin_lock(&wall_lock);
		list_del(&t->wall_link);
		spin_unlock(&wall_lock);
	}
	timer_cancel(&t->timer);
	kfree(t);
}

static void timerfd_fdinfo(struct file *file, struct seq *seq)
{
	struct timerfd *t = file->priv;
	struct timerfd_setting now;
	u64 ticks = atomic_load_relaxed(&t->ticks);

	timerfd_get(t, &now);
	seq_printf(seq, "clockid: %d\nticks: %llu\nsettime flags: 0%o\n"
		   "it_value: (%llu, %llu)\nit_interval: (%llu, %llu)\n",
		   t->clock, (unsigned long long)ticks, t->flags,
		   (unsigned long long)(now.value_ns / NS_PER_SEC),
		   (unsigned long long)(now.value_ns % NS_PER_SEC),
		   (unsigned long long)(now.interval_ns / NS_PER_SEC),
		   (unsigned long long)(now.interval_ns % NS_PER_SEC));
}

static const struct file_ops timerfd_fops = {
	.read = timerfd_read,
	.poll = timerfd_poll,
	.release = timerfd_release,
	.anon_name = "[timerfd]",
	.fdinfo = timerfd_fdinfo,
};

int timerfd_create(int clock, u32 flags, struct file **out)
{
	struct timerfd *t = kzalloc(sizeof(*t), 0);

	if (!t)
		return -ENOMEM;
	*out = file_alloc(inode_anon(), &timerfd_fops, O_RDWR | (flags & TFD_NONBLOCK));
	if (!*out) {
		kfree(t);
		return -ENOMEM;
	}
	/* No failure past this point. */
	spin_init(&t->lock, RANK_TIMERFD, "timerfd");
	timer_init(&t->timer, fired);
	waitq_init(&t->wait, "timerfd");
	t->clock = clock;
	if (follows_wall(t)) {
		spin_lock(&wall_lock);
		list_add(&t->wall_link, &wall_timers);
		spin_unlock(&wall_lock);
	}
	(*out)->priv = t;
	return 0;
}
