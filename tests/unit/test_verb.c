/* SPDX-License-Identifier: MIT
 *
 * What the pool can be told to do while it runs; pool_kill has tests of its own.
 */
#include <config.h>

#include <check.h>
#include <poll.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "pool/slots.h"
#include "pool_help.h"

Suite *verb_suite(void);

static void open_pool(unsigned jobs, unsigned ahead_max)
{
	help_open(&(struct pool_config){.jobs = jobs, .ahead_max = ahead_max, .queue_size = HELP_TASKS,
					.kill_after_ns = NS_PER_SEC}, START_AT_ONCE);
}

static void submit_all(const char *word, unsigned n)
{
	while (n-- > 0)
		submit(word);
}

/* Each of the first `n` tasks has run once and well. */
static void assert_done(uint64_t n)
{
	for (uint64_t place = 1; place <= n; place++) {
		ck_assert_uint_eq(ran(place), 1);
		ck_assert_uint_eq(heard[place].finished, 1);
		ck_assert(outcome_ok(&heard[place].outcome));
	}
}

START_TEST(pause_starts_nothing)
{
	open_pool(2, 0);
	submit("hold");
	AWAIT(heard[1].started);
	pool_pause(&pool, true);
	pool_pause(&pool, true);
	submit("quick");
	pool_turn(&pool);
	ck_assert(pool_wants(&pool));
	allow();
	AWAIT(heard[1].finished);
	pool_turn(&pool); /* now there is an idle worker, too */
	ck_assert_uint_eq(heard[2].given, 0);
	ck_assert(!pool_idle(&pool));
	pool_pause(&pool, false);
	AWAIT(pool_idle(&pool));
	assert_done(2);
	help_close();
}
END_TEST

static bool put_on_record(void *arg)
{
	return *(const bool *)arg;
}

START_TEST(what_is_not_on_record_does_not_run)
{
	bool works = true;
	help_open(&(struct pool_config){.jobs = 2, .queue_size = HELP_TASKS, .kill_after_ns = NS_PER_SEC,
					.before_write = put_on_record, .before_write_arg = &works}, START_AT_ONCE);
	submit("hold");
	AWAIT(heard[1].started);
	works = false;
	submit("quick");
	pool_turn(&pool);
	ck_assert_uint_eq(heard[2].given, 1);
	works = true;
	pool_stop(&pool, POOL_STOP_NOW);
	AWAIT(pool_idle(&pool));
	ck_assert_uint_eq(ran(1), 1);
	ck_assert_uint_eq(ran(2), 0);
	help_close();
}
END_TEST

START_TEST(output_that_is_held)
{
	open_pool(2, 0);
	submit("hold");
	AWAIT(heard[1].started);
	ck_assert(pool_hold(&pool, 1, true));
	ck_assert(!pool_hold(&pool, 2, true));
	allow();
	for (uint64_t place = 2; place < 12; place++) {
		submit("quick");
		AWAIT(heard[place].finished);
	}
	ck_assert_uint_eq(heard[1].finished, 0);
	ck_assert(pool_hold(&pool, 1, false));
	AWAIT(heard[1].finished);
	submit("quick"); /* that it was held is forgotten with it */
	submit("quick");
	AWAIT(pool_idle(&pool));
	assert_done(13);
	help_close();
}
END_TEST

/* What stands behind it can be had by others, and nothing more is put there. */
START_TEST(held_alone)
{
	open_pool(2, 1);
	submit("hold");
	submit("catch");
	AWAIT(heard[1].started && heard[2].started);
	submit_all("quick", 2);
	AWAIT(heard[3].given && heard[4].given);
	ck_assert(pool_hold(&pool, 1, true));
	submit_all("quick", 2);
	pool_kill(&pool, 2);
	AWAIT(heard[3].finished && heard[4].finished && heard[5].finished && heard[6].finished);
	ck_assert(pool_hold(&pool, 1, false));
	submit("hold");
	allow();
	allow();
	AWAIT(pool_idle(&pool));
	assert_done(7);
	ck_assert_uint_eq(pool_count_workers(&pool), 2);
	help_close();
}
END_TEST

/* The end of the task is read together with what lets it be held. */
START_TEST(held_when_it_has_ended)
{
	open_pool(1, 1);
	submit("hold");
	AWAIT(heard[1].started);
	submit("quick");
	AWAIT(heard[2].given);
	ck_assert(pool_hold(&pool, 1, true));
	pool_turn(&pool);
	int rfd = pool.slots[0]->link->channel.rfd, answer;
	while ((answer = fdio_waiting(rfd)) == 0)
		poll(NULL, 0, 1);
	allow();
	while (fdio_waiting(rfd) == answer)
		poll(NULL, 0, 1);
	AWAIT(pool_idle(&pool));
	assert_done(2);
	ck_assert_uint_eq(heard[2].returned, 1);
	help_close();
}
END_TEST

/* A task whose output is held, and which is told to end then. */
static void hold_one(const struct pool_config *config)
{
	help_open(config, START_AT_ONCE);
	submit("hold");
	AWAIT(heard[1].started);
	ck_assert(pool_hold(&pool, 1, true));
}

START_TEST(held_and_killed)
{
	hold_one(&(struct pool_config){.jobs = 1, .queue_size = HELP_TASKS, .kill_after_ns = NS_PER_SEC});
	pool_kill(&pool, 1);
	ck_assert(pool_hold(&pool, 1, true));
	AWAIT(heard[1].finished);
	help_close();
}
END_TEST

START_TEST(held_and_stopped)
{
	hold_one(&(struct pool_config){.jobs = 1, .queue_size = HELP_TASKS, .kill_after_ns = NS_PER_SEC});
	pool_stop(&pool, POOL_STOP_NOW);
	AWAIT(pool_idle(&pool));
	help_close();
}
END_TEST

START_TEST(held_and_out_of_time)
{
	hold_one(&(struct pool_config){.jobs = 1, .queue_size = HELP_TASKS, .timeout_ns = NS_PER_MS});
	AWAIT(heard[1].finished);
	ck_assert_int_eq(heard[1].outcome.kind, OUTCOME_TIMED_OUT);
	help_close();
}
END_TEST

START_TEST(pause_calls_back)
{
	open_pool(1, 1);
	submit("hold");
	AWAIT(heard[1].started);
	submit("quick");
	AWAIT(heard[2].given);
	pool_pause(&pool, true);
	AWAIT(heard[2].returned);
	allow();
	AWAIT(heard[1].finished);
	pool_turn(&pool);
	ck_assert_uint_eq(ran(2), 0);
	ck_assert_uint_eq(heard[2].given, 1);
	pool_pause(&pool, false);
	AWAIT(pool_idle(&pool));
	assert_done(2);
	ck_assert_uint_eq(heard[2].given, 2);
	help_close();
}
END_TEST

/* A call for half of it is under way then. */
START_TEST(pause_calls_the_rest_back)
{
	open_pool(2, 100);
	pool.pace_ns = 1;
	submit_all("hold", 2);
	AWAIT(heard[1].started && heard[2].started);
	submit_all("quick", 8);
	AWAIT(pool.queue.count == 0);
	allow(); /* who is allowed runs four of the eight, and the other half is called for */
	AWAIT(pool.sched.in[SLOT_RECALLING].count == 1);
	pool_pause(&pool, true);
	AWAIT(pool.sched.in[SLOT_IDLE].count == 1 && pool.sched.in[SLOT_BUSY].count == 1);
	ck_assert_uint_eq(pool.queue.count, 4);
	pool_pause(&pool, false);
	allow();
	AWAIT(pool_idle(&pool));
	assert_done(10);
	help_close();
}
END_TEST

START_TEST(stop_in_a_pause)
{
	open_pool(1, 1);
	submit_all("hold", 1);
	AWAIT(heard[1].started);
	pool_pause(&pool, true);
	submit("quick");
	pool_stop(&pool, POOL_STOP_NOW);
	AWAIT(pool_idle(&pool));
	ck_assert(heard[1].outcome.stopped);
	ck_assert_uint_eq(heard[2].dropped, 1);
	help_close();
}
END_TEST

START_TEST(more_jobs)
{
	open_pool(1, 0);
	submit_all("hold", 4);
	AWAIT(heard[1].started);
	pool_turn(&pool);
	ck_assert_uint_eq(heard[2].given, 0);
	pool_set_jobs(&pool, 3);
	AWAIT(heard[2].started && heard[3].started);
	pool_resize(&pool, 1);
	AWAIT(heard[4].started);
	for (int i = 0; i < 4; i++)
		allow();
	AWAIT(pool_idle(&pool));
	assert_done(4);
	help_close();
}
END_TEST

START_TEST(fewer_jobs)
{
	open_pool(3, 0);
	submit_all("hold", 3);
	AWAIT(heard[1].started && heard[2].started && heard[3].started);
	pool_set_jobs(&pool, 0); /* is 1 */
	submit("quick");
	for (size_t left = 2; left > 0; left--) {
		allow();
		AWAIT(pool.sched.workers == left);
		ck_assert_uint_eq(heard[4].given, 0);
	}
	pool_resize(&pool, -1);
	ck_assert_uint_eq(pool.config.jobs, 1);
	allow();
	AWAIT(pool_idle(&pool));
	assert_done(4);
	ck_assert_uint_eq(pool.sched.workers, 1);
	help_close();
}
END_TEST

START_TEST(idle_workers_that_are_too_many_go)
{
	open_pool(3, 0);
	submit_all("hold", 3);
	AWAIT(heard[1].started && heard[2].started && heard[3].started);
	for (int i = 0; i < 3; i++)
		allow();
	AWAIT(pool_idle(&pool));
	ck_assert_uint_eq(pool.sched.workers, 3);
	pool_set_jobs(&pool, 2);
	pool_turn(&pool);
	ck_assert_uint_eq(pool.sched.workers, 2);
	help_close();
}
END_TEST

/* They do not run what they have ahead. */
START_TEST(fewer_jobs_with_tasks_ahead)
{
	open_pool(2, 1);
	submit_all("hold", 4);
	AWAIT(heard[1].started && heard[2].started && heard[3].given && heard[4].given);
	pool_set_jobs(&pool, 1);
	AWAIT(heard[3].returned && heard[4].returned);
	submit("quick");
	allow();
	AWAIT(pool.sched.workers == 1);
	ck_assert_uint_eq(ran(3) + ran(4), 0);
	for (int i = 0; i < 3; i++)
		allow();
	AWAIT(pool_idle(&pool));
	assert_done(5);
	help_close();
}
END_TEST

static void open_with_retries(unsigned retries, uint64_t delay_ns)
{
	help_open(&(struct pool_config){.jobs = 1, .queue_size = HELP_TASKS, .retries = retries,
					.retry = {.delay_ns = delay_ns, .factor = 1}}, START_AT_ONCE);
}

static void assert_lost(uint64_t place)
{
	ck_assert_uint_eq(heard[place].accepted, 1);
	ck_assert_int_eq(heard[place].outcome.kind, OUTCOME_LOST);
	ck_assert_str_eq(heard[place].outcome.reason, "forkpool was killed while it ran");
}

START_TEST(lost_for_good)
{
	open_with_retries(2, 0);
	submit_lost("quick", 3);
	assert_lost(1);
	ck_assert_uint_eq(heard[1].finished, 1);
	ck_assert_uint_eq(heard[1].failed, 0);
	ck_assert(pool_idle(&pool));
	help_close();
}
END_TEST

START_TEST(lost_and_tried_again)
{
	open_with_retries(2, 0);
	submit_lost("quick", 2);
	assert_lost(1);
	ck_assert_uint_eq(heard[1].failed, 1);
	submit_lost("fail", 2); /* has one attempt left */
	AWAIT(pool_idle(&pool));
	assert_done(1);
	ck_assert_uint_eq(ran(2), 1);
	ck_assert_int_eq(heard[2].outcome.kind, OUTCOME_EXITED);
	ck_assert_uint_eq(heard[2].finished, 1);
	help_close();
}
END_TEST

START_TEST(lost_and_waiting)
{
	open_with_retries(1, 3600 * NS_PER_SEC);
	submit_lost("quick", 1);
	assert_lost(1);
	pool_turn(&pool);
	ck_assert_uint_eq(heard[1].given, 0);
	ck_assert_uint_eq(pool.retry.count, 1);
	pool_stop(&pool, POOL_STOP_SOON);
	ck_assert_uint_eq(heard[1].dropped, 1);
	submit_lost("quick", 1);
	ck_assert_uint_eq(heard[2].accepted, 1);
	ck_assert_uint_eq(heard[2].dropped, 1);
	ck_assert(pool_idle(&pool));
	help_close();
}
END_TEST

static void assert_counts(size_t workers, size_t begun)
{
	ck_assert_uint_eq(pool_count_workers(&pool), workers);
	ck_assert_uint_eq(pool_count_begun(&pool), begun);
}

START_TEST(counts)
{
	help_open(&(struct pool_config){.jobs = 1, .ahead_max = 1, .queue_size = HELP_TASKS, .retries = 1,
					.retry = {.delay_ns = 3600 * NS_PER_SEC, .factor = 1}}, START_WHEN_ALLOWED);
	assert_counts(0, 0);
	submit_lost("quick", 1);
	submit_all("hold", 3);
	assert_counts(0, 0);
	AWAIT(heard[3].given); /* ahead to a worker that is not ready */
	assert_counts(1, 0);
	allow();
	AWAIT(heard[2].started);
	assert_counts(1, 1);
	for (int i = 0; i < 3; i++)
		allow();
	AWAIT(heard[4].finished && pool_count_begun(&pool) == 0);
	assert_counts(1, 0);
	help_close();
}
END_TEST

Suite *verb_suite(void)
{
	Suite *s = suite_create("verb");
	TCase *t = tcase_create("verb");
	tcase_set_timeout(t, 5);
	tcase_add_test(t, pause_starts_nothing);
	tcase_add_test(t, what_is_not_on_record_does_not_run);
	tcase_add_test(t, output_that_is_held);
	tcase_add_test(t, held_alone);
	tcase_add_test(t, held_when_it_has_ended);
	tcase_add_test(t, held_and_killed);
	tcase_add_test(t, held_and_stopped);
	tcase_add_test(t, held_and_out_of_time);
	tcase_add_test(t, pause_calls_back);
	tcase_add_test(t, pause_calls_the_rest_back);
	tcase_add_test(t, stop_in_a_pause);
	tcase_add_test(t, more_jobs);
	tcase_add_test(t, fewer_jobs);
	tcase_add_test(t, idle_workers_that_are_too_many_go);
	tcase_add_test(t, fewer_jobs_with_tasks_ahead);
	tcase_add_test(t, lost_for_good);
	tcase_add_test(t, lost_and_tried_again);
	tcase_add_test(t, lost_and_waiting);
	tcase_add_test(t, counts);
	suite_add_tcase(s, t);
	return s;
}
