/* SPDX-License-Identifier: MIT */
/*
 * The battery clock: MC146818A (Motorola data sheet, 1984) behind ports 0x70
 * and 0x71. Read until two reads agree with no update in progress; BCD or
 * binary, 12 or 24 hours, century by rule (70..99 are 19xx).
 */
#include <arch/time.h>

#include <kernel/lib/types.h>

#include "io.h"

enum { REG_SECONDS = 0, REG_MINUTES = 2, REG_HOURS = 4, REG_DAY = 7, REG_MONTH = 8, REG_YEAR = 9,
       REG_A = 10, REG_B = 11 };
#define A_UPDATING 0x80u
#define B_24_HOURS 0x02u
#define B_BINARY   0x04u
#define HOUR_PM    0x80u
#define TRIES      1000u

struct rtc_fields {
	u8 second, minute, hour, day, month, year;
};

static u8 rtc_read(u8 reg)
{
	outb(0x70, reg);
	return inb(0x71);
}

static struct rtc_fields rtc_read_fields(void)
{
	for (u32 i = 0; i < TRIES && (rtc_read(REG_A) & A_UPDATING); i++)
		;
	return (struct rtc_fields){ rtc_read(REG_SECONDS), rtc_read(REG_MINUTES),
				    rtc_read(REG_HOURS), rtc_read(REG_DAY),
				    rtc_read(REG_MONTH), rtc_read(REG_YEAR) };
}

static bool same(const struct rtc_fields *a, const struct rtc_fields *b)
{
	return a->second == b->second && a->minute == b->minute && a->hour == b->hour &&
	       a->day == b->day && a->month == b->month && a->year == b->year;
}

static u8 from_bcd(u8 x)
{
	return (u8)((x >> 4) * 10 + (x & 15));
}

/* Days since 1970-01-01 of a date of the Gregorian calendar. */
static u64 days_since_1970(u32 year, u32 month, u32 day)
{
	/* Years begin in March, so that a leap day comes last. */
	u32 y = month > 2 ? year : year - 1;
	u32 m = month > 2 ? month - 3 : month + 9;

	return 365ull * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

u64 time_rtc_seconds(void)
{
	struct rtc_fields t = rtc_read_fields(), again;
	u8 status = rtc_read(REG_B);
	bool pm;

	for (u32 i = 0; i < TRIES; i++, t = again) {
		again = rtc_read_fields();
		if (same(&t, &again))
			break;
	}
	pm = t.hour & HOUR_PM;
	t.hour &= (u8)~HOUR_PM;
	if (!(status & B_BINARY))
		t = (struct rtc_fields){ from_bcd(t.second), from_bcd(t.minute), from_bcd(t.hour),
					 from_bcd(t.day), from_bcd(t.month), from_bcd(t.year) };
	if (!(status & B_24_HOURS))
		t.hour = (u8)(t.hour % 12 + (pm ? 12 : 0));
	if (t.month < 1 || t.month > 12 || t.day < 1 || t.day > 31 || t.hour > 23 ||
	    t.minute > 59 || t.second > 60 || t.year > 99)
		return 0; /* no clock there */
	return days_since_1970(t.year + (t.year < 70 ? 2000u : 1900u), t.month, t.day) * 86400 +
	       t.hour * 3600u + t.minute * 60u + t.second;
}
