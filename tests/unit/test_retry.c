/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <stdint.h>

#include "base/clock.h"
#include "pool/retry.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))
#define DAY_NS (86400 * NS_PER_SEC)
#define ALMOST_1 0.9999999999

Suite *retry_suite(void);

static const struct wait {
	uint64_t delay_ns;
	double factor;
	unsigned attempt;
	uint64_t least_ns, most_ns; /* at random numbers 0 and almost 1 */
} waits[] = {
	{0, 1, 1, 0, 0},
	{0, 2, 1000000, 0, 0},
	{1, 1, 1, 1, 1},
	{NS_PER_SEC, 1, 1, NS_PER_SEC / 2, NS_PER_SEC},
	{NS_PER_SEC, 1, 1000000, NS_PER_SEC / 2, NS_PER_SEC},
	{NS_PER_SEC, 2, 1, NS_PER_SEC / 2, NS_PER_SEC},
	{NS_PER_SEC, 2, 2, NS_PER_SEC, 2 * NS_PER_SEC},
	{NS_PER_SEC, 2, 5, 8 * NS_PER_SEC, 16 * NS_PER_SEC},
	{NS_PER_SEC, 1.5, 3, 1125 * NS_PER_MS, 2250 * NS_PER_MS},
	{NS_PER_SEC, 10, 6, DAY_NS / 2, DAY_NS},
	{NS_PER_SEC, 2, 1000000, DAY_NS / 2, DAY_NS},
	{NS_PER_SEC, 1e300, 3, DAY_NS / 2, DAY_NS},
	/* longer than a day from the start: it stays so */
	{3 * DAY_NS, 1, 1, 3 * DAY_NS / 2, 3 * DAY_NS},
	{3 * DAY_NS, 2, 9, 3 * DAY_NS / 2, 3 * DAY_NS},
	{INT64_MAX, 2, 9, INT64_MAX / 2, INT64_MAX},
};

static void assert_near(uint64_t got, uint64_t expected)
{
	uint64_t off = got > expected ? got - expected : expected - got;
	ck_assert_msg(off <= 1 + expected / 1000000000, "%ju instead of %ju", (uintmax_t)got, (uintmax_t)expected);
}

START_TEST(how_long)
{
	const struct wait *w = &waits[_i];
	struct retry_policy policy = {w->delay_ns, w->factor};
	uint64_t middle = w->least_ns + (w->most_ns - w->least_ns) / 2;
	assert_near(retry_wait_ns(&policy, w->attempt, 0), w->least_ns);
	assert_near(retry_wait_ns(&policy, w->attempt, .5), middle);
	assert_near(retry_wait_ns(&policy, w->attempt, ALMOST_1), w->most_ns);
	ck_assert_uint_le(retry_wait_ns(&policy, w->attempt, ALMOST_1), w->most_ns);
}
END_TEST

static struct task *come[8];
static size_t n_come;

static void note(void *arg, struct task *t)
{
	ck_assert_ptr_eq(arg, come);
	come[n_come++] = t;
}

static struct loop loop;
static struct retry held;

static void hold(uint64_t delay_ns, uint64_t place)
{
	struct task *t = task_new(place);
	t->attempt = 1;
	held.policy.delay_ns = delay_ns;
	retry_hold(&held, t);
}

static void setup(void)
{
	n_come = 0;
	ck_assert_int_eq(loop_open(&loop), 0);
	retry_open(&held, &(struct retry){.policy.factor = 1, .loop = &loop, .again = note, .arg = come});
}

static void teardown(void)
{
	for (size_t i = 0; i < n_come; i++)
		task_drop(come[i]);
	loop_close(&loop);
}

/* Waits that cannot overlap, for all their jitter. */
START_TEST(they_come_in_the_order_of_their_times)
{
	uint64_t before = loop_now(&loop);
	hold(40 * NS_PER_MS, 3);
	hold(2 * NS_PER_MS, 1);
	hold(10 * NS_PER_MS, 2);
	ck_assert_uint_eq(held.count, 3);
	while (held.count > 0)
		ck_assert_int_eq(loop_turn(&loop, true), 0);
	ck_assert_uint_eq(n_come, 3);
	for (size_t i = 0; i < 3; i++)
		ck_assert_uint_eq(come[i]->place, i + 1);
	ck_assert_uint_ge(loop_now(&loop) - before, 20 * NS_PER_MS);
}
END_TEST

START_TEST(they_can_be_taken_early)
{
	uint64_t places = 0;
	hold(DAY_NS, 1);
	hold(DAY_NS, 2);
	hold(DAY_NS, 4);
	for (struct task *t; (t = retry_take(&held)); task_drop(t))
		places += t->place;
	ck_assert_uint_eq(places, 7);
	ck_assert_uint_eq(held.count, 0);
	ck_assert_uint_eq(loop.timers.count, 0);
}
END_TEST

START_TEST(one_of_them_can_be_taken)
{
	for (uint64_t place = 1; place <= 3; place++)
		hold(DAY_NS, place);
	ck_assert_ptr_null(retry_remove(&held, 4));
	for (uint64_t n = 0; n < 3; n++) {
		struct task *t = retry_remove(&held, (n + 1) % 3 + 1); /* 2, 3, 1: from the middle, either end */
		ck_assert_ptr_nonnull(t);
		ck_assert_uint_eq(t->seq, (n + 1) % 3 + 1);
		ck_assert_uint_eq(held.count, 2 - n);
		task_drop(t);
	}
	ck_assert_uint_eq(loop.timers.count, 0);
}
END_TEST

Suite *retry_suite(void)
{
	Suite *s = suite_create("retry");
	TCase *t = tcase_create("retry");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, how_long, 0, ARRAY_LEN(waits));
	tcase_add_test(t, they_come_in_the_order_of_their_times);
	tcase_add_test(t, they_can_be_taken_early);
	tcase_add_test(t, one_of_them_can_be_taken);
	suite_add_tcase(s, t);
	return s;
}
