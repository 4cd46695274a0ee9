/* SPDX-License-Identifier: MIT
 *
 * process_help: what the tests of processes and their fds share.
 *
 * A failed assertion ends a test on the spot, and libcheck kills only its process group. So every process that a test
 * leaves waiting waits on a pipe whose other end the test alone holds.
 */
#ifndef PROCESS_HELP_H
#define PROCESS_HELP_H

#include <stdbool.h>
#include <sys/types.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

/* However long a test has to wait, the machine is not that slow. */
#define WAIT_MS 20000

/* How many fds a process has open, and this one. */
int open_fds_of(pid_t pid);
int open_fds(void);

/* The number of the lowest free fd but `skip`. */
int free_fd(int skip);

/* Is there something to read, or the end, in time? */
bool becomes_readable(int fd);

/* All that comes up to the end, as a string; valid until the next call. The end must come in time. */
const char *read_text(int fd);

/* Wait for this child, -1: for any; the status is as wait(2) gives it. */
int status_of(pid_t pid);

/* Has this process no children, not even dead ones? */
bool is_childless(void);

/* Run in a child, which may spoil itself; 0 says that all was well there. */
void assert_child(int (*run)(void));

/* Valgrind makes vfork a fork, so that a failing exec is known only after the end, and keeps some limits to itself. */
bool is_under_valgrind(void);

/* A directory for the test, and paths in it; the last four are valid. */
void make_dir(void);
void remove_dir(void);
const char *in_dir(const char *name);

/* A file in it. */
const char *write_file(const char *name, const char *text, mode_t mode);

#endif
