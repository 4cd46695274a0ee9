/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <stdint.h>

#include "pool/queue.h"

Suite *queue_suite(void);

/* Takes the first one, which must be that of `place`. */
static struct task *take(struct queue *q, uint64_t place)
{
	struct task *t = queue_take(q);
	ck_assert_ptr_nonnull(t);
	ck_assert_uint_eq(t->place, place);
	return t;
}

START_TEST(new_ones_stand_in_line)
{
	struct queue q = {0};
	ck_assert_ptr_null(queue_take(&q));
	for (int round = 0; round < 2; round++) {
		for (uint64_t place = 1; place <= 3; place++)
			queue_add(&q, task_new(place));
		ck_assert_uint_eq(q.count, 3);
		for (uint64_t place = 1; place <= 3; place++)
			task_drop(take(&q, place));
		ck_assert_uint_eq(q.count, 0);
		ck_assert_ptr_null(queue_take(&q));
	}
}
END_TEST

START_TEST(returned_ones_go_first)
{
	struct queue q = {0};
	queue_add(&q, task_new(1));
	queue_add(&q, task_new(2));
	queue_add(&q, task_new(3));
	struct task *one = take(&q, 1), *two = take(&q, 2);
	ck_assert_uint_eq(q.returned, 0);
	queue_return(&q, one);
	queue_return(&q, two);
	ck_assert_uint_eq(q.count, 3);
	ck_assert_uint_eq(q.returned, 2);
	task_drop(take(&q, 2));
	ck_assert_uint_eq(q.returned, 1);
	task_drop(take(&q, 1));
	ck_assert_uint_eq(q.returned, 0);
	task_drop(take(&q, 3));
	ck_assert_uint_eq(q.returned, 0);
}
END_TEST

/* What comes back to an empty queue is its last one, too. */
START_TEST(returned_to_none)
{
	struct queue q = {0};
	queue_return(&q, task_new(1));
	queue_add(&q, task_new(2));
	task_drop(take(&q, 1));
	task_drop(take(&q, 2));
	ck_assert_ptr_null(queue_take(&q));
}
END_TEST

Suite *queue_suite(void)
{
	Suite *s = suite_create("queue");
	TCase *t = tcase_create("queue");
	tcase_add_test(t, new_ones_stand_in_line);
	tcase_add_test(t, returned_ones_go_first);
	tcase_add_test(t, returned_to_none);
	suite_add_tcase(s, t);
	return s;
}
