/* SPDX-License-Identifier: MIT */
/*
 * Linux x86_64: file types and modes, stat(2), statfs(2), statx(2).
 * Sources: man inode(7), stat(2), statfs(2), statx(2); uapi asm/stat.h,
 * asm-generic/statfs.h, linux/stat.h, linux/magic.h.
 */
#pragma once

#include <kernel/lib/types.h>

#define S_IFMT   0170000
#define S_IFSOCK 0140000
#define S_IFLNK  0120000
#define S_IFREG  0100000
#define S_IFBLK  0060000
#define S_IFDIR  0040000
#define S_IFCHR  0020000
#define S_IFIFO  0010000
#define S_ISUID  0004000
#define S_ISGID  0002000
#define S_ISVTX  0001000

#define S_IRWXU 00700
#define S_IRUSR 00400
#define S_IWUSR 00200
#define S_IXUSR 00100
#define S_IRWXG 00070
#define S_IRGRP 00040
#define S_IWGRP 00020
#define S_IXGRP 00010
#define S_IRWXO 00007
#define S_IROTH 00004
#define S_IWOTH 00002
#define S_IXOTH 00001

#define S_ISREG(m)  (((m) & S_IFMT) == S_IFREG)
#define S_ISDIR(m)  (((m) & S_IFMT) == S_IFDIR)
#define S_ISLNK(m)  (((m) & S_IFMT) == S_IFLNK)
#define S_ISCHR(m)  (((m) & S_IFMT) == S_IFCHR)
#define S_ISBLK(m)  (((m) & S_IFMT) == S_IFBLK)
#define S_ISFIFO(m) (((m) & S_IFMT) == S_IFIFO)
#define S_ISSOCK(m) (((m) & S_IFMT) == S_IFSOCK)

struct linux_stat {
	u64 st_dev;
	u64 st_ino;
	u64 st_nlink;
	u32 st_mode;
	u32 st_uid;
	u32 st_gid;
	u32 pad0;
	u64 st_rdev;
	s64 st_size;
	s64 st_blksize;
	s64 st_blocks; /* units of 512 bytes, whatever st_blksize says */
	u64 st_atime;
	u64 st_atime_nsec;
	u64 st_mtime;
	u64 st_mtime_nsec;
	u64 st_ctime;
	u64 st_ctime_nsec;
	s64 unused[3];
};
static_assert(sizeof(struct linux_stat) == 144, "Linux ABI");
static_assert(offsetof(struct linux_stat, st_mode) == 24, "Linux ABI");
static_assert(offsetof(struct linux_stat, st_rdev) == 40, "Linux ABI");
static_assert(offsetof(struct linux_stat, st_size) == 48, "Linux ABI");
static_assert(offsetof(struct linux_stat, st_atime) == 72, "Linux ABI");

struct linux_statfs {
	s64 f_type; /* *_MAGIC below */
	s64 f_bsize;
	u64 f_blocks;
	u64 f_bfree;
	u64 f_bavail;
	u64 f_files;
	u64 f_ffree;
	s32 f_fsid[2];
	s64 f_namelen;
	s64 f_frsize;
	s64 f_flags; /* ST_* */
	s64 f_spare[4];
};
static_assert(sizeof(struct linux_statfs) == 120, "Linux ABI");
static_assert(offsetof(struct linux_statfs, f_fsid) == 56, "Linux ABI");
static_assert(offsetof(struct linux_statfs, f_flags) == 80, "Linux ABI");

#define ST_RDONLY     0x0001
#define ST_NOSUID     0x0002
#define ST_NODEV      0x0004
#define ST_NOEXEC     0x0008
#define ST_SYNCHRONOUS 0x0010
#define ST_VALID      0x0020 /* f_flags is filled in: what libc tests before using it */
#define ST_NOATIME    0x0400
#define ST_NODIRATIME 0x0800
#define ST_RELATIME   0x1000

#define TMPFS_MAGIC        0x01021994
#define RAMFS_MAGIC        0x858458f6
#define PROC_SUPER_MAGIC   0x9fa0
#define SYSFS_MAGIC        0x62656572
#define NSFS_MAGIC         0x6e736673
#define SYSFS_MAGIC        0x62656572
#define DEVPTS_SUPER_MAGIC 0x1cd1
#define PIPEFS_MAGIC       0x50495045
#define SOCKFS_MAGIC       0x534f434b
#define ANON_INODE_FS_MAGIC 0x09041934
#define OVERLAYFS_SUPER_MAGIC 0x794c7630
#define EXT4_SUPER_MAGIC   0xef53
#define MSDOS_SUPER_MAGIC  0x4d44

struct linux_statx_timestamp {
	s64 tv_sec;
	u32 tv_nsec;
	s32 pad0;
};
static_assert(sizeof(struct linux_statx_timestamp) == 16, "Linux ABI");

struct linux_statx {
	u32 stx_mask; /* STATX_*: what is filled in */
	u32 stx_blksize;
	u64 stx_attributes;
	u32 stx_nlink;
	u32 stx_uid;
	u32 stx_gid;
	u16 stx_mode;
	u16 pad0;
	u64 stx_ino;
	u64 stx_size;
	u64 stx_blocks;
	u64 stx_attributes_mask;
	struct linux_statx_timestamp stx_atime;
	struct linux_statx_timestamp stx_btime;
	struct linux_statx_timestamp stx_ctime;
	struct linux_statx_timestamp stx_mtime;
	u32 stx_rdev_major;
	u32 stx_rdev_minor;
	u32 stx_dev_major;
	u32 stx_dev_minor;
	u64 stx_mnt_id;
	u32 stx_dio_mem_align;
	u32 stx_dio_offset_align;
	u64 spare[12];
};
static_assert(sizeof(struct linux_statx) == 256, "Linux ABI");
static_assert(offsetof(struct linux_statx, stx_ino) == 32, "Linux ABI");
static_assert(offsetof(struct linux_statx, stx_atime) == 64, "Linux ABI");
static_assert(offsetof(struct linux_statx, stx_rdev_major) == 128, "Linux ABI");
static_assert(offsetof(struct linux_statx, stx_mnt_id) == 144, "Linux ABI");

#define STATX_TYPE        0x0001u
#define STATX_MODE        0x0002u
#define STATX_NLINK       0x0004u
#define STATX_UID         0x0008u
#define STATX_GID         0x0010u
#define STATX_ATIME       0x0020u
#define STATX_MTIME       0x0040u
#define STATX_CTIME       0x0080u
#define STATX_INO         0x0100u
#define STATX_SIZE        0x0200u
#define STATX_BLOCKS      0x0400u
#define STATX_BASIC_STATS 0x07ffu
#define STATX_BTIME       0x0800u
#define STATX_MNT_ID      0x1000u
#define STATX__RESERVED   0x80000000u

#define STATX_ATTR_MOUNT_ROOT 0x2000

/*
 * Device numbers as the 64-bit stat carries them (man makedev(3)): minor
 * bits 0-7 and 20-31, major bits 8-19. mknod takes the same in 32 bits.
 */
static inline u64 linux_makedev(u32 major, u32 minor)
{
	return ((u64)(major & 0xfff) << 8) | ((u64)(major & 0xfffff000) << 32) |
	       (minor & 0xff) | ((u64)(minor & 0xffffff00) << 12);
}

static inline u32 linux_dev_major(u64 dev)
{
	return (u32)((dev >> 8) & 0xfff) | (u32)((dev >> 32) & 0xfffff000);
}

static inline u32 linux_dev_minor(u64 dev)
{
	return (u32)(dev & 0xff) | (u32)((dev >> 12) & 0xffffff00);
}
