/* SPDX-License-Identifier: MIT
 *
 * agent: forkpool as the far end of --via: a worker on standard input and output.
 */
#ifndef AGENT_H
#define AGENT_H

#include "process/spawn.h"

/* Serve until standard input ends. Returns the exit status. */
int agent_run(const struct spawn_origin *origin);

#endif
