/* SPDX-License-Identifier: MIT
 *
 * claim: the file of a database: where it really is, whether it can be one, and that no other forkpool uses it.
 *
 * The claim is a lock on a range of the file that begins far behind all that SQLite locks or writes, so that it
 * needs no file of its own. It belongs to the open file (F_OFD_SETLK in fcntl(2)): SQLite, which gives up all that
 * the process has locked whenever it unlocks, does not touch it, and the kernel frees it when this process has ended
 * and those forked from it have closed what they inherited. The range is as long as the holder's pid is large: so
 * others can tell who it is. Workers keep it: when a run has been killed, the next one begins when nothing of it is left.
 */
#ifndef STATE_CLAIM_H
#define STATE_CLAIM_H

struct claim {
	char *path; /* owned; absolute, no symbolic link in it: the process may change its directory */
	int fd;     /* owned; has the lock */
};

/* Make the file if there is none, mode 0600 under any umask, and claim it; one that another process claims is waited
 * for, 2 s at most, since that process may be about to end, or 8 s, if it is dead and its workers still end their tasks.
 * -1 with *why, a message to free, that names the way out. */
int claim_take(struct claim *c, const char *path, char **why);
void claim_drop(struct claim *c);

#endif
