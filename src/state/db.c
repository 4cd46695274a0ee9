/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "state/db.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "state/dbstruct.h"
#include "state/schema.h"

static void read_last_task(struct db *db)
{
	struct query q = query_read(&db->sql, SQL_LAST_TASK);
	if (query_next(&q))
		db->last_task = query_take_number(&q);
	query_end(&q);
}

struct db *db_open(const char *path, bool durable, char **why)
{
	const char *missing = sqlite_load();
	if (missing) {
		*why = xasprintf("SQLite is needed and cannot be loaded (Debian: apt-get install libsqlite3-0): %s", missing);
		return NULL;
	}
	struct db *db = xcalloc(1, sizeof *db);
	db->durable = durable;
	db->fds[DB_MARKS] = -1;
	if (claim_take(&db->claim, path, why) < 0) {
		free(db);
		return NULL;
	}
	db->fds[DB_CLAIM] = db->claim.fd;
	sql_open(&db->sql, db->claim.path);
	schema_prepare(&db->sql);
	db_open_marks(db);
	read_last_task(db);
	if (db->last_task > 0)
		db_read_known(db);
	if (!db->sql.error)
		return db;
	*why = xstrdup(db->sql.error);
	db_close(db);
	return NULL;
}

void db_close(struct db *db)
{
	db_commit(db, true);
	db_close_marks(db);
	sql_close(&db->sql);
	claim_drop(&db->claim);
	known_clear(&db->known);
	buf_clear(&db->text);
	buf_clear(&db->holes);
	free(db);
}

const int *db_fds(const struct db *db)
{
	return db->fds;
}

const char *db_error(const struct db *db)
{
	return db->sql.error;
}

void db_commit(struct db *db, bool on_disk)
{
	sql_commit(&db->sql, on_disk && db->durable);
}

bool db_lags(const struct db *db)
{
	return db->durable && db->sql.is_unsynced && !db->sql.error;
}

uint64_t db_last_task(const struct db *db)
{
	return db->last_task;
}
