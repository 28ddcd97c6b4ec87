/* SPDX-License-Identifier: MIT */
/*
 * signalfd(2). The file holds only a set: what is read are the signals that
 * wait for the thread that reads, whoever made the descriptor.
 */
#include <fs/signalfd.h>

#include <fs/file.h>
#include <fs/inode.h>
#include <fs/seq.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_poll.h>
#include <kernel/abi/linux_signal.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>

struct signalfd {
	u64 set; /* [a] without KILL and STOP */
};

static const struct file_ops signalfd_fops;

static void from_kernel(struct linux_signalfd_siginfo *out, const struct linux_siginfo *info)
{
	switch (info->si_signo) {
	case SIGILL:
	case SIGFPE:
	case SIGSEGV:
	case SIGBUS:
	case SIGTRAP:
		out->ssi_addr = info->fault.si_addr;
		out->ssi_addr_lsb = (u16)info->fault.si_addr_lsb;
		break;
	case SIGCHLD:
		out->ssi_pid = (u32)info->chld.si_pid;
		out->ssi_uid = info->chld.si_uid;
		out->ssi_status = info->chld.si_status;
		out->ssi_utime = (u64)info->chld.si_utime;
		out->ssi_stime = (u64)info->chld.si_stime;
		break;
	case SIGPOLL:
		out->ssi_band = (u32)info->poll.si_band;
		out->ssi_fd = info->poll.si_fd;
		break;
	case SIGSYS:
		out->ssi_call_addr = info->sys.si_call_addr;
		out->ssi_syscall = info->sys.si_syscall;
		out->ssi_arch = info->sys.si_arch;
		break;
	default: /* the rest has no details */
		out->ssi_pid = (u32)info->rt.si_pid;
		out->ssi_uid = info->rt.si_uid;
	}
}

/* Which half of the union holds is told by the code, then by the signal. */
static void convert(struct linux_signalfd_siginfo *out, const struct linux_siginfo *info)
{
	*out = (struct linux_signalfd_siginfo){
		.ssi_signo = (u32)info->si_signo,
		.ssi_errno = info->si_errno,
		.ssi_code = info->si_code,
	};
	if (info->si_code > 0 && info->si_code != SI_KERNEL) {
		from_kernel(out, info);
	} else if (info->si_code == SI_TIMER) {
		out->ssi_tid = (u32)info->timer.si_tid;
		out->ssi_overrun = (u32)info->timer.si_overrun;
		out->ssi_ptr = info->timer.si_value.sival_ptr;
		out->ssi_int = info->timer.si_value.sival_int;
	} else if (info->si_code == SI_SIGIO) {
		out->ssi_band = (u32)info->poll.si_band;
		out->ssi_fd = info->poll.si_fd;
	} else {
		out->ssi_pid = (u32)info->rt.si_pid;
		out->ssi_uid = info->rt.si_uid;
		if (info->si_code < 0) {
			out->ssi_ptr = info->rt.si_value.sival_ptr;
			out->ssi_int = info->rt.si_value.sival_int;
		}
	}
}

static bool has_news(const struct signalfd *s)
{
	return signal_waiting() & atomic_load_relaxed(&s->set);
}

static int take(const struct signalfd *s, bool nonblock, struct linux_siginfo *info)
{
	while (signal_wait(atomic_load_relaxed(&s->set), 0, info) < 0) {
		int err;

		if (nonblock)
			return -EAGAIN;
		err = WAITQ_WAIT(signal_news(current_task()), has_news(s), true, NS_FOREVER);
		if (err)
			return err;
	}
	return 0;
}

static long signalfd_read(struct file *file, struct iov_iter *it, __unused u64 *pos)
{
	bool nonblock = file->flags & O_NONBLOCK;
	struct linux_signalfd_siginfo out;
	struct linux_siginfo info;
	long done = 0;

	if (it->left < sizeof(out))
		return -EINVAL;
	while (it->left >= sizeof(out)) {
		int err = take(file->priv, nonblock, &info);

		if (err)
			return done ? done : err;
		convert(&out, &info);
		if (iov_iter_copy_to(it, &out, sizeof(out)) != sizeof(out))
			return done ? done : -EFAULT;
		done += (long)sizeof(out);
		nonblock = true; /* only the first is waited for */
	}
	return done;
}

static u32 signalfd_poll(struct file *file, struct poll_table *table)
{
	poll_wait(table, signal_news(current_task()));
	return has_news(file->priv) ? POLLIN | POLLRDNORM : 0;
}

static void signalfd_release(struct file *file)
{
	kfree(file->priv);
}

static void signalfd_fdinfo(struct file *file, struct seq *seq)
{
	const struct signalfd *s = file->priv;

	seq_printf(seq, "sigmask:\t%016llx\n", (unsigned long long)atomic_load_relaxed(&s->set));
}

static const struct file_ops signalfd_fops = {
	.read = signalfd_read,
	.poll = signalfd_poll,
	.release = signalfd_release,
	.anon_name = "[signalfd]",
	.fdinfo = signalfd_fdinfo,
};

static u64 kept(u64 set)
{
	return set & ~(SIGMASK(SIGKILL) | SIGMASK(SIGSTOP));
}

int signalfd_change(struct file *file, u64 set)
{
	struct signalfd *s = file->priv;

	if (file->ops != &signalfd_fops)
		return -EINVAL;
	atomic_store_relaxed(&s->set, kept(set));
	/* What waits already may be news now. */
	waitq_wake_all(signal_news(current_task()));
	return 0;
}

int signalfd_create(u64 set, u32 flags, struct file **out)
{
	struct signalfd *s = kmalloc(sizeof(*s), 0);

	if (!s)
		return -ENOMEM;
	s->set = kept(set);
	*out = file_alloc(inode_anon(), &signalfd_fops, O_RDWR | (flags & SFD_NONBLOCK));
	if (!*out) {
		kfree(s);
		return -ENOMEM;
	}
	(*out)->priv = s;
	return 0;
}
