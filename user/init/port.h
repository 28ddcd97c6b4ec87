/* SPDX-License-Identifier: MIT */
/*
 * Frames (kernel/abi/ctl.h) over a descriptor that may be slow: a receive
 * buffer that holds one whole frame, and a transmit queue that is written when
 * the descriptor takes it. Nothing here blocks but port_flush().
 */
#pragma once

#include <kernel/abi/ctl.h>

#define PORT_CHUNK 16384u /* data bytes in one frame of ours */

/* Room for two chunks, so that one fills while the other drains, and for the
 * small frames between them. */
#define PORT_TX_SIZE (2 * PORT_CHUNK + 1024u)

struct port {
	int fd;     /* non-blocking */
	bool gone;  /* the peer closed, nothing more will come or go */
	size_t rx_len;
	size_t tx_start, tx_end; /* tx[tx_start, tx_end) is still to be written */
	u8 rx[sizeof(struct ctl_header) + CTL_MAX_LEN];
	u8 tx[PORT_TX_SIZE];
};

/* What port_receive() calls for each whole frame; 0, or -errno to give up. */
typedef int port_handler(void *ctx, u8 kind, u8 *data, size_t len);

/* Makes @fd non-blocking, and closed in the programs that are run. 0 or -errno. */
int port_init(struct port *p, int fd);

/* Read what there is and hand out the frames. 0; -EPROTO on nonsense; -errno. */
int port_receive(struct port *p, port_handler *handle, void *ctx);

/* Write what the descriptor takes now. 0 or -errno. */
int port_send(struct port *p);

/* Write everything, waiting as long as it takes. 0 or -errno. */
int port_flush(struct port *p);

static inline bool port_tx_pending(const struct port *p)
{
	return p->tx_start != p->tx_end;
}

/**
 * port_room - where the data of a new frame may be put, and how much
 * @room: out: bytes, at most PORT_CHUNK; 0 when the queue is full
 * port_commit() then queues the first @len of them as a frame.
 */
u8 *port_room(struct port *p, size_t *room);
void port_commit(struct port *p, u8 kind, size_t len);

/* Queue a small frame (at most 256 bytes). False when there is no room. */
bool port_put(struct port *p, u8 kind, const void *data, size_t len);
bool port_put_u32(struct port *p, u8 kind, u32 value);
