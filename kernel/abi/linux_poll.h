/* SPDX-License-Identifier: MIT */
/*
 * Linux x86_64: poll(2), select(2), epoll(7), eventfd(2).
 * Sources: man poll(2), select(2), epoll_ctl(2), eventfd(2); uapi
 * asm-generic/poll.h, linux/posix_types.h, linux/eventpoll.h, linux/eventfd.h.
 */
#pragma once

#include <kernel/lib/types.h>

#define POLLIN     0x0001
#define POLLPRI    0x0002
#define POLLOUT    0x0004
#define POLLERR    0x0008
#define POLLHUP    0x0010
#define POLLNVAL   0x0020
#define POLLRDNORM 0x0040
#define POLLRDBAND 0x0080
#define POLLWRNORM 0x0100
#define POLLWRBAND 0x0200
#define POLLMSG    0x0400
#define POLLRDHUP  0x2000

struct linux_pollfd {
	s32 fd; /* negative: skip, revents 0 */
	s16 events;
	s16 revents;
};
static_assert(sizeof(struct linux_pollfd) == 8, "Linux ABI");

/*
 * select(2): bit fd of the set is bit fd % 64 of word fd / 64. The call reads
 * and writes only the words that nfds covers, and nfds is not bound by 1024.
 */
#define LINUX_FD_SETSIZE 1024
struct linux_fd_set {
	u64 fds_bits[LINUX_FD_SETSIZE / 64];
};
static_assert(sizeof(struct linux_fd_set) == 128, "Linux ABI");

/* pselect6(2), sixth argument */
struct linux_sigset_arg {
	u64 sigmask; /* user pointer or 0 */
	u64 size;
};
static_assert(sizeof(struct linux_sigset_arg) == 16, "Linux ABI");

/* epoll: the low events are poll's */
#define EPOLLIN        0x00000001u
#define EPOLLPRI       0x00000002u
#define EPOLLOUT       0x00000004u
#define EPOLLERR       0x00000008u
#define EPOLLHUP       0x00000010u
#define EPOLLRDHUP     0x00002000u
#define EPOLLEXCLUSIVE (1u << 28)
#define EPOLLWAKEUP    (1u << 29)
#define EPOLLONESHOT   (1u << 30)
#define EPOLLET        (1u << 31)

#define EPOLL_CTL_ADD 1
#define EPOLL_CTL_DEL 2
#define EPOLL_CTL_MOD 3

#define EPOLL_CLOEXEC 02000000

struct linux_epoll_event {
	u32 events;
	u64 data;
} __packed; /* on x86_64 only */
static_assert(sizeof(struct linux_epoll_event) == 12, "Linux ABI");
static_assert(offsetof(struct linux_epoll_event, data) == 4, "Linux ABI");

#define EFD_SEMAPHORE 1
#define EFD_CLOEXEC   02000000
#define EFD_NONBLOCK  00004000
