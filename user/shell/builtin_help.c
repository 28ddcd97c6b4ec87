/* SPDX-License-Identifier: MIT */
/* help: what a new user of the system needs to know, and the list of builtins. */
#include "builtin.h"

#include <stdio.h>
#include <string.h>

#include "shell.h"

static const char *const system_text =
	"This is Exo-OS, and exsh, its shell. It runs Linux programs as they are.\n"
	"\n"
	"  look around    ls /bin /etc /proc      what is here: mostly busybox's tools\n"
	"                 top, ps, free, df       what runs and what it takes\n"
	"                 cat /proc/cpuinfo       the machine\n"
	"  edit           vi FILE                 save and leave: Esc :wq Enter\n"
	"  logs           dmesg                   the kernel's log; dmesg | tail\n"
	"  power off      poweroff                reboot starts anew; both end every program\n"
	"  files          live in memory: what you make is gone at power off\n"
	"  services       svc list                what init keeps running; svc --help\n"
	"  capabilities   caps PID                rights of its descriptors, who granted what\n"
	"\n"
	"At the prompt: Tab completes, Tab Tab lists; up and down walk the history, Ctrl-R\n"
	"searches it; Ctrl-A Ctrl-E ends of line, Alt-B Alt-F words, Ctrl-W Ctrl-U Ctrl-K\n"
	"delete, Ctrl-Y brings back, Ctrl-L clears the screen.\n"
	"Ctrl-C interrupts a program, Ctrl-Z stops it; jobs, fg, bg and %n are for those.\n"
	"Scripts: exsh FILE, exsh -c 'COMMANDS'; /bin/sh is busybox's shell.\n"
	"\n"
	"Builtins (help NAME says how to use one):\n";

static void print_names(void)
{
	size_t column = 0;

	for (size_t i = 0; i < builtin_count; i++) {
		size_t len = strlen(builtins[i].name);

		if (column + len + 2 > 76) {
			putchar('\n');
			column = 0;
		}
		column += (size_t)printf("%s%s", column ? " " : "  ", builtins[i].name);
	}
	putchar('\n');
}

int builtin_help(int argc, char **argv)
{
	int status = 0;

	if (argc == 1) {
		fputs(system_text, stdout);
		print_names();
	}
	for (int i = 1; i < argc; i++) {
		const struct builtin *b = builtin_find(argv[i]);

		if (b) {
			printf("%s %s\n    %s\n", b->name, b->usage, b->text);
		} else {
			shell_error("help: %s is no builtin; try %s --help", argv[i], argv[i]);
			status = 1;
		}
	}
	return status;
}
