/* SPDX-License-Identifier: MIT
 *
 * db: what --state keeps, in SQLite: tasks, attempts, outcomes, results, queues and messages. forkpool(5) has the schema.
 *
 * All changes since the last db_commit are one transaction. They do not fail: the first fault is kept, and told by db_error;
 * nothing is written after it. libsqlite3 is loaded when it is wanted. One process uses the file at a time, by a lock of our own
 * (flock on FILE itself would be in the way of SQLite's own locks: it is on FILE-lock), while anybody may read it with sqlite3.
 * The connection belongs to the process that opened it: a forked child must not touch it.
 *
 * Life cycle: db_open; db_each_unfinished and db_each_queue, db_each_message once; then changes and db_commit; db_close, which
 * commits.
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

/* Open or create it. Refused, with *why a message to free that names the way out: SQLite is missing; a folder that is not there; a file that is no
 * database, or not ours (application_id), or of a newer version; a network file system (statfs: NFS, SMB, CIFS, AFS, 9p,
 * Ceph, Lustre, GPFS, FUSE ...), on which neither locks nor WAL can be trusted; a file that another forkpool uses. If that one is about to end
 * (it was killed), it is waited for, 2 s at most. The file is mode 0600 under any umask, and so are -wal, -shm and -lock.
 * `durable`: what db_commit(db, true) returns from is on disk; else it is safe from the death of processes only. */
struct db *db_open(const char *path, bool durable, char **why);
void db_close(struct db *db);

/* Why nothing more is written, borrowed; NULL: all is well. A full disk is one reason. */
const char *db_error(const struct db *db);

/* End the transaction, if anything has been changed. `on_disk`: with all that was committed before, onto the disk, if the database is
 * durable. Without it, no later than a second from now another commit with it will follow, if there are more. */
void db_commit(struct db *db, bool on_disk);

/* Tasks. */

/* The highest number that a task has; 0: none. */
uint64_t db_last_task(const struct db *db);

/* Tasks that are not over, by number. For each, a task that the callee takes over (task_new with place 0; seq, command, name, directory, tag, results, submitted,
 * and attempt, the attempts that were begun), and whether its last attempt was running when the run ended. -1 if the database cannot be read
 * (db_error). */
int db_each_unfinished(struct db *db, void (*found)(void *arg, struct task *t, bool was_running), void *arg);

/* Tasks of the input are known by text and occurrence, as in a job log: what is known of the next one with this text that
 * an earlier run has left? Sets *seq unless it is new. */
enum db_known { DB_NEW, DB_UNFINISHED, DB_FAILED, DB_SUCCEEDED };
enum db_known db_take(struct db *db, const char *text, size_t len, uint64_t *seq);

/* A new task, which waits. Its number is t->seq, its text what command_print gives. */
void db_add(struct db *db, const struct task *t);

/* Attempt t->attempt may run from now on, in that slot; and: it has not begun after all, and waits again. */
void db_give(struct db *db, const struct task *t, unsigned slot);
void db_return(struct db *db, const struct task *t);

/* The attempt is over, and another will follow. */
void db_fail(struct db *db, const struct task *t, const struct outcome *o);

/* The task is over. Its output, of which `truncated` says that it is not all. */
struct db_result {
	const char *out, *err; /* borrowed */
	size_t out_len, err_len;
	bool truncated;
};
void db_finish(struct db *db, const struct task *t, const struct outcome *o, const struct db_result *r);

/* The run ends before its time: the attempt, if one was begun, does not count, and the task waits for the next run. */
void db_put_off(struct db *db, const struct task *t);

/* What is known of a task that is over: false: it is not there, or not over. `t`: as db_each_unfinished gives them, the caller's to
 * drop; NULL: not wanted. */
bool db_look(struct db *db, uint64_t seq, struct task **t, struct outcome *o);

/* Append what was kept of its output. */
bool db_read_result(struct db *db, uint64_t seq, struct buf *out, struct buf *err, bool *truncated);

/* Queues. */

int db_each_queue(struct db *db, void (*found)(void *arg, const char *name, uint64_t maxsize, bool closed), void *arg);

/* In the order of their numbers. */
int db_each_message(struct db *db, void (*found)(void *arg, const char *queue, uint64_t number, const void *bytes, size_t len),
		    void *arg);

void db_create_queue(struct db *db, const char *name, uint64_t maxsize);
void db_close_queue(struct db *db, const char *name);
void db_delete_queue(struct db *db, const char *name); /* and its messages */
void db_put(struct db *db, const char *queue, uint64_t number, const void *bytes, size_t len);
void db_remove(struct db *db, uint64_t number);

#endif
