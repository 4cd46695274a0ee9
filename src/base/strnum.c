/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/strnum.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define DIGITS "0123456789"

static int fail(int error)
{
	errno = error;
	return -1;
}

/* The `n` digits at `s`; -1 and ERANGE when they do not fit. */
static int digits_u64(const char *s, size_t n, uint64_t *out)
{
	uint64_t value = 0;
	for (size_t i = 0; i < n; i++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, (uint64_t)(s[i] - '0'), &value))
			return fail(ERANGE);
	}
	*out = value;
	return 0;
}

int strnum_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	size_t n = strspn(s, DIGITS);
	if (!n || s[n])
		return fail(EINVAL);
	uint64_t value;
	if (digits_u64(s, n, &value) < 0)
		return -1;
	if (value < min)
		return fail(EINVAL);
	if (value > max)
		return fail(ERANGE);
	*out = value;
	return 0;
}

/* Locales are not used here, so the point is a point. */
int strnum_decimal(const char *s, double *out)
{
	size_t n_whole = strspn(s, DIGITS);
	bool has_point = s[n_whole] == '.';
	size_t n_fraction = has_point ? strspn(s + n_whole + 1, DIGITS) : 0;
	if (n_whole + n_fraction == 0 || s[n_whole + has_point + n_fraction])
		return fail(EINVAL);
	double value = strtod(s, NULL);
	if (!isfinite(value))
		return fail(ERANGE);
	*out = value;
	return 0;
}

/* Nanoseconds of the unit that ends a duration, 0 if there is no such unit. */
static uint64_t unit_ns(const char *unit)
{
	if (!*unit)
		return NS_PER_SEC;
	if (unit[1])
		return 0;
	switch (*unit) {
	case 's':
		return NS_PER_SEC;
	case 'm':
		return 60 * NS_PER_SEC;
	case 'h':
		return 3600 * NS_PER_SEC;
	case 'd':
		return 86400 * NS_PER_SEC;
	}
	return 0;
}

/* How much 0.DIGITS of `unit` is, rounded down. From the last digit to the first, the sum stays below a unit and nothing is
 * lost but what is below 1. */
static uint64_t fraction_of(const char *digits, size_t n, uint64_t unit)
{
	uint64_t sum = 0;
	for (size_t i = n; i-- > 0;)
		sum = (sum + (uint64_t)(digits[i] - '0') * unit) / 10;
	return sum;
}

/* A decimal number and a unit, which `unit_of` knows: their product, at most INT64_MAX, rounded down. */
static int read_scaled(const char *s, uint64_t (*unit_of)(const char *unit), uint64_t *out)
{
	size_t n_whole = strspn(s, DIGITS);
	const char *fraction = s + n_whole;
	size_t n_fraction = 0;
	if (*fraction == '.')
		n_fraction = strspn(++fraction, DIGITS);
	uint64_t unit = unit_of(fraction + n_fraction);
	if (n_whole + n_fraction == 0 || !unit)
		return fail(EINVAL);
	uint64_t whole, product;
	if (digits_u64(s, n_whole, &whole) < 0)
		return -1;
	if (__builtin_mul_overflow(whole, unit, &product) || product > INT64_MAX - unit)
		return fail(ERANGE);
	*out = product + fraction_of(fraction, n_fraction, unit);
	return 0;
}

int strnum_duration(const char *s, uint64_t *out_ns)
{
	uint64_t ns;
	if (read_scaled(s, unit_ns, &ns) < 0)
		return -1;
	bool is_zero = strspn(s, ".0") >= strspn(s, DIGITS ".");
	*out_ns = ns || is_zero ? ns : 1;
	return 0;
}

static uint64_t unit_bytes(const char *unit)
{
	static const char large[] = "KMGTP", small[] = "kmgtp";
	if (!*unit)
		return 1;
	if (unit[1])
		return 0;
	bool is_large = strchr(large, *unit);
	const char *at = strchr(is_large ? large : small, *unit);
	if (!at)
		return 0;
	uint64_t bytes = 1;
	for (const char *first = is_large ? large : small; first <= at; first++)
		bytes *= is_large ? 1024 : 1000;
	return bytes;
}

int strnum_size(const char *s, uint64_t *out_bytes)
{
	return read_scaled(s, unit_bytes, out_bytes);
}
