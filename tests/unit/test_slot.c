/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>

#include "pool/slot.h"

Suite *slot_suite(void);

#define NEVER SLOT_INVALID

/* The drawing in the header, as a table. */
static const enum slot_state expected[SLOT_STATE_COUNT][SLOT_EVENT_COUNT] = {
	/*                  ATTACH     ASSIGN       DONE           CALL_BACK       STARTED    REVOKED    DETACH */
	[SLOT_EMPTY]     = {SLOT_IDLE, NEVER,       NEVER,         NEVER,          NEVER,     NEVER,     NEVER},
	[SLOT_IDLE]      = {NEVER,     SLOT_BUSY,   NEVER,         NEVER,          NEVER,     NEVER,     SLOT_EMPTY},
	[SLOT_BUSY]      = {NEVER,     SLOT_LOADED, SLOT_IDLE,     NEVER,          NEVER,     NEVER,     SLOT_EMPTY},
	[SLOT_LOADED]    = {NEVER,     NEVER,       SLOT_BUSY,     SLOT_RECALLING, NEVER,     NEVER,     SLOT_EMPTY},
	[SLOT_RECALLING] = {NEVER,     NEVER,       SLOT_PROMOTED, NEVER,          NEVER,     SLOT_BUSY, SLOT_EMPTY},
	[SLOT_PROMOTED]  = {NEVER,     NEVER,       SLOT_IDLE,     NEVER,          SLOT_BUSY, SLOT_IDLE, SLOT_EMPTY},
};

START_TEST(every_event_in_every_state)
{
	for (enum slot_state state = 0; state < SLOT_STATE_COUNT; state++)
		for (enum slot_event event = 0; event < SLOT_EVENT_COUNT; event++)
			ck_assert_msg(slot_next(state, event) == expected[state][event], "%s in state %s leads to %s",
				      slot_event_name(event), slot_state_name(state),
				      slot_state_name(slot_next(state, event)));
}
END_TEST

START_TEST(names)
{
	ck_assert_str_eq(slot_state_name(SLOT_INVALID), "INVALID");
	ck_assert_str_eq(slot_state_name(SLOT_EMPTY), "EMPTY");
	ck_assert_str_eq(slot_state_name(SLOT_PROMOTED), "PROMOTED");
	ck_assert_str_eq(slot_event_name(SLOT_ON_ATTACH), "ATTACH");
	ck_assert_str_eq(slot_event_name(SLOT_ON_DETACH), "DETACH");
}
END_TEST

Suite *slot_suite(void)
{
	Suite *s = suite_create("slot");
	TCase *t = tcase_create("slot");
	tcase_add_test(t, every_event_in_every_state);
	tcase_add_test(t, names);
	suite_add_tcase(s, t);
	return s;
}
