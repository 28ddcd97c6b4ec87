/* SPDX-License-Identifier: MIT */
/* Where lines of commands come from: a text, a descriptor, or the person at the terminal. */
#pragma once

#include <stdbool.h>

struct input {
	const char *text; /* the rest of a text; NULL: @fd */
	int fd;
	bool prompt;      /* ask with PS1 and PS2, edit */
	bool shared;      /* children read it too: not a byte more than a line */
	char *line;       /* the last one given */
	char buf[1024];   /* of @fd, when it is ours alone */
	int len, at;
};

/* For struct parse_hooks. */
const char *input_line(void *input, bool more);
void input_end(struct input *in);
