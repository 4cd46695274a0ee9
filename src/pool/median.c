/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "pool/median.h"

/* Below MEDIAN_STEPS each value has a bucket of its own; above, the four bits behind the highest tell which of a doubling's
 * buckets it is. */
static unsigned bucket_of(uint64_t value)
{
	if (value < MEDIAN_STEPS)
		return (unsigned)value;
	unsigned shift = 59 - (unsigned)__builtin_clzll(value);
	return shift * MEDIAN_STEPS + (unsigned)(value >> shift);
}

/* The highest value that falls into the bucket. */
static uint64_t top_of(unsigned bucket)
{
	if (bucket < MEDIAN_STEPS)
		return bucket;
	unsigned shift = bucket / MEDIAN_STEPS - 1;
	uint64_t step = bucket % MEDIAN_STEPS + MEDIAN_STEPS;
	return (step << shift) + ((UINT64_C(1) << shift) - 1);
}

/* One value more moves the median to a neighbour at most, so it is followed and not searched for. */
void median_add(struct median *m, uint64_t value)
{
	unsigned bucket = bucket_of(value);
	m->count[bucket]++;
	m->n++;
	m->below += bucket < m->at;
	while (m->n / 2 < m->below)
		m->below -= m->count[--m->at];
	while (m->n / 2 >= m->below + m->count[m->at])
		m->below += m->count[m->at++];
}

uint64_t median_value(const struct median *m)
{
	return m->n > 0 ? top_of(m->at) : 0;
}
