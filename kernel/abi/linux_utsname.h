/* SPDX-License-Identifier: MIT */
/*
 * Linux x86_64: uname(2).
 * Sources: man uname(2); uapi linux/utsname.h.
 */
#pragma once

#include <kernel/lib/types.h>

#define LINUX_UTS_LEN 64 /* longest string, without the NUL */

struct linux_utsname {
	char sysname[LINUX_UTS_LEN + 1];
	char nodename[LINUX_UTS_LEN + 1];
	char release[LINUX_UTS_LEN + 1];
	char version[LINUX_UTS_LEN + 1];
	char machine[LINUX_UTS_LEN + 1];
	char domainname[LINUX_UTS_LEN + 1];
};
static_assert(sizeof(struct linux_utsname) == 390, "Linux ABI");
