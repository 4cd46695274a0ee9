/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "state/sql.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/xalloc.h"

static const char *const texts[SQL_STATEMENT_COUNT] = {
#define X(name, text) [SQL_##name] = text,
	SQL_STATEMENTS(X)
#undef X
};

/* Somebody may be writing to the database with the sqlite3 shell. */
#define BUSY_MS 5000

/* Faults. */

void sql_fail(struct sql *s, char *message)
{
	if (s->error)
		free(message);
	else
		s->error = message;
}

static sqlite3_file *wal_of(struct sql *s)
{
	sqlite3_file *wal = NULL;
	sqlite.file_control(s->connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
	return wal && wal->pMethods ? wal : NULL;
}

/* What the system said: of the database, or of the WAL, which the connection does not tell. */
static int last_errno(struct sql *s)
{
	int error = sqlite.system_errno(s->connection);
	sqlite3_file *wal = wal_of(s);
	if (error == 0 && wal)
		wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &error);
	return error;
}

static char *describe(struct sql *s, int code)
{
	const char *said = sqlite.errmsg(s->connection);
	int error;
	switch (code & 0xff) {
	case SQLITE_FULL:
		return xstrdup("the disk is full");
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return xstrdup("another program keeps it locked; end that one");
	case SQLITE_NOTADB:
		return xstrdup("it is no SQLite database; use another file");
	case SQLITE_CORRUPT:
		return xasprintf("it is damaged (%s); sqlite3's .recover saves what can be saved, or use another file", said);
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		return xasprintf("%s; SQLite must be able to make files in its folder", said);
	case SQLITE_IOERR:
		error = last_errno(s);
		return error ? xasprintf("%s: %s", said, strerror(error)) : xstrdup(said);
	default:
		return xstrdup(said);
	}
}

static bool check(struct sql *s, int code)
{
	if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE)
		return true;
	if (!s->error)
		sql_fail(s, describe(s, sqlite.extended_errcode(s->connection)));
	return false;
}

/* The connection. */

void sql_open(struct sql *s, const char *path)
{
	*s = (struct sql){0};
	/* no mutexes: there are no threads */
	int code = sqlite.open_v2(path, &s->connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (!s->connection)
		xalloc_failed();
	if (!check(s, code))
		return;
	sqlite.extended_result_codes(s->connection, 1);
	sqlite.busy_timeout(s->connection, BUSY_MS);
}

void sql_close(struct sql *s)
{
	for (size_t i = 0; i < SQL_STATEMENT_COUNT; i++)
		sqlite.finalize(s->statements[i]);
	sqlite.close(s->connection);
	free(s->error);
	*s = (struct sql){0};
}

void sql_execute(struct sql *s, const char *text)
{
	if (!s->error)
		check(s, sqlite.exec(s->connection, text, NULL, NULL, NULL));
}

int64_t sql_ask(struct sql *s, const char *text)
{
	sqlite3_stmt *statement = NULL;
	int64_t answer = 0;
	if (!s->error && check(s, sqlite.prepare_v3(s->connection, text, -1, 0, &statement, NULL)) &&
	    check(s, sqlite.step(statement)))
		answer = sqlite.column_int64(statement, 0);
	sqlite.finalize(statement);
	return answer;
}

/* The transaction. */

/* SQLite would sync in each commit or in none; the file that it writes to can be asked for at any time. */
static void sync_wal(struct sql *s)
{
	sqlite3_file *wal = wal_of(s);
	if (wal && wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL) != SQLITE_OK)
		sql_fail(s, xasprintf("it cannot be put onto the disk: %s", strerror(errno)));
	s->is_unsynced = false;
}

void sql_commit(struct sql *s, bool sync)
{
	if (s->is_changing) {
		struct query q = query_read(s, SQL_COMMIT);
		query_run(&q);
		s->is_changing = false;
		s->is_unsynced = true;
	}
	if (sync && s->is_unsynced && !s->error)
		sync_wal(s);
}

/* Queries. */

static sqlite3_stmt *prepare(struct sql *s, enum sql_statement which)
{
	sqlite3_stmt **statement = &s->statements[which];
	if (!*statement)
		check(s, sqlite.prepare_v3(s->connection, texts[which], -1, SQLITE_PREPARE_PERSISTENT, statement, NULL));
	return *statement;
}

struct query query_read(struct sql *s, enum sql_statement which)
{
	return (struct query){.sql = s, .statement = s->error ? NULL : prepare(s, which)};
}

struct query query_change(struct sql *s, enum sql_statement which)
{
	if (!s->is_changing && !s->error) {
		struct query begin = query_read(s, SQL_BEGIN);
		query_run(&begin);
		s->is_changing = !s->error;
	}
	return query_read(s, which);
}

/* A parameter that could not be bound would be NULL: then nothing is to be run. */
static void note(struct query *q, int code)
{
	if (check(q->sql, code))
		return;
	query_end(q);
	q->statement = NULL;
}

void query_number(struct query *q, uint64_t value)
{
	query_number_if(q, true, (int64_t)value);
}

void query_number_if(struct query *q, bool known, int64_t value)
{
	q->at++;
	if (q->statement)
		note(q, known ? sqlite.bind_int64(q->statement, q->at, value) : sqlite.bind_null(q->statement, q->at));
}

void query_real(struct query *q, double value)
{
	q->at++;
	if (q->statement)
		note(q, sqlite.bind_double(q->statement, q->at, value));
}

void query_string(struct query *q, const char *s)
{
	query_bytes(q, s, s ? strlen(s) : 0);
}

void query_bytes(struct query *q, const void *bytes, size_t len)
{
	if (!utf8_is_text(bytes, len)) {
		query_blob(q, bytes, len);
		return;
	}
	q->at++;
	if (q->statement)
		note(q, sqlite.bind_text64(q->statement, q->at, bytes, len, SQLITE_STATIC, SQLITE_UTF8));
}

void query_blob(struct query *q, const void *bytes, size_t len)
{
	q->at++;
	if (q->statement)
		note(q, sqlite.bind_blob64(q->statement, q->at, bytes, len, SQLITE_STATIC));
}

void query_end(struct query *q)
{
	if (q->statement)
		sqlite.reset(q->statement);
}

bool query_next(struct query *q)
{
	q->at = 0;
	if (!q->statement)
		return false;
	int code = sqlite.step(q->statement);
	if (code == SQLITE_ROW)
		return true;
	sqlite.reset(q->statement);
	check(q->sql, code);
	return false;
}

void query_run(struct query *q)
{
	while (query_next(q))
		;
}

uint64_t query_take_number(struct query *q)
{
	return (uint64_t)sqlite.column_int64(q->statement, q->at++);
}

double query_take_real(struct query *q)
{
	return sqlite.column_double(q->statement, q->at++);
}

const void *query_take_bytes(struct query *q, size_t *len)
{
	int column = q->at++;
	bool is_null = sqlite.column_type(q->statement, column) == SQLITE_NULL;
	const void *bytes = sqlite.column_blob(q->statement, column);
	*len = (size_t)sqlite.column_bytes(q->statement, column);
	return is_null ? NULL : bytes ? bytes : ""; /* an empty one has no address there */
}

char *query_take_string(struct query *q)
{
	size_t len;
	const void *bytes = query_take_bytes(q, &len);
	return bytes ? xmemdup(bytes, len) : NULL;
}
