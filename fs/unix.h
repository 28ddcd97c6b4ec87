/* SPDX-License-Identifier: MIT */
/* AF_UNIX: sockets between processes of this machine. Man unix(7). */
#pragma once

/** unix_init - caches, and the family becomes known */
void unix_init(void);
