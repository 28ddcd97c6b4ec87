/* SPDX-License-Identifier: MIT */
/* Builtins that print and read: echo, printf, read, history. */
#include "builtin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "history.h"
#include "shell.h"
#include "trap.h"
#include "var.h"

/* One escape at @s, behind its backslash: its bytes to @out. @octal0: \0nnn, as echo and
 * %b have it, not \nnn. Return: behind it; *stop: \c. */
static const char *escape(const char *s, struct text *out, bool octal0, bool *stop)
{
	static const char letters[] = "abfnrtv\\e", values[] = "\a\b\f\n\r\t\v\\\033";
	const char *found = *s ? strchr(letters, *s) : NULL;
	int value = 0, digits = 0;

	if (found) {
		text_char(out, values[found - letters]);
		return s + 1;
	}
	if (*s == 'c' && octal0) {
		*stop = true;
		return s + 1;
	}
	if (*s >= '0' && *s <= '7') {
		if (octal0 && *s == '0')
			s++;
		while (digits++ < 3 && *s >= '0' && *s <= '7')
			value = value * 8 + *s++ - '0';
		text_char(out, (char)value);
		return s;
	}
	text_char(out, '\\');
	return s;
}

static void put_escaped(const char *s, struct text *out, bool *stop)
{
	while (*s && !*stop) {
		if (*s == '\\')
			s = escape(s + 1, out, true, stop);
		else
			text_char(out, *s++);
	}
}

int builtin_echo(int argc, char **argv)
{
	bool newline = true, escapes = false, stop = false;
	struct text out;
	int i = 1;

	for (; i < argc && argv[i][0] == '-' && argv[i][1] &&
	       !argv[i][1 + strspn(argv[i] + 1, "neE")]; i++) {
		for (const char *s = argv[i] + 1; *s; s++) {
			newline &= *s != 'n';
			escapes = *s == 'n' ? escapes : *s == 'e';
		}
	}
	text_init(&out, &shell.temp);
	for (; i < argc && !stop; i++) {
		if (escapes)
			put_escaped(argv[i], &out, &stop);
		else
			text_str(&out, argv[i]);
		if (i + 1 < argc && !stop)
			text_char(&out, ' ');
	}
	if (newline && !stop)
		text_char(&out, '\n');
	fwrite(text_get(&out), 1, out.len, stdout);
	return 0;
}

/* ---- printf ---- */

struct printer {
	char **argv; /* arguments not yet used */
	bool used, stop;
	int status;
};

static const char *next_arg(struct printer *p)
{
	p->used = true;
	return *p->argv ? *p->argv++ : NULL;
}

static void bad_number(struct printer *p, const char *s)
{
	shell_error("printf: %s: not a number, or not only one", s);
	p->status = 1;
}

static long long integer_arg(struct printer *p, bool is_unsigned)
{
	const char *s = next_arg(p);
	long long value;
	char *end;

	if (!s || !*s)
		return 0;
	if (*s == '"' || *s == '\'')
		return (unsigned char)s[1];
	errno = 0;
	value = is_unsigned && *s != '-' ? (long long)strtoull(s, &end, 0) : strtoll(s, &end, 0);
	if (*end || end == s || errno)
		bad_number(p, s);
	return value;
}

static double float_arg(struct printer *p)
{
	const char *s = next_arg(p);
	double value;
	char *end;

	if (!s || !*s)
		return 0;
	if (*s == '"' || *s == '\'')
		return (unsigned char)s[1];
	value = strtod(s, &end);
	if (*end || end == s)
		bad_number(p, s);
	return value;
}

static int star_or_number(struct printer *p, const char **s)
{
	int n = 0;

	if (**s == '*') {
		++*s;
		return (int)integer_arg(p, false);
	}
	while (**s >= '0' && **s <= '9')
		n = MIN(n, 100000) * 10 + *(*s)++ - '0';
	return n;
}

/* @s with width and precision, into @out: our own, for it may hold NULs. */
static void put_string(struct text *out, const char *s, size_t len, bool left, int width)
{
	size_t pad = width > 0 && (size_t)width > len ? (size_t)width - len : 0;

	for (size_t i = 0; !left && i < pad; i++)
		text_char(out, ' ');
	text_add(out, s, len);
	for (size_t i = 0; left && i < pad; i++)
		text_char(out, ' ');
}

static void put_text(struct printer *p, struct text *out, char kind, bool left, int width, int prec)
{
	const char *s = next_arg(p);
	struct text t;
	size_t len;

	text_init(&t, &shell.temp);
	if (kind == 'b')
		put_escaped(s ? s : "", &t, &p->stop);
	else if (kind == 'c')
		text_add(&t, s ? s : "", s && *s ? 1 : 0);
	else
		text_str(&t, s ? s : "");
	s = text_get(&t);
	len = t.len;
	if (prec >= 0 && (size_t)prec < len)
		len = (size_t)prec;
	put_string(out, s, len, left, width);
}

/* A conversion at @s, behind %. Return: behind it; NULL: wrong. */
static const char *convert(struct printer *p, const char *s, struct text *out)
{
	char spec[32] = "%";
	int width, prec = -1;
	size_t flags = strspn(s, "-+ #0");

	if (flags > 8)
		return NULL;
	memcpy(spec + 1, s, flags);
	s += flags;
	width = star_or_number(p, &s);
	if (width < 0) {
		strcat(spec, "-");
		width = -width;
	}
	if (*s == '.') {
		s++;
		prec = star_or_number(p, &s);
	}
	if (*s && strchr("sbc", *s)) {
		put_text(p, out, *s, strchr(spec, '-') != NULL, width, prec);
		return s + 1;
	}
	if (!*s || !strchr("diouxXfFeEgGaA", *s))
		return NULL;
	/* printf(3) gets width and precision as arguments; a negative precision is none. */
	snprintf(spec + strlen(spec), sizeof(spec) - strlen(spec), "*.*%s%c",
		 strchr("diouxX", *s) ? "ll" : "", *s);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (strchr("diouxX", *s))
		text_printf(out, spec, width, prec, integer_arg(p, *s != 'd' && *s != 'i'));
	else
		text_printf(out, spec, width, prec, float_arg(p));
#pragma GCC diagnostic pop
	return s + 1;
}

static bool print_once(struct printer *p, const char *format, struct text *out)
{
	while (*format && !p->stop) {
		if (*format == '\\') {
			format = escape(format + 1, out, false, &p->stop);
		} else if (*format != '%') {
			text_char(out, *format++);
		} else if (format[1] == '%') {
			text_char(out, '%');
			format += 2;
		} else {
			format = convert(p, format + 1, out);
			if (!format)
				return false;
		}
	}
	return true;
}

int builtin_printf(int argc, char **argv)
{
	struct printer p = { .argv = argv + 2 };
	struct text out;

	if (argc > 1 && strcmp(argv[1], "--") == 0) {
		argv++;
		argc--;
		p.argv++;
	}
	if (argc < 2)
		return builtin_usage(argv);
	text_init(&out, &shell.temp);
	do {
		p.used = false;
		if (!print_once(&p, argv[1], &out)) {
			shell_error("printf: %s: bad conversion", argv[1]);
			p.status = 1;
			break;
		}
	} while (*p.argv && p.used && !p.stop);
	fwrite(text_get(&out), 1, out.len, stdout);
	return p.status;
}

/* ---- read ---- */

/* A line from standard input, byte by byte: what follows it is not ours. In @quoted a
 * byte for each byte says that a backslash protects it. Return: 0; 1: at its end; 2: error. */
static int read_line(struct text *line, struct text *quoted, bool raw)
{
	bool escaped = false;
	char c;

	for (;;) {
		ssize_t n = read(STDIN_FILENO, &c, 1);

		if (n < 0 && errno == EINTR) {
			trap_run_pending(); /* Ctrl-C does not come back */
			continue;
		}
		if (n <= 0)
			return n < 0 ? 2 : 1;
		if (c == '\0')
			continue;
		if (escaped) {
			escaped = false;
			if (c == '\n')
				continue;
			text_char(line, c);
			text_char(quoted, 1);
			continue;
		}
		if (c == '\\' && !raw) {
			escaped = true;
			continue;
		}
		if (c == '\n')
			return 0;
		text_char(line, c);
		text_char(quoted, 0);
	}
}

static bool is_ifs(const char *ifs, char c, bool blank)
{
	return strchr(ifs, c) && (strchr(" \t\n", c) != NULL) == blank;
}

/* Deal the line out to the variables: each takes a field, the last all the rest. */
static void deal(char **names, const char *line, const char *quoted, size_t len, const char *ifs)
{
	size_t at = 0;

#define IS(i, blank) (!quoted[i] && is_ifs(ifs, line[i], blank))
	while (at < len && IS(at, true))
		at++;
	for (; names[0] && names[1]; names++) {
		size_t start = at;

		while (at < len && !IS(at, true) && !IS(at, false))
			at++;
		var_set(*names, pool_strndup(&shell.temp, line + start, at - start));
		while (at < len && IS(at, true))
			at++;
		if (at < len && IS(at, false)) {
			at++;
			while (at < len && IS(at, true))
				at++;
		}
	}
	while (len > at && IS(len - 1, true))
		len--;
	if (len > at && IS(len - 1, false)) {
		/* One separator at the end goes, when it ends the only field left. */
		size_t i = at;

		while (i < len - 1 && !IS(i, true) && !IS(i, false))
			i++;
		if (i == len - 1)
			len--;
	}
#undef IS
	if (*names)
		var_set(*names, pool_strndup(&shell.temp, line + at, len - at));
}

int builtin_read(int argc, char **argv)
{
	struct builtin_opts o = { .argv = argv, .at = 1 };
	const char *ifs = var_get("IFS"), *prompt = NULL;
	struct text line, quoted;
	bool raw = false;
	int c, status;

	while ((c = builtin_opt(&o, "rp:"))) {
		if (c == '?')
			return 2;
		raw |= c == 'r';
		if (c == 'p')
			prompt = o.arg;
	}
	if (o.at >= argc)
		return builtin_usage(argv);
	if (prompt && isatty(STDIN_FILENO))
		fputs(prompt, stderr);
	text_init(&line, &shell.temp);
	text_init(&quoted, &shell.temp);
	status = read_line(&line, &quoted, raw);
	if (status > 1)
		return status;
	deal(argv + o.at, text_get(&line), text_get(&quoted), line.len, ifs ? ifs : " \t\n");
	return status;
}

/* ---- history ---- */

int builtin_history(int argc, char **argv)
{
	size_t n = history_count(), from = 0;
	long last;

	if (argc > 1 && strcmp(argv[1], "-c") == 0) {
		history_clear();
		return 0;
	}
	if (argc > 1) {
		if (!builtin_number(argv[1], &last))
			return builtin_usage(argv);
		from = n > (size_t)last ? n - (size_t)last : 0;
	}
	for (size_t i = from; i < n; i++)
		printf("%5zu  %s\n", i + 1, history_get(i));
	return 0;
}
