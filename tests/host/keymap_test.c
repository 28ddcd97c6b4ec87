/* SPDX-License-Identifier: MIT */
/* What is typed, by layout: sequences of keys against the bytes they give. */
#include <kernel/lib/keymap.h>

#include "test.h"

#include <string.h>

static struct keymap map;
static enum keymap_action action;

static void layout(const char *name)
{
	const struct keymap_layout *l = keymap_layout(name);

	REQUIRE(l);
	keymap_init(&map, l);
}

static size_t press(u32 key, bool application, u8 *out)
{
	size_t n = keymap_key(&map, key, true, application, out, &action);
	u8 none[KEYMAP_BYTES];
	enum keymap_action other;

	CHECK_EQ(keymap_key(&map, key, false, application, none, &other), 0);
	return n;
}

/* @keys pressed one after the other, with @held down all the time, give @want. */
static void typed(const char *keys, u32 held, const char *want)
{
	u8 got[64], none[KEYMAP_BYTES];
	size_t n = 0;

	if (held)
		CHECK_EQ(keymap_key(&map, held, true, false, none, &action), 0);
	for (; *keys; keys++)
		n += press((u8)*keys, false, got + n);
	if (held)
		CHECK_EQ(keymap_key(&map, held, false, false, none, &action), 0);
	got[n] = 0;
	CHECK_STR((char *)got, want);
}

TEST(keymap_us)
{
	layout("us");
	typed("\x1e\x30\x2e\x0b\x29\x2b\x39\x35", 0, "abc0`\\ /");
	typed("\x1e\x02\x0c\x1a\x28", KEY_LEFTSHIFT, "A!_{\"");
	typed("\x1e\x2e\x1a\x35", KEY_RIGHTCTRL, "\x01\x03\x1b\x1f");
	typed("\x1e", KEY_LEFTALT, "\033a");
	typed("\x1e", KEY_RIGHTALT, "\033a");
	typed("\x3a\x1e\x02\x3a\x1e", 0, "A1a"); /* the lock turns letters only */
	typed("\x3a\x1e", KEY_LEFTSHIFT, "a");
	typed("\x3a\x1c\x0e\x0f\x01", 0, "\r\x7f\t\033");
	typed("\x0f", KEY_LEFTSHIFT, "\033[Z");
	typed("\x3b\x3f\x40\x44\x57\x58", 0, "\033[[A\033[[E\033[17~\033[21~\033[23~\033[24~");
}

TEST(keymap_fr)
{
	layout("fr");
	typed("\x10\x11\x1e\x2c\x27\x32", 0, "azqwm,");
	typed("\x02\x03\x0a\x0b", 0, "&\u00e9\u00e7\u00e0");
	typed("\x02\x0b\x2b\x32", KEY_LEFTSHIFT, "10\u00b5?");
	typed("\x0b\x12\x07", KEY_RIGHTALT, "@\u20ac|");
	typed("\x1a\x12\x1a\x39\x1a\x30\x1a\x1a", 0, "\u00ea^^b^"); /* dead circumflex */
	typed("\x1a\x12", KEY_LEFTSHIFT, "\u00cb");                 /* dead diaeresis */
	typed("\x56", 0, "<");
	typed("\x2e", KEY_LEFTCTRL, "\x03");
}

TEST(keymap_de)
{
	layout("de");
	typed("\x15\x2c\x1a\x28\x0c", 0, "zy\u00fc\u00e4\u00df");
	typed("\x10\x1b\x08\x56", KEY_RIGHTALT, "@~{|");
	typed("\x0d\x12", 0, "\u00e9");
	typed("\x3a\x28", 0, "\u00c4");
	CHECK(!keymap_layout("xx") && !keymap_layout(""));
}

TEST(keymap_moves)
{
	u8 out[KEYMAP_BYTES + 1] = { 0 };

	layout("us");
	CHECK_EQ(press(KEY_UP, false, out), 3);
	CHECK_MEM(out, "\033[A", 3);
	CHECK_EQ(press(KEY_UP, true, out), 3);
	CHECK_MEM(out, "\033OA", 3);
	CHECK_EQ(press(KEY_DELETE, true, out), 4);
	CHECK_MEM(out, "\033[3~", 4);
	CHECK_EQ(press(KEY_KP7, false, out), 1);
	CHECK_EQ(out[0], '7');
	CHECK_EQ(press(KEY_NUMLOCK, false, out), 0);
	CHECK_EQ(press(KEY_KP7, false, out), 4);
	CHECK_MEM(out, "\033[1~", 4);
	(void)keymap_key(&map, KEY_LEFTSHIFT, true, false, out, &action);
	CHECK_EQ(press(KEY_PAGEUP, false, out), 0);
	CHECK_EQ(action, KEYMAP_LOOK_BACK);
	(void)keymap_key(&map, KEY_LEFTSHIFT, false, false, out, &action);
	(void)keymap_key(&map, KEY_LEFTCTRL, true, false, out, &action);
	CHECK_EQ(press(KEY_DELETE, false, out), 4);
	(void)keymap_key(&map, KEY_LEFTALT, true, false, out, &action);
	CHECK_EQ(press(KEY_DELETE, false, out), 0);
	CHECK_EQ(action, KEYMAP_RESTART);
}

TEST(keymap_set1_bytes)
{
	static const u8 bytes[] = { 0x1e, 0x9e, 0xe0, 0x48, 0xe0, 0xc8, 0xe1, 0x1d, 0x45,
				    0xe1, 0x9d, 0xc5, 0x2a, 0xe0, 0x2a, 0x00, 0xff, 0x1d };
	static const struct {
		u32 key;
		bool down;
	} want[] = { { 30, true }, { 30, false }, { KEY_UP, true }, { KEY_UP, false },
		     { KEY_LEFTSHIFT, true }, { KEY_LEFTCTRL, true } };
	struct keymap_set1 s = { 0 };
	size_t n = 0;
	bool down;
	u32 key;

	for (size_t i = 0; i < sizeof(bytes); i++) {
		if (!keymap_set1(&s, bytes[i], &key, &down))
			continue;
		REQUIRE(n < ARRAY_SIZE(want));
		CHECK_EQ(key, want[n].key);
		CHECK_EQ(down, want[n].down);
		n++;
	}
	CHECK_EQ(n, ARRAY_SIZE(want));
}

TEST(keymap_random)
{
	static const char *const names[] = { "us", "fr", "de" };
	u8 out[KEYMAP_BYTES];

	for (u32 i = 0; i < 60000; i++) {
		u64 r = test_rand();

		if (i % 10000 == 0)
			layout(names[i / 10000 % 3]);
		CHECK(keymap_key(&map, (u32)(r % 140), r >> 20 & 1, r >> 21 & 1, out, &action) <=
		      KEYMAP_BYTES);
	}
}
