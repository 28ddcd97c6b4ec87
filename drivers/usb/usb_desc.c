/* SPDX-License-Identifier: MIT */
/* [pure] Configuration descriptors: every one is as long as it says and lies inside. */
#include <drivers/usb/usb.h>
#include <kernel/abi/errno.h>
#include <kernel/lib/string.h>

enum { DESC_CONFIG = 2, DESC_INTERFACE = 4, DESC_ENDPOINT = 5 };
enum { CONFIG_LEN = 9, INTERFACE_LEN = 9, ENDPOINT_LEN = 7 };
enum { CLASS_HID = 3, CLASS_HUB = 9, SUBCLASS_BOOT = 1, PROTOCOL_KEYBOARD = 1 };
#define ENDPOINT_IN        0x80u
#define ENDPOINT_INTERRUPT 3u
#define PACKET_MIN         8u
#define PACKET_MAX         64u

static void read_interface(const u8 *d, struct usb_config *out, bool *wanted)
{
	*wanted = false;
	if (d[5] == CLASS_HUB)
		out->hub = true;
	if (out->keyboard || d[5] != CLASS_HID || d[6] != SUBCLASS_BOOT ||
	    d[7] != PROTOCOL_KEYBOARD || d[3])
		return;
	out->interface = d[2];
	*wanted = true;
}

static void read_endpoint(const u8 *d, struct usb_config *out)
{
	u32 packet = (d[4] | d[5] << 8) & 0x7ff;

	if (!(d[2] & ENDPOINT_IN) || (d[3] & 3) != ENDPOINT_INTERRUPT || !(d[2] & 15))
		return;
	if (packet < PACKET_MIN || packet > PACKET_MAX)
		return;
	out->keyboard = true;
	out->endpoint = d[2] & 15;
	out->max_packet = (u16)packet;
	out->interval = d[6];
}

int usb_config_parse(const u8 *buf, size_t len, struct usb_config *out)
{
	bool wanted = false;
	size_t at = 0;

	memset(out, 0, sizeof(*out));
	if (len < CONFIG_LEN || buf[0] < CONFIG_LEN || buf[1] != DESC_CONFIG)
		return -EINVAL;
	out->value = buf[5];
	for (; len - at >= 2; at += buf[at]) {
		const u8 *d = buf + at;

		if (d[0] < 2 || d[0] > len - at)
			return -EINVAL;
		if (d[1] == DESC_INTERFACE && d[0] >= INTERFACE_LEN)
			read_interface(d, out, &wanted);
		else if (d[1] == DESC_ENDPOINT && d[0] >= ENDPOINT_LEN && wanted && !out->keyboard)
			read_endpoint(d, out);
	}
	return 0;
}
