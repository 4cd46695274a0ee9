/* SPDX-License-Identifier: MIT
 *
 * dbstruct: what the parts of db share: db.c opens, commits and closes, dbtask.c writes tasks, dbread.c reads them,
 * dbqueue.c does both for queues.
 */
#ifndef STATE_DBSTRUCT_H
#define STATE_DBSTRUCT_H

#include "base/buf.h"
#include "state/claim.h"
#include "state/sql.h"
#include "task/known.h"

struct db {
	struct sql sql;
	struct claim claim;  /* outlives the connection */
	bool durable;
	uint64_t last_task;  /* of an earlier run */
	struct known known;  /* tasks of its input, with enum db_known */
	struct buf text, holes; /* of the command that is being written */
};

/* Learn which tasks of the input earlier runs have left. */
void db_read_known(struct db *db);

#endif
