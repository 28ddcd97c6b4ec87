/* SPDX-License-Identifier: MIT */
/*
 * [pure] A command as parsed: what parse.c makes, eval.c runs and print.c
 * shows. All of it lies on the pool of its `struct tree`; a function that was
 * defined by it holds a reference. The grammar is POSIX.1-2017 XCU §2.10.
 */
#pragma once

#include "pool.h"

struct node;
struct word;

enum part_kind { PART_TEXT, PART_PARAM, PART_COMMAND, PART_ARITH };

enum param_op {
	PARAM_PLAIN,
	PARAM_LENGTH,      /* ${#x} */
	PARAM_DEFAULT,     /* ${x-w} */
	PARAM_ASSIGN,      /* ${x=w} */
	PARAM_ERROR,       /* ${x?w} */
	PARAM_OTHER,       /* ${x+w} */
	PARAM_SUFFIX,      /* ${x%w} */
	PARAM_SUFFIX_LONG, /* ${x%%w} */
	PARAM_PREFIX,      /* ${x#w} */
	PARAM_PREFIX_LONG, /* ${x##w} */
};

/* A word is a row of these: a"b$c"$(d) has four. */
struct part {
	struct part *next;
	enum part_kind kind;
	bool quoted;         /* no field splitting, no patterns in it */
	const char *text;    /* TEXT: bytes; PARAM: name */
	size_t len;
	enum param_op op;    /* PARAM */
	bool colon;          /* PARAM: ${x:-w}: empty is as unset */
	struct word *arg;    /* PARAM: w or NULL; ARITH: the expression */
	struct node *list;   /* COMMAND; NULL: nothing in it */
};

struct word {
	struct word *next;
	struct part *parts;
};

struct assign {
	struct assign *next;
	const char *name;
	struct word *value;
};

enum redir_kind {
	REDIR_IN,      /* < */
	REDIR_OUT,     /* > */
	REDIR_CLOBBER, /* >| */
	REDIR_APPEND,  /* >> */
	REDIR_INOUT,   /* <> */
	REDIR_DUP_IN,  /* <& */
	REDIR_DUP_OUT, /* >& */
	REDIR_HERE,    /* << */
};

struct redir {
	struct redir *next;
	enum redir_kind kind;
	int fd;
	struct word *word;  /* target; HERE: the body */
	const char *delim;  /* HERE: the line that ends it */
	bool strip_tabs;    /* HERE: <<- */
	bool literal;       /* HERE: the delimiter was quoted */
};

enum node_kind {
	NODE_SIMPLE, NODE_PIPE, NODE_AND, NODE_OR, NODE_LIST, NODE_SUBSHELL, NODE_GROUP,
	NODE_IF, NODE_LOOP, NODE_FOR, NODE_CASE, NODE_FUNCTION,
};

struct case_item {
	struct case_item *next;
	struct word *patterns;
	struct node *body;   /* NULL: nothing to do */
	bool falls_through;  /* ;& */
};

struct node {
	struct node *next;    /* in a list or a pipeline */
	enum node_kind kind;
	unsigned line;
	bool background;      /* in a list: & behind it */
	struct redir *redirs; /* SIMPLE and the compound commands */
	union {
		struct {
			struct assign *assigns;
			struct word *words;
		} simple;
		struct {
			struct node *first;
			bool negate;
		} pipe;
		struct {
			struct node *left, *right;
		} binary; /* AND, OR */
		struct {
			struct node *first;
		} list;
		struct {
			struct node *list;
		} body; /* SUBSHELL, GROUP */
		struct {
			struct node *cond, *then, *otherwise; /* otherwise: IF, list, NULL */
		} branch;
		struct {
			struct node *cond, *body;
			bool until;
		} loop;
		struct {
			const char *name;
			struct word *words;
			bool has_in; /* without `in`: the parameters */
			struct node *body;
		} each;
		struct {
			struct word *word;
			struct case_item *items;
		} choice;
		struct {
			const char *name;
			struct node *body;
			struct tree *tree;
		} function;
	};
};

struct tree {
	struct pool pool;
	struct node *root; /* NULL: an empty line */
	unsigned refs;
};
