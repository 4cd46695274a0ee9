/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <stdlib.h>

#include "state/db.h"
#include "state/dbstruct.h"

int db_each_queue(struct db *db, void (*found)(void *arg, const char *name, uint64_t maxsize, bool closed), void *arg)
{
	struct query q = query_read(&db->sql, SQL_QUEUES);
	while (query_next(&q)) {
		char *name = query_take_string(&q);
		uint64_t maxsize = query_take_number(&q);
		found(arg, name, maxsize, query_take_number(&q) == 1);
		free(name);
	}
	return db_error(db) ? -1 : 0;
}

int db_each_message(struct db *db, void (*found)(void *arg, const char *queue, uint64_t number, const void *bytes, size_t len),
	void *arg)
{
	struct query q = query_read(&db->sql, SQL_MESSAGES);
	while (query_next(&q)) {
		size_t len;
		uint64_t number = query_take_number(&q);
		char *queue = query_take_string(&q);
		const void *bytes = query_take_bytes(&q, &len);
		found(arg, queue, number, bytes, len);
		free(queue);
	}
	return db_error(db) ? -1 : 0;
}

static void run_for(struct db *db, enum sql_statement which, const char *name)
{
	struct query q = query_change(&db->sql, which);
	query_string(&q, name);
	query_run(&q);
}

void db_create_queue(struct db *db, const char *name, uint64_t maxsize)
{
	struct query q = query_change(&db->sql, SQL_CREATE_QUEUE);
	query_string(&q, name);
	query_number(&q, maxsize);
	query_run(&q);
}

void db_close_queue(struct db *db, const char *name)
{
	run_for(db, SQL_CLOSE_QUEUE, name);
}

void db_delete_queue(struct db *db, const char *name)
{
	run_for(db, SQL_DELETE_MESSAGES, name);
	run_for(db, SQL_DELETE_QUEUE, name);
}

void db_put(struct db *db, const char *queue, uint64_t number, const void *bytes, size_t len)
{
	struct query q = query_change(&db->sql, SQL_PUT);
	query_number(&q, number);
	query_string(&q, queue);
	query_bytes(&q, len > 0 ? bytes : "", len);
	query_run(&q);
}

void db_remove(struct db *db, uint64_t number)
{
	struct query q = query_change(&db->sql, SQL_REMOVE);
	query_number(&q, number);
	query_run(&q);
}
