/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>

#include "base/array.h"
#include "pool/slot.h"

Suite *slot_suite(void);

#define NEVER SLOT_INVALID

/* What a worker has in hand, where five is all that it takes, and the state that says so. */
static const enum slot_state in_hand[] = {SLOT_IDLE, SLOT_BUSY, SLOT_LOADED, SLOT_LOADED, SLOT_LOADED, SLOT_FULL, SLOT_FULL};
#define BY_LOAD SLOT_STATE_COUNT

static const enum slot_state expected[SLOT_STATE_COUNT][SLOT_EVENT_COUNT] = {
	/*                  ATTACH   ASSIGN   DONE            CALL_BACK       ANSWER   DETACH */
	[SLOT_EMPTY]     = {BY_LOAD, NEVER,   NEVER,          NEVER,          NEVER,   NEVER},
	[SLOT_IDLE]      = {NEVER,   BY_LOAD, NEVER,          NEVER,          NEVER,   SLOT_EMPTY},
	[SLOT_BUSY]      = {NEVER,   BY_LOAD, BY_LOAD,        NEVER,          NEVER,   SLOT_EMPTY},
	[SLOT_LOADED]    = {NEVER,   BY_LOAD, BY_LOAD,        SLOT_RECALLING, NEVER,   SLOT_EMPTY},
	[SLOT_FULL]      = {NEVER,   NEVER,   BY_LOAD,        SLOT_RECALLING, NEVER,   SLOT_EMPTY},
	[SLOT_RECALLING] = {NEVER,   NEVER,   SLOT_RECALLING, NEVER,          BY_LOAD, SLOT_EMPTY},
};

START_TEST(every_event_in_every_state)
{
	enum slot_state state = (enum slot_state)(_i / (int)SLOT_EVENT_COUNT);
	enum slot_event event = (enum slot_event)(_i % (int)SLOT_EVENT_COUNT);
	for (size_t tasks = 0; tasks < ARRAY_LEN(in_hand); tasks++) {
		enum slot_state to = slot_next(state, event, (struct slot_load){tasks, 5});
		enum slot_state wanted = expected[state][event] == BY_LOAD ? in_hand[tasks] : expected[state][event];
		ck_assert_msg(to == wanted, "%s in state %s leads to %s with %zu tasks", slot_event_name(event),
			      slot_state_name(state), slot_state_name(to), tasks);
	}
}
END_TEST

/* Room for one ahead: the second task leaves none. */
START_TEST(one_ahead)
{
	ck_assert_int_eq(slot_next(SLOT_BUSY, SLOT_ON_ASSIGN, (struct slot_load){2, 2}), SLOT_FULL);
	ck_assert_int_eq(slot_next(SLOT_FULL, SLOT_ON_DONE, (struct slot_load){1, 2}), SLOT_BUSY);
}
END_TEST

START_TEST(names)
{
	ck_assert_str_eq(slot_state_name(SLOT_INVALID), "INVALID");
	ck_assert_str_eq(slot_state_name(SLOT_EMPTY), "EMPTY");
	ck_assert_str_eq(slot_state_name(SLOT_RECALLING), "RECALLING");
	ck_assert_str_eq(slot_event_name(SLOT_ON_ATTACH), "ATTACH");
	ck_assert_str_eq(slot_event_name(SLOT_ON_DETACH), "DETACH");
}
END_TEST

Suite *slot_suite(void)
{
	Suite *s = suite_create("slot");
	TCase *t = tcase_create("slot");
	tcase_add_loop_test(t, every_event_in_every_state, 0, (int)SLOT_STATE_COUNT * (int)SLOT_EVENT_COUNT);
	tcase_add_test(t, one_ahead);
	tcase_add_test(t, names);
	suite_add_tcase(s, t);
	return s;
}
