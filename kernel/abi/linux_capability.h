/* SPDX-License-Identifier: MIT */
/*
 * Linux x86_64: capabilities, capget(2) and capset(2), secure bits.
 * Sources: man capabilities(7), capget(2), prctl(2); uapi linux/capability.h,
 * linux/securebits.h.
 */
#pragma once

#include <kernel/lib/types.h>

#define CAP_CHOWN            0
#define CAP_DAC_OVERRIDE     1
#define CAP_DAC_READ_SEARCH  2
#define CAP_FOWNER           3
#define CAP_FSETID           4
#define CAP_KILL             5
#define CAP_SETGID           6
#define CAP_SETUID           7
#define CAP_SETPCAP          8
#define CAP_LINUX_IMMUTABLE  9
#define CAP_NET_BIND_SERVICE 10
#define CAP_NET_BROADCAST    11
#define CAP_NET_ADMIN        12
#define CAP_NET_RAW          13
#define CAP_IPC_LOCK         14
#define CAP_IPC_OWNER        15
#define CAP_SYS_MODULE       16
#define CAP_SYS_RAWIO        17
#define CAP_SYS_CHROOT       18
#define CAP_SYS_PTRACE       19
#define CAP_SYS_PACCT        20
#define CAP_SYS_ADMIN        21
#define CAP_SYS_BOOT         22
#define CAP_SYS_NICE         23
#define CAP_SYS_RESOURCE     24
#define CAP_SYS_TIME         25
#define CAP_SYS_TTY_CONFIG   26
#define CAP_MKNOD            27
#define CAP_LEASE            28
#define CAP_AUDIT_WRITE      29
#define CAP_AUDIT_CONTROL    30
#define CAP_SETFCAP          31
#define CAP_MAC_OVERRIDE     32
#define CAP_MAC_ADMIN        33
#define CAP_SYSLOG           34
#define CAP_WAKE_ALARM       35
#define CAP_BLOCK_SUSPEND    36
#define CAP_AUDIT_READ       37
#define CAP_PERFMON          38
#define CAP_BPF              39
#define CAP_CHECKPOINT_RESTORE 40
#define LINUX_CAP_LAST_CAP   40

#define LINUX_CAP_VERSION_1 0x19980330u /* one word of each set */
#define LINUX_CAP_VERSION_2 0x20071026u /* two, as VERSION_3, which headers now have */
#define LINUX_CAP_VERSION_3 0x20080522u

struct linux_cap_header {
	u32 version;
	s32 pid;
};
static_assert(sizeof(struct linux_cap_header) == 8, "Linux ABI");

/* Capabilities 0..31, then one more of these for 32..63. */
struct linux_cap_data {
	u32 effective;
	u32 permitted;
	u32 inheritable;
};
static_assert(sizeof(struct linux_cap_data) == 12, "Linux ABI");

/* Secure bits; each is followed by the one that locks it. */
#define SECBIT_NOROOT                 0x01u /* user 0 gets nothing by exec */
#define SECBIT_NO_SETUID_FIXUP        0x04u /* changing user numbers changes no set */
#define SECBIT_KEEP_CAPS              0x10u /* PR_SET_KEEPCAPS */
#define SECBIT_NO_CAP_AMBIENT_RAISE   0x40u
#define SECBITS_ALL                   0xffu
#define SECBITS_LOCKS                 0xaau
