/* SPDX-License-Identifier: MIT */
/* Waiting for children. */
#pragma once

#include <kernel/task/task.h>

struct wait_request {
	int which;   /* P_ALL, P_PID, P_PGID, P_PIDFD */
	s32 id;
	const struct task *task; /* P_PIDFD, instead of id */
	int options; /* WEXITED, WSTOPPED, WCONTINUED, WNOHANG, WNOWAIT, __WALL, __WCLONE */
};

struct wait_result {
	s32 pid;
	u32 uid;
	int code;        /* CLD_* */
	int status;      /* as wait4(2) tells it */
	struct task_usage usage; /* of the child and the children it waited for */
};

/**
 * task_wait - take the state of a child of current's task
 * Return: 1 and *out; 0 none yet (WNOHANG); -ECHILD none to wait for;
 * -ERESTARTSYS a signal came.
 */
__must_check int task_wait(const struct wait_request *req, struct wait_result *out);
