/* SPDX-License-Identifier: MIT */
/*
 * Process 1 of the guests of tools/bench.py, Exo-OS and Linux: mounts what /bench needs, runs
 * it with the words that the boot line gives after "--", and powers off. What it
 * and /bench print goes to ttyS1; its first line tells what the boot cost:
 *   {"name": "boot", "tsc": 1531000000, "free_kib": 961000}
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void tell_boot(uint64_t tsc)
{
	struct sysinfo info = { 0 };

	sysinfo(&info);
	printf("{\"name\": \"boot\", \"tsc\": %llu, \"free_kib\": %llu}\n", (unsigned long long)tsc,
	       (unsigned long long)info.freeram * info.mem_unit >> 10);
	fflush(stdout);
}

static void open_port(void)
{
	struct termios raw;
	int fd = open("/dev/ttyS1", O_RDWR | O_NOCTTY);

	if (fd < 0 || tcgetattr(fd, &raw) < 0)
		return;
	cfmakeraw(&raw);
	tcsetattr(fd, TCSANOW, &raw);
	dup2(fd, 1);
	close(fd);
}

int main(int argc, char **argv)
{
	uint32_t lo, hi;
	int status = -1;
	pid_t pid;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	(void)argc;
	mkdir("/proc", 0755);
	mkdir("/dev", 0755);
	mkdir("/tmp", 01777);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	open_port();
	tell_boot((uint64_t)hi << 32 | lo);
	pid = fork();
	if (pid == 0) {
		execv("/bench", argv);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	printf("{\"name\": \"end\", \"status\": %d}\n", status);
	fflush(stdout);
	tcdrain(1);
	reboot(RB_POWER_OFF);
	return 1;
}
