/* SPDX-License-Identifier: MIT */
/* [pure] Boot command line words. Copies nothing, allocates nothing. */
#include <kernel/lib/bootline.h>

#include <kernel/lib/string.h>

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Length of the word at @s: up to a space outside of quotes. */
static size_t word_len(const char *s, size_t max)
{
	bool quoted = false;
	size_t n;

	for (n = 0; n < max && (quoted || !is_space(s[n])); n++)
		if (s[n] == '"')
			quoted = !quoted;
	return n;
}

/* Take the quotes from around a range. An unclosed one has only the first. */
static void unquote(const char **s, size_t *len)
{
	if (!*len || **s != '"')
		return;
	(*s)++;
	(*len)--;
	if (*len && (*s)[*len - 1] == '"')
		(*len)--;
}

void bootline_init(struct bootline *bl, const char *line, size_t max)
{
	bl->at = line;
	bl->left = strnlen(line, max);
}

bool bootline_next(struct bootline *bl, struct bootline_word *out)
{
	const char *word, *equals;
	size_t len;

	while (bl->left && is_space(*bl->at)) {
		bl->at++;
		bl->left--;
	}
	if (!bl->left)
		return false;
	word = bl->at;
	len = word_len(word, bl->left);
	bl->at += len;
	bl->left -= len;

	unquote(&word, &len);
	*out = (struct bootline_word){ .key = word, .key_len = len };
	equals = memchr(word, '=', len);
	if (equals) {
		out->key_len = (size_t)(equals - word);
		out->value = equals + 1;
		out->value_len = len - out->key_len - 1;
		unquote(&out->value, &out->value_len);
	}
	return true;
}

bool bootline_key_is(const struct bootline_word *w, const char *key)
{
	return strlen(key) == w->key_len && !memcmp(w->key, key, w->key_len);
}
