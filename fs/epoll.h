/* SPDX-License-Identifier: MIT */
/* epoll: a file that remembers which of many files may have news. */
#pragma once

#include <kernel/abi/linux_poll.h>
#include <kernel/lib/types.h>

struct epoll;
struct file;

/** epoll_init - the cache of watches, before the first epoll_create() */
void epoll_init(void);
/** epoll_create - Return: 0 and a file; -ENOMEM */
__must_check int epoll_create(struct file **out);
/** epoll_of - NULL when @file is no epoll */
struct epoll *epoll_of(const struct file *file);

/** epoll_add - watch @file, named @fd by the caller
 * Return: 0; -EEXIST; -ELOOP nested too deeply or in a circle; -EINVAL events that
 * do not go together, or watched by too many epolls; -ENOSPC; -ENOMEM. */
__must_check int epoll_add(struct epoll *ep, struct file *file, int fd,
			   const struct linux_epoll_event *event);
/** epoll_modify, epoll_remove - Return: 0; -ENOENT; -EINVAL it is EPOLLEXCLUSIVE */
__must_check int epoll_modify(struct epoll *ep, struct file *file, int fd,
			      const struct linux_epoll_event *event);
__must_check int epoll_remove(struct epoll *ep, struct file *file, int fd);

/** epoll_wait - up to @max events of files that have news
 * @deadline_ns: NS_FOREVER, or 0 not to wait
 * Return: their number; 0 the time is over; -EINTR; -EFAULT. */
__must_check long epoll_wait(struct epoll *ep, struct linux_epoll_event __user *uevents, u32 max,
			     ns_t deadline_ns);

/** epoll_file_released - the last reference to @file is gone: nobody watches it any more */
void epoll_file_released(struct file *file);
