/* SPDX-License-Identifier: MIT
 *
 * sql: a connection to a database, its one transaction and its statements.
 *
 * Nothing here fails: the first fault is kept, and from then on every query is empty and does nothing, and so is the
 * end of a transaction. A change begins the transaction, unless one is open; sql_commit ends it. Statements are prepared
 * when they are first wanted and kept. WAL mode: each commit is a write at the end of FILE-wal, which is copied into
 * FILE when it has grown to 16 MiB.
 *
 * Life cycle: zero, sql_open, sql_close, which rolls back what is not committed.
 */
#ifndef STATE_SQL_H
#define STATE_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "state/sqlite.h"

/* All that is asked of an open database, and told to it: in the order in which the parameters are bound, and the
 * columns taken. ?1 is the task's number, or the message's, wherever it can be. */
#define SQL_STATEMENTS(X) \
	X(BEGIN, "BEGIN IMMEDIATE") \
	X(COMMIT, "COMMIT") \
	X(LAST_TASK, "SELECT max(id) FROM task") \
	X(KNOWN_TASKS, \
	  "SELECT id, command, state = 'finished', outcome = 'exited' AND status = 0 FROM task" \
	  " WHERE origin = 'input' ORDER BY id") \
	X(COMMAND, "SELECT command FROM task WHERE id = ?1") \
	X(ADD, \
	  "INSERT INTO task (id, origin, name, state, command, words, holes, shell, direct, refusal, directory, tag, results," \
	  " attempts, added) VALUES (?1, ?2, ?3, 'waiting', ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 0, ?13)") \
	X(BEGIN_ATTEMPT, \
	  "INSERT OR REPLACE INTO attempt (task, number, slot, started)" \
	  " SELECT id, ?2, ?3, ?4 FROM task WHERE id = ?1 AND " SQL_MAY_RUN " < ?4") \
	X(RUN, "UPDATE task SET state = 'running', attempts = ?2 WHERE id = ?1 AND " SQL_MAY_RUN " < ?3") \
	X(FORGET_ATTEMPT, "DELETE FROM attempt WHERE task = ?1 AND outcome IS NULL") \
	X(WAIT, \
	  "UPDATE task SET state = 'waiting', attempts = (SELECT count(*) FROM attempt WHERE task = ?1) WHERE id = ?1") \
	X(END_ATTEMPT, \
	  "INSERT INTO attempt (task, number, slot, started, " SQL_END ") VALUES (?1, ?2, ?3, ?4, " SQL_END_VALUES ")" \
	  " ON CONFLICT (task, number) DO UPDATE SET (" SQL_END ") = (" SQL_END_VALUES ")") \
	X(WAIT_AGAIN, "UPDATE task SET state = 'waiting', attempts = ?2 WHERE id = ?1") \
	X(FINISH, \
	  "UPDATE task SET state = 'finished', attempts = ?2, finished = ?3, outcome = ?4, status = ?5, signal = ?6, error = ?7," \
	  " reason = ?8, settled = ?9 WHERE id = ?1") \
	X(SETTLE, "UPDATE task SET settled = 1 WHERE id = ?1") \
	X(SHOW, "UPDATE task SET settled = 2 WHERE id = ?1") \
	X(ADD_RESULT, "INSERT OR REPLACE INTO result (task, stdout, stderr, truncated) VALUES (?1, ?2, ?3, ?4)") \
	X(LEFT, \
	  "SELECT state = 'running', state = 'finished', settled = 2, " SQL_TASK " FROM task" \
	  " WHERE state <> 'finished' OR settled <> 1" \
	  " ORDER BY id") \
	X(FINISHED, "SELECT " SQL_TASK " FROM task WHERE id = ?1 AND state = 'finished'") \
	X(OUTCOME, \
	  "SELECT t.outcome, t.status, t.signal, t.error, t.reason, a.pid, a.runtime, a.utime, a.stime, a.maxrss" \
	  " FROM task t LEFT JOIN attempt a ON a.task = t.id AND a.number = t.attempts WHERE t.id = ?1 AND t.state = 'finished'") \
	X(RESULT, "SELECT stdout, stderr, truncated FROM result WHERE task = ?1") \
	X(QUEUES, "SELECT name, maxsize, closed FROM queue ORDER BY id") \
	X(MESSAGES, "SELECT number, queue, body FROM message ORDER BY number") \
	X(CREATE_QUEUE, "INSERT INTO queue (name, maxsize, closed) VALUES (?1, ?2, 0)") \
	X(CLOSE_QUEUE, "UPDATE queue SET closed = 1 WHERE name = ?1") \
	X(DELETE_QUEUE, "DELETE FROM queue WHERE name = ?1") \
	X(DELETE_MESSAGES, "DELETE FROM message WHERE queue = ?1") \
	X(PUT, "INSERT INTO message (number, queue, body) VALUES (?1, ?2, ?3)") \
	X(REMOVE, "DELETE FROM message WHERE number = ?1")

/* One that had been finished has been put back by hand, since then: what began before does not count. */
#define SQL_MAY_RUN "state = 'waiting' AND attempts = ?2 - 1 AND ifnull(finished, 0)"
#define SQL_END "outcome, status, signal, error, reason, pid, runtime, utime, stime, maxrss"
#define SQL_END_VALUES "?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14"
#define SQL_TASK "id, origin, name, command, words, holes, shell, direct, refusal, directory, tag, results, attempts"

enum sql_statement {
#define X(name, text) SQL_##name,
	SQL_STATEMENTS(X)
#undef X
	SQL_STATEMENT_COUNT
};

struct sql {
	sqlite3 *connection; /* owned */
	sqlite3_stmt *statements[SQL_STATEMENT_COUNT]; /* owned; NULL: not prepared yet */
	bool is_changing;    /* a transaction is open */
	bool is_unsynced;    /* something committed may not be on disk */
	char *error;         /* owned; the first fault; NULL: none */
};

/* Open the file, which is there. Whether it is a database turns out with the first use. */
void sql_open(struct sql *s, const char *path);
void sql_close(struct sql *s);

/* Take this message, which it frees, as the fault, unless there is one already. */
void sql_fail(struct sql *s, char *message);

/* Statements without parameters and results, such as make a schema; and what one gives that has one number for an
 * answer, or 0. */
void sql_execute(struct sql *s, const char *text);
int64_t sql_ask(struct sql *s, const char *text);

/* End the transaction if there is one. `sync`: put what has been committed onto the disk. */
void sql_commit(struct sql *s, bool sync);

/* A statement in use. */
struct query {
	struct sql *sql;         /* borrowed */
	sqlite3_stmt *statement; /* borrowed; NULL: after a fault */
	int at;                  /* the parameter that was bound last, or the column that is taken next */
};

struct query query_read(struct sql *s, enum sql_statement which);
struct query query_change(struct sql *s, enum sql_statement which);

/* Bind the next parameter. Bytes and strings are borrowed until the query has been run; they become TEXT if they are
 * UTF-8 without NULs, else BLOB; a NULL pointer is NULL. */
void query_number(struct query *q, uint64_t value);
void query_number_if(struct query *q, bool known, int64_t value); /* NULL if not */
void query_real(struct query *q, double value);
void query_string(struct query *q, const char *s);
void query_bytes(struct query *q, const void *bytes, size_t len);
void query_blob(struct query *q, const void *bytes, size_t len); /* BLOB in any case */

/* Run a query that has no rows. */
void query_run(struct query *q);

/* The next row; false: there is none, or a fault, and the query is over. query_end ends it before that. */
bool query_next(struct query *q);
void query_end(struct query *q);

/* Take the next column of the row; NULL is 0. Bytes: borrowed until the next row, NULL for NULL. String: a copy. */
uint64_t query_take_number(struct query *q);
double query_take_real(struct query *q);
const void *query_take_bytes(struct query *q, size_t *len);
char *query_take_string(struct query *q);

#endif
