/* SPDX-License-Identifier: MIT */
/*
 * An end of a channel (ipc/channel.h) as a file. Its handles have a type of their own,
 * KOBJECT_CHANNEL, so that fork and exec leave them out and calls know one at a glance.
 */
#include <fs/channel_file.h>

#include <fs/inode.h>
#include <fs/seq.h>
#include <ipc/channel.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_poll.h>

static u32 channel_poll(struct file *file, struct poll_table *table)
{
	struct channel_end *end = file->priv;
	u32 ready;

	poll_wait(table, channel_waitq(end));
	ready = channel_ready(end);
	return (ready & CHANNEL_IN ? POLLIN | POLLRDNORM : 0) |
	       (ready & CHANNEL_OUT ? POLLOUT | POLLWRNORM : 0) |
	       (ready & CHANNEL_GONE ? POLLIN | POLLHUP : 0);
}

static void channel_release(struct file *file)
{
	channel_close(file->priv);
}

static int channel_file_leave(struct file *file)
{
	return channel_leave(file->priv);
}

static int channel_arrive(struct file *file, u32 rights, struct task *task)
{
	return channel_claim(file->priv, rights, task);
}

static void channel_fdinfo(struct file *file, struct seq *seq)
{
	static const char *const states[] = { "", "open", "closed", "broken", "moving" };
	struct channel_stats s;

	channel_stats(file->priv, &s);
	seq_printf(seq, "state:\t%s\nepoch:\t%u\npeer:\t%d\nslots:\t%u\n", states[s.state], s.epoch,
		   s.peer_pid, s.slots);
	seq_printf(seq, "in:\t%u\nout:\t%u\nmapped:\t%d\nsleeping:\t%d\n", s.used_in, s.used_out,
		   s.mapped, s.sleeping);
	seq_printf(seq, "messages:\t%llu\nkicks:\t%llu\nkicks_avoided:\t%llu\n",
		   (unsigned long long)s.messages, (unsigned long long)s.kicks,
		   (unsigned long long)s.kicks_avoided);
	seq_printf(seq, "calls:\t%llu\nhandoffs:\t%llu\n", (unsigned long long)s.calls,
		   (unsigned long long)s.handoffs);
}

static const struct file_ops channel_fops = {
	.poll = channel_poll,
	.release = channel_release,
	.leave = channel_file_leave,
	.arrive = channel_arrive,
	.anon_name = "[channel]",
	.fdinfo = channel_fdinfo,
};

int channel_file_create(struct channel_end *end, u32 flags, struct file **out)
{
	struct file *file = file_alloc(inode_anon(), &channel_fops, O_RDWR | (flags & O_NONBLOCK));

	if (!file)
		return -ENOMEM;
	file->object.type = KOBJECT_CHANNEL;
	file->priv = end;
	*out = file;
	return 0;
}

int channel_handle_slow(int fd, struct handle_ref *ref)
{
	int err = handle_get(fd, 0, KOBJECT_CHANNEL, ref);

	if (err || !(~ref->rights & (RIGHT_READ | RIGHT_WRITE)))
		return err;
	handle_put(ref);
	return -EACCES;
}
