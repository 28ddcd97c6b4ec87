/* SPDX-License-Identifier: MIT */
/*
 * The event feed. A listener is an open /dev/events: a ring in frames of its own, of
 * which the kernel is the producer, and the memory object that maps it.
 *
 *   event_emit() --listeners_lock--> ring of each listener --> waitq --> poll(2)
 *
 * The kernel never waits for a listener: a full ring drops the event and counts it. Nor
 * does it believe one: ring_ops.h checks the index that it reads, once, and a
 * listener that wrote nonsense there hears nothing more. The frames stay until the
 * file and all mappings are gone; the kernel writes them only while the file is open.
 *
 * Locks: listeners_lock (EVENTS) -> wait queue.
 */
#include <fs/events.h>

#include <arch/uaccess.h>
#include <fs/chardev.h>
#include <fs/file.h>
#include <fs/seq.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_poll.h>
#include <kernel/lib/list.h>
#include <kernel/lib/ring_ops.h>
#include <kernel/lib/string.h>
#include <kernel/task/event.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>
#include <mm/kmalloc.h>
#include <mm/object.h>
#include <security/cred.h>

#define RING_PAGES ((u32)(EVENT_MAP_BYTES >> PAGE_SHIFT))
#define RING_ORDER 5u
static_assert(EVENT_MAP_BYTES % PAGE_SIZE == 0 && RING_PAGES <= 1u << RING_ORDER,
	      "the ring fits its block");

/* Lock key: i immutable, l listeners_lock. */
struct listener {
	struct list_head link;   /* [l] */
	struct ring_tx tx;       /* [l] */
	struct frame *frames;    /* [i] RING_PAGES of them, a reference each */
	struct vmobject *object; /* [i] shows them */
	u32 number;              /* [l] of the next event */
	u64 lost;                /* [l] not yet told */
	u64 lost_ever;           /* [l] */
	bool broken;             /* [l] its ring is nonsense */
	struct waitq wait;
};

u32 event_listeners;
static struct spinlock listeners_lock = SPINLOCK_INIT(RANK_EVENTS, "event_listeners");
static struct list_head listeners = LIST_HEAD_INIT(listeners); /* [listeners_lock] */

/* ---- emitting ---- */

static bool push_locked(struct listener *l, const struct event *event)
{
	struct ring_slot slot = { .kind = RING_INLINE, .len = sizeof(*event), .tag = l->number };
	int err;

	memcpy(slot.payload, event, sizeof(*event));
	err = ring_push(&l->tx, &slot);
	if (err == -EPROTO)
		l->broken = true;
	if (!err)
		l->number++;
	return !err;
}

static void tell_lost_locked(struct listener *l, const struct event *event)
{
	struct event lost = { .time_ns = event->time_ns, .type = EVENT_LOST, .a = l->lost };

	if (push_locked(l, &lost))
		l->lost = 0;
}

static void give_locked(struct listener *l, const struct event *event)
{
	/* Both or none: so that what follows a gap begins with its size. */
	if (l->lost && ring_room(&l->tx, 2) >= 2)
		tell_lost_locked(l, event);
	if (l->lost || !push_locked(l, event)) {
		l->lost++;
		l->lost_ever++;
		l->number++;
	}
	ring_publish(&l->tx);
	(void)ring_should_kick(&l->tx); /* a full fence: pairs with the queueing in poll */
	if (!waitq_empty(&l->wait))
		waitq_wake_poll(&l->wait, POLLIN | POLLRDNORM);
}

static void give_all(const struct event *event)
{
	irqflags_t flags = spin_lock_irq(&listeners_lock);
	struct listener *l;

	LIST_FOR_EACH(l, &listeners, link)
		if (!l->broken)
			give_locked(l, event);
	spin_unlock_irq(&listeners_lock, flags);
}

void event_emit(enum event_type type, u16 what, u64 a, u64 b)
{
	struct event event = {
		.time_ns = uptime_ns(), .type = (u16)type, .what = what,
		.pid = current_task()->pid, .tid = current->tid, .uid = cred_current()->uid,
		.a = a, .b = b,
	};

	memcpy(event.comm, current->comm, sizeof(event.comm));
	give_all(&event);
}

static void fill_for(struct event *event, enum event_type type, s32 pid, const char comm[16],
		     u64 a, u64 b)
{
	*event = (struct event){ .time_ns = uptime_ns(), .type = (u16)type, .pid = pid,
				 .tid = pid, .a = a, .b = b };
	memcpy(event->comm, comm, sizeof(event->comm));
}

void event_emit_for(enum event_type type, s32 pid, const char comm[16], u64 a, u64 b)
{
	struct event event;

	fill_for(&event, type, pid, comm, a, b);
	give_all(&event);
}

/* ---- run times, when asked ---- */

static void comm_of(const struct task *task, char comm[16])
{
	struct thread *thread = thread_find(task->pid);

	memcpy(comm, thread ? thread->comm : task->comm, 16);
	if (thread)
		thread_put(thread);
}

/* Return: false when there is no room. */
static bool give_runtime(struct listener *l, struct task *task)
{
	struct task_usage usage;
	struct event event;
	char comm[16];
	irqflags_t flags;
	bool done;

	task_usage_now(task, &usage);
	comm_of(task, comm);
	fill_for(&event, EVENT_RUNTIME, task->pid, comm, usage.user_ns, usage.system_ns);
	flags = spin_lock_irq(&listeners_lock);
	done = !l->broken && ring_room(&l->tx, 2) >= 2;
	if (done)
		give_locked(l, &event);
	spin_unlock_irq(&listeners_lock, flags);
	return done;
}

static long runtime_from(struct listener *l, s32 *pid)
{
	struct task *task;
	bool room = true;

	while (room && (task = task_next(*pid))) {
		*pid = task->pid;
		if (task != kernel_task)
			room = give_runtime(l, task);
		if (room)
			(*pid)++;
		task_put(task);
		sched_point();
		if (signal_pending())
			return -EINTR;
	}
	if (room)
		*pid = 0;
	return 0;
}

static long events_ioctl(struct file *file, u32 cmd, u64 arg)
{
	void __user *uarg = (void __user *)(uintptr_t)arg;
	u32 from;
	s32 pid;
	long err;

	if (cmd != EVENT_IOC_RUNTIME)
		return -ENOTTY;
	if (user_read_u32(&from, uarg))
		return -EFAULT;
	pid = (s32)from;
	if (pid < 0)
		return -EINVAL;
	err = runtime_from(file->priv, &pid);
	if (user_write_u32(uarg, (u32)pid))
		return -EFAULT;
	return err;
}

/* ---- the file ---- */

static u32 events_poll(struct file *file, struct poll_table *table)
{
	struct listener *l = file->priv;
	irqflags_t flags;
	u32 ready;
	int room;

	poll_wait(table, &l->wait);
	flags = spin_lock_irq(&listeners_lock);
	room = l->broken ? -EPROTO : ring_room(&l->tx, EVENT_SLOTS + 1); /* looks always */
	l->broken = room < 0;
	ready = room < 0 ? POLLERR | POLLHUP : (u32)room < EVENT_SLOTS ? POLLIN | POLLRDNORM : 0;
	spin_unlock_irq(&listeners_lock, flags);
	return ready;
}

static int events_mmap(struct file *file, struct vmobject **out)
{
	struct listener *l = file->priv;

	vmobject_get(l->object);
	*out = l->object;
	return 0;
}

static void events_fdinfo(struct file *file, struct seq *seq)
{
	struct listener *l = file->priv;
	irqflags_t flags = spin_lock_irq(&listeners_lock);
	u32 number = l->number;
	u64 lost = l->lost_ever;
	bool broken = l->broken;

	spin_unlock_irq(&listeners_lock, flags);
	seq_printf(seq, "events: %u\nevents-lost: %llu\nevents-broken: %d\n", number,
		   (unsigned long long)lost, broken);
}

static void put_frames(struct frame *frames)
{
	for (u32 i = 0; i < RING_PAGES; i++)
		frame_put(frames + i);
}

static void events_release(struct file *file)
{
	struct listener *l = file->priv;
	irqflags_t flags = spin_lock_irq(&listeners_lock);

	list_del(&l->link);
	(void)atomic_fetch_sub(&event_listeners, 1);
	spin_unlock_irq(&listeners_lock, flags);
	vmobject_put(l->object);
	put_frames(l->frames);
	kfree(l);
}

static const struct file_ops events_fops = {
	.poll = events_poll,
	.ioctl = events_ioctl,
	.mmap = events_mmap,
	.release = events_release,
	.fdinfo = events_fdinfo,
};

/* Only called before the listener can go: see show_frames(). */
static int events_fill(struct vmobject *object, u64 index, struct frame **out)
{
	struct frame *frames = object->owner;

	frame_get(frames + index);
	*out = frames + index;
	return 0;
}

static const struct vmobject_ops events_object_ops = { .fill = events_fill };

/* All frames are the object's from the start, so that it never asks for one later. */
static int show_frames(struct listener *l)
{
	int err = 0;

	l->object = vmobject_create(&events_object_ops, EVENT_MAP_BYTES, l->frames);
	if (!l->object)
		return -ENOMEM;
	for (u32 i = 0; i < RING_PAGES && !err; i++) {
		struct frame *frame;

		err = vmobject_page(l->object, i, true, &frame);
		if (!err)
			frame_put(frame);
	}
	if (err)
		vmobject_put(l->object);
	return err;
}

/* Frames in one piece, those beyond the ring given back. */
static struct frame *alloc_frames(void)
{
	struct frame *frames = pmm_alloc_frames(RING_ORDER, MEM_ZERO, NODE_ANY);

	for (u32 i = RING_PAGES; frames && i < 1u << RING_ORDER; i++)
		frame_put(frames + i);
	return frames;
}

static int make_listener(struct listener **out)
{
	struct listener *l = kzalloc(sizeof(*l), 0);
	struct ring *ring;
	int err;

	if (!l)
		return -ENOMEM;
	err = -ENOMEM;
	l->frames = alloc_frames();
	if (!l->frames)
		goto err_free;
	ring = frame_to_virt(l->frames);
	err = ring_init(ring, EVENT_SLOTS, 1);
	if (!err)
		err = show_frames(l);
	if (err)
		goto err_frames;
	ring_tx_init(&l->tx, ring, EVENT_SLOTS);
	waitq_init(&l->wait, "events");
	*out = l;
	return 0;

err_frames:
	put_frames(l->frames);
err_free:
	kfree(l);
	return err;
}

static int events_open(struct file *file, __unused u32 minor)
{
	struct listener *l;
	irqflags_t flags;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = make_listener(&l);
	if (err)
		return err;
	file->priv = l;
	flags = spin_lock_irq(&listeners_lock);
	list_add_tail(&l->link, &listeners);
	(void)atomic_fetch_add(&event_listeners, 1);
	spin_unlock_irq(&listeners_lock, flags);
	return 0;
}

static const struct chardev events_dev = {
	"events", EVENTS_MAJOR, EVENTS_MINOR, 1, &events_fops, events_open,
};

void events_init(void)
{
	chardev_register(&events_dev);
}
