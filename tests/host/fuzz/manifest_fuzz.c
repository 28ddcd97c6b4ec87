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
	for (size_t i = 0; m.needs[i]; i++)
		FUZZ_ASSERT(manifest_name_ok(m.needs[i]));
	for (size_t i = 0; m.unveil[i]; i++)
		check_word(&m, m.unveil[i]);
	for (unsigned i = 0; i < m.n_handles; i++) {
		FUZZ_ASSERT(m.handles[i].fd > 2 && m.handles[i].fd <= MANIFEST_MAX_FD);
		check_word(&m, m.handles[i].path);
	}
	FUZZ_ASSERT(!m.pledge || strlen(m.pledge) <= MANIFEST_MAX_LEN);
	FUZZ_ASSERT(m.backoff_first_ms <= m.backoff_max_ms && m.backoff_max_ms <= MANIFEST_MAX_MS);
	FUZZ_ASSERT(m.nice >= -20 && m.nice <= 19);
	return 0;
}
