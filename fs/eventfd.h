/* SPDX-License-Identifier: MIT */
/* Event counters. Man eventfd(2). */
#pragma once

#include <kernel/lib/types.h>

struct file;

/** eventfd_create - a counter at @value; @flags EFD_*. Return: 0; -EINVAL; -ENOMEM */
__must_check int eventfd_create(u32 value, u32 flags, struct file **out);
