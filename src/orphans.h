/* SPDX-License-Identifier: MIT
 *
 * orphans: what became this process's child by the death of a worker or a guard, or was its child from the start.
 *
 * Whatever a dead worker's task had started is ended; what forkpool was born with is never touched.
 * Life cycle: orphans_open before anything is started; orphans_end in each turn; orphans_close.
 */
#ifndef ORPHANS_H
#define ORPHANS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "observe/callback.h"
#include "pool/pool.h"

struct orphans {
	struct pool *pool;         /* borrowed, as the next: they wait for their own children */
	struct callback *callback;
	bool leave;        /* --leave: background processes of finished tasks may live */
	bool child_died;   /* since they were looked at */
	struct buf born;   /* pids of children that this process was born with */
	struct buf left;   /* pids of what finished tasks have left: --leave, or it cannot be ended */
	char tag[40];      /* FORKPOOL_PID=..., which all that we start is given */
};

/* -1 and errno if this kernel does not let a process adopt its descendants. */
int orphans_open(struct orphans *o, struct pool *pool, struct callback *callback, bool leave);

/* End those of workers and guards that have died since the last time. */
void orphans_end(struct orphans *o);

/* End all, and free everything. */
void orphans_close(struct orphans *o);

#endif
