/* SPDX-License-Identifier: MIT */
/*
 * tty_mode_test.c - each flag of a terminal's settings by what it does, special characters, VMIN and VTIME, flow
 * control, flushing, packet mode, hang-up, background access. Sources: man termios(3), ioctl_tty(2); POSIX.1-2017 XBD
 * §11; Linux's N_TTY for what these leave open.
 */
#include "tty_pair.h"

#include <sys/wait.h>

#ifndef TIOCGPKT
#define TIOCGPKT 0x80045438
#endif
#ifndef TIOCGEXCL
#define TIOCGEXCL 0x80045440
#endif

CASE(input_newlines)
{
	open_pair();
	set_flags(ICRNL, INLCR, 0, 0, ICANON | ECHO, 0);
	type_and_wait("a\nb\r");
	CHECK_STR(got(), "a\rb\r");
	set_flags(INLCR, IGNCR | ICRNL, 0, 0, 0, 0);
	type_and_wait("a\rb\n");
	CHECK_STR(got(), "ab\n");
	set_flags(IGNCR | ICRNL, 0, 0, 0, 0, 0);
	type_and_wait("a\rb\n");
	CHECK_STR(got(), "a\rb\n");
}

CASE(input_strip_and_case)
{
	open_pair();
	set_flags(0, ISTRIP, 0, 0, ICANON | ECHO, 0);
	type_and_wait("\xe1\xc2");
	CHECK_STR(got(), "aB");
	set_flags(ISTRIP, IUCLC, 0, 0, 0, 0);
	type_and_wait("AbC");
	CHECK_STR(got(), "abc");
	set_flags(0, 0, 0, 0, IEXTEN, 0);
	type_and_wait("AbC");
	CHECK_STR(got(), "AbC");
}

CASE(parity_marks)
{
	open_pair();
	set_flags(0, PARMRK, 0, 0, ICANON | ECHO, 0);
	type_and_wait("a\xff" "b");
	CHECK_STR(got(), "a\xff\xff" "b");
	set_flags(0, ISTRIP, 0, 0, 0, 0);
	type_and_wait("\xff");
	CHECK_STR(got(), "\x7f");
}

CASE(output_newlines)
{
	open_pair();
	set_flags(0, 0, ONLCR, OCRNL, 0, 0);
	(void)!write(slave, "a\rb\n", 4);
	CHECK_STR(shown(4), "a\nb\n");
	set_flags(0, 0, OCRNL, ONOCR, 0, 0);
	(void)!write(slave, "\n\rab\rc\r\r", 8);
	CHECK(strstr(shown(4), "ab\rc\r"));
	set_flags(0, 0, ONOCR | OPOST, 0, 0, 0);
	(void)!write(slave, "a\n\r", 3);
	CHECK_STR(shown(3), "a\n\r");
}

CASE(output_case_and_tabs)
{
	open_pair();
	set_flags(0, 0, 0, OLCUC, 0, 0);
	(void)!write(slave, "abC1", 4);
	CHECK_STR(shown(4), "ABC1");
	set_flags(0, 0, OLCUC, XTABS, 0, 0);
	(void)!write(slave, "\r\na\tb", 5);
	CHECK_STR(shown(12), "\r\r\na       b");
	(void)!write(slave, "\rabcdefgh\tx", 11);
	CHECK_STR(shown(18), "\rabcdefgh        x");
}

CASE(echo_off)
{
	open_pair();
	set_flags(0, 0, 0, 0, ECHO, 0);
	type_and_wait("secret\n");
	CHECK_STR(got(), "secret\n");
	CHECK_STR(shown(0), "");
	set_flags(0, 0, 0, 0, 0, ECHONL);
	type("x\n");
	CHECK_STR(shown(2), "\r\n");
}

CASE(echo_of_control_characters)
{
	open_pair();
	type("\001\t");
	CHECK_STR(shown(3), "^A\t");
	set_flags(0, 0, 0, 0, ECHOCTL, 0);
	type("\001");
	CHECK_STR(shown(1), "\001");
}

CASE(erase)
{
	open_pair();
	type("ab\177");
	CHECK_STR(shown(5), "ab\b \b");
	type("\177\177");	/* one is left, then none */
	CHECK_STR(shown(3), "\b \b");
	type("\001\177");
	CHECK_STR(shown(8), "^A\b \b\b \b");
	type_and_wait("\n");
	CHECK_STR(got(), "\n");
	(void)shown(2);
	set_flags(0, 0, 0, 0, ECHOE, 0);
	type("a\177");
	CHECK_STR(shown(2), "a^?");
}

CASE(erase_of_tabs)
{
	open_pair();
	type("a\tb");
	(void)shown(3);
	type("\177\177");
	CHECK_STR(shown(10), "\b \b\b\b\b\b\b\b\b");
	type_and_wait("\n");
	CHECK_STR(got(), "a\n");
}

CASE(erase_utf8)
{
	open_pair();
	set_flags(0, IUTF8, 0, 0, 0, 0);
	type("a\xc3\xa4\xe6\x97\xa5");
	(void)shown(6);
	type("\177");
	CHECK_STR(shown(3), "\b \b");
	type("\177");
	CHECK_STR(shown(3), "\b \b");
	type_and_wait("\n");
	CHECK_STR(got(), "a\n");
	set_flags(IUTF8, 0, 0, 0, 0, 0);
	type_and_wait("\xc3\xa4\177\n");
	CHECK_STR(got(), "\xc3\n");
}

CASE(erase_word)
{
	open_pair();
	type_and_wait("one two\027x\n");
	CHECK_STR(got(), "one x\n");
	type_and_wait("one two  \027x\n");
	CHECK_STR(got(), "one x\n");
	type_and_wait("a.b\027x\n");
	CHECK_STR(got(), "a.x\n");
	set_flags(0, 0, 0, 0, IEXTEN, 0);
	type_and_wait("a\027\n");
	CHECK_STR(got(), "a\027\n");
}

CASE(kill_line)
{
	open_pair();
	type("ab\025");
	CHECK_STR(shown(8), "ab\b \b\b \b");
	type_and_wait("c\n");
	CHECK_STR(got(), "c\n");
	(void)shown(3);
	set_flags(0, 0, 0, 0, ECHOKE, 0);
	type("ab\025");
	CHECK_STR(shown(6), "ab^U\r\n");
	set_flags(0, 0, 0, 0, ECHOK, 0);
	type("ab\025");
	CHECK_STR(shown(4), "ab^U");
	type_and_wait("d\n");
	CHECK_STR(got(), "d\n");
}

CASE(literal_next)
{
	open_pair();
	type("\026\003\026\177\n");
	CHECK_STR(shown(10), "^\b^C^\b^?\r\n");
	CHECK_STR(got(), "\003\177\n");
	set_flags(0, 0, 0, 0, IEXTEN, 0);
	type_and_wait("\026a\n");
	CHECK_STR(got(), "\026a\n");
}

CASE(reprint)
{
	open_pair();
	type("abc");
	(void)shown(3);
	type("\022");
	CHECK_STR(shown(7), "^R\r\nabc");
}

CASE(line_ends)
{
	open_pair();
	set_char(VEOL, ';');
	set_char(VEOL2, '!');
	type("a;b!c\n");
	CHECK_STR(got(), "a;");
	CHECK_STR(got(), "b!");
	CHECK_STR(got(), "c\n");
	type_and_wait("ab\004");
	CHECK_STR(got(), "ab");
	type_and_wait("\004\004x\n");
	CHECK_STR(got(), "");
	CHECK_STR(got(), "");
	CHECK_STR(got(), "x\n");
	CHECK_STR(got(), "EAGAIN");
}

CASE(disabled_characters)
{
	open_pair();
	set_char(VERASE, 0);
	set_char(VEOF, 0);
	type_and_wait("a\177\004\n");
	CHECK_STR(got(), "a\177\004\n");
}

CASE(canonical_to_raw_and_back)
{
	open_pair();
	type_and_wait("line\npart");
	CHECK_STR(got(), "line\n");
	CHECK_STR(got(), "EAGAIN");
	set_flags(0, 0, 0, 0, ICANON, 0);
	CHECK_STR(got(), "part");
	type_and_wait("raw");
	set_flags(0, 0, 0, 0, 0, ICANON);
	CHECK_STR(got(), "raw");
}

CASE(line_too_long)
{
	static char text[6000];
	size_t len;

	open_pair();
	set_flags(0, 0, 0, 0, ECHO, 0);
	fcntl(master, F_SETFL, O_NONBLOCK);
	memset(text, 'x', sizeof(text));
	for (size_t at = 0; at < sizeof(text); at += 1000)
		(void)!write(master, text + at, 1000);
	type("\n");
	len = strlen(got());
	CHECK_EQ(len, 4096);
	CHECK_STR(got(), "EAGAIN");
}

/* ---- VMIN, VTIME ---- */

CASE(minimum_with_time_between)
{
	char buf[16];
	pid_t pid;

	open_pair();
	set_raw(5, 2);
	IN_CHILD(pid) {
		type("a");
		sleep_ms(20);
		type("b");
		sleep_ms(1500);
		type("cde");
	}
	CHECK_EQ(read(slave, buf, 16), 2);	/* 0.2 s after the last byte */
	CHECK_EXIT(pid, 0);
	CHECK_EQ(read(slave, buf, 2), 2);	/* as many as were asked for are enough */
	CHECK_EQ(read(slave, buf, 16), 1);
}

CASE(poll_and_minimum)
{
	struct pollfd p;

	open_pair();
	p = (struct pollfd){ .fd = slave, .events = POLLIN };
	set_raw(3, 0);
	type("ab");
	CHECK_EQ(poll(&p, 1, 20), 0);
	type("c");
	CHECK_EQ(poll(&p, 1, 5000), 1);
	CHECK_STR(got(), "abc");
	set_raw(3, 1);
	type("a");
	CHECK_EQ(poll(&p, 1, 5000), 1);	/* with a time, one byte is enough */
}

/* ---- flow control, flushing ---- */

CASE(stop_and_start)
{
	pid_t pid;

	open_pair();
	set_flags(0, 0, 0, 0, ECHO, 0);
	type_and_wait("\023");
	pid = writer("held");
	CHECK_STR(shown(0), "");
	type_and_wait("x");	/* not without IXANY */
	CHECK_STR(shown(0), "");
	type("\021");
	CHECK_STR(shown(4), "held");
	CHECK_EXIT(pid, 0);
	set_flags(0, IXANY, 0, 0, 0, 0);
	type_and_wait("\023");
	pid = writer("again");
	CHECK_STR(shown(0), "");
	type("y");
	CHECK_STR(shown(5), "again");
	CHECK_EXIT(pid, 0);
	type_and_wait("\n");
	CHECK_STR(got(), "xy\n");
}

CASE(stop_by_call)
{
	pid_t pid;

	open_pair();
	CHECK_EQ(sys(SYS_ioctl, slave, TCXONC, TCOOFF), 0);
	pid = writer("held");
	CHECK_STR(shown(0), "");
	type_and_wait("\021");	/* this does not start what a call stopped */
	CHECK_STR(shown(0), "");
	CHECK_EQ(sys(SYS_ioctl, slave, TCXONC, TCOON), 0);
	CHECK_STR(shown(4), "held");
	CHECK_EXIT(pid, 0);
	CHECK_EQ(sys(SYS_ioctl, slave, TCXONC, TCIOFF), 0);
	CHECK_STR(shown(1), "\023");
	CHECK_EQ(sys(SYS_ioctl, slave, TCXONC, TCION), 0);
	CHECK_STR(shown(1), "\021");
	CHECK_EQ(sys(SYS_ioctl, slave, TCXONC, 9), -EINVAL);
}

CASE(flush)
{
	open_pair();
	set_flags(0, 0, 0, 0, ECHO, 0);
	type_and_wait("gone\nkept\n");
	CHECK_EQ(sys(SYS_ioctl, slave, TCFLSH, TCIFLUSH), 0);
	CHECK_STR(got(), "EAGAIN");
	type_and_wait("half");
	CHECK_EQ(sys(SYS_ioctl, slave, TCFLSH, TCIOFLUSH), 0);
	type_and_wait("new\n");
	CHECK_STR(got(), "new\n");
	CHECK_EQ(sys(SYS_ioctl, slave, TCFLSH, 7), -EINVAL);
	type_and_wait("gone\n");
	{
		struct termios t;

		CHECK_EQ(tcgetattr(slave, &t), 0);
		CHECK_EQ(tcsetattr(slave, TCSAFLUSH, &t), 0);
	}
	CHECK_STR(got(), "EAGAIN");
}

CASE(counts_of_bytes)
{
	int n = -1;

	open_pair();
	set_flags(0, 0, 0, 0, ECHO, 0);
	type_and_wait("abc");
	CHECK_EQ(sys(SYS_ioctl, slave, FIONREAD, &n), 0);
	CHECK_EQ(n, 0);	/* no line yet */
	type_and_wait("\n");
	CHECK_EQ(sys(SYS_ioctl, slave, FIONREAD, &n), 0);
	CHECK_EQ(n, 4);
	CHECK_EQ(write(slave, "12", 2), 2);
	sleep_ms(20);
	CHECK_EQ(sys(SYS_ioctl, master, FIONREAD, &n), 0);
	CHECK_EQ(n, 2);
}

/* ---- packet mode ---- */

static int packet(char *buf, size_t size)
{
	struct pollfd p = { .fd = master, .events = POLLIN };

	if (poll(&p, 1, 2000) != 1)
		return -1;
	return (int)read(master, buf, size);
}

CASE(packet_mode)
{
	int on = 1, said = -1;
	char buf[64];

	open_pair();
	CHECK_EQ(sys(SYS_ioctl, slave, TIOCPKT, &on), -ENOTTY);
	CHECK_EQ(sys(SYS_ioctl, master, TIOCPKT, &on), 0);
	CHECK_EQ(sys(SYS_ioctl, master, TIOCGPKT, &said), 0);
	CHECK_EQ(said, 1);
	CHECK_EQ(write(slave, "hello", 5), 5);
	CHECK_EQ(packet(buf, sizeof(buf)), 6);
	CHECK(memcmp(buf, "\0hello", 6) == 0);
	on = 0;
	CHECK_EQ(sys(SYS_ioctl, master, TIOCPKT, &on), 0);
	CHECK_EQ(write(slave, "plain", 5), 5);
	CHECK_STR(shown(5), "plain");
}

CASE(packet_mode_tells_events)
{
	struct pollfd p;
	char buf[64];
	int on = 1;

	open_pair();
	p = (struct pollfd){ .fd = master, .events = POLLIN | POLLPRI };
	CHECK_EQ(sys(SYS_ioctl, master, TIOCPKT, &on), 0);
	CHECK_EQ(poll(&p, 1, 0), 0);
	CHECK_EQ(sys(SYS_ioctl, slave, TCFLSH, TCIFLUSH), 0);
	CHECK_EQ(poll(&p, 1, 2000), 1);
	CHECK(p.revents & POLLPRI && p.revents & POLLIN);
	CHECK_EQ(read(master, buf, sizeof(buf)), 1);
	CHECK_EQ(buf[0], TIOCPKT_FLUSHREAD);
	CHECK_EQ(poll(&p, 1, 0), 0);
	CHECK_EQ(sys(SYS_ioctl, slave, TCXONC, TCOOFF), 0);
	CHECK_EQ(packet(buf, sizeof(buf)), 1);
	CHECK_EQ(buf[0], TIOCPKT_STOP);
	CHECK_EQ(sys(SYS_ioctl, slave, TCXONC, TCOON), 0);
	CHECK_EQ(packet(buf, sizeof(buf)), 1);
	CHECK_EQ(buf[0], TIOCPKT_START);
	set_flags(IXON, 0, 0, 0, 0, 0);	/* ^S and ^Q mean nothing any more */
	CHECK_EQ(packet(buf, sizeof(buf)), 1);
	CHECK_EQ(buf[0], TIOCPKT_NOSTOP);
	set_flags(0, IXON, 0, 0, 0, 0);
	CHECK_EQ(packet(buf, sizeof(buf)), 1);
	CHECK_EQ(buf[0], TIOCPKT_DOSTOP);
}

/* ---- sessions ---- */

/* In a child: a session of its own on the pair. */
static void become_leader(void)
{
	REQUIRE(sys(SYS_setsid) > 0);
	REQUIRE_EQ(sys(SYS_ioctl, slave, TIOCSCTTY, 0), 0);
}

CASE(no_input_by_force)
{
	pid_t pid;
	char c = 'x';
	long r;

	open_pair();
	IN_CHILD(pid) {
		if (getuid() == 0)
			REQUIRE_EQ(setresuid(65534, 65534, 65534), 0);
		/* Not its terminal: never. Its own: refused too where Linux is new enough or told so. */
		r = sys(SYS_ioctl, slave, TIOCSTI, &c);
		CHECK(r == -EPERM || r == -EIO);
		become_leader();
		r = sys(SYS_ioctl, slave, TIOCSTI, &c);
		CHECK(r == -EIO || (r == 0 && access("/proc/sys/dev/tty", F_OK) == 0));
	}
	CHECK_EXIT(pid, 0);
}

CASE(exclusive)
{
	int on = -1, fd;
	char path[64];
	pid_t pid;

	open_pair();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", slave);
	CHECK_EQ(sys(SYS_ioctl, slave, TIOCEXCL), 0);
	CHECK_EQ(sys(SYS_ioctl, slave, TIOCGEXCL, &on), 0);
	CHECK_EQ(on, 1);
	if (getuid() == 0) {
		fd = open(path, O_RDWR | O_NOCTTY);
		CHECK(fd >= 0);	/* root may */
		close(fd);
		CHECK_EQ(fchmod(slave, 0666), 0);
		IN_CHILD(pid) {
			char name[32];
			int number;

			REQUIRE_EQ(sys(SYS_ioctl, master, TIOCGPTN, &number), 0);
			REQUIRE_EQ(setresuid(65534, 65534, 65534), 0);
			snprintf(name, sizeof(name), "/dev/pts/%d", number);
			CHECK_EQ(sys(SYS_open, name, O_RDWR | O_NOCTTY), -EBUSY);
		}
		CHECK_EXIT(pid, 0);
	}
	CHECK_EQ(sys(SYS_ioctl, slave, TIOCNXCL), 0);
	CHECK_EQ(sys(SYS_ioctl, slave, TIOCGEXCL, &on), 0);
	CHECK_EQ(on, 0);
}

/* A worker in a group of its own behind @leader does @what and must be stopped by @sig. */
static void check_stopped(void (*what)(void), int sig)
{
	pid_t worker;
	int status;

	IN_CHILD(worker) {
		setpgid(0, 0);
		what();
		_exit(0);
	}
	CHECK_EQ(sys(SYS_wait4, worker, &status, WUNTRACED, NULL), worker);
	CHECK_EQ(status, sig << 8 | 0x7f);
	kill(worker, SIGKILL);
	CHECK_KILLED(worker, SIGKILL);
}

static void change_settings(void)
{
	struct termios t;

	tcgetattr(slave, &t);
	tcsetattr(slave, TCSANOW, &t);
}

static void change_group(void)
{
	tcsetpgrp(slave, getpgrp());
}

static void flush_input(void)
{
	tcflush(slave, TCIFLUSH);
}

static void write_some(void)
{
	(void)!write(slave, "x", 1);
}

static void read_some(void)
{
	char c;

	(void)!read(slave, &c, 1);
}

CASE(background_stops)
{
	pid_t leader;

	open_pair();
	IN_CHILD(leader) {
		become_leader();
		check_stopped(change_settings, SIGTTOU);
		check_stopped(change_group, SIGTTOU);
		check_stopped(flush_input, SIGTTOU);
		check_stopped(read_some, SIGTTIN);
		set_flags(0, 0, 0, 0, 0, TOSTOP);
		check_stopped(write_some, SIGTTOU);
	}
	CHECK_EXIT(leader, 0);
}

CASE(background_ignored)
{
	pid_t leader, worker;
	char c;

	open_pair();
	IN_CHILD(leader) {
		become_leader();
		set_flags(0, 0, 0, 0, 0, TOSTOP);
		IN_CHILD(worker) {
			setpgid(0, 0);
			signal(SIGTTOU, SIG_IGN);
			signal(SIGTTIN, SIG_IGN);
			CHECK_EQ(write(slave, "x", 1), 1);
			CHECK_EQ(sys(SYS_read, slave, &c, 1), -EIO);
			change_settings();
			CHECK_EQ(tcsetpgrp(slave, getpgrp()), 0);
		}
		CHECK_EXIT(worker, 0);
	}
	CHECK_EXIT(leader, 0);
}

/* Nobody could continue an orphaned group: it gets an error instead of a stop. */
CASE(background_orphaned)
{
	int ready[2], done[2];
	pid_t leader;
	char c = 0;

	open_pair();
	REQUIRE_EQ(pipe(ready), 0);
	REQUIRE_EQ(pipe(done), 0);
	IN_CHILD(leader) {
		become_leader();
		if (fork() == 0) {
			setpgid(0, 0);
			if (fork() == 0) {
				long r;

				(void)!read(ready[0], &c, 1);	/* until the parent is gone */
				r = sys(SYS_read, slave, &c, 1);
				c = r == -EIO ? 'y' : 'n';
				(void)!write(done[1], &c, 1);
				_exit(0);
			}
			_exit(0);
		}
		(void)!wait(NULL);
		sleep_ms(20);
		(void)!write(ready[1], "r", 1);
		CHECK_EQ(read(done[0], &c, 1), 1);
		CHECK_EQ(c, 'y');
	}
	CHECK_EXIT(leader, 0);
}

CASE(hang_up_signals)
{
	int ready[2];
	pid_t leader;
	char c;

	open_pair();
	REQUIRE_EQ(pipe(ready), 0);
	IN_CHILD(leader) {
		close(master);
		become_leader();
		(void)!write(ready[1], "r", 1);
		for (;;)
			pause();
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	close(slave);
	close(master);
	CHECK_KILLED(leader, SIGHUP);
}

CASE(leader_exit_hangs_up_the_front)
{
	int ready[2];
	pid_t leader;
	char c;

	open_pair();
	REQUIRE_EQ(pipe(ready), 0);
	IN_CHILD(leader) {
		become_leader();
		if (fork() == 0) {
			sigset_t hup;
			int sig = 0;

			sigemptyset(&hup);
			sigaddset(&hup, SIGHUP);
			sigprocmask(SIG_BLOCK, &hup, NULL);
			(void)!write(ready[1], "r", 1);
			sigwait(&hup, &sig);
			c = (char)sig;
			(void)!write(ready[1], &c, 1);
			_exit(0);
		}
		(void)!read(ready[0], &c, 1);
		_exit(0);
	}
	CHECK_EXIT(leader, 0);
	CHECK_EQ(read(ready[0], &c, 1), 1);
	CHECK_EQ(c, SIGHUP);
}

CASE(size_change_tells_the_front)
{
	struct winsize w = { 30, 100, 0, 0 };
	int ready[2];
	pid_t leader;
	char c;

	open_pair();
	REQUIRE_EQ(pipe(ready), 0);
	IN_CHILD(leader) {
		sigset_t set;
		int sig;

		become_leader();
		sigemptyset(&set);
		sigaddset(&set, SIGWINCH);
		sigprocmask(SIG_BLOCK, &set, NULL);
		(void)!write(ready[1], "r", 1);
		sigwait(&set, &sig);
		CHECK_EQ(sig, SIGWINCH);
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	CHECK_EQ(sys(SYS_ioctl, master, TIOCSWINSZ, &w), 0);
	CHECK_EXIT(leader, 0);
}

CASE(signal_characters)
{
	static const struct {
		const char *key;
		int sig;
	} rows[] = { { "\003", SIGINT }, { "\034", SIGQUIT }, { "\032", SIGTSTP } };

	for (size_t i = 0; i < 3; i++) {
		int ready[2];
		pid_t leader;
		char c;

		open_pair();
		REQUIRE_EQ(pipe(ready), 0);
		IN_CHILD(leader) {
			sigset_t set;
			int sig;

			become_leader();
			sigemptyset(&set);
			sigaddset(&set, rows[i].sig);
			sigprocmask(SIG_BLOCK, &set, NULL);
			(void)!write(ready[1], "r", 1);
			sigwait(&set, &sig);
			CHECK_EQ(sig, rows[i].sig);
		}
		CHECK_EQ(read(ready[0], &c, 1), 1);
		type_and_wait("lost");
		type(rows[i].key);
		CHECK_EXIT(leader, 0);
		type("kept\n");
		CHECK_STR(got(), "kept\n");	/* what was typed before went with it */
		close(master);
		close(slave);
	}
}

CASE(no_flush_by_signals)
{
	open_pair();
	set_flags(0, 0, 0, 0, 0, NOFLSH);
	type("kept\003");
	type_and_wait("\n");
	CHECK_STR(got(), "kept\n");
	set_flags(0, 0, 0, 0, ISIG, 0);
	type_and_wait("\003\n");
	CHECK_STR(got(), "\003\n");
}

CASE(discipline)
{
	int n = -1;

	open_pair();
	CHECK_EQ(sys(SYS_ioctl, slave, TIOCGETD, &n), 0);
	CHECK_EQ(n, 0);
	CHECK_EQ(sys(SYS_ioctl, slave, TIOCSETD, &n), 0);
	n = 29;
	CHECK(sys(SYS_ioctl, slave, TIOCSETD, &n) < 0);
	CHECK_EQ(sys(SYS_ioctl, slave, 0x54ff, &n), -ENOTTY);
}
