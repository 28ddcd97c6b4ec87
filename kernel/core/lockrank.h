/* SPDX-License-Identifier: MIT */
/*
 * The only list of lock ranks, outermost first: a lock may be taken only when
 * every lock held has a smaller rank. Mutexes come before spinlocks, since a
 * spinlock holder may not sleep.
 */
#pragma once

enum lock_rank {
	/* mutexes */
	RANK_FILE_POS,    /* a file's offset is held across its read or write, and reading
	                     /proc may ask for anything below */
	RANK_EPOLL_NEST,  /* which epoll watches which */
	RANK_EPOLL_OUTER, /* an epoll's items, those that watch others outermost; asks files */
	RANK_EPOLL = RANK_EPOLL_OUTER + 4, /* one that watches no other */
	RANK_MOUNT,       /* the mount tree; above every inode */
	RANK_RENAME,      /* renames of directories: keeps the tree a tree */
	RANK_FS_CONTEXT,  /* cwd, root, umask of a task */
	RANK_OVERLAY,     /* of an overlay: its inodes, copying up, its layers' names; one over
	                     another overlay outermost (fs/overlay_priv.h) */
	RANK_INODE = RANK_OVERLAY + 6, /* a directory's names or a file's size; pairs by address */
	RANK_AIO,         /* contexts of asynchronous input and output */
	RANK_MQUEUE_NAMES, /* names of POSIX message queues */
	RANK_MQUEUE,      /* messages of one of them */
	RANK_PIPE,        /* a pipe's buffers; user copies happen under it */
	RANK_SOCKET_READ, /* the readers of one socket; user copies happen under it */
	RANK_TTY,         /* line discipline; user copies happen under it */
	RANK_FUTEX_PI,    /* futexes with priority inheritance; user words are exchanged under it */
	RANK_ASPACE,      /* regions of a space; page faults take it, so every lock
	                     held across a user copy stands above */
	RANK_SYSV,        /* System V objects of one kind; the end of a mapping takes it */
	RANK_OBJECT,      /* filling a memory object's pages */
	RANK_PAGETABLE,   /* page tables of one space while entries change */
	RANK_SOCKET_GC,   /* which handles are in flight between sockets */
	RANK_CHANNEL_CALLS, /* which thread waits for which in a call: no circles */
	RANK_CAPS,        /* the derivation tree of handles; tables are looked at under it */
	/* spinlocks */
	RANK_EPOLL_WATCH, /* which epolls watch a file */
	RANK_TIMERFD_WALL, /* which timerfds follow the wall clock; interrupts on, so above
	                      whatever a timer's handler takes */
	RANK_FUTEX,       /* a futex bucket */
	RANK_HANDLES,     /* a handle table's slots */
	RANK_SOCKET_NAMES, /* names of AF_UNIX sockets */
	RANK_SOCKET,      /* a socket's state and queue; pairs by address */
	RANK_DENTRY,      /* dentry hash buckets and LRU */
	RANK_FILE_LOCK,   /* advisory locks of all files */
	RANK_INOTIFY_WATCHES, /* who watches which inode */
	RANK_INOTIFY,     /* an instance's queue of events */
	RANK_INODE_CACHE, /* inode hash and LRU */
	RANK_TASK_TREE,   /* parents, children, process groups, sessions, pids; the tick
	                     takes it, so below what is held with interrupts on */
	RANK_SIGNAL,      /* a process's signal state; sent under TASK_TREE */
	RANK_KEYS,        /* which keys are held */
	RANK_CONSOLE,     /* serial rings: receive interrupts signal waiters */
	RANK_TIMERFD,     /* a timerfd's setting; its timer takes it */
	RANK_SECCOMP,     /* a listener's calls; wakes, so above WAITQ */
	RANK_CHANNEL,     /* a channel's rings and waiters; wakes them */
	RANK_EVENTS,      /* rings of who listens to /dev/events; anything may tell */
	RANK_WAITQ,       /* a wait queue; wakes, so above RUNQ */
	RANK_EPOLL_POLL,  /* wait queue of an epoll, woken by those it watches; the watcher's
	                     inside the watched one's */
	RANK_EPOLL_WAIT = RANK_EPOLL_POLL + 5, /* threads in epoll_wait */
	RANK_EPOLL_READY, /* an epoll's ready list; wake-ups add to it */
	RANK_RUNQ,        /* a CPU's run queue; pairs by address */
	RANK_TIMER,       /* a CPU's timer queue */
	RANK_KVA,         /* kernel address arena */
	RANK_SLAB,        /* a slab cache's node lists */
	RANK_ZONE,        /* a memory zone's buddy lists */
	RANK_TLB,         /* shootdown and smp_call slots */
	RANK_RANDOM,      /* the random pool */
	RANK_IRQ,         /* the table of interrupt lines, I/O APIC registers */
	RANK_UTS,         /* host and domain name */
	RANK_AUDIT,       /* how much of the audit record was written of late */
	RANK_LOG,         /* the log ring: anything may log */
	RANK_SCREEN,      /* the screen's cells; log lines end there */
	RANK_SERIAL,      /* a UART's registers */
	NR_RANKS
};
