/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "observe/order.h"

#include <stdlib.h>

#include "base/xalloc.h"

void order_init(struct order *o)
{
	*o = (struct order){.front = 1};
}

void order_clear(struct order *o)
{
	free(o->ring);
	order_init(o);
}

static void grow(struct order *o, uint64_t seq)
{
	size_t cap = o->cap ? o->cap : 64;
	while (seq - o->front >= cap)
		cap *= 2;
	void **ring = xcalloc(cap, sizeof *ring);
	for (size_t i = 0; i < o->cap; i++)
		ring[(o->front + i) & (cap - 1)] = o->ring[(o->front + i) & (o->cap - 1)];
	free(o->ring);
	o->ring = ring;
	o->cap = cap;
}

void order_set(struct order *o, uint64_t seq, void *entry)
{
	if (seq - o->front >= o->cap)
		grow(o, seq);
	void **place = &o->ring[seq & (o->cap - 1)];
	o->held += *place == NULL;
	*place = entry;
}

void *order_front(const struct order *o)
{
	return o->cap ? o->ring[o->front & (o->cap - 1)] : NULL;
}

void order_advance(struct order *o)
{
	if (o->cap) {
		void **place = &o->ring[o->front & (o->cap - 1)];
		o->held -= *place != NULL;
		*place = NULL;
	}
	o->front++;
}
