/* SPDX-License-Identifier: MIT */
/*
 * Linux x86_64: sockets. Sources: man socket(2), send(2), recv(2), cmsg(3),
 * socket(7), unix(7); uapi asm-generic/socket.h, linux/un.h; include/linux/socket.h.
 */
#pragma once

#include <kernel/lib/types.h>

#define AF_UNSPEC 0
#define AF_UNIX   1
#define AF_INET    2
#define AF_INET6   10
#define AF_NETLINK 16
#define AF_MAX    46

#define SOCK_STREAM    1
#define SOCK_DGRAM     2
#define SOCK_RAW       3
#define SOCK_SEQPACKET 5
#define SOCK_TYPE_MASK 0xf
#define SOCK_MAX       11
#define SOCK_CLOEXEC   02000000 /* O_CLOEXEC */
#define SOCK_NONBLOCK  04000    /* O_NONBLOCK */

#define MSG_OOB          0x1u
#define MSG_PEEK         0x2u
#define MSG_CTRUNC       0x8u
#define MSG_TRUNC        0x20u
#define MSG_DONTWAIT     0x40u
#define MSG_EOR          0x80u
#define MSG_WAITALL      0x100u
#define MSG_NOSIGNAL     0x4000u
#define MSG_WAITFORONE   0x10000u
#define MSG_CMSG_CLOEXEC 0x40000000u
#define MSG_CMSG_COMPAT  0x80000000u /* 32-bit programs' own: never from the user */

#define SHUT_RD   0
#define SHUT_WR   1
#define SHUT_RDWR 2

#define SOMAXCONN 4096

#define SOL_SOCKET 1

#define SO_DEBUG        1
#define SO_REUSEADDR    2
#define SO_TYPE         3
#define SO_ERROR        4
#define SO_DONTROUTE    5
#define SO_BROADCAST    6
#define SO_SNDBUF       7
#define SO_RCVBUF       8
#define SO_KEEPALIVE    9
#define SO_OOBINLINE    10
#define SO_LINGER       13
#define SO_REUSEPORT    15
#define SO_PASSCRED     16
#define SO_PEERCRED     17
#define SO_RCVLOWAT     18
#define SO_RCVTIMEO     20
#define SO_SNDTIMEO     21
#define SO_ACCEPTCONN   30
#define SO_SNDBUFFORCE  32
#define SO_RCVBUFFORCE  33
#define SO_PROTOCOL     38
#define SO_DOMAIN       39

#define SCM_RIGHTS      1
#define SCM_CREDENTIALS 2
#define SCM_MAX_FD      253

#define LINUX_SOCKADDR_MAX 128 /* struct sockaddr_storage */
#define LINUX_SUN_PATH     108

struct linux_sockaddr_un {
	u16 sun_family;
	char sun_path[LINUX_SUN_PATH];
};
static_assert(sizeof(struct linux_sockaddr_un) == 110, "Linux ABI");

struct linux_msghdr {
	u64 msg_name; /* user address */
	s32 msg_namelen;
	u32 pad0;
	u64 msg_iov; /* user address */
	u64 msg_iovlen;
	u64 msg_control; /* user address */
	u64 msg_controllen;
	u32 msg_flags;
	u32 pad1;
};
static_assert(sizeof(struct linux_msghdr) == 56, "Linux ABI");
static_assert(offsetof(struct linux_msghdr, msg_iov) == 16, "Linux ABI");
static_assert(offsetof(struct linux_msghdr, msg_control) == 32, "Linux ABI");
static_assert(offsetof(struct linux_msghdr, msg_flags) == 48, "Linux ABI");

struct linux_mmsghdr {
	struct linux_msghdr msg_hdr;
	u32 msg_len;
	u32 pad;
};
static_assert(sizeof(struct linux_mmsghdr) == 64, "Linux ABI");

/* Data follows; the next header stands at the next multiple of 8. */
struct linux_cmsghdr {
	u64 cmsg_len; /* of header and data */
	s32 cmsg_level;
	s32 cmsg_type;
};
static_assert(sizeof(struct linux_cmsghdr) == 16, "Linux ABI");
#define LINUX_CMSG_ALIGN(len) (((len) + 7) & ~(size_t)7)

struct linux_ucred {
	s32 pid;
	u32 uid, gid;
};
static_assert(sizeof(struct linux_ucred) == 12, "Linux ABI");

struct linux_linger {
	s32 l_onoff, l_linger;
};
static_assert(sizeof(struct linux_linger) == 8, "Linux ABI");

/* ioctl: asm-generic/sockios.h; those of the terminal with the same numbers */
#define SIOCINQ  0x541b /* FIONREAD */
#define SIOCOUTQ 0x5411 /* TIOCOUTQ */
