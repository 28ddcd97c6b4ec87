/* SPDX-License-Identifier: MIT */
/*
 * Pseudo-terminals. The slave is a struct tty like a serial line's; its device
 * is a program that holds the master:
 *
 *   master write --tty_receive_some()--> ldisc --> slave read
 *   master read  <--ldisc_tx_peek()----- ldisc <-- slave write
 *
 * Opening /dev/ptmx makes a pair, with the lowest free number; closing the
 * master hangs the slave up for good. devpts shows the pairs there are: one
 * instance, however often mounted.
 */
#include <fs/pty.h>

#include <arch/uaccess.h>
#include <fs/chardev.h>
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/fs_context.h>
#include <fs/mount.h>
#include <fs/tty.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_poll.h>
#include <kernel/lib/format.h>
#include <kernel/lib/parse.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>
#include <security/cred.h>

#define MAX_PTYS   256u
#define PTS_MAJOR  136
#define PTMX_MAJOR 5
#define PTMX_MINOR 2
#define PIECE      256u
#define POS_PTMX   2u /* positions in the folder: ".", "..", "ptmx", numbers */
#define POS_FIRST  3u

/* Lock key: i immutable   p pty_mutex   a atomic */
struct pty {
	struct tty tty;            /* the slave; its count is the pair's */
	u32 index;                 /* [i] */
	bool locked;               /* [a] TIOCSPTLCK: the slave cannot be opened */
	bool slave_seen;           /* [a] it was open once: its absence is news */
	bool packet;               /* [a] TIOCPKT: reads begin with a byte of their own */
	u8 news;                   /* [a] TIOCPKT_* bits not yet read; changes under tty.lock */
	struct inode *node;        /* [i] its name in devpts, referenced */
	struct waitq master_read;  /* there is output, or the slave was closed */
	struct waitq master_write; /* room for input */
};

static struct mutex pty_mutex = MUTEX_INIT(pty_mutex, RANK_TTY, "pty");
static struct pty *ptys[MAX_PTYS]; /* [p] masters open */

/* Of the one devpts: options of the mounts set them. */
static struct superblock devpts_sb;
static struct inode *devpts_ptmx;              /* [i] after the first mount */
static u32 node_mode = 0600, node_gid = ~0u;   /* [p] ~0: the opener's group */

static const struct file_ops master_fops;

static struct pty *pty_of(struct tty *tty)
{
	return container_of(tty, struct pty, tty);
}

/* ---- the slave's device ---- */

static void pty_start(struct tty *tty)
{
	waitq_wake_all(&pty_of(tty)->master_read);
}

static void pty_resume(struct tty *tty)
{
	waitq_wake_all(&pty_of(tty)->master_write);
}

static void pty_notice(struct tty *tty, u8 bits)
{
	struct pty *pty = pty_of(tty);
	u8 news = atomic_load_relaxed(&pty->news);

	if (!atomic_load_relaxed(&pty->packet))
		return;
	if (bits & (TIOCPKT_STOP | TIOCPKT_START)) /* the last one counts */
		news &= (u8)~(TIOCPKT_STOP | TIOCPKT_START);
	if (bits & (TIOCPKT_NOSTOP | TIOCPKT_DOSTOP))
		news &= (u8)~(TIOCPKT_NOSTOP | TIOCPKT_DOSTOP);
	atomic_store_relaxed(&pty->news, (u8)(news | bits));
	waitq_wake_all(&pty->master_read);
}

static void pty_closed(struct tty *tty)
{
	waitq_wake_all(&pty_of(tty)->master_read);
}

static void pty_release(struct tty *tty)
{
	struct pty *pty = pty_of(tty);

	inode_put(pty->node);
	kfree(pty);
}

static const struct tty_ops pty_ops = {
	.start = pty_start, .resume = pty_resume, .notice = pty_notice, .closed = pty_closed,
	.release = pty_release,
};

static int open_slave(struct file *file, u32 minor)
{
	struct pty *pty;
	int err = -EIO;

	mutex_lock(&pty_mutex);
	pty = ptys[minor];
	if (pty)
		tty_get(&pty->tty);
	mutex_unlock(&pty_mutex);
	if (!pty)
		return -EIO;
	if (!atomic_load_relaxed(&pty->locked))
		err = tty_attach(&pty->tty, file, false);
	if (!err)
		atomic_store_relaxed(&pty->slave_seen, true);
	tty_put(&pty->tty);
	return err;
}

/* ---- the master ---- */

static bool slave_gone(const struct pty *pty)
{
	return atomic_load_relaxed(&pty->slave_seen) && !atomic_load_relaxed(&pty->tty.opens);
}

static bool has_output(const struct pty *pty)
{
	const u8 *bytes;

	return ldisc_tx_peek(&pty->tty.ld, &bytes) != 0;
}

static bool has_news(const struct pty *pty)
{
	return atomic_load_relaxed(&pty->news) != 0;
}

static size_t take_output(struct pty *pty, u8 *piece, size_t max)
{
	irqflags_t flags = spin_lock_irq(&pty->tty.lock);
	size_t done = 0, n;
	const u8 *bytes;

	while (done < max && (n = ldisc_tx_peek(&pty->tty.ld, &bytes)) != 0) {
		n = MIN(n, max - done);
		memcpy(piece + done, bytes, n);
		ldisc_tx_drop(&pty->tty.ld, n);
		done += n;
	}
	spin_unlock_irq(&pty->tty.lock, flags);
	if (done && tty_has_room(&pty->tty))
		tty_events(&pty->tty, LDISC_WRITABLE);
	return done;
}

static u8 take_news(struct pty *pty)
{
	irqflags_t flags = spin_lock_irq(&pty->tty.lock);
	u8 news = pty->news;

	atomic_store_relaxed(&pty->news, 0);
	spin_unlock_irq(&pty->tty.lock, flags);
	return news;
}

static int wait_output(struct file *file)
{
	struct pty *pty = file->priv;

	if (has_output(pty) || has_news(pty))
		return 0;
	if (slave_gone(pty))
		return -EIO;
	if (file->flags & O_NONBLOCK)
		return -EAGAIN;
	return WAITQ_WAIT(&pty->master_read, has_output(pty) || has_news(pty) || slave_gone(pty),
			  true, NS_FOREVER);
}

/* In packet mode a read gives one byte of news, or a 0 and then the output that is there.
 * Return: 1: go on with that; 0: the news was all; -EFAULT. */
static long packet_byte(struct pty *pty, struct iov_iter *it)
{
	u8 news = take_news(pty);

	if (!iov_iter_copy_to(it, &news, 1))
		return -EFAULT;
	return !news;
}

/* The output that is there. Return: bytes; -EFAULT. */
static long read_output(struct pty *pty, struct iov_iter *it)
{
	u8 piece[PIECE];
	long done = 0;
	size_t n;

	while (it->left && (n = take_output(pty, piece, MIN(it->left, sizeof(piece)))) != 0) {
		size_t copied = iov_iter_copy_to(it, piece, n);

		done += (long)copied;
		if (copied < n)
			return done ? done : -EFAULT;
	}
	return done;
}

static long master_read(struct file *file, struct iov_iter *it, __unused u64 *pos)
{
	struct pty *pty = file->priv;
	long done = 0, first = 0, err;

	while (it->left && !done) {
		err = wait_output(file);
		if (err)
			return err;
		if (atomic_load_relaxed(&pty->packet)) {
			first = packet_byte(pty, it);
			if (first <= 0)
				return first ? first : 1;
		}
		done = read_output(pty, it);
		if (done < 0)
			return first ? first : done;
		done += first;
	}
	return done;
}

static long master_write(struct file *file, struct iov_iter *it, __unused u64 *pos)
{
	struct pty *pty = file->priv;
	u8 piece[PIECE];
	long done = 0;
	int err = 0;

	while (it->left && !err) {
		struct iov_iter before = *it;
		size_t len = iov_iter_copy_from(it, piece, MIN(it->left, sizeof(piece))), n;

		if (!len)
			return done ? done : -EFAULT;
		n = tty_receive_some(&pty->tty, piece, len);
		done += (long)n;
		if (n == len)
			continue;
		*it = before; /* the rest is read again */
		iov_iter_advance(it, n);
		if (file->flags & O_NONBLOCK)
			err = -EAGAIN;
		else
			err = WAITQ_WAIT(&pty->master_write, tty_room(&pty->tty) != 0, true,
					 NS_FOREVER);
	}
	return done ? done : err;
}

static u32 master_poll(struct file *file, struct poll_table *table)
{
	struct pty *pty = file->priv;
	u32 mask = 0;

	poll_wait(table, &pty->master_read);
	poll_wait(table, &pty->master_write);
	if (has_output(pty))
		mask |= POLLIN | POLLRDNORM;
	if (has_news(pty))
		mask |= POLLIN | POLLRDNORM | POLLPRI;
	if (tty_room(&pty->tty))
		mask |= POLLOUT | POLLWRNORM;
	if (slave_gone(pty))
		mask |= POLLHUP;
	return mask;
}

static long set_lock(struct pty *pty, const void __user *uarg)
{
	u32 on;

	if (user_read_u32(&on, uarg))
		return -EFAULT;
	atomic_store_relaxed(&pty->locked, on != 0);
	return 0;
}

static long set_packet(struct pty *pty, const void __user *uarg)
{
	u32 on;

	if (user_read_u32(&on, uarg))
		return -EFAULT;
	(void)take_news(pty); /* only what happens from here on */
	atomic_store_relaxed(&pty->packet, on != 0);
	return 0;
}

/* The slave's descriptor without knowing its name: where init mounted devpts. */
static long open_peer(struct pty *pty, u64 flags)
{
	struct file *file;
	char path[32];
	int err;

	snprintf(path, sizeof(path), "/dev/pts/%u", pty->index);
	err = fs_open(AT_FDCWD, path, (u32)flags & (O_ACCMODE | O_NOCTTY | O_NONBLOCK), 0, &file);
	if (err)
		return err;
	err = handle_open(&file->object, file_rights((u32)flags),
			  flags & O_CLOEXEC ? HANDLE_CLOEXEC : 0);
	if (err < 0)
		file_put(file);
	return err;
}

static long master_ioctl(struct file *file, u32 cmd, u64 arg)
{
	void __user *uarg = (void __user *)(uintptr_t)arg;
	struct pty *pty = file->priv;

	switch (cmd) {
	case TIOCGPTN:
		return user_write_u32(uarg, pty->index);
	case TIOCSPTLCK:
		return set_lock(pty, uarg);
	case TIOCGPTLCK:
		return user_write_u32(uarg, atomic_load_relaxed(&pty->locked));
	case TIOCGPTPEER:
		return open_peer(pty, arg);
	case TIOCPKT:
		return set_packet(pty, uarg);
	case TIOCGPKT:
		return user_write_u32(uarg, atomic_load_relaxed(&pty->packet));
	case FIONREAD:
		return user_write_u32(uarg, ldisc_tx_used(&pty->tty.ld));
	case TIOCGPGRP:
	case TIOCSPGRP:
	case TIOCGSID:
		return tty_job_ioctl(&pty->tty, cmd, arg, true, true);
	default:
		return tty_ioctl_common(&pty->tty, cmd, arg);
	}
}

static void master_release(struct file *file)
{
	struct pty *pty = file->priv;

	mutex_lock(&pty_mutex);
	ptys[pty->index] = NULL;
	mutex_unlock(&pty_mutex);
	tty_hangup(&pty->tty, true);
	tty_put(&pty->tty);
}

static const struct file_ops master_fops = {
	.read = master_read, .write = master_write, .poll = master_poll, .ioctl = master_ioctl,
	.release = master_release,
};

/* ---- names: inodes of devpts ---- */

static int node_setattr(struct inode *inode, const struct inode_attr *attr)
{
	inode_apply_attr(inode, attr);
	return 0;
}

static void node_release(struct inode *inode)
{
	kfree(inode);
}

static const struct inode_ops node_ops = {
	.setattr = node_setattr, .open = special_open, .release = node_release,
};
static const struct file_ops node_fops = { .read = NULL }; /* special_open() replaces it */

static struct inode *new_node(u32 mode, u64 rdev)
{
	struct inode *inode = kzalloc(sizeof(*inode), 0);

	if (!inode)
		return NULL;
	inode_init(inode, &devpts_sb, &node_ops, &node_fops, S_IFCHR | mode);
	inode->rdev = rdev;
	return inode;
}

/* Take the lowest free number. Return: 0; -ENOSPC all in use. */
static int enter(struct pty *pty)
{
	int err = -ENOSPC;

	mutex_lock(&pty_mutex);
	for (u32 i = 0; i < MAX_PTYS && err; i++) {
		if (ptys[i])
			continue;
		ptys[i] = pty;
		pty->index = i;
		pty->tty.dev = linux_makedev(PTS_MAJOR, i);
		pty->node->rdev = pty->tty.dev;
		pty->node->mode = S_IFCHR | node_mode;
		if (node_gid != ~0u)
			pty->node->gid = node_gid;
		err = 0;
	}
	mutex_unlock(&pty_mutex);
	return err;
}

static int open_master(struct file *file, __unused u32 minor)
{
	struct pty *pty = kzalloc(sizeof(*pty), 0);
	int err;

	if (!pty)
		return -ENOMEM;
	pty->node = new_node(0600, 0);
	if (!pty->node) {
		kfree(pty);
		return -ENOMEM;
	}
	inode_own(pty->node, NULL);
	tty_setup(&pty->tty, &pty_ops, 0, true);
	waitq_init(&pty->master_read, "pty_read");
	waitq_init(&pty->master_write, "pty_write");
	pty->locked = true;
	err = enter(pty);
	if (err) {
		tty_put(&pty->tty);
		return err;
	}
	file->priv = pty;
	file->ops = &master_fops;
	return 0;
}

/* ---- the folder ---- */

static int devpts_lookup(__unused struct inode *dir, const struct fs_name *name,
			 struct inode **out)
{
	struct inode *found = NULL;
	u64 index;

	mutex_lock(&pty_mutex);
	if (name->len == 4 && !memcmp(name->str, "ptmx", 4))
		found = devpts_ptmx;
	else if (!parse_u64(name->str, name->len, &index) && index < MAX_PTYS && ptys[index] &&
		 (name->len == 1 || name->str[0] != '0'))
		found = ptys[index]->node;
	if (found)
		inode_get(found);
	mutex_unlock(&pty_mutex);
	*out = found;
	return found ? 0 : -ENOENT;
}

/* Inode number of number @index, 0 when there is no such pair. */
static u64 node_ino(u32 index)
{
	u64 ino;

	mutex_lock(&pty_mutex);
	ino = ptys[index] ? ptys[index]->node->ino : 0;
	mutex_unlock(&pty_mutex);
	return ino;
}

static int devpts_readdir(struct file *file, struct dir_sink *sink)
{
	char name[12];

	for (; file->pos < POS_PTMX; file->pos++)
		if (!sink->emit(sink, "..", file->pos + 1, file->inode->ino, S_IFDIR >> 12,
				file->pos + 1))
			return 0;
	if (file->pos == POS_PTMX) {
		if (!sink->emit(sink, "ptmx", 4, devpts_ptmx->ino, S_IFCHR >> 12, POS_FIRST))
			return 0;
		file->pos++;
	}
	for (; file->pos - POS_FIRST < MAX_PTYS; file->pos++) {
		u32 index = (u32)(file->pos - POS_FIRST);
		u64 ino = node_ino(index);
		int len = snprintf(name, sizeof(name), "%u", index);

		if (ino && !sink->emit(sink, name, (size_t)len, ino, S_IFCHR >> 12, file->pos + 1))
			return 0;
	}
	return 0;
}

static const struct inode_ops folder_ops = {
	.lookup = devpts_lookup, .setattr = node_setattr, .release = node_release,
};
static const struct file_ops folder_fops = { .readdir = devpts_readdir, .seek = file_seek_dir };

/* ---- the file system ---- */

static int make_super(const struct fs_type *type)
{
	struct inode *root = kzalloc(sizeof(*root), 0);

	devpts_ptmx = new_node(0666, linux_makedev(PTMX_MAJOR, PTMX_MINOR));
	if (!root || !devpts_ptmx)
		goto err_free;
	superblock_init(&devpts_sb, type, DEVPTS_SUPER_MAGIC);
	devpts_sb.flags = SB_UNCACHED;
	inode_init(root, &devpts_sb, &folder_ops, &folder_fops, S_IFDIR | 0755);
	root->nlink = 2;
	devpts_sb.root = dentry_alloc_root(&devpts_sb, root);
	if (devpts_sb.root)
		return 0;
	root = NULL; /* dentry_alloc_root() gave it up */
err_free:
	kfree(devpts_ptmx);
	kfree(root);
	return -ENOMEM;
}

static int parse_mode(const char *s, size_t len, u32 *out)
{
	u32 mode = 0;

	for (; len; s++, len--) {
		if (*s < '0' || *s > '7')
			return -EINVAL;
		mode = mode * 8 + (u32)(*s - '0');
	}
	*out = mode & 0777;
	return 0;
}

/* mode=, gid=, ptmxmode= are followed; uid=, max=, newinstance mean nothing here. */
static int parse_option(const char *s, size_t len)
{
	u64 gid;
	u32 mode;
	int err = 0;

	if (len > 5 && !strncmp(s, "mode=", 5))
		return parse_mode(s + 5, len - 5, &node_mode);
	if (len > 9 && !strncmp(s, "ptmxmode=", 9)) {
		err = parse_mode(s + 9, len - 9, &mode);
		if (!err)
			devpts_ptmx->mode = S_IFCHR | mode;
	} else if (len > 4 && !strncmp(s, "gid=", 4)) {
		err = parse_u64(s + 4, len - 4, &gid);
		if (!err)
			node_gid = (u32)gid;
	}
	return err;
}

static int parse_options(const char *data)
{
	int err = 0;

	while (*data && !err) {
		const char *comma = strchr(data, ',');
		size_t len = comma ? (size_t)(comma - data) : strlen(data);

		err = parse_option(data, len);
		data += len + (comma != NULL);
	}
	return err;
}

static int devpts_mount(const struct fs_type *type, const char *data, struct superblock **out)
{
	int err = 0;

	mutex_lock(&pty_mutex);
	if (!devpts_sb.root) /* made once, for ever */
		err = make_super(type);
	if (!err)
		err = parse_options(data);
	if (!err) {
		superblock_get(&devpts_sb);
		*out = &devpts_sb;
	}
	mutex_unlock(&pty_mutex);
	return err;
}

static const struct fs_type devpts_type = { "devpts", FS_NODEV, devpts_mount };

static const struct chardev dev_ptmx = {
	.name = "/dev/ptmx", .major = PTMX_MAJOR, .minor = PTMX_MINOR, .nr_minors = 1,
	.open = open_master,
};
static const struct chardev dev_pts = {
	.name = "pts", .major = PTS_MAJOR, .minor = 0, .nr_minors = MAX_PTYS, .open = open_slave,
};

void pty_init(void)
{
	chardev_register(&dev_ptmx);
	chardev_register(&dev_pts);
	fs_type_register(&devpts_type);
}
