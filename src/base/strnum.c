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

/* Nanoseconds in 0.DIGITS units, rounded down, but at least 1 unless all digits are 0. From the last digit to the
 * first, the sum stays below a unit and nothing is lost but what is below a nanosecond. */
static uint64_t fraction_ns(const char *digits, size_t n, uint64_t unit)
{
	uint64_t ns = 0;
	for (size_t i = n; i-- > 0;)
		ns = (ns + (uint64_t)(digits[i] - '0') * unit) / 10;
	if (!ns && strspn(digits, "0") < n)
		return 1;
	return ns;
}

int strnum_duration(const char *s, uint64_t *out_ns)
{
	size_t n_whole = strspn(s, DIGITS);
	const char *fraction = s + n_whole;
	size_t n_fraction = 0;
	if (*fraction == '.')
		n_fraction = strspn(++fraction, DIGITS);
	uint64_t unit = unit_ns(fraction + n_fraction);
	if (n_whole + n_fraction == 0 || !unit)
		return fail(EINVAL);
	uint64_t whole, ns;
	if (digits_u64(s, n_whole, &whole) < 0)
		return -1;
	if (__builtin_mul_overflow(whole, unit, &ns) || ns > INT64_MAX - unit)
		return fail(ERANGE);
	*out_ns = ns + fraction_ns(fraction, n_fraction, unit);
	return 0;
}
