/* SPDX-License-Identifier: MIT
 *
 * slot: the pool's record of one place for a worker, as a state machine. Pure: it does nothing itself.
 *
 * While a worker is there and nothing is called back, the state tells what the worker has in hand:
 *
 *   IDLE     nothing
 *   BUSY     one task, which runs
 *   LOADED   others besides, which were sent ahead, and there is room for more
 *   FULL     ... and there is no room
 *
 * assign adds a task, done takes away the one that runs. From LOADED and FULL
 *
 *   --call back--> RECALLING --answer--> what the worker has in hand then
 *
 * and until the answer, which says what has come back, tasks may end, but none is given. EMPTY is the slot without a
 * worker: --attach--> IDLE, and from everywhere --detach--> EMPTY.
 */
#ifndef POOL_SLOT_H
#define POOL_SLOT_H

#include <stddef.h>

#define SLOT_STATES(X) X(EMPTY) X(IDLE) X(BUSY) X(LOADED) X(FULL) X(RECALLING)
#define SLOT_EVENTS(X) X(ATTACH) X(ASSIGN) X(DONE) X(CALL_BACK) X(ANSWER) X(DETACH)

enum slot_state {
#define X(name) SLOT_##name,
	SLOT_STATES(X)
#undef X
	SLOT_STATE_COUNT,
	SLOT_INVALID = -1,
};

enum slot_event {
#define X(name) SLOT_ON_##name,
	SLOT_EVENTS(X)
#undef X
	SLOT_EVENT_COUNT
};

/* What a worker has in hand. */
struct slot_load {
	size_t tasks; /* that runs and those sent ahead */
	size_t most;  /* so many at once; not below 1 */
};

/* The state that follows, SLOT_INVALID if the event cannot happen in this one; `load` is what it is after the event. */
enum slot_state slot_next(enum slot_state state, enum slot_event event, struct slot_load load);

const char *slot_state_name(enum slot_state state);
const char *slot_event_name(enum slot_event event);

#endif
