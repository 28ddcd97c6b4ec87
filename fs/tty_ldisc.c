/* SPDX-License-Identifier: MIT */
/* [pure] The line discipline (contract and drawing in tty_ldisc.h). */
#include <fs/tty_ldisc.h>

#include <kernel/lib/string.h>

#define MASK      (LDISC_SIZE - 1)
#define TAB       8u
#define XOFF_ROOM 128u /* IXOFF: STOP goes out when less than this is free */

static bool has(u32 flags, u32 bits)
{
	return (flags & bits) != 0;
}

/* Special character @which; 0 disables it (_POSIX_VDISABLE). */
static bool is_char(const struct ldisc *ld, u8 c, u32 which)
{
	return c && c == ld->t.c_cc[which];
}

static bool is_control(u8 c)
{
	return c < 32 || c == 127;
}

/* A byte of a UTF-8 sequence that is not the first. */
static bool is_continuation(const struct ldisc *ld, u8 c)
{
	return has(ld->t.c_iflag, IUTF8) && (c & 0xc0) == 0x80;
}

void ldisc_init(struct ldisc *ld)
{
	static const u8 chars[LINUX_NCCS] = {
		[VINTR] = 3, [VQUIT] = 28, [VERASE] = 127, [VKILL] = 21, [VEOF] = 4, [VMIN] = 1,
		[VSTART] = 17, [VSTOP] = 19, [VSUSP] = 26, [VREPRINT] = 18, [VDISCARD] = 15,
		[VWERASE] = 23, [VLNEXT] = 22,
	};

	memset(ld, 0, sizeof(*ld));
	ld->t.c_iflag = ICRNL | IXON;
	ld->t.c_oflag = OPOST | ONLCR;
	ld->t.c_cflag = B38400 | CS8 | CREAD | HUPCL;
	ld->t.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
	memcpy(ld->t.c_cc, chars, sizeof(chars));
}

/* ---- output ---- */

static u32 tx_room(const struct ldisc *ld)
{
	return LDISC_SIZE - ldisc_tx_used(ld);
}

static void tx_put(struct ldisc *ld, u8 c)
{
	ld->tx[ld->tx_head++ & MASK] = c;
}

/* A tab to the next multiple of 8, as spaces when the terminal has none. */
static bool put_tab(struct ldisc *ld)
{
	u32 width = TAB - ld->column % TAB;

	if ((ld->t.c_oflag & TABDLY) != XTABS) {
		tx_put(ld, '\t');
	} else {
		if (tx_room(ld) < width)
			return false;
		for (u32 i = 0; i < width; i++)
			tx_put(ld, ' ');
	}
	ld->column += width;
	return true;
}

static bool put_newline(struct ldisc *ld)
{
	u32 oflag = ld->t.c_oflag;

	if (has(oflag, ONLCR)) {
		if (tx_room(ld) < 2)
			return false;
		tx_put(ld, '\r');
	}
	if (has(oflag, ONLCR | ONLRET))
		ld->column = 0;
	tx_put(ld, '\n');
	return true;
}

static void put_return(struct ldisc *ld)
{
	u32 oflag = ld->t.c_oflag;

	if (has(oflag, ONOCR) && !ld->column)
		return;
	if (has(oflag, OCRNL)) {
		if (has(oflag, ONLRET))
			ld->column = 0;
		tx_put(ld, '\n');
		return;
	}
	ld->column = 0;
	tx_put(ld, '\r');
}

/* One byte through OPOST. Return: false when the ring has no room for it. */
static bool put_processed(struct ldisc *ld, u8 c)
{
	if (!tx_room(ld))
		return false;
	if (!has(ld->t.c_oflag, OPOST)) {
		tx_put(ld, c);
		return true;
	}
	switch (c) {
	case '\n':
		return put_newline(ld);
	case '\t':
		return put_tab(ld);
	case '\r':
		put_return(ld);
		return true;
	case '\b':
		if (ld->column)
			ld->column--;
		break;
	default:
		if (is_control(c))
			break;
		if (has(ld->t.c_oflag, OLCUC) && c >= 'a' && c <= 'z')
			c = (u8)(c - 'a' + 'A');
		if (!is_continuation(ld, c))
			ld->column++;
		break;
	}
	tx_put(ld, c);
	return true;
}

/* As many of @len as fit, unprocessed. */
static size_t put_raw(struct ldisc *ld, const u8 *buf, size_t len)
{
	size_t n = MIN(len, (size_t)tx_room(ld));
	size_t first = MIN(n, (size_t)(LDISC_SIZE - (ld->tx_head & MASK)));

	memcpy(&ld->tx[ld->tx_head & MASK], buf, first);
	memcpy(ld->tx, buf + first, n - first);
	ld->tx_head += (u32)n;
	return n;
}

size_t ldisc_output(struct ldisc *ld, const u8 *buf, size_t len)
{
	size_t n = 0;

	if (!has(ld->t.c_oflag, OPOST))
		return put_raw(ld, buf, len);
	while (n < len && put_processed(ld, buf[n]))
		n++;
	return n;
}

size_t ldisc_tx_peek(const struct ldisc *ld, const u8 **bytes)
{
	u32 tail = ld->tx_tail & MASK;

	if (ld->xchar) {
		*bytes = &ld->xchar;
		return 1;
	}
	*bytes = &ld->tx[tail];
	return ld->stopped ? 0 : MIN(ldisc_tx_used(ld), LDISC_SIZE - tail);
}

void ldisc_tx_drop(struct ldisc *ld, size_t len)
{
	if (ld->xchar && len)
		ld->xchar = 0;
	else
		ld->tx_tail += (u32)len;
}

u32 ldisc_flush_output(struct ldisc *ld)
{
	ld->tx_tail = ld->tx_head;
	return LDISC_WRITABLE;
}

static u32 output_restart(struct ldisc *ld)
{
	if (!ld->stopped || ld->tco_stopped)
		return 0;
	ld->stopped = false;
	return LDISC_START;
}

u32 ldisc_flow(struct ldisc *ld, u32 action)
{
	switch (action) {
	case TCOOFF:
		ld->tco_stopped = true;
		ld->stopped = true;
		return 0;
	case TCOON:
		if (!ld->tco_stopped)
			return 0;
		ld->tco_stopped = false;
		return output_restart(ld);
	case TCIOFF:
		ld->xchar = ld->t.c_cc[VSTOP];
		return LDISC_START;
	case TCION:
		ld->xchar = ld->t.c_cc[VSTART];
		return LDISC_START;
	default:
		return 0;
	}
}

/* ---- echo: what does not fit is not shown ---- */

static void echo_raw(struct ldisc *ld, u8 c)
{
	(void)put_processed(ld, c);
}

static bool shown_as_two(const struct ldisc *ld, u8 c)
{
	return has(ld->t.c_lflag, ECHOCTL) && is_control(c) && c != '\t';
}

static void echo_char(struct ldisc *ld, u8 c)
{
	if (shown_as_two(ld, c)) {
		echo_raw(ld, '^');
		c ^= 0100;
	}
	echo_raw(ld, c);
}

/* Column behind the line being typed, as echo_char() showed it. */
static u32 line_end_column(const struct ldisc *ld)
{
	u32 column = ld->line_column;

	for (u32 pos = ld->rx_canon; pos != ld->rx_head; pos++) {
		u8 c = ld->rx[pos & MASK];

		if (c == '\t')
			column += TAB - column % TAB;
		else if (shown_as_two(ld, c))
			column += 2;
		else if (!is_control(c) && !is_continuation(ld, c))
			column++;
	}
	return column;
}

static void echo_back(struct ldisc *ld, u32 columns)
{
	while (columns--) {
		echo_raw(ld, '\b');
		echo_raw(ld, ' ');
		echo_raw(ld, '\b');
	}
}

/* @c, which ended at column @end, has left the line: wipe it. */
static void echo_wipe(struct ldisc *ld, u8 c, u32 end)
{
	u32 width = end - line_end_column(ld);

	if (c != '\t') {
		echo_back(ld, width);
		return;
	}
	while (width--) /* a tab is blank already */
		echo_raw(ld, '\b');
}

/* ---- input ---- */

static u32 rx_used(const struct ldisc *ld)
{
	return ld->rx_head - ld->rx_tail;
}

static bool is_eol(const struct ldisc *ld, u32 pos)
{
	return ld->eol[(pos & MASK) / 64] & BIT(pos % 64);
}

static void rx_put(struct ldisc *ld, u8 c, bool eol)
{
	u32 pos = ld->rx_head++;
	u64 *word = &ld->eol[(pos & MASK) / 64];

	ld->rx[pos & MASK] = c;
	*word = eol ? *word | BIT(pos % 64) : *word & ~BIT(pos % 64);
}

void ldisc_flush_input(struct ldisc *ld)
{
	ld->rx_tail = ld->rx_head;
	ld->rx_canon = ld->rx_head;
	ld->lnext = false;
}

size_t ldisc_room(const struct ldisc *ld)
{
	u32 room = LDISC_SIZE - rx_used(ld);

	/* One place is kept for the end of the line; and where no line is whole
	 * yet, input must go on or it would never be: what is too much is lost. */
	if (has(ld->t.c_lflag, ICANON))
		return ld->rx_canon == ld->rx_tail ? LDISC_SIZE : room - (room > 0);
	return room;
}

static bool rx_full(const struct ldisc *ld)
{
	u32 kept = has(ld->t.c_lflag, ICANON) ? 1 : 0;

	return rx_used(ld) + kept >= LDISC_SIZE;
}

static void echo_typed(struct ldisc *ld, u8 c)
{
	if (!has(ld->t.c_lflag, ECHO))
		return;
	if (ld->rx_canon == ld->rx_head)
		ld->line_column = ld->column;
	if (c == '\n')
		echo_raw(ld, c);
	else
		echo_char(ld, c);
}

/* An ordinary byte. */
static u32 input_plain(struct ldisc *ld, u8 c)
{
	if (rx_full(ld)) {
		if (has(ld->t.c_iflag, IMAXBEL))
			echo_raw(ld, '\a');
		return LDISC_START;
	}
	echo_typed(ld, c);
	rx_put(ld, c, false);
	return LDISC_START | (has(ld->t.c_lflag, ICANON) ? 0 : LDISC_READABLE);
}

/* @c ends the line; 0 is end of file and not read. One place is always left. */
static u32 end_line(struct ldisc *ld, u8 c)
{
	if (rx_used(ld) == LDISC_SIZE)
		return LDISC_START;
	rx_put(ld, c, true);
	ld->rx_canon = ld->rx_head;
	return LDISC_READABLE | LDISC_START;
}

static u32 kill_line(struct ldisc *ld, u8 c)
{
	u32 lflag = ld->t.c_lflag;

	ld->rx_head = ld->rx_canon;
	if (has(lflag, ECHO)) {
		echo_char(ld, c);
		if (has(lflag, ECHOK))
			echo_raw(ld, '\n');
	}
	return LDISC_START;
}

static bool is_word_char(u8 c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c >= 0x80;
}

/* Take the last character off the line. Return: its first byte. */
static u8 unput(struct ldisc *ld)
{
	u8 c;

	do {
		c = ld->rx[--ld->rx_head & MASK];
	} while (is_continuation(ld, c) && ld->rx_head != ld->rx_canon);
	return c;
}

/* ERASE, WERASE or KILL was typed: @c. */
static u32 erase(struct ldisc *ld, u8 c)
{
	u32 lflag = ld->t.c_lflag;
	bool word = is_char(ld, c, VWERASE), kill = is_char(ld, c, VKILL), in_word = false;

	if (kill && (lflag & (ECHO | ECHOE | ECHOK | ECHOKE)) != (ECHO | ECHOE | ECHOK | ECHOKE))
		return kill_line(ld, c);
	while (ld->rx_head != ld->rx_canon) {
		u32 head = ld->rx_head, end = line_end_column(ld);
		u8 gone = unput(ld);

		if (word && in_word && !is_word_char(gone)) {
			ld->rx_head = head; /* it stays */
			break;
		}
		in_word |= is_word_char(gone);
		if (has(lflag, ECHO) && !has(lflag, ECHOE) && !word && !kill)
			echo_char(ld, c);
		else if (has(lflag, ECHO))
			echo_wipe(ld, gone, end);
		if (!word && !kill)
			break;
	}
	return LDISC_START;
}

static u32 reprint(struct ldisc *ld, u8 c)
{
	echo_char(ld, c);
	echo_raw(ld, '\n');
	ld->line_column = ld->column;
	for (u32 pos = ld->rx_canon; pos != ld->rx_head; pos++)
		echo_char(ld, ld->rx[pos & MASK]);
	return LDISC_START;
}

static u32 literal_next(struct ldisc *ld)
{
	ld->lnext = true;
	if (has(ld->t.c_lflag, ECHO) && has(ld->t.c_lflag, ECHOCTL)) {
		echo_raw(ld, '^'); /* shown until the byte comes */
		echo_raw(ld, '\b');
	}
	return LDISC_START;
}

/* A byte in canonical mode. */
static u32 input_canonical(struct ldisc *ld, u8 c)
{
	u32 lflag = ld->t.c_lflag;
	bool extended = has(lflag, IEXTEN);

	if (is_char(ld, c, VERASE) || is_char(ld, c, VKILL) ||
	    (extended && is_char(ld, c, VWERASE)))
		return erase(ld, c);
	if (extended && is_char(ld, c, VLNEXT))
		return literal_next(ld);
	if (extended && has(lflag, ECHO) && is_char(ld, c, VREPRINT))
		return reprint(ld, c);
	if (c == '\n') {
		if (has(lflag, ECHO | ECHONL))
			echo_raw(ld, c);
		return end_line(ld, c);
	}
	if (is_char(ld, c, VEOF))
		return end_line(ld, 0);
	if (is_char(ld, c, VEOL) || (extended && is_char(ld, c, VEOL2))) {
		echo_typed(ld, c);
		return end_line(ld, c);
	}
	return input_plain(ld, c);
}

static u32 signal_of(const struct ldisc *ld, u8 c)
{
	if (is_char(ld, c, VINTR))
		return LDISC_INTR;
	if (is_char(ld, c, VQUIT))
		return LDISC_QUIT;
	return is_char(ld, c, VSUSP) ? LDISC_SUSP : 0;
}

static u32 input_signal(struct ldisc *ld, u8 c, u32 events)
{
	if (!has(ld->t.c_lflag, NOFLSH)) {
		ldisc_flush_input(ld);
		events |= ldisc_flush_output(ld);
	}
	if (has(ld->t.c_iflag, IXON))
		events |= output_restart(ld);
	if (has(ld->t.c_lflag, ECHO))
		echo_char(ld, c);
	return events | LDISC_START;
}

static u32 input_byte(struct ldisc *ld, u8 c)
{
	u32 iflag = ld->t.c_iflag, lflag = ld->t.c_lflag, events = 0, sig;

	if (has(iflag, ISTRIP))
		c &= 0x7f;
	if (has(iflag, IUCLC) && has(lflag, IEXTEN) && c >= 'A' && c <= 'Z')
		c = (u8)(c - 'A' + 'a');
	if (ld->lnext) {
		ld->lnext = false;
		return input_plain(ld, c);
	}
	if (has(iflag, IXON)) {
		if (is_char(ld, c, VSTART))
			return output_restart(ld);
		if (is_char(ld, c, VSTOP)) {
			ld->stopped = true;
			return 0;
		}
	}
	if (has(lflag, ISIG)) {
		sig = signal_of(ld, c);
		if (sig)
			return input_signal(ld, c, sig);
	}
	if (has(iflag, IXON) && has(iflag, IXANY))
		events = output_restart(ld);
	if (c == '\r') {
		if (has(iflag, IGNCR))
			return events;
		if (has(iflag, ICRNL))
			c = '\n';
	} else if (c == '\n' && has(iflag, INLCR)) {
		c = '\r';
	}
	if (c == 0xff && has(iflag, PARMRK) && !has(iflag, ISTRIP) && !rx_full(ld))
		rx_put(ld, c, false); /* doubled: one alone is a mark */
	return events | (has(lflag, ICANON) ? input_canonical(ld, c) : input_plain(ld, c));
}

/* No byte means anything: they can be copied. */
static bool is_raw(const struct ldisc *ld)
{
	return !has(ld->t.c_lflag, ICANON | ISIG | ECHO) && !ld->lnext &&
	       !has(ld->t.c_iflag, IXON | ISTRIP | INLCR | IGNCR | ICRNL | IUCLC | PARMRK);
}

static void rx_put_raw(struct ldisc *ld, const u8 *buf, size_t len)
{
	size_t n = MIN(len, (size_t)(LDISC_SIZE - rx_used(ld)));
	size_t first = MIN(n, (size_t)(LDISC_SIZE - (ld->rx_head & MASK)));

	memcpy(&ld->rx[ld->rx_head & MASK], buf, first);
	memcpy(ld->rx, buf + first, n - first);
	ld->rx_head += (u32)n;
}

u32 ldisc_input(struct ldisc *ld, const u8 *buf, size_t len)
{
	u32 events = 0;

	if (is_raw(ld)) {
		rx_put_raw(ld, buf, len);
		events = LDISC_READABLE;
	} else {
		for (size_t i = 0; i < len; i++)
			events |= input_byte(ld, buf[i]);
	}
	if (has(ld->t.c_iflag, IXOFF) && !ld->stop_sent &&
	    LDISC_SIZE - rx_used(ld) < XOFF_ROOM) {
		ld->stop_sent = true;
		ld->xchar = ld->t.c_cc[VSTOP];
		events |= LDISC_START;
	}
	return events;
}

/* ---- reading ---- */

bool ldisc_has_input(const struct ldisc *ld, u32 min)
{
	if (has(ld->t.c_lflag, ICANON))
		return ld->rx_canon != ld->rx_tail;
	return rx_used(ld) >= min;
}

u32 ldisc_readable(const struct ldisc *ld)
{
	u32 n = 0;

	if (!has(ld->t.c_lflag, ICANON))
		return rx_used(ld);
	for (u32 pos = ld->rx_tail; pos != ld->rx_canon; pos++)
		n += !is_eol(ld, pos) || ld->rx[pos & MASK];
	return n;
}

size_t ldisc_take(struct ldisc *ld, u8 *out, size_t max, bool *end)
{
	size_t n = 0;

	if (!has(ld->t.c_lflag, ICANON)) {
		size_t first = LDISC_SIZE - (ld->rx_tail & MASK);

		n = MIN(max, (size_t)rx_used(ld));
		first = MIN(first, n);
		memcpy(out, &ld->rx[ld->rx_tail & MASK], first);
		memcpy(out + first, ld->rx, n - first);
		ld->rx_tail += (u32)n;
		return n;
	}
	while (n < max && ld->rx_tail != ld->rx_canon && !*end) {
		u8 c = ld->rx[ld->rx_tail & MASK];

		*end = is_eol(ld, ld->rx_tail++);
		if (c || !*end)
			out[n++] = c;
	}
	return n;
}

void ldisc_skip_eof(struct ldisc *ld)
{
	if (has(ld->t.c_lflag, ICANON) && ld->rx_tail != ld->rx_canon &&
	    is_eol(ld, ld->rx_tail) && !ld->rx[ld->rx_tail & MASK])
		ld->rx_tail++;
}

u32 ldisc_unthrottle(struct ldisc *ld)
{
	if (!ld->stop_sent || rx_used(ld) > XOFF_ROOM)
		return 0;
	ld->stop_sent = false;
	ld->xchar = ld->t.c_cc[VSTART];
	return LDISC_START;
}

u32 ldisc_set_termios(struct ldisc *ld, const struct linux_termios *t)
{
	u32 changed = ld->t.c_lflag ^ t->c_lflag;
	bool had_ixon = has(ld->t.c_iflag, IXON);
	u32 events = 0;

	ld->t = *t;
	if (has(changed, ICANON)) {
		/*
		 * To canonical: what came so far is one line, without a newline. To
		 * raw: all of it can be read, marks of end of file as NULs.
		 */
		memset(ld->eol, 0, sizeof(ld->eol));
		ld->rx_canon = ld->rx_head;
		if (rx_used(ld))
			ld->eol[((ld->rx_head - 1) & MASK) / 64] |= BIT((ld->rx_head - 1) % 64);
		ld->lnext = false;
		events |= LDISC_READABLE;
	}
	if (had_ixon && !has(t->c_iflag, IXON))
		events |= output_restart(ld);
	return events;
}
