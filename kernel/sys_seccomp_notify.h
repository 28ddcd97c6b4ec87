/* SPDX-License-Identifier: MIT */
/* Calls that a filter hands to a supervisor (SECCOMP_RET_USER_NOTIF). */
#pragma once

#include <kernel/lib/types.h>

struct file;
struct linux_seccomp_data;
struct seccomp_notify;

/* A listener before its filter is in force: its number is taken, nothing is there yet. */
struct seccomp_listener {
	struct seccomp_notify *notify; /* the file's reference */
	struct file *file;
	int fd;
};

/** seccomp_listener_prepare - Return: 0; then install or drop; -EMFILE; -ENOMEM */
__must_check long seccomp_listener_prepare(struct seccomp_listener *listener, bool wait_killable);
/** seccomp_listener_install - Return: its number */
long seccomp_listener_install(struct seccomp_listener *listener);
void seccomp_listener_drop(struct seccomp_listener *listener);

/**
 * seccomp_notify_ask - have the listener answer current's call @data
 * @notify: NULL: there is none
 * Return: true: the call goes on; false: *result is what it returns (-ENOSYS without a
 * listener, -ERESTARTSYS when a signal came first).
 */
bool seccomp_notify_ask(struct seccomp_notify *notify, const struct linux_seccomp_data *data,
			u64 *result);
