/* SPDX-License-Identifier: MIT
 *
 * worker: runs tasks, one at a time, for a pool at the other end of two fds.
 *
 * It knows the wire (doc/PROTOCOL.md), how to start a command and how to end everything that the command
 * started; nothing of queues, retries, time limits or output order. When its channel ends, or its
 * parent dies, it ends its task and exits.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <sys/types.h>

#include "process/spawn.h"

/* Serve until the end of `rfd`; owns both fds from now on. `parent` is the process whose death ends
 * this one, `origin` what commands get back; `marks_fd`, borrowed, where attempts are noted when they begin
 * (task/marks.h), -1: nowhere. Returns the exit status of this process. */
int worker_serve(int rfd, int wfd, pid_t parent, const struct spawn_origin *origin, int marks_fd);

#endif
