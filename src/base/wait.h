/* SPDX-License-Identifier: MIT
 *
 * wait: for fds and for children; EINTR does not come out of here.
 */
#ifndef BASE_WAIT_H
#define BASE_WAIT_H

#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>

/* As poll(2). An interrupted one begins anew, its time too. */
int wait_for_fds(struct pollfd *fds, nfds_t n, int timeout_ms);

/* Until the child `pid` has ended, which is forgotten. */
void wait_for_child(pid_t pid);

/* The same, for at most so long. False: it has not ended. */
bool wait_for_child_ms(pid_t pid, int timeout_ms);

#endif
