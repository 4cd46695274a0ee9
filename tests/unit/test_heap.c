/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/heap.h"

Suite *heap_suite(void);

struct thing {
	int other;
	struct heap_item item;
};

static struct heap h;
static struct thing things[2000];

static void tear_down(void)
{
	heap_clear(&h);
	ck_assert_uint_eq(h.count, 0);
}

/* Takes all that are left, which come in order. */
static void take_all(size_t expected)
{
	uint64_t before = 0;
	for (; expected > 0; expected--) {
		struct heap_item *first = heap_first(&h);
		ck_assert_ptr_nonnull(first);
		ck_assert_uint_ge(first->key, before);
		before = first->key;
		heap_remove(&h, first);
		ck_assert_uint_eq(first->place, 0);
	}
	ck_assert_ptr_null(heap_first(&h));
}

/* Quick, since there is much to look at. */
static void assert_sound(void)
{
	size_t k = 1;
	while (k <= h.count && h.items[k]->place == k && (k == 1 || h.items[k / 2]->key <= h.items[k]->key))
		k++;
	ck_assert_uint_eq(k, h.count + 1);
}

START_TEST(least_first)
{
	static const uint64_t keys[] = {5, 0, UINT64_MAX, 3, 3, 1, 4};
	ck_assert_ptr_null(heap_first(&h));
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < ARRAY_LEN(keys); i++)
			heap_add(&h, &things[i].item, keys[i]);
		ck_assert_ptr_eq(HEAP_OF(heap_first(&h), struct thing, item), &things[1]);
		take_all(ARRAY_LEN(keys));
	}
}
END_TEST

/* From any place, which may have to go up or down there; and the memory follows. */
START_TEST(any_can_be_taken_out)
{
	size_t left = ARRAY_LEN(things);
	unsigned short seed[3] = {1, 2, 3};
	for (size_t i = 0; i < ARRAY_LEN(things); i++)
		heap_add(&h, &things[i].item, (uint64_t)nrand48(seed) % 5000);
	size_t cap = h.cap;
	for (size_t i = 0; i < ARRAY_LEN(things); i++)
		if (i % 10 > 0) {
			heap_remove(&h, &things[i].item);
			heap_remove(&h, &things[i].item);
			ck_assert_uint_eq(h.count, --left);
			assert_sound();
		}
	ck_assert_uint_lt(h.cap, cap / 2);
	take_all(left);
}
END_TEST

Suite *heap_suite(void)
{
	Suite *suite = suite_create("heap");
	TCase *tc = tcase_create("heap");
	tcase_add_checked_fixture(tc, NULL, tear_down);
	tcase_add_test(tc, least_first);
	tcase_add_test(tc, any_can_be_taken_out);
	suite_add_tcase(suite, tc);
	return suite;
}
