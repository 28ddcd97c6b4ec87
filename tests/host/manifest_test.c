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
	CHECK(!m.needs[0] && !m.unveil[0] && !m.pledge && !m.n_handles && !m.nice);
	CHECK_EQ(m.backoff_first_ms, 100);
	CHECK_EQ(m.backoff_max_ms, 32000);
	CHECK_EQ(m.stop_ms, 2000);
	CHECK_EQ(m.giveup, 10);
	/* What people sit at comes back always. */
	CHECK(parse("exec /x\ntty /dev/tty1"));
	CHECK_EQ(m.giveup, 0);
	CHECK(parse("giveup 3\nexec /x\ntty /dev/tty1"));
	CHECK_EQ(m.giveup, 3);
}

TEST(manifest_what_it_may_do)
{
	CHECK(parse("exec /x\nneeds a b\nneeds c-1@tty\nhandle 3 rw /dev/null\nhandle 31 r /d\n"
		    "handle 4 w /e\npledge stdio  \"rpath\" unix\nunveil r:/etc rwxc:/tmp\nunveil x:/b\n"
		    "serve 5 root\nheartbeat 500\ncpus 0-2,64,255\nnice -20\nbackoff 0 50\ngiveup never\nstop 0\n"));
	CHECK_STR(m.needs[0], "a");
	CHECK_STR(m.needs[2], "c-1@tty");
	CHECK_EQ(m.needs_line, 2);
	CHECK(!m.needs[3]);
	CHECK_EQ(m.n_handles, 3);
	CHECK_EQ(m.handles[0].fd, 3);
	CHECK_EQ(m.handles[0].mode, MANIFEST_BOTH);
	CHECK_STR(m.handles[1].path, "/d");
	CHECK_EQ(m.handles[1].mode, MANIFEST_READ);
	CHECK_EQ(m.handles[2].mode, MANIFEST_WRITE);
	CHECK_STR(m.pledge, "stdio rpath unix");
	CHECK_STR(m.unveil[1], "rwxc:/tmp");
	CHECK_STR(m.unveil[2], "x:/b");
	CHECK_EQ(m.cpus[0], 7);
	CHECK_EQ(m.cpus[1], 1);
	CHECK_EQ(m.cpus[2], 0);
	CHECK_EQ(m.cpus[3], (s64)(1ull << 63));
	CHECK_EQ(m.nice, -20);
	CHECK_EQ(m.serve_fd, 5);
	CHECK(m.serve_root);
	CHECK_EQ(m.heartbeat_ms, 500);
	CHECK_EQ(m.backoff_first_ms, 0);
	CHECK_EQ(m.backoff_max_ms, 50);
	CHECK_EQ(m.giveup, 0);
	CHECK_EQ(m.stop_ms, 0);
	CHECK(parse("exec /x\npledge\n"));
	CHECK_STR(m.pledge, "");
}

TEST(manifest_names_of_services)
{
	CHECK(manifest_name_ok("a") && manifest_name_ok("net-2.b_C@ttyS0"));
	CHECK(!manifest_name_ok("") && !manifest_name_ok(".x") && !manifest_name_ok("a/b") &&
	      !manifest_name_ok("a b") && !manifest_name_ok("\xc3\xa4"));
	CHECK(!manifest_name_ok("0123456789012345678901234567890123456789012345678"));
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
		{ "exec /x\nneeds\n", 2, "at least one" },
		{ "exec /x\nneeds a/b\n", 2, "no service's name" },
		{ "exec /x\nhandle 3 r\n", 2, "FD MODE PATH" },
		{ "exec /x\nhandle 2 r /a\n", 2, "3 to 31" },
		{ "exec /x\nhandle 32 r /a\n", 2, "3 to 31" },
		{ "exec /x\nhandle 3x r /a\n", 2, "3 to 31" },
		{ "exec /x\nhandle 3 q /a\n", 2, "r, w or rw" },
		{ "exec /x\nhandle 3 r a\n", 2, "absolute" },
		{ "exec /x\nhandle 3 r /a\nhandle 3 w /b", 3, "descriptor 3 a second time" },
		{ "exec /x\nhandle 3 r /a\nserve 3 any", 3, "descriptor 3 a second time" },
		{ "exec /x\nserve 3 any\nhandle 3 r /a", 3, "descriptor 3 a second time" },
		{ "exec /x\nserve 3 any\nserve 4 any", 3, "second time" },
		{ "exec /x\nserve 3 me\n", 2, "'any' or 'root'" },
		{ "exec /x\nserve 3\n", 2, "wants FD" },
		{ "exec /x\nserve 2 any\n", 2, "3 to 31" },
		{ "exec /x\nserve 3 any\nheartbeat 9", 3, "10 to" },
		{ "exec /x\nheartbeat 100\n", 0, "without 'serve'" },
		{ "exec /x\nunveil /a\n", 2, "PERMS:/PATH" },
		{ "exec /x\nunveil rq:/a\n", 2, "PERMS:/PATH" },
		{ "exec /x\nunveil r:a\n", 2, "PERMS:/PATH" },
		{ "exec /x\nunveil :/a\n", 2, "PERMS:/PATH" },
		{ "exec /x\npledge a\npledge b", 3, "second time" },
		{ "exec /x\ncpus\n", 2, "one word" },
		{ "exec /x\ncpus 3-1\n", 2, "a list" },
		{ "exec /x\ncpus 1,\n", 2, "a list" },
		{ "exec /x\ncpus 1-\n", 2, "a list" },
		{ "exec /x\ncpus 256\n", 2, "a list" },
		{ "exec /x\ncpus 1 2\n", 2, "one word" },
		{ "exec /x\nnice 20\n", 2, "0 to 19" },
		{ "exec /x\nnice --1\n", 2, "not" },
		{ "exec /x\nbackoff 100\n", 2, "two words" },
		{ "exec /x\nbackoff 100 50\n", 2, "above its end" },
		{ "exec /x\nbackoff 0 3600001\n", 2, "3600000" },
		{ "exec /x\nbackoff 0 4294967297\n", 2, "3600000" },
		{ "exec /x\ngiveup 0\n", 2, "1 to" },
		{ "exec /x\nstop soon\n", 2, "soon" },
		{ "exec /x\nstop 1\nstop 1", 3, "second time" },
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
