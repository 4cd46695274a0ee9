/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "base/strnum.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))
#define UNTOUCHED 4711

Suite *strnum_suite(void);

struct number_case {
	const char *text;
	uint64_t value;
	int error; /* 0: it is a number */
};

static void assert_number(const struct number_case *c, int result, uint64_t value)
{
	if (c->error) {
		ck_assert_msg(result == -1 && errno == c->error, "'%s': %d, errno %d", c->text, result, errno);
		ck_assert_msg(value == UNTOUCHED, "'%s': *out touched", c->text);
		return;
	}
	ck_assert_msg(result == 0, "'%s': refused", c->text);
	ck_assert_msg(value == c->value, "'%s': %ju", c->text, (uintmax_t)value);
}

static const struct number_case integers[] = {
	{"0", 0, 0},
	{"7", 7, 0},
	{"007", 7, 0},
	{"18446744073709551615", UINT64_MAX, 0},
	{"18446744073709551616", 0, ERANGE},
	{"99999999999999999999", 0, ERANGE},
	{"99999999999999999999x", 0, EINVAL},
	{"", 0, EINVAL},
	{" 2", 0, EINVAL},
	{"2 ", 0, EINVAL},
	{"+2", 0, EINVAL},
	{"-2", 0, EINVAL},
	{"1.5", 0, EINVAL},
	{"4x", 0, EINVAL},
	{"0x10", 0, EINVAL},
	{"abc", 0, EINVAL},
};

START_TEST(integer)
{
	uint64_t value = UNTOUCHED;
	int result = strnum_u64(integers[_i].text, 0, UINT64_MAX, &value);
	assert_number(&integers[_i], result, value);
}
END_TEST

START_TEST(integer_limits)
{
	uint64_t value = UNTOUCHED;
	ck_assert_int_eq(strnum_u64("1", 2, 5, &value), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(strnum_u64("6", 2, 5, &value), -1);
	ck_assert_int_eq(errno, ERANGE);
	ck_assert_uint_eq(value, UNTOUCHED);
	ck_assert_int_eq(strnum_u64("2", 2, 5, &value), 0);
	ck_assert_uint_eq(value, 2);
	ck_assert_int_eq(strnum_u64("5", 2, 5, &value), 0);
	ck_assert_uint_eq(value, 5);
}
END_TEST

static const struct number_case durations[] = {
	{"0", 0, 0},
	{"0.000", 0, 0},
	{"1", NS_PER_SEC, 0},
	{"1.5", 1500 * NS_PER_MS, 0},
	{".5", 500 * NS_PER_MS, 0},
	{"5.", 5 * NS_PER_SEC, 0},
	{"30s", 30 * NS_PER_SEC, 0},
	{"5m", 300 * NS_PER_SEC, 0},
	{"2h", 7200 * NS_PER_SEC, 0},
	{"1.25d", 108000 * NS_PER_SEC, 0},
	{"0.000000001", 1, 0},
	{"0.0000000000000000000000000000001", 1, 0},
	{"0.0000000000000000000000000000000", 0, 0},
	{"0.999999999999999999999999999999d", 86400 * NS_PER_SEC - 1, 0},
	{"0.33333333333333333333333m", UINT64_C(19999999999), 0},
	{"9223372035", UINT64_C(9223372035) * NS_PER_SEC, 0},
	{"9223372037", 0, ERANGE},
	{"106752d", 0, ERANGE},
	{"99999999999999999999999", 0, ERANGE},
	{"18446744073709551615d", 0, ERANGE},
	{"", 0, EINVAL},
	{".", 0, EINVAL},
	{"s", 0, EINVAL},
	{".s", 0, EINVAL},
	{"1.5.2", 0, EINVAL},
	{"1,5", 0, EINVAL},
	{"1e3", 0, EINVAL},
	{"1ms", 0, EINVAL},
	{"1 s", 0, EINVAL},
	{"1S", 0, EINVAL},
	{"-1", 0, EINVAL},
	{"+1", 0, EINVAL},
	{"inf", 0, EINVAL},
	{"nan", 0, EINVAL},
	{"0x1", 0, EINVAL},
};

START_TEST(duration)
{
	uint64_t value = UNTOUCHED;
	int result = strnum_duration(durations[_i].text, &value);
	assert_number(&durations[_i], result, value);
}
END_TEST

static const struct number_case sizes[] = {
	{"0", 0, 0},
	{"1", 1, 0},
	{"1.9", 1, 0},
	{"1k", 1000, 0},
	{"1K", 1024, 0},
	{"1.5K", 1536, 0},
	{".5m", 500000, 0},
	{"2M", 2 << 20, 0},
	{"3g", UINT64_C(3000000000), 0},
	{"3G", UINT64_C(3) << 30, 0},
	{"4t", UINT64_C(4000000000000), 0},
	{"1000T", UINT64_C(1000) << 40, 0},
	{"5p", UINT64_C(5000000000000000), 0},
	{"8000P", UINT64_C(8000) << 50, 0},
	{"8192P", 0, ERANGE},
	{"99999999999999999999", 0, ERANGE},
	{"", 0, EINVAL},
	{".", 0, EINVAL},
	{"K", 0, EINVAL},
	{"1KB", 0, EINVAL},
	{"1Ki", 0, EINVAL},
	{"1x", 0, EINVAL},
	{"-1", 0, EINVAL},
	{"1 K", 0, EINVAL},
	{"1e3", 0, EINVAL},
};

START_TEST(size)
{
	uint64_t value = UNTOUCHED;
	int result = strnum_size(sizes[_i].text, &value);
	assert_number(&sizes[_i], result, value);
}
END_TEST

static const struct {
	const char *text;
	double value;
	int error;
} decimals[] = {
	{"0", 0, 0},
	{"1", 1, 0},
	{"2.5", 2.5, 0},
	{".25", .25, 0},
	{"3.", 3, 0},
	{"1000000", 1e6, 0},
	{"", 0, EINVAL},
	{".", 0, EINVAL},
	{"-1", 0, EINVAL},
	{"+1", 0, EINVAL},
	{"1e3", 0, EINVAL},
	{"0x1", 0, EINVAL},
	{"inf", 0, EINVAL},
	{"nan", 0, EINVAL},
	{" 1", 0, EINVAL},
	{"1.2.3", 0, EINVAL},
	{"1,5", 0, EINVAL},
};

START_TEST(decimal)
{
	double value = UNTOUCHED;
	int result = strnum_decimal(decimals[_i].text, &value);
	ck_assert_int_eq(result, decimals[_i].error ? -1 : 0);
	ck_assert(result == 0 || errno == decimals[_i].error);
	ck_assert_double_eq(value, result == 0 ? decimals[_i].value : UNTOUCHED);
}
END_TEST

START_TEST(decimal_too_large)
{
	char text[400];
	double value = UNTOUCHED;
	memset(text, '9', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	ck_assert_int_eq(strnum_decimal(text, &value), -1);
	ck_assert_int_eq(errno, ERANGE);
	ck_assert_double_eq(value, UNTOUCHED);
}
END_TEST

START_TEST(monotonic_clock)
{
	uint64_t before = clock_ns();
	ck_assert_uint_ge(clock_ns(), before);
	ck_assert_uint_gt(before, 0);
}
END_TEST

Suite *strnum_suite(void)
{
	Suite *s = suite_create("strnum");
	TCase *t = tcase_create("strnum");
	tcase_add_loop_test(t, integer, 0, ARRAY_LEN(integers));
	tcase_add_test(t, integer_limits);
	tcase_add_loop_test(t, duration, 0, ARRAY_LEN(durations));
	tcase_add_loop_test(t, size, 0, ARRAY_LEN(sizes));
	tcase_add_loop_test(t, decimal, 0, ARRAY_LEN(decimals));
	tcase_add_test(t, decimal_too_large);
	tcase_add_test(t, monotonic_clock);
	suite_add_tcase(s, t);
	return s;
}
