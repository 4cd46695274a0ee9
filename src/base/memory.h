/* SPDX-License-Identifier: MIT
 *
 * memory: how much of it this process may still take, without anything being swapped out.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdint.h>

/* Bytes: what the system has left (MemAvailable of /proc/meminfo), or what the memory limits of this process's
 * cgroups and of those above them leave, v1 and v2, if that is less. There, cached file pages that are not in active
 * use count as left, as they do in MemAvailable. `root` is put before every path: "" for the real ones. -1 if the system
 * does not tell. See proc(5) and the kernel's cgroup documentation. */
int memory_available(const char *root, uint64_t *bytes);

#endif
