/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/memory.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cgroup.h"

/* The number behind `key` at the beginning of a line. */
static bool find_number(const char *dir, const char *name, const char *key, uint64_t *value)
{
	FILE *f = cgroup_open_file(dir, name);
	char line[256];
	size_t len = strlen(key);
	bool found = false;
	if (!f)
		return false;
	while (!found && fgets(line, sizeof line, f))
		found = strncmp(line, key, len) == 0 && sscanf(line + len, "%" SCNu64, value) == 1;
	fclose(f);
	return found;
}

static bool read_number(const char *dir, const char *name, uint64_t *value)
{
	return find_number(dir, name, "", value);
}

/* What a limit leaves; "max" of v2 is no number, and none of v1 is larger than any memory. */
static void look(uint64_t *least, const char *dir, const char *names[3])
{
	uint64_t limit, usage, cached = 0;
	if (!read_number(dir, names[0], &limit) || !read_number(dir, names[1], &usage))
		return;
	find_number(dir, "memory.stat", names[2], &cached);
	uint64_t taken = usage > cached ? usage - cached : 0;
	uint64_t left = limit > taken ? limit - taken : 0;
	if (left < *least)
		*least = left;
}

static void look_v1(void *arg, const char *dir)
{
	look(arg, dir, (const char *[]){"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "});
}

static void look_v2(void *arg, const char *dir)
{
	look(arg, dir, (const char *[]){"memory.max", "memory.current", "inactive_file "});
}

int memory_available(const char *root, uint64_t *bytes)
{
	uint64_t kib;
	if (!find_number(root, "proc/meminfo", "MemAvailable:", &kib))
		return -1;
	*bytes = kib > UINT64_MAX / 1024 ? UINT64_MAX : kib * 1024;
	cgroup_walk(&(struct cgroup_walk){root, CGROUP_V1, "memory", look_v1, bytes});
	cgroup_walk(&(struct cgroup_walk){root, CGROUP_V2, "memory", look_v2, bytes});
	return 0;
}
