/* SPDX-License-Identifier: MIT */
/*
 * 16550 UARTs on the ISA ports: COM1 (0x3f8, IRQ 4) carries log and console,
 * COM2 (0x2f8, IRQ 3) the control port (kernel/abi/ctl.h).
 */
#pragma once

#include <kernel/lib/types.h>

#define NR_SERIAL 2u

/** serial_init_early - COM1 for polled output, before anything else works */
void serial_init_early(void);

/** serial_present - whether port @port answers as a UART */
bool serial_present(u32 port);

/** serial_write_polled - write all of @buf, waiting for the UART. Any context. */
void serial_write_polled(u32 port, const char *buf, size_t len);

/* Called in interrupt context with what the UART had; the receiver takes what
 * it has room for and returns how many bytes; the rest stays in the FIFO with
 * the receive interrupt off until serial_rx_resume(). */
struct serial_client {
	size_t (*rx_room)(void *ctx);
	void (*rx)(void *ctx, const char *buf, size_t len);
	void (*tx_ready)(void *ctx); /* the transmitter can take bytes again */
	void *ctx;
};

/** serial_attach - interrupt-driven use of @port by @client (one each)
 * Return: 0; -ENODEV no UART; -EBUSY taken. */
__must_check int serial_attach(u32 port, const struct serial_client *client);

/** serial_rx_resume - the client has room again */
void serial_rx_resume(u32 port);

/** serial_write_some - hand as many bytes to the FIFO as it takes right now
 * (never waits); fewer than @len: tx_ready follows. Return: how many. */
size_t serial_write_some(u32 port, const char *buf, size_t len);
