/* SPDX-License-Identifier: MIT */
/* The search for programs (contract in path.h). */
#include "path.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shell.h"
#include "var.h"

struct remembered {
	struct remembered *next;
	char *name, *file;
};

static struct remembered *known;

bool path_next(const char **list, char *dir, size_t size)
{
	size_t len;

	if (!*list)
		return false;
	len = strcspn(*list, ":");
	snprintf(dir, size, "%.*s%s", (int)len, *list, len && (*list)[len - 1] != '/' ? "/" : "");
	*list = (*list)[len] ? *list + len + 1 : NULL;
	return true;
}

static bool is_program(const char *file)
{
	struct stat st;

	return stat(file, &st) == 0 && S_ISREG(st.st_mode) && access(file, X_OK) == 0;
}

const char *path_find_along(const char *path, const char *name)
{
	char dir[PATH_MAX];

	if (strchr(name, '/'))
		return name;
	while (path_next(&path, dir, sizeof(dir))) {
		struct text file;

		text_init(&file, &shell.temp);
		text_printf(&file, "%s%s", dir, name);
		if (is_program(text_get(&file)))
			return text_get(&file);
	}
	return NULL;
}

const char *path_find(const char *name)
{
	struct remembered *r;
	const char *file;

	for (r = known; r; r = r->next)
		if (strcmp(r->name, name) == 0 && is_program(r->file))
			return pool_strdup(&shell.temp, r->file);
	file = path_find_along(var_get("PATH"), name);
	if (!file || strchr(name, '/') || file[0] != '/')
		return file;
	r = shell_alloc(sizeof(*r));
	r->name = shell_strdup(name);
	r->file = shell_strdup(file);
	r->next = known;
	known = r;
	return file;
}

void path_forget(void)
{
	while (known) {
		struct remembered *r = known;

		known = r->next;
		free(r->name);
		free(r->file);
		free(r);
	}
}

void path_print(void)
{
	for (const struct remembered *r = known; r; r = r->next)
		puts(r->file);
}

void path_set_pwd(void)
{
	const char *pwd = var_get("PWD");
	struct stat here, said;
	char dir[PATH_MAX];

	if (pwd && *pwd == '/' && stat(".", &here) == 0 && stat(pwd, &said) == 0 &&
	    here.st_ino == said.st_ino && here.st_dev == said.st_dev)
		return;
	if (getcwd(dir, sizeof(dir)))
		var_set("PWD", dir);
}
