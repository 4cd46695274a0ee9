/* SPDX-License-Identifier: MIT
 *
 * socket: Unix stream sockets with a name in the file system, of any length, safe from other users.
 *
 * A name that sun_path has no room for is reached through an open fd, by /proc/self/fd. Nothing here waits, but for others
 * that are just about to listen in the same folder, and those 2 s at most.
 */
#ifndef BASE_SOCKET_H
#define BASE_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

/* A socket that we listen on. */
struct socket_place {
	int fd;        /* owned; -1: none */
	int folder_fd; /* owned */
	char *path;    /* owned; absolute, as given otherwise */
	dev_t dev;     /* of the socket in the file system: it is removed only if it is still that one */
	ino_t ino;
};

/* Listen on `path`: mode 0600 under any umask. The name appears when clients can connect. Refused: a folder that is not ours or
 * root's, or that others may write to (S_IWGRP, S_IWOTH, sticky or not); something there that is no socket or not ours; a socket
 * on which somebody listens. One on which nobody listens any more is replaced; of several who do that at once one wins (flock(2)
 * on the folder). -1 with *why a message to free, without the path, which names the way out; `place` is closed then. The
 * fd is non-blocking and close-on-exec. */
int socket_listen(struct socket_place *place, const char *path, char **why);

/* Stop listening and remove the socket from its folder, unless another one is there now. errno survives. */
void socket_close(struct socket_place *place);

/* The next client; non-blocking, close-on-exec. -1 and errno (EAGAIN: none). */
int socket_accept(const struct socket_place *place);

/* Who is at the other end, as of when it connected (SO_PEERCRED). False and errno. */
bool socket_peer(int fd, uid_t *uid, pid_t *pid);

/* Connect; the fd blocks and is close-on-exec. Refuses (EACCES) one whose server is neither ours nor root's, unless we are root. -1 and
 * errno: ENOENT or ECONNREFUSED: nobody listens there. */
int socket_connect(const char *path);

#endif
