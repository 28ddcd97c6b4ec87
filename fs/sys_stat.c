/* SPDX-License-Identifier: MIT */
/*
 * System calls about attributes: stat, statfs, access, chmod, chown, times.
 * Source: man stat(2), statx(2), statfs(2), access(2), chmod(2), chown(2),
 * utimensat(2).
 */
#include <arch/uaccess.h>
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/inotify.h>
#include <fs/mount.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/abi/linux_time.h>
#include <kernel/lib/string.h>
#include <kernel/syscall_protos.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>
#include <security/cred.h>

#include "sys_priv.h"

/* ---- targets ---- */

static void target_of_file(struct file *file, struct target *out)
{
	out->inode = file->inode;
	out->path = (struct path){ file->mount, file->dentry };
	if (file->dentry)
		path_get(&out->path);
	else
		inode_get(out->inode);
}

int target_get_fd(int fd, u32 rights, struct target *out)
{
	struct handle_ref ref;
	struct file *file;
	int err = file_from_handle(fd, rights, &ref, &file);

	if (err)
		return err;
	target_of_file(file, out);
	handle_put(&ref);
	return 0;
}

int target_get(int dirfd, const char __user *upath, u32 at_flags, u32 lookup, struct target *out)
{
	struct path_name name;
	int err;

	if (!upath && (at_flags & AT_EMPTY_PATH) && dirfd != AT_FDCWD)
		return target_get_fd(dirfd, RIGHT_STAT, out);
	err = path_name_get(&name, upath);
	if (err)
		return err;
	if (at_flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	if (!*name.str && (at_flags & AT_EMPTY_PATH) && dirfd != AT_FDCWD) {
		err = target_get_fd(dirfd, RIGHT_STAT, out);
	} else {
		err = path_lookup(dirfd, name.str, lookup, &out->path);
		if (!err)
			out->inode = path_inode(&out->path);
	}
	path_name_put(&name);
	return err;
}

void target_put(struct target *target)
{
	if (target->path.dentry)
		path_put(&target->path);
	else
		inode_put(target->inode);
}

int target_writable(const struct target *target)
{
	return target->path.mount && mount_read_only(target->path.mount) ? -EROFS : 0;
}

/* ---- stat ---- */

static int put_stat(struct inode *inode, struct linux_stat __user *ust)
{
	struct linux_stat st;

	inode_stat(inode, &st);
	return copy_to_user(ust, &st, sizeof(st));
}

static __noinline long fstat_shared(int fd, struct linux_stat __user *st)
{
	struct handle_ref ref;
	struct file *file;
	int err = file_from_handle(fd, RIGHT_STAT, &ref, &file);

	if (err)
		return err;
	err = put_stat(file->inode, st);
	handle_put(&ref);
	return err;
}

long sys_fstat(int fd, struct linux_stat __user *st)
{
	struct file *file = file_lone(fd, RIGHT_STAT);

	return likely(file) ? put_stat(file->inode, st) : fstat_shared(fd, st);
}

#define STAT_FLAGS (AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH)

static int stat_path(int dirfd, const char __user *upath, u32 lookup, struct linux_stat __user *st)
{
	struct path_name name;
	struct path path;
	int err = path_name_get(&name, upath);

	if (err)
		return err;
	err = path_lookup(dirfd, name.str, lookup, &path);
	path_name_put(&name);
	if (err)
		return err;
	err = put_stat(path_inode(&path), st);
	path_put(&path);
	return err;
}

long sys_newfstatat(int dirfd, const char __user *upath, struct linux_stat __user *st, int flags)
{
	struct target target;
	int err;

	if (flags & ~(STAT_FLAGS | AT_STATX_SYNC_TYPE))
		return -EINVAL;
	if (likely(!(flags & AT_EMPTY_PATH)))
		return stat_path(dirfd, upath, lookup_unless_nofollow((u32)flags), st);
	err = target_get(dirfd, upath, (u32)flags, lookup_unless_nofollow((u32)flags), &target);
	if (err)
		return err;
	err = put_stat(target.inode, st);
	target_put(&target);
	return err;
}

static struct linux_statx_timestamp statx_time(u64 sec, u64 nsec)
{
	return (struct linux_statx_timestamp){ .tv_sec = (s64)sec, .tv_nsec = (u32)nsec };
}

static int put_statx(const struct target *target, struct linux_statx __user *ux)
{
	struct inode *inode = target->inode;
	struct linux_statx x;
	struct linux_stat st;

	inode_stat(inode, &st);
	memset(&x, 0, sizeof(x));
	x.stx_mask = STATX_BASIC_STATS | STATX_BTIME;
	x.stx_blksize = (u32)st.st_blksize;
	x.stx_nlink = (u32)st.st_nlink;
	x.stx_uid = st.st_uid;
	x.stx_gid = st.st_gid;
	x.stx_mode = (u16)st.st_mode;
	x.stx_ino = st.st_ino;
	x.stx_size = (u64)st.st_size;
	x.stx_blocks = (u64)st.st_blocks;
	x.stx_atime = statx_time(st.st_atime, st.st_atime_nsec);
	x.stx_mtime = statx_time(st.st_mtime, st.st_mtime_nsec);
	x.stx_ctime = statx_time(st.st_ctime, st.st_ctime_nsec);
	x.stx_btime = statx_time((u64)(inode->btime_ns / (s64)NS_PER_SEC),
				 (u64)(inode->btime_ns % (s64)NS_PER_SEC));
	x.stx_rdev_major = linux_dev_major(st.st_rdev);
	x.stx_rdev_minor = linux_dev_minor(st.st_rdev);
	x.stx_dev_major = linux_dev_major(st.st_dev);
	x.stx_dev_minor = linux_dev_minor(st.st_dev);
	x.stx_attributes_mask = STATX_ATTR_MOUNT_ROOT;
	if (target->path.mount) {
		x.stx_mask |= STATX_MNT_ID;
		x.stx_mnt_id = target->path.mount->id;
		if (target->path.dentry == target->path.mount->root)
			x.stx_attributes |= STATX_ATTR_MOUNT_ROOT;
	}
	return copy_to_user(ux, &x, sizeof(x));
}

long sys_statx(int dirfd, const char __user *upath, int flags, unsigned int mask,
	       struct linux_statx __user *buf)
{
	struct target target;
	int err;

	if ((mask & STATX__RESERVED) || (flags & ~(STAT_FLAGS | AT_STATX_SYNC_TYPE)) ||
	    (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	err = target_get(dirfd, upath, (u32)flags, lookup_unless_nofollow((u32)flags), &target);
	if (err)
		return err;
	err = put_statx(&target, buf);
	target_put(&target);
	return err;
}

static int put_statfs(const struct target *target, struct linux_statfs __user *ust)
{
	struct superblock *sb = target->inode->sb;
	u32 flags = target->path.mount ? target->path.mount->flags : 0;
	bool read_only = target->path.mount && mount_read_only(target->path.mount);
	struct linux_statfs st;

	memset(&st, 0, sizeof(st));
	if (sb->statfs)
		sb->statfs(sb, &st);
	st.f_type = (s64)sb->magic;
	st.f_bsize = 4096;
	st.f_frsize = 4096;
	st.f_namelen = NAME_MAX;
	st.f_fsid[0] = (s32)sb->dev;
	st.f_flags = ST_VALID | (read_only ? ST_RDONLY : 0) |
		     (flags & MS_NOSUID ? ST_NOSUID : 0) | (flags & MS_NODEV ? ST_NODEV : 0) |
		     (flags & MS_NOEXEC ? ST_NOEXEC : 0) |
		     (flags & MS_NOATIME ? ST_NOATIME : ST_RELATIME);
	return copy_to_user(ust, &st, sizeof(st));
}

long sys_statfs(const char __user *upath, struct linux_statfs __user *buf)
{
	struct target target;
	int err = target_get(AT_FDCWD, upath, 0, LOOKUP_FOLLOW, &target);

	if (err)
		return err;
	err = put_statfs(&target, buf);
	target_put(&target);
	return err;
}

long sys_fstatfs(int fd, struct linux_statfs __user *buf)
{
	struct target target;
	int err = target_get_fd(fd, RIGHT_STAT, &target);

	if (err)
		return err;
	err = put_statfs(&target, buf);
	target_put(&target);
	return err;
}

/* ---- access ---- */

static int check_access(const struct target *target, u32 mode, const struct cred *cred)
{
	u32 type = target->inode->mode & S_IFMT;
	int err = inode_permission(target->inode, cred, mode);

	if (err || !target->path.mount)
		return err;
	if ((mode & X_OK) && type == S_IFREG && (target->path.mount->flags & MS_NOEXEC))
		return -EACCES;
	if ((mode & W_OK) && (type == S_IFREG || type == S_IFDIR || type == S_IFLNK))
		return target_writable(target);
	return 0;
}

long sys_faccessat2(int dirfd, const char __user *upath, int mode, int flags)
{
	u32 lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	struct cred cred = *cred_current();
	struct path_name name;
	struct target target;
	int err;

	if ((mode & ~(R_OK | W_OK | X_OK)) ||
	    (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	if (!(flags & AT_EACCESS)) {
		lookup |= LOOKUP_REAL_IDS;
		cred_use_real_ids(&cred);
	}
	lookup |= LOOKUP_ACCESS(PATH_READ | (mode & W_OK ? PATH_ASK_WRITE : 0) |
				(mode & X_OK ? PATH_ASK_EXEC : 0));
	err = path_name_get(&name, upath);
	if (err)
		return err;
	if ((flags & AT_EMPTY_PATH) && !*name.str && dirfd != AT_FDCWD) {
		err = target_get_fd(dirfd, RIGHT_STAT, &target);
	} else {
		if (flags & AT_EMPTY_PATH)
			lookup |= LOOKUP_EMPTY;
		err = path_lookup(dirfd, name.str, lookup, &target.path);
		if (!err)
			target.inode = path_inode(&target.path);
	}
	path_name_put(&name);
	if (err)
		return err;
	/* R_OK, W_OK, X_OK are MAY_READ, MAY_WRITE, MAY_EXEC. */
	err = check_access(&target, (u32)mode, &cred);
	target_put(&target);
	return err;
}

/* ---- changes ---- */

/* Who promised gives files to nobody else, unless by "chown", and sets no special bit. */
static int promised_attr(struct inode_attr *attr)
{
	const struct cred *cred = cred_current();

	if (!pledge_current())
		return 0;
	attr->mode &= ~(u32)(S_ISUID | S_ISGID | S_ISVTX);
	if (((attr->valid & ATTR_UID) && attr->uid != cred->euid) ||
	    ((attr->valid & ATTR_GID) && !cred_in_group(cred, attr->gid)))
		return pledge_require(PLEDGE_CHOWN);
	return 0;
}

static int change(struct target *target, struct inode_attr *attr)
{
	int err = target_writable(target);

	if (!err)
		err = promised_attr(attr);
	if (!err)
		err = inode_set_attr(target->inode, attr);
	if (!err)
		inotify_attr(target->path.dentry, attr);
	target_put(target);
	return err;
}

long sys_fchmod(int fd, u32 mode)
{
	struct inode_attr attr = { .valid = ATTR_MODE, .mode = mode };
	struct target target;
	int err = target_get_fd(fd, RIGHT_CONTROL, &target);

	return err ? err : change(&target, &attr);
}

long sys_fchmodat2(int dirfd, const char __user *upath, u32 mode, int flags)
{
	struct inode_attr attr = { .valid = ATTR_MODE, .mode = mode };
	struct target target;
	int err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = target_get(dirfd, upath, (u32)flags,
			 lookup_unless_nofollow((u32)flags) | LOOKUP_ACCESS(PATH_ATTR), &target);
	if (err)
		return err;
	if (S_ISLNK(target.inode->mode)) { /* their permissions mean nothing */
		target_put(&target);
		return -EOPNOTSUPP;
	}
	return change(&target, &attr);
}

long sys_fchmodat(int dirfd, const char __user *upath, u32 mode)
{
	return sys_fchmodat2(dirfd, upath, mode, 0);
}

/* -1 leaves an id as it is. */
static struct inode_attr owner_attr(u32 uid, u32 gid)
{
	return (struct inode_attr){
		.valid = (uid != ~0u ? ATTR_UID : 0) | (gid != ~0u ? ATTR_GID : 0),
		.uid = uid,
		.gid = gid,
	};
}

long sys_fchown(int fd, u32 uid, u32 gid)
{
	struct inode_attr attr = owner_attr(uid, gid);
	struct target target;
	int err = target_get_fd(fd, RIGHT_CONTROL, &target);

	return err ? err : change(&target, &attr);
}

long sys_fchownat(int dirfd, const char __user *upath, u32 uid, u32 gid, int flags)
{
	struct inode_attr attr = owner_attr(uid, gid);
	struct target target;
	int err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = target_get(dirfd, upath, (u32)flags,
			 lookup_unless_nofollow((u32)flags) | LOOKUP_ACCESS(PATH_OWNER), &target);
	return err ? err : change(&target, &attr);
}

static bool time_valid(const struct linux_timespec *ts)
{
	return ts->tv_nsec == UTIME_NOW || ts->tv_nsec == UTIME_OMIT ||
	       (ts->tv_nsec >= 0 && ts->tv_nsec < (s64)NS_PER_SEC);
}

/* Times of day that 64-bit nanoseconds cannot tell become the nearest they can. */
static s64 time_ns(const struct linux_timespec *ts)
{
	s64 ns;

	if (ts->tv_nsec == UTIME_NOW)
		return inode_now();
	if (__builtin_mul_overflow(ts->tv_sec, (s64)NS_PER_SEC, &ns) ||
	    __builtin_add_overflow(ns, ts->tv_nsec, &ns))
		return ts->tv_sec < 0 ? (s64)(1ull << 63) : (s64)~(1ull << 63);
	return ns;
}

static void times_attr(const struct linux_timespec ts[2], struct inode_attr *attr)
{
	attr->valid = ATTR_ATIME | ATTR_MTIME;
	if (ts[0].tv_nsec == UTIME_NOW && ts[1].tv_nsec == UTIME_NOW)
		return;
	attr->valid = 0;
	if (ts[0].tv_nsec != UTIME_OMIT)
		attr->valid |= ATTR_ATIME | ATTR_ATIME_SET;
	if (ts[1].tv_nsec != UTIME_OMIT)
		attr->valid |= ATTR_MTIME | ATTR_MTIME_SET;
	attr->atime_ns = time_ns(&ts[0]);
	attr->mtime_ns = time_ns(&ts[1]);
}

/* @ts: NULL: now, both. */
static long set_times(int dirfd, const char __user *upath, const struct linux_timespec *ts,
		      int flags)
{
	struct inode_attr attr = { .valid = ATTR_ATIME | ATTR_MTIME };
	struct target target;
	int err;

	if (ts) {
		if (!time_valid(&ts[0]) || !time_valid(&ts[1]))
			return -EINVAL;
		if (ts[0].tv_nsec == UTIME_OMIT && ts[1].tv_nsec == UTIME_OMIT)
			return 0;
		times_attr(ts, &attr);
	}
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!upath && dirfd != AT_FDCWD)
		err = flags ? -EINVAL : target_get_fd(dirfd, RIGHT_CONTROL, &target);
	else
		err = target_get(dirfd, upath, (u32)flags,
				 lookup_unless_nofollow((u32)flags) | LOOKUP_ACCESS(PATH_ATTR),
				 &target);
	return err ? err : change(&target, &attr);
}

long sys_utimensat(int dirfd, const char __user *upath, const struct linux_timespec __user *times,
		   int flags)
{
	struct linux_timespec ts[2];

	if (times && copy_from_user(ts, times, sizeof(ts)))
		return -EFAULT;
	return set_times(dirfd, upath, times ? ts : NULL, flags);
}

long sys_futimesat(int dirfd, const char __user *upath, const struct linux_timeval __user *times)
{
	struct linux_timeval tv[2];
	struct linux_timespec ts[2];

	if (times && copy_from_user(tv, times, sizeof(tv)))
		return -EFAULT;
	for (u32 i = 0; times && i < 2; i++) {
		if (tv[i].tv_usec < 0 || tv[i].tv_usec >= (s64)(NS_PER_SEC / NS_PER_US))
			return -EINVAL;
		ts[i] = (struct linux_timespec){ tv[i].tv_sec, tv[i].tv_usec * (s64)NS_PER_US };
	}
	return set_times(dirfd, upath, times ? ts : NULL, 0);
}

long sys_utime(const char __user *upath, const struct linux_utimbuf __user *times)
{
	struct linux_utimbuf buf;
	struct linux_timespec ts[2];

	if (!times)
		return set_times(AT_FDCWD, upath, NULL, 0);
	if (copy_from_user(&buf, times, sizeof(buf)))
		return -EFAULT;
	ts[0] = (struct linux_timespec){ buf.actime, 0 };
	ts[1] = (struct linux_timespec){ buf.modtime, 0 };
	return set_times(AT_FDCWD, upath, ts, 0);
}
