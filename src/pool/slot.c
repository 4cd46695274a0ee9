/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "pool/slot.h"

/* Stored plus one, so that what is not named is invalid. */
#define TO(state) (SLOT_##state + 1)

static const signed char next[SLOT_STATE_COUNT][SLOT_EVENT_COUNT] = {
	[SLOT_EMPTY] = {[SLOT_ON_ATTACH] = TO(IDLE)},
	[SLOT_IDLE] = {[SLOT_ON_ASSIGN] = TO(BUSY), [SLOT_ON_DETACH] = TO(EMPTY)},
	[SLOT_BUSY] = {[SLOT_ON_ASSIGN] = TO(LOADED), [SLOT_ON_DONE] = TO(IDLE), [SLOT_ON_DETACH] = TO(EMPTY)},
	[SLOT_LOADED] = {[SLOT_ON_DONE] = TO(BUSY), [SLOT_ON_CALL_BACK] = TO(RECALLING), [SLOT_ON_DETACH] = TO(EMPTY)},
	[SLOT_RECALLING] = {[SLOT_ON_DONE] = TO(PROMOTED), [SLOT_ON_REVOKED] = TO(BUSY), [SLOT_ON_DETACH] = TO(EMPTY)},
	[SLOT_PROMOTED] = {[SLOT_ON_STARTED] = TO(BUSY), [SLOT_ON_REVOKED] = TO(IDLE), [SLOT_ON_DONE] = TO(IDLE),
			   [SLOT_ON_DETACH] = TO(EMPTY)},
};

enum slot_state slot_next(enum slot_state state, enum slot_event event)
{
	return (enum slot_state)(next[state][event] - 1);
}

const char *slot_state_name(enum slot_state state)
{
	static const char *const names[] = {
#define X(name) #name,
		SLOT_STATES(X)
#undef X
	};
	return state == SLOT_INVALID ? "INVALID" : names[state];
}

const char *slot_event_name(enum slot_event event)
{
	static const char *const names[] = {
#define X(name) #name,
		SLOT_EVENTS(X)
#undef X
	};
	return names[event];
}
