/* SPDX-License-Identifier: MIT */
/*
 * tty_pair.h - a pseudo-terminal pair for tests: what is typed at the master, what it shows,
 * settings of the slave.
 */
#pragma once

#include "ktap.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

static int master, slave;

/* Opens a pair without making it the controlling terminal. */
static inline void open_pair(void)
{
	char path[32];
	int number = -1, unlock = 0;

	master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	if (master < 0)
		SKIP("no /dev/ptmx");
	REQUIRE_EQ(sys(SYS_ioctl, master, TIOCSPTLCK, &unlock), 0);
	REQUIRE_EQ(sys(SYS_ioctl, master, TIOCGPTN, &number), 0);
	snprintf(path, sizeof(path), "/dev/pts/%d", number);
	slave = open(path, O_RDWR | O_NOCTTY);
	REQUIRE(slave >= 0);
}

static inline void set_raw(cc_t min, cc_t time)
{
	struct termios t;

	REQUIRE_EQ(tcgetattr(slave, &t), 0);
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
	t.c_iflag &= ~(tcflag_t)(ICRNL | IXON);
	t.c_oflag &= ~(tcflag_t)OPOST;
	t.c_cc[VMIN] = min;
	t.c_cc[VTIME] = time;
	REQUIRE_EQ(tcsetattr(slave, TCSANOW, &t), 0);
}

static inline void type(const char *text)
{
	CHECK_EQ(write(master, text, strlen(text)), strlen(text));
}

/* What the master shows within a moment, after at least @want bytes. */
static inline const char *shown(size_t want)
{
	static char buf[512];
	struct pollfd p = { .fd = master, .events = POLLIN };
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(buf) - 1 && poll(&p, 1, len < want ? 5000 : 0) == 1 && p.revents & POLLIN) {
		n = read(master, buf + len, sizeof(buf) - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	buf[len] = 0;
	return buf;
}

/* Flags of the slave off, then on. */
static inline void set_flags(tcflag_t iflag_off, tcflag_t iflag, tcflag_t oflag_off, tcflag_t oflag,
			     tcflag_t lflag_off, tcflag_t lflag)
{
	struct termios t;

	REQUIRE_EQ(tcgetattr(slave, &t), 0);
	t.c_iflag = (t.c_iflag & ~iflag_off) | iflag;
	t.c_oflag = (t.c_oflag & ~oflag_off) | oflag;
	t.c_lflag = (t.c_lflag & ~lflag_off) | lflag;
	REQUIRE_EQ(tcsetattr(slave, TCSANOW, &t), 0);
}

static inline void set_char(int which, cc_t c)
{
	struct termios t;

	REQUIRE_EQ(tcgetattr(slave, &t), 0);
	t.c_cc[which] = c;
	REQUIRE_EQ(tcsetattr(slave, TCSANOW, &t), 0);
}

/* What one read of the slave gives, as a string; "EAGAIN" when there is nothing. */
static inline const char *got(void)
{
	static char buf[8192];
	int flags = fcntl(slave, F_GETFL);
	ssize_t n;

	fcntl(slave, F_SETFL, flags | O_NONBLOCK);
	n = read(slave, buf, sizeof(buf) - 1);
	fcntl(slave, F_SETFL, flags);
	if (n < 0)
		return "EAGAIN";
	buf[n] = 0;
	return buf;
}

/* Type, and give the terminal time to take it in: Linux does that in a thread of its own. */
static inline void type_and_wait(const char *text)
{
	type(text);
	sleep_ms(30);
}

/* A process that writes @text to the slave; a stopped terminal may hold it up. */
static inline pid_t writer(const char *text)
{
	pid_t pid;

	IN_CHILD(pid) {
		CHECK_EQ(write(slave, text, strlen(text)), strlen(text));
	}
	sleep_ms(30);
	return pid;
}
