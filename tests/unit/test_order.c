/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>

#include "observe/order.h"

Suite *order_suite(void);

static char entries[10000]; /* what is pointed to: entry i is that of sequence number i */
static struct order order;

static void set_up(void)
{
	order_init(&order);
}

static void tear_down(void)
{
	order_clear(&order);
}

static void advance(int n)
{
	while (n-- > 0)
		order_advance(&order);
}

START_TEST(empty)
{
	ck_assert_uint_eq(order.front, 1);
	ck_assert_ptr_null(order_front(&order));
	order_advance(&order);
	ck_assert_uint_eq(order.front, 2);
	ck_assert_ptr_null(order_front(&order));
	ck_assert_uint_eq(order.held, 0);
}
END_TEST

START_TEST(in_order_it_stays_small)
{
	for (uint64_t seq = 1; seq < sizeof entries; seq++) {
		order_set(&order, seq, &entries[seq]);
		ck_assert_ptr_eq(order_front(&order), &entries[seq]);
		order_advance(&order);
		ck_assert_ptr_null(order_front(&order));
	}
	ck_assert_uint_le(order.cap, 64);
	ck_assert_uint_eq(order.held, 0);
}
END_TEST

START_TEST(same_entry_again)
{
	order_set(&order, 1, &entries[0]);
	order_set(&order, 1, &entries[1]);
	ck_assert_uint_eq(order.held, 1);
	ck_assert_ptr_eq(order_front(&order), &entries[1]);
}
END_TEST

/* The window grows while it lies across the end of the ring, from any front, by a little or by a lot. */
static const int fronts[] = {0, 1, 10, 62, 63, 64, 65};

START_TEST(grows_with_its_contents_in_place)
{
	static const uint64_t widths[] = {64, 65, 128, 129, 1000, 5000};
	for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
		order_clear(&order);
		order_set(&order, 1, &entries[1]);
		advance(fronts[_i]);
		uint64_t front = order.front, last = front + widths[w] - 1;
		for (uint64_t seq = front; seq < front + 60; seq += 2)
			order_set(&order, seq, &entries[seq]);
		order_set(&order, last, &entries[last]);
		ck_assert_uint_eq(order.held, last < front + 60 && (last - front) % 2 == 0 ? 30 : 31);
		for (uint64_t seq = front; seq <= last; seq++) {
			bool set = seq == last || (seq < front + 60 && (seq - front) % 2 == 0);
			ck_assert_ptr_eq(order_front(&order), set ? &entries[seq] : NULL);
			order_advance(&order);
		}
		ck_assert_uint_eq(order.held, 0);
	}
}
END_TEST

/* Against an array that is as long as the whole run. */
START_TEST(random_window)
{
	static void *model[sizeof entries];
	uint64_t front = 1;
	size_t held = 0;
	srandom(1);
	while (front < sizeof entries - 700) {
		for (int n = (int)(random() % 8); n > 0; n--) {
			uint64_t seq = front + (uint64_t)random() % (random() % 16 ? 70 : 700);
			held += model[seq] == NULL;
			model[seq] = &entries[seq];
			order_set(&order, seq, &entries[seq]);
		}
		ck_assert_uint_eq(order.held, held);
		for (int n = (int)(random() % 8); n > 0; n--) {
			ck_assert_ptr_eq(order_front(&order), model[front]);
			held -= model[front] != NULL;
			model[front++] = NULL;
			order_advance(&order);
		}
		ck_assert_uint_eq(order.front, front);
	}
}
END_TEST

Suite *order_suite(void)
{
	Suite *s = suite_create("order");
	TCase *t = tcase_create("order");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, empty);
	tcase_add_test(t, in_order_it_stays_small);
	tcase_add_test(t, same_entry_again);
	tcase_add_loop_test(t, grows_with_its_contents_in_place, 0, sizeof fronts / sizeof *fronts);
	tcase_add_test(t, random_window);
	suite_add_tcase(s, t);
	return s;
}
