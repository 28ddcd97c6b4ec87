/* SPDX-License-Identifier: MIT */
/* What uname(2) and /proc/version tell. */
#pragma once

struct linux_utsname;

/* Programs compare it with the Linux they were built for. */
#define UTS_RELEASE "6.1.0-exo"
#define UTS_VERSION "#1 SMP exo 0.1"

/** uts_fill - all fields, the host name as it is now */
void uts_fill(struct linux_utsname *out);
