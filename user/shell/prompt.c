/* SPDX-License-Identifier: MIT */
/* Prompts (contract in prompt.h). */
#include "prompt.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "expand.h"
#include "history.h"
#include "shell.h"
#include "var.h"

static void put_host(struct text *out, bool whole)
{
	char name[256] = "";

	gethostname(name, sizeof(name) - 1);
	text_add(out, name, whole ? strlen(name) : strcspn(name, "."));
}

/* The directory, with ~ for HOME; @last: only its last name. */
static void put_dir(struct text *out, bool last)
{
	const char *pwd = var_get("PWD"), *home = var_get("HOME");
	size_t len = home ? strlen(home) : 0;

	pwd = pwd ? pwd : "?";
	if (len > 1 && strncmp(pwd, home, len) == 0 && (!pwd[len] || pwd[len] == '/')) {
		if (!pwd[len] || !last)
			text_char(out, '~');
		pwd += len;
	}
	if (last && strrchr(pwd, '/') && strcmp(pwd, "/"))
		pwd = strrchr(pwd, '/') + 1;
	text_str(out, pwd);
}

static void put_time(struct text *out, const char *format)
{
	time_t now = time(NULL);
	char text[64];

	strftime(text, sizeof(text), format, localtime(&now));
	text_str(out, text);
}

/* The form at @s, behind its backslash. Return: behind it. */
static const char *put_form(struct text *out, const char *s)
{
	const char *user = var_get("USER");

	switch (*s) {
	case 'u':
		text_str(out, user ? user : geteuid() ? "user" : "root");
		break;
	case 'h':
	case 'H':
		put_host(out, *s == 'H');
		break;
	case 'w':
	case 'W':
		put_dir(out, *s == 'W');
		break;
	case '$':
		/* Protected: parameters are expanded behind us. */
		text_str(out, geteuid() ? "\\$" : "#");
		break;
	case 'n':
		text_char(out, '\n');
		break;
	case 'e':
		text_char(out, '\033');
		break;
	case '[':
		text_char(out, '\001');
		break;
	case ']':
		text_char(out, '\002');
		break;
	case 't':
		put_time(out, "%H:%M:%S");
		break;
	case 'd':
		put_time(out, "%a %b %d");
		break;
	case 's':
		text_str(out, "exsh");
		break;
	case '!':
		text_printf(out, "%zu", history_count() + 1);
		break;
	case '\\':
		text_str(out, "\\\\");
		break;
	case '\0':
		text_str(out, "\\\\");
		return s;
	default:
		text_char(out, '\\');
		text_char(out, *s);
		break;
	}
	return s + 1;
}

const char *prompt_text(const char *name)
{
	const char *s = var_get(name);
	int status = shell.status;
	const char *done;
	struct text t;

	if (!s)
		s = strcmp(name, "PS1") == 0 ? "\\u@\\h:\\w\\$ " : "> ";
	text_init(&t, &shell.temp);
	while (*s) {
		if (*s == '\\')
			s = put_form(&t, s + 1);
		else
			text_char(&t, *s++);
	}
	done = expand_text(text_get(&t));
	shell.status = status;
	return done;
}
