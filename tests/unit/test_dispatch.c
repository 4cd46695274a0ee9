/* SPDX-License-Identifier: MIT
 *
 * How much is sent ahead and when, and how long the pool may rest then; the rest of dispatch is the CLI tests'.
 */
#include <config.h>

#include <check.h>

#include "base/clock.h"
#include "pool/slots.h"

Suite *dispatch_suite(void);

static struct pool pool;

static void open_pool(unsigned ahead_max)
{
	pool_open(&pool, &(struct pool_config){.jobs = 2, .ahead_max = ahead_max}, NULL, NULL);
}

static void run(int n, uint64_t runtime_ns)
{
	while (n-- > 0)
		pool_note_pace(&pool, runtime_ns);
}

START_TEST(one_until_tasks_are_known_to_be_short)
{
	open_pool(1000);
	ck_assert_uint_eq(pool_room_ahead(&pool), 1);
	run(200, 10 * NS_PER_US);
	size_t room = pool_room_ahead(&pool);
	ck_assert_msg(room >= 350 && room <= 450, "%zu", room);
	run(200, 0);
	ck_assert_uint_eq(pool_room_ahead(&pool), 1000);
}
END_TEST

START_TEST(one_after_a_long_task)
{
	open_pool(1000);
	run(200, 1000);
	pool_note_pace(&pool, 100 * NS_PER_MS);
	ck_assert_uint_eq(pool_room_ahead(&pool), 1);
	run(100, 1000);
	ck_assert_uint_eq(pool_room_ahead(&pool), 1000);
	run(200, 3 * NS_PER_MS);
	ck_assert_uint_eq(pool_room_ahead(&pool), 1);
}
END_TEST

START_TEST(never_more_than_one_where_no_more_may_be)
{
	open_pool(1);
	run(200, 1);
	ck_assert_uint_eq(pool_room_ahead(&pool), 1);
}
END_TEST

/* Two workers, with so much ahead; `pace_us` a task. */
static const struct rest {
	size_t first, second;
	uint64_t pace_us;
	uint64_t rest_us;
} rests[] = {
	{400, 400, 10, 1000},
	{400, 100, 10, 250},
	{100, 400, 10, 250},
	{400, 10, 10, 0}, /* not worth it */
	{400, 0, 10, 0},
	{0, 0, 10, 0},
	{100, 100, 100, 1000},
	{100, 100, 101, 0}, /* to be woken for each is not much */
};

START_TEST(rest_while_all_have_enough)
{
	const struct rest *r = &rests[_i];
	struct link links[2] = {{.pid = 1}, {.pid = 2}};
	struct slot slots[] = {{.link = &links[0], .ahead.count = r->first}, {.link = &links[1], .ahead.count = r->second},
			       {.link = NULL} /* without a worker */};
	open_pool(1000);
	ck_assert_uint_eq(pool_rest_ns(&pool), 0);
	pool.slots = (struct slot *[]){&slots[0], &slots[1], &slots[2]};
	pool.n_slots = 3;
	pool.links = links;
	pool.pace_ns = r->pace_us * NS_PER_US;
	ck_assert_uint_eq(pool_rest_ns(&pool), r->rest_us * NS_PER_US);
	pool.config.ahead_max = 1;
	ck_assert_uint_eq(pool_rest_ns(&pool), 0);
	pool.config.ahead_max = 1000;
	pool.stop = POOL_STOP_SOON;
	ck_assert_uint_eq(pool_rest_ns(&pool), 0);
}
END_TEST

static size_t tasks_ahead(struct slot *slot, enum slot_event event, int by, enum slot_state until)
{
	while (slot->sched.state != until) {
		slot->ahead.count += (size_t)by;
		pool_slot_event(slot, event);
	}
	return slot->ahead.count;
}

START_TEST(as_many_as_there_is_room_for_then_none_until_half_are_gone)
{
	struct link link = {.pid = 1, .ready = true};
	struct slot slot = {.link = &link, .pool = &pool};
	struct task task = {0};
	open_pool(1000);
	pool.pace_ns = 400 * NS_PER_US;
	ck_assert_uint_eq(pool_room_ahead(&pool), 9);
	sched_add(&pool.sched, &slot.sched);
	pool_slot_event(&slot, SLOT_ON_ATTACH);
	slot.current = &task;
	pool_slot_event(&slot, SLOT_ON_ASSIGN);
	ck_assert_uint_eq(tasks_ahead(&slot, SLOT_ON_ASSIGN, 1, SLOT_FULL), 9);
	ck_assert_uint_eq(tasks_ahead(&slot, SLOT_ON_DONE, -1, SLOT_LOADED), 4);
	ck_assert_uint_eq(tasks_ahead(&slot, SLOT_ON_ASSIGN, 1, SLOT_FULL), 9);
	pool.pace_ns = 10 * NS_PER_MS; /* one, and it is asked for when that has begun */
	ck_assert_uint_eq(tasks_ahead(&slot, SLOT_ON_DONE, -1, SLOT_BUSY), 0);
	ck_assert_uint_eq(tasks_ahead(&slot, SLOT_ON_ASSIGN, 1, SLOT_FULL), 1);
}
END_TEST

Suite *dispatch_suite(void)
{
	Suite *s = suite_create("dispatch");
	TCase *t = tcase_create("dispatch");
	tcase_add_test(t, one_until_tasks_are_known_to_be_short);
	tcase_add_test(t, one_after_a_long_task);
	tcase_add_test(t, never_more_than_one_where_no_more_may_be);
	tcase_add_loop_test(t, rest_while_all_have_enough, 0, sizeof rests / sizeof rests[0]);
	tcase_add_test(t, as_many_as_there_is_room_for_then_none_until_half_are_gone);
	suite_add_tcase(s, t);
	return s;
}
