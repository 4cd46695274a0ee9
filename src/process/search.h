/* SPDX-License-Identifier: MIT
 *
 * search: where the file of a command is looked for, as execvp(3) does. Async-signal-safe.
 */
#ifndef PROCESS_SEARCH_H
#define PROCESS_SEARCH_H

#include <limits.h>
#include <stdbool.h>

/* `*rest`: what is left of PATH, not NULL. Writes to `file` where its first entry would have `name` (not empty, no
 * slash) and moves `*rest` to the next entry, to NULL behind the last. -1 and ENAMETOOLONG if that is too long. */
int search_next(const char **rest, const char *name, char file[PATH_MAX]);

/* Is this the error of one entry of PATH only, so that the search goes on? */
bool search_goes_on(int error);

#endif
