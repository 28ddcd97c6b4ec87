/* SPDX-License-Identifier: MIT */
/* /dev/null, zero, full, random, urandom, kmsg. */
#pragma once

struct file;
struct file_ops;

/* /proc/kmsg: the log as text, a position for each reader. */
extern const struct file_ops kmsg_proc_fops;
int kmsg_proc_open(struct file *file);

/** mem_init - register them */
void mem_init(void);
