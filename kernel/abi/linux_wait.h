/* SPDX-License-Identifier: MIT */
/*
 * Linux x86_64: wait4(2), waitid(2) and the status word they tell.
 * Sources: man wait(2), wait4(2); uapi linux/wait.h; POSIX <sys/wait.h>.
 */
#pragma once

#include <kernel/lib/types.h>

#define WNOHANG    0x00000001
#define WUNTRACED  0x00000002
#define WSTOPPED   WUNTRACED
#define WEXITED    0x00000004
#define WCONTINUED 0x00000008
#define WNOWAIT    0x01000000
#define __WNOTHREAD 0x20000000
#define __WALL      0x40000000
#define __WCLONE    0x80000000u

#define P_ALL   0
#define P_PID   1
#define P_PGID  2
#define P_PIDFD 3

#define LINUX_WAIT_CORE      0x80
#define LINUX_WAIT_CONTINUED 0xffff

static inline int linux_wait_exited(int code)
{
	return (code & 0xff) << 8;
}

static inline int linux_wait_signaled(int sig, bool core)
{
	return sig | (core ? LINUX_WAIT_CORE : 0);
}

static inline int linux_wait_stopped(int sig)
{
	return (sig << 8) | 0x7f;
}
