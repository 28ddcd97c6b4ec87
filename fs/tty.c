/* SPDX-License-Identifier: MIT */
/*
 * Reading, writing and setting terminals (contract in tty.h).
 *
 * Bytes pass through a piece of the stack on their way between the
 * discipline's rings and the user, since user memory may not be touched under
 * the spinlock. Sources: POSIX.1-2017 §11; man termios(3), tty_ioctl(4).
 */
#include <fs/tty.h>

#include <arch/uaccess.h>
#include <fs/chardev.h>
#include <fs/file.h>
#include <fs/pty.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_poll.h>
#include <kernel/core/cmdline.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>
#include <security/cred.h>

#define PIECE        256u /* bytes moved under one hold of the lock */
#define WRITERS_ROOM 256u /* free bytes of the tx ring that make writers go on */
#define DEVICE_BURST 64u  /* less room than this: the device may have to wait */
#define VTIME_NS     (NS_PER_SEC / 10)
#define NEVER_HUNG   (~0ull) /* file->pos of /dev/console: as Linux, no hang-up ends it */

static const struct file_ops tty_fops;

void tty_setup(struct tty *tty, const struct tty_ops *ops, u64 dev, bool is_pty)
{
	memset(tty, 0, sizeof(*tty));
	refcount_init(&tty->refs);
	spin_init(&tty->lock, RANK_CONSOLE, "tty");
	ldisc_init(&tty->ld);
	waitq_init(&tty->read_wait, "tty_read");
	waitq_init(&tty->write_wait, "tty_write");
	tty->ops = ops;
	tty->dev = dev;
	tty->is_pty = is_pty;
}

void tty_put(struct tty *tty)
{
	if (refcount_put(&tty->refs))
		tty->ops->release(tty);
}

/* ---- below: the device ---- */

bool tty_has_room(const struct tty *tty)
{
	return LDISC_SIZE - (atomic_load_relaxed(&tty->ld.tx_head) -
			     atomic_load_relaxed(&tty->ld.tx_tail)) >= WRITERS_ROOM;
}

void tty_events(struct tty *tty, u32 events)
{
	s32 pgid = atomic_load_relaxed(&tty->pgid);

	if (unlikely(events & (LDISC_INTR | LDISC_QUIT | LDISC_SUSP)) && pgid) {
		if (events & LDISC_INTR)
			(void)signal_send_pgrp(pgid, SIGINT);
		if (events & LDISC_QUIT)
			(void)signal_send_pgrp(pgid, SIGQUIT);
		if (events & LDISC_SUSP)
			(void)signal_send_pgrp(pgid, SIGTSTP);
	}
	/* Unlocking was no full fence, so this cannot skip by a look alone. */
	if (events & LDISC_READABLE)
		waitq_wake_all(&tty->read_wait);
	if (events & LDISC_WRITABLE)
		waitq_wake_all(&tty->write_wait);
}

/* What the holder of a pty's master in packet mode is told of @events. */
static void notice_events(struct tty *tty, u32 events)
{
	u32 signals = LDISC_INTR | LDISC_QUIT | LDISC_SUSP;

	if ((events & signals) && !(tty->ld.t.c_lflag & NOFLSH))
		tty->ops->notice(tty, TIOCPKT_FLUSHREAD);
	if (tty->told_stopped != tty->ld.stopped) {
		tty->told_stopped = tty->ld.stopped;
		tty->ops->notice(tty, tty->ld.stopped ? TIOCPKT_STOP : TIOCPKT_START);
	}
}

/* Start the transmitter if @events say so, unlock, act on the rest. */
static void unlock_and_act(struct tty *tty, irqflags_t flags, u32 events)
{
	if (tty->ops->notice)
		notice_events(tty, events);
	if (events & LDISC_START) {
		tty->ops->start(tty);
		if (tty_has_room(tty))
			events |= LDISC_WRITABLE;
	}
	spin_unlock_irq(&tty->lock, flags);
	tty_events(tty, events);
}

/* Input was taken or dropped: let the device go on when it was held back. */
static void unlock_after_input(struct tty *tty, irqflags_t flags, u32 events)
{
	bool resume = tty->throttled && ldisc_room(&tty->ld) >= DEVICE_BURST;

	if (resume)
		tty->throttled = false;
	unlock_and_act(tty, flags, events);
	if (resume)
		tty->ops->resume(tty);
}

void tty_receive(struct tty *tty, const u8 *buf, size_t len)
{
	irqflags_t flags = spin_lock_irq(&tty->lock);

	/* A signal's character may have emptied the ring. */
	unlock_after_input(tty, flags, ldisc_input(&tty->ld, buf, len));
}

size_t tty_receive_some(struct tty *tty, const u8 *buf, size_t len)
{
	irqflags_t flags = spin_lock_irq(&tty->lock);
	size_t n = MIN(len, ldisc_room(&tty->ld));

	tty->throttled |= n < len;
	unlock_and_act(tty, flags, ldisc_input(&tty->ld, buf, n));
	return n;
}

size_t tty_room(struct tty *tty)
{
	irqflags_t flags = spin_lock_irq(&tty->lock);
	size_t room = ldisc_room(&tty->ld);

	tty->throttled = room < DEVICE_BURST;
	spin_unlock_irq(&tty->lock, flags);
	return room;
}

void tty_transmit(struct tty *tty)
{
	irqflags_t flags = spin_lock_irq(&tty->lock);

	unlock_and_act(tty, flags, LDISC_START);
}

/* ---- files ---- */

static bool is_hung(struct file *file)
{
	struct tty *tty = file->priv;

	return file->pos != NEVER_HUNG && (u32)file->pos != atomic_load_relaxed(&tty->hangs);
}

int tty_attach(struct tty *tty, struct file *file, bool noctty)
{
	irqflags_t flags = spin_lock_irq(&tty->lock);
	int err = 0;

	if (tty->dead)
		err = -EIO;
	else if (tty->exclusive && !capable(CAP_SYS_ADMIN))
		err = -EBUSY;
	else
		tty->opens++;
	spin_unlock_irq(&tty->lock, flags);
	if (err)
		return err;
	tty_get(tty);
	file->priv = tty;
	file->ops = &tty_fops;
	file->pos = atomic_load_relaxed(&tty->hangs);
	if (!noctty && !(file->flags & O_NOCTTY) && (file->flags & O_ACCMODE) != O_WRONLY)
		tty_take_session(tty);
	return 0;
}

static void tty_file_release(struct file *file)
{
	struct tty *tty = file->priv;
	irqflags_t flags = spin_lock_irq(&tty->lock);
	bool last = --tty->opens == 0;

	if (last)
		tty->exclusive = false;
	spin_unlock_irq(&tty->lock, flags);
	if (last && tty->ops->closed)
		tty->ops->closed(tty);
	tty_put(tty);
}

void tty_hangup(struct tty *tty, bool dead)
{
	irqflags_t flags = spin_lock_irq(&tty->lock);

	tty->dead |= dead;
	(void)atomic_fetch_add(&tty->hangs, 1);
	ldisc_flush_input(&tty->ld);
	(void)ldisc_flush_output(&tty->ld);
	spin_unlock_irq(&tty->lock, flags);
	tty_drop_session(tty, dead);
	waitq_wake_all(&tty->read_wait);
	waitq_wake_all(&tty->write_wait);
}

/* How long a read waits and for how much (termios(3), "noncanonical mode"). */
struct read_plan {
	bool canonical;
	u32 min;           /* bytes that end the wait */
	ns_t deadline_ns;  /* 0: do not wait */
	ns_t between_ns;   /* after each piece the deadline is this far ahead; 0: no such */
};

static void plan_read(const struct ldisc *ld, struct read_plan *plan)
{
	u32 min = ld->t.c_cc[VMIN];
	ns_t time = ld->t.c_cc[VTIME] * VTIME_NS;

	*plan = (struct read_plan){ .canonical = ld->t.c_lflag & ICANON, .min = 1,
				    .deadline_ns = NS_FOREVER };
	if (plan->canonical)
		return;
	if (min) {
		plan->min = min;
		plan->between_ns = time;
	} else {
		plan->deadline_ns = time ? uptime_ns() + time : 0;
	}
}

static size_t take_piece(struct tty *tty, u8 *piece, size_t max, bool *end)
{
	irqflags_t flags = spin_lock_irq(&tty->lock);
	size_t n = ldisc_take(&tty->ld, piece, max, end);
	u32 events = ldisc_unthrottle(&tty->ld);

	if (n == max && !*end && max < PIECE)
		ldisc_skip_eof(&tty->ld);
	unlock_after_input(tty, flags, events);
	return n;
}

/* Move what is there. Return: bytes; -EFAULT. *end: the line is over. */
static long read_available(struct tty *tty, struct iov_iter *it, bool *end)
{
	u8 piece[PIECE];
	long done = 0;

	while (it->left && !*end) {
		size_t max = MIN(it->left, sizeof(piece));
		size_t n = take_piece(tty, piece, max, end);
		size_t copied = n ? iov_iter_copy_to(it, piece, n) : 0;

		done += (long)copied;
		if (copied < n)
			return done ? done : -EFAULT;
		if (n < max)
			break;
	}
	return done;
}

static int wait_input(struct file *file, const struct read_plan *plan)
{
	struct tty *tty = file->priv;

	if (is_hung(file))
		return -EPIPE; /* ends the read, is not returned */
	if (!plan->deadline_ns)
		return -ETIMEDOUT;
	if (file->flags & O_NONBLOCK)
		return -EAGAIN;
	return WAITQ_WAIT(&tty->read_wait, ldisc_has_input(&tty->ld, 1) || is_hung(file), true,
			  plan->deadline_ns);
}

static long tty_read(struct file *file, struct iov_iter *it, __unused u64 *pos)
{
	struct tty *tty = file->priv;
	struct read_plan plan;
	bool end = false;
	long done = 0, n;
	int err;

	if (is_hung(file))
		return 0;
	err = tty_check_change(tty, SIGTTIN);
	if (err)
		return err;
	plan_read(&tty->ld, &plan);
	for (;;) {
		n = read_available(tty, it, &end);
		if (n < 0)
			return done ? done : n;
		done += n;
		if (end || !it->left || done >= (long)plan.min)
			return done;
		if (n && plan.between_ns)
			plan.deadline_ns = uptime_ns() + plan.between_ns;
		err = wait_input(file, &plan);
		if (err == -ETIMEDOUT || err == -EPIPE)
			return done;
		if (err)
			return done ? done : err;
	}
}

/* Put @len bytes into the discipline and start the device. Return: taken. */
static size_t write_piece(struct tty *tty, const u8 *piece, size_t len)
{
	irqflags_t flags = spin_lock_irq(&tty->lock);
	size_t n = ldisc_output(&tty->ld, piece, len);

	unlock_and_act(tty, flags, LDISC_START);
	return n;
}

static int wait_room(struct file *file)
{
	struct tty *tty = file->priv;

	if (file->flags & O_NONBLOCK)
		return -EAGAIN;
	return WAITQ_WAIT(&tty->write_wait, tty_has_room(tty) || is_hung(file), true, NS_FOREVER);
}

static long tty_write(struct file *file, struct iov_iter *it, __unused u64 *pos)
{
	struct tty *tty = file->priv;
	u8 piece[PIECE];
	long done = 0;
	int err = 0;

	if (tty->ld.t.c_lflag & TOSTOP)
		err = tty_check_change(tty, SIGTTOU);
	while (it->left && !err) {
		struct iov_iter before = *it;
		size_t len, n;

		if (is_hung(file)) {
			err = -EIO;
			break;
		}
		len = iov_iter_copy_from(it, piece, MIN(it->left, sizeof(piece)));
		if (!len) {
			err = -EFAULT;
			break;
		}
		n = write_piece(tty, piece, len);
		done += (long)n;
		if (n < len) {
			*it = before; /* the rest is read again */
			iov_iter_advance(it, n);
			err = wait_room(file);
		}
	}
	return done ? done : err;
}

static u32 tty_poll(struct file *file, struct poll_table *table)
{
	struct tty *tty = file->priv;
	const u8 *cc = tty->ld.t.c_cc;
	u32 mask = 0;

	poll_wait(table, &tty->read_wait);
	poll_wait(table, &tty->write_wait);
	if (is_hung(file))
		return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLERR | POLLHUP;
	if (ldisc_has_input(&tty->ld, !cc[VTIME] && cc[VMIN] ? cc[VMIN] : 1))
		mask |= POLLIN | POLLRDNORM;
	if (tty_has_room(tty))
		mask |= POLLOUT | POLLWRNORM;
	return mask;
}

/* ---- ioctls ---- */

static int wait_drained(struct tty *tty)
{
	/* A master reads when it likes: nothing to wait for, as on Linux. */
	if (tty->is_pty)
		return 0;
	return WAITQ_WAIT(&tty->write_wait, !ldisc_tx_used(&tty->ld), true, NS_FOREVER);
}

/* ^S and ^Q stop and start output: a remote terminal may do that itself. */
static bool usual_flow(const struct linux_termios *t)
{
	return (t->c_iflag & IXON) && t->c_cc[VSTOP] == 19 && t->c_cc[VSTART] == 17;
}

static void notice_flow(struct tty *tty, const struct linux_termios *t)
{
	bool usual = usual_flow(t);

	if (tty->ops->notice && usual != usual_flow(&tty->ld.t))
		tty->ops->notice(tty, usual ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP);
}

static long set_termios(struct tty *tty, u32 cmd, const void __user *uarg)
{
	struct linux_termios t;
	irqflags_t flags;
	long err = tty_check_change(tty, SIGTTOU);

	if (err)
		return err;
	if (copy_from_user(&t, uarg, sizeof(t)))
		return -EFAULT;
	if (cmd != TCSETS) {
		err = wait_drained(tty);
		if (err)
			return err;
	}
	t.c_line = 0; /* N_TTY is the only discipline */
	flags = spin_lock_irq(&tty->lock);
	if (cmd == TCSETSF)
		ldisc_flush_input(&tty->ld);
	notice_flow(tty, &t);
	unlock_after_input(tty, flags, ldisc_set_termios(&tty->ld, &t));
	return 0;
}

static long get_termios(struct tty *tty, void __user *uarg)
{
	irqflags_t flags = spin_lock_irq(&tty->lock);
	struct linux_termios t = tty->ld.t;

	spin_unlock_irq(&tty->lock, flags);
	return copy_to_user(uarg, &t, sizeof(t));
}

static long set_winsize(struct tty *tty, const void __user *uarg)
{
	struct linux_winsize size;
	irqflags_t flags;
	bool changed;
	s32 pgid;

	if (copy_from_user(&size, uarg, sizeof(size)))
		return -EFAULT;
	flags = spin_lock_irq(&tty->lock);
	changed = memcmp(&tty->winsize, &size, sizeof(size)) != 0;
	tty->winsize = size;
	spin_unlock_irq(&tty->lock, flags);
	pgid = atomic_load_relaxed(&tty->pgid);
	if (changed && pgid)
		(void)signal_send_pgrp(pgid, SIGWINCH);
	return 0;
}

static long get_winsize(struct tty *tty, void __user *uarg)
{
	irqflags_t flags = spin_lock_irq(&tty->lock);
	struct linux_winsize size = tty->winsize;

	spin_unlock_irq(&tty->lock, flags);
	return copy_to_user(uarg, &size, sizeof(size));
}

static long flush(struct tty *tty, u64 what)
{
	u32 events = LDISC_START;
	irqflags_t flags;
	u8 bits = 0;
	long err = tty_check_change(tty, SIGTTOU);

	if (err)
		return err;
	if (what > TCIOFLUSH)
		return -EINVAL;
	flags = spin_lock_irq(&tty->lock);
	if (what != TCOFLUSH) {
		ldisc_flush_input(&tty->ld);
		bits |= TIOCPKT_FLUSHREAD;
	}
	if (what != TCIFLUSH) {
		events |= ldisc_flush_output(&tty->ld);
		bits |= TIOCPKT_FLUSHWRITE;
	}
	if (tty->ops->notice)
		tty->ops->notice(tty, bits);
	unlock_after_input(tty, flags, events);
	return 0;
}

static long flow(struct tty *tty, u64 action)
{
	irqflags_t flags;
	long err = tty_check_change(tty, SIGTTOU);

	if (err)
		return err;
	if (action > TCION)
		return -EINVAL;
	flags = spin_lock_irq(&tty->lock);
	unlock_and_act(tty, flags, ldisc_flow(&tty->ld, (u32)action));
	return 0;
}

/* TCSBRK: wait until all is sent. A break itself no device of ours can send. */
static long drain(struct tty *tty)
{
	long err = tty_check_change(tty, SIGTTOU);

	return err ? err : wait_drained(tty);
}

/* TIOCSTI puts words into the mouth of whoever reads next, the shell that started us
 * above all: only root may, as on Linux since 6.2 (dev.tty.legacy_tiocsti=0). */
static long fake_input(struct tty *tty, const void __user *uarg)
{
	u8 c;

	if (!capable(CAP_SYS_ADMIN))
		return atomic_load_relaxed(&current_task()->tty) == tty ? -EIO : -EPERM;
	if (copy_from_user(&c, uarg, 1))
		return -EFAULT;
	tty_receive(tty, &c, 1);
	return 0;
}

static void set_exclusive(struct tty *tty, bool on)
{
	irqflags_t flags = spin_lock_irq(&tty->lock);

	tty->exclusive = on;
	spin_unlock_irq(&tty->lock, flags);
}

/* N_TTY is there, and in use already. */
static long set_discipline(const void __user *uarg)
{
	u32 number;

	if (user_read_u32(&number, uarg))
		return -EFAULT;
	return number ? -EINVAL : 0;
}

static u32 count(struct tty *tty, u32 (*of)(const struct ldisc *ld))
{
	irqflags_t flags = spin_lock_irq(&tty->lock);
	u32 n = of(&tty->ld);

	spin_unlock_irq(&tty->lock, flags);
	return n;
}

long tty_ioctl_common(struct tty *tty, u32 cmd, u64 arg)
{
	void __user *uarg = (void __user *)(uintptr_t)arg;

	switch (cmd) {
	case TCGETS:
		return get_termios(tty, uarg);
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return set_termios(tty, cmd, uarg);
	case TIOCGWINSZ:
		return get_winsize(tty, uarg);
	case TIOCSWINSZ:
		return set_winsize(tty, uarg);
	case TCFLSH:
		return flush(tty, arg);
	default:
		return -ENOTTY;
	}
}

static long tty_ioctl(struct file *file, u32 cmd, u64 arg)
{
	void __user *uarg = (void __user *)(uintptr_t)arg;
	struct tty *tty = file->priv;

	if (is_hung(file))
		return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
	switch (cmd) {
	case FIONREAD:
		return user_write_u32(uarg, count(tty, ldisc_readable));
	case TIOCOUTQ:
		return user_write_u32(uarg, count(tty, ldisc_tx_used));
	case TCXONC:
		return flow(tty, arg);
	case TCSBRK:
	case TCSBRKP:
		return drain(tty);
	case TIOCSBRK:
	case TIOCCBRK:
		return 0;
	case TIOCEXCL:
	case TIOCNXCL:
		set_exclusive(tty, cmd == TIOCEXCL);
		return 0;
	case TIOCSTI:
		return fake_input(tty, uarg);
	case TIOCGEXCL:
		return user_write_u32(uarg, tty->exclusive);
	case TIOCSETD:
		return set_discipline(uarg);
	case TIOCGETD:
		return user_write_u32(uarg, 0);
	case TIOCVHANGUP:
		if (!capable(CAP_SYS_ADMIN))
			return -EPERM;
		tty_hangup(tty, false);
		return 0;
	case TIOCSCTTY:
	case TIOCNOTTY:
	case TIOCGPGRP:
	case TIOCSPGRP:
	case TIOCGSID:
		return tty_job_ioctl(tty, cmd, arg, (file->flags & O_ACCMODE) != O_WRONLY, false);
	default:
		return tty_ioctl_common(tty, cmd, arg);
	}
}

static const struct file_ops tty_fops = {
	.read = tty_read,
	.write = tty_write,
	.ioctl = tty_ioctl,
	.poll = tty_poll,
	.release = tty_file_release,
};

/* ---- /dev/tty, /dev/console ---- */

static int open_dev_tty(struct file *file, __unused u32 minor)
{
	struct tty *tty = tty_current();
	int err;

	if (!tty)
		return -ENXIO;
	err = tty_attach(tty, file, true);
	tty_put(tty);
	return err;
}

/* What the boot line names last, else the screen, else the line. */
struct tty *tty_console(void)
{
	struct tty *screen = tty_screen(), *serial = tty_serial();

	return serial && (!screen || boot_options.console == CONSOLE_SERIAL) ? serial : screen;
}

static int open_console(struct file *file, __unused u32 minor)
{
	struct tty *tty = tty_console();
	int err = tty ? tty_attach(tty, file, true) : -ENODEV;

	if (!err)
		file->pos = NEVER_HUNG;
	return err;
}

static const struct chardev dev_tty = {
	.name = "/dev/tty", .major = 5, .minor = 0, .nr_minors = 1, .open = open_dev_tty,
};
static const struct chardev dev_console = {
	.name = "/dev/console", .major = 5, .minor = 1, .nr_minors = 1, .open = open_console,
};

void tty_init(void)
{
	chardev_register(&dev_tty);
	chardev_register(&dev_console);
	tty_serial_init();
	tty_screen_init();
	pty_init();
}
