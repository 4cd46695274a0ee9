/* SPDX-License-Identifier: MIT
 *
 * pool_kill, wherever the task is just then.
 */
#include <config.h>

#include <check.h>
#include <limits.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "pool_help.h"

Suite *kill_suite(void);

#define HOUR_NS (3600 * NS_PER_SEC)

static void open_pool(unsigned jobs, unsigned ahead_max)
{
	help_open(&(struct pool_config){.jobs = jobs, .ahead_max = ahead_max, .queue_size = HELP_TASKS, .retries = 3,
					.kill_after_ns = HOUR_NS}, START_AT_ONCE);
}

static void assert_outcome(uint64_t place, enum outcome_kind kind, int code)
{
	ck_assert_uint_eq(heard[place].finished, 1);
	ck_assert_uint_eq(heard[place].dropped, 0);
	ck_assert_int_eq(heard[place].outcome.kind, kind);
	ck_assert_int_eq(heard[place].outcome.code, code);
	ck_assert(!heard[place].outcome.stopped);
}

static void assert_unstarted(uint64_t place, const char *reason)
{
	assert_outcome(place, OUTCOME_NOT_STARTED, 0);
	ck_assert_str_eq(heard[place].outcome.reason, reason);
}

static void assert_never_started(uint64_t place)
{
	assert_unstarted(place, "killed before it started");
}

START_TEST(that_waits)
{
	open_pool(1, 0);
	submit("hold");
	for (uint64_t place = 2; place <= 4; place++)
		ck_assert_uint_eq(submit("quick"), place);
	AWAIT(heard[1].started);
	ck_assert(pool_kill(&pool, 4));
	ck_assert(pool_kill(&pool, 2));
	for (uint64_t place = 2; place <= 4; place += 2) {
		assert_never_started(place);
		ck_assert_uint_eq(heard[place].given, 0);
	}
	allow();
	AWAIT(pool_idle(&pool));
	assert_outcome(1, OUTCOME_EXITED, 0);
	assert_outcome(3, OUTCOME_EXITED, 0);
	ck_assert_uint_eq(ran(2) + ran(4), 0);
	help_close();
}
END_TEST

START_TEST(that_is_not_there)
{
	open_pool(1, 0);
	ck_assert(!pool_kill(&pool, 1));
	submit("quick");
	AWAIT(pool_idle(&pool));
	ck_assert(!pool_kill(&pool, 1));
	ck_assert(!pool_kill(&pool, 2));
	ck_assert(!pool_kill(&pool, 0));
	help_close();
}
END_TEST

START_TEST(that_waits_for_its_next_attempt)
{
	help_open(&(struct pool_config){.jobs = 2, .queue_size = HELP_TASKS, .retries = 3,
					.retry = {.delay_ns = HOUR_NS, .factor = 1}}, START_AT_ONCE);
	submit("fail");
	submit("fail");
	AWAIT(heard[1].failed && heard[2].failed);
	ck_assert(pool_kill(&pool, 1));
	assert_unstarted(1, "killed before it was tried again");
	ck_assert_uint_eq(pool.retry.count, 1);
	ck_assert(pool_kill(&pool, 2));
	assert_unstarted(2, "killed before it was tried again");
	ck_assert(pool_idle(&pool));
	help_close();
}
END_TEST

/* All of them might be tried again. */
START_TEST(that_runs)
{
	static const struct {
		const char *word;
		enum outcome_kind kind;
		int code;
	} ends[] = {{"hold", OUTCOME_SIGNALLED, SIGTERM}, {"catch", OUTCOME_EXITED, 0}, {"die", OUTCOME_LOST, 0}};
	open_pool(1, 0);
	for (size_t i = 0; i < 3; i++) {
		uint64_t place = submit(ends[i].word);
		AWAIT(heard[place].started);
		ck_assert(pool_kill(&pool, place));
		AWAIT(pool_idle(&pool));
		assert_outcome(place, ends[i].kind, ends[i].code);
		ck_assert_uint_eq(heard[place].failed, 0);
		ck_assert_uint_eq(ran(place), 1);
	}
	help_close();
}
END_TEST

START_TEST(that_runs_on)
{
	open_pool(1, 0);
	submit("deaf");
	AWAIT(heard[1].started);
	ck_assert(pool_kill(&pool, 1));
	ck_assert(pool_kill(&pool, 1));
	AWAIT(pool_idle(&pool));
	assert_outcome(1, OUTCOME_SIGNALLED, SIGKILL);
	help_close();
}
END_TEST

START_TEST(that_had_its_time_to_end)
{
	for (int ms = 0; ms <= 5; ms += 5) {
		help_open(&(struct pool_config){.jobs = 1, .queue_size = HELP_TASKS, .kill_after_ns = (uint64_t)ms * NS_PER_MS},
			  START_AT_ONCE);
		submit(ms > 0 ? "deaf" : "catch");
		AWAIT(heard[1].started);
		ck_assert(pool_kill(&pool, 1));
		AWAIT(pool_idle(&pool));
		assert_outcome(1, OUTCOME_SIGNALLED, SIGKILL);
		help_close();
	}
}
END_TEST

/* A limit that is found meanwhile gives it no more time. */
START_TEST(that_has_no_limit_yet)
{
	help_open(&(struct pool_config){.jobs = 2, .queue_size = HELP_TASKS, .timeout_percent = UINT_MAX,
					.kill_after_ns = 100 * NS_PER_MS}, START_AT_ONCE);
	submit("deaf");
	AWAIT(heard[1].started);
	ck_assert(pool_kill(&pool, 1));
	for (int i = 0; i < 3; i++)
		submit("quick");
	AWAIT(pool_idle(&pool));
	assert_outcome(1, OUTCOME_SIGNALLED, SIGKILL);
	help_close();
}
END_TEST

START_TEST(that_was_sent_ahead)
{
	open_pool(1, 1);
	submit("hold");
	AWAIT(heard[1].started);
	submit("hold");
	AWAIT(heard[2].given);
	ck_assert(pool_kill(&pool, 2));
	ck_assert_uint_eq(heard[2].finished, 0);
	allow();
	AWAIT(pool_idle(&pool));
	assert_outcome(1, OUTCOME_EXITED, 0);
	assert_outcome(2, OUTCOME_SIGNALLED, SIGTERM);
	ck_assert_uint_eq(ran(2), 1);
	help_close();
}
END_TEST

/* A call for what stands behind it is under way then. */
START_TEST(that_is_not_called_for)
{
	open_pool(2, 100);
	pool.pace_ns = 1;
	submit("hold");
	submit("hold");
	AWAIT(heard[1].started && heard[2].started);
	for (uint64_t place = 3; place <= 10; place++)
		submit("hold");
	AWAIT(pool.queue.count == 0);
	ck_assert(pool_kill(&pool, 5) && pool_kill(&pool, 6)); /* to two workers by turns; these two have calls under way */
	ck_assert(pool_kill(&pool, 3) && pool_kill(&pool, 4));
	AWAIT(heard[3].finished && heard[4].finished && heard[5].finished && heard[6].finished);
	for (uint64_t place = 3; place <= 6; place++) {
		assert_never_started(place);
		ck_assert_uint_eq(ran(place), 0);
	}
	for (int i = 0; i < 6; i++)
		allow();
	AWAIT(pool_idle(&pool));
	help_close();
}
END_TEST

START_TEST(that_comes_back)
{
	open_pool(1, 1);
	submit("hold");
	AWAIT(heard[1].started);
	submit("quick");
	AWAIT(heard[2].given);
	ck_assert(pool_kill(&pool, 2));
	pool_stop(&pool, POOL_STOP_SOON);
	AWAIT(heard[2].finished);
	assert_never_started(2);
	ck_assert_uint_eq(heard[2].returned, 1);
	ck_assert_uint_eq(ran(2), 0);
	allow();
	AWAIT(pool_idle(&pool));
	help_close();
}
END_TEST

START_TEST(whose_worker_is_not_ready)
{
	help_open(&(struct pool_config){.jobs = 1, .queue_size = HELP_TASKS, .kill_after_ns = HOUR_NS}, START_WHEN_ALLOWED);
	submit("hold");
	AWAIT(heard[1].given);
	ck_assert(pool_kill(&pool, 1));
	ck_assert(pool_kill(&pool, 1));
	ck_assert_uint_eq(heard[1].finished, 0);
	allow();
	AWAIT(pool_idle(&pool));
	assert_outcome(1, OUTCOME_SIGNALLED, SIGTERM);
	help_close();
}
END_TEST

START_TEST(whose_worker_never_gets_ready)
{
	help_open(&(struct pool_config){.jobs = 1, .queue_size = HELP_TASKS}, START_AND_DIE);
	submit("hold");
	AWAIT(heard[1].given);
	ck_assert(pool_kill(&pool, 1));
	allow();
	AWAIT(pool_idle(&pool));
	assert_never_started(1);
	help_close();
}
END_TEST

Suite *kill_suite(void)
{
	Suite *s = suite_create("kill");
	TCase *t = tcase_create("kill");
	tcase_set_timeout(t, 5);
	tcase_add_test(t, that_waits);
	tcase_add_test(t, that_is_not_there);
	tcase_add_test(t, that_waits_for_its_next_attempt);
	tcase_add_test(t, that_runs);
	tcase_add_test(t, that_runs_on);
	tcase_add_test(t, that_had_its_time_to_end);
	tcase_add_test(t, that_has_no_limit_yet);
	tcase_add_test(t, that_was_sent_ahead);
	tcase_add_test(t, that_is_not_called_for);
	tcase_add_test(t, that_comes_back);
	tcase_add_test(t, whose_worker_is_not_ready);
	tcase_add_test(t, whose_worker_never_gets_ready);
	suite_add_tcase(s, t);
	return s;
}
