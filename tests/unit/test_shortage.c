/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "pool/shortage.h"

Suite *shortage_suite(void);

enum { WANTED = 20 };

static struct shortage shortage;

static void set_up(void)
{
	shortage = (struct shortage){0};
}

/* Pauses, in units of the first. */
static unsigned pause_units(void)
{
	ck_assert_uint_eq(shortage.pause_ns % SHORTAGE_PAUSE_NS, 0);
	return (unsigned)(shortage.pause_ns / SHORTAGE_PAUSE_NS);
}

static void meet(size_t busy)
{
	shortage_met(&shortage, EAGAIN, busy);
}

static bool retry(size_t workers)
{
	return shortage_retry(&shortage, workers, WANTED);
}

START_TEST(what_is_busy_stays)
{
	meet(7);
	ck_assert_uint_eq(shortage.cap, 7);
	ck_assert(!shortage.resting);
	ck_assert_int_eq(shortage.error, EAGAIN);
	meet(3);
	ck_assert_uint_eq(shortage.cap, 3);
	ck_assert(!shortage.resting);
}
END_TEST

START_TEST(rest_where_nothing_runs)
{
	meet(1);
	meet(0);
	ck_assert(shortage.resting);
	ck_assert_uint_eq(shortage.cap, 1);
	shortage_eased(&shortage);
	ck_assert(!shortage.resting);
	ck_assert_uint_eq(shortage.cap, 1);
}
END_TEST

START_TEST(one_is_enough_after_a_rest)
{
	meet(0);
	ck_assert(retry(1));
	ck_assert(!shortage.resting);
	ck_assert_uint_eq(shortage.cap, 1);
	ck_assert(retry(1)); /* it runs */
	ck_assert_uint_eq(shortage.cap, 2);
}
END_TEST

START_TEST(more_by_half_until_all)
{
	static const size_t caps[] = {2, 4, 7, 11, 17, 26};
	meet(1);
	for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) {
		ck_assert(retry(shortage.cap));
		ck_assert_uint_eq(shortage.cap, caps[i]);
		ck_assert_uint_eq(pause_units(), 1);
	}
	ck_assert(!retry(WANTED));
	ck_assert_uint_eq(shortage.cap, 0);
}
END_TEST

START_TEST(pauses_double_while_tries_fail)
{
	static const unsigned pauses[] = {1, 2, 4, 8, 8};
	for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
		meet(4);
		meet(3); /* one burst */
		ck_assert_uint_eq(pause_units(), pauses[i]);
		ck_assert(retry(3));
	}
	ck_assert(retry(5)); /* this time nothing has failed */
	ck_assert_uint_eq(pause_units(), 4);
	ck_assert(retry(8));
	ck_assert(retry(13));
	ck_assert(!retry(WANTED));
	meet(3);
	ck_assert_uint_eq(pause_units(), 1);
}
END_TEST

START_TEST(idle_time_adds_up_until_something_runs)
{
	uint64_t idle_ns = 0;
	for (int i = 0; i < 6; i++) {
		meet(0);
		idle_ns += shortage.pause_ns;
		ck_assert(retry(1));
		ck_assert_uint_eq(shortage.idle_ns, idle_ns);
	}
	ck_assert(retry(1));
	ck_assert_uint_eq(shortage.idle_ns, 0);
}
END_TEST

START_TEST(remedy)
{
	ck_assert_ptr_nonnull(strstr(shortage_remedy(EAGAIN), "ulimit -u"));
	ck_assert_ptr_nonnull(strstr(shortage_remedy(EMFILE), "ulimit -n"));
	ck_assert_ptr_nonnull(strstr(shortage_remedy(ENFILE), "fs.file-max"));
	ck_assert_ptr_nonnull(strstr(shortage_remedy(ENOMEM), "memory"));
}
END_TEST

Suite *shortage_suite(void)
{
	Suite *s = suite_create("shortage");
	TCase *t = tcase_create("shortage");
	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_test(t, what_is_busy_stays);
	tcase_add_test(t, rest_where_nothing_runs);
	tcase_add_test(t, one_is_enough_after_a_rest);
	tcase_add_test(t, more_by_half_until_all);
	tcase_add_test(t, pauses_double_while_tries_fail);
	tcase_add_test(t, idle_time_adds_up_until_something_runs);
	tcase_add_test(t, remedy);
	suite_add_tcase(s, t);
	return s;
}
