/* SPDX-License-Identifier: MIT
 *
 * cgroup: where the limits of this process stand: the directories of its cgroup and of those above it. What the
 * files in them mean is for others to know. See cgroups(7).
 */
#ifndef BASE_CGROUP_H
#define BASE_CGROUP_H

#include <stdio.h>

enum cgroup_version {
	CGROUP_V1, /* a hierarchy for each controller */
	CGROUP_V2, /* one for all */
};

struct cgroup_walk {
	const char *root;       /* put before every path, mount points included: "" for the real ones */
	enum cgroup_version version;
	const char *controller; /* of version 1: "cpu", "memory", ... */
	void (*look)(void *arg, const char *dir); /* at a directory, from the process's own upwards */
	void *arg;
};

/* Look at each directory from this process's cgroup up to the mount; at none where there is no such hierarchy. */
void cgroup_walk(const struct cgroup_walk *w);

/* Open a file in `dir` for reading, close-on-exec; NULL and errno. */
FILE *cgroup_open_file(const char *dir, const char *name);

/* The first line of a file in `dir`, cut to fit; "" if there is none. */
void cgroup_read_line(const char *dir, const char *name, char *text, int size);

#endif
