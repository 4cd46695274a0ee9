/* SPDX-License-Identifier: MIT
 *
 * median: the running median of any number of values in fixed memory. Pure.
 *
 * Values are counted in buckets, 16 to each doubling, so the median is known to a sixteenth: what is told is never below
 * the true one, and above it by at most 1/16 of it. Of an even number of values the upper one of the two in the middle
 * counts. Zeroed it is empty.
 */
#ifndef POOL_MEDIAN_H
#define POOL_MEDIAN_H

#include <stdint.h>

enum { MEDIAN_STEPS = 16, MEDIAN_BUCKETS = MEDIAN_STEPS * (64 - 3) };

struct median {
	uint64_t count[MEDIAN_BUCKETS];
	uint64_t n;     /* values in all */
	uint64_t below; /* those in the buckets before `at` */
	unsigned at;    /* the bucket of the median */
};

void median_add(struct median *m, uint64_t value);

/* 0 without any values. */
uint64_t median_value(const struct median *m);

#endif
