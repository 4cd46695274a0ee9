/* SPDX-License-Identifier: MIT
 *
 * client: "forkpool ctl": one verb to a pool that listens on a socket, and its answer. Runs in a process of its own,
 * which waits where it must: nothing of the pool's machinery is used.
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

/* argv[0] is "ctl"; argv is changed. Returns the exit status (forkpool-ctl(1), EXIT STATUS); fdio_init was called. */
int client_run(int argc, char **argv);

#endif
