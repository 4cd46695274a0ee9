/* SPDX-License-Identifier: MIT
 *
 * kin: know, end and reap what this process started, directly or not.
 *
 * The process is made a child subreaper: whatever its descendants leave behind becomes its child.
 * So "has it left anything?" is "are there children?", and ending everything is ending children until
 * there are none. Sources: prctl(2) PR_SET_CHILD_SUBREAPER, proc(5) /proc/PID/task/TID/children.
 */
#ifndef PROCESS_KIN_H
#define PROCESS_KIN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/buf.h"

/* Become a subreaper. -1 and errno. */
int kin_init(void);

/* Ask for `signo` when the parent, known to be `parent`, dies. If it is already dead: -1, errno ESRCH. */
int kin_die_with(pid_t parent, int signo);

/* Keep the kernel's list of children open, where it is read after every task. Not in a process that will fork and go on
 * without exec: the list is this one's. */
void kin_keep_list(void);

/* The pids of all children as an array at `pids` (pid_t each, appended). Without /proc: none. */
void kin_children(struct buf *pids);

/* Is `pid` one of these? */
bool kin_has(const struct buf *pids, pid_t pid);

/* Send `signo` to every child that `spare` (may be NULL) does not want kept. Returns how many there are; those
 * that may not be signalled (another user's) are not counted and, if `escaped` is given, appended to it as
 * " NAME (PID)". */
size_t kin_signal(int signo, bool (*spare)(const void *arg, pid_t pid), const void *arg, struct buf *escaped);

/* SIGTERM, once, to every child that is neither spared nor among `told`, the pids of those that had it before; and
 * SIGCONT, since a stopped process sees it when it goes on. `told` is brought up to date. */
void kin_ask_to_end(bool (*spare)(const void *arg, pid_t pid), const void *arg, struct buf *told);

/* Reap those that are dead and not spared. */
void kin_reap(bool (*spare)(const void *arg, pid_t pid), const void *arg);

/* Was this process started with `entry` (NAME=VALUE) in its environment? False if it is dead, or that cannot be
 * read, now or within 50 ms. */
bool kin_started_with(pid_t pid, const char *entry);

/* The first child of `parent`, oldest first, that was started with `entry` in its environment, as far as that can be read
 * now. 0: none. */
pid_t kin_child_started_with(pid_t parent, const char *entry);

/* The nearest one that is ours of `pid` and its ancestors. 0: none is, or /proc does not tell. */
pid_t kin_ancestor(pid_t pid, bool (*is_ours)(const void *arg, pid_t pid), const void *arg);

/* Is it dead, reaped or not? Then what it leaves has been handed over. */
bool kin_is_dead(pid_t pid);

/* Kill and reap every child that is not spared, and what those leave behind, until none is left or
 * `bound_ns` have passed. What is there still is appended to `escaped` (may be NULL) as " NAME (PID)". */
void kin_end(bool (*spare)(const void *arg, pid_t pid), const void *arg, unsigned long long bound_ns,
	     struct buf *escaped);

#endif
