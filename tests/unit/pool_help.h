/* SPDX-License-Identifier: MIT
 *
 * pool_help: a pool whose workers run nothing, but do as the word that is their task says, so that nothing depends on
 * time:
 *
 *   quick   ends at once, with status 0
 *   fail    ends at once, with status 1
 *   hold    ends when it is allowed to; killed by TERM
 *   catch   ends when TERM comes, with status 0
 *   deaf    killed by KILL only, as all the others are
 *   die     ends its worker when TERM comes
 *
 * Life cycle: help_open; help_close. Tasks are numbered from 1.
 */
#ifndef POOL_HELP_H
#define POOL_HELP_H

#include <stdbool.h>
#include <stdint.h>

#include "pool/pool.h"

enum { HELP_TASKS = 63 };

/* How often the pool has told what of a task, and its last outcome. */
struct heard {
	unsigned accepted, given, started, returned, failed, finished, dropped;
	struct outcome outcome;
};

/* What workers do when they are to get ready. */
enum help_start {
	START_AT_ONCE,
	START_WHEN_ALLOWED,
	START_AND_DIE, /* when they are allowed to */
};

extern struct pool pool;
extern struct loop loop;
extern struct heard heard[HELP_TASKS + 1];

void help_open(const struct pool_config *config, enum help_start start);
void help_close(void);

/* A task, whose place is returned. Of the second kind an earlier run has begun `attempt` attempts. */
uint64_t submit(const char *word);
uint64_t submit_lost(const char *word, unsigned attempt);

/* One that is held ends, or one worker gets ready. */
void allow(void);

/* How often a task has begun in a worker. */
unsigned ran(uint64_t place);

/* Let the pool do what it can, and wait until it has told that `condition` is true; too long, and the test fails. */
#define AWAIT(condition)                                        \
	for (pool_turn(&pool); !(condition); pool_turn(&pool)) \
		ck_assert_int_eq(loop_turn(&loop, true), 0)

#endif
