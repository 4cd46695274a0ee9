/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
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

START_TEST(counts_bytes)
{
	struct queue q = {0};
	struct task *t = task_new(1);
	t->command.len = 5;
	t->name = strdup("abc");
	t->directory = strdup("/tmp");
	queue_add(&q, t);
	ck_assert_uint_eq(q.bytes, 5 + 3 + 4);
	queue_return(&q, take(&q, 1));
	ck_assert_uint_eq(q.bytes, 5 + 3 + 4);
	task_drop(take(&q, 1));
	ck_assert_uint_eq(q.bytes, 0);
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
	queue_return(&q, two);
	queue_return(&q, one);
	ck_assert_uint_eq(q.count, 3);
	ck_assert_uint_eq(q.returned, 2);
	task_drop(take(&q, 1));
	ck_assert_uint_eq(q.returned, 1);
	task_drop(take(&q, 2));
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

static struct queue queue_of(const char *places)
{
	struct queue q = {0};
	for (; *places; places++) {
		struct task *t = task_new((uint64_t)(*places - '0'));
		t->command.len = t->place;
		queue_add(&q, t);
	}
	return q;
}

static void assert_holds(struct queue *q, const char *places)
{
	size_t bytes = 0;
	for (const char *p = places; *p; p++)
		bytes += (size_t)(*p - '0');
	ck_assert_uint_eq(q->bytes, bytes);
	ck_assert_uint_eq(q->count, strlen(places));
	for (; *places; places++)
		task_drop(take(q, (uint64_t)(*places - '0')));
	ck_assert_ptr_null(queue_take(q));
	ck_assert_uint_eq(q->bytes, 0);
}

/* What comes back from several workers, each in its order, stands in the order of all. */
static const struct merge {
	const char *waiting, *first, *second, *all;
} merges[] = {
	{"", "", "", ""},
	{"89", "24", "", "2489"},
	{"89", "", "24", "2489"},
	{"89", "246", "135", "12345689"},
	{"89", "135", "246", "12345689"},
	{"", "12", "34", "1234"},
	{"", "34", "12", "1234"},
	{"12", "5", "34", "34512"},
	{"9", "4", "5316", "134569"},
};

START_TEST(returned_together)
{
	const struct merge *m = &merges[_i];
	struct queue q = queue_of(m->waiting), first = queue_of(m->first), second = queue_of(m->second);
	queue_return_all(&q, &first);
	queue_return_all(&q, &second);
	ck_assert_uint_eq(first.count + second.count, 0);
	ck_assert_uint_eq(q.returned, strlen(m->first) + strlen(m->second));
	queue_add(&q, task_new(9));
	q.last->command.len = 9;
	q.bytes += 9;
	char all[16] = "";
	snprintf(all, sizeof all, "%s9", m->all);
	assert_holds(&q, all);
}
END_TEST

START_TEST(cut_in_two)
{
	for (int at = 1; at <= 4; at++) {
		struct queue q = queue_of("1234"), rest;
		ck_assert(queue_find(&q, (uint64_t)at));
		ck_assert(queue_cut(&q, (uint64_t)at, &rest));
		ck_assert(!queue_find(&q, (uint64_t)at));
		char kept[8];
		snprintf(kept, sizeof kept, "%.*s", at - 1, "1234");
		ck_assert_uint_eq(rest.returned, 0);
		assert_holds(&rest, &"1234"[at - 1]);
		assert_holds(&q, kept);
	}
	struct queue q = queue_of("12"), rest;
	ck_assert(!queue_cut(&q, 3, &rest));
	assert_holds(&rest, "");
	assert_holds(&q, "12");
}
END_TEST

START_TEST(taken_from_anywhere)
{
	static const char *const left[] = {"1234", "234", "134", "124", "123"};
	for (uint64_t seq = 0; seq <= 4; seq++) {
		struct queue back = queue_of("12"), q = queue_of("34");
		queue_return_all(&q, &back);
		struct task *t = queue_remove(&q, seq);
		ck_assert_uint_eq(t ? t->seq : 0, seq);
		if (t)
			task_drop(t);
		ck_assert_uint_eq(q.returned, seq == 1 || seq == 2 ? 1 : 2);
		struct queue more = queue_of("9");
		queue_add(&q, queue_take(&more));
		char all[8];
		snprintf(all, sizeof all, "%s9", left[seq]);
		assert_holds(&q, all);
	}
	ck_assert_ptr_null(queue_remove(&(struct queue){0}, 1));
}
END_TEST

START_TEST(taken_one_after_the_other)
{
	struct queue q = queue_of("3456"), back = queue_of("12"), more = queue_of("78");
	task_drop(queue_remove(&q, 4));
	queue_return_all(&q, &back);
	while (more.count > 0)
		queue_add(&q, queue_take(&more));
	task_drop(queue_take(&q)); /* 1 */
	ck_assert_ptr_null(queue_remove(&q, 1));
	ck_assert_ptr_null(queue_remove(&q, 4));
	task_drop(queue_remove(&q, 7));
	task_drop(queue_remove(&q, 2));
	ck_assert_uint_eq(q.returned, 0);
	task_drop(queue_remove(&q, 8));
	assert_holds(&q, "356");
	ck_assert_ptr_null(q.by_seq);
}
END_TEST

Suite *queue_suite(void)
{
	Suite *s = suite_create("queue");
	TCase *t = tcase_create("queue");
	tcase_add_test(t, new_ones_stand_in_line);
	tcase_add_test(t, counts_bytes);
	tcase_add_test(t, returned_ones_go_first);
	tcase_add_test(t, returned_to_none);
	tcase_add_loop_test(t, returned_together, 0, ARRAY_LEN(merges));
	tcase_add_test(t, cut_in_two);
	tcase_add_test(t, taken_from_anywhere);
	tcase_add_test(t, taken_one_after_the_other);
	suite_add_tcase(s, t);
	return s;
}
