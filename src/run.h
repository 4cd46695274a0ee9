/* SPDX-License-Identifier: MIT
 *
 * run: puts the pieces together: options -> template, feed, pool, observers -> exit status.
 */
#ifndef RUN_H
#define RUN_H

#include "cli/options.h"
#include "process/spawn.h"

/* Run all tasks. Returns the exit status, or does not return: dies of the signal that stopped it. */
int run(const struct options *options, struct spawn_origin *origin);

#endif
