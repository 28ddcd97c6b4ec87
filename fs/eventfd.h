/* SPDX-License-Identifier: MIT */
/* Event counters. Man eventfd(2). */
#pragma once

#include <kernel/lib/types.h>

struct file;

/** eventfd_create - a counter at @value; @flags EFD_*. Return: 0; -EINVAL; -ENOMEM */
__must_check int eventfd_create(u32 value, u32 flags, struct file **out);
/** eventfd_is - is @file one? eventfd_signal - add 1, if it still fits (io_submit(2)) */
bool eventfd_is(const struct file *file);
void eventfd_signal(struct file *file);
