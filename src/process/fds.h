/* SPDX-License-Identifier: MIT
 *
 * fds: which fds are ours, and which forkpool was started with: those belong to the tasks.
 */
#ifndef PROCESS_FDS_H
#define PROCESS_FDS_H

/* Note which are open: call it before any of ours is. */
void fds_init(void);

/* In a forked process: close every fd of ours but for the `n` of `keep`. */
void fds_close_others(const int *keep, int n);

#endif
