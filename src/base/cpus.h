/* SPDX-License-Identifier: MIT
 *
 * cpus: how many CPUs this process may really use, and how busy they are. nproc(1) knows the affinity only; in a container
 * the quota of a cgroup, its own or one above it, is often the smaller number.
 */
#ifndef BASE_CPUS_H
#define BASE_CPUS_H

/* The smaller of affinity and quota, at least 1. Reads a few files of /proc and /sys: not for free. */
unsigned cpus_usable(void);

/* CPUs in this process's affinity mask, sched_getaffinity(2); 0 if the kernel does not tell. */
unsigned cpus_affinity(void);

/* The tightest CPU quota of this process's cgroups and of those above them, v1 (cpu.cfs_quota_us) and
 * v2 (cpu.max), in CPUs, a part of one counted as one; 0 if there is none. `root` is put before every
 * path, mount points included: "" for the real ones. See cgroups(7), proc(5) for the files. */
unsigned cpus_quota(const char *root);

/* The load average of the last minute, as /proc/loadavg below `root` tells it. -1 if it does not. */
int cpus_load(const char *root, double *load);

/* The text of cpu.max, "QUOTA PERIOD", in CPUs as above; 0 for "max", a negative quota or nonsense. */
unsigned cpus_quota_text(const char *text);

#endif
