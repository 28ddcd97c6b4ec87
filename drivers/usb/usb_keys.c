/* SPDX-License-Identifier: MIT */
/*
 * [pure] Reports of a boot keyboard: a byte of modifiers, one to pass over, six
 * usages of keys held. Usages: HID Usage Tables 1.4, ch. 10.
 */
#include <drivers/usb/usb.h>

#include <kernel/lib/keymap.h>
#include <kernel/lib/string.h>

#define USAGE_FIRST 4u /* 1..3 are errors: too many keys */
#define MODIFIERS   8u
#define FIRST_KEY   2u /* in a report */

/* From usage 4 on. */
static const u8 key_of_usage[] = {
	30, 48, 46, 32, 18, 33, 34, 35, 23, 36, 37, 38, 50, 49, 24, 25, 16, 19, 31, 20, 22, 47, 17,
	45, 21, 44, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 28, 1, 14, 15, 57, 12, 13, 26, 27, 43, 43, 39,
	40, 41, 51, 52, 53, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 87, 88, 99, 70, 119, 110,
	102, 104, 111, 107, 109, 106, 105, 108, 103, 69, 98, 55, 74, 78, 96, 79, 80, 81, 75, 76,
	77, 71, 72, 73, 82, 83, 86, 127,
};
static_assert(ARRAY_SIZE(key_of_usage) == 0x65 - USAGE_FIRST + 1, "usages 04h to 65h");

static const u8 modifier_keys[MODIFIERS] = { KEY_LEFTCTRL, KEY_LEFTSHIFT, KEY_LEFTALT, KEY_LEFTMETA,
					     KEY_RIGHTCTRL, KEY_RIGHTSHIFT, KEY_RIGHTALT,
					     KEY_RIGHTMETA };

static u32 key_of(u8 usage)
{
	u32 i = usage - USAGE_FIRST;

	return usage >= USAGE_FIRST && i < ARRAY_SIZE(key_of_usage) ? key_of_usage[i] : 0;
}

static bool holds(const u8 *report, u8 usage)
{
	return memchr(report + FIRST_KEY, usage, USB_REPORT_LEN - FIRST_KEY) != NULL;
}

/* Keys of @a that are not in @b. */
static void differing(const u8 *a, const u8 *b, bool down, usb_key_handler_t handler)
{
	for (u32 i = FIRST_KEY; i < USB_REPORT_LEN; i++)
		if (key_of(a[i]) && !holds(b, a[i]))
			handler(key_of(a[i]), down);
}

void usb_keys_report(struct usb_keys *keys, const u8 *report, size_t len,
		     usb_key_handler_t handler)
{
	u8 now[USB_REPORT_LEN] = { 0 };

	memcpy(now, report, MIN(len, sizeof(now)));
	if (now[FIRST_KEY] && now[FIRST_KEY] < USAGE_FIRST)
		return; /* more keys than it can tell: as it was */
	differing(keys->last, now, false, handler);
	for (u32 i = 0; i < MODIFIERS; i++)
		if ((now[0] ^ keys->last[0]) & 1u << i)
			handler(modifier_keys[i], now[0] >> i & 1);
	differing(now, keys->last, true, handler);
	memcpy(keys->last, now, sizeof(now));
}

u32 usb_keys_held(const struct usb_keys *keys)
{
	u32 key = 0;

	for (u32 i = FIRST_KEY; i < USB_REPORT_LEN; i++)
		if (key_of(keys->last[i]))
			key = key_of(keys->last[i]);
	return key;
}
