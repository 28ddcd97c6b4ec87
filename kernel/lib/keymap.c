/* SPDX-License-Identifier: MIT */
/*
 * [pure] Layouts and the state of a keyboard. Sources: man console_codes(4) and
 * terminfo(5) "linux"; the layouts as printed on the keys (DIN 2137-1 T1, NF
 * Z71-300's common form, ANSI INCITS 154).
 */
#include <kernel/lib/keymap.h>

#include <kernel/lib/string.h>

/*
 * A level is a string with a character for each printing key, in the order of
 * `places`: the key left of 1, 12 of the top row, 12 of the next, the one at the
 * return key, 11 of the middle row, the one beside left shift, 10 below. A space
 * stands for none, a combining character for a dead key.
 */
#define PLACES 48

struct keymap_layout {
	const char *name;
	bool has_altgr; /* else the key right of the space bar is another Alt */
	u16 level[4][PLACES + 1]; /* plain, shift, AltGr, both */
};

static const struct keymap_layout layouts[] = {
	{ "us", false, {
		u"`1234567890-=qwertyuiop[]\\asdfghjkl;'\\zxcvbnm,./",
		u"~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:\"|ZXCVBNM<>?",
		u"                                                ",
		u"                                                ",
	} },
	{ "fr", true, {
		u"\u00b2&\u00e9\"'(-\u00e8_\u00e7\u00e0)=azertyuiop\u0302$*"
		u"qsdfghjklm\u00f9<wxcvbn,;:!",
		u" 1234567890\u00b0+AZERTYUIOP\u0308\u00a3\u00b5QSDFGHJKLM%>WXCVBN?./\u00a7",
		u"  \u0303#{[|\u0300\\^@]}  \u20ac        \u00a4                       ",
		u"                                                ",
	} },
	{ "de", true, {
		u"\u03021234567890\u00df\u0301qwertzuiop\u00fc+#asdfghjkl\u00f6\u00e4<yxcvbnm,.-",
		u"\u00b0!\"\u00a7$%&/()=?\u0300QWERTZUIOP\u00dc*'ASDFGHJKL\u00d6\u00c4>YXCVBNM;:_",
		u"  \u00b2\u00b3   {[]}\\ @ \u20ac        ~            |      \u00b5   ",
		u"                                                ",
	} },
};

const struct keymap_layout *keymap_layout(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++)
		if (!strcmp(layouts[i].name, name))
			return &layouts[i];
	return NULL;
}

/* Where @key stands in a level, or PLACES. */
static u32 place_of(u32 key)
{
	static const struct {
		u8 first, last, place;
	} places[] = {
		{ 41, 41, 0 }, { 2, 13, 1 }, { 16, 27, 13 }, { 43, 43, 25 },
		{ 30, 40, 26 }, { KEY_102ND, KEY_102ND, 37 }, { 44, 53, 38 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (key >= places[i].first && key <= places[i].last)
			return places[i].place + key - places[i].first;
	return PLACES;
}

void keymap_init(struct keymap *k, const struct keymap_layout *layout)
{
	memset(k, 0, sizeof(*k));
	k->layout = layout;
	k->num = true;
}

static bool held(const struct keymap *k, u32 key)
{
	return k->held[key / 64] & BIT(key % 64);
}

static bool shift_held(const struct keymap *k)
{
	return held(k, KEY_LEFTSHIFT) || held(k, KEY_RIGHTSHIFT);
}

static bool ctrl_held(const struct keymap *k)
{
	return held(k, KEY_LEFTCTRL) || held(k, KEY_RIGHTCTRL);
}

static bool altgr_held(const struct keymap *k)
{
	return held(k, KEY_RIGHTALT) && k->layout->has_altgr;
}

static bool alt_held(const struct keymap *k)
{
	return held(k, KEY_LEFTALT) || (held(k, KEY_RIGHTALT) && !k->layout->has_altgr);
}

/* ---- characters ---- */

static size_t put_utf8(u8 *out, u32 c)
{
	if (c < 0x80) {
		out[0] = (u8)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (u8)(0xc0 | c >> 6);
		out[1] = (u8)(0x80 | (c & 0x3f));
		return 2;
	}
	out[0] = (u8)(0xe0 | c >> 12);
	out[1] = (u8)(0x80 | (c >> 6 & 0x3f));
	out[2] = (u8)(0x80 | (c & 0x3f));
	return 3;
}

/* A dead key alone, or before what it cannot stand on. */
static u16 spacing(u16 dead)
{
	switch (dead) {
	case 0x300:
		return '`';
	case 0x301:
		return 0xb4;
	case 0x302:
		return '^';
	case 0x303:
		return '~';
	default:
		return 0xa8;
	}
}

/* @c with @dead on it; 0: there is none. Capitals of Latin-1 lie 20h lower. */
static u16 compose(u16 dead, u16 c)
{
	static const struct {
		u16 dead;
		const char *letters;
		u16 results[7];
	} table[] = {
		{ 0x300, "aeiou", u"\u00e0\u00e8\u00ec\u00f2\u00f9" },
		{ 0x301, "aeiouy", u"\u00e1\u00e9\u00ed\u00f3\u00fa\u00fd" },
		{ 0x302, "aeiou", u"\u00e2\u00ea\u00ee\u00f4\u00fb" },
		{ 0x303, "ano", u"\u00e3\u00f1\u00f5" },
		{ 0x308, "aeiou", u"\u00e4\u00eb\u00ef\u00f6\u00fc" },
	};
	bool capital = c >= 'A' && c <= 'Z';
	u16 small = capital ? c + 0x20 : c;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		for (size_t j = 0; table[i].dead == dead && table[i].letters[j]; j++)
			if ((u8)table[i].letters[j] == small)
				return capital ? table[i].results[j] - 0x20 : table[i].results[j];
	return 0;
}

static bool is_dead(u16 c)
{
	return c >= 0x300 && c <= 0x36f;
}

static bool is_letter(u16 c)
{
	return (c >= 'a' && c <= 'z') || (c >= 0xe0 && c <= 0xfe && c != 0xf7);
}

/* @c behind the dead key that waited. */
static size_t after_dead(struct keymap *k, u16 c, u8 *out)
{
	u16 dead = k->dead, both = compose(dead, c);
	size_t n;

	k->dead = 0;
	if (both)
		return put_utf8(out, both);
	n = put_utf8(out, spacing(dead));
	if (c != ' ' && c != dead)
		n += put_utf8(out + n, is_dead(c) ? spacing(c) : c);
	return n;
}

/* With Ctrl held: 40h..5Fh and their small letters give 0..1Fh, ? gives DEL. */
static size_t control(u16 c, u8 *out)
{
	if (c == '?')
		out[0] = 0x7f;
	else if (c == ' ')
		out[0] = 0;
	else if (c >= '@' && c < 0x7f)
		out[0] = (u8)(c & 0x1f);
	else if (c == '/' || c == '-') /* as Linux's maps have it */
		out[0] = 0x1f;
	else
		return 0;
	return 1;
}

static size_t character(struct keymap *k, u16 c, u8 *out)
{
	size_t n = 0;

	if (!c)
		return 0;
	if (ctrl_held(k)) {
		n = alt_held(k);
		out[0] = '\033';
		return control(is_dead(c) ? spacing(c) : c, out + n) ? n + 1 : 0;
	}
	if (alt_held(k)) {
		out[n++] = '\033';
		return n + put_utf8(out + n, is_dead(c) ? spacing(c) : c);
	}
	if (k->dead)
		return after_dead(k, c, out);
	if (!is_dead(c))
		return put_utf8(out, c);
	k->dead = c;
	return 0;
}

static u16 printed(const struct keymap *k, u32 place)
{
	bool shift = shift_held(k);
	u32 level = altgr_held(k) ? 2 : 0;
	u16 c = k->layout->level[level][place];

	if (k->caps && is_letter(c))
		shift = !shift;
	c = k->layout->level[level + shift][place];
	return c == ' ' ? 0 : c;
}

/* ---- other keys ---- */

static size_t put_text(u8 *out, const char *text)
{
	size_t n = strlen(text);

	memcpy(out, text, n);
	return n;
}

static size_t function_key(u32 key, u8 *out)
{
	static const char text[12][6] = { "[[A", "[[B", "[[C", "[[D", "[[E", "[17~", "[18~", "[19~",
					  "[20~", "[21~", "[23~", "[24~" };

	out[0] = '\033';
	return 1 + put_text(out + 1, text[key <= KEY_F10 ? key - KEY_F1 : key - KEY_F11 + 10]);
}

/* Page keys, cursor keys and the block above them. */
static size_t move_key(struct keymap *k, u32 key, bool application, u8 *out,
		       enum keymap_action *action)
{
	static const char text[][5] = {
		[KEY_HOME - KEY_HOME] = "[1~", [KEY_UP - KEY_HOME] = "A",
		[KEY_PAGEUP - KEY_HOME] = "[5~", [KEY_LEFT - KEY_HOME] = "D",
		[KEY_RIGHT - KEY_HOME] = "C", [KEY_END - KEY_HOME] = "[4~",
		[KEY_DOWN - KEY_HOME] = "B", [KEY_PAGEDOWN - KEY_HOME] = "[6~",
		[KEY_INSERT - KEY_HOME] = "[2~", [KEY_DELETE - KEY_HOME] = "[3~",
	};
	const char *what = text[key - KEY_HOME];
	size_t n = 0;

	if (shift_held(k) && (key == KEY_PAGEUP || key == KEY_PAGEDOWN)) {
		*action = key == KEY_PAGEUP ? KEYMAP_LOOK_BACK : KEYMAP_LOOK_FORWARD;
		return 0;
	}
	if (key == KEY_DELETE && ctrl_held(k) && alt_held(k)) {
		*action = KEYMAP_RESTART;
		return 0;
	}
	out[n++] = '\033';
	if (what[0] != '[')
		out[n++] = application ? 'O' : '[';
	return n + put_text(out + n, what);
}

/* 71..83: digits with the number lock, else what is printed below them. */
static size_t keypad(struct keymap *k, u32 key, bool application, u8 *out,
		     enum keymap_action *action)
{
	static const char digits[] = "789-456+1230.";
	static const u8 moves[] = { KEY_HOME, KEY_UP, KEY_PAGEUP, 0, KEY_LEFT, 0, KEY_RIGHT, 0,
				    KEY_END, KEY_DOWN, KEY_PAGEDOWN, KEY_INSERT, KEY_DELETE };
	u32 move = moves[key - KEY_KP7];

	if (k->num || !move || key == KEY_KP7 + 5)
		return character(k, (u8)digits[key - KEY_KP7], out);
	return move_key(k, move, application, out, action);
}

static size_t named_key(struct keymap *k, u32 key, u8 *out)
{
	size_t n = 0;

	if (alt_held(k))
		out[n++] = '\033';
	switch (key) {
	case KEY_ESC:
		out[n++] = '\033';
		return n;
	case KEY_BACKSPACE:
		out[n++] = ctrl_held(k) ? '\b' : 0x7f;
		return n;
	case KEY_ENTER:
	case KEY_KPENTER:
		out[n++] = '\r';
		return n;
	case KEY_TAB:
		return n + put_text(out + n, shift_held(k) ? "\033[Z" : "\t");
	case KEY_SPACE:
		return character(k, ' ', out);
	case KEY_KPASTERISK:
		return character(k, '*', out);
	case KEY_KPSLASH:
		return character(k, '/', out);
	default:
		return 0;
	}
}

size_t keymap_key(struct keymap *k, u32 key, bool down, bool application, u8 *out,
		  enum keymap_action *action)
{
	bool repeats;
	u32 place;

	*action = KEYMAP_NOTHING;
	if (key >= NR_KEYS)
		return 0;
	repeats = held(k, key);
	if (!down) {
		k->held[key / 64] &= ~BIT(key % 64);
		return 0;
	}
	k->held[key / 64] |= BIT(key % 64);
	if (key == KEY_CAPSLOCK || key == KEY_NUMLOCK) {
		k->caps ^= !repeats && key == KEY_CAPSLOCK;
		k->num ^= !repeats && key == KEY_NUMLOCK;
		return 0;
	}
	place = place_of(key);
	if (place < PLACES)
		return character(k, printed(k, place), out);
	if ((key >= KEY_F1 && key <= KEY_F10) || key == KEY_F11 || key == KEY_F12)
		return function_key(key, out);
	if (key >= KEY_KP7 && key <= KEY_KPDOT)
		return keypad(k, key, application, out, action);
	if (key >= KEY_HOME && key <= KEY_DELETE)
		return move_key(k, key, application, out, action);
	return named_key(k, key, out);
}

/* ---- set 1 ---- */

/* Behind E0h (IBM PS/2 Technical Reference, keyboard, "Scan Code Set 1"). */
static u32 extended(u8 code)
{
	static const struct {
		u8 code, key;
	} table[] = {
		{ 0x1c, KEY_KPENTER }, { 0x1d, KEY_RIGHTCTRL }, { 0x35, KEY_KPSLASH },
		{ 0x38, KEY_RIGHTALT }, { 0x47, KEY_HOME }, { 0x48, KEY_UP },
		{ 0x49, KEY_PAGEUP }, { 0x4b, KEY_LEFT }, { 0x4d, KEY_RIGHT }, { 0x4f, KEY_END },
		{ 0x50, KEY_DOWN }, { 0x51, KEY_PAGEDOWN }, { 0x52, KEY_INSERT },
		{ 0x53, KEY_DELETE }, { 0x5b, KEY_LEFTMETA }, { 0x5c, KEY_RIGHTMETA },
		{ 0x5d, KEY_COMPOSE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].code == code)
			return table[i].key;
	return 0;
}

bool keymap_set1(struct keymap_set1 *s, u8 byte, u32 *key, bool *down)
{
	u8 prefix = s->prefix;

	if (prefix == 0xe1 || prefix == 0xe2) { /* Pause: two more bytes each time */
		s->prefix = prefix == 0xe1 ? 0xe2 : 0;
		return false;
	}
	if (byte == 0xe0 || byte == 0xe1) {
		s->prefix = byte;
		return false;
	}
	s->prefix = 0;
	*down = !(byte & 0x80);
	*key = prefix == 0xe0 ? extended(byte & 0x7f) : byte & 0x7f;
	return *key >= KEY_ESC && *key <= (prefix ? NR_KEYS - 1u : (u32)KEY_F12);
}
