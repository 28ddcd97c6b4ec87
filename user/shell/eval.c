/* SPDX-License-Identifier: MIT */
/* Running trees (contract in eval.h). POSIX.1-2017 XCU §2.9. */
#include "eval.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builtin.h"
#include "expand.h"
#include "func.h"
#include "job.h"
#include "parse.h"
#include "path.h"
#include "pattern.h"
#include "print.h"
#include "redir.h"
#include "shell.h"
#include "trap.h"
#include "var.h"

#define FUNCTION_DEPTH_MAX 800

/* The parameters of the callers of functions. */
struct call {
	struct call *prev;
	struct shell_params params;
};

static struct call *calls;

static int eval(const struct node *n, bool last);

static int done(int status)
{
	shell.status = status;
	return status;
}

/* A command has failed that nobody tests: errexit. */
static int check_exit(int status)
{
	if (status && shell_opt(OPT_ERREXIT) && !shell.untested && shell.skip == SKIP_NONE)
		shell_exit(status);
	return status;
}

/* Run @n where its failure is an answer. */
static int eval_tested(const struct node *n)
{
	int status;

	shell.untested++;
	status = eval(n, false);
	shell.untested--;
	return status;
}

/* ---- programs ---- */

/* A file that execve() does not know but that is text: ours to run. */
static void exec_script(const char *file, char **argv)
{
	char **with;
	int argc = 0;

	while (argv[argc])
		argc++;
	with = pool_alloc(&shell.temp, ((size_t)argc + 2) * sizeof(*with));
	with[0] = pool_strdup(&shell.temp, "exsh");
	with[1] = pool_strdup(&shell.temp, file);
	for (int i = 1; i < argc; i++)
		with[i + 1] = argv[i];
	execve("/proc/self/exe", with, var_environ());
	execve("/bin/exsh", with, var_environ());
}

int eval_exec(char **argv, const char *path)
{
	const char *file = path ? path_find_along(path, argv[0]) : path_find(argv[0]);
	int err;

	if (!file) {
		shell_error("%s: not found", argv[0]);
		return 127;
	}
	execve(file, argv, var_environ());
	err = errno;
	if (err == ENOEXEC)
		exec_script(file, argv);
	shell_error("%s: %s", argv[0], strerror(err));
	return err == ENOENT || err == ENOTDIR ? 127 : 126;
}

static int run_program(char **argv, const char *path)
{
	struct job *job = job_new(NULL);

	if (job_fork(job, JOB_FRONT) == 0)
		_exit(eval_exec(argv, path));
	return job_wait_front(job);
}

/* ---- functions and builtins ---- */

static void leave_call(void)
{
	struct call *call = calls;

	shell_free_params(&shell.params);
	shell.params = call->params;
	calls = call->prev;
	free(call);
}

void eval_unwind(void)
{
	while (calls)
		leave_call();
}

static int run_function(const struct node *body, int argc, char **argv)
{
	struct call *call = shell_alloc(sizeof(*call));
	int loops = shell.loop_depth, status;

	if (shell.function_depth >= FUNCTION_DEPTH_MAX) {
		free(call);
		shell_fail(2, "%s: functions call each other too deep", argv[0]);
	}
	call->params = shell.params;
	call->prev = calls;
	calls = call;
	shell.params = (struct shell_params){ NULL, 0 };
	shell_set_params(argv + 1, argc - 1);
	shell.loop_depth = 0;
	shell.function_depth++;
	shell.source_depth++;
	var_scope_begin();
	status = eval(body, false);
	var_scope_end();
	shell.source_depth--;
	shell.function_depth--;
	shell.loop_depth = loops;
	if (shell.skip == SKIP_RETURN)
		shell.skip = SKIP_NONE;
	status = shell.status;
	leave_call();
	return status;
}

static int run_builtin(const struct builtin *b, int argc, char **argv)
{
	int status;

	clearerr(stdout);
	status = b->run(argc, argv);
	if (fflush(stdout) || ferror(stdout)) {
		shell_error("%s: %s", argv[0], strerror(errno));
		clearerr(stdout);
		status = status ? status : 1;
	}
	return status;
}

int eval_argv(int argc, char **argv, bool functions, const char *path)
{
	const struct node *body = functions ? func_find(argv[0]) : NULL;
	const struct builtin *b = builtin_find(argv[0]);

	if (body)
		return run_function(body, argc, argv);
	if (b)
		return run_builtin(b, argc, argv);
	return run_program(argv, path);
}

/* ---- simple commands ---- */

static void trace(const struct assign *assigns, char *const *argv)
{
	struct text line;
	const char *before = "";

	if (!shell_opt(OPT_XTRACE))
		return;
	text_init(&line, &shell.temp);
	text_str(&line, expand_text(var_get("PS4") ? var_get("PS4") : ""));
	for (; assigns; assigns = assigns->next) {
		text_printf(&line, "%s%s=%s", before, assigns->name, var_get(assigns->name) ?: "");
		before = " ";
	}
	for (; *argv; argv++) {
		text_str(&line, before);
		if (**argv && !(*argv)[strcspn(*argv, " \t\n\"'$`\\|&;<>()*?[]{}")])
			text_str(&line, *argv);
		else
			print_quoted(&line, *argv, strlen(*argv));
		before = " ";
	}
	dprintf(redir_outer_stderr(), "%s\n", text_get(&line));
}

static void do_assigns(const struct assign *a, bool local, bool exported)
{
	for (; a; a = a->next) {
		char *value = expand_one(a->value, true);

		if (local)
			var_local(a->name);
		var_set(a->name, value);
		if (exported)
			var_export(a->name);
	}
}

/* Assignments and redirections without a command. */
static int eval_nothing(const struct node *n)
{
	char *none[] = { NULL };

	shell.substitution_status = 0;
	if (n->redirs) {
		if (!redir_begin(n->redirs, false))
			return 1;
		redir_end();
	}
	do_assigns(n->simple.assigns, false, false);
	trace(n->simple.assigns, none);
	return shell.substitution_status;
}

/* The redirections of a special builtin failed, or it was used wrongly. */
static int special_failed(int status)
{
	if (!shell_opt(OPT_INTERACTIVE) || shell.in_child)
		shell_exit(status);
	return status;
}

static int eval_special(const struct node *n, const struct builtin *b, struct expand_args *args)
{
	bool is_exec = strcmp(b->name, "exec") == 0;
	int status;

	do_assigns(n->simple.assigns, false, is_exec);
	if (is_exec)
		trace(n->simple.assigns, args->argv);
	if (!redir_begin(n->redirs, is_exec))
		return special_failed(2);
	if (!is_exec)
		trace(n->simple.assigns, args->argv);
	builtin_misused = false;
	status = run_builtin(b, args->argc, args->argv);
	redir_end();
	return builtin_misused ? special_failed(status) : status;
}

/* A function or an ordinary builtin: its assignments and redirections are its own. */
static int eval_here(const struct node *n, const struct node *body, const struct builtin *b,
		     struct expand_args *args)
{
	int status;

	if (!redir_begin(n->redirs, false))
		return 1;
	if (n->simple.assigns) {
		var_scope_begin();
		do_assigns(n->simple.assigns, true, true);
	}
	trace(n->simple.assigns, args->argv);
	status = body ? run_function(body, args->argc, args->argv) :
			run_builtin(b, args->argc, args->argv);
	if (n->simple.assigns)
		var_scope_end();
	redir_end();
	return status;
}

/* In the process that becomes the program. */
static __noreturn void become(const struct node *n, struct expand_args *args)
{
	if (!redir_begin(n->redirs, false))
		_exit(1);
	do_assigns(n->simple.assigns, false, true);
	trace(n->simple.assigns, args->argv);
	_exit(eval_exec(args->argv, NULL));
}

static int eval_program(const struct node *n, struct expand_args *args, bool last)
{
	struct job *job;

	if (last && shell.in_child && !trap_get(0))
		become(n, args);
	path_find(args->argv[0]); /* remembered here, for the next time */
	job = job_new(n);
	if (job_fork(job, JOB_FRONT) == 0)
		become(n, args);
	return job_wait_front(job);
}

static bool is_declaration(const struct word *first)
{
	const char *name = first ? parse_plain(first) : NULL;
	const struct builtin *b = name ? builtin_find(name) : NULL;

	if (name && strcmp(name, "command") == 0)
		return is_declaration(first->next);
	return b && b->declares;
}

static int eval_simple(const struct node *n, bool last)
{
	struct expand_args args;
	const struct builtin *b;
	const struct node *body;

	shell.line = n->line;
	expand_args(n->simple.words, is_declaration(n->simple.words), &args);
	if (!args.argc)
		return eval_nothing(n);
	b = builtin_find(args.argv[0]);
	if (b && b->special)
		return eval_special(n, b, &args);
	body = func_find(args.argv[0]);
	if (body || b)
		return eval_here(n, body, b, &args);
	return eval_program(n, &args, last);
}

/* ---- pipelines and background ---- */

/* In the child for one command of a pipeline: @in and the writing end of @out become 0
 * and 1. */
static __noreturn void pipe_child(const struct node *n, int in, const int out[2])
{
	if (in >= 0) {
		dup2(in, STDIN_FILENO);
		close(in);
	}
	if (out[1] >= 0) {
		close(out[0]);
		if (out[1] != STDOUT_FILENO) {
			dup2(out[1], STDOUT_FILENO);
			close(out[1]);
		}
	}
	eval_child(n);
}

/* Start the commands of a pipeline in @job. */
static void start_pipe(struct job *job, const struct node *first, enum job_mode mode)
{
	int in = -1;

	for (const struct node *n = first; n; n = n->next) {
		int out[2] = { -1, -1 };

		if (n->next && pipe(out) < 0)
			shell_fail(2, "pipe: %s", strerror(errno));
		if (job_fork(job, mode) == 0)
			pipe_child(n, in, out);
		if (in >= 0)
			close(in);
		if (out[1] >= 0)
			close(out[1]);
		in = out[0];
	}
}

static int eval_pipe(const struct node *n)
{
	int status;

	if (!n->pipe.first->next) {
		status = eval_tested(n->pipe.first); /* there is a ! */
	} else {
		struct job *job = job_new(n);

		start_pipe(job, n->pipe.first, JOB_FRONT);
		status = job_wait_front(job);
	}
	if (n->pipe.negate && shell.skip == SKIP_NONE)
		return done(!status);
	return status;
}

static int eval_background(const struct node *n)
{
	struct job *job = job_new(n);

	if (n->kind == NODE_PIPE && !n->pipe.negate)
		start_pipe(job, n->pipe.first, JOB_BACKGROUND);
	else if (job_fork(job, JOB_BACKGROUND) == 0)
		eval_child(n);
	job_detach(job);
	return done(0);
}

static int eval_subshell(const struct node *n)
{
	struct job *job = job_new(n);

	if (job_fork(job, JOB_FRONT) == 0) {
		if (!redir_begin(n->redirs, true))
			_exit(1);
		eval_child(n->body.list);
	}
	return job_wait_front(job);
}

void eval_child(const struct node *n)
{
	shell.status = 0;
	if (n)
		eval(n, true);
	shell_exit(shell.status);
}

/* ---- compound commands ---- */

/* After a loop's body: must the loop end? */
static bool leave_loop(void)
{
	if (shell.skip == SKIP_NONE)
		return false;
	if (shell.skip == SKIP_RETURN)
		return true;
	if (--shell.skip_count > 0)
		return true;
	if (shell.skip == SKIP_BREAK) {
		shell.skip = SKIP_NONE;
		return true;
	}
	shell.skip = SKIP_NONE;
	return false;
}

static int eval_loop(const struct node *n)
{
	int status = 0;

	shell.loop_depth++;
	for (;;) {
		bool yes = eval_tested(n->loop.cond) == 0;

		if (shell.skip != SKIP_NONE) {
			if (leave_loop())
				break;
			continue;
		}
		if (yes == n->loop.until)
			break;
		status = eval(n->loop.body, false);
		if (leave_loop()) {
			if (shell.skip == SKIP_RETURN)
				status = shell.status;
			break;
		}
	}
	shell.loop_depth--;
	return done(status);
}

static int eval_for(const struct node *n)
{
	struct expand_args args = { shell.params.argv, shell.params.argc };
	char **copy;
	int status = 0;

	if (n->each.has_in) {
		expand_args(n->each.words, false, &args);
	} else { /* the body may change the parameters */
		copy = pool_alloc(&shell.temp, ((size_t)args.argc + 1) * sizeof(*copy));
		for (int i = 0; i < args.argc; i++)
			copy[i] = pool_strdup(&shell.temp, args.argv[i]);
		args.argv = copy;
	}
	shell.loop_depth++;
	for (int i = 0; i < args.argc; i++) {
		var_set(n->each.name, args.argv[i]);
		status = eval(n->each.body, false);
		if (leave_loop())
			break;
	}
	shell.loop_depth--;
	return shell.skip == SKIP_RETURN ? shell.status : done(status);
}

static bool item_matches(const struct case_item *item, const char *word)
{
	for (const struct word *w = item->patterns; w; w = w->next)
		if (pattern_match(expand_pattern(w), word))
			return true;
	return false;
}

static int eval_case(const struct node *n, bool last)
{
	const char *word = expand_one(n->choice.word, false);
	const struct case_item *item = n->choice.items;
	int status = 0;

	while (item && !item_matches(item, word))
		item = item->next;
	shell.status = item && item->body ? shell.status : 0;
	for (; item; item = item->next) {
		status = item->body ? eval(item->body, last) : done(0);
		if (!item->falls_through || shell.skip != SKIP_NONE)
			break;
	}
	return status;
}

static int eval_if(const struct node *n, bool last)
{
	int cond = eval_tested(n->branch.cond);

	if (shell.skip != SKIP_NONE)
		return shell.status;
	if (cond == 0)
		return eval(n->branch.then, last);
	if (n->branch.otherwise)
		return eval(n->branch.otherwise, last);
	return done(0);
}

static int eval_and_or(const struct node *n, bool last)
{
	int status = eval_tested(n->binary.left);

	if (shell.skip != SKIP_NONE || (status == 0) != (n->kind == NODE_AND))
		return status;
	return eval(n->binary.right, last);
}

static int eval_list(const struct node *n, bool last)
{
	int status = 0;

	for (n = n->list.first; n; n = n->next) {
		status = n->background ? eval_background(n) : eval(n, last && !n->next);
		if (shell.skip != SKIP_NONE)
			break;
	}
	return status;
}

static int eval_kind(const struct node *n, bool last)
{
	switch (n->kind) {
	case NODE_SIMPLE:
		return eval_simple(n, last);
	case NODE_PIPE:
		return eval_pipe(n);
	case NODE_AND:
	case NODE_OR:
		return eval_and_or(n, last);
	case NODE_LIST:
		return eval_list(n, last);
	case NODE_SUBSHELL:
		return eval_subshell(n);
	case NODE_GROUP:
		return eval(n->body.list, last);
	case NODE_IF:
		return eval_if(n, last);
	case NODE_LOOP:
		return eval_loop(n);
	case NODE_FOR:
		return eval_for(n);
	case NODE_CASE:
		return eval_case(n, last);
	case NODE_FUNCTION:
		func_define(n);
		return 0;
	}
	return 0;
}

/* Compound commands have their redirections put around them here. */
static int eval_redirected(const struct node *n, bool last)
{
	int status;

	if (n->kind == NODE_SIMPLE || n->kind == NODE_SUBSHELL || !n->redirs)
		return eval_kind(n, last);
	if (!redir_begin(n->redirs, false))
		return 1;
	status = eval_kind(n, false);
	redir_end();
	return status;
}

/* A command whose own status counts for errexit; the others pass on an inner one's. */
static bool counts(const struct node *n)
{
	return n->kind == NODE_SIMPLE || n->kind == NODE_SUBSHELL ||
	       (n->kind == NODE_PIPE && !n->pipe.negate);
}

static int eval(const struct node *n, bool last)
{
	struct pool_mark mark = pool_mark(&shell.temp);
	int status;

	if (shell_opt(OPT_NOEXEC) && !shell_opt(OPT_INTERACTIVE))
		return shell.status;
	trap_run_pending();
	status = eval_redirected(n, last);
	pool_release(&shell.temp, mark);
	if (shell.skip != SKIP_RETURN)
		done(status);
	if (counts(n) || (status && n->redirs))
		check_exit(shell.status);
	trap_run_pending();
	return shell.status;
}

int eval_node(const struct node *n)
{
	return n ? eval(n, false) : shell.status;
}
