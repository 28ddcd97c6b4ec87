/* SPDX-License-Identifier: MIT */
/*
 * Channels: a pair of single-producer single-consumer rings (kernel/abi/ring.h,
 * kernel/lib/ring_ops.h) between two endpoints, and the object that maps them,
 * wakes sleepers and tells of death. This header is the contract that servers,
 * the FS client and the native calls are written against; ipc/channel.c comes
 * with the FusionRing issue, and until then nothing calls these.
 *
 *   endpoint A --ring A->B--> endpoint B        each endpoint is a handle
 *              <--ring B->A--                   (KOBJECT_CHANNEL), pollable
 *
 * Ownership: the user side of a ring belongs to one address space. fork gives the
 * child neither mapping nor endpoint; exec closes it; passing it to another
 * process unmaps it and starts a new epoch. Who the peer is stands in a page the
 * kernel writes and the peer can only read.
 */
#pragma once

#include <kernel/lib/types.h>

struct kobject;
struct ring_slot;

struct channel_options {
	u32 slots;        /* power of two, 16..4096; 0: 256 */
	u64 region_quota; /* bytes of regions both sides together may hold */
};

/** channel_create - two endpoints, referenced. Return: 0; -EINVAL; -ENOMEM. */
__must_check int channel_create(const struct channel_options *opt, struct kobject **a,
				struct kobject **b);

/** channel_send - publish @n slots from the kernel's side of @end, one wake-up at
 * most. Return: slots taken (0: full); -EPIPE peer gone; -EPROTO indices broken. */
__must_check long channel_send(struct kobject *end, const struct ring_slot *slots, u32 n);

/** channel_recv - take up to @n slots into kernel memory, each read once.
 * Return: slots; 0 empty; -EPIPE; -EPROTO. */
__must_check long channel_recv(struct kobject *end, struct ring_slot *slots, u32 n);

/** channel_call - send one slot, switch straight to the peer's thread if it waits
 * on this CPU, return with its reply. Return: 0; -EPIPE; -EPROTO; -ETIMEDOUT;
 * -ERESTARTSYS; -EDEADLK the peer waits for a call to us. */
__must_check int channel_call(struct kobject *end, const struct ring_slot *req,
			      struct ring_slot *reply, ns_t deadline_ns);
