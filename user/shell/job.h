/* SPDX-License-Identifier: MIT */
/*
 * Child processes and job control (POSIX.1-2017 XCU §2.9.3, XBD §11.1). A job is
 * one pipeline; under `set -m` it has a process group of its own, and the one
 * in front has the terminal. Children are collected only here.
 */
#pragma once

#include <stdio.h>
#include <sys/types.h>

#include "ast.h"

enum job_mode { JOB_FRONT, JOB_BACKGROUND, JOB_SUBSTITUTION };
enum job_state { JOB_RUNNING, JOB_STOPPED, JOB_DONE };

struct job;

/* Job control on or off: takes the terminal, or gives it back. */
void job_monitor(bool on);
struct job *job_new(const struct node *n);
/* fork() for @job. In the child (0): signals, group and terminal as the mode asks. */
pid_t job_fork(struct job *job, enum job_mode mode);
/* Wait for a job in front until it ends or stops. Return: its status; an ended job is gone. */
int job_wait_front(struct job *job);
/* The same for what cannot stop: without the terminal. */
int job_wait_done(struct job *job);
/* It runs in the background now: $!, and at the prompt its number is said. */
void job_detach(struct job *job);
/* Collect without waiting; at the prompt, tell what changed. */
void job_notify(void);
/* Jobs that are stopped. */
int job_count_stopped(void);

/* For the builtins. */
struct job *job_by_spec(const char *spec); /* %1 %+ %- %name %?text, or a pid; NULL: none */
struct job *job_next(struct job *after);   /* in order; NULL: the first, and at the end */
pid_t job_group(const struct job *job);    /* what to give kill() */
pid_t job_pid(const struct job *job);      /* its last process */
enum job_state job_state(const struct job *job);
enum job_print { JOB_PRINT_SHORT, JOB_PRINT_PIDS, JOB_PRINT_LONG };
void job_print(struct job *job, FILE *to, enum job_print how);
/* Drop what has ended and was told. */
void job_forget_done(void);
/* Its command, as typed. */
const char *job_text(const struct job *job);
/* Go on, in front or not. Return: status (front). */
int job_continue(struct job *job, bool front);
/* Wait until @job (NULL: all) has ended. Return: status; -1: a trapped signal came. */
int job_wait(struct job *job);
