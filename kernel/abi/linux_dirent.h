/* SPDX-License-Identifier: MIT */
/*
 * Linux x86_64: directory records of getdents64(2), name and path limits.
 * Sources: man getdents(2), inode(7); uapi linux/limits.h.
 */
#pragma once

#include <kernel/lib/types.h>

#define NAME_MAX 255  /* bytes of one name, without the NUL */
#define PATH_MAX 4096 /* bytes of a path, with the NUL */
#define PIPE_BUF 4096 /* writes up to this are atomic: POSIX write() */

struct linux_dirent64 {
	u64 d_ino;
	s64 d_off;    /* where the next record is: give it to lseek */
	u16 d_reclen; /* this record with its name and padding, multiple of 8 */
	u8 d_type;    /* DT_* */
	char d_name[];
};
static_assert(offsetof(struct linux_dirent64, d_reclen) == 16, "Linux ABI");
static_assert(offsetof(struct linux_dirent64, d_type) == 18, "Linux ABI");
static_assert(offsetof(struct linux_dirent64, d_name) == 19, "Linux ABI");

/* getdents(2), the old form: the type is the last byte of the record. */
struct linux_dirent {
	u64 d_ino;
	s64 d_off;
	u16 d_reclen; /* with name, NUL, padding and type, multiple of 8 */
	char d_name[];
};
static_assert(offsetof(struct linux_dirent, d_name) == 18, "Linux ABI");

/* Equal to the file type bits of st_mode shifted right by 12. */
#define DT_UNKNOWN 0
#define DT_FIFO    1
#define DT_CHR     2
#define DT_DIR     4
#define DT_BLK     6
#define DT_REG     8
#define DT_LNK     10
#define DT_SOCK    12
