/* SPDX-License-Identifier: MIT */
/* AF_UNIX: sockets between processes of this machine. Man unix(7). */
#pragma once

struct seq;

/** unix_show - /proc/net/unix. Return: 0; -ENOMEM */
int unix_show(struct seq *seq);

/** unix_init - caches, and the family becomes known */
void unix_init(void);
