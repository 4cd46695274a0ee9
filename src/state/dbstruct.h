/* SPDX-License-Identifier: MIT
 *
 * dbstruct: what the parts of db share: db.c opens, commits and closes, dbtask.c writes tasks, dbread.c reads them,
 * dbmarks.c puts on record what workers have noted, dbqueue.c writes and reads queues.
 */
#ifndef STATE_DBSTRUCT_H
#define STATE_DBSTRUCT_H

#include "base/buf.h"
#include "state/claim.h"
#include "state/db.h"
#include "state/sql.h"
#include "task/known.h"
#include "task/marks.h"

struct db {
	struct sql sql;
	struct claim claim;  /* outlives the connection */
	char *marks_path;    /* owned */
	int fds[DB_FDS];     /* that of the claim, borrowed, and that of the marks, owned; -1: none */
	unsigned marked_slots; /* for which there is room */
	bool durable;
	uint64_t last_task;  /* of an earlier run */
	struct known known;  /* tasks of its input, with enum db_known */
	struct buf text, holes; /* of the command that is being written */
};

/* dbmarks.c: put on record what workers of a run that was killed have noted, and begin anew. Faults are the database's. */
void db_open_marks(struct db *db);
void db_close_marks(struct db *db);

/* They cannot be used; errno says why. */
void db_fail_marks(struct db *db);

/* dbtask.c: this attempt runs, if it is the next one for which its task waits. */
void db_note_running(struct db *db, const struct mark *m);

/* dbread.c: learn which tasks of the input earlier runs have left. */
void db_read_known(struct db *db);

#endif
