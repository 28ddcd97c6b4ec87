/* SPDX-License-Identifier: MIT */
/*
 * [pure] A service's manifest, /etc/exo/services/NAME.svc: what process 1 starts
 * and keeps running. A line is a key and its words; # begins a comment, blank
 * lines count for nothing, "double quotes" hold a word together (in them \" and
 * \\ are a quote and a backslash).
 *
 *   exec PROGRAM         the program, by its absolute path; required
 *   fallback PROGRAM     run instead, with a word of warning, where that is missing
 *   args WORD...         its arguments; repeated lines add
 *   name WORD            its argv[0]; without it the last part of PROGRAM
 *   env NAME=VALUE...    into its environment; repeated lines add
 *   dir PATH             its working directory (/)
 *   tty PATH             a session of its own, with this controlling terminal as its
 *                        input, output and error; without it those are /dev/null and
 *                        the console
 *   respawn always       start it again when it has ended: without end, with longer and
 *           failure      longer waits if it ends at once; or only when its status was
 *           never        not 0; or not at all (always)
 *
 * A wrong line is an error with its number, and the service is not started.
 */
#pragma once

#include <kernel/lib/types.h>

#define MANIFEST_WORDS    32u   /* args, and env, each */
#define MANIFEST_MAX_LEN  4096u /* of the file */

enum manifest_respawn { RESPAWN_ALWAYS, RESPAWN_FAILURE, RESPAWN_NEVER };

struct manifest {
	const char *exec, *fallback, *name, *dir, *tty; /* NULL: not said */
	char *args[MANIFEST_WORDS + 1];                /* NULL at the end */
	char *env[MANIFEST_WORDS + 1];
	enum manifest_respawn respawn;
	char text[MANIFEST_MAX_LEN + 1];               /* what all of these point into */
};

struct manifest_error {
	unsigned line; /* 0: of the whole file */
	char text[96];
};

/**
 * manifest_parse - read @text (its @len bytes) into *m
 * Return: true; false and *error: *m is of no use.
 */
__must_check bool manifest_parse(struct manifest *m, const char *text, size_t len,
				 struct manifest_error *error);
