/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "feed/items.h"

#include <stdlib.h>

#include "base/xalloc.h"

#define CAP_MIN ((size_t)16)

void items_clear(struct items *list)
{
	buf_clear(&list->bytes);
	free(list->ends);
	*list = (struct items){0};
}

void items_reset(struct items *list)
{
	buf_reset(&list->bytes);
	list->n = 0;
}

void items_add(struct items *list, const struct item *item)
{
	if (list->n == list->cap) {
		list->cap = list->cap ? list->cap * 2 : CAP_MIN;
		list->ends = xrealloc(list->ends, list->cap, sizeof *list->ends);
	}
	buf_add(&list->bytes, item->value.bytes, item->value.len);
	list->ends[list->n++] = (struct items_end){.offset = buf_len(&list->bytes), .cut = item->cut};
}

struct item items_get(const struct items *list, size_t i)
{
	size_t start = i ? list->ends[i - 1].offset : 0;
	return (struct item){
		.value = {.bytes = buf_head(&list->bytes) + start, .len = list->ends[i].offset - start},
		.cut = list->ends[i].cut,
	};
}
