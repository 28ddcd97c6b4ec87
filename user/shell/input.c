/* SPDX-License-Identifier: MIT */
/* Lines of commands (contract in input.h). NUL bytes are dropped. */
#include "input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "edit.h"
#include "expand.h"
#include "history.h"
#include "job.h"
#include "prompt.h"
#include "shell.h"
#include "trap.h"
#include "var.h"

/* The next byte of the descriptor, or -1. */
static int next_byte(struct input *in)
{
	while (in->at >= in->len) {
		ssize_t n = read(in->fd, in->buf, in->shared ? 1 : sizeof(in->buf));

		if (n < 0 && errno == EINTR) {
			trap_run_pending();
			continue;
		}
		if (n <= 0)
			return -1;
		in->len = (int)n;
		in->at = 0;
	}
	return (unsigned char)in->buf[in->at++];
}

static char *line_of_fd(struct input *in)
{
	char *line = NULL;
	size_t len = 0, size = 0;
	int c;

	do {
		c = next_byte(in);
		if (c < 0 && !len)
			break;
		if (len + 2 > size) {
			char *more = shell_alloc(size + size / 2 + 128);

			if (len)
				memcpy(more, line, len);
			free(line);
			line = more;
			size += size / 2 + 128;
		}
		if (c > 0)
			line[len++] = (char)c;
	} while (c >= 0 && c != '\n');
	if (line)
		line[len] = '\0';
	return line;
}

static char *line_of_text(struct input *in)
{
	size_t len = strcspn(in->text, "\n");
	char *line;

	if (!*in->text)
		return NULL;
	len += in->text[len] == '\n';
	line = shell_alloc(len + 1);
	memcpy(line, in->text, len);
	in->text += len;
	return line;
}

static char *line_of_user(bool more)
{
	struct pool_mark mark = pool_mark(&shell.temp);
	bool stop = false;
	char *line;

	job_notify();
	line = edit_line(prompt_text(more ? "PS2" : "PS1"), &stop);
	pool_release(&shell.temp, mark);
	if (stop) /* Ctrl-C: what was typed is void, also the lines before */
		shell_abort(130);
	return line;
}

void input_end(struct input *in)
{
	free(in->line);
	in->line = NULL;
}

const char *input_line(void *ctx, bool more)
{
	struct input *in = ctx;

	input_end(in); /* before Ctrl-C may leave by a jump */
	if (in->prompt)
		in->line = line_of_user(more);
	else
		in->line = in->text ? line_of_text(in) : line_of_fd(in);
	if (in->line && shell_opt(OPT_VERBOSE))
		fputs(in->line, stderr);
	return in->line;
}
