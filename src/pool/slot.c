/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "pool/slot.h"

#include <stdbool.h>

static const bool possible[SLOT_STATE_COUNT][SLOT_EVENT_COUNT] = {
	[SLOT_EMPTY] = {[SLOT_ON_ATTACH] = true},
	[SLOT_IDLE] = {[SLOT_ON_ASSIGN] = true, [SLOT_ON_DETACH] = true},
	[SLOT_BUSY] = {[SLOT_ON_ASSIGN] = true, [SLOT_ON_DONE] = true, [SLOT_ON_DETACH] = true},
	[SLOT_LOADED] = {[SLOT_ON_ASSIGN] = true, [SLOT_ON_DONE] = true, [SLOT_ON_CALL_BACK] = true, [SLOT_ON_DETACH] = true},
	[SLOT_FULL] = {[SLOT_ON_DONE] = true, [SLOT_ON_CALL_BACK] = true, [SLOT_ON_DETACH] = true},
	[SLOT_RECALLING] = {[SLOT_ON_DONE] = true, [SLOT_ON_ANSWER] = true, [SLOT_ON_DETACH] = true},
};

static enum slot_state loaded_with(struct slot_load load)
{
	if (load.tasks <= 1)
		return load.tasks == 0 ? SLOT_IDLE : SLOT_BUSY;
	return load.tasks < load.most ? SLOT_LOADED : SLOT_FULL;
}

enum slot_state slot_next(enum slot_state state, enum slot_event event, struct slot_load load)
{
	if (!possible[state][event])
		return SLOT_INVALID;
	if (event == SLOT_ON_DETACH)
		return SLOT_EMPTY;
	if (event == SLOT_ON_CALL_BACK || (state == SLOT_RECALLING && event == SLOT_ON_DONE))
		return SLOT_RECALLING;
	return loaded_with(load);
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
