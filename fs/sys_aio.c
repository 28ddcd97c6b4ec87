/* SPDX-License-Identifier: MIT */
/*
 * Linux's asynchronous input and output (man io_setup(2), io_submit(2), io_getevents(2)).
 * As on Linux for cached files the work is done when it is submitted; what is left is
 * the queue of results. A context's number is an address: libaio reads there whether
 * it may take events out of a shared ring by itself, and finds in a page of zeros that
 * it may not.
 */
#include <kernel/syscall_protos.h>

#include <arch/mmu.h>
#include <fs/eventfd.h>
#include <fs/file.h>
#include <kernel/abi/linux_aio.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_mman.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/core/mutex.h>
#include <kernel/sys_util.h>
#include <kernel/task/fs_hooks.h>
#include <kernel/task/task.h>
#include <mm/aspace.h>
#include <mm/kmalloc.h>

#include "sys_priv.h"

#define AIO_MAX 65536u /* events of a context; Linux's aio-max-nr */

struct aio_done {
	struct list_head link;
	struct linux_io_event event;
};

/* Lock key: a aio_lock, i immutable. */
struct aio_context {
	struct list_head link;   /* [a] task->aio_contexts; not linked: destroyed */
	struct refcount refs;    /* the list's, and of calls at work */
	u64 id;                  /* [i] */
	u32 max;                 /* [i] */
	u32 used;                /* [a] events that are or will be queued */
	struct list_head done;   /* [a] struct aio_done, oldest first */
	u32 changes;             /* [a] also read without it */
	struct waitq wait;
};

/* Short sections only: one lock for the contexts of all processes. */
static struct mutex aio_lock = MUTEX_INIT(aio_lock, RANK_AIO, "aio");

static void context_put(struct aio_context *ctx)
{
	if (!refcount_put(&ctx->refs))
		return;
	while (!list_empty(&ctx->done)) {
		struct aio_done *done = LIST_FIRST_ENTRY(&ctx->done, struct aio_done, link);

		list_del(&done->link);
		kfree(done);
	}
	kfree(ctx);
}

static struct aio_context *find_locked(u64 id)
{
	struct aio_context *ctx;

	LIST_FOR_EACH(ctx, &current_task()->aio_contexts, link)
		if (ctx->id == id)
			return ctx;
	return NULL;
}

static struct aio_context *context_get(u64 id)
{
	struct aio_context *ctx;

	mutex_lock(&aio_lock);
	ctx = find_locked(id);
	if (ctx)
		refcount_get(&ctx->refs);
	mutex_unlock(&aio_lock);
	return ctx;
}

/* ---- contexts ---- */

static int map_page(u64 *at)
{
	const struct map_request req = {
		.len = PAGE_SIZE, .prot = PROT_READ, .max_prot = PROT_READ,
		.map_flags = MAP_PRIVATE | MAP_ANONYMOUS, .rlimit_as = task_rlimit(RLIMIT_AS),
	};

	return aspace_map(current_task()->as, &req, at);
}

long sys_io_setup(unsigned int nr, u64 __user *uid)
{
	struct aio_context *ctx;
	u64 old;
	int err;

	if (user_read_u64(&old, uid))
		return -EFAULT;
	if (old || !nr)
		return -EINVAL;
	if (nr > AIO_MAX)
		return -EAGAIN;
	ctx = kzalloc(sizeof(*ctx), 0);
	if (!ctx)
		return -ENOMEM;
	err = map_page(&ctx->id);
	if (err) {
		kfree(ctx);
		return err;
	}
	refcount_init(&ctx->refs);
	ctx->max = nr;
	list_init(&ctx->done);
	waitq_init(&ctx->wait, "aio");
	old = ctx->id;
	mutex_lock(&aio_lock);
	list_add_tail(&ctx->link, &current_task()->aio_contexts);
	mutex_unlock(&aio_lock);
	return user_write_u64(uid, old) ? sys_io_destroy(old), -EFAULT : 0;
}

static void wake_locked(struct aio_context *ctx)
{
	atomic_fetch_add(&ctx->changes, 1u);
	waitq_wake_all(&ctx->wait);
}

long sys_io_destroy(u64 id)
{
	struct aio_context *ctx;

	mutex_lock(&aio_lock);
	ctx = find_locked(id);
	if (ctx) {
		list_del(&ctx->link);
		wake_locked(ctx);
	}
	mutex_unlock(&aio_lock);
	if (!ctx)
		return -EINVAL;
	(void)!aspace_unmap(current_task()->as, id, PAGE_SIZE);
	context_put(ctx);
	return 0;
}

void fs_hook_aio_exit(struct task *task)
{
	while (!list_empty(&task->aio_contexts)) {
		struct aio_context *ctx =
			LIST_FIRST_ENTRY(&task->aio_contexts, struct aio_context, link);

		list_del(&ctx->link);
		context_put(ctx);
	}
}

/* ---- submitting ---- */

static bool is_write(const struct linux_iocb *cb)
{
	return cb->aio_lio_opcode == IOCB_CMD_PWRITE || cb->aio_lio_opcode == IOCB_CMD_PWRITEV;
}

static long move(struct file *file, struct iov_iter *it, const struct linux_iocb *cb)
{
	u64 pos = (u64)cb->aio_offset;

	return is_write(cb) ? file_write_iter(file, it, &pos) : file_read_iter(file, it, &pos);
}

static long transfer(struct file *file, const struct linux_iocb *cb, s64 *res)
{
	const struct linux_iovec __user *iov =
		(const struct linux_iovec __user *)(uintptr_t)cb->aio_buf;
	struct iov_iter it;
	struct vector v;
	int err;

	if (file->ops->seek && cb->aio_offset < 0)
		return -EINVAL;
	if (cb->aio_lio_opcode == IOCB_CMD_PREADV || cb->aio_lio_opcode == IOCB_CMD_PWRITEV) {
		if (cb->aio_nbytes > UIO_MAXIOV)
			return -EINVAL;
		err = vector_get(&v, iov, (int)cb->aio_nbytes);
		if (err)
			return err;
		*res = move(file, &v.it, cb);
		vector_put(&v);
		return 0;
	}
	if ((s64)cb->aio_nbytes < 0)
		return -EINVAL;
	if (!user_range_ok((void __user *)(uintptr_t)cb->aio_buf, cb->aio_nbytes))
		return -EFAULT;
	iov_iter_init_user(&it, cb->aio_buf, MIN(cb->aio_nbytes, LINUX_MAX_RW_COUNT));
	*res = move(file, &it, cb);
	return 0;
}

/* Does what @cb asks. Return: -errno it cannot be asked for; 0 and its result. */
static long perform(const struct linux_iocb *cb, s64 *res)
{
	u32 right = is_write(cb) ? RIGHT_WRITE : RIGHT_READ;
	struct handle_ref ref;
	struct file *file;
	long err;

	switch (cb->aio_lio_opcode) {
	case IOCB_CMD_FSYNC:
	case IOCB_CMD_FDSYNC:
		right = 0;
		break;
	case IOCB_CMD_PREAD:
	case IOCB_CMD_PWRITE:
	case IOCB_CMD_PREADV:
	case IOCB_CMD_PWRITEV:
		break;
	default: /* POLL too */
		err = file_from_handle((int)cb->aio_fildes, 0, &ref, &file);
		if (err)
			return err;
		handle_put(&ref);
		return -EINVAL;
	}
	err = file_from_handle((int)cb->aio_fildes, right, &ref, &file);
	if (err)
		return err;
	if (right)
		err = transfer(file, cb, res);
	else if (!file->ops->fsync)
		err = -EINVAL;
	else
		*res = file->ops->fsync(file);
	handle_put(&ref);
	return err;
}

/* A call that a signal would interrupt cannot be restarted: the event says so. */
static s64 event_result(s64 res)
{
	return res <= -ERESTARTSYS && res >= -ERESTART_RESTARTBLOCK ? -EINTR : res;
}

static long get_eventfd(const struct linux_iocb *cb, struct handle_ref *ref, struct file **out)
{
	long err;

	*out = NULL;
	if (!(cb->aio_flags & IOCB_FLAG_RESFD))
		return 0;
	err = file_from_handle((int)cb->aio_resfd, 0, ref, out);
	if (!err && !eventfd_is(*out)) {
		handle_put(ref);
		err = -EINVAL;
	}
	return err;
}

static long perform_and_queue(struct aio_context *ctx, const struct linux_iocb *cb, u64 ucb)
{
	struct aio_done *done = kmalloc(sizeof(*done), 0);
	struct handle_ref ref;
	struct file *event;
	s64 res = 0;
	long err;

	if (!done)
		return -EAGAIN;
	err = get_eventfd(cb, &ref, &event);
	if (err)
		goto out;
	err = perform(cb, &res);
	if (!err) {
		done->event = (struct linux_io_event){ cb->aio_data, ucb, event_result(res), 0 };
		mutex_lock(&aio_lock);
		list_add_tail(&done->link, &ctx->done);
		wake_locked(ctx);
		mutex_unlock(&aio_lock);
		if (event)
			eventfd_signal(event);
	}
	if (event)
		handle_put(&ref);
out:
	if (err)
		kfree(done);
	return err;
}

static bool reserve(struct aio_context *ctx, bool take)
{
	bool ok;

	mutex_lock(&aio_lock);
	ok = !take || ctx->used < ctx->max;
	if (ok)
		ctx->used += take ? 1 : -1u;
	mutex_unlock(&aio_lock);
	return ok;
}

static long submit_one(struct aio_context *ctx, u64 ucb)
{
	struct linux_iocb __user *user = (struct linux_iocb __user *)(uintptr_t)ucb;
	struct linux_iocb cb;
	long err;

	if (copy_from_user(&cb, user, sizeof(cb)))
		return -EFAULT;
	if (cb.aio_reserved2 || cb.aio_rw_flags ||
	    (cb.aio_flags & ~(u32)(IOCB_FLAG_RESFD | IOCB_FLAG_IOPRIO)))
		return cb.aio_rw_flags && !cb.aio_reserved2 ? -EOPNOTSUPP : -EINVAL;
	if (!reserve(ctx, true))
		return -EAGAIN;
	err = user_write_u32(user_field(user, aio_key), 0) ? -EFAULT : 0;
	if (!err)
		err = perform_and_queue(ctx, &cb, ucb);
	if (err)
		(void)reserve(ctx, false);
	return err;
}

long sys_io_submit(u64 id, long nr, const u64 __user *ucbs)
{
	struct aio_context *ctx;
	long done = 0, err = 0;

	if (nr < 0)
		return -EINVAL;
	ctx = context_get(id);
	if (!ctx)
		return -EINVAL;
	while (done < nr && done < ctx->max) {
		u64 ucb;

		err = user_read_u64(&ucb, ucbs + done) ? -EFAULT : submit_one(ctx, ucb);
		if (err)
			break;
		done++;
		sched_point();
	}
	context_put(ctx);
	return done ? done : err;
}

/* What was submitted is done: there is nothing to cancel. */
long sys_io_cancel(u64 id, const struct linux_iocb __user *ucb,
		   __unused struct linux_io_event __user *res)
{
	struct aio_context *ctx;
	u32 key;

	if (user_read_u32(&key, user_field(ucb, aio_key)))
		return -EFAULT;
	ctx = context_get(id);
	if (ctx)
		context_put(ctx);
	return -EINVAL;
}

/* ---- results ---- */

static struct aio_done *take_done(struct aio_context *ctx)
{
	struct aio_done *done;

	mutex_lock(&aio_lock);
	done = list_empty(&ctx->done) ? NULL : LIST_FIRST_ENTRY(&ctx->done, struct aio_done, link);
	if (done) {
		list_del(&done->link);
		ctx->used--;
	}
	mutex_unlock(&aio_lock);
	return done;
}

/* Events that are there, at most @nr. Return: how many; -EFAULT if none could be told. */
static long take_some(struct aio_context *ctx, long nr, struct linux_io_event __user *events)
{
	long n = 0;

	while (n < nr) {
		struct aio_done *done = take_done(ctx);
		int err;

		if (!done)
			break;
		err = copy_to_user(events + n, &done->event, sizeof(done->event));
		kfree(done);
		if (err)
			return n ? n : -EFAULT;
		n++;
	}
	return n;
}

static bool is_destroyed(struct aio_context *ctx)
{
	return !list_linked(&ctx->link);
}

static long get_events(struct aio_context *ctx, long min, long nr,
		       struct linux_io_event __user *events, ns_t deadline_ns)
{
	long got = 0;
	int err = 0;

	for (;;) {
		u32 seen = atomic_load_acquire(&ctx->changes);
		long n = take_some(ctx, nr - got, events + got);

		if (n < 0)
			return got ? got : n;
		got += n;
		if (got >= min || err || is_destroyed(ctx))
			break;
		err = WAITQ_WAIT(&ctx->wait, atomic_load_acquire(&ctx->changes) != seen, true,
				 deadline_ns);
	}
	if (!got && err && err != -ETIMEDOUT)
		return -EINTR;
	return got;
}

/* As Linux takes it here: nothing is invalid, what is negative has passed. */
static ns_t deadline_of(const struct linux_timespec *ts)
{
	if (ts->tv_sec < 0 || ts->tv_nsec < 0)
		return 0;
	return deadline_after(MIN((u64)ts->tv_sec, TIME_MAX_SEC) * NS_PER_SEC +
			      MIN((u64)ts->tv_nsec, NS_PER_SEC));
}

long sys_io_pgetevents(u64 id, long min, long nr, struct linux_io_event __user *events,
		       const struct linux_timespec __user *timeout,
		       const struct linux_aio_sigset __user *usig)
{
	struct linux_aio_sigset sig = { 0, 0 };
	ns_t deadline_ns = NS_FOREVER;
	struct linux_timespec ts;
	struct aio_context *ctx;
	u64 mask = 0;
	long ret;

	if (timeout) {
		if (copy_from_user(&ts, timeout, sizeof(ts)))
			return -EFAULT;
		deadline_ns = deadline_of(&ts);
	}
	if (usig && copy_from_user(&sig, usig, sizeof(sig)))
		return -EFAULT;
	if (sig.sigmask && sig.sigsetsize != LINUX_SIGSET_SIZE)
		return -EINVAL;
	if (sig.sigmask && user_read_u64(&mask, (void __user *)(uintptr_t)sig.sigmask))
		return -EFAULT;
	ctx = context_get(id);
	if (!ctx || min < 0 || min > nr) {
		if (ctx)
			context_put(ctx);
		return -EINVAL;
	}
	if (sig.sigmask)
		signal_suspend_mask(mask);
	ret = get_events(ctx, min, nr, events, deadline_ns);
	context_put(ctx);
	return ret;
}
