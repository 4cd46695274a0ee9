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

static size_t length(const struct assignment *a)
{
	return a->len + a->directory_len;
}

static bool is_sound(const struct msg *m)
{
	struct bytes directory = m->u.task.directory;
	return m->u.task.n_words > 0 && bytes_count_strings(m->u.task.words) == m->u.task.n_words &&
	       (directory.n == 0 || (*directory.p == '/' && !memchr(directory.p, '\0', directory.n)));
}

bool backlog_add(struct backlog *b, const struct msg *m)
{
	struct bytes directory = m->u.task.directory;
	struct assignment a = {
		.seq = m->u.task.seq, .attempt = m->u.task.attempt, .slot = m->u.task.slot, .n_words = m->u.task.n_words,
		.flags = m->u.task.flags, .len = m->u.task.words.n, .directory_len = directory.n > 0 ? directory.n + 1 : 0};
	if (!is_sound(m))
		return false;
	buf_add(&b->assignments, &a, SIZE);
	buf_add(&b->strings, m->u.task.words.p, a.len);
	if (directory.n > 0) {
		buf_add(&b->strings, directory.p, directory.n);
		buf_addc(&b->strings, '\0');
	}
	b->count++;
	return true;
}

struct assignment backlog_take(struct backlog *b, struct buf *strings)
{
	struct assignment a = at(b, 0);
	buf_reset(strings);
	buf_add(strings, buf_head(&b->strings), length(&a));
	buf_drop(&b->strings, length(&a));
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
	for (size_t i = from; i < b->count; i++) {
		struct assignment a = at(b, i);
		len += length(&a);
	}
	buf_cut(&b->strings, buf_len(&b->strings) - len);
	buf_cut(&b->assignments, from * SIZE);
	b->count = from;
	return first;
}

void backlog_clear(struct backlog *b)
{
	buf_clear(&b->assignments);
	buf_clear(&b->strings);
	b->count = 0;
}
