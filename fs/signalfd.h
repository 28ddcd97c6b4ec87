/* SPDX-License-Identifier: MIT */
/* signalfd: signals of whoever reads, as bytes of a file. */
#pragma once

#include <kernel/lib/types.h>

struct file;

/** signalfd_create - for the signals of @set; @flags SFD_NONBLOCK. 0; -ENOMEM */
__must_check int signalfd_create(u64 set, u32 flags, struct file **out);
/** signalfd_change - another set. -EINVAL: @file is no signalfd */
__must_check int signalfd_change(struct file *file, u64 set);
