/* SPDX-License-Identifier: MIT */
/*
 * [pure] The line discipline N_TTY: what lies between the bytes of a terminal
 * and the program that reads them. A state machine on two byte rings:
 *
 *   device --ldisc_input()--> rx: [tail .. canon) [canon .. head) --ldisc_take()--> reader
 *                             |   whole lines      being typed
 *                             | echo
 *                             v
 *   device <--ldisc_tx_peek()-- tx <--ldisc_output()-- writer
 *
 * The caller holds whatever lock protects the structure and acts on the events
 * returned: it sends the signals, wakes the sleepers, starts the transmitter.
 * Sources: POSIX.1-2017 §11 (General Terminal Interface); man termios(3);
 * behaviour compared with Linux's drivers/tty/n_tty.c by experiment.
 */
#pragma once

#include <kernel/abi/linux_tty.h>
#include <kernel/lib/types.h>

#define LDISC_SIZE 4096u /* of each ring; a line has at most 4095 bytes and its end */

/* What ldisc_input() and others ask their caller to do. */
enum ldisc_event {
	LDISC_INTR = 1,      /* SIGINT to the foreground group */
	LDISC_QUIT = 2,      /* SIGQUIT */
	LDISC_SUSP = 4,      /* SIGTSTP */
	LDISC_READABLE = 8,  /* somebody may read now */
	LDISC_WRITABLE = 16, /* output was flushed: room for writers */
	LDISC_START = 32,    /* there is something for the transmitter */
};

struct ldisc {
	struct linux_termios t;
	u8 rx[LDISC_SIZE];
	u64 eol[LDISC_SIZE / 64];      /* rx bytes that end a line; a NUL with it: end of file */
	u32 rx_tail, rx_canon, rx_head; /* free-running; canon is used in ICANON only */
	u8 tx[LDISC_SIZE];
	u32 tx_tail, tx_head;
	u8 xchar;                      /* START or STOP to go out before all else, or 0 */
	bool stop_sent;                /* IXOFF: we asked the other side to be quiet */
	bool stopped;                  /* output is held: STOP was typed, or TCOOFF */
	bool tco_stopped;              /* by TCOOFF: START does not help */
	bool lnext;                    /* the next byte is literal */
	u32 column;                    /* of the cursor, as far as OPOST can know */
	u32 line_column;               /* where the line being typed began */
};

/** ldisc_init - empty, with Linux's initial settings (tty_std_termios) */
void ldisc_init(struct ldisc *ld);

/** ldisc_room - bytes that ldisc_input() can take without losing any */
size_t ldisc_room(const struct ldisc *ld);
/** ldisc_input - bytes came from the device. Return: enum ldisc_event */
u32 ldisc_input(struct ldisc *ld, const u8 *buf, size_t len);

/** ldisc_has_input - a read would give something: a line, or min bytes when raw */
bool ldisc_has_input(const struct ldisc *ld, u32 min);
/** ldisc_readable - bytes that can be read (FIONREAD) */
u32 ldisc_readable(const struct ldisc *ld);
/** ldisc_take - move up to @max bytes to @out, at most to the end of the line
 * @end: set when a line's end (or end of file) was passed
 * Return: bytes; an end-of-file mark gives none. */
size_t ldisc_take(struct ldisc *ld, u8 *out, size_t max, bool *end);
/** ldisc_skip_eof - a read was filled exactly: an end-of-file mark behind it goes too */
void ldisc_skip_eof(struct ldisc *ld);
/** ldisc_unthrottle - after reads: IXOFF's START when there is room again. Events. */
u32 ldisc_unthrottle(struct ldisc *ld);

/** ldisc_output - put a program's bytes through OPOST. Return: how many of @len
 * were taken; fewer when the ring is full. */
size_t ldisc_output(struct ldisc *ld, const u8 *buf, size_t len);
/** ldisc_tx_peek - what to transmit next, in one piece; 0: nothing, or stopped */
size_t ldisc_tx_peek(const struct ldisc *ld, const u8 **bytes);
void ldisc_tx_drop(struct ldisc *ld, size_t len);
static inline u32 ldisc_tx_used(const struct ldisc *ld)
{
	return ld->tx_head - ld->tx_tail;
}

/** ldisc_set_termios - new settings; what was typed is kept. Return: events */
u32 ldisc_set_termios(struct ldisc *ld, const struct linux_termios *t);
void ldisc_flush_input(struct ldisc *ld);
/** ldisc_flush_output - Return: events */
u32 ldisc_flush_output(struct ldisc *ld);
/** ldisc_flow - TCXONC. @action: TCOOFF, TCOON, TCIOFF, TCION. Return: events */
u32 ldisc_flow(struct ldisc *ld, u32 action);
