/* SPDX-License-Identifier: MIT */
/* The framed port of port.h. The transmit queue is one straight buffer: it is
 * compacted when its tail is too short for a chunk. */
#include "port.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define HEADER sizeof(struct ctl_header)
#define SMALL  256u /* kept free at the end for port_put() */

int port_init(struct port *p, int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	p->fd = fd;
	p->gone = false;
	p->rx_len = p->tx_start = p->tx_end = 0;
	return 0;
}

/* The length of the frame at @at with its header; 0: not all here; or -EPROTO. */
static long frame_len(const u8 *at, size_t have)
{
	struct ctl_header h;

	if (have < HEADER)
		return 0;
	memcpy(&h, at, HEADER);
	if (h.magic != CTL_MAGIC || h.zero || h.len > CTL_MAX_LEN)
		return -EPROTO;
	return have < HEADER + h.len ? 0 : (long)(HEADER + h.len);
}

int port_receive(struct port *p, port_handler *handle, void *ctx)
{
	ssize_t n = read(p->fd, p->rx + p->rx_len, sizeof(p->rx) - p->rx_len);
	size_t at = 0;
	long len;
	int err;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		p->gone = true;
	p->rx_len += (size_t)n;
	while ((len = frame_len(p->rx + at, p->rx_len - at)) > 0) {
		err = handle(ctx, p->rx[at + 1], p->rx + at + HEADER, (size_t)len - HEADER);
		if (err)
			return err;
		at += (size_t)len;
	}
	if (len < 0)
		return (int)len;
	p->rx_len -= at;
	memmove(p->rx, p->rx + at, p->rx_len);
	return 0;
}

int port_send(struct port *p)
{
	ssize_t n = write(p->fd, p->tx + p->tx_start, p->tx_end - p->tx_start);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	p->tx_start += (size_t)n;
	if (p->tx_start == p->tx_end)
		p->tx_start = p->tx_end = 0;
	return 0;
}

int port_flush(struct port *p)
{
	while (port_tx_pending(p)) {
		struct pollfd pfd = { .fd = p->fd, .events = POLLOUT };
		int err;

		if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
			return -errno;
		err = port_send(p);
		if (err)
			return err;
	}
	return 0;
}

u8 *port_room(struct port *p, size_t *room)
{
	size_t used = p->tx_end - p->tx_start;
	size_t tail = PORT_TX_SIZE - p->tx_end;

	if (tail < HEADER + PORT_CHUNK + SMALL && p->tx_start) {
		memmove(p->tx, p->tx + p->tx_start, used);
		p->tx_start = 0;
		p->tx_end = used;
		tail = PORT_TX_SIZE - used;
	}
	*room = tail < HEADER + PORT_CHUNK + SMALL ? 0 : PORT_CHUNK;
	return p->tx + p->tx_end + HEADER;
}

void port_commit(struct port *p, u8 kind, size_t len)
{
	struct ctl_header h = { .magic = CTL_MAGIC, .kind = kind, .len = (u32)len };

	memcpy(p->tx + p->tx_end, &h, HEADER);
	p->tx_end += HEADER + len;
}

bool port_put(struct port *p, u8 kind, const void *data, size_t len)
{
	if (len > SMALL - HEADER || PORT_TX_SIZE - p->tx_end < HEADER + len)
		return false;
	if (len)
		memcpy(p->tx + p->tx_end + HEADER, data, len);
	port_commit(p, kind, len);
	return true;
}

bool port_put_u32(struct port *p, u8 kind, u32 value)
{
	return port_put(p, kind, &value, sizeof(value));
}
