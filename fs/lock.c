/* SPDX-License-Identifier: MIT */
/*
 * Advisory locks. All records of an inode hang in one list, owners told apart:
 *
 *   POSIX   owner: the task         released by closing any descriptor
 *   OFD     owner: the open file    ranges too, released with the file
 *   flock   owner: the open file    whole file; apart from the other two
 *
 * One spinlock guards all lists and who waits for whom, so that cycles can be
 * followed; locks are rare enough for one. Records are allocated before it is
 * taken, two for the worst case: a range in the middle of an old one.
 *
 * Source: man fcntl(2) "Advisory record locking", flock(2).
 */
#include <fs/lock.h>

#include <fs/file.h>
#include <fs/inode.h>
#include <fs/seq.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/core/spinlock.h>
#include <kernel/core/waitq.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>

#define OFFSET_MAX 0x7fffffffffffffffull

/* Lock key: g lock_guard */
struct lock {
	struct list_head link; /* [g] locks->list */
	const void *owner;     /* struct task or struct file, compared only */
	u64 start, end;        /* [start, end], bytes */
	s32 pid;               /* for F_GETLK; -1: OFD */
	u8 type;               /* F_RDLCK, F_WRLCK */
	bool flock;
};

struct file_locks {
	struct list_head all;  /* [g] lock_files */
	struct inode *inode;   /* it lives as long as this */
	struct list_head list; /* [g] */
	u32 releases;          /* [g] grows with each, sleepers watch it */
	struct waitq wait;
};

/* Who sleeps for whom, on the sleepers' stacks. */
struct lock_wait {
	struct list_head link; /* [g] */
	const void *owner, *blocker;
};

static struct spinlock lock_guard = SPINLOCK_INIT(RANK_FILE_LOCK, "file_locks");
static struct list_head lock_waits = LIST_HEAD_INIT(lock_waits);
static struct list_head lock_files = LIST_HEAD_INIT(lock_files); /* [g] files that ever had one */

static struct file_locks *locks_of(struct inode *inode)
{
	struct file_locks *locks = atomic_load_acquire(&inode->locks), *fresh;

	if (locks)
		return locks;
	fresh = kzalloc(sizeof(*fresh), 0);
	if (!fresh)
		return NULL;
	list_init(&fresh->list);
	waitq_init(&fresh->wait, "file_locks");
	fresh->inode = inode;
	spin_lock(&lock_guard);
	if (atomic_cmpxchg(&inode->locks, &locks, fresh)) {
		list_add_tail(&fresh->all, &lock_files);
		locks = fresh;
	}
	spin_unlock(&lock_guard);
	if (locks != fresh)
		kfree(fresh);
	return locks;
}

static bool conflicts(const struct lock *a, const struct lock *b)
{
	return a->flock == b->flock && a->owner != b->owner && a->start <= b->end &&
	       b->start <= a->end && (a->type == F_WRLCK || b->type == F_WRLCK);
}

static struct lock *find_conflict(struct file_locks *locks, const struct lock *want)
{
	struct lock *lock;

	LIST_FOR_EACH(lock, &locks->list, link)
		if (conflicts(lock, want))
			return lock;
	return NULL;
}

/* Would waiting for @blocker close a circle of waiting owners? Bounded by the
 * number of sleepers, since each step goes on from another one. */
static bool would_deadlock(const void *owner, const void *blocker)
{
	struct lock_wait *wait;
	u32 steps = 0;
again:
	LIST_FOR_EACH(wait, &lock_waits, link) {
		if (wait->owner != blocker)
			continue;
		if (wait->blocker == owner)
			return true;
		blocker = wait->blocker;
		if (++steps < 64)
			goto again;
	}
	return false;
}

static void drop(struct lock *lock)
{
	list_del(&lock->link);
	kfree(lock);
}

/*
 * The owner's records give way to @want ([start, end] of want->type, F_UNLCK:
 * to nothing), neighbours of the same type grow together. @spare: two records;
 * what is used becomes NULL.
 */
static void apply(struct file_locks *locks, const struct lock *want, struct lock *spare[2])
{
	struct lock merged = *want, *lock, *next;

	LIST_FOR_EACH_SAFE(lock, next, &locks->list, link) {
		if (lock->owner != want->owner || lock->flock != want->flock)
			continue;
		if (lock->type == want->type) {
			/* Touching or overlapping: one record. */
			if ((lock->end != OFFSET_MAX && lock->end + 1 < merged.start) ||
			    (merged.end != OFFSET_MAX && merged.end + 1 < lock->start))
				continue;
			merged.start = MIN(merged.start, lock->start);
			merged.end = MAX(merged.end, lock->end);
			drop(lock);
			continue;
		}
		if (lock->end < want->start || lock->start > want->end)
			continue;
		if (lock->start < want->start && lock->end > want->end) {
			struct lock *tail = spare[1];

			spare[1] = NULL;
			*tail = *lock;
			tail->start = want->end + 1;
			lock->end = want->start - 1;
			list_add(&tail->link, &lock->link);
		} else if (lock->start < want->start) {
			lock->end = want->start - 1;
		} else if (lock->end > want->end) {
			lock->start = want->end + 1;
		} else {
			drop(lock);
		}
	}
	if (want->type != F_UNLCK) {
		*spare[0] = merged;
		list_add_tail(&spare[0]->link, &locks->list);
		spare[0] = NULL;
	}
	locks->releases++;
}

/* Sleep until something was released; lock_guard held, and dropped. */
static int wait_release(struct file_locks *locks, const struct lock *want, const void *blocker)
{
	struct lock_wait wait = { .owner = want->owner, .blocker = blocker };
	u32 seen = locks->releases;
	int err;

	list_add_tail(&wait.link, &lock_waits);
	spin_unlock(&lock_guard);
	err = WAITQ_WAIT(&locks->wait, atomic_load_relaxed(&locks->releases) != seen, true,
			 NS_FOREVER);
	spin_lock(&lock_guard);
	list_del(&wait.link);
	spin_unlock(&lock_guard);
	return err;
}

static int set_lock(struct inode *inode, const struct lock *want, bool sleep)
{
	struct file_locks *locks = locks_of(inode);
	struct lock *spare[2] = { kmalloc(sizeof(*want), 0), kmalloc(sizeof(*want), 0) };
	int err = 0;

	if (!locks || !spare[0] || !spare[1]) {
		err = -ENOLCK;
		goto out;
	}
	for (;;) {
		struct lock *conflict = NULL;

		spin_lock(&lock_guard);
		if (want->type != F_UNLCK)
			conflict = find_conflict(locks, want);
		if (!conflict) {
			apply(locks, want, spare);
			spin_unlock(&lock_guard);
			waitq_wake_all(&locks->wait);
			break;
		}
		if (!sleep)
			err = -EAGAIN;
		else if (!want->flock && would_deadlock(want->owner, conflict->owner))
			err = -EDEADLK;
		if (err)
			spin_unlock(&lock_guard);
		else
			err = wait_release(locks, want, conflict->owner);
		if (err)
			break;
	}
out:
	kfree(spare[0]);
	kfree(spare[1]);
	return err;
}

static void release_owner(struct inode *inode, const void *owner)
{
	struct file_locks *locks = atomic_load_acquire(&inode->locks);
	struct lock *lock, *next;
	bool any = false;

	if (likely(!locks))
		return;
	spin_lock(&lock_guard);
	LIST_FOR_EACH_SAFE(lock, next, &locks->list, link) {
		if (lock->owner == owner) {
			drop(lock);
			any = true;
		}
	}
	if (any)
		locks->releases++;
	spin_unlock(&lock_guard);
	if (any)
		waitq_wake_all(&locks->wait);
}

void lock_closed(struct file *file)
{
	release_owner(file->inode, current_task());
}

void lock_release_file(struct file *file)
{
	release_owner(file->inode, file);
}

void lock_free_inode(struct inode *inode)
{
	if (!inode->locks)
		return;
	spin_lock(&lock_guard);
	list_del(&inode->locks->all);
	spin_unlock(&lock_guard);
	kfree(inode->locks);
}

/* ---- /proc/locks ---- */

#define LOCKS_SHOWN 1024u

struct lock_line {
	struct lock lock;
	u64 dev, ino;
};

static u32 snapshot(struct lock_line *lines)
{
	struct file_locks *locks;
	struct lock *lock;
	u32 n = 0;

	spin_lock(&lock_guard);
	LIST_FOR_EACH(locks, &lock_files, all)
		LIST_FOR_EACH(lock, &locks->list, link)
			if (n < LOCKS_SHOWN)
				lines[n++] = (struct lock_line){ *lock, locks->inode->sb->dev,
								 locks->inode->ino };
	spin_unlock(&lock_guard);
	return n;
}

static void show_line(struct seq *seq, u32 number, const struct lock_line *line)
{
	const struct lock *lock = &line->lock;
	const char *kind = lock->flock ? "FLOCK " : lock->pid < 0 ? "OFDLCK" : "POSIX ";

	seq_printf(seq, "%u: %s ADVISORY  %s %d %02x:%02x:%llu %llu ", number, kind,
		   lock->type == F_WRLCK ? "WRITE" : "READ", lock->pid, linux_dev_major(line->dev),
		   linux_dev_minor(line->dev), (unsigned long long)line->ino,
		   (unsigned long long)lock->start);
	if (lock->end == OFFSET_MAX)
		seq_puts(seq, "EOF\n");
	else
		seq_printf(seq, "%llu\n", (unsigned long long)lock->end);
}

int lock_show(struct seq *seq)
{
	struct lock_line *lines = kmalloc(LOCKS_SHOWN * sizeof(*lines), 0);
	u32 n;

	if (!lines)
		return -ENOMEM;
	n = snapshot(lines);
	for (u32 i = 0; i < n; i++)
		show_line(seq, i + 1, &lines[i]);
	kfree(lines);
	return 0;
}

/* ---- fcntl ---- */

static int get_range(struct file *file, const struct linux_flock *flock, struct lock *lock)
{
	s64 base, start, end;

	switch (flock->l_whence) {
	case SEEK_SET:
		base = 0;
		break;
	case SEEK_CUR:
		base = (s64)file->pos;
		break;
	case SEEK_END:
		base = (s64)inode_size(file->inode);
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, flock->l_start, &start))
		return -EOVERFLOW;
	if (start < 0)
		return -EINVAL;
	end = (s64)OFFSET_MAX;
	if (flock->l_len > 0) {
		if (__builtin_add_overflow(start, flock->l_len - 1, &end))
			return -EOVERFLOW;
	} else if (flock->l_len < 0) {
		end = start - 1;
		if (__builtin_add_overflow(start, flock->l_len, &start) || start < 0)
			return -EINVAL;
	}
	lock->start = (u64)start;
	lock->end = (u64)end;
	return 0;
}

static int get_type(struct file *file, s16 type, bool test, struct lock *lock)
{
	u32 access = file->flags & O_ACCMODE;

	switch (type) {
	case F_RDLCK:
		if (!test && access == O_WRONLY)
			return -EBADF;
		break;
	case F_WRLCK:
		if (!test && access == O_RDONLY)
			return -EBADF;
		break;
	case F_UNLCK:
		if (test)
			return -EINVAL;
		break;
	default:
		return -EINVAL;
	}
	lock->type = (u8)type;
	return 0;
}

/* F_GETLK: what stands in the way, or F_UNLCK. */
static void test_lock(struct inode *inode, const struct lock *want, struct linux_flock *flock)
{
	struct file_locks *locks = atomic_load_acquire(&inode->locks);
	struct lock *lock = NULL;

	flock->l_type = F_UNLCK;
	if (!locks)
		return;
	spin_lock(&lock_guard);
	lock = find_conflict(locks, want);
	if (lock) {
		flock->l_type = lock->type;
		flock->l_whence = SEEK_SET;
		flock->l_start = (s64)lock->start;
		flock->l_len = lock->end == OFFSET_MAX ? 0 : (s64)(lock->end - lock->start + 1);
		flock->l_pid = lock->pid;
	}
	spin_unlock(&lock_guard);
}

int lock_fcntl(struct file *file, u32 cmd, struct linux_flock *flock)
{
	bool ofd = cmd == F_OFD_GETLK || cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW;
	bool test = cmd == F_GETLK || cmd == F_OFD_GETLK;
	struct task *task = current_task();
	struct lock want = { .owner = ofd ? (void *)file : (void *)task,
			     .pid = ofd ? -1 : task->pid };
	int err = get_type(file, flock->l_type, test, &want);

	if (!err)
		err = get_range(file, flock, &want);
	if (!err && ofd && flock->l_pid)
		err = -EINVAL;
	if (err)
		return err;
	if (test) {
		test_lock(file->inode, &want, flock);
		return 0;
	}
	return set_lock(file->inode, &want, cmd == F_SETLKW || cmd == F_OFD_SETLKW);
}

int lock_flock(struct file *file, u32 op)
{
	struct lock want = { .owner = file, .end = OFFSET_MAX, .flock = true,
			     .pid = current_task()->pid };

	switch (op & ~(u32)LOCK_NB) {
	case LOCK_SH:
		want.type = F_RDLCK;
		break;
	case LOCK_EX:
		want.type = F_WRLCK;
		break;
	case LOCK_UN:
		want.type = F_UNLCK;
		break;
	default:
		return -EINVAL;
	}
	return set_lock(file->inode, &want, !(op & LOCK_NB));
}
