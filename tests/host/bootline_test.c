/* SPDX-License-Identifier: MIT */
#include <kernel/lib/bootline.h>

#include "test.h"

#include <stdio.h>
#include <string.h>

/* All words of @line as [key] or [key|value]. */
static const char *split(const char *line)
{
	static char out[300];
	size_t n = 0;
	struct bootline bl;
	struct bootline_word w;

	out[0] = 0;
	bootline_init(&bl, line, strlen(line));
	while (bootline_next(&bl, &w)) {
		n += (size_t)snprintf(out + n, sizeof(out) - n, "[%.*s", (int)w.key_len, w.key);
		if (w.value)
			n += (size_t)snprintf(out + n, sizeof(out) - n, "|%.*s", (int)w.value_len,
					      w.value);
		n += (size_t)snprintf(out + n, sizeof(out) - n, "]");
	}
	return out;
}

TEST(bootline_words)
{
	struct bootline bl;
	struct bootline_word w;

	CHECK_STR(split(""), "");
	CHECK_STR(split("   \t\n"), "");
	CHECK_STR(split("quiet"), "[quiet]");
	CHECK_STR(split("  a=1  b  c=  =d "), "[a|1][b][c|][|d]");
	CHECK_STR(split("a=b=c"), "[a|b=c]");
	CHECK_STR(split("a=\"x y\" \"b=p q\" \"c d\""), "[a|x y][b|p q][c d]");
	CHECK_STR(split("a=\"\" \"\""), "[a|][]");
	CHECK_STR(split("a=\"open to the end"), "[a|open to the end]");
	CHECK_STR(split("a=x\"y z\"w b"), "[a|x\"y z\"w][b]");
	CHECK_STR(split("init=/bin/sh -- -c"), "[init|/bin/sh][--][-c]");
	bootline_init(&bl, "one two", 3); /* @max cuts */
	CHECK(bootline_next(&bl, &w) && bootline_key_is(&w, "one"));
	CHECK(!bootline_key_is(&w, "on") && !bootline_key_is(&w, "oned"));
	CHECK(!bootline_next(&bl, &w));
}
