/* SPDX-License-Identifier: MIT */
/* Word expansion (contract in expand.h). */
#include "expand.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arith.h"
#include "eval.h"
#include "field.h"
#include "job.h"
#include "parse.h"
#include "parse_priv.h"
#include "pattern.h"
#include "shell.h"
#include "var.h"

/* How the parts of a word are to be taken. */
enum mode {
	MODE_FIELDS, /* will be split */
	MODE_ONE,    /* will not: $* and $@ are joined */
	MODE_ASSIGN, /* like ONE, tildes also behind colons */
	MODE_ARG,    /* the word of an unquoted ${x-word}: its text splits */
};

static void expand_parts(struct field_buf *b, const struct word *w, enum mode mode);

/* ---- tilde ---- */

static const char *home_of(const char *user, size_t len)
{
	struct passwd *pw;

	if (!len)
		return var_get("HOME");
	pw = getpwnam(pool_strndup(&shell.temp, user, len));
	return pw ? pool_strdup(&shell.temp, pw->pw_dir) : NULL;
}

/* `~user` at @s, the prefix ending at a byte of @ends or with the word. Return: its
 * length; 0 when it is none. */
static size_t put_tilde(struct field_buf *b, const char *s, size_t len, const char *ends, bool last)
{
	size_t n = 1;
	const char *home;

	while (n < len && !strchr(ends, s[n]))
		n++;
	if (n == len && !last)
		return 0; /* something quoted or expanded belongs to it */
	home = home_of(s + 1, n - 1);
	if (!home)
		return 0;
	field_put(b, home, strlen(home), FIELD_QUOTED);
	if (!*home)
		field_mark(b, FIELD_NULL);
	return n;
}

/* Unquoted text; tildes at its start when @first, in assignments behind colons. */
static void put_text(struct field_buf *b, const struct part *part, bool first, enum mode mode)
{
	enum field_flag flag = mode == MODE_ARG ? FIELD_SPLIT : FIELD_PLAIN;
	bool may = first;

	for (size_t i = 0; i < part->len; i++) {
		if (may && part->text[i] == '~') {
			size_t n = put_tilde(b, part->text + i, part->len - i,
					     mode == MODE_ASSIGN ? "/:" : "/", !part->next);

			if (n) {
				i += n - 1;
				may = false;
				continue;
			}
		}
		field_put(b, part->text + i, 1, flag);
		may = mode == MODE_ASSIGN && part->text[i] == ':';
	}
}

/* ---- parameters ---- */

static const char *flags_text(void)
{
	char flags[OPT_COUNT + 1];
	size_t n = 0;

	for (int o = 0; o < OPT_COUNT; o++)
		if (shell_opt((enum shell_option)o) && shell_option_letter((enum shell_option)o))
			flags[n++] = shell_option_letter((enum shell_option)o);
	return pool_strndup(&shell.temp, flags, n);
}

static const char *number_text(long n)
{
	struct text t;

	text_init(&t, &shell.temp);
	text_printf(&t, "%ld", n);
	return text_get(&t);
}

static const char *join_params(char separator)
{
	struct text t;

	text_init(&t, &shell.temp);
	for (int i = 0; i < shell.params.argc; i++) {
		if (i && separator)
			text_char(&t, separator);
		text_str(&t, shell.params.argv[i]);
	}
	return text_get(&t);
}

/* What stands between the parameters in "$*": IFS's first byte, 0 for none. */
static char star_separator(void)
{
	const char *ifs = var_get("IFS");

	return ifs ? *ifs : ' ';
}

const char *expand_param(const char *name)
{
	char *end;
	long n;

	switch (*name) {
	case '@':
		return shell.params.argc ? join_params(' ') : NULL;
	case '*':
		return shell.params.argc ? join_params(star_separator()) : NULL;
	case '#':
		return number_text(shell.params.argc);
	case '?':
		return number_text(shell.status);
	case '-':
		return flags_text();
	case '$':
		return number_text(shell.pid);
	case '!':
		return shell.has_background ? number_text(shell.background) : NULL;
	default:
		break;
	}
	if (*name < '0' || *name > '9')
		return var_get(name);
	n = strtol(name, &end, 10);
	if (n == 0)
		return shell.arg0;
	return n > 0 && n <= shell.params.argc ? shell.params.argv[n - 1] : NULL;
}

static enum field_flag result_flag(const struct part *part, enum mode mode)
{
	if (part->quoted)
		return FIELD_QUOTED;
	return mode == MODE_FIELDS || mode == MODE_ARG ? FIELD_SPLIT : FIELD_PLAIN;
}

static void put_value(struct field_buf *b, const struct part *part, const char *s, enum mode mode)
{
	field_put(b, s, strlen(s), result_flag(part, mode));
	if (part->quoted && !*s)
		field_mark(b, FIELD_NULL);
}

/* $@ and $*, plain. */
static void put_params(struct field_buf *b, const struct part *part, enum mode mode)
{
	bool fields = mode == MODE_FIELDS || mode == MODE_ARG;

	if (*part->text == '*' && (part->quoted || !fields)) {
		put_value(b, part, join_params(star_separator()), mode);
		return;
	}
	for (int i = 0; i < shell.params.argc; i++) {
		if (i)
			field_mark(b, FIELD_BREAK);
		put_value(b, part, shell.params.argv[i], mode);
	}
}

static size_t count_chars(const char *s)
{
	size_t n = 0;
	u32 c;

	for (; *s; s += pattern_utf8(s, &c))
		n++;
	return n;
}

/* ${x%p}, ${x##p} and the like. */
static const char *trim(const char *value, const struct part *part)
{
	bool prefix = part->op == PARAM_PREFIX || part->op == PARAM_PREFIX_LONG;
	bool longest = part->op == PARAM_SUFFIX_LONG || part->op == PARAM_PREFIX_LONG;
	const char *pattern = expand_pattern(part->arg);
	size_t len = strlen(value);
	char *copy = pool_strdup(&shell.temp, value);

	/* The piece that goes away is [0,at) or [at,len), tried from short to long or back. */
	for (size_t i = 0; i <= len; i++) {
		size_t at = prefix == longest ? len - i : i;
		bool match;
		char kept;

		if (((u8)value[at] & 0xc0) == 0x80)
			continue; /* inside a character */
		kept = copy[at];
		if (prefix)
			copy[at] = '\0';
		match = pattern_match(pattern, prefix ? copy : copy + at);
		copy[at] = kept;
		if (match && prefix)
			return copy + at;
		if (match)
			return pool_strndup(&shell.temp, value, at);
	}
	return value;
}

static void put_arg(struct field_buf *b, const struct part *part, enum mode mode)
{
	if (!part->arg->parts && part->quoted)
		field_mark(b, FIELD_NULL);
	expand_parts(b, part->arg, mode == MODE_FIELDS ? MODE_ARG : mode);
}

static __noreturn void param_error(const struct part *part)
{
	const char *why = part->arg->parts ? expand_one(part->arg, false) :
			  part->colon ? "parameter null or not set" : "parameter not set";

	shell_fail(2, "%s: %s", part->text, why);
}

static const char *assign_default(const struct part *part)
{
	if (!parse_is_name(part->text, strlen(part->text)))
		shell_fail(2, "%s: cannot be assigned to in this way", part->text);
	var_set(part->text, expand_one(part->arg, true));
	return var_get(part->text);
}

static bool is_all_params(const struct part *part)
{
	return (*part->text == '@' || *part->text == '*') && !part->text[1];
}

static void put_param(struct field_buf *b, const struct part *part, enum mode mode)
{
	const char *value = expand_param(part->text);
	bool there = value && !(part->colon && !*value);

	switch (part->op) {
	case PARAM_DEFAULT:
		if (!there)
			put_arg(b, part, mode);
		break;
	case PARAM_OTHER:
		if (there)
			put_arg(b, part, mode);
		else if (part->quoted && !is_all_params(part))
			field_mark(b, FIELD_NULL);
		return;
	case PARAM_ERROR:
		if (!there)
			param_error(part);
		break;
	case PARAM_ASSIGN:
		if (!there)
			value = assign_default(part);
		there = true;
		break;
	case PARAM_PLAIN:
	case PARAM_LENGTH:
	case PARAM_SUFFIX:
	case PARAM_SUFFIX_LONG:
	case PARAM_PREFIX:
	case PARAM_PREFIX_LONG:
		if (!value && shell_opt(OPT_NOUNSET) && !is_all_params(part))
			shell_fail(2, "%s: parameter not set", part->text);
		break;
	}
	if (part->op == PARAM_DEFAULT && !there)
		return;
	if (part->op == PARAM_LENGTH)
		value = number_text(is_all_params(part) ? shell.params.argc :
				    (long)count_chars(value ? value : ""));
	else if (part->op >= PARAM_SUFFIX)
		value = trim(value ? value : "", part);
	else if (is_all_params(part)) {
		put_params(b, part, mode);
		return;
	}
	put_value(b, part, value ? value : "", mode);
}

/* ---- commands and arithmetic ---- */

static void read_output(int fd, struct text *out)
{
	char buf[4096];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR))
		for (ssize_t i = 0; i < n; i++)
			if (buf[i])
				text_char(out, buf[i]);
	while (out->len && out->s[out->len - 1] == '\n')
		out->s[--out->len] = '\0';
}

static void put_command(struct field_buf *b, const struct part *part, enum mode mode)
{
	struct text out;
	struct job *job;
	int fds[2];

	text_init(&out, &shell.temp);
	if (!part->list) {
		shell.substitution_status = 0;
		put_value(b, part, "", mode);
		return;
	}
	if (pipe(fds) < 0)
		shell_fail(2, "pipe: %s", strerror(errno));
	job = job_new(NULL);
	if (job_fork(job, JOB_SUBSTITUTION) == 0) {
		close(fds[0]);
		if (fds[1] != STDOUT_FILENO) {
			dup2(fds[1], STDOUT_FILENO);
			close(fds[1]);
		}
		eval_child(part->list);
	}
	close(fds[1]);
	read_output(fds[0], &out);
	close(fds[0]);
	shell.substitution_status = shell.status = job_wait_done(job);
	put_value(b, part, text_get(&out), mode);
}

static const char *arith_get(__attribute__((unused)) void *ctx, const char *name)
{
	const char *value = var_get(name);

	if (!value && shell_opt(OPT_NOUNSET))
		shell_fail(2, "%s: parameter not set", name);
	return value;
}

static const char *arith_set(__attribute__((unused)) void *ctx, const char *name, s64 value)
{
	var_set(name, number_text(value));
	return NULL;
}

s64 expand_arith(const char *text)
{
	static const struct arith_hooks hooks = { .get = arith_get, .set = arith_set };
	const char *error;
	s64 value;

	error = arith_eval(text, &hooks, &value);
	if (error)
		shell_fail(2, "%s: %s", text, error);
	return value;
}

static void put_arith(struct field_buf *b, const struct part *part, enum mode mode)
{
	struct text t;

	text_init(&t, &shell.temp);
	text_printf(&t, "%lld", (long long)expand_arith(expand_one(part->arg, false)));
	put_value(b, part, text_get(&t), mode);
}

/* ---- the whole ---- */

static void expand_parts(struct field_buf *b, const struct word *w, enum mode mode)
{
	for (const struct part *part = w->parts; part; part = part->next) {
		switch (part->kind) {
		case PART_TEXT:
			if (!part->quoted)
				put_text(b, part, part == w->parts, mode);
			else if (part->len)
				field_put(b, part->text, part->len, FIELD_QUOTED);
			else
				field_mark(b, FIELD_NULL);
			break;
		case PART_PARAM:
			if (part->op == PARAM_PLAIN && is_all_params(part))
				put_params(b, part, mode);
			else
				put_param(b, part, mode);
			break;
		case PART_COMMAND:
			put_command(b, part, mode);
			break;
		case PART_ARITH:
			put_arith(b, part, mode);
			break;
		}
	}
}

/* name=... , its name unquoted. */
static bool is_assignment(const struct word *w)
{
	const struct part *part = w->parts;
	const char *equals = part && part->kind == PART_TEXT && !part->quoted ?
			     memchr(part->text, '=', part->len) : NULL;

	return equals && parse_is_name(part->text, (size_t)(equals - part->text));
}

/* The same with the value expanded as an assignment's. */
static char *expand_assignment(const struct word *w)
{
	size_t len = (size_t)((const char *)memchr(w->parts->text, '=', w->parts->len) -
			      w->parts->text) + 1;
	struct part first = *w->parts;
	struct word value = { .parts = &first };
	struct text t;

	first.text += len;
	first.len -= len;
	if (!first.len)
		value.parts = first.next;
	text_init(&t, &shell.temp);
	text_add(&t, w->parts->text, len);
	text_str(&t, expand_one(&value, true));
	return text_get(&t);
}

void expand_args(const struct word *words, bool assigns, struct expand_args *out)
{
	struct field_list list = { NULL, 0, 0 };

	for (const struct word *w = words; w; w = w->next) {
		struct field_buf b;

		if (assigns && is_assignment(w)) {
			field_add(&list, expand_assignment(w));
			continue;
		}
		field_init(&b);
		expand_parts(&b, w, MODE_FIELDS);
		field_split(&b, &list);
	}
	if (!list.v)
		list.v = pool_alloc(&shell.temp, sizeof(*list.v));
	*out = (struct expand_args){ list.v, (int)list.n };
}

char *expand_one(const struct word *w, bool assign)
{
	struct field_buf b;

	field_init(&b);
	expand_parts(&b, w, assign ? MODE_ASSIGN : MODE_ONE);
	return field_join(&b);
}

char *expand_pattern(const struct word *w)
{
	struct field_buf b;

	field_init(&b);
	expand_parts(&b, w, MODE_ONE);
	return field_pattern(&b);
}

char *expand_text(const char *text)
{
	static const struct parse_hooks no_hooks;
	struct parser p;
	struct word *w;

	parse_init(&p, &no_hooks);
	p.pool = &shell.temp;
	p.frame = &p.bottom;
	p.at_end = true;
	p.here_tail = &p.here;
	if (setjmp(p.fail))
		return pool_strdup(&shell.temp, text);
	w = word_here(&p, text);
	return expand_one(w, false);
}
