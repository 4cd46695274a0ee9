/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "state/schema.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/xalloc.h"

#define APPLICATION_ID 0x666b706c
#define SCHEMA_VERSION 2
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

static const char tables[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE task (\n"
	"  id INTEGER PRIMARY KEY, origin TEXT NOT NULL, name TEXT, state TEXT NOT NULL, command TEXT NOT NULL,\n"
	"  words BLOB, holes TEXT, shell INTEGER NOT NULL, direct INTEGER NOT NULL, refusal TEXT,\n"
	"  directory TEXT, tag TEXT, results TEXT, attempts INTEGER NOT NULL,\n"
	"  outcome TEXT, status INTEGER, signal INTEGER, error INTEGER, reason TEXT,\n"
	"  added REAL NOT NULL, finished REAL, settled INTEGER);"
	"CREATE TABLE attempt (\n"
	"  task INTEGER NOT NULL, number INTEGER NOT NULL, slot INTEGER NOT NULL, started REAL NOT NULL,\n"
	"  outcome TEXT, status INTEGER, signal INTEGER, error INTEGER, reason TEXT,\n"
	"  pid INTEGER, runtime REAL, utime REAL, stime REAL, maxrss INTEGER,\n"
	"  PRIMARY KEY (task, number)) WITHOUT ROWID;"
	"CREATE TABLE result (task INTEGER PRIMARY KEY, stdout BLOB, stderr BLOB, truncated INTEGER NOT NULL);"
	"CREATE TABLE queue (\n"
	"  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, maxsize INTEGER NOT NULL, closed INTEGER NOT NULL);"
	"CREATE TABLE message (number INTEGER PRIMARY KEY, queue TEXT NOT NULL, body BLOB NOT NULL);"
	"PRAGMA application_id = " TEXT(APPLICATION_ID) ";"
	"PRAGMA user_version = " TEXT(SCHEMA_VERSION) ";"
	"COMMIT;";

static const char from_version_1[] =
	"BEGIN IMMEDIATE;"
	"ALTER TABLE task ADD COLUMN settled INTEGER;"
	"PRAGMA user_version = 2;"
	"COMMIT;";

/* An empty file is a database without tables; one that was killed while it made them left none. */
static bool is_new(struct sql *s)
{
	return sql_ask(s, "PRAGMA application_id") == 0 && sql_ask(s, "SELECT count(*) FROM sqlite_master") == 0;
}

static void check_identity(struct sql *s)
{
	int64_t version = sql_ask(s, "PRAGMA user_version");
	if (sql_ask(s, "PRAGMA application_id") != APPLICATION_ID)
		sql_fail(s, xstrdup("it is a database of another program; use another file"));
	else if (version > SCHEMA_VERSION)
		sql_fail(s, xasprintf("a newer forkpool has written it (version %" PRId64 ", where this one knows %d); "
			"use that one, or another file", version, SCHEMA_VERSION));
	else if (version < 1)
		sql_fail(s, xasprintf("it has no version that any forkpool writes (%" PRId64 "); use another file", version));
}

/* A transaction cannot change the mode. NORMAL: SQLite syncs when it copies the WAL into the file, so that no power
 * cut damages it. */
void schema_prepare(struct sql *s)
{
	bool new = is_new(s);
	if (!s->error && !new)
		check_identity(s);
	sql_execute(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000;"
		"PRAGMA journal_size_limit = 16777216");
	if (!s->error && sql_ask(s, "SELECT journal_mode = 'wal' FROM pragma_journal_mode") != 1)
		sql_fail(s, xstrdup("SQLite can keep no write-ahead log there; use a file in another place"));
	if (new)
		sql_execute(s, tables);
	else if (!s->error && sql_ask(s, "PRAGMA user_version") == 1)
		sql_execute(s, from_version_1);
}
