/* SPDX-License-Identifier: MIT */
/*
 * Process 1: mounts what every program expects, names the machine, and then is
 * one of two things for the rest of its life. With the word `exo.agent` on the
 * boot line (or as an argument) it serves the control port on the second serial
 * line, so that tools/exo can run a program here; otherwise it keeps the
 * services of /etc/exo/services running, above all the shell on the console. The
 * word `exo.winsize` says that the host tells the size of its terminal there; with
 * `exo.layer` what is changed from then on lies in a layer of its own (layer.h).
 *
 * It needs few calls and trusts none of them: a mount that the kernel does not
 * know is passed over, and what fails is said on the console. As process 1 it
 * must not end, so every way out of main() stops the machine.
 *
 *   init [exo.agent]        as process 1
 *   init --agent-fd N       serve the port on descriptor N and exit (tests)
 *   init --supervise DIR RUN    keep the services of DIR until SIGTERM (tests): supervise.h
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "layer.h"
#include "supervise.h"

#define AGENT_WORD "exo.agent"
#define WINSIZE_WORD "exo.winsize"
#define LAYER_WORD "exo.layer"
#define AGENT_PORT "/dev/ttyS1"

struct mount_row {
	const char *type;
	const char *dir;
	unsigned long flags;
	const char *options;
};

/* In order: /dev/pts and /dev/shm lie on what the row before mounted. */
static const struct mount_row mounts[] = {
	{ "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "devtmpfs", "/dev", MS_NOSUID, "mode=0755" },
	{ "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666" },
	{ "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777" },
};

void init_say(const char *fmt, ...)
{
	char line[256] = "init: ";
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	vsnprintf(line + 6, sizeof(line) - 7, fmt, ap);
	va_end(ap);
	len = strlen(line);
	line[len] = '\n';
	/* In one piece, others write here too. Nobody is left to tell when this fails. */
	if (write(STDERR_FILENO, line, len + 1) < 0)
		return;
}

void init_reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void init_stop(int how)
{
	sync();
	reboot(how);
	init_say("the kernel refused to stop the machine: %s", strerror(errno));
}

/* Not there is not an error: the kernel may be built without it, or the
 * directory may be on a file system that cannot hold it. */
static void mount_all(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		const struct mount_row *m = &mounts[i];

		mkdir(m->dir, 0755);
		if (mount(m->type, m->dir, m->type, m->flags, m->options) == 0)
			continue;
		if (errno != ENOSYS && errno != ENODEV && errno != ENOENT && errno != EBUSY)
			init_say("%s on %s: %s", m->type, m->dir, strerror(errno));
	}
}

/* What udev or the distribution's scripts do elsewhere. */
static void link_descriptors(void)
{
	static const char *const names[] = { "/dev/stdin", "/dev/stdout", "/dev/stderr" };
	char target[] = "/proc/self/fd/0";

	if (symlink("/proc/self/fd", "/dev/fd") < 0 && errno != EEXIST)
		init_say("/dev/fd: %s", strerror(errno));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		target[sizeof(target) - 2] = (char)('0' + i);
		if (symlink(target, names[i]) < 0 && errno != EEXIST)
			init_say("%s: %s", names[i], strerror(errno));
	}
}

/* The kernel opens the console for process 1; one that did not gets it here. */
static void open_console(void)
{
	int fd;

	if (fcntl(STDERR_FILENO, F_GETFD) != -1)
		return;
	fd = open("/dev/console", O_RDWR | O_NOCTTY);
	while (fd >= 0 && fd < STDERR_FILENO)
		fd = dup(fd);
}

static size_t read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static void set_hostname(void)
{
	char name[65];
	size_t len = read_text("/etc/hostname", name, sizeof(name));

	len = strcspn(name, "\n");
	if (len && sethostname(name, len) < 0 && errno != ENOSYS)
		init_say("hostname: %s", strerror(errno));
}

static bool has_word(char *text, const char *word)
{
	for (char *w = strtok(text, " \n"); w; w = strtok(NULL, " \n")) {
		if (strcmp(w, word) == 0)
			return true;
	}
	return false;
}

/* Linux hands boot words it does not know to init as arguments; a kernel that
 * does not still shows them in /proc/cmdline. */
static bool word_given(int argc, char **argv, const char *word)
{
	char line[4096];

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], word) == 0)
			return true;
	}
	read_text("/proc/cmdline", line, sizeof(line));
	return has_word(line, word);
}

/* The port is a byte pipe: no echo, no line editing, no signals, no CR-LF. */
static int open_port(const char *path)
{
	struct termios raw;
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (tcgetattr(fd, &raw) == 0) {
		cfmakeraw(&raw);
		raw.c_cflag |= CLOCAL;
		cfsetspeed(&raw, B115200);
		tcsetattr(fd, TCSANOW, &raw);
	}
	return fd;
}

static __noreturn void agent_main(void)
{
	int fd = open_port(AGENT_PORT);
	int err = fd < 0 ? fd : agent_serve(fd);

	if (err)
		init_say("control port " AGENT_PORT ": %s", strerror(-err));
	init_stop(RB_POWER_OFF);
	for (;;)
		pause();
}

/* A program that was to run on a layer does not run without one. */
static void begin_layer(void)
{
	int err = layer_root();

	if (!err)
		return;
	init_say("no layer over the root: %s", strerror(-err));
	init_stop(RB_POWER_OFF);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--agent-fd") == 0)
		return agent_serve(atoi(argv[2])) ? 1 : 0;
	if (argc == 4 && strcmp(argv[1], "--supervise") == 0)
		return supervise_folder(argv[2], argv[3]);
	if (getpid() != 1) {
		fprintf(stderr, "init: this is process 1's program; "
				"see busybox's poweroff, halt and reboot\n");
		return 2;
	}
	open_console();
	if (word_given(argc, argv, LAYER_WORD))
		begin_layer();
	mount_all();
	link_descriptors();
	set_hostname();
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("USER", "root", 1);
	setenv("LOGNAME", "root", 1);
	setenv("SHELL", "/bin/sh", 1);
	setenv("TERM", "linux", 0);
	if (word_given(argc, argv, AGENT_WORD))
		agent_main();
	supervise_machine(word_given(argc, argv, WINSIZE_WORD) ? open_port(AGENT_PORT) : -1);
}
