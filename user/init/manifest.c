/* SPDX-License-Identifier: MIT */
/* [pure] A service's manifest (contract in manifest.h). Words are cut out in place. */
#include "manifest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_WORDS (MANIFEST_WORDS + 2)
#define NAME_MAX_LEN 48u

enum {
	DEFAULT_FIRST_MS = 100,
	DEFAULT_MAX_MS = 32000,
	DEFAULT_STOP_MS = 2000,
	DEFAULT_GIVEUP = 10,
};

struct reader {
	struct manifest *m;
	struct manifest_error *error;
	char *words[LINE_WORDS + 1]; /* of the line: key first; NULL at the end */
	size_t n_words, n_args, n_env, n_needs, n_unveil;
	u32 said; /* bits: which of the keys that have no other mark */
};

enum said { SAID_RESPAWN = 1, SAID_BACKOFF = 2, SAID_GIVEUP = 4, SAID_STOP = 8, SAID_CPUS = 16,
	    SAID_NICE = 32, SAID_HEARTBEAT = 64 };

static __printf(2, 3) bool fail(struct reader *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->error->text, sizeof(r->error->text), fmt, ap);
	va_end(ap);
	return false;
}

/* A word at *from, unquoted in place; *from goes behind it. Return: NULL: no end quote. */
static char *cut_word(char **from)
{
	char *word = *from, *to = *from, *s = *from;
	bool quoted = false;

	for (; *s && (quoted || !strchr(" \t", *s)); s++) {
		if (*s == '"') {
			quoted = !quoted;
			continue;
		}
		if (quoted && *s == '\\' && (s[1] == '"' || s[1] == '\\'))
			s++;
		*to++ = *s;
	}
	*from = *s ? s + 1 : s;
	*to = '\0';
	return quoted ? NULL : word;
}

static bool cut_line(struct reader *r, char *line)
{
	r->n_words = 0;
	for (;;) {
		line += strspn(line, " \t");
		if (!*line || *line == '#')
			break;
		if (r->n_words == LINE_WORDS)
			return fail(r, "more than %u words", LINE_WORDS);
		r->words[r->n_words] = cut_word(&line);
		if (!r->words[r->n_words++])
			return fail(r, "a \" without its end");
	}
	r->words[r->n_words] = NULL;
	return true;
}

/* The one word of a key that may be said once. */
static bool set_once(struct reader *r, const char **field, bool is_path)
{
	if (*field)
		return fail(r, "'%s' a second time", r->words[0]);
	if (r->n_words != 2)
		return fail(r, "'%s' wants one word", r->words[0]);
	if (is_path && r->words[1][0] != '/')
		return fail(r, "'%s' is not an absolute path", r->words[1]);
	*field = r->words[1];
	return true;
}

static bool add_words(struct reader *r, char **list, size_t *n)
{
	if (r->n_words < 2)
		return fail(r, "'%s' wants at least one word", r->words[0]);
	for (size_t i = 1; i < r->n_words; i++) {
		if (*n == MANIFEST_WORDS)
			return fail(r, "more than %u words of '%s'", MANIFEST_WORDS, r->words[0]);
		list[(*n)++] = r->words[i];
	}
	return true;
}

static bool set_env(struct reader *r)
{
	for (size_t i = 1; i < r->n_words; i++) {
		const char *equals = strchr(r->words[i], '=');

		if (!equals || equals == r->words[i])
			return fail(r, "'%s' is not NAME=VALUE", r->words[i]);
	}
	return add_words(r, r->m->env, &r->n_env);
}

/* One of the keys without a mark of its own, with @n words behind it. */
static bool say_once(struct reader *r, enum said what, size_t n)
{
	if (r->said & what)
		return fail(r, "'%s' a second time", r->words[0]);
	if (r->n_words != n + 1)
		return fail(r, "'%s' wants %s", r->words[0], n == 1 ? "one word" : "two words");
	r->said |= what;
	return true;
}

/* A decimal number of at most @max at *from, which goes behind it. */
static bool read_number(const char **from, u32 max, u32 *out)
{
	const char *s = *from;

	for (*out = 0; *s >= '0' && *s <= '9'; s++) {
		*out = *out * 10 + (u32)(*s - '0');
		if (*out > max)
			return false;
	}
	if (s == *from)
		return false;
	*from = s;
	return true;
}

static bool set_number(struct reader *r, const char *word, u32 min, u32 max, u32 *out)
{
	const char *s = word;

	if (read_number(&s, max, out) && !*s && *out >= min)
		return true;
	return fail(r, "'%s' wants %u to %u, not '%.40s'", r->words[0], min, max, word);
}

static bool set_respawn(struct reader *r)
{
	static const char *const names[] = { "always", "failure", "never" };

	if (!say_once(r, SAID_RESPAWN, 1))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(r->words[1], names[i]) == 0) {
			r->m->respawn = (enum manifest_respawn)i;
			return true;
		}
	}
	return fail(r, "respawn is always, failure or never, not '%s'", r->words[1]);
}

static bool set_backoff(struct reader *r)
{
	struct manifest *m = r->m;

	if (!say_once(r, SAID_BACKOFF, 2) ||
	    !set_number(r, r->words[1], 0, MANIFEST_MAX_MS, &m->backoff_first_ms) ||
	    !set_number(r, r->words[2], 0, MANIFEST_MAX_MS, &m->backoff_max_ms))
		return false;
	if (m->backoff_first_ms > m->backoff_max_ms)
		return fail(r, "'backoff' begins above its end");
	return true;
}

static bool set_giveup(struct reader *r)
{
	if (!say_once(r, SAID_GIVEUP, 1))
		return false;
	r->m->giveup = 0;
	return strcmp(r->words[1], "never") == 0 ||
	       set_number(r, r->words[1], 1, 1000000, &r->m->giveup);
}

static bool set_nice(struct reader *r)
{
	const char *word;
	u32 n;

	if (!say_once(r, SAID_NICE, 1))
		return false;
	word = r->words[1];
	if (!set_number(r, word + (*word == '-'), 0, *word == '-' ? 20 : 19, &n))
		return false;
	r->m->nice = *word == '-' ? -(int)n : (int)n;
	return true;
}

/* One CPU or a range, *from goes behind it. */
static bool add_cpus(struct manifest *m, const char **from)
{
	u32 first, last;

	if (!read_number(from, MANIFEST_CPUS - 1, &first))
		return false;
	last = first;
	if (**from == '-') {
		(*from)++;
		if (!read_number(from, MANIFEST_CPUS - 1, &last))
			return false;
	}
	for (u32 cpu = first; cpu <= last; cpu++)
		m->cpus[cpu / 64] |= 1ull << cpu % 64;
	return first <= last;
}

static bool set_cpus(struct reader *r)
{
	const char *s;

	if (!say_once(r, SAID_CPUS, 1))
		return false;
	s = r->words[1];
	while (add_cpus(r->m, &s)) {
		if (!*s)
			return true;
		if (*s++ != ',')
			break;
	}
	return fail(r, "'cpus' wants a list such as 0-3,5, below %u", MANIFEST_CPUS);
}

static bool add_needs(struct reader *r)
{
	for (size_t i = 1; i < r->n_words; i++)
		if (!manifest_name_ok(r->words[i]))
			return fail(r, "'%s' is no service's name", r->words[i]);
	if (!r->n_needs)
		r->m->needs_line = r->error->line;
	return add_words(r, r->m->needs, &r->n_needs);
}

static bool add_unveil(struct reader *r)
{
	for (size_t i = 1; i < r->n_words; i++) {
		size_t perms = strspn(r->words[i], "rwxc");

		if (perms == 0 || perms > 4 || r->words[i][perms] != ':' ||
		    r->words[i][perms + 1] != '/')
			return fail(r, "'%s' is not PERMS:/PATH with letters of rwxc", r->words[i]);
	}
	return add_words(r, r->m->unveil, &r->n_unveil);
}

/* One more descriptor that it gets: is its number one, and free? */
static bool take_fd(struct reader *r, const char *word, int *out)
{
	const struct manifest *m = r->m;
	u32 fd;

	if (!set_number(r, word, 3, MANIFEST_MAX_FD, &fd))
		return false;
	for (unsigned i = 0; i < m->n_handles; i++)
		if (m->handles[i].fd == (int)fd)
			return fail(r, "descriptor %u a second time", fd);
	if (m->serve_fd == (int)fd)
		return fail(r, "descriptor %u a second time", fd);
	*out = (int)fd;
	return true;
}

static bool set_serve(struct reader *r)
{
	struct manifest *m = r->m;

	if (m->serve_fd)
		return fail(r, "'serve' a second time");
	if (r->n_words != 3)
		return fail(r, "'serve' wants FD and 'any' or 'root'");
	m->serve_root = strcmp(r->words[2], "root") == 0;
	if (!m->serve_root && strcmp(r->words[2], "any") != 0)
		return fail(r, "'serve' is for 'any' or 'root', not '%.40s'", r->words[2]);
	return take_fd(r, r->words[1], &m->serve_fd);
}

static bool set_heartbeat(struct reader *r)
{
	return say_once(r, SAID_HEARTBEAT, 1) &&
	       set_number(r, r->words[1], 10, MANIFEST_MAX_MS, &r->m->heartbeat_ms);
}

static bool add_handle(struct reader *r)
{
	static const char *const modes[] = { "r", "w", "rw" };
	struct manifest *m = r->m;
	struct manifest_handle *h = &m->handles[m->n_handles];
	size_t mode = 0;
	int fd;

	if (r->n_words != 4)
		return fail(r, "'handle' wants FD MODE PATH");
	if (m->n_handles == MANIFEST_HANDLES)
		return fail(r, "more than %u handles", MANIFEST_HANDLES);
	if (!take_fd(r, r->words[1], &fd))
		return false;
	while (mode < ARRAY_SIZE(modes) && strcmp(r->words[2], modes[mode]) != 0)
		mode++;
	if (mode == ARRAY_SIZE(modes))
		return fail(r, "a handle is open for r, w or rw, not '%s'", r->words[2]);
	if (r->words[3][0] != '/')
		return fail(r, "'%s' is not an absolute path", r->words[3]);
	*h = (struct manifest_handle){ fd, (enum manifest_mode)mode, r->words[3] };
	m->n_handles++;
	return true;
}

/* The words as pledge(2) wants them. They are shorter than the line they stand in. */
static bool set_pledge(struct reader *r)
{
	char *to = r->m->promises;

	if (r->m->pledge)
		return fail(r, "'pledge' a second time");
	for (size_t i = 1; i < r->n_words; i++) {
		size_t len = strlen(r->words[i]);

		memcpy(to, r->words[i], len);
		to += len;
		*to++ = ' ';
	}
	if (to > r->m->promises)
		to--;
	*to = '\0';
	r->m->pledge = r->m->promises; /* no word: no call but the ones to end */
	return true;
}

/* Keys of one path or word; NULL: @key is none of them. */
static const char **field_of(struct manifest *m, const char *key, bool *is_path)
{
	*is_path = strcmp(key, "name") != 0;
	if (!*is_path)
		return &m->name;
	if (strcmp(key, "exec") == 0)
		return &m->exec;
	if (strcmp(key, "fallback") == 0)
		return &m->fallback;
	if (strcmp(key, "dir") == 0)
		return &m->dir;
	if (strcmp(key, "tty") == 0)
		return &m->tty;
	return NULL;
}

static bool add_args(struct reader *r)
{
	return add_words(r, r->m->args, &r->n_args);
}

static bool set_stop(struct reader *r)
{
	return say_once(r, SAID_STOP, 1) &&
	       set_number(r, r->words[1], 0, MANIFEST_MAX_MS, &r->m->stop_ms);
}

static bool obey_line(struct reader *r)
{
	static const struct {
		const char *key;
		bool (*obey)(struct reader *r);
	} rows[] = {
		{ "args", add_args },       { "env", set_env },         { "needs", add_needs },
		{ "respawn", set_respawn }, { "backoff", set_backoff }, { "giveup", set_giveup },
		{ "stop", set_stop },       { "serve", set_serve },     { "handle", add_handle },
		{ "pledge", set_pledge },   { "unveil", add_unveil },   { "cpus", set_cpus },
		{ "nice", set_nice },       { "heartbeat", set_heartbeat },
	};
	bool is_path;
	const char **field = field_of(r->m, r->words[0], &is_path);

	if (field)
		return set_once(r, field, is_path);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(r->words[0], rows[i].key) == 0)
			return rows[i].obey(r);
	return fail(r, "no key '%.48s'", r->words[0]);
}

bool manifest_name_ok(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789._@-");

	return len && len <= NAME_MAX_LEN && !name[len] && name[0] != '.';
}

static void set_defaults(struct manifest *m)
{
	memset(m, 0, sizeof(*m));
	m->backoff_first_ms = DEFAULT_FIRST_MS;
	m->backoff_max_ms = DEFAULT_MAX_MS;
	m->stop_ms = DEFAULT_STOP_MS;
}

bool manifest_parse(struct manifest *m, const char *text, size_t len, struct manifest_error *error)
{
	struct reader r = { .m = m, .error = error };
	char *line = m->text;

	set_defaults(m);
	memset(error, 0, sizeof(*error));
	if (len > MANIFEST_MAX_LEN)
		return fail(&r, "longer than %u bytes", MANIFEST_MAX_LEN);
	if (memchr(text, 0, len))
		return fail(&r, "not a text");
	memcpy(m->text, text, len);
	while (*line) {
		char *end = line + strcspn(line, "\n");
		char *next = *end ? end + 1 : end;

		*end = '\0';
		error->line++;
		if (!cut_line(&r, line) || (r.n_words && !obey_line(&r)))
			return false;
		line = next;
	}
	error->line = 0;
	if (!(r.said & SAID_GIVEUP))
		m->giveup = m->tty ? 0 : DEFAULT_GIVEUP;
	if (m->heartbeat_ms && !m->serve_fd)
		return fail(&r, "'heartbeat' without 'serve'");
	return m->exec ? true : fail(&r, "no 'exec': nothing to start");
}
