/* SPDX-License-Identifier: MIT */
/*
 * Linux x86_64, small areas: I/O vectors, sysinfo(2), reboot(2), prctl(2),
 * arch_prctl(2), getrandom(2), syslog(2), mount(2), membarrier(2), pidfds.
 * Sources: the man pages named; uapi linux/uio.h, linux/sysinfo.h,
 * linux/reboot.h, linux/prctl.h, asm/prctl.h, linux/random.h, linux/mount.h.
 */
#pragma once

#include <kernel/lib/types.h>

struct linux_iovec {
	u64 iov_base; /* user address */
	u64 iov_len;
};
static_assert(sizeof(struct linux_iovec) == 16, "Linux ABI");
#define UIO_MAXIOV 1024

/* A read or write moves at most this much: INT_MAX rounded down to a page. */
#define LINUX_MAX_RW_COUNT 0x7ffff000ull

struct linux_sysinfo {
	s64 uptime;
	u64 loads[3]; /* 1, 5, 15 minutes; 16 bits of fraction */
	u64 totalram; /* in units of mem_unit bytes, as all sizes here */
	u64 freeram;
	u64 sharedram;
	u64 bufferram;
	u64 totalswap;
	u64 freeswap;
	u16 procs;
	u16 pad0;
	u32 pad1;
	u64 totalhigh;
	u64 freehigh;
	u32 mem_unit;
	u32 pad2;
};
static_assert(sizeof(struct linux_sysinfo) == 112, "Linux ABI");
static_assert(offsetof(struct linux_sysinfo, procs) == 80, "Linux ABI");
static_assert(offsetof(struct linux_sysinfo, mem_unit) == 104, "Linux ABI");

/* reboot(2) */
#define LINUX_REBOOT_MAGIC1         0xfee1deadu
#define LINUX_REBOOT_MAGIC2         672274793
#define LINUX_REBOOT_MAGIC2A        85072278
#define LINUX_REBOOT_MAGIC2B        369367448
#define LINUX_REBOOT_MAGIC2C        537993216
#define LINUX_REBOOT_CMD_RESTART    0x01234567u
#define LINUX_REBOOT_CMD_HALT       0xcdef0123u
#define LINUX_REBOOT_CMD_CAD_ON     0x89abcdefu
#define LINUX_REBOOT_CMD_CAD_OFF    0x00000000u
#define LINUX_REBOOT_CMD_POWER_OFF  0x4321fedcu
#define LINUX_REBOOT_CMD_RESTART2   0xa1b2c3d4u

/* prctl(2) */
#define PR_SET_PDEATHSIG       1
#define PR_GET_PDEATHSIG       2
#define PR_GET_DUMPABLE        3
#define PR_SET_DUMPABLE        4
#define PR_GET_KEEPCAPS        7
#define PR_SET_KEEPCAPS        8
#define PR_GET_TIMING          13
#define PR_SET_TIMING          14
#define PR_TIMING_STATISTICAL    0
#define PR_SET_NAME            15
#define PR_GET_NAME            16
#define PR_GET_SECCOMP         21
#define PR_SET_SECCOMP         22
#define PR_CAPBSET_READ        23
#define PR_CAPBSET_DROP        24
#define PR_GET_TSC             25
#define PR_SET_TSC             26
#define PR_TSC_ENABLE            1
#define PR_GET_SECUREBITS      27
#define PR_SET_SECUREBITS      28
#define PR_SET_TIMERSLACK      29
#define PR_GET_TIMERSLACK      30
#define PR_MCE_KILL            33
#define PR_MCE_KILL_GET        34
#define PR_MCE_KILL_DEFAULT      2
#define PR_SET_MM              35
#define PR_SET_CHILD_SUBREAPER 36
#define PR_GET_CHILD_SUBREAPER 37
#define PR_SET_NO_NEW_PRIVS    38
#define PR_GET_NO_NEW_PRIVS    39
#define PR_GET_TID_ADDRESS     40
#define PR_SET_THP_DISABLE     41
#define PR_GET_THP_DISABLE     42
#define PR_CAP_AMBIENT         47
#define PR_CAP_AMBIENT_IS_SET    1
#define PR_CAP_AMBIENT_RAISE     2
#define PR_CAP_AMBIENT_LOWER     3
#define PR_CAP_AMBIENT_CLEAR_ALL 4
#define PR_SET_VMA             0x53564d41
#define PR_SET_VMA_ANON_NAME   0
#define TASK_COMM_LEN          16
#define LINUX_TIMER_SLACK_NS   50000

/* arch_prctl(2) */
#define ARCH_SET_GS    0x1001
#define ARCH_SET_FS    0x1002
#define ARCH_GET_FS    0x1003
#define ARCH_GET_GS    0x1004
#define ARCH_GET_CPUID 0x1011
#define ARCH_SET_CPUID 0x1012

/* getrandom(2) */
#define GRND_NONBLOCK 0x0001
#define GRND_RANDOM   0x0002
#define GRND_INSECURE 0x0004

/* syslog(2) actions: man syslog(2); no header of Linux gives them to users */
#define SYSLOG_ACTION_CLOSE         0
#define SYSLOG_ACTION_OPEN          1
#define SYSLOG_ACTION_READ          2
#define SYSLOG_ACTION_READ_ALL      3
#define SYSLOG_ACTION_READ_CLEAR    4
#define SYSLOG_ACTION_CLEAR         5
#define SYSLOG_ACTION_CONSOLE_OFF   6
#define SYSLOG_ACTION_CONSOLE_ON    7
#define SYSLOG_ACTION_CONSOLE_LEVEL 8
#define SYSLOG_ACTION_SIZE_UNREAD   9
#define SYSLOG_ACTION_SIZE_BUFFER   10

/* personality(2): asks for the present one */
#define PERSONALITY_QUERY 0xffffffffu

/* mount(2), umount2(2) */
#define MS_RDONLY      0x00000001
#define MS_NOSUID      0x00000002
#define MS_NODEV       0x00000004
#define MS_NOEXEC      0x00000008
#define MS_SYNCHRONOUS 0x00000010
#define MS_REMOUNT     0x00000020
#define MS_MANDLOCK    0x00000040
#define MS_DIRSYNC     0x00000080
#define MS_NOATIME     0x00000400
#define MS_NODIRATIME  0x00000800
#define MS_BIND        0x00001000
#define MS_MOVE        0x00002000
#define MS_REC         0x00004000
#define MS_SILENT      0x00008000
#define MS_UNBINDABLE  0x00020000
#define MS_PRIVATE     0x00040000
#define MS_SLAVE       0x00080000
#define MS_SHARED      0x00100000
#define MS_RELATIME    0x00200000
#define MS_STRICTATIME 0x01000000
#define MS_LAZYTIME    0x02000000
#define MNT_FORCE       1
#define MNT_DETACH      2
#define MNT_EXPIRE      4
#define UMOUNT_NOFOLLOW 8

/* membarrier(2) */
#define MEMBARRIER_CMD_QUERY                      0
#define MEMBARRIER_CMD_GLOBAL                     1
#define MEMBARRIER_CMD_GLOBAL_EXPEDITED           2
#define MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED  4
#define MEMBARRIER_CMD_PRIVATE_EXPEDITED          8
#define MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED 16
#define MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE 32
#define MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE 64
#define MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ     128
#define MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ 256
#define MEMBARRIER_CMD_GET_REGISTRATIONS          512
#define MEMBARRIER_CMD_FLAG_CPU                   1

/* inotify(7), pidfd_open(2) take O_* bits under their own names */
#define PIDFD_NONBLOCK 00004000

/* set by seccomp and shown by PTRACE_GET_SYSCALL_INFO: uapi linux/audit.h */
#define AUDIT_ARCH_X86_64 0xc000003eu

/* kcmp(2) */
#define KCMP_FILE    0
#define KCMP_VM      1
#define KCMP_FILES   2
#define KCMP_FS      3
#define KCMP_SIGHAND 4
#define KCMP_IO      5
#define KCMP_SYSVSEM 6
