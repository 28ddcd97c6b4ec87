/* SPDX-License-Identifier: MIT */
#include <user/init/manifest.h>

#include <string.h>

#include "test.h"

static struct manifest m;
static struct manifest_error error;

static bool parse(const char *text)
{
	return manifest_parse(&m, text, strlen(text), &error);
}

TEST(manifest_all_keys)
{
	CHECK(parse("# a comment\n\nexec  /bin/x\t# behind\nfallback /bin/y\nargs -a \"b c\" \"\\\"\\\\\"\n"
		    "args d\nname -x\nenv A=1 \"B=2 3\"\ndir /root\ntty /dev/console\nrespawn failure"));
	CHECK_STR(m.exec, "/bin/x");
	CHECK_STR(m.fallback, "/bin/y");
	CHECK_STR(m.args[0], "-a");
	CHECK_STR(m.args[1], "b c");
	CHECK_STR(m.args[2], "\"\\");
	CHECK_STR(m.args[3], "d");
	CHECK(!m.args[4]);
	CHECK_STR(m.name, "-x");
	CHECK_STR(m.env[1], "B=2 3");
	CHECK(!m.env[2]);
	CHECK_STR(m.dir, "/root");
	CHECK_STR(m.tty, "/dev/console");
	CHECK_EQ(m.respawn, RESPAWN_FAILURE);
}

TEST(manifest_defaults)
{
	CHECK(parse("exec /x"));
	CHECK(!m.fallback && !m.name && !m.dir && !m.tty && !m.args[0] && !m.env[0]);
	CHECK_EQ(m.respawn, RESPAWN_ALWAYS);
}

TEST(manifest_errors_say_the_line)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *why;
	} rows[] = {
		{ "", 0, "no 'exec'" },
		{ "exec /x\nfoo bar\n", 2, "no key 'foo'" },
		{ "exec x\n", 1, "not an absolute path" },
		{ "exec /x\n\nexec /y\n", 3, "second time" },
		{ "exec /x /y\n", 1, "one word" },
		{ "exec\n", 1, "one word" },
		{ "args\nexec /x", 1, "at least one" },
		{ "exec /x\nargs \"a\n", 2, "without its end" },
		{ "exec /x\nrespawn sometimes\n", 2, "sometimes" },
		{ "respawn never\nrespawn never\n", 2, "second time" },
		{ "exec /x\nenv A\n", 2, "NAME=VALUE" },
		{ "exec /x\nenv =1\n", 2, "NAME=VALUE" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CHECK(!parse(rows[i].text));
		CHECK_EQ(error.line, rows[i].line);
		CHECK(strstr(error.text, rows[i].why));
	}
	CHECK(!manifest_parse(&m, "exec /x\n\0", 9, &error));
}

TEST(manifest_limits)
{
	char text[MANIFEST_MAX_LEN + 2];

	memset(text, '#', sizeof(text));
	CHECK(!manifest_parse(&m, text, sizeof(text), &error));
	memcpy(text, "exec /x\n", 8);
	CHECK(manifest_parse(&m, text, MANIFEST_MAX_LEN, &error));
	strcpy(text, "exec /x\nargs");
	for (unsigned i = 0; i <= MANIFEST_WORDS; i++)
		strcat(text, " a");
	CHECK(!parse(text));
	CHECK_EQ(error.line, 2);
}
