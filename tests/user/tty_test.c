/* SPDX-License-Identifier: MIT */
/*
 * tty_test.c - terminals, on a pseudo-terminal pair where there is one (else skipped): settings, canonical and raw
 * input, special characters, window size, foreground group, hang-up. Sources: man termios(3), tty_ioctl(4), pty(7).
 */
#include "tty_pair.h"

CASE(settings)
{
	struct termios t, u;

	open_pair();
	CHECK(isatty(slave));
	CHECK_EQ(tcgetattr(slave, &t), 0);
	CHECK(t.c_lflag & ICANON && t.c_lflag & ECHO && t.c_lflag & ISIG);
	CHECK(t.c_iflag & ICRNL && t.c_oflag & OPOST && t.c_oflag & ONLCR);
	CHECK_EQ(t.c_cc[VINTR], 3);
	CHECK_EQ(t.c_cc[VEOF], 4);
	CHECK_EQ(t.c_cc[VERASE], 127);
	CHECK_EQ(t.c_cc[VSUSP], 26);
	t.c_lflag &= ~(tcflag_t)ECHO;
	t.c_cc[VMIN] = 9;
	CHECK_EQ(sys(SYS_ioctl, slave, TCSETSW, &t), 0);
	CHECK_EQ(tcgetattr(slave, &u), 0);
	CHECK(!(u.c_lflag & ECHO) && u.c_cc[VMIN] == 9);
	CHECK_EQ(sys(SYS_ioctl, slave, TCGETS, NULL), -EFAULT);
}

CASE(window_size)
{
	struct winsize w = { 50, 132, 0, 0 }, r = { 0 };

	open_pair();
	CHECK_EQ(sys(SYS_ioctl, slave, TIOCGWINSZ, &r), 0);
	CHECK_EQ(sys(SYS_ioctl, master, TIOCSWINSZ, &w), 0);
	CHECK_EQ(sys(SYS_ioctl, slave, TIOCGWINSZ, &r), 0);
	CHECK_EQ(r.ws_row, 50);
	CHECK_EQ(r.ws_col, 132);
}

CASE(canonical_lines)
{
	struct pollfd p;
	char buf[64];

	open_pair();
	p = (struct pollfd){ .fd = slave, .events = POLLIN };
	type("hal");
	CHECK_EQ(poll(&p, 1, 20), 0);	/* no line yet */
	type("\177\177ello\nsecond\n");
	CHECK_EQ(poll(&p, 1, 5000), 1);
	CHECK_EQ(read(slave, buf, sizeof(buf)), 6);	/* one line a read */
	CHECK(memcmp(buf, "hello\n", 6) == 0);
	CHECK_EQ(read(slave, buf, 3), 3);
	CHECK_EQ(read(slave, buf + 3, 60), 4);	/* the rest of the line */
	CHECK(memcmp(buf, "second\n", 7) == 0);
	type("kill\025new\r");	/* ^U; CR becomes NL */
	CHECK_EQ(read(slave, buf, sizeof(buf)), 4);
	CHECK(memcmp(buf, "new\n", 4) == 0);
}

CASE(end_of_file)
{
	char buf[16];

	open_pair();
	type("\004");
	CHECK_EQ(read(slave, buf, 16), 0);
	type("ab\004");
	CHECK_EQ(read(slave, buf, 16), 2);
	type("later\n");
	CHECK_EQ(read(slave, buf, 16), 6);
}

CASE(echo_and_output_processing)
{
	open_pair();
	type("x\n");
	CHECK_STR(shown(3), "x\r\n");
	CHECK_EQ(write(slave, "a\nb", 3), 3);
	CHECK_STR(shown(4), "a\r\nb");
	type("\003");
	CHECK_STR(shown(2), "^C");
}

CASE(raw_minimum_and_time)
{
	char buf[16];
	int64_t start;
	pid_t pid;

	open_pair();
	set_raw(1, 0);
	type("\003\r\004");
	CHECK_EQ(read(slave, buf, 16), 3);	/* all plain bytes */
	CHECK(memcmp(buf, "\003\r\004", 3) == 0);
	CHECK_EQ(write(slave, "\n", 1), 1);
	CHECK_STR(shown(1), "\n");
	set_raw(0, 0);
	CHECK_EQ(read(slave, buf, 16), 0);	/* never waits */
	set_raw(0, 2);
	start = now_ns();
	CHECK_EQ(read(slave, buf, 16), 0);	/* waits 0.2 s; ticks may shorten it a little */
	CHECK(now_ns() - start >= 150000000);
	set_raw(3, 0);
	IN_CHILD(pid) {
		type("a");
		sleep_ms(10);
		type("bc");
	}
	CHECK_EQ(read(slave, buf, 16), 3);
	CHECK_EXIT(pid, 0);
}

CASE(nonblocking)
{
	char c;

	open_pair();
	fcntl(slave, F_SETFL, O_NONBLOCK);
	CHECK_EQ(sys(SYS_read, slave, &c, 1), -EAGAIN);
	fcntl(master, F_SETFL, O_NONBLOCK);
	CHECK_EQ(sys(SYS_read, master, &c, 1), -EAGAIN);
}

CASE(hang_up)
{
	struct pollfd p;
	char c;

	open_pair();
	close(master);
	CHECK_EQ(sys(SYS_read, slave, &c, 1), 0);
	CHECK_EQ(sys(SYS_write, slave, &c, 1), -EIO);
	p = (struct pollfd){ .fd = slave, .events = POLLIN };
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK(p.revents & POLLHUP);
	open_pair();
	close(slave);
	CHECK_EQ(sys(SYS_read, master, &c, 1), -EIO);
}

/* A session with the pair as its terminal: ^C reaches the foreground group, the background is stopped. */
CASE(session_and_signals)
{
	int status, got;
	pid_t leader, worker;
	char c;

	open_pair();
	IN_CHILD(leader) {
		int ready[2];

		CHECK(sys(SYS_setsid) > 0);
		REQUIRE_EQ(sys(SYS_ioctl, slave, TIOCSCTTY, 0), 0);
		CHECK_EQ(sys(SYS_ioctl, slave, TIOCGPGRP, &got), 0);
		CHECK_EQ(got, getpid());
		CHECK(open("/dev/tty", O_RDWR) >= 0);
		REQUIRE_EQ(pipe(ready), 0);
		signal(SIGTTOU, SIG_IGN);
		IN_CHILD(worker) {
			int my_group = getpid();

			setpgid(0, 0);
			CHECK_EQ(sys(SYS_ioctl, slave, TIOCSPGRP, &my_group), 0);
			(void)!write(ready[1], "r", 1);
			for (;;)
				pause();
		}
		CHECK_EQ(read(ready[0], &c, 1), 1);
		CHECK_EQ(sys(SYS_ioctl, slave, TIOCGPGRP, &got), 0);
		CHECK_EQ(got, worker);
		type("\003");
		CHECK_KILLED(worker, SIGINT);
		got = getpid();
		CHECK_EQ(sys(SYS_ioctl, slave, TIOCSPGRP, &got), 0);
		IN_CHILD(worker) {	/* in the background, reading */
			setpgid(0, 0);
			(void)!read(slave, &c, 1);
		}
		CHECK_EQ(sys(SYS_wait4, worker, &status, WUNTRACED, NULL), worker);
		CHECK_EQ(status, SIGTTIN << 8 | 0x7f);
		kill(worker, SIGKILL);
		CHECK_KILLED(worker, SIGKILL);
		got = 0x3ffffff;
		CHECK(sys(SYS_ioctl, slave, TIOCSPGRP, &got) < 0);
	}
	CHECK_EXIT(leader, 0);
}

CASE(no_controlling_terminal)
{
	pid_t pid;

	IN_CHILD(pid) {
		CHECK(sys(SYS_setsid) > 0);
		CHECK_EQ(sys(SYS_open, "/dev/tty", O_RDWR), -ENXIO);
	}
	CHECK_EXIT(pid, 0);
}

CASE(console_is_a_terminal)
{
	struct termios t;
	int fd = open("/dev/ttyS0", O_RDWR | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 || tcgetattr(fd, &t) != 0)
		SKIP("no /dev/ttyS0");
	CHECK_EQ(tcsetattr(fd, TCSANOW, &t), 0);
}
