/* SPDX-License-Identifier: MIT */
/*
 * Terminals: a line discipline, a device below it, sessions above it.
 *
 *   serial interrupt --tty_receive()--> ldisc --tty_read()--> program
 *   device <--ops->start()-- tx ring of ldisc <--tty_write()-- program
 *
 * The discipline runs where the bytes arrive: in the interrupt, or in the
 * writer of a pty's master. So ^C works when nobody reads and no thread has to
 * be woken for an echo; a byte costs some 50 instructions under a spinlock.
 *
 * A terminal belongs to one session at most. task->tty is not counted: it is
 * cleared, under task_tree_lock, before the terminal goes.
 */
#pragma once

#include <fs/tty_ldisc.h>
#include <kernel/core/refcount.h>
#include <kernel/core/spinlock.h>
#include <kernel/core/waitq.h>

struct file;
struct task;
struct tty;

struct tty_ops {
	/** start - give the device what it takes of ldisc_tx_peek(); tty->lock held */
	void (*start)(struct tty *tty);
	/** resume - input that found no room may come now; no lock held */
	void (*resume)(struct tty *tty);
	/** notice - TIOCPKT_* @bits happened, for a pty's master; lock held; NULL: nobody asks */
	void (*notice)(struct tty *tty, u8 bits);
	/** closed - the last open file has gone; NULL: nothing to do */
	void (*closed)(struct tty *tty);
	/** release - the last reference; NULL: static, never */
	void (*release)(struct tty *tty);
};

/* Lock key: i immutable   l lock   t task_tree_lock   a atomic */
struct tty {
	struct refcount refs;
	const struct tty_ops *ops;    /* [i] */
	u64 dev;                      /* [i] linux_makedev() */
	bool is_pty;                  /* [i] */
	struct spinlock lock;         /* RANK_CONSOLE, irq-safe */
	struct ldisc ld;              /* [l] racy looks decide who sleeps */
	struct linux_winsize winsize; /* [l] */
	bool throttled;               /* [l] the device was told there is no room */
	bool exclusive;               /* [l] TIOCEXCL */
	bool told_stopped;            /* [l] ld.stopped as ops->notice() knows it */
	bool dead;                    /* [l][t] for good: the pty's master was closed */
	u32 opens;                    /* [a] open files */
	u32 hangs;                    /* [a] hang-ups so far: files opened before are dead */
	s32 sid, pgid;                /* [t] its session and foreground group, 0: none */
	struct waitq read_wait;       /* input came, hang-up */
	struct waitq write_wait;      /* room for output, hang-up */
};

/** tty_init - serial lines, /dev/tty, /dev/console, ptys: registered */
void tty_init(void);

/** tty_setup - everything but the device; one reference */
void tty_setup(struct tty *tty, const struct tty_ops *ops, u64 dev, bool is_pty);
static inline void tty_get(struct tty *tty)
{
	refcount_get(&tty->refs);
}
void tty_put(struct tty *tty);

/** tty_receive - input from the device. Any context. */
void tty_receive(struct tty *tty, const u8 *buf, size_t len);
/** tty_receive_some - as much of it as there is room for; ops->resume() follows when
 * that is not all. Return: bytes taken. */
size_t tty_receive_some(struct tty *tty, const u8 *buf, size_t len);
/** tty_room - how much tty_receive() takes; ops->resume() follows when that is little */
size_t tty_room(struct tty *tty);
/** tty_transmit - the device can take bytes again. Any context. */
void tty_transmit(struct tty *tty);
/** tty_has_room - bytes enough for writers to go on (racy) */
bool tty_has_room(const struct tty *tty);
/** tty_events - act on enum ldisc_event bits, after unlocking */
void tty_events(struct tty *tty, u32 events);

/** tty_attach - make @file one of @tty (reference taken): sets ops and priv; makes it
 * the caller's controlling terminal as open(2) does unless @noctty
 * Return: 0; -EIO hung up for good; -EBUSY TIOCEXCL. */
__must_check int tty_attach(struct tty *tty, struct file *file, bool noctty);
/** tty_ioctl_common - ioctls that a pty's master has too, on @tty. -ENOTTY: others */
__must_check long tty_ioctl_common(struct tty *tty, u32 cmd, u64 arg);
/** tty_hangup - every open file of it dies, its session loses it (SIGHUP, SIGCONT)
 * @dead: it cannot be opened again */
void tty_hangup(struct tty *tty, bool dead);

/* tty_job.c */
/** tty_current - current's controlling terminal, referenced, or NULL */
struct tty *tty_current(void);
/** tty_check_change - may current's process group change (@signo SIGTTOU) or read
 * (SIGTTIN) @tty? Return: 0; -EIO; -ERESTARTSYS the group was sent @signo. */
__must_check int tty_check_change(struct tty *tty, int signo);
/** tty_take_session - open without O_NOCTTY: by a session leader that has none */
void tty_take_session(struct tty *tty);
/** tty_job_ioctl - TIOCSCTTY, TIOCNOTTY, TIOC[GS]PGRP, TIOCGSID. @master: asked
 * through a pty's master, which need not be the caller's terminal */
__must_check long tty_job_ioctl(struct tty *tty, u32 cmd, u64 arg, bool readable, bool master);
/** tty_drop_session - nobody has @tty as controlling terminal any more; signals. */
void tty_drop_session(struct tty *tty, bool dead);
/** tty_numbers - st_rdev and foreground group of @task's terminal for /proc; 0, -1: none */
void tty_numbers(struct task *task, u64 *dev, s32 *pgid);

/* tty_serial.c */
/** tty_serial_init - COM1 and COM2 as ttyS0 and ttyS1 */
void tty_serial_init(void);
/** tty_serial - ttyS0, not referenced; NULL: there is none */
struct tty *tty_serial(void);

/* tty_screen.c */
/** tty_screen_init - the screen as tty1 with its keyboard, where there is one */
void tty_screen_init(void);
/** tty_screen - tty1, not referenced; NULL: there is none */
struct tty *tty_screen(void);

/** tty_console - the terminal of /dev/console, not referenced; NULL: none */
struct tty *tty_console(void);
