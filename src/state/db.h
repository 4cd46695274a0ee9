/* SPDX-License-Identifier: MIT
 *
 * db: what --state keeps, in SQLite: tasks, attempts, outcomes, results, queues and messages (state/schema.h).
 *
 * All changes since the last db_commit are one transaction. They do not fail: the first fault is kept, and told by
 * db_error; nothing is written after it. libsqlite3 is loaded when it is wanted. One process uses the file at a time
 * (state/claim.h), while anybody may read it with sqlite3(1). The connection belongs to the process that opened it:
 * a forked child must not touch it.
 *
 * Life cycle: db_open; db_each_left, db_each_queue and db_each_message once; then changes and db_commit;
 * db_close.
 */
#ifndef STATE_DB_H
#define STATE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "task/outcome.h"
#include "task/task.h"

struct db;

/* Open or create it: mode 0600 under any umask, and so are its -wal, -shm and -begun. NULL with *why, a message to free that
 * names the way out, if it is refused: SQLite is missing; a folder that is not there; a file that is no database,
 * not ours or damaged, or of a newer version; a network file system, on which neither locks nor WAL can be trusted;
 * a file that another forkpool uses, which is waited for (state/claim.h). `durable`: what
 * db_commit(db, true) returns from is on disk; else it is safe from the death of processes only. */
struct db *db_open(const char *path, bool durable, char **why);

/* Commits, with on_disk. Whoever wants to know whether that works calls db_commit and db_error before. */
void db_close(struct db *db);

/* Two fds for workers, borrowed: as long as any process has the first open, no other run gets the database; in the second
 * they note what they begin (task/marks.h). */
enum { DB_CLAIM, DB_MARKS, DB_FDS };
const int *db_fds(const struct db *db);

/* Why nothing more is written, borrowed; NULL: all is well. A full disk is one reason. */
const char *db_error(const struct db *db);

/* End the transaction, if anything has been changed. `on_disk`: with all that was committed before, onto the disk,
 * if the database is durable; costs nothing if that is there already. Otherwise a power cut may undo it. */
void db_commit(struct db *db, bool on_disk);

/* Would a commit have anything to bring onto the disk? Never, if it is not durable. */
bool db_lags(const struct db *db);

/* Tasks. */

/* The highest number that a task of an earlier run has; 0: none. */
uint64_t db_last_task(const struct db *db);

enum db_left {
	DB_WAITED,
	DB_RAN,  /* its last attempt, when the run ended: db_fail or db_finish is to tell what became of that */
	DB_OVER, /* but not settled */
};

/* Tasks of which something remains to be done, by number. For each, a task that the callee takes over (task_new with place
 * 0; seq, command, refusal, name, directory, tag, results, submitted; killed, where only a client that is gone wanted to
 * know of it; over, shown; and attempt, the attempts that were begun). The callee makes no changes. -1 if the database cannot be
 * read (db_error). */
int db_each_left(struct db *db, void (*found)(void *arg, struct task *t, enum db_left how), void *arg);

/* Tasks of the input are known by text and occurrence (task/known.h): what was known, when the database was opened,
 * of the next one with this text, which is what command_print gives for slot 1? Sets *seq unless it is new. */
enum db_known { DB_NEW, DB_UNFINISHED, DB_FAILED, DB_SUCCEEDED };
enum db_known db_take(struct db *db, const char *text, size_t len, uint64_t *seq);

/* A new task, which waits. Its number is t->seq, which no other has. */
void db_add(struct db *db, const struct task *t);

/* Attempts. That one has begun is known by the mark that its worker leaves, without any change here; db_run writes it
 * down for whoever looks, and for a power cut. Where workers leave no marks, db_run and db_commit must come first. */

struct db_attempt {
	unsigned slot;    /* 0: it has not begun, or all that is known of it is on record */
	int64_t began_us; /* since 1970 */
	bool on_record;   /* by db_run */
};

/* Attempts may begin in that slot from now on: there is room for their marks. */
void db_use_slot(struct db *db, unsigned slot);

/* Attempt t->attempt runs. */
void db_run(struct db *db, const struct task *t, struct db_attempt *a);

/* The last attempt does not count (t->attempt may be the one before already): it has not begun after all, or the run ends
 * before its time. The task waits, maybe for the next run. */
void db_return(struct db *db, const struct task *t, const struct db_attempt *a);

/* Attempt t->attempt is over, and another will follow. */
void db_fail(struct db *db, const struct task *t, const struct db_attempt *a, const struct outcome *o);

/* What is kept of a task's output, of which `truncated` says that it is not all; and whether all is done that follows from
 * the task's end, such as writing that. */
struct db_result {
	const char *out, *err; /* borrowed */
	size_t out_len, err_len;
	bool truncated, settled;
};

/* The task is over, and so is attempt t->attempt, unless `a` is NULL: then it ended before the next one. `r`: NULL: nothing
 * is kept, and nothing remains to be done. */
void db_finish(struct db *db, const struct task *t, const struct db_attempt *a, const struct outcome *o, const struct db_result *r);

/* Its output is written now; or all is done that follows from its end. */
void db_settle(struct db *db, uint64_t seq, bool all);

/* What is known of a task that is over. False: it is not there, or not over. `t`: as db_each_left gives them,
 * the caller's to drop; NULL: not wanted, as `o` may be. */
bool db_look(struct db *db, uint64_t seq, struct task **t, struct outcome *o);

/* Append what was kept of its output. False: nothing was. */
bool db_read_result(struct db *db, uint64_t seq, struct buf *out, struct buf *err, bool *truncated);

/* Queues. What is found is borrowed for the call; the callee makes no changes. -1 if the database cannot be read. */

/* In the order in which they were made. */
int db_each_queue(struct db *db, void (*found)(void *arg, const char *name, uint64_t maxsize, bool closed), void *arg);

/* In the order of their numbers. */
int db_each_message(struct db *db, void (*found)(void *arg, const char *queue, uint64_t number, const void *bytes, size_t len),
		    void *arg);

void db_create_queue(struct db *db, const char *name, uint64_t maxsize);
void db_close_queue(struct db *db, const char *name);
void db_delete_queue(struct db *db, const char *name); /* and its messages */
void db_put(struct db *db, const char *queue, uint64_t number, const void *bytes, size_t len);
void db_remove(struct db *db, uint64_t number); /* that message, wherever it is */

#endif
