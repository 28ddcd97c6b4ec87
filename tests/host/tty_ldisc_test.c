/* SPDX-License-Identifier: MIT */
#include <fs/tty_ldisc.h>

#include "test.h"

#include <string.h>

static struct ldisc *fresh(void)
{
	struct ldisc *ld = test_alloc(sizeof(*ld));

	ldisc_init(ld);
	return ld;
}

static u32 type(struct ldisc *ld, const char *text)
{
	return ldisc_input(ld, (const u8 *)text, strlen(text));
}

/* Everything waiting for the transmitter, as a string. */
static const char *shown(struct ldisc *ld)
{
	static char buf[3 * LDISC_SIZE];
	const u8 *p;
	size_t n, len = 0;

	while ((n = ldisc_tx_peek(ld, &p)) && len + n < sizeof(buf)) {
		memcpy(buf + len, p, n);
		len += n;
		ldisc_tx_drop(ld, n);
	}
	buf[len] = 0;
	return buf;
}

/* One read(2) of up to @max bytes. */
static const char *got(struct ldisc *ld, size_t max)
{
	static char buf[LDISC_SIZE + 1];
	bool end = false;
	size_t n = ldisc_take(ld, (u8 *)buf, max, &end);

	if (n == max && !end)
		ldisc_skip_eof(ld);
	buf[n] = 0;
	return buf;
}

static void set(struct ldisc *ld, u32 iflag, u32 oflag, u32 lflag)
{
	struct linux_termios t = ld->t;

	t.c_iflag = iflag;
	t.c_oflag = oflag;
	t.c_lflag = lflag;
	(void)ldisc_set_termios(ld, &t);
}

TEST(ldisc_lines)
{
	struct ldisc *ld = fresh();

	CHECK(!(type(ld, "hal") & LDISC_READABLE));
	CHECK(!ldisc_has_input(ld, 1));
	CHECK_EQ(ldisc_readable(ld), 0);
	CHECK(type(ld, "\177\177ello\nsecond\r") & LDISC_READABLE);
	CHECK_STR(shown(ld), "hal\b \b\b \bello\r\nsecond\r\n");
	CHECK_EQ(ldisc_readable(ld), 13);
	CHECK_STR(got(ld, 100), "hello\n");
	CHECK_STR(got(ld, 3), "sec");
	CHECK_STR(got(ld, 100), "ond\n");
	CHECK(!ldisc_has_input(ld, 1));
}

TEST(ldisc_end_of_file)
{
	struct ldisc *ld = fresh();

	type(ld, "\4");
	CHECK(ldisc_has_input(ld, 1));
	CHECK_EQ(ldisc_readable(ld), 0);
	CHECK_STR(got(ld, 100), "");
	CHECK(!ldisc_has_input(ld, 1));
	type(ld, "ab\4cd\4");
	CHECK_STR(got(ld, 2), "ab"); /* the mark goes with a read that is filled */
	CHECK_STR(got(ld, 1), "c");
	CHECK_STR(got(ld, 100), "d");
	CHECK(!ldisc_has_input(ld, 1));
	CHECK_STR(shown(ld), "abcd");
}

TEST(ldisc_erase_forms)
{
	struct ldisc *ld = fresh();

	type(ld, "one two_3\27x\n"); /* ^W */
	CHECK_STR(shown(ld), "one two_3\b \b\b \b\b \b\b \b\b \bx\r\n");
	CHECK_STR(got(ld, 100), "one x\n");
	type(ld, "ab\25c\n"); /* ^U */
	CHECK_STR(shown(ld), "ab\b \b\b \bc\r\n");
	CHECK_STR(got(ld, 100), "c\n");
	type(ld, "a\tb\177\177\177\177z\n"); /* a tab of 7 columns */
	CHECK_STR(shown(ld), "a\tb\b \b\b\b\b\b\b\b\b\b \bz\r\n");
	CHECK_STR(got(ld, 100), "z\n");
	type(ld, "\26\3\177q\n"); /* ^V ^C is a byte, shown as two */
	CHECK_STR(shown(ld), "^\b^C\b \b\b \bq\r\n");
	CHECK_STR(got(ld, 100), "q\n");
	set(ld, ICRNL | IUTF8, OPOST | ONLCR, ld->t.c_lflag);
	type(ld, "\303\244\177n\n");
	CHECK_STR(shown(ld), "\303\244\b \bn\r\n");
	CHECK_STR(got(ld, 100), "n\n");
	set(ld, ICRNL, OPOST | ONLCR, ICANON | ECHO | ECHOK);
	type(ld, "ab\25c\177d\n"); /* without ECHOE, ECHOKE the characters are shown */
	CHECK_STR(got(ld, 100), "d\n");
	CHECK_STR(shown(ld), "ab\25\r\nc\177d\r\n");
}

TEST(ldisc_reprint_and_echonl)
{
	struct ldisc *ld = fresh();

	type(ld, "ab\22c\n");
	CHECK_STR(shown(ld), "ab^R\r\nabc\r\n");
	set(ld, ICRNL, OPOST | ONLCR, ICANON | ECHONL);
	type(ld, "hidden\n");
	CHECK_STR(shown(ld), "\r\n");
}

TEST(ldisc_signals)
{
	struct ldisc *ld = fresh();
	u32 events = type(ld, "abc\3");

	CHECK(events & LDISC_INTR);
	CHECK_STR(shown(ld), "^C"); /* the echo before it was flushed with all else */
	CHECK(type(ld, "\34") & LDISC_QUIT);
	CHECK(type(ld, "\32") & LDISC_SUSP);
	type(ld, "x\n");
	CHECK_STR(got(ld, 100), "x\n");
	set(ld, 0, 0, ISIG | ICANON | NOFLSH);
	CHECK(type(ld, "ab\3c\n") & LDISC_INTR);
	CHECK_STR(got(ld, 100), "abc\n");
	ld->t.c_cc[VINTR] = 0; /* disabled: no byte is it, not even NUL */
	CHECK(!(ldisc_input(ld, (const u8 *)"\3\0", 2) & LDISC_INTR));
}

TEST(ldisc_flow_control)
{
	struct ldisc *ld = fresh();
	const u8 *p;

	type(ld, "\23"); /* ^S */
	CHECK_EQ(ldisc_output(ld, (const u8 *)"text", 4), 4);
	CHECK_EQ(ldisc_tx_peek(ld, &p), 0);
	CHECK(type(ld, "\21") & LDISC_START);
	CHECK_STR(shown(ld), "text");
	(void)ldisc_flow(ld, TCOOFF);
	(void)ldisc_output(ld, (const u8 *)"x", 1);
	type(ld, "\21"); /* TCOOFF is stronger than ^Q */
	CHECK_EQ(ldisc_tx_peek(ld, &p), 0);
	CHECK(ldisc_flow(ld, TCOON) & LDISC_START);
	CHECK_STR(shown(ld), "x");
	set(ld, IXOFF, 0, 0);
	for (int i = 0; i < 4000; i++)
		(void)ldisc_input(ld, (const u8 *)"y", 1);
	CHECK_STR(shown(ld), "\23");
	(void)got(ld, 3990);
	CHECK(ldisc_unthrottle(ld) & LDISC_START);
	CHECK_STR(shown(ld), "\21");
}

TEST(ldisc_input_translation)
{
	struct ldisc *ld = fresh();

	set(ld, IGNCR, 0, ICANON);
	type(ld, "a\rb\n");
	CHECK_STR(got(ld, 100), "ab\n");
	set(ld, INLCR, 0, 0);
	type(ld, "a\n");
	CHECK_STR(got(ld, 100), "a\r");
	set(ld, ISTRIP, 0, 0);
	type(ld, "\341");
	CHECK_STR(got(ld, 100), "a");
}

TEST(ldisc_output_processing)
{
	struct ldisc *ld = fresh();

	CHECK_EQ(ldisc_output(ld, (const u8 *)"a\nb\tc", 5), 5);
	CHECK_STR(shown(ld), "a\r\nb\tc");
	set(ld, 0, OPOST | XTABS | ONLCR, 0);
	(void)ldisc_output(ld, (const u8 *)"\n123\tx", 6);
	CHECK_STR(shown(ld), "\r\n123     x");
	set(ld, 0, OPOST | OCRNL, 0);
	(void)ldisc_output(ld, (const u8 *)"a\r", 2);
	CHECK_STR(shown(ld), "a\n");
	set(ld, 0, OPOST | ONOCR, 0);
	(void)ldisc_output(ld, (const u8 *)"q\r\r", 3);
	CHECK_STR(shown(ld), "q\r");
}

TEST(ldisc_raw_and_back)
{
	struct ldisc *ld = fresh();

	type(ld, "partial");
	set(ld, 0, 0, 0);
	CHECK_STR(got(ld, 4), "part");
	CHECK(!ldisc_has_input(ld, 4));
	CHECK(ldisc_has_input(ld, 3));
	type(ld, "\3\r\4");
	CHECK_EQ(ldisc_readable(ld), 6);
	set(ld, ICRNL, 0, ICANON); /* what is there counts as a line */
	CHECK_STR(got(ld, 100), "ial\3\r\4");
	CHECK(!ldisc_has_input(ld, 1));
}

TEST(ldisc_overlong_line)
{
	struct ldisc *ld = fresh();

	set(ld, 0, 0, ICANON);
	for (int i = 0; i < 5000; i++) {
		CHECK(ldisc_room(ld) > 0);
		type(ld, "a");
	}
	type(ld, "\n");
	CHECK_EQ(ldisc_readable(ld), LDISC_SIZE); /* 4095 and the newline */
	CHECK_EQ(ldisc_room(ld), 0);
	CHECK_EQ(strlen(got(ld, LDISC_SIZE)), LDISC_SIZE);
	CHECK(!ldisc_has_input(ld, 1));
}

TEST(ldisc_full_transmit_ring)
{
	struct ldisc *ld = fresh();
	u8 lines[LDISC_SIZE];

	memset(lines, '\n', sizeof(lines));
	CHECK_EQ(ldisc_output(ld, lines, sizeof(lines)), LDISC_SIZE / 2);
	CHECK_EQ(ldisc_output(ld, lines, 1), 0);
	type(ld, "echo is lost\n");
	CHECK_STR(got(ld, 100), "echo is lost\n");
}

/* Any bytes under any settings: no index leaves its ring, what is taken came in. */
TEST(ldisc_random)
{
	struct ldisc *ld = fresh();
	u8 in[64], out[300];

	for (int i = 0; i < 20000; i++) {
		struct linux_termios t = ld->t;
		const u8 *p;
		bool end = false;
		size_t n = test_rand_below(sizeof(in) + 1);

		if (test_rand_below(64) == 0) {
			t.c_iflag = (u32)test_rand();
			t.c_oflag = (u32)test_rand();
			t.c_lflag = (u32)test_rand();
			(void)ldisc_set_termios(ld, &t);
		}
		test_rand_fill(in, sizeof(in));
		(void)ldisc_input(ld, in, MIN(n, ldisc_room(ld)));
		(void)ldisc_output(ld, in, test_rand_below(sizeof(in)));
		if (test_rand_below(2))
			(void)ldisc_take(ld, out, test_rand_below(sizeof(out)), &end);
		n = ldisc_tx_peek(ld, &p);
		ldisc_tx_drop(ld, test_rand_below(n + 1));
		if (test_rand_below(100) == 0)
			(void)ldisc_flow(ld, (u32)test_rand_below(4));
		REQUIRE(ld->rx_head - ld->rx_tail <= LDISC_SIZE);
		REQUIRE(ldisc_tx_used(ld) <= LDISC_SIZE);
		REQUIRE(ldisc_readable(ld) <= LDISC_SIZE);
	}
}
