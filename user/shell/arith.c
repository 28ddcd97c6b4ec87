/* SPDX-License-Identifier: MIT */
/*
 * [pure] Arithmetic expressions (contract in arith.h), by precedence climbing.
 * What is not evaluated (behind && || ?:) is parsed with `live` off.
 */
#include "arith.h"

#include <setjmp.h>
#include <string.h>

#define DEPTH_MAX 100u
#define NAME_MAX_LEN 256u

struct arith {
	const char *at;
	const struct arith_hooks *hooks;
	unsigned depth;
	const char *error;
	jmp_buf fail;
};

static const struct {
	const char text[4];
	int level; /* the higher, the tighter */
} operators[] = { /* longer ones first */
	{ "<<", 8 }, { ">>", 8 }, { "<=", 7 }, { ">=", 7 }, { "==", 6 }, { "!=", 6 }, { "&&", 2 },
	{ "||", 1 }, { "<", 7 }, { ">", 7 }, { "+", 9 }, { "-", 9 }, { "*", 10 }, { "/", 10 },
	{ "%", 10 }, { "&", 5 }, { "^", 4 }, { "|", 3 },
};

static s64 expression(struct arith *a, bool live);
static s64 assignment(struct arith *a, bool live);

static __noreturn void fail(struct arith *a, const char *why)
{
	a->error = why;
	longjmp(a->fail, 1);
}

static void skip_space(struct arith *a)
{
	a->at += strspn(a->at, " \t\n\r");
}

static bool accept(struct arith *a, const char *text)
{
	size_t len = strlen(text);

	skip_space(a);
	if (strncmp(a->at, text, len))
		return false;
	a->at += len;
	return true;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

static s64 number(struct arith *a)
{
	int base = 10;
	u64 value = 0;

	if (*a->at == '0' && (a->at[1] == 'x' || a->at[1] == 'X')) {
		base = 16;
		a->at += 2;
		if (digit_of(*a->at) >= base)
			fail(a, "a number of no digits");
	} else if (*a->at == '0') {
		base = 8;
	}
	for (; digit_of(*a->at) < base; a->at++)
		value = value * (u64)base + (u64)digit_of(*a->at);
	if (digit_of(*a->at) < 10 || *a->at == '_' || (*a->at >= 'g' && *a->at <= 'z'))
		fail(a, "a digit that its base has not");
	return (s64)value;
}

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* A name at @a->at, copied. Return: false: none. */
static bool read_name(struct arith *a, char name[NAME_MAX_LEN])
{
	size_t len = 0;

	skip_space(a);
	if (!is_name_start(*a->at))
		return false;
	while (is_name_start(a->at[len]) || (a->at[len] >= '0' && a->at[len] <= '9'))
		len++;
	if (len >= NAME_MAX_LEN)
		fail(a, "name too long");
	memcpy(name, a->at, len);
	name[len] = '\0';
	a->at += len;
	return true;
}

/* The value of a variable: its text is an expression of its own. */
static s64 value_of(struct arith *a, const char *name)
{
	const char *text = a->hooks->get(a->hooks->ctx, name), *saved = a->at;
	s64 value = 0;

	if (!text || !text[strspn(text, " \t\n")])
		return 0;
	if (++a->depth > DEPTH_MAX)
		fail(a, "expression nested too deep");
	a->at = text;
	value = expression(a, true);
	if (*a->at)
		fail(a, "a variable that holds no number");
	a->at = saved;
	a->depth--;
	return value;
}

static s64 divide(struct arith *a, s64 left, s64 right, bool rest)
{
	if (!right)
		fail(a, "division by zero");
	if (right == -1) /* the one quotient that does not fit */
		return rest ? 0 : (s64)(0 - (u64)left);
	return rest ? left % right : left / right;
}

/* Wrapping: through unsigned. */
static s64 apply(struct arith *a, const char *op, s64 left, s64 right, bool live)
{
	u64 l = (u64)left, r = (u64)right;

	if (!live)
		return 0;
	switch (op[0]) {
	case '+':
		return (s64)(l + r);
	case '-':
		return (s64)(l - r);
	case '*':
		return (s64)(l * r);
	case '/':
		return divide(a, left, right, false);
	case '%':
		return divide(a, left, right, true);
	case '&':
		return op[1] == '&' ? left && right : left & right;
	case '|':
		return op[1] == '|' ? left || right : left | right;
	case '^':
		return left ^ right;
	case '<':
		if (op[1] == '<')
			return (s64)(l << (r & 63));
		return op[1] == '=' ? left <= right : left < right;
	case '>':
		if (op[1] == '>')
			return left >> (r & 63);
		return op[1] == '=' ? left >= right : left > right;
	case '=':
		return left == right;
	default:
		return left != right;
	}
}

static s64 primary(struct arith *a, bool live)
{
	char name[NAME_MAX_LEN];
	s64 value;

	if (++a->depth > DEPTH_MAX)
		fail(a, "expression nested too deep");
	skip_space(a);
	if (accept(a, "(")) {
		value = expression(a, live);
		if (!accept(a, ")"))
			fail(a, "( without )");
	} else if (accept(a, "-")) {
		value = (s64)(0 - (u64)primary(a, live));
	} else if (accept(a, "+")) {
		value = primary(a, live);
	} else if (accept(a, "~")) {
		value = ~primary(a, live);
	} else if (*a->at == '!' && a->at[1] != '=') {
		a->at++;
		value = !primary(a, live);
	} else if (*a->at >= '0' && *a->at <= '9') {
		value = number(a);
	} else if (read_name(a, name)) {
		value = live ? value_of(a, name) : 0;
	} else {
		fail(a, *a->at ? "not an expression" : "an operand is missing");
	}
	a->depth--;
	return value;
}

/* The binary operator that stands next: its index, or -1. */
static int peek_operator(struct arith *a)
{
	skip_space(a);
	for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
		size_t len = strlen(operators[i].text);

		if (strncmp(a->at, operators[i].text, len))
			continue;
		/* `+=` and its like belong to assignment(), which looked before us. */
		if (a->at[len] == '=' && len == 1 && !strchr("<>", a->at[0]))
			return -1;
		return (int)i;
	}
	return -1;
}

static s64 binary(struct arith *a, int level, bool live)
{
	s64 left = primary(a, live);
	int i;

	while ((i = peek_operator(a)) >= 0 && operators[i].level >= level) {
		const char *op = operators[i].text;
		bool need = !(op[0] == '&' && op[1] == '&' && !left) &&
			    !(op[0] == '|' && op[1] == '|' && left);
		s64 right;

		a->at += strlen(op);
		right = binary(a, operators[i].level + 1, live && need);
		left = apply(a, op, left, right, live);
	}
	return left;
}

static s64 conditional(struct arith *a, bool live)
{
	s64 cond = binary(a, 1, live), yes, no;

	if (!accept(a, "?"))
		return cond;
	if (++a->depth > DEPTH_MAX)
		fail(a, "expression nested too deep");
	yes = expression(a, live && cond);
	if (!accept(a, ":"))
		fail(a, "? without :");
	no = assignment(a, live && !cond);
	a->depth--;
	return cond ? yes : no;
}

static s64 assignment(struct arith *a, bool live)
{
	static const char ops[][4] = { "<<=", ">>=", "+=", "-=", "*=",
				       "/=", "%=", "&=", "^=", "|=" };
	const char *saved = a->at, *op = NULL, *error;
	char name[NAME_MAX_LEN];
	s64 value;

	if (!read_name(a, name))
		return conditional(a, live);
	skip_space(a);
	for (size_t i = 0; i < ARRAY_SIZE(ops) && !op; i++)
		if (accept(a, ops[i]))
			op = ops[i];
	if (!op && !(a->at[0] == '=' && a->at[1] != '=')) {
		a->at = saved;
		return conditional(a, live);
	}
	a->at += !op;
	if (++a->depth > DEPTH_MAX)
		fail(a, "expression nested too deep");
	value = assignment(a, live);
	a->depth--;
	if (!live)
		return 0;
	if (op)
		value = apply(a, op, value_of(a, name), value, true);
	error = a->hooks->set(a->hooks->ctx, name, value);
	if (error)
		fail(a, error);
	return value;
}

static s64 expression(struct arith *a, bool live)
{
	s64 value = assignment(a, live);

	while (accept(a, ","))
		value = assignment(a, live);
	skip_space(a);
	return value;
}

const char *arith_eval(const char *text, const struct arith_hooks *hooks, s64 *value)
{
	struct arith a = { .at = text, .hooks = hooks };

	*value = 0;
	if (setjmp(a.fail))
		return a.error;
	skip_space(&a);
	if (*a.at)
		*value = expression(&a, true);
	return *a.at ? "something behind the expression" : NULL;
}
