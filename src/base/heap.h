/* SPDX-License-Identifier: MIT
 *
 * heap: things with a number, of which the least comes first; any of them can be taken out. A binary heap: each step is
 * O(log n).
 *
 * A thing holds a struct heap_item, zeroed while it is in no heap; it belongs to its owner and stays where it is. Those with
 * the same number come in any order. Life cycle: a zeroed struct is an empty heap; heap_clear releases it.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct heap_item {
	uint64_t key;
	size_t place; /* from 1; 0: it is in no heap */
};

struct heap {
	struct heap_item **items; /* owned; items[0] unused, least first; what they point to is borrowed */
	size_t count, cap;
};

/* The `type` whose `member` this item is. */
#define HEAP_OF(item, type, member) ((type *)(void *)((char *)(item) - offsetof(type, member)))

/* Forget what is in it, without a look at it, and release the memory. */
void heap_clear(struct heap *h);

/* Put an item in that is in no heap. */
void heap_add(struct heap *h, struct heap_item *item, uint64_t key);

/* Take it out; nothing if it is in no heap. */
void heap_remove(struct heap *h, struct heap_item *item);

/* The one with the least key; NULL: there is none. */
struct heap_item *heap_first(const struct heap *h);

#endif
