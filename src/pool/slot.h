/* SPDX-License-Identifier: MIT
 *
 * slot: the pool's record of one place for a worker, as a state machine. Pure: it does nothing itself.
 *
 *   EMPTY --attach--> IDLE <--assign, done--> BUSY <--assign, done--> LOADED --call back--> RECALLING
 *   RECALLING --revoked--> BUSY             the one sent ahead is back
 *   RECALLING --done--> PROMOTED            the running one is over: has the other started, or is it back?
 *   PROMOTED --started--> BUSY, --revoked or done--> IDLE
 *   and from everywhere --detach--> EMPTY   its worker is gone
 *
 * LOADED: one task runs, one was sent ahead.
 */
#ifndef POOL_SLOT_H
#define POOL_SLOT_H

#define SLOT_STATES(X) X(EMPTY) X(IDLE) X(BUSY) X(LOADED) X(RECALLING) X(PROMOTED)
#define SLOT_EVENTS(X) X(ATTACH) X(ASSIGN) X(DONE) X(CALL_BACK) X(STARTED) X(REVOKED) X(DETACH)

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

/* The state that follows, SLOT_INVALID if the event cannot happen in this one. */
enum slot_state slot_next(enum slot_state state, enum slot_event event);

const char *slot_state_name(enum slot_state state);
const char *slot_event_name(enum slot_event event);

#endif
