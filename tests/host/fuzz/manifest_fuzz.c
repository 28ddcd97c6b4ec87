/* SPDX-License-Identifier: MIT */
/* A service's manifest: accepted or refused with a line that is there; words lie in the copy. */
#include <string.h>

#include <user/init/manifest.h>

#include "fuzz.h"

static void check_word(const struct manifest *m, const char *word)
{
	FUZZ_ASSERT(!word || (word >= m->text && word + strlen(word) < m->text + sizeof(m->text)));
}

int manifest_fuzz(const u8 *data, size_t len)
{
	struct manifest_error error;
	struct manifest m;

	if (!manifest_parse(&m, (const char *)data, len, &error)) {
		FUZZ_ASSERT(error.text[0] && error.line <= len + 1);
		return 0;
	}
	FUZZ_ASSERT(m.exec && m.exec[0] == '/');
	check_word(&m, m.exec);
	check_word(&m, m.tty);
	check_word(&m, m.dir);
	for (size_t i = 0; m.args[i]; i++)
		check_word(&m, m.args[i]);
	for (size_t i = 0; m.env[i]; i++)
		FUZZ_ASSERT(strchr(m.env[i], '='));
	return 0;
}
