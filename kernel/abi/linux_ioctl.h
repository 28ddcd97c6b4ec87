/* SPDX-License-Identifier: MIT */
/*
 * Linux x86_64: how an ioctl number is built, and the file and block device
 * ones (the terminal's are in linux_tty.h).
 *   bits 0-7 number, 8-15 type, 16-29 size of the argument, 30-31 direction
 * Sources: man ioctl(2); uapi asm-generic/ioctl.h, linux/fs.h.
 */
#pragma once

#define _IOC_NONE  0u
#define _IOC_WRITE 1u
#define _IOC_READ  2u
#define _IOC(dir, type, nr, size) (((dir) << 30) | ((size) << 16) | ((type) << 8) | (nr))
#define _IOC_DIR(n)  (((n) >> 30) & 3u)
#define _IOC_TYPE(n) (((n) >> 8) & 0xffu)
#define _IOC_NR(n)   ((n) & 0xffu)
#define _IOC_SIZE(n) (((n) >> 16) & 0x3fffu)

#define FIGETBSZ        2
#define FICLONE         0x40049409u
#define FICLONERANGE    0x4020940du
#define FS_IOC_GETFLAGS 0x80086601u
#define FS_IOC_SETFLAGS 0x40086602u

#define BLKROSET     0x125d
#define BLKROGET     0x125e
#define BLKGETSIZE   0x1260
#define BLKFLSBUF    0x1261
#define BLKSSZGET    0x1268
#define BLKBSZGET    0x80081270u
#define BLKGETSIZE64 0x80081272u
#define BLKDISCARD   0x1277
#define BLKPBSZGET   0x127b
