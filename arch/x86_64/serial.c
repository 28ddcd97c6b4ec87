/* SPDX-License-Identifier: MIT */
/*
 * 16550 UARTs (National Semiconductor PC16550D data sheet, 1995). Two ways of
 * use: polled output for the log and panics, any time, and interrupt-driven by
 * one client a port.
 *
 * Receive flow control is the FIFO's: when the client has no room the receive
 * interrupt is turned off and the bytes stay where they are, so that QEMU (or
 * a wire with RTS/CTS) holds the sender back.
 */
#include <arch/serial.h>

#include <arch/cpu.h>
#include <arch/irq.h>
#include <kernel/abi/errno.h>
#include <kernel/core/log.h>
#include <kernel/core/spinlock.h>

#include "io.h"

/* Registers, PC16550D table II. */
enum { RBR = 0, THR = 0, DLL = 0, IER = 1, DLM = 1, IIR = 2, FCR = 2, LCR = 3, MCR = 4, LSR = 5,
       SCR = 7 };
#define IER_RX  0x01u
#define IER_TX  0x02u
#define FCR_ENABLE_CLEAR_14 0xc7u /* FIFOs on and empty, receive trigger at 14 */
#define LCR_8N1  0x03u
#define LCR_DLAB 0x80u
#define MCR_DTR_RTS_OUT2 0x0bu /* OUT2 gates the interrupt on PCs */
#define LSR_DATA 0x01u
#define LSR_THRE 0x20u
#define FIFO_SIZE 16u
#define POLL_LIMIT 1000000u /* reads of LSR before a dead UART is given up */

/* Lock key: i immutable after attach, l lock. */
struct uart {
	u16 base;
	u8 irq;
	bool present;                    /* [i] */
	bool dead;                       /* [l] a transmitter that never gets ready */
	u8 ier;                          /* [l] what IER holds */
	const struct serial_client *client; /* [i] */
	struct spinlock lock;            /* RANK_SERIAL, irq-safe */
};

static struct uart uarts[NR_SERIAL] = {
	{ .base = 0x3f8, .irq = 4, .lock = SPINLOCK_INIT(RANK_SERIAL, "com1") },
	{ .base = 0x2f8, .irq = 3, .lock = SPINLOCK_INIT(RANK_SERIAL, "com2") },
};

static void uart_init(struct uart *uart)
{
	/* A scratch register that keeps what is written: somebody is there. */
	outb(uart->base + SCR, 0x5a);
	uart->present = inb(uart->base + SCR) == 0x5a;
	if (!uart->present)
		return;
	outb(uart->base + IER, 0);
	outb(uart->base + LCR, LCR_DLAB);
	outb(uart->base + DLL, 1); /* 115200 baud */
	outb(uart->base + DLM, 0);
	outb(uart->base + LCR, LCR_8N1);
	outb(uart->base + FCR, FCR_ENABLE_CLEAR_14);
	outb(uart->base + MCR, MCR_DTR_RTS_OUT2);
}

void serial_init_early(void)
{
	for (u32 i = 0; i < NR_SERIAL; i++)
		uart_init(&uarts[i]);
}

bool serial_present(u32 port)
{
	return port < NR_SERIAL && uarts[port].present;
}

static bool wait_thre(struct uart *uart)
{
	for (u32 i = 0; i < POLL_LIMIT; i++) {
		if (inb(uart->base + LSR) & LSR_THRE)
			return true;
		cpu_relax();
	}
	uart->dead = true;
	return false;
}

static void put_polled(struct uart *uart, const char *buf, size_t len)
{
	while (len && wait_thre(uart)) {
		size_t n = MIN(len, (size_t)FIFO_SIZE);

		for (size_t i = 0; i < n; i++)
			outb(uart->base + THR, (u8)buf[i]);
		buf += n;
		len -= n;
	}
}

void serial_write_polled(u32 port, const char *buf, size_t len)
{
	struct uart *uart = &uarts[port];
	irqflags_t flags;

	if (!uart->present || uart->dead)
		return;
	if (panic_in_progress()) { /* the lock may be held for ever */
		put_polled(uart, buf, len);
		return;
	}
	flags = spin_lock_irq(&uart->lock);
	put_polled(uart, buf, len);
	spin_unlock_irq(&uart->lock, flags);
}

static void ier_set(struct uart *uart, u8 on, u8 off)
{
	u8 ier = (u8)((uart->ier | on) & ~off);

	if (ier == uart->ier)
		return;
	uart->ier = ier;
	outb(uart->base + IER, ier);
}

/*
 * Empty the FIFO into @buf as far as the client has @room. Return: bytes; the
 * receive interrupt is off when something had to stay.
 */
static size_t receive(struct uart *uart, char *buf, size_t room)
{
	irqflags_t flags = spin_lock_irq(&uart->lock);
	size_t n = 0;

	while (n < room && (inb(uart->base + LSR) & LSR_DATA))
		buf[n++] = (char)inb(uart->base + RBR);
	if (n == room)
		ier_set(uart, 0, IER_RX);
	spin_unlock_irq(&uart->lock, flags);
	return n;
}

static void serial_interrupt(void *arg)
{
	struct uart *uart = arg;
	const struct serial_client *client = uart->client;
	irqflags_t flags;
	bool tx_ready = false;
	char buf[64];

	for (;;) {
		size_t room = MIN(client->rx_room(client->ctx), sizeof(buf));
		size_t n = receive(uart, buf, room);

		if (n)
			client->rx(client->ctx, buf, n);
		/*
		 * Done when the FIFO is empty. Else receive() turned the interrupt off:
		 * for long when the client has no room. It is asked again, for it may
		 * have made some, and said so, just before that.
		 */
		if (n < room || (room < sizeof(buf) && !client->rx_room(client->ctx)))
			break;
		flags = spin_lock_irq(&uart->lock);
		ier_set(uart, IER_RX, 0);
		spin_unlock_irq(&uart->lock, flags);
	}
	flags = spin_lock_irq(&uart->lock);
	(void)inb(uart->base + IIR); /* acknowledges a transmit interrupt */
	if ((uart->ier & IER_TX) && (inb(uart->base + LSR) & LSR_THRE)) {
		ier_set(uart, 0, IER_TX);
		tx_ready = true;
	}
	spin_unlock_irq(&uart->lock, flags);
	if (tx_ready)
		client->tx_ready(client->ctx);
}

int serial_attach(u32 port, const struct serial_client *client)
{
	struct uart *uart = &uarts[port];
	int err;

	if (!serial_present(port))
		return -ENODEV;
	if (uart->client)
		return -EBUSY;
	uart->client = client;
	err = irq_connect(uart->irq, serial_interrupt, uart, port ? "ttyS1" : "ttyS0");
	if (err) {
		uart->client = NULL;
		return err;
	}
	serial_rx_resume(port);
	return 0;
}

void serial_rx_resume(u32 port)
{
	struct uart *uart = &uarts[port];
	irqflags_t flags = spin_lock_irq(&uart->lock);

	/* Bytes that wait raise the interrupt at once. */
	ier_set(uart, IER_RX, 0);
	spin_unlock_irq(&uart->lock, flags);
}

size_t serial_write_some(u32 port, const char *buf, size_t len)
{
	struct uart *uart = &uarts[port];
	irqflags_t flags = spin_lock_irq(&uart->lock);
	size_t done = 0;

	/*
	 * While the FIFO empties as fast as it is filled (an emulator), go on; a
	 * real wire stops us after one FIFO and interrupts when that is out.
	 */
	while (done < len && (inb(uart->base + LSR) & LSR_THRE)) {
		size_t n = MIN(len - done, (size_t)FIFO_SIZE);

		for (size_t i = 0; i < n; i++)
			outb(uart->base + THR, (u8)buf[done++]);
	}
	if (done < len)
		ier_set(uart, IER_TX, 0);
	spin_unlock_irq(&uart->lock, flags);
	return done;
}
