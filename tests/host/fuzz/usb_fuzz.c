/* SPDX-License-Identifier: MIT */
/* The input is a configuration as a device may send it, and reports. */
#include "fuzz.h"

#include <drivers/usb/usb.h>
#include <kernel/lib/keymap.h>

static u32 balance[256]; /* keys that are down */

static void on_key(u32 key, bool down)
{
	FUZZ_ASSERT(key && key < NR_KEYS);
	balance[key] = down;
}

int usb_fuzz(const u8 *data, size_t len)
{
	struct usb_keys keys = { { 0 } };
	struct usb_config c;
	int err = usb_config_parse(data, len, &c);

	if (!err && c.keyboard)
		FUZZ_ASSERT(c.endpoint >= 1 && c.endpoint <= 15 && c.max_packet >= 8 &&
			    c.max_packet <= 64);
	for (size_t at = 0; at < len; at += 8)
		usb_keys_report(&keys, data + at, len - at, on_key);
	usb_keys_report(&keys, data, 0, on_key); /* all released */
	for (size_t i = 0; i < 256; i++)
		FUZZ_ASSERT(!balance[i]);
	return err;
}
