/* SPDX-License-Identifier: MIT
 *
 * dryrun: the commands of a feed, printed and not run. It needs no pool, no event loop and no observers: it waits for
 * input by itself, and for the reader of standard output.
 */
#ifndef DRYRUN_H
#define DRYRUN_H

#include "feed/feed.h"

/* Write each task's command to standard output, one a line, as it would run in slot 1; say of a task that is refused
 * why. `feed` is borrowed, and read to its end. Returns the exit status: 1 if any was refused. Dies (125) of input that
 * cannot be read and of output that cannot be written. */
int dryrun(struct feed *feed);

#endif
