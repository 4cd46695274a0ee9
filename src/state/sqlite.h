/* SPDX-License-Identifier: MIT
 *
 * sqlite: the database library, loaded when it is first wanted, so that a start without it costs nothing.
 *
 * Life cycle: sqlite_load, then `sqlite.NAME(...)` is sqlite3_NAME(...) of <sqlite3.h>.
 */
#ifndef STATE_SQLITE_H
#define STATE_SQLITE_H

#include <sqlite3.h>

/* What is used of it: sqlite3_ stands before each of these names there. */
#define SQLITE_FUNCTIONS(X) \
	X(open_v2) \
	X(close) \
	X(extended_result_codes) \
	X(extended_errcode) \
	X(errmsg) \
	X(system_errno) \
	X(busy_timeout) \
	X(file_control) \
	X(exec) \
	X(prepare_v3) \
	X(finalize) \
	X(step) \
	X(reset) \
	X(bind_null) \
	X(bind_int64) \
	X(bind_double) \
	X(bind_text64) \
	X(bind_blob64) \
	X(column_type) \
	X(column_int64) \
	X(column_double) \
	X(column_blob) \
	X(column_bytes)

extern struct sqlite {
	void *library;
#define X(name) __typeof__(sqlite3_##name) *name;
	SQLITE_FUNCTIONS(X)
#undef X
} sqlite;

/* NULL, or why it cannot be had: borrowed, of dlerror(3). */
const char *sqlite_load(void);

#endif
