/* SPDX-License-Identifier: MIT
 *
 * order: the window of tasks that have come after one which is not over, by sequence number.
 * A ring that grows; it holds pointers and knows nothing of what they point to.
 */
#ifndef OBSERVE_ORDER_H
#define OBSERVE_ORDER_H

#include <stddef.h>
#include <stdint.h>

struct order {
	void **ring;     /* owned; NULL: nothing is known of that one */
	size_t cap;      /* a power of two, or 0 */
	uint64_t front;  /* the first that is not over; from 1 */
	size_t held;     /* entries that are not NULL */
};

void order_init(struct order *o);
void order_clear(struct order *o);

/* Remember `entry` (not NULL) for `seq`, at or behind the front. */
void order_set(struct order *o, uint64_t seq, void *entry);

/* What is known of the front one; NULL: nothing yet. */
void *order_front(const struct order *o);

/* The front one is over: the next is in front now. */
void order_advance(struct order *o);

#endif
