/* SPDX-License-Identifier: MIT
 *
 * items: what sources are cut into, and many of them kept in one run of memory, 8 bytes each beside their own.
 *
 * Life cycle: a zeroed struct items is an empty list; items_clear releases it. It knows nothing of where items come
 * from.
 */
#ifndef FEED_ITEMS_H
#define FEED_ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "feed/template.h"

struct item {
	struct value value; /* borrowed from whoever gave the item */
	uint64_t line;      /* which record of its file it is, from 1, empty ones counted; 0 if it has none */
	bool cut;           /* it was too long, this is only its beginning */
};

/* Where a kept item ends in `bytes`, and whether it is cut. */
struct items_end {
	uint64_t offset : 63;
	uint64_t cut : 1;
};

struct items {
	struct buf bytes;       /* owned */
	struct items_end *ends; /* owned */
	size_t n;
	size_t cap;
};

void items_clear(struct items *list);

/* Forget the items, keep the memory. */
void items_reset(struct items *list);

/* Append a copy; its line is not kept. */
void items_add(struct items *list, const struct item *item);

/* Item `i`, borrowed until the list changes. */
struct item items_get(const struct items *list, size_t i);

#endif
