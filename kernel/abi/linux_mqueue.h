/* SPDX-License-Identifier: MIT */
/* Linux x86_64: mq_open(3) and the calls behind it. Source: uapi linux/mqueue.h. */
#pragma once

#include <kernel/lib/types.h>

struct linux_mq_attr {
	s64 mq_flags;   /* O_NONBLOCK or 0 */
	s64 mq_maxmsg;
	s64 mq_msgsize;
	s64 mq_curmsgs;
	s64 pad0[4];
};
static_assert(sizeof(struct linux_mq_attr) == 64, "Linux ABI");

#define MQ_PRIO_MAX 32768
