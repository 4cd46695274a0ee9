/* SPDX-License-Identifier: MIT
 *
 * gain: what execve(2) gives a process beyond what its parent has. A security module (SELinux, AppArmor, ...) may put a
 * program into another domain; the dynamic loader then may not be told what to load. Knows /proc, and no module.
 *
 * Sources: getauxval(3) AT_SECURE, proc(5) /proc/pid/auxv and /proc/pid/attr/current.
 */
#ifndef PROCESS_GAIN_H
#define PROCESS_GAIN_H

#include <stdbool.h>
#include <sys/types.h>

/* Has this child, which is being executed or has just been, other rights than this process? It is waited for until the
 * kernel has told, which takes microseconds. True also where that cannot be known; one that is dead has
 * none. */
bool gain_has(pid_t pid);

#endif
