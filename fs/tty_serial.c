/* SPDX-License-Identifier: MIT */
/*
 * Serial lines as terminals: COM1 is ttyS0, COM2 ttyS1. The
 * receive interrupt hands bytes to the discipline; where that has no room they
 * stay in the UART, and the wire (or QEMU) holds the sender back.
 */
#include <fs/tty.h>

#include <arch/serial.h>
#include <fs/chardev.h>
#include <fs/file.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_stat.h>
#include <kernel/core/log.h>

#define TTY_MAJOR   4
#define FIRST_MINOR 64

struct serial_tty {
	struct tty tty;
	u32 port;                    /* [i] */
	bool attached;               /* [i] */
	struct serial_client client; /* [i] */
};

static struct serial_tty lines[NR_SERIAL];

static struct serial_tty *line_of(struct tty *tty)
{
	return container_of(tty, struct serial_tty, tty);
}

static void line_start(struct tty *tty)
{
	const u8 *bytes;
	size_t n;

	while ((n = ldisc_tx_peek(&tty->ld, &bytes)) != 0) {
		size_t done = serial_write_some(line_of(tty)->port, (const char *)bytes, n);

		ldisc_tx_drop(&tty->ld, done);
		if (done < n)
			break; /* line_tx_ready() goes on */
	}
}

static void line_resume(struct tty *tty)
{
	serial_rx_resume(line_of(tty)->port);
}

static const struct tty_ops line_ops = { .start = line_start, .resume = line_resume };

static size_t line_rx_room(void *ctx)
{
	return tty_room(ctx);
}

static void line_rx(void *ctx, const char *buf, size_t len)
{
	tty_receive(ctx, (const u8 *)buf, len);
}

static void line_tx_ready(void *ctx)
{
	tty_transmit(ctx);
}

struct tty *tty_serial(void)
{
	return lines[0].attached ? &lines[0].tty : NULL;
}

static int open_line(struct file *file, u32 minor)
{
	struct serial_tty *line = &lines[minor - FIRST_MINOR];

	return line->attached ? tty_attach(&line->tty, file, false) : -ENXIO;
}

static const struct chardev dev_serial = {
	.name = "ttyS", .major = TTY_MAJOR, .minor = FIRST_MINOR, .nr_minors = NR_SERIAL,
	.open = open_line,
};

void tty_serial_init(void)
{
	for (u32 i = 0; i < NR_SERIAL; i++) {
		struct serial_tty *line = &lines[i];
		int err;

		if (!serial_present(i))
			continue;
		tty_setup(&line->tty, &line_ops, linux_makedev(TTY_MAJOR, FIRST_MINOR + i), false);
		line->port = i;
		line->tty.ld.t.c_cflag = B115200 | CS8 | CREAD | CLOCAL;
		line->client = (struct serial_client){
			.rx_room = line_rx_room, .rx = line_rx, .tx_ready = line_tx_ready,
			.ctx = &line->tty,
		};
		err = serial_attach(i, &line->client);
		line->attached = !err;
		if (err)
			log_notice("tty: no interrupt for ttyS%u: error %d", i, err);
	}
	chardev_register(&dev_serial);
}
