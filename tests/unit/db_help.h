/* SPDX-License-Identifier: MIT
 *
 * A state file in a directory of its own, for the tests of db.
 */
#ifndef DB_HELP_H
#define DB_HELP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "state/db.h"

/* The directory, the file in it that is opened, and the database: NULL: not open. */
extern char db_dir[], db_path[];
extern struct db *db;

/* Fixtures. */
void db_make_dir(void);
void db_remove_dir(void);

/* Open, or close what is open and open again; it must work. */
void db_reopen(void);

/* The path of a file in the directory; static, until the next call. */
const char *db_file(const char *name);

/* Its size, -1: there is none. */
off_t db_size_of(const char *name);

void db_assert_contains(const char *text, const char *part);

/* Why the file is refused; freed by db_remove_dir. */
const char *db_refusal(const char *path);

void db_write_file(const char *path, const void *bytes, size_t len);

/* Run SQL on the file, which is not open. */
void db_execute(const char *path, const char *text);

/* A task with this number and a line for the shell; the caller's to drop. */
struct task *db_task(uint64_t seq, const char *line);

/* Add one and drop it. */
void db_add_line(uint64_t seq, const char *line);

/* Put on record that its attempt runs in that slot. Static. */
struct db_attempt *db_ran(const struct task *t, unsigned slot);

/* Give it to slot 1, and finish it with that exit status. */
void db_finish_line(uint64_t seq, int status);

/* What remains to be done, such as "1 running 2 3 over"; static. */
const char *db_remaining(void);

/* A child that opens the file, says so, and is not to be seen again: it waits to be killed, which `ms` > 0 does. */
pid_t db_holder(const char *path, int ms);
void db_kill(pid_t pid);

#endif
