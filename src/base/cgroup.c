/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/cgroup.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* Where a cgroup file system is mounted, and which of its directories is seen there: a container may
 * see its own subtree only. Both owned. */
struct mount {
	char *point;
	char *root;
};

FILE *cgroup_open_file(const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s", dir, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	free(path);
	return fd < 0 ? NULL : fdopen(fd, "r");
}

/* Is `name` one of the words of `list`, which commas separate? */
static bool list_has(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (; list; list = strchr(list, ',')) {
		list += *list == ',';
		if (strncmp(list, name, n) == 0 && (list[n] == ',' || list[n] == '\0'))
			return true;
	}
	return false;
}

/* The cgroup path in one "ID:CONTROLLERS:PATH" line, or NULL if the line is of another hierarchy. */
static const char *line_path(char *line, const struct cgroup_walk *w)
{
	char *controllers = strchr(line, ':');
	char *path = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!path)
		return NULL;
	*controllers++ = '\0';
	*path++ = '\0';
	if (w->version == CGROUP_V2)
		return strcmp(line, "0") == 0 && !*controllers ? path : NULL;
	return list_has(controllers, w->controller) ? path : NULL;
}

/* The path of this process's cgroup, for the caller to free, or NULL. */
static char *own_path(const struct cgroup_walk *w)
{
	FILE *f = cgroup_open_file(w->root, "proc/self/cgroup");
	char *line = NULL, *found = NULL;
	size_t size = 0;

	if (!f)
		return NULL;
	while (!found && getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		const char *path = line_path(line, w);
		found = path ? xstrdup(path) : NULL;
	}
	free(line);
	fclose(f);
	return found;
}

static bool is_octal(const char *s)
{
	return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' && s[2] <= '7';
}

/* mountinfo writes blanks and backslashes of a path as \ooo. */
static char *unescaped(const char *text)
{
	char *copy = xstrdup(text), *to = copy;

	while (*text) {
		if (*text == '\\' && is_octal(text + 1)) {
			*to++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0'));
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
	return copy;
}

/* Is the mount, described by what stands behind the lone "-", the one that is looked for? */
static bool is_wanted_mount(char **rest, const struct cgroup_walk *w)
{
	const char *type = strtok_r(NULL, " ", rest);
	const char *source = strtok_r(NULL, " ", rest);
	const char *options = strtok_r(NULL, " ", rest);

	if (!type || !source || !options)
		return false;
	if (w->version == CGROUP_V2)
		return strcmp(type, "cgroup2") == 0;
	return strcmp(type, "cgroup") == 0 && list_has(options, w->controller);
}

/* Take one line of mountinfo: ID PARENT DEVICE ROOT POINT OPTION... - TYPE SOURCE OPTIONS. */
static bool line_mount(char *line, const struct cgroup_walk *w, struct mount *m)
{
	char *rest, *word = strtok_r(line, " ", &rest);
	const char *fields[5] = {0};

	for (size_t i = 0; word && strcmp(word, "-") != 0; i++) {
		if (i < sizeof(fields) / sizeof(fields[0]))
			fields[i] = word;
		word = strtok_r(NULL, " ", &rest);
	}
	if (!word || !fields[4] || !is_wanted_mount(&rest, w))
		return false;
	m->root = unescaped(fields[3]);
	m->point = unescaped(fields[4]);
	return true;
}

static bool find_mount(const struct cgroup_walk *w, struct mount *m)
{
	FILE *f = cgroup_open_file(w->root, "proc/self/mountinfo");
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	if (!f)
		return false;
	while (!found && getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		found = line_mount(line, w, m);
	}
	free(line);
	fclose(f);
	return found;
}

/* The part of `path` below the mount's root; "" where the mount does not show that path. */
static const char *path_below(const char *path, const char *mount_root)
{
	size_t n = strlen(mount_root);

	if (strcmp(mount_root, "/") == 0)
		n = 0;
	if (strncmp(path, mount_root, n) != 0 || (path[n] != '/' && path[n] != '\0'))
		return "";
	path += n;
	return strcmp(path, "/") == 0 || strncmp(path, "/..", 3) == 0 ? "" : path;
}

/* The first line of a file in `dir`; "" if there is none. */
void cgroup_read_line(const char *dir, const char *name, char *text, int size)
{
	FILE *f = cgroup_open_file(dir, name);

	text[0] = '\0';
	if (!f)
		return;
	if (!fgets(text, size, f))
		text[0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	fclose(f);
}

/* A cgroup gets no more than those above it, whatever its own file says: walk up to the mount. */
static void walk_up(const char *top, const char *below, void (*look)(void *arg, const char *dir), void *arg)
{
	char *dir = xasprintf("%s%s", top, below);
	size_t top_len = strlen(top);

	look(arg, dir);
	while (strlen(dir) > top_len) {
		*strrchr(dir, '/') = '\0';
		look(arg, dir);
	}
	free(dir);
}

void cgroup_walk(const struct cgroup_walk *w)
{
	struct mount m = {0};
	char *path = own_path(w);

	if (path && find_mount(w, &m)) {
		char *top = xasprintf("%s%s", w->root, m.point);

		walk_up(top, path_below(path, m.root), w->look, w->arg);
		free(top);
	}
	free(m.point);
	free(m.root);
	free(path);
}
