/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "worker/backlog.h"

#include <string.h>

#define SIZE sizeof(struct assignment)

static struct assignment at(const struct backlog *b, size_t i)
{
	struct assignment a;
	memcpy(&a, buf_head(&b->assignments) + i * SIZE, SIZE);
	return a;
}

void backlog_add(struct backlog *b, const struct msg *m)
{
	struct assignment a = {
		.seq = m->u.task.seq, .attempt = m->u.task.attempt, .slot = m->u.task.slot, .n_words = m->u.task.n_words,
		.flags = m->u.task.flags, .len = m->u.task.words.n};
	buf_add(&b->assignments, &a, SIZE);
	buf_add(&b->words, m->u.task.words.p, a.len);
	b->count++;
}

struct assignment backlog_take(struct backlog *b, struct buf *words)
{
	struct assignment a = at(b, 0);
	buf_reset(words);
	buf_add(words, buf_head(&b->words), a.len);
	buf_drop(&b->words, a.len);
	buf_drop(&b->assignments, SIZE);
	b->count--;
	return a;
}

/* The place of `seq`; the first one's if it is not among them. */
static size_t find(const struct backlog *b, uint64_t seq)
{
	for (size_t i = 0; i < b->count; i++)
		if (at(b, i).seq == seq)
			return i;
	return 0;
}

uint64_t backlog_cut(struct backlog *b, uint64_t seq)
{
	size_t from = find(b, seq), len = 0;
	if (b->count == 0)
		return 0;
	uint64_t first = at(b, from).seq;
	for (size_t i = from; i < b->count; i++)
		len += at(b, i).len;
	buf_cut(&b->words, buf_len(&b->words) - len);
	buf_cut(&b->assignments, from * SIZE);
	b->count = from;
	return first;
}

void backlog_clear(struct backlog *b)
{
	buf_clear(&b->assignments);
	buf_clear(&b->words);
	b->count = 0;
}
