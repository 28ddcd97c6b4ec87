/* SPDX-License-Identifier: MIT */
/*
 * Commands that are part of the shell: one table (builtin.c) with what `help`
 * says of each; the functions stand in builtin_*.c, by subject. Each returns
 * its exit status and writes to stdout; 2 is for wrong use.
 */
#pragma once

#include <kernel/lib/types.h>

struct builtin {
	const char *name;
	int (*run)(int argc, char **argv);
	bool special;  /* POSIX.1-2017 XCU §2.14: misuse ends a script, assignments stay */
	bool declares; /* name=value arguments are expanded as assignments */
	const char *usage, *text;
};

extern const struct builtin builtins[];
extern const size_t builtin_count;
/* A special builtin was used wrongly, which ends a script. */
extern bool builtin_misused;

const struct builtin *builtin_find(const char *name);

struct builtin_opts {
	char **argv;
	int at;           /* the next argument */
	const char *rest; /* letters left in this one */
	char *arg;        /* an option's argument */
};
/* The next option's letter of @letters ("ab:c"); 0 at the end (o->at is the first
 * operand); '?': wrong, and said. Begin with { .argv = argv, .at = 1 }. */
int builtin_opt(struct builtin_opts *o, const char *letters);
/* "NAME: usage: ..." Return: 2. */
int builtin_usage(char **argv);
/* A number that is no sign and no other byte. Return: false: it is none. */
bool builtin_number(const char *s, long *n);

/* builtin_flow.c */
int builtin_colon(int argc, char **argv);
int builtin_false(int argc, char **argv);
int builtin_break(int argc, char **argv);
int builtin_return(int argc, char **argv);
int builtin_exit(int argc, char **argv);
int builtin_eval(int argc, char **argv);
int builtin_dot(int argc, char **argv);
int builtin_exec(int argc, char **argv);
int builtin_command(int argc, char **argv);
int builtin_type(int argc, char **argv);
int builtin_hash(int argc, char **argv);
int builtin_trap(int argc, char **argv);
/* builtin_var.c */
int builtin_export(int argc, char **argv);
int builtin_local(int argc, char **argv);
int builtin_unset(int argc, char **argv);
int builtin_set(int argc, char **argv);
int builtin_shift(int argc, char **argv);
int builtin_alias(int argc, char **argv);
int builtin_unalias(int argc, char **argv);
/* Apply `set`'s options from argv[1] on. Return: index of the first operand; -1: wrong. */
int builtin_set_options(char **argv, bool *operands);
/* builtin_io.c */
int builtin_echo(int argc, char **argv);
int builtin_printf(int argc, char **argv);
int builtin_read(int argc, char **argv);
int builtin_history(int argc, char **argv);
/* builtin_test.c */
int builtin_test(int argc, char **argv);
/* builtin_job.c */
int builtin_jobs(int argc, char **argv);
int builtin_fg(int argc, char **argv);
int builtin_wait(int argc, char **argv);
int builtin_kill(int argc, char **argv);
/* builtin_sys.c */
int builtin_cd(int argc, char **argv);
int builtin_pwd(int argc, char **argv);
int builtin_umask(int argc, char **argv);
int builtin_ulimit(int argc, char **argv);
int builtin_times(int argc, char **argv);
/* builtin_help.c */
int builtin_help(int argc, char **argv);
