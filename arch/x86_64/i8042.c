/* SPDX-License-Identifier: MIT */
/*
 * The PS/2 keyboard behind the 8042: set 1 by the controller's translation, one
 * interrupt a byte on IRQ 1. The second port, the mouse's, stays off.
 * Sources: IBM PS/2 Hardware Interface Technical Reference, "Keyboard and
 * Auxiliary Device Controller"; ACPI 6.5 table 5.11 (whether there is one).
 */
#include <arch/keyboard.h>

#include <arch/irq.h>
#include <arch/time.h>
#include <kernel/abi/errno.h>
#include <kernel/core/log.h>
#include <kernel/lib/keymap.h>

#include "io.h"
#include "platform.h"

#define PORT_DATA   0x60
#define PORT_STATUS 0x64 /* commands when written */
#define STATUS_OUTPUT 0x01 /* a byte for us */
#define STATUS_INPUT  0x02 /* busy with one of ours */
#define STATUS_MOUSE  0x20 /* it is the second port's */

#define CMD_READ_CONFIG  0x20
#define CMD_WRITE_CONFIG 0x60
#define CMD_DISABLE_2    0xa7
#define CMD_SELF_TEST    0xaa
#define CMD_DISABLE_1    0xad
#define CMD_ENABLE_1     0xae
#define SELF_TEST_OK     0x55
#define CONFIG_IRQ_1     0x01
#define CONFIG_IRQ_2     0x02
#define CONFIG_CLOCK_1_OFF 0x10
#define CONFIG_TRANSLATE 0x40
#define KEYBOARD_ENABLE  0xf4

#define IRQ_KEYBOARD 1
#define WAIT_STEPS   50000u /* of 10 us: what a self-test may take */
#define BOOT_ARCH_8042 0x02

static keyboard_handler_t key_handler; /* written once, before the interrupt is on */
static struct keymap_set1 set1;        /* the interrupt's */

static bool wait_status(u8 mask, u8 value)
{
	for (u32 i = 0; i < WAIT_STEPS; i++) {
		if ((inb(PORT_STATUS) & mask) == value)
			return true;
		time_delay_ns(10000);
	}
	return false;
}

static bool command(u8 cmd)
{
	if (!wait_status(STATUS_INPUT, 0))
		return false;
	outb(PORT_STATUS, cmd);
	return true;
}

static bool send(u8 data)
{
	if (!wait_status(STATUS_INPUT, 0))
		return false;
	outb(PORT_DATA, data);
	return true;
}

static bool receive(u8 *data)
{
	if (!wait_status(STATUS_OUTPUT, STATUS_OUTPUT))
		return false;
	*data = inb(PORT_DATA);
	return true;
}

static void drain(void)
{
	for (u32 i = 0; i < 64 && (inb(PORT_STATUS) & STATUS_OUTPUT); i++)
		(void)inb(PORT_DATA);
}

static bool is_there(void)
{
	const struct acpi_info *acpi = platform_acpi();

	/* Boards older than the flag have one. */
	if (acpi && acpi->has_fadt && acpi->fadt.revision >= 3 &&
	    !(acpi->fadt.boot_arch & BOOT_ARCH_8042))
		return false;
	return inb(PORT_STATUS) != 0xff;
}

static bool controller_init(void)
{
	u8 config, result;

	if (!command(CMD_DISABLE_1) || !command(CMD_DISABLE_2))
		return false;
	drain();
	if (!command(CMD_SELF_TEST) || !receive(&result) || result != SELF_TEST_OK)
		return false;
	if (!command(CMD_READ_CONFIG) || !receive(&config))
		return false;
	config |= CONFIG_IRQ_1 | CONFIG_TRANSLATE;
	config &= (u8)~(CONFIG_IRQ_2 | CONFIG_CLOCK_1_OFF);
	if (!command(CMD_WRITE_CONFIG) || !send(config) || !command(CMD_ENABLE_1))
		return false;
	/* Its answer, FAh, comes by interrupt and is no key. */
	return send(KEYBOARD_ENABLE);
}

static void keyboard_interrupt(__unused void *arg)
{
	u8 status;
	bool down;
	u32 key;

	while ((status = inb(PORT_STATUS)) & STATUS_OUTPUT) {
		u8 byte = inb(PORT_DATA);

		if (!(status & STATUS_MOUSE) && keymap_set1(&set1, byte, &key, &down))
			key_handler(key, down);
	}
}

int keyboard_attach(keyboard_handler_t handler)
{
	irqflags_t flags;
	int err;

	if (!is_there())
		return -ENODEV;
	key_handler = handler;
	if (!controller_init()) {
		log_notice("i8042: the keyboard's controller does not answer");
		return -ENODEV;
	}
	err = irq_connect(IRQ_KEYBOARD, keyboard_interrupt, NULL, "i8042");
	if (err)
		return err;
	/* A byte that came before holds the line up, and there is no edge any more. */
	flags = irq_save();
	keyboard_interrupt(NULL);
	irq_restore(flags);
	return 0;
}
