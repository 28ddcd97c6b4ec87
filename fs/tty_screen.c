/* SPDX-License-Identifier: MIT */
/*
 * Screen and keyboard as the terminal tty1 (tty0 is the same: there is one).
 *
 *   program --tty_write()--> ldisc --start()--> cells of the screen
 *                                                    | the thread "screen" draws
 *   keyboard interrupt --keymap--> tty_receive() --> ldisc --> program
 *
 * Drawing is far slower than writing cells, so it has a thread of its own. A line
 * of the log may be written with any lock held and then cannot wake the thread:
 * it looks by itself a few times a second, but only where there is a screen.
 */
#include <fs/tty.h>

#include <arch/keyboard.h>
#include <arch/screen.h>
#include <drivers/usb/usb.h>
#include <fs/chardev.h>
#include <fs/file.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_stat.h>
#include <kernel/core/cmdline.h>
#include <kernel/core/log.h>
#include <kernel/lib/keymap.h>
#include <kernel/lib/term.h>
#include <kernel/task/signal.h>
#include <kernel/task/task.h>
#include <kernel/task/thread.h>
#include <kernel/time/clock.h>

#define TTY_MAJOR 4
#define GATHER_NS (NS_PER_SEC / 100) /* pictures a second: no more are seen */
#define LOOK_NS   (NS_PER_SEC / 5)

static struct tty screen_tty;
static bool attached;            /* set once, at start-up */
static struct waitq draw_wait;   /* the thread sleeps here */
static struct keymap keys;       /* [keys_lock] */
static struct spinlock keys_lock = SPINLOCK_INIT(RANK_KEYS, "keys");

static void screen_start(struct tty *tty)
{
	const u8 *bytes;
	size_t n;

	while ((n = ldisc_tx_peek(&tty->ld, &bytes)) != 0) {
		screen_write((const char *)bytes, n);
		ldisc_tx_drop(&tty->ld, n);
	}
	waitq_wake_all(&draw_wait);
}

/* Keys that found no room are lost, as on every keyboard. */
static void screen_resume(__unused struct tty *tty)
{
}

static const struct tty_ops screen_ops = { .start = screen_start, .resume = screen_resume };

static void screen_thread(__unused void *arg)
{
	u8 reply[TERM_REPLY];

	screen_set_lazy();
	for (;;) {
		size_t n;

		(void)WAITQ_WAIT(&draw_wait, screen_changed(), true, uptime_ns() + LOOK_NS);
		screen_draw();
		n = screen_take_reply(reply);
		if (n)
			tty_receive(&screen_tty, reply, n);
		(void)WAITQ_WAIT(&draw_wait, false, true, uptime_ns() + GATHER_NS);
	}
}

/* ---- keyboard ---- */

static void restart(void)
{
	if (init_task)
		signal_send_kernel(init_task, SIGINT); /* Linux's C_A_D */
}

static void key_event(u32 key, bool down)
{
	struct screen_size size = screen_size();
	enum keymap_action action;
	u8 bytes[KEYMAP_BYTES];
	irqflags_t flags = spin_lock_irq(&keys_lock);
	size_t n = keymap_key(&keys, key, down, screen_application_keys(), bytes, &action);

	spin_unlock_irq(&keys_lock, flags);
	switch (action) {
	case KEYMAP_NOTHING:
		break;
	case KEYMAP_LOOK_BACK:
		screen_look((s32)size.rows / 2);
		break;
	case KEYMAP_LOOK_FORWARD:
		screen_look(-(s32)size.rows / 2);
		break;
	case KEYMAP_RESTART:
		restart();
		break;
	}
	if (n) {
		screen_look(-(s32)TERM_ROWS_MAX * 16); /* who types looks at what he types */
		tty_receive(&screen_tty, bytes, n);
	}
	waitq_wake_all(&draw_wait);
}

static void keyboard_init(void)
{
	const struct keymap_layout *layout = keymap_layout(boot_options.keymap);
	int err;

	keymap_init(&keys, layout);
	err = keyboard_attach(key_event);
	if (err)
		log_info("tty: no PS/2 keyboard: error %d", err);
	usb_init(key_event);
}

/* ---- files ---- */

struct tty *tty_screen(void)
{
	return attached ? &screen_tty : NULL;
}

static int open_screen(struct file *file, __unused u32 minor)
{
	return attached ? tty_attach(&screen_tty, file, false) : -ENXIO;
}

static const struct chardev dev_screen = {
	.name = "tty", .major = TTY_MAJOR, .minor = 0, .nr_minors = 2, .open = open_screen,
};

void tty_screen_init(void)
{
	struct screen_size size = screen_size();

	chardev_register(&dev_screen);
	if (!screen_present())
		return;
	waitq_init(&draw_wait, "screen");
	tty_setup(&screen_tty, &screen_ops, linux_makedev(TTY_MAJOR, 1), false);
	screen_tty.winsize = (struct linux_winsize){
		.ws_row = (u16)size.rows, .ws_col = (u16)size.cols,
		.ws_xpixel = (u16)size.width, .ws_ypixel = (u16)size.height,
	};
	attached = thread_create_kernel("screen", screen_thread, NULL) != NULL;
	if (attached)
		keyboard_init();
	else
		log_notice("tty: no memory for the screen's thread");
}
