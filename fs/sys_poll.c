/* SPDX-License-Identifier: MIT */
/*
 * poll(2), ppoll(2), select(2), pselect6(2): one engine over an array of
 * struct linux_pollfd in kernel memory; select's bits are made into one.
 *
 * First everything is looked at without registering anywhere: most calls end
 * there. What Linux does and POSIX leaves open: the time left is written back
 * by ppoll, select and pselect6, not by poll; a pending signal that is let in
 * by the mask ends even a call that would not wait; poll is restarted with
 * its first deadline when no handler ran.
 */
#include <kernel/syscall_protos.h>

#include <arch/uaccess.h>
#include <fs/file.h>
#include <fs/poll.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_poll.h>
#include <kernel/abi/linux_resource.h>
#include <kernel/abi/linux_time.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>
#include <mm/kmalloc.h>
#include <mm/kva.h>

#define NO_WAIT      0ull /* a deadline that has passed */
#define STACK_FDS    16u
#define STACK_WORDS  4u   /* of each of select's sets: 256 descriptors */
#define KMALLOC_MAX  (64u << 10) /* larger buffers need not be contiguous */

/* select's conditions in terms of poll's (Linux fs/select.c: POLLIN_SET, ...). */
#define SELECT_READ   (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define SELECT_WRITE  (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)
#define SELECT_EXCEPT POLLPRI

static void *buffer_alloc(size_t size)
{
	return size <= KMALLOC_MAX ? kmalloc(size, 0) : vmalloc(size);
}

static void buffer_free(void *buf, size_t size)
{
	if (size <= KMALLOC_MAX)
		kfree(buf);
	else
		vfree(buf);
}

/* ---- the engine ---- */

static inline u32 look_file(struct file *file, u32 wanted, struct poll_queue *queue)
{
	if (queue)
		queue->file = file;
	return file_poll(file, queue ? &queue->table : NULL) & wanted;
}

static __noinline u32 look_shared(int fd, u32 wanted, struct poll_queue *queue)
{
	struct handle_ref ref;
	struct file *file;
	u32 bits;

	if (file_from_handle(fd, RIGHT_WAIT, &ref, &file))
		return POLLNVAL;
	bits = look_file(file, wanted, queue);
	handle_put(&ref);
	return bits;
}

/* @fd's bits of @wanted; registered with @queue unless NULL. */
static inline u32 look(int fd, u32 wanted, struct poll_queue *queue)
{
	struct file *file = file_lone(fd, RIGHT_WAIT);

	return likely(file) ? look_file(file, wanted, queue) : look_shared(fd, wanted, queue);
}

/* Return: how many of @fds have news; from the first one on nothing more is
 * registered. @always: bits that need not be asked for. */
static u32 scan(struct linux_pollfd *fds, u32 nr, u32 always, struct poll_queue *queue)
{
	u32 count = 0;

	for (u32 i = 0; i < nr; i++) {
		u32 bits = 0;

		if (fds[i].fd >= 0)
			bits = look(fds[i].fd, (u16)fds[i].events | always, count ? NULL : queue);
		fds[i].revents = (s16)bits;
		count += bits != 0;
	}
	return count;
}

static __noinline long wait_for(struct linux_pollfd *fds, u32 nr, u32 always, ns_t deadline_ns)
{
	struct poll_queue queue;
	int err = 0;
	u32 count;

	poll_queue_init(&queue);
	count = scan(fds, nr, always, &queue);
	while (!count && !err) {
		err = queue.table.error;
		if (!err)
			err = poll_queue_sleep(&queue, deadline_ns);
		count = scan(fds, nr, always, NULL);
	}
	poll_queue_fini(&queue);
	if (count)
		return count;
	return err == -ETIMEDOUT ? 0 : err;
}

/* Return: number of @fds with news; 0 the time is over; -ERESTARTSYS; -ENOMEM. */
static long poll_kernel(struct linux_pollfd *fds, u32 nr, u32 always, ns_t deadline_ns)
{
	u32 count = scan(fds, nr, always, NULL);

	if (count)
		return count;
	if (signal_pending())
		return -ERESTARTSYS;
	if (deadline_ns == NO_WAIT)
		return 0;
	return wait_for(fds, nr, always, deadline_ns);
}

/* ---- time and mask ---- */

/* Deadline of a relative time. Return: 0; -EINVAL. */
static int deadline_after(s64 sec, s64 nsec, ns_t *out)
{
	u64 ns;

	if (sec < 0 || nsec < 0 || nsec >= (s64)NS_PER_SEC)
		return -EINVAL;
	*out = NO_WAIT;
	if (!sec && !nsec)
		return 0;
	if (__builtin_mul_overflow((u64)sec, NS_PER_SEC, &ns) ||
	    __builtin_add_overflow(ns, (u64)nsec + uptime_ns(), &ns))
		ns = NS_FOREVER;
	*out = ns;
	return 0;
}

static int get_timespec(const struct linux_timespec __user *utime, ns_t *deadline_ns)
{
	struct linux_timespec t;

	*deadline_ns = NS_FOREVER;
	if (!utime)
		return 0;
	if (copy_from_user(&t, utime, sizeof(t)))
		return -EFAULT;
	return deadline_after(t.tv_sec, t.tv_nsec, deadline_ns);
}

static ns_t time_left(ns_t deadline_ns)
{
	ns_t now = deadline_ns == NO_WAIT ? 0 : uptime_ns();

	return deadline_ns > now ? deadline_ns - now : 0;
}

/* A call that cannot say how much time is left cannot be restarted either; else
 * a failing write (a constant time-out in read-only memory) is no error. */
static long finish(long ret, int write_err)
{
	if (ret == -ERESTARTSYS)
		return write_err ? -EINTR : -ERESTARTNOHAND;
	return ret;
}

static long finish_timespec(long ret, struct linux_timespec __user *utime, ns_t deadline_ns)
{
	ns_t left = time_left(deadline_ns);
	struct linux_timespec t = { (s64)(left / NS_PER_SEC), (s64)(left % NS_PER_SEC) };

	return finish(ret, utime ? copy_to_user(utime, &t, sizeof(t)) : 0);
}

static int swap_mask(const u64 __user *umask, size_t size)
{
	u64 mask;

	if (!umask)
		return 0;
	if (size != sizeof(mask))
		return -EINVAL;
	if (user_read_u64(&mask, umask))
		return -EFAULT;
	signal_suspend_mask(mask);
	return 0;
}

/* After an interrupted call the old mask comes back once the handler has its frame. */
static void unswap_mask(const u64 __user *umask, long ret)
{
	if (umask && ret != -ERESTARTSYS)
		signal_restore_mask();
}

/* ---- poll ---- */

static long poll_with(struct linux_pollfd *fds, struct linux_pollfd __user *ufds, u32 nr,
		      ns_t deadline_ns)
{
	char __user *to;
	long ret;

	if (copy_from_user(fds, ufds, nr * sizeof(*fds)))
		return -EFAULT;
	ret = poll_kernel(fds, nr, POLLERR | POLLHUP, deadline_ns);
	if (ret < 0 && ret != -ERESTARTSYS)
		return ret;
	/* Only revents: another thread may be changing the rest. */
	to = user_field(ufds, revents);
	for (u32 i = 0; i < nr; i++)
		if (copy_to_user(to + i * sizeof(*fds), &fds[i].revents, sizeof(fds[i].revents)))
			return -EFAULT;
	return ret;
}

/* One descriptor that has news: most calls are that. Return: 1; 0: not so; -EFAULT. */
static inline long poll_one(struct linux_pollfd __user *ufd)
{
	struct linux_pollfd fd = { 0 };
	u64 word;
	u32 bits;

	static_assert(sizeof(fd) == sizeof(word), "read at once");
	if (user_read_u64(&word, ufd))
		return -EFAULT;
	__builtin_memcpy(&fd, &word, sizeof(fd));
	if (fd.fd < 0)
		return 0;
	bits = look(fd.fd, (u16)fd.events | POLLERR | POLLHUP, NULL);
	if (!bits)
		return 0;
	fd.revents = (s16)bits;
	if (copy_to_user(user_field(ufd, revents), &fd.revents, sizeof(fd.revents)))
		return -EFAULT;
	return 1;
}

static __noinline long poll_user(struct linux_pollfd __user *ufds, u32 nr, ns_t deadline_ns)
{
	struct linux_pollfd stack_fds[STACK_FDS], *fds = stack_fds;
	size_t size = nr * sizeof(*fds);
	long ret;

	if (nr > STACK_FDS) {
		if (nr > task_rlimit(RLIMIT_NOFILE))
			return -EINVAL;
		fds = buffer_alloc(size);
		if (!fds)
			return -ENOMEM;
	}
	ret = poll_with(fds, ufds, nr, deadline_ns);
	if (fds != stack_fds)
		buffer_free(fds, size);
	return ret;
}

static long poll_restartable(struct linux_pollfd __user *ufds, u32 nr, ns_t deadline_ns);

static long poll_again(struct restart_block *block)
{
	return poll_restartable((void __user *)(uintptr_t)block->args[0], (u32)block->args[1],
				block->deadline_ns);
}

static long poll_restartable(struct linux_pollfd __user *ufds, u32 nr, ns_t deadline_ns)
{
	long ret = nr == 1 ? poll_one(ufds) : 0;

	if (likely(ret))
		return ret;
	ret = poll_user(ufds, nr, deadline_ns);

	if (ret != -ERESTARTSYS)
		return ret;
	current->restart = (struct restart_block){
		.fn = poll_again,
		.deadline_ns = deadline_ns,
		.args = { (u64)(uintptr_t)ufds, nr },
	};
	return -ERESTART_RESTARTBLOCK;
}

long sys_poll(struct linux_pollfd __user *ufds, unsigned int nfds, int timeout_ms)
{
	ns_t deadline_ns = NS_FOREVER;

	if (timeout_ms == 0)
		deadline_ns = NO_WAIT;
	else if (timeout_ms > 0)
		deadline_ns = uptime_ns() + (ns_t)timeout_ms * NS_PER_MS;
	return poll_restartable(ufds, nfds, deadline_ns);
}

long sys_ppoll(struct linux_pollfd __user *ufds, unsigned int nfds,
	       struct linux_timespec __user *utime, const u64 __user *umask, size_t masksize)
{
	ns_t deadline_ns;
	long ret = get_timespec(utime, &deadline_ns);

	if (ret)
		return ret;
	ret = swap_mask(umask, masksize);
	if (ret)
		return ret;
	ret = poll_user(ufds, nfds, deadline_ns);
	unswap_mask(umask, ret);
	return finish_timespec(ret, utime, deadline_ns);
}

/* ---- select ---- */

enum { SET_READ, SET_WRITE, SET_EXCEPT, NR_SETS };

static const u16 set_bits[NR_SETS] = { SELECT_READ, SELECT_WRITE, SELECT_EXCEPT };

/* The three sets, @words each, one after the other; bits from nfds on are 0. */
struct select_sets {
	u64 *bits;
	u32 words;
};

static int get_sets(struct select_sets *sets, struct linux_fd_set __user *const uset[NR_SETS],
		    u32 nfds)
{
	for (u32 k = 0; k < NR_SETS; k++) {
		u64 *bits = sets->bits + k * sets->words;

		memset(bits, 0, sets->words * sizeof(u64));
		if (!uset[k] || !nfds)
			continue;
		if (copy_from_user(bits, uset[k], sets->words * sizeof(u64)))
			return -EFAULT;
		if (nfds % 64)
			bits[sets->words - 1] &= BIT(nfds % 64) - 1;
	}
	return 0;
}

static u64 any_bits(const struct select_sets *sets, u32 word)
{
	return sets->bits[word] | sets->bits[sets->words + word] |
	       sets->bits[2 * sets->words + word];
}

static u32 count_fds(const struct select_sets *sets)
{
	u32 n = 0;

	for (u32 w = 0; w < sets->words; w++) {
		for (u64 bits = any_bits(sets, w); bits; bits &= bits - 1)
			n++;
	}
	return n;
}

static void fill_fds(const struct select_sets *sets, struct linux_pollfd *fds)
{
	for (u32 w = 0; w < sets->words; w++) {
		for (u64 left = any_bits(sets, w); left; left &= left - 1) {
			u32 bit = (u32)__builtin_ctzll(left), events = 0;

			for (u32 k = 0; k < NR_SETS; k++)
				if (sets->bits[k * sets->words + w] & BIT(bit))
					events |= set_bits[k];
			*fds++ = (struct linux_pollfd){ (s32)(w * 64 + bit), (s16)events, 0 };
		}
	}
}

/* Leave the bits that came true. Return: their number; -EBADF. */
static long keep_ready(struct select_sets *sets, const struct linux_pollfd *fds, u32 nr)
{
	long count = 0;

	for (u32 i = 0; i < nr; i++) {
		if (fds[i].revents & POLLNVAL)
			return -EBADF;
		for (u32 k = 0; k < NR_SETS; k++) {
			u64 *word = &sets->bits[k * sets->words + (u32)fds[i].fd / 64];
			u64 bit = BIT(fds[i].fd % 64);

			if ((*word & bit) && (fds[i].revents & set_bits[k]))
				count++;
			else
				*word &= ~bit;
		}
	}
	return count;
}

static int put_sets(const struct select_sets *sets, struct linux_fd_set __user *const uset[NR_SETS])
{
	for (u32 k = 0; k < NR_SETS; k++)
		if (uset[k] && copy_to_user(uset[k], sets->bits + k * sets->words,
					    sets->words * sizeof(u64)))
			return -EFAULT;
	return 0;
}

static long select_fds(struct select_sets *sets, ns_t deadline_ns)
{
	struct linux_pollfd stack_fds[STACK_FDS], *fds = stack_fds;
	u32 nr = count_fds(sets);
	size_t size = nr * sizeof(*fds);
	long ret;

	if (nr > STACK_FDS)
		fds = buffer_alloc(size);
	if (!fds)
		return -ENOMEM;
	fill_fds(sets, fds);
	ret = poll_kernel(fds, nr, 0, deadline_ns);
	if (ret >= 0)
		ret = keep_ready(sets, fds, nr);
	if (fds != stack_fds)
		buffer_free(fds, size);
	return ret;
}

static long select_user(int nfds, struct linux_fd_set __user *const uset[NR_SETS],
			ns_t deadline_ns)
{
	u64 stack_bits[NR_SETS * STACK_WORDS];
	struct select_sets sets = { .bits = stack_bits };
	size_t size;
	long ret;

	if (nfds < 0)
		return -EINVAL;
	/* No table is larger; Linux too looks no further than the table goes. */
	nfds = MIN(nfds, (int)HANDLE_TABLE_MAX);
	sets.words = ((u32)nfds + 63) / 64;
	size = NR_SETS * sets.words * sizeof(u64);
	if (sets.words > STACK_WORDS)
		sets.bits = buffer_alloc(size);
	if (!sets.bits)
		return -ENOMEM;
	ret = get_sets(&sets, uset, (u32)nfds);
	if (!ret)
		ret = select_fds(&sets, deadline_ns);
	if (ret >= 0 && put_sets(&sets, uset))
		ret = -EFAULT;
	if (sets.bits != stack_bits)
		buffer_free(sets.bits, size);
	return ret;
}

long sys_select(int nfds, struct linux_fd_set __user *readfds, struct linux_fd_set __user *writefds,
		struct linux_fd_set __user *exceptfds, struct linux_timeval __user *utime)
{
	struct linux_fd_set __user *const uset[NR_SETS] = { readfds, writefds, exceptfds };
	ns_t deadline_ns = NS_FOREVER, left;
	struct linux_timeval t;
	long ret;

	if (utime) {
		if (copy_from_user(&t, utime, sizeof(t)))
			return -EFAULT;
		/* More than a second of microseconds is taken as it is meant. */
		if (t.tv_usec < 0 ||
		    __builtin_add_overflow(t.tv_sec, t.tv_usec / 1000000, &t.tv_sec))
			return -EINVAL;
		ret = deadline_after(t.tv_sec, t.tv_usec % 1000000 * 1000, &deadline_ns);
		if (ret)
			return ret;
	}
	ret = select_user(nfds, uset, deadline_ns);
	if (!utime)
		return finish(ret, 0);
	left = time_left(deadline_ns);
	t.tv_sec = (s64)(left / NS_PER_SEC);
	t.tv_usec = (s64)(left % NS_PER_SEC / NS_PER_US);
	return finish(ret, copy_to_user(utime, &t, sizeof(t)));
}

long sys_pselect6(int nfds, struct linux_fd_set __user *readfds,
		  struct linux_fd_set __user *writefds, struct linux_fd_set __user *exceptfds,
		  struct linux_timespec __user *utime, const struct linux_sigset_arg __user *uarg)
{
	struct linux_fd_set __user *const uset[NR_SETS] = { readfds, writefds, exceptfds };
	struct linux_sigset_arg arg = { 0, 0 };
	const u64 __user *umask;
	ns_t deadline_ns;
	long ret;

	if (uarg && copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	umask = (const u64 __user *)(uintptr_t)arg.sigmask;
	ret = get_timespec(utime, &deadline_ns);
	if (ret)
		return ret;
	ret = swap_mask(umask, arg.size);
	if (ret)
		return ret;
	ret = select_user(nfds, uset, deadline_ns);
	unswap_mask(umask, ret);
	return finish_timespec(ret, utime, deadline_ns);
}
