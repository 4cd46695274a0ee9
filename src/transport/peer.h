/* SPDX-License-Identifier: MIT
 *
 * peer: the other end of a channel: two fds and a pid. How it came to be is this layer's business only.
 */
#ifndef TRANSPORT_PEER_H
#define TRANSPORT_PEER_H

#include <sys/types.h>

#include "process/spawn.h"

#define PEER_KEPT_MAX 2 /* fds that are for forked peers as well */

struct peer {
	int rfd, wfd; /* owned by the caller after success; wfd does not block */
	pid_t pid;    /* a child of ours, to be reaped by the caller */
};

/* `origin` is borrowed. */
void peer_init(const struct spawn_origin *origin);

/* Fork a process that calls `serve` with its two fds and `arg` and exits with what that returns. It
 * keeps what the caller of forkpool left open (those fds are not close-on-exec) and nothing of ours, but for `kept`,
 * of which -1 is none; NULL: nothing. 0, or -1 and errno with nothing left behind. */
int peer_fork(struct peer *p, int (*serve)(int rfd, int wfd, void *arg), void *arg, const int kept[PEER_KEPT_MAX]);

/* Start `command` with sh -c, its standard input and output being the channel. The same otherwise. */
int peer_command(struct peer *p, const char *command);

#endif
