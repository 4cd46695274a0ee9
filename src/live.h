/* SPDX-License-Identifier: MIT
 *
 * live: --listen and --state: what keeps a pool open, and what it finds again when it is started anew.
 *
 * Life cycle: live_prepare before the feed, and before the directory changes; live_open when the observers are made;
 * live_restore when the pool is there; in each turn live_turn; live_close. Without the options, all of them do nothing.
 */
#ifndef LIVE_H
#define LIVE_H

#include "setup.h"

/* Open the database, and note where to listen. Dies (125) if that cannot be. */
void live_prepare(struct run *r);

/* Listen, and watch the tasks. Dies (125) of what cannot be had. */
void live_open(struct run *r);

/* Hand the tasks to the pool that an earlier run has left. */
void live_restore(struct run *r);

/* Nobody is told by a callback, output or the job log what is not on record. */
void live_before_telling(struct run *r);

/* Put on record what has happened, and answer those who asked. True: that has led to more, which nothing else will show. */
bool live_turn(struct run *r);

/* After the pool and the observers: no task is held any more. */
void live_close(struct run *r);

/* For the feed and the pool: what is known of a task of the input; and all that has happened goes on record, or false. */
enum resume_state live_look(void *run, const char *command, size_t len, uint64_t *seq);
bool live_put_on_record(void *run);

#endif
