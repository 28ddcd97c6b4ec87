/* SPDX-License-Identifier: MIT */
/* What the system and this machine are called: uname(2), /proc/version. */
#pragma once

#include <kernel/abi/linux_utsname.h>

/** uts_get - a copy of all names. Any context. */
void uts_get(struct linux_utsname *out);
/** uts_set_hostname, uts_set_domainname - at most LINUX_UTS_LEN bytes of @name */
void uts_set_hostname(const char *name, size_t len);
void uts_set_domainname(const char *name, size_t len);
