/* SPDX-License-Identifier: MIT */
/* Descriptors of real keyboards and of none; reports and the keys they mean. */
#include <drivers/usb/usb.h>

#include "test.h"

#include <kernel/abi/errno.h>
#include <kernel/lib/keymap.h>
#include <string.h>

/* QEMU's usb-kbd: one interface, the HID descriptor between it and the endpoint. */
static const u8 keyboard[] = {
	9, 2, 34, 0, 1, 1, 8, 0xa0, 50,
	9, 4, 0, 0, 1, 3, 1, 1, 0,
	9, 0x21, 0x11, 1, 0, 1, 0x22, 63, 0,
	7, 5, 0x81, 3, 8, 0, 10,
};

TEST(usb_keyboard_config)
{
	struct usb_config c;
	u8 bad[sizeof(keyboard)];

	CHECK_EQ(usb_config_parse(keyboard, sizeof(keyboard), &c), 0);
	CHECK(c.keyboard && !c.hub);
	CHECK_EQ(c.value, 1);
	CHECK_EQ(c.endpoint, 1);
	CHECK_EQ(c.max_packet, 8);
	CHECK_EQ(c.interval, 10);
	for (size_t len = 0; len < sizeof(keyboard); len++)
		CHECK(usb_config_parse(keyboard, len, &c) == -EINVAL || !c.keyboard);
	memcpy(bad, keyboard, sizeof(bad));
	bad[9] = 0; /* a descriptor without a length */
	CHECK_EQ(usb_config_parse(bad, sizeof(bad), &c), -EINVAL);
	bad[9] = 200;
	CHECK_EQ(usb_config_parse(bad, sizeof(bad), &c), -EINVAL);
	bad[9] = 9;
	bad[16] = 2; /* a mouse */
	CHECK_EQ(usb_config_parse(bad, sizeof(bad), &c), 0);
	CHECK(!c.keyboard);
	bad[16] = 1;
	bad[31] = 4; /* packets of 4 bytes */
	CHECK_EQ(usb_config_parse(bad, sizeof(bad), &c), 0);
	CHECK(!c.keyboard);
}

static char seen[256];

static void note(u32 key, bool down)
{
	size_t n = strlen(seen);

	seen[n] = down ? '+' : '-';
	seen[n + 1] = (char)('0' + key / 100);
	seen[n + 2] = (char)('0' + key / 10 % 10);
	seen[n + 3] = (char)('0' + key % 10);
	seen[n + 4] = 0;
}

static void report(struct usb_keys *keys, const char *bytes, size_t len, const char *want)
{
	seen[0] = 0;
	usb_keys_report(keys, (const u8 *)bytes, len, note);
	CHECK_STR(seen, want);
}

TEST(usb_key_reports)
{
	struct usb_keys keys = { { 0 } };

	report(&keys, "\0\0\x04\0\0\0\0\0", 8, "+030");              /* a */
	report(&keys, "\0\0\x04\0\0\0\0\0", 8, "");
	CHECK_EQ(usb_keys_held(&keys), 30);
	report(&keys, "\x02\0\x04\x05\0\0\0\0", 8, "+042+048");      /* shift, b */
	report(&keys, "\x02\0\x05\0\0\0\0\0", 8, "-030");
	report(&keys, "\x02\0\x01\x01\x01\x01\x01\x01", 8, "");      /* too many: unchanged */
	report(&keys, "\0\0\0\0\0\0\0\0", 8, "-048-042");
	CHECK_EQ(usb_keys_held(&keys), 0);
	report(&keys, "\0\0\x65\xff\x64\0\0\0", 8, "+127+086");      /* last usages; unknown ones */
	report(&keys, "", 0, "-127-086");
	report(&keys, "\x80", 1, "+126");
}
