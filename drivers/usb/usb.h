/* SPDX-License-Identifier: MIT */
/*
 * USB keyboards. All that the kernel asks of this folder is usb_init(); the pure
 * parts are those that read what a device says, which may be anything.
 */
#pragma once

#include <kernel/lib/types.h>

/* A key went down (again, when it repeats) or up; thread context. */
typedef void (*usb_key_handler_t)(u32 key, bool down);

/** usb_init - find xHCI controllers and serve their keyboards in threads of their own */
void usb_init(usb_key_handler_t handler);

/* ---- [pure] descriptors (usb_desc.c); USB 2.0 §9.6, HID 1.11 §4 ---- */

struct usb_config {
	u8 value;       /* for SET_CONFIGURATION */
	bool hub;
	bool keyboard;  /* boot protocol: below is what to talk to */
	u8 interface;
	u8 endpoint;    /* 1..15, interrupt, in */
	u8 interval;    /* bInterval */
	u16 max_packet; /* 8..64 */
};

/** usb_config_parse - a configuration with all that belongs to it
 * Return: 0; -EINVAL malformed. */
__must_check int usb_config_parse(const u8 *buf, size_t len, struct usb_config *out);

/* ---- [pure] reports of boot keyboards (usb_keys.c); HID 1.11 appendix B.1 ---- */

#define USB_REPORT_LEN 8u

struct usb_keys {
	u8 last[USB_REPORT_LEN];
};

/** usb_keys_report - what changed since the last report, to @handler */
void usb_keys_report(struct usb_keys *keys, const u8 *report, size_t len,
		     usb_key_handler_t handler);
/** usb_keys_held - a key that repeats: the last one held, 0: none */
u32 usb_keys_held(const struct usb_keys *keys);
