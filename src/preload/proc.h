/* SPDX-License-Identifier: MIT
 *
 * proc: read what /proc says of this process, without the C library's streams and heap: they are the program's.
 */
#ifndef PRELOAD_PROC_H
#define PRELOAD_PROC_H

#include <stdbool.h>

#define PROC_FDS_MAX 4096

struct proc_fds {
	unsigned char open[PROC_FDS_MAX];
};

/* The number that the text begins with, which is moved behind it; -1: there is none. */
int proc_number(const char **text);

/* Call `see` for each line of the file, without its newline, cut to some thousand bytes. -1 if it cannot be read. */
int proc_read_lines(const char *path, void (*see)(void *arg, const char *line), void *arg);

/* Mark the fds that are open, but for `own`. False: that cannot be known, or there is one that has no place. */
bool proc_list_fds(struct proc_fds *fds, int own);

#endif
