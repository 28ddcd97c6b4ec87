/* SPDX-License-Identifier: MIT */
/*
 * Rights of descriptors, and what cap_list() tells of them. A descriptor is a
 * handle: it names an object and carries rights.
 */
#pragma once

#include <kernel/lib/types.h>

enum handle_rights {
	RIGHT_READ = 1 << 0,
	RIGHT_WRITE = 1 << 1,
	RIGHT_EXEC = 1 << 2,   /* mmap PROT_EXEC, execveat */
	RIGHT_SEEK = 1 << 3,   /* lseek, pread, pwrite */
	RIGHT_CONTROL = 1 << 4, /* ioctl, fcntl settings, fchmod, ftruncate; process: grant to */
	RIGHT_STAT = 1 << 5,
	RIGHT_MAP = 1 << 6,
	RIGHT_WAIT = 1 << 7,   /* poll, waitid */
	RIGHT_SIGNAL = 1 << 8, /* pidfd_send_signal */
	RIGHT_LOOKUP = 1 << 9, /* base of *at(), fchdir */
	RIGHT_GRANT = 1 << 10, /* cap_grant */
	RIGHT_DUP = 1 << 11,   /* dup, fork, SCM_RIGHTS */
	RIGHT_ALL = (1 << 12) - 1,
};

enum kobject_type {
	KOBJECT_FILE = 1, /* files, pipes, ttys, eventfds, pidfds, ... */
	KOBJECT_PROCESS,
	KOBJECT_CHANNEL, /* an end of one: neither fork nor exec keeps it */
	KOBJECT_MEMORY,
	KOBJECT_IRQ,
	KOBJECT_MMIO,
	KOBJECT_IOPORT,
	KOBJECT_NODE_QUOTA,
};

enum cap_flags {
	CAP_CLOEXEC = 1,
	CAP_REVOKED = 2,   /* its number is in use until it is closed, and that is all */
	CAP_IN_FLIGHT = 4, /* in a message: nobody's yet, pid 0, fd -1 */
	CAP_MAPPED = 8,    /* closed, but a mapping made through it is left: fd -1 */
	CAP_OWN = 16,      /* of the process that was asked about; the others are the
			      ancestors and descendants of its handles */
};

#define CAP_SELF (-1) /* for cap_list(): the caller's own process */

/* One handle. Those that are no part of a derivation have id 0. */
struct cap_info {
	s32 pid; /* the process for which its table was made */
	s32 fd;
	u32 type;  /* enum kobject_type */
	u32 rights;
	u32 flags; /* enum cap_flags */
	u32 reserved;
	u64 id;
	u64 parent; /* id of the handle it was granted from; 0: none */
};
static_assert(sizeof(struct cap_info) == 40, "ABI");
static_assert(offsetof(struct cap_info, id) == 24, "ABI");
