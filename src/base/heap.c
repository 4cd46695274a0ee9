/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/heap.h"

#include <stdlib.h>

#include "base/xalloc.h"

enum { CAP_MIN = 16 };

void heap_clear(struct heap *h)
{
	free(h->items);
	*h = (struct heap){0};
}

static void resize(struct heap *h, size_t cap)
{
	h->items = xrealloc(h->items, cap, sizeof *h->items);
	h->cap = cap;
}

static void put(struct heap *h, size_t place, struct heap_item *item)
{
	h->items[place] = item;
	item->place = place;
}

static void sift_up(struct heap *h, size_t i, struct heap_item *item)
{
	for (; i > 1 && h->items[i / 2]->key > item->key; i /= 2)
		put(h, i, h->items[i / 2]);
	put(h, i, item);
}

static void sift_down(struct heap *h, size_t i, struct heap_item *item)
{
	for (size_t child; (child = 2 * i) <= h->count; i = child) {
		if (child < h->count && h->items[child + 1]->key < h->items[child]->key)
			child++;
		if (h->items[child]->key >= item->key)
			break;
		put(h, i, h->items[child]);
	}
	put(h, i, item);
}

void heap_add(struct heap *h, struct heap_item *item, uint64_t key)
{
	if (h->count + 2 > h->cap)
		resize(h, h->cap ? 2 * h->cap : CAP_MIN);
	item->key = key;
	sift_up(h, ++h->count, item);
}

void heap_remove(struct heap *h, struct heap_item *item)
{
	if (item->place == 0)
		return;
	size_t hole = item->place;
	struct heap_item *last = h->items[h->count--];
	item->place = 0;
	if (last != item && hole > 1 && h->items[hole / 2]->key > last->key)
		sift_up(h, hole, last);
	else if (last != item)
		sift_down(h, hole, last);
	/* What was once large need not stay so; half of the half stays free, so that this is rare. */
	if (h->cap > CAP_MIN && h->count < h->cap / 4)
		resize(h, h->cap / 2);
}

struct heap_item *heap_first(const struct heap *h)
{
	return h->count > 0 ? h->items[1] : NULL;
}
