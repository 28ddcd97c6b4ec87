/* SPDX-License-Identifier: MIT */
/*
 * [pure] A service's manifest, /etc/exo/services/NAME.svc: what process 1 starts
 * and keeps running. A line is a key and its words; # begins a comment, blank
 * lines count for nothing, "double quotes" hold a word together (in them \" and
 * \\ are a quote and a backslash). A key may be said once unless stated.
 *
 *   exec PROGRAM         the program, by its absolute path; required
 *   fallback PROGRAM     run instead, with a word of warning, where that is missing
 *   args WORD...         its arguments; repeated lines add
 *   name WORD            its argv[0]; without it the last part of PROGRAM
 *   env NAME=VALUE...    into its environment; repeated lines add
 *   dir PATH             its working directory (/)
 *   tty PATH             a session of its own, with this controlling terminal as its
 *                        input, output and error; without it the input is /dev/null,
 *                        and output and error go to its log, /run/log/NAME
 *   needs NAME...        services that must run before it is started; repeated lines
 *                        add. A circle is an error of all that are in it.
 *   respawn always       start it again when it has ended: always; only when its status
 *           failure      was not 0; not at all (always)
 *           never
 *   backoff FIRST MAX    milliseconds before it is started again: FIRST, then twice as
 *                        long after each run of less than a second, up to MAX; FIRST
 *                        again after a longer run (100 32000)
 *   giveup COUNT         leave it alone after COUNT such short runs in a row, or
 *          never         never (never with a tty, else 10)
 *   stop MS              how long it has between SIGTERM and SIGKILL (2000)
 *
 *   serve FD any         others may connect to it by its name (user/libexo/service.h): they
 *            root        come at descriptor FD (3..31); anybody, or root only
 *   heartbeat MS         with serve: it is killed when it has not answered for so long, or
 *                        ten seconds after its start not once
 *
 * What it may do. It has no descriptor but its input, output and error and these:
 *
 *   handle FD MODE PATH  PATH open for r, w or rw as descriptor FD (3..31), opened by
 *                        process 1 before the rest applies; repeated lines add
 *   pledge WORD...       promises (pledge(2)); a call outside them ends it by SIGABRT
 *   unveil PERMS:PATH... of the tree it sees only these, with letters of rwxc, and its
 *                        own program; repeated lines add
 *   cpus LIST            it runs on these only: 0-3,5
 *   nice N               -20..19 (0)
 *
 * A wrong line is an error with its number, and the service is not started.
 */
#pragma once

#include <kernel/lib/types.h>

#define MANIFEST_WORDS   32u   /* args, env, needs and unveil, each */
#define MANIFEST_HANDLES 16u
#define MANIFEST_MAX_LEN 4096u /* of the file */
#define MANIFEST_MAX_FD  31
#define MANIFEST_CPUS    256u
#define MANIFEST_MAX_MS  3600000u /* an hour: of any time here */

enum manifest_respawn { RESPAWN_ALWAYS, RESPAWN_FAILURE, RESPAWN_NEVER };

enum manifest_mode { MANIFEST_READ, MANIFEST_WRITE, MANIFEST_BOTH };

struct manifest_handle {
	int fd;
	enum manifest_mode mode;
	const char *path;
};

struct manifest {
	const char *exec, *fallback, *name, *dir, *tty; /* NULL: not said */
	char *args[MANIFEST_WORDS + 1];                /* NULL at the end, as all of these */
	char *env[MANIFEST_WORDS + 1];
	char *needs[MANIFEST_WORDS + 1];
	unsigned needs_line;                           /* where they are first spoken of */
	char *unveil[MANIFEST_WORDS + 1];              /* PERMS:PATH */
	struct manifest_handle handles[MANIFEST_HANDLES];
	unsigned n_handles;
	const char *pledge;                            /* words with a space between */
	int serve_fd;                                  /* 0: nobody connects to it */
	bool serve_root;
	u32 heartbeat_ms;                              /* 0: none */
	u64 cpus[MANIFEST_CPUS / 64];                  /* a bit a CPU; none: all */
	int nice;
	enum manifest_respawn respawn;
	u32 backoff_first_ms, backoff_max_ms, stop_ms;
	u32 giveup;                                    /* short runs in a row; 0: never */
	char text[MANIFEST_MAX_LEN + 1];               /* what all of these point into */
	char promises[MANIFEST_MAX_LEN + 1];           /* pledge points here */
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

/** manifest_name_ok - may a service be called this? Letters, digits and ._@- only,
 * at most 48 of them, and no dot in front: it is the name of files. */
bool manifest_name_ok(const char *name);
