/* SPDX-License-Identifier: MIT */
/*
 * Out of memory: which process ends. See oom.c.
 */
#pragma once

#include <kernel/lib/types.h>

struct task;

#define OOM_ADJ_MIN  (-1000) /* never chosen */
#define OOM_ADJ_MAX  1000
#define OOM_NEVER    (-(s64)(1ull << 62)) /* of points */

/** oom_init - the thread that takes memory back. After sched_init(). */
void oom_init(void);

/** oom_points - pages that the end of @task would bring back, moved by oom_score_adj;
 * OOM_NEVER: it is not to be chosen. Takes TASK_TREE. */
s64 oom_points(struct task *task);
