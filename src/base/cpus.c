/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/cpus.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>

#include "base/cgroup.h"

/* Of two limits the lower; 0 is none. */
static unsigned tighter(unsigned a, unsigned b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

static void look_v1(void *arg, const char *dir)
{
	unsigned *limit = arg;
	char text[96], quota[32], period[32];

	cgroup_read_line(dir, "cpu.cfs_quota_us", quota, sizeof(quota));
	cgroup_read_line(dir, "cpu.cfs_period_us", period, sizeof(period));
	snprintf(text, sizeof(text), "%s %s", quota, period);
	*limit = tighter(*limit, cpus_quota_text(text));
}

static void look_v2(void *arg, const char *dir)
{
	unsigned *limit = arg;
	char text[96];

	cgroup_read_line(dir, "cpu.max", text, sizeof(text));
	*limit = tighter(*limit, cpus_quota_text(text));
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
	unsigned limit = 0;

	cgroup_walk(&(struct cgroup_walk){root, CGROUP_V1, "cpu", look_v1, &limit});
	cgroup_walk(&(struct cgroup_walk){root, CGROUP_V2, "cpu", look_v2, &limit});
	return limit;
}

int cpus_load(const char *root, double *load)
{
	char text[64];

	cgroup_read_line(root, "proc/loadavg", text, sizeof(text));
	return sscanf(text, "%lf", load) == 1 && *load >= 0 ? 0 : -1;
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
