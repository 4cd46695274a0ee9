/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "task/known.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/xalloc.h"

/* FNV-1a */
static uint64_t hash_text(const struct known *k, const char *text, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ k->seed;
	for (size_t i = 0; i < len; i++) {
		h ^= text[i] == '\n' ? 0 : (unsigned char)text[i];
		h *= UINT64_C(0x100000001b3);
	}
	return h;
}

void known_clear(struct known *k)
{
	free(k->tasks);
	*k = (struct known){0};
}

void known_add(struct known *k, const char *text, size_t len, struct known_task task)
{
	if (k->n == k->cap) {
		k->cap = k->cap ? 2 * k->cap : 1024;
		k->tasks = xrealloc(k->tasks, k->cap, sizeof *k->tasks);
	}
	if (k->n == 0 && getrandom(&k->seed, sizeof k->seed, GRND_NONBLOCK) < 0)
		k->seed = 0; /* early in the boot of a machine */
	task.hash = hash_text(k, text, len);
	task.used = 0;
	k->tasks[k->n++] = task;
}

static int by_text_and_number(const void *a, const void *b)
{
	const struct known_task *x = a, *y = b;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

void known_sort(struct known *k)
{
	if (k->n > 0)
		qsort(k->tasks, k->n, sizeof *k->tasks, by_text_and_number);
}

/* The first with this hash that is not used: those that are stand before it. */
static size_t first_unused(const struct known *k, uint64_t hash)
{
	size_t low = 0, high = k->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct known_task *task = &k->tasks[middle];
		if (task->hash < hash || (task->hash == hash && task->used))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Use number `i`. Another text with the same hash may wait before it. */
static const struct known_task *use(struct known *k, size_t first, size_t i)
{
	struct known_task used = k->tasks[i];
	used.used = 1;
	memmove(&k->tasks[first + 1], &k->tasks[first], (i - first) * sizeof used);
	k->tasks[first] = used;
	return &k->tasks[first];
}

const struct known_task *known_take(struct known *k, const char *text, size_t len, known_compare *is_text_of, void *arg)
{
	if (k->n == 0)
		return NULL;
	uint64_t hash = hash_text(k, text, len);
	size_t first = first_unused(k, hash);
	for (size_t i = first; i < k->n && k->tasks[i].hash == hash; i++)
		if (is_text_of(arg, &k->tasks[i], text, len))
			return use(k, first, i);
	return NULL;
}
