/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/cpus.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

enum hierarchy {
	HIERARCHY_V1,
	HIERARCHY_V2,
};

/* Where a cgroup file system is mounted, and which of its directories is seen there: a container may
 * see its own subtree only. Both owned. */
struct mount {
	char *point;
	char *root;
};

/* Of two limits the lower; 0 is none. */
static unsigned tighter(unsigned a, unsigned b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

static FILE *open_below(const char *root, const char *path)
{
	char *name = xasprintf("%s%s", root, path);
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	free(name);
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
static const char *line_path(char *line, enum hierarchy which)
{
	char *controllers = strchr(line, ':');
	char *path = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!path)
		return NULL;
	*controllers++ = '\0';
	*path++ = '\0';
	if (which == HIERARCHY_V2)
		return strcmp(line, "0") == 0 && !*controllers ? path : NULL;
	return list_has(controllers, "cpu") ? path : NULL;
}

/* The path of this process's cgroup, for the caller to free, or NULL. */
static char *own_path(const char *root, enum hierarchy which)
{
	FILE *f = open_below(root, "/proc/self/cgroup");
	char *line = NULL, *found = NULL;
	size_t size = 0;

	if (!f)
		return NULL;
	while (!found && getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		const char *path = line_path(line, which);
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
static bool is_wanted_mount(char **rest, enum hierarchy which)
{
	const char *type = strtok_r(NULL, " ", rest);
	const char *source = strtok_r(NULL, " ", rest);
	const char *options = strtok_r(NULL, " ", rest);

	if (!type || !source || !options)
		return false;
	if (which == HIERARCHY_V2)
		return strcmp(type, "cgroup2") == 0;
	return strcmp(type, "cgroup") == 0 && list_has(options, "cpu");
}

/* Take one line of mountinfo: ID PARENT DEVICE ROOT POINT OPTION... - TYPE SOURCE OPTIONS. */
static bool line_mount(char *line, enum hierarchy which, struct mount *m)
{
	char *rest, *word = strtok_r(line, " ", &rest);
	const char *fields[5] = {0};

	for (size_t i = 0; word && strcmp(word, "-") != 0; i++) {
		if (i < sizeof(fields) / sizeof(fields[0]))
			fields[i] = word;
		word = strtok_r(NULL, " ", &rest);
	}
	if (!word || !fields[4] || !is_wanted_mount(&rest, which))
		return false;
	m->root = unescaped(fields[3]);
	m->point = unescaped(fields[4]);
	return true;
}

static bool find_mount(const char *root, enum hierarchy which, struct mount *m)
{
	FILE *f = open_below(root, "/proc/self/mountinfo");
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	if (!f)
		return false;
	while (!found && getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		found = line_mount(line, which, m);
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
static void read_line(const char *dir, const char *name, char *text, int size)
{
	char *path = xasprintf("/%s", name);
	FILE *f = open_below(dir, path);

	free(path);
	text[0] = '\0';
	if (!f)
		return;
	if (!fgets(text, size, f))
		text[0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	fclose(f);
}

static unsigned directory_quota(const char *dir, enum hierarchy which)
{
	char text[96], quota[32], period[32];

	if (which == HIERARCHY_V2) {
		read_line(dir, "cpu.max", text, sizeof(text));
	} else {
		read_line(dir, "cpu.cfs_quota_us", quota, sizeof(quota));
		read_line(dir, "cpu.cfs_period_us", period, sizeof(period));
		snprintf(text, sizeof(text), "%s %s", quota, period);
	}
	return cpus_quota_text(text);
}

/* A cgroup gets no more than those above it, whatever its own file says: walk up to the mount. */
static unsigned walk_up(const char *top, const char *below, enum hierarchy which)
{
	char *dir = xasprintf("%s%s", top, below);
	size_t top_len = strlen(top);
	unsigned limit = directory_quota(dir, which);

	while (strlen(dir) > top_len) {
		*strrchr(dir, '/') = '\0';
		limit = tighter(limit, directory_quota(dir, which));
	}
	free(dir);
	return limit;
}

static unsigned hierarchy_quota(const char *root, enum hierarchy which)
{
	struct mount m = {0};
	unsigned limit = 0;
	char *path = own_path(root, which);

	if (path && find_mount(root, which, &m)) {
		char *top = xasprintf("%s%s", root, m.point);

		limit = walk_up(top, path_below(path, m.root), which);
		free(top);
	}
	free(m.point);
	free(m.root);
	free(path);
	return limit;
}

unsigned cpus_quota_text(const char *text)
{
	long long quota, period;

	if (sscanf(text, "%lld %lld", &quota, &period) != 2 || quota <= 0 || period <= 0)
		return 0;
	long long cpus = quota / period + (quota % period != 0);
	return cpus > UINT_MAX ? UINT_MAX : (unsigned)cpus;
}

unsigned cpus_quota(const char *root)
{
	return tighter(hierarchy_quota(root, HIERARCHY_V1), hierarchy_quota(root, HIERARCHY_V2));
}

/* The kernel refuses a set that is smaller than its own, so grow until it fits. */
unsigned cpus_affinity(void)
{
	for (int n = CPU_SETSIZE; n <= CPU_SETSIZE * 1024; n *= 2) {
		cpu_set_t *set = CPU_ALLOC(n);
		size_t size = CPU_ALLOC_SIZE(n);
		unsigned count = 0;

		if (set && sched_getaffinity(0, size, set) == 0)
			count = (unsigned)CPU_COUNT_S(size, set);
		CPU_FREE(set);
		if (count > 0)
			return count;
	}
	return 0;
}

unsigned cpus_usable(void)
{
	unsigned cpus = tighter(cpus_affinity(), cpus_quota(""));

	return cpus > 0 ? cpus : 1;
}
