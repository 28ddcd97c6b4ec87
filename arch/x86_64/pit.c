/* SPDX-License-Identifier: MIT */
/*
 * Channel 2 of the 8254, which no interrupt hangs on: its gate is bit 0 of
 * port 0x61 (IBM PC AT Technical Reference, "System Timers"). It counts down
 * from 65535 and wraps. Source: Intel 8254 data sheet, mode 2 and counter latch.
 */
#include "refclock.h"

#include "io.h"

#define PIT_HZ 1193182u
#define PORT_COUNTER2 0x42
#define PORT_COMMAND  0x43
#define PORT_GATE     0x61
#define GATE_ON       0x01
#define SPEAKER_ON    0x02
#define CMD_CH2_MODE2 0xb4 /* channel 2, low then high byte, rate generator */
#define CMD_CH2_LATCH 0x80

static u64 pit_read(void)
{
	u8 low;

	outb(PORT_COMMAND, CMD_CH2_LATCH);
	low = inb(PORT_COUNTER2);
	return 0xffffu - (u32)(low | inb(PORT_COUNTER2) << 8);
}

/* Ports of nobody read as ones and do not move. */
static bool pit_counts(void)
{
	u64 first = pit_read();

	for (u32 i = 0; i < 1000; i++)
		if (pit_read() != first)
			return true;
	return false;
}

void pit_refclock(struct refclock *out)
{
	*out = (struct refclock){ .name = "PIT" };
	outb(PORT_GATE, (u8)((inb(PORT_GATE) & ~SPEAKER_ON) | GATE_ON));
	outb(PORT_COMMAND, CMD_CH2_MODE2);
	outb(PORT_COUNTER2, 0xff);
	outb(PORT_COUNTER2, 0xff);
	if (!pit_counts())
		return;
	out->hz = PIT_HZ;
	out->mask = 0xffff;
	out->read = pit_read;
}
