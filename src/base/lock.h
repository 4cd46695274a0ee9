/* SPDX-License-Identifier: MIT
 *
 * lock: a file that one process at a time holds, by flock(2): the kernel frees it when the holder ends, however it ends.
 *
 * The holder's pid stands in the file for people to read; nothing depends on it. A file that holds anything else
 * than a pid is locked and left as it is.
 */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include <sys/types.h>

/* Create the file if there is none, and lock it. Returns the fd, which keeps the lock until it is closed here and in
 * every process forked meanwhile (it is close-on-exec). -1 and errno: EWOULDBLOCK if another process holds it, whose
 * pid is *holder then, 0 if the file does not tell; EINVAL if it is no regular file. */
int lock_take(const char *path, pid_t *holder);

/* Strike out the pid and free the lock; nothing to do for -1. */
void lock_free(int fd);

#endif
