/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pool/median.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

Suite *median_suite(void);

static struct median m;

static void setup(void)
{
	memset(&m, 0, sizeof m);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

START_TEST(empty)
{
	ck_assert_uint_eq(median_value(&m), 0);
}
END_TEST

/* Every value alone: told exactly below 16, then with the promised error, at both ends of every bucket too. */
START_TEST(one_value)
{
	for (int bit = 0; bit < 64; bit++) {
		for (int step = -17; step <= 17; step++) {
			uint64_t value = (UINT64_C(1) << bit) + (uint64_t)(int64_t)step;
			setup();
			median_add(&m, value);
			uint64_t got = median_value(&m);
			ck_assert_msg(got >= value && got - value <= value / 16, "%ju: %ju", (uintmax_t)value, (uintmax_t)got);
			ck_assert(value > 16 || got == value);
		}
	}
	setup();
	median_add(&m, UINT64_MAX);
	ck_assert_uint_eq(median_value(&m), UINT64_MAX);
}
END_TEST

static const struct {
	uint64_t values[5];
	size_t n;
	uint64_t median;
} few[] = {
	{{3}, 1, 3},
	{{3, 9}, 2, 9},
	{{9, 3}, 2, 9},
	{{9, 3, 1}, 3, 3},
	{{0, 0, 0, 9}, 4, 0},
	{{1, 2, 3, 4, 5}, 5, 3},
	{{5, 4, 3, 2, 1}, 5, 3},
	{{15, 15, 0, 0, 7}, 5, 7},
};

START_TEST(a_few_small_values)
{
	for (size_t i = 0; i < few[_i].n; i++)
		median_add(&m, few[_i].values[i]);
	ck_assert_uint_eq(median_value(&m), few[_i].median);
}
END_TEST

enum { MANY = 600 };

/* After each value, in whatever order they come: what sorting tells, or up to a sixteenth more. */
START_TEST(many_values)
{
	uint64_t values[MANY], sorted[MANY], state = 12345;
	for (size_t i = 0; i < MANY; i++) {
		state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		values[i] = _i == 0 ? state >> (state % 64) : _i == 1 ? i * i * 1000 : (MANY - i) * UINT64_C(1000000);
		median_add(&m, values[i]);
		memcpy(sorted, values, sizeof values);
		qsort(sorted, i + 1, sizeof *sorted, compare);
		uint64_t exact = sorted[(i + 1) / 2], got = median_value(&m);
		ck_assert_msg(got >= exact && got - exact <= exact / 16, "%zu values: %ju instead of %ju", i + 1,
			(uintmax_t)got, (uintmax_t)exact);
	}
}
END_TEST

Suite *median_suite(void)
{
	Suite *s = suite_create("median");
	TCase *t = tcase_create("median");
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, empty);
	tcase_add_test(t, one_value);
	tcase_add_loop_test(t, a_few_small_values, 0, ARRAY_LEN(few));
	tcase_add_loop_test(t, many_values, 0, 3);
	suite_add_tcase(s, t);
	return s;
}
